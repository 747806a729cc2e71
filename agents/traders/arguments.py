"""Real-valued arguments of traders checked: one clear error that names the argument."""

from math import isfinite

__all__ = ["finite", "not_negative", "positive", "share"]


def finite(name: str, value: float) -> float:
    """The argument ``name`` as a finite float, or a TypeError or ValueError."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return number


def positive(name: str, value: float) -> float:
    """The argument ``name`` as a finite float above 0, or a TypeError or ValueError."""
    number = finite(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be more than 0, got {value!r}")
    return number


def not_negative(name: str, value: float) -> float:
    """The argument ``name`` as a finite float, 0 or more, or a TypeError or ValueError."""
    number = finite(name, value)
    if number < 0:
        raise ValueError(f"{name} must be 0 or more, got {value!r}")
    return number


def share(name: str, value: float) -> float:
    """The argument ``name`` as a float above 0 and below 1, or a TypeError or ValueError."""
    number = finite(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} must be more than 0 and less than 1, got {value!r}")
    return number
