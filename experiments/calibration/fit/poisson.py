"""Poisson flow with rates by distance: counts, and a power law beyond."""

from math import log

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.fit.findings import FEW, Findings
from experiments.calibration.fit.observed import Observed, Ratio
from experiments.calibration.fit.placed import (
    MOST_WIDTH,
    add_orders_note,
    arrivals,
    departures,
    put_rate,
    reach,
)
from experiments.calibration.fit.search import least
from experiments.markets.table import MOST_RATE
from lob.checks import integer
from lob.counted import counted

__all__ = ["fit_poisson"]

MOST_LEVELS = 100
"""Most distances that have a rate of their own unless it is told; chosen."""
LEAST_LEVELS = 5
"""As many as Cont, Stoikov and Talreja have."""
MOST_WINDOW = 2**16
STEEPEST = 10.0
LEAST_TAIL = 20
"""Fewer limit orders than this beyond the first distances are no tail."""


def fit_poisson(observed: Observed, *, levels: int | None = None) -> Findings:
    """Fit ``agents.flow.Poisson``.

    Rates of arrival are orders over open time, at each of the first distances; beyond, up to the
    window, the power law that is likeliest for the counts. Rates of cancellation are lots cancelled
    at a distance over lots times seconds that rested there, the last of all that is farther, up to
    512 ticks.

    Parameters
    ----------
    observed
        The record.
    levels
        How many distances have rates of their own; ``None``: as many as have 100 limit orders each,
        5 to 100.

    Raises
    ------
    FitError
        If there are too few orders.
    """
    limits, cancels = observed.limits, observed.cancels
    observed.need(len(limits.lots), "limit orders")
    observed.need(len(cancels.lots), "cancellations")
    window = min(reach(limits.distance), MOST_WINDOW)
    own = _levels(limits.distance, window) if levels is None else integer("levels", levels, 1)
    # A tail of fewer distances than there are before it is better told one by one.
    own = window if window <= 2 * own and levels is None else min(own, window)
    findings = Findings()
    came = arrivals(observed, window)
    put_rate(findings, "lambda_", _first(came, own))
    left = departures(observed, np.minimum(np.arange(min(window, MOST_WIDTH)), own - 1))
    put_rate(findings, "theta", left)
    orders = observed.orders
    traded = observed.rate(
        np.maximum(orders["before"], 0), orders["size"] / observed.size,
        2 * observed.seconds_by_part[:, None],
    )  # fmt: skip
    put_rate(findings, "mu", traded)
    if window > own and not _put_tail(findings, came, own, 2 * observed.seconds):
        window = own
    findings.state("window", window)
    stays = (left.value == 0).any()
    findings.state("depth", 0 if stays else None)
    if stays:
        findings.assumed.append(
            "at some distances nothing was cancelled: the book begins empty, for orders there "
            "stay for ever"
        )
    findings.state("size", observed.size)
    add_orders_note(findings, observed)
    findings.cannot_show.append(
        "orders that follow on one another: every order comes by itself, so that neither trades "
        "nor their signs cluster, and volatility has no memory"
    )
    return findings


def _levels(distance: NDArray[np.int64], window: int) -> int:
    """How many of the first distances have enough limit orders each."""
    counts = np.bincount(distance[distance <= window], minlength=window + 2)[1:]
    enough = int(np.argmax(counts < FEW))
    return min(max(enough, LEAST_LEVELS), MOST_LEVELS, window)


def _first(ratio: Ratio, count: int) -> Ratio:
    return Ratio(
        ratio.counted[:, :count], ratio.squares[:count], ratio.exposure[:, :count],
        ratio.events[:count],
    )  # fmt: skip


def _put_tail(findings: Findings, came: Ratio, own: int, seconds: float) -> bool:
    """Take the likeliest ``k`` and ``alpha``: the rate at distance i is k / i**alpha.

    ``False`` where there is no such tail: too few orders are beyond, or they fall too fast.

    With n_i orders at i, all N, the likelihood has its maximum in k at N / (t sum(i**-alpha)).
    Their errors are from the inverse Hessian there, times the root of the sum of squared over that
    of plain sizes.
    """
    counts = came.counted.sum(axis=0)[own:]
    events = int(came.events[own:].sum())
    logs = np.log(np.arange(own + 1, own + 1 + len(counts)))
    total, weighed = counts.sum(), counts @ logs
    if events < LEAST_TAIL:
        findings.assumed.append(
            f"no limit orders come beyond {own} ticks, where {counted(events, 'order')} did"
        )
        return False

    def loss(alpha: float) -> float:
        return float(total * log(np.exp(-alpha * logs).sum()) + alpha * weighed)

    alpha = least(loss, 0.0, STEEPEST)
    shape = np.exp(-alpha * logs)
    k = total / (seconds * shape.sum())
    rates = k * shape * seconds
    information = np.array([
        [total / k**2, -(rates @ logs) / k],
        [-(rates @ logs) / k, rates @ logs**2],
    ])  # fmt: skip
    spread = came.squares[own:].sum() / total if total else 1.0
    errors = np.full(2, np.nan)
    if len(counts) > 1:
        errors = np.sqrt(np.diag(np.linalg.inv(information)) * spread)
    if alpha > STEEPEST - 1e-3 or k > MOST_RATE:
        findings.assumed.append(
            f"no limit orders come beyond {own} ticks: those that did, "
            f"{events / came.events.sum():.1%}, fall too fast for a power law"
        )
        return False
    findings.put("k", k, errors[0], events)
    findings.put("alpha", alpha, errors[1], events, "" if alpha > 1e-3 else "at its bound of 0")
    return True
