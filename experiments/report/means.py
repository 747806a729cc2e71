"""A mean over seeds in words: with its interval, or with why it has none."""

from math import floor, inf, isnan, log10

from experiments.metrics.intervals import Interval
from lob.counted import counted
from lob.real_units import RealUnit

__all__ = ["mean_in", "mean_told"]

DIGITS = 4
"""Significant digits of a mean in money."""


def mean_in(mean: Interval, unit: RealUnit, *, digits: int = 2) -> str:
    """A mean of integers in the unit in which they are shown, with its bounds.

    Parameters
    ----------
    mean
        Over seeds, in ticks, lots or units of cash; ``nan`` where it is not defined.
    unit
        The unit in which it is shown.
    digits
        Decimals where that is the integers' own; else there are four significant digits.
    """
    if unit.is_real and mean.estimate:
        size = abs(unit.of(mean.estimate))
        digits = max(0, DIGITS - 1 - floor(log10(size))) if 0 < size < inf else digits
    return mean_told(mean, unit.name, digits=digits, scale=float(unit.factor))


def mean_told(mean: Interval, unit: str, *, digits: int = 2, scale: float = 1.0) -> str:
    """A mean with its unit and bounds.

    Seeds that all agree have shown no error, and one seed has none: neither gets an interval, which
    would be of width zero.

    Parameters
    ----------
    mean
        Over seeds; ``nan`` where it is not defined.
    unit
        Written behind the mean.
    digits
        Decimals.
    scale
        What the mean is multiplied by to be in this unit.
    """
    if isnan(mean.estimate):
        return "not defined"
    low, high = mean.bounds
    said = f"{scale * mean.estimate:,.{digits}f} {unit}"
    if isnan(low):
        alike = "" if isnan(mean.low) else " in each of"
        return f"{said}{alike or ','} {counted(mean.samples, 'seed')}: no interval"
    return f"{said} [{scale * low:,.{digits}f}, {scale * high:,.{digits}f}]"
