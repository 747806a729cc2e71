"""Shocks in a scenario: who sells how much and when, and the trader who does it."""

from typing import Literal

import agents
import lob
from agents.traders import TWAP, Executor
from experiments.scenario.names import Names
from experiments.scenario.table import Duration, Positive, Seconds, Table, ns

__all__ = ["ShockTable", "evenly", "make_shock"]

SLICES = 60
"""Parts of a sale that takes some time; chosen."""


class ShockTable(Table):
    """A shock: somebody sells, or buys, by market order."""

    instrument: str
    """Name of the instrument that is sold or bought."""
    at: Duration
    """Seconds: from the start of the run, above 0: the shock's effect is measured against the price
    just before it."""
    lots: Positive
    """Lots: sold or bought in all."""
    side: Literal["sell", "buy"] = "sell"
    """Whether lots are sold or bought."""
    over: Seconds = 0.0
    """Seconds: in which the lots are traded in equal parts; 0: by one market order."""


def evenly(lots: int, over_ns: int) -> TWAP:
    """Schedule a sale or purchase in equal parts over a time.

    Parameters
    ----------
    lots
        Sold or bought in all.
    over_ns
        In ns; 0: all at once, by one market order.
    """
    return TWAP(max(1, over_ns), min(SLICES, lots) if over_ns else 1)


def make_shock(one: ShockTable, number: int, names: Names) -> agents.Participant:
    """Make the trader who sells, or buys: at once, or evenly over a time.

    Parameters
    ----------
    one
        The table.
    number
        Number of the shock, which is part of the trader's name.
    names
        Numbers of instruments and clearings by name.
    """
    return Executor(
        f"shock {number}",
        side=lob.Side.SELL if one.side == "sell" else lob.Side.BUY,
        size=one.lots,
        schedule=evenly(one.lots, ns(one.over)),
        start_in=ns(one.at),
        instrument=names.instrument(one.instrument),
    )
