"""Long-memory flow: the number of large orders and their tail, from the memory of signs."""

from functools import cache
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.fit.findings import Findings
from experiments.calibration.fit.laws import SignMemory, sign_memory
from experiments.calibration.fit.observed import Observed
from experiments.calibration.fit.placed import put_rate
from experiments.calibration.fit.search import least
from experiments.calibration.fit.zero_intelligence import put_uniform_liquidity

__all__ = ["fit_long_memory", "memory_of_metaorders"]

LEAST_ORDERS = 1_000
"""Fewest market orders whose signs tell of a memory."""
MOST_METAORDERS = 200
STEEPEST = 6.0
SERIES, SEED = 40, 1
"""How many series of signs are simulated for the errors, and from which seed."""
SUMMED = 4_096
"""Pieces of a metaorder up to which its tail is summed; an integral is beyond."""


def fit_long_memory(observed: Observed) -> Findings:
    """Fit ``agents.flow.LongMemory``.

    ``beta`` and ``metaorders`` give the autocorrelation of signs that is nearest to the record's,
    by least squares over lags that are evenly spaced in their logarithm. Their errors are the
    spread over series of signs that are simulated with them. Liquidity is that of zero
    intelligence.

    Parameters
    ----------
    observed
        The record.

    Raises
    ------
    FitError
        If there are fewer than 1,000 market orders, or too few limit orders.
    """
    observed.need(len(observed.orders), "market orders", LEAST_ORDERS)
    findings = Findings()
    memory = sign_memory(observed)
    beta, count = _nearest(memory)
    off = _errors(memory, beta, count)
    edge = ""
    if not 1.02 < beta < STEEPEST - 0.02 or count >= MOST_METAORDERS:
        edge = "at the bound of what is searched: the signs have no such memory"
    events = len(observed.orders)
    findings.put("metaorders", max(count, 1.0), off[1], events, edge, whole=True)
    findings.put("beta", beta, off[0], events, edge)
    traded = observed.rate(
        np.maximum(observed.orders["before"], 0),
        np.ones(events),
        observed.seconds_by_part[:, None],
    )
    put_rate(findings, "mu", traded)
    put_uniform_liquidity(findings, observed, lots=1)
    findings.state("size", observed.size)
    findings.cannot_show.append(
        "times of trades that cluster: market orders come as a Poisson process, their signs alone "
        "have a memory"
    )
    _note_growth(findings, memory)
    return findings


def _note_growth(findings: Findings, memory: SignMemory) -> None:
    findings.assumed.append(
        f"signs: {memory.orders} market orders, lags up to {memory.lags[-1]}; both sides are taken "
        "to be equally frequent in the long run"
    )


def memory_of_metaorders(
    lags: NDArray[np.int64], beta: float, metaorders: float
) -> NDArray[np.float64]:
    """Return the autocorrelation of signs of pieces of metaorders, at lags.

    Of N metaorders each market order is a piece of one at random. Two orders l apart are of the
    same one with probability 1/N sum over m of b(m; l - 1, 1/N) P(R >= m + 2), where b is the
    binomial probability that m of those between are too, and R, what is left of a metaorder with
    the first of the two included, is l with probability l**-beta / zeta(beta).

    Parameters
    ----------
    lags
        In market orders, 1 or more.
    beta
        Tail exponent of the number of pieces, above 1.
    metaorders
        N, at least 1; it need not be whole.
    """
    longest = int(lags.max())
    share = 1 / max(metaorders, 1.0)
    summed = max(longest + 1, SUMMED)
    pieces = np.arange(1, summed + 1, dtype=np.float64) ** -beta
    beyond = (summed + 0.5) ** (1 - beta) / (beta - 1)
    tail = np.cumsum(pieces[::-1])[::-1] + beyond  # sum from l on, l = 1, 2...
    at_least = tail / tail[0]
    if share == 1.0:
        return np.asarray(at_least[lags])
    logs = _log_factorials(longest)
    m = np.arange(longest)
    between = lags[:, None] - 1 - m
    inside = between >= 0
    between = np.maximum(between, 0)
    ways = logs[lags - 1][:, None] - logs[m] - logs[between]
    chance = np.exp(ways + m * np.log(share) + between * np.log1p(-share))
    return np.asarray(share * ((chance * inside) @ at_least[1 : longest + 1]))


@cache
def _log_factorials(most: int) -> NDArray[np.float64]:
    """Logarithms of 0!, 1!... ``most``!."""
    return np.array([lgamma(i + 1.0) for i in range(most + 1)])


def _nearest(memory: SignMemory) -> tuple[float, float]:
    """The ``beta`` and the number of metaorders whose memory is nearest."""
    weight = 1 / memory.errors**2

    def loss(beta: float, count: float) -> float:
        off = memory_of_metaorders(memory.lags, beta, count) - memory.values
        return float(off**2 @ weight)

    def best(beta: float) -> float:
        high = np.log(MOST_METAORDERS)
        return float(np.exp(least(lambda log: loss(beta, np.exp(log)), 0.0, high, 1e-3)))

    beta = least(lambda one: loss(one, best(one)), 1.01, STEEPEST, 1e-3)
    return beta, best(beta)


def _errors(memory: SignMemory, beta: float, count: float) -> NDArray[np.float64]:
    """Standard errors of both: how they follow the memory of simulated signs, to first order.

    Parts of one record would tell too little: a long memory is what they have in common.
    """

    def at(beta: float, count: float) -> NDArray[np.float64]:
        return memory_of_metaorders(memory.lags, beta, count)

    steps = 1e-3, 1e-3 * count
    # A number of metaorders has no meaning below 1: there the slope is taken upwards alone.
    below = max(count - steps[1], 1.0)
    slopes = np.column_stack([
        (at(beta + steps[0], count) - at(beta - steps[0], count)) / (2 * steps[0]),
        (at(beta, count + steps[1]) - at(beta, below)) / (count + steps[1] - below),
    ])  # fmt: skip
    weight = 1 / memory.errors**2
    follow = np.linalg.pinv(slopes.T @ (slopes * weight[:, None])) @ (slopes * weight[:, None]).T
    random = np.random.default_rng(SEED)
    moved = np.empty((SERIES, 2))
    for one in range(SERIES):
        side = _signs(beta, max(round(count), 1), memory.orders, random)
        values = [(side[:-lag] * side[lag:]).mean() for lag in memory.lags]
        moved[one] = follow @ (np.array(values) - at(beta, max(round(count), 1)))
    return np.asarray(np.sqrt((moved**2).mean(axis=0)))


def _signs(
    beta: float, metaorders: int, count: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Sides of pieces of metaorders, the first ones from what is left of them at any time."""
    slot = random.integers(0, metaorders, count)
    side = np.empty(count)
    left = np.arange(1, SUMMED + 1, dtype=np.float64) ** -beta
    left = np.cumsum(left) / (left.sum() + (SUMMED + 0.5) ** (1 - beta) / (beta - 1))
    for one in range(metaorders):
        places = np.flatnonzero(slot == one)
        first = int(np.searchsorted(left, random.random())) + 1
        lengths = [np.array([min(first, count)])]
        while sum(map(np.sum, lengths)) < len(places):
            more = (1 - random.random(len(places) + 1)) ** (-1 / beta)
            lengths.append(np.minimum(more, count).astype(np.int64))
        whole = np.concatenate(lengths)
        sides = np.where(random.random(len(whole)) < 0.5, -1.0, 1.0)
        side[places] = np.repeat(sides, whole)[: len(places)]
    return side
