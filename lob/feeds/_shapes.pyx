"""Messages of level feeds, taken out of JSON by their shape, without a tree in between.

A shape says where in a venue's JSON which facts stand. The text is read once, from the left; what
the shape does not name is stepped over; numbers become integers at once, exactly.

A shape is built of:

- a ``Mark``: a number, text or truth here is that fact;
- a dict: an object, and the shapes of those of its keys that matter;
- ``Places``: an array, and the shapes of its elements by their place (``None``: of no interest);
- ``Each``: an array, the shape of all its elements, and which ``Row`` each of them makes;
- a list: all of these together, as what is there turns out to be the one or the other.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.math cimport fabs, rint
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset

cimport cython

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from lob.feeds._text cimport (
    NOT_A_NUMBER, NOT_A_SIDE, NOT_A_TIME, NOT_AN_ID, NOT_JSON, NO_NAME, NO_PRICE,
    NEGATIVE_SIZE, TOO_FEW_CELLS, TOO_LARGE, TOO_MANY_NAMES,
    Decimal, is_digit, ns_of, read_decimal, read_integer, read_iso,
)

cdef extern from *:
    """
    #define EXCH (1ull << 31)
    #define IS_BUY (1ull << 29)
    #define IS_SELL (1ull << 28)
    """
    const uint64_t EXCH
    const uint64_t IS_BUY
    const uint64_t IS_SELL

cdef struct HftEvent:
    uint64_t ev
    int64_t exch_ts
    int64_t local_ts
    double px
    double qty
    uint64_t order_id
    int64_t ival
    double fval

cdef enum:
    c_UPDATE = 1
    c_SNAPSHOT = 2
    c_TRADE = 3
    c_LIQUIDATION = 4
    c_OTHER = 5
    MOST_KINDS = 255
    MOST_SYMBOLS = 65535
    MOST_NAME = 64  # bytes
    DEEPEST = 64  # of what is stepped over
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
    MOST_COLUMNS = 256
    r_NONE = 0
    r_BID = 1
    r_ASK = 2
    r_LEVEL = 3
    r_TRADE = 4
    r_MESSAGE = 5
    r_GONE = 6
    r_EITHER = 7


class Code(IntEnum):
    """What a kind of message is to a reader."""

    NONE = 0
    """Of no interest: counted only."""
    UPDATE = c_UPDATE
    """New sizes of some levels."""
    SNAPSHOT = c_SNAPSHOT
    """All levels there are."""
    TRADE = c_TRADE
    LIQUIDATION = c_LIQUIDATION
    OTHER = c_OTHER
    """Of no interest but for its number in the sequence of its connection."""


class Mark(IntEnum):
    """What a scalar of a message is."""

    SYMBOL = m_SYMBOL
    KIND = m_KIND
    """The word that tells messages apart."""
    TOPIC = m_TOPIC
    """A kind before its first dot, and a symbol behind its last one."""
    ACTION = m_ACTION
    """A second word to the kind."""
    CHANNEL = m_CHANNEL
    """A kind, with ``-N`` for the levels of a side; the text after it is the symbol."""
    TIME_S = m_TIME_S
    TIME_MS = m_TIME_MS
    TIME_US = m_TIME_US
    TIME_NS = m_TIME_NS
    TIME_ISO = m_TIME_ISO
    SENT_MS = m_SENT_MS
    """A time that counts where there is no better one."""
    FIRST = m_FIRST
    """Number of the first change of an update."""
    LAST = m_LAST
    PREVIOUS = m_PREVIOUS
    """Number of the last change of the update before."""
    CHECKSUM = m_CHECKSUM
    PRICE = m_PRICE
    SIZE = m_SIZE
    SIDE = m_SIDE
    """A word that begins with b (bid, buy), or with a, o or s (ask, offer, sell)."""
    MAKER = m_MAKER
    """Whether the buyer of a trade is the maker."""
    ID = m_ID
    """Number of a trade; one that is no number is passed over."""
    MAKER_SIDE = m_MAKER_SIDE
    """The side of the resting order of a trade: the aggressor's is the other one."""
    LOCAL_US = m_LOCAL_US
    """Of a table: when the recorder had it. Rows of one such time are one update."""
    LOCAL_NS = m_LOCAL_NS
    SNAPSHOT = m_SNAPSHOT
    """Of a table: whether the row is of a snapshot, true or false."""


class Row(IntEnum):
    """What an element of an array makes."""

    NONE = r_NONE
    BID = r_BID
    ASK = r_ASK
    LEVEL = r_LEVEL
    """Of the side that it tells."""
    TRADE = r_TRADE
    MESSAGE = r_MESSAGE
    GONE = r_GONE
    """A level of the side that it tells, with nothing left."""
    EITHER = r_EITHER
    """A trade where the message is one of trades, else a level."""


class Each(NamedTuple):
    """An array of like elements."""

    shape: object
    row: Row = Row.NONE
    means: str = ""
    """An action that messages with this array have."""


class Places(NamedTuple):
    """An array of unlike elements."""

    shapes: tuple


class Means(NamedTuple):
    """A value whose presence says which action the message has."""

    shape: object
    means: str


_SAID = (
    "is not sound", "is no JSON", "is no number", "has more than 18 digits", "is no time",
    "is no side", "is one name too many, or is longer than 64 bytes", "lacks its price",
    "is not a whole number of steps", "is too large", "is a negative size",
    "has too few cells", "is no whole number", "is a name that cannot be read",
)  # fmt: skip


