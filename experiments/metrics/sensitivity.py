"""Sobol indices: which share of a result's variance is each parameter's doing."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["SobolIndex", "sobol_indices"]

DRAWS = 1_000
"""Bootstrap draws of an interval; chosen."""


class SobolIndex(NamedTuple):
    """A share of the variance, with its bootstrap interval."""

    estimate: float
    """Share of 1; below 0 or above 1 by chance only."""
    low: float
    """Lower bound."""
    high: float
    """Upper bound."""


def sobol_indices(
    base: NDArray[np.float64],
    other: NDArray[np.float64],
    mixed: NDArray[np.float64],
    *,
    names: Sequence[str],
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, dict[str, SobolIndex]]:
    """Sobol indices of first order (Saltelli 2010) and total (Jansen 1999), by parameter.

    ``first`` is the parameter's own share of the variance, ``total`` that with everything in which
    it works together with others.

    Parameters
    ----------
    base, other
        [draw]: results at the points of two independent samples.
    mixed
        [parameter, draw]: results where only that parameter is taken from the other sample.
    names
        Names of the parameters, in that order.
    level
        Of the bootstrap intervals, which draw rows again.
    seed
        Of the bootstrap.

    Raises
    ------
    ValueError
        If there are fewer than two draws, a number is not finite, or all results are the same.
    """
    draws = len(base)
    if draws < 2 or mixed.shape != (len(names), draws) or len(other) != draws:
        raise ValueError(f"draws must be two or more and as many of each, got {draws}")
    if not (np.isfinite(base).all() and np.isfinite(other).all() and np.isfinite(mixed).all()):
        raise ValueError("results must be finite")
    if np.ptp(np.concatenate((base, other))) == 0:
        raise ValueError("all results are the same: there is no variance to share out")
    # About the mean: the estimator of the first order has less error there.
    middle = float(np.concatenate((base, other)).mean())
    a, b, ab = base - middle, other - middle, mixed - middle
    random = np.random.default_rng(seed)
    again = random.integers(0, draws, (DRAWS, draws))
    rows = np.vstack((np.arange(draws)[None, :], again))
    variance = np.concatenate((a[rows], b[rows]), axis=1).var(axis=1)
    variance = np.where(variance > 0, variance, np.nan)
    tails = [(1 - level) / 2, (1 + level) / 2]
    found = {}
    for at, name in enumerate(names):
        first = (b[rows] * (ab[at][rows] - a[rows])).mean(axis=1) / variance
        total = ((a[rows] - ab[at][rows]) ** 2).mean(axis=1) / (2 * variance)
        found[name] = {
            order: SobolIndex(float(values[0]), *map(float, np.nanquantile(values[1:], tails)))
            for order, values in (("first", first), ("total", total))
        }
    return found
