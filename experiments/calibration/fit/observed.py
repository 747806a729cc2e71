"""A market's record as fits see it: when it was open, what happened, and what rested where."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.changes import ChangeCause
from experiments.calibration.fit.findings import FEW, FitError
from experiments.calibration.market_record import MarketRecord
from lob.units import SECOND_NS

__all__ = ["BLOCKS", "Events", "Observed", "Ratio"]

BLOCKS = 20
"""Into so many parts of equal open time a record is cut to see how far its rates vary; chosen."""
MOST_CELLS = 4_000_000
"""Messages times prices that are looked at together: what bounds the memory."""
CHUNK = 512


class Events(NamedTuple):
    """Changes of what rests, of one cause, one array element each."""

    message: NDArray[np.int64]
    """The message that made it."""
    side: NDArray[np.int64]
    """Of what rests: 1 bids, -1 asks."""
    price: NDArray[np.int64]
    """Ticks."""
    lots: NDArray[np.int64]
    """1 or more."""
    distance: NDArray[np.int64]
    """Ticks from the opposite best price ahead of the message: 1 or more."""


@dataclass(frozen=True)
class Ratio:
    """A rate: lots, or events, over what they are counted against, by parts of the record.

    Attributes
    ----------
    counted
        Sums over the events, a row for each part of the record.
    squares
        Sums of their squares, all parts together.
    exposure
        What each is divided by, in the shape of ``counted``.
    events
        How many events there are, all parts together.
    """

    counted: NDArray[np.float64]
    squares: NDArray[np.float64]
    exposure: NDArray[np.float64]
    events: NDArray[np.int64]

    @property
    def value(self) -> NDArray[np.float64]:
        """The rate; 0 where nothing could be seen."""
        total = self.exposure.sum(axis=0)
        found = np.zeros_like(total)
        np.divide(self.counted.sum(axis=0), total, out=found, where=total > 0)
        return np.asarray(found, np.float64)

    @property
    def error(self) -> NDArray[np.float64]:
        """The standard error of a compound Poisson process: exact where all sizes are one.

        No event: that of one, for the likelihood says no more than that it is below a few.
        """
        total = self.exposure.sum(axis=0)
        one = self.squares.sum() / max(int(self.events.sum()), 1)
        squares = np.where(self.events > 0, self.squares, one)
        found = np.full_like(total, np.nan)
        np.divide(np.sqrt(squares), total, out=found, where=total > 0)
        return np.asarray(found, np.float64)

    @property
    def error_by_parts(self) -> NDArray[np.float64]:
        """The standard error by how parts of the record differ: larger where rates vary."""
        total = self.exposure.sum(axis=0)
        left = self.counted - self.value * self.exposure
        parts = len(self.counted)
        found = np.full_like(total, np.nan)
        spread = np.sqrt(parts / (parts - 1) * (left**2).sum(axis=0))
        np.divide(spread, total, out=found, where=total > 0)
        return np.asarray(found, np.float64)


class Observed:
    """A record with what fits rest on, computed once.

    Time counts while both sides of the book are there and the venue lets orders trade: halts, what
    is outside market hours, and an empty side are left out, with all that happens in them.

    Parameters
    ----------
    record
        With ``changes``.

    Raises
    ------
    FitError
        If the record has no time in which a market was open, or no market orders.
    """

    def __init__(self, record: MarketRecord) -> None:
        if record.changes is None:
            raise ValueError("the record must be made with_changes")
        self.record, self.changes = record, record.changes
        quotes = record.quotes
        self.bid, self.ask = quotes["bid_price"], quotes["ask_price"]
        self.ts = quotes["ts_event"]
        self.both = (quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)
        running = _time_outside(self.ts, record.halts)
        gaps = np.append(np.diff(running), 0) / SECOND_NS
        self.weight = np.where(self.both, gaps, 0.0)
        """Open seconds from each message to the next."""
        self.open = self.both.copy()
        for since, until in record.halts:
            self.open &= (self.ts < since) | (self.ts >= until)
        self.clock = np.concatenate([[0.0], np.cumsum(self.weight)[:-1]])
        """Open seconds ahead of each message."""
        self.seconds = float(self.weight.sum())
        if not self.seconds > 0:
            raise FitError(
                f"{record.name}: there is no time in which both sides of the book are there"
            )
        orders = record.market_orders
        seen = np.maximum(orders["before"], 0)
        self.orders = orders[(orders["before"] >= 0) & self.open[seen]]
        if len(self.orders) < 2:
            raise FitError(
                f"{record.name}: {len(self.orders)} market orders: without trades nothing can be "
                "fitted. The file is too short, or does not tell them"
            )
        self.size = max(1, round(float(self.orders["size"].mean())))
        """Lots of one order of a flow: the mean size of a market order, rounded."""

    @property
    def tells_orders(self) -> bool:
        """Whether single orders are told."""
        return self.record.steps is not None

    def part(self, message: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of the ``BLOCKS`` parts of the record messages are in."""
        found = (self.clock[message] / self.seconds * BLOCKS).astype(np.int64)
        return np.minimum(found, BLOCKS - 1)

    @cached_property
    def parts(self) -> NDArray[np.int64]:
        """The part of each message."""
        return self.part(np.arange(len(self.ts)))

    @cached_property
    def seconds_by_part(self) -> NDArray[np.float64]:
        """Open seconds of each part."""
        return np.asarray(np.bincount(self.parts, self.weight, BLOCKS), np.float64)

    @cached_property
    def limits(self) -> Events:
        """Limit orders that came to rest."""
        return self._events(ChangeCause.LIMIT)

    @cached_property
    def cancels(self) -> Events:
        """What was cancelled."""
        return self._events(ChangeCause.CANCEL)

    def _events(self, cause: int) -> Events:
        rows = self.changes[(self.changes["cause"] == cause) & (self.changes["message"] > 0)]
        ahead = rows["message"] - 1
        rows = rows[self.open[ahead]]
        ahead = rows["message"] - 1
        side = rows["side"].astype(np.int64)
        distance = np.where(side > 0, self.ask[ahead] - rows["price"],
                            rows["price"] - self.bid[ahead])  # fmt: skip
        good = distance > 0
        rows = rows[good]
        return Events(rows["message"], side[good], rows["price"], np.abs(rows["lots"]),
                      distance[good])  # fmt: skip

    def need(self, events: int, what: str, least: int = FEW) -> None:
        """Refuse the record where there are too few of what a model cannot do without.

        Parameters
        ----------
        events
            How many there are.
        what
            What they are called.
        least
            How many there must be.
        """
        if events < least:
            raise FitError(
                f"{self.record.name}: {events} {what} in {self.seconds:,.0f} s of an open market, "
                f"and the fit needs {least}: the file is too short, or does not tell them"
            )

    def rate(
        self,
        message: NDArray[np.int64],
        lots: NDArray[np.int64] | NDArray[np.float64],
        exposure: NDArray[np.float64],
        place: NDArray[np.int64] | None = None,
    ) -> Ratio:
        """Return events, weighed by lots, over an exposure.

        Parameters
        ----------
        message, lots
            Of each event.
        exposure
            A row for each part of the record, with a column for each rate.
        place
            The column that each event counts in; ``None``: there is one.
        """
        columns = exposure.shape[1]
        place = np.zeros(len(message), np.int64) if place is None else place
        weight = lots.astype(np.float64)
        both = self.part(message) * columns + place
        return Ratio(
            _sums(both, weight, BLOCKS * columns).reshape(BLOCKS, columns),
            _sums(place, weight**2, columns),
            exposure,
            np.bincount(place, minlength=columns),
        )

    def resting(
        self, side: int, anchor: NDArray[np.int64], width: int
    ) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield what rests at each distance from a price, after each message.

        Parameters
        ----------
        side
            1 bids, -1 asks.
        anchor
            A price in ticks for each message, from which distances are counted: down for bids, up
            for asks.
        width
            Distances 1 to so many ticks.

        Yields
        ------
        tuple
            Which messages, and the lots: a row a message, a column a distance.
        """
        mine = self.changes[self.changes["side"] == side]
        message = np.maximum(mine["message"], 0)
        by_message = np.argsort(message, kind="stable")
        message = message[by_message]
        price, lots = mine["price"][by_message], mine["lots"][by_message]
        if not len(price):
            return
        low = int(min(price.min(), anchor.min() - width))
        high = int(max(price.max(), anchor.max() + width))
        inside = _Span(max(low, int(anchor.min()) - width), min(high, int(anchor.max()) + width))
        kept = (price >= inside.low) & (price <= inside.high)
        message, price, lots = message[kept], price[kept], lots[kept]
        now = np.zeros(inside.high - inside.low + 1)
        steps = -side * np.arange(1, width + 1)
        start = 0
        while start < len(anchor):
            end = min(start + CHUNK, len(anchor))
            span = _Span.around(anchor[start:end], width)
            while end - start > 1 and (end - start) * (span.high - span.low) > MOST_CELLS:
                end = start + (end - start) // 2
                span = _Span.around(anchor[start:end], width)
            first, last = np.searchsorted(message, [start, end])
            rows, where, what = message[first:last] - start, price[first:last], lots[first:last]
            near = (where >= span.low) & (where <= span.high)
            book = np.zeros((end - start, span.high - span.low + 1))
            np.add.at(book, (rows[near], where[near] - span.low), what[near])
            book[0] += now[span.low - inside.low : span.high - inside.low + 1]
            np.cumsum(book, axis=0, out=book)
            columns = anchor[start:end, None] + steps - span.low
            yield slice(start, end), np.take_along_axis(book, columns, axis=1)
            np.add.at(now, where - inside.low, what)
            start = end

    def lot_seconds(self, width: int) -> NDArray[np.float64]:
        """Lots times open seconds at distances 1 to ``width`` from the opposite best price.

        Of both sides together; a row for each part of the record, a column a distance.
        """
        total = np.zeros((BLOCKS, width))
        for side, anchor in ((1, self.ask), (-1, self.bid)):
            for where, lots in self.resting(side, self._filled(anchor), width):
                held = np.maximum(lots, 0) * self.weight[where, None]
                for part in np.unique(self.parts[where]):
                    total[part] += held[self.parts[where] == part].sum(axis=0)
        return total

    def _filled(self, price: NDArray[np.int64]) -> NDArray[np.int64]:
        """Prices with the last known one where a side is empty, so that none is out of range."""
        last = np.maximum.accumulate(np.where(self.both, np.arange(len(price)), -1))
        first = int(np.argmax(self.both))
        return np.asarray(price[np.where(last < 0, first, last)])


def _sums(place: NDArray[np.int64], what: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The sum of what is at each place."""
    return np.asarray(np.bincount(place, what, length), np.float64)


class _Span(NamedTuple):
    """Prices from ``low`` to ``high``, both included."""

    low: int
    high: int

    @classmethod
    def around(cls, anchor: NDArray[np.int64], width: int) -> "_Span":
        return cls(int(anchor.min()) - width, int(anchor.max()) + width)


def _time_outside(ts: NDArray[np.int64], halts: tuple[tuple[int, int], ...]) -> NDArray[np.int64]:
    """Times in ns on a clock that stands still in halts."""
    still = np.zeros(len(ts), np.int64)
    until = None
    for since, end in halts:
        since = since if until is None else max(since, until)
        if end > since:
            still += np.clip(ts, since, end) - since
            until = end
    return np.asarray(ts - still)
