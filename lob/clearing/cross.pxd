"""Accounts whose holdings back each other, 1,024 at a time.

What an account has is read from the ledger's rows, where neighbours lie together. A pass does
nothing but multiply and add; only what it finds is looked at one by one.
"""

from libc.stdint cimport int32_t, int64_t, uint16_t

from lob.clearing.requirement cimport PPM
from lob.wide cimport int128

cdef enum:
    MAX_HOLDINGS = 16
    MAX_SCENARIOS = 32
    BLOCK = 1024

cdef struct CrossBlock:
    int32_t first  # account
    int32_t count
    # While every mark lies within its bounds, no account of the block can have failed.
    int64_t low[MAX_HOLDINGS]
    int64_t high[MAX_HOLDINGS]

cdef struct Weights:
    int64_t holdings
    int64_t scenarios
    # What one unit adds to a health at the marks of now, times a million: of long ones, short ones.
    int64_t weight[MAX_SCENARIOS][MAX_HOLDINGS][2]


cdef inline int64_t weigh_block(
    const CrossBlock *block,
    const Weights *weights,
    const int64_t *cash,
    const int64_t **units,
    uint16_t *failing,
) noexcept nogil:
    """Which of a block's accounts have a negative health in a scenario; how many."""
    cdef int64_t found = 0, i, scenario
    cdef const int64_t *cash_of = cash + block.first
    cdef const int64_t *first = units[0] + block.first
    cdef const int64_t *second
    cdef const int64_t *third
    if weights.scenarios == 1 and weights.holdings == 3:
        second = units[1] + block.first
        third = units[2] + block.first
        for i in range(block.count):
            failing[found] = <uint16_t>i
            found += (
                PPM * <int128>cash_of[i]
                + <int128>first[i] * weights.weight[0][0][first[i] < 0]
                + <int128>second[i] * weights.weight[0][1][second[i] < 0]
                + <int128>third[i] * weights.weight[0][2][third[i] < 0]
            ) < 0
        return found
    for i in range(block.count):
        failing[found] = <uint16_t>i
        for scenario in range(weights.scenarios):
            if health_in(block.first + i, scenario, weights, cash, units) < 0:
                found += 1
                break
    return found


cdef inline int128 health_in(
    int64_t account,
    int64_t scenario,
    const Weights *weights,
    const int64_t *cash,
    const int64_t **units,
) noexcept nogil:
    """The health of one account in one scenario."""
    cdef int128 health = PPM * <int128>cash[account]
    cdef int64_t i, held
    for i in range(weights.holdings):
        held = units[i][account]
        health += <int128>held * weights.weight[scenario][i][held < 0]
    return health


cdef inline double slack_of(
    int64_t account, const Weights *weights, const int64_t *cash, const int64_t **units
) noexcept nogil:
    """By what share all prices may move before the account can fail: its health in the worst
    scenario over all that it is exposed to, long and short added up."""
    cdef int128 worst = 0, health
    cdef double exposed = 0, wide
    cdef int64_t scenario, i, held
    for scenario in range(weights.scenarios):
        health = health_in(account, scenario, weights, cash, units)
        if scenario == 0 or health < worst:
            worst = health
        wide = 0
        for i in range(weights.holdings):
            held = units[i][account]
            wide += (
                -<double>held * <double>weights.weight[scenario][i][1]
                if held < 0
                else <double>held * <double>weights.weight[scenario][i][0]
            )
        exposed = max(exposed, wide)
    if exposed == 0:
        return 1
    # The floating-point sums are wrong by far less than this.
    return (<double>worst / exposed) * (1 - 1e-9)
