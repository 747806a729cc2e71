"""The accounts that failed: what is known of each, and how it ends."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t

from lob.engine.block cimport Block
from lob.clearing.order_checks cimport OrderChecks
from lob.engine.records cimport Event

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
    int32_t account
    uint16_t holding  # whose mark moved
    uint8_t cause
    uint8_t state
    uint8_t stage


cdef class Cases(OrderChecks):
    cdef Block case_block
    cdef int64_t case_total
    cdef int64_t fresh  # the first case that no design has begun with
    cdef int64_t liquidation_fee  # ppm
    cdef list redeems_in_kind  # claims without a book that its accounts may have, the deepest first

    cdef inline Case *case(self, int64_t number) noexcept:
        return &(<Case *>self.case_block.data)[number]

    cdef uint8_t layer_of(self, int64_t account) noexcept
    cdef int64_t tag_of(self, int64_t case) noexcept
    cdef int sell(
        self, int64_t number, int64_t holding, int64_t size, int64_t price, int order_type,
        int time_in_force,
    ) except -1
    cdef bint flat(self, int64_t account) noexcept
    cdef int redeem_in_kind(self, int64_t number) except -1
    cdef int settle_case(self, int64_t number) except -1
    cdef int close_case(self, int64_t number, int64_t left, int64_t unsold) except -1
    cdef int release(self, int64_t number) except -1
    cdef int trade_for_case(
        self, const Event *event, int64_t tag, int64_t buyer, int64_t seller
    ) except -1
    cdef int filled(self, int64_t number, const Event *event) except -1
