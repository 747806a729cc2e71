"""Intervals: how far a number that was measured may be from the one that was meant.

Two methods, and every interval says which one made it:

``"student"``
    Normal theory: mean plus or minus a quantile of Student's t times the standard error. Exact
    for normal samples of any count, right in the limit for others; symmetric by construction.
``"bootstrap"``
    Quantiles of the statistic over samples drawn again, with replacement (the percentile method:
    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979).
    It needs no theory of the statistic, but with fewer than some 20 samples it is too narrow.

Samples are independent runs, one a seed. An interval speaks of the seeds, not of the model.
"""

from collections.abc import Callable
from math import atan2, comb, cos, fsum, isfinite, nan, pi, sin, sqrt
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lob.checks import natural, real

__all__ = [
    "FittedLine",
    "Interval",
    "Method",
    "bootstrap_interval",
    "chance_interval",
    "fit_line",
    "interval_of_mean",
    "known",
    "resample_rows",
    "student_interval",
    "student_quantile",
    "to_series",
]

Method = Literal["student", "bootstrap"]
"""How an interval is made: see the module."""

NORMAL_FROM = 2_000
"""Degrees of freedom from which Student's t is taken as normal: quantiles differ by less than 0.1
%."""


class Interval(NamedTuple):
    """An estimate between two bounds, in the unit of the estimate."""

    estimate: float
    """The statistic of the samples themselves."""
    low: float
    """Lower bound; ``nan`` where none can be given."""
    high: float
    """Upper bound; ``nan`` where none can be given."""
    level: float
    """The share of such intervals, between 0 and 1, that hold the true value, as far as the method
    is right."""
    method: str
    """Which method made it: "student", "bootstrap" or "Clopper-Pearson"."""
    samples: int
    """Count of samples that the estimate rests on."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high, to be shown: ``nan`` where they are one.

        Samples that all agree have shown no error; that is not to say that there is none.
        """
        return (self.low, self.high) if self.low < self.high else (nan, nan)


def known(value: float) -> float | None:
    """A number as a JSON value: ``None`` where it is not finite."""
    return float(value) if isfinite(value) else None


class FittedLine(NamedTuple):
    """A least-squares line y = intercept + slope x."""

    slope: Interval
    """In the unit of y for one of x."""
    intercept: Interval
    """In the unit of y."""
    r2: float
    """1 - residual / total sum of squares; ``nan`` where y never changes."""


def student_quantile(level: float, freedom: int) -> float:
    """Return t such that a Student variable is within -t and t with probability ``level``.

    The distribution function is the finite sum for whole degrees of freedom (Abramowitz and
    Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4), inverted by bisection.

    Parameters
    ----------
    level
        Between 0 and 1, neither included.
    freedom
        Degrees of freedom, at least 1.
    """
    real("level", level, above=0, below=1)
    natural("freedom", freedom, 1)
    if freedom >= NORMAL_FROM:
        return NormalDist().inv_cdf((1 + level) / 2)
    low, high = 0.0, 1.0
    while _student_within(high, freedom) < level:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        if _student_within(middle, freedom) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def student_interval(samples: ArrayLike, level: float = 0.95) -> Interval:
    """Return the mean of samples with its Student interval; bounds ``nan`` for a single one.

    Parameters
    ----------
    samples
        Independent numbers in any unit, one-dimensional.
    level
        Confidence level, between 0 and 1.

    Raises
    ------
    ValueError
        If there is no sample, one is not finite, or the level is out of range.
    """
    real("level", level, above=0, below=1)
    values = to_series("samples", samples, 1)
    mean, count = float(values.mean()), len(values)
    if count < 2:
        return Interval(mean, nan, nan, level, "student", count)
    if (values == values[0]).all():  # a sum that rounds would tell of a difference
        mean = float(values[0])
        return Interval(mean, mean, mean, level, "student", count)
    error = float(values.std(ddof=1)) / sqrt(count)
    reach = student_quantile(level, count - 1) * error
    return Interval(mean, mean - reach, mean + reach, level, "student", count)


def bootstrap_interval(
    samples: ArrayLike,
    statistic: Callable[[NDArray[np.float64]], float],
    *,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = 1_000,
) -> Interval:
    """Return a statistic of samples with its bootstrap interval (percentile method).

    Parameters
    ----------
    samples
        One row a sample: whole rows are drawn, so what belongs to one run stays together.
    statistic
        From rows to a number. Draws for which it is ``nan`` are left out of the quantiles; where
        they are more than half, the bounds are ``nan``.
    level
        Confidence level, between 0 and 1.
    seed
        Seed of the draws: the same seed gives the same interval.
    resamples
        How many draws, at least 100.

    Raises
    ------
    ValueError
        If there is no sample, or an argument is out of range.
    """
    real("level", level, above=0, below=1)
    rows = np.asarray(samples, np.float64)
    if not len(rows):
        raise ValueError("samples must hold at least one row, got none")
    estimate, count = float(statistic(rows)), len(rows)
    draws = np.array([statistic(rows[pick]) for pick in resample_rows(count, seed, resamples)])
    known = draws[~np.isnan(draws)]
    if count < 2 or 2 * len(known) < len(draws):
        return Interval(estimate, nan, nan, level, "bootstrap", count)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), level, "bootstrap", count)


