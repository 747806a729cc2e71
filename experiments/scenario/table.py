"""Base of all tables of a scenario, and the bounds of their numbers.

Prices are ticks, sizes lots, money cash units, rates ppm, times seconds (they become whole
nanoseconds).
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lob.types import MAX_PRICE, MAX_SIZE
from lob.units import PPM, SECOND_NS

__all__ = [
    "LONGEST",
    "MOST_ACCOUNTS",
    "Accounts",
    "Count",
    "Duration",
    "Positive",
    "Ppm",
    "Seconds",
    "Table",
    "Ticks",
    "ns",
]

MOST_ACCOUNTS = 10_000_000
"""Most accounts of one table; each takes some hundred bytes."""
LONGEST = 9_000_000_000.0
"""Longest time in seconds, 285 years: what fits into int64 nanoseconds."""

Ppm = Annotated[int, Field(ge=0, le=PPM)]
"""Parts per million, 0 or more."""
Count = Annotated[int, Field(ge=0, le=MAX_SIZE)]
"""Whole number of units, lots or things, 0 or more."""
Positive = Annotated[int, Field(ge=1, le=MAX_SIZE)]
"""Whole number of units, lots or things, 1 or more."""
Ticks = Annotated[int, Field(ge=1, le=MAX_PRICE)]
"""Price in ticks, 1 or more."""
Accounts = Annotated[int, Field(ge=1, le=MOST_ACCOUNTS)]
"""Count of accounts, 1 or more."""
Seconds = Annotated[float, Field(ge=0, le=LONGEST)]
"""Time in seconds, 0 or more."""
Duration = Annotated[float, Field(gt=0, le=LONGEST)]
"""Time in seconds, above 0."""


class Table(BaseModel):
    """Base of a scenario's tables: unknown keys and numbers that are not finite are mistakes."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def ns(seconds: float) -> int:
    """Convert seconds to whole nanoseconds, rounded to the nearest."""
    return round(seconds * SECOND_NS)
