"""Arbitrage of two instruments: when it trades, both legs, its bound, and how it unwinds."""

from math import sqrt

import pytest

import agents
from agents.traders.arbitrage import (
    Band,
    FixedBand,
    MovingBand,
    PairArbitrage,
    StatisticalArbitrage,
)
from lob import EventKind
from lob.units import MILLISECOND_NS, SECOND_NS

LONG = 5 * SECOND_NS


class Quotes(agents.Agent):
    """Shows a bid and an ask in each of two books; ``changes`` are (ns, mids), 2 ticks wide."""

    def __init__(self, name, *changes, size=100):
        super().__init__(name)
        self.changes = list(changes)
        self.size = size

    def on_start(self):
        for ts, _ in self.changes:
            self.wake_in(ts)

    def on_wake(self):
        for order_id in self.open_orders:
            self.cancel(order_id)
        for instrument, mid in enumerate(self.changes.pop(0)[1]):
            if mid is not None:
                self.buy(self.size, price=mid - 1, instrument=instrument)
                self.sell(self.size, price=mid + 1, instrument=instrument)


class Walk(agents.Agent):
    """Two books whose mids wander, apart by what reverts to 0; all its own randomness."""

    def on_start(self):
        self.level, self.apart = 1000.0, 0.0
        self.wake_in(1)

    def on_wake(self):
        if self.now >= LONG:
            return
        for order_id in self.open_orders:
            self.cancel(order_id)
        self.level += self.random.normal()
        self.apart = 0.9 * self.apart + 4 * self.random.normal()
        for instrument, mid in enumerate((self.level + self.apart, self.level)):
            price = round(mid)
            if self.random.random() < 0.9:
                self.buy(1 + self.random.integers(9), price=price - 1, instrument=instrument)
            if self.random.random() < 0.9:
                self.sell(1 + self.random.integers(9), price=price + 1, instrument=instrument)
        self.wake_in(5 * MILLISECOND_NS)


def slow():
    return {
        "to_venue": agents.LogNormal(2 * MILLISECOND_NS, 0.8),
        "from_venue": agents.Uniform(10, 3 * MILLISECOND_NS),
        "market_data_delay": MILLISECOND_NS,
        "computation_delay": 5,
    }


def pair(**arguments):
    arguments = {
        "band": FixedBand(fair=0, cost=2, threshold=3),
        "size": 4,
        "bound": 10,
        "every": 10 * MILLISECOND_NS,
    } | arguments
    return PairArbitrage("pair", **arguments)


def statistical(**arguments):
    arguments = {
        "half_life": 100 * MILLISECOND_NS,
        "size": 4,
        "bound": 10,
        "every": 10 * MILLISECOND_NS,
    } | arguments
    return StatisticalArbitrage("pair", **arguments)


def run(agent, *changes, until=SECOND_NS, **arguments):
    simulation = agents.Simulation(1, instruments=2)
    simulation.add(Quotes("quotes", *changes, **arguments))
    simulation.add(agent)
    simulation.run(until=until)
    return simulation


def account(events, owner, instrument):
    """Position and cash of an owner, from the tape alone."""
    lots = cash = 0
    trades = events[(events["kind"] == EventKind.TRADE) & (events["instrument"] == instrument)]
    for row in trades:
        for who, side in ((row["owner"], row["side"]), (row["resting_owner"], -row["side"])):
            if who == owner:
                lots += int(side) * int(row["size"])
                cash -= int(side) * int(row["size"]) * int(row["price"])
    return lots, cash


# ---------------------------------------------------------------- bands


def test_a_fixed_band():
    assert FixedBand(fair=2, cost=3, threshold=1).look(0, 7.0) == Band(-2, 2, 2, 6)


def test_a_moving_band_by_hand():
    band = MovingBand(half_life=10, enter=2.0, leave=0.5, warm_up=10)
    assert band.look(0, 4.0) is None
    assert band.look(5, 4.0) is None  # too early
    assert band.look(15, 4.0) is None  # nothing has moved: no deviation to measure by
    assert band.look(25, 8.0) is None  # judged by what was before it
    # Weight one half: mean 4 + 0.5 * 4 = 6, variance 0.5 * (0 + 0.5 * 16) = 4.
    assert band.look(35, 6.0) == pytest.approx((6 - 4, 6 + 1, 6 - 1, 6 + 4))
    # Mean 6, variance 0.5 * 4 = 2.
    root = sqrt(2)
    assert band.look(45, 0.0) == pytest.approx(
        (6 - 2 * root, 6 + 0.5 * root, 6 - 0.5 * root, 6 + 2 * root)
    )


def test_a_moving_band_is_no_narrower_than_the_cost():
    band = MovingBand(half_life=10, enter=2.0, cost=50.0, warm_up=0)
    band.look(0, 4.0)
    band.look(10, 8.0)
    assert band.look(20, 6.0) == (6 - 50, 6, 6, 6 + 50)


# ---------------------------------------------------------------- the pair


