"""The first difference of two tapes, and the rows that led to it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lob.types import EVENT, MESSAGE, EventKind, Kind, Reason

__all__ = ["TapeDifference", "first_difference", "tell"]

LED_TO_IT = 8
"""Rows before the first difference that are shown."""


@dataclass(frozen=True)
class TapeDifference:
    """The first row in which two tapes differ.

    Attributes
    ----------
    row
        Index of the row in both tapes, from 0.
    one
        The row of the first tape; ``None`` where that has ended.
    other
        The row of the second tape; ``None`` where that has ended.
    fields
        Names of the fields that differ; empty where one tape has ended.
    before
        The rows that led to it, alike in both: the last ones, and the last ones of the same order.
    """

    row: int
    one: np.void | None
    other: np.void | None
    fields: tuple[str, ...]
    before: NDArray[np.void]


def first_difference(one: NDArray[np.void], other: NDArray[np.void]) -> TapeDifference | None:
    """Find the first row in which two tapes differ; ``None`` if they are equal to the byte.

    Parameters
    ----------
    one, other
        Structured arrays of one layout: messages, events or entries.

    Raises
    ------
    TypeError
        If the tapes have different layouts.
    """
    if one.dtype != other.dtype:
        raise TypeError("the two tapes have different layouts: compare events with events")
    common = min(len(one), len(other))
    differs = np.flatnonzero(one[:common] != other[:common])
    if not len(differs) and len(one) == len(other):
        return None
    row = int(differs[0]) if len(differs) else common
    mine = one[row] if row < len(one) else None
    theirs = other[row] if row < len(other) else None
    fields: tuple[str, ...] = ()
    if mine is not None and theirs is not None:
        fields = tuple(name for name in one.dtype.names or () if mine[name] != theirs[name])
    return TapeDifference(row, mine, theirs, fields, _before(one[:row], mine, theirs))


def _before(rows: NDArray[np.void], *ends: np.void | None) -> NDArray[np.void]:
    """The last rows, and the last rows about the orders of the rows that differ."""
    chosen = set(range(max(0, len(rows) - LED_TO_IT), len(rows)))
    for end in ends:
        if end is not None and "order_id" in (rows.dtype.names or ()):
            about = rows["order_id"] == end["order_id"]
            if "resting_order_id" in (rows.dtype.names or ()):
                about |= (rows["resting_order_id"] == end["order_id"]) & (
                    rows["kind"] == EventKind.TRADE
                )
            chosen |= set(np.flatnonzero(about)[-LED_TO_IT:].tolist())
    return rows[sorted(chosen)]


def tell(row: np.void) -> dict[str, Any]:
    """A tape's row as JSON values, enumerations by name, without the fields that are 0."""
    said: dict[str, Any] = {}
    for name in row.dtype.names or ():
        value = row[name].item()
        if name == "kind" and row.dtype == EVENT:
            said[name] = EventKind(value).name
        elif name == "kind" and row.dtype == MESSAGE:
            said[name] = Kind(value).name
        elif name == "reason" and value:
            said[name] = Reason(value).name
        elif value:
            said[name] = value
    return said
