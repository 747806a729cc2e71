"""Nasdaq TotalView-ITCH 5.0: messages out of bytes, and the books beside them.

Source: Nasdaq TotalView-ITCH 5.0 specification. All numbers are big-endian.
"""

cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

import numpy as np

from lob.engine.records cimport CANCEL, NEW, REDUCE, Message
from lob.feeds._books cimport (
    Book, Books, Print, Slot, book_of, find, look, price_soon, soon, take, very_soon,
)
from lob.feeds.prints import PRINT, PrintKind
from lob.types import MESSAGE

cdef extern from *:
    """
    #include <string.h>
    #include <stdint.h>
    static inline uint16_t be16(const uint8_t *at) {
        uint16_t v; memcpy(&v, at, 2); return __builtin_bswap16(v);
    }
    static inline uint32_t be32(const uint8_t *at) {
        uint32_t v; memcpy(&v, at, 4); return __builtin_bswap32(v);
    }
    static inline uint64_t be64(const uint8_t *at) {
        uint64_t v; memcpy(&v, at, 8); return __builtin_bswap64(v);
    }
    """
    uint16_t be16(const uint8_t *at) noexcept nogil
    uint32_t be32(const uint8_t *at) noexcept nogil
    uint64_t be64(const uint8_t *at) noexcept nogil

cdef enum:
    TRADE = 1
    HIDDEN = 2
    CROSS = 3
    BROKEN = 4
    # Records between the fetch of an order's memory, that of its level, and their use.
    AHEAD = 32
    NEARER = 16
    SHORTEST = 12  # bytes a message, prefixes apart: a replacement of 35 makes up to three
    MOST_MESSAGES = 3  # of one record: a replacement whose new id is in use
    UNKNOWN = 0  # what is to become of an instrument
    WANTED = 1
    PASSED_OVER = 2
    MAX_PRICE4 = 2_000_000_000  # $200,000.0000, the specification's maximum
    # What can be wrong with a record.
    c_FINE = 0
    c_TYPE = 1
    c_LENGTH = 2
    c_SIDE = 3
    c_SIZE = 4
    c_PRICE = 5

TYPE, LENGTH, SIDE, SIZE, PRICE = c_TYPE, c_LENGTH, c_SIDE, c_SIZE, c_PRICE

LENGTHS = {
    "A": 36, "F": 40, "E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19,
    "S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21,
    "I": 50, "N": 20, "O": 48,
}
"""Bytes of a record by its type."""

assert tuple(PrintKind)[:4] == (TRADE, HIDDEN, CROSS, BROKEN)

cdef uint8_t own_length[256]
cdef int i_type
for i_type in range(256):
    own_length[i_type] = LENGTHS.get(chr(i_type), 0)


