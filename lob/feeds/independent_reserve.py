"""Independent Reserve: captures of its order events, with the snapshots of its web pages.

A snapshot (``GetAllOrders``) is the book of one pair of currencies. An event (``NewOrder``,
``OrderChanged``, ``OrderCanceled``) is on a channel of the first currency alone, with a price in
each second one: it changes the books of all pairs that have a snapshot. ``Nonce`` counts the
events of a channel.

A snapshot may lag behind events that are older than it says. So the events from before it are
applied after it, by order: what it has already changes nothing, and their messages have its time.
Cancels then name orders that were gone when it was taken: counted as unknown, and as explained.

An order that trades at once may be told as new ahead of the changes of what it took: a book that
is locked or crossed counts as one that the venue showed once it has been so for a second. (Nothing
traded in the one real file that was at hand.)

Order ids are 1, 2, 3... in the order in which the venue's names came up.
"""

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from lob.feeds.best_prices import BestPrices
from lob.feeds.captures import Captured, captured, parse_json
from lob.feeds.containers import FeedFile, open_source
from lob.feeds.errors import FeedError
from lob.feeds.feed import Feed, FeedBlock
from lob.feeds.prints import PRINT, PrintKind
from lob.feeds.recognise import Head
from lob.instrument import Instrument
from lob.types import MAX_PRICE, MESSAGE, Kind

__all__ = ["IndependentReserve"]

LOT = Decimal("1e-8")
MOST_DECIMALS = 12
MAX_LOTS = 2**53
MOST_WAITING = 100_000  # events that wait for the snapshot of a pair
SNAPSHOT = "GetAllOrders"
SETTLED_AFTER = 1_000_000_000  # ns after which a crossed book is not on its way to something else
SIDES = {"LimitBid": 1, "LimitOffer": -1}


class IndependentReserve(Feed):
    """A capture of Independent Reserve's order events.

    Parameters
    ----------
    path, member
        The file, and which file of a zip that holds several.

    Raises
    ------
    FeedError
        If the file cannot be opened.
    """

    format = "independent-reserve"
    tells_crossing = True

    def __init__(self, path: str | Path, *, member: str | None = None) -> None:
        super().__init__(path, member=member)
        self._pairs: dict[tuple[str, str], Instrument] | None = None

    @classmethod
    def recognises(cls, head: Head) -> bool:
        """Whether a capture names the venue or has its order events."""
        data = head.data
        return b"independentreserve.com" in data or (
            b"Nonce" in data and b"OrderGuid" in data and b"orderbook-" in data
        )

    @property
    def instruments(self) -> list[Instrument]:
        """Pairs of currencies that have a snapshot; the file is read for their ticks.

        A lot is 1e-8. Raises ``FeedError`` if the file is damaged.
        """
        if self._pairs is None:
            self._pairs = self._find_pairs()
        return list(self._pairs.values())

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        if self._pairs is None:
            self._pairs = self._find_pairs()
        state = _State(self, self._pairs)
        if not self._pairs:
            self.report.note("has no snapshot of a pair: no event can be applied")
        with open_source(self.path, self.member) as source:
            for line in captured(source):
                state.take(source, line)
                if len(state.messages) >= rows or len(state.prints) >= rows:
                    yield state.block()
        yield state.block()

    def _find_pairs(self) -> dict[tuple[str, str], Instrument]:
        """Read the file for its pairs, and for the decimals of their prices."""
        pairs: dict[tuple[str, str], int] = {}
        decimals: dict[tuple[str, str], int] = {}
        with open_source(self.path, self.member) as source:
            for line in captured(source):
                pair = _pair(line)
                if pair:
                    value = _snapshot(source, line)
                    pairs.setdefault(pair, len(pairs))
                    prices = [order["Price"] for _, order in value]
                elif line.kind == "recv" and b"Price" in _bytes(line.body):
                    event = parse_json(source, line.line, line.body)
                    first, told = _told_prices(event)
                    for second, price in told.items():
                        _widen(decimals, (first, second), price)
                    continue
                else:
                    continue
                for price in prices:
                    _widen(decimals, pair, price)
        return {
            pair: Instrument(
                f"{pair[0]}-{pair[1]}".upper(),
                tick_size=Decimal(1).scaleb(-decimals.get(pair, 0)),
                lot_size=LOT,
                number=number,
                base=pair[0].upper(),
                quote=pair[1].upper(),
            )
            for pair, number in pairs.items()
        }


