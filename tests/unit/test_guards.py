"""One thread at a time, nothing from inside a run but through its clock, and no use before one."""

import copy
import subprocess
import sys
import threading

import numpy as np
import pytest

import agents
import lob
from lob.venue.breaker import Breaker
from tests.folders import ROOT

EVERY = ("submit", "cancel", "reduce", "replace", "process", "set_session", "uncross", "set_band")


def rows(count=1, **fields):
    made = np.zeros(count, lob.MESSAGE)
    given = {"kind": 1, "side": 1, "price": 100, "size": 5, "owner": 7, **fields}
    for name, value in given.items():
        made[name] = value
    made["order_id"] = np.arange(1, count + 1)
    return made


def calls_on(book):
    return {
        "submit": lambda: book.submit(order_id=99, side=1, price=100, size=1),
        "cancel": lambda: book.cancel(1),
        "reduce": lambda: book.reduce(1, 1),
        "replace": lambda: book.replace(1, price=5),
        "process": lambda: book.process(rows()),
        "set_session": lambda: book.set_session(lob.Session.HALTED),
        "uncross": lambda: book.uncross(),
        "set_band": lambda: book.set_band(1, 2),
    }


class Caller(agents.Agent):
    """Does something in its first hook, and notes what came of it."""

    def __init__(self, name, action):
        super().__init__(name)
        self.action = action
        self.raised = None

    def on_start(self):
        self.wake_in(100)

    def on_wake(self):
        try:
            self.action(self)
        except RuntimeError as error:
            self.raised = str(error)


def called(action):
    simulation = agents.Simulation(1)
    simulation.venue.process(rows())
    caller = simulation.add(Caller("caller", action))
    simulation.run(until=1_000)
    assert simulation.now == 1_000
    return caller.raised, simulation


class TestInsideAHook:
    @pytest.mark.parametrize(
        ("name", "action"),
        [
            ("Simulation.run", lambda agent: agent.simulation.run(until=200)),
            ("Simulation.step", lambda agent: agent.simulation.step()),
            ("Venue.advance", lambda agent: agent.simulation.venue.advance(200)),
            ("Venue.process", lambda agent: agent.simulation.venue.process(rows())),
            ("Venue.close", lambda agent: agent.simulation.venue.close()),
            ("Venue.set_session", lambda agent: agent.simulation.venue.set_session(0, 2)),
            ("Venue.uncross", lambda agent: agent.simulation.venue.uncross(0)),
            ("Venue.set_band", lambda agent: agent.simulation.venue.set_band(0, 1, 2)),
            ("fork", lambda agent: agent.simulation.fork()),
            ("fork", lambda agent: copy.deepcopy(agent)),
        ],
    )
    def test_the_clock_is_not_passed_by(self, name, action):
        raised, simulation = called(action)
        assert raised is not None
        assert raised.startswith(f"{name} was called")
        assert len(simulation.events) == 1

    @pytest.mark.parametrize("method", EVERY)
    def test_a_book_takes_no_messages(self, method):
        raised, simulation = called(lambda agent: calls_on(agent.simulation.books[0])[method]())
        assert "inside a run" in raised
        assert simulation.books[0].get(1).size == 5
        assert simulation.books[0].session == lob.Session.CONTINUOUS

    def test_reading_is_allowed_and_so_is_a_copy_of_a_book_or_the_venue(self):
        def read(agent):
            book = agent.simulation.books[0]
            assert book.best_bid == 100
            assert len(book.orders()) == len(book.bids()) == len(book) == 1
            assert book.cost(lob.Side.SELL, 2).filled == 2
            assert book.copy().cancel(1).accepted
            twin = agent.simulation.venue.copy()
            twin.process(rows(2, ts_event=200, side=-1)[1:])
            assert twin.books[0].best_bid is None

        raised, simulation = called(read)
        assert raised is None
        assert simulation.books[0].best_bid == 100

    def test_after_a_run_all_is_open_again_even_if_it_failed(self):
        def fail(agent):
            raise ValueError("on purpose")

        simulation = agents.Simulation(1)
        simulation.add(Caller("caller", fail))
        with pytest.raises(agents.AgentError, match="on purpose"):
            simulation.run(until=1_000)
        simulation.venue.set_session(0, lob.Session.CALL)
        simulation.run(until=2_000)
        assert simulation.books[0].submit(order_id=1, side=1, price=5, size=1).accepted

    def test_a_writer_and_a_breaker_cannot_call_the_venue_back(self):
        class Writer:
            def write(self, written):
                for call in (lambda: venue.advance(10), lambda: venue.process(rows())):
                    with pytest.raises(RuntimeError, match="inside a run"):
                        call()
                wrote.append(len(written))

        class CallsBack(Breaker):
            def on_due(self, venue, ts):
                self.due = None
                for call in (lambda: venue.advance(10), lambda: venue.process(rows())):
                    with pytest.raises(RuntimeError, match="inside a run"):
                        call()
                venue.set_session(0, lob.Session.HALTED)

        breaker = CallsBack(0)
        breaker.due = 5
        wrote = []
        venue = lob.Venue(1, breakers=[breaker], messages=Writer())
        venue.advance(5)
        venue.close()
        assert wrote == [1]
        assert venue.books[0].session == lob.Session.HALTED


