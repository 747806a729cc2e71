"""The compiled matching engine: what ``lob.reference`` says, on C structs.

Nothing here touches a Python object. The functions are in the order of the reference; the reason
for a rule is there, the reason for a trick is here.

Memory is made sure of before an order is entered, so that nothing can fail half way through a
match. Events are written field by field into their final place: a struct that is filled in and
then copied stalls the processor, which cannot forward narrow stores to a wide load.
"""

from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from os import urandom

from lob.engine.ladder cimport (
    NO_KEY,
    NO_LEVEL,
    Ladder,
    Level,
    ladder_add,
    ladder_copy,
    ladder_init,
    ladder_key,
    ladder_next,
    ladder_prefetch,
    ladder_release,
    ladder_remove,
    ladder_reserve,
    ladder_spare,
)
from lob.engine.memory cimport prefetch, resize, unlikely, whole_pages
from lob.engine.order_table cimport (
    RestingOrder,
    hash_id,
    table_add,
    table_copy,
    table_guess,
    table_init,
    table_prefetch,
    table_release,
    table_remove,
    table_reserve,
    table_seek,
    table_slot,
    table_spare,
)
from lob.engine.records cimport (
    ACCEPTED,
    BAND,
    BAND_CHANGED,
    BUY,
    CALL,
    CANCEL,
    CANCELLED,
    CONTINUOUS,
    FOK,
    FROM_VENUE,
    GTC,
    HALTED,
    LIMIT,
    MARKET,
    MAX_PRICE,
    MAX_SIZE,
    NEW,
    POST_ONLY,
    REASON_COLLECTING,
    REASON_DUPLICATE_ORDER_ID,
    REASON_FILL_OR_KILL,
    REASON_HALTED,
    REASON_IMMEDIATE_OR_CANCEL,
    REASON_MINIMUM_SIZE,
    REASON_NO_LIQUIDITY,
    REASON_NONE,
    REASON_NOT_OWNER,
    REASON_POST_ONLY,
    REASON_PRICE_BAND,
    REASON_SELF_TRADE,
    REASON_UNCROSS,
    REASON_UNKNOWN_ORDER,
    REASON_VOLUME_LIMIT,
    REDUCE,
    REDUCE_ONLY,
    REDUCED,
    REJECTED,
    RELATIVE,
    REPLACE,
    REPLACED,
    SELL,
    SESSION,
    SESSION_CHANGED,
    STP_CANCEL_BOTH,
    STP_CANCEL_NEWEST,
    STP_CANCEL_OLDEST,
    STP_DECREMENT,
    STP_NONE,
    TOTAL_SIZE,
    TRADE,
    UNCROSS,
    UNCROSSED,
    Event,
    Message,
    Quote,
)
from lob.engine.used_ids cimport (
    used_add,
    used_copy,
    used_has,
    used_init,
    used_release,
    used_reserve,
)
from lob.units cimport PPM

cdef enum:
    # How far ahead a batch asks for memory: rows, table buckets, records, what records name.
    ROWS_AHEAD = 24
    SLOTS_AHEAD = 12
    RECORDS_AHEAD = 7
    NEIGHBOURS_AHEAD = 3
    SPARE_BYTES = 1 << 28
    RING = 16  # as many hashes and guesses are kept


# -------------------------------------------------------------------------------- whole books

# Drawn anew by every process, and by nothing that a book says depended on.
cdef uint64_t FACTOR = int.from_bytes(urandom(8), "little") | 1


cdef int book_init(Book *book, uint16_t instrument, bint unique_ids) noexcept nogil:
    """An empty book in zeroed memory; -1 if there is no memory."""
    book.instrument = instrument
    if unique_ids and used_init(&book.used, FACTOR) < 0:
        return -1
    set_rules(book, CONTINUOUS, -MAX_PRICE, MAX_PRICE)
    if ladder_init(&book.sides[0]) < 0 or ladder_init(&book.sides[1]) < 0:
        return -1
    return -1 if table_init(&book.table, FACTOR) < 0 else sink_init(&book.sink)


cdef void book_release(Book *book) noexcept nogil:
    ladder_release(&book.sides[0])
    ladder_release(&book.sides[1])
    table_release(&book.table)
    used_release(&book.used)
    sink_release(&book.sink)


cdef int book_copy(Book *book, const Book *other) noexcept nogil:
    """Make ``book``, zeroed memory, a copy; -1 if there is no memory."""
    book.instrument = other.instrument
    book.seq = other.seq
    book.volume[0] = other.volume[0]
    book.volume[1] = other.volume[1]
    book.waiting[0] = other.waiting[0]
    book.waiting[1] = other.waiting[1]
    if used_copy(&book.used, &other.used) < 0:
        return -1
    set_rules(book, other.session, other.band[0], other.band[1])
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
    if book.used.kept and used_reserve(&book.used, more) < 0:
        return -1
    book.budget = min(
        table_spare(&book.table), ladder_spare(&book.sides[0]), ladder_spare(&book.sides[1])
    )
    if book.used.kept and book.budget > more:
        book.budget = more
    return 0


# -------------------------------------------------------------------------------- messages

cdef inline bint in_range(int64_t value, int64_t low, int64_t high) noexcept nogil:
    return <uint64_t>(value - low) <= <uint64_t>(high - low)


cdef bint well_formed(const Message *message, uint16_t instrument) noexcept nogil:
    """Whether ``lob.checks.misuse`` finds nothing wrong."""
    if message.kind == CANCEL:
        # A venue asks about one message, whose kind its sender has just branched on.
        return message.instrument == instrument
    return plainly_well_formed(message, instrument) or special_well_formed(message, instrument)


