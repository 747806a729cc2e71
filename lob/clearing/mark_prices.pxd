"""The marks of a clearing's holdings: when they move, and who hears of it."""

from libc.stdint cimport int64_t

from lob.clearing.failure_index cimport FailureIndex
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.oracle cimport Oracle
from lob.engine.records cimport Event


cdef class MarkPrices:
    cdef readonly MarginAccounts accounts
    cdef readonly FailureIndex index  # looks at accounts when a mark moves
    cdef readonly int64_t deadline  # ns: when an oracle has something to do next
    cdef int observe(
        self, int64_t ts, int64_t instrument, const Event *events, int64_t count
    ) except -1
    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1
    cdef bint take(self, int64_t holding, Oracle oracle, bint moved) noexcept
    cdef bint advance(self, int64_t ts) except -1
    cdef int64_t find_deadline(self) noexcept
    cdef int several_moved(self, const bint *moved) except -1
    cdef int moved(self, int64_t holding, int cause, int64_t tag) except -1
