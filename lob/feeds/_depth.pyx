"""A book that knows orders by id and does not match: what a recorded stream leaves behind.

Two uses: to hold a recorded stream against the recorded book, and to follow the events of the
matching engine. Levels lie in one sorted array a side, best last: order flow concentrates at the
best few prices, so a search from the end takes a step or two and an insertion moves little.
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memmove

cdef enum:
    NEAR = 16  # levels to look through one by one before halving


cdef Py_ssize_t seek(const Ladder *ladder, int64_t key) noexcept nogil:
    """The index of the first level that is not worse than ``key``."""
    cdef const Level *levels = ladder.levels
    cdef Py_ssize_t high = ladder.count
    cdef Py_ssize_t low, middle
    cdef Py_ssize_t near = high - NEAR if high > NEAR else 0
    while high > near and levels[high - 1].key >= key:
        high -= 1
    if high > near or high == 0:
        return high
    low = 0
    while low < high:
        middle = (low + high) >> 1
        if levels[middle].key < key:
            low = middle + 1
        else:
            high = middle
    return low


cdef class Depth:
    """Orders by id, in queues, in levels, on two sides."""

    def __cinit__(self):
        self.unused = -1
        self._grow_orders()
        self._grow_slots()

    def __dealloc__(self):
        free(self.orders)
        free(self.slots)
        free(self.bids.levels)
        free(self.asks.levels)

    cdef Ladder *ladder(self, int side) noexcept nogil:
        return &self.bids if side > 0 else &self.asks

    cdef int32_t find(self, int64_t order_id) noexcept nogil:
        """The number of the order with this id, or -1."""
        return self.slots[self._slot(order_id)].number

    cdef Level *level(self, int side, int64_t key) noexcept nogil:
        """The level at ``key``, or null."""
        cdef Ladder *ladder = self.ladder(side)
        cdef Py_ssize_t i = seek(ladder, key)
        if i < ladder.count and ladder.levels[i].key == key:
            return &ladder.levels[i]
        return NULL

    cdef int32_t enter(
        self, int64_t order_id, int side, int64_t key, int64_t size
    ) except -1 nogil:
        """A new order at the end of its queue. Its id must not be in use."""
        cdef Ladder *ladder = self.ladder(side)
        cdef Py_ssize_t i = seek(ladder, key)
        cdef int32_t number = self.unused
        cdef Level *level
        cdef Order *order
        cdef Slot *slot
        if number < 0:
            self._grow_orders()
            number = self.unused
        if 2 * self.live > <Py_ssize_t>self.mask:
            self._grow_slots()
        if i == ladder.count or ladder.levels[i].key != key:
            insert(ladder, i, key)
        order = &self.orders[number]
        self.unused = order.after
        level = &ladder.levels[i]
        order.order_id, order.key, order.size, order.side = order_id, key, size, side
        order.before, order.after = level.last, -1
        if level.last < 0:
            level.first = number
        else:
            self.orders[level.last].after = number
        level.last = number
        level.size += size
        slot = &self.slots[self._slot(order_id)]
        slot.order_id, slot.number = order_id, number
        self.live += 1
        return number

    cdef void take(self, int32_t number, int64_t size) noexcept nogil:
        """Take lots off an order. One with none left is gone, and so is an empty level."""
        cdef Order *order = &self.orders[number]
        cdef Ladder *ladder = self.ladder(order.side)
        cdef Py_ssize_t i = seek(ladder, order.key)
        cdef Level *level = &ladder.levels[i]
        level.size -= size
        order.size -= size
        if order.size > 0:
            return
        if order.before < 0:
            level.first = order.after
        else:
            self.orders[order.before].after = order.after
        if order.after < 0:
            level.last = order.before
        else:
            self.orders[order.after].before = order.before
        if level.first < 0:
            ladder.count -= 1
            memmove(level, level + 1, (ladder.count - i) * sizeof(Level))
        vacate(self.slots, self.mask, self._slot(order.order_id))
        order.after = self.unused
        self.unused = number
        self.live -= 1

    cdef void move_behind(self, int32_t number) noexcept nogil:
        """To the end of its queue."""
        cdef Order *order = &self.orders[number]
        cdef Level *level = self.level(order.side, order.key)
        if order.after < 0:
            return
        self.orders[order.after].before = order.before
        if order.before < 0:
            level.first = order.after
        else:
            self.orders[order.before].after = order.after
        self.orders[level.last].after = number
        order.before, order.after = level.last, -1
        level.last = number

    cdef size_t _slot(self, int64_t order_id) noexcept nogil:
        """Where an id is, or where it would go."""
        cdef size_t at = home(order_id, self.mask)
        while self.slots[at].number >= 0 and self.slots[at].order_id != order_id:
            at = (at + 1) & self.mask
        return at

    cdef int _grow_orders(self) except -1 nogil:
        cdef Py_ssize_t capacity = 2 * self.capacity or 1024
        cdef Order *orders = <Order *>realloc(self.orders, capacity * sizeof(Order))
        cdef Py_ssize_t i
        if orders == NULL:
            with gil:
                raise MemoryError
        self.orders = orders
        for i in range(self.capacity, capacity):
            orders[i].after = <int32_t>(i + 1) if i + 1 < capacity else self.unused
        self.unused = <int32_t>self.capacity
        self.capacity = capacity
        return 0

    cdef int _grow_slots(self) except -1 nogil:
        cdef size_t count = 2 * (self.mask + 1) if self.mask else 4096
        cdef Slot *slots = <Slot *>realloc(NULL, count * sizeof(Slot))
        cdef Slot *old = self.slots
        cdef size_t i, used = self.mask + 1 if self.mask else 0
        if slots == NULL:
            with gil:
                raise MemoryError
        for i in range(count):
            slots[i].number = -1
        self.slots = slots
        self.mask = count - 1
        for i in range(used):
            if old[i].number >= 0:
                slots[self._slot(old[i].order_id)] = old[i]
        free(old)
        return 0


cdef inline size_t home(int64_t order_id, size_t mask) noexcept nogil:
    """Fibonacci hashing: neighbouring ids spread."""
    return (<size_t>order_id * <size_t>0x9E3779B97F4A7C15 >> 24) & mask


cdef void vacate(Slot *slots, size_t mask, size_t hole) noexcept nogil:
    """Empty a slot, and close the gap for those that were pushed past it."""
    cdef size_t at = hole
    while True:
        at = (at + 1) & mask
        if slots[at].number < 0:
            break
        if (at - home(slots[at].order_id, mask)) & mask >= (at - hole) & mask:
            slots[hole] = slots[at]
            hole = at
    slots[hole].number = -1


cdef int insert(Ladder *ladder, Py_ssize_t i, int64_t key) except -1 nogil:
    """Open an empty level at index ``i``."""
    cdef Py_ssize_t capacity
    cdef Level *levels
    if ladder.count == ladder.capacity:
        capacity = 2 * ladder.capacity or 64
        levels = <Level *>realloc(ladder.levels, capacity * sizeof(Level))
        if levels == NULL:
            with gil:
                raise MemoryError
        ladder.levels, ladder.capacity = levels, capacity
    levels = ladder.levels
    memmove(&levels[i + 1], &levels[i], (ladder.count - i) * sizeof(Level))
    levels[i].key, levels[i].size = key, 0
    levels[i].first = levels[i].last = -1
    ladder.count += 1
    return 0