cdef inline bint plainly_well_formed(const Message *message, uint16_t instrument) noexcept nogil:
    """``well_formed`` of all but the few that ``special_well_formed`` takes.

    Everything is looked at whatever the kind: wrong guesses at branches would cost more.
    """
    cdef int kind = message.kind
    if unlikely(kind > REPLACE):
        return rule_well_formed(message, instrument)
    cdef int limit = message.order_type == LIMIT
    cdef int size = in_range(message.size, 1, MAX_SIZE)
    cdef int price = in_range(message.price, -MAX_PRICE, MAX_PRICE)
    # What clearing and the venue mark is nothing to the book.
    cdef int flags = message.flags & ~(REDUCE_ONLY | FROM_VENUE)
    cdef int plain = flags == 0
    cdef int post_only = (
        (flags == POST_ONLY)
        & limit
        & (message.time_in_force == GTC)
        & (message.min_size == 0)
    )
    cdef int new = (
        ((message.side == BUY) | (message.side == SELL))
        & (message.order_type <= MARKET)
        & (message.time_in_force <= FOK)
        & (message.stp <= STP_DECREMENT)
        & (plain | post_only)
        & (price | (limit ^ 1))
        & (<uint64_t>message.min_size <= <uint64_t>message.size)
        & (
            (
                message.reserved
                | message.display_size
                | message.stop_price
                | message.trail
                | message.expire_ts
            )
            == 0
        )
    )
    cdef int again = price & ((message.flags & ~FROM_VENUE) == 0)
    return (message.instrument == instrument) & (
        (kind == CANCEL)
        | (size & ((kind == REDUCE) | ((kind == REPLACE) & again) | ((kind == NEW) & new)))
    )


cdef bint special_well_formed(const Message *message, uint16_t instrument) noexcept nogil:
    """``well_formed`` of an order with a protection limit, or a replacement by its total size."""
    cdef Message plain = message[0]
    if message.kind == REPLACE and message.flags & TOTAL_SIZE:
        plain.flags &= <uint8_t>~TOTAL_SIZE
    elif message.kind == NEW and message.order_type == MARKET and message.trail:
        if not in_range(message.trail, 1, PPM if message.flags & RELATIVE else MAX_PRICE):
            return False
        plain.flags &= <uint8_t>~RELATIVE
        plain.trail = 0
    else:
        return False
    return plainly_well_formed(&plain, instrument)


cdef bint rule_well_formed(const Message *message, uint16_t instrument) noexcept nogil:
    """``well_formed`` of a message that changes the rules of the book."""
    cdef int kind = message.kind
    cdef bint limit = message.order_type == LIMIT
    if message.instrument != instrument or message.owner or message.flags & ~FROM_VENUE:
        return False
    if kind == BAND:
        return in_range(message.price, -MAX_PRICE, MAX_PRICE) and (
            message.price <= message.stop_price <= MAX_PRICE
        )
    if kind == SESSION and not in_range(message.order_id, CONTINUOUS, HALTED):
        return False
    if kind != SESSION and kind != UNCROSS:
        return False
    return message.order_type <= MARKET and (
        not limit or in_range(message.price, -MAX_PRICE, MAX_PRICE)
    )


cdef int64_t first_malformed(
    const Message *messages, int64_t count, uint16_t instrument
) noexcept nogil:
    """The index of the first malformed message; ``count`` if there is none."""
    cdef int64_t i
    for i in range(count):
        if unlikely(not plainly_well_formed(&messages[i], instrument)):
            if not special_well_formed(&messages[i], instrument):
                return i
    return count


cdef int apply(Book *book, const Message *message) noexcept nogil:
    """Apply one well-formed message; -1 if there is no memory, and then nothing was done."""
    return apply_hashed(book, message, hash_id(&book.table, message.order_id))


cdef inline int apply_hashed(Book *book, const Message *message, uint32_t hashed) noexcept nogil:
    cdef uint64_t slot = 0
    cdef uint32_t index = table_seek(&book.table, message.order_id, hashed, &slot)
    if message.kind == CANCEL:
        if unlikely(not may_change(book, message, index)):
            refuse_stranger(book, message, index)
        else:
            cancel(book, index, slot, message.ts_event, REASON_NONE)
        return 0
    if message.kind == REDUCE:
        if unlikely(not may_change(book, message, index)):
            refuse_stranger(book, message, index)
        else:
            take_off(book, index, message.size, message.ts_event, REASON_NONE)
        return 0
    if unlikely(book.budget <= 0) and book_reserve(book) < 0:
        return -1
    book.budget -= 1
    if message.kind == NEW:
        enter(book, message, index, hashed)
    elif unlikely(message.kind != REPLACE):
        change_rules(book, message)
    elif may_change(book, message, index):
        replace(book, message, index)
    else:
        refuse_stranger(book, message, index)
    return 0


cdef inline bint may_change(
    const Book *book, const Message *message, uint32_t index
) noexcept nogil:
    """Whether there is an order, and it is the sender's. Owner 0 is who operates the book."""
    return index != 0 and (
        message.owner == book.table.orders[index].owner or message.owner == 0
    )


cdef void refuse_stranger(Book *book, const Message *message, uint32_t index) noexcept nogil:
    """Reject a message about an order that is not there, or somebody else's."""
    # How much of it is open is nothing to a stranger.
    reject(book, message, REASON_NOT_OWNER if index else REASON_UNKNOWN_ORDER, 0)


