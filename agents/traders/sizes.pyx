"""How large an order is: a mixture of normal and log-normal distributions, in whole lots."""

from math import isfinite

from libc.math cimport floor
from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp
from agents.random cimport RandomStream, Stream, normal, uniform

__all__ = ["SizeMixture"]

MAX_LOTS = 2**40
"""No draw is larger."""

cdef double LARGEST_NORMAL = 8.3  # the furthest that a draw goes, rounded up

cdef struct Component:
    double up_to  # the sum of the weights so far
    double centre
    double spread
    bint is_logarithm


cdef class SizeMixture:
    """A distribution of order sizes: a mixture of normal and log-normal parts, in lots.

    Parameters
    ----------
    components : sequence of (str, float, float, float)
        The parts of the mixture: of each its kind, ``"normal"`` or ``"log-normal"``; its centre and
        its deviation in lots (of the logarithm, for a log-normal part); and its weight. All are 0
        or more, and the weights add up to 1.

    Raises
    ------
    ValueError
        If a part is malformed, a draw could exceed ``2**40`` lots, or the weights do not add up.

    Notes
    -----
    A draw is rounded to a whole lot; below half a lot it is 0, which means no order.

    Examples
    --------
    >>> from agents.traders import SizeMixture
    >>> hundreds = SizeMixture([("normal", 100, 0, 0.75), ("normal", 200, 0, 0.25)])
    >>> hundreds.mean()
    125.0
    """

    def __init__(self, components):
        cdef Component *part = NULL
        cdef double total = 0
        self.components = tuple(tuple(one) for one in components)
        self.table = Block()
        self.table.reserve(sizeof(Component) * (len(self.components) + 1))
        for i, one in enumerate(self.components):
            try:
                kind, centre, spread, weight = one
            except ValueError:
                raise ValueError(
                    f"components[{i}] must be kind, centre, deviation and weight, got {one!r}"
                ) from None
            if kind not in ("normal", "log-normal"):
                raise ValueError(
                    f"components[{i}]: kind must be 'normal' or 'log-normal', got {kind!r}"
                )
            for what, value in (("centre", centre), ("deviation", spread), ("weight", weight)):
                if not isfinite(value) or value < 0:
                    raise ValueError(
                        f"components[{i}]: {what} must be finite and not below 0, got {value}"
                    )
            furthest = centre + LARGEST_NORMAL * spread
            if (furthest > 27 or natural_exp(furthest) > MAX_LOTS) if kind == "log-normal" else (
                furthest > MAX_LOTS
            ):
                raise ValueError(
                    f"components[{i}]: the largest draw, 8.3 deviations out, must be at most "
                    f"2**40 lots, got {one!r}"
                )
            total += weight
            part = &(<Component *>self.table.data)[i]
            part.up_to = total
            part.centre = centre
            part.spread = spread
            part.is_logarithm = kind == "log-normal"
        if not self.components or abs(total - 1) > 1e-9:
            raise ValueError(f"components: the weights must add up to 1, got {total}")
        part.up_to = 2  # the last takes what rounding leaves

    cdef int64_t sample(self, Stream *stream) noexcept nogil:
        """A size in lots, 0 or more. Two draws."""
        cdef const Component *part = <const Component *>self.table.data
        cdef double u = uniform(stream), size
        while u >= part.up_to:
            part += 1
        size = part.centre + part.spread * normal(stream)
        if part.is_logarithm:
            size = natural_exp(size)
        return <int64_t>floor(size + 0.5) if size > 0 else 0

    def draw(self, RandomStream stream not None):
        """Draw an order size in whole lots, 0 or more, for Python code.

        ``stream`` is an ``agents.random.RandomStream``, which moves on.
        """
        return self.sample(&stream.stream)

    def mean(self):
        """The mean order size in lots, before rounding and with what falls below 0: a float."""
        return sum(
            weight * (centre if kind == "normal" else natural_exp(centre + spread * spread / 2))
            for kind, centre, spread, weight in self.components
        )

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self  # holds parameters and nothing else

    def __reduce__(self):
        return SizeMixture, (self.components,)
