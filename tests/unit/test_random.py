"""Streams keyed by identity: numpy's bits, and distributions that are what they are called."""

import math
import pickle
from collections import Counter
from copy import copy, deepcopy
from hashlib import blake2b
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.random import (
    Purpose,
    RandomStream,
    exp,
    log,
    name_hash,
    numpy_stream,
    poisson_log_probability,
)
from tests.examples import examples

SEEDS = [0, 1, 2**32 - 1, 2**32, 2**40 + 1, 2**64, 2**64 + 2**33, 2**96 + 5, 2**128 - 1]
MEMBERS = [None, 0, 1, 9_999, 2**32 - 1, 2**32, 2**64 - 1]

# The statistical tests draw from fixed seeds, so they pass or fail for good. Thresholds are those
# that a right sampler exceeds with a probability of about 1 in 10,000 or less.
DRAWS = 100_000
SIGMAS = 4.0  # for a mean, in standard errors: 6 in 100,000
KOLMOGOROV = 2.23  # for sqrt(n) * D: P = 2 exp(-2 x^2) = 1 in 10,000


def published_stream(seed, name, purpose, member=None):
    """The stream of a name, from the definition alone."""
    digest = blake2b(name.encode("utf-8")).digest()
    low, high = (int.from_bytes(digest[i : i + 4], "little") for i in (0, 4))
    key = (low, high, purpose) if member is None else (low, high, purpose, member)
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))


def sample(method, *arguments, count=DRAWS):
    return np.array([method(*arguments) for _ in range(count)])


def kolmogorov(values, distribution):
    """sqrt(n) times the largest distance to a continuous distribution function."""
    count = len(values)
    theory = distribution(np.sort(values))
    steps = np.arange(count + 1) / count
    distance = max(np.max(steps[1:] - theory), np.max(theory - steps[:-1]))
    return distance * math.sqrt(count)


def chi_square_sigmas(observed, expected):
    """Pearson's statistic in standard deviations of the normal (Wilson and Hilferty 1931)."""
    freedom = len(observed) - 1
    statistic = np.sum((observed - expected) ** 2 / expected)
    spread = 2 / (9 * freedom)
    return ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)


# ---------------------------------------------------------------- the bits are numpy's


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_bits_are_those_of_numpy(seed, member):
    for name in ("maker", "", "Händler 7", "x" * 300):
        for purpose in (*Purpose, 16, 2**32 - 1):
            stream = RandomStream(seed, name, purpose, member)
            expected = published_stream(seed, name, purpose, member).random_raw(20)
            assert [stream.raw() for _ in range(20)] == expected.tolist()


@settings(max_examples=examples(300), deadline=None)
@given(
    seed=st.integers(0, 2**128 - 1),
    name=st.text(),
    purpose=st.integers(0, 2**32 - 1),
    member=st.none() | st.integers(0, 2**64 - 1),
)
def test_any_identity_has_the_bits_of_numpy(seed, name, purpose, member):
    stream = RandomStream(seed, name, purpose, member)
    expected = published_stream(seed, name, purpose, member).random_raw(5)
    assert [stream.raw() for _ in range(5)] == expected.tolist()
    same = numpy_stream(seed, name, purpose, member)
    assert same.bit_generator.random_raw(5).tolist() == expected.tolist()


def test_a_long_run_of_bits_and_of_floats():
    bits, floats = RandomStream(11, "maker"), RandomStream(11, "maker")
    expected = published_stream(11, "maker", Purpose.BEHAVIOUR)
    assert [bits.raw() for _ in range(DRAWS)] == expected.random_raw(DRAWS).tolist()
    assert sample(floats.random).tolist() == numpy_stream(11, "maker").random(DRAWS).tolist()


def test_name_hash_is_the_front_of_the_digest():
    assert name_hash("maker") == 0x9E864F1AFCE374F0
    assert name_hash("µ") == int.from_bytes(blake2b("µ".encode()).digest()[:8], "little")


def test_a_kind_of_str_counts_as_the_text_it_holds():
    class Loud(str):
        def __str__(self):
            return self.upper()

    assert name_hash(Loud("maker")) == name_hash("maker")
    assert RandomStream(1, Loud("maker")).raw() == RandomStream(1, "maker").raw()


