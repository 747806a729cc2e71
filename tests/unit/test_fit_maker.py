"""The fit of a maker market: direct estimates of what is known, a short search, and refusals."""

from types import SimpleNamespace

import numpy as np
import pytest

import firesale as fs
from agents.flow import MakerMarket
from experiments.calibration.fit import FitError, Observed, maker_match
from experiments.calibration.fit.maker_direct import asked_sizes, clusters, hazard
from experiments.calibration.fit.maker_match import matched
from experiments.calibration.measure import measure
from experiments.calibration.record_of_tape import record_of_tape
from experiments.markets.equity import PARAMETERS, PRICE
from lob.units import MINUTE_NS

QUICK = {"rounds": 1, "trials": 4, "matches": 0}


def tape(minutes, seed=3, **changed):
    simulation = fs.Simulation(seed)
    simulation.add(MakerMarket("flow", price=PRICE, **{**PARAMETERS, **changed}))
    simulation.run(until=simulation.now + minutes * MINUTE_NS)
    return simulation.events


@pytest.fixture(scope="module")
def observed():
    events = tape(400, metaorders=0, metaorder_rate=0.0)
    return Observed(record_of_tape(events, since=5 * MINUTE_NS, with_changes=True))


def test_clusters_and_sides_are_recovered(observed):
    found = clusters(observed)
    off = np.abs(found.followers - PARAMETERS["followers"]) / found.followers_errors
    assert (off < 4).all()
    assert abs(found.base - PARAMETERS["clusters"]) < 4 * found.base_error
    sides = np.abs(found.same_side - PARAMETERS["same_side"]) / found.same_side_errors
    assert (sides < 4).all()


def test_sizes_that_were_asked_for_are_recovered_though_the_best_price_cut_them_off():
    off = []
    for seed in (3, 4):
        events = tape(400, seed, metaorders=0, metaorder_rate=0.0)
        seen = Observed(record_of_tape(events, since=5 * MINUTE_NS, with_changes=True))
        off.append(asked_sizes(seen).mean() / np.mean(PARAMETERS["market_sizes"]) - 1)
        assert seen.orders["size"].mean() < 0.8 * np.mean(PARAMETERS["market_sizes"])
    assert abs(np.mean(off)) < 0.1


def test_orders_for_just_what_is_there_do_not_raise_the_sizes():
    # What is asked and what is there are often the same: the round lot.
    random = np.random.default_rng(1)
    asked = random.choice([50, 100, 200, 400], 20_000, p=[0.2, 0.5, 0.2, 0.1])
    there = random.choice([100, 200, 500], 20_000, p=[0.6, 0.2, 0.2])
    quotes = np.zeros(20_000, [("ask_size", "i8"), ("bid_size", "i8")])
    quotes["ask_size"] = quotes["bid_size"] = there
    orders = np.zeros(20_000, [("before", "i8"), ("side", "i8"), ("size", "i8")])
    orders["before"], orders["side"] = np.arange(20_000), 1
    orders["size"] = np.minimum(asked, there)
    seen = SimpleNamespace(orders=orders, record=SimpleNamespace(quotes=quotes))
    assert asked_sizes(seen).mean() == pytest.approx(asked.mean(), rel=0.03)


def test_hazard_falls_with_age(observed):
    found, errors, ends = hazard(observed)
    assert found[0] > 10 * found[6] > 100 * found[-1]
    assert (errors[ends > 0] > 0).all()


def test_a_short_search_gives_a_market_that_runs_and_is_the_same_again():
    events = tape(40)
    given = {"since": 5 * MINUTE_NS, "settings": QUICK, "with_laws": False}
    found, again = (fs.fit(events, "maker-market", **given) for _ in range(2))
    assert found.params_ == again.params_
    assert found.errors_["gap"] is None
    assert found.errors_["followers"][0] > 0
    assert "impact" not in found.errors_
    assert any("square root law" in text for text in found.findings.assumed)
    assert any("thinning" in text and "answer_same" in text for text in found.findings.assumed)
    # The market file stands alone: it has all that equity is given.
    assert set(PARAMETERS) <= set(found.params_)
    assert len(found.simulate(2, minutes=1).events) > 100


def test_the_last_step_brings_spread_volatility_and_volume_to_the_record(monkeypatch):
    monkeypatch.setattr(maker_match, "SEEDS", range(301, 305))
    events = tape(100)
    record = record_of_tape(events, since=5 * MINUTE_NS, with_changes=True)
    target = measure(record)
    begin = {**PARAMETERS, "clusters": 0.04, "gap": 13.0, "volatility": 0.8}
    said = []
    found, off = matched(begin, Observed(record), target, 60, 6, said.append)
    assert max(map(abs, off.values())) < 0.1
    assert len(off) == 3
    assert 1 < len(said) <= 6
    assert found["clusters"] > 1.3 * begin["clusters"]
    assert found["gap"] > begin["gap"]
    same, nothing = matched(begin, Observed(record), target, 60, 0, said.append)
    assert (same, nothing) == (begin, {})


def test_a_tape_that_is_too_short_is_refused():
    with pytest.raises(FitError, match="500"):
        fs.fit(tape(8), "maker-market")


@pytest.mark.slow
def test_a_day_of_other_parameters_is_met_on_seeds_of_its_own():
    changed = {
        "clusters": 0.09, "gap": 12.0, "volatility": 0.8, "limit_rate": 5.0, "reaction": 9.0,
        "followers": (0.4, 0.2, 0.15), "join": 0.3,
    }  # fmt: skip
    events = tape(395, 7, **changed)
    found = fs.fit(
        events, "maker-market", since=5 * MINUTE_NS, settings={"rounds": 10}, with_laws=False
    )
    score = found.score()
    assert score.distance.estimate < 0.25
    for gate in score.gates:
        assert abs(gate.off) < 0.1