class _State:
    """What is known of all books while a capture is read."""

    def __init__(self, feed: IndependentReserve, pairs: dict[tuple[str, str], Instrument]) -> None:
        self.report = feed.report
        self.pairs = pairs
        self.messages: list[tuple[int, int, int, int, int, int, int]] = []
        self.consistent: list[bool] = []
        self.prints: list[tuple[int, int, int, int, int, int]] = []
        self.made = 0
        self.nonces: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        self.next_id = 1
        self.since: dict[tuple[str, str], int] = {}  # ns, of the snapshot
        # Events from before the first snapshot of a pair.
        self.waiting: dict[tuple[str, str], deque[tuple[Captured, dict[str, Any]]]] = {}
        # Size and side of each order of a pair, by the venue's name.
        self.books: dict[tuple[str, str], dict[str, tuple[int, int, int]]] = {}
        self.touches: dict[tuple[str, str], BestPrices] = {}
        self.met: dict[tuple[str, str], int] = {}  # ns since which a book is locked or crossed

    def block(self) -> FeedBlock:
        messages = np.zeros(len(self.messages), MESSAGE)
        for name, column in zip(
            ("ts_event", "kind", "instrument", "order_id", "side", "price", "size"),
            zip(*self.messages, strict=True),
            strict=False,
        ):
            messages[name] = column
        prints = np.zeros(len(self.prints), PRINT)
        for name, column in zip(
            ("ts_event", "at", "instrument", "side", "price", "size"),
            zip(*self.prints, strict=True),
            strict=False,
        ):
            prints[name] = column
        prints["kind"], prints["counts"] = PrintKind.TRADE, 1
        block = FeedBlock(messages, np.array(self.consistent, np.bool_), prints)
        self.messages, self.consistent, self.prints = [], [], []
        return block

    def take(self, source: FeedFile, line: Captured) -> None:
        if _pair(line):
            self._count("snapshot")
            self._load(source, line)
        elif line.kind == "recv":
            event = parse_json(source, line.line, line.body)
            if not isinstance(event, dict) or not isinstance(event.get("Event"), str):
                raise _bad(source, line, "an event names its kind as Event", line.body)
            self._count(event["Event"])
            if "Nonce" in event:
                self._check_nonce(source, line, event)
            if event["Event"] in ("NewOrder", "OrderChanged", "OrderCanceled"):
                self._event(source, line, event)
            elif event["Event"] == "Trade":
                self._trade(source, line, event)
        else:
            self._count(line.kind)

    def _count(self, kind: str) -> None:
        self.report.records[kind] = self.report.records.get(kind, 0) + 1

    def _check_nonce(self, source: FeedFile, line: Captured, event: dict[str, Any]) -> None:
        channel, nonce = event.get("Channel"), event["Nonce"]
        if not isinstance(channel, str) or type(nonce) is not int:
            raise _bad(source, line, "Nonce must be a whole number on a Channel", nonce)
        if channel in self.nonces:
            check = self.report.check("nonces")
            if nonce == self.nonces[channel] + 1:
                check.passed += 1
            else:
                check.failed += 1
                self.report.gaps += 1
                said = f"line {line.line}: {nonce} after {self.nonces[channel]} on {channel}"
                check.first_failure = check.first_failure or said
                self.report.blame(said)
        self.nonces[channel] = nonce

    def _load(self, source: FeedFile, line: Captured) -> None:
        """Make the book of a pair that of a snapshot."""
        pair = _pair(line)
        assert pair is not None
        ts = _created(source, line)
        self._saw(ts)
        self.report.snapshots += 1
        instrument = self.pairs[pair]
        old = self.books.get(pair, {})
        new: dict[str, tuple[int, int, int]] = {}
        for side, order in _snapshot(source, line):
            guid, price, size = self._order(source, line, instrument, order)
            if guid in new:
                raise _bad(source, line, "a snapshot has an order twice", guid)
            if size:
                new[guid] = (side, price, size)
        first = len(self.messages)
        for guid, known in old.items():
            if new.get(guid) != known:
                self._emit(ts, Kind.CANCEL, pair, guid)
        for guid, known in new.items():
            if old.get(guid) != known:
                self._emit(ts, Kind.NEW, pair, guid, *known)
        self.consistent[first:-1] = [False] * (len(self.consistent) - first - 1)
        self.books[pair] = new
        self.touches[pair] = touch = BestPrices()
        for side, price, _ in new.values():
            touch.add(side, price)
        self.met.pop(pair, None)
        self.since[pair] = ts
        for earlier, event in self.waiting.pop(pair, ()):
            data = event["Data"]
            side = SIDES[data["OrderType"]]
            self._apply(
                source, earlier, event["Event"], pair, side, data, _time(source, earlier, event)
            )

    def _event(self, source: FeedFile, line: Captured, event: dict[str, Any]) -> None:
        data, ts = event.get("Data"), _time(source, line, event)
        if not isinstance(data, dict) or not isinstance(data.get("OrderGuid"), str):
            raise _bad(source, line, "an order event has Data with an OrderGuid", data)
        side = SIDES.get(str(data.get("OrderType")))
        if side is None:
            raise _bad(source, line, "OrderType must be LimitBid or LimitOffer", data)
        self._saw(ts)
        first = _first_currency(event)
        pairs = [pair for pair in self.pairs if pair[0] == first]
        for pair in pairs:
            if pair in self.books:
                self._apply(source, line, event["Event"], pair, side, data, ts)
            else:
                self.waiting.setdefault(pair, deque(maxlen=MOST_WAITING)).append((line, event))

    def _apply(
        self,
        source: FeedFile,
        line: Captured,
        kind: str,
        pair: tuple[str, str],
        side: int,
        data: dict[str, Any],
        ts: int,
    ) -> None:
        book, guid = self.books[pair], data["OrderGuid"]
        known = book.get(guid)
        early = ts < self.since[pair]
        ts = max(ts, self.since[pair])
        made = len(self.messages)
        if not known and kind != "NewOrder":
            self.report.unknown_ids += 1
            self.report.unknown_explained += early
        self._change_book(source, line, kind, pair, side, data, ts, known)
        now = book.get(guid)
        if now != known:
            if known:
                self.touches[pair].drop(*known[:2])
            if now:
                self.touches[pair].add(*now[:2])
        if (early or self._is_on_its_way(pair, ts)) and len(self.messages) > made:
            self.consistent[-1] = False

    def _is_on_its_way(self, pair: tuple[str, str], ts: int) -> bool:
        """Whether a book is locked or crossed, and has not been so for long."""
        if not self.touches[pair].meet:
            self.met.pop(pair, None)
            return False
        return ts < self.met.setdefault(pair, ts) + SETTLED_AFTER

    def _change_book(
        self,
        source: FeedFile,
        line: Captured,
        kind: str,
        pair: tuple[str, str],
        side: int,
        data: dict[str, Any],
        ts: int,
        known: tuple[int, int, int] | None,
    ) -> None:
        book, guid = self.books[pair], data["OrderGuid"]
        if kind == "OrderCanceled":
            if known:
                self._emit(ts, Kind.CANCEL, pair, guid)
                del book[guid]
            return
        prices = data.get("Price")
        if kind == "NewOrder" and (not isinstance(prices, dict) or pair[1] not in prices):
            raise _bad(source, line, f"a new order has a Price in {pair[1]}", prices)
        told = prices[pair[1]] if isinstance(prices, dict) and pair[1] in prices else None
        size = _steps(source, line, "Volume", data.get("Volume"), LOT, MAX_LOTS)
        tick = self.pairs[pair].tick_size
        price = known[1] if known else 0
        if told is not None:
            price = _steps(source, line, "Price", told, tick, MAX_PRICE)
        if kind == "NewOrder":
            if known:
                if known != (side, price, size):
                    self.report.duplicate_ids += 1
                    self.report.blame(f"line {line.line}: a new order {guid} is there already")
                return
            if size:
                book[guid] = (side, price, size)
                self._emit(ts, Kind.NEW, pair, guid, side, price, size)
        elif known:
            self._change(ts, pair, guid, known, price, size)

    def _change(
        self,
        ts: int,
        pair: tuple[str, str],
        guid: str,
        known: tuple[int, int, int],
        price: int,
        size: int,
    ) -> None:
        side, old_price, old_size = known
        if not size:
            self._emit(ts, Kind.CANCEL, pair, guid)
            del self.books[pair][guid]
            return
        self.books[pair][guid] = (side, price, size)
        if price == old_price and size < old_size:
            self._emit(ts, Kind.REDUCE, pair, guid, side, 0, old_size - size)
        elif (price, size) != (old_price, old_size):
            self._emit(ts, Kind.REPLACE, pair, guid, side, price, size)

    def _trade(self, source: FeedFile, line: Captured, event: dict[str, Any]) -> None:
        first, prices = _told_prices(event)
        data, ts = event.get("Data"), _time(source, line, event)
        if not isinstance(data, dict):
            raise _bad(source, line, "a trade has Data", data)
        side = {"Buy": 1, "Sell": -1}.get(str(data.get("Side")), 0)
        for pair, instrument in self.pairs.items():
            if pair[0] == first and pair[1] in prices:
                price = _steps(
                    source, line, "Price", prices[pair[1]], instrument.tick_size, MAX_PRICE
                )
                size = _steps(source, line, "Volume", data.get("Volume"), LOT, MAX_LOTS)
                self.prints.append((ts, self.made, instrument.number, side, price, size))

    def _order(
        self, source: FeedFile, line: Captured, instrument: Instrument, order: dict[str, Any]
    ) -> tuple[str, int, int]:
        guid = order.get("Guid")
        if not isinstance(guid, str):
            raise _bad(source, line, "an order of a snapshot has a Guid", order)
        price = _steps(source, line, "Price", order.get("Price"), instrument.tick_size, MAX_PRICE)
        return guid, price, _steps(source, line, "Volume", order.get("Volume"), LOT, MAX_LOTS)

    def _emit(
        self,
        ts: int,
        kind: Kind,
        pair: tuple[str, str],
        guid: str,
        side: int = 0,
        price: int = 0,
        size: int = 0,
    ) -> None:
        if guid not in self.ids:
            self.ids[guid] = self.next_id
            self.next_id += 1
        self.messages.append((ts, kind, self.pairs[pair].number, self.ids[guid], side, price, size))
        self.consistent.append(True)
        self.made += 1
        if kind == Kind.CANCEL and not any(
            guid in book for other, book in self.books.items() if other != pair
        ):
            del self.ids[guid]

    def _saw(self, ts: int) -> None:
        self.report.saw_one(ts)


