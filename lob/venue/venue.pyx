"""``Venue``: books, clearing and one journal.

A message meets one book. What follows from it happens before the next message does, in this order:
the trades are settled in the ledger, each account that traded is looked at, and clearing sees the
prices as they are after the whole message. Liquidations come after that: the venue says with
``deadline`` when it has something to do, and ``advance`` does one thing. It never reads a clock.

Owners without an account are the outside world: what they trade among themselves touches no ledger.
"""

import copy as copying
from hashlib import blake2b

cimport cython
from cpython.buffer cimport PyBUF_READ
from cpython.exc cimport PyErr_CheckSignals
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from lob.engine.block cimport Block
from lob.engine.guard cimport COPYING, FREE, VENUE_WORKS, Guard
from lob.book cimport OrderBook
from lob.clearing.clearing cimport Clearing
from lob.clearing.collateral cimport Claim
from lob.clearing.ledger cimport WORLD, Account, Ledger
from lob.venue.facility cimport Facility
from lob.engine.ladder cimport NO_LEVEL, Ladder, ladder_key, ladder_next
from lob.venue.market cimport Market
from lob.engine.matching cimport (
    Book,
    EventSink,
    Crossing,
    apply,
    find_crossing,
    grow_sink,
    open_size,
    protection_limit,
    sink_copy,
    sink_init,
    sink_release,
    well_formed,
)
from lob.engine.memory cimport prefetch, unlikely
from lob.engine.order_table cimport RestingOrder, table_find
from lob.engine.used_ids cimport used_has
from lob.engine.records cimport (
    BAND,
    BID,
    BUY,
    CANCEL,
    CAUSE_ACCRUAL,
    CAUSE_LIQUIDATION,
    CAUSE_TRADE,
    CAUSE_TRANSFER,
    CONTINUOUS,
    DEPOSIT,
    ENTRY_ACCRUAL,
    ENTRY_DEPOSIT,
    ENTRY_FEE,
    ENTRY_FUNDING,
    ENTRY_INTEREST,
    ENTRY_SWAP,
    ENTRY_TRADE,
    ENTRY_WITHDRAWAL,
    FROM_VENUE,
    GTC,
    HALTED,
    LIMIT,
    LIQUIDATION_TAG,
    MARKET,
    MAX_PRICE,
    MAX_SIZE,
    MINT,
    NEW,
    REASON_INSUFFICIENT_MARGIN,
    REASON_IN_LIQUIDATION,
    REASON_NONE,
    REASON_NO_ACCOUNT,
    REASON_NOT_ON_OFFER,
    REASON_UNCROSS,
    REASON_UNSETTLED,
    REDUCE,
    REDUCE_ONLY,
    REJECTED,
    REPLACE,
    REPLACED,
    SELL,
    SESSION,
    SWAP,
    TAKE,
    TRADE,
    UNCROSS,
    WITHDRAW,
    Event,
    Message,
    write_message,
)
from lob.units cimport PPM
from lob.engine.wide cimport ceil_ratio, fits, int128

import numpy as np

from lob import checks
from lob.clearing.claim_graph import Claims
from lob.instrument import Instrument
from lob.subclasses import copy_attributes
from lob.types import EVENT, MAX_TIME, MESSAGE, Side

__all__ = ["Venue"]

cdef enum:
    FLUSH_EVENTS = 40_000  # between messages, once so many wait to be written or dropped
    FAR = 12  # messages: how early a batch asks for the record of an account
    NEAR = 6  # and for what that record points at
    BETWEEN_SIGNALS = 1 << 10  # messages of a batch between two looks whether it is interrupted
    # Things done on end without an event, an entry or a later time, until a design counts as one
    # that never ends: so many, and so many for every account, each of which may be a case.
    IDLE = 100_000
    IDLE_AN_ACCOUNT = 16

cdef int64_t NEVER = 2**63 - 1
cdef int64_t LAST = MAX_TIME
cdef double MODEST = 2.0**61  # units of cash: whatever rounding does, it fits 64 bits with a sign


