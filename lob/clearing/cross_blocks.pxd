"""The accounts whose holdings back each other, looked at in blocks."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.cases cimport Cases
from lob.clearing.cross cimport MAX_HOLDINGS, CrossBlock
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess


cdef class CrossBlocks:
    cdef readonly MarginAccounts accounts
    cdef readonly MarginExcess excess  # says which of them lack margin
    cdef readonly Cases cases  # is told of those that do
    cdef Block memory  # CrossBlock, in the order of accounts
    cdef Block failing  # Failing, of those that fail at one look
    cdef int64_t count
    cdef int64_t low[MAX_HOLDINGS]  # ticks: marks within all of these leave every account safe
    cdef int64_t high[MAX_HOLDINGS]

    cdef inline CrossBlock *block(self, int64_t number) noexcept:
        return &(<CrossBlock *>self.memory.data)[number]

    cdef inline bint may_fail(self, int64_t holding) noexcept:
        """Whether the mark of a holding has left the bounds of some block."""
        return self.count and not (
            self.low[holding] <= self.accounts.records[holding].mark <= self.high[holding]
        )

    cdef int add(self, int64_t first, int64_t count) except -1
    cdef CrossBlock *block_of(self, int64_t account) noexcept
    cdef int open_bounds(self, CrossBlock *block) noexcept
    cdef int open_all_bounds(self) noexcept
    cdef int review(self, int64_t holding, int cause, int64_t tag) except -1
    cdef bint is_outside(self, const CrossBlock *block) noexcept
    cdef int narrow(self, const CrossBlock *block) noexcept
    cdef int64_t find_failing(self, const CrossBlock *block, int64_t before) except -1
    cdef int set_bounds(self, CrossBlock *block) except -1
