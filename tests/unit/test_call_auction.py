"""Sessions of a book: what it takes while it collects or is halted, and how it uncrosses."""

import pickle

import numpy as np
import pytest

import lob
from lob import EventKind, Kind, Reason, Session, journal
from lob import SelfTradePrevention as Stp
from lob.venue.call_auction import Uncross
from tests.messages import (
    BUY,
    SELL,
    apply,
    batch,
    cancel,
    market,
    new,
    reduce,
    replace,
    resting,
    row,
    told,
)

IOC, FOK = lob.TimeInForce.IOC, lob.TimeInForce.FOK
MARKET = lob.OrderType.MARKET
POST_ONLY = lob.Flag.POST_ONLY


def session(number, reference=None, **fields):
    if reference is None:
        return row(Kind.SESSION, number, order_type=MARKET, **fields)
    return row(Kind.SESSION, number, price=reference, **fields)


def collect(book, bids, asks):
    """Let (price, size) rows collect, ids from 1 on: bids first."""
    apply(book, session(Session.CALL))
    rows = [*((BUY, *bid) for bid in bids), *((SELL, *ask) for ask in asks)]
    apply(book, *(new(1 + i, *one, owner=1 + i) for i, one in enumerate(rows)))
    return book


def auction_trades(events):
    """Trades as (buy order, sell order, price, size)."""
    rows = events[events["kind"] == EventKind.TRADE]
    assert set(rows["reason"].tolist()) <= {Reason.UNCROSS}
    assert set(rows["side"].tolist()) <= {BUY}
    return rows[["order_id", "resting_order_id", "price", "size"]].tolist()


# ---------------------------------------------------------------- the price


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "expected"),
    [
        # 18 lots at 101, 15 at 100 and 102: the volume decides.
        ([(102, 15), (101, 5)], [(100, 15), (101, 3)], 90, (101, 18, 2)),
        # 5 lots from 100 to 101; at 100 three more bids are left over: the surplus decides.
        ([(101, 5), (100, 3)], [(100, 5)], 90, (101, 5, 0)),
        # Buyers are left at every price: the highest one.
        ([(103, 9), (100, 1)], [(100, 5)], 90, (103, 5, 4)),
        # Sellers are left at every price: the lowest one.
        ([(103, 5)], [(103, 1), (100, 9)], 110, (100, 5, -4)),
        # Nobody is left from 100 to 104: the nearest to the reference, or the middle.
        ([(104, 5)], [(100, 5)], 102, (102, 5, 0)),
        ([(104, 5)], [(100, 5)], 90, (100, 5, 0)),
        ([(104, 5)], [(100, 5)], 110, (104, 5, 0)),
        ([(104, 5)], [(101, 5)], None, (102, 5, 0)),
        ([(-2, 5)], [(-5, 5)], None, (-4, 5, 0)),
        # Two lots to buy are left at 101, two to sell at 103: the reference decides between them,
        # and at 102, where no order is, nobody is left.
        ([(105, 5), (101, 2)], [(99, 5), (103, 2)], 90, (99, 5, 2)),
        ([(105, 5), (101, 2)], [(99, 5), (103, 2)], 102, (102, 5, 0)),
        ([(105, 5), (101, 2)], [(99, 5), (103, 2)], 110, (105, 5, -2)),
        ([(105, 5), (101, 2), (100, 9)], [(99, 5), (103, 2), (104, 9)], 90, (101, 5, 2)),
        ([(105, 5), (101, 2), (100, 9)], [(99, 5), (103, 2), (104, 9)], 110, (103, 5, -2)),
        # One lot fewer on one side: that one.
        ([(105, 5), (101, 1)], [(99, 5), (103, 2)], 110, (101, 5, 1)),
        ([(105, 5), (101, 2)], [(99, 5), (103, 1)], 90, (103, 5, -1)),
    ],
)
def test_the_price_by_each_rule(book, bids, asks, reference, expected):
    collect(book, bids, asks)
    found = book.indicative(reference)
    assert (found.price, found.volume, found.surplus) == expected
    before = book.digest()
    assert book.indicative(reference) == found
    assert book.digest() == before
    events = apply(book, session(Session.CONTINUOUS, reference))
    assert events["kind"][0] == EventKind.SESSION
    assert tuple(events[["price", "size", "leaves"]][0]) == expected
    assert {price for _, _, price, _ in auction_trades(events)} == {expected[0]}
    assert sum(size for *_, size in auction_trades(events)) == expected[1]
    book.check()


