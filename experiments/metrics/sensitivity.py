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
    drawn = [_shares(a, b, ab), *(_shares(a[rows], b[rows], ab[:, rows]) for rows in again)]
    shares = np.array(drawn)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(shares[1:], tails, axis=0)
    found = {
        name: {
            kind: SobolIndex(*(float(one[order, at]) for one in (shares[0], low, high)))
            for order, kind in enumerate(("first", "total"))
        }
        for at, name in enumerate(names)
    }
    return found


def _shares(
    a: NDArray[np.float64], b: NDArray[np.float64], ab: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[order, parameter]: indices of first order and total; ``nan`` if all results are the same."""
    variance = float(np.concatenate((a, b)).var()) or np.nan
    first = ((ab - a) * b).mean(axis=1) / variance
    total = ((ab - a) ** 2).mean(axis=1) / (2 * variance)
    return np.array([first, total])
