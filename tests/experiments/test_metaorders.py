"""Metaorder impact in toy markets whose answers are arithmetic, and mistakes in asking for it."""

from functools import partial

import numpy as np
import pytest

import agents
from agents.traders import TWAP, Executor
from experiments.calibration.metaorder import SHARES, measure_metaorders, plan
from experiments.calibration.metaorder_impact import (
    MarketScale,
    Metaorder,
    MetaorderImpact,
    OrderOutcome,
    Protocol,
)
from experiments.markets import poisson
from experiments.metrics.impact import impact_at
from experiments.metrics.quotes import mid_at
from experiments.runs.twin import run_twins
from lob import Side, journal
from lob.units import MINUTE_NS, SECOND_NS

TOP = 100_000
PER_SECOND = 100
VOLUME = PER_SECOND * 300
"""Lots in the fixed duration of 5 minutes."""


class Toy(agents.Agent):
    """A book that answers by arithmetic, and a buyer of 100 lots a second who moves nothing.

    Bids are put up once, ``depth(k)`` lots k ticks below the best. The ask is one deep order, which
    goes up and down by two ticks each minute: the mid has 1 tick of volatility a minute.
    """

    def __init__(self, name, depth, levels=400, refill_at=None, ends=10**18):
        super().__init__(name)
        self.depth, self.levels, self.refill_at, self.ends = depth, levels, refill_at, ends
        self.ask = None

    def on_start(self):
        for k in range(self.levels):
            self.buy(self.depth(k), TOP - 1 - k)
        self.ask = self.sell(10**9, TOP + 1)
        self.wake_in(SECOND_NS // 2)

    def on_wake(self):
        second = self.now // SECOND_NS
        if second >= self.ends:
            return
        if second % 60 == 0:
            self.cancel(self.ask)
            self.ask = self.sell(10**9, TOP + 1 + 2 * (second // 60 % 2))
        if second == self.refill_at:
            self.buy(10**6, TOP - 1)
        self.wake_in(SECOND_NS)


class Buyer(agents.Agent):
    def __init__(self, name, ends=10**18):
        super().__init__(name)
        self.ends = ends

    def on_start(self):
        self.wake_in(SECOND_NS // 4)

    def on_wake(self):
        if self.now < self.ends * SECOND_NS:
            self.buy(PER_SECOND)
            self.wake_in(SECOND_NS)


def uniform(k):
    return 300


def rising(k):
    return 3 * (2 * k + 1)


def toy(seed, depth=uniform, buyer=True, ends=10**18, **options):
    simulation = agents.Simulation(seed)
    simulation.add(Toy("book", depth, ends=ends, **options))
    if buyer:
        simulation.add(Buyer("buyer", ends))
    return simulation


def measured(market=toy, **options):
    return measure_metaorders(market, [1, 2], warm_up_ns=0, **options)


@pytest.fixture(scope="module")
def linear():
    return measured()


def test_the_scale_is_the_market_own(linear):
    assert linear.scale.volume == pytest.approx(PER_SECOND)
    # The mid goes up and down by 1 tick of 100,000 a minute, 0.1 bps.
    assert linear.scale.volatility == pytest.approx(0.1 / 60**0.5, rel=0.02)
    assert linear.scale.square_root(VOLUME) == pytest.approx(0.1 * 5**0.5, rel=0.02)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_uniform_book_is_linear(linear, protocol):
    law = linear.law(protocol)
    assert law.exponent.estimate == pytest.approx(1.0, abs=0.01)
    assert law.exponent.low <= law.exponent.estimate <= law.exponent.high
    for place in linear.of(protocol):
        # 300 lots a tick off the bid: half of that off the mid.
        ticks = linear.orders[place].size // 300 / 2
        assert linear.impact(place).estimate == pytest.approx(ticks / 10, rel=1e-3)
        assert linear.ran_out(place) == 0


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_book_whose_depth_rises_with_the_distance_is_a_square_root(protocol):
    found = measured(partial(toy, depth=rising), protocols=[protocol], left_shares=())
    assert found.law(protocol).exponent.estimate == pytest.approx(0.5, abs=0.02)
    # The bid falls by sqrt(Q / 3) ticks, the mid by half: over sigma sqrt(Q / V).
    wanted = 0.5 * (VOLUME / 3) ** 0.5 / 10 / (0.1 * 5**0.5)
    assert found.ratio(protocol).estimate == pytest.approx(wanted, rel=0.03)


def test_sizes_are_shares_of_the_volume_and_the_largest_order_is_of_two_protocols(linear):
    for protocol in Protocol:
        sizes = [linear.orders[i].size for i in linear.of(protocol)]
        assert sizes == [round(share * VOLUME) for share in SHARES]
    assert linear.of(Protocol.SLICES)[-1] == linear.of(Protocol.CHILDREN)[-1]
    assert len(linear.orders) == 17


def test_protocols_work_orders_as_they_say(linear):
    def lasted(protocol):
        return [linear.outcomes[0][i].lasted_ns / SECOND_NS for i in linear.of(protocol)]

    assert lasted(Protocol.SLICES) == [295] * 6
    # 150 lots every 5 s, the first at once.
    assert lasted(Protocol.CHILDREN) == [5 * (share * VOLUME / 150 - 1) for share in SHARES]
    # A tenth of all: 1 lot for 9 of the buyer's, 100 a second.
    wanted = [9 * share * VOLUME / PER_SECOND for share in SHARES]
    assert lasted(Protocol.PARTICIPATION) == pytest.approx(wanted, abs=2)


def test_a_book_that_never_refills_keeps_all_and_one_that_does_keeps_nothing(linear):
    for share in (0.1, 0.3):
        assert linear.left(share).estimate == pytest.approx(1.0, rel=1e-3)
    refilled = measured(partial(toy, refill_at=900), protocols=[Protocol.SLICES])
    for share in (0.1, 0.3):
        assert refilled.left(share).estimate == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(measured(left_shares=(), protocols=[Protocol.SLICES]).left(0.1).estimate)


def test_a_size_that_empties_the_bids_is_told_and_not_averaged():
    """21 prices of 300 lots: 9,000 lots are too many, 6,000 are not."""
    found = measured(partial(toy, levels=21))
    for protocol in Protocol:
        places = found.of(protocol)
        assert [found.ran_out(i) for i in places] == [0, 0, 0, 0, 0, 2]
        assert found.in_law(protocol) == places[:-1]
        assert found.law(protocol).exponent.estimate == pytest.approx(1.0, abs=0.01)
        assert np.isnan(found.impact(places[-1]).estimate)
    assert np.isnan(found.left(0.3).estimate)
    assert found.left(0.1).estimate == pytest.approx(1.0, rel=1e-3)


def test_a_price_that_never_moves_by_itself_has_no_ratio(linear):
    still = MetaorderImpact(
        linear.scale._replace(volatility=0.0), linear.over_ns, linear.seeds, linear.orders,
        linear.outcomes,
    )  # fmt: skip
    assert np.isnan(still.ratio(Protocol.SLICES).estimate)
    assert still.law(Protocol.SLICES) == linear.law(Protocol.SLICES)


def test_what_is_left_of_an_impact_that_may_be_zero_is_not_known():
    order = Metaorder(Protocol.SLICES, 10, 0.1, TWAP(MINUTE_NS, 60), follows=True)

    def found(impacts):
        rows = tuple((OrderOutcome(one, one / 2, 1, 10, False),) for one in impacts)
        seeds = tuple(range(len(rows)))
        return MetaorderImpact(MarketScale(1.0, 1.0), MINUTE_NS, seeds, (order,), rows)

    assert np.isnan(found([3.0, -2.0, 1.0, -1.0]).left(0.1).estimate)
    assert found([3.0, 2.0, 2.5, 2.8]).left(0.1).estimate == pytest.approx(0.5)


def test_an_outcome_is_that_of_twins_built_from_the_start():
    """Of a real flow: the order of a fork is the one that two whole runs of the seed would show."""
    found = measure_metaorders(
        poisson, [1, 2], over_ns=MINUTE_NS, warm_up_ns=MINUTE_NS, left_shares=(),
        protocols=[Protocol.CHILDREN],
    )  # fmt: skip
    order, outcome = found.orders[-1], found.outcomes[1][-1]
    seller = Executor("the metaorder", side=Side.SELL, size=order.size, schedule=order.schedule,
                      start_in=MINUTE_NS)  # fmt: skip
    [pair] = run_twins(poisson, lambda: [seller], seeds=[2], until=3 * MINUTE_NS)
    end = MINUTE_NS + outcome.lasted_ns
    full, twin = (journal.quotes(events, 0)[0] for events in (pair.full, pair.twin))
    assert int(pair.full["ts_event"][pair.full["owner"] == seller.owner][-1]) == end
    wanted = -impact_at(full, twin, np.array([end]))[0] / mid_at(twin, end) * 1e4
    assert outcome.impact_bps == pytest.approx(float(wanted))
    assert outcome.impact_bps != 0


# ------------------------------------------------------------------------------ mistakes


def silent(seed):
    return toy(seed, buyer=False)


def tapeless(seed):
    return agents.Simulation(seed, events=False)


def one_sided(seed):
    return toy(seed, levels=0)


@pytest.mark.parametrize(
    ("market", "options", "said"),
    [
        (toy, {"shares": (0.0, 0.1, 0.2)}, r"shares\[0\] must be finite and above 0"),
        (toy, {"shares": (0.1, 1.5)}, r"shares\[1\]"),
        (toy, {"over_ns": 10}, "over_ns"),
        (toy, {"instrument": 3}, "instrument must be 0 to 0, got 3"),
        (toy, {"over_ns": 60 * 1_000}, "too few for orders of several sizes"),
        (partial(toy, ends=2_000), {}, "seed 1 ends .* before they are measured"),
        (silent, {}, "nobody trades"),
        (tapeless, {}, "set events=True"),
        (one_sided, {}, "a side of the book is empty"),
    ],
)
def test_what_cannot_be_measured_is_one_error_that_says_why(market, options, said):
    with pytest.raises(ValueError, match=said):
        measured(market, **options)


def test_one_seed_is_too_few():
    with pytest.raises(ValueError, match="at least two"):
        measure_metaorders(toy, [1])


def test_orders_of_a_market_with_few_lots_are_whole_and_differ():
    orders = plan(MarketScale(0.4, 10.0), 300 * SECOND_NS, SHARES, (0.1,), list(Protocol))
    sizes = [order.size for order in orders if order.protocol == Protocol.SLICES]
    assert sizes == [1, 2, 6, 12, 24, 36]
    assert [order.size for order in orders if order.follows] == [12]
    children = [order for order in orders if order.protocol == Protocol.CHILDREN]
    assert [order.size for order in children] == [1, 2, 6, 12, 24]
    # One pace for all: 36 children of one lot in 5 minutes.
    assert {order.schedule.duration // order.size for order in children} == {300 * SECOND_NS // 36}
