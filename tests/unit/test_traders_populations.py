"""Compiled traders, each against its rule worked by hand on a book that a test sets up."""

import copy
import math

import numpy as np
import pytest

import agents
from agents.random import Purpose, RandomStream
from agents.traders import (
    AdaptiveMakers,
    Belief,
    Fundamental,
    FundamentalChartists,
    MomentumTraders,
    NoiseTraders,
    SizeMixture,
    ValueTraders,
)
from lob import EventKind, Kind, Side
from lob.units import SECOND_NS

TEN = SizeMixture([("normal", 10, 0, 1)])


class Touch(agents.Agent):
    """Rests many lots on either side, and moves them once a second by ``drift`` ticks."""

    def __init__(self, bid=990, ask=1010, drift=0, size=1000):
        super().__init__("touch")
        self.prices, self.drift, self.size = (bid, ask), drift, size

    def on_start(self):
        self.on_wake()

    def on_wake(self):
        for order_id in self.open_orders:
            self.cancel(order_id)
        bid, ask = self.prices
        self.buy(self.size, bid)
        self.sell(self.size, ask)
        self.prices = bid + self.drift, ask + self.drift
        if self.drift:
            self.wake_in(SECOND_NS)


def worth(ticks):
    return Fundamental(0, mean=float(ticks), reversion=0.0, volatility=0.0)


def value_traders(ticks, members=40, **changes):
    arguments = {
        "fundamental": worth(ticks),
        "sizes": TEN,
        "rate": 0.1,
        "mean": float(ticks),
        "reversion": 0.0,
        "volatility": 0.0,
        "noise_variance": 0.0,
        "closes": 60 * SECOND_NS,
    }
    return ValueTraders("value", members, **(arguments | changes))


def sent(simulation, agent, kind=Kind.NEW):
    messages = simulation.messages
    own = (messages["owner"] >= agent.owner) & (messages["owner"] < agent.owner + agent.members)
    return messages[own & (messages["kind"] == kind)]


def market(*traders, seed=1, until=60 * SECOND_NS):
    simulation = agents.Simulation(seed)
    for one in traders:
        simulation.add(one)
    simulation.run(until=until)
    return simulation


# ---------------------------------------------------------------- beliefs


def test_a_belief_follows_bayes_rule_by_hand():
    """Prior 100 for certain; reversion ln(2) a second; 1 tick**2 a second would be 1.5 / (2 ln 2).

    After 1 s: decay 1/2, expected 100, variance v = s**2 / (2 ln 2) * (1 - 1/4); with
    s**2 = 8 ln 2 that is 3. Noise variance 1: gain 3/4. Seen 108: 106, variance 3/4.
    After another second: expected 103, variance 3/16 + 3 = 51/16, gain 51/67; seen 103: 103.
    """
    belief = Belief(
        mean=100.0,
        reversion=math.log(2),
        volatility=math.sqrt(8 * math.log(2)),
        noise_variance=1.0,
    )
    belief.observe(108, SECOND_NS)
    assert (belief.value, belief.variance) == pytest.approx((106, 0.75))
    assert belief.at(2 * SECOND_NS) == pytest.approx(103)
    belief.observe(103, 2 * SECOND_NS)
    assert (belief.value, belief.variance) == pytest.approx((103, 51 / 67))
    belief.observe(110, 3 * SECOND_NS)
    expected, variance = 101.5, (51 / 67) / 4 + 3
    gain = variance / (variance + 1)
    assert belief.value == pytest.approx(expected + gain * (110 - expected))


def test_a_belief_without_reversion_or_doubt():
    belief = Belief(mean=50.0, reversion=0.0, volatility=2.0, noise_variance=4.0)
    belief.observe(60, SECOND_NS)  # variance 4 against noise 4: half way
    assert (belief.value, belief.variance) == pytest.approx((55, 2))
    certain = Belief(mean=50.0, reversion=0.0, volatility=0.0, noise_variance=0.0)
    certain.observe(60, SECOND_NS)
    assert (certain.value, certain.variance) == (50, 0)
    with pytest.raises(ValueError, match="ts must not be before the last observation, got 5"):
        belief.observe(1, 5)


# ---------------------------------------------------------------- value


@pytest.mark.parametrize(("ticks", "side"), [(900, Side.SELL), (1100, Side.BUY), (1000, Side.BUY)])
def test_value_traders_take_the_side_of_their_estimate(ticks, side):
    """The mid is 1,000: an estimate below it sells, another buys. A lone trader moves no mid."""
    lone = value_traders(ticks, members=1, rate=1.0)
    orders = sent(market(Touch(), lone), lone)
    assert len(orders) > 30
    assert set(orders["side"].tolist()) == {side}


