"""The event clock: order of things, latency, tapes, forks, identity."""

import numpy as np
import pytest

import agents
import lob
from lob import tape
from lob.journal import quotes

END = 400_000


class Noise(agents.Agent):
    """Trades at random around 100, cancels now and then."""

    def on_start(self):
        self.wake_in(self.random.integers(1_000))

    def on_wake(self):
        for order_id in list(self.open_orders)[:1]:
            self.cancel(order_id)
        side = 1 if self.random.random() < 0.5 else -1
        price = None if self.random.random() < 0.2 else 100 - side * self.random.integers(4)
        self.submit(side, 1 + self.random.integers(9), price)
        self.wake_in(1 + self.random.integers(1_000))


class Listener(Noise):
    def __init__(self, name, **arguments):
        super().__init__(name, **arguments)
        self.heard = []

    def on_event(self, event):
        self.heard.append((self.now, event.kind, event.order_id, event.leaves))


def slow():
    return {
        "to_venue": agents.LogNormal(700, 0.8),
        "from_venue": agents.Uniform(10, 3_000),
        "market_data_delay": 250,
        "computation_delay": 5,
    }


def market(latency, extra=(), seed=3, **arguments):
    simulation = agents.Simulation(seed, **arguments)
    for i in range(4):
        simulation.add(Noise(f"noise {i}", **(slow() if latency else {})))
        if i == 1:
            for agent in extra:
                simulation.add(agent)
    simulation.add(Listener("listener", **(slow() if latency else {})))
    return simulation


