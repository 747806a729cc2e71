"""Nasdaq TotalView-ITCH 5.0: every order of every stock of a day, in one binary file.

Each message follows its length in two bytes. Some files have zeros there, or no lengths at all:
then a message is as long as its type is, which the report says. There is no snapshot: books build
up from the first message of the day.

=============  ====================================================================================
A F            a new order
E C X D        lots taken off by an execution (a ``PRINT`` beside it), a cancel, a deletion
U              another order in place of one: its side and stock, and a new place in the queue
P Q B          prints: a hidden execution, a cross, a trade that is broken
S R H          sessions, instruments, trading states
the others     counted, and passed over
=============  ====================================================================================

An instrument is numbered by its stock locate code; its tick is 1/10000 dollar, its lot a share.

Source: Nasdaq TotalView-ITCH 5.0 specification.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from lob.feeds import _itch
from lob.feeds._books import Books
from lob.feeds.containers import open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import ROWS, Feed, FeedBlock, FeedHalt
from lob.feeds.recognise import Head
from lob.instrument import Instrument

__all__ = ["Itch"]

CHUNK = 2**20  # read without a copy in between
TICK = Decimal("0.0001")
REST = 2**17  # more than the longest record, of a type that is newer than this reader
LOOKED_AT = 8  # records that must follow one another before a file is one of ITCH

SESSIONS = {
    "O": "start of messages",
    "S": "start of system hours",
    "Q": "start of market hours",
    "M": "end of market hours",
    "E": "end of system hours",
    "C": "end of messages",
}
STATES = {"H": "halted", "P": "paused", "Q": "quoting", "T": "trading"}


class Itch(Feed):
    """A day of Nasdaq TotalView-ITCH 5.0.

    Parameters
    ----------
    path, member
        As of ``Feed``.
    symbols
        The stocks to read; all of them where it is not given.

    Raises
    ------
    FeedError
        If the file cannot be opened or does not start as one of this format.
    """

    format = "itch"
    clock = "exchange-local, after midnight"
    keeps_books = True

    def __init__(
        self,
        path: str | Path,
        *,
        member: str | None = None,
        symbols: Sequence[str] | None = None,
    ) -> None:
        super().__init__(path, member=member)
        self.symbols = None if symbols is None else frozenset(symbols)
        self._instruments: dict[int, Instrument] = {}
        with open_source(self.path, member) as source:
            found = _framing(source.read(2**12))
            if found is None:
                raise FeedError(
                    "does not start with messages of ITCH 5.0", path=source.name, offset=0
                )
        self._prefix, self._own_lengths = found

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file starts with records of known types and of their lengths."""
        return _framing(head.data[: 2**12]) is not None

    @property
    def instruments(self) -> list[Instrument]:
        """The stocks met so far, by locate code; those that were asked for."""
        return [self._instruments[number] for number in sorted(self._instruments)]

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        return self._parse(rows, rows_wanted=True)

    def _pass_over(self) -> Iterator[FeedBlock]:
        return self._parse(ROWS, rows_wanted=False)

    def _parse(self, rows: int, *, rows_wanted: bool) -> Iterator[FeedBlock]:
        self._instruments = {}
        if not self._prefix:
            self.report.note("has no length prefixes: each message is as long as its type is")
        elif self._own_lengths:
            self.report.note("length prefixes are zero: each message is as long as its type is")
        assert isinstance(self.books, Books)
        parser = _itch.ItchParser(
            self.books, self._prefix, self._own_lengths, self._chosen, self._told, rows_wanted
        )
        buffer = memoryview(bytearray(CHUNK + REST))
        left = offset = 0  # bytes at the start of the buffer; of the first of them in the file
        with open_source(self.path, self.member) as source:
            try:
                while count := source.read_into(buffer[left : left + CHUNK]):
                    data = buffer[: left + count]
                    at = 0
                    while True:
                        before = at
                        at, messages, consistent, prints = parser.parse(data, at, rows)
                        if len(messages) or len(prints):
                            yield FeedBlock(messages, consistent, prints)
                        if parser.problem:
                            raise self._refusal(parser.problem, data, at, offset, source.name)
                        if at == before:
                            break
                    offset += at
                    left = len(data) - at
                    buffer[:left] = bytes(data[at:])
                if left:
                    raise FeedError(
                        f"ends within a message, of which {left} bytes are there; fetch it again",
                        path=source.name,
                        offset=offset,
                    )
            finally:
                self._count(parser)
                if not rows_wanted:
                    self.report.messages, self.report.prints = parser.emitted, parser.printed
        parser.close()
        if self.symbols is not None:
            missing = sorted(self.symbols - {stock.name for stock in self.instruments})
            if missing:
                raise FeedError(
                    f"has no stock {', '.join(missing)}", path=source.name, offset=source.offset
                )

    def _chosen(self, locate: int, name: str) -> bool:
        wanted = self.symbols is None or name in self.symbols
        if wanted:
            self._instruments[locate] = Instrument(name, tick_size=TICK, number=locate)
        return wanted

    def _told(self, kind: str, ts: int, locate: int, text: str) -> None:
        if kind == "S":
            self.report.sessions.append((ts, SESSIONS.get(text, f"event {text!r}")))
        else:
            self.report.halts.append(FeedHalt(ts, locate, STATES.get(text, f"state {text!r}")))

    def _count(self, parser: _itch.ItchParser) -> None:
        report = self.report
        report.records = parser.records()
        report.went_back = parser.went_back
        if parser.first_ts >= 0:
            report.first_ts, report.last_ts = parser.first_ts, parser.last_ts
        newer = [kind for kind in report.records if kind not in _itch.LENGTHS]
        if newer:
            report.note(f"types that are not of ITCH 5.0 were passed over: {', '.join(newer)}")
        if parser.named_right or parser.named_wrong:
            names = report.check("stock of locate code")
            names.passed, names.failed = parser.named_right, parser.named_wrong

    def _refusal(
        self, problem: int, data: memoryview, at: int, offset: int, name: str
    ) -> FeedError:
        record = bytes(data[at + self._prefix : at + self._prefix + REST])
        kind = chr(record[0])
        own = _itch.LENGTHS.get(kind, 0)
        told = int.from_bytes(data[at : at + self._prefix], "big")
        if problem == _itch.TYPE:
            said = f"a message of the type {kind!r}, which ITCH 5.0 does not have"
        elif problem == _itch.LENGTH:
            said = f"a message of type {kind} takes {own} bytes, its prefix says {told}"
        elif problem == _itch.SIDE:
            said = f"side must be B or S, got {chr(record[19])!r}"
        elif problem == _itch.SIZE:
            said = f"a message of type {kind} of no shares, or too many"
        else:
            price = int.from_bytes(record[31:35] if kind == "U" else record[32:36], "big")
            said = f"price must be at most 200000.0000, got {Decimal(price) * TICK}"
        return FeedError(f"{said}: the file is damaged here", path=name, offset=offset + at)


def _framing(head: bytes) -> tuple[int, bool] | None:
    """Bytes of a prefix, and whether they are zero; ``None``: this is not ITCH."""
    for prefix, zero in ((2, False), (2, True), (0, True)):
        at = seen = 0
        while at + prefix < len(head) and seen < LOOKED_AT:
            own = _itch.LENGTHS.get(chr(head[at + prefix]), 0)
            told = int.from_bytes(head[at : at + prefix], "big")
            if not own or (told != 0 if zero else told != own):
                break
            at += prefix + own
            seen += 1
        whole = seen == LOOKED_AT or (seen and at >= len(head) and at == len(head))
        if whole:
            return prefix, zero
    return None
