"""How an auction's price moves with time, in the integers and with the roundings of the contracts.

A curve gives a price for a starting price and the time since the start. Units are the caller's:
seconds and rays (1e27) for the contracts' own numbers, nanoseconds and ticks in a market.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from math import isqrt
from typing import Protocol

from lob.checks import natural

__all__ = [
    "RAY",
    "WAD",
    "Curve",
    "Exponential",
    "IncreasingDiscount",
    "Linear",
    "Ramp",
    "StairStep",
    "ajna_bond_factor",
    "ajna_price",
    "ajna_reserve_price",
    "bought_at",
    "ceil_div",
    "decay_time",
    "discounted",
    "exp2",
    "rdiv",
    "reaches",
    "rmul",
    "rpow",
]

WAD = 10**18
RAY = 10**27
AJNA_RESERVE_VALUE = 10**9
AJNA_MINUTE = 988514020352896135356867505
"""A ray: 2^(-1/60), as the contract has it."""


# --------------------------------------------------------------------------------- arithmetic


def ceil_div(number: int, divisor: int) -> int:
    """``number / divisor``, rounded up."""
    return -(-number // divisor)


def rmul(x: int, y: int, unit: int = RAY) -> int:
    """``x * y / unit``, rounded down (Maker's ``rmul`` and ``wmul``)."""
    return x * y // unit


def rdiv(x: int, y: int, unit: int = RAY) -> int:
    """``x * unit / y``, rounded down (Maker's ``rdiv``)."""
    return x * unit // y


def half_up(x: int, y: int, unit: int) -> int:
    """``x * y / unit``, rounded to the nearest, halves up (Ajna's ``wmul``)."""
    return (x * y + unit // 2) // unit


@lru_cache(maxsize=65_536)
def rpow(x: int, exponent: int, unit: int = RAY) -> int:
    """``unit * (x / unit) ** exponent``: by squaring, each product rounded half up.

    Source: makerdao/dss, ``rpow`` in abaci.sol. An exponent of 0 gives ``unit``, for an ``x`` of 0
    too.
    """
    result = x if exponent & 1 else unit
    exponent >>= 1
    while exponent:
        x = half_up(x, x, unit)
        if exponent & 1:
            result = half_up(result, x, unit)
        exponent >>= 1
    return result


@cache
def _roots(bits: int) -> tuple[int, ...]:
    """2^(1/2), 2^(1/4), ... as fractions of ``2**bits``, rounded down."""
    found, root = [], 2 << bits
    for _ in range(bits):
        root = isqrt(root << bits)
        found.append(root)
    return tuple(found)


def exp2(x: int) -> int:
    """``2 ** x`` for a signed wad ``x``, as a wad rounded down.

    A negative power is the reciprocal of the positive one, rounded down again, as in PRBMath's
    ``SD59x18``: very small powers lose digits, 2^-58 is 3e-18.
    """
    if x < 0:
        return WAD * WAD // exp2(-x)
    bits = 128
    whole, part = divmod((x << bits) // WAD, 1 << bits)
    result = 1 << bits
    for place, root in enumerate(_roots(bits), start=1):
        if part >> (bits - place) & 1:
            result = result * root >> bits
    # The roots lack less than 2^-120 in all: without the margin a whole result could miss its unit.
    return ((result << whole) + (1 << (whole + 8))) * WAD >> bits


# ------------------------------------------------------------------------------------- curves


class Curve(Protocol):
    """A price path; it does not rise."""

    def price(self, top: int, elapsed: int) -> int:
        """The price ``elapsed`` after a start at ``top``."""
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
        """See ``Curve``; 0 from the end of the duration on."""
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
        """See ``Curve``."""
        natural("elapsed", elapsed)
        return rmul(top, rpow(self.cut, elapsed // self.step, self.unit), self.unit)


@dataclass(frozen=True, slots=True)
class Exponential:
    """``top * cut ** elapsed``, rounded down.

    Source: makerdao/dss, ``ExponentialDecrease``. ``cut`` is a share of ``unit``, a ray.
    """

    cut: int
    unit: int = RAY

    def __post_init__(self) -> None:
        _cut(self.cut, self.unit)

    def price(self, top: int, elapsed: int) -> int:
        """See ``Curve``."""
        natural("elapsed", elapsed)
        return rmul(top, rpow(self.cut, elapsed, self.unit), self.unit)


@dataclass(frozen=True, slots=True)
class IncreasingDiscount:
    """A discount on the price that deepens each second, and jumps to its deepest at a deadline.

    Source: reflexer-labs/geb, ``IncreasingDiscountCollateralAuctionHouse``. Discounts are what is
    left of the price, as shares of a wad: 0.95e18 is 5 % off.

    Parameters
    ----------
    least, deepest
        The discounts at the start and at the end: ``deepest <= least``.
    rate
        What a discount is multiplied with each unit of time, a ray.
    deadline
        Time from the start after which the discount is the deepest.
    """

    least: int
    deepest: int
    rate: int
    deadline: int

    def __post_init__(self) -> None:
        natural("deepest", self.deepest)
        if not self.deepest <= self.least <= WAD:
            raise ValueError(f"least must be {self.deepest} to {WAD}, got {self.least}")
        _cut(self.rate, RAY)
        natural("deadline", self.deadline)

    def next(self, current: int, since: int, elapsed: int) -> int:
        """The discount ``elapsed`` after the start, if it was ``current`` ``since`` ago."""
        natural("since", since)
        if elapsed >= self.deadline or current <= self.deepest:
            return self.deepest
        return max(self.deepest, rmul(rpow(self.rate, since), current))

    def price(self, top: int, elapsed: int) -> int:
        """See ``Curve``: the discounted price of an auction that nobody has touched."""
        natural("elapsed", elapsed)
        return discounted(top, self.next(self.least, elapsed, elapsed))


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
        """The parameter ``elapsed`` after the start."""
        passed = min(natural("elapsed", elapsed), self.duration)
        if self.end >= self.start:
            return self.start + (self.end - self.start) * passed // self.duration
        return self.start - (self.start - self.end) * passed // self.duration


def discounted(price: int, discount: int) -> int:
    """A price times what a discount leaves of it (a wad), rounded down."""
    return rmul(price, discount, WAD)


def bought_at(bid: int, price: int, available: int) -> int:
    """Collateral that a bid gets at a price in wads: rounded down, at most what is available."""
    return min(available, rdiv(bid, natural("price", price, 1), WAD))


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


# --------------------------------------------------------------------------------------- Ajna


def ajna_price(reference: int, elapsed: int) -> int:
    """The price of an Ajna auction: 256 times the reference, halved ever more slowly.

    Six halvings in 20 minutes each, six in two hours each, then one an hour. Source:
    ajna-finance/ajna-core, ``_auctionPrice``.

    Parameters
    ----------
    reference
        The larger of the highest threshold price and the neutral price, a wad.
    elapsed
        Seconds since the kick.

    Returns
    -------
    int
        A wad. The power of two is rounded down, its product with the reference to the nearest, and
        the division by 16 after 14 hours down.
    """
    natural("elapsed", elapsed)
    minutes = (elapsed * WAD + 30) // 60
    if minutes < 120 * WAD:
        return 256 * half_up(reference, exp2(-(minutes // 20)), WAD)
    if minutes < 840 * WAD:
        return 4 * half_up(reference, exp2(-((minutes - 120 * WAD) // 120)), WAD)
    return half_up(reference, exp2(-((minutes - 840 * WAD) // 60)), WAD) // 16


def ajna_bond_factor(
    debt_to_collateral: int, neutral: int, bond_factor: int, price: int, unit: int = WAD
) -> int:
    """What the kicker of an Ajna auction gains (or loses, negative) on a take at a price.

    ``bond_factor * clamp((neutral - price) / (neutral - debt_to_collateral), -1, 1)`` where
    ``debt_to_collateral < neutral``, else ``bond_factor`` with the sign of ``neutral - price``.
    The quotient is rounded towards zero, the product to the nearest. Source: ajna-core, ``_bpf``.
    """
    gap, room = neutral - price, neutral - debt_to_collateral
    full = unit if gap else 0
    size = min(unit, abs(gap) * unit // room) if room > 0 else full
    bond = half_up(bond_factor, size, unit)
    return bond if gap >= 0 else -bond


def ajna_reserve_price(reserves: int, elapsed: int, expiry: int | None = 72 * 3600) -> int:
    """The price of Ajna's auction of reserves: 1e9 over the reserves, halved each hour.

    Source: ajna-core, ``_reserveAuctionPrice``.

    Parameters
    ----------
    reserves
        Reserves at the kick, a wad.
    elapsed
        Seconds since the kick; minutes count, seconds do not.
    expiry
        Seconds after which there is nothing to buy and the price is 0; ``None``: never.

    Returns
    -------
    int
        A wad, rounded down; the start is rounded to the nearest.
    """
    natural("elapsed", elapsed)
    if not natural("reserves", reserves) or (expiry is not None and elapsed >= expiry):
        return 0
    start = (AJNA_RESERVE_VALUE * WAD * WAD + reserves // 2) // reserves
    left = half_up(RAY >> elapsed // 3600, rpow(AJNA_MINUTE, elapsed % 3600 // 60), RAY)
    return rmul(start, left)
