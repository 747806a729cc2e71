"""Bitstamp: order events as obAnalytics keeps them, ``orders.csv`` or the log that it is made of.

``orders.csv`` has a header and the columns id, timestamp (local ms), exchange.timestamp (ms, to the
second: when the order was placed), price, volume (what is left, in 1e-8), action (created, changed,
deleted) and direction (bid, ask). A line of the log is ``<local ms> <event> <json>``; it has trades
too, which become prints. In the CSV they are inferred: two fills of one size on the two sides.

An order that crosses is told before the fills that it causes, in events of their own, so the book
is crossed in between: it counts as one that the venue showed once nothing has happened for a
second. A deletion may come before the creation of the same order, which then never is.

There is no snapshot: orders from before the record are in no book until they are filled in part.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lob.counted import counted
from lob.feeds.containers import FeedFile, blocks_of_lines, open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import Feed, FeedBlock, FeedReport
from lob.feeds.prints import PRINT, PrintKind
from lob.feeds.recognise import Head
from lob.instrument import Instrument
from lob.types import MAX_PRICE, MESSAGE, Kind

__all__ = ["Bitstamp"]

HEADER = b"id,timestamp,exchange.timestamp,price,volume,action,direction"
LOT = Decimal("1e-8")
MAX_LOTS = 2**53
MILLISECOND = 1_000_000  # ns
QUIET = 1_000  # ms after which what a book shows is not on its way to something else
PAIRED_WITHIN = 5_000  # ms between the two fills of a trade
REMEMBERED = 2**16  # ids of orders that are gone
MOST = 10**15
LATEST = 2**42  # ms

_LOG = re.compile(
    rb"(\d{12,13}) (order_created|order_changed|order_deleted|trade|order_book) (\{.*)"
)
_FIELD = re.compile(
    rb'"(price|amount|datetime|id|order_type|type)": ?(?:"([^"\\]{1,40})"|([-+.\deE]{1,40}))'
)
_DECIMAL = re.compile(rb"\d{1,15}(?:\.\d{1,8})?")


class Event(NamedTuple):
    """One event of either file of Bitstamp."""

    line: int
    action: str  # created, changed, deleted, trade
    order_id: int
    ts: int  # local ms
    placed: int  # ms, to the second
    price: Decimal
    size: int  # left
    side: int  # 0 of a trade


class Bitstamp(Feed):
    """Order events of Bitstamp: ``orders.csv`` of obAnalytics, or the log it is made of.

    Parameters
    ----------
    path, member
        The file, and which file of a zip that holds several.
    symbol
        Name of the instrument, which the file does not tell.

    Raises
    ------
    FeedError
        If the file cannot be opened.
    """

    format = "bitstamp"
    tells_crossing = True

    def __init__(
        self, path: str | Path, *, member: str | None = None, symbol: str = "BTCUSD"
    ) -> None:
        super().__init__(path, member=member)
        self.symbol = symbol
        self._instrument: Instrument | None = None

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a file has the header of ``orders.csv``, or starts with a line of the log."""
        if head.data.startswith(HEADER):
            return True
        return bool(head.lines and _LOG.match(head.lines[0]))

    @property
    def instruments(self) -> list[Instrument]:
        """The one instrument; the file is read for its tick, a lot is 1e-8.

        Raises ``FeedError`` if the file is damaged.
        """
        if self._instrument is None:
            decimals = 0
            with open_source(self.path, self.member) as source:
                for event in _events(source):
                    decimals = max(decimals, -int(event.price.normalize().as_tuple().exponent))
            self._instrument = Instrument(
                self.symbol, tick_size=Decimal(1).scaleb(-decimals), lot_size=LOT
            )
        return [self._instrument]

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        (instrument,) = self.instruments
        with open_source(self.path, self.member) as source:
            state = _State(self.report, source, instrument.tick_size)
            for event in _events(source):
                if state.full(rows) and event.ts > state.last_ts + QUIET:
                    state.quiet()
                    yield state.block()
                state.take(event)
                if state.full(16 * rows):  # nobody waits for a quiet second for ever
                    yield state.block()
        state.quiet()
        state.finish()
        yield state.block()


