"""What is on offer of a case, and how far the case is."""

from dataclasses import dataclass
from typing import NamedTuple

from lob.liquidation.formulas.maker import ClipAuction, FlipAuction
from lob.liquidation.offers import OfferPrice
from lob.types import Side

__all__ = ["AuctionStart", "Progress", "Sale"]


class AuctionStart(NamedTuple):
    """What an auction is to raise, in units of cash."""

    target: int
    """Units of cash to be raised: the debt with its penalty."""
    debt: int
    """Units of cash of the debt itself."""


@dataclass(slots=True)
class Sale:
    """The lots of a case that are on offer or at auction, and how far their sale is."""

    holding: int
    side: Side
    lots: int
    """Lots that are still to be had."""
    price: OfferPrice
    opened: int
    closes: int
    binding: bool
    """It runs to its end even if the account is safe again."""
    next: int
    """ns at which its takers look at the sale next."""
    auction: ClipAuction | FlipAuction | None = None
    reward: int = 0
    """Units of cash for who takes the last of it."""
    target: int = 0
    """Units of cash to be raised: the debt with the penalty."""
    debt: int = 0
    """Units of cash of the debt itself, without the penalty."""
    raised: int = 0
    """Units of cash that came in so far."""
    outstanding: int = 0
    """Of the target, what still counts as at auction."""
    asked: int = 0
    cash: int = 0
    """Ticks asked, and units of cash that the account had, when it was last looked at."""
    multiplier: int = 1
    """Units of cash of one lot at one tick."""
    stake: int = 0
    """What the best bidder has put up beside his bid."""


@dataclass(slots=True)
class Progress:
    """How far the liquidation of a case is."""

    entered: int
    """ns at which the present stage took it over."""
    look: int = -1
    """ns at which it is looked at next; other call backs are out of date."""
    stopped: int = -1
    """ns since when its patience does not run out, for no book of the case trades; -1: it does."""
    attempts: int = 0
    """How often the present stage has acted on the case, while its books traded."""
    sale: Sale | None = None
    auction_start: AuctionStart | None = None
    """What the next auction is to raise, where a limit has set it."""
    runner: tuple[int, int] | None = None
    """Who alone may take, and until when in ns; ``None``: everybody may."""
    sealed: list[tuple[int, int]] | None = None
    """Sealed bids so far: account and cash put up; ``None``: none are asked for."""
    rests: tuple[int, int] | None = None
    """Holding and price in ticks of the order that rests in the book for the case."""
