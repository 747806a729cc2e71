"""Owner numbers: made of names, kept apart where names meet, and independent of who came first."""

import itertools

import numpy as np
import pytest

import agents
import lob
from agents.random import name_hash


def first_number(name):
    return max(name_hash(name) % 2**31, 1)


def meeting_names():
    """Two names of "agent 0", "agent 1", ... with the same number: the 17,494th is the first."""
    seen = {}
    for i in itertools.count():
        name = f"agent {i}"
        number = first_number(name)
        if number in seen:
            return seen[number], name
        seen[number] = name


FIRST, SECOND = sorted(meeting_names())


class Buyer(agents.Agent):
    def on_start(self):
        self.wake_in(1 + self.random.integers(50))

    def on_wake(self):
        self.buy(1 + self.random.integers(5), price=90 + self.random.integers(9))
        self.wake_in(1 + self.random.integers(50))


def with_agents(names, start=0):
    simulation = agents.Simulation(1)
    for name in names:
        simulation.add(Buyer(name))
    return simulation


def numbers(simulation):
    return {agent.name: agent.owner for agent in simulation.agents}


def test_a_hundred_thousand_names_have_numbers_of_their_own():
    simulation = agents.Simulation(1)
    for i in range(100_000):
        simulation.add(agents.Participant(f"agent {i}"))
    found = numbers(simulation)
    assert len(set(found.values())) == 100_000
    moved = [name for name, number in found.items() if number != first_number(name)]
    assert moved
    assert len(moved) < 10
    assert SECOND in moved
    assert FIRST not in moved


@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, SECOND, "z", "a"])))
def test_numbers_do_not_depend_on_the_order_of_adding(order):
    found = numbers(with_agents(order))
    assert found[FIRST] == first_number(FIRST)
    assert found[SECOND] != first_number(SECOND)
    assert found == numbers(with_agents([FIRST, SECOND, "a", "z"]))
    for name in "az":
        assert found[name] == first_number(name)


def test_nor_do_orders():
    tapes = []
    for order in ([FIRST, SECOND], [SECOND, FIRST]):
        simulation = with_agents(order)
        simulation.run(until=2_000)
        tapes.append(np.sort(simulation.messages, order=["owner", "order_id"]))
    assert len(tapes[0]) > 20
    for field in ("owner", "order_id", "price", "size", "ts_event"):
        assert (tapes[0][field] == tapes[1][field]).all()


def test_populations_of_all_sizes_keep_apart_in_any_order():
    """Sixteen names that come to the same 2**18 numbers, of which they need half a million."""
    names = (f"population {i}" for i in itertools.count())
    near = list(itertools.islice((one for one in names if first_number(one) >> 18 == 77), 16))

    def made(order):
        simulation = agents.Simulation(1)
        for i in order:
            simulation.add(agents.Participant(near[i], members=1 + 4_000 * i))
        return numbers(simulation), {one.name: one.members for one in simulation.agents}

    found, members = made(range(16))
    ranges = sorted((number, number + members[name]) for name, number in found.items())
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(ranges))
    assert 3 < sum(number >> 18 == 77 for number in found.values()) < 13
    for seed in range(4):
        assert found == made(np.random.default_rng(seed).permutation(16).tolist())[0]


def test_given_numbers_stay_and_meet_nobody():
    number = first_number("late")
    for late_first in (True, False):
        simulation = agents.Simulation(1)
        made = [agents.Participant("late"), agents.Participant("given", owner=number)]
        for agent in made if late_first else reversed(made):
            simulation.add(agent)
        assert simulation["given"].owner == number
        assert simulation["late"].owner != number
    with pytest.raises(ValueError, match=f"owner number {number} .*'given' already"):
        simulation.add(agents.Participant("other", owner=number))


def test_a_number_stays_once_its_agent_has_begun():
    simulation = with_agents([SECOND])
    simulation.run(until=100)
    simulation.add(Buyer(FIRST))
    simulation.run(until=200)
    found = numbers(simulation)
    assert found[SECOND] == first_number(SECOND)
    assert found[FIRST] not in (first_number(FIRST), found[SECOND])
    assert set(simulation.events["owner"]) == set(found.values())


def test_a_number_stays_once_it_has_an_account():
    simulation = with_agents([SECOND])
    simulation.ledger.open_account("of the second", owner=simulation[SECOND].owner)
    simulation.add(Buyer(FIRST))
    assert simulation[SECOND].owner == first_number(SECOND)


class TestAddIsAllOrNothing:
    def test_of_owner_numbers(self):
        simulation = agents.Simulation(1)
        simulation.add(agents.Participant("holder", owner=105))
        with pytest.raises(ValueError, match="'holder'"):
            simulation.add(agents.Participant("wide", owner=100, members=10))
        assert len(simulation.agents) == 1
        for number in (100, 104, 106, 109):
            simulation.add(agents.Participant(f"at {number}", owner=number))

    def test_of_one_that_cannot_join(self):
        from agents.flow import ZeroIntelligence

        rates = {"price": 100, "alpha": 1.0, "mu": 1.0, "delta": 0.1, "window": 10}
        simulation = agents.Simulation(1)
        with pytest.raises(ValueError, match="instrument"):
            simulation.add(ZeroIntelligence("flow", instrument=3, owner=50, **rates))
        assert simulation.agents == ()
        flow = simulation.add(ZeroIntelligence("flow", owner=50, **rates))
        assert simulation["flow"] is flow
        simulation.run(until=10**9)


class TestManyMessages:
    def rows(self, agent, **fields):
        made = np.zeros(3, lob.MESSAGE)
        made["kind"], made["side"], made["price"], made["size"] = 1, 1, 100, 1
        for name, (row, value) in fields.items():
            made[name][row] = value
        return made

    @pytest.mark.parametrize(
        "fields",
        [
            {"kind": (2, lob.Kind.SESSION), "size": (2, 0)},
            {"kind": (2, 200)},
            {"size": (2, 0)},
            {"instrument": (2, 1)},
            {"flags": (2, lob.Flag.VENUE)},
            {"kind": (2, lob.Kind.DEPOSIT), "order_id": (2, 99)},
        ],
    )
    def test_none_is_sent_unless_all_are_well_formed(self, fields):
        simulation = agents.Simulation(1)
        agent = simulation.add(agents.Agent("sender"))
        with pytest.raises(ValueError, match=r"messages\[2\]: "):
            agent.submit_messages(self.rows(agent, **fields))
        assert len(simulation.events) == len(simulation.books[0]) == 0
        assert agent.buy(1) == (agent.owner << 32) + 1

    def test_a_batch_is_sent_with_ids_in_order_and_left_as_it_was(self):
        simulation = agents.Simulation(1)
        agent = simulation.add(agents.Agent("sender"))
        rows = self.rows(agent, order_id=(1, 77))
        before = rows.copy()
        agent.submit_messages(rows)
        assert (rows == before).all()
        first = agent.owner << 32
        assert simulation.events["order_id"].tolist() == [first + 1, 77, first + 2]
        assert set(simulation.events["owner"]) == {agent.owner}
