"""A scenario is validated whole when it is read: what would fail in the run is refused before."""

import re

import pytest

import agents
from experiments import questions
from experiments.scenario.build import build
from experiments.scenario.read import Scenario, ScenarioError, read_scenario, ready_scenarios
from tests.small_scenarios import BLACK_THURSDAY, CONTAGION, SPIRAL


def refused(name, change):
    with pytest.raises(ScenarioError) as caught:
        read_scenario(name, change)
    return [line.strip() for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("name", "change", "path", "what"),
    [
        (SPIRAL, {"clearings.0.liquidation.design": "dutsch"},
         "clearings.0.liquidation.design", "did you mean dutch?"),
        (BLACK_THURSDAY, {"clearings.0.liquidation.parameters.beg": -5},
         "clearings.0.liquidation.parameters", "beg must be"),
        (BLACK_THURSDAY, {"alternatives.0.parameters.cut": 9_990_000},
         "alternatives.0.parameters", "cut must be"),
        (SPIRAL, {"clearings.0.holdings.0.margin.parameters.maintenance": -10},
         "clearings.0.holdings.0.margin.parameters", "maintenance must be 0 to"),
        (SPIRAL,
         {"clearings.0.holdings.0.oracle.manipulations": [[0, 5, 2 * 10**15]]},
         "clearings.0.holdings.0.oracle.manipulations.0.2", "must be at most"),
        ("flash-crash", {"traders.0.parameters": {"mragin": 5, "stop_price": 1}},
         "traders.0.parameters.mragin", "did you mean margin?"),
        ("flash-crash", {"traders.0.parameters.margin": -5}, "traders.0", "margin must be 0 to"),
        ("flash-crash", {"traders.0.parameters.holding": 4},
         "traders.0.parameters.holding", "has 1 holding, counted from 0, got 4"),
        (CONTAGION, {"stackers.0.parameters.pool": "puddle"},
         "stackers.0.parameters.pool", "no pool is called 'puddle'"),
        (CONTAGION, {"stackers.1.parameters.base_instrument": 2},
         "stackers.1.parameters.base_instrument", "there are 2 instruments"),
        (CONTAGION, {"collateralised_borrowers.0.asset": "staked"},
         "collateralised_borrowers.0.asset", "no holding of pool lender is called 'staked'"),
        (SPIRAL, {"populations.0.holding": 1}, "populations.0.holding", "got 1"),
        (SPIRAL, {"populations.0.leverage": [30, 3]},
         "populations.0", "two rising positive numbers"),
        (SPIRAL, {"populations.0.equity": 2**62 - 1}, "populations.0", "2**62"),
        (SPIRAL, {"populations.0.name": "shock 0"}, "shocks.0", "takes part"),
        (BLACK_THURSDAY, {"congestion.elasticity": 7}, "congestion", "elasticity must be"),
        (SPIRAL, {"seconds": 1e300}, "seconds", "must be at most"),
        (SPIRAL, {"populations.0.count": True}, "populations.0.count", "takes no"),
        (SPIRAL, {"populations.0.leverage": [True, 30]},
         "populations.0.leverage", "takes no true or false"),
        (SPIRAL, {"clearings.0.holdings.0.margin.parameters.initial": True},
         "clearings.0.holdings.0.margin.parameters", "must be an integer, got True"),
        (SPIRAL, {"instruments.0.tick_size": 1e30},
         "instruments.0.tick_size", "must be at most 1,000,000,000,000,000,000"),
        (SPIRAL, {"instruments.0.lot_size": "1e-30"},
         "instruments.0.lot_size", "must be at least 1e-18"),
        (SPIRAL, {"name": ""}, "name", "must not be empty"),
        (CONTAGION, {"stackers.0.name": " "}, "stackers.0.name", "must not be empty"),
        (SPIRAL, {"instruments.0.background.alpha": float("inf")},
         "instruments.0.background.alpha", "finite"),
    ],
)  # fmt: skip
def test_what_would_fail_in_the_run_is_refused_with_its_path(name, change, path, what):
    first, *mistakes = refused(name, change)
    assert first == f"{name}: 1 mistake"
    assert len(mistakes) == 1
    assert mistakes[0].startswith(f"{path}: ")
    assert what in mistakes[0]


def test_names_and_parameters_are_told_together():
    change = {
        "shocks.0.instrument": "GOLD",
        "clearings.0.liquidation.design": "dutsch",
        "keepers.0.name": "longs",
        "clearings.0.holdings.0.margin.parameters.initial": -1,
        "seconds": 1.0,
    }
    first, *mistakes = refused(SPIRAL, change)
    assert first == f"{SPIRAL}: 5 mistakes"
    assert {one.split(": ")[0] for one in mistakes} == {
        "shocks.0.instrument", "clearings.0.liquidation.design", "keepers.0.name",
        "clearings.0.holdings.0.margin.parameters", "seconds",
    }  # fmt: skip


def test_a_scenario_in_code_is_validated_like_a_file():
    content = read_scenario(SPIRAL).model_dump()
    assert Scenario(**content).name == "deleveraging-spiral"
    content["clearings"][0]["liquidation"]["design"] = "prayer"
    with pytest.raises(ValueError, match=r"liquidation\.design: no design is called 'prayer'"):
        Scenario(**content)


