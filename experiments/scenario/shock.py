"""What all shocks of a scenario have in common."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import agents
from experiments.scenario.names import NamedInstrument, Names
from experiments.scenario.table import Duration, Table

__all__ = ["BaseShock", "ShockPlace"]


class ShockPlace(NamedTuple):
    """The market that a shock hits, as far as it has been made."""

    number: int
    """Number of the shock, from 0, which is part of its traders' names."""
    names: Names
    """Numbers of instruments and clearings by name."""
    backgrounds: Mapping[str, Sequence[agents.Participant]]
    """Who is in the background of an instrument, by its name."""
    makers: Mapping[str, Sequence[agents.Participant]]
    """The market makers of the scenario by name, each in a list."""

    @property
    def trader(self) -> str:
        """Name of whoever trades for the shock, or the beginning of it."""
        return f"shock {self.number}"


class BaseShock(Table):
    """Base of the tables of shocks."""

    instrument: str
    """Name of the instrument whose price is watched, and which is traded if any is."""
    at: Duration
    """Seconds: from the start of the run, above 0: the shock's effect is measured against the price
    just before it."""
    side: Literal["sell", "buy"] = "sell"
    """Which way it pushes: ``sell`` down, and falls are measured, ``buy`` up."""

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Make the traders of the shock, and prepare others who are there for it.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        ValueError
            If it cannot be done in this market.
        """
        raise NotImplementedError

    @property
    def ends(self) -> float:
        """Seconds: from the start of the run until all of it has happened."""
        return self.at + float(getattr(self, "over", 0.0))

    def estimated_lots(self, market: NamedInstrument) -> int | None:
        """How many lots it trades, where the market starts; ``None``: it has no size.

        Parameters
        ----------
        market
            The instrument.
        """
        return None

    def reported(self, simulation: agents.Simulation, number: int) -> dict[str, Any]:
        """What came of it in a run that the table does not say, as JSON values; mostly nothing.

        Parameters
        ----------
        simulation
            The run.
        number
            Number of the shock, from 0.
        """
        return {}

    def told(self) -> str:
        """What happens, in a clause, where it is not that lots are traded."""
        raise NotImplementedError
