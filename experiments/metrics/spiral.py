"""Spirals: how much further the price went because sales were forced.

The twin of a spiral has forced selling off: failed accounts are recorded and frozen, nothing is
sold. *Drop* is the mark just before the shock minus the most adverse mark until the horizon;
*amplification* is the mean drop of the full runs over the mean drop of the twins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.columns import Entries
from experiments.metrics.intervals import (
    Interval,
    interval_of_mean,
    known,
    resample_rows,
    to_series,
)
from lob import EntryKind
from lob.checks import choice
from lob.journal import depths, first_of_message

__all__ = [
    "Amplification",
    "DepthWithdrawal",
    "amplification",
    "depth_near_mid",
    "drop",
    "first_reached",
    "marks_of",
    "moves_of",
    "withdrawal",
]


def marks_of(
    entries: Entries, instrument: int = 0, clearing: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The marks of an instrument that a clearing believed.

    Parameters
    ----------
    entries
        ``lob.ENTRY`` rows of a run.
    instrument, clearing
        Their numbers.

    Returns
    -------
    tuple
        Times in ns, never falling, and the marks in ticks that hold from each time on.
    """
    rows = _mark_rows(entries, instrument, clearing)
    return rows["ts_event"], rows["price"]


def _mark_rows(entries: Entries, instrument: int, clearing: int) -> Entries:
    rows: Entries = entries[
        (entries["kind"] == EntryKind.MARK)
        & (entries["instrument"] == instrument)
        & (entries["clearing"] == clearing)
    ]
    return rows


