"""What of a maker market follows straight from a record: clusters, signs, sizes, places, lives."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.fit.findings import Findings
from experiments.calibration.fit.hawkes import pressure
from experiments.calibration.fit.observed import Observed
from experiments.metrics.order_flow import order_lives
from lob.units import SECOND_NS

__all__ = ["AGES", "Clusters", "asked_sizes", "clusters", "hazard", "places", "put_quantiles"]

RATES = (200.0, 7.8, 0.08)
"""Kernels a second; chosen, as ``agents.flow.MakerMarket`` has them."""
AGES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
QUANTILES = 50
ROUNDS = 400
BEYOND = (1.2, 1.5, 1.9, 2.3, 2.7, 3.1, 3.9, 4.6, 5.4, 6.5, 7.7, 10.0, 13.0)
"""Places beyond those that are seen, times the farthest of these; chosen."""


class Clusters(NamedTuple):
    """Self-exciting market orders of two sides.

    The errors are of a model that is right.
    """

    base: float
    base_error: float
    followers: NDArray[np.float64]
    followers_errors: NDArray[np.float64]
    same_side: NDArray[np.float64]
    same_side_errors: NDArray[np.float64]


def clusters(observed: Observed) -> Clusters:
    """Fit three kernels with inherited sides, by maximum likelihood (expectation maximisation).

    Parameters
    ----------
    observed
        The record.
    """
    orders = observed.orders
    # Open seconds at the very time of the order: the message ahead of it, and what passed since.
    met = np.maximum(orders["before"], 0)
    passed = np.clip((orders["ts_event"] - observed.ts[met]) / SECOND_NS, 0, observed.weight[met])
    times = observed.clock[met] + passed
    order = np.argsort(times, kind="stable")
    times, buys = times[order], (orders["side"][order] > 0).astype(np.int64)
    rows = np.arange(len(times))
    parts = [np.full(len(times), 0.5)]
    totals = [observed.seconds]
    for rate in RATES:
        sums = rate * pressure(times, buys, np.array([rate, rate]))[0]
        reached = float((1 - np.exp(-rate * (times[-1] - times))).sum())
        parts += [sums[rows, buys], sums[rows, 1 - buys]]
        totals += [reached, reached]
    shape, total = np.array(parts).T, np.array(totals)
    weight = len(times) / total / len(total)
    for _ in range(ROUNDS):
        share = shape * weight
        share /= share.sum(axis=1, keepdims=True)
        weight = share.sum(axis=0) / total
    scaled = shape / (shape @ weight)[:, None]
    cover = np.linalg.pinv(scaled.T @ scaled)
    same, other = weight[1::2], weight[2::2]
    followers = same + other
    off, mixed = np.diag(cover), np.diag(cover, 1)[1::2]
    known = np.maximum(followers, 1e-9)
    side_off = (other**2 * off[1::2] + same**2 * off[2::2] - 2 * same * other * mixed) / known**4
    return Clusters(
        float(weight[0]), float(np.sqrt(off[0])),
        followers, np.sqrt(np.maximum(off[1::2] + off[2::2] + 2 * mixed, 0)),
        np.clip(same / known, 0, 1), np.sqrt(np.maximum(side_off, 0)),
    )  # fmt: skip


def asked_sizes(observed: Observed) -> NDArray[np.float64]:
    """Quantiles of what market orders asked for, in lots, by Kaplan and Meier's estimate.

    An order that took all of the best price asked for no less: for just that, or for more. So the
    hazard of a size ``s``, the probability that an order which asks for ``s`` or more asks for
    ``s``, is taken from the orders that met more than ``s`` alone: only there the two are told
    apart. (Kaplan and Meier have a life that is cut off at ``s`` end after ``s``, and count it at
    risk there.) Right where sizes do not depend on what is there. Beyond the largest that was
    served whole, the largest of all stands.

    Parameters
    ----------
    observed
        The record.
    """
    orders = observed.orders
    quotes = observed.record.quotes[np.maximum(orders["before"], 0)]
    best = np.where(orders["side"] > 0, quotes["ask_size"], quotes["bid_size"])
    size, whole = orders["size"], orders["size"] < best
    distinct = np.unique(size)
    served = np.searchsorted(distinct, size[whole])
    died = np.bincount(served, minlength=len(distinct))
    at_risk = died + len(size) - np.searchsorted(np.sort(size), distinct, side="right")
    gone = 1 - np.cumprod(1 - died / np.maximum(at_risk, 1))
    at = np.searchsorted(gone, _grid(), side="left")
    return np.asarray(distinct[np.minimum(at, len(distinct) - 1)], np.float64)


def places(observed: Observed) -> tuple[NDArray[np.float64], int]:
    """Ticks of limit orders behind the best price of their side, and how many orders there were.

    Parameters
    ----------
    observed
        The record.
    """
    limits = observed.limits
    ahead = limits.message - 1
    behind = limits.distance - (observed.ask[ahead] - observed.bid[ahead])
    behind = behind[behind > 0]
    observed.need(len(behind), "limit orders behind the best price")
    return behind.astype(np.float64), len(behind)


def put_quantiles(findings: Findings, name: str, values: NDArray[np.float64], events: int) -> None:
    """Take sizes or places that are equally likely each.

    Parameters
    ----------
    findings
        Filled.
    name
        Of the parameter.
    values
        The quantiles.
    events
        How many events they rest on.
    """
    findings.put(name, np.maximum(np.rint(values), 1), np.nan, events, whole=True)


def with_beyond(behind: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of places that are seen, and places beyond that are chosen.

    Parameters
    ----------
    behind
        Ticks behind the best price.
    """
    shown = QUANTILES - len(BEYOND)
    grid = (np.arange(shown) + 0.5) / shown
    seen = np.quantile(behind, grid, method="inverted_cdf")
    return np.concatenate([seen, seen[-1] * np.array(BEYOND)])


def quantiles(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """Numbers that stand for a sample, equally likely each, as many as a flow takes.

    Parameters
    ----------
    values
        All of them.
    """
    return np.asarray(np.quantile(values, _grid(), method="inverted_cdf"), np.float64)


def hazard(
    observed: Observed,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]] | None:
    """Cancellations an order and second by age, their errors and counts; of a level feed none.

    Parameters
    ----------
    observed
        The record.
    """
    steps = observed.record.steps
    if steps is None or not len(steps):
        return None
    lives = order_lives(steps, int(observed.ts[-1]))
    age = lives.age_ns / SECOND_NS
    edges = np.array([0.0, *AGES, np.inf])
    lived = np.array([
        float(np.clip(np.minimum(age, high) - low, 0, None).sum())
        for low, high in pairwise(edges)
    ])  # fmt: skip
    ends = np.histogram(age[lives.cancelled], edges)[0]
    found = ends / np.maximum(lived, 1e-9)
    return found, np.sqrt(np.maximum(ends, 1)) / np.maximum(lived, 1e-9), ends


def _grid() -> NDArray[np.float64]:
    return (np.arange(QUANTILES) + 0.5) / QUANTILES
