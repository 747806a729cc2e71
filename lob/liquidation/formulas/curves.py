"""How an auction's price moves with time, in the integers and with the contracts' roundings.

A curve gives a price for a starting price and the time since the start. Units are the caller's:
seconds and rays (1e27) for the contracts' own numbers, nanoseconds and ticks in a market. Linear,
stair step and exponential are Maker's (dss abaci.sol); Ramp is how fees and penalties rise.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from lob.checks import natural
from lob.liquidation.formulas.arithmetic import RAY, rmul, rpow

__all__ = ["Curve", "ExponentialDecrease", "Linear", "Ramp", "StairStep", "decay_time", "reaches"]


class Curve(Protocol):
    """How the price of an auction falls with time: it never rises."""

    def price(self, top: int, elapsed: int) -> int:
        """The price ``elapsed`` after a start at ``top``, in the unit of ``top``."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """From the top to 0 in a straight line: ``top * (duration - elapsed) / duration``.

    The share that is left is rounded down to a ray, then the price is rounded down.
    Source: makerdao/dss, ``LinearDecrease``.
    """

    duration: int

    def __post_init__(self) -> None:
        natural("duration", self.duration, 1)

    def price(self, top: int, elapsed: int) -> int:
        """The price ``elapsed`` after a start at ``top``, in the unit of ``top``, rounded down.

        0 from the end of the duration on.
        """
        natural("elapsed", elapsed)
        if elapsed >= self.duration:
            return 0
        return rmul(top, (self.duration - elapsed) * RAY // self.duration)


@dataclass(frozen=True, slots=True)
class StairStep:
    """``top * cut ** floor(elapsed / step)``, rounded down.

    Source: makerdao/dss, ``StairstepExponentialDecrease``. ``cut`` is a share of ``unit``, a ray.
    """

    cut: int
    step: int
    unit: int = RAY

    def __post_init__(self) -> None:
        _cut(self.cut, self.unit)
        natural("step", self.step, 1)

    def price(self, top: int, elapsed: int) -> int:
        """The price ``elapsed`` after a start at ``top``, in the unit of ``top``, rounded down."""
        natural("elapsed", elapsed)
        return rmul(top, rpow(self.cut, elapsed // self.step, self.unit), self.unit)


@dataclass(frozen=True, slots=True)
class ExponentialDecrease:
    """``top * cut ** elapsed``, rounded down.

    Source: makerdao/dss, ``ExponentialDecrease``. ``cut`` is a share of ``unit``, a ray.
    """

    cut: int
    unit: int = RAY

    def __post_init__(self) -> None:
        _cut(self.cut, self.unit)

    def price(self, top: int, elapsed: int) -> int:
        """The price ``elapsed`` after a start at ``top``, in the unit of ``top``, rounded down."""
        natural("elapsed", elapsed)
        return rmul(top, rpow(self.cut, elapsed, self.unit), self.unit)


@dataclass(frozen=True, slots=True)
class Ramp:
    """A parameter that moves in a straight line from ``start`` to ``end``, then stays.

    It may rise, as liquidation fees and penalties do. Rounded towards the start.
    """

    start: int
    end: int
    duration: int

    def __post_init__(self) -> None:
        natural("duration", self.duration, 1)

    def value(self, elapsed: int) -> int:
        """The value of a parameter ``elapsed`` after it began to move, in its own unit."""
        passed = min(natural("elapsed", elapsed), self.duration)
        if self.end >= self.start:
            return self.start + (self.end - self.start) * passed // self.duration
        return self.start - (self.start - self.end) * passed // self.duration


def reaches(curve: Curve, top: int, price: int, limit: int) -> int | None:
    """The least time at which a curve is at or below a price, by bisection.

    This is how long a keeper sleeps before an auction is worth taking.

    Returns
    -------
    int or None
        Time since the start, at most ``limit``; ``None``: not until then.
    """
    low, high = 0, natural("limit", limit)
    if curve.price(top, high) > price:
        return None
    while low < high:
        middle = (low + high) // 2
        if curve.price(top, middle) <= price:
            high = middle
        else:
            low = middle + 1
    return low


def decay_time(cut: Fraction, share: Fraction, step: int) -> int:
    """The time at which a smooth decay by ``cut`` each ``step`` is down to ``share``.

    ``step * ln(share) / ln(cut)``, rounded down, decided in whole numbers:
    ``cut ** t >= share ** step``.
    """
    if not 0 < cut < 1:
        raise ValueError(f"cut must be between 0 and 1, got {cut}")
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    goal = share ** natural("step", step, 1)
    high = 1
    while cut**high >= goal:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cut**middle >= goal else (low, middle)
    return low


def _cut(cut: int, unit: int) -> None:
    if natural("cut", cut) > natural("unit", unit, 1):
        raise ValueError(f"cut must be at most unit, {unit}, got {cut}")
