"""Integer arithmetic of the contracts: wads, rays, and how each of their divisions rounds."""

from functools import cache, lru_cache
from math import isqrt

__all__ = ["RAY", "WAD", "ceil_div", "exp2", "half_up", "rdiv", "rmul", "rpow"]

WAD = 10**18
RAY = 10**27


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
    bits = 128 + min(x // WAD, 256)  # so many more digits as the result has
    whole, part = divmod((x << bits) // WAD, 1 << bits)
    result = 1 << bits
    for place, root in enumerate(_roots(bits), start=1):
        if part >> (bits - place) & 1:
            result = result * root >> bits
    # The roots lack less than 2^-120 in all: without the margin a whole result could miss its unit.
    return ((result << whole) + (1 << (whole + 8))) * WAD >> bits