@cython.final
cdef class Shape:
    """Takes messages out of text.

    Parameters
    ----------
    shape
        Of one message.
    classify
        Called once for each kind of message, with its name; says what it is, 0 to 255.
    """

    def __cinit__(self, shape, classify):
        self.classify = classify
        self._built = []
        self._build(shape)
        memset(&self.symbols, 0, sizeof(Names))
        memset(&self.kinds, 0, sizeof(Names))
        self.said_room, self.level_room, self.trade_room = 1024, 4096, 1024
        self.said = <Said *>malloc(self.said_room * sizeof(Said))
        self.levels = <Level *>malloc(self.level_room * sizeof(Level))
        self.trades = <Trade *>malloc(self.trade_room * sizeof(Trade))
        if (
            self.said == NULL or self.levels == NULL or self.trades == NULL
            or not start_names(&self.symbols) or not start_names(&self.kinds)
        ):
            raise MemoryError

    def __dealloc__(self):
        free(self.nodes)
        free(self.said)
        free(self.levels)
        free(self.trades)
        for names in range(2):
            stop_names(&self.kinds if names else &self.symbols)

    # ---------------------------------------------------------------- the shape

    def _build(self, shape):
        cdef Py_ssize_t i, count
        names = bytearray()
        rows = [None]
        self.root = 0
        self._fill(rows, 0, shape, names, b"", 0)
        count = len(rows)
        self._pool = bytes(names)
        self.pool = self._pool
        self.nodes = <Node *>calloc(count, sizeof(Node))
        if self.nodes == NULL:
            raise MemoryError
        for i in range(count):
            self.nodes[i] = rows[i]

    def _fill(self, rows, int32_t index, shape, names, key, row):
        """Make node ``index`` of a shape; its children are appended, those of a kind together."""
        cdef Node node
        memset(&node, 0, sizeof(Node))
        node.each = node.at = node.child = node.means = -1
        node.row = row
        node.key, node.key_length, node.first = len(names), len(key), key[0] if key else 0
        names += key
        parts = list(shape) if type(shape) is list else [shape]
        while parts:
            part = parts.pop()
            if part is None:
                continue
            if isinstance(part, Means):
                node.means = len(self._built)
                self._built.append(part.means.encode())
                parts.append(part.shape)
            elif isinstance(part, Mark):
                node.mark = part
            elif isinstance(part, dict):
                node.child, node.children = len(rows), len(part)
                rows += [None] * len(part)
                for i, (name, below) in enumerate(part.items()):
                    self._fill(rows, node.child + i, below, names, name.encode(), 0)
            elif isinstance(part, Places):
                node.at, node.places = len(rows), len(part.shapes)
                rows += [None] * len(part.shapes)
                for i, below in enumerate(part.shapes):
                    self._fill(rows, node.at + i, below, names, b"", 0)
            elif isinstance(part, Each):
                node.each = len(rows)
                rows.append(None)
                self._fill(rows, node.each, part.shape, names, b"", part.row)
                if part.means:
                    node.means = len(self._built)
                    self._built.append(part.means.encode())
                below = part.shape
                node.pairs = (
                    isinstance(below, Places)
                    and below.shapes == (Mark.PRICE, Mark.SIZE)
                    and part.row in (Row.BID, Row.ASK)
                )
            else:
                raise TypeError(f"no part of a shape: {part!r}")
        rows[index] = node

    # ---------------------------------------------------------------- for Python

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

    def set_columns(self, columns, str kind, str snapshot, bint grouped, bint trades):
        """Say what the columns of a table are: of each its mark, and the side if it has one.

        ``kind`` and ``snapshot`` name its updates and snapshots; ``grouped``: rows of one time are
        one update; ``trades``: each row is a trade.
        """
        if len(columns) > MOST_COLUMNS:
            raise ValueError(f"a table has at most {MOST_COLUMNS} columns, got {len(columns)}")
        for i, (mark, side) in enumerate(columns):
            self.columns[i], self.column_sides[i] = mark or 0, side
        self.column_count = len(columns)
        self.plain = (Mark.PRICE, 0) in columns and not trades
        self.has_symbol = any(mark == m_SYMBOL for mark, _ in columns)
        self._table_kinds = (kind.encode(), snapshot.encode(), b"trade")
        self.grouped, self.of_trades = grouped, trades

    def read_rows(self, bytes data not None, Py_ssize_t at, int64_t line):
        """Take rows of a table from byte ``at``; as ``read_lines``."""
        cdef const char *text = data
        cdef const char *end = text + len(data)
        cdef const char *here = text + at
        while here < end:
            if here[0] == c"\n" or here[0] == c"\r" and here[1] == c"\n":
                here += 1 + (here[0] == c"\r")
                line += 1
                continue
            self.fault, self.line = 0, line + 1
            self.start = here
            here = self._cells(here)
            if not self.fault:
                here += here[0] == c"\r"
                if here < end and here[0] != c"\n":
                    self.fault, self.fault_at = TOO_FEW_CELLS, self.start
                here += 1
            if self.fault:
                return here - text, line, self._told(text, end)
            line += 1
        return end - text, line, None

    def finish(self):
        """The table is at its end: so is its last update."""
        if self.group_is_open:
            self._close_group()

    def read_events(self, events, int64_t at):
        """Take hftbacktest's events; ``at`` of them were before. Returns ``None`` or a fault.

        Depth events of one time are one update; clears and snapshots in a row are one snapshot.
        """
        cdef const uint8_t[::1] raw
        cdef const HftEvent *event
        cdef Py_ssize_t i, count = len(events)
        cdef int kind, whole
        if not count:
            return None
        raw = events.view(np.uint8)
        event = <const HftEvent *>&raw[0]
        for i in range(count):
            self.line = at + i + 1
            kind = event.ev & 0xFF
            if not event.ev & EXCH or not (1 <= kind <= 4):
                self.passed_over += 1
                event += 1
                continue
            whole = kind == 3 or kind == 4
            if kind == 2:
                self._close_group_before(-2, event.exch_ts)
            else:
                self._close_group_before(whole, event.exch_ts)
                if not self.group_is_open:
                    self.group_is_open = True
                    self.group_local, self.group_ts = event.local_ts, event.exch_ts
                    self.group_line, self.group_snapshot, self.group_symbol = self.line, whole, 0
            self.side = 1 if event.ev & IS_BUY else -1 if event.ev & IS_SELL else 0
            if kind != 3 and not (
                decimal_of(event.px, &self.price) and decimal_of(event.qty, &self.size)
            ):
                return f"event {self.line}: price {event.px} or quantity {event.qty} is no decimal"
            if self.size.mantissa < 0 or not self.side and kind != 2 and kind != 3:
                return f"event {self.line}: quantity {event.qty}, flags {event.ev:#x}"
            if kind == 2:
                self.row_ts, self.row_id = event.exch_ts, -1
                self._add_trade()
                self.group_is_open = True
                self.group_local, self.group_ts = event.local_ts, event.exch_ts
                self.group_line, self.group_snapshot, self.group_symbol = self.line, 2, 0
                self._close_group()
            elif kind != 3:
                self._add_level(self.side)
            event += 1
        return None

    cdef void _close_group_before(self, int whole, int64_t ts) noexcept:
        """Close the update that is open unless the next event belongs to it."""
        if self.group_is_open and not (
            whole == self.group_snapshot and (whole == 1 or ts == self.group_ts)
        ):
            self._close_group()

    cdef const char *_cells(self, const char *at) noexcept:
        """One row."""
        cdef int32_t i
        cdef const char *start
        cdef const char *end
        cdef const char *stop
        cdef int64_t local = -1
        cdef int snapshot = 0
        cdef int8_t side
        cdef Py_ssize_t levels = self.level_count
        cdef int32_t symbol = -1
        self.row_symbol.length = self.symbol.length = 0
        self.ts = self.sent = -1
        self.first = self.last = self.previous = self.checksum = -1
        self.lacks = 0
        self.maker = 0
        self._open_row()
        self.in_row = 0
        if self.group_is_open and not self.grouped:
            self._close_group()
        for i in range(self.column_count):
            if i:
                if at[0] != c",":
                    return self._wrong(TOO_FEW_CELLS, self.start)
                at += 1
            start = at
            if at[0] == c'"':
                start = at + 1
                end = text_end(start)
                if end == NULL:
                    return self._wrong(NO_NAME, at)
                at = end + 1
            else:
                while at[0] != c"," and not (0 <= at[0] < 32):
                    at += 1
                end = at
            if i and self.column_sides[i] != self.column_sides[i - 1]:
                self.has_price = self.has_size = False
            if start == end or not self.columns[i]:
                continue
            stop = self._cell(start, end, self.columns[i], &local, &snapshot)
            if self.fault or stop != end:
                return self._wrong(self.fault or NOT_A_NUMBER, start)
            side = self.column_sides[i]
            if side and self.has_price and self.has_size:
                self._add_level(side)
                self.has_price = self.has_size = False
        if self.lacks:
            return self._wrong(self.lacks, self.lacks_at)
        if self.symbol.length:
            symbol = self._name(&self.symbols, &self.symbol, MOST_SYMBOLS)
        elif self.has_symbol:
            return self._wrong(NO_NAME, self.start)
        else:
            symbol = 0  # the reader has named the only one
        if self.fault:
            return at
        if self.group_is_open and not (
            symbol == self.group_symbol and snapshot == self.group_snapshot
            and (local if local >= 0 else self.ts)
            == (self.group_local if self.group_local >= 0 else self.group_ts)
        ):
            self.level_count, levels = levels, self.level_count - levels
            self._close_group()
            self.level_count += levels
        if not self.group_is_open:
            self.group_is_open = True
            self.group_local, self.group_ts, self.group_line = local, self.ts, self.line
            self.group_symbol, self.group_snapshot = symbol, snapshot
        if self.of_trades:
            if not self.has_price or not self.has_size:
                return self._wrong(NO_PRICE, self.start)
            self._add_trade()
            self.row_ts = self.ts
        elif self.plain:
            if not self.has_price or not self.has_size:
                return self._wrong(NO_PRICE, self.start)
            if not self.side:
                return self._wrong(NOT_A_SIDE, self.start)
            self._add_level(self.side)
        if self.lacks:
            self._wrong(self.lacks, self.lacks_at)
        return at

    cdef const char *_cell(
        self, const char *at, const char *end, int mark, int64_t *local, int *snapshot
    ) noexcept:
        """One cell that is not empty; where what it should be ends."""
        cdef Decimal number
        cdef int64_t whole
        if mark == m_SYMBOL:
            if end - at > MOST_NAME:
                self.fault = TOO_MANY_NAMES
            self.symbol.at, self.symbol.length = at, end - at
            return end
        if mark == m_SIDE:
            self.side = side_of(at[0])
            if not self.side:
                self.fault = NOT_A_SIDE
            return end
        if mark == m_SNAPSHOT:
            if at[0] != c"t" and at[0] != c"f" and at[0] != c"1" and at[0] != c"0" and (
                at[0] != c"T" and at[0] != c"F"
            ):
                self.fault = NO_NAME
            snapshot[0] = at[0] == c"t" or at[0] == c"1" or at[0] == c"T"
            return end
        if mark == m_ID:
            at = read_integer(at, &whole, &self.fault)
            self.row_id = whole if not self.fault and at == end else 0
            self.fault = 0
            return end
        if mark == m_TIME_ISO:
            return read_iso(at, &self.ts, &self.fault)
        if mark == m_LOCAL_US or mark == m_LOCAL_NS or m_TIME_S <= mark <= m_TIME_NS:
            at = read_decimal(at, &number, &self.fault) if end - at < 19 else at
            if end - at == 19 and mark in (m_LOCAL_NS, m_TIME_NS):
                at = read_integer(at, &number.mantissa, &self.fault)
                number.decimals = 0
            if self.fault:
                return at
            if mark == m_LOCAL_US or mark == m_LOCAL_NS:
                local[0] = ns_of(&number, 6 if mark == m_LOCAL_US else 9, &self.fault)
            else:
                self.ts = ns_of(&number, 3 * (mark - m_TIME_S), &self.fault)
            return at
        if mark == m_PRICE:
            at = read_decimal(at, &self.price, &self.fault)
            self.has_price = True
        else:
            at = read_decimal(at, &self.size, &self.fault)
            self.has_size = True
        return at

    cdef void _close_group(self) noexcept:
        """The rows of an update are all there."""
        cdef Said *said
        cdef bytes kind = self._table_kinds[self.group_snapshot]
        self.group_is_open = False
        self.kind.at, self.kind.length, self.action.length = kind, len(kind), 0
        if self.said_count == self.said_room and not self._room():
            return
        said = &self.said[self.said_count]
        memset(said, 0, sizeof(Said))
        said.kind = self._kind()
        self.counts[said.kind] += 1
        said.line, said.local, said.ts = self.group_line, self.group_local, self.group_ts
        said.symbol = self.group_symbol
        said.first = said.last = said.previous = said.checksum = -1
        said.levels, said.trades = <int32_t>self.level_count, <int32_t>self.trade_count
        self.said_count += 1

    @property
    def kind_counts(self):
        """Messages by the name of their kind."""
        return {name_of(&self.kinds, i): self.counts[i] for i in range(self.kinds.count)}

    def name(self, str symbol):
        """Name the only instrument of a file that names none."""
        cdef bytes text = symbol.encode()[:MOST_NAME]
        cdef Word word
        word.at, word.length = text, len(text)
        self._name(&self.symbols, &word, MOST_SYMBOLS)

    @property
    def symbol_names(self):
        """The symbols in the order in which they came up."""
        return [name_of(&self.symbols, i) for i in range(self.symbols.count)]

    def read_lines(self, bytes data not None, Py_ssize_t at, int64_t line, bint bare=True):
        """Take messages from lines, from byte ``at``, until the end or a line of another form.

        Lines are ``<json>`` (if ``bare``), ``<local ns> <json>`` or ``<local s>: <json>``.

        Returns where it stopped, the number of the last line that was read (``line`` lines were
        before), and ``None`` or what is wrong with the line after it.
        """
        cdef const char *text = data
        cdef const char *end = text + len(data)
        cdef const char *here = text + at
        cdef const char *body
        cdef Py_ssize_t said, levels, trades
        while here < end:
            if here[0] == c"\n" or here[0] == c"\r" and here[1] == c"\n":
                here += 1 + (here[0] == c"\r")
                line += 1
                continue
            self.fault = 0
            self.local = -1
            body = here
            if is_digit(here[0]):
                body = stamp(here, &self.local)
                if body == NULL:
                    break
            elif not bare or (here[0] != c"{" and here[0] != c"["):
                break
            said, levels, trades = self.said_count, self.level_count, self.trade_count
            self.line = line + 1
            self._message(body, &here)
            if not self.fault and here < end:
                here += here[0] == c"\r"
                if here < end and here[0] != c"\n":
                    self.fault, self.fault_at = NOT_JSON, here
                here += 1
            if self.fault:
                self.said_count, self.level_count, self.trade_count = said, levels, trades
                return here - text, line, self._told(text, end)
            line += 1
        return here - text, line, None

    def read_body(self, bytes body not None, int64_t local, int64_t line, bytes symbol=b"",
                  int64_t connection=0, bytes suffix=b""):
        """Take the messages of one JSON text; returns ``None`` or what is wrong with it.

        ``symbol``: of a message that names none; ``suffix``: what is put behind all names.
        """
        cdef const char *text = body
        cdef const char *end
        cdef Py_ssize_t said = self.said_count, levels = self.level_count
        cdef Py_ssize_t trades = self.trade_count
        self.fault, self.local, self.line, self.connection = 0, local, line, connection
        self.level_symbol.at, self.level_symbol.length = symbol, len(symbol)
        self.suffix.at, self.suffix.length = suffix, min(len(suffix), MOST_NAME)
        self._message(text, &end)
        self.level_symbol.length = self.suffix.length = 0
        if not self.fault:
            end = blank(end)
            while end[0] == c"\n" or end[0] == c"\r":
                end = blank(end + 1)
            if end - text != len(body):
                self.fault, self.fault_at = NOT_JSON, end
        if self.fault:
            self.said_count, self.level_count, self.trade_count = said, levels, trades
            return self._told(text, text + len(body))
        return None

    cdef tuple _told(self, const char *text, const char *end):
        """What is wrong, and what stands there."""
        cdef const char *here = self.fault_at if self.fault_at != NULL else text
        cdef Py_ssize_t shown
        here = end if here > end else here
        shown = end - here if end - here < 40 else 40
        return _SAID[self.fault], (<bytes>here[:shown]).split(b"\n")[0].decode("utf-8", "replace")

    # ---------------------------------------------------------------- one message

    cdef int _message(self, const char *at, const char **end) except -1:
        cdef const char *here
        self._begin()
        self.start = at
        here = self._value(blank(at), self.root)
        if not self.fault and not self.committed:
            self._commit()
        end[0] = here
        return 0

    cdef void _begin(self) noexcept:
        self.symbol.length = self.kind.length = self.action.length = self.row_symbol.length = 0
        self.ts = self.sent = self.first = self.last = self.previous = self.checksum = -1
        self.depth = 0
        self.maker = self.lacks = 0
        self.committed = False
        self.in_row = 0
        self._open_row()
        self.in_row = 0

    cdef const char *_value(self, const char *at, int32_t node) noexcept:
        cdef const Node *shape = &self.nodes[node]
        cdef char mark = at[0]
        cdef bytes word
        if shape.means >= 0:
            word = self._built[shape.means]
            self.action.at, self.action.length = word, len(word)
        if mark == c"[":
            if shape.pairs:
                return self._pairs(at, 1 if self.nodes[shape.each].row == r_BID else -1)
            if shape.each >= 0 or shape.places:
                return self._array(at, node)
        elif mark == c"{":
            if shape.children:
                return self._object(at, node)
        elif shape.mark:
            return self._scalar(at, shape.mark)
        return self._skip(at)

    cdef const char *_object(self, const char *at, int32_t node) noexcept:
        cdef const Node *shape = &self.nodes[node]
        cdef const Node *below
        cdef int32_t first = shape.child, count = shape.children, guess = 0
        cdef const char *key
        cdef Py_ssize_t length
        at = blank(at + 1)
        if at[0] == c"}":
            return at + 1
        while True:
            if at[0] != c'"':
                return self._wrong(NOT_JSON, at)
            key = at + 1
            at = text_end(key)
            if at == NULL:
                return self._wrong(NOT_JSON, key)
            length = at - key
            at = blank(at + 1)
            if at[0] != c":":
                return self._wrong(NOT_JSON, at)
            at = blank(at + 1)
            # Keys mostly come in the same order: the one after the last is tried first.
            for _ in range(count):
                below = &self.nodes[first + guess]
                if below.first == key[0] and below.key_length == length and (
                    length == 1 or memcmp(self.pool + below.key, key, length) == 0
                ):
                    at = self._value(at, first + guess)
                    guess = guess + 1 if guess + 1 < count else 0
                    break
                guess = guess + 1 if guess + 1 < count else 0
            else:
                at = self._skip(at)
            if self.fault:
                return at
            at = blank(at)
            if at[0] == c"}":
                return at + 1
            if at[0] != c",":
                return self._wrong(NOT_JSON, at)
            at = blank(at + 1)

    cdef const char *_array(self, const char *at, int32_t node) noexcept:
        cdef const Node *shape = &self.nodes[node]
        cdef int32_t i = 0, below
        cdef int row
        at = blank(at + 1)
        if at[0] == c"]":
            return at + 1
        while True:
            below = shape.at + i if i < shape.places else shape.each
            if below < 0:
                at = self._skip(at)
            else:
                row = self.nodes[below].row
                # An array of several shapes: an element that is itself a row, or is not one.
                if row == r_NONE or row == r_MESSAGE:
                    at = self._value(at, below)
                    if row == r_MESSAGE and not self.fault:
                        self._commit()
                elif at[0] == c"[" or at[0] == c"{":
                    self._open_row()
                    at = self._value(at, below)
                    if not self.fault:
                        self._close_row(row)
                else:
                    self._lack(NO_PRICE, at)
                    at = self._skip(at)
            if self.fault:
                return at
            i += 1
            at = blank(at)
            if at[0] == c"]":
                return at + 1
            if at[0] != c",":
                return self._wrong(NOT_JSON, at)
            at = blank(at + 1)

    cdef const char *_pairs(self, const char *at, int8_t side) noexcept:
        """An array of ``[price, size, ...]``, in numbers or texts of numbers."""
        cdef bint quoted
        at = blank(at + 1)
        if at[0] == c"]":
            return at + 1
        while True:
            if at[0] != c"[":
                return self._wrong(NOT_JSON, at)
            at = blank(at + 1)
            quoted = at[0] == c'"'
            at = read_decimal(at + quoted, &self.price, &self.fault)
            if self.fault or (quoted and at[0] != c'"'):
                return self._wrong(self.fault or NOT_A_NUMBER, at)
            at = blank(at + quoted)
            if at[0] != c",":
                return self._wrong(NOT_JSON, at)
            at = blank(at + 1)
            quoted = at[0] == c'"'
            at = read_decimal(at + quoted, &self.size, &self.fault)
            if self.fault or (quoted and at[0] != c'"'):
                return self._wrong(self.fault or NOT_A_NUMBER, at)
            at = blank(at + quoted)
            while at[0] == c",":
                at = blank(self._skip(blank(at + 1)))
                if self.fault:
                    return at
            if at[0] != c"]":
                return self._wrong(NOT_JSON, at)
            if self._add_level(side):
                return at
            at = blank(at + 1)
            if at[0] == c"]":
                return at + 1
            if at[0] != c",":
                return self._wrong(NOT_JSON, at)
            at = blank(at + 1)

    cdef const char *_skip(self, const char *at) noexcept:
        """Step over a value of any kind."""
        cdef char closes[DEEPEST]
        cdef int depth = 0
        cdef const char *end
        while True:
            at = blank(at)
            if at[0] == c'"':
                end = text_end(at + 1)
                if end == NULL:
                    return self._wrong(NOT_JSON, at)
                at = end + 1
            elif at[0] == c"{" or at[0] == c"[":
                if depth == DEEPEST:
                    return self._wrong(NOT_JSON, at)
                closes[depth] = c"}" if at[0] == c"{" else c"]"
                depth += 1
                at += 1
                continue
            elif depth and at[0] == closes[depth - 1]:
                depth -= 1
                at += 1
            else:
                end = at
                while is_plain(at[0]):
                    at += 1
                if at == end:
                    return self._wrong(NOT_JSON, at)
            if not depth:
                return at
            at = blank(at)
            while at[0] == c"," or at[0] == c":":
                at = blank(at + 1)

    # ---------------------------------------------------------------- facts

    cdef const char *_scalar(self, const char *at, int mark) noexcept:
        if mark == m_MAKER:
            if at[0] == c"t" or at[0] == c"f":
                self.maker = -1 if at[0] == c"t" else 1
            return self._skip(at)
        if mark <= m_CHANNEL or mark == m_SIDE or mark == m_TIME_ISO or mark == m_MAKER_SIDE:
            return self._text_mark(at, mark) if at[0] == c'"' else self._skip(at)
        return self._number_mark(at, mark)

    cdef const char *_number_mark(self, const char *at, int mark) noexcept:
        cdef bint quoted = at[0] == c'"'
        cdef const char *start = at
        cdef Decimal number
        cdef int64_t whole = 0
        if at[0] == c"n" or quoted and at[1] == c'"':  # null, or an empty text: not told
            return self._skip(at)
        at += quoted
        if mark == m_PRICE or mark == m_SIZE or m_TIME_S <= mark <= m_SENT_MS:
            at = read_decimal(at, &number, &self.fault)
            if self.fault or quoted and at[0] != c'"':
                self._lack(self.fault or NOT_A_NUMBER, start)
                self.fault = 0
                return self._skip(start)
            if mark == m_PRICE:
                self.price, self.has_price = number, True
            elif mark == m_SIZE:
                self.size, self.has_size = number, True
            else:
                self._time(
                    ns_of(&number, 3 * (mark - m_TIME_S) if mark != m_SENT_MS else 3, &self.fault),
                    mark == m_SENT_MS,
                )
        elif mark == m_ID:
            # Numbers of trades only: other venues give texts.
            if is_digit(at[0]):
                at = read_integer(at, &whole, &self.fault)
                if self.fault or quoted and at[0] != c'"':
                    self.fault = 0
                    return self._skip(start)
                self.row_id = whole
            else:
                return self._skip(start)
        else:
            at = read_integer(at, &whole, &self.fault)
            if self.fault or quoted and at[0] != c'"':
                self._lack(self.fault or NOT_AN_ID, start)
                self.fault = 0
                return self._skip(start)
            if mark == m_FIRST:
                self.first = whole
            elif mark == m_LAST:
                self.last = whole
            elif mark == m_PREVIOUS:
                self.previous = whole
            else:
                self.checksum = <uint32_t>whole
        if self.fault:
            return self._wrong(self.fault, start)
        return at + quoted

    cdef void _lack(self, int fault, const char *at) noexcept:
        """Keep what is wrong: it counts only if the message turns out to be of interest."""
        if not self.lacks:
            self.lacks, self.lacks_at = fault, at

    cdef void _time(self, int64_t ts, bint sent) noexcept:
        if self.in_row:
            self.row_ts = ts
        elif sent:
            self.sent = ts
        else:
            self.ts = ts

    cdef const char *_text_mark(self, const char *at, int mark) noexcept:
        cdef const char *start = at + 1
        cdef const char *end = text_end(start)
        cdef const char *dot
        cdef Py_ssize_t length
        cdef int64_t ns = 0
        cdef Word *word
        if end == NULL:
            return self._wrong(NOT_JSON, at)
        length = end - start
        if mark == m_TIME_ISO:
            if length:
                if read_iso(start, &ns, &self.fault) != end and not self.fault:
                    self.fault = NOT_A_TIME
                if self.fault:
                    return self._wrong(self.fault, at)
                self._time(ns, False)
            return end + 1
        if mark == m_SIDE or mark == m_MAKER_SIDE:
            self.side = side_of(start[0]) * (1 if mark == m_SIDE else -1)
            if not self.side:
                self._lack(NOT_A_SIDE, at)
            return end + 1
        if length > MOST_NAME:
            return self._wrong(TOO_MANY_NAMES, at)
        if mark == m_CHANNEL and self.kind.length:
            mark = m_SYMBOL
        if mark == m_SYMBOL:
            word = &self.row_symbol if self.in_row else &self.symbol
            word.at, word.length = start, length
        elif mark == m_ACTION:
            self.action.at, self.action.length = start, length
        elif mark == m_TOPIC or mark == m_CHANNEL:
            dot = <const char *>memchr(start, c"." if mark == m_TOPIC else c"-", length)
            self.kind.at, self.kind.length = start, length if dot == NULL else dot - start
            if mark == m_CHANNEL and dot != NULL:
                read_integer(dot + 1, &self.depth, &self.fault)
                self.fault = 0
            while mark == m_TOPIC and dot != NULL:
                self.symbol.at, self.symbol.length = dot + 1, end - dot - 1
                dot = <const char *>memchr(dot + 1, c".", end - dot - 1)
        else:
            self.kind.at, self.kind.length = start, length
        return end + 1

    cdef const char *_wrong(self, int fault, const char *at) noexcept:
        self.fault, self.fault_at = fault, at
        return at

    # ---------------------------------------------------------------- rows and messages

    cdef void _open_row(self) noexcept:
        self.in_row = 1
        self.has_price = self.has_size = False
        self.side = 0
        self.row_ts = self.row_id = -1
        self.row_symbol.length = 0

    cdef void _close_row(self, int row) noexcept:
        self.in_row = 0
        if row == r_GONE:
            self.size.mantissa = self.size.decimals = 0
            self.has_size = True
        if not self.has_price or not self.has_size:
            self._lack(NO_PRICE, self.start)
        elif row == r_TRADE or row == r_EITHER and self._is_of_trades():
            self._add_trade()
        else:
            if self.row_ts > self.sent:
                self.sent = self.row_ts
            if self.row_symbol.length and not self.symbol.length:
                self.symbol = self.row_symbol
            if row == r_BID or row == r_ASK:
                self.side = 1 if row == r_BID else -1
            if not self.side:
                self._lack(NOT_A_SIDE, self.start)
            else:
                self._add_level(self.side)
        self.has_price = self.has_size = False

    cdef int _add_level(self, int8_t side) noexcept:
        cdef Level *level
        if self.size.mantissa < 0:
            self._lack(NEGATIVE_SIZE, self.start)
            return 0
        if self.level_count == self.level_room and not self._room():
            return 1
        level = &self.levels[self.level_count]
        level.price, level.price_decimals = self.price.mantissa, self.price.decimals
        level.size, level.size_decimals = self.size.mantissa, self.size.decimals
        level.side = side
        self.level_count += 1
        return 0

    cdef void _add_trade(self) noexcept:
        cdef Trade *trade
        if self.size.mantissa < 0:
            self._lack(NEGATIVE_SIZE, self.start)
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
            trade.symbol = self._name(&self.symbols, &self.row_symbol, MOST_SYMBOLS)
        self.trade_count += 1

    cdef void _commit(self) noexcept:
        """The message, or this part of it, is whole."""
        cdef Said *said
        cdef int32_t kind
        cdef int code
        cdef Py_ssize_t levels = 0, trades = 0
        if self.said_count:
            levels = self.said[self.said_count - 1].levels
            trades = self.said[self.said_count - 1].trades
        self.committed = True
        kind = self._kind()
        if self.fault:
            return
        code = self.codes[kind]
        self.counts[kind] += 1
        if self.has_price and self.has_size:  # told without a row: one level, or one trade
            if code == c_TRADE or code == c_LIQUIDATION:
                self._add_trade()
            elif code == c_UPDATE and self.side:
                self._add_level(self.side)
            self.has_price = self.has_size = False
        if not (c_UPDATE <= code <= c_LIQUIDATION):
            self.level_count, self.trade_count = levels, trades
        elif self.lacks:
            self._wrong(self.lacks, self.lacks_at)
        if not code or self.fault:
            return
        if self.said_count == self.said_room and not self._room():
            return
        said = &self.said[self.said_count]
        said.symbol = -1
        if self.symbol.length == 0 and self.level_symbol.length:
            self.symbol = self.level_symbol
        if self.symbol.length:
            said.symbol = self._name(&self.symbols, &self.symbol, MOST_SYMBOLS)
        said.line, said.local = self.line, self.local
        said.ts = self.ts if self.ts >= 0 else self.sent
        said.first, said.last, said.previous = self.first, self.last, self.previous
        said.checksum, said.kind, said.connection = self.checksum, kind, self.connection
        said.depth = <int32_t>self.depth if 0 <= self.depth < 1_000_000 else 0
        said.levels, said.trades = <int32_t>self.level_count, <int32_t>self.trade_count
        self.said_count += 1

    cdef bint _is_of_trades(self) noexcept:
        cdef int code = self.codes[self._kind()]
        return code == c_TRADE or code == c_LIQUIDATION

    cdef int32_t _kind(self) noexcept:
        """The number of the kind of the message: of its two words, one after the other."""
        cdef char both[2 * MOST_NAME + 1]
        cdef Word word
        memcpy(both, self.kind.at, self.kind.length)
        word.at, word.length = both, self.kind.length
        if self.action.length:
            if word.length:
                both[word.length] = c" "
                word.length += 1
            memcpy(both + word.length, self.action.at, self.action.length)
            word.length += self.action.length
        if not word.length:
            word.at, word.length = b"other", 5
        return self._name(&self.kinds, &word, MOST_KINDS)

    cdef int32_t _name(self, Names *names, const Word *word, int32_t most) noexcept:
        cdef int32_t before = names.count
        cdef int32_t index
        cdef char both[2 * MOST_NAME]
        cdef Word longer
        if self.suffix.length and names == &self.symbols and word.length <= MOST_NAME:
            memcpy(both, word.at, word.length)
            memcpy(both + word.length, self.suffix.at, self.suffix.length)
            longer.at, longer.length = both, word.length + self.suffix.length
            word = &longer
        if word.length > 2 * MOST_NAME + 1:
            self.fault, self.fault_at = TOO_MANY_NAMES, NULL
            return 0
        index = number_of(names, word.at, word.length, most)
        if index < 0:
            self.fault, self.fault_at = TOO_MANY_NAMES, NULL
            return 0
        if index == before and names == &self.kinds:
            self.codes[index] = self._classify(index)
            self.counts[index] = 0
        return index

    cdef int _classify(self, int32_t kind) noexcept:
        return self.classify(name_of(&self.kinds, kind))

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


