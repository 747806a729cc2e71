"""What follows on an event: how many others, after how long, on which side."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from lob.engine.block cimport Block

cdef enum:
    KERNELS = 3  # fast, slower and slow
    MOST_OFFSPRING = 1_000  # of one event

# What follows on one event.
cdef struct Offspring:
    double passed[KERNELS]  # mean number up to each kernel; the last is the whole
    double rate[KERNELS]  # a second
    double same[KERNELS]  # share that has the side of the event
    double none  # probability that there is none

# What is scheduled to come.
cdef struct Coming:
    uint64_t key  # of its draws
    int64_t source  # of a market order
    int32_t side
    uint32_t next_free

# One of what follows.
cdef struct Follower:
    int64_t wait  # ns
    uint64_t key
    bint same  # has the side of the event


cdef class Diary:
    cdef Block entries  # Coming; number 0 is nobody's
    cdef uint32_t used
    cdef uint32_t free
    cdef uint32_t enter(self, uint64_t key, int side, int64_t source) except 0
    cdef Coming take(self, uint32_t number) noexcept


cdef Offspring offspring(str name, tuple names, object many, object rates, object same) except *
cdef int how_many(const Offspring *offspring, double luck) noexcept
cdef Follower follower(const Offspring *offspring, uint64_t *key) noexcept
