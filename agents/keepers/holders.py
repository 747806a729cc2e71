"""Keepers that hold what they take: for the discount, or because they stand behind a vault."""

from typing import Any

from agents.keepers.bidders import AuctionKeeper
from agents.keepers.inventory_exit import Hold
from agents.keepers.keeper import Keeper
from agents.keepers.sleepers import WatchedPrice
from agents.keepers.valuation import Levels, Worth
from lob import Side
from lob.checks import integer, ppm
from lob.clearing import Clearing
from lob.liquidation.offers import Offer
from lob.liquidation.takers.backstop import Vault
from lob.units import PPM, SECOND_NS

__all__ = ["BackstopProvider", "PassiveHolder"]


class PassiveHolder(AuctionKeeper):
    """A keeper that takes, or bids for, what is far enough below its fair price, and holds it.

    Parameters
    ----------
    name
        Identity of the holder.
    capital
        Cash units that it brings, 0 or more.
    discount
        Least discount, 0 to 999,999 ppm of the fair price: it pays no more than
        ``fair * (1 - discount)``, rounded down, and wants for short lots no less than
        ``fair * (1 + discount)``, rounded up.
    fair
        Fair price in ticks, 1 or more; ``None``: the mark of the clearing.
    **bot
        As for ``AuctionKeeper``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self, name: str, *, capital: int, discount: int, fair: int | None = None, **bot: Any
    ) -> None:
        super().__init__(name, capital=capital, inventory_exit=Hold(), **bot)
        self.discount = ppm("discount", discount, 0, PPM - 1)
        self.fair = None if fair is None else integer("fair", fair, 1)

    def value(self, offer: Offer, levels: Levels, price: int, most: int) -> Worth:
        """How much of an offer to take: all that the holder can afford at its price or better.

        ``price`` is what is asked in ticks, ``most`` the lots that capital allows.
        """
        limit = self.limit(offer, levels)
        lots = min(offer.size, most)
        if limit is None or offer.side * (limit - price) < 0 or lots < min(offer.least, offer.size):
            return Worth(0, 0)
        return Worth(lots, abs(limit - price) * lots * self.costs_of(offer.instrument).multiplier)

    def limit(self, offer: Offer, levels: Levels) -> int | None:
        """The worst price in ticks that this holder accepts for an offer, whatever the levels."""
        fair = self.fair
        if fair is None:
            fair = self.clearing_of(offer).holdings[offer.holding].mark_price
        return None if fair is None else self.discounted(fair, offer.side)

    def valuation(self, offer: Offer) -> int | None:
        """The worst price in ticks that this holder bids for the lots of an offer."""
        return self.limit(offer, [])

    def worst(self, offer: Offer, levels: Levels, lots: int, price: int) -> int:
        """The worst price in ticks that this holder accepts for lots of an offer."""
        return self.limit(offer, levels) or price

    def levels(self, offer: Offer) -> Levels:
        """The levels that count for an offer: none, since this holder does not sell."""
        return []

    def discounted(self, fair: int, side: Side) -> int | None:
        """A price in ticks less the discount (``BUY``, rounded down) or plus it (rounded up)."""
        if side == Side.BUY:
            return fair * (PPM - self.discount) // PPM or None
        return -(-fair * (PPM + self.discount) // PPM)

    def prices_for(self, offer: Offer) -> list[WatchedPrice]:
        """The price that may make an offer worth taking: the mark, unless fair value is known."""
        if self.fair is not None:
            return []
        return [WatchedPrice(offer.clearing, offer.holding, Side(-offer.side), offer.side)]

    def rough_limit(self, instrument: int, side: Side) -> int | None:
        """The worst price in ticks at which an offer is worth a look, by the mark of its clearing.

        ``None``: no offer is.
        """
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
    """A keeper that stands behind a vault: it adds capital, and sells what the vault takes over.

    The design hands failed positions to the vault's account, as far as that has room for them (a
    provider of several shares them by room). The provider looks at it from time to time and trades
    what has come by its own ``inventory_exit``, with the tags of the liquidations it came from.

    Parameters
    ----------
    name
        Identity of the provider.
    clearing
        The clearing of the design, in a venue already.
    vault
        A ``Vault`` of the design; it must not sell by itself (``unwind`` 0).
    capital
        Cash units that it adds to what the vault has, 0 or more.
    every
        ns between looks at the vault, 1 or more.
    **keeper
        As for ``Keeper``.

    Raises
    ------
    ValueError
        If the vault has no account in a venue, or sells by itself.
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
        """The ``Clearing`` whose failed positions the vault takes over."""
        clearing: Clearing = self.simulation.clearings[self.clearing_number]
        return clearing

    def look_at_vault(self, _: None) -> None:
        """Look at the vault: what came to it since the last look is planned to be sold."""
        self.at(self.now + self.every, "look_at_vault", None)
        while self.vault.inventory:
            tag, number, lots = self.vault.inventory.popleft()
            holding = self.clearing.holdings[number]
            asset = self.simulation.ledger.asset(holding.name)
            value = self.clearing.worth(number, lots, holding.mark_price or 1)
            self.receive(tag, holding.instrument, asset, lots, -value)


def owner_of(clearing: Clearing, vault: Vault) -> int:
    """The owner number of a vault's account, which its design gives from the last number down.

    Raises ``ValueError`` if the account is not of this clearing's design.
    """
    for number in range(1_000):
        owner = 2**31 - 1 - 1_000 * clearing.number - number
        if clearing.ledger.owner_account(owner) == vault.account:
            return owner
    raise ValueError(f"vault must be one of clearing {clearing.name!r}, got {vault!r}")
