"""Facts of hand-made and simulated markets, and what may not change them."""

from dataclasses import replace
from math import e, log

import numpy as np
import pytest

from experiments.calibration.facts import (
    FACTS,
    GATES,
    LEVEL_FEED,
    TOO_SHORT,
    UNDEFINED,
    Fact,
    difference,
    distance,
)
from experiments.calibration.market_record import MARKET_ORDER, MarketRecord, keep_last
from experiments.calibration.measure import measure
from experiments.calibration.record_of_tape import record_of_tape
from experiments.markets import MARKETS
from experiments.metrics.order_flow import StepKind
from lob import MESSAGE, QUOTE, Kind, OrderBook, OrderType, Side, TimeInForce

S = 10**9
ROUNDS = 120


def message(ts, order_id, kind, side=Side.BUY, price=0, size=0, order_type=OrderType.LIMIT):
    row = np.zeros(1, MESSAGE)
    row["ts_event"], row["order_id"], row["kind"], row["side"] = ts, order_id, kind, side
    row["price"], row["size"], row["order_type"] = price, size, order_type
    return row


def hand_made():
    """120 rounds of 10 s: a buyer takes all of the ask; 2 s later it is back, then the bid moves.

    At the start of a round bid 100 x 30, ask 104 x 10, and behind it 108 x 50.
    """
    rows = [
        message(0, 1, Kind.NEW, Side.BUY, 100, 30),
        message(0, 2, Kind.NEW, Side.SELL, 108, 50),
        message(0, 3, Kind.NEW, Side.SELL, 104, 10),
    ]
    for i in range(ROUNDS):
        at, new = (10 * i + 5) * S, 10 + i
        rows += [
            message(at, 1_000 + i, Kind.NEW, Side.BUY, 0, 10, OrderType.MARKET),
            message(at + 2 * S, new, Kind.NEW, Side.SELL, 104, 10),
        ]
    return OrderBook().process(np.concatenate(rows))


@pytest.fixture(scope="module")
def record():
    return record_of_tape(hand_made())


@pytest.fixture(scope="module")
def simulated():
    """A tape of each of two markets: with replacements and partial fills, and without."""
    tapes = {}
    for name, options in (("poisson", {}), ("rmsc04", {"minutes": 12})):
        simulation = MARKETS[name](3, **options)
        simulation.run(until=simulation.now + 12 * 60 * S)
        tapes[name] = simulation.events.copy()
    return tapes


def value(facts, name):
    return facts.values[name].value


def test_a_tape_becomes_the_form(record):
    orders = record.market_orders
    assert len(orders) == ROUNDS
    assert set(orders["side"]) == {1}
    assert set(orders["size"]) == {10}
    met, left = record.quotes[orders["before"]], record.quotes[orders["after"]]
    assert set(met["ask_price"]) == {104}
    assert set(left["ask_price"]) == {108}
    kinds = np.bincount(record.steps["kind"], minlength=6)
    # The record begins with the message that leaves both sides; the orders of it rest already.
    assert kinds[StepKind.NEW] == ROUNDS + 1
    assert kinds[StepKind.TRADED] == ROUNDS


def test_statistics_of_the_hand_made_market_by_arithmetic(record):
    facts = measure(record)
    # Of 1,197 s, 120 times 2 s at 8 ticks, the rest at 4.
    share = 240 / 1197
    mean = 4 + 4 * share
    assert value(facts, "spread_ticks") == pytest.approx(mean)
    assert value(facts, "spread_bps") == pytest.approx(
        10_000 * (4 / 102 * (1 - share) + 8 / 104 * share)
    )
    assert value(facts, "spread_dispersion") == pytest.approx(
        4 * (share * (1 - share)) ** 0.5 / mean
    )
    # (30 + 10) / 2 or (30 + 50) / 2 at the touch.
    assert value(facts, "depth_per_order") == pytest.approx((20 + 20 * share) / 10)
    assert value(facts, "size_dispersion") == 0
    assert value(facts, "gap_dispersion") == 0
    assert value(facts, "fano_60s") is None
    assert facts.values["fano_60s"].reason == TOO_SHORT
    # Of 121 that come, all within 1.5 spreads.
    assert value(facts, "limits_per_order") == pytest.approx(121 / 120)
    assert value(facts, "cancels_per_limit") == 0
    assert value(facts, "imbalance") == pytest.approx(0.5)
    assert value(facts, "widening_share") == 1
    assert value(facts, "recovery_s") == 2
    assert facts.values["response_1"].reason == TOO_SHORT
    assert facts.gates["gate_volume"].value == pytest.approx(1_200 / 1_197 * 3_600)
    assert facts.market_orders == ROUNDS


