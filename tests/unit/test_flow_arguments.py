"""A flow that is set up wrongly says what is wrong, and shows it."""

import math

import numpy as np
import pytest

import agents
from agents import flow
from agents.flow.choice import Choice
from agents.flow.stationary import queue_lengths
from tests.unit.test_flow_agents import hawkes, queue_reactive

ZI = {"price": 100, "alpha": 1.0, "mu": 1.0, "delta": 0.1}
CST = {"price": 100, "lambda_": [1.0], "theta": [0.1], "mu": 1.0}
LMF = {"price": 100, "metaorders": 3, "beta": 1.5, "mu": 1.0, "alpha": 1.0, "delta": 0.1}
HAWKES = {"price": 100, "baseline": [1.0] * 6, "excitation": [[0.1] * 6] * 6, "decay": 1.0}
QUEUES = {"price": 100, "limit": [[1.0]], "cancel": [[0, 2.0]], "market": [[0, 1.0]], "theta": 0.5}


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "complaint"),
    [
        (flow.ZeroIntelligence, ZI, {"alpha": -1}, "alpha must be finite and at least 0, got -1"),
        (flow.ZeroIntelligence, ZI, {"mu": math.inf}, "mu must be finite .* got inf"),
        (flow.ZeroIntelligence, ZI, {"delta": "fast"}, "delta must be a number, got 'fast'"),
        (flow.ZeroIntelligence, ZI, {"sigma": 0}, "sigma must be .* got 0"),
        (flow.ZeroIntelligence, ZI, {"window": 0}, "window must be .* got 0"),
        (flow.ZeroIntelligence, ZI, {"price": 1.5}, "price must be .* got 1.5"),
        (flow.ZeroIntelligence, ZI, {"size": 3}, "size: .* got 3"),
        (flow.ZeroIntelligence, ZI, {"members": 3}, "members: .* got 3"),
        (flow.ZeroIntelligence, ZI, {"depth": -1}, "depth must be .* got -1"),
        (flow.ZeroIntelligence, ZI, {"depth": 5, "delta": 0}, "depth must be 0 .* got 5"),
        (flow.ZeroIntelligence, ZI, {"depth": 5, "alpha": 0}, "depth must be 0 .* got 5"),
        (flow.ZeroIntelligence, ZI, {"depth": None, "delta": 1e-9}, "depth must be given"),
        (flow.Poisson, CST, {"lambda_": []}, "lambda_ must not be empty"),
        (flow.Poisson, CST, {"lambda_": [1, math.nan]}, r"lambda_\[1\] must be finite .* got nan"),
        (flow.Poisson, CST, {"lambda_": [1, 2], "window": 1}, "window must be at least 2, got 1"),
        (flow.Poisson, CST, {"theta": 3}, "theta must be a list of numbers, got 3"),
        (flow.LongMemory, LMF, {"beta": 1.0}, "beta must be above 1: .* got 1.0"),
        (flow.LongMemory, LMF, {"beta": 11}, "beta must be finite and from 1 to 10, got 11"),
        (flow.LongMemory, LMF, {"metaorders": 0}, "metaorders must be .* got 0"),
        (flow.Hawkes, HAWKES, {"excitation": [[0.2] * 6] * 6}, "spectral radius below 1.* 1.2"),
        (flow.Hawkes, HAWKES, {"excitation": [[0.1] * 6] * 5}, "excitation must have 6 rows"),
        (flow.Hawkes, HAWKES, {"excitation": [[0.1] * 5] * 6}, r"excitation\[0\] must have 6"),
        (flow.Hawkes, HAWKES, {"baseline": [1.0]}, "baseline must have 6 entries, got 1"),
        (flow.Hawkes, HAWKES, {"decay": 0.0}, "decay must be above 0"),
        (flow.Hawkes, HAWKES, {"placement": [0, 0]}, "placement must have an entry above 0"),
        (flow.QueueReactive, QUEUES, {"theta": 1.5}, "theta must be finite and from 0 to 1"),
        (flow.QueueReactive, QUEUES, {"market": [[1.0]]}, r"market\[0\]\[0\] must be 0, got 1.0"),
        (flow.QueueReactive, QUEUES, {"cancel": []}, "cancel must have 1 lists, got 0"),
        (flow.QueueReactive, QUEUES, {"limit": [[4.0]]}, r"limit\[0\] must be below"),
        (flow.QueueReactive, QUEUES, {"market_data_delay": 5}, "market_data_delay .* got 5"),
    ],
)
def test_what_is_wrong_is_named_and_shown(kind, right, wrong, complaint):
    kind("right", **right)
    with pytest.raises((TypeError, ValueError), match=complaint):
        kind("wrong", **{**right, **wrong})


def test_a_choice_has_the_probabilities_of_its_weights():
    weights = [3.0, 0.0, 1.0, 0.5, 12.0, 1e-9]
    choice = Choice("weights", weights)
    assert choice.probabilities() == pytest.approx([w / sum(weights) for w in weights], abs=1e-15)


def test_the_tail_of_the_rates_is_a_power_law():
    """lambda_(i) = k / i**alpha beyond the list; within 5 standard errors of 50,000 orders."""
    one = flow.Poisson(
        "f", price=0, lambda_=[5], theta=[1], mu=0, k=8, alpha=1.5, window=30, depth=50_000
    )
    simulation = agents.Simulation(3)
    simulation.add(one)
    simulation.step(0)
    seen = np.bincount(np.abs(simulation.messages["price"]), minlength=31)[1:]
    rates = np.array([5.0] + [8 / i**1.5 for i in range(2, 31)])
    expected = 50_000 * rates / rates.sum()
    assert (np.abs(seen - expected) < 5 * np.sqrt(expected)).all()


def test_a_lone_queue_without_market_orders_is_poisson():
    """Arrivals at rate 3, each leaving at rate 1: Poisson with mean 3."""
    weights = queue_lengths(0, [3.0], [float(n) for n in range(200)], [0.0])
    assert weights[:5] == pytest.approx([3**n / math.factorial(n) for n in range(5)])
    assert sum(weights) == pytest.approx(math.exp(3), rel=1e-9)


def test_the_size_cannot_be_forgotten():
    assert hawkes(size=3).size == 3
    assert queue_reactive(size=4).size == 4
