"""Entering orders: who trades with whom, what rests, what is refused."""

import numpy as np
import pytest

import lob
from lob import MAX_PRICE, MAX_SIZE, Flag, OrderType, TimeInForce
from tests.messages import BUY, SELL, apply, cancel, market, new, resting, told, trades

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def test_a_limit_order_rests(book):
    events = apply(book, new(1, BUY, 100, 10))
    assert told(events) == [("ACCEPTED", "NONE", 1, 10, 10)]
    assert resting(book) == [(1, 100, 10)]
    assert (book.best_bid, book.best_ask) == (100, None)


def test_the_best_price_trades_first_at_the_price_that_rests(book):
    apply(book, new(1, SELL, 102, 5), new(2, SELL, 100, 5), new(3, SELL, 101, 5))
    events = apply(book, new(4, BUY, 101, 20))
    assert trades(events) == [(4, 2, 100, 5), (4, 3, 101, 5)]
    assert resting(book) == [(4, 101, 10), (1, 102, 5)]


def test_at_one_price_the_oldest_trades_first(book):
    apply(book, new(1, BUY, 100, 5), new(2, BUY, 100, 5), new(3, BUY, 100, 5))
    assert trades(apply(book, new(4, SELL, 100, 7))) == [(4, 1, 100, 5), (4, 2, 100, 2)]
    assert resting(book) == [(2, 100, 3), (3, 100, 5)]


def test_a_partly_filled_order_keeps_its_place(book):
    apply(book, new(1, BUY, 100, 5), new(2, BUY, 100, 5), new(3, SELL, 100, 1))
    assert trades(apply(book, new(4, SELL, 100, 5))) == [(4, 1, 100, 4), (4, 2, 100, 1)]


def test_a_trade_tells_both_orders(book):
    apply(book, new(1, SELL, 100, 5, owner=7, tag=70))
    trade = apply(book, new(2, BUY, 105, 3, owner=8, tag=80, ts_event=99))[1]
    assert {name: trade[name].item() for name in lob.EVENT.names} == {
        "seq": 3,
        "ts_event": 99,
        "order_id": 2,
        "tag": 80,
        "price": 100,
        "size": 3,
        "leaves": 0,
        "resting_order_id": 1,
        "resting_tag": 70,
        "resting_leaves": 2,
        "owner": 8,
        "resting_owner": 7,
        "instrument": 0,
        "kind": lob.EventKind.TRADE,
        "reason": lob.Reason.NONE,
        "side": BUY,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "flags": 0,
    }


def test_accepted_echoes_the_order(book):
    event = apply(book, new(1, SELL, -5, 9, owner=-3, tag=-4, flags=Flag.POST_ONLY))[0]
    assert (event["price"], event["size"], event["leaves"], event["side"]) == (-5, 9, 9, SELL)
    assert (event["owner"], event["tag"], event["flags"]) == (-3, -4, Flag.POST_ONLY)


def test_orders_of_one_owner_trade_unless_told_otherwise(book):
    events = apply(book, new(1, SELL, 100, 5, owner=7), new(2, BUY, 100, 5, owner=7))
    assert trades(events) == [(2, 1, 100, 5)]


# ---------------------------------------------------------------- market, IOC, FOK


def test_a_market_order_takes_any_price(book):
    apply(book, new(1, SELL, -MAX_PRICE, 1), new(2, SELL, MAX_PRICE, 1))
    events = apply(book, market(3, BUY, 2))
    assert trades(events) == [(3, 1, -MAX_PRICE, 1), (3, 2, MAX_PRICE, 1)]
    assert len(book) == 0


@pytest.mark.parametrize("time_in_force", [TimeInForce.GTC, IOC])
def test_a_market_order_never_rests(book, time_in_force):
    events = apply(book, new(1, SELL, 100, 3), market(2, BUY, 10, time_in_force=time_in_force))
    assert told(events)[1:] == [
        ("ACCEPTED", "NONE", 2, 10, 10),
        ("TRADE", "NONE", 2, 3, 7, 1),
        ("CANCELLED", "NO_LIQUIDITY", 2, 7, 0),
    ]
    assert len(book) == 0


def test_a_market_order_in_an_empty_book(book):
    assert told(apply(book, market(1, SELL, 4)))[1:] == [("CANCELLED", "NO_LIQUIDITY", 1, 4, 0)]


