"""Which accounts fail when a mark moves, or when they trade, pay or are paid."""

from libc.stdint cimport int64_t

from lob.clearing.cases cimport Cases
from lob.clearing.cross_blocks cimport CrossBlocks
from lob.clearing.failure_queues cimport FailureQueues
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess


cdef class FailureIndex:
    cdef readonly MarginAccounts accounts
    cdef readonly MarginExcess excess
    cdef readonly Cases cases  # is told of the accounts that fail
    cdef readonly FailureQueues queues  # isolated accounts
    cdef readonly CrossBlocks blocks  # cross accounts
    cdef int add(self, int64_t first, int64_t count) except -1
    cdef int touched(self, int64_t account, int cause) except -1
    cdef int touched_together(self, accounts, int cause) except -1
    cdef int released(self, int64_t account) except -1
    cdef int await_price(self, int64_t account) noexcept
    cdef int mark_moved(self, int64_t holding, int cause, int64_t tag) except -1
    cdef int look_again(self, int cause) except -1
    cdef int reindex(self, int cause) except -1
