"""The books that a feed tells: orders by id, levels by price, many instruments, no matching.

What is hot is inline here. An order is a slot of one open hash table, two to a line of the cache; a
line knows how many orders went past it to a later one, so that one may be taken off without a look
at others. A side counts the orders at each of its prices. How many lots there are at a price is
added up only when it is asked for.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from lob.engine.records cimport Message
from lob.feeds._prices cimport Prices, cell_of, join, part

cdef extern from *:
    """
    /* Without the empty asm a function that does nothing else counts as one without effects, and
       the compiler drops the calls of it. */
    static inline void fetch_for_writing(const void *at) {
        __builtin_prefetch(at, 1);
        __asm__ __volatile__("");
    }
    """
    void fetch_for_writing(const void *at) noexcept nogil

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
    uint32_t passed  # of the line: orders that found it full; kept in the first slot of it
    uint16_t instrument
    int8_t side  # 0: the slot is empty
    uint8_t is_away  # from the line where it is looked for first

cdef struct Book:
    Prices bids  # by side * price: the better the price, the higher, on either side
    Prices asks
    int64_t crossed  # since the last call of settle
    int64_t locked
    int8_t traded  # for the reader's use
    int8_t state


cdef class Books:
    cdef Slot *slots
    cdef size_t mask
    cdef Py_ssize_t capacity
    cdef readonly Py_ssize_t live
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
    cdef int _grow(self, Py_ssize_t capacity) except -1 nogil
    cdef int _no_memory(self) except -1 with gil
    cdef int _follow(self, const Message *row) except -1 nogil


cdef inline uint64_t hashed(int32_t instrument, int64_t order_id) noexcept nogil:
    """A number of at least 32 bits on which all bits of both count."""
    cdef uint64_t mixed = <uint64_t>order_id * <uint64_t>0x9E3779B97F4A7C15
    mixed ^= <uint64_t>instrument * <uint64_t>0xD6E8FEB86659FD93
    mixed ^= mixed >> 32
    return (mixed * <uint64_t>0x9E3779B97F4A7C15) >> 32


cdef inline size_t home(int32_t instrument, int64_t order_id, size_t mask) noexcept nogil:
    """The first slot of the line where an order is looked for first."""
    return <size_t>hashed(instrument, order_id) & mask & ~<size_t>1


cdef inline Slot *find(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """The order, or null. Good until the next change."""
    return find_hashed(self, instrument, order_id, hashed(instrument, order_id))


cdef inline Slot *find_hashed(
    Books self, int32_t instrument, int64_t order_id, uint64_t mixed
) noexcept nogil:
    """``find`` where the number that ``hashed`` makes is at hand."""
    cdef size_t at = <size_t>mixed & self.mask & ~<size_t>1
    cdef Slot *line
    cdef Slot *slot
    while True:
        line = &self.slots[at]
        # Which one of two it is would be guessed wrong half of the time.
        slot = line + (
            1 ^ (<size_t>(line.order_id == order_id) & <size_t>(line.side != 0)
                 & <size_t>(line.instrument == instrument))
        )
        if slot.order_id == order_id and slot.side and slot.instrument == instrument:
            return slot
        if not line.passed:
            return NULL
        at = (at + 2) & self.mask


cdef inline void soon(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """Say that ``find`` or ``enter`` of this order comes soon: its memory is fetched."""
    fetch_for_writing(&self.slots[home(instrument, order_id, self.mask)])


cdef inline void very_soon(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """The same of the price of an order whose memory is there, if it is the first to be seen."""
    cdef const Slot *slot = &self.slots[home(instrument, order_id, self.mask)]
    if slot.side:
        price_soon(self, slot.instrument, slot.side * slot.price)


cdef inline void price_soon(Books self, int32_t instrument, int64_t key) noexcept nogil:
    """Say that an order at this ``side * price`` comes or goes soon, if prices are above zero."""
    cdef const Prices *prices
    cdef uint64_t at
    if instrument >= self.count:
        return
    prices = &self.books[instrument].bids if key > 0 else &self.books[instrument].asks
    at = cell_of(prices, key)
    if at < prices.span:
        fetch_for_writing(&prices.cells[at])


cdef inline Prices *side_of(Book *book, int side) noexcept nogil:
    return &book.bids if side > 0 else &book.asks


cdef inline Book *book_of(Books self, int32_t instrument) except NULL nogil:
    """The book of an instrument; good until another instrument comes up for the first time."""
    if instrument < self.count:
        return &self.books[instrument]
    return self._new_book(instrument)


cdef inline int fill(
    Books self, Book *book, int32_t instrument, int64_t order_id, uint64_t mixed, int side,
    int64_t price, int64_t size,
) except -1 nogil:
    """A new order, whose id must not be there; ``side`` is 1 or -1."""
    if 2 * <size_t>self.live > self.mask:
        self._grow(2 * self.capacity)
    if join(side_of(book, side), side * price):
        self._no_memory()
    settle_in(self.slots, self.mask, mixed, instrument, order_id, side, price, size)
    self.live += 1
    return 0


cdef inline void settle_in(
    Slot *slots, size_t mask, uint64_t mixed, int32_t instrument, int64_t order_id, int side,
    int64_t price, int64_t size,
) noexcept nogil:
    """Write an order into the first slot that is free from its home on; there must be one."""
    cdef size_t at = <size_t>mixed & mask & ~<size_t>1, first = at
    cdef Slot *slot = &slots[at]
    while slot.side and (slot + 1).side:
        slot.passed += 1
        at = (at + 2) & mask
        slot = &slots[at]
    slot += slot.side != 0
    slot.order_id = order_id
    slot.price = price
    slot.size = size
    slot.instrument = <uint16_t>instrument
    slot.side = <int8_t>side
    slot.is_away = at != first


cdef inline void leave(Slot *slots, size_t mask, Slot *slot) noexcept nogil:
    """Free the slot of an order."""
    cdef size_t at, here
    slot.side = 0
    if slot.is_away:
        here = <size_t>(slot - slots) & ~<size_t>1
        at = home(slot.instrument, slot.order_id, mask)
        while at != here:
            slots[at].passed -= 1
            at = (at + 2) & mask


cdef inline void take(Books self, Slot *slot, int64_t size) noexcept nogil:
    """Take lots off an order; one with none left is gone."""
    if size < slot.size:
        slot.size -= size
        return
    part(side_of(&self.books[slot.instrument], slot.side), slot.side * slot.price)
    self.live -= 1
    leave(self.slots, self.mask, slot)


cdef inline void look(Book *book) noexcept nogil:
    """Count a book that is crossed or locked."""
    cdef int64_t bid = book.bids.best, ask = -book.asks.best
    if bid >= ask and book.bids.count and book.asks.count:
        book.crossed += bid > ask
        book.locked += bid == ask
