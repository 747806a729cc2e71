"""LOBSTER: two CSV files a day, the messages and the book after each of them.

``TICKER_DATE_START_END_message_LEVELS.csv`` has six columns: time in seconds after midnight,
type, order id, size, price in 1/10000 dollar, direction of the resting order (1 buy, -1 sell).
``..._orderbook_LEVELS.csv`` has as many rows, with ask price, ask size, bid price and bid size of
every level; row *k* is the state after message *k*. A file of N levels holds just the messages
that change one of the best N levels, and all executions of hidden orders, auctions and halts.

Source: the format description that comes with the sample files of lobsterdata.com.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lob.feeds import _parse
from lob.feeds.containers import BOM, members, open_source
from lob.feeds.errors import FeedError
from lob.instrument import Instrument
from lob.units import MILLISECOND_NS, SECOND_NS

__all__ = [
    "NO_ASK",
    "NO_BID",
    "ROW",
    "Day",
    "Pair",
    "Type",
    "choose",
    "find",
    "is_name",
    "read",
    "write",
]

NO_ASK = 9_999_999_999
"""The price of an ask level that is not there; its size is 0."""
NO_BID = -9_999_999_999
"""The price of a bid level that is not there; its size is 0."""

CENT = 100  # in the file's prices
MAX_SIZE = 10**12  # shares of one order or level: no sum of a day comes near an overflow

MAX_LEVELS = 10_000  # more than any venue keeps
SILENCE = 60 * 10**9  # ns at the end of a day that are worth a thought
CENT = 100  # in the file's prices

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


class Type(IntEnum):
    """What a row of a message file tells."""

    ADD = 1
    REDUCE = 2
    DELETE = 3
    EXECUTE = 4
    EXECUTE_HIDDEN = 5
    AUCTION = 6
    HALT = 7


@dataclass(frozen=True)
class Day:
    """One trading day of one stock, as in LOBSTER's files.

    Attributes
    ----------
    name
        Ticker and date.
    instrument
        The stock; its tick is a cent where all prices of the book are whole cents, else 1/10000
        dollar.
    levels
        Levels a side in the orderbook file.
    messages
        ``ROW`` array: times in ns after midnight, sizes in shares, prices in 1/10000 dollar.
    book
        The orderbook file: int64, one row for each message, four columns for each level.
    source
        Names of the message file and the orderbook file that were read.
    until
        When the record ends by its name, in ns after midnight; 0: unknown.
    """

    name: str
    instrument: Instrument
    levels: int
    messages: NDArray[np.void]
    book: NDArray[np.int64]
    source: tuple[str, str]
    until: int = 0

    @property
    def truncated(self) -> str:
        """A warning if the record ends long before its name says; empty if it does not.

        Long is a minute, and three times the longest silence before.
        """
        ts = self.messages["ts_event"]
        last = int(ts[-1])
        longest = int(np.diff(ts).max(initial=0))
        if not self.until or self.until - last <= max(SILENCE, 3 * longest):
            return ""
        return (
            f"the record ends at {_clock(last)}, its name says {_clock(self.until)}: "
            "the rest of the day is missing"
        )

    @property
    def tick(self) -> int:
        """One tick of the instrument in the file's unit, 1/10000 dollar."""
        return int(self.instrument.tick_size * 10_000)

    @property
    def date(self) -> str:
        """The trading day, as ``YYYY-MM-DD``."""
        return self.name.rsplit(" ", 1)[1]


@dataclass(frozen=True, order=True)
class Pair:
    """Places of the two LOBSTER files of a day: in a folder, or in a zip."""

    container: Path
    """The folder or the zip."""
    message: str
    """Name of the message file in it."""
    orderbook: str
    """Name of the orderbook file in it."""

    def __str__(self) -> str:
        return str(self.container / self.message)

    def read(self) -> Day:
        """Read and check both files. Raises ``FeedError``, which names file and line."""
        return _read_pair(self)


