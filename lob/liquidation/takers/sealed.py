"""The sealed bid for the right to take what is on offer next."""

from dataclasses import dataclass

from lob.checks import choice, integer
from lob.liquidation.context import TakerContext
from lob.liquidation.offers import OfferPrice, Sealed
from lob.liquidation.parts.price_paths import taker_side
from lob.liquidation.sale import Sale
from lob.liquidation.takers.english import Bidding, escrow_of
from lob.types import EntryKind, Reason
from lob.units import SECOND_NS

__all__ = ["SealedBids"]


@dataclass(frozen=True)
class SealedBids(Bidding):
    """A sealed bid for the right to take what the next stages have on offer.

    A BID of ``size`` at ``price`` bids their product in cash, put up until the end; nobody sees it.
    The highest wins, the earlier of two equal ones, and pays what he bid, or the second bid. For
    ``exclusive`` ns only he may take. The stage must have a patience of ``window``.

    Parameters
    ----------
    window, exclusive
        ns.
    revenue
        Who gets what he pays: ``"fund"`` or ``"borrower"``.
    second_price
        Whether the winner pays the second highest bid (nothing, if there is none).
    """

    window: int = SECOND_NS
    exclusive: int = SECOND_NS
    revenue: str = "fund"
    second_price: bool = False

    def __post_init__(self) -> None:
        integer("window", self.window, 1)
        integer("exclusive", self.exclusive, 0)
        choice("revenue", self.revenue, ("fund", "borrower"))

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        now = design.now
        side = taker_side(design, case, holding)
        closes = now + self.window
        design.progress[case].sealed = []
        sale = Sale(holding, side, lots, Sealed(right=True), now, closes, True, closes)
        design.start_sale(case, sale, bids=True)
        return True

    def bid(self, design: TakerContext, case: int, account: int, size: int, price: int) -> Reason:
        """Answer a BID for lots of a case at a price in ticks: ``NONE``, or why it is refused."""
        sale = design.progress[case].sale
        assert sale is not None
        amount = price * size * design.multiplier(sale.holding)
        if amount == 0 or amount >= 2**62:
            return Reason.BID_TOO_LOW if amount == 0 else Reason.INSUFFICIENT_MARGIN
        reason = design.put_up(case, account, escrow_of(design), amount)
        if not reason:
            sealed = design.progress[case].sealed
            assert sealed is not None
            sealed.append((account, amount))
        return reason

    def due(self, design: TakerContext, case: int, ts: int) -> None:
        """Do what the sale of a case asked for at this time, in ns.

        Who bid most pays, everybody else gets his bid back.
        """
        escrow = escrow_of(design)
        progress = design.progress[case]
        bids, progress.sealed = progress.sealed or [], None
        design.end_sale(case)
        if not bids:
            return
        best = max(range(len(bids)), key=lambda i: (bids[i][1], -i))
        winner, price = bids[best]
        if self.second_price:
            price = max((bid for i, (_, bid) in enumerate(bids) if i != best), default=0)
        for i, (account, amount) in enumerate(bids):
            back = amount - price if i == best else amount
            if back:
                design.pay(case, escrow, account, back, EntryKind.BID)
        fund, failed = design.fund, design.account_of(case)
        if price:
            design.pay(case, escrow, fund if self.revenue == "fund" else failed, price)
        progress.runner = (winner, ts + self.exclusive)

    def withdraw(self, design: TakerContext, case: int) -> None:
        """Take back what a case has on offer or in the book, as its stage is done with it."""
        progress = design.progress[case]
        bids, progress.sealed = progress.sealed or [], None
        for account, amount in bids:
            design.pay(case, escrow_of(design), account, amount, EntryKind.BID)
        super().withdraw(design, case)
