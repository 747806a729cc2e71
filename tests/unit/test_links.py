"""Links between participants and the venue: first in, first out, unless overtaking is allowed."""

import copy
import pickle

import numpy as np
import pytest

import agents
import lob
from lob import EventKind

MODELS = [
    agents.Uniform(0, 100_000),
    agents.LogNormal(10_000, 1.5),
    agents.Exponential(20_000, 100),
]
OVERTAKING = [
    agents.Uniform(0, 100_000, overtaking=True),
    agents.LogNormal(10_000, 1.5, overtaking=True),
    agents.Exponential(20_000, 100, overtaking=True),
]


class Sender(agents.Agent):
    """Sends orders, and cancels each right after it."""

    def __init__(self, latency, back=None):
        super().__init__("sender", to_venue=latency, from_venue=back)
        self.heard = []

    def on_start(self):
        self.wake_in(0)

    def on_wake(self):
        order_id = self.buy(1, price=100)
        self.cancel(order_id)
        if self.now < 2_000_000:
            self.wake_in(1_000)

    def on_event(self, event):
        self.heard.append((self.now, event.row["seq"]))


def outcome(latency, back=None):
    simulation = agents.Simulation(3)
    sender = simulation.add(Sender(latency, back))
    simulation.run(until=10**12)
    return simulation, sender


@pytest.mark.parametrize("latency", MODELS, ids=repr)
def test_no_cancellation_overtakes_its_order(latency):
    simulation, _ = outcome(latency)
    events = simulation.events
    assert (events["kind"] == EventKind.REJECTED).sum() == 0
    assert len(simulation.books[0]) == 0
    ids = simulation.messages["order_id"]
    assert (np.diff(ids) >= 0).all()


@pytest.mark.parametrize("latency", OVERTAKING, ids=repr)
def test_with_overtaking_some_do(latency):
    simulation, _ = outcome(latency)
    assert (simulation.events["kind"] == EventKind.REJECTED).sum() > 300
    assert len(simulation.books[0]) > 300


@pytest.mark.parametrize(("latency", "free"), list(zip(MODELS, OVERTAKING, strict=True)), ids=repr)
def test_news_arrive_in_their_order_too(latency, free):
    _, sender = outcome(None, latency)
    assert len(sender.heard) > 4_000
    assert sender.heard == sorted(sender.heard)
    assert [seq for _, seq in sender.heard] == sorted(seq for _, seq in sender.heard)
    _, sender = outcome(None, free)
    assert [seq for _, seq in sender.heard] != sorted(seq for _, seq in sender.heard)


@pytest.mark.parametrize(("latency", "free"), list(zip(MODELS, OVERTAKING, strict=True)), ids=repr)
def test_one_message_at_a_time_takes_the_latency_that_is_drawn(latency, free):
    class Slow(Sender):
        def on_wake(self):
            self.buy(1, price=100)
            if self.now < 10**11:
                self.wake_in(10**9)

    times = []
    for model in (latency, free):
        simulation = agents.Simulation(3)
        simulation.add(Slow(model))
        simulation.run(until=10**12)
        times.append(simulation.messages["ts_event"])
    assert (times[0] == times[1]).all()


def test_members_of_a_population_do_not_wait_for_each_other():
    class Quick(agents.Agent):
        def on_start(self):
            self.wake_in(0)

        def on_wake(self):
            rows = np.zeros(200, lob.MESSAGE)
            rows["kind"], rows["side"], rows["price"], rows["size"] = 1, 1, 100, 1
            rows["owner"] = self.owner + np.arange(200) % 2
            return rows

    simulation = agents.Simulation(3)
    quick = simulation.add(Quick("quick", members=2, to_venue=agents.Uniform(0, 10_000)))
    simulation.run(until=10**6)
    sent = simulation.messages
    last = [sent["ts_event"][sent["owner"] == quick.owner + member].max() for member in (0, 1)]
    for member in (0, 1):
        ids = sent["order_id"][sent["owner"] == quick.owner + member]
        assert len(ids) == 100
        assert (np.diff(ids) > 0).all()
    assert last[0] != last[1]


def test_a_fork_keeps_the_line():
    simulation = agents.Simulation(3)
    simulation.add(Sender(agents.Uniform(0, 10**6)))
    simulation.run(until=500_000)
    twin = simulation.fork()
    simulation.run(until=10**9)
    twin.run(until=10**9)
    assert simulation.digest() == twin.digest()
    assert len(simulation.books[0]) == 0


@pytest.mark.parametrize("model", MODELS + OVERTAKING, ids=repr)
def test_a_model_is_its_parameters_the_option_included(model):
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin == model
        assert hash(twin) == hash(model)
        assert twin.overtaking is model.overtaking
    assert ("overtaking=True" in repr(model)) is model.overtaking
    assert model != MODELS[0] or model is MODELS[0]


@pytest.mark.parametrize("bad", [1, 0, None, "yes"])
def test_the_option_is_true_or_false(bad):
    with pytest.raises(TypeError, match=f"overtaking must be True or False, got {bad!r}"):
        agents.Uniform(0, 1, overtaking=bad)
