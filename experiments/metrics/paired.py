"""Designs against a reference, seed by seed: simultaneous intervals, and the Pareto front.

Every design meets the same seeds, so what is compared is the difference within a seed. Many
differences are looked at together, and the largest of many is large by chance: the intervals hold
all at once with the stated probability (J. P. Romano and M. Wolf, "Exact and approximate stepdown
methods for multiple hypothesis testing", JASA 100(469), 2005: the max-t bootstrap). They are
right for differences that are about symmetric, as those of two runs of a kind are; where a
difference is a rare large loss they are too narrow, as all intervals for a mean are.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.intervals import student_quantile
from lob.checks import real

__all__ = [
    "PairedDifference",
    "pareto_frequency",
    "pareto_front",
    "ranks",
    "simultaneous_differences",
]

Floats = NDArray[np.float64]
LEAST_BOOTSTRAP = 10
"""Fewest seeds for the bootstrap: with fewer it has too few samples to draw from, and intervals are
Bonferroni's with Student's t. Chosen."""


class PairedDifference(NamedTuple):
    """The mean over seeds of a paired difference, with its simultaneous interval."""

    estimate: float
    """Mean of the differences, in their unit."""
    low: float
    """Lower bound in the same unit; ``nan`` where none can be given."""
    high: float
    """Upper bound in the same unit; ``nan`` where none can be given."""
    seeds: int
    """Count of pairs in which both numbers are known."""
    method: str
    """"max-t bootstrap", "Bonferroni-Student", "unknown"; or, the same in every seed, "sign test"
    or "exact".

    What is the same in every seed has shown no error, and so has no interval: its bounds are
    ``nan``, or both zero where there is no difference at all. There are enough seeds for its sign
    if a fair coin would fall so often on one side with at most the probability left over, for all
    comparisons together: "sign test"."""

    @property
    def certain(self) -> bool:
        """Whether a paired difference is not zero: by its interval or by the sign test."""
        return self.method == "sign test" or self.low > 0 or self.high < 0


def simultaneous_differences(
    differences: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> list[PairedDifference]:
    """Intervals for the means of many paired differences that hold all at once.

    Parameters
    ----------
    differences
        [seed, comparison], any unit; ``nan`` where a pair is not known. A comparison with such a
        pair rests on the others.
    level
        The probability, over seeds, that all intervals hold their true means; between 0 and 1.
    resamples
        Draws of the bootstrap, which draws whole seeds and so keeps what belongs together.
    seed
        Seed of the bootstrap.

    Returns
    -------
    list
        One ``PairedDifference`` a comparison, in order.
    """
    real("level", level, above=0, below=1)
    table = np.atleast_2d(np.asarray(differences, np.float64))
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    filled = np.where(known, table, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    centred = np.where(known, table - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / np.maximum(count - 1, 1))
    error = spread / np.sqrt(np.maximum(count, 1))
    same = (count > 0) & (np.where(known, np.abs(table - mean), 0).max(axis=0) <= _rounding(table))
    open_ones = np.flatnonzero((count >= 2) & ~same)
    method, reach = "Bonferroni-Student", np.full(len(count), np.nan)
    if len(table) >= LEAST_BOOTSTRAP and len(open_ones):
        method = "max-t bootstrap"
        of = _reach(table[:, open_ones], level, resamples, seed)
        reach[open_ones] = of * error[open_ones]
    else:
        for one in open_ones:
            part = 1 - (1 - level) / len(open_ones)
            reach[one] = student_quantile(part, int(count[one]) - 1) * error[one]
    found = []
    for i in range(len(count)):
        middle = float(mean[i]) if count[i] else float("nan")
        if same[i] and count[i] >= 2:
            # Alike to within rounding is no difference.
            middle = middle if abs(middle) > _rounding(table)[i] else 0.0
            bound = float("nan") if middle else 0.0
            coin = 2 * 0.5 ** float(count[i]) * len(count)
            how = "sign test" if middle and coin <= 1 - level else "exact"
            found.append(PairedDifference(middle, bound, bound, int(count[i]), how))
        else:
            how = method if np.isfinite(reach[i]) else "unknown"
            low, high = float(middle - reach[i]), float(middle + reach[i])
            found.append(PairedDifference(middle, low, high, int(count[i]), how))
    return found


def _rounding(table: Floats) -> Floats:
    """Differences of floats that should be the same are so to within this."""
    largest = np.where(np.isnan(table), 0, np.abs(table)).max(axis=0)
    scaled: Floats = 1e-12 * largest
    return scaled


def _reach(table: Floats, level: float, resamples: int, seed: int) -> Floats:
    """How many standard errors the intervals of all columns reach, so that all hold at once.

    The bootstrap tells how unlikely the largest of the correlated deviations is, as the level that
    a single normal one would need for the same; Student's t at that level allows for the standard
    errors being estimates.
    """
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    weights = random.multinomial(len(table), np.full(len(table), 1 / len(table)), resamples)
    scale = np.nanstd(table, axis=0, ddof=1)
    centred = np.where(known, (table - np.nanmean(table, axis=0)) / scale, 0.0)
    drawn = np.maximum(weights @ known, 1)
    # Of a standard error that a normal sample of this count would have had in the draws.
    again = weights @ centred / drawn * np.sqrt(drawn * count / np.maximum(count - 1, 1))
    ordered = np.sort(np.abs(again).max(axis=1))
    quantile = float(ordered[int(np.ceil(level * resamples)) - 1])
    single = 2 * NormalDist().cdf(quantile) - 1
    of_count = {n: student_quantile(min(single, 1 - 1e-12), n - 1) for n in set(count.tolist())}
    return np.array([of_count[n] for n in count.tolist()])


def pareto_front(values: ArrayLike) -> NDArray[np.bool_]:
    """Mask of rows that no other row dominates: as good in every column, better in one.

    Parameters
    ----------
    values
        [design, criterion], lower is better; alike rows are both in or both out.
    """
    table = np.asarray(values, np.float64)
    no_worse = (table[:, None, :] <= table[None, :, :]).all(axis=2)
    better = (table[:, None, :] < table[None, :, :]).any(axis=2)
    front: NDArray[np.bool_] = np.logical_not((no_worse & better).any(axis=0))
    return front


def pareto_frequency(
    values: ArrayLike,
    *,
    worst: ArrayLike | None = None,
    resamples: int = 1_000,
    seed: int = 0,
) -> Floats:
    """How often each design is on the Pareto front of the means when seeds are drawn again.

    Parameters
    ----------
    values
        [design, criterion, seed], lower is better.
    worst
        [design, seed]: what no criterion makes up for, such as a book that ran out. A design that
        has more of it than another one is not on the front.
    resamples
        Draws of the bootstrap over seeds, the same seeds for every design.
    seed
        Seed of the bootstrap.

    Returns
    -------
    numpy.ndarray
        One share from 0 to 1 a design.
    """
    table = np.asarray(values, np.float64)
    seeds = table.shape[2]
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    weights = random.multinomial(seeds, np.full(seeds, 1 / seeds), resamples)
    hits = np.zeros(len(table))
    bad = np.zeros((len(table), seeds)) if worst is None else np.asarray(worst, np.float64)
    for draw in weights:
        least = bad @ draw
        among = np.flatnonzero(least == least.min()) if len(least) else np.zeros(0, np.int64)
        hits[among[pareto_front((table @ draw)[among])]] += 1
    return hits / resamples


def ranks(values: Sequence[float], *, lower_is_better: bool = True) -> list[int]:
    """Places of numbers from 1 on: alike ones share the best of theirs, ``nan`` comes last.

    Parameters
    ----------
    values
        Numbers in one unit.
    lower_is_better
        Whether the lowest has place 1, otherwise the highest.
    """
    signed = [value if lower_is_better else -value for value in values]
    keyed = [float("inf") if np.isnan(value) else value for value in signed]
    return [1 + sum(other < value for other in keyed) for value in keyed]
