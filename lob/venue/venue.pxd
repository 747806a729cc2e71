"""Books, clearing and one journal."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from lob.engine.block cimport Block
from lob.engine.guard cimport Guard
from lob.clearing.ledger cimport Ledger
from lob.venue.market cimport Market
from lob.engine.matching cimport EventSink
from lob.engine.records cimport Event, Message
from lob.engine.wide cimport int128

cdef struct InstrumentTerms:
    # How a trade of an instrument is settled.
    int64_t base  # asset that changes hands
    int64_t quote  # asset that is paid
    int64_t multiplier
    int64_t maker_fee  # ppm; negative: a rebate
    int64_t taker_fee
    bint inverse


cdef class Venue(Market):
    cdef readonly Ledger ledger
    cdef readonly tuple clearings
    cdef readonly tuple facilities
    cdef readonly object claims  # ``Claims``, among the facilities; None: there are none
    cdef readonly int64_t seq  # events so far
    cdef EventSink journal
    cdef Block log  # messages, as they met the books
    cdef int64_t logged
    cdef Block book_pointers
    cdef Block terms
    cdef object event_writer
    cdef object message_writer
    cdef bint keep_events
    cdef bint keep_messages
    cdef int64_t unsettled  # event from which on a message's trades are not settled; 0: all are
    cdef int64_t fees  # account
    cdef list moved  # accounts of clearings that got or gave without a message, not seen yet
    cdef list trim  # accounts whose reduce-only orders may cover too much
    cdef int64_t own_orders  # of the venue itself: their ids count down from -1
    cdef readonly tuple breakers
    cdef int64_t breaker_due  # ns: when the first of them has something to do
    cdef bint broken  # one of them is to act before the next message
    cdef int64_t postings_seen  # of the ledger when claims were last looked at
    cdef list seen  # the latest price that each of them was told
    cdef Guard guard  # who is at work; the books have it too
    cdef int64_t idle  # things done on end without an event, an entry or a later time

    cdef int submit(self, Message *message) except -1
    cdef int settle(self, int64_t instrument, int64_t first, int64_t replaced) except -1
    cdef int settle_trade(self, const Event *event, int64_t taker, int64_t maker) except -1
    cdef int charge_fee(
        self, const InstrumentTerms *terms, int128 cash, int64_t account, int64_t rate, int64_t tag,
        int64_t instrument,
    ) except -1
    cdef int tell_case(
        self, const Event *event, int64_t tag, int64_t taker, int64_t maker
    ) except -1
    cdef int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1
    cdef int trim_orders(self, int64_t account) except -1
    cdef int64_t sender_of(self, const Message *message) noexcept
    cdef void name_own(self, Message *message) noexcept
    cdef bint may_settle(self, const Message *message) noexcept
    cdef bint may_settle_order(
        self, const Message *message, int side, int order_type, int64_t size, bint rests
    ) noexcept
    cdef bint fits_closely(
        self, const Message *message, int side, int order_type, int64_t price, int64_t size,
        bint rests,
    ) noexcept
    cdef int128 worth_of(self, int64_t instrument, int128 lots, int64_t price) noexcept
    cdef bint has_room(self, int64_t instrument, int128 worth, int128 lots) noexcept
    cdef int128 worth_of_accounts(
        self, const Message *message, int side, int64_t size, uint64_t limit, bint taker
    ) noexcept
    cdef int admit_replace(self, Message *message, int64_t account) except -1
    cdef int check_tag(self, Message *message) except -1
    cdef int perform(self, Message *message) except -1
    cdef int move_funds(self, const Message *message, int64_t account) except -1
    cdef void look_ahead(self, const Message[::1] rows, int64_t at) noexcept
    cdef int apply_batch(self, const Message[::1] rows) except -1
    cdef int check_batch(self, object batch, const Message[::1] rows) except -1
    cdef object events_from(self, int64_t first)
    cdef int look_at_claims(self) except -1
    cdef int look_at_moved(self) except -1
    cdef int reject(self, const Message *message, int reason) except -1
    cdef int record(self, const Message *message) except -1
    cdef int advance_to(self, int64_t ts) except -1
    cdef int advance_once(self, int64_t ts) except -1
    cdef int never_ends(self, int64_t things) except -1
    cdef int let_rule(self, str who) except -1
    cdef int reset_deadline(self) noexcept
    cdef int flush(self) except -1
    cdef Venue copy_into(self, Venue other, object memo)
    cdef int point_at_books(self) except -1
    cdef int watch(self, int64_t instrument, int64_t first) except -1
    cdef int find_breaker_due(self) except -1
    cdef int run_breakers(self, int64_t ts) except -1
    cdef bint rule(self, Message *message) except -1


cdef bint message_fits(Venue venue, const Message *message) noexcept
cdef bint is_of_venue(const Message *message) noexcept
