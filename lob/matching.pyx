"""The compiled matching engine: what ``lob.reference`` says, on C structs.

Nothing here touches a Python object. The functions are in the order of the reference; the reason
for a rule is there, the reason for a trick is here.

An incoming order is an ``Event`` that is filled in once and copied for each thing that happens
to it; its ``leaves`` count down. Memory is made sure of before an order is entered, so that
nothing can fail half way through a match.
"""

from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from lob.ladder cimport (
    NO_KEY,
    NO_LEVEL,
    Ladder,
    Level,
    ladder_add,
    ladder_copy,
    ladder_init,
    ladder_key,
    ladder_next,
    ladder_release,
    ladder_remove,
    ladder_reserve,
    ladder_spare,
)
from lob.memory cimport prefer_huge_pages, prefetch, resize, unlikely, whole_pages
from lob.order_table cimport (
    RestingOrder,
    hash_id,
    table_add,
    table_copy,
    table_find,
    table_guess,
    table_init,
    table_prefetch_slot,
    table_release,
    table_remove,
    table_reserve,
    table_spare,
)
from lob.records cimport (
    ACCEPTED,
    BUY,
    CANCEL,
    CANCELLED,
    FOK,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    MAX_PRICE,
    MAX_SIZE,
    NEW,
    POST_ONLY,
    REASON_DUPLICATE_ORDER_ID,
    REASON_FILL_OR_KILL,
    REASON_IMMEDIATE_OR_CANCEL,
    REASON_MINIMUM_SIZE,
    REASON_NO_LIQUIDITY,
    REASON_NONE,
    REASON_POST_ONLY,
    REASON_SELF_TRADE,
    REASON_UNKNOWN_ORDER,
    REASON_VOLUME_LIMIT,
    REDUCE,
    REDUCED,
    REJECTED,
    REPLACE,
    REPLACED,
    SELL,
    STP_CANCEL_BOTH,
    STP_CANCEL_NEWEST,
    STP_CANCEL_OLDEST,
    STP_DECREMENT,
    STP_NONE,
    TRADE,
    Event,
    Message,
    Quote,
)

cdef enum:
    # How far ahead a batch asks for memory: table slots, then records, then what records name.
    SLOTS_AHEAD = 12
    RECORDS_AHEAD = 7
    NEIGHBOURS_AHEAD = 3
    HUGE = 1 << 22  # bytes from which on huge pages pay


# -------------------------------------------------------------------------------- whole books

cdef int book_init(Book *book, uint16_t instrument) noexcept nogil:
    """An empty book in zeroed memory; -1 if there is no memory."""
    book.instrument = instrument
    if ladder_init(&book.sides[0]) < 0 or ladder_init(&book.sides[1]) < 0:
        return -1
    return -1 if table_init(&book.table) < 0 else sink_init(&book.sink)


cdef void book_release(Book *book) noexcept nogil:
    ladder_release(&book.sides[0])
    ladder_release(&book.sides[1])
    table_release(&book.table)
    sink_release(&book.sink)


cdef int book_copy(Book *book, const Book *other) noexcept nogil:
    """Make ``book``, zeroed memory, a copy; -1 if there is no memory."""
    book.instrument = other.instrument
    book.seq = other.seq
    book.volume[0] = other.volume[0]
    book.volume[1] = other.volume[1]
    if ladder_copy(&book.sides[0], &other.sides[0]) < 0:
        return -1
    if ladder_copy(&book.sides[1], &other.sides[1]) < 0:
        return -1
    return -1 if table_copy(&book.table, &other.table) < 0 else sink_init(&book.sink)


cdef int book_reserve(Book *book) noexcept nogil:
    """Renew the budget of new orders that surely find memory; -1 if there is none."""
    cdef uint32_t more = 64 + book.table.count // 8
    if table_reserve(&book.table, more) < 0:
        return -1
    if ladder_reserve(&book.sides[0], 64) < 0 or ladder_reserve(&book.sides[1], 64) < 0:
        return -1
    book.budget = min(
        table_spare(&book.table), ladder_spare(&book.sides[0]), ladder_spare(&book.sides[1])
    )
    return 0


# -------------------------------------------------------------------------------- messages

