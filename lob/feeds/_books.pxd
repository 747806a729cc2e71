"""The books that a feed tells: orders by id, levels by price, many instruments, no matching.

What is hot is inline here. An order is a place in one hash table, a level a slot of another; an
order knows the slot of its level, so that what is taken off it needs no search. What a large day
costs is memory that is not in the cache: an order is looked for in one line of it, all of a bucket,
and what an order and its level have in common is with the level only. A side keeps its prices in a
ladder, in which a level that has emptied stays until it would be the best: so a ladder changes
where a price is new.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint64_t

from lob.feeds._price_ladder cimport Keys, Ladder

cdef extern from *:
    """
    /* The empty statement is one that must stay: without it the compiler takes a function that does
       nothing but fetch for one that does nothing, and drops the calls of it. */
    #define fetch_for_writing(at) do { __builtin_prefetch(at, 1); __asm__ volatile (""); } while (0)
    #define lowest(bits) __builtin_ctz(bits)
    """
    void fetch_for_writing(const void *at) noexcept nogil
    int lowest(int bits) noexcept nogil  # bit that is set; one must be

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

cdef enum:
    PLACES = 3  # of a bucket, which is a line of the cache then

cdef struct Bucket:  # of orders
    int64_t order_id[PLACES]
    int64_t size[PLACES]  # 0: the place is free
    int32_t level[PLACES]  # the slot of its level
    int32_t passed  # orders that found no place here, nor before, and are in a bucket behind

cdef struct Order:  # where one is; good until another is entered
    Bucket *bucket  # NULL: it is not there
    int at
    int beyond  # buckets behind the one in which it is looked for first

cdef struct Level:
    int64_t key  # side * price: the better the price, the higher, on either side
    int32_t orders
    uint16_t instrument
    int8_t side  # 0: the slot is empty
    int8_t in_ladder

cdef struct Book:
    Ladder bids
    Ladder asks
    int64_t crossed  # since the last call of settle
    int64_t locked
    int8_t traded  # for the reader's use
    int8_t state


cdef class Books:
    cdef Bucket *buckets
    cdef size_t mask
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
    cdef int move(self, Order order, int64_t price, int64_t size) except -1 nogil
    cdef void settle(self, Book *book, bint early) noexcept nogil
    cdef void settle_all(self, bint early) noexcept nogil
    cdef int clear_book(self, int32_t instrument) except -1 nogil
    cdef int32_t _join(self, int32_t instrument, int side, int64_t price) except -1 nogil
    cdef int _into_ladder(self, Book *book, Level *level) except -1 nogil
    cdef void _pop(self, Level *level) noexcept nogil
    cdef Level *_level(self, int32_t instrument, int side, int64_t key) noexcept nogil
    cdef Py_ssize_t _kept(self, int32_t instrument, int side, Keys *keys) noexcept nogil
    cdef void _sweep(self, int32_t instrument, int side, Ladder *ladder) noexcept nogil
    cdef void _place(
        self, int32_t instrument, int64_t order_id, int64_t size, int32_t level
    ) noexcept nogil
    cdef int _grow(self) except -1 nogil
    cdef int _renew_levels(self) except -1 nogil
    cdef int _follow(self, const Message *row) except -1 nogil


cdef inline size_t home(int32_t instrument, int64_t key, size_t mask) noexcept nogil:
    """Where an order or a level is looked for first: all bits of both count."""
    cdef uint64_t mixed = <uint64_t>key * <uint64_t>0x9E3779B97F4A7C15
    mixed ^= <uint64_t>instrument * <uint64_t>0xD6E8FEB86659FD93
    mixed ^= mixed >> 32
    return <size_t>((mixed * <uint64_t>0x9E3779B97F4A7C15) >> 32) & mask


cdef inline int is_at(const Bucket *bucket, int at, int64_t order_id) noexcept nogil:
    """1 if an order of this id, of any instrument, is in a place of a bucket, else 0."""
    return (bucket.order_id[at] == order_id) & (bucket.size[at] != 0)


cdef inline Order find(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """An order, or that it is not there."""
    cdef size_t number = home(instrument, order_id, self.mask)
    cdef Order order
    cdef int found
    order.at = order.beyond = 0
    while True:
        order.bucket = &self.buckets[number]
        # In which place it is cannot be foreseen: no branch hangs on it.
        found = (
            is_at(order.bucket, 0, order_id)
            | is_at(order.bucket, 1, order_id) << 1
            | is_at(order.bucket, 2, order_id) << 2
        )
        while found:
            order.at = lowest(found)
            if self.levels_[order.bucket.level[order.at]].instrument == instrument:
                return order
            found &= found - 1
        if not order.bucket.passed:
            order.bucket = NULL
            return order
        order.beyond += 1
        number = (number + 1) & self.mask


cdef inline int64_t lots(Order order) noexcept nogil:
    """What an order has left."""
    return order.bucket.size[order.at]


cdef inline Level *level_of(Books self, Order order) noexcept nogil:
    return &self.levels_[order.bucket.level[order.at]]


cdef inline int64_t price_of(Books self, Order order) noexcept nogil:
    cdef Level *level = level_of(self, order)
    return level.side * level.key


cdef inline void soon(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """Say that ``find`` or ``enter`` of this order comes soon: its memory is fetched."""
    fetch_for_writing(&self.buckets[home(instrument, order_id, self.mask)])


cdef inline void very_soon(Books self, int32_t instrument, int64_t order_id) noexcept nogil:
    """The same of the level of an order whose memory is there."""
    cdef Bucket *bucket = &self.buckets[home(instrument, order_id, self.mask)]
    cdef int at
    for at in range(PLACES):
        if bucket.order_id[at] == order_id:
            fetch_for_writing(&self.levels_[bucket.level[at]])
            return
    if bucket.passed:
        fetch_for_writing(bucket + 1)


cdef inline void price_soon(Books self, int32_t instrument, int64_t key) noexcept nogil:
    """Say that ``enter`` of an order at this ``side * price`` comes soon."""
    fetch_for_writing(&self.levels_[home(instrument, key, self.level_mask)])


cdef inline Book *book_of(Books self, int32_t instrument) except NULL nogil:
    """The book of an instrument; good until another instrument comes up for the first time."""
    if instrument < self.count:
        return &self.books[instrument]
    return self._new_book(instrument)


cdef inline void leave(Books self, Level *level) noexcept nogil:
    """An order is gone from its level."""
    level.orders -= 1
    if not level.orders:
        self._pop(level)


cdef inline void take(Books self, Order order, int64_t size) noexcept nogil:
    """Take lots off an order; one with none left is gone."""
    cdef size_t number
    if size < order.bucket.size[order.at]:
        order.bucket.size[order.at] -= size
        return
    order.bucket.size[order.at] = 0
    self.live -= 1
    number = order.bucket - self.buckets
    while order.beyond:
        number = (number - 1) & self.mask
        self.buckets[number].passed -= 1
        order.beyond -= 1
    leave(self, &self.levels_[order.bucket.level[order.at]])


cdef inline void look(Book *book) noexcept nogil:
    """Count a book that is crossed or locked: the last of a ladder is never empty."""
    cdef int64_t gap = book.bids.best + book.asks.best
    if gap >= 0 and book.bids.near.count and book.asks.near.count:
        book.crossed += gap > 0
        book.locked += gap == 0