cdef int64_t apply_all(
    Book *book, const Message *messages, int64_t count, Quote *quotes
) noexcept nogil:
    """Apply well-formed messages; how many were applied before memory ran out."""
    cdef uint32_t hashes[RING]
    cdef uint32_t guesses[RING]
    cdef uint32_t hashed
    cdef int64_t i, ahead = max(0, count - ROWS_AHEAD)
    memset(guesses, 0, sizeof(guesses))
    for i in range(min(SLOTS_AHEAD, count)):
        hashes[i] = hash_id(&book.table, messages[i].order_id)
    for i in range(count):
        if i < ahead:
            look_ahead(book, &messages[i], i, hashes, guesses)
            hashed = hashes[i % RING]
        else:
            hashed = hash_id(&book.table, messages[i].order_id)
        if unlikely(apply_hashed(book, &messages[i], hashed) < 0):
            return i
        if quotes != NULL:
            record_quote(book, messages[i].ts_event, &quotes[i])
    return count


cdef inline void look_ahead(
    Book *book, const Message *row, int64_t i, uint32_t *hashes, uint32_t *guesses
) noexcept nogil:
    """Ask for what the messages after row ``i`` will touch, in stages.

    Each stage reads what the one before it has brought. There is no branch on the kind of a
    message: one that is guessed wrong costs more than a fetch in vain.
    """
    cdef uint32_t hashed = hash_id(&book.table, row[SLOTS_AHEAD].order_id)
    cdef uint32_t guess = table_guess(&book.table, hashes[(i + RECORDS_AHEAD) % RING])
    cdef const RestingOrder *order
    prefetch(&row[ROWS_AHEAD])
    hashes[(i + SLOTS_AHEAD) % RING] = hashed
    table_prefetch(&book.table, hashed)
    guesses[(i + RECORDS_AHEAD) % RING] = guess
    prefetch(&book.table.orders[guess])
    ladder_prefetch(
        &book.sides[row[RECORDS_AHEAD].side < 0],
        place(row[RECORDS_AHEAD].side, row[RECORDS_AHEAD].price),
    )
    order = &book.table.orders[guesses[(i + NEIGHBOURS_AHEAD) % RING]]
    prefetch(&book.table.orders[order.prev])
    prefetch(&book.table.orders[order.next])
    prefetch(&book.sides[order.side < 0].levels[order.level])


# -------------------------------------------------------------------------------- the rules

cdef inline void enter(
    Book *book, const Message *message, uint32_t index, uint32_t hashed
) noexcept nogil:
    """A NEW; ``index`` is the order that has its id already, or 0."""
    cdef int side = message.side < 0
    cdef bint market = message.order_type == MARKET
    cdef bint may_rest = (message.order_type == LIMIT) & (message.time_in_force == GTC)
    cdef uint64_t limit = (
        book.market_reach[side] if market else reach(message.side, message.price)
    )
    cdef bint crosses = book.sides[1 - side].best_key <= limit
    cdef int64_t price = 0 if market else message.price
    cdef int64_t leaves = message.size, total = message.size
    cdef bint taken = index != 0
    cdef Message limited
    if unlikely(market and message.trail != 0) and crosses and book.session == CONTINUOUS:
        protect(book, message, &limited)
        message = &limited
        market = False
        may_rest = message.time_in_force == GTC
        price = message.price
        limit = reach(message.side, price)
    if unlikely(book.ruled):
        taken |= book.used.kept and used_has(&book.used, message.order_id)
        # It may wait for a call auction whatever its price.
        may_rest |= (book.session == CALL) & market & (message.time_in_force == GTC)
        if not admit(book, message, taken, may_rest):
            return
        # In a call auction it only rests; a post-only order keeps off what it would cross.
        crosses |= book.waiting[1 - side].orders != 0
        crosses &= book.session == CONTINUOUS or message.flags & POST_ONLY != 0
    if unlikely(taken):
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
    emit(book, message, ACCEPTED, REASON_NONE, price, leaves, leaves)
    if unlikely(book.ruled) and book.used.kept:
        used_add(&book.used, message.order_id)
    if crosses:
        book.decremented = 0
        leaves = match(book, message, price, limit)
        if leaves == 0:
            return
        total -= book.decremented
    if may_rest:
        rest_hashed(book, message, leaves, total, hashed)
    elif market:
        # What it leaves untouched lies beyond the band.
        emit(
            book,
            message,
            CANCELLED,
            REASON_NO_LIQUIDITY if book.sides[1 - side].best_key == NO_KEY else REASON_PRICE_BAND,
            price,
            leaves,
            0,
        )
    else:
        emit(book, message, CANCELLED, REASON_IMMEDIATE_OR_CANCEL, price, leaves, 0)


cdef bint admit(Book *book, const Message *message, bint taken, bint may_rest) noexcept nogil:
    """Whether session and band let a NEW in; if not, it is rejected here."""
    cdef int reason = REASON_NONE
    if book.session == HALTED:
        reason = REASON_HALTED
    elif taken:
        return True  # to be rejected for that
    elif message.order_type == LIMIT and not within(book, message.price):
        reason = REASON_PRICE_BAND
    elif book.session == CALL and (
        not may_rest or message.min_size or (message.order_type == MARKET and message.trail)
    ):
        reason = REASON_COLLECTING
    if reason:
        reject(book, message, <uint8_t>reason, 0)
    return reason == REASON_NONE


