"""Market makers: formulas by hand, rules of quoting, stress, and books that add up."""

from math import log, sqrt

import numpy as np
import pytest

import agents
import lob
from agents.traders.makers import (
    AvellanedaStoikov,
    GueantLehalleFernandezTapia,
    LadderMaker,
    RecentVolume,
    VolumeShare,
)
from agents.traders.quoting import (
    Quote,
    QuoteBoard,
    Slot,
    asymptotic_distances,
    bounded_distances,
    outward,
    reservation_price,
    reservation_spread,
)
from agents.traders.stress_maker import (
    DrawdownLimit,
    InventoryLimit,
    MakerState,
    Reading,
    Response,
    StressSensitiveMaker,
    VolatilityLimit,
    Withdrawal,
)
from lob import EventKind, Side
from lob.units import MILLISECOND_NS, SECOND_NS

MODEL = {"risk_aversion": 0.1, "sigma": 2.0, "decay": 1.5}


class Noise(agents.Agent):
    """Trades at random around 1000, cancels now and then, for a second."""

    def on_start(self):
        self.wake_in(self.random.integers(MILLISECOND_NS))

    def on_wake(self):
        if self.now >= SECOND_NS:
            return
        for order_id in list(self.open_orders)[:1]:
            self.cancel(order_id)
        side = 1 if self.random.random() < 0.5 else -1
        price = None if self.random.random() < 0.4 else 1000 - side * self.random.integers(12)
        self.submit(side, 1 + self.random.integers(9), price)
        self.wake_in(1 + self.random.integers(2 * MILLISECOND_NS))


class Script(agents.Agent):
    """Does things at given times: ``steps`` are pairs of ns and a function of the agent."""

    def __init__(self, name, steps, **arguments):
        super().__init__(name, **arguments)
        self.steps = list(steps)

    def on_start(self):
        for ts, _ in self.steps:
            self.wake_in(ts)

    def on_wake(self):
        self.steps.pop(0)[1](self)


def slow():
    return {
        "to_venue": agents.LogNormal(2 * MILLISECOND_NS, 0.8),
        "from_venue": agents.Uniform(10, 3 * MILLISECOND_NS),
        "market_data_delay": MILLISECOND_NS,
        "computation_delay": 5,
    }


def steady():
    return {
        "to_venue": agents.Constant(2 * MILLISECOND_NS),
        "from_venue": agents.Constant(3 * MILLISECOND_NS),
        "market_data_delay": MILLISECOND_NS,
    }


def avellaneda_stoikov(**latency):
    arguments = {"size": 5, "horizon": SECOND_NS, "start_price": 1000, "every": 7 * MILLISECOND_NS}
    return AvellanedaStoikov("maker", **arguments, **MODEL, **latency)


def gueant(**latency):
    arguments = {
        "size": 5,
        "bound": 4,
        "intensity": 140.0,
        "start_price": 1000,
        "every": 7 * MILLISECOND_NS,
    }
    return GueantLehalleFernandezTapia("maker", **arguments, **MODEL, **latency)


def ladder(**latency):
    return LadderMaker(
        "maker",
        levels=3,
        offset=1.5,
        step=2,
        size=VolumeShare(0.1, 50 * MILLISECOND_NS, least=2),
        rest=MILLISECOND_NS,
        start_price=1000,
        every=7 * MILLISECOND_NS,
        **latency,
    )


def stressed(**latency):
    return StressSensitiveMaker(
        "maker",
        levels=2,
        offset=1.0,
        size=8,
        start_price=1000,
        every=5 * MILLISECOND_NS,
        limits=[
            InventoryLimit(30),
            VolatilityLimit(15.0, 50 * MILLISECOND_NS),
            DrawdownLimit(150, 200 * MILLISECOND_NS),
        ],
        cool_down=20 * MILLISECOND_NS,
        **latency,
    )


MAKERS = [avellaneda_stoikov, gueant, ladder, stressed]


def market(maker, seed=1, noise=4):
    simulation = agents.Simulation(seed)
    simulation.add(maker)
    for i in range(noise):
        simulation.add(Noise(f"noise {i}"))
    return simulation


def account(events, owner, instrument=0):
    """Position and cash of an owner, from the tape alone."""
    lots = cash = 0
    trades = events[(events["kind"] == EventKind.TRADE) & (events["instrument"] == instrument)]
    for row in trades:
        for who, side in ((row["owner"], row["side"]), (row["resting_owner"], -row["side"])):
            if who == owner:
                lots += int(side) * int(row["size"])
                cash -= int(side) * int(row["size"]) * int(row["price"])
    return lots, cash


