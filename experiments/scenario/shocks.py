"""Shocks in a scenario: who sells how much and when, and the trader who does it."""

from typing import Literal

import agents
import lob
from agents.traders import TWAP, Executor
from experiments.scenario.names import Names
from experiments.scenario.table import Duration, Positive, Seconds, Table, ns

__all__ = ["ShockTable", "make_shock"]

SLICES = 60
"""Parts of a shock that takes some time."""


class ShockTable(Table):
    """Somebody sells, or buys, by market order."""

    instrument: str
    """Name of the instrument that is sold or bought."""
    at: Duration
    """Seconds: from the start of the run, above 0: what it does is measured against the price just
    before it."""
    lots: Positive
    """Lots: in all."""
    side: Literal["sell", "buy"] = "sell"
    """Whether it sells or buys."""
    over: Seconds = 0.0
    """Seconds: in which it is traded in equal parts; 0: by one market order."""


def make_shock(one: ShockTable, number: int, names: Names) -> agents.Participant:
    """Make the trader who sells, or buys: at once, or evenly over its time."""
    over = ns(one.over)
    return Executor(
        f"shock {number}",
        side=lob.Side.SELL if one.side == "sell" else lob.Side.BUY,
        size=one.lots,
        schedule=TWAP(max(1, over), min(SLICES, one.lots) if over else 1),
        start_in=ns(one.at),
        instrument=names.instrument(one.instrument),
    )
