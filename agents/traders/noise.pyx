"""Noise traders: each trades once, at a random time, on a random side, without any view."""

cimport cython
from libc.math cimport fabs
from libc.stdint cimport int64_t, uint32_t

from lob.engine.elementary cimport natural_exp, natural_log
from agents.random cimport Stream, below, uniform
from agents.traders.population cimport Population
from agents.traders.sizes cimport SizeMixture
from lob.engine.records cimport BUY, SELL, Quote

from lob import checks

__all__ = ["NoiseTraders"]

cdef enum:
    RUSH = 100  # ns within which those who waited for the opening come


@cython.auto_pickle(True)
cdef class NoiseTraders(Population):
    """Traders who wake up once, look at the best bid and ask, and take the other side's best price.

    Their times are more frequent at both ends of the day: the density is quadratic and 0 at the
    middle (as ABIDES draws them). Who would wake up before the session comes within 100 ns of its
    opening; who would after it, does not trade. A trader who finds nothing to trade with goes
    away.

    Parameters
    ----------
    name, members, **arguments
        As for ``Population``.
    sizes : SizeMixture
        Sizes of the orders, in lots.
    earliest, latest : int
        The times in ns between which they wake up, ``latest`` not before ``earliest``; ``opens``
        and ``closes`` if not given.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    cdef readonly SizeMixture sizes
    cdef readonly int64_t earliest
    cdef readonly int64_t latest

    def __init__(
        self, name, members, *, SizeMixture sizes not None, earliest=None, latest=None, **arguments
    ):
        Population.__init__(self, name, members, **arguments)
        self.sizes = sizes
        self.earliest = checks.integer("earliest", self.opens if earliest is None else earliest, 0)
        self.latest = checks.integer(
            "latest", self.closes if latest is None else latest, self.earliest
        )

    cdef int start(self) except -1:
        cdef int64_t member, time
        cdef Stream *stream
        for member in range(self.members):
            stream = self.stream_of(member)
            time = self.earliest + <int64_t>(
                (self.latest - self.earliest) * at_the_ends(uniform(stream))
            )
            if time < self.opens:
                time = self.opens + <int64_t>below(stream, RUSH)
            if time < self.closes:
                self.wake_at(time, member)
        return 0

    cdef int wake(self, uint32_t payload) except -1:
        return self.ask_touch(payload)

    cdef int told(self, const Quote *quote, uint32_t member) except -1:
        cdef Stream *stream = self.stream_of(member)
        cdef int64_t size = self.sizes.sample(stream)
        cdef bint buys = below(stream, 2) == 1
        if size == 0 or not self.is_open():
            return 0
        if buys and quote.ask_size:
            self.limit_order(member, BUY, size, quote.ask_price, 0)
        elif not buys and quote.bid_size:
            self.limit_order(member, SELL, size, quote.bid_price, 0)
        return 0


cdef double at_the_ends(double u) noexcept nogil:
    """A draw in [0, 1] with density 12 (x - 1/2)**2, from a uniform one."""
    cdef double third = 2 * u - 1, root
    if third == 0:
        return 0.5
    root = natural_exp(natural_log(fabs(third)) / 3)  # the cube root
    return 0.5 + 0.5 * (root if third > 0 else -root)
