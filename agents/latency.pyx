"""How long a message is under way: to the venue, back from it, or in the making.

A latency is a whole number of nanoseconds, 0 or more, drawn anew for every message. Participants
without a latency model (``None``) are heard, and hear, at once.

What these models assume:

- Every message draws independently of the one before, but a link is **first in, first out**, as a
  session is: what would arrive before an earlier message of the same sender arrives right after it.
  So latencies are longer than drawn where messages follow each other closely. With
  ``overtaking=True`` they are as drawn, as between datagrams or on several connections: a
  cancellation can then reach the venue before the order it is meant for, and is rejected.
- Order is kept by participant, or by member of a population, on the way to the venue and on the
  way back, each for itself.
- Latency does not depend on the load: a burst of messages is not slower than a single one, nothing
  queues, and nothing is ever lost.
- A draw depends on the sender's own stream only (see ``agents.random``), so that participants may
  come and go without moving anybody else's latencies.

A model holds parameters and nothing else: one object may serve any number of participants, each
of which draws from its own stream. Models compare by their parameters, copy and pickle.
"""


cimport cython
from libc.math cimport fabs

from lob.engine.elementary cimport natural_exp, natural_log
from agents.random cimport PLACE, RandomStream, Stream, below, exponential, normal, uniform
from lob.units cimport SECOND_NS

from lob.checks import integer, real

__all__ = ["Constant", "Distance", "Exponential", "Latency", "LogNormal", "Uniform"]

MAX_NS = 2**62
"""No latency is longer: 146 years, so that it can be added to any date of this century."""

# The furthest that the draws of agents.random go, rounded up.
cdef double LARGEST_NORMAL = 8.3
cdef double LARGEST_EXPONENTIAL = 36.8

cdef enum:
    MADE_IN_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE


cdef class Latency:
    """The base of latency models, which are distributions of latencies in ns: use one of them.

    A model of your own is a Cython class that overrides ``sample``. A Python subclass raises
    ``TypeError``, since its ``sample`` would never be called.
    """

    def __cinit__(self, *args, **kwargs):
        if type(self) is Latency or type(self).__flags__ & MADE_IN_PYTHON:
            raise TypeError(
                "Latency must be one of the models of agents.latency or a Cython subclass, "
                f"got the Python class {type(self).__name__}"
            )

        self.varies = True

    cdef int64_t sample(self, Stream *stream) noexcept nogil:
        """The latency of the next message in nanoseconds, 0 or more."""
        return 0

    def draw(self, RandomStream stream not None):
        """Draw the latency of one message in nanoseconds, for Python code.

        Parameters
        ----------
        stream : agents.random.RandomStream
            Moves on by the draws it takes: none for ``Constant``.

        Returns
        -------
        int
        """
        return self.sample(&stream.stream)

    def parameters(self):
        """The parameters of this latency model by name, in the order of the constructor.

        Returns
        -------
        dict of str to int or float
        """
        return {}

    def __repr__(self):
        return _text(self)

    def __eq__(self, other):
        return type(other) is type(self) and other.parameters() == self.parameters()

    def __hash__(self):
        return hash((type(self), *self.parameters().values()))

    def __reduce__(self):
        return restored, (type(self), self.parameters())


