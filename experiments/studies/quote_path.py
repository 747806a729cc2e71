"""Quotes of two markets side by side, kept in bounded memory while they go by."""

import numpy as np
from numpy.typing import NDArray

from lob import QUOTE

__all__ = ["QuotePath"]

MOST_ROWS = 2**19  # 21 MB of each of the two
PRICES = ("bid_price", "ask_price")
"""Fields of ``lob.QUOTE`` whose changes are kept."""


class QuotePath:
    """Rows of two quote tapes of the same times, where a price changed in either.

    Where there are too many, every second row outside a window is forgotten, again and again: what
    is in the window is exact, unless it has twice as many itself.

    Parameters
    ----------
    start, end
        The window in ns; by default there is none.
    """

    def __init__(self, start: int = 0, end: int = -1) -> None:
        self.start, self.end = start, end
        self._kept: list[NDArray[np.void]] = []  # (2, rows)
        self._last = np.zeros((2, 0), QUOTE)
        self._count = 0

    def add(
        self, full: NDArray[np.void], twin: NDArray[np.void], settled: NDArray[np.bool_]
    ) -> None:
        """Take quotes of both markets at the same times.

        Parameters
        ----------
        full, twin
            ``lob.QUOTE`` rows, as many of either.
        settled
            For each row whether the books were ones that somebody saw.
        """
        both = np.stack([full[settled], twin[settled]])
        if not both.shape[1]:
            return
        known = np.concatenate([self._last, both], axis=1)
        keys = np.stack([known[name] for name in PRICES])
        sides = np.stack([known["bid_size"] > 0, known["ask_size"] > 0])
        moved = np.zeros(known.shape[1], np.bool_)
        moved[1:] = (keys[..., 1:] != keys[..., :-1]).any(axis=(0, 1))
        moved[1:] |= (sides[..., 1:] != sides[..., :-1]).any(axis=(0, 1))
        moved[0] = not self._last.shape[1]
        self._last = both[:, -1:].copy()
        kept = known[:, moved]
        if kept.shape[1]:
            self._kept.append(kept)
            self._count += kept.shape[1]
        if self._count > MOST_ROWS:
            self._thin()

    def rows(self) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """The kept ``lob.QUOTE`` rows of either market, up to the last quote that there was."""
        every = np.concatenate([*self._kept, self._last], axis=1)
        return every[0], every[1]

    def _thin(self) -> None:
        every = np.concatenate(self._kept, axis=1)
        times = every[0]["ts_event"]
        kept = np.arange(len(times)) % 2 == 0
        inside = (times >= self.start) & (times <= self.end)
        if np.count_nonzero(inside) <= 2 * MOST_ROWS:
            kept |= inside
        self._kept = [every[:, kept]]
        self._count = self._kept[0].shape[1]
