"""Numbers and times in text, to integers and exactly: what JSON and CSV readers share.

Every text ends in a byte below a space (a line's end, or the zero behind any bytes object), at
which all of these stop.
"""

from libc.stdint cimport int8_t, int64_t, uint64_t

cdef enum:
    MOST_DIGITS = 18  # what an int64 holds for certain
    MOST_DECIMALS = 18

cdef enum Fault:
    SOUND = 0
    NOT_JSON = 1
    NOT_A_NUMBER = 2
    TOO_LONG = 3
    NOT_A_TIME = 4
    NOT_A_SIDE = 5
    TOO_MANY_NAMES = 6
    NO_PRICE = 7
    NOT_A_STEP = 8
    TOO_LARGE = 9
    NEGATIVE_SIZE = 10
    TOO_FEW_CELLS = 11
    NOT_AN_ID = 12
    NO_NAME = 13

cdef struct Decimal:
    int64_t mantissa
    int8_t decimals  # the value is mantissa / 10**decimals

cdef inline bint is_digit(char mark) noexcept nogil:
    return <unsigned char>(mark - 48) < 10


cdef inline const char *read_decimal(
    const char *at, Decimal *number, int *fault
) noexcept nogil:
    """A decimal number with or without an exponent; where it ends."""
    cdef bint negative = at[0] == c"-"
    cdef uint64_t value = 0
    cdef const char *first
    cdef const char *point
    cdef int decimals = 0, exponent = 0, digits
    cdef bint down
    at += negative
    first = at
    while at[0] == c"0":
        at += 1
    point = at
    while is_digit(at[0]):
        value = value * 10 + <uint64_t>(at[0] - 48)
        at += 1
    digits = <int>(at - point) if at - point < 100 else 100
    if at == first:
        fault[0] = NOT_A_NUMBER
        return at
    if at[0] == c".":
        at += 1
        point = at
        while is_digit(at[0]):
            value = value * 10 + <uint64_t>(at[0] - 48)
            at += 1
        decimals = <int>(at - point) if at - point < 100 else 100
        if not decimals:
            fault[0] = NOT_A_NUMBER
            return at
    if digits + decimals > MOST_DIGITS:
        # Zeros before the first other digit take no room, nor do those behind the last.
        value = wide(first, &decimals, fault)
    if at[0] == c"e" or at[0] == c"E":
        at += 1
        down = at[0] == c"-"
        at += at[0] == c"-" or at[0] == c"+"
        first = at
        while is_digit(at[0]) and exponent < 1000:
            exponent = exponent * 10 + (at[0] - 48)
            at += 1
        if at == first or is_digit(at[0]):
            fault[0] = NOT_A_NUMBER
        decimals += exponent if down else -exponent
        while decimals < 0 and not fault[0]:
            if value > 100000000000000000ULL:
                fault[0] = TOO_LONG
            value *= 10
            decimals += 1
    if decimals > MOST_DECIMALS:
        while decimals > MOST_DECIMALS and value % 10 == 0 and value:
            value //= 10
            decimals -= 1
        if not value:
            decimals = 0
        elif decimals > MOST_DECIMALS:
            fault[0] = TOO_LONG
    number.mantissa = -<int64_t>value if negative else <int64_t>value
    number.decimals = <int8_t>decimals
    return at


cdef inline uint64_t wide(const char *at, int *decimals, int *fault) noexcept nogil:
    """The digits of a long number, without the zeros behind its last decimal."""
    cdef uint64_t value = 0, zeros = 0
    cdef int kept = 0
    cdef bint behind = False
    while is_digit(at[0]) or at[0] == c".":
        if at[0] == c".":
            behind = True
        elif behind and at[0] == c"0":
            zeros += 1
        else:
            while behind and zeros:
                if value > 99999999999999999ULL:
                    fault[0] = TOO_LONG
                    return 0
                value *= 10
                kept += 1
                zeros -= 1
            if value > 99999999999999999ULL:
                fault[0] = TOO_LONG
                return 0
            value = value * 10 + <uint64_t>(at[0] - 48)
            kept += behind
        at += 1
    decimals[0] = kept
    return value


cdef inline const char *read_integer(const char *at, int64_t *number, int *fault) noexcept nogil:
    """A whole number that fits 64 bits; where it ends."""
    cdef bint negative = at[0] == c"-"
    cdef uint64_t value = 0
    cdef const char *first
    at += negative
    first = at
    while is_digit(at[0]):
        if value > 922337203685477579ULL:
            fault[0] = TOO_LONG
            return at
        value = value * 10 + <uint64_t>(at[0] - 48)
        at += 1
    if at == first:
        fault[0] = NOT_AN_ID
    number[0] = -<int64_t>value if negative else <int64_t>value
    return at


cdef inline int64_t ns_of(const Decimal *number, int unit, int *fault) noexcept nogil:
    """A count of seconds (unit 0), ms (3), us (6) or ns (9) in ns; what is below is cut off."""
    cdef int64_t value = number.mantissa
    cdef int power = 9 - unit - number.decimals
    while power > 0:
        if value > 922337203685477580LL or value < 0:
            fault[0] = NOT_A_TIME
            return 0
        value *= 10
        power -= 1
    while power < 0:
        value //= 10
        power += 1
    if value < 0:
        fault[0] = NOT_A_TIME
    return value


cdef inline int two(const char *at, int *fault) noexcept nogil:
    if not (is_digit(at[0]) and is_digit(at[1])):
        fault[0] = NOT_A_TIME
        return 0
    return (at[0] - 48) * 10 + (at[1] - 48)


cdef inline const char *read_iso(const char *at, int64_t *ns, int *fault) noexcept nogil:
    """``2026-08-09T21:05:48.483587501Z``, UTC, in ns since 1970; where it ends."""
    cdef int year, month, day, hour, minute, second
    cdef int64_t days, part = 0, unit = 1_000_000_000
    cdef int i
    for i in range(19):  # stops within the text: no byte of it is below a space
        if at[i] < 32:
            fault[0] = NOT_A_TIME
            return at
    year = two(at, fault) * 100 + two(at + 2, fault)
    month, day = two(at + 5, fault), two(at + 8, fault)
    hour, minute, second = two(at + 11, fault), two(at + 14, fault), two(at + 17, fault)
    if (
        fault[0] or at[4] != c"-" or at[7] != c"-" or at[13] != c":" or at[16] != c":"
        or not (1970 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= 31)
        or hour > 23 or minute > 59 or second > 60
    ):
        fault[0] = NOT_A_TIME
        return at
    at += 19
    if at[0] == c".":
        at += 1
        while is_digit(at[0]):
            if unit > 1:
                unit //= 10
                part += (at[0] - 48) * unit
            at += 1
    if at[0] == c"Z":
        at += 1
    # Days of the civil calendar: years begin in March, so that a leap day is the last of one.
    year -= month <= 2
    days = (
        365 * (year - 1970) + year // 4 - 492 - (year // 100 - 19) + year // 400 - 4
        + (153 * ((month + 9) % 12) + 2) // 5 + day + 59 - 1
    )
    ns[0] = (days * 86400 + hour * 3600 + minute * 60 + second) * 1_000_000_000 + part
    return at