def moves_of(
    entries: Entries,
    shock_ns: int,
    horizon_ns: int,
    *,
    instrument: int = 0,
    clearing: int = 0,
    side: int = -1,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The moves of a mark from just before a shock until the horizon, and what moved it.

    Parameters
    ----------
    entries, shock_ns, horizon_ns, instrument, clearing, side
        Journal, times in ns, whose mark, and the adverse side, as for ``drop``, which is the
        largest of the running sums of these moves.

    Returns
    -------
    tuple
        Moves in ticks, positive where adverse; the tag of the liquidation that did each, 0: none
        did.

    Raises
    ------
    ValueError
        If there is no mark before the shock, or ``side`` is neither -1 nor 1.
    """
    choice("side", side, (1, -1))
    rows = _mark_rows(entries, instrument, clearing)
    before = int(np.searchsorted(rows["ts_event"], shock_ns, side="left"))
    if before == 0:
        raise ValueError(f"instrument {instrument} has no mark before the shock at {shock_ns} ns")
    end = int(np.searchsorted(rows["ts_event"], shock_ns + horizon_ns, side="right"))
    return np.diff(rows["price"][before - 1 : end]) * side, rows["parent"][before:end]


def drop(
    entries: Entries,
    shock_ns: int,
    horizon_ns: int,
    *,
    instrument: int = 0,
    clearing: int = 0,
    side: int = -1,
) -> int:
    """The mark just before a shock minus the most adverse one until the horizon, in ticks.

    Never negative.

    Parameters
    ----------
    entries
        ``lob.ENTRY`` rows of a run.
    shock_ns
        When the shock begins; marks at that very time count as after it.
    horizon_ns
        How long after it is looked at, the end included.
    instrument, clearing
        Numbers of the instrument and of the clearing whose mark it is.
    side
        -1: a fall is adverse, 1: a rise is.

    Raises
    ------
    ValueError
        If there is no mark before the shock, or ``side`` is neither.
    """
    moves, _ = moves_of(
        entries, shock_ns, horizon_ns, instrument=instrument, clearing=clearing, side=side
    )
    return max(0, int(np.cumsum(moves).max())) if len(moves) else 0


LEAST_PAIRS = 5
"""Fewest pairs for an interval: with fewer the pairs drawn again are the same few. Chosen."""
LEAST_DROP = 2
"""Smallest mean drop in ticks that is a denominator, since a mark moves by whole ticks; chosen."""


class Amplification(NamedTuple):
    """Mean drop with forced selling over mean drop without."""

    ratio: Interval | None
    """Ratio of the means, times; ``None``: undefined, since the twin's mean drop is within its own
    95 % error of zero, or less than ``LEAST_DROP``. Its bounds are ``nan`` with fewer than
    ``LEAST_PAIRS``."""
    full: Interval
    """Mean drop of the full runs, in ticks."""
    twin: Interval
    """Mean drop of the twins, in which nothing is forced, in ticks."""

    def to_dict(self) -> dict[str, Any]:
        """Ratio and mean drops with their bounds as JSON values; ``None`` for what is undefined."""
        names = ("estimate", "low", "high")
        shown = {
            name: dict(zip(names, _shown(interval), strict=True))
            for name, interval in (("full", self.full), ("twin", self.twin))
        }
        ratio = None if self.ratio is None else _shown(self.ratio)
        return {"amplification": ratio and dict(zip(names, ratio, strict=True)), **shown}


def _shown(interval: Interval) -> list[float | None]:
    return [known(value) for value in (interval.estimate, *interval.bounds)]


def amplification(
    full: ArrayLike,
    twin: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> Amplification:
    """The ratio of the means of paired drops, with a bootstrap interval over the pairs.

    Parameters
    ----------
    full, twin
        Drops in ticks, one a seed each, in the same order.
    level
        Confidence level of the intervals, between 0 and 1.
    resamples
        Draws of the bootstrap, at least 100.
    seed
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        If the drops are not as many, or none, or an argument is out of range.
    """
    ours, theirs = to_series("full", full, 1), to_series("twin", twin, 1)
    if len(ours) != len(theirs):
        raise ValueError(
            f"full and twin must be as many, got {len(ours)} and {len(theirs)}"
        )  # fmt: skip
    means = [_mean(series, level) for series in (ours, theirs)]
    # One pair has no error to compare with.
    if means[1].estimate < LEAST_DROP or (len(theirs) > 1 and means[1].low <= 0):
        return Amplification(None, *means)
    ratio = ours.mean() / theirs.mean()
    if len(ours) < LEAST_PAIRS:
        nan = float("nan")
        found = Interval(float(ratio), nan, nan, level, "bootstrap", len(ours))
        return Amplification(found, *means)
    rows = resample_rows(len(ours), seed, resamples)
    below = theirs[rows].mean(axis=1)
    again = ours[rows].mean(axis=1)[below > 0] / below[below > 0]
    low, high = np.quantile(again, [(1 - level) / 2, (1 + level) / 2])
    found = Interval(float(ratio), float(low), float(high), level, "bootstrap", len(ours))
    return Amplification(found, *means)


def _mean(series: NDArray[np.float64], level: float) -> Interval:
    return interval_of_mean(series, level=level)


def first_reached(
    entries: Entries,
    shock_ns: int,
    share: float,
    *,
    instruments: Sequence[int],
    clearing: int = 0,
) -> dict[int, int | None]:
    """How long after a shock each book's mark has fallen by a share of its value before.

    Parameters
    ----------
    entries
        ``lob.ENTRY`` rows of a run.
    shock_ns
        When the shock begins.
    share
        Share of the mark, from 0 to 1.
    instruments
        Numbers of the instruments.
    clearing
        Number of the clearing whose marks they are.

    Returns
    -------
    dict
        ns after the shock by instrument; ``None``: never. Spill-over shows in their order.

    Raises
    ------
    ValueError
        If an instrument has no mark before the shock.
    """
    found: dict[int, int | None] = {}
    for instrument in instruments:
        times, marks = marks_of(entries, instrument, clearing)
        before = int(np.searchsorted(times, shock_ns, side="left"))
        if before == 0:
            raise ValueError(f"instrument {instrument} has no mark before the shock")
        limit = marks[before - 1] * (1 - share)
        hit = np.flatnonzero(marks[before:] <= limit)
        found[instrument] = int(times[before + hit[0]]) - shock_ns if len(hit) else None
    return found


def depth_near_mid(
    events: NDArray[np.void],
    times: NDArray[np.int64],
    *,
    instrument: int = 0,
    share: float = 0.005,
    levels: int = 128,
) -> NDArray[np.float64]:
    """Lots of both sides within a share of the mid, at each of some times.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows of a run that started with empty books.
    times
        ns, rising.
    instrument
        Number of the instrument.
    share
        Greatest distance from the mid, as a share of it; 0.005 is 0.5 %, chosen.
    levels
        How many levels of a side are looked at; 128, chosen.

    Returns
    -------
    numpy.ndarray
        float64, one a time; zero where a side of the book is empty.
    """
    # Between messages: the book of a time is the one after the last message until then.
    starts = np.flatnonzero(first_of_message(events))
    after = np.searchsorted(events["ts_event"][starts], times, side="right")
    upto = np.concatenate([starts, [len(events)]])[after]
    rows = depths(events, upto, levels, instrument)
    prices, sizes = rows["price"].astype(np.float64), rows["size"]
    both = (sizes[:, :, 0] > 0).all(axis=1)
    mid = prices[:, :, 0].mean(axis=1)[:, None, None]
    near = np.abs(prices - mid) <= share * np.abs(mid)
    found: NDArray[np.float64] = np.where(both, (sizes * near).sum(axis=(1, 2)), 0).astype(
        np.float64
    )
    return found


@dataclass(frozen=True)
class DepthWithdrawal:
    """Depth near the mid after a shock: how far it fell, and when it was back; lots and ns."""

    before: float
    """Mean depth before the shock, in lots."""
    lowest: float
    """Lowest depth from the shock on, in lots."""
    lowest_at_ns: int
    """When depth was lowest, ns after the shock."""
    back_after_ns: int | None
    """When depth is back at the stated share for the first time after the lowest, ns after the
    shock; ``None``: never."""


def withdrawal(
    times: ArrayLike, depth: ArrayLike, shock_ns: int, *, share: float = 0.9
) -> DepthWithdrawal:
    """The fall of depth near the mid after a shock, and when depth was back.

    Parameters
    ----------
    times
        Times of samples in ns, rising.
    depth
        Lots at these times.
    shock_ns
        Time of the shock; a sample of that time counts as after it.
    share
        Share of the mean depth before the shock at which it counts as back; 0.9, chosen.

    Raises
    ------
    ValueError
        If there is no sample before the shock, or none after it.
    """
    at, lots = np.asarray(times, np.int64), np.asarray(depth, np.float64)
    before, after = lots[at < shock_ns], lots[at >= shock_ns]
    if not len(before) or not len(after):
        raise ValueError("times must have samples before and after the shock")
    later = at[at >= shock_ns]
    lowest = int(np.argmin(after))
    back = np.flatnonzero(after[lowest:] >= share * before.mean())
    return DepthWithdrawal(
        before=float(before.mean()),
        lowest=float(after[lowest]),
        lowest_at_ns=int(later[lowest]) - shock_ns,
        back_after_ns=int(later[lowest + back[0]]) - shock_ns if len(back) else None,
    )
