"""Messages of level feeds, taken out of JSON by their shape, without a tree in between.

A shape says where in a venue's JSON which facts stand. The text is read once, from the left; what
the shape does not name is stepped over; numbers become integers at once, exactly.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp

cimport cython

from lob.feeds.shapes import Row, tree_of

from lob.feeds._json cimport scalar, skip
from lob.feeds._names cimport Word
from lob.feeds._quick cimport (
    blank, head_of, lowest_bytes, quick_decimal, read_ahead_until, stamp, text_end, word_at,
)
from lob.feeds._taken cimport (
    MOST_NAME, Said, Taken, add_level, c_LIQUIDATION, c_TRADE, c_UPDATE, lack, open_row, wrong,
)
from lob.feeds._text cimport NOT_A_NUMBER, NOT_A_SIDE, NOT_JSON, NO_PRICE, is_digit

cdef enum:
    r_NONE = 0
    r_BID = 1
    r_ASK = 2
    r_LEVEL = 3
    r_TRADE = 4
    r_MESSAGE = 5
    r_GONE = 6
    r_EITHER = 7

assert [int(row) for row in Row] == [
    r_NONE, r_BID, r_ASK, r_LEVEL, r_TRADE, r_MESSAGE, r_GONE, r_EITHER
]


@cython.final
cdef class Shape(Taken):
    """Takes messages out of JSON.

    Parameters
    ----------
    shape
        Of one message.
    classify
        As of ``Taken``.
    """

    def __init__(self, shape, classify):
        super().__init__(classify)
        self._build(shape)

    def __dealloc__(self):
        free(self.nodes)
        free(self.keys)
        free(self.actions)

    # ---------------------------------------------------------------- the shape

    def _build(self, shape):
        cdef Py_ssize_t i, count
        tree = tree_of(shape)
        count = len(tree.nodes)
        self._names, self._actions = tree.names, tree.actions
        while self.key_mask < 2 * <size_t>count:
            self.key_mask = 2 * self.key_mask + 1
        self.nodes = <Node *>calloc(count, sizeof(Node))
        self.keys = <Key *>calloc(self.key_mask + 1, sizeof(Key))
        self.actions = <Word *>calloc(len(tree.actions) + 1, sizeof(Word))
        if self.nodes == NULL or self.keys == NULL or self.actions == NULL:
            raise MemoryError
        for i, action in enumerate(tree.actions):
            self.actions[i].at, self.actions[i].length = <bytes>action, len(action)
        for i in range(count):
            self.nodes[i] = tree.nodes[i]
        for i in range(count):
            self._enter_keys(<int32_t>i, self._names)

    cdef void _enter_keys(self, int32_t node, const char *names) noexcept:
        """Make the keys of an object known."""
        cdef const Node *below
        cdef Key *key
        cdef int32_t i
        cdef size_t at
        for i in range(self.nodes[node].children):
            below = &self.nodes[self.nodes[node].child + i]
            word = head_of(names + below.key, below.key_length)
            at = home(node, word, below.key_length) & self.key_mask
            while self.keys[at].length:
                at = (at + 1) & self.key_mask
            key = &self.keys[at]
            key.head, key.node, key.length = word, node, below.key_length
            key.child, key.name = self.nodes[node].child + i, names + below.key

    # ---------------------------------------------------------------- for Python

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
        self.until = read_ahead_until(text, len(data))
        while here < end:
            if here[0] == c"\n" or here[0] == c"\r" and here[1] == c"\n":
                here += 1 + (here[0] == c"\r")
                line += 1
                continue
            self.fault = 0
            self.local = -1
            body = here
            if is_digit(here[0]):
                body = stamp(here, self.until, &self.local)
                if body == NULL:
                    break
            elif not bare or (here[0] != c"{" and here[0] != c"["):
                break
            said, levels, trades = self.said_count, self.level_count, self.trade_count
            self.line = line + 1
            here = self._message(body)
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
        self.until = read_ahead_until(text, len(body))
        self.level_symbol.at, self.level_symbol.length = symbol, len(symbol)
        self.suffix.at, self.suffix.length = suffix, min(len(suffix), MOST_NAME)
        end = self._message(text)
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

    # ---------------------------------------------------------------- one message

    cdef const char *_message(self, const char *at) noexcept:
        """Take one message; where it ends, if ``fault`` does not say otherwise."""
        self._begin()
        self.start = at
        at = self._value(blank(at), self.root)
        if not self.fault and not self.committed:
            self._commit()
        return at

    cdef void _begin(self) noexcept:
        self.symbol.length = self.kind.length = self.action.length = self.row_symbol.length = 0
        self.ts = self.sent = self.first = self.last = self.previous = self.checksum = -1
        self.depth = 0
        self.maker = self.lacks = 0
        self.committed = False
        self.in_row = 0
        open_row(self)

    cdef const char *_value(self, const char *at, int32_t node) noexcept:
        cdef const Node *shape = &self.nodes[node]
        cdef char mark = at[0]
        if shape.means >= 0:
            self.action = self.actions[shape.means]
        if mark == c"[":
            if shape.pairs:
                return self._pairs(at, 1 if self.nodes[shape.each].row == r_BID else -1)
            if shape.each >= 0 or shape.places:
                return self._array(at, node)
        elif mark == c"{":
            if shape.children:
                return self._object(at, node)
        elif shape.mark:
            return scalar(self, at, shape.mark)
        return skip(self, at)

    cdef const char *_object(self, const char *at, int32_t node) noexcept:
        cdef const char *key
        cdef int32_t below
        at = blank(at + 1)
        if at[0] == c"}":
            return at + 1
        while True:
            if at[0] != c'"':
                return wrong(self, NOT_JSON, at)
            key = at + 1
            at = text_end(key, self.until)
            if at == NULL:
                return wrong(self, NOT_JSON, key)
            below = self._child(node, key, at - key)
            at = blank(at + 1)
            if at[0] != c":":
                return wrong(self, NOT_JSON, at)
            at = blank(at + 1)
            at = skip(self, at) if below < 0 else self._value(at, below)
            if self.fault:
                return at
            at = blank(at)
            if at[0] == c"}":
                return at + 1
            if at[0] != c",":
                return wrong(self, NOT_JSON, at)
            at = blank(at + 1)

    cdef inline int32_t _child(self, int32_t node, const char *name, Py_ssize_t length) noexcept:
        """The shape of a key of an object, -1: it is of no interest."""
        cdef uint64_t head
        cdef size_t at
        cdef const Key *key
        if name <= self.until:
            head = word_at(name) & lowest_bytes(<int>length if length < 8 else 8)
        else:
            head = head_of(name, length)
        at = home(node, head, length) & self.key_mask
        while True:
            key = &self.keys[at]
            if not key.length:
                return -1
            if key.head == head and key.node == node and key.length == length and (
                length <= 8 or memcmp(key.name + 8, name + 8, length - 8) == 0
            ):
                return key.child
            at = (at + 1) & self.key_mask

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
                at = skip(self, at)
            else:
                row = self.nodes[below].row
                # An array of several shapes: an element that is itself a row, or is not one.
                if row == r_NONE or row == r_MESSAGE:
                    at = self._value(at, below)
                    if row == r_MESSAGE and not self.fault:
                        self._commit()
                elif at[0] == c"[" or at[0] == c"{":
                    self.in_row = 1
                    open_row(self)
                    at = self._value(at, below)
                    if not self.fault:
                        self._close_row(row)
                else:
                    lack(self, NO_PRICE, at)
                    at = skip(self, at)
            if self.fault:
                return at
            i += 1
            at = blank(at)
            if at[0] == c"]":
                return at + 1
            if at[0] != c",":
                return wrong(self, NOT_JSON, at)
            at = blank(at + 1)

    cdef const char *_pairs(self, const char *at, int8_t side) noexcept:
        """An array of ``[price, size, ...]``, in numbers or texts of numbers."""
        cdef bint quoted
        at = blank(at + 1)
        if at[0] == c"]":
            return at + 1
        while True:
            if at[0] != c"[":
                return wrong(self, NOT_JSON, at)
            at = blank(at + 1)
            quoted = at[0] == c'"'
            at = quick_decimal(at + quoted, self.until, &self.price, &self.fault)
            if self.fault or (quoted and at[0] != c'"'):
                return wrong(self, self.fault or NOT_A_NUMBER, at)
            at = blank(at + quoted)
            if at[0] != c",":
                return wrong(self, NOT_JSON, at)
            at = blank(at + 1)
            quoted = at[0] == c'"'
            at = quick_decimal(at + quoted, self.until, &self.size, &self.fault)
            if self.fault or (quoted and at[0] != c'"'):
                return wrong(self, self.fault or NOT_A_NUMBER, at)
            at = blank(at + quoted)
            while at[0] == c",":
                at = blank(skip(self, blank(at + 1)))
                if self.fault:
                    return at
            if at[0] != c"]":
                return wrong(self, NOT_JSON, at)
            if add_level(self, side):
                return at
            at = blank(at + 1)
            if at[0] == c"]":
                return at + 1
            if at[0] != c",":
                return wrong(self, NOT_JSON, at)
            at = blank(at + 1)

    # ---------------------------------------------------------------- rows and messages

    cdef void _close_row(self, int row) noexcept:
        self.in_row = 0
        if row == r_GONE:
            self.size.mantissa = self.size.decimals = 0
            self.has_size = True
        if not self.has_price or not self.has_size:
            lack(self, NO_PRICE, self.start)
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
                lack(self, NOT_A_SIDE, self.start)
            else:
                add_level(self, self.side)
        self.has_price = self.has_size = False

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
                add_level(self, self.side)
            self.has_price = self.has_size = False
        if not (c_UPDATE <= code <= c_LIQUIDATION):
            self.level_count, self.trade_count = levels, trades
        elif self.lacks:
            wrong(self, self.lacks, self.lacks_at)
        if not code or self.fault:
            return
        if self.said_count == self.said_room and not self._room():
            return
        said = &self.said[self.said_count]
        said.symbol = -1
        if self.symbol.length == 0 and self.level_symbol.length:
            self.symbol = self.level_symbol
        if self.symbol.length:
            said.symbol = self._symbol(&self.symbol)
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


cdef inline size_t home(int32_t node, uint64_t head, Py_ssize_t length) noexcept:
    """Where a key is looked for first."""
    head = (head + <uint64_t>node * 31 + <uint64_t>length) * <uint64_t>0x9E3779B97F4A7C15
    return head >> 40
