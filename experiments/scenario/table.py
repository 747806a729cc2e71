"""What all tables of a scenario have in common, and the bounds of what they hold.

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
"""Accounts of one table; each takes some hundred bytes."""
LONGEST = 9_000_000_000.0
"""Seconds, 285 years: what fits into int64 nanoseconds."""

Ppm = Annotated[int, Field(ge=0, le=PPM)]
Count = Annotated[int, Field(ge=0, le=MAX_SIZE)]
Positive = Annotated[int, Field(ge=1, le=MAX_SIZE)]
Ticks = Annotated[int, Field(ge=1, le=MAX_PRICE)]
Accounts = Annotated[int, Field(ge=1, le=MOST_ACCOUNTS)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST)]
Duration = Annotated[float, Field(gt=0, le=LONGEST)]
"""Seconds, not none."""


class Table(BaseModel):
    """Unknown names are mistakes, and so are numbers that are not finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def ns(seconds: float) -> int:
    """Seconds in whole nanoseconds, rounded to the nearest."""
    return round(seconds * SECOND_NS)