def resting(simulation, agent, instrument=0):
    rows = simulation.books[instrument].orders()
    return sorted(
        (int(row["side"]), int(row["price"]), int(row["size"]))
        for row in rows[rows["owner"] == agent.owner]
    )


# ---------------------------------------------------------------- formulas


def test_avellaneda_stoikov_by_hand():
    # gamma sigma^2 (T-t) = 0.1 * 4 * 0.5 = 0.2
    assert reservation_price(100.0, 3, 0.5, risk_aversion=0.1, sigma=2.0) == pytest.approx(99.4)
    assert reservation_price(100.0, -3, 0.5, risk_aversion=0.1, sigma=2.0) == pytest.approx(100.6)
    # 20 ln(16/15) = 1.290770
    assert reservation_spread(0.5, **MODEL) == pytest.approx(0.2 + 1.290770, abs=1e-6)
    # The average over the unit horizon is the paper's 1.49 (its table for gamma = 0.1).
    assert reservation_spread(0.5, **MODEL) == pytest.approx(1.49, abs=0.005)


def test_gueant_closed_form_by_hand():
    # With gamma = k = 1: ln 2 + (2q+1)/2 sqrt(sigma^2 / (2 A) * 4); sigma^2 = 2, A = 4 -> root 1.
    model = {"risk_aversion": 1.0, "sigma": sqrt(2), "decay": 1.0, "intensity": 4.0}
    assert asymptotic_distances(0, **model) == pytest.approx((log(2) + 0.5, log(2) + 0.5))
    assert asymptotic_distances(2, **model) == pytest.approx((log(2) + 2.5, log(2) - 1.5))


def test_gueant_with_a_bound_of_one_by_hand():
    # eta = 1 and diagonal (1, 0, 1): the smallest eigenvalue is (1 - 3) / 2 = -1, f = (1, 2, 1).
    model = {"risk_aversion": 1.0, "sigma": sqrt(2), "decay": 1.0, "intensity": 4.0}
    low, middle, high = bounded_distances(1, **model)
    assert middle == pytest.approx((2 * log(2), 2 * log(2)))
    assert low.ask is None
    assert high.bid is None
    assert low.bid == pytest.approx(0.0, abs=1e-12)
    assert high.ask == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("sigma", [0.0, 0.3, 2.0, 20.0])
def test_bounded_quotes_are_those_of_the_eigenvector(sigma):
    model = MODEL | {"sigma": sigma, "intensity": 140.0}
    bound = 8
    q = np.arange(-bound, bound + 1)
    eta = 140.0 * (1 + 0.1 / 1.5) ** -(1 + 1.5 / 0.1)
    matrix = np.diag(1.5 * 0.1 * sigma**2 / 2 * q.astype(float) ** 2)
    matrix -= eta * (np.eye(len(q), k=1) + np.eye(len(q), k=-1))
    f = np.abs(np.linalg.eigh(matrix)[1][:, 0])
    bids = np.log(f[:-1] / f[1:]) / 1.5 + log(1 + 0.1 / 1.5) / 0.1
    found = bounded_distances(bound, **model)
    assert [pair.bid for pair in found[:-1]] == pytest.approx(bids.tolist(), abs=1e-6)
    assert [pair.ask for pair in found] == [pair.bid for pair in reversed(found)]


def test_far_from_a_far_bound_the_closed_form_is_close():
    model = MODEL | {"intensity": 140.0}
    found = bounded_distances(60, **model)
    for q in range(-5, 6):
        # 0.01 ticks: the closed form is an expansion for smooth f.
        assert found[q + 60] == pytest.approx(asymptotic_distances(q, **model), abs=0.01)


def test_rounding_is_outward():
    assert outward(99.1, 100.9) == (99, 101)
    assert outward(99.0, 101.0) == (99, 101)
    assert outward(-0.5, 0.5) == (-1, 1)


