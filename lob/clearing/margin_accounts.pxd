"""The margin accounts of one clearing: what they have, by account number."""

from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.cross cimport MAX_HOLDINGS
from lob.clearing.holding cimport HoldingRecord
from lob.clearing.ledger cimport Ledger
from lob.venue.market cimport Market


cdef class MarginAccounts:
    cdef readonly str name  # of the clearing
    cdef readonly int64_t number  # of the clearing in its venue, from 0
    cdef readonly Market market  # None: it belongs to no venue yet
    cdef readonly Ledger ledger
    cdef readonly object claims  # the ``Claims`` of the venue; None: it has none
    cdef readonly list holdings  # Holding, by number
    cdef readonly int64_t holding_count
    cdef readonly int64_t cash_asset  # number in the ledger
    cdef readonly int64_t fund  # account of the insurance fund
    cdef readonly int64_t fees  # account
    cdef readonly int64_t shortfall  # account: losses that nobody has borne yet
    cdef readonly int64_t pool  # account: lends, and gets the interest
    cdef readonly int64_t account_total
    cdef readonly bint watches_claims  # some mark is made of balances
    cdef str cash  # name of the cash asset
    cdef int64_t first_fund  # units that the fund starts with
    cdef list ranges  # (first account, count), in the order of opening
    cdef HoldingRecord *records[MAX_HOLDINGS]  # of the holdings, by number
    cdef Block traded  # int64 an instrument: the holding that its book trades, or -1

    cdef inline int64_t holding_of(self, int64_t instrument) noexcept:
        """The holding that a book trades, or -1."""
        return (<int64_t *>self.traded.data)[instrument]

    cdef inline int64_t held(self, int64_t holding, int64_t account) noexcept:
        """Lots of a holding that an account has, signed."""
        return self.ledger.row(self.records[holding].asset)[account]

    cdef inline int64_t cash_of(self, int64_t account) noexcept:
        """Units of cash that an account has; negative: debt."""
        return self.ledger.row(self.cash_asset)[account]

    cdef int point_at_records(self) except -1
    cdef int64_t own(self, account) except -1
    cdef int64_t largest(self, int64_t account) noexcept
