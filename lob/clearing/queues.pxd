"""Queues of isolated accounts by the tick at which they fail.

Each tick has a list that runs through the records of the accounts themselves. Joining and leaving
is O(1) beside finding the tick. Queueing very many anew costs less when they are sorted first:
each record is then written once, and none waits for another.
"""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport qsort
from libc.string cimport memset

from lob.clearing.ledger cimport Account
from lob.engine.ladder cimport (
    Ladder,
    Level,
    ladder_add,
    ladder_clear,
    ladder_remove,
    ladder_reserve,
)
from lob.engine.memory cimport prefetch
from lob.engine.records cimport MAX_PRICE
from lob.engine.wide cimport int128

cdef enum:
    RADIX = 2048  # buckets of a pass of the sort
    RADIX_BITS = 11
    AHEAD = 16  # accounts: how early their records are asked for

cdef struct Waiting:
    uint64_t key  # see key_of
    uint64_t account  # number in the ledger

cdef struct Failing:
    int128 excess  # units of cash times a million that it lacks, negative; 0 where all are alike
    uint64_t drawn  # among equals, see draw_of
    int64_t account  # number in the ledger


cdef inline uint64_t draw_of(int32_t owner, int64_t now, int64_t failed) noexcept nogil:
    """Where an owner stands among equals that fail together, at a time and after so many others.

    Two owners of one draw differ, for every step can be undone (the finaliser of SplitMix64:
    Steele, Lea and Flood 2014). Account numbers are not in it, and the next draw has another order.
    """
    cdef uint64_t salt = mixed(<uint64_t>now ^ mixed(<uint64_t>failed))
    return mixed(salt ^ <uint64_t>owner)


cdef inline uint64_t mixed(uint64_t bits) noexcept nogil:
    """Another number for each number, with all bits changed by each."""
    bits += <uint64_t>0x9E3779B97F4A7C15
    bits = (bits ^ (bits >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    bits = (bits ^ (bits >> 27)) * <uint64_t>0x94D049BB133111EB
    return bits ^ (bits >> 31)


cdef inline int compare_failing(const void *one, const void *other) noexcept nogil:
    """Whoever lacks most is first; among equals the draw decides."""
    cdef const Failing *a = <const Failing *>one
    cdef const Failing *b = <const Failing *>other
    if a.excess != b.excess:
        return -1 if a.excess < b.excess else 1
    return (a.drawn > b.drawn) - (a.drawn < b.drawn)


cdef inline void sort_failing(Failing *rows, int64_t count) noexcept nogil:
    """Put accounts that fail at one update into the order in which they are served."""
    if count > 1:
        qsort(rows, <size_t>count, sizeof(Failing), compare_failing)


cdef inline uint64_t key_of(bint long_side, int64_t price) noexcept nogil:
    """Where a tick stands among the failing ticks of a side: the first to fail has the lowest."""
    return <uint64_t>(MAX_PRICE - price if long_side else MAX_PRICE + price)


cdef inline void queue_join(
    Ladder *ladder, Account *accounts, int64_t account, bint long_side
) noexcept nogil:
    """Put an account behind those that fail at the same tick. Room must be reserved."""
    cdef Account *record = &accounts[account]
    cdef int64_t price = record.liquidation_price
    cdef Level *level
    record.level = ladder_add(ladder, key_of(long_side, price), price)
    level = &ladder.levels[record.level]
    record.prev = <int32_t>level.tail
    record.next = 0
    if level.orders:
        accounts[level.tail].next = <int32_t>account
    else:
        level.head = <uint32_t>account
        record.prev = 0
    level.tail = <uint32_t>account
    level.orders += 1
    record.indexed = 1 if long_side else -1


cdef inline void queue_leave(Ladder *ladder, Account *accounts, int64_t account) noexcept nogil:
    """Take an account out of its queue."""
    cdef Account *record = &accounts[account]
    cdef Level *level = &ladder.levels[record.level]
    if record.prev:
        accounts[record.prev].next = record.next
    else:
        level.head = <uint32_t>record.next
    if record.next:
        accounts[record.next].prev = record.prev
    else:
        level.tail = <uint32_t>record.prev
    level.orders -= 1
    if level.orders == 0:
        ladder_remove(ladder, record.level, key_of(record.indexed > 0, record.liquidation_price))
    record.indexed = 0


cdef inline Waiting *sort_waiting(Waiting *rows, Waiting *spare, int64_t count) noexcept nogil:
    """By key, those of one key in the order they are in; where the sorted rows are."""
    cdef int64_t counts[RADIX]
    cdef uint64_t lowest = 0, highest = 0, digit
    cdef int64_t i, total, here
    cdef int shift = 0
    cdef Waiting *swapped
    for i in range(count):
        lowest = rows[i].key if i == 0 or rows[i].key < lowest else lowest
        highest = rows[i].key if i == 0 or rows[i].key > highest else highest
    while (highest - lowest) >> shift:
        memset(counts, 0, sizeof(counts))
        for i in range(count):
            counts[((rows[i].key - lowest) >> shift) & (RADIX - 1)] += 1
        total = 0
        for i in range(RADIX):
            here = counts[i]
            counts[i] = total
            total += here
        for i in range(count):
            digit = ((rows[i].key - lowest) >> shift) & (RADIX - 1)
            spare[counts[digit]] = rows[i]
            counts[digit] += 1
        swapped = rows
        rows = spare
        spare = swapped
        shift += RADIX_BITS
    return rows


cdef inline int queue_anew(
    Ladder *ladder, Account *accounts, const Waiting *rows, int64_t count, bint long_side
) noexcept nogil:
    """Let a side's queues be these sorted accounts and no others; -1 if there is no memory."""
    cdef int64_t i
    cdef uint32_t at = 0
    cdef Account *record
    cdef Level *level = NULL
    cdef uint64_t key
    ladder_clear(ladder)
    for i in range(count):
        if i + AHEAD < count:
            prefetch(&accounts[rows[i + AHEAD].account])
        key = rows[i].key
        record = &accounts[rows[i].account]
        record.liquidation_price = (
            MAX_PRICE - <int64_t>key if long_side else <int64_t>key - MAX_PRICE
        )
        if i == 0 or key != rows[i - 1].key:
            if ladder_reserve(ladder, 1) < 0:
                return -1
            at = ladder_add(ladder, key, record.liquidation_price)
            level = &ladder.levels[at]
            level.head = <uint32_t>rows[i].account
            record.prev = 0
        else:
            record.prev = <int32_t>rows[i - 1].account
        record.next = 0
        if i + 1 < count and rows[i + 1].key == key:
            record.next = <int32_t>rows[i + 1].account
        record.level = at
        record.indexed = 1 if long_side else -1
        level.tail = <uint32_t>rows[i].account
        level.orders += 1
    return 0
