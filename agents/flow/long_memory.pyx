"""Order signs with a long memory: large orders that are split into many small ones."""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp, natural_log
from agents.flow.poisson cimport Poisson
from agents.random cimport Stream, below, draw, uniform
from lob.engine.records cimport BUY, SELL

from agents.flow.poisson import MAX_WINDOW
from lob.checks import integer, real, reals

__all__ = ["LongMemory"]

MAX_METAORDERS = 2**20
cdef double LONGEST = 2.0**52

cdef struct Metaorder:
    int64_t remaining  # market orders to come, at least 1
    int64_t side


@cython.auto_pickle(True)
cdef class LongMemory(Poisson):
    """Market orders that are pieces of large orders, against zero-intelligence liquidity.

    There are always ``metaorders`` large orders. Each market order is a piece of one of them,
    chosen at random, and has its side. One that is done is replaced by another, of either side
    with the same probability, that has at least l pieces with probability ``l**-beta``. So signs
    of market orders have an autocorrelation that falls as ``lag**(1 - beta)``. The first ones are
    drawn from the stationary state. The limit orders and cancellations are those of
    ``ZeroIntelligence``.

    Parameters
    ----------
    name, price, **others
        As for ``BackgroundFlow``.
    metaorders
        How many large orders are being worked at any time, 1 or more: N of the paper.
    beta
        Tail exponent of the number of pieces, above 1 and at most 10.
    mu
        Market orders a second, 0 or more.
    alpha
        Limit orders a second at each price, on either side, 0 or more.
    delta
        Cancellation rate of each order, per second, 0 or more.
    window, depth
        As for ``ZeroIntelligence``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    References
    ----------
    Lillo, Mike, Farmer (2005): Theory for long memory in supply and demand. Physical Review E
    71, 066122; the model with a fixed number of hidden orders.
    """

    cdef readonly int64_t metaorders
    cdef readonly double beta
    cdef Block hidden  # Metaorder

    def __init__(
        self, name, *, price, metaorders, beta, mu, alpha, delta, window=1_000, depth=0, **others
    ):
        width = integer("window", window, 1, MAX_WINDOW)
        Poisson.__init__(
            self,
            name,
            price=price,
            lambda_=[real("alpha", alpha, 0)] * width,
            theta=reals("delta", [delta]),
            mu=0.5 * real("mu", mu, 0),
            depth=depth,
            **others,
        )
        self.metaorders = integer("metaorders", metaorders, 1, MAX_METAORDERS)
        self.beta = real("beta", beta, 1.0, 10.0)
        if self.beta == 1:
            raise ValueError(f"beta must be above 1: there is no mean size at 1, got {beta!r}")
        self.hidden = Block()
        self.hidden.reserve(sizeof(Metaorder) * self.metaorders)

    cdef int start(self) except -1:
        cdef Metaorder *metaorders = <Metaorder *>self.hidden.data
        cdef int64_t i
        for i in range(self.metaorders):
            metaorders[i].remaining = zipf(&self.stream, self.beta)
            metaorders[i].side = either_side(&self.stream)
        return Poisson.start(self)

    cdef int market_side(self, double u) except? 0:
        """The side of the metaorder whose turn it is."""
        cdef Metaorder *one = &(<Metaorder *>self.hidden.data)[
            below(&self.stream, <uint64_t>self.metaorders)
        ]
        cdef int side = <int>one.side
        one.remaining -= 1
        if one.remaining == 0:
            one.remaining = pareto(&self.stream, self.beta)
            one.side = either_side(&self.stream)
        return side


cdef int64_t either_side(Stream *stream) noexcept:
    return BUY if draw(stream) >> 63 else SELL


cdef int64_t pareto(Stream *stream, double beta) noexcept:
    """A number that is at least l with probability ``l**-beta``, for l = 1, 2, 3..."""
    cdef double length = natural_exp(-natural_log(1 - uniform(stream)) / beta)
    return <int64_t>length if length < LONGEST else <int64_t>LONGEST


cdef int64_t zipf(Stream *stream, double beta) noexcept:
    """A number that is l with probability proportional to ``l**-beta``, for l = 1, 2, 3...

    That is what remains of a metaorder at a random time. By rejection: Devroye (1986),
    Non-Uniform Random Variate Generation, chapter X.6.
    """
    cdef double power = natural_exp((beta - 1) * natural_log(2.0))
    cdef double length, ratio
    while True:
        length = natural_exp(-natural_log(1 - uniform(stream)) / (beta - 1))
        if length >= LONGEST:
            return <int64_t>LONGEST
        length = <double><int64_t>length
        ratio = natural_exp((beta - 1) * natural_log(1 + 1 / length))
        if uniform(stream) * length * (ratio - 1) / (power - 1) <= ratio / power:
            return <int64_t>length
