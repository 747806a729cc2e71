"""JSON values: stepping over them, and scalars that are facts of a message."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memchr

from lob.feeds._names cimport Word
from lob.feeds._quick cimport (
    blank, plain_end, quick_decimal, quick_integer, side_of_word, text_end,
)
from lob.feeds._taken cimport (
    MOST_NAME, Taken, lack, m_ACTION, m_CHANNEL, m_FIRST, m_ID, m_LAST, m_MAKER, m_MAKER_SIDE,
    m_PREVIOUS, m_PRICE, m_SENT_MS, m_SIDE, m_SIZE, m_SYMBOL, m_TIME_ISO, m_TIME_S, m_TOPIC, wrong,
)
from lob.feeds._text cimport (
    NOT_AN_ID, NOT_A_NUMBER, NOT_A_SIDE, NOT_A_TIME, NOT_JSON, TOO_MANY_NAMES, Decimal, is_digit,
    ns_of, read_iso,
)

cdef enum:
    DEEPEST = 64  # of what is stepped over


cdef inline const char *skip(Taken self, const char *at) noexcept:
    """Step over a value of any kind."""
    cdef const char *end
    if at[0] == c'"':
        end = text_end(at + 1, self.until)
        return end + 1 if end != NULL else wrong(self, NOT_JSON, at)
    if at[0] == c"{" or at[0] == c"[":
        return skip_nested(self, at)
    end = plain_end(at, self.until)
    return end if end != at else wrong(self, NOT_JSON, at)


cdef inline const char *skip_nested(Taken self, const char *at) noexcept:
    """Step over an object or an array."""
    cdef char closes[DEEPEST]
    cdef int depth = 0
    cdef const char *end
    while True:
        at = blank(at)
        if at[0] == c'"':
            end = text_end(at + 1, self.until)
            if end == NULL:
                return wrong(self, NOT_JSON, at)
            at = end + 1
        elif at[0] == c"{" or at[0] == c"[":
            if depth == DEEPEST:
                return wrong(self, NOT_JSON, at)
            closes[depth] = c"}" if at[0] == c"{" else c"]"
            depth += 1
            at += 1
            continue
        elif depth and at[0] == closes[depth - 1]:
            depth -= 1
            at += 1
        else:
            end = at
            at = plain_end(at, self.until)
            if at == end:
                return wrong(self, NOT_JSON, at)
        if not depth:
            return at
        at = blank(at)
        while at[0] == c"," or at[0] == c":":
            at = blank(at + 1)


cdef inline const char *scalar(Taken self, const char *at, int mark) noexcept:
    if mark == m_MAKER:
        if at[0] == c"t" or at[0] == c"f":
            self.maker = -1 if at[0] == c"t" else 1
        return skip(self, at)
    if mark <= m_CHANNEL or mark == m_SIDE or mark == m_TIME_ISO or mark == m_MAKER_SIDE:
        return text_mark(self, at, mark) if at[0] == c'"' else skip(self, at)
    return number_mark(self, at, mark)


cdef inline const char *number_mark(Taken self, const char *at, int mark) noexcept:
    cdef bint quoted = at[0] == c'"'
    cdef const char *start = at
    cdef Decimal number
    cdef int64_t whole = 0
    if at[0] == c"n" or quoted and at[1] == c'"':  # null, or an empty text: not told
        return skip(self, at)
    at += quoted
    if mark == m_PRICE or mark == m_SIZE or m_TIME_S <= mark <= m_SENT_MS:
        at = quick_decimal(at, self.until, &number, &self.fault)
        if self.fault or quoted and at[0] != c'"':
            lack(self, self.fault or NOT_A_NUMBER, start)
            self.fault = 0
            return skip(self, start)
        if mark == m_PRICE:
            self.price, self.has_price = number, True
        elif mark == m_SIZE:
            self.size, self.has_size = number, True
        else:
            time_mark(
                self,
                ns_of(&number, 3 * (mark - m_TIME_S) if mark != m_SENT_MS else 3, &self.fault),
                mark == m_SENT_MS,
            )
    elif mark == m_ID:
        # Numbers of trades only: other venues give texts.
        if is_digit(at[0]):
            at = quick_integer(at, self.until, &whole, &self.fault)
            if self.fault or quoted and at[0] != c'"':
                self.fault = 0
                return skip(self, start)
            self.row_id = whole
        else:
            return skip(self, start)
    else:
        at = quick_integer(at, self.until, &whole, &self.fault)
        if self.fault or quoted and at[0] != c'"':
            lack(self, self.fault or NOT_AN_ID, start)
            self.fault = 0
            return skip(self, start)
        if mark == m_FIRST:
            self.first = whole
        elif mark == m_LAST:
            self.last = whole
        elif mark == m_PREVIOUS:
            self.previous = whole
        else:
            self.checksum = <uint32_t>whole
    if self.fault:
        return wrong(self, self.fault, start)
    return at + quoted


cdef inline void time_mark(Taken self, int64_t ts, bint sent) noexcept:
    if self.in_row:
        self.row_ts = ts
    elif sent:
        self.sent = ts
    else:
        self.ts = ts


cdef inline const char *text_mark(Taken self, const char *at, int mark) noexcept:
    cdef const char *start = at + 1
    cdef const char *end = text_end(start, self.until)
    cdef const char *dot
    cdef Py_ssize_t length
    cdef int64_t ns = 0
    cdef Word *word
    if end == NULL:
        return wrong(self, NOT_JSON, at)
    length = end - start
    if mark == m_TIME_ISO:
        if length:
            if read_iso(start, &ns, &self.fault) != end and not self.fault:
                self.fault = NOT_A_TIME
            if self.fault:
                return wrong(self, self.fault, at)
            time_mark(self, ns, False)
        return end + 1
    if mark == m_SIDE or mark == m_MAKER_SIDE:
        self.side = side_of_word(start[0]) * (1 if mark == m_SIDE else -1)
        if not self.side:
            lack(self, NOT_A_SIDE, at)
        return end + 1
    if length > MOST_NAME:
        return wrong(self, TOO_MANY_NAMES, at)
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
            quick_integer(dot + 1, self.until, &self.depth, &self.fault)
            self.fault = 0
        while mark == m_TOPIC and dot != NULL:
            self.symbol.at, self.symbol.length = dot + 1, end - dot - 1
            dot = <const char *>memchr(dot + 1, c".", end - dot - 1)
    else:
        self.kind.at, self.kind.length = start, length
    return end + 1
