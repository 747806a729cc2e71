"""The cases of a clearing: the accounts that failed, what is known of each, and how it ends.

A case is opened when an account fails, and closed when it holds nothing any more or is released
with what is left to it. In between it is the liquidation engine's: it says what is sold, and sells
it with the means that are here.
"""

import copy as copying

cimport cython
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memset

from lob.engine.block cimport Block
from lob.clearing.collateral cimport Claim
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.ledger cimport FAILED, SAFE, WORLD, Account, Ledger
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.oracle cimport Oracle
from lob.clearing.requirement cimport NO_LIQUIDATION_PRICE
from lob.engine.records cimport (
    BUY,
    ENTRY_BAD_DEBT,
    ENTRY_INSURANCE,
    ENTRY_LIQUIDATION,
    ENTRY_REWARD,
    ENTRY_SETTLED,
    ENTRY_SOCIALISED,
    FROM_VENUE,
    LIQUIDATION_TAG,
    NEW,
    SELL,
    Entry,
    Event,
    Message,
    write_message,
)
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, int128

import numpy as np

from lob import checks

__all__ = ["Cases"]

cdef object CASE = np.dtype(
    [
        *(
            (name, "<i8")
            for name in (
                "opened", "size", "cash", "mark", "reference", "parent", "sold", "received", "due"
            )
        ),
        ("account", "<i4"),
        ("holding", "<u2"),
        ("cause", "u1"),
        ("state", "u1"),
        ("stage", "u1"),
    ],
    align=True,
)

if CASE.itemsize != sizeof(Case):
    raise ImportError("a Case is not what CASE says")


