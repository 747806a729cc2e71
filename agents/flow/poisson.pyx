"""Orders that arrive and leave as Poisson processes.

``Poisson`` is the model of Cont, Stoikov and Talreja, in which rates depend on the distance from
the opposite best price. ``ZeroIntelligence``, the model of Smith, Farmer, Gillemot and
Krishnamurthy, is the case of rates that do not.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp, natural_log
from agents.flow.choice cimport Choice
from agents.flow.flow cimport BackgroundFlow
from agents.flow.orders cimport OpenOrder, OpenOrders
from agents.random cimport below, poisson, uniform
from lob.engine.matching cimport Book
from lob.engine.memory cimport prefetch
from lob.engine.order_table cimport RestingOrder, hash_id, table_guess
from lob.engine.records cimport BUY, SELL

from lob.checks import integer, real, reals

__all__ = ["Poisson", "ZeroIntelligence"]

MAX_WINDOW = 2**20
MAX_DEPTH = 2**24

cdef int64_t CROWD = 20_000  # open orders: fewer fit the processor's cache


@cython.auto_pickle(True)
cdef class Poisson(BackgroundFlow):
    """Poisson flow with rates by distance from the opposite best price.

    On either side, limit orders arrive at rate ``lambda_(i)`` at distance i, market orders at rate
    ``mu``, and each open order of the flow is cancelled at rate ``theta(i)``, where i is its
    distance by then. With an empty opposite side, distances are from its last known best price.

    Parameters
    ----------
    name, price, **others
        As for ``BackgroundFlow``.
    lambda_
        Limit orders a second on one side, at distances 1, 2, 3... ticks, each 0 or more.
    theta
        Cancellations a second of one order, at distances 1, 2, 3... ticks, each 0 or more: the last
        holds beyond.
    mu
        Market orders a second on one side, 0 or more.
    k, alpha
        At the distances i beyond ``lambda_``, up to ``window``, the rate is ``k / i**alpha``
        orders a second; both 0 or more.
    window
        The largest distance at which limit orders arrive, in ticks; default: as many as
        ``lambda_`` has, which is the least.
    depth
        How many orders there are on both sides to begin with, at distances from ``price`` drawn
        with probability proportional to ``lambda_(i) / theta(i)``: the stationary state far from
        the best prices. ``None`` draws their number too.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    References
    ----------
    Cont, Stoikov, Talreja (2010): A stochastic model for order book dynamics. Operations Research
    58(3). All orders there are of one size; rates are those of this class with ``size=1``.
    """

    def __init__(
        self, name, *, price, lambda_, theta, mu, k=0.0, alpha=0.0, window=None, depth=0, **others
    ):
        BackgroundFlow.__init__(self, name, price=price, **others)
        arrivals = reals("lambda_", lambda_)
        if window is None:
            window = len(arrivals)
        window = integer("window", window, 1, MAX_WINDOW)
        scale, power = real("k", k, 0), real("alpha", alpha, 0)
        if len(arrivals) > window:
            raise ValueError(f"window must be at least {len(arrivals)}, got {window}")
        arrivals += [scale * power_law(i, power) for i in range(len(arrivals) + 1, window + 1)]
        self.set_rates(arrivals, reals("theta", theta), real("mu", mu, 0), depth)

    cdef int set_rates(self, list arrivals, list thetas, double mu, object depth) except -1:
        """Keep the rates, those of one side."""
        cdef int64_t i
        if any(arrivals):
            self.distances = Choice("lambda_", arrivals)
            self.limit_rate = 2 * self.distances.total
        self.market_rate = 2 * mu
        self.theta_most = max(thetas)
        # A list that ends as it began needs no look at distances.
        self.theta_count = 1 if min(thetas) == max(thetas) else len(thetas)
        self.thetas = Block()
        self.thetas.reserve(sizeof(double) * self.theta_count)
        for i in range(self.theta_count):
            (<double *>self.thetas.data)[i] = thetas[i]
        self.depth = -1 if depth is None else integer("depth", depth, 0, MAX_DEPTH)
        if self.depth == 0:
            return 0
        if self.distances is None:
            raise ValueError(f"depth must be 0 where no limit orders arrive, got {depth!r}")
        rates = [(a, self.theta_at(d + 1)) for d, a in enumerate(arrivals)]
        if any([a > 0 and leave == 0 for a, leave in rates]):
            raise ValueError(f"depth must be 0 where orders stay for ever, got {depth!r}")
        self.far_field = Choice("lambda_", [a / leave if a else 0.0 for a, leave in rates])
        if self.depth < 0 and 2 * self.far_field.total > MAX_DEPTH:
            raise ValueError(
                f"depth must be given where more than {MAX_DEPTH} orders are expected, got None"
            )
        return 0

    cdef int start(self) except -1:
        if self.far_field is not None:
            self.seed_book()
        self.luck = uniform(&self.stream)
        self.later_luck = uniform(&self.stream)
        self.third_luck = uniform(&self.stream)
        self.fourth_luck = uniform(&self.stream)
        return self.schedule_next()

    cdef int seed_book(self) except -1:
        """The orders of the beginning."""
        cdef int64_t count = self.depth, distance
        if count < 0:
            count = poisson(&self.stream, 2 * self.far_field.total)
        while count:
            distance = 1 + self.far_field.pick(uniform(&self.stream))
            if below(&self.stream, 2):
                self.limit_order(BUY, self.last_ask - distance)
            else:
                self.limit_order(SELL, self.last_bid + distance)
            count -= 1
        return 0

    cdef double total_rate(self) noexcept:
        """Of all that may happen, each order leaving at the highest theta: a second."""
        return (
            self.limit_rate + self.market_rate
            + self.theta_most * (self.buys.count + self.sells.count)
        )

    cdef int schedule_next(self) except -1:
        """Draw when the next thing happens."""
        self.wake_at_rate(self.total_rate())
        if self.theta_most > 0 and self.buys.count + self.sells.count > CROWD:
            self.prepare()
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        """One thing happens. Which, where and on which side: one draw tells it all."""
        cdef double at = self.luck * self.rate
        cdef double half = 0.5 * self.limit_rate
        cdef double leave = self.theta_most * (self.buys.count + self.sells.count)
        self.luck, self.later_luck = self.later_luck, self.third_luck
        self.third_luck, self.fourth_luck = self.fourth_luck, uniform(&self.stream)
        self.look()
        if at < leave:
            self.cancel_some(at / self.theta_most)
            return self.schedule_next()
        at -= leave
        if at < half:
            self.limit_order(BUY, self.last_ask - 1 - self.distances.pick(at / half))
        elif at < self.limit_rate:
            self.limit_order(SELL, self.last_bid + 1 + self.distances.pick((at - half) / half))
        elif at < self.limit_rate + self.market_rate:
            self.market_order(self.market_side((at - self.limit_rate) / self.market_rate))
        return self.schedule_next()

    cdef int prepare(self) noexcept:
        """Ask early for the memory that the coming draws lead to, if nothing else happens.

        In a large book each step of the way to an order is a wait for memory: its place in the
        row, its entry in the book's table, its record, its neighbours. Each is taken at another
        wake-up, ahead of the one at which the order is cancelled. It changes nothing but the pace.
        """
        cdef Book *book = self.simulation.book(self.instrument)
        cdef OpenOrders orders
        cdef const OpenOrder *order
        cdef const RestingOrder *record
        cdef int64_t place
        cdef uint32_t hashed
        orders = self.find(self.fourth_luck * self.rate / self.theta_most, &place)
        if orders is not None:
            prefetch(orders.at(place))
        orders = self.find(self.third_luck * self.rate / self.theta_most, &place)
        if orders is not None:
            order = orders.at(place)
            prefetch(orders.place_of(order.handle))
            prefetch(&book.table.buckets[hash_id(&book.table, order.order_id) & book.table.mask])
        orders = self.find(self.later_luck * self.rate / self.theta_most, &place)
        if orders is not None:
            hashed = hash_id(&book.table, orders.at(place).order_id)
            prefetch(&book.table.orders[table_guess(&book.table, hashed)])
            prefetch(orders.place_of(orders.at(orders.count - 1).handle))
        orders = self.find(self.luck * self.rate / self.theta_most, &place)
        if orders is not None:
            hashed = hash_id(&book.table, orders.at(place).order_id)
            record = &book.table.orders[table_guess(&book.table, hashed)]
            prefetch(&book.table.orders[record.prev])
            prefetch(&book.table.orders[record.next])
            prefetch(&book.sides[record.side < 0].levels[record.level])
        hashed = hash_id(&book.table, (<int64_t>self.owner << 32) | (self.orders_sent + 2))
        prefetch(&book.table.buckets[hashed & book.table.mask])
        return 0

    cdef inline OpenOrders find(self, double number, int64_t *place):
        """The side and the place of the open order with this number, rounded down, or None."""
        place[0] = <int64_t>number
        if place[0] < self.buys.count:
            return self.buys
        place[0] -= self.buys.count
        return self.sells if place[0] < self.sells.count else None

    cdef int market_side(self, double u) except? 0:
        """The side of a market order, with ``u`` uniform on [0, 1)."""
        return BUY if u < 0.5 else SELL

    cdef int cancel_some(self, double u) except -1:
        """Cancel the open order number ``u`` rounded down, with probability theta over its bound.

        There may be no such order any more: others have traded with it since.
        """
        cdef int64_t place, distance
        cdef OpenOrders orders = self.find(u, &place)
        cdef const OpenOrder *order
        if orders is None:
            return 0
        u -= <int64_t>u
        order = orders.at(place)
        if self.theta_count > 1:
            if orders is self.buys:
                distance = self.last_ask - order.price
            else:
                distance = order.price - self.last_bid
            if u * self.theta_most >= self.theta_at(distance):
                return 0
        return self.cancel_order(self.instrument, order.order_id)

    cdef double theta_at(self, int64_t distance) noexcept:
        """Rate of cancellation of one order at a distance in ticks."""
        cdef int64_t i = distance - 1
        if i >= self.theta_count:
            i = self.theta_count - 1
        return (<double *>self.thetas.data)[i if i > 0 else 0]


@cython.auto_pickle(True)
cdef class ZeroIntelligence(Poisson):
    """Zero-intelligence flow: orders that know nothing but where the best prices are.

    All orders are of ``sigma`` lots. Buy limit orders arrive uniformly at the ``window`` prices
    below the best ask, sell limit orders at those above the best bid. The published model has no
    window: it is there so that the total rate is finite, and should be many spreads wide.

    Parameters
    ----------
    name, price, **others
        As for ``BackgroundFlow``.
    alpha
        Limit order rate: lots a second at each price, on either side, 0 or more.
    mu
        Market order rate: lots a second, half of them bought, 0 or more.
    delta
        Cancellation rate of each order, per second, 0 or more.
    sigma
        Lots of each order, 1 or more; takes the place of ``size``, which is refused.
    window
        How many prices there are at which limit orders arrive on a side, 1 or more.
    depth
        How many orders there are to begin with, as in ``Poisson``: uniform over the window.
        ``None`` draws as many as rest on average where no market order comes,
        ``alpha / (sigma * delta)`` at each price.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    References
    ----------
    Smith, Farmer, Gillemot, Krishnamurthy (2003): Statistical theory of the continuous double
    auction. Quantitative Finance 3(6).
    """

    def __init__(
        self, name, *, price, alpha, mu, delta, sigma=1, window=1_000, depth=0, **others
    ):
        if "size" in others:
            raise TypeError(f"size: the size of the orders is sigma here, got {others['size']!r}")
        lots = integer("sigma", sigma, 1)
        BackgroundFlow.__init__(self, name, price=price, size=lots, **others)
        width = integer("window", window, 1, MAX_WINDOW)
        arrival = real("alpha", alpha, 0) / lots
        trading = real("mu", mu, 0) / lots
        leaving = real("delta", delta, 0)
        self.set_rates([arrival] * width, [leaving], 0.5 * trading, depth)


cdef double power_law(double i, double power) noexcept:
    """``i ** -power``, the same on every machine."""
    return natural_exp(-power * natural_log(i))
