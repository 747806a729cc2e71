"""What follows on an event: how many others, after how long, on which side.

Followers come as in a self-exciting process told by generations: each event has a Poisson number of
them, and each comes after an exponential time of one of three kernels.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp, natural_log
from agents.flow.keyed cimport chance, next_key
from lob.units cimport SECOND_NS

from lob.checks import reals

cdef double MOST_MEAN = 500  # of offspring: e**-500 is still a number


cdef Offspring offspring(str name, tuple names, object many, object rates, object same) except *:
    """What follows on something; ``names`` are those of the rates and the shares, for errors."""
    cdef Offspring found
    cdef double whole = 0
    of_rates, of_shares = names
    means = reals(name, many, KERNELS)
    paces = reals(of_rates, rates, KERNELS)
    shares = reals(of_shares, same, KERNELS)
    if min(paces) == 0:
        raise ValueError(f"{of_rates} must be above 0, got {rates!r}")
    if max(shares) > 1:
        raise ValueError(f"{of_shares} must be at most 1, got {same!r}")
    if sum(means) > MOST_MEAN:
        raise ValueError(f"{name} must sum to at most {MOST_MEAN:g}, got {many!r}")
    for i in range(KERNELS):
        whole += means[i]
        found.passed[i], found.rate[i], found.same[i] = whole, paces[i], shares[i]
    found.none = natural_exp(-whole)
    return found


cdef int how_many(const Offspring *offspring, double luck) noexcept:
    """A Poisson number by inverse transform, with ``luck`` uniform on [0, 1)."""
    cdef double whole = offspring.passed[KERNELS - 1], term = offspring.none
    cdef int count = 0
    while luck >= term and count < MOST_OFFSPRING:
        luck -= term
        count += 1
        term *= whole / count
    return count


cdef Follower follower(const Offspring *offspring, uint64_t *key) noexcept:
    """One that follows, by four draws of a key."""
    cdef double at = chance(key) * offspring.passed[KERNELS - 1]
    cdef double wait = -natural_log(1 - chance(key))
    cdef Follower one
    cdef int kernel = 0
    while kernel < KERNELS - 1 and at >= offspring.passed[kernel]:
        kernel += 1
    wait *= SECOND_NS / offspring.rate[kernel]
    one.wait = <int64_t>wait if wait < 9e18 else <int64_t>9e18
    one.same = chance(key) < offspring.same[kernel]
    one.key = next_key(key)
    return one


cdef class Diary:
    """What is to come, by numbers that are used again."""

    def __init__(self):
        self.entries = Block()

    cdef uint32_t enter(self, uint64_t key, int side, int64_t source) except 0:
        """Note something; its number."""
        cdef uint32_t number = self.free
        cdef Coming *coming
        if number == 0:
            self.used += 1
            number = self.used
            if (number + 1) * sizeof(Coming) > self.entries.nbytes:
                self.entries.reserve(2 * (number + 1) * sizeof(Coming))
        coming = &(<Coming *>self.entries.data)[number]
        self.free = coming.next_free
        coming.key, coming.side, coming.source, coming.next_free = key, side, source, 0
        return number

    cdef Coming take(self, uint32_t number) noexcept:
        """What has this number, which is free from now on."""
        cdef Coming *coming = &(<Coming *>self.entries.data)[number]
        cdef Coming found = coming[0]
        coming.next_free = self.free
        self.free = number
        return found
