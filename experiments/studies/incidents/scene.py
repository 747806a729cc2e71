"""Small venues in which incidents are played: prices as stated, accounts as they stood.

Amounts are units of cash, sizes lots, prices ticks, times seconds; each incident says what its
units are.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agents import Agent, Simulation
from lob import EntryKind
from lob.clearing import Clearing, Oracle
from lob.clearing.oracle import External
from lob.units import SECOND_NS

__all__ = ["Actor", "case_marks", "donate", "leg_amounts", "prices_over_time", "straight_path"]

Path = Sequence[tuple[float, int]]
"""Seconds and ticks: a price from each time on."""


class Actor(Agent):
    """A participant that does stated things at stated times.

    Parameters
    ----------
    name
        Identity of the participant.
    steps
        Seconds, not falling, and what is done then: a function that gets the actor.
    owner
        Owner number of its account, which a clearing or the ledger has opened.
    """

    def __init__(
        self, name: str, steps: Sequence[tuple[float, Callable[["Actor"], object]]], *, owner: int
    ) -> None:
        super().__init__(name, owner=owner)
        self.steps = [(round(seconds * SECOND_NS), step) for seconds, step in steps]

    def on_start(self) -> None:
        """Hook: the run begins; wait for the first step."""
        self.wake_for_next()

    def on_wake(self) -> None:
        """Hook: do what is due."""
        while self.steps and self.steps[0][0] <= self.now:
            self.steps.pop(0)[1](self)
        self.wake_for_next()

    def wake_for_next(self) -> None:
        """Ask to be woken for the next step, if there is one."""
        if self.steps:
            self.wake_in(max(0, self.steps[0][0] - self.now))


def donate(actor: Agent, asset: int, giver: int, receiver: int, amount: int) -> None:
    """Give units of an asset away, from one account to another, whatever the giver's margin is.

    A withdrawal is refused below the initial margin; a gift, as Euler had it, is looked at by
    clearing only once it is done.
    """
    if amount:
        actor.simulation.ledger.transfer(asset, giver, receiver, amount, kind=EntryKind.TRANSFER)
        actor.simulation.venue.refresh()


def prices_over_time(path: Path, **oracle: object) -> Oracle:
    """An oracle that publishes a price of ticks from each time in seconds on."""
    times = np.array([round(seconds * SECOND_NS) for seconds, _ in path], np.int64)
    prices = np.array([ticks for _, ticks in path], np.int64)
    return Oracle(External(times, prices), **oracle)  # type: ignore[arg-type]


def straight_path(
    first: int, last: int, *, start: float, seconds: float
) -> list[tuple[float, int]]:
    """A price that goes tick by tick from one to another, evenly over so many seconds."""
    step = 1 if last >= first else -1
    ticks = range(first, last + step, step)
    every = seconds / max(1, len(ticks) - 1)
    return [(start + i * every, tick) for i, tick in enumerate(ticks)]


def leg_amounts(
    simulation: Simulation, asset: str, account: int, kind: EntryKind = EntryKind.TAKEOVER
) -> list[int]:
    """What an account got of an asset in each posting of a kind, in their order; negative: gave."""
    rows: NDArray[np.void] = simulation.entries
    rows = rows[(rows["kind"] == kind) & (rows["asset"] == simulation.ledger.asset(asset))]
    rows = rows[(rows["debit"] == account) | (rows["credit"] == account)]
    return [int(row["amount"]) if row["credit"] == account else -int(row["amount"]) for row in rows]


def case_marks(clearing: Clearing) -> list[int]:
    """The marks in ticks at which accounts failed, in the order of failing."""
    return [int(mark) for mark in clearing.cases["mark"]]
