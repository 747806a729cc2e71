"""The elementary functions for Python code, with the same bits on every machine.

Whatever reaches a tape takes these instead of ``math`` and ``numpy``, whose last bits depend on the
processor: so do powers of floats, squares and roots included (write ``x * x`` and ``math.sqrt(x)``,
which are exact everywhere).
"""

cdef double LN2 = 6.93147180559945309417e-01


def exp(double value):
    """The power ``e**value`` of a number up to 700; 0 below -708.

    Raises ``ValueError`` above 700 and for what is not a number.
    """
    if not value <= 700:
        raise ValueError(f"value must be at most 700, got {value}")
    return natural_exp(value)


def expm1(double value):
    """``e**value - 1`` of a number up to 700, accurate also near 0.

    Raises ``ValueError`` above 700 and for what is not a number.
    """
    cdef double power = exp(value)
    if value < -40:
        return -1.0
    # Kahan: the rounding error of the power cancels in the quotient.
    return value if power == 1 else (power - 1) * value / natural_log(power)


def log(double value):
    """The natural logarithm of a positive number.

    Raises ``ValueError`` unless it is above 1e-300 and below 1e300.
    """
    if not 1e-300 < value < 1e300:
        raise ValueError(f"value must be positive and finite, got {value}")
    return natural_log(value)


def log1p(double value):
    """The natural logarithm of 1 and a number above -1, accurate also near 0.

    Raises ``ValueError`` unless it is above -1 and below 1e300.
    """
    if not -1 < value < 1e300:
        raise ValueError(f"value must be above -1 and finite, got {value}")
    return natural_log1p(value)


def share_kept(double passed, double half_life):
    """What is left of 1 after so many halvings, 2 to the power of ``-passed / half_life``.

    Both are 0 or more, in any one unit, and ``half_life`` is above 0.

    Raises ``ValueError`` if they are outside that range.
    """
    if not (passed >= 0 and half_life > 0):
        raise ValueError(
            f"passed must be 0 or more and half_life above 0, got {passed} and {half_life}"
        )
    return natural_exp(-LN2 * (passed / half_life))
