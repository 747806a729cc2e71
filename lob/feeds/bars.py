"""Bars of prices: open, high, low and close of a stretch of time, as prices within it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lob.units import SECOND_NS

__all__ = ["BarColumns", "bar_columns", "read_bar", "spread_bars"]

TIMES = ("timestamp", "time", "date", "datetime", "open_time")
"""Names of the column that says when a bar begins; the first that is there counts."""
PRICES = ("open", "high", "low", "close")
MINUTE = 60 * SECOND_NS  # of a bar that is alone
DIGITS = ((10**11, SECOND_NS), (10**14, 10**6), (10**17, 10**3), (2**63, 1))
"""Whole numbers below each are of a unit so many ns long: seconds to nanoseconds since 1970."""


class BarColumns(NamedTuple):
    """Where in a row a bar is told."""

    width: int
    """Columns of a row."""
    time: int
    """Place of the time."""
    prices: tuple[int, ...]
    """Places of open, high, low and close."""


def bar_columns(header: Sequence[str]) -> BarColumns | None:
    """Find the columns of bars by their names; ``None``: it is no table of bars.

    Parameters
    ----------
    header
        Names of the columns.
    """
    names = [name.strip().lower() for name in header]
    time = next((names.index(one) for one in TIMES if one in names), None)
    if time is None or not set(PRICES) <= set(names):
        return None
    return BarColumns(len(names), time, tuple(names.index(one) for one in PRICES))


def read_bar(row: Sequence[str], columns: BarColumns) -> tuple[int, tuple[Decimal, ...]]:
    """Read when a bar begins, in ns since 1970 UTC, and its open, high, low and close.

    Parameters
    ----------
    row
        Values of the row.
    columns
        Where they are.

    Raises
    ------
    ValueError
        If it is no bar: with what is wrong.
    """
    if len(row) != columns.width:
        raise ValueError(f"{columns.width} values are expected, got {len(row)}")
    prices = []
    for name, place in zip(PRICES, columns.prices, strict=True):
        text = row[place].strip()
        try:
            price = Decimal(text) if len(text) <= 60 and "_" not in text else Decimal("NaN")
        except InvalidOperation:
            price = Decimal("NaN")
        if not price.is_finite() or not 0 < price < 10**18 or price.adjusted() < -30:
            raise ValueError(f"{name} must be a price, 1e-30 to 1e18, got {text[:60]!r}")
        prices.append(price)
    opened, high, low, close = prices
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(
            f"open and close must be from low to high, got {opened}, {high}, {low}, {close}"
        )
    return _time(row[columns.time].strip()), (opened, high, low, close)


def spread_bars(
    starts: Sequence[int], bars: Sequence[tuple[Decimal, ...]]
) -> tuple[NDArray[np.int64], tuple[Decimal, ...]]:
    """Times in ns, and prices, of bars: four each, a quarter of its length apart.

    Parameters
    ----------
    starts
        When each begins, in ns, rising; the last is as long as the one before it.
    bars
        Open, high, low and close of each.
    """
    begins = np.array(starts, np.int64)
    lengths = np.diff(begins)
    lengths = np.append(lengths, lengths[-1] if len(lengths) else MINUTE)
    times = begins[:, None] + lengths[:, None] * np.arange(4) // 4
    prices: list[Decimal] = []
    for opened, high, low, close in bars:
        first, second = (low, high) if opened - low <= high - opened else (high, low)
        prices += [opened, first, second, close]
    return times.ravel(), tuple(prices)


def _time(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 19:
        number = int(text)
        for most, unit in DIGITS:
            if number < most:
                return number * unit
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"the time must be a number since 1970 or 2024-08-08 12:00:00, got {text[:60]!r}"
        ) from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    if since.days < 0:
        raise ValueError(f"the time must be 1970 or later, got {text[:60]!r}")
    return (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000
