"""The resting orders of a book: records in one array, found by id through a hash table.

A record is one cache line. Records link to their neighbours in the queue of a level by index;
index 0 is nobody.

The table consists of buckets of one cache line with seven entries each, the hash of an id and
the index of its record, which are compared all at once: a look-up takes no branch that the
processor could guess wrong. An entry whose own bucket is full goes to the next one that has room,
and the full ones count it, so that a search knows when to stop and nothing is left behind by a
removal.

Whoever sends orders chooses their ids, so the hash has a secret factor: nobody can choose ids that
all go to one bucket. Nothing that a book says depends on which bucket an order is in.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from lob.engine.memory cimport equal_lanes, lowest_bit, prefetch, resize, whole_pages

cdef enum:
    ENTRIES = 0x7F  # the lanes of a bucket that are entries
    MEAN_ENTRIES = 4  # a bucket, at most

cdef struct RestingOrder:
    int64_t order_id
    int64_t size  # lots still open
    int64_t tag
    int32_t owner
    uint32_t level  # index in the ladder of its side
    uint32_t next  # younger neighbour; of a free record: the next free one
    uint32_t prev  # older neighbour
    uint8_t kind  # this and the rest up to instrument: as in a message
    int8_t side
    uint8_t order_type
    uint8_t time_in_force
    uint8_t stp
    uint8_t flags
    uint16_t instrument
    int64_t total  # lots open and lots traded so far
    int64_t room  # for the expiry of order types to come

cdef struct Bucket:
    uint32_t hash[7]  # 0: free
    uint32_t overflow  # entries that went further because this bucket was full
    uint32_t index[8]  # the last is always 0

cdef struct OrderTable:
    RestingOrder *orders
    Bucket *buckets
    uint32_t count  # live orders
    uint32_t used  # records handed out at least once, record 0 included
    uint32_t capacity
    uint32_t free_order
    uint32_t mask  # buckets - 1
    uint64_t factor  # of the hash, odd


cdef inline uint32_t hash_id(const OrderTable *self, int64_t order_id) noexcept nogil:
    """32 bits, never 0, of which the low ones choose the bucket."""
    cdef uint64_t mixed = <uint64_t>order_id * self.factor
    mixed ^= mixed >> 32
    mixed *= <uint64_t>0xD6E8FEB86659FD93
    return <uint32_t>(mixed >> 32) | (<uint32_t>1 << 31)


cdef inline int table_init(OrderTable *self, uint64_t factor) noexcept nogil:
    """An empty table that hashes with an odd factor; -1 if there is no memory."""
    self.factor = factor
    self.orders = NULL
    self.count = self.capacity = self.free_order = 0
    self.used = 1
    self.mask = 63
    self.buckets = <Bucket *>resize(NULL, 0, 64 * sizeof(Bucket))
    return -1 if self.buckets == NULL else table_reserve(self, 63)


cdef inline void table_release(OrderTable *self) noexcept nogil:
    resize(self.orders, whole_pages(sizeof(RestingOrder) * <size_t>self.capacity), 0)
    if self.buckets != NULL:
        resize(self.buckets, sizeof(Bucket) * (<size_t>self.mask + 1), 0)


cdef inline size_t table_bytes(const OrderTable *self) noexcept nogil:
    return (
        whole_pages(sizeof(RestingOrder) * <size_t>self.capacity)
        + sizeof(Bucket) * (<size_t>self.mask + 1)
    )


cdef inline int64_t table_spare(const OrderTable *self) noexcept nogil:
    """How many more orders can be added before memory must grow."""
    cdef int64_t records = <int64_t>self.capacity - 1 - self.count
    cdef int64_t entries = MEAN_ENTRIES * (<int64_t>self.mask + 1) - self.count
    return records if records < entries else entries


cdef inline int table_reserve(OrderTable *self, uint32_t spare) noexcept nogil:
    """Make room for ``spare`` more orders; -1 if there is no memory."""
    cdef size_t wanted = <size_t>self.count + 1 + spare
    cdef void *block
    if wanted > <size_t>1 << 31:
        return -1
    if wanted > self.capacity:
        wanted += self.capacity // 8
        block = resize(
            self.orders,
            whole_pages(sizeof(RestingOrder) * <size_t>self.capacity),
            whole_pages(sizeof(RestingOrder) * wanted),
        )
        if block == NULL:
            return -1
        self.orders = <RestingOrder *>block
        self.capacity = <uint32_t>wanted
    while <size_t>self.count + spare > MEAN_ENTRIES * (<size_t>self.mask + 1):
        if table_double(self) < 0:
            return -1
    return 0


cdef inline int table_double(OrderTable *self) noexcept nogil:
    cdef size_t buckets = <size_t>self.mask + 1, i
    cdef int lane
    cdef Bucket *smaller = self.buckets
    cdef Bucket *larger = <Bucket *>resize(NULL, 0, 2 * buckets * sizeof(Bucket))
    if larger == NULL:
        return -1
    self.buckets = larger
    self.mask = <uint32_t>(2 * buckets - 1)
    for i in range(buckets):
        for lane in range(7):
            if smaller[i].hash[lane]:
                table_enter(self, smaller[i].hash[lane], smaller[i].index[lane])
    resize(smaller, buckets * sizeof(Bucket), 0)
    return 0


cdef inline uint32_t table_seek(
    const OrderTable *self, int64_t order_id, uint32_t hashed, uint64_t *slot
) noexcept nogil:
    """The index of a live order, or 0; ``slot`` becomes its place, eight times bucket plus lane."""
    cdef uint32_t at = hashed & self.mask
    cdef Bucket *bucket
    cdef int equal, lane
    while True:
        bucket = &self.buckets[at]
        equal = equal_lanes(bucket.hash, hashed) & ENTRIES
        while equal:
            lane = lowest_bit(equal)
            if self.orders[bucket.index[lane]].order_id == order_id:
                slot[0] = 8 * <uint64_t>at + lane
                return bucket.index[lane]
            equal &= equal - 1
        if bucket.overflow == 0:
            return 0
        at = (at + 1) & self.mask


cdef inline uint32_t table_find(const OrderTable *self, int64_t order_id) noexcept nogil:
    """The index of a live order, or 0."""
    cdef uint64_t slot
    return table_seek(self, order_id, hash_id(self, order_id), &slot)


cdef inline uint64_t table_slot(const OrderTable *self, uint32_t index) noexcept nogil:
    """The place of a live record."""
    cdef uint64_t slot = 0
    cdef int64_t order_id = self.orders[index].order_id
    table_seek(self, order_id, hash_id(self, order_id), &slot)
    return slot


cdef inline void table_enter(OrderTable *self, uint32_t hashed, uint32_t index) noexcept nogil:
    cdef uint32_t at = hashed & self.mask
    cdef int free = equal_lanes(self.buckets[at].hash, 0) & ENTRIES, lane
    while not free:
        self.buckets[at].overflow += 1
        at = (at + 1) & self.mask
        free = equal_lanes(self.buckets[at].hash, 0) & ENTRIES
    lane = lowest_bit(free)
    self.buckets[at].hash[lane] = hashed
    self.buckets[at].index[lane] = index


cdef inline uint32_t table_add(
    OrderTable *self, int64_t order_id, uint32_t hashed
) noexcept nogil:
    """A record for an id that is not in the table. Room must be reserved."""
    cdef uint32_t index = self.free_order
    if index:
        self.free_order = self.orders[index].next
    else:
        index = self.used
        self.used += 1
    table_enter(self, hashed, index)
    self.orders[index].order_id = order_id
    self.count += 1
    return index


cdef inline void table_remove(OrderTable *self, uint64_t slot) noexcept nogil:
    """Free a place and its record."""
    cdef uint32_t at = <uint32_t>(slot >> 3), lane = slot & 7
    cdef uint32_t home = self.buckets[at].hash[lane] & self.mask
    cdef uint32_t index = self.buckets[at].index[lane]
    self.buckets[at].hash[lane] = 0
    while home != at:
        self.buckets[home].overflow -= 1
        home = (home + 1) & self.mask
    self.orders[index].next = self.free_order
    self.free_order = index
    self.count -= 1


cdef inline int64_t table_longest_search(const OrderTable *self) noexcept nogil:
    """The most buckets that a search looks at, in time linear in the buckets."""
    cdef int64_t longest = 1, run = 1
    cdef uint32_t at
    # Twice around: a run may pass the end.
    for at in range(2 * (self.mask + 1)):
        run = run + 1 if self.buckets[at & self.mask].overflow else 1
        longest = max(longest, run)
    return longest


cdef inline void table_prefetch(const OrderTable *self, uint32_t hashed) noexcept nogil:
    prefetch(&self.buckets[hashed & self.mask])


cdef inline uint32_t table_guess(const OrderTable *self, uint32_t hashed) noexcept nogil:
    """The record of a live order as far as its own bucket tells, else mostly 0: to prefetch."""
    cdef Bucket *bucket = &self.buckets[hashed & self.mask]
    return bucket.index[lowest_bit((equal_lanes(bucket.hash, hashed) & ENTRIES) | 0x80)]


cdef inline int table_copy(OrderTable *self, const OrderTable *other) noexcept nogil:
    """Make ``self``, which holds no memory, a copy; -1 if there is no memory."""
    self[0] = other[0]
    self.orders = NULL
    self.buckets = <Bucket *>resize(NULL, 0, sizeof(Bucket) * (<size_t>other.mask + 1))
    if self.buckets != NULL:
        self.orders = <RestingOrder *>resize(
            NULL, 0, whole_pages(sizeof(RestingOrder) * <size_t>other.capacity)
        )
    if self.orders == NULL:
        self.capacity = 0
        return -1
    memcpy(self.buckets, other.buckets, sizeof(Bucket) * (<size_t>other.mask + 1))
    memcpy(self.orders, other.orders, sizeof(RestingOrder) * <size_t>other.used)
    return 0
