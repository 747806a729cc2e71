"""History that is sent again, message by message, and what cannot be done any more."""

from math import inf

import numpy as np
import pytest

import lob
from lob.feeds import PRINT, PrintKind
from lob.resubmission import Resubmission

S = 10**9
NEW, CANCEL, REDUCE, REPLACE = lob.Kind.NEW, lob.Kind.CANCEL, lob.Kind.REDUCE, lob.Kind.REPLACE
BUY, SELL = lob.Side.BUY, lob.Side.SELL


def rows(*messages):
    """MESSAGE rows of (ts, kind, order_id, side, price, size)."""
    made = np.zeros(len(messages), lob.MESSAGE)
    names = ("ts_event", "kind", "order_id", "side", "price", "size")
    for name, column in zip(names, zip(*messages, strict=True), strict=True):
        made[name] = column
    return made


def told(*prints):
    """PRINT rows of (ts, at, side, price, size, order_id)."""
    made = np.zeros(len(prints), PRINT)
    names = ("ts_event", "at", "side", "price", "size", "order_id")
    for name, column in zip(names, zip(*prints, strict=True), strict=False):
        made[name] = column
    made["kind"], made["counts"] = PrintKind.TRADE, 1
    return made


class Two:
    """A core with a book of bids at 99 (ids 1, 2) and 98 (3) and asks at 101 (4) and 102 (5)."""

    def __init__(self, **options):
        self.core = Resubmission(0, **options)
        self.seen = 0
        self.follow(
            (1, NEW, 1, BUY, 99, 10), (1, NEW, 2, BUY, 99, 10), (1, NEW, 3, BUY, 98, 10),
            (1, NEW, 4, SELL, 101, 10), (1, NEW, 5, SELL, 102, 10),
        )  # fmt: skip
        self.core.fork(2)

    def follow(self, *messages, prints=(), then=-1):
        made = rows(*messages)
        made_prints = told(*prints) if prints else np.zeros(0, PRINT)
        made_prints["at"] += self.seen
        done = self.core.follow(made, np.ones(len(made), bool), made_prints, self.seen, then=then)
        self.seen += len(made)
        return done

    def sell(self, size, ts=2):
        order = rows((ts, NEW, -1, SELL, 0, size))
        order["order_type"], order["time_in_force"] = lob.OrderType.MARKET, lob.TimeInForce.IOC
        order["owner"] = 1
        return self.core.send(order)

    def orders(self, which="live"):
        book = getattr(self.core, which)
        return book.orders()[["order_id", "price", "size"]].tolist()


def test_executions_in_a_row_at_one_time_are_one_aggressor():
    two = Two()
    two.follow(
        (3, CANCEL, 1, 0, 0, 0), (3, REDUCE, 2, 0, 0, 4), (4, REDUCE, 2, 0, 0, 1),
        prints=[(3, 0, SELL, 99, 10, 1), (3, 1, SELL, 99, 4, 2), (4, 2, SELL, 99, 1, 2)],
    )  # fmt: skip
    assert (two.core.aggressors, two.core.by_id) == (2, 0)
    assert two.orders() == two.orders("recorded")


def test_an_aggressor_hits_what_is_there():
    two = Two()
    two.sell(10)  # order 1
    two.follow((3, CANCEL, 1, 0, 0, 0), prints=[(3, 0, SELL, 99, 10, 1)])
    assert [order[0] for order in two.orders()] == [3, 4, 5]  # order 2 was hit in its place
    assert (two.core.unfilled_aggressors, two.core.orphaned_cancels) == (0, 0)
    two.follow((4, CANCEL, 2, 0, 0, 0), prints=[(4, 0, SELL, 99, 10, 2)])
    assert (two.core.unfilled_aggressors, two.core.unfilled_lots) == (1, 10)


def test_an_execution_that_no_aggressor_explains_goes_by_id():
    two = Two()
    two.follow((3, CANCEL, 2, 0, 0, 0), prints=[(3, 0, SELL, 99, 10, 2)])  # order 1 is first
    two.follow((4, CANCEL, 3, 0, 0, 0), prints=[(4, 0, SELL, 98, 10, 3)])  # 99 is better
    assert (two.core.aggressors, two.core.by_id) == (0, 2)
    assert two.orders() == two.orders("recorded")
    two = Two()
    two.sell(20)
    two.follow((3, CANCEL, 2, 0, 0, 0), prints=[(3, 0, SELL, 99, 10, 2)])
    assert (two.core.by_id, two.core.orphaned_executions) == (1, 1)


