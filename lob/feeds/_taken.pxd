"""What is taken out of a level feed: messages, and the levels and trades that they tell.

How a text is read is for those who derive from ``Taken``; they fill in the fields of the message
and of the row that are being read, and commit them.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t

from lob.feeds._names cimport Names, Word
from lob.feeds._text cimport NEGATIVE_SIZE, Decimal

cdef enum:
    MOST_SYMBOLS = 65535
    MOST_NAME = 64  # bytes
    # lob.feeds.shapes.Code
    c_UPDATE = 1
    c_SNAPSHOT = 2
    c_TRADE = 3
    c_LIQUIDATION = 4
    c_OTHER = 5
    # lob.feeds.shapes.Mark
    m_NONE = 0
    m_SYMBOL = 1
    m_KIND = 2
    m_TOPIC = 3
    m_ACTION = 4
    m_CHANNEL = 5
    m_TIME_S = 6
    m_TIME_MS = 7
    m_TIME_US = 8
    m_TIME_NS = 9
    m_TIME_ISO = 10
    m_SENT_MS = 11
    m_FIRST = 12
    m_LAST = 13
    m_PREVIOUS = 14
    m_CHECKSUM = 15
    m_PRICE = 16
    m_SIZE = 17
    m_SIDE = 18
    m_MAKER = 19
    m_ID = 20
    m_MAKER_SIDE = 21
    m_LOCAL_US = 22
    m_LOCAL_NS = 23
    m_SNAPSHOT = 24

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


cdef class Taken:
    cdef object classify
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
    cdef const char *until  # the last place from which bytes may be read ahead
    cdef Word symbol
    cdef Word suffix  # put behind all symbols
    cdef Word kind
    cdef Word action
    cdef int64_t ts
    cdef int64_t sent  # counts where ts is not told
    cdef int64_t first  # the venue's numbers of the update
    cdef int64_t last
    cdef int64_t previous
    cdef int64_t checksum
    cdef int64_t depth
    cdef int64_t line
    cdef int8_t maker
    # ---- the row that is being read
    cdef bint in_row
    cdef Decimal price
    cdef Decimal size
    cdef bint has_price
    cdef bint has_size
    cdef int8_t side
    cdef int64_t row_ts
    cdef int64_t row_id
    cdef Word row_symbol
    # ---- what is wrong
    cdef int fault
    cdef const char *fault_at
    cdef int lacks  # wrong only if the message turns out to be of interest
    cdef const char *lacks_at

    cdef void _add_trade(self) noexcept
    cdef int32_t _kind(self) noexcept
    cdef int32_t _symbol(self, const Word *word) noexcept
    cdef int32_t _name(self, Names *names, const Word *word, int32_t most) noexcept
    cdef int _room(self) noexcept
    cdef tuple _told(self, const char *text, const char *end)


cdef inline const char *wrong(Taken self, int fault, const char *at) noexcept:
    self.fault, self.fault_at = fault, at
    return at


cdef inline void lack(Taken self, int fault, const char *at) noexcept:
    """Keep what is wrong: it counts only if the message turns out to be of interest."""
    if not self.lacks:
        self.lacks, self.lacks_at = fault, at


cdef inline void open_row(Taken self) noexcept:
    self.has_price = self.has_size = False
    self.side = 0
    self.row_ts = self.row_id = -1
    self.row_symbol.length = 0


cdef inline int add_level(Taken self, int8_t side) noexcept:
    """A level with the price and the size that were read; 1: there is no memory for it."""
    cdef Level *level
    if self.size.mantissa < 0:
        lack(self, NEGATIVE_SIZE, self.start)
        return 0
    if self.level_count == self.level_room and not self._room():
        return 1
    level = &self.levels[self.level_count]
    level.price, level.price_decimals = self.price.mantissa, self.price.decimals
    level.size, level.size_decimals = self.size.mantissa, self.size.decimals
    level.side = side
    self.level_count += 1
    return 0
