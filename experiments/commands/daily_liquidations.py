"""``firesale daily-liquidations``: a law of what a day liquidates, fitted to a file and scored."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.console import BAD_DATA, RefusalError, refuse_missing
from experiments.commands.settings import AsJson

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["daily_liquidations"]

daily_liquidations = typer.Typer(
    help="What a day liquidates of a perpetual's open interest.", no_args_is_help=True
)
DaysFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="CSV: date, symbol, close, and in coins longliq, shortliq, oi and volume.",
    ),
]


@daily_liquidations.callback()
def _group() -> None:
    """What a day liquidates of a perpetual's open interest."""


def _read(file: Path) -> "pd.DataFrame":
    from experiments.studies.daily_liquidations import read_daily_liquidations

    refuse_missing(file)
    try:
        return read_daily_liquidations(file)
    except ValueError as error:
        raise RefusalError(str(error), BAD_DATA) from error


def _tell(numbers: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(numbers, indent=2, allow_nan=False))
        return
    for name, value in numbers.items():
        shown = "too few days" if value is None else f"{value:.4g}"
        typer.echo(f"{name:28} {shown}")


@daily_liquidations.command()
def fit(
    file: DaysFile,
    out: Annotated[
        Path | None, typer.Option(metavar="LAW", help="Where the law is written (TOML).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit a population of leveraged positions to what was liquidated day by day."""
    from experiments.studies.daily_liquidations import DailyLiquidations

    if out is not None and not out.absolute().parent.is_dir():
        raise RefusalError(f"--out {out}: there is no folder {out.absolute().parent}")
    try:
        law = DailyLiquidations.fit(_read(file))
    except ImportError as error:
        raise RefusalError(str(error)) from None
    except ValueError as error:
        raise RefusalError(f"{file}: {error}", BAD_DATA) from error
    if out is not None:
        law.save(out)
    _tell(dict(law.summary()), as_json)


@daily_liquidations.command()
def score(
    file: DaysFile,
    law: Annotated[Path, typer.Option(metavar="LAW", help="A law that fit has written.")],
    as_json: AsJson = False,
) -> None:
    """Compare a law with another file, such as one of symbols it was not fitted to."""
    from experiments.studies.daily_liquidations import RETURN_BINS, DailyLiquidations

    refuse_missing(law)
    table = _read(file)
    try:
        stated = DailyLiquidations.load(law)
    except ValueError as error:
        raise RefusalError(str(error), BAD_DATA) from error
    try:
        found = asdict(stated.score(table))
    except ValueError as error:
        raise RefusalError(f"{file}: {error}", BAD_DATA) from error
    bins = found.pop("bins")
    for lower, value in zip(RETURN_BINS, bins, strict=False):
        found[f"median_from_{100 * lower:g}_percent"] = value
    _tell({name: _told(value) for name, value in found.items()}, as_json)


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value
