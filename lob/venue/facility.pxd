"""Something of the venue's own that participants exchange assets with."""

from libc.stdint cimport int64_t

from lob.clearing.ledger cimport Ledger
from lob.venue.market cimport Market
from lob.engine.records cimport Message

cdef enum:
    MAX_LEGS = 16

cdef struct Leg:
    int64_t asset
    int64_t account  # the other side
    int64_t amount  # units to the participant; negative: it gives
    bint owed  # what it takes over is a debt or a short position: need not be covered


cdef class Facility:
    cdef readonly Market market
    cdef readonly Ledger ledger
    cdef readonly str name
    cdef readonly int64_t number
    cdef public int64_t deadline  # ns
    cdef readonly int64_t left  # units that the latest message asked for and did not get
    cdef int perform(self, const Message *message, int64_t account) except -1
    cdef int advance(self, int64_t ts) except -1
    cdef int exchange(
        self, int kind, int64_t account, const Leg *legs, int64_t count, int64_t tag
    ) except -1
    cdef int refusal(self, int64_t account, const Leg *legs, int64_t count) except -1
    cdef bint can_hold(self, int64_t held, int64_t more) noexcept
    cdef int post_legs(
        self, int kind, int64_t account, const Leg *legs, int64_t count, int64_t tag
    ) except -1