cdef inline bint within(const Book *book, int64_t price) noexcept nogil:
    return book.band[0] <= price <= book.band[1]


cdef void protect(const Book *book, const Message *message, Message *limited) noexcept nogil:
    """The limit order that a market order with a protection limit is, where it can trade."""
    limited[0] = message[0]
    limited.order_type = LIMIT
    limited.price = protection_limit(book, message)
    limited.trail = 0
    limited.flags &= <uint8_t>~RELATIVE


cdef int64_t protection_limit(const Book *book, const Message *message) noexcept nogil:
    """The price beyond which a market order with a protection limit does not trade.

    The other side must have orders.
    """
    cdef const Ladder *other = &book.sides[message.side > 0]
    cdef int64_t best = other.levels[other.best].price, away = message.trail
    if message.flags & RELATIVE:
        away = (best if best >= 0 else -best) * away // PPM
    best += message.side * away
    return max(book.band[0], min(book.band[1], best))


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
    cdef bint market = resting.order_type == MARKET
    cdef Level *level = level_of(book, resting)
    cdef uint64_t limit = reach(resting.side, message.price)
    cdef bint crosses = book.sides[1 - side].best_key <= limit
    cdef int64_t leaves = open_size(resting, message), total
    cdef Message order
    if unlikely(leaves <= 0):
        cancel(book, index, table_slot(&book.table, index), message.ts_event, REASON_NONE)
        return
    if unlikely(book.volume[side] - resting.size + leaves > MAX_SIZE):
        reject(book, message, REASON_VOLUME_LIMIT, resting.size)
        return
    total = min(resting.total - resting.size, MAX_SIZE) + leaves
    if (message.price == level.price or market) and leaves <= resting.size:
        level.size -= resting.size - leaves
        book.volume[side] -= resting.size - leaves
        resting.size = leaves
        resting.total = total
        emit_resting(
            book, resting, level.price, message.ts_event, REPLACED, REASON_NONE, leaves
        )
        return
    if unlikely(book.ruled):
        if book.session == HALTED:
            reject(book, message, REASON_HALTED, resting.size)
            return
        if not market and not within(book, message.price):
            reject(book, message, REASON_PRICE_BAND, resting.size)
            return
        crosses |= book.waiting[1 - side].orders != 0
        crosses &= book.session == CONTINUOUS or resting.flags & POST_ONLY != 0
    if crosses and resting.flags & POST_ONLY:
        reject(book, message, REASON_POST_ONLY, resting.size)
        return
    order.ts_event = message.ts_event
    order.order_id = resting.order_id
    order.price = 0 if market else message.price
    order.size = leaves
    memcpy(&order.kind, &resting.kind, sizeof(uint64_t))
    order.owner = resting.owner
    order.tag = resting.tag
    remove(book, index, table_slot(&book.table, index), level)
    emit(book, &order, REPLACED, REASON_NONE, order.price, leaves, leaves)
    if crosses:
        book.decremented = 0
        leaves = match(book, &order, order.price, limit)
        total -= book.decremented
    if leaves:
        rest(book, &order, leaves, total)


cdef int64_t open_size(const RestingOrder *resting, const Message *message) noexcept nogil:
    """The lots that a REPLACE leaves open; 0 or less: it has nothing left to ask for."""
    if message.flags & TOTAL_SIZE:
        return message.size - min(resting.total - resting.size, MAX_SIZE)
    return message.size


cdef int64_t match(Book *book, const Message *order, int64_t price, uint64_t limit) noexcept nogil:
    """Trade an incoming order as far as it goes; the lots that are left of it."""
    cdef int side = order.side > 0
    cdef Ladder *ladder = &book.sides[side]
    cdef RestingOrder *orders = book.table.orders
    cdef RestingOrder *resting
    cdef Level *level
    cdef Event *event
    cdef uint32_t index
    cdef int64_t leaves = order.size, size
    cdef bint prevents = order.stp != STP_NONE and order.owner != 0
    while leaves and ladder.best_key <= limit:
        level = &ladder.levels[ladder.best]
        index = level.head
        resting = &orders[index]
        if prevents and resting.owner == order.owner:
            leaves = prevent_self_trade(book, order, price, leaves, index)
            continue
        # A sweep meets queues of cold records: fetch the next one, and the slot of this one,
        # while this one trades.
        table_prefetch(&book.table, hash_id(&book.table, resting.order_id))
        prefetch(&orders[resting.next])
        size = leaves if leaves < resting.size else resting.size
        leaves -= size
        resting.size -= size
        level.size -= size
        book.volume[side] -= size
        event = emit(book, order, TRADE, REASON_NONE, level.price, size, leaves)
        event.resting_order_id = resting.order_id
        event.resting_tag = resting.tag
        event.resting_leaves = resting.size
        event.resting_owner = resting.owner
        if resting.size == 0:
            remove(book, index, table_slot(&book.table, index), level)
    return leaves


cdef int64_t prevent_self_trade(
    Book *book, const Message *order, int64_t price, int64_t leaves, uint32_t index
) noexcept nogil:
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef int64_t size = leaves if leaves < resting.size else resting.size
    if order.stp == STP_DECREMENT:
        take_off(book, index, size, order.ts_event, REASON_SELF_TRADE)
    elif order.stp == STP_CANCEL_NEWEST:
        size = leaves
    else:
        size = leaves if order.stp == STP_CANCEL_BOTH else 0
        cancel(book, index, table_slot(&book.table, index), order.ts_event, REASON_SELF_TRADE)
    if size:
        leaves -= size
        book.decremented += size
        emit(
            book,
            order,
            REDUCED if leaves else CANCELLED,
            REASON_SELF_TRADE,
            price,
            size,
            leaves,
        )
    return leaves