def test_streams_of_different_identities_differ():
    first = [RandomStream(seed, "maker").raw() for seed in SEEDS]
    first += [RandomStream(0, "taker", purpose).raw() for purpose in range(1_000)]
    first += [RandomStream(0, f"maker {i}").raw() for i in range(1_000)]
    first += [RandomStream(0, "makers", member=i).raw() for i in range(10_000)]
    first += [RandomStream(0, "makers").raw()]
    assert len(set(first)) == len(first)


def test_members_of_a_population_are_uncorrelated():
    """Neighbours' first draws: correlation 0, standard error 1 / sqrt(n). Seed 3."""
    first = np.array([RandomStream(3, "noise", member=i).random() for i in range(20_000)])
    correlation = np.corrcoef(first[:-1], first[1:])[0, 1]
    assert abs(correlation) * math.sqrt(len(first)) < SIGMAS
    assert kolmogorov(first, lambda x: x) < KOLMOGOROV


# ---------------------------------------------------------------- distributions


def test_exponential_is_numpys_inverse_transform():
    """The same to rounding: numpy calls log1p of the C library."""
    stream = RandomStream(5, "maker")
    expected = numpy_stream(5, "maker").standard_exponential(DRAWS, method="inv")
    np.testing.assert_allclose(sample(stream.exponential), expected, rtol=5e-16)


def test_normal_is_the_inverse_of_the_distribution_function():
    """Against AS 241 as Python's statistics module has it, at midpoints of 2**52 parts."""
    stream, raw = RandomStream(6, "maker"), RandomStream(6, "maker")
    inverse = NormalDist().inv_cdf
    expected = [inverse(((raw.raw() >> 12) + 0.5) / 2**52) for _ in range(DRAWS)]
    np.testing.assert_allclose(sample(stream.normal), expected, rtol=1e-14, atol=1e-15)
    assert max(expected) > 4  # the tails were reached


@pytest.mark.parametrize(
    ("method", "arguments", "mean", "variance", "fourth"),
    [
        # fourth: the fourth central moment, for the standard error of the variance
        ("random", (), 1 / 2, 1 / 12, 1 / 80),
        ("exponential", (), 1, 1, 9),
        ("exponential", (40.0,), 40, 40**2, 9 * 40**4),
        ("normal", (), 0, 1, 3),
        ("normal", (-3.0, 2.0), -3, 4, 48),
        ("poisson", (0.3,), 0.3, 0.3, 0.3 + 3 * 0.3**2),
        ("poisson", (1e3,), 1e3, 1e3, 1e3 + 3 * 1e6),
        ("poisson", (1e9,), 1e9, 1e9, 1e9 + 3 * 1e18),
        ("geometric", (0.2,), 5, 20, 20 * (1 + 9 * 20)),
        ("geometric", (1e-9,), 1e9, 1e18, 9e36),
    ],
)
def test_mean_and_variance(method, arguments, mean, variance, fourth):
    """Both within four standard errors of theory. Seed 2."""
    values = sample(getattr(RandomStream(2, "maker"), method), *arguments)
    error = math.sqrt(variance / DRAWS)
    assert abs(values.mean() - mean) < SIGMAS * error
    error_of_variance = math.sqrt((fourth - variance**2) / DRAWS)
    assert abs(values.var() - variance) < SIGMAS * error_of_variance


@pytest.mark.parametrize(
    ("method", "arguments", "distribution"),
    [
        ("random", (), lambda x: x),
        ("exponential", (2.0,), lambda x: -np.expm1(-x / 2)),
        ("normal", (1.0, 3.0), np.vectorize(NormalDist(1, 3).cdf)),
        # Counts, but so large that 100,000 draws do not tell them from a continuum.
        ("poisson", (1e12,), np.vectorize(NormalDist(1e12, 1e6).cdf)),
        ("geometric", (1e-12,), lambda x: -np.expm1(-x * 1e-12)),
    ],
)
def test_distribution_function(method, arguments, distribution):
    """Kolmogorov and Smirnov's test, 1 in 10,000. Seed 4."""
    values = sample(getattr(RandomStream(4, "maker"), method), *arguments)
    assert kolmogorov(values, distribution) < KOLMOGOROV


