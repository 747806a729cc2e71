"""A book that ran out: which side was empty after a shock, when, and for how long.

A failed account's lots then cannot be sold, and prices are quotes at which nobody trades. No number
of such a run is comparable: it is an outcome of its own, worse than all others.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lob.units import show_duration

__all__ = ["EmptySide", "empty_sides", "worst_empty"]

SIDES = {"bids": "bid_size", "asks": "ask_size"}
"""The ``lob.QUOTE`` field with the best size, by side of a book."""


class EmptySide(NamedTuple):
    """A side of a book that held orders just before a shock, and none at some time after."""

    instrument: str
    """Name of the instrument."""
    side: str
    """``bids`` or ``asks``."""
    after_ns: int
    """ns from the shock until the side was empty for the first time."""
    empty_ns: int
    """ns for which the side was empty in all until the end; 0 if it was filled again at once."""

    def told(self) -> str:
        """An English sentence: which side of which book ran out, when and for how long."""
        lasted = f"for {show_duration(self.empty_ns)}" if self.empty_ns else "for a moment"
        late = f"{show_duration(self.after_ns)} after" if self.after_ns else "at"
        return f"the {self.side} of {self.instrument} ran out {late} the shock, {lasted}"


def empty_sides(
    quotes: Sequence[NDArray[np.void]], names: Sequence[str], shock_ns: int, end_ns: int
) -> list[EmptySide]:
    """Find the sides of all books that emptied from a shock on.

    A side that was empty just before the shock is not looked at: a book with one side only is one
    by design.

    Parameters
    ----------
    quotes
        Of each book, ``lob.QUOTE`` rows wherever its best bid or ask changed.
    names
        Names of the instruments, in the same order.
    shock_ns, end_ns
        From when until when, in ns since the start of the run.
    """
    found = []
    for rows, name in zip(quotes, names, strict=True):
        first = int(np.searchsorted(rows["ts_event"], shock_ns, side="left"))
        later = rows[first:]
        later = later[later["ts_event"] <= end_ns]
        lasts = np.diff(np.append(later["ts_event"], end_ns))
        for side, column in SIDES.items():
            empty = later[column] == 0
            if first and rows[column][first - 1] > 0 and empty.any():
                began = int(later["ts_event"][empty][0]) - shock_ns
                found.append(EmptySide(name, side, began, int(lasts[empty].sum())))
    return found


def worst_empty(runs: Iterable[Sequence[dict[str, Any]]]) -> tuple[int, EmptySide | None]:
    """Count the runs in which a side emptied, and find the side that was empty for longest.

    Parameters
    ----------
    runs
        For each run its empty sides, as dictionaries with the fields of ``EmptySide``.

    Returns
    -------
    tuple
        The count, and the side; ``None`` if no side emptied.
    """
    count, worst = 0, None
    for sides in runs:
        count += bool(sides)
        for one in sides:
            side = EmptySide(**one)
            if worst is None or side.empty_ns > worst.empty_ns:
                worst = side
    return count, worst
