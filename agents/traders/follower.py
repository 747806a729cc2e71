"""A trader who knows the price from elsewhere, and trades a book towards it."""

from collections.abc import Sequence
from itertools import pairwise

from agents.agent import Agent
from lob import Side, TimeInForce
from lob.checks import integer
from lob.units import SECOND_NS

__all__ = ["PriceFollower", "checked_path"]


def checked_path(times: Sequence[int], prices: Sequence[int]) -> tuple[list[int], list[int]]:
    """Check a price over time, and return its times and prices.

    Parameters
    ----------
    times, prices
        Times in ns, rising, and the price in ticks, 1 or more, from each of them on.

    Raises
    ------
    TypeError, ValueError
        If one is outside its range, times do not rise, or prices are not as many.
    """
    found = [integer("times", one, 0) for one in times]
    levels = [integer("prices", one, 1) for one in prices]
    if not found or len(found) != len(levels):
        raise ValueError(
            f"times and prices must be as many, at least one, got {len(found)} and {len(levels)}"
        )
    if any(a >= b for a, b in pairwise(found)):
        raise ValueError("times must rise")
    return found, levels


class PriceFollower(Agent):
    """A trader that trades a book towards a series of prices from outside.

    It buys what is offered below them, and sells what is bid above.
    It is the arbitrage with a larger market where the price is made: recorded prices drive a
    simulated book through it, as hard as it has lots.

    Parameters
    ----------
    name
        Identity of the trader.
    times, prices
        Times in ns, rising, and the price in ticks, 1 or more, from each of them on.
    instrument
        Number of the book.
    interval
        ns between looks, 1 or more; it also looks at each change.
    most
        Largest number of lots that it trades at one look, 1 or more.
    tolerance
        Ticks that the best quote may be off before it trades, 0 or more.
    owner
        See ``Participant``.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, times do not rise, or prices are not as many.
    """

    def __init__(
        self,
        name: str,
        *,
        times: Sequence[int],
        prices: Sequence[int],
        instrument: int = 0,
        interval: int = SECOND_NS,
        most: int = 1_000,
        tolerance: int = 0,
        owner: int | None = None,
    ) -> None:
        super().__init__(name, owner=owner)
        self.times, self.prices = checked_path(times, prices)
        self.instrument = integer("instrument", instrument, 0)
        self.interval = integer("interval", interval, 1)
        self.most = integer("most", most, 1)
        self.tolerance = integer("tolerance", tolerance, 0)
        self.at = -1

    def on_start(self) -> None:
        """Hook: the run begins; wait for the first price."""
        self.wake_in(max(0, self.times[0] - self.now))

    def on_wake(self) -> None:
        """Hook: trade towards the price of now."""
        while self.at + 1 < len(self.times) and self.times[self.at + 1] <= self.now:
            self.at += 1
        price = self.prices[max(0, self.at)]
        bid, ask = self.best_bid(self.instrument), self.best_ask(self.instrument)
        if ask is not None and ask < price - self.tolerance:
            self._trade(Side.BUY, price)
        elif bid is not None and bid > price + self.tolerance:
            self._trade(Side.SELL, price)
        self.wake_in(self._pause())

    def _trade(self, side: Side, price: int) -> None:
        self.submit(
            side, self.most, price, instrument=self.instrument, time_in_force=TimeInForce.IOC
        )

    def _pause(self) -> int:
        """Time to the next look, or to the next price if that is sooner, in ns."""
        if self.at + 1 < len(self.times):
            return max(1, min(self.interval, self.times[self.at + 1] - self.now))
        return self.interval
