"""What is said before a run: makers who leave, values that move, oracles that are at fault."""

import copy
import math

import pytest

import agents
import lob
from agents.flow import MakerMarket
from agents.traders import InventoryLimit, PathMaker, StressSensitiveMaker
from lob.clearing.oracle import Fixed, Oracle
from lob.units import SECOND_NS

CALM = {
    "price": 100_000, "clusters": 0.0, "limit_rate": 400.0, "market_sizes": [1],
    "limit_sizes": [5], "volatility": 0.0, "impact": 0.0, "gap": 5.0, "distances": [1, 2, 5, 10],
}  # fmt: skip


def market(maker):
    simulation = agents.Simulation(1, events=False)
    simulation.add(maker)
    return simulation


def depth(simulation):
    book = simulation.books[0]
    return sum(int(row["size"]) for side in (book.bids(1_000), book.asks(1_000)) for row in side)


def mid(simulation):
    book = simulation.books[0]
    return (book.best_bid + book.best_ask) / 2


def test_the_fair_value_moves_as_it_was_stated():
    flow = MakerMarket("flow", **CALM)
    flow.move_fair_value([2 * SECOND_NS, 4 * SECOND_NS], [math.log(0.98), math.log(1.01)])
    simulation = market(flow)
    simulation.run(until=2 * SECOND_NS - 1)
    assert flow.fair_value == 100_000
    simulation.run(until=3 * SECOND_NS)
    assert flow.fair_value == pytest.approx(98_000)
    simulation.run(until=12 * SECOND_NS)
    assert flow.fair_value == pytest.approx(98_980)
    # Quotes follow: those that became stale are pulled.
    assert mid(simulation) == pytest.approx(98_980, abs=30)


def test_until_then_the_market_is_the_same_to_the_byte():
    plain, stated = MakerMarket("flow", **CALM), MakerMarket("flow", **CALM)
    stated.leave(3 * SECOND_NS, 5 * SECOND_NS, 0.5)
    stated.move_fair_value([4 * SECOND_NS], [-0.01])
    runs = []
    for flow in (plain, stated):
        simulation = agents.Simulation(1)
        simulation.add(flow)
        simulation.run(until=3 * SECOND_NS - 1)
        runs.append(simulation.digest())
        simulation.run(until=5 * SECOND_NS)
        runs.append(simulation.digest())
    assert runs[0] == runs[2]
    assert runs[1] != runs[3]


def test_a_market_of_makers_loses_the_share_that_leaves_and_gets_it_back():
    flow = MakerMarket("flow", **CALM)
    flow.leave(20 * SECOND_NS, 30 * SECOND_NS, 0.75)
    assert flow.absences == ((20 * SECOND_NS, 30 * SECOND_NS, 0.75),)
    simulation = market(flow)
    simulation.run(until=20 * SECOND_NS - 1)
    before = depth(simulation)
    simulation.run(until=20 * SECOND_NS)
    # Some hundred orders, each of which leaves with 3/4: 0.1 is more than 4 standard deviations.
    assert depth(simulation) / before == pytest.approx(0.25, abs=0.1)
    simulation.run(until=30 * SECOND_NS)
    assert depth(simulation) / before == pytest.approx(0.25, abs=0.1)
    simulation.run(until=90 * SECOND_NS)
    assert depth(simulation) / before == pytest.approx(1, abs=0.25)


