"""What the fits of Poisson flows share: rates of arrival, departure and trading, by distance."""

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.fit.findings import FEW, Findings
from experiments.calibration.fit.observed import BLOCKS, Observed, Ratio

__all__ = [
    "MOST_WIDTH",
    "add_orders_note",
    "arrivals",
    "departures",
    "put_rate",
    "reach",
    "sides",
    "uniform_window",
]

MOST_WIDTH = 512
"""The largest distance, in ticks, at which it is looked how much rests; chosen for speed."""
SHARE = 0.995
"""Orders farther than these are left out of a window, unless it is less than twice as wide."""
VARIES = 3.0
"""An error over parts of the record that is so many times the other one is told; chosen."""


def reach(distance: NDArray[np.int64]) -> int:
    """Up to which distance a flow places its limit orders: ticks.

    The largest that was seen, or, where few are far beyond the rest, that of 99.5 % of them.

    Parameters
    ----------
    distance
        Of the limit orders, ticks.
    """
    common = int(np.quantile(distance, SHARE))
    largest = int(distance.max())
    return largest if largest < 2 * common else max(common, 1)


def uniform_window(distance: NDArray[np.int64]) -> tuple[int, float]:
    """The window of uniform arrivals with the median of the distances, and its standard error.

    A uniform draw from 1...w has the median (w + 1) / 2, whose error is w / (2 sqrt(n)).

    Parameters
    ----------
    distance
        Of the limit orders, ticks.
    """
    # Between whole ticks: with few distances the median of a whole number jumps.
    tick = np.bincount(distance)
    below = np.concatenate([[0], np.cumsum(tick)]) / len(distance)
    at = int(np.searchsorted(below, 0.5, side="right")) - 1
    median = at + (0.5 - below[at]) / (below[at + 1] - below[at])
    window = max(2 * (median - 1), 1.0)
    return round(window), float(window / len(distance) ** 0.5)


def sides(observed: Observed) -> NDArray[np.float64]:
    """Open seconds of both sides, by parts of the record: a column."""
    return 2 * observed.seconds_by_part[:, None]


def arrivals(observed: Observed, width: int) -> Ratio:
    """Orders of the flow's size a second on a side at distances 1 to ``width``.

    Parameters
    ----------
    observed
        The record.
    width
        In ticks.
    """
    limits = observed.limits
    near = limits.distance <= width
    return observed.rate(
        limits.message[near],
        limits.lots[near] / observed.size,
        np.repeat(sides(observed), width, axis=1),
        limits.distance[near] - 1,
    )


def departures(observed: Observed, bins: NDArray[np.int64]) -> Ratio:
    """Cancellations a second of one order, by distance.

    Parameters
    ----------
    observed
        The record.
    bins
        Which of the rates each distance 1, 2, 3... has; 0 is the first.
    """
    cancels = observed.cancels
    near = cancels.distance <= len(bins)
    held = observed.lot_seconds(len(bins))
    exposure = np.zeros((BLOCKS, int(bins.max()) + 1))
    np.add.at(exposure.T, bins, held.T)
    return observed.rate(
        cancels.message[near],
        cancels.lots[near],
        exposure,
        bins[cancels.distance[near] - 1],
    )


def put_rate(findings: Findings, name: str, ratio: Ratio, factor: float = 1.0) -> None:
    """Take a rate with its errors, and say where it varies over the record.

    Parameters
    ----------
    findings
        Filled.
    name
        Of the parameter.
    ratio
        The rates; one alone is a number.
    factor
        From their unit to the parameter's.
    """
    value, error, events = ratio.value * factor, ratio.error * factor, ratio.events
    varies = ratio.error_by_parts * factor
    many = events >= FEW
    worse = np.zeros_like(value)
    np.divide(varies, error, out=worse, where=many & (error > 0))
    warning = ""
    if worse.max() > VARIES:
        at = int(np.argmax(worse))
        warning = (
            f"varies over the record: its error is up to {worse[at]:.0f} times as large "
            f"({varies[at]:.3g}) by the differences of its parts"
        )
    if len(value) == 1 and name not in ("lambda_", "theta"):
        findings.put(name, value[0], error[0], events[0], warning)
        return
    findings.put(name, value, error, events)
    if warning:
        findings.cautions.append(f"{name}: {warning}")


def add_orders_note(findings: Findings, observed: Observed) -> None:
    """Say what the size of the orders is, and what a level feed does not tell.

    Parameters
    ----------
    findings
        Filled.
    observed
        The record.
    """
    findings.assumed.append(
        f"all orders are of {observed.size} lots, the mean of the market orders; an order or "
        "cancellation of other lots counts as so many times one of that size, so that lots come, "
        "trade and leave as in the record"
    )
    findings.cannot_show.append("sizes that differ: every order is of the same size")
    if not observed.tells_orders:
        findings.assumed += [
            "a level feed: lots that leave a price without a trade at it within a second are "
            "cancelled, and what comes and goes between two updates is not seen: rates of arrival "
            "and cancellation are lower bounds",
            "a level feed tells no single orders: how long one lives, and where in its queue it "
            "stands, is not known; each lot at a distance is taken to leave at the same rate",
        ]
