"""Whose an owner number is."""

from libc.stdint cimport int32_t, int64_t, uint32_t

from lob.engine.block cimport Block


cdef class Owners:
    cdef Block slots  # pairs of number and agent, open addressing; agent 0: empty
    cdef uint32_t mask
    cdef uint32_t count
    cdef uint32_t find(self, int32_t owner) noexcept
    cdef int register_range(self, int32_t owner, int64_t members, uint32_t agent) except -1
    cdef uint32_t register(self, int32_t owner, uint32_t agent) except? 0
    cdef int double_slots(self) except -1
