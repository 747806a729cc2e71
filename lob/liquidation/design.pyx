"""A liquidation design whose decisions are made in Python.

What it may do with a case is here; what the named designs do is in ``lob.liquidation.stages``.
"""

import heapq

cimport cython
from libc.stdint cimport int64_t

from lob.clearing.clearing cimport Liquidator
from lob.records cimport (
    CAUSE_TRANSFER,
    ENTRY_ADL,
    ENTRY_STAGE,
    ENTRY_TAKEOVER,
    IOC,
    LIMIT,
    MARKET,
    Entry,
)
from lob.wide cimport fits, int128

from lob import checks
from lob.types import MAX_PRICE

__all__ = ["Design"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class Design(Liquidator):
    """Extend it with ``on_failure(case)``, and ``on_due(case, ts)`` if it asks to be called back.

    A case is a number; ``clearing.cases[case]`` and the methods here say what is to know about it.
    Every case must end in ``settle`` or ``release``: until then nobody else may touch the account.
    """

    def __init__(self):
        super().__init__()
        self.due = []

    # ---------------------------------------------------------------- to override

    def on_failure(self, case):
        """The turn of a failed account has come. Its own orders are cancelled already."""

    def on_due(self, case, ts):
        """The time that ``call_back`` asked for has come."""

    # ---------------------------------------------------------------- what it calls

    def account_of(self, case):
        """Number of the account that failed."""
        return self.clearing.case(checked(self, case)).account

    def held(self, case, holding=0):
        """Lots of a holding that the account still has, signed."""
        cdef int64_t account = self.clearing.case(checked(self, case)).account
        cdef int64_t number = checks.integer("holding", holding, 0, self.clearing.holding_count - 1)
        return self.clearing.ledger.row(self.clearing.records[number].asset)[account]

    def is_flat(self, case):
        """Whether the account holds nothing but cash."""
        return self.clearing.flat(self.clearing.case(checked(self, case)).account)

    def is_safe(self, case):
        """Whether the account meets its maintenance margin again."""
        return self.clearing.health_of(self.clearing.case(checked(self, case)).account) >= 0

    def opened(self, case):
        """When the account failed, in ns."""
        return self.clearing.case(checked(self, case)).opened

    def stage(self, case):
        """Number of the stage that has the case."""
        return self.clearing.case(checked(self, case)).stage

    def enter_stage(self, case, stage):
        """Let a stage take a case over; the journal says so."""
        cdef int64_t number = checked(self, case)
        cdef Entry *entry
        self.clearing.case(number).stage = checks.integer("stage", stage, 0, 255)
        entry = self.clearing.ledger.write(ENTRY_STAGE)
        entry.tag = self.clearing.tag_of(number)
        entry.debit = self.clearing.case(number).account
        entry.stage = self.clearing.case(number).stage

    def sell(self, case, size, price=None, *, holding=0):
        """Trade ``size`` lots of the account toward zero in the book, at once.

        At ``price`` ticks or better, at any price without one; what does not trade stays with the
        account.
        """
        cdef int64_t number = checked(self, case)
        cdef int64_t held = self.held(case, holding)
        cdef int64_t lots = checks.integer("size", size, 1, abs(held))
        if price is None:
            self.clearing.sell(number, holding, lots, 0, MARKET, IOC)
        else:
            limit = checks.integer("price", price, 1, MAX_PRICE)
            self.clearing.sell(number, holding, lots, limit, LIMIT, IOC)

    def take_over(self, case, account, size, price, *, holding=0, adl=False):
        """Let another account take ``size`` lots of the position at ``price`` ticks.

        Parameters
        ----------
        account
            Number in the ledger; of another clearing's, or nobody's, it is not looked at again.
        adl
            Whether it is auto-deleveraging that closes a position of that account.
        """
        cdef int64_t number = checked(self, case)
        cdef int64_t to = checks.integer("account", account, 1,
                                         self.clearing.ledger.account_count - 1)
        cdef int64_t at = checks.integer("price", price, 1, MAX_PRICE)
        cdef int64_t which = checks.integer("holding", holding, 0, self.clearing.holding_count - 1)
        cdef int64_t held = self.held(case, holding)
        cdef int64_t lots = checks.integer("size", size, 1, abs(held))
        cdef int64_t fails = self.clearing.case(number).account
        cdef int kind = ENTRY_ADL if adl else ENTRY_TAKEOVER
        cdef int64_t multiplier = self.clearing.records[which].multiplier
        cdef int128 cash
        lots = lots if held > 0 else -lots
        if self.clearing.records[which].inverse:
            cash = -(<int128>lots * multiplier // at)
        else:
            cash = <int128>lots * at * multiplier
        if not fits(cash):
            raise ValueError(f"size {size} at {price} is worth more than 2**62 units of cash")
        self.clearing.ledger.post(
            kind, self.clearing.records[which].asset, fails, to, lots,
            self.clearing.tag_of(number), self.clearing.records[which].instrument,
        )
        self.clearing.ledger.post(
            kind, self.clearing.cash_asset, to, fails, <int64_t>cash,
            self.clearing.tag_of(number), self.clearing.records[which].instrument,
        )
        if self.clearing.ledger.accounts[to].protocol == self.clearing.number + 1:
            self.clearing.touched(to, CAUSE_TRANSFER)

    def settle(self, case):
        """End a case whose account is flat: its fee, or its debt by fund and others."""
        cdef int64_t number = checked(self, case)
        if not self.is_flat(case):
            raise ValueError(f"case {case} cannot be settled: its account still holds something")
        self.clearing.settle_case(number)

    def release(self, case):
        """End a case with what is left in the account, which is watched again."""
        self.clearing.release(checked(self, case))

    def call_back(self, case, ts):
        """Ask for ``on_due(case, ts)`` at a time in ns."""
        cdef int64_t number = checked(self, case)
        when = checks.integer("ts", ts, self.clearing.market.now)
        self.entered += 1
        heapq.heappush(self.due, (when, self.entered, number))
        self.next_due()

    # ---------------------------------------------------------------- the clearing's calls

    cdef int next_due(self) except -1:
        self.deadline = self.due[0][0] if self.due else NEVER
        return 0

    cdef int begin(self, int64_t case) except -1:
        self.clearing.unwrap_case(case)
        self.on_failure(case)
        return 0

    cdef int advance(self, int64_t ts) except -1:
        _, _, case = heapq.heappop(self.due)
        self.next_due()
        if self.clearing.case(case).state != 2:
            # What the issuer of a claim could not pay for before.
            self.clearing.unwrap_case(case)
        self.on_due(case, ts)
        return 0


cdef int64_t checked(Design design, case) except -1:
    """The number of a case that is not over."""
    cdef int64_t number = checks.integer("case", case, 0, design.clearing.case_total - 1)
    if design.clearing.case(number).state == 2:
        raise ValueError(f"case {case} is over")
    return number
