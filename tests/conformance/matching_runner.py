"""Runs cases in the form of ``matching.json`` on an order book, and fails on what it does not know.

The form is described in the README beside that file. Words of the cases and words of the venue
differ in places; how they are matched is said where it is done.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import lob
from lob import OrderType, Reason, Side, TimeInForce

CASE_KEYS = {"name", "source", "replace_rule", "steps", "final_book"}
NEEDED_KEYS = {
    "limit": {"op", "id", "side", "price", "qty"},
    "market": {"op", "id", "side", "qty"},
    "cancel": {"op", "id"},
    "replace": {"op", "id", "side", "price", "qty"},
    "amend": {"op", "id", "qty_delta"},
}
OTHER_KEYS = {
    "limit": {"tif", "instrument", "expect"},
    "market": {"tif", "instrument", "expect"},
    "cancel": {"instrument", "expect"},
    "replace": {"instrument", "expect"},
    "amend": {"new_price", "instrument", "expect"},
}
LATER_OPS = {"stop", "stop_limit", "trailing_stop", "trailing_stop_limit"}
LATER_KEYS = {"stop", "trail", "trail_step", "slippage", "display_qty"}
LATER_TIFS = {"AON"}
SIDES = {"buy": Side.BUY, "sell": Side.SELL, "bid": Side.BUY, "ask": Side.SELL}
STATES = {"accepted", "complete", "cancelled", "rejected"}


class CaseError(AssertionError):
    """A case does not hold, or says something that this runner does not know."""


@dataclass
class Step:
    """What a step did."""

    order_id: int
    asked: int = 0
    accepted: bool = False
    reason: Reason = Reason.NONE
    cancelled: int = 0
    """Lots of the step's own order that were dropped without resting."""
    trades: list[dict[str, int]] = field(default_factory=list)

    @property
    def traded(self) -> int:
        """Lots that the step's own order traded."""
        return sum(trade["qty"] for trade in self.trades)


@dataclass
class Market:
    """The books of one case, one for each instrument, and what became of every order."""

    make: Callable[[int], Any]
    replace_rule: str
    books: dict[Any, Any] = field(default_factory=dict)
    states: dict[tuple[Any, int], str] = field(default_factory=dict)

    def book(self, instrument: Any) -> Any:
        """The book of an instrument, whatever its name is."""
        if instrument not in self.books:
            self.books[instrument] = self.make(len(self.books))
        return self.books[instrument]


def run_case(case: Mapping[str, Any], make: Callable[[int], Any]) -> None:
    """Play a case on books that ``make`` gives; raise ``CaseError`` where it does not hold."""
    _know("case", case, CASE_KEYS)
    if "steps" not in case:
        raise CaseError("case without steps")
    market = Market(make, str(case.get("replace_rule")))
    for number, step in enumerate(case["steps"]):
        try:
            _play(market, step)
        except (CaseError, TypeError, ValueError) as error:
            raise CaseError(f"{case.get('name')}, step {number} {dict(step)}: {error}") from error
    for book in market.books.values():
        book.check()
    if case.get("final_book") is not None:
        try:
            _expect_final(market, case["final_book"])
        except CaseError as error:
            raise CaseError(f"{case.get('name')}, final_book: {error}") from None


def _play(market: Market, step: Mapping[str, Any]) -> None:
    step = {key: value for key, value in step.items() if value is not None}
    op = step.get("op")
    if op in LATER_OPS:
        raise CaseError(f"op {op!r} is not supported yet")
    if op not in OPS:
        raise CaseError(f"op {op!r} is unknown")
    for key in sorted(LATER_KEYS & set(step)):
        raise CaseError(f"{key!r} of a step is not supported yet")
    _know(f"{op} step", step, NEEDED_KEYS[op] | OTHER_KEYS[op])
    for key in sorted(NEEDED_KEYS[op] - set(step)):
        raise CaseError(f"{op} step without {key!r}")
    instrument = step.get("instrument")
    book = market.book(instrument)
    done = Step(step["id"])
    OPS[op](market, book, step, done)
    _follow_states(market, instrument, book, done)
    for name, wanted in step.get("expect", {}).items():
        if name not in EXPECTATIONS:
            raise CaseError(f"expectation {name!r} is unknown")
        EXPECTATIONS[name](market, instrument, done, wanted)


# -------------------------------------------------------------------------------- what steps do


def _enter(book: Any, step: Mapping[str, Any], done: Step, order_type: OrderType) -> None:
    limit = order_type == OrderType.LIMIT
    _submit(
        book,
        done,
        side=_side(step["side"]),
        size=step["qty"],
        price=step["price"] if limit else None,
        order_type=order_type,
        time_in_force=_time_in_force(step.get("tif")),
    )


def _limit(market: Market, book: Any, step: Mapping[str, Any], done: Step) -> None:
    _enter(book, step, done, OrderType.LIMIT)


