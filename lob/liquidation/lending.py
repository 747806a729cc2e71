"""Liquidation in lending protocols: who may be liquidated, how much is repaid, what is seized.

Pure functions of integers, with the roundings of the contracts. A price is base currency for
``unit`` units of a token (``10 ** decimals``; 1 in a market of lots and ticks). Rates are shares of
``unit``: wads unless a contract counts otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from lob.checks import integer, natural
from lob.liquidation.curves import WAD, ceil_div

__all__ = [
    "AaveRules",
    "Absorbed",
    "CometCollateral",
    "MorphoMarket",
    "Seizure",
    "aave_close_amount",
    "aave_leaves_dust",
    "aave_seize",
    "bad_debt_at_exhaustion",
    "comet_absorb",
    "comet_for_sale",
    "comet_is_liquidatable",
    "comet_quote",
    "compound_seize",
    "euler1_discount",
    "euler1_liquidate",
    "euler2_liquidate",
    "health_factor",
    "loan_to_value_after",
    "morpho_incentive",
    "silo_profit",
    "toxic_threshold",
]

ORACLE_SCALE = 10**36
VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1


class Seizure(NamedTuple):
    """What a liquidation moves, each in units of its token."""

    repaid: int
    """Debt that the liquidator pays."""
    seized: int
    """Collateral that he gets."""
    fee: int = 0
    """Collateral that the protocol keeps."""


def health_factor(weighted_collateral: int, debt: int, unit: int = WAD) -> int | None:
    """Collateral (times its liquidation threshold) over debt, rounded down; ``None``: no debt.

    Both in base currency; an account fails below ``unit``.
    """
    natural("weighted_collateral", weighted_collateral)
    return weighted_collateral * unit // debt if natural("debt", debt) else None


# --------------------------------------------------------------------------------------- Aave


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


# ----------------------------------------------------------------------------------- Compound


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
    with it too. Source: comet, ``quoteCollateral``.
    """
    discount = store_front_factor * (unit - liquidation_factor) // unit
    asked = price * (unit - discount) // unit
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


# ------------------------------------------------------------------------------------- Morpho


def morpho_incentive(
    lltv: int, cursor: int = 3 * WAD // 10, cap: int = 115 * WAD // 100, unit: int = WAD
) -> int:
    """What a liquidator gets for one repaid: ``min(cap, 1 / (1 - cursor * (1 - lltv)))``.

    The product is rounded down and so is the quotient. Source: morpho-blue, ``liquidate``.
    """
    integer("lltv", lltv, 0, unit)
    return min(cap, unit * unit // (unit - cursor * (unit - lltv) // unit))


@dataclass(frozen=True, slots=True)
class MorphoMarket:
    """A market of Morpho Blue: borrowed assets and the shares in them.

    Conversions add 1 virtual asset and 1e6 virtual shares. Every rounding of a liquidation is
    against the liquidator.
    """

    borrowed: int
    shares: int

    def to_assets_down(self, shares: int) -> int:
        """What shares owe, rounded down."""
        return shares * (self.borrowed + VIRTUAL_ASSETS) // (self.shares + VIRTUAL_SHARES)

    def to_assets_up(self, shares: int) -> int:
        """What shares owe, rounded up."""
        return ceil_div(shares * (self.borrowed + VIRTUAL_ASSETS), self.shares + VIRTUAL_SHARES)

    def to_shares_up(self, assets: int) -> int:
        """Shares that owe assets, rounded up."""
        return ceil_div(assets * (self.shares + VIRTUAL_SHARES), self.borrowed + VIRTUAL_ASSETS)

    def repay_shares(
        self, shares: int, *, incentive: int, price: int, scale: int = ORACLE_SCALE
    ) -> Seizure:
        """Repay shares of the debt: the collateral is rounded down, what is paid up.

        ``price`` is loan assets for one unit of collateral, times ``scale``.
        """
        worth = self.to_assets_down(shares) * incentive // WAD
        return Seizure(self.to_assets_up(shares), worth * scale // price)

    def seize(
        self, collateral: int, *, incentive: int, price: int, scale: int = ORACLE_SCALE
    ) -> Seizure:
        """Take an amount of collateral: the shares to repay and what they cost are rounded up."""
        worth = ceil_div(collateral * price, scale)
        shares = self.to_shares_up(ceil_div(worth * WAD, incentive))
        return Seizure(self.to_assets_up(shares), collateral)

    def bad_debt(self, shares: int) -> int:
        """What the suppliers lose when no collateral backs these shares: at most all borrowed."""
        return min(self.borrowed, self.to_assets_up(shares))


# -------------------------------------------------------------------------------------- Euler


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


# -------------------------------------------------------------------------- Silo, and the limits


def silo_profit(collateral_value: int, debt_value: int) -> int:
    """Silo v1: a liquidator repays all and takes all; what is left is his, or his loss."""
    return collateral_value - debt_value


def toxic_threshold(bonus: int, unit: int = WAD) -> Fraction:
    """The loan-to-value above which a liquidation raises it: ``1 / (1 + bonus)``.

    Source: Warmuz, Chaudhary and Pinna, "Toxic liquidation spirals", 2022.
    """
    return Fraction(unit, unit + natural("bonus", bonus))


def loan_to_value_after(
    collateral: int, debt: int, repaid: int, bonus: int, unit: int = WAD
) -> Fraction:
    """The loan-to-value after a repayment, in values: ``(q - r) / (c - r * (1 + bonus))``."""
    left = collateral * unit - repaid * (unit + bonus)
    if left <= 0:
        raise ValueError(f"repaid must leave collateral, got {repaid} of {collateral}")
    return Fraction((debt - repaid) * unit, left)


def bad_debt_at_exhaustion(collateral: int, debt: int, bonus: int, unit: int = WAD) -> Fraction:
    """Debt left when the collateral is used up at a fixed bonus: ``q - c / (1 + bonus)``, or 0."""
    return max(Fraction(0), debt - Fraction(collateral * unit, unit + bonus))
