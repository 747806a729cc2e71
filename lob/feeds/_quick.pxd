"""Numbers and words in text, eight bytes at a time, the first byte lowest.

What these read ends as the texts of ``_text`` do. They are told the last place from which
``READ_AHEAD`` bytes may be read, and are slower past it.
"""

from libc.stdint cimport int8_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from lob.engine.memory cimport lowest_bit
from lob.feeds._text cimport (
    NOT_A_NUMBER, TOO_LONG, Decimal, is_digit, ns_of, read_decimal, read_integer,
)

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
    READ_AHEAD = 24  # bytes


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


cdef inline const char *plain_end(const char *at, const char *until) noexcept nogil:
    """Where a number, true, false or null ends."""
    cdef uint64_t marks
    while at <= until:
        marks = no_digits(word_at(at) ^ <uint64_t>0x3030303030303030)
        if marks:
            at += lowest_bit(marks)
            break
        at += 8
    while is_plain(at[0]):
        at += 1
    return at


cdef inline int8_t side_of_word(char first) noexcept nogil:
    """1: bid, buy; -1: ask, offer, sell; 0: neither."""
    if first == c"b" or first == c"B":
        return 1
    if first == c"a" or first == c"A" or first == c"s" or first == c"S" or first == c"o":
        return -1
    return 0


cdef inline uint64_t head_of(const char *name, Py_ssize_t length) noexcept nogil:
    """The first eight bytes of a name as a word, zeros behind a shorter one."""
    cdef uint64_t word = 0
    cdef Py_ssize_t i
    for i in range(length if length < 8 else 8):
        word |= <uint64_t><uint8_t>name[i] << (8 * i)
    return word


cdef inline const char *stamp(const char *at, const char *until, int64_t *local) noexcept nogil:
    """The time before a message, ``<ns> `` or ``<s>: ``; where the message begins, null: none."""
    cdef const char *start = at
    cdef Decimal number
    cdef int fault = 0
    at = quick_integer(at, until, local, &fault)
    if fault or at[0] != c" " or not 16 <= at - start <= 19:
        fault = 0
        at = quick_decimal(start, until, &number, &fault)
        if fault or at[0] != c":" or at[1] != c" ":
            return NULL
        local[0] = ns_of(&number, 0, &fault)
        at += 1
    at += 1
    return at if not fault and (at[0] == c"{" or at[0] == c"[") else NULL
