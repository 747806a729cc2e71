"""Where makers place a limit order."""

from libc.math cimport floor
from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.engine.records cimport MAX_PRICE

from lob.checks import integer, real

__all__ = ["Placement"]


cdef class Placement:
    """A price for a limit order, by how far the best price of its side is from the fair value.

    With g ticks between them, an order goes inside with probability g^2 / (g^2 + ``gap``^2), if g
    is more than 1; else with probability ``join`` to the best price, and else behind it. It never
    goes nearer to the fair value than ``least_gap``, and never to the opposite best price.

    Parameters
    ----------
    gap
        Ticks at which half of the orders go inside, above 0.
    distances
        Ticks behind the best price, equally likely each, 1 or more.
    join
        Share of those that do not go inside, 0 to 1.
    undercut
        Share of those inside that are one tick better than the best price; the others are up to
        ``reach`` times g better, uniformly.
    reach
        Share of g, 0 to 1.
    least_gap
        Ticks, also below 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, gap, *, distances, join, undercut, reach, least_gap):
        ticks = [
            integer(f"distances[{i}]", one, 1, MAX_PRICE) for i, one in enumerate(distances)
        ]
        if not ticks:
            raise ValueError("distances must not be empty")
        self.count = len(ticks)
        self.distances = Block()
        self.distances.reserve(sizeof(int64_t) * len(ticks))
        for i, one in enumerate(ticks):
            (<int64_t *>self.distances.data)[i] = one
        self.gap = real("gap", gap, above=0)
        self.join = real("join", join, 0, 1)
        self.undercut = real("undercut", undercut, 0, 1)
        self.reach = real("reach", reach, 0, 1)
        self.least_gap = real("least_gap", least_gap)

    cdef int64_t price(
        self, int side, double fair, int64_t best, int64_t other, double where, double far
    ) noexcept:
        """Ticks, of the best prices of both sides and two numbers uniform on [0, 1)."""
        cdef double gap = side * (fair - best), square = gap * gap, inside = 0
        # Where makers dare to quote.
        cdef int64_t nearest = <int64_t>floor(side * fair - self.least_gap) * side
        cdef int64_t price
        if gap > 1:
            inside = square / (square + self.gap * self.gap)
        if side * (best - nearest) > 0:
            best = nearest
        price = best
        if where < inside:
            if far < self.undercut:
                price += side
            else:
                far = (far - self.undercut) / (1 - self.undercut)
                price += side * (1 + <int64_t>(far * self.reach * gap))
            if side * (price - nearest) > 0:
                price = nearest
        elif where - inside >= self.join * (1 - inside):
            price -= side * (<const int64_t *>self.distances.data)[<int64_t>(far * self.count)]
        if side * (other - price) <= 0:  # it would trade
            price = other - side
        return price

    def price_at(self, side, fair, best, other, where, far):
        """The price of an order in ticks, for a look at the law.

        ``side`` is 1 or -1, ``fair`` ticks, ``best`` and ``other`` the best prices of its side and
        of the opposite one; ``where`` and ``far`` are uniform on [0, 1) and say which it is.
        """
        return self.price(side, fair, best, other, where, far)
