"""Integers of 128 bits, for products of prices, sizes and rates."""

from libc.stdint cimport int64_t

cdef extern from *:
    """
    typedef __int128 firesale_int128;
    #define firesale_add_overflows(a, b, sum) __builtin_add_overflow(a, b, sum)
    """
    # Not 64 bits, but to Cython it must be of a kind that it knows: wider than int64_t.
    ctypedef long long int128 "firesale_int128"
    bint add_overflows "firesale_add_overflows"(
        int64_t a, int64_t b, int64_t *total
    ) noexcept nogil


cdef inline int128 floor_ratio(int128 numerator, int128 denominator) noexcept nogil:
    """Quotient rounded down; the denominator must be positive."""
    cdef int128 quotient
    cdef int64_t narrow = <int64_t>numerator, by = <int64_t>denominator
    if narrow == numerator and by == denominator:
        quotient = narrow // by
        return quotient - (narrow < quotient * by)
    quotient = numerator // denominator
    return quotient - (numerator < quotient * denominator)


cdef inline int128 ceil_ratio(int128 numerator, int128 denominator) noexcept nogil:
    """Quotient rounded up; the denominator must be positive."""
    return -floor_ratio(-numerator, denominator)


cdef inline bint fits(int128 value) noexcept nogil:
    """Whether a value is one that a ledger may hold: below 2**62 in size."""
    return -(<int128>1 << 62) < value < (<int128>1 << 62)