def test_an_aggressive_value_trader_meets_the_touch():
    eager = market(Touch(size=10**6), value_traders(900, aggressive=1))
    assert set(sent(eager, eager["value"])["price"].tolist()) == {990}


def test_another_prices_uniformly_within_two_spreads():
    """A lone trader always sees 990 / 1010: it sells at 990 to 1,029, mean 1,009.5, deviation 11.5.

    Some 2,900 orders: 5 standard errors are 1.1.
    """
    lone = value_traders(900, members=1, aggressive=0, rate=50.0)
    prices = sent(market(Touch(size=10**6), lone), lone)["price"]
    assert len(prices) > 2500
    assert set(prices.tolist()) == set(range(990, 1030))
    assert abs(prices.mean() - 1009.5) < 1.1


def test_value_traders_keep_one_order_each():
    simulation = market(Touch(size=10**6), value_traders(900, rate=1.0))
    owner = simulation["value"].owner
    resting = simulation.books[0].orders()["owner"]
    resting = resting[(resting >= owner) & (resting < owner + 40)]
    assert 3 < len(resting) == len(np.unique(resting))
    assert len(sent(simulation, simulation["value"], Kind.CANCEL)) > 100
    assert not (simulation.events["kind"] == EventKind.REJECTED).any()


def test_value_traders_start_an_empty_book_at_their_estimate():
    simulation = market(value_traders(777))
    first = sent(simulation, simulation["value"])[0]
    assert first["price"] == 777


# ---------------------------------------------------------------- noise


def test_noise_traders_take_the_other_side_once():
    traders = NoiseTraders("noise", 400, sizes=TEN, closes=60 * SECOND_NS)
    simulation = market(Touch(), traders)
    orders = sent(simulation, traders)
    assert len(np.unique(orders["owner"])) == len(orders)
    touch = {(Side.BUY, 1010), (Side.SELL, 990)}
    first = orders[:20]  # before the touch is used up
    seen = {(Side(s), p) for s, p in first[["side", "price"]].tolist()}
    assert seen == touch
    assert set(orders["size"].tolist()) == {10}


def test_noise_traders_come_at_the_ends_of_the_day():
    """Density 12 (x - 1/2)**2: up to x the share is 4 ((x - 1/2)**3 + 1/8); 5 deviations."""
    traders = NoiseTraders("noise", 4000, sizes=TEN, closes=700 * SECOND_NS)
    simulation = market(Touch(size=10**6), traders, until=700 * SECOND_NS)
    times = sent(simulation, traders)["ts_event"] / (700 * SECOND_NS)
    for x in (1 / 14, 1 / 7, 0.5, 0.8):
        share = 4 * ((x - 0.5) ** 3 + 0.125)
        deviation = math.sqrt(share * (1 - share) / 4000)
        assert abs((times < x).mean() - share) < 5 * deviation


def test_who_waited_for_the_opening_comes_within_100_ns():
    traders = NoiseTraders(
        "noise",
        1000,
        sizes=TEN,
        earliest=0,
        latest=420 * SECOND_NS,
        opens=30 * SECOND_NS,
        closes=60 * SECOND_NS,
    )
    simulation = market(Touch(size=10**6), traders)
    times = sent(simulation, traders)["ts_event"]
    assert times.min() >= 30 * SECOND_NS
    rush = 1000 * 4 * ((1 / 14 - 0.5) ** 3 + 0.125)  # 185
    assert abs((times < 30 * SECOND_NS + 100).sum() - rush) < 5 * math.sqrt(rush)


# ---------------------------------------------------------------- momentum


@pytest.mark.parametrize(("drift", "side"), [(1, Side.BUY), (-1, Side.SELL), (0, Side.BUY)])
def test_momentum_traders_follow_the_trend_once_they_have_seen_enough(drift, side):
    traders = MomentumTraders("momentum", 1, sizes=TEN, mean_gap=3.0, closes=600 * SECOND_NS)
    simulation = market(Touch(5990, 6010, drift=drift), traders, until=600 * SECOND_NS)
    orders = sent(simulation, traders)
    assert set(orders["side"].tolist()) == {side}
    # About 200 mids in 600 s (deviation 14), the first 50 of them without an order.
    assert abs(len(orders) - 150) < 5 * 14


# ---------------------------------------------------------------- makers


