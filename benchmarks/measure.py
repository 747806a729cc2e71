"""A number beside its target, and how much work goes into finding it."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Measure", "Plan", "Say"]

Say = Callable[[object], None]
"""Prints a line for the reader."""


@dataclass(frozen=True)
class Plan:
    """How much to do."""

    messages: int
    """Timed messages of a mix."""
    rounds: int
    pairs: int
    """Orders added and cancelled, one by one."""
    orders: int
    """Resting orders of the largest book that is weighed."""
    starts: int
    """Fresh processes in which ``import lob`` is timed."""


FULL = Plan(messages=1_000_000, rounds=9, pairs=20_000, orders=5_000_000, starts=9)
QUICK = Plan(messages=200_000, rounds=3, pairs=5_000, orders=1_000_000, starts=3)


@dataclass(frozen=True)
class Measure:
    """One number and what it should be."""

    what: str
    value: float
    unit: str
    goal: float
    at_most: bool = True

    @property
    def verdict(self) -> str:
        """Whether the goal is reached, or the factor that is missing."""
        if self.value <= self.goal if self.at_most else self.value >= self.goal:
            return "reached"
        factor = self.value / self.goal if self.at_most else self.goal / self.value
        return f"short by {factor:.2f}x"

    def __str__(self) -> str:
        bound = "at most" if self.at_most else "at least"
        return (
            f"{self.what:<56}{self.value:>10,.2f} {self.unit:<14}"
            f"{bound} {self.goal:<11,.10g}{self.verdict}"
        )
