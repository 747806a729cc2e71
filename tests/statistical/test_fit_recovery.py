"""Every fit finds the parameters of the market that it is given.

A market of known parameters is simulated with a fixed seed, measured, and fitted. Tolerances are in
the standard errors that the fit itself tells: 3 for each number, and 4 where there are dozens of
them, with a mean of their squares near 1: errors that are too large are a fault as well.
"""

import warnings

import numpy as np
import pytest

import agents
import firesale as fs
from agents import flow
from experiments.calibration.fit import FITS
from lob.units import SECOND_NS

WARM_UP = 20 * SECOND_NS
ERRORS, ERRORS_OF_MANY = 3.0, 4.0
CAUSES = np.zeros((6, 6))
CAUSES[np.arange(6), np.arange(6)] = 0.3
CAUSES[[4, 5, 1, 0, 0, 1], np.arange(6)] = 0.2


def fitted(one, seed, seconds, model, **settings):
    """The fit of a run of a flow."""
    simulation = agents.Simulation(seed, messages=False)
    simulation.add(one)
    simulation.run(until=seconds * SECOND_NS)
    return fs.fit(simulation.events, model, since=WARM_UP, settings=settings)


def off(found, truth):
    """How many standard errors each number that has one is off, by its name."""
    known = {}
    for name, value in truth.items():
        for place in np.ndindex(np.shape(value)):
            known[name + "".join(f"[{i}]" for i in place)] = float(np.asarray(value)[place])
    frame = found.frame().dropna(subset="error").set_index("parameter")
    frame = frame[frame["error"] > 0]
    assert set(known) & set(frame.index)
    return {
        name: (row["estimate"] - known[name]) / row["error"]
        for name, row in frame.iterrows()
        if name in known
    }


def is_recovered(found, truth, many=False):
    distance = off(found, truth)
    worst = max(distance, key=lambda name: abs(distance[name]))
    assert abs(distance[worst]) < (ERRORS_OF_MANY if many else ERRORS), (worst, distance)
    if many:
        assert 0.4 < np.mean(np.square(list(distance.values()))) < 1.6
    assert set(found.errors_) <= set(found.params_)
    return distance


def test_there_is_a_recovery_of_every_model():
    tested = {"zero-intelligence", "poisson", "long-memory", "hawkes", "queue-reactive"}
    # The maker market is searched for, by what it does: tests/unit/test_fit_maker.py.
    assert tested | {"maker-market"} == set(FITS)


def test_zero_intelligence():
    truth = {"alpha": 3.0, "mu": 100.0, "delta": 0.1, "window": 100}
    one = flow.ZeroIntelligence("flow", price=10_000, sigma=5, depth=None, **truth)
    found = fitted(one, 3, 300, "zero-intelligence")
    assert len(is_recovered(found, truth)) == 4
    assert found.params_["sigma"] == 5


def test_poisson():
    truth = {
        "lambda_": [1.85, 1.51, 1.09, 0.88, 0.77],
        "theta": [0.71, 0.81, 0.68, 0.56, 0.47],
        "mu": 0.94,
        "k": 1.92,
        "alpha": 0.52,
    }
    one = flow.Poisson("flow", price=10_000, window=30, depth=None, **truth)
    found = fitted(one, 2, 1_000, "poisson", levels=5)
    assert len(is_recovered(found, truth)) == 13
    assert found.params_["window"] == 30


def test_long_memory():
    truth = {"metaorders": 5, "beta": 1.5, "mu": 20.0, "alpha": 1.0, "delta": 0.2, "window": 60}
    one = flow.LongMemory("flow", price=10_000, depth=None, **truth)
    found = fitted(one, 2, 600, "long-memory")
    assert len(is_recovered(found, truth)) == 6


def test_hawkes():
    truth = {
        "baseline": [3.0, 3.0, 0.75, 0.75, 1.25, 1.25],
        "excitation": CAUSES,
        "decay": 2.0,
        "placement": np.array([0.5, 0.3, 0.15, 0.05]),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theta is 0, and the run short
        one = flow.Hawkes("flow", price=10_000, **truth)
    found = fitted(one, 2, 600, "hawkes")
    is_recovered(found, truth, many=True)
    # What is 0 has no error, or is not clear of 0.
    assert found.params_["theta"] < 3 * (found.errors_["theta"] or np.inf)


def test_hawkes_with_a_decay_of_each_cause_and_orders_that_leave_by_themselves():
    causes = CAUSES.copy()
    causes[:, 4:] = 0  # or what theta cancels would seem to excite
    truth = {
        "baseline": [3.0, 3.0, 0.75, 0.75, 0.25, 0.25],
        "excitation": causes,
        "decay": [2.0, 3.0, 5.0, 4.0, 2.0, 2.0],
        "theta": 0.05,
    }
    one = flow.Hawkes("flow", price=10_000, placement=[0.5, 0.3, 0.15, 0.05], **truth)
    found = fitted(one, 2, 600, "hawkes", decays="each")
    is_recovered(found, truth, many=True)


def test_queue_reactive():
    lengths = range(6)
    truth = {
        "limit": [[2.0 / (1 + 0.1 * n) for n in lengths] for _ in range(3)],
        "cancel": [[1.2 * n / (n + 2) for n in lengths] for _ in range(3)],
        "market": [[0.0, *(0.8 / (1 + 0.05 * n) for n in range(1, 6))] for _ in range(3)],
        "theta": 0.7,
        "theta_reinit": 0.1,
    }
    one = flow.QueueReactive("flow", price=10_000, **truth)
    found = fitted(one, 2, 3_000, "queue-reactive", levels=3, lengths=5)
    is_recovered(found, truth, many=True)


@pytest.mark.parametrize("model", ["zero-intelligence", "poisson"])
def test_a_fit_of_a_fitted_market_is_the_same_market(model):
    """What is fitted to a run of the fit is within its errors of the fit."""
    one = flow.ZeroIntelligence(
        "flow", price=10_000, alpha=1.0, mu=40.0, delta=0.2, sigma=2, window=60, depth=None
    )
    first = fitted(one, 3, 300, model)
    run = first.simulate(7, minutes=5)
    again = fs.fit(run.events, model, since=WARM_UP)
    assert again.params_["mu"] == pytest.approx(
        first.params_["mu"], abs=ERRORS * 2**0.5 * first.errors_["mu"]
    )
