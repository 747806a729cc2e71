"""The ready markets: same seed same tape, forks, twins, dormant agents, and what they look like."""

import numpy as np
import pytest

import agents
from agents.traders import NoiseTraders, ValueTraders
from experiments.markets import MARKETS, ci2002, describe, rmsc04
from experiments.markets.rmsc04 import OPEN, ORDER_SIZES, fundamental
from lob import EventKind, Kind, journal
from lob.units import MINUTE_NS

HALF_HOUR = OPEN + 30 * MINUTE_NS


class Dormant(agents.Agent):
    """Wakes up once a second, and does nothing."""

    def on_start(self):
        self.on_wake()

    def on_wake(self):
        self.wake_in(10**9)


class Seller(agents.Agent):
    """Sells once, after ten minutes."""

    def on_start(self):
        self.wake_in(10 * MINUTE_NS)

    def on_wake(self):
        self.sell(1000)


def half_hour(seed, *extra):
    simulation = rmsc04(seed)
    for one in extra:
        simulation.add(one)
    simulation.run(until=HALF_HOUR)
    return simulation


def test_the_seed_is_the_tape():
    assert half_hour(1).digest() == half_hour(1).digest()
    assert half_hour(1).digest() != half_hour(2).digest()


def test_a_dormant_agent_changes_nothing():
    one = half_hour(1, Dormant("dormant", to_venue=agents.Uniform(1, 10**6)))
    assert one.digest() == half_hour(1).digest()


@pytest.mark.parametrize("latency", [agents.Uniform(10**5, 10**7), agents.LogNormal(10**6, 0.5)])
def test_a_dormant_agent_changes_nothing_under_random_latency(latency):
    digests = set()
    for dormant in (False, True):
        simulation = agents.Simulation(3, start=OPEN)
        if dormant:
            simulation.add(Dormant("dormant", to_venue=latency, from_venue=latency))
        common = {
            "sizes": ORDER_SIZES,
            "opens": OPEN,
            "closes": OPEN + 5 * MINUTE_NS,
            "latency": latency,
        }
        simulation.add(
            ValueTraders(
                "value",
                50,
                fundamental=fundamental(3),
                rate=0.05,
                mean=1e5,
                reversion=1e-6,
                volatility=100.0,
                noise_variance=1000.0,
                **common,
            )
        )
        simulation.add(NoiseTraders("noise", 200, **common))
        simulation.run(until=OPEN + 5 * MINUTE_NS)
        assert simulation.event_count > 500
        digests.add(simulation.digest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("build", "middle", "end"),
    [(rmsc04, OPEN + 11 * MINUTE_NS, HALF_HOUR), (ci2002, 333 * 10**9, 600 * 10**9)],
)
def test_a_fork_goes_on_to_the_same_tape(build, middle, end):
    whole = build(4)
    whole.run(until=end)
    first = build(4)
    first.run(until=middle)
    fork = first.fork()
    fork.run(until=end)
    assert fork.digest() == whole.digest()
    first.run(until=end)
    assert first.digest() == whole.digest()


def test_a_twin_is_the_same_until_the_first_message_that_differs():
    full, twin = half_hour(5, Seller("seller")).messages, half_hour(5).messages
    sold_at = OPEN + 10 * MINUTE_NS
    before = int((full["ts_event"] < sold_at).sum())
    assert before > 500
    assert full[:before].tobytes() == twin[:before].tobytes()
    assert full[before]["ts_event"] == sold_at
    assert full.tobytes() != twin.tobytes()


@pytest.fixture(scope="module")
def runs():
    return [half_hour(seed) for seed in range(8)]


def own(simulation, name, kind=Kind.NEW):
    agent, messages = simulation[name], simulation.messages
    mine = (messages["owner"] >= agent.owner) & (messages["owner"] < agent.owner + agent.members)
    return int((mine & (messages["kind"] == kind)).sum())


def test_rmsc04_orders_come_at_the_rates_of_the_original(runs):
    """Value: 102 times 5.7e-12 * 1.8e12 = 10.26: 1,047, deviation 32.

    Noise: up to time x of the day 1,000 * 4 ((x - 1/2)**3 + 1/8) wake up: 185 by the opening, who
    find nothing in the book, and 133 after it, deviation 11; the very first of these find only one
    side. Makers: 30 renewals each of 20 quotes, deviation 155, and a few when the book leans.
    Means of 8 seeds, 4 standard errors.
    """
    value = np.mean([own(run, "value") for run in runs])
    noise = np.mean([own(run, "noise") for run in runs])
    makers = np.mean([own(run, "makers") for run in runs])
    assert abs(value - 1047) < 4 * 32 / 8**0.5
    assert 0.95 * 133 - 4 * 11 / 8**0.5 < noise < 133 + 4 * 11 / 8**0.5
    assert abs(makers - 1200) < 4 * 155 / 8**0.5 + 40


