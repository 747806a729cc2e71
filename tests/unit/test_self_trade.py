"""Self-trade prevention: the incoming order's mode decides, per owner."""

import pytest

from lob import SelfTradePrevention as Stp
from lob import TimeInForce
from tests.messages import BUY, SELL, apply, market, new, replace, resting, told

FOK, IOC = TimeInForce.FOK, TimeInForce.IOC


@pytest.fixture
def asks(book):
    """At 100: 3 lots of owner 1, 4 of owner 2, 5 of owner 1; at 101: 6 of owner 2."""
    apply(
        book,
        new(1, SELL, 100, 3, owner=1),
        new(2, SELL, 100, 4, owner=2),
        new(3, SELL, 100, 5, owner=1),
        new(4, SELL, 101, 6, owner=2),
    )
    return book


def test_cancel_newest_drops_what_is_left_of_the_incoming_order(asks):
    events = apply(asks, new(9, BUY, 101, 10, owner=2, stp=Stp.CANCEL_NEWEST))
    assert told(events)[1:] == [
        ("TRADE", "NONE", 9, 3, 7, 1),
        ("CANCELLED", "SELF_TRADE", 9, 7, 0),
    ]
    assert resting(asks) == [(2, 100, 4), (3, 100, 5), (4, 101, 6)]


def test_cancel_oldest_takes_resting_orders_out_of_the_way(asks):
    events = apply(asks, new(9, BUY, 101, 10, owner=1, stp=Stp.CANCEL_OLDEST))
    assert told(events)[1:] == [
        ("CANCELLED", "SELF_TRADE", 1, 3, 0),
        ("TRADE", "NONE", 9, 4, 6, 2),
        ("CANCELLED", "SELF_TRADE", 3, 5, 0),
        ("TRADE", "NONE", 9, 6, 0, 4),
    ]
    assert len(asks) == 0


def test_cancel_oldest_may_leave_the_incoming_order_resting(asks):
    apply(asks, new(9, BUY, 100, 10, owner=1, stp=Stp.CANCEL_OLDEST))
    assert resting(asks) == [(9, 100, 6), (4, 101, 6)]
    asks.check()


def test_cancel_both_tells_the_resting_order_first(asks):
    events = apply(asks, new(9, BUY, 101, 10, owner=2, stp=Stp.CANCEL_BOTH))
    assert told(events)[1:] == [
        ("TRADE", "NONE", 9, 3, 7, 1),
        ("CANCELLED", "SELF_TRADE", 2, 4, 0),
        ("CANCELLED", "SELF_TRADE", 9, 7, 0),
    ]
    assert resting(asks) == [(3, 100, 5), (4, 101, 6)]


def test_decrement_takes_the_smaller_size_off_both(asks):
    events = apply(asks, new(9, BUY, 100, 9, owner=1, stp=Stp.DECREMENT))
    assert told(events)[1:] == [
        ("CANCELLED", "SELF_TRADE", 1, 3, 0),
        ("REDUCED", "SELF_TRADE", 9, 3, 6),
        ("TRADE", "NONE", 9, 4, 2, 2),
        ("REDUCED", "SELF_TRADE", 3, 2, 3),
        ("CANCELLED", "SELF_TRADE", 9, 2, 0),
    ]
    assert resting(asks) == [(3, 100, 3), (4, 101, 6)]


def test_decrement_of_equal_sizes_cancels_both(asks):
    events = apply(asks, new(9, BUY, 100, 3, owner=1, stp=Stp.DECREMENT))
    assert told(events)[1:] == [
        ("CANCELLED", "SELF_TRADE", 1, 3, 0),
        ("CANCELLED", "SELF_TRADE", 9, 3, 0),
    ]


def test_a_decremented_resting_order_keeps_its_place(asks):
    apply(asks, new(9, BUY, 100, 2, owner=1, stp=Stp.DECREMENT))
    assert resting(asks)[0] == (1, 100, 1)


def test_the_mode_of_the_resting_order_does_not_count(book):
    apply(book, new(1, SELL, 100, 3, owner=1, stp=Stp.CANCEL_BOTH))
    assert told(apply(book, new(2, BUY, 100, 3, owner=1)))[1][0] == "TRADE"


@pytest.mark.parametrize("stp", list(Stp)[1:])
def test_owners_apart_trade_in_every_mode(book, stp):
    apply(book, new(1, SELL, 100, 3, owner=1))
    assert told(apply(book, new(2, BUY, 100, 3, owner=-1, stp=stp)))[1][0] == "TRADE"


