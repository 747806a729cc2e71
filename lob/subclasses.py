"""What a Python subclass adds to a compiled object: the copy of the object has it too."""

import copy
from copyreg import _slotnames  # type: ignore[attr-defined]
from typing import Any

__all__ = ["attributes_of", "copy_attributes"]


def attributes_of(holder: Any) -> dict[str, Any]:
    """The attributes of a ``holder`` that Python code wrote, by name; no compiled attributes."""
    found = dict(getattr(holder, "__dict__", {}))
    for name in _slotnames(type(holder)):
        if hasattr(holder, name):
            found[name] = getattr(holder, name)
    return found


def copy_attributes(holder: Any, twin: Any, memo: dict[int, Any]) -> None:
    """Give a ``twin`` deep copies of what Python code wrote on its original, the ``holder``.

    ``memo`` is that of the deep copy, so that what refers to the original refers to the twin.
    """
    for name, value in attributes_of(holder).items():
        # Not setattr: a property of the subclass may have side effects, and has had them.
        object.__setattr__(twin, name, copy.deepcopy(value, memo))
