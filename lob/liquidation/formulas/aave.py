"""Aave v3.3: close factor, seizure with bonus and fee, and what a liquidation must leave."""

from dataclasses import dataclass

from lob.checks import integer, natural
from lob.liquidation.formulas.arithmetic import WAD, ceil_div
from lob.liquidation.formulas.health import Seizure

__all__ = ["AaveRules", "aave_close_amount", "aave_leaves_dust", "aave_seize"]


@dataclass(frozen=True, slots=True)
class AaveRules:
    """Parameters of Aave v3.3 and later. Shares are over 10,000; values in base currency (1e-8).

    Parameters
    ----------
    bonus
        What a liquidator gets for what he repays: 10,500 is 5 % more.
    fee
        The protocol's share of the bonus.
    close_factor
        Share of the account's total debt that may be repaid at once, unless all may.
    full_health
        Health factor, a wad, at or below which all may be repaid.
    small
        All may be repaid where debt or collateral of the reserve is worth less.
    leftover
        The least that may be left of either, unless one of them is gone.
    """

    bonus: int
    fee: int = 0
    close_factor: int = 5_000
    full_health: int = 95 * WAD // 100
    small: int = 2_000 * 10**8
    leftover: int = 1_000 * 10**8
    unit: int = 10_000

    def __post_init__(self) -> None:
        natural("unit", self.unit, 1)
        natural("bonus", self.bonus, self.unit)
        integer("fee", self.fee, 0, self.unit)
        integer("close_factor", self.close_factor, 0, self.unit)
        natural("full_health", self.full_health)
        natural("small", self.small)
        natural("leftover", self.leftover)


def aave_close_amount(
    rules: AaveRules,
    *,
    debt: int,
    debt_value: int,
    collateral_value: int,
    total_debt_value: int,
    health: int,
    debt_price: int,
    debt_unit: int = 1,
) -> int:
    """The most of a debt that may be repaid at once, in units of its token.

    Source: aave-v3-origin, ``executeLiquidationCall``. The share of the total debt is rounded to
    the nearest, its amount down. ``debt_value`` is rounded up by the caller (v3.5), the value of
    the collateral down.
    """
    large = debt_value >= rules.small and collateral_value >= rules.small
    if not large or health <= rules.full_health:
        return debt
    share = (total_debt_value * rules.close_factor + rules.unit // 2) // rules.unit
    return share * debt_unit // debt_price if debt_value > share else debt


def aave_seize(
    rules: AaveRules,
    *,
    repay: int,
    collateral: int,
    debt_price: int,
    collateral_price: int,
    debt_unit: int = 1,
    collateral_unit: int = 1,
) -> Seizure:
    """What repaying part of a debt seizes, and what the protocol keeps of it.

    Source: aave-v3-origin 3.7, ``_calculateAvailableCollateralToLiquidate``. The collateral is
    rounded down, twice; where there is not enough of it, the debt to repay for all of it up. The
    fee is a share of the bonus: the bonus (what is above the value without it, rounded down) and
    the fee are rounded up.
    """
    unit = rules.unit
    base = debt_price * repay * collateral_unit // (collateral_price * debt_unit)
    taken = base * rules.bonus // unit
    if taken > collateral:
        taken = collateral
        worth = collateral_price * taken * debt_unit // (debt_price * collateral_unit)
        repay = ceil_div(worth * unit, rules.bonus)
    fee = ceil_div((taken - taken * unit // rules.bonus) * rules.fee, unit)
    return Seizure(repay, taken - fee, fee)


def aave_leaves_dust(
    rules: AaveRules,
    seizure: Seizure,
    *,
    debt: int,
    collateral: int,
    debt_price: int,
    collateral_price: int,
    debt_unit: int = 1,
    collateral_unit: int = 1,
) -> bool:
    """Whether a liquidation is refused, as it would leave too little of both debt and collateral.

    What is left of the debt is valued rounding up, of the collateral down. Source:
    aave-v3-origin, ``MustNotLeaveDust``.
    """
    debt_left = debt - seizure.repaid
    collateral_left = collateral - seizure.seized - seizure.fee
    if debt_left <= 0 or collateral_left <= 0:
        return False
    return (
        ceil_div(debt_left * debt_price, debt_unit) < rules.leftover
        or collateral_left * collateral_price // collateral_unit < rules.leftover
    )
