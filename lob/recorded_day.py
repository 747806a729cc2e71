"""A stretch of recorded order flow in memory, to be sent again by a participant of a run.

The clock of the stretch begins at 0, when the book is there: with both sides, and one that lasted.
What rests in it then are the *opening* orders; the messages after it follow.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lob.feeds.feed import Feed
from lob.feeds.prints import PRINT
from lob.instrument import Instrument
from lob.instrument_feed import InstrumentFeed
from lob.replay import LEVEL_WINDOW_NS, RUNNING, STILL, ReplayError
from lob.resubmission import Resubmission
from lob.types import MESSAGE, Kind

__all__ = ["RecordedDay", "read_day"]

ROWS = 2**14
NOBODY = -1
"""Id in prints of an order that no message is of."""


@dataclass(frozen=True, eq=False)
class RecordedDay:
    """A stretch of one instrument's record, from a time at which its book is there."""

    instrument: Instrument
    """The instrument, as the feed has it."""
    opening: NDArray[np.void]
    """``lob.MESSAGE`` rows: the orders that rest at the start, a new one each, first come first."""
    messages: NDArray[np.void]
    """``lob.MESSAGE`` rows of the record after it, times in ns since the start, never falling."""
    prints: NDArray[np.void]
    """``lob.feeds.PRINT`` rows; ``at`` counts these messages."""
    orders: int
    """How many orders there are: their ids here are 1, 2, 3..."""
    halts: tuple[tuple[int, bool], ...]
    """When trading stopped (true) or went on, in ns since the start."""
    starts: int
    """Time of the start, in ns as the feed's clock has it."""
    price: int
    """The mid at the start in ticks, rounded down."""
    levels: bool
    """Whether an order is all that rests at a price."""
    tells_crossing: bool
    """Whether an order that trades at once is told as a new one, ahead of what it took."""
    notes: tuple[str, ...] = field(default=())
    """Sentences that a reader of any result must know, as the feed's report has them."""

    @property
    def window(self) -> int:
        """How long a print may come before the removal that it explains, in ns."""
        return LEVEL_WINDOW_NS if self.levels else 0

    @property
    def ends(self) -> int:
        """Time of the last message, in ns since the start."""
        return int(self.messages["ts_event"][-1]) if len(self.messages) else 0

    def with_instrument(self, instrument: Instrument) -> Self:
        """A record of the same, with another description of what is traded.

        Parameters
        ----------
        instrument
            The instrument.
        """
        return replace(self, instrument=instrument)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # nobody changes it


def read_day(
    feed: Feed, symbol: str | None = None, *, since: int | None = None, until: int | None = None
) -> RecordedDay:
    """Read a stretch of a feed.

    Parameters
    ----------
    feed
        Recorded order flow of any format.
    symbol
        Name of the instrument; ``None``: the feed has one alone.
    since
        The stretch starts with the first message from then on after which the book is there: ns as
        the feed's clock has it; ``None``: as soon as it is.
    until
        Messages from this time on are not read.

    Raises
    ------
    FeedError
        If the feed is damaged.
    ReplayError
        If the book never has both sides.
    SymbolError
        If the instrument is not told, or is not there.
    """
    return _Reader(feed, symbol, since, until).day()


class _Reader:
    """One pass over a feed."""

    def __init__(
        self, feed: Feed, symbol: str | None, since: int | None, until: int | None
    ) -> None:
        self.feed, self.since = feed, since
        self.source = InstrumentFeed(feed, symbol, until)
        self.core: Resubmission | None = None
        self.opening: NDArray[np.void] | None = None
        self.starts = self.price = self.before = self.count = 0
        self.messages = [np.zeros(0, MESSAGE)]
        self.prints = [np.zeros(0, PRINT)]

    def day(self) -> RecordedDay:
        for part in self.source.parts(ROWS):
            at = 0
            if self.opening is None:
                at = self._look(part.messages, part.consistent, part.prints, part.then)
            self.count += len(part.messages)
            if self.opening is not None:
                self.messages.append(part.messages[at:].copy())
                self.prints.append(part.prints[part.prints["at"] > self.before - 1].copy())
        if self.opening is None:
            after = "" if self.since is None else " from then on"
            raise ReplayError(f"{self.feed.path}: the book never has both sides{after}")
        return self._made(self.opening)

    def _look(
        self,
        messages: NDArray[np.void],
        consistent: NDArray[np.bool_],
        prints: NDArray[np.void],
        then: int,
    ) -> int:
        """Follow until the book is there; how many messages that took."""
        if self.core is None:
            assert self.source.instrument is not None
            self.core = Resubmission(
                self.source.instrument.number,
                levels=self.feed.is_level_feed,
                tells_crossing=self.feed.tells_crossing,
            )
        at = 0
        if self.since is not None:
            late = messages["ts_event"] >= self.since
            at = int(np.argmax(late)) if late.any() else len(messages)
            next_ts = int(messages["ts_event"][at]) if at < len(messages) else then
            self.core.follow(messages[:at], consistent[:at], prints, self.count, False, next_ts)
        while at < len(messages):
            at += self.core.follow(
                messages[at:], consistent[at:], prints, self.count + at, True, then
            )[0]
            book = self.core.recorded
            if self.core.settled and book.best_bid is not None and book.best_ask is not None:
                self.price = (book.best_bid + book.best_ask) // 2
                self.opening = _opening(book.orders())
                self.starts = int(messages["ts_event"][at - 1])
                self.before = self.count + at
                break
        return at

    def _made(self, opening: NDArray[np.void]) -> RecordedDay:
        messages, prints = np.concatenate(self.messages), np.concatenate(self.prints)
        instrument = self.source.instrument
        assert instrument is not None
        prints["at"] -= self.before
        orders = _numbered(opening, messages, prints)
        for rows in (messages, prints):
            ts = np.maximum(rows["ts_event"] - self.starts, 0)
            rows["ts_event"] = np.maximum.accumulate(ts) if len(ts) else ts
        halts = [
            (max(0, one.ts_event - self.starts), one.state in STILL)
            for one in self.feed.report.halts
            if one.instrument == instrument.number and one.state in RUNNING | STILL
        ]
        return RecordedDay(
            instrument, opening, messages, prints, orders, tuple(halts), self.starts, self.price,
            self.feed.is_level_feed, self.feed.tells_crossing, tuple(self.feed.report.notes),
        )  # fmt: skip


def _numbered(
    opening: NDArray[np.void], messages: NDArray[np.void], prints: NDArray[np.void]
) -> int:
    """Put numbers from 1 on in place of recorded ids, whatever those are; how many there are."""
    ids = np.unique(np.concatenate([opening["order_id"], messages["order_id"]]))
    for rows in (opening, messages):
        rows["order_id"] = np.searchsorted(ids, rows["order_id"]) + 1
    told = prints["order_id"]
    place = np.minimum(np.searchsorted(ids, told), max(0, len(ids) - 1))
    known = ids[place] == told if len(ids) else np.zeros(len(told), np.bool_)
    prints["order_id"] = np.where(told == 0, 0, np.where(known, place + 1, NOBODY))
    return len(ids)


def _opening(orders: NDArray[np.void]) -> NDArray[np.void]:
    rows = np.zeros(len(orders), MESSAGE)
    for name in ("order_id", "side", "price", "size"):
        rows[name] = orders[name]
    rows["kind"] = Kind.NEW
    return rows
