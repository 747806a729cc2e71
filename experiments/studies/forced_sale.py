"""A forced sale as data: what is sold, when and how, and the child orders that do it.

The child orders are market orders, for whoever must sell cannot wait for a price. They all carry
one owner and one tag, so that their trades can be found on the tape.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from lob import MAX_SIZE, MESSAGE, EventKind, Kind, OrderType, Side, TimeInForce
from lob.checks import integer

__all__ = ["SALE_OWNER", "SALE_TAG", "TWAP_SLICES", "ForcedSale", "SaleStyle", "child_orders"]

SALE_OWNER = 1
"""Owner of a sale's orders; historical orders are nobody's: their owner is 0."""

SALE_TAG = 1
"""Tag of a sale's orders."""
FIRST_ORDER_ID = -(2**63)
"""Order ids of a sale go up from here, where no record has any; a replay refuses ids that meet."""

TWAP_SLICES = 60
"""Child orders of a TWAP sale, or single lots if it has fewer; chosen."""


class SaleStyle(StrEnum):
    """How a forced sale is worked."""

    MARKET = "market"
    """All lots at once."""
    TWAP = "twap"
    """Equal parts, evenly in time."""
    POV = "pov"
    """A share of the volume that traded in the market without the sale."""


@dataclass(frozen=True, slots=True)
class ForcedSale:
    """Lots of an instrument that must be sold, or bought, from a time on.

    Parameters
    ----------
    size
        Lots, 1 or more.
    at_ns
        When it starts, in ns since midnight.
    style
        How it is worked.
    over_ns
        How long it may take, in ns: 0 for a market sale, positive for the others.
    rate
        What a POV sale may sell as a share of what the market traded, above 0, at most 1; 10 % is
        chosen.
    side
        ``SELL``, or ``BUY`` for a forced purchase (a short squeezed out).
    hidden_counts
        Whether a POV sale counts executions of hidden orders in the volume that it follows.

    Raises
    ------
    ValueError
        If an argument is out of range, or does not fit the style.
    """

    size: int
    at_ns: int
    style: SaleStyle = SaleStyle.MARKET
    over_ns: int = 0
    rate: Fraction = Fraction(1, 10)
    side: Side = Side.SELL
    hidden_counts: bool = False

    def __post_init__(self) -> None:
        integer("size", self.size, 1, MAX_SIZE)
        if self.style is SaleStyle.MARKET and self.over_ns:
            raise ValueError("a market sale is done at once: it takes no duration")
        if self.style is not SaleStyle.MARKET and self.over_ns <= 0:
            raise ValueError(f"a {self.style} sale needs a duration")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must be above 0 and at most 1, got {self.rate}")
        if self.hidden_counts and self.style is not SaleStyle.POV:
            raise ValueError(f"only a pov sale follows a volume: a {self.style} sale has none")

    @property
    def until_ns(self) -> int:
        """When it ends at the latest, in ns since midnight."""
        return self.at_ns + self.over_ns


def child_orders(
    sale: ForcedSale,
    market: NDArray[np.void],
    *,
    instrument: int = 0,
    hidden: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> NDArray[np.void]:
    """Return the child orders of a sale as ``lob.MESSAGE`` rows, in time order.

    Parameters
    ----------
    sale
        What must be sold.
    market
        The ``lob.EVENT`` tape of the same day without the sale: a POV sale follows its trades.
    instrument
        The number of the book the orders go to.
    hidden
        Times and sizes of executions of hidden orders, which no tape has; they count in the
        volume where the sale says so.

    Returns
    -------
    MESSAGE array
        Its sizes add up to the size of the sale, but for a POV sale that ran out of time. It is
        empty where no volume traded to take part in.
    """
    if sale.style is SaleStyle.MARKET:
        parts: Iterable[tuple[int, int]] = [(sale.at_ns, sale.size)]
    elif sale.style is SaleStyle.TWAP:
        parts = _time_weighted(sale)
    else:
        parts = _share_of_volume(sale, market, hidden if sale.hidden_counts else None)
    times_and_sizes = list(parts)
    orders = np.zeros(len(times_and_sizes), MESSAGE)
    orders["ts_event"] = [time for time, _ in times_and_sizes]
    orders["size"] = [size for _, size in times_and_sizes]
    orders["order_id"] = FIRST_ORDER_ID + np.arange(len(orders))
    orders["kind"] = Kind.NEW
    orders["side"] = sale.side
    orders["order_type"] = OrderType.MARKET
    orders["time_in_force"] = TimeInForce.IOC
    orders["owner"] = SALE_OWNER
    orders["tag"] = SALE_TAG
    orders["instrument"] = instrument
    return orders


def _time_weighted(sale: ForcedSale) -> Iterable[tuple[int, int]]:
    """Equal parts at equal distances, the first at once; the remainder is spread evenly."""
    slices = min(TWAP_SLICES, sale.size)
    for k in range(slices):
        time = sale.at_ns + k * sale.over_ns // slices
        yield time, (k + 1) * sale.size // slices - k * sale.size // slices


def _share_of_volume(
    sale: ForcedSale,
    market: NDArray[np.void],
    hidden: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
) -> Iterable[tuple[int, int]]:
    """After each trade of the market, what is due by then: rate times volume, in whole lots."""
    trades = market[market["kind"] == EventKind.TRADE]
    times, sizes = trades["ts_event"], trades["size"]
    if hidden is not None:
        times, sizes = np.append(times, hidden[0]), np.append(sizes, hidden[1])
        order = np.argsort(times, kind="stable")
        times, sizes = times[order], sizes[order]
    meanwhile = (times >= sale.at_ns) & (times < sale.until_ns)
    volume = sold = 0
    by_time = zip(times[meanwhile].tolist(), sizes[meanwhile].tolist(), strict=True)
    for time, together in groupby(by_time, key=itemgetter(0)):
        volume += sum(size for _, size in together)
        due = min(sale.size, volume * sale.rate.numerator // sale.rate.denominator)
        if due > sold:
            # One nanosecond later: nobody knows of a trade before it is done.
            yield time + 1, due - sold
            sold = due
