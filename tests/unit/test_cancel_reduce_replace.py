"""CANCEL, REDUCE and REPLACE: what happens to orders that rest."""

import pytest

import lob
from lob import MAX_PRICE, MAX_SIZE, Flag
from tests.messages import (
    BUY,
    SELL,
    apply,
    cancel,
    market,
    new,
    reduce,
    replace,
    resting,
    told,
    trades,
)


@pytest.fixture
def queue(book):
    """Three bids at 100, of 5 lots each, ids 1 to 3."""
    apply(book, *(new(order_id, BUY, 100, 5) for order_id in (1, 2, 3)))
    return book


def turn(book):
    """The ids in the order in which they would trade."""
    return [order_id for order_id, *_ in resting(book)]


@pytest.mark.parametrize("request_", [cancel(9), reduce(9, 1), replace(9, 100, 1)])
def test_an_unknown_order_is_an_event(book, request_):
    (event,) = apply(book, request_)
    assert (event["kind"], event["reason"]) == (
        lob.EventKind.REJECTED,
        lob.Reason.UNKNOWN_ORDER,
    )
    assert (event["order_id"], event["leaves"]) == (9, 0)


def test_a_rejection_echoes_what_its_kind_does_not_read(book):
    (event,) = apply(book, cancel(9, price=-3, size=-4, tag=5, owner=6, side=99, flags=200))
    assert [event[name] for name in ("price", "size", "tag", "owner", "side", "flags")] == [
        -3,
        -4,
        5,
        6,
        99,
        200,
    ]


# ---------------------------------------------------------------- cancel


@pytest.mark.parametrize("order_id", [1, 2, 3])
def test_cancel_takes_one_order_out_and_leaves_the_turn_of_the_others(queue, order_id):
    assert told(apply(queue, cancel(order_id))) == [("CANCELLED", "NONE", order_id, 5, 0)]
    assert turn(queue) == [other for other in (1, 2, 3) if other != order_id]
    queue.check()


def test_cancel_tells_the_order_as_it_was(book):
    apply(book, new(1, SELL, 100, 5, owner=7, tag=8, flags=Flag.POST_ONLY), market(2, BUY, 2))
    (event,) = apply(book, cancel(1, owner=7, tag=99, ts_event=3))
    assert [event[name] for name in ("owner", "tag", "flags", "price", "size", "side")] == [
        7,
        8,
        Flag.POST_ONLY,
        100,
        3,
        SELL,
    ]
    assert event["ts_event"] == 3


def test_cancelling_the_last_order_of_a_level_uncovers_the_next(book):
    apply(book, new(1, BUY, 100, 5), new(2, BUY, 90, 5), cancel(1))
    assert book.best_bid == 90
    apply(book, cancel(2))
    assert book.best_bid is None


# ---------------------------------------------------------------- reduce


def test_reduce_takes_lots_off_and_keeps_the_place(queue):
    assert told(apply(queue, reduce(1, 4))) == [("REDUCED", "NONE", 1, 4, 1)]
    assert resting(queue)[0] == (1, 100, 1)


@pytest.mark.parametrize("size", [5, 6, MAX_SIZE])
def test_reducing_by_all_or_more_cancels(queue, size):
    assert told(apply(queue, reduce(2, size))) == [("CANCELLED", "NONE", 2, 5, 0)]
    assert turn(queue) == [1, 3]


# ---------------------------------------------------------------- replace


def test_a_pure_decrease_keeps_the_place(queue):
    assert told(apply(queue, replace(1, 100, 2))) == [("REPLACED", "NONE", 1, 2, 2)]
    assert turn(queue) == [1, 2, 3]
    queue.check()


def test_a_larger_size_loses_the_place(queue):
    assert told(apply(queue, replace(1, 100, 6))) == [("REPLACED", "NONE", 1, 6, 6)]
    assert turn(queue) == [2, 3, 1]


def test_the_same_price_and_size_keep_the_place(queue):
    assert told(apply(queue, replace(1, 100, 5))) == [("REPLACED", "NONE", 1, 5, 5)]
    assert turn(queue) == [1, 2, 3]
    queue.check()


def test_a_new_price_loses_the_place_even_when_it_comes_back(queue):
    apply(queue, replace(1, 99, 2), replace(1, 100, 1))
    assert turn(queue) == [2, 3, 1]


def test_size_is_what_shall_be_open_whatever_traded_before(queue):
    apply(queue, market(9, SELL, 3), replace(1, 100, 1))
    assert resting(queue)[0] == (1, 100, 1)
    apply(queue, replace(1, 100, 2))
    assert resting(queue)[-1] == (1, 100, 2)


