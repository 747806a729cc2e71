"""The marks of a clearing's holdings: when they move, and which parts of the clearing hear of it.

Each holding has an oracle, which says what clearing believes. A mark is looked at after a whole
message has met a book, not between its fills; when it moves the journal says so, and the failure
index looks at the accounts.
"""

import copy as copying

cimport cython
from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t

from lob.clearing.cross cimport MAX_HOLDINGS
from lob.clearing.failure_index cimport FailureIndex
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.oracle cimport Oracle
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.matching cimport Book
from lob.engine.records cimport CAUSE_ORACLE, ENTRY_MARK, Entry, Event

from lob import checks

__all__ = ["MarkPrices"]

cdef int64_t NEVER = 2**63 - 1


@cython.final
@cython.auto_pickle(False)
cdef class MarkPrices:
    """The marks of the holdings of a clearing, taken from their oracles.

    Parameters
    ----------
    accounts
        The ``MarginAccounts`` of the clearing.
    index
        The ``FailureIndex`` that looks at the accounts when a mark moves.

    Attributes
    ----------
    deadline : int
        Time in ns at which an oracle has something to do next.
    """

    def __init__(self, MarginAccounts accounts not None, FailureIndex index not None):
        self.accounts, self.index = accounts, index
        self.deadline = NEVER

    def start(self):
        """Take the marks that oracles have before anything has happened."""
        cdef int64_t i
        cdef Oracle oracle
        for i in range(self.accounts.holding_count):
            oracle = (<Holding>self.accounts.holdings[i]).oracle
            if oracle.price != NO_PRICE:
                self.accounts.records[i].mark = oracle.price
                self.moved(i, oracle.cause, 0)
        self.find_deadline()

    cdef int observe(
        self, int64_t ts, int64_t instrument, const Event *events, int64_t count
    ) except -1:
        """A whole message has met a book."""
        cdef int64_t i
        cdef Oracle oracle
        cdef bint moved[MAX_HOLDINGS]
        cdef bint any_moved = False
        # All marks first: what is made of the same price moves with it.
        for i in range(self.accounts.holding_count):
            oracle = (<Holding>self.accounts.holdings[i]).oracle
            moved[i] = False
            if oracle.watches(instrument):
                moved[i] = oracle.observe(
                    ts, <const Book **>self.accounts.market.book_of, events, count, instrument
                )
                any_moved |= self.take(i, oracle, moved[i])
        return self.several_moved(moved) if any_moved else 0

    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1:
        """Balances changed, and with them what claims are worth."""
        cdef int64_t i
        cdef Oracle oracle
        cdef bint moved[MAX_HOLDINGS]
        cdef bint any_moved = False
        for i in range(self.accounts.holding_count):
            moved[i] = False
            if not self.accounts.records[i].of_claim:
                continue
            oracle = (<Holding>self.accounts.holdings[i]).oracle
            moved[i] = oracle.look(ts, cause, tag)
            any_moved |= self.take(i, oracle, moved[i])
        return self.several_moved(moved) if any_moved else 0

    cdef bint take(self, int64_t holding, Oracle oracle, bint moved) noexcept:
        """Take the mark and the deadline of an oracle that has looked; whether it moved."""
        if moved:
            self.accounts.records[holding].mark = oracle.price
        if oracle.deadline < self.deadline:
            self.deadline = oracle.deadline
        return moved

    def observe_price(self, price, *, holding=0):
        """Set the price of a holding's ``Fixed`` source: see ``Clearing.observe_price``."""
        cdef Holding of
        cdef int64_t number = checks.integer("holding", holding, 0, self.accounts.holding_count - 1)
        of = self.accounts.holdings[number]
        if of.oracle.observe_price(self.accounts.market.now, price):
            of.record.mark = of.oracle.price
            self.moved(number, of.oracle.cause, of.oracle.cause_tag)
        if self.accounts.watches_claims:
            # A claim may be valued by the same source.
            self.observe_claims(self.accounts.market.now, CAUSE_ORACLE, 0)
        self.find_deadline()

    cdef bint advance(self, int64_t ts) except -1:
        """Let the oracles that are due publish; whether one was."""
        cdef Oracle oracle
        cdef int64_t i
        cdef bint moved[MAX_HOLDINGS]
        cdef bint due = False
        for i in range(self.accounts.holding_count):
            oracle = (<Holding>self.accounts.holdings[i]).oracle
            moved[i] = False
            if oracle.deadline <= ts:
                due = True
                moved[i] = oracle.advance(ts)
                self.take(i, oracle, moved[i])
        if due:
            self.several_moved(moved)
            self.find_deadline()
        return due

    cdef int64_t find_deadline(self) noexcept:
        """When an oracle has something to do next."""
        cdef int64_t i
        self.deadline = NEVER
        for i in range(self.accounts.holding_count):
            self.deadline = min(self.deadline, (<Holding>self.accounts.holdings[i]).oracle.deadline)
        return self.deadline

    cdef int several_moved(self, const bint *moved) except -1:
        """Several marks have moved at once."""
        cdef int64_t i
        cdef Oracle oracle
        self.index.excess.weighed = False
        for i in range(self.accounts.holding_count):
            if moved[i]:
                oracle = (<Holding>self.accounts.holdings[i]).oracle
                self.moved(i, oracle.cause, oracle.cause_tag)
        return 0

    cdef int moved(self, int64_t holding, int cause, int64_t tag) except -1:
        """A mark is another one: the journal says so, and accounts are looked at."""
        cdef HoldingRecord *record = self.accounts.records[holding]
        cdef Entry *entry = self.accounts.ledger.write(ENTRY_MARK)
        cdef Oracle oracle = (<Holding>self.accounts.holdings[holding]).oracle
        if record.mark < 1:
            raise ValueError(
                f"clearing {self.accounts.name!r}: the mark of "
                f"{self.accounts.holdings[holding].name} must be at least 1 tick, got {record.mark}"
            )
        entry.price = record.mark
        entry.reference = oracle.true_price
        entry.instrument = <uint16_t>record.instrument
        entry.asset = <uint16_t>record.asset
        entry.clearing = <int16_t>self.accounts.number
        entry.cause = <uint8_t>cause
        entry.parent = tag
        return self.index.mark_moved(holding, cause, tag)

    def __deepcopy__(self, memo):
        cdef MarkPrices other = MarkPrices(
            copying.deepcopy(self.accounts, memo), copying.deepcopy(self.index, memo)
        )
        other.deadline = self.deadline
        return other
