"""Oracles: what is believed, what is true, and what moved it."""

import copy

import numpy as np
import pytest

import lob
from lob import Cause
from lob.clearing import Oracle
from lob.clearing.oracle import (
    BestAsk,
    BestBid,
    Ema,
    External,
    Fixed,
    Last,
    Median,
    Mid,
    Twap,
)
from lob.units import SECOND_NS
from tests.venues import TAKER, HandsOver, ladder, order, tags_of_taker, venue_with


def marks(venue):
    entries = venue.entries
    rows = entries[entries["kind"] == lob.EntryKind.MARK]
    return [(int(r["ts_event"]), int(r["price"]), int(r["reference"])) for r in rows]


def cancelled(order_id):
    row = np.zeros(1, lob.MESSAGE)
    row["kind"] = lob.Kind.CANCEL
    row["order_id"] = order_id
    return row


def watched(source, **rules):
    return venue_with(oracle=Oracle(source, **rules))[0]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [(BestBid(), [90, 95, 91]), (BestAsk(), [101]), (Mid(), [95, 98, 96]), (Last(), [95])],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_sources_of_a_book(source, wanted):
    venue = watched(source)
    venue.process(order(1, 1, 90, 5))
    venue.process(order(2, -1, 101, 5))
    venue.process(order(3, 1, 95, 5))
    venue.process(order(4, 1, 91, 5))
    venue.process(order(5, -1, None, 5, time_in_force=1))
    assert [price for _, price, _ in marks(venue)] == wanted


@pytest.mark.parametrize("source", [BestBid(), Mid(), Last(), Median([BestBid(), Mid()])])
def test_a_sale_that_empties_the_bids_takes_the_mark_along(source):
    venue = watched(source)
    venue.process(order(1, 1, 90, 5))
    venue.process(order(2, 1, 40, 5))
    venue.process(order(3, -1, 100, 5))
    venue.process(order(4, -1, None, 10, time_in_force=1))
    assert venue.clearings[0].holdings[0].mark_price == 40


@pytest.mark.parametrize("source", [BestAsk(), Mid(), Last()])
def test_a_purchase_that_empties_the_asks_takes_the_mark_along(source):
    venue = watched(source)
    venue.process(order(1, 1, 90, 5))
    venue.process(order(2, -1, 100, 5))
    venue.process(order(3, -1, 180, 5))
    venue.process(order(4, 1, None, 10, time_in_force=1))
    assert venue.clearings[0].holdings[0].mark_price == 180


@pytest.mark.parametrize("source", [BestBid(), Mid()])
def test_without_bids_the_asks_press_the_mark_down_and_never_up(source):
    venue = watched(source)
    venue.process(order(1, 1, 90, 5))
    venue.process(order(2, -1, 100, 5))
    venue.process(cancelled(1))
    before = venue.clearings[0].holdings[0].mark_price
    assert before in (90, 95)
    venue.process(order(3, -1, 70, 5))
    assert venue.clearings[0].holdings[0].mark_price == 70
    venue.process(order(4, 1, None, 6, time_in_force=1))
    assert venue.clearings[0].holdings[0].mark_price == 70


@pytest.mark.parametrize("source", [BestBid(), BestAsk(), Mid()])
def test_a_side_that_is_only_withdrawn_keeps_the_last_price(source):
    venue = watched(source)
    venue.process(order(1, 1, 90, 5))
    venue.process(order(2, -1, 100, 5))
    before = venue.clearings[0].holdings[0].mark_price
    venue.process(cancelled(1))
    venue.process(cancelled(2))
    assert venue.clearings[0].holdings[0].mark_price == before


def test_a_lag_is_between_truth_and_belief():
    venue = watched(BestBid(), lag=10)
    venue.process(order(1, 1, 90, 5))
    venue.process(order(2, 1, 95, 5, ts_event=4))
    assert marks(venue) == []
    venue.advance(10)
    assert marks(venue) == [(10, 90, 95)]
    venue.advance(20)
    assert marks(venue) == [(10, 90, 95), (14, 95, 95)]


def test_a_deviation_must_be_large_enough():
    venue = watched(BestBid(), deviation=50_000)
    for i, price in enumerate((100, 104, 105, 109, 111)):
        venue.process(order(1 + i, 1, price, 5, ts_event=i))
    assert [price for _, price, _ in marks(venue)] == [100, 105, 111]


def test_a_heartbeat_publishes_what_is_true_then():
    venue = watched(BestBid(), heartbeat=100)
    venue.process(order(1, 1, 100, 5))
    venue.process(order(2, 1, 101, 5, ts_event=30))
    venue.process(order(3, 1, 102, 5, ts_event=60))
    venue.advance(250)
    assert marks(venue) == [(0, 100, 100), (100, 102, 102)]


def test_an_outage_is_caught_up_with_at_its_end():
    venue = watched(BestBid(), outages=[(10, 50)])
    venue.process(order(1, 1, 100, 5))
    venue.process(order(2, 1, 110, 5, ts_event=20))
    venue.advance(40)
    assert [price for _, price, _ in marks(venue)] == [100]
    venue.advance(50)
    assert marks(venue)[-1] == (50, 110, 110)


def test_a_manipulated_price_is_off_and_the_true_one_is_known():
    venue = watched(BestBid(), manipulations=[(10, 50, -200_000)])
    venue.process(order(1, 1, 100, 5))
    venue.advance(60)
    assert marks(venue) == [(0, 100, 100), (10, 80, 100), (50, 100, 100)]