def test_the_indicative_price_shows_the_range_and_is_none_without_a_cross(book):
    assert book.indicative() is None
    collect(book, [(105, 10), (103, 10)], [(98, 10), (102, 10)])
    assert book.indicative(100) == Uncross(102, 20, 0, 102, 103)
    apply(book, cancel(1), cancel(2))
    assert book.indicative(100) is None
    assert told(book.process(session(Session.CONTINUOUS))) == [("SESSION", "NONE", 0, 0, 0)]


def test_orders_trade_by_price_and_then_by_age(book):
    collect(book, [(101, 4), (103, 3), (101, 4), (99, 9)], [(100, 2), (98, 5), (100, 9)])
    events = apply(book, session(Session.CONTINUOUS, 100))
    # Bids in turn: 2, 1, 3; asks: 6, 5, 7.
    assert auction_trades(events) == [
        (2, 6, 100, 3),
        (1, 6, 100, 2),
        (1, 5, 100, 2),
        (3, 7, 100, 4),
    ]
    assert resting(book) == [(4, 99, 9), (7, 100, 5)]
    last = events[-1]
    assert (last["leaves"], last["resting_leaves"]) == (0, 5)
    assert (last["owner"], last["resting_owner"]) == (3, 7)


def test_an_uncross_keeps_the_session(book):
    collect(book, [(101, 4)], [(100, 3)])
    outcome = book.uncross(100)
    assert (outcome.accepted, outcome.reason, outcome.filled, outcome.leaves) == (
        True,
        Reason.NONE,
        3,
        0,
    )
    # Buyers are left over: the highest price, whatever the reference.
    assert outcome.trades == (lob.Trade(101, 3, 2, 2),)
    assert book.session == Session.CALL
    assert book.uncross().filled == 0
    apply(book, new(9, SELL, 90, 1))
    assert len(book) == 2
    assert book.set_session(Session.CONTINUOUS).filled == 1


def test_continuous_trading_goes_on_after_the_uncross(book):
    collect(book, [(101, 4)], [(100, 3)])
    book.set_session(Session.CONTINUOUS)
    assert told(apply(book, new(9, SELL, 101, 1)))[1:] == [("TRADE", "NONE", 9, 1, 0, 1)]


# ---------------------------------------------------------------- what a session takes


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (market(9, BUY, 1, time_in_force=IOC), Reason.COLLECTING),
        (market(9, BUY, 1, time_in_force=FOK), Reason.COLLECTING),
        (market(9, BUY, 2, min_size=1), Reason.COLLECTING),
        (market(9, BUY, 2, trail=1), Reason.COLLECTING),
        (new(9, BUY, 100, 1, time_in_force=IOC), Reason.COLLECTING),
        (new(9, BUY, 100, 1, time_in_force=FOK), Reason.COLLECTING),
        (new(9, BUY, 100, 2, min_size=1), Reason.COLLECTING),
        (new(9, BUY, 100, 1, flags=POST_ONLY), Reason.POST_ONLY),
        (new(1, BUY, 99, 1), Reason.DUPLICATE_ORDER_ID),
        (new(9, BUY, 99, lob.MAX_SIZE), Reason.VOLUME_LIMIT),
    ],
)
def test_orders_that_a_call_auction_does_not_take(book, order, reason):
    collect(book, [(99, 1)], [(100, 1)])
    before = book.digest()
    events = apply(book, order)
    assert (events["kind"].tolist(), events["reason"].tolist()) == ([EventKind.REJECTED], [reason])
    assert book.digest() == before


def test_orders_that_a_call_auction_takes_rest_even_where_they_cross(book):
    collect(book, [(99, 1)], [(100, 1)])
    events = apply(
        book, new(9, BUY, 105, 1), new(8, BUY, 99, 1, flags=POST_ONLY), replace(1, 104, 7)
    )
    assert [kind for kind, *_ in told(events)] == ["ACCEPTED", "ACCEPTED", "REPLACED"]
    assert resting(book) == [(9, 105, 1), (1, 104, 7), (8, 99, 1), (2, 100, 1)]
    book.check()
    # A post-only order moved across what rests is refused as in continuous trading.
    assert told(apply(book, replace(8, 100, 1))) == [("REJECTED", "POST_ONLY", 8, 1, 1)]


