"""What is to happen, in order: one heap, and a pool for what its entries carry.

An entry's key is ``(time, priority, seq)``: of two entries at one time the lower priority goes
first, of two with the same priority the one that was entered first. The heap is four-ary. The
place of an entry that was taken stays open until the next one is entered, which most often
follows at once: half the work of moving the last entry there.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from lob.engine.memory cimport resize, unlikely, whole_pages

cdef enum:
    # Priorities, of which the lowest acts first.
    VENUE = 0
    CLEARING = 1
    LIQUIDATION = 2
    MARKET_DATA = 3
    AGENTS = 4
    PRIORITY_SHIFT = 60
    RECORD = 96  # bytes: a message, an event, a quote

cdef struct Entry:
    int64_t time
    uint64_t key  # priority, then sequence number
    uint32_t target
    uint32_t payload

cdef struct Schedule:
    Entry *entries
    int64_t count
    int64_t capacity
    uint64_t seq
    bint hole  # the first place is open

cdef struct Pool:
    char *records
    uint32_t used
    uint32_t capacity
    uint32_t free  # 0: none; else one more than a record's number


cdef inline bint goes_before(const Entry *one, const Entry *other) noexcept nogil:
    return one.time < other.time or (one.time == other.time and one.key < other.key)


cdef inline void schedule_release(Schedule *self) noexcept nogil:
    resize(self.entries, whole_pages(sizeof(Entry) * <size_t>self.capacity), 0)


cdef inline int schedule_grow(Schedule *self) noexcept nogil:
    cdef int64_t more = 2 * self.capacity + 168
    cdef void *block = resize(
        self.entries,
        whole_pages(sizeof(Entry) * <size_t>self.capacity),
        whole_pages(sizeof(Entry) * <size_t>more),
    )
    if block == NULL:
        return -1
    self.entries = <Entry *>block
    self.capacity = more
    return 0


cdef inline void sift_down(Schedule *self, const Entry *entry) noexcept nogil:
    """Put an entry into the open first place, or where it belongs below it."""
    cdef Entry *entries = self.entries
    cdef Entry moving = entry[0]
    cdef int64_t at = 0, child = 1, best, last
    while child < self.count:
        best = child
        last = child + 4 if child + 4 < self.count else self.count
        child += 1
        while child < last:
            if goes_before(&entries[child], &entries[best]):
                best = child
            child += 1
        if not goes_before(&entries[best], &moving):
            break
        entries[at] = entries[best]
        at = best
        child = 4 * at + 1
    entries[at] = moving


cdef inline int schedule_push(
    Schedule *self, int64_t time, uint64_t priority, uint32_t target, uint32_t payload
) noexcept nogil:
    """Enter something; -1 if there is no memory."""
    cdef Entry entry
    cdef int64_t at, parent
    self.seq += 1
    entry.time = time
    entry.key = (priority << PRIORITY_SHIFT) | self.seq
    entry.target = target
    entry.payload = payload
    if self.hole:
        self.hole = False
        sift_down(self, &entry)
        return 0
    if unlikely(self.count == self.capacity) and schedule_grow(self) < 0:
        return -1
    at = self.count
    self.count += 1
    while at:
        parent = (at - 1) >> 2
        if not goes_before(&entry, &self.entries[parent]):
            break
        self.entries[at] = self.entries[parent]
        at = parent
    self.entries[at] = entry
    return 0


cdef inline void fill_hole(Schedule *self) noexcept nogil:
    if self.hole:
        self.hole = False
        self.count -= 1
        if self.count:
            sift_down(self, &self.entries[self.count])


cdef inline const Entry *schedule_first(Schedule *self) noexcept nogil:
    """What is next; NULL if nothing is."""
    fill_hole(self)
    return &self.entries[0] if self.count else NULL


cdef inline Entry schedule_pop(Schedule *self) noexcept nogil:
    """Take what is next; there must be something."""
    fill_hole(self)
    self.hole = True
    return self.entries[0]


cdef inline int64_t schedule_length(const Schedule *self) noexcept nogil:
    return self.count - self.hole


cdef inline int schedule_copy(Schedule *self, const Schedule *other) noexcept nogil:
    """Make ``self``, which holds no memory, a copy; -1 if there is no memory."""
    cdef size_t nbytes = whole_pages(sizeof(Entry) * <size_t>other.capacity)
    self[0] = other[0]
    self.entries = <Entry *>resize(NULL, 0, nbytes)
    if nbytes and self.entries == NULL:
        self.capacity = self.count = 0
        return -1
    if other.count:
        memcpy(self.entries, other.entries, sizeof(Entry) * <size_t>other.count)
    return 0


cdef inline void pool_release(Pool *self) noexcept nogil:
    resize(self.records, whole_pages(RECORD * <size_t>self.capacity), 0)


cdef inline int64_t pool_put(Pool *self, const void *record, size_t size) noexcept nogil:
    """Keep a record of up to 96 bytes; its number, or -1 if there is no memory."""
    cdef uint32_t number
    cdef uint32_t more
    cdef void *block
    if self.free:
        number = self.free - 1
        memcpy(&self.free, self.records + RECORD * <size_t>number, sizeof(uint32_t))
    else:
        if self.used == self.capacity:
            more = 2 * self.capacity + 42
            block = resize(
                self.records,
                whole_pages(RECORD * <size_t>self.capacity),
                whole_pages(RECORD * <size_t>more),
            )
            if block == NULL:
                return -1
            self.records = <char *>block
            self.capacity = more
        number = self.used
        self.used += 1
    memcpy(self.records + RECORD * <size_t>number, record, size)
    return number


cdef inline void pool_take(Pool *self, uint32_t number, void *record, size_t size) noexcept nogil:
    """Copy a record out and free its place."""
    memcpy(record, self.records + RECORD * <size_t>number, size)
    memcpy(self.records + RECORD * <size_t>number, &self.free, sizeof(uint32_t))
    self.free = number + 1


cdef inline int pool_copy(Pool *self, const Pool *other) noexcept nogil:
    """Make ``self``, which holds no memory, a copy; -1 if there is no memory."""
    cdef size_t nbytes = whole_pages(RECORD * <size_t>other.capacity)
    self[0] = other[0]
    self.records = <char *>resize(NULL, 0, nbytes)
    if nbytes and self.records == NULL:
        self.capacity = self.used = self.free = 0
        return -1
    if other.used:
        memcpy(self.records, other.records, RECORD * <size_t>other.used)
    return 0
