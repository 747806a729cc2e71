"""Checks of real-valued arguments: one clear error that names the argument and shows the value."""

from math import inf, isfinite

__all__ = ["not_negative", "positive", "share"]


def positive(name: str, value: float) -> float:
    """The argument ``name`` as a finite float above 0, or a TypeError or ValueError."""
    number = _finite(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be more than 0, got {value!r}")
    return number


def not_negative(name: str, value: float) -> float:
    """The argument ``name`` as a finite float, 0 or more, or a TypeError or ValueError."""
    number = _finite(name, value)
    if number < 0:
        raise ValueError(f"{name} must be 0 or more, got {value!r}")
    return number


def share(name: str, value: float) -> float:
    """The argument ``name`` as a float above 0 and below 1, or a TypeError or ValueError."""
    number = _finite(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} must be more than 0 and less than 1, got {value!r}")
    return number


def _finite(name: str, value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = inf
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return number
