"""The reference page of scenarios, written from the tables: each key, its type, unit and default.

A table's field says what it is in the text below it. The text of a number begins with its unit and
a colon: ``Ticks: the best bid``. The page is made with the documentation (``docs/conf.py``).
"""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from experiments.scenario.read import Scenario

__all__ = ["UNITS", "Key", "Section", "scenario_page", "sections_of"]

UNITS = frozenset({
    "accounts", "bps", "cash units", "exponent", "keepers", "lots", "lots a second", "lots a tick",
    "number", "owner number", "per second", "ppm", "ppm a day", "runs", "seconds",
    "seconds and ticks", "seconds, seconds and ppm", "share", "standard deviation",
    "standard deviations", "ticks", "ticks per square root of a second", "times", "transactions",
    "transactions a block", "units", "utc",
})  # fmt: skip
"""Units that the text of a numeric key may begin with. ``number`` counts, or numbers, what the text
says."""

INTRODUCTION = """\
# The keys of a scenario

A scenario is a TOML file, or the same as a dict: `firesale.scenario` reads both, validates it
whole, and raises `ScenarioError` with all mistakes, each with its path. Unknown keys are mistakes.
Prices are ticks, sizes lots, money cash units, rates ppm (1,000,000 is 100 %), times seconds, which
become whole nanoseconds. A key without a default must be given.

`[[name]]` begins a row of a list of tables, `[name]` a table. In an override a row is named by its
number: `--set populations.0.count=50000`. How to write one: [](../how-to/new-scenario.md). This
page is made from the code of `experiments/scenario`.
"""
"""Markdown above the tables of the page."""


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


class Section(NamedTuple):
    """One table of a scenario on the reference page: its place, class and keys."""

    path: str
    """Path as ``clearings.holdings``; empty: the file itself."""
    repeated: bool
    """Whether the table is a row of a list."""
    table: type[BaseModel]
    """Class of the table."""
    keys: list[Key]
    """Keys of the table, in order."""


def sections_of(table: type[BaseModel] = Scenario, path: str = "") -> list[Section]:
    """List the tables of a scenario, each before those inside it.

    Parameters
    ----------
    table
        Class of the outermost table.
    path
        Path of that table; empty: the file itself.
    """
    return list(_walk(table, path, repeated=False))


def scenario_page() -> str:
    """Write the reference page of scenarios, as Markdown."""
    return INTRODUCTION + "".join(map(_written, sections_of()))


def _walk(table: type[BaseModel], path: str, *, repeated: bool) -> Iterator[Section]:
    fields = table.model_fields.items()
    yield Section(path, repeated, table, [_key(name, field) for name, field in fields])
    for name, field in fields:
        for inner, in_list in _tables(field.annotation, in_list=False):
            yield from _walk(inner, f"{path}.{name}".lstrip("."), repeated=in_list)


def _tables(kind: Any, *, in_list: bool) -> Iterator[tuple[type[BaseModel], bool]]:
    """The tables that a type is made of, and whether they are rows of a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind, in_list
        return
    for part in get_args(kind):
        yield from _tables(part, in_list=in_list or get_origin(kind) is list)


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
        parts = ", ".join(f"{name} = {_toml(one)}" for name, one in given.items())
        return f"`{{ {parts} }}`" if parts else "`{}`"
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)


NAMES = {int: "integer", float: "number", str: "text", bool: "true or false"}
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
                found.append(f"{words} {getattr(bound, name):_}")
            elif isinstance(bound, MinLen):
                found.append(f"{bound.min_length} or more")
            elif isinstance(bound, MaxLen):
                found.append(f"{bound.max_length} at most")
    return "".join(f", {one}" for one in found)


def _written(section: Section) -> str:
    path, table = section.path, section.table
    if not path:
        heading = "The file itself"
    else:
        heading = f"`[[{path}]]`" if section.repeated else f"`[{path}]`"
    kind = table.model_fields.get("kind")
    if kind is not None and get_origin(kind.annotation) is Literal:
        values = get_args(kind.annotation)
        if len(values) == 1:
            heading += f' with `kind = "{values[0]}"`'
    lines = [f"\n## {heading}\n", _plain(table.__doc__ or ""), ""]
    lines += ["| key | type | unit | default | is |", "|---|---|---|---|---|"]
    for key in section.keys:
        cells = (f"`{key.name}`", key.kind, key.unit, key.default, _plain(key.text))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """A docstring as Markdown: one paragraph a blank line, code between single backquotes."""
    paragraphs = [" ".join(one.split()) for one in text.split("\n\n")]
    return "\n\n".join(paragraphs).replace("``", "`")
