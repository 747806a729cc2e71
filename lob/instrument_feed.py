"""One instrument of a feed, in parts that nobody would cut further apart."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from lob.feeds.feed import Feed, FeedBlock
from lob.instrument import Instrument

__all__ = ["InstrumentFeed", "Part", "SymbolError", "first_time"]

MOST_BLOCKS = 16
"""So many blocks without an end of an update are cut anyway."""


class SymbolError(ValueError):
    """There are several instruments and none was chosen, or none of the name."""


class Part(NamedTuple):
    """A stretch of one instrument's record, cut where a time and an update end."""

    messages: NDArray[np.void]
    """``lob.MESSAGE`` rows."""
    consistent: NDArray[np.bool_]
    """Whether the book after each is one that the venue showed."""
    prints: NDArray[np.void]
    """``PRINT`` rows; ``at`` counts messages of this instrument."""
    then: int
    """Time of the message that follows on them, -1: not known."""


class InstrumentFeed:
    """Reads one instrument out of a feed, from the front.

    Parameters
    ----------
    feed
        Of any format.
    symbol
        Name of the instrument; ``None``: the feed has one alone.
    until
        Messages from this time on are not read, in ns as the feed's clock has it.

    Attributes
    ----------
    instrument
        Once it is known.
    stopped
        Whether the reading ended at ``until``.
    """

    def __init__(self, feed: Feed, symbol: str | None = None, until: int | None = None) -> None:
        self.feed, self.symbol, self.until = feed, symbol, until
        self.instrument: Instrument | None = None
        self.stopped = False
        self._read = self._own = 0  # messages so far: of the feed, and of the instrument

    def parts(self, rows: int) -> Iterator[Part]:
        """Parts of about ``rows`` messages of the feed.

        Raises
        ------
        FeedError
            If the feed is damaged.
        SymbolError
            If the instrument is not told, or is not there.
        """
        rest, followed = None, 0
        with closing(_blocks(self.feed, rows)) as blocks:
            for block in blocks:
                ours = self._ours(block)
                rest = ours if rest is None else _joined(rest, ours)
                whole = len(rest.messages) if self.stopped else _whole(rest, MOST_BLOCKS * rows)
                if whole or self.stopped:
                    now, rest = _cut(rest, whole, followed)
                    followed += whole
                    yield Part(
                        *now, int(rest.messages["ts_event"][0]) if len(rest.messages) else -1
                    )
                if self.stopped:
                    break
        if self.instrument is None:
            said = f"has no instrument {self.symbol}" if self.symbol else "has nothing to replay"
            raise SymbolError(f"{self.feed.path}: {said}")
        if rest is not None and not self.stopped:
            yield Part(*rest, -1)

    def _ours(self, block: FeedBlock) -> FeedBlock:
        """What of a block is of the instrument and before the end."""
        messages, consistent, prints = block
        first, self._read = self._read, self._read + len(messages)
        if not self._is_known(block):
            return FeedBlock(messages[:0], consistent[:0], prints[:0])
        assert self.instrument is not None
        mine = messages["instrument"] == self.instrument.number
        told = prints["instrument"] == self.instrument.number
        if self.until is not None:
            late = np.flatnonzero(mine & (messages["ts_event"] >= self.until))
            self.stopped = bool(len(late))
            mine[late[0] if len(late) else len(mine) :] = False
            told &= prints["ts_event"] < self.until
        # Where among the messages of this instrument a print comes.
        kept = np.concatenate([[0], np.cumsum(mine)])
        places = kept[np.clip(prints["at"] - first, 0, len(mine))]
        prints = prints[told]
        prints["at"] = self._own + places[told]
        self._own += int(kept[-1])
        return FeedBlock(messages[mine], _carried(consistent, mine), prints)

    def _is_known(self, block: FeedBlock) -> bool:
        """Whether it is known by now which instrument it is; raises where that is not told."""
        if self.instrument is not None:
            others = block.messages["instrument"] != self.instrument.number
            if self.symbol is None and others.any():
                raise SymbolError(self._several())
            return True
        found = self.feed.instruments
        if self.symbol is not None:
            found = [one for one in found if one.name == self.symbol]
        elif len(found) > 1:
            raise SymbolError(self._several())
        self.instrument = found[0] if found else None
        return self.instrument is not None

    def _several(self) -> str:
        found = self.feed.instruments
        names = ", ".join(one.name for one in found[:20])
        more = f" and {len(found) - 20} more" if len(found) > 20 else ""
        return f"{self.feed.path}: has several instruments, choose one as the symbol: {names}{more}"


def first_time(feed: Feed) -> int | None:
    """When the first message of a feed is, in ns as its clock has it; ``None``: there is none."""
    with closing(_blocks(feed, 1)) as blocks:
        for block in blocks:
            if len(block.messages):
                return int(block.messages["ts_event"][0])
    return None


def _blocks(feed: Feed, rows: int) -> Generator[FeedBlock]:
    """The blocks of a feed, to be closed where they are not all read."""
    return cast("Generator[FeedBlock]", feed.blocks(rows))


def _whole(block: FeedBlock, most: int) -> int:
    """How many messages belong to what is told to its end: not cut within a time or an update."""
    messages, consistent, _ = block
    ts = messages["ts_event"]
    ends = np.flatnonzero(consistent[:-1] & (ts[1:] != ts[:-1]))
    if len(ends):
        return int(ends[-1]) + 1
    return len(messages) if len(messages) >= most else 0


def _carried(consistent: NDArray[np.bool_], mine: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a mark is at each message that is mine, or at one ahead of the next that is."""
    marks = np.concatenate([[0], np.cumsum(consistent)])
    places = np.flatnonzero(mine)
    return np.asarray(marks[np.append(places[1:], len(mine))[: len(places)]] > marks[places])


def _joined(one: FeedBlock, other: FeedBlock) -> FeedBlock:
    return FeedBlock(*(np.concatenate(pair) for pair in zip(one, other, strict=True)))


def _cut(block: FeedBlock, count: int, first: int) -> tuple[FeedBlock, FeedBlock]:
    """So many messages with the prints that come ahead of one of them, and the rest."""
    messages, consistent, prints = block
    told = int(np.searchsorted(prints["at"], first + count, side="left"))
    return (
        FeedBlock(messages[:count], consistent[:count], prints[:told]),
        FeedBlock(messages[count:], consistent[count:], prints[told:]),
    )
