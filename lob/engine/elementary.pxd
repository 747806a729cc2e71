"""Logarithm and exponential in plain IEEE arithmetic: the same bits on every machine.

The C library's own differ in the last bit between versions and between processors with and without
fused multiplication. These follow the scheme of Sun's fdlibm (Ng 1993) with its minimax
coefficients, and are wrong by less than one unit in the last place. They take no special values:
each says what it may be given. ``sqrt`` and ``floor`` are exact everywhere: take those from the C
library.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    """
    /* ln 2 in two parts: the first has zeros at its end, so that an exponent times it is exact. */
    #define FIRESALE_LN2_HIGH 6.93147180369123816490e-01
    #define FIRESALE_LN2_LOW 1.90821492927058770002e-10
    #define FIRESALE_PER_LN2 1.44269504088896338700e+00
    /* sqrt(1/2) as bits: a number is split into a power of two and a factor from here to sqrt(2) */
    #define FIRESALE_LEAST_FACTOR 0x3fe6a09e667f3bcdull
    """
    const double LN2_HIGH "FIRESALE_LN2_HIGH"
    const double LN2_LOW "FIRESALE_LN2_LOW"
    const double PER_LN2 "FIRESALE_PER_LN2"
    const uint64_t LEAST_FACTOR "FIRESALE_LEAST_FACTOR"


cdef inline double natural_log(double x) noexcept nogil:
    """The natural logarithm of a positive, normal, finite number."""
    cdef uint64_t bits
    cdef int64_t exponent
    cdef double factor, s, square, fourth, series, half
    memcpy(&bits, &x, sizeof(bits))
    exponent = <int64_t>(bits - LEAST_FACTOR) >> 52
    bits -= <uint64_t>exponent << 52
    memcpy(&factor, &bits, sizeof(factor))
    # log(1 + f) = f - f*f/2 + s*(f*f/2 + series(s*s)), with s = f / (2 + f)
    factor -= 1
    s = factor / (2 + factor)
    square = s * s
    fourth = square * square
    series = (
        fourth * (3.999999999940941908e-01
                  + fourth * (2.222219843214978396e-01 + fourth * 1.531383769920937332e-01))
        + square * (6.666666666666735130e-01
                    + fourth * (2.857142874366239149e-01
                                + fourth * (1.818357216161805012e-01
                                            + fourth * 1.479819860511658591e-01)))
    )
    half = 0.5 * factor * factor
    return exponent * LN2_HIGH - (
        (half - (s * (half + series) + exponent * LN2_LOW)) - factor
    )


cdef inline double natural_log1p(double x) noexcept nogil:
    """The natural logarithm of 1 + x, also for tiny x; x is above -1 and below 10**300.

    Wrong by at most two units in the last place.
    """
    cdef double sum = 1 + x
    return natural_log(sum) + (x - (sum - 1)) / sum


cdef inline double natural_exp(double x) noexcept nogil:
    """The exponential function of x up to 709; 0 below -708."""
    cdef int64_t exponent
    cdef double high, low, rest, square, c, power
    cdef uint64_t bits
    if x < -708:
        return 0
    exponent = <int64_t>(x * PER_LN2 + (0.5 if x > 0 else -0.5))
    high = x - exponent * LN2_HIGH
    low = exponent * LN2_LOW
    rest = high - low
    # exp(r) = 1 + r + r*c / (2 - c), where c is r less a series in r*r
    square = rest * rest
    c = rest - square * (
        1.66666666666666019037e-01
        + square * (-2.77777777770155933842e-03
                    + square * (6.61375632143793436117e-05
                                + square * (-1.65339022054652515390e-06
                                            + square * 4.13813679705723846039e-08)))
    )
    power = 1 - ((low - rest * c / (2 - c)) - high)
    memcpy(&bits, &power, sizeof(bits))
    bits += <uint64_t>exponent << 52
    memcpy(&power, &bits, sizeof(power))
    return power