@pytest.mark.parametrize(
    ("mids", "positions"),
    [
        ((1006, 1000), (0, 0)),  # sold at 1005, bought at 1001: 4, less than 2 + 3
        ((1007, 1000), (-10, 10)),  # 5
        ((994, 1000), (0, 0)),
        ((993, 1000), (10, -10)),
    ],
)
def test_it_trades_both_legs_from_cost_and_threshold_on_up_to_its_bound(mids, positions):
    agent = pair()
    simulation = run(agent, (0, mids))
    assert (agent.position(0), agent.position(1)) == positions
    trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
    if positions[0]:
        assert trades["size"].tolist() == [4, 4, 4, 4, 2, 2]
        assert (
            trades["ts_event"].tolist()
            == [10 * MILLISECOND_NS] * 2 + [20 * MILLISECOND_NS] * 2 + [30 * MILLISECOND_NS] * 2
        )


@pytest.mark.parametrize("sign", [1, -1])
def test_it_unwinds_at_reversion(sign):
    def at(mids):
        agent = pair()
        run(
            agent,
            (0, (1000 + 9 * sign, 1000)),
            (50 * MILLISECOND_NS, mids),
            until=100 * MILLISECOND_NS,
        )
        return agent

    # 1 apart and 2 wide each, the spread is not to be had back at fair yet; 2 apart it is.
    assert at((1000 - sign, 1000)).position(0) == -10 * sign
    agent = at((1000 - 2 * sign, 1000))
    assert (agent.position(0), agent.position(1)) == (0, 0)
    # Each lot was opened at 9 less the two half spreads, 7, and closed at 0.
    assert agent.cash(0) + agent.cash(1) == 10 * 7


def test_it_waits_while_a_side_is_empty():
    agent = pair()
    simulation = run(
        agent, (0, (1020, None)), (50 * MILLISECOND_NS, (1020, 1000)), until=49 * MILLISECOND_NS
    )
    assert len(simulation.messages) == 2
    simulation.run(until=SECOND_NS)
    assert agent.position(0) == -10


def test_a_leg_that_missed_is_evened_up():
    class Thin(agents.Agent):
        def on_start(self):
            self.buy(4, price=1020)
            self.sell(50, price=1022)
            self.buy(50, price=999, instrument=1)
            self.sell(1, price=1001, instrument=1)

    simulation = agents.Simulation(1, instruments=2)
    simulation.add(Thin("thin"))
    agent = simulation.add(pair())
    simulation.run(until=5 * MILLISECOND_NS)
    assert (agent.position(0), agent.position(1)) == (-4, 1)
    simulation.run(until=10 * MILLISECOND_NS)
    assert (agent.position(0), agent.position(1)) == (-1, 1)


@pytest.mark.parametrize("make", [pair, statistical])
@pytest.mark.parametrize("latency", [dict, slow])
class TestInAMarketThatMoves:
    def simulation(self, make, latency, **arguments):
        simulation = agents.Simulation(2, instruments=2)
        simulation.add(Walk("walk"))
        simulation.add(make(**latency(), **arguments))
        return simulation

    def test_position_and_cash_add_up_against_the_tape(self, make, latency):
        simulation = self.simulation(make, latency)
        simulation.run(until=LONG + 100 * MILLISECOND_NS)
        agent = simulation["pair"]
        for instrument in (0, 1):
            found = account(simulation.events, agent.owner, instrument)
            assert (agent.position(instrument), agent.cash(instrument)) == found
        trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
        assert (trades["owner"] == agent.owner).sum() > 20

    def test_the_bound_holds_for_each_leg(self, make, latency):
        simulation = self.simulation(make, latency, bound=3)
        agent = simulation["pair"]
        most = 0
        for ts in range(MILLISECOND_NS, LONG, MILLISECOND_NS):
            simulation.run(until=ts)
            for instrument in (0, 1):
                most = max(most, abs(agent.position(instrument)))
        assert most == 3

    def test_a_fork_goes_on_to_the_same_digest(self, make, latency):
        simulation = self.simulation(make, latency)
        simulation.run(until=LONG // 2)
        twin = simulation.fork()
        simulation.run(until=LONG)
        twin.run(until=LONG)
        again = self.simulation(make, latency)
        again.run(until=LONG)
        assert simulation.digest() == twin.digest() == again.digest()


def test_it_gains_where_the_spread_reverts():
    simulation = agents.Simulation(2, instruments=2)
    simulation.add(Walk("walk"))
    agent = simulation.add(statistical(bound=40))
    simulation.run(until=LONG)
    lots = agent.position(0)
    # Marked at a spread of 0, to which it reverts.
    assert agent.position(1) == -lots
    assert agent.cash(0) + agent.cash(1) > 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FixedBand(cost=-1), "cost must be finite and at least 0, got -1"),
        (lambda: FixedBand(fair=float("nan")), "fair must be finite, got nan"),
        (lambda: MovingBand(0), "half_life must be 1"),
        (lambda: MovingBand(5, enter=1.0, leave=1.0), "leave must be less than enter"),
        (lambda: pair(second=0), "second must be another instrument than first, got 0"),
        (lambda: pair(bound=0), "bound must be 1"),
        (lambda: statistical(enter=0), "enter must be finite and above 0, got 0"),
    ],
)
def test_misuse_is_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()
