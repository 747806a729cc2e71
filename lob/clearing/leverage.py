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
    """A position that was built by borrowing against itself."""

    collateral: int
    """Units of the asset that are held."""
    debt: int
    """What is owed, in units of the asset."""

    @property
    def leverage(self) -> Fraction:
        """Leverage of a loop: its collateral over its equity, an exact ``Fraction``."""
        return Fraction(self.collateral, self.collateral - self.debt)


def loop_leverage(ltv: int, loops: int, unit: int = PPM) -> Fraction:
    """Collateral over the deposit after ``loops`` loops at a loan-to-value: an exact ``Fraction``.

    The sum of ``l**i``, ``(1 - l**(n + 1)) / (1 - l)``, without slippage or fees; at ``l = 1`` it
    is ``n + 1``. ``ltv`` is over ``unit``. Raises ``ValueError`` unless it is 0 to ``unit`` and
    ``loops`` 0 or more.
    """
    share = Fraction(integer("ltv", ltv, 0, unit), unit)
    loops = integer("loops", loops, 0)
    return Fraction(loops + 1) if share == 1 else (1 - share ** (loops + 1)) / (1 - share)


def max_leverage(ltv: int, unit: int = PPM) -> Fraction:
    """Leverage in the limit of endless loops: ``1 / (1 - ltv)``, an exact ``Fraction``.

    ``ltv`` is over ``unit``. Raises ``ValueError`` unless it is 0 or more and below ``unit``.
    """
    return Fraction(unit, unit - integer("ltv", ltv, 0, unit - 1))


def loop(deposit: int, ltv: int, loops: int, unit: int = PPM) -> Loop:
    """The ``Loop`` of a deposit that is borrowed against and deposited again ``loops`` times.

    ``deposit`` is in units of the asset, ``ltv`` over ``unit``; every loan is rounded down. Raises
    ``ValueError`` if an argument is negative, or ``ltv`` above ``unit``.
    """
    collateral = last = integer("deposit", deposit, 0, WIDE)
    integer("ltv", ltv, 0, unit)
    for _ in range(integer("loops", loops, 0)):
        last = last * ltv // unit
        collateral += last
    return Loop(collateral, collateral - deposit)


def token_leverage(cash: int, units: int, price: int) -> Fraction:
    """Leverage of a fund that holds cash (negative: debt) and units of an asset.

    Exposure over net asset value, an exact ``Fraction``; ``price`` is units of cash for one unit.
    Raises ``ValueError`` unless the net asset value is above 0.
    """
    value = cash + units * price
    if value <= 0:
        raise ValueError(f"cash must leave a positive net asset value, got {value}")
    return Fraction(units * price, value)


def rebalance_units(cash: int, units: int, price: int, target: int, unit: int = PPM) -> Fraction:
    """Units that a leveraged token must buy (negative: sell) to be back at its target leverage.

    ``target * value / price - units``, an exact ``Fraction``, where ``value`` is ``cash + units *
    price`` in units of cash. ``target`` is over ``unit``, and negative for a short token. Source:
    FTX's leveraged tokens. Raises ``ValueError`` if ``price`` is below 1.
    """
    integer("price", price, 1, WIDE)
    value = cash + units * price
    return Fraction(target * value, unit * price) - units


def vault_leverage(
    current: int, target: int, speed: int, low: int, high: int, unit: int = PPM
) -> Fraction:
    """The leverage that a vault rebalances to: part of the way to the target, within bounds.

    ``max(low, min(high, current * (1 - speed) + target * speed))``. Source: Index Coop's Flexible
    Leverage Index. All are over ``unit``, and so is the result, an exact ``Fraction``. Raises
    ``ValueError`` if ``speed`` is not 0 to ``unit``, or ``low`` above ``high``.
    """
    integer("speed", speed, 0, unit)
    if low > high:
        raise ValueError(f"low must be at most high, {high}, got {low}")
    moved = Fraction(current * (unit - speed) + target * speed, unit)
    return max(Fraction(low), min(Fraction(high), moved))