def test_a_replaced_order_may_trade(book):
    apply(book, new(1, BUY, 99, 5, owner=3, tag=4), new(2, SELL, 100, 2), new(3, SELL, 101, 9))
    events = apply(book, replace(1, 100, 8, ts_event=6))
    assert told(events) == [("REPLACED", "NONE", 1, 8, 8), ("TRADE", "NONE", 1, 2, 6, 2)]
    assert set(events["tag"]) == {4}
    assert set(events["owner"]) == {3}
    assert resting(book) == [(1, 100, 6), (3, 101, 9)]


def test_a_replaced_order_may_trade_away(book):
    apply(book, new(1, BUY, 99, 5), new(2, SELL, 100, 9))
    assert trades(apply(book, replace(1, MAX_PRICE, 5))) == [(1, 2, 100, 5)]
    assert resting(book) == [(2, 100, 4)]


def test_replace_asks_for_no_minimum_again(book):
    apply(book, new(1, SELL, 100, 4), new(2, BUY, 100, 9, min_size=4))
    assert told(apply(book, replace(2, 90, 9)))[0][0] == "REPLACED"


def test_a_post_only_order_stays_post_only(book):
    apply(book, new(1, BUY, 99, 5, flags=Flag.POST_ONLY), new(2, BUY, 99, 5), new(3, SELL, 100, 2))
    before = book.digest()
    events = apply(book, replace(1, 100, 6))
    assert told(events) == [("REJECTED", "POST_ONLY", 1, 6, 5)]
    assert book.digest() == before
    assert told(apply(book, replace(1, 98, 6)))[0][0] == "REPLACED"
    assert book.get(1).flags == Flag.POST_ONLY


def test_self_trade_prevention_of_a_replaced_order_stays(book):
    apply(book, new(1, BUY, 99, 5, owner=1, stp=2), new(2, SELL, 100, 2, owner=1))
    assert told(apply(book, replace(1, 100, 5))) == [
        ("REPLACED", "NONE", 1, 5, 5),
        ("CANCELLED", "SELF_TRADE", 2, 2, 0),
    ]


def test_replace_beyond_the_volume_limit_is_refused(book):
    apply(book, new(1, BUY, 100, MAX_SIZE - 5), new(2, BUY, 100, 5))
    events = apply(book, replace(2, 100, 6), replace(2, 100, 4), replace(2, 100, 5))
    assert told(events) == [
        ("REJECTED", "VOLUME_LIMIT", 2, 6, 5),
        ("REPLACED", "NONE", 2, 4, 4),
        ("REPLACED", "NONE", 2, 5, 5),
    ]
    book.check()


# ---------------------------------------------------------------- the total size


TOTAL = Flag.TOTAL_SIZE


def test_what_has_traded_counts_against_a_total_size(queue):
    apply(queue, market(9, SELL, 3))
    # Meant as 7 in all, of which 3 have traded: 4 stay open, not 7.
    assert told(apply(queue, replace(1, 100, 7, flags=TOTAL))) == [("REPLACED", "NONE", 1, 4, 4)]
    assert turn(queue) == [2, 3, 1]
    apply(queue, replace(2, 100, 4, flags=TOTAL))
    assert resting(queue) == [(2, 100, 4), (3, 100, 5), (1, 100, 4)]
    assert queue.get(1).filled == 3
    queue.check()


@pytest.mark.parametrize("total", [1, 3])
def test_a_total_size_that_has_traded_already_cancels(queue, total):
    apply(queue, market(9, SELL, 3))
    events = apply(queue, replace(1, 100, total, flags=TOTAL))
    assert told(events) == [("CANCELLED", "NONE", 1, 2, 0)]
    assert turn(queue) == [2, 3]


def test_what_an_order_took_when_it_came_counts_too(book):
    apply(book, new(1, SELL, 100, 4), new(2, BUY, 100, 10))
    assert book.get(2).filled == 4
    assert told(apply(book, replace(2, 101, 10, flags=TOTAL))) == [("REPLACED", "NONE", 2, 6, 6)]


def test_what_was_taken_off_has_not_traded(book):
    apply(book, new(1, BUY, 100, 10, owner=1), market(9, SELL, 3), reduce(1, 2))
    assert (book.get(1).size, book.get(1).filled) == (5, 3)
    apply(book, new(2, SELL, 100, 1, owner=1, stp=4))  # decremented
    assert (book.get(1).size, book.get(1).filled) == (4, 3)
    apply(book, replace(1, 99, 20), market(9, SELL, 1))
    assert (book.get(1).size, book.get(1).filled) == (19, 4)


def test_what_an_order_lost_to_itself_when_it_came_has_not_traded(book):
    apply(
        book,
        new(1, SELL, 100, 4, owner=1),
        new(2, SELL, 100, 3, owner=2),
        new(3, BUY, 100, 10, owner=1, stp=4),
    )
    assert (book.get(3).size, book.get(3).filled) == (3, 3)
    book.check()


