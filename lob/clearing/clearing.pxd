"""Margin, and what happens to accounts that lack it."""

from libc.stdint cimport int64_t

from lob.clearing.cases cimport Case, Cases
from lob.clearing.entry_values cimport EntryValues
from lob.clearing.failure_index cimport FailureIndex
from lob.clearing.holding cimport HoldingRecord
from lob.clearing.ledger cimport Ledger
from lob.clearing.liquidation_engine cimport LiquidationEngine
from lob.clearing.margin_accounts cimport MarginAccounts
from lob.clearing.margin_excess cimport MarginExcess
from lob.clearing.mark_prices cimport MarkPrices
from lob.clearing.order_checks cimport OrderChecks
from lob.clearing.payments cimport Payments
from lob.engine.records cimport Event, Message
from lob.engine.wide cimport int128
from lob.venue.market cimport Market


cdef class Clearing:
    # Its parts. Each knows only those above it.
    cdef readonly MarginAccounts accounts
    cdef readonly MarginExcess excess
    cdef readonly EntryValues entry_values
    cdef readonly Cases failed
    cdef readonly FailureIndex index
    cdef readonly MarkPrices marks
    cdef readonly OrderChecks order_checks
    cdef readonly Payments payments
    cdef readonly LiquidationEngine liquidation_engine

    # What others read of its accounts at every message: as it is there.
    cdef readonly int64_t number
    cdef readonly Market market
    cdef readonly Ledger ledger
    cdef readonly list holdings
    cdef readonly int64_t holding_count
    cdef HoldingRecord **records
    cdef readonly int64_t cash_asset
    cdef readonly int64_t fund
    cdef readonly int64_t fees
    cdef readonly int64_t shortfall
    cdef readonly int64_t pool

    cdef public int64_t deadline  # ns: when there is next something to do
    cdef list timers  # [ns of the next call, ns between calls, action]
    cdef int64_t timer_due  # ns: when the first of them is called

    cdef int read_accounts(self) noexcept
    cdef int reset_deadline(self) noexcept
    cdef int advance(self, int64_t ts) except -1

    cdef inline int hasten(self) noexcept:
        """Let the deadline be no later than what has come to be due, and the market's neither."""
        if self.marks.deadline < self.deadline:
            self.deadline = self.marks.deadline
        if self.failed.fresh < self.failed.total and self.market.now < self.deadline:
            self.deadline = self.market.now
        if self.deadline < self.market.deadline:
            self.market.deadline = self.deadline
        return 0

    # What a venue tells it.
    cdef inline int observe(
        self, int64_t ts, int64_t instrument, const Event *events, int64_t count
    ) except -1:
        """A whole message has met a book."""
        self.marks.observe(ts, instrument, events, count)
        return self.hasten()

    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1
    cdef int touched(self, int64_t account, int cause) except -1
    cdef int touched_together(self, accounts, int cause) except -1
    cdef int await_price(self, int64_t account) noexcept
    cdef int trade_for_case(
        self, const Event *event, int64_t tag, int64_t buyer, int64_t seller
    ) except -1

    # What a venue and a liquidation engine ask of its parts.
    cdef inline void fetch(self, int64_t account, int64_t instrument, int64_t side) noexcept:
        """Ask for all that an order of an account is going to touch, at once."""
        self.order_checks.fetch(account, instrument, side)

    cdef inline int admit(self, Message *message, int64_t account) except -1:
        """Whether an account may send an order, and how much of it: a reason, or none."""
        return self.order_checks.admit(message, account)

    cdef inline int admit_replacement(
        self, Message *message, int64_t account, int64_t resting
    ) except -1:
        """Whether an order of which so many lots rest may become this one."""
        return self.order_checks.admit_replacement(message, account, resting)

    cdef inline int count_working(
        self, int64_t account, const Event *event, bint resting
    ) except -1:
        """Keep count of the lots that an account's orders have open."""
        return self.order_checks.count_working(account, event, resting)

    cdef inline int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1:
        """An account bought signed lots, which it has already, and paid for them."""
        return self.entry_values.note_trade(account, asset, lots, paid)

    cdef inline int128 margin_excess_ppm(self, int64_t account, bint initial) noexcept:
        """By how much an account meets its maintenance or initial margin, times a million."""
        return self.excess.ppm_of(account, initial)

    cdef inline int64_t largest(self, int64_t account) noexcept:
        """The holding that is worth most of what an account has."""
        return self.accounts.largest(account)

    cdef inline Case *case(self, int64_t number) noexcept:
        """A failure, by number."""
        return self.failed.case(number)

    cdef inline int64_t tag_of(self, int64_t number) noexcept:
        """The tag of a case: unique over the clearings of a venue."""
        return self.failed.tag_of(number)

    cdef inline bint flat(self, int64_t account) noexcept:
        """Whether an account holds nothing but cash."""
        return self.failed.flat(account)

    cdef inline int sell(
        self, int64_t number, int64_t holding, int64_t size, int64_t price, int order_type,
        int time_in_force,
    ) except -1:
        """Send an order for a case that brings its account nearer to zero."""
        return self.failed.sell(number, holding, size, price, order_type, time_in_force)

    cdef inline int redeem_in_kind(self, int64_t number) except -1:
        """Redeem in kind what a failed account has of claims without a book; whether it had any."""
        return self.failed.redeem_in_kind(number)

    cdef inline int settle_case(self, int64_t number) except -1:
        """End a case whose account holds nothing any more: its fee, or its debt."""
        return self.failed.settle(number)

    cdef int release(self, int64_t number) except -1
    cdef bint has_taken(self, int64_t tag, int64_t account) except -1
