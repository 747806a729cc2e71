"""Random numbers keyed by identity: streams as C structs, and what is drawn from them.

A stream is PCG64 (O'Neill 2014: XSL-RR output of a 128-bit congruential step) seeded through
O'Neill's ``seed_seq`` hash, in the variants of ``numpy.random.PCG64`` and ``SeedSequence``, so that
numpy gives the same bits for the same seed and key. A stream is 32 bytes without a pointer: it is
copied, stored and compared as plain memory.

What is drawn here takes one ``draw`` from the stream wherever a comment does not say otherwise,
and rises with it: two runs that share a stream share their luck, also under other parameters.
"""

cimport cython
from libc.math cimport fabs, sqrt
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lob.engine.elementary cimport natural_log

cdef extern from *:
    """
    typedef unsigned __int128 firesale_uint128;
    #define FIRESALE_PCG_MULTIPLIER \
        ((firesale_uint128)0x2360ed051fc65da4ull << 64 | 0x4385df649fccf645ull)
    """
    ctypedef unsigned long long uint128 "firesale_uint128"  # how wide it is only C knows
    const uint128 PCG_MULTIPLIER "FIRESALE_PCG_MULTIPLIER"

cdef enum:  # purposes
    BEHAVIOUR = 0
    LATENCY = 1
    PLACE = 2  # the position on a line, see agents.latency

cdef struct Stream:
    uint64_t state_high
    uint64_t state_low
    uint64_t step_high
    uint64_t step_low

cdef struct RootSeed:
    uint32_t words[4]  # lowest first

# The hash of everything about a stream but the member: made once for a whole population.
cdef struct StreamKey:
    uint32_t pool[4]
    uint32_t multiplier

cdef enum:
    HASH_FIRST = 0x43B0D7E5
    HASH_FACTOR = 0x931E8875
    STATE_FIRST = 0x8B51F9DD
    STATE_FACTOR = 0x58F38DED
    MIX_LEFT = 0xCA01F9DD
    MIX_RIGHT = 0x4973F715

cdef RootSeed root_seed(object seed) except *
cdef uint64_t hash_of(str name) except? 0
cdef uint64_t salted_hash_of(str name, int64_t salt) except? 0
cdef void open_key(
    StreamKey *key, const RootSeed *root, uint64_t name_hash, uint32_t purpose
) noexcept nogil
cdef int64_t poisson(Stream *stream, double mean) noexcept nogil
cdef int64_t geometric(Stream *stream, double p) noexcept nogil


@cython.final
cdef class RandomStream:
    cdef Stream stream

    @staticmethod
    cdef RandomStream wrap(const Stream *stream)


# ---------------------------------------------------------------- seeding


cdef inline uint32_t hash_word(uint32_t word, uint32_t *multiplier) noexcept nogil:
    word ^= multiplier[0]
    multiplier[0] *= <uint32_t>HASH_FACTOR
    word *= multiplier[0]
    return word ^ word >> 16


cdef inline uint32_t mix(uint32_t left, uint32_t right) noexcept nogil:
    cdef uint32_t word = <uint32_t>MIX_LEFT * left - <uint32_t>MIX_RIGHT * right
    return word ^ word >> 16


cdef inline void absorb(StreamKey *key, uint32_t word) noexcept nogil:
    """Mix one more word of the key into the pool."""
    cdef int i
    for i in range(4):
        key.pool[i] = mix(key.pool[i], hash_word(word, &key.multiplier))


cdef inline void named_stream(Stream *stream, const StreamKey *key) noexcept nogil:
    """Start the stream of a name and a purpose."""
    cdef uint64_t words[4]
    cdef uint32_t multiplier = <uint32_t>STATE_FIRST
    cdef uint32_t word
    cdef uint128 state, step
    cdef int i
    for i in range(8):
        word = key.pool[i & 3] ^ multiplier
        multiplier *= <uint32_t>STATE_FACTOR
        word *= multiplier
        word ^= word >> 16
        if i & 1:
            words[i >> 1] |= <uint64_t>word << 32
        else:
            words[i >> 1] = word
    stream.step_high = words[2] << 1 | words[3] >> 63
    stream.step_low = words[3] << 1 | 1
    step = <uint128>stream.step_high << 64 | stream.step_low
    state = step + (<uint128>words[0] << 64 | words[1])
    state = state * PCG_MULTIPLIER + step
    stream.state_high = <uint64_t>(state >> 64)
    stream.state_low = <uint64_t>state


