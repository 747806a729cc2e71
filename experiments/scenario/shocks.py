"""Shocks in a scenario: who sells how much and when, and the trader who does it."""

from typing import Annotated, Literal

from pydantic import Field

import agents
import lob
from agents.traders import TWAP, Executor
from experiments.scenario.names import Names
from experiments.scenario.table import Duration, Positive, Seconds, Table, ns

__all__ = ["ShockTable", "evenly", "make_shock"]

MOST_SELLERS = 1_000

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
    sellers: Annotated[int, Field(ge=1, le=MOST_SELLERS)] = 1
    """Number: how many trade the lots, each an even share at the same times; to makers who tell
    sources apart each is one."""
    apart: Seconds = 0.0
    """Seconds: from the first order of one seller to that of the next; 0: all trade at the same
    times."""


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


def make_shock(one: ShockTable, number: int, names: Names) -> list[agents.Participant]:
    """Make the traders who sell, or buy: at once, or evenly over a time.

    Parameters
    ----------
    one
        The table.
    number
        Number of the shock, which is part of the traders' names.
    names
        Numbers of instruments and clearings by name.
    """
    shares = [
        one.lots * (i + 1) // one.sellers - one.lots * i // one.sellers for i in range(one.sellers)
    ]
    return [
        Executor(
            f"shock {number}" + (f" seller {i}" if i else ""),
            side=lob.Side.SELL if one.side == "sell" else lob.Side.BUY,
            size=lots,
            schedule=evenly(lots, ns(one.over)),
            start_in=ns(one.at) + i * ns(one.apart),
            instrument=names.instrument(one.instrument),
        )
        for i, lots in enumerate(shares)
        if lots
    ]
