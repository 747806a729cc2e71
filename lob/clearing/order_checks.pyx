"""The orders of margin accounts: whether they may be sent, and what of them rests.

An order that makes a position smaller is always admitted. One that makes it larger must leave the
account its initial margin, with all that rests in the book counted as if it had traded.
"""

import copy as copying

cimport cython
from libc.stdint cimport int64_t, uint16_t

from lob.engine.block cimport Block
from lob.clearing.failure_queues cimport FailureQueues
from lob.clearing.holding cimport Holding, HoldingRecord
from lob.clearing.ledger cimport SAFE, Account
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.clearing.requirement cimport NO_PRICE, requirement
from lob.engine.memory cimport prefetch
from lob.engine.records cimport (
    ACCEPTED,
    CANCEL,
    CANCELLED,
    FROM_VENUE,
    LIMIT,
    REASON_INSUFFICIENT_MARGIN,
    REASON_IN_LIQUIDATION,
    REASON_NONE,
    REASON_REDUCE_ONLY,
    REASON_VOLUME_LIMIT,
    REDUCE_ONLY,
    REDUCED,
    REPLACED,
    SELL,
    TRADE,
    Event,
    Message,
    write_message,
)
from lob.units cimport PPM
from lob.engine.wide cimport fits, int128

from lob import checks
from lob.types import MAX_SIZE, Side

__all__ = ["OrderChecks"]


