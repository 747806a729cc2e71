"""Each statistic of a market on a record made so that its value is known.

What follows from arithmetic for a hand-made book is in ``test_market_facts.py``; here are the
statistics of laws: the record is drawn from a law with the wanted value, and the tolerance is some
three standard errors at its length.
"""

import numpy as np
import pytest

from experiments.calibration.facts import FACTS, TOO_SHORT
from experiments.calibration.market_record import MARKET_ORDER, STEP, MarketRecord
from experiments.calibration.measure import measure
from experiments.metrics.order_flow import StepKind
from lob import QUOTE

S = 10**9
PRICE = 10**9
"""In ticks: so large that a tick is no part of a return."""


def generator(seed):
    return np.random.Generator(np.random.PCG64(seed))


def of_prices(returns):
    """A record whose mid makes these log returns, one a second."""
    path = np.rint(PRICE * np.exp(np.concatenate([[0.0], np.cumsum(returns)]))).astype(np.int64)
    quotes = np.zeros(len(path), QUOTE)
    quotes["ts_event"] = np.arange(len(path)) * S
    quotes["bid_price"], quotes["ask_price"] = path - 1, path + 1
    quotes["bid_size"] = quotes["ask_size"] = 1
    return MarketRecord("prices", quotes, np.zeros(0, MARKET_ORDER), None)


def of_orders(seconds, side=None, size=None, *, end=None):
    """A record whose market orders come at these times; the quote never moves."""
    count = len(seconds)
    quotes = np.zeros(count + 2, QUOTE)
    quotes["ts_event"][1:-1] = np.asarray(seconds) * S
    quotes["ts_event"][-1] = (end if end is not None else seconds[-1]) * S
    quotes["bid_price"], quotes["ask_price"] = PRICE - 1, PRICE + 1
    quotes["bid_size"] = quotes["ask_size"] = 1
    orders = np.zeros(count, MARKET_ORDER)
    orders["ts_event"] = quotes["ts_event"][1:-1]
    orders["side"] = np.tile([1, -1], count)[:count] if side is None else side
    orders["size"] = 1 if size is None else size
    orders["before"], orders["after"] = np.arange(count), np.arange(1, count + 1)
    return MarketRecord("orders", quotes, orders, None)


def value(record, name):
    fact = measure(record).values[name]
    assert fact.value is not None, fact.reason
    return fact.value


# ------------------------------------------------------------------------------ market orders


def test_the_dispersion_of_sizes():
    """Half of 1 lot, half of 3: mean 2, sd 1."""
    record = of_orders(np.arange(1, 201), size=np.tile([1, 3], 100))
    assert value(record, "size_dispersion") == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(("shape", "wanted"), [(1.0, 1.0), (4.0, 0.5), (0.25, 2.0)])
def test_the_dispersion_of_gaps(shape, wanted):
    """Gaps of a gamma law of shape k have sd / mean = k ** -1/2; 1 is Poisson."""
    gaps = generator(1).gamma(shape, 1 / shape, 20_000)
    assert value(of_orders(np.cumsum(gaps)), "gap_dispersion") == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize(("mean_batch", "wanted"), [(1, 1.0), (5, 5.0)])
def test_the_fano_factor(mean_batch, wanted):
    """Poisson batches of b orders each: the variance of the count is b times its mean."""
    rng = generator(2)
    batches = np.sort(rng.uniform(0, 60_000, rng.poisson(60_000)))
    record = of_orders(np.repeat(batches, mean_batch), end=60_000)
    assert value(record, "fano_60s") == pytest.approx(wanted, rel=3 * (2 / 1_000) ** 0.5)


def test_the_branching_ratio():
    """Each order causes 0.6 others on the average, at exponential ages of half a second."""
    rng = generator(3)
    born = rng.uniform(0, 8_000, rng.poisson(0.5 * 8_000))
    found = []
    while len(born):
        found.append(born)
        children = np.repeat(born, rng.poisson(0.6, len(born)))
        born = children + rng.exponential(0.5, len(children))
        born = born[born < 8_000]
    assert value(of_orders(np.sort(np.concatenate(found))), "branching") == pytest.approx(
        0.6, abs=0.06
    )


