"""Databento DBN, market by order: messages out of records, and the books beside them.

Source: Databento's specification of DBN and of the MBO schema. All numbers are little-endian.
"""

cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

import numpy as np

from lob.feeds._books cimport (
    Book, Books, Message, Order, Print, book_of, find, level_of, look, lots, price_of,
    price_soon, soon, take, very_soon,
)
from lob.feeds.prints import PRINT, PrintKind
from lob.types import MESSAGE, Kind

cdef enum:
    NEW = 1
    CANCEL = 2
    REDUCE = 3
    REPLACE = 4
    TRADE = 1
    CROSS = 3
    MBO = 0xA0  # rtype
    HEADER = 16  # bytes of the header of any record
    SIZE_OF = 56  # bytes of a record of market by order
    SLOTS = 0x20000  # of the table of instruments
    INSTRUMENTS = 0x10000
    # Records between the fetch of an order's memory, that of its level, and their use.
    AHEAD = 24
    NEARER = 12
    MOST_MESSAGES = 2
    # flags of a record
    LAST = 128
    SNAPSHOT = 32
    MAYBE_BAD_BOOK = 4
    # bits of Book.state
    IN_SNAPSHOT = 1
    MAYBE_BAD = 2
    STARTED = 4  # with a snapshot or a clear: orders from before are known
    # What can be wrong with a record, or what the caller is to do about it.
    c_FINE = 0
    c_LENGTH = 1
    c_LEVELS = 2
    c_ACTION = 3
    c_SIDE = 4
    c_SIZE = 5
    c_PRICE = 6
    c_CLEAR = 7

LENGTH, LEVELS, ACTION, SIDE, SIZE, PRICE, CLEAR = (
    c_LENGTH, c_LEVELS, c_ACTION, c_SIDE, c_SIZE, c_PRICE, c_CLEAR
)
cdef int64_t UNDEFINED = 0x7FFFFFFFFFFFFFFF
cdef int64_t MAX_PRICE = 2**40

cdef packed struct Record:
    uint8_t length  # in words of four bytes
    uint8_t rtype
    uint16_t publisher_id
    uint32_t instrument_id
    uint64_t ts_event
    int64_t order_id
    int64_t price
    uint32_t size
    uint8_t flags
    uint8_t channel_id
    uint8_t action
    uint8_t side
    uint64_t ts_recv
    int32_t ts_in_delta
    uint32_t sequence

assert sizeof(Record) == SIZE_OF and sizeof(Print) == PRINT.itemsize
assert (Kind.NEW, Kind.CANCEL, Kind.REDUCE, Kind.REPLACE) == (NEW, CANCEL, REDUCE, REPLACE)
assert (PrintKind.TRADE, PrintKind.CROSS) == (TRADE, CROSS)


