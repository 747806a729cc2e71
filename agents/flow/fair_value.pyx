"""What makers think something is worth: news, and the trades of those whom they recognise.

A trade moves the fair value by what it adds to the square root of its source's volume: the first
lots of somebody tell much, the next ones of the same source less. The sum over one source is the
square root law of metaorders. The sum over many small sources grows with their number, and so does
that of one source that is taken for many.
"""

cimport cython
from libc.math cimport sqrt
from libc.stdint cimport int64_t, uint64_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp
from lob.units cimport SECOND_NS

from lob.checks import real, reals

__all__ = ["FairValue"]

cdef double SECONDS_A_NS = 1.0 / SECOND_NS
cdef double FURTHEST = 20.0  # of a logarithm from the start: beyond any price that a book holds
cdef enum:
    FIRST_SLOTS = 64


@cython.auto_pickle(True)
cdef class FairValue:
    """A price that news move for good, and trades in part for good.

    With ``C`` the signed volume of a source that is not forgotten yet, and ``f(C)`` the square root
    of its size with its sign, a trade of ``v`` moves the logarithm of the price by
    ``impact * (f(C + v) - f(C))``. The share ``permanent`` of that stays, the rest decays in equal
    parts at the rates ``decays``.

    Parameters
    ----------
    start
        Ticks: where it begins.
    impact
        Move, in bps, of one unit of size that a new source buys; 0 or more.
    permanent
        Share of a move that stays, 0 to 1.
    decays
        Rates a second at which the rest goes, 1 to 8 of them.
    forgetting
        Rate a second at which the volume of a source is forgotten, 0 or more.
    calming
        Rate a second at which past moves go out of the recent variance, above 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, start, *, impact, permanent, decays, forgetting, calming):
        self.start = self.value = real("start", start, 0)
        self.impact = real("impact", impact, 0) * 1e-4
        self.permanent = real("permanent", permanent, 0, 1)
        rates = reals("decays", decays)
        if len(rates) > MOST_DECAYS:
            raise ValueError(f"decays must have at most {MOST_DECAYS} entries, got {len(rates)}")
        self.decays = len(rates)
        for i, rate in enumerate(rates):
            self.rates[i] = rate
        self.forgetting = real("forgetting", forgetting, 0)
        self.calming = real("calming", calming, above=0)

    cdef int begin(self, int64_t now) except -1:
        """The clock starts."""
        self.updated = now
        return 0

    cdef double at(self, int64_t now) noexcept:
        """The fair value in ticks at a time that is not before the last one asked for."""
        cdef double age, move = self.lasting + self.followed
        cdef int i
        if now == self.updated:
            return self.value
        age = (now - self.updated) * SECONDS_A_NS
        self.updated = now
        for i in range(self.decays):
            if self.passing[i] != 0:
                self.passing[i] *= natural_exp(-self.rates[i] * age)
                move += self.passing[i]
        self.variance *= natural_exp(-self.calming * age)
        self.value = self.start * natural_exp(move)
        return self.value

    cdef double volatility_at(self, int64_t now) noexcept:
        """Recent volatility of the fair value, as a logarithm a square root of a second."""
        self.at(now)
        return sqrt(self.variance)

    cdef void news(self, int64_t now, double move) noexcept:
        """It moves for good, by a logarithm."""
        self.at(now)
        self.step(move, move)

    cdef void follow(self, int64_t now, double followed) noexcept:
        """What it follows has moved by a logarithm since the start."""
        cdef double move
        self.at(now)
        move = followed - self.followed
        if move != 0:
            self.followed = followed
            self.step(0, move)

    cdef void trade(self, int64_t now, Source *source, double volume) noexcept:
        """A source trades ``volume``, positive where it buys."""
        cdef double before, move
        cdef int i
        self.at(now)
        if source.volume != 0 and self.forgetting > 0:
            source.volume *= natural_exp(
                -self.forgetting * ((now - source.updated) * SECONDS_A_NS)
            )
        source.updated = now
        before = signed_root(source.volume)
        source.volume += volume
        move = self.impact * (signed_root(source.volume) - before)
        for i in range(self.decays):
            self.passing[i] += (1 - self.permanent) * move / self.decays
        self.step(self.permanent * move, move)

    cdef void step(self, double lasting, double move) noexcept:
        """It moves at the time of the state, in part for good."""
        cdef double sum
        cdef int i
        self.lasting = min(max(self.lasting + lasting, -FURTHEST), FURTHEST)
        sum = self.lasting + self.followed
        for i in range(self.decays):
            sum += self.passing[i]
        self.value = self.start * natural_exp(sum)
        self.variance += self.calming * move * move


cdef inline double signed_root(double volume) noexcept:
    return sqrt(volume) if volume >= 0 else -sqrt(-volume)


cdef class Sources:
    """The sources that makers know by a number that is not 0, such as an owner's.

    Parameters
    ----------
    most
        How many are kept, a power of two: a new one takes the place of another then, and is nobody
        known again. 0: all.
    """

    def __init__(self, most=0):
        self.ring = most > 0
        self.mask = (most if most else FIRST_SLOTS) - 1
        self.slots = Block()
        self.slots.reserve(sizeof(Source) * (self.mask + 1))

    cdef Source *find(self, int64_t whose) except NULL:
        """The source of a number, a new one if it is not known. It stays there until the next."""
        cdef Source *slots = <Source *>self.slots.data
        cdef int64_t at = whose & self.mask
        if self.ring:
            if slots[at].whose != whose:
                slots[at].whose = whose
                slots[at].volume = 0
            return &slots[at]
        at = home_of(whose) & self.mask
        while slots[at].whose:
            if slots[at].whose == whose:
                return &slots[at]
            at = (at + 1) & self.mask
        if 2 * (self.count + 1) > self.mask:
            self.double_slots()
            return self.find(whose)
        self.count += 1
        slots[at].whose = whose
        return &slots[at]

    cdef int double_slots(self) except -1:
        cdef Block old = self.slots
        cdef const Source *slots = <const Source *>old.data
        cdef int64_t i, last = self.mask
        self.slots = Block()
        self.slots.reserve(2 * old.nbytes)
        self.mask = 2 * last + 1
        self.count = 0
        for i in range(last + 1):
            if slots[i].whose:
                self.find(slots[i].whose)[0] = slots[i]
        return 0


cdef inline int64_t home_of(int64_t whose) noexcept:
    return <int64_t>((<uint64_t>whose * <uint64_t>0x9E3779B97F4A7C15) >> 32)
