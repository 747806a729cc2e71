"""How heavy a tail is: Hill's estimator where the answer is known.

Source: B. M. Hill, "A simple general approach to inference about the tail of a distribution",
Annals of Statistics 3, 1975.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from experiments.validation.target import Values, positive, whole

__all__ = ["hill", "hill_on_student"]


def hill_on_student(
    degrees: float = 3.0,
    shares: Sequence[float] = (0.05, 0.01, 0.001),
    draws: int = 100_000,
    samples: int = 20,
    seed: int = 1,
) -> Values:
    """Hill's estimator on the absolute values of Student's t, whose tail exponent is known.

    Parameters
    ----------
    degrees
        Of freedom: the true exponent.
    shares
        Of the sample that counts as the tail.
    draws, samples, seed
        Values in a sample, and samples averaged.

    Returns
    -------
    Values
        For each share ``index`` (mean over the samples), ``index_error`` and ``index_deviation``
        (of one sample); ``true_index``. The estimator is biased low on a wide tail.
    """
    positive(degrees=degrees)
    whole(least=100, draws=draws)
    whole(least=2, samples=samples)
    for share in shares:
        if not 2 / draws <= share < 1:
            raise ValueError(f"shares must lie between 2 / draws and 1, got {share!r}")
    random = np.random.default_rng(seed)
    found = np.empty((samples, len(shares)))
    for row in found:
        values = abs(random.standard_t(degrees, draws))
        row[:] = [hill(values, round(share * draws)) for share in shares]
    deviation = found.std(axis=0, ddof=1)
    return {
        "index": found.mean(axis=0).tolist(),
        "index_error": (deviation / sqrt(samples)).tolist(),
        "index_deviation": deviation.tolist(),
        "true_index": degrees,
    }


def hill(values: NDArray[np.float64], largest: int) -> float:
    """Return 1 over the mean of log(x / x0) over the ``largest`` values above the next one, x0.

    Raises
    ------
    ValueError
        If there are not more than ``largest`` values, or x0 is not positive.
    """
    if not 1 <= largest < len(values):
        raise ValueError(f"largest must lie between 1 and {len(values) - 1}, got {largest!r}")
    tail = np.partition(values, len(values) - largest - 1)[len(values) - largest - 1 :]
    threshold = float(tail[0])
    if threshold <= 0:
        raise ValueError(f"values must be positive in the tail, got {threshold!r}")
    return float(largest / np.log(tail[1:] / threshold).sum())
