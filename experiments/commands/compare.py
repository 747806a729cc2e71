"""``firesale compare``: liquidation designs side by side, on the same accounts and seeds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.commands.console import RefusalError, make_folder, progress
from experiments.commands.settings import read_settings

if TYPE_CHECKING:
    from experiments.contest.study import ContestStudy

__all__ = ["compare"]

DEFAULT_SEEDS = 20


def compare(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario or its TOML file.")],
    designs: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Designs: NAME, NAME(KEY=VALUE,...), LABEL=NAME..., FILE.py:NAME; if not given, "
            "those that the scenario names, or else all nine.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Runs of each design.")] = DEFAULT_SEEDS,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    reference: Annotated[
        str | None,
        typer.Option(help="The design the others are compared with.", show_default="the first"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A value of the scenario; repeatable."),
    ] = None,
    regimes: Annotated[
        bool, typer.Option("--regimes", help="In stressed and vanishing liquidity as well.")
    ] = False,
    axes: Annotated[
        bool, typer.Option("--axes", help="Along the axes of robustness as well.")
    ] = False,
    tune: Annotated[
        int | None,
        typer.Option(
            "--tune",
            metavar="N",
            min=2,
            help="Search parameters: N candidates a design, on seeds of their own.",
        ),
    ] = None,
    wrong: Annotated[
        bool,
        typer.Option("--wrong-model", help="Tune for a wrong volatility and depth as well."),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one a core")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the runs (Parquet) and the page here; resumes."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare liquidation designs: one table, paired differences, a Pareto view."""
    from experiments.contest.designs import as_stated, of_scenario, parse_designs
    from experiments.contest.study import study_contest
    from experiments.report.contest_terminal import show_contest
    from experiments.runs.store import RunStore
    from experiments.scenario.designs import contest_designs, tunable
    from experiments.scenario.read import ScenarioError, read_scenario

    if wrong and tune is None:
        raise RefusalError("--wrong-model needs --tune")
    try:
        scenario = read_scenario(name, read_settings(settings))
        chosen = of_scenario(scenario) if designs is None else []
        if not chosen:
            chosen = parse_designs(designs or ",".join(contest_designs()))
            chosen = as_stated(chosen, scenario)
        if reference is not None and reference not in [one.label for one in chosen]:
            raise RefusalError(
                f"--reference: {reference!r} takes no part: there are "
                f"{', '.join(one.label for one in chosen)}"
            )
        make_folder(out)
        with progress(as_json, seeds) as tell:
            study = study_contest(
                scenario,
                chosen,
                range(seed, seed + seeds),
                reference=reference,
                regimes=regimes,
                axes=axes,
                candidates=tune or 0,
                tunable=tunable,
                wrong=wrong,
                store=RunStore(out) if out else None,
                workers=workers,
                pictures=out is not None,
                report=tell,
            )
    except (ScenarioError, ValueError, OSError) as error:
        raise RefusalError(str(error)) from None
    if out:
        write_study(study, out)
    if as_json:
        typer.echo(json.dumps(study.summary(), indent=2, allow_nan=False))
    else:
        show_contest(study)
        if out:
            typer.echo(f"The page: {(out / 'contest.html').resolve()}")


def write_study(study: "ContestStudy", out: Path) -> None:
    """Write the comparison as JSON, and the page."""
    from experiments.report.contest_page import contest_page

    (out / "contest.json").write_text(json.dumps(study.summary(), indent=2, allow_nan=False))
    (out / "contest.html").write_text(contest_page(study), encoding="utf-8")
