"""Those who keep what they take: for the discount, or because they have promised to stand by."""

from typing import Any

from agents.liquidators.keeper import Keeper
from agents.liquidators.unwinding import Hold
from agents.liquidators.valuation import Levels, Worth
from lob import Side
from lob.checks import integer
from lob.liquidation.offers import Offer

__all__ = ["PassiveHolder"]

PPM = 1_000_000


class PassiveHolder(Keeper):
    """Takes what is far enough below its fair price, and keeps it.

    Parameters
    ----------
    capital
        Cash units.
    discount
        Ppm of the fair price, at least: it pays no more than ``fair * (1 - discount)``, rounded
        down, and wants for short lots no less than ``fair * (1 + discount)``, rounded up.
    fair
        Ticks; ``None``: the mark of the clearing.
    """

    def __init__(
        self, name: str, *, capital: int, discount: int, fair: int | None = None, **bot: Any
    ) -> None:
        super().__init__(name, capital=capital, unwinding=Hold(), **bot)
        self.discount = integer("discount", discount, 0, PPM - 1)
        self.fair = None if fair is None else integer("fair", fair, 1)

    def value(self, offer: Offer, levels: Levels, price: int, most: int) -> Worth:
        """All that it can afford, at its price or better."""
        limit = self.limit(offer, levels)
        lots = min(offer.size, most)
        if limit is None or offer.side * (limit - price) < 0 or lots < min(offer.least, offer.size):
            return Worth(0, 0)
        return Worth(lots, abs(limit - price) * lots * self.costs_of(offer.instrument).multiplier)

    def limit(self, offer: Offer, levels: Levels) -> int | None:
        """The worst price that it accepts."""
        fair = self.fair
        if fair is None:
            fair = self.clearing_of(offer).holdings[offer.holding].mark_price
        return None if fair is None else self.discounted(fair, offer.side)

    def levels(self, offer: Offer) -> Levels:
        """The book does not matter to it."""
        return []

    def discounted(self, fair: int, side: Side) -> int | None:
        """A price with the discount taken off, or put on it."""
        if side == Side.BUY:
            return fair * (PPM - self.discount) // PPM or None
        return -(-fair * (PPM + self.discount) // PPM)

    def rough_limit(self, instrument: int, side: Side) -> int | None:
        """See ``Bot``: by the mark of whoever clears the instrument."""
        if self.fair is not None:
            return self.discounted(self.fair, side)
        marks = [
            holding.mark_price
            for clearing in self.simulation.clearings
            for holding in clearing.holdings
            if holding.instrument == instrument and holding.mark_price is not None
        ]
        if not marks:
            return None
        return self.discounted(max(marks) if side == Side.BUY else min(marks), side)
