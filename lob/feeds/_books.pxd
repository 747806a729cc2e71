"""The books that a feed tells: orders by id, levels by price, many instruments, no matching.

What is hot is inline here. An order is a slot of one open hash table, a level of another; an order
knows the slot of its level, so that what is taken off it needs no search. A side keeps its prices
in a sorted ladder, best last, in which a level that has emptied stays until it would be the best:
so a ladder changes where a price is new, and next to nothing moves.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint64_t

cdef extern from *:
    """
    #define fetch_for_writing(at) __builtin_prefetch(at, 1)
    """
    void fetch_for_writing(const void *at) noexcept nogil

cdef packed struct Message:  # lob.MESSAGE
    int64_t ts_event
    int64_t order_id
    int64_t price
    int64_t size
    uint8_t kind
    int8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint8_t stp
    uint8_t flags
    uint16_t instrument
    int32_t owner
    int32_t reserved
    int64_t tag
    int64_t rest[5]

cdef struct Print:  # lob.feeds.prints.PRINT
    int64_t ts_event
    int64_t at
    int64_t price
    int64_t size
    int64_t order_id
    int64_t match_id
    uint16_t instrument
    uint8_t kind
    int8_t side
    uint8_t counts
    uint8_t reserved[3]

cdef struct Slot:  # an order
    int64_t order_id
    int64_t price
    int64_t size
    int32_t level  # its slot
    uint16_t instrument
    int8_t side  # 0: the slot is empty

cdef struct Level:
    int64_t key  # side * price: the better the price, the higher, on either side
    uint64_t size  # a sum that would not fit wraps: nothing hangs on it
    int64_t orders
    uint16_t instrument
    int8_t side  # 0: the slot is empty
    int8_t in_ladder

cdef struct Ladder:
    int64_t *keys  # of levels that have or had orders, worst first
    Py_ssize_t count
    Py_ssize_t capacity

cdef struct Book:
    Ladder bids
    Ladder asks
    int64_t crossed  # since the last call of settle
    int64_t locked
    int8_t traded  # for the reader's use
    int8_t state


cdef class Books:
    cdef Slot *slots
    cdef size_t mask
    cdef Py_ssize_t capacity
    cdef readonly Py_ssize_t live
    cdef Level *levels_
    cdef size_t level_mask
    cdef Py_ssize_t level_count
    cdef Book *books
    cdef int32_t count
    cdef readonly int64_t unknown_ids
    cdef readonly int64_t duplicate_ids
    cdef readonly int64_t overdrawn
    cdef readonly int64_t crossed
    cdef readonly int64_t locked
    cdef readonly int64_t crossed_before_open
    cdef readonly int64_t locked_before_open

    cdef Book *_new_book(self, int32_t instrument) except NULL nogil
    cdef int enter(
        self, int32_t instrument, int64_t order_id, int side, int64_t price, int64_t size
    ) except -1 nogil
    cdef int move(self, Slot *slot, int64_t price, int64_t size) except -1 nogil
    cdef void settle(self, Book *book, bint early) noexcept nogil
    cdef void settle_all(self, bint early) noexcept nogil
    cdef int clear_book(self, int32_t instrument) except -1 nogil
    cdef size_t _join(
        self, int32_t instrument, int side, int64_t price, int64_t size
    ) except? 0xFFFFFFFF nogil
    cdef int _into_ladder(self, Book *book, Level *level) except -1 nogil
    cdef void _pop(self, Level *level) noexcept nogil
    cdef Level *_level(self, int32_t instrument, int side, int64_t key) noexcept nogil
    cdef void _sweep(self, int32_t instrument, int side, Ladder *ladder) noexcept nogil
    cdef int _grow(self, Py_ssize_t capacity) except -1 nogil
    cdef int _renew_levels(self) except -1 nogil
    cdef int _follow(self, const Message *row) except -1 nogil


cdef inline size_t home(int32_t instrument, int64_t key, size_t mask) noexcept nogil:
    """Where an order or a level is looked for first: all bits of both count."""
    cdef uint64_t mixed = <uint64_t>key * <uint64_t>0x9E3779B97F4A7C15
    mixed ^= <uint64_t>instrument * <uint64_t>0xD6E8FEB86659FD93
    mixed ^= mixed >> 32
    return <size_t>((mixed * <uint64_t>0x9E3779B97F4A7C15) >> 32) & mask


cdef inline Slot *find(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """The order, or null. Good until the next change."""
    cdef size_t at = home(instrument, order_id, self.mask)
    cdef Slot *slots = self.slots
    while slots[at].side:
        if slots[at].order_id == order_id and slots[at].instrument == instrument:
            return &slots[at]
        at = (at + 1) & self.mask
    return NULL


cdef inline void soon(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """Say that ``find`` or ``enter`` of this order comes soon: its memory is fetched."""
    fetch_for_writing(&self.slots[home(instrument, order_id, self.mask)])


cdef inline void very_soon(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """The same of the level of an order whose memory is there, if it is the first to be seen."""
    fetch_for_writing(
        &self.levels_[self.slots[home(instrument, order_id, self.mask)].level]
    )


cdef inline void price_soon(Books self, int32_t instrument, int64_t key) noexcept nogil:
    """Say that ``enter`` of an order at this ``side * price`` comes soon."""
    fetch_for_writing(&self.levels_[home(instrument, key, self.level_mask)])


cdef inline Book *book_of(Books self, int32_t instrument) except NULL nogil:
    """The book of an instrument; good until another instrument comes up for the first time."""
    if instrument < self.count:
        return &self.books[instrument]
    return self._new_book(instrument)


cdef inline void leave(Books self, Level *level, int64_t size) noexcept nogil:
    """An order of so many lots is gone from its level."""
    level.size -= <uint64_t>size
    level.orders -= 1
    if not level.orders:
        self._pop(level)


cdef inline void take(Books self, Slot *slot, int64_t size) noexcept nogil:
    """Take lots off an order; one with none left is gone."""
    cdef size_t hole, at
    cdef Slot *slots = self.slots
    cdef Level *level = &self.levels_[slot.level]
    if size < slot.size:
        slot.size -= size
        level.size -= <uint64_t>size
        return
    leave(self, level, slot.size)
    self.live -= 1
    hole = at = slot - slots
    while True:  # close the gap for those that were pushed past it
        at = (at + 1) & self.mask
        if not slots[at].side:
            break
        if (at - home(slots[at].instrument, slots[at].order_id, self.mask)) & self.mask >= (
            at - hole
        ) & self.mask:
            slots[hole] = slots[at]
            hole = at
    slots[hole].side = 0


cdef inline void look(Book *book) noexcept nogil:
    """Count a book that is crossed or locked: the last of a ladder is never empty."""
    cdef int64_t gap
    if book.bids.count and book.asks.count:
        gap = book.bids.keys[book.bids.count - 1] + book.asks.keys[book.asks.count - 1]
        if gap >= 0:
            book.crossed += gap > 0
            book.locked += gap == 0
