"""Each flow against the theory of its model. Every tolerance is 4 standard errors or more."""

import numpy as np
import pytest

import agents
import lob
from agents import flow
from agents.flow.stationary import queue_lengths
from lob.units import SECOND_NS

ERRORS = 4.0


def started(one, seed, **others):
    simulation = agents.Simulation(seed, **others)
    simulation.add(one)
    return simulation


# ---------------------------------------------------------------- zero intelligence


def test_far_from_the_touch_occupancy_is_poisson():
    """At prices that no trade reaches, orders arrive at alpha and leave at delta: Poisson.

    Mean alpha / delta = 3 and Fano factor 1. 300 looks 5 / delta apart (correlation e**-5) at 200
    prices: the standard error of the mean is sqrt(3 / 60,000), of the Fano factor sqrt(2 / 60,000).
    """
    one = flow.ZeroIntelligence(
        "far", price=10_000, alpha=3.0, mu=5.0, delta=1.0, window=200, depth=None
    )
    simulation = started(one, 11, events=False, messages=False)
    book, counts = simulation.books[0], []
    for look in range(1, 301):
        simulation.run(until=5 * look * SECOND_NS)
        bids = np.zeros(130)
        levels = book.bids(300)
        bids_at = book.best_ask - 30 - levels["price"]
        inside = (bids_at >= 0) & (bids_at < 100)
        bids[bids_at[inside]] = levels["orders"][inside]
        asks = np.zeros(130)
        levels = book.asks(300)
        asks_at = levels["price"] - book.best_bid - 30
        inside = (asks_at >= 0) & (asks_at < 100)
        asks[asks_at[inside]] = levels["orders"][inside]
        counts.append(np.concatenate([bids[:100], asks[:100]]))
    seen = np.array(counts)
    assert abs(seen.mean() - 3) < ERRORS * np.sqrt(3 / seen.size)
    assert abs(seen.var() / seen.mean() - 1) < ERRORS * np.sqrt(2 / seen.size)


def test_zero_intelligence_sends_what_its_rates_say():
    """Limit orders 2 W alpha, market orders mu, cancellations delta times the open orders."""
    rates = {"alpha": 0.8, "mu": 60.0, "delta": 0.4}
    one = flow.ZeroIntelligence("rates", price=0, window=100, depth=None, **rates)
    simulation = started(one, 12)
    live = []
    for second in range(1, 1_001):
        simulation.run(until=second * SECOND_NS)
        live.append(one.live)
    messages = simulation.messages
    sent = messages[messages["ts_event"] > 0]
    new = sent["kind"] == lob.Kind.NEW
    market = new & (sent["order_type"] == lob.OrderType.MARKET)
    for count, rate in (
        ((new & ~market).sum(), 2 * 100 * 0.8),
        (market.sum(), 60.0),
        ((market & (sent["side"] == lob.Side.BUY)).sum(), 30.0),
        ((~new).sum(), 0.4 * np.mean(live)),
    ):
        assert abs(count - 1_000 * rate) < ERRORS * np.sqrt(1_000 * rate)


# ---------------------------------------------------------------- Cont, Stoikov, Talreja


def up_probability(arrive, trade, leave, most=40):
    """P(ask queue empties first), by the lengths of the bid and the ask queue, spread one tick."""
    chance = np.full((most, most), 0.5)
    chance[0, :], chance[:, 0] = 0.0, 1.0
    n = np.arange(1, most)
    down = trade + n * leave
    for _ in range(20_000):
        before = chance.copy()
        grown_bid = np.vstack([chance[2:, 1:], chance[-1:, 1:]])
        grown_ask = np.hstack([chance[1:, 2:], chance[1:, -1:]])
        chance[1:, 1:] = (
            arrive * (grown_bid + grown_ask)
            + down[:, None] * chance[:-1, 1:]
            + down[None, :] * chance[1:, :-1]
        ) / (2 * arrive + down[:, None] + down[None, :])
        if np.abs(chance - before).max() < 1e-12:
            break
    return chance


