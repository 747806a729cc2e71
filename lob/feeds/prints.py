"""Trades that a feed tells beside the messages of its book."""

from enum import IntEnum

import numpy as np

__all__ = ["PRINT", "PrintKind"]


class PrintKind(IntEnum):
    """Kinds of trades that a feed tells as prints."""

    TRADE = 1
    """Visible liquidity was taken. In an order-by-order feed the messages beside it take the lots
    off the book; in a level feed the update of the level does."""
    HIDDEN = 2
    """An order that nobody saw was executed: the book does not change."""
    CROSS = 3
    """An auction or a cross."""
    BROKEN = 4
    """An earlier trade does not count: ``match_id`` says which."""
    LIQUIDATION = 5
    """A forced order of the venue's."""


PRINT = np.dtype(
    [
        ("ts_event", "<i8"),  # ns, as the messages have it
        ("at", "<i8"),  # messages of the feed before it
        ("price", "<i8"),  # ticks
        ("size", "<i8"),  # lots
        ("order_id", "<i8"),  # of the resting order, 0: not told
        ("match_id", "<i8"),  # the venue's number of the trade, 0: not told
        ("instrument", "<u2"),
        ("kind", "u1"),  # PrintKind
        ("side", "i1"),  # of the aggressor: 1 buy, -1 sell, 0 not told
        ("counts", "u1"),  # whether it counts in the volume
        ("reserved", "u1", (3,)),
    ],
    align=True,
)
"""One trade that a feed tells, 56 bytes."""
