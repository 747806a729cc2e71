"""LOBSTER as a feed: the messages and the book of a day as one stream that follows both.

What the messages leave out beyond the best N levels comes in synthetic messages of orders with
negative ids (``lob.feeds.reconcile``); the check *book after each row* holds the stream against
the orderbook file. Both files are read whole.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lob.feeds import lobster
from lob.feeds.feed import Feed, FeedBlock, FeedHalt
from lob.feeds.lobster import Day, Type
from lob.feeds.prints import PRINT, PrintKind
from lob.feeds.recognise import Head
from lob.feeds.reconcile import Stream, reconcile
from lob.instrument import Instrument

__all__ = ["Lobster"]

_KINDS = {
    Type.EXECUTE: PrintKind.TRADE,
    Type.EXECUTE_HIDDEN: PrintKind.HIDDEN,
    Type.AUCTION: PrintKind.CROSS,
}


class Lobster(Feed):
    """One LOBSTER day: a zip, a folder, or either file of its pair.

    Parameters
    ----------
    path
        As of ``lob.feeds.lobster.find``.
    member
        The message file of the day to read, where there are several.

    Raises
    ------
    FeedError
        If there is no day, or there are several and none is chosen.
    """

    format = "lobster"
    clock = "exchange-local, after midnight"

    def __init__(self, path: str | Path, *, member: str | None = None) -> None:
        super().__init__(path, member=member)
        self._pair = lobster.choose(path, member)
        self._stream: Stream | None = None

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether the names are those of LOBSTER files, which alone tell their columns."""
        if head.path.is_dir():
            return any(map(lobster.is_name, (file.name for file in head.path.glob("*.csv"))))
        names = (*head.members, head.name)
        return any(lobster.is_name(name.rsplit("/", 1)[-1]) for name in names)

    @property
    def instruments(self) -> list[Instrument]:
        """The one stock of the day; both files are read for its tick, a lot is a share.

        Raises ``FeedError`` if a file is not sound.
        """
        return [self._read().day.instrument]

    @property
    def recorded_levels(self) -> int:
        """Levels a side in the orderbook file: what is beyond them was last seen some time ago."""
        return self._read().day.levels

    @property
    def synthetic(self) -> NDArray[np.bool_]:
        """Which of the feed's messages nobody sent: they follow what the best levels hide."""
        return self._read().synthetic

    def _read(self) -> Stream:
        if self._stream is None:
            self._stream = reconcile(self._pair.read())
        return self._stream

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        stream = self._read()
        self._tell(stream)
        messages, row = stream.messages, stream.row
        consistent = np.ones(len(row), np.bool_)
        consistent[:-1] = row[1:] != row[:-1]
        prints = _prints(stream.day, row)
        at = 0
        while at < len(messages):
            end = min(at + rows, len(messages))
            first, last = np.searchsorted(prints["at"], (at, end))
            yield FeedBlock(messages[at:end], consistent[at:end], prints[first:last])
            at = end
        tail = prints[np.searchsorted(prints["at"], at) :]
        if len(tail):
            yield FeedBlock(messages[:0], consistent[:0], tail)

    def _tell(self, stream: Stream) -> None:
        day, report, found = stream.day, self.report, stream.report
        report.records = {name: count for name, count in found.rows_by_type.items() if count}
        report.saw(day.messages["ts_event"])
        for halt in found.halts:
            report.halts.append(FeedHalt(halt.ts_event, day.instrument.number, halt.state))
        check = report.check("book after each row")
        check.passed = found.match.all_levels
        check.failed = found.match.compared - found.match.all_levels
        check = report.check("messages of one order agree")
        check.failed = found.contradictions + found.unknown_prices + found.overdrawn
        check.passed = len(day.messages) - check.failed
        check.first_failure = found.first_problem or ""
        report.overdrawn = found.overdrawn
        report.unknown_ids = report.unknown_explained = found.unknown_ids
        report.note(
            f"{found.synthetic_messages:,} synthetic messages follow what the best "
            f"{day.levels} levels hide; unknown ids are orders from before the record or from there"
        )
        if day.truncated:
            report.note(day.truncated)
        if found.first_problem:
            report.blame(found.first_problem)


def _prints(day: Day, row: NDArray[np.int64]) -> NDArray[np.void]:
    kind = day.messages["kind"]
    rows = np.flatnonzero(np.isin(kind, list(_KINDS)))
    told = day.messages[rows]
    prints = np.zeros(len(rows), PRINT)
    prints["ts_event"] = told["ts_event"]
    prints["at"] = np.searchsorted(row, rows)
    prints["price"] = np.maximum(told["price"], 0) // day.tick
    prints["size"] = told["size"]
    prints["order_id"] = told["order_id"]
    prints["instrument"] = day.instrument.number
    for kind_of, print_kind in _KINDS.items():
        prints["kind"][told["kind"] == kind_of] = print_kind
    # The direction is that of the order that rested; an auction has no aggressor.
    prints["side"] = np.where(told["kind"] == Type.AUCTION, 0, -told["direction"])
    prints["counts"] = 1
    return prints