class Once(agents.Agent):
    """Trades once."""

    def __init__(self, name, at, side, size):
        super().__init__(name)
        self.plan = at, side, size

    def on_start(self):
        self.wake_in(self.plan[0])

    def on_wake(self):
        self.submit(self.plan[1], self.plan[2])


def test_makers_quote_the_ladder_worked_by_hand():
    """Touch 990 / 1010; 400 lots sold and 100 bought lately.

    Window 0.75 * 20 + 0.25 * 50 = 27.5; mid 1000 + trunc(4 * (100 - 400) / 500) = 998; best
    quotes 998 - 13 = 985 and 998 + 14 = 1012; step round(5 * 27.5) = 138 (137.5 to even); size
    round(0.025 * 500) = 12 (12.5 to even).
    """
    makers = AdaptiveMakers("makers", 1, mean_gap=5.0, levels=3)
    simulation = agents.Simulation(1)
    for one in (
        Touch(),
        Once("buyer", 5, Side.BUY, 100),
        Once("seller", 6, Side.SELL, 400),
        makers,
    ):
        simulation.add(one)
    while not len(sent(simulation, makers)):
        assert simulation.step() == 1
    orders = sent(simulation, makers)
    assert orders[orders["side"] == Side.BUY]["price"].tolist() == [985, 847, 709]
    assert orders[orders["side"] == Side.SELL]["price"].tolist() == [1012, 1150, 1288]
    assert set(orders["size"].tolist()) == {12}


def test_makers_quote_nothing_below_one_tick():
    """Touch 50 / 70: window 27.5, step 138. Best quotes 47 and 74; the next bid would be -91."""
    makers = AdaptiveMakers("makers", 1, mean_gap=5.0, levels=3)
    simulation = agents.Simulation(1)
    for one in (Touch(50, 70), makers):
        simulation.add(one)
    while not len(sent(simulation, makers)):
        assert simulation.step() == 1
    orders = sent(simulation, makers)
    assert orders[orders["side"] == Side.BUY]["price"].tolist() == [47]
    assert orders[orders["side"] == Side.SELL]["price"].tolist() == [74, 212, 350]


def test_makers_forget_old_trades_and_cancel_their_ladder():
    makers = AdaptiveMakers("makers", 1, mean_gap=5.0, levels=2, lookback=1.0)
    simulation = market(Touch(), Once("seller", 5, Side.SELL, 400), makers, until=100 * SECOND_NS)
    assert set(sent(simulation, makers)["size"].tolist()[-4:]) == {1}
    assert (simulation.books[0].orders()["owner"] == makers.owner).sum() == 4
    assert not (simulation.events["kind"] == EventKind.REJECTED).any()


def test_makers_quote_again_when_the_book_leans():
    """A book of 1,000 against 1,000 lots leans once 950 are taken; the maker answers after 7 ms."""
    makers = AdaptiveMakers(
        "makers", 1, mean_gap=1.0, levels=1, least_size=5, latency=agents.Constant(7_000_000)
    )
    simulation = agents.Simulation(1)
    for one in (Touch(), Once("buyer", 20 * SECOND_NS, Side.BUY, 1000), makers):
        simulation.add(one)
    simulation.run(until=20 * SECOND_NS - 1)
    before = len(sent(simulation, makers))
    assert before > 4
    simulation.run(until=20 * SECOND_NS + 14_000_000)
    assert makers.watch.leans
    assert len(sent(simulation, makers)) == before + 2


# ---------------------------------------------------------------- fundamental, chart and noise


def chartists(**changes):
    arguments = {
        "fundamental": 30_000_000,
        "step": SECOND_NS,
        "steps": 50,
        "windows": (10, 10),
        "patience": (50, 50),
        "margins": (0.02, 0.02),
    }
    return FundamentalChartists("fcn", 5, **(arguments | changes))


def test_fundamentalists_bid_on_the_return_to_the_fundamental_by_hand():
    """Price 29,000,000 (a mid), weight on the fundamental alone.

    Expected 29e6 * (300/290)**(10/50), less 2 %, rounded down.
    """
    traders = chartists(weights=(1.0, 0.0, 0.0), steps=1)
    simulation = market(Touch(28_999_000, 29_001_000), traders)
    (order,) = sent(simulation, traders)
    assert order["side"] == Side.BUY
    assert order["price"] == math.floor(29e6 * (300 / 290) ** 0.2 * 0.98)


