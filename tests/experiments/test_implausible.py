"""Numbers that cannot be are refused with the reason, in every output, and are no all-clear."""

from dataclasses import replace

import numpy as np
import pytest

import experiments.runs.run as run_module
from experiments.commands.story import tell
from experiments.contest.market_facts import MarketFacts, market_facts
from experiments.metrics.intervals import student_interval
from experiments.metrics.plausible import implausible
from experiments.metrics.spiral import amplification
from experiments.report.contest_words import number
from experiments.report.means import mean_told
from experiments.report.ratios import no_ratio, times_of
from experiments.runs.judged import criteria_of_run
from experiments.runs.run import run_scenario
from experiments.scenario.read import read_scenario
from experiments.studies.spiral import study_spiral
from experiments.studies.stress import Failure, outcome
from lob.counted import counted
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 20,
    "populations.0.equity": 100_000,
    "populations.0.leverage": [10.0, 30.0],
    "seconds": 1.5,
    "horizon": 0.5,
    "shocks.0.at": 0.5,
    "instruments.0.background.window": 2_000,
}
NAN = float("nan")


def wrong(falls=True, **criteria):
    return implausible(criteria, exposure=1_000.0, mark_before=100, falls=falls)


@pytest.mark.parametrize(
    ("criteria", "refused"),
    [
        ({"bad_debt": 1_000.0, "recovery": 2.0, "drop": 100.0}, set()),
        ({"bad_debt": 1_001.0}, {"bad_debt"}),
        ({"recovery": 2.001}, {"recovery"}),
        ({"recovery": -0.001}, {"recovery"}),
        ({"recovery": 0.0}, set()),
        ({"drop": 101.0}, {"drop"}),
        ({"bad_debt": NAN, "recovery": NAN, "drop": NAN}, set()),
        ({"unsold": -1.0, "time_unsafe": -1.0, "liquidated": 0.0}, {"unsold", "time_unsafe"}),
    ],
)
def test_what_its_definition_does_not_allow_is_refused(criteria, refused):
    found = wrong(**criteria)
    assert set(found) == refused
    assert all(len(reason.split()) > 4 for reason in found.values())


def test_a_rise_may_be_more_than_the_price():
    assert wrong(falls=False, drop=300.0) == {}


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(SPIRAL, SMALL)


@pytest.fixture
def absurd(monkeypatch):
    """Every run is judged to have lost more than there was, and to have fallen below zero."""

    def judged(*arguments):
        return criteria_of_run(*arguments) | {"bad_debt": 8e12, "recovery": 7.0, "drop": 20_000.0}

    monkeypatch.setattr(run_module, "criteria_of_run", judged)


def test_a_run_refuses_them_and_says_why(scenario, absurd):
    run = run_scenario(scenario, 1)
    run = replace(run, twin=run.prices)
    assert len(run.refused) == 3
    assert run.refused[0].startswith("bad debt of 8,000,000,000,000 is more than all that failed")
    for name in ("bad_debt", "recovery", "drop"):
        assert np.isnan(run.criteria[name])
        assert run.summary()["criteria"][name] is None
    assert run.headline()[:3] == [f"REFUSED: {one}" for one in run.refused]
    assert run.summary()["refused"] == run.refused


def test_a_study_shouts_them_and_has_no_number_in_their_place(scenario, absurd):
    study = study_spiral(scenario, [1], workers=1)
    refused = study.refused_lines()
    assert any(line.startswith("REFUSED (market-sale, seed 1): bad debt of 8,") for line in refused)
    assert set(refused) <= set(study.headline()) & set(tell(study)) & set(
        study.summary()["refused"]
    )
    said = "\n".join(tell(study))
    assert "8,000,000,000,000 units" not in said
    assert "bad debt                    not known\n" in said
    assert "nan" not in said


def test_they_are_no_all_clear_of_a_stress_test(scenario, absurd):
    found = outcome(run_scenario(scenario, 1))
    assert found.refused
    for failure in (Failure(), Failure("bad-debt", 1e18), Failure("liquidated", 1.0)):
        assert failure.of(found)


def test_a_run_that_is_sound_refuses_nothing(scenario):
    run = run_scenario(scenario, 1)
    assert run.refused == []
    assert not Failure("bad-debt", 1e18).of(outcome(run))


@pytest.mark.parametrize(
    "twin", [[0.0, 0.0, 0.0], [-40.0, 30.0, 20.0], [0.4, 0.4, 0.4], [1.0, 90.0, 1.0]]
)
def test_a_mean_near_zero_divides_nothing(twin):
    found = amplification([300.0, 310.0, 320.0], twin)
    assert found.ratio is None
    said = no_ratio(found.twin, "drop")
    assert "to divide by" in said
    assert "in the mean of 3 seeds" in said


def test_a_mean_that_is_none_has_no_ratio_of_one_seed():
    assert amplification([300.0], [0.0]).ratio is None
    one = amplification([300.0], [100.0])
    assert times_of(one.ratio) == "3.00 times, 1 seed: too few for an interval"


def test_intervals_of_width_zero_are_not_shown():
    alike, one = student_interval([3.0, 3.0, 3.0]), student_interval([3.0])
    apart = student_interval([2.0, 3.0, 4.0])
    assert np.isnan([*alike.bounds, *one.bounds]).all()
    assert apart.bounds == (apart.low, apart.high)
    assert mean_told(alike, "lots") == "3.00 lots in each of 3 seeds: no interval"
    assert mean_told(one, "lots") == "3.00 lots, 1 seed: no interval"
    assert mean_told(apart, "s", digits=1, scale=2) == "6.0 s [1.0, 11.0]"
    assert mean_told(student_interval([0.0])._replace(estimate=NAN), "s") == "not defined"


def test_what_has_not_come_by_the_end_is_no_mean(scenario, monkeypatch):
    """Of three seeds one never, then two never."""
    once = {1: 2.0, 2: 4.0, 3: float("inf")}

    def measured(_, seed):
        return [1.0, 1.0, 1.0, 1.0, once[seed], 1.0]

    monkeypatch.setattr("experiments.contest.market_facts._once", measured)
    assert market_facts(scenario).half_life == 4.0
    once[2] = float("inf")
    facts = market_facts(scenario)
    assert facts.half_life == float("inf")
    assert number(facts.half_life) == "not by the end"
    once.update({1: NAN, 2: NAN, 3: NAN})
    assert number(market_facts(scenario).half_life) == "-"
    assert MarketFacts._fields.index("half_life") == 4


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 seeds"),
        (1, "1 seed"),
        (2, "2 seeds"),
        (1.4, "1 seed"),
        (0.6, "1 seed"),
        (1e6, "1,000,000 seeds"),
    ],
)
def test_a_number_has_the_noun_that_is_shown(count, said):
    assert counted(count, "seed") == said
    assert counted(1, "stretch", "stretches") == "1 stretch"
    assert counted(2, "stretch", "stretches") == "2 stretches"
