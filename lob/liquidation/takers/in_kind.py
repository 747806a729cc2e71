"""Debts in any asset against any collateral: who repays is paid in what the account holds."""

from dataclasses import dataclass

from lob.liquidation.context import CaseContext, TakerContext
from lob.liquidation.offers import good
from lob.liquidation.parts.protocols import Sizing
from lob.liquidation.takers.offers import OpenOffer
from lob.types import Reason, Side

__all__ = ["DebtsOnly", "InKind"]


@dataclass(frozen=True)
class DebtsOnly:
    """A sizing that offers borrowed lots only: those that an account owes.

    Parameters
    ----------
    sizing
        How many of them.
    """

    sizing: Sizing

    def lots(self, design: CaseContext, case: int, holding: int) -> int:
        """Lots of a holding to be offered now, from 0 to all that the failed account owes of it."""
        return self.sizing.lots(design, case, holding) if design.held(case, holding) < 0 else 0


@dataclass(frozen=True)
class InKind(OpenOffer):
    """An open offer of a debt that is paid for in collateral, not in cash.

    Whoever takes repays borrowed lots. For them he gets lots of the account's most valuable long
    holding at its mark, worth what he repaid at the price of the offer (the mark and the bonus),
    rounded down; what is less than a lot stays with him in cash. He repays no more than the
    collateral is worth. An account without collateral has nothing on offer.
    """

    def collateral(self, design: CaseContext, case: int) -> tuple[int, int]:
        """The long holding of a case that is worth most at its mark, and cash units a lot of it.

        The second is 0 if there is none.
        """
        best, worth, one = 0, 0, 0
        for holding in range(len(design.holdings)):
            held, mark = design.held(case, holding), design.mark(holding)
            if held > 0 and mark is not None and not design.is_inverse(holding):
                each = mark * design.multiplier(holding)
                if held * each > worth:
                    best, worth, one = holding, held * each, each
        return best, one

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: object
    ) -> bool:
        """Offer borrowed lots of a case; whether there is collateral to pay for them."""
        at = price.price_at(design.now)  # type: ignore[attr-defined]
        if design.held(case, holding) >= 0 or at is None:
            return False
        found, one = self.collateral(design, case)
        if not one:
            return False
        most = design.held(case, found) * one // (at * design.multiplier(holding))
        lots = min(lots, most)
        return lots > 0 and super().offer(design, case, holding, lots, price)  # type: ignore[arg-type]

    def take(self, design: TakerContext, case: int, account: int, size: int, limit: int) -> Reason:
        """Answer a TAKE of borrowed lots at ``limit`` ticks or better (0: any)."""
        sale = design.progress[case].sale
        assert sale is not None
        at = sale.price.price_at(design.now)
        found, one = self.collateral(design, case)
        if at is None or not one or sale.side != Side.SELL or design.is_safe(case):
            return Reason.NOT_ON_OFFER
        if limit and not good(at, limit, sale.side):
            return Reason.NOT_ON_OFFER
        if size < self.least and size < sale.lots:
            return Reason.LEAVES_DUST
        multiplier = design.multiplier(sale.holding)
        held = design.held(case, found)
        lots = min(size, sale.lots, held * one // (at * multiplier))
        if lots < 1:
            return Reason.NOT_ON_OFFER
        due = lots * at * multiplier
        reason = design.refusal_to_carry(account, -lots, -due, holding=sale.holding)
        if reason != Reason.NONE:
            return reason
        design.take_over(case, account, lots, at, holding=sale.holding)
        seized = min(held, due // one)
        if seized:
            design.take_over(case, account, seized, one // design.multiplier(found), holding=found)
        design.end_sale(case)
        return Reason.NONE
