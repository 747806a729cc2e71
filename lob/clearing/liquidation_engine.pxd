"""What is done with accounts that fail: what a clearing asks of it."""

from libc.stdint cimport int64_t

from lob.engine.records cimport Event, Message


cdef class LiquidationEngine:
    cdef readonly dict offers  # lob.liquidation.offers.Offer by tag
    cdef readonly list listeners  # lob.liquidation.offers.OfferListener
    cdef public int64_t deadline  # ns: when it has something to do next
    cdef int belong_to(self, object clearing) except -1
    cdef int begin(self, int64_t case) except -1
    cdef int advance(self, int64_t ts) except -1
    cdef int filled(self, int64_t case, const Event *event) except -1
    cdef int perform(self, const Message *message, int64_t account) except -1
