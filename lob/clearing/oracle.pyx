"""Prices that clearing believes, and the true ones they come from.

A ``Source`` says what a price truly is: the last trade, the touch of a book, an average, a median
of books, a series from outside. An ``Oracle`` says when clearing gets to know: with a lag, only
after a move that is large enough, at a heartbeat, not at all during an outage, falsely while
somebody manipulates it. Both prices are kept, so that a loss can be told from a delay.

An oracle also knows what moved its price, for the cascade tree: the trade of a liquidation, another
trade, a quote, or something from outside. Where several moves make one new price, as with averages
and deviation thresholds, it is the cause with the largest sum of moves in the direction of the
change, over the time the average remembers or else since the last price was sent. If that is forced
sales, it is the liquidation with the largest sum of its own: each of many small ones moved the
price less than all voluntary trades together, and yet together they may have moved it most.
"""

cimport cython
from libc.stdint cimport int64_t
from libc.string cimport memmove, memset

from lob.engine.block cimport Block
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.elementary cimport natural_exp
from lob.engine.ladder cimport NO_LEVEL
from lob.engine.matching cimport Book
from lob.engine.records cimport (
    CAUSE_LIQUIDATION,
    CAUSE_ORACLE,
    CAUSE_QUOTE,
    CAUSE_TRADE,
    CONTINUOUS,
    LIQUIDATION_TAG,
    REASON_UNCROSS,
    TRADE,
    Event,
)
from lob.units cimport PPM, SECOND_NS
from lob.engine.wide cimport int128

import numpy as np

from lob import checks
from lob.types import MAX_PRICE

__all__ = [
    "BestAsk",
    "BestBid",
    "Ema",
    "External",
    "Fixed",
    "Last",
    "Median",
    "Mid",
    "Oracle",
    "Source",
    "Twap",
]

cdef enum:
    MOVES = 128  # how many moves are remembered to tell a cause
    RECENT = 8  # of them are looked at for one of the same cause and tag to add to
    CAUSES = 8

cdef int64_t NEVER = 2**63 - 1
MOST_OFF = 10**15  # ppm: a thousand million times, beyond any unit mistaken for another
cdef double LN2 = 0.6931471805599453
cdef double TWO_TO_32 = 4294967296.0

cdef struct UnderWay:
    int64_t due
    int64_t price
    int64_t cause
    int64_t tag


# ---------------------------------------------------------------------------- sources

@cython.auto_pickle(True)
cdef class Source:
    """The base of price sources: what a price in ticks truly is; none before the first."""

    def __init__(self):
        self.value = NO_PRICE

    @property
    def price(self):
        """Price of this source in ticks; ``None`` before the first."""
        return None if self.value == NO_PRICE else self.value

    cdef bint watches(self, int64_t instrument) noexcept:
        """Whether a book's messages may move it."""
        return False

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        """The price after a message in a book that it watches."""
        return self.value

    cdef int64_t pass_time(self, int64_t ts) noexcept:
        """The price at a time, when no message comes."""
        return self.value

    cdef int64_t next_change(self) noexcept:
        """When it may move by itself."""
        return NEVER

    cdef int64_t review(self) noexcept:
        """The price after balances changed that it is made of, without a message."""
        return self.value

    cdef int64_t underlying(self) noexcept:
        """The price of the moment, where this is an average of it."""
        return self.value

    cdef int64_t memory(self) noexcept:
        """How far back the price remembers, in ns; 0: it is of the moment."""
        return 0


