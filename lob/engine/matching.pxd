"""The compiled matching engine: what ``lob.reference`` says, on C structs."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t

from lob.engine.ladder cimport Ladder, Level
from lob.engine.order_table cimport OrderTable, RestingOrder
from lob.engine.used_ids cimport UsedIds
from lob.engine.records cimport Event, Message, Quote

cdef struct EventSink:
    Event *begin
    Event *next
    Event *end
    bint owned  # the block is ours to grow and free
    bint lost  # there was no memory for an event

cdef struct Book:
    Ladder sides[2]  # bids, asks
    OrderTable table
    Level waiting[2]  # market orders that wait for a call auction, to buy and to sell
    UsedIds used  # ids of all orders so far, where none may be used again
    int64_t volume[2]  # total lots of a side
    int64_t decremented  # lots that self-trade prevention took off the order that came in last
    int64_t seq
    int64_t budget  # new orders until memory is looked at again
    uint16_t instrument
    EventSink sink
    uint8_t session
    bint ruled  # not continuous, or a band: what enters is looked at more closely
    int64_t band[2]  # ticks: the lowest and the highest price allowed
    uint64_t market_reach[2]  # the worst key that a market order to buy, to sell trades with

cdef struct Crossing:
    # What an uncross would do: see lob.venue.call_auction.Uncross.
    int64_t price
    int64_t volume  # 0: nothing can trade, and the rest means nothing
    int64_t surplus
    int64_t lowest
    int64_t highest

cdef int book_init(Book *book, uint16_t instrument, bint unique_ids) noexcept nogil
cdef void book_release(Book *book) noexcept nogil
cdef int book_copy(Book *book, const Book *other) noexcept nogil
cdef int sink_init(EventSink *sink) noexcept nogil
cdef int sink_copy(EventSink *sink, const EventSink *other) noexcept nogil
cdef int sink_reserve(EventSink *sink, int64_t events) noexcept
cdef void grow_sink(EventSink *sink) noexcept nogil
cdef void sink_retire(EventSink *sink) noexcept
cdef void sink_release(EventSink *sink) noexcept nogil
cdef size_t sink_bytes(const EventSink *sink) noexcept nogil
cdef int book_reserve(Book *book) noexcept nogil
cdef bint well_formed(const Message *message, uint16_t instrument) noexcept nogil
cdef int64_t first_malformed(
    const Message *messages, int64_t count, uint16_t instrument
) noexcept nogil
cdef int apply(Book *book, const Message *message) noexcept nogil
cdef int64_t apply_all(
    Book *book, const Message *messages, int64_t count, Quote *quotes
) noexcept nogil
cdef void rest(Book *book, const Message *order, int64_t leaves, int64_t total) noexcept nogil
cdef int use_id(Book *book, int64_t order_id) noexcept nogil
cdef int64_t open_size(const RestingOrder *resting, const Message *message) noexcept nogil
cdef int64_t protection_limit(const Book *book, const Message *message) noexcept nogil
cdef void set_rules(Book *book, uint8_t session, int64_t low, int64_t high) noexcept nogil
cdef Crossing find_crossing(const Book *book, bint near, int64_t reference) noexcept nogil
