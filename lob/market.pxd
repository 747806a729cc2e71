"""What clearing and liquidation need of the venue they belong to."""

from libc.stdint cimport int64_t

from lob.matching cimport Book
from lob.records cimport Message


cdef class Market:
    cdef readonly int64_t now
    cdef readonly list books  # lob.OrderBook, by instrument number
    cdef readonly tuple instruments
    cdef Book **book_of

    cdef int execute(self, Message *message) except -1
