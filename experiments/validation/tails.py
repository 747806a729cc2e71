"""Hill's estimator of the tail exponent, where the answer is known.

Source: B. M. Hill, "A simple general approach to inference about the tail of a distribution",
Annals of Statistics 3, 1975.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from experiments.metrics.stylized import tail_exponent
from experiments.validation.target import Values
from lob.checks import natural, real

__all__ = ["hill_on_student"]


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
        Degrees of freedom, which are the true exponent; positive.
    shares
        Shares of the sample that count as the tail, each between 10 / draws and 1.
    draws, samples
        Values in a sample, and samples averaged.
    seed
        Seed of the simulation.

    Returns
    -------
    Values
        For each share ``index`` (mean over the samples), ``index_error`` and ``index_deviation``
        (of one sample); ``true_index``. The estimator is biased low on a wide tail.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    real("degrees", degrees, above=0)
    natural("draws", draws, 100)
    natural("samples", samples, 2)
    for share in shares:
        if not 10 / draws <= share < 1:
            raise ValueError(f"shares must lie between 10 / draws and 1, got {share!r}")
    random = np.random.default_rng(seed)
    found = np.empty((samples, len(shares)))
    for row in found:
        values = abs(random.standard_t(degrees, draws))
        row[:] = [
            tail_exponent(values, k=round(share * draws)).exponent.estimate for share in shares
        ]
    deviation = found.std(axis=0, ddof=1)
    return {
        "index": found.mean(axis=0).tolist(),
        "index_error": (deviation / sqrt(samples)).tolist(),
        "index_deviation": deviation.tolist(),
        "true_index": degrees,
    }
