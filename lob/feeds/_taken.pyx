"""What is taken out of a level feed: messages, and the levels and trades that they tell."""

from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove

from lob.feeds.shapes import Code, Mark

from lob.feeds._names cimport name_of, number_of, start_names, stop_names
from lob.feeds._text cimport NEGATIVE_SIZE, TOO_LARGE, TOO_MANY_NAMES

cdef enum:
    MOST_KINDS = 255

assert [Code.UPDATE, Code.SNAPSHOT, Code.TRADE, Code.LIQUIDATION, Code.OTHER] == [
    c_UPDATE, c_SNAPSHOT, c_TRADE, c_LIQUIDATION, c_OTHER
]
assert {mark.name: int(mark) for mark in Mark} == dict(
    SYMBOL=m_SYMBOL, KIND=m_KIND, TOPIC=m_TOPIC, ACTION=m_ACTION, CHANNEL=m_CHANNEL,
    TIME_S=m_TIME_S, TIME_MS=m_TIME_MS, TIME_US=m_TIME_US, TIME_NS=m_TIME_NS,
    TIME_ISO=m_TIME_ISO, SENT_MS=m_SENT_MS, FIRST=m_FIRST, LAST=m_LAST, PREVIOUS=m_PREVIOUS,
    CHECKSUM=m_CHECKSUM, PRICE=m_PRICE, SIZE=m_SIZE, SIDE=m_SIDE, MAKER=m_MAKER, ID=m_ID,
    MAKER_SIDE=m_MAKER_SIDE, LOCAL_US=m_LOCAL_US, LOCAL_NS=m_LOCAL_NS, SNAPSHOT=m_SNAPSHOT,
)


_SAID = (
    "is not sound", "is no JSON", "is no number", "has more than 18 digits", "is no time",
    "is no side", "is one name too many, or is longer than 64 bytes", "lacks its price",
    "is not a whole number of steps", "is too large", "is a negative size",
    "has too few cells", "is no whole number", "is a name that cannot be read",
)  # fmt: skip


cdef class Taken:
    """Messages of a feed, each with its levels and trades, and the names that they use.

    Parameters
    ----------
    classify
        Called once for each kind of message, with its name; says what it is, 0 to 255.
    """

    def __cinit__(self, *_, **__):
        self.said_room, self.level_room, self.trade_room = 1024, 4096, 1024
        self.said = <Said *>malloc(self.said_room * sizeof(Said))
        self.levels = <Level *>malloc(self.level_room * sizeof(Level))
        self.trades = <Trade *>malloc(self.trade_room * sizeof(Trade))
        if (
            self.said == NULL or self.levels == NULL or self.trades == NULL
            or not start_names(&self.symbols) or not start_names(&self.kinds)
        ):
            raise MemoryError

    def __init__(self, classify):
        self.classify = classify

    def __dealloc__(self):
        free(self.said)
        free(self.levels)
        free(self.trades)
        stop_names(&self.symbols)
        stop_names(&self.kinds)

    def clear(self):
        """Forget the messages that were taken; an update whose rows go on is kept."""
        cdef Py_ssize_t levels = 0, trades = 0
        if self.said_count:
            levels = self.said[self.said_count - 1].levels
            trades = self.said[self.said_count - 1].trades
        self.level_count -= levels
        self.trade_count -= trades
        memmove(self.levels, &self.levels[levels], self.level_count * sizeof(Level))
        memmove(self.trades, &self.trades[trades], self.trade_count * sizeof(Trade))
        self.said_count = 0

    @property
    def kind_counts(self):
        """Messages by the name of their kind."""
        return {name_of(&self.kinds, i): self.counts[i] for i in range(self.kinds.count)}

    def name(self, str symbol):
        """Name the only instrument of a file that names none."""
        cdef bytes text = symbol.encode()[:MOST_NAME]
        cdef Word word
        word.at, word.length = text, len(text)
        self._symbol(&word)

    @property
    def symbol_names(self):
        """The symbols in the order in which they came up."""
        return [name_of(&self.symbols, i) for i in range(self.symbols.count)]

    # ---------------------------------------------------------------- for readers of text

    cdef tuple _told(self, const char *text, const char *end):
        """What is wrong, and what stands there."""
        cdef const char *here = self.fault_at if self.fault_at != NULL else text
        cdef Py_ssize_t shown
        here = end if here > end else here
        shown = end - here if end - here < 40 else 40
        return _SAID[self.fault], (<bytes>here[:shown]).split(b"\n")[0].decode("utf-8", "replace")

    cdef void _add_trade(self) noexcept:
        cdef Trade *trade
        if self.size.mantissa < 0:
            lack(self, NEGATIVE_SIZE, self.start)
            return
        if self.trade_count == self.trade_room and not self._room():
            return
        trade = &self.trades[self.trade_count]
        trade.ts = self.row_ts
        trade.match_id = self.row_id if self.row_id > 0 else 0
        trade.price, trade.price_decimals = self.price.mantissa, self.price.decimals
        trade.size, trade.size_decimals = self.size.mantissa, self.size.decimals
        trade.side = self.side or self.maker
        trade.symbol = -1
        if self.row_symbol.length:
            trade.symbol = self._symbol(&self.row_symbol)
        self.trade_count += 1

    cdef int32_t _kind(self) noexcept:
        """The number of the kind of the message: of its two words, one after the other."""
        cdef char both[2 * MOST_NAME + 1]
        cdef Word word = self.kind
        if self.action.length:
            memcpy(both, word.at, word.length)
            word.at = both
            if word.length:
                both[word.length] = c" "
                word.length += 1
            memcpy(both + word.length, self.action.at, self.action.length)
            word.length += self.action.length
        if not word.length:
            word.at, word.length = b"other", 5
        return self._name(&self.kinds, &word, MOST_KINDS)

    cdef int32_t _symbol(self, const Word *word) noexcept:
        """The number of an instrument."""
        cdef char both[2 * MOST_NAME]
        cdef Word longer
        if self.suffix.length and word.length <= MOST_NAME:
            memcpy(both, word.at, word.length)
            memcpy(both + word.length, self.suffix.at, self.suffix.length)
            longer.at, longer.length = both, word.length + self.suffix.length
            word = &longer
        return self._name(&self.symbols, word, MOST_SYMBOLS)

    cdef int32_t _name(self, Names *names, const Word *word, int32_t most) noexcept:
        cdef int32_t before = names.count
        cdef int32_t index = -1
        if word.length <= 2 * MOST_NAME + 1:
            index = number_of(names, word.at, word.length, most)
        if index < 0:
            self.fault, self.fault_at = TOO_MANY_NAMES, NULL
            return 0
        if index == before and names == &self.kinds:
            self.codes[index] = self.classify(name_of(&self.kinds, index))
            self.counts[index] = 0
        return index

    cdef int _room(self) noexcept:
        """Make room for more; whether there is."""
        cdef void *more
        if self.said_count == self.said_room:
            more = realloc(self.said, 2 * self.said_room * sizeof(Said))
            if more != NULL:
                self.said, self.said_room = <Said *>more, 2 * self.said_room
        elif self.level_count == self.level_room:
            more = realloc(self.levels, 2 * self.level_room * sizeof(Level))
            if more != NULL:
                self.levels, self.level_room = <Level *>more, 2 * self.level_room
        else:
            more = realloc(self.trades, 2 * self.trade_room * sizeof(Trade))
            if more != NULL:
                self.trades, self.trade_room = <Trade *>more, 2 * self.trade_room
        if more == NULL:
            self.fault = TOO_LARGE
        return more != NULL
