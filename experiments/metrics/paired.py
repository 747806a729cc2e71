"""Designs against a reference, seed by seed: simultaneous intervals, and the Pareto front.

Every design meets the same seeds, so what is compared is the difference within a seed. Losses are
rare and lopsided: a design that loses nothing in twenty seeds may lose a fortune in the next, and
no interval for a mean that rests on the seeds alone can know it. So two things are said of a
difference, which hold together and for all comparisons at once with the stated probability:

- the mean of differences *clipped* to the range that was seen, from the least to the largest. A
  clipped difference has bounds, and for the mean of what has bounds there are intervals that do
  not lean on normality: uniform weights of all that was seen and one more of the worst bound (a
  Dirichlet distribution; of the family of E. Learned-Miller and P. S. Thomas, "A new confidence
  interval for the mean of a bounded random variable", 2019);
- the chance of a difference beyond that range, on either side: what n seeds have not shown once
  has at most the chance 1 - a^(1/n), with probability 1 - a. That is exact.

Where differences have bounds by their nature, which is stated by ``bounds``, the mean is that of
the differences themselves, and nothing is beyond.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lob.checks import natural, real

__all__ = [
    "CHANCES_LEVEL",
    "DIFFERENCES_LEVEL",
    "PairedDifference",
    "pareto_frequency",
    "pareto_front",
    "ranks",
    "simultaneous_differences",
]

Floats = NDArray[np.float64]
DIFFERENCES_LEVEL = 0.96
"""Level of all differences of a report at once."""
CHANCES_LEVEL = 0.99
"""Level of all chances of a loss in a report at once: all that it says holds with 95 %. Chosen, on
files of rare losses: chances need less of it."""
MEAN_SHARE = 0.5
"""Share of what may go wrong that intervals of means have; the chances beyond have the rest."""
MOST_BEYOND = 0.5
"""Chance of a difference beyond what was seen from which on a sign is not certain: the sign of all
that was seen is then not known to be that of most runs. Chosen."""
LEAST_DRAWS = 20_000
DRAWS_IN_A_TAIL = 8
"""Draws of the weights that lie outside a bound, at least: the bound's own error is then small."""
MOST_DRAWS = 200_000
AT_ONCE = 32  # comparisons: their sums take some tens of MB


class PairedDifference(NamedTuple):
    """The mean over seeds of a paired difference, and what else n seeds let one say of it."""

    estimate: float
    """Mean of the differences, in their unit."""
    low: float
    """Lower bound of the mean of clipped differences, in the same unit; ``nan``: none can be
    given."""
    high: float
    """Upper bound in the same unit; ``nan`` where none can be given."""
    seeds: int
    """Count of pairs in which both numbers are known."""
    method: str
    """"clipped mean", "bounded mean", "unknown"; or, the same in every seed, "sign test", "exact".

    What is the same in every seed has shown no error, and so has no interval: its bounds are
    ``nan``, or both zero where there is no difference at all. There are enough seeds for its sign
    if a fair coin would fall so often on one side with at most the probability left over, for all
    comparisons together: "sign test"."""
    least: float
    """Lower end of the range to which differences are clipped: the least that was seen, or the
    stated bound; ``nan`` without a pair."""
    most: float
    """Upper end of that range."""
    beyond: float
    """The chance of a difference beyond the range is at most this, on either side: from 0 to 1."""

    @property
    def certain(self) -> bool:
        """Whether a paired difference is not zero: by its interval or by the sign test."""
        apart = (self.low > 0 or self.high < 0) and self.beyond < MOST_BEYOND
        return self.method == "sign test" or apart


