"""Laws of a record that no single flow has all of: memory of signs, sizes, lifetimes, resilience.

Each has its error by leaving out parts of the record, one at a time, so that what is close in time
does not count as independent; a lifetime's is that of a count.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.fit.findings import FEW, Estimate
from experiments.calibration.fit.observed import BLOCKS, Observed
from experiments.metrics.order_flow import order_lives, recovery_times_ns
from lob.units import SECOND_NS

__all__ = [
    "AGES",
    "SignMemory",
    "laws",
    "lifetimes",
    "resilience",
    "sign_memory",
    "sizes",
]

AGES = (0.0, 0.01, 0.1, 1.0, 10.0, 100.0)
"""Seconds at which the ages of orders are divided, the last open."""
MOST_LAG = 1_000
LEAST_ORDERS = 1_000
LEAST_ENDS = 30


class SignMemory(NamedTuple):
    """The autocorrelation of the sides of market orders."""

    lags: NDArray[np.int64]
    """In market orders, evenly spaced in their logarithm."""
    values: NDArray[np.float64]
    """The mean product of two sides so far apart: no mean is taken off, which would take the
    longest memory with it."""
    errors: NDArray[np.float64]
    without_part: NDArray[np.float64]
    """The values without each part of the record: a row a part."""
    orders: int
    """How many market orders there are."""


def sign_memory(observed: Observed, most: int = MOST_LAG) -> SignMemory:
    """Return the memory of signs of a record.

    Parameters
    ----------
    observed
        The record.
    most
        The largest lag, if the record is 50 times as long.
    """
    side = observed.orders["side"].astype(np.float64)
    part = observed.part(np.maximum(observed.orders["before"], 0))
    longest = max(min(most, len(side) // 50), 1)
    lags = np.unique(np.rint(np.geomspace(1, longest, 24)).astype(np.int64))
    products = np.zeros((BLOCKS, len(lags)))
    counts = np.zeros((BLOCKS, len(lags)))
    for i, lag in enumerate(lags):
        products[:, i] = np.bincount(part[:-lag], side[:-lag] * side[lag:], BLOCKS)
        counts[:, i] = np.bincount(part[:-lag], minlength=BLOCKS)
    values = products.sum(axis=0) / counts.sum(axis=0)
    without = (products.sum(axis=0) - products) / (counts.sum(axis=0) - counts)
    spread = (without - without.mean(axis=0)) ** 2
    errors = np.sqrt((BLOCKS - 1) / BLOCKS * spread.sum(axis=0))
    return SignMemory(lags, values, np.maximum(errors, 1e-6), without, len(side))


def sizes(observed: Observed) -> list[Estimate]:
    """The mean size of market and of limit orders in lots, and their sd over mean.

    Parameters
    ----------
    observed
        The record.
    """
    found = []
    orders = observed.orders
    of_orders = observed.part(np.maximum(orders["before"], 0))
    limits = observed.limits
    for what, lots, part in (
        ("market order", orders["size"], of_orders),
        ("limit order", limits.lots, observed.part(limits.message)),
    ):
        if len(lots) < 2:
            continue
        plain = lots.astype(np.float64)
        sums = np.array([np.bincount(part, plain**power, BLOCKS) for power in (0, 1, 2)])
        for name, value in (("mean", _mean), ("sd / mean", _dispersion)):
            at, off = _left_out(sums, value)
            found.append(_law(f"size of a {what}, {name}", at, off, len(lots)))
    return found


def _mean(sums: NDArray[np.float64]) -> float:
    return float(sums[1] / sums[0])


def _dispersion(sums: NDArray[np.float64]) -> float:
    mean = sums[1] / sums[0]
    return float(np.sqrt(max(sums[2] / sums[0] - mean**2, 0)) / mean)


def lifetimes(observed: Observed) -> list[Estimate]:
    """Cancellations an order and second by age, and the median life of one that is cancelled.

    An order that trades, or is there at the end, is known to have lived so long. A level feed tells
    none of it: the list is empty.

    Parameters
    ----------
    observed
        The record.
    """
    steps = observed.record.steps
    if steps is None or not len(steps):
        return []
    lives = order_lives(steps, int(observed.ts[-1]))
    age = lives.age_ns / SECOND_NS
    found = []
    for low, high in zip(AGES, (*AGES[1:], np.inf), strict=True):
        lived = float(np.clip(np.minimum(age, high) - low, 0, None).sum())
        ends = int(np.count_nonzero(lives.cancelled & (age >= low) & (age < high)))
        if lived > 0:
            until = "" if high == np.inf else f" to {high:g}"
            found.append(_law(f"cancel hazard at {low:g}{until} s, a second", ends / lived,
                              max(ends, 1) ** 0.5 / lived, ends))  # fmt: skip
    return found


def resilience(observed: Observed) -> list[Estimate]:
    """The half-life, in seconds, of what market orders add to the spread.

    Parameters
    ----------
    observed
        The record.
    """
    spread = np.where(observed.both, observed.ask - observed.bid, np.nan)
    orders = observed.orders
    rows = spread[orders["after"]] > spread[orders["before"]]
    some = orders[rows]
    if len(some) < LEAST_ENDS:
        return []
    part = observed.part(some["before"])
    times = recovery_times_ns(observed.ts, spread, some["before"], some["after"]) / SECOND_NS
    parts = np.unique(part)
    without = np.array([float(np.median(times[part != one])) for one in parts])
    off = _spread(without) if len(parts) > 1 else np.nan
    return [_law("half-life of a wider spread, s", float(np.median(times)), off, len(some))]


def laws(observed: Observed) -> list[Estimate]:
    """All laws of a record, those left out that it cannot give.

    Parameters
    ----------
    observed
        The record.
    """
    found = []
    if len(observed.orders) >= LEAST_ORDERS:
        memory = sign_memory(observed)
        for lag in (1, 10, 100):
            at = int(np.argmin(np.abs(np.log(memory.lags / lag))))
            found.append(_law(
                f"sign autocorrelation at {memory.lags[at]}", memory.values[at],
                memory.errors[at], memory.orders,
            ))  # fmt: skip
        found += _exponent(memory)
    return found + sizes(observed) + lifetimes(observed) + resilience(observed)


def _exponent(memory: SignMemory) -> list[Estimate]:
    """The slope of the memory of signs in logarithms, from lag 2 on, where it is positive."""
    use = (memory.lags >= 2) & (memory.values > 2 * memory.errors)
    if np.count_nonzero(use) < 5:
        return []
    logs = np.log(memory.lags[use])

    def slope(values: NDArray[np.float64]) -> float:
        kept = values[use] > 0
        return -float(np.polyfit(logs[kept], np.log(values[use][kept]), 1)[0])

    without = np.array([slope(one) for one in memory.without_part])
    return [_law("exponent of the sign autocorrelation", slope(memory.values), _spread(without),
                 memory.orders)]  # fmt: skip


def _law(name: str, value: float, error: float, events: int) -> Estimate:
    few = f"rests on {events} events" if events < FEW else ""
    return Estimate(name, float(value), float(error) if np.isfinite(error) else None, events, few)


def _left_out(sums: NDArray[np.float64], value: object) -> tuple[float, float]:
    """A function of sums over the record, and its error by leaving out parts."""
    assert callable(value)
    total = sums.sum(axis=1)
    parts = np.flatnonzero(sums[0])
    without = np.array([value(total - sums[:, one]) for one in parts if sums[0, one] < total[0]])
    return value(total), _spread(without) if len(without) > 1 else float("nan")


def _spread(without: NDArray[np.float64]) -> float:
    """The standard error of what parts, left out one at a time, give."""
    count = len(without)
    return float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum()))
