"""Those who keep what they take: for the discount, or because they have promised to stand by."""

from typing import Any

from agents.keepers.bidders import AuctionKeeper
from agents.keepers.inventory_exit import Hold
from agents.keepers.keeper import Keeper
from agents.keepers.valuation import Levels, Worth
from lob import Side
from lob.checks import integer, ppm
from lob.clearing import Clearing
from lob.liquidation.offers import Offer
from lob.liquidation.takers.backstop import Vault
from lob.units import PPM, SECOND_NS

__all__ = ["BackstopProvider", "PassiveHolder"]


class PassiveHolder(AuctionKeeper):
    """Takes what is far enough below its fair price, or bids up to that, and keeps it.

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
        super().__init__(name, capital=capital, inventory_exit=Hold(), **bot)
        self.discount = ppm("discount", discount, 0, PPM - 1)
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

    def valuation(self, offer: Offer) -> int | None:
        """The worst price that it accepts."""
        return self.limit(offer, [])

    def worst(self, offer: Offer, levels: Levels, lots: int, price: int) -> int:
        """What it accepts at worst."""
        return self.limit(offer, levels) or price

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


class BackstopProvider(Keeper):
    """Stands behind a vault of a design: adds capital to it, and sells what it takes over.

    The design hands failed positions to the vault's account, as far as that has room for them (a
    provider of several shares them by room). The provider looks at it from time to time and trades
    what has come by its own ``inventory_exit``, with the tags of the liquidations it came from.

    Parameters
    ----------
    clearing
        Of the design, in a venue already.
    vault
        Of the design; it must not sell by itself (``unwind`` 0).
    capital
        Cash units that it adds to what the vault has.
    every
        ns between looks.
    """

    def __init__(
        self,
        name: str,
        *,
        clearing: Clearing,
        vault: Vault,
        capital: int = 0,
        every: int = SECOND_NS,
        **keeper: Any,
    ) -> None:
        if vault.account is None:
            raise ValueError("vault must belong to a design in a venue, got one without account")
        if vault.unwind:
            raise ValueError(f"vault must leave selling to the provider, got unwind {vault.unwind}")
        super().__init__(name, capital=capital, owner=owner_of(clearing, vault), **keeper)
        self.vault = vault
        self.clearing_number = clearing.number
        self.every = integer("every", every, 1)

    def on_start(self) -> None:
        """Add the capital to the vault's account, and begin to look."""
        ledger = self.simulation.ledger
        assert self.vault.account is not None
        self.account = self.vault.account
        self.cash_asset = self.clearing.cash_asset
        self.prepare(ledger)
        self.at(self.now + self.every, "look_at_vault", None)

    @property
    def clearing(self) -> Clearing:
        """The clearing whose liquidations are taken."""
        clearing: Clearing = self.simulation.clearings[self.clearing_number]
        return clearing

    def look_at_vault(self, _: None) -> None:
        """Take over to sell what has come since."""
        self.at(self.now + self.every, "look_at_vault", None)
        while self.vault.inventory:
            tag, number, lots = self.vault.inventory.popleft()
            holding = self.clearing.holdings[number]
            asset = self.simulation.ledger.asset(holding.name)
            value = self.clearing.worth(number, lots, holding.mark_price or 1)
            self.receive(tag, holding.instrument, asset, lots, -value)


def owner_of(clearing: Clearing, vault: Vault) -> int:
    """The owner number of a vault's account: a design gives them from the last one down."""
    for number in range(1_000):
        owner = 2**31 - 1 - 1_000 * clearing.number - number
        if clearing.ledger.owner_account(owner) == vault.account:
            return owner
    raise ValueError(f"vault must be one of clearing {clearing.name!r}, got {vault!r}")
