"""The prices of one side of a book that have orders: a window of cells, and those beyond it.

A cell counts the orders at one price, and a bit for each says whether there are any: so a price
that comes or goes costs a step or two, and the next best one is found by 64 at a time. Cells are a
step of prices apart, which may be many units of the feed. Prices beyond the window, or between its
cells, lie in a sorted array. When many were new there, the window is laid anew: around the best
price, in the step that the best ones have in common, and wide enough for sixteen times as many
prices as there are.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memmove

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
    STEPPED = 32  # best prices whose common step is that of the window
    LARGEST_STEP = 0x4000000000

cdef struct Beyond:
    int64_t key
    int64_t orders

cdef struct Prices:
    uint32_t *cells  # orders
    uint64_t *bits
    int64_t base  # key of the first cell
    uint64_t span  # cells
    int64_t step  # keys from one cell to the next: inverse**-1 * 2**shift
    uint64_t inverse  # modulo 2**64
    uint64_t shift
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


cdef inline uint64_t cell_of(const Prices *prices, int64_t key) noexcept nogil:
    """The cell of a price; ``span`` or more: it is beyond the window, or between cells.

    A multiple of the step is divided by it without a rest; others come out above all of these.
    """
    cdef uint64_t at = (<uint64_t>key - <uint64_t>prices.base) * prices.inverse
    return (at >> prices.shift) | (at << ((64 - prices.shift) & 63))


cdef inline int join(Prices *prices, int64_t key) noexcept nogil:
    """One more order at a price, the better the higher; -1: there is no memory."""
    cdef uint64_t at = cell_of(prices, key)
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
    cdef uint64_t at = cell_of(prices, key)
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
    cdef int64_t best = -NO_KEY, key
    if prices.beyond_count:
        best = prices.beyond[prices.beyond_count - 1].key
    if not prices.span:
        return best
    while word >= 0 and not prices.bits[word]:
        word -= 1
    if word >= 0:
        key = prices.base + prices.step * (64 * word + highest_bit(prices.bits[word]))
        best = key if key > best else best
    return best


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
    cdef int64_t count = prices.count, i
    cdef uint64_t span = NARROWEST, at
    cdef uint32_t *cells
    cdef uint64_t *bits
    cdef Beyond *all_ = <Beyond *>malloc((count + 4) * sizeof(Beyond))
    while span < <uint64_t>(count * CELLS_A_PRICE) and span < WIDEST:
        span *= 2
    cells = <uint32_t *>calloc(span, sizeof(uint32_t))
    bits = <uint64_t *>calloc(span // 64, sizeof(uint64_t))
    if cells == NULL or bits == NULL or all_ == NULL:
        free(cells)
        free(bits)
        free(all_)
        return -1
    gather(prices, all_)
    free_prices(prices)
    prices.cells, prices.bits, prices.span = cells, bits, span
    prices.beyond, prices.beyond_room = all_, count + 4
    prices.beyond_count, prices.beyond_new = 0, 0
    lay_steps(prices, all_)
    for i in range(count):
        at = cell_of(prices, all_[i].key)
        if at < span:
            cells[at] = <uint32_t>all_[i].orders
            bits[at >> 6] |= <uint64_t>1 << (at & 63)
        else:
            all_[prices.beyond_count] = all_[i]
            prices.beyond_count += 1
    return 0


cdef inline void gather(const Prices *prices, Beyond *all_) noexcept nogil:
    """All prices, in order: the window's own, and those beyond it."""
    cdef uint64_t word, at, bits
    cdef int64_t i = 0, key, made = 0
    for word in range(prices.span // 64):
        bits = prices.bits[word]
        while bits:
            at = 64 * word + <uint64_t>lowest_bit(bits)
            bits &= bits - 1
            key = prices.base + prices.step * <int64_t>at
            while i < prices.beyond_count and prices.beyond[i].key < key:
                all_[made] = prices.beyond[i]
                made, i = made + 1, i + 1
            all_[made].key, all_[made].orders = key, prices.cells[at]
            made += 1
    while i < prices.beyond_count:
        all_[made] = prices.beyond[i]
        made, i = made + 1, i + 1


cdef inline void lay_steps(Prices *prices, const Beyond *all_) noexcept nogil:
    """The step of the best prices, and the base: three quarters of the window are below the best.

    A window of prices at either end of 64 bits lies elsewhere, so that it does not go around.
    """
    cdef int64_t i, key
    cdef uint64_t step = 0, rest, other, odd, inverse
    for i in range(prices.count - 2, max(prices.count - STEPPED, 0) - 1, -1):
        other = <uint64_t>prices.best - <uint64_t>all_[i].key
        while other:
            rest = step % other
            step, other = other, rest
    if not 0 < step <= LARGEST_STEP:
        step = 1
    key = prices.best - <int64_t>(prices.span // 4 * 3 * step)
    if not -FARTHEST <= prices.best <= FARTHEST:
        key = FARTHEST if prices.best > 0 else -FARTHEST
    prices.base, prices.step = key, <int64_t>step
    prices.shift = <uint64_t>lowest_bit(step)
    odd = inverse = step >> prices.shift
    for _ in range(5):  # each doubles the bits that are right, of which three were
        inverse *= 2 - odd * inverse
    prices.inverse = inverse
