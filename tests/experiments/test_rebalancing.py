"""The trade-off of a vault's rule: slippage against leverage that drifts."""

import pytest

from experiments.scenario.read import read_scenario
from experiments.studies.rebalancing import rebalancing_frontier, with_vault
from experiments.studies.resting import RESTING, resting, resting_outcomes
from tests.small_scenarios import TWO_ASSETS, VAULT

SMALL = {
    "populations.0.count": 20,
    "instruments.0.background.window": 1_500,
    "seconds": 60.0,
    "horizon": 15.0,
}


def test_rebalancing_more_often_costs_more_and_tracks_better():
    """Epochs of 2 and 30 s within a wide band, on one seed: trades, costs and errors in order."""
    scenario = read_scenario(VAULT, SMALL)
    often, seldom = rebalancing_frontier(scenario, [2.0, 30.0], [0.4], [1], workers=1)
    assert (often.epoch, seldom.epoch, often.band) == (2.0, 30.0, 0.4)
    assert often.rebalances > seldom.rebalances
    assert often.slippage > seldom.slippage
    assert 0 < often.tracking < seldom.tracking
    assert often.growth < 0, "the token fell, and the vault is leveraged"


def test_rules_are_set_and_misuse_is_refused():
    scenario = read_scenario(VAULT)
    rule = with_vault(scenario, 5.0, 0.1).stackers[1].parameters
    assert (rule["epoch"], rule["low"], rule["high"]) == (5_000_000_000, 1_800_000, 2_200_000)
    with pytest.raises(ValueError, match="LeverageVault"):
        with_vault(read_scenario(TWO_ASSETS), 1.0, 0.1)
    with pytest.raises(ValueError, match="epochs"):
        rebalancing_frontier(scenario, [], [0.1], [1])


def test_a_vault_that_rests_trades_nothing_and_loses_less_in_a_fall():
    scenario = read_scenario(VAULT, SMALL)
    found = resting_outcomes(scenario, [1], workers=1)
    assert list(found) == list(RESTING)
    (own,), (rests,), (both,) = found.values()
    assert own["trades"] > 0 > own["bought"]
    assert (
        (rests["trades"], rests["bought"], rests["cost"])
        == (0, 0, 0)
        == tuple(both[key] for key in ("trades", "bought", "cost"))
    )
    assert own["drop"] > rests["drop"] > 0
    assert own["drop"] != both["drop"]
    assert -1 < own["growth"] < 0, "the token fell, and the vault is leveraged"
    # Nobody but the vault rests in the second, its depositors too in the third.
    assert rests["growth"] != both["growth"]


def test_nothing_but_the_look_changes_where_one_rests():
    scenario = read_scenario(VAULT)
    assert resting(scenario, ()) == scenario
    both = resting(scenario, RESTING["depositors rest too"]).stackers
    assert [one.parameters.pop("interval") for one in both] == [2**60] * 2
    assert [one.parameters for one in both] == [one.parameters for one in scenario.stackers]


@pytest.mark.slow
def test_depositors_who_leave_make_a_fall_deeper_in_a_stated_market():
    found = resting_outcomes(read_scenario("leverage-vault"), [1, 2])
    for own, both in zip(found["as they are"], found["depositors rest too"], strict=True):
        assert own["drop"] > 1.05 * both["drop"] > 0
        assert own["bought"] < 0 < own["cost"]
