"""``firesale demo``: the spiral, and five liquidation designs compared in it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import make_folder, progress, refusal_of, refuse_another
from experiments.commands.settings import AsJson

__all__ = ["demo"]

STEPS = 12
"""Steps of the progress bar."""


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the runs and the page are written.")
    ] = Path("out/demo"),
    seeds: Annotated[int, typer.Option(min=2, help="Runs of each design.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Let a leveraged market spiral, and compare five ways of selling in it.

    Needs no data and no network.
    """
    from experiments.runs.workers import get_ready

    get_ready("experiments.contest.trial")
    from experiments.commands.compare import tell_failures, write_study
    from experiments.contest.compare import contest_store
    from experiments.contest.demo import SCENARIO, hold_demo, story
    from experiments.report.contest_terminal import show_contest
    from experiments.scenario.read import read_scenario

    make_folder(out)
    refuse_another(out, read_scenario(SCENARIO).model_dump(mode="json"))
    try:
        with progress(as_json, seeds + STEPS) as tell:
            study = hold_demo(seeds, contest_store(out), tell)
            tell("writing the page")
            write_study(study, out)
    except (ValueError, OSError) as error:
        raise refusal_of(error, out) from None
    if as_json:
        typer.echo(json.dumps(study.summary(), indent=2, allow_nan=False))
    else:
        for line in story(study):
            typer.echo(line)
        typer.echo()
        show_contest(study)
        typer.echo()
        typer.echo(f"The page: {(out / 'contest.html').resolve()}")
    tell_failures(study)
