"""Many traders as one participant. See ``agents/traders/population.pyx``."""

from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block
from agents.random cimport Stream
from agents.simulation cimport Participant


cdef class Population(Participant):
    cdef readonly int64_t instrument
    cdef readonly int64_t opens
    cdef readonly int64_t closes
    cdef Block streams  # by member: Stream
    cdef Block latency_streams  # by member: Stream; None where no latency is random
    cdef Block delays_out  # by member: int64 ns; None unless the way out is a Distance
    cdef Block delays_back
    cdef Block sent  # by member: int64 orders so far

    cdef Block named_streams(self, uint32_t purpose)
    cdef Block distances(self, object latency)
    cdef inline Stream *stream_of(self, uint32_t member) noexcept:
        return &(<Stream *>self.streams.data)[member]
    cdef int64_t random_delay(self, object latency, uint32_t member) noexcept
    cdef bint is_open(self) noexcept
    cdef int wake_within(self, uint32_t member, double mean_ns) except -1
    cdef int ask_touch(self, uint32_t member) except -1
    cdef int64_t next_id(self, uint32_t member) noexcept
    cdef int limit_order(
        self, uint32_t member, int side, int64_t size, int64_t price, int64_t tag
    ) except -1
    cdef int cancel_of(self, uint32_t member, int64_t order_id) except -1
