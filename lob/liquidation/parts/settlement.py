"""Settlement: who pays a shortfall, and who keeps a surplus."""

from dataclasses import dataclass

from lob.checks import choice
from lob.liquidation.context import TakerContext
from lob.types import EntryKind

__all__ = ["Waterfall"]

RESTS = ("shortfall", "others", "lenders")


@dataclass(frozen=True)
class Waterfall:
    """The insurance fund first, then somebody for the rest.

    Parameters
    ----------
    fund
        Whether the insurance fund pays what it has.
    rest
        ``"shortfall"``: it stays on ``Clearing.shortfall``, a deficit of the reserve, until
        somebody calls ``Clearing.socialise`` (Aave v3.3); ``"others"``: that is called within
        ``StagedDesign.socialise_every``; ``"lenders"``: they lose it at once (Morpho).
    surplus
        Who gets what is left to the account: ``"borrower"``, or the ``"fund"``, where a position is
        taken over at its bankruptcy price (BitMEX, Bybit).
    """

    fund: bool = True
    rest: str = "shortfall"
    surplus: str = "borrower"

    def __post_init__(self) -> None:
        choice("rest", self.rest, RESTS)
        choice("surplus", self.surplus, ("borrower", "fund"))

    def settle(self, design: TakerContext, case: int) -> None:
        """End the case of an account that is flat: who pays what lacks, or keeps what is left."""
        clearing = design.clearing
        cash = design.cash(case)
        if cash > 0 and self.surplus == "fund":
            design.pay(case, design.account_of(case), design.fund, cash, EntryKind.INSURANCE)
        if self.fund and self.rest != "lenders":
            design.settle(case)
        else:
            last = clearing.pool if self.rest == "lenders" else clearing.shortfall
            design.settle(case, [design.fund, last] if self.fund else [last])
        if cash < 0 and self.rest == "others":
            design.socialise_soon()
