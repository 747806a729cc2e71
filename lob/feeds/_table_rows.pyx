"""Messages of level feeds, taken out of the rows of a table and out of hftbacktest's events.

Rows of one time are one update, if the table is one of updates; else each row is a message.
"""

from libc.math cimport fabs, rint
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memset

cimport cython

import numpy as np

from lob.feeds.shapes import Mark

from lob.feeds._quick cimport (
    quick_decimal, quick_integer, read_ahead_until, side_of_word, text_end,
)
from lob.feeds._taken cimport (
    MOST_NAME, Said, Taken, add_level, m_ID, m_LOCAL_NS, m_LOCAL_US, m_PRICE, m_SIDE, m_SNAPSHOT,
    m_SYMBOL, m_TIME_ISO, m_TIME_NS, m_TIME_S, open_row, wrong,
)
from lob.feeds._text cimport (
    NOT_A_NUMBER, NOT_A_SIDE, NOT_A_TIME, NO_NAME, NO_PRICE, TOO_FEW_CELLS, TOO_MANY_NAMES, Decimal,
    ns_of, read_iso,
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
    MOST_COLUMNS = 256


@cython.final
cdef class TableRows(Taken):
    """Takes messages out of a table.

    Parameters
    ----------
    classify
        As of ``Taken``.
    columns
        Of each its mark (or ``None``), and the side if it has one (else 0).
    kind, snapshot
        The kinds of its updates and of its snapshots.
    grouped
        Whether rows of one time are one update.
    trades
        Whether each row is a trade.
    """

    cdef uint8_t columns[MOST_COLUMNS]
    cdef int8_t column_sides[MOST_COLUMNS]
    cdef int32_t column_count
    cdef tuple _kinds
    cdef bint grouped
    cdef bint of_trades
    cdef bint has_symbol
    cdef bint plain
    cdef readonly int64_t passed_over
    # ---- the update that is open
    cdef bint group_is_open
    cdef int64_t group_local
    cdef int64_t group_ts
    cdef int64_t group_line
    cdef int32_t group_symbol
    cdef int group_snapshot

    def __init__(
        self, classify, columns=(), str kind="depth", str snapshot="snapshot", bint grouped=True,
        bint trades=False,
    ):
        super().__init__(classify)
        if len(columns) > MOST_COLUMNS:
            raise ValueError(f"a table has at most {MOST_COLUMNS} columns, got {len(columns)}")
        for i, (mark, side) in enumerate(columns):
            self.columns[i], self.column_sides[i] = mark or 0, side
        self.column_count = len(columns)
        self.plain = (Mark.PRICE, 0) in columns and not trades
        self.has_symbol = any(mark == m_SYMBOL for mark, _ in columns)
        self._kinds = (kind.encode(), snapshot.encode(), b"trade")
        self.grouped, self.of_trades = grouped, trades

    def read_rows(self, bytes data not None, Py_ssize_t at, int64_t line):
        """Take rows of a table from byte ``at``; as ``read_lines``."""
        cdef const char *text = data
        cdef const char *end = text + len(data)
        cdef const char *here = text + at
        self.until = read_ahead_until(text, len(data))
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
                add_level(self, self.side)
            event += 1
        return None

    # ---------------------------------------------------------------- rows

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
        self.ts = -1
        self.lacks = 0
        self.maker = 0
        open_row(self)
        if self.group_is_open and not self.grouped:
            self._close_group()
        for i in range(self.column_count):
            if i:
                if at[0] != c",":
                    return wrong(self, TOO_FEW_CELLS, self.start)
                at += 1
            start = at
            if at[0] == c'"':
                start = at + 1
                end = text_end(start, self.until)
                if end == NULL:
                    return wrong(self, NO_NAME, at)
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
                return wrong(self, self.fault or NOT_A_NUMBER, start)
            side = self.column_sides[i]
            if side and self.has_price and self.has_size:
                add_level(self, side)
                self.has_price = self.has_size = False
        if self.lacks:
            return wrong(self, self.lacks, self.lacks_at)
        if self.symbol.length:
            symbol = self._symbol(&self.symbol)
        elif self.has_symbol:
            return wrong(self, NO_NAME, self.start)
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
                return wrong(self, NO_PRICE, self.start)
            self._add_trade()
            self.row_ts = self.ts
        elif self.plain:
            if not self.has_price or not self.has_size:
                return wrong(self, NO_PRICE, self.start)
            if not self.side:
                return wrong(self, NOT_A_SIDE, self.start)
            add_level(self, self.side)
        if self.lacks:
            wrong(self, self.lacks, self.lacks_at)
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
            self.side = side_of_word(at[0])
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
            at = quick_integer(at, self.until, &whole, &self.fault)
            self.row_id = whole if not self.fault and at == end else 0
            self.fault = 0
            return end
        if mark == m_TIME_ISO:
            if read_iso(at, &self.ts, &self.fault) != end and not self.fault:
                self.fault = NOT_A_TIME
            return end
        if mark == m_LOCAL_US or mark == m_LOCAL_NS or m_TIME_S <= mark <= m_TIME_NS:
            at = quick_decimal(at, self.until, &number, &self.fault) if end - at < 19 else at
            if end - at == 19 and mark in (m_LOCAL_NS, m_TIME_NS):
                at = quick_integer(at, self.until, &number.mantissa, &self.fault)
                number.decimals = 0
            if self.fault:
                return at
            if mark == m_LOCAL_US or mark == m_LOCAL_NS:
                local[0] = ns_of(&number, 6 if mark == m_LOCAL_US else 9, &self.fault)
            else:
                self.ts = ns_of(&number, 3 * (mark - m_TIME_S), &self.fault)
            return at
        if mark == m_PRICE:
            at = quick_decimal(at, self.until, &self.price, &self.fault)
            self.has_price = True
        else:
            at = quick_decimal(at, self.until, &self.size, &self.fault)
            self.has_size = True
        return at

    # ---------------------------------------------------------------- updates

    cdef void _close_group_before(self, int whole, int64_t ts) noexcept:
        """Close the update that is open unless the next event belongs to it."""
        if self.group_is_open and not (
            whole == self.group_snapshot and (whole == 1 or ts == self.group_ts)
        ):
            self._close_group()

    cdef void _close_group(self) noexcept:
        """The rows of an update are all there."""
        cdef Said *said
        cdef bytes kind = self._kinds[self.group_snapshot]
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
