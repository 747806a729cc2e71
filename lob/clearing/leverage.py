"""Leverage in closed form: loops, leveraged tokens, vaults that move towards a target.

Shares and multiples are integers over ``unit`` (a million by default, any width); what does not
come out even is a ``Fraction``, so that who uses it chooses the rounding.
"""

from fractions import Fraction
from typing import NamedTuple

from lob.checks import integer
from lob.units import PPM

__all__ = [
    "Loop",
    "loop",
    "loop_leverage",
    "max_leverage",
    "rebalance_units",
    "token_leverage",
    "vault_leverage",
]

WIDE = 2**512


class Loop(NamedTuple):
    """A position that was built by borrowing against itself, in units of the asset."""

    collateral: int
    debt: int

    @property
    def leverage(self) -> Fraction:
        """Leverage of a loop: its collateral over its equity, a number of times."""
        return Fraction(self.collateral, self.collateral - self.debt)


def loop_leverage(ltv: int, loops: int, unit: int = PPM) -> Fraction:
    """Collateral over the deposit after ``loops`` loops at a loan-to-value: ``sum of ltv**i``.

    ``(1 - l**(n + 1)) / (1 - l)``, without slippage or fees; at ``l = 1`` it is ``n + 1``.
    """
    share = Fraction(integer("ltv", ltv, 0, unit), unit)
    loops = integer("loops", loops, 0)
    return Fraction(loops + 1) if share == 1 else (1 - share ** (loops + 1)) / (1 - share)


def max_leverage(ltv: int, unit: int = PPM) -> Fraction:
    """The limit of endless loops: ``1 / (1 - ltv)``."""
    return Fraction(unit, unit - integer("ltv", ltv, 0, unit - 1))


def loop(deposit: int, ltv: int, loops: int, unit: int = PPM) -> Loop:
    """Deposit, then borrow and deposit again ``loops`` times; every loan is rounded down."""
    collateral = last = integer("deposit", deposit, 0, WIDE)
    integer("ltv", ltv, 0, unit)
    for _ in range(integer("loops", loops, 0)):
        last = last * ltv // unit
        collateral += last
    return Loop(collateral, collateral - deposit)


def token_leverage(cash: int, units: int, price: int) -> Fraction:
    """Exposure over net asset value of a fund that holds cash (negative: debt) and units."""
    value = cash + units * price
    if value <= 0:
        raise ValueError(f"cash must leave a positive net asset value, got {value}")
    return Fraction(units * price, value)


def rebalance_units(cash: int, units: int, price: int, target: int, unit: int = PPM) -> Fraction:
    """Units to buy (negative: sell) to be back at the target: ``target * value / price - units``.

    Source: FTX's leveraged tokens. ``target`` is over ``unit``; negative for a short token.
    """
    integer("price", price, 1, WIDE)
    value = cash + units * price
    return Fraction(target * value, unit * price) - units


def vault_leverage(
    current: int, target: int, speed: int, low: int, high: int, unit: int = PPM
) -> Fraction:
    """The leverage that a vault rebalances to: part of the way to the target, within bounds.

    ``max(low, min(high, current * (1 - speed) + target * speed))``. Source: Index Coop's Flexible
    Leverage Index. All are over ``unit``, and so is the result.
    """
    integer("speed", speed, 0, unit)
    if low > high:
        raise ValueError(f"low must be at most high, {high}, got {low}")
    moved = Fraction(current * (unit - speed) + target * speed, unit)
    return max(Fraction(low), min(Fraction(high), moved))
