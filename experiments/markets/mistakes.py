"""Mistakes of a scenario in words, each with the path of its place in the TOML."""

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from experiments.markets.written import meant

__all__ = [
    "Mistake",
    "MistakesError",
    "kinds_inside",
    "mistakes_of",
    "tables_among",
    "tags_of",
]


class Mistake(NamedTuple):
    """One mistake in a scenario: its place in the file, and what is wrong there."""

    path: str
    """Keys and numbers from the top, as in ``populations.0.count``; empty: the whole file."""
    what: str
    """What is wrong there, in words."""

    def __str__(self) -> str:
        return f"{self.path or 'scenario'}: {self.what}"


class MistakesError(ValueError):
    """Tables that are right by themselves do not fit together, or cannot be built.

    Attributes
    ----------
    mistakes : tuple of Mistake
        Each with its place.

    Parameters
    ----------
    mistakes
        See the attribute.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(map(str, self.mistakes)))


def mistakes_of(error: ValidationError, model: type[BaseModel]) -> list[Mistake]:
    """List the mistakes of a table that pydantic found, each with its place.

    Parameters
    ----------
    error
        From ``model.model_validate``.
    model
        The table.
    """
    found: list[Mistake] = []
    for one in error.errors():
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, MistakesError):
            # Their paths are those within the table that raised them.
            above, _ = _place(model, one["loc"])
            found += [
                each._replace(path=".".join(filter(None, (above, each.path))))
                for each in cause.mistakes
            ]
            continue
        path, tables = _place(model, one["loc"][:-1] if _is_unknown(one) else one["loc"])
        if _is_unknown(one):
            key = str(one["loc"][-1])
            known = {name for table in tables for name in table.model_fields}
            path = ".".join(filter(None, (path, key)))
            found.append(Mistake(path, f"no key is called {key!r} here: {meant(key, known)}"))
        else:
            found.append(Mistake(path, _words(one)))
    return found


def _is_unknown(one: Any) -> bool:
    return bool(one["type"] == "extra_forbidden")


def _words(one: Any) -> str:
    if one["type"] == "value_error":
        return str(one["ctx"]["error"])
    got = "" if isinstance(one["input"], dict | list) else f", got {one['input']!r}"
    if one["type"] == "int_parsing_size":
        return f"must be a whole number of 19 digits or fewer{got}"
    return f"{one['msg']}{got}"


def _place(model: type[BaseModel], steps: Sequence[str | int]) -> tuple[str, list[type[BaseModel]]]:
    """The path in the TOML of where pydantic found something, and the tables that may be there.

    Pydantic's own path also names which of several tables it took one for: the TOML has no such
    step.
    """
    path: list[str] = []
    kinds: list[Any] = [model]
    for step in steps:
        tables = tables_among(kinds)
        tagged = [one for one in tables if step in tags_of(one)]
        if tagged and len(tables) > 1:
            kinds = list(tagged)
            continue
        path.append(str(step))
        kinds = [inner for kind in kinds for inner in kinds_inside(kind, step)]
    return ".".join(path), tables_among(kinds)


def tables_among(kinds: Sequence[Any]) -> list[type[BaseModel]]:
    """List the tables among types."""
    return [one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)]


def tags_of(table: type[BaseModel]) -> tuple[Any, ...]:
    """List the values of ``kind`` that a table is for, or its tag; none: it has no such key."""
    if hasattr(table, "TAG"):
        return (table.TAG,)
    field = table.model_fields.get("kind")
    if field is None or get_origin(field.annotation) is not Literal:
        return ()
    return get_args(field.annotation)


def kinds_inside(kind: Any, step: str | int) -> Iterator[Any]:
    """Yield the types of what has a key or number in something of a type.

    Parameters
    ----------
    kind
        A type, as an annotation has it.
    step
        The key or number.
    """
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if step in kind.model_fields:
            yield from _flat(kind.model_fields[str(step)].annotation)
        return
    origin, inner = get_origin(kind), get_args(kind)
    if origin is list and inner:
        yield from _flat(inner[0])
    elif origin is dict and inner:
        yield from _flat(inner[1])


def _flat(kind: Any) -> Iterator[Any]:
    """The types that a union, or an annotated type, is made of."""
    if get_origin(kind) is Annotated:
        yield from _flat(get_args(kind)[0])
    elif get_origin(kind) in (Union, types.UnionType):
        for one in get_args(kind):
            yield from _flat(one)
    else:
        yield kind
