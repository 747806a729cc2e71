"""Random numbers keyed by identity: what a participant draws depends on its name alone.

The stream of a name is ``PCG64(SeedSequence(seed, spawn_key=key))`` in numpy's terms, where the
key is the low and the high half of ``name_hash(name)``, the purpose, and for one member of a
population its number. Nothing depends on how many participants there are or on their order, so one
may come or go without moving the draws of any other. Compiled participants (``agents/random.pxd``)
and numpy get the same bits; exponential and normal draws go through the C library's ``log``, the
last bit of which may differ from one version of that library to another.
"""

from enum import IntEnum
from hashlib import blake2b
from operator import index

cimport cython
from libc.math cimport INFINITY, fabs, floor, isfinite, sqrt
from libc.string cimport memcpy

from lob.engine.elementary cimport natural_exp, natural_log, natural_log1p

import numpy as np

from lob.checks import integer

__all__ = ["Purpose", "RandomStream", "exp", "log", "name_hash", "numpy_stream"]

MAX_SEED = 2**128 - 1
MAX_MEMBER = 2**64 - 1
MAX_PURPOSE = 2**32 - 1
MAX_COUNT = 2**63 - 1

cdef double MAX_MEAN = 2.0**52  # above it a double does not tell neighbouring counts apart
cdef double MAX_TRIALS = 2.0**62


class Purpose(IntEnum):
    """What a random stream is for. Numbers from 16 on are free for purposes of your own."""

    BEHAVIOUR = 0
    """What a participant decides."""
    LATENCY = 1
    """How long its messages take."""
    PLACE = 2
    """Where it stands, see ``agents.latency.Distance``."""


# ---------------------------------------------------------------- seeding


cdef RootSeed root_seed(object seed) except *:
    """The four words of a seed, lowest first."""
    cdef RootSeed root
    cdef bytes words
    try:
        words = index(seed).to_bytes(16, "little")
    except (TypeError, OverflowError):
        integer("seed", seed, 0, MAX_SEED)
        raise
    memcpy(root.words, <const char *>words, sizeof(root.words))
    return root


cdef uint64_t hash_of(str name) except? 0:
    """The hash of a name. A name that is None is the caller's error."""
    return salted_hash_of(name, 0)


cdef uint64_t salted_hash_of(str name, int64_t salt) except? 0:
    """Another hash of a name for each salt; with 0, which BLAKE2b takes for none, ``hash_of``."""
    cdef bytes digest = blake2b(name.encode(), salt=(<object>salt).to_bytes(16, "little")).digest()
    cdef uint64_t number
    memcpy(&number, <const char *>digest, sizeof(number))
    return number


cdef void absorb_entropy(StreamKey *key, const uint32_t *words, int count) noexcept nogil:
    """Fill the pool with the first four words (zero where there are fewer), mix in the others."""
    cdef int i, j
    key.multiplier = <uint32_t>HASH_FIRST
    for i in range(4):
        key.pool[i] = hash_word(words[i] if i < count else 0, &key.multiplier)
    for i in range(4):
        for j in range(4):
            if i != j:
                key.pool[j] = mix(key.pool[j], hash_word(key.pool[i], &key.multiplier))
    for i in range(4, count):
        absorb(key, words[i])


cdef void open_key(
    StreamKey *key, const RootSeed *root, uint64_t name_hash, uint32_t purpose
) noexcept nogil:
    """Hash all that the streams of a population share; members cost a few products each."""
    absorb_entropy(key, root.words, 4)
    absorb(key, <uint32_t>name_hash)
    absorb(key, <uint32_t>(name_hash >> 32))
    absorb(key, purpose)


def name_hash(name):
    """The 64 bits that stand for a name: the first 8 bytes of its BLAKE2b digest.

    Parameters
    ----------
    name : str
        The name, which is hashed as UTF-8.

    Returns
    -------
    int
        0 to 2**64 - 1, the first byte lowest. Two of a million names are alike with a probability
        of 3 in 10**8.

    Examples
    --------
    >>> from agents.random import name_hash
    >>> hex(name_hash("maker"))
    '0x9e864f1afce374f0'
    """
    return hash_of(_checked_name(name))


