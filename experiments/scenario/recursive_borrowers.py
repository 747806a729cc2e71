"""Recursive borrowers in a scenario: their table, and the participant built of it.

Sizes are lots, rates ppm, times seconds.
"""

from typing import Annotated

from pydantic import Field

import agents
from agents import leverage
from agents.random import numpy_stream
from experiments.scenario.draws import log_normal_counts
from experiments.scenario.names import Names
from experiments.scenario.table import (
    Accounts,
    Count,
    Interval,
    Name,
    Positive,
    Ppm,
    Seconds,
    Table,
    ns,
)
from lob.units import PPM

__all__ = ["PlaceTable", "RecursiveBorrowerTable", "make_recursive_borrowers"]


class PlaceTable(Table):
    """A place: a clearing and a holding in which recursive borrowers loop."""

    clearing: str
    """Name of the clearing."""
    holding: Count = 0
    """Number: which of the clearing's holdings is the collateral, from 0."""


class RecursiveBorrowerTable(Table):
    """Recursive borrowers by the thousand: ``agents.leverage.RecursiveBorrowers``."""

    name: Name
    """Name of the borrowers, unique; deposits are drawn from the random stream of this name."""
    count: Accounts = 1
    """Accounts: how many borrowers there are."""
    places: Annotated[list[PlaceTable], Field(min_length=1, max_length=64)]
    """Where the borrowers loop; with several, each is in one."""
    everywhere: bool = False
    """Whether each borrower is in all places, with its deposit in each."""
    deposit: Positive = 100
    """Lots: the median that a borrower brings."""
    deposit_spread: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Standard deviation: of the logarithm of what borrowers bring."""
    ltv: Ppm
    """Ppm: of what a loop has bought that the next one borrows."""
    loops: Annotated[int, Field(ge=0, lt=2**16)] = 5
    """Number: of loops, at most."""
    target: Count = 0
    """Ppm: the leverage at which a borrower stops, if that comes first; 0: none."""
    interval: Interval = 1.0
    """Seconds: between two loops of a borrower."""
    opens: Seconds = 0.0
    """Seconds: over how long the borrowers begin; 0: an interval."""
    slippage: Ppm = 10_000
    """Ppm: of the mark that a loop pays more, or gets less, at most."""
    patience: Annotated[int, Field(ge=1, le=255)] = 3
    """Number: of loops in a row that bought nothing before a borrower leaves it at that."""
    unwind_below: Count = 0
    """Ppm: the health factor below which a borrower unwinds by itself; 0: it waits to be
    liquidated."""
    unwind_to: Annotated[int, Field(ge=PPM)] = PPM
    """Ppm: the leverage at which a borrower has unwound enough; a million: no debt."""
    flash: bool = False
    """Whether a borrower unwinds in one step, with a loan that is paid back at once."""
    look_interval: Interval = 1.0
    """Seconds: between a borrower's looks at its health."""
    reaction: Seconds = 0.0
    """Seconds: at most between such a look and its first sale, drawn evenly."""


def make_recursive_borrowers(
    one: RecursiveBorrowerTable, names: Names, seed: int
) -> agents.Participant:
    """Draw what recursive borrowers bring, and make the participant that lets them loop.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
    seed
        Root of all randomness.
    """
    random = numpy_stream(seed, one.name)
    return leverage.RecursiveBorrowers(
        one.name,
        log_normal_counts(random, one.deposit, one.deposit_spread, one.count),
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
