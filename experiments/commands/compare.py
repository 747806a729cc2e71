"""``firesale compare``: liquidation designs side by side, on the same accounts and seeds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.console import RefusalError, make_folder, progress

if TYPE_CHECKING:
    from experiments.contest.compare import Contest

__all__ = ["compare"]

DEFAULT_SEEDS = 20


def compare(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario or its TOML file.")],
    designs: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Designs: NAME, NAME(KEY=VALUE,...), LABEL=NAME...; all ready ones if not given.",
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
    from experiments.commands.run import market_options
    from experiments.contest.challengers import parse_challengers
    from experiments.contest.compare import hold_contest
    from experiments.designs import contest_designs
    from experiments.report.contest_terminal import show_contest
    from experiments.scenario import ScenarioError, read_scenario
    from experiments.store import RunStore

    try:
        scenario = read_scenario(name, market_options(settings))
        challengers = parse_challengers(designs or ",".join(contest_designs()))
        if reference is not None and reference not in [one.label for one in challengers]:
            raise RefusalError(
                f"--reference: {reference!r} takes no part: there are "
                f"{', '.join(one.label for one in challengers)}"
            )
        make_folder(out)
        store = RunStore(out) if out else None
        with progress(as_json, seeds) as tell:
            contest = hold_contest(
                scenario,
                challengers,
                range(seed, seed + seeds),
                reference=reference,
                store=store,
                workers=workers,
                pictures=out is not None,
                report=lambda done, total: tell(f"run {done} of {total}"),
            )
    except (ScenarioError, ValueError, OSError) as error:
        raise RefusalError(str(error)) from None
    if out:
        write_contest(contest, out)
    if as_json:
        typer.echo(json.dumps(contest.to_dict(), indent=2, allow_nan=False))
    else:
        show_contest(contest)
        if out:
            typer.echo(f"The page: {(out / 'contest.html').resolve()}")


def write_contest(contest: "Contest", out: Path) -> None:
    """Write the comparison as JSON, and the page."""
    said: dict[str, Any] = contest.to_dict()
    (out / "contest.json").write_text(json.dumps(said, indent=2, allow_nan=False))
