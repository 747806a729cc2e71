"""Values in place of what a scenario says: by dotted path, or by a key that one table has alone.

A path is that of ``--set``: ``shocks.0.lots``. A key alone is one of the scenario itself
(``seconds``), or else one that only one kind of its tables gives (``leverage``): it is then set in
every row that gives it.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.markets.mistakes import Mistake
from experiments.markets.written import meant
from experiments.scenario.shock_sizes import with_one_size
from experiments.scenario.table import Table
from experiments.scenario.written import resolved_keys

__all__ = ["overridden", "paths_meant", "plain"]

SOLVED = re.compile(r"\.solved(\.|$)")
"""Paths of what is solved for a market or a shock."""


def plain(value: Any) -> Any:
    """A value as TOML has it: tables become mappings of what they were given, tuples lists."""
    if isinstance(value, Table):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def overridden(
    content: Mapping[str, Any], overrides: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Mistake]]:
    """A copy of a scenario's content with other values in it, and the paths that lead nowhere.

    Parameters
    ----------
    content
        The scenario as TOML has it, not validated.
    overrides
        Values by dotted path.
    """
    changed: dict[str, Any] = copy.deepcopy(plain(content))
    mistakes = []
    for path, value in overrides.items():
        if SOLVED.search(path):
            mistakes.append(Mistake(path, "is found when the scenario is read, and cannot be set"))
            continue
        with_one_size(changed.get("shocks"), path, overrides.keys())
        *way, last = path.split(".")
        at: Any = changed
        try:
            for step in way:
                at = at[_place(step)] if isinstance(at, list) else at.setdefault(step, {})
            if isinstance(at, list):
                at[_place(last)] = plain(value)
            else:
                at[last] = plain(value)
        except (IndexError, ValueError, TypeError, AttributeError):
            mistakes.append(Mistake(path, f"there is no {path} to set"))
    return changed, mistakes


def _place(step: str) -> int:
    """A place in a list, counted from 0: Python would count a negative one from the end."""
    if not (step.isascii() and step.isdigit()):
        raise ValueError(f"a place in a list must be a number from 0, got {step!r}")
    return int(step)


def paths_meant(scenario: Table, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
    """Values by dotted path, of values by path or key, and the keys that are in no or many tables.

    Parameters
    ----------
    scenario
        The scenario whose keys they are.
    values
        Values by dotted path, or by a key alone.
    """
    found: dict[str, Any] = {}
    mistakes = []
    for name, value in values.items():
        if "." in name or name in type(scenario).model_fields:
            found[name] = value
            continue
        given = list(_given(scenario, name))
        if len({_table_of(path) for path in given}) == 1:
            found |= dict.fromkeys(given, value)
        else:
            mistakes.append(Mistake(name, _unclear(scenario, name, given)))
    return found, mistakes


def _given(scenario: Table, name: str) -> Iterator[str]:
    """Paths of all keys of a name that a scenario gives, those of parameters too."""
    for key in resolved_keys(scenario):
        if key.source == "file":
            if key.path.rpartition(".")[2] == name:
                yield key.path
            elif isinstance(key.value, Mapping) and name in key.value:
                yield f"{key.path}.{name}"


def _table_of(path: str) -> str:
    """A path without the numbers of its rows: the same for all rows of a table."""
    return ".".join("*" if step.isdecimal() else step for step in path.split("."))


def _unclear(scenario: Table, name: str, given: Sequence[str]) -> str:
    if given:
        return f"several tables have a {name!r}: write one of {', '.join(given)}"
    keys = [key.path for key in resolved_keys(scenario)]
    there = [path for path in keys if path.rpartition(".")[2] == name]
    if there:
        return f"no table gives a {name!r}: write one of {', '.join(there)}"
    known = {path.rpartition(".")[2] for path in keys} | set(type(scenario).model_fields)
    return f"no key is called {name!r} in this scenario: {meant(name, known)}"
