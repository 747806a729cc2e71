"""The rows of a LOBSTER pair: read in blocks, checked, in memory that does not grow with the files.

``lob.feeds.lobster`` says what the files are.
"""

from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lob.counted import counted
from lob.feeds import _parse
from lob.feeds.containers import BOM, MAX_LINE, open_source
from lob.feeds.errors import FeedError
from lob.units import MILLISECOND_NS, SECOND_NS

__all__ = ["MAX_SIZE", "NO_ASK", "NO_BID", "ROW", "PairRows", "Type"]

NO_ASK = 9_999_999_999
"""The price of an ask level that is not there; its size is 0."""
NO_BID = -9_999_999_999
"""The price of a bid level that is not there; its size is 0."""

CENT = 100  # in the file's prices
MAX_SIZE = 10**12  # shares of one order or level: no sum of a day comes near an overflow
CHUNK = 2**20  # bytes of text, read without a copy in between
MOST_CELLS = 2**18  # of the book of a block: it stays in the processor's cache

ROW = np.dtype(
    [
        ("ts_event", "<i8"),  # ns after midnight, exchange-local
        ("order_id", "<i8"),
        ("size", "<i8"),  # shares
        ("price", "<i8"),  # 1/10000 dollar
        ("kind", "u1"),  # Type
        ("direction", "i1"),  # of the resting order: 1 buy, -1 sell
    ],
    align=True,
)
"""One row of a message file."""
COLUMNS = ("ts_event", "kind", "order_id", "size", "price", "direction")


class Type(IntEnum):
    """Kinds of rows of a LOBSTER message file."""

    ADD = 1
    """A new limit order."""
    REDUCE = 2
    """Part of an order is cancelled."""
    DELETE = 3
    """An order is cancelled."""
    EXECUTE = 4
    """A visible order is executed, in part or whole."""
    EXECUTE_HIDDEN = 5
    """A hidden order is executed: the book does not change."""
    AUCTION = 6
    """A trade in an auction."""
    HALT = 7
    """Trading halts or resumes."""