def test_every_statistic_has_a_value_or_a_reason(record):
    facts = measure(record)
    assert list(facts.values) == list(FACTS)
    assert list(facts.gates) == list(GATES)
    for fact in (*facts.values.values(), *facts.gates.values()):
        assert (fact.value is None) == (fact.reason in (TOO_SHORT, LEVEL_FEED, UNDEFINED))


def test_a_level_feed_gives_nothing_of_orders(record):
    facts = measure(replace(record, steps=None))
    missing = {name for name, fact in facts.values.items() if fact.reason == LEVEL_FEED}
    assert missing == {"limits_per_order", "cancels_per_limit", "hazard_old_young"}


def test_an_empty_record_is_too_short_for_everything():
    facts = measure(MarketRecord("none", np.zeros(0, QUOTE), np.zeros(0, MARKET_ORDER), None))
    assert {fact.value for fact in facts.values.values()} == {None}
    assert facts.seconds == 0
    assert np.isnan(distance(facts, facts)[0])


def test_the_responses_of_a_price_that_follows_the_orders():
    """Each of 1,200 orders moves the mid by one tick its way for good: R(l) = l ticks."""
    count = 1_200
    quotes = np.zeros(count + 1, QUOTE)
    quotes["ts_event"] = np.arange(count + 1) * S
    quotes["bid_price"] = 10_000 + np.arange(count + 1)
    quotes["ask_price"] = quotes["bid_price"] + 4
    quotes["bid_size"] = quotes["ask_size"] = 5
    orders = np.zeros(count, MARKET_ORDER)
    orders["ts_event"], orders["size"], orders["side"] = quotes["ts_event"][1:], 5, 1
    orders["before"], orders["after"] = np.arange(count), np.arange(1, count + 1)
    facts = measure(MarketRecord("trend", quotes, orders, None))
    for lag in (1, 10, 100):
        assert value(facts, f"response_{lag}") == pytest.approx(lag / 4)
    assert facts.values["sign_1"].reason == UNDEFINED  # all of one side: no correlation exists
    assert value(facts, "widening_share") == 0
    assert value(facts, "imbalance") == 0


def test_quotes_that_did_not_last_are_those_before():
    quotes = np.zeros(4, QUOTE)
    quotes["ts_event"] = [5, 6, 4, 8]
    quotes["bid_price"], quotes["bid_size"] = [1, 2, 3, 4], 1
    kept = keep_last(quotes, np.array([False, True, False, True]))
    assert kept["bid_price"].tolist() == [0, 2, 2, 4]
    assert kept["bid_size"].tolist() == [0, 1, 1, 1]
    assert kept["ts_event"].tolist() == [5, 6, 6, 8]


# ------------------------------------------------------------------------------ invariance


