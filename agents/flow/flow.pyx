"""What all flows share: their open orders, the best prices they last saw, and their clock."""

cimport cython
from libc.stdint cimport int64_t, uint16_t

from agents.flow.orders cimport OpenOrders
from agents.random cimport exponential
from agents.simulation cimport Participant
from lob.engine.ladder cimport NO_KEY
from lob.engine.matching cimport Book
from lob.engine.records cimport (
    BUY,
    CANCELLED,
    CONTINUOUS,
    GTC,
    LIMIT,
    MARKET,
    MAX_PRICE,
    NEW,
    REASON_UNKNOWN_ORDER,
    REJECTED,
    TRADE,
    Event,
    Message,
    Quote,
    write_message,
)
from lob.units cimport SECOND_NS

from lob.checks import integer
from lob.types import MAX_PRICE as PRICE_LIMIT
from lob.types import MAX_SIZE as SIZE_LIMIT

__all__ = ["BackgroundFlow"]

cdef double LONGEST_WAIT = 9e18  # ns: 285 years


@cython.auto_pickle(True)
cdef class BackgroundFlow(Participant):
    """The base of background order flow, which makes a market move as real ones do.

    A flow is one participant. Its random times are exponential: however many processes it is made
    of, one wake-up is pending, drawn at the sum of their rates or at a bound of it. What happens
    then is drawn by the rates as they are by then, and nothing happens for the part of the bound
    that they do not fill. That is exact also where others trade with its orders in between.

    Parameters
    ----------
    name
        Identity of the flow: randomness and order ids depend on it.
    price
        The price, in ticks, around which the market begins. From 1 tick on it is that of an asset,
        which has none below: a limit order that would be lower is left out. A market that begins
        lower (of a difference, or of distances only) has no such floor.
    size
        Lots of each order, 1 or more.
    instrument
        Number of the instrument, 0 to 65535.
    **participant
        As for ``Participant``: ``owner`` and the latencies. ``members`` is refused.

    Attributes
    ----------
    live : int
        How many of its orders rest, or are on their way.
    last_bid, last_ask : int
        The best prices in ticks that it last saw on either side; ``price`` to begin with.
    least_price : int
        Ticks: no limit order of it is lower.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, name, *, price, size=1, instrument=0, **participant):
        if "members" in participant:
            raise TypeError(f"members: a flow is one participant, got {participant['members']!r}")
        Participant.__init__(self, name, **participant)
        self.last_bid = self.last_ask = integer("price", price, -PRICE_LIMIT, PRICE_LIMIT)
        self.least_price = 1 if self.last_bid >= 1 else -PRICE_LIMIT
        self.size = integer("size", size, 1, SIZE_LIMIT)
        self.instrument = integer("instrument", instrument, 0, 2**16 - 1)
        self.buys = OpenOrders()
        self.sells = OpenOrders()
        self.notes = True

    @property
    def live(self):
        """How many orders of this flow rest in the book, or are on their way."""
        return self.buys.count + self.sells.count

    cdef int join(self) except -1:
        cdef Py_ssize_t books = len(self.simulation.books)
        if self.instrument >= books:
            raise ValueError(f"instrument must be 0 to {books - 1}, got {self.instrument}")
        return Participant.join(self)

    cdef int note(self, const Event *event) except -1:
        """Forget the orders that left the book."""
        cdef OpenOrders same = self.buys if event.side == BUY else self.sells
        cdef OpenOrders other = self.sells if event.side == BUY else self.buys
        if event.kind == TRADE:
            if event.resting_leaves == 0 and event.resting_owner == self.owner:
                other.remove(event.resting_tag)
            if event.leaves == 0 and event.tag and event.owner == self.owner:
                same.remove(event.tag)
        elif event.kind == CANCELLED or event.kind == REJECTED:
            # Market orders and cancellations carry no handle.
            if event.tag and event.reason != REASON_UNKNOWN_ORDER:
                same.remove(event.tag)
        return 0

    cdef int look(self) except -1:
        """See the best prices; of an empty side the last one stays known."""
        cdef const Book *book
        cdef Quote quote
        book = self.simulation.book(self.instrument)
        if self.market_data_delay or book.session != CONTINUOUS:
            self.simulation.read_touch(self, self.instrument, &quote)
            if quote.bid_size:
                self.last_bid = quote.bid_price
            if quote.ask_size:
                self.last_ask = quote.ask_price
            return 0
        if book.sides[0].best_key != NO_KEY:
            self.last_bid = MAX_PRICE - <int64_t>book.sides[0].best_key
        if book.sides[1].best_key != NO_KEY:
            self.last_ask = <int64_t>book.sides[1].best_key - MAX_PRICE
        return 0

    cdef int limit_order(self, int side, int64_t price) except -1:
        """Send a limit order; none where there is no such price."""
        cdef OpenOrders orders = self.buys if side == BUY else self.sells
        cdef Message message
        if price > MAX_PRICE or price < self.least_price:
            return 0
        write_message(&message, NEW, side, LIMIT, GTC, 0, 0, <uint16_t>self.instrument)
        message.order_id = self.new_order_id()
        message.price = price
        message.size = self.size
        message.owner = self.owner
        message.tag = orders.add(message.order_id, price)
        return self.simulation.send(self, &message, 0)

    cdef int market_order(self, int side) except -1:
        """Send a market order."""
        cdef Message message
        write_message(&message, NEW, side, MARKET, GTC, 0, 0, <uint16_t>self.instrument)
        message.order_id = self.new_order_id()
        message.size = self.size
        message.owner = self.owner
        return self.simulation.send(self, &message, 0)

    cdef int wake_at_rate(self, double rate) except -1:
        """Ask to be woken after an exponential time; never where the rate is 0."""
        cdef double wait
        cdef int64_t whole
        self.rate = rate
        if not rate > 0:
            return 0
        wait = self.rest_of_ns + exponential(&self.stream) * SECOND_NS / rate
        if wait > LONGEST_WAIT:
            return 0
        whole = <int64_t>wait
        self.rest_of_ns = wait - whole
        return self.wake_at(self.simulation.later(whole), 0)