# ---------------------------------------------------------------- rules of quoting


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("latency", [dict, steady, slow])
class TestEveryMaker:
    def test_position_and_cash_add_up_against_the_tape(self, make, latency):
        maker = make(**latency())
        simulation = market(maker)
        simulation.run(until=SECOND_NS + 100 * MILLISECOND_NS)  # by then the last news has come
        assert (simulation.events["resting_owner"] == maker.owner).sum() > 50
        assert (maker.position(), maker.cash()) == account(simulation.events, maker.owner)

    def test_it_never_takes(self, make, latency):
        maker = make(**latency())
        simulation = market(maker)
        simulation.run(until=SECOND_NS)
        events = simulation.events
        assert not ((events["kind"] == EventKind.TRADE) & (events["owner"] == maker.owner)).any()
        sent = simulation.messages
        new = sent[(sent["owner"] == maker.owner) & (sent["kind"] == lob.Kind.NEW)]
        assert (new["flags"] == lob.Flag.POST_ONLY).all()

    def test_one_order_a_slot_whatever_the_latency(self, make, latency):
        maker = make(**latency())
        simulation = market(maker)
        for ts in range(10 * MILLISECOND_NS, SECOND_NS, 10 * MILLISECOND_NS):
            simulation.run(until=ts)
            assert len(resting(simulation, maker)) <= 6
        # Once the last news has come, its board knows what rests.
        simulation.run(until=SECOND_NS + 100 * MILLISECOND_NS + 3 * MILLISECOND_NS)
        known = set(maker.board._slot_of)
        rows = simulation.books[0].orders()
        assert set(rows["order_id"][rows["owner"] == maker.owner].tolist()) == known

    def test_a_fork_goes_on_to_the_same_digest(self, make, latency):
        simulation = market(make(**latency()))
        simulation.run(until=SECOND_NS // 3)
        twin = simulation.fork()
        simulation.run(until=SECOND_NS)
        twin.run(until=SECOND_NS)
        again = market(make(**latency()))
        again.run(until=SECOND_NS)
        assert simulation.digest() == twin.digest() == again.digest()

    def test_an_empty_market_is_quoted_at_the_start_price_and_stays_uncrossed(self, make, latency):
        maker = make(**latency())
        simulation = market(maker, noise=0)
        simulation.run(until=SECOND_NS)
        shown = resting(simulation, maker)
        assert {side for side, _, _ in shown} == {-1, 1}
        best_bid = max(price for side, price, _ in shown if side == 1)
        best_ask = min(price for side, price, _ in shown if side == -1)
        assert best_bid < 1000 < best_ask


def test_without_a_touch_or_a_start_price_there_is_no_quote():
    simulation = agents.Simulation(1)
    maker = AvellanedaStoikov("maker", size=5, horizon=SECOND_NS, every=MILLISECOND_NS, **MODEL)
    simulation.add(maker)
    simulation.add(Script("one side", [(5 * MILLISECOND_NS, lambda self: self.buy(3, price=990))]))
    simulation.add(
        Script("other side", [(50 * MILLISECOND_NS, lambda self: self.sell(3, price=1010))])
    )
    simulation.run(until=49 * MILLISECOND_NS)
    assert resting(simulation, maker) == []
    simulation.run(until=52 * MILLISECOND_NS)
    assert {side for side, _, _ in resting(simulation, maker)} == {1, -1}


def test_avellaneda_stoikov_leans_against_its_inventory():
    # gamma sigma^2 T = 0.1 * 4 * 1 = 0.4 a unit; two units sold: centre 1000.8, half 0.8454.
    simulation = agents.Simulation(1)
    arguments = {"size": 5, "horizon": SECOND_NS, "every": 10 * SECOND_NS, "start_price": 1000}
    maker = simulation.add(AvellanedaStoikov("maker", **arguments, **MODEL))
    simulation.add(Script("buyer", [(0, lambda self: self.buy(5)), (0, lambda self: self.buy(5))]))
    simulation.run(until=0)
    assert maker.position() == -10
    # At the start: 1000 -+ 0.845 -> 999 and 1001; after a sale of one unit the mid is that of what
    # is left: none. Centre 1000.4, then 1000.8: bid floor(999.95), ask ceil(1001.65).
    assert resting(simulation, maker) == [(-1, 1002, 5), (1, 999, 5)]


def test_avellaneda_stoikov_ends_or_begins_anew():
    for renews, shown in ((True, 2), (False, 0)):
        simulation = agents.Simulation(1)
        arguments = {
            "size": 5,
            "horizon": 10 * MILLISECOND_NS,
            "every": MILLISECOND_NS,
            "start_price": 1000,
        }
        maker = AvellanedaStoikov("maker", renews=renews, **arguments, **MODEL)
        simulation.add(maker)
        simulation.run(until=9 * MILLISECOND_NS)
        assert len(resting(simulation, maker)) == 2
        simulation.run(until=10 * MILLISECOND_NS)
        assert len(resting(simulation, maker)) == shown


def test_gueant_keeps_its_bound():
    maker = gueant()
    simulation = market(maker)
    extremes = set()
    for ts in range(MILLISECOND_NS, SECOND_NS, MILLISECOND_NS):
        simulation.run(until=ts)
        extremes.add(maker.position())
    assert -20 <= min(extremes) < -8
    assert 8 < max(extremes) <= 20


def test_gueant_at_its_bound_shows_one_side():
    simulation = agents.Simulation(1)
    maker = simulation.add(gueant())
    simulation.add(
        Script("buyer", [(i * MILLISECOND_NS, lambda self: self.buy(5)) for i in range(9)])
    )
    simulation.run(until=9 * MILLISECOND_NS)
    assert maker.position() == -20
    assert {side for side, _, _ in resting(simulation, maker)} == {1}


def test_only_what_changed_is_sent():
    simulation = agents.Simulation(1)
    board = QuoteBoard()

    class Board(agents.Agent):
        def on_event(self, event):
            board.hear(self, event)

    agent = simulation.add(Board("board"))
    simulation.run(until=1)
    bid, second, ask = Slot(Side.BUY, 0), Slot(Side.BUY, 1), Slot(Side.SELL, 0)
    sent = []

    def show(wanted):
        before = len(simulation.messages)
        simulation.add(Script(f"at {len(sent)}", [(0, lambda self: board.show(agent, wanted))]))
        simulation.run(until=simulation.now + 1)
        new = simulation.messages[before:]
        sent.append([(lob.Kind(row["kind"]).name, int(row["price"])) for row in new])

    show({bid: Quote(99, 5), ask: Quote(101, 5)})
    show({bid: Quote(99, 5), ask: Quote(101, 5)})
    show({bid: Quote(99, 5), ask: Quote(102, 5)})
    show({bid: Quote(99, 3), second: Quote(98, 1), ask: Quote(102, 5)})
    show({second: Quote(98, 1)})
    assert sent == [
        [("NEW", 99), ("NEW", 101)],
        [],
        [("REPLACE", 102)],
        [("REPLACE", 99), ("NEW", 98)],
        [("CANCEL", 0), ("CANCEL", 0)],
    ]


def test_a_quote_that_has_traded_waits_for_the_next_show():
    board = QuoteBoard()
    heard = []

    class Board(agents.Agent):
        def on_start(self):
            board.show(self, {Slot(Side.BUY, 0): Quote(99, 5)})

        def on_event(self, event):
            heard.append(board.hear(self, event))

    simulation = agents.Simulation(1)
    agent = simulation.add(Board("board"))
    sales = [(1, lambda self: self.sell(2)), (2, lambda self: self.sell(3))]
    simulation.add(Script("seller", sales))
    simulation.run(until=10)
    assert heard == [False, True, True]
    assert resting(simulation, agent) == []
    # A late word on the order that is gone changes nothing.
    assert len(simulation.messages) == 3


def test_quotes_stay_a_tick_off_the_opposite_touch():
    simulation = agents.Simulation(1)
    maker = simulation.add(avellaneda_stoikov())
    quotes = [(0, lambda self: self.buy(1, price=998)), (0, lambda self: self.sell(1, price=1002))]
    maker.every = SECOND_NS
    simulation.add(Script("others", quotes))
    simulation.run(until=1)
    best_bid, best_ask = simulation.books[0].best_bid, simulation.books[0].best_ask
    assert maker.not_crossing(1010, 1020) == (best_ask - 1, 1020)
    assert maker.not_crossing(980, 990) == (980, best_bid + 1)


def test_with_latency_an_order_has_one_message_under_way():
    maker = ladder(**slow())
    simulation = market(maker)
    simulation.run(until=SECOND_NS)
    events = simulation.events
    own = events[(events["owner"] == maker.owner) & (events["kind"] == EventKind.REJECTED)]
    # Nothing was ever asked of an order that the venue did not know yet: what is unknown had gone.
    unknown = set(own["order_id"][own["reason"] == lob.Reason.UNKNOWN_ORDER].tolist())
    accepted = events[events["kind"] == EventKind.ACCEPTED]
    seq_of = dict(zip(accepted["order_id"].tolist(), accepted["seq"].tolist(), strict=True))
    for row in own[own["reason"] == lob.Reason.UNKNOWN_ORDER]:
        assert seq_of[int(row["order_id"])] < row["seq"]
    assert len(unknown) > 0


# ---------------------------------------------------------------- ladders


def test_a_ladder_has_its_levels_and_distances():
    simulation = agents.Simulation(1)
    maker = LadderMaker(
        "maker", levels=3, offset=1.5, step=2, size=4, start_price=1000, every=SECOND_NS
    )
    simulation.add(maker)
    simulation.run(until=0)
    bids = [(1, 994, 4), (1, 996, 4), (1, 998, 4)]
    asks = [(-1, 1002, 4), (-1, 1004, 4), (-1, 1006, 4)]
    assert resting(simulation, maker) == asks + bids


@pytest.mark.parametrize(("rest", "mid"), [(None, 900), (2 * MILLISECOND_NS, 902)])
def test_a_ladder_with_a_rest_follows_the_touch(rest, mid):
    simulation = agents.Simulation(1)
    maker = LadderMaker(
        "maker", levels=1, offset=10.0, size=4, start_price=900, every=SECOND_NS, rest=rest
    )
    simulation.add(maker)
    steps = [
        (10 * MILLISECOND_NS, lambda self: self.buy(1, price=896)),
        (10 * MILLISECOND_NS, lambda self: self.sell(1, price=908)),
    ]
    simulation.add(Script("others", steps))
    simulation.run(until=11 * MILLISECOND_NS)
    simulation.run(until=500 * MILLISECOND_NS)
    assert resting(simulation, maker) == [(-1, mid + 10, 4), (1, mid - 10, 4)]


def test_a_follower_rests_between_re_quotes():
    simulation = agents.Simulation(1)
    maker = LadderMaker(
        "maker",
        levels=1,
        offset=10.0,
        size=4,
        start_price=900,
        every=SECOND_NS,
        rest=2 * MILLISECOND_NS,
    )
    simulation.add(maker)
    bids = [
        (ts, lambda self: self.buy(1, price=892 + 2 * len(self.open_orders)))
        for ts in (10 * MILLISECOND_NS, 10 * MILLISECOND_NS + 1, 11 * MILLISECOND_NS)
    ]
    simulation.add(Script("others", bids))
    simulation.run(until=100 * MILLISECOND_NS)
    sent = simulation.messages
    times = sorted(set(sent["ts_event"][sent["owner"] == maker.owner].tolist()))
    assert times == [0, 10 * MILLISECOND_NS, 12 * MILLISECOND_NS]


def test_two_followers_do_not_chase_within_a_moment():
    simulation = agents.Simulation(1)
    for name in ("a", "b"):
        simulation.add(
            LadderMaker(
                name,
                levels=2,
                offset=1.0,
                size=3,
                start_price=1000,
                every=SECOND_NS,
                rest=MILLISECOND_NS,
            )
        )
    simulation.add(Noise("noise"))
    simulation.run(until=SECOND_NS)
    sent = simulation.messages
    times, counts = np.unique(
        sent["ts_event"][sent["owner"] == simulation["a"].owner], return_counts=True
    )
    assert counts.max() <= 2 * 4
    assert np.diff(times).min() > 0


def test_recent_volume_is_exact():
    volume = RecentVolume(10)
    volume.add(1, 5)
    volume.add(4, 7)
    assert volume.at(4) == 12
    assert volume.at(10) == 12
    assert volume.at(11) == 7
    assert volume.at(14) == 0


def test_the_size_is_a_share_of_the_volume_of_late():
    simulation = agents.Simulation(1)
    maker = LadderMaker(
        "maker",
        levels=1,
        offset=50.0,
        size=VolumeShare(0.25, 100 * MILLISECOND_NS, least=2),
        start_price=1000,
        every=10 * MILLISECOND_NS,
    )
    simulation.add(maker)
    simulation.add(Script("seller", [(1, lambda self: self.sell(41, price=1000))]))
    simulation.add(Script("buyer", [(2, lambda self: self.buy(41, price=1000))]))
    simulation.run(until=0)
    assert {size for _, _, size in resting(simulation, maker)} == {2}
    simulation.run(until=50 * MILLISECOND_NS)
    assert {size for _, _, size in resting(simulation, maker)} == {10}
    simulation.run(until=200 * MILLISECOND_NS)
    assert {size for _, _, size in resting(simulation, maker)} == {2}


# ---------------------------------------------------------------- stress


def reading(ts, mid=1000.0, position=0, cash=0):
    return Reading(ts, mid, position, cash)


def test_strain_of_an_inventory():
    limit = InventoryLimit(40)
    assert limit.strain(reading(0, position=-30)) == 0.75
    assert limit.strain(reading(0, position=40)) == 1.0


def test_strain_of_volatility_by_hand():
    limit = VolatilityLimit(sigma=2.0, half_life=SECOND_NS)
    assert limit.strain(reading(0)) == 0.0
    # A move of 4 ticks in a second: 16 ticks^2 / s with half the weight.
    assert limit.strain(reading(SECOND_NS, mid=1004.0)) == pytest.approx(sqrt(8.0) / 2)
    assert limit.strain(reading(SECOND_NS, mid=1010.0)) == pytest.approx(sqrt(8.0) / 2)
    assert limit.strain(reading(3 * SECOND_NS, mid=1004.0)) == pytest.approx(sqrt(2.0) / 2)


def test_strain_of_a_drawdown_by_hand():
    limit = DrawdownLimit(loss=100, window=10)
    assert limit.strain(reading(0, 1000.0, 5, -5000)) == 0.0
    assert limit.strain(reading(4, 990.0, 5, -5000)) == pytest.approx(0.5)
    assert limit.strain(reading(6, 980.0, 5, -5000)) == pytest.approx(1.0)
    # The peak of time 0 is forgotten at 10, that of time 4 at 14.
    assert limit.strain(reading(10, 980.0, 5, -5000)) == pytest.approx(0.5)
    assert limit.strain(reading(14, 980.0, 5, -5000)) == 0.0


class Strain:
    """A limit whose strain is scripted."""

    name = "scripted"
    release = 0.5

    def __init__(self, strains, response):
        self.strains = strains
        self.response = response

    def strain(self, reading):
        return next(value for ts, value in reversed(self.strains) if ts <= reading.ts)


def scripted(response, strains, levels=1, **arguments):
    simulation = agents.Simulation(1)
    maker = StressSensitiveMaker(
        "maker",
        levels=levels,
        offset=2.0,
        size=9,
        start_price=1000,
        every=MILLISECOND_NS,
        limits=[Strain(strains, response)],
        cool_down=5 * MILLISECOND_NS,
        **arguments,
    )
    simulation.add(maker)
    return simulation, maker


def test_it_withdraws_and_returns_after_a_cool_down_of_ease():
    strains = [
        (0, 0.0),
        (10 * MILLISECOND_NS, 1.0),
        (20 * MILLISECOND_NS, 0.7),
        (30 * MILLISECOND_NS, 0.4),
        (33 * MILLISECOND_NS, 0.6),
        (40 * MILLISECOND_NS, 0.4),
    ]
    simulation, maker = scripted(Response(withdraw=Withdrawal.BOTH), strains)
    for ts, orders in ((9, 2), (10, 0), (29, 0), (36, 0), (44, 0), (45, 2)):
        simulation.run(until=ts * MILLISECOND_NS)
        assert len(resting(simulation, maker)) == orders
    assert maker.changes == [
        (0, MakerState.QUOTING, ()),
        (10 * MILLISECOND_NS, MakerState.WITHDRAWN, ("scripted",)),
        (45 * MILLISECOND_NS, MakerState.QUOTING, ()),
    ]
    assert maker.state == MakerState.QUOTING


def test_it_widens_and_shrinks():
    strains = [(0, 0.0), (10 * MILLISECOND_NS, 1.2), (20 * MILLISECOND_NS, 0.0)]
    simulation, maker = scripted(Response(widen=2.5, shrink=0.5), strains)
    simulation.run(until=9 * MILLISECOND_NS)
    assert resting(simulation, maker) == [(-1, 1002, 9), (1, 998, 9)]
    simulation.run(until=10 * MILLISECOND_NS)
    assert resting(simulation, maker) == [(-1, 1005, 4), (1, 995, 4)]
    assert maker.state == MakerState.WIDENED
    simulation.run(until=25 * MILLISECOND_NS)
    assert resting(simulation, maker) == [(-1, 1002, 9), (1, 998, 9)]


def test_it_widens_the_steps_of_its_levels_too():
    strains = [(0, 0.0), (10 * MILLISECOND_NS, 1.2)]
    simulation, maker = scripted(Response(widen=2.5), strains, levels=2, step=2)
    simulation.run(until=9 * MILLISECOND_NS)
    assert [price for _, price, _ in resting(simulation, maker)] == [1002, 1004, 996, 998]
    simulation.run(until=10 * MILLISECOND_NS)
    assert [price for _, price, _ in resting(simulation, maker)] == [1005, 1010, 990, 995]


def test_at_its_inventory_limit_it_only_quotes_the_side_that_sheds():
    simulation = agents.Simulation(1)
    maker = simulation.add(
        StressSensitiveMaker(
            "maker",
            levels=1,
            offset=1.0,
            size=10,
            start_price=1000,
            every=MILLISECOND_NS,
            limits=[InventoryLimit(20)],
            cool_down=0,
        )
    )
    simulation.add(
        Script(
            "buyer",
            [
                (MILLISECOND_NS, lambda self: self.buy(10)),
                (MILLISECOND_NS, lambda self: self.buy(10)),
            ],
        )
    )
    simulation.add(
        Script(
            "seller",
            [
                (5 * MILLISECOND_NS, lambda self: self.sell(10)),
                (6 * MILLISECOND_NS, lambda self: self.sell(1)),
            ],
        )
    )
    simulation.run(until=4 * MILLISECOND_NS)
    assert maker.position() == -20
    assert {side for side, _, _ in resting(simulation, maker)} == {1}
    simulation.run(until=7 * MILLISECOND_NS)
    assert maker.position() == -9
    assert {side for side, _, _ in resting(simulation, maker)} == {1, -1}
    assert [change.state for change in maker.changes] == [0, 1, 0]


def test_in_a_falling_market_it_goes_and_comes_back():
    """A seller sweeps the noise's bids; the drawdown and volatility limits take hold, and ease."""
    maker = stressed()
    simulation = market(maker)
    simulation.add(
        Script(
            "seller", [((200 + i) * MILLISECOND_NS, lambda self: self.sell(60)) for i in range(20)]
        )
    )
    simulation.run(until=200 * MILLISECOND_NS)
    simulation.run(until=2 * SECOND_NS)
    states = [change.state for change in maker.changes]
    assert MakerState.WITHDRAWN in states
    back = states.index(MakerState.WITHDRAWN)
    assert any(state != MakerState.WITHDRAWN for state in states[back:])
    times = [change.ts for change in maker.changes]
    assert times == sorted(times)


# ---------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Response(widen=0.5), "widen must be at least 1, got 0.5"),
        (lambda: Response(shrink=2), "shrink must be at most 1, got 2"),
        (lambda: InventoryLimit(0), "lots must be 1"),
        (lambda: VolatilityLimit(-1.0, 5), r"sigma must be finite and above 0, got -1.0"),
        (
            lambda: DrawdownLimit(5, 5, release=1.0),
            "release must be finite and above 0 and below 1",
        ),
        (
            lambda: InventoryLimit(5, response=Response(withdraw=Withdrawal.BOTH)),
            "must not withdraw both",
        ),
        (lambda: VolumeShare(0.0, 5), "share must be finite and above 0, got 0.0"),
        (lambda: AvellanedaStoikov("m", size=1, horizon=0, every=1, **MODEL), "horizon must be 1"),
        (
            lambda: AvellanedaStoikov("m", size=1, horizon=1, every=1, **MODEL | {"decay": 0}),
            "decay must be finite and above 0, got 0",
        ),
        (
            lambda: StressSensitiveMaker(
                "m", levels=1, offset=1.0, size=1, every=1, limits=[], cool_down=0
            ),
            "limits must hold at least one",
        ),
    ],
)
def test_misuse_is_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_number_that_is_none_is_named():
    with pytest.raises(TypeError, match="decay must be a number, got 'x'"):
        AvellanedaStoikov("m", size=1, horizon=1, every=1, **MODEL | {"decay": "x"})
    with pytest.raises(ValueError, match="sigma must be finite and at least 0, got inf"):
        AvellanedaStoikov("m", size=1, horizon=1, every=1, **MODEL | {"sigma": float("inf")})
