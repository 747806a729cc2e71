"""The six parts of a stage: what each of them answers."""

from typing import Protocol

from lob.liquidation.context import CaseContext, TakerContext
from lob.liquidation.offers import OfferPrice
from lob.types import Reason, Session

__all__ = ["Limits", "PricePath", "Settlement", "Sizing", "Takers", "Trigger"]


class Trigger(Protocol):
    """The part of a stage that says when it takes a case over, and how long it keeps it."""

    def holds(self, design: CaseContext, case: int) -> bool:
        """Whether the stage may act now; if not, the next one does."""
        ...


class Sizing(Protocol):
    """The part of a stage that says how much of a position is offered."""

    def lots(self, design: CaseContext, case: int, holding: int) -> int:
        """Lots, from 0 to all that is held."""
        ...


class PricePath(Protocol):
    """The part of a stage that says at what price a position is offered, over time."""

    def quote(self, design: CaseContext, case: int, holding: int) -> OfferPrice:
        """The price from now on; what it is at a time is the worst acceptable one then."""
        ...


class Takers:
    """Who may take it. A taker that does not answer messages overrides ``offer`` only."""

    waits_for: tuple[Session, ...] = ()
    """While all books of what an account holds are in one of these, patience does not run out."""

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Let them have up to so many lots at the price or better.

        Returns
        -------
        bool
            Whether something changed hands, rests, or is on offer now.
        """
        raise NotImplementedError

    def take(self, design: TakerContext, case: int, account: int, size: int, limit: int) -> Reason:
        """Somebody takes; ``limit`` is the worst price he accepts, 0: any."""
        return Reason.NOT_ON_OFFER

    def bid(self, design: TakerContext, case: int, account: int, size: int, price: int) -> Reason:
        """Answer a BID for lots at a price in ticks: ``NONE``, or why it is refused."""
        return Reason.NOT_ON_OFFER

    def due(self, design: TakerContext, case: int, ts: int) -> None:
        """Do what the sale of a case asked for at this time, in ns."""

    def withdraw(self, design: TakerContext, case: int) -> None:
        """The stage is done with the case: what it has on offer or in the book is taken back."""
        design.recall(case)
        design.end_sale(case)

    def attach(self, design: TakerContext) -> None:
        """Open the accounts that these takers need, once their design has a clearing."""


class Settlement(Protocol):
    """The part of a stage that says who pays a shortfall, and who keeps a surplus."""

    def settle(self, design: TakerContext, case: int) -> None:
        """End the case of an account that is flat."""
        ...


class Limits(Protocol):
    """The part of a stage that bounds how much is offered."""

    def allow(self, design: CaseContext, case: int, holding: int, lots: int) -> int:
        """How many of the lots may be offered now; 0: none."""
        ...
