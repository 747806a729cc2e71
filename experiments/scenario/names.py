"""Names that a scenario gives to its instruments and clearings, resolved to numbers once."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

__all__ = ["NamedInstrument", "Names"]


@dataclass(frozen=True)
class NamedInstrument:
    """Facts about an instrument that other tables' builders need."""

    number: int
    """Number of the instrument, from 0."""
    asset: str
    """Name of the asset that it trades."""
    price: int
    """Price at the start, in ticks."""
    multiplier: int
    """Cash units of one lot at one tick."""
    inverse: bool = False
    """Whether a lot is worth ``multiplier / price`` units of a coin instead."""
    lot_size: Decimal = Decimal(1)
    """How much of the asset a lot is."""
    daily_volume: float | None = None
    """Lots that the market trades a day, where its background says that."""

    def lots_for(self, cash: int, price: float) -> int:
        """How many lots are worth so much, rounded to the nearest.

        Parameters
        ----------
        cash
            Units of cash; of an inverse contract, of its coin.
        price
            Ticks.
        """
        if self.inverse:
            return round(Fraction(price) * cash / self.multiplier)
        return round(cash / (Fraction(price) * self.multiplier))


@dataclass(frozen=True)
class Names:
    """Numbers of a scenario's instruments and clearings by name.

    A name that is not there raises ``KeyError``.
    """

    markets: Mapping[str, NamedInstrument]
    """Facts about each instrument, by its name."""
    clearings: Mapping[str, int]
    """Number of each clearing, by its name."""
    holdings: tuple[tuple[str, ...], ...]
    """For each clearing the names of the instruments in which its holdings are priced."""

    def instrument(self, name: str) -> int:
        """Number of an instrument by its name."""
        return self.markets[name].number

    def market_of(self, clearing: int, holding: int) -> NamedInstrument:
        """Facts about the instrument of a clearing's holding, both given by number."""
        return self.markets[self.holdings[clearing][holding]]
