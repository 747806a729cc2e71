"""A mean over seeds in words: with its interval, or with why it has none."""

from math import isnan

from experiments.metrics.intervals import Interval
from lob.counted import counted

__all__ = ["mean_told"]


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
    low, value, high = (scale * x for x in (mean.low, mean.estimate, mean.high))
    said = f"{value:,.{digits}f} {unit}"
    seeds = counted(mean.samples, "seed")
    if isnan(low) or isnan(high):
        return f"{said}, {seeds}: no interval"
    if low == high:
        return f"{said} in each of {seeds}: no interval"
    return f"{said} [{low:,.{digits}f}, {high:,.{digits}f}]"
