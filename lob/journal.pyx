"""Quotes, depth and trades as an EVENT tape alone tells of them, with no engine run again.

A message's events stand together on a tape, and the first of them is known by itself: an
ACCEPTED, a REJECTED, a REPLACED, a SESSION, a BAND, an UNCROSS, or a CANCELLED or REDUCED that was
asked for (reason NONE). An
order that is entering rests once its message is done, with what is still open of it then; until
then it is not in the book. A message that is rejected counts too: it leaves the book as it was.

So there is one quote a message, equal to what ``OrderBook.process(messages, quotes=)`` writes. The
tape must start with an empty book, or with the one given as ``orders``. A tape of several
instruments holds one such story each; the events of the other ones are passed over.
"""

cimport cython
from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from lob.engine.ladder cimport (
    NO_LEVEL,
    Ladder,
    Level,
    ladder_add,
    ladder_init,
    ladder_key,
    ladder_next,
    ladder_release,
    ladder_remove,
    ladder_reserve,
    ladder_spare,
)
from lob.engine.memory cimport unlikely
from lob.engine.order_table cimport (
    OrderTable,
    RestingOrder,
    hash_id,
    table_add,
    table_find,
    table_init,
    table_prefetch,
    table_release,
    table_remove,
    table_reserve,
    table_seek,
    table_spare,
)
from lob.engine.records cimport (
    ACCEPTED,
    BUY,
    CANCELLED,
    FOK,
    IOC,
    MARKET,
    MAX_PRICE,
    MAX_SIZE,
    REASON_NONE,
    REASON_UNCROSS,
    REDUCED,
    REJECTED,
    REPLACED,
    SELL,
    SESSION_CHANGED,
    TRADE,
    UNCROSSED,
    Event,
    LevelRow,
    OrderRow,
    Quote,
)

import numpy as np

from lob import types
from lob.checks import aligned, integer, to_order_array

__all__ = ["depth_at", "depths", "first_of_message", "quotes", "trades"]

cdef object EVENT = types.EVENT, QUOTE = types.QUOTE, LEVEL = types.LEVEL

if EVENT.itemsize != sizeof(Event) or LEVEL.itemsize != sizeof(LevelRow):
    raise ImportError("lob.engine.records and lob.types disagree")

cdef enum:
    AHEAD = 10  # events: how early the table is asked for an order

    FAULT_NONE = 0
    FAULT_MEMORY = 1
    FAULT_KIND = 2
    FAULT_UNKNOWN = 3
    FAULT_RESTS = 4
    FAULT_ENTERING = 5
    FAULT_VALUE = 6
    FAULT_LEAVES = 7
    FAULT_MIDDLE = 8
    FAULT_OWN_LEAVES = 9

cdef dict FAULTS = {
    FAULT_KIND: "kind {kind} is no market's",
    FAULT_UNKNOWN: (
        "order {named} does not rest: the tape must start with an empty book, or `orders` must "
        "hold the book it starts with"
    ),
    FAULT_RESTS: "order {order_id} is accepted, but rests already",
    FAULT_ENTERING: "order {order_id} trades, but is not the one that is entering",
    FAULT_VALUE: "side {side}, price {price}, size {size} and leaves {leaves} are no order's",
    FAULT_LEAVES: "what is left of order {named} is not what the tape up to here says",
    FAULT_OWN_LEAVES: "what is left of order {order_id} is not what the tape up to here says",
    FAULT_MIDDLE: "the tape starts in the middle of a message",
}

# Tapes are not chosen by whom they are read by, so the hash of their ids needs no secret.
cdef uint64_t FACTOR = 0x9E3779B97F4A7C15


cdef struct Shadow:
    Ladder sides[2]  # bids, asks
    OrderTable table
    int64_t budget  # orders that surely find memory
    bint entering  # the message at hand has an order of its own
    bint may_rest  # what it does not trade
    uint8_t order_type
    int8_t side  # this and the rest: of that order
    int64_t order_id
    int64_t price
    int64_t leaves


