"""A fork goes on by itself: what would not is refused, with the name of the attribute."""

import functools
import weakref

import pytest

import agents
from lob.venue.breaker import Breaker

SIMULATION = None


class Holder(agents.Agent):
    """Keeps whatever it is given."""

    def __init__(self, name="holder"):
        super().__init__(name)
        self.rows = []
        self.other = None

    def on_start(self):
        self.wake_in(1)

    def on_wake(self):
        self.rows.append(self.now)
        self.wake_in(1)

    def look(self):
        return len(self.rows)


class Box:
    def __init__(self, content):
        self.content = content


def simulation_with(make):
    simulation = agents.Simulation(1)
    agent = simulation.add(Holder())
    other = simulation.add(Holder("other"))
    agent.held = make(agent, other)
    simulation.run(until=3)
    return simulation


def nested(agent):
    rows = [agent]

    def inner():
        return rows[0].now

    def outer():
        return inner()

    return outer


def with_default(agent):
    def read(rows=agent.rows):
        return rows

    return read


def with_helper(agent):
    helper = Box(agent)
    return lambda: helper.content.now


def with_generator(agent):
    times = (agent.now for _ in range(9))
    return lambda: next(times)


@pytest.mark.parametrize(
    "make",
    [
        lambda agent, other: lambda: agent.now,
        lambda agent, other: lambda: agent.simulation,
        lambda agent, other: lambda: other.rows,
        lambda agent, other: [{"deep": (1, lambda: agent.simulation.books)}],
        lambda agent, other: Box(lambda: agent.now),
        lambda agent, other: functools.partial(lambda one: agent, 1),
        lambda agent, other: nested(agent),
        lambda agent, other: with_default(agent),
        lambda agent, other: with_helper(agent),
        lambda agent, other: with_generator(agent),
        lambda agent, other: agent.rows.append,
        lambda agent, other: weakref.ref(agent),
    ],
)
def test_what_would_go_on_reading_the_original_is_refused(make):
    simulation = simulation_with(make)
    with pytest.raises(ValueError, match=r"agent 'holder'.*attribute 'held'.*original"):
        simulation.fork()
    simulation.run(until=5)


def test_a_function_that_reads_the_run_by_a_global_name_is_refused():
    global SIMULATION
    try:
        SIMULATION = simulation_with(lambda agent, other: lambda: SIMULATION.now)
        with pytest.raises(ValueError, match="'held'"):
            SIMULATION.fork()
    finally:
        SIMULATION = None


def test_so_are_those_of_breakers():
    class Watching(Breaker):
        def on_due(self, venue, ts):
            self.due = None

    breaker = Watching(0)
    simulation = agents.Simulation(1, breakers=[breaker])
    breaker.reads = lambda: simulation.now
    with pytest.raises(ValueError, match=r"Watching.*'reads'"):
        simulation.fork()


@pytest.mark.parametrize(
    "make",
    [
        lambda agent, other: lambda: 7,
        lambda agent, other: len,
        lambda agent, other: {"data": [1, (2, 3)]},
        lambda agent, other: agent.look,
        lambda agent, other: functools.partial(agent.look),
        lambda agent, other: other,
        lambda agent, other: Box(agent),
    ],
)
def test_what_is_copied_with_the_run_may_stay(make):
    simulation = simulation_with(make)
    twin = simulation.fork()
    twin.run(until=9)
    assert len(simulation["holder"].rows) == 3
    assert len(twin["holder"].rows) == 9
    held = twin["holder"].held
    if isinstance(held, Box):
        assert held.content is twin["holder"]
    if isinstance(held, agents.Agent):
        assert held is twin["other"]
    if held == twin["holder"].look:
        assert held() == 9
