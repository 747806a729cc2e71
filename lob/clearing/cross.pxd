"""Accounts whose holdings back each other, 1,024 at a time.

What an account has is read from the ledger's rows, where neighbours lie together. A pass does
nothing but multiply and add; only what it finds is looked at one by one.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memset

from lob.units cimport PPM
from lob.engine.wide cimport int128

cdef enum:
    MAX_HOLDINGS = 16
    MAX_SCENARIOS = 32
    BLOCK = 1024

cdef extern from *:
    """
    #define DOUBT 1e-13
    """
    const double DOUBT

cdef struct CrossBlock:
    int32_t first  # account
    int32_t count  # of accounts
    int64_t failing  # accounts that were found to fail at this look, and have no case yet
    # While every mark lies within its bounds, no account of the block can have failed.
    int64_t low[MAX_HOLDINGS]  # ticks
    int64_t high[MAX_HOLDINGS]  # ticks

cdef struct Weights:
    int64_t holdings  # how many
    int64_t scenarios  # how many
    # What one unit adds to a margin excess at the marks of now: of long ones, of short ones.
    int64_t weight[MAX_SCENARIOS][MAX_HOLDINGS][2]


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__GLIBC__) && defined(__x86_64__) && !defined(__clang__) && __GNUC__ >= 12
    /* The widest lanes that the machine has; no result depends on which. */
    #define FIRESALE_LANES __attribute__((target_clones("arch=x86-64-v4", "default")))
    #else
    #define FIRESALE_LANES
    #endif

    /* Adds units * weight to an excess, and its size to a bound, for each account of a block. */
    FIRESALE_LANES
    static void firesale_add_worth(
        double *excess, double *size, const int64_t *units, int64_t count, double of_long,
        double of_short
    ) {
        for (int64_t i = 0; i < count; i++) {
            double held = (double)units[i];
            double worth = held * (held < 0 ? of_short : of_long);
            excess[i] += worth;
            size[i] += worth < 0 ? -worth : worth;
        }
    }

    /* Whether an excess of a block is below what its terms may be off by. The sign bits tell. */
    FIRESALE_LANES
    static int firesale_any_doubt(const double *excess, const double *size, int64_t count) {
        uint64_t signs = 0;
        for (int64_t i = 0; i < count; i++) {
            double above = excess[i] - DOUBT * size[i];
            uint64_t bits;
            memcpy(&bits, &above, sizeof(bits));
            signs |= bits;
        }
        return (int)(signs >> 63);
    }
    """
    bint any_doubt "firesale_any_doubt"(
        const double *excess, const double *size, int64_t count
    ) noexcept nogil
    void add_worth "firesale_add_worth"(
        double *excess, double *size, const int64_t *units, int64_t count, double of_long,
        double of_short,
    ) noexcept nogil


cdef inline int64_t weigh_block(
    const CrossBlock *block,
    const Weights *weights,
    const int64_t *cash,
    const int64_t **units,
    uint16_t *failing,
) noexcept nogil:
    """Which of a block's accounts lack margin in a scenario; how many.

    Sums in floating point are off by less than ``DOUBT`` of their terms, so they say of nearly all
    accounts that they are safe. Of the others the exact excess decides.
    """
    cdef double excess[BLOCK]
    cdef double size[BLOCK]
    cdef uint8_t doubtful[BLOCK]
    cdef int64_t found = 0, i, h, scenario
    cdef bint any = False
    for scenario in range(weights.scenarios):
        memset(excess, 0, sizeof(excess))
        memset(size, 0, sizeof(size))
        add_worth(excess, size, cash + block.first, block.count, <double>PPM, <double>PPM)
        for h in range(weights.holdings):
            add_worth(
                excess,
                size,
                units[h] + block.first,
                block.count,
                <double>weights.weight[scenario][h][0],
                <double>weights.weight[scenario][h][1],
            )
        if any_doubt(excess, size, block.count):
            if not any:
                memset(doubtful, 0, sizeof(doubtful))
            any = True
            for i in range(block.count):
                doubtful[i] |= excess[i] < DOUBT * size[i]
    if not any:
        return 0
    for i in range(block.count):
        failing[found] = <uint16_t>i
        found += doubtful[i]
    return confirm(block, weights, cash, units, failing, found)


cdef inline int64_t confirm(
    const CrossBlock *block,
    const Weights *weights,
    const int64_t *cash,
    const int64_t **units,
    uint16_t *failing,
    int64_t doubtful,
) noexcept nogil:
    """Keep those of the doubtful accounts whose exact margin excess is negative in a scenario."""
    cdef int64_t found = 0, i, scenario
    for i in range(doubtful):
        for scenario in range(weights.scenarios):
            if margin_excess_in(block.first + failing[i], scenario, weights, cash, units) < 0:
                failing[found] = failing[i]
                found += 1
                break
    return found


cdef inline int128 margin_excess_in(
    int64_t account,
    int64_t scenario,
    const Weights *weights,
    const int64_t *cash,
    const int64_t **units,
) noexcept nogil:
    """The margin excess of one account in one scenario, times a million."""
    cdef int128 excess = PPM * <int128>cash[account]
    cdef int64_t i, held
    for i in range(weights.holdings):
        held = units[i][account]
        excess += <int128>held * weights.weight[scenario][i][held < 0]
    return excess


cdef inline double slack_of(
    int64_t account, const Weights *weights, const int64_t *cash, const int64_t **units
) noexcept nogil:
    """By what share all prices may move before the account can fail: its margin excess in the worst
    scenario over all that it is exposed to, long and short added up."""
    cdef int128 worst = 0, excess
    cdef double exposed = 0, wide
    cdef int64_t scenario, i, held
    for scenario in range(weights.scenarios):
        excess = margin_excess_in(account, scenario, weights, cash, units)
        if scenario == 0 or excess < worst:
            worst = excess
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
