"""Base of every reader of historical order flow: one protocol, one report.

A feed is read from the front, in blocks: messages that an order-by-id book follows, and prints, the
trades that are told beside them. Replaying a feed's messages in order through books that know
orders by id and do not match (``lob.feeds.Books``) gives the venue's; ``Feed.blocks`` does so on
the way, and its report counts what no sound feed tells.

What a message says to such a book:

=======  ==========================================================================================
NEW      an order at the end of its queue; its id must not be in use
CANCEL   the order is gone
REDUCE   it lost ``size`` lots and keeps its place; with none left it is gone
REPLACE  it now has ``price`` and ``size``; it goes to the end of its queue unless the price is the
         same and the size not larger
=======  ==========================================================================================

Where a venue says several things at once (a snapshot, a level update of many prices) the book in
between is not one that anybody saw: ``FeedBlock.consistent`` marks the messages after which it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lob.counted import counted
from lob.feeds._books import Books
from lob.feeds.errors import FeedError
from lob.feeds.prints import PRINT
from lob.instrument import Instrument
from lob.types import MESSAGE

if TYPE_CHECKING:
    from lob.feeds._levels import LevelBooks

__all__ = ["ROWS", "Feed", "FeedBlock", "FeedCheck", "FeedHalt", "FeedReport"]

ROWS = 2**16
"""Messages of a block, about, unless another number is asked for."""


_OF_BOOKS = (
    "unknown_ids", "duplicate_ids", "overdrawn",
    "crossed", "locked", "crossed_before_open", "locked_before_open",
)  # fmt: skip


class FeedBlock(NamedTuple):
    """A stretch of a feed: messages and the prints beside them."""

    messages: NDArray[np.void]
    """``lob.MESSAGE`` rows, in the feed's order."""
    consistent: NDArray[np.bool_]
    """For each message whether the book after it is one that the venue showed."""
    prints: NDArray[np.void]
    """``PRINT`` rows: the trades told beside these messages."""


@dataclass
class FeedCheck:
    """One test of truth that the venue's own format offers: a CRC32, a chain of update ids."""

    passed: int = 0
    """How often it passed."""
    failed: int = 0
    """How often it failed."""
    first_failure: str = ""
    """Place of the first failure, and what was expected and found; empty if there is none."""


class FeedHalt(NamedTuple):
    """A change of the trading state of an instrument."""

    ts_event: int
    """When the state changed, in ns by the feed's clock."""
    instrument: int
    """Number of the instrument."""
    state: str
    """State as the venue calls it: halted, paused, quoting, trading..."""


