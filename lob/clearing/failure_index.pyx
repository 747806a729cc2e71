"""The failure index: which accounts fail when a mark moves, or when they trade, pay or are paid.

An isolated account waits in a queue at the one tick at which it fails; accounts of several holdings
are looked at in blocks. Whoever fails becomes a case.
"""

import copy as copying

cimport cython
from libc.stdint cimport int64_t

from lob.clearing.cases cimport Cases
from lob.clearing.cross_blocks cimport CrossBlocks
from lob.clearing.failure_queues cimport FailureQueues
from lob.clearing.ledger cimport FAILED, SAFE, Account
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.engine.records cimport CAUSE_TRANSFER

__all__ = ["FailureIndex"]


@cython.final
@cython.auto_pickle(False)
cdef class FailureIndex:
    """The index of where every account of a clearing fails; those that do become cases.

    Parameters
    ----------
    accounts
        The ``MarginAccounts`` of the clearing.
    excess
        The ``MarginExcess`` that says which of them lack margin, and at which price they will.
    cases
        The ``Cases`` that those that fail are added to.

    Attributes
    ----------
    queues : FailureQueues
        Where isolated accounts wait.
    blocks : CrossBlocks
        Where cross accounts are looked at.
    """

    def __init__(
        self, MarginAccounts accounts not None, MarginExcess excess not None, Cases cases not None
    ):
        self.accounts, self.excess, self.cases = accounts, excess, cases
        self.queues = FailureQueues(accounts, excess, cases)
        self.blocks = CrossBlocks(accounts, excess, cases)

    def watch(self, int64_t first, int64_t count):
        """Watch accounts that were opened together from now on, and see who has failed.

        ``first`` is the number of the first account, ``count`` how many there are.
        """
        self.add(first, count)

    cdef int add(self, int64_t first, int64_t count) except -1:
        """Look from now on at accounts that were opened together, and see who has failed."""
        cdef int64_t account
        if self.accounts.ledger.accounts[first].cross:
            self.blocks.add(first, count)
        else:
            for account in range(first, first + count):
                self.queues.join(account)
        return self.look_again(CAUSE_TRANSFER)

    cdef int touched(self, int64_t account, int cause) except -1:
        """An account traded, paid or was paid: where does it fail now, and has it already?"""
        cdef Account *record = &self.accounts.ledger.accounts[account]
        cdef int64_t old = record.liquidation_price
        if record.state != SAFE:
            return 0
        if record.cross:
            self.blocks.open_bounds(self.blocks.block_of(account))
            if self.excess.ppm_of(account, False) < 0:
                self.cases.open(account, self.accounts.largest(account), cause, 0)
            return 0
        self.queues.leave(account)
        self.queues.join(account)
        if record.liquidation_price != old or cause != CAUSE_TRANSFER:
            self.queues.collect(record.holding, cause, 0)
        return 0

    cdef int touched_together(self, accounts, int cause) except -1:
        """Several accounts paid or were paid at once: who fails is served as in any one update."""
        cdef int64_t account
        cdef const Account *record
        for account in accounts:
            record = &self.accounts.ledger.accounts[account]
            if record.state != SAFE:
                continue
            if record.cross:
                self.blocks.open_bounds(self.blocks.block_of(account))
            else:
                self.queues.leave(account)
                self.queues.join(account)
        return self.look_again(cause)

    cdef int released(self, int64_t account) except -1:
        """The case of an account is over: it is watched again, and may fail again."""
        if not self.accounts.ledger.accounts[account].cross:
            self.queues.join(account)
        return self.touched(account, CAUSE_TRANSFER)

    cdef int await_price(self, int64_t account) noexcept:
        """Judge a cross account at the next price: something that it holds has none yet."""
        return self.blocks.open_bounds(self.blocks.block_of(account))

    cdef int mark_moved(self, int64_t holding, int cause, int64_t tag) except -1:
        """The mark of a holding is another one: who has failed?"""
        self.excess.weighed = False
        self.queues.collect(holding, cause, tag)
        if self.blocks.may_fail(holding):
            self.blocks.review(holding, cause, tag)
        return 0

    cdef int look_again(self, int cause) except -1:
        """Who has failed by the marks as they are?"""
        cdef int64_t i
        for i in range(self.accounts.holding_count):
            self.queues.collect(i, cause, 0)
        if self.blocks.count:
            self.blocks.review(0, cause, 0)
        return 0

    cdef int reindex(self, int cause) except -1:
        """All balances or margins may be others: every liquidation price and bound anew."""
        cdef int64_t i
        for i in range(self.accounts.holding_count):
            self.queues.join_all(i)
        self.blocks.open_all_bounds()
        self.excess.weighed = False
        return self.look_again(cause)

    def check(self):
        """Check that queues, blocks, states and ledger agree: O(accounts).

        Raises ``AssertionError``, which names the account.
        """
        cdef int64_t first, count, account
        cdef const Account *record
        for first, count in self.accounts.ranges:
            for account in range(first, first + count):
                record = &self.accounts.ledger.accounts[account]
                assert record.clearing == self.accounts.number, f"account {account} is not ours"
                assert (record.liquidation > 0) == (record.state == FAILED)
        self.queues.check()
        self.blocks.check()

    def memory_bytes(self):
        """Bytes of memory set aside for queues and blocks."""
        return self.queues.memory_bytes() + self.blocks.memory_bytes()

    def __deepcopy__(self, memo):
        cdef FailureIndex other = FailureIndex(
            copying.deepcopy(self.accounts, memo),
            copying.deepcopy(self.excess, memo),
            copying.deepcopy(self.cases, memo),
        )
        other.queues = copying.deepcopy(self.queues, memo)
        other.blocks = copying.deepcopy(self.blocks, memo)
        return other
