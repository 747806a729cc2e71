"""How a forced sale is worked, by name."""

from enum import StrEnum

__all__ = ["SaleStyle"]


class SaleStyle(StrEnum):
    """How a forced sale is worked."""

    MARKET = "market"
    """All lots at once."""
    TWAP = "twap"
    """Equal parts, evenly in time."""
    POV = "pov"
    """A share of the volume that traded in the record, by the trades that the feed tells."""