class TestThreads:
    def test_two_threads_on_one_book_end_with_a_book_in_order(self):
        """Before: a segmentation fault, each time."""
        program = """
import sys, threading, numpy as np, lob
sys.setswitchinterval(1e-6)
book = lob.OrderBook()
refused = []

def use(which):
    for turn in range(300):
        count = 1 + 997 * turn % 3_001
        rows = np.zeros(count, lob.MESSAGE)
        rows["kind"], rows["size"], rows["owner"] = 1, 1, 7
        rows["order_id"] = np.arange(count) + which * 10**9
        rows["price"] = np.arange(count) % 50
        rows["side"] = 1 - 2 * which
        for call in (
            lambda: book.process(rows),
            lambda: book.submit(order_id=-turn, side=1, price=10, size=3),
            lambda: book.submit(order_id=-turn - 10**6, side=-1, price=10, size=500),
            lambda: (book.bids(), book.asks(3), book.orders(), book.get(-turn)),
        ):
            try:
                call()
            except RuntimeError as error:
                assert "second thread" in str(error), error
                refused.append(error)

threads = [threading.Thread(target=use, args=(which,)) for which in (0, 1)]
[one.start() for one in threads]
[one.join() for one in threads]
book.check()
print("in order", len(refused))
"""
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("in order")

    def test_two_threads_on_the_books_of_a_feed_end_with_all_orders_in_them(self):
        """Before: a segmentation fault, two times of three."""
        program = """
import sys, threading, numpy as np, lob
from lob.feeds import Books
sys.setswitchinterval(1e-6)
books = Books()

def use(which):
    for turn in range(60):
        rows = np.zeros(20_000, lob.MESSAGE)
        rows["kind"], rows["size"], rows["side"] = 1, 1, 1 - 2 * which
        rows["order_id"] = np.arange(20_000) + which * 10**9 + turn * 20_000
        rows["price"] = 1_000 + (np.arange(20_000) % 500) * (2 * which - 1)
        books.apply(rows, np.ones(20_000, bool))

threads = [threading.Thread(target=use, args=(which,)) for which in (0, 1)]
[one.start() for one in threads]
[one.join() for one in threads]
print(books.live)
"""
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) == 2 * 60 * 20_000

    def test_a_second_thread_is_told_so_and_the_first_goes_on(self):
        entered, leave = threading.Event(), threading.Event()
        said = {}

        def hold(agent):
            entered.set()
            assert leave.wait(30)
            agent.buy(3, price=90)

        simulation = agents.Simulation(1)
        caller = simulation.add(Caller("caller", hold))
        first = threading.Thread(target=lambda: simulation.run(until=1_000))
        first.start()
        assert entered.wait(30)
        venue = simulation.venue
        for name, call in {
            "run": lambda: simulation.run(until=500),
            "step": lambda: simulation.step(),
            "add": lambda: simulation.add(agents.Agent("late")),
            "fork": lambda: simulation.fork(),
            "buy": lambda: caller.buy(1),
            "cancel": lambda: caller.cancel(1),
            "wake_in": lambda: caller.wake_in(1),
            "submit_messages": lambda: caller.submit_messages(rows()),
            "advance": lambda: venue.advance(500),
            "process": lambda: venue.process(rows()),
            "copy": lambda: venue.copy(),
            "refresh": lambda: venue.refresh(),
            "session": lambda: venue.set_session(0, 2),
            "submit": lambda: venue.books[0].submit(order_id=1, side=1, price=1, size=1),
        }.items():
            with pytest.raises(RuntimeError, match="thread"):
                call()
            said[name] = True
        leave.set()
        first.join()
        assert simulation.now == 1_000
        assert caller.raised is None
        assert [row["size"] for row in simulation.events] == [3]

    def test_without_the_lock_of_the_interpreter_it_is_refused(self):
        program = "import sys; sys._is_gil_enabled = lambda: False\nimport lob"
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1
        assert "ImportError" in done.stderr
        assert "GIL" in done.stderr


@pytest.mark.parametrize(
    "call",
    [
        lambda agent: agent.now,
        lambda agent: agent.buy(1),
        lambda agent: agent.cancel(1),
        lambda agent: agent.deposit(1),
        lambda agent: agent.take_offer(lob.LIQUIDATION_TAG, 1),
        lambda agent: agent.wake_in(1),
        lambda agent: agent.best_bid(),
        lambda agent: agent.submit_messages(rows()),
    ],
)
def test_an_agent_without_a_run_says_so(call):
    with pytest.raises(ValueError, match="'alone' takes part in no run"):
        call(agents.Agent("alone"))


@pytest.mark.parametrize("name", ["books", "agents", "clearings", "facilities", "breakers"])
def test_what_compiled_code_points_into_is_not_a_list_that_anybody_may_change(name):
    simulation = agents.Simulation(1)
    simulation.add(agents.Agent("one"))
    holder = simulation if name == "agents" else simulation.venue
    assert isinstance(getattr(holder, name), tuple)
