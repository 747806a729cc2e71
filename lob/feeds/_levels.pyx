"""Books of levels that a venue tells as absolute sizes, as messages on one anonymous order a level.

An update is atomic: its messages have one time, and only after the last of them is the book one
that the venue showed. What makes levels smaller comes before what makes them larger, so that a
level never waits on the far side for one that is on its way out.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memmove, memset

cimport cython

import zlib

import numpy as np

from lob.engine.records cimport CANCEL, NEW, REDUCE, REPLACE, Message
from lob.feeds._books cimport Print
from lob.feeds._ladder cimport (
    Ladder, PriceLevel, close_up, first_from, free_ladder, put_in, reserve, slot_of, take_out,
)
from lob.feeds._level_book cimport (
    LevelBook, fit, is_sorted, kraken_text, ladder_of, okx_text, scale, without_doubles,
)
from lob.feeds._steps cimport to_steps
from lob.feeds._taken cimport (
    Level, Said, Taken, Trade, c_LIQUIDATION, c_SNAPSHOT, c_UPDATE,
)
from lob.feeds.prints import PRINT, PrintKind
from lob.types import LEVEL, MAX_PRICE, MAX_SIZE, MESSAGE

cdef enum:
    # States of a book.
    c_OPEN = 0
    c_WAITING = 1
    c_FOLLOWING = 2
    # Why ``follow`` came back.
    c_DONE = 0
    c_FULL = 1
    c_ATTEND = 2
    c_WRONG = 3
    # Checksums.
    c_NO_CRC = 0
    c_KRAKEN = 1
    c_OKX = 2

OPEN, WAITING, FOLLOWING = c_OPEN, c_WAITING, c_FOLLOWING
DONE, FULL, ATTEND, WRONG = c_DONE, c_FULL, c_ATTEND, c_WRONG
NO_CRC, KRAKEN, OKX = c_NO_CRC, c_KRAKEN, c_OKX

cdef int64_t most_price = MAX_PRICE
cdef int64_t most_size = MAX_SIZE
assert sizeof(Message) == MESSAGE.itemsize
assert sizeof(Print) == PRINT.itemsize


@cython.final
cdef class Saved:
    """An update that waits for the snapshot it belongs on."""

    cdef Said said
    cdef bytes levels
    cdef Py_ssize_t count

    @property
    def ids(self):
        """The first and the last number of its changes."""
        return self.said.first, self.said.last

    @property
    def ts(self):
        return ts_of(&self.said)

    @property
    def line(self):
        return self.said.line

    @property
    def symbol(self):
        return self.said.symbol

    @symbol.setter
    def symbol(self, int32_t symbol):
        self.said.symbol = symbol


@cython.final
cdef class LevelBooks:
    """Follows absolute sizes of levels, and makes messages of them.

    To whoever looks at the books it is what ``Books`` is.

    Parameters
    ----------
    chained
        Whether updates have numbers that tell a gap.
    rising
        Whether the numbers only rise.
    counted
        Whether the messages of a connection are counted by their last number.
    bridged
        Whether snapshots come beside the updates, and the reader puts them together.
    in_runs
        Whether snapshots in a row are one.
    checksum
        How books are checked.
    """

    def __init__(
        self, *, bint chained=False, bint rising=False, bint counted=False, bint bridged=False,
        bint in_runs=False, int checksum=NO_CRC,
    ):
        self.chained, self.rising, self.counted = chained, rising, counted
        self.bridged, self.in_runs, self.crc = bridged, in_runs, checksum
        self.next_id = 1
        self.connection_last = self.first_ts = -1
        self.first_failures = {}
        self.wrong = ""

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.book_count):
            free_ladder(&self.books_of_levels[i].bids)
            free_ladder(&self.books_of_levels[i].asks)
        free(self.books_of_levels)
        free(self.prints)
        free(self.told)
        free(self.places)

    # ---------------------------------------------------------------- what is found before

    def survey(self, Taken shape):
        """Look at the messages of a shape for the decimals of prices and sizes."""
        cdef Py_ssize_t i
        cdef Py_ssize_t level = 0, trade = 0
        cdef LevelBook *book
        cdef LevelBook *other
        cdef const Said *said
        for i in range(shape.said_count):
            said = &shape.said[i]
            book = self._book(said.symbol + 1)  # the first one: those without a name
            if shape.codes[said.kind] == c_SNAPSHOT:
                book.has_snapshot = True
            while level < said.levels:
                fit(book, &shape.levels[level].price, shape.levels[level].price_decimals,
                    &shape.levels[level].size, shape.levels[level].size_decimals)
                level += 1
            while trade < said.trades:
                other = book
                if shape.trades[trade].symbol >= 0:
                    other = self._book(shape.trades[trade].symbol + 1)
                fit(other, &shape.trades[trade].price, shape.trades[trade].price_decimals,
                    &shape.trades[trade].size, shape.trades[trade].size_decimals)
                trade += 1
                book = self._book(said.symbol + 1)

    def found(self):
        """What each symbol, the unnamed first, has: decimals of prices and sizes, snapshot."""
        return [
            (book.price_decimals, book.size_decimals, bool(book.has_snapshot))
            for book in self.books_of_levels[:self.book_count]
        ]

    def trade_in(
        self, int32_t number, int price_decimals, int64_t tick, int size_decimals, int64_t lot,
        int state,
    ):
        """State the steps of an instrument: ``tick * 10**-price_decimals``, and how it starts."""
        cdef LevelBook *book = self._book(number)
        book.price_decimals, book.tick = price_decimals, tick
        book.size_decimals, book.lot = size_decimals, lot
        book.state = state

    # ---------------------------------------------------------------- following

    def follow(self, Taken shape, Py_ssize_t at, Py_ssize_t rows):
        """Take the messages of a shape from the ``at``-th on.

        Returns where it stopped and why: DONE; FULL, where ``rows`` messages or prints were made;
        ATTEND, where the next message needs the reader; WRONG, as ``wrong`` and ``wrong_line`` say.
        """
        cdef const Said *said
        cdef Py_ssize_t first_level, first_trade
        cdef int code
        cdef LevelBook *book
        self.wanted = rows if rows < 2**16 else 2**16
        while at < shape.said_count:
            if self.used >= rows or self.print_count >= rows:
                return at, FULL
            said = &shape.said[at]
            code = shape.codes[said.kind]
            if self.counted and said.last >= 0 and said.line != self.connection_line:
                self._count_connection(said)
            if not c_UPDATE <= code <= c_LIQUIDATION:
                at += 1
                continue
            first_level = shape.said[at - 1].levels if at else 0
            first_trade = shape.said[at - 1].trades if at else 0
            if said.trades > first_trade:
                for i in range(first_trade, said.trades):
                    self._print(said, &shape.trades[i], code)
            if code == c_UPDATE or code == c_SNAPSHOT:
                if said.symbol < 0 and not self.bridged:
                    self.unnamed += 1
                    at += 1
                    continue
                if self.bridged and (code == c_SNAPSHOT or said.symbol < 0):
                    return at, ATTEND
                book = self._book(said.symbol)
                if code == c_UPDATE and said.last >= 0 and (self.chained or self.rising):
                    if book.last >= 0 and not self._chain(book, said):
                        at += 1
                        continue
                    book.last = said.last
                if self.bridged and book.state == c_WAITING:
                    return at, ATTEND
                self._take(
                    said, &shape.levels[first_level], said.levels - first_level, code == c_SNAPSHOT
                )
            if self.wrong:
                self.wrong_line = said.line
                return at, WRONG
            at += 1
        return at, DONE

    def save(self, Taken shape, Py_ssize_t at):
        """The ``at``-th message, to be kept."""
        cdef Saved saved = Saved()
        cdef Py_ssize_t first = shape.said[at - 1].levels if at else 0
        saved.said = shape.said[at]
        saved.count = saved.said.levels - first
        saved.levels = (<char *>&shape.levels[first])[:saved.count * sizeof(Level)]
        return saved

    def is_snapshot(self, Taken shape, Py_ssize_t at):
        """Whether the ``at``-th message is one."""
        return shape.codes[shape.said[at].kind] == c_SNAPSHOT

    def state(self, int32_t number):
        """The state of the book of an instrument: OPEN, WAITING or FOLLOWING."""
        return self._book(number).state

    def put(self, Saved saved, int64_t ts=-1):
        """Make a kept snapshot the book; ``ts``: another time for it. Updates follow it."""
        cdef Said said = saved.said
        if ts >= 0:
            said.ts = ts
        self._take(&said, <const Level *><const char *>saved.levels, saved.count, True)

    def add(self, Saved saved):
        """Apply a kept update."""
        self._take(&saved.said, <const Level *><const char *>saved.levels, saved.count, False)

    def taken(self):
        """The messages, the marks after which the book is consistent, and the prints; start anew.
        """
        prints = np.zeros(self.print_count, PRINT)
        cdef uint8_t[::1] raw = prints.view(np.uint8)
        if self.print_count:
            memcpy(&raw[0], self.prints, self.print_count * sizeof(Print))
        if self.used:
            messages, shown = self._array[:self.used], self._shown_array[:self.used]
        else:
            messages, shown = np.zeros(0, MESSAGE), np.zeros(0, np.bool_)
        self._array = self._shown_array = None
        self.used = self.room = self.print_count = 0
        return messages, shown.view(np.bool_), prints

    @property
    def checks(self):
        """Name -> (passed, failed, first failure)."""
        return {
            name: (counter.passed, counter.failed, self.first_failures.get(name, ""))
            for name, counter in (
                ("update ids", self.chain), ("checksums", self.sums),
                ("sequence numbers", self.connections),
            )
            if counter.passed or counter.failed
        }

    # ---------------------------------------------------------------- for Books

    def levels(self, int instrument, int side):
        """One side of a book as ``lob.LEVEL`` rows, best first."""
        rows = self._side(instrument, side)
        return np.array([(price, size, 1) for _, price, size in rows], LEVEL)

    def orders(self, int instrument):
        """Order id -> (side, price, size) of an instrument."""
        return {
            order_id: (side, price, size)
            for side in (1, -1)
            for order_id, price, size in self._side(instrument, side)
        }

    cdef list _side(self, int32_t instrument, int side):
        """Id, price and size of the levels of one side, best first."""
        cdef const Ladder *ladder
        cdef const PriceLevel *level
        cdef Py_ssize_t at = 0
        rows = []
        if not 0 <= instrument < self.book_count:
            return rows
        ladder = ladder_of(&self.books_of_levels[instrument], side)
        level = first_from(ladder, &at)
        while level != NULL:
            rows.append((level.order_id, side * level.key, level.size))
            level = first_from(ladder, &at)
        return rows

    def close(self, bint before_open=False):
        """All is counted already."""

    # ---------------------------------------------------------------- within

    cdef LevelBook *_book(self, int32_t number) except NULL:
        """The book of an instrument; good until another comes up for the first time."""
        cdef int32_t count = self.book_count
        cdef LevelBook *more
        if number >= count:
            while count <= number:
                count = 2 * count or 4
            more = <LevelBook *>realloc(self.books_of_levels, count * sizeof(LevelBook))
            if more == NULL:
                raise MemoryError
            memset(&more[self.book_count], 0, (count - self.book_count) * sizeof(LevelBook))
            for i in range(self.book_count, count):
                more[i].last = -1
                more[i].tick = more[i].lot = 1
            self.books_of_levels, self.book_count = more, count
        return &self.books_of_levels[number]

    cdef int _take(
        self, const Said *said, const Level *levels, Py_ssize_t count, bint whole
    ) except -1:
        cdef LevelBook *book = self._book(said.symbol)
        self._saw(ts_of(said))
        if whole:
            if self.in_runs and book.in_snapshot:
                whole = False
            else:
                self.snapshots += 1
                book.snapshots += 1
            book.in_snapshot = True
            book.state = c_FOLLOWING
            if not self.bridged:
                book.last = said.last
        else:
            book.in_snapshot = False
            if book.state == c_WAITING:
                self.early += 1
                return 0
        self._set(book, said, levels, count, whole)
        if not self.wrong and self.crc and said.checksum >= 0:
            self._check_sum(book, said)
        return 0

    cdef bint _chain(self, LevelBook *book, const Said *said):
        """Check the numbers of an update; whether it is to be applied."""
        cdef bint sound
        if self.rising:
            sound = said.last >= book.last
        elif said.previous >= 0:
            sound = said.previous == book.last
        elif said.first >= 0:
            sound = said.first == book.last + 1
        else:
            sound = said.last == book.last + 1
        if sound:
            self.chain.passed += 1
            return True
        self.chain.failed += 1
        if "update ids" not in self.first_failures:
            first = (
                said.previous if said.previous >= 0
                else said.first if said.first >= 0 else said.last
            )
            self.first_failures["update ids"] = (
                f"line {said.line}: {first} to {said.last} after {book.last}"
            )
        if said.last <= book.last:
            # It was told before: what it says may be outdated by now.
            self.stale += 1
            return False
        self.gaps += 1
        return True

    cdef int _count_connection(self, const Said *said) except -1:
        if self.connection_last >= 0 and said.connection == self.connection:
            if said.last == self.connection_last + 1:
                self.connections.passed += 1
            else:
                self.connections.failed += 1
                self.gaps += said.last > self.connection_last + 1
                self.first_failures.setdefault(
                    "sequence numbers",
                    f"line {said.line}: {said.last} after {self.connection_last}",
                )
        self.connection, self.connection_last = said.connection, said.last
        self.connection_line = said.line
        return 0

    cdef void _saw(self, int64_t ts) noexcept:
        if self.first_ts < 0:
            self.first_ts = self.last_ts = ts
        self.went_back += ts < self.last_ts
        if ts < self.first_ts:
            self.first_ts = ts
        self.last_ts = ts

    cdef int _set(
        self, LevelBook *book, const Said *said, const Level *levels, Py_ssize_t count, bint whole
    ) except -1:
        """Give levels their new sizes; of a snapshot, take off what it does not have."""
        cdef Py_ssize_t i, first = self.used
        cdef Level *level
        cdef PriceLevel *known
        cdef int64_t ts = ts_of(said), gap
        count = self._scale(book, levels, count)
        if self.wrong:
            return 0
        reserve(&book.bids, count)
        reserve(&book.asks, count)
        self._reserve_rows(2 * count + (book.bids.count + book.asks.count) * (whole or said.depth))
        for i in range(count):
            level = &self.told[i]
            known = slot_of(ladder_of(book, level.side), level.side * level.price)
            self.places[i] = known
            if whole and level.size and known.size:
                known.seen = book.snapshots
        if whole:
            self._sweep(said, &book.bids, 1, book.snapshots, ts)
            self._sweep(said, &book.asks, -1, book.snapshots, ts)
        for i in range(count):
            level, known = &self.told[i], self.places[i]
            if not known.size:
                continue
            known.price_decimals, known.size_decimals = level.price_decimals, level.size_decimals
            if level.size < known.size:
                if level.size == 0:
                    self._emit(said, CANCEL, ts, known.order_id, level.side, 0, 0)
                    take_out(ladder_of(book, level.side), known)
                    self.live -= 1
                else:
                    self._emit(
                        said, REDUCE, ts, known.order_id, level.side, 0, known.size - level.size
                    )
                    known.size = level.size
                level.size = 0
            elif level.size == known.size:
                level.size = 0
        for i in range(count):
            level, known = &self.told[i], self.places[i]
            if not level.size:
                continue
            if known.size and known.key == level.side * level.price:
                self._emit(said, REPLACE, ts, known.order_id, level.side, level.price, level.size)
                known.size = level.size
            else:
                # Another price that is new may have come to this slot meanwhile.
                known = slot_of(ladder_of(book, level.side), level.side * level.price)
                put_in(
                    ladder_of(book, level.side), known, level.side * level.price, level.size
                )
                known.order_id = self.next_id
                self.next_id += 1
                self.live += 1
                self._emit(said, NEW, ts, known.order_id, level.side, level.price, level.size)
            known.price_decimals, known.size_decimals = level.price_decimals, level.size_decimals
            known.seen = book.snapshots
        if said.depth:
            self._cut(said, &book.bids, 1, said.depth, ts)
            self._cut(said, &book.asks, -1, said.depth, ts)
        if self.used > first:
            memset(&self.shown[first], 0, self.used - first)
            self.shown[self.used - 1] = 1
            if book.bids.count and book.asks.count:
                gap = book.bids.keys[book.bids.count - 1] + book.asks.keys[book.asks.count - 1]
                self.crossed += gap > 0
                self.locked += gap == 0
        return 0

    cdef void _sweep(
        self, const Said *said, Ladder *ladder, int8_t sign, int32_t snapshot, int64_t ts
    ) noexcept:
        """Take off the levels that a snapshot does not have."""
        cdef Py_ssize_t i, kept = 0
        cdef PriceLevel *level
        for i in range(ladder.count):
            level = slot_of(ladder, ladder.keys[i])
            if level.size and level.seen == snapshot:
                ladder.keys[kept] = ladder.keys[i]
                kept += 1
                continue
            if level.size:
                self._emit(said, CANCEL, ts, level.order_id, sign, 0, 0)
                self.live -= 1
                level.size = 0
            level.in_ladder = False
        ladder.count, ladder.empty = kept, 0

    cdef void _cut(
        self, const Said *said, Ladder *ladder, int8_t sign, Py_ssize_t depth, int64_t ts
    ) noexcept:
        """Take off the worst levels, which the venue keeps up to date no longer."""
        cdef Py_ssize_t i, more = ladder.count - ladder.empty - depth
        cdef PriceLevel *level
        if more <= 0:
            return
        close_up(ladder)
        for i in range(more):
            level = slot_of(ladder, ladder.keys[i])
            self._emit(said, CANCEL, ts, level.order_id, sign, 0, 0)
            level.size, level.in_ladder = 0, False
        self.live -= more
        memmove(ladder.keys, &ladder.keys[more], depth * sizeof(int64_t))
        ladder.count = depth

    cdef Py_ssize_t _scale(self, LevelBook *book, const Level *levels, Py_ssize_t count) except -1:
        """Levels in ticks and lots into ``told``, each price once: the last one told counts."""
        cdef Py_ssize_t at = -1, kept
        cdef void *more
        if count > self.told_room:
            more = realloc(self.told, 2 * count * sizeof(Level))
            if more == NULL:
                raise MemoryError
            self.told = <Level *>more
            more = realloc(self.places, 2 * count * sizeof(PriceLevel *))
            if more == NULL:
                raise MemoryError
            self.places, self.told_room = <PriceLevel **>more, 2 * count
        kept = scale(book, levels, count, self.told, most_price, most_size, &at)
        if at >= 0 and kept < 0:
            self.wrong = self._no_step("price", &levels[at].price, levels[at].price_decimals)
            return 0
        if at >= 0:
            self.wrong = self._no_step("size", &levels[at].size, levels[at].size_decimals)
            return 0
        self.beyond += count - kept
        return kept if is_sorted(self.told, kept) else without_doubles(self.told, kept)

    cdef str _no_step(self, str what, const int64_t *mantissa, int decimals):
        return (
            f"a {what} of {mantissa[0]}e{-decimals} is no whole number of steps; "
            "give a smaller step, or none to have it found"
        )

    cdef inline void _emit(
        self, const Said *said, uint8_t kind, int64_t ts, int64_t order_id, int8_t side,
        int64_t price, int64_t size,
    ) noexcept:
        """Make a message; there must be room for it."""
        cdef Message *row = &self.rows[self.used]
        memset(row, 0, sizeof(Message))
        row.ts_event, row.order_id, row.price, row.size = ts, order_id, price, size
        row.kind, row.side, row.instrument = kind, side, <uint16_t>said.symbol
        self.used += 1
        self.made += 1

    cdef int _reserve_rows(self, Py_ssize_t more) except -1:
        """Room for so many messages."""
        cdef Py_ssize_t room = self.wanted + 2048
        cdef uint8_t[::1] raw
        if self.used + more <= self.room:
            return 0
        if self.room or room < more:
            room = 2 * (self.used + more)
        array, shown = np.empty(room, MESSAGE), np.empty(room, np.uint8)
        if self.used:
            array[:self.used], shown[:self.used] = (
                self._array[:self.used], self._shown_array[:self.used]
            )
        self._array, self._shown_array = array, shown
        raw = array.view(np.uint8)
        self.rows = <Message *>&raw[0]
        raw = shown
        self.shown = &raw[0]
        self.room = room
        return 0

    cdef int _print(self, const Said *said, const Trade *trade, int code) except -1:
        cdef Print *row
        cdef void *more
        cdef int64_t price = trade.price, size = trade.size
        cdef int32_t symbol = trade.symbol if trade.symbol >= 0 else said.symbol
        cdef int fits, there
        cdef LevelBook *book
        if symbol < 0:
            self.unnamed += 1
            return 0
        book = self._book(symbol)
        fits = to_steps(&price, trade.price_decimals, book.price_decimals, book.tick)
        there = to_steps(&size, trade.size_decimals, book.size_decimals, book.lot)
        if not fits:
            self.wrong = self._no_step("price", &trade.price, trade.price_decimals)
            return 0
        if not there:
            self.wrong = self._no_step("size", &trade.size, trade.size_decimals)
            return 0
        if fits < 0 or there < 0 or not -most_price <= price <= most_price:
            self.beyond += 1
            return 0
        if self.print_count == self.print_room:
            self.print_room = 2 * self.print_room or 4096
            more = realloc(self.prints, self.print_room * sizeof(Print))
            if more == NULL:
                raise MemoryError
            self.prints = <Print *>more
        row = &self.prints[self.print_count]
        memset(row, 0, sizeof(Print))
        row.ts_event = trade.ts if trade.ts >= 0 else ts_of(said)
        row.at, row.price, row.size, row.match_id = self.made, price, size, trade.match_id
        row.instrument, row.side = <uint16_t>symbol, trade.side
        row.kind = liquidation_print if code == c_LIQUIDATION else trade_print
        row.counts = 1
        self.print_count += 1
        self._saw(row.ts_event)
        return 0

    # ---------------------------------------------------------------- checksums

    cdef int _check_sum(self, LevelBook *book, const Said *said) except -1:
        """Compare the CRC32 of the best levels with the venue's."""
        text = kraken_text(book) if self.crc == c_KRAKEN else okx_text(book)
        found = zlib.crc32(text)
        if found == said.checksum:
            self.sums.passed += 1
        else:
            self.sums.failed += 1
            self.first_failures.setdefault(
                "checksums", f"line {said.line}: {said.checksum} told, {found} found"
            )
        return 0


cdef uint8_t trade_print = PrintKind.TRADE
cdef uint8_t liquidation_print = PrintKind.LIQUIDATION


cdef inline int64_t ts_of(const Said *said) noexcept:
    return said.ts if said.ts >= 0 else said.local if said.local >= 0 else 0
