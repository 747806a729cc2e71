"""Base of the readers of level feeds: the file is read twice, then updates make messages.

The first pass finds what is traded and in which steps: the smallest power of ten in which all
prices, and all sizes, of an instrument are whole numbers. The second one follows the updates. A
venue's reader says where in its messages the facts stand (a shape), which kinds of messages matter,
and what the numbers of its updates promise.
"""

from abc import abstractmethod
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from lob.counted import counted
from lob.feeds import _levels
from lob.feeds._levels import LevelBooks
from lob.feeds._shapes import Shape
from lob.feeds._taken import Taken
from lob.feeds.captures import Captured, line_of
from lob.feeds.containers import FeedFile, blocks_of_lines, open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import Feed, FeedBlock, FeedReport
from lob.feeds.shapes import Code
from lob.instrument import Instrument

__all__ = ["CaptureFeed", "LevelFeed", "fault_of"]

MOST_STEP = 2**40


class LevelFeed(Feed):
    """A feed that tells absolute sizes of levels.

    Parameters
    ----------
    path, member
        The file, and which file of a zip that holds several.
    tick_size, lot_size
        Steps of prices and sizes of all instruments, decimals. Found where they are not given.

    Raises
    ------
    FeedError
        If the file cannot be opened.
    ValueError
        If a step is not positive.
    """

    is_level_feed = True
    keeps_books = True

    follows: dict[str, Any] = {}  # noqa: RUF012
    """How books follow the updates: arguments of ``LevelBooks``."""
    needs_snapshot: ClassVar[bool] = True
    """Whether a book without a snapshot is worth a note."""

    def __init__(
        self,
        path: str | Path,
        *,
        member: str | None = None,
        tick_size: Decimal | int | str | None = None,
        lot_size: Decimal | int | str | None = None,
    ) -> None:
        self._tick = None if tick_size is None else _step("tick_size", tick_size)
        self._lot = None if lot_size is None else _step("lot_size", lot_size)
        self._found: list[tuple[Instrument, bool]] | None = None
        super().__init__(path, member=member)

    @abstractmethod
    def _shape(self) -> Taken:
        """A new taker of messages."""

    @abstractmethod
    def _read(self, shape: Taken, report: FeedReport) -> Iterator[None]:
        """Read the file into a shape; come back whenever it holds some messages."""

    @property
    def instruments(self) -> list[Instrument]:
        """Instruments of the feed, in the order in which they come up; the file is read for them.

        Raises ``FeedError`` if the file is damaged.
        """
        return [instrument for instrument, _ in self._survey()]

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        found = self._survey()
        self.books = books = LevelBooks(**self.follows)
        for instrument, has_snapshot in found:
            books.trade_in(
                instrument.number,
                *_units(instrument.tick_size),
                *_units(instrument.lot_size),
                _levels.WAITING if has_snapshot else _levels.OPEN,
            )
        if self.needs_snapshot and (lacking := [i.name for i, has in found if not has]):
            self.report.note(
                f"no snapshot of {', '.join(lacking[:5])}{' and others' * (len(lacking) > 5)}: "
                "the book grows from the updates, and lacks what they do not touch"
            )
        shape = self._shape()
        try:
            for _ in self._read(shape, self.report):
                yield from self._follow(books, shape, rows)
                shape.clear()
            self._finish(books)
            yield FeedBlock(*books.taken())
        finally:
            self._count(books, shape)

    def _follow(self, books: LevelBooks, shape: Taken, rows: int) -> Iterator[FeedBlock]:
        """Turn the messages of a shape into blocks, and keep what is too little for one."""
        at = 0
        while True:
            at, why = books.follow(shape, at, rows)
            if why == _levels.DONE:
                return
            if why == _levels.FULL:
                yield FeedBlock(*books.taken())
            elif why == _levels.ATTEND:
                self._attend(books, shape, at)
                at += 1
            if books.wrong:
                raise FeedError(books.wrong, path=self._name, line=books.wrong_line or None)

    def _attend(self, books: LevelBooks, shape: Taken, at: int) -> None:
        """Deal with a message that the books cannot place alone."""
        raise NotImplementedError

    def _finish(self, books: LevelBooks) -> None:
        """The file is at its end."""

    @property
    def _name(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}/{self.member}"

    def _survey(self) -> list[tuple[Instrument, bool]]:
        """The instruments, and whether the file has a snapshot of each."""
        if self._found is not None:
            return self._found
        books, shape = LevelBooks(), self._shape()
        for _ in self._read(shape, self._new_report()):
            books.survey(shape)
            shape.clear()
        names = shape.symbol_names
        found = books.found() or [(0, 0, False)]
        if len(names) == 1 and len(found) > 1:  # a snapshot without a name can only be of it
            found[1] = _wider(found[0], found[1])
        found += [(0, 0, False)] * (len(names) + 1 - len(found))
        self._found = [
            (
                Instrument(
                    name or "unnamed",
                    tick_size=self._tick or Decimal(1).scaleb(-price),
                    lot_size=self._lot or Decimal(1).scaleb(-size),
                    number=number,
                ),
                has_snapshot,
            )
            for number, (name, (price, size, has_snapshot)) in enumerate(
                zip(names, found[1:], strict=False)
            )
        ]
        return self._found

    def _count(self, books: LevelBooks, shape: Taken) -> None:
        """Tell the report what was met."""
        report = self.report
        for kind, count in shape.kind_counts.items():
            report.records[kind] = report.records.get(kind, 0) + count
        for name, (passed, failed, first) in books.checks.items():
            check = report.check(name)
            check.passed, check.failed, check.first_failure = passed, failed, first
            if first:
                report.blame(first)
        report.gaps += books.gaps
        report.snapshots += books.snapshots
        if books.first_ts >= 0:
            report.first_ts, report.last_ts = books.first_ts, books.last_ts
            report.went_back = books.went_back
        if books.early:
            report.note(
                f"{counted(books.early, 'update')} before the first snapshot of the book left out"
            )
        if books.stale:
            report.note(
                f"{counted(books.stale, 'update')} with a number that had been told left out"
            )
        if books.beyond:
            report.note(
                f"{counted(books.beyond, 'price')} beyond 2**40 ticks, or of sizes beyond "
                "2**62 lots, left out"
            )
        if books.unnamed:
            report.note(
                f"{counted(books.unnamed, 'message')} without the name of an instrument left out"
            )


