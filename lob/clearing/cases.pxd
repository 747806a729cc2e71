"""The accounts that failed: what is known of each, and how it ends."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t

from lob.engine.block cimport Block
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.engine.records cimport LIQUIDATION_TAG, Event

cdef enum:
    # What has become of a liquidation.
    WAITING = 0
    ACTIVE = 1
    SETTLED = 2

cdef struct Case:
    int64_t opened  # ns
    int64_t size  # lots held when it failed, signed
    int64_t cash  # units then
    int64_t mark  # ticks, believed
    int64_t reference  # ticks, true
    int64_t parent  # tag, or 0
    int64_t sold  # lots traded for it in the book
    int64_t received  # units for them, negative if paid
    int64_t due  # ns: when its design looks at it next
    int32_t account  # number in the ledger
    uint16_t holding  # whose mark moved
    uint8_t cause  # lob.Cause
    uint8_t state  # WAITING, ACTIVE or SETTLED
    uint8_t stage  # of its design, from 0


cdef class Cases:
    cdef readonly MarginAccounts accounts
    cdef readonly int64_t total  # so far
    cdef int64_t fresh  # the first case that no design has begun with
    cdef int64_t liquidation_fee  # ppm
    cdef Block block  # Case, by number
    cdef dict takers  # case -> a set of the accounts that took lots over from it
    cdef list in_kind  # claims without a book that accounts may have, the deepest first

    cdef inline Case *case(self, int64_t number) noexcept:
        return &(<Case *>self.block.data)[number]

    cdef inline int64_t tag_of(self, int64_t number) noexcept:
        """The tag of a case: unique over the clearings of a venue."""
        return LIQUIDATION_TAG + (self.accounts.number << 48) + number + 1

    cdef int64_t open(self, int64_t account, int64_t holding, int cause, int64_t tag) except -1
    cdef int64_t take_turn(self) noexcept
    cdef uint8_t layer_of(self, int64_t account) noexcept
    cdef int sell(
        self, int64_t number, int64_t holding, int64_t size, int64_t price, int order_type,
        int time_in_force,
    ) except -1
    cdef bint flat(self, int64_t account) noexcept
    cdef int redeem_in_kind(self, int64_t number) except -1
    cdef int settle(self, int64_t number) except -1
    cdef int close(self, int64_t number, int64_t left, int64_t unsold) except -1
    cdef int release(self, int64_t number) except -1
    cdef int64_t note_trade(
        self, const Event *event, int64_t tag, int64_t buyer, int64_t seller
    ) noexcept
    cdef int note_taker(self, int64_t number, int64_t account) except -1
    cdef bint has_taken(self, int64_t tag, int64_t account) except -1