class _State:
    """What is known of the book while events are read."""

    def __init__(self, report: FeedReport, source: FeedFile, tick: Decimal) -> None:
        self.report = report
        self.source = source
        self.tick = tick
        self.inferring = True
        self.messages: list[tuple[int, int, int, int, int, int]] = []
        self.consistent: list[bool] = []
        self.prints: list[tuple[int, int, int, int, int, int]] = []
        self.made = 0
        self.first_ts = self.last_ts = -1
        self.live: dict[int, tuple[int, int, int]] = {}  # side, price, size left
        # Ids met without a creation: the line, or 0 if they are from before the record.
        self.unknown: dict[int, int] = {}
        self.gone: OrderedDict[int, None] = OrderedDict()  # deleted lately
        self.fills: OrderedDict[tuple[int, int], tuple[int, int, int]] = OrderedDict()
        self.late = self.twice = 0

    def full(self, rows: int) -> bool:
        return len(self.messages) >= rows or len(self.prints) >= rows

    def block(self) -> FeedBlock:
        messages = np.zeros(len(self.messages), MESSAGE)
        names = ("ts_event", "kind", "order_id", "side", "price", "size")
        for name, column in zip(names, zip(*self.messages, strict=True), strict=False):
            messages[name] = column
        prints = np.zeros(len(self.prints), PRINT)
        names = ("ts_event", "at", "order_id", "side", "price", "size")
        for name, column in zip(names, zip(*self.prints, strict=True), strict=False):
            prints[name] = column
        prints["kind"], prints["counts"] = PrintKind.TRADE, 1
        block = FeedBlock(messages, np.array(self.consistent, np.bool_), prints)
        self.messages, self.consistent, self.prints = [], [], []
        return block

    def quiet(self) -> None:
        """Nothing has happened for a while: the book is one that was shown."""
        if self.consistent:
            self.consistent[-1] = True

    def finish(self) -> None:
        self.report.unknown_ids += len(self.unknown) + self.late
        missing = [(line, order_id) for order_id, line in self.unknown.items() if line]
        self.report.unknown_explained += self.report.unknown_ids - len(missing)
        for line, order_id in sorted(missing)[:1]:
            self.report.blame(f"line {line}: order {order_id} was not created")
        if self.late:
            self.report.note(
                f"{counted(self.late, 'order')} told as created after being changed or deleted"
            )
        if self.twice:
            self.report.note(f"{counted(self.twice, 'deletion')} told twice")
        if self.inferring:
            self.report.note("prints are inferred: two fills of one size on the two sides")

    def take(self, event: Event) -> None:
        self.report.records[event.action] = self.report.records.get(event.action, 0) + 1
        self.report.saw_one(event.ts * MILLISECOND)
        if self.first_ts < 0:
            self.first_ts = event.ts
        if event.ts > self.last_ts + QUIET:
            self.quiet()
        self.last_ts = event.ts
        price = self._ticks(event)
        known = self.live.get(event.order_id)
        if event.action == "trade":
            self.inferring = False
            self.prints.append((event.ts * MILLISECOND, self.made, 0, 0, price, event.size))
        elif event.action == "created":
            self._create(event, price, known)
        elif known is None:
            self._meet(event, price)
        else:
            self._change(event, price, known)

    def _create(self, event: Event, price: int, known: tuple[int, int, int] | None) -> None:
        order_id = event.order_id
        if self.unknown.pop(order_id, None) is not None:
            self.late += 1
            return
        if known is not None:
            self.report.duplicate_ids += 1
            self.report.blame(f"line {event.line}: order {order_id} is created a second time")
            self._emit(event, Kind.CANCEL)
        if not event.size:
            self._refuse(event, "a new order must have a volume above 0", event.size)
        self.live[order_id] = (event.side, price, event.size)
        self._emit(event, Kind.NEW, event.side, price, event.size)

    def _meet(self, event: Event, price: int) -> None:
        """An order of which the record has no creation so far."""
        order_id = event.order_id
        if order_id in self.gone:
            self.twice += 1
            return
        if order_id not in self.unknown:
            self.unknown[order_id] = 0 if event.placed <= self.first_ts else event.line
        if event.action == "deleted":
            self._bury(order_id)
        elif event.size:
            self.live[order_id] = (event.side, price, event.size)
            self._emit(event, Kind.NEW, event.side, price, event.size)

    def _change(self, event: Event, price: int, known: tuple[int, int, int]) -> None:
        side, old_price, old_size = known
        same = self.report.check("side and volume left of the order named")
        sound = event.side == side and event.size <= old_size
        if event.action == "deleted":
            sound &= price == old_price and event.size in (0, old_size)
        if sound:
            same.passed += 1
        else:
            same.failed += 1
            said = f"line {event.line}: a size of {old_size} at a price of {old_price} was left"
            same.first_failure = same.first_failure or said
            self.report.blame(said)
        if event.action == "deleted" or not event.size:
            del self.live[event.order_id]
            self._bury(event.order_id)
            self._emit(event, Kind.CANCEL)
            if not event.size:
                self._fill(event, side, old_price, old_size)
            return
        self.live[event.order_id] = (side, price, event.size)
        if price == old_price and event.size < old_size:
            self._emit(event, Kind.REDUCE, side, 0, old_size - event.size)
            self._fill(event, side, old_price, old_size - event.size)
        elif (price, event.size) != (old_price, old_size):
            self._emit(event, Kind.REPLACE, side, price, event.size)
            if event.size < old_size:
                self._fill(event, side, price, old_size - event.size)

    def _bury(self, order_id: int) -> None:
        self.gone[order_id] = None
        if len(self.gone) > REMEMBERED:
            self.gone.popitem(last=False)

    def _fill(self, event: Event, side: int, price: int, size: int) -> None:
        """Pair a fill with one of the other side, of the same size: the older order rested."""
        while self.fills and next(iter(self.fills.values()))[0] < event.ts - PAIRED_WITHIN:
            self.fills.popitem(last=False)
        other = self.fills.pop((-side, size), None)
        if other is None:
            self.fills[side, size] = (event.ts, event.order_id, price)
            return
        if not self.inferring:
            return
        _, other_id, other_price = other
        rests = event.order_id < other_id
        self.prints.append(
            (
                event.ts * MILLISECOND,
                self.made,
                event.order_id if rests else other_id,
                -side if rests else side,
                price if rests else other_price,
                size,
            )
        )

    def _emit(self, event: Event, kind: Kind, side: int = 0, price: int = 0, size: int = 0) -> None:
        self.messages.append((event.ts * MILLISECOND, kind, event.order_id, side, price, size))
        self.consistent.append(False)
        self.made += 1

    def _ticks(self, event: Event) -> int:
        ticks = event.price / self.tick
        if ticks != int(ticks) or ticks > MAX_PRICE:
            self._refuse(event, f"price must be at most 2**40 ticks of {self.tick}", event.price)
        return int(ticks)

    def _refuse(self, event: Event, rule: str, value: object) -> None:
        raise FeedError(f"{rule}, got {value}", path=self.source.name, line=event.line)


