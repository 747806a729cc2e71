"""Markets, robustness, tuning, equal capital, and the page of a contest."""

import json

import numpy as np
import pytest

from experiments.contest import study as study_module
from experiments.contest import tuning
from experiments.contest.capital import budget_of, equalised, form_of
from experiments.contest.compare import Contest, hold_contest
from experiments.contest.designs import ContestDesign, parse_design, parse_designs
from experiments.contest.market_facts import market_facts
from experiments.contest.markets import AXES, REGIMES, changed, regimes_of
from experiments.contest.robustness import flips, told
from experiments.contest.study import study_contest
from experiments.contest.tuning import harm, sample, tune
from experiments.metrics.criteria import CRITERIA
from experiments.report.contest_page import contest_page
from experiments.scenario.designs import contest_designs
from experiments.scenario.read import read_scenario
from tests.small_scenarios import SPIRAL, TWO_ASSETS

SMALL = {
    "populations.0.count": 200,
    "populations.0.equity": 30_000,
    "seconds": 7.0,
    "horizon": 2.0,
    "instruments.0.background.mu": 50.0,
    "instruments.0.background.alpha": 2.5,
    "instruments.0.background.window": 2_500,
    "shocks.0.lots": 8_000,
    "keepers": [],
}
SLOW = {"sliced": {"lots": (1, 200, "log-int"), "every": (0.01, 1.0, "log")}}


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(SPIRAL, SMALL)


@pytest.fixture(scope="module")
def study(scenario):
    return study_contest(
        scenario,
        parse_designs("market-sale,sliced(lots=30)"),
        range(1, 4),
        regimes=True,
        candidates=3,
        tunable=lambda design: SLOW.get(design, {}),
        pictures=True,
        workers=1,
    )


def made(values, market="base", labels="ab"):
    """A contest with given drops: [design, seed]."""
    rows = tuple(
        {
            "label": label,
            "seed": seed,
            "error": None,
            "criteria": {"drop": float(drop), "liquidations": 1.0},
        }
        for label, drops in zip(labels, values, strict=True)
        for seed, drop in enumerate(drops)
    )
    designs = tuple(ContestDesign(label, "market-sale", {}) for label in labels)
    seeds = tuple(range(len(values[0])))
    return Contest(None, market, designs, seeds, labels[0], rows)


def test_a_ranking_that_flips_is_noted():
    noise = np.random.default_rng(1).normal(0, 1, (4, 12))
    base = made([10 + noise[0], 20 + noise[1]])
    others = {
        "same": made([30 + noise[2], 90 + noise[3]]),
        "other": made([20 + noise[2], 10 + noise[3]]),
        "tie": made([noise[2], noise[2]]),
        "barely": made([noise[2] - noise[2].mean() + 0.01, noise[3] - noise[3].mean()]),
    }
    found = flips(base, others, ("drop",))
    assert [(one.market, one.ahead, one.behind, one.certain) for one in found] == [
        ("other", "a", "b", True),
        ("barely", "a", "b", False),
    ]
    assert told(found) == [
        "other: b is ahead of a in drop",
        "1 more order differs within the error of the seeds",
    ]
    assert told([]) == ["no order of two designs changes"]


def test_regimes_are_what_they_say(scenario):
    markets, missing = regimes_of(scenario, REGIMES)
    assert missing == {}
    facts = {name: market_facts(one, range(1, 3)) for name, one in markets.items()}
    assert markets["calm"] == scenario
    assert facts["stressed"].depth < 0.7 * facts["calm"].depth
    assert facts["stressed"].volatility > 1.2 * facts["calm"].volatility
    assert facts["stressed"].impact > facts["calm"].impact
    # What is gone comes back ten times more slowly, from half the depth.
    assert facts["vanishing"].depth_after < 0.5 * facts["calm"].depth_after