# -------------------------------------------------------------------- floats


cdef bint decimal_of(double value, Decimal *number) noexcept:
    """The shortest decimal that a float can be the image of; whether there is one."""
    cdef double scaled, whole, power = 1
    cdef int decimals
    for decimals in range(13):
        scaled = value * power
        whole = rint(scaled)
        # A product of two roundings is off by less than four units of its last place.
        if fabs(scaled - whole) <= 9e-16 * fabs(scaled):
            if fabs(whole) > 9e15:
                return False
            number.mantissa, number.decimals = <int64_t>whole, <int8_t>decimals
            return True
        power *= 10
    return False


# -------------------------------------------------------------------- text


cdef inline const char *blank(const char *at) noexcept:
    while at[0] == c" " or at[0] == c"\t":
        at += 1
    return at


cdef inline const char *text_end(const char *at) noexcept:
    """The quote that ends a text, null: it does not end on its line."""
    while at[0] != c'"':
        if at[0] == c"\\":
            at += 1
        if <unsigned char>at[0] < 32:
            return NULL
        at += 1
    return at


cdef inline bint is_plain(char mark) noexcept:
    """Whether it may stand in a number, true, false or null."""
    return (
        is_digit(mark) or c"a" <= mark <= c"z" or mark == c"-" or mark == c"." or mark == c"+"
        or mark == c"E"
    )


