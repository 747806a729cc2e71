"""LOBSTER: two CSV files a day, the messages and the book after each of them.

``TICKER_DATE_START_END_message_LEVELS.csv`` has six columns: time in seconds after midnight,
type, order id, size, price in 1/10000 dollar, direction of the resting order (1 buy, -1 sell).
``..._orderbook_LEVELS.csv`` has as many rows, with ask price, ask size, bid price and bid size of
every level; row *k* is the state after message *k*. A file of N levels holds just the messages
that change one of the best N levels, and all executions of hidden orders, auctions and halts.

Source: the format description that comes with the sample files of lobsterdata.com.
"""

import re
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lob.feeds.containers import members
from lob.feeds.errors import FeedError
from lob.feeds.lobster_rows import NO_ASK, NO_BID, ROW, PairRows, Type
from lob.instrument import Instrument
from lob.units import MILLISECOND_NS, SECOND_NS, show_time

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

MAX_LEVELS = 10_000  # more than any venue keeps
SILENCE = 60 * 10**9  # ns at the end of a day that are worth a thought


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
        return truncation(int(ts[-1]), self.until, int(np.diff(ts).max(initial=0)))

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

    @property
    def stock(self) -> str:
        """The ticker."""
        return self._part("ticker")

    @property
    def name(self) -> str:
        """Ticker and date."""
        return f"{self._part('ticker')} {self._part('date')}"

    @property
    def levels(self) -> int:
        """Levels a side in the orderbook file."""
        return int(self._part("levels"))

    @property
    def until(self) -> int:
        """When the record ends by its name, in ns after midnight."""
        return int(self._part("end")) * MILLISECOND_NS

    @property
    def source(self) -> tuple[str, str]:
        """The places of the messages and of the book."""
        return str(self.container / self.message), str(self.container / self.orderbook)

    def _part(self, what: str) -> str:
        match = _NAME.fullmatch(self.message.rsplit("/", 1)[-1])
        assert match is not None
        return match[what]

    def rows(self) -> PairRows:
        """Both files, to be read in blocks. Raises ``FeedError`` if there are too many levels."""
        if not 1 <= self.levels <= MAX_LEVELS:
            raise FeedError(
                f"{self.source[1]}: a book must have 1 to {MAX_LEVELS} levels, "
                f"its name says {self.levels}"
            )
        return PairRows(
            self.container,
            self.message,
            self.orderbook,
            self.levels,
            int(self._part("start")),
            int(self._part("end")),
        )

    def instrument(self, whole_cents: bool) -> Instrument:
        """The stock, by what all its prices are."""
        return Instrument(self.stock, tick_size=Decimal("0.01" if whole_cents else "0.0001"))

    def read(self) -> Day:
        """Read and check both files.

        Raises
        ------
        FeedError
            If a file is not sound: names file and line.
        """
        with closing(self.rows()) as rows:
            messages, book = _whole(rows)
        return Day(
            name=self.name,
            instrument=self.instrument(rows.whole_cents),
            levels=self.levels,
            messages=messages,
            book=book,
            source=self.source,
            until=self.until,
        )


def truncation(last: int, until: int, longest: int) -> str:
    """A warning if a record ends long before its name says; empty if it does not.

    Parameters
    ----------
    last
        When the last row is, in ns after midnight.
    until
        When the record ends by its name; 0: unknown.
    longest
        The longest silence between two rows, in ns.
    """
    if not until or until - last <= max(SILENCE, 3 * longest):
        return ""
    ends, said = (show_time(ts - ts % SECOND_NS) for ts in (last, until))
    return f"the record ends at {ends}, its name says {said}: the rest of the day is missing"


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


def _whole(rows: PairRows) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """All rows of both files."""
    size = rows.block_size
    messages = np.empty(size, ROW)
    book = np.empty((size, 4 * rows.levels), np.int64)
    while rows.fill(messages[rows.count :][:size], book[rows.count :][:size]) == size:
        if len(messages) < rows.count + size:
            # A little too much costs nothing: memory that is not written to is not there yet.
            room = max(2 * size, rows.expected * 33 // 32, rows.count * 5 // 4) + size
            messages, book = _longer(messages, room), _longer(book, room)
    messages.resize(rows.count, refcheck=False)
    book.resize((rows.count, 4 * rows.levels), refcheck=False)
    return messages, book


def _longer(array: NDArray[Any], rows: int) -> NDArray[Any]:
    longer = np.empty((rows, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


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
