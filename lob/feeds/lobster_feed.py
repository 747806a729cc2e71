"""LOBSTER as a feed: the messages and the book of a day as one stream that follows both.

What the messages leave out beyond the best N levels comes in synthetic messages of orders with
negative ids (``lob.feeds.reconcile``); the check *book after each row* holds the stream against
the orderbook file. Both files are read in blocks: once for what only their end tells (the tick, and
whether all of it is sound), and once more for the messages. A report alone takes one pass, and so
does a day whose rows take little memory.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lob.counted import counted
from lob.feeds import lobster
from lob.feeds._reconcile import Reconciler
from lob.feeds.feed import ROWS, Feed, FeedBlock, FeedHalt
from lob.feeds.lobster import Type
from lob.feeds.lobster_rows import PairRows
from lob.feeds.prints import PRINT, PrintKind
from lob.feeds.recognise import Head
from lob.feeds.reconcile import describe, nothing_in, reconcile
from lob.feeds.reconcile_report import HALT_STATES
from lob.instrument import Instrument
from lob.types import MESSAGE

__all__ = ["Lobster"]

KEPT = 48 * 2**20
"""Bytes: a day whose rows take no more is kept, and so read once."""

_KINDS = np.zeros(max(Type) + 1, np.uint8)  # of prints, by the type of a row; 0: none
_KINDS[Type.EXECUTE] = PrintKind.TRADE
_KINDS[Type.EXECUTE_HIDDEN] = PrintKind.HIDDEN
_KINDS[Type.AUCTION] = PrintKind.CROSS


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
        self._instrument: Instrument | None = None
        self._rows: PairRows | None = None  # once they are all kept
        self._kept: list[tuple[NDArray[np.void], NDArray[np.int64]]] = []

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
        if self._instrument is None:
            self._instrument = self._pair.instrument(self._read_through().whole_cents)
        return [self._instrument]

    @property
    def recorded_levels(self) -> int:
        """Levels a side in the orderbook file: what is beyond them was last seen some time ago."""
        return self._pair.levels

    def read_synthetic(self) -> NDArray[np.bool_]:
        """Read the day whole: which of the feed's messages nobody sent, a bool each.

        They follow what the best levels hide. Raises ``FeedError`` if a file is not sound.
        """
        return reconcile(self._pair.read()).synthetic

    def _read_through(self) -> PairRows:
        """Read both files to their end, and keep what is in them if it is not much."""
        kept, size = [], 0
        with closing(self._pair.rows()) as pair:
            for block in pair.blocks():
                size += sum(part.nbytes for part in block)
                if size <= KEPT:
                    kept.append(block)
                else:
                    kept.clear()
        if kept:
            self._rows, self._kept = pair, kept
        return pair

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        (instrument,) = self.instruments
        return self._follow(instrument, rows)

    def _pass_over(self) -> Iterator[FeedBlock]:
        # Nobody sees the prices: the files' own unit is as good as the tick, and known at once.
        return self._follow(self._pair.instrument(whole_cents=False), ROWS)

    def _follow(self, instrument: Instrument, rows: int) -> Iterator[FeedBlock]:
        tick = int(instrument.tick_size * 10_000)
        reconciler = Reconciler(self._pair.levels, tick, instrument.number, 2**16)
        prints = np.zeros(0, PRINT)  # those that are not given out yet
        at = seen = 0
        with closing(self._rows or self._pair.rows()) as pair:
            for told, book in self._kept or pair.blocks():
                reconciler.follow(told, book)
                messages, row, _ = reconciler.messages_so_far()
                made = _prints(told, row - seen, tick, instrument.number)
                made["at"] += at
                seen += len(told)
                prints = np.concatenate([prints, made])
                consistent = np.ones(len(row), np.bool_)
                consistent[:-1] = row[1:] != row[:-1]
                self._count_rows(told, instrument.number)
                for start in range(0, len(messages), rows):
                    part = messages[start : start + rows].copy()
                    at += len(part)
                    count = int(np.searchsorted(prints["at"], at))
                    yield FeedBlock(part, consistent[start : start + rows], prints[:count])
                    prints = prints[count:]
                reconciler.forget()
        self._tell(reconciler, pair, at)
        if len(prints):
            yield FeedBlock(np.zeros(0, MESSAGE), np.zeros(0, np.bool_), prints)

    def _count_rows(self, told: NDArray[np.void], number: int) -> None:
        report = self.report
        counts = np.bincount(told["kind"])
        for kind in Type:
            if kind < len(counts) and counts[kind]:
                name = kind.name.lower()
                report.records[name] = report.records.get(name, 0) + int(counts[kind])
        report.saw(told["ts_event"])
        for halt in told[told["kind"] == Type.HALT]:
            state = HALT_STATES.get(int(halt["price"]), "unknown")
            report.halts.append(FeedHalt(int(halt["ts_event"]), number, state))

    def _tell(self, reconciler: Reconciler, pair: PairRows, messages: int) -> None:
        report, source = self.report, self._pair.source
        if not messages:
            raise nothing_in(source)
        found, wrong = reconciler.result()
        names = [kind.name.lower() for kind in Type]
        report.records = {name: report.records[name] for name in names if name in report.records}
        check = report.check("book after each row")
        # The first row starts the book: there is nothing to compare yet.
        check.passed = found["matched_rows"] - 1
        check.failed = pair.count - 1 - check.passed
        check = report.check("messages of one order agree")
        check.failed = found["contradictions"] + found["unknown_prices"] + found["overdrawn"]
        check.passed = pair.count - check.failed
        check.first_failure = describe(source, wrong) if wrong else ""
        report.overdrawn = found["overdrawn"]
        report.unknown_ids = report.unknown_explained = found["unknown_ids"]
        report.note(
            f"{counted(found['synthetic_messages'], 'synthetic message')} for what the best "
            f"{counted(pair.levels, 'level')} hide; unknown ids are orders from before "
            "the record or from there"
        )
        assert report.last_ts is not None
        cut = lobster.truncation(report.last_ts, self._pair.until, pair.longest_silence)
        if cut:
            report.note(cut)
            report.truncated = cut
        if wrong:
            report.blame(check.first_failure)


def _prints(
    rows: NDArray[np.void], row: NDArray[np.int64], tick: int, number: int
) -> NDArray[np.void]:
    """The prints of rows, ``row`` being the index of the row of each message."""
    chosen = np.flatnonzero(_KINDS[rows["kind"]])
    told = rows[chosen]
    prints = np.zeros(len(chosen), PRINT)
    prints["ts_event"] = told["ts_event"]
    prints["at"] = np.searchsorted(row, chosen)
    prints["price"] = np.maximum(told["price"], 0) // tick
    prints["size"] = told["size"]
    prints["order_id"] = told["order_id"]
    prints["instrument"] = number
    prints["kind"] = _KINDS[told["kind"]]
    # The direction is that of the order that rested; an auction has no aggressor.
    prints["side"] = np.where(told["kind"] == Type.AUCTION, 0, -told["direction"])
    prints["counts"] = 1
    return prints
