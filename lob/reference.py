"""The matching engine in plain Python: the executable specification.

Read this file to know the rules of the market. ``lob.OrderBook`` keeps the same contract in
compiled code, and the differential tests hold the two to the same events, message by message.
Nothing falls back to this one: it is some hundred times slower.
"""

import copy as copying
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sortedcontainers import SortedDict

from lob.checks import (
    INT32,
    Message,
    apart,
    misuse,
    to_band,
    to_message_array,
    to_order_array,
    to_output,
    to_protection,
    to_reference,
)
from lob.checks import (
    indexed as integer,
)
from lob.types import (
    EVENT,
    LEVEL,
    MAX_PRICE,
    MAX_SIZE,
    ORDER,
    QUOTE,
    Cost,
    EventKind,
    Flag,
    Kind,
    Order,
    OrderType,
    Reason,
    SelfTradePrevention,
    Session,
    Side,
    TimeInForce,
    Trade,
)
from lob.units import PPM
from lob.venue.call_auction import Uncross, uncross

__all__ = ["OrderBook", "Outcome"]

STP = SelfTradePrevention


class Outcome(NamedTuple):
    """What became of one message to an order book."""

    accepted: bool
    """Whether the message was not rejected."""
    reason: Reason
    """Why the message was rejected, or why some of its order was cancelled or taken off."""
    filled: int
    """Lots of the order that traded at once."""
    leaves: int
    """Lots of the order that rest now."""
    trades: tuple[Trade, ...]
    """The trades, in order of execution."""


@dataclass(slots=True)
class _Open:
    """An order with lots left: the incoming one, or one that rests."""

    order_id: int
    side: int
    price: int
    size: int
    owner: int
    tag: int
    stp: int
    flags: int
    order_type: int = OrderType.LIMIT
    time_in_force: int = TimeInForce.GTC
    filled: int = 0
    """Lots it has traded so far."""


Queue = dict[int, _Open]
"""The orders at one price by id, oldest first."""


