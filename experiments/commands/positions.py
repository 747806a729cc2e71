"""``firesale positions``: facts of a snapshot of positions, and which rows are none."""

import json
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.console import BAD_DATA, RefusalError, refuse_missing
from experiments.commands.settings import AsJson
from lob import __version__
from lob.counted import counted
from lob.real_units import CASH, LOTS, RealUnit, cash_unit, size_unit

if TYPE_CHECKING:
    from lob import Instrument
    from lob.feeds.positions import Positions

__all__ = ["positions"]

SHOWN = 20
"""Rows that are no positions which are listed at most."""
positions = typer.Typer(help="Look at snapshots of leveraged positions.", no_args_is_help=True)


@positions.callback()
def _group() -> None:
    """Look at snapshots of leveraged positions."""


@positions.command()
def info(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Positions, one a row: CSV, packed or not, or Parquet."
        ),
    ],
    columns: Annotated[
        Path | None,
        typer.Option("--map", metavar="TOML", help="Which column holds what, and in which unit."),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(
            metavar="PRICE", help="Of the collateral, where there are health factors only."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a snapshot and tell what was met. Exits 1 where rows are no positions."""
    from lob.feeds import FeedError
    from lob.feeds.positions import read_positions

    refuse_missing(file)
    try:
        found = read_positions(file, columns=columns, price=_price(price), bad="skip")
    except FeedError as error:
        raise RefusalError(str(error), BAD_DATA) from error
    told = summarize(found)
    if as_json:
        typer.echo(
            json.dumps(
                {"firesale": __version__, "file": str(file), **told}, indent=2, allow_nan=False
            )
        )
    else:
        _show(file, told)
    if found.rejected:
        raise typer.Exit(BAD_DATA)


def summarize(found: "Positions") -> dict[str, Any]:
    """Facts of a snapshot of positions as JSON values; amounts in steps, an instrument each."""
    import numpy as np

    names = found.instruments if found.instruments is not None else np.full(len(found), "")
    scales = {scale.base: scale for scale in found.scales}
    instruments = []
    for name in sorted(set(names.tolist())):
        of = names == name
        lots, margin = found.positions[of], found.margin[of]
        scale = scales.get(name)
        size = size_unit(scale) if scale and scale.has_units else _base(scale)
        money = cash_unit(scale) if scale else CASH
        row: dict[str, Any] = {
            "instrument": name,
            "positions": int(of.sum()),
            "long_lots": int(lots[lots > 0].sum()),
            "short_lots": int(-lots[lots < 0].sum()),
            "tick": str(scale.tick_size) if scale else None,
            "lot": str(scale.lot_size) if scale else None,
            "multiplier": scale.multiplier if scale else None,
            "units": {
                **{key: size.to_dict() for key in ("long_lots", "short_lots")},
                "margin" if found.entry_prices is not None else "debt": money.to_dict(),
            },
        }
        if found.entry_prices is not None:
            entry = found.entry_prices[of].astype(float)
            notional = np.abs(lots.astype(float)) * entry * (scale.multiplier if scale else 1)
            row["margin"] = int(margin.sum())
            row["leverage"] = _spread(notional[margin > 0] / margin[margin > 0])
        else:
            row["debt"] = int(-margin.sum())
            row["threshold_ppm"] = _spread(found.thresholds[of].astype(float))  # type: ignore[index]
        instruments.append(row)
    return {
        "form": "lending" if found.entry_prices is None else "perpetual",
        "positions": len(found),
        "accounts": None if found.accounts is None else len(set(found.accounts.tolist())),
        "without_margin": int((found.margin == 0).sum()) if found.thresholds is None else 0,
        "bad_rows": len(found.rejected),
        "first_bad_rows": list(found.rejected[:SHOWN]),
        "notes": list(found.notes),
        "instruments": instruments,
    }


def _base(scale: "Instrument | None") -> RealUnit:
    """The unit of sizes of which the file names the asset, and no money."""
    if scale is None or not scale.base:
        return LOTS
    return RealUnit(scale.base, Fraction(scale.lot_size), "lots")


def _unit(told: dict[str, Any]) -> RealUnit:
    return RealUnit(told["unit"], Fraction(told["factor"]), told["integer"])


def _spread(values: Any) -> dict[str, float] | None:
    import numpy as np

    if not len(values):
        return None
    low, middle, high = np.quantile(values, [0, 0.5, 1])
    return {"lowest": float(low), "median": float(middle), "highest": float(high)}


def _price(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price <= 0:
        raise RefusalError(f"--price must be a positive decimal number, got {text!r}")
    return price


def _show(file: Path, told: dict[str, Any]) -> None:
    accounts = "" if told["accounts"] is None else f" of {counted(told['accounts'], 'account')}"
    typer.echo(f"{file}: {told['form']} form, {counted(told['positions'], 'position')}{accounts}")
    for row in told["instruments"]:
        steps = f", tick {row['tick']}, lot {row['lot']}" if row["tick"] else ", in lots and ticks"
        typer.echo(
            f"  {row['instrument'] or 'all'}: {counted(row['positions'], 'position')}{steps}"
        )
        size, money = _unit(row["units"]["long_lots"]), "margin" if "margin" in row else "debt"
        typer.echo(f"    long {size.told(row['long_lots'])}, short {size.told(row['short_lots'])}")
        typer.echo(f"    {money} {_unit(row['units'][money]).told(row[money])}")
        for name, unit in (("leverage", "times"), ("threshold_ppm", "ppm")):
            if row.get(name):
                low, middle, high = row[name].values()
                typer.echo(
                    f"    {name.removesuffix('_ppm')} {low:,.2f} to {high:,.2f} {unit}, "
                    f"median {middle:,.2f}"
                )
    if told["without_margin"]:
        typer.echo(f"  without any margin: {told['without_margin']:,}")
    for note in told["notes"]:
        typer.echo(f"  note: {note}")
    if told["bad_rows"]:
        typer.echo(f"  bad rows: {told['bad_rows']:,}")
        for line in told["first_bad_rows"]:
            typer.echo(f"    {line}")
        if told["bad_rows"] > SHOWN:
            typer.echo(f"    ... and {told['bad_rows'] - SHOWN:,} more")
