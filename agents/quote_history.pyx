"""The best bid and ask of a book as they were: what those see who see the market late."""

from libc.stdint cimport int64_t
from libc.string cimport memmove, memset

from lob.engine.block cimport Block
from lob.engine.ladder cimport NO_LEVEL, Ladder
from lob.engine.matching cimport Book, Crossing, find_crossing
from lob.engine.records cimport CONTINUOUS, Quote

import numpy as np

from lob.types import QUOTE


cdef class QuoteHistory:
    """Every change of the best bid and ask of one book, as far back as anybody looks."""

    def __init__(self):
        self.quotes = Block()

    cdef int remember(self, const Quote *quote) except -1:
        """Note a quote, unless it is the last one again."""
        cdef Quote *quotes = <Quote *>self.quotes.data
        if self.count and same_quote(&quotes[self.count - 1], quote):
            return 0
        if sizeof(Quote) * <size_t>(self.count + 1) > self.quotes.nbytes:
            self.forget(quote.ts_event - self.longest_delay)
        (<Quote *>self.quotes.data)[self.count] = quote[0]
        self.count += 1
        return 0

    cdef int forget(self, int64_t before) except -1:
        """Make room: by what was replaced before a time, or with more memory."""
        cdef Quote *quotes = <Quote *>self.quotes.data
        cdef int64_t stale = 0
        while stale + 1 < self.count and quotes[stale + 1].ts_event < before:
            stale += 1
        if 2 * stale > self.count:
            memmove(quotes, quotes + stale, sizeof(Quote) * <size_t>(self.count - stale))
            self.count -= stale
        else:
            self.quotes.reserve(2 * self.quotes.nbytes + 64 * sizeof(Quote))
        return 0

    cdef void read(self, int64_t ts_event, Quote *quote) noexcept:
        """The quote at a time; no quote at all before the first."""
        cdef const Quote *quotes = <const Quote *>self.quotes.data
        cdef int64_t low = 0, high = self.count, middle
        while low < high:
            middle = (low + high) // 2
            if quotes[middle].ts_event <= ts_event:
                low = middle + 1
            else:
                high = middle
        if low:
            quote[0] = quotes[low - 1]
        else:
            memset(quote, 0, sizeof(Quote))

    cdef object rows(self):
        """All of them that were not forgotten, as ``QUOTE`` rows."""
        cdef size_t nbytes = sizeof(Quote) * <size_t>self.count
        return np.frombuffer(bytearray(self.quotes.data[:nbytes] if nbytes else b""), QUOTE)


cdef void quote_of(const Book *book, int64_t now, Quote *quote) noexcept:
    """The best bid and ask of a book now; of one that collects, those about its indicative price.

    In a call orders may cross. What its participants are told then is the price at which it would
    trade: it counts as the best bid, and the next tick as the best ask.
    """
    cdef const Ladder *bids = &book.sides[0]
    cdef const Ladder *asks = &book.sides[1]
    cdef Crossing found
    memset(quote, 0, sizeof(Quote))
    quote.ts_event = now
    if bids.best != NO_LEVEL:
        quote.bid_price = bids.levels[bids.best].price
        quote.bid_size = bids.levels[bids.best].size
    if asks.best != NO_LEVEL:
        quote.ask_price = asks.levels[asks.best].price
        quote.ask_size = asks.levels[asks.best].size
    if book.session == CONTINUOUS or bids.best == NO_LEVEL or asks.best == NO_LEVEL:
        return
    if quote.bid_price >= quote.ask_price:
        found = find_crossing(book, False, 0)
        quote.bid_price, quote.ask_price = found.price, found.price + 1


cdef bint same_quote(const Quote *one, const Quote *other) noexcept:
    return (
        one.bid_price == other.bid_price
        and one.bid_size == other.bid_size
        and one.ask_price == other.ask_price
        and one.ask_size == other.ask_size
    )
