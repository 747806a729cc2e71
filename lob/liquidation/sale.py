"""What is on offer of a case, and how far the case is."""

from dataclasses import dataclass

from lob.liquidation.maker import Bark, ClipAuction, FlipAuction
from lob.liquidation.offers import OfferPrice
from lob.types import Side

__all__ = ["Progress", "Sale"]


@dataclass(slots=True)
class Sale:
    """What is on offer of a case, or at auction."""

    holding: int
    side: Side
    lots: int
    """Still to be had."""
    price: OfferPrice
    opened: int
    closes: int
    binding: bool
    """It runs to its end even if the account is safe again."""
    next: int
    """ns at which its takers look at it."""
    auction: ClipAuction | FlipAuction | None = None
    reward: int = 0
    """Units of cash for who takes the last of it."""
    tab: int = 0
    due: int = 0
    raised: int = 0
    """Units of cash: to be raised, of that the debt itself, and what came in."""
    dirt: int = 0
    """What of the tab still counts as at auction."""
    stake: int = 0
    """What the best bidder has put up beside his bid."""


@dataclass(slots=True)
class Progress:
    """How far a case is."""

    entered: int
    """ns at which the present stage took it over."""
    look: int = -1
    """ns at which it is looked at next; other call backs are out of date."""
    attempts: int = 0
    """Of the present stage."""
    sale: Sale | None = None
    barked: Bark | None = None
