"""Zero-intelligence traders in a continuous double auction.

Source: D. Gode and S. Sunder, "Allocative efficiency of markets with zero-intelligence traders",
Journal of Political Economy 101, 1993. Their schedules appear in figures only: the default here is
a straight demand and supply.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from experiments.validation.target import Values
from lob import OrderBook, Side
from lob.checks import natural

__all__ = ["double_auction", "largest_surplus"]

VALUES = tuple(range(190, 10, -10))
"""Values of the buyers' units in ticks: a straight demand, chosen."""
COSTS = tuple(range(10, 190, 10))
"""Costs of the sellers' units in ticks: a straight supply, chosen."""


def double_auction(
    values: Sequence[int] = VALUES,
    costs: Sequence[int] = COSTS,
    highest_price: int = 200,
    sessions: int = 200,
    quotes: int = 3_000,
    seed: int = 1,
) -> Values:
    """Share of the possible surplus that random quotes realise, with and without a budget.

    In turn a random trader with a unit left quotes a random price for it: anywhere from 1 to
    ``highest_price`` (unconstrained), or never at a loss (constrained). The best bid and offer
    stand until beaten or taken; a trade is at the standing quote and clears the book.

    Parameters
    ----------
    values, costs
        One unit each of a buyer and of a seller, in ticks, from 1 to ``highest_price``.
    highest_price
        Highest quote in ticks; 200 in Gode and Sunder 1993.
    sessions, quotes
        Trading sessions, and quotes in each.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``constrained`` and ``unconstrained`` efficiency in percent with standard errors, and
        ``advantage``, the first less the second.

    Raises
    ------
    ValueError
        If a price is out of range, or no unit gains.
    """
    natural("highest_price", highest_price, 1)
    natural("sessions", sessions, 1)
    natural("quotes", quotes, 1)
    for name, prices in {"values": values, "costs": costs}.items():
        if not prices or min(prices) < 1 or max(prices) > highest_price:
            raise ValueError(f"{name} must hold prices from 1 to {highest_price}, got {prices!r}")
    possible = largest_surplus(values, costs)
    if possible <= 0:
        raise ValueError(f"values must exceed some of costs, got {values!r} and {costs!r}")
    found: Values = {}
    for name, constrained in {"constrained": True, "unconstrained": False}.items():
        random = np.random.default_rng(seed)
        shares = [
            100 * _session(values, costs, highest_price, quotes, constrained, random) / possible
            for _ in range(sessions)
        ]
        found[name] = float(np.mean(shares))
        found[f"{name}_error"] = float(np.std(shares) / sqrt(sessions))
    found["advantage"] = found["constrained"] - found["unconstrained"]
    return found


def largest_surplus(values: Sequence[int], costs: Sequence[int]) -> int:
    """Return the most that buyers and sellers can gain, in ticks.

    The sum of value - cost over the units that gain, matched best with best.

    Parameters
    ----------
    values, costs
        One unit each of a buyer and of a seller, in ticks.
    """
    pairs = zip(sorted(values, reverse=True), sorted(costs), strict=False)
    return sum(max(value - cost, 0) for value, cost in pairs)


def _session(
    values: Sequence[int],
    costs: Sequence[int],
    highest: int,
    quotes: int,
    constrained: bool,
    random: np.random.Generator,
) -> int:
    """Return the surplus of one trading session."""
    limits = [(Side.BUY, value) for value in values] + [(Side.SELL, cost) for cost in costs]
    active = list(range(len(limits)))
    book, surplus = OrderBook(), 0
    who, where = random.random(quotes).tolist(), random.random(quotes).tolist()
    for turn in range(quotes):
        if not active:
            break
        trader = active[int(who[turn] * len(active))]
        side, limit = limits[trader]
        low, high = 1, highest
        if constrained:
            low, high = (1, limit) if side == Side.BUY else (limit, highest)
        price = low + int(where[turn] * (high - low + 1))
        best = book.best_bid if side == Side.BUY else book.best_ask
        if best is not None and (price - best) * side <= 0:
            continue  # does not improve on what stands
        outcome = book.submit(order_id=turn, side=side, price=price, size=1, owner=trader)
        if not outcome.trades:
            continue
        other = outcome.trades[0].resting_owner
        surplus += side * limit + limits[other][0] * limits[other][1]
        active = [index for index in active if index not in (trader, other)]
        book = OrderBook()
    return surplus