def test_the_price_of_a_market_order_is_neither_read_nor_told(book):
    order = new(1, BUY, INT64_MAX, 1, order_type=OrderType.MARKET)
    assert apply(book, order)["price"].tolist() == [0, 0]


def test_the_remainder_of_ioc_is_cancelled(book):
    apply(book, new(1, SELL, 100, 3), new(2, SELL, 101, 3))
    events = apply(book, new(3, BUY, 100, 5, time_in_force=IOC))
    assert told(events)[1:] == [
        ("TRADE", "NONE", 3, 3, 2, 1),
        ("CANCELLED", "IMMEDIATE_OR_CANCEL", 3, 2, 0),
    ]
    assert resting(book) == [(2, 101, 3)]


def test_ioc_that_crosses_nothing_is_accepted_and_cancelled(book):
    events = apply(book, new(1, BUY, 100, 5, time_in_force=IOC))
    assert [kind for kind, *_ in told(events)] == ["ACCEPTED", "CANCELLED"]


def test_fok_trades_whole_over_levels_and_orders(book):
    apply(book, new(1, SELL, 100, 3), new(2, SELL, 101, 1), new(3, SELL, 101, 5))
    events = apply(book, new(4, BUY, 101, 9, time_in_force=FOK))
    assert trades(events) == [(4, 1, 100, 3), (4, 2, 101, 1), (4, 3, 101, 5)]


def test_fok_short_of_one_lot_is_rejected_and_changes_nothing(book):
    apply(book, new(1, SELL, 100, 3), new(2, SELL, 101, 5), new(3, SELL, 102, 1))
    before = book.digest()
    events = apply(book, new(4, BUY, 101, 9, time_in_force=FOK))
    assert told(events) == [("REJECTED", "FILL_OR_KILL", 4, 9, 0)]
    assert book.digest() == before


@pytest.mark.parametrize(("size", "kind"), [(8, "ACCEPTED"), (9, "REJECTED")])
def test_a_market_order_may_be_fok(book, size, kind):
    apply(book, new(1, SELL, 100, 3), new(2, SELL, 2**30, 5))
    assert told(apply(book, market(3, BUY, size, time_in_force=FOK)))[0][0] == kind


# ---------------------------------------------------------------- post-only, minimum size


@pytest.mark.parametrize(
    ("price", "kind"), [(99, "ACCEPTED"), (100, "REJECTED"), (101, "REJECTED")]
)
def test_post_only_is_rejected_where_it_would_trade(book, price, kind):
    apply(book, new(1, SELL, 100, 3))
    events = apply(book, new(2, BUY, price, 3, flags=Flag.POST_ONLY))
    assert told(events)[0][0] == kind
    assert (2 in book) == (kind == "ACCEPTED")


def test_post_only_is_rejected_even_where_self_trade_prevention_would_keep_it_from_trading(book):
    apply(book, new(1, SELL, 100, 3, owner=1))
    events = apply(book, new(2, BUY, 100, 3, owner=1, flags=Flag.POST_ONLY, stp=2))
    assert told(events) == [("REJECTED", "POST_ONLY", 2, 3, 0)]
    assert 1 in book


@pytest.mark.parametrize(("least", "kind"), [(8, "ACCEPTED"), (9, "REJECTED")])
def test_minimum_size_must_fill_at_once(book, least, kind):
    apply(book, new(1, SELL, 100, 3), new(2, SELL, 101, 5), new(3, SELL, 102, 9))
    events = apply(book, new(4, BUY, 101, 20, min_size=least))
    assert told(events)[0][:3] == (
        kind,
        "NONE" if kind == "ACCEPTED" else "MINIMUM_SIZE",
        4,
    )
    # What is left of an accepted one rests like any other.
    assert resting(book)[0] == ((4, 101, 12) if kind == "ACCEPTED" else (1, 100, 3))


def test_minimum_size_holds_for_ioc_and_market_orders_too(book):
    apply(book, new(1, SELL, 100, 3))
    events = apply(
        book,
        new(2, BUY, 100, 5, min_size=4, time_in_force=IOC),
        market(3, BUY, 5, min_size=4),
        market(4, BUY, 5, min_size=3),
    )
    assert [(kind, reason) for kind, reason, *_ in told(events)] == [
        ("REJECTED", "MINIMUM_SIZE"),
        ("REJECTED", "MINIMUM_SIZE"),
        ("ACCEPTED", "NONE"),
        ("TRADE", "NONE"),
        ("CANCELLED", "NO_LIQUIDITY"),
    ]