def test_a_market_can_be_copied_before_what_is_stated_comes():
    flow = MakerMarket("flow", **CALM)
    flow.leave(2 * SECOND_NS, 3 * SECOND_NS, 1.0)
    simulation = market(flow)
    simulation.run(until=SECOND_NS)
    other = simulation.fork()
    for one in (simulation, other):
        one.run(until=2 * SECOND_NS)
        assert depth(one) == 0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda one: one.leave(0, 5, 0.5), "start must be"),
        (lambda one: one.leave(5, 5, 0.5), "end must be"),
        (lambda one: one.leave(5, 6, 0.0), "share must be"),
        (lambda one: one.leave(5, 6, 1.5), "share must be"),
        (lambda one: one.move_fair_value([0], [0.1]), "times must be"),
    ],
)
def test_what_cannot_be_stated_is_refused(call, error):
    ladder = StressSensitiveMaker(
        "maker", every=SECOND_NS, levels=1, offset=2.0, size=8, start_price=100, cool_down=0,
        limits=[InventoryLimit(100)],
    )  # fmt: skip
    path = PathMaker("maker", times=[0], prices=[100], depth=8)
    for one in (MakerMarket("flow", **CALM), path, ladder):
        if "move" in error or not hasattr(one, "move_fair_value"):
            continue
        with pytest.raises(ValueError, match=error):
            call(one)


def test_nothing_is_stated_once_the_run_has_begun():
    flow = MakerMarket("flow", **CALM)
    simulation = market(flow)
    simulation.run(until=1)
    with pytest.raises(ValueError, match="before the run begins"):
        flow.leave(5, 6, 0.5)


def test_a_ladder_shrinks_for_as_long_as_it_was_stated_to_the_ns():
    maker = StressSensitiveMaker(
        "maker", every=10 * SECOND_NS, levels=2, offset=2.0, size=8, start_price=1_000, cool_down=0,
        limits=[InventoryLimit(100)],
    )  # fmt: skip
    maker.leave(3 * SECOND_NS, 4 * SECOND_NS, 0.75)
    maker.leave(5 * SECOND_NS, 6 * SECOND_NS, 1.0)
    simulation = market(maker)
    found = []
    for at in (3 * SECOND_NS - 1, 3 * SECOND_NS, 4 * SECOND_NS, 5 * SECOND_NS, 6 * SECOND_NS):
        simulation.run(until=at)
        found.append(depth(simulation))
    assert found == [32, 8, 32, 0, 32]


def test_makers_along_a_path_move_and_leave_as_stated():
    maker = PathMaker(
        "maker", times=[0], prices=[1_000], depth=8, levels=2, interval=60 * SECOND_NS
    )
    maker.move_fair_value([2 * SECOND_NS], [math.log(0.9)])
    maker.leave(3 * SECOND_NS, 4 * SECOND_NS, 0.75)
    simulation = market(maker)
    found = []
    for at in (2 * SECOND_NS - 1, 2 * SECOND_NS, 3 * SECOND_NS, 4 * SECOND_NS):
        simulation.run(until=at)
        found.append((mid(simulation), depth(simulation)))
    assert found == [(1_000, 32), (900, 32), (900, 8), (900, 32)]


def test_a_fixed_price_is_published_whatever_is_true_and_then_the_truth():
    oracle = Oracle(Fixed(100), fixings=[(10, 20, 7)])
    found = []
    for at in (9, 10, 19, 20):
        oracle.pass_time(at)
        found.append(oracle.price)
    assert found == [100, 7, 7, 100]
    assert oracle.cause == lob.Cause.ORACLE
    assert oracle.true_price == 100
    assert copy.deepcopy(oracle).fixings == ((10, 20, 7),)


@pytest.mark.parametrize(
    ("factor", "price"), [(1e-9, 1), (0.5, 50), (1.5, 150), (1_000, 100_000), (1e9, 10**11)]
)
def test_an_oracle_can_be_off_by_any_factor(factor, price):
    off = max(round((factor - 1) * 1_000_000), 1 - 1_000_000)
    oracle = Oracle(Fixed(100), manipulations=[(10, 20, off)])
    oracle.pass_time(10)
    assert oracle.price == min(price, lob.types.MAX_PRICE)


@pytest.mark.parametrize("row", [(10, 10, 5), (10, 20, 0), (10, 20)])
def test_a_fixing_must_be_one(row):
    with pytest.raises(ValueError, match=r"fixings|unpack"):
        Oracle(Fixed(100), fixings=[row])
