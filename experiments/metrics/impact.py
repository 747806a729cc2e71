"""Impact: what an order did to the price, against the same market without it.

*full* is the run with the order, *twin* the same run without. Impact is mid(full) - mid(twin): it
is negative where a sale pushed the price down. One pair is one path; a mean over seeds, with its
interval, needs many.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.quotes import mid, mid_at

__all__ = [
    "LAGS_NS",
    "Impact",
    "depth_within",
    "impact_at",
    "impact_path",
    "peak_impact",
    "return_time_ns",
    "same_moment",
    "twin_mid",
]

LAGS_NS = (0, 100_000_000, 1_000_000_000, 10_000_000_000, 60_000_000_000, 600_000_000_000)
"""0, 0.1, 1, 10, 60 and 600 s."""

BPS = 1e4


class Impact(NamedTuple):
    """The two mids at one lag after the order, in ticks; ``nan`` where a side is empty."""

    lag_ns: int
    mid_full: float
    mid_twin: float

    @property
    def ticks(self) -> float:
        """Return mid(full) - mid(twin)."""
        return self.mid_full - self.mid_twin

    @property
    def bps(self) -> float:
        """Return 1e4 (mid(full) - mid(twin)) / mid(twin)."""
        return BPS * self.ticks / self.mid_twin if self.mid_twin > 0 else float("nan")


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
    inserted, rows
        As for ``same_moment``.
    """
    return np.concatenate([[np.nan], mid(twin)])[same_moment(inserted, rows) + 1]


def impact_at(
    full: NDArray[np.void], twin: NDArray[np.void], ts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return mid(full) - mid(twin) at each time, in ticks.

    At each time the last quote at or before it counts, in either run. ``nan`` where one of the
    mids is undefined: an empty side, or a time the tape does not reach.
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

    Parameters and errors are those of ``impact_path``.
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

    Parameters and errors are those of ``impact_path``.
    """
    last = _rows_of(inserted)[-1]
    if impact_path(full, twin, inserted, [0])[0].ticks == 0:
        return 0
    times = full["ts_event"][last:]
    # Of the rows that share a time only the last is a state that lasted.
    settled = times[np.flatnonzero(np.diff(times, append=times[-1] + 1))]
    back = np.flatnonzero(impact_at(full, twin, settled) == 0)
    return int(settled[back[0]] - times[0]) if len(back) else None


def depth_within(levels: NDArray[np.void], around: float, bps: float) -> int:
    """Return the lots of a side that rest at most ``bps`` basis points from a price.

    Parameters
    ----------
    levels
        One side of a book as ``lob.LEVEL`` rows.
    around
        The price in ticks, usually a mid; where it is ``nan`` nothing is near it.
    bps
        Of ``around``.
    """
    near = np.abs(levels["price"] - around) <= abs(around) * bps / BPS
    return sum(levels["size"][near].tolist())


def _rows_of(inserted: NDArray[np.bool_]) -> NDArray[np.int64]:
    rows = np.flatnonzero(inserted)
    if not len(rows):
        raise ValueError("inserted must mark at least one message of the order, got none")
    return rows
