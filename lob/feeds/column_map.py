"""Which column of a file holds what, and in which unit: a map as a TOML file or a dictionary.

Each key is a field, each value a column's name, or a name and a unit::

    account = "user"
    instrument = "coin"
    position = { column = "position_size", unit = "base" }
    entry = { column = "entry_price", unit = "quote" }
    margin = { column = "account_value", unit = "quote" }

Without a unit a field counts in whole steps: lots, ticks, units of cash, ppm.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from lob.feeds.errors import FeedError

__all__ = ["ColumnMap", "MappedColumn", "read_map"]


@dataclass(frozen=True)
class MappedColumn:
    """Column and unit of a field of a table.

    Parameters
    ----------
    name
        Name of the column.
    unit
        Unit of its numbers; empty: whole steps.
    """

    name: str
    unit: str = ""


ColumnMap = Mapping[str, MappedColumn]
"""Column and unit of each field, by the field's name."""


def read_map(
    given: Mapping[str, Any] | str | PathLike[str] | None, units: Mapping[str, tuple[str, ...]]
) -> dict[str, MappedColumn]:
    """Return a column for every field; one that the map does not name has the field's name.

    Parameters
    ----------
    given
        A dictionary or a TOML file; ``None``: every field has its own name.
    units
        The fields there are, and the units each may have.

    Raises
    ------
    FeedError
        If the file is no map, or names a field or a unit that there is not: with what there is.
    """
    path: Path | None = None
    if given is None or isinstance(given, Mapping):
        content: Mapping[str, Any] = given or {}
    else:
        path = Path(given)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise FeedError(error.strerror or str(error), path=path) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FeedError(f"not a map in TOML: {error}", path=path) from None
    found = {field: MappedColumn(field) for field in units}
    for field, value in content.items():
        if field not in units:
            raise FeedError(
                f"no field is called {field!r}: there are {', '.join(units)}", path=path
            )
        column = {"column": value} if isinstance(value, str) else value
        if (
            not isinstance(column, Mapping)
            or not {"column"} <= set(column) <= {"column", "unit"}
            or not all(isinstance(one, str) for one in column.values())
        ):
            raise FeedError(
                f"{field} must be the name of a column, or {{ column = NAME, unit = UNIT }}, got "
                f"{value!r}",
                path=path,
            )
        unit = column.get("unit", "")
        if unit not in ("", *units[field]):
            allowed = ", ".join(units[field]) or "none: leave it out"
            raise FeedError(
                f"the unit of {field} must be one of {allowed}; got {unit!r}", path=path
            )
        found[field] = MappedColumn(column["column"], unit)
    return found
