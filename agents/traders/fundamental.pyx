"""Fundamental values: a mean-reverting path with jumps, known only where somebody looks.

The path is an Ornstein-Uhlenbeck process to which, at exponential gaps, a normal amount with a
random sign is added, which then decays as the rest does. Byrd, Hybinette and Balch (2020) call
such a thing an oracle: no grid of time steps is simulated.

The path is a function of the seed, the name and the time, and of nothing else: it is the same
whoever looks, when, how often, and in whatever order. So that this costs little, values are drawn
along the path once in 2**30 ns (1.07 s), as far as anybody looked, and between two of them by
halving the interval (a Brownian bridge bent by the reversion). The draw of a point is hashed from
its place (Steele, Lea and Flood 2014, SplitMix64, keyed by the stream of the path), so it costs
the same in any order. Halving ends where the path can stray no further than a deviation of 0.01
ticks from the straight line, which rounding to a whole tick hides.
"""

from libc.math cimport floor, sqrt
from libc.stdint cimport int64_t, uint64_t

from lob.engine.block cimport Block
from lob.engine.elementary cimport natural_exp
from agents.random cimport (
    RootSeed,
    StreamKey,
    draw,
    exponential,
    hash_of,
    named_stream,
    normal,
    normal_quantile,
    open_key,
    root_seed,
    uniform,
)
from lob.units cimport SECOND_NS

from lob.checks import real, text
from lob import checks

__all__ = ["Fundamental"]

cdef enum:
    CELL_BITS = 30  # a value is drawn along the path once in 2**30 ns
    KNOTS = 16  # purposes of the streams of a path
    JUMPS = 17

cdef int64_t FOREVER = 2**63 - 1
cdef double FINEST = 0.01  # ticks: the deviation that the straight line may hide

cdef struct Knot:
    double value
    uint64_t key  # of the draws in the cell that begins here

cdef struct Jump:
    int64_t since  # ns after the start
    double level  # of all jumps so far, just after this one


