"""What all flows share: their open orders, the best prices they last saw, and their clock."""

from libc.stdint cimport int64_t

from agents.flow.orders cimport OpenOrders
from agents.simulation cimport Participant


cdef class BackgroundFlow(Participant):
    cdef readonly int64_t instrument
    cdef readonly int64_t size
    cdef readonly int64_t last_bid
    cdef readonly int64_t last_ask
    cdef readonly int64_t least_price  # of a limit order, in ticks
    cdef OpenOrders buys
    cdef OpenOrders sells
    cdef double rate  # at which the pending wake-up was drawn, per second
    cdef double rest_of_ns  # what rounding the last wake-up to whole ns left over

    cdef int look(self) except -1
    cdef int limit_order(self, int side, int64_t price) except -1
    cdef int market_order(self, int side) except -1
    cdef int wake_at_rate(self, double rate) except -1
