"""Where makers place a limit order."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block


cdef class Placement:
    cdef readonly double gap  # ticks
    cdef readonly double least_gap  # ticks
    cdef readonly double join
    cdef readonly double undercut
    cdef readonly double reach
    cdef Block distances  # int64_t: ticks behind the best price
    cdef int64_t count  # of them
    cdef int64_t price(
        self, int side, double fair, int64_t best, int64_t other, double where, double far
    ) noexcept