def exp(values):
    """Powers ``e**x`` of values, with the same bits on every machine; numpy's and libm's differ.

    Parameters
    ----------
    values : array_like
        Numbers from -700 to 700.

    Returns
    -------
    numpy.ndarray
        Floats in the shape of ``values``.

    Raises
    ------
    ValueError
        If a value is outside that range.
    """
    cdef double[::1] row
    cdef Py_ssize_t i
    found = np.array(values, np.float64, order="C")
    if found.size and not np.abs(found).max() <= 700:
        raise ValueError(f"values must be from -700 to 700, got {found.min()}..{found.max()}")
    row = found.reshape(-1)
    for i in range(row.shape[0]):
        row[i] = natural_exp(row[i])
    return found


def log(double value):
    """The natural logarithm of a positive ``value``, with the same bits on every machine.

    Raises ``ValueError`` unless it is above 1e-300 and below 1e300.
    """
    if not 1e-300 < value < 1e300:
        raise ValueError(f"value must be positive and finite, got {value}")
    return natural_log(value)


def numpy_stream(seed, name, purpose=0, member=None):
    """The random stream of a name as a numpy generator, with the same bits as ``RandomStream``.

    It costs some 20 microseconds and 800 bytes: meant for vectorised participants and for tests.

    Parameters
    ----------
    seed : int
        The seed of the run, 0 to 2**128 - 1.
    name : str
        Name of the participant that the stream belongs to.
    purpose : int, default Purpose.BEHAVIOUR
        What it is for, 0 to 2**32 - 1: streams of different purposes are independent.
    member : int, optional
        Which member of the population called ``name``, 0 to 2**64 - 1. The stream of member 0 is
        not that of the name itself.

    Returns
    -------
    numpy.random.Generator
    """
    hashed = name_hash(name)
    key = [hashed & 0xFFFFFFFF, hashed >> 32, integer("purpose", purpose, 0, MAX_PURPOSE)]
    if member is not None:
        key.append(integer("member", member, 0, MAX_MEMBER))
    seed = integer("seed", seed, 0, MAX_SEED)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _checked_name(name):
    if type(name) is not str:
        if not isinstance(name, str):
            raise TypeError(f"name must be a str, got {name!r} ({type(name).__name__})")
        name = str.__str__(name)  # a subclass counts as the text it holds
    return name


# ---------------------------------------------------------------- counts


cpdef double poisson_log_probability(double k, double mean) noexcept nogil:
    """The logarithm of mean**k exp(-mean) / k!, without cancellation for a large mean.

    ``k`` is a whole number, 0 or more; ``mean`` is above 0.
    """
    cdef double distance, inverse, factorial
    cdef int i
    if k < 10:
        factorial = 1
        for i in range(2, <int>k + 1):
            factorial *= i
        return k * natural_log(mean) - mean - natural_log(factorial)
    # Stirling's series for k!, with k log k - k taken together with the other large terms.
    distance = mean - k
    inverse = 1 / (k * k)
    return (
        k * natural_log1p(distance / k) - distance - 0.5 * natural_log(6.283185307179586 * k)
        - (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - inverse / 1680) * inverse) * inverse) / k
    )


cdef int64_t poisson(Stream *stream, double mean) noexcept nogil:
    """A Poisson count; 0 for a mean of 0 or less. The mean is at most 2**52.

    One draw below a mean of 10, by inverse transform; from there on about 2.4 draws by transformed
    rejection (Hormann 1993, PTRS).
    """
    cdef double left, share, k
    cdef double width, tilt, ratio, squeeze, u, v, room
    if not mean > 0:
        return 0
    if mean < 10:
        left = uniform(stream)
        share = natural_exp(-mean)
        k = 0
        # More than 99 has a probability of 10**-65: what is left is rounding, not chance.
        while left >= share and k < 99:
            left -= share
            k += 1
            share *= mean / k
        return <int64_t>k
    width = 0.931 + 2.53 * sqrt(mean)
    tilt = -0.059 + 0.02483 * width
    ratio = 1.1239 + 1.1328 / (width - 3.4)
    squeeze = 0.9277 - 3.6224 / (width - 2)
    while True:
        u = uniform(stream) - 0.5
        v = 1 - uniform(stream)  # has a logarithm
        room = 0.5 - fabs(u)
        k = floor((2 * tilt / room + width) * u + mean + 0.43)
        if room >= 0.07 and v <= squeeze:
            return <int64_t>k
        if k < 0 or (room < 0.013 and v > room):
            continue
        if (
            natural_log(v * ratio / (tilt / (room * room) + width))
            <= poisson_log_probability(k, mean)
        ):
            return <int64_t>k


