"""A liquidation design whose decisions are made in Python."""

from libc.stdint cimport int64_t

from lob.clearing.clearing cimport Liquidator


cdef class Design(Liquidator):
    cdef list due  # a heap of (time, order of entry, case)
    cdef int64_t entered
    cdef int next_due(self) except -1
