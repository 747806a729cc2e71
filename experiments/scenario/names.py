"""The names that a scenario gives to its instruments and clearings, resolved to numbers once."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["NamedInstrument", "Names"]


@dataclass(frozen=True)
class NamedInstrument:
    """What others must know of an instrument."""

    number: int
    asset: str
    """What it trades."""
    price: int
    """Ticks at which it starts."""
    multiplier: int
    """Cash units of one lot at one tick."""


@dataclass(frozen=True)
class Names:
    """Numbers by name; a name that is not there raises ``KeyError``."""

    markets: Mapping[str, NamedInstrument]
    """By the name of the instrument."""
    clearings: Mapping[str, int]
    holdings: tuple[tuple[str, ...], ...]
    """The instruments, by name, in which each clearing's holdings are priced."""

    def instrument(self, name: str) -> int:
        """The number of an instrument."""
        return self.markets[name].number

    def market_of(self, clearing: int, holding: int) -> NamedInstrument:
        """The market of a holding of a clearing."""
        return self.markets[self.holdings[clearing][holding]]