cdef int64_t geometric(Stream *stream, double p) noexcept nogil:
    """Trials up to the first success, each with probability 0 < p <= 1; at most 2**62."""
    cdef double failures
    if p >= 1:
        return 1
    failures = floor(exponential(stream) / -natural_log1p(-p))
    return 1 + <int64_t>failures if failures < MAX_TRIALS else <int64_t>MAX_TRIALS


# ---------------------------------------------------------------- a stream for Python


@cython.final
cdef class RandomStream:
    """The random numbers of one participant, for Python code.

    Much cheaper to make than a numpy generator, and draws the same bits. Copies (``copy``,
    ``deepcopy``, ``pickle``) carry on where the original stood.

    Parameters
    ----------
    seed, name, purpose, member
        As in ``numpy_stream``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.

    Examples
    --------
    >>> from agents.random import RandomStream, numpy_stream
    >>> RandomStream(7, "maker").random() == numpy_stream(7, "maker").random()
    True
    """

    def __init__(self, seed, name, purpose=0, member=None):
        cdef RootSeed root = root_seed(seed)
        cdef StreamKey key
        cdef uint64_t number
        if type(purpose) is not int or not 0 <= purpose <= MAX_PURPOSE:
            purpose = integer("purpose", purpose, 0, MAX_PURPOSE)
        open_key(&key, &root, hash_of(_checked_name(name)), purpose)
        if member is None:
            named_stream(&self.stream, &key)
        else:
            number = integer("member", member, 0, MAX_MEMBER)
            member_stream(&self.stream, &key, number)

    @staticmethod
    cdef RandomStream wrap(const Stream *stream):
        """A Python stream that carries on where ``stream`` stands."""
        cdef RandomStream wrapped = RandomStream.__new__(RandomStream)
        wrapped.stream = stream[0]
        return wrapped

    def raw(self):
        """The next 64 bits of the stream, an int from 0 to ``2**64 - 1``."""
        return draw(&self.stream)

    def random(self):
        """A draw that is uniform on [0, 1), a float."""
        return uniform(&self.stream)

    def exponential(self, double mean=1.0):
        """An exponential draw with this mean. Raises ``ValueError`` unless that is 0 or more."""
        if not 0 <= mean < INFINITY:
            raise ValueError(f"mean must be 0 or more and finite, got {mean}")
        return mean * exponential(&self.stream)

    def normal(self, double mean=0.0, double deviation=1.0):
        """A normal draw with this mean and standard deviation.

        Raises ``ValueError`` unless the mean is finite and the deviation 0 or more.
        """
        if not (isfinite(mean) and 0 <= deviation < INFINITY):
            raise ValueError(
                "mean must be finite, and deviation 0 or more and finite, "
                f"got {mean} and {deviation}"
            )
        return mean + deviation * normal(&self.stream)

    def integers(self, n):
        """A draw of one of the integers 0 to n - 1, each as likely as the others.

        Raises ``ValueError`` unless n is 1 to ``2**63 - 1``.
        """
        cdef Py_ssize_t count = 0
        try:
            count = n
        except (TypeError, OverflowError):
            pass
        if count < 1:
            integer("n", n, 1, MAX_COUNT)
        return below(&self.stream, count)

    def poisson(self, double mean):
        """A Poisson draw, a count with this mean. Raises ``ValueError`` outside 0 to ``2**52``."""
        if not 0 <= mean <= MAX_MEAN:
            raise ValueError(f"mean must be 0 to 2**52, got {mean}")
        return poisson(&self.stream, mean)

    def geometric(self, double p):
        """A geometric draw: trials up to and including the first success.

        Each succeeds with probability ``p``. Raises ``ValueError`` unless 0 < p <= 1.
        """
        if not 0 < p <= 1:
            raise ValueError(f"p must be above 0 and at most 1, got {p}")
        return geometric(&self.stream, p)

    def __copy__(self):
        return RandomStream.wrap(&self.stream)

    def __deepcopy__(self, memo):
        return RandomStream.wrap(&self.stream)

    def __reduce__(self):
        cdef Stream *stream = &self.stream
        return _restore, (
            stream.state_high, stream.state_low, stream.step_high, stream.step_low
        )


def _restore(uint64_t state_high, uint64_t state_low, uint64_t step_high, uint64_t step_low):
    """Unpickle a stream."""
    cdef Stream stream
    stream.state_high = state_high
    stream.state_low = state_low
    stream.step_high = step_high
    stream.step_low = step_low | 1  # PCG64 needs an odd step
    return RandomStream.wrap(&stream)
