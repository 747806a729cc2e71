"""Databento DBN, versions 1 to 3, market by order: orders of any venue in one binary layout.

=====  ============================================================================================
A      a new order
C      lots taken off; with none left the order is gone
M      another price or size; of an order that is not there: a new one
R      all orders of the instrument are gone; a snapshot may come without it
T      a trade, by its aggressor: a ``PRINT``. It does not change the book
F      the same trade, by the resting order; the C or M after it changes the book. Passed over, as
       it may name orders that are not there, and the aggressor's own
N      nothing
=====  ============================================================================================

The book is one that the venue showed only after a record with the flag LAST. While orders are
collected for an opening it may be crossed then: what is crossed before the uncross (a T without a
side and without an order) or before the first trade of the file is told apart.

An instrument's tick is found by reading all prices first, unless it is stated; a lot is a unit of
the venue. In a snapshot ``ts_event`` is the time of the snapshot, not that of the orders.

Source: Databento's documentation of DBN and of the MBO schema.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lob.counted import counted
from lob.feeds import _dbn
from lob.feeds._books import Books
from lob.feeds.containers import FeedFile, open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import ROWS, Feed, FeedBlock
from lob.feeds.prints import PRINT
from lob.feeds.recognise import Head
from lob.instrument import Instrument
from lob.types import MESSAGE, Kind

__all__ = ["DatabentoMbo"]

CHUNK = 2**18 // 56 * 56  # whole records of orders; what is made of it stays in the cache
MAGIC, DBZ = b"DBN", b"P*M\x18"
NANO = Decimal("1e-9")
FIXED = 100  # bytes of the metadata before its lists
MAX_METADATA = 2**26
MBO, MIXED = 0, 0xFFFF
SCHEMAS = {
    1: "mbp-1", 2: "mbp-10", 3: "tbbo", 4: "trades", 5: "ohlcv-1s", 6: "ohlcv-1m", 7: "ohlcv-1h",
    8: "ohlcv-1d", 9: "definition", 10: "statistics", 11: "status", 12: "imbalance",
    13: "ohlcv-eod", 14: "cmbp-1", 15: "cbbo-1s", 16: "cbbo-1m", 17: "tcbbo", 18: "bbo-1s",
    19: "bbo-1m",
}  # fmt: skip


class DatabentoMbo(Feed):
    """A DBN file of the schema ``mbo``: orders of any venue.

    Parameters
    ----------
    path, member
        The file, and which file of a zip that holds several.
    tick_size
        By symbol, or one for all, in the currency; where it is not given the file is read once
        more, and the tick is the largest decimal or binary fraction that all prices are whole
        numbers of.

    Raises
    ------
    FeedError
        If the file cannot be opened or is not of this schema.
    """

    format = "databento-mbo"
    clock = "UTC"
    keeps_books = True

    def __init__(
        self,
        path: str | Path,
        *,
        member: str | None = None,
        tick_size: Decimal | str | Mapping[str, Decimal | str] | None = None,
    ) -> None:
        super().__init__(path, member=member)
        self._stated = tick_size
        self._instruments: dict[int, Instrument] = {}
        self._ticks: dict[int, int] = {}  # by the venue's id, in 1e-9
        with open_source(self.path, member) as source:
            self._symbols = _metadata(source)

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file is DBN of orders.

        Raises
        ------
        FeedError
            If it is DBN of another schema, or of the format before DBN.
        """
        if head.data.startswith(DBZ):
            raise FeedError(
                "is in DBZ, the format before DBN; convert it with `dbn` of Databento",
                path=head.path,
            )
        if not head.data.startswith(MAGIC) or len(head.data) < 26:
            return False
        _version(head.data[3], str(head.path))
        schema = int.from_bytes(head.data[24:26], "little")
        if schema not in (MBO, MIXED):
            raise FeedError(
                f"is DBN of the schema {SCHEMAS.get(schema, schema)}, which tells no orders; "
                "fetch the schema mbo",
                path=head.path,
            )
        return True

    @property
    def instruments(self) -> list[Instrument]:
        """The instruments met so far, in the order in which they came."""
        return [self._instruments[number] for number in sorted(self._instruments)]

    # ---------------------------------------------------------------- reading

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        return self._parse(rows, rows_wanted=True)

    def _pass_over(self) -> Iterator[FeedBlock]:
        return self._parse(ROWS, rows_wanted=False)

    def _parse(self, rows: int, *, rows_wanted: bool) -> Iterator[FeedBlock]:
        if self._stated is None and not self._ticks:
            self._ticks = self._find_ticks()
        self._instruments = {}
        assert isinstance(self.books, Books)
        parser = _dbn.DbnParser(self.books, self._meet, rows_wanted)
        self._parser = parser
        data, offset = b"", 0
        with open_source(self.path, self.member) as source:
            _metadata(source)
            offset = source.offset
            try:
                while chunk := source.read(CHUNK):
                    data = data + chunk if data else chunk
                    at = 0
                    while True:
                        before = at
                        at, messages, consistent, prints = parser.parse(data, at, rows)
                        if parser.first_mismatch >= 0:
                            self._blame_mismatch(parser, offset)
                        if len(messages) or len(prints):
                            yield FeedBlock(messages, consistent, prints)
                        if parser.problem == _dbn.CLEAR:
                            ts = parser.time(data, at)
                            after, shown = parser.skip(data, at)
                            cleared = self._cleared(parser, ts, shown)
                            if rows_wanted and len(cleared.messages):
                                yield cleared
                            at = after
                            continue
                        if parser.problem:
                            raise self._refusal(parser, data, at, offset, source.name)
                        if at == before:
                            break
                    offset += at
                    data = data[at:]
                if data:
                    raise FeedError(
                        f"ends within a record, of which {len(data)} bytes are there; "
                        "fetch it again",
                        path=source.name,
                        offset=offset,
                    )
            finally:
                self._count(parser)
                if not rows_wanted:
                    self.report.messages, self.report.prints = parser.emitted, parser.printed
        parser.close()

    def _cleared(self, parser: _dbn.DbnParser, ts: int, shown: bool) -> FeedBlock:
        """Cancel all orders of an instrument."""
        number = parser.clearing
        assert isinstance(self.books, Books)
        ids = sorted(self.books.orders(number))
        self.books.clear(number)
        messages = np.zeros(len(ids), MESSAGE)
        messages["ts_event"] = ts
        messages["order_id"] = ids
        messages["kind"] = Kind.CANCEL
        messages["instrument"] = number
        consistent = np.zeros(len(ids), np.bool_)
        consistent[-1:] = shown
        parser.emit(len(ids))
        return FeedBlock(messages, consistent, _NO_PRINTS)

    def _find_ticks(self) -> dict[int, int]:
        """Read all prices; return the tick of each instrument in 1e-9."""
        numbers: dict[int, int] = {}
        assert isinstance(self.books, Books)
        parser = _dbn.DbnParser(
            self.books, lambda key: numbers.setdefault(key, len(numbers)) & 0xFFFF
        )
        with open_source(self.path, self.member) as source:
            _metadata(source)
            data = b""
            while chunk := source.read(CHUNK):
                data = data + chunk if data else chunk
                at = parser.scan(data, 0)
                if parser.problem:  # which reading will come to, and refuse
                    break
                data = data[at:]
        return {key: _round_part(divisor) for key, divisor in parser.divisors().items()}

    def _meet(self, key: int) -> int:
        number = len(self._instruments)
        if number >= 2**16:
            raise FeedError("has more than 65,536 instruments", path=self.path)
        name = self._symbols.get(key, str(key))
        tick = self._stated_tick(name) if self._stated is not None else self._ticks.get(key, 0)
        tick = tick or 1
        size = (tick * NANO).normalize()
        self._instruments[number] = Instrument(name, tick_size=size, number=number)
        self._parser.set_tick(number, tick)
        return number

    def _stated_tick(self, name: str) -> int:
        stated = self._stated
        if isinstance(stated, Mapping):
            if name not in stated:
                raise FeedError(f"tick_size names no tick of {name}", path=self.path)
            stated = stated[name]
        try:
            tick = Decimal(str(stated)) / NANO
        except InvalidOperation:
            raise ValueError(f"tick_size must be a decimal number, got {stated!r}") from None
        if tick < 1 or tick != int(tick) or tick > 2**62:
            raise ValueError(f"tick_size must be a positive multiple of 1e-9, got {stated}")
        return int(tick)

    # ---------------------------------------------------------------- telling

    def _count(self, parser: _dbn.DbnParser) -> None:
        report = self.report
        report.records = parser.records()
        report.went_back = parser.went_back
        report.snapshots = parser.snapshots
        report.gaps = parser.maybe_bad
        report.unknown_explained = parser.explained
        if parser.maybe_bad:
            report.note(
                f"{counted(parser.maybe_bad, 'stretch', 'stretches')} flagged MAYBE_BAD_BOOK: the "
                "recorder lost data"
            )
        if parser.without_price:
            report.note(f"{counted(parser.without_price, 'order')} without a price passed over")
        if parser.first_ts >= 0:
            report.first_ts, report.last_ts = parser.first_ts, parser.last_ts
        if parser.matched or parser.mismatched:
            check = report.check("side and price of the order named")
            check.passed, check.failed = parser.matched, parser.mismatched

    def _blame_mismatch(self, parser: _dbn.DbnParser, offset: int) -> None:
        check = self.report.check("side and price of the order named")
        if not check.first_failure:
            check.first_failure = f"byte {offset + parser.first_mismatch}"
            self.report.blame(
                f"byte {offset + parser.first_mismatch}: a record has another side or price than "
                "the order that it names"
            )

    def _refusal(
        self, parser: _dbn.DbnParser, data: bytes, at: int, offset: int, name: str
    ) -> FeedError:
        problem = parser.problem
        if problem == _dbn.LENGTH:
            said = f"a record of {4 * data[at]} bytes, which is too short for its type"
        elif problem == _dbn.LEVELS:
            said = f"a record of levels (rtype {data[at + 1]:#04x}), which tells no orders"
        else:
            action, side, price, size = parser.told(data, at)
            said = {
                _dbn.ACTION: f"action must be one of A, C, M, R, T, F, N, got {action!r}",
                _dbn.SIDE: f"side must be A or B (or N, of what is no order), got {side!r}",
                _dbn.SIZE: f"size of {action} must be 1 or more, got {size}",
                _dbn.PRICE: f"price {price * NANO} is no whole number of ticks, at most 2**40 of "
                "them: state the tick_size",
            }[problem]
        return FeedError(said, path=name, offset=offset + at)


