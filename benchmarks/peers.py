"""The same messages through other order books from PyPI, each in the way that suits it best.

Where a peer takes many rows in one call it gets them so; where it does not, it is called from a
Python loop over plain integers that were made beforehand, so that only the loop and the peer's
own work are timed. None of them returns events, and what else one leaves out is said in its
``note``. A peer that keeps a book but does not match is told the outcome of every match: it has
less to do than the others.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import lob
from benchmarks.contenders import Loaded, Start
from benchmarks.mixes import Mix

__all__ = ["PEERS", "installed"]


def installed(wanted: Iterable[type[Any]]) -> tuple[list[Any], list[str]]:
    """The peers that import here, and a line on each that does not."""
    found, missing = [], []
    for peer in wanted:
        try:
            import_module(peer.module)
        except ImportError as error:
            missing.append(f"{peer.name}: left out, it is not installed ({error})")
        else:
            found.append(peer())
    return found, missing


# ---------------------------------------------------------------------- peers that match


class Bourse:
    """A Rust book with a Python call for every order.

    Two orders at one price and one time are one to it: the second takes the first one's place.
    So the clock is set before each order, or it would lose orders, and be quicker for it.
    """

    name = "bourse"
    module = "bourse"
    note = "two calls an order; matches, returns its id; keeps every order and trade for good"
    limit: int | None = None

    def prepare(self, mix: Mix, out: NDArray[np.void]) -> Start:
        preload, timed = list(self._calls(mix.preload)), list(self._calls(mix.timed))

        def start() -> Loaded:
            book = self._filled(preload)
            return Loaded(lambda: self._run(book, timed), book.bid_ask)

        return start

    def pairs(self, mix: Mix, price: int) -> Callable[[int], None] | None:
        book = self._filled(self._calls(mix.preload))
        book.set_time(len(mix.preload) + 1)
        place, cancel = book.place_order, book.cancel_order

        def run(count: int) -> None:
            for _ in range(count):
                cancel(place(True, 10, 7, price))

        return run

    @staticmethod
    def _calls(rows: NDArray[np.void]) -> Iterator[tuple[bool, int, int, int | None]]:
        """Is it a bid, its size (0: a cancel), the order's id, its price."""
        prices = rows["price"].astype(object)
        prices[rows["order_type"] == lob.OrderType.MARKET] = None
        return zip(
            (rows["side"] == lob.Side.BUY).tolist(),
            rows["size"].tolist(),
            rows["order_id"].tolist(),
            prices.tolist(),
            strict=True,
        )

    def _filled(self, calls: Iterable[tuple[bool, int, int, int | None]]) -> Any:
        from bourse.core import OrderBook

        book = OrderBook(0, True)
        self._run(book, calls)
        return book

    @staticmethod
    def _run(book: Any, calls: Iterable[tuple[bool, int, int, int | None]]) -> None:
        set_time, place, cancel = book.set_time, book.place_order, book.cancel_order
        for bid, size, order_id, price in calls:
            if size:
                set_time(order_id)
                place(bid, size, 7, price)
            else:
                cancel(order_id - 1)  # it counts from 0


class LightMatchingEngine:
    """A plain Python book; its best price is a search of all prices."""

    name = "lightmatchingengine"
    module = "lightmatchingengine.lightmatchingengine"
    note = "a call a message, pure Python; matches, returns the trades"
    limit: int | None = 4_000
    instrument = "X"

    def prepare(self, mix: Mix, out: NDArray[np.void]) -> Start:
        timed = list(
            zip(
                mix.timed["price"].tolist(),  # 0 is a market order there too
                mix.timed["size"].tolist(),
                np.where(mix.timed["side"] == lob.Side.BUY, 1, 2).tolist(),
                mix.timed["order_id"].tolist(),
                strict=True,
            )
        )

        def start() -> Loaded:
            engine = self._filled(mix)
            book = engine.order_books[self.instrument]
            return Loaded(
                lambda: self._run(engine, timed), lambda: (max(book.bids), min(book.asks))
            )

        return start

    def pairs(self, mix: Mix, price: int) -> Callable[[int], None] | None:
        engine, instrument = self._filled(mix), self.instrument

        def run(count: int) -> None:
            for _ in range(count):
                order, _ = engine.add_order(instrument, price, 10, 1)
                engine.cancel_order(order.order_id, instrument)

        return run

    def _filled(self, mix: Mix) -> Any:
        """Fills the dictionaries of the book directly: its own calls would take minutes."""
        from lightmatchingengine.lightmatchingengine import (
            LightMatchingEngine as Engine,
        )
        from lightmatchingengine.lightmatchingengine import Order, OrderBook

        engine, book = Engine(), OrderBook()
        engine.order_books[self.instrument] = book
        rows = mix.preload[["order_id", "price", "size", "side"]].tolist()
        for order_id, price, size, side in rows:
            bid = side == lob.Side.BUY
            order = Order(order_id, self.instrument, price, size, 1 if bid else 2)
            (book.bids if bid else book.asks).setdefault(price, []).append(order)
            book.order_id_map[order_id] = order
        engine.curr_order_id = len(rows)
        return engine

    def _run(self, engine: Any, calls: list[tuple[int, int, int, int]]) -> None:
        add, cancel, instrument = engine.add_order, engine.cancel_order, self.instrument
        for price, size, side, order_id in calls:
            if size:
                add(instrument, price, size, side)
            else:
                cancel(order_id, instrument)


# ---------------------------------------------------------------------- peers that keep a book


class Change(NamedTuple):
    """What a message did to one resting order."""

    order_id: int
    bid: bool
    price: int
    leaves: int
    """Lots that it has now; 0: it is gone."""
    lots: int
    """Lots that it gained; all of ``leaves`` if it is new."""