cdef int64_t tradable(Book *book, const Message *message, uint64_t limit) noexcept nogil:
    """The lots that ``match`` would trade, without doing it."""
    cdef Ladder *ladder = &book.sides[message.side > 0]
    cdef uint32_t at = ladder.best, index
    cdef RestingOrder *resting
    cdef int64_t traded = 0, left = message.size, size
    while at != NO_LEVEL and left and ladder_key(ladder, at) <= limit:
        if message.stp == STP_NONE or message.owner == 0:
            size = min(left, ladder.levels[at].size)
            traded += size
            left -= size
        else:
            index = ladder.levels[at].head
            while index and left:
                resting = &book.table.orders[index]
                size = min(left, resting.size)
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


# ------------------------------------------------------------------- sessions, bands, auctions

cdef void set_rules(Book *book, uint8_t session, int64_t low, int64_t high) noexcept nogil:
    """Set session and band, and nothing else."""
    book.session = session
    book.band[0] = low
    book.band[1] = high
    book.ruled = (
        session != CONTINUOUS or low != -MAX_PRICE or high != MAX_PRICE or book.used.kept
    )
    book.market_reach[0] = reach(BUY, high)
    book.market_reach[1] = reach(SELL, low)


cdef void change_rules(Book *book, const Message *message) noexcept nogil:
    """A SESSION, an UNCROSS or a BAND."""
    if message.kind == BAND:
        change_band(book, message)
    elif message.kind == UNCROSS:
        if book.session == HALTED:
            reject(book, message, REASON_HALTED, 0)
        else:
            uncross(book, message, UNCROSSED)
    else:
        set_rules(book, <uint8_t>message.order_id, book.band[0], book.band[1])
        if book.session == CONTINUOUS:
            uncross(book, message, SESSION_CHANGED)
            end_waiting(book, message.ts_event)
        else:
            emit(book, message, SESSION_CHANGED, REASON_NONE, 0, 0, 0)


cdef void end_waiting(Book *book, int64_t ts_event) noexcept nogil:
    """Cancel the market orders that a call auction has left: they have nothing to rest at."""
    cdef uint32_t index
    cdef int side
    for side in range(2):
        while book.waiting[side].orders:
            index = book.waiting[side].head
            cancel(book, index, table_slot(&book.table, index), ts_event, REASON_NO_LIQUIDITY)


cdef void change_band(Book *book, const Message *message) noexcept nogil:
    cdef Ladder *ladder
    cdef uint64_t best
    cdef uint32_t index
    cdef int side
    set_rules(book, book.session, message.price, message.stop_price)
    emit(book, message, BAND_CHANGED, REASON_NONE, message.price, 0, message.stop_price)
    for side in range(2):
        ladder = &book.sides[side]
        best = place(BUY, book.band[1]) if side == 0 else place(SELL, book.band[0])
        while ladder.best_key < best:
            index = ladder.levels[ladder.best].head
            cancel(
                book, index, table_slot(&book.table, index), message.ts_event, REASON_PRICE_BAND
            )


cdef void uncross(Book *book, const Message *message, uint8_t kind) noexcept nogil:
    """Announce the price of a call auction and trade at it."""
    cdef Crossing found = find_crossing(book, message.order_type == LIMIT, message.price)
    if found.volume == 0:
        emit(book, message, kind, REASON_NONE, 0, 0, 0)
        return
    emit(book, message, kind, REASON_NONE, found.price, found.volume, found.surplus)
    trade_at(book, message.ts_event, found.price, found.volume)


cdef void trade_at(Book *book, int64_t ts_event, int64_t price, int64_t left) noexcept nogil:
    cdef RestingOrder *orders = book.table.orders
    cdef RestingOrder *buy
    cdef RestingOrder *sell
    cdef Event *event
    cdef uint32_t buyer, seller
    cdef int64_t size
    while left:
        buyer = first_of(book, 0)
        seller = first_of(book, 1)
        buy = &orders[buyer]
        sell = &orders[seller]
        size = min(left, min(buy.size, sell.size))
        left -= size
        prefetch(&orders[buy.next])
        prefetch(&orders[sell.next])
        lose(book, 0, buy, size)
        lose(book, 1, sell, size)
        event = next_event(book, as_event(&buy.kind, TRADE, REASON_UNCROSS))
        event.ts_event = ts_event
        event.order_id = buy.order_id
        event.tag = buy.tag
        event.price = price
        event.size = size
        event.leaves = buy.size
        event.owner = buy.owner
        event.resting_order_id = sell.order_id
        event.resting_tag = sell.tag
        event.resting_leaves = sell.size
        event.resting_owner = sell.owner
        if buy.size == 0:
            remove(book, buyer, table_slot(&book.table, buyer), level_of(book, buy))
        if sell.size == 0:
            remove(book, seller, table_slot(&book.table, seller), level_of(book, sell))


cdef inline uint32_t first_of(const Book *book, int side) noexcept nogil:
    """The order of a side that an auction serves first: market orders go before all others."""
    if book.waiting[side].orders:
        return book.waiting[side].head
    return book.sides[side].levels[book.sides[side].best].head


cdef inline void lose(Book *book, int side, RestingOrder *resting, int64_t size) noexcept nogil:
    """Take lots off a resting order and off the sums that it is part of."""
    resting.size -= size
    level_of(book, resting).size -= size
    book.volume[side] -= size


