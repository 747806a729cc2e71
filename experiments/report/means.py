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
    low, high = mean.bounds
    said = f"{scale * mean.estimate:,.{digits}f} {unit}"
    if isnan(low):
        alike = "" if isnan(mean.low) else " in each of"
        return f"{said}{alike or ','} {counted(mean.samples, 'seed')}: no interval"
    return f"{said} [{scale * low:,.{digits}f}, {scale * high:,.{digits}f}]"
