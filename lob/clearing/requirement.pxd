"""What a position is worth and what it must be backed with, exactly.

Everything is scaled by a million, so that rates in parts per million need no rounding: an account
is safe while its margin excess is not negative,

    margin excess = 1e6 * (cash + value of what it holds) - 1e6 * maintenance requirement.

A linear holding of ``units`` at ``price`` is worth ``units * price * multiplier``, an inverse one
``-units * multiplier / price`` (of its coin; the cash of the account got the inverse of that when
it was opened). The margin excess of an inverse holding is kept multiplied by the price, which
leaves its sign as it is.
"""

from libc.stdint cimport int64_t

from lob.engine.records cimport MAX_PRICE
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, floor_ratio, int128

cdef enum:
    MAX_TIERS = 16

cdef extern from *:
    """
    #define NO_PRICE INT64_MIN
    #define NO_LIQUIDATION_PRICE INT64_MIN
    """
    const int64_t NO_PRICE
    const int64_t NO_LIQUIDATION_PRICE  # fails at no price

cdef struct Tiers:
    int64_t count  # of tiers
    int64_t floor[MAX_TIERS]  # notional from which the rate holds
    int64_t rate[MAX_TIERS]  # ppm
    int128 deduction[MAX_TIERS]  # times a million: makes the requirement continuous


cdef inline int128 requirement(const Tiers *tiers, int128 notional) noexcept nogil:
    """What a notional must be backed with, times a million. An empty table asks for nothing."""
    cdef int64_t i = tiers.count - 1
    while i > 0 and notional < tiers.floor[i]:
        i -= 1
    return tiers.rate[i] * notional - tiers.deduction[i] if i >= 0 else 0


cdef inline int128 linear_margin_excess(
    const Tiers *tiers, int64_t units, int64_t price, int64_t multiplier
) noexcept nogil:
    """What a linear holding adds to the margin excess of its account."""
    cdef int128 value = <int128>units * price * multiplier
    return PPM * value - requirement(tiers, value if value >= 0 else -value)


cdef inline int64_t below(int128 price) noexcept nogil:
    """Where an account fails that does so at this price and below; prices start at one tick."""
    if price < 1:
        return NO_LIQUIDATION_PRICE
    return <int64_t>price if price < MAX_PRICE else MAX_PRICE


cdef inline int64_t above(int128 price) noexcept nogil:
    """Where an account fails that does so at this price and above."""
    if price > MAX_PRICE:
        return NO_LIQUIDATION_PRICE
    return <int64_t>price if price > 1 else 1


cdef inline int64_t linear_liquidation_price(
    const Tiers *tiers, int64_t cash, int64_t units, int64_t multiplier
) noexcept nogil:
    """The least adverse tick at which an account with one linear holding lacks margin.

    Rates rise from tier to tier and the requirement makes no step, so it is the largest of the
    tiers' lines: the account fails where it fails by any of them. Once the first safe tick lies in
    the tier at hand, the lines of higher tiers are below.
    """
    cdef int128 owed = -PPM * <int128>cash
    cdef int128 worth = <int128>units * multiplier
    cdef int128 fails = 0, price
    cdef int64_t i = 0
    while True:
        if units > 0:
            if tiers.rate[i] >= PPM:
                return MAX_PRICE if owed > tiers.deduction[i] else NO_LIQUIDATION_PRICE
            # fails where worth * (1e6 - rate) * price < owed - deduction
            price = ceil_ratio(owed - tiers.deduction[i], worth * (PPM - tiers.rate[i])) - 1
            fails = price if i == 0 or price > fails else fails
            if i + 1 >= tiers.count or (fails + 1) * worth <= tiers.floor[i + 1]:
                return below(fails)
        else:
            # fails where -worth * (1e6 + rate) * price > deduction - owed
            price = floor_ratio(tiers.deduction[i] - owed, -worth * (PPM + tiers.rate[i])) + 1
            fails = price if i == 0 or price < fails else fails
            if i + 1 >= tiers.count or (1 - fails) * worth <= tiers.floor[i + 1]:
                return above(fails)
        i += 1


cdef inline int128 inverse_margin_excess(
    const Tiers *tiers, int64_t cash, int64_t units, int64_t price, int64_t multiplier
) noexcept nogil:
    """The margin excess of an account with one inverse holding, times the price.

    The tier goes by the number of contracts, which is a notional in quote currency.
    """
    cdef int128 worth = <int128>units * multiplier
    cdef int128 size = worth if worth >= 0 else -worth
    return PPM * (<int128>cash * price - worth) - requirement(tiers, size)


cdef inline int64_t inverse_liquidation_price(
    const Tiers *tiers, int64_t cash, int64_t units, int64_t multiplier
) noexcept nogil:
    """The least adverse tick at which an account with one inverse holding is not safe."""
    cdef int128 worth = <int128>units * multiplier
    cdef int128 size = worth if worth >= 0 else -worth
    cdef int128 owed = PPM * worth + requirement(tiers, size)
    if units > 0:
        # fails where cash * price < owed
        return below(ceil_ratio(owed, PPM * <int128>cash) - 1) if cash > 0 else MAX_PRICE
    if cash >= 0:
        return NO_LIQUIDATION_PRICE if owed <= 0 else 1
    return above(floor_ratio(-owed, -PPM * <int128>cash) + 1)
