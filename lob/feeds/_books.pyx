"""The books that a feed tells: orders by id, levels by price, many instruments, no matching."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from lob.engine.memory cimport resize
from lob.feeds._price_ladder cimport NONE, Keys, Ladder, drop_best, insert, release, renew_best

import numpy as np

from lob.checks import aligned
from lob.types import LEVEL, MESSAGE

cdef enum:
    FIRST_BUCKETS = 2048
    MOST_ORDERS = 5  # for each 4 buckets: one in 25 then finds its bucket full
    FIRST_LEVELS = 0x10000
    NEW = 1
    CANCEL = 2
    REDUCE = 3
    REPLACE = 4

cdef struct Astray:  # an order on its way to another bucket
    int64_t order_id
    int64_t size
    int32_t level
    int32_t instrument

assert sizeof(Message) == MESSAGE.itemsize


cdef class Books:
    """Follows messages, and counts what no sound feed tells.

    Attributes
    ----------
    live
        Orders in all books.
    unknown_ids
        Cancels, reductions and replacements of orders that are not there.
    duplicate_ids
        New orders under the id of one that is there: the old one is taken off.
    overdrawn
        Reductions by more than there was: the order is taken off.
    crossed, locked
        Consistent books with the best bid above, or at, the best ask.
    """

    def __cinit__(self):
        self._grow()
        self._renew_levels()

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.count):
            release(&self.books[i].bids)
            release(&self.books[i].asks)
        free(self.books)
        if self.buckets != NULL:
            resize(self.buckets, (self.mask + 1) * sizeof(Bucket), 0)
        if self.levels_ != NULL:
            resize(self.levels_, (self.level_mask + 1) * sizeof(Level), 0)

    # ---------------------------------------------------------------- for readers in C

    cdef int enter(
        self, int32_t instrument, int64_t order_id, int side, int64_t price, int64_t size
    ) except -1 nogil:
        """A new order. Its id must not be there, ``side`` is 1 or -1."""
        cdef int32_t level
        if 4 * <size_t>self.live > MOST_ORDERS * self.mask:
            self._grow()
        level = self._join(instrument, side, price)
        self._place(instrument, order_id, size, level)
        self.live += 1
        return 0

    cdef int move(self, Order order, int64_t price, int64_t size) except -1 nogil:
        """Another price and size of an order, on its side."""
        cdef Level *level = level_of(self, order)
        cdef int32_t instrument = level.instrument
        cdef int side = level.side
        order.bucket.level[order.at] = -1  # of none, should the levels be made anew
        leave(self, level)
        order.bucket.level[order.at] = self._join(instrument, side, price)
        order.bucket.size[order.at] = size
        return 0

    cdef Book *_new_book(self, int32_t instrument) except NULL nogil:
        cdef int32_t count = self.count
        cdef Book *books
        while count <= instrument:
            count = 2 * count or 4
        books = <Book *>realloc(self.books, count * sizeof(Book))
        if books == NULL:
            with gil:
                raise MemoryError
        memset(&books[self.count], 0, (count - self.count) * sizeof(Book))
        self.books = books
        while self.count < count:
            books[self.count].bids.best = books[self.count].asks.best = NONE
            self.count += 1
        return &self.books[instrument]

    cdef void settle(self, Book *book, bint early) noexcept nogil:
        """What was counted since the last time was before the opening, or was not."""
        if early:
            self.crossed_before_open += book.crossed
            self.locked_before_open += book.locked
        else:
            self.crossed += book.crossed
            self.locked += book.locked
        book.crossed = book.locked = 0

    cdef void settle_all(self, bint early) noexcept nogil:
        cdef int32_t i
        for i in range(self.count):
            self.settle(&self.books[i], early)

    cdef int clear_book(self, int32_t instrument) except -1 nogil:
        """Take all orders of an instrument off."""
        cdef size_t number
        cdef Order order
        for number in range(self.mask + 1):
            order.bucket, order.at = &self.buckets[number], 0
            for order.at in range(PLACES):
                if order.bucket.size[order.at] and level_of(self, order).instrument == instrument:
                    order.beyond = (
                        number - home(instrument, order.bucket.order_id[order.at], self.mask)
                    ) & self.mask
                    take(self, order, lots(order))
        return 0

    # ---------------------------------------------------------------- within

    cdef int32_t _join(self, int32_t instrument, int side, int64_t price) except -1 nogil:
        """One more order at a price; the slot of its level."""
        cdef int64_t key = side * price
        cdef size_t at
        cdef Level *level
        if 2 * <size_t>self.level_count > self.level_mask:
            self._renew_levels()
        at = home(instrument, key, self.level_mask)
        while True:
            level = &self.levels_[at]
            if not level.side:
                level.key, level.orders = key, 0
                level.instrument, level.side = <uint16_t>instrument, <int8_t>side
                level.in_ladder = False
                self.level_count += 1
                break
            if level.key == key and level.instrument == instrument and level.side == side:
                break
            at = (at + 1) & self.level_mask
        level.orders += 1
        if not level.in_ladder:
            self._into_ladder(book_of(self, instrument), level)
        return <int32_t>at

    cdef int _into_ladder(self, Book *book, Level *level) except -1 nogil:
        cdef Ladder *ladder = &book.bids if level.side > 0 else &book.asks
        insert(ladder, level.key)
        level.in_ladder = True
        return 0

    cdef void _pop(self, Level *level) noexcept nogil:
        """A level has emptied: off the end of its ladder with it and all empty ones behind."""
        cdef Book *book = &self.books[level.instrument]
        cdef Ladder *ladder = &book.bids if level.side > 0 else &book.asks
        cdef int32_t instrument = level.instrument
        cdef int side = level.side
        if ladder.best != level.key:
            return
        while ladder.near.count:
            level = self._level(instrument, side, ladder.best)
            if level.orders:
                return
            level.in_ladder = False
            drop_best(ladder)

    cdef Level *_level(self, int32_t instrument, int side, int64_t key) noexcept nogil:
        """A level that is there."""
        cdef size_t at = home(instrument, key, self.level_mask)
        cdef Level *level = &self.levels_[at]
        while level.key != key or level.instrument != instrument or level.side != side:
            at = (at + 1) & self.level_mask
            level = &self.levels_[at]
        return level

    cdef void _place(
        self, int32_t instrument, int64_t order_id, int64_t size, int32_t level
    ) noexcept nogil:
        """Put an order where there is room, from its home on: there is."""
        cdef size_t number = home(instrument, order_id, self.mask)
        cdef Bucket *bucket = &self.buckets[number]
        cdef int at
        while bucket.size[0] and bucket.size[1] and bucket.size[2]:
            bucket.passed += 1
            number = (number + 1) & self.mask
            bucket = &self.buckets[number]
        at = lowest(
            (bucket.size[0] == 0) | (bucket.size[1] == 0) << 1 | (bucket.size[2] == 0) << 2
        )
        bucket.order_id[at], bucket.size[at], bucket.level[at] = order_id, size, level

    cdef int _grow(self) except -1 nogil:
        """Room for twice as many orders: those of a bucket stay, or go as far as the table grew."""
        cdef size_t had = self.mask + 1 if self.buckets != NULL else 0
        cdef size_t count = 2 * had if had else FIRST_BUCKETS
        cdef size_t number, home_, passed = 0, beyond = 0
        cdef Bucket *bucket
        cdef Bucket *buckets
        cdef Astray *astray  # orders that are not in the bucket in which they are looked for first
        cdef Astray *one
        cdef int at
        for number in range(had):
            passed += self.buckets[number].passed
        astray = <Astray *>realloc(NULL, (passed + 1) * sizeof(Astray))
        buckets = NULL
        if astray != NULL:
            buckets = <Bucket *>resize(self.buckets, had * sizeof(Bucket), count * sizeof(Bucket))
        if buckets == NULL:
            free(astray)
            with gil:
                raise MemoryError
        self.buckets, self.mask = buckets, count - 1
        for number in range(had):
            bucket = &buckets[number]
            bucket.passed = 0
            for at in range(PLACES):
                if not bucket.size[at]:
                    continue
                one = &astray[beyond]
                one.order_id, one.size = bucket.order_id[at], bucket.size[at]
                one.level = bucket.level[at]
                one.instrument = self.levels_[one.level].instrument
                home_ = home(one.instrument, one.order_id, self.mask)
                if home_ == number:
                    continue
                bucket.size[at] = 0
                if home_ == number + had:
                    buckets[home_].order_id[at], buckets[home_].size[at] = one.order_id, one.size
                    buckets[home_].level[at] = one.level
                else:
                    beyond += 1
        for number in range(beyond):
            one = &astray[number]
            self._place(one.instrument, one.order_id, one.size, one.level)
        free(astray)
        return 0

    cdef int _renew_levels(self) except -1 nogil:
        """Levels anew, without the empty ones, with room for more."""
        cdef Level *old = self.levels_
        cdef size_t had = self.level_mask + 1 if old != NULL else 0
        cdef size_t count = FIRST_LEVELS, at, i
        cdef Py_ssize_t used = 0
        cdef int32_t *moved  # to which slot each level
        cdef int32_t *slot
        cdef Level *levels
        for i in range(had):
            if old[i].side and old[i].orders > 0:
                used += 1
        while count < 4 * <size_t>used:
            count *= 2
        levels = <Level *>resize(NULL, 0, count * sizeof(Level))
        if levels == NULL:
            with gil:
                raise MemoryError
        moved = <int32_t *>resize(NULL, 0, had * sizeof(int32_t))
        if had and moved == NULL:
            resize(levels, count * sizeof(Level), 0)
            with gil:
                raise MemoryError
        self.levels_, self.level_mask, self.level_count = levels, count - 1, used
        for i in range(had):
            if old[i].side and old[i].orders > 0:
                at = home(old[i].instrument, old[i].key, self.level_mask)
                while levels[at].side:
                    at = (at + 1) & self.level_mask
                levels[at] = old[i]
                moved[i] = <int32_t>at
        if had:  # else there are no orders
            for i in range(PLACES * (self.mask + 1)):
                slot = &self.buckets[i // PLACES].level[i % PLACES]
                if self.buckets[i // PLACES].size[i % PLACES] and slot[0] >= 0:
                    slot[0] = moved[slot[0]]
        for i in range(<size_t>self.count):
            self._sweep(<int32_t>i, 1, &self.books[i].bids)
            self._sweep(<int32_t>i, -1, &self.books[i].asks)
        if had:
            resize(old, had * sizeof(Level), 0)
            resize(moved, had * sizeof(int32_t), 0)
        return 0

    cdef void _sweep(self, int32_t instrument, int side, Ladder *ladder) noexcept nogil:
        """Prices of levels that are no more, out of a ladder."""
        ladder.near.count = self._kept(instrument, side, &ladder.near)
        ladder.deep.count = self._kept(instrument, side, &ladder.deep)
        renew_best(ladder)

    cdef Py_ssize_t _kept(self, int32_t instrument, int side, Keys *keys) noexcept nogil:
        """Keep, in front, the prices whose levels are there; how many they are."""
        cdef Py_ssize_t i, kept = 0
        cdef size_t at
        cdef Level *level
        for i in range(keys.count):
            at = home(instrument, keys.at[i], self.level_mask)
            level = &self.levels_[at]
            while level.side and (
                level.key != keys.at[i] or level.instrument != instrument or level.side != side
            ):
                at = (at + 1) & self.level_mask
                level = &self.levels_[at]
            if level.side:
                keys.at[kept] = keys.at[i]
                kept += 1
        return kept

    # ---------------------------------------------------------------- for Python

    def apply(self, messages, consistent):
        """Follow ``lob.MESSAGE`` rows; ``consistent`` says after which of them to look.

        Raises ``ValueError`` where a row is no message that a book can follow, with its index.
        """
        if messages.dtype != MESSAGE:
            raise TypeError(f"messages must be of dtype lob.MESSAGE, got {messages.dtype}")
        if len(consistent) != len(messages):
            raise ValueError("consistent must have an element for each message")
        cdef const uint8_t[::1] raw = aligned(messages).view(np.uint8)
        cdef const uint8_t[::1] shown = np.ascontiguousarray(consistent).view(np.uint8)
        cdef Py_ssize_t i, count = len(messages), wrong = -1
        cdef const Message *rows
        if not count:
            return
        rows = <const Message *>&raw[0]
        with nogil:
            for i in range(count):
                if not self._follow(&rows[i]):
                    wrong = i
                    break
                if shown[i]:
                    look(book_of(self, rows[i].instrument))
        if wrong >= 0:
            raise ValueError(f"row {wrong} is no message of an order: {messages[wrong]}")

    cdef int _follow(self, const Message *row) except -1 nogil:
        """Whether the row is a message of an order."""
        cdef Order order = find(self, row.instrument, row.order_id)
        if row.kind == NEW:
            if not (row.side == 1 or row.side == -1) or row.size < 1:
                return 0
            if order.bucket != NULL:
                self.duplicate_ids += 1
                take(self, order, lots(order))
            self.enter(row.instrument, row.order_id, row.side, row.price, row.size)
            return 1
        if not CANCEL <= row.kind <= REPLACE:
            return 0
        if order.bucket == NULL:
            self.unknown_ids += 1
        elif row.kind == CANCEL:
            take(self, order, lots(order))
        elif row.size < 1:
            return 0
        elif row.kind == REDUCE:
            self.overdrawn += row.size > lots(order)
            take(self, order, row.size)
        else:
            self.move(order, row.price, row.size)
        return 1

    def clear(self, int instrument):
        """Take all orders of an instrument off."""
        self.clear_book(instrument)

    def close(self, bint before_open=False):
        """Count what is still to be counted as crossed or locked."""
        self.settle_all(before_open)

    def levels(self, int instrument, int side):
        """One side of a book as ``lob.LEVEL`` rows, best first."""
        found = {}
        for _, price, size in self._orders_of(instrument, side):
            had, orders = found.get(price, (0, 0))
            found[price] = had + size, orders + 1
        return np.array(
            [(price, *found[price]) for price in sorted(found, reverse=side > 0)], LEVEL
        )

    def orders(self, int instrument):
        """Order id -> (side, price, size) of an instrument."""
        return {
            order_id: (side, price, size)
            for side in (1, -1)
            for order_id, price, size in self._orders_of(instrument, side)
        }

    def _orders_of(self, int instrument, int side):
        """Id, price and size of each order of a side, as they come."""
        cdef Order order
        cdef Level *level
        cdef size_t number
        found = []
        for number in range(self.mask + 1):
            order.bucket, order.at = &self.buckets[number], 0
            for order.at in range(PLACES):
                if lots(order):
                    level = level_of(self, order)
                    if level.instrument == instrument and level.side == side:
                        found.append(
                            (order.bucket.order_id[order.at], side * level.key, lots(order))
                        )
        return found