def test_axes_change_what_they_say_or_say_why_not(scenario):
    markets, missing = regimes_of(scenario, AXES)
    assert set(markets) == {"oracle-lag", "maker-withdrawal"}
    assert "it has no keepers" in missing["keeper-capital"]
    assert "one instrument" in missing["correlated-collateral"]
    assert markets["oracle-lag"].clearings[0].holdings[0].oracle.lag == 1.0
    (maker,) = markets["maker-withdrawal"].makers
    assert maker.volatility_limit == 5.0
    rich = read_scenario(
        TWO_ASSETS,
        {"keepers": [{"name": "k", "count": 4, "capital": 1_000, "latency": 0.5}]},
    )
    of = {one.name: one for one in AXES}
    assert changed(rich, of["few-bidders"]).keepers[0].count == 1
    assert changed(rich, of["keeper-capital"]).keepers[0].capital == 100
    assert changed(rich, of["keeper-latency"]).keepers[0].latency == 5.0
    assert changed(rich, of["congestion"]).congestion.capacity == 4
    shocks = changed(rich, of["correlated-collateral"]).shocks
    assert [one.instrument for one in shocks] == ["ALPHA", "BETA"]


def test_drawn_parameters_stay_in_bounds():
    tunable = {"a": (1, 3, "int"), "b": (0.5, 0.7, "float"), "c": (1, 1_000, "log-int")}
    random = np.random.default_rng(2)
    drawn = [sample(tunable, random) for _ in range(300)]
    assert {one["a"] for one in drawn} == {1, 2, 3}
    assert all(0.5 <= one["b"] <= 0.7 for one in drawn)
    assert all(1 <= one["c"] <= 1_000 for one in drawn)
    # Even in the logarithm: as many below the root of the bounds as above.
    assert 0.4 < np.mean([one["c"] < 31.6 for one in drawn]) < 0.6
    with pytest.raises(ValueError, match="kind must be"):
        sample({"a": (1, 2, "hex")}, random)


def test_tuning_uses_other_seeds_and_is_no_worse_than_the_preset(scenario, monkeypatch):
    used = set()
    real = tuning.hold_contests

    def hold(markets, all_designs, seeds, **rest):
        used.update(seeds)
        return real(markets, all_designs, seeds, **rest)

    monkeypatch.setattr(tuning, "hold_contests", hold)
    designs = parse_designs("sliced,market-sale")
    found = tune(scenario, designs, lambda design: SLOW.get(design, {}), 4, workers=1)
    assert min(used) >= tuning.FIRST_TRAINING_SEED
    assert len(used) == 2 + 4
    assert found["sliced"].design.label == "sliced tuned"
    assert found["sliced"].trials == 4 * 2 + 2 * 4
    assert found["market-sale"].design.parameters == {}
    again = tune(scenario, designs, lambda design: SLOW.get(design, {}), 4, workers=1)
    assert again == found


def test_a_study_has_everything_that_was_asked_for(study):
    assert study.contest.labels == [
        "market-sale", "sliced(lots=30)", "sliced(lots=30) tuned", "frozen",
    ]  # fmt: skip
    assert set(study.markets) == {"stressed", "vanishing"}
    assert set(study.facts) == {"base", "stressed", "vanishing"}
    assert study.controls.passed
    assert study.tuned["market-sale"].design.how == "tuned"
    said = json.loads(json.dumps(study.summary(), allow_nan=False))
    assert said["controls"]["passed"] is True
    assert said["designs"]["sliced(lots=30) tuned"]["how"] == "tuned"
    assert said["tuned"]["sliced(lots=30)"]["runs"] > 0
    assert harm(study.contest, "market-sale") > 0


def test_the_page_says_it_all_and_loads_nothing(study):
    page = contest_page(study)
    assert 'http-equiv="Content-Security-Policy"' in page
    body = page[page.index("<body>") :]
    for part in ("paths", "cascade", "tradeoff"):
        assert f'id="{part}"' in body
    for one in CRITERIA:
        assert one.name in body
    for word in ("stressed", "vanishing", "ties with itself", "Tuned parameters"):
        assert word in body
    assert "src=" not in body.replace("data:", "")


