"""By how much margin accounts meet their margin, and at which price they fail."""

from libc.stdint cimport int64_t

from lob.clearing.cross cimport Weights
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.engine.wide cimport int128


cdef class MarginExcess:
    cdef readonly MarginAccounts accounts
    cdef readonly object portfolio  # PortfolioMargin; None: cross accounts are backed by rates
    cdef Weights weights
    cdef bint weighed  # weights are of the marks of now
    cdef bint exact_only  # tiers or overflow: one account at a time

    cdef int128 ppm_of(self, int64_t account, bint initial) noexcept
    cdef int128 worst_scenario(self, int64_t account) noexcept
    cdef int64_t liquidation_price_of(self, int64_t account) noexcept
    cdef int set_weights(self) except -1
