"""Books of a scenario that are traded along recorded prices from elsewhere."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

import agents
from agents.traders import PriceFollower
from experiments.scenario.files import find_file
from experiments.scenario.names import Names
from experiments.scenario.table import Duration, Interval, Name, Positive, Seconds, Table, ns
from lob.feeds.prices import PriceFile, read_prices

__all__ = [
    "DriveTable",
    "between_dates",
    "driven_prices",
    "found_prices",
    "make_driver",
    "price_file",
]

DATA = "../shared/data"
"""Folder of data where ``FIRESALE_DATA`` is not set, from the project's root."""


def price_file(name: str) -> Path:
    """Find a file of prices: a path, or a file in the folder ``prices`` of ``FIRESALE_DATA``.

    Raises
    ------
    ValueError
        If there is none.
    """
    folder = Path(os.environ.get("FIRESALE_DATA", DATA)) / "prices"
    for path in (Path(name), folder / name):
        if path.is_file():
            return path
    raise ValueError(f"{name!r} is no file, nor one in {folder}: set FIRESALE_DATA to find it")


def found_prices(name: str, info: ValidationInfo) -> str:
    """The name with the folder of the scenario if it is there; else it must be found elsewhere.

    Parameters
    ----------
    name, info
        See ``find_file``.
    """
    found = find_file(name, info)
    if found is None:
        price_file(name)
    return found or name


FoundPrices = Annotated[str, AfterValidator(found_prices)]
"""A file of prices that is there."""


class DriveTable(Table):
    """A book that is traded along recorded prices from elsewhere (``lob.feeds.prices``)."""

    name: Name = "driver"
    """Name of the trader, unique; its randomness is keyed by it."""
    instrument: str
    """Name of the instrument whose book is driven."""
    files: Annotated[list[Annotated[str, AfterValidator(found_prices)]], Field(max_length=2)] = (
        Field(default_factory=list)
    )
    """A CSV of prices; two: the first over the second. None: the book is left alone. Relative to
    the scenario's folder, or to where one is; a name that is neither is looked for in the folder
    ``prices`` of ``FIRESALE_DATA``."""
    start: datetime | None = None
    """UTC: of the part of the file that is used; the file's beginning if not given."""
    end: datetime | None = None
    """UTC: of the part of the file that is used; the file's end if not given."""
    at: Seconds = 0.0
    """Seconds: from the start of the run until that part begins."""
    over: Duration = 60.0
    """Seconds: how long that part takes in the run."""
    most: Positive = 1_000
    """Lots: traded at one look, at most."""
    interval: Interval = 0.25
    """Seconds: between two looks at the book."""

    @model_validator(mode="after")
    def _rises(self) -> "DriveTable":
        if self.start and self.end and self.utc(self.start) >= self.utc(self.end):
            raise ValueError(f"start must be before end, got {self.start} and {self.end}")
        return self

    @staticmethod
    def utc(moment: datetime) -> datetime:
        """Take a moment without a zone as one of UTC."""
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def make_driver(one: DriveTable, names: Names) -> agents.Participant:
    """Make the trader who moves a book along the prices of the files.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
    """
    market = names.markets[one.instrument]
    times, ticks = driven_prices(one, market.price)
    return PriceFollower(
        one.name,
        times=times,
        prices=ticks,
        instrument=market.number,
        interval=ns(one.interval),
        most=one.most,
    )


def driven_prices(one: DriveTable, price: int) -> tuple[list[int], list[int]]:
    """Times in ns of the run, and prices in ticks, of a driven book.

    Parameters
    ----------
    one
        The table.
    price
        Ticks that the first price used becomes; the others are in proportion, rounded to the
        nearest.

    Raises
    ------
    ValueError
        If a file has nothing in that time, or is no file of prices.
    """
    series = between_dates(read_prices(price_file(one.files[0])), one.start, one.end)
    if len(one.files) > 1:
        series = series.over(read_prices(price_file(one.files[1])))
    ticks = series.ticks(series.prices[0] / price)
    return series.onto(ns(one.at), ns(one.over)).tolist(), ticks.tolist()


def between_dates(series: PriceFile, start: datetime | None, end: datetime | None) -> PriceFile:
    """The part of a price series between two dates.

    Parameters
    ----------
    series
        The whole.
    start, end
        UTC, both included; ``None``: from its beginning, or to its end.

    Raises
    ------
    ValueError
        If there is nothing in it.
    """
    first = int(series.times[0]) if start is None else ns(DriveTable.utc(start).timestamp())
    last = int(series.times[-1]) if end is None else ns(DriveTable.utc(end).timestamp())
    return series.between(first, last)