def test_part_of_a_removal_was_traded():
    two = Two()
    two.follow((3, CANCEL, 1, 0, 0, 0), prints=[(3, 0, SELL, 99, 4, 1)])
    assert (two.core.aggressors, two.core.by_id) == (1, 0)
    assert two.orders() == two.orders("recorded")


@pytest.mark.parametrize(("window", "explained"), [(0, False), (5, True), (4, False)])
def test_a_print_explains_what_comes_soon_after_it(window, explained):
    two = Two(window_ns=window)
    two.follow((8, REDUCE, 1, 0, 0, 4), prints=[(3, 0, SELL, 99, 4, 0)])
    assert two.core.aggressors == explained
    assert two.orders() == two.orders("recorded")


@pytest.mark.parametrize("kind", list(PrintKind))
def test_only_a_trade_with_what_was_shown_explains_a_removal(kind):
    two = Two()
    prints = told((3, 5, SELL, 99, 10, 1))
    prints["kind"] = kind
    two.core.follow(rows((3, CANCEL, 1, 0, 0, 0)), np.ones(1, bool), prints, two.seen)
    assert two.core.aggressors == (kind is PrintKind.TRADE)


def test_what_was_sold_is_missed():
    two = Two()
    two.sell(13)
    two.follow((3, CANCEL, 1, 0, 0, 0), (4, REDUCE, 2, 0, 0, 8), (5, REPLACE, 1, 0, 98, 5))
    assert two.core.orphaned_cancels == 1
    assert two.core.cut_short == 1  # 7 of order 2 are left, 8 go
    two.follow((6, CANCEL, 2, 0, 0, 0))
    assert two.core.orphaned_cancels == 2


def test_a_replacement_is_as_many_lots_more_or_less():
    two = Two()
    two.sell(4)
    two.follow((3, REPLACE, 1, 0, 99, 15))
    assert (1, 99, 11) in two.orders()
    two.follow((4, REPLACE, 1, 0, 97, 9))
    assert (1, 97, 5) in two.orders()
    two.follow((5, REPLACE, 1, 0, 97, 3))
    assert 1 not in [order[0] for order in two.orders()]
    two.follow((6, REPLACE, 1, 0, 97, 30))
    assert two.core.orphaned_replaces == 1


def test_a_level_that_is_gone_comes_back_with_what_is_added():
    two = Two(levels=True)
    two.sell(10)
    two.follow((3, REPLACE, 1, 0, 99, 12))
    assert (1, 99, 2) in two.orders()
    assert two.core.orphaned_replaces == 0


def test_an_add_that_meets_what_the_record_has_not_trades():
    two = Two()
    order = rows((2, NEW, -1, BUY, 100, 6))
    order["owner"] = 1
    two.core.send(order)
    two.follow((3, NEW, 6, SELL, 100, 9))
    assert two.core.crossed_adds == 1
    assert (6, 100, 3) in two.orders()
    (trade,) = [event for event in two.core.taken() if event["kind"] == lob.EventKind.TRADE]
    assert (trade["resting_owner"], trade["size"]) == (1, 6)


@pytest.mark.parametrize(
    ("half_life", "shifts"),
    [(0.0, [0, 0, 0]), (1.0 * S, [-6, -3, -1]), (inf, [-6, -6, -6])],
)
def test_the_displacement_halves(half_life, shifts):
    two = Two(half_life_ns=half_life)
    two.core.displace(-6.5, 2 * S)
    # -6.5, -3.25, -1.625 ticks: halves go towards zero.
    seen = [two.core.displacement((2 + k) * S) for k in range(3)]
    assert seen[:2] == shifts[:2]
    assert seen[2] == (shifts[2] if half_life != S else -2)
    two.follow((2 * S, NEW, 9, BUY, 90, 1))
    assert (9, 90 + shifts[0], 1) in two.orders()
    assert (9, 90, 1) in two.orders("recorded")


def test_displacements_add_up_and_a_size_alone_moves_no_price():
    two = Two(half_life_ns=inf)
    two.core.displace(-2, 2)
    two.core.displace(-1.5, 2)
    assert two.core.displacement(3) == -3
    two.follow((3, REPLACE, 1, 0, 99, 4), (3, REPLACE, 2, 0, 97, 4))
    assert (1, 99, 4) in two.orders()
    assert (2, 94, 4) in two.orders()
    levels = Two(half_life_ns=inf, levels=True)
    levels.core.displace(-2, 2)
    levels.follow((3, REPLACE, 1, 0, 99, 14), (3, REPLACE, 2, 0, 99, 4))
    assert (1, 97, 14) in levels.orders()  # lots were added: the level is anew
    assert (2, 99, 4) in levels.orders()


