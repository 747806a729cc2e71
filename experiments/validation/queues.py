"""Queues at the best quotes: Cont-Stoikov-Talreja, Cont-de Larrard, and one queue at rest.

Sources: R. Cont, S. Stoikov and R. Talreja, "A stochastic model for order book dynamics",
Operations Research 58, 2010; R. Cont and A. de Larrard, "Price dynamics in a Markovian limit order
market", SIAM Journal on Financial Mathematics 4, 2013; W. Huang, C.-A. Lehalle and M. Rosenbaum,
"Simulating and analyzing order book data: the queue-reactive model", Journal of the American
Statistical Association 110, 2015.

The first queue to empty moves the mid: up if it is the ask. Each queue is a birth-death process
of unit orders, and the two do not know of each other. What the theory says of them is held against
books that the flows of ``agents.flow`` fill, and against races in the project's own book.
"""

from collections.abc import Callable, Sequence
from math import atan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

import agents
from agents import flow
from agents.flow.stationary import queue_lengths
from experiments.metrics.stylized import time_weighted
from experiments.validation.flows import PRICE, poisson_tapes, queue_changes
from experiments.validation.races import Tally, race_in_book, table_of_moves
from experiments.validation.target import Values
from lob import EventKind
from lob.checks import natural, real
from lob.units import SECOND_NS

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
FAR: dict[str, Any] = {"far": (FAR_LEVEL, FAR_EXPONENT), "window": 10}
BOOKS = 20
"""Independent books among which the events of a target are shared out."""


