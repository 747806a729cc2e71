"""The compiled book, for extensions that drive it without Python."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from lob.engine.guard cimport Guard
from lob.engine.ladder cimport Level
from lob.engine.matching cimport Book
from lob.engine.order_table cimport RestingOrder
from lob.engine.records cimport Message, Quote


cdef class OrderBook:
    cdef Book book
    cdef Guard guard  # that of its venue, if it has one
    cdef int address(
        self, Message *message, uint8_t kind, object order_id, object ts_event
    ) except -1
    cdef int refer_to(self, Message *message, object reference_price) except -1
    cdef int check_message(self, const Message *message) except -1
    cdef Outcome apply_one(self, const Message *message)
    cdef int apply_batch(self, const Message *rows, int64_t count, Quote *quotes) except -1
    cdef int describe_safely(self, Outcome outcome, int64_t order_id) except -1
    cdef int describe_outcome(self, Outcome outcome, int64_t order_id) except -1
    cdef uint32_t find(self, object order_id) except? 0
    cdef int64_t check_level(self, int side, uint32_t at, uint64_t key) except -1
    cdef int64_t check_queue(
        self, int side, const Level *level, int order_type, uint32_t at
    ) except -1
    cdef Level *queue_of(self, const RestingOrder *resting) noexcept
    cdef int fill(self, orders, seq, session, band, used_ids) except -1
    cdef OrderBook twin(self)


cdef class Outcome:
    cdef readonly bint accepted
    cdef readonly int64_t filled
    cdef readonly int64_t leaves
    cdef readonly tuple trades
    cdef int _reason