class CaptureFeed(LevelFeed):
    """A level feed that was captured, one JSON message a line.

    Parameters are those of ``LevelFeed``: ``path``, ``member``, ``tick_size`` and ``lot_size``.
    """

    shape: ClassVar[object]
    """Where the facts stand in the venue's messages."""
    kinds: ClassVar[dict[str, Code]]
    """What each of the venue's kinds of messages is, by its name."""
    rest: ClassVar[Code] = Code.NONE
    """What all kinds are that have no name in ``kinds``."""

    def _shape(self) -> Shape:
        kinds, rest = self.kinds, self.rest
        return Shape(self.shape, lambda kind: kinds.get(kind, rest))

    def _read(self, shape: Taken, report: FeedReport) -> Iterator[None]:
        assert isinstance(shape, Shape)
        # Number and market of each connection that the capture names.
        self._connections: dict[str, tuple[int, str]] = {}
        self._markets: set[str] = set()
        with open_source(self.path, self.member) as source:
            yield from self._read_source(source, shape, report)

    def _read_source(self, source: FeedFile, shape: Shape, report: FeedReport) -> Iterator[None]:
        line = 0
        for block in blocks_of_lines(source):
            at = 0
            while at < len(block):
                bare = not block.startswith(b'{"t"', at)
                at, line, wrong = shape.read_lines(block, at, line, bare)
                if wrong:
                    raise fault_of(source, line + 1, *wrong)
                if at < len(block):
                    end = block.find(b"\n", at)
                    end = len(block) if end < 0 else end
                    line += 1
                    self._other(source, shape, line_of(source, line, block[at:end]), report)
                    at = end + 1
            yield

    def _other(self, source: FeedFile, shape: Shape, line: Captured, report: FeedReport) -> None:
        """Take a line that is no bare message: a page, a request, or one wrapped in JSON."""
        if line.kind == "recv":
            number, market = self._connections.get(line.connection, (0, ""))
            self._take_body(source, shape, line, b"", number, market.encode())
            return
        report.records[line.kind] = report.records.get(line.kind, 0) + 1
        if line.kind == "connect" and line.connection not in self._connections:
            # Markets of one venue may call different things by the same name.
            market = line.url.rsplit("/", 1)[-1] if line.url.count("/") > 2 else ""
            first = not self._connections or market in self._markets
            self._markets.add(market)
            number = len(self._connections) + 1
            self._connections[line.connection] = number, "" if first else f" {market}"

    def _take_body(
        self,
        source: FeedFile,
        shape: Shape,
        line: Captured,
        symbol: bytes,
        connection: int = 0,
        suffix: bytes = b"",
    ) -> None:
        body = line.body if isinstance(line.body, bytes) else line.body.encode("utf-8", "replace")
        wrong = shape.read_body(body, line.ts, line.line, symbol, connection, suffix)
        if wrong:
            raise fault_of(source, line.line, *wrong)


def fault_of(source: FeedFile, line: int, said: str, shown: str) -> FeedError:
    """Make the error of a line that cannot be read.

    Parameters
    ----------
    source, line
        File and line number.
    said
        What is wrong, in words.
    shown
        What stands there.
    """
    return FeedError(
        f"{shown!r} {said}; the line is damaged, or the file is of another format",
        path=source.name,
        line=line,
    )


def _wider(one: tuple[int, int, bool], two: tuple[int, int, bool]) -> tuple[int, int, bool]:
    return max(one[0], two[0]), max(one[1], two[1]), one[2] or two[2]


def _step(what: str, value: Decimal | int | str) -> Decimal:
    try:
        step = Decimal(value)
        sound = step.is_finite() and step > 0
    except (ArithmeticError, TypeError, ValueError):
        sound = False
    if not sound:
        raise ValueError(f"{what} must be a positive decimal number, got {value!r}")
    return step


def _units(step: Decimal) -> tuple[int, int]:
    """A step as decimals and a number of them."""
    decimals = max(-int(step.normalize().as_tuple().exponent), 0)
    units = int(step.scaleb(decimals))
    if decimals > 18 or units > MOST_STEP:
        raise FeedError(f"a step of {step} is out of range; it must be from 1e-18 to 2**40")
    return decimals, units
