"""How much a bot bids for room in a block."""

from dataclasses import dataclass
from typing import Protocol

from lob.checks import integer, ppm
from lob.units import PPM

__all__ = ["FixedGas", "GasPolicy", "ProfitShare"]


class GasPolicy(Protocol):
    """What a transaction is worth to be included."""

    def bid(self, profit: int) -> int:
        """Cash units for one transaction that is expected to bring so much before gas."""
        ...

    def least(self) -> int:
        """The smallest bid that it makes: a fixed cost of an offer's valuation."""
        ...


@dataclass(frozen=True)
class FixedGas:
    """Always the same bid, like the keepers of March 2020 whose bids stayed where they were.

    Parameters
    ----------
    amount
        Cash units.
    """

    amount: int = 0

    def __post_init__(self) -> None:
        integer("amount", self.amount, 0, 2**62 - 1)

    def bid(self, profit: int) -> int:
        """See ``GasPolicy``."""
        return self.amount

    def least(self) -> int:
        """See ``GasPolicy``."""
        return self.amount


@dataclass(frozen=True)
class ProfitShare:
    """A share of the expected profit, rounded down, between two bounds.

    Parameters
    ----------
    share
        Ppm of the profit.
    floor, cap
        Cash units; ``None``: no upper bound.
    """

    share: int
    floor: int = 0
    cap: int | None = None

    def __post_init__(self) -> None:
        ppm("share", self.share)
        integer("floor", self.floor, 0, 2**62 - 1)
        if self.cap is not None:
            integer("cap", self.cap, self.floor, 2**62 - 1)

    def bid(self, profit: int) -> int:
        """See ``GasPolicy``."""
        amount = max(self.floor, max(0, profit) * self.share // PPM)
        return amount if self.cap is None else min(amount, self.cap)

    def least(self) -> int:
        """See ``GasPolicy``."""
        return self.floor
