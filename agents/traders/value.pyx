"""Value traders: they see a noisy fundamental, believe what Bayes' rule makes of it, and trade it.

``Belief`` is the estimate on its own; the agents use the same compiled functions.
"""

cimport cython
from libc.math cimport floor, sqrt
from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp
from agents.random cimport Stream, below, normal, uniform
from agents.traders.fundamental cimport Fundamental
from agents.traders.population cimport Population
from agents.traders.sizes cimport SizeMixture
from lob.engine.records cimport BUY, CANCELLED, SELL, TRADE, Event, Quote
from lob.units cimport SECOND_NS

from lob.checks import integer, real

__all__ = ["Belief", "ValueTraders"]


cdef struct View:
    double value  # best estimate at ``time``, in ticks
    double variance
    int64_t time

cdef struct Trader:
    View view
    int64_t order_id  # 0: none is open, as far as it has heard

cdef struct Prior:
    double mean
    double reversion_ns
    double noise_variance
    double variance_ns  # that the fundamental gathers in 1 ns


cdef void observe(View *view, const Prior *prior, double seen, int64_t time) noexcept nogil:
    """Take the estimate on to a time, then weigh it against what is seen there."""
    cdef double elapsed = <double>(time - view.time)
    cdef double decay = natural_exp(-prior.reversion_ns * elapsed)
    cdef double expected = prior.mean + (view.value - prior.mean) * decay
    cdef double variance = view.variance * decay * decay
    cdef double total
    if prior.reversion_ns * elapsed < 1e-9:
        variance += prior.variance_ns * elapsed
    else:
        variance += prior.variance_ns / (2 * prior.reversion_ns) * (1 - decay * decay)
    total = variance + prior.noise_variance
    view.time = time
    if total > 0:
        view.value = (prior.noise_variance * expected + variance * seen) / total
        view.variance = prior.noise_variance * variance / total
    else:  # certain of both: they are the same
        view.value = expected
        view.variance = 0


cdef double projected(const View *view, const Prior *prior, int64_t time) noexcept nogil:
    """The estimate of the value at a later time."""
    cdef double left = <double>(time - view.time)
    if left <= 0:
        return view.value
    return prior.mean + (view.value - prior.mean) * natural_exp(-prior.reversion_ns * left)


