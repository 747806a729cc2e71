"""Morpho Blue: the incentive that follows from the loan-to-value, and shares of debt."""

from dataclasses import dataclass
from math import inf

from lob.checks import integer
from lob.liquidation.formulas.arithmetic import WAD, ceil_div
from lob.liquidation.formulas.health import Seizure

__all__ = ["MorphoMarket", "morpho_incentive"]

ORACLE_SCALE = 10**36
VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1


def morpho_incentive(
    lltv: int, cursor: int = 3 * WAD // 10, cap: int = 115 * WAD // 100, unit: int = WAD
) -> int:
    """What a liquidator gets for one repaid: ``min(cap, 1 / (1 - cursor * (1 - lltv)))``.

    A factor of ``unit``: 1.05e18 is 5 % more. ``lltv`` and ``cursor`` are shares of ``unit``, 0 to
    all of it; ValueError beyond. The product is rounded down and so is the quotient; one that has
    no bound is the cap. Source: morpho-blue, ``liquidate``.
    """
    integer("lltv", lltv, 0, unit)
    integer("cursor", cursor, 0, unit)
    integer("cap", cap, unit, inf)
    left = unit - cursor * (unit - lltv) // unit
    return min(cap, unit * unit // left) if left else cap


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
