"""What margin accounts pay as time passes, and the losses that they share.

Nothing here looks at accounts again after they paid: ``Clearing`` does.
"""

import copy as copying

cimport cython
from libc.stdint cimport int64_t

from lob.clearing.holding cimport HoldingRecord
from lob.clearing.ledger cimport SAFE, WORLD
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.records cimport ENTRY_FUNDING, ENTRY_INTEREST, ENTRY_SOCIALISED
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, int128

from lob import checks
from lob.allocation import pro_rata

__all__ = ["Payments"]


@cython.final
@cython.auto_pickle(False)
cdef class Payments:
    """Payments of a clearing's accounts: funding, interest, and losses that others could not bear.

    Parameters
    ----------
    accounts
        The ``MarginAccounts`` of the clearing.
    """

    def __init__(self, MarginAccounts accounts not None):
        self.accounts = accounts

    # ---------------------------------------------------------------- accrual

    def pay_funding(self, rate, *, holding=0):
        """Let one side of a contract pay funding: the notional at the mark times the rate.

        What an account pays rounds up, what it receives down, and what that leaves is the insurance
        fund's. The accounts of this clearing pay and receive, and those that are no clearing's; the
        outside world is the other side of all they hold. Accounts of another clearing are that
        one's business.

        Parameters
        ----------
        rate
            Ppm of the notional that the long pay the short, -1,000,000 to 1,000,000; negative: the
            other way.
        holding
            Number of the contract.

        Returns
        -------
        int
            Units of cash that were paid.

        Raises
        ------
        TypeError, ValueError
            If an argument is outside its range, or the contract has no mark yet.
        """
        cdef HoldingRecord *record
        cdef int64_t ppm = checks.ppm("rate", rate, -PPM)
        cdef int64_t account, paid = 0, units, outside = 0
        cdef int128 owed
        number = checks.integer("holding", holding, 0, self.accounts.holding_count - 1)
        record = self.accounts.records[<int64_t>number]
        if record.mark == NO_PRICE:
            raise ValueError(f"holding {holding} has no mark to pay funding on yet")
        for account in range(1, self.accounts.ledger.account_count):
            if self.bears_funding(account):
                outside -= self.accounts.ledger.row(record.asset)[account]
        for account in range(self.accounts.ledger.account_count):
            units = (
                self.accounts.ledger.row(record.asset)[account] if account != WORLD else outside
            )
            if units == 0 or not self.bears_funding(account):
                continue
            owed = <int128>units * record.multiplier * ppm
            # Rounded up whatever the sign: against the account.
            if record.inverse:
                owed = ceil_ratio(owed, <int128>PPM * record.mark)
            else:
                owed = ceil_ratio(owed * record.mark, PPM)
            self.accounts.ledger.post(
                ENTRY_FUNDING,
                self.accounts.cash_asset,
                account,
                self.accounts.fund,
                <int64_t>owed,
                0,
                record.instrument,
            )
            if owed > 0:
                paid += <int64_t>owed
        return paid

    cdef bint bears_funding(self, int64_t account) noexcept:
        """Whether an account is not another clearing's."""
        cdef int clearing = self.accounts.ledger.accounts[account].clearing
        return clearing < 0 or clearing == self.accounts.number

    def charge_interest(self, rate):
        """Let every account in debt pay interest to the lenders.

        Parameters
        ----------
        rate
            0 to 1,000,000 ppm of the debt; what an account pays rounds up.

        Returns
        -------
        int
            Units of cash that were paid.

        Raises
        ------
        TypeError, ValueError
            If ``rate`` is no such number.
        """
        cdef int64_t ppm = checks.ppm("rate", rate)
        cdef int64_t first, count, account, cash, paid = 0, cash_asset = self.accounts.cash_asset
        cdef int128 owed
        for first, count in self.accounts.ranges:
            for account in range(first, first + count):
                cash = self.accounts.cash_of(account)
                if cash < 0:
                    owed = ceil_ratio(-<int128>cash * ppm, PPM)
                    self.accounts.ledger.post(
                        ENTRY_INTEREST, cash_asset, account, self.accounts.pool, <int64_t>owed, 0, 0
                    )
                    paid += <int64_t>owed
        return paid

    # ---------------------------------------------------------------- losses

    def socialise(self, case=0):
        """Let accounts bear the losses that the insurance fund could not.

        Each account pays in proportion to its equity at the marks, if that is positive; rounded as
        in ``lob.allocation.pro_rata``, so that no number is favoured. What nobody here can pay
        stays with the outside world. ``case`` is a number that goes into the draw among equals.

        Returns
        -------
        int
            Units of cash that there were to bear.
        """
        cdef int64_t first, count, account, owed
        cdef int64_t cash_asset = self.accounts.cash_asset
        cdef int64_t *cash = self.accounts.ledger.row(cash_asset)
        owed = -cash[self.accounts.shortfall]
        if owed <= 0:
            return 0
        able = {}
        for first, count in self.accounts.ranges:
            for account in range(first, first + count):
                if self.accounts.ledger.accounts[account].state != SAFE:
                    continue
                value = self.accounts.value_of(account)
                if value is not None and cash[account] + value > 0:
                    able[account] = cash[account] + value
        bearable = min(owed, sum(able.values()))
        ties = {number: cash[<int64_t>number] for number in able}
        owners = {number: self.accounts.ledger.accounts[<int64_t>number].owner for number in able}
        shares = pro_rata(able, bearable, case=case, ties=ties, owners=owners)
        for number, part in shares.items():
            self.accounts.ledger.post(
                ENTRY_SOCIALISED, cash_asset, number, self.accounts.shortfall, part, 0, 0
            )
        self.accounts.ledger.post(
            ENTRY_SOCIALISED, cash_asset, WORLD, self.accounts.shortfall, owed - bearable, 0, 0
        )
        return owed

    def __deepcopy__(self, memo):
        return Payments(copying.deepcopy(self.accounts, memo))
