"""The queues in which isolated accounts wait at the price at which they fail."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.cases cimport Cases
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.engine.ladder cimport Ladder


cdef class FailureQueues:
    cdef readonly MarginAccounts accounts
    cdef readonly MarginExcess excess  # says at which price an account fails
    cdef readonly Cases cases  # is told of those that do
    cdef Block failing  # Failing, of those that fail at one tick
    cdef int join(self, int64_t account) except -1
    cdef int leave(self, int64_t account) noexcept
    cdef int join_all(self, int64_t holding) except -1
    cdef int collect(self, int64_t holding, int cause, int64_t tag) except -1
    cdef int fail_together(
        self, const Ladder *ladder, int64_t holding, int cause, int64_t tag
    ) except -1
    cdef void look_ahead(self, int64_t account) noexcept
    cdef int64_t count_queued(self, const Ladder *ladder) except -1
