"""A shock that leaves nobody on a side of the book is the worst outcome, and is shouted."""

import pytest

from experiments.runs.run import run_scenario
from experiments.scenario.read import read_scenario
from experiments.studies.stress import Failure, outcome
from lob.clearing import Oracle
from lob.clearing.oracle import BestAsk, BestBid, Mid
from tests.small_scenarios import SPIRAL
from tests.venues import order, venue_with

SMALL = {"populations.0.count": 2_000}


def shocked(lots):
    return run_scenario(read_scenario(SPIRAL, {**SMALL, "shocks.0.lots": lots}))


@pytest.fixture(scope="module")
def emptied():
    return shocked(400_000)


def test_a_larger_shock_is_never_a_smaller_answer(emptied):
    less = shocked(200_000)
    assert less.criteria["exhausted"] == 0
    assert emptied.criteria["exhausted"] >= 1
    assert emptied.criteria["drop"] > less.criteria["drop"]
    assert emptied.criteria["liquidations"] == less.criteria["liquidations"] == 2_000


def test_it_is_in_every_headline(emptied):
    assert "EXHAUSTED" in " ".join(emptied.headline())
    assert emptied.summary()["criteria"]["exhausted"] >= 1
    assert not any("EXHAUSTED" in line for line in shocked(1_000).headline())


def test_it_fails_every_stress_test(emptied):
    found = outcome(emptied)
    assert found.exhausted
    for failure in (Failure(), Failure("bad-debt", 1e18), Failure("insurance")):
        assert failure.of(found)


@pytest.mark.parametrize(
    ("source", "side", "prices", "left"),
    [
        (BestBid, 1, (95, 90), 90),
        (BestAsk, -1, (105, 110), 110),
        (Mid, 1, (95, 90), 90),
        (Mid, -1, (105, 110), 110),
    ],
)
def test_a_mark_follows_the_trades_that_empty_a_side(source, side, prices, left):
    venue, clearing = venue_with(oracle=Oracle(source()))
    for number, price in enumerate((*prices, 100 + 3 * side), 1):
        own = side if price != 100 + 3 * side else -side
        venue.process(order(number, own, price, 5))
    venue.process(order(9, -side, None, 10))
    assert clearing.holdings[0].mark_price == left
