"""Base of all tables of a scenario, and the bounds of their numbers.

Prices are ticks, sizes lots, money cash units, rates ppm, times seconds (they become whole
nanoseconds).
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from experiments.markets.table import MOST_RATE, Name, Positive, Table, Ticks
from lob.types import MAX_SIZE
from lob.units import PPM, SECOND_NS

__all__ = [
    "LONGEST",
    "MOST_ACCOUNTS",
    "MOST_RATE",
    "Accounts",
    "Count",
    "Duration",
    "Interval",
    "Name",
    "Positive",
    "Ppm",
    "Rhythm",
    "Seconds",
    "Table",
    "Ticks",
    "ns",
]

MOST_ACCOUNTS = 10_000_000
"""Most accounts of one table; each takes some hundred bytes."""
SHORTEST_INTERVAL = 1e-6
"""Shortest interval in seconds: what comes oftener would keep a run from getting anywhere."""
LONGEST = 9_000_000_000.0
"""Longest time in seconds, 285 years: what fits into int64 nanoseconds."""


Ppm = Annotated[int, Field(ge=0, le=PPM)]
"""Parts per million, 0 or more."""
Count = Annotated[int, Field(ge=0, le=MAX_SIZE)]
"""Whole number of units, lots or things, 0 or more."""
Accounts = Annotated[int, Field(ge=1, le=MOST_ACCOUNTS)]
"""Count of accounts, 1 or more."""
Seconds = Annotated[float, Field(ge=0, le=LONGEST)]
"""Time in seconds, 0 or more."""
Duration = Annotated[float, Field(ge=1e-9, le=LONGEST)]
"""Time in seconds, above 0: a nanosecond or more."""
Interval = Annotated[float, Field(ge=SHORTEST_INTERVAL, le=LONGEST)]
"""Time in seconds between two of the same."""


def _none_or_interval(seconds: float) -> float:
    if 0 < seconds < SHORTEST_INTERVAL:
        raise ValueError(
            f"must be 0, or {SHORTEST_INTERVAL:g} to {LONGEST:,.0f} seconds, got {seconds:g}"
        )
    return seconds


Rhythm = Annotated[Seconds, AfterValidator(_none_or_interval)]
"""Time in seconds between two of the same; 0: there are none."""


def ns(seconds: float) -> int:
    """Convert seconds to whole nanoseconds, rounded to the nearest."""
    return round(seconds * SECOND_NS)