def poisson_probability(k, mean):
    return math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))


def geometric_probability(k, p):
    return p * (1 - p) ** (k - 1) if k >= 1 else 0.0


@pytest.mark.parametrize(
    ("method", "parameter", "probability"),
    [
        *(("poisson", mean, poisson_probability) for mean in (0.1, 2.5, 9.99, 10.0, 11.5, 80.0)),
        *(("geometric", p, geometric_probability) for p in (0.03, 0.5, 0.9)),
    ],
)
def test_counts_have_their_probabilities(method, parameter, probability):
    """Chi-square over the values expected ten times or more, the rest as one. Seed 8."""
    counts = Counter(sample(getattr(RandomStream(8, "maker"), method), parameter).tolist())
    theory = {k: DRAWS * probability(k, parameter) for k in range(2_000)}
    values = [k for k, expected in theory.items() if expected >= 10]
    observed = [counts[k] for k in values]
    expected = [theory[k] for k in values]
    if DRAWS - sum(expected) >= 1:
        observed.append(DRAWS - sum(observed))
        expected.append(DRAWS - sum(expected))
    assert chi_square_sigmas(np.array(observed), np.array(expected)) < SIGMAS


@pytest.mark.parametrize("mean", [10.0, 31.4, 1e3])
def test_poisson_probabilities_to_the_last_digits(mean):
    """Against the log-gamma function; Stirling's series is cut below 10**-12."""
    for k in range(int(3 * mean)):
        expected = k * math.log(mean) - mean - math.lgamma(k + 1)
        assert poisson_log_probability(k, mean) == pytest.approx(expected, abs=3e-12, rel=3e-14)


