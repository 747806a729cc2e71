"""The ids of all orders that a book has taken, for a venue where an id is used only once.

Open addressing in one array of ids; a place that is free holds 0, and whether 0 itself was used is
kept apart. Without room, which is where a book begins that does not ask, it is no memory at all.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from lob.engine.memory cimport resize, whole_pages

cdef struct UsedIds:
    int64_t *ids
    uint64_t mask  # places - 1
    int64_t count
    bint zero  # 0 was used
    bint kept  # whether ids are kept at all
    uint64_t factor  # of the hash, odd


cdef inline int used_init(UsedIds *self, uint64_t factor) noexcept nogil:
    """An empty set; -1 if there is no memory."""
    self.kept = True
    self.zero = False
    self.factor = factor
    self.count = 0
    self.mask = 511
    self.ids = <int64_t *>resize(NULL, 0, 512 * sizeof(int64_t))
    return -1 if self.ids == NULL else 0


cdef inline size_t used_bytes(const UsedIds *self) noexcept nogil:
    return whole_pages(sizeof(int64_t) * (self.mask + 1)) if self.kept else 0


cdef inline void used_release(UsedIds *self) noexcept nogil:
    if self.kept and self.ids != NULL:
        resize(self.ids, used_bytes(self), 0)


cdef inline uint64_t used_place(const UsedIds *self, int64_t order_id) noexcept nogil:
    """Where an id is, or the free place where it would go."""
    cdef uint64_t mixed = <uint64_t>order_id * self.factor
    cdef uint64_t at
    mixed ^= mixed >> 32
    mixed *= <uint64_t>0xD6E8FEB86659FD93
    at = (mixed >> 32) & self.mask
    while self.ids[at] and self.ids[at] != order_id:
        at = (at + 1) & self.mask
    return at


cdef inline bint used_has(const UsedIds *self, int64_t order_id) noexcept nogil:
    if order_id == 0:
        return self.zero
    return self.ids[used_place(self, order_id)] != 0


cdef inline void used_add(UsedIds *self, int64_t order_id) noexcept nogil:
    """Note an id. Room must be reserved."""
    cdef uint64_t at
    if order_id == 0:
        self.zero = True
        return
    at = used_place(self, order_id)
    self.count += self.ids[at] == 0
    self.ids[at] = order_id


cdef inline int used_reserve(UsedIds *self, int64_t more) noexcept nogil:
    """Make room for so many more ids at half the places; -1 if there is no memory."""
    cdef int64_t *smaller
    cdef uint64_t places = self.mask + 1, i
    cdef UsedIds larger = self[0]
    while <int64_t>places < 2 * (self.count + more):
        places *= 2
    if places == self.mask + 1:
        return 0
    smaller = self.ids
    larger.mask = places - 1
    larger.ids = <int64_t *>resize(NULL, 0, whole_pages(sizeof(int64_t) * places))
    if larger.ids == NULL:
        return -1
    for i in range(self.mask + 1):
        if smaller[i]:
            larger.ids[used_place(&larger, smaller[i])] = smaller[i]
    used_release(self)
    self[0] = larger
    return 0


cdef inline int used_copy(UsedIds *self, const UsedIds *other) noexcept nogil:
    """Make ``self``, which holds no memory, a copy; -1 if there is no memory."""
    self[0] = other[0]
    if not other.kept:
        return 0
    self.ids = <int64_t *>resize(NULL, 0, used_bytes(other))
    if self.ids == NULL:
        self.kept = False
        return -1
    memcpy(self.ids, other.ids, sizeof(int64_t) * (other.mask + 1))
    return 0
