"""A constant-product pool."""

from libc.stdint cimport int64_t

from lob.clearing.collateral cimport Claim
from lob.clearing.valuation cimport ClaimValue
from lob.engine.wide cimport int128


cdef class Pool(Claim):
    cdef readonly int64_t fee  # ppm
    cdef readonly int64_t multiplier  # cash units of one lot at one tick
    cdef int128 price_of(self, int side, int64_t size) noexcept
    cdef int swap(
        self, int64_t account, int side, int64_t size, int64_t price, int64_t tag
    ) except -1


cdef class FairShare(ClaimValue):
    pass


cdef class SpotPrice(ClaimValue):
    pass
