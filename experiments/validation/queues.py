"""Queues at the best quotes: Cont-Stoikov-Talreja, Cont-de Larrard, and one queue at rest.

Sources: R. Cont, S. Stoikov and R. Talreja, "A stochastic model for order book dynamics",
Operations Research 58, 2010; R. Cont and A. de Larrard, "Price dynamics in a Markovian limit order
market", SIAM Journal on Financial Mathematics 4, 2013; W. Huang, C.-A. Lehalle and M. Rosenbaum,
"Simulating and analyzing order book data: the queue-reactive model", Journal of the American
Statistical Association 110, 2015.

The first queue to empty moves the mid: up if it is the ask. Each queue is a birth-death process
of unit orders, and the two do not know of each other.
"""

from collections.abc import Callable, Sequence
from math import atan, sqrt

import numpy as np
from numpy.typing import NDArray

from experiments.validation.target import Values
from lob.checks import natural, real

__all__ = [
    "BIRTHS",
    "CANCELLATIONS",
    "cont_de_larrard",
    "cont_de_larrard_limit",
    "cont_stoikov_talreja",
    "cst_parameters",
    "first_to_empty",
    "next_change",
    "queue_at_rest",
    "race",
    "symmetric_race",
]

Rates = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Rate of an event, in events a unit of time, for each length of a queue in an array."""

# Table 2 of Cont, Stoikov and Talreja: rates a second at 1 to 5 ticks from the opposite quote.
BIRTHS = (1.85, 1.51, 1.09, 0.88, 0.77)
"""Limit orders a second at 1 to 5 ticks from the opposite quote (Cont et al. 2010, table 2)."""
CANCELLATIONS = (0.71, 0.81, 0.68, 0.56, 0.47)
"""Cancellations a second of each order at 1 to 5 ticks from the opposite quote (table 2)."""
MARKET_ORDERS = 0.94
"""Market orders a second on a side (table 2)."""
FAR_LEVEL, FAR_EXPONENT = 1.92, 0.52


def cont_stoikov_talreja(
    arrival: float = BIRTHS[0],
    cancellation: float = CANCELLATIONS[0],
    market: float = MARKET_ORDERS,
    size: int = 5,
    draws: int = 0,
    seed: int = 1,
) -> Values:
    """Chance that the mid moves up first from a spread of one tick, with b bids and a asks.

    The default rates are those of Cont, Stoikov and Talreja 2010, table 2.

    Parameters
    ----------
    arrival, cancellation, market
        Rates a second: limit orders at a best quote, cancellations of each of its orders, market
        orders; positive.
    size
        Rows b and columns a from 1 to this.
    draws
        Races simulated for each entry; 0 for none.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``up``, row b, column a, by solving the first-passage equations; ``up_simulated``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("arrival", arrival, above=0)
    real("cancellation", cancellation, above=0)
    natural("draws", draws, 0)
    natural("size", size, 1)
    real("market", market, 0)

    def births(queue: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(queue.shape, arrival)

    def deaths(queue: NDArray[np.float64]) -> NDArray[np.float64]:
        return market + cancellation * queue

    # A queue beyond some ten standard deviations over its start is never seen.
    usual = arrival / cancellation
    largest = size + int(usual + 10 * sqrt(usual) + 20)
    return _table(births, deaths, size, largest, draws, seed)


def _table(births: Rates, deaths: Rates, size: int, largest: int, draws: int, seed: int) -> Values:
    values: Values = {"up": first_to_empty(births, deaths, largest)[:size, :size].tolist()}
    if draws:
        up = race(births, deaths, size, draws, np.random.default_rng(seed))
        values["up_simulated"] = up.tolist()
        values["up_simulated_error"] = np.sqrt(up * (1 - up) / draws).tolist()
    return values


def first_to_empty(births: Rates, deaths: Rates, largest: int) -> NDArray[np.float64]:
    """Return the chance that the ask empties before the bid, from every pair of queues.

    Parameters
    ----------
    births, deaths
        Rates at which a queue of each length grows and shrinks by one order.
    largest
        Most orders of a queue: births stop there.

    Returns
    -------
    numpy.ndarray
        float64: row b - 1, column a - 1 for b bids and a asks.

    Notes
    -----
    The chances h solve, for every b and a, (births(b) + deaths(b) + births(a) + deaths(a)) h(b, a)
    = births(b) h(b+1, a) + deaths(b) h(b-1, a) + births(a) h(b, a+1) + deaths(a) h(b, a-1) with
    h(0, a) = 0 and h(b, 0) = 1. Blocks of one bid queue each are eliminated from the largest
    down; the matrix is diagonally dominant, so this needs no pivots.
    """
    queue: NDArray[np.float64] = np.arange(1, largest + 1).astype(np.float64)
    up, down = np.where(queue < largest, births(queue), 0.0), deaths(queue)
    ask = np.diag(up + down) - np.diag(up[:-1], 1) - np.diag(down[1:], -1)
    source = np.where(queue == 1, down, 0.0)
    identity = np.eye(largest)
    follow = np.zeros((largest, largest))  # h(b + 1, .) = follow @ h(b, .) + offset
    offset = np.zeros(largest)
    steps = []
    for bid in range(largest - 1, -1, -1):
        system = ask + (up[bid] + down[bid]) * identity - up[bid] * follow
        right = np.column_stack([down[bid] * identity, source + up[bid] * offset])
        solved = np.linalg.solve(system, right)
        follow, offset = solved[:, :-1], solved[:, -1]
        steps.append((follow, offset))
    chances = np.zeros((largest + 1, largest))
    for bid, (follow, offset) in enumerate(reversed(steps)):
        chances[bid + 1] = follow @ chances[bid] + offset
    return chances[1:]


def race(
    births: Rates, deaths: Rates, size: int, draws: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return the share of simulated races in which the ask empties first, for short queues.

    A race that nobody loses in 100,000 steps, possible where queues do not shrink, is a draw and
    counts half.

    Parameters
    ----------
    births, deaths
        Rates at which a queue of each length grows and shrinks by one order.
    size
        Rows (bids) and columns (asks) from 1 to this.
    draws
        Races for each entry.
    random
        The generator that is drawn from.
    """
    cells = np.repeat(np.arange(size * size), draws)
    bid = (cells // size + 1).astype(np.float64)
    ask = (cells % size + 1).astype(np.float64)
    wins = np.zeros(size * size)
    for _ in range(100_000):
        rates = np.cumsum([births(bid), deaths(bid), births(ask), deaths(ask)], axis=0)
        which = (random.random(len(bid)) * rates[3] >= rates[:3]).sum(axis=0)
        bid += (which == 0).astype(np.float64) - (which == 1)
        ask += (which == 2).astype(np.float64) - (which == 3)
        wins += np.bincount(cells[ask == 0], minlength=size * size)
        going = (bid > 0) & (ask > 0)
        bid, ask, cells = bid[going], ask[going], cells[going]
        if not len(cells):
            break
    wins += np.bincount(cells, minlength=size * size) / 2
    return wins.reshape(size, size) / draws


def cont_de_larrard(
    arrival: float = 1.0, departure: float = 1.0, size: int = 5, draws: int = 0, seed: int = 1
) -> Values:
    """Chance that the mid moves up first where rates do not depend on the queues.

    Parameters
    ----------
    arrival, departure
        Rates at a side: limit orders; market orders and cancellations together, not below arrivals.
        Only their quotient matters.
    size
        Rows b (bids) and columns a (asks) from 1 to this.
    draws
        Races simulated for each entry; 0 for none.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``up``, row b, column a, and ``up_simulated``. With equal rates by the integral of
        ``symmetric_race``, else by solving the first-passage equations.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("arrival", arrival, above=0)
    real("departure", departure, above=0)
    natural("size", size, 1)
    natural("draws", draws, 0)

    def births(queue: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(queue.shape, arrival)

    def deaths(queue: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(queue.shape, departure)

    if arrival > departure:
        raise ValueError(f"arrival must not exceed departure = {departure!r}, got {arrival!r}")
    values = _table(births, deaths, size, size + 150, draws, seed)
    if arrival == departure:
        numbers = range(1, size + 1)
        values["up"] = [[symmetric_race(bid, ask) for ask in numbers] for bid in numbers]
    return values


def symmetric_race(bid: int, ask: int, nodes: int = 20_000) -> float:
    """Return the chance that ``ask`` unit orders go before ``bid``, all rates equal.

    Parameters
    ----------
    bid, ask
        Orders in either queue, 1 or more.
    nodes
        Points of the midpoint rule.

    Notes
    -----
    The chance h is harmonic for the simple random walk on the quadrant, 0 at bid = 0 and 1 at
    ask = 0. sin(b t) r(t)^a is harmonic and 0 at b = 0 if r + 1/r = 4 - 2 cos t; the root
    below 1 stays bounded. As sum_b sin(b t) = cot(t/2) / 2 on (0, pi) in the sense of
    distributions, (1/pi) of the integral over (0, pi) of sin(b t) cot(t/2) is 1 for every
    b >= 1: that weight gives the boundary value at a = 0.
    """
    # Midpoints: the integrand is smooth, and no node falls on t = 0.
    angle = (np.arange(nodes) + 0.5) * (np.pi / nodes)
    middle = 2 - np.cos(angle)
    root = middle - np.sqrt(middle**2 - 1)
    return float((root**ask * np.sin(bid * angle) / np.tan(angle / 2)).mean())


def cont_de_larrard_limit(
    ratios: Sequence[float] = (2.0, 3.0, 5.0), correlation: float = 0.0, queue: int = 10
) -> Values:
    """The chance that the ask empties first, for long queues (Cont, de Larrard 2013).

    It is a function of bid / ask and their correlation alone.

    Parameters
    ----------
    ratios
        Bid queue over ask queue, positive.
    correlation
        Correlation of the two queues' changes, between -1 and 1.
    queue
        Orders in the ask queue of the discrete chance it is compared with (no correlation only).

    Returns
    -------
    Values
        ``up`` for each ratio, and ``up_discrete`` from ``symmetric_race``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    natural("queue", queue, 1)
    real("correlation", correlation, above=-1, below=1)
    skew = sqrt((1 + correlation) / (1 - correlation))
    for ratio in ratios:
        real("ratios", ratio, above=0)
    values: Values = {
        "up": [0.5 - atan(skew * (1 - x) / (1 + x)) / (2 * atan(skew)) for x in ratios]
    }
    if correlation == 0:
        values["up_discrete"] = [symmetric_race(max(1, round(x * queue)), queue) for x in ratios]
    return values


def next_change(
    at: Sequence[tuple[int, int]] = ((1, 1), (1, 3), (2, 2), (5, 1)),
    arrivals: Sequence[float] = BIRTHS,
    cancellations: Sequence[float] = CANCELLATIONS,
    market: float = MARKET_ORDERS,
    draws: int = 200_000,
    seed: int = 1,
) -> Values:
    """Chance that a queue grows when it next changes, at a spread of one tick.

    The default rates are those of Cont, Stoikov and Talreja 2010, table 2.

    Parameters
    ----------
    at
        Pairs: distance i from the opposite quote in ticks, and orders n in the queue.
    arrivals, cancellations
        Rates a second at distances 1, 2, ...: limit orders, and cancellations of each order.
    market
        Market orders a second, which come to distance 1 alone.
    draws
        Next changes simulated for each pair, from the waiting times of each order by itself.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``grows`` and ``grows_simulated``, one a pair.

    Raises
    ------
    ValueError
        If a rate or a pair is out of range.
    """
    real("market", market, above=0)
    natural("draws", draws, 1)
    random = np.random.default_rng(seed)
    grows, simulated = [], []
    for distance, orders in at:
        if not 1 <= distance <= min(len(arrivals), len(cancellations)) or orders < 1:
            raise ValueError(
                f"at must name known distances and orders >= 1, got {distance, orders}"
            )
        birth, leave = arrivals[distance - 1], cancellations[distance - 1]
        taken = market if distance == 1 else 0.0
        grows.append(birth / (birth + taken + orders * leave))
        gone = random.exponential(1 / leave, (orders, draws)).min(axis=0)
        if taken:
            gone = np.minimum(gone, random.exponential(1 / taken, draws))
        simulated.append(float((random.exponential(1 / birth, draws) < gone).mean()))
    return {
        "grows": grows,
        "grows_simulated": simulated,
        "grows_simulated_error": [sqrt(p * (1 - p) / draws) for p in simulated],
    }


def cst_parameters(distances: int = 10) -> Values:
    """The rates that the targets of Cont, Stoikov and Talreja use, by distance; all a second.

    Parameters
    ----------
    distances
        Farthest distance from the opposite quote in ticks.

    Returns
    -------
    Values
        ``arrivals`` at 1 to 5 ticks, ``cancellations`` at 1 to 5 ticks, ``market``, and
        ``far_arrivals`` from 6 to ``distances`` ticks, k / i^alpha with ``far_level`` k and
        ``far_exponent`` alpha, and ``far_cancellation``.
    """
    natural("distances", distances, 1)
    return {
        "arrivals": list(BIRTHS),
        "cancellations": list(CANCELLATIONS),
        "market": MARKET_ORDERS,
        "far_level": FAR_LEVEL,
        "far_exponent": FAR_EXPONENT,
        "far_cancellation": CANCELLATIONS[-1],
        "far_arrivals": [FAR_LEVEL / i**FAR_EXPONENT for i in range(6, distances + 1)],
    }


def queue_at_rest(
    arrival: float | Sequence[float] = 1.85,
    market: float | Sequence[float] = 0.94,
    cancellation: float = 0.71,
    largest: int = 200,
    shown: int = 6,
    changes: int = 400_000,
    seed: int = 1,
) -> Values:
    """Stationary law of one queue at a fixed reference price; it may be empty.

    The queue-reactive model I of Huang, Lehalle and Rosenbaum 2015; the default rates are those of
    Cont, Stoikov and Talreja 2010 at the best quote.

    Parameters
    ----------
    arrival
        Orders a second with n = 0, 1, 2, ... in the queue; one number or the last of a list holds
        from there on. Positive.
    market
        Market orders a second with n = 1, 2, ... in the queue, likewise; not negative.
    cancellation
        Cancellations a second of each order, not negative.
    largest
        Where the sum over n is cut.
    shown
        Sizes in the two laws returned.
    changes
        Changes of the simulated queues, 1,000 of which run side by side.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        ``law`` (n = 0, 1, ...), ``mean``, ``law_simulated`` (time-weighted) and
        ``total_variation``: half the sum of |simulated - law| over all n.

    Raises
    ------
    ValueError
        If a parameter is out of range, or the queue grows without bound.
    """
    natural("largest", largest, 10)
    natural("shown", shown, 1)
    natural("changes", changes, 100_000)
    up, down = _by_size(arrival, largest), _by_size(market, largest)
    if cancellation < 0 or up.min() <= 0 or down.min() < 0:
        raise ValueError(
            f"arrival must be positive, market and cancellation not negative, "
            f"got {arrival!r}, {market!r}, {cancellation!r}"
        )
    down = np.concatenate([[0.0], down[:-1] + cancellation * np.arange(1, largest)])
    if not (up[-1] < down[-1]):
        raise ValueError(f"arrival must stay below departures in long queues, got {arrival!r}")
    logs = np.concatenate([[0.0], np.cumsum(np.log(up[:-1]) - np.log(down[1:]))])
    law = np.exp(logs - logs.max())
    law /= law.sum()
    seen = _occupation(up, down, changes, np.random.default_rng(seed))
    return {
        "law": law[:shown].tolist(),
        "mean": float(law @ np.arange(largest)),
        "law_simulated": seen[:shown].tolist(),
        "total_variation": float(abs(seen - law).sum() / 2),
    }


def _by_size(rate: float | Sequence[float], largest: int) -> NDArray[np.float64]:
    given = np.atleast_1d(np.asarray(rate, np.float64))
    return given[np.minimum(np.arange(largest), len(given) - 1)]


def _occupation(
    up: NDArray[np.float64], down: NDArray[np.float64], changes: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return the share of time that simulated queues spend at each size, from empty, warmed up."""
    queues = 1_000
    size = np.zeros(queues, np.int64)
    spent = np.zeros(len(up))
    rounds = changes // queues
    for turn in range(rounds):
        total = up[size] + down[size]
        if 4 * turn >= rounds:
            spent += np.bincount(size, 1 / total, minlength=len(up))
        size += np.where(random.random(queues) * total < up[size], 1, -1)
        np.minimum(size, len(up) - 1, out=size)
    shares: NDArray[np.float64] = spent / spent.sum()
    return shares
