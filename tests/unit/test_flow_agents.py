"""What every background flow keeps to: the book, the fork, its name and seed."""

import numpy as np
import pytest

import agents
from agents import flow
from lob import EventKind, OrderType, Side
from lob.units import SECOND_NS


def zero_intelligence(name="flow", **others):
    return flow.ZeroIntelligence(
        name, price=1_000, alpha=1.0, mu=10.0, delta=0.2, window=30, **others
    )


def poisson(name="flow", **others):
    return flow.Poisson(
        name,
        price=1_000,
        lambda_=[18.5, 15.1, 10.9, 8.8, 7.7],
        theta=[7.1, 8.1, 6.8, 5.6, 4.7],
        mu=9.4,
        k=19.2,
        alpha=0.52,
        window=20,
        **others,
    )


def hawkes(name="flow", **others):
    return flow.Hawkes(
        name,
        price=1_000,
        baseline=[8, 8, 2, 2, 4, 4],
        excitation=[[0.1] * 6] * 6,
        decay=[1, 2, 3, 4, 5, 6],
        placement=[1, 2, 3, 2, 1],
        **others,
    )


def queue_reactive(name="flow", **others):
    return flow.QueueReactive(
        name,
        price=1_000,
        limit=[[10.0]] * 3,
        cancel=[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]] * 3,
        market=[[0, 5.0]] * 3,
        theta=0.7,
        theta_reinit=0.2,
        **others,
    )


def long_memory(name="flow", **others):
    return flow.LongMemory(
        name,
        price=1_000,
        metaorders=10,
        beta=1.5,
        mu=10.0,
        alpha=1.0,
        delta=0.2,
        window=30,
        **others,
    )


def maker_market(name="flow", **others):
    return flow.MakerMarket(
        name,
        price=1_000,
        clusters=1.0,
        limit_rate=30.0,
        market_sizes=[1],
        limit_sizes=[1],
        volatility=2.0,
        impact=1.0,
        gap=6.0,
        distances=[1, 2, 4, 7],
        **others,
    )


FLOWS = [zero_intelligence, poisson, hawkes, queue_reactive, long_memory, maker_market]
make_each = pytest.mark.parametrize("make", FLOWS)


class Sweeper(agents.Agent):
    """Takes from one side, then from the other, every second."""

    def __init__(self, name, size=1_000_000):
        super().__init__(name)
        self.size = size

    def on_start(self):
        self.wake_in(SECOND_NS)

    def on_wake(self):
        self.buy(self.size)
        self.sell(self.size)
        self.wake_in(SECOND_NS)


class Idle(agents.Agent):
    pass


def ran(*participants, seconds=30, seed=1):
    simulation = agents.Simulation(seed)
    for participant in participants:
        simulation.add(participant)
    simulation.run(until=int(seconds * SECOND_NS))
    return simulation


def live_matches_book(simulation, one):
    own = simulation.books[0].orders()["owner"] == one.owner
    return one.live == int(own.sum())


@make_each
def test_from_an_empty_book_it_makes_a_market(make):
    simulation = ran(make(), seconds=60)
    book = simulation.books[0]
    book.check()
    assert book.best_bid < book.best_ask
    assert live_matches_book(simulation, simulation.agents[0])
    kinds = set(simulation.events["kind"].tolist())
    assert {EventKind.ACCEPTED, EventKind.TRADE, EventKind.CANCELLED} <= kinds
    assert EventKind.REJECTED not in kinds


@make_each
def test_an_empty_side_does_not_stop_it(make):
    simulation = ran(make(), Sweeper("sweeper"), seconds=60)
    events = simulation.events
    late = events[events["ts_event"] > 50 * SECOND_NS]
    rested = (late["kind"] == EventKind.ACCEPTED) & (late["order_type"] == OrderType.LIMIT)
    for side in Side:
        assert (rested & (late["side"] == side)).any()
    assert live_matches_book(simulation, simulation["flow"])
    simulation.books[0].check()


@make_each
def test_it_keeps_count_under_latency(make):
    slow = {"to_venue": agents.Constant(10**7), "from_venue": agents.Constant(10**7)}
    simulation = ran(make(**slow), Sweeper("sweeper"), seconds=30.5)
    one = simulation["flow"]
    messages = simulation.messages
    # No order of its own was cancelled before it was sent, or under a number it never had.
    own = messages[messages["owner"] == one.owner]
    sent = set(own["order_id"][own["kind"] == 1].tolist())
    assert set(own["order_id"][own["kind"] == 2].tolist()) <= sent
    resting = int((simulation.books[0].orders()["owner"] == one.owner).sum())
    assert abs(one.live - resting) <= 10  # what is on its way for 10 ms


