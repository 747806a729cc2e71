"""An open offer at a fixed price: whoever sends a TAKE first has it."""

from dataclasses import dataclass

from lob.checks import integer
from lob.liquidation.context import TakerContext
from lob.liquidation.formulas.aave import AaveRules, aave_leaves_dust
from lob.liquidation.formulas.health import Seizure
from lob.liquidation.offers import AnyPrice, OfferPrice, Spread, good
from lob.liquidation.parts.price_paths import fee_of, taker_side
from lob.liquidation.parts.protocols import Takers
from lob.liquidation.sale import Sale
from lob.types import Reason, Side
from lob.units import SECOND_NS

__all__ = ["OpenOffer"]


@dataclass(frozen=True)
class OpenOffer(Takers):
    """Lots on offer at the price of the moment, to whoever sends a TAKE first.

    It binds nobody: an account that is safe again has its lots back, and the offer is made anew
    when the mark, the price or the position is another one.

    Parameters
    ----------
    least
        The fewest lots of one take, unless it takes all; 1 or more.
    leaves
        Aave's rules of what must be left of debt and collateral; ``None``: nothing must.
    every
        ns after which the offer is looked at again; 1 or more.
    """

    least: int = 1
    leaves: AaveRules | None = None
    every: int = SECOND_NS

    def __post_init__(self) -> None:
        integer("least", self.least, 1)
        integer("every", self.every, 1)

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        now = design.now
        asked = price.price_at(now)
        if asked is None or isinstance(price, AnyPrice):
            return False
        side, due = taker_side(design, case, holding), now + self.every
        sale = Sale(holding, side, lots, price, now, due, False, due)
        sale.asked, sale.cash = asked, design.cash(case)
        design.start_sale(case, sale, least=self.least, note=False)
        return True

    def take(self, design: TakerContext, case: int, account: int, size: int, limit: int) -> Reason:
        """Answer a TAKE of lots at ``limit`` ticks or better (0: any): ``NONE``, or why not."""
        sale = design.progress[case].sale
        assert sale is not None
        at = sale.price.price_at(design.now)
        if at is None or (limit and not good(at, limit, sale.side)) or design.is_safe(case):
            return Reason.NOT_ON_OFFER
        if size < self.least and size < sale.lots:
            return Reason.LEAVES_DUST
        lots = min(size, sale.lots)
        multiplier = design.multiplier(sale.holding)
        sign = 1 if sale.side == Side.BUY else -1
        cash = lots * at * multiplier
        if self.leaves is not None and self._leaves_dust(design, case, sale, lots, cash):
            return Reason.LEAVES_DUST
        reason = design.refusal_to_carry(account, sign * lots, sign * cash, holding=sale.holding)
        if reason != Reason.NONE:
            return reason
        design.take_over(case, account, lots, at, holding=sale.holding)
        fee = fee_of(sale.price, at) * lots * multiplier
        if fee:
            design.pay(case, design.account_of(case), design.clearing.fees, fee)
        # What may be taken next depends on what the account has now.
        design.end_sale(case)
        return Reason.NONE

    def _leaves_dust(
        self, design: TakerContext, case: int, sale: Sale, lots: int, cash: int
    ) -> bool:
        assert self.leaves is not None
        held, mark = abs(design.held(case, sale.holding)), design.mark(sale.holding)
        if mark is None:
            return False
        one = mark * design.multiplier(sale.holding)
        if sale.side == Side.BUY:
            left = Seizure(cash, lots)
            debt, collateral, prices = max(0, -design.cash(case)), held, (1, one)
        else:
            left = Seizure(lots, cash)
            debt, collateral, prices = held, max(0, design.cash(case)), (one, 1)
        return aave_leaves_dust(
            self.leaves,
            left,
            debt=debt,
            collateral=collateral,
            debt_price=prices[0],
            collateral_price=prices[1],
        )

    def due(self, design: TakerContext, case: int, ts: int) -> None:
        """Do what the sale of a case asked for at this time, in ns.

        Look at the mark of now; who listens hears of a price that moved.
        """
        progress = design.progress[case]
        sale = progress.sale
        assert sale is not None
        stage = design.stages[design.stage(case)]
        timed_out = ts >= progress.entered + stage.patience
        if timed_out or design.is_safe(case) or not stage.trigger.holds(design, case):
            design.end_sale(case)
            return
        if (
            isinstance(sale.price, Spread)
            and sale.price.price_at(ts) == sale.asked
            and (sale.cash == design.cash(case))
        ):
            sale.closes = sale.next = ts + self.every
            return
        lots = stage.limits.allow(
            design, case, sale.holding, stage.sizing.lots(design, case, sale.holding)
        )
        price = stage.price_path.quote(design, case, sale.holding)
        if lots == 0 or price.price_at(ts) is None:
            design.end_sale(case)
            return
        moved = lots != sale.lots or not isinstance(price, Spread)
        moved |= price.price_at(ts) != sale.asked
        sale.lots, sale.price, sale.closes = lots, price, ts + self.every
        sale.next = ts + self.every
        top = price.price_at(ts) or 1
        sale.asked, sale.cash = top, design.cash(case)
        if moved:
            design.change_sale(
                case, size=lots, least=min(self.least, lots), price=price, closes=sale.closes
            )
