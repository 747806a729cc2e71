"""What all backgrounds of a scenario's instruments have in common.

A background is everybody in a book who is not named elsewhere in the scenario.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, Self

import agents
from experiments.calibration.market_file import InstrumentOfMarket
from experiments.scenario.table import Table

__all__ = ["BackgroundTable", "Place"]


class Place(NamedTuple):
    """Where the participants of a background trade."""

    seed: int
    """Root of all randomness of the run."""
    name: str
    """Name of the instrument: names of participants begin with it."""
    number: int
    """Number of the instrument."""
    tick_size: Decimal
    """Price of one tick, for what is recorded in money."""
    numbers: Mapping[str, int]
    """Number of each instrument of the scenario, by its name."""
    worth: str
    """Name of the instrument that is worth the same: another where this one is its spot."""


class BackgroundTable(Table):
    """Base of the tables of backgrounds."""

    TELLS: ClassVar[tuple[str, ...]] = ()
    """Keys by which a file is read that tells of the instrument; empty: none does."""
    kind: str
    """Which kind of background this is."""

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks.

        Parameters
        ----------
        tick_size
            Price of one tick, for what is recorded in money.
        """
        raise NotImplementedError

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make whoever is in the background.

        Parameters
        ----------
        place
            Where they trade.

        Raises
        ------
        TypeError, ValueError
            If there can be no such market.
        """
        raise NotImplementedError

    def deeper(self, factor: float) -> Self:
        """A copy so many times as deep.

        Parameters
        ----------
        factor
            Factor on lots and rates, positive; lots are rounded to the nearest, 1 at least.

        Raises
        ------
        ValueError
            If there is none: what is recorded is as deep as it was.
        """
        raise ValueError(f"a background of the kind {self.kind!r} is as deep as it is")

    def of_instrument(self, instrument: InstrumentOfMarket) -> Self:
        """The table with what follows from it and its instrument.

        Parameters
        ----------
        instrument
            The instrument.

        Raises
        ------
        ProfileError
            If nothing does: there is no such market.
        """
        return self

    def daily_volume(self, instrument: InstrumentOfMarket) -> float | None:
        """Lots that the market trades a day, as it says; ``None``: it does not say.

        Parameters
        ----------
        instrument
            The instrument.
        """
        return None

    def lasts(self) -> float | None:
        """Seconds until the background stops; ``None``: it does not."""
        return None

    def instrument(self) -> dict[str, Any]:
        """What the background tells of its instrument, by the keys of that; empty: nothing."""
        return {}