@make_each
def test_a_fork_goes_on_to_the_same_tape(make):
    simulation = ran(make(), seconds=20)
    other = simulation.fork()
    before = simulation.digest()
    for run in (simulation, other):
        run.run(until=40 * SECOND_NS)
    assert simulation.digest() == other.digest() != before
    assert other.agents[0].live == simulation.agents[0].live


@make_each
def test_it_depends_on_name_and_seed_alone(make):
    base = ran(make()).digest()
    assert ran(make()).digest() == base
    assert ran(make(), seed=2).digest() != base
    renamed = ran(make("other", owner=ran(make()).agents[0].owner))
    assert renamed.digest() != base


@make_each
def test_a_dormant_agent_changes_nothing(make):
    base = ran(make()).digest()
    assert ran(Idle("idle"), make()).digest() == base
    assert ran(make(), Idle("idle")).digest() == base


@make_each
def test_two_flows_share_an_instrument(make):
    simulation = ran(make("one"), make("two"))
    for one in simulation.agents:
        assert live_matches_book(simulation, one)


@make_each
def test_orders_have_its_size_and_go_to_its_instrument(make):
    size = {"sigma": 7} if make is zero_intelligence else {"size": 7}
    simulation = agents.Simulation(1, instruments=2)
    simulation.add(make(instrument=1, **size))
    simulation.run(until=10 * SECOND_NS)
    new = simulation.messages[simulation.messages["kind"] == 1]
    assert len(new) > 10
    assert (new["size"] == 7).all()
    assert (new["instrument"] == 1).all()


@make_each
def test_an_instrument_that_is_not_there_is_refused(make):
    with pytest.raises(ValueError, match=r"instrument must be 0 to 0, got 3"):
        agents.Simulation(1).add(make(instrument=3))


@make_each
def test_handles_are_used_again(make):
    simulation = ran(make(), seconds=120)
    # Of limit orders: some flows' market orders say whose they are.
    tags = simulation.messages["tag"][simulation.messages["order_type"] == OrderType.LIMIT]
    most = max(int((simulation.events["kind"] == EventKind.ACCEPTED).sum()), 1)
    assert 0 < tags.max() < most / 4
    assert simulation["flow"].live <= 2 * tags.max()


@pytest.mark.parametrize("make", [zero_intelligence, poisson, long_memory])
def test_initial_orders_lie_on_both_sides_of_the_price(make):
    simulation = ran(make(depth=400), seconds=0)
    orders = simulation.books[0].orders()
    assert len(orders) == 400
    offset = np.where(orders["side"] == Side.BUY, 1_000 - orders["price"], orders["price"] - 1_000)
    assert offset.min() >= 1
    assert offset.max() <= 30
    assert 140 < (orders["side"] == Side.BUY).sum() < 260
    drawn = ran(make(depth=None), seconds=0)
    assert drawn["flow"].live > 0


def test_queues_are_full_from_the_start():
    simulation = ran(queue_reactive(), seconds=0)
    assert len(simulation.books[0].bids(3)) == len(simulation.books[0].asks(3)) == 3


def test_the_reference_price_moves_with_the_market_that_others_move():
    class Buyer(agents.Agent):
        def on_start(self):
            self.wake_in(SECOND_NS)

        def on_wake(self):
            self.buy(50, 1_100)
            self.wake_in(SECOND_NS // 10)

    simulation = ran(queue_reactive(), Buyer("buyer"), seconds=20)
    one = simulation["flow"]
    assert one.reference > 1_020
    assert simulation.books[0].best_bid <= one.reference
    simulation.books[0].check()


def test_hawkes_intensities_start_at_the_baseline_and_rise():
    simulation = agents.Simulation(1)
    one = simulation.add(hawkes())
    simulation.step(0)
    assert one.intensities() == [8, 8, 2, 2, 4, 4]
    simulation.run(until=SECOND_NS)
    assert sum(one.intensities()) > 28


@pytest.mark.parametrize("delta", [0.0, 0.1])
def test_a_crowded_book(delta):
    """Many open orders: what is fetched early does not matter, also when a sweep takes it."""
    crowd = flow.ZeroIntelligence("crowd", price=0, alpha=300.0, mu=2_000.0, delta=delta, window=50)
    simulation = ran(crowd, Sweeper("sweeper", size=5_000), seconds=1.5)
    assert crowd.live > 25_000
    other = simulation.fork()
    for run in (simulation, other):
        run.run(until=4 * SECOND_NS)
        assert live_matches_book(run, run["crowd"])
        run.books[0].check()
    assert simulation.digest() == other.digest()
