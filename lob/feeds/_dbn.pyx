"""Databento DBN, market by order: messages out of records, and the books beside them.

Source: Databento's specification of DBN and of the MBO schema. All numbers are little-endian.
"""

cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

import numpy as np

from lob.engine.records cimport CANCEL, NEW, REDUCE, REPLACE, Message
from lob.feeds._books cimport (
    Book, Books, Print, Slot, book_of, fetch_for_writing, fill, find, find_hashed, hashed, look,
    price_soon, take,
)
from lob.feeds._dbn_records cimport (
    HEADER, LAST, MAYBE_BAD_BOOK, MBO, SIZE_OF, SNAPSHOT, UNDEFINED, Record, divisor, time_of,
)
from lob.feeds.prints import PRINT, PrintKind
from lob.types import MESSAGE

cdef enum:
    TRADE = 1
    CROSS = 3
    SLOTS = 0x20000  # of the table of instruments
    INSTRUMENTS = 0x10000
    AHEAD = 24  # records between a first look at one, when its memory is fetched, and its use
    PLANS = 32  # of records looked at; a power of two above AHEAD
    MOST_MESSAGES = 2
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
cdef int64_t MAX_PRICE = 2**40

cdef struct Instrument:  # a slot of the table of instruments
    uint32_t key  # the venue's id
    int32_t number  # plus one; 0: the slot is empty

cdef struct Plan:  # what a first look at a record told
    const Record *record
    int64_t price  # in ticks
    uint64_t hashed  # instrument and order
    int32_t number  # of the instrument
    uint8_t is_plain  # an order's own side, price and size, all sound

