"""Adaptive makers: a ladder of quotes round the mid, as wide as the spread, as large as the volume.

After the adaptive market maker of ABIDES, itself a ladder in the sense of Chakraborty and Kearns
(2011). ``MarketWatch`` is the venue's own record that such makers ask: what was traded lately, and
when the book leans to one side.
"""

cimport cython
from libc.math cimport ceil, fabs, floor, trunc
from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block
from agents.simulation cimport Participant
from agents.traders.population cimport Population
from lob.engine.matching cimport Book
from lob.engine.records cimport BUY, REASON_UNCROSS, SELL, TRADE, Event, Quote
from lob.units cimport SECOND_NS

from lob.checks import integer, real
from lob.types import EventKind

__all__ = ["AdaptiveMakers", "MarketWatch"]

cdef int64_t NO_MID = -(2**62)

cdef enum:
    # In a payload: no new wake-up, but
    ASKS = 1 << 29  # the end of the wait after the cancellations,
    LEANS = 1 << 30  # or news of a book that leans.

cdef struct Traded:
    int64_t time
    int64_t bought  # lots so far, by buyers who took
    int64_t sold


@cython.auto_pickle(True)
cdef class MarketWatch(Participant):
    """A record of what was traded in an instrument, which tells makers when the book leans.

    It sends nothing, draws nothing, and hears of every event of an instrument as it happens. The
    book leans when ``1 - smaller / larger`` of the total lots of its sides passes ``threshold``.

    Parameters
    ----------
    name : str
        Identity of the record.
    instrument : int
        Number of the instrument, 0 to 65535.
    threshold : float
        Imbalance of the book's two sides that counts as leaning, 0 or more (from 1 on it never
        leans).
    makers : AdaptiveMakers
        Whom to tell, each as late as its news from the venue are.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly int64_t instrument
    cdef readonly double threshold
    cdef readonly AdaptiveMakers makers
    cdef readonly bint leans
    cdef Block trades
    cdef int64_t count

    def __init__(self, name, *, instrument, threshold, AdaptiveMakers makers not None):
        Participant.__init__(self, name)
        self.instrument = integer("instrument", instrument, 0, 2**16 - 1)
        self.threshold = real("threshold", threshold, 0)
        self.makers = makers
        self.trades = Block()
        self.trades.reserve(64 * sizeof(Traded))
        self.count = 1  # nothing, at the beginning of time
        self.notes = True

    cdef int start(self) except -1:
        self.subscribe(self.instrument, tuple(EventKind))
        return 0

    cdef int note(self, const Event *event) except -1:
        cdef Traded *last
        cdef bint leans
        # In a call auction nobody was the aggressor.
        if event.kind == TRADE and event.reason != REASON_UNCROSS:
            if sizeof(Traded) * <size_t>(self.count + 1) > self.trades.nbytes:
                self.trades.reserve(2 * self.trades.nbytes)
            last = &(<Traded *>self.trades.data)[self.count]
            last[0] = (last - 1)[0]
            last.time = event.ts_event
            if event.side == BUY:
                last.bought += event.size
            else:
                last.sold += event.size
            self.count += 1
        leans = imbalance(self.simulation.book(self.instrument)) > self.threshold
        if leans and not self.leans:
            self.makers.tell()
        self.leans = leans
        return 0

    cdef Traded traded(self, int64_t since, int64_t until) noexcept:
        """Lots bought and sold in a span of time, both ends included."""
        cdef const Traded *trades = <const Traded *>self.trades.data
        cdef int64_t last = self.last_before(until + 1)
        cdef int64_t first = self.last_before(since)
        cdef Traded result
        result.time = until
        result.bought = trades[last].bought - trades[first].bought
        result.sold = trades[last].sold - trades[first].sold
        return result

    cdef int64_t last_before(self, int64_t time) noexcept:
        """The last record before a time; record 0 is before every time."""
        cdef const Traded *trades = <const Traded *>self.trades.data
        cdef int64_t low = 1, high = self.count, middle
        while low < high:
            middle = (low + high) // 2
            if trades[middle].time < time:
                low = middle + 1
            else:
                high = middle
        return low - 1


cdef double imbalance(const Book *book) noexcept nogil:
    """1 less the smaller by the larger side of a book in lots; 0 if it is empty."""
    cdef int64_t low = book.volume[0], high = book.volume[1]
    if low > high:
        low, high = high, low
    return 1 - <double>low / <double>high if high else 0


cdef struct Maker:
    double spread  # its average, in ticks
    int64_t mid  # last seen, in ticks; NO_MID before the first
    bint asking
    int64_t bought  # lots lately
    int64_t sold
    int64_t first  # of its quotes, counted from 1; 0: none

cdef struct Quoted:
    int64_t order_id  # 0: taken whole, as far as the maker has heard
    int64_t next  # of the same maker, or free; counted from 1


@cython.auto_pickle(True)
cdef class AdaptiveMakers(Population):
    """Makers who quote a ladder of prices on both sides and renew it at exponential gaps.

    A maker wakes up, cancels its quotes, waits ``cancel_delay``, and asks for the best bid and ask
    and for what was traded within ``lookback``. Its window is an average of the spreads that it
    saw. The best quotes stand half a window from the mid, the others further out in steps of
    ``level_spacing`` windows, each of ``share`` of the volume traded. The mid is shifted by
    ``imbalance_shift`` times (bought - sold) / (bought + sold), as seen from the takers. While the
    touch is not two-sided it uses the last mid and window, and before there was one it waits.

    When the book leans to one side, a maker that knows a mid adds a ladder round it at once, unless
    it is waiting for an answer anyway, or the ladder would reach below 1 tick. It cancels nothing
    for that: two makers who did would answer each other's cancellations for ever. An asset has no
    price below 1 tick: what a ladder would quote there is left out.

    Two ways of the original that are no market maker's are switches: ``sleeps_for_ever`` and
    ``quotes_while_asking``.

    Parameters
    ----------
    name, members, **arguments
        As for ``Population``.
    mean_gap : float
        Mean gap between two renewals in seconds, above 0.
    levels : int
        Quotes a side, 1 to 65536.
    share : float
        Size of a quote as a share of the volume traded, 0 or more.
    least_size : int
        Lots of the smallest quote, 1 to ``2**40``.
    first_window : float
        The average of spreads to begin with in ticks, 0 or more.
    newest : float
        Weight of the newest spread in the average, 0 to 1.
    level_spacing : float
        Step of the ladder in windows, 0 or more; a step is at least one tick.
    imbalance_shift : float
        Shift of the mid in ticks where all that was traded was bought, 0 or more.
    lookback : float
        How long back volume counts, in seconds, above 0.
    cancel_delay : int
        ns from the cancellation of its quotes to the query, 0 or more.
    threshold : float
        Imbalance of the book's two sides that counts as leaning, see ``MarketWatch``.
    sleeps_for_ever : bool
        A maker that finds a touch that is not two-sided, before it ever saw a mid, never wakes up
        again (in the original an error there is swallowed, and with it the next wake-up).
    quotes_while_asking : bool
        News of a leaning book add a ladder also while it waits for an answer.

    Attributes
    ----------
    ladders_on_waking, ladders_on_leaning : int
        How many ladders all makers sent so far, on waking and on news of a leaning book.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly double mean_gap
    cdef readonly int64_t levels
    cdef readonly double share
    cdef readonly int64_t least_size
    cdef readonly double first_window
    cdef readonly double newest
    cdef readonly double level_spacing
    cdef readonly double imbalance_shift
    cdef readonly int64_t lookback
    cdef readonly int64_t cancel_delay
    cdef readonly double threshold
    cdef readonly bint sleeps_for_ever
    cdef readonly bint quotes_while_asking
    cdef readonly int64_t ladders_on_waking
    cdef readonly int64_t ladders_on_leaning
    cdef readonly MarketWatch watch
    cdef Block makers
    cdef Block quotes
    cdef int64_t used
    cdef int64_t free

    def __init__(
        self,
        name,
        members,
        *,
        mean_gap,
        levels=10,
        share=0.025,
        least_size=1,
        first_window=50.0,
        newest=0.75,
        level_spacing=5.0,
        imbalance_shift=4.0,
        lookback=60.0,
        cancel_delay=50,
        threshold=0.9,
        bint sleeps_for_ever=False,
        bint quotes_while_asking=False,
        **arguments,
    ):
        Population.__init__(self, name, members, **arguments)
        self.mean_gap = real("mean_gap", mean_gap, above=0)
        self.levels = integer("levels", levels, 1, 2**16)
        self.share = real("share", share, 0)
        self.least_size = integer("least_size", least_size, 1, 2**40)
        self.first_window = real("first_window", first_window, 0)
        self.newest = real("newest", newest, 0)
        if self.newest > 1:
            raise ValueError(f"newest must be at most 1, got {newest}")
        self.level_spacing = real("level_spacing", level_spacing, 0)
        self.imbalance_shift = real("imbalance_shift", imbalance_shift, 0)
        self.lookback = <int64_t>(SECOND_NS * real("lookback", lookback, above=0))
        self.cancel_delay = integer("cancel_delay", cancel_delay, 0)
        self.threshold = real("threshold", threshold, 0)
        self.sleeps_for_ever = sleeps_for_ever
        self.quotes_while_asking = quotes_while_asking
        self.notes = True

    cdef int join(self) except -1:
        cdef int64_t member
        Population.join(self)
        self.makers = Block()
        self.makers.reserve(sizeof(Maker) * self.members)
        for member in range(self.members):
            (<Maker *>self.makers.data)[member].spread = self.first_window
            (<Maker *>self.makers.data)[member].mid = NO_MID
        self.quotes = Block()
        self.watch = MarketWatch(
            f"{self.name}: watch",
            instrument=self.instrument,
            threshold=self.threshold,
            makers=self,
        )
        self.simulation.add(self.watch)
        return 0

    cdef int start(self) except -1:
        cdef int64_t member
        for member in range(self.members):
            self.wake_within(member, SECOND_NS * self.mean_gap)
        return 0

    cdef int tell(self) except -1:
        """The book leans: every maker hears of it, as late as its news are."""
        cdef int64_t member
        for member in range(self.members):
            self.wake_at(self.simulation.later(self.under_way_back(member)), LEANS | member)
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        cdef uint32_t member = payload & (ASKS - 1)
        cdef Maker *maker = &(<Maker *>self.makers.data)[member]
        if not self.is_open():
            return 0
        if payload & LEANS:
            # A ladder cut off at one tick would make the book lean again, and so on for ever.
            if (
                maker.mid != NO_MID
                and (self.quotes_while_asking or not maker.asking)
                and self.best_bid(maker) - (self.levels - 1) * self.step_of(maker) >= 1
            ):
                self.ladders_on_leaning += 1
                self.quote(member)
            return 0
        if payload & ASKS:
            return self.ask_touch(member)
        self.cancel_quotes(member)
        maker.asking = True
        return self.wake_at(self.simulation.later(self.cancel_delay), ASKS | member)

    cdef int told(self, const Quote *quote, uint32_t member) except -1:
        cdef Maker *maker = &(<Maker *>self.makers.data)[member]
        cdef Traded lately
        if not self.is_open():
            return 0
        maker.asking = False
        if self.sleeps_for_ever and maker.mid == NO_MID and not (quote.bid_size and quote.ask_size):
            return 0
        self.wake_within(member, SECOND_NS * self.mean_gap)
        if quote.bid_size and quote.ask_size:
            maker.mid = (quote.bid_price + quote.ask_price) >> 1  # rounded down
            maker.spread = (
                self.newest * (quote.ask_price - quote.bid_price)
                + (1 - self.newest) * maker.spread
            )
        lately = self.watch.traded(quote.ts_event - self.lookback, quote.ts_event)
        maker.bought = lately.bought
        maker.sold = lately.sold
        if maker.mid == NO_MID:
            return 0
        self.ladders_on_waking += 1
        return self.quote(member)

    cdef int64_t best_bid(self, const Maker *maker) noexcept:
        """Of its ladder, in ticks: half a window below the mid, which is shifted by the trades."""
        cdef int64_t volume = maker.bought + maker.sold, mid = maker.mid
        if volume:
            mid += <int64_t>trunc(
                self.imbalance_shift * <double>(maker.bought - maker.sold) / <double>volume
            )
        return mid - <int64_t>floor(0.5 * maker.spread)

    cdef int64_t step_of(self, const Maker *maker) noexcept:
        """From level to level of its ladder, in ticks."""
        return max(1, <int64_t>nearest(self.level_spacing * maker.spread))

    cdef int quote(self, uint32_t member) except -1:
        """Send a whole ladder."""
        cdef const Maker *maker = &(<const Maker *>self.makers.data)[member]
        cdef int64_t volume = maker.bought + maker.sold
        cdef int64_t size = max(self.least_size, <int64_t>nearest(self.share * <double>volume))
        cdef int64_t step = self.step_of(maker)
        cdef int64_t bid = self.best_bid(maker), level
        cdef int64_t ask = bid + <int64_t>(floor(0.5 * maker.spread) + ceil(0.5 * maker.spread))
        for level in range(self.levels):
            # A bid below one tick would be worth nothing; it is left out.
            if bid - level * step >= 1:
                self.rest(member, BUY, size, bid - level * step)
            if ask + level * step >= 1:
                self.rest(member, SELL, size, ask + level * step)
        return 0

    cdef int rest(self, uint32_t member, int side, int64_t size, int64_t price) except -1:
        """Send one quote; its place comes back as tag with its events."""
        cdef Maker *maker = &(<Maker *>self.makers.data)[member]
        cdef int64_t place = self.take_place()
        cdef Quoted *quoted = &(<Quoted *>self.quotes.data)[place - 1]
        # Noted before it is sent: without latency it may be taken while it is sent.
        quoted.order_id = self.next_id(member)
        quoted.next = maker.first
        maker.first = place
        return self.limit_order(member, side, size, price, place)

    cdef int64_t take_place(self) except -1:
        """A free place for a quote, counted from 1."""
        cdef int64_t place = self.free
        if place:
            self.free = (<Quoted *>self.quotes.data)[place - 1].next
            return place
        if sizeof(Quoted) * <size_t>(self.used + 1) > self.quotes.nbytes:
            self.quotes.reserve(2 * self.quotes.nbytes + 64 * sizeof(Quoted))
        self.used += 1
        return self.used

    cdef int cancel_quotes(self, uint32_t member) except -1:
        """Cancel all that is open as far as the maker has heard."""
        cdef Maker *maker = &(<Maker *>self.makers.data)[member]
        cdef int64_t place = maker.first, order_id, after
        maker.first = 0
        while place:
            order_id = (<Quoted *>self.quotes.data)[place - 1].order_id
            after = (<Quoted *>self.quotes.data)[place - 1].next
            (<Quoted *>self.quotes.data)[place - 1].next = self.free
            self.free = place
            if order_id:
                self.cancel_of(member, order_id)
            place = after
        return 0

    cdef int note(self, const Event *event) except -1:
        if event.kind == TRADE:
            if event.leaves == 0:
                self.closed(event.owner, event.tag, event.order_id)
            if event.resting_leaves == 0:
                self.closed(event.resting_owner, event.resting_tag, event.resting_order_id)
        return 0

    cdef void closed(self, int64_t owner, int64_t place, int64_t order_id) noexcept:
        """A quote was taken whole. Its place may have been given to another meanwhile."""
        cdef Quoted *quotes = <Quoted *>self.quotes.data
        if (
            self.owner <= owner < self.owner + self.members
            and quotes[place - 1].order_id == order_id
        ):
            quotes[place - 1].order_id = 0


cdef double nearest(double x) noexcept nogil:
    """The nearest whole number, the even one of two."""
    cdef double low = floor(x)
    if fabs(x - low - 0.5) > 0:
        return floor(x + 0.5)
    return low if low % 2 == 0 else low + 1
