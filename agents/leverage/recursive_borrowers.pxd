"""Recursive borrowers by the hundred thousand, as one participant."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from agents.simulation cimport Participant
from lob.engine.block cimport Block
from lob.clearing.holding cimport HoldingRecord
from lob.engine.wide cimport int128

cdef enum:
    # What a member is at.
    BUILDING = 0
    HOLDING = 1
    INVENTORY_EXIT = 2
    OUT = 3


cdef struct Seat:
    int64_t held  # lots when its latest loop set out
    int64_t last  # lots that the next loop borrows against
    uint16_t loops  # done
    uint8_t place
    uint8_t phase
    uint8_t missed  # loops in a row that bought nothing
    uint8_t waiting  # a wake-up is to come
    uint8_t sent  # an order is out


cdef struct Place:
    int64_t clearing
    int64_t holding
    int64_t instrument
    int64_t taker_fee
    int64_t first_seat
    int64_t seats
    int64_t first_account


cdef class RecursiveBorrowers(Participant):
    cdef readonly object deposits  # lots by seat
    cdef readonly tuple places  # of (clearing, holding)
    cdef readonly int64_t borrowers
    cdef readonly bint everywhere
    cdef readonly int64_t ltv
    cdef readonly int64_t loops
    cdef readonly int64_t target
    cdef readonly int64_t interval
    cdef readonly int64_t opens
    cdef readonly int64_t slippage
    cdef readonly int64_t patience
    cdef readonly int64_t unwind_below
    cdef readonly int64_t unwind_to
    cdef readonly bint flash
    cdef readonly int64_t look_interval
    cdef readonly int64_t reaction
    cdef Block seat_block
    cdef Block place_block

    cdef inline Seat *seat(self, int64_t number) noexcept:
        return &(<Seat *>self.seat_block.data)[number]

    cdef inline Place *place(self, int64_t number) noexcept:
        return &(<Place *>self.place_block.data)[number]

    cdef int build(self, uint32_t number) except -1
    cdef int unwind_step(self, uint32_t number) except -1
    cdef int look(self) except -1
    cdef int again(self, uint32_t number, int64_t delay) except -1
    cdef int order(
        self, uint32_t number, int side, int64_t size, int64_t price
    ) except -1
