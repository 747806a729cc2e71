"""What each layer of claims, and each clearing, had in a fall: read from the journal of entries.

A mark that moves is moved by something: a forced sale, whose liquidation the journal names, or
anything else. The moves from the mark before a shock down to the lowest one add up to the drop, so
each cause has its share of it, exactly, in ticks; shares may be negative (what pushed back).
"""

from typing import NamedTuple

import numpy as np

from experiments.metrics.columns import Entries
from experiments.metrics.spiral import moves_of
from lob import EntryKind

__all__ = ["DropShares", "drop_shares"]


class DropShares(NamedTuple):
    """A drop of a mark in ticks, by what moved it; shares may be negative and sum to the drop."""

    drop: int
    """Ticks from the mark before the shock to the most adverse one, not negative."""
    voluntary: int
    """Ticks moved by everything that no liquidation did."""
    by_layer: dict[int, int]
    """Ticks moved by forced sales, by layer of claims; 0: assets with a book."""
    by_clearing: dict[int, int]
    """Ticks moved by forced sales, by number of the clearing."""


def drop_shares(
    entries: Entries,
    shock_ns: int,
    horizon_ns: int,
    *,
    instrument: int = 0,
    clearing: int = 0,
    side: int = -1,
) -> DropShares:
    """Share out the drop of a mark, in ticks, to the liquidations that moved it.

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
    moves, causes = moves_of(
        entries, shock_ns, horizon_ns, instrument=instrument, clearing=clearing, side=side
    )
    if not len(moves) or np.cumsum(moves).max() <= 0:
        return DropShares(0, 0, {}, {})
    worst = int(np.cumsum(moves).argmax()) + 1
    moves = moves[:worst]
    layers, clearings = _of_liquidations(entries)
    voluntary = 0
    by_layer: dict[int, int] = {}
    by_clearing: dict[int, int] = {}
    for move, tag in zip(moves.tolist(), causes[:worst].tolist(), strict=True):
        if tag not in layers:
            voluntary += move
            continue
        by_layer[layers[tag]] = by_layer.get(layers[tag], 0) + move
        by_clearing[clearings[tag]] = by_clearing.get(clearings[tag], 0) + move
    return DropShares(
        int(moves.sum()),
        voluntary,
        dict(sorted(by_layer.items())),
        dict(sorted(by_clearing.items())),
    )


def _of_liquidations(entries: Entries) -> tuple[dict[int, int], dict[int, int]]:
    """The layer and the clearing of every liquidation, by its tag."""
    opened = entries[entries["kind"] == EntryKind.LIQUIDATION]
    tags = opened["tag"].tolist()
    return (
        dict(zip(tags, opened["layer"].tolist(), strict=True)),
        dict(zip(tags, opened["clearing"].tolist(), strict=True)),
    )
