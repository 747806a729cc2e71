"""Draws keyed by event: each event has a key, from which alone follows all that it draws.

So what one event draws moves no other's draws: of two runs with one seed, of which one has a trade
more, every event of both has the same luck. A key is 64 bits out of a stream of the participant,
or out of the key of the event that causes this one. Numbers follow from it by SplitMix64 (Steele,
Lea, Flood 2014): a Weyl sequence that Stafford's mixer scrambles.
"""

from libc.stdint cimport uint64_t


cdef inline uint64_t next_key(uint64_t *key) noexcept nogil:
    """The next 64 bits of a key; ``key`` moves on."""
    cdef uint64_t z
    key[0] += <uint64_t>0x9E3779B97F4A7C15
    z = key[0]
    z = (z ^ z >> 30) * <uint64_t>0xBF58476D1CE4E5B9
    z = (z ^ z >> 27) * <uint64_t>0x94D049BB133111EB
    return z ^ z >> 31


cdef inline double chance(uint64_t *key) noexcept nogil:
    """A multiple of 2**-53 in [0, 1)."""
    return <double>(next_key(key) >> 11) * (1.0 / (1ull << 53))
