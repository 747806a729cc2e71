"""A power law through means over seeds: effect = prefactor x size ^ exponent, with intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.intervals import Interval, resample_rows, student_quantile
from lob.checks import real

__all__ = ["PowerLaw", "fit_power_law", "prefactor_at"]

Floats = NDArray[np.float64]

EXPONENTS = np.linspace(-1.0, 3.0, 161)
"""Where the exponent is looked for; no measured effect of size is outside."""
MODEL_ERROR = 0.05
LEAST_ERROR = 0.01
"""What the law itself may be off by at a size, as a share of the effect there and of the largest:
without them a size whose seeds happen to agree would decide all. Chosen."""
RESAMPLES = 1_000


class PowerLaw(NamedTuple):
    """A fitted power law; ``nan`` where the effects have no common sign."""

    exponent: Interval
    """Of size."""
    prefactor: Interval
    """The effect at size 1, in its unit."""


def fit_power_law(
    sizes: ArrayLike, samples: ArrayLike, *, level: float = 0.95, seed: int = 0
) -> PowerLaw:
    """Fit a power law to the mean effect at each size by weighted least squares.

    The weights are one over the squared standard error of each mean plus the squares of 5 % of the
    mean and 1 % of the largest, so means below zero count as well, which logarithms would leave
    out. Intervals are bootstrap ones over seeds, widened as Student's t is for so few; where seeds
    never differ they have no width.

    Parameters
    ----------
    sizes
        Above zero, at least two different ones, in any unit.
    samples
        [seed, size]: the effect in any unit, positive in the mean; ``nan`` does not count.
    level
        Confidence level, between 0 and 1.
    seed
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, one is not above zero, or a size has no sample.
    """
    across, rows, weights = _checked(sizes, samples)
    if len(np.unique(across)) < 2:
        raise ValueError(f"sizes must be at least two different ones, got {across.tolist()}")
    found = _best(across, _drawn_means(rows, seed), weights)
    return PowerLaw(
        _interval(found[:, 0], len(rows), level), _interval(found[:, 1], len(rows), level)
    )


def prefactor_at(
    exponent: float,
    sizes: ArrayLike,
    samples: ArrayLike,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Fit the prefactor of a power law whose exponent is given, as ``fit_power_law`` does.

    Parameters
    ----------
    exponent
        Of size.
    sizes, samples, level, seed
        As of ``fit_power_law``; a single size will do.
    """
    across, rows, weights = _checked(sizes, samples)
    basis = across**exponent
    found = _drawn_means(rows, seed) @ (weights * basis) / (weights @ basis**2)
    return _interval(found, len(rows), level)


def _checked(sizes: ArrayLike, samples: ArrayLike) -> tuple[Floats, Floats, Floats]:
    across, rows = np.asarray(sizes, np.float64), np.asarray(samples, np.float64)
    if across.ndim != 1 or not len(across) or rows.ndim != 2 or rows.shape[1] != len(across):
        raise ValueError(f"samples must be (seeds, {len(across)}), got {rows.shape}")
    if not (np.isfinite(across) & (across > 0)).all():
        raise ValueError(f"sizes must be above zero, got {across.tolist()}")
    known = np.isfinite(rows).sum(axis=0)
    if not known.all():
        raise ValueError(f"size {across[int(np.argmin(known))]} has no sample")
    means = _means(rows)
    errors = np.zeros(len(across))
    for i, column in enumerate(rows.T):
        if known[i] > 1:
            errors[i] = np.nanstd(column, ddof=1) / known[i] ** 0.5
    variances = errors**2 + (MODEL_ERROR * means) ** 2 + (LEAST_ERROR * np.abs(means).max()) ** 2
    # Nothing but zeros: any weight will do.
    return across, rows, 1 / np.where(variances > 0, variances, 1.0)


def _means(rows: Floats) -> Floats:
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    return np.asarray(np.where(known, rows, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan))


def _drawn_means(rows: Floats, seed: int) -> Floats:
    """The mean at each size, and those of seeds drawn again, where all are known: [draw, size]."""
    if len(rows) < 2:
        return _means(rows)[np.newaxis]
    picks = resample_rows(len(rows), seed, RESAMPLES)
    drawn = np.vstack([_means(rows), _means(rows[picks].swapaxes(0, 1))])
    return np.asarray(drawn[np.isfinite(drawn).all(axis=1)])


def _best(sizes: Floats, means: Floats, weights: Floats) -> Floats:
    """Exponent and prefactor of least squares for each row of means: [row, 2]."""
    basis = np.exp(np.outer(np.log(sizes / sizes.max()), EXPONENTS))
    along, norm = (weights * means) @ basis, weights @ basis**2
    # What the sum of squares loses by the best positive prefactor at each exponent.
    gain = np.where(along > 0, along**2 / norm, 0.0)
    top = np.argmax(gain, axis=1)
    row = np.arange(len(gain))
    inner = np.clip(top, 1, len(EXPONENTS) - 2)
    before, at, after = (gain[row, inner + step] for step in (-1, 0, 1))
    # Between steps of the grid by a parabola.
    bend = before - 2 * at + after
    bends = (top == inner) & (bend < 0)
    shift = np.where(bends, (before - after) / np.where(bends, 2 * bend, 1.0), 0.0)
    exponent = EXPONENTS[top] + shift * (EXPONENTS[1] - EXPONENTS[0])
    power = sizes ** exponent[:, np.newaxis]
    prefactor = (weights * means * power).sum(axis=1) / (weights * power**2).sum(axis=1)
    found = np.column_stack([exponent, prefactor])
    found[gain[row, top] <= 0] = np.nan
    return found


def _interval(found: Floats, seeds: int, level: float) -> Interval:
    """The first value with quantiles of the others about it."""
    real("level", level, above=0, below=1)
    estimate, draws = float(found[0]), found[1:][np.isfinite(found[1:])]
    if not np.isfinite(estimate) or 2 * len(draws) < len(found) - 1 or len(draws) < 100:
        return Interval(estimate, np.nan, np.nan, level, "bootstrap", seeds)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    # Means of n seeds drawn again scatter by (n - 1) / n of the variance, and normally.
    wider = (seeds / (seeds - 1)) ** 0.5
    wider *= student_quantile(level, seeds - 1) / student_quantile(level, 10**6)
    return Interval(
        estimate,
        estimate - wider * max(0.0, estimate - float(low)),
        estimate + wider * max(0.0, float(high) - estimate),
        level, "bootstrap", seeds,
    )  # fmt: skip
