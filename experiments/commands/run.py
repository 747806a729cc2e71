"""``firesale run``: a ready market for some minutes."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.console import RefusalError, make_folder

if TYPE_CHECKING:
    from agents import Simulation
    from experiments.market_summary import MarketSummary

__all__ = ["MarketOptions", "market_options", "run"]

MINUTE_NS = 60_000_000_000

MarketOptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An option of the market; repeatable."),
]


def run(
    market: Annotated[
        str | None, typer.Argument(metavar="MARKET", help="A ready market; none: list them.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0, help="How long, in simulated time.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 1,
    settings: MarketOptions = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the tapes (Parquet) here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run a ready market and sum up what it was like."""
    from experiments.market_summary import summarize
    from experiments.markets import MARKETS, describe

    if market is None:
        for name in MARKETS:
            typer.echo(f"{name:<20}{describe(name)}")
        return
    if market not in MARKETS:
        raise RefusalError(f"no market is called {market!r}: there are {', '.join(MARKETS)}")
    make_folder(out)
    try:
        simulation = MARKETS[market](seed, **market_options(settings))
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
    if out:
        _write(simulation, out)
    if as_json:
        said = {
            "market": market,
            "seed": seed,
            "minutes": minutes,
            "messages": len(simulation.messages),
            "cpu_seconds": cpu,
            "digest": simulation.digest(),
            "instruments": [summary.to_dict() for summary in summaries],
        }
        typer.echo(json.dumps(said, indent=2, allow_nan=False))
        return
    typer.echo(f"{market}, seed {seed}: {minutes:g} minutes in {cpu:.3f} CPU seconds")
    typer.echo(f"  {len(simulation.messages):,} messages, {len(events):,} events")
    for summary in summaries:
        _show(summary)
    typer.echo(f"  digest {simulation.digest()}")


def market_options(settings: list[str] | None) -> dict[str, Any]:
    """The options of a market by name; values are JSON, or else plain words."""
    options: dict[str, Any] = {}
    for setting in settings or []:
        key, found, value = setting.partition("=")
        if not found or not key.isidentifier():
            raise RefusalError(f"--set {setting}: write KEY=VALUE")
        try:
            options[key] = json.loads(value)
        except json.JSONDecodeError:
            options[key] = value
    return options


def _write(simulation: "Simulation", out: Path) -> None:
    from lob import tape

    tape.write(out / "events.parquet", simulation.events)
    tape.write(out / "messages.parquet", simulation.messages)


def _show(summary: "MarketSummary") -> None:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in summary.events.items() if count)
    rows = {
        "events": counts,
        "traded": f"{summary.traded_lots:,} lots",
        "two-sided": f"{summary.two_sided:.1%} of the time",
        "mean spread": _ticks(summary.mean_spread),
        "mean depth at the touch": _ticks(summary.mean_touch_depth, "lots"),
        "mid": f"{_ticks(summary.first_mid)} to {_ticks(summary.last_mid)}, between "
        f"{_ticks(summary.lowest_mid)} and {_ticks(summary.highest_mid)}",
        "volatility a second": _ticks(summary.volatility),
    }
    typer.echo(f"  instrument {summary.instrument}")
    for name, value in rows.items():
        typer.echo(f"    {name:<25}{value}")


def _ticks(value: float | None, unit: str = "ticks") -> str:
    return "not defined" if value is None else f"{value:,.2f} {unit}"