def test_rmsc04_counts_are_of_the_published_size(runs):
    """One published run: 2,001 limit orders, 1,027 cancellations, 878 executions."""
    for kind, published in (
        (EventKind.ACCEPTED, 2001),
        (EventKind.CANCELLED, 1027),
        (EventKind.TRADE, 878),
    ):
        ours = np.mean([(run.events["kind"] == kind).sum() for run in runs])
        assert published / 2 < ours < 2 * published


def test_rmsc04_is_a_market(runs):
    """Two-sided after the first minute, spreads of a few cents, prices near the fundamental."""
    for run in runs:
        quotes, _ = journal.quotes(run.events, 0)
        late = quotes[quotes["ts_event"] > OPEN + MINUTE_NS]
        both = (late["bid_size"] > 0) & (late["ask_size"] > 0)
        assert both.mean() > 0.99
        spread = (late["ask_price"] - late["bid_price"])[both]
        assert 1 <= np.median(spread) <= 50
        middle = (late["ask_price"] + late["bid_price"])[both] / 2
        assert abs(middle.mean() - 100_000) < 500
        assert not (run.events["kind"] == EventKind.REJECTED).any()


def test_nobody_acts_outside_the_session(runs):
    for run in runs:
        messages = run.messages
        longest = 3_866_660 / 299_792_458 * 1e9 + 50 + 1
        assert messages["ts_event"].min() >= OPEN
        assert messages["ts_event"].max() <= HALF_HOUR + longest


def test_leaving_out_a_kind_of_trader():
    simulation = rmsc04(1, noise=0, momentum=0, makers=0)
    simulation.run(until=HALF_HOUR)
    assert [agent.name for agent in simulation.agents] == ["value"]
    assert simulation.event_count > 1000


def test_ci2002_trades_as_often_as_the_original():
    """600 orders; 236 executed in the one published run, ours the mean of 20 seeds within 15 %."""
    counts = []
    for seed in range(20):
        simulation = ci2002(seed)
        simulation.run(until=600 * 10**9)
        assert own(simulation, "traders") == 600
        counts.append(int((simulation.events["kind"] == EventKind.TRADE).sum()))
    assert abs(np.mean(counts) - 236) < 0.15 * 236


def test_ci2002_of_any_size():
    simulation = ci2002(1, traders=1000, orders_per_step=100, quiet_steps=0, steps=200)
    simulation.run(until=200 * 10**9)
    messages = simulation.messages
    orders = messages[messages["kind"] == Kind.NEW]
    assert len(orders) == 20_000
    for step in (0, 77, 199):
        acting = orders[orders["ts_event"] == step * 10**9]["owner"]
        assert len(np.unique(acting)) == 100


def test_every_market_is_described_and_runs():
    for name in ("ci2002", "rmsc04"):
        assert MARKETS[name](1).now >= 0
        assert describe(name).endswith(".")
    with pytest.raises(ValueError, match=r"market must be one of ci2002, .*got 'nowhere'"):
        describe("nowhere")


def test_two_faults_of_the_original_makers_are_switches():
    """Ladders on waking over seeds 1 to 40: two makers a minute each, 60; with sleepers 50.9.

    A run with a sleeper has half of them: 9 of 30 in the original, ours within 0.3 +- 3 * 0.073.
    """
    waking, leaning = {}, {}
    for switches in ((False, False), (True, False), (False, True)):
        runs = []
        for seed in range(1, 41):
            simulation = rmsc04(
                seed,
                sleeps_for_ever=switches[0],
                quotes_while_asking=switches[1],
                events=False,
                messages=False,
            )
            simulation.run(until=OPEN + 30 * MINUTE_NS)
            makers = simulation["makers"]
            runs.append((makers.ladders_on_waking, makers.ladders_on_leaning))
        waking[switches], leaning[switches] = np.array(runs).T
    sleepers = (waking[True, False] < 0.7 * waking[False, False]).mean()
    assert 0.08 < sleepers < 0.52
    assert waking[False, False].mean() == pytest.approx(60, abs=4)
    assert waking[True, False].mean() == pytest.approx(50.9, abs=9)
    assert waking[False, True].mean() == pytest.approx(60, abs=4)
    assert leaning[False, True].mean() > leaning[False, False].mean()
