"""Mids of quotes, and which quote holds at a time: what every metric of prices rests on."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BPS", "crossed", "last_at", "mid", "mid_at", "mid_before"]

BPS = 1e4
"""Basis points in one."""


def mid(quotes: NDArray[np.void]) -> NDArray[np.float64]:
    """Return (best bid + best ask) / 2 of each ``lob.QUOTE``, in ticks.

    ``nan`` where a side is empty.
    """
    middle = (quotes["bid_price"] + quotes["ask_price"]) / 2.0
    return np.where((quotes["bid_size"] > 0) & (quotes["ask_size"] > 0), middle, np.nan)


def crossed(quotes: NDArray[np.void]) -> NDArray[np.bool_]:
    """Tell which ``lob.QUOTE`` rows are of a call auction: best bid and best ask meet there."""
    both = (quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)
    return np.asarray(both & (quotes["bid_price"] >= quotes["ask_price"]))


def last_at(ts_event: NDArray[np.int64], ts: ArrayLike) -> NDArray[np.int64]:
    """Return the index of the last row at or before each time, -1 where there is none.

    Rows that share a time hold one after the other: the last of them is what the time leaves.

    Parameters
    ----------
    ts_event
        Times of the rows in ns, never falling.
    ts
        Times asked for, in ns.
    """
    found = np.searchsorted(ts_event, np.asarray(ts, np.int64), side="right")
    return np.asarray(found, np.int64) - 1


def mid_at(quotes: NDArray[np.void], ts: ArrayLike) -> NDArray[np.float64]:
    """Return the mid that holds at each time, in ticks.

    ``nan`` before the first quote and after the last, for the tape does not tell, and where a side
    is empty.

    Parameters
    ----------
    quotes
        ``lob.QUOTE`` rows in order of time.
    ts
        Times in ns.
    """
    times = np.asarray(ts, np.int64)
    if not len(quotes):
        return np.full(times.shape, np.nan)
    index = last_at(quotes["ts_event"], times)
    known = (index >= 0) & (times <= quotes["ts_event"][-1])
    return np.where(known, mid(quotes[np.maximum(index, 0)]), np.nan)


def mid_before(
    quotes: NDArray[np.void], index: NDArray[np.int64], rows: ArrayLike
) -> NDArray[np.float64]:
    """Return the mid just before the message that each row of an event tape belongs to, in ticks.

    ``nan`` before the first message, and where a side is empty.

    Parameters
    ----------
    quotes, index
        As ``lob.journal.quotes`` returns them.
    rows
        Rows of the same event tape.
    """
    mids = np.concatenate([[np.nan], mid(quotes)])
    return np.asarray(mids[np.searchsorted(index, np.asarray(rows, np.int64))], np.float64)