# -------------------------------------------------------------------- what a line says


def _pair(line: Captured) -> tuple[str, str] | None:
    """The pair of a snapshot; ``None``: the line is none."""
    if line.kind != "http" or SNAPSHOT not in line.url:
        return None
    query = parse_qs(urlsplit(line.url).query)
    first, second = (
        query.get(f"{which}CurrencyCode", [""])[0] for which in ("primary", "secondary")
    )
    return (first.lower(), second.lower()) if first and second else None


def _snapshot(source: FeedFile, line: Captured) -> list[tuple[int, dict[str, Any]]]:
    """Side and fields of each order of a snapshot."""
    value = parse_json(source, line.line, line.body)
    found = []
    for side, name in ((1, "BuyOrders"), (-1, "SellOrders")):
        orders = value.get(name) if isinstance(value, dict) else None
        if not isinstance(orders, list) or not all(isinstance(order, dict) for order in orders):
            raise _bad(source, line, f"a snapshot has {name}, a list of orders", orders)
        for order in orders:
            if not _is_number(order.get("Price")):
                raise _bad(source, line, "Price must be a number", order)
            found.append((side, order))
    return found


def _created(source: FeedFile, line: Captured) -> int:
    """When a snapshot was taken, in ns; by the recorder's clock where it does not say."""
    value = parse_json(source, line.line, line.body)
    told = value.get("CreatedTimestampUtc")
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?", str(told))
    if not found:
        return line.ts
    try:
        seconds = int(datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        raise _bad(source, line, "CreatedTimestampUtc is no time", told) from None
    return seconds * 10**9 + int((found[2] or "").ljust(9, "0"))


def _first_currency(event: dict[str, Any]) -> str:
    return str(event.get("Channel")).partition("-")[2].partition("-")[0].lower()


def _told_prices(event: Any) -> tuple[str, dict[str, Any]]:
    """The first currency of an event, and its prices by second currency."""
    if not isinstance(event, dict) or not isinstance(event.get("Data"), dict):
        return "", {}
    prices = event["Data"].get("Price")
    if isinstance(prices, dict):
        return _first_currency(event), {
            str(second).lower(): price for second, price in prices.items() if _is_number(price)
        }
    parts = str(event.get("Channel")).lower().split("-")
    if _is_number(prices) and len(parts) == 3:
        return parts[1], {parts[2]: prices}
    return "", {}


def _time(source: FeedFile, line: Captured, event: dict[str, Any]) -> int:
    ms = event.get("Time")
    if type(ms) is not int or not 0 <= ms < 2**42:
        raise _bad(source, line, "Time must be in ms since 1970", ms)
    return ms * 1_000_000


def _widen(decimals: dict[tuple[str, str], int], pair: tuple[str, str], price: Any) -> None:
    if isinstance(price, Decimal) and price.is_finite():
        exponent = -int(price.normalize().as_tuple().exponent)
        if exponent <= MOST_DECIMALS:
            decimals[pair] = max(decimals.get(pair, 0), exponent)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _steps(
    source: FeedFile, line: Captured, what: str, value: Any, step: Decimal, most: int
) -> int:
    """A decimal as a whole number of steps."""
    if not _is_number(value) or not -(10**15) < value < 10**15:
        raise _bad(source, line, f"{what} must be a number", value)
    if abs(Decimal(value).as_tuple().exponent) > 30:  # type: ignore[arg-type]
        raise _bad(source, line, f"{what} has too many decimals", value)
    steps = Decimal(value) / step
    if steps != int(steps) or not 0 <= steps <= most:
        raise _bad(source, line, f"{what} must be 0 to {most} steps of {step}", value)
    return int(steps)


def _bad(source: FeedFile, line: Captured, rule: str, value: Any) -> FeedError:
    return FeedError(f"{rule}, got {str(value)[:80]!r}", path=source.name, line=line.line)


def _bytes(body: bytes | str) -> bytes:
    return body if isinstance(body, bytes) else body.encode("utf-8", "replace")
