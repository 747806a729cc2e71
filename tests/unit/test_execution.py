"""Execution: schedules exact to the lot, and an executor that keeps to them."""

from fractions import Fraction
from math import isnan

import pytest

import agents
import lob
from agents.traders.execution import Executor
from agents.traders.schedules import (
    POV,
    TWAP,
    VWAP,
    AlmgrenChriss,
    ObizhaevaWang,
    almgren_chriss_held,
    obizhaeva_wang_block,
)
from lob import EventKind, OrderType, Side
from lob.units import MILLISECOND_NS, SECOND_NS

PAPER = {"risk_aversion": 1e-6, "sigma": 0.95, "eta": 2.5e-6, "gamma": 2.5e-7}

SCHEDULES = {
    "twap": TWAP(900 * MILLISECOND_NS, 7),
    "vwap": VWAP(900 * MILLISECOND_NS, [3, 1, 0, 0.5, 4.1]),
    "pov": POV(900 * MILLISECOND_NS, 0.2, 20 * MILLISECOND_NS),
    "almgren-chriss": AlmgrenChriss(
        900 * MILLISECOND_NS, 9, risk_aversion=1e-3, sigma=3.0, eta=1e-3, gamma=1e-4
    ),
    "obizhaeva-wang": ObizhaevaWang(900 * MILLISECOND_NS, 2.0, 8),
}


class Noise(agents.Agent):
    """Trades at random around 1000, keeps some eight orders, for a second."""

    def on_start(self):
        self.wake_in(self.random.integers(MILLISECOND_NS))

    def on_wake(self):
        if self.now >= SECOND_NS:
            return
        for order_id in list(self.open_orders)[8:9]:
            self.cancel(order_id)
        side = 1 if self.random.random() < 0.5 else -1
        price = None if self.random.random() < 0.2 else 1000 - side * self.random.integers(8)
        self.submit(side, 1 + self.random.integers(9), price)
        self.wake_in(1 + self.random.integers(2 * MILLISECOND_NS))


class Depth(agents.Agent):
    """Rests at given prices from the start: ``orders`` are (side, size, price)."""

    def __init__(self, name, *orders, at=0):
        super().__init__(name)
        self.resting = orders
        self.at = at

    def on_start(self):
        self.wake_in(self.at)

    def on_wake(self):
        for side, size, price in self.resting:
            self.submit(side, size, price)


def slow():
    return {
        "to_venue": agents.LogNormal(2 * MILLISECOND_NS, 0.8),
        "from_venue": agents.Uniform(10, 3 * MILLISECOND_NS),
        "market_data_delay": MILLISECOND_NS,
        "computation_delay": 5,
    }


def noisy(executor):
    simulation = agents.Simulation(5)
    for i in range(4):
        simulation.add(Noise(f"noise {i}"))
    simulation.add(executor)
    return simulation


def fills(events, owner):
    """Lots and notional of an owner, and lots in time, from the tape alone."""
    trades = events[events["kind"] == EventKind.TRADE]
    own = trades[(trades["owner"] == owner) | (trades["resting_owner"] == owner)]
    sizes, prices = own["size"].tolist(), own["price"].tolist()
    return sum(sizes), sum(p * q for p, q in zip(prices, sizes, strict=True))


def looks(schedule):
    """The times at which an executor looks, from the start to the end."""
    times = [0]
    while times[-1] < schedule.duration:
        times.append(schedule.next_look(times[-1]))
    return times


# ---------------------------------------------------------------- schedules


def test_twap_is_exact():
    schedule = TWAP(100, 4)
    assert looks(schedule) == [0, 25, 50, 75, 100]
    assert [schedule.due(10, t, 0) for t in (0, 24, 25, 50, 75, 99, 100)] == [
        2,
        2,
        5,
        7,
        10,
        10,
        10,
    ]