def same(one, other, names=tuple(FACTS)):
    for name in names:
        mine, theirs = one.values[name], other.values[name]
        assert mine.reason == theirs.reason, name
        if mine.value is not None:
            assert mine.value == pytest.approx(theirs.value, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("name", ["poisson", "rmsc04"])
def test_neither_the_time_of_day_nor_the_ids_matter(simulated, name):
    events = simulated[name]
    facts = measure(record_of_tape(events))
    later = events.copy()
    later["ts_event"] += 12_345_678_901
    same(measure(record_of_tape(later)), facts)
    renamed = events.copy()
    for field in ("order_id", "resting_order_id"):
        renamed[field] = np.where(events[field] == 0, 0, -7 * events[field] - 3)
    same(measure(record_of_tape(renamed)), facts)


@pytest.mark.parametrize("name", ["poisson", "rmsc04"])
def test_a_shift_of_the_price_changes_nothing_in_ticks(simulated, name):
    events = simulated[name]
    moved = events.copy()
    moved["price"] += 777
    of_returns = ("spread_bps", "variance_ratio_1s_60s", "variance_ratio_10s_300s", "kurtosis_10s",
                  "kurtosis_60s", "tail_exponent", "volatility_memory")  # fmt: skip
    names = [name for name in FACTS if name not in of_returns]
    one, other = measure(record_of_tape(events)), measure(record_of_tape(moved))
    same(one, other, names)
    assert value(one, "spread_bps") != value(other, "spread_bps")


def test_sizes_times_ten_change_only_the_volume(simulated):
    events = simulated["poisson"]
    grown = events.copy()
    for field in ("size", "leaves", "resting_leaves"):
        grown[field] *= 10
    one, other = measure(record_of_tape(events)), measure(record_of_tape(grown))
    same(one, other)
    assert other.gates["gate_volume"].value == pytest.approx(10 * one.gates["gate_volume"].value)


def test_another_instrument_on_the_tape_changes_nothing(simulated):
    events = simulated["poisson"]
    other = events.copy()
    other["instrument"] = 1
    both = np.concatenate([events[:1_000], other[:500], events[1_000:]])
    same(measure(record_of_tape(both)), measure(record_of_tape(events)))


# ------------------------------------------------------------------------------ distance


def test_what_two_values_add_by_form():
    assert difference("spread_ticks", 2 * e, 2) == pytest.approx(1)
    assert difference("spread_ticks", 2, 2 * e) == pytest.approx(1)
    assert difference("spread_ticks", 0, 2) == 3
    assert difference("spread_ticks", 0, 0) == 0
    assert difference("spread_ticks", 1e9, 1) == 3
    assert difference("sign_1", -0.1, 0.15) == pytest.approx(1)
    assert difference("sign_1", 1, -1) == 3
    assert difference("kurtosis_10s", 3, 0) == pytest.approx(log(2))


def test_the_distance_is_the_mean_of_what_both_have(record):
    facts = measure(record)
    assert distance(facts, facts)[0] == 0
    wider = replace(facts, values={**facts.values, "spread_ticks": Fact(e * 4.0)})
    target = replace(facts, values={**facts.values, "spread_ticks": Fact(4.0)})
    total, parts = distance(wider, target)
    known = [name for name in FACTS if facts.values[name].value is not None]
    assert list(parts) == known
    assert total == pytest.approx(1 / len(known))
    # What the market has not adds most; what it is too short for is left out.
    for reason, wanted in ((UNDEFINED, 3 / len(known)), (TOO_SHORT, 0), (LEVEL_FEED, 0)):
        lacks = replace(facts, values={**facts.values, "spread_ticks": Fact(None, reason)})
        assert distance(lacks, target)[0] == pytest.approx(wanted)
    # What the file has not is left out as well.
    assert "spread_ticks" not in distance(target, lacks)[1]


def test_an_order_that_takes_two_prices_is_one_and_what_rests_of_it_is_a_limit_order():
    rows = [
        message(0, 1, Kind.NEW, Side.BUY, 90, 5),
        message(0, 2, Kind.NEW, Side.SELL, 100, 5),
        message(0, 3, Kind.NEW, Side.SELL, 101, 5),
        message(S, 4, Kind.NEW, Side.BUY, 101, 12),
        message(2 * S, 4, Kind.CANCEL),
        message(3 * S, 5, Kind.NEW, Side.SELL, 95, 1),
        message(3 * S, 6, Kind.NEW, Side.BUY, 96, 3),
    ]
    rows[-1]["time_in_force"] = TimeInForce.IOC
    record = record_of_tape(OrderBook().process(np.concatenate(rows)))
    assert record.market_orders["size"].tolist() == [10, 1]
    told = [(int(one["order_id"]), int(one["kind"]), int(one["size"])) for one in record.steps]
    assert told == [
        (3, StepKind.NEW, 5),
        (2, StepKind.TRADED, 5),
        (3, StepKind.TRADED, 5),
        (4, StepKind.NEW, 2),
        (4, StepKind.CANCELLED, 0),
        (5, StepKind.NEW, 1),
        (5, StepKind.TRADED, 1),
    ]
