"""A forced sale as data: what is sold, when and how, and the child orders that do it in a replay.

The child orders are market orders, for whoever must sell cannot wait for a price. They all carry
one owner and one tag, so that their trades can be found on the tape.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from experiments.studies.sale_style import SaleStyle
from lob import MAX_SIZE, MESSAGE, Kind, OrderType, Side, TimeInForce
from lob.checks import integer
from lob.feeds import PrintKind

__all__ = ["SALE_OWNER", "SALE_TAG", "TWAP_SLICES", "ForcedSale", "SaleOrders", "SaleStyle"]

SALE_OWNER = 1
"""Owner of a sale's orders; historical orders are nobody's: their owner is 0."""

SALE_TAG = 1
"""Tag of a sale's orders."""
FIRST_ORDER_ID = -(2**63)
"""Order ids of a sale go up from here, where no record has any; a replay refuses ids that meet."""

TWAP_SLICES = 60
"""Child orders of a TWAP sale, or single lots if it has fewer; chosen."""


@dataclass(frozen=True, slots=True)
class ForcedSale:
    """Lots of an instrument that must be sold, or bought, from a time on.

    Parameters
    ----------
    size
        Lots, 1 or more.
    at_ns
        When it starts, in ns as the feed's clock has it.
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
        """When the sale ends at the latest, in ns as the feed's clock has it."""
        return self.at_ns + self.over_ns


class SaleOrders:
    """The child orders of a sale, in time order, as a replay asks for them.

    Parameters
    ----------
    sale
        What must be sold. A POV sale has orders as the trades become known that it follows: what
        is due after each is the rate times the volume so far, in whole lots.

    Notes
    -----
    The sizes add up to that of the sale, but for a POV sale that runs out of time.
    """

    def __init__(self, sale: ForcedSale) -> None:
        self.sale = sale
        self._parts: deque[tuple[int, int]] = deque()  # times and sizes still to come
        self._volume = self._due = self._made = 0
        if sale.style is SaleStyle.MARKET:
            self._parts.append((sale.at_ns, sale.size))
        elif sale.style is SaleStyle.TWAP:
            self._parts.extend(_time_weighted(sale))

    def next_ts(self) -> int | None:
        """When the next order of the sale is due, in ns; ``None``: none is, so far."""
        return self._parts[0][0] if self._parts else None

    def take(self, ts: int) -> NDArray[np.void]:
        """Return ``lob.MESSAGE`` rows of all orders of the sale that are due by a time.

        Parameters
        ----------
        ts
            In ns by the feed's clock.
        """
        parts = []
        while self._parts and self._parts[0][0] <= ts:
            parts.append(self._parts.popleft())
        orders = np.zeros(len(parts), MESSAGE)
        orders["ts_event"] = [time for time, _ in parts]
        orders["size"] = [size for _, size in parts]
        orders["order_id"] = FIRST_ORDER_ID + self._made + np.arange(len(parts))
        orders["kind"] = Kind.NEW
        orders["side"] = self.sale.side
        orders["order_type"] = OrderType.MARKET
        orders["time_in_force"] = TimeInForce.IOC
        orders["owner"] = SALE_OWNER
        orders["tag"] = SALE_TAG
        self._made += len(parts)
        return orders

    def heard(self, prints: NDArray[np.void]) -> None:
        """Follow trades of the record, ``lob.feeds.PRINT`` rows, where it is a POV sale."""
        sale = self.sale
        if sale.style is not SaleStyle.POV:
            return
        counted = prints["kind"] == PrintKind.TRADE
        if sale.hidden_counts:
            counted |= prints["kind"] == PrintKind.HIDDEN
        times = prints["ts_event"]
        counted &= (prints["counts"] != 0) & (times >= sale.at_ns) & (times < sale.until_ns)
        told = np.sort(prints[counted], order="ts_event", kind="stable")
        by_time = zip(told["ts_event"].tolist(), told["size"].tolist(), strict=True)
        for time, together in groupby(by_time, key=itemgetter(0)):
            self._volume += sum(size for _, size in together)
            due = min(sale.size, self._volume * sale.rate.numerator // sale.rate.denominator)
            if due > self._due:
                # One nanosecond later: nobody knows of a trade before it is done.
                self._parts.append((time + 1, due - self._due))
                self._due = due


def _time_weighted(sale: ForcedSale) -> Iterable[tuple[int, int]]:
    """Equal parts at equal distances, the first at once; the remainder is spread evenly."""
    slices = min(TWAP_SLICES, sale.size)
    for k in range(slices):
        time = sale.at_ns + k * sale.over_ns // slices
        yield time, (k + 1) * sale.size // slices - k * sale.size // slices