@cython.auto_pickle(False)
cdef class Venue(Market):
    """Many books, the clearing behind them, and the journal of all.

    Parameters
    ----------
    instruments
        A number of nameless instruments, 1 to 65536, or ``lob.Instrument`` objects; the book of
        each has its place in the list as number.
    clearings
        ``lob.clearing.Clearing`` objects, which belong to this venue from now on.
    facilities
        Claims and pools, which MINT, REDEEM and SWAP messages address by their place here.
    assets
        Names of assets beside those that the instruments trade and are paid in.
    events, messages, entries
        What becomes of the three tapes: ``True`` keeps one in memory, ``False`` drops it, and an
        object with a method ``write(rows)`` is lent chunks of it (``lob.tape.Writer``): a writer
        that keeps rows must copy them. With a method ``read()``, which returns all rows that were
        written, the tape can be asked for as if it were in memory.
    start
        Time in ns at which the venue begins, 0 to ``lob.types.MAX_TIME``.
    breakers
        ``lob.venue.breaker.Breaker`` objects, which guard books of this venue from now on. Of those
        that are due at one time the first in the list acts first.
    unique_order_ids
        Whether an order id may be used only once in a book, see ``lob.OrderBook``.

    Attributes
    ----------
    books : tuple[lob.OrderBook, ...]
        The order books, by instrument number.
    ledger : lob.clearing.Ledger
        Balances of all accounts.
    now : int
        Time in ns of the latest message, or of the latest ``advance``; ``lob.types.MAX_TIME`` at
        most.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range, or two clearings or facilities have
        one name.

    Notes
    -----
    One thread uses a venue at a time, and ``process``, ``advance``, ``copy`` and the rules of its
    books are not called from inside each other: ``RuntimeError``. Breakers and designs may change
    the rules.

    Examples
    --------
    >>> import lob, numpy as np
    >>> venue = lob.Venue(1)
    >>> message = np.zeros(1, lob.MESSAGE)
    >>> message[["kind", "side", "price", "size", "order_id", "owner"]] = (1, 1, 100, 5, 1, 7)
    >>> events = venue.process(message)
    >>> venue.books[0].best_bid
    100
    """

    def __init__(
        self,
        instruments=1,
        *,
        clearings=(),
        facilities=(),
        assets=(),
        events=True,
        messages=True,
        entries=True,
        start=0,
        breakers=(),
        unique_order_ids=False,
    ):
        cdef Clearing clearing
        cdef int64_t i
        if isinstance(instruments, int):
            count = checks.integer("instruments", instruments, 1, 2**16)
            instruments = [Instrument(str(i), number=i) for i in range(count)]
        self.instruments = tuple(instruments)
        self.now = checks.integer("start", start, 0, LAST)
        self.guard = Guard()
        books = []
        for number, instrument in enumerate(self.instruments):
            if not isinstance(instrument, Instrument) or instrument.number != number:
                raise ValueError(
                    f"instruments[{number}] must be a lob.Instrument with number {number}, "
                    f"got {instrument!r}"
                )
            books.append(OrderBook(number, unique_ids=unique_order_ids))
        self.books = tuple(books)
        if not self.books:
            raise ValueError("instruments must name at least one")
        for name, tape in (("events", events), ("messages", messages)):
            if not isinstance(tape, bool) and not callable(getattr(tape, "write", None)):
                raise TypeError(f"{name} must be True, False or have a write method, got {tape!r}")
        self.keep_events = events is True
        self.keep_messages = messages is True
        self.event_writer = None if isinstance(events, bool) else events
        self.message_writer = None if isinstance(messages, bool) else messages
        self.log = Block()
        self.trim = []
        self.moved = []
        self.deadline = NEVER
        if sink_init(&self.journal) < 0:
            raise MemoryError
        self.point_at_books()
        self.ledger = Ledger(entries=entries)
        self.ledger.market = self
        self.write_terms(assets)
        self.clearings = ()
        self.facilities = ()
        self.declare_facilities(list(facilities))
        for clearing in clearings:
            if clearing.name in [other.name for other in self.clearings]:
                raise ValueError(f"clearings: two are called {clearing.name!r}")
            clearing.attach(self, self.ledger, len(self.clearings), self.claims)
            self.clearings += (clearing,)
        self.breakers = tuple(breakers)
        self.seen = [None] * len(self.breakers)
        self.postings_seen = -1
        for i, breaker in enumerate(self.breakers):
            checks.integer(f"breakers[{i}].instrument", breaker.instrument, 0, len(self.books) - 1)
        self.find_breaker_due()
        for facility in self.facilities:
            facility.attach()
        self.run_breakers(self.now)
        self.look_at_claims()

    def declare_facilities(self, facilities):
        """Declare claims and pools, before the clearings that rest on them.

        Raises ``TypeError`` if one is no ``Facility``, and ``ValueError`` if two have one name.
        """
        cdef int64_t number
        claims = Claims([facility for facility in facilities if isinstance(facility, Claim)])
        for number, facility in enumerate(facilities):
            if not isinstance(facility, Facility):
                raise TypeError(f"facilities must be claims or pools, got {facility!r}")
            if facility.name in [other.name for other in self.facilities]:
                raise ValueError(f"facilities: two are called {facility.name!r}")
            facility.declare(self, self.ledger, number)
            self.facilities += (facility,)
        if claims.claims:
            claims.locate(self, self.ledger)
            self.claims = claims

    def __dealloc__(self):
        sink_release(&self.journal)

    cdef int point_at_books(self) except -1:
        """Note where the compiled books are."""
        cdef int64_t i
        self.book_pointers = Block()
        self.book_pointers.reserve(8 * len(self.books))
        self.book_of = <Book **>self.book_pointers.data
        for i in range(len(self.books)):
            self.book_of[i] = &(<OrderBook>self.books[i]).book
            (<OrderBook>self.books[i]).guard = self.guard
        return 0

    def write_terms(self, more_assets):
        """Declare the assets of all instruments, and more by name, in the ledger."""
        cdef InstrumentTerms *terms
        names = []
        for instrument in self.instruments:
            for name in (instrument.quote, instrument.base or instrument.name):
                if name not in names:
                    names.append(name)
        for name in (*names, *(name for name in more_assets if name not in names)):
            self.ledger.add_asset(name)
        self.fees = self.ledger.open_account("the venue: fees")
        self.terms = Block()
        self.terms.reserve(sizeof(InstrumentTerms) * len(self.books))
        for i, instrument in enumerate(self.instruments):
            terms = &(<InstrumentTerms *>self.terms.data)[<int64_t>i]
            terms.base = self.ledger.asset(instrument.base or instrument.name)
            terms.quote = self.ledger.asset(instrument.quote)
            terms.multiplier = instrument.multiplier
            terms.maker_fee = instrument.maker_fee
            terms.taker_fee = instrument.taker_fee
            terms.inverse = instrument.inverse

    # ---------------------------------------------------------------- messages

    def process(self, messages):
        """Let messages meet their books in order of time, with all that falls due in between.

        Messages that the venue wrote itself (``Flag.VENUE``) are not fed back: where one stands on
        a tape, the venue is let do what it has to do. So a run replayed from its own messages
        gives the same tapes.

        Parameters
        ----------
        messages
            A ``lob.MESSAGE`` array; ``ts_event`` must not fall.

        Returns
        -------
        numpy.ndarray
            The ``lob.EVENT`` rows of it all; needs ``events=True``.

        Raises
        ------
        TypeError
            If ``messages`` is no such array.
        ValueError
            If a message is malformed, with its index: then none is applied. Or if the venue keeps
            no events.
        RuntimeError
            From another thread, or from inside the venue's work.
        KeyboardInterrupt
            On Ctrl-C, between two messages; a note says how many have been applied.
        """
        cdef const Message[::1] rows
        cdef int64_t before
        batch = checks.aligned(messages)
        if batch.dtype != MESSAGE or batch.ndim != 1:
            raise TypeError(f"messages must be one row of lob.MESSAGE records, got {messages!r}")
        if not self.keep_events:
            raise ValueError("the events of this venue are not kept in memory: set events=True")
        rows = batch
        self.guard.enter(VENUE_WORKS, "Venue.process")
        try:
            self.check_batch(batch, rows)
            before = self.journal.next - self.journal.begin
            self.apply_batch(rows)
            return self.events_from(before)
        finally:
            self.guard.leave()

    cdef int apply_batch(self, const Message[::1] rows) except -1:
        """Let messages that are well formed meet their books."""
        cdef Message message
        cdef int64_t i
        for i in range(len(rows)):
            if unlikely(i % BETWEEN_SIGNALS == BETWEEN_SIGNALS - 1):
                try:
                    PyErr_CheckSignals()
                except BaseException as interrupt:
                    interrupt.add_note(f"messages[:{i}] of {len(rows)} have been applied")
                    raise
            if self.ledger.range_count:
                self.look_ahead(rows, i)
            if rows[i].flags & FROM_VENUE:
                if self.deadline <= rows[i].ts_event:
                    self.advance_to(rows[i].ts_event)
                continue
            while self.deadline < rows[i].ts_event or self.breaker_due <= rows[i].ts_event:
                self.advance_to(self.deadline)
            message = rows[i]
            self.now = self.ledger.now = message.ts_event
            self.submit(&message)
        return 0

    cdef void look_ahead(self, const Message[::1] rows, int64_t at) noexcept:
        """Ask for what the accounts of the messages to come are going to touch.

        Among a million accounts every one is a chain of cache misses: its record, then its place
        in a queue and its neighbours there. The chain is begun so early that it is done in time.
        """
        cdef int64_t account
        if at + FAR < len(rows):
            account = self.ledger.account_of(rows[at + FAR].owner)
            prefetch(&self.ledger.accounts[account])
        if at + NEAR < len(rows):
            account = self.ledger.account_of(rows[at + NEAR].owner)
            if self.ledger.accounts[account].clearing >= 0:
                (<Clearing>self.clearings[self.ledger.accounts[account].clearing]).fetch(
                    account, rows[at + NEAR].instrument, rows[at + NEAR].side
                )

    cdef int check_batch(self, batch, const Message[::1] rows) except -1:
        """Raise what is wrong with the first message that is malformed."""
        cdef int64_t i, latest = self.now
        for i in range(len(rows)):
            if rows[i].ts_event < latest:
                raise ValueError(
                    f"messages[{i}]: ts_event must not fall, got {rows[i].ts_event} after {latest}"
                )
            latest = rows[i].ts_event
            if latest > LAST:
                raise ValueError(f"messages[{i}]: ts_event must be at most {LAST}, got {latest}")
            if not message_fits(self, &rows[i]):
                raise ValueError(f"messages[{i}]: {self.misuse_of(batch[i])}")
        return 0

    def misuse_of(self, row):
        """What is wrong with a ``lob.MESSAGE`` record, in words; ``None``: nothing is."""
        plain = checks.Message._make(row.tolist())
        if plain.instrument >= len(self.books):
            return f"instrument must be 0 to {len(self.books) - 1}, got {plain.instrument}"
        if plain.kind >= DEPOSIT:
            return f"kind {plain.kind}, order_id {plain.order_id} and size {plain.size} ask nothing"
        return checks.misuse(plain, plain.instrument)

    cdef int submit(self, Message *message) except -1:
        """A participant's message arrives. It is well formed."""
        cdef int64_t account
        cdef int reason
        cdef const Account *record
        cdef Clearing clearing
        if unlikely(len(self.moved) > 0):
            self.look_at_moved()
        if unlikely(message.tag >= LIQUIDATION_TAG) and self.clearings:
            self.check_tag(message)
        if message.kind >= DEPOSIT:
            return self.perform(message)
        if self.ledger.range_count:
            account = self.sender_of(message)
            record = &self.ledger.accounts[account]
            if record.clearing >= 0:
                clearing = self.clearings[record.clearing]
                clearing.fetch(account, message.instrument, message.side)
                if message.kind == NEW:
                    reason = clearing.admit(message, account)
                    if reason:
                        return self.reject(message, reason)
                elif message.kind == REPLACE:
                    reason = self.admit_replace(message, account)
                    if reason:
                        return self.reject(message, reason)
            elif message.kind == NEW and message.flags & REDUCE_ONLY:
                return self.reject(message, REASON_NO_ACCOUNT)
        self.execute(message)
        while self.trim:
            self.trim_orders(self.trim.pop())
        if unlikely(self.broken):
            self.run_breakers(self.now)
        return 0

    cdef int64_t sender_of(self, const Message *message) noexcept:
        """The account that a message may concern: of an operator's replacement, the order's."""
        cdef Book *book
        cdef uint32_t found
        if message.owner == 0 and message.kind == REPLACE:
            book = self.book_of[message.instrument]
            found = table_find(&book.table, message.order_id)
            if found:
                return self.ledger.account_of(book.table.orders[found].owner)
        return self.ledger.account_of(message.owner)

    cdef int check_tag(self, Message *message) except -1:
        """Take the tag of a liquidation off what somebody sends who took nothing over from it."""
        cdef int64_t number = (message.tag - LIQUIDATION_TAG) >> 48
        if number >= len(self.clearings) or not (<Clearing>self.clearings[number]).has_taken(
            message.tag, self.ledger.account_of(message.owner)
        ):
            message.tag = 0
        return 0

    cdef int admit_replace(self, Message *message, int64_t account) except -1:
        """Whether a resting order may become what it is asked to be, and how much of it.

        More lots, or a price that is worse for its owner, are held against the margin as a new
        order in its place would be.
        """
        cdef const Account *record = &self.ledger.accounts[account]
        cdef Clearing clearing = self.clearings[record.clearing]
        cdef Book *book = self.book_of[message.instrument]
        cdef uint32_t found = table_find(&book.table, message.order_id)
        cdef const RestingOrder *resting
        cdef int64_t size
        cdef bint worse
        cdef Message order
        if record.state:
            return REASON_IN_LIQUIDATION
        if not found or book.table.orders[found].owner != record.owner:
            return REASON_NONE  # the book refuses it
        resting = &book.table.orders[found]
        size = open_size(resting, message)
        worse = resting.order_type == LIMIT and 0 < resting.side * (
            message.price - book.sides[resting.side < 0].levels[resting.level].price
        )
        if size <= 0 or (size <= resting.size and not worse):
            return REASON_NONE
        order = message[0]
        order.kind = NEW
        order.side = resting.side
        order.order_type = resting.order_type
        order.flags = resting.flags
        order.size = size
        order.min_size = 0
        reason = clearing.admit_replacement(&order, account, resting.size)
        # A reduce-only order never asks for more than there is to reduce.
        message.size -= size - order.size
        return reason

    cdef int reject(self, const Message *message, int reason) except -1:
        """Refuse a message that never meets its book."""
        cdef Event *event
        self.record(message)
        if self.journal.next == self.journal.end:
            grow_sink(&self.journal)
            if self.journal.lost:
                raise MemoryError
        event = self.journal.next
        self.journal.next += 1
        self.seq += 1
        self.ledger.seq = self.seq
        memset(event, 0, sizeof(Event))
        event.seq = self.seq
        event.ts_event = message.ts_event
        event.order_id = message.order_id
        event.tag = message.tag
        event.price = message.price
        event.size = message.size
        event.owner = message.owner
        event.kind = REJECTED
        event.side = message.side
        event.order_type = message.order_type
        event.time_in_force = message.time_in_force
        event.flags = message.flags
        event.reason = <uint8_t>reason
        event.instrument = message.instrument
        return 0

    cdef int record(self, const Message *message) except -1:
        """Put a message on its tape."""
        if self.keep_messages or self.message_writer is not None:
            if sizeof(Message) * <size_t>(self.logged + 1) > self.log.nbytes:
                self.log.reserve(2 * self.log.nbytes + 64 * sizeof(Message))
            (<Message *>self.log.data)[self.logged] = message[0]
            self.logged += 1
        return 0

    cdef int execute(self, Message *message) except -1:
        """A message meets its book; its trades are settled, and clearing sees the prices."""
        cdef Book *book = self.book_of[message.instrument]
        cdef EventSink own = book.sink
        cdef int64_t first = self.journal.next - self.journal.begin
        cdef int64_t replaced = 0
        cdef uint32_t found
        cdef int done
        cdef int64_t i
        cdef bint settles = self.ledger.range_count > 0  # there are owners with accounts
        if message.flags & FROM_VENUE:
            message.ts_event = self.now
            if message.kind == NEW:
                self.name_own(message)
        # What takes off the book leads to no trade.
        if settles and message.kind != CANCEL and message.kind != REDUCE and (
            not self.may_settle(message)
        ):
            return self.reject(message, REASON_UNSETTLED)
        self.record(message)
        if settles and message.kind == REPLACE:
            found = table_find(&book.table, message.order_id)
            replaced = book.table.orders[found].size if found else 0
        book.sink = self.journal
        book.seq = self.seq
        done = apply(book, message)
        self.seq = book.seq
        self.journal = book.sink
        book.sink = own
        if unlikely(done < 0 or self.journal.lost):
            raise MemoryError
        self.ledger.seq = self.seq
        self.ledger.now = self.now
        if settles:
            self.unsettled = self.seq  # until it is done: whatever raises on the way
            self.settle(message.instrument, first, replaced)
            self.unsettled = 0
        for i in range(len(self.clearings)):
            (<Clearing>self.clearings[i]).observe(
                self.now,
                message.instrument,
                self.journal.begin + first,
                self.journal.next - self.journal.begin - first,
            )
        if self.claims is not None:
            self.look_at_claims()
        if self.breakers:
            self.watch(message.instrument, first)
        return 0

    cdef void name_own(self, Message *message) noexcept:
        """The next id of the venue's own, which count down; none that somebody has taken."""
        cdef Book *book = self.book_of[message.instrument]
        while True:
            self.own_orders += 1
            message.order_id = -self.own_orders
            if not table_find(&book.table, message.order_id) and not (
                book.used.kept and used_has(&book.used, message.order_id)
            ):
                return

    # ---------------------------------------------------------------- what can be settled

    cdef bint may_settle(self, const Message *message) noexcept:
        """Whether every trade that a message may lead to, now or later, can be settled.

        Who has an account or may trade with one is asked before anything matches, since what has
        traded cannot be taken back. An order that may rest trades at its own price at worst, with
        no more than its own lots; what is more, an incoming one trades at once.
        """
        cdef Book *book = self.book_of[message.instrument]
        cdef RestingOrder *resting
        cdef uint32_t found
        cdef Crossing crossing
        cdef int128 worth
        if message.kind == NEW:
            return self.may_settle_order(
                message,
                message.side,
                message.order_type,
                message.size,
                message.order_type == LIMIT and message.time_in_force == GTC,
            )
        if message.kind == REPLACE:
            found = table_find(&book.table, message.order_id)
            if not found:
                return True
            resting = &book.table.orders[found]
            return self.may_settle_order(
                message,
                resting.side,
                resting.order_type,
                max(open_size(resting, message), 0),
                resting.order_type == LIMIT,
            )
        if message.kind == UNCROSS or (message.kind == SESSION and message.order_id == CONTINUOUS):
            crossing = find_crossing(book, message.order_type == LIMIT, message.price)
            if crossing.volume == 0:
                return True
            worth = self.worth_of(message.instrument, crossing.volume, crossing.price)
            return worth >= 0 and self.has_room(message.instrument, worth, crossing.volume)
        return True

    cdef bint may_settle_order(
        self, const Message *message, int side, int order_type, int64_t size, bint rests
    ) noexcept:
        """``may_settle`` of an order as it is entered, or entered anew."""
        cdef const Book *book = self.book_of[message.instrument]
        cdef const Ladder *other = &book.sides[side > 0]
        cdef const InstrumentTerms *terms
        cdef uint32_t at = other.best
        cdef int64_t price = message.price, best
        if order_type == MARKET and at != NO_LEVEL and message.kind == NEW and message.trail:
            order_type = LIMIT
            price = protection_limit(book, message)
            rests = message.time_in_force == GTC
        best = price if at == NO_LEVEL else other.levels[at].price
        terms = &(<InstrumentTerms *>self.terms.data)[message.instrument]
        # Of nearly every order one rough product tells that all of it fits, at its dearest.
        if order_type == LIMIT and price >= 0 and best >= 0 and not terms.inverse and (
            <double>size * max(price, best) * terms.multiplier < MODEST
        ) and (
            at == NO_LEVEL
            or side * (price - best) < 0
            or self.has_room(
                message.instrument, <int128>size * max(price, best) * terms.multiplier, size
            )
        ):
            return True
        return self.fits_closely(message, side, order_type, price, size, rests)

    cdef bint fits_closely(
        self,
        const Message *message,
        int side,
        int order_type,
        int64_t price,
        int64_t size,
        bint rests,
    ) noexcept:
        """``may_settle_order``, level by level; ``price`` is the worst that it trades at."""
        cdef const Book *book = self.book_of[message.instrument]
        cdef const Ladder *other = &book.sides[side > 0]
        cdef uint32_t at = other.best
        cdef int64_t lots, left = size
        cdef uint64_t limit
        cdef int128 worth = 0, part
        if rests:
            worth = self.worth_of(message.instrument, size, price)
            if worth < 0 or not fits(worth):
                return False
        if book.session != CONTINUOUS:
            return True  # whatever it trades, an uncross is asked for it
        worth = 0
        limit = <uint64_t>(MAX_PRICE + side * price)
        if order_type == MARKET:
            limit = book.market_reach[side < 0]
        while at != NO_LEVEL and left and ladder_key(other, at) <= limit:
            lots = min(left, other.levels[at].size)
            left -= lots
            part = self.worth_of(message.instrument, lots, other.levels[at].price)
            if part < 0:
                worth = -1
                break
            worth = min(worth + part, <int128>1 << 64)  # beyond all that fits
            at = ladder_next(other, at)
        if left == size:
            return True
        if worth < 0 or not self.has_room(message.instrument, worth, size - left):
            # Perhaps only because of what outsiders trade with each other.
            worth = self.worth_of_accounts(
                message, side, size, limit, self.sender_of(message) != WORLD
            )
            return worth >= 0 and self.has_room(message.instrument, worth, size - left)
        return True

    cdef int128 worth_of_accounts(
        self, const Message *message, int side, int64_t size, uint64_t limit, bint taker
    ) noexcept:
        """The cash of the trades of an order in which an account takes part; -1: it has no price.

        ``taker``: it is an account's, so all of its trades are.
        """
        cdef Book *book = self.book_of[message.instrument]
        cdef const Ladder *other = &book.sides[side > 0]
        cdef uint32_t at = other.best, index
        cdef const RestingOrder *resting
        cdef int128 worth = 0, part
        cdef int64_t left = size, lots
        while at != NO_LEVEL and left and ladder_key(other, at) <= limit:
            index = other.levels[at].head
            while index and left:
                resting = &book.table.orders[index]
                lots = min(left, resting.size)
                left -= lots
                if taker or self.ledger.account_of(resting.owner) != WORLD:
                    part = self.worth_of(message.instrument, lots, other.levels[at].price)
                    if part < 0:
                        return -1
                    worth = min(worth + part, <int128>1 << 64)
                index = resting.next
            at = ladder_next(other, at)
        return worth

    cdef int128 worth_of(self, int64_t instrument, int128 lots, int64_t price) noexcept:
        """The cash of a trade without its sign; -1 where an inverse contract has no value."""
        cdef const InstrumentTerms *terms = &(<InstrumentTerms *>self.terms.data)[instrument]
        if terms.inverse:
            return lots * terms.multiplier // price + 1 if price >= 1 else -1
        # Lots and ticks fit 103 bits together: a multiplier that makes more is as good as most.
        lots *= price if price >= 0 else -price
        if lots > <int128>1 << 62:
            lots = <int128>1 << 62
        return lots * terms.multiplier

    cdef bint has_room(self, int64_t instrument, int128 worth, int128 lots) noexcept:
        """Whether every balance still fits 64 bits when so much changes hands, with its fees."""
        cdef const InstrumentTerms *terms = &(<InstrumentTerms *>self.terms.data)[instrument]
        cdef int128 maker = terms.maker_fee, taker = terms.taker_fee, fees
        if not fits(worth):
            return False
        fees = (maker if maker >= 0 else -maker) + (taker if taker >= 0 else -taker)
        fees = fees * worth // PPM
        # Each fee rounds up by itself: there are fewer trades than that.
        fees += (<int128>1 << 32) if fees else 0
        return self.ledger.has_room(max(worth + fees, lots))

    # ---------------------------------------------------------------- sessions and bands

    def set_session(self, instrument, session, reference_price=None):
        """Put a book into another session, now.

        The message is the venue's own (``Flag.VENUE``): a design or a breaker decides so again on
        replay. Who operates a venue from outside sends a SESSION message to ``process`` instead.

        Parameters
        ----------
        instrument
            Number of the book.
        session
            ``lob.Session``; going into CONTINUOUS uncrosses what was collected.
        reference_price
            Ticks, see ``OrderBook.set_session``.

        Returns
        -------
        Uncross or None
            What traded; ``None``: nothing.

        Raises
        ------
        TypeError, ValueError
            If an argument is malformed, or there is no such book.
        RuntimeError
            From another thread, or from an agent's hook.
        """
        cdef Message message
        self.let_rule("Venue.set_session")
        number = checks.integer("instrument", instrument, 0, len(self.books) - 1)
        kind = checks.integer("session", session, CONTINUOUS, HALTED)
        price, order_type = checks.to_reference(reference_price)
        found = None if kind != CONTINUOUS else self.books[number].indicative(reference_price)
        write_message(&message, SESSION, 0, order_type, 0, 0, FROM_VENUE, number)
        message.order_id = kind
        message.price = price
        return found if self.rule(&message) else None

    def uncross(self, instrument, reference_price=None):
        """Let what a book has collected trade at one price, now; its session stays.

        Parameters, result and errors are those of ``set_session``. A halted book refuses: then
        ``None`` is returned.
        """
        cdef Message message
        self.let_rule("Venue.uncross")
        number = checks.integer("instrument", instrument, 0, len(self.books) - 1)
        price, order_type = checks.to_reference(reference_price)
        found = self.books[number].indicative(reference_price)
        write_message(&message, UNCROSS, 0, order_type, 0, 0, FROM_VENUE, number)
        message.price = price
        return found if self.rule(&message) else None

    def set_band(self, instrument, low, high):
        """Allow prices of a book from ``low`` to ``high`` ticks only, now; ``None``: no bound.

        ``instrument`` is the number of the book; errors are those of ``set_session``.
        """
        cdef Message message
        self.let_rule("Venue.set_band")
        number = checks.integer("instrument", instrument, 0, len(self.books) - 1)
        lowest, highest = checks.to_band(low, high)
        write_message(&message, BAND, 0, 0, 0, 0, FROM_VENUE, number)
        message.price = lowest
        message.stop_price = highest
        self.rule(&message)

    cdef int let_rule(self, str who) except -1:
        """Refuse another thread, and participants: what they do is not done again on replay."""
        if self.guard.busy and self.guard.busy != VENUE_WORKS:
            self.guard.refuse(who)
        return self.guard.keep_out_others(who)

    cdef bint rule(self, Message *message) except -1:
        """A message of the venue's own that changes the rules of a book; whether it did."""
        cdef int64_t first = self.journal.next - self.journal.begin
        self.execute(message)
        return self.journal.begin[first].kind != REJECTED

    cdef int watch(self, int64_t instrument, int64_t first) except -1:
        """Let breakers know of a price that moved; those that are due act after the message."""
        cdef Book *book = self.book_of[instrument]
        cdef int64_t i = self.journal.next - self.journal.begin - 1
        if book.session != CONTINUOUS:
            return 0
        while i >= first and self.journal.begin[i].kind != TRADE:
            i -= 1
        for number, breaker in enumerate(self.breakers):
            if breaker.instrument != instrument:
                continue
            if breaker.price == "mid":
                if book.sides[0].best == NO_LEVEL or book.sides[1].best == NO_LEVEL:
                    continue
                price = (
                    book.sides[0].levels[book.sides[0].best].price
                    + book.sides[1].levels[book.sides[1].best].price
                ) >> 1
            elif i >= first:
                price = self.journal.begin[i].price
            else:
                continue
            if price != self.seen[number]:
                self.seen[number] = price
                breaker.on_price(self.now, price)
        self.find_breaker_due()
        self.deadline = min(self.deadline, self.breaker_due)
        self.broken = self.breaker_due <= self.now
        return 0

    cdef int find_breaker_due(self) except -1:
        """When the first breaker has something to do."""
        self.breaker_due = NEVER
        for breaker in self.breakers:
            if breaker.due is not None and breaker.due < self.breaker_due:
                self.breaker_due = breaker.due
        return 0

    cdef int run_breakers(self, int64_t ts) except -1:
        """Let all that are due by ``ts`` act, each at its own time."""
        cdef int64_t before
        while self.breaker_due <= ts:
            before = self.seq
            self.now = self.ledger.now = max(self.now, self.breaker_due)
            for breaker in self.breakers:
                if breaker.due == self.breaker_due:
                    breaker.on_due(self, self.now)
                    if breaker.due is not None and breaker.due <= self.now and self.seq == before:
                        raise RuntimeError(
                            f"{type(breaker).__name__} did nothing at {self.now} and is still due"
                        )
                    break
            self.find_breaker_due()
            while self.trim:
                self.trim_orders(self.trim.pop())
        self.broken = False
        self.reset_deadline()
        return 0

    # ---------------------------------------------------------------- settlement

    cdef int settle(self, int64_t instrument, int64_t first, int64_t replaced) except -1:
        """Settle a message's trades, and keep count of what the accounts have in the book."""
        cdef int64_t i, end = self.journal.next - self.journal.begin
        cdef int64_t taker = self.ledger.account_of(self.journal.begin[first].owner), maker
        cdef bint traded = False
        cdef const Event *found
        cdef Event event
        cdef Account *accounts
        for i in range(first, end):
            found = &self.journal.begin[i]
            maker = WORLD
            if found.kind == TRADE:
                maker = self.ledger.account_of(found.resting_owner)
                if found.reason == REASON_UNCROSS:
                    taker = self.ledger.account_of(found.owner)
            elif found.kind != REJECTED:
                # Of another's order: one that self-trade prevention took off.
                taker = self.ledger.account_of(found.owner)
            if taker == WORLD and maker == WORLD:
                continue
            # A copy: what follows may write events, and the journal may move.
            event = found[0]
            accounts = self.ledger.accounts
            if accounts[taker].clearing >= 0 and event.kind != REJECTED:
                if event.kind == REPLACED:
                    event.leaves -= replaced
                (<Clearing>self.clearings[accounts[taker].clearing]).count_working(
                    taker, &event, False
                )
            if event.kind == TRADE:
                if accounts[maker].clearing >= 0:
                    (<Clearing>self.clearings[accounts[maker].clearing]).count_working(
                        maker, &event, True
                    )
                self.settle_trade(&event, taker, maker)
                if maker != WORLD:
                    self.touch(maker)
                if event.reason != REASON_UNCROSS:
                    traded = True
                elif taker != WORLD and taker != maker:
                    self.touch(taker)
            elif taker != WORLD and accounts[taker].reduces:
                self.trim.append(taker)
        if traded and taker != WORLD:
            self.touch(taker)
        return 0

    cdef int settle_trade(self, const Event *event, int64_t taker, int64_t maker) except -1:
        """Move what was traded one way and what it costs the other, and charge the fees.

        In a call auction both orders rested: either side pays the maker's fee.
        """
        cdef const InstrumentTerms *terms = &(<InstrumentTerms *>self.terms.data)[event.instrument]
        cdef int64_t buyer = taker if event.side == BUY else maker
        cdef int64_t seller = maker if event.side == BUY else taker
        cdef int64_t tag = event.tag if event.tag >= LIQUIDATION_TAG else event.resting_tag
        cdef int64_t rate
        cdef int128 cash
        if terms.inverse:
            if event.price < 1:
                raise ValueError(
                    f"instrument {event.instrument} is inverse and cannot trade at {event.price}"
                )
            # The buyer of an inverse contract is owed its value in coin, rounded down.
            cash = -(<int128>event.size * terms.multiplier // event.price)
        else:
            cash = <int128>event.size * event.price * terms.multiplier
        if unlikely(not fits(cash)):
            raise OverflowError(
                f"a trade of {event.size} lots at {event.price} is worth more than 2**62 units"
            )
        if tag < LIQUIDATION_TAG:
            tag = 0
        self.ledger.post(
            ENTRY_TRADE, terms.base, seller, buyer, event.size, tag, event.instrument
        )
        self.ledger.post(
            ENTRY_TRADE, terms.quote, buyer, seller, <int64_t>cash, tag, event.instrument
        )
        if unlikely(self.keeps_entry_values):
            self.note_trade(buyer, terms.base, event.size, <int64_t>cash)
            self.note_trade(seller, terms.base, -event.size, <int64_t>-cash)
        if terms.taker_fee or terms.maker_fee:
            rate = terms.maker_fee if event.reason == REASON_UNCROSS else terms.taker_fee
            self.charge_fee(terms, cash, taker, rate, tag, event.instrument)
            self.charge_fee(terms, cash, maker, terms.maker_fee, tag, event.instrument)
        if tag:
            self.tell_case(event, tag, taker, maker)
            if event.resting_tag >= LIQUIDATION_TAG and event.resting_tag != tag:
                self.tell_case(event, event.resting_tag, taker, maker)
        return 0

    cdef int note_trade(
        self, int64_t account, int64_t asset, int64_t lots, int64_t paid
    ) except -1:
        """Let the clearing of an account know what it paid, if it keeps that."""
        cdef int number = self.ledger.accounts[account].clearing
        if number >= 0:
            (<Clearing>self.clearings[number]).note_trade(account, asset, lots, paid)
        return 0

    cdef int charge_fee(
        self,
        const InstrumentTerms *terms,
        int128 cash,
        int64_t account,
        int64_t rate,
        int64_t tag,
        int64_t instrument,
    ) except -1:
        """A fee rounds up, a rebate down: what that leaves is the venue's."""
        if account != WORLD and rate:
            cash = cash if cash >= 0 else -cash
            self.ledger.post(
                ENTRY_FEE,
                terms.quote,
                account,
                self.fees,
                <int64_t>ceil_ratio(cash * rate, PPM),
                tag,
                instrument,
            )
        return 0

    cdef int tell_case(
        self, const Event *event, int64_t tag, int64_t taker, int64_t maker
    ) except -1:
        """Let the clearing whose liquidation caused a trade know."""
        cdef int64_t number = (tag - LIQUIDATION_TAG) >> 48
        if number < len(self.clearings):
            (<Clearing>self.clearings[number]).trade_for_case(
                event,
                tag,
                taker if event.side == BUY else maker,
                maker if event.side == BUY else taker,
            )
        return 0

    cdef int touch(self, int64_t account) except -1:
        """An account traded, paid or was paid."""
        cdef const Account *record = &self.ledger.accounts[account]
        if record.clearing >= 0:
            (<Clearing>self.clearings[record.clearing]).touched(account, CAUSE_TRANSFER)
            if self.ledger.accounts[account].reduces:
                self.trim.append(account)
        return 0

    cdef int note_moved(self, int64_t debit, int64_t credit) except -1:
        cdef int64_t i
        cdef int64_t accounts[2]
        accounts[0], accounts[1] = debit, credit
        for i in range(2):
            # What a liquidation has is looked at by it.
            if self.ledger.accounts[accounts[i]].clearing >= 0 and (
                not self.ledger.accounts[accounts[i]].state
            ):
                self.moved.append(accounts[i])
                self.deadline = min(self.deadline, self.now)
        return 0

    cdef int look_at_moved(self) except -1:
        """Look at the accounts that got or gave without a message, at prices of now."""
        cdef int64_t account
        cdef Clearing clearing
        self.look_at_claims()
        moved, self.moved = self.moved, []
        for account in moved:
            clearing = self.clearings[self.ledger.accounts[account].clearing]
            if self.ledger.accounts[account].cross and clearing.value_of(account) is None:
                # What has no price yet is judged at its first one.
                clearing.await_price(account)
            else:
                self.touch(account)
        while self.trim:
            self.trim_orders(self.trim.pop())
        return self.reset_deadline()

    cdef int trim_orders(self, int64_t account) except -1:
        """Cut an account's resting reduce-only orders, newest first, to what is left to reduce."""
        cdef Account *record = &self.ledger.accounts[account]
        cdef Clearing clearing = self.clearings[record.clearing]
        cdef Message message
        cdef int64_t excess
        left = False
        for holding in clearing.holdings:
            orders = self.books[holding.instrument].orders()
            orders = orders[
                (orders["owner"] == record.owner) & (orders["flags"] & REDUCE_ONLY > 0)
            ]
            held = self.ledger.balance(account, self.ledger.asset(holding.name))
            working = clearing.working_orders(account, holding.number)
            for side in (Side.BUY, Side.SELL):
                excess = working[side < 0] - max(0, -side * held)
                # The newest have the highest place in the queue, whatever their price.
                for order in orders[orders["side"] == side][::-1]:
                    if excess <= 0:
                        left = True
                        continue
                    size = int(order["size"])
                    write_message(
                        &message,
                        CANCEL if size <= excess else REDUCE,
                        0,
                        0,
                        0,
                        0,
                        FROM_VENUE,
                        <uint16_t>holding.instrument,
                    )
                    message.order_id = order["order_id"]
                    message.owner = record.owner
                    message.size = min(size, excess)
                    self.execute(&message)
                    left |= size > excess
                    excess -= message.size
        self.ledger.accounts[account].reduces = left
        return 0

    # ---------------------------------------------------------------- deposits, bids

    cdef int perform(self, Message *message) except -1:
        """A message that addresses clearing or a liquidation."""
        cdef int64_t account = self.ledger.account_of(message.owner)
        cdef int64_t number
        cdef int reason = REASON_NO_ACCOUNT
        cdef Clearing clearing
        cdef Facility facility
        if message.kind == DEPOSIT or message.kind == WITHDRAW:
            if not self.ledger.has_room(message.size):
                reason = REASON_UNSETTLED
            elif account != WORLD:
                reason = self.move_funds(message, account)
        elif MINT <= message.kind <= SWAP:
            facility = self.facilities[message.order_id]
            if account != WORLD:
                reason = facility.perform(message, account)
                self.reset_deadline()
        else:
            number = (message.order_id - LIQUIDATION_TAG) >> 48
            reason = REASON_NOT_ON_OFFER
            if message.order_id >= LIQUIDATION_TAG and number < len(self.clearings):
                clearing = self.clearings[number]
                reason = clearing.liquidation_engine.perform(message, account)
                clearing.reset_deadline()
                # Whoever took may be another clearing's, and lack margin for it now.
                self.reset_deadline()
        self.look_at_claims()
        if reason:
            self.reject(message, reason)
            if MINT <= message.kind <= SWAP and account != WORLD:
                # Of a claim that was paid in part: what was not.
                (self.journal.next - 1).leaves = facility.left
            return 0
        return self.record(message)

    cdef int look_at_claims(self) except -1:
        """Let clearings see what claims are worth, after balances changed without a message."""
        cdef Clearing clearing
        cdef int cause = CAUSE_TRANSFER
        cdef int64_t tag = 0
        if self.claims is None:
            return 0
        # What is found out may lead to more postings.
        while self.postings_seen != self.ledger.postings:
            self.postings_seen = self.ledger.postings
            tag = self.ledger.last_tag
            if tag >= LIQUIDATION_TAG:
                cause = CAUSE_LIQUIDATION
            else:
                tag = 0
                if self.ledger.last_kind in (ENTRY_TRADE, ENTRY_FEE, ENTRY_SWAP):
                    cause = CAUSE_TRADE
                elif self.ledger.last_kind in (ENTRY_ACCRUAL, ENTRY_FUNDING, ENTRY_INTEREST):
                    cause = CAUSE_ACCRUAL
            for clearing in self.clearings:
                if clearing.accounts.watches_claims:
                    clearing.observe_claims(self.now, cause, tag)
                    if clearing.deadline < self.deadline:
                        self.deadline = clearing.deadline
        return 0

    cdef int lacks_margin(self, int64_t account) except -1:
        cdef const Account *record = &self.ledger.accounts[account]
        cdef Clearing clearing
        if record.clearing < 0:
            return REASON_NONE
        if record.state:
            return REASON_IN_LIQUIDATION
        clearing = self.clearings[record.clearing]
        if clearing.margin_excess_ppm(account, True) < 0:
            return REASON_INSUFFICIENT_MARGIN
        return REASON_NONE

    cdef bint may_owe(self, int64_t account, int64_t asset, bint owed) except -1:
        cdef const Account *record = &self.ledger.accounts[account]
        cdef Clearing clearing
        cdef int64_t i
        if record.clearing < 0:
            return False
        clearing = self.clearings[record.clearing]
        if asset == clearing.cash_asset:
            return True
        # A short position is taken over where it is margined; none is opened by giving.
        for i in range(clearing.holding_count):
            if clearing.records[i].asset == asset:
                return owed
        return False

    cdef int move_funds(self, const Message *message, int64_t account) except -1:
        """A deposit or a withdrawal; a reason if it is refused, and then nothing moved."""
        cdef const Account *record = &self.ledger.accounts[account]
        cdef Clearing clearing
        if message.kind == DEPOSIT:
            if self.claims is not None and self.ledger.assets[message.order_id] in self.claims and (
                self.ledger.row(message.order_id)[WORLD] < message.size
            ):
                # Claims that nobody outside has.
                return REASON_NOT_ON_OFFER
            self.ledger.post(
                ENTRY_DEPOSIT, message.order_id, WORLD, account, message.size, 0, 0
            )
        else:
            if record.state:
                return REASON_IN_LIQUIDATION
            if record.clearing < 0:
                if self.ledger.row(message.order_id)[account] < message.size:
                    return REASON_INSUFFICIENT_MARGIN
            self.ledger.post(
                ENTRY_WITHDRAWAL, message.order_id, account, WORLD, message.size, 0, 0
            )
            if record.clearing >= 0:
                clearing = self.clearings[record.clearing]
                if clearing.margin_excess_ppm(account, True) < 0:
                    self.ledger.post(
                        ENTRY_WITHDRAWAL, message.order_id, WORLD, account, message.size, 0, 0
                    )
                    return REASON_INSUFFICIENT_MARGIN
        if record.clearing >= 0:
            clearing = self.clearings[record.clearing]
            clearing.touched(account, CAUSE_TRANSFER)
            self.deadline = min(self.deadline, clearing.deadline)
        return REASON_NONE

    # ---------------------------------------------------------------- time

    cdef int reset_deadline(self) noexcept:
        cdef int64_t i
        self.deadline = self.breaker_due
        for i in range(len(self.clearings)):
            self.deadline = min(self.deadline, (<Clearing>self.clearings[i]).deadline)
        for i in range(len(self.facilities)):
            self.deadline = min(self.deadline, (<Facility>self.facilities[i]).deadline)
        if unlikely(len(self.moved) > 0):
            self.deadline = min(self.deadline, self.now)
        return 0

    cdef int advance_to(self, int64_t ts) except -1:
        """Do one thing that is due by ``ts``, at its own time. Breakers go first."""
        cdef int64_t now = self.now, seq = self.seq, postings = self.ledger.postings
        self.advance_once(ts)
        if self.now > now or self.seq > seq or self.ledger.postings > postings:
            self.idle = 0
        else:
            self.idle += 1
            if unlikely(self.idle >= IDLE + IDLE_AN_ACCOUNT * self.ledger.account_count):
                self.never_ends(self.idle)
        return 0

    cdef int never_ends(self, int64_t things) except -1:
        """Raise that what is due now is due again and again."""
        due = [
            f"{type(clearing.liquidation_engine).__name__} of clearing {clearing.name!r}"
            for clearing in self.clearings
            if (<Clearing>clearing).deadline <= self.now
        ]
        due += [
            f"facility {facility.name!r}"
            for facility in self.facilities
            if (<Facility>facility).deadline <= self.now
        ]
        due += [type(one).__name__ for one in self.breakers if one.due == self.now]
        self.idle = 0
        raise RuntimeError(
            f"the venue did {things} things on end at {self.now} ns, and the clock does not move: "
            f"{' and '.join(due) or 'nobody'} is due at this very time again and again; let it ask "
            "to be called back later than now, or end its case"
        )

    cdef int advance_once(self, int64_t ts) except -1:
        cdef Clearing clearing, first = None
        cdef Facility facility, earliest = None
        if unlikely(len(self.moved) > 0):
            return self.look_at_moved()
        if self.breaker_due <= ts and self.breaker_due <= self.deadline:
            return self.run_breakers(self.breaker_due)
        for clearing in self.clearings:
            if clearing.deadline <= ts and (first is None or clearing.deadline < first.deadline):
                first = clearing
        for facility in self.facilities:
            if facility.deadline <= ts and (
                earliest is None or facility.deadline < earliest.deadline
            ):
                earliest = facility
        if earliest is not None and (first is None or earliest.deadline <= first.deadline):
            self.now = self.ledger.now = max(self.now, earliest.deadline)
            earliest.advance(self.now)
        elif first is not None:
            self.now = self.ledger.now = max(self.now, first.deadline)
            first.advance(self.now)
        while self.trim:
            self.trim_orders(self.trim.pop())
        self.look_at_claims()
        self.reset_deadline()
        if unlikely(self.broken):
            self.run_breakers(self.now)
        return 0

    def next_deadline(self):
        """Time in ns at which the venue has something to do; ``None``: never, as it stands."""
        return None if self.deadline > LAST else self.deadline

    def advance(self, ts):
        """Let the venue do all that is due until a time in ns, at which its clock then stands.

        Raises
        ------
        TypeError, ValueError
            If ``ts`` is no integer from ``now`` to ``lob.types.MAX_TIME``.
        RuntimeError
            From another thread, or from inside the venue's work.
        """
        cdef int64_t until = checks.integer("ts", ts, self.now, LAST)
        self.guard.enter(VENUE_WORKS, "Venue.advance")
        try:
            while self.deadline <= until:
                PyErr_CheckSignals()
                self.advance_to(until)
            self.now = self.ledger.now = until
        finally:
            self.guard.leave()

    def refresh(self):
        """Let the venue note what breakers were told from outside (``due``), and look at all anew.

        Accounts that open, prices that are set and assets that move need no such call.
        """
        cdef Clearing clearing
        self.guard.keep_out_others("Venue.refresh")
        self.look_at_moved()
        for clearing in self.clearings:
            clearing.reset_deadline()
        self.find_breaker_due()
        self.reset_deadline()

    # ---------------------------------------------------------------- tapes

    @property
    def events(self):
        """The events of the venue so far, an array of ``lob.EVENT``, a copy.

        Of a writer that reads too (``lob.tape.Writer``), its memory map. Raises ``ValueError``
        unless the venue keeps them (``events=True``) or such a writer does.
        """
        if reads(self.event_writer):
            return joined(self.event_writer.read(), self.events_from(0))
        if not self.keep_events:
            raise ValueError("the events of this run are not kept in memory: set events=True")
        return self.events_from(0)

    cdef object events_from(self, int64_t first):
        """The events from a place in the journal on, a copy."""
        cdef const char *begin = <const char *>(self.journal.begin + first)
        cdef Py_ssize_t nbytes = (self.journal.next - self.journal.begin - first) * sizeof(Event)
        return np.frombuffer(bytearray(begin[:nbytes]), EVENT)

    @property
    def messages(self):
        """The messages of the venue so far, as they met the books: an array of ``lob.MESSAGE``.

        A copy, or the memory map of a writer that reads too. Raises ``ValueError`` unless the venue
        keeps them (``messages=True``) or such a writer does.
        """
        cdef Py_ssize_t nbytes = self.logged * sizeof(Message)
        cdef bint mapped = reads(self.message_writer)
        if not self.keep_messages and not mapped:
            raise ValueError("the messages of this run are not kept in memory: set messages=True")
        kept = np.frombuffer(bytearray(self.log.data[:nbytes]) if nbytes else bytearray(), MESSAGE)
        return joined(self.message_writer.read(), kept) if mapped else kept

    @property
    def entries(self):
        """The journal of the venue's ledger so far, an array of ``lob.ENTRY``, a copy.

        Or the memory map of a writer that reads too. Raises ``ValueError`` unless the venue keeps
        it (``entries=True``) or such a writer does.
        """
        return self.ledger.entries

    def digest(self):
        """32 hex digits of all tapes of the venue: equal where two venues did the same.

        Raises ``ValueError`` unless the tapes are kept, in memory or by writers that read too.
        Entries count where there are any, so that a venue nobody has an account in has the digest
        of its messages and events.
        """
        digest = blake2b(digest_size=16)
        for tape in (self.messages, self.events, self.entries):
            digest.update(tape.view(np.uint8).data)  # a map is read page by page
        return digest.hexdigest()

    def check(self):
        """Check that books, ledger and clearings are in order. Raises ``AssertionError``.

        They are not where a message has traded and an error came before all of it was settled.
        """
        assert not self.unsettled, f"trades up to event {self.unsettled} are not settled"
        for book in self.books:
            book.check()
        self.ledger.check()
        for clearing in self.clearings:
            clearing.check()

    def close(self):
        """Hand what is left of streamed tapes to their writers; call it at the end."""
        self.guard.enter(VENUE_WORKS, "Venue.close")
        try:
            self.flush()
            self.ledger.close()
        finally:
            self.guard.leave()

    cdef int flush(self) except -1:
        """Write or drop what is not kept. The rows are lent to the writer, not copied."""
        cdef Py_ssize_t nbytes
        if not self.keep_events:
            if self.event_writer is not None and self.journal.next != self.journal.begin:
                nbytes = (self.journal.next - self.journal.begin) * sizeof(Event)
                self.event_writer.write(rows_of(<char *>self.journal.begin, nbytes, EVENT))
            self.journal.next = self.journal.begin
        if not self.keep_messages:
            if self.message_writer is not None and self.logged:
                nbytes = self.logged * sizeof(Message)
                self.message_writer.write(rows_of(self.log.data, nbytes, MESSAGE))
            self.logged = 0
        return 0

    # ---------------------------------------------------------------- forks

    def copy(self):
        """A copy of this venue, independent and in the same state.

        What a subclass has added to it is copied as ``copy.deepcopy`` does.

        Raises ``ValueError`` if a tape is streamed: two venues cannot share a writer.
        """
        return copying.deepcopy(self)

    def __deepcopy__(self, memo):
        cdef Venue other = type(self).__new__(type(self))
        if self.event_writer is not None or self.message_writer is not None:
            raise ValueError("a run whose tapes are streamed to a writer cannot be forked")
        if self.guard.busy != FREE:
            if self.guard.busy == VENUE_WORKS:
                self.guard.refuse("Venue.copy")
            self.guard.keep_out_others("Venue.copy")
            return self.copy_into(other, memo)
        self.guard.enter(COPYING, "Venue.copy")
        try:
            return self.copy_into(other, memo)
        finally:
            self.guard.leave()

    cdef Venue copy_into(self, Venue other, memo):
        """Make a fresh venue a copy."""
        memo[id(self)] = other
        other.guard = Guard()
        other.idle = self.idle
        other.instruments = self.instruments
        other.now, other.seq, other.deadline = self.now, self.seq, self.deadline
        other.books = tuple([book.copy() for book in self.books])
        other.point_at_books()
        other.keep_events, other.keep_messages = self.keep_events, self.keep_messages
        if sink_copy(&other.journal, &self.journal) < 0:
            raise MemoryError
        other.log, other.logged = copying.deepcopy(self.log), self.logged
        other.terms = copying.deepcopy(self.terms)
        other.own_orders, other.fees = self.own_orders, self.fees
        other.unsettled = self.unsettled
        other.trim, other.moved = list(self.trim), list(self.moved)
        other.ledger = copying.deepcopy(self.ledger, memo)
        other.ledger.market = other
        other.keeps_entry_values = self.keeps_entry_values
        other.facilities = copying.deepcopy(self.facilities, memo)
        other.clearings = copying.deepcopy(self.clearings, memo)
        other.breakers = copying.deepcopy(self.breakers, memo)
        other.seen, other.postings_seen = list(self.seen), self.postings_seen
        other.breaker_due, other.broken = self.breaker_due, self.broken
        other.claims = copying.deepcopy(self.claims, memo)
        copy_attributes(self, other, memo)
        return other

    def __reduce__(self):
        raise TypeError("a venue is not pickled: keep its run's scenario, seed and time")


cdef bint is_of_venue(const Message *message) noexcept:
    """Whether a message says what only the venue may: ``checks.beyond_participants``."""
    return (
        message.flags & FROM_VENUE != 0
        or message.kind == SESSION
        or message.kind == UNCROSS
        or message.kind == BAND
        or (message.kind == NEW and message.order_id < 0)
    )


cdef bint message_fits(Venue venue, const Message *message) noexcept:
    """Whether a message is well formed, and what it addresses is there."""
    if message.instrument >= len(venue.books):
        return False
    if message.kind < DEPOSIT:
        return well_formed(message, message.instrument)
    if message.kind == DEPOSIT or message.kind == WITHDRAW:
        return 0 <= message.order_id < len(venue.ledger.assets) and (
            0 < message.size <= MAX_SIZE
        )
    if MINT <= message.kind <= SWAP:
        return (
            0 <= message.order_id < len(venue.facilities)
            and 0 < message.size <= MAX_SIZE
            and (message.kind != SWAP or message.side == BUY or message.side == SELL)
        )
    return (message.kind == TAKE or message.kind == BID) and 0 < message.size <= MAX_SIZE


cdef bint reads(object writer):
    """Whether a writer gives back what was written."""
    return writer is not None and callable(getattr(writer, "read", None))


cdef object joined(object written, object waiting):
    """What a writer has, with what was not handed to it yet: a copy only where there is such."""
    return np.concatenate([written, waiting]) if len(waiting) else written


cdef object rows_of(char *memory, Py_ssize_t nbytes, object dtype):
    """Records where they are, read-only."""
    return np.frombuffer(PyMemoryView_FromMemory(memory, nbytes, PyBUF_READ), dtype)