cdef bint well_formed(const Message *message, uint16_t instrument) noexcept nogil:
    """Whether ``lob.checks.misuse`` finds nothing wrong."""
    if message.instrument != instrument:
        return False
    if message.kind == NEW:
        return (
            (message.side == BUY or message.side == SELL)
            and message.size >= 1
            and message.size <= MAX_SIZE
            and message.order_type <= MARKET
            and message.time_in_force <= FOK
            and message.stp <= STP_DECREMENT
            and (
                message.flags == 0
                or (
                    message.flags == POST_ONLY
                    and message.order_type == LIMIT
                    and message.time_in_force == GTC
                    and message.min_size == 0
                )
            )
            and (
                message.order_type == MARKET
                or (message.price >= -MAX_PRICE and message.price <= MAX_PRICE)
            )
            and message.min_size >= 0
            and message.min_size <= message.size
            and (
                message.reserved
                | message.display_size
                | message.stop_price
                | message.trail
                | message.expire_ts
            ) == 0
        )
    if message.kind == CANCEL:
        return True
    if message.size < 1 or message.size > MAX_SIZE:
        return False
    if message.kind == REPLACE:
        return message.price >= -MAX_PRICE and message.price <= MAX_PRICE
    return message.kind == REDUCE


cdef int apply(Book *book, const Message *message) noexcept nogil:
    """Apply one well-formed message; -1 if there is no memory, and then nothing was done."""
    cdef uint32_t index
    if message.kind == NEW:
        if unlikely(book.budget <= 0) and book_reserve(book) < 0:
            return -1
        book.budget -= 1
        enter(book, message)
        return 0
    index = table_find(&book.table, message.order_id, hash_id(message.order_id))
    if index == 0:
        reject(book, message, REASON_UNKNOWN_ORDER, 0)
    elif message.kind == CANCEL:
        take_off(book, index, MAX_SIZE, message.ts_event, REASON_NONE)
    elif message.kind == REDUCE:
        take_off(book, index, message.size, message.ts_event, REASON_NONE)
    else:
        if unlikely(book.budget <= 0) and book_reserve(book) < 0:
            return -1
        book.budget -= 1
        replace(book, message, index)
    return 0


cdef int64_t apply_all(
    Book *book, const Message *messages, int64_t count, Quote *quotes
) noexcept nogil:
    """Apply well-formed messages; how many were applied before memory ran out."""
    cdef int64_t i
    cdef uint32_t index
    cdef RestingOrder *order
    for i in range(count):
        # Everything a message will touch is asked for some messages ahead, in three stages:
        # each stage reads what the one before it has brought.
        if i + SLOTS_AHEAD < count:
            table_prefetch_slot(&book.table, messages[i + SLOTS_AHEAD].order_id)
            if messages[i + RECORDS_AHEAD].kind != NEW:
                index = table_guess(&book.table, messages[i + RECORDS_AHEAD].order_id)
                prefetch(&book.table.orders[index])
            if messages[i + NEIGHBOURS_AHEAD].kind != NEW:
                index = table_guess(&book.table, messages[i + NEIGHBOURS_AHEAD].order_id)
                order = &book.table.orders[index]
                if index:
                    prefetch(&book.table.orders[order.prev])
                    prefetch(&book.table.orders[order.next])
                    prefetch(&book.sides[order.side < 0].levels[order.level])
        if unlikely(apply(book, &messages[i]) < 0):
            return i
        if quotes != NULL:
            record_quote(book, messages[i].ts_event, &quotes[i])
    return count


# -------------------------------------------------------------------------------- the rules

