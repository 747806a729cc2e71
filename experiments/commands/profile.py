"""``firesale profile``: a market out of what is stated of it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import RefusalError, progress
from experiments.commands.settings import AsJson

__all__ = ["profile"]


def profile(
    price: Annotated[str, typer.Option(help='Where the market begins: "60_000 USD".')],
    depth: Annotated[str, typer.Option(help='What rests on a side within --within: "5 M USD".')],
    within: Annotated[str, typer.Option(help='Of the mid: "1 %".')],
    half_life: Annotated[str, typer.Option(help='Until half of what was sold is back: "40 s".')],
    spread: Annotated[str, typer.Option(help='Mean over time: "1 bps".')],
    volume: Annotated[str, typer.Option(help='A day: "2 G USD".')],
    volatility: Annotated[str, typer.Option(help='Of a year: "60 %".')],
    rate: Annotated[float | None, typer.Option(help="Messages a second; 50 if not given.")] = None,
    name: Annotated[str, typer.Option(help="Name of the instrument.")] = "stated",
    tick_size: Annotated[str, typer.Option(help="Price of one tick, in quote.")] = "1",
    lot_size: Annotated[str, typer.Option(help="How much of the base a lot is.")] = "1",
    base: Annotated[str, typer.Option(help="What is traded: BTC.")] = "",
    quote: Annotated[str, typer.Option(help="What is paid.")] = "USD",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the market file is written (TOML).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Solve a market for its depth, spread, volume and volatility, and check what comes out."""
    from experiments.studies.profile import stated_market

    if out is not None and not out.absolute().parent.is_dir():
        raise RefusalError(f"--out {out}: there is no folder {out.absolute().parent}")
    asked = {
        "price": price, "depth": depth, "within": within, "half_life": half_life,
        "spread": spread, "volume": volume, "volatility": volatility,
    } | ({} if rate is None else {"rate": rate})  # fmt: skip
    instrument = {
        "name": name, "tick_size": tick_size, "lot_size": lot_size, "base": base, "quote": quote,
    }  # fmt: skip
    try:
        with progress(as_json, 1) as tell:
            tell("solving")
            found = stated_market(asked, instrument)
    except ValueError as error:
        raise RefusalError(str(error)) from error
    if out is not None:
        found.save(out)
    if as_json:
        typer.echo(json.dumps(found.summary(), indent=2, allow_nan=False))
        return
    from rich.console import Console

    from experiments.report.profile_terminal import print_profile

    console = Console(highlight=False)
    print_profile(console, found.headline(), found.rows())
    if out is not None:
        console.print()
        console.print(f"Written: {out}", soft_wrap=True)
