"""Real-valued arguments of traders, checked."""

from math import isfinite
from numbers import Real
from typing import Any

__all__ = ["real"]


def real(name: str, value: Any, low: float | None = None, high: float | None = None) -> float:
    """Return the argument ``name`` as a finite float, or raise an error that names it.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is not finite, or outside ``low`` to ``high``.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, got {value}")
    if low is not None and number < low:
        raise ValueError(f"{name} must be at least {low}, got {value}")
    if high is not None and number > high:
        raise ValueError(f"{name} must be at most {high}, got {value}")
    return number
