"""Limits: what bounds a stage."""

from dataclasses import dataclass

from lob.checks import integer, ppm
from lob.liquidation.context import CaseContext
from lob.liquidation.formulas import maker
from lob.liquidation.formulas.arithmetic import ceil_div
from lob.units import PPM

__all__ = ["DebtAtAuction", "FirstSlice", "Slices", "Unlimited"]

WITHOUT_BOUND = 2**62


@dataclass(frozen=True)
class Unlimited:
    """The limit of a stage that bounds nothing."""

    def allow(self, design: CaseContext, case: int, holding: int, lots: int) -> int:
        """How many of a case's lots may be offered now, from 0 to ``lots``."""
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
        """How many of a case's lots may be offered now, from 0 to ``lots``."""
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
        """How many of a case's lots may be offered now, from 0 to ``lots``."""
        one = (design.mark(holding) or 0) * design.multiplier(holding)
        if design.attempts(case) or lots * one <= self.above:
            return lots
        return ceil_div(lots * self.share, PPM)


@dataclass(frozen=True)
class DebtAtAuction:
    """The most debt that may be at auction: in all, and of one holding; with penalty and dust.

    What of an account goes to auction is ``lob.liquidation.formulas.maker.auctioned_part``'s, and
    what the auction is to raise is noted for it. While there is no room, a case waits.

    Parameters
    ----------
    total, each
        Units of cash: the debts at auction of the whole design, and of one holding.
    penalty
        The debt with the penalty over the debt, ppm: 1,130,000 is 13 %.
    dust
        The least debt that an account may keep, units of cash.
    breaker
        The level of the circuit breaker, 0 to 3: from 1 on no auction starts.
    """

    total: int = WITHOUT_BOUND
    each: int = WITHOUT_BOUND
    penalty: int = PPM
    dust: int = 0
    breaker: int = 0

    def __post_init__(self) -> None:
        integer("total", self.total, 0)
        integer("each", self.each, 0)
        integer("penalty", self.penalty, PPM)
        integer("dust", self.dust, 0)
        integer("breaker", self.breaker, 0, 3)

    def allow(self, design: CaseContext, case: int, holding: int, lots: int) -> int:
        """How many of a case's lots may be offered now, from 0 to ``lots``."""
        if not maker.may_start(self.breaker):
            return 0
        done = self.part_of(design, case, holding, lots)
        if done.refusal:
            return 0
        design.start_auction_for(case, done.target, done.debt)
        return done.lot

    def part_of(self, design: CaseContext, case: int, holding: int, lots: int) -> maker.Bark:
        """What of an account goes to auction now: its lots, its debt, and what is to be raised."""
        held, mark = design.held(case, holding), design.mark(holding) or 0
        value = abs(held) * mark * design.multiplier(holding)
        assets, debts, kept, owed = design.exposure(case)
        # A short position owes its lots; a long one the cash that is missing, else all it is worth.
        debt = value if held < 0 else (-design.cash(case) or value)
        debt = debt if debt > 0 else value
        room = maker.room_of(
            self.total, design.to_be_raised(None), self.each, design.to_be_raised(holding)
        )
        return maker.auctioned_part(
            lots,
            debt,
            weighted=assets - kept - owed - (debts - debt),
            room=room,
            penalty=self.penalty,
            dust=self.dust,
        )
