"""Orders that excite one another: a multivariate Hawkes process with exponential kernels."""

cimport cython
from libc.stdint cimport int64_t, uint32_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp
from agents.flow.choice cimport Choice
from agents.flow.flow cimport BackgroundFlow
from agents.flow.orders cimport OpenOrders
from agents.random cimport below, uniform
from lob.engine.records cimport BUY, SELL
from lob.units cimport SECOND_NS

from collections.abc import Iterable
from warnings import warn

import numpy as np

from lob.checks import real, reals

__all__ = ["EVENT_TYPES", "Hawkes"]

EVENT_TYPES = (
    "limit buy", "limit sell", "market buy", "market sell", "cancel buy", "cancel sell"
)
"""What the rows and columns of the excitation matrix stand for."""

cdef enum:
    LIMIT_BUY = 0
    LIMIT_SELL = 1
    MARKET_BUY = 2
    MARKET_SELL = 3
    CANCEL_BUY = 4
    CANCEL_SELL = 5
    TYPES = 6

cdef double SECONDS_A_NS = 1.0 / SECOND_NS


@cython.auto_pickle(True)
cdef class Hawkes(BackgroundFlow):
    """Limit orders, market orders and cancellations that excite one another.

    The intensity of events of type i, in the order of ``EVENT_TYPES``, is ``baseline[i]`` plus,
    for every past event of type j, ``excitation[i][j] * decay[j] * exp(-decay[j] * age)``. Limit
    orders go to a distance from the opposite best price drawn from ``placement``; a cancellation
    takes one of the flow's own open orders of its side at random, and does nothing where there is
    none. Besides, each open order leaves at rate ``theta``.

    Without that the rates of arrivals and departures know nothing of how much rests: where more
    comes than goes the book grows without end, of which a ``UserWarning`` tells.

    The times are exact (thinning, Ogata 1981): between events intensities only fall, so that the
    last one is a bound.

    Parameters
    ----------
    name, price, **others
        As for ``BackgroundFlow``.
    baseline
        Six rates, 0 or more: events a second that come by themselves.
    excitation
        Six rows of six, 0 or more: how many events of the row's type one event of the column's type
        causes on average, directly. Its spectral radius must be below 1.
    decay
        How fast excitation fades, per second: a number above 0, or six by the type of the cause.
    placement
        Weights, 0 or more, of the distances 1, 2, 3... ticks from the opposite best price.
    theta
        Cancellations a second of one open order, 0 or more, whatever else happens: with any above 0
        the number of open orders settles where as many leave as come.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type, shape or range, or the spectral radius of
        ``excitation`` is 1 or more.

    References
    ----------
    Hawkes (1971), Biometrika 58(1); Ogata (1981), IEEE Transactions on Information Theory 27(1);
    Large (2007), Journal of Financial Markets 10(1), for the order book as such a process.
    """

    cdef Choice distances
    cdef Block numbers  # baseline, then jumps[i][j] = excitation * decay, decay, state[j]
    cdef int64_t updated  # ns: the time of the state
    cdef bint even  # all decays are the same
    cdef double theta

    def __init__(
        self,
        name,
        *,
        price,
        baseline,
        excitation,
        decay,
        placement=(1.0,),
        theta=0.0,
        **others,
    ):
        cdef double *numbers
        BackgroundFlow.__init__(self, name, price=price, **others)
        base = reals("baseline", baseline, TYPES)
        rows = list(excitation)
        if len(rows) != TYPES:
            raise ValueError(f"excitation must have {TYPES} rows, got {len(rows)}")
        matrix = [reals(f"excitation[{i}]", row, TYPES) for i, row in enumerate(rows)]
        radius = float(max(abs(np.linalg.eigvals(np.array(matrix)))))
        if radius >= 1:
            raise ValueError(
                f"excitation must have a spectral radius below 1, or events multiply for ever, "
                f"got {radius:.6g}"
            )
        if not isinstance(decay, Iterable):
            decay = [decay] * TYPES
        decays = reals("decay", decay, TYPES)
        if min(decays) == 0:
            raise ValueError(f"decay must be above 0, got {decay!r}")
        self.even = min(decays) == max(decays)
        self.theta = real("theta", theta, 0)
        if self.theta == 0:
            warn_of_growth(name, base, matrix)
        self.distances = Choice("placement", placement)
        self.numbers = Block()
        self.numbers.reserve(sizeof(double) * (3 * TYPES + TYPES * TYPES))
        jumps = [matrix[i][j] * decays[j] for i in range(TYPES) for j in range(TYPES)]
        numbers = <double *>self.numbers.data
        for i, value in enumerate([*base, *jumps, *decays]):
            numbers[i] = value

    cdef int start(self) except -1:
        self.updated = self.simulation.now
        return self.schedule_next()

    cdef int schedule_next(self) except -1:
        """Draw when the next thing may happen: from now on all rates only fall."""
        cdef double leaving = self.theta * (self.buys.count + self.sells.count)
        return self.wake_at_rate(self.intensity_sum() + leaving)

    cdef inline double *state(self) noexcept:
        return <double *>self.numbers.data + 2 * TYPES + TYPES * TYPES

    cdef double intensity_of(self, int kind) noexcept:
        """Events of a type a second, at the time of the state."""
        cdef const double *numbers = <const double *>self.numbers.data
        cdef const double *jumps = numbers + TYPES + TYPES * kind
        cdef const double *state = self.state()
        cdef double sum = numbers[kind]
        cdef int j
        for j in range(TYPES):
            sum += jumps[j] * state[j]
        return sum

    cdef double intensity_sum(self) noexcept:
        cdef double sum = 0
        cdef int kind
        for kind in range(TYPES):
            sum += self.intensity_of(kind)
        return sum

    cdef int fade(self) noexcept:
        """Bring the state to the present."""
        cdef const double *decays = <const double *>self.numbers.data + TYPES + TYPES * TYPES
        cdef double *state = self.state()
        cdef double age = (self.simulation.now - self.updated) * SECONDS_A_NS
        cdef double left = natural_exp(-decays[0] * age)
        cdef int j
        self.updated = self.simulation.now
        for j in range(TYPES):
            state[j] *= left if self.even else natural_exp(-decays[j] * age)
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        cdef double at = uniform(&self.stream) * self.rate
        cdef int kind
        self.fade()
        for kind in range(TYPES):
            at -= self.intensity_of(kind)
            if at < 0:
                self.state()[kind] += 1
                self.act(kind)
                return self.schedule_next()
        if self.theta > 0:
            self.cancel_one(at / self.theta)
        return self.schedule_next()

    cdef int cancel_one(self, double number) except -1:
        """Cancel the open order with this number, rounded down, if there is one."""
        cdef int64_t place = <int64_t>number
        cdef OpenOrders orders = self.buys
        if place >= orders.count:
            place -= orders.count
            orders = self.sells
        if place >= orders.count:
            return 0
        return self.cancel_order(self.instrument, orders.at(place).order_id)

    cdef int act(self, int kind) except -1:
        """What an event of a type does."""
        cdef OpenOrders orders
        cdef int64_t distance
        if kind == MARKET_BUY or kind == MARKET_SELL:
            return self.market_order(BUY if kind == MARKET_BUY else SELL)
        if kind == LIMIT_BUY or kind == LIMIT_SELL:
            self.look()
            distance = 1 + self.distances.pick(uniform(&self.stream))
            if kind == LIMIT_BUY:
                return self.limit_order(BUY, self.last_ask - distance)
            return self.limit_order(SELL, self.last_bid + distance)
        orders = self.buys if kind == CANCEL_BUY else self.sells
        if orders.count == 0:
            return 0
        return self.cancel_order(
            self.instrument, orders.at(<int64_t>below(&self.stream, orders.count)).order_id
        )

    def intensities(self):
        """The six intensities in events a second, as they were at the flow's last wake-up.

        A list of floats, in the order of ``EVENT_TYPES``.
        """
        return [self.intensity_of(kind) for kind in range(TYPES)]


def warn_of_growth(name, baseline, matrix):
    """Issue a ``UserWarning`` where on a side more orders come than go in the long run.

    ``baseline`` is events a second, ``matrix`` the excitation, both as for ``Hawkes``; ``name`` is
    the flow's, for the warning.
    """
    rates = np.linalg.solve(np.eye(TYPES) - np.array(matrix), np.array(baseline))
    for side, came, sold, left in (
        ("buy", LIMIT_BUY, MARKET_SELL, CANCEL_BUY), ("sell", LIMIT_SELL, MARKET_BUY, CANCEL_SELL)
    ):
        growth = rates[came] - rates[sold] - rates[left]
        if growth > 1e-9 * rates.sum():
            warn(
                f"{name}: {rates[came]:.4g} {side} orders a second come and "
                f"{rates[sold] + rates[left]:.4g} go: the book grows without end; give theta, or "
                "rates that balance",
                stacklevel=3,
            )
            return
