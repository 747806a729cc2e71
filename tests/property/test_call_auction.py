"""Hypothesis: an uncross of any book is what ``lob.venue.call_auction`` says, and loses no lot."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import lob
from lob import EventKind, Reason, Session
from lob.venue.call_auction import executable, uncross
from tests.engines import ENGINES
from tests.examples import examples

PRICES = st.one_of(
    st.integers(95, 105),
    st.integers(95, 105),
    st.sampled_from([-lob.MAX_PRICE, lob.MAX_PRICE, -1, 0, 63, 64, 4_096]),
)
SIZES = st.one_of(st.integers(1, 5), st.integers(1, 5), st.just(lob.MAX_SIZE // 40))
ROWS = st.lists(st.tuples(PRICES, SIZES, st.integers(0, 2), st.integers(0, 4)), max_size=14)
LOTS = st.lists(st.integers(1, 9), max_size=3)
REFERENCES = st.none() | st.integers(90, 110) | st.just(-lob.MAX_PRICE)


def collecting(make, bids, asks, to_buy=(), to_sell=()):
    book = make()
    book.set_session(Session.CALL)
    for side, sizes in ((lob.Side.BUY, to_buy), (lob.Side.SELL, to_sell)):
        for size in sizes:
            book.submit(order_id=len(book), side=side, size=size, order_type=lob.OrderType.MARKET)
    for side, rows in ((lob.Side.BUY, bids), (lob.Side.SELL, asks)):
        for price, size, owner, stp in rows:
            book.submit(order_id=len(book), side=side, price=price, size=size, owner=owner, stp=stp)
    return book


@pytest.mark.parametrize("make", ENGINES.values(), ids=list(ENGINES))
@given(bids=ROWS, asks=ROWS, reference=REFERENCES, to_buy=LOTS, to_sell=LOTS)
@settings(max_examples=examples(400), deadline=None)
def test_an_uncross_is_what_the_pure_function_says(make, bids, asks, reference, to_buy, to_sell):
    book = collecting(make, bids, asks, to_buy, to_sell)
    before = book.orders()
    levels = [[(price, size) for price, size, *_ in rows] for rows in (bids, asks)]
    market = {"market_bids": sum(to_buy), "market_asks": sum(to_sell)}
    expected = uncross(*levels, reference, **market)
    assert book.indicative(reference) == expected
    message = np.zeros(1, lob.MESSAGE)
    message["kind"], message["order_id"] = lob.Kind.SESSION, Session.CONTINUOUS
    message["order_type"] = lob.OrderType.MARKET if reference is None else lob.OrderType.LIMIT
    message["price"] = reference or 0
    events = book.process(message)
    book.check()
    assert book.indicative() is None
    limits = before[before["order_type"] == lob.OrderType.LIMIT]
    if expected is None:
        assert len(events) == 1 + len(before) - len(limits)
        assert book.orders().tobytes() == limits.tobytes()
        return
    assert tuple(events[["price", "size", "leaves"]][0]) == expected[:3]
    trades = events[events["kind"] == EventKind.TRADE]
    assert Reason.SELF_TRADE not in events["reason"]
    # Whoever trades gets the auction's price, and nobody one that is worse than its own.
    own = {int(row["order_id"]): row for row in before}
    for trade in trades:
        for name, sign in (("order_id", 1), ("resting_order_id", -1)):
            order = own[trade[name]]
            is_limit = order["order_type"] == lob.OrderType.LIMIT
            assert not is_limit or sign * order["price"] >= sign * trade["price"]
        assert trade["price"] == expected.price
    # Every lot of the volume is traded, whoever owns the orders.
    assert expected.volume == sum(trades["size"].tolist())
    dropped = events[events["reason"] == Reason.NO_LIQUIDITY]
    left = sum(book.orders()["size"].tolist()) + sum(dropped["size"].tolist())
    assert left == sum(before["size"].tolist()) - 2 * expected.volume
    # No limit order that does not trade whole would have had a better price than the auction's.
    for order in book.orders():
        assert order["side"] * (order["price"] - expected.price) <= 0 or (abs(expected.surplus) > 0)


@given(bids=ROWS, asks=ROWS, reference=REFERENCES, to_buy=LOTS, to_sell=LOTS)
@settings(max_examples=examples(300), deadline=None)
def test_no_price_does_better(bids, asks, reference, to_buy, to_sell):
    """The rules, checked against every price that an order has."""
    levels = [[(price, size) for price, size, *_ in rows] for rows in (bids, asks)]
    market = {"market_bids": sum(to_buy), "market_asks": sum(to_sell)}
    found = uncross(*levels, reference, **market)
    rows = executable(*levels, **market)
    if found is None:
        assert all(volume == 0 for _, volume, _ in rows)
        return
    for price, volume, surplus in rows:
        assert volume <= found.volume
        if volume == found.volume:
            assert abs(surplus) >= abs(found.surplus) or found.volume == min(market.values())
            if not to_buy and not to_sell:
                assert found.lowest <= price <= found.highest


@given(bids=ROWS, asks=ROWS, low=st.integers(94, 101), width=st.integers(0, 8))
@settings(max_examples=examples(200), deadline=None)
def test_nothing_trades_outside_a_band(bids, asks, low, width):
    book = collecting(lob.OrderBook, bids, asks)
    book.set_band(low, low + width)
    trades = list(book.set_session(Session.CONTINUOUS).trades)
    for side in lob.Side:
        outcome = book.submit(
            order_id=-1, side=side, size=lob.MAX_SIZE, order_type=lob.OrderType.MARKET
        )
        trades += outcome.trades
        best = book.best_ask if side == lob.Side.BUY else book.best_bid
        beyond = Reason.NO_LIQUIDITY if best is None else Reason.PRICE_BAND
        assert outcome.reason == beyond
    assert all(low <= trade.price <= low + width for trade in trades)
    book.check()