def chance_interval(events: int, count: int, level: float = 0.95) -> Interval:
    """Return the share of seeds with an event, with its exact interval.

    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 26(4), 1934: no chance within the bounds makes what was seen
    less likely than the level allows. With none, or all, of the seeds only one bound is
    informative, and it has the whole of the level: none of 8 leaves at most 31 %.

    Parameters
    ----------
    events
        Seeds in which the event occurred.
    count
        All seeds, at least 1.
    level
        Confidence level, between 0 and 1.

    Raises
    ------
    ValueError
        Unless 0 <= events <= count and count >= 1.
    """
    real("level", level, above=0, below=1)
    natural("count", count, 1)
    if not 0 <= events <= count:
        raise ValueError(f"events must be 0 to {count}, got {events}")
    alpha = (1 - level) / (1 if events in (0, count) else 2)
    low = 0.0 if not events else _chance(lambda p: 1 - _at_most(events - 1, count, p) >= alpha)
    high = 1.0 if events == count else _chance(lambda p: _at_most(events, count, p) <= alpha)
    return Interval(events / count, low, high, level, "Clopper-Pearson", count)


def _at_most(events: int, count: int, chance: float) -> float:
    """The probability of so many events or fewer."""
    return fsum(comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(events + 1))


def _chance(holds: Callable[[float], bool]) -> float:
    """The least chance at which something holds that holds for all larger ones."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def interval_of_mean(
    samples: ArrayLike, *, method: Method = "student", level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the mean of samples with its interval by either method of this module.

    Parameters
    ----------
    samples
        Independent numbers in any unit, one-dimensional.
    method
        "student" or "bootstrap".
    level
        Confidence level, between 0 and 1.
    seed
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        If there is no sample, one is not finite, or an argument is out of range.
    """
    if method == "student":
        return student_interval(samples, level)
    if method == "bootstrap":
        values = to_series("samples", samples, 1)
        return bootstrap_interval(values, lambda rows: float(rows.mean()), level=level, seed=seed)
    raise ValueError(f"method must be 'student' or 'bootstrap', got {method!r}")


def resample_rows(count: int, seed: int, resamples: int) -> NDArray[np.int64]:
    """Return row numbers drawn with replacement for a bootstrap: int64 [resample, row].

    Parameters
    ----------
    count
        Rows to draw from, and how many are drawn each time.
    seed
        Seed of numpy's PCG64.
    resamples
        How many times, at least 100.
    """
    natural("resamples", resamples, 100)
    return np.random.Generator(np.random.PCG64(seed)).integers(0, count, (resamples, count))


def fit_line(
    x: ArrayLike, y: ArrayLike, *, level: float = 0.95, robust: bool = False
) -> FittedLine:
    """Return the least-squares line through points, with Student intervals.

    Parameters
    ----------
    x, y
        As many of either, at least 3, all finite; x takes at least two values.
    level
        Confidence level, between 0 and 1.
    robust
        Whether the standard errors allow the scatter about the line to depend on x (H. White,
        Econometrica 48(4), 1980, times n / (n - 2)): for many points. Otherwise the scatter is
        taken to be the same everywhere.

    Raises
    ------
    ValueError
        If the points are too few or do not match.
    """
    across, up = to_series("x", x, 3), to_series("y", y, 3)
    if len(across) != len(up):
        raise ValueError(f"x and y must be as many, got {len(across)} and {len(up)}")
    count = len(across)
    centred = across - across.mean()
    spread = float(centred @ centred)
    if spread == 0:
        raise ValueError(f"x must take at least two values, got only {across[0]}")
    slope = float(centred @ up) / spread
    intercept = float(up.mean()) - slope * float(across.mean())
    residuals = up - intercept - slope * across
    # Either estimate is a weighted sum of the points: these are the weights.
    for_slope = centred / spread
    for_intercept = 1 / count - float(across.mean()) * for_slope
    if robust:
        variances = residuals**2 * count / (count - 2)
    else:
        variances = np.full(count, float(residuals @ residuals) / (count - 2))
    quantile = student_quantile(level, count - 2)

    def bounds(estimate: float, weights: NDArray[np.float64]) -> Interval:
        reach = quantile * sqrt(float(weights**2 @ variances))
        return Interval(estimate, estimate - reach, estimate + reach, level, "student", count)

    total = float(((up - up.mean()) ** 2).sum())
    r2 = 1 - float(residuals @ residuals) / total if total > 0 else nan
    return FittedLine(bounds(slope, for_slope), bounds(intercept, for_intercept), r2)


def to_series(name: str, values: ArrayLike, least: int) -> NDArray[np.float64]:
    """Return numbers as a one-dimensional float64 array, or raise an error that names the argument.

    Parameters
    ----------
    name
        Name of the argument, for messages.
    values
        Numbers in any unit.
    least
        How many there must be.

    Raises
    ------
    ValueError
        If the numbers are not one-dimensional, fewer than ``least``, or not all finite.
    """
    series = np.asarray(values, np.float64)
    if series.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got {series.ndim} dimensions")
    if len(series) < least:
        raise ValueError(f"{name} must hold at least {least} values, got {len(series)}")
    finite = np.isfinite(series)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f"{name} must be finite, got {name}[{row}] = {series[row]}")
    return series


def _student_within(t: float, freedom: int) -> float:
    """Return the probability that a Student variable is within -t and t."""
    angle = atan2(t, sqrt(freedom))
    square = cos(angle) ** 2
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    terms = []
    for k in range(freedom // 2):
        terms.append(term)
        term *= square * (2 * k + 1 + odd) / (2 * k + 2 + odd)
    if odd:
        return 2 / pi * (angle + sin(angle) * fsum(terms))
    return sin(angle) * fsum(terms)
