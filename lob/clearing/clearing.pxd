"""Margin, and what happens to accounts that lack it."""

from libc.stdint cimport int64_t

from lob.clearing.payments cimport Payments
from lob.engine.records cimport Event, Message


cdef class Clearing(Payments):
    cdef readonly LiquidationEngine liquidation_engine
    cdef list timers
    cdef int64_t timer_due

    cdef int advance(self, int64_t ts) except -1


cdef class LiquidationEngine:
    cdef readonly Clearing clearing
    cdef readonly dict offers  # lob.liquidation.offers.Offer by tag
    cdef readonly list listeners
    cdef public int64_t deadline
    cdef int begin(self, int64_t case) except -1
    cdef int advance(self, int64_t ts) except -1
    cdef int filled(self, int64_t case, const Event *event) except -1
    cdef int perform(self, const Message *message, int64_t account) except -1
