"""A book that ran out: which side had nobody left after a shock, when, and for how long.

What fails then has nobody to be sold to, and every price is one at which nobody trades. No number
of such a run is a small one: it is an outcome of its own, worse than all others.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lob.units import show_duration

__all__ = ["EmptySide", "empty_sides", "worst_empty"]

SIDES = {"bids": "bid_size", "asks": "ask_size"}


class EmptySide(NamedTuple):
    """A side of a book that was there before a shock, and then was not."""

    instrument: str
    side: str
    """``bids`` or ``asks``."""
    after_ns: int
    """From the shock until it was empty for the first time."""
    empty_ns: int
    """How long it was empty in all until the end, ns; 0: it was filled again at once."""

    def told(self) -> str:
        """Which side ran out, when and for how long, in words."""
        lasted = f"for {show_duration(self.empty_ns)}" if self.empty_ns else "for a moment"
        late = f"{show_duration(self.after_ns)} after" if self.after_ns else "at"
        return f"the {self.side} of {self.instrument} ran out {late} the shock, {lasted}"


def empty_sides(
    quotes: Sequence[NDArray[np.void]], names: Sequence[str], shock_ns: int, end_ns: int
) -> list[EmptySide]:
    """The sides of all books that emptied from a shock on.

    Parameters
    ----------
    quotes
        Of each book, ``lob.QUOTE`` rows wherever its best bid or ask changed.
    names
        Of the instruments, in the same order.
    shock_ns, end_ns
        From when until when. A side that had nobody just before the shock is not looked at: a book
        with one side only is one by design.
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
    """In how many runs a side emptied, and the one of them that was empty for longest.

    Each run is its list of empty sides as dictionaries, as a summary has them.
    """
    count, worst = 0, None
    for sides in runs:
        count += bool(sides)
        for one in sides:
            side = EmptySide(**one)
            if worst is None or side.empty_ns > worst.empty_ns:
                worst = side
    return count, worst
