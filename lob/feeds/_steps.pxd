"""Decimals to whole steps: ticks and lots of what a venue writes."""

from libc.stdint cimport int8_t, int64_t

from lob.feeds._quick cimport POWERS


cdef inline int to_steps(int64_t *value, int decimals, int wanted, int64_t step) noexcept:
    """A mantissa with some decimals as a whole number of steps of ``step * 10**-wanted``.

    1: it is one, 0: it is none, -1: it is larger than 63 bits.
    """
    cdef int64_t power, whole
    if decimals < wanted:
        if wanted - decimals > 18:
            return 1 if value[0] == 0 else -1
        power = <int64_t>POWERS[wanted - decimals]
        if not -(9223372036854775807LL // power) <= value[0] <= 9223372036854775807LL // power:
            return -1
        value[0] *= power
    elif decimals > wanted:
        if decimals - wanted > 18:
            return value[0] == 0
        power = <int64_t>POWERS[decimals - wanted]
        whole = value[0] // power
        if whole * power != value[0]:
            return 0
        value[0] = whole
    if step != 1:
        whole = value[0] // step
        if whole * step != value[0]:
            return 0
        value[0] = whole
    return 1


cdef inline int8_t needed(int64_t mantissa, int decimals, int least) noexcept:
    """The decimals, at least so many, that a number needs."""
    if mantissa % <int64_t>POWERS[decimals - least] == 0:  # the usual case: zeros behind
        return <int8_t>least
    while decimals > least and mantissa % 10 == 0:
        mantissa //= 10
        decimals -= 1
    return <int8_t>decimals


cdef inline int64_t written(int64_t steps, int64_t step, int wanted, int decimals) noexcept:
    """Steps back in the digits that the venue wrote."""
    cdef int64_t value = steps * step
    if decimals >= wanted:
        return value * <int64_t>POWERS[decimals - wanted]
    return value // <int64_t>POWERS[wanted - decimals]
