"""Messages of a level feed, taken out of JSON or CSV by their shape."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint64_t

from lob.feeds._text cimport Decimal

cdef struct Node:  # a place in the shape
    int64_t key  # where its name starts in the pool of names
    int32_t key_length
    char first  # byte of its name
    int32_t child  # the first of the keys of an object, which lie together
    int32_t children
    int32_t each  # the shape of every element of an array, -1: of no interest
    int32_t at  # the first of the elements that are told by their place, which lie together
    int32_t places
    int32_t means  # a word that says what kind of message has this, -1: none
    uint8_t mark  # what a number, a text or a truth here is
    uint8_t row  # what an element of an array makes once it is read
    uint8_t pairs  # whether each element is [price, size, ...]

cdef struct Level:
    int64_t price  # mantissas
    int64_t size
    int8_t price_decimals
    int8_t size_decimals
    int8_t side

cdef struct Trade:
    int64_t ts  # ns, -1: that of its message
    int64_t match_id
    int64_t price
    int64_t size
    int32_t symbol  # -1: that of its message
    int8_t price_decimals
    int8_t size_decimals
    int8_t side

cdef struct Said:  # one message
    int64_t line
    int64_t local  # ns by the recorder, -1: not told
    int64_t ts  # ns by the venue, -1: not told
    int64_t first  # the venue's numbers of the update, -1: not told
    int64_t last
    int64_t previous
    int64_t checksum
    int64_t connection
    int32_t symbol  # -1: not told
    int32_t kind
    int32_t depth  # levels that the venue keeps up to date, 0: all
    int32_t levels  # behind its last one
    int32_t trades

cdef struct Word:
    const char *at
    Py_ssize_t length

cdef struct Names:
    char *pool
    int64_t used
    int64_t room
    int64_t *starts  # of each name in the pool; one more than there are names
    int32_t *slots
    int32_t count
    int32_t size  # of the hash table
    int32_t last


cdef class Shape:
    cdef Node *nodes
    cdef int32_t root
    cdef bytes _pool
    cdef const char *pool
    cdef list _built
    cdef object classify
    # ---- what was found
    cdef Said *said
    cdef Level *levels
    cdef Trade *trades
    cdef readonly Py_ssize_t said_count
    cdef readonly Py_ssize_t level_count
    cdef readonly Py_ssize_t trade_count
    cdef Py_ssize_t said_room
    cdef Py_ssize_t level_room
    cdef Py_ssize_t trade_room
    cdef Names symbols
    cdef Names kinds
    cdef uint8_t codes[256]
    cdef int64_t counts[256]
    # ---- the message that is being read
    cdef const char *start
    cdef Word symbol
    cdef Word kind
    cdef Word action
    cdef int64_t ts
    cdef int64_t sent
    cdef int64_t first
    cdef int64_t last
    cdef int64_t previous
    cdef int64_t checksum
    cdef int64_t depth
    cdef int64_t connection
    cdef int8_t maker
    cdef bint committed
    cdef int64_t line
    cdef int64_t local
    # ---- the row that is being read
    cdef int in_row
    cdef Decimal price
    cdef Decimal size
    cdef bint has_price
    cdef bint has_size
    cdef int8_t side
    cdef int64_t row_ts
    cdef int64_t row_id
    cdef Word row_symbol
    cdef Word level_symbol
    cdef int fault
    cdef int lacks
    cdef const char *lacks_at
    cdef const char *fault_at

    cdef Word suffix
    # ---- of a table
    cdef uint8_t columns[256]
    cdef int8_t column_sides[256]
    cdef int32_t column_count
    cdef tuple _table_kinds
    cdef bint grouped
    cdef bint of_trades
    cdef bint has_symbol
    cdef bint plain
    cdef readonly int64_t passed_over
    cdef bint group_is_open
    cdef int64_t group_local
    cdef int64_t group_ts
    cdef int64_t group_line
    cdef int32_t group_symbol
    cdef int group_snapshot

    cdef const char *_cells(self, const char *at) noexcept
    cdef const char *_cell(
        self, const char *at, const char *end, int mark, int64_t *local, int *snapshot
    ) noexcept
    cdef void _close_group(self) noexcept
    cdef void _close_group_before(self, int whole, int64_t ts) noexcept
    cdef const char *_value(self, const char *at, int32_t node) noexcept
    cdef const char *_object(self, const char *at, int32_t node) noexcept
    cdef const char *_array(self, const char *at, int32_t node) noexcept
    cdef const char *_pairs(self, const char *at, int8_t side) noexcept
    cdef const char *_scalar(self, const char *at, int mark) noexcept
    cdef const char *_number_mark(self, const char *at, int mark) noexcept
    cdef const char *_text_mark(self, const char *at, int mark) noexcept
    cdef void _open_row(self) noexcept
    cdef void _close_row(self, int row) noexcept
    cdef int _add_level(self, int8_t side) noexcept
    cdef void _commit(self) noexcept
    cdef void _begin(self) noexcept
    cdef int _message(self, const char *at, const char **end) except -1
    cdef tuple _told(self, const char *text, const char *end)
    cdef const char *_wrong(self, int fault, const char *at) noexcept
    cdef void _lack(self, int fault, const char *at) noexcept
    cdef void _time(self, int64_t ts, bint sent) noexcept
    cdef void _add_trade(self) noexcept
    cdef int32_t _kind(self) noexcept
    cdef bint _is_of_trades(self) noexcept
    cdef int32_t _name(self, Names *names, const Word *word, int32_t most) noexcept
    cdef int _classify(self, int32_t kind) noexcept
    cdef const char *_skip(self, const char *at) noexcept
    cdef int _room(self) noexcept