def test_the_count_of_what_has_traded_does_not_overflow(book):
    for number in range(8):
        apply(book, new(1, BUY, 100, MAX_SIZE) if number == 0 else replace(1, 100, MAX_SIZE))
        apply(book, market(9, SELL, MAX_SIZE - 1))
        book.check()
    assert (book.get(1).size, book.get(1).filled) == (1, MAX_SIZE)
    assert told(apply(book, replace(1, 100, MAX_SIZE, flags=TOTAL)))[0][0] == "CANCELLED"


@pytest.mark.parametrize("flags", [Flag.POST_ONLY, Flag.REDUCE_ONLY, 16, TOTAL | Flag.RELATIVE])
def test_a_replacement_takes_no_other_flag(queue, flags):
    with pytest.raises(ValueError, match=r"messages\[0\]: flags must be TOTAL_SIZE"):
        apply(queue, replace(1, 100, 3, flags=flags))


def test_per_call_total_size(book):
    book.submit(order_id=1, side=BUY, price=100, size=5)
    book.submit(order_id=2, side=SELL, price=100, size=2)
    assert book.replace(1, total_size=True).leaves == 3
    assert book.replace(1, size=9, total_size=True).leaves == 7
    assert book.replace(1, size=9).leaves == 9


# ---------------------------------------------------------------- whose order it is


@pytest.mark.parametrize(
    "message", [cancel(1, owner=8), reduce(1, 1, owner=8), replace(1, 101, 9, owner=-7)]
)
def test_a_stranger_changes_nothing(book, message):
    apply(book, new(1, BUY, 100, 5, owner=7))
    before = book.digest()
    events = apply(book, message)
    # Nor does it learn what is open.
    assert told(events) == [("REJECTED", "NOT_OWNER", 1, int(message["size"][0]), 0)]
    assert events["owner"].tolist() == message["owner"].tolist()
    assert book.digest() == before


@pytest.mark.parametrize("message", [cancel, lambda *a, **b: reduce(*a, 1, **b)])
@pytest.mark.parametrize("owner", [7, 0])
def test_the_owner_and_whoever_operates_the_book_may(book, message, owner):
    apply(book, new(1, BUY, 100, 5, owner=7))
    assert told(apply(book, message(1, owner=owner)))[0][1] == "NONE"


def test_an_order_of_nobody_is_nobodys_to_change(book):
    apply(book, new(1, BUY, 100, 5))
    assert told(apply(book, cancel(1, owner=7)))[0][1] == "NOT_OWNER"
    assert told(apply(book, cancel(1)))[0][0] == "CANCELLED"


def test_per_call_whose_order_it_is(book):
    book.submit(order_id=1, side=BUY, price=100, size=5, owner=7)
    for out in (book.cancel(1, owner=8), book.reduce(1, 2, owner=8), book.replace(1, owner=8)):
        assert (out.accepted, out.reason) == (False, lob.Reason.NOT_OWNER)
    assert book.reduce(1, 2, owner=7).leaves == 3
    assert book.replace(1, size=2, owner=7).leaves == 2
    assert book.cancel(1).accepted


# ---------------------------------------------------------------- per call


def test_per_call_cancel_and_reduce(queue):
    out = queue.reduce(2, 3, ts_event=4)
    assert (out.accepted, out.reason, out.leaves, out.trades) == (True, lob.Reason.NONE, 2, ())
    out = queue.cancel(2)
    assert (out.accepted, out.leaves) == (True, 0)
    out = queue.cancel(2)
    assert (out.accepted, out.reason) == (False, lob.Reason.UNKNOWN_ORDER)


def test_per_call_replace_of_one_thing_keeps_the_other(queue):
    assert queue.replace(1, size=3).leaves == 3
    assert resting(queue)[0] == (1, 100, 3)
    queue.replace(1, price=101)
    assert resting(queue)[0] == (1, 101, 3)
    queue.replace(2)
    assert turn(queue) == [1, 2, 3]


def test_per_call_replace_of_an_unknown_order(book):
    for arguments in ({}, {"price": 3}, {"size": 3}, {"price": 3, "size": 3}):
        out = book.replace(9, **arguments)
        assert (out.accepted, out.reason, out.leaves) == (False, lob.Reason.UNKNOWN_ORDER, 0)


def test_a_refused_replace_tells_what_stays_open(book):
    book.submit(order_id=1, side=BUY, price=99, size=5, post_only=True)
    book.submit(order_id=2, side=SELL, price=100, size=5)
    out = book.replace(1, price=100)
    assert (out.accepted, out.reason, out.leaves) == (False, lob.Reason.POST_ONLY, 5)