def test_the_autocorrelation_of_signs():
    """A side that is kept with chance 0.99 has the autocorrelation 0.98 ** lag."""
    turns = np.where(generator(4).random(40_000) < 0.99, 1, -1)
    facts = measure(of_orders(np.arange(1, 40_001), side=np.cumprod(turns)))
    for lag in (1, 10, 50):
        assert facts.values[f"sign_{lag}"].value == pytest.approx(0.98**lag, abs=0.1)


def test_the_exponent_of_signs_without_memory_is_one():
    side = np.where(generator(5).random(30_000) < 0.5, 1, -1)
    assert value(of_orders(np.arange(1, 30_001), side=side), "sign_exponent") == pytest.approx(
        1.0, abs=0.1
    )


@pytest.mark.parametrize("power", [1.4, 1.6])
def test_the_exponent_of_the_signs_of_split_orders(power):
    """Orders of Pareto length with exponent a, split one after the other (Lillo, Mike and Farmer
    2005): the autocorrelation falls as lag ** -(a - 1)."""
    rng = generator(6)
    lengths = np.ceil(rng.random(100_000) ** (-1 / power)).astype(np.int64)
    lengths = lengths[: np.searchsorted(np.cumsum(lengths), 60_000)]
    side = np.repeat(np.where(rng.random(len(lengths)) < 0.5, 1, -1), lengths)
    record = of_orders(np.arange(1, len(side) + 1), side=side)
    assert value(record, "sign_exponent") == pytest.approx(power - 1, abs=0.2)


# ------------------------------------------------------------------------------ prices


def test_the_variance_ratios_of_a_random_walk_are_one():
    record = of_prices(1e-4 * generator(7).normal(size=60_000))
    assert value(record, "variance_ratio_1s_60s") == pytest.approx(1.0, abs=0.12)
    assert value(record, "variance_ratio_10s_300s") == pytest.approx(1.0, abs=0.25)


def test_the_variance_ratios_of_a_price_with_a_bounce():
    """A walk with steps of variance 1 and noise of variance b about it, drawn anew each second: the
    variance over q seconds is q + 2 b. The ratio is (1 + 2 b / q) / (1 + 2 b / p)."""
    rng = generator(8)
    noise = rng.normal(size=60_001) * 2.0
    record = of_prices(1e-4 * (rng.normal(size=60_000) + np.diff(noise)))
    assert value(record, "variance_ratio_1s_60s") == pytest.approx((1 + 8 / 60) / (1 + 8), rel=0.12)
    assert value(record, "variance_ratio_10s_300s") == pytest.approx(
        (1 + 8 / 300) / (1 + 8 / 10), rel=0.25
    )


def every(seconds, returns):
    """Returns of one second of which only each so many is not zero."""
    found = np.zeros(len(returns) * seconds)
    found[::seconds] = returns
    return found


@pytest.mark.parametrize("seconds", [10, 60])
def test_the_excess_kurtosis(seconds):
    """Up or down by one size: fourth power 1, variance 1, so 1 - 3. Laplace: 6 - 3."""
    rng = generator(9)
    name = f"kurtosis_{seconds}s"
    sign = np.where(rng.random(1_000) < 0.5, 1.0, -1.0)
    assert value(of_prices(every(seconds, 1e-4 * sign)), name) == pytest.approx(-2, abs=0.03)
    heavy = 1e-4 * rng.laplace(size=3_000)
    assert value(of_prices(every(seconds, heavy)), name) == pytest.approx(3, abs=1.2)


@pytest.mark.parametrize("exponent", [2.0, 4.0])
def test_the_tail_exponent(exponent):
    """Of Pareto sizes, on 5 % of 20,000 returns: a standard error of 3 %."""
    rng = generator(10)
    sizes = rng.random(20_000) ** (-1 / exponent) * np.where(rng.random(20_000) < 0.5, 1, -1)
    record = of_prices(every(10, 1e-6 * sizes))
    assert value(record, "tail_exponent") == pytest.approx(exponent, rel=0.1)


def test_the_memory_of_volatility():
    """Normal returns of sd 1 or 3, in turns of 1,000: absolute returns have mean m = sqrt(2 / pi)
    times the sd, so the autocorrelation between lags is var(m) / var(|r|)."""
    sd = np.repeat(np.tile([1.0, 3.0], 20), 1_000)
    record = of_prices(every(10, 1e-5 * sd * generator(11).normal(size=len(sd))))
    mean_square, means = (1 + 9) / 2, (2 / np.pi) ** 0.5 * np.array([1.0, 3.0])
    wanted = means.var() / (mean_square - means.mean() ** 2)
    assert value(record, "volatility_memory") == pytest.approx(wanted, abs=0.03)


