"""The resting orders of a book: records in one array, found by id through an open hash table.

A record is one cache line. Records link to their neighbours in the queue of a level by index;
index 0 is nobody. The table holds eight bytes a slot, the hash and the record's index, is probed
linearly and erased by shifting back, so it never fills with tombstones. Eight consecutive ids
share a cache line of the table: ids handed out in order are cheap to enter.
"""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from lob.memory cimport prefetch, resize, whole_pages

cdef struct RestingOrder:
    int64_t order_id
    int64_t size  # lots still open
    int64_t tag
    int32_t owner
    uint32_t level  # index in the ladder of its side
    uint32_t next  # younger neighbour; of a free record: the next free one
    uint32_t prev  # older neighbour
    int8_t side
    uint8_t stp
    uint8_t flags
    uint8_t unused
    uint32_t unused_word
    int64_t room[2]  # for the hidden reserve and the expiry of order types to come

cdef struct Slot:
    uint32_t hash
    uint32_t index  # 0: empty

cdef struct OrderTable:
    RestingOrder *orders
    Slot *slots
    uint32_t count  # live orders
    uint32_t used  # records handed out at least once, record 0 included
    uint32_t capacity
    uint32_t free_order
    uint32_t mask  # slots - 1


cdef inline uint32_t hash_id(int64_t order_id) noexcept nogil:
    cdef uint64_t block = <uint64_t>order_id >> 3
    block *= <uint64_t>0x9E3779B97F4A7C15
    block ^= block >> 32
    block *= <uint64_t>0xD6E8FEB86659FD93
    block ^= block >> 32
    return (<uint32_t>block << 3) | <uint32_t>(order_id & 7)


cdef inline uint32_t table_limit(const OrderTable *self) noexcept nogil:
    """How many orders the slots take: five in eight."""
    return (self.mask >> 3) * 5


cdef inline int table_init(OrderTable *self) noexcept nogil:
    """An empty table; -1 if there is no memory."""
    self.orders = NULL
    self.slots = NULL
    self.count = self.capacity = self.mask = self.free_order = 0
    self.used = 1
    self.slots = <Slot *>resize(NULL, 0, 1024 * sizeof(Slot))
    if self.slots == NULL:
        return -1
    self.mask = 1023
    return table_reserve(self, 63)


cdef inline void table_release(OrderTable *self) noexcept nogil:
    resize(self.orders, whole_pages(sizeof(RestingOrder) * <size_t>self.capacity), 0)
    if self.slots != NULL:
        resize(self.slots, sizeof(Slot) * (<size_t>self.mask + 1), 0)


cdef inline size_t table_bytes(const OrderTable *self) noexcept nogil:
    return (
        whole_pages(sizeof(RestingOrder) * <size_t>self.capacity)
        + sizeof(Slot) * (<size_t>self.mask + 1)
    )


cdef inline int64_t table_spare(const OrderTable *self) noexcept nogil:
    """How many more orders can be added before memory must grow."""
    cdef int64_t records = <int64_t>self.capacity - 1 - self.count
    cdef int64_t slots = <int64_t>table_limit(self) - self.count
    return records if records < slots else slots


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
    while self.count + spare > table_limit(self):
        if table_double(self) < 0:
            return -1
    return 0


cdef inline int table_double(OrderTable *self) noexcept nogil:
    cdef size_t slots = <size_t>self.mask + 1, i
    cdef uint32_t mask = <uint32_t>(2 * slots - 1), at
    cdef Slot *larger = <Slot *>resize(NULL, 0, 2 * slots * sizeof(Slot))
    if larger == NULL:
        return -1
    for i in range(slots):
        if self.slots[i].index:
            at = self.slots[i].hash & mask
            while larger[at].index:
                at = (at + 1) & mask
            larger[at] = self.slots[i]
    resize(self.slots, slots * sizeof(Slot), 0)
    self.slots = larger
    self.mask = mask
    return 0


cdef inline uint32_t table_find(
    const OrderTable *self, int64_t order_id, uint32_t hashed
) noexcept nogil:
    """The index of a live order, or 0."""
    cdef uint32_t at = hashed & self.mask
    while self.slots[at].index:
        if (
            self.slots[at].hash == hashed
            and self.orders[self.slots[at].index].order_id == order_id
        ):
            return self.slots[at].index
        at = (at + 1) & self.mask
    return 0


cdef inline uint32_t table_add(
    OrderTable *self, int64_t order_id, uint32_t hashed
) noexcept nogil:
    """A record for an id that is not in the table. Room must be reserved."""
    cdef uint32_t at = hashed & self.mask, index = self.free_order
    if index:
        self.free_order = self.orders[index].next
    else:
        index = self.used
        self.used += 1
    while self.slots[at].index:
        at = (at + 1) & self.mask
    self.slots[at].hash = hashed
    self.slots[at].index = index
    self.orders[index].order_id = order_id
    self.count += 1
    return index


cdef inline void table_remove(OrderTable *self, uint32_t index) noexcept nogil:
    """Free a record and its slot."""
    cdef uint32_t mask = self.mask, home
    cdef uint32_t hole = hash_id(self.orders[index].order_id) & mask, at
    while self.slots[hole].index != index:
        hole = (hole + 1) & mask
    at = (hole + 1) & mask
    while self.slots[at].index:
        home = self.slots[at].hash & mask
        # An entry may move back to the hole unless its home lies between the two.
        if ((at - home) & mask) >= ((at - hole) & mask):
            self.slots[hole] = self.slots[at]
            hole = at
        at = (at + 1) & mask
    self.slots[hole].index = 0
    self.orders[index].next = self.free_order
    self.free_order = index
    self.count -= 1


cdef inline void table_prefetch_slot(const OrderTable *self, int64_t order_id) noexcept nogil:
    prefetch(&self.slots[hash_id(order_id) & self.mask])


cdef inline uint32_t table_guess(const OrderTable *self, int64_t order_id) noexcept nogil:
    """The record that the first slot names, to prefetch; it may be another order's, or none."""
    cdef uint32_t hashed = hash_id(order_id)
    cdef Slot slot = self.slots[hashed & self.mask]
    return slot.index if slot.hash == hashed else 0


cdef inline int table_copy(OrderTable *self, const OrderTable *other) noexcept nogil:
    """Make ``self``, which holds no memory, a copy; -1 if there is no memory."""
    self[0] = other[0]
    self.orders = NULL
    self.slots = <Slot *>resize(NULL, 0, sizeof(Slot) * (<size_t>other.mask + 1))
    if self.slots == NULL:
        self.capacity = 0
        return -1
    self.orders = <RestingOrder *>resize(
        NULL, 0, whole_pages(sizeof(RestingOrder) * <size_t>other.capacity)
    )
    if self.orders == NULL:
        self.capacity = 0
        return -1
    memcpy(self.slots, other.slots, sizeof(Slot) * (<size_t>other.mask + 1))
    memcpy(self.orders, other.orders, sizeof(RestingOrder) * <size_t>other.used)
    return 0
