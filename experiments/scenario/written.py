"""Scenarios written out: as TOML that reads back equal, and key by key with unit and source."""

import os
import textwrap
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from experiments.markets.written import toml_value
from experiments.scenario.keys import Key, keys_of
from experiments.scenario.table import Table

__all__ = ["ResolvedKey", "resolved_keys", "scenario_toml", "write_whole"]

WIDTH = 100
"""Characters of the longest line of a comment."""


class ResolvedKey(NamedTuple):
    """One key of a scenario with the value that holds."""

    path: str
    """Dotted path, as ``--set`` takes it: ``populations.0.leverage``."""
    value: Any
    """The value, ready for JSON; ``None``: the key is not given and stands for nothing."""
    unit: str
    """Unit of the value; empty where it is no number."""
    source: str
    """Where the value is from: ``set`` (an override), ``file`` or ``default``."""
    text: str
    """What the key is, in a sentence."""
    real: str = ""
    """The value with a unit that people have, exact: ``60_000 USD``; empty where ``unit`` is
    one."""
    written: str = ""
    """The text that was written for the value, if it was one with a unit: ``60 k USD``."""


def resolved_keys(scenario: Table, overrides: Collection[str] = ()) -> list[ResolvedKey]:
    """List every key of a scenario with the value that holds, defaults included, in order.

    Parameters
    ----------
    scenario
        The scenario, or one of its tables.
    overrides
        Dotted paths that were set in place of what the file says.
    """
    return list(_resolved(scenario, "", tuple(overrides), given=True))


def scenario_toml(scenario: Table, *, comments: bool = False) -> str:
    """Write a scenario as TOML, which ``read_scenario`` reads as an equal one.

    Parameters
    ----------
    scenario
        The scenario, or one of its tables.
    comments
        Whether each key has its text and unit above it, and keys that are not given stand there
        with their defaults, commented out.
    """
    return "\n".join(_lines(scenario, "", comments)).strip() + "\n"


def write_whole(path: Path, text: str) -> None:
    """Write a text file in UTF-8 that is there whole or as it was before.

    Parameters
    ----------
    path, text
        The file, and what it is to hold.

    Raises
    ------
    OSError
        If it cannot be written; ``filename`` is the file that was to be.
    """
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        written.write_text(text, encoding="utf-8")
        written.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with suppress(OSError):
            written.unlink(missing_ok=True)


def _resolved(
    table: Table, path: str, overrides: tuple[str, ...], *, given: bool
) -> Iterator[ResolvedKey]:
    for key in keys_of(type(table)):
        at = f"{path}{key.name}"
        value = getattr(table, key.name)
        here = given and key.name in table.model_fields_set
        if isinstance(value, Table):
            yield from _resolved(value, f"{at}.", overrides, given=here)
        elif _is_rows(value):
            for number, row in enumerate(value):
                yield from _resolved(row, f"{at}.{number}.", overrides, given=here)
        else:
            source = "file" if here else "default"
            if any(f"{at}.".startswith(f"{one}.") or one.startswith(f"{at}.") for one in overrides):
                source = "set"
            yield ResolvedKey(at, _plain(table, key.name), key.unit, source, key.text)


def _lines(table: Table, path: str, comments: bool) -> Iterator[str]:
    """The lines of a table: its values, then the tables inside it, as TOML wants them."""
    keys = keys_of(type(table))
    inner = [key for key in keys if _has_tables(key, getattr(table, key.name))]
    for key in keys:
        if key in inner:
            continue
        value = getattr(table, key.name)
        given = key.name in table.model_fields_set and value is not None
        if comments:
            yield from _comment(key)
        if given:
            yield f"{key.name} = {toml_value(_plain(table, key.name))}"
        elif comments:
            default = key.default.strip("`")
            yield f"# {key.name}: none" if default == "none" else f"# {key.name} = {default}"
    for key in inner:
        value = getattr(table, key.name)
        given = key.name in table.model_fields_set and value is not None
        rows = [value] if isinstance(value, Table) else value or []
        at = f"{path}{key.name}"
        head = f"[{at}]" if isinstance(value, Table) or key.kind == "table" else f"[[{at}]]"
        if comments and not (given and rows):
            yield from ("", *_comment(key), f"# {head}")
        for row in rows if given else []:
            yield from ("", *(_comment(key) if comments else ()), head)
            yield from _lines(row, f"{at}.", comments)


def _has_tables(key: Key, value: Any) -> bool:
    """Whether a key stands in a place of its own, as a table or as rows of tables."""
    return (
        isinstance(value, Table)
        or _is_rows(value)
        or (key.kind in ("table", "tables") and not isinstance(value, Mapping))
    )


def _comment(key: Key) -> list[str]:
    unit = f"{key.unit[:1].upper()}{key.unit[1:]}: " if key.unit else ""
    text = unit + (key.text[:1].lower() + key.text[1:] if unit else key.text)
    return textwrap.wrap(
        text.replace("``", "`"), WIDTH, initial_indent="# ", subsequent_indent="# "
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Table)


def _plain(table: Table, name: str) -> Any:
    """The value of a key, ready for JSON."""
    return table.model_dump(mode="json", include={name})[name]
