"""What claims are worth, by what backs them."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.ledger cimport Ledger
from lob.clearing.oracle cimport Source

cdef enum:
    SHIFT = 20  # values are cash units a unit, times 2**20

cdef extern from *:
    """
    #define NO_VALUE INT64_MIN
    #define TOO_LARGE INT64_MAX
    """
    const int64_t NO_VALUE
    const int64_t TOO_LARGE  # 2**62 or more


cdef class Valuation:
    cdef readonly object graph  # the ``Claims`` of a venue
    cdef Ledger ledger  # of the venue
    cdef readonly int64_t cash  # asset in which values are
    cdef readonly bint net  # what is pledged elsewhere counts for what it is worth there
    cdef list order  # Claim
    cdef list sources
    cdef dict prices  # Source by name of asset
    cdef Block leaves  # int64: asset, multiplier, last price
    cdef Block values  # int64 by asset
    cdef Block watched  # int64 by instrument
    cdef int64_t postings

    cdef int recompute(self) noexcept
    cdef int64_t value_of(self, int64_t asset) noexcept


cdef class ClaimValue(Source):
    cdef readonly str claim
    cdef readonly str sees
    cdef readonly Valuation valuation
    cdef dict prices
    cdef int64_t asset
    cdef int64_t multiplier
    cdef int64_t read(self) noexcept
