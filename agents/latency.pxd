"""How long a message is under way. See ``agents/latency.pyx``."""

cimport cython
from libc.stdint cimport int64_t

from agents.random cimport Stream


cdef class Latency:
    cdef readonly bint overtaking
    cdef bint varies  # from one message to the next
    cdef int64_t sample(self, Stream *stream) noexcept nogil


cdef class Constant(Latency):
    cdef readonly int64_t ns


cdef class Uniform(Latency):
    cdef readonly int64_t low
    cdef readonly int64_t high


cdef class LogNormal(Latency):
    cdef readonly int64_t median_ns
    cdef readonly double sigma


cdef class Exponential(Latency):
    cdef readonly int64_t mean_ns
    cdef readonly int64_t least


@cython.final
cdef class Distance:
    cdef readonly double length_metres
    cdef readonly double speed
    cpdef int64_t between(self, double place_a, double place_b) noexcept
    cdef double place_of(self, Stream *stream) noexcept nogil


cdef inline bint needs_a_line(Latency latency) noexcept:
    """Whether later messages have to wait for those before them."""
    return latency.varies and not latency.overtaking
