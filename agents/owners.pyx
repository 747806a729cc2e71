"""The table from owner numbers, which stand on orders, to the agents of a run."""

from libc.stdint cimport int32_t, int64_t, uint32_t

from lob.engine.block cimport Block

cdef enum:
    FIRST_SLOTS = 128


cdef inline uint32_t home_of(int32_t owner, uint32_t mask) noexcept:
    return (<uint32_t>owner * <uint32_t>0x9E3779B1) & mask


cdef class Owners:
    """The agent behind each owner number: agents count from 1, 0 is nobody."""

    def __init__(self):
        self.slots = Block()
        self.slots.reserve(8 * FIRST_SLOTS)
        self.mask = FIRST_SLOTS - 1

    cdef uint32_t find(self, int32_t owner) noexcept:
        """The agent of a number, or 0."""
        cdef const uint32_t *slots = <const uint32_t *>self.slots.data
        cdef uint32_t at = home_of(owner, self.mask)
        while slots[2 * at + 1]:
            if slots[2 * at] == <uint32_t>owner:
                return slots[2 * at + 1]
            at = (at + 1) & self.mask
        return 0

    cdef int register_range(self, int32_t owner, int64_t members, uint32_t agent) except -1:
        """Remember that an agent has so many numbers from one on, which nobody has."""
        cdef int64_t member
        for member in range(members):
            self.register(<int32_t>(owner + member), agent)
        return 0

    cdef uint32_t register(self, int32_t owner, uint32_t agent) except? 0:
        """Remember a number; whose it was already, else 0, and then it is the agent's."""
        cdef uint32_t *slots
        cdef uint32_t at, taken = self.find(owner)
        if taken:
            return taken
        if 2 * (self.count + 1) > self.mask:
            self.double_slots()
        slots = <uint32_t *>self.slots.data
        at = home_of(owner, self.mask)
        while slots[2 * at + 1]:
            at = (at + 1) & self.mask
        slots[2 * at] = <uint32_t>owner
        slots[2 * at + 1] = agent
        self.count += 1
        return 0

    cdef int double_slots(self) except -1:
        cdef Block old = self.slots
        cdef const uint32_t *slots = <const uint32_t *>old.data
        cdef uint32_t i, last = self.mask
        self.slots = Block()
        self.slots.reserve(2 * old.nbytes)
        self.mask = 2 * last + 1
        self.count = 0
        for i in range(last + 1):
            if slots[2 * i + 1]:
                self.register(<int32_t>slots[2 * i], slots[2 * i + 1])
        return 0
