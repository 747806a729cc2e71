"""Recorded messages sent again to another book, for extensions that send them elsewhere."""

from libc.stdint cimport int64_t, uint8_t

from lob.book cimport OrderBook
from lob.engine.matching cimport Book
from lob.engine.order_table cimport RestingOrder
from lob.engine.records cimport Event, Message
from lob.feeds._books cimport Print

cdef enum:
    MOST_PRINTS = 64  # that wait for the removal that they explain; the oldest are forgotten
    MOST_FILLS = 64  # of an order that crosses; with more it is not sent whole

cdef struct Waiting:  # a print, less what removals have used of it
    int64_t ts_event
    int64_t price
    int64_t left
    int64_t order_id
    int side  # of the aggressor


cdef struct Fill:  # lots that an order lost to one that crosses
    int64_t order_id
    int64_t lots
    bint whole


cdef class Resubmission:
    cdef readonly OrderBook recorded
    cdef readonly OrderBook live
    cdef Book *target  # the book that history is sent to: the live one; NULL before the fork
    cdef bint collecting  # it does not match now
    cdef readonly bint halted
    cdef readonly bint settled
    cdef readonly int64_t resent
    cdef readonly int64_t aggressors
    cdef readonly int64_t unfilled_aggressors
    cdef readonly int64_t unfilled_lots
    cdef readonly int64_t by_id
    cdef readonly int64_t orphaned_executions
    cdef readonly int64_t orphaned_cancels
    cdef readonly int64_t orphaned_replaces
    cdef readonly int64_t cut_short
    cdef readonly int64_t crossed_adds
    cdef readonly int64_t uncrossed
    cdef readonly int64_t refused
    cdef bint levels
    cdef int64_t window
    cdef double half_life
    cdef double displaced
    cdef int64_t displaced_at
    cdef int64_t ts
    cdef Waiting prints[MOST_PRINTS]
    cdef int waiting
    cdef Message aggressor
    cdef bint held
    cdef Message crosser  # an order that crosses, and waits
    cdef bint crosses
    cdef Fill fills[MOST_FILLS]
    cdef int fill_count
    cdef int64_t filled  # lots that others lost to it
    cdef int64_t lost  # lots that it lost itself
    cdef bint tells_crossing
    cdef int64_t next_id
    cdef int64_t traded  # by the last message sent
    cdef int64_t left  # of it, cancelled at once
    cdef object _events
    cdef Event *events
    cdef int64_t event_count
    cdef int64_t event_room

    cdef int _copy_into(self, Resubmission other) except -1
    cdef int _step(self, const Message *message) except -1
    cdef int _take_in(self, const Message *message) except -1
    cdef int _record(self, const Message *message) except -1
    cdef int _collect(self, int64_t ts_event) except -1
    cdef int _attend(self, int64_t ts_event) except -1
    cdef int _add(self, const Message *message) except -1
    cdef int _remove(
        self, const Message *message, const RestingOrder *before, int64_t price
    ) except -1
    cdef bint _is_first(self, const RestingOrder *order) noexcept
    cdef int _take(self, const Message *message, int64_t lots, bint whole, bint executed) except -1
    cdef int _replace(
        self, const Message *message, const RestingOrder *before, int64_t price
    ) except -1
    cdef bint _waits(self, const Message *message) except -1
    cdef bint _reaches(self, const Message *message) noexcept
    cdef bint _is_fill(
        self, const Message *message, const RestingOrder *before, int64_t price, int64_t lots
    ) except -1
    cdef int _cross(self, int64_t ts_event) except -1
    cdef int _give_up(self, int64_t ts_event) except -1
    cdef void _hear(self, const Print *told) noexcept
    cdef int64_t _printed(
        self, const RestingOrder *order, int64_t price, int64_t lots, int64_t ts_event
    ) noexcept
    cdef int _execute(self, int side, int64_t price, int64_t lots, int64_t ts_event) except -1
    cdef int _flush(self) except -1
    cdef int _cancel(self, int64_t order_id, int64_t ts_event) except -1
    cdef int _session(self, uint8_t session, int64_t ts_event) except -1
    cdef int _send(self, const Message *message) except -1
    cdef int _keep(self, const Event *event) except -1
    cdef int _room(self, int64_t room) except -1
    cdef double _displaced(self, int64_t ts_event) noexcept
    cdef int64_t _shift(self, int64_t ts_event) noexcept
    cdef int64_t _placed(self, int64_t price, int64_t ts_event) noexcept