cdef inline void member_stream(
    Stream *stream, const StreamKey *key, uint64_t member
) noexcept nogil:
    """Start the stream of one member of a named population; ``key`` stays as it is."""
    cdef StreamKey longer = key[0]
    absorb(&longer, <uint32_t>member)
    if member >> 32:
        absorb(&longer, <uint32_t>(member >> 32))
    named_stream(stream, &longer)


# ---------------------------------------------------------------- draws


cdef inline uint64_t draw(Stream *stream) noexcept nogil:
    """The next 64 bits: those of ``numpy.random.PCG64.random_raw``."""
    cdef uint128 state = <uint128>stream.state_high << 64 | stream.state_low
    cdef uint128 step = <uint128>stream.step_high << 64 | stream.step_low
    cdef uint64_t high, bits
    state = state * PCG_MULTIPLIER + step
    high = <uint64_t>(state >> 64)
    bits = high ^ <uint64_t>state
    stream.state_high = high
    stream.state_low = <uint64_t>state
    return bits >> (high >> 58) | bits << (-(high >> 58) & 63)


cdef inline double uniform(Stream *stream) noexcept nogil:
    """A multiple of 2**-53 in [0, 1): that of ``numpy.random.Generator.random``."""
    return <double>(draw(stream) >> 11) * (1.0 / (1ull << 53))


cdef inline double exponential(Stream *stream) noexcept nogil:
    """Exponential with mean 1, at most 36.8, by inverse transform."""
    # 1 - uniform is exact, and above 0; subtracting from 0 avoids a negative zero.
    return 0.0 - natural_log(1.0 - uniform(stream))


cdef inline uint64_t below(Stream *stream, uint64_t n) noexcept nogil:
    """Uniform on 0 to n-1, without bias (Lemire 2019); 0 if n is 0.

    Draws again with probability below n / 2**64.
    """
    cdef uint128 product = <uint128>draw(stream) * n
    cdef uint64_t least
    if <uint64_t>product < n:
        least = -n % n
        while <uint64_t>product < least:
            product = <uint128>draw(stream) * n
    return <uint64_t>(product >> 64)


cdef inline double normal(Stream *stream) noexcept nogil:
    """Standard normal, at most 8.2 from 0, by inverse transform."""
    # Midpoints of 2**52 equal parts: symmetric about a half, and never 0 or 1.
    return normal_quantile((<double>(draw(stream) >> 12) + 0.5) * (1.0 / (1ull << 52)))


cdef inline double normal_quantile(double p) noexcept nogil:
    """The inverse of the standard normal distribution function for 0 < p < 1.

    Wichura 1988, algorithm AS 241 (PPND16): accurate to about 1 part in 10**16.
    """
    cdef double q = p - 0.5
    cdef double r, z
    if fabs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * (
            (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r
                  + 6.7265770927008700853e4) * r + 4.5921953931549871457e4) * r
                + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r
              + 1.3314166789178437745e2) * r + 3.3871328727963666080)
            / (((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r
                    + 3.9307895800092710610e4) * r + 2.1213794301586595867e4) * r
                  + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r
                + 4.2313330701600911252e1) * r + 1.0)
        )
    r = sqrt(-natural_log(p if q < 0 else 1 - p))
    if r <= 5:
        r -= 1.6
        z = (
            (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r
                  + 2.41780725177450611770e-1) * r + 1.27045825245236838258) * r
                + 3.64784832476320460504) * r + 5.76949722146069140550) * r
              + 4.63033784615654529590) * r + 1.42343711074968357734)
            / (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r
                    + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r
                  + 6.89767334985100004550e-1) * r + 1.67638483018380384940) * r
                + 2.05319162663775882187) * r + 1.0)
        )
    else:
        r -= 5
        z = (
            (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                  + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2) * r
                + 2.96560571828504891230e-1) * r + 1.78482653991729133580) * r
              + 5.46378491116411436990) * r + 6.65790464350110377720)
            / (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r
                    + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4) * r
                  + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r
                + 5.99832206555887937690e-1) * r + 1.0)
        )
    return -z if q < 0 else z