@cython.auto_pickle(True)
cdef class OfBook(Source):
    """The base of price sources that read one book.

    While the book does not trade continuously, quotes bind nobody, and the price stays.
    A side that is empty has no quote, and a price that stayed where it was would hide the very fall
    that emptied it. So a price from quotes follows what is still seen, in that direction only:
    without bids it is at most the trades of each message and the best ask, without asks at least
    the trades and the best bid. A side that was only withdrawn, with no trade and no quote of the
    other side beyond it, says nothing: the price stays.

    Parameters
    ----------
    instrument
        Number of the book.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly int64_t instrument

    def __init__(self, instrument=0):
        self.value = NO_PRICE
        self.instrument = checks.integer("instrument", instrument, 0, 2**16 - 1)

    cdef bint watches(self, int64_t instrument) noexcept:
        return instrument == self.instrument

    cdef int follow(
        self, const Book *book, const Event *events, int64_t count, bint down, bint up
    ) noexcept:
        """Let the price go with the last trade and the other side, towards what is empty."""
        cdef int64_t i, seen = self.value, other
        if self.value == NO_PRICE:
            return 0
        for i in range(count - 1, -1, -1):
            if events[i].kind == TRADE:
                seen = events[i].price
                break
        if down and up:
            self.value = seen
            return 0
        other = book.sides[1 if down else 0].best
        if down:
            self.value = min(self.value, seen)
            if other != NO_LEVEL:
                self.value = min(self.value, book.sides[1].levels[other].price)
        else:
            self.value = max(self.value, seen)
            if other != NO_LEVEL:
                self.value = max(self.value, book.sides[0].levels[other].price)
        return 0


@cython.auto_pickle(True)
cdef class Last(OfBook):
    """The price of the last trade of a book in ticks; while nothing trades, it stays.

    Parameters
    ----------
    instrument
        Number of the book, 0 to 65535.
    """

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        cdef int64_t i = count - 1
        while i >= 0:
            if events[i].kind == TRADE:
                self.value = events[i].price
                break
            i -= 1
        return self.value


@cython.auto_pickle(True)
cdef class BestBid(OfBook):
    """The best bid of a book in ticks.

    While there is none, the last one there was, or a trade since or the best ask, if that is
    lower: see ``OfBook``.

    Parameters
    ----------
    instrument
        Number of the book, 0 to 65535.
    """

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        cdef const Book *book = books[self.instrument]
        if book.session != CONTINUOUS:
            return self.value
        if book.sides[0].best != NO_LEVEL:
            self.value = book.sides[0].levels[book.sides[0].best].price
        else:
            self.follow(book, events, count, True, False)
        return self.value


@cython.auto_pickle(True)
cdef class BestAsk(OfBook):
    """The best ask of a book in ticks.

    While there is none, the last one there was, or a trade since or the best bid, if that is
    higher: see ``OfBook``.

    Parameters
    ----------
    instrument
        Number of the book, 0 to 65535.
    """

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        cdef const Book *book = books[self.instrument]
        if book.session != CONTINUOUS:
            return self.value
        if book.sides[1].best != NO_LEVEL:
            self.value = book.sides[1].levels[book.sides[1].best].price
        else:
            self.follow(book, events, count, False, True)
        return self.value


@cython.auto_pickle(True)
cdef class Mid(OfBook):
    """The middle of best bid and ask of a book in ticks, rounded down.

    While there are no bids, the last one, or a trade since or the best ask, if that is lower; while
    there are no asks, the same upwards; with neither, the last trade since: see ``OfBook``.

    Parameters
    ----------
    instrument
        Number of the book, 0 to 65535.
    """

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        cdef const Book *book = books[self.instrument]
        if book.session != CONTINUOUS:
            return self.value
        if book.sides[0].best != NO_LEVEL and book.sides[1].best != NO_LEVEL:
            self.value = (
                book.sides[0].levels[book.sides[0].best].price
                + book.sides[1].levels[book.sides[1].best].price
            ) >> 1
        else:
            self.follow(
                book,
                events,
                count,
                book.sides[0].best == NO_LEVEL,
                book.sides[1].best == NO_LEVEL,
            )
        return self.value


@cython.auto_pickle(True)
cdef class Fixed(Source):
    """A price that never moves by itself; ``Oracle.observe_price`` may set another.

    Parameters
    ----------
    price
        Ticks, 1 to ``lob.MAX_PRICE``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, price):
        self.value = checks.integer("price", price, 1, MAX_PRICE)


