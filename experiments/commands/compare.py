"""``firesale compare``: liquidation designs side by side, on the same accounts and seeds."""

import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.commands.console import (
    BAD_DATA,
    RefusalError,
    counted_progress,
    make_folder,
    refusal_of,
    refuse_another,
)
from experiments.commands.settings import (
    AllowCode,
    AsJson,
    Memory,
    Store,
    read_settings,
    refuse_own_code,
)

if TYPE_CHECKING:
    from experiments.contest.study import ContestStudy

__all__ = ["compare"]

DEFAULT_SEEDS = 60
"""Runs of each design if ``--seeds`` is not given: a 95 % quantile needs 59 (99 %: 299)."""


def compare(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario or its TOML file.")],
    designs: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Designs: NAME, NAME(KEY=VALUE,...), LABEL=NAME..., FILE.py:NAME; a VALUE may "
            "have a unit, as 30 s; if not given, those that the scenario names, or else all nine.",
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
    fast: Annotated[
        bool,
        typer.Option("--fast", help="Without the twelve other markets that tell if it holds."),
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
    store: Store = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the runs (Parquet) and the page here; resumes."),
    ] = None,
    memory: Memory = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Compare liquidation designs: one table, paired differences, a Pareto view."""
    from experiments.contest.compare import kept_in
    from experiments.contest.designs import as_stated, of_scenario, parse_designs
    from experiments.contest.going_on import going_on
    from experiments.contest.study import study_contest
    from experiments.report.contest_terminal import show_contest
    from experiments.runs.memory_limit import parse_bytes
    from experiments.runs.provenance import asked_of_scenario
    from experiments.scenario.designs import contest_designs, tunable
    from experiments.scenario.read import ScenarioError, read_scenario

    if wrong and tune is None:
        raise RefusalError("--wrong-model needs --tune")
    try:
        scenario = read_scenario(name, read_settings(settings))
        chosen = of_scenario(scenario) if designs is None else []
        if not chosen:
            chosen = parse_designs(designs or ",".join(contest_designs()), scenario)
            chosen = as_stated(chosen, scenario)
        said = () if designs is None else [one.design for one in chosen]
        refuse_own_code(scenario, allow_code, settings, said)
        if reference is not None and reference not in [one.label for one in chosen]:
            raise RefusalError(
                f"--reference: {reference!r} takes no part: there are "
                f"{', '.join(one.label for one in chosen)}"
            )
        make_folder(out)
        scenario = going_on(scenario)
        refuse_another(out, scenario.model_dump(mode="json"))
        asked = partial(asked_of_scenario, scenario, range(seed, seed + seeds))
        with kept_in(store, out, asked=asked) as kept, counted_progress(as_json) as report:
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
                screen=not fast,
                store=kept,
                workers=workers,
                memory=parse_bytes(memory),
                pictures=out is not None,
                report=report.tell,
                progress=report,
            )
        if out:
            write_study(study, out)
    except (ScenarioError, ValueError, OSError) as error:
        raise refusal_of(error, out or store) from None
    if as_json:
        typer.echo(json.dumps(study.summary(), indent=2, allow_nan=False))
    else:
        given = [part for one in settings or () for part in ("--set", one)]
        show_contest(study, asked=shlex.join([name, *given]))
        if out:
            typer.echo(f"The page: {(out / 'contest.html').resolve()}")
    tell_failures(study)


def tell_failures(study: "ContestStudy") -> None:
    """Print the runs of a contest that raised, with the traceback of the user's own code.

    All others are shown, and kept, as they are.

    Raises
    ------
    typer.Exit
        With code 1, if any run raised.
    """
    told: set[str] = set()
    for row in study.failed:
        where = f"{row['label']}, market {row['market']}, seed {row['seed']}"
        typer.echo(f"firesale: a run failed: {where}: {row['error']}", err=True)
        if row.get("trace") and row["error"] not in told:
            typer.echo(row["trace"], err=True)
        told.add(row["error"])
    if study.failed:
        seed = study.failed[0]["seed"]
        typer.echo(f"firesale: the run comes again with --seed {seed} --seeds 2", err=True)
    if study.controls.error is not None:
        typer.echo(f"firesale: {study.controls.told()}", err=True)
    if study.failed or study.controls.error is not None:
        raise typer.Exit(BAD_DATA)


def write_study(study: "ContestStudy", out: Path) -> None:
    """Write a contest to a folder: ``contest.json`` and ``contest.html``, both or none.

    Raises
    ------
    OSError
        If one cannot be written.
    """
    from experiments.report.contest_page import contest_page
    from experiments.runs.whole_files import WholeFiles

    with WholeFiles(out) as files:
        files.json("contest.json", study.summary())
        files.text("contest.html", contest_page(study))
