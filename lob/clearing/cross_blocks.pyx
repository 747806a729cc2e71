"""The accounts whose holdings back each other, looked at 1,024 at a time.

Each block has bounds on all marks within which none of its accounts can fail: it is passed over
until a mark leaves them, or one of its accounts trades, pays or is paid.
"""

import copy as copying

cimport cython
from libc.stdint cimport int32_t, int64_t, uint16_t

from lob.engine.block cimport Block
from lob.clearing.cases cimport Cases
from lob.clearing.cross cimport BLOCK, MAX_HOLDINGS, CrossBlock, slack_of, weigh_block
from lob.clearing.ledger cimport SAFE
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.clearing.queues cimport Failing, draw_of, sort_failing
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.records cimport MAX_PRICE
from lob.engine.wide cimport int128

__all__ = ["CrossBlocks"]


@cython.final
@cython.auto_pickle(False)
cdef class CrossBlocks:
    """The cross accounts of a clearing, in blocks with bounds on the marks.

    Parameters
    ----------
    accounts, excess, cases
        As for ``FailureIndex``.
    """

    def __init__(
        self, MarginAccounts accounts not None, MarginExcess excess not None, Cases cases not None
    ):
        cdef int64_t i
        self.accounts, self.excess, self.cases = accounts, excess, cases
        self.memory = Block()
        self.failing = Block()
        for i in range(accounts.holding_count):
            self.low[i] = 1
            self.high[i] = MAX_PRICE

    cdef int add(self, int64_t first, int64_t count) except -1:
        """Put cross accounts into blocks, which are looked at anew at the next price."""
        cdef CrossBlock *block
        while count:
            self.memory.reserve(
                max(sizeof(CrossBlock) * <size_t>(self.count + 1), self.memory.nbytes)
            )
            block = self.block(self.count)
            block.first = <int32_t>first
            block.count = <int32_t>min(count, BLOCK)
            self.count += 1
            self.open_bounds(block)
            first += block.count
            count -= block.count
        return 0

    cdef CrossBlock *block_of(self, int64_t account) noexcept:
        """The block of a cross account. Blocks are in the order of their accounts."""
        cdef int64_t low = 0, high = self.count - 1, middle
        while low < high:
            middle = (low + high + 1) >> 1
            if self.block(middle).first <= account:
                low = middle
            else:
                high = middle - 1
        return self.block(low)

    cdef int open_bounds(self, CrossBlock *block) noexcept:
        """Let no mark be within a block's bounds: it is looked at whatever comes."""
        cdef int64_t i
        for i in range(self.accounts.holding_count):
            block.low[i] = self.low[i] = MAX_PRICE
            block.high[i] = self.high[i] = 0
        return 0

    cdef int open_all_bounds(self) noexcept:
        """Let every block be looked at."""
        cdef int64_t i
        for i in range(self.count):
            self.open_bounds(self.block(i))
        return 0

    cdef int review(self, int64_t holding, int cause, int64_t tag) except -1:
        """Look at the blocks whose bounds a mark has left, and set bounds anew.

        A case is opened for every account that lacks margin, with the mark that moved as its cause:
        for whoever lacks most first, and among equals as drawn (``draw_of``).
        """
        cdef CrossBlock *block
        cdef Failing *rows
        cdef int64_t at, h, i, found = 0
        self.excess.set_weights()
        for h in range(self.accounts.holding_count):
            self.low[h] = 1
            self.high[h] = MAX_PRICE
        for at in range(self.count):
            block = self.block(at)
            block.failing = 0
            if self.is_outside(block):
                block.failing = self.find_failing(block, found)
                found += block.failing
                if not block.failing:
                    self.set_bounds(block)
            if not block.failing:
                self.narrow(block)
        if not found:
            return 0
        rows = <Failing *>self.failing.data
        sort_failing(rows, found)
        for i in range(found):
            self.cases.open(rows[i].account, holding, cause, tag)
        # Whoever has a case needs no bounds any more.
        for at in range(self.count):
            block = self.block(at)
            if block.failing:
                self.set_bounds(block)
                self.narrow(block)
        return 0

    cdef bint is_outside(self, const CrossBlock *block) noexcept:
        """Whether a mark has left the bounds of a block."""
        cdef int64_t h
        cdef bint outside = False
        for h in range(self.accounts.holding_count):
            outside |= not block.low[h] <= self.accounts.records[h].mark <= block.high[h]
        return outside

    cdef int narrow(self, const CrossBlock *block) noexcept:
        """Let the bounds of all be within those of a block."""
        cdef int64_t h
        for h in range(self.accounts.holding_count):
            self.low[h] = max(self.low[h], block.low[h])
            self.high[h] = min(self.high[h], block.high[h])
        return 0

    cdef int64_t find_failing(self, const CrossBlock *block, int64_t before) except -1:
        """Note who of a block lacks margin behind those that were found before; how many."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef uint16_t failing[BLOCK + 1]
        cdef int64_t i, account, doubtful = block.count, found = before
        cdef int128 excess
        cdef Failing *row
        if self.excess.exact_only:
            for i in range(doubtful):
                failing[i] = <uint16_t>i
        else:
            for i in range(self.accounts.holding_count):
                units[i] = self.accounts.ledger.row(self.accounts.records[i].asset)
            doubtful = weigh_block(
                block,
                &self.excess.weights,
                self.accounts.ledger.row(self.accounts.cash_asset),
                units,
                failing,
            )
        for i in range(doubtful):
            account = block.first + failing[i]
            if self.accounts.ledger.accounts[account].state != SAFE:
                continue
            excess = self.excess.ppm_of(account, False)
            if excess >= 0:
                continue
            if sizeof(Failing) * <size_t>(found + 1) > self.failing.nbytes:
                self.failing.reserve(2 * sizeof(Failing) * <size_t>(found + 1))
            row = &(<Failing *>self.failing.data)[found]
            row.excess = excess
            row.drawn = draw_of(
                self.accounts.ledger.accounts[account].owner,
                self.accounts.market.now,
                self.cases.total,
            )
            row.account = account
            found += 1
        return found - before

    cdef int set_bounds(self, CrossBlock *block) except -1:
        """Bounds within which none of a block's accounts can fail."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef double slack = 1, least
        cdef int64_t i, h, mark, room
        if self.excess.exact_only:
            return self.open_bounds(block)
        for h in range(self.accounts.holding_count):
            units[h] = self.accounts.ledger.row(self.accounts.records[h].asset)
        for i in range(block.first, block.first + block.count):
            if self.accounts.ledger.accounts[i].state == SAFE:
                least = slack_of(
                    i,
                    &self.excess.weights,
                    self.accounts.ledger.row(self.accounts.cash_asset),
                    units,
                )
                slack = min(slack, least)
        slack = max(slack, 0)
        for h in range(self.accounts.holding_count):
            mark = self.accounts.records[h].mark
            if mark == NO_PRICE:
                return self.open_bounds(block)
            room = <int64_t>(slack * mark)
            block.low[h] = mark - room
            block.high[h] = mark + room
        return 0

    # ---------------------------------------------------------------- what one reads

    def count_failing(self):
        """How many cross accounts lack margin now, by a full pass: O(accounts)."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef uint16_t failing[BLOCK + 1]
        cdef int64_t i, at, found = 0
        cdef CrossBlock *block
        self.excess.set_weights()
        for i in range(self.accounts.holding_count):
            units[i] = self.accounts.ledger.row(self.accounts.records[i].asset)
        for at in range(self.count):
            block = self.block(at)
            if self.excess.exact_only:
                for i in range(block.first, block.first + block.count):
                    found += self.excess.ppm_of(i, False) < 0
            else:
                found += weigh_block(
                    block,
                    &self.excess.weights,
                    self.accounts.ledger.row(self.accounts.cash_asset),
                    units,
                    failing,
                )
        return found

    def check(self):
        """Check that every cross account that has not failed is safe: O(accounts).

        Nothing is checked while a mark is missing. Raises ``AssertionError``, which names the
        account.
        """
        cdef int64_t first, count, account
        if not self.accounts.has_all_marks():
            return
        for first, count in self.accounts.ranges:
            for account in range(first, first + count):
                if self.accounts.ledger.accounts[account].cross and (
                    self.accounts.ledger.accounts[account].state == SAFE
                ):
                    assert self.excess.ppm_of(account, False) >= 0, (
                        f"account {account} is not safe"
                    )

    def memory_bytes(self):
        """Bytes of memory set aside for the blocks of cross accounts."""
        return self.memory.nbytes + self.failing.nbytes

    def __deepcopy__(self, memo):
        cdef int64_t i
        cdef CrossBlocks other = CrossBlocks(
            copying.deepcopy(self.accounts, memo),
            copying.deepcopy(self.excess, memo),
            copying.deepcopy(self.cases, memo),
        )
        other.memory = copying.deepcopy(self.memory)
        other.count = self.count
        for i in range(self.accounts.holding_count):
            other.low[i], other.high[i] = self.low[i], self.high[i]
        return other
