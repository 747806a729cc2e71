"""``firesale impact``: a forced sale in a simulated market, against its twins."""

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.commands.console import RefusalError, counted_progress, refusal_of
from experiments.commands.settings import (
    AsJson,
    Settings,
    Store,
    market_options,
    named_market,
    parse_share,
)
from lob.counted import counted
from lob.units import SECOND_NS, parse_duration

if TYPE_CHECKING:
    from experiments.studies.impact import SimulatedSale

__all__ = ["impact"]


def impact(
    market: Annotated[
        str, typer.Argument(metavar="MARKET", help="A ready market, or a market file.")
    ],
    sell: Annotated[
        str,
        typer.Option(metavar="SIZE", help='What must be sold: lots, or "2 BTC" of the base.'),
    ],
    at: Annotated[
        str, typer.Option(metavar="DURATION", help="When, from the start of the market.")
    ] = "10m",
    over: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it takes; else all at once.")
    ] = None,
    pov: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Share of the volume that it is, 0.1 or 10%, for --over at most."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="How many pairs of runs.")] = 20,
    settings: Settings = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one a core")
    ] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Sell into a simulated market, and measure it against its twins without the sale."""
    from experiments.runs.provenance import asked_of_market
    from experiments.runs.workers import JobError
    from experiments.studies.impact import measure_sale

    builder = named_market(market)
    options = market_options(market, settings)
    if pov is not None and over is None:
        raise RefusalError("--pov needs --over DURATION, such as 1h")
    asked = asked_of_market(market, builder, options, range(1, seeds + 1))
    try:
        with counted_progress(as_json) as report:
            sale = measure_sale(
                partial(builder, **options),
                size=int(sell) if sell.replace("_", "").isdecimal() else sell,
                at_ns=parse_duration(at),
                over_ns=parse_duration(over) if over else 0,
                participation=None if pov is None else float(parse_share(pov)),
                seeds=range(1, seeds + 1),
                workers=workers,
                store=store,
                asked=asked,
                progress=report,
            )
    except (JobError, OSError) as error:
        raise refusal_of(error, store) from None
    except (TypeError, ValueError) as error:
        raise RefusalError(f"{market}: {error}") from error
    if as_json:
        sold = {"at": at, "over": over, "pov": pov}
        typer.echo(json.dumps({**sale.summary(), **asked, **sold}, indent=2, allow_nan=False))
    else:
        _show(market, sale)


def _show(market: str, sale: "SimulatedSale") -> None:
    from experiments.report.means import mean_in, mean_told

    price, size = sale.price_unit, sale.size_unit
    sold = size.told(sale.size)
    typer.echo(f"{market}: {sold} sold, {counted(sale.seeds, 'pair')} of runs")
    for line in sale.exhausted_lines():
        typer.echo(line)
    typer.echo("  means over seeds with 95 % intervals")
    rows = {
        "filled": mean_in(sale.mean("filled"), size),
        "implementation shortfall": mean_told(sale.mean("shortfall_bps"), "bps"),
        "against the twin's mids": mean_told(sale.paired_cost_bps, "bps"),
        "effective spread": mean_in(sale.mean("effective_spread"), price),
    }
    for name, told in rows.items():
        typer.echo(f"    {name:<26}{told}")
    typer.echo("  impact on the mid, by the time since the last order of the sale")
    for lag, at in zip(sale.lags_ns, sale.impact.path, strict=True):
        typer.echo(f"    {lag / SECOND_NS:>8g} s                {mean_in(at, price)}")
    typer.echo(f"    {'peak':<26}{mean_in(sale.impact.peak, price)}")
    typer.echo(f"    {'half-life':<26}{mean_told(sale.impact.half_life_ns, 's', scale=1e-9)}")
