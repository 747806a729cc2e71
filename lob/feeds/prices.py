"""Series of prices from outside: CSV files of one symbol, a price or a bar a row.

Of prices the columns are ``symbol``, ``timestamp`` (milliseconds since 1970, UTC) and a third one
whose name ends in ``price``, a decimal number. Of bars they are a time (``timestamp``, ``time``,
``date``, ``datetime`` or ``open_time``: where the bar begins, seconds to nanoseconds since 1970, or
``2024-08-08 12:00:00``), ``open``, ``high``, ``low`` and ``close``, in any order and case; others
are passed over. Rows must rise in time. Prices stay decimal until somebody says how large a tick
is.

A bar is four prices, a quarter of the time to the next bar apart: the open, of high and low the one
that is nearer to it, the other, and the close. What happened between is not told.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lob.checks import integer
from lob.feeds.bars import BarColumns, bar_columns, read_bar, spread_bars
from lob.feeds.containers import BOM, check_utf8, open_source
from lob.feeds.errors import FeedError
from lob.types import MAX_PRICE
from lob.units import MILLISECOND_NS

__all__ = ["PriceFile", "read_prices"]


EARLIEST = 100_000_000_000  # ms, in 1973; a smaller one is of seconds
MAX_BYTES = 2**28


@dataclass(frozen=True, eq=False)
class PriceFile:
    """Prices of one symbol over time: each holds until the next."""

    symbol: str
    """Name of the symbol, as in the file."""
    times: NDArray[np.int64]
    """Times in ns since 1970 UTC, rising."""
    prices: tuple[Decimal, ...]
    """Exact prices, one a time, in the unit of the file."""

    def __len__(self) -> int:
        return len(self.prices)

    def between(self, start: int, end: int) -> "PriceFile":
        """The part of a price series from one time to another.

        Parameters
        ----------
        start, end
            In ns since 1970 UTC, both included.

        Raises
        ------
        ValueError
            If there is nothing in it.
        """
        first = int(np.searchsorted(self.times, start, side="left"))
        last = int(np.searchsorted(self.times, end, side="right"))
        if first >= last:
            raise ValueError(f"{self.symbol} has no price from {start} to {end} ns")
        return PriceFile(self.symbol, self.times[first:last], self.prices[first:last])

    def over(self, other: "PriceFile") -> "PriceFile":
        """The price in units of another one: at each time of its own, over the other's latest.

        Times before the other's first price are left out.

        Raises
        ------
        ValueError
            If that leaves nothing.
        """
        at = np.searchsorted(other.times, self.times, side="right") - 1
        kept = np.flatnonzero(at >= 0)
        if not len(kept):
            raise ValueError(f"{other.symbol} has no price before the last one of {self.symbol}")
        ratio = tuple(self.prices[i] / other.prices[at[i]] for i in kept.tolist())
        return PriceFile(f"{self.symbol}/{other.symbol}", self.times[kept], ratio)

    def ticks(self, tick: Decimal) -> NDArray[np.int64]:
        """The prices in whole ticks: int64, rounded to the nearest, halves to even; at least 1.

        Parameters
        ----------
        tick
            Size of a tick in the unit of the prices, positive.

        Raises
        ------
        ValueError
            If the tick is no positive ``Decimal``, or so small that a price does not fit.
        """
        if not isinstance(tick, Decimal) or not tick > 0:
            raise ValueError(f"tick must be a positive Decimal, got {tick!r}")
        found = [int((price / tick).to_integral_value(ROUND_HALF_EVEN)) for price in self.prices]
        if max(found) > MAX_PRICE:
            raise ValueError(f"tick {tick} makes prices of {max(found)} ticks, above {MAX_PRICE}")
        return np.maximum(1, np.array(found, np.int64))

    def onto(self, start: int, length: int) -> NDArray[np.int64]:
        """The times of a price series, moved and stretched onto another stretch of time: int64.

        Rounded down to whole ns; times that would fall together are kept 1 ns apart.

        Parameters
        ----------
        start
            Where the first time comes to lie, in ns, 0 or more.
        length
            From the first to the last, in ns, at least as many as there are times.

        Raises
        ------
        ValueError
            If an argument is out of range.
        """
        start, length = integer("start", start, 0), integer("length", length, len(self))
        first, last = int(self.times[0]), int(self.times[-1])
        span = max(1, last - first)
        moved = [start + (time - first) * length // span for time in self.times.tolist()]
        for i in range(1, len(moved)):
            moved[i] = max(moved[i], moved[i - 1] + 1)
        return np.array(moved, np.int64)


def read_prices(path: str | PathLike[str]) -> PriceFile:
    """Read a CSV file of prices or bars; blank lines are passed over, and counted.

    Raises
    ------
    FeedError
        If it is no file of prices, or cannot be read: with the line, and what is wrong there.
    """
    source = Path(path)
    rows = csv.reader(_text(source).splitlines(keepends=True))
    try:
        header = [name.strip() for name in next(rows, [])]
        bars = bar_columns(header)
        if bars is not None:
            return _bars(source, rows, bars)
        if (
            len(header) != 3
            or header[:2] != ["symbol", "timestamp"]
            or not header[2].lower().endswith("price")
        ):
            raise FeedError(
                "the columns must be symbol, timestamp and a price, or a time, open, high, low and "
                f"close, got {header}",
                path=source,
                line=1,
            )
        times: list[int] = []
        prices: list[Decimal] = []
        symbol = ""
        for row in rows:
            if not row:
                continue
            symbol, time, price = _row(source, rows.line_num, row, symbol, times)
            times.append(time)
            prices.append(price)
    except csv.Error as error:
        raise FeedError(str(error), path=source, line=rows.line_num) from None
    if not times:
        raise FeedError(f"{source}: there is no price in it")
    return PriceFile(symbol, np.array(times, np.int64), tuple(prices))


def _bars(source: Path, rows: Any, columns: BarColumns) -> PriceFile:
    """The prices of bars, four each."""
    starts: list[int] = []
    bars: list[tuple[Decimal, ...]] = []
    for row in rows:
        if not row:
            continue
        try:
            start, prices = read_bar(row, columns)
            if starts and start <= starts[-1]:
                raise ValueError("the time must rise")
        except ValueError as error:
            raise FeedError(str(error), path=source, line=rows.line_num) from None
        starts.append(start)
        bars.append(prices)
    if not starts:
        raise FeedError(f"{source}: there is no bar in it")
    times, prices = spread_bars(starts, bars)
    return PriceFile(source.name.partition(".")[0], times, prices)


def _text(source: Path) -> str:
    """What is in a file: unpacked, without a byte-order mark."""
    with open_source(source) as opened:
        data = opened.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise FeedError(f"a series has at most {MAX_BYTES} bytes", path=opened.name)
    data = data.removeprefix(BOM)
    check_utf8(data, source)
    return data.decode()


def _row(
    source: Path, line: int, row: Sequence[str], symbol: str, times: Sequence[int]
) -> tuple[str, int, Decimal]:
    def refuse(what: str) -> FeedError:
        return FeedError(what, path=source, line=line)

    if len(row) != 3:
        raise refuse(f"3 values are expected, got {len(row)}")
    if symbol and row[0] != symbol:
        raise refuse(f"symbol must be {symbol!r} throughout, got {row[0]!r}")
    stamp = row[1].strip()
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 19):
        raise refuse(f"timestamp must be whole milliseconds, got {row[1]!r}")
    time = int(stamp) * MILLISECOND_NS
    if 0 < int(stamp) < EARLIEST:
        raise refuse(f"timestamp must be milliseconds since 1970, got {stamp}: are these seconds?")
    if time >= 2**63:
        raise refuse(f"timestamp must be milliseconds since 1970, got {row[1]!r}")
    if times and time <= times[-1]:
        raise refuse(f"timestamp must rise, got {row[1]} after {times[-1] // MILLISECOND_NS}")
    text = row[2].strip()
    try:
        price = Decimal(text) if len(text) <= 60 else Decimal("NaN")
    except InvalidOperation:
        price = Decimal("NaN")
    if "_" in text or not price.is_finite():
        raise refuse(f"the price must be a decimal number, got {text[:60]!r}")
    if not 0 < price < 10**18 or price.adjusted() < -30:
        raise refuse(f"the price must be positive, 1e-30 to 1e18, got {text!r}")
    return row[0], time, price