@pytest.mark.parametrize("n", [2, 3, 7, 1_000, 2**32 - 1, 2**32 + 1, 3 * 2**61, 2**63 - 1])
def test_integers_are_unbiased(n):
    """Chi-square over equal parts of the range, and over remainders. Seed 9.

    At 3 * 2**61 a remainder or a product without rejection is 12 % off.
    """
    stream = RandomStream(9, "maker")
    values = [stream.integers(n) for _ in range(DRAWS)]
    assert min(values) >= 0
    assert max(values) < n
    parts = min(n, 3)
    edges = [-(-i * n // parts) for i in range(parts + 1)]
    in_part = np.bincount([v * parts // n for v in values], minlength=parts)
    assert chi_square_sigmas(in_part, np.diff(edges) / n * DRAWS) < SIGMAS
    sizes = np.array([len(range(i, n, parts)) for i in range(parts)])
    remainders = np.bincount([v % parts for v in values], minlength=parts)
    assert chi_square_sigmas(remainders, sizes / n * DRAWS) < SIGMAS


def test_one_draw_a_value():
    """What the header promises: inverse transforms take one draw each."""
    reference = RandomStream(1, "maker")
    expected = [reference.raw() for _ in range(5)][-1]
    for method, arguments in [
        ("random", ()),
        ("exponential", ()),
        ("normal", ()),
        ("poisson", (5.0,)),
    ]:
        stream = RandomStream(1, "maker")
        for _ in range(4):
            getattr(stream, method)(*arguments)
        assert stream.raw() == expected, method


def test_shared_luck():
    """A higher rate never gives a lower count on the same stream."""
    low, high = RandomStream(1, "maker"), RandomStream(1, "maker")
    pairs = [(low.poisson(3.0), high.poisson(4.0)) for _ in range(1_000)]
    assert all(a <= b for a, b in pairs)
    assert any(a < b for a, b in pairs)


def test_edges():
    stream = RandomStream(1, "maker")
    assert stream.integers(1) == 0
    assert stream.poisson(0.0) == 0
    assert stream.geometric(1.0) == 1
    assert stream.geometric(5e-324) == 2**62
    assert stream.exponential(0.0) == 0
    assert stream.normal(7.0, 0.0) == 7
    assert 0 < stream.poisson(2.0**52) < 2**53


# ---------------------------------------------------------------- copies


@pytest.mark.parametrize("duplicate", [copy, deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_copy_carries_on_and_goes_its_own_way(duplicate):
    stream = RandomStream(2**100, "maker", Purpose.LATENCY, 7)
    for _ in range(10):
        stream.raw()
    other = duplicate(stream)
    expected = [stream.raw() for _ in range(10)]
    assert [other.raw() for _ in range(10)] == expected
    other.raw()
    assert stream.raw() != other.raw()


# ---------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1, "a"), ValueError, "seed must be 0 to .*, got -1"),
        ((2**128, "a"), ValueError, "seed must be 0 to .*, got 3402"),
        ((1.5, "a"), TypeError, "seed must be an integer, got 1.5"),
        (("7", "a"), TypeError, "seed must be an integer, got '7'"),
        ((1, 7), TypeError, "name must be a str, got 7"),
        ((1, b"a"), TypeError, "name must be a str, got b'a'"),
        ((1, "a", -1), ValueError, "purpose must be 0 to 4294967295, got -1"),
        ((1, "a", 2**32), ValueError, "purpose must be 0 to 4294967295, got 4294967296"),
        ((1, "a", 0.5), TypeError, "purpose must be an integer, got 0.5"),
        ((1, "a", 0, -1), ValueError, "member must be 0 to .*, got -1"),
        ((1, "a", 0, 2**64), ValueError, "member must be 0 to .*, got 18446744073709551616"),
        ((1, "a", 0, 2.0), TypeError, "member must be an integer, got 2.0"),
    ],
)
@pytest.mark.parametrize("make", [RandomStream, numpy_stream])
def test_bad_identities_are_refused(make, arguments, error, message):
    with pytest.raises(error, match=message):
        make(*arguments)


@pytest.mark.parametrize(
    ("method", "arguments", "error", "message"),
    [
        ("integers", (0,), ValueError, "n must be 1 to .*, got 0"),
        ("integers", (-5,), ValueError, "n must be 1 to .*, got -5"),
        ("integers", (2**63,), ValueError, "n must be 1 to .*, got 9223372036854775808"),
        ("integers", (1.9,), TypeError, "n must be an integer, got 1.9"),
        ("exponential", (-1.0,), ValueError, "mean must be 0 or more and finite, got -1.0"),
        ("exponential", (math.nan,), ValueError, "mean .*, got nan"),
        ("exponential", (math.inf,), ValueError, "mean .*, got inf"),
        ("normal", (0.0, -1.0), ValueError, "deviation 0 or more .* -1.0"),
        ("normal", (math.inf, 1.0), ValueError, "mean must be finite, .*got inf"),
        ("poisson", (-0.1,), ValueError, r"mean must be 0 to 2\*\*52, got -0.1"),
        ("poisson", (1e16,), ValueError, r"mean must be 0 to 2\*\*52, got 1e\+16"),
        ("poisson", (math.nan,), ValueError, r"mean must be 0 to 2\*\*52, got nan"),
        ("geometric", (0.0,), ValueError, "p must be above 0 and at most 1, got 0.0"),
        ("geometric", (1.1,), ValueError, "p must be above 0 and at most 1, got 1.1"),
    ],
)
def test_bad_parameters_are_refused_and_draw_nothing(method, arguments, error, message):
    stream, untouched = RandomStream(1, "maker"), RandomStream(1, "maker")
    with pytest.raises(error, match=message):
        getattr(stream, method)(*arguments)
    assert stream.raw() == untouched.raw()


def test_exp_and_log_are_those_of_mathematics():
    values = np.linspace(-30, 30, 1_001).reshape(7, 143)
    ours = exp(values)
    assert ours.shape == values.shape
    np.testing.assert_allclose(ours, np.exp(values), rtol=5e-16)
    assert values[0, 0] == -30, "the argument is left alone"
    assert log(2.0) == pytest.approx(np.log(2), rel=3e-16)
    with pytest.raises(ValueError, match="values"):
        exp([800.0])
    with pytest.raises(ValueError, match="value"):
        log(0.0)
