"""Mistakes of a scenario in words, each with the path of its place in the TOML."""

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from experiments.markets.mistake_words import WANTED, words_of
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
    """List the mistakes of a table that pydantic found, each once with its place, in our words.

    Parameters
    ----------
    error
        From ``model.model_validate``.
    model
        The table.
    """
    found: list[_Found] = []
    for one in error.errors():
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, MistakesError):
            # Their paths are those within the table that raised them.
            above = _place(model, one["loc"])
            for each in cause.mistakes:
                path = ".".join(filter(None, (above.path, each.path)))
                found.append(_Found(each._replace(path=path), above.choice))
            continue
        unknown = one["type"] == "extra_forbidden"
        place = _place(model, one["loc"][:-1] if unknown else one["loc"])
        if unknown:
            key = str(one["loc"][-1])
            known = {name for table in place.tables for name in table.model_fields}
            path = ".".join(filter(None, (place.path, key)))
            what = f"no key is called {key!r} here: {meant(key, known)}"
            found.append(_Found(Mistake(path, what), place.choice))
        else:
            mistake = Mistake(place.path, words_of(one))
            found.append(_Found(mistake, place.choice, WANTED.get(one["type"])))
    return list(_once(found))


class _Found(NamedTuple):
    """A mistake, and whether it is one only for one of several types that a value may have."""

    mistake: Mistake
    choice: str | None = None
    """Path of the value that may have several types; ``None``: there is none above it."""
    wanted: str | None = None
    """The type in words, where the mistake is that the value is of another."""

    @property
    def is_other_type(self) -> bool:
        """Whether the value itself is not of the type that was tried."""
        return self.wanted is not None and self.mistake.path == self.choice


def _once(found: Sequence[_Found]) -> Iterator[Mistake]:
    """The mistakes, of a value that may have several types those of the type that it has."""
    told: set[str] = set()
    for one in found:
        mistake = one.mistake
        if one.is_other_type:
            among = [each for each in found if each.choice == one.choice]
            if not all(each.is_other_type for each in among):
                continue
            kinds = " or ".join(dict.fromkeys(str(each.wanted) for each in among))
            got = mistake.what.partition(", got ")[2]
            mistake = mistake._replace(what=f"must be {kinds}, got {got}")
        if mistake.path not in told or (one.choice is None and one.wanted is None):
            yield mistake
        told.add(mistake.path)


class _Place(NamedTuple):
    """Where pydantic found something."""

    path: str
    """Path in the TOML."""
    tables: list[type[BaseModel]]
    """The tables that may be there."""
    choice: str | None
    """Path of the outermost value on the way that may have several types; ``None``: there is
    none."""


def _place(model: type[BaseModel], steps: Sequence[str | int]) -> _Place:
    """The place in the TOML of where pydantic found something.

    Pydantic's own path also names which of several tables, or of several types, it took one for:
    the TOML has no such step.
    """
    path: list[str] = []
    kinds: list[Any] = [model]
    choice = None
    for step in steps:
        tables = tables_among(kinds)
        tagged = [one for one in tables if step in tags_of(one)]
        if tagged and len(tables) > 1:
            kinds = list(tagged)
            continue
        if _is_type(step, kinds):
            choice = ".".join(path) if choice is None else choice
            continue
        path.append(str(step))
        kinds = [inner for kind in kinds for inner in kinds_inside(kind, step)]
    return _Place(".".join(path), tables_among(kinds), choice)


def _is_type(step: str | int, kinds: Sequence[Any]) -> bool:
    """Whether a step of pydantic's is the name of a type, where several are possible."""
    several = [one for one in kinds if one is not type(None)]
    if len(several) < 2 or not isinstance(step, str):
        return False
    return not any(step in one.model_fields for one in tables_among(several))


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