@cython.auto_pickle(True)
cdef class Belief:
    """An estimate of a mean-reverting value from noisy observations: a Kalman filter.

    Parameters
    ----------
    mean : float
        Value in ticks towards which it is believed to revert, 0 or more; also the first estimate,
        held for certain.
    reversion : float
        Speed of the reversion per second, 0 or more.
    volatility : float
        Ticks per square root of a second, 0 or more.
    noise_variance : float
        Variance of one observation, in ticks squared, 0 or more.
    ts : int, default 0
        Time of the first estimate in ns.

    Attributes
    ----------
    value, variance : float
        The estimate in ticks and its variance in ticks squared at the last observation.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef View view
    cdef Prior prior

    def __init__(self, mean, *, reversion, volatility, noise_variance, ts=0):
        self.prior.mean = real("mean", mean, 0)
        self.prior.reversion_ns = real("reversion", reversion, 0) / SECOND_NS
        self.prior.noise_variance = real("noise_variance", noise_variance, 0)
        cdef double deviation = real("volatility", volatility, 0)
        self.prior.variance_ns = deviation * deviation / SECOND_NS
        self.view.value = self.prior.mean
        self.view.variance = 0
        self.view.time = ts

    def observe(self, double seen, int64_t ts):
        """Take an observation of the value in ticks, made at a time in ns, into account.

        Raises ``ValueError`` if that is before the last observation.
        """
        if ts < self.view.time:
            raise ValueError(f"ts must not be before the last observation, got {ts}")
        observe(&self.view, &self.prior, seen, ts)

    def at(self, int64_t ts):
        """The estimate of the value, in ticks, at a time in ns from the last observation on."""
        return projected(&self.view, &self.prior, ts)

    @property
    def value(self):
        """The estimate in ticks at the last observation."""
        return self.view.value

    @property
    def variance(self):
        """Variance of the estimate, in ticks squared, at the last observation."""
        return self.view.variance


@cython.auto_pickle(True)
cdef class ValueTraders(Population):
    """Traders who buy below and sell above what they believe the asset is worth at the close.

    A trader wakes up at exponential gaps, the first one after the opening. It cancels its order,
    asks for the best bid and ask, and observes the fundamental with normal noise. If its estimate
    for the close is below the mid, it sells at the bid plus an amount, otherwise it buys at the ask
    less that amount; the amount is 0 with probability ``aggressive``, else uniform on 0 to
    ``depth`` spreads. Where a side of the book is empty it offers its estimate, on a random side.
    (The background agents of Byrd, Hybinette and Balch 2020.)

    Parameters
    ----------
    name, members, **arguments
        As for ``Population``. The session needs an end, ``closes``.
    fundamental : Fundamental
        The fundamental value that they observe.
    sizes : SizeMixture
        Sizes of the orders, in lots.
    rate : float
        Wake-ups of one trader per second, above 0.
    mean, reversion, volatility
        What they believe the fundamental to be: see ``Belief``.
    noise_variance : float
        Variance of one observation, in ticks squared, 0 or more.
    aggressive : float, default 0.1
        Probability of an order at the best price of the other side, 0 to 1.
    depth : int, default 2
        Spreads over which the other orders are spread, 1 or more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly Fundamental fundamental
    cdef readonly SizeMixture sizes
    cdef readonly double rate
    cdef readonly double aggressive
    cdef readonly int64_t depth
    cdef Prior prior
    cdef Block traders

    def __init__(
        self,
        name,
        members,
        *,
        Fundamental fundamental not None,
        SizeMixture sizes not None,
        rate,
        mean,
        reversion,
        volatility,
        noise_variance,
        aggressive=0.1,
        depth=2,
        **arguments,
    ):
        Population.__init__(self, name, members, **arguments)
        self.fundamental = fundamental
        self.sizes = sizes
        self.rate = real("rate", rate, above=0)
        self.prior.mean = real("mean", mean, 0)
        self.prior.reversion_ns = real("reversion", reversion, 0) / SECOND_NS
        self.prior.noise_variance = real("noise_variance", noise_variance, 0)
        cdef double deviation = real("volatility", volatility, 0)
        self.prior.variance_ns = deviation * deviation / SECOND_NS
        self.aggressive = real("aggressive", aggressive, 0)
        if self.aggressive > 1:
            raise ValueError(f"aggressive must be at most 1, got {aggressive}")
        self.depth = integer("depth", depth, 1, 2**20)
        self.notes = True

    cdef int join(self) except -1:
        cdef int64_t member
        cdef Trader *trader
        Population.join(self)
        self.traders = Block()
        self.traders.reserve(sizeof(Trader) * self.members)
        for member in range(self.members):
            trader = &(<Trader *>self.traders.data)[member]
            trader.view.value = self.prior.mean
            trader.view.variance = 0
            trader.view.time = self.opens
        return 0

    cdef int start(self) except -1:
        cdef int64_t member
        for member in range(self.members):
            self.wake_within(member, SECOND_NS / self.rate)
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        cdef Trader *trader = &(<Trader *>self.traders.data)[payload]
        if not self.is_open():
            return 0
        self.wake_within(payload, SECOND_NS / self.rate)
        if trader.order_id:
            self.cancel_of(payload, trader.order_id)
        return self.ask_touch(payload)

    cdef int told(self, const Quote *quote, uint32_t member) except -1:
        cdef Stream *stream = self.stream_of(member)
        cdef Trader *trader = &(<Trader *>self.traders.data)[member]
        cdef int64_t now = self.simulation.now
        cdef int64_t estimate, price, away = 0, size
        cdef int side
        cdef double seen
        if not self.is_open():
            return 0
        seen = floor(
            self.fundamental.at(now) + sqrt(self.prior.noise_variance) * normal(stream) + 0.5
        )
        observe(&trader.view, &self.prior, seen, now)
        estimate = <int64_t>floor(projected(&trader.view, &self.prior, self.closes) + 0.5)
        if quote.bid_size and quote.ask_size:
            if uniform(stream) >= self.aggressive:
                away = <int64_t>below(stream, self.depth * (quote.ask_price - quote.bid_price))
            if 2 * estimate < quote.bid_price + quote.ask_price:
                side = SELL
                price = quote.bid_price + away
            else:
                side = BUY
                price = quote.ask_price - away
        else:
            side = BUY if below(stream, 2) else SELL
            price = estimate
        size = self.sizes.sample(stream)
        if size and price > 0:
            # Noted before it is sent: without latency it may be taken while it is sent.
            trader.order_id = self.next_id(member)
            self.limit_order(member, side, size, price, 0)
        return 0

    cdef int note(self, const Event *event) except -1:
        if event.kind == TRADE:
            if event.leaves == 0:
                self.closed(event.owner, event.order_id)
            if event.resting_leaves == 0:
                self.closed(event.resting_owner, event.resting_order_id)
        elif event.kind == CANCELLED:
            self.closed(event.owner, event.order_id)
        return 0

    cdef void closed(self, int64_t owner, int64_t order_id) noexcept:
        """An order of somebody is no longer open."""
        cdef Trader *trader
        if self.owner <= owner < self.owner + self.members:
            trader = &(<Trader *>self.traders.data)[owner - self.owner]
            if trader.order_id == order_id:
                trader.order_id = 0
