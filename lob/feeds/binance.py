"""Binance: captures of depth updates and trades, spot, USD-M and COIN-M, with their snapshots.

Updates tell absolute sizes. They are numbered: of a futures market each names the last number of
the one before it (``pu``), of a spot market its first number (``U``) is the next one. A snapshot
is a page of its own, numbered ``lastUpdateId``: the update that bridges it is the first that
begins no later than the number after it and ends no earlier than it. What bridges may have come
before the page did, so updates are kept until then. Sizes are absolute, so an update that ends
exactly at the snapshot does no harm.

Snapshots are lines of the capture, or lie in a file of their own: ``NAME.http.N`` beside
``NAME.ws.N``, as one recorder writes them, is found; another one can be named.
"""

import re
from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lob.counted import counted
from lob.feeds import _levels
from lob.feeds._levels import LevelBooks, Saved
from lob.feeds._shapes import Shape
from lob.feeds._taken import Taken
from lob.feeds.captures import Captured
from lob.feeds.containers import FeedFile, open_source
from lob.feeds.feed import FeedReport
from lob.feeds.level_feed import CaptureFeed
from lob.feeds.recognise import Head
from lob.feeds.shapes import Code, Each, Mark, Means, Places, Row

__all__ = ["Binance"]

MOST_KEPT = 10_000  # updates of a book that wait for its snapshot

_PAIR = Places((Mark.PRICE, Mark.SIZE))
_EVENT: dict[str, object] = {
    "e": Mark.KIND,
    "E": Mark.SENT_MS,
    "T": Mark.TIME_MS,
    "s": Mark.SYMBOL,
    "U": Mark.FIRST,
    "u": Mark.LAST,
    "pu": Mark.PREVIOUS,
    "b": Each(_PAIR, Row.BID),
    "a": Each(_PAIR, Row.ASK),
    "t": Mark.ID,
    "p": Mark.PRICE,
    "q": Mark.SIZE,
    "m": Mark.MAKER,
    "o": {
        "s": Mark.SYMBOL,
        "S": Mark.SIDE,
        "ap": Mark.PRICE,
        "z": Mark.SIZE,
        "T": Mark.TIME_MS,
    },
}
_SHAPE: dict[str, object] = {
    "data": _EVENT,
    **_EVENT,
    "lastUpdateId": Means(Mark.LAST, "snapshot"),
    "symbol": Mark.SYMBOL,
    "bids": Each(_PAIR, Row.BID),
    "asks": Each(_PAIR, Row.ASK),
}


class Binance(CaptureFeed):
    """A capture of Binance's depth updates, with trades and forced orders.

    Parameters
    ----------
    path, member
        The file, and which file of a zip that holds several.
    tick_size, lot_size
        Steps of prices and sizes of all instruments, decimals; found where they are not given.
    snapshots
        A capture of the pages with snapshots, where they are not in the file itself; ``None``: the
        one beside it, if there is one.

    Raises
    ------
    FeedError
        If a file cannot be opened.
    ValueError
        If a step is not positive.
    """

    format = "binance"
    shape = _SHAPE
    kinds = {  # noqa: RUF012
        "depthUpdate": Code.UPDATE,
        "snapshot": Code.SNAPSHOT,
        "trade": Code.TRADE,
        "aggTrade": Code.TRADE,
        "forceOrder": Code.LIQUIDATION,
    }
    follows = {"chained": True, "bridged": True}  # noqa: RUF012

    def __init__(
        self,
        path: str | Path,
        *,
        member: str | None = None,
        tick_size: Decimal | int | str | None = None,
        lot_size: Decimal | int | str | None = None,
        snapshots: str | Path | None = None,
    ) -> None:
        self.snapshots = _alternatives(Path(path)) if snapshots is None else Path(snapshots)
        super().__init__(path, member=member, tick_size=tick_size, lot_size=lot_size)

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a capture has Binance's events or names it."""
        data = head.data
        return b'"e":"depthUpdate"' in data or (
            b"binance.com" in data[:4096] and data.startswith((b"wss://", b"https://"))
        )

    # ---------------------------------------------------------------- reading

    def _blocks(self, rows: int) -> Iterator[Any]:
        self._pages: dict[int, Saved] = {}
        self._kept: dict[int, deque[Saved]] = {}
        self._older = 0
        if self.snapshots is not None:
            self.report.note(f"snapshots from {self.snapshots}")
        yield from super()._blocks(rows)

    def _read(self, shape: Taken, report: FeedReport) -> Iterator[None]:
        assert isinstance(shape, Shape)
        self._connections, self._markets = {}, set()
        if self.snapshots is not None:
            with open_source(self.snapshots) as source:
                yield from self._read_source(source, shape, report)
        yield from super()._read(shape, report)

    def _other(self, source: FeedFile, shape: Shape, line: Captured, report: FeedReport) -> None:
        if line.kind == "http":
            symbol = parse_qs(urlsplit(line.url).query).get("symbol", [""])[0]
            if "depth" in line.url:
                self._take_body(source, shape, line, symbol.encode())
            else:
                report.records["http"] = report.records.get("http", 0) + 1
        else:
            super()._other(source, shape, line, report)

    # ---------------------------------------------------------------- snapshots and updates

    def _attend(self, books: LevelBooks, shape: Taken, at: int) -> None:
        saved = books.save(shape, at)
        if saved.symbol < 0:
            if len(self.instruments) != 1:
                self.report.note("a snapshot that names no symbol left out: there are several")
                return
            saved.symbol = 0
        if not books.is_snapshot(shape, at):
            kept = self._kept.setdefault(saved.symbol, deque())
            kept.append(saved)
            if len(kept) > MOST_KEPT:
                kept.popleft()
                self.report.note(
                    f"more than {MOST_KEPT:,} updates came before their snapshot: some left out"
                )
        elif books.state(saved.symbol) == _levels.WAITING:
            self._pages[saved.symbol] = saved
        else:
            self.report.note("snapshots of books that are followed already left out")
        self._bridge(books, saved.symbol)

    def _bridge(self, books: LevelBooks, symbol: int) -> None:
        """Put a snapshot and the updates around it together, once both are there."""
        page, kept = self._pages.get(symbol), self._kept.get(symbol)
        if page is None or not kept:
            return
        number = page.ids[1]
        while kept and kept[0].ids[1] < number:
            kept.popleft()
            self._older += 1
        if not kept:
            return
        check = self.report.check("snapshots bridged")
        if kept[0].ids[0] <= number + 1:
            check.passed += 1
        else:
            check.failed += 1
            self.report.gaps += 1
            said = f"line {kept[0].line}: starts at {kept[0].ids[0]}, the snapshot is {number}"
            check.first_failure = check.first_failure or said
        books.put(page, min(page.ts, kept[0].ts))
        for update in kept:
            books.add(update)
        del self._pages[symbol], self._kept[symbol]

    def _finish(self, books: LevelBooks) -> None:
        for symbol, page in sorted(self._pages.items()):
            name = self.instruments[symbol].name
            self.report.note(f"no update of {name} reaches its snapshot, which is told alone")
            books.put(page)
            self._kept.pop(symbol, None)
        if self._older:
            self.report.note(
                f"{counted(self._older, 'update')} from before their snapshot left out"
            )


def _alternatives(path: Path) -> Path | None:
    """The capture of pages that belongs to a capture of sockets, if there is one."""
    found = re.fullmatch(r"(.+)\.ws\.\d+\.\d+(\.\w+)?", path.name)
    if not found:
        return None
    alternatives = sorted(path.parent.glob(f"{found[1]}.http.*"))
    return alternatives[0] if alternatives else None