_NAME = re.compile(
    r"(?P<ticker>.+)_(?P<date>\d{4}-\d\d-\d\d)_(?P<start>\d{1,9})_(?P<end>\d{1,9})"
    r"_(?P<what>message|orderbook)_(?P<levels>\d{1,9})\.csv(?:\.(?:gz|zst|xz))?"
)
_FILES = ("*.csv", "*.csv.gz", "*.csv.zst", "*.csv.xz")


# -------------------------------------------------------------------- finding


def find(path: str | Path) -> list[Pair]:
    """Find the LOBSTER days at ``path``, sorted by place and name.

    Parameters
    ----------
    path
        A zip, a folder (searched with all below it, and the zips in it), or either file of a pair.

    Raises
    ------
    FeedError
        If there is nothing there, or half of a pair, or a zip that cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        files = [file for pattern in _FILES for file in path.rglob(pattern)]
        pairs = [
            pair
            for folder in sorted({file.parent for file in files})
            for pair in _pairs(folder, sorted(f.name for f in files if f.parent == folder))
        ]
        for archive in sorted(path.rglob("*.zip")):
            pairs += _pairs(archive, members(archive))
    elif not path.exists():
        raise FeedError(f"{path}: no such file or folder")
    elif path.suffix.lower() == ".zip":
        inside = members(path)
        if not inside:
            raise FeedError(f"{path}: not a readable zip, or an empty one; fetch it again")
        pairs = _pairs(path, inside)
    else:
        pairs = [_partners(path)]
    if not pairs:
        raise FeedError(
            f"{path}: no LOBSTER files here; they are called "
            "TICKER_YYYY-MM-DD_START_END_message_LEVELS.csv and ..._orderbook_LEVELS.csv"
        )
    return pairs


def read(path: str | Path) -> Day:
    """Read the one LOBSTER day at ``path``; see ``find`` for what it may be.

    Raises
    ------
    FeedError
        If there is not exactly one, or if its files are not sound: names file and line.
    """
    return choose(path).read()


def choose(path: str | Path, member: str | None = None) -> Pair:
    """Return the one pair of LOBSTER files at a path, or the one that a file belongs to.

    Parameters
    ----------
    path
        A zip, a folder, or either file of a pair.
    member
        Name of a message or orderbook file; ``None``: there is one pair only.

    Raises
    ------
    FeedError
        If there is not exactly one.
    """
    pairs = find(path)
    if member is not None:
        pairs = [pair for pair in pairs if member in _names(pair)]
    if len(pairs) == 1:
        return pairs[0]
    if not pairs:
        raise FeedError(f"{path}: holds no day of the file {member}")
    names = "\n".join(f"  {pair}" for pair in pairs)
    raise FeedError(f"{path}: holds {len(pairs)} days, give the path of one of them:\n{names}")


def is_name(name: str) -> bool:
    """Whether a file name, without its folder, is of the form that LOBSTER gives its files."""
    return _NAME.fullmatch(name) is not None


def _names(pair: Pair) -> set[str]:
    """What a file of a pair may be called by: with and without its folder."""
    both = (pair.message, pair.orderbook)
    return {*both, *(name.rsplit("/", 1)[-1] for name in both)}


def _pairs(container: Path, names: list[str]) -> list[Pair]:
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = _NAME.fullmatch(name.rsplit("/", 1)[-1])
        if match:
            found.setdefault(_other(name, "message"), {})[match["what"]] = name
    for files in found.values():
        for name in files.values():
            what = _NAME.fullmatch(name.rsplit("/", 1)[-1])["what"]  # type: ignore[index]
            other = "orderbook" if what == "message" else "message"
            if other not in files:
                rest = sorted(n for n in names if n != name and f"_{other}_" in n)
                raise FeedError(
                    f"{container / name}: its partner {_other(name, other)} is missing"
                    + (f"; there is {', '.join(rest)}, which is not it" if rest else "")
                )
    return [Pair(container, files["message"], files["orderbook"]) for files in found.values()]


def _partners(path: Path) -> Pair:
    if not _NAME.fullmatch(path.name):
        raise FeedError(
            f"{path}: not the name of a LOBSTER file; "
            "they are called TICKER_YYYY-MM-DD_START_END_message_LEVELS.csv"
        )
    names = [_other(path.name, what) for what in ("message", "orderbook")]
    return _pairs(path.parent, [name for name in names if (path.parent / name).is_file()])[0]


def _other(name: str, what: str) -> str:
    """Return the name of the message or orderbook file that belongs to ``name``."""
    return re.sub(r"_(message|orderbook)_(?=\d+\.csv(?:\.(?:gz|zst|xz))?$)", f"_{what}_", name)


# -------------------------------------------------------------------- reading


def _read_pair(pair: Pair) -> Day:
    name = _NAME.fullmatch(pair.message.rsplit("/", 1)[-1])
    assert name is not None
    levels = int(name["levels"])
    source = (str(pair.container / pair.message), str(pair.container / pair.orderbook))
    if not 1 <= levels <= MAX_LEVELS:
        raise FeedError(
            f"{source[1]}: a book must have 1 to {MAX_LEVELS} levels, its name says {levels} levels"
        )
    data, book_data = (_content(pair.container, file) for file in (pair.message, pair.orderbook))
    table = _table(source[0], data, 6, seconds_first=True)
    _check_messages(source[0], table, int(name["start"]), int(name["end"]))
    book = _table(source[1], book_data, 4 * levels)
    if len(table) != len(book):
        raise FeedError(
            f"has {len(book)} rows, but "
            f"{source[0]} has {len(table)}; one of them is cut short: fetch both again",
            path=source[1],
            line=min(len(table), len(book)) + 1,
        )
    whole_cents = _check_book(source[1], book)
    messages = np.empty(len(table), dtype=ROW)
    for column, field in enumerate(("ts_event", "kind", "order_id", "size", "price", "direction")):
        messages[field] = table[:, column]
    resting = messages["price"][messages["kind"] <= Type.EXECUTE]
    tick = "0.01" if whole_cents and not (resting % CENT).any() else "0.0001"
    return Day(
        name=f"{name['ticker']} {name['date']}",
        instrument=Instrument(name["ticker"], tick_size=Decimal(tick)),
        levels=levels,
        messages=messages,
        book=book,
        source=source,
        until=int(name["end"]) * MILLISECOND_NS,
    )


def _content(container: Path, name: str) -> bytes:
    path, member = (container / name, None) if container.is_dir() else (container, name)
    parts = []
    with open_source(path, member) as source:
        while part := source.read():
            parts.append(part)
    return b"".join(parts).removeprefix(BOM)


_PROBLEMS = {
    _parse.NOT_A_NUMBER: "column {column} is not a whole number",
    _parse.TOO_FEW: "ends after column {short} of {columns}, the file is cut or not this format",
    _parse.TOO_MANY: "has more than {columns} columns, the file is not this format or not of this "
    "many levels",
    _parse.TOO_LONG: "column {column} has too many digits",
}


def _table(
    source: str, data: bytes, columns: int, *, seconds_first: bool = False
) -> NDArray[np.int64]:
    table, problem = _parse.parse(data, columns, seconds_first)
    if problem:
        line, column, what = problem
        said = _PROBLEMS[what].format(column=column, short=column - 1, columns=columns)
        if what == _parse.NOT_A_NUMBER and seconds_first and column == 1:
            said = "column 1 is not a time in seconds after midnight"
        text = data.split(b"\n", line)[line - 1].strip(b"\r")[:80].decode("utf-8", "replace")
        raise FeedError(f"{said}: {text!r}", path=source, line=line)
    if not len(table):
        raise FeedError(f"{source}: is empty; fetch it again")
    return table


def _clock(ts: int) -> str:
    seconds = ts // 10**9
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _refuse(source: str, bad: NDArray[np.bool_], values: NDArray[Any], rule: str) -> None:
    """Raise for the first bad row; its line is one more, and its value is shown."""
    if bad.any():
        row = int(np.argmax(bad))
        raise FeedError(f"{rule}, got {values[row]}", path=source, line=row + 1)


def _check_messages(source: str, table: NDArray[np.int64], start: int, end: int) -> None:
    ts, kind, order_id, size, price, direction = table.T
    _refuse(source, (kind < 1) | (kind > 7), kind, "type must be 1 to 7")
    _refuse(source, abs(direction) != 1, direction, "direction must be 1 or -1")
    known = kind <= Type.EXECUTE
    trade = kind <= Type.EXECUTE_HIDDEN
    _refuse(source, known & (order_id < 1), order_id, "order id must be 1 or more")
    _refuse(
        source,
        (size < np.where(trade, 1, 0)) | (size > MAX_SIZE),
        size,
        f"size must be 1 to {MAX_SIZE} (0 is possible in auctions and halts only)",
    )
    _refuse(
        source,
        (price < np.where(trade, 1, -1)) | (price >= NO_ASK),
        price,
        "price must be above 0 (0 or -1 is possible in auctions and halts only)",
    )
    halt = kind == Type.HALT
    _refuse(source, halt & (price > 1), price, "a halt must have price -1, 0 or 1")
    back = np.zeros(len(ts), dtype=bool)
    back[1:] = ts[1:] < ts[:-1]
    seconds = ts / SECOND_NS
    _refuse(source, back, seconds, "time must not go backwards, the rows are out of order")
    _refuse(
        source,
        (ts < start * MILLISECOND_NS) | (ts > end * MILLISECOND_NS),
        seconds,
        f"time must be {start / 1000:g} to {end / 1000:g} s, as the file's name says",
    )


def _check_book(source: str, book: NDArray[np.int64]) -> bool:
    """Raise for the first row that is not a book; tell whether all its prices are whole cents."""
    whole_cents, fault = _parse.check_book(book, NO_ASK, NO_BID, MAX_SIZE)
    if not fault:
        return whole_cents
    row, level, side, what = fault
    word, missing = (("ask", NO_ASK), ("bid", NO_BID))[side]
    price, size = book[row, 4 * level + 2 * side :][:2]
    said = {
        _parse.NO_LEVEL: f"{word} level {level + 1} must have a price above 0 and a size of 1 to "
        f"{MAX_SIZE}, or {missing} and 0 where there is none; got {price} and {size}",
        _parse.NOT_WORSE: f"{word} level {level + 1} at {price} must be worse than level {level}",
        _parse.CROSSED: f"the best bid {book[row, 2]} must be below the best ask {book[row, 0]}",
    }[what]
    raise FeedError(said, path=source, line=row + 1)


# -------------------------------------------------------------------- writing


def write(day: Day, folder: str | Path, *, start: int = 34_200_000, end: int = 57_600_000) -> Path:
    """Write a day as a pair of LOBSTER files.

    Parameters
    ----------
    day
        What to write.
    folder
        Where to; made if it is not there.
    start, end
        The session in milliseconds after midnight, for the files' names; 09:30 to 16:00.

    Returns
    -------
    Path
        The message file; the orderbook file lies beside it.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{day.instrument.name}_{day.date}_{start}_{end}"
    message = folder / f"{stem}_message_{day.levels}.csv"
    rows = day.messages
    seconds, fraction = np.divmod(rows["ts_event"], SECOND_NS)
    time = [
        f"{s}.{f:09d}".rstrip("0").rstrip(".")
        for s, f in zip(seconds.tolist(), fraction.tolist(), strict=True)
    ]
    fields = ("kind", "order_id", "size", "price", "direction")
    _write_csv(message, [time, *(rows[field] for field in fields)])
    _write_csv(
        folder / f"{stem}_orderbook_{day.levels}.csv", list(np.ascontiguousarray(day.book.T))
    )
    return message


def _write_csv(path: Path, columns: list[Any]) -> None:
    # Reading needs none of it, and it takes as long to import as a day to read.
    from pyarrow import csv, table

    rows = table(columns, names=[str(i) for i in range(len(columns))])
    csv.write_csv(rows, path, csv.WriteOptions(include_header=False, quoting_style="none"))
