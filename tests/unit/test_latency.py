"""Latency models: whole nanoseconds of the stated distribution, and places that belong to names."""

import math
import pickle
from copy import copy, deepcopy
from statistics import NormalDist

import numpy as np
import pytest

from agents.latency import Constant, Distance, Exponential, Latency, LogNormal, Uniform
from agents.random import Purpose, RandomStream, numpy_stream

MODELS = [
    Constant(250),
    Uniform(100, 900),
    LogNormal(50_000, 0.4),
    Exponential(2_000, least=300),
    Distance(1_000.0, speed=2e8),
]
DRAWS = 50_000
KOLMOGOROV = 2.23  # sqrt(n) * D: a right sampler exceeds it once in 10,000


def sample(model, seed, count=DRAWS):
    stream = RandomStream(seed, "maker", Purpose.LATENCY)
    return np.array([model.draw(stream) for _ in range(count)])


def kolmogorov(values, distribution):
    """sqrt(n) times the largest distance to a distribution function, at the values drawn.

    Ties count as one step, so it suits whole numbers too.
    """
    at, counts = np.unique(values, return_counts=True)
    empirical = np.cumsum(counts) / len(values)
    return np.max(np.abs(empirical - distribution(at))) * math.sqrt(len(values))


# ---------------------------------------------------------------- distributions


def test_constant_takes_no_draw():
    stream, untouched = RandomStream(1, "maker"), RandomStream(1, "maker")
    assert [Constant(250).draw(stream) for _ in range(3)] == [250] * 3
    assert stream.raw() == untouched.raw()


def test_latencies_are_whole_numbers():
    stream = RandomStream(1, "maker")
    assert all(type(model.draw(stream)) is int for model in MODELS[:-1])


def test_uniform_includes_both_ends():
    assert set(sample(Uniform(5, 8), seed=1, count=200)) == {5, 6, 7, 8}
    assert set(sample(Uniform(5, 5), seed=1, count=5)) == {5}


@pytest.mark.parametrize(
    ("model", "distribution"),
    [
        (Uniform(0, 999), lambda ns: (ns + 1) / 1000),
        (Uniform(10**9, 10**12), lambda ns: (ns + 1 - 10**9) / (10**12 - 10**9 + 1)),
        # A draw is rounded to the nearest, so up to a value lies what is below its upper half.
        (Exponential(2_000), lambda ns: -np.expm1(-(ns + 0.5) / 2_000)),
        (Exponential(50, least=300), lambda ns: -np.expm1(-(ns + 0.5 - 300) / 50)),
        (
            LogNormal(50_000, 0.4),
            lambda ns: np.vectorize(NormalDist().cdf)(np.log((ns + 0.5) / 50_000) / 0.4),
        ),
        (
            LogNormal(20, 1.5),
            lambda ns: np.vectorize(NormalDist().cdf)(np.log((ns + 0.5) / 20) / 1.5),
        ),
    ],
    ids=repr,
)
def test_distribution_function(model, distribution):
    """Kolmogorov and Smirnov's test, 1 in 10,000. Seed 3."""
    assert kolmogorov(sample(model, seed=3), distribution) < KOLMOGOROV


def test_lognormal_follows_its_normal_draw():
    """To half a nanosecond and rounding, draw by draw."""
    normals = RandomStream(4, "maker", Purpose.LATENCY)
    expected = [10**6 * math.exp(0.7 * normals.normal()) for _ in range(1_000)]
    np.testing.assert_allclose(sample(LogNormal(10**6, 0.7), 4, 1_000), expected, atol=0.500001)


