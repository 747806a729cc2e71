"""The keys of a scenario's tables: what each is, its type, unit and default, read off the tables.

A table's field says what it is in the text below it. The text of a number begins with its unit and
a colon: ``Ticks: the best bid``.
"""

import types
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from experiments.markets.written import toml_value

__all__ = ["UNITS", "Key", "keys_of"]

UNITS = frozenset({
    "accounts", "bps", "bps per square root of a second", "cash units", "exponent", "keepers",
    "lots", "lots a second", "lots a tick", "number", "owner number", "per second", "ppm",
    "ppm a day", "runs", "seconds",
    "seconds and share", "seconds and ticks", "seconds, seconds and ppm",
    "seconds, seconds and ticks", "share", "standard deviation",
    "standard deviations", "ticks", "ticks per square root of a second", "times", "transactions",
    "transactions a block", "units", "utc",
})  # fmt: skip
"""Units that the text of a numeric key may begin with. ``number`` counts, or numbers, what the text
says."""


class Key(NamedTuple):
    """One key of a scenario's table, as the reference page shows it."""

    name: str
    """Name of the key in the TOML."""
    kind: str
    """Type and bounds in words."""
    unit: str
    """Unit in lower case; empty where the key is no number."""
    default: str
    """Default as TOML in backticks; empty where the key must be given."""
    text: str
    """What the key is, in a sentence."""
    numeric: bool
    """Whether the key's type holds numbers."""


def keys_of(table: type[BaseModel]) -> list[Key]:
    """List the keys of a table, in order.

    Parameters
    ----------
    table
        Class of the table.
    """
    return [_key(name, field) for name, field in table.model_fields.items()]


def _key(name: str, field: FieldInfo) -> Key:
    numeric = _has_numbers(field.annotation)
    text = " ".join((field.description or "").split())
    unit, colon, rest = text.partition(": ")
    if not colon or unit.lower() not in UNITS:
        unit, rest = "", text
    rest = rest[:1].upper() + rest[1:]
    kind = _kind(field.annotation, field.metadata)
    return Key(name, kind, unit.lower().replace("utc", "UTC"), _default(field), rest, numeric)


def _has_numbers(kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return False
    return kind in (int, float) or any(map(_has_numbers, get_args(kind)))


def _default(field: FieldInfo) -> str:
    value: Any = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
    if value is PydanticUndefined:
        return ""
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        given = value.model_dump(exclude_unset=True)
        parts = ", ".join(f"{name} = {toml_value(one)}" for name, one in given.items())
        return f"`{{ {parts} }}`" if parts else "`{}`"
    return f"`{toml_value(value)}`"


NAMES = {
    Decimal: "decimal number",
    int: "integer",
    float: "number",
    str: "text",
    bool: "true or false",
}
BOUNDS = {Ge: ("ge", "at least"), Gt: ("gt", "above"), Le: ("le", "at most"), Lt: ("lt", "below")}


def _kind(kind: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    """A type in words, with its bounds."""
    origin, parts = get_origin(kind), get_args(kind)
    bounds = _bounds(metadata)
    if origin is Annotated:
        return _kind(parts[0], parts[1:]) + bounds
    if origin is Literal:
        return " or ".join(f'`"{one}"`' for one in parts)
    if origin in (Union, types.UnionType):
        named = [_kind(part) for part in parts if part is not type(None)]
        return " or ".join(dict.fromkeys(named)) + bounds
    if origin is list:
        inner = _kind(parts[0])
        return ("tables" if inner == "table" else f"list of {inner}") + bounds
    if origin is tuple:
        return f"[{', '.join(map(_kind, parts))}]"
    if origin is dict or kind is Any:
        return "table"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "table"
    return NAMES.get(kind, getattr(kind, "__name__", str(kind))) + bounds


def _bounds(metadata: list[Any] | tuple[Any, ...]) -> str:
    """What holds for a value, in words: each ``Field`` may carry several bounds."""
    found = []
    for one in metadata:
        for bound in one.metadata if isinstance(one, FieldInfo) else [one]:
            if type(bound) in BOUNDS:
                name, words = BOUNDS[type(bound)]
                limit = getattr(bound, name)
                shown = str(limit) if isinstance(limit, Decimal) else f"{limit:_}"
                found.append(f"{words} {shown}")
            elif isinstance(bound, MinLen):
                found.append(f"{bound.min_length} or more")
            elif isinstance(bound, MaxLen):
                found.append(f"{bound.max_length} at most")
    return "".join(f", {one}" for one in found)