cdef inline void enter(Book *book, const Message *message) noexcept nogil:
    """A NEW."""
    cdef int side = message.side < 0
    cdef Ladder *other = &book.sides[1 - side]
    cdef uint32_t hashed = hash_id(message.order_id)
    cdef bint market = message.order_type == MARKET
    cdef bint may_rest = not market and message.time_in_force == GTC
    # Bids and asks count keys in opposite directions: own key up, limit key down, or the reverse.
    cdef uint64_t key = <uint64_t>(MAX_PRICE - message.side * message.price)
    cdef uint64_t limit = <uint64_t>(MAX_PRICE + message.side * message.price)
    cdef bint crosses
    cdef Event order
    if market:
        limit = NO_KEY - 1
    crosses = other.best_key <= limit
    if unlikely(table_find(&book.table, message.order_id, hashed) != 0):
        reject(book, message, REASON_DUPLICATE_ORDER_ID, 0)
        return
    if may_rest and unlikely(book.volume[side] + message.size > MAX_SIZE):
        reject(book, message, REASON_VOLUME_LIMIT, 0)
        return
    if crosses and message.flags & POST_ONLY:
        reject(book, message, REASON_POST_ONLY, 0)
        return
    if message.time_in_force == FOK or message.min_size:
        if not can_trade(book, message, limit):
            return

    order.ts_event = message.ts_event
    order.order_id = message.order_id
    order.tag = message.tag
    order.price = 0 if market else message.price
    order.size = message.size
    order.leaves = message.size
    order.resting_order_id = 0
    order.resting_tag = 0
    order.resting_leaves = 0
    order.owner = message.owner
    order.resting_owner = 0
    order.instrument = book.instrument
    order.reason = REASON_NONE
    order.side = message.side
    order.order_type = message.order_type
    order.time_in_force = message.time_in_force
    order.flags = message.flags
    emit(book, &order, ACCEPTED)
    if crosses:
        match(book, &order, limit, message.stp)
        if order.leaves == 0:
            return
    if may_rest:
        rest(book, &order, key, message.stp)
    else:
        order.size = order.leaves
        order.leaves = 0
        order.reason = REASON_NO_LIQUIDITY if market else REASON_IMMEDIATE_OR_CANCEL
        emit(book, &order, CANCELLED)


cdef bint can_trade(Book *book, const Message *message, uint64_t limit) noexcept nogil:
    """Whether fill-or-kill and minimum size are met; if not, the message is rejected here."""
    cdef int64_t lots = tradable(book, message, limit)
    if message.time_in_force == FOK and lots < message.size:
        reject(book, message, REASON_FILL_OR_KILL, 0)
        return False
    if lots < message.min_size:
        reject(book, message, REASON_MINIMUM_SIZE, 0)
        return False
    return True


cdef void replace(Book *book, const Message *message, uint32_t index) noexcept nogil:
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef int side = resting.side < 0
    cdef Level *level = &book.sides[side].levels[resting.level]
    cdef uint64_t key = <uint64_t>(MAX_PRICE - resting.side * message.price)
    cdef uint64_t limit = <uint64_t>(MAX_PRICE + resting.side * message.price)
    cdef bint crosses = book.sides[1 - side].best_key <= limit
    cdef int stp = resting.stp
    cdef Event order
    if unlikely(book.volume[side] - resting.size + message.size > MAX_SIZE):
        reject(book, message, REASON_VOLUME_LIMIT, resting.size)
        return
    if message.price == level.price and message.size < resting.size:
        level.size -= resting.size - message.size
        book.volume[side] -= resting.size - message.size
        resting.size = message.size
        describe(book, &order, index, message.ts_event)
        order.size = message.size
        emit(book, &order, REPLACED)
        return
    if crosses and resting.flags & POST_ONLY:
        reject(book, message, REASON_POST_ONLY, resting.size)
        return
    describe(book, &order, index, message.ts_event)
    remove(book, index)
    order.price = message.price
    order.size = message.size
    order.leaves = message.size
    emit(book, &order, REPLACED)
    if crosses:
        match(book, &order, limit, stp)
    if order.leaves:
        rest(book, &order, key, stp)


cdef void match(Book *book, Event *order, uint64_t limit, int stp) noexcept nogil:
    cdef int side = order.side > 0
    cdef Ladder *ladder = &book.sides[side]
    cdef RestingOrder *orders = book.table.orders
    cdef RestingOrder *resting
    cdef Level *level
    cdef Event *event
    cdef uint32_t index
    cdef int64_t size
    while order.leaves and ladder.best_key <= limit:
        level = &ladder.levels[ladder.best]
        index = level.head
        resting = &orders[index]
        if stp != STP_NONE and resting.owner == order.owner:
            prevent_self_trade(book, order, index, stp)
            continue
        # A sweep meets queues of cold records: fetch the next one, and the slot of this one,
        # while this one trades.
        table_prefetch_slot(&book.table, resting.order_id)
        prefetch(&orders[resting.next])
        size = order.leaves if order.leaves < resting.size else resting.size
        order.leaves -= size
        resting.size -= size
        level.size -= size
        book.volume[side] -= size
        event = emit(book, order, TRADE)
        event.price = level.price
        event.size = size
        event.resting_order_id = resting.order_id
        event.resting_tag = resting.tag
        event.resting_leaves = resting.size
        event.resting_owner = resting.owner
        if resting.size == 0:
            remove(book, index)


