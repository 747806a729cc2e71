"""Impact: what an order did to the price, against the same market without it.

*full* is the run with the order, *twin* the same run without. Impact is mid(full) - mid(twin): it
is negative where a sale pushed the price down. One pair is one path. A path is mostly noise, for
draws that depend on the state part soon after the order: what an order does is the mean over many
seeds, with its interval.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.metrics.intervals import Interval, Method, bootstrap_interval, interval_of_mean
from experiments.metrics.quotes import BPS, mid, mid_at
from lob.units import MINUTE_NS, SECOND_NS

__all__ = [
    "DEPTH_BPS",
    "LAGS_NS",
    "Decay",
    "Impact",
    "depth_within",
    "half_life_ns",
    "impact_at",
    "impact_path",
    "impact_paths",
    "mean_impact",
    "mean_path",
    "peak_impact",
    "return_time_ns",
    "same_moment",
    "twin_mid",
]

ROUNDING = 1e-12
"""Share of a whole below which two shares are taken as equal: some thousand times what division
rounds by."""
DEPTH_BPS = 10
"""Distance from the mid up to which depth is counted, in basis points; chosen."""
LAGS_NS = (
    0,
    SECOND_NS // 10,
    SECOND_NS,
    10 * SECOND_NS,
    MINUTE_NS,
    10 * MINUTE_NS,
)
"""Lags after an order at which impact is measured: 0, 0.1, 1, 10, 60 and 600 s; chosen."""


class Impact(NamedTuple):
    """The two mids at one lag after an order, in ticks; ``nan`` where a side is empty."""

    lag_ns: int
    """ns after the order."""
    mid_full: float
    """Mid of the run with the order, in ticks."""
    mid_twin: float
    """Mid of the run without the order, in ticks."""

    @property
    def ticks(self) -> float:
        """Impact in ticks, mid(full) - mid(twin): negative where the price was pushed down."""
        return self.mid_full - self.mid_twin

    @property
    def bps(self) -> float:
        """Impact in basis points, 1e4 (mid(full) - mid(twin)) / mid(twin), signed.

        ``nan`` where the twin's mid is undefined or not positive.
        """
        return BPS * self.ticks / self.mid_twin if self.mid_twin > 0 else float("nan")


class Decay(NamedTuple):
    """The mean impact over seeds with intervals: path, peak, permanent part and half-life."""

    lags_ns: tuple[int, ...]
    """ns after the order, rising."""
    path: tuple[Interval, ...]
    """Mean impact in ticks at each lag; ``samples`` are the seeds in which both mids were
    defined."""
    peak: Interval
    """Mean impact furthest from zero, in ticks. Picked from noise, it lies too far out: by about
    the half width of the path's interval where the true path is flat, by less where it has a clear
    top."""
    peak_lag_ns: int
    """Lag of the peak, ns after the order."""
    permanent: Interval
    """Mean impact at the stated horizon, which is the last lag, in ticks."""
    half_life_ns: Interval
    """ns from the peak until half of what is not permanent is gone."""


def same_moment(inserted: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for rows of the full run, the last row of the twin that came no later.

    -1 where a row came before the whole of the twin.

    Parameters
    ----------
    inserted
        For each message of the full run, whether the twin lacks it.
    rows
        Indices of messages of the full run.
    """
    return np.asarray(rows - np.cumsum(inserted)[rows], np.int64)


