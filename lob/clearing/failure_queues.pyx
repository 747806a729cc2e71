"""The queues in which isolated accounts wait at the one price at which they fail.

Each holding has two ladders of queues, of long and of short accounts, with a level for each
liquidation price. A mark that moves past nobody's price costs one comparison with the best of them.

Of those that a mark has passed, whoever failed at the price that came first is served first. Which
of several at one tick is drawn for each update, by owner: no account gains by its number.
"""

import copy as copying

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from lob.clearing.cases cimport Cases
from lob.clearing.holding cimport HoldingRecord
from lob.clearing.ledger cimport FAILED, SAFE, Account
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.clearing.queues cimport (
    Failing,
    Waiting,
    draw_of,
    key_of,
    queue_anew,
    queue_join,
    queue_leave,
    sort_failing,
    sort_waiting,
)
from lob.clearing.requirement cimport NO_LIQUIDATION_PRICE, NO_PRICE
from lob.engine.ladder cimport Ladder, Level, ladder_bytes, ladder_reserve, ladder_spare
from lob.engine.memory cimport prefetch, unlikely

__all__ = ["FailureQueues"]


@cython.final
@cython.auto_pickle(False)
cdef class FailureQueues:
    """The isolated accounts of a clearing, by holding, side and liquidation price.

    Parameters
    ----------
    accounts, excess, cases
        As for ``FailureIndex``.
    """

    def __init__(
        self, MarginAccounts accounts not None, MarginExcess excess not None, Cases cases not None
    ):
        self.accounts, self.excess, self.cases = accounts, excess, cases
        self.failing = Block()

    cdef int join(self, int64_t account) except -1:
        """Queue an isolated account at the tick at which it fails, if there is one."""
        cdef Account *records = self.accounts.ledger.accounts
        cdef Account *record = &records[account]
        cdef HoldingRecord *holding = self.accounts.records[record.holding]
        cdef bint long_side = self.accounts.ledger.row(holding.asset)[account] > 0
        cdef Ladder *ladder = &holding.longs if long_side else &holding.shorts
        record.liquidation_price = self.excess.liquidation_price_of(account)
        record.indexed = 0
        if record.liquidation_price == NO_LIQUIDATION_PRICE:
            return 0
        if unlikely(ladder_spare(ladder) < 1) and ladder_reserve(ladder, 64) < 0:
            raise MemoryError
        queue_join(ladder, records, account, long_side)
        return 0

    cdef int leave(self, int64_t account) noexcept:
        """Take an account out of its queue, if it is in one."""
        cdef Account *records = self.accounts.ledger.accounts
        cdef Account *record = &records[account]
        cdef HoldingRecord *holding = self.accounts.records[record.holding]
        if record.indexed:
            queue_leave(
                &holding.longs if record.indexed > 0 else &holding.shorts, records, account
            )
        return 0

    cdef int join_all(self, int64_t holding) except -1:
        """Queue every isolated account of a holding anew."""
        cdef Account *records = self.accounts.ledger.accounts
        cdef HoldingRecord *of = self.accounts.records[holding]
        cdef int64_t first, count, account, side, most = 0, found
        cdef Block block = Block()
        cdef Waiting *rows
        cdef Waiting *spare
        for first, count in self.accounts.ranges:
            if not records[first].cross and records[first].holding == holding:
                most += count
        block.reserve(2 * sizeof(Waiting) * <size_t>most)
        rows = <Waiting *>block.data
        spare = rows + most
        for side in range(2):
            found = 0
            for first, count in self.accounts.ranges:
                if records[first].cross or records[first].holding != holding:
                    continue
                for account in range(first, first + count):
                    if records[account].state == SAFE and (
                        self.accounts.ledger.row(of.asset)[account] > 0 if side == 0
                        else self.accounts.ledger.row(of.asset)[account] <= 0
                    ):
                        records[account].indexed = 0
                        records[account].liquidation_price = (
                            self.excess.liquidation_price_of(account)
                        )
                        if records[account].liquidation_price != NO_LIQUIDATION_PRICE:
                            rows[found].key = key_of(side == 0, records[account].liquidation_price)
                            rows[found].account = <uint64_t>account
                            found += 1
            if queue_anew(
                &of.shorts if side else &of.longs,
                records,
                sort_waiting(rows, spare, found),
                found,
                side == 0,
            ) < 0:
                raise MemoryError
        return 0

    cdef int collect(self, int64_t holding, int cause, int64_t tag) except -1:
        """Open a case for every account whose liquidation price the mark has reached."""
        cdef HoldingRecord *record = self.accounts.records[holding]
        if record.mark == NO_PRICE:
            return 0
        while record.longs.best_key <= key_of(True, record.mark):
            self.fail_together(&record.longs, holding, cause, tag)
        while record.shorts.best_key <= key_of(False, record.mark):
            self.fail_together(&record.shorts, holding, cause, tag)
        return 0

    cdef int fail_together(
        self, const Ladder *ladder, int64_t holding, int cause, int64_t tag
    ) except -1:
        """Open a case for every account of the first tick of a side, in a drawn order."""
        cdef const Account *records = self.accounts.ledger.accounts
        cdef const Level *level = &ladder.levels[ladder.best]
        cdef int64_t account = level.head, count = level.orders, i
        cdef int64_t now = self.accounts.market.now, failed = self.cases.total
        cdef Failing *rows
        if count == 1:
            self.leave(account)
            self.cases.open(account, holding, cause, tag)
            return 0
        if sizeof(Failing) * <size_t>count > self.failing.nbytes:
            self.failing.reserve(2 * sizeof(Failing) * <size_t>count)
        rows = <Failing *>self.failing.data
        for i in range(count):
            rows[i].excess = 0
            rows[i].drawn = draw_of(records[account].owner, now, failed)
            rows[i].account = account
            account = records[account].next
        sort_failing(rows, count)
        for i in range(count):
            self.leave(rows[i].account)
            self.cases.open(rows[i].account, holding, cause, tag)
        return 0

    cdef void look_ahead(self, int64_t account) noexcept:
        """Ask for the memory around an account's place in its queue."""
        cdef const Account *record = &self.accounts.ledger.accounts[account]
        cdef HoldingRecord *holding = self.accounts.records[record.holding]
        if record.indexed > 0:
            prefetch(&holding.longs.levels[record.level])
        elif record.indexed:
            prefetch(&holding.shorts.levels[record.level])
        if record.indexed:
            prefetch(&self.accounts.ledger.accounts[record.prev])
            prefetch(&self.accounts.ledger.accounts[record.next])

    # ---------------------------------------------------------------- what one reads

    def check(self):
        """Check that queues, liquidation prices and marks agree: O(accounts).

        Raises ``AssertionError``, which names the account.
        """
        cdef int64_t first, count, account, queued = 0
        cdef Account *record
        cdef HoldingRecord *holding
        for first, count in self.accounts.ranges:
            for account in range(first, first + count):
                record = &self.accounts.ledger.accounts[account]
                holding = self.accounts.records[record.holding]
                if record.cross or record.state == FAILED:
                    assert not record.indexed, f"account {account} must not be queued"
                    continue
                price = self.excess.liquidation_price_of(account)
                assert record.liquidation_price == price, (
                    f"account {account} fails at {price}, not {record.liquidation_price}"
                )
                if record.indexed:
                    queued += 1
                    assert holding.mark == NO_PRICE or (
                        record.liquidation_price < holding.mark
                        if record.indexed > 0
                        else record.liquidation_price > holding.mark
                    ), f"account {account} has failed unseen"
                else:
                    assert record.liquidation_price == NO_LIQUIDATION_PRICE, (
                        f"account {account} must be queued"
                    )
        for i in range(self.accounts.holding_count):
            queued -= self.count_queued(&self.accounts.records[i].longs)
            queued -= self.count_queued(&self.accounts.records[i].shorts)
        assert queued == 0, f"{queued} accounts are in no queue, or in two"

    cdef int64_t count_queued(self, const Ladder *ladder) except -1:
        """How many accounts are queued on a side, following every link."""
        cdef const Account *records = self.accounts.ledger.accounts
        cdef int64_t found = 0
        cdef uint32_t leaf
        cdef int bit
        cdef int64_t account, before
        cdef const Level *level
        for leaf in range(ladder.leaf_count):
            for bit in range(64):
                if not (ladder.leaves[leaf].occupied >> bit) & 1:
                    continue
                level = &ladder.levels[64 * leaf + bit]
                account, before = level.head, 0
                while account:
                    assert records[account].prev == before
                    assert records[account].liquidation_price == level.price
                    before = account
                    account = records[account].next
                    found += 1
                assert level.tail == before
        return found

    def memory_bytes(self):
        """Bytes of memory of the price ladders; the queues run through the account records."""
        cdef int64_t i
        total = self.failing.nbytes
        for i in range(self.accounts.holding_count):
            total += ladder_bytes(&self.accounts.records[i].longs)
            total += ladder_bytes(&self.accounts.records[i].shorts)
        return total

    def __deepcopy__(self, memo):
        return FailureQueues(
            copying.deepcopy(self.accounts, memo),
            copying.deepcopy(self.excess, memo),
            copying.deepcopy(self.cases, memo),
        )