def first_visits(quotes, targets):
    """Of each pair of queue lengths: did the ask empty first, once an episode of spread 1."""
    outcomes = {target: [] for target in targets}
    visited, prices = set(), None
    for bid, bid_size, ask, ask_size in quotes:
        if prices is not None and (bid, ask) != prices:
            for target in visited:
                outcomes[target].append(ask > prices[1] or bid > prices[0])
            visited, prices = set(), None
        if ask - bid == 1 and bid_size and ask_size:
            prices = (bid, ask)
            if (bid_size, ask_size) in outcomes:
                visited.add((bid_size, ask_size))
    return outcomes


@pytest.mark.slow
def test_which_queue_empties_first():
    """Two queues with the rates of the paper race: P(mid up) solves a linear system.

    Rates of Cont, Stoikov and Talreja (2010). 1,600,000 wake-ups, seed 13.
    """
    arrivals, thetas, mu = [1.85, 1.51, 1.09, 0.88, 0.77], [0.71, 0.81, 0.68, 0.56, 0.47], 0.94
    one = flow.Poisson(
        "cst", price=0, lambda_=arrivals, theta=thetas, mu=mu, k=1.92, alpha=0.52, window=10
    )
    simulation = started(one, 13, events=False)
    simulation.step(1_600_000)
    messages = simulation.messages
    quotes = np.zeros(len(messages), lob.QUOTE)
    lob.OrderBook().process(messages, quotes=quotes)
    fields = ["bid_price", "bid_size", "ask_price", "ask_size"]
    table = np.column_stack([quotes[field] for field in fields])
    table = table[1:][(np.diff(table, axis=0) != 0).any(axis=1)]
    theory = up_probability(arrivals[0], mu, thetas[0])
    targets = [(b, a) for b in range(1, 5) for a in range(1, 5)]
    for (bid, ask), outcomes in first_visits(table.tolist(), targets).items():
        p, n = theory[bid, ask], len(outcomes)
        assert n > 500, (bid, ask)
        assert abs(np.mean(outcomes) - p) < ERRORS * np.sqrt(p * (1 - p) / n), (bid, ask)


# ---------------------------------------------------------------- Hawkes


