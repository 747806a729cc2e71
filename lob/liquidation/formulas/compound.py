"""Compound v2's seizure, and v3 (Comet): absorb everything, then sell at a discount."""

from collections.abc import Iterable
from typing import NamedTuple

from lob.checks import integer
from lob.liquidation.formulas.arithmetic import WAD

__all__ = [
    "Absorbed",
    "CometCollateral",
    "comet_absorb",
    "comet_for_sale",
    "comet_is_liquidatable",
    "comet_quote",
    "compound_seize",
]


def compound_seize(
    repay: int,
    *,
    incentive: int,
    debt_price: int,
    collateral_price: int,
    exchange_rate: int = WAD,
    unit: int = WAD,
) -> int:
    """Receipt tokens seized for a repayment in Compound v2.

    ``repay * incentive * debt_price / (collateral_price * exchange_rate)``; the two products, their
    ratio and the amount are each rounded down. Source: compound-protocol,
    ``liquidateCalculateSeizeTokens``.
    """
    above = incentive * debt_price // unit
    below = collateral_price * exchange_rate // unit
    return above * unit // below * repay // unit


def comet_quote(
    base: int,
    *,
    price: int,
    base_price: int,
    store_front_factor: int,
    liquidation_factor: int,
    collateral_unit: int = 1,
    base_unit: int = 1,
    unit: int = WAD,
) -> int:
    """Collateral that Compound v3 sells for an amount of the base token, rounded down.

    The discount is ``store_front_factor * (1 - liquidation_factor)``, rounded down, and the price
    with it too. Both factors are shares of ``unit``, 0 to all of it. Source: comet,
    ``quoteCollateral``.

    Raises
    ------
    ValueError
        If a factor is out of its range, or nothing is asked for the collateral.
    """
    integer("store_front_factor", store_front_factor, 0, unit)
    integer("liquidation_factor", liquidation_factor, 0, unit)
    discount = store_front_factor * (unit - liquidation_factor) // unit
    asked = price * (unit - discount) // unit
    if asked <= 0:
        raise ValueError(f"price with the discount must be above 0, got {asked} of {price}")
    return base_price * base * collateral_unit // asked // base_unit


def comet_for_sale(reserves: int, target: int) -> bool:
    """Whether Compound v3 sells collateral: only while its reserves are below the target."""
    return reserves < target


class CometCollateral(NamedTuple):
    """One collateral of an account in Compound v3."""

    amount: int
    price: int
    factor: int
    """The liquidation factor (absorb) or the liquidate collateral factor (trigger)."""
    unit: int = 1


class Absorbed(NamedTuple):
    """What absorbing an account did, in units of the base token."""

    balance: int
    """The account's balance after it: never negative."""
    paid: int
    """What the reserves paid for it: its debt, and the surplus given to it."""


def comet_absorb(
    balance: int,
    collaterals: Iterable[CometCollateral],
    *,
    base_price: int,
    base_unit: int = 1,
    unit: int = WAD,
) -> Absorbed:
    """Take all collateral of an account at its factors and set its balance off against it.

    Every value is rounded down. Source: comet, ``absorbInternal``.

    Parameters
    ----------
    balance
        Negative: debt.
    """
    value = sum(c.amount * c.price // c.unit * c.factor // unit for c in collaterals)
    after = max(0, balance + value * base_unit // base_price)
    return Absorbed(after, after - balance)


def comet_is_liquidatable(
    balance: int,
    collaterals: Iterable[CometCollateral],
    *,
    base_price: int,
    base_unit: int = 1,
    unit: int = WAD,
) -> bool:
    """Whether an account of Compound v3 may be absorbed: its weighted collateral is below its debt.

    The value of the collateral is rounded down, that of the debt towards zero.
    """
    if balance >= 0:
        return False
    held = sum(c.amount * c.price // c.unit * c.factor // unit for c in collaterals)
    return held < -balance * base_price // base_unit