def simultaneous_differences(
    differences: ArrayLike,
    *,
    level: float = DIFFERENCES_LEVEL,
    bounds: ArrayLike | None = None,
    seed: int = 0,
) -> list[PairedDifference]:
    """Intervals for the clipped means of many paired differences that hold all at once.

    Parameters
    ----------
    differences
        [seed, comparison], any unit; ``nan`` where a pair is not known. A comparison with such a
        pair rests on the others.
    level
        The probability, over seeds, that all intervals hold the true clipped means and all chances
        beyond are as small as stated; between 0 and 1.
    bounds
        [2, comparison], least and most that a difference can be by its nature, in the same unit:
        then nothing is clipped. ``None``: the range is that of the seeds.
    seed
        Seed of the draws of weights.

    Returns
    -------
    list
        One ``PairedDifference`` a comparison, in order.

    Raises
    ------
    ValueError
        If the level is out of range, or a difference is beyond its bounds.
    """
    real("level", level, above=0, below=1)
    natural("seed", seed)
    table = np.atleast_2d(np.asarray(differences, np.float64))
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    least, most = _range(table, bounds)
    wrong = (1 - level) / max(len(count), 1)  # one comparison's share of what may go wrong
    of_mean = wrong if bounds is not None else MEAN_SHARE * wrong
    lows, highs = _intervals(np.where(known, table, 0), known, least, most, of_mean, seed)
    found = []
    for i in range(len(count)):
        values, number = table[known[:, i], i], int(count[i])
        middle = float(values.mean()) if number else np.nan
        beyond = 1.0
        if bounds is not None:
            beyond = 0.0
        elif number:
            beyond = 1 - float(((1 - MEAN_SHARE) * wrong / 2) ** (1 / number))
        rounding = 1e-12 * float(np.abs(values).max(initial=0))
        low = high = np.nan
        method = "unknown"
        if number >= 2 and (np.abs(values - middle) <= rounding).all():
            # Alike to within rounding is no difference.
            middle = middle if abs(middle) > rounding else 0.0
            low = high = np.nan if middle else 0.0
            coin = 2 * 0.5 ** float(number) * len(count)
            method = "sign test" if middle and coin <= 1 - level else "exact"
        elif number >= 2:
            low, high = float(lows[i]), float(highs[i])
            method = "clipped mean" if bounds is None else "bounded mean"
        found.append(
            PairedDifference(
                middle, low, high, number, method, float(least[i]), float(most[i]), beyond
            )
        )
    return found


def _range(table: Floats, bounds: ArrayLike | None) -> tuple[Floats, Floats]:
    """The range of each comparison: what was seen, or what is stated."""
    columns = table.shape[1]
    some = ~np.isnan(table).all(axis=0)
    least, most = np.full(columns, np.nan), np.full(columns, np.nan)
    least[some], most[some] = np.nanmin(table[:, some], 0), np.nanmax(table[:, some], 0)
    if bounds is None:
        return least, most
    stated = np.asarray(bounds, np.float64)
    if stated.shape != (2, columns) or not np.isfinite(stated).all():
        raise ValueError(
            f"bounds must be two rows of {columns} finite numbers, got {stated.tolist()}"
        )
    for i in np.flatnonzero((least < stated[0]) | (most > stated[1])):
        raise ValueError(
            f"bounds must hold every difference: those of comparison {i} go from {least[i]} to "
            f"{most[i]}, the bounds from {stated[0, i]} to {stated[1, i]}"
        )
    return stated[0], stated[1]


def _intervals(
    filled: Floats,
    known: NDArray[np.bool_],
    least: Floats,
    most: Floats,
    wrong: float,
    seed: int,
) -> tuple[Floats, Floats]:
    """Bounds of the means of what lies between two bounds, each interval wrong with a chance."""
    rows, columns = filled.shape
    count = int(min(MOST_DRAWS, max(LEAST_DRAWS, np.ceil(2 * DRAWS_IN_A_TAIL / wrong))))
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    # Exponential variables divided by their sum are uniform weights.
    draws = random.standard_exponential((count, rows))
    extra = random.standard_exponential((count, 1))
    whole = draws.sum(axis=1, keepdims=True) + extra
    outside = max(0, int(wrong / 2 * count) - 1)
    low, high = np.empty(columns), np.empty(columns)
    for start in range(0, columns, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        sums, total = draws @ filled[:, part], whole
        if not known[:, part].all():
            total = draws @ known[:, part].astype(np.float64) + extra
        lower, upper = (sums + extra * least[part]) / total, (sums + extra * most[part]) / total
        low[part] = np.partition(lower, outside, axis=0)[outside]
        high[part] = np.partition(upper, -1 - outside, axis=0)[-1 - outside]
    return low, high


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
