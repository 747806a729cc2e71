"""Facts of a market when nobody in it is leveraged: spread, depth, volatility, impact."""

from typing import NamedTuple

import numpy as np

import agents
from experiments.scenario.build import build
from experiments.scenario.read import Scenario
from lob.units import SECOND_NS

__all__ = ["MarketFacts", "market_facts"]

SAMPLES = 60
BAND = 0.01


class MarketFacts(NamedTuple):
    """Facts of the market of the shock's instrument, means over seeds.

    ``nan`` where one is not defined. The half-life is a median: a mean with one seed in
    which half is not gone would be infinite.
    """

    spread: float
    """Mean of best ask - best bid before the shock, in ticks."""
    depth: float
    """Mean lots within 1 % of the mid before the shock, on the side that the shock trades with."""
    volatility: float
    """Standard deviation of the mid's change over a second before the shock, in ticks."""
    impact: float
    """Ticks that the mid has moved when the shock is over, positive where a sale pushed it down or
    a purchase up."""
    half_life: float
    """Seconds after the shock until half of the impact is gone, the median over seeds; infinite:
    not until the horizon in at least half of them."""
    depth_after: float
    """Depth a second after the shock over the depth before, a share."""


def market_facts(scenario: Scenario, seeds: range = range(1, 4)) -> MarketFacts:
    """Measure a scenario's market with its shock and its makers, but without any leverage.

    Parameters
    ----------
    scenario
        The scenario; populations, traders and keepers are left out.
    seeds
        Roots of all randomness; 1 to 3, chosen.
    """
    bare = scenario.model_copy(update={"populations": [], "traders": [], "keepers": []})
    found = np.array([_once(bare, seed) for seed in seeds])
    known = ~np.isnan(found)
    with np.errstate(invalid="ignore"):
        means = np.where(known, found, 0).sum(axis=0) / known.sum(axis=0)
    facts = MarketFacts(*means.tolist())
    half = np.sort(found[:, MarketFacts._fields.index("half_life")])
    half = half[~np.isnan(half)]
    # The upper middle one of an even number: between a time and never there is no mean.
    return facts._replace(half_life=float(half[len(half) // 2]) if len(half) else float("nan"))


def _once(scenario: Scenario, seed: int) -> list[float]:
    shock = scenario.shocks[0]
    number = scenario.number_of(shock.instrument)
    sign = 1 if shock.side == "sell" else -1
    simulation = build(scenario, seed, forced=False, events=False, messages=False)
    start = round(shock.at * SECOND_NS) - 1
    spreads, depths, mids = [], [], []
    for ts in np.linspace(start // 2, start, SAMPLES).astype(np.int64).tolist():
        simulation.run(until=ts)
        mid, spread = _touch(simulation, number)
        mids.append(mid)
        spreads.append(spread)
        depths.append(_depth(simulation, number, mid, sign))
    between = (start - start // 2) / (SAMPLES - 1) / SECOND_NS
    volatility = float(np.nanstd(np.diff(mids)) / np.sqrt(between))
    before, over = mids[-1], round((shock.at + shock.over) * SECOND_NS)
    simulation.run(until=over)
    impact = sign * (before - _touch(simulation, number)[0])
    half, after = float("inf"), float("nan")
    horizon = round(scenario.horizon * SECOND_NS)
    steps = np.unique(np.append(np.geomspace(1e6, horizon, SAMPLES), SECOND_NS)).astype(np.int64)
    for ts in steps[steps <= horizon].tolist():
        simulation.run(until=over + ts)
        mid = _touch(simulation, number)[0]
        if ts <= SECOND_NS:
            after = _depth(simulation, number, mid, sign)
        if half == float("inf") and sign * (before - mid) <= impact / 2:
            half = ts / SECOND_NS
    usual = float(np.nanmean(depths))
    return [
        float(np.nanmean(spreads)),
        usual,
        volatility,
        impact,
        half if impact > 0 else float("nan"),
        after / usual if usual else float("nan"),
    ]


def _touch(simulation: agents.Simulation, number: int) -> tuple[float, float]:
    """Mid and spread; ``nan`` where a side is empty."""
    book = simulation.books[number]
    if book.best_bid is None or book.best_ask is None:
        return float("nan"), float("nan")
    return (book.best_bid + book.best_ask) / 2, float(book.best_ask - book.best_bid)


def _depth(simulation: agents.Simulation, number: int, mid: float, sign: int) -> float:
    """Lots within 1 % of the mid, on the side that the shock takes from."""
    book = simulation.books[number]
    levels = book.bids(2**20) if sign > 0 else book.asks(2**20)
    near = np.abs(levels["price"] - mid) <= BAND * mid
    return float(levels["size"][near].sum())