cdef Crossing find_crossing(const Book *book, bint near, int64_t reference) noexcept nogil:
    """What ``lob.venue.call_auction.uncross`` says of this book; the reference counts if ``near``.

    Lots are matched best price against best price until the levels at hand, ``bid`` and ``ask``,
    cross no more. What matched is the most that can trade, and it can at the prices from the worst
    ask to the worst bid that it took, ``lowest`` to ``highest``. What is left of the levels at
    hand decides where the surplus is least: it is to buy at or below ``bid``, to sell at or above
    ``ask``, and nil between them.
    """
    cdef const Ladder *bids = &book.sides[0]
    cdef const Ladder *asks = &book.sides[1]
    cdef uint32_t bid = bids.best, ask = asks.best
    cdef int64_t bought = 0, sold = 0, size  # lots that the levels at hand have matched
    cdef Crossing found
    found.price = found.volume = found.surplus = found.lowest = found.highest = 0
    if unlikely(book.waiting[0].orders | book.waiting[1].orders):
        return find_market_crossing(book, near, reference)
    while bid != NO_LEVEL and ask != NO_LEVEL:
        if bids.levels[bid].price < asks.levels[ask].price:
            break
        size = min(bids.levels[bid].size - bought, asks.levels[ask].size - sold)
        found.volume += size
        found.highest = bids.levels[bid].price
        found.lowest = asks.levels[ask].price
        bought += size
        sold += size
        if bought == bids.levels[bid].size:
            bid = ladder_next(bids, bid)
            bought = 0
        if sold == asks.levels[ask].size:
            ask = ladder_next(asks, ask)
            sold = 0
    if found.volume:
        if bought:
            found.price = found.highest
        elif sold:
            found.price = found.lowest
        else:
            found.price = least_surplus(&found, bids, bid, asks, ask, near, reference)
        found.surplus = (
            willing(bids, bid, bought, BUY, found.price)
            - willing(asks, ask, sold, SELL, found.price)
        )
    return found


cdef Crossing find_market_crossing(const Book *book, bint near, int64_t reference) noexcept nogil:
    """``find_crossing`` where market orders wait: they go first, and take any price of the band.

    What only they have traded bounds no price, so where no limit order to buy has matched,
    ``highest`` is not known, and where none to sell has, ``lowest`` is not.
    """
    cdef const Ladder *bids = &book.sides[0]
    cdef const Ladder *asks = &book.sides[1]
    cdef uint32_t bid = bid_within(book, bids.best), ask = ask_within(book, asks.best)
    cdef int64_t to_buy = book.waiting[0].size, to_sell = book.waiting[1].size
    cdef int64_t bought = 0, sold = 0, size = min(to_buy, to_sell)
    cdef bint some_bid = False, some_ask = False  # that has matched
    cdef Crossing found
    found.price = found.surplus = found.lowest = found.highest = 0
    found.volume = size
    to_buy -= size
    to_sell -= size
    while (to_buy or bid != NO_LEVEL) and (to_sell or ask != NO_LEVEL):
        if not to_buy and not to_sell and bids.levels[bid].price < asks.levels[ask].price:
            break
        size = min(
            to_buy if to_buy else bids.levels[bid].size - bought,
            to_sell if to_sell else asks.levels[ask].size - sold,
        )
        found.volume += size
        if to_buy:
            to_buy -= size
        else:
            found.highest = bids.levels[bid].price
            some_bid = True
            bought += size
        if to_sell:
            to_sell -= size
        else:
            found.lowest = asks.levels[ask].price
            some_ask = True
            sold += size
        if bid != NO_LEVEL and bought == bids.levels[bid].size:
            bid = bid_within(book, ladder_next(bids, bid))
            bought = 0
        if ask != NO_LEVEL and sold == asks.levels[ask].size:
            ask = ask_within(book, ladder_next(asks, ask))
            sold = 0
    if found.volume == 0:
        return found
    if not some_bid and not some_ask:
        if not near and bid == NO_LEVEL and ask == NO_LEVEL:
            found.volume = 0  # nothing says at what price
            return found
        if near:
            found.price = max(book.band[0], min(book.band[1], reference))
        elif bid == NO_LEVEL:
            found.price = asks.levels[ask].price
        elif ask == NO_LEVEL:
            found.price = bids.levels[bid].price
        else:
            found.price = (bids.levels[bid].price + asks.levels[ask].price) >> 1
        if bid != NO_LEVEL:
            found.price = max(found.price, bids.levels[bid].price)
        if ask != NO_LEVEL:
            found.price = min(found.price, asks.levels[ask].price)
    elif to_buy:  # all that is offered has matched
        found.price = found.lowest
        if bid != NO_LEVEL:
            found.price = max(found.price, bids.levels[bid].price)
    elif to_sell:
        found.price = found.highest
        if ask != NO_LEVEL:
            found.price = min(found.price, asks.levels[ask].price)
    elif bought:
        found.price = found.highest
    elif sold:
        found.price = found.lowest
    else:
        if not some_bid:
            found.highest = found.lowest
            if ask != NO_LEVEL:
                found.highest = asks.levels[ask].price
            elif bid != NO_LEVEL:
                found.highest = max(found.highest, bids.levels[bid].price)
        elif not some_ask:
            found.lowest = found.highest
            if bid != NO_LEVEL:
                found.lowest = bids.levels[bid].price
            elif ask != NO_LEVEL:
                found.lowest = min(found.lowest, asks.levels[ask].price)
        found.price = least_surplus(&found, bids, bid, asks, ask, near, reference)
    if not some_bid:
        found.highest = found.price
    if not some_ask:
        found.lowest = found.price
    found.surplus = (
        to_buy + willing(bids, bid, bought, BUY, found.price)
        - to_sell - willing(asks, ask, sold, SELL, found.price)
    )
    return found