def test_ema_and_twap_follow_their_definition():
    random = np.random.default_rng(1)
    steps = [(int(t), 1_000 + int(p)) for t, p in zip(
        np.sort(random.choice(60 * SECOND_NS, 200, replace=False)), random.integers(0, 50, 200),
        strict=True,
    )]  # fmt: skip
    times, prices = zip(*steps, strict=True)
    window, half_life = 5, 3 * SECOND_NS
    ema = Oracle(Ema(External(np.array(times), np.array(prices)), half_life))
    twap = Oracle(Twap(External(np.array(times), np.array(prices)), window * SECOND_NS))
    weight = 1 - 2 ** (-1 / 3)
    average = None
    samples: list[int] = []
    for second in range(1, 61):
        before = [p for t, p in steps if t <= second * SECOND_NS]
        for oracle in (ema, twap):
            oracle.pass_time(second * SECOND_NS)
        if not before:
            continue
        if average is None:
            first = next(p for t, p in steps)
            average, samples = float(first), [first] * window
        average += (before[-1] - average) * weight
        samples = [*samples[1:], before[-1]]
        assert abs(ema.price - average) <= 1.001
        assert twap.price == sum(samples) // window


def test_a_median_of_books():
    oracle = Oracle(Median([BestBid(0), BestBid(1), BestBid(2)]))
    venue, _ = venue_with(oracle=oracle, instruments=3)
    for number, price in ((0, 100), (1, 300), (2, 200), (0, 250)):
        venue.process(order(price, 1, price, 5, instrument=number))
    assert [price for _, price, _ in marks(venue)] == [100, 200, 250]


def test_causes_are_told_apart():
    venue, clearing = venue_with(oracle=Oracle(BestBid()), liquidation_engine=HandsOver())
    venue.process(ladder(1, 100, 5, 10))
    oracle = clearing.holdings[0].oracle
    assert (oracle.cause, oracle.cause_tag) == (Cause.QUOTE, 0)
    venue.process(order(100, -1, None, 10, time_in_force=1, tag=5))
    assert (oracle.price, oracle.cause, oracle.cause_tag) == (99, Cause.TRADE, 0)
    tag = tags_of_taker(venue, clearing, 3)[-1]
    venue.process(order(101, -1, None, 10, time_in_force=1, tag=tag, owner=TAKER))
    assert (oracle.price, oracle.cause, oracle.cause_tag) == (98, Cause.LIQUIDATION, tag)
    outside = Oracle(Fixed(100))
    outside.observe_price(1, 90)
    assert outside.cause == Cause.ORACLE


def blamed():
    """A book of depth 10 under 100, and a mark that moves once it is off by a tenth."""
    oracle = Oracle(BestBid(), deviation=100_000)
    venue, clearing = venue_with(oracle=oracle, liquidation_engine=HandsOver())
    venue.process(ladder(1, 100, 50, 10))
    return venue, clearing


def test_the_largest_contributor_is_blamed():
    venue, clearing = blamed()
    first, second = tags_of_taker(venue, clearing, 2)
    venue.process(order(100, -1, None, 30, time_in_force=1, tag=first, owner=TAKER))
    venue.process(order(101, -1, None, 70, time_in_force=1, tag=second, owner=TAKER))
    oracle = clearing.holdings[0].oracle
    assert (oracle.price, oracle.cause_tag) == (90, second)


def test_forced_sales_count_together_and_the_largest_of_them_is_blamed():
    """Six ticks by three liquidations against four by one voluntary sale."""
    venue, clearing = blamed()
    tags = tags_of_taker(venue, clearing, 3)
    sizes = [(0, 40), (tags[0], 10), (tags[1], 30), (tags[2], 20)]
    for number, (tag, size) in enumerate(sizes):
        venue.process(order(100 + number, -1, None, size, time_in_force=1, tag=tag, owner=TAKER))
    oracle = clearing.holdings[0].oracle
    assert (oracle.price, oracle.cause, oracle.cause_tag) == (90, Cause.LIQUIDATION, tags[1])


def test_a_thousand_quotes_do_not_hide_what_moved_the_price():
    venue, clearing = blamed()
    (tag,) = tags_of_taker(venue, clearing, 1)
    venue.process(order(100, -1, None, 90, time_in_force=1, tag=tag, owner=TAKER))
    for number in range(1_000):
        # Back and forth by a tick.
        venue.process(order(1_000 + number, 1, 92, 1, ts_event=1 + number))
        venue.process(order(1_000 + number, 1, 92, 1, kind=lob.Kind.CANCEL, ts_event=1 + number))
    venue.process(order(101, -1, None, 10, time_in_force=1, ts_event=2_000))
    oracle = clearing.holdings[0].oracle
    assert (oracle.price, oracle.cause, oracle.cause_tag) == (90, Cause.LIQUIDATION, tag)


def test_a_copy_goes_on_alike():
    source = External(np.array([5, 25]), np.array([100, 200]))
    oracle = Oracle(Twap(source, 20, sample=10), lag=3)
    oracle.pass_time(20)
    twin = copy.deepcopy(oracle)
    for one in (oracle, twin):
        one.pass_time(100)
    assert (twin.price, twin.deadline) == (oracle.price, oracle.deadline) == (200, 110)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Oracle(5), "source must be"),
        (lambda: Oracle(Fixed(1), lag=-1), "lag"),
        (lambda: Oracle(Fixed(1), outages=[(5, 5)]), "outages: end"),
        (lambda: Oracle(Fixed(1), manipulations=[(1, 5)]), "manipulations must have 3"),
        (lambda: Fixed(0), "price"),
        (lambda: External([1, 1], [5, 5]), "times must rise"),
        (lambda: External([1], [0]), "prices must be"),
        (lambda: Ema(Ema(Fixed(1), 5), 5), "no average itself"),
        (lambda: Twap(Fixed(1), 15, sample=10), "multiple"),
        (lambda: Median([Fixed(1)]), "2 to 32"),
    ],
)
def test_misuse_names_the_argument(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()
