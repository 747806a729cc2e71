"""The accounts that failed: what is known of each, and how it ends."""

cimport cython
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memset

from lob.engine.block cimport Block
from lob.clearing.cases cimport SETTLED, Case
from lob.clearing.collateral cimport Claim
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.ledger cimport FAILED, SAFE, Account
from lob.clearing.oracle cimport Oracle
from lob.clearing.order_checks cimport OrderChecks
from lob.clearing.requirement cimport NO_TRIGGER
from lob.engine.records cimport (
    BUY,
    CAUSE_TRANSFER,
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


@cython.auto_pickle(False)
cdef class Cases(OrderChecks):
    """Margin accounts with the list of those that failed, in the order of failing.

    What is done about a case is up to a ``LiquidationEngine``; what it does it with is here.
    """

    def __init__(self, name, holdings, cash, insurance_fund, portfolio, liquidation_fee):
        super().__init__(name, holdings, cash, insurance_fund, portfolio)
        self.case_block = Block()
        self.redeems_in_kind = []
        self.liquidation_fee = checks.ppm("liquidation_fee", liquidation_fee)

    cdef int64_t open_case(
        self, int64_t account, int64_t holding, int cause, int64_t tag
    ) except -1:
        """An account has failed. Nothing is sold here: its turn comes."""
        cdef Account *record = &self.ledger.accounts[account]
        cdef HoldingRecord *of = self.records[holding]
        cdef Oracle oracle = (<Holding>self.holdings[holding]).oracle
        cdef Entry *entry
        cdef Case *case
        cdef size_t needed = sizeof(Case) * <size_t>(self.case_total + 1)
        if needed > self.case_block.nbytes:
            self.case_block.reserve(max(needed, 2 * self.case_block.nbytes))
        if record.cross and self.ledger.row(of.asset)[account] == 0:
            # A price that moved with others, of something that this account has none of.
            holding = self.largest(account)
            of = self.records[holding]
            oracle = (<Holding>self.holdings[holding]).oracle
        self.unlink(account)
        case = self.case(self.case_total)
        memset(case, 0, sizeof(Case))
        case.opened = case.due = self.market.now
        case.account = <int32_t>account
        case.holding = <uint16_t>holding
        case.size = self.ledger.row(of.asset)[account]
        case.cash = self.ledger.row(self.cash_asset)[account]
        case.mark = of.mark
        case.reference = oracle.true_price
        case.cause = <uint8_t>cause
        case.parent = tag
        self.case_total += 1
        record.state = FAILED
        record.liquidation = <int32_t>self.case_total
        entry = self.ledger.write(ENTRY_LIQUIDATION)
        entry.amount = case.size
        entry.price = case.mark
        entry.reference = case.reference
        entry.tag = self.tag_of(self.case_total - 1)
        entry.parent = tag
        entry.debit = <int32_t>account
        entry.asset = <uint16_t>of.asset
        entry.instrument = <uint16_t>of.instrument
        entry.clearing = <int16_t>self.number
        entry.cause = <uint8_t>cause
        entry.layer = self.layer_of(account)
        self.deadline = self.market.now
        return self.case_total - 1

    cdef uint8_t layer_of(self, int64_t account) noexcept:
        """How many claims deep the deepest collateral of an account is."""
        cdef uint8_t deepest = 0
        cdef int64_t i
        for i in range(self.holding_count):
            # Claims that a book prices have a depth too.
            if self.records[i].depth > deepest and (
                self.ledger.row(self.records[i].asset)[account] > 0
            ):
                deepest = self.records[i].depth
        return deepest

    cdef int64_t tag_of(self, int64_t case) noexcept:
        """Tags are unique over the clearings of a venue."""
        return LIQUIDATION_TAG + (self.number << 48) + case + 1

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
        cdef HoldingRecord *of = self.records[holding]
        cdef bint long_side = self.ledger.row(of.asset)[case.account] > 0
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
        message.owner = self.ledger.accounts[case.account].owner
        message.tag = self.tag_of(number)
        return self.market.execute(&message)

    cdef bint flat(self, int64_t account) noexcept:
        """Whether an account holds nothing but cash."""
        cdef int64_t i
        for i in range(self.holding_count):
            if self.ledger.row(self.records[i].asset)[account]:
                return False
        for i in range(len(self.redeems_in_kind)):
            if self.ledger.row((<Claim>self.redeems_in_kind[i]).asset)[account]:
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
        for i in range(len(self.redeems_in_kind)):
            claim = <Claim>self.redeems_in_kind[i]
            held = self.ledger.row(claim.asset)[account]
            if held > 0:
                redeemed |= claim.give_back(account, account, held, self.tag_of(number)) > 0
        return redeemed

    cdef int settle_case(self, int64_t number) except -1:
        """An account that holds nothing any more: its fee, or its debt. The case is over."""
        cdef Case *case = self.case(number)
        cdef int64_t account = case.account, tag = self.tag_of(number)
        cdef int64_t left = self.ledger.row(self.cash_asset)[account]
        cdef int64_t amount
        cdef int128 fee
        cdef Entry *entry
        if left < 0:
            entry = self.ledger.write(ENTRY_BAD_DEBT)
            entry.amount = -left
            entry.tag = tag
            entry.debit = <int32_t>account
            entry.asset = <uint16_t>self.cash_asset
            entry.clearing = <int16_t>self.number
            amount = min(-left, max(0, self.ledger.row(self.cash_asset)[self.fund]))
            self.ledger.post(
                ENTRY_INSURANCE, self.cash_asset, self.fund, account, amount, tag, 0
            )
            self.ledger.post(
                ENTRY_SOCIALISED, self.cash_asset, self.shortfall, account, -left - amount, tag, 0
            )
            left = 0
        elif self.liquidation_fee:
            fee = <int128>(case.received if case.received > 0 else -case.received)
            fee = ceil_ratio(fee * self.liquidation_fee, PPM)
            amount = <int64_t>fee if fee < left else left
            self.ledger.post(ENTRY_REWARD, self.cash_asset, account, self.fund, amount, tag, 0)
            left -= amount
        return self.close_case(number, left, 0)

    cdef int close_case(self, int64_t number, int64_t left, int64_t unsold) except -1:
        cdef Case *case = self.case(number)
        cdef Account *record = &self.ledger.accounts[case.account]
        cdef Entry *entry = self.ledger.write(ENTRY_SETTLED)
        entry.amount = left
        entry.price = unsold
        entry.tag = self.tag_of(number)
        entry.debit = case.account
        entry.instrument = <uint16_t>self.records[case.holding].instrument
        entry.clearing = <int16_t>self.number
        entry.stage = case.stage
        case.state = SETTLED
        record.state = SAFE
        record.trigger = NO_TRIGGER
        record.liquidation = 0
        record.called = False
        return 0

    cdef int release(self, int64_t number) except -1:
        """A case is over with something left in the account, which may fail again."""
        cdef Case *case = self.case(number)
        cdef int64_t account = case.account
        cdef int64_t asset = self.records[self.largest(account)].asset
        self.close_case(
            number,
            self.ledger.row(self.cash_asset)[account],
            self.ledger.row(asset)[account],
        )
        if not self.ledger.accounts[account].cross:
            self.link(account)
        return self.touched(account, CAUSE_TRANSFER)

    cdef int trade_for_case(
        self, const Event *event, int64_t tag, int64_t buyer, int64_t seller
    ) except -1:
        """A trade with the tag of a case, between two accounts.

        Only what the failed account trades is of the case. Whoever took lots over from it trades
        them with the same tag, for himself.
        """
        cdef int64_t number = (tag & ((<int64_t>1 << 48) - 1)) - 1
        cdef int64_t sold
        cdef Case *case
        cdef HoldingRecord *of
        if (tag - LIQUIDATION_TAG) >> 48 != self.number or not 0 <= number < self.case_total:
            return 0
        case = self.case(number)
        if case.state == SETTLED or (case.account != seller and case.account != buyer):
            return 0
        sold = event.size if case.account == seller else -event.size
        of = self.records[case.holding]
        if self.holding_of(event.instrument) >= 0:
            of = self.records[self.holding_of(event.instrument)]
        case.sold += event.size
        if of.inverse:
            case.received += sold
        else:
            case.received += sold * event.price * of.multiplier
        return self.filled(number, event)

    cdef int filled(self, int64_t number, const Event *event) except -1:
        """The failed account of a case has traded, in the middle of a message."""
        return 0

    # ---------------------------------------------------------------- what one reads

    @property
    def case_count(self):
        """How many accounts have failed so far."""
        return self.case_total

    @property
    def open_cases(self):
        """How many of them are not settled."""
        cdef int64_t i, found = 0
        for i in range(self.case_total):
            found += self.case(i).state != SETTLED
        return found

    @property
    def cases(self):
        """All failures so far, in order: an array with a field for each fact, a copy.

        ``opened`` and ``due`` in ns, ``size`` and ``sold`` in lots, ``cash`` and ``received`` in
        units, ``mark`` and ``reference`` in ticks, ``state`` 0 waiting, 1 active, 2 settled.
        """
        cdef Py_ssize_t nbytes = sizeof(Case) * self.case_total
        return np.frombuffer(bytearray(self.case_block.data[:nbytes]), CASE)
