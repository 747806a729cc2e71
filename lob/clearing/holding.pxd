"""What the accounts of a clearing may have beside cash, and how it backs them."""

from libc.stdint cimport int64_t, uint8_t

from lob.engine.block cimport Block
from lob.clearing.ledger cimport Ledger
from lob.clearing.oracle cimport Oracle
from lob.clearing.requirement cimport Tiers
from lob.engine.ladder cimport Ladder
from lob.venue.market cimport Market

cdef struct HoldingRecord:
    int64_t asset  # number in the ledger
    int64_t instrument  # the book in which it is sold
    int64_t multiplier  # units of cash of one lot at one tick
    bint inverse  # its value in cash is lots * multiplier / price
    bint bookless  # a claim that no book trades: unwrapped, never sold
    bint of_claim  # its price is made of balances
    uint8_t depth  # how many claims deep
    int64_t mark  # ticks; NO_PRICE before the first
    Tiers maintenance[2]  # of long and of short positions
    Tiers initial[2]  # what a position must be backed with when it is opened
    Ladder longs  # isolated long accounts by the tick at which they fail
    Ladder shorts  # and short ones


cdef class Holding:
    cdef HoldingRecord record
    cdef readonly object margin  # the model
    cdef readonly Oracle oracle
    cdef readonly str name  # of the asset
    cdef readonly int64_t number  # among the holdings of its clearing, from 0
    cdef list working  # two Blocks of int64 by account: lots of resting buys, sells
    cdef Block entry_values  # int64 by account: what its lots were bought for; None: not kept
    cdef bint belong_to(self, Market market, Ledger ledger, int64_t number) except -1
    cdef int64_t *working_of(self, int side, int64_t account) except NULL
    cdef int64_t *entry_value_of(self, int64_t account) except NULL
