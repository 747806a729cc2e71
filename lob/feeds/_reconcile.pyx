"""Hold a LOBSTER message file against its orderbook file, row by row; see ``lob.replay``.

The window of a side is what a row of the orderbook file shows: every price from the best to the
N-th level, or all prices where fewer than N are shown. Inside it nothing may happen that is not
in the message file; beyond it anything may. Hence the one rule: a price inside the window both
before and after a message must agree by itself, a price that has just come into the window is
taken over from the file.
"""

from libc.stdint cimport INT64_MAX, int8_t, int32_t, int64_t, uint8_t
from libc.string cimport memset

import numpy as np

from lob.feeds._depth cimport Depth, Ladder, Level, seek
from lob.feeds._shown cimport agreeing, key_at, size_at, worst
from lob.engine.records cimport BUY, CANCEL, NEW, REDUCE, REPLACE, SELL, Message

from lob.checks import aligned
from lob.feeds.lobster import ROW
from lob.types import MESSAGE

cdef struct Row:
    int64_t ts_event
    int64_t order_id
    int64_t size
    int64_t price
    uint8_t kind
    int8_t direction

assert ROW.itemsize == sizeof(Row) and MESSAGE.itemsize == sizeof(Message)

cdef enum:
    ADD = 1
    EXECUTE = 4
    # What can be wrong with a row; the words are in lob.replay.
    DIFFERENT_LEVEL = 1
    DIFFERENT_ORDER = 2
    DUPLICATE_ID = 3
    CROSSING_ADD = 4
    UNKNOWN_PRICE = 5
    OVERDRAWN = 6

cdef struct Wrong:
    int64_t row
    int64_t what
    int64_t side
    int64_t price
    int64_t have
    int64_t want

cdef struct Tally:
    int64_t unknown_ids
    int64_t unknown_prices
    int64_t overdrawn
    int64_t contradictions
    int64_t adopted_levels
    int64_t corrected_levels
    int64_t dropped_levels
    int64_t requeued_orders
    int64_t synthetic_messages
    int64_t matched_rows
    int64_t matched_touch


