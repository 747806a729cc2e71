"""The best bid and ask of a book as they were."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.engine.matching cimport Book
from lob.engine.records cimport Quote

cdef void quote_of(const Book *book, int64_t now, Quote *quote) noexcept


cdef class QuoteHistory:
    cdef Block quotes
    cdef int64_t count
    cdef int64_t longest_delay  # ns: nobody looks further back
    cdef int remember(self, const Quote *quote) except -1
    cdef int forget(self, int64_t before) except -1
    cdef void read(self, int64_t ts_event, Quote *quote) noexcept
    cdef object rows(self)