class OrderBook:
    """A limit order book of one instrument with price-time priority.

    The twin of ``lob.OrderBook`` in plain Python: parameters, results and errors of each method are
    those of the method of that name there.

    Parameters
    ----------
    instrument, unique_ids
        As for ``lob.OrderBook``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, instrument: int = 0, *, unique_ids: bool = False) -> None:
        self.instrument = integer("instrument", instrument, 0, 2**16 - 1)
        self.seq = 0
        # Prices sort ascending; the best bid is the last key, the best ask the first.
        self._queues: dict[int, SortedDict[int, Queue]] = {
            Side.BUY: SortedDict(),
            Side.SELL: SortedDict(),
        }
        # Market orders that wait for a call auction.
        self._waiting: dict[int, Queue] = {Side.BUY: {}, Side.SELL: {}}
        self._volume: dict[int, int] = {Side.BUY: 0, Side.SELL: 0}
        self._used: set[int] | None = set() if unique_ids else None
        self._orders: dict[int, _Open] = {}
        self._events: list[tuple[int, ...]] = []
        self._message = Message()
        self.session = Session.CONTINUOUS
        self._low, self._high = -MAX_PRICE, MAX_PRICE

    # ---------------------------------------------------------------- messages, one by one

    def submit(
        self,
        *,
        order_id: int,
        side: int,
        price: int | None = None,
        size: int,
        owner: int = 0,
        order_type: int = OrderType.LIMIT,
        time_in_force: int = TimeInForce.GTC,
        post_only: bool = False,
        min_size: int = 0,
        stp: int = STP.NONE,
        tag: int = 0,
        ts_event: int = 0,
        protection: int = 0,
        protection_ppm: int = 0,
    ) -> Outcome:
        """Enter a new order into the book; returns the ``Outcome``.

        Raises ``TypeError`` or ``ValueError`` if an argument is malformed.
        """
        trail, relative = to_protection(protection, protection_ppm)
        if price is None:
            if order_type == OrderType.LIMIT:
                raise TypeError("price must be given for a limit order")
            price = 0
        return self._one(
            Message(
                kind=Kind.NEW,
                order_id=integer("order_id", order_id),
                side=integer("side", side),
                price=integer("price", price),
                size=integer("size", size),
                owner=integer("owner", owner, *INT32),
                order_type=integer("order_type", order_type),
                time_in_force=integer("time_in_force", time_in_force),
                flags=(Flag.POST_ONLY if post_only else 0) | (Flag.RELATIVE if relative else 0),
                trail=trail,
                min_size=integer("min_size", min_size),
                stp=integer("stp", stp),
                tag=integer("tag", tag),
                ts_event=integer("ts_event", ts_event),
                instrument=self.instrument,
            )
        )

    def cancel(self, order_id: int, *, owner: int = 0, ts_event: int = 0) -> Outcome:
        """Take an order, by its id, out of the book; returns the ``Outcome``."""
        return self._one(
            Message(
                kind=Kind.CANCEL,
                order_id=integer("order_id", order_id),
                owner=integer("owner", owner, *INT32),
                ts_event=integer("ts_event", ts_event),
                instrument=self.instrument,
            )
        )

    def reduce(self, order_id: int, size: int, *, owner: int = 0, ts_event: int = 0) -> Outcome:
        """Take ``size`` lots off an order, which keeps its place; returns the ``Outcome``."""
        return self._one(
            Message(
                kind=Kind.REDUCE,
                order_id=integer("order_id", order_id),
                owner=integer("owner", owner, *INT32),
                size=integer("size", size),
                ts_event=integer("ts_event", ts_event),
                instrument=self.instrument,
            )
        )

    def replace(
        self,
        order_id: int,
        *,
        price: int | None = None,
        size: int | None = None,
        total_size: bool = False,
        owner: int = 0,
        ts_event: int = 0,
    ) -> Outcome:
        """Give an order a new price in ticks, a new open size in lots, or both: an ``Outcome``."""
        order_id = integer("order_id", order_id)
        order = self._orders.get(order_id)
        if price is None:
            price = order.price if order else 0
        if size is None and order:
            size = min(order.size + (order.filled if total_size else 0), MAX_SIZE)
        elif size is None:
            size = 1
        return self._one(
            Message(
                kind=Kind.REPLACE,
                order_id=order_id,
                flags=Flag.TOTAL_SIZE if total_size else 0,
                owner=integer("owner", owner, *INT32),
                price=integer("price", price),
                size=integer("size", size),
                ts_event=integer("ts_event", ts_event),
                instrument=self.instrument,
            )
        )

    def set_session(
        self, session: int, reference_price: int | None = None, *, ts_event: int = 0
    ) -> Outcome:
        """Put the book into another session; one that goes into CONTINUOUS is uncrossed first."""
        price, order_type = to_reference(reference_price)
        return self._one(
            Message(
                kind=Kind.SESSION,
                order_id=integer("session", session, 0, max(Session)),
                price=price,
                order_type=order_type,
                ts_event=integer("ts_event", ts_event),
                instrument=self.instrument,
            )
        )

    def uncross(self, reference_price: int | None = None, *, ts_event: int = 0) -> Outcome:
        """Trade what the book has collected at one price; its session stays."""
        price, order_type = to_reference(reference_price)
        return self._one(
            Message(
                kind=Kind.UNCROSS,
                price=price,
                order_type=order_type,
                ts_event=integer("ts_event", ts_event),
                instrument=self.instrument,
            )
        )

    def set_band(self, low: int | None, high: int | None, *, ts_event: int = 0) -> Outcome:
        """Allow prices of the book from ``low`` to ``high`` ticks only; ``None``: no bound."""
        lowest, highest = to_band(low, high)
        return self._one(
            Message(
                kind=Kind.BAND,
                price=lowest,
                stop_price=highest,
                ts_event=integer("ts_event", ts_event),
                instrument=self.instrument,
            )
        )

    def process(
        self,
        messages: NDArray[np.void],
        out: NDArray[np.void] | None = None,
        quotes: NDArray[np.void] | None = None,
    ) -> NDArray[np.void]:
        """Apply a ``lob.MESSAGE`` array to the book; returns the events, a ``lob.EVENT`` array.

        All rows are checked before any is applied: a malformed one is a ``ValueError``.
        """
        rows = [Message._make(row) for row in to_message_array(messages).tolist()]
        to_output("out", out, EVENT)
        to_output("quotes", quotes, QUOTE, len(rows))
        apart(messages=messages, out=out, quotes=quotes)
        for i, message in enumerate(rows):
            problem = misuse(message, self.instrument)
            if problem:
                raise ValueError(f"messages[{i}]: {problem}")
        self._events = []
        for i, message in enumerate(rows):
            self._apply(message)
            if quotes is not None:
                quotes[i] = (message.ts_event, *self._touch(Side.BUY), *self._touch(Side.SELL))
        events = np.array(self._events, dtype=EVENT)
        if out is not None and len(out) >= len(events):
            out[: len(events)] = events
            return out[: len(events)]
        return events

    # ---------------------------------------------------------------- the rules

    def _apply(self, message: Message) -> None:
        self._message = message
        if message.kind == Kind.NEW:
            self._new(message)
            return
        if message.kind == Kind.SESSION:
            self._change_session(message)
            return
        if message.kind == Kind.UNCROSS:
            self._uncross_now(message)
            return
        if message.kind == Kind.BAND:
            self._change_band(message)
            return
        order = self._orders.get(message.order_id)
        if order is None:
            self._reject(Reason.UNKNOWN_ORDER)
        elif message.owner not in (order.owner, 0):
            # Owner 0 is whoever operates the book. How much is open is nothing to a stranger.
            self._reject(Reason.NOT_OWNER)
        elif message.kind == Kind.CANCEL:
            self._cancel(order, Reason.NONE)
        elif message.kind == Kind.REDUCE:
            self._take_off(order, min(message.size, order.size), Reason.NONE)
        else:
            self._replace(order, message)

    def _new(self, message: Message) -> None:
        message = self._protected(message)
        market = message.order_type == OrderType.MARKET
        order = _Open(
            order_id=message.order_id,
            side=message.side,
            price=0 if market else message.price,
            size=message.size,
            owner=message.owner,
            tag=message.tag,
            stp=message.stp,
            flags=message.flags,
            order_type=message.order_type,
            time_in_force=message.time_in_force,
        )
        collecting = self.session == Session.CALL
        may_rest = message.time_in_force == TimeInForce.GTC and (collecting or not market)
        if self.session == Session.HALTED:
            self._reject(Reason.HALTED)
        elif message.order_id in self._orders or message.order_id in (self._used or ()):
            self._reject(Reason.DUPLICATE_ORDER_ID)
        elif not market and not self._allowed(order.price):
            self._reject(Reason.PRICE_BAND)
        elif collecting and (not may_rest or message.min_size or (market and message.trail)):
            self._reject(Reason.COLLECTING)
        elif may_rest and self._volume[order.side] + order.size > MAX_SIZE:
            self._reject(Reason.VOLUME_LIMIT)
        elif order.flags & Flag.POST_ONLY and self._crosses(order):
            self._reject(Reason.POST_ONLY)
        elif message.time_in_force == TimeInForce.FOK and self._tradable(order) < order.size:
            self._reject(Reason.FILL_OR_KILL)
        elif message.min_size and self._tradable(order) < message.min_size:
            self._reject(Reason.MINIMUM_SIZE)
        else:
            self._emit(EventKind.ACCEPTED, order, order.size)
            if self._used is not None:
                self._used.add(order.order_id)
            self._match(order)
            if order.size and may_rest:
                self._rest(order)
            elif order.size:
                remainder = order.size
                order.size = 0
                reason = Reason.IMMEDIATE_OR_CANCEL
                if market:
                    # What it leaves untouched lies beyond the band.
                    beyond = self._best(-order.side) is not None
                    reason = Reason.PRICE_BAND if beyond else Reason.NO_LIQUIDITY
                self._emit(EventKind.CANCELLED, order, remainder, reason)

    def _protected(self, message: Message) -> Message:
        """A market order with a protection limit is a limit order there, if it can trade at all.

        The limit is so many ticks, or ppm rounded down to ticks, beyond the best price of the other
        side, and within the band.
        """
        best = self._best(-message.side)
        if (
            message.order_type != OrderType.MARKET
            or not message.trail
            or self.session != Session.CONTINUOUS
            or best is None
            or (best[0] > self._high if message.side == Side.BUY else best[0] < self._low)
        ):
            return message
        away = message.trail
        if message.flags & Flag.RELATIVE:
            away = abs(best[0]) * away // PPM
        self._message = message._replace(
            order_type=OrderType.LIMIT,
            price=max(self._low, min(self._high, best[0] + message.side * away)),
            flags=message.flags & ~int(Flag.RELATIVE),
            trail=0,
        )
        return self._message

    def _replace(self, order: _Open, message: Message) -> None:
        """What is no larger, at the same price, keeps its place; all else is entered anew.

        Price and open size change, all else stays: a post-only order stays post-only, and a market
        order that waits for a call auction, which has no price, stays one.
        """
        market = order.order_type == OrderType.MARKET
        size = message.size
        if message.flags & Flag.TOTAL_SIZE:
            size -= order.filled
            if size <= 0:
                self._cancel(order, Reason.NONE)
                return
        if self._volume[order.side] - order.size + size > MAX_SIZE:
            self._reject(Reason.VOLUME_LIMIT, order)
            return
        if (market or message.price == order.price) and size <= order.size:
            self._volume[order.side] -= order.size - size
            order.size = size
            self._emit(EventKind.REPLACED, order, order.size)
            return
        if self.session == Session.HALTED:
            self._reject(Reason.HALTED, order)
            return
        if not market and not self._allowed(message.price):
            self._reject(Reason.PRICE_BAND, order)
            return
        if order.flags & Flag.POST_ONLY and self._crosses(order, message.price):
            self._reject(Reason.POST_ONLY, order)
            return
        self._remove(order)
        order.price, order.size = 0 if market else message.price, size
        self._emit(EventKind.REPLACED, order, order.size)
        self._match(order)
        if order.size:
            self._rest(order)

    def _match(self, order: _Open) -> None:
        """Trade against the other side, best price first, oldest order first, at their prices."""
        if self.session != Session.CONTINUOUS:
            return
        while order.size and self._crosses(order):
            resting = self._first(-order.side)
            if order.stp != STP.NONE and resting.owner == order.owner != 0:
                self._prevent_self_trade(order, resting)
                continue
            size = min(order.size, resting.size)
            self._fill(order, size)
            self._fill(resting, size)
            self._volume[resting.side] -= size
            self._emit(EventKind.TRADE, order, size, resting=resting)
            if not resting.size:
                self._remove(resting)

    def _fill(self, order: _Open, size: int) -> None:
        order.size -= size
        order.filled = min(order.filled + size, MAX_SIZE)

    def _prevent_self_trade(self, order: _Open, resting: _Open) -> None:
        """The resting order's event comes first."""
        if order.stp == STP.DECREMENT:
            size = min(order.size, resting.size)
            self._take_off(resting, size, Reason.SELF_TRADE)
            order.size -= size
            kind = EventKind.REDUCED if order.size else EventKind.CANCELLED
            self._emit(kind, order, size, Reason.SELF_TRADE)
            return
        if order.stp in (STP.CANCEL_OLDEST, STP.CANCEL_BOTH):
            self._cancel(resting, Reason.SELF_TRADE)
        if order.stp in (STP.CANCEL_NEWEST, STP.CANCEL_BOTH):
            remainder = order.size
            order.size = 0
            self._emit(EventKind.CANCELLED, order, remainder, Reason.SELF_TRADE)

    def _tradable(self, order: _Open) -> int:
        """The lots that ``_match`` would trade, without doing it."""
        traded = 0
        left = order.size
        for price, queue in self._levels(-order.side):
            if not left or not self._crosses_at(order, order.price, price):
                break
            for resting in queue.values():
                if not left:
                    break
                size = min(left, resting.size)
                if order.stp == STP.NONE or resting.owner != order.owner or not order.owner:
                    traded += size
                    left -= size
                elif order.stp == STP.DECREMENT:
                    left -= size
                elif order.stp != STP.CANCEL_OLDEST:
                    left = 0
        return traded

    def _crosses(self, order: _Open, price: int | None = None) -> bool:
        best = self._best(-order.side)
        if self._waiting[-order.side]:
            return True
        return best is not None and self._crosses_at(
            order, order.price if price is None else price, best[0]
        )

    def _allowed(self, price: int) -> bool:
        return self._low <= price <= self._high

    def _crosses_at(self, order: _Open, price: int, resting_price: int) -> bool:
        if order.order_type == OrderType.MARKET:
            return self._allowed(resting_price)
        return price >= resting_price if order.side == Side.BUY else price <= resting_price

    # ---------------------------------------------------------------- sessions, bands, auctions

    def _change_session(self, message: Message) -> None:
        """A book may be crossed unless it is continuous: on the way there it is uncrossed."""
        self.session = Session(message.order_id)
        found = None
        if self.session == Session.CONTINUOUS:
            found = self._found(message)
        self._rule(EventKind.SESSION, message, found)
        if self.session == Session.CONTINUOUS:
            # What is left of market orders has nothing to rest at.
            for queue in self._waiting.values():
                for order in list(queue.values()):
                    self._cancel(order, Reason.NO_LIQUIDITY)

    def _uncross_now(self, message: Message) -> None:
        if self.session == Session.HALTED:
            self._reject(Reason.HALTED)
        else:
            self._rule(EventKind.UNCROSS, message, self._found(message))

    def _change_band(self, message: Message) -> None:
        """Bids above the band and asks below it, which could trade there, are cancelled.

        Bids below it and asks above it stay where they are, out of reach.
        """
        self._low, self._high = message.price, message.stop_price
        self._announce(EventKind.BAND, message, self._low, 0, self._high)
        for side in (Side.BUY, Side.SELL):
            while (best := self._best(side)) is not None:
                if best[0] <= self._high if side == Side.BUY else best[0] >= self._low:
                    break
                self._cancel(self._first(side), Reason.PRICE_BAND)

    def _found(self, message: Message) -> Uncross | None:
        limit = message.order_type == OrderType.LIMIT
        return self.indicative(message.price if limit else None)

    def _rule(self, kind: EventKind, message: Message, found: Uncross | None) -> None:
        if found is None:
            self._announce(kind, message, 0, 0, 0)
            return
        self._announce(kind, message, found.price, found.volume, found.surplus)
        self._trade_at(found.price, found.volume)

    def _trade_at(self, price: int, left: int) -> None:
        """Let the first lots of either side trade at one price.

        Market orders go first, then the best price, and at a price the oldest order. No self-trade
        is prevented: the price and the volume are announced, and both would change.
        """
        while left:
            buy, sell = (
                next(iter(self._waiting[side].values()), None) or self._first(side)
                for side in (Side.BUY, Side.SELL)
            )
            size = min(left, buy.size, sell.size)
            left -= size
            for order in (buy, sell):
                self._fill(order, size)
                self._volume[order.side] -= size
            self._emit(EventKind.TRADE, buy, size, Reason.UNCROSS, sell, price)
            for order in (buy, sell):
                if not order.size:
                    self._remove(order)

    # ---------------------------------------------------------------- the book's state

    def _rest(self, order: _Open) -> None:
        if order.order_type == OrderType.MARKET:
            self._waiting[order.side][order.order_id] = order
        else:
            self._queues[order.side].setdefault(order.price, {})[order.order_id] = order
        self._orders[order.order_id] = order
        self._volume[order.side] += order.size

    def _remove(self, order: _Open) -> None:
        queue = self._queue_of(order)
        del queue[order.order_id]
        if not queue and order.order_type != OrderType.MARKET:
            del self._queues[order.side][order.price]
        del self._orders[order.order_id]
        self._volume[order.side] -= order.size

    def _queue_of(self, order: _Open) -> Queue:
        if order.order_type == OrderType.MARKET:
            return self._waiting[order.side]
        queue: Queue = self._queues[order.side][order.price]
        return queue

    def _cancel(self, order: _Open, reason: Reason) -> None:
        self._take_off(order, order.size, reason)

    def _take_off(self, order: _Open, size: int, reason: Reason) -> None:
        if size == order.size:
            self._remove(order)
            order.size = 0
            self._emit(EventKind.CANCELLED, order, size, reason)
        else:
            order.size -= size
            self._volume[order.side] -= size
            self._emit(EventKind.REDUCED, order, size, reason)

    def _best(self, side: int) -> tuple[int, Queue] | None:
        queues = self._queues[side]
        return queues.peekitem(-1 if side == Side.BUY else 0) if queues else None

    def _first(self, side: int) -> _Open:
        """The oldest order at the best price of a side that has one."""
        queue: Queue = self._queues[side].peekitem(-1 if side == Side.BUY else 0)[1]
        return next(iter(queue.values()))

    def _levels(self, side: int) -> Iterator[tuple[int, Queue]]:
        items = self._queues[side].items()
        return reversed(items) if side == Side.BUY else iter(items)

    # ---------------------------------------------------------------- events

    def _emit(
        self,
        kind: EventKind,
        order: _Open,
        size: int,
        reason: Reason = Reason.NONE,
        resting: _Open | None = None,
        price: int | None = None,
    ) -> None:
        if price is None:
            price = resting.price if resting else order.price
        self.seq += 1
        self._events.append(
            (
                self.seq,
                self._message.ts_event,
                order.order_id,
                order.tag,
                price,
                size,
                order.size,
                resting.order_id if resting else 0,
                resting.tag if resting else 0,
                resting.size if resting else 0,
                order.owner,
                resting.owner if resting else 0,
                kind,
                order.side,
                order.order_type,
                order.time_in_force,
                reason,
                order.flags,
                self.instrument,
            )
        )

    def _reject(self, reason: Reason, order: _Open | None = None) -> None:
        """A rejection echoes the message and changes nothing."""
        message = self._message
        leaves = order.size if order else 0
        self._announce(EventKind.REJECTED, message, message.price, message.size, leaves, reason)

    def _announce(
        self,
        kind: EventKind,
        message: Message,
        price: int,
        size: int,
        leaves: int,
        reason: Reason = Reason.NONE,
    ) -> None:
        """An event about a message, not about an order of the book."""
        self.seq += 1
        self._events.append(
            (
                self.seq,
                message.ts_event,
                message.order_id,
                message.tag,
                price,
                size,
                leaves,
                0,
                0,
                0,
                message.owner,
                0,
                kind,
                message.side,
                message.order_type,
                message.time_in_force,
                reason,
                message.flags,
                self.instrument,
            )
        )

    def _one(self, message: Message) -> Outcome:
        problem = misuse(message, self.instrument)
        if problem:
            raise ValueError(problem)
        self._events = []
        self._apply(message)
        events = np.array(self._events, dtype=EVENT)
        trades = events[events["kind"] == EventKind.TRADE]
        accepted = events["kind"][0] != EventKind.REJECTED
        own = events["order_id"] == message.order_id
        resting = self._orders.get(message.order_id)
        if message.kind in (Kind.SESSION, Kind.UNCROSS, Kind.BAND):
            # It is no order's message, whatever its id.
            own = np.arange(len(events)) == 0
            resting = None
        return Outcome(
            accepted=bool(accepted),
            reason=Reason(int(events["reason"][own][-1])),
            filled=int(trades["size"].sum()),
            leaves=resting.size if resting else 0,
            trades=tuple(
                Trade(*row)
                for row in trades[["price", "size", "resting_order_id", "resting_owner"]].tolist()
            ),
        )

    # ---------------------------------------------------------------- views

    @property
    def band(self) -> tuple[int | None, int | None]:
        """The lowest and the highest price that the book allows, in ticks; ``None``: no bound."""
        return (
            None if self._low == -MAX_PRICE else self._low,
            None if self._high == MAX_PRICE else self._high,
        )

    def indicative(self, reference_price: int | None = None) -> Uncross | None:
        """What ``uncross`` would do to the book now; ``None``: nothing could trade."""
        to_reference(reference_price)
        bids, asks = (
            [
                (order.price, order.size)
                for price, queue in self._levels(side)
                for order in queue.values()
                if self._allowed(price)
            ]
            for side in (Side.BUY, Side.SELL)
        )
        to_buy, to_sell = (
            sum(order.size for order in self._waiting[side].values())
            for side in (Side.BUY, Side.SELL)
        )
        if reference_price is not None and (to_buy or to_sell):
            reference_price = max(self._low, min(self._high, reference_price))
        return uncross(bids, asks, reference_price, market_bids=to_buy, market_asks=to_sell)

    @property
    def best_bid(self) -> int | None:
        """The highest bid of the book in ticks; ``None`` if there is none."""
        best = self._best(Side.BUY)
        return best[0] if best else None

    @property
    def best_ask(self) -> int | None:
        """The lowest ask of the book in ticks; ``None`` if there is none."""
        best = self._best(Side.SELL)
        return best[0] if best else None

    def bids(self, levels: int | None = None) -> NDArray[np.void]:
        """The best ``levels`` bids (all if ``None``): an array of ``lob.LEVEL``, best first."""
        return self._depth(Side.BUY, levels)

    def asks(self, levels: int | None = None) -> NDArray[np.void]:
        """The best ``levels`` asks (all if ``None``): an array of ``lob.LEVEL``, best first."""
        return self._depth(Side.SELL, levels)

    def orders(self) -> NDArray[np.void]:
        """Every resting order, bids then asks in order of priority: an array of ``lob.ORDER``."""
        return np.array(
            [
                (
                    *(o.order_id, o.price, o.size, o.tag, o.owner),
                    *(o.side, o.stp, o.flags, o.order_type, o.filled),
                )
                for side in (Side.BUY, Side.SELL)
                for queue in (self._waiting[side], *(queue for _, queue in self._levels(side)))
                for o in queue.values()
            ],
            dtype=ORDER,
        )

    def get(self, order_id: int) -> Order | None:
        """The resting order with this id, a ``lob.Order``; ``None`` if it does not rest."""
        order = self._orders.get(integer("order_id", order_id))
        if order is None:
            return None
        return Order(
            order.order_id,
            order.price,
            order.size,
            order.tag,
            order.owner,
            Side(order.side),
            STP(order.stp),
            Flag(order.flags),
            OrderType(order.order_type),
            order.filled,
        )

    def queue_position(self, order_id: int) -> int:
        """Lots ahead of an order at its price. Raises ``KeyError`` if it does not rest."""
        order = self._orders[integer("order_id", order_id)]
        ahead = 0
        for other in self._queue_of(order).values():
            if other is order:
                break
            ahead += other.size
        return ahead

    def cost(self, side: int, size: int) -> Cost:
        """What a market order of ``size`` lots would get now, without touching the book.

        Raises ``TypeError`` or ``ValueError`` if an argument is malformed.
        """
        if side not in tuple(Side):
            raise ValueError(f"side must be BUY (1) or SELL (-1), got {side!r}")
        left = integer("size", size, 1, MAX_SIZE)
        filled, notional, worst = 0, 0, None
        for price, queue in self._levels(-side):
            if not left:
                break
            taken = min(left, sum(order.size for order in queue.values()))
            left -= taken
            filled += taken
            notional += taken * price
            worst = price
        return Cost(filled, notional, worst)

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order_id: object) -> bool:
        return integer("order_id", order_id) in self._orders

    def _depth(self, side: int, levels: int | None) -> NDArray[np.void]:
        limit = None if levels is None else integer("levels", levels, 0)
        rows: list[tuple[int, int, int]] = []
        for price, queue in self._levels(side):
            if limit is not None and len(rows) >= limit:
                break
            rows.append((price, sum(order.size for order in queue.values()), len(queue)))
        return np.array(rows, dtype=LEVEL)

    def _touch(self, side: int) -> tuple[int, int]:
        best = self._best(side)
        return (best[0], sum(o.size for o in best[1].values())) if best else (0, 0)

    # ---------------------------------------------------------------- whole books

    @classmethod
    def from_orders(
        cls,
        orders: NDArray[np.void],
        *,
        instrument: int = 0,
        seq: int = 0,
        session: int = Session.CONTINUOUS,
        band: tuple[int | None, int | None] = (None, None),
        unique_ids: bool = False,
        used_ids: Iterable[int] = (),
    ) -> "OrderBook":
        """A book that holds these ``lob.ORDER`` rows; at one price the earlier row goes first.

        Raises ``ValueError`` that names the row if they do not make a possible book.
        """
        book = cls(instrument, unique_ids=True) if unique_ids else cls(instrument)
        book._fill_with(orders, seq, session, band, used_ids)
        return book

    def _fill_with(
        self,
        orders: NDArray[np.void],
        seq: int,
        session: int,
        band: tuple[int | None, int | None],
        used_ids: Iterable[int],
    ) -> None:
        self.seq = integer("seq", seq, 0, MAX_SIZE)
        self.session = Session(integer("session", session, 0, max(Session)))
        self._low, self._high = to_band(*band)
        crossed = self.session != Session.CONTINUOUS
        rows = to_order_array(orders, crossed, (self._low, self._high))
        for row in rows.tolist():
            order_id, price, size, tag, owner, side, stp, flags, order_type, filled = row
            order = _Open(order_id, side, price, size, owner, tag, stp, flags, order_type)
            order.filled = filled
            self._rest(order)
        if self._used is not None:
            self._used |= {integer("used_ids", order_id) for order_id in used_ids}
            self._used |= set(self._orders)

    @property
    def used_ids(self) -> tuple[int, ...] | None:
        """The ids that no new order may have, a rising tuple; ``None``: those that rest."""
        return None if self._used is None else tuple(sorted(self._used))

    def copy(self) -> "OrderBook":
        """A copy of this book, independent and in the same state."""
        return copying.deepcopy(self)

    def digest(self) -> str:
        """32 hex digits of this book's state, which are equal where two books are in the same one.

        That is, where they hold the same orders in the same order, in the same session and band.
        """
        return state_digest(self.orders(), self.session, self.band, self.used_ids)

    def __reduce__(self) -> tuple[Any, ...]:
        state = type(self), self.orders(), self.instrument, self.seq, int(self.session), self.band
        own = vars(OrderBook())
        added = {name: value for name, value in vars(self).items() if name not in own}
        return _restore, (*state, self.used_ids), added or None

    def check(self) -> None:
        """Raise ``AssertionError`` unless the book is consistent."""
        seen = 0
        for side, queues in self._queues.items():
            waiting = self._waiting[side]
            assert not waiting or self.session != Session.CONTINUOUS, "market orders wait"
            volume = sum(order.size for order in waiting.values())
            seen += len(waiting)
            for price, queue in queues.items():
                assert queue, f"empty level at {price}"
                assert -MAX_PRICE <= price <= MAX_PRICE, f"price {price}"
                for order_id, order in queue.items():
                    assert order is self._orders[order_id], f"order {order_id} not indexed"
                    assert (order.side, order.price) == (side, price), f"order {order_id} misplaced"
                    assert 1 <= order.size <= MAX_SIZE, f"order {order_id} has size {order.size}"
                    volume += order.size
                    seen += 1
            assert volume == self._volume[side] <= MAX_SIZE, "volume of a side"
        assert seen == len(self._orders), "orders indexed that are in no queue"
        bid, ask = self.best_bid, self.best_ask
        if self.session == Session.CONTINUOUS:
            assert bid is None or ask is None or bid < ask, f"crossed: {bid} >= {ask}"
        assert bid is None or bid <= self._high, f"bid {bid} above the band"
        assert ask is None or ask >= self._low, f"ask {ask} below the band"


def _restore(
    cls: type[OrderBook],
    orders: NDArray[np.void],
    instrument: int,
    seq: int,
    session: int,
    band: tuple[int | None, int | None],
    used_ids: tuple[int, ...] | None = None,
) -> OrderBook:
    book = cls.__new__(cls)
    OrderBook.__init__(book, instrument, unique_ids=used_ids is not None)
    book._fill_with(orders, seq, session, band, used_ids or ())
    return book


def state_digest(
    orders: NDArray[np.void],
    session: int,
    band: tuple[int | None, int | None],
    used_ids: tuple[int, ...] | None = None,
) -> str:
    """32 hex digits of a book's state: its orders, session, band and ``used_ids``."""
    digest = blake2b(orders.tobytes(), digest_size=16)
    if used_ids is not None:
        digest.update(repr(used_ids).encode())
    if session != Session.CONTINUOUS or band != (None, None):
        digest.update(repr((int(session), *band)).encode())
    return digest.hexdigest()
