"""Parameters that a table hands on to a class or function: which there are, and what they count.

What a parameter counts stands where it is declared, as a type of ``lob.unit_types``.
"""

import inspect
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from experiments.markets.written import meant
from lob.unit_types import Counted

__all__ = [
    "UnknownParametersError",
    "inside",
    "keywords_of",
    "refuse_unknown",
    "taker_of",
    "takes",
    "takes_text",
    "types_of",
    "unit_of",
]


class UnknownParametersError(ValueError):
    """Parameters that a class or function does not have: the message names each and the nearest.

    Attributes
    ----------
    unknown : dict
        By the parameter's name: what was meant, in words.

    Parameters
    ----------
    unknown
        See the attribute.
    """

    def __init__(self, unknown: dict[str, str]) -> None:
        self.unknown = unknown
        super().__init__("; ".join(unknown.values()))


def refuse_unknown(
    maker: Callable[..., Any],
    given: Iterable[str],
    besides: Collection[str] = (),
    of: str = "",
) -> None:
    """Refuse parameters that a class or function does not have.

    Parameters
    ----------
    maker
        The class or function; where a class hands keywords on to its base, those of the base count.
    given
        Names of the parameters.
    besides
        Parameters that others give.
    of
        Name in the message of what they are parameters of.

    Raises
    ------
    UnknownParametersError
        That names each, and the nearest that there is.
    """
    known = keywords_of(maker)
    if known is None:
        return
    known -= set(besides)
    unknown = {
        name: f"{of}{': ' * bool(of)}no parameter is called {name!r}: {meant(name, known)}"
        for name in given
        if name not in known
    }
    if unknown:
        raise UnknownParametersError(unknown)


def keywords_of(maker: Callable[..., Any]) -> set[str] | None:
    """The names of a callable's keywords; ``None`` if they cannot be known.

    Where a class hands keywords on to its base, those of the base count.
    """
    made = _makers(maker)
    found: set[str] = set()
    for one in made:
        try:
            parameters = inspect.signature(one).parameters.values()
        except (TypeError, ValueError):
            return None
        found |= {
            each.name
            for each in parameters
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        }
        if not any(each.kind is each.VAR_KEYWORD for each in parameters):
            return found - {"self"}
    return None


def takes(maker: Callable[..., Any], name: str) -> bool:
    """Whether a callable has a keyword, or a class it hands keywords on to, as far as is known.

    Parameters
    ----------
    maker
        The class or function.
    name
        Name of the keyword.
    """
    for one in _makers(maker):
        try:
            parameters = inspect.signature(one).parameters
        except (TypeError, ValueError):
            continue  # compiled, and it does not say
        if name in parameters:
            return True
        if not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
            return False
    return False


def taker_of(table: type, content: Mapping[str, Any]) -> Callable[..., Any] | None:
    """What a table hands its ``parameters`` on to; ``None``: not known, or code of the user's own.

    Parameters
    ----------
    table
        Class of the table; one with such a key says it in ``taker_of_parameters``.
    content
        The table as TOML has it, not validated.
    """
    asked: Callable[[Mapping[str, Any]], Callable[..., Any] | None] | None
    asked = getattr(table, "taker_of_parameters", None)
    return asked(content) if asked else None


def types_of(maker: Callable[..., Any]) -> dict[str, Any]:
    """Types of a callable's keywords by name, as declared; what has none is not among them.

    Where a class hands keywords on to its base, those of the base count.
    """
    found: dict[str, Any] = {}
    for one in _makers(maker):
        try:
            parameters = inspect.signature(one).parameters.values()
        except (TypeError, ValueError):
            return found
        for each in parameters:
            if each.annotation is not each.empty and not isinstance(each.annotation, str):
                found.setdefault(each.name, each.annotation)
        if not any(each.kind is each.VAR_KEYWORD for each in parameters):
            return found
    return found


def unit_of(kind: Any) -> str:
    """What numbers of a declared type count (``lob.unit_types``); empty where it does not say."""
    for one in _alternatives(kind):
        if get_origin(one) is Annotated:
            for said in get_args(one)[1:]:
                if isinstance(said, Counted):
                    return said.unit
    return ""


def takes_text(kind: Any) -> bool:
    """Whether a value of a declared type may be a text that stands for itself."""
    plain = [get_args(one)[0] if get_origin(one) is Annotated else one
             for one in _alternatives(kind)]  # fmt: skip
    return any(one in (str, Any, object) or get_origin(one) is Literal for one in plain)


def inside(kind: Any, step: str | int) -> Any:
    """The type of what has a key or number in something of a declared type; ``Any``: not known.

    Parameters
    ----------
    kind
        The declared type.
    step
        The key or number.
    """
    for one in _alternatives(kind):
        origin, inner = get_origin(one), get_args(one)
        if origin is tuple and isinstance(step, int):
            if len(inner) == 2 and inner[1] is Ellipsis:
                return inner[0]
            return inner[step] if step < len(inner) else Any
        if inner and isinstance(origin, type):
            if isinstance(step, int) and issubclass(origin, Sequence):
                return inner[0]
            if isinstance(step, str) and issubclass(origin, Mapping):
                return inner[1]
    return Any


def _alternatives(kind: Any) -> Iterable[Any]:
    """The types of which a value may be one."""
    if get_origin(kind) in (Union, types.UnionType):
        return [each for one in get_args(kind) for each in _alternatives(one)]
    return [kind]


def _makers(maker: Callable[..., Any]) -> list[Callable[..., Any]]:
    """What takes the keywords of a callable, in order: of a class, the initialisers."""
    if isinstance(maker, type):
        return [vars(one)["__init__"] for one in maker.__mro__ if "__init__" in vars(one)]
    return [maker]
