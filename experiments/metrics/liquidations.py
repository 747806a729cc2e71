"""Liquidations in a journal of clearing: which rows open them, and which are not over."""

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.columns import Entries
from lob import LIQUIDATION_TAG, EntryKind

__all__ = ["clearing_of_tags", "rows_by_tag", "unsettled"]


def rows_by_tag(entries: Entries) -> NDArray[np.int64]:
    """Numbers of the LIQUIDATION rows of a journal, ascending by tag."""
    at = np.flatnonzero(entries["kind"] == EntryKind.LIQUIDATION)
    return at[np.argsort(entries["tag"][at], kind="stable")]


def unsettled(entries: Entries) -> Entries:
    """The LIQUIDATION rows of a journal that no SETTLED row has ended, in order."""
    opened = entries[entries["kind"] == EntryKind.LIQUIDATION]
    over = entries["tag"][entries["kind"] == EntryKind.SETTLED]
    found: Entries = opened[~np.isin(opened["tag"], over)]
    return found


def clearing_of_tags(tags: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the clearing that each liquidation is of, by its tag: it is the upper bits."""
    return np.asarray((tags - LIQUIDATION_TAG) >> 48, np.int64)
