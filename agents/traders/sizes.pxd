"""How large an order is: a mixture of distributions. See ``agents/traders/sizes.pyx``."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from agents.random cimport Stream


cdef class SizeMixture:
    cdef readonly tuple components
    cdef Block table
    cdef int64_t sample(self, Stream *stream) noexcept nogil
