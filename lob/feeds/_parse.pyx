"""Comma-separated integers to arrays, and what makes them a book, with the place of an error."""

from libc.stdint cimport int64_t, uint8_t

from lob.units cimport SECOND_NS

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* The digits that eight characters start with: how many, and their value. The first is the
       lowest byte; what follows the last one is shifted out, so that zeros are in front. Then
       neighbours are joined: digits to pairs, pairs to fours, fours to eight. */
    static inline int firesale_leading_digits(const char *at, int64_t *value) {
        uint64_t word, other;
        int count;
        memcpy(&word, at, 8);
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        word ^= 0x3030303030303030u;
        other = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
        count = other ? __builtin_ctzll(other) >> 3 : 8;
        if (count == 0) { *value = 0; return 0; }
        word <<= 64 - 8 * count;
        word = (10 * word + (word >> 8)) & 0x00FF00FF00FF00FFu;
        word = (100 * word + (word >> 16)) & 0x0000FFFF0000FFFFu;
        *value = (int64_t)((10000 * word + (word >> 32)) & 0xFFFFFFFFu);
        return count;
    }
    static const int64_t firesale_power_of_ten[9] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000
    };
    """
    int leading_digits "firesale_leading_digits"(const char *at, int64_t *value) noexcept nogil
    const int64_t *power_of_ten "firesale_power_of_ten"

cdef enum:
    MAX_DIGITS = 18  # what an int64 holds for certain
    c_SPARE = 16
    # What can be wrong with a line, and with a row of an orderbook file.
    c_NOT_A_NUMBER = 1
    c_TOO_FEW = 2
    c_TOO_MANY = 3
    c_TOO_LONG = 4
    c_NO_LEVEL = 1
    c_NOT_WORSE = 2
    c_CROSSED = 3

SPARE = c_SPARE
"""Bytes behind the data that may be looked at."""
NOT_A_NUMBER, TOO_FEW, TOO_MANY, TOO_LONG = c_NOT_A_NUMBER, c_TOO_FEW, c_TOO_MANY, c_TOO_LONG
NO_LEVEL, NOT_WORSE, CROSSED = c_NO_LEVEL, c_NOT_WORSE, c_CROSSED


cdef struct Place:
    const char *at
    const char *end
    int problem  # 0: none


def parse(
    const uint8_t[::1] data not None, Py_ssize_t start, Py_ssize_t end,
    int64_t[:, ::1] cells not None, bint seconds_first, bint last,
):
    """Fill ``cells`` with lines of as many comma-separated integers, from ``start`` to ``end``.

    The first column may be seconds with decimals, which become nanoseconds. ``last`` says that no
    more data follow: its last line need not end, and blank lines at the very end are none. Behind
    ``end`` there must be ``SPARE`` bytes, the first of them no digit.

    Returns the lines read, where the next one starts, and ``None``, or the line and the column of
    the first fault, from one, and its code. Fewer lines than ``cells`` has: the data are at an end.
    """
    cdef Py_ssize_t rows = cells.shape[0], columns = cells.shape[1], row = 0, column = 0
    cdef const char *first = <const char *>&data[0]
    cdef int64_t *cell
    cdef Place place
    if end + c_SPARE > data.shape[0]:
        raise ValueError("data must go on behind end")
    while last and end > start and (first[end - 1] == c"\n" or first[end - 1] == c"\r"):
        end -= 1
    place.at = first + start
    place.end = first + end
    place.problem = 0
    if not rows:
        return 0, start, None
    cell = &cells[0, 0]
    with nogil:
        while row < rows and place.at < place.end:
            column = 0
            while column < columns:
                cell[0] = (
                    seconds(&place) if seconds_first and column == 0 else integer(&place)
                )
                cell += 1
                if place.at[0] == c"," and not place.problem and column < columns - 1:
                    place.at += 1
                    column += 1
                else:
                    column += finish(&place, column == columns - 1)
                    if place.problem:
                        break
            if place.problem:
                break
            row += 1
    problem = (row + 1, column + 1, place.problem) if place.problem else None
    return row, place.at - first, problem


cdef inline int64_t digits(Place *place, int most) noexcept nogil:
    """The next run of digits: at least one, at most ``most``."""
    cdef const char *at = place.at
    cdef const char *first = at
    cdef int64_t value = 0, more = 0
    cdef int count = leading_digits(at, &value)
    at += count
    while count == 8:
        count = leading_digits(at, &more)
        at += count
        if at - first > most:
            break
        value = value * power_of_ten[count] + more
    if at - first > most:
        place.problem = c_TOO_LONG
    elif at == first:
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
    cdef int64_t unit = SECOND_NS, part
    cdef const char *first
    cdef int count
    if not place.problem and place.at[0] == c".":
        place.at += 1
        first = place.at
        count = leading_digits(place.at, &part)
        place.at += count
        value = value * power_of_ten[count] + part
        unit //= power_of_ten[count]
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