@pytest.mark.parametrize("latency", [False, True])
class TestRuns:
    def test_the_same_seed_gives_the_same_tapes_and_another_seed_others(self, latency):
        digests = []
        for seed in (3, 3, 4):
            simulation = market(latency, seed=seed)
            simulation.run(until=END)
            digests.append(simulation.digest())
        assert digests[0] == digests[1] != digests[2]

    def test_a_dormant_agent_changes_no_byte(self, latency):
        alone = market(latency)
        alone.run(until=END)
        sleeper = agents.Agent("sleeper", **(slow() if latency else {}))
        accompanied = market(latency, [sleeper])
        accompanied.run(until=END)
        assert accompanied.digest() == alone.digest()
        assert len(alone.events) > 1_000

    def test_a_twin_is_the_same_up_to_the_first_message_that_differs(self, latency):
        class Seller(agents.Agent):
            def on_start(self):
                self.wake_in(END // 2)

            def on_wake(self):
                self.sell(50)

        alone, full = market(latency), market(latency, [Seller("seller")])
        alone.run(until=END)
        full.run(until=END)
        sold = np.flatnonzero(full.events["owner"] == full["seller"].owner)[0]
        assert full.events[:sold].tobytes() == alone.events[:sold].tobytes()
        assert full.events["ts_event"][sold] == END // 2

    def test_steps_pauses_and_forks_end_where_one_run_does(self, latency):
        whole, parts = market(latency), market(latency)
        whole.run(until=END)
        while parts.now < END // 3:
            assert parts.step(7) == 7
        fork = parts.fork()
        for simulation in (parts, fork):
            simulation.run(until=END // 2)
            simulation.run(until=END)
            assert simulation.digest() == whole.digest()
            assert simulation["listener"].heard == whole["listener"].heard
            assert simulation["listener"].position() == whole["listener"].position()
        assert fork["listener"].simulation is fork

    def test_the_messages_replayed_give_the_events(self, latency):
        simulation = market(latency)
        simulation.run(until=END)
        events = lob.reference.OrderBook().process(simulation.messages)
        assert events.tobytes() == simulation.events.tobytes()
        simulation.books[0].check()

    def test_times_never_go_back(self, latency):
        simulation = market(latency)
        simulation.run(until=END)
        assert (np.diff(simulation.events["ts_event"]) >= 0).all()
        assert (simulation.events["seq"] == np.arange(1, len(simulation.events) + 1)).all()

    def test_accounts_add_up_against_the_tape(self, latency):
        simulation = market(latency)
        simulation.run(until=END)
        # With latency the last news are still under way: let them arrive, but no new orders.
        trades = simulation.events[simulation.events["kind"] == lob.EventKind.TRADE]
        if latency:
            heard = sum(agent.position() for agent in simulation.agents)
            assert abs(heard) <= trades["size"][-50:].sum()
            return
        for agent in simulation.agents:
            lots = cash = 0
            for column, sign in (("owner", 1), ("resting_owner", -1)):
                own = trades[trades[column] == agent.owner]
                signed = sign * own["side"].astype(int) * own["size"]
                lots += signed.sum()
                cash -= (signed * own["price"]).sum()
            assert (agent.position(), agent.cash()) == (lots, cash)
            resting = simulation.books[0].orders()
            own = resting[resting["owner"] == agent.owner]
            assert {o.order_id: o.size for o in agent.open_orders.values()} == dict(
                zip(own["order_id"].tolist(), own["size"].tolist(), strict=True)
            )


class Recorder(agents.Agent):
    """Notes when it is woken and what it hears."""

    def __init__(self, name, delays=(), **arguments):
        super().__init__(name, **arguments)
        self.delays = delays
        self.notes = []

    def on_start(self):
        for delay in self.delays:
            self.wake_in(delay)

    def on_wake(self):
        self.notes.append((self.now, "wake"))

    def on_event(self, event):
        self.notes.append((self.now, event.kind.name))


def test_wake_ups_come_in_order_of_time_then_of_asking():
    simulation = agents.Simulation()
    first = simulation.add(Recorder("first", [30, 10, 10, 20]))
    simulation.run(until=15)
    assert first.notes == [(10, "wake"), (10, "wake")]
    assert simulation.now == 15
    simulation.run(until=100)
    assert [at for at, _ in first.notes] == [10, 10, 20, 30]
    assert simulation.scheduled == 0


def test_who_joins_later_starts_when_the_run_goes_on():
    class Host(Recorder):
        def on_wake(self):
            self.guest = self.simulation.add(Recorder("guest", [3]))
            assert self.guest.notes == []

    simulation = agents.Simulation()
    host = simulation.add(Host("host", [10]))
    simulation.run(until=20)
    assert host.guest.notes == [(13, "wake")]
    late = simulation.add(Recorder("late", [1]))
    simulation.run(until=30)
    assert late.notes == [(21, "wake")]


def test_constant_latency_both_ways_is_exact():
    class Buyer(Recorder):
        def on_wake(self):
            self.buy(1, price=10)
            self.notes.append((self.now, "sent"))

    simulation = agents.Simulation()
    buyer = simulation.add(
        Buyer(
            "buyer",
            [100],
            to_venue=agents.Constant(7),
            from_venue=agents.Constant(11),
            computation_delay=3,
        )
    )
    simulation.run(until=200)
    assert buyer.notes == [(100, "sent"), (121, "ACCEPTED")]
    assert simulation.events["ts_event"].tolist() == [110]


def test_news_that_overtake_each_other_leave_no_ghosts():
    class Stops(Noise):
        def on_wake(self):
            if self.now < END:
                super().on_wake()

    simulation = agents.Simulation(seed=8)
    for i in range(4):
        simulation.add(Stops(f"agent {i}", from_venue=agents.Uniform(0, 10_000)))
    simulation.run(until=END + 100_000)  # the last news have arrived
    resting = simulation.books[0].orders()
    assert len(resting) > 10
    for agent in simulation.agents:
        own = resting[resting["owner"] == agent.owner]
        assert {o.order_id: o.size for o in agent.open_orders.values()} == dict(
            zip(own["order_id"].tolist(), own["size"].tolist(), strict=True)
        )


def test_market_data_come_late():
    class Reader(Recorder):
        def on_wake(self):
            self.notes.append((self.now, self.best_bid()))

    class Bidder(agents.Agent):
        def on_start(self):
            self.wake_in(100)

        def on_wake(self):
            self.buy(1, price=self.now)
            self.wake_in(100)

    simulation = agents.Simulation()
    simulation.add(Bidder("bidder"))
    reader = simulation.add(Reader("reader", [90, 149, 150, 249, 250], market_data_delay=50))
    simulation.run(until=300)
    assert [price for _, price in reader.notes] == [None, None, 100, 100, 200]


@pytest.mark.parametrize("latency", [False, True])
def test_followed_quotes_are_those_of_the_tape(latency):
    simulation = market(latency)
    simulation.follow_quotes()
    simulation.run(until=END)
    fields = ["bid_price", "bid_size", "ask_price", "ask_size"]
    followed = simulation.quotes()
    told, _ = quotes(simulation.events)
    assert len(followed) > 200
    assert (np.diff(followed["ts_event"]) >= 0).all()
    moments = np.unique(told["ts_event"])
    last = [
        rows[fields][np.searchsorted(rows["ts_event"], moments, side="right") - 1]
        for rows in (followed, told)
    ]
    assert (last[0] == last[1]).all()


def test_quotes_that_nobody_followed_are_not_there():
    simulation = market(True)  # Listeners see the market late, so that some quotes are kept.
    with pytest.raises(ValueError, match="follow_quotes"):
        simulation.quotes()


def test_subscribers_hear_everybodys_trades_and_makers_hear_their_own():
    class Watcher(Recorder):
        def on_start(self):
            self.subscribe()

    class Maker(Recorder):
        def on_start(self):
            self.sell(5, price=10)

    class Taker(agents.Agent):
        def on_start(self):
            self.buy(2)

    simulation = agents.Simulation()
    watcher = simulation.add(Watcher("watcher", market_data_delay=4))
    maker = simulation.add(Maker("maker"))
    simulation.add(Taker("taker"))
    simulation.run(until=10)
    assert watcher.notes == [(4, "TRADE")]
    assert maker.notes == [(0, "ACCEPTED"), (0, "TRADE")]
    assert (maker.position(), maker.cash()) == (-2, 20)
    assert [order.size for order in maker.open_orders.values()] == [3]


def test_several_instruments_share_one_sequence_of_events():
    class Both(agents.Agent):
        def on_start(self):
            self.buy(1, price=5, instrument=1)
            self.buy(1, price=6, instrument=0)

    simulation = agents.Simulation(instruments=2)
    simulation.add(Both("both"))
    simulation.run(until=1)
    assert simulation.events["instrument"].tolist() == [1, 0]
    assert simulation.events["seq"].tolist() == [1, 2]
    assert [book.best_bid for book in simulation.books] == [6, 5]


def test_a_population_sends_a_whole_array():
    class Crowd(agents.Agent):
        def on_start(self):
            self.wake_in(1)

        def on_wake(self):
            rows = np.zeros(self.members, lob.MESSAGE)
            rows["kind"] = lob.Kind.NEW
            rows["side"] = lob.Side.BUY
            rows["price"] = np.arange(1, self.members + 1)
            rows["size"] = 1
            rows["owner"] = self.owner + np.arange(self.members)
            return rows

    simulation = agents.Simulation()
    crowd = simulation.add(Crowd("crowd", members=100))
    simulation.run(until=1)
    orders = simulation.books[0].orders()
    assert len(orders) == 100
    assert len(set(orders["order_id"].tolist())) == 100
    assert set(orders["owner"].tolist()) == set(range(crowd.owner, crowd.owner + 100))


class TestErrors:
    def test_an_agents_exception_names_agent_time_and_event_and_the_run_stands(self):
        class Fails(Recorder):
            def on_wake(self):
                self.buy(1, price=10)
                self.wake_in(5)

            def on_event(self, event):
                if self.now == 15:
                    raise KeyError("lost")

        simulation = agents.Simulation()
        simulation.add(Fails("fails", [10]))
        with pytest.raises(agents.AgentError, match="'fails' failed at 15 ns, on the event") as e:
            simulation.run(until=100)
        assert (e.value.agent, e.value.ts_event) == ("fails", 15)
        assert e.value.event["kind"] == lob.EventKind.ACCEPTED
        assert isinstance(e.value.__cause__, KeyError)
        assert simulation.now == 15
        assert len(simulation.books[0]) == 2
        simulation.books[0].check()
        simulation.run(until=100)
        assert len(simulation.books[0]) > 2

    def test_an_agent_that_fails_to_start_keeps_nobody_else_from_it(self):
        class Fails(agents.Agent):
            def on_start(self):
                raise OSError("no")

        simulation = agents.Simulation()
        simulation.add(Fails("fails"))
        other = simulation.add(Recorder("other", [5]))
        with pytest.raises(agents.AgentError, match="'fails'"):
            simulation.run(until=10)
        simulation.run(until=10)
        assert other.notes == [(5, "wake")]

    @pytest.mark.parametrize(
        ("arguments", "error", "said"),
        [
            ({"size": 0, "price": 1}, ValueError, "size"),
            ({"size": 1, "price": 1.5}, TypeError, "price"),
            ({"size": 1, "price": 1, "instrument": 1}, ValueError, "instrument"),
            ({"size": 1, "price": 1, "instrument": 70_000}, ValueError, "instrument"),
            ({"size": 1, "price": 1, "time_in_force": 9}, ValueError, "time_in_force"),
        ],
    )
    def test_misuse_names_the_argument(self, arguments, error, said):
        simulation = agents.Simulation()
        agent = simulation.add(agents.Agent("someone"))
        with pytest.raises(error, match=said):
            agent.buy(**arguments)
        assert len(simulation.events) == 0

    def test_names_and_owners_are_unique(self):
        simulation = agents.Simulation()
        simulation.add(agents.Agent("a", owner=7))
        with pytest.raises(ValueError, match="'a'"):
            simulation.add(agents.Agent("a"))
        with pytest.raises(ValueError, match="owner number 7"):
            simulation.add(agents.Agent("b", owner=7))

    def test_one_agent_one_run(self):
        agent = agents.Simulation().add(agents.Agent("a"))
        with pytest.raises(ValueError, match="takes part"):
            agents.Simulation().add(agent)

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"seed": -1}, ValueError),
            ({"seed": 1.5}, TypeError),
            ({"instruments": 0}, ValueError),
            ({"instruments": ["gold"]}, ValueError),
            ({"events": "a file"}, TypeError),
        ],
    )
    def test_a_run_that_makes_no_sense(self, arguments, error):
        with pytest.raises(error, match=next(iter(arguments))):
            agents.Simulation(**arguments)

    def test_a_run_does_not_go_back(self):
        simulation = agents.Simulation(start=10)
        with pytest.raises(ValueError, match="until"):
            simulation.run(until=9)


