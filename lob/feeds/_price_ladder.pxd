"""The prices of one side of a book, the best at hand.

The better part of a long ladder alone is sorted, the rest waits until its turn comes: a new price
moves few others wherever it is.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport free, qsort, realloc
from libc.string cimport memcpy, memmove

cdef enum:
    NONE = -0x3FFFFFFFFFFFFFFF  # two of them can be added
    NEAREST = 16  # prices to look through one by one before halving
    NEAR = 256  # prices to have sorted, at least

cdef struct Keys:  # of levels that have or had orders
    int64_t *at
    Py_ssize_t count
    Py_ssize_t capacity

cdef struct Ladder:
    Keys near  # sorted, worst first
    Keys deep  # all worse than those, in no order; there are none if there are none near
    int64_t best  # the last one near; NONE if there is none


cdef inline Py_ssize_t seek(const Keys *sorted_, int64_t key) noexcept nogil:
    """The index of the first price that is not worse than ``key``."""
    cdef const int64_t *keys = sorted_.at
    cdef Py_ssize_t high = sorted_.count
    cdef Py_ssize_t low = 0, middle
    cdef Py_ssize_t near = high - NEAREST if high > NEAREST else 0
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


cdef inline int room_for(Keys *keys, Py_ssize_t more) except -1 nogil:
    """Room for more keys behind those that are there."""
    cdef Py_ssize_t capacity = keys.capacity
    cdef int64_t *at
    while capacity < keys.count + more:
        capacity = 2 * capacity or 64
    if capacity > keys.capacity:
        at = <int64_t *>realloc(keys.at, capacity * sizeof(int64_t))
        if at == NULL:
            with gil:
                raise MemoryError
        keys.at, keys.capacity = at, capacity
    return 0


cdef inline int ascending(const void *one, const void *other) noexcept nogil:
    cdef int64_t left = (<const int64_t *>one)[0], right = (<const int64_t *>other)[0]
    return (left > right) - (left < right)


cdef inline void refill(Ladder *ladder) noexcept nogil:
    """Sort out the best of the deep prices, now that none is near.

    A quarter of them: sorting them is paid for by the many that leave before it is done again.
    """
    cdef Keys *deep = &ladder.deep
    cdef Keys *near = &ladder.near
    cdef Py_ssize_t count = min(deep.count, max(<Py_ssize_t>NEAR, deep.count // 4), near.capacity)
    if count:
        qsort(deep.at, deep.count, sizeof(int64_t), &ascending)
        deep.count -= count
        memcpy(near.at, deep.at + deep.count, count * sizeof(int64_t))
        near.count = count


cdef inline void renew_best(Ladder *ladder) noexcept nogil:
    """Find the best price after others were taken out."""
    if not ladder.near.count:
        refill(ladder)
    ladder.best = ladder.near.at[ladder.near.count - 1] if ladder.near.count else NONE


cdef inline void drop_best(Ladder *ladder) noexcept nogil:
    """Take the best price out; there must be one."""
    ladder.near.count -= 1
    renew_best(ladder)


cdef inline int spill(Ladder *ladder) except -1 nogil:
    """Let the worse half of the prices that are near be deep."""
    cdef Py_ssize_t half = ladder.near.count // 2
    cdef int64_t *keys = ladder.near.at
    room_for(&ladder.deep, half)
    memcpy(ladder.deep.at + ladder.deep.count, keys, half * sizeof(int64_t))
    ladder.deep.count += half
    ladder.near.count -= half
    memmove(keys, keys + half, ladder.near.count * sizeof(int64_t))
    return 0


cdef inline int insert(Ladder *ladder, int64_t key) except -1 nogil:
    """Put a price in that is not there."""
    cdef Keys *keys = &ladder.near
    cdef Py_ssize_t i
    if keys.count >= 2 * NEAR and keys.count > ladder.deep.count // 2:
        spill(ladder)
    if ladder.deep.count and key < keys.at[0]:
        keys = &ladder.deep
        room_for(keys, 1)
        i = keys.count
    else:
        room_for(keys, 1)
        i = seek(keys, key)
        memmove(&keys.at[i + 1], &keys.at[i], (keys.count - i) * sizeof(int64_t))
    keys.at[i] = key
    keys.count += 1
    ladder.best = ladder.near.at[ladder.near.count - 1]
    return 0


cdef inline void release(Ladder *ladder) noexcept nogil:
    """Give its memory back."""
    free(ladder.near.at)
    free(ladder.deep.at)