# ------------------------------------------------------------------------------ resting orders


def of_resting(born, lives, end, far=()):
    """A record of limit orders at the bid, and of some that are far from it; and 100 trades."""
    rows = []
    for number, (at, age) in enumerate(zip(born, lives, strict=True)):
        price = PRICE - 1 if number not in far else PRICE - 1_000
        rows.append((at, number + 1, price, StepKind.NEW))
        if at + age < end:
            rows.append((at + age, number + 1, 0, StepKind.CANCELLED))
    rows.sort(key=lambda row: row[0])
    steps = np.zeros(len(rows), STEP)
    quotes = np.zeros(len(rows) + 2, QUOTE)
    quotes["bid_price"], quotes["ask_price"] = PRICE - 1, PRICE + 1
    quotes["bid_size"] = quotes["ask_size"] = 1
    for i, (at, order_id, price, kind) in enumerate(rows):
        steps[i] = (int(at * S), i + 1, order_id, price, 1, kind, True)
        quotes["ts_event"][i + 1] = int(at * S)
    quotes["ts_event"][-1] = end * S
    orders = np.zeros(100, MARKET_ORDER)
    orders["side"], orders["size"] = 1, 1
    orders["ts_event"] = np.arange(1, 101) * (end // 101) * S
    orders["before"] = np.searchsorted(quotes["ts_event"], orders["ts_event"]) - 1
    orders["after"] = orders["before"]
    return MarketRecord("resting", quotes, orders, steps)


def test_the_hazard_of_old_orders_over_that_of_young_ones():
    """0.5 a second up to an age of 5 s, 0.05 from then on."""
    rng = generator(12)
    lives = rng.exponential(2.0, 40_000)
    old = lives > 5
    lives[old] = 5 + rng.exponential(20.0, old.sum())
    record = of_resting(np.sort(rng.uniform(0, 10_000, 40_000)), lives, 10_200)
    assert value(record, "hazard_old_young") == pytest.approx(0.1, rel=0.1)


def test_limit_orders_and_cancellations_near_the_mid_are_counted():
    """300 orders: 100 far away, of the 200 near ones half are cancelled before the record ends."""
    lives = np.where(np.arange(300) % 2, 1.0, 10**6)
    record = of_resting(np.arange(1, 301), lives, 1_010, far=range(100))
    assert value(record, "limits_per_order") == 2
    assert value(record, "cancels_per_limit") == 0.5


# ------------------------------------------------------------------------------ length


@pytest.mark.parametrize(
    ("name", "record", "enough"),
    [
        ("size_dispersion", lambda n: of_orders(np.arange(1, n + 1)), 100),
        ("gap_dispersion", lambda n: of_orders(np.arange(1, n + 1)), 100),
        ("imbalance", lambda n: of_orders(np.arange(1, n + 1)), 100),
        ("branching", lambda n: of_orders(np.cumsum(np.tile([1, 2], n // 2))), 1_000),
        ("sign_1", lambda n: of_orders(np.arange(1, n + 1)), 1_000),
        ("response_1", lambda n: of_orders(np.arange(1, n + 1)), 1_000),
        ("response_100", lambda n: of_orders(np.arange(1, n + 1)), 1_000),
        ("fano_60s", lambda n: of_orders(np.arange(0, 60 * n + 1)), 30),
        ("kurtosis_10s", lambda n: of_prices(1e-4 * generator(n).normal(size=10 * n)), 90),
        ("tail_exponent", lambda n: of_prices(1e-4 * generator(n).normal(size=10 * n)), 360),
        ("variance_ratio_1s_60s", lambda n: of_prices(1e-4 * generator(n).normal(size=n)), 900),
    ],
)
def test_a_record_below_what_the_documentation_asks_for_is_too_short(name, record, enough):
    assert measure(record(enough)).values[name].reason == ""
    assert measure(record(enough - 2)).values[name].reason == TOO_SHORT


def test_the_documentation_lists_every_statistic_with_its_form():
    from tests.folders import ROOT

    page = (ROOT / "docs/reference/facts.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    told = {}
    for line in rows:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in cells[0].replace("`", "").split(", "):
            told[name] = cells[-2]
    for name, what in FACTS.items():
        assert told[name] == what.form, name