cdef inline uint32_t bid_within(const Book *book, uint32_t at) noexcept nogil:
    """A level of bids, or none if it lies below the band."""
    if at != NO_LEVEL and book.sides[0].levels[at].price < book.band[0]:
        return NO_LEVEL
    return at


cdef inline uint32_t ask_within(const Book *book, uint32_t at) noexcept nogil:
    """A level of asks, or none if it lies above the band."""
    if at != NO_LEVEL and book.sides[1].levels[at].price > book.band[1]:
        return NO_LEVEL
    return at


cdef int64_t least_surplus(
    const Crossing *found,
    const Ladder *bids,
    uint32_t bid,
    const Ladder *asks,
    uint32_t ask,
    bint near,
    int64_t reference,
) noexcept nogil:
    """The price where every level was taken whole or not at all; ``bid`` and ``ask`` come next."""
    cdef int64_t low = found.lowest, high = found.highest
    cdef bint to_buy = bid != NO_LEVEL and bids.levels[bid].price >= low
    cdef bint to_sell = ask != NO_LEVEL and asks.levels[ask].price <= high
    cdef uint32_t after
    if to_buy and to_sell:
        if bids.levels[bid].size < asks.levels[ask].size:
            return bids.levels[bid].price
        if bids.levels[bid].size > asks.levels[ask].size:
            return asks.levels[ask].price
        # The same surplus holds down to the next bid, and up to the next ask, at prices that an
        # order has.
        after = ladder_next(bids, bid)
        if after != NO_LEVEL and bids.levels[after].price >= low:
            low = bids.levels[bid].price
        after = ladder_next(asks, ask)
        if after != NO_LEVEL and asks.levels[after].price <= high:
            high = asks.levels[ask].price
    elif to_buy:
        return high
    elif to_sell:
        return low
    if not near:
        reference = (low + high) >> 1
    return max(low, min(high, reference))


cdef int64_t willing(
    const Ladder *ladder, uint32_t at, int64_t matched, int side, int64_t price
) noexcept nogil:
    """Lots from a level on that are willing at a price and have not been matched."""
    cdef int64_t lots = -matched
    while at != NO_LEVEL and (ladder.levels[at].price - price) * side >= 0:
        lots += ladder.levels[at].size
        at = ladder_next(ladder, at)
    return lots if lots > 0 else 0


# -------------------------------------------------------------------------------- the state

cdef inline uint64_t place(int8_t side, int64_t price) noexcept nogil:
    """The key of an order's own price in the ladder of its side."""
    return <uint64_t>(MAX_PRICE - side * price)


cdef inline uint64_t reach(int8_t side, int64_t price) noexcept nogil:
    """The worst key of the other side that an order trades with."""
    return <uint64_t>(MAX_PRICE + side * price)


cdef inline Level *level_of(Book *book, const RestingOrder *resting) noexcept nogil:
    """Where an order queues: at its price, or among the market orders that wait."""
    cdef int side = resting.side < 0
    if unlikely(resting.order_type == MARKET):
        return &book.waiting[side]
    return &book.sides[side].levels[resting.level]


cdef void rest(Book *book, const Message *order, int64_t leaves, int64_t total) noexcept nogil:
    """Put what is left of an order at the end of its queue. Room must be reserved.

    ``total`` is that and what has traded of it.
    """
    rest_hashed(book, order, leaves, total, hash_id(&book.table, order.order_id))


cdef int use_id(Book *book, int64_t order_id) noexcept nogil:
    """Note an id of a book that takes each only once; -1 if there is no memory."""
    if used_reserve(&book.used, 1) < 0:
        return -1
    used_add(&book.used, order_id)
    book.budget = 0
    return 0


cdef inline void rest_hashed(
    Book *book, const Message *order, int64_t leaves, int64_t total, uint32_t hashed
) noexcept nogil:
    cdef int side = order.side < 0
    cdef Ladder *ladder = &book.sides[side]
    cdef bint market = order.order_type == MARKET
    cdef uint32_t at = (
        0 if unlikely(market) else ladder_add(ladder, place(order.side, order.price), order.price)
    )
    cdef Level *level = &book.waiting[side] if unlikely(market) else &ladder.levels[at]
    cdef uint32_t index = table_add(&book.table, order.order_id, hashed)
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef uint32_t tail = level.tail
    resting.size = leaves
    resting.total = total
    resting.tag = order.tag
    resting.owner = order.owner
    resting.level = at
    resting.next = 0
    resting.prev = tail
    memcpy(&resting.kind, &order.kind, sizeof(uint64_t))
    if tail:
        book.table.orders[tail].next = index
    else:
        level.head = index
    level.tail = index
    level.orders += 1
    level.size += leaves
    book.volume[side] += leaves


