"""The base of leveraged agents: a margin account, and a way to hold a number of lots."""

from agents.agent import Agent
from lob import TimeInForce
from lob.checks import integer
from lob.clearing import Clearing, MarginAccount
from lob.unit_types import Cash, Lots, Nanoseconds, Ticks
from lob.units import SECOND_NS

__all__ = ["Leveraged"]


class Leveraged(Agent):
    """An agent with a margin account of its own, woken at fixed intervals.

    Parameters
    ----------
    name
        Identity of the agent.
    margin
        Cash units that it brings, 0 or more.
    position
        Lots that it starts with, bought at ``entry_price``; negative: short.
    entry_price
        Price of these in ticks, 1 or more; needed with a position.
    clearing, holding
        Number of the clearing where its account is, and of the holding that it trades.
    interval
        ns between looks at the market, 1 or more.
    owner
        See ``Participant``.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or a position has no ``entry_price``.
    """

    def __init__(
        self,
        name: str,
        *,
        margin: Cash,
        position: Lots = 0,
        entry_price: Ticks | None = None,
        clearing: int = 0,
        holding: int = 0,
        interval: Nanoseconds = SECOND_NS,
        owner: int | None = None,
    ) -> None:
        super().__init__(name, owner=owner)
        self.margin = integer("margin", margin, 0)
        self.start_position = integer("position", position)
        if position and entry_price is None:
            raise ValueError("entry_price must be given with a position")
        self.entry_price = None if entry_price is None else integer("entry_price", entry_price, 1)
        self.clearing_number = integer("clearing", clearing, 0)
        self.holding = integer("holding", holding, 0)
        self.interval = integer("interval", interval, 1)
        self.account = 0

    def on_start(self) -> None:
        """Hook: the run begins; open the agent's margin account."""
        self.account = self.clearing.open(
            self.owner,
            [self.margin],
            [self.start_position],
            entry_prices=[self.entry_price or 1],
            holding=self.holding,
        )
        self.simulation.venue.refresh()
        self.wake_in(self.interval)

    def on_wake(self) -> None:
        """Hook: look at the market, and again after the interval."""
        self.wake_in(self.interval)
        if not self.state.failed and self.mark_price is not None:
            self.look()

    def look(self) -> None:
        """To override: what the agent does at each look at the market."""

    @property
    def clearing(self) -> Clearing:
        """The ``Clearing`` where the agent's account is."""
        clearing: Clearing = self.simulation.venue.clearings[self.clearing_number]
        return clearing

    @property
    def state(self) -> MarginAccount:
        """The agent's ``MarginAccount``, as clearing sees it now."""
        return self.clearing.account(self.account)

    @property
    def mark_price(self) -> int | None:
        """Mark of the agent's holding in ticks, as clearing believes; ``None`` before the first."""
        return self.clearing.holdings[self.holding].mark_price

    @property
    def held(self) -> int:
        """Lots that the agent holds, negative: short."""
        return self.state.positions[self.clearing.holdings[self.holding].name]

    @property
    def instrument(self) -> int:
        """Number of the book in which the agent trades."""
        return self.clearing.holdings[self.holding].instrument

    @property
    def lot_value(self) -> int:
        """Cash units that one lot of the agent's holding is worth at the mark."""
        mark = self.mark_price
        multiplier = self.simulation.instruments[self.instrument].multiplier
        return 0 if mark is None else mark * multiplier

    def hold(self, lots: int) -> None:
        """Trade by market order to hold ``lots`` lots, as far as the book goes."""
        change = lots - self.held
        if change:
            reduces = abs(lots) < abs(self.held) and lots * self.held >= 0
            self.submit(
                1 if change > 0 else -1,
                abs(change),
                instrument=self.instrument,
                time_in_force=TimeInForce.IOC,
                reduce_only=reduces,
            )