def test_a_wrong_model_is_tested_in_the_right_one(scenario, monkeypatch):
    """Tuning is replaced by a choice made for the test: slow where depth is believed endless."""

    def tuned(believed, designs, tunable, candidates, **rest):
        wrong = believed.instruments[0].background.alpha > 5
        lots = 1 if wrong else 500
        return {
            one.label: tuning.Tuned(
                one._replace(parameters={"lots": lots, "every": 0.5}, how="tuned"), 0.0, 0.0, 1
            )
            for one in designs
        }

    monkeypatch.setattr(study_module, "tune", tuned)
    found = study_contest(
        scenario, [parse_design("sliced")], range(1, 4), candidates=2,
        tunable=lambda design: SLOW[design], wrong=True, workers=1,
    )  # fmt: skip
    by_name = {one.name: one for one in found.wrong}
    assert by_name["wrong-volatility"].regret[:3] == (0, 0, 0), "the same parameters"
    assert by_name["wrong-volatility"].survives
    assert by_name["wrong-depth"].parameters == {"lots": 1, "every": 0.5}
    assert by_name["wrong-depth"].regret.estimate != 0
    assert by_name["wrong-depth"].recommended == by_name["wrong-depth"].best == "sliced"


def test_a_wrong_model_needs_tuning(scenario):
    with pytest.raises(ValueError, match="needs tuning"):
        study_contest(scenario, parse_designs("tiered"), range(1, 3), wrong=True)


def test_test_seeds_are_below_the_training_seeds(scenario):
    first = tuning.FIRST_TRAINING_SEED
    with pytest.raises(ValueError, match="seeds must be below"):
        study_contest(scenario, parse_designs("tiered"), range(first, first + 2))


def test_capital_is_the_same_in_every_form(scenario):
    rich = read_scenario(
        SPIRAL,
        {**SMALL, "keepers": [{"name": "k", "count": 2, "capital": 900}], "block_time": 0.25},
    )
    assert budget_of(rich) == 900
    assert form_of("market-sale") == "fund"
    made, parameters = equalised(rich, parse_design("market-sale"))
    assert made.keepers == []
    assert made.clearings[0].insurance_fund == rich.clearings[0].insurance_fund + 900
    made, parameters = equalised(rich, parse_design("sliced"))
    assert parameters == {"every": 0.25}, "one block time for all"
    made, parameters = equalised(rich, parse_design("sliced(every=2.0)"))
    assert parameters == {"every": 2.0}
    assert equalised(scenario, parse_design("sliced")) == (scenario, {})


def test_every_named_design_has_a_form_for_its_capital():
    forms = {name: form_of(name) for name in contest_designs()}
    assert forms == {
        "market-sale": "fund", "bankruptcy-takeover": "fund", "tiered": "fund",
        "backstop": "vault", "fixed-spread": "keepers", "dutch": "keepers",
        "english": "keepers", "call-auction": "fund", "stability-pool": "pool",
    }  # fmt: skip
    rich = read_scenario(SPIRAL, {**SMALL, "keepers": [{"name": "k", "capital": 900}]})
    for name, key in (("backstop", "capital"), ("stability-pool:liquity2", "deposits")):
        made, parameters = equalised(rich, parse_design(name))
        assert made.keepers == []
        assert made.clearings == rich.clearings
        assert parameters[key] == 900
    assert equalised(rich, parse_design("english"))[0] == rich


def test_all_named_designs_meet_without_a_failed_run():
    rich = read_scenario(
        SPIRAL,
        {**SMALL, "keepers": [{"name": "k", "kind": "keeper", "capital": 5_000_000}]},
    )
    found = hold_contest(rich, parse_designs(",".join(contest_designs())), [1, 2], workers=1)
    assert found.failed == []
    assert min(found.values("liquidations").ravel()) > 0


def test_a_contest_is_held_in_twelve_other_markets(scenario):
    study = study_contest(
        scenario, parse_designs("market-sale,sliced(lots=30)"), range(1, 3), screen=True
    )
    found = study.screening
    assert len(found.contests) == 12
    assert all(len(one.rows) == 6 and not one.failed for one in found.contests.values())
    assert set(found.missing) >= {"keepers' latency", "the number of keepers"}
    said = study.summary()["screening"]
    assert said["criterion"] == "harm"
    assert len(said["levels"]) == 12
    order = found.order("market-sale", "sliced(lots=30)")
    assert order.of == 12 - len(found.without_sale) > 0
    assert any(line.startswith("in 12 other markets, 2 seeds each") for line in study.headline())
    page = contest_page(study)
    assert "Does the ranking hold in other markets?" in page
    assert "depth: half" in page
