"""Every design on portfolios: where each unit of what they had went."""

import numpy as np
import pytest

from experiments.metrics.cases import cases_of
from experiments.metrics.takers import leftovers
from experiments.runs.judged import closing_prices, marks_followed, traded_asset
from experiments.runs.run import run_scenario
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.scenario.build import build
from experiments.scenario.designs import DESIGNS
from experiments.scenario.read import read_scenario
from tests.small_scenarios import TWO_ASSETS

SMALL = {
    "populations.0.count": 1_000,
    "populations.0.leverage": [8.0, 16.0],
    "shocks.0.lots": 60_000,
    "seconds": 8.0,
    "horizon": 3.0,
}


@pytest.fixture(scope="module")
def market():
    scenario = read_scenario(TWO_ASSETS, SMALL)
    return scenario, run_scenario(scenario, 1, forced=False, tapes=False).prices


@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_equity_is_what_is_left_and_the_parts_of_the_loss(market, name):
    scenario, twin = market
    simulation = build(scenario, 1, design=name, messages=False)
    simulation.run(until=scenario.end_ns)
    entries, metadata = simulation.entries, tape_metadata_of(simulation)
    marks = [
        marks_followed(entries, i, traded_asset(simulation, i))
        for i in range(len(scenario.instruments))
    ]
    closing = closing_prices(simulation, leftovers(entries, metadata), marks)
    cases = cases_of(entries, metadata, twin.fair, closing, scenario.end_ns)
    assert len(cases) > 10
    parts = cases.slippage + cases.bonus + cases.deleveraged + cases.fee + cases.penalty
    np.testing.assert_allclose(
        cases.equity, cases.left + parts + cases.other - cases.covered, rtol=0, atol=1e-6
    )
    assert (cases.left >= 0).all()
    # No failed account is made richer on the whole than it was.
    assert cases.loss.sum() > -0.05 * cases.equity.sum()
    assert cases.equity.sum() > 0
