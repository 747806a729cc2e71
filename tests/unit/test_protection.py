"""Market orders with a protection limit: they are limit orders so far beyond the best price."""

import pytest

import lob
from lob import Flag, OrderType, TimeInForce
from tests.messages import BUY, SELL, apply, market, new, resting, row, told, trades

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
RELATIVE = Flag.RELATIVE


@pytest.fixture
def asks(book):
    """5 lots each at 100, 103 and 110, and a bid far away."""
    apply(book, *(new(i, SELL, price, 5) for i, price in enumerate((100, 103, 110), 1)))
    apply(book, new(4, BUY, 1, 1))
    return book


def test_it_trades_no_further_and_the_rest_rests_there(asks):
    events = apply(asks, market(9, BUY, 20, trail=3))
    assert trades(events) == [(9, 1, 100, 5), (9, 2, 103, 5)]
    assert resting(asks) == [(9, 103, 10), (4, 1, 1), (3, 110, 5)]
    # It is told as the limit order that it is.
    assert (events["order_type"][0], events["price"][0]) == (OrderType.LIMIT, 103)
    assert asks.get(9).filled == 10
    asks.check()


def test_immediate_or_cancel_drops_the_rest(asks):
    events = apply(asks, market(9, BUY, 20, trail=2, time_in_force=IOC))
    assert told(events)[1:] == [
        ("TRADE", "NONE", 9, 5, 15, 1),
        ("CANCELLED", "IMMEDIATE_OR_CANCEL", 9, 15, 0),
    ]


@pytest.mark.parametrize(("trail", "kind"), [(3, "ACCEPTED"), (2, "REJECTED")])
def test_fill_or_kill_counts_what_lies_within(asks, trail, kind):
    assert told(apply(asks, market(9, BUY, 10, trail=trail, time_in_force=FOK)))[0][0] == kind


@pytest.mark.parametrize(("ppm", "limit"), [(30_000, 103), (29_999, 102), (1, 100)])
def test_ppm_of_the_best_price_round_down(asks, ppm, limit):
    apply(asks, market(9, BUY, 20, trail=ppm, flags=RELATIVE))
    assert asks.best_bid == limit


def test_of_a_sale_it_lies_below(book):
    apply(book, new(1, BUY, -100, 5), new(2, BUY, -103, 5), new(3, BUY, -104, 5))
    apply(book, market(9, SELL, 20, trail=30_000, flags=RELATIVE))
    assert resting(book) == [(3, -104, 5), (9, -103, 10)]


def test_it_stays_within_the_band_and_the_prices_there_are(book):
    apply(book, new(1, SELL, 100, 5), row(lob.Kind.BAND, 0, price=95, stop_price=101))
    apply(book, market(9, BUY, 8, trail=lob.MAX_PRICE))
    assert resting(book) == [(9, 101, 3)]
    apply(book, row(lob.Kind.BAND, 0, price=-lob.MAX_PRICE, stop_price=lob.MAX_PRICE))
    apply(book, market(8, SELL, 8, trail=lob.MAX_PRICE))
    assert resting(book) == [(8, 101 - lob.MAX_PRICE, 5)]


def test_without_anything_to_trade_with_it_is_like_any_market_order(book):
    assert told(apply(book, market(9, BUY, 8, trail=2)))[1:] == [
        ("CANCELLED", "NO_LIQUIDITY", 9, 8, 0)
    ]
    apply(book, new(1, SELL, 110, 5), row(lob.Kind.BAND, 0, price=95, stop_price=101))
    assert told(apply(book, market(9, BUY, 8, trail=2)))[1:] == [
        ("CANCELLED", "PRICE_BAND", 9, 8, 0)
    ]


def test_per_call(asks):
    out = asks.submit(order_id=9, side=BUY, size=20, order_type=OrderType.MARKET, protection=3)
    assert (out.filled, out.leaves) == (10, 10)
    out = asks.submit(order_id=8, side=SELL, size=20, order_type=OrderType.MARKET, protection_ppm=1)
    assert (out.filled, out.leaves) == (10, 10)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"trail": -1}, "trail must be 0 to 1099511627776 ticks, got -1"),
        ({"trail": lob.MAX_PRICE + 1}, "trail must be 0 to 1099511627776 ticks"),
        ({"trail": 0, "flags": RELATIVE}, "trail must be 1 to 1000000 ppm, got 0"),
        ({"trail": 1_000_001, "flags": RELATIVE}, "trail must be 1 to 1000000 ppm"),
        ({"trail": 1, "order_type": OrderType.LIMIT}, "trail must be 0 of a limit order, got 1"),
        ({"flags": RELATIVE, "order_type": OrderType.LIMIT}, "flags: RELATIVE"),
    ],
)
def test_misuse_is_named(book, fields, says):
    with pytest.raises(ValueError, match=rf"messages\[0\]: {says}"):
        apply(book, row(lob.Kind.NEW, 9, **{"side": BUY, "size": 1, "order_type": 1} | fields))


def test_a_protection_of_both_kinds_is_refused(book):
    with pytest.raises(ValueError, match="must not both be given"):
        book.submit(order_id=9, side=BUY, size=1, order_type=1, protection=1, protection_ppm=1)
