"""How much a bot bids for room in a block."""

from dataclasses import dataclass
from typing import Protocol

from lob.checks import integer, ppm
from lob.units import PPM

__all__ = ["FixedGas", "GasPolicy", "ProfitShare"]


class GasPolicy(Protocol):
    """A rule for what a bot bids for the inclusion of a transaction in a block."""

    def bid(self, profit: int) -> int:
        """Cash units to bid for a transaction that is to bring ``profit`` units before gas."""
        ...

    def least(self) -> int:
        """The smallest bid of this policy in cash units: a fixed cost when an offer is valued."""
        ...


@dataclass(frozen=True)
class FixedGas:
    """A gas policy: always the same bid, as of keepers in March 2020 that did not raise theirs.

    Parameters
    ----------
    amount
        Cash units a transaction, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    amount: int = 0

    def __post_init__(self) -> None:
        integer("amount", self.amount, 0, 2**62 - 1)

    def bid(self, profit: int) -> int:
        """Cash units that this policy bids, by the expected profit: see ``GasPolicy.bid``."""
        return self.amount

    def least(self) -> int:
        """The smallest bid of this policy in cash units."""
        return self.amount


@dataclass(frozen=True)
class ProfitShare:
    """A gas policy: a share of the expected profit, rounded down, between two bounds.

    Parameters
    ----------
    share
        0 to 1,000,000 ppm of the profit.
    floor
        Least bid in cash units, 0 or more.
    cap
        Largest bid in cash units, at least ``floor``; ``None``: no upper bound.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
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
        """Cash units that this policy bids, by the expected profit: see ``GasPolicy.bid``."""
        amount = max(self.floor, max(0, profit) * self.share // PPM)
        return amount if self.cap is None else min(amount, self.cap)

    def least(self) -> int:
        """The smallest bid of this policy in cash units."""
        return self.floor
