"""Base of all tables of a scenario, and the bounds of their numbers.

Prices are ticks, sizes lots, money cash units, rates ppm, times seconds (they become whole
nanoseconds).
"""

from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from lob.types import MAX_PRICE, MAX_SIZE
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
MOST_RATE = 1_000_000
"""Most of anything a second, for the same reason."""
LONGEST = 9_000_000_000.0
"""Longest time in seconds, 285 years: what fits into int64 nanoseconds."""


def _not_empty(name: str) -> str:
    if not name.strip():
        raise ValueError(f"a name must not be empty, got {name!r}")
    return name


Name = Annotated[str, AfterValidator(_not_empty)]
"""What a table is called by others and in reports: a text that is not empty."""
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


class Table(BaseModel):
    """Base of a scenario's tables.

    Unknown keys, numbers that are not finite, and truth values in place of numbers are mistakes.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _no_truth_values(cls, given: Any) -> Any:
        """Refuse a truth value where none is wanted: Python would count it as 0 or 1."""
        if not isinstance(given, dict):
            return given
        for key, field in cls.model_fields.items():
            value = given.get(key)
            among = value if isinstance(value, list | tuple) else [value]
            wanted = field.annotation is bool or bool in get_args(field.annotation)
            if not wanted and any(isinstance(one, bool) for one in among):
                raise ValueError(f"{key} takes no true or false, got {value!r}")
        return given


def ns(seconds: float) -> int:
    """Convert seconds to whole nanoseconds, rounded to the nearest."""
    return round(seconds * SECOND_NS)
