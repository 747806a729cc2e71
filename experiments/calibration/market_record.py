"""One form of a market's history, whether it was recorded or simulated.

Everything that is said about a market (``experiments.calibration.facts``) is said of this form, so
that a feed and a tape are measured alike. Prices are in ticks, sizes in lots, times in ns.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.quotes import mid
from lob.types import QUOTE
from lob.units import SECOND_NS

__all__ = ["CHANGE", "MARKET_ORDER", "STEP", "MarketRecord", "keep_last", "windowed"]

STEP = np.dtype(
    [
        ("ts_event", "<i8"),  # ns
        ("message", "<i8"),  # which of the record's messages it is of
        ("order_id", "<i8"),
        ("price", "<i8"),  # ticks; of NEW and REPLACED
        ("size", "<i8"),  # lots; of CANCELLED 0
        ("kind", "u1"),  # experiments.metrics.order_flow.StepKind
        ("told", "?"),  # whether somebody did it; a file that shows a few levels hides the rest
        ("side", "i1"),  # of NEW and REPLACED: 1 bids, -1 asks; else 0
    ]
)
"""The record of something that happened to one resting order."""

MARKET_ORDER = np.dtype(
    [
        ("ts_event", "<i8"),  # ns
        ("size", "<i8"),  # lots that it took, 1 or more
        ("side", "i1"),  # 1: it bought, -1: it sold
        ("before", "<i8"),  # message after which the quote was as it met it, -1: none
        ("after", "<i8"),  # message after which the quote is as it left it
    ]
)
"""The record of an order that traded on arrival: all it took, at whatever prices."""


CHANGE = np.dtype(
    [
        ("ts_event", "<i8"),  # ns
        ("message", "<i8"),  # which of the record's messages it is of; below 0: before the record
        ("price", "<i8"),  # ticks
        ("lots", "<i8"),  # that came to rest at the price, negative: that left it
        ("orders", "<i8"),  # 1: an order came, -1: one is gone; of a level feed always 0
        ("side", "i1"),  # of what rests: 1 bids, -1 asks
        ("cause", "u1"),  # experiments.calibration.changes.ChangeCause
    ]
)
"""The record of lots that came to rest at a price, or left it: the same of orders and of levels."""


@dataclass(frozen=True)
class MarketRecord:
    """The history of one instrument from ``first`` on.

    Attributes
    ----------
    name
        What it is a record of.
    quotes
        ``lob.QUOTE`` rows, one a message: the best bid and ask after it, or, where the venue was in
        the middle of something, those before. Times never fall.
    market_orders
        ``MARKET_ORDER`` rows in order of time.
    steps
        ``STEP`` rows in order of time; ``None``: the record tells sizes of prices, not orders.
    unit_size
        Size of a lot in units of what is traded.
    notes
        What a reader of the numbers must know.
    changes
        ``CHANGE`` rows in order of time, those from before the record included: they are the book
        with which it begins. ``None`` where they were not asked for.
    halts
        From and until when the venue let nothing trade, ns, in order of time.
    """

    name: str
    quotes: NDArray[np.void]
    market_orders: NDArray[np.void]
    steps: NDArray[np.void] | None
    unit_size: float = 1.0
    notes: tuple[str, ...] = ()
    changes: NDArray[np.void] | None = None
    halts: tuple[tuple[int, int], ...] = ()

    @property
    def seconds(self) -> float:
        """The length of the record in seconds."""
        if not len(self.quotes):
            return 0.0
        return float(self.quotes["ts_event"][-1] - self.quotes["ts_event"][0]) / SECOND_NS

    @cached_property
    def mids(self) -> NDArray[np.float64]:
        """The mid after each message in ticks, ``nan`` where a side is empty."""
        return mid(self.quotes)

    def mids_before(self, messages: NDArray[np.int64]) -> NDArray[np.float64]:
        """The mid ahead of messages, in ticks; ``nan`` ahead of the first."""
        return np.where(messages > 0, self.mids[np.maximum(messages - 1, 0)], np.nan)


def keep_last(quotes: NDArray[np.void], settled: NDArray[np.bool_]) -> NDArray[np.void]:
    """Quotes with those that did not last replaced by the last one that did.

    Ahead of the first that lasted both sides are empty.

    Parameters
    ----------
    quotes
        ``lob.QUOTE`` rows.
    settled
        Whether each is one that lasted.
    """
    last = np.maximum.accumulate(np.where(settled, np.arange(len(quotes)), -1))
    kept = quotes[np.maximum(last, 0)]
    kept[last < 0] = np.zeros(1, QUOTE)[0]
    kept["ts_event"] = np.maximum.accumulate(quotes["ts_event"])
    return kept


def windowed(record: MarketRecord, since: int | None = None) -> MarketRecord:
    """The record from the first message that leaves both sides of the book, and not before a time.

    Orders that rest by then are known by their steps from then on only: their ages are not known.

    Parameters
    ----------
    record
        A record from its beginning.
    since
        Time in ns; ``None``: from the beginning.
    """
    fit = ~np.isnan(record.mids)
    if since is not None:
        fit &= record.quotes["ts_event"] >= since
    first = int(np.argmax(fit)) if fit.any() else len(fit)
    orders = record.market_orders[record.market_orders["before"] >= first].copy()
    orders["before"] -= first
    orders["after"] -= first
    steps = record.steps
    if steps is not None:
        steps = steps[steps["message"] > first].copy()
        steps["message"] -= first
    changes = record.changes
    if changes is not None:
        changes = changes.copy()
        changes["message"] -= first
    return MarketRecord(
        record.name, record.quotes[first:], orders, steps, record.unit_size, record.notes,
        changes, record.halts,
    )  # fmt: skip