cdef class Fundamental:
    """The fundamental value of an asset over time, in ticks.

    Parameters
    ----------
    seed : int
        Seed of the run, 0 to 2**128 - 1.
    name : str, default "fundamental"
        Name of the path: it has streams of its own, made of the seed and this name.
    mean : float
        Value in ticks towards which it reverts, 0 or more.
    initial : float, optional
        Where it starts, 0 or more; at the mean if not given.
    reversion : float
        Speed of the reversion per second, 0 or more (0: a Brownian motion).
    volatility : float
        Ticks per square root of a second, 0 or more.
    jump_rate : float, default 0
        Jumps per second, 0 or more.
    jump_mean, jump_deviation : float
        Mean and standard deviation of the size of a jump in ticks, before its random sign; 0 or
        more.
    start : int, default 0
        Time in ns at which the path starts, 0 or more; before it, it stands at ``initial``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    Notes
    -----
    Over a gap d the value is normal with mean ``m + (v - m) exp(-g d)`` and variance
    ``s**2 / (2 g) (1 - exp(-2 g d))`` for reversion g and volatility s (Uhlenbeck and Ornstein
    1930). What is observed is rounded to a whole tick and is not below 0.

    Examples
    --------
    >>> from agents.traders import Fundamental
    >>> path = Fundamental(7, mean=100_000.0, reversion=0.0, volatility=0.0)
    >>> path.value(60_000_000_000)
    100000
    """

    def __init__(
        self,
        seed,
        name="fundamental",
        *,
        mean,
        initial=None,
        reversion,
        volatility,
        jump_rate=0.0,
        jump_mean=0.0,
        jump_deviation=0.0,
        start=0,
    ):
        self.seed = checks.integer("seed", seed, 0, 2**128 - 1)
        text("name", name)
        self.name = name
        self.mean = real("mean", mean, 0)
        self.initial = self.mean if initial is None else real("initial", initial, 0)
        self.reversion = real("reversion", reversion, 0)
        self.volatility = real("volatility", volatility, 0)
        self.jump_rate = real("jump_rate", jump_rate, 0)
        self.jump_mean = real("jump_mean", jump_mean, 0)
        self.jump_deviation = real("jump_deviation", jump_deviation, 0)
        self.start = checks.integer("start", start, 0)
        self.prepare()

    cdef int prepare(self) except -1:
        """Tables of the bridge, streams, and the first knot."""
        cdef RootSeed root = root_seed(self.seed)
        cdef StreamKey key
        cdef double length, half
        cdef int level
        self.reversion_ns = self.reversion / SECOND_NS
        self.variance_ns = self.volatility * self.volatility / SECOND_NS
        self.resolution = CELL_BITS
        for level in range(CELL_BITS, -1, -1):
            length = <double>(<int64_t>1 << level)
            # Of a Brownian bridge of this length, at its middle.
            if 0.5 * sqrt(self.variance_ns * length) >= FINEST:
                self.resolution = level - 1
            # The middle given both ends: equal weights, from two steps of half the length.
            half = self.variance_over(0.5 * length)
            self.decay[level] = natural_exp(-0.5 * self.reversion_ns * length)
            self.bridge_weight[level] = self.decay[level] / (
                1 + self.decay[level] * self.decay[level]
            )
            self.bridge_deviation[level] = sqrt(
                half / (1 + self.decay[level] * self.decay[level])
            )
        self.resolution = max(self.resolution, 0)
        length = <double>(<int64_t>1 << CELL_BITS)
        self.cell_decay = natural_exp(-self.reversion_ns * length)
        self.cell_deviation = sqrt(self.variance_over(length))
        open_key(&key, &root, hash_of(self.name), KNOTS)
        named_stream(&self.knot_stream, &key)
        open_key(&key, &root, hash_of(self.name), JUMPS)
        named_stream(&self.jump_stream, &key)
        self.knots = Block()
        self.jumps = Block()
        self.knots.reserve(sizeof(Knot) * 4096)
        (<Knot *>self.knots.data)[0].value = self.initial - self.mean
        (<Knot *>self.knots.data)[0].key = draw(&self.knot_stream)
        self.knot_count = 1
        self.next_jump = self.gap_after(0)
        return 0

    cdef double variance_over(self, double ns) noexcept:
        """Variance that a gap of so many ns adds."""
        if self.reversion_ns * ns < 1e-9:  # the limit of a weak reversion
            return self.variance_ns * ns
        return self.variance_ns / (2 * self.reversion_ns) * (
            1 - natural_exp(-2 * self.reversion_ns * ns)
        )

    cdef int extend(self, int64_t cell) except -1:
        """Draw the path up to the end of a cell."""
        cdef Knot *knots
        cdef int64_t i
        if sizeof(Knot) * <size_t>(cell + 2) > self.knots.nbytes:
            self.knots.reserve(2 * sizeof(Knot) * <size_t>(cell + 2))
        knots = <Knot *>self.knots.data
        for i in range(self.knot_count, cell + 2):
            knots[i].value = (
                knots[i - 1].value * self.cell_decay
                + self.cell_deviation * normal(&self.knot_stream)
            )
            knots[i].key = draw(&self.knot_stream)
        self.knot_count = cell + 2
        return 0

    cdef double inside(self, int64_t cell, int64_t offset) noexcept:
        """The distance from the mean at an offset in ns into a cell."""
        cdef const Knot *knots = <const Knot *>self.knots.data
        cdef double low = knots[cell].value, high = knots[cell + 1].value, middle
        cdef uint64_t node = 1
        cdef int level = CELL_BITS
        cdef int64_t half
        while level > self.resolution:
            middle = self.bridge_weight[level] * (low + high) + (
                self.bridge_deviation[level] * node_normal(knots[cell].key, node)
            )
            level -= 1
            half = <int64_t>1 << level
            if offset >= half:
                offset -= half
                low = middle
                node = 2 * node + 1
            else:
                high = middle
                node = 2 * node
        return low + (high - low) * (<double>offset / <double>(<int64_t>1 << level))

    cdef int64_t gap_after(self, int64_t since) noexcept:
        """When the jump after one at ``since`` comes."""
        cdef double gap
        if self.jump_rate == 0:
            return FOREVER
        gap = exponential(&self.jump_stream) / self.jump_rate * SECOND_NS + 0.5
        return since + <int64_t>gap if gap < FOREVER - since else FOREVER

    cdef int extend_jumps(self, int64_t since) except -1:
        """Draw the jumps up to a time after the start."""
        cdef Jump *last
        cdef double level, size
        while self.next_jump <= since:
            level = self.jumped(self.next_jump)
            size = self.jump_mean + self.jump_deviation * normal(&self.jump_stream)
            if uniform(&self.jump_stream) < 0.5:
                size = -size
            if sizeof(Jump) * <size_t>(self.jump_count + 1) > self.jumps.nbytes:
                self.jumps.reserve(2 * self.jumps.nbytes + 64 * sizeof(Jump))
            last = &(<Jump *>self.jumps.data)[self.jump_count]
            last.since = self.next_jump
            last.level = level + size
            self.jump_count += 1
            self.next_jump = self.gap_after(self.next_jump)
        return 0

    cdef double jumped(self, int64_t since) noexcept:
        """What is left of all jumps up to a time after the start."""
        cdef const Jump *jumps = <const Jump *>self.jumps.data
        cdef int64_t low = 0, high = self.jump_count, middle
        while low < high:
            middle = (low + high) // 2
            if jumps[middle].since <= since:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            return 0
        return jumps[low - 1].level * natural_exp(
            -self.reversion_ns * <double>(since - jumps[low - 1].since)
        )

    cdef double exact(self, int64_t ts) except? -1:
        """The value at a time, not rounded."""
        cdef int64_t since = ts - self.start
        cdef int64_t cell = since >> CELL_BITS
        if since <= 0:
            return self.initial
        if cell + 2 > self.knot_count:
            self.extend(cell)
        if self.next_jump <= since:
            self.extend_jumps(since)
        return (
            self.mean
            + self.inside(cell, since & ((<int64_t>1 << CELL_BITS) - 1))
            + self.jumped(since)
        )

    cdef int64_t at(self, int64_t ts) except -1:
        """The value at a time: a whole number of ticks, not below 0."""
        cdef double value = floor(self.exact(ts) + 0.5)
        return <int64_t>value if value > 0 else 0

    def value(self, ts):
        """The fundamental value at a time in ns, rounded to whole ticks, not below 0.

        Raises ``TypeError`` or ``ValueError`` unless ``ts`` is an integer of 0 or more.
        """
        return self.at(checks.integer("ts", ts, 0))

    def unrounded(self, ts):
        """The fundamental value at a time in ns before it is rounded, in ticks; may be below 0.

        Raises ``TypeError`` or ``ValueError`` unless ``ts`` is an integer of 0 or more.
        """
        return self.exact(checks.integer("ts", ts, 0))

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        # The path depends on nothing that happens: what is stored of it serves every run.
        return self

    def __reduce__(self):
        return _restore, (
            self.seed, self.name, self.mean, self.initial, self.reversion, self.volatility,
            self.jump_rate, self.jump_mean, self.jump_deviation, self.start,
        )


def _restore(
    seed, name, mean, initial, reversion, volatility, jump_rate, jump_mean, jump_deviation, start
):
    """Unpickle a path."""
    return Fundamental(
        seed,
        name,
        mean=mean,
        initial=initial,
        reversion=reversion,
        volatility=volatility,
        jump_rate=jump_rate,
        jump_mean=jump_mean,
        jump_deviation=jump_deviation,
        start=start,
    )


cdef double node_normal(uint64_t key, uint64_t node) noexcept nogil:
    """The standard normal draw of one point of a cell."""
    cdef uint64_t bits = key + node * <uint64_t>0x9E3779B97F4A7C15
    bits = (bits ^ bits >> 30) * <uint64_t>0xBF58476D1CE4E5B9
    bits = (bits ^ bits >> 27) * <uint64_t>0x94D049BB133111EB
    bits ^= bits >> 31
    return normal_quantile((<double>(bits >> 12) + 0.5) * (1.0 / (<uint64_t>1 << 52)))
