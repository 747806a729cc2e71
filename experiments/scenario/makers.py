"""Market makers in a scenario: what their table says, and the participant it becomes.

Prices are ticks, sizes lots, times seconds.
"""

from typing import Annotated

from pydantic import Field

import agents
from agents.traders import InventoryLimit, StressSensitiveMaker, VolatilityLimit
from experiments.scenario.names import Names
from experiments.scenario.table import Duration, Positive, Seconds, Table, ns

__all__ = ["MakerTable", "make_maker"]

VOLATILITY_HALF_LIFE = 10.0
"""Seconds."""


class MakerTable(Table):
    """A market maker who widens and withdraws under stress."""

    name: str
    instrument: str
    levels: Annotated[int, Field(ge=1, le=10_000)] = 5
    offset: float = Field(default=2.0, gt=0)
    step: Positive = 2
    size: Positive = 10
    every: Duration = 1.0
    inventory_limit: Positive = 1_000
    volatility_limit: Annotated[float, Field(gt=0)] = 20.0
    cool_down: Seconds = 30.0


def make_maker(one: MakerTable, names: Names) -> agents.Participant:
    """Make a market maker who starts at the price of its market."""
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
