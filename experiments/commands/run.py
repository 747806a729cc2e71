"""``firesale run``: a scenario and its story, or a ready market for some minutes."""

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.console import RefusalError, make_folder, refusal_of, refuse_another
from experiments.commands.scenarios import list_command
from experiments.commands.settings import (
    AllowCode,
    AsJson,
    Memory,
    Settings,
    market_options,
    named_market,
)
from lob.counted import counted
from lob.real_units import RealUnit, RealUnits
from lob.units import MINUTE_NS

if TYPE_CHECKING:
    from agents import Simulation
    from experiments.runs.market_summary import MarketSummary

__all__ = ["run"]

LONGEST = 10_000_000
"""Minutes, 19 years: beyond some seven times as many no clock goes."""


def run(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A scenario or market, ready or its TOML file; none: list them."
        ),
    ] = None,
    minutes: Annotated[
        float,
        typer.Option(min=0, max=LONGEST, help="How long a market runs, in simulated time."),
    ] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 1,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of a scenario; its own number if not given.")
    ] = None,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the tapes (Parquet) here.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the tapes of a scenario's run here while it runs: they take no memory.",
        ),
    ] = None,
    memory: Memory = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Run a scenario with and without forced sales, or a ready market, and sum it up."""
    if name is None:
        list_command(as_json)
        return
    from experiments.calibration.named_markets import is_market
    from experiments.markets import MARKETS
    from experiments.scenario.read import ready_scenarios

    if name not in MARKETS and name not in ready_scenarios() and not Path(name).is_file():
        raise RefusalError(
            f"no scenario or market is called {name!r}, and it is no file: there are "
            f"{', '.join((*ready_scenarios(), *MARKETS))}"
        )
    if record is not None:
        _record(name, seed, seeds, settings, out, record, as_json, allow_code)
        return
    if memory is not None and is_market(name):
        raise RefusalError(f"--memory is of a scenario's runs, and {name} is a market")
    make_folder(out)
    if is_market(name):
        _run_market(name, minutes, seed, settings, out, as_json)
    else:
        from experiments.commands.story import run_story

        chosen = range(seed, seed + seeds) if seeds else seed
        run_story(name, chosen, settings, out, as_json, allow_code, memory)


def _record(
    name: str,
    seed: int,
    seeds: int | None,
    settings: list[str] | None,
    out: Path | None,
    folder: Path,
    as_json: bool,
    allow_code: bool,
) -> None:
    from experiments.calibration.named_markets import is_market
    from experiments.commands.record import record_run

    if is_market(name):
        raise RefusalError(f"--record is of a scenario, and {name} is a market: --out DIR keeps it")
    if out is not None or (seeds or 1) > 1:
        raise RefusalError("--record keeps one run as it comes: leave --out and --seeds out")
    make_folder(folder, "--record")
    record_run(name, seed, settings, folder, as_json, allow_code)


def _run_market(
    market: str,
    minutes: float,
    seed: int,
    settings: list[str] | None,
    out: Path | None,
    as_json: bool,
) -> None:
    from experiments.runs.market_summary import summarize
    from experiments.runs.provenance import asked_of_market

    builder = named_market(market)
    options = market_options(market, settings)
    asked = asked_of_market(market, builder, options, [seed])
    refuse_another(out, {"name": market, **asked["resolved"]})
    try:
        simulation = builder(seed, **options)
    except (TypeError, ValueError) as error:
        raise RefusalError(f"{market}: {error}") from error
    start = simulation.now
    until = start + round(minutes * MINUTE_NS)
    clock = time.process_time()
    simulation.run(until=until)
    cpu = time.process_time() - clock
    events = simulation.events
    summaries = [
        summarize(events, start_ns=start, until_ns=until, instrument=number)
        for number in range(len(simulation.books))
    ]
    units = RealUnits.of(simulation.instruments)
    said = {
        **asked,
        "seed": seed,
        "minutes": minutes,
        "messages": len(simulation.messages),
        "cpu_seconds": cpu,
        "digest": simulation.digest(),
        "instruments": [
            {**summary.to_dict(), "units": _units(units, summary.instrument)}
            for summary in summaries
        ],
    }
    if out:
        try:
            _write(simulation, said, out)
        except OSError as error:
            raise refusal_of(error, out) from None
    if as_json:
        typer.echo(json.dumps(said, indent=2, allow_nan=False))
        return
    typer.echo(
        f"{market}, seed {seed}: {minutes:g} {'minute' if minutes == 1 else 'minutes'} in "
        f"{cpu:.3f} CPU seconds"
    )
    typer.echo(f"  {counted(len(simulation.messages), 'message')}, {counted(len(events), 'event')}")
    for summary in summaries:
        _show(summary, units)
    typer.echo(f"  digest {simulation.digest()}")


def _write(simulation: "Simulation", said: dict[str, Any], out: Path) -> None:
    from experiments.runs.whole_files import WholeFiles
    from lob import tape

    with WholeFiles(out) as files:
        for name in ("events", "messages", "entries"):
            rows = getattr(simulation, name)
            files.write(f"{name}.parquet", partial(tape.write, tape=rows))
        kept = {**said, "resolved": {"name": said["market"], **said["resolved"]}}
        files.json("market.json", kept)


def _units(units: RealUnits, number: int) -> dict[str, Any]:
    """The unit of each key of a ``MarketSummary`` that has one."""
    keys = {
        units.prices[number]: ("mean_spread", "first_mid", "last_mid", "lowest_mid",
                               "highest_mid", "volatility"),
        units.sizes[number]: ("traded_lots", "mean_touch_depth"),
    }  # fmt: skip
    return {key: unit.to_dict() for unit, of in keys.items() for key in of}


def _show(summary: "MarketSummary", units: RealUnits) -> None:
    price, size = units.prices[summary.instrument], units.sizes[summary.instrument]
    counts = ", ".join(f"{count:,} {kind}" for kind, count in summary.events.items() if count)
    rows = {
        "events": counts,
        "traded": size.told(summary.traded_lots),
        "two-sided": f"{summary.two_sided:.1%} of the time",
        "mean spread": _told(summary.mean_spread, price),
        "mean depth at the touch": _told(summary.mean_touch_depth, size),
        "mid": f"{_level(summary.first_mid, price)} to {_level(summary.last_mid, price)}, between "
        f"{_level(summary.lowest_mid, price)} and {_level(summary.highest_mid, price)}",
        "volatility a second": _told(summary.volatility, price),
    }
    typer.echo(f"  instrument {summary.instrument}")
    for name, value in rows.items():
        typer.echo(f"    {name:<25}{value}")


def _told(value: float | None, unit: RealUnit) -> str:
    if value is None:
        return "not defined"
    return unit.told(value) if unit.is_real else f"{value:,.2f} {unit.name}"


def _level(value: float | None, unit: RealUnit) -> str:
    return unit.level(value) if value is not None and unit.is_real else _told(value, unit)
