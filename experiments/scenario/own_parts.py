"""Parts of the user's own, ``FILE.py:NAME``: how one is made, whatever it is a part of.

What is named is called with the parameters of its table, and with those of the things known in its
place that it takes by name. Whoever asks sees to it that what it makes is what is wanted there.
"""

from collections.abc import Callable, Mapping
from typing import Any

from experiments.scenario.parameters import refuse_unknown, takes
from experiments.scenario.user_code import UserCodeError, load_user_code

__all__ = ["call_own", "make_own"]


def make_own(
    name: str,
    of: str,
    *given: Any,
    parameters: Mapping[str, Any],
    known: Mapping[str, Any] | None = None,
) -> Any:
    """Run a file of the user's own, and make what ``FILE.py:NAME`` names.

    Parameters
    ----------
    name
        ``FILE.py:NAME`` of a class or function.
    of
        What it is called in messages.
    *given
        What it is called with in any case, by position; the first of them is its ``name``.
    parameters
        Keywords of its table.
    known
        Keywords that it is given if it has them.

    Raises
    ------
    UserCodeError
        If the code raises.
    UnknownParametersError
        If it has no such parameter.
    ValueError
        If there is nothing of this name, or it cannot be called so.
    """
    maker = load_user_code(name)
    passed = {key: value for key, value in (known or {}).items() if takes(maker, key)}
    refuse_unknown(maker, parameters, besides={*passed, *(["name"] if given else [])}, of=of)
    return call_own(of, maker, *given, **passed, **parameters)


def call_own(of: str, function: Callable[..., Any], /, *given: Any, **keywords: Any) -> Any:
    """Call code of the user's own, and tell what goes wrong as its own fault.

    Parameters
    ----------
    of
        What it is called in messages.
    function
        The code.
    *given, **keywords
        What it is called with.

    Raises
    ------
    UserCodeError
        If it raises, or exits.
    ValueError
        If it is not reached, for it cannot be called with these.
    """
    try:
        return function(*given, **keywords)
    except (Exception, SystemExit) as error:
        inside = error.__traceback__ and error.__traceback__.tb_next
        if isinstance(error, TypeError) and not inside:
            raise ValueError(f"{of}: {error}") from None
        raise UserCodeError(of, error) from error
