"""``firesale stress``: the smallest shock at which a scenario fails, or a phase diagram."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.console import (
    RefusalError,
    counted_progress,
    make_folder,
    refusal_of,
    refuse_another,
)
from experiments.commands.settings import (
    AllowCode,
    AsJson,
    Settings,
    Store,
    read_settings,
    refuse_own_code,
)
from lob.counted import counted

if TYPE_CHECKING:
    from experiments.scenario.read import Scenario
    from experiments.studies.stress import Cell, Failure, Stress

__all__ = ["stress"]


def stress(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario, or its TOML file.")],
    fails: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="What failing means: bad-debt, liquidated (share of accounts), or insurance "
            "(a fund empty).",
        ),
    ] = "bad-debt",
    above: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help='Bad debt in cash units, or "1 M USD" (0); or the share of accounts (0.5).',
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="First seed.")] = 1,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each shock; the scenario's own number.")
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, help="Largest shock, in multiples of the scenario's own.")
    ] = 8,
    steps: Annotated[
        int, typer.Option(min=1, help="Parts of the scenario's own shock that are told apart.")
    ] = 16,
    assets: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Find the worst mix of sales in these instruments."),
    ] = None,
    parts: Annotated[int, typer.Option(min=1, help="Parts of such a mix.")] = 4,
    phase: Annotated[
        bool, typer.Option("--phase", help="Leverage against book depth, at its own shock.")
    ] = False,
    leverage: Annotated[
        str, typer.Option(metavar="L,L,...", help="Of a phase diagram.")
    ] = "1.5,2,2.5,3",
    depth: Annotated[
        str, typer.Option(metavar="D,D,...", help="Of a phase diagram: times its own.")
    ] = "0.5,1,2,4",
    settings: Settings = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core if not given.")
    ] = None,
    store: Store = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the answer (JSON, CSV) here.")
    ] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Find the smallest shock at which a whole scenario fails."""
    from experiments.runs.whole_files import WholeFiles
    from experiments.scenario.read import ScenarioError, read_scenario
    from experiments.studies.stress import SHARE, Failure, phase_diagram, stress_test
    from experiments.studies.thresholds import threshold_of

    try:
        scenario = read_scenario(name, read_settings(settings))
        threshold = SHARE if fails == "liquidated" else 0.0
        if above is not None:
            threshold = threshold_of(above, fails, scenario.units.cash)
        failure = Failure(fails, threshold)  # type: ignore[arg-type]
        refuse_own_code(scenario, allow_code, settings)
        chosen = range(seed, seed + (seeds or scenario.seeds))
        make_folder(out)
        refuse_another(out, scenario.model_dump(mode="json"))
        with counted_progress(as_json) as show:
            if phase:
                levels, depths = _numbers("--leverage", leverage), _numbers("--depth", depth)
                cells = phase_diagram(
                    scenario, failure, chosen, levels, depths,
                    workers=workers, store=store, progress=show,
                )  # fmt: skip
                answer = _phase_dict(scenario, failure, chosen, cells)
                lines = _tell_phase(scenario, failure, cells)
            else:
                found = stress_test(
                    scenario,
                    failure,
                    chosen,
                    most=most,
                    steps=steps,
                    assets=[one.strip() for one in assets.split(",")] if assets else (),
                    parts=parts,
                    workers=workers,
                    store=store,
                    report=show.tell,
                    progress=show,
                )
                answer, lines = found.summary(), _tell(found)
        if out:
            with WholeFiles(out) as files:
                files.json("stress.json", answer)
                if phase:
                    files.write("phase.csv", partial(_write_cells, cells=answer["cells"]))
    except (ScenarioError, ValueError, OSError) as error:
        raise refusal_of(error, out or store) from None
    if as_json:
        typer.echo(json.dumps(answer, indent=2, allow_nan=False))
    else:
        typer.echo("\n".join(lines))


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise RefusalError(f"{option} {text}: write numbers with commas between them") from None


