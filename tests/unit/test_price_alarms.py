"""Agents that sleep until a price is reached."""

import pytest

import agents
import lob
from lob import Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import External
from lob.units import SECOND_NS
from tests.offering import Book, Shop


class Sleeper(agents.Agent):
    """Wakes once at a price, and notes when."""

    def __init__(self, name, goals):
        super().__init__(name)
        self.goals = goals
        self.woken = []

    def on_start(self):
        for price, side in self.goals:
            self.wake_at_price(price, side)

    def on_wake(self):
        self.woken.append(self.now // SECOND_NS)


def run_of(goals, later):
    """A book with a bid at 90 and an ask at 110; of each later order the time, side, price."""
    sleeper = Sleeper("sleeper", goals)
    simulation = agents.Simulation(1, instruments=[lob.Instrument("X")])
    orders = [(ts * SECOND_NS, side, price, 1) for ts, side, price in later]
    simulation.add(Book([(Side.BUY, 90, 5), (Side.SELL, 110, 5)], later=orders))
    simulation.add(sleeper)
    return simulation, sleeper


def test_a_best_price_wakes_once():
    later = [(1, Side.BUY, 94), (2, Side.BUY, 95), (3, Side.BUY, 97), (4, Side.SELL, 106)]
    simulation, sleeper = run_of([(95, Side.BUY), (105, Side.SELL)], later)
    simulation.run(until=9 * SECOND_NS)
    assert sleeper.woken == [2]


def test_the_latest_price_of_a_side_counts():
    later = [(1, Side.BUY, 95), (2, Side.SELL, 105), (3, Side.BUY, 99)]
    simulation, sleeper = run_of([(95, Side.BUY), (99, Side.BUY), (105, Side.SELL)], later)
    simulation.run(until=9 * SECOND_NS)
    assert sleeper.woken == [2, 3]


def test_no_price_is_no_alarm():
    simulation, sleeper = run_of([(95, Side.BUY), (None, Side.BUY)], [(1, Side.BUY, 99)])
    simulation.run(until=9 * SECOND_NS)
    assert sleeper.woken == []


def test_a_price_that_is_there_wakes_at_once():
    simulation, sleeper = run_of([(90, Side.BUY)], [])
    simulation.run(until=9 * SECOND_NS)
    assert sleeper.woken == [0]


def test_a_fork_sleeps_on():
    simulation, sleeper = run_of([(95, Side.BUY)], [(3, Side.BUY, 96)])
    simulation.run(until=SECOND_NS)
    twin = simulation.fork()
    twin.run(until=9 * SECOND_NS)
    assert twin["sleeper"].woken == [3]
    assert sleeper.woken == []
    simulation.run(until=9 * SECOND_NS)
    assert sleeper.woken == [3]


@pytest.mark.parametrize(("side", "later", "goal"), [(Side.SELL, 110, 101), (Side.BUY, 90, 99)])
def test_a_mark_wakes(side, later, goal):
    source = External([0, 3 * SECOND_NS], [100, later])
    clearing = Clearing(
        holdings=[Holding(Oracle(source), FlatMargin(200_000, 100_000))], liquidation_engine=Shop(1)
    )
    sleeper = Sleeper("sleeper", [])
    simulation = agents.Simulation(1, instruments=[lob.Instrument("X")], clearings=[clearing])
    simulation.add(sleeper)
    simulation.run(until=SECOND_NS)
    sleeper.wake_at_mark(goal, side)
    simulation.run(until=9 * SECOND_NS)
    assert sleeper.woken == [3]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda one: one.wake_at_price(1.5, Side.BUY), TypeError),
        (lambda one: one.wake_at_price(2**41, Side.BUY), ValueError),
        (lambda one: one.wake_at_price(5, 0), ValueError),
        (lambda one: one.wake_at_price(5, Side.BUY, instrument=1), ValueError),
        (lambda one: one.wake_at_mark(5, Side.BUY), ValueError),
    ],
)
def test_what_is_no_price_is_refused(call, error):
    simulation, sleeper = run_of([], [])
    simulation.run(until=1)
    with pytest.raises(error):
        call(sleeper)


def test_who_takes_part_in_no_run_is_told_so():
    with pytest.raises(ValueError, match="takes part in no run"):
        Sleeper("alone", []).wake_at_price(5, Side.BUY)
