"""A row of an orderbook file: what the recorded book showed.

Prices are compared as keys, side * price: the better, the higher, on either side. A level that is
missing has the worst price of all in the file, and so the worst key.
"""

from libc.stdint cimport INT64_MIN, int64_t

from lob.feeds._depth cimport Ladder, Level


cdef inline int64_t key_at(const int64_t *shown, int side, int64_t level) noexcept nogil:
    return side * shown[4 * level + 2 * (side > 0)]


cdef inline int64_t size_at(const int64_t *shown, int side, int64_t level) noexcept nogil:
    return shown[4 * level + 2 * (side > 0) + 1]


cdef inline int64_t worst(const int64_t *shown, int side, int64_t levels) noexcept nogil:
    """The worst key in the window."""
    return key_at(shown, side, levels - 1) if size_at(shown, side, levels - 1) else INT64_MIN


cdef inline int64_t agreeing(
    const Ladder *ladder, const int64_t *shown, int side, int64_t levels
) noexcept nogil:
    """How many levels from the best on are as a row shows them."""
    cdef int64_t j
    cdef const Level *level
    for j in range(levels):
        if j == ladder.count:
            return levels if size_at(shown, side, j) == 0 else j
        level = &ladder.levels[ladder.count - 1 - j]
        if level.key != key_at(shown, side, j) or level.size != size_at(shown, side, j):
            return j
    return levels