cdef class Constant(Latency):
    """A latency of so many ns for every message, without chance.

    Parameters
    ----------
    ns : int
        Nanoseconds, 0 to 2**62.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, ns):
        self.varies = False
        self.ns = integer("ns", ns, 0, MAX_NS)

    cdef int64_t sample(self, Stream *stream) noexcept nogil:
        return self.ns

    def parameters(self):
        return {"ns": self.ns}


cdef class Uniform(Latency):
    """A latency of any whole number of ns from ``low`` to ``high``, each as likely as the others.

    Parameters
    ----------
    low, high : int
        Nanoseconds, both included, 0 to 2**62.
    overtaking : bool, default False
        Whether a message may arrive before an earlier one of the same sender.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range, or ``high`` below ``low``.
    """

    def __init__(self, low, high, *, overtaking=False):
        self.overtaking = flag("overtaking", overtaking)
        self.low = integer("low", low, 0, MAX_NS)
        self.high = integer("high", high, 0, MAX_NS)
        if self.high < self.low:
            raise ValueError(f"high must be at least low, {low}, got {high}")

    cdef int64_t sample(self, Stream *stream) noexcept nogil:
        return self.low + <int64_t>below(stream, self.high - self.low + 1)

    def parameters(self):
        return with_overtaking(self, {"low": self.low, "high": self.high})


cdef class LogNormal(Latency):
    """A latency whose logarithm is normal: half of the messages take less than the median.

    A right tail as networks show it, but no left edge: latencies far below the median, down to 0,
    are possible where ``sigma`` is large. The mean is ``median_ns * exp(sigma**2 / 2)``.

    Parameters
    ----------
    median_ns : int
        Nanoseconds, 1 or more.
    sigma : float
        Standard deviation of the natural logarithm, 0 or more: 84 % of the messages take less than
        ``median_ns * exp(sigma)``. The longest draw, 8.3 sigma out, must fit 2**62 nanoseconds.
    overtaking : bool, default False
        Whether a message may arrive before an earlier one of the same sender.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or the longest draw would not fit.
    """

    def __init__(self, median_ns, sigma, *, overtaking=False):
        self.overtaking = flag("overtaking", overtaking)
        self.median_ns = integer("median_ns", median_ns, 1, MAX_NS)
        self.sigma = real("sigma", sigma, 0)
        if LARGEST_NORMAL * self.sigma > natural_log(MAX_NS / self.median_ns):
            raise ValueError(
                "sigma must be so small that median_ns * exp(8.3 * sigma) is at most 2**62, "
                f"got {sigma} with a median of {median_ns} ns"
            )

    cdef int64_t sample(self, Stream *stream) noexcept nogil:
        return <int64_t>(self.median_ns * natural_exp(self.sigma * normal(stream)) + 0.5)

    def parameters(self):
        return with_overtaking(self, {"median_ns": self.median_ns, "sigma": self.sigma})


cdef class Exponential(Latency):
    """A latency with a fixed part and an exponential delay on top, without memory.

    Most of the delay lies near 0, which networks do not show; its use is theory (Poisson arrivals
    stay Poisson), with ``overtaking``: where order is kept, a close arrival waits for the last.

    Parameters
    ----------
    mean_ns : int
        Mean of the exponential part alone, in nanoseconds, 0 or more.
    least : int, default 0
        The fixed part in nanoseconds: the mean latency is ``least + mean_ns``. The longest draw,
        ``least + 36.8 * mean_ns``, must fit 2**62 nanoseconds.
    overtaking : bool, default False
        Whether a message may arrive before an earlier one of the same sender.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or the longest draw would not fit.
    """

    def __init__(self, mean_ns, least=0, *, overtaking=False):
        self.overtaking = flag("overtaking", overtaking)
        self.mean_ns = integer("mean_ns", mean_ns, 0, MAX_NS)
        self.least = integer("least", least, 0, MAX_NS)
        if not self.least + LARGEST_EXPONENTIAL * self.mean_ns <= MAX_NS:
            raise ValueError(
                "mean_ns must be so small that least + 36.8 * mean_ns is at most 2**62, "
                f"got {mean_ns} with least {least}"
            )

    cdef int64_t sample(self, Stream *stream) noexcept nogil:
        return self.least + <int64_t>(self.mean_ns * exponential(stream) + 0.5)

    def parameters(self):
        return with_overtaking(self, {"mean_ns": self.mean_ns, "least": self.least})


@cython.final
cdef class Distance:
    """Latencies of places on a line: a message takes the distance divided by the speed.

    Places are uniform on the line and belong to names (purpose ``PLACE`` of ``agents.random``): the
    venue is placed like everybody else, not in the middle, and who is placed where depends on the
    seed of the run and on no other participant. A line, not a map: there are no detours, switches
    or queues, the way out takes as long as the way back, and the delay between the same two is the
    same each time, so that messages do not overtake each other.

    Parameters
    ----------
    length_metres : float
        Length of the line, 0 or more.
    speed : float, default 299_792_458.0
        Metres a second. The default is light in vacuum, which no cable reaches: in optical fibre
        it is about two thirds of that. The whole line must take at most 2**62 nanoseconds.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or the whole line would take too long.

    Examples
    --------
    >>> from agents.latency import Distance
    >>> Distance(1_000_000, speed=2e8).between(0.0, 200_000.0)
    1000000
    """

    def __init__(self, length_metres, speed=299_792_458.0):
        self.length_metres = real("length_metres", length_metres, 0)
        self.speed = real("speed", speed, 0)
        if self.speed == 0 or not self.length_metres / self.speed * SECOND_NS <= MAX_NS:
            raise ValueError(
                "speed must be so high that the whole line takes at most 2**62 nanoseconds, "
                f"got {speed} m/s on {length_metres} m"
            )

    cdef double place_of(self, Stream *stream) noexcept nogil:
        """The place in metres of whom this stream, of purpose PLACE and fresh, belongs to."""
        return self.length_metres * uniform(stream)

    cpdef int64_t between(self, double place_a, double place_b) noexcept:
        """The latency between two places on the line, in nanoseconds, rounded to the nearest."""
        return <int64_t>(fabs(place_a - place_b) / self.speed * SECOND_NS + 0.5)

    def place(self, seed, name, member=None):
        """The place of a name on the line, in metres.

        Parameters
        ----------
        seed : int
            The seed of the run.
        name : str
            Who: a participant, or the venue.
        member : int, optional
            Which member, where ``name`` is a population.

        Returns
        -------
        float
            Metres from the start of the line.
        """
        cdef RandomStream stream = RandomStream(seed, name, PLACE, member)
        return self.place_of(&stream.stream)

    def latency(self, seed, name, other, member=None):
        """The latency between two names, as a model that a participant can use.

        Parameters
        ----------
        seed, name, member
            As in ``place``.
        other : str
            The name at the other end, as a rule the venue's.

        Returns
        -------
        Constant
        """
        return Constant(self.between(self.place(seed, name, member), self.place(seed, other)))

    def parameters(self):
        """The parameters of this model by name, in the order of the constructor: a dict."""
        return {"length_metres": self.length_metres, "speed": self.speed}

    def __repr__(self):
        return _text(self)

    def __eq__(self, other):
        return type(other) is type(self) and other.parameters() == self.parameters()

    def __hash__(self):
        return hash((type(self), *self.parameters().values()))

    def __reduce__(self):
        return type(self), tuple(self.parameters().values())


cdef bint flag(str name, object value) except -1:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


cdef dict with_overtaking(Latency model, dict parameters):
    """The parameters of a model, and the option where it is set."""
    if model.overtaking:
        parameters["overtaking"] = True
    return parameters


def restored(cls, parameters):
    """A latency model of the class ``cls`` with these ``parameters``, for its copy or pickle."""
    return cls(**parameters)


def _text(model):
    given = ", ".join(f"{name}={value}" for name, value in model.parameters().items())
    return f"{type(model).__name__}({given})"
