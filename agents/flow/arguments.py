"""Checks of the numbers that a flow is set up with."""

import math
from collections.abc import Iterable
from typing import SupportsFloat

__all__ = ["finite", "finite_list"]


def finite(name: str, value: SupportsFloat, least: float = 0.0, most: float = math.inf) -> float:
    """A finite float from ``least`` to ``most``, both included.

    Raises ``TypeError`` or ``ValueError``, which name the argument and show its value.
    """
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not (math.isfinite(number) and least <= number <= most):
        bound = f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(f"{name} must be finite and {bound}, got {value!r}")
    return number


def finite_list(
    name: str, values: Iterable[SupportsFloat], length: int | None = None
) -> list[float]:
    """Finite floats that are not negative; at least one, or exactly ``length``."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of numbers, got {values!r}")
    numbers = [finite(f"{name}[{i}]", value) for i, value in enumerate(values)]
    if length is not None and len(numbers) != length:
        raise ValueError(f"{name} must have {length} entries, got {len(numbers)}")
    if not numbers:
        raise ValueError(f"{name} must not be empty")
    return numbers
