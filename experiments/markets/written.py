"""How files about markets are written: values as TOML has them, and hints at what a name meant."""

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

__all__ = ["meant", "toml_value"]


def meant(name: str, known: Collection[str]) -> str:
    """English hint for a name that is not known: the nearest one, or all there are."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are {', '.join(sorted(known))}" if known else "there are none"


def toml_value(value: Any) -> str:
    """Write a value as TOML does.

    Parameters
    ----------
    value
        A text, number, truth value, list of such, or mapping of texts to such.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        parts = ", ".join(f"{_bare(name)} = {toml_value(one)}" for name, one in value.items())
        return f"{{ {parts} }}" if parts else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return repr(value)


def _bare(name: str) -> str:
    """A key as TOML writes it."""
    plain = name.replace("-", "").replace("_", "")
    return name if plain.isascii() and plain.isalnum() else toml_value(name)