cdef void prevent_self_trade(Book *book, Event *order, uint32_t index, int stp) noexcept nogil:
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef int64_t size = order.leaves if order.leaves < resting.size else resting.size
    if stp == STP_DECREMENT:
        take_off(book, index, size, order.ts_event, REASON_SELF_TRADE)
        drop(book, order, size, REASON_SELF_TRADE)
        return
    if stp == STP_CANCEL_OLDEST or stp == STP_CANCEL_BOTH:
        take_off(book, index, MAX_SIZE, order.ts_event, REASON_SELF_TRADE)
    if stp == STP_CANCEL_NEWEST or stp == STP_CANCEL_BOTH:
        drop(book, order, order.leaves, REASON_SELF_TRADE)


cdef int64_t tradable(Book *book, const Message *message, uint64_t limit) noexcept nogil:
    """The lots that ``match`` would trade, without doing it."""
    cdef int side = message.side > 0
    cdef Ladder *ladder = &book.sides[side]
    cdef uint32_t at = ladder.best, index
    cdef RestingOrder *resting
    cdef int64_t traded = 0, left = message.size, size
    while at != NO_LEVEL and left and ladder_key(ladder, at) <= limit:
        if message.stp == STP_NONE:
            size = ladder.levels[at].size
            size = left if left < size else size
            traded += size
            left -= size
        else:
            index = ladder.levels[at].head
            while index and left:
                resting = &book.table.orders[index]
                size = left if left < resting.size else resting.size
                if resting.owner != message.owner:
                    traded += size
                    left -= size
                elif message.stp == STP_DECREMENT:
                    left -= size
                elif message.stp != STP_CANCEL_OLDEST:
                    left = 0
                index = resting.next
        at = ladder_next(ladder, at)
    return traded


# -------------------------------------------------------------------------------- the state

cdef void rest(Book *book, const Event *order, uint64_t key, int stp) noexcept nogil:
    """Put what is left of an order at the end of the queue at ``key``. Room must be reserved."""
    cdef int side = order.side < 0
    cdef Ladder *ladder = &book.sides[side]
    cdef uint32_t at = ladder_add(ladder, key, order.price)
    cdef Level *level = &ladder.levels[at]
    cdef uint32_t index = table_add(&book.table, order.order_id, hash_id(order.order_id))
    cdef RestingOrder *resting = &book.table.orders[index]
    resting.size = order.leaves
    resting.tag = order.tag
    resting.owner = order.owner
    resting.level = at
    resting.next = 0
    resting.prev = level.tail
    resting.side = order.side
    resting.stp = <uint8_t>stp
    resting.flags = order.flags
    if level.tail:
        book.table.orders[level.tail].next = index
    else:
        level.head = index
    level.tail = index
    level.orders += 1
    level.size += order.leaves
    book.volume[side] += order.leaves


cdef inline void remove(Book *book, uint32_t index) noexcept nogil:
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef int side = resting.side < 0
    cdef Ladder *ladder = &book.sides[side]
    cdef Level *level = &ladder.levels[resting.level]
    if resting.prev:
        book.table.orders[resting.prev].next = resting.next
    else:
        level.head = resting.next
    if resting.next:
        book.table.orders[resting.next].prev = resting.prev
    else:
        level.tail = resting.prev
    level.orders -= 1
    level.size -= resting.size
    book.volume[side] -= resting.size
    if level.orders == 0:
        ladder_remove(
            ladder, resting.level, <uint64_t>(MAX_PRICE - resting.side * level.price)
        )
    table_remove(&book.table, index)


cdef inline void take_off(
    Book *book, uint32_t index, int64_t size, int64_t ts_event, uint8_t reason
) noexcept nogil:
    """Take lots off a resting order; all that it has removes it."""
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef int side = resting.side < 0
    cdef Event order
    describe(book, &order, index, ts_event)
    order.reason = reason
    if size >= resting.size:
        order.size = resting.size
        order.leaves = 0
        remove(book, index)
        emit(book, &order, CANCELLED)
    else:
        resting.size -= size
        book.sides[side].levels[resting.level].size -= size
        book.volume[side] -= size
        order.size = size
        order.leaves = resting.size
        emit(book, &order, REDUCED)


cdef inline void drop(Book *book, Event *order, int64_t size, uint8_t reason) noexcept nogil:
    """Take lots off an incoming order."""
    cdef Event *event
    order.leaves -= size
    event = emit(book, order, REDUCED if order.leaves else CANCELLED)
    event.size = size
    event.reason = reason