def crossing(two, *messages):
    for message in messages:
        two.follow(message)
    return two


def test_an_order_that_crosses_is_sent_once_all_is_told():
    both = [
        [(4, REDUCE, 1, 0, 0, 4), (4, CANCEL, 9, 0, 0, 0)],
        [(4, CANCEL, 9, 0, 0, 0), (4, REDUCE, 1, 0, 0, 4)],
    ]
    for messages in both:
        two = crossing(Two(tells_crossing=True), (3, NEW, 9, SELL, 99, 4))
        assert not two.core.settled
        crossing(two, *messages)
        assert two.core.settled
        assert (two.core.aggressors, two.core.by_id) == (1, 0)
        assert two.orders() == two.orders("recorded")


def test_an_order_that_crosses_hits_what_is_there():
    two = Two(tells_crossing=True)
    two.sell(10)
    crossing(two, (3, NEW, 9, SELL, 99, 4), (4, REDUCE, 1, 0, 0, 4), (4, CANCEL, 9, 0, 0, 0))
    assert (2, 99, 6) in two.orders()
    two.sell(6)
    crossing(two, (5, NEW, 10, SELL, 99, 6), (6, CANCEL, 1, 0, 0, 0), (6, CANCEL, 10, 0, 0, 0))
    assert (two.core.unfilled_aggressors, two.core.unfilled_lots) == (1, 6)
    assert 10 not in [order[0] for order in two.orders()]  # the record says that nothing rests


@pytest.mark.parametrize(
    "messages",
    [
        [(4, CANCEL, 2, 0, 0, 0), (5, CANCEL, 1, 0, 0, 0), (6, CANCEL, 9, 0, 0, 0)],
        [(4, NEW, 10, SELL, 98, 1), (5, CANCEL, 9, 0, 0, 0), (5, CANCEL, 10, 0, 0, 0)],
        [(4, REPLACE, 4, 0, 101, 20), (5, CANCEL, 9, 0, 0, 0)],
        [(4, REDUCE, 1, 0, 0, 1), (3 + 6 * S, NEW, 11, BUY, 90, 1), (7 * S, CANCEL, 9, 0, 0, 0)],
    ],
    ids=["not the first", "another that crosses", "a replacement", "too late"],
)
def test_what_no_crossing_order_explains_goes_by_id(messages):
    two = crossing(Two(tells_crossing=True), (3, NEW, 9, SELL, 99, 4), *messages)
    two.core.finish()
    assert two.core.aggressors == 0
    assert two.orders() == two.orders("recorded")
    assert two.core.orphaned_cancels == two.core.orphaned_executions == 0


def test_a_book_that_collects_is_followed_by_id():
    two = Two()
    two.follow((3, NEW, 9, SELL, 98, 15), prints=[(3, 0, SELL, 99, 5, 1)])
    assert two.core.live.session == lob.Session.CALL
    two.follow((4, CANCEL, 9, 0, 0, 0))
    assert two.core.live.session == lob.Session.CONTINUOUS
    assert two.core.uncrossed == 0
    assert two.orders() == two.orders("recorded")


def test_what_is_crossed_in_the_live_book_alone_trades_after_a_halt():
    two = Two()
    two.core.halt(True, 3)
    assert two.core.live.session == lob.Session.CALL
    order = rows((3, NEW, -2, BUY, 100, 5))
    order["owner"] = 1
    two.core.send(order)
    two.follow((4, NEW, 9, SELL, 100, 5))
    assert (9, 100, 5) in two.orders()
    two.core.halt(False, 5)
    assert two.core.uncrossed == 1
    assert two.orders() != two.orders("recorded")


def test_misuse():
    with pytest.raises(ValueError, match="half_life_ns must be 0 or more"):
        Resubmission(0, half_life_ns=-1.0)
    two = Two()
    with pytest.raises(TypeError, match="rows must be of dtype"):
        two.core.send(np.zeros(1, PRINT))
    with pytest.raises(ValueError, match=r"messages\[0\] is malformed"):
        two.follow((3, NEW, 9, SELL, 100, 0))
    with pytest.raises(TypeError, match="rows must be of dtype"):
        two.core.follow(rows((3, CANCEL, 1, 0, 0, 0)), [True], np.zeros(1, lob.QUOTE), 5)
