"""Books of levels that a venue tells as absolute sizes."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t

from lob.engine.records cimport Message
from lob.feeds._books cimport Print
from lob.feeds._ladder cimport Ladder, PriceLevel
from lob.feeds._level_book cimport LevelBook
from lob.feeds._taken cimport Level, Said, Trade

cdef struct Counter:  # a lob.feeds.feed.FeedCheck
    int64_t passed
    int64_t failed


cdef class LevelBooks:
    cdef readonly Py_ssize_t live
    cdef readonly int64_t crossed
    cdef readonly int64_t locked
    cdef readonly int64_t unknown_ids  # these cannot be in a level feed
    cdef readonly int64_t duplicate_ids
    cdef readonly int64_t overdrawn
    cdef readonly int64_t crossed_before_open
    cdef readonly int64_t locked_before_open
    cdef LevelBook *books_of_levels
    cdef int32_t book_count
    cdef bint chained, rising, counted, bridged, in_runs
    cdef int crc
    cdef object _array
    cdef Message *rows
    cdef uint8_t *shown
    cdef object _shown_array
    cdef Py_ssize_t used
    cdef Py_ssize_t room
    cdef Py_ssize_t wanted  # rows of a block
    cdef Print *prints
    cdef Py_ssize_t print_count
    cdef Py_ssize_t print_room
    cdef Level *told
    cdef PriceLevel **places  # of those in their ladders
    cdef Py_ssize_t told_room
    cdef int64_t made  # messages in all
    cdef int64_t next_id
    cdef int64_t connection
    cdef int64_t connection_last
    cdef int64_t connection_line
    cdef Counter chain, sums, connections
    cdef readonly int64_t gaps
    cdef readonly int64_t early
    cdef readonly int64_t stale
    cdef readonly int64_t snapshots
    cdef readonly int64_t unnamed
    cdef readonly int64_t beyond
    cdef readonly int64_t first_ts
    cdef readonly int64_t last_ts
    cdef readonly int64_t went_back
    cdef dict first_failures
    cdef readonly str wrong
    cdef readonly int64_t wrong_line

    cdef list _side(self, int32_t instrument, int side)
    cdef LevelBook *_book(self, int32_t number) except NULL
    cdef int _take(
        self, const Said *said, const Level *levels, Py_ssize_t count, bint whole
    ) except -1
    cdef bint _chain(self, LevelBook *book, const Said *said)
    cdef int _count_connection(self, const Said *said) except -1
    cdef void _saw(self, int64_t ts) noexcept
    cdef int _set(
        self, LevelBook *book, const Said *said, const Level *levels, Py_ssize_t count, bint whole
    ) except -1
    cdef void _sweep(
        self, const Said *said, Ladder *ladder, int8_t sign, int32_t snapshot, int64_t ts
    ) noexcept
    cdef void _cut(
        self, const Said *said, Ladder *ladder, int8_t sign, Py_ssize_t depth, int64_t ts
    ) noexcept
    cdef Py_ssize_t _scale(self, LevelBook *book, const Level *levels, Py_ssize_t count) except -1
    cdef str _no_step(self, str what, const int64_t *mantissa, int decimals)
    cdef int _reserve_rows(self, Py_ssize_t more) except -1
    cdef int _print(self, const Said *said, const Trade *trade, int code) except -1
    cdef int _check_sum(self, LevelBook *book, const Said *said) except -1
    cdef void _emit(
        self, const Said *said, uint8_t kind, int64_t ts, int64_t order_id, int8_t side,
        int64_t price, int64_t size,
    ) noexcept
