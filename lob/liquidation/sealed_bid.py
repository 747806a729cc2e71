"""Designs that run another: a sealed bid for the right to it."""

from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.sealed import SealedBids
from lob.units import SECOND_NS

__all__ = ["SealedBid"]


class SealedBid(StagedDesign):
    """A sealed bid for the right to take what another design has on offer, then that design.

    For a while after the auction only its winner may TAKE; then, or without a bid, everybody. This
    is how protocols sell the value of their own liquidations (Chainlink SVR, API3, Pyth Express
    Relay); the parameters here are chosen.

    Parameters
    ----------
    design
        Of no clearing yet. Its stages follow the auction.
    window, exclusive
        ns of the auction, and that only the winner may take.
    revenue
        Who gets what the winner pays: ``"fund"`` or ``"borrower"``.
    second_price
        Whether he pays the second highest bid.
    """

    def __init__(
        self,
        design: StagedDesign,
        *,
        window: int = SECOND_NS,
        exclusive: int = SECOND_NS,
        revenue: str = "fund",
        second_price: bool = False,
    ) -> None:
        if not isinstance(design, StagedDesign):
            raise TypeError(f"design must be a Staged design, got {design!r}")
        if getattr(design, "clearing", None) is not None:
            raise ValueError("design must not belong to a clearing: the wrapping takes its place")
        takers = SealedBids(window, exclusive, revenue, second_price)
        auction = Stage(takers=takers, every=window, patience=window)
        super().__init__([auction, *design.stages], socialise_every=design.socialise_every)