def test_the_longest_latencies_allowed():
    stream = RandomStream(1, "maker")
    assert Constant(2**62).draw(stream) == 2**62
    assert LogNormal(2**62, 0).draw(stream) == 2**62
    assert 0 <= Uniform(0, 2**62).draw(stream) <= 2**62
    assert 0 <= Exponential(2**62 // 37).draw(stream) <= 2**62


def test_latency_depends_on_the_own_stream_only():
    """One model serves two participants, in any order."""
    model = LogNormal(1_000, 0.5)
    alone = sample(model, seed=7, count=100).tolist()
    stream, other = RandomStream(7, "maker", Purpose.LATENCY), RandomStream(7, "other")
    together = []
    for _ in range(100):
        model.draw(other)
        together.append(model.draw(stream))
    assert together == alone


# ---------------------------------------------------------------- distance


def test_places_belong_to_names():
    line = Distance(5_000.0)
    for seed, name in [(0, "venue"), (2**70, "maker"), (1, "")]:
        expected = 5_000.0 * numpy_stream(seed, name, Purpose.PLACE).random()
        assert line.place(seed, name) == expected
    assert line.place(1, "noise", 3) == 5_000.0 * numpy_stream(1, "noise", 2, 3).random()
    assert line.place(1, "noise", 3) != line.place(1, "noise")


def test_places_are_uniform_on_the_line():
    """Kolmogorov and Smirnov's test, 1 in 10,000. Seed 5."""
    line = Distance(200.0)
    places = np.array([line.place(5, f"agent {i}") for i in range(5_000)])
    assert kolmogorov(places, lambda x: x / 200.0) < KOLMOGOROV


def test_delay_is_distance_over_speed():
    line = Distance(1_000_000, speed=2e8)  # 5 ns a metre
    assert line.between(0.0, 200_000.0) == 1_000_000
    assert line.between(200_000.0, 0.0) == 1_000_000
    assert line.between(3.0, 3.0) == 0
    assert line.between(0.0, 0.09) == 0  # 0.45 ns
    assert line.between(0.0, 0.11) == 1  # 0.55 ns
    assert Distance(299_792_458.0).between(0.0, 299_792_458.0) == 10**9


def test_latency_between_names():
    line = Distance(1_000_000)
    there, back = line.latency(1, "maker", "venue"), line.latency(1, "venue", "maker")
    assert there == back == line.latency(1, "maker", "venue")
    assert there == Constant(line.between(line.place(1, "maker"), line.place(1, "venue")))
    assert there != line.latency(2, "maker", "venue")
    assert line.latency(1, "venue", "venue") == Constant(0)
    member = line.latency(1, "noise", "venue", member=4)
    assert member.ns == line.between(line.place(1, "noise", 4), line.place(1, "venue"))


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("duplicate", [copy, deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_copies_are_equal(model, duplicate):
    other = duplicate(model)
    assert type(other) is type(model)
    assert other == model
    assert hash(other) == hash(model)
    assert other.parameters() == model.parameters()
    assert eval(repr(model)) == model


def test_models_compare_by_kind_and_parameters():
    assert len(set(MODELS)) == len(MODELS)
    assert Constant(1) != Constant(2)
    assert Uniform(1, 2) != Exponential(1, 2)
    assert Constant(1) != 1


# ---------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Constant(-1), ValueError, "ns must be 0 to 4611686018427387904, got -1"),
        (lambda: Constant(2**62 + 1), ValueError, "ns must be 0 to .*, got 4611686018427387905"),
        (lambda: Constant(1.5), TypeError, "ns must be an integer, got 1.5"),
        (lambda: Uniform(-1, 5), ValueError, "low must be 0 to .*, got -1"),
        (lambda: Uniform(5, 4), ValueError, "high must be at least low, 5, got 4"),
        (lambda: Uniform(0, "9"), TypeError, "high must be an integer, got '9'"),
        (lambda: LogNormal(0, 1.0), ValueError, "median_ns must be 1 to .*, got 0"),
        (lambda: LogNormal(1e3, 1.0), TypeError, "median_ns must be an integer, got 1000.0"),
        (lambda: LogNormal(10, -0.1), ValueError, "sigma must be finite and at least 0, got -0.1"),
        (lambda: LogNormal(10, math.nan), ValueError, "sigma must be finite .*, got nan"),
        (lambda: LogNormal(10, "1"), TypeError, "sigma must be a number, got '1'"),
        (lambda: LogNormal(10**9, 3.0), ValueError, "sigma must be so small .* got 3.0 with"),
        (lambda: Exponential(-1), ValueError, "mean_ns must be 0 to .*, got -1"),
        (lambda: Exponential(1, least=-1), ValueError, "least must be 0 to .*, got -1"),
        (lambda: Exponential(2**60), ValueError, "mean_ns must be so small .* got 1152921504"),
        (lambda: Distance(-1.0), ValueError, "length_metres must be finite .*, got -1.0"),
        (lambda: Distance(math.inf), ValueError, "length_metres must be finite .*, got inf"),
        (lambda: Distance("far"), TypeError, "length_metres must be a number, got 'far'"),
        (lambda: Distance(1.0, speed=0), ValueError, "speed must be so high .* got 0 m/s"),
        (lambda: Distance(1.0, speed=-3e8), ValueError, "speed must be finite .*, got -3"),
        (lambda: Distance(1e30), ValueError, "speed must be so high .* on 1e\\+30 m"),
        (lambda: Distance(1.0).place(-1, "a"), ValueError, "seed must be 0 to .*, got -1"),
        (lambda: Distance(1.0).place(1, None), TypeError, "name must be a str, got None"),
        (lambda: Latency(), TypeError, "Latency must be one of the models"),
    ],
)
def test_misuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("base", [Latency, Constant])
def test_a_python_subclass_is_refused(base):
    """Its ``sample`` would be ignored without a word."""

    class Mine(base):
        def sample(self, stream):
            return 7

    with pytest.raises(TypeError, match="Cython subclass, got the Python class Mine"):
        Mine(7)


def test_draw_needs_a_stream():
    with pytest.raises(TypeError, match="stream"):
        Constant(1).draw(None)
