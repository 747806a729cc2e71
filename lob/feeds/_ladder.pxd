"""One side of a book of levels: a hash table by price, and the prices in order.

A level that empties keeps its slot, for prices come and go; its price leaves the ladder when it
would be the best, and with the others once they are many. So a ladder changes where a price is new
or the best is gone, next to its end, and little moves.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memmove

cdef enum:
    NEAR = 8  # prices to look through one by one before halving
    FIRST_SLOTS = 64
    MANY_EMPTY = 1024

cdef struct PriceLevel:
    int64_t key  # side * price: the better the price, the higher, on either side
    int64_t size  # 0: it is empty
    int64_t order_id
    int32_t seen  # number of the last snapshot that had it
    int8_t price_decimals  # as the venue wrote them, for its checksum
    int8_t size_decimals
    int8_t is_used  # 0: the slot is free
    int8_t in_ladder

cdef struct Ladder:
    PriceLevel *slots
    size_t mask
    Py_ssize_t used  # slots
    int64_t *keys  # worst first; the last one is of a level that is not empty
    Py_ssize_t count
    Py_ssize_t capacity
    Py_ssize_t empty  # keys of levels with nothing left


cdef inline void free_ladder(Ladder *ladder) noexcept:
    free(ladder.slots)
    free(ladder.keys)


cdef inline size_t home(int64_t key, size_t mask) noexcept:
    """Where a level is looked for first: two neighbours share a line of the cache."""
    return (
        ((<uint64_t>(key >> 1) * <uint64_t>0x9E3779B97F4A7C15) >> 32 << 1) | <uint64_t>(key & 1)
    ) & mask


cdef inline PriceLevel *slot_of(const Ladder *ladder, int64_t key) noexcept:
    """The slot of a price, or the free one where it would go. There must be slots."""
    cdef size_t at = home(key, ladder.mask)
    while ladder.slots[at].is_used and ladder.slots[at].key != key:
        at = (at + 1) & ladder.mask
    return &ladder.slots[at]


cdef inline Py_ssize_t seek(const int64_t *keys, Py_ssize_t count, int64_t key) noexcept:
    """The index of the first price that is not worse than ``key``."""
    cdef Py_ssize_t high = count, low = 0, middle
    cdef Py_ssize_t near = high - NEAR if high > NEAR else 0
    while high > near and keys[high - 1] >= key:
        high -= 1
    if high > near or high == 0:
        return high
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int reserve(Ladder *ladder, Py_ssize_t more) except -1:
    """Room for so many new prices: until they are there, no slot moves."""
    cdef size_t wanted = FIRST_SLOTS, at
    cdef PriceLevel *old = ladder.slots
    cdef PriceLevel *slots
    cdef Py_ssize_t i, capacity
    cdef int64_t *keys
    if ladder.count + more > ladder.capacity:
        capacity = 2 * (ladder.count + more)
        keys = <int64_t *>realloc(ladder.keys, capacity * sizeof(int64_t))
        if keys == NULL:
            raise MemoryError
        ladder.keys, ladder.capacity = keys, capacity
    if old != NULL and 2 * <size_t>(ladder.used + more) <= ladder.mask + 1:
        return 0
    close_up(ladder)
    while wanted < 4 * <size_t>(ladder.count + more):
        wanted *= 2
    slots = <PriceLevel *>calloc(wanted, sizeof(PriceLevel))
    if slots == NULL:
        raise MemoryError
    for i in range(ladder.count):  # those that are not empty
        at = home(ladder.keys[i], wanted - 1)
        while slots[at].is_used:
            at = (at + 1) & (wanted - 1)
        slots[at] = slot_of(ladder, ladder.keys[i])[0]
    free(old)
    ladder.slots, ladder.mask, ladder.used = slots, wanted - 1, ladder.count
    return 0


cdef inline void put_in(Ladder *ladder, PriceLevel *level, int64_t key, int64_t size) noexcept:
    """Give an empty or a new level some lots; ``level`` is its slot, and room is reserved."""
    cdef Py_ssize_t at
    if not level.is_used:
        level.key, level.is_used = key, True
        ladder.used += 1
    level.size = size
    if level.in_ladder:
        ladder.empty -= 1
        return
    at = seek(ladder.keys, ladder.count, key)
    memmove(&ladder.keys[at + 1], &ladder.keys[at], (ladder.count - at) * sizeof(int64_t))
    ladder.keys[at] = key
    ladder.count += 1
    level.in_ladder = True


cdef inline void take_out(Ladder *ladder, PriceLevel *level) noexcept:
    """Empty a level; no slot moves."""
    level.size = 0
    ladder.empty += 1
    while ladder.count:
        level = slot_of(ladder, ladder.keys[ladder.count - 1])
        if level.size:
            break
        level.in_ladder = False
        ladder.count -= 1
        ladder.empty -= 1
    if ladder.empty > MANY_EMPTY and 2 * ladder.empty > ladder.count:
        close_up(ladder)


cdef inline void close_up(Ladder *ladder) noexcept:
    """Take out the prices of empty levels."""
    cdef Py_ssize_t i, kept = 0
    cdef PriceLevel *level
    if not ladder.empty:
        return
    for i in range(ladder.count):
        level = slot_of(ladder, ladder.keys[i])
        if level.size:
            ladder.keys[kept] = ladder.keys[i]
            kept += 1
        else:
            level.in_ladder = False
    ladder.count, ladder.empty = kept, 0


cdef inline PriceLevel *first_from(const Ladder *ladder, Py_ssize_t *at) noexcept:
    """The best level that is not empty from the ``at``-th best price on; null: there is none.

    ``at`` is set behind it.
    """
    cdef PriceLevel *level
    while at[0] < ladder.count:
        level = slot_of(ladder, ladder.keys[ladder.count - 1 - at[0]])
        at[0] += 1
        if level.size:
            return level
    return NULL