@cython.final
cdef class Follower:
    """Owns the memory of a book that follows a tape."""

    cdef Shadow book

    def __cinit__(self):
        if (
            ladder_init(&self.book.sides[0]) < 0
            or ladder_init(&self.book.sides[1]) < 0
            or table_init(&self.book.table, FACTOR) < 0
        ):
            raise MemoryError

    def __dealloc__(self):
        ladder_release(&self.book.sides[0])
        ladder_release(&self.book.sides[1])
        table_release(&self.book.table)

    cdef int start(self, object orders) except -1:
        """Let these ``lob.ORDER`` rows rest."""
        cdef const uint8_t[::1] raw
        cdef const OrderRow *row
        cdef Py_ssize_t i
        rows = to_order_array(orders, True)  # it may be one that collects for a call auction
        if not len(rows):
            return 0
        raw = rows.view(np.uint8)
        row = <const OrderRow *>&raw[0]
        for i in range(len(rows)):
            if self.book.budget <= 0 and reserve(&self.book) < 0:
                raise MemoryError
            self.book.budget -= 1
            rest(
                &self.book,
                row[i].order_id,
                row[i].side,
                row[i].order_type,
                row[i].price,
                row[i].size,
            )
        return 0


# -------------------------------------------------------------------------------- tapes

def quotes(events, instrument=0, orders=None):
    """The best bid and offer after every message of an ``EVENT`` tape.

    Takes about 20 to 50 ns an event, and memory for the orders that rest.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows in the order of their ``seq``, of one or more instruments. A tape that
        ends within a message tells too little of it: the last quote is then as if it were done.
    instrument
        Number of the instrument, from 0.
    orders
        ``lob.ORDER`` rows that rest before the first event; none if ``None``.

    Returns
    -------
    quotes : QUOTE array
        One row a message, rejected ones included.
    index : int64 array
        For each quote, the row of ``events`` that is the last one of its message: the quote holds
        from there on.

    Raises
    ------
    TypeError
        If ``events`` is not a one-dimensional ``EVENT`` array.
    ValueError
        If the tape contradicts itself, with the row where it does.
    """
    cdef const uint8_t[::1] raw = bytes_of(events)
    cdef uint16_t of = integer("instrument", instrument, 0, 2**16 - 1)
    cdef int64_t count = len(events), row = 0, last = -1, done = 0
    cdef const Event *event
    cdef int fault = FAULT_NONE
    cdef Follower follower = Follower()
    cdef Shadow *book = &follower.book
    cdef Quote *quote
    cdef uint8_t[::1] quote_bytes
    cdef int64_t[::1] row_of
    if orders is not None:
        follower.start(orders)
    event = <const Event *>&raw[0] if count else NULL
    cdef int64_t messages = count_messages(event, count, of)
    found, index = np.empty(messages, QUOTE), np.empty(messages, np.int64)
    refuse_middle(events, event, count, of)
    if not messages:
        return found, index
    quote_bytes, row_of = found.view(np.uint8), index
    quote = <Quote *>&quote_bytes[0]
    with nogil:
        for row in range(count):
            if event[row].instrument != of:
                continue
            if row + AHEAD < count:
                look_ahead(book, &event[row + AHEAD])
            if is_first(&event[row]) and last >= 0:
                settle(book)
                write_quote(book, event[last].ts_event, &quote[done])
                row_of[done] = last
                done += 1
            fault = follow(book, &event[row])
            if unlikely(fault != FAULT_NONE):
                break
            last = row
        else:
            settle(book)
            write_quote(book, event[last].ts_event, &quote[done])
            row_of[done] = last
    refuse(events, row, fault)
    return found, index


