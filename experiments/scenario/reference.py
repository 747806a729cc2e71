"""The reference page of scenarios, written from the tables: each key, its type, unit and default.

The page is made with the documentation (``docs/conf.py``).
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from experiments.scenario.keys import Key, keys_of
from experiments.scenario.read import Scenario

__all__ = ["Section", "scenario_page", "sections_of"]

INTRODUCTION = """\
# The keys of a scenario

A scenario is a TOML file, or the same as a dict: `firesale.scenario` reads both, validates it
whole, and raises `ScenarioError` with all mistakes, each with its path. Unknown keys are mistakes.
Prices are ticks, sizes lots, money cash units, rates ppm (1,000,000 is 100 %), times seconds, which
become whole nanoseconds. Times and shares may be written with a unit ("2 min", "4.5 bps"), and so
may prices, sizes and money ("60 k USD", "2 BTC") where the instrument says `tick_size`, `lot_size`
and `quote`. Units of an asset are lots of a book that trades it, or cash units, and may be written
likewise; those of a claim without a book are its own. A key without a default must be given.

`[[name]]` begins a row of a list of tables, `[name]` a table. In an override a row is named by its
number: `--set populations.0.count=50000`. How to write one: [](../how-to/new-scenario.md). This
page is made from the code of `experiments/scenario`.
"""
"""Markdown above the tables of the page."""


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
    yield Section(path, repeated, table, keys_of(table))
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
    if path:
        lines += [f"In Python `firesale.tables.{table.__name__}`.", ""]
    lines += ["| key | type | unit | default | is |", "|---|---|---|---|---|"]
    for key in section.keys:
        cells = (f"`{key.name}`", key.kind, key.unit, key.default, _plain(key.text))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """A docstring as Markdown: one paragraph a blank line, code between single backquotes."""
    paragraphs = [" ".join(one.split()) for one in text.split("\n\n")]
    return "\n\n".join(paragraphs).replace("``", "`")