@pytest.mark.parametrize(("duration", "slices"), [(100, 7), (7, 7), (10**12 + 1, 9), (1, 1)])
def test_twap_looks_where_its_parts_begin(duration, slices):
    schedule = TWAP(duration, slices)
    times = looks(schedule)
    assert len(times) == slices + 1
    due = [schedule.due(1_001, t, 0) for t in times]
    parts = [b - a for a, b in zip([0, *due], due, strict=False)]
    assert set(parts[:-1]) <= {1_001 // slices, 1_001 // slices + 1}
    assert parts[-1] == 0
    for t in times[1:-1]:
        assert schedule.due(1_001, t - 1, 0) < schedule.due(1_001, t, 0)


def test_vwap_follows_its_profile():
    schedule = VWAP(100, [1, 2, 0, 7])
    assert [schedule.due(10, t, 0) for t in (0, 25, 50, 75)] == [1, 3, 3, 10]
    tenths = VWAP(10, [0.1] * 10)
    assert [tenths.due(10, t, 0) for t in range(10)] == list(range(1, 11))


def test_pov_counts_itself_in():
    schedule = POV(100, 0.2, 30)
    assert looks(schedule) == [0, 30, 60, 90, 100]
    # A fifth of all is a quarter of the others'; the float 0.2 is a little more than a fifth.
    assert [schedule.due(50, 0, volume) for volume in (0, 3, 4, 100, 1000)] == [0, 0, 1, 25, 50]


def test_almgren_chriss_of_the_paper():
    schedule = AlmgrenChriss(5 * SECOND_NS, 5, **PAPER)  # a second here is a day there
    held = [1_000_000 - schedule.due(1_000_000, day * SECOND_NS, 0) for day in range(5)]
    assert held == [541_956, 289_854, 147_897, 62_142, 0]
    assert looks(schedule) == [day * SECOND_NS for day in range(6)]


def test_almgren_chriss_obeys_the_difference_equation():
    # x(k-1) - 2 x(k) + x(k+1) = tau^2 kappa~^2 x(k), the condition of an optimum.
    held = almgren_chriss_held(5.0, 20, **PAPER)
    tau = 0.25
    curve = 1e-6 * 0.95**2 / (2.5e-6 - 2.5e-7 * tau / 2)
    for before, here, after in zip(held, held[1:], held[2:], strict=False):
        assert before - 2 * here + after == pytest.approx(tau**2 * curve * here, rel=1e-9)
    assert (held[0], held[-1]) == (1.0, 0.0)


def test_almgren_chriss_without_risk_aversion_is_twap():
    even = AlmgrenChriss(900, 9, risk_aversion=0.0, sigma=1.0, eta=1.0)
    assert [even.due(900, t, 0) for t in range(0, 900, 100)] == list(range(100, 1_000, 100))


def test_almgren_chriss_in_a_hurry_does_not_overflow():
    held = almgren_chriss_held(1.0, 4, risk_aversion=1e300, sigma=1.0, eta=1.0)
    assert held == pytest.approx((1, 0, 0, 0, 0), abs=1e-100)


def test_obizhaeva_wang_is_block_stream_block():
    schedule = ObizhaevaWang(SECOND_NS, 2.231, 10)
    block = obizhaeva_wang_block(100_000, 1.0, 2.231)
    assert round(block) == 23_635
    times = looks(schedule)
    assert times == [0, *range(SECOND_NS // 20, SECOND_NS, SECOND_NS // 10), SECOND_NS]
    due = [schedule.due(100_000, t, 0) for t in times]
    parts = [b - a for a, b in zip([0, *due], due, strict=False)]
    assert parts[0] == parts[-1] == 23_635
    assert all(part in (5_272, 5_273, 5_274) for part in parts[1:-1])
    assert due[-1] == 100_000


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("size", [1, 2, 997, 10**15 + 1])
def test_schedules_never_go_back_and_end_with_all(name, size):
    schedule = SCHEDULES[name]
    times = looks(schedule)
    due = [schedule.due(size, t, 10**18 if t else 0) for t in times]
    assert due == sorted(due)
    assert all(type(lots) is int for lots in due)
    assert due[-1] == size
    # Nothing changes between two looks.
    for t in times[1:]:
        assert schedule.due(size, t - 1, 10**18 if t - 1 else 0) <= schedule.due(size, t, 10**18)


# ---------------------------------------------------------------- the executor


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("passive", [False, True])
@pytest.mark.parametrize("latency", [dict, slow])
class TestEverySchedule:
    def executor(self, name, passive, latency):
        return Executor(
            "executor",
            side=Side.SELL,
            size=157,
            schedule=SCHEDULES[name],
            start_in=50 * MILLISECOND_NS,
            passive=passive,
            retry=5 * MILLISECOND_NS,
            patience=50 * MILLISECOND_NS,
            **latency(),
        )

    def test_it_is_done_to_the_lot(self, name, passive, latency):
        executor = self.executor(name, passive, latency)
        simulation = noisy(executor)
        simulation.run(until=SECOND_NS + 100 * MILLISECOND_NS)
        report = executor.report()
        lots, notional = fills(simulation.events, executor.owner)
        assert (report.filled, report.notional) == (lots, notional)
        assert report.unfilled == 157 - lots
        assert (executor.position(), executor.cash()) == (-lots, notional)
        assert report.average_price == notional / lots
        assert report.unfilled == 0
        assert report.first_fill >= 50 * MILLISECOND_NS
        rows = simulation.books[0].orders()
        assert not (rows["owner"] == executor.owner).any()

    def test_it_is_never_ahead_of_its_schedule(self, name, passive, latency):
        executor = self.executor(name, passive, latency)
        simulation = noisy(executor)
        for ts in range(51 * MILLISECOND_NS, SECOND_NS, 7 * MILLISECOND_NS):
            simulation.run(until=ts)
            done, _ = fills(simulation.events, executor.owner)
            assert executor.filled <= done <= executor.due

    def test_a_fork_goes_on_to_the_same_digest(self, name, passive, latency):
        simulation = noisy(self.executor(name, passive, latency))
        simulation.run(until=SECOND_NS // 2)
        twin = simulation.fork()
        for run in (simulation, twin):
            run.run(until=SECOND_NS)
        assert simulation.digest() == twin.digest()
        assert simulation["executor"].report() == twin["executor"].report()
        assert twin["executor"] is not simulation["executor"]


def alone(*depth, **arguments):
    simulation = agents.Simulation(1)
    for i, one in enumerate(depth):
        simulation.add(Depth(f"depth {i}", *one[0], at=one[1]))
    arguments = {
        "side": Side.BUY,
        "size": 10,
        "schedule": TWAP(100 * MILLISECOND_NS, 5),
    } | arguments
    executor = simulation.add(Executor("executor", **arguments))
    return simulation, executor


def test_market_slices_are_taken_on_time():
    simulation, executor = alone(([(-1, 100, 1000)], 0))
    simulation.run(until=SECOND_NS)
    trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
    assert trades["ts_event"].tolist() == [
        0,
        20 * MILLISECOND_NS,
        40 * MILLISECOND_NS,
        60 * MILLISECOND_NS,
        80 * MILLISECOND_NS,
    ]
    assert trades["size"].tolist() == [2] * 5
    report = executor.report()
    assert (report.children, report.average_price, report.last_fill) == (
        5,
        1000.0,
        80 * MILLISECOND_NS,
    )


def test_what_found_nobody_is_caught_up_with_at_the_next_look():
    simulation, executor = alone(([(-1, 100, 1000)], 50 * MILLISECOND_NS))
    simulation.run(until=45 * MILLISECOND_NS)
    assert executor.report().filled == 0
    assert isnan(executor.report().average_price)
    simulation.run(until=SECOND_NS)
    trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
    assert trades["ts_event"].tolist() == [60 * MILLISECOND_NS, 80 * MILLISECOND_NS]
    assert trades["size"].tolist() == [8, 2]


def test_patience_after_the_end():
    for patience, filled in ((0, 0), (20 * MILLISECOND_NS, 0), (40 * MILLISECOND_NS, 10)):
        simulation, executor = alone(
            ([(-1, 100, 1000)], 135 * MILLISECOND_NS), patience=patience, retry=10 * MILLISECOND_NS
        )
        simulation.run(until=SECOND_NS)
        assert executor.report().filled == filled
        assert simulation.scheduled == 0


def test_a_worst_price_is_kept():
    simulation, executor = alone(([(-1, 3, 1000), (-1, 100, 1001)], 0), worst_price=1000)
    simulation.run(until=SECOND_NS)
    assert executor.report()[:4] == (10, 3, 7, 3000)
    assert len(simulation.books[0].asks(5)) == 1


def test_nothing_is_posted_below_one_tick():
    # A tick off the best ask at 1 there is no price: it waits, and takes what is late.
    simulation, executor = alone(([(-1, 100, 1)], 0), passive=True)
    simulation.run(until=SECOND_NS)
    own = simulation.messages[simulation.messages["owner"] == executor.owner]
    assert not (own["order_type"] == OrderType.LIMIT).any()
    assert executor.report().filled == 10


def test_passive_lots_join_the_touch_and_what_is_late_is_taken():
    simulation, executor = alone(([(1, 5, 990), (-1, 100, 1000)], 0), passive=True)
    simulation.run(until=10 * MILLISECOND_NS)
    rows = simulation.books[0].orders()
    own = rows[rows["owner"] == executor.owner]
    assert own["price"].tolist() == [990]
    assert own["size"].tolist() == [2]
    simulation.run(until=SECOND_NS)
    trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
    # Each slice is taken one look late, the last at the end.
    assert trades["ts_event"].tolist() == [
        20 * MILLISECOND_NS,
        40 * MILLISECOND_NS,
        60 * MILLISECOND_NS,
        80 * MILLISECOND_NS,
        100 * MILLISECOND_NS,
    ]
    assert trades["price"].tolist() == [1000] * 5
    assert executor.report().unfilled == 0


def test_passive_lots_that_trade_are_not_taken_again():
    simulation, executor = alone(
        ([(1, 1, 990), (-1, 100, 1000)], 0), ([(-1, 3, 990)], 10 * MILLISECOND_NS), passive=True
    )
    simulation.run(until=15 * MILLISECOND_NS)
    assert executor.report().filled == 2
    simulation.run(until=SECOND_NS)
    assert executor.report().notional == 2 * 990 + 8 * 1000


def test_passive_with_nobody_on_the_other_side_stays_finite():
    simulation, executor = alone(
        ([(1, 5, 990)], 0), passive=True, patience=50 * MILLISECOND_NS, retry=MILLISECOND_NS
    )
    simulation.run(until=SECOND_NS)
    assert executor.report().filled == 0
    assert simulation.scheduled == 0
    assert len(simulation.messages) < 200
    assert len(simulation.books[0].orders()) == 1  # nothing of its own is left


def test_pov_takes_its_share_of_what_others_trade_from_its_start_on():
    begin = 300 * MILLISECOND_NS
    schedule = POV(700 * MILLISECOND_NS, 0.1, 10 * MILLISECOND_NS)
    executor = Executor("executor", side=Side.BUY, size=10**6, schedule=schedule, start_in=begin)
    simulation = noisy(executor)
    simulation.run(until=SECOND_NS)
    events = simulation.events
    trades = events[(events["kind"] == EventKind.TRADE) & (events["ts_event"] >= begin)]
    done, _ = fills(events, executor.owner)
    others = int(trades["size"].sum()) - done
    assert executor.volume == others
    assert done == int(Fraction(0.1) / (1 - Fraction(0.1)) * others)
    assert done > 20


def test_what_is_due_at_the_end_is_taken_even_by_a_passive_executor():
    schedule = ObizhaevaWang(SECOND_NS, 2.0, 2)
    simulation, executor = alone(
        ([(1, 5, 990), (-1, 100, 1000)], 0), size=100, schedule=schedule, passive=True
    )
    simulation.run(until=SECOND_NS)
    trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
    # Blocks of 25; of the stream 25 at a quarter and at three quarters, each taken a look late.
    assert trades["size"].tolist() == [25, 25, 25 + 25]
    assert trades["ts_event"].tolist() == [SECOND_NS // 4, 3 * SECOND_NS // 4, SECOND_NS]
    assert executor.report().unfilled == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TWAP(10, 0), "slices must be 1 to 10, got 0"),
        (lambda: VWAP(10, []), r"len\(profile\) must be 1 to 10, got 0"),
        (lambda: VWAP(10, [1, -1]), r"profile\[1\] must be finite and at least 0, got -1"),
        (lambda: VWAP(10, [0, 0]), "profile must hold a number above 0"),
        (lambda: POV(10, 1.0, 1), "rate must be finite and above 0 and below 1, got 1.0"),
        (lambda: ObizhaevaWang(10, 0.0, 1), "resilience must be finite and above 0, got 0.0"),
        (
            lambda: almgren_chriss_held(5, 5, risk_aversion=1, sigma=1, eta=0.1, gamma=0.2),
            "eta must be more than gamma",
        ),
        (
            lambda: Executor("e", side=Side.BUY, size=0, schedule=TWAP(1, 1)),
            "size must be 1",
        ),
        (lambda: Executor("e", side=0, size=1, schedule=TWAP(1, 1)), "0 is not a valid Side"),
    ],
)
def test_misuse_is_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(("due", "following"), [(11, 5), (-1, 5), (1, 0)])
def test_a_schedule_that_breaks_its_promise_is_named(due, following):
    class Broken:
        sees_volume = False
        duration = 10

        def due(self, size, elapsed, volume):
            return due

        def next_look(self, elapsed):
            return following

    simulation = agents.Simulation(1)
    simulation.add(Executor("e", side=Side.BUY, size=10, schedule=Broken()))
    with pytest.raises(agents.AgentError, match=r"due must be|next_look must be"):
        simulation.run(until=SECOND_NS)


def test_every_order_carries_the_tag():
    simulation, executor = alone(([(-1, 100, 1000)], 0), tag=77)
    simulation.run(until=SECOND_NS)
    sent = simulation.messages
    own = sent[(sent["owner"] == executor.owner) & (sent["kind"] == lob.Kind.NEW)]
    assert (own["tag"] == 77).all()
    assert len(own) == 5