@dataclass
class FeedReport:
    """What was met in a feed. It grows as the feed is read; ``complete`` once all is.

    Counts that a format cannot have are 0, and its ``checks`` say what was tested.
    """

    path: str
    """The file."""
    format: str
    """Name of the format, as in the registry."""
    verified: bool
    """Whether the reader of this format was tried on real files."""
    is_level_feed: bool
    """Whether orders are anonymous: one for each price that is there."""
    clock: str
    """What ``ts_event`` counts from: ``"UTC"`` or ``"exchange-local, after midnight"``."""
    complete: bool = False
    records: dict[str, int] = field(default_factory=dict)
    """Count of records, by the format's own name of the type."""
    messages: int = 0
    prints: int = 0
    first_ts: int | None = None
    last_ts: int | None = None
    went_back: int = 0
    """Count of records earlier than the one before."""
    gaps: int = 0
    """Count of places where the venue's own numbers say that something is missing."""
    checks: dict[str, FeedCheck] = field(default_factory=dict)
    snapshots: int = 0
    unknown_ids: int = 0
    """Count of cancels, reductions, executions and replacements of orders that are not there."""
    unknown_explained: int = 0
    """Count of those of ``unknown_ids`` whose orders are from before the record, or before a
    snapshot."""
    duplicate_ids: int = 0
    """Count of new orders under the id of one that is there."""
    overdrawn: int = 0
    """Count of reductions by more than the order had."""
    crossed_before_open: int = 0
    """Count of consistent books with the best bid above the best ask, while orders were
    collected."""
    crossed: int = 0
    """Count of consistent books with the best bid above the best ask once trading was open: the
    feed is damaged, or the reader wrong."""
    locked_before_open: int = 0
    locked: int = 0
    """Count of consistent books with the best bid equal to the best ask, once trading was open."""
    live_orders: int = 0
    """Count of resting orders at the end."""
    sessions: list[tuple[int, str]] = field(default_factory=list)
    """Time (ns) and name of each event of the trading day."""
    halts: list[FeedHalt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences that a reader of any result must know: assumptions, repairs, what is unverified."""
    truncated: str = ""
    """A sentence, if the record ends long before its name says; empty: it does not."""
    problem: str = ""
    """The first thing that was wrong, with its line or byte."""

    def check(self, name: str) -> FeedCheck:
        """Return the check of this name; it is made where it is not there."""
        return self.checks.setdefault(name, FeedCheck())

    def note(self, said: str) -> None:
        """Add a note to the report, once."""
        if said not in self.notes:
            self.notes.append(said)

    def blame(self, said: str) -> None:
        """Keep the first problem of the report."""
        self.problem = self.problem or said

    def saw(self, ts: NDArray[np.int64]) -> None:
        """Count the times of records in ns, in their order."""
        if not len(ts):
            return
        if self.first_ts is None:
            self.first_ts = self.last_ts = int(ts[0])
        assert self.last_ts is not None
        self.went_back += int(np.count_nonzero(ts[1:] < ts[:-1])) + int(ts[0] < self.last_ts)
        self.first_ts = min(self.first_ts, int(ts.min()))
        self.last_ts = int(ts[-1])

    def saw_one(self, ts: int) -> None:
        """Count the time of one record in ns."""
        if self.first_ts is None or self.last_ts is None:
            self.first_ts = self.last_ts = ts
        self.went_back += ts < self.last_ts
        self.first_ts = min(self.first_ts, ts)
        self.last_ts = ts

    @property
    def faults(self) -> list[str]:
        """Sentences on what says that the feed is damaged or incomplete; empty if nothing does."""
        found = [
            f"check {name}: {check.failed} of {check.passed + check.failed} failed"
            + (f" (first: {check.first_failure})" if check.first_failure else "")
            for name, check in self.checks.items()
            if check.failed
        ]
        for count, said in (
            (self.gaps, ("gap", "")),
            (
                self.unknown_ids - self.unknown_explained,
                ("reference to an unknown order", "references to unknown orders"),
            ),
            (self.duplicate_ids, ("new order under an id in use", "new orders under an id in use")),
            (
                self.overdrawn,
                ("reduction by more than there was", "reductions by more than there was"),
            ),
            (
                self.crossed,
                ("crossed book once trading was open", "crossed books once trading was open"),
            ),
        ):
            if count:
                found.append(counted(count, *said))
        return found

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values, by the names of its fields, with its ``faults``."""
        told = dict(vars(self))
        told["checks"] = {name: vars(check).copy() for name, check in self.checks.items()}
        told["halts"] = [halt._asdict() for halt in self.halts]
        told["sessions"] = [{"ts_event": ts, "name": name} for ts, name in self.sessions]
        told["faults"] = self.faults
        return told

    def __str__(self) -> str:
        from lob.feeds._tell import tell

        return tell(self)


class Feed(ABC):
    """A file of historical order flow, read as ``lob.MESSAGE`` arrays in bounded memory.

    Parameters
    ----------
    path
        The file.
    member
        Which file of a zip that holds several.

    Attributes
    ----------
    format
        Name of the format, as the registry has it.
    verified
        Whether the reader was tried on real files of the format; results of one that was not are
        labelled *unverified*.
    is_level_feed
        Whether the feed tells sizes of prices, not orders: each price then is one anonymous order,
        and queue places are unknown. Every result says so.
    clock
        ``"UTC"``: ``ts_event`` is ns since 1970; or ``"exchange-local, after midnight"``.
    """

    format: ClassVar[str]
    verified: ClassVar[bool] = True
    is_level_feed: ClassVar[bool] = False
    clock: ClassVar[str] = "UTC"
    tells_crossing: ClassVar[bool] = False
    """Whether an order that trades at once is told as a new one, beside what it took and lost."""
    keeps_books: ClassVar[bool] = False
    """Whether the reader follows its own messages in ``self.books``, for it needs them to read."""

    def __init__(self, path: str | Path, *, member: str | None = None) -> None:
        self.path = Path(path)
        self.member = member
        self.books: Books | LevelBooks = Books()
        self.report = self._new_report()

    @property
    @abstractmethod
    def instruments(self) -> list[Instrument]:
        """Instruments of the feed, numbered as in the messages, ticks and lots as found or stated.

        Complete once the feed is read; before, as far as the head of the file tells.
        """

    @abstractmethod
    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        """Read the file from the front; fill ``report`` as it goes.

        A block holds about ``rows`` messages: more where one record makes many. It may raise any
        ``FeedError``. Where books are crossed before an opening, it calls
        ``self.books.close(before_open=True)`` at the opening.
        """

    @final
    def blocks(self, rows: int = ROWS) -> Iterator[FeedBlock]:
        """Yield messages and prints together, from the front, with a new report.

        Parameters
        ----------
        rows
            Messages of a block, about; 1 or more.

        Raises
        ------
        FeedError
            If the file is damaged; nothing else leaves a reader.
        ValueError
            If ``rows`` is below 1.
        """
        if rows < 1:
            raise ValueError(f"rows must be 1 or more, got {rows}")
        self.books = Books()
        self.report = self._new_report()
        yield from self._followed(self._blocks(rows))

    def _followed(self, blocks: Iterator[FeedBlock]) -> Iterator[FeedBlock]:
        """Follow and count blocks on their way."""
        try:
            for block in blocks:
                if isinstance(self.books, Books) and not self.keeps_books:
                    self.books.apply(block.messages, block.consistent)
                self.report.messages += len(block.messages)
                self.report.prints += len(block.prints)
                yield block
        except FeedError as error:
            self.report.blame(str(error))
            self._count_books()
            raise
        self.books.close()
        self._count_books()
        self.report.complete = True

    @final
    def batches(self, rows: int = ROWS) -> Iterator[NDArray[np.void]]:
        """Yield the messages alone, in non-empty ``lob.MESSAGE`` arrays of about ``rows`` rows.

        Raises ``FeedError`` where the file is damaged.
        """
        for block in self.blocks(rows):
            if len(block.messages):
                yield block.messages

    @final
    def prints(self, rows: int = ROWS) -> Iterator[NDArray[np.void]]:
        """Yield the trades that the feed tells, in non-empty ``PRINT`` arrays; another pass.

        Raises ``FeedError`` where the file is damaged.
        """
        for block in self.blocks(rows):
            if len(block.prints):
                yield block.prints

    @final
    def scan(self) -> FeedReport:
        """Read all of it and return the report. Raises ``FeedError`` where it is damaged."""
        self.books = Books()
        self.report = self._new_report()
        for _ in self._followed(self._pass_over()):
            pass
        return self.report

    def _pass_over(self) -> Iterator[FeedBlock]:
        """Read for the report alone.

        A reader need not make the messages and prints that it adds to the report itself.
        """
        return self._blocks(ROWS)

    def _count_books(self) -> None:
        """Add what the books met; a reader may have counted more itself."""
        report, books = self.report, self.books
        for name in _OF_BOOKS:
            setattr(report, name, getattr(report, name) + getattr(books, name))
        report.live_orders = books.live

    def _new_report(self) -> FeedReport:
        report = FeedReport(
            str(self.path), self.format, self.verified, self.is_level_feed, self.clock
        )
        if not self.verified:
            report.note("unverified: no real file of this format was at hand to try the reader on")
        if self.is_level_feed:
            report.note("a level feed: each price is one anonymous order, queue places are unknown")
        return report


def empty(messages: int = 0, prints: int = 0) -> FeedBlock:
    """A block of rows to fill in: zeros, every message consistent."""
    consistent = np.ones(messages, np.bool_)
    return FeedBlock(np.zeros(messages, MESSAGE), consistent, np.zeros(prints, PRINT))
