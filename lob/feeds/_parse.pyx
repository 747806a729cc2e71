"""Comma-separated integers to arrays, and what makes them a book, with the place of an error."""

from libc.stdint cimport int64_t

from lob.units cimport SECOND_NS

import numpy as np

cdef enum:
    MAX_DIGITS = 18  # what an int64 holds for certain
    # What can be wrong with a line, and with a row of an orderbook file.
    c_NOT_A_NUMBER = 1
    c_TOO_FEW = 2
    c_TOO_MANY = 3
    c_TOO_LONG = 4
    c_NO_LEVEL = 1
    c_NOT_WORSE = 2
    c_CROSSED = 3

NOT_A_NUMBER, TOO_FEW, TOO_MANY, TOO_LONG = c_NOT_A_NUMBER, c_TOO_FEW, c_TOO_MANY, c_TOO_LONG
NO_LEVEL, NOT_WORSE, CROSSED = c_NO_LEVEL, c_NOT_WORSE, c_CROSSED


cdef struct Place:
    const char *at
    const char *end
    int problem  # 0: none


def parse(bytes data not None, Py_ssize_t columns, bint seconds_first=False):
    """Lines of comma-separated integers as an int64 array of so many columns.

    The first column may be seconds with decimals, which become nanoseconds. The second result is
    ``None``, or the line and the column of the first fault, from one, and its code.
    """
    cdef Py_ssize_t rows = 0, row, column
    cdef const char *start = data
    # A last line without its newline is a line; blank lines at the very end are none.
    cdef Py_ssize_t length = len(data)
    while length and (start[length - 1] == c"\n" or start[length - 1] == c"\r"):
        length -= 1
    if length:
        rows = data.count(b"\n", 0, length) + 1
    table = np.empty((rows, columns), dtype=np.int64)
    if not rows:
        return table, None
    cdef int64_t[:, ::1] cells = table
    cdef int64_t *cell = &cells[0, 0]
    cdef Place place
    place.at = start
    place.end = start + length
    place.problem = 0
    with nogil:
        row = column = 0
        while row < rows:
            column = 0
            while column < columns:
                cell[0] = (
                    seconds(&place) if seconds_first and column == 0 else integer(&place)
                )
                cell += 1
                column += finish(&place, column == columns - 1)
                if place.problem:
                    break
            if place.problem:
                break
            row += 1
    if place.problem:
        return table, (row + 1, column + 1, place.problem)
    return table, None


cdef inline int64_t digits(Place *place, int most) noexcept nogil:
    """The next run of digits: at least one, at most ``most``."""
    cdef const char *at = place.at
    cdef const char *first = at
    cdef int64_t value = 0
    # The zero byte after the last one of any bytes object ends the last number too.
    while 48 <= at[0] <= 57:
        if at - first == most:
            place.problem = c_TOO_LONG
            break
        value = value * 10 + (at[0] - 48)
        at += 1
    if at == first:
        place.problem = c_NOT_A_NUMBER
    place.at = at
    return value


cdef inline int64_t integer(Place *place) noexcept nogil:
    cdef bint negative = place.at[0] == c"-"
    cdef int64_t value
    place.at += negative
    value = digits(place, MAX_DIGITS)
    return -value if negative else value


cdef inline int64_t seconds(Place *place) noexcept nogil:
    """Seconds as nanoseconds, to the nearest, with no floating point on the way."""
    cdef int64_t value = digits(place, MAX_DIGITS - 9)
    cdef int64_t unit = SECOND_NS
    cdef const char *first
    if not place.problem and place.at[0] == c".":
        place.at += 1
        first = place.at
        while unit > 1 and 48 <= place.at[0] <= 57:
            unit //= 10
            value = value * 10 + (place.at[0] - 48)
            place.at += 1
        if place.at == first:
            place.problem = c_NOT_A_NUMBER
        # A writer's floating point can leave noise behind the ninth decimal.
        if 53 <= place.at[0] <= 57:
            value += 1
        while 48 <= place.at[0] <= 57:
            place.at += 1
    return value * unit


cdef inline bint finish(Place *place, bint last) noexcept nogil:
    """Step over what ends a cell: a comma, or after the last one the end of the line.

    Whether the cell itself is sound: what is wrong may be the next one.
    """
    cdef char mark = place.at[0]
    cdef bint line_ends = (
        mark == c"\n" or place.at >= place.end or mark == c"\r" and place.at[1] == c"\n"
    )
    if place.problem == c_NOT_A_NUMBER and line_ends:
        place.problem = c_TOO_FEW
    if place.problem:
        return False
    if line_ends and last:
        place.at += 2 if mark == c"\r" else 1
    elif line_ends:
        place.problem = c_TOO_FEW
    elif mark != c",":
        place.problem = c_NOT_A_NUMBER
        return False
    elif last:
        place.problem = c_TOO_MANY
    else:
        place.at += 1
    return True


def check_book(const int64_t[:, ::1] book, int64_t no_ask, int64_t no_bid, int64_t most):
    """Whether all prices of an orderbook file are whole cents, and its first fault.

    The fault is ``None``, or row and level from zero, side (0 ask, 1 bid), and a code.
    """
    cdef Py_ssize_t levels = book.shape[1] // 4
    cdef Py_ssize_t row, level = 0
    cdef int side = 0, what = 0
    cdef bint whole_cents = True
    cdef const int64_t *shown
    with nogil:
        for row in range(book.shape[0]):
            shown = &book[row, 0]
            for level in range(levels):
                for side in range(2):
                    what = fault(shown, level, side, no_bid if side else no_ask, no_ask, most)
                    if what:
                        break
                    if shown[1]:
                        whole_cents &= shown[0] % 100 == 0
                    shown += 2
                if what:
                    break
            if not what and book[row, 2] >= book[row, 0]:
                what = c_CROSSED
            if what:
                break
    return whole_cents, (row, level, side, what) if what else None


cdef inline int fault(
    const int64_t *cell,
    Py_ssize_t level,
    int side,
    int64_t missing,
    int64_t no_ask,
    int64_t most,
) noexcept nogil:
    """What is wrong with the price and the size of one level, 0: nothing."""
    cdef int64_t price = cell[0], size = cell[1]
    cdef int64_t better = (cell - 4)[0] if level else 0
    if price == missing and size == 0:
        return 0
    if not (0 < price < no_ask and 0 < size <= most):
        return c_NO_LEVEL
    if level and (price >= better if side else price <= better):
        return c_NOT_WORSE
    return 0
