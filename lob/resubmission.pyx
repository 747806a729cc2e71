"""Recorded messages followed in one book, and sent again to another that has orders of one's own.

The *recorded* book knows orders by id and matches nothing: it is the feed's own. The *live* book is
a copy of it from some moment on, and matches. Each recorded message changes the first, and what it
asks for goes to the second:

removal by a trade
    Lots that a print tells to have traded become part of an aggressor, an immediate-or-cancel limit
    order of the side and size of what was executed in a row at one time, at its worst price; but
    only where the order that lost them was the first in the queue of the best price, so that an
    aggressor explains what happened. Else they are taken off the order that the record names, as
    cancelled lots are.
a new order that crosses
    Some feeds tell an order that trades at once, and beside it what it took, order by order, and
    what it lost itself. It waits until as much is told of both and the recorded book is uncrossed:
    if what was taken is what it would have met, in that order, it is sent whole, in place of those
    removals. What the record says is left of it then is what may rest.
other removals
    The same cancel or reduction, of the same order.
a new order
    The same order, at its price plus the displacement.
a replacement
    As many lots more or less as in the record: what has traded meanwhile does not come back. A
    price that changes is displaced. Of a level feed, in which an order is all that rests at a
    price, an update that adds lots puts the whole level at its price plus the displacement, and
    one whose order is gone becomes a new order of the lots added.

Where the recorded book is crossed or locked in another way, or trading is halted, the live book
collects as for a call auction, and executions go by id; then it is uncrossed. So without orders of
one's own, and without a displacement, the two books are the same whenever orders may be put in.

The displacement halves with every half-life. It is rounded to whole ticks, halves towards zero.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int8_t, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy, memset

from lob.book cimport OrderBook
from lob.engine.elementary cimport natural_exp
from lob.engine.ladder cimport NO_LEVEL, Ladder, Level
from lob.engine.matching cimport Book, apply, first_malformed
from lob.engine.order_table cimport RestingOrder, table_find
from lob.engine.records cimport (
    CANCEL,
    CONTINUOUS,
    LIMIT,
    MARKET,
    MAX_PRICE,
    NEW,
    REDUCE,
    REJECTED,
    REPLACE,
    SESSION,
    TRADE,
    Event,
    Message,
    Quote,
)
from lob.feeds._books cimport Print

import copy as copying

import numpy as np

from lob.checks import aligned
from lob.feeds.prints import PRINT, PrintKind
from lob.types import EVENT, MESSAGE, QUOTE, Reason, Session, TimeInForce

cdef uint8_t CALL = Session.CALL
cdef uint8_t IOC = TimeInForce.IOC
cdef uint8_t LEFT = Reason.IMMEDIATE_OR_CANCEL
cdef uint8_t GONE = Reason.UNKNOWN_ORDER
cdef int64_t LONGEST_WAIT = 5_000_000_000  # ns that an order that crosses waits at most
cdef uint8_t TRADE_PRINT = PrintKind.TRADE
cdef double LN2 = 0.6931471805599453
cdef int64_t FIRST_AGGRESSOR = -(2**62)  # ids that no feed has: the sale's begin at -2**63

assert sizeof(Message) == MESSAGE.itemsize
assert sizeof(Event) == EVENT.itemsize
assert sizeof(Quote) == QUOTE.itemsize
assert sizeof(Print) == PRINT.itemsize

cdef inline bint meets(const Book *book) noexcept nogil:
    """Whether the best bid and the best ask are at one price, or crossed."""
    cdef const Ladder *bids = &book.sides[0]
    cdef const Ladder *asks = &book.sides[1]
    return bids.best != NO_LEVEL and asks.best != NO_LEVEL and (
        bids.levels[bids.best].price >= asks.levels[asks.best].price
    )


cdef inline void quote(const Book *book, int64_t ts_event, Quote *into) noexcept nogil:
    cdef const Ladder *bids = &book.sides[0]
    cdef const Ladder *asks = &book.sides[1]
    memset(into, 0, sizeof(Quote))
    into.ts_event = ts_event
    if bids.best != NO_LEVEL:
        into.bid_price = bids.levels[bids.best].price
        into.bid_size = bids.levels[bids.best].size
    if asks.best != NO_LEVEL:
        into.ask_price = asks.levels[asks.best].price
        into.ask_size = asks.levels[asks.best].size


cdef inline int64_t price_of(Book *book, const RestingOrder *order) noexcept nogil:
    return book.sides[order.side < 0].levels[order.level].price


cdef class Resubmission:
    """A recorded book and, once it is forked, a live one beside it.

    Parameters
    ----------
    instrument
        The number of the instrument; messages of others are misuse.
    levels
        Whether an order of the feed is all that rests at a price.
    window_ns
        How long a print may come before the removal that it explains, 0: at the same time.
    tells_crossing
        Whether the feed tells orders that trade at once as new ones, ahead of what they took.
    half_life_ns
        Of the displacement: 0: there is none; infinity: it stays.

    Raises
    ------
    ValueError
        If ``half_life_ns`` is negative or no number.

    Attributes
    ----------
    recorded, live
        The books; ``live`` is ``None`` before the fork.
    settled
        Whether the recorded book, after the last message, is one that the venue showed, or one
        that lasted, and is not crossed, and no order waits: orders may be put in.
    resent
        Messages and aggressors sent to the live book.
    aggressors, unfilled_aggressors, unfilled_lots
        Orders made of executions, those that did not fill whole, and what they lacked.
    by_id
        Executions taken off the order that the record names.
    orphaned_executions
        Such where that order was gone.
    orphaned_cancels, orphaned_replaces
        Cancels and reductions, and replacements, of orders that were gone.
    cut_short
        Reductions by more than the order still had.
    crossed_adds
        New or replaced orders that traded on arrival, which they did not in the record.
    uncrossed
        Trades when a live book that had collected was uncrossed.
    refused
        Messages that the live book rejected for another reason.
    """

    def __init__(
        self,
        int instrument,
        *,
        bint levels=False,
        int64_t window_ns=0,
        bint tells_crossing=False,
        double half_life_ns=0.0,
    ):
        if not half_life_ns >= 0:
            raise ValueError(f"half_life_ns must be 0 or more, got {half_life_ns}")
        self.recorded = OrderBook(instrument)
        self.recorded.set_session(CALL)
        self.levels, self.window, self.half_life = levels, window_ns, half_life_ns
        self.tells_crossing = tells_crossing
        self.next_id = FIRST_AGGRESSOR
        self._room(256)

    def __deepcopy__(self, memo):
        cdef Resubmission other = type(self).__new__(type(self))
        other.recorded = copying.deepcopy(self.recorded, memo)
        other.live = None if self.live is None else copying.deepcopy(self.live, memo)
        other.target = NULL if other.live is None else &other.live.book
        self._copy_into(other)
        return other

    cdef int _copy_into(self, Resubmission other) except -1:
        """Give a copy all that is not a book."""
        other.collecting, other.halted, other.settled = self.collecting, self.halted, self.settled
        other.resent, other.aggressors, other.by_id = self.resent, self.aggressors, self.by_id
        other.unfilled_aggressors = self.unfilled_aggressors
        other.unfilled_lots = self.unfilled_lots
        other.orphaned_executions = self.orphaned_executions
        other.orphaned_cancels = self.orphaned_cancels
        other.orphaned_replaces = self.orphaned_replaces
        other.cut_short, other.crossed_adds = self.cut_short, self.crossed_adds
        other.uncrossed, other.refused = self.uncrossed, self.refused
        other.levels, other.window, other.half_life = self.levels, self.window, self.half_life
        other.displaced, other.displaced_at = self.displaced, self.displaced_at
        other.ts, other.next_id = self.ts, self.next_id
        other.waiting, other.held, other.crosses = self.waiting, self.held, self.crosses
        other.aggressor, other.crosser = self.aggressor, self.crosser
        other.fill_count, other.filled, other.lost = self.fill_count, self.filled, self.lost
        other.tells_crossing, other.traded, other.left = self.tells_crossing, self.traded, self.left
        memcpy(other.prints, self.prints, sizeof(self.prints))
        memcpy(other.fills, self.fills, sizeof(self.fills))
        other._room(self.event_room)
        other.event_count = self.event_count
        other._events[:self.event_count] = self._events[:self.event_count]
        return 0

    # ---------------------------------------------------------------- from outside

    def fork(self, int64_t ts_event):
        """Let a live book begin as a copy of the recorded one."""
        self.live = self.recorded.copy()
        self.target = &self.live.book
        self.waiting, self.held, self.crosses = 0, False, False
        self._session(CALL if self.halted or meets(&self.recorded.book) else CONTINUOUS, ts_event)
        self.event_count = 0

    def halt(self, bint halted, int64_t ts_event):
        """Trading stops, or is resumed."""
        self.halted = halted
        if self.target != NULL:
            self._flush()
            if self.crosses:
                self._give_up(ts_event)
            self._attend(ts_event)

    def follow(
        self, messages, consistent, prints, int64_t first, bint stop=False, int64_t then=-1
    ):
        """Follow messages of the record.

        Parameters
        ----------
        messages, consistent, prints
            Of a block of the feed, of this instrument alone. ``at`` of a print is the index of the
            message, counted as ``first`` is, ahead of which it comes.
        first
            The index of the first message.
        stop
            Whether to stop where orders may be put in.
        then
            The time of the message that follows on these; negative: there is none.

        Returns
        -------
        tuple
            How many messages were followed, and ``QUOTE`` rows after each of the recorded book and
            of the live one (those of the recorded one before the fork), and whether it was settled.

        Raises
        ------
        ValueError
            If a message is malformed: names it.
        """
        cdef const uint8_t[::1] rows = bytes_of(messages, MESSAGE)
        cdef const uint8_t[::1] told = bytes_of(prints, PRINT)
        cdef const uint8_t[::1] shown = np.ascontiguousarray(consistent).view(np.uint8)
        cdef int64_t count = len(messages), i, done = 0, k = 0, trades = len(prints), after_ts
        cdef const Message *message = <const Message *>&rows[0] if count else NULL
        cdef const Print *trade = <const Print *>&told[0] if trades else NULL
        cdef uint8_t[::1] before, after
        cdef Quote *recorded
        cdef Quote *live
        recorded_rows, live_rows = np.empty(count, QUOTE), np.empty(count, QUOTE)
        settled = np.zeros(count, np.bool_)
        cdef uint8_t[::1] flags = settled.view(np.uint8)
        if not count:
            return 0, recorded_rows, live_rows, settled
        before, after = recorded_rows.view(np.uint8), live_rows.view(np.uint8)
        recorded, live = <Quote *>&before[0], <Quote *>&after[0]
        i = first_malformed(message, count, self.recorded.book.instrument)
        if i < count:
            raise ValueError(f"messages[{i}] is malformed: {messages[i]}")
        for i in range(count):
            while k < trades and trade[k].at <= first + i:
                self._hear(&trade[k])
                k += 1
            self._step(&message[i])
            self.ts = message[i].ts_event
            done = i + 1
            after_ts = message[done].ts_event if done < count else then
            self.settled = not meets(&self.recorded.book) and not self.crosses and (
                shown[i] or after_ts > self.ts
            )
            quote(&self.recorded.book, self.ts, &recorded[i])
            if self.target == NULL:
                live[i] = recorded[i]
            else:
                if self.held and after_ts != self.aggressor.ts_event:
                    self._flush()
                quote(self.target, self.ts, &live[i])
            flags[i] = self.settled and not self.held
            if stop and self.settled:
                break
        if self.held:
            self._flush()
            quote(self.target, self.ts, &live[done - 1])
            flags[done - 1] = self.settled
        return done, recorded_rows[:done], live_rows[:done], settled[:done]

    def send(self, messages):
        """Put orders of one's own into the live book; return the ``EVENT`` rows.

        Raises ``ValueError`` if a message is malformed.
        """
        cdef const uint8_t[::1] rows = bytes_of(messages, MESSAGE)
        cdef int64_t i, count = len(messages), begin
        cdef const Message *message = <const Message *>&rows[0] if count else NULL
        self._flush()
        i = first_malformed(message, count, self.recorded.book.instrument)
        if i < count:
            raise ValueError(f"messages[{i}] is malformed: {messages[i]}")
        begin = self.event_count
        for i in range(count):
            self._send(&message[i])
        found = self._events[begin:self.event_count].copy()
        self.event_count = begin
        return found

    def taken(self):
        """``EVENT`` rows of trades of one's own resting orders since the last call."""
        found = self._events[:self.event_count].copy()
        self.event_count = 0
        return found

    def finish(self):
        """The record is at its end: what waits goes now."""
        if self.target != NULL:
            self._flush()
            if self.crosses:
                self._give_up(self.ts)
                self._attend(self.ts)

    def displace(self, double ticks, int64_t ts_event):
        """Move what history is relative to by so many ticks from now on."""
        self.displaced = self._displaced(ts_event) + ticks
        self.displaced_at = ts_event

    def displacement(self, int64_t ts_event):
        """Whole ticks that a recorded price is moved by."""
        return self._shift(ts_event)

    # ---------------------------------------------------------------- one message

    cdef int _step(self, const Message *message) except -1:
        if self.crosses and message.ts_event > self.crosser.ts_event + LONGEST_WAIT:
            self._give_up(message.ts_event)
        return self._take_in(message)

    cdef int _take_in(self, const Message *message) except -1:
        cdef Book *book = &self.recorded.book
        cdef uint32_t index = table_find(&book.table, message.order_id)
        cdef RestingOrder before
        cdef Message cancel
        cdef int64_t price = 0
        memset(&before, 0, sizeof(before))
        if index:
            before = book.table.orders[index]
            price = price_of(book, &before)
        if message.kind == NEW:
            if index:  # the feed counts it as a duplicate: the old one is taken off
                cancel = message[0]
                cancel.kind = CANCEL
                self._take_in(&cancel)
            self._record(message)
            if self.target != NULL and not self._waits(message):
                self._add(message)
        elif not index:
            pass  # the feed counts it: its own book does not have the order either
        elif message.kind == REPLACE:
            self._record(message)
            if self.target != NULL:
                if self.crosses:
                    self._give_up(message.ts_event)
                self._collect(message.ts_event)
                self._replace(message, &before, price)
        else:
            self._remove(message, &before, price)
        if self.target != NULL:
            self._attend(message.ts_event)
        return 0

    cdef int _record(self, const Message *message) except -1:
        cdef Book *book = &self.recorded.book
        book.sink.next = book.sink.begin
        if apply(book, message) < 0 or book.sink.lost:
            raise MemoryError
        return 0

    cdef int _collect(self, int64_t ts_event) except -1:
        """Stop matching where the recorded book is crossed."""
        if meets(&self.recorded.book) and not self.collecting:
            self._flush()
            self._session(CALL, ts_event)
        return 0

    cdef int _attend(self, int64_t ts_event) except -1:
        """Go on matching once the record does."""
        if self.crosses:
            if self.filled == self.lost and not meets(&self.recorded.book):
                self._cross(ts_event)
        elif self.collecting:
            if not self.halted and not meets(&self.recorded.book):
                self._session(CONTINUOUS, ts_event)
        elif self.halted:
            self._session(CALL, ts_event)
        return 0

    cdef int _add(self, const Message *message) except -1:
        cdef Message order = message[0]
        # Beyond the reach of an aggressor that is held it may as well go in ahead of it.
        if self.held and not (
            message.side == -self.aggressor.side
            and message.side * message.price < message.side * self.aggressor.price
        ):
            self._flush()
        order.price = self._placed(message.price, message.ts_event)
        if table_find(&self.target.table, order.order_id):
            self._cancel(order.order_id, message.ts_event)
        self._send(&order)
        self.crossed_adds += self.traded > 0
        return 0

    cdef int _remove(
        self, const Message *message, const RestingOrder *before, int64_t price
    ) except -1:
        """Lots are off an order: by a trade, or not."""
        cdef int64_t lots = before.size
        cdef int64_t executed = 0, by_order = 0
        cdef bint first
        if message.kind == REDUCE and message.size < lots:
            lots = message.size
        if self.target == NULL:
            self._record(message)
            return 0
        if self.crosses and self._is_fill(message, before, price, lots):
            self._record(message)
            return 0
        executed = self._printed(before, price, lots, message.ts_event)
        if executed:
            first = (
                not self.collecting and not self.crosses
                and self._is_first(before)
            )
            if first:
                self._execute(-before.side, price, executed, message.ts_event)
            else:
                by_order, executed = executed, 0
        self._record(message)
        if lots > executed:
            self._flush()
            self._take(message, lots - executed, lots == before.size, by_order > 0)
        return 0

    cdef bint _is_first(self, const RestingOrder *order) noexcept:
        """Whether an aggressor would have met this order before any other."""
        cdef Ladder *side = &self.recorded.book.sides[order.side < 0]
        cdef Level *best = &side.levels[side.best]
        return order.level == side.best and (
            self.recorded.book.table.orders[best.head].order_id == order.order_id
        )

    cdef int _take(
        self, const Message *message, int64_t lots, bint whole, bint executed
    ) except -1:
        """Take lots off an order of the live book, all that it has where it is gone."""
        cdef Book *book = self.target
        cdef uint32_t index = table_find(&book.table, message.order_id)
        cdef Message order
        self.by_id += executed
        if not index:
            if executed:
                self.orphaned_executions += 1
            else:
                self.orphaned_cancels += 1
            return 0
        order = message[0]
        order.kind = CANCEL if whole else REDUCE
        order.size = lots
        self.cut_short += book.table.orders[index].size < lots
        self._send(&order)
        return 0

    cdef int _replace(
        self, const Message *message, const RestingOrder *before, int64_t price
    ) except -1:
        cdef Book *book = self.target
        cdef uint32_t index
        cdef Message order = message[0]
        cdef int64_t more = message.size - before.size
        self._flush()
        index = table_find(&book.table, message.order_id)
        order.flags = 0
        if not index:
            if not self.levels or more <= 0:
                self.orphaned_replaces += 1
                return 0
            order.kind, order.side, order.size = NEW, before.side, more
            order.order_type, order.time_in_force = LIMIT, 0
            order.price = self._placed(message.price, message.ts_event)
        else:
            order.size = book.table.orders[index].size + more
            if message.price != price or (self.levels and more > 0):
                order.price = self._placed(message.price, message.ts_event)
            else:
                order.price = price_of(book, &book.table.orders[index])
            if order.size <= 0:
                order.kind = CANCEL
        self._send(&order)
        self.crossed_adds += self.traded > 0
        return 0

    # ---------------------------------------------------------------- orders that cross

    cdef bint _waits(self, const Message *message) except -1:
        """Whether a new order that is in the record now is one that crosses, and waits."""
        cdef Message *first = &self.crosser
        if self.crosses:
            # What neither meets it, nor what it took, nor could stand ahead of what rests of it
            # goes in before it.
            if message.side == first.side:
                if (
                    message.side * message.price < first.side * first.price
                    and not self._reaches(message)
                ):
                    return False
            elif first.side * message.price > first.side * first.price:
                return False
            self._give_up(message.ts_event)
            return False
        if not meets(&self.recorded.book) or self.collecting:
            return False
        self._flush()
        if not self.tells_crossing or self.halted:
            self._session(CALL, message.ts_event)
            return False
        self.crosser, self.crosses = message[0], True
        self.fill_count = 0
        self.filled = self.lost = 0
        return True

    cdef bint _reaches(self, const Message *message) noexcept:
        """Whether a new order would trade in the live book."""
        cdef Ladder *others = &self.target.sides[message.side > 0]
        return others.best != NO_LEVEL and (
            message.side * self._placed(message.price, message.ts_event)
            >= message.side * others.levels[others.best].price
        )

    cdef bint _is_fill(
        self, const Message *message, const RestingOrder *before, int64_t price, int64_t lots
    ) except -1:
        """Whether lots are off the order that crosses, or off one that it would meet now."""
        cdef Message *first = &self.crosser
        if message.order_id == first.order_id:
            self.lost += lots
            return True
        if before.side == first.side or first.side * price > first.side * first.price:
            return False
        if not self._is_first(before) or self.fill_count == MOST_FILLS:
            self._give_up(message.ts_event)
            return False
        self.fills[self.fill_count].order_id = message.order_id
        self.fills[self.fill_count].lots = lots
        self.fills[self.fill_count].whole = lots == before.size
        self.fill_count += 1
        self.filled += lots
        return True

    cdef int _cross(self, int64_t ts_event) except -1:
        """Send the order that crosses, for what it took is known."""
        cdef Message order = self.crosser
        cdef int64_t rests, may_rest = order.size - self.filled
        cdef uint32_t index
        self.crosses = False
        order.price = self._placed(order.price, order.ts_event)
        if table_find(&self.target.table, order.order_id):
            self._cancel(order.order_id, order.ts_event)
        self.aggressors += 1
        self._send(&order)
        if self.traded < self.filled:
            self.unfilled_aggressors += 1
            self.unfilled_lots += self.filled - self.traded
        index = table_find(&self.target.table, order.order_id)
        rests = self.target.table.orders[index].size if index else 0
        if rests > may_rest:
            order.kind = REDUCE
            order.size = rests - may_rest
            self._send(&order)
        return 0

    cdef int _give_up(self, int64_t ts_event) except -1:
        """What happens is not what the order that crosses would do: let all of it go by id."""
        cdef Message order = self.crosser
        cdef int i
        self.crosses = False
        self._session(CALL, ts_event)
        order.price = self._placed(order.price, order.ts_event)
        if table_find(&self.target.table, order.order_id):
            self._cancel(order.order_id, order.ts_event)
        self._send(&order)
        order.ts_event = ts_event
        for i in range(self.fill_count):
            order.order_id = self.fills[i].order_id
            self._take(&order, self.fills[i].lots, self.fills[i].whole, True)
        if self.lost:
            order.order_id = self.crosser.order_id
            self._take(&order, self.lost, self.lost >= self.crosser.size, False)
        return 0

    # ---------------------------------------------------------------- executions

    cdef void _hear(self, const Print *told) noexcept:
        """Remember a print until the removal comes that it explains."""
        cdef int i
        if self.target == NULL or told.kind != TRADE_PRINT or not told.side or told.size <= 0:
            return
        if self.waiting == MOST_PRINTS:
            for i in range(1, MOST_PRINTS):
                self.prints[i - 1] = self.prints[i]
            self.waiting -= 1
        self.prints[self.waiting].ts_event = told.ts_event
        self.prints[self.waiting].price = told.price
        self.prints[self.waiting].left = told.size
        self.prints[self.waiting].order_id = told.order_id
        self.prints[self.waiting].side = told.side
        self.waiting += 1

    cdef int64_t _printed(
        self, const RestingOrder *order, int64_t price, int64_t lots, int64_t ts_event
    ) noexcept:
        """How many of the lots that an order lost were traded, by the prints."""
        cdef int64_t found = 0, part
        cdef int i, kept = 0
        cdef Waiting *told
        for i in range(self.waiting):
            told = &self.prints[i]
            if ts_event > told.ts_event + self.window:
                continue
            if (
                found < lots and told.side == -order.side and told.price == price
                and (
                    told.order_id == 0 or told.order_id == order.order_id
                    or not table_find(&self.recorded.book.table, told.order_id)
                )
            ):
                part = min(lots - found, told.left)
                found += part
                told.left -= part
            if told.left:
                self.prints[kept] = told[0]
                kept += 1
        self.waiting = kept
        return found

    cdef int _execute(self, int side, int64_t price, int64_t lots, int64_t ts_event) except -1:
        """An aggressor took lots: the one that is held, or a new one."""
        if self.held and (
            self.aggressor.side != side
            or self.aggressor.ts_event != ts_event
            or side * price < side * self.aggressor.price
        ):
            self._flush()
        if not self.held:
            memset(&self.aggressor, 0, sizeof(Message))
            self.aggressor.ts_event, self.aggressor.order_id = ts_event, self.next_id
            self.aggressor.kind, self.aggressor.side = NEW, <int8_t>side
            self.aggressor.order_type, self.aggressor.time_in_force = LIMIT, IOC
            self.aggressor.instrument = self.recorded.book.instrument
            self.next_id += 1
            self.held = True
        self.aggressor.price = price
        self.aggressor.size += lots
        return 0

    cdef int _flush(self) except -1:
        """Send the aggressor that is held."""
        cdef Message order
        if not self.held:
            return 0
        self.held = False
        order = self.aggressor
        order.price = self._placed(order.price, order.ts_event)
        self.aggressors += 1
        self._send(&order)
        self.unfilled_aggressors += self.left > 0
        self.unfilled_lots += self.left
        return 0

    # ---------------------------------------------------------------- the live book

    cdef int _cancel(self, int64_t order_id, int64_t ts_event) except -1:
        cdef Message order
        memset(&order, 0, sizeof(Message))
        order.ts_event, order.order_id, order.kind = ts_event, order_id, CANCEL
        order.instrument = self.recorded.book.instrument
        return self._send(&order)

    cdef int _session(self, uint8_t session, int64_t ts_event) except -1:
        cdef Message order
        memset(&order, 0, sizeof(Message))
        order.ts_event, order.order_id, order.kind = ts_event, session, SESSION
        order.order_type = MARKET
        order.instrument = self.recorded.book.instrument
        self.collecting = session != CONTINUOUS
        self._send(&order)
        self.uncrossed += self.traded > 0
        return 0

    cdef int _send(self, const Message *message) except -1:
        """Apply a message to the live book, count what came of it, keep what concerns owners."""
        cdef Book *book = self.target
        cdef Event *event
        book.sink.next = book.sink.begin
        if apply(book, message) < 0 or book.sink.lost:
            raise MemoryError
        self.resent += message.owner == 0
        self.traded = self.left = 0
        event = book.sink.begin
        while event != book.sink.next:
            if event.kind == TRADE:
                self.traded += event.size
            elif event.reason == LEFT:
                self.left += event.size
            elif event.kind == REJECTED and message.owner == 0:
                self.refused += 1
            if event.owner or event.resting_owner:
                self._keep(event)
            event += 1
        return 0

    cdef int _keep(self, const Event *event) except -1:
        if self.event_count == self.event_room:
            self._room(2 * self.event_room)
        self.events[self.event_count] = event[0]
        self.event_count += 1
        return 0

    cdef int _room(self, int64_t room) except -1:
        cdef uint8_t[::1] raw
        events = np.empty(room, EVENT)
        if self.event_count:
            events[:self.event_count] = self._events[:self.event_count]
        raw = events.view(np.uint8)
        self._events, self.events, self.event_room = events, <Event *>&raw[0], room
        return 0

    # ---------------------------------------------------------------- the displacement

    cdef double _displaced(self, int64_t ts_event) noexcept:
        cdef double passed
        if self.half_life == 0 or self.displaced == 0:
            return 0
        if self.half_life == INFINITY or ts_event <= self.displaced_at:
            return self.displaced
        passed = <double>(ts_event - self.displaced_at) / self.half_life
        return self.displaced * natural_exp(-LN2 * passed)

    cdef int64_t _shift(self, int64_t ts_event) noexcept:
        cdef double now = self._displaced(ts_event)
        cdef int64_t ticks
        if now == 0:
            return 0
        ticks = <int64_t>(now if now > 0 else -now)
        ticks += (now if now > 0 else -now) - ticks > 0.5
        return ticks if now > 0 else -ticks

    cdef int64_t _placed(self, int64_t price, int64_t ts_event) noexcept:
        price += self._shift(ts_event)
        return max(-MAX_PRICE, min(MAX_PRICE, price))


def bytes_of(rows, dtype):
    """The bytes of rows, contiguous and aligned. Raises ``TypeError`` for another dtype."""
    if rows.dtype != dtype:
        raise TypeError(f"rows must be of dtype {dtype}, got {rows.dtype}")
    return aligned(rows).view(np.uint8)