def test_unknown_keys_name_the_nearest_or_all():
    change = {
        "populations.0.cuont": 5,
        "instruments.0.background.alhpa": 3,
        "clearings.0.holdings.0.oracle.source.zzz": 3,
    }
    _, *mistakes = refused(SPIRAL, change)
    told = dict(one.split(": ", 1) for one in mistakes)
    assert told["populations.0.cuont"].endswith("did you mean count?")
    assert told["instruments.0.background.alhpa"].endswith("did you mean alpha?")
    listed = told["clearings.0.holdings.0.oracle.source.zzz"]
    assert "there are bases, claim, half_life" in listed


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (SPIRAL, "populations.0.count"),
        (CONTAGION, "recursive_borrowers.0.count"),
        (CONTAGION, "collateralised_borrowers.0.count"),
        (SPIRAL, "keepers.0.count"),
        (SPIRAL, "seeds"),
        (SPIRAL, "instruments.0.background.window"),
    ],
)
def test_huge_counts_are_refused_with_their_bound(name, path):
    _, mistake = refused(name, {path: 2_000_000_000})
    assert mistake.startswith(f"{path}: must be at most ")
    assert mistake.endswith("got 2000000000")


def test_stacked_accounts_are_counted():
    change = {"populations.0.stacked": 10**9, "populations.0.ticks": 100}
    _, mistake = refused(SPIRAL, change)
    assert "stacked makes 100,000,000,000 accounts, at most 10,000,000" in mistake


@pytest.mark.parametrize("name", ready_scenarios())
def test_reading_builds_no_thousands_of_accounts(name, monkeypatch):
    """So it takes some milliseconds, whatever the counts: their parameters are what is tried."""
    members = []

    class Counted(agents.Simulation):
        def add(self, participant):
            members.append(participant.members)
            return super().add(participant)

    monkeypatch.setattr("experiments.scenario.trial.agents.Simulation", Counted)
    read_scenario(name)
    assert 0 < max(members) <= 10


def test_all_is_built_where_it_is_run():
    assert build(read_scenario(SPIRAL), 1)["longs"].members == 10_000


@pytest.mark.parametrize(
    "path", ["shocks.-1.lots", "shocks.-1", "shocks.1_0.lots", "shocks.x.lots"]
)
def test_a_place_in_a_list_is_a_number_from_0(path):
    with pytest.raises(ScenarioError, match=f"there is no {path} to set"):
        read_scenario(SPIRAL, {path: 5})


@pytest.mark.parametrize("source", [5, None, True, b"contagion", ["contagion"]])
def test_what_is_no_source_of_a_scenario_is_refused_with_what_is_wanted(source):
    with pytest.raises(TypeError, match=r"source must be the name .* path .* dict, got"):
        questions.scenario(source)


def test_a_ready_market_is_told_from_a_scenario():
    with pytest.raises(ScenarioError, match=r"'rmsc04' is a ready market.*firesale run rmsc04"):
        questions.run("rmsc04")


@pytest.mark.parametrize("seed", [True, False])
def test_a_truth_value_is_no_seed(seed):
    with pytest.raises(TypeError, match="seed must be an integer, got"):
        questions.run(SPIRAL, seed)
    for seeds in (seed, [1, seed]):
        with pytest.raises(TypeError, match="seeds must be an integer, got"):
            questions.spiral(SPIRAL, seeds)


@pytest.mark.parametrize(
    ("name", "path", "value", "what"),
    [
        (SPIRAL, "instruments.0.background.mu", 1e30, "0 to .* lots a second"),
        (SPIRAL, "instruments.0.background.alpha", 1e30, "above 0 and at most"),
        (SPIRAL, "instruments.0.background.delta", 1e30, "at most 1,000,000,"),
        (SPIRAL, "instruments.0.background.delta", 1e-30, "orders rest in the"),
        ("flash-crash", "makers.0.every", 1e-12, r"(to|at least) 0\.000001,"),
        ("flash-crash", "makers.0.offset", 1e30, "must be at most"),
        ("flash-crash", "makers.0.volatility_limit", 1e30, "must be at most"),
        ("flash-crash", "clearings.0.holdings.0.margin.update", 1e-12, "must be 0, or 1e-06 to"),
        (
            "flash-crash",
            "clearings.0.holdings.0.oracle.source.sample",
            1e-12,
            r"(to|at least) 0\.000001,",
        ),
        ("oracle-lag", "clearings.0.holdings.0.oracle.heartbeat", 1e-12, "must be 0, or 1e-06"),
        ("oracle-lag", "clearings.0.interest_interval", 1e-12, r"(to|at least) 0\.000001,"),
        (BLACK_THURSDAY, "congestion.block_time", 1e-12, r"(to|at least) 0\.000001,"),
        (BLACK_THURSDAY, "congestion.load.0.rate", 1e30, "must be at most"),
        (BLACK_THURSDAY, "congestion.load.0.mean_bid", 1e30, "must be at most"),
        (BLACK_THURSDAY, "congestion.backlog", 10**15, "must be at most"),
        (BLACK_THURSDAY, "keepers.0.review", 1e-12, r"(to|at least) 0\.000001,"),
        (BLACK_THURSDAY, "keepers.0.shape", 1e30, "must be at most"),
        (CONTAGION, "recursive_borrowers.0.interval", 1e-12, r"(to|at least) 0\.000001,"),
        (SPIRAL, "seconds", 1e-12, r"(to|at least) 0\.000000001,"),
    ],
)
def test_rates_and_intervals_that_no_run_could_follow_are_refused(name, path, value, what):
    first, *mistakes = refused(name, {path: value})
    assert first == f"{name}: 1 mistake", mistakes
    assert re.match(rf"{path}: .*{what}", mistakes[0])


def test_rates_at_their_bounds_are_taken():
    """Rates are in lots: a flow with larger orders may have more of them."""
    path = "instruments.0.background"
    scenario = read_scenario(SPIRAL, {f"{path}.mu": 1e8, f"{path}.size": 100, f"{path}.delta": 1e6})
    assert scenario.instruments[0].background.mu == 1e8
