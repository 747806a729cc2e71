"""Momentum traders: they buy when the short average of the mid is above the long one."""

cimport cython
from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block
from agents.traders.population cimport Population
from agents.traders.sizes cimport SizeMixture
from lob.engine.records cimport BUY, SELL, Quote
from lob.units cimport SECOND_NS

from lob.checks import real
from lob import checks

__all__ = ["MomentumTraders"]


@cython.auto_pickle(True)
cdef class MomentumTraders(Population):
    """Traders who follow two moving averages of the mids that they themselves have seen.

    A trader wakes up at exponential gaps, the first one after the opening, and asks for the best
    bid and ask. Once it has seen more than ``long_window`` mids, it buys at the best ask if the
    average of the last ``short_window`` of them is at least that of the last ``long_window``, else
    it sells at the best bid. It never cancels.

    Parameters
    ----------
    name, members, **arguments
        As for ``Population``.
    sizes : SizeMixture
        Sizes of the orders, in lots.
    mean_gap : float
        Mean gap between two wake-ups of one trader in seconds, above 0.
    short_window, long_window : int
        Lengths of the averages in mids: ``1 <= short_window <= long_window <= 65536``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly SizeMixture sizes
    cdef readonly double mean_gap
    cdef readonly int64_t short_window
    cdef readonly int64_t long_window
    cdef Block mids  # by member: how many were seen, then a ring of the last, each doubled

    def __init__(
        self,
        name,
        members,
        *,
        SizeMixture sizes not None,
        mean_gap,
        short_window=20,
        long_window=50,
        **arguments,
    ):
        Population.__init__(self, name, members, **arguments)
        self.sizes = sizes
        self.mean_gap = real("mean_gap", mean_gap, above=0)
        self.long_window = checks.integer("long_window", long_window, 1, 2**16)
        self.short_window = checks.integer("short_window", short_window, 1, self.long_window)

    cdef int join(self) except -1:
        Population.join(self)
        self.mids = Block()
        self.mids.reserve(sizeof(int64_t) * self.members * (1 + self.long_window))
        return 0

    cdef int start(self) except -1:
        cdef int64_t member
        for member in range(self.members):
            self.wake_within(member, SECOND_NS * self.mean_gap)
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        return self.ask_touch(payload) if self.is_open() else 0

    cdef int told(self, const Quote *quote, uint32_t member) except -1:
        cdef int64_t *seen = <int64_t *>self.mids.data + member * (1 + self.long_window)
        cdef int64_t *ring = seen + 1
        cdef int64_t size, i, all_sum = 0, last_sum = 0
        if not self.is_open():
            return 0
        self.wake_within(member, SECOND_NS * self.mean_gap)
        if not (quote.bid_size and quote.ask_size):
            return 0
        ring[seen[0] % self.long_window] = quote.bid_price + quote.ask_price
        seen[0] += 1
        if seen[0] <= self.long_window:
            return 0
        for i in range(self.long_window):
            all_sum += ring[i]
        for i in range(seen[0] - self.short_window, seen[0]):
            last_sum += ring[i % self.long_window]
        size = self.sizes.sample(self.stream_of(member))
        if size == 0:
            return 0
        # The averages compared as whole numbers: no rounding.
        if last_sum * self.long_window >= all_sum * self.short_window:
            self.limit_order(member, BUY, size, quote.ask_price, 0)
        else:
            self.limit_order(member, SELL, size, quote.bid_price, 0)
        return 0