cdef inline void remove(
    Book *book, uint32_t index, uint64_t slot, Level *level
) noexcept nogil:
    """Take an order out of its queue, ``level``, and free its record."""
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef int side = resting.side < 0
    cdef Ladder *ladder = &book.sides[side]
    cdef uint32_t prev = resting.prev, next = resting.next
    if prev:
        book.table.orders[prev].next = next
    else:
        level.head = next
    if next:
        book.table.orders[next].prev = prev
    else:
        level.tail = prev
    level.orders -= 1
    level.size -= resting.size
    book.volume[side] -= resting.size
    if level.orders == 0 and resting.order_type != MARKET:
        ladder_remove(ladder, resting.level, place(resting.side, level.price))
    table_remove(&book.table, slot)


cdef inline void cancel(
    Book *book, uint32_t index, uint64_t slot, int64_t ts_event, uint8_t reason
) noexcept nogil:
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef Level *level = level_of(book, resting)
    cdef Event *event = emit_resting(
        book, resting, level.price, ts_event, CANCELLED, reason, resting.size
    )
    event.leaves = 0
    remove(book, index, slot, level)


cdef void take_off(
    Book *book, uint32_t index, int64_t size, int64_t ts_event, uint8_t reason
) noexcept nogil:
    """Take lots off a resting order; all that it has removes it."""
    cdef RestingOrder *resting = &book.table.orders[index]
    cdef Level *level = level_of(book, resting)
    cdef int side = resting.side < 0
    if size >= resting.size:
        cancel(book, index, table_slot(&book.table, index), ts_event, reason)
        return
    resting.size -= size
    resting.total -= size
    level.size -= size
    book.volume[side] -= size
    emit_resting(book, resting, level.price, ts_event, REDUCED, reason, size)


# -------------------------------------------------------------------------------- events

cdef inline uint64_t as_event(
    const uint8_t *message_word, uint8_t kind, uint8_t reason
) noexcept nogil:
    """The eight bytes from ``kind`` to ``instrument`` of an event about an order."""
    cdef uint64_t word
    memcpy(&word, message_word, sizeof(word))
    return (word & <uint64_t>0xFFFFFF00FFFFFF00) | kind | (<uint64_t>reason << 32)


cdef inline Event *next_event(Book *book, uint64_t word) noexcept nogil:
    cdef Event *event
    if unlikely(book.sink.next == book.sink.end):
        grow_sink(&book.sink)
    event = book.sink.next
    book.sink.next = event + 1
    book.seq += 1
    event.seq = book.seq
    event.resting_order_id = 0
    event.resting_tag = 0
    event.resting_leaves = 0
    event.resting_owner = 0
    memcpy(&event.kind, &word, sizeof(word))
    return event


cdef inline Event *emit(
    Book *book,
    const Message *order,
    uint8_t kind,
    uint8_t reason,
    int64_t price,
    int64_t size,
    int64_t leaves,
) noexcept nogil:
    """An event about an incoming order."""
    cdef Event *event = next_event(book, as_event(&order.kind, kind, reason))
    event.ts_event = order.ts_event
    event.order_id = order.order_id
    event.tag = order.tag
    event.price = price
    event.size = size
    event.leaves = leaves
    event.owner = order.owner
    return event


cdef inline Event *emit_resting(
    Book *book,
    const RestingOrder *resting,
    int64_t price,
    int64_t ts_event,
    uint8_t kind,
    uint8_t reason,
    int64_t size,
) noexcept nogil:
    """An event about a resting order, which is at a price."""
    cdef Event *event = next_event(book, as_event(&resting.kind, kind, reason))
    event.ts_event = ts_event
    event.order_id = resting.order_id
    event.tag = resting.tag
    event.price = price
    event.size = size
    event.leaves = resting.size
    event.owner = resting.owner
    return event


cdef inline void reject(
    Book *book, const Message *message, uint8_t reason, int64_t leaves
) noexcept nogil:
    emit(book, message, REJECTED, reason, message.price, message.size, leaves)


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


cdef int sink_copy(EventSink *sink, const EventSink *other) noexcept nogil:
    """Make ``sink`` a copy with memory of its own; -1 if there is none."""
    cdef size_t events = other.next - other.begin
    sink.owned = True
    sink.lost = False
    sink.begin = sink.next = sink.end = <Event *>resize(NULL, 0, sink_bytes(other))
    if sink.begin == NULL:
        return -1
    memcpy(sink.begin, other.begin, sizeof(Event) * events)
    sink.next = sink.begin + events
    sink.end = sink.begin + (other.end - other.begin)
    return 0


cdef EventSink spare  # the block of a result that nobody needs any more: its pages are warm


cdef int sink_reserve(EventSink *sink, int64_t events) noexcept:
    """A new block for a sink that gives its old one up to the caller; -1 if there is no memory."""
    if spare.end - spare.begin >= events:
        sink[0] = spare
        memset(&spare, 0, sizeof(spare))
        return 0
    sink.begin = sink.next = sink.end = <Event *>resize(
        NULL, 0, whole_pages(sizeof(Event) * <size_t>events)
    )
    sink.owned = True
    if sink.begin == NULL:
        return -1
    sink.end = sink.begin + events
    return 0


cdef void sink_retire(EventSink *sink) noexcept:
    """Keep the larger of this block and the spare one, up to a limit, and release the other."""
    global spare
    cdef EventSink smaller = sink[0]
    if sink.end - sink.begin > spare.end - spare.begin and sink_bytes(sink) <= SPARE_BYTES:
        smaller = spare
        spare = sink[0]
    sink_release(&smaller)


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
        if count:
            memcpy(block, sink.begin, sizeof(Event) * count)
        sink.owned = True
    sink.begin = <Event *>block
    sink.next = sink.begin + count
    sink.end = sink.begin + capacity
