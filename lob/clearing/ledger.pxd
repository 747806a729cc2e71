"""Who has how much of what, and the journal of every change."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t

from lob.engine.block cimport Block
from lob.venue.market cimport Market
from lob.engine.records cimport Entry
from lob.engine.wide cimport int128

cdef enum:
    WORLD = 0  # the account of everybody outside

    # States of an account.
    SAFE = 0
    FAILED = 1  # a liquidation has it


cdef struct Account:
    int64_t liquidation_price  # tick at which it fails; NO_LIQUIDATION_PRICE: none
    int32_t prev  # the account before it in the queue of that tick; 0: none
    int32_t next  # the account behind it there; 0: none
    int32_t owner  # owner number of its orders, 0: none
    int32_t liquidation  # number of its open liquidation, from 1; 0: none
    uint16_t holding  # of an isolated account: the one that it may have
    int16_t clearing  # number of its clearing; -1: nobody asks it for margin
    uint8_t state  # SAFE or FAILED
    uint8_t cross  # all its holdings back each other
    int8_t indexed  # 1 among the longs, -1 among the shorts, 0: not in a queue
    uint8_t reduces  # has sent reduce-only orders that may rest
    uint32_t level  # index of that queue in its ladder, while it is in one
    uint32_t padding[3]  # 48 bytes in all: four accounts lie in three cache lines


cdef struct OwnerRange:
    int32_t first_owner  # the first of owner numbers in a row
    int32_t last_owner  # the last of them
    int32_t first_account  # the account of the first; the others follow


cdef class Ledger:
    cdef readonly list assets  # names, by number
    cdef readonly int64_t account_count
    cdef public int64_t seq  # of the latest event
    cdef public int64_t now
    cdef readonly int64_t postings  # so far
    cdef int128 room  # units that any balance can still get or give, as far as has been looked
    cdef int64_t last_tag  # of the latest posting
    cdef uint8_t last_kind
    cdef dict names
    cdef list rows  # a Block of int64 an asset, by account
    cdef Block row_pointers
    cdef Block account_block
    cdef Account *accounts
    cdef Block inside  # int64 an asset: what came in from the world and has not left
    cdef Block ranges
    cdef int64_t range_count
    cdef OwnerRange inhabited  # the range that was asked for last
    cdef OwnerRange outside  # and the last one asked for between ranges: nobody there has any
    cdef Block journal
    cdef int64_t journal_count
    cdef Market market  # is told of what is moved without a message; None: nobody is
    cdef object writer
    cdef bint keep

    cdef inline int64_t *row(self, int64_t asset) noexcept:
        return (<int64_t **>self.row_pointers.data)[asset]

    cdef inline int64_t account_of(self, int32_t owner) noexcept:
        """Number of the account on which an owner's trades are settled; the world's, if none."""
        # Asked several times a message, and mostly of those who were asked for before.
        if self.outside.first_owner <= owner <= self.outside.last_owner:
            return WORLD
        if self.inhabited.first_owner <= owner <= self.inhabited.last_owner:
            return self.inhabited.first_account + (owner - self.inhabited.first_owner)
        return self.find_account(owner)

    cdef int64_t find_account(self, int32_t owner) noexcept
    cdef bint has_room(self, int128 units) noexcept
    cdef Entry *write(self, uint8_t kind) except NULL
    cdef int post(
        self, uint8_t kind, int64_t asset, int64_t debit, int64_t credit, int64_t amount,
        int64_t tag, int64_t instrument,
    ) except -1
    cdef int64_t open(self, int64_t count, int32_t first_owner) except -1
    cdef int make_room(self) except -1
    cdef int flush(self) except -1