class TestTapes:
    def test_a_streamed_tape_is_the_tape(self, tmp_path):
        kept = market(True)
        kept.run(until=END)
        with tape.Writer(tmp_path / "events.npy", lob.EVENT) as events:
            streamed = market(True, events=events, messages=False)
            for until in range(END // 8, END + 1, END // 8):
                streamed.run(until=until)
                streamed.close()
        assert tape.read(tmp_path / "events.npy").tobytes() == kept.events.tobytes()
        assert streamed.event_count == len(kept.events)
        assert streamed.events.tobytes() == kept.events.tobytes()
        with pytest.raises(ValueError, match="writer"):
            streamed.fork()

    def test_a_streamed_tape_can_be_asked_for_at_any_time(self, tmp_path):
        """With what waits in memory, which a writer that does not read has never told."""
        kept = market(True)
        paths = [tmp_path / f"{name}.npy" for name in ("events", "messages", "entries")]
        with (
            tape.Writer(paths[0], lob.EVENT) as events,
            tape.Writer(paths[1], lob.MESSAGE) as messages,
            tape.Writer(paths[2], lob.ENTRY) as entries,
        ):
            streamed = market(True, events=events, messages=messages, entries=entries)
            for until in range(END // 8, END + 1, END // 8):
                kept.run(until=until)
                streamed.run(until=until)
                assert streamed.events.tobytes() == kept.events.tobytes()
                assert streamed.messages.tobytes() == kept.messages.tobytes()
                assert streamed.entries.tobytes() == kept.entries.tobytes()
                assert streamed.digest() == kept.digest()

    def test_a_writer_that_does_not_read_keeps_nothing_to_ask_for(self):
        class Deaf:
            def write(self, rows):
                pass

        streamed = market(True, events=Deaf(), messages=Deaf(), entries=Deaf())
        streamed.run(until=END)
        for name in ("events", "messages", "entries"):
            with pytest.raises(ValueError, match="not kept"):
                getattr(streamed, name)

    def test_a_dropped_tape_changes_nothing_else(self):
        kept, dropped = market(False), market(False, events=False, messages=False)
        kept.run(until=END)
        dropped.run(until=END)
        assert dropped.books[0].digest() == kept.books[0].digest()
        assert dropped["listener"].heard == kept["listener"].heard


def test_many_agents_need_memory_and_time_in_proportion():
    class Once(agents.Agent):
        def on_start(self):
            self.wake_in(self.random.integers(10**9))

        def on_wake(self):
            self.buy(1, price=1 + self.random.integers(100))

    simulation = agents.Simulation(seed=1)
    for i in range(20_000):
        simulation.add(Once(f"agent {i}", owner=i + 1))
    simulation.run(until=10**9)
    assert len(simulation.books[0]) == 20_000
