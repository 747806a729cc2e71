"""Base of all tables in files about markets, and the bounds of numbers that they share.

Prices are ticks, sizes lots.
"""

from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from experiments.markets.mistakes import Mistake, MistakesError
from lob.types import MAX_PRICE, MAX_SIZE

__all__ = ["MOST_RATE", "Name", "Positive", "Table", "Ticks"]

MOST_RATE = 1_000_000
"""Most of anything a second: what comes oftener would keep a run from getting anywhere."""


def _not_empty(name: str) -> str:
    if not name.strip():
        raise ValueError(f"a name must not be empty, got {name!r}")
    return name


Name = Annotated[str, AfterValidator(_not_empty)]
"""What a table is called by others and in reports: a text that is not empty."""
Positive = Annotated[int, Field(ge=1, le=MAX_SIZE)]
"""Whole number of units, lots or things, 1 or more."""
Ticks = Annotated[int, Field(ge=1, le=MAX_PRICE)]
"""Price in ticks, 1 or more."""


class Table(BaseModel):
    """Base of the tables of a scenario, a market file or a market's parameters.

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
        wrong = []
        for key, field in cls.model_fields.items():
            value = given.get(key)
            among = value if isinstance(value, list | tuple) else [value]
            wanted = field.annotation is bool or bool in get_args(field.annotation)
            if not wanted and any(isinstance(one, bool) for one in among):
                wrong.append(Mistake(key, f"takes no true or false, got {value!r}"))
        if wrong:
            raise MistakesError(wrong)
        return given