def cont_stoikov_talreja(
    arrival: float = BIRTHS[0],
    cancellation: float = CANCELLATIONS[0],
    market: float = MARKET_ORDERS,
    size: int = 5,
    changes: int = 4_000_000,
    seed: int = 1,
) -> Values:
    """Chance that the mid moves up first from a spread of one tick, with b bids and a asks.

    The default rates are those of Cont, Stoikov and Talreja 2010, table 2, from which the rates
    further off the best quotes are in any case.

    Parameters
    ----------
    arrival, cancellation, market
        Rates a second: limit orders at a best quote, cancellations of each of its orders, market
        orders; positive.
    size
        Rows b and columns a from 1 to this.
    changes
        About how many events the books of ``agents.flow.Poisson`` see.
    seed
        Seed of the first of them.

    Returns
    -------
    Values
        ``up``, row b, column a, in the full book, 1/2 +- 1 where it never was so; ``up_theory`` by
        solving the first-passage equations.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("arrival", arrival, above=0)
    real("cancellation", cancellation, above=0)
    natural("changes", changes, 1_000)
    natural("size", size, 1)
    real("market", market, 0)

    def births(queue: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(queue.shape, arrival)

    def deaths(queue: NDArray[np.float64]) -> NDArray[np.float64]:
        return market + cancellation * queue

    # A queue beyond some ten standard deviations over its start is never seen.
    usual = arrival / cancellation
    largest = size + int(usual + 10 * sqrt(usual) + 20)
    theory = first_to_empty(births, deaths, largest)[:size, :size]
    tally = Tally(size)
    rates = ([arrival, *BIRTHS[1:]], [cancellation, *CANCELLATIONS[1:]], market)
    for tape in poisson_tapes(*rates, **FAR, changes=changes, replicas=BOOKS, seed=seed):
        table_of_moves(tally, tape)
    return tally.values() | {"up_theory": theory.tolist()}


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


def cont_de_larrard(
    arrival: float = 1.0, departure: float = 1.0, size: int = 5, races: int = 10_000, seed: int = 1
) -> Values:
    """Chance that the mid moves up first where rates do not depend on the queues.

    Parameters
    ----------
    arrival, departure
        Rates at a side: limit orders; market orders and cancellations together, not below arrivals.
        Only their quotient matters.
    size
        Rows b (bids) and columns a (asks) from 1 to this.
    races
        Races in the book; each counts for all queues that it passes.
    seed
        Seed of their orders.

    Returns
    -------
    Values
        ``up``, row b, column a, in the book, and ``up_theory``. With equal rates by the integral of
        ``symmetric_race``, else by solving the first-passage equations.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("arrival", arrival, above=0)
    real("departure", departure, above=0)
    natural("size", size, 1)
    natural("races", races, 100)
    if arrival > departure:
        raise ValueError(f"arrival must not exceed departure = {departure!r}, got {arrival!r}")
    tally, cells = Tally(size), np.arange(races) % size**2
    random = np.random.default_rng(seed)
    race_in_book(cells // size + 1, cells % size + 1, arrival, departure, tally, random)
    numbers = range(1, size + 1)
    if arrival == departure:
        theory = [[symmetric_race(bid, ask) for ask in numbers] for bid in numbers]
    else:

        def births(queue: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.full(queue.shape, arrival)

        def deaths(queue: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.full(queue.shape, departure)

        theory = first_to_empty(births, deaths, size + 150)[:size, :size].tolist()
    return tally.values() | {"up_theory": theory}


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
    ratios: Sequence[float] = (2.0, 3.0, 5.0),
    correlation: float = 0.0,
    queue: int = 3,
    races: int = 1_000,
    seed: int = 1,
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
    races
        Races in the book, of such queues, for each ratio.
    seed
        Seed of their orders.

    Returns
    -------
    Values
        For each ratio ``up`` in the book and ``up_discrete`` from ``symmetric_race``, both of the
        queues in question, and ``up_theory`` of long queues. With correlation, of which no flow of
        unit orders has any, there is the last alone, and ``up`` is the same.

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
        "up_theory": [0.5 - atan(skew * (1 - x) / (1 + x)) / (2 * atan(skew)) for x in ratios]
    }
    if correlation == 0:
        natural("races", races, 2)
        random = np.random.default_rng(seed)
        bids = [max(1, round(x * queue)) for x in ratios]
        values["up_discrete"] = [symmetric_race(bid, queue) for bid in bids]
        ups = [
            race_in_book(
                np.full(races, bid), np.full(races, queue), 1.0, 1.0, Tally(1), random
            ).mean()
            for bid in bids
        ]
        values["up"] = [float(up) for up in ups]
        values["up_error"] = [max(sqrt(up * (1 - up) / races), 1 / races) for up in ups]
    else:
        values["up"] = values["up_theory"]
    return values


def next_change(
    at: Sequence[tuple[int, int]] = ((1, 1), (1, 3), (2, 2), (5, 1)),
    arrivals: Sequence[float] = BIRTHS,
    cancellations: Sequence[float] = CANCELLATIONS,
    market: float = MARKET_ORDERS,
    changes: int = 1_000_000,
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
    changes
        About how many events the books of ``agents.flow.Poisson`` see.
    seed
        Seed of the first of them.

    Returns
    -------
    Values
        ``grows`` in the full book, 1/2 +- 1 where no queue was so, and ``grows_theory``, one a
        pair.

    Raises
    ------
    ValueError
        If a rate or a pair is out of range.
    """
    real("market", market, above=0)
    natural("changes", changes, 1_000)
    for name, rates in {"arrivals": arrivals, "cancellations": cancellations}.items():
        for rate in rates:
            real(name, rate, above=0)
    theory = []
    for distance, orders in at:
        if not 1 <= distance <= min(len(arrivals), len(cancellations)) or orders < 1:
            raise ValueError(
                f"at must name known distances and orders >= 1, got {distance, orders}"
            )
        birth, leave = arrivals[distance - 1], cancellations[distance - 1]
        taken = market if distance == 1 else 0.0
        theory.append(birth / (birth + taken + orders * leave))
    seen, grown = np.zeros(len(at)), np.zeros(len(at))
    window = max(FAR["window"], len(arrivals))
    for tape in poisson_tapes(
        arrivals, cancellations, market, **(FAR | {"window": window}),
        changes=changes, replicas=4, seed=seed,
    ):  # fmt: skip
        found = queue_changes(tape.events, tape.quotes, spread=1)
        for row, (distance, orders) in enumerate(at):
            mine = found.kind[(found.distance == distance) & (found.length == orders)]
            seen[row] += len(mine)
            grown[row] += np.count_nonzero(mine == EventKind.ACCEPTED)
    grows = [float(up / n) if n else 0.5 for up, n in zip(grown, seen, strict=True)]
    return {
        "grows": grows,
        "grows_error": [
            max(sqrt(p * (1 - p) / n), 1 / n) if n else 1.0
            for p, n in zip(grows, seen, strict=True)
        ],
        "grows_theory": theory,
    }


def cst_parameters(distances: int = 10, changes: int = 2_000_000, seed: int = 1) -> Values:
    """The rates that the targets of Cont, Stoikov and Talreja use, and how a book keeps them.

    Parameters
    ----------
    distances
        Farthest distance from the opposite quote in ticks.
    changes
        About how many events the books of ``agents.flow.Poisson`` see.
    seed
        Seed of the first of them.

    Returns
    -------
    Values
        All a second: ``arrivals`` at 1 to 5 ticks, ``cancellations`` at 1 to 5 ticks, ``market``,
        and ``far_arrivals`` from 6 to ``distances`` ticks, k / i^alpha with ``far_level`` k and
        ``far_exponent`` alpha, and ``far_cancellation``; of the first three also ``..._measured``.
    """
    natural("distances", distances, 1)
    natural("changes", changes, 1_000)
    return {
        "arrivals": list(BIRTHS),
        "cancellations": list(CANCELLATIONS),
        "market": MARKET_ORDERS,
        "far_level": FAR_LEVEL,
        "far_exponent": FAR_EXPONENT,
        "far_cancellation": CANCELLATIONS[-1],
        "far_arrivals": [FAR_LEVEL / i**FAR_EXPONENT for i in range(6, distances + 1)],
    } | _measured_rates(changes, seed)


def _measured_rates(changes: int, seed: int) -> Values:
    """Rates by distance from the opposite quote, on one side, with errors as of Poisson counts.

    Arrivals come whatever the queue is, so the lengths that they meet are its mean over time: what
    is cancelled of that is the rate of one order.
    """
    levels = len(BIRTHS)
    came, gone, met = np.zeros(levels), np.zeros(levels), np.zeros(levels)
    traded = seconds = 0.0
    for tape in poisson_tapes(
        BIRTHS, CANCELLATIONS, MARKET_ORDERS, **FAR, changes=changes, replicas=4, seed=seed
    ):
        found = queue_changes(tape.events, tape.quotes)
        near = found.distance <= levels
        where, length, kind = (part[near] for part in found)
        arrives, leaves = kind == EventKind.ACCEPTED, kind == EventKind.CANCELLED
        came += np.bincount(where[arrives] - 1, minlength=levels)
        met += np.bincount(where[arrives] - 1, length[arrives], minlength=levels)
        gone += np.bincount(where[leaves] - 1, minlength=levels)
        traded += np.count_nonzero(tape.events["kind"] == EventKind.TRADE)
        seconds += 2 * tape.seconds  # on either side
    arrivals, cancellations, market = (
        came / seconds,
        gone / seconds / (met / came),
        traded / seconds,
    )
    return {
        "arrivals_measured": arrivals.tolist(),
        "arrivals_measured_error": (arrivals / np.sqrt(came)).tolist(),
        "cancellations_measured": cancellations.tolist(),
        "cancellations_measured_error": (cancellations * np.sqrt(1 / gone + 3 / came)).tolist(),
        "market_measured": market,
        "market_measured_error": market / sqrt(traded),
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
        About how many events the book of ``agents.flow.QueueReactive`` sees.
    seed
        Seed of that book.

    Returns
    -------
    Values
        ``law`` (n = 0, 1, ...) and ``mean``, which the flow starts from, ``law_simulated``
        (time-weighted) and ``total_variation``: half the sum of |simulated - law| over all n.

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
    leave, taken = cancellation * np.arange(largest), np.concatenate([[0.0], down[:-1]])
    if not up[-1] < leave[-1] + taken[-1]:
        raise ValueError(f"arrival must stay below departures in long queues, got {arrival!r}")
    rates = [rate.tolist() for rate in (up, leave, taken)]
    weights = np.array(queue_lengths(0, *rates))
    law = np.zeros(max(largest, len(weights)))
    law[: len(weights)] = weights / weights.sum()
    # Each of the two queues grows at the rate of arrivals, and shrinks as often.
    usual = float(law[: len(up)] @ up[: len(law)])
    # Longer queues than have a weight never are: without them the flow has less to thin.
    possible = [rate[: len(weights)] for rate in rates]
    seen = _occupation(possible, changes / (4 * usual), seed)
    both = np.zeros((2, max(len(law), len(seen))))
    both[0, : len(law)], both[1, : len(seen)] = law, seen
    return {
        "law": law[:shown].tolist(),
        "mean": float(law @ np.arange(len(law))),
        "law_simulated": both[1, :shown].tolist(),
        "total_variation": float(abs(both[1] - both[0]).sum() / 2),
    }


def _by_size(rate: float | Sequence[float], largest: int) -> NDArray[np.float64]:
    given = np.atleast_1d(np.asarray(rate, np.float64))
    return given[np.minimum(np.arange(largest), len(given) - 1)]


def _occupation(
    rates: Sequence[list[float]],
    seconds: float,
    seed: int,
) -> NDArray[np.float64]:
    """Return the share of time that the best queues of a book spend at each size.

    ``rates`` are those of limit orders, cancellations and market orders, each by size.
    """
    limit, cancel, market = rates
    one = flow.QueueReactive(
        "flow", price=PRICE, limit=[limit], cancel=[cancel], market=[market], theta=0.0
    )
    simulation = agents.Simulation(seed, events=False, messages=False)
    simulation.follow_quotes()
    simulation.add(one)
    simulation.run(until=round(seconds * SECOND_NS))
    quotes = simulation.quotes()
    laws = [time_weighted(quotes["ts_event"], quotes[side]) for side in ("bid_size", "ask_size")]
    seen = np.zeros(1 + max(int(law.values[-1]) for law in laws))
    for law in laws:
        seen[law.values.astype(int)] += law.shares / 2
    return seen
