"""The null design, and no design at all."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.clearing cimport Clearing
from lob.clearing.liquidation_engine cimport LiquidationEngine


cdef class MarketSale(LiquidationEngine):
    cdef readonly Clearing clearing
    cdef readonly object sizing
    cdef readonly int64_t delay
    cdef readonly int64_t retry
    cdef Block waiting  # numbers of cases that are not done, in order
    cdef int64_t first
    cdef int64_t count
    cdef int enqueue(self, int64_t case) except -1
    cdef bint work(self, int64_t case) except -1


cdef class Frozen(LiquidationEngine):
    pass
