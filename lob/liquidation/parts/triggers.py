"""Triggers: when a stage takes a case over."""

from dataclasses import dataclass

from lob.checks import integer
from lob.liquidation.context import CaseContext
from lob.liquidation.parts.protocols import Trigger
from lob.types import Side
from lob.units import PPM

__all__ = ["AboveTier", "Always", "EquityBelow", "Not"]


@dataclass(frozen=True)
class Always:
    """A trigger that always holds: its stage takes whatever comes to it."""

    def holds(self, design: CaseContext, case: int) -> bool:
        """Whether this trigger holds for a case now: then its stage takes or keeps the case."""
        return True


@dataclass(frozen=True)
class Not:
    """A trigger that holds where another one does not."""

    trigger: Trigger

    def holds(self, design: CaseContext, case: int) -> bool:
        """Whether this trigger holds for a case now: then its stage takes or keeps the case."""
        return not self.trigger.holds(design, case)


@dataclass(frozen=True)
class EquityBelow:
    """Equity below a share of the maintenance margin (Hyperliquid's backstop: two thirds).

    Parameters
    ----------
    share
        Ppm.
    """

    share: int

    def __post_init__(self) -> None:
        integer("share", self.share, 0)

    def holds(self, design: CaseContext, case: int) -> bool:
        """Whether this trigger holds for a case now: then its stage takes or keeps the case."""
        equity = design.equity(case)
        need = design.maintenance(case)
        if equity is None or need is None:
            return False
        return equity * PPM < need * self.share


@dataclass(frozen=True)
class AboveTier:
    """The notional of a position lies above the lowest brackets of its margin.

    Parameters
    ----------
    tier
        The number of the bracket that is low enough.
    """

    tier: int = 0

    def __post_init__(self) -> None:
        integer("tier", self.tier, 0)

    def holds(self, design: CaseContext, case: int) -> bool:
        """Whether this trigger holds for a case now: then its stage takes or keeps the case."""
        return any(
            bracket_of(design, case, holding) > self.tier for holding in range(len(design.holdings))
        )


def bracket_of(design: CaseContext, case: int, holding: int) -> int:
    """The number of the margin bracket that a position is in; 0 where there is none."""
    held, mark = design.held(case, holding), design.mark(holding)
    if not held or mark is None:
        return 0
    tiers = design.holdings[holding].margin.maintenance(Side.BUY if held > 0 else Side.SELL)
    one = design.multiplier(holding) * (1 if design.is_inverse(holding) else mark)
    return tiers.tier_of(abs(held) * one)
