"""Which accounts fail when prices move, or when they trade, pay or are paid.

An isolated account waits in a queue at the one tick at which it fails: a mark that moves past
nobody's tick costs one comparison. Accounts of several holdings are looked at in blocks, each with
bounds on all marks within which none of its accounts can fail.
"""

cimport cython
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from lob.engine.block cimport Block
from lob.clearing.cross cimport BLOCK, MAX_HOLDINGS, CrossBlock, slack_of, weigh_block
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.ledger cimport FAILED, SAFE, Account
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.oracle cimport Oracle
from lob.clearing.queues cimport Waiting, key_of, queue_anew, queue_join, queue_leave, sort_waiting
from lob.clearing.requirement cimport NO_PRICE, NO_TRIGGER
from lob.engine.ladder cimport Ladder, Level, ladder_reserve, ladder_spare
from lob.engine.matching cimport Book
from lob.engine.memory cimport prefetch, unlikely
from lob.engine.records cimport CAUSE_ORACLE, CAUSE_TRANSFER, ENTRY_MARK, MAX_PRICE, Entry, Event

from lob import checks

__all__ = ["WatchedAccounts"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(False)
cdef class WatchedAccounts(MarginAccounts):
    """Margin accounts that are looked at when they may have failed.

    What becomes of an account that has is up to ``open_case``, of what is built on it.
    """

    def __init__(self, name, holdings, cash, insurance_fund, portfolio):
        super().__init__(name, holdings, cash, insurance_fund, portfolio)
        self.watch = Block()
        self.cross_blocks = Block()
        self.deadline = NEVER

    cdef int point_at_records(self) except -1:
        MarginAccounts.point_at_records(self)
        for i in range(self.holding_count):
            self.low[i] = 1
            self.high[i] = MAX_PRICE
        return 0

    cdef int watch_over(self, int64_t first, int64_t count, bint cross) except -1:
        cdef int64_t account
        if cross:
            self.add_blocks(first, count)
        else:
            for account in range(first, first + count):
                self.link(account)
        return self.look_again(CAUSE_TRANSFER)

    cdef int64_t open_case(
        self, int64_t account, int64_t holding, int cause, int64_t tag
    ) except -1:
        """An account has failed."""
        raise NotImplementedError

    cdef int reset_deadline(self) noexcept:
        """When there is next something to do."""
        return 0

    # ---------------------------------------------------------------- the queues

    cdef int link(self, int64_t account) except -1:
        """Queue an isolated account at the tick at which it fails."""
        cdef Account *accounts = self.ledger.accounts
        cdef Account *record = &accounts[account]
        cdef HoldingRecord *holding = self.records[record.holding]
        cdef bint long_side = self.ledger.row(holding.asset)[account] > 0
        cdef Ladder *ladder = &holding.longs if long_side else &holding.shorts
        record.trigger = self.trigger_of(account)
        record.indexed = 0
        if record.trigger == NO_TRIGGER:
            return 0
        if unlikely(ladder_spare(ladder) < 1) and ladder_reserve(ladder, 64) < 0:
            raise MemoryError
        queue_join(ladder, accounts, account, long_side)
        return 0

    cdef int unlink(self, int64_t account) noexcept:
        """Take an account out of its queue, if it is in one."""
        cdef Account *accounts = self.ledger.accounts
        cdef Account *record = &accounts[account]
        cdef HoldingRecord *holding = self.records[record.holding]
        cdef Ladder *ladder = &holding.longs if record.indexed > 0 else &holding.shorts
        if record.indexed:
            queue_leave(ladder, accounts, account)
        return 0

    cdef int touched(self, int64_t account, int cause) except -1:
        """An account traded, paid or was paid: where does it fail now, and has it already?"""
        cdef Account *record = &self.ledger.accounts[account]
        cdef int64_t old = record.trigger
        if record.state != SAFE:
            return 0
        if record.cross:
            self.open_bounds(self.block_of(account))
            if self.health_of(account) < 0:
                self.open_case(account, self.largest(account), cause, 0)
            return 0
        self.unlink(account)
        self.link(account)
        if record.trigger != old or cause != CAUSE_TRANSFER:
            self.collect(record.holding, cause, 0)
        return 0

    cdef int reindex_all(self, int cause) except -1:
        """Every isolated account's failing tick anew, and every block's bounds."""
        cdef int64_t i
        for i in range(self.holding_count):
            self.queue_all(i)
        for i in range(self.cross_count):
            self.open_bounds(&(<CrossBlock *>self.cross_blocks.data)[i])
        self.weighed = False
        return self.look_again(cause)

    cdef int queue_all(self, int64_t holding) except -1:
        """Queue every isolated account of a holding anew, those of one tick by number."""
        cdef Account *accounts = self.ledger.accounts
        cdef HoldingRecord *of = self.records[holding]
        cdef int64_t first, count, account, side, most = 0, found
        cdef Block block = Block()
        cdef Waiting *rows
        cdef Waiting *spare
        for first, count in self.ranges:
            if not accounts[first].cross and accounts[first].holding == holding:
                most += count
        block.reserve(2 * sizeof(Waiting) * <size_t>most)
        rows = <Waiting *>block.data
        spare = rows + most
        for side in range(2):
            found = 0
            for first, count in self.ranges:
                if accounts[first].cross or accounts[first].holding != holding:
                    continue
                for account in range(first, first + count):
                    if accounts[account].state == SAFE and (
                        self.ledger.row(of.asset)[account] > 0 if side == 0
                        else self.ledger.row(of.asset)[account] <= 0
                    ):
                        accounts[account].indexed = 0
                        accounts[account].trigger = self.trigger_of(account)
                        if accounts[account].trigger != NO_TRIGGER:
                            rows[found].key = key_of(side == 0, accounts[account].trigger)
                            rows[found].account = <uint64_t>account
                            found += 1
            if queue_anew(
                &of.shorts if side else &of.longs,
                accounts,
                sort_waiting(rows, spare, found),
                found,
                side == 0,
            ) < 0:
                raise MemoryError
        return 0

    cdef void look_ahead(self, int64_t account) noexcept:
        """Ask for the memory around an account's place in its queue."""
        cdef const Account *record = &self.ledger.accounts[account]
        cdef HoldingRecord *holding = self.records[record.holding]
        if record.indexed > 0:
            prefetch(&holding.longs.levels[record.level])
        elif record.indexed:
            prefetch(&holding.shorts.levels[record.level])
        if record.indexed:
            prefetch(&self.ledger.accounts[record.prev])
            prefetch(&self.ledger.accounts[record.next])

    cdef int look_again(self, int cause) except -1:
        """Who has failed by the marks as they are?"""
        cdef int64_t i
        for i in range(self.holding_count):
            self.collect(i, cause, 0)
        if self.cross_count:
            self.review(0, cause, 0)
        self.reset_deadline()
        return 0

    # ---------------------------------------------------------------- the blocks

    cdef int add_blocks(self, int64_t first, int64_t count) except -1:
        """Put cross accounts into blocks, which are looked at anew at the next price."""
        cdef CrossBlock *block
        while count:
            self.cross_blocks.reserve(
                max(sizeof(CrossBlock) * <size_t>(self.cross_count + 1), self.cross_blocks.nbytes)
            )
            block = &(<CrossBlock *>self.cross_blocks.data)[self.cross_count]
            block.first = <int32_t>first
            block.count = <int32_t>min(count, BLOCK)
            self.cross_count += 1
            self.open_bounds(block)
            first += block.count
            count -= block.count
        return 0

    cdef CrossBlock *block_of(self, int64_t account) noexcept:
        """The block of a cross account. Blocks are in the order of their accounts."""
        cdef CrossBlock *blocks = <CrossBlock *>self.cross_blocks.data
        cdef int64_t low = 0, high = self.cross_count - 1, middle
        while low < high:
            middle = (low + high + 1) >> 1
            if blocks[middle].first <= account:
                low = middle
            else:
                high = middle - 1
        return &blocks[low]

    cdef int open_bounds(self, CrossBlock *block) except -1:
        """Let no mark be within a block's bounds: it is looked at whatever comes."""
        cdef int64_t i
        for i in range(self.holding_count):
            block.low[i] = self.low[i] = MAX_PRICE
            block.high[i] = self.high[i] = 0
        return 0

    cdef int review(self, int64_t holding, int cause, int64_t tag) except -1:
        """Look at the blocks whose bounds a mark has left, and set bounds anew."""
        cdef CrossBlock *block
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef uint16_t failing[BLOCK + 1]
        cdef int64_t i, at, found, h
        cdef bint outside
        self.set_weights()
        for h in range(self.holding_count):
            units[h] = self.ledger.row(self.records[h].asset)
            self.low[h] = 1
            self.high[h] = MAX_PRICE
        for at in range(self.cross_count):
            block = &(<CrossBlock *>self.cross_blocks.data)[at]
            outside = False
            for h in range(self.holding_count):
                outside |= not block.low[h] <= self.records[h].mark <= block.high[h]
            if outside:
                if self.exact_only:
                    found = block.count
                    for i in range(found):
                        failing[i] = <uint16_t>i
                else:
                    found = weigh_block(
                        block, &self.weights, self.ledger.row(self.cash_asset), units, failing
                    )
                for i in range(found):
                    if self.ledger.accounts[block.first + failing[i]].state == SAFE and (
                        self.health_of(block.first + failing[i]) < 0
                    ):
                        self.open_case(block.first + failing[i], holding, cause, tag)
                self.guard(block)
            for h in range(self.holding_count):
                self.low[h] = max(self.low[h], block.low[h])
                self.high[h] = min(self.high[h], block.high[h])
        return 0

    cdef int guard(self, CrossBlock *block) except -1:
        """Bounds within which none of a block's accounts can fail."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef double slack = 1, least
        cdef int64_t i, h, mark, room
        if self.exact_only:
            return self.open_bounds(block)
        for h in range(self.holding_count):
            units[h] = self.ledger.row(self.records[h].asset)
        for i in range(block.first, block.first + block.count):
            if self.ledger.accounts[i].state == SAFE:
                least = slack_of(i, &self.weights, self.ledger.row(self.cash_asset), units)
                slack = min(slack, least)
        slack = max(slack, 0)
        for h in range(self.holding_count):
            mark = self.records[h].mark
            if mark == NO_PRICE:
                self.open_bounds(block)
                return 0
            room = <int64_t>(slack * mark)
            block.low[h] = mark - room
            block.high[h] = mark + room
        return 0

    def count_failing(self):
        """How many cross accounts have a negative health now, by a full pass: O(accounts)."""
        cdef const int64_t *units[MAX_HOLDINGS]
        cdef uint16_t failing[BLOCK + 1]
        cdef int64_t i, at, found = 0
        cdef CrossBlock *block
        self.set_weights()
        for i in range(self.holding_count):
            units[i] = self.ledger.row(self.records[i].asset)
        for at in range(self.cross_count):
            block = &(<CrossBlock *>self.cross_blocks.data)[at]
            if self.exact_only:
                for i in range(block.first, block.first + block.count):
                    found += self.health_of(i) < 0
            else:
                found += weigh_block(
                    block, &self.weights, self.ledger.row(self.cash_asset), units, failing
                )
        return found

    # ---------------------------------------------------------------- marks

    cdef int64_t holding_of(self, int64_t instrument) noexcept:
        """The holding that a book trades, or -1."""
        return (<int64_t *>self.watch.data)[instrument]

    cdef int observe(
        self, int64_t ts, int64_t instrument, const Event *events, int64_t count
    ) except -1:
        """A whole message has met a book."""
        cdef int64_t i
        cdef Oracle oracle
        cdef bint moved[MAX_HOLDINGS]
        cdef bint any_moved = False
        # All marks first: what is made of the same price moves with it.
        for i in range(self.holding_count):
            oracle = (<Holding>self.holdings[i]).oracle
            moved[i] = False
            if oracle.watches(instrument):
                moved[i] = oracle.observe(
                    ts, <const Book **>self.market.book_of, events, count, instrument
                )
                if moved[i]:
                    self.records[i].mark = oracle.price
                    any_moved = True
                if oracle.deadline < self.deadline:
                    self.deadline = oracle.deadline
        return self.marks_moved(moved) if any_moved else 0

    cdef int marks_moved(self, const bint *moved) except -1:
        """Several marks have moved at once."""
        cdef int64_t i
        cdef Oracle oracle
        self.weighed = False
        for i in range(self.holding_count):
            if moved[i]:
                oracle = (<Holding>self.holdings[i]).oracle
                self.mark_moved(i, oracle.cause, oracle.cause_tag)
        return 0

    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1:
        """Balances changed, and with them what claims are worth."""
        cdef int64_t i
        cdef Oracle oracle
        cdef bint moved[MAX_HOLDINGS]
        cdef bint any_moved = False
        for i in range(self.holding_count):
            moved[i] = False
            if not self.records[i].of_claim:
                continue
            oracle = (<Holding>self.holdings[i]).oracle
            moved[i] = oracle.look(ts, cause, tag)
            if moved[i]:
                self.records[i].mark = oracle.price
                any_moved = True
            if oracle.deadline < self.deadline:
                self.deadline = oracle.deadline
        return self.marks_moved(moved) if any_moved else 0

    def observe_price(self, price, *, holding=0):
        """Let the price of a ``Fixed`` source be another one from now on.

        Parameters
        ----------
        price
            Ticks.
        holding
            Number.
        """
        cdef Holding of
        number = checks.integer("holding", holding, 0, self.holding_count - 1)
        of = self.holdings[number]
        if of.oracle.observe_price(self.market.now, price):
            of.record.mark = of.oracle.price
            self.mark_moved(number, of.oracle.cause, of.oracle.cause_tag)
        if self.watches_claims:
            # A claim may be valued by the same source.
            self.observe_claims(self.market.now, CAUSE_ORACLE, 0)
        self.reset_deadline()

    cdef int mark_moved(self, int64_t holding, int cause, int64_t tag) except -1:
        cdef HoldingRecord *record = self.records[holding]
        cdef Entry *entry = self.ledger.write(ENTRY_MARK)
        cdef Oracle oracle = (<Holding>self.holdings[holding]).oracle
        if record.mark < 1:
            raise ValueError(
                f"clearing {self.name!r}: the mark of {self.holdings[holding].name} must be at "
                f"least 1 tick, got {record.mark}"
            )
        entry.price = record.mark
        entry.reference = oracle.true_price
        entry.instrument = <uint16_t>record.instrument
        entry.asset = <uint16_t>record.asset
        entry.clearing = <int16_t>self.number
        entry.cause = <uint8_t>cause
        entry.parent = tag
        self.weighed = False
        self.collect(holding, cause, tag)
        if self.cross_count and not self.low[holding] <= record.mark <= self.high[holding]:
            self.review(holding, cause, tag)
        return 0

    cdef int collect(self, int64_t holding, int cause, int64_t tag) except -1:
        """Open a case for every isolated account whose tick the mark has reached."""
        cdef HoldingRecord *record = self.records[holding]
        if record.mark == NO_PRICE:
            return 0
        while record.longs.best_key <= key_of(True, record.mark):
            self.open_case(record.longs.levels[record.longs.best].head, holding, cause, tag)
        while record.shorts.best_key <= key_of(False, record.mark):
            self.open_case(record.shorts.levels[record.shorts.best].head, holding, cause, tag)
        return 0

    # ---------------------------------------------------------------- what one reads

    def check(self):
        """Whether queues, states and ledger agree: O(accounts). Raises ``AssertionError``."""
        cdef int64_t first, count, account, queued = 0
        cdef Account *record
        cdef HoldingRecord *holding
        for first, count in self.ranges:
            for account in range(first, first + count):
                record = &self.ledger.accounts[account]
                holding = self.records[record.holding]
                assert record.clearing == self.number, f"account {account} is not ours"
                assert (record.liquidation > 0) == (record.state == FAILED)
                if record.cross or record.state == FAILED:
                    assert not record.indexed, f"account {account} must not be queued"
                    if record.state == SAFE and not self.weights_missing():
                        assert self.health_of(account) >= 0, f"account {account} is not safe"
                    continue
                assert record.trigger == self.trigger_of(account), (
                    f"account {account} fails at {self.trigger_of(account)}, not {record.trigger}"
                )
                if record.indexed:
                    queued += 1
                    assert holding.mark == NO_PRICE or (
                        record.trigger < holding.mark
                        if record.indexed > 0
                        else record.trigger > holding.mark
                    ), f"account {account} has failed unseen"
                else:
                    assert record.trigger == NO_TRIGGER, f"account {account} must be queued"
        for i in range(self.holding_count):
            queued -= count_queued(self, &self.records[i].longs)
            queued -= count_queued(self, &self.records[i].shorts)
        assert queued == 0, f"{queued} accounts are in no queue, or in two"


cdef int64_t count_queued(WatchedAccounts clearing, const Ladder *ladder) except -1:
    """How many accounts are queued, following every link."""
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
                assert clearing.ledger.accounts[account].prev == before
                assert clearing.ledger.accounts[account].trigger == level.price
                before = account
                account = clearing.ledger.accounts[account].next
                found += 1
            assert level.tail == before
    return found