def twin_mid(
    twin: NDArray[np.void], inserted: NDArray[np.bool_], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the twin's mid, in ticks, at the same moment as rows of the full run.

    ``nan`` where a side is empty, and before the twin's first quote.

    Parameters
    ----------
    twin
        ``lob.QUOTE`` rows, one a message.
    inserted
        For each message of the full run, whether the twin lacks it.
    rows
        Indices of messages of the full run.
    """
    return np.concatenate([[np.nan], mid(twin)])[same_moment(inserted, rows) + 1]


def impact_at(
    full: NDArray[np.void], twin: NDArray[np.void], ts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return mid(full) - mid(twin) at each time, in ticks.

    At each time the last quote at or before it counts, in either run. ``nan`` where one of the mids
    is undefined: an empty side, or a time the tape does not reach.

    Parameters
    ----------
    full, twin
        ``lob.QUOTE`` rows of the two runs, wherever the quotes change or one a message.
    ts
        Times in ns.
    """
    return mid_at(full, ts) - mid_at(twin, ts)


def impact_path(
    full: NDArray[np.void],
    twin: NDArray[np.void],
    inserted: NDArray[np.bool_],
    lags_ns: Sequence[int] = LAGS_NS,
) -> list[Impact]:
    """Return the impact at each lag after the last message of the order.

    Lag 0 is right after that message itself, before whatever else shares its time. A later lag
    is a time: the last quote at or before it counts, in either run.

    Parameters
    ----------
    full, twin
        ``lob.QUOTE`` rows, one a message, of the two runs.
    inserted
        For each message of the full run, whether it is of the order, so that the twin lacks it.
    lags_ns
        In ns, none negative.

    Raises
    ------
    ValueError
        If no message is of the order.
    """
    last = _rows_of(inserted)[-1:]
    start = int(full["ts_event"][last[0]])
    at_once, untouched = float(mid(full[last])[0]), float(twin_mid(twin, inserted, last)[0])
    path = []
    for lag in lags_ns:
        if lag:
            time = start + lag
            path.append(Impact(lag, float(mid_at(full, time)), float(mid_at(twin, time))))
        else:
            path.append(Impact(0, at_once, untouched))
    return path


def peak_impact(
    full: NDArray[np.void], twin: NDArray[np.void], inserted: NDArray[np.bool_]
) -> Impact:
    """Return the impact that was furthest from zero after any message, in ticks.

    Its lag counts from the first message of the order. All ``nan`` where the two mids were never
    both defined.

    Parameters
    ----------
    full, twin
        ``lob.QUOTE`` rows, one a message, of the two runs.
    inserted
        For each message of the full run, whether it is of the order, so that the twin lacks it.

    Raises
    ------
    ValueError
        If no message is of the order.
    """
    first = _rows_of(inserted)[0]
    rows = np.arange(first, len(full))
    mids, without = mid(full[rows]), twin_mid(twin, inserted, rows)
    distance = np.abs(mids - without)
    if np.isnan(distance).all():
        return Impact(0, float("nan"), float("nan"))
    worst = int(np.nanargmax(distance))
    lag = int(full["ts_event"][rows[worst]] - full["ts_event"][first])
    return Impact(lag, float(mids[worst]), float(without[worst]))


def return_time_ns(
    full: NDArray[np.void], twin: NDArray[np.void], inserted: NDArray[np.bool_]
) -> int | None:
    """Return how long after the order's last message the mid was first back on the twin's, in ns.

    0 if that message left it there, ``None`` if it never came back while the tape lasts. Coming
    back is not staying: the two may part again.

    Parameters
    ----------
    full, twin
        ``lob.QUOTE`` rows, one a message, of the two runs.
    inserted
        For each message of the full run, whether it is of the order, so that the twin lacks it.

    Raises
    ------
    ValueError
        If no message is of the order.
    """
    last = _rows_of(inserted)[-1]
    if impact_path(full, twin, inserted, [0])[0].ticks == 0:
        return 0
    times = full["ts_event"][last:]
    # Of the rows that share a time only the last is a state that lasted.
    settled = times[np.flatnonzero(np.diff(times, append=times[-1] + 1))]
    back = np.flatnonzero(impact_at(full, twin, settled) == 0)
    return int(settled[back[0]] - times[0]) if len(back) else None


def impact_paths(
    pairs: Iterable[tuple[NDArray[np.void], NDArray[np.void], int]],
    lags_ns: Sequence[int] = LAGS_NS,
) -> NDArray[np.float64]:
    """Return mid(full) - mid(twin) of many seeds at every lag, in ticks: float64 [seed, lag].

    ``nan`` where a mid is undefined. Lag 0 is the state that the time of the order leaves, with
    whatever else shares that time.

    Parameters
    ----------
    pairs
        For each seed the ``lob.QUOTE`` rows of the full run, those of the twin, and the time in ns
        from which lags count: mostly that of the last of the orders studied.
    lags_ns
        In ns, none negative.
    """
    lags = np.asarray(lags_ns, np.int64)
    rows = [impact_at(full, twin, start + lags) for full, twin, start in pairs]
    return np.array(rows).reshape(len(rows), len(lags))


def mean_path(
    paths: ArrayLike, *, method: Method = "student", level: float = 0.95, seed: int = 0
) -> tuple[Interval, ...]:
    """Return the mean impact over seeds at every lag with an interval for each lag by itself.

    Seeds in which the impact at a lag is ``nan`` do not count there; where none counts, all is
    ``nan``. At some of many lags the truth is outside its interval: they are not simultaneous.

    Parameters
    ----------
    paths
        [seed, lag] in ticks, as ``impact_paths`` gives them.
    method
        "student" or "bootstrap": see ``experiments.metrics.intervals``.
    level
        Confidence level of the intervals, between 0 and 1.
    seed
        Seed of the bootstrap.
    """
    nan, found = float("nan"), []
    for column in _rows_of_paths(paths).T:
        known = column[~np.isnan(column)]
        if len(known):
            found.append(interval_of_mean(known, method=method, level=level, seed=seed))
        else:
            found.append(Interval(nan, nan, nan, level, method, 0))
    return tuple(found)


def mean_impact(
    paths: ArrayLike,
    lags_ns: Sequence[int] = LAGS_NS,
    *,
    method: Method = "student",
    level: float = 0.95,
    seed: int = 0,
) -> Decay:
    """Return the mean impact over seeds: its path, peak, permanent part and half-life.

    Path and permanent part have intervals by ``method``. Peak and half-life have bootstrap ones,
    whatever the method: no normal theory holds for them.

    Parameters
    ----------
    paths
        [seed, lag] in ticks, as ``impact_paths`` gives them.
    lags_ns
        The lags in ns, rising; the last is the horizon at which what is left counts as permanent.
    method
        "student" or "bootstrap": see ``experiments.metrics.intervals``.
    level
        Confidence level of the intervals, between 0 and 1.
    seed
        Seed of the bootstrap.

    Raises
    ------
    ValueError
        If ``paths`` and ``lags_ns`` do not match, lags do not rise, or at a lag no seed counts.
    """
    rows, lags = _rows_of_paths(paths), tuple(int(lag) for lag in lags_ns)
    if rows.shape[1] != len(lags) or not lags:
        raise ValueError(f"paths must have a column a lag, {len(lags)}, got {rows.shape[1]}")
    if (np.diff(lags) <= 0).any():
        raise ValueError(f"lags_ns must rise, got {list(lags)}")
    mean = _mean_known(rows)
    if np.isnan(mean).any():
        lag = lags[int(np.argmax(np.isnan(mean)))]
        raise ValueError(f"paths must be known in some seed at every lag, got none at {lag} ns")
    path = mean_path(rows, method=method, level=level, seed=seed)

    def peak_of(drawn: NDArray[np.float64]) -> float:
        means = _mean_known(drawn)
        return float(means[np.nanargmax(np.abs(means))]) if not np.isnan(means).all() else np.nan

    def half_life_of(drawn: NDArray[np.float64]) -> float:
        return half_life_ns(_mean_known(drawn), lags)

    return Decay(
        lags_ns=lags,
        path=path,
        peak=bootstrap_interval(rows, peak_of, level=level, seed=seed),
        peak_lag_ns=lags[int(np.argmax(np.abs(mean)))],
        permanent=path[-1],
        half_life_ns=bootstrap_interval(rows, half_life_of, level=level, seed=seed),
    )


def half_life_ns(path: ArrayLike, lags_ns: Sequence[int]) -> float:
    """Return how long after its peak a path has lost half of what is not permanent, in ns.

    With peak p at lag t and the last value c taken as permanent, the first lag s >= t at which
    |x(s) - c| <= |p - c| / 2, between lags by a straight line, less t. ``nan`` where nothing
    decays: the peak is the last value, or a value is ``nan``.

    Parameters
    ----------
    path
        Impact at each lag, in any unit.
    lags_ns
        The lags in ns, rising.

    Raises
    ------
    ValueError
        If ``path`` has not one value a lag.
    """
    impact, lags = np.asarray(path, np.float64), np.asarray(lags_ns, np.float64)
    if impact.shape != lags.shape or impact.ndim != 1 or not len(lags):
        raise ValueError(f"path must have a value a lag, {lags.shape}, got {impact.shape}")
    if np.isnan(impact).any():
        return float("nan")
    top = int(np.argmax(np.abs(impact)))
    whole = impact[top] - impact[-1]
    if whole == 0:
        return float("nan")
    # 1 at the peak, 0 where only the permanent part is left; the last value is 0.
    left = (impact[top:] - impact[-1]) / whole
    # What is half but for the rounding of the division is half, in whatever unit.
    after = int(np.argmax(left <= 0.5 + ROUNDING))
    before = after - 1
    share = (left[before] - 0.5) / (left[before] - left[after])
    reached = lags[top + before] + share * (lags[top + after] - lags[top + before])
    return float(reached - lags[top])


def depth_within(levels: NDArray[np.void], around: float, bps: float) -> int:
    """Return the lots of a side that rest at most ``bps`` basis points from a price.

    Parameters
    ----------
    levels
        One side of a book as ``lob.LEVEL`` rows.
    around
        The price in ticks, usually a mid; where it is ``nan`` nothing is near it.
    bps
        Distance in basis points of ``around``, not negative.
    """
    near = np.abs(levels["price"] - around) <= abs(around) * bps / BPS
    return sum(levels["size"][near].tolist())


def _rows_of(inserted: NDArray[np.bool_]) -> NDArray[np.int64]:
    rows = np.flatnonzero(inserted)
    if not len(rows):
        raise ValueError("inserted must mark at least one message of the order, got none")
    return rows


def _rows_of_paths(paths: ArrayLike) -> NDArray[np.float64]:
    rows = np.asarray(paths, np.float64)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"paths must be (seeds, lags) with a seed at least, got {rows.shape}")
    return rows


def _mean_known(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each column over what is not ``nan``; ``nan`` where all is."""
    known = ~np.isnan(rows)
    count = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
