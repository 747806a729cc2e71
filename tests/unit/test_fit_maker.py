"""The fit of a maker market: direct estimates of what is known, a short search, and refusals."""

import numpy as np
import pytest

import firesale as fs
from agents.flow import MakerMarket
from experiments.calibration.fit import FitError, Observed
from experiments.calibration.fit.maker_direct import asked_sizes, clusters, hazard
from experiments.calibration.record_of_tape import record_of_tape
from experiments.markets.equity import PARAMETERS, PRICE
from lob.units import MINUTE_NS


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


def test_sizes_that_the_best_price_cut_off_are_not_taken_for_what_was_asked(observed):
    asked, served = asked_sizes(observed), np.asarray(observed.orders["size"])
    real = np.array(PARAMETERS["market_sizes"])[5:45].mean()
    plain = np.quantile(served, (np.arange(50) + 0.5) / 50)[5:45].mean()
    # An order for just what is there counts as cut off: the estimate is above what was asked.
    assert 1 < asked[5:45].mean() / real < 1.35
    assert abs(np.log(asked[5:45].mean() / real)) < abs(np.log(plain / real)) / 2


def test_hazard_falls_with_age(observed):
    found, errors, ends = hazard(observed)
    assert found[0] > 10 * found[6] > 100 * found[-1]
    assert (errors[ends > 0] > 0).all()


def test_a_short_search_gives_a_market_that_runs_and_is_the_same_again():
    events = tape(60)
    given = {"since": 5 * MINUTE_NS, "settings": {"rounds": 1, "trials": 4}, "with_laws": False}
    found, again = (fs.fit(events, "maker-market", **given) for _ in range(2))
    assert found.params_ == again.params_
    assert found.errors_["gap"] is None
    assert found.errors_["followers"][0] > 0
    assert "impact" not in found.errors_
    assert any("square root law" in text for text in found.findings.assumed)
    assert len(found.simulate(2, minutes=1).events) > 100


def test_a_tape_that_is_too_short_is_refused():
    with pytest.raises(FitError, match="500"):
        fs.fit(tape(8), "maker-market")
