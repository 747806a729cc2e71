"""A seller that decides nothing itself."""

from libc.stdint cimport int64_t

from agents.simulation cimport Participant

cdef int64_t MOST_LOTS


cdef class SteeredSeller(Participant):
    cdef readonly int64_t instrument
    cdef readonly int64_t inventory  # lots in hand, those that its order offers among them
    cdef readonly int64_t cash  # ticks times lots
    cdef readonly int64_t sold  # lots
    cdef readonly int64_t working  # lots of its order that are still open
    cdef int64_t order_id  # of its latest order
    cdef int64_t next_size  # what it was told: lots,
    cdef int64_t next_price  # ticks,
    cdef bint next_at_market  # or any price

    cdef int decide(self, int64_t size, int64_t price, bint at_market) except -1
