"""Tardis: its CSV files of one type, exchange and symbol a day.

=========================  ========================================================================
``incremental_book_L2``    absolute sizes; rows of one ``local_timestamp`` are one update; a run of
                           rows with ``is_snapshot`` is the whole book
``book_snapshot_N``        the N best levels, whole each time
``quotes``                 the best level of each side, each time
``trades``                 prints; ``side`` is the aggressor's
``liquidations``           prints of forced orders; ``side`` buy: a short position was closed
``derivative_ticker``      funding, open interest, mark and index: counted, no messages
=========================  ========================================================================

Times are microseconds; files with 19 digits are read as nanoseconds, and the report says so. None
of the types has numbers by which a missing row could be told.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from lob.feeds._table_rows import TableRows
from lob.feeds._taken import Taken
from lob.feeds.containers import open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import FeedReport
from lob.feeds.level_feed import LevelFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Mark
from lob.feeds.tables import TableColumns, read_table

__all__ = ["Tardis"]

_HEAD = ("exchange", "symbol", "timestamp", "local_timestamp")
_BOOK = (*_HEAD, "is_snapshot", "side", "price", "amount")
_TRADES = (*_HEAD, "id", "side", "price", "amount")
_QUOTES = (*_HEAD, "ask_amount", "ask_price", "bid_price", "bid_amount")
_TICKER = (
    *_HEAD, "funding_timestamp", "funding_rate", "predicted_funding_rate", "open_interest",
    "last_price", "index_price", "mark_price",
)  # fmt: skip
_LEVELS = re.compile(r"(asks|bids)\[\d+\]\.(price|amount)")
_PLAIN = {
    "symbol": (Mark.SYMBOL, 0),
    "is_snapshot": (Mark.SNAPSHOT, 0),
    "side": (Mark.SIDE, 0),
    "price": (Mark.PRICE, 0),
    "amount": (Mark.SIZE, 0),
    "id": (Mark.ID, 0),
    "ask_price": (Mark.PRICE, -1),
    "ask_amount": (Mark.SIZE, -1),
    "bid_price": (Mark.PRICE, 1),
    "bid_amount": (Mark.SIZE, 1),
}


class Tardis(LevelFeed):
    """A CSV file of Tardis, of one type, exchange and symbol a day.

    Parameters
    ----------
    path, member
        The file, and which file of a zip that holds several.
    tick_size, lot_size
        Steps of prices and sizes, decimals; found where they are not given.

    Raises
    ------
    FeedError
        If the file cannot be opened, or its header is of none of the types.
    ValueError
        If a step is not positive.
    """

    format = "tardis"

    def __init__(
        self,
        path: str | Path,
        *,
        member: str | None = None,
        tick_size: Decimal | int | str | None = None,
        lot_size: Decimal | int | str | None = None,
    ) -> None:
        super().__init__(path, member=member, tick_size=tick_size, lot_size=lot_size)
        with open_source(self.path, self.member) as source:
            data = source.read(2**16).removeprefix(b"\xef\xbb\xbf")
            first = data.split(b"\n", 1)[0]
            names = first.decode("utf-8", "replace").strip().split(",")
            kind = _kind(names)
            if kind is None:
                raise FeedError(
                    f"the header is of no type of Tardis that is read: {','.join(names)[:80]!r}",
                    path=source.name,
                    line=1,
                )
        if kind == "trades" and "liquidation" in self.path.name:
            kind = "liquidations"
        self.kind = kind
        self.follows = {"in_runs": kind == "incremental_book_L2"}
        in_ns = _is_ns(data, names)
        self.columns = TableColumns(names, [_column(name, in_ns) for name in names])
        self.report = self._new_report()

    def _new_report(self) -> FeedReport:
        report = super()._new_report()
        if not hasattr(self, "kind"):
            return report
        report.format = f"tardis {self.kind}"
        if self.kind in ("liquidations", "derivative_ticker"):
            report.verified = False
            report.note(f"unverified: no real file of {self.kind} was at hand to try it on")
        if any(mark in (Mark.TIME_NS, Mark.LOCAL_NS) for mark, _ in self.columns.marks):
            report.note("times have 19 digits: read as nanoseconds, not microseconds")
        return report

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether the first line of a file is a header of one of Tardis's types."""
        lines = head.lines
        return bool(lines) and _kind(lines[0].decode("utf-8", "replace").split(",")) is not None

    @property
    def needs_snapshot(self) -> bool:  # type: ignore[override]
        """Whether a book without a snapshot is worth a note: only in a file of updates."""
        return self.kind == "incremental_book_L2"

    def _shape(self) -> TableRows:
        codes = {
            "trades": Code.TRADE,
            "liquidations": Code.LIQUIDATION,
            "derivative_ticker": Code.OTHER,
            "incremental_book_L2": Code.UPDATE,
        }
        code = codes.get(self.kind, Code.SNAPSHOT)
        whole = f"{self.kind} snapshot"
        return TableRows(
            lambda kind: Code.SNAPSHOT if kind == whole else code,
            self.columns.marks,
            self.kind,
            whole,
            self.kind == "incremental_book_L2",
            code in (Code.TRADE, Code.LIQUIDATION),
        )

    def _read(self, shape: Taken, report: FeedReport) -> Iterator[None]:
        with open_source(self.path, self.member) as source:
            assert isinstance(shape, TableRows)
            yield from read_table(source, shape)


def _kind(names: list[str]) -> str | None:
    names = [name.strip() for name in names]
    for kind, header in (
        ("incremental_book_L2", _BOOK),
        ("trades", _TRADES),
        ("quotes", _QUOTES),
        ("derivative_ticker", _TICKER),
    ):
        if tuple(names) == header:
            return kind
    levels = names[4:]
    if tuple(names[:4]) == _HEAD and levels and all(map(_LEVELS.fullmatch, levels)):
        return f"book_snapshot_{len(levels) // 4}"
    return None


def _column(name: str, in_ns: bool) -> tuple[int | None, int]:
    name = name.strip()
    if name == "timestamp":
        return (Mark.TIME_NS if in_ns else Mark.TIME_US), 0
    if name == "local_timestamp":
        return (Mark.LOCAL_NS if in_ns else Mark.LOCAL_US), 0
    if found := _LEVELS.fullmatch(name):
        return (
            Mark.PRICE if found[2] == "price" else Mark.SIZE,
            -1 if found[1] == "asks" else 1,
        )
    return _PLAIN.get(name, (None, 0))


def _is_ns(data: bytes, names: list[str]) -> bool:
    """Whether the first row's time has the digits of nanoseconds."""
    lines = data.split(b"\n")
    cells = lines[1].split(b",") if len(lines) > 1 else []
    return len(cells) > 2 and len(cells[names.index("timestamp")].strip()) == 19