@cython.final
@cython.auto_pickle(False)
cdef class OrderChecks:
    """The checks of margin accounts' orders before they meet a book, and the count of what rests.

    Parameters
    ----------
    accounts
        The ``MarginAccounts`` of the clearing.
    excess
        The ``MarginExcess`` that says what an order may use up.
    queues
        The ``FailureQueues`` of the accounts: their memory is reserved before an order trades.
    """

    def __init__(
        self,
        MarginAccounts accounts not None,
        MarginExcess excess not None,
        FailureQueues queues not None,
    ):
        self.accounts, self.excess, self.queues = accounts, excess, queues

    cdef void fetch(self, int64_t account, int64_t instrument, int64_t side) noexcept:
        """Ask for all that an order of an account is going to touch, at once."""
        cdef int64_t holding = self.accounts.holding_of(instrument)
        cdef Block working
        prefetch(&self.accounts.ledger.row(self.accounts.cash_asset)[account])
        if holding >= 0:
            prefetch(&self.accounts.ledger.row(self.accounts.records[holding].asset)[account])
            working = (<Holding>self.accounts.holdings[holding]).working[side < 0]
            if 8 * <size_t>account < working.nbytes:
                prefetch(&(<int64_t *>working.data)[account])
        if not self.accounts.ledger.accounts[account].cross:
            self.queues.look_ahead(account)

    cdef int admit(self, Message *message, int64_t account) except -1:
        """Whether an account may send an order, and how much of it: a reason, or none."""
        cdef Account *record = &self.accounts.ledger.accounts[account]
        cdef int64_t holding = self.accounts.holding_of(message.instrument)
        cdef HoldingRecord *of
        cdef int64_t side = message.side, held, working, room, price
        cdef int128 after, need, worth, loss
        if message.flags & FROM_VENUE:
            return REASON_NONE
        if record.state != SAFE:
            return REASON_IN_LIQUIDATION
        if holding < 0 or (not record.cross and record.holding != holding):
            if holding < 0:
                return self.admit_other(message, account)
            return REASON_INSUFFICIENT_MARGIN
        of = self.accounts.records[holding]
        held = self.accounts.ledger.row(of.asset)[account]
        working = (<Holding>self.accounts.holdings[holding]).working_of(side < 0, account)[0]
        if message.flags & REDUCE_ONLY:
            room = -side * held - working
            if room <= 0 or message.min_size > room:
                return REASON_REDUCE_ONLY
            message.size = min(message.size, room)
            record.reduces = True
            return REASON_NONE
        after = <int128>held + side * (<int128>working + message.size)
        if (after if after >= 0 else -after) <= (held if held >= 0 else -held):
            return REASON_NONE
        price = of.mark if of.mark != NO_PRICE else message.price
        if price < 1:
            return REASON_INSUFFICIENT_MARGIN
        worth = (after if after >= 0 else -after) * of.multiplier
        if not fits(worth) or not (of.inverse or fits(worth * max(price, message.price) * PPM)):
            return REASON_VOLUME_LIMIT
        # Bought at the mark, the equity stays and the requirement rises; beyond it, it falls too.
        loss = 0
        if message.order_type == LIMIT and (message.price - price) * side > 0:
            loss = <int128>(message.price - price) * side * message.size * of.multiplier
        need = requirement(
            &of.initial[after < 0], worth if of.inverse else worth * price
        ) - requirement(
            &of.initial[held < 0],
            <int128>(held if held >= 0 else -held) * of.multiplier * (1 if of.inverse else price),
        )
        if self.excess.ppm_of(account, True) - need - PPM * loss < 0:
            return REASON_INSUFFICIENT_MARGIN
        return REASON_NONE

    cdef int admit_replacement(
        self, Message *message, int64_t account, int64_t resting
    ) except -1:
        """Whether an order of which so many lots rest may become this one: as ``admit``."""
        cdef int64_t holding = self.accounts.holding_of(message.instrument)
        cdef Holding of
        cdef int reason
        if holding < 0:
            return self.admit(message, account)
        of = self.accounts.holdings[holding]
        # The lots that rest do not count beside those that take their place.
        of.working_of(message.side < 0, account)[0] -= resting
        reason = self.admit(message, account)
        of.working_of(message.side < 0, account)[0] += resting
        return reason

    cdef int admit_other(self, const Message *message, int64_t account) except -1:
        """Whether an account may send an order to a book that trades none of its holdings.

        What is bought there backs nothing, so the account must carry what it pays without it; what
        is sold must be there. Orders that rest in that book count as if they had traded.
        """
        cdef int64_t base, quote
        cdef int64_t *row
        cdef int128 cash, lots = message.size
        instrument = self.accounts.market.instruments[message.instrument]
        base = self.accounts.ledger.asset(instrument.base or instrument.name)
        quote = self.accounts.ledger.asset(instrument.quote)
        book = self.accounts.market.books[message.instrument]
        if instrument.inverse or message.flags & REDUCE_ONLY:
            return REASON_INSUFFICIENT_MARGIN
        orders = book.orders()
        orders = orders[
            (orders["owner"] == self.accounts.ledger.accounts[account].owner)
            & (orders["side"] == message.side)
            & (orders["order_id"] != message.order_id)  # the one that it replaces
        ]
        sizes = [int(size) for size in orders["size"]]
        if message.side == SELL:
            lots += <int64_t>min(sum(sizes), MAX_SIZE)
            if lots > self.accounts.ledger.row(base)[account]:
                return REASON_INSUFFICIENT_MARGIN
            return REASON_NONE
        resting = sum(
            size * max(0, int(price)) for size, price in zip(sizes, orders["price"], strict=True)
        )
        if message.order_type == LIMIT:
            resting += int(message.size) * max(0, int(message.price))
        else:
            resting += max(0, book.cost(Side.BUY, message.size).notional)
        resting *= int(instrument.multiplier)
        if resting > MAX_SIZE:
            return REASON_VOLUME_LIMIT
        cash = <int64_t>resting
        row = self.accounts.ledger.row(quote)
        if quote != self.accounts.cash_asset:
            return REASON_NONE if row[account] >= cash else REASON_INSUFFICIENT_MARGIN
        if self.excess.ppm_of(account, True) - PPM * cash < 0:
            return REASON_INSUFFICIENT_MARGIN
        return REASON_NONE

    cdef int count_working(self, int64_t account, const Event *event, bint resting) except -1:
        """Keep count of the lots that an account's orders have open."""
        cdef int64_t holding = self.accounts.holding_of(event.instrument)
        cdef int side = event.side < 0
        cdef int64_t *working
        if holding < 0:
            return 0
        working = (<Holding>self.accounts.holdings[holding]).working_of(side ^ resting, account)
        if event.kind == ACCEPTED or event.kind == REPLACED:
            working[0] += event.leaves
        elif event.kind == TRADE or event.kind == CANCELLED or event.kind == REDUCED:
            working[0] -= event.size
        return 0

    def working_orders(self, account, holding=0):
        """Lots of a holding that an account's resting orders have open: (to buy, to sell).

        Both are given by number. Raises ``ValueError`` if there is no such account or holding.
        """
        cdef int64_t last = self.accounts.holding_count - 1
        cdef Holding of = self.accounts.holdings[checks.integer("holding", holding, 0, last)]
        cdef int64_t number
        number = checks.integer("account", account, 0, self.accounts.ledger.account_count - 1)
        return of.working_of(0, number)[0], of.working_of(1, number)[0]

    cdef int recall_orders(self, int64_t account) except -1:
        """Cancel what an account has resting, in every book where it may have something."""
        cdef Holding holding
        cdef Message message
        for holding in self.accounts.holdings:
            if holding.working_of(0, account)[0] == 0 and holding.working_of(1, account)[0] == 0:
                continue
            orders = self.accounts.market.books[holding.record.instrument].orders()
            for order_id in orders["order_id"][
                orders["owner"] == self.accounts.ledger.accounts[account].owner
            ].tolist():
                write_message(
                    &message, CANCEL, 0, 0, 0, 0, FROM_VENUE, <uint16_t>holding.record.instrument
                )
                message.order_id = order_id
                message.owner = self.accounts.ledger.accounts[account].owner
                self.accounts.market.execute(&message)
        return 0

    def __deepcopy__(self, memo):
        return OrderChecks(
            copying.deepcopy(self.accounts, memo),
            copying.deepcopy(self.excess, memo),
            copying.deepcopy(self.queues, memo),
        )
