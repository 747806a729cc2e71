"""What takes part in the comparison, and the two ways in which Firesale does."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

import lob
from benchmarks.mixes import Mix

__all__ = ["Contender", "Firesale", "FiresaleFresh", "Loaded", "Start", "Touch"]

Touch = tuple[int, int]
"""The best bid and the best ask, in ticks."""


class Loaded(NamedTuple):
    """A book that holds a mix's preload."""

    run: Callable[[], object]
    """Handles the timed messages, once: this is what is timed."""
    touch: Callable[[], Touch]
    """Tells, after the run, whether the book ended where it should."""


Start = Callable[[], Loaded]


class Contender(Protocol):
    """One order book in the comparison."""

    name: str
    note: str
    limit: int | None
    """The most messages to time, where the peer is too slow for all of them."""

    def prepare(self, mix: Mix, out: NDArray[np.void]) -> Start:
        """Convert a mix; ``out`` is a buffer for the events, for who writes them."""

    def pairs(self, mix: Mix, price: int) -> Callable[[int], None] | None:
        """Add and cancel a bid at ``price`` so many times from Python, beside the preload."""


class Firesale:
    """``process`` into a buffer that is reused."""

    name = "firesale"
    note = "one call; matches, returns every event"
    limit: int | None = None
    reuse = True

    def prepare(self, mix: Mix, out: NDArray[np.void]) -> Start:
        """See ``Contender``."""
        buffer = out if self.reuse else None

        def start() -> Loaded:
            book = lob.OrderBook()
            book.process(mix.preload, out=out)
            return Loaded(
                lambda: book.process(mix.timed, out=buffer),
                lambda: (book.best_bid or 0, book.best_ask or 0),
            )

        return start

    def pairs(self, mix: Mix, price: int) -> Callable[[int], None] | None:
        """See ``Contender``."""
        if not self.reuse:
            return None
        book = lob.OrderBook()
        book.process(mix.preload)
        submit, cancel, buy = book.submit, book.cancel, lob.Side.BUY

        def run(count: int) -> None:
            for order_id in range(-count, 0):
                submit(order_id=order_id, side=buy, price=price, size=10, owner=7)
                cancel(order_id)

        return run


class FiresaleFresh(Firesale):
    """``process`` into memory that is new for every call."""

    name = "firesale, new result"
    note = "the same, into a newly allocated array"
    reuse = False