def _market(market: Market, book: Any, step: Mapping[str, Any], done: Step) -> None:
    _enter(book, step, done, OrderType.MARKET)


def _cancel(market: Market, book: Any, step: Mapping[str, Any], done: Step) -> None:
    _take(done, book.cancel(done.order_id))


def _replace(market: Market, book: Any, step: Mapping[str, Any], done: Step) -> None:
    """Cancel and enter anew where the case's rule says so and the venue would keep the place."""
    side, price, size = _side(step["side"]), step["price"], step["qty"]
    order = book.get(done.order_id)
    keeps = order is not None and price == order.price and size <= order.size
    turned = order is not None and side != order.side
    if (keeps and "cancel+reinsert" in market.replace_rule) or turned:
        book.cancel(done.order_id)
        _submit(book, done, side=side, price=price, size=size)
    else:
        done.asked = size
        _take(done, book.replace(done.order_id, price=price, size=size))


def _amend(market: Market, book: Any, step: Mapping[str, Any], done: Step) -> None:
    """Change the open size by ``qty_delta``: what leaves nothing open cancels the order."""
    order = book.get(done.order_id)
    size = order.size + step["qty_delta"] if order else 0
    if size <= 0:
        _take(done, book.cancel(done.order_id))
    else:
        done.asked = size
        _take(done, book.replace(done.order_id, price=step.get("new_price"), size=size))


def _submit(book: Any, done: Step, **order: Any) -> None:
    done.asked = order["size"]
    out = book.submit(order_id=done.order_id, **order)
    _take(done, out)
    # A fill-or-kill order that is killed is a rejection here; the cases count it as cancelled.
    if out.accepted or out.reason == Reason.FILL_OR_KILL:
        done.cancelled = done.asked - out.filled - out.leaves


def _take(done: Step, out: Any) -> None:
    done.accepted, done.reason = out.accepted, out.reason
    done.trades = [
        {
            "maker": trade.resting_order_id,
            "taker": done.order_id,
            "price": trade.price,
            "qty": trade.size,
        }
        for trade in out.trades
    ]


def _follow_states(market: Market, instrument: Any, book: Any, done: Step) -> None:
    """Keep the last word about every order: a refused message about an order changes nothing."""
    for maker in {trade["maker"] for trade in done.trades}:
        market.states[instrument, maker] = "accepted" if maker in book else "complete"
    key = instrument, done.order_id
    if done.reason == Reason.FILL_OR_KILL:
        market.states[key] = "cancelled"
    elif not done.accepted:
        market.states.setdefault(key, "rejected")
    elif done.order_id in book:
        market.states[key] = "accepted"
    else:
        market.states[key] = "complete" if 0 < done.asked == done.traded else "cancelled"


OPS: dict[str, Callable[[Market, Any, Mapping[str, Any], Step], None]] = {
    "limit": _limit,
    "market": _market,
    "cancel": _cancel,
    "replace": _replace,
    "amend": _amend,
}


# -------------------------------------------------------------------------------- expectations

Expectation = Callable[[Market, Any, Step, Any], None]