def test_a_halted_book_takes_cancels_and_reductions_only(book):
    apply(book, new(1, BUY, 99, 5), new(2, SELL, 101, 5), session(Session.HALTED))
    events = apply(
        book,
        new(3, BUY, 99, 1),
        market(4, BUY, 1),
        new(1, BUY, 99, 1),
        replace(1, 98, 1),
        replace(1, 99, 6),
        replace(1, 99, 4),
        reduce(1, 1),
        cancel(2),
        row(Kind.UNCROSS, 0, order_type=MARKET),
    )
    assert [(kind, reason) for kind, reason, *_ in told(events)] == [
        *([("REJECTED", "HALTED")] * 5),
        ("REPLACED", "NONE"),
        ("REDUCED", "NONE"),
        ("CANCELLED", "NONE"),
        ("REJECTED", "HALTED"),
    ]
    assert resting(book) == [(1, 99, 3)]


def test_a_halt_in_the_middle_of_an_auction_trades_nothing_until_it_goes_on(book):
    collect(book, [(101, 4)], [(100, 3)])
    assert len(apply(book, session(Session.HALTED))) == 1
    book.check()
    assert len(book) == 2
    assert auction_trades(apply(book, session(Session.CONTINUOUS, 0))) == [(1, 2, 101, 3)]


# ---------------------------------------------------------------- self-trade prevention


@pytest.mark.parametrize("mode", list(Stp)[1:])
@pytest.mark.parametrize("of", [BUY, SELL])
def test_an_auction_trades_what_it_announces_whoever_owns_the_orders(book, mode, of):
    apply(
        book,
        session(Session.CALL),
        new(1, BUY, 105, 6, owner=7, stp=mode if of == BUY else 0),
        new(2, BUY, 104, 4, owner=8, stp=mode),
        new(3, SELL, 100, 4, owner=7, stp=mode if of == SELL else 0),
        new(4, SELL, 101, 5, owner=9),
    )
    events = apply(book, session(Session.CONTINUOUS, 102))
    assert tuple(events[["price", "size", "leaves"]][0]) == (104, 9, 1)
    assert told(events)[1:] == [
        ("TRADE", "UNCROSS", 1, 4, 2, 3),
        ("TRADE", "UNCROSS", 1, 2, 0, 4),
        ("TRADE", "UNCROSS", 2, 3, 1, 4),
    ]
    assert resting(book) == [(2, 104, 1)]
    book.check()


def test_a_stranger_is_filled_though_the_best_orders_are_of_one_owner(book):
    """Were the pair taken off the volume, the 5 lots announced would be 0."""
    apply(
        book,
        session(Session.CALL),
        new(1, BUY, 105, 5, owner=7, stp=Stp.CANCEL_BOTH),
        new(2, SELL, 100, 5, owner=7, stp=Stp.CANCEL_BOTH),
        new(3, BUY, 104, 5, owner=8),
        new(4, SELL, 104, 5, owner=9),
    )
    events = apply(book, session(Session.CONTINUOUS, 104))
    assert int(events["size"][0]) == sum(size for *_, size in auction_trades(events)) == 10
    assert len(book) == 0


# ---------------------------------------------------------------- market orders


def test_market_orders_wait_at_no_price_and_trade_first(book):
    collect(book, [(101, 4)], [(100, 3), (102, 9)])
    events = apply(book, market(9, BUY, 5, owner=5))
    assert told(events) == [("ACCEPTED", "NONE", 9, 5, 5)]
    assert (book.best_bid, book.best_ask) == (101, 100)
    assert book.get(9).order_type == MARKET
    assert resting(book)[0] == (9, 0, 5)
    assert book.bids().tolist() == [(101, 4, 1)]
    assert len(book) == 4
    book.check()
    # 9 lots are wanted up to 101, 5 above it; 3 are offered below 102, and 12 there.
    assert book.indicative() == Uncross(102, 5, -7, 102, 102)
    events = apply(book, session(Session.CONTINUOUS))
    assert auction_trades(events) == [(9, 2, 102, 3), (9, 3, 102, 2)]
    assert resting(book) == [(1, 101, 4), (3, 102, 7)]
    book.check()


