"""Which accounts fail when prices move, or when they trade, pay or are paid."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.cross cimport MAX_HOLDINGS, CrossBlock
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.engine.records cimport Event


cdef class WatchedAccounts(MarginAccounts):
    cdef public int64_t deadline
    cdef Block watch  # int64 an instrument: the holding sold there, or -1
    cdef Block cross_blocks
    cdef int64_t cross_count
    cdef int64_t low[MAX_HOLDINGS]
    cdef int64_t high[MAX_HOLDINGS]
    cdef bint watches_claims  # some price is made of balances

    cdef int64_t open_case(
        self, int64_t account, int64_t holding, int cause, int64_t tag
    ) except -1
    cdef int reset_deadline(self) noexcept
    cdef int link(self, int64_t account) except -1
    cdef int unlink(self, int64_t account) noexcept
    cdef int touched(self, int64_t account, int cause) except -1
    cdef int reindex_all(self, int cause) except -1
    cdef int queue_all(self, int64_t holding) except -1
    cdef void look_ahead(self, int64_t account) noexcept
    cdef int look_again(self, int cause) except -1
    cdef int add_blocks(self, int64_t first, int64_t count) except -1
    cdef CrossBlock *block_of(self, int64_t account) noexcept
    cdef int open_bounds(self, CrossBlock *block) except -1
    cdef int review(self, int64_t holding, int cause, int64_t tag) except -1
    cdef int guard(self, CrossBlock *block) except -1
    cdef int64_t holding_of(self, int64_t instrument) noexcept
    cdef int observe(
        self, int64_t ts, int64_t instrument, const Event *events, int64_t count
    ) except -1
    cdef int marks_moved(self, const bint *moved) except -1
    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1
    cdef int mark_moved(self, int64_t holding, int cause, int64_t tag) except -1
    cdef int collect(self, int64_t holding, int cause, int64_t tag) except -1
