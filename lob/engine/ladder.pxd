"""One side of a book: the occupied prices, best first, and what rests at each.

Prices become unsigned keys such that the best price has the lowest key on either side: an ask at
``price`` has the key ``price + 2**40``, a bid ``2**40 - price``. So the code below, and the
matching above it, knows nothing of sides.

Keys are digits of six bits. The last digit picks one of 64 levels in a *leaf*, the six before it
a path of *nodes* from the root. Each node has a word with a bit for every child that is occupied.
Leaves and nodes exist only where something rests: a lone far price costs one leaf and five nodes,
under 4 KB, dense prices 32 bytes each. The best price is kept; when its level empties, the next
one is a bit scan in the same leaf, or one walk down from the root.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

from lob.engine.memory cimport lowest_bit, prefetch, resize, unlikely, whole_pages

cdef extern from *:
    """
    #define NO_LEVEL 0xFFFFFFFFu
    #define NO_KEY 0xFFFFFFFFFFFFFFFFull
    """
    const uint32_t NO_LEVEL
    const uint64_t NO_KEY  # worse than every key

cdef enum:
    DIGIT = 63
    DEPTH = 6  # nodes from the root to a leaf
    RECENT = 256  # leaves remembered by page, so that most look-ups skip the walk

cdef struct Level:
    int64_t price
    int64_t size  # total lots
    uint32_t head  # oldest order
    uint32_t tail
    uint32_t orders
    uint32_t unused

cdef struct Leaf:
    uint64_t occupied
    uint32_t parent  # a node; of a free leaf: the next free one
    uint32_t digit  # its place in the parent

cdef struct Node:
    uint64_t occupied
    uint32_t parent
    uint32_t digit
    uint32_t child[64]

cdef struct RecentLeaf:
    uint64_t page
    uint64_t leaf

cdef struct Ladder:
    uint64_t best_key  # NO_KEY if nothing rests
    uint32_t best  # level index: 64 * leaf + last digit
    uint32_t leaf_count
    uint32_t leaf_capacity
    uint32_t free_leaf
    uint32_t free_leaves
    uint32_t node_count
    uint32_t node_capacity
    uint32_t free_node
    uint32_t free_nodes
    Level *levels
    Leaf *leaves
    Node *nodes
    RecentLeaf recent[RECENT]


cdef inline int ladder_init(Ladder *self) noexcept nogil:
    """An empty ladder; -1 if there is no memory. The root is node 0 and stays."""
    self.leaf_count = self.leaf_capacity = 0
    self.node_count = self.node_capacity = 0
    self.levels = NULL
    self.leaves = NULL
    self.nodes = NULL
    if ladder_reserve(self, 16) < 0:
        return -1
    ladder_clear(self)
    return 0


cdef inline void ladder_clear(Ladder *self) noexcept nogil:
    """Take everything out; the memory is kept for what comes."""
    cdef int i
    self.best_key = NO_KEY
    self.best = NO_LEVEL
    self.leaf_count = self.free_leaves = self.free_nodes = 0
    self.node_count = 1
    self.nodes[0].occupied = 0
    for i in range(RECENT):
        self.recent[i].page = NO_KEY


cdef inline void ladder_release(Ladder *self) noexcept nogil:
    resize(self.levels, whole_pages(64 * sizeof(Level) * <size_t>self.leaf_capacity), 0)
    resize(self.leaves, whole_pages(sizeof(Leaf) * <size_t>self.leaf_capacity), 0)
    resize(self.nodes, whole_pages(sizeof(Node) * <size_t>self.node_capacity), 0)


cdef inline size_t ladder_bytes(const Ladder *self) noexcept nogil:
    return (
        whole_pages(64 * sizeof(Level) * <size_t>self.leaf_capacity)
        + whole_pages(sizeof(Leaf) * <size_t>self.leaf_capacity)
        + whole_pages(sizeof(Node) * <size_t>self.node_capacity)
    )


cdef inline int64_t ladder_spare(const Ladder *self) noexcept nogil:
    """How many more levels can be added, at worst, before memory must grow."""
    cdef int64_t leaves = self.leaf_capacity - self.leaf_count + self.free_leaves
    cdef int64_t nodes = (self.node_capacity - self.node_count + self.free_nodes) // DEPTH
    return leaves if leaves < nodes else nodes


cdef inline int ladder_reserve(Ladder *self, uint32_t spare) noexcept nogil:
    """Make room for ``spare`` more levels wherever they are; -1 if there is no memory."""
    cdef uint32_t leaves = self.leaf_count + spare + self.leaf_count // 8
    cdef uint32_t nodes = self.node_count + spare * DEPTH + self.node_count // 8
    cdef void *block
    if leaves > (1 << 26) - 1:
        return -1
    if leaves > self.leaf_capacity:
        block = resize(
            self.levels,
            whole_pages(64 * sizeof(Level) * <size_t>self.leaf_capacity),
            whole_pages(64 * sizeof(Level) * <size_t>leaves),
        )
        if block == NULL:
            return -1
        self.levels = <Level *>block
        block = resize(
            self.leaves,
            whole_pages(sizeof(Leaf) * <size_t>self.leaf_capacity),
            whole_pages(sizeof(Leaf) * <size_t>leaves),
        )
        if block == NULL:
            return -1
        self.leaves = <Leaf *>block
        self.leaf_capacity = leaves
    if nodes > self.node_capacity:
        block = resize(
            self.nodes,
            whole_pages(sizeof(Node) * <size_t>self.node_capacity),
            whole_pages(sizeof(Node) * <size_t>nodes),
        )
        if block == NULL:
            return -1
        self.nodes = <Node *>block
        self.node_capacity = nodes
    return 0


cdef inline uint32_t ladder_find_leaf(Ladder *self, uint64_t page) noexcept nogil:
    """The leaf of a page (a key without its last digit), or NO_LEVEL."""
    cdef RecentLeaf *recent = &self.recent[page % RECENT]
    cdef uint32_t here = 0
    cdef int shift = 6 * (DEPTH - 1)
    cdef uint64_t digit
    if recent.page == page:
        return <uint32_t>recent.leaf
    while shift >= 0:
        digit = (page >> shift) & DIGIT
        if not (self.nodes[here].occupied >> digit) & 1:
            return NO_LEVEL
        here = self.nodes[here].child[digit]
        shift -= 6
    recent.page = page
    recent.leaf = here
    return here


cdef inline uint32_t ladder_add_leaf(Ladder *self, uint64_t page) noexcept nogil:
    """A new leaf for a page that has none, with the nodes above it. Room must be reserved."""
    cdef uint32_t here = 0, below
    cdef int shift = 6 * (DEPTH - 1)
    cdef uint64_t digit
    cdef RecentLeaf *recent = &self.recent[page % RECENT]
    while shift > 0:
        digit = (page >> shift) & DIGIT
        if not (self.nodes[here].occupied >> digit) & 1:
            if self.free_nodes:
                below = self.free_node
                self.free_node = self.nodes[below].parent
                self.free_nodes -= 1
            else:
                below = self.node_count
                self.node_count += 1
            self.nodes[below].occupied = 0
            self.nodes[below].parent = here
            self.nodes[below].digit = <uint32_t>digit
            self.nodes[here].child[digit] = below
            self.nodes[here].occupied |= <uint64_t>1 << digit
        here = self.nodes[here].child[digit]
        shift -= 6
    if self.free_leaves:
        below = self.free_leaf
        self.free_leaf = self.leaves[below].parent
        self.free_leaves -= 1
    else:
        below = self.leaf_count
        self.leaf_count += 1
    digit = page & DIGIT
    self.leaves[below].occupied = 0
    self.leaves[below].parent = here
    self.leaves[below].digit = <uint32_t>digit
    self.nodes[here].child[digit] = below
    self.nodes[here].occupied |= <uint64_t>1 << digit
    recent.page = page
    recent.leaf = below
    return below


cdef inline uint32_t ladder_add(Ladder *self, uint64_t key, int64_t price) noexcept nogil:
    """The index of the level at ``key``, made if it is not there. Room must be reserved."""
    cdef uint32_t leaf = ladder_find_leaf(self, key >> 6)
    cdef uint32_t index
    cdef uint64_t bit = <uint64_t>1 << (key & DIGIT)
    cdef Level *level
    if unlikely(leaf == NO_LEVEL):
        leaf = ladder_add_leaf(self, key >> 6)
    index = 64 * leaf + <uint32_t>(key & DIGIT)
    if not self.leaves[leaf].occupied & bit:
        self.leaves[leaf].occupied |= bit
        level = &self.levels[index]
        level.price = price
        level.size = 0
        level.head = level.tail = 0
        level.orders = 0
        if key < self.best_key:
            self.best_key = key
            self.best = index
    return index


cdef inline uint32_t ladder_find(Ladder *self, uint64_t key) noexcept nogil:
    """The index of the level at ``key``, or NO_LEVEL."""
    cdef uint32_t leaf = ladder_find_leaf(self, key >> 6)
    if leaf == NO_LEVEL or not (self.leaves[leaf].occupied >> (key & DIGIT)) & 1:
        return NO_LEVEL
    return 64 * leaf + <uint32_t>(key & DIGIT)


cdef inline void ladder_prefetch(const Ladder *self, uint64_t key) noexcept nogil:
    """Ask for the level at ``key``, if it was used not long ago."""
    cdef const RecentLeaf *recent = &self.recent[(key >> 6) % RECENT]
    prefetch(&self.levels[64 * recent.leaf + (key & DIGIT)])


cdef inline uint32_t ladder_first_below(
    const Ladder *self, uint32_t node, int depth
) noexcept nogil:
    """The best level under a node that is ``depth`` steps above the leaves."""
    while depth > 0:
        node = self.nodes[node].child[lowest_bit(self.nodes[node].occupied)]
        depth -= 1
    return 64 * node + <uint32_t>lowest_bit(self.leaves[node].occupied)


cdef inline uint32_t ladder_next(const Ladder *self, uint32_t index) noexcept nogil:
    """The next worse level after ``index``, or NO_LEVEL."""
    cdef uint32_t here = index >> 6, digit = index & DIGIT
    cdef uint64_t beyond = (self.leaves[here].occupied >> digit) >> 1
    cdef int depth = 0
    if beyond:
        return index + 1 + <uint32_t>lowest_bit(beyond)
    digit = self.leaves[here].digit
    here = self.leaves[here].parent
    while depth < DEPTH:
        depth += 1
        beyond = (self.nodes[here].occupied >> digit) >> 1
        if beyond:
            digit += 1 + <uint32_t>lowest_bit(beyond)
            return ladder_first_below(self, self.nodes[here].child[digit], depth - 1)
        digit = self.nodes[here].digit
        here = self.nodes[here].parent
    return NO_LEVEL


cdef inline void ladder_drop_leaf(Ladder *self, uint32_t leaf, uint64_t page) noexcept nogil:
    """Give an empty leaf back, with the nodes that it leaves empty."""
    cdef uint32_t node = self.leaves[leaf].parent, above
    cdef uint32_t digit = self.leaves[leaf].digit
    if self.recent[page % RECENT].page == page:
        self.recent[page % RECENT].page = NO_KEY
    self.leaves[leaf].parent = self.free_leaf
    self.free_leaf = leaf
    self.free_leaves += 1
    self.nodes[node].occupied &= ~(<uint64_t>1 << digit)
    while node and not self.nodes[node].occupied:
        above = self.nodes[node].parent
        digit = self.nodes[node].digit
        self.nodes[node].parent = self.free_node
        self.free_node = node
        self.free_nodes += 1
        node = above
        self.nodes[node].occupied &= ~(<uint64_t>1 << digit)


cdef inline void ladder_remove(Ladder *self, uint32_t index, uint64_t key) noexcept nogil:
    """Take the level out: nothing rests at it any more."""
    cdef uint32_t leaf = index >> 6
    cdef uint64_t occupied = self.leaves[leaf].occupied & ~(<uint64_t>1 << (index & DIGIT))
    self.leaves[leaf].occupied = occupied
    if unlikely(not occupied):
        ladder_drop_leaf(self, leaf, key >> 6)
    if key == self.best_key:
        if occupied:
            self.best = 64 * leaf + <uint32_t>lowest_bit(occupied)
            self.best_key = (key & ~<uint64_t>DIGIT) + <uint64_t>lowest_bit(occupied)
        elif self.nodes[0].occupied:
            self.best = ladder_first_below(self, 0, DEPTH)
            self.best_key = ladder_key(self, self.best)
        else:
            self.best = NO_LEVEL
            self.best_key = NO_KEY


cdef inline uint64_t ladder_key(const Ladder *self, uint32_t index) noexcept nogil:
    """The key of a level, read back from its path."""
    cdef uint32_t leaf = index >> 6, node = self.leaves[leaf].parent
    cdef uint64_t key = (index & DIGIT) + (<uint64_t>self.leaves[leaf].digit << 6)
    cdef int shift = 12
    while node:
        key += <uint64_t>self.nodes[node].digit << shift
        node = self.nodes[node].parent
        shift += 6
    return key


cdef inline int ladder_copy(Ladder *self, const Ladder *other) noexcept nogil:
    """Make ``self``, which holds no memory, a copy; -1 if there is no memory."""
    memcpy(self, other, sizeof(Ladder))
    self.levels = NULL
    self.leaves = NULL
    self.nodes = NULL
    self.leaf_capacity = self.node_capacity = 0
    if ladder_reserve(self, 16) < 0:
        return -1
    memcpy(self.levels, other.levels, 64 * sizeof(Level) * <size_t>other.leaf_count)
    memcpy(self.leaves, other.leaves, sizeof(Leaf) * <size_t>other.leaf_count)
    memcpy(self.nodes, other.nodes, sizeof(Node) * <size_t>other.node_count)
    return 0
