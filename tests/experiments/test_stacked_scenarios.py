"""The scenarios of stacked leverage, small: they run, conserve, repeat themselves and tell."""

import json

import numpy as np
import pytest

from experiments.commands import cli
from experiments.metrics.conservation import check_conservation
from experiments.runs.run import run_scenario
from experiments.runs.stack_summary import is_stacked, risk_before
from experiments.scenario.build import build
from experiments.scenario.drives import DriveTable, driven_prices
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.scenario.variants import seeing, with_leverage
from lob.clearing.risk import Stacks
from lob.units import SECOND_NS
from tests.small_scenarios import CHAIN, CONTAGION, LOOPS, VAULT

SMALL = {
    LOOPS: {
        "recursive_borrowers.0.count": 300, "recursive_borrowers.0.deposit": 90,
        "instruments.0.background.window": 2_000,
    },
    VAULT: {"populations.0.count": 100, "instruments.0.background.window": 2_000},
    CONTAGION: {
        "populations.0.count": 500, "recursive_borrowers.0.count": 100,
        "recursive_borrowers.0.deposit": 40,
        "instruments.0.background.window": 1_800, "instruments.1.background.window": 1_800,
    },
    CHAIN: {},
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_stacked_scenario_runs_conserves_and_forks(name):
    scenario = read_scenario(name, SMALL[name])
    assert is_stacked(scenario)
    run = run_scenario(scenario, 1)
    check_conservation(run.tape["entries"], run.simulation.ledger)
    run.simulation.venue.check()
    said = run.summary()
    json.dumps(said, allow_nan=False)
    assert said["cascade"]["nodes"] > 0, "a scenario without a failure shows nothing"
    stack = said["stack"]
    assert stack["drop"] == said["drops"][0] > 0
    assert stack["drop_voluntary"] + sum(stack["drop_by_layer"].values()) == stack["drop"]
    assert sum(stack["failures_by_clearing"]) == said["cascade"]["nodes"]
    assert np.sum(stack["contagion"]) == len(run.cascade) - run.cascade.roots
    assert sum(stack["lots_by_layer"].values()) == said["cascade"]["lots"]
    # The run again, forked on the way.
    simulation = build(scenario, 1)
    simulation.run(until=round(scenario.shocks[0].at * SECOND_NS))
    twin = simulation.fork()
    twin.run(until=round(scenario.seconds * SECOND_NS))
    for clearing in twin.clearings:
        clearing.socialise()
    assert twin.digest() == said["digest"]


@pytest.mark.slow
def test_loopers_amplify_a_depeg():
    scenario = read_scenario(LOOPS, SMALL[LOOPS])
    full, twin = run_scenario(scenario, 1), run_scenario(scenario, 1, forced=False)
    assert full.drop() > twin.drop() > 0
    stack = full.summary()["stack"]
    assert stack["contagion"] != [[0, 0], [0, 0]]
    # A staked token is a claim, whether its price is its own book's or not.
    assert set(stack["lots_by_layer"]) == {"1"}


@pytest.mark.slow
def test_what_is_pledged_again_is_seen_or_lost():
    scenario = read_scenario(CHAIN)
    lost = {}
    for sees in ("own", "all"):
        run = run_scenario(seeing(scenario, sees), 1)
        lost[sees] = run.summary()["stack"]["hidden_shortfall"] + run.criteria["bad_debt"]
        stacks = Stacks(run.simulation.venue, sees="all")
        assert stacks.hidden_shortfall() >= 0
    assert lost["own"] > lost["all"]


def test_the_risk_before_the_shock():
    found = risk_before(read_scenario(CHAIN), 1)
    json.dumps(found, allow_nan=False)
    assert found["depth"] == 2
    assert found["collateral_multiplier"] > 1
    assert found["first_failure"] < found["price"]
    debts = [amount for _, amount in found["debt_at_risk"]]
    assert debts == sorted(debts)
    assert debts[-1] <= found["debt"]


def test_leverage_is_set_for_loopers():
    scenario = read_scenario(LOOPS)
    high = with_leverage(scenario, 3.0)
    assert high.recursive_borrowers[0].target == 3_000_000
    assert with_leverage(scenario, 1.0).recursive_borrowers[0].loops == 0
    with pytest.raises(ValueError, match="limit"):
        with_leverage(scenario, 9.0)


@pytest.mark.slow
def test_loopers_of_a_stated_market_fall_further_than_who_is_not_forced():
    scenario = read_scenario("looped-staking-depeg")
    full, twin = run_scenario(scenario, 2), run_scenario(scenario, 2, forced=False)
    assert full.cascade.ts_event.min() > 3_600 * SECOND_NS, "by the sale, and by nothing before"
    assert full.drop() > twin.drop() > 0
    assert not full.exhausted


@pytest.mark.slow
def test_knowing_what_is_pledged_again_is_worth_something_in_a_stated_market():
    scenario = read_scenario("rehypothecation-chain")
    lost = {}
    for sees in ("own", "all"):
        run = run_scenario(seeing(scenario, sees), 1)
        assert run.cascade.ts_event.min() > 3_600 * SECOND_NS, "by the sale, not before"
        assert not run.exhausted
        lost[sees] = run.summary()["stack"]["hidden_shortfall"] + run.criteria["bad_debt"]
    assert lost["own"] > 1.2 * lost["all"] > 0


PRICES = """symbol,timestamp,USD_price
STAKED,1000000000000,2000
STAKED,1000003600000,1900.5
STAKED,1000007200000,1800
"""


def test_recorded_prices_drive_a_book(tmp_path):
    path = tmp_path / "staked.csv"
    path.write_text(PRICES)
    drive = DriveTable(instrument="STAKED", files=[str(path)], at=2.0, over=4.0)
    assert driven_prices(drive, 10_000) == (
        [2 * SECOND_NS, 4 * SECOND_NS, 6 * SECOND_NS], [10_000, 9_502, 9_000],
    )  # fmt: skip
    # A file over itself is a peg that holds.
    both = drive.model_copy(update={"files": [str(path)] * 2})
    assert driven_prices(both, 10_000)[1] == [10_000] * 3
    scenario = read_scenario(
        LOOPS,
        {
            **SMALL[LOOPS],
            "drives.0.files": [str(path)],
            "drives.0.start": None,
            "drives.0.end": None,
        },
    )
    simulation = build(scenario, 1)
    simulation.run(until=88 * SECOND_NS)
    assert simulation.books[0].best_bid <= 9_010
    with pytest.raises(ValueError, match="FIRESALE_DATA"):
        driven_prices(drive.model_copy(update={"files": ["nowhere.csv"]}), 1)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"recursive_borrowers.0.places.0.clearing": "nowhere"}, "recursive_borrowers.0.places.0"),
        ({"recursive_borrowers.0.places.0.holding": 3}, "holding"),
        ({"recursive_borrowers.0.ltv": 2_000_000}, "recursive_borrowers.0.ltv"),
        ({"stackers.0.instrument": "GOLD"}, "stackers.0"),
        ({"stackers.0.kind": "Saint"}, "stackers.0.kind"),
        ({"drives.0.start": "2023-01-01T00:00:00Z"}, "start"),
        ({"drives.0.name": "loopers"}, "twice"),
    ],
)
def test_a_wrong_table_is_refused_with_its_place(change, match):
    with pytest.raises(ScenarioError, match=match):
        read_scenario(LOOPS, change)


@pytest.mark.slow
def test_the_command_tells_the_whole_stack(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["run", CHAIN, "--seeds", "1"])
    assert not end.value.code
    said = capsys.readouterr().out
    assert len(said.splitlines()) <= 36
    for part in ("stack before the shock", "first account fails at", "failed if none is sold",
                 "sold by layer", "of the drop", "seeing own books only"):  # fmt: skip
        assert part in said


@pytest.mark.slow
def test_the_command_tells_what_vaults_and_their_depositors_add(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["run", VAULT, "--seeds", "2"])
    assert not end.value.code
    said = capsys.readouterr().out
    assert len(said.splitlines()) <= 36
    for part in ("beyond the mark; a share -", "if vaults rested", ": they make it ",
                 "and depositors too", ": both make it "):  # fmt: skip
        assert part in said
