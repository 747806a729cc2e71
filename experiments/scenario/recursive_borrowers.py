"""Borrowers who loop in a scenario: what their table says, and the participant they become.

Sizes are lots, rates ppm, times seconds.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

import agents
from agents import leverage
from agents.random import exp, numpy_stream
from experiments.scenario.names import Names
from experiments.scenario.table import (
    Accounts,
    Count,
    Duration,
    Positive,
    Ppm,
    Seconds,
    Table,
    ns,
)
from lob.units import PPM

__all__ = ["PlaceTable", "RecursiveBorrowerTable", "make_recursive_borrowers"]


class PlaceTable(Table):
    """A protocol in which recursive borrowers loop."""

    clearing: str
    holding: Count = 0


class RecursiveBorrowerTable(Table):
    """Recursive borrowers by the thousand: ``agents.leverage.RecursiveBorrowers``."""

    name: str
    count: Accounts = 1
    places: Annotated[list[PlaceTable], Field(min_length=1, max_length=64)]
    everywhere: bool = False
    deposit: Positive = 100
    """Median lots that a recursive borrower brings."""
    deposit_spread: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation of their logarithm."""
    ltv: Ppm
    loops: Annotated[int, Field(ge=0, lt=2**16)] = 5
    target: Count = 0
    """Ppm; 0: none."""
    interval: Duration = 1.0
    opens: Seconds = 0.0
    """Over how long they begin; 0: an interval."""
    slippage: Ppm = 10_000
    patience: Annotated[int, Field(ge=1, le=255)] = 3
    unwind_below: Count = 0
    """Health factor in ppm; 0: they wait to be liquidated."""
    unwind_to: Annotated[int, Field(ge=PPM)] = PPM
    flash: bool = False
    look_interval: Duration = 1.0
    reaction: Seconds = 0.0


def make_recursive_borrowers(
    one: RecursiveBorrowerTable, names: Names, seed: int
) -> agents.Participant:
    """Draw what they bring, and let them loop."""
    random = numpy_stream(seed, one.name)
    lots = one.deposit * exp(one.deposit_spread * random.standard_normal(one.count))
    return leverage.RecursiveBorrowers(
        one.name,
        np.maximum(1, np.rint(lots)).astype(np.int64),
        places=[(names.clearings[place.clearing], place.holding) for place in one.places],
        everywhere=one.everywhere,
        ltv=one.ltv,
        loops=one.loops,
        target=one.target,
        interval=ns(one.interval),
        opens=ns(one.opens) if one.opens else None,
        slippage=one.slippage,
        patience=one.patience,
        unwind_below=one.unwind_below,
        unwind_to=one.unwind_to,
        flash=one.flash,
        look_interval=ns(one.look_interval),
        reaction=ns(one.reaction),
    )