def depths(events, upto, levels=10, instrument=0, orders=None):
    """The best levels of both sides (L2) at many places of a tape, in one pass.

    Parameters
    ----------
    events, instrument, orders
        As for ``quotes``.
    upto
        Numbers of events, never falling: the book of each is the one after ``events[:upto]``. An
        order whose message is not done by then is not in the book yet.
    levels
        Levels of each side, 1 or more.

    Returns
    -------
    LEVEL array of shape (len(upto), 2, levels)
        Bids, then asks, best first; rows of zeros where a side has no more.

    Raises
    ------
    TypeError, ValueError
        As for ``quotes``, and if ``upto`` falls or is outside the tape.
    """
    cdef const uint8_t[::1] raw = bytes_of(events)
    cdef uint16_t of = integer("instrument", instrument, 0, 2**16 - 1)
    cdef int64_t depth = integer("levels", levels, 1, 2**20)
    cdef int64_t[::1] stops = stops_of(upto, len(events))
    cdef int64_t count = len(events), row = 0, stop, following
    cdef Py_ssize_t i
    cdef int fault = FAULT_NONE
    cdef Follower follower = Follower()
    cdef const Event *event
    cdef LevelRow *level
    cdef uint8_t[::1] level_bytes
    if orders is not None:
        follower.start(orders)
    event = <const Event *>&raw[0] if count else NULL
    found = np.zeros((len(stops), 2, depth), LEVEL)
    refuse_middle(events, event, count, of)
    if not len(stops):
        return found
    level_bytes = found.reshape(-1).view(np.uint8)
    level = <LevelRow *>&level_bytes[0]
    with nogil:
        for i in range(stops.shape[0]):
            stop = stops[i]
            while row < stop:
                if event[row].instrument == of:
                    if is_first(&event[row]):
                        settle(&follower.book)
                    fault = follow(&follower.book, &event[row])
                    if unlikely(fault != FAULT_NONE):
                        break
                row += 1
            if unlikely(fault != FAULT_NONE):
                break
            following = stop + any_of(&event[stop], count - stop, of)
            if following < stop or is_first(&event[following]):
                settle(&follower.book)
            write_levels(&follower.book.sides[0], depth, &level[2 * depth * i])
            write_levels(&follower.book.sides[1], depth, &level[2 * depth * i + depth])
    refuse(events, row, fault)
    return found


def depth_at(events, upto, levels=10, instrument=0, orders=None):
    """The best levels of both sides (L2) after ``events[:upto]``.

    Parameters and errors are those of ``depths``, with one number for ``upto``.

    Returns
    -------
    bids, asks : LEVEL arrays
        Best first, at most ``levels`` rows.
    """
    stop = integer("upto", upto, 0, len(events))
    bids, asks = depths(events, [stop], levels, instrument, orders)[0]
    return bids[bids["orders"] > 0], asks[asks["orders"] > 0]


def trades(events, instrument=None):
    """The TRADE rows of a tape, in its order; of all instruments if ``None``.

    Raises ``TypeError`` if ``events`` is not a one-dimensional ``EVENT`` array.
    """
    bytes_of(events)
    wanted = events["kind"] == TRADE
    if instrument is not None:
        wanted &= events["instrument"] == integer("instrument", instrument, 0, 2**16 - 1)
    return events[wanted]


def first_of_message(events):
    """Which rows of an ``EVENT`` tape are the first of their message, as a bool array.

    Raises ``TypeError`` if ``events`` is not a one-dimensional ``EVENT`` array.
    """
    cdef const uint8_t[::1] raw = bytes_of(events)
    cdef const Event *event = <const Event *>&raw[0] if len(events) else NULL
    cdef Py_ssize_t row
    first = np.empty(len(events), np.bool_)
    cdef uint8_t[::1] mark = first.view(np.uint8)
    with nogil:
        for row in range(mark.shape[0]):
            mark[row] = is_first(&event[row])
    return first


# -------------------------------------------------------------------------------- arguments

cdef object bytes_of(object events):
    """The memory of an ``EVENT`` array, in one piece."""
    if not isinstance(events, np.ndarray) or events.dtype != EVENT or events.ndim != 1:
        shown = (
            f"{events.ndim}-d {events.dtype}" if isinstance(events, np.ndarray) else repr(events)
        )
        raise TypeError(
            f"events must be a one-dimensional array of dtype lob.EVENT, got {shown}"
        )
    return aligned(events).view(np.uint8)


cdef object stops_of(object upto, Py_ssize_t count):
    stops = np.asarray(upto)
    if stops.ndim != 1 or (stops.size and stops.dtype.kind not in "iu"):
        raise TypeError(f"upto must be a one-dimensional array of integers, got {upto!r}")
    stops = aligned(np.asarray(stops, np.int64))
    if len(stops) and (stops.min() < 0 or stops.max() > count or (np.diff(stops) < 0).any()):
        raise ValueError(f"upto must never fall and stay within 0 to {count}, got {upto!r}")
    return stops


cdef int refuse_middle(
    object events, const Event *event, int64_t count, uint16_t instrument
) except -1:
    """Raise where the first event of an instrument is not the first of its message."""
    cdef int64_t row = any_of(event, count, instrument)
    return 0 if row < 0 or is_first(&event[row]) else refuse(events, row, FAULT_MIDDLE)


