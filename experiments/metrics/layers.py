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
    """A drop in ticks, by what moved the mark."""

    drop: int
    voluntary: int
    """By everything that no liquidation did."""
    by_layer: dict[int, int]
    """By forced sales of each layer of claims; 0: of base assets."""
    by_clearing: dict[int, int]
    """By forced sales of each clearing."""


def drop_shares(
    entries: Entries,
    shock_ns: int,
    horizon_ns: int,
    *,
    instrument: int = 0,
    clearing: int = 0,
    side: int = -1,
) -> DropShares:
    """Share out the drop of a mark to the liquidations that moved it.

    Parameters
    ----------
    entries, shock_ns, horizon_ns, instrument, clearing, side
        As for ``experiments.metrics.spiral.drop``, whose drop this shares out.

    Raises
    ------
    ValueError
        If there is no mark before the shock.
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
