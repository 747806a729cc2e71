"""What clearing and liquidation need of the venue they belong to."""

from libc.stdint cimport int64_t

from lob.engine.matching cimport Book
from lob.engine.records cimport Message


cdef class Market:
    cdef readonly int64_t now
    cdef readonly int64_t deadline  # ns: when there is next something to do
    cdef readonly tuple books  # lob.OrderBook, by instrument number
    cdef readonly tuple instruments
    cdef Book **book_of

    cdef bint keeps_entry_values  # some clearing does
    cdef int execute(self, Message *message) except -1
    cdef int touch(self, int64_t account) except -1
    cdef int note_moved(self, int64_t debit, int64_t credit) except -1
    cdef int lacks_margin(self, int64_t account) except -1
    cdef bint may_owe(self, int64_t account, int64_t asset, bint owed) except -1
