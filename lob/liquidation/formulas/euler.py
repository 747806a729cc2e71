"""Euler v1 and v2: a discount that depends on how unhealthy an account is."""

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

    The booster, rounded down, adds at most ``max_boost``. Source: euler-contracts, Liquidation.sol.
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

    With one collateral and one debt, both in units of one scale. ``repaid`` is before the reserve
    fee. Every division rounds down. Source: euler-contracts, ``computeLiqOpp``.
    """
    owed = debt * debt_price // unit * unit // borrow_factor
    held = collateral * collateral_price // unit * collateral_factor // unit
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

    Where the collateral does not suffice all of it goes, for less. Source: euler-vault-kit,
    Liquidation.sol. Every division rounds down.

    Parameters
    ----------
    collateral, debt
        Amounts of the two tokens.
    collateral_value, debt_value
        What they are worth, in one currency.
    weighted_value
        All collateral of the account, after its loan-to-values.
    max_discount
        A share of ``unit``.
    """
    factor = max(weighted_value * unit // debt_value, unit - max_discount)
    if factor >= unit:
        return Seizure(0, 0)
    repay_value, taken_value = debt_value, debt_value * unit // factor
    if collateral_value < taken_value:
        repay_value, taken_value = collateral_value * factor // unit, collateral_value
    taken = taken_value * collateral // collateral_value if collateral_value else 0
    return Seizure(repay_value * debt // debt_value, taken)