def test_chartists_follow_the_trend_by_hand():
    """The mid rises by 1,000 a step: log return log(p / p0) / k over k steps, times 10 steps."""
    traders = chartists(weights=(0.0, 1.0, 0.0), fundamental=20_000_000, steps=6)
    simulation = market(Touch(19_999_000, 20_001_000, drift=1000), traders, until=5 * SECOND_NS)
    orders = sent(simulation, traders)
    assert len(orders) == 5  # in the first step there is no trend, and so no order
    for step, order in enumerate(orders, 1):
        price, first = 20_000_000 + 1000 * step, 20_000_000
        expected = price * (price / first) ** (10 / step)
        assert order["side"] == Side.BUY
        assert abs(order["price"] - expected * 0.98) <= 1


def test_quiet_orders_are_held_and_orders_expire():
    traders = chartists(quiet_steps=5, steps=30, windows=(10, 10), margins=(0.1, 0.1))
    simulation = agents.Simulation(1)
    simulation.add(traders)
    simulation.run(until=5 * SECOND_NS - 1)
    assert len(simulation.messages) == 0
    simulation.run(until=5 * SECOND_NS)
    assert len(simulation.messages) == 6
    simulation.run(until=30 * SECOND_NS)
    cancels = sent(simulation, traders, Kind.CANCEL)
    assert len(sent(simulation, traders)) == 30
    # Placed in step k, an order of 10 steps is gone at step k + 11: those of 0 to 18 had the time.
    assert len(cancels) + 2 * (simulation.events["kind"] == EventKind.TRADE).sum() >= 19
    assert cancels["ts_event"].min() == 11 * SECOND_NS
    assert not (simulation.events["kind"] == EventKind.REJECTED).any()


# ---------------------------------------------------------------- members, sizes, arguments


def test_members_have_places_and_streams_of_their_own():
    line = agents.Distance(3_866_660.0)
    few, many = (NoiseTraders("noise", n, sizes=TEN, latency=line) for n in (3, 300))
    for one in (few, many):
        agents.Simulation(9).add(one)
    assert [few.latency_of(m) for m in range(3)] == [many.latency_of(m) for m in range(3)]
    delays = np.array([many.latency_of(m) for m in range(300)])
    assert delays.max() < 3_866_660 / 299_792_458 * 1e9
    assert len(set(delays.tolist())) == 300
    assert delays[7] == line.latency(9, "noise", "the venue", member=7).ns


def test_more_members_leave_the_first_ones_orders_alone():
    """Nobody trades with anybody here, so the members do not meet."""
    orders = []
    for members in (5, 50):
        traders = NoiseTraders("noise", members, sizes=TEN, closes=60 * SECOND_NS, owner=1000)
        market_orders = sent(market(Touch(), traders), traders)
        orders.append(market_orders[market_orders["owner"] < 1005])
    assert orders[0].tobytes() == orders[1].tobytes()


def test_a_mixture_has_its_mean_and_its_parts():
    """20,000 draws: 5 standard errors for the mean, each weight within 5 deviations."""
    sizes = SizeMixture([("normal", 100, 0, 0.7), ("log-normal", 2.0, 0.5, 0.3)])
    stream = RandomStream(1, "sizes", Purpose.BEHAVIOUR)
    draws = np.array([sizes.draw(stream) for _ in range(20_000)])
    assert abs(draws.mean() - sizes.mean()) < 5 * draws.std() / math.sqrt(len(draws))
    assert abs((draws == 100).mean() - 0.7) < 5 * math.sqrt(0.21 / len(draws))
    assert copy.deepcopy(sizes) is sizes


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: SizeMixture([("normal", 1, 0, 0.5)]), r"weights must add up to 1, got 0.5"),
        (lambda: SizeMixture([("cauchy", 1, 0, 1)]), r"kind must be 'normal' or .*'cauchy'"),
        (lambda: SizeMixture([("log-normal", 2, 9, 1)]), r"at most 2\*\*40 lots"),
        (lambda: value_traders(1, rate=0.0), r"rate must be finite and above 0, got 0.0"),
        (lambda: value_traders(1, aggressive=1.5), r"aggressive must be at most 1, got 1.5"),
        (lambda: chartists(orders_per_step=6), r"orders_per_step must be 1 to 5, got 6"),
        (lambda: chartists(windows=(5, 2)), r"windows must rise within .*\(5, 2\)"),
        (lambda: chartists(latency=agents.Constant(1)), r"latency must be None"),
        (lambda: NoiseTraders("n", 1, sizes=TEN, opens=5, closes=4), r"closes must be 5 to"),
    ],
)
def test_bad_arguments_are_named(make, error):
    with pytest.raises(ValueError, match=error):
        make()