@pytest.mark.parametrize(
    ("to_buy", "to_sell", "bids", "asks", "reference", "expected"),
    [
        # Market orders on one side trade at the limit of the other.
        (10, 0, [], [(100, 5)], 130, (100, 5, 5)),
        (0, 10, [(100, 5)], [], 70, (100, 5, -5)),
        (10, 0, [], [(100, 5), (110, 5)], 90, (110, 10, 0)),
        (5, 0, [], [(100, 5), (110, 5)], 130, (100, 5, 0)),
        # On both sides, and nobody else: the reference.
        (5, 7, [], [], 93, (93, 5, -2)),
        (5, 5, [], [], None, None),
        # What does not trade must not have wanted to at the price.
        (5, 5, [(98, 1)], [(103, 1)], 90, (98, 5, 1)),
        (5, 5, [(98, 1)], [(103, 1)], 100, (100, 5, 0)),
        (5, 5, [(98, 1)], [(103, 1)], 120, (103, 5, -1)),
        (5, 5, [(98, 1)], [(103, 1)], None, (100, 5, 0)),
        (5, 5, [(98, 1)], [], None, (98, 5, 1)),
        (5, 5, [], [(98, 1)], None, (98, 5, -1)),
        # Limit orders trade too.
        (5, 0, [(101, 3)], [(99, 8)], 100, (100, 8, 0)),
        (5, 2, [(101, 3)], [(99, 8)], 100, (99, 8, -2)),
        (0, 3, [(101, 3), (100, 3)], [(102, 3)], 100, (101, 3, 0)),
    ],
)
def test_the_price_with_market_orders(book, to_buy, to_sell, bids, asks, reference, expected):
    collect(book, bids, asks)
    for order_id, side, size in ((50, BUY, to_buy), (51, SELL, to_sell)):
        if size:
            apply(book, market(order_id, side, size))
    found = book.indicative(reference)
    assert (found and found[:3]) == expected
    events = apply(book, session(Session.CONTINUOUS, reference))
    assert sum(size for *_, size in auction_trades(events)) == (expected[1] if expected else 0)
    book.check()


def test_what_an_auction_leaves_of_a_market_order_is_cancelled_when_trading_goes_on(book):
    collect(book, [], [(100, 3)])
    apply(book, market(8, BUY, 5), market(9, BUY, 2))
    book.uncross()
    assert resting(book) == [(8, 0, 2), (9, 0, 2)]
    assert told(apply(book, session(Session.HALTED))) == [("SESSION", "NONE", 2, 0, 0)]
    book.check()
    assert told(apply(book, session(Session.CONTINUOUS))) == [
        ("SESSION", "NONE", 0, 0, 0),
        ("CANCELLED", "NO_LIQUIDITY", 8, 2, 0),
        ("CANCELLED", "NO_LIQUIDITY", 9, 2, 0),
    ]
    assert len(book) == 0
    book.check()


def test_a_market_order_that_waits_is_cancelled_reduced_and_replaced_like_others(book):
    collect(book, [], [])
    apply(book, market(1, SELL, 5), market(2, SELL, 5), market(3, SELL, 5))
    events = apply(book, reduce(1, 2), replace(2, 77, 4), replace(1, 77, 9), cancel(3))
    assert told(events) == [
        ("REDUCED", "NONE", 1, 2, 3),
        ("REPLACED", "NONE", 2, 4, 4),
        ("REPLACED", "NONE", 1, 9, 9),
        ("CANCELLED", "NONE", 3, 5, 0),
    ]
    assert resting(book) == [(2, 0, 4), (1, 0, 9)]
    assert book.queue_position(1) == 4
    book.check()


def test_a_post_only_order_does_not_come_against_a_market_order_that_waits(book):
    collect(book, [], [])
    apply(book, market(1, SELL, 5))
    assert told(apply(book, new(2, BUY, 90, 1, flags=POST_ONLY)))[0][1] == "POST_ONLY"