_NO_PRINTS: NDArray[np.void] = np.zeros(0, PRINT)


def _round_part(divisor: int) -> int:
    """The largest factor of a number that has no other primes than 2 and 5."""
    tick = 1
    for prime in (2, 5):
        while divisor and divisor % prime == 0:
            divisor //= prime
            tick *= prime
    return tick


def _version(version: int, name: str) -> None:
    """Refuse a version whose layout is not known, before anything is read by it."""
    if not 1 <= version <= 3:
        raise FeedError(f"DBN version must be 1 to 3, got {version}", path=name, offset=3)


def _metadata(source: FeedFile) -> dict[int, str]:
    """Read the head of a file: names of instruments by the venue's id."""
    head = source.read(8)
    if len(head) < 8 or not head.startswith(MAGIC):
        raise FeedError("does not start as DBN", path=source.name, offset=0)
    version, length = head[3], int.from_bytes(head[4:], "little")
    _version(version, source.name)
    if not FIXED <= length <= MAX_METADATA:
        raise FeedError(
            f"metadata must take {FIXED} to {MAX_METADATA} bytes, got {length}",
            path=source.name,
            offset=4,
        )
    data = source.read(length)
    if len(data) < length:
        raise FeedError("ends within its metadata", path=source.name, offset=source.offset)
    schema = int.from_bytes(data[16:18], "little")
    if schema not in (MBO, MIXED):
        raise FeedError(
            f"is of the schema {SCHEMAS.get(schema, schema)}, not mbo", path=source.name, offset=24
        )
    width = 22 if version == 1 else int.from_bytes(data[45:47], "little")
    try:
        return _mappings(data, width)
    except (IndexError, ValueError) as error:
        raise FeedError(
            f"metadata is damaged ({error})", path=source.name, offset=8 + FIXED
        ) from None


def _mappings(data: bytes, width: int) -> dict[int, str]:
    """Symbols by instrument id, of the mappings in the metadata."""
    at = FIXED

    def number() -> int:
        nonlocal at
        if at + 4 > len(data):
            raise ValueError("a list is cut")
        at += 4
        return int.from_bytes(data[at - 4 : at], "little")

    def text() -> str:
        nonlocal at
        if width < 2 or at + width > len(data):
            raise ValueError("a name is cut")
        at += width
        return _text(data[at - width : at])

    definition = number()  # of a schema of one's own
    at += definition
    for _ in range(3):  # symbols asked for, found in part, not found
        for _ in range(number()):
            text()
    found: dict[int, str] = {}
    for _ in range(number()):
        name = text()
        for _ in range(number()):
            number(), number()  # from and to which day
            mapped = text()
            if mapped.isascii() and mapped.isdigit():
                found.setdefault(int(mapped), name)
            elif name.isascii() and name.isdigit():
                found.setdefault(int(name), mapped)
    return found


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")
