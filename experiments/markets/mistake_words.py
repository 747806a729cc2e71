"""What is wrong with a value of a table, in words of the file's author: never in pydantic's."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lob.counted import counted

__all__ = ["WANTED", "words_of"]

WANTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a decimal number",
    "decimal_parsing": "a decimal number",
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
"""What is wanted where a value is of another type, by pydantic's name of the error."""
FINE = 1e-9
"""From which on a bound is shown with all its digits."""
BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
"""Bounds by pydantic's name of the error: where its limit is, and the words before it."""


def words_of(one: Mapping[str, Any]) -> str:
    """Tell an error of pydantic's in one line.

    Parameters
    ----------
    one
        The error, as ``ValidationError.errors()`` lists it.
    """
    kind, given = one["type"], one.get("ctx", {})
    if kind == "value_error":
        return " ".join(str(given["error"]).split())
    if kind == "missing":
        return "must be given"
    if kind in ("too_short", "too_long"):
        least = kind == "too_short"
        limit = given["min_length" if least else "max_length"]
        words = f"{counted(limit, 'item')} {'or more' if least else 'at most'}"
        return f"must have {words}, got {given['actual_length']}"
    return f"must be {_wanted(kind, given, one)}, got {_shown(one['input'])}"


def _wanted(kind: str, given: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    """What a value must be."""
    if kind in BOUNDS:
        limit, words = BOUNDS[kind]
        return f"{words} {_number(given[limit])}"
    if kind == "finite_number":
        return "a finite number"
    if kind in ("int_parsing_size", "decimal_max_digits", "decimal_whole_digits"):
        return "a whole number of 19 digits or fewer"
    if kind == "literal_error":
        several = given["expected"].replace(" or ", ", ")
        return f"one of {several}" if "," in several else str(several)
    if kind.startswith(("date", "time")):
        return "a date and time like 2024-08-05T00:00:00Z"
    return WANTED.get(kind, "another value")


def _number(limit: Any) -> str:
    """A bound with commas, as messages have numbers."""
    whole = int(limit)
    if whole == limit:
        return f"{whole:,}"
    return f"{Decimal(str(limit)):f}" if abs(limit) >= FINE else f"{limit:g}"


def _shown(value: Any) -> str:
    """A value in few words: a table or list is not shown."""
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list | tuple) else repr(value)
