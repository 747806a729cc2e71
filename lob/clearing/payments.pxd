"""What margin accounts pay as time passes, and the losses that they share."""

from libc.stdint cimport int64_t

from lob.clearing.cases cimport Cases


cdef class Payments(Cases):
    cdef bint bears_funding(self, int64_t account) noexcept