def test_market_orders_of_an_auction_stay_within_the_band(book):
    book.set_band(95, 105)
    collect(book, [], [(104, 2)])
    apply(book, market(9, BUY, 5))
    assert book.indicative().price == 104
    book.set_band(95, 103)
    assert book.indicative() is None
    apply(book, market(8, SELL, 5))
    assert book.indicative(200).price == 103
    assert book.indicative(0).price == 95


def test_the_quotes_of_a_tape_show_no_market_order_that_waits(book):
    rows = batch(
        new(1, BUY, 99, 1),
        session(Session.CALL),
        market(2, BUY, 5),
        new(3, SELL, 100, 2),
        reduce(2, 1),
        session(Session.CONTINUOUS),
        new(4, BUY, 98, 1),
    )
    quotes = np.empty(len(rows), lob.QUOTE)
    events = book.process(rows, quotes=quotes)
    seen, _ = journal.quotes(events)
    assert seen.tobytes() == quotes.tobytes()


def test_without_prevention_an_owner_trades_with_itself(book):
    apply(book, session(Session.CALL), new(1, BUY, 101, 5, owner=7), new(2, SELL, 100, 5, owner=7))
    assert len(auction_trades(apply(book, session(Session.CONTINUOUS)))) == 1


# ---------------------------------------------------------------- the state


@pytest.mark.parametrize("which", ["copy", "pickle", "rows"])
def test_a_collecting_book_survives_with_session_and_band(book, which):
    book.set_band(90, None)
    collect(book, [(101, 4), (101, 2)], [(100, 3)])
    apply(book, market(7, SELL, 2, tag=6))
    if which == "copy":
        twin = book.copy()
    elif which == "pickle":
        twin = pickle.loads(pickle.dumps(book))
    else:
        twin = type(book).from_orders(
            book.orders(), session=book.session, band=book.band, seq=book.seq
        )
    assert (twin.session, twin.band, twin.digest()) == (Session.CALL, (90, None), book.digest())
    twin.check()
    rows = batch(new(9, SELL, 89, 1), new(8, SELL, 95, 1), session(Session.CONTINUOUS, 0))
    assert twin.process(rows).tobytes() == book.process(rows).tobytes()


def test_the_digest_tells_sessions_and_bands_apart(engine):
    digests = set()
    for change in (
        lambda book: None,
        lambda book: book.set_session(Session.CALL),
        lambda book: book.set_session(Session.HALTED),
        lambda book: book.set_band(1, None),
        lambda book: book.set_band(None, 1),
    ):
        one = engine()
        change(one)
        digests.add(one.digest())
    assert len(digests) == 5


def test_a_crossed_book_is_refused_unless_it_collects(book):
    collect(book, [(101, 4)], [(100, 3)])
    with pytest.raises(ValueError, match="best bid 101 must be below"):
        type(book).from_orders(book.orders())
    with pytest.raises(ValueError, match="session must be 0 to 2, got 3"):
        type(book).from_orders(book.orders(), session=3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda book: book.set_session(3), "session must be 0 to 2, got 3"),
        (lambda book: book.set_session(1.0), "session must be an integer"),
        (lambda book: book.uncross("x"), "reference_price must be an integer"),
        (lambda book: book.indicative(2**41), "reference_price must be"),
        (lambda book: book.set_band(5, 4), "high must be 5 to"),
        (lambda book: book.set_band(-(2**41), 4), "low must be"),
        (lambda book: book.process(session(7)), r"messages\[0\]: order_id must be a session"),
        (lambda book: book.process(session(1, owner=4)), "owner must be 0"),
        (lambda book: book.process(session(1, flags=1)), "flags must be VENUE"),
        (lambda book: book.process(session(1, 2**41)), "price must be"),
        (lambda book: book.process(row(Kind.BAND, 0, price=2, stop_price=1)), "stop_price"),
    ],
)
def test_misuse_names_the_argument_and_changes_nothing(book, call, says):
    apply(book, new(1, BUY, 99, 5))
    before = book.digest(), book.seq
    with pytest.raises((TypeError, ValueError), match=says):
        call(book)
    assert (book.digest(), book.seq) == before