assert sizeof(Record) == SIZE_OF and sizeof(Print) == PRINT.itemsize
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
    rows_wanted
        Whether messages and prints are given out; else they are counted only.
    """

    cdef Books books
    cdef object met
    cdef bint rows_wanted
    cdef Instrument table[SLOTS]
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
    cdef readonly int64_t emitted  # messages
    cdef readonly int64_t printed
    cdef readonly int problem  # with the record at which ``parse`` or ``scan`` stopped
    cdef readonly int32_t clearing  # the instrument to be cleared
    cdef Plan plans[PLANS]
    cdef Message *message
    cdef Print *trades
    cdef Py_ssize_t trade_count
    cdef Py_ssize_t trade_room

    def __init__(self, Books books not None, met, bint rows_wanted=True):
        self.books = books
        self.rows_wanted = rows_wanted
        self.met = met
        self.first_ts = self.last_ts = -1
        self.first_mismatch = -1

    def __dealloc__(self):
        free(self.trades)

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
            int(self.table[i].key): int(self.ticks[self.table[i].number - 1])
            for i in range(SLOTS)
            if self.table[i].number
        }

    def parse(self, const uint8_t[::1] data not None, Py_ssize_t start, Py_ssize_t rows):
        """Parse whole records from ``start`` until the data end or ``rows`` messages are made.

        Returns how far it came, the messages, which of them leave a consistent book, and the
        prints. ``problem`` says whether the record there is none; CLEAR that all orders of
        ``clearing`` are to be cancelled before going on.
        """
        cdef Py_ssize_t at = start, end = data.shape[0], count = 0, length
        cdef Py_ssize_t most = min(rows, (end - start) // SIZE_OF + 1)
        cdef Py_ssize_t ahead = end - (AHEAD + 1) * SIZE_OF  # up to here there is one to look at
        cdef const uint8_t *bytes_ = &data[0] if end else NULL
        cdef const Record *record
        cdef const Plan *plan
        cdef size_t step = 0
        cdef int made
        cdef Py_ssize_t room = MOST_MESSAGES + (most if self.rows_wanted else 0)
        messages = np.empty(room, MESSAGE)
        consistent = np.zeros(room, np.bool_)
        cdef uint8_t[::1] message_rows = messages.view(np.uint8)
        cdef uint8_t[::1] shown = consistent.view(np.uint8)
        cdef Message *first = <Message *>&message_rows[0]
        self.problem = c_FINE
        self.trade_count = 0
        memset(self.plans, 0, sizeof(self.plans))
        while count < most and self.trade_count < most:
            record = <const Record *>(bytes_ + at)
            plan = &self.plans[step % PLANS]
            if at <= ahead:
                self._look_ahead(step, record)
            step += 1
            self.message = first + count
            if plan.record == record and plan.is_plain and self._plain(record, plan):
                made, length = 1, SIZE_OF
            else:
                length = self._length(bytes_, at, end)
                if length <= 0:
                    break
                if record.rtype != MBO:
                    self.rtypes[record.rtype] += 1
                    at += length
                    continue
                made = self._record(record)
                if self.problem:
                    break
                if record.flags & LAST:
                    look(book_of(self.books, self._number(record.instrument_id)))
            self.emitted += made
            if made and self.rows_wanted:
                count += made
                shown[count - 1] = record.flags & LAST != 0
            if self.mismatched and self.first_mismatch < 0:
                self.first_mismatch = at
            at += length
        prints = np.empty(self.trade_count, PRINT)
        if self.trade_count:
            message_rows = prints.view(np.uint8)
            memcpy(&message_rows[0], self.trades, self.trade_count * sizeof(Print))
        return at, messages[:count], consistent[:count], prints

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
        return time_of(<const Record *>&data[at])

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

    cdef inline void _look_ahead(self, size_t step, const Record *record) noexcept nogil:
        """Plan a record to come, and let memory be fetched, if it is where this one lets expect."""
        cdef const Record *ahead = record + AHEAD
        cdef Plan *plan = &self.plans[(step + AHEAD) % PLANS]
        cdef int64_t tick
        cdef int32_t number
        plan.record, plan.is_plain = ahead, False
        if ahead.rtype != MBO or ahead.length * 4 != SIZE_OF:
            return
        number = plan.number = self._known(ahead.instrument_id)
        if number < 0 or not self.ticks[number]:
            return
        plan.hashed = hashed(number, ahead.order_id)
        fetch_for_writing(&self.books.slots[plan.hashed & self.books.mask])
        tick = self.ticks[number]
        plan.price = ahead.price // tick
        plan.is_plain = (
            plan.price * tick == ahead.price and ahead.price != UNDEFINED
            and -MAX_PRICE <= plan.price <= MAX_PRICE and ahead.size > 0
            and not ahead.flags & (SNAPSHOT | MAYBE_BAD_BOOK)
            and (ahead.side == c"A" or ahead.side == c"B")
        )
        # The order's price comes or goes, whatever is done.
        price_soon(self.books, number, plan.price if ahead.side == c"B" else -plan.price)

    cdef inline int _plain(self, const Record *record, const Plan *plan) except -1 nogil:
        """Take a record of a plain plan; 0: it is to be looked at more closely."""
        cdef int32_t number = plan.number
        cdef Book *book = book_of(self.books, number)
        cdef int side = 1 if record.side == c"B" else -1
        cdef uint8_t action = record.action
        cdef Message *message
        cdef Slot *slot
        if book.state & (IN_SNAPSHOT | MAYBE_BAD):
            return 0
        slot = find_hashed(self.books, number, record.order_id, plan.hashed)
        if action == c"A":
            if slot != NULL:
                return 0
            message = self._message(NEW, number, record.order_id, self._clock(record))
            message.side = <int8_t>side
            message.price = plan.price
            message.size = record.size
            fill(
                self.books, book, number, record.order_id, plan.hashed, side, plan.price,
                record.size,
            )
        elif slot == NULL:
            return 0
        elif action == c"C":
            self._match(slot, side, plan.price, True)
            self._reduce(record, number, slot, self._clock(record))
        elif action == c"M":
            self._match(slot, side, 0, False)
            self._replace(record, number, slot, plan.price, self._clock(record))
        else:
            return 0
        self.actions[action] += 1
        if record.flags & LAST:
            look(book)
        return 1

    cdef inline int32_t _known(self, uint32_t instrument_id) noexcept nogil:
        """The number of an instrument; -1: it was not met."""
        cdef uint32_t at = (instrument_id * <uint32_t>2654435769) >> 15
        while self.table[at].number and self.table[at].key != instrument_id:
            at = (at + 1) % SLOTS
        return self.table[at].number - 1

    cdef inline int32_t _number(self, uint32_t instrument_id) except -1 nogil:
        """The number of an instrument."""
        cdef int32_t number = self._known(instrument_id)
        return number if number >= 0 else self._meet(instrument_id)

    cdef int32_t _meet(self, uint32_t instrument_id) except -1 with gil:
        # Apart from _number: a function with Python objects takes the interpreter's lock each time.
        cdef uint32_t at = (instrument_id * <uint32_t>2654435769) >> 15
        while self.table[at].number:
            at = (at + 1) % SLOTS
        self.table[at].number = 1 + <int32_t>self.met(instrument_id)
        self.table[at].key = instrument_id
        return self.table[at].number - 1

    cdef inline int64_t _clock(self, const Record *record) noexcept nogil:
        cdef int64_t ts = time_of(record)
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
            snapshot and not book.state & IN_SNAPSHOT and (book.bids.count or book.asks.count)
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
        cdef Slot *slot = find(self.books, number, record.order_id)
        cdef Message *message
        cdef int made = 1
        if not has_price:
            self.without_price += 1
            return 0
        if slot != NULL:
            self.books.duplicate_ids += 1
            self._message(CANCEL, number, record.order_id, ts)
            take(self.books, slot, slot.size)
            made = 2
        message = self._message(NEW, number, record.order_id, ts)
        message.side = <int8_t>side
        message.price = price
        message.size = record.size
        self.books.enter(number, record.order_id, side, price, record.size)
        return made

    cdef int _cancel(
        self, const Record *record, int32_t number, int side, int64_t price, bint has_price,
        int64_t ts,
    ) except -1 nogil:
        cdef Slot *slot = find(self.books, number, record.order_id)
        if slot == NULL:
            self._miss(number)
            return 0
        self._match(slot, side, price, has_price)
        self._reduce(record, number, slot, ts)
        return 1

    cdef inline void _reduce(
        self, const Record *record, int32_t number, Slot *slot, int64_t ts
    ) noexcept nogil:
        """Take lots off an order."""
        if record.size >= slot.size:
            self.books.overdrawn += record.size > slot.size
            self._message(CANCEL, number, record.order_id, ts)
        else:
            self._message(REDUCE, number, record.order_id, ts).size = record.size
        take(self.books, slot, record.size)

    cdef int _modify(
        self, const Record *record, int32_t number, int side, int64_t price, bint has_price,
        int64_t ts,
    ) except -1 nogil:
        cdef Slot *slot = find(self.books, number, record.order_id)
        if slot == NULL:
            if not record.size:
                self._miss(number)
                return 0
            return self._add(record, number, side, price, has_price, ts)
        self._match(slot, side, 0, False)
        if not record.size or not has_price:
            self._message(CANCEL, number, record.order_id, ts)
            take(self.books, slot, slot.size)
            return 1
        self._replace(record, number, slot, price, ts)
        return 1

    cdef inline int _replace(
        self, const Record *record, int32_t number, Slot *slot, int64_t price, int64_t ts
    ) except -1 nogil:
        """Give an order another price and size."""
        cdef Message *message = self._message(REPLACE, number, record.order_id, ts)
        message.price = price
        message.size = record.size
        self.books.move(slot, price, record.size)
        return 0

    cdef int _trade(
        self, const Record *record, int32_t number, int side, int64_t price, int64_t ts, Book *book
    ) except -1 nogil:
        cdef bint uncross = not side and not record.order_id
        cdef Print *trade
        self.printed += 1
        if self.rows_wanted:
            if self.trade_count == self.trade_room:
                self._make_room()
            trade = &self.trades[self.trade_count]
            self.trade_count += 1
            memset(trade, 0, sizeof(Print))
            trade.ts_event = ts
            trade.at = self.emitted
            trade.price = price
            trade.size = record.size
            trade.instrument = <uint16_t>number
            trade.kind = CROSS if uncross else TRADE
            trade.side = <int8_t>side
            trade.counts = True
        # What was crossed since the last trade was collected for this uncross.
        self.books.settle(book, uncross or not book.traded)
        book.traded = True
        return 0

    cdef int _make_room(self) except -1 nogil:
        """Room for more trades."""
        cdef Py_ssize_t room = 2 * self.trade_room or 64
        cdef Print *trades = <Print *>realloc(self.trades, room * sizeof(Print))
        if trades == NULL:
            with gil:
                raise MemoryError
        self.trades, self.trade_room = trades, room
        return 0

    cdef inline void _miss(self, int32_t number) noexcept nogil:
        """Count an order that is not there."""
        self.books.unknown_ids += 1
        self.explained += not self.books.books[number].state & STARTED

    cdef inline void _match(
        self, const Slot *slot, int side, int64_t price, bint has_price
    ) noexcept nogil:
        """Whether a record has the side and the price of the order that it names."""
        if (side and side != slot.side) or (has_price and price != slot.price):
            self.mismatched += 1
        else:
            self.matched += 1

    cdef inline Message *_message(
        self, int kind, int32_t number, int64_t order_id, int64_t ts
    ) noexcept nogil:
        """The next message, to be filled in; always the same one if none are wanted."""
        cdef Message *message = self.message
        if self.rows_wanted:
            memset(message, 0, sizeof(Message))
            message.ts_event = ts
            message.order_id = order_id
            message.kind = <uint8_t>kind
            message.instrument = <uint16_t>number
            self.message += 1
        return message