cdef inline int8_t side_of(char mark) noexcept:
    if mark == c"b" or mark == c"B":
        return 1
    if mark == c"a" or mark == c"A" or mark == c"s" or mark == c"S" or mark == c"o":
        return -1
    return 0


cdef const char *stamp(const char *at, int64_t *local) noexcept:
    """The time before a message, ``<ns> `` or ``<s>: ``; where the message begins, null: none."""
    cdef const char *start = at
    cdef Decimal number
    cdef int fault = 0
    at = read_integer(at, local, &fault)
    if fault or at[0] != c" " or not 16 <= at - start <= 19:
        fault = 0
        at = read_decimal(start, &number, &fault)
        if fault or at[0] != c":" or at[1] != c" ":
            return NULL
        local[0] = ns_of(&number, 0, &fault)
        at += 1
    at += 1
    return at if not fault and (at[0] == c"{" or at[0] == c"[") else NULL


# -------------------------------------------------------------------- names


cdef bint start_names(Names *names) noexcept:
    names.size = 64
    names.room = 4096
    names.pool = <char *>malloc(names.room)
    names.slots = <int32_t *>calloc(names.size, sizeof(int32_t))
    names.starts = <int64_t *>malloc((names.size + 1) * sizeof(int64_t))
    if names.starts != NULL:
        names.starts[0] = 0
    return names.pool != NULL and names.slots != NULL and names.starts != NULL