# -------------------------------------------------------------------- lines


def _events(source: FeedFile) -> Iterator[Event]:
    line, is_log = 0, None
    for block in blocks_of_lines(source):
        for text in block.splitlines():
            line += 1
            if not text.strip():
                continue
            if is_log is None:
                is_log = not text.startswith(HEADER)
                if not is_log:
                    continue
            event = _of_log(source, line, text) if is_log else _of_csv(source, line, text)
            if event is not None:
                yield event


def _of_csv(source: FeedFile, line: int, text: bytes) -> Event:
    cells = text.split(b",")
    if len(cells) != 7:
        raise FeedError(
            f"must have 7 columns, has {len(cells)}: {_shown(text)}", path=source.name, line=line
        )
    action = cells[5].decode("ascii", "replace")
    if action not in ("created", "changed", "deleted"):
        raise FeedError(
            f"action must be created, changed or deleted, got {action!r}",
            path=source.name,
            line=line,
        )
    if cells[6] not in (b"bid", b"ask"):
        raise FeedError(
            f"direction must be bid or ask, got {_shown(cells[6])}", path=source.name, line=line
        )
    whole = [
        _whole(source, line, name, cells[i], most)
        for i, name, most in (
            (0, "id", 2**62), (1, "timestamp", LATEST), (2, "exchange.timestamp", LATEST),
            (4, "volume", MAX_LOTS),
        )
    ]  # fmt: skip
    price = _decimal(source, line, "price", cells[3])
    side = 1 if cells[6] == b"bid" else -1
    return Event(line, action, whole[0], whole[1], whole[2], price, whole[3], side)


