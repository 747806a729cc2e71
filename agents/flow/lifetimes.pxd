"""How long an order stays, by a hazard that depends on its age."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from agents.flow.choice cimport Choice

cdef struct Stage:
    double begins  # age in seconds
    double rate  # cancellations a second from there on
    double passed  # integral of the rate up to there


cdef class Lifetimes:
    cdef int64_t count
    cdef Block stages  # Stage
    cdef Choice present  # in which stage an order is that is met at a random time
    cdef readonly double mean  # seconds
    cdef double until(self, double luck, double age) noexcept
    cdef double age_of(self, double luck, double other) noexcept