cdef void stop_names(Names *names) noexcept:
    free(names.pool)
    free(names.slots)
    free(names.starts)


cdef name_of(const Names *names, int32_t index):
    cdef int64_t start = names.starts[index]
    return (<bytes>names.pool[start:names.starts[index + 1]]).decode("utf-8", "replace")


cdef inline bint is_name(
    const Names *names, int32_t index, const char *at, Py_ssize_t length
) noexcept:
    cdef int64_t start = names.starts[index]
    return names.starts[index + 1] - start == length and (
        memcmp(names.pool + start, at, length) == 0
    )


cdef int32_t number_of(
    Names *names, const char *at, Py_ssize_t length, int32_t most
) noexcept:
    """The number of a name, a new one for a new name; -1: too many."""
    cdef uint32_t mixed = 2166136261u
    cdef char *at_new
    cdef int32_t slot
    cdef Py_ssize_t i
    if names.count and is_name(names, names.last, at, length):
        return names.last
    for i in range(length):
        mixed = (mixed ^ <unsigned char>at[i]) * 16777619u
    slot = mixed & (names.size - 1)
    while names.slots[slot]:
        if is_name(names, names.slots[slot] - 1, at, length):
            names.last = names.slots[slot] - 1
            return names.last
        slot = (slot + 1) & (names.size - 1)
    if names.count == most or (2 * names.count >= names.size and not widen(names)):
        return -1
    if names.used + length > names.room:
        names.room = 2 * names.room + length
        at_new = <char *>realloc(names.pool, names.room)
        if at_new == NULL:
            return -1
        names.pool = at_new
    memcpy(names.pool + names.used, at, length)
    names.used += length
    names.count += 1
    names.starts[names.count] = names.used
    names.last = names.count - 1
    slot = mixed & (names.size - 1)
    while names.slots[slot]:
        slot = (slot + 1) & (names.size - 1)
    names.slots[slot] = names.count
    return names.last


cdef bint widen(Names *names) noexcept:
    cdef int32_t size = 2 * names.size
    cdef int32_t *slots = <int32_t *>calloc(size, sizeof(int32_t))
    cdef int64_t *starts = <int64_t *>realloc(names.starts, (size + 1) * sizeof(int64_t))
    cdef int32_t i, slot
    cdef int64_t j
    cdef uint32_t mixed
    if starts != NULL:
        names.starts = starts
    if slots == NULL or starts == NULL:
        free(slots)
        return False
    for i in range(names.count):
        mixed = 2166136261u
        for j in range(starts[i], starts[i + 1]):
            mixed = (mixed ^ <unsigned char>names.pool[j]) * 16777619u
        slot = mixed & (size - 1)
        while slots[slot]:
            slot = (slot + 1) & (size - 1)
        slots[slot] = i + 1
    free(names.slots)
    names.slots, names.size = slots, size
    return True