@cython.final
cdef class DbnParser:
    """Parses records of market by order, of all instruments in them.

    Parameters
    ----------
    books
        Followed as the records are read.
    met
        Called with the venue's id of an instrument when it is first met; gives its number.
    """

    cdef Books books
    cdef object met
    cdef uint32_t keys[SLOTS]
    cdef int32_t numbers[SLOTS]  # of the instrument, plus one; 0: the slot is empty
    cdef int64_t ticks[INSTRUMENTS]  # in 1e-9 of the currency
    cdef int64_t actions[256]
    cdef int64_t rtypes[256]
    cdef readonly int64_t first_ts
    cdef readonly int64_t last_ts
    cdef readonly int64_t went_back
    cdef readonly int64_t snapshots
    cdef readonly int64_t maybe_bad
    cdef readonly int64_t without_price
    cdef readonly int64_t explained
    cdef readonly int64_t matched
    cdef readonly int64_t mismatched
    cdef readonly Py_ssize_t first_mismatch  # where in the data of the call of ``parse``, or -1
    cdef readonly int64_t emitted
    cdef readonly int problem  # with the record at which ``parse`` or ``scan`` stopped
    cdef readonly int32_t clearing  # the instrument to be cleared
    cdef Message *message
    cdef Print *trade

    def __init__(self, Books books not None, met):
        self.books = books
        self.met = met
        self.first_ts = self.last_ts = -1
        self.first_mismatch = -1

    def records(self):
        """Records so far: those of market by order by action, others by their rtype."""
        found = {chr(i): self.actions[i] for i in range(256) if self.actions[i]}
        found.update((f"rtype {i:#04x}", self.rtypes[i]) for i in range(256) if self.rtypes[i])
        return found

    def set_tick(self, int number, int64_t tick):
        """The tick of an instrument, in 1e-9 of the currency."""
        self.ticks[number] = tick

    def scan(self, const uint8_t[::1] data not None, Py_ssize_t start):
        """Look at prices alone; returns how far it came. See ``divisors``."""
        cdef Py_ssize_t at = start, length, end = data.shape[0]
        cdef const uint8_t *bytes_ = &data[0] if end else NULL
        cdef const Record *record
        cdef int32_t number
        cdef int64_t tick
        self.problem = c_FINE
        with nogil:
            while True:
                length = self._length(bytes_, at, end)
                if length <= 0:
                    break
                record = <const Record *>(bytes_ + at)
                if record.rtype == MBO and record.price != UNDEFINED:
                    number = self._number(record.instrument_id)
                    tick = self.ticks[number]
                    if not tick or record.price % tick:
                        self.ticks[number] = divisor(tick, record.price)
                at += length
        return at

    def divisors(self):
        """After ``scan``: the greatest common divisor of the prices of each instrument, or 0."""
        return {
            int(self.keys[i]): int(self.ticks[self.numbers[i] - 1])
            for i in range(SLOTS)
            if self.numbers[i]
        }

    def parse(self, const uint8_t[::1] data not None, Py_ssize_t start, Py_ssize_t rows):
        """Parse whole records from ``start`` until the data end or ``rows`` messages are made.

        Returns how far it came, the messages, which of them leave a consistent book, and the
        prints. ``problem`` says whether the record there is none; CLEAR that all orders of
        ``clearing`` are to be cancelled before going on.
        """
        cdef Py_ssize_t at = start, end = data.shape[0], count = 0, trades = 0, length
        cdef Py_ssize_t most = min(rows, (end - start) // SIZE_OF + 1)
        cdef const uint8_t *bytes_ = &data[0] if end else NULL
        cdef const Record *record
        cdef int made
        messages = np.empty(most + MOST_MESSAGES, MESSAGE)
        consistent = np.zeros(most + MOST_MESSAGES, np.bool_)
        prints = np.zeros(most, PRINT)
        cdef uint8_t[::1] message_rows = messages.view(np.uint8)
        cdef uint8_t[::1] print_rows = prints.view(np.uint8)
        cdef uint8_t[::1] shown = consistent.view(np.uint8)
        cdef Message *first = <Message *>&message_rows[0]
        cdef Print *first_print = <Print *>&print_rows[0]
        self.problem = c_FINE
        with nogil:
            while count < most and trades < most:
                length = self._length(bytes_, at, end)
                if length <= 0:
                    break
                record = <const Record *>(bytes_ + at)
                if record.rtype != MBO:
                    self.rtypes[record.rtype] += 1
                    at += length
                    continue
                if at + (AHEAD + 1) * SIZE_OF <= end:
                    self._fetch(record)
                self.message = first + count
                self.trade = first_print + trades
                self.trade.ts_event = -1
                made = self._record(record)
                if self.problem:
                    break
                if self.mismatched and self.first_mismatch < 0:
                    self.first_mismatch = at
                count += made
                self.emitted += made
                trades += self.trade.ts_event >= 0
                if record.flags & LAST:
                    if made:
                        shown[count - 1] = True
                    look(book_of(self.books, self._number(record.instrument_id)))
                at += length
        return at, messages[:count], consistent[:count], prints[:trades]

    def skip(self, const uint8_t[::1] data not None, Py_ssize_t at):
        """After CLEAR, once the orders are cancelled: go past an R record, and only past one.

        Returns where the next record is, and whether the book is consistent here.
        """
        cdef const Record *record = <const Record *>&data[at]
        cdef Book *book = book_of(self.books, self.clearing)
        if record.flags & SNAPSHOT:
            self.snapshots += not book.state & IN_SNAPSHOT
            book.state |= IN_SNAPSHOT
        if record.action != c"R":
            return at, False
        book.state |= STARTED
        self.actions[record.action] += 1
        self._clock(record)
        return at + 4 * record.length, bool(record.flags & LAST)

    def told(self, const uint8_t[::1] data not None, Py_ssize_t at):
        """What a record says, for an error: action, side, price in 1e-9, size."""
        cdef const Record *record = <const Record *>&data[at]
        return chr(record.action), chr(record.side), record.price, record.size

    def time(self, const uint8_t[::1] data not None, Py_ssize_t at):
        """The time of a record, as a message has it."""
        return self._time(<const Record *>&data[at])

    def emit(self, Py_ssize_t count):
        """Say that ``count`` messages were made elsewhere."""
        self.emitted += count

    def close(self):
        """Count what is still to be counted as crossed or locked."""
        cdef int32_t i
        for i in range(self.books.count):
            self.books.settle(&self.books.books[i], not self.books.books[i].traded)

    cdef inline Py_ssize_t _length(
        self, const uint8_t *data, Py_ssize_t at, Py_ssize_t end
    ) noexcept nogil:
        """Bytes of the record at ``at``; 0 if it is not all there, or if it is none."""
        cdef Py_ssize_t length
        if at + HEADER > end:
            return 0
        length = 4 * data[at]
        if length < HEADER or (data[at + 1] == MBO and length < SIZE_OF):
            self.problem = c_LENGTH
            return 0
        if data[at + 1] <= 1 or data[at + 1] == 10:
            self.problem = c_LEVELS
            return 0
        return length if at + length <= end else 0

    cdef inline int _fetch(self, const Record *record) except -1 nogil:
        """Let memory be fetched for records to come, if they are where this one lets expect."""
        cdef const Record *ahead = record + AHEAD
        cdef int32_t number
        if ahead.rtype == MBO:
            number = self._number(ahead.instrument_id)
            soon(self.books, number, ahead.order_id)
            if ahead.action == c"A" and self.ticks[number]:
                price_soon(
                    self.books,
                    number,
                    (1 if ahead.side == c"B" else -1) * (ahead.price // self.ticks[number]),
                )
        ahead = record + NEARER
        if ahead.rtype == MBO and ahead.action != c"A":
            very_soon(self.books, self._number(ahead.instrument_id), ahead.order_id)
        return 0

    cdef inline int32_t _number(self, uint32_t instrument_id) except -1 nogil:
        """The number of an instrument."""
        cdef uint32_t at = (instrument_id * <uint32_t>2654435769) >> 15
        while self.numbers[at] and self.keys[at] != instrument_id:
            at = (at + 1) % SLOTS
        if not self.numbers[at]:
            self._meet(at, instrument_id)
        return self.numbers[at] - 1

    cdef int _meet(self, uint32_t at, uint32_t instrument_id) except -1 with gil:
        # Apart from _number: a function with Python objects takes the interpreter's lock each time.
        self.numbers[at] = 1 + <int32_t>self.met(instrument_id)
        self.keys[at] = instrument_id
        return 0

    cdef inline int64_t _time(self, const Record *record) noexcept nogil:
        """``ts_event``; the time of receipt in a snapshot, or where the venue told no other."""
        cdef uint64_t ts = record.ts_event
        if ts >> 63 or (record.flags & SNAPSHOT and not record.ts_recv >> 63):
            ts = record.ts_recv
        return 0 if ts >> 63 else <int64_t>ts

    cdef inline int64_t _clock(self, const Record *record) noexcept nogil:
        cdef int64_t ts = self._time(record)
        self.went_back += ts < self.last_ts
        self.last_ts = ts
        if self.first_ts < 0 or ts < self.first_ts:
            self.first_ts = ts
        return ts

    cdef int _record(self, const Record *record) except -1 nogil:
        """Take one record of market by order: returns the messages made."""
        cdef int32_t number = self._number(record.instrument_id)
        cdef Book *book = book_of(self.books, number)
        cdef bint snapshot = record.flags & SNAPSHOT != 0
        cdef bint has_price = record.price != UNDEFINED
        cdef int64_t tick = self.ticks[number], price = 0, ts
        cdef int side = (record.side == c"B") - (record.side == c"A")
        cdef int made = 0
        cdef uint8_t action = record.action
        if action == c"R" or (
            snapshot and not book.state & IN_SNAPSHOT
            and (book.bids.near.count or book.asks.near.count)
        ):
            self.problem, self.clearing = c_CLEAR, number
            return 0
        if has_price and tick:
            price = record.price // tick
        if not (
            action == c"A" or action == c"C" or action == c"M" or action == c"T"
            or action == c"F" or action == c"N"
        ):
            self.problem = c_ACTION
        elif not side and (record.side != c"N" or action == c"A" or action == c"M"):
            self.problem = c_SIDE
        elif has_price and (not tick or record.price % tick or price > MAX_PRICE or (
            price < -MAX_PRICE
        )):
            self.problem = c_PRICE
        elif not record.size and (action == c"A" or action == c"C"):
            self.problem = c_SIZE
        if self.problem:
            return 0
        if record.flags & MAYBE_BAD_BOOK:
            self.maybe_bad += not book.state & MAYBE_BAD
            book.state |= MAYBE_BAD
        else:
            book.state &= ~MAYBE_BAD
        if snapshot:
            self.snapshots += not book.state & IN_SNAPSHOT
            book.state |= IN_SNAPSHOT | STARTED
        else:
            book.state &= ~IN_SNAPSHOT
        self.actions[action] += 1
        ts = self._clock(record)
        if action == c"A":
            made = self._add(record, number, side, price, has_price, ts)
        elif action == c"C":
            made = self._cancel(record, number, side, price, has_price, ts)
        elif action == c"M":
            made = self._modify(record, number, side, price, has_price, ts)
        elif action == c"T" and has_price and record.size:
            self._trade(record, number, side, price, ts, book)
        return made

    cdef int _add(
        self, const Record *record, int32_t number, int side, int64_t price, bint has_price,
        int64_t ts,
    ) except -1 nogil:
        cdef Order order = find(self.books, number, record.order_id)
        cdef int made = 1
        if not has_price:
            self.without_price += 1
            return 0
        if order.bucket != NULL:
            self.books.duplicate_ids += 1
            self._message(CANCEL, number, record.order_id, ts)
            take(self.books, order, lots(order))
            made = 2
        self._message(NEW, number, record.order_id, ts)
        (self.message - 1).side = <int8_t>side
        (self.message - 1).price = price
        (self.message - 1).size = record.size
        self.books.enter(number, record.order_id, side, price, record.size)
        return made

    cdef int _cancel(
        self, const Record *record, int32_t number, int side, int64_t price, bint has_price,
        int64_t ts,
    ) except -1 nogil:
        cdef Order order = find(self.books, number, record.order_id)
        if order.bucket == NULL:
            self._miss(number)
            return 0
        self._match(order, side, price, has_price)
        if record.size >= lots(order):
            self.books.overdrawn += record.size > lots(order)
            self._message(CANCEL, number, record.order_id, ts)
        else:
            self._message(REDUCE, number, record.order_id, ts)
            (self.message - 1).size = record.size
        take(self.books, order, record.size)
        return 1

    cdef int _modify(
        self, const Record *record, int32_t number, int side, int64_t price, bint has_price,
        int64_t ts,
    ) except -1 nogil:
        cdef Order order = find(self.books, number, record.order_id)
        if order.bucket == NULL:
            if not record.size:
                self._miss(number)
                return 0
            return self._add(record, number, side, price, has_price, ts)
        self._match(order, side, 0, False)
        if not record.size or not has_price:
            self._message(CANCEL, number, record.order_id, ts)
            take(self.books, order, lots(order))
            return 1
        self._message(REPLACE, number, record.order_id, ts)
        (self.message - 1).price = price
        (self.message - 1).size = record.size
        self.books.move(order, price, record.size)
        return 1

    cdef int _trade(
        self, const Record *record, int32_t number, int side, int64_t price, int64_t ts, Book *book
    ) noexcept nogil:
        cdef bint uncross = not side and not record.order_id
        self.trade.ts_event = ts
        self.trade.at = self.emitted
        self.trade.price = price
        self.trade.size = record.size
        self.trade.order_id = 0
        self.trade.instrument = <uint16_t>number
        self.trade.kind = CROSS if uncross else TRADE
        self.trade.side = <int8_t>side
        self.trade.counts = True
        # What was crossed since the last trade was collected for this uncross.
        self.books.settle(book, uncross or not book.traded)
        book.traded = True
        return 0

    cdef inline void _miss(self, int32_t number) noexcept nogil:
        """Count an order that is not there."""
        self.books.unknown_ids += 1
        self.explained += not self.books.books[number].state & STARTED

    cdef inline void _match(
        self, Order order, int side, int64_t price, bint has_price
    ) noexcept nogil:
        """Whether a record has the side and the price of the order that it names."""
        if (side and side != level_of(self.books, order).side) or (
            has_price and price != price_of(self.books, order)
        ):
            self.mismatched += 1
        else:
            self.matched += 1

    cdef inline void _message(
        self, int kind, int32_t number, int64_t order_id, int64_t ts
    ) noexcept nogil:
        memset(self.message, 0, sizeof(Message))
        self.message.ts_event = ts
        self.message.order_id = order_id
        self.message.kind = <uint8_t>kind
        self.message.instrument = <uint16_t>number
        self.message += 1


cdef int64_t divisor(int64_t one, int64_t other) noexcept nogil:
    """The greatest common divisor of the magnitudes."""
    cdef int64_t rest
    one, other = (-one if one < 0 else one), (-other if other < 0 else other)
    while other:
        rest = one % other
        one, other = other, rest
    return one
