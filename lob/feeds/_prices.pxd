"""The prices of one side of a book that have orders: a window of cells, and those beyond it.

A cell counts the orders at one price, and a bit for each says whether there are any: so a price
that comes or goes costs a step or two, and the next best one is found by 64 at a time. Prices
beyond the window lie in a sorted array. When many were new there, the window is laid anew: around
the best price, and wide enough for sixteen times as many prices as there are.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memmove

from lob.engine.memory cimport lowest_bit

cdef extern from *:
    """
    #define firesale_highest_bit(bits) (63 - __builtin_clzll(bits))
    """
    const int64_t NO_KEY "INT64_MAX"
    const int64_t FARTHEST "((int64_t)1 << 62)"
    int highest_bit "firesale_highest_bit"(uint64_t bits) noexcept nogil

cdef enum:
    NARROWEST = 64  # cells of a window; a power of two
    WIDEST = 0x40000
    CELLS_A_PRICE = 16
    FEW_BEYOND = 16  # new prices beyond a window that are borne for ever

cdef struct Beyond:
    int64_t key
    int64_t orders

cdef struct Prices:
    uint32_t *cells  # orders
    uint64_t *bits
    int64_t base  # key of the first cell
    uint64_t span  # cells
    int64_t best  # key; the lowest one if there are no prices any more
    int64_t count  # prices with orders
    Beyond *beyond  # the window, worst first
    int64_t beyond_count
    int64_t beyond_room
    uint64_t beyond_new  # since the window was laid


cdef inline void free_prices(Prices *prices) noexcept nogil:
    free(prices.cells)
    free(prices.bits)
    free(prices.beyond)


cdef inline int join(Prices *prices, int64_t key) noexcept nogil:
    """One more order at a price, the better the higher; -1: there is no memory."""
    cdef uint64_t at = <uint64_t>key - <uint64_t>prices.base
    if at >= prices.span:
        return join_beyond(prices, key)
    # Without branches, which would be taken at random.
    prices.cells[at] += 1
    prices.bits[at >> 6] |= <uint64_t>1 << (at & 63)
    prices.count += prices.cells[at] == 1
    prices.best = key if key > prices.best else prices.best
    return 0


cdef inline void part(Prices *prices, int64_t key) noexcept nogil:
    """One order less at a price that has some."""
    cdef uint64_t at = <uint64_t>key - <uint64_t>prices.base
    cdef uint64_t empty
    if at >= prices.span:
        part_beyond(prices, key)
        return
    prices.cells[at] -= 1
    empty = prices.cells[at] == 0
    prices.bits[at >> 6] ^= empty << (at & 63)
    prices.count -= <int64_t>empty
    if empty & <uint64_t>(key == prices.best):
        prices.best = next_best(prices, at)


cdef inline void part_beyond(Prices *prices, int64_t key) noexcept nogil:
    """``part`` of a price beyond the window."""
    cdef int64_t i = seek(prices, key)
    prices.beyond[i].orders -= 1
    if prices.beyond[i].orders:
        return
    prices.beyond_count -= 1
    memmove(&prices.beyond[i], &prices.beyond[i + 1], (prices.beyond_count - i) * sizeof(Beyond))
    prices.count -= 1
    if key == prices.best:
        prices.best = next_best(prices, prices.span)


cdef inline int64_t next_best(const Prices *prices, uint64_t at) noexcept nogil:
    """The best price there is; none is better than that of cell ``at``, if there is such a cell.

    That of a side without prices is worse than any.
    """
    cdef int64_t word = <int64_t>((at if at < prices.span else prices.span - 1) >> 6)
    cdef int64_t best = -NO_KEY
    if prices.beyond_count:
        best = prices.beyond[prices.beyond_count - 1].key
        if best > prices.base:
            return best  # it is above the window
    if not prices.span:
        return best
    while word >= 0 and not prices.bits[word]:
        word -= 1
    return best if word < 0 else prices.base + 64 * word + highest_bit(prices.bits[word])


cdef inline int64_t seek(const Prices *prices, int64_t key) noexcept nogil:
    """The index of the first price beyond the window that is not worse than ``key``."""
    cdef int64_t low = 0, high = prices.beyond_count, middle
    while low < high:
        middle = (low + high) >> 1
        if prices.beyond[middle].key < key:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int join_beyond(Prices *prices, int64_t key) noexcept nogil:
    """``join`` of a price beyond the window."""
    cdef int64_t i = seek(prices, key), room
    cdef Beyond *beyond
    if i < prices.beyond_count and prices.beyond[i].key == key:
        prices.beyond[i].orders += 1
        return 0
    if prices.beyond_count == prices.beyond_room:
        room = 2 * prices.beyond_room + 4
        beyond = <Beyond *>realloc(prices.beyond, room * sizeof(Beyond))
        if beyond == NULL:
            return -1
        prices.beyond, prices.beyond_room = beyond, room
    beyond = &prices.beyond[i]
    memmove(beyond + 1, beyond, (prices.beyond_count - i) * sizeof(Beyond))
    beyond.key, beyond.orders = key, 1
    prices.beyond_count += 1
    if not prices.count or key > prices.best:
        prices.best = key
    prices.count += 1
    prices.beyond_new += 1
    if not prices.span or prices.beyond_new > FEW_BEYOND + prices.span // 8:
        return lay_window(prices)
    return 0


cdef inline int lay_window(Prices *prices) noexcept nogil:
    """Lay the window anew; -1: there is no memory for it."""
    cdef uint64_t span = NARROWEST, wanted, i, bits
    cdef int64_t base, above, below = 0, all_ = 0
    cdef uint32_t *cells
    cdef uint64_t *words
    cdef Beyond *beyond
    wanted = <uint64_t>prices.count * CELLS_A_PRICE
    while span < wanted and span < WIDEST:
        span *= 2
    # Three quarters of it are below the best price. The keys at either end of 64 bits are not its.
    base = prices.best - <int64_t>(span // 4 * 3)
    if not -FARTHEST <= prices.best <= FARTHEST:
        base = FARTHEST if prices.best > 0 else -FARTHEST
    cells = <uint32_t *>calloc(span, sizeof(uint32_t))
    words = <uint64_t *>calloc(span // 64, sizeof(uint64_t))
    beyond = <Beyond *>realloc(NULL, (prices.count + 4) * sizeof(Beyond))
    if cells == NULL or words == NULL or beyond == NULL:
        free(cells)
        free(words)
        free(beyond)
        return -1
    # All prices in one array: what is below the window, its own, and what is above it.
    while below < prices.beyond_count and prices.beyond[below].key < prices.base:
        below += 1
    above = prices.beyond_count - below
    if below:
        memcpy(beyond, prices.beyond, below * sizeof(Beyond))
    all_ = below
    for i in range(prices.span // 64):
        bits = prices.bits[i]
        while bits:
            wanted = 64 * i + <uint64_t>lowest_bit(bits)
            beyond[all_].key = prices.base + <int64_t>wanted
            beyond[all_].orders = prices.cells[wanted]
            all_ += 1
            bits &= bits - 1
    if above:
        memcpy(&beyond[all_], &prices.beyond[below], above * sizeof(Beyond))
    free_prices(prices)
    prices.cells, prices.bits, prices.base, prices.span = cells, words, base, span
    prices.beyond, prices.beyond_room, prices.beyond_new = beyond, prices.count + 4, 0
    prices.beyond_count = 0
    for i in range(<uint64_t>prices.count):
        wanted = <uint64_t>beyond[i].key - <uint64_t>base
        if wanted < span:
            cells[wanted] = <uint32_t>beyond[i].orders
            words[wanted >> 6] |= <uint64_t>1 << (wanted & 63)
        else:
            beyond[prices.beyond_count] = beyond[i]
            prices.beyond_count += 1
    return 0
