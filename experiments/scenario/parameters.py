"""Parameters that a table hands on to a class or function: which there are, and which are not."""

import inspect
from collections.abc import Callable, Collection, Iterable
from typing import Any

from experiments.markets.written import meant

__all__ = ["UnknownParametersError", "keywords_of", "refuse_unknown", "takes"]


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


def _makers(maker: Callable[..., Any]) -> list[Callable[..., Any]]:
    """What takes the keywords of a callable, in order: of a class, the initialisers."""
    if isinstance(maker, type):
        return [vars(one)["__init__"] for one in maker.__mro__ if "__init__" in vars(one)]
    return [maker]
