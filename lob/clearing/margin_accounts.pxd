"""The accounts of a clearing: what they have, and how much of it they need."""

from libc.stdint cimport int64_t

from lob.clearing.cross cimport MAX_HOLDINGS, Weights
from lob.clearing.holding cimport HoldingRecord
from lob.clearing.ledger cimport Ledger
from lob.venue.market cimport Market
from lob.engine.wide cimport int128


cdef class MarginAccounts:
    cdef readonly str name
    cdef readonly int64_t number
    cdef readonly Market market
    cdef readonly Ledger ledger
    cdef readonly list holdings  # Holding
    cdef readonly int64_t cash_asset
    cdef readonly int64_t fund  # account of the insurance fund
    cdef readonly int64_t fees  # account
    cdef readonly int64_t shortfall  # account: losses that nobody has borne yet
    cdef readonly int64_t pool  # account: lends, and gets the interest
    cdef readonly int64_t account_total
    cdef readonly object portfolio  # PortfolioMargin or None
    cdef HoldingRecord *records[MAX_HOLDINGS]
    cdef int64_t holding_count
    cdef object ranges  # list of (first account, count)
    cdef Weights weights
    cdef bint weighed  # weights are of the marks of now
    cdef bint exact_only  # tiers or overflow: one account at a time
    cdef bint keeps_entry_values
    cdef tuple configuration  # name of the cash asset, what the fund starts with

    cdef int point_at_records(self) except -1
    cdef int watch_over(self, int64_t first, int64_t count, bint cross) except -1
    cdef int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1
    cdef int128 health_of(self, int64_t account) noexcept
    cdef int128 health_at(self, int64_t account, bint initial) noexcept
    cdef int128 scenario_health(self, int64_t account) noexcept
    cdef int64_t trigger_of(self, int64_t account) noexcept
    cdef int64_t largest(self, int64_t account) noexcept
    cdef int set_weights(self) except -1