cdef class Reconciler:
    """The state of one reconciliation, and the stream it writes."""

    cdef Depth depth
    cdef Tally tally
    cdef Wrong first_wrong
    cdef int64_t levels
    cdef int64_t tick
    cdef int64_t instrument
    cdef int64_t next_id
    cdef int64_t row
    cdef int64_t seen  # rows so far
    cdef int64_t ts
    cdef int32_t half_executed  # the last order that an execution left lots of, and when
    cdef int64_t half_executed_ts
    cdef int64_t bounds[2]  # the worst key in the window of either side
    cdef bint wrong_row
    cdef bint wrong_touch
    cdef object arrays
    cdef Message *messages
    cdef int64_t *rows
    cdef uint8_t *synthetic
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity

    def __init__(self, levels, tick, instrument, expected):
        self.depth = Depth()
        self.levels, self.tick, self.instrument = levels, tick, instrument
        self.next_id = self.half_executed = -1
        self.bounds = [INT64_MAX, INT64_MAX]
        self.arrays = ()
        self.resize(expected)

    cdef int resize(self, Py_ssize_t capacity) except -1:
        cdef uint8_t[::1] messages, synthetic
        cdef int64_t[::1] rows
        arrays = (
            np.empty(capacity, dtype=MESSAGE),
            np.empty(capacity, dtype=np.int64),
            np.empty(capacity, dtype=np.uint8),
        )
        for old, new in zip(self.arrays, arrays):
            new[: self.count] = old[: self.count]
        self.arrays = arrays
        messages, rows, synthetic = arrays[0].view(np.uint8), arrays[1], arrays[2]
        self.messages = <Message *>&messages[0]
        self.rows = &rows[0]
        self.synthetic = &synthetic[0]
        self.capacity = capacity
        return 0

    def follow(self, rows, const int64_t[:, ::1] book):
        """Follow the next rows of both files."""
        cdef const uint8_t[::1] raw = aligned(np.asarray(rows, ROW)).view(np.uint8)
        cdef const Row *row
        cdef Py_ssize_t count = book.shape[0], k
        if not count:
            return
        row = <const Row *>&raw[0]
        # The first row is the state after the first message: both are taken as one.
        for k in range(count):
            self.row, self.ts = self.seen, row[k].ts_event
            if self.seen and row[k].kind <= EXECUTE:
                self.apply(&row[k])
            self.settle(&book[k, 0])
            self.seen += 1

    def messages_so_far(self):
        """Messages, the rows that caused them, and which were made: views, good until ``forget``.
        """
        messages, causes, synthetic = (array[: self.count] for array in self.arrays)
        return messages, causes, synthetic.view(np.bool_)

    def forget(self):
        """Forget the messages so far: their number goes on, their memory is used again."""
        self.count = 0

    def result(self):
        """What was counted, and the first thing that was wrong, or ``None``."""
        return self.tally, self.first_wrong if self.first_wrong.what else None

    cdef int emit(self, int32_t number, int kind, int64_t size, bint synthetic) except -1 nogil:
        """Write a message about an order that is in the book."""
        if self.count == self.capacity:
            with gil:
                self.resize(2 * self.capacity)
        cdef Message *message = &self.messages[self.count]
        cdef int8_t side = self.depth.orders[number].side
        memset(message, 0, sizeof(Message))
        message.ts_event = self.ts
        message.order_id = self.depth.orders[number].order_id
        message.price = self.depth.orders[number].key * side
        # A division by a constant is a multiplication.
        message.price = message.price // 100 if self.tick == 100 else message.price // self.tick
        message.size = size
        message.kind = kind
        message.side = side
        message.instrument = self.instrument
        self.rows[self.count] = self.row
        self.synthetic[self.count] = synthetic
        self.tally.synthetic_messages += synthetic
        self.count += 1
        return 0

    cdef int blame(
        self, int64_t *tally, int what, int side, int64_t price, int64_t have, int64_t want
    ) except -1 nogil:
        tally[0] += 1
        if self.first_wrong.what == 0:
            self.first_wrong = Wrong(self.row, what, side, price, have, want)
        return 0

    cdef int apply(self, const Row *row) except -1 nogil:
        """What the message says happened, by id."""
        cdef int side = row.direction
        cdef int64_t key = side * row.price
        cdef int64_t left = row.size
        cdef int32_t number = self.depth.find(row.order_id)
        cdef int64_t *contradictions = &self.tally.contradictions
        cdef const Ladder *other = self.depth.ladder(-side)
        if row.kind == ADD:
            if number >= 0:
                self.blame(contradictions, DUPLICATE_ID, side, row.price, 0, row.order_id)
            elif other.count and key >= -other.levels[other.count - 1].key:
                self.blame(contradictions, CROSSING_ADD, side, row.price, 0, row.order_id)
            else:
                number = self.depth.enter(row.order_id, side, key, row.size)
                self.emit(number, NEW, row.size, False)
            return 0
        if number < 0:
            self.tally.unknown_ids += 1
        else:
            if self.depth.orders[number].key != key or self.depth.orders[number].side != side:
                self.blame(contradictions, DIFFERENT_ORDER, side, row.price, 0, row.order_id)
            if row.kind == EXECUTE:
                self.bring_forward(number)
            left -= self.bite(number, left, row.kind == EXECUTE, False)
        if left:
            self.draw(row, left)
        return 0

    cdef int bring_forward(self, int32_t number) except -1 nogil:
        """An execution proves an order to be the first of its queue: the others go behind it."""
        cdef int32_t first
        cdef int64_t size
        cdef int8_t side = self.depth.orders[number].side
        cdef const Level *level = self.depth.level(side, self.depth.orders[number].key)
        while level.first != number:
            first = level.first
            size = self.depth.orders[first].size
            self.tally.requeued_orders += 1
            if first == self.half_executed and self.ts == self.half_executed_ts:
                # One aggressor may have taken both: what it took stays in front, the rest is
                # another order behind.
                self.add_synthetic(side, self.depth.orders[first].key, size)
                self.emit(first, REDUCE, size, True)
                self.depth.take(first, size)
            else:
                # What grows loses its place; the lot is taken back at once. An order that is not
                # there any more, for an injected one has taken it, does not come back so.
                self.emit(first, REPLACE, size + 1, True)
                self.emit(first, REDUCE, 1, True)
                self.depth.move_behind(first)
        return 0

    cdef int add_synthetic(self, int side, int64_t key, int64_t size) except -1 nogil:
        cdef int32_t number = self.depth.enter(self.next_id, side, key, size)
        self.next_id -= 1
        return self.emit(number, NEW, size, True)

    cdef int draw(self, const Row *row, int64_t left) except -1 nogil:
        """Lots of an order that is not in the book, from others at its price.

        An execution takes the first in the queue, a cancellation most likely one of the orders
        whose ids are not known: those that were taken over from the file.
        """
        cdef int64_t key = row.direction * row.price
        cdef const Level *level = self.depth.level(row.direction, key)
        if level == NULL:
            self.blame(
                &self.tally.unknown_prices, UNKNOWN_PRICE, row.direction, row.price, 0, left
            )
            return 0
        cdef int64_t have = level.size
        cdef int64_t rest = have - left if have > left else 0
        if row.kind == EXECUTE:
            while left and have:
                left -= self.bite(level.first, left, True, False)
                level = self.depth.level(row.direction, key)
                have = level.size if level != NULL else 0
        else:
            self.cut(row.direction, key, rest, False)
            left -= have - rest
        if left:
            self.blame(&self.tally.overdrawn, OVERDRAWN, row.direction, row.price, 0, left)
        return 0

    cdef int64_t bite(
        self, int32_t number, int64_t most, bint execution, bint synthetic
    ) except -1 nogil:
        """Take up to so many lots off an order; how many it were."""
        cdef int64_t have = self.depth.orders[number].size
        cdef int64_t size = min(most, have)
        self.emit(number, CANCEL if size == have else REDUCE, size, synthetic)
        self.depth.take(number, size)
        if execution and size < have:
            self.half_executed, self.half_executed_ts = number, self.ts
        return size

    cdef int cut(self, int side, int64_t key, int64_t rest, bint synthetic) except -1 nogil:
        """Leave ``rest`` lots at a level: orders taken over from the file go first, then the
        newest.
        """
        cdef const Level *level = self.depth.level(side, key)
        cdef int64_t left = level.size - rest
        cdef int32_t number = level.first
        cdef int32_t last = level.last
        cdef int32_t following
        while left and number >= 0:
            following = self.depth.orders[number].after
            if self.depth.orders[number].order_id < 0:
                if number == last:
                    last = self.depth.orders[number].before
                left -= self.bite(number, left, False, synthetic)
            number = following
        while left and last >= 0:
            following = self.depth.orders[last].before
            left -= self.bite(last, left, False, synthetic)
            last = following
        return 0

    cdef int settle(self, const int64_t *shown) except -1 nogil:
        """Hold both sides against a row of the orderbook file, and make them equal to it."""
        cdef bint same_bids = self.same(shown, BUY)
        cdef bint same_asks = self.same(shown, SELL)
        self.wrong_row = self.wrong_touch = False
        if not same_bids:
            self.lower(shown, BUY)
        if not same_asks:
            self.lower(shown, SELL)
        # Only now is there certainly room for the other side.
        if not same_bids:
            self.raise_levels(shown, BUY)
        if not same_asks:
            self.raise_levels(shown, SELL)
        self.move_window(shown, BUY)
        self.move_window(shown, SELL)
        self.tally.matched_rows += not self.wrong_row
        self.tally.matched_touch += not self.wrong_touch
        return 0

    cdef bint same(self, const int64_t *shown, int side) noexcept nogil:
        return agreeing(self.depth.ladder(side), shown, side, self.levels) == self.levels

    cdef int lower(self, const int64_t *shown, int side) except -1 nogil:
        """Cut what is more than the row shows."""
        cdef const Ladder *ladder = self.depth.ladder(side)
        cdef int64_t bound = worst(shown, side, self.levels)
        cdef Py_ssize_t i = ladder.count - 1
        cdef int64_t j = 0
        cdef int64_t key, have, want
        while i >= 0 and ladder.levels[i].key >= bound:
            key, have = ladder.levels[i].key, ladder.levels[i].size
            while j < self.levels and key_at(shown, side, j) > key:
                j += 1
            want = size_at(shown, side, j) if (
                j < self.levels and key_at(shown, side, j) == key
            ) else 0
            if have > want:
                self.differ(shown, side, key, have, want)
                self.cut(side, key, want, True)
            i -= 1
        return 0

    cdef int raise_levels(self, const int64_t *shown, int side) except -1 nogil:
        """Enter what is less than the row shows."""
        cdef const Level *level
        cdef int64_t j, key, have, want
        for j in range(self.levels):
            want = size_at(shown, side, j)
            if want == 0:
                break
            key = key_at(shown, side, j)
            level = self.depth.level(side, key)
            have = level.size if level != NULL else 0
            if have < want:
                self.differ(shown, side, key, have, want)
                self.add_synthetic(side, key, want - have)
        return 0

    cdef int differ(
        self, const int64_t *shown, int side, int64_t key, int64_t have, int64_t want
    ) except -1 nogil:
        cdef int64_t before = self.bounds[side < 0]
        if key < before:  # just come into the window
            if have == 0:
                self.tally.adopted_levels += 1
            else:
                self.tally.corrected_levels += 1
            return 0
        cdef int64_t rows = 0
        self.wrong_row = True
        if key >= key_at(shown, side, 0):
            self.wrong_touch = True
        return self.blame(&rows, DIFFERENT_LEVEL, side, key * side, have, want)

    cdef int move_window(self, const int64_t *shown, int side) except -1 nogil:
        cdef const Ladder *ladder = self.depth.ladder(side)
        cdef int64_t bound = worst(shown, side, self.levels)
        cdef int64_t *before = &self.bounds[side < 0]
        if bound > before[0]:
            self.tally.dropped_levels += seek(ladder, bound) - seek(ladder, before[0])
        before[0] = bound
        return 0


def reconcile(rows, const int64_t[:, ::1] book, int64_t tick, int64_t instrument):
    """Make one stream of messages of the two files of a day."""
    expected = book.shape[0] + book.shape[0] // 2 + book.shape[1]
    it = Reconciler(book.shape[1] // 4, tick, instrument, expected)
    it.follow(rows, book)
    return *it.messages_so_far(), *it.result()
