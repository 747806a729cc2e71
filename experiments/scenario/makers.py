"""Market makers in a scenario: their table, and the participant built of it.

Prices are ticks, sizes lots, times seconds.
"""

from typing import Annotated

from pydantic import Field

import agents
from agents.traders import InventoryLimit, StressSensitiveMaker, VolatilityLimit
from experiments.scenario.names import Names
from experiments.scenario.table import Interval, Name, Positive, Seconds, Table, ns
from lob.types import MAX_PRICE

__all__ = ["MakerTable", "make_maker"]

VOLATILITY_HALF_LIFE = 10.0
"""Seconds in which a maker's measure of volatility forgets half; chosen."""


class MakerTable(Table):
    """A market maker who widens and withdraws under stress."""

    name: Name
    """Name of the maker, unique; its randomness is keyed by it."""
    instrument: str
    """Name of the instrument whose market the maker makes."""
    levels: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Number: of prices that the maker quotes on each side."""
    offset: float = Field(default=2.0, gt=0, le=MAX_PRICE)
    """Ticks: from the mid to the maker's best quotes."""
    step: Positive = 2
    """Ticks: between the maker's levels."""
    size: Positive = 10
    """Lots: at each level."""
    every: Interval = 1.0
    """Seconds: between two looks at the market."""
    inventory_limit: Positive = 1_000
    """Lots: inventory, long or short, at which the maker quotes no more on the side that would add
    to it."""
    volatility_limit: Annotated[float, Field(gt=0, le=MAX_PRICE)] = 20.0
    """Ticks per square root of a second: realised volatility of the mid at which the maker doubles
    its distances and halves its sizes."""
    cool_down: Seconds = 30.0
    """Seconds: for which a strain must have eased before the maker quotes as usual."""


def make_maker(one: MakerTable, names: Names) -> agents.Participant:
    """Make a market maker who starts at the price of its market.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
    """
    market = names.markets[one.instrument]
    return StressSensitiveMaker(
        one.name,
        instrument=market.number,
        start_price=market.price,
        levels=one.levels,
        offset=one.offset,
        step=one.step,
        size=one.size,
        every=ns(one.every),
        limits=[
            InventoryLimit(lots=one.inventory_limit),
            VolatilityLimit(sigma=one.volatility_limit, half_life=ns(VOLATILITY_HALF_LIFE)),
        ],
        cool_down=ns(one.cool_down),
    )