def test_fok_with_a_minimum_size_is_judged_as_fok(book):
    apply(book, new(1, SELL, 100, 3))
    order = new(2, BUY, 100, 5, min_size=5, time_in_force=FOK)
    assert told(apply(book, order))[0][1] == "FILL_OR_KILL"


# ---------------------------------------------------------------- ids


@pytest.mark.parametrize("order_id", [0, -1, INT64_MIN, INT64_MAX, 2**32, -(2**32)])
def test_any_int64_is_an_id(book, order_id):
    apply(book, new(order_id, BUY, 100, 5))
    assert order_id in book
    assert book.get(order_id).order_id == order_id
    assert trades(apply(book, new(3, SELL, 100, 1))) == [(3, order_id, 100, 1)]
    assert told(apply(book, cancel(order_id))) == [("CANCELLED", "NONE", order_id, 4, 0)]
    assert order_id not in book


def test_the_id_of_a_live_order_is_refused_and_that_order_stays(book):
    apply(book, new(1, BUY, 100, 5, owner=7))
    events = apply(book, new(1, SELL, 90, 3), market(1, SELL, 3), new(1, BUY, 1, 1))
    assert {told_of[:2] for told_of in told(events)} == {("REJECTED", "DUPLICATE_ORDER_ID")}
    assert book.get(1).owner == 7
    assert resting(book) == [(1, 100, 5)]


def test_an_id_may_be_used_again_when_its_order_is_gone(book):
    apply(book, new(1, BUY, 100, 5), cancel(1), new(1, SELL, 100, 5), market(2, BUY, 5))
    assert told(apply(book, new(1, BUY, 98, 5)))[0][0] == "ACCEPTED"


def test_an_order_that_never_rests_uses_up_no_id(book):
    apply(book, market(1, BUY, 5), new(1, BUY, 5, 5, time_in_force=IOC))
    assert told(apply(book, new(1, BUY, 98, 5)))[0][0] == "ACCEPTED"


def test_many_ids_that_share_their_low_bits(book):
    ids = [step << 32 for step in range(-300, 300)]
    apply(book, *(new(order_id, BUY, 100, 1) for order_id in ids))
    apply(book, *(cancel(order_id) for order_id in ids[::2]))
    book.check()
    assert [order_id for order_id, *_ in resting(book)] == ids[1::2]


# ---------------------------------------------------------------- prices and sizes


@pytest.mark.parametrize("price", [-MAX_PRICE, MAX_PRICE, 0, -1])
def test_prices_from_end_to_end(book, price):
    apply(book, new(1, BUY, price, 5))
    assert book.best_bid == price
    assert trades(apply(book, new(2, SELL, price, 5))) == [(2, 1, price, 5)]


def test_stub_quotes_beside_a_dense_book(book):
    apply(book, new(1, BUY, 1, 1), new(2, SELL, MAX_PRICE, 1), new(3, BUY, -MAX_PRICE, 1))
    apply(book, *(new(10 + i, BUY, 99_999 - i, 2) for i in range(50)))
    apply(book, *(new(100 + i, SELL, 100_001 + i, 2) for i in range(50)))
    assert (book.best_bid, book.best_ask) == (99_999, 100_001)
    apply(book, market(4, BUY, 100), market(5, SELL, 100))
    assert (book.best_bid, book.best_ask) == (1, MAX_PRICE)
    apply(book, market(6, SELL, 1))
    assert book.best_bid == -MAX_PRICE
    book.check()


def test_the_best_price_is_found_again_across_wide_gaps(book):
    prices = [sign * (1 << power) for power in range(41) for sign in (-1, 1)]
    apply(book, *(new(i, SELL, price, 1) for i, price in enumerate(prices)))
    for price in sorted(prices):
        assert book.best_ask == price
        apply(book, market(-1, BUY, 1))
    assert book.best_ask is None
    book.check()


def test_the_largest_size_trades(book):
    events = apply(book, new(1, SELL, MAX_PRICE, MAX_SIZE), new(2, BUY, MAX_PRICE, MAX_SIZE))
    assert trades(events) == [(2, 1, MAX_PRICE, MAX_SIZE)]
    assert len(book) == 0


