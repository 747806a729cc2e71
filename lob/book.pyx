"""``OrderBook``, the matching engine of one instrument, as Python sees it."""

import copy as copying

cimport cython
from cpython.buffer cimport (
    PyBUF_SIMPLE,
    PyBUF_WRITABLE,
    PyBuffer_FillInfo,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.exc cimport PyErr_CheckSignals
from cpython.long cimport PyLong_Check
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from lob.engine.guard cimport VENUE_WORKS, Guard
from lob.engine.ladder cimport (
    NO_KEY,
    NO_LEVEL,
    Ladder,
    Level,
    ladder_bytes,
    ladder_find,
    ladder_key,
    ladder_next,
)
from lob.engine.memory cimport unlikely
from lob.engine.matching cimport (
    Book,
    Crossing,
    EventSink,
    apply,
    apply_all,
    book_copy,
    book_init,
    book_release,
    book_reserve,
    find_crossing,
    first_malformed,
    rest,
    set_rules,
    sink_bytes,
    sink_reserve,
    sink_retire,
    use_id,
    well_formed,
)
from lob.engine.order_table cimport (
    RestingOrder,
    table_bytes,
    table_find,
    table_longest_search,
)
from lob.engine.records cimport (
    BAND,
    CANCEL,
    CONTINUOUS,
    HALTED,
    LIMIT,
    MARKET,
    MAX_PRICE,
    MAX_SIZE,
    NEW,
    POST_ONLY,
    REDUCE,
    REJECTED,
    RELATIVE,
    REPLACE,
    SESSION,
    TOTAL_SIZE,
    TRADE,
    UNCROSS,
    Event,
    LevelRow,
    Message,
    OrderRow,
    Quote,
    write_message,
)
from lob.engine.used_ids cimport used_bytes

import numpy as np

from lob import checks, types
from lob.venue.call_auction import Uncross
from lob.checks import indexed as integer
from lob.reference import state_digest
from lob.types import (
    Cost,
    Flag,
    Order,
    OrderType,
    Reason,
    SelfTradePrevention,
    Session,
    Side,
    Trade,
)

cdef extern from *:
    """
    /* An int that fits one digit, without a call. */
    static inline int firesale_small_int(PyObject *value, long long *number) {
    #if PY_VERSION_HEX >= 0x030C0000
        if (!PyUnstable_Long_IsCompact((PyLongObject *)value)) return 0;
        *number = PyUnstable_Long_CompactValue((PyLongObject *)value);
        return 1;
    #else
        Py_ssize_t size = Py_SIZE(value);
        if (size < -1 || size > 1) return 0;
        *number = size * (long long)((PyLongObject *)value)->ob_digit[0];
        if (size == 0) *number = 0;
        return 1;
    #endif
    }
    """
    bint small_int "firesale_small_int"(object value, long long *number) noexcept
    long long PyLong_AsLongLongAndOverflow(object value, int *overflow) except? -1

__all__ = ["OrderBook", "Outcome"]

cdef enum:
    BETWEEN_SIGNALS = 1 << 16  # messages of a batch between two looks whether it is interrupted

cdef dict REASONS = {reason.value: reason for reason in Reason}
cdef tuple SESSIONS = tuple(Session)
cdef object new_tuple = tuple.__new__  # what a named tuple's own ``__new__`` calls, in Python
cdef object ZERO = 0
cdef object MESSAGE = types.MESSAGE, EVENT = types.EVENT, QUOTE = types.QUOTE
cdef object LEVEL = types.LEVEL, ORDER = types.ORDER

for _dtype, _size in (
    (MESSAGE, sizeof(Message)),
    (EVENT, sizeof(Event)),
    (QUOTE, sizeof(Quote)),
    (LEVEL, sizeof(LevelRow)),
    (ORDER, sizeof(OrderRow)),
):
    if _dtype.itemsize != _size:
        raise ImportError(f"lob.engine.records and lob.types disagree: {_dtype}")


@cython.final
@cython.freelist(64)
@cython.no_gc
cdef class Outcome:
    """What became of one message to an order book.

    Attributes
    ----------
    accepted : bool
        Whether the message was not rejected.
    reason : Reason
        Why the message was rejected, or why some of its order was cancelled or taken off.
    filled : int
        Lots of the order that traded at once.
    leaves : int
        Lots of the order that rest now.
    trades : tuple[Trade, ...]
        The trades, in order of execution.
    """

    @property
    def reason(self):
        """Why the message was rejected, or some of its order cancelled: a ``lob.Reason``."""
        return REASONS[self._reason]

    def __repr__(self):
        return (
            f"Outcome(accepted={bool(self.accepted)}, reason={self.reason!r}, "
            f"filled={self.filled}, leaves={self.leaves}, trades={self.trades!r})"
        )


cdef class OrderBook:
    """A limit order book of one instrument with price-time priority.

    Prices are integer ticks from ``-2**40`` to ``2**40``, sizes integer lots from 1 to
    ``2**62 - 1``; order ids are any 64-bit integers the caller chooses, unique among the orders
    that rest: an id is free again once its order is gone, unless ``unique_ids``. The rules of
    matching are written out in ``lob.reference``, which keeps the same contract in plain Python;
    ``docs/concepts/matching.md`` says what exchanges do.

    A message that the market refuses is an outcome with a reason. Misuse (a float for a price,
    a size of zero, an unknown enumeration value) raises ``TypeError`` or ``ValueError`` that
    names the argument and shows its value, and leaves the book as it was.

    Adding, cancelling and filling an order take constant time, except that a new best price
    after a level has emptied may take a walk of six steps.

    A book is used by one thread at a time: a call that comes while another is at work raises
    ``RuntimeError`` and leaves the book as it was. So does a message to a book of a venue while
    that venue or a run is at work on its books: it would be on no tape. Reading is always allowed.

    Parameters
    ----------
    instrument
        The number that messages to this book carry, 0 to 65535.
    unique_ids
        Whether an id that an order was accepted under may never be used again, as at Nasdaq.

    Examples
    --------
    >>> import lob
    >>> book = lob.OrderBook()
    >>> book.submit(order_id=1, side=lob.Side.BUY, price=100, size=10).leaves
    10
    >>> book.submit(order_id=2, side=lob.Side.SELL, price=99, size=4).trades
    (Trade(price=100, size=4, resting_order_id=1, resting_owner=0),)
    >>> book.best_bid, book.best_ask, len(book)
    (100, None, 1)
    """

    def __cinit__(self, instrument=0, *, unique_ids=False):
        number = integer("instrument", instrument, 0, 2**16 - 1)
        if book_init(&self.book, number, bool(unique_ids)) < 0:
            raise MemoryError
        self.guard = Guard()

    def __dealloc__(self):
        book_release(&self.book)

    # ---------------------------------------------------------------- messages, one by one

    def submit(
        self,
        *,
        order_id,
        side,
        price=None,
        size,
        owner=0,
        order_type=0,
        time_in_force=0,
        post_only=False,
        min_size=0,
        stp=0,
        tag=0,
        ts_event=0,
        protection=0,
        protection_ppm=0,
    ):
        """Enter a new order into the book.

        Parameters
        ----------
        order_id
            Any 64-bit integer that no resting order has; with ``unique_ids``: that none had.
        side
            ``Side.BUY`` or ``Side.SELL``.
        price
            Ticks, ``-2**40`` to ``2**40``; needed for a limit order, ignored for a market order.
        size
            Lots, 1 to ``2**62 - 1``.
        owner
            Who sends it, a 32-bit integer: self-trade prevention compares owners. 0 is nobody.
        order_type
            ``OrderType.LIMIT`` or ``OrderType.MARKET``.
        time_in_force
            What happens to what does not trade at once, see ``TimeInForce``.
        post_only
            Reject the order if it would trade at once.
        min_size
            Reject the order unless at least so many lots trade at once; 0: none need.
        stp
            What to do on meeting an order of the same owner, see ``SelfTradePrevention``.
        tag
            Any 64-bit integer, copied to every event of the order.
        ts_event
            Time in ns, copied to the events; the book itself keeps no clock.
        protection
            Of a market order, ticks: it is entered as a limit order that far beyond the best price
            of the other side, where what does not trade rests, unless it is immediate or cancel.
            0: at any price.
        protection_ppm
            The same in ppm of that price, rounded down to ticks; in place of ``protection``.

        Returns
        -------
        Outcome
            Whether the order was accepted, and its trades.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range; the book is then as it was.
        """
        cdef Message message
        cdef int64_t side_ = as_int("side", side)
        cdef int64_t order_type_ = as_int("order_type", order_type)
        cdef int64_t time_in_force_ = as_int("time_in_force", time_in_force)
        cdef int64_t stp_ = as_int("stp", stp)
        cdef int32_t owner_ = as_int32("owner", owner)
        write_message(
            &message,
            NEW,
            <int8_t>side_,
            <uint8_t>order_type_,
            <uint8_t>time_in_force_,
            <uint8_t>stp_,
            POST_ONLY if post_only else 0,
            self.book.instrument,
        )
        message.ts_event = as_int("ts_event", ts_event)
        message.order_id = as_int("order_id", order_id)
        if price is not None:
            message.price = as_int("price", price)
        elif order_type_ == LIMIT:
            raise TypeError("price must be given for a limit order")
        message.size = as_int("size", size)
        message.tag = as_int("tag", tag)
        message.min_size = as_int("min_size", min_size)
        message.owner = owner_
        if protection is not ZERO or protection_ppm is not ZERO:
            message.trail, relative = checks.to_protection(protection, protection_ppm)
            if relative:
                message.flags |= RELATIVE
        if (
            message.side != side_
            or message.order_type != order_type_
            or message.time_in_force != time_in_force_
            or message.stp != stp_
            or not well_formed(&message, message.instrument)
        ):
            raise ValueError(
                checks.misuse(
                    plain_message(&message)._replace(
                        side=side_,
                        order_type=order_type_,
                        time_in_force=time_in_force_,
                        stp=stp_,
                    ),
                    self.book.instrument,
                )
            )
        return self.apply_one(&message)

    def cancel(self, order_id, *, owner=0, ts_event=0):
        """Take an order, by its id, out of the book; returns the ``Outcome``.

        Parameters
        ----------
        order_id
            Id of the order.
        owner
            Who asks: it must be the order's owner. 0 is whoever operates the book, and may do it to
            any order.
        ts_event
            Time in ns, copied to the events.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range.
        """
        cdef Message message
        self.address(&message, CANCEL, order_id, ts_event)
        message.owner = as_int32("owner", owner)
        return self.apply_one(&message)

    def reduce(self, order_id, size, *, owner=0, ts_event=0):
        """Take ``size`` lots off an order, which keeps its place; returns the ``Outcome``.

        All its lots or more remove it. The other parameters and errors are those of ``cancel``.
        """
        cdef Message message
        self.address(&message, REDUCE, order_id, ts_event)
        message.owner = as_int32("owner", owner)
        message.size = as_int("size", size)
        self.check_message(&message)
        return self.apply_one(&message)

    def replace(
        self, order_id, *, price=None, size=None, total_size=False, owner=0, ts_event=0
    ):
        """Give an order a new price in ticks, a new open size in lots, or both: an ``Outcome``.

        The same size or less at the same price keeps the order's place in the queue. Anything else
        takes the order out and enters it anew, and then it may trade. All else about the order
        stays. With ``total_size``, ``size`` is open lots and lots traded so far together, so that a
        fill on the way does not make the order larger than meant; where as much has traded
        already, the order is cancelled. The other parameters and errors are those of ``cancel``.
        """
        cdef Message message
        cdef uint32_t index
        cdef RestingOrder *resting
        self.address(&message, REPLACE, order_id, ts_event)
        message.size = 1
        index = table_find(&self.book.table, message.order_id)
        if index:
            resting = &self.book.table.orders[index]
            message.size = min(resting.total, MAX_SIZE) if total_size else resting.size
            if resting.order_type == LIMIT:
                message.price = self.book.sides[resting.side < 0].levels[resting.level].price
        if total_size:
            message.flags = TOTAL_SIZE
        message.owner = as_int32("owner", owner)
        if price is not None:
            message.price = as_int("price", price)
        if size is not None:
            message.size = as_int("size", size)
        self.check_message(&message)
        return self.apply_one(&message)

    def set_session(self, session, reference_price=None, *, ts_event=0):
        """Put the book into another session.

        A book that goes into CONTINUOUS is uncrossed as by ``uncross``: whatever was collected
        trades, so a continuous book is never crossed. What is left of market orders is cancelled.

        Parameters
        ----------
        session
            ``Session.CONTINUOUS``, ``Session.CALL`` or ``Session.HALTED``.
        reference_price
            Ticks: of prices that are equally good, the nearest to it. ``None``: their middle.
        ts_event
            Time in ns, copied to the events.

        Returns
        -------
        Outcome
            With the trades of the auction.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range.
        """
        cdef Message message
        number = integer("session", session, 0, HALTED)
        self.address(&message, SESSION, number, ts_event)
        self.refer_to(&message, reference_price)
        return self.apply_one(&message)

    def uncross(self, reference_price=None, *, ts_event=0):
        """Trade what the book has collected at one price; its session stays.

        The rules are those of ``lob.venue.call_auction``; parameters, result and errors those of
        ``set_session``.

        The first lots on either side trade: market orders, then the best price first, and the
        oldest order first. No self-trade is prevented, for the volume was announced. Rejected where
        the market is halted.
        """
        cdef Message message
        self.address(&message, UNCROSS, 0, ts_event)
        self.refer_to(&message, reference_price)
        return self.apply_one(&message)

    def set_band(self, low, high, *, ts_event=0):
        """Allow prices of the book from ``low`` to ``high`` ticks only; ``None``: no bound there.

        Limit orders beyond it are rejected, and market orders do not trade beyond it. Bids above
        it and asks below it, which could, are cancelled now; other orders stay where they are.
        """
        cdef Message message
        lowest, highest = checks.to_band(low, high)
        self.address(&message, BAND, 0, ts_event)
        message.price = lowest
        message.stop_price = highest
        return self.apply_one(&message)

    cdef int refer_to(self, Message *message, object reference_price) except -1:
        """Write down the reference price of an uncross."""
        price, order_type = checks.to_reference(reference_price)
        message.price = price
        message.order_type = order_type
        return 0

    cdef int address(
        self, Message *message, uint8_t kind, object order_id, object ts_event
    ) except -1:
        """A message about an order that rests."""
        write_message(message, kind, 0, 0, 0, 0, 0, self.book.instrument)
        message.ts_event = as_int("ts_event", ts_event)
        message.order_id = as_int("order_id", order_id)
        return 0

    cdef int check_message(self, const Message *message) except -1:
        if not well_formed(message, self.book.instrument):
            raise ValueError(checks.misuse(plain_message(message), self.book.instrument))
        return 0

    cdef Outcome apply_one(self, const Message *message):
        """Apply a message that is well formed."""
        cdef Outcome outcome
        cdef Event *event
        cdef uint32_t index
        if unlikely(self.guard.busy):
            self.guard.refuse("a method of OrderBook")
        self.book.sink.next = self.book.sink.begin
        if apply(&self.book, message) < 0:
            raise MemoryError
        outcome = Outcome.__new__(Outcome)
        event = self.book.sink.begin
        outcome.accepted = event.kind != REJECTED
        outcome._reason = event.reason
        outcome.trades = ()
        if message.kind > REPLACE:  # about no order, whatever its id
            self.describe_safely(outcome, 0)
            outcome._reason = event.reason
            return outcome
        if outcome.accepted and self.book.sink.next == event + 1:
            outcome.leaves = event.leaves
            return outcome
        self.describe_safely(outcome, message.order_id)
        index = table_find(&self.book.table, message.order_id)
        if index:
            outcome.leaves = self.book.table.orders[index].size
        return outcome

    cdef int describe_safely(self, Outcome outcome, int64_t order_id) except -1:
        """Nobody may write events meanwhile: new objects may let the garbage collector run code."""
        self.guard.enter(VENUE_WORKS, "a method of OrderBook")
        try:
            return self.describe_outcome(outcome, order_id)
        finally:
            self.guard.leave()

    cdef int describe_outcome(self, Outcome outcome, int64_t order_id) except -1:
        cdef Event *event = self.book.sink.begin
        cdef list trades = []
        while event != self.book.sink.next:
            if event.kind == TRADE:
                outcome.filled += event.size
                trades.append(new_tuple(
                    Trade, (event.price, event.size, event.resting_order_id, event.resting_owner)
                ))
            if event.order_id == order_id:
                outcome._reason = event.reason
            event += 1
        outcome.trades = tuple(trades)
        return 0

    # ---------------------------------------------------------------- messages, many at once

    def process(self, messages, out=None, quotes=None):
        """Apply an array of messages to the book, in order, without Python in the loop.

        Every row is checked before any is applied.

        Parameters
        ----------
        messages
            A one-dimensional ``lob.MESSAGE`` array.
        out
            A ``lob.EVENT`` array to write the events to: reuse one, because fresh memory costs
            as much as matching. If it is too small, the result is a new array and what is left
            in ``out`` means nothing. It must share no memory with the other arrays.
        quotes
            A ``lob.QUOTE`` array, at least as long as ``messages``: row ``i`` becomes the best
            bid and ask after message ``i``.

        Returns
        -------
        numpy.ndarray
            ``lob.EVENT`` rows; a view of the front of ``out`` where they fit there.

        Raises
        ------
        TypeError
            If an array is not of its dtype.
        ValueError
            If a row is malformed: the message names its index, the field and the value.
        KeyboardInterrupt
            On Ctrl-C, between two messages; a note says how many have been applied.
        """
        cdef View rows, room = None, path = None
        cdef const Message *row
        cdef Quote *quote = NULL
        cdef EventSink own
        cdef EventSink *sink = &self.book.sink
        cdef int64_t count, i
        rows = View(checks.to_message_array(messages, align=False))
        if <size_t>rows.view.buf & 7:
            rows = View(checks.to_message_array(messages))
        row = <const Message *>rows.view.buf
        count = rows.view.len // sizeof(Message)
        checks.to_output("out", out, EVENT, align=False)
        checks.to_output("quotes", quotes, QUOTE, count, align=False)
        if out is not None:
            room = View(out, True)
            if <size_t>room.view.buf & 7:
                checks.to_output("out", out, EVENT)
        if quotes is not None:
            path = View(quotes, True)
            quote = <Quote *>path.view.buf
            if <size_t>quote & 7:
                checks.to_output("quotes", quotes, QUOTE, count)
        if overlap(rows, room) or overlap(rows, path) or overlap(room, path):
            checks.apart(messages=messages, out=out, quotes=quotes)
        i = first_malformed(row, count, self.book.instrument)
        if i < count:
            problem = checks.misuse(plain_message(&row[i]), self.book.instrument)
            raise ValueError(f"messages[{i}]: {problem}")
        self.guard.enter(VENUE_WORKS, "OrderBook.process")
        own = sink[0]
        try:
            try:
                if out is None:
                    if sink_reserve(sink, count + count // 4 + 64) < 0:
                        raise MemoryError
                else:
                    sink.begin = <Event *>room.view.buf
                    sink.end = sink.begin + room.view.len // sizeof(Event)
                    sink.owned = False
                sink.next = sink.begin
                sink.lost = False
                self.apply_batch(row, count, quote)
            except BaseException:
                if sink.owned and sink.begin != own.begin:
                    sink_retire(sink)
                raise
            if sink.owned:
                return adopt(sink)
            return out[: sink.next - sink.begin]
        finally:
            self.book.sink = own
            self.guard.leave()

    cdef int apply_batch(self, const Message *rows, int64_t count, Quote *quotes) except -1:
        """Apply messages that are well formed; an interrupt is heard now and then."""
        cdef int64_t done = 0, part
        while done < count:
            part = min(count - done, <int64_t>BETWEEN_SIGNALS)
            if apply_all(
                &self.book, rows + done, part, NULL if quotes == NULL else quotes + done
            ) < part or self.book.sink.lost:
                raise MemoryError
            done += part
            if done < count:
                try:
                    PyErr_CheckSignals()
                except BaseException as interrupt:
                    interrupt.add_note(f"messages[:{done}] of {count} have been applied")
                    raise
        return 0

    # ---------------------------------------------------------------- views

    @property
    def best_bid(self):
        """The highest bid of the book in ticks; ``None`` if there is none."""
        return best_price(&self.book.sides[0])

    @property
    def best_ask(self):
        """The lowest ask of the book in ticks; ``None`` if there is none."""
        return best_price(&self.book.sides[1])

    @property
    def session(self):
        """What the book does with orders, a ``lob.Session``."""
        return SESSIONS[self.book.session]

    @property
    def band(self):
        """The lowest and the highest price that the book allows, in ticks; ``None``: no bound."""
        return (
            None if self.book.band[0] == -MAX_PRICE else self.book.band[0],
            None if self.book.band[1] == MAX_PRICE else self.book.band[1],
        )

    def indicative(self, reference_price=None):
        """What ``uncross`` would do to the book now, in time linear in the levels that trade.

        ``reference_price`` is as in ``set_session``.

        Returns
        -------
        Uncross or None
            Price, volume, surplus, and the prices between which as much could trade; ``None``
            where nothing could.
        """
        cdef Crossing found
        price, order_type = checks.to_reference(reference_price)
        found = find_crossing(&self.book, order_type == LIMIT, price)
        if found.volume == 0:
            return None
        return Uncross(found.price, found.volume, found.surplus, found.lowest, found.highest)

    @property
    def instrument(self):
        """Number of the instrument, which messages to this book carry."""
        return self.book.instrument

    @property
    def seq(self):
        """Number of the last event of this book; 0: there was none."""
        return self.book.seq

    def bids(self, levels=None):
        """The best ``levels`` bids (all if ``None``): an array of ``lob.LEVEL``, best first."""
        return depth(&self.book.sides[0], levels)

    def asks(self, levels=None):
        """The best ``levels`` asks (all if ``None``): an array of ``lob.LEVEL``, best first."""
        return depth(&self.book.sides[1], levels)

    def orders(self):
        """Every resting order, bids then asks in order of priority: an array of ``lob.ORDER``."""
        cdef object array = None
        cdef View view
        cdef OrderRow *row
        cdef Ladder *ladder
        cdef const Level *level
        cdef RestingOrder *resting
        cdef uint32_t at, index
        cdef int side
        # Making the array may let another thread in: until it has as many rows as there are orders.
        while array is None or view.view.len != (
            self.book.table.count * <Py_ssize_t>sizeof(OrderRow)
        ):
            array = np.zeros(self.book.table.count, ORDER)
            view = View(array, True)
        row = <OrderRow *>view.view.buf
        for side in range(2):
            ladder = &self.book.sides[side]
            at = ladder.best
            level = &self.book.waiting[side]
            while True:
                index = level.head
                while index:
                    resting = &self.book.table.orders[index]
                    row.order_id = resting.order_id
                    row.price = level.price
                    row.size = resting.size
                    row.tag = resting.tag
                    row.owner = resting.owner
                    row.side = resting.side
                    row.stp = resting.stp
                    row.flags = resting.flags
                    row.order_type = resting.order_type
                    row.filled = min(resting.total - resting.size, MAX_SIZE)
                    row += 1
                    index = resting.next
                if at == NO_LEVEL:
                    break
                level = &ladder.levels[at]
                at = ladder_next(ladder, at)
        return array

    cdef Level *queue_of(self, const RestingOrder *resting) noexcept:
        """Where an order queues."""
        cdef int side = resting.side < 0
        if resting.order_type == MARKET:
            return &self.book.waiting[side]
        return &self.book.sides[side].levels[resting.level]

    def get(self, order_id):
        """The resting order with this id, a ``lob.Order``; ``None`` if it does not rest."""
        cdef uint32_t index = self.find(order_id)
        # A copy: making an ``Order`` may let another thread in, which moves the orders.
        cdef RestingOrder resting = self.book.table.orders[index]
        cdef int64_t price
        if not index:
            return None
        price = self.queue_of(&resting).price
        return Order(
            resting.order_id,
            price,
            resting.size,
            resting.tag,
            resting.owner,
            Side(resting.side),
            SelfTradePrevention(resting.stp),
            Flag(resting.flags),
            OrderType(resting.order_type),
            min(resting.total - resting.size, MAX_SIZE),
        )

    def queue_position(self, order_id):
        """Lots ahead of an order, by its id, at its price, in time linear in the orders ahead.

        Raises ``KeyError`` if the order does not rest in the book.
        """
        cdef uint32_t index = self.find(order_id)
        cdef int64_t ahead = 0
        if not index:
            raise KeyError(order_id)
        index = self.book.table.orders[index].prev
        while index:
            ahead += self.book.table.orders[index].size
            index = self.book.table.orders[index].prev
        return ahead

    def cost(self, side, size):
        """What a market order would get now, without touching the book.

        Parameters
        ----------
        side
            Side of the market order: ``Side.SELL`` walks the bids.
        size
            Lots of the market order, 1 or more.

        Returns
        -------
        Cost
            Lots filled, their notional in ticks times lots, and the worst price in ticks.

        Raises
        ------
        TypeError, ValueError
            If an argument is of another type or outside its range.
        """
        cdef Ladder *ladder
        cdef uint32_t at
        cdef int64_t wanted, left, taken
        cdef object notional = 0, worst = None
        if side not in (1, -1):
            raise ValueError(f"side must be BUY (1) or SELL (-1), got {side!r}")
        wanted = left = integer("size", size, 1, MAX_SIZE)
        ladder = &self.book.sides[side > 0]
        at = ladder.best
        while at != NO_LEVEL and left:
            taken = min(left, ladder.levels[at].size)
            left -= taken
            worst = ladder.levels[at].price
            notional += <object>taken * worst
            at = ladder_next(ladder, at)
        return Cost(wanted - left, notional, worst)

    def __len__(self):
        return self.book.table.count

    def __contains__(self, order_id):
        return self.find(order_id) != 0

    cdef uint32_t find(self, object order_id) except? 0:
        cdef int64_t number = as_int("order_id", order_id)
        return table_find(&self.book.table, number)

    # ---------------------------------------------------------------- whole books

    @classmethod
    def from_orders(
        cls,
        orders,
        *,
        instrument=0,
        seq=0,
        session=0,
        band=(None, None),
        unique_ids=False,
        used_ids=(),
    ):
        """A book that holds given resting orders.

        Parameters
        ----------
        orders
            ``lob.ORDER`` rows, as ``orders()`` returns them. At one price the earlier row has
            priority.
        instrument, unique_ids
            As for ``OrderBook``.
        seq
            Number of the last event, 0 or more.
        session, band
            Session and allowed prices that the book has from the start.
        used_ids
            With ``unique_ids``, ids that no order may have any more, beside those of the rows.

        Raises
        ------
        TypeError, ValueError
            If an argument is malformed; or if the rows do not make a possible book: then the row
            is named.
        """
        cdef OrderBook self = cls(instrument, unique_ids=True) if unique_ids else cls(instrument)
        self.fill(orders, seq, session, band, used_ids)
        return self

    cdef int fill(self, orders, seq, session, band, used_ids) except -1:
        """Put into an empty book what ``from_orders`` is given."""
        cdef View view
        cdef OrderRow *row
        cdef Message order
        cdef int64_t i
        self.book.seq = integer("seq", seq, 0, MAX_SIZE)
        low, high = checks.to_band(*band)
        set_rules(&self.book, integer("session", session, 0, HALTED), low, high)
        crossed = self.book.session != CONTINUOUS
        view = View(checks.to_order_array(orders, crossed, (low, high)))
        for i in range(view.view.len // <Py_ssize_t>sizeof(OrderRow)):
            row = &(<OrderRow *>view.view.buf)[i]
            if self.book.budget <= 0 and book_reserve(&self.book) < 0:
                raise MemoryError
            self.book.budget -= 1
            write_message(
                &order, NEW, row.side, row.order_type, 0, row.stp, row.flags, self.book.instrument
            )
            order.order_id = row.order_id
            order.price = row.price
            order.tag = row.tag
            order.owner = row.owner
            rest(&self.book, &order, row.size, row.size + row.filled)
            if self.book.used.kept and use_id(&self.book, row.order_id) < 0:
                raise MemoryError
        if self.book.used.kept:
            for used in used_ids:
                if use_id(&self.book, integer("used_ids", used)) < 0:
                    raise MemoryError
        return 0

    @property
    def used_ids(self):
        """The ids that no new order may have, a rising tuple, in a book with ``unique_ids``.

        Of other books ``None``: an id is free there once its order is gone.
        """
        cdef uint64_t i
        if not self.book.used.kept:
            return None
        found = [0] if self.book.used.zero else []
        for i in range(self.book.used.mask + 1):
            if self.book.used.ids[i]:
                found.append(self.book.used.ids[i])
        return tuple(sorted(found))

    def copy(self):
        """A copy of this book, independent and in the same state, in one copy of memory.

        What a subclass has added to it is copied as ``copy.deepcopy`` does.
        """
        return copying.deepcopy(self)

    cdef OrderBook twin(self):
        """A copy, without what a subclass has added."""
        cdef OrderBook other = type(self).__new__(type(self))
        book_release(&other.book)
        memset(&other.book, 0, sizeof(Book))
        if book_copy(&other.book, &self.book) < 0:
            raise MemoryError
        return other

    def __copy__(self):
        cdef OrderBook other = self.twin()
        other.__setstate__(self.__getstate__())
        return other

    def __deepcopy__(self, memo):
        cdef OrderBook other = self.twin()
        memo[id(self)] = other
        other.__setstate__(copying.deepcopy(self.__getstate__(), memo))
        return other

    def __reduce__(self):
        return restore, (
            type(self),
            self.orders(),
            self.instrument,
            self.seq,
            int(self.session),
            self.band,
            self.used_ids,
        ), self.__getstate__()

    def __setstate__(self, state):
        """Take over what a subclass has added to another book."""
        attributes, slots = state if isinstance(state, tuple) else (state, None)
        for name, value in {**(attributes or {}), **(slots or {})}.items():
            setattr(self, name, value)

    def digest(self):
        """32 hex digits of this book's state, which are equal where two books are in the same one.

        That is, where they hold the same orders in the same order, in the same session and band,
        and refuse the same ids.
        """
        return state_digest(self.orders(), self.session, self.band, self.used_ids)

    def longest_search(self):
        """The most places that a search of this book for an order by id looks at.

        It grows with the logarithm of the orders, whatever their ids: the table has a secret. Time
        is linear in the places.
        """
        return table_longest_search(&self.book.table)

    @property
    def nbytes(self):
        """Bytes of memory set aside for the book, touched or not."""
        cdef size_t total = sizeof(Book) + sink_bytes(&self.book.sink)
        cdef int side
        for side in range(2):
            total += ladder_bytes(&self.book.sides[side])
        return total + table_bytes(&self.book.table) + used_bytes(&self.book.used)

    def check(self):
        """Raise ``AssertionError`` unless the book is consistent; linear in its size."""
        cdef Ladder *ladder
        cdef int64_t volume, seen = 0
        cdef uint64_t last_key
        cdef uint32_t at
        cdef int side
        for side in range(2):
            ladder = &self.book.sides[side]
            volume = 0
            at = ladder.best
            last_key = 0
            if at == NO_LEVEL:
                assert ladder.best_key == NO_KEY, "a best key without a level"
                assert not ladder.nodes[0].occupied, "occupied prices, but no best one"
            else:
                assert ladder_key(ladder, at) == ladder.best_key, "the best key is off"
            while at != NO_LEVEL:
                key = ladder_key(ladder, at)
                assert volume == 0 or key > last_key, f"levels out of order at key {key}"
                last_key = key
                assert ladder_find(ladder, last_key) == at, f"level {at} is not found by its key"
                volume += self.check_level(side, at, last_key)
                seen += ladder.levels[at].orders
                at = ladder_next(ladder, at)
            if self.book.waiting[side].orders:
                assert self.book.session != CONTINUOUS, "market orders wait without an auction"
                seen += self.book.waiting[side].orders
                waiting = self.check_queue(side, &self.book.waiting[side], MARKET, 0)
            else:
                waiting = 0
            assert volume + waiting == self.book.volume[side], "the volume of a side is off"
            assert volume or ladder.leaf_count == ladder.free_leaves, "leaves without levels"
        assert seen == self.book.table.count, "orders in the table that are in no queue"
        bid, ask = self.best_bid, self.best_ask
        if self.book.session == CONTINUOUS:
            assert bid is None or ask is None or bid < ask, f"crossed: {bid} >= {ask}"
        assert bid is None or bid <= self.book.band[1], f"bid {bid} above the band"
        assert ask is None or ask >= self.book.band[0], f"ask {ask} below the band"

    cdef int64_t check_level(self, int side, uint32_t at, uint64_t key) except -1:
        """The lots at one level, after looking at each order there."""
        cdef Level *level = &self.book.sides[side].levels[at]
        cdef int sign = 1 - 2 * side
        assert <uint64_t>(MAX_PRICE - sign * level.price) == key, f"price {level.price} misplaced"
        return self.check_queue(side, level, LIMIT, at)

    cdef int64_t check_queue(
        self, int side, const Level *level, int order_type, uint32_t at
    ) except -1:
        cdef RestingOrder *resting
        cdef uint32_t index = level.head, prev = 0, orders = 0
        cdef int64_t size = 0
        cdef int sign = 1 - 2 * side
        while index:
            resting = &self.book.table.orders[index]
            name = f"order {resting.order_id}"
            assert resting.prev == prev, f"{name}: the queue is broken"
            assert resting.side == sign and resting.level == at, f"{name} is misplaced"
            assert resting.order_type == order_type, f"{name} is of another type"
            assert 1 <= resting.size <= MAX_SIZE, f"{name} has size {resting.size}"
            assert resting.size <= resting.total, f"{name} has traded less than nothing"
            assert self.find(resting.order_id) == index, f"{name} is not found by its id"
            size += resting.size
            orders += 1
            prev = index
            index = resting.next
        assert orders, f"empty level at {level.price}"
        assert level.tail == prev and level.orders == orders, f"queue at {level.price} is off"
        assert level.size == size, f"size at {level.price} is off"
        return size


# -------------------------------------------------------------------------------- helpers

@cython.final
cdef class View:
    """The memory of an array, held for as long as this object lives.

    Parameters
    ----------
    array
        Any object with a buffer.
    writable
        Whether it must be possible to write to it.
    """

    cdef Py_buffer view

    def __cinit__(self, array, bint writable=False):
        PyObject_GetBuffer(array, &self.view, PyBUF_WRITABLE if writable else PyBUF_SIMPLE)

    def __dealloc__(self):
        PyBuffer_Release(&self.view)


cdef inline bint overlap(View one, View other) noexcept:
    """Whether two stretches of memory share a byte."""
    if one is None or other is None:
        return False
    return (
        <size_t>one.view.buf < <size_t>other.view.buf + <size_t>other.view.len
        and <size_t>other.view.buf < <size_t>one.view.buf + <size_t>one.view.len
    )


@cython.final
cdef class EventBlock:
    """Memory of events that a numpy array keeps alive."""

    cdef EventSink sink

    def __dealloc__(self):
        sink_retire(&self.sink)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(
            buffer,
            self,
            self.sink.begin,
            (self.sink.next - self.sink.begin) * <Py_ssize_t>sizeof(Event),
            0,
            flags,
        )


cdef object adopt(EventSink *sink):
    """The events of a sink as an array, without a copy; the sink's memory is the array's now."""
    cdef EventBlock block = EventBlock.__new__(EventBlock)
    block.sink = sink[0]
    if sink.next == sink.begin:
        return np.empty(0, EVENT)
    return np.frombuffer(block, EVENT)


cdef inline int64_t as_int(str name, object value) except? -1:
    # Most arguments of most orders are their defaults.
    return 0 if value is ZERO else convert(name, value)


cdef int64_t convert(str name, object value) except? -1:
    cdef int overflow = 0
    cdef long long number
    if PyLong_Check(value):
        if small_int(value, &number):
            return number
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if not overflow:
            return number
    return integer(name, value)


cdef inline int32_t as_int32(str name, object value) except? -1:
    cdef long long number
    if PyLong_Check(value) and small_int(value, &number):
        return <int32_t>number
    return integer(name, value, *checks.INT32)


cdef object plain_message(const Message *message):
    """The message as ``lob.checks`` reads it."""
    row = np.frombuffer((<const char *>message)[: sizeof(Message)], MESSAGE)
    return checks.Message._make(row[0].tolist())


cdef object best_price(const Ladder *ladder):
    return None if ladder.best == NO_LEVEL else ladder.levels[ladder.best].price


cdef object depth(const Ladder *ladder, object levels):
    cdef int64_t limit = -1 if levels is None else integer("levels", levels, 0)
    cdef int64_t count = -1, room = -1
    cdef object array
    cdef View view
    cdef LevelRow *row = NULL
    cdef uint32_t at
    # Making the array may let another thread in: until it has as many rows as there are levels.
    while count != room or count < 0:
        room = count
        if room >= 0:
            array = np.empty(room, LEVEL)
            view = View(array, True)
            row = <LevelRow *>view.view.buf
        count = 0
        at = ladder.best
        while at != NO_LEVEL and count != limit:
            if count < room:
                row[count].price = ladder.levels[at].price
                row[count].size = ladder.levels[at].size
                row[count].orders = ladder.levels[at].orders
            count += 1
            at = ladder_next(ladder, at)
    return array


def restore(cls, orders, instrument, seq, session, band, used_ids=None):
    """A pickled book, rebuilt through validation: parameters are those of ``from_orders``."""
    cdef OrderBook plain = OrderBook(instrument, unique_ids=used_ids is not None)
    cdef OrderBook book = cls.__new__(cls)
    cdef Book empty = book.book
    plain.fill(orders, seq, session, band, used_ids or ())
    book.book, plain.book = plain.book, empty
    return book
