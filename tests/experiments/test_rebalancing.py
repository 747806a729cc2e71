"""The trade-off of a vault's rule: slippage against leverage that drifts."""

import pytest

from experiments.scenario.read import read_scenario
from experiments.studies.rebalancing import rebalancing_frontier, with_vault
from tests.small_scenarios import TWO_ASSETS

SMALL = {
    "populations.0.count": 20,
    "instruments.0.background.window": 1_500,
    "seconds": 60.0,
    "horizon": 15.0,
}


def test_rebalancing_more_often_costs_more_and_tracks_better():
    """Epochs of 2 and 30 s within a wide band, on one seed: trades, costs and errors in order."""
    scenario = read_scenario("leverage-vault", SMALL)
    often, seldom = rebalancing_frontier(scenario, [2.0, 30.0], [0.4], [1], workers=1)
    assert (often.epoch, seldom.epoch, often.band) == (2.0, 30.0, 0.4)
    assert often.rebalances > seldom.rebalances
    assert often.slippage > seldom.slippage
    assert 0 < often.tracking < seldom.tracking
    assert often.growth < 0, "the token fell, and the vault is leveraged"


def test_rules_are_set_and_misuse_is_refused():
    scenario = read_scenario("leverage-vault")
    rule = with_vault(scenario, 5.0, 0.1).stackers[1].parameters
    assert (rule["epoch"], rule["low"], rule["high"]) == (5_000_000_000, 1_800_000, 2_200_000)
    with pytest.raises(ValueError, match="LeverageVault"):
        with_vault(read_scenario(TWO_ASSETS), 1.0, 0.1)
    with pytest.raises(ValueError, match="epochs"):
        rebalancing_frontier(scenario, [], [0.1], [1])
