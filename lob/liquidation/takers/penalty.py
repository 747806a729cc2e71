"""The liquidation penalty of auctions."""

from lob.liquidation.context import TakerContext
from lob.liquidation.sale import Sale
from lob.types import Side

__all__ = ["pay_penalty"]


def pay_penalty(design: TakerContext, case: int, sale: Sale) -> None:
    """The insurance fund gets the penalty, as far as more than the debt was raised for it.

    Of a short position the debt are lots: the penalty comes out of the cash that is left.
    """
    if sale.side == Side.BUY:
        penalty = min(sale.raised, sale.target) - sale.debt
    else:
        penalty = min(sale.target - sale.debt, design.cash(case))
    if penalty > 0:
        design.pay(case, design.account_of(case), design.fund, penalty)