def _tell(found: "Stress") -> list[str]:
    """The answer, line by line."""
    scenario = found.scenario
    tried = max(shock for shock, _ in found.bisection.probes) / found.steps
    units = scenario.units
    rows: list[tuple[str, str]] = [("it fails with", found.failure.told(units.cash))]
    if found.critical is None:
        rows.append(("smallest shock that fails", f"none up to {tried:g} times the scenario's own"))
    else:
        size = f"{found.critical:g} times the scenario's own, in steps of 1/{found.steps}"
        rows.append(("smallest shock that fails", size))
    if found.lots is not None:
        sold = [
            f"{units.sizes[units.number_of(name)].told(lots)} of {name} ({share:.0%} of the value)"
            for name, lots, share in zip(found.assets, found.lots, found.shares, strict=True)
            if lots
        ]
        rows.append(("worst direction" if found.searched else "that is", ", ".join(sold)))
        rows += _tell_outcomes(found)
    if not found.bisection.monotone:
        rows.append(("mind", "a smaller shock failed where a larger one held: noise of few seeds"))
    rows.append(("runs", f"{found.runs:,}, {counted(len(found.seeds), 'seed')} a shock"))
    return [
        *found.exhausted_lines(),
        f"{scenario.name}: how much does it take until it fails?",
        *(f"  {name:<28}{value}" for name, value in rows),
    ]


def _tell_outcomes(found: "Stress") -> list[tuple[str, str]]:
    from experiments.report.ratios import move_of

    count, cash = len(found.outcomes), found.scenario.units.cash
    debt = sum(one.bad_debt for one in found.outcomes) / count
    drop = sum(one.drops[0] for one in found.outcomes) / count
    failed = sum(found.failure.of(one) for one in found.outcomes)
    return [
        ("seeds that fail there", f"{failed} of {count}"),
        ("bad debt there", cash.told(debt) if cash.is_real else f"{debt:,.0f} units"),
        ("accounts liquidated", f"{sum(one.liquidated for one in found.outcomes) / count:.1%}"),
        (move_of(found.scenario), found.scenario.price_unit.told(drop)),
    ]


def _phase_dict(
    scenario: "Scenario", failure: "Failure", seeds: range, cells: "list[Cell]"
) -> dict[str, Any]:
    from experiments.runs.provenance import asked_of_scenario
    from experiments.runs.units_of_keys import units_of_stress

    return {
        **asked_of_scenario(scenario, seeds),
        "fails": failure.told(scenario.units.cash),
        "units": units_of_stress(scenario),
        "cells": [cell._asdict() for cell in cells],
    }


def _tell_phase(scenario: "Scenario", failure: "Failure", cells: "list[Cell]") -> list[str]:
    """A table: leverage down, depth across, the share of seeds that fail and of accounts sold."""
    depths = sorted({cell.depth for cell in cells})
    lines = [
        f"{scenario.name}: leverage against book depth",
        f"  it fails with {failure.told(scenario.units.cash)}",
        "  each cell: share of the seeds that fail, mean share of accounts liquidated; !: a side "
        "of a book empties",
        "",
        f"  {'leverage':>10}" + "".join(f"{f'depth x{depth:g}':>16}" for depth in depths),
    ]
    for leverage in sorted({cell.leverage for cell in cells}):
        row = {cell.depth: cell for cell in cells if cell.leverage == leverage}
        shown = [
            f"{'! ' * bool(row[depth].exhausted)}{row[depth].failed:.0%} | "
            f"{row[depth].liquidated:.0%}"
            for depth in depths
        ]
        lines.append(f"  {leverage:>10g}" + "".join(f"{one:>16}" for one in shown))
    return lines


def _write_cells(path: Path, cells: list[dict[str, Any]]) -> None:
    import csv

    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(cells[0]))
        writer.writeheader()
        writer.writerows(cells)