def test_a_session_is_no_order_even_where_an_order_has_its_number(book):
    apply(book, new(1, BUY, 99, 5))
    outcome = book.set_session(Session.CALL)
    assert (outcome.accepted, outcome.filled, outcome.leaves) == (True, 0, 0)
    assert book.set_band(1, 120).leaves == 0


# ---------------------------------------------------------------- bands


def band(low, high):
    return row(Kind.BAND, 0, price=low, stop_price=high)


def test_orders_priced_outside_the_band_are_rejected(book):
    apply(book, new(1, BUY, 99, 5), new(2, SELL, 101, 5), band(95, 105))
    events = apply(
        book,
        new(3, BUY, 94, 1),
        new(4, SELL, 106, 1),
        new(5, BUY, 106, 1, time_in_force=IOC),
        replace(1, 94, 5),
        new(6, BUY, 95, 1),
        new(7, SELL, 105, 1),
    )
    assert [(kind, reason) for kind, reason, *_ in told(events)] == [
        *([("REJECTED", "PRICE_BAND")] * 4),
        ("ACCEPTED", "NONE"),
        ("ACCEPTED", "NONE"),
    ]


def test_a_market_order_does_not_trade_beyond_the_band(book):
    apply(book, new(1, BUY, 99, 5), new(2, BUY, 94, 5), band(95, 105))
    assert told(apply(book, market(9, SELL, 8)))[1:] == [
        ("TRADE", "NONE", 9, 5, 3, 1),
        ("CANCELLED", "PRICE_BAND", 9, 3, 0),
    ]
    assert told(apply(book, market(9, SELL, 8, time_in_force=FOK))) == [
        ("REJECTED", "FILL_OR_KILL", 9, 8, 0)
    ]
    apply(book, cancel(2))
    assert told(apply(book, market(9, SELL, 8)))[1:] == [("CANCELLED", "NO_LIQUIDITY", 9, 8, 0)]


def test_a_limit_order_within_the_band_rests_with_what_is_left(book):
    apply(book, new(1, BUY, 99, 5), new(2, BUY, 94, 5), band(95, 105))
    events = apply(book, new(9, SELL, 95, 8))
    assert told(events)[1:] == [("TRADE", "NONE", 9, 5, 3, 1)]
    assert resting(book) == [(2, 94, 5), (9, 95, 3)]


def test_a_new_band_cancels_what_could_trade_beyond_it_and_nothing_else(book):
    apply(book, *(new(i, BUY, 90 + i, 2) for i in range(8)), new(20, SELL, 120, 2))
    events = apply(book, band(92, 95))
    assert tuple(events[["kind", "price", "leaves"]][0]) == (EventKind.BAND, 92, 95)
    assert told(events)[1:] == [
        ("CANCELLED", "PRICE_BAND", 7, 2, 0),
        ("CANCELLED", "PRICE_BAND", 6, 2, 0),
    ]
    assert book.band == (92, 95)
    assert [price for _, price, _ in resting(book)] == [95, 94, 93, 92, 91, 90, 120]
    apply(book, row(Kind.BAND, 0, price=-lob.MAX_PRICE, stop_price=lob.MAX_PRICE))
    assert book.band == (None, None)
    assert book.digest() == type(book).from_orders(book.orders()).digest()


def test_an_auction_stays_within_the_band(book):
    book.set_band(98, 103)
    collect(book, [(103, 5), (110, 5)], [(98, 5), (90, 5)])
    assert len(book) == 2
    assert book.indicative(200).price == 103
    assert book.indicative(0).price == 98


def test_rows_outside_the_band_make_no_book(book):
    apply(book, new(1, BUY, 99, 5), new(2, SELL, 101, 5))
    with pytest.raises(ValueError, match=r"orders\[0\]: price must be 98 at most"):
        type(book).from_orders(book.orders(), band=(None, 98))
    with pytest.raises(ValueError, match=r"orders\[1\]: price must be 102 or more"):
        type(book).from_orders(book.orders(), band=(102, None))


def test_fields_of_a_session_that_are_not_read_may_be_anything(book):
    message = session(Session.CALL)
    for name in ("size", "side", "time_in_force", "min_size", "stop_price", "expire_ts", "tag"):
        message[name] = 99
    events = book.process(message)
    assert events["tag"].tolist() == [99]
    assert np.array_equal(events["order_id"], [Session.CALL])