def test_hawkes_counts():
    """Every column of the excitation sums to n = 0.5, so the total is a univariate process.

    With total baseline m = 10, decay b = 5 and k = b (1 - n) = 2.5: mean rate m / (1 - n) = 20, and
    the Fano factor of a window w is F + (1 - F) (1 - exp(-k w)) / (k w), F = 1 / (1 - n)**2 = 4.
    1,500 windows of 20 s: the standard error of the mean is sqrt(F / (rate * time)), of the Fano
    factor F sqrt(2 / 1,500). Seed 14.
    """
    shares = np.array([0.3, 0.3, 0.2, 0.2, 0.0, 0.0])
    twist = np.array([[0.6, 0, 0.4, 0], [0, 0.6, 0, 0.4], [0.4, 0.1, 0.6, 0], [0, 0.3, 0, 0.6]])
    excitation = np.zeros((6, 6))
    excitation[:4, :4] = 0.5 * twist / twist.sum(axis=0)
    baseline = 10 * shares
    with pytest.warns(UserWarning, match="the book grows without end"):
        one = flow.Hawkes(
            "hawkes",
            price=0,
            baseline=baseline,
            excitation=excitation,
            decay=5.0,
            placement=[1, 1, 1],
        )
    simulation = started(one, 14, events=False)
    windows, width = 1_500, 20
    simulation.run(until=windows * width * SECOND_NS)
    messages = simulation.messages
    counts = np.bincount(messages["ts_event"] // (width * SECOND_NS), minlength=windows)[:windows]
    fano, relax = 4.0, 2.5 * width
    error = np.sqrt(fano * 20 / (windows * width))
    assert abs(counts.mean() / width - 20) < ERRORS * error
    expected = fano + (1 - fano) * (1 - np.exp(-relax)) / relax
    assert abs(counts.var() / counts.mean() - expected) < ERRORS * fano * np.sqrt(2 / windows)
    # By type the rates solve r = baseline + excitation r.
    rates = np.linalg.solve(np.eye(6) - excitation, baseline)
    market = messages["order_type"] == lob.OrderType.MARKET
    buys = messages["side"] == lob.Side.BUY
    time = windows * width
    for chosen, rate in zip(
        (~market & buys, ~market & ~buys, market & buys, market & ~buys), rates[:4], strict=True
    ):
        # Each type's Fano factor is at most that of the total here.
        assert abs(chosen.sum() / time - rate) < ERRORS * np.sqrt(fano * rate / time)


# ---------------------------------------------------------------- queue-reactive


def test_queue_lengths_are_stationary():
    """One queue a side that the reference price never leaves: a birth-death process.

    2,000 looks 4 s apart, when the slowest relaxation is below 1 s. Seed 15.
    """
    limit, cancel, market = [3.0, 2.5, 2.0, 2.0], [0, 0.5, 1.0, 1.5, 2.0], [0, 1.0, 1.2]
    one = flow.QueueReactive(
        "queues", price=10, limit=[limit], cancel=[cancel], market=[market], theta=0.0
    )
    simulation = started(one, 15, events=False, messages=False)
    book, lengths = simulation.books[0], []
    for look in range(1, 2_001):
        simulation.run(until=4 * look * SECOND_NS)
        lengths += [int(side(1)["size"].sum()) for side in (book.bids, book.asks)]
    weights = np.array(queue_lengths(0, limit, cancel, market))
    chances = weights / weights.sum()
    seen = np.bincount(lengths, minlength=len(chances)) / len(lengths)
    errors = np.sqrt(chances * (1 - chances) / len(lengths))
    assert (np.abs(seen - chances)[:8] < ERRORS * errors[:8]).all()
    assert one.reference == 10


# ---------------------------------------------------------------- Lillo, Mike, Farmer


def hurwitz(power, first):
    """Sum of (first + i)**-power over i = 0, 1, 2..., the tail by Euler and Maclaurin."""
    terms = first + np.arange(200.0)
    last = first + 200.0
    return (
        (terms**-power).sum()
        + last ** (1 - power) / (power - 1)
        + 0.5 * last**-power
        + power * last ** (-power - 1) / 12
    )


def sign_correlation(metaorders, beta, lag):
    """Two pieces are of one metaorder, which lasted: else their signs are independent."""
    chance, same = 1 / metaorders, 0.0
    between = (1 - chance) ** (lag - 1)  # P(0 of the pieces between are of the same slot)
    for pieces in range(lag):
        same += between * hurwitz(beta, pieces + 2.0) / hurwitz(beta, 1.0)
        between *= (lag - 1 - pieces) / (pieces + 1) * chance / (1 - chance)
    return chance * same


@pytest.mark.parametrize(("metaorders", "beta"), [(5, 1.5), (20, 1.7)])
def test_order_signs_have_a_long_memory(metaorders, beta):
    """Autocorrelation of the signs of market orders, whose mean is 0, at seven lags.

    24 seeds of 40,000 trades; the standard error is that of the seeds' mean, and the tolerance 4.5
    of these (Student with 23 degrees of freedom, 14 comparisons).
    """
    lags, samples = [1, 2, 5, 10, 20, 50, 100], []
    for seed in range(24):
        one = flow.LongMemory(
            "memory",
            price=0,
            metaorders=metaorders,
            beta=beta,
            mu=100.0,
            alpha=0.5,
            delta=0.1,
            window=20,
        )
        simulation = started(one, seed, events=False)
        simulation.run(until=400 * SECOND_NS)
        messages = simulation.messages
        signs = messages["side"][messages["order_type"] == lob.OrderType.MARKET].astype(float)
        samples.append([(signs[lag:] * signs[:-lag]).mean() for lag in lags])
    seen = np.mean(samples, axis=0)
    errors = np.std(samples, axis=0, ddof=1) / np.sqrt(len(samples))
    theory = [sign_correlation(metaorders, beta, lag) for lag in lags]
    assert (np.abs(seen - theory) < 4.5 * errors).all(), (seen, theory, errors)