cdef int refuse(object events, int64_t row, int fault) except -1:
    """Raise what a fault at a row calls for."""
    if fault == FAULT_NONE:
        return 0
    if fault == FAULT_MEMORY:
        raise MemoryError
    fields = {name: events[row][name].item() for name in EVENT.names}
    if fields["kind"] == TRADE and fault != FAULT_ENTERING:
        fields["named"] = fields["resting_order_id"]
    else:
        fields["named"] = fields["order_id"]
    raise ValueError(f"events[{row}]: " + FAULTS[fault].format(**fields))


# -------------------------------------------------------------------------------- the book

cdef inline bint is_first(const Event *event) noexcept nogil:
    """Whether an event is the first of its message."""
    cdef int kind = event.kind
    return (
        (kind == ACCEPTED)
        | (kind == REJECTED)
        | ((kind >= REPLACED) & (kind <= UNCROSSED))
        | (((kind == CANCELLED) | (kind == REDUCED)) & (event.reason == REASON_NONE))
    )


cdef int64_t count_messages(const Event *event, int64_t count, uint16_t instrument) noexcept nogil:
    cdef int64_t row, messages = 0
    for row in range(count):
        messages += (event[row].instrument == instrument) & is_first(&event[row])
    return messages


cdef int64_t any_of(const Event *event, int64_t count, uint16_t instrument) noexcept nogil:
    """The first row of an instrument, -1 if there is none."""
    cdef int64_t row
    for row in range(count):
        if event[row].instrument == instrument:
            return row
    return -1


cdef inline void look_ahead(Shadow *book, const Event *event) noexcept nogil:
    """Ask for the bucket of the order that an event to come will look up."""
    table_prefetch(
        &book.table,
        hash_id(
            &book.table, event.resting_order_id if event.kind == TRADE else event.order_id
        ),
    )


cdef inline int follow(Shadow *book, const Event *event) noexcept nogil:
    """Bring the book up to date with an event; a fault if that cannot be."""
    cdef int kind = event.kind
    cdef int fault
    if kind == ACCEPTED:
        if unlikely(table_find(&book.table, event.order_id) != 0):
            return FAULT_RESTS
        return enter(book, event)
    if kind == TRADE:
        if event.reason == REASON_UNCROSS:
            fault = take(book, event.order_id, event.size, event.leaves)
            if unlikely(fault != FAULT_NONE):
                return fault if fault != FAULT_LEAVES else FAULT_OWN_LEAVES
            return take(book, event.resting_order_id, event.size, event.resting_leaves)
        if unlikely(not book.entering or book.order_id != event.order_id):
            return FAULT_ENTERING
        fault = spend(book, event)
        if unlikely(fault != FAULT_NONE):
            return fault
        return take(book, event.resting_order_id, event.size, event.resting_leaves)
    if kind == CANCELLED or kind == REDUCED:
        if book.entering and book.order_id == event.order_id:
            return spend(book, event)
        return take(book, event.order_id, event.size, event.leaves)
    if kind == REPLACED:
        # As far as volumes go, an order that keeps its place may as well come in anew.
        fault = take_out(book, event.order_id)
        return fault if fault != FAULT_NONE else enter(book, event)
    if kind == REJECTED or SESSION_CHANGED <= kind <= UNCROSSED:
        return FAULT_NONE
    return FAULT_KIND


cdef inline int enter(Shadow *book, const Event *event) noexcept nogil:
    """Take note of an order that may come to rest when its message is done."""
    if unlikely(
        (event.side != BUY and event.side != SELL)
        or event.price < -MAX_PRICE
        or event.price > MAX_PRICE
        or event.leaves < 1
        or event.leaves > MAX_SIZE
    ):
        return FAULT_VALUE
    if unlikely(book.budget <= 0) and reserve(book) < 0:
        return FAULT_MEMORY
    book.budget -= 1
    book.entering = True
    # A market order that is not cancelled waits for a call auction.
    book.may_rest = event.time_in_force != IOC and event.time_in_force != FOK
    book.order_type = event.order_type
    book.order_id = event.order_id
    book.side = event.side
    book.price = event.price
    book.leaves = event.leaves
    return FAULT_NONE


