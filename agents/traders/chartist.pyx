"""Fundamental-chartist-noise traders (Chiarella and Iori 2002) in a market that moves in steps."""

cimport cython
from libc.math cimport ceil, floor, trunc
from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp, natural_log
from agents.random cimport Stream, below, exponential, normal, uniform
from agents.traders.population cimport Population
from lob.engine.ladder cimport NO_LEVEL, Ladder
from lob.engine.matching cimport Book
from lob.engine.records cimport BUY, SELL, TRADE, Event

from lob.checks import integer, real

__all__ = ["FundamentalChartists"]

cdef int64_t HELD = -1  # in place of an order id: not sent yet
cdef double MOST_TICKS = 2.0**40

cdef struct Trader:
    double fundamentalist
    double chartist
    double noise
    double patience  # steps in which it expects the price to revert
    double margin
    int64_t window  # steps that it looks back and ahead, and that its orders live

cdef struct Order:
    int64_t order_id  # 0: no longer open
    int64_t price
    int64_t next  # that expires in the same step, or the next free place; counted from 1
    uint32_t member
    int side


@cython.auto_pickle(True)
cdef class FundamentalChartists(Population):
    """Traders who expect a return from the fundamental, the trend and chance, and bid on it.

    In each step ``orders_per_step`` traders, drawn without replacement, send one limit order of one
    lot each. A trader expects the log return per step

    ``(f log(fundamental / p) / patience + c log(p / p_before) / window + n scale z) / (f + c + n)``

    where p is the price, ``p_before`` that of ``window`` steps ago (or of the first step), z
    standard normal, and f, c and n are its weights. With P the price that it so expects in
    ``window`` steps, it buys at ``P (1 - margin)`` if P is above p and sells at ``P (1 + margin)``
    if it is below, for ``window`` steps. The price is that of the last trade before the step; until
    there was one, the last mid; before that, the fundamental.

    Orders of the first ``quiet_steps`` are only collected. At the next step they go to the market,
    in the order in which they were placed.

    Parameters
    ----------
    name, members, **arguments
        As for ``Population``; the first step is at ``opens``. Latency must be none: a step is over
        before the next begins.
    fundamental : int
        The fundamental value in ticks, 1 to ``2**39``, which stays as it is.
    step : int
        ns from one step to the next, 1 or more.
    steps, quiet_steps : int
        How many steps there are in all, 1 or more, and how many of these are quiet.
    orders_per_step : int
        Orders in each step, 1 to ``members``.
    weights : tuple of three floats
        Means of the exponential draws of a trader's weights, 0 or more, not all 0: fundamentalist,
        chartist, noise.
    noise_scale : float
        Scale of the noise, in log return per step, 0 or more.
    windows, patience : tuple of two floats
        Least and largest of the uniform draws of a trader's window (rounded down) and patience
        (likewise), in steps, 1 or more.
    margins : tuple of two floats
        Least and largest of the uniform draw of a trader's margin, 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range, or there is a latency.
    """

    cdef readonly int64_t fundamental
    cdef readonly int64_t step
    cdef readonly int64_t steps
    cdef readonly int64_t quiet_steps
    cdef readonly int64_t orders_per_step
    cdef readonly double noise_scale
    cdef readonly tuple weights
    cdef readonly tuple windows
    cdef readonly tuple patience
    cdef readonly tuple margins
    cdef int64_t last_trade
    cdef bint has_traded
    cdef Block traders
    cdef Block turns  # the members, in an order that is shuffled as far as needed
    cdef Block prices  # at each step so far, in ticks
    cdef Block orders
    cdef int64_t used
    cdef int64_t free
    cdef Block expiring  # by step: the first order that expires in it
    cdef Block held  # orders of the quiet steps
    cdef int64_t held_count

    def __init__(
        self,
        name,
        members,
        *,
        fundamental,
        step,
        steps,
        quiet_steps=0,
        orders_per_step=1,
        weights=(1.0, 0.0, 1.0),
        noise_scale=0.001,
        windows=(100, 200),
        patience=(50, 100),
        margins=(0.0, 0.1),
        **arguments,
    ):
        Population.__init__(self, name, members, **arguments)
        if self.to_venue is not None:
            raise ValueError(f"latency must be None in a market of steps, got {self.to_venue!r}")
        self.fundamental = integer("fundamental", fundamental, 1, 2**39)
        self.step = integer("step", step, 1, 2**50)
        self.steps = integer("steps", steps, 1, 2**32)
        self.quiet_steps = integer("quiet_steps", quiet_steps, 0, self.steps)
        self.orders_per_step = integer("orders_per_step", orders_per_step, 1, self.members)
        self.noise_scale = real("noise_scale", noise_scale, 0)
        if len(weights) != 3:
            raise ValueError(f"weights must be three numbers, got {weights!r}")
        self.weights = tuple(real(f"weights[{i}]", one, 0) for i, one in enumerate(weights))
        real("weights: their sum", sum(self.weights), above=0)
        self.windows = span("windows", windows, 1, 2**20)
        self.patience = span("patience", patience, 1, 2**40)
        self.margins = span("margins", margins, 0, 1)
        self.notes = True

    cdef int join(self) except -1:
        cdef Trader *trader
        cdef Stream *stream
        cdef int64_t member
        Population.join(self)
        self.traders = Block()
        self.traders.reserve(sizeof(Trader) * self.members)
        self.turns = Block()
        self.turns.reserve(sizeof(int64_t) * self.members)
        for member in range(self.members):
            trader = &(<Trader *>self.traders.data)[member]
            stream = self.stream_of(member)
            trader.fundamentalist = <double>self.weights[0] * exponential(stream)
            trader.chartist = <double>self.weights[1] * exponential(stream)
            trader.noise = <double>self.weights[2] * exponential(stream)
            trader.window = <int64_t>between(stream, self.windows)
            trader.patience = trunc(between(stream, self.patience))
            trader.margin = between(stream, self.margins)
            (<int64_t *>self.turns.data)[member] = member
        self.prices = Block()
        self.prices.reserve(sizeof(int64_t) * self.steps)
        self.orders = Block()
        self.expiring = Block()
        self.expiring.reserve(sizeof(int64_t) * (self.steps + 1))
        self.held = Block()
        return 0

    cdef int start(self) except -1:
        return self.wake_at(self.opens, 0)

    cdef int wake(self, uint32_t payload) except -1:
        """One step: its number is the payload."""
        cdef int64_t *turns = <int64_t *>self.turns.data
        cdef int64_t i, other, member
        self.expire(payload)
        if payload == self.quiet_steps:
            self.release_held()
        (<int64_t *>self.prices.data)[payload] = self.price_now(payload)
        for i in range(self.orders_per_step):
            other = i + <int64_t>below(&self.stream, self.members - i)
            member = turns[other]
            turns[other] = turns[i]
            turns[i] = member
            self.trade(<uint32_t>member, payload)
        if payload + 1 < self.steps and self.simulation.now < self.closes - self.step:
            self.wake_at(self.simulation.now + self.step, payload + 1)
        return 0

    cdef int64_t price_now(self, int64_t step) noexcept:
        """The price that the traders of a step see, in ticks."""
        cdef const Book *book = self.simulation.book(self.instrument)
        cdef const Ladder *bids = &book.sides[0]
        cdef const Ladder *asks = &book.sides[1]
        if self.has_traded:
            return self.last_trade
        if bids.best != NO_LEVEL and asks.best != NO_LEVEL:
            return (bids.levels[bids.best].price + asks.levels[asks.best].price) >> 1
        return (<int64_t *>self.prices.data)[step - 1] if step else self.fundamental

    cdef int trade(self, uint32_t member, int64_t step) except -1:
        """A trader sends its order for a step."""
        cdef const Trader *trader = &(<const Trader *>self.traders.data)[member]
        cdef const int64_t *prices = <const int64_t *>self.prices.data
        cdef double price = <double>prices[step]
        cdef int64_t back = min(step, trader.window)
        cdef double weight = trader.fundamentalist + trader.chartist + trader.noise
        cdef double fundamental = natural_log(<double>self.fundamental / price) / trader.patience
        cdef double trend = natural_log(price / <double>prices[step - back]) / max(back, 1)
        cdef double chance = self.noise_scale * normal(self.stream_of(member))
        cdef double expected
        if weight == 0:
            return 0
        expected = price * natural_exp(
            trader.window
            / weight
            * (
                trader.fundamentalist * fundamental
                + trader.chartist * trend
                + trader.noise * chance
            )
        )
        if expected > price:
            self.offer(member, BUY, floor(expected * (1 - trader.margin)), step)
        elif expected < price:
            self.offer(member, SELL, ceil(expected * (1 + trader.margin)), step)
        return 0

    cdef int offer(self, uint32_t member, int side, double price, int64_t step) except -1:
        """Send an order, or hold it while the market is quiet."""
        cdef Order *order
        cdef int64_t *first
        cdef int64_t place, last = step + (<Trader *>self.traders.data)[member].window + 1
        if not 1 <= price <= MOST_TICKS:
            return 0
        place = self.take_place()
        order = &(<Order *>self.orders.data)[place - 1]
        order.price = <int64_t>price
        order.member = member
        order.side = side
        order.next = 0
        if last <= self.steps:
            first = &(<int64_t *>self.expiring.data)[last]
            order.next = first[0]
            first[0] = place
        if step < self.quiet_steps:
            if sizeof(int64_t) * <size_t>(self.held_count + 1) > self.held.nbytes:
                self.held.reserve(2 * self.held.nbytes + 512)
            (<int64_t *>self.held.data)[self.held_count] = place
            self.held_count += 1
            order.order_id = HELD
            return 0
        return self.submit(place)

    cdef int64_t take_place(self) except -1:
        """A free place for an order, counted from 1."""
        cdef int64_t place = self.free
        if place:
            self.free = (<Order *>self.orders.data)[place - 1].next
            return place
        if sizeof(Order) * <size_t>(self.used + 1) > self.orders.nbytes:
            self.orders.reserve(2 * self.orders.nbytes + 256 * sizeof(Order))
        self.used += 1
        return self.used

    cdef int submit(self, int64_t place) except -1:
        """Send the order in a place; the place comes back as tag with its events."""
        cdef Order *order = &(<Order *>self.orders.data)[place - 1]
        order.order_id = self.next_id(order.member)
        return self.limit_order(order.member, order.side, 1, order.price, place)

    cdef int release_held(self) except -1:
        """Send what was collected while the market was quiet and has not expired."""
        cdef int64_t i, place
        for i in range(self.held_count):
            place = (<int64_t *>self.held.data)[i]
            if (<Order *>self.orders.data)[place - 1].order_id == HELD:
                self.submit(place)
        self.held_count = 0
        return 0

    cdef int expire(self, int64_t step) except -1:
        """Cancel what expires in a step, and free the places of all that would have."""
        cdef Order *order
        cdef int64_t place = (<int64_t *>self.expiring.data)[step], after
        while place:
            order = &(<Order *>self.orders.data)[place - 1]
            after = order.next
            if order.order_id > 0:
                self.cancel_of(order.member, order.order_id)
            order.order_id = 0
            if step >= self.quiet_steps:  # a held order's place is still listed
                order.next = self.free
                self.free = place
            place = after
        return 0

    cdef int note(self, const Event *event) except -1:
        if event.kind == TRADE:
            self.last_trade = event.price
            self.has_traded = True
            if event.leaves == 0:
                self.closed(event.owner, event.tag, event.order_id)
            if event.resting_leaves == 0:
                self.closed(event.resting_owner, event.resting_tag, event.resting_order_id)
        return 0

    cdef void closed(self, int64_t owner, int64_t place, int64_t order_id) noexcept:
        """An order was filled; its place is freed when it would have expired."""
        cdef Order *orders = <Order *>self.orders.data
        if (
            self.owner <= owner < self.owner + self.members
            and orders[place - 1].order_id == order_id
        ):
            orders[place - 1].order_id = 0


cdef double between(Stream *stream, tuple ends) except *:
    """A uniform draw."""
    cdef double low = ends[0], high = ends[1]
    return low + (high - low) * uniform(stream)


def span(name, ends, low, high):
    """Two numbers as the ends of a uniform distribution: a tuple of floats.

    Raises ``ValueError`` that begins with ``name`` unless both are from ``low`` to ``high``, the
    first not above the second.
    """
    if len(ends) != 2:
        raise ValueError(f"{name} must be two numbers, got {ends!r}")
    least, most = (real(f"{name}[{i}]", one, 0) for i, one in enumerate(ends))
    if not low <= least <= most <= high:
        raise ValueError(f"{name} must rise within {low} to {high}, got {ends!r}")
    return least, most
