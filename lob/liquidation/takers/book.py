"""The book and the lenders: who takes without being asked to come."""

from dataclasses import dataclass

from lob.liquidation.context import TakerContext
from lob.liquidation.offers import OfferPrice, good
from lob.liquidation.parts.price_paths import taker_side
from lob.liquidation.parts.protocols import Takers
from lob.types import EntryKind, Session

__all__ = ["Book", "Lenders", "Resting"]


@dataclass(frozen=True)
class Book(Takers):
    """The order book as taker: lots are sold to the orders that rest in it.

    Parameters
    ----------
    funded
        Whether the insurance fund pays at once what a sale brings less than the bankruptcy price.
    """

    waits_for = (Session.CALL, Session.HALTED)

    funded: bool = False

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        session, best = design.session(holding), design.best(case, holding)
        if session is None or session == Session.HALTED:
            return False
        limit = price.price_at(design.now)
        if session == Session.CONTINUOUS:
            design.recall(case, holding)
            if best is None or (
                limit is not None and not good(limit, best, taker_side(design, case, holding))
            ):
                return False
        before = design.bankruptcy_price(case, holding) if self.funded else None
        design.sell(case, lots, limit, holding=holding)
        if before is not None:
            self._fund(design, case, holding, before)
        return True

    def _fund(self, design: TakerContext, case: int, holding: int, price: int) -> None:
        """Let the fund pay what lacks for what is left to be worth nothing at the price."""
        worth = design.clearing.worth(holding, design.held(case, holding), price)
        lacks = -(design.cash(case) + worth)
        paid = min(lacks, max(0, design.balance(design.fund)))
        if paid > 0:
            account = design.account_of(case)
            design.pay(case, design.fund, account, paid, EntryKind.INSURANCE)


@dataclass(frozen=True)
class Resting(Takers):
    """An order of the account rests in the book at the price, and waits for whoever comes.

    Parameters
    ----------
    sweeps
        Whether the insurance fund gets at once what lots bring beyond the price: the engine has
        taken the position over at it (BitMEX, Bybit).
    """

    waits_for = (Session.CALL, Session.HALTED)

    sweeps: bool = False

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked.

        One order a case: of a cross account one holding after the other.
        """
        limit = price.price_at(design.now)
        if self.sweeps:
            self._sweep(design, case)
        if design.has_resting(case):
            return True
        if limit is None:
            return False
        if self.sweeps:
            found = design.progress[case].rests
            if found is None or found[0] != holding:
                design.progress[case].rests = (holding, limit)
            else:
                limit = found[1]
        design.rest(case, lots, limit, holding=holding)
        if self.sweeps:
            self._sweep(design, case)
        return True

    @staticmethod
    def _sweep(design: TakerContext, case: int) -> None:
        """Let the fund have what is more than the rest is worth nothing with, at the price."""
        found = design.progress[case].rests
        if found is None:
            return
        holding, price = found
        cash = design.cash(case)
        if design.is_inverse(holding):
            return
        for i in range(len(design.holdings)):
            at = price if i == holding else (design.mark(i) or 0)
            cash += design.held(case, i) * at * design.multiplier(i)
        if cash > 0:
            fund, account = design.fund, design.account_of(case)
            design.pay(case, account, fund, cash, EntryKind.INSURANCE)

    def withdraw(self, design: TakerContext, case: int) -> None:
        """Take back what a case has on offer or in the book, as its stage is done with it."""
        super().withdraw(design, case)
        if self.sweeps:
            self._sweep(design, case)
            design.progress[case].rests = None


@dataclass(frozen=True)
class Lenders(Takers):
    """The lenders take it over, at the price, or at the mark without one."""

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        at = price.price_at(design.now) or design.mark(holding) or 1
        design.take_over(case, design.clearing.pool, lots, at, holding=holding)
        return True
