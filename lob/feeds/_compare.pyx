"""Hold what the matching engine did against the recorded book, row by row."""

from libc.stdint cimport int32_t, int64_t, uint8_t

import numpy as np

from lob.feeds._depth cimport Depth, Ladder
from lob.feeds._shown cimport agreeing, key_at, size_at
from lob.engine.records cimport ACCEPTED, BUY, CANCELLED, REDUCED, REPLACED, SELL, TRADE, Event

from lob.checks import aligned
from lob.types import EVENT

assert EVENT.itemsize == sizeof(Event)


def compare(
    events,
    const uint8_t[::1] opens,
    const int64_t[::1] rows,
    const uint8_t[::1] skipped,
    const int64_t[:, ::1] book,
    int64_t tick,
):
    """A verdict on the book after each row of an orderbook file, 0 where it was ``skipped``.

    ``opens`` marks the first event of each message, ``rows`` has the row of each message. The
    bits of a verdict are those of ``judge``.
    """
    cdef const uint8_t[::1] raw = aligned(np.asarray(events, EVENT)).view(np.uint8)
    cdef const Event *event = <const Event *>&raw[0]
    cdef Depth depth = Depth()
    cdef Py_ssize_t e, count = len(events), message = -1
    cdef int64_t k = 0, last
    verdicts = np.zeros(len(book), dtype=np.uint8)
    cdef uint8_t[::1] verdict = verdicts
    with nogil:
        for e in range(count + 1):
            if e == count or opens[e]:
                # The message before is done, and with it every row before the next one's.
                message += 1
                last = rows[message] if e < count else book.shape[0]
                while k < last:
                    if not skipped[k]:
                        verdict[k] = judge(depth, &book[k, 0], book.shape[1] // 4)
                    k += 1
            if e < count:
                follow(depth, &event[e], tick)
    return verdicts


cdef int follow(Depth depth, const Event *event, int64_t tick) except -1 nogil:
    """Bring the book up to date with an event."""
    cdef int64_t key = event.price * tick * event.side
    cdef int32_t number
    if event.kind == ACCEPTED:
        depth.enter(event.order_id, event.side, key, event.size)
    elif event.kind == TRADE:
        depth.take(depth.find(event.order_id), event.size)
        depth.take(depth.find(event.resting_order_id), event.size)
    elif event.kind == CANCELLED or event.kind == REDUCED:
        depth.take(depth.find(event.order_id), event.size)
    elif event.kind == REPLACED:
        number = depth.find(event.order_id)
        depth.take(number, depth.orders[number].size)
        depth.enter(event.order_id, event.side, key, event.size)
    return 0


cdef uint8_t judge(Depth depth, const int64_t *shown, int64_t levels) noexcept nogil:
    """1: compared, 2: and the best prices agree, 4: and their sizes, 8: and all levels."""
    cdef int64_t bids = agreeing(&depth.bids, shown, BUY, levels)
    cdef int64_t asks = agreeing(&depth.asks, shown, SELL, levels)
    cdef uint8_t verdict = 1
    if best_price_agrees(&depth.bids, shown, BUY) and best_price_agrees(&depth.asks, shown, SELL):
        verdict |= 2
    if bids and asks:
        verdict |= 4
    if bids == levels and asks == levels:
        verdict |= 8
    return verdict


cdef bint best_price_agrees(const Ladder *ladder, const int64_t *shown, int side) noexcept nogil:
    if ladder.count == 0 or size_at(shown, side, 0) == 0:
        return ladder.count == 0 and size_at(shown, side, 0) == 0
    return ladder.levels[ladder.count - 1].key == key_at(shown, side, 0)
