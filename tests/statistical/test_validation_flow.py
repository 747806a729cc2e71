"""The compiled zero-intelligence flow gives the book that the validation target gives.

Two programs for one model: ``agents.flow.ZeroIntelligence`` inside ``agents.Simulation``, and
``experiments.validation.santa_fe``, which draws all times beforehand.
Natural units: p_c = 50 ticks.
"""

import numpy as np
import pytest

import agents
from agents import flow
from experiments.validation.santa_fe import santa_fe
from lob.units import SECOND_NS

UNIT = 50  # p_c in ticks, with mu = 1 a second


def compiled(eps: float, market_orders: int, seed: int) -> dict[str, tuple[float, float]]:
    """Spread / p_c and variance of the mid over 0.5 / delta / p_c^2, with standard errors."""
    delta = eps / 2
    one = flow.ZeroIntelligence(
        "flow", price=0, alpha=0.5 / UNIT, mu=1.0, delta=delta, window=10 * UNIT, depth=None
    )
    simulation = agents.Simulation(seed, events=False, messages=False)
    simulation.add(one)
    book = simulation.books[0]
    grid = 0.05 / delta
    simulation.run(until=round(20 / delta * SECOND_NS))
    start = simulation.now
    touch = []
    for look in range(1, round(market_orders / grid) + 1):
        simulation.run(until=start + round(look * grid * SECOND_NS))
        touch.append((book.best_bid, book.best_ask))
    bid, ask = np.array(touch, float).T
    middle = (bid + ask) / 2
    changes = (middle[10:] - middle[:-10]) ** 2
    found = {"spread": (ask - bid) / UNIT, "variance": changes / UNIT**2}
    return {
        name: (
            float(values.mean()),
            float(np.std([part.mean() for part in np.array_split(values, 10)], ddof=1) / 10**0.5),
        )
        for name, values in found.items()
    }


@pytest.mark.parametrize("eps", [0.2, 0.5])
def test_compiled_flow_and_target_agree(eps):
    """Spread and variance, four standard errors of the difference; seeds 1 and 2."""
    target = santa_fe(eps, market_orders=40_000)
    for name, (mean, error) in compiled(eps, 100_000, 2).items():
        both = (error**2 + target[f"{name}_error"] ** 2) ** 0.5
        assert mean == pytest.approx(target[name], abs=4 * both), name
        assert both < 0.03 * target[name], "too noisy to tell"
