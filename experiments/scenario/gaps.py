"""Shocks that are stated by the fall that they make, and solved for the size that makes it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

import agents
from experiments.scenario.names import NamedInstrument
from experiments.scenario.sales import ShockTable, TradedShock
from experiments.scenario.shock import ShockPlace
from experiments.scenario.table import Positive, Seconds, Table

__all__ = ["CHECKED", "GapTable", "SolvedGapTable"]


CHECKED = 8
"""Runs that say what a solved size gives; chosen."""


class SolvedGapTable(Table):
    """The size that was solved for a gap; one of another market is solved anew."""

    of: str
    """Digest of the gap and of the market without forced sales."""
    lots: Positive
    """Lots: that make the gap."""
    obtained: Annotated[float, Field(gt=-1, lt=1_000)]
    """Share: of the mid by which it moved in runs with seeds that the search did not use, mean."""
    low: Annotated[float, Field(gt=-1_000, lt=1_000)]
    """Share: lower end of the 95 % interval of that mean."""
    high: Annotated[float, Field(gt=-1_000, lt=1_000)]
    """Share: upper end of it."""
    emptied: Annotated[int, Field(ge=0, le=CHECKED)]
    """Number: of those runs in which a side of the book was empty for some time."""
    runs: Positive
    """Number: of runs from the shock on that were made to find it."""

    @model_validator(mode="after")
    def _is_an_interval(self) -> Self:
        if not self.low <= self.obtained <= self.high:
            raise ValueError("low, obtained and high must rise")
        return self


class GapTable(TradedShock):
    """A sale, or purchase, of the size that makes a stated fall, or rise, without forced sales.

    The size is searched when the scenario is read, in runs in which nothing is sold by force, and
    kept: the run, its twin, all designs and all seeds have the same. A fall is of the mid just
    before, to the lowest one until ``within`` after the start, or until a second after it if that
    is later; where a side of the book is empty it is of the last trade, as marks are.
    """

    kind: Literal["gap"] = "gap"
    """Which kind of shock this is."""
    gap: Annotated[float, Field(gt=-1, lt=1)]
    """Share: of the mid just before; with or without a minus a fall, with ``side = "buy"`` a
    rise."""
    within: Seconds = 0.0
    """Seconds: in which the lots are traded in equal parts; 0: by one market order."""
    solved: SolvedGapTable | None = None
    """What was solved; none: it is when the scenario is read, and written with it."""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if not self.gap:
            raise ValueError("gap must not be 0")
        if self.gap < 0 and self.side == "buy":
            raise ValueError('gap must not be negative with side = "buy": a purchase makes a rise')
        return self

    @property
    def move(self) -> float:
        """Share of the mid by which it is to move, positive."""
        return abs(self.gap)

    @property
    def over(self) -> float:
        """Seconds: in which the lots are traded."""
        return self.within

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Make those who sell or buy.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        ValueError
            If no size was solved.
        """
        market = place.names.markets[self.instrument]
        return self.sellers_of(self.estimated_lots(market), self.over, place)

    def estimated_lots(self, market: NamedInstrument) -> int:
        """How many lots were solved; raises ``ValueError`` if none were.

        Parameters
        ----------
        market
            The instrument.
        """
        if self.solved is None:
            raise ValueError("a gap is solved when its scenario is read")
        return self.solved.lots

    def resized(self, lots: int, market: NamedInstrument) -> ShockTable:
        """The sale of another size: it makes another gap.

        Parameters
        ----------
        lots
            How many lots it is to be, 1 or more.
        market
            The instrument.
        """
        return self.as_sale(lots)

    def as_sale(self, lots: int) -> ShockTable:
        """The sale of so many lots, when and as those of the gap are sold.

        Parameters
        ----------
        lots
            Sold in all.
        """
        return ShockTable(
            instrument=self.instrument, at=self.at, side=self.side, sellers=self.sellers,
            apart=self.apart, lots=lots, over=self.within,
        )  # fmt: skip

    def reported(self, simulation: agents.Simulation, number: int) -> dict[str, Any]:
        """The gap, and what was solved for it.

        Parameters
        ----------
        simulation
            The run.
        number
            Number of the shock, from 0.
        """
        assert self.solved is not None
        return {
            "kind": self.kind,
            "gap": self.move,
            **self.solved.model_dump(mode="json", exclude={"of", "runs"}),
        }

    def told(self) -> str:
        """What gap was asked, and what came out."""
        assert self.solved is not None
        sign = "-" if self.side == "sell" else "+"
        found = self.solved
        empty = f"; a side of the book emptied in {found.emptied} of {CHECKED} runs"
        return (
            f"a gap of {100 * self.move:.4g} %; obtained {sign}{100 * found.obtained:.3g} % "
            f"[{sign}{100 * found.low:.3g}, {sign}{100 * found.high:.3g}] with nothing forced"
            f"{empty * bool(found.emptied)}"
        )