def test_a_side_holds_at_most_max_size_lots(book):
    apply(book, new(1, BUY, 100, MAX_SIZE - 5), new(2, SELL, 200, MAX_SIZE))
    events = apply(book, new(3, BUY, 90, 6), new(4, BUY, 90, 5), new(5, BUY, 90, 1))
    assert told(events) == [
        ("REJECTED", "VOLUME_LIMIT", 3, 6, 0),
        ("ACCEPTED", "NONE", 4, 5, 5),
        ("REJECTED", "VOLUME_LIMIT", 5, 1, 0),
    ]
    book.check()


def test_the_volume_limit_looks_at_the_size_asked_for_not_at_what_would_rest(book):
    apply(book, new(1, BUY, 100, MAX_SIZE), new(2, SELL, 200, 10))
    assert told(apply(book, new(3, BUY, 200, 10)))[0][1] == "VOLUME_LIMIT"


def test_the_volume_limit_binds_only_what_may_rest(book):
    apply(book, new(1, BUY, 100, MAX_SIZE), new(2, SELL, 200, 10))
    events = apply(book, new(3, BUY, 200, 4, time_in_force=IOC), market(4, BUY, MAX_SIZE))
    assert sum(size for *_, size in trades(events)) == 10


def test_volume_that_left_makes_room_again(book):
    apply(book, new(1, BUY, 100, MAX_SIZE), market(2, SELL, 7), new(3, BUY, 99, 7))
    assert [order_id for order_id, *_ in resting(book)] == [1, 3]
    apply(book, cancel(1))
    assert told(apply(book, new(4, BUY, 99, MAX_SIZE - 7)))[0][0] == "ACCEPTED"


def test_a_duplicate_id_is_told_before_any_other_reason(book):
    apply(book, new(1, BUY, 100, MAX_SIZE), new(2, SELL, 200, 1))
    events = apply(
        book,
        new(1, BUY, 200, MAX_SIZE),
        new(2, BUY, 200, 1, flags=Flag.POST_ONLY),
        new(2, BUY, 10, 1, time_in_force=FOK),
    )
    assert {reason for _, reason, *_ in told(events)} == {"DUPLICATE_ORDER_ID"}


# ---------------------------------------------------------------- the sequence


def test_seq_counts_every_event_rejections_too(book):
    seqs = np.concatenate(
        [apply(book, new(1, BUY, 100, 5)), apply(book, new(1, BUY, 1, 1), cancel(9), cancel(1))]
    )["seq"]
    assert seqs.tolist() == [1, 2, 3, 4]
    assert book.seq == 4


def test_events_carry_the_books_instrument(engine):
    book = engine(65_535)
    event = apply(book, new(1, BUY, 100, 5, instrument=65_535), cancel(7, instrument=65_535))
    assert event["instrument"].tolist() == [65_535, 65_535]
    assert book.instrument == 65_535


def test_submit_tells_what_became_of_the_order(book):
    book.submit(order_id=1, side=SELL, price=100, size=4, owner=7)
    out = book.submit(order_id=2, side=BUY, price=101, size=10, owner=8)
    assert (out.accepted, out.reason, out.filled, out.leaves) == (True, lob.Reason.NONE, 4, 6)
    assert out.trades == (lob.Trade(100, 4, 1, 7),)
    assert isinstance(out.trades[0], lob.Trade)
    out = book.submit(order_id=3, side=SELL, size=9, order_type=OrderType.MARKET)
    assert (out.accepted, out.reason, out.filled, out.leaves) == (
        True,
        lob.Reason.NO_LIQUIDITY,
        6,
        0,
    )
    out = book.submit(order_id=4, side=SELL, price=100, size=9, time_in_force=FOK)
    assert (out.accepted, out.reason, out.filled, out.trades) == (
        False,
        lob.Reason.FILL_OR_KILL,
        0,
        (),
    )
    assert isinstance(out.accepted, bool)
    assert isinstance(out.reason, lob.Reason)


def test_submit_passes_every_argument_on(book):
    book.submit(
        order_id=1, side=BUY, price=-7, size=4, owner=-8, tag=9, stp=3, post_only=True, ts_event=5
    )
    assert book.get(1) == lob.Order(1, -7, 4, 9, -8, BUY, 3, Flag.POST_ONLY)
    out = book.submit(order_id=2, side=SELL, price=-7, size=9, min_size=5)
    assert out.reason == lob.Reason.MINIMUM_SIZE
