"""What lending protocols share: health factors, and when a liquidation makes things worse.

Pure functions of integers. A price is base currency for ``unit`` units of a token
(``10 ** decimals``; 1 in a market of lots and ticks). Rates are shares of ``unit``, wads unless
said otherwise.
"""

from fractions import Fraction
from typing import NamedTuple

from lob.checks import natural
from lob.liquidation.formulas.arithmetic import WAD

__all__ = [
    "Seizure",
    "bad_debt_at_exhaustion",
    "health_factor",
    "loan_to_value_after",
    "toxic_threshold",
]


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
