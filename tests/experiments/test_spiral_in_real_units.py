"""The ready deleveraging spiral: its question has an answer, in the market that it names."""

import numpy as np
import pytest

import firesale as fs
from experiments.runs.run import build
from lob import EventKind

SEEDS = 8


@pytest.fixture(scope="module")
def study():
    return fs.spiral("deleveraging-spiral", seeds=SEEDS)


def test_forced_sales_make_the_price_fall_further(study):
    """2.3 times over eight seeds, 95 % of them 1.9 to 2.7."""
    found = study.amplification()
    assert found.ratio.low > 1.3
    # The sale alone, in the mean: the fall of four sources of 2,000 BTC each, 102 bps.
    before = np.mean([run["marks_before"][0] for run in study.twin])
    assert 0.006 < found.twin.estimate / before < 0.014


def test_some_fail_after_the_shock_and_nobody_before_it(study):
    for run in study.full:
        assert not run["failed_at_start"]
        assert not run["exhausted"]
        assert run["criteria"]["liquidations"] < 0.9 * run["accounts"]
    assert np.mean([run["criteria"]["liquidations"] for run in study.full]) > 100
    assert study.full[0]["solvency"]["unsold_lots"] == 0


def test_the_sellers_of_a_shock_share_its_lots():
    scenario = fs.scenario("deleveraging-spiral")
    assert [(one.lots, one.sellers) for one in scenario.shocks] == [(8_000_000, 4)]
    few = {"seconds": 20.0, "horizon": 5.0, "shocks.0.at": 10.0, "shocks.0.over": 0.0}
    scenario = scenario.with_(**few, **{"shocks.0.lots": 10})
    simulation = build(scenario, 1)
    names = ["shock 0", *(f"shock 0 seller {i}" for i in (1, 2, 3))]
    owners = [simulation[name].owner for name in names]
    simulation.run(until=scenario.end_ns)
    trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
    sold = [int(trades["size"][trades["owner"] == owner].sum()) for owner in owners]
    assert sold == [2, 3, 2, 3]
    # One who would have nothing to sell is not there.
    alone = build(scenario.with_(**{"shocks.0.lots": 1}), 1)
    assert sum(one.name.startswith("shock") for one in alone.agents) == 1