@cython.auto_pickle(True)
cdef class External(Source):
    """A series of prices from outside, whatever the book does.

    Parameters
    ----------
    times
        Times in ns, a row of rising integers.
    prices
        Price in ticks from each time on, 1 to ``lob.MAX_PRICE``: as many integers.

    Raises
    ------
    TypeError, ValueError
        If the two are not such rows.
    """

    cdef Block steps  # times, then prices
    cdef int64_t count
    cdef int64_t at

    def __init__(self, times, prices):
        self.value = NO_PRICE
        times, prices = np.asarray(times), np.asarray(prices)
        for name, column in (("times", times), ("prices", prices)):
            if column.dtype.kind not in "iu" or column.ndim != 1:
                raise TypeError(f"{name} must be whole numbers in a row, got {column!r}")
        if len(times) != len(prices) or not len(times):
            raise ValueError(
                f"times and prices must be as many, at least one, got {len(times)} and "
                f"{len(prices)}"
            )
        if (np.diff(times) <= 0).any():
            raise ValueError("times must rise")
        if prices.min() < 1 or prices.max() > MAX_PRICE:
            raise ValueError(
                f"prices must be 1 to {MAX_PRICE} ticks, got {prices.min()}..{prices.max()}"
            )
        self.fill(times.astype(np.int64), prices.astype(np.int64))

    def fill(self, const int64_t[:] times, const int64_t[:] prices):
        """Keep a series of times in ns and prices in ticks."""
        cdef int64_t i
        self.count = len(times)
        self.steps = Block()
        self.steps.reserve(16 * <size_t>self.count)
        for i in range(self.count):
            (<int64_t *>self.steps.data)[i] = times[i]
            (<int64_t *>self.steps.data)[self.count + i] = prices[i]

    cdef int64_t pass_time(self, int64_t ts) noexcept:
        cdef const int64_t *times = <const int64_t *>self.steps.data
        while self.at < self.count and times[self.at] <= ts:
            self.value = times[self.count + self.at]
            self.at += 1
        return self.value

    cdef int64_t next_change(self) noexcept:
        return (<int64_t *>self.steps.data)[self.at] if self.at < self.count else NEVER


