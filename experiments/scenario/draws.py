"""Numbers that differ from account to account of a scenario, drawn."""

import numpy as np
from numpy.typing import NDArray

from agents.random import exp

__all__ = ["log_normal_counts"]


def log_normal_counts(
    random: np.random.Generator, median: int, spread: float, count: int
) -> NDArray[np.int64]:
    """Draw whole numbers whose logarithms are normal, rounded to the nearest, 1 or more.

    Parameters
    ----------
    random
        The generator that is drawn from.
    median
        Median of the numbers, before they are rounded.
    spread
        Standard deviation of their logarithms.
    count
        How many.
    """
    drawn = median * exp(spread * random.standard_normal(count))
    return np.maximum(1, np.rint(drawn)).astype(np.int64)
