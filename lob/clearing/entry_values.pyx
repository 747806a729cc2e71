"""What the lots of margin accounts were bought for: the average entry price, without rounding it.

Kept only where somebody asks for it, for example a queue of auto-deleveraging by profit.
"""

import copy as copying

cimport cython
from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.holding cimport Holding
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.wide cimport int128

from lob import checks

__all__ = ["EntryValues"]


@cython.final
@cython.auto_pickle(False)
cdef class EntryValues:
    """What every account's lots were bought for, by holding, in units of cash.

    Adding to a position adds what is paid for it; closing a part takes off the same part of the
    value, rounded towards zero: the average entry price stays.

    Parameters
    ----------
    accounts
        The ``MarginAccounts`` of the clearing.

    Attributes
    ----------
    kept : bool
        Whether ``keep`` was called: nothing is noted before that.
    """

    def __init__(self, MarginAccounts accounts not None):
        self.accounts = accounts

    def keep(self):
        """Keep what lots are bought for from now on: 8 bytes for each account and holding."""
        cdef Holding holding
        for holding in self.accounts.holdings:
            if holding.entry_values is None:
                holding.entry_values = Block()
        self.kept = True

    def of(self, account, holding=0):
        """What an account's lots of a holding were bought for, in units of cash.

        Negative of a short position. Closing a part of a position takes off the same part of the
        value, rounded towards zero.

        Parameters
        ----------
        account
            Number of one of the clearing's accounts.
        holding
            Number of the holding.

        Raises
        ------
        TypeError, ValueError
            If entry values are not kept, or there is no such account or holding.
        """
        cdef int64_t last = self.accounts.holding_count - 1
        cdef Holding of = self.accounts.holdings[checks.integer("holding", holding, 0, last)]
        if not self.kept:
            raise ValueError("entry values are not kept: call keep_entry_values first")
        checks.integer("account", account, 0, self.accounts.ledger.account_count - 1)
        return of.entry_value_of(account)[0]

    def note_opening(self, int64_t first, int64_t count, prices=None):
        """Note what the lots that accounts start with were bought for.

        Parameters
        ----------
        first, count
            Number of the first account, and how many follow, all isolated or all cross.
        prices
            Ticks: a row a holding, or the one row of isolated accounts; ``None``: the marks.
        """
        cdef int64_t account, h, lots, price
        cdef bint cross = self.accounts.ledger.accounts[first].cross
        for account in range(first, first + count):
            for h in range(self.accounts.holding_count):
                lots = self.accounts.held(h, account)
                if lots == 0:
                    continue
                price = self.accounts.records[h].mark
                if prices is not None:
                    price = prices[h if cross else 0, account - first]
                if price != NO_PRICE:
                    (<Holding>self.accounts.holdings[h]).entry_value_of(account)[0] += (
                        self.accounts.worth(h, lots, price)
                    )

    cdef int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1:
        """An account bought signed lots, which it has already, and paid units of cash for them."""
        cdef int64_t i, held, closed, size = lots if lots >= 0 else -lots
        cdef int64_t *value
        cdef int128 part
        if not self.kept:
            return 0
        for i in range(self.accounts.holding_count):
            if self.accounts.records[i].asset != asset:
                continue
            value = (<Holding>self.accounts.holdings[i]).entry_value_of(account)
            held = self.accounts.held(i, account) - lots
            if held == 0 or (held > 0) == (lots > 0):
                value[0] += paid
            else:
                closed = min(size, held if held > 0 else -held)
                part = <int128>value[0] * closed
                held = held if held > 0 else -held
                value[0] -= <int64_t>(part // held if part >= 0 else -(-part // held))
                if size > closed:
                    value[0] = <int64_t>(<int128>paid * (size - closed) // size)
            return 0
        return 0

    def __deepcopy__(self, memo):
        cdef EntryValues other = EntryValues(copying.deepcopy(self.accounts, memo))
        other.kept = self.kept
        return other