@cython.final
cdef class ItchParser:
    """Parses records, of all instruments or of some.

    Parameters
    ----------
    books
        Followed as the records are read.
    prefix
        Bytes before each record: 2, or 0.
    own_lengths
        Whether the prefixes are zero, so that a record is as long as its type is.
    chosen
        Called with locate and name of an instrument when it is first met: whether it is wanted.
    told
        Called with type, time, locate and the text of each S and H record that is wanted.
    rows_wanted
        Whether messages and prints are given out; else they are counted only.
    """

    cdef Books books
    cdef int prefix
    cdef bint own_lengths
    cdef bint rows_wanted
    cdef object chosen
    cdef object told
    cdef uint8_t wanted[65536]
    cdef uint8_t names[65536][8]
    cdef int64_t counts[256]
    cdef readonly int64_t first_ts
    cdef readonly int64_t last_ts
    cdef readonly int64_t went_back
    cdef readonly int64_t named_right
    cdef readonly int64_t named_wrong
    cdef readonly int64_t emitted  # messages
    cdef readonly int64_t printed
    cdef readonly bint any_session
    cdef readonly bint market_open
    cdef readonly int problem  # with the record at which ``parse`` stopped
    cdef Message *message
    cdef Print *trade

    def __init__(
        self, Books books not None, int prefix, bint own_lengths, chosen, told, bint rows_wanted
    ):
        self.books = books
        self.prefix = prefix
        self.own_lengths = own_lengths
        self.chosen = chosen
        self.told = told
        self.rows_wanted = rows_wanted
        self.first_ts = self.last_ts = -1

    def records(self):
        """Records so far by type."""
        return {chr(i): self.counts[i] for i in range(256) if self.counts[i]}

    def parse(self, const uint8_t[::1] data not None, Py_ssize_t start, Py_ssize_t rows):
        """Parse whole records from ``start`` until the data end or ``rows`` messages are made.

        Returns how far it came, the messages, which of them leave a consistent book, and the
        prints. ``problem`` says whether the record there is none.
        """
        cdef Py_ssize_t at = start, end = data.shape[0], count = 0, trades = 0, most = rows
        cdef Py_ssize_t made, i, room = MOST_MESSAGES
        cdef const uint8_t *bytes_ = &data[0] if end else NULL
        if self.rows_wanted:
            room += min(rows, (end - start) // SHORTEST)
            most = room - MOST_MESSAGES
        messages = np.empty(room, MESSAGE)
        consistent = np.ones(room, np.bool_)
        prints = np.zeros(room, PRINT)
        cdef uint8_t[::1] message_rows = messages.view(np.uint8)
        cdef uint8_t[::1] print_rows = prints.view(np.uint8)
        cdef uint8_t[::1] shown = consistent.view(np.uint8)
        cdef Message *first = <Message *>&message_rows[0]
        cdef Print *first_print = <Print *>&print_rows[0]
        # The records from the present one to the last whose order is on its way to the cache.
        cdef Py_ssize_t lengths[AHEAD]
        cdef Py_ssize_t ahead = start, near = start, length = 1
        cdef size_t done = 0, seen = 0, half_way = 0
        self.problem = c_FINE
        while count <= most and trades < room:
            while seen < done + AHEAD and length > 0:
                length = self._length(bytes_, ahead, end)
                if length > 0:
                    self._fetch(bytes_ + ahead + self.prefix)
                    ahead += self.prefix + length
                lengths[seen % AHEAD] = length
                seen += 1
            while half_way < done + NEARER and lengths[half_way % AHEAD] > 0:
                self._fetch_level(bytes_ + near + self.prefix)
                near += self.prefix + lengths[half_way % AHEAD]
                half_way += 1
            if lengths[done % AHEAD] <= 0:
                self.problem = -<int>lengths[done % AHEAD]
                break
            self.message = first + count
            self.trade = first_print + trades
            self.trade.ts_event = -1
            made = self._record(bytes_ + at + self.prefix)
            if self.problem:
                break
            self.emitted += made
            self.printed += self.trade.ts_event >= 0
            if self.rows_wanted:
                for i in range(count, count + made - 1):
                    shown[i] = False
                count += made
                trades += self.trade.ts_event >= 0
            at += self.prefix + lengths[done % AHEAD]
            done += 1
        return at, messages[:count], consistent[:count], prints[:trades]

    cdef inline Py_ssize_t _length(
        self, const uint8_t *data, Py_ssize_t at, Py_ssize_t end
    ) noexcept nogil:
        """Bytes of the record at ``at``; 0 if it is not all there; else minus what is wrong."""
        cdef Py_ssize_t told, own
        if at + self.prefix >= end:
            return 0
        own = own_length[data[at + self.prefix]]
        if self.prefix and not self.own_lengths:
            told = be16(data + at)
            if told != own:
                if own:
                    return -c_LENGTH
                if told < 11:
                    return -c_TYPE
                own = told  # a type that is newer than this reader
        elif not own:
            return -c_TYPE
        elif self.prefix and (data[at] or data[at + 1]):
            return -c_LENGTH
        return own if at + self.prefix + own <= end else 0

    cdef inline void _fetch(self, const uint8_t *record) noexcept nogil:
        """Let the memory of the order of a record be fetched, if it has one."""
        cdef uint8_t kind = record[0]
        cdef int32_t locate = be16(record + 1)
        cdef int side
        if kind == c"A" or kind == c"D" or kind == c"E" or kind == c"X" or kind == c"U" or (
            kind == c"F" or kind == c"C"
        ):
            soon(self.books, locate, <int64_t>be64(record + 11))
            if kind == c"A" or kind == c"F":
                side = 1 if record[19] == c"B" else -1
                price_soon(self.books, locate, side * <int64_t>be32(record + 32))
            elif kind == c"U":
                soon(self.books, locate, <int64_t>be64(record + 19))

    cdef inline void _fetch_level(self, const uint8_t *record) noexcept nogil:
        """The same of the level of an order that is there."""
        cdef uint8_t kind = record[0]
        if kind == c"D" or kind == c"E" or kind == c"X" or kind == c"U" or kind == c"C":
            very_soon(self.books, be16(record + 1), <int64_t>be64(record + 11))

    cdef int _record(self, const uint8_t *record) except -1 nogil:
        """Take one record: returns the messages made."""
        cdef uint8_t kind = record[0]
        cdef int32_t locate = be16(record + 1)
        cdef int64_t ts = <int64_t>((be64(record + 3) << 16) >> 16)  # 48 bits behind the tracking
        cdef int made = 0
        self.counts[kind] += 1
        if ts < self.last_ts:
            self.went_back += 1
        if self.first_ts < 0 or ts < self.first_ts:
            self.first_ts = ts
        self.last_ts = ts
        if kind == c"A" or kind == c"F":
            if self._named(locate, record + 24):
                made = self._add(record, locate, ts)
        elif kind == c"S":
            self._session(record[11], ts)
        elif kind == c"R":
            self._named(locate, record + 11)
        elif kind == c"H":
            if self._named(locate, record + 11):
                self._state(record[19], locate, ts)
        elif kind == c"P":
            if self._named(locate, record + 24):
                self._hidden(record, locate, ts)
        elif kind == c"Q":
            if self._named(locate, record + 19):
                self._cross(record, locate, ts)
        elif self.wanted[locate] == PASSED_OVER:
            pass
        elif kind == c"D":
            made = self._reduce(locate, <int64_t>be64(record + 11), 0, ts, True)
        elif kind == c"E" or kind == c"C":
            made = self._execute(record, locate, ts)
        elif kind == c"X":
            made = self._reduce(
                locate, <int64_t>be64(record + 11), be32(record + 19), ts, False
            )
        elif kind == c"U":
            made = self._replace(record, locate, ts)
        elif kind == c"B":
            self._print(locate, ts, BROKEN, 0, 0)
            self.trade.match_id = <int64_t>be64(record + 11)
        if made:
            look(book_of(self.books, locate))
        return made

    cdef int _add(self, const uint8_t *record, int32_t locate, int64_t ts) except -1 nogil:
        cdef int64_t ref = <int64_t>be64(record + 11)
        cdef int64_t size = be32(record + 20), price = be32(record + 32)
        cdef int side = 1 if record[19] == c"B" else -1
        if record[19] != c"B" and record[19] != c"S":
            self.problem = c_SIDE
        elif not size:
            self.problem = c_SIZE
        elif price > MAX_PRICE4:
            self.problem = c_PRICE
        else:
            return self._new(locate, ref, side, price, size, ts)
        return 0

    cdef int _new(
        self, int32_t locate, int64_t ref, int side, int64_t price, int64_t size, int64_t ts
    ) except -1 nogil:
        cdef Slot *order = find(self.books, locate, ref)
        cdef Message *message
        cdef int made = 1
        if order != NULL:
            self.books.duplicate_ids += 1
            self._message(CANCEL, locate, ref, ts)
            take(self.books, order, order.size)
            made = 2
        message = self._message(NEW, locate, ref, ts)
        message.side = <int8_t>side
        message.price = price
        message.size = size
        self.books.enter(locate, ref, side, price, size)
        return made

    cdef int _reduce(
        self, int32_t locate, int64_t ref, int64_t size, int64_t ts, bint whole
    ) noexcept nogil:
        cdef Slot *order = find(self.books, locate, ref)
        if order == NULL:
            self.books.unknown_ids += 1
            return 0
        if not whole and not size:
            self.problem = c_SIZE
            return 0
        self._less(order, locate, ref, order.size if whole else size, ts)
        return 1

    cdef inline void _less(
        self, Slot *order, int32_t locate, int64_t ref, int64_t size, int64_t ts
    ) noexcept nogil:
        """Take lots off an order that is there, all if there are no more."""
        cdef int64_t had = order.size
        if size >= had:
            self.books.overdrawn += size > had
            self._message(CANCEL, locate, ref, ts)
        else:
            self._message(REDUCE, locate, ref, ts).size = size
        take(self.books, order, size)

    cdef int _execute(self, const uint8_t *record, int32_t locate, int64_t ts) noexcept nogil:
        cdef int64_t ref = <int64_t>be64(record + 11), size = be32(record + 19)
        cdef Slot *order = find(self.books, locate, ref)
        if order == NULL:
            self.books.unknown_ids += 1
            return 0
        self._print(locate, ts, TRADE, order.price, size)
        self.trade.side = -order.side
        self.trade.order_id = ref
        self.trade.match_id = <int64_t>be64(record + 23)
        if record[0] == c"C":
            self.trade.price = be32(record + 32)
            self.trade.counts = record[31] == c"Y"
        if not size:
            self.problem = c_SIZE
            return 0
        self._less(order, locate, ref, size, ts)
        return 1

    cdef int _replace(self, const uint8_t *record, int32_t locate, int64_t ts) except -1 nogil:
        cdef int64_t ref = <int64_t>be64(record + 11), new_ref = <int64_t>be64(record + 19)
        cdef int64_t size = be32(record + 27), price = be32(record + 31)
        cdef Slot *order = find(self.books, locate, ref)
        cdef int side
        if not size:
            self.problem = c_SIZE
            return 0
        if price > MAX_PRICE4:
            self.problem = c_PRICE
            return 0
        if order == NULL:
            self.books.unknown_ids += 1
            return 0
        side = order.side
        self._message(CANCEL, locate, ref, ts)
        take(self.books, order, order.size)
        return 1 + self._new(locate, new_ref, side, price, size, ts)

    cdef int _hidden(self, const uint8_t *record, int32_t locate, int64_t ts) noexcept nogil:
        self._print(locate, ts, HIDDEN, be32(record + 32), be32(record + 20))
        self.trade.match_id = <int64_t>be64(record + 36)
        return 0

    cdef int _cross(self, const uint8_t *record, int32_t locate, int64_t ts) noexcept nogil:
        cdef uint64_t size = be64(record + 11)
        if size >> 62:
            self.problem = c_SIZE
            return 0
        self._print(locate, ts, CROSS, be32(record + 27), <int64_t>size)
        self.trade.match_id = <int64_t>be64(record + 31)
        return 0

    cdef int _session(self, uint8_t event, int64_t ts) except -1 nogil:
        self.any_session = True
        if event == c"Q" and not self.market_open:
            self.books.settle_all(True)
            self.market_open = True
        with gil:
            self.told("S", ts, 0, chr(event))
        return 0

    cdef int _state(self, uint8_t state, int32_t locate, int64_t ts) except -1 nogil:
        cdef Book *book = book_of(self.books, locate)
        self.books.settle(book, self._early(book))
        book.state = <int8_t>state
        with gil:
            self.told("H", ts, locate, chr(state))
        return 0

    cdef inline bint _early(self, const Book *book) noexcept nogil:
        """Whether orders of a book collect: before the market opens, and in a halt."""
        return (self.any_session and not self.market_open) or (
            book.state != 0 and book.state != c"T"
        )

    def close(self):
        """Count what is still to be counted as crossed or locked.

        A file in which the market never opens tells of no opening that orders were collected for.
        """
        cdef int32_t i
        self.market_open = True
        for i in range(self.books.count):
            self.books.settle(&self.books.books[i], self._early(&self.books.books[i]))

    cdef inline bint _named(self, int32_t locate, const uint8_t *name) except -1 nogil:
        """Whether an instrument is wanted, now that a record has told its name."""
        if self.wanted[locate] == UNKNOWN:
            self._meet(locate, name)
        elif memcmp(self.names[locate], name, 8) == 0:
            self.named_right += 1
        else:
            self.named_wrong += 1
        return self.wanted[locate] == WANTED

    cdef int _meet(self, int32_t locate, const uint8_t *name) except -1 with gil:
        # Apart from _named: a function with Python objects takes the interpreter's lock each time.
        memcpy(self.names[locate], name, 8)
        text = bytes(name[:8]).decode("latin-1").rstrip()
        self.wanted[locate] = WANTED if self.chosen(locate, text) else PASSED_OVER
        return 0

    cdef inline Message *_message(
        self, int kind, int32_t locate, int64_t ref, int64_t ts
    ) noexcept nogil:
        """The next message, to be filled in; always the same one if none are wanted."""
        cdef Message *message = self.message
        if self.rows_wanted:
            memset(message, 0, sizeof(Message))
            message.ts_event = ts
            message.order_id = ref
            message.kind = <uint8_t>kind
            message.instrument = <uint16_t>locate
            self.message += 1
        return message

    cdef inline void _print(
        self, int32_t locate, int64_t ts, int kind, int64_t price, int64_t size
    ) noexcept nogil:
        self.trade.ts_event = ts
        self.trade.at = self.emitted
        self.trade.price = price
        self.trade.size = size
        self.trade.instrument = <uint16_t>locate
        self.trade.kind = <uint8_t>kind
        self.trade.counts = kind != BROKEN
