"""The orders of margin accounts: whether they may be sent, and what of them rests."""

from libc.stdint cimport int64_t

from lob.clearing.failure_queues cimport FailureQueues
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.engine.records cimport Event, Message


cdef class OrderChecks:
    cdef readonly MarginAccounts accounts
    cdef readonly MarginExcess excess  # says what an order may use up
    cdef readonly FailureQueues queues  # of which memory is asked for before an order trades
    cdef void fetch(self, int64_t account, int64_t instrument, int64_t side) noexcept
    cdef int admit(self, Message *message, int64_t account) except -1
    cdef int admit_replacement(
        self, Message *message, int64_t account, int64_t resting
    ) except -1
    cdef int admit_other(self, const Message *message, int64_t account) except -1
    cdef int count_working(self, int64_t account, const Event *event, bint resting) except -1
    cdef int recall_orders(self, int64_t account) except -1
