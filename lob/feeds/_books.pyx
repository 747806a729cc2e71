"""The books that a feed tells: orders by id, levels by price, many instruments, no matching."""

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from lob.engine.memory cimport resize
from lob.engine.records cimport CANCEL, NEW, REDUCE, REPLACE, Message
from lob.feeds._prices cimport Prices, free_prices, join, part

import numpy as np

from lob.checks import aligned
from lob.types import LEVEL, MESSAGE, Kind

cdef enum:
    FIRST_SLOTS = 4096

assert sizeof(Message) == MESSAGE.itemsize
assert (Kind.NEW, Kind.CANCEL, Kind.REDUCE, Kind.REPLACE) == (NEW, CANCEL, REDUCE, REPLACE)


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
        self._grow(FIRST_SLOTS)

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.count):
            free_prices(&self.books[i].bids)
            free_prices(&self.books[i].asks)
        free(self.books)
        resize(self.slots, self.capacity * sizeof(Slot), 0)

    # ---------------------------------------------------------------- for readers in C

    cdef int enter(
        self, int32_t instrument, int64_t order_id, int side, int64_t price, int64_t size
    ) except -1 nogil:
        """A new order. Its id must not be there, ``side`` is 1 or -1."""
        return fill(
            self, book_of(self, instrument), instrument, order_id, hashed(instrument, order_id),
            side, price, size,
        )

    cdef int move(self, Slot *slot, int64_t price, int64_t size) except -1 nogil:
        """Another price and size of an order, on its side."""
        cdef Prices *prices = side_of(&self.books[slot.instrument], slot.side)
        if price != slot.price:
            if join(prices, slot.side * price):
                self._no_memory()
            part(prices, slot.side * slot.price)
        slot.price, slot.size = price, size
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
        self.books, self.count = books, count
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
        cdef size_t at
        for at in range(self.mask + 1):
            if self.slots[at].side and self.slots[at].instrument == instrument:
                take(self, &self.slots[at], self.slots[at].size)
        return 0

    # ---------------------------------------------------------------- within

    cdef int _grow(self, Py_ssize_t capacity) except -1 nogil:
        """Room for more orders, where they are: memory for the new room is all that is asked for.

        What moves is never met again, unmoved: its new home is its old one or beyond the old end,
        and from its old one its new place is no farther than the old, which was just left.
        Only an order that had gone past the old end, to the front, is met twice, as one that never
        moved.
        """
        cdef size_t had = <size_t>self.capacity, before = self.mask, i
        cdef Slot *slots = <Slot *>resize(
            self.slots, had * sizeof(Slot), capacity * sizeof(Slot)
        )
        cdef Slot order
        if slots == NULL:
            with gil:
                raise MemoryError
        self.slots, self.capacity, self.mask = slots, capacity, <size_t>(capacity - 1)
        for i in range(had):
            if slots[i].side:
                order = slots[i]
                leave(slots, before, &slots[i])
                settle_in(
                    slots, self.mask, hashed(order.instrument, order.order_id),
                    order.instrument, order.order_id, order.side, order.price, order.size,
                )
        return 0

    cdef int _no_memory(self) except -1 with gil:
        raise MemoryError

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
        # The interpreter's lock is kept: what another thread did meanwhile would break the books.
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
        cdef Slot *slot = find(self, row.instrument, row.order_id)
        if row.kind == NEW:
            if not (row.side == 1 or row.side == -1) or row.size < 1:
                return 0
            if slot != NULL:
                self.duplicate_ids += 1
                take(self, slot, slot.size)
            self.enter(row.instrument, row.order_id, row.side, row.price, row.size)
            return 1
        if not CANCEL <= row.kind <= REPLACE:
            return 0
        if slot == NULL:
            self.unknown_ids += 1
        elif row.kind == CANCEL:
            take(self, slot, slot.size)
        elif row.size < 1:
            return 0
        elif row.kind == REDUCE:
            self.overdrawn += row.size > slot.size
            take(self, slot, row.size)
        else:
            self.move(slot, row.price, row.size)
        return 1

    def clear(self, int instrument):
        """Take all orders of an instrument off."""
        self.clear_book(instrument)

    def close(self, bint before_open=False):
        """Count what is still to be counted as crossed or locked."""
        self.settle_all(before_open)

    def levels(self, int instrument, int side):
        """One side of a book as ``lob.LEVEL`` rows, best first."""
        cdef size_t at
        found = {}
        for at in range(self.mask + 1):
            if self.slots[at].side == side and self.slots[at].instrument == instrument:
                price = self.slots[at].price
                size, orders = found.get(price, (0, 0))
                # A sum that would not fit wraps.
                found[price] = (size + self.slots[at].size) & (2**64 - 1), orders + 1
        return np.array([(p, *found[p]) for p in sorted(found, reverse=side > 0)], LEVEL)

    def orders(self, int instrument):
        """Order id -> (side, price, size) of an instrument."""
        cdef size_t at
        return {
            self.slots[at].order_id: (
                self.slots[at].side, self.slots[at].price, self.slots[at].size
            )
            for at in range(self.mask + 1)
            if self.slots[at].side and self.slots[at].instrument == instrument
        }
