"""Margin, and what happens to accounts that lack it."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t

from lob.block cimport Block
from lob.clearing.cross cimport MAX_HOLDINGS, CrossBlock, Weights
from lob.clearing.ledger cimport Ledger
from lob.clearing.oracle cimport Oracle
from lob.clearing.requirement cimport Tiers
from lob.ladder cimport Ladder
from lob.market cimport Market
from lob.matching cimport Book
from lob.records cimport Event, Message
from lob.wide cimport int128

cdef enum:
    # What has become of a liquidation.
    WAITING = 0
    ACTIVE = 1
    SETTLED = 2

cdef struct HoldingRecord:
    int64_t asset
    int64_t instrument  # the book in which it is sold
    int64_t multiplier
    bint inverse
    bint bookless  # a claim that no book trades: unwrapped, never sold
    bint of_claim  # its price is made of balances
    uint8_t depth  # how many claims deep
    int64_t mark  # ticks; NO_PRICE before the first
    Tiers maintenance[2]  # of long and of short positions
    Tiers initial[2]
    Ladder longs  # accounts by the tick at which they fail
    Ladder shorts

cdef struct Case:
    int64_t opened  # ns
    int64_t size  # lots held when it failed, signed
    int64_t cash  # units then
    int64_t mark  # ticks, believed
    int64_t reference  # ticks, true
    int64_t parent  # tag, or 0
    int64_t sold  # lots traded for it in the book
    int64_t received  # units for them, negative if paid
    int64_t due  # ns: when its design looks at it next
    int32_t account
    uint16_t holding  # whose mark moved
    uint8_t cause
    uint8_t state
    uint8_t stage


cdef class Holding:
    cdef HoldingRecord record
    cdef readonly object margin  # the model
    cdef readonly Oracle oracle
    cdef readonly str name
    cdef readonly int64_t number
    cdef list working  # two Blocks of int64 by account: lots of resting buys, sells
    cdef Block entry_values  # int64 by account: what its lots were bought for; None: not kept
    cdef int64_t *working_of(self, int side, int64_t account) except NULL
    cdef int64_t *entry_value_of(self, int64_t account) except NULL


cdef class Clearing:
    cdef readonly str name
    cdef readonly int64_t number
    cdef readonly Market market
    cdef readonly Ledger ledger
    cdef readonly list holdings  # Holding
    cdef readonly Liquidator liquidator
    cdef readonly int64_t cash_asset
    cdef readonly int64_t fund  # account of the insurance fund
    cdef readonly int64_t fees  # account
    cdef readonly int64_t shortfall  # account: losses that nobody has borne yet
    cdef readonly int64_t pool  # account: lends, and gets the interest
    cdef readonly int64_t account_total
    cdef readonly object portfolio  # PortfolioMargin or None
    cdef public int64_t deadline
    cdef HoldingRecord *records[MAX_HOLDINGS]
    cdef int64_t holding_count
    cdef Block watch  # int64 an instrument: the holding sold there, or -1
    cdef Block case_block
    cdef int64_t case_total
    cdef int64_t fresh  # the first case that no design has begun with
    cdef list timers
    cdef int64_t timer_due
    cdef object ranges  # list of (first account, count)
    cdef Block cross_blocks
    cdef int64_t cross_count
    cdef Weights weights
    cdef bint weighed  # weights are of the marks of now
    cdef bint exact_only  # tiers or overflow: one account at a time
    cdef int64_t low[MAX_HOLDINGS]
    cdef int64_t high[MAX_HOLDINGS]
    cdef int64_t liquidation_fee  # ppm
    cdef list unwraps  # claims without a book that its accounts may have, the deepest first
    cdef bint watches_claims  # some price is made of balances
    cdef tuple configuration  # name of the cash asset, what the fund starts with

    cdef inline Case *case(self, int64_t number) noexcept:
        return &(<Case *>self.case_block.data)[number]

    cdef int64_t holding_of(self, int64_t instrument) noexcept
    cdef int observe(
        self, int64_t ts, int64_t instrument, const Event *events, int64_t count
    ) except -1
    cdef int mark_moved(self, int64_t holding, int cause, int64_t tag) except -1
    cdef int marks_moved(self, const bint *moved) except -1
    cdef int collect(self, int64_t holding, int cause, int64_t tag) except -1
    cdef int64_t trigger_of(self, int64_t account) noexcept
    cdef int link(self, int64_t account) except -1
    cdef int unlink(self, int64_t account) noexcept
    cdef int touched(self, int64_t account, int cause) except -1
    cdef int128 health_of(self, int64_t account) noexcept
    cdef int128 health_at(self, int64_t account, bint initial) noexcept
    cdef int64_t open_case(
        self, int64_t account, int64_t holding, int cause, int64_t tag
    ) except -1
    cdef int settle_case(self, int64_t number) except -1
    cdef int release(self, int64_t number) except -1
    cdef void fetch(self, int64_t account, int64_t instrument, int64_t side) noexcept
    cdef int admit(self, Message *message, int64_t account) except -1
    cdef int count_working(self, int64_t account, const Event *event, bint resting) except -1
    cdef int reset_deadline(self) noexcept
    cdef int advance(self, int64_t ts) except -1
    cdef int set_weights(self) except -1
    cdef int guard(self, CrossBlock *block) except -1
    cdef int review(self, int64_t holding, int cause, int64_t tag) except -1
    cdef int sell(
        self, int64_t number, int64_t holding, int64_t size, int64_t price, int order_type,
        int time_in_force,
    ) except -1
    cdef int unwrap_case(self, int64_t number) except -1
    cdef int observe_claims(self, int64_t ts, int cause, int64_t tag) except -1
    cdef int admit_other(self, const Message *message, int64_t account) except -1
    cdef uint8_t layer_of(self, int64_t account) noexcept
    cdef bint flat(self, int64_t account) noexcept
    cdef int reindex_all(self, int cause) except -1
    cdef int queue_all(self, int64_t holding) except -1
    cdef void look_ahead(self, int64_t account) noexcept
    cdef int look_again(self, int cause) except -1
    cdef int point_at_records(self) except -1
    cdef int add_blocks(self, int64_t first, int64_t count) except -1
    cdef int open_bounds(self, CrossBlock *block) except -1
    cdef int128 scenario_health(self, int64_t account) noexcept
    cdef int64_t largest(self, int64_t account) noexcept
    cdef int64_t tag_of(self, int64_t case) noexcept
    cdef int close_case(self, int64_t number, int64_t left, int64_t unsold) except -1
    cdef int trade_for_case(self, const Event *event, int64_t tag, int64_t sold) except -1
    cdef int recall_orders(self, int64_t account) except -1
    cdef int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1
    cdef bint keeps_entry_values


cdef class Liquidator:
    cdef readonly Clearing clearing
    cdef readonly dict offers  # lob.liquidation.offers.Offer by tag
    cdef readonly list listeners
    cdef public int64_t deadline
    cdef int begin(self, int64_t case) except -1
    cdef int advance(self, int64_t ts) except -1
    cdef int filled(self, int64_t case, const Event *event) except -1
    cdef int perform(self, const Message *message, int64_t account) except -1
