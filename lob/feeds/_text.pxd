"""Numbers and times in text, to integers and exactly: what JSON and CSV readers share.

Every text ends in a byte below a space (a line's end, or the zero behind any bytes object), at
which all of these stop. The quick ones read whole words of eight bytes, first byte lowest: they are
told the last place from which ``READ_AHEAD`` bytes may be read, and are slower past it.
"""

from libc.stdint cimport int8_t, int64_t, uint64_t
from libc.string cimport memcpy

from lob.engine.memory cimport lowest_bit

cdef extern from *:
    """
    static const uint64_t firesale_powers[19] = {
        1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull,
        1000000000ull, 10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull,
        100000000000000ull, 1000000000000000ull, 10000000000000000ull, 100000000000000000ull,
        1000000000000000000ull,
    };
    """
    const uint64_t POWERS "firesale_powers"[19]

cdef enum:
    MOST_DIGITS = 18  # what an int64 holds for certain
    MOST_DECIMALS = 18
    READ_AHEAD = 24  # bytes that the quick readers may look at

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


# -------------------------------------------------------------------- eight bytes at a time


cdef inline const char *read_ahead_until(const char *text, Py_ssize_t length) noexcept nogil:
    """The last place in a text from which ``READ_AHEAD`` bytes may be read; null: there is none."""
    return text + length - READ_AHEAD if length >= READ_AHEAD else NULL


cdef inline uint64_t word_at(const char *at) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, at, 8)
    return word


cdef inline uint64_t zero_bytes(uint64_t word) noexcept nogil:
    """The high bit of each byte that is zero. Above the lowest one there may be too many."""
    return (word - <uint64_t>0x0101010101010101) & ~word & <uint64_t>0x8080808080808080


cdef inline uint64_t no_digits(uint64_t word) noexcept nogil:
    """A bit for each byte above 9, of a word from which the zero digits were taken."""
    cdef uint64_t marks = (
        ((word & <uint64_t>0x7F7F7F7F7F7F7F7F) + <uint64_t>0x7676767676767676) | word
    ) & <uint64_t>0x8080808080808080
    return ((marks >> 7) * <uint64_t>0x0102040810204080) >> 56


cdef inline uint64_t eight_digits(uint64_t word) noexcept nogil:
    """The number in eight bytes of 0 to 9, by pairs, fours, and eights."""
    word = word * 10 + (word >> 8)
    return (
        (word & <uint64_t>0x000000FF000000FF) * <uint64_t>0x000F424000000064
        + ((word >> 16) & <uint64_t>0x000000FF000000FF) * <uint64_t>0x0000271000000001
    ) >> 32


cdef inline uint64_t lowest_bytes(int count) noexcept nogil:
    """Ones in so many bytes of a word, the lowest ones; none below 1, all from 8 on."""
    return ~<uint64_t>0 if count >= 8 else (<uint64_t>1 << (8 * count)) - 1 if count > 0 else 0


cdef inline const char *quick_decimal(
    const char *at, const char *until, Decimal *number, int *fault
) noexcept nogil:
    """``read_decimal``, where the number mostly is a plain one of up to 15 digits."""
    cdef uint64_t low, high, kept, value
    cdef int marks, point, end, digits
    if at > until:
        return read_decimal(at, number, fault)
    low = word_at(at) ^ <uint64_t>0x3030303030303030
    high = word_at(at + 8) ^ <uint64_t>0x3030303030303030
    marks = <int>(no_digits(low) | no_digits(high) << 8)
    if not marks or marks & 1:
        return read_decimal(at, number, fault)
    point = end = lowest_bit(marks)
    digits = end
    if at[end] == c".":
        marks &= marks - 1
        if not marks:
            return read_decimal(at, number, fault)
        end = lowest_bit(marks)
        digits = end - 1
        if digits == point:
            return read_decimal(at, number, fault)
        # The bytes behind the point move up to it.
        kept = lowest_bytes(point)
        low = (low & kept) | ((word_at(at + 1) ^ <uint64_t>0x3030303030303030) & ~kept)
        if digits > 8:
            kept = lowest_bytes(point - 8)
            high = (high & kept) | ((word_at(at + 9) ^ <uint64_t>0x3030303030303030) & ~kept)
    if at[end] | 32 == c"e":
        return read_decimal(at, number, fault)
    if digits <= 8:
        value = eight_digits(low << (64 - 8 * digits))
    else:
        value = eight_digits(low) * POWERS[digits - 8] + eight_digits(high << (128 - 8 * digits))
    number.mantissa = <int64_t>value
    number.decimals = <int8_t>(digits - point)
    return at + end


cdef inline const char *quick_integer(
    const char *at, const char *until, int64_t *number, int *fault
) noexcept nogil:
    """``read_integer``, where the number mostly has no sign."""
    cdef uint64_t low, high, value
    cdef int marks, digits
    if at > until:
        return read_integer(at, number, fault)
    low = word_at(at) ^ <uint64_t>0x3030303030303030
    high = word_at(at + 8) ^ <uint64_t>0x3030303030303030
    marks = <int>(no_digits(low) | no_digits(high) << 8)
    if marks & 1:
        return read_integer(at, number, fault)
    digits = lowest_bit(marks) if marks else 16
    if digits <= 8:
        value = eight_digits(low << (64 - 8 * digits))
    else:
        value = eight_digits(low) * POWERS[digits - 8] + eight_digits(high << (128 - 8 * digits))
    at += digits
    while digits >= 16 and is_digit(at[0]):
        if value > 922337203685477579ULL:
            fault[0] = TOO_LONG
            return at
        value = value * 10 + <uint64_t>(at[0] - 48)
        at += 1
    number[0] = <int64_t>value
    return at


# -------------------------------------------------------------------- words


cdef inline const char *blank(const char *at) noexcept nogil:
    while at[0] == c" " or at[0] == c"\t":
        at += 1
    return at


cdef inline const char *text_end(const char *at, const char *until) noexcept nogil:
    """The quote that ends a text, null: it does not end on its line."""
    cdef uint64_t word, marks
    while True:
        while at <= until:
            word = word_at(at)
            marks = (
                zero_bytes(word ^ <uint64_t>0x2222222222222222)  # quotes
                | zero_bytes(word ^ <uint64_t>0x5C5C5C5C5C5C5C5C)  # backslashes
                | ((word - <uint64_t>0x2020202020202020) & ~word & <uint64_t>0x8080808080808080)
            )
            if marks:
                at += lowest_bit(marks) >> 3
                break
            at += 8
        if at[0] == c'"':
            return at
        if at[0] == c"\\":
            at += 1
        if <unsigned char>at[0] < 32:
            return NULL
        at += 1


cdef inline bint is_plain(char mark) noexcept nogil:
    """Whether it may stand in a number, true, false or null."""
    return (
        is_digit(mark) or c"a" <= mark <= c"z" or mark == c"-" or mark == c"." or mark == c"+"
        or mark == c"E"
    )


cdef inline int8_t side_of_word(char first) noexcept nogil:
    """1: bid, buy; -1: ask, offer, sell; 0: neither."""
    if first == c"b" or first == c"B":
        return 1
    if first == c"a" or first == c"A" or first == c"s" or first == c"S" or first == c"o":
        return -1
    return 0
