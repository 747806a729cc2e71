"""Euler v1 and v2: a discount that depends on how unhealthy an account is."""

from lob.checks import integer
from lob.liquidation.formulas.arithmetic import WAD
from lob.liquidation.formulas.health import Seizure

__all__ = ["euler1_discount", "euler1_liquidate", "euler2_liquidate"]


def euler1_discount(
    health: int,
    *,
    fee: int = 2 * WAD // 100,
    booster: int = WAD,
    max_boost: int = 25 * WAD // 1000,
    cap: int = 20 * WAD // 100,
    unit: int = WAD,
) -> int:
    """Euler v1's discount on collateral: ``fee + 1 - health``, boosted, and capped.

    A share of ``unit``. The booster, rounded down, adds at most ``max_boost``. It is that of an
    account whose ``health`` is below ``unit``; at or above it ``euler1_liquidate`` does nothing.
    Source: euler-contracts, Liquidation.sol.
    """
    base = fee + max(0, unit - health)
    return min(base * booster // unit, base + max_boost, cap)


def euler1_liquidate(
    *,
    collateral: int,
    debt: int,
    collateral_price: int,
    debt_price: int,
    collateral_factor: int,
    borrow_factor: int,
    discount: int,
    target: int = 125 * WAD // 100,
    unit: int = WAD,
) -> Seizure:
    """Euler v1: repay what brings the account to its target health, at a discount.

    With one collateral and one debt, both in units of one scale. Nothing is done to an account
    whose weighted collateral is worth its weighted debt or more: this is tested before discount and
    target. ``repaid`` is before the reserve fee. Every division rounds down. Source:
    euler-contracts, ``computeLiqOpp``.

    Raises
    ------
    ValueError
        If ``discount`` is not 0 to just below ``unit``.
    """
    integer("discount", discount, 0, unit - 1)
    owed = debt * debt_price // unit * unit // borrow_factor
    held = collateral * collateral_price // unit * collateral_factor // unit
    if held >= owed:
        return Seizure(0, 0)
    for_debt = target * unit // borrow_factor
    for_collateral = collateral_factor * unit // (unit - discount)
    rate = debt_price * unit // collateral_price * unit // (unit - discount)
    repay = debt
    if for_debt > for_collateral:
        missing = max(0, target * owed // unit - held)
        repay = min(debt, missing * unit // (for_debt - for_collateral) * unit // debt_price)
    taken = repay * rate // unit
    if taken > collateral:
        return Seizure(collateral * unit // rate, collateral)
    return Seizure(repay, taken)


def euler2_liquidate(
    *,
    collateral: int,
    debt: int,
    collateral_value: int,
    weighted_value: int,
    debt_value: int,
    max_discount: int,
    unit: int = WAD,
) -> Seizure:
    """Euler v2: all of the debt may be repaid, at a discount of one less health, up to a cap.

    Nothing is done to an account whose weighted collateral is worth more than its debt, or that has
    none. That is tested before the cap: a health of exactly 1 is liquidated at par, and so is every
    failed account where the cap is 0. Where the collateral does not suffice all of it goes, for
    less; worthless collateral goes for nothing. Every division rounds down. Source:
    euler-vault-kit, ``calculateMaxLiquidation`` in Liquidation.sol.

    Parameters
    ----------
    collateral, debt
        Amounts of the two tokens.
    collateral_value, debt_value
        What they are worth, in one currency.
    weighted_value
        All collateral of the account, after its loan-to-values.
    max_discount
        A share of ``unit``, 0 to just below it.

    Raises
    ------
    ValueError
        If ``max_discount`` is out of its range.
    """
    integer("max_discount", max_discount, 0, unit - 1)
    if debt_value <= 0 or weighted_value > debt_value:
        return Seizure(0, 0)
    if collateral_value <= 0:
        return Seizure(0, collateral)
    factor = max(weighted_value * unit // debt_value, unit - max_discount)
    repay_value, taken_value = debt_value, debt_value * unit // factor
    if collateral_value < taken_value:
        repay_value, taken_value = collateral_value * factor // unit, collateral_value
    taken = taken_value * collateral // collateral_value
    return Seizure(repay_value * debt // debt_value, taken)
