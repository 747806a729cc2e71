"""What all backgrounds of a scenario's instruments have in common.

A background is everybody in a book who is not named elsewhere in the scenario.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal, NamedTuple, Self

import agents
from experiments.calibration.market_file import InstrumentOfMarket
from experiments.scenario.table import Table

__all__ = ["BackgroundTable", "Place", "Sources"]


Sources = Literal["account", "engine"]
"""Whom makers take for the seller of a forced sale."""


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

    def scaled(self, *, depth: float = 1.0, refill: float = 1.0, volatility: float = 1.0) -> Self:
        """A copy that is another market in these respects.

        Parameters
        ----------
        depth, refill, volatility
            Factors, positive: as of ``experiments.markets.scaled.scaled``.

        Raises
        ------
        ValueError
            If there is none: what is recorded is as deep as it was.
        """
        raise ValueError(f"a background of the kind {self.kind!r} is as it is")

    def sources(self) -> Sources | None:
        """Whom makers take for the seller of a forced sale; ``None``: they do not look at that."""
        return None

    def with_sources(self, sources: Sources) -> Self:
        """A copy whose makers take somebody else for the seller of a forced sale.

        Parameters
        ----------
        sources
            ``account``: each account that is sold out; ``engine``: the liquidation engine, as one.
        """
        return self

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

    def lasts(self) -> float | None:
        """Seconds until the background stops; ``None``: it does not."""
        return None

    def instrument(self) -> dict[str, Any]:
        """What the background tells of its instrument, by the keys of that; empty: nothing."""
        return {}