@cython.final
@cython.auto_pickle(False)
cdef class Cases:
    """The accounts of a clearing that failed, in the order of failing.

    Parameters
    ----------
    accounts
        The ``MarginAccounts`` of the clearing.
    liquidation_fee
        0 to 1,000,000 ppm of what a forced sale brings, rounded up, paid to the insurance fund out
        of what is left to the account.

    Attributes
    ----------
    total : int
        How many cases there are so far.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, MarginAccounts accounts not None, *, liquidation_fee=0):
        self.accounts = accounts
        self.liquidation_fee = checks.ppm("liquidation_fee", liquidation_fee)
        self.block = Block()
        self.takers = {}
        self.in_kind = []

    def redeem_these(self, claims):
        """Let claims without a book be redeemed where accounts fail: a list, the deepest first."""
        self.in_kind = list(claims)

    # ---------------------------------------------------------------- from failing to an end

    cdef int64_t open(self, int64_t account, int64_t holding, int cause, int64_t tag) except -1:
        """An account has failed, and is in no queue any more. Nothing is sold: its turn comes."""
        cdef Account *record = &self.accounts.ledger.accounts[account]
        cdef HoldingRecord *of = self.accounts.records[holding]
        cdef Oracle oracle
        cdef Entry *entry
        cdef Case *case
        cdef size_t needed = sizeof(Case) * <size_t>(self.total + 1)
        if needed > self.block.nbytes:
            self.block.reserve(max(needed, 2 * self.block.nbytes))
        if record.cross and self.accounts.held(holding, account) == 0:
            # A price that moved with others, of something that this account has none of.
            holding = self.accounts.largest(account)
            of = self.accounts.records[holding]
        oracle = (<Holding>self.accounts.holdings[holding]).oracle
        case = self.case(self.total)
        memset(case, 0, sizeof(Case))
        case.opened = case.due = self.accounts.market.now
        case.account = <int32_t>account
        case.holding = <uint16_t>holding
        case.size = self.accounts.held(holding, account)
        case.cash = self.accounts.cash_of(account)
        case.mark = of.mark
        case.reference = oracle.true_price
        case.cause = <uint8_t>cause
        case.parent = tag
        self.total += 1
        record.state = FAILED
        record.liquidation = <int32_t>self.total
        entry = self.accounts.ledger.write(ENTRY_LIQUIDATION)
        entry.amount = case.size
        entry.price = case.mark
        entry.reference = case.reference
        entry.tag = self.tag_of(self.total - 1)
        entry.parent = tag
        entry.debit = <int32_t>account
        entry.asset = <uint16_t>of.asset
        entry.instrument = <uint16_t>of.instrument
        entry.clearing = <int16_t>self.accounts.number
        entry.cause = <uint8_t>cause
        entry.layer = self.layer_of(account)
        return self.total - 1

    cdef int64_t take_turn(self) noexcept:
        """The first case that no design has begun with: its turn has come. -1: there is none."""
        if self.fresh == self.total:
            return -1
        self.case(self.fresh).state = ACTIVE
        self.fresh += 1
        return self.fresh - 1

    cdef uint8_t layer_of(self, int64_t account) noexcept:
        """How many claims deep the deepest collateral of an account is."""
        cdef uint8_t deepest = 0
        cdef int64_t i
        for i in range(self.accounts.holding_count):
            # Claims that a book prices have a depth too.
            if self.accounts.records[i].depth > deepest and self.accounts.held(i, account) > 0:
                deepest = self.accounts.records[i].depth
        return deepest

    cdef int sell(
        self,
        int64_t number,
        int64_t holding,
        int64_t size,
        int64_t price,
        int order_type,
        int time_in_force,
    ) except -1:
        """Send an order for a case that brings its account nearer to zero."""
        cdef Case *case = self.case(number)
        cdef HoldingRecord *of = self.accounts.records[holding]
        cdef bint long_side = self.accounts.held(holding, case.account) > 0
        cdef Message message
        if of.bookless:
            return 0
        write_message(
            &message,
            NEW,
            SELL if long_side else BUY,
            order_type,
            time_in_force,
            0,
            FROM_VENUE,
            <uint16_t>of.instrument,
        )
        message.price = price
        message.size = size
        message.owner = self.accounts.ledger.accounts[case.account].owner
        message.tag = self.tag_of(number)
        return self.accounts.market.execute(&message)

    cdef bint flat(self, int64_t account) noexcept:
        """Whether an account holds nothing but cash."""
        cdef int64_t i
        for i in range(self.accounts.holding_count):
            if self.accounts.held(i, account):
                return False
        for i in range(len(self.in_kind)):
            if self.accounts.ledger.row((<Claim>self.in_kind[i]).asset)[account]:
                return False
        return True

    cdef int redeem_in_kind(self, int64_t number) except -1:
        """Redeem in kind what a failed account has of claims without a book, down to what a book
        trades; whether anything was.

        What an issuer cannot pay for stays a claim, and is asked for again.
        """
        cdef int64_t account = self.case(number).account, held, i
        cdef Claim claim
        cdef bint redeemed = False
        for i in range(len(self.in_kind)):
            claim = <Claim>self.in_kind[i]
            held = self.accounts.ledger.row(claim.asset)[account]
            if held > 0:
                redeemed |= claim.give_back(account, account, held, self.tag_of(number)) > 0
        return redeemed

    cdef int settle(self, int64_t number) except -1:
        """An account that holds nothing any more: its fee, or its debt. The case is over."""
        cdef Case *case = self.case(number)
        cdef Ledger ledger = self.accounts.ledger
        cdef int64_t account = case.account, tag = self.tag_of(number)
        cdef int64_t cash_asset = self.accounts.cash_asset, fund = self.accounts.fund
        cdef int64_t left = self.accounts.cash_of(account)
        cdef int64_t amount
        cdef int128 fee
        cdef Entry *entry
        if left < 0:
            entry = ledger.write(ENTRY_BAD_DEBT)
            entry.amount = -left
            entry.tag = tag
            entry.debit = <int32_t>account
            entry.asset = <uint16_t>cash_asset
            entry.clearing = <int16_t>self.accounts.number
            amount = min(-left, max(0, self.accounts.cash_of(fund)))
            ledger.post(ENTRY_INSURANCE, cash_asset, fund, account, amount, tag, 0)
            ledger.post(
                ENTRY_SOCIALISED,
                cash_asset,
                self.accounts.shortfall,
                account,
                -left - amount,
                tag,
                0,
            )
            left = 0
        elif self.liquidation_fee:
            fee = <int128>(case.received if case.received > 0 else -case.received)
            fee = ceil_ratio(fee * self.liquidation_fee, PPM)
            amount = <int64_t>fee if fee < left else left
            ledger.post(ENTRY_REWARD, cash_asset, account, fund, amount, tag, 0)
            left -= amount
        return self.close(number, left, 0)

    cdef int close(self, int64_t number, int64_t left, int64_t unsold) except -1:
        """End a case, with cash and lots that are left to its account; both go in the journal."""
        cdef Case *case = self.case(number)
        cdef Account *record = &self.accounts.ledger.accounts[case.account]
        cdef Entry *entry = self.accounts.ledger.write(ENTRY_SETTLED)
        entry.amount = left
        entry.price = unsold
        entry.tag = self.tag_of(number)
        entry.debit = case.account
        entry.instrument = <uint16_t>self.accounts.records[case.holding].instrument
        entry.clearing = <int16_t>self.accounts.number
        entry.stage = case.stage
        case.state = SETTLED
        record.state = SAFE
        record.liquidation_price = NO_LIQUIDATION_PRICE
        record.liquidation = 0
        return 0

    cdef int release(self, int64_t number) except -1:
        """End a case with what its account has; whoever watches accounts must watch it again."""
        cdef int64_t account = self.case(number).account
        return self.close(
            number,
            self.accounts.cash_of(account),
            self.accounts.held(self.accounts.largest(account), account),
        )

    cdef int64_t note_trade(
        self, const Event *event, int64_t tag, int64_t buyer, int64_t seller
    ) noexcept:
        """A trade with the tag of a case, between two accounts: the case's number, or -1.

        Only what the failed account trades is of the case. Whoever took lots over from it trades
        them with the same tag, for himself: -1.
        """
        cdef int64_t number = (tag & ((<int64_t>1 << 48) - 1)) - 1, holding
        cdef int64_t sold
        cdef Case *case
        cdef HoldingRecord *of
        if (tag - LIQUIDATION_TAG) >> 48 != self.accounts.number or not 0 <= number < self.total:
            return -1
        case = self.case(number)
        if case.state == SETTLED or (case.account != seller and case.account != buyer):
            return -1
        sold = event.size if case.account == seller else -event.size
        holding = self.accounts.holding_of(event.instrument)
        of = self.accounts.records[holding if holding >= 0 else case.holding]
        case.sold += event.size
        if of.inverse:
            case.received += sold
        else:
            case.received += sold * event.price * of.multiplier
        return number

    # ---------------------------------------------------------------- who took over

    cdef int note_taker(self, int64_t number, int64_t account) except -1:
        """An account got lots of a case: its orders may carry the tag, for they are forced too."""
        if account != WORLD:
            self.takers.setdefault(number, set()).add(account)
        return 0

    def share_takers(self, case, leader):
        """Let who took over from a case count as having done so from another: one call of both."""
        found = self.takers.get(case)
        if found and case != leader:
            self.takers.setdefault(leader, set()).update(found)

    cdef bint has_taken(self, int64_t tag, int64_t account) except -1:
        """Whether an account got lots of the case with a tag of this clearing."""
        return account in self.takers.get((tag & ((<int64_t>1 << 48) - 1)) - 1, ())

    # ---------------------------------------------------------------- what one reads

    @property
    def open_count(self):
        """How many of a clearing's cases are not settled: O(cases)."""
        cdef int64_t i, found = 0
        for i in range(self.total):
            found += self.case(i).state != SETTLED
        return found

    @property
    def table(self):
        """All cases so far, in the order of failing: a structured array with a row each, a copy.

        ``opened`` and ``due`` in ns, ``size`` and ``sold`` in lots, ``cash`` and ``received`` in
        units, ``mark`` and ``reference`` in ticks, ``state`` 0 waiting, 1 active, 2 settled.
        """
        cdef Py_ssize_t nbytes = sizeof(Case) * self.total
        return np.frombuffer(bytearray(self.block.data[:nbytes]), CASE)

    def memory_bytes(self):
        """Bytes of memory set aside for the records of cases."""
        return self.block.nbytes

    def __deepcopy__(self, memo):
        cdef Cases other = Cases(
            copying.deepcopy(self.accounts, memo), liquidation_fee=self.liquidation_fee
        )
        other.total, other.fresh = self.total, self.fresh
        other.block = copying.deepcopy(self.block)
        other.takers = {number: set(accounts) for number, accounts in self.takers.items()}
        other.in_kind = copying.deepcopy(self.in_kind, memo)
        return other