# -------------------------------------------------------------------------------- events

cdef inline void describe(
    Book *book, Event *event, uint32_t index, int64_t ts_event
) noexcept nogil:
    """Fill in an event about a resting order."""
    cdef RestingOrder *resting = &book.table.orders[index]
    event.ts_event = ts_event
    event.order_id = resting.order_id
    event.tag = resting.tag
    event.price = book.sides[resting.side < 0].levels[resting.level].price
    event.size = 0
    event.leaves = resting.size
    event.resting_order_id = 0
    event.resting_tag = 0
    event.resting_leaves = 0
    event.owner = resting.owner
    event.resting_owner = 0
    event.instrument = book.instrument
    event.reason = REASON_NONE
    event.side = resting.side
    event.order_type = LIMIT
    event.time_in_force = GTC
    event.flags = resting.flags


cdef inline Event *emit(Book *book, const Event *order, uint8_t kind) noexcept nogil:
    """Append a copy of ``order`` to the sink, numbered."""
    cdef Event *event
    if unlikely(book.sink.next == book.sink.end):
        grow_sink(&book.sink)
    event = book.sink.next
    book.sink.next += 1
    book.seq += 1
    event[0] = order[0]
    event.seq = book.seq
    event.kind = kind
    return event


cdef void reject(Book *book, const Message *message, uint8_t reason, int64_t leaves) noexcept nogil:
    cdef Event event
    event.ts_event = message.ts_event
    event.order_id = message.order_id
    event.tag = message.tag
    event.price = message.price
    event.size = message.size
    event.leaves = leaves
    event.resting_order_id = 0
    event.resting_tag = 0
    event.resting_leaves = 0
    event.owner = message.owner
    event.resting_owner = 0
    event.instrument = book.instrument
    event.reason = reason
    event.side = message.side
    event.order_type = message.order_type
    event.time_in_force = message.time_in_force
    event.flags = message.flags
    emit(book, &event, REJECTED)


cdef inline void record_quote(Book *book, int64_t ts_event, Quote *quote) noexcept nogil:
    cdef Ladder *bids = &book.sides[0]
    cdef Ladder *asks = &book.sides[1]
    quote.ts_event = ts_event
    quote.bid_price = quote.bid_size = quote.ask_price = quote.ask_size = 0
    if bids.best != NO_LEVEL:
        quote.bid_price = bids.levels[bids.best].price
        quote.bid_size = bids.levels[bids.best].size
    if asks.best != NO_LEVEL:
        quote.ask_price = asks.levels[asks.best].price
        quote.ask_size = asks.levels[asks.best].size


cdef int sink_init(EventSink *sink) noexcept nogil:
    """A sink of its own in zeroed memory; -1 if there is no memory."""
    sink.owned = True
    grow_sink(sink)
    return -1 if sink.lost else 0


cdef int sink_reserve(EventSink *sink, int64_t events) noexcept nogil:
    """A new block for a sink that gives its old one up to the caller; -1 if there is no memory."""
    cdef size_t nbytes = whole_pages(sizeof(Event) * <size_t>events)
    sink.begin = sink.next = sink.end = <Event *>resize(NULL, 0, nbytes)
    sink.owned = True
    if sink.begin == NULL:
        return -1
    if nbytes >= HUGE:
        prefer_huge_pages(sink.begin, nbytes)
    sink.end = sink.begin + events
    return 0


cdef void sink_release(EventSink *sink) noexcept nogil:
    if sink.owned and sink.begin != NULL:
        resize(sink.begin, sink_bytes(sink), 0)


cdef size_t sink_bytes(const EventSink *sink) noexcept nogil:
    return whole_pages(sizeof(Event) * <size_t>(sink.end - sink.begin))


cdef void grow_sink(EventSink *sink) noexcept nogil:
    """Double the sink. Without memory its last event is overwritten and ``lost`` is set."""
    cdef size_t count = sink.next - sink.begin, capacity = 2 * count + 64
    cdef void *block = resize(
        sink.begin if sink.owned else NULL,
        sink_bytes(sink) if sink.owned else 0,
        whole_pages(sizeof(Event) * capacity),
    )
    if block == NULL:
        sink.lost = True
        sink.next -= 1
        return
    if not sink.owned:
        memcpy(block, sink.begin, sizeof(Event) * count)
        sink.owned = True
    sink.begin = <Event *>block
    sink.next = sink.begin + count
    sink.end = sink.begin + capacity
