"""A fork goes on by itself: what would not is refused, with the name of the attribute."""

import copy
import functools
import weakref

import pytest

import agents
import lob
from lob import clearing
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Last
from lob.liquidation import Frozen
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


class Named(agents.Simulation):
    """A run that keeps something of its own."""

    __slots__ = ("__dict__", "note")


class NamedVenue(lob.Venue):
    """A venue that keeps something of its own."""


class NamedHolding(clearing.Holding):
    """A holding that keeps something of its own."""


@pytest.mark.parametrize("again", [lambda one: one.fork(), copy.deepcopy])
def test_a_fork_of_a_subclass_of_the_run_is_one_with_what_it_added(again):
    run = Named(1)
    holder = run.add(Holder())
    run.rows, run.first, run.note = [1], holder, "a slot"
    twin = again(run)
    assert type(twin) is Named
    assert (twin.rows, twin.note, twin.first) == ([1], "a slot", twin.agents[0])
    assert twin.rows is not run.rows
    assert twin.first is not holder
    twin.run(until=3)
    assert (twin.first.rows, holder.rows) == ([1, 2, 3], [])


def test_an_attribute_of_a_run_that_goes_on_using_the_original_is_refused():
    run = Named(1)
    run.held = lambda: run.now
    with pytest.raises(ValueError, match=r"Named.*attribute 'held'.*original"):
        run.fork()


@pytest.mark.parametrize("again", [lambda one: one.copy(), copy.deepcopy])
def test_a_copy_of_a_subclass_of_the_venue_is_one_with_what_it_added(again):
    venue = NamedVenue(1)
    venue.rows, venue.mine = [1], venue
    twin = again(venue)
    assert (type(twin), twin.rows) == (NamedVenue, [1])
    assert twin.mine is twin
    assert twin.rows is not venue.rows


def test_so_is_that_of_a_holding():
    holding = NamedHolding(clearing.Oracle(Last()), FlatMargin(100_000, 50_000))
    holding.rows = [1]
    one = clearing.Clearing("c", holdings=[holding], liquidation_engine=Frozen())
    run = agents.Simulation(1, clearings=[one])
    twin = run.fork().clearings[0].holdings[0]
    assert (type(twin), twin.rows) == (NamedHolding, [1])
    assert twin.rows is not holding.rows
