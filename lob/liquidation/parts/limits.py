"""Limits: what bounds a stage."""

from dataclasses import dataclass

from lob.checks import integer, ppm
from lob.liquidation.context import CaseContext
from lob.liquidation.formulas import maker
from lob.liquidation.formulas.arithmetic import ceil_div
from lob.units import PPM

__all__ = ["FirstSlice", "Hole", "Slices", "Unlimited"]

WITHOUT_BOUND = 2**62


@dataclass(frozen=True)
class Unlimited:
    """A limit that bounds nothing: all lots that are sized may be offered."""

    def allow(self, design: CaseContext, case: int, holding: int, lots: int) -> int:
        """See ``Limits``."""
        return lots


@dataclass(frozen=True)
class Slices:
    """At most so many lots at a time.

    Parameters
    ----------
    most
        Lots of one order.
    """

    most: int

    def __post_init__(self) -> None:
        integer("most", self.most, 1)

    def allow(self, design: CaseContext, case: int, holding: int, lots: int) -> int:
        """See ``Limits``."""
        return min(lots, self.most)


@dataclass(frozen=True)
class FirstSlice:
    """A share of a large position first; all of it after the cool-down.

    Hyperliquid sends 20 % of a position above 100,000 USDC, and the whole of it during the 30
    seconds that follow a partial liquidation.

    Parameters
    ----------
    share
        Ppm of the position, rounded up.
    above
        Notional in units of cash from which on a position is large.
    """

    share: int = 200_000
    above: int = 100_000

    def __post_init__(self) -> None:
        ppm("share", self.share, 1)
        integer("above", self.above, 0)

    def allow(self, design: CaseContext, case: int, holding: int, lots: int) -> int:
        """See ``Limits``."""
        one = (design.mark(holding) or 0) * design.multiplier(holding)
        if design.attempts(case) or lots * one <= self.above:
            return lots
        return ceil_div(lots * self.share, PPM)


@dataclass(frozen=True)
class Hole:
    """Maker's limits of debt at auction: in all, and of one collateral; with penalty and dust.

    What goes to auction is ``lob.liquidation.formulas.maker.bark``'s. While there is no room, a
    case waits.

    Parameters
    ----------
    total, each
        Units of cash: the debts at auction of the whole design, and of one holding.
    chop
        The penalty as a factor, ppm: 1,130,000 is 13 %.
    dust
        The least debt that an account may keep.
    level
        The level of the circuit breaker: from 1 on no auction starts.
    """

    total: int = WITHOUT_BOUND
    each: int = WITHOUT_BOUND
    chop: int = PPM
    dust: int = 0
    level: int = 0

    def __post_init__(self) -> None:
        integer("total", self.total, 0)
        integer("each", self.each, 0)
        integer("chop", self.chop, PPM)
        integer("dust", self.dust, 0)
        integer("level", self.level, 0, 3)

    def allow(self, design: CaseContext, case: int, holding: int, lots: int) -> int:
        """See ``Limits``."""
        if "kick" not in maker.allowed(self.level):
            return 0
        done = self.part_of(design, case, holding, lots)
        if done.refusal:
            return 0
        design.start_auction_for(case, done.target, done.debt)
        return done.lot

    def part_of(self, design: CaseContext, case: int, holding: int, lots: int) -> maker.Bark:
        """What of an account goes to auction now: its lots, its debt and the tab."""
        held, mark = design.held(case, holding), design.mark(holding) or 0
        value = abs(held) * mark * design.multiplier(holding)
        assets, debts, kept, owed = design.exposure(case)
        # A short position owes its lots; a long one the cash that is missing, else all it is worth.
        debt = value if held < 0 else (-design.cash(case) or value)
        debt = debt if debt > 0 else value
        weighted = assets - kept - owed - (debts - debt)
        if debt <= 0 or weighted >= debt:
            return maker.Bark(0, 0, 0, 0, maker.Refusal.NOT_UNSAFE)
        # The price of a lot with the margin taken off, in millionths of a unit of cash.
        done = maker.bark(
            lots,
            debt,
            spot=max(1, weighted * PPM // lots),
            room=PPM
            * maker.room_of(
                self.total, design.to_be_raised(None), self.each, design.to_be_raised(holding)
            ),
            rate=PPM,
            chop=self.chop,
            dust=self.dust * PPM,
            unit=PPM,
        )
        return done._replace(due=done.due // PPM, tab=done.tab // PPM)