def changes(events: NDArray[np.void]) -> Iterator[Change]:
    """The changes to resting orders behind the events of plain limit and market orders."""
    fields = ["kind", "order_id", "side", "price", "size", "leaves", "order_type"]
    resting = ["resting_order_id", "resting_leaves"]
    incoming: Change | None = None  # until the event after its trades
    for row in events[fields + resting].tolist():
        kind, order_id, side, price, size, leaves, order_type, resting_id, resting_leaves = row
        bid = side == lob.Side.BUY
        if kind == lob.EventKind.TRADE:
            yield Change(resting_id, not bid, price, resting_leaves, -size)
            if incoming:
                incoming = incoming._replace(leaves=leaves, lots=leaves)
            continue
        if incoming and incoming.leaves:
            yield incoming
        incoming = None
        if kind == lob.EventKind.ACCEPTED and order_type == lob.OrderType.LIMIT:
            incoming = Change(order_id, bid, price, size, size)
        elif kind == lob.EventKind.CANCELLED and order_type == lob.OrderType.LIMIT:
            yield Change(order_id, bid, price, 0, -size)
    if incoming and incoming.leaves:
        yield incoming


def both_parts(mix: Mix) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """The events of the preload, and those of the timed messages."""
    book = lob.OrderBook()
    return book.process(mix.preload), book.process(mix.timed)


class NautilusTrader:
    """A Rust book of orders behind Cython objects."""

    name = "nautilus_trader"
    module = "nautilus_trader.model.book"
    note = "one call with ready-made deltas; does not match: is told what becomes of each order"
    limit: int | None = 100_000

    def prepare(self, mix: Mix, out: NDArray[np.void]) -> Start:
        preload, timed = (self._deltas(changes(events)) for events in both_parts(mix))

        def start() -> Loaded:
            book = self._empty()
            book.apply_deltas(preload)
            return Loaded(
                lambda: book.apply_deltas(timed),
                lambda: (int(book.best_bid_price()), int(book.best_ask_price())),
            )

        return start

    def pairs(self, mix: Mix, price: int) -> Callable[[int], None] | None:
        from nautilus_trader.model.data import BookOrder
        from nautilus_trader.model.enums import OrderSide
        from nautilus_trader.model.objects import Price, Quantity

        book = self._empty()
        book.apply_deltas(self._deltas(changes(both_parts(mix)[0])))
        order = BookOrder(OrderSide.BUY, Price(price, 0), Quantity(10, 0), 2**40)
        add, delete = book.add, book.delete

        def run(count: int) -> None:
            for _ in range(count):
                add(order, 0)
                delete(order, 0)

        return run

    @staticmethod
    def _instrument() -> Any:
        from nautilus_trader.model.identifiers import InstrumentId

        return InstrumentId.from_str("X.VENUE")

    def _empty(self) -> Any:
        from nautilus_trader.model.book import OrderBook
        from nautilus_trader.model.enums import BookType

        return OrderBook(self._instrument(), BookType.L3_MBO)

    def _deltas(self, told: Iterable[Change]) -> Any:
        from nautilus_trader.model.data import BookOrder, OrderBookDelta, OrderBookDeltas
        from nautilus_trader.model.enums import BookAction, OrderSide
        from nautilus_trader.model.objects import Price, Quantity

        instrument, deltas = self._instrument(), []
        for change in told:
            action = BookAction.ADD if change.lots == change.leaves else BookAction.UPDATE
            order = BookOrder(
                OrderSide.BUY if change.bid else OrderSide.SELL,
                Price(change.price, 0),
                Quantity(change.leaves, 0),
                change.order_id,
            )
            if not change.leaves:
                action = BookAction.DELETE
            deltas.append(OrderBookDelta(instrument, action, order, 0, 0, 0, 0))
        return OrderBookDeltas(instrument, deltas)


class OrderBookInC:
    """A sorted dictionary of levels in C."""

    name = "order-book"
    module = "order_book"
    note = (
        "a call a level; knows no orders, does not match, and sorts only when read: not read here"
    )
    limit: int | None = 200_000

    def prepare(self, mix: Mix, out: NDArray[np.void]) -> Start:
        totals: dict[tuple[bool, int], int] = {}
        preload, timed = (self._levels(events, totals) for events in both_parts(mix))

        def start() -> Loaded:
            from order_book import OrderBook

            book = OrderBook()
            self._run(book, preload)
            return Loaded(
                lambda: self._run(book, timed),
                lambda: (book.bids.index(0)[0], book.asks.index(0)[0]),
            )

        return start

    def pairs(self, mix: Mix, price: int) -> Callable[[int], None] | None:
        from order_book import OrderBook

        book = OrderBook()
        self._run(book, self._levels(both_parts(mix)[0], {}))
        bids = book.bids

        def run(count: int) -> None:
            for _ in range(count):
                bids[price] = 10
                del bids[price]

        return run

    @staticmethod
    def _levels(
        events: NDArray[np.void], totals: dict[tuple[bool, int], int]
    ) -> list[tuple[bool, int, int]]:
        """The new total of every level that changes; ``totals`` goes on from call to call."""
        levels = []
        for change in changes(events):
            level = change.bid, change.price
            totals[level] = totals.get(level, 0) + change.lots
            levels.append((*level, totals[level]))
        return levels

    @staticmethod
    def _run(book: Any, levels: list[tuple[bool, int, int]]) -> None:
        bids, asks = book.bids, book.asks
        for bid, price, size in levels:
            side = bids if bid else asks
            if size:
                side[price] = size
            else:
                del side[price]


PEERS = (Bourse, OrderBookInC, NautilusTrader, LightMatchingEngine)