cdef inline int spend(Shadow *book, const Event *event) noexcept nogil:
    """Take lots off the order that is entering."""
    if unlikely(event.size < 1 or book.leaves - event.size != event.leaves or event.leaves < 0):
        return FAULT_OWN_LEAVES
    book.leaves = event.leaves
    return FAULT_NONE


cdef inline void settle(Shadow *book) noexcept nogil:
    """The message is done: what is open of its order rests.

    An order that may not rest has something open only where the tape ends before it is cancelled.
    """
    if book.entering and book.may_rest and book.leaves > 0:
        rest(book, book.order_id, book.side, book.order_type, book.price, book.leaves)
    book.entering = False


cdef int reserve(Shadow *book) noexcept nogil:
    """Renew the budget of orders that surely find memory; -1 if there is none."""
    if table_reserve(&book.table, 64 + book.table.count // 8) < 0:
        return -1
    if ladder_reserve(&book.sides[0], 64) < 0 or ladder_reserve(&book.sides[1], 64) < 0:
        return -1
    book.budget = min(
        table_spare(&book.table), ladder_spare(&book.sides[0]), ladder_spare(&book.sides[1])
    )
    return 0


cdef inline void rest(
    Shadow *book, int64_t order_id, int8_t side, uint8_t order_type, int64_t price, int64_t size
) noexcept nogil:
    cdef Ladder *ladder = &book.sides[side < 0]
    cdef uint32_t at = 0
    cdef uint32_t order = table_add(&book.table, order_id, hash_id(&book.table, order_id))
    book.table.orders[order].size = size
    book.table.orders[order].side = side
    book.table.orders[order].order_type = order_type
    if order_type == MARKET:  # it waits at no price, and shows in no quote
        return
    at = ladder_add(ladder, <uint64_t>(MAX_PRICE - side * price), price)
    book.table.orders[order].level = at
    ladder.levels[at].size += size
    ladder.levels[at].orders += 1


cdef inline int take(
    Shadow *book, int64_t order_id, int64_t size, int64_t leaves
) noexcept nogil:
    """Take lots off an order that rests, and it out where none are left."""
    cdef uint64_t slot = 0
    cdef uint32_t index = table_seek(&book.table, order_id, hash_id(&book.table, order_id), &slot)
    cdef RestingOrder *order = &book.table.orders[index]
    if unlikely(index == 0):
        return FAULT_UNKNOWN
    if unlikely(size < 1 or size > order.size or order.size - size != leaves):
        return FAULT_LEAVES
    order.size = leaves
    return lose(book, index, slot, size)


cdef inline int take_out(Shadow *book, int64_t order_id) noexcept nogil:
    cdef uint64_t slot = 0
    cdef uint32_t index = table_seek(&book.table, order_id, hash_id(&book.table, order_id), &slot)
    cdef int64_t size = book.table.orders[index].size
    if unlikely(index == 0):
        return FAULT_UNKNOWN
    book.table.orders[index].size = 0
    return lose(book, index, slot, size)


cdef inline int lose(Shadow *book, uint32_t index, uint64_t slot, int64_t size) noexcept nogil:
    """Take the lots that an order lost off its level, and both out where they are empty."""
    cdef RestingOrder *order = &book.table.orders[index]
    cdef Ladder *ladder = &book.sides[order.side < 0]
    cdef Level *level
    if order.order_type == MARKET:
        if order.size == 0:
            table_remove(&book.table, slot)
        return FAULT_NONE
    level = &ladder.levels[order.level]
    level.size -= size
    if order.size == 0:
        level.orders -= 1
        if level.orders == 0:
            ladder_remove(ladder, order.level, ladder_key(ladder, order.level))
        table_remove(&book.table, slot)
    return FAULT_NONE


cdef inline void write_quote(Shadow *book, int64_t ts_event, Quote *quote) noexcept nogil:
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


cdef void write_levels(const Ladder *ladder, int64_t count, LevelRow *row) noexcept nogil:
    cdef uint32_t at = ladder.best
    cdef int64_t i = 0
    while i < count and at != NO_LEVEL:
        row[i].price = ladder.levels[at].price
        row[i].size = ladder.levels[at].size
        row[i].orders = ladder.levels[at].orders
        at = ladder_next(ladder, at)
        i += 1