def _of_log(source: FeedFile, line: int, text: bytes) -> Event | None:
    """An event of the log; ``None`` of a line that tells no order and no trade."""
    found = _LOG.fullmatch(text)
    if not found:
        raise FeedError(f"not a line of the log: {_shown(text)}", path=source.name, line=line)
    action = found[2].decode().removeprefix("order_")
    if action == "book":
        return None
    fields = {key: quoted or bare for key, quoted, bare in _FIELD.findall(found[3])}
    needed = {b"price", b"amount", b"id"} | (
        set() if action == "trade" else {b"datetime", b"order_type"}
    )
    missing = sorted(name.decode() for name in needed - fields.keys())
    if missing:
        raise FeedError(
            f"{', '.join(missing)} missing: {_shown(text)}", path=source.name, line=line
        )
    size = int(_decimal(source, line, "amount", fields[b"amount"]) / LOT)
    if size > MAX_LOTS:
        raise FeedError(f"amount must be at most {MAX_LOTS} of {LOT}", path=source.name, line=line)
    side = placed = 0
    if action != "trade":
        if fields[b"order_type"] not in (b"0", b"1"):
            raise FeedError(
                f"order_type must be 0 or 1, got {_shown(fields[b'order_type'])}",
                path=source.name,
                line=line,
            )
        side = 1 if fields[b"order_type"] == b"0" else -1
        placed = 1000 * _whole(source, line, "datetime", fields[b"datetime"], LATEST // 1000)
    return Event(
        line,
        action,
        _whole(source, line, "id", fields[b"id"], 2**62),
        _whole(source, line, "time", found[1], LATEST),
        placed,
        _decimal(source, line, "price", fields[b"price"]),
        size,
        side,
    )


def _whole(source: FeedFile, line: int, name: str, cell: bytes, most: int) -> int:
    if not (cell.isdigit() and len(cell) < 20 and int(cell) <= most):
        raise FeedError(
            f"{name} must be a whole number, at most {most}, got {_shown(cell)}",
            path=source.name,
            line=line,
        )
    return int(cell)


def _decimal(source: FeedFile, line: int, name: str, cell: bytes) -> Decimal:
    """A decimal number; of the log, the one without the noise of its floating point."""
    try:
        value = Decimal(cell.decode("ascii", "replace"))
        if not _DECIMAL.fullmatch(cell):
            value = value.quantize(LOT)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= MOST:
        raise FeedError(
            f"{name} must be a decimal number from 0 to {MOST}, got {_shown(cell)}",
            path=source.name,
            line=line,
        )
    return value


def _shown(text: bytes) -> str:
    return repr(text[:60].decode("utf-8", "replace"))
