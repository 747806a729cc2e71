"""Last step of a maker market's fit: spread, volatility and volume are brought to the file's."""

from collections.abc import Callable, Mapping
from math import exp, log
from typing import Any

import numpy as np

from agents import Simulation
from experiments.calibration.facts import GATES, Facts
from experiments.calibration.fit.observed import Observed
from experiments.calibration.measure import measure
from experiments.calibration.models import MODELS
from experiments.calibration.record_of_tape import record_of_tape
from lob.units import MINUTE_NS

__all__ = ["CLOSE", "SEEDS", "matched", "simulated"]

WARM_UP_MINUTES = 5
SEEDS = range(301, 313)
"""Of the last step: neither those of the search nor those of scores, and enough that the mean
volume is known to some hundredths."""
CLOSE = 0.05
"""So near, as a share, all three are to be."""
MOST_STEP = 0.4
"""In logarithms: a longer step would leave the range in which one answers to the other."""
SCALED = {"gate_spread_bps": "gap", "gate_volatility": "volatility", "gate_volume": "clusters"}
"""Which parameter brings which of them: about in proportion."""


def simulated(
    parameters: Mapping[str, Any], observed: Observed, minutes: float, seed: int
) -> Facts:
    """Return the facts of one run.

    Parameters
    ----------
    parameters
        Of ``agents.flow.MakerMarket``.
    observed
        The record, at the first price of which the run begins.
    minutes
        How long it is measured, after a warm-up.
    seed
        Of the run.
    """
    first = int(np.argmax(observed.both))
    price = int(observed.bid[first] + observed.ask[first]) // 2
    simulation = Simulation(seed)
    simulation.add(MODELS["maker-market"].make("flow", price=price, **parameters))
    simulation.run(until=simulation.now + round((minutes + WARM_UP_MINUTES) * MINUTE_NS))
    return measure(record_of_tape(
        simulation.events, since=WARM_UP_MINUTES * MINUTE_NS, unit_size=observed.record.unit_size,
    ))  # fmt: skip


def matched(
    parameters: Mapping[str, Any],
    observed: Observed,
    target: Facts,
    minutes: float,
    rounds: int,
    report: Callable[[str], object],
) -> tuple[dict[str, Any], dict[str, float]]:
    """Rescale ``gap``, ``volatility`` and ``clusters`` until the means over seeds are the file's.

    The best of all rounds is kept: the one in which the farthest of the three is nearest.

    Parameters
    ----------
    parameters
        Where it begins.
    observed, target
        The record and its facts.
    minutes
        How long each run is measured.
    rounds
        At most so many times runs are made; 0: none, and nothing changes.
    report
        Called with what is done next.

    Returns
    -------
    tuple
        The parameters, and how far each is off on the seeds of this step, as a share.
    """
    now = dict(parameters)
    best, least, found = now, np.inf, {}
    for turn in range(rounds):
        report(f"match {turn + 1} of at most {rounds}")
        runs = [simulated(now, observed, minutes, seed) for seed in SEEDS]
        off = {name: _ratio(name, runs, target) for name in SCALED}
        worst = max(map(abs, off.values()))
        if worst < least:
            best, least = dict(now), worst
            found = {GATES[name].title: exp(one) - 1 for name, one in off.items()}
        if worst <= CLOSE:
            break
        for name, scaled in SCALED.items():
            now[scaled] = now[scaled] * exp(-float(np.clip(off[name], -MOST_STEP, MOST_STEP)))
    return best, found


def _ratio(name: str, runs: list[Facts], target: Facts) -> float:
    """The logarithm of the runs' mean over the file's value; of what is in no run, the most."""
    goal = target.gates[name].value
    values = [one.gates[name].value or 0.0 for one in runs]
    mean = float(np.mean(values))
    if not goal:
        return 0.0
    return log(mean / goal) if mean > 0 else -MOST_STEP
