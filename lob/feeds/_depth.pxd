"""A book that knows orders by id and does not match: what a recorded stream leaves behind."""

from libc.stdint cimport int8_t, int32_t, int64_t

cdef struct Order:
    int64_t order_id
    int64_t key  # side * price: the better the price, the higher, on either side
    int64_t size
    int32_t before  # towards the front of the queue, -1: none
    int32_t after
    int8_t side

cdef struct Level:
    int64_t key
    int64_t size
    int32_t first
    int32_t last

cdef struct Ladder:
    Level *levels  # worst first, so that the ones that change are at the end
    Py_ssize_t count
    Py_ssize_t capacity

cdef struct Slot:
    int64_t order_id
    int32_t number  # of the order, -1: the slot is empty


cdef class Depth:
    cdef Order *orders
    cdef Py_ssize_t capacity
    cdef int32_t unused  # the first of a chain through ``after``
    cdef Slot *slots
    cdef size_t mask
    cdef Py_ssize_t live
    cdef Ladder bids
    cdef Ladder asks

    cdef Ladder *ladder(self, int side) noexcept nogil
    cdef int32_t find(self, int64_t order_id) noexcept nogil
    cdef Level *level(self, int side, int64_t key) noexcept nogil
    cdef int32_t enter(
        self, int64_t order_id, int side, int64_t key, int64_t size
    ) except -1 nogil
    cdef void take(self, int32_t number, int64_t size) noexcept nogil
    cdef void move_behind(self, int32_t number) noexcept nogil
    cdef size_t _slot(self, int64_t order_id) noexcept nogil
    cdef int _grow_orders(self) except -1 nogil
    cdef int _grow_slots(self) except -1 nogil


cdef Py_ssize_t seek(const Ladder *ladder, int64_t key) noexcept nogil