class PairRows:
    """Both files of a day, from the front.

    Parameters
    ----------
    container
        The folder, or the zip, of the files.
    message, orderbook
        Their names there.
    levels
        Levels a side in the orderbook file.
    start, end
        The session, in ms after midnight.

    Attributes
    ----------
    count
        Rows read so far.
    whole_cents
        Whether all prices so far are whole cents: those of the book, and of resting orders.
    longest_silence
        ns between two rows, so far.
    """

    def __init__(
        self, container: Path, message: str, orderbook: str, levels: int, start: int, end: int
    ) -> None:
        self.levels = levels
        self.count = 0
        self.whole_cents = True
        self.longest_silence = 0
        self._last_ts: int | None = None
        self._start, self._end = start, end
        self._message = _Table(container, message, len(COLUMNS), seconds_first=True)
        try:
            self._book = _Table(container, orderbook, 4 * levels)
        except FeedError:
            self._message.close()
            raise

    def close(self) -> None:
        """Close both files."""
        self._message.close()
        self._book.close()

    def blocks(self) -> Iterator[tuple[NDArray[np.void], NDArray[np.int64]]]:
        """``ROW`` arrays, and the rows of the orderbook file for each.

        Raises ``FeedError``, which names file and line.
        """
        size = self.block_size
        while True:
            messages = np.empty(size, ROW)
            book = np.empty((size, 4 * self.levels), np.int64)
            count = self.fill(messages, book)
            if count:
                yield messages[:count], book[:count]
            if count < size:
                return

    @property
    def block_size(self) -> int:
        """Rows that are read at once."""
        return max(1, MOST_CELLS // (4 * self.levels))

    @property
    def expected(self) -> int:
        """About how many rows there are, by those so far; 0: unknown."""
        return self._book.expected

    def fill(self, messages: NDArray[np.void], book: NDArray[np.int64]) -> int:
        """Read the next rows into arrays; returns how many, fewer than asked for at the end.

        Raises ``FeedError``, which names file and line.
        """
        first = self.count
        table = np.empty((len(messages), len(COLUMNS)), np.int64)
        count = self._message.fill(table)
        self._check_messages(table[:count], first)
        if self._book.fill(book) != count:
            self._refuse_lengths()
        self._check_book(book[:count], first)
        for column, field in enumerate(COLUMNS):
            messages[field][:count] = table[:count, column]
        self.count += count
        return count

    def _refuse_lengths(self) -> None:
        """Raise, for the files have not the same number of rows: read on for their numbers."""
        rows, states = self._message.skip(), self._book.skip()
        raise FeedError(
            f"has {counted(states, 'row')}, but {self._message.source} has {rows}; "
            "one of them is cut short: fetch both again",
            path=self._book.source,
            line=min(rows, states) + 1,
        )

    def _check_messages(self, table: NDArray[np.int64], first: int) -> None:
        if not len(table):
            return
        ts, kind, order_id, size, price, direction = table.T

        def refuse(bad: NDArray[np.bool_], values: NDArray[Any], rule: str) -> None:
            if bad.any():
                row = int(np.argmax(bad))
                raise FeedError(
                    f"{rule}, got {values[row]}", path=self._message.source, line=first + row + 1
                )

        trade = kind <= Type.EXECUTE_HIDDEN
        known = kind <= Type.EXECUTE
        refuse((kind < 1) | (kind > 7), kind, "type must be 1 to 7")
        refuse(abs(direction) != 1, direction, "direction must be 1 or -1")
        refuse(known & (order_id < 1), order_id, "order id must be 1 or more")
        refuse(
            (size < np.where(trade, 1, 0)) | (size > MAX_SIZE),
            size,
            f"size must be 1 to {MAX_SIZE} (0 is possible in auctions and halts only)",
        )
        refuse(
            (price < np.where(trade, 1, -1)) | (price >= NO_ASK),
            price,
            "price must be above 0 (0 or -1 is possible in auctions and halts only)",
        )
        refuse((kind == Type.HALT) & (price > 1), price, "a halt must have price -1, 0 or 1")
        silence = np.diff(ts, prepend=ts[0] if self._last_ts is None else self._last_ts)
        seconds = ts / SECOND_NS
        refuse(silence < 0, seconds, "time must not go backwards, the rows are out of order")
        refuse(
            (ts < self._start * MILLISECOND_NS) | (ts > self._end * MILLISECOND_NS),
            seconds,
            f"time must be {self._start / 1000:g} to {self._end / 1000:g} s, "
            "as the file's name says",
        )
        self._last_ts = int(ts[-1])
        self.longest_silence = max(self.longest_silence, int(silence.max()))
        self.whole_cents &= not (price[known] % CENT).any()

    def _check_book(self, book: NDArray[np.int64], first: int) -> None:
        """Raise for the first row that is not a book."""
        whole_cents, fault = _parse.check_book(book, NO_ASK, NO_BID, MAX_SIZE)
        self.whole_cents &= whole_cents
        if not fault:
            return
        row, level, side, what = fault
        word, missing = (("ask", NO_ASK), ("bid", NO_BID))[side]
        price, size = book[row, 4 * level + 2 * side :][:2]
        said = {
            _parse.NO_LEVEL: f"{word} level {level + 1} must have a price above 0 and a size of 1 "
            f"to {MAX_SIZE}, or {missing} and 0 where there is none; got {price} and {size}",
            _parse.NOT_WORSE: f"{word} level {level + 1} at {price} must be worse than level "
            f"{level}",
            _parse.CROSSED: f"the best bid {book[row, 2]} must be below the best ask "
            f"{book[row, 0]}",
        }[what]
        raise FeedError(said, path=self._book.source, line=first + row + 1)


_PROBLEMS = {
    _parse.NOT_A_NUMBER: "column {column} is not a whole number",
    _parse.TOO_FEW: "ends after column {short} of {columns}, the file is cut or not this format",
    _parse.TOO_MANY: "has more than {columns} columns, the file is not this format or not of this "
    "many levels",
    _parse.TOO_LONG: "column {column} has too many digits",
}


class _Table:
    """Lines of comma-separated integers, from the front of a file."""

    def __init__(
        self, container: Path, name: str, columns: int, *, seconds_first: bool = False
    ) -> None:
        self.source = str(container / name)
        self.bytes = 0  # read so far
        self._columns = columns
        self._seconds_first = seconds_first
        self._rows = 0
        path, member = (container / name, None) if container.is_dir() else (container, name)
        self._file = open_source(path, member)
        # Text from at to end is to be parsed, from there to filled the start of the next.
        self._text = bytearray(CHUNK + _parse.SPARE)
        self._at = self._end = self._filled = 0
        self._is_last = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def expected(self) -> int:
        """About how many rows the file has, by those so far; 0: unknown, for it is packed."""
        if self._file.packing or not self._rows:
            return 0
        return self._rows * self._file.path.stat().st_size // (self.bytes - self._filled + self._at)

    def fill(self, cells: NDArray[np.int64]) -> int:
        """Read lines into the rows of an array; returns how many, fewer only at the end."""
        filled = 0
        while True:
            count, self._at, problem = _parse.parse(
                self._text, self._at, self._end, cells[filled:], self._seconds_first, self._is_last
            )
            self._rows += count
            filled += count
            if problem:
                self._refuse(*problem[1:])
            if filled == len(cells) or self._is_last:
                break
            self._read_on()
        if not self._rows:
            raise FeedError(f"{self.source}: is empty; fetch it again")
        return filled

    def skip(self) -> int:
        """Read to the end; returns the rows of the file."""
        cells = np.empty((max(1, MOST_CELLS // self._columns), self._columns), np.int64)
        while self.fill(cells) == len(cells):
            pass
        return self._rows

    def _read_on(self) -> None:
        """Another stretch of whole lines; without blank ones at its end, which may be the last."""
        text = self._text
        rest = self._filled - self._end
        text[:rest] = text[self._end : self._filled]
        self._at = self._end = 0
        while not self._end and not self._is_last:
            if rest + _parse.SPARE == len(text):
                self._lengthen()
                text = self._text
            with memoryview(text) as view:
                count = self._file.read_into(view[rest : len(text) - _parse.SPARE])
            if not self.bytes and text.startswith(BOM):
                self._at = len(BOM)
            self.bytes += count
            rest += count
            self._is_last = not count
            self._end = end = text.rfind(b"\n", 0, rest) + 1
            while end > self._at and text[end - 1] in b"\r\n":
                end -= 1
            if self._end:
                self._end = text.find(b"\n", end) + 1 if end > self._at else 0
        if self._is_last:
            self._end = rest
            text[rest] = 0
        self._filled = rest

    def _lengthen(self) -> None:
        if len(self._text) > MAX_LINE:
            raise FeedError(
                f"has no end within {MAX_LINE} bytes: this is not a text of records",
                path=self.source,
                line=self._rows + 1,
            )
        self._text += bytes(len(self._text))

    def _refuse(self, column: int, what: int) -> None:
        said = _PROBLEMS[what].format(column=column, short=column - 1, columns=self._columns)
        if what == _parse.NOT_A_NUMBER and self._seconds_first and column == 1:
            said = "column 1 is not a time in seconds after midnight"
        start = self._text.rfind(b"\n", 0, self._at) + 1
        end = self._text.find(b"\n", start, self._end)
        line = self._text[start : end if end >= 0 else self._end].strip(b"\r")
        text = bytes(line[:80]).decode("utf-8", "replace")
        raise FeedError(f"{said}: {text!r}", path=self.source, line=self._rows + 1)
