"""Shocks that are an oracle at fault."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

import agents
from experiments.scenario.clearing import ClearingTable
from experiments.scenario.oracles import OracleTable
from experiments.scenario.sales import one_of
from experiments.scenario.shock import BaseShock, ShockPlace
from experiments.scenario.table import Duration, Ticks
from lob.types import MAX_PRICE
from lob.units import PPM

__all__ = ["OracleFaultTable", "with_faults"]


class OracleFaultTable(BaseShock):
    """An oracle that publishes a false price for some time: of holdings priced in the instrument.

    It says what is not so to clearing alone; nobody trades, and the book knows nothing of it.
    """

    kind: Literal["oracle-fault"]
    """Which kind of shock this is."""
    over: Duration
    """Seconds: how long the oracle is at fault; then it publishes what is true again."""
    factor: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Times: what is published is so many times the true price, rounded down to a tick. One of
    ``factor``, ``price`` and ``stale`` must be given."""
    price: Ticks | None = None
    """Ticks: what is published instead."""
    stale: bool = False
    """Whether nothing is published: what was before stays."""
    clearing: str | None = None
    """Name of the clearing whose oracle it is; none: of all of them."""

    @model_validator(mode="before")
    @classmethod
    def _with_a_side(cls, given: Any) -> Any:
        """What makes a price higher is measured as a rise, if it is not said."""
        if isinstance(given, dict) and "side" not in given:
            factor = given.get("factor")
            if isinstance(factor, int | float) and factor > 1:
                return {**given, "side": "buy"}
        return given

    @model_validator(mode="after")
    def _has_one_fault(self) -> Self:
        one_of(self, "factor", "price", "stale")
        return self

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Nobody: the oracle is made with its fault.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        ValueError
            If no holding is priced in the instrument, or the factor makes no price.
        """
        names = place.names
        if self.clearing is not None and self.clearing not in names.clearings:
            raise ValueError(f"clearing: no clearing is called {self.clearing!r}")
        numbers = [
            number for name, number in names.clearings.items() if self.clearing in (None, name)
        ]
        if not any(self.instrument in names.holdings[number] for number in numbers):
            raise ValueError(f"no holding is priced in {self.instrument}: it has no oracle")
        if self.factor is not None:
            published = names.markets[self.instrument].price * self.factor
            if not 1 <= published <= MAX_PRICE:
                raise ValueError(
                    f"factor: {self.factor:g} times the start price is {published:.4g} ticks; a "
                    f"price is 1 to {MAX_PRICE:,}"
                )
        return []

    def at_fault(self, oracle: OracleTable) -> OracleTable:
        """The table of an oracle with this fault.

        Parameters
        ----------
        oracle
            The table of the oracle as it is.
        """
        start, end = self.at, self.at + self.over
        if self.stale:
            return oracle.model_copy(update={"outages": [*oracle.outages, (start, end)]})
        if self.price is not None:
            row = (start, end, self.price)
            return oracle.model_copy(update={"fixings": [*oracle.fixings, row]})
        assert self.factor is not None
        off = max(round((self.factor - 1) * PPM), 1 - PPM)
        return oracle.model_copy(
            update={"manipulations": [*oracle.manipulations, (start, end, off)]}
        )

    def told(self) -> str:
        """What the oracle says for how long."""
        what = "stays where it was" if self.stale else "is a stated one"
        if self.factor is not None:
            what = f"is {self.factor:g} times the true one"
        return f"the price of the oracle {what} for {self.over:g} s"


def with_faults(
    clearings: Sequence[ClearingTable], shocks: Sequence[BaseShock]
) -> list[ClearingTable]:
    """Tables of clearings with the faults that are shocks in their oracles.

    Parameters
    ----------
    clearings
        The tables.
    shocks
        The shocks of the scenario, of any kind.
    """
    found = list(clearings)
    for fault in shocks:
        if not isinstance(fault, OracleFaultTable):
            continue
        for i, clearing in enumerate(found):
            if fault.clearing not in (None, clearing.name):
                continue
            holdings = [
                one.model_copy(update={"oracle": fault.at_fault(one.oracle)})
                if one.instrument == fault.instrument
                else one
                for one in clearing.holdings
            ]
            found[i] = clearing.model_copy(update={"holdings": holdings})
    return found
