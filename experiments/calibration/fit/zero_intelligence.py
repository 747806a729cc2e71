"""Zero-intelligence flow: three rates and a window out of counts."""

import numpy as np

from experiments.calibration.fit.findings import Findings
from experiments.calibration.fit.observed import Observed
from experiments.calibration.fit.placed import (
    MOST_WIDTH,
    add_orders_note,
    departures,
    put_rate,
    sides,
    uniform_window,
)

__all__ = ["fit_zero_intelligence", "put_uniform_liquidity"]


def fit_zero_intelligence(observed: Observed) -> Findings:
    """Fit ``agents.flow.ZeroIntelligence``.

    The window is the one whose uniform arrivals have the median distance of the record; ``alpha``
    spreads all limit orders over it. Rates are counts over open time, ``delta`` lots cancelled over
    lots times seconds that they rested, within the window and 512 ticks.

    Parameters
    ----------
    observed
        The record.

    Raises
    ------
    FitError
        If there are too few orders.
    """
    findings = Findings()
    put_uniform_liquidity(findings, observed, lots=observed.size)
    orders = observed.orders
    traded = observed.rate(
        np.maximum(orders["before"], 0), orders["size"], observed.seconds_by_part[:, None]
    )
    put_rate(findings, "mu", traded)
    findings.state("sigma", observed.size)
    findings.cannot_show.append(
        "orders that follow on one another: every order comes by itself, so that neither trades "
        "nor their signs cluster, and volatility has no memory"
    )
    return findings


def put_uniform_liquidity(findings: Findings, observed: Observed, *, lots: int) -> None:
    """Take ``alpha``, ``delta``, ``window`` and ``depth`` of limit orders that come uniformly.

    Parameters
    ----------
    findings
        Filled.
    observed
        The record.
    lots
        ``alpha`` counts lots (1: orders of the flow's size).
    """
    limits, cancels = observed.limits, observed.cancels
    observed.need(len(limits.lots), "limit orders")
    observed.need(len(cancels.lots), "cancellations")
    window, off = uniform_window(limits.distance)
    arrived = observed.rate(limits.message, limits.lots / observed.size, sides(observed))
    put_rate(findings, "alpha", arrived, lots / window)
    width = min(window, MOST_WIDTH)
    put_rate(findings, "delta", departures(observed, np.zeros(width, np.int64)))
    findings.put("window", window, off, len(limits.lots), whole=True)
    findings.state("depth", None)
    add_orders_note(findings, observed)
    findings.cannot_show.append(
        "where limit orders cluster: they come uniformly over a window with the median distance of "
        "the record"
    )