def _of_step(what: str, value: Callable[[Step], Any]) -> Expectation:
    def expect(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
        _equal(what, value(done), wanted)

    return expect


def _of_book(what: str, value: Callable[[Any, Side], int]) -> Expectation:
    """A pair: of the bids, of the asks."""

    def expect(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
        book = market.book(instrument)
        _equal(what, [value(book, side) for side in Side], list(wanted))

    return expect


def _none_of_book(what: str) -> Expectation:
    """A pair about stop orders, of which a book holds none yet."""

    def expect(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
        _equal(what, [0, 0], list(wanted))

    return expect


def _expect_trades(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
    for trade in wanted:
        _know("trade", trade, {"maker", "taker", "price", "qty"})
    _equal("number of trades", len(done.trades), len(wanted))
    for at, (trade, listed) in enumerate(zip(done.trades, wanted, strict=True)):
        _equal(f"trade {at}", {name: trade[name] for name in listed}, dict(listed))


def _expect_fills(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
    for fill in wanted:
        _know("fill", fill, {"id", "qty", "notional"})
        own = [t for t in done.trades if fill["id"] in (t["maker"], t["taker"])]
        qty = sum(trade["qty"] for trade in own)
        notional = sum(trade["qty"] * trade["price"] for trade in own)
        got = {"id": fill["id"], "qty": qty, "notional": notional}
        _equal("fill", {name: got[name] for name in fill}, dict(fill))


def _expect_depth(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
    seen = dict.fromkeys(Side, 0)
    for listed in wanted:
        _know("depth row", listed, {"side", "price", "orders", "qty"})
        side = _side(listed["side"])
        levels = _levels(market.book(instrument), side)
        what = f"{side.name} level {seen[side]}"
        if not listed["qty"]:
            _equal(f"levels beyond {what}", levels[seen[side] :], [])
            continue
        if seen[side] >= len(levels):
            raise CaseError(f"{what}: expected {dict(listed)}, there is none")
        got = {"side": listed["side"], **levels[seen[side]]}
        _equal(what, {name: got[name] for name in listed}, dict(listed))
        seen[side] += 1


def _expect_order_fields(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
    """Fields of the step's order, or of those whose ``id`` is given; ``qty`` is what is open."""
    for listed in [wanted] if isinstance(wanted, Mapping) else wanted:
        order_id = listed.get("id", done.order_id)
        order = market.book(instrument).get(order_id)
        _know("order_fields", listed, {"id", "side", "price", "qty", "leaves_qty"})
        if order is None:
            raise CaseError(f"order {order_id} does not rest")
        got = {
            "id": order.order_id,
            "side": "buy" if order.side == Side.BUY else "sell",
            "price": order.price,
            "qty": order.size,
            "leaves_qty": order.size,
        }
        _equal("order_fields", {name: got[name] for name in listed}, dict(listed))


def _expect_leaves(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
    order = market.book(instrument).get(done.order_id)
    _equal("leaves_qty", order.size if order else 0, wanted)


def _expect_state(market: Market, instrument: Any, done: Step, wanted: Any) -> None:
    if wanted not in STATES:
        raise CaseError(f"state {wanted!r} is unknown")
    _equal("state", market.states.get((instrument, done.order_id)), wanted)


def _expect_final(market: Market, wanted: Mapping[str, Any]) -> None:
    """``{bids, asks}``, or that for each instrument by name where there are several."""
    if len(market.books) > 1:
        _equal("instruments", set(market.books), set(wanted))
        for instrument, book in wanted.items():
            _expect_whole_book(market.book(instrument), book)
    else:
        _expect_whole_book(market.book(next(iter(market.books), None)), wanted)


def _expect_whole_book(book: Any, wanted: Mapping[str, Any]) -> None:
    _know("final_book", wanted, {"bids", "asks"})
    rows = book.orders()
    for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
        if name not in wanted:
            continue
        levels = _levels(book, side)
        for level, listed in zip(levels, wanted[name], strict=False):
            _know("final level", listed, {"price", "qty", "orders"})
            queue = rows[(rows["side"] == side) & (rows["price"] == level["price"])]
            got = {**level, "orders": queue[["order_id", "size"]].tolist()}
            whole = {**listed, "orders": [tuple(pair) for pair in listed["orders"]]}
            _equal(f"final {name}", {key: got[key] for key in whole}, whole)
        _equal(f"number of final {name}", len(levels), len(wanted[name]))


def _order_count(book: Any, side: Side) -> int:
    return sum(level["orders"] for level in _levels(book, side))


def _volume(book: Any, side: Side) -> int:
    return sum(level["qty"] for level in _levels(book, side))


EXPECTATIONS: dict[str, Expectation] = {
    "trades": _expect_trades,
    "accepted": _of_step("accepted", lambda done: done.accepted),
    "cancelled_remainder": _of_step("cancelled_remainder", lambda done: done.cancelled),
    "leaves_qty": _expect_leaves,
    "matched": _of_step("matched", lambda done: done.traded > 0),
    "matched_qty": _of_step("matched_qty", lambda done: done.traded),
    "complete": _of_step("complete", lambda done: 0 < done.asked == done.traded),
    "fills": _expect_fills,
    "depth": _expect_depth,
    "order_count_bid_ask": _of_book("order_count_bid_ask", _order_count),
    "volume_bid_ask": _of_book("volume_bid_ask", _volume),
    # No order is hidden yet, so all volume is visible.
    "visible_volume_bid_ask": _of_book("visible_volume_bid_ask", _volume),
    "stop_count_buy_sell": _none_of_book("stop_count_buy_sell"),
    "stop_volume_buy_sell": _none_of_book("stop_volume_buy_sell"),
    "order_fields": _expect_order_fields,
    "state": _expect_state,
}


# -------------------------------------------------------------------------------- words


def _know(what: str, mapping: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = sorted(set(mapping) - set(known))
    if unknown:
        raise CaseError(f"{what}: {', '.join(map(repr, unknown))} is unknown")


def _equal(what: str, got: Any, wanted: Any) -> None:
    if got != wanted:
        raise CaseError(f"{what}: expected {wanted!r}, got {got!r}")


def _side(name: str) -> Side:
    if name not in SIDES:
        raise CaseError(f"side {name!r} is unknown")
    return SIDES[name]


def _time_in_force(name: str | None) -> TimeInForce:
    if name in LATER_TIFS:
        raise CaseError(f"tif {name!r} is not supported yet")
    if name is not None and name not in TimeInForce.__members__:
        raise CaseError(f"tif {name!r} is unknown")
    return TimeInForce[name or "GTC"]


def _levels(book: Any, side: Side) -> list[dict[str, int]]:
    rows = book.bids() if side == Side.BUY else book.asks()
    assert rows.dtype == lob.LEVEL
    return [{"price": price, "qty": size, "orders": count} for price, size, count in rows.tolist()]