@cython.auto_pickle(True)
cdef class Average(Source):
    """The base of averages: another source's price, sampled at fixed times."""

    cdef readonly Source of
    cdef readonly int64_t sample
    cdef int64_t due

    cdef int open(self, of, sample) except -1:
        if not isinstance(of, Source) or isinstance(of, Average):
            raise TypeError(f"of must be a source that is no average itself, got {of!r}")
        self.value = NO_PRICE
        self.of = of
        self.sample = checks.integer("sample", sample, 1)
        self.due = self.sample
        return 0

    cdef bint watches(self, int64_t instrument) noexcept:
        return self.of.watches(instrument)

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        self.of.take(books, events, count, instrument)
        if self.value == NO_PRICE and self.of.value != NO_PRICE:
            self.begin(self.of.value)
        return self.value

    cdef int64_t pass_time(self, int64_t ts) noexcept:
        cdef int64_t price = self.of.pass_time(ts)
        if self.value == NO_PRICE:
            if price != NO_PRICE:
                self.begin(price)
            if ts >= self.due:
                self.due = (ts // self.sample + 1) * self.sample
            return self.value
        while self.due <= ts:
            self.add(price)
            self.due += self.sample
        return self.value

    cdef int64_t next_change(self) noexcept:
        return min(self.due, self.of.next_change())

    cdef int64_t review(self) noexcept:
        self.of.review()
        if self.value == NO_PRICE and self.of.value != NO_PRICE:
            self.begin(self.of.value)
        return self.value

    cdef int64_t underlying(self) noexcept:
        return self.of.value

    cdef void begin(self, int64_t price) noexcept:
        """The first price there is: as if it had always been so."""
        self.value = price

    cdef void add(self, int64_t price) noexcept:
        """A sample."""
        pass


@cython.auto_pickle(True)
cdef class Ema(Average):
    """An exponential moving average of a price, sampled at fixed times.

    Each sample ``p`` moves the average by ``(p - average) * weight``, in 2**-20 ticks, with
    ``weight = 1 - 2**(-sample / half_life)`` in 2**-32, both rounded down. The price is the
    average, rounded down to a tick.

    Parameters
    ----------
    of
        The source of the price, no average itself.
    half_life
        ns in which a sample loses half its weight, 1 or more.
    sample
        ns between samples, 1 or more; they are taken at whole multiples of it.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly int64_t half_life
    cdef int64_t average
    cdef int64_t weight

    def __init__(self, of, half_life, *, sample=SECOND_NS):
        self.open(of, sample)
        self.half_life = checks.integer("half_life", half_life, 1)
        self.weight = <int64_t>(
            (1 - natural_exp(-LN2 * (<double>self.sample / <double>self.half_life))) * TWO_TO_32
        )

    cdef void begin(self, int64_t price) noexcept:
        self.average = price << 20
        self.value = price

    cdef void add(self, int64_t price) noexcept:
        self.average += <int64_t>((<int128>((price << 20) - self.average) * self.weight) >> 32)
        self.value = self.average >> 20

    cdef int64_t memory(self) noexcept:
        return 4 * self.half_life


@cython.auto_pickle(True)
cdef class Twap(Average):
    """The time-weighted average of a price: the mean of the samples of a window, rounded down.

    Parameters
    ----------
    of
        The source of the price, no average itself.
    window
        Length of the window in ns, a multiple of ``sample``, at most ``2**20`` samples.
    sample
        ns between samples, 1 or more; they are taken at whole multiples of it.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly int64_t window
    cdef Block samples
    cdef int64_t slots
    cdef int64_t taken
    cdef int64_t total

    def __init__(self, of, window, *, sample=SECOND_NS):
        self.open(of, sample)
        self.window = checks.integer("window", window, self.sample)
        if self.window % self.sample:
            raise ValueError(f"window must be a multiple of sample, got {window} and {sample}")
        self.slots = checks.integer("window", self.window // self.sample, 1, 2**20)
        self.samples = Block()
        self.samples.reserve(8 * <size_t>self.slots)

    cdef void begin(self, int64_t price) noexcept:
        cdef int64_t i
        for i in range(self.slots):
            (<int64_t *>self.samples.data)[i] = price
        # Prices lie below 2**41 and samples are at most 2**20: the sum fits 62 bits.
        self.total = price * self.slots
        self.value = price

    cdef void add(self, int64_t price) noexcept:
        cdef int64_t *slot = &(<int64_t *>self.samples.data)[self.taken % self.slots]
        self.taken += 1
        self.total += price - slot[0]
        slot[0] = price
        self.value = self.total // self.slots
        self.value -= self.total < self.value * self.slots

    cdef int64_t memory(self) noexcept:
        return self.window


@cython.auto_pickle(True)
cdef class Median(Source):
    """The median of several sources that have a price; of an even number the lower middle one.

    Parameters
    ----------
    sources
        2 to 32 sources, see ``Source``.

    Raises
    ------
    TypeError, ValueError
        If they are not.
    """

    cdef readonly list sources

    def __init__(self, sources):
        self.value = NO_PRICE
        self.sources = list(sources)
        if not 2 <= len(self.sources) <= 32:
            raise ValueError(f"sources must be 2 to 32, got {len(self.sources)}")
        for source in self.sources:
            if not isinstance(source, Source):
                raise TypeError(f"sources must be sources, got {source!r}")

    cdef bint watches(self, int64_t instrument) noexcept:
        cdef int64_t i
        for i in range(len(self.sources)):
            if (<Source>self.sources[i]).watches(instrument):
                return True
        return False

    cdef int64_t middle(self) noexcept:
        cdef int64_t prices[32]
        cdef int64_t count = 0, i, at, price
        for i in range(len(self.sources)):
            price = (<Source>self.sources[i]).value
            if price == NO_PRICE:
                continue
            at = count
            while at and prices[at - 1] > price:
                prices[at] = prices[at - 1]
                at -= 1
            prices[at] = price
            count += 1
        if count:
            self.value = prices[(count - 1) >> 1]
        return self.value

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        cdef int64_t i
        for i in range(len(self.sources)):
            if (<Source>self.sources[i]).watches(instrument):
                (<Source>self.sources[i]).take(books, events, count, instrument)
        return self.middle()

    cdef int64_t pass_time(self, int64_t ts) noexcept:
        cdef int64_t i
        for i in range(len(self.sources)):
            (<Source>self.sources[i]).pass_time(ts)
        return self.middle()

    cdef int64_t review(self) noexcept:
        cdef int64_t i
        for i in range(len(self.sources)):
            (<Source>self.sources[i]).review()
        return self.middle()

    cdef int64_t next_change(self) noexcept:
        cdef int64_t i, first = NEVER
        for i in range(len(self.sources)):
            first = min(first, (<Source>self.sources[i]).next_change())
        return first

    cdef int64_t memory(self) noexcept:
        cdef int64_t i, longest = 0
        for i in range(len(self.sources)):
            longest = max(longest, (<Source>self.sources[i]).memory())
        return longest


# ---------------------------------------------------------------------------- oracles

@cython.auto_pickle(True)
cdef class Oracle:
    """An oracle: when clearing gets to know a price, and which.

    Parameters
    ----------
    source
        The ``Source`` that the price truly is. A price below one tick is never published.
    lag
        ns from an observation to its publication, 0 or more.
    heartbeat
        ns after which a price is published at the latest; 0: not for that reason.
    deviation
        0 to 1,000,000 ppm: a price is published as soon as it is so far from the last one that
        was. With neither heartbeat nor deviation every change is published.
    outages
        ``(start, end)`` times in ns: nothing is published from the one until before the other; at
        the end the price of that moment is.
    manipulations
        ``(start, end, ppm)`` in ns and above -1,000,000 ppm: what is published in between is off by
        so much of itself, rounded down, by ``lob.MAX_PRICE`` at most.
    fixings
        ``(start, end, price)`` in ns and ticks: what is published in between is this.

    Attributes
    ----------
    price, true_price : int
        Ticks: what clearing believes, and the source now; -2**63 before the first.
    published_at : int
        Time in ns of the last publication.
    cause, cause_tag : int
        ``lob.Cause`` of the last change of ``price``, and the tag of the liquidation that it was.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    Examples
    --------
    >>> oracle = Oracle(Fixed(100), lag=5)
    >>> oracle.observe_price(10, 90), oracle.price
    (False, 100)
    >>> oracle.pass_time(15), oracle.price
    (True, 90)
    """

    def __init__(
        self,
        source,
        *,
        lag=0,
        heartbeat=0,
        deviation=0,
        outages=(),
        manipulations=(),
        fixings=(),
    ):
        if not isinstance(source, Source):
            raise TypeError(f"source must be a source of prices, got {source!r}")
        cdef Source given = source
        self.source = given
        self.lag = checks.integer("lag", lag, 0)
        self.heartbeat = checks.integer("heartbeat", heartbeat, 0)
        self.deviation = checks.ppm("deviation", deviation)
        self.outages = tuple(interval_of("outages", row, 2) for row in outages)
        self.manipulations = tuple(interval_of("manipulations", row, 3) for row in manipulations)
        self.fixings = tuple(fixing_of(row) for row in fixings)
        self.price = self.true_price = self.raw = self.sent = NO_PRICE
        self.moves, self.under_way, self.edges = Block(), Block(), Block()
        self.moves.reserve(sizeof(Move) * MOVES)
        edges = sorted(
            {
                edge
                for row in (*self.outages, *self.manipulations, *self.fixings)
                for edge in row[:2]
            }
        )
        self.edge_count = len(edges)
        self.edges.reserve(8 * len(edges))
        for i, edge in enumerate(edges):
            (<int64_t *>self.edges.data)[<int64_t>i] = edge
        self.direct = not (
            self.lag or self.heartbeat or self.deviation or edges or given.memory()
        )
        if given.value != NO_PRICE:
            self.raw = self.true_price = self.sent = self.price = given.value
        self.reset_deadline()

    cdef bint watches(self, int64_t instrument) noexcept:
        """Whether a book's messages may move the source."""
        return self.source.watches(instrument)

    cdef bint observe(
        self,
        int64_t ts,
        const Book **books,
        const Event *events,
        int64_t count,
        int64_t instrument,
    ) noexcept:
        """A whole message has met a book; whether ``price`` changed."""
        cdef int64_t price = self.source.take(books, events, count, instrument)
        cdef int64_t cause = CAUSE_QUOTE, tag = 0, i
        self.true_price = price
        if price == self.price and self.direct or price < 1:
            return False
        for i in range(count):
            if events[i].kind == TRADE:
                cause = CAUSE_TRADE
                if events[i].tag >= LIQUIDATION_TAG:
                    cause = CAUSE_LIQUIDATION
                    tag = events[i].tag
                elif events[i].reason == REASON_UNCROSS:
                    # Nobody was the aggressor: a liquidation on either side counts.
                    if events[i].resting_tag < LIQUIDATION_TAG:
                        continue
                    cause = CAUSE_LIQUIDATION
                    tag = events[i].resting_tag
                break
        if self.direct:
            return self.publish(ts, price, cause, tag)
        self.note_move(ts, cause, tag)
        return self.consider(ts, price, False)

    cdef bint look(self, int64_t ts, int cause, int64_t tag) noexcept:
        """Balances changed that the price is made of; whether ``price`` changed."""
        cdef int64_t price = self.source.review()
        self.true_price = price
        if price == self.price and self.direct or price < 1:
            return False
        if self.direct:
            return self.publish(ts, price, cause, tag)
        self.note_move(ts, cause, tag)
        return self.consider(ts, price, False)

    cdef int note_move(self, int64_t ts, int64_t cause, int64_t tag) noexcept:
        """Remember what moved the price of the moment.

        Moves of one cause and tag that are near each other in time are one: thousands of quotes
        would push what they are to be compared with out of a memory of any size.
        """
        cdef Move *move
        cdef int64_t raw = self.source.underlying(), i, since = self.sent_at
        if self.source.memory():
            since = ts - (self.source.memory() >> 4)
        if raw != self.raw:
            if self.raw != NO_PRICE:
                for i in range(self.move_count - 1, max(self.move_count - RECENT, 0) - 1, -1):
                    move = &(<Move *>self.moves.data)[i % MOVES]
                    if move.cause == cause and move.tag == tag and move.ts >= since:
                        move.size += raw - self.raw
                        self.raw = raw
                        return 0
                move = &(<Move *>self.moves.data)[self.move_count % MOVES]
                move.ts = ts
                move.size = raw - self.raw
                move.cause = cause
                move.tag = tag
                self.move_count += 1
            self.raw = raw
        return 0

    cdef Move blame(self, int64_t ts, int64_t change) noexcept:
        """The cause with the largest sum of moves in the direction of a change; its largest tag."""
        cdef const Move *moves = <const Move *>self.moves.data
        cdef int64_t since = ts - self.source.memory() if self.source.memory() else self.sent_at
        cdef int64_t first = max(0, self.move_count - MOVES), i, j, total, best = 0, cause
        cdef int64_t by_cause[CAUSES]
        cdef Move found
        found.ts = found.size = found.tag = 0
        found.cause = CAUSE_ORACLE
        memset(by_cause, 0, sizeof(by_cause))
        for i in range(first, self.move_count):
            if moves[i % MOVES].ts >= since:
                total = moves[i % MOVES].size if change > 0 else -moves[i % MOVES].size
                by_cause[moves[i % MOVES].cause] += total
        cause = 0
        for i in range(1, CAUSES):
            if by_cause[i] > by_cause[cause]:
                cause = i
        if by_cause[cause] <= 0:
            return found
        for i in range(first, self.move_count):
            if moves[i % MOVES].ts < since or moves[i % MOVES].cause != cause:
                continue
            total = 0
            for j in range(i, self.move_count):
                if (
                    moves[j % MOVES].cause == moves[i % MOVES].cause
                    and moves[j % MOVES].tag == moves[i % MOVES].tag
                ):
                    total += moves[j % MOVES].size if change > 0 else -moves[j % MOVES].size
            if total > best:
                best = total
                found = moves[i % MOVES]
        return found

    cdef bint consider(self, int64_t ts, int64_t price, bint now) noexcept:
        """A price was observed: is it sent? ``now``: whatever the rules; whether ``price`` changed.
        """
        cdef int64_t off
        cdef UnderWay *entry
        cdef Move cause
        cdef size_t needed
        if price < 1:
            return False
        if not now and self.sent != NO_PRICE:
            off = price - self.sent if price > self.sent else self.sent - price
            if self.deviation:
                now = off and <int128>off * PPM >= <int128>self.deviation * self.sent
            elif not self.heartbeat:
                now = off > 0
            if not now:
                return False
        cause = self.blame(ts, price - self.sent)
        self.sent = price
        self.sent_at = ts
        if not self.lag:
            now = self.publish(ts, price, cause.cause, cause.tag)
            self.reset_deadline()
            return now
        if self.first_under_way == self.under_way_count:
            self.first_under_way = self.under_way_count = 0
        needed = sizeof(UnderWay) * <size_t>(self.under_way_count + 1)
        if needed > self.under_way.nbytes:
            if 2 * self.first_under_way > self.under_way_count:
                memmove(
                    self.under_way.data,
                    self.under_way.data + sizeof(UnderWay) * <size_t>self.first_under_way,
                    sizeof(UnderWay) * <size_t>(self.under_way_count - self.first_under_way),
                )
                self.under_way_count -= self.first_under_way
                self.first_under_way = 0
            else:
                self.under_way.reserve(2 * self.under_way.nbytes + 64 * sizeof(UnderWay))
        entry = &(<UnderWay *>self.under_way.data)[self.under_way_count]
        entry.due = ts + self.lag
        entry.price = price
        entry.cause = cause.cause
        entry.tag = cause.tag
        self.under_way_count += 1
        self.reset_deadline()
        return False

    cdef bint publish(self, int64_t ts, int64_t price, int64_t cause, int64_t tag) noexcept:
        """Let clearing know, unless there is an outage; whether ``price`` changed."""
        if self.edge_count:
            for start, end in self.outages:
                if start <= ts < end:
                    return False
            for start, end, ppm in self.manipulations:
                if start <= ts < end:
                    price = min(max(1, price * (PPM + ppm) // PPM), MAX_PRICE)
                    cause, tag = CAUSE_ORACLE, 0
            for start, end, fixed in self.fixings:
                if start <= ts < end:
                    price = fixed
                    cause, tag = CAUSE_ORACLE, 0
        self.published_at = ts
        if price == self.price:
            return False
        self.price = price
        self.cause = <int>cause
        self.cause_tag = tag
        return True

    cdef int reset_deadline(self) noexcept:
        self.deadline = self.source.next_change()
        if self.first_under_way < self.under_way_count:
            self.deadline = min(
                self.deadline, (<UnderWay *>self.under_way.data)[self.first_under_way].due
            )
        if self.heartbeat:
            self.deadline = min(self.deadline, self.sent_at + self.heartbeat)
        if self.next_edge < self.edge_count:
            self.deadline = min(self.deadline, (<int64_t *>self.edges.data)[self.next_edge])
        return 0

    cdef bint advance(self, int64_t ts) noexcept:
        """Do the one thing that is due first by now; whether ``price`` changed."""
        cdef UnderWay entry
        cdef bint changed = False, edge = False
        cdef int64_t price
        if self.first_under_way < self.under_way_count:
            entry = (<UnderWay *>self.under_way.data)[self.first_under_way]
            if entry.due <= ts:
                self.first_under_way += 1
                changed = self.publish(ts, entry.price, entry.cause, entry.tag)
                self.reset_deadline()
                return changed
        if self.next_edge < self.edge_count and (<int64_t *>self.edges.data)[self.next_edge] <= ts:
            self.next_edge += 1
            edge = True
        price = self.source.pass_time(ts)
        self.true_price = price
        self.note_move(ts, CAUSE_ORACLE, 0)
        if self.heartbeat and ts >= self.sent_at + self.heartbeat:
            edge = True
            if price < 1:
                self.sent_at = ts
        if price >= 1 and (edge or price != self.sent):
            changed = self.consider(ts, price, edge)
        self.reset_deadline()
        return changed

    def observe_price(self, ts, price):
        """Set the price of a ``Fixed`` source, in ticks, at a time in ns.

        Returns whether the oracle's own ``price`` changed at once.

        Raises
        ------
        TypeError
            If the source is no ``Fixed``.
        ValueError
            If the price is not 1 to ``lob.MAX_PRICE``, or the time negative.
        """
        if not isinstance(self.source, Fixed):
            raise TypeError(f"the source must be Fixed to be set, got {self.source!r}")
        cdef int64_t at = checks.integer("ts", ts, 0)
        self.source.value = self.true_price = checks.integer("price", price, 1, MAX_PRICE)
        self.note_move(at, CAUSE_ORACLE, 0)
        if self.direct:
            return self.price != price and self.publish(at, price, CAUSE_ORACLE, 0)
        changed = self.consider(at, price, False)
        self.reset_deadline()
        return changed

    def pass_time(self, ts):
        """Let the oracle do all that is due by a time in ns; returns whether ``price`` changed."""
        cdef int64_t until = checks.integer("ts", ts, 0)
        changed = False
        while self.deadline <= until:
            changed |= self.advance(self.deadline)
        return bool(changed)


cdef object interval_of(name, row, length):
    row = tuple(row)
    if len(row) != length:
        raise ValueError(f"{name} must have {length} values each, got {row!r}")
    start = checks.integer(f"{name}: start", row[0], 0)
    checks.integer(f"{name}: end", row[1], start + 1)
    if length == 3:
        checks.integer(f"{name}: ppm", row[2], -PPM + 1, MOST_OFF)
    return row


cdef object fixing_of(row):
    start, end, price = row
    start, end = interval_of("fixings", (start, end), 2)
    return start, end, checks.integer("fixings: price", price, 1, MAX_PRICE)
