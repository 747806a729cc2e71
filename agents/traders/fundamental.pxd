"""What an asset is worth over time. See ``agents/traders/fundamental.pyx``."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from agents.random cimport Stream


cdef class Fundamental:
    cdef readonly object seed
    cdef readonly str name
    cdef readonly double mean
    cdef readonly double initial
    cdef readonly double reversion
    cdef readonly double volatility
    cdef readonly double jump_rate
    cdef readonly double jump_mean
    cdef readonly double jump_deviation
    cdef readonly int64_t start
    cdef double reversion_ns
    cdef double variance_ns
    cdef int resolution
    cdef double cell_decay
    cdef double cell_deviation
    cdef double decay[64]
    cdef double bridge_weight[64]
    cdef double bridge_deviation[64]
    cdef Stream knot_stream
    cdef Stream jump_stream
    cdef Block knots
    cdef int64_t knot_count
    cdef Block jumps
    cdef int64_t jump_count
    cdef int64_t next_jump

    cdef int prepare(self) except -1
    cdef int extend(self, int64_t cell) except -1
    cdef int64_t gap_after(self, int64_t since) noexcept
    cdef int extend_jumps(self, int64_t since) except -1
    cdef double variance_over(self, double ns) noexcept
    cdef double exact(self, int64_t ts) except? -1
    cdef int64_t at(self, int64_t ts) except -1
    cdef double inside(self, int64_t cell, int64_t offset) noexcept
    cdef double jumped(self, int64_t since) noexcept
