"""What the accounts of a clearing may have beside cash, and how it backs them."""

from libc.stdint cimport int64_t, uint8_t

from lob.engine.block cimport Block
from lob.clearing.oracle cimport Oracle
from lob.clearing.requirement cimport Tiers
from lob.engine.ladder cimport Ladder

cdef struct HoldingRecord:
    int64_t asset
    int64_t instrument  # the book in which it is sold
    int64_t multiplier
    bint inverse
    bint bookless  # a claim that no book trades: unwrapped, never sold
    bint of_claim  # its price is made of balances
    uint8_t depth  # how many claims deep
    int64_t mark  # ticks; NO_PRICE before the first
    Tiers maintenance[2]  # of long and of short positions
    Tiers initial[2]
    Ladder longs  # accounts by the tick at which they fail
    Ladder shorts


cdef class Holding:
    cdef HoldingRecord record
    cdef readonly object margin  # the model
    cdef readonly Oracle oracle
    cdef readonly str name
    cdef readonly int64_t number
    cdef list working  # two Blocks of int64 by account: lots of resting buys, sells
    cdef Block entry_values  # int64 by account: what its lots were bought for; None: not kept
    cdef int64_t *working_of(self, int side, int64_t account) except NULL
    cdef int64_t *entry_value_of(self, int64_t account) except NULL