@pytest.mark.parametrize("stp", list(Stp)[1:])
@pytest.mark.parametrize("time_in_force", list(TimeInForce))
def test_owner_0_is_nobody_and_trades_with_nobody_in_every_mode(book, stp, time_in_force):
    apply(book, new(1, SELL, 100, 3))
    order = new(2, BUY, 100, 3, stp=stp, time_in_force=time_in_force, min_size=3)
    assert [kind for kind, *_ in told(apply(book, order))] == ["ACCEPTED", "TRADE"]


@pytest.mark.parametrize("stp", list(Stp)[1:])
def test_orders_beyond_the_limit_are_left_alone(book, stp):
    apply(book, new(1, SELL, 101, 3, owner=1), new(2, BUY, 100, 3, owner=1, stp=stp))
    assert resting(book) == [(2, 100, 3), (1, 101, 3)]


def test_a_market_order_is_cancelled_for_self_trade_not_for_want_of_liquidity(asks):
    events = apply(asks, market(9, BUY, 99, owner=2, stp=Stp.CANCEL_NEWEST))
    assert told(events)[-1] == ("CANCELLED", "SELF_TRADE", 9, 96, 0)


# How much each mode lets owner 1 or 2 trade at once up to 101, in the book of ``asks``.
TRADABLE = {
    (1, Stp.NONE): 18,
    (1, Stp.CANCEL_NEWEST): 0,
    (1, Stp.CANCEL_OLDEST): 10,
    (1, Stp.CANCEL_BOTH): 0,
    (2, Stp.CANCEL_NEWEST): 3,
    (2, Stp.CANCEL_OLDEST): 8,
    (2, Stp.CANCEL_BOTH): 3,
}


@pytest.mark.parametrize(
    ("owner", "stp", "over"),
    [(*key, over) for key, lots in TRADABLE.items() for over in (0, 1) if lots + over],
)
def test_fok_counts_only_what_it_may_trade_with(asks, owner, stp, over):
    size = TRADABLE[owner, stp] + over
    before = asks.digest()
    events = apply(asks, new(9, BUY, 101, size, owner=owner, stp=stp, time_in_force=FOK))
    assert told(events)[0][0] == ("REJECTED" if over else "ACCEPTED")
    if over:
        assert asks.digest() == before
    else:
        assert events["size"][events["kind"] == 3].sum() == size


@pytest.mark.parametrize(("owner", "stp"), TRADABLE)
@pytest.mark.parametrize("over", [0, 1])
def test_minimum_size_counts_only_what_it_may_trade_with(asks, owner, stp, over):
    least = TRADABLE[owner, stp] + over
    events = apply(asks, new(9, BUY, 101, 50, owner=owner, stp=stp, min_size=least))
    assert told(events)[0][:2] == (("REJECTED", "MINIMUM_SIZE") if over else ("ACCEPTED", "NONE"))
    if not over:
        assert events["size"][events["kind"] == 3].sum() == least


def test_fok_under_decrement_can_fill_only_what_meets_no_own_order_first(asks):
    """What is decremented does not trade, so an order that meets one cannot fill whole."""
    meets = new(9, BUY, 101, 4, owner=2, stp=Stp.DECREMENT, time_in_force=FOK)
    assert told(apply(asks, meets))[0][1] == "FILL_OR_KILL"
    clear = new(9, BUY, 101, 3, owner=2, stp=Stp.DECREMENT, time_in_force=FOK)
    assert [kind for kind, *_ in told(apply(asks, clear))] == ["ACCEPTED", "TRADE"]


@pytest.mark.parametrize(("least", "kind"), [(3, "ACCEPTED"), (4, "REJECTED")])
def test_minimum_size_under_decrement(asks, least, kind):
    """Of 7 lots owner 2 trades 3 and loses 4 to its own order: 3 at most fill."""
    order = new(9, BUY, 101, 7, owner=2, stp=Stp.DECREMENT, min_size=least)
    assert told(apply(asks, order))[0][0] == kind


def test_ioc_after_decrement_cancels_only_what_is_left(asks):
    events = apply(asks, new(9, BUY, 100, 20, owner=1, stp=Stp.DECREMENT, time_in_force=IOC))
    assert told(events)[-1] == ("CANCELLED", "IMMEDIATE_OR_CANCEL", 9, 8, 0)


def test_a_replaced_order_that_is_cancelled_newest_is_gone(book):
    apply(book, new(1, SELL, 100, 3, owner=1), new(2, BUY, 99, 3, owner=1, stp=Stp.CANCEL_NEWEST))
    assert told(apply(book, replace(2, 100, 3))) == [
        ("REPLACED", "NONE", 2, 3, 3),
        ("CANCELLED", "SELF_TRADE", 2, 3, 0),
    ]
    assert resting(book) == [(1, 100, 3)]
    book.check()
