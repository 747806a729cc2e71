"""The clock ends, hears an interrupt, and stops what never ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

import agents
import lob
from agents.watchdog import Watchdog, Watched
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation import LiquidationDesign
from lob.types import MAX_TIME
from lob.venue.breaker import Breaker
from tests.folders import ROOT
from tests.venues import FIRST_OWNER

NEVER = 2**63 - 1


def order(**fields):
    row = np.zeros(1, lob.MESSAGE)
    for name, value in {
        "kind": 1,
        "side": 1,
        "price": 100,
        "size": 5,
        "owner": 7,
        **fields,
    }.items():
        row[name] = value
    return row


class TestEnd:
    def test_a_step_with_nothing_to_do_returns(self):
        assert agents.Simulation(1).step(1) == 0
        assert agents.Simulation(1).step(2**62) == 0

    def test_a_run_may_go_to_the_last_time(self):
        simulation = agents.Simulation(1)
        simulation.run(until=MAX_TIME)
        assert simulation.now == MAX_TIME
        assert simulation.step() == 0

    @pytest.mark.parametrize("ts", [MAX_TIME + 1, NEVER])
    @pytest.mark.parametrize(
        ("name", "call"),
        [
            ("until", lambda ts: agents.Simulation(1).run(until=ts)),
            ("ts", lambda ts: lob.Venue(1).advance(ts)),
            ("start", lambda ts: agents.Simulation(1, start=ts)),
            ("start", lambda ts: lob.Venue(1, start=ts)),
            ("ts_event", lambda ts: lob.Venue(1).process(order(ts_event=ts))),
        ],
    )
    def test_a_later_time_is_refused_by_name(self, name, call, ts):
        with pytest.raises(ValueError, match=rf"\b{name} must be .*{ts}"):
            call(ts)

    def test_the_venue_takes_the_last_time(self):
        venue = lob.Venue(1)
        assert len(venue.process(order(ts_event=MAX_TIME))) == 1
        venue.advance(MAX_TIME)
        assert venue.next_deadline() is None

    def test_a_wake_up_beyond_the_last_time_never_comes(self):
        class Late(agents.Agent):
            def on_start(self):
                self.wake_in(NEVER)

        simulation = agents.Simulation(1)
        simulation.add(Late("late"))
        assert simulation.step(10) == 0
        simulation.run(until=MAX_TIME)


INTERRUPTED = """
import sys, time, numpy as np, agents, lob
{setup}
try:
    print("ready", flush=True)
    {run}
except KeyboardInterrupt as interrupt:
    print("heard", *getattr(interrupt, "__notes__", ()), flush=True)
"""
ROWS = """
rows = np.zeros(6_000_000, lob.MESSAGE)
rows["kind"], rows["order_id"] = lob.Kind.CANCEL, np.arange(len(rows))
"""


def seconds_at_work(child):
    """Seconds of CPU that a process has had, whatever others take; else those of the clock."""
    stat = Path(f"/proc/{child.pid}/stat")
    if not stat.exists():
        return time.monotonic()
    user, system = stat.read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def at_work(child, seconds):
    """Wait until a process has worked for so long from now on."""
    start = seconds_at_work(child)
    while seconds_at_work(child) - start < seconds:
        assert child.poll() is None
        time.sleep(0.01)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize(
    ("setup", "run"),
    [
        (
            "from agents.flow import ZeroIntelligence\n"
            "s = agents.Simulation(1, events=False, messages=False)\n"
            "s.add(ZeroIntelligence('flow', price=100_000, alpha=10.0, mu=200.0,\n"
            "                       delta=0.1, window=100, depth=None))",
            "s.run(until=2**61)",
        ),
        (ROWS + "book, out = lob.OrderBook(), np.zeros(len(rows), lob.EVENT)",
         "while True: book.process(rows, out)"),
        (ROWS + "venue = lob.Venue(1, messages=False)\nrows = rows[:8_000_000]",
         "while True: venue.process(rows)"),
    ],
    ids=["run", "book", "venue"],
)  # fmt: skip
def test_ctrl_c_is_heard_in_native_loops(setup, run):
    program = INTERRUPTED.format(setup=setup, run=run)
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "ready\n"
        at_work(child, 0.3)
        sent = seconds_at_work(child)
        child.send_signal(signal.SIGINT)
        said = child.stdout.readline()
        assert said.startswith("heard")
        assert "s.run" in run or "have been applied" in said
        assert seconds_at_work(child) - sent < 1.0  # 0.2 s, and a slow machine
    finally:
        child.kill()
        child.communicate()


class TestWatchdog:
    def test_an_agent_that_wakes_itself_at_once_for_ever(self):
        class Eager(agents.Agent):
            def on_start(self):
                self.wake_in(7)

            def on_wake(self):
                self.wake_in(0)

        simulation = agents.Simulation(1, max_things_at_one_time=5_000)
        simulation.add(Eager("eager"))
        with pytest.raises(RuntimeError, match=r"'eager' failed at 7 ns.*5000.*woken later"):
            simulation.run(until=10)

    def test_an_agent_that_answers_itself_for_ever(self):
        class Echo(agents.Agent):
            def on_start(self):
                self.buy(1, price=100)

            def on_event(self, event):
                if event.kind == lob.EventKind.ACCEPTED:
                    self.cancel(event.order_id)
                    self.buy(1, price=100)

        simulation = agents.Simulation(1, max_things_at_one_time=5_000)
        simulation.add(Echo("echo"))
        with pytest.raises(RuntimeError, match=r"'echo' failed at 0 ns.*more than 5000"):
            simulation.run(until=10)

    def test_many_things_at_one_time_are_no_fault_if_the_clock_moves_then(self):
        class Often(agents.Agent):
            def on_start(self):
                self.left = 4_000
                self.wake_in(0)

            def on_wake(self):
                self.left -= 1
                if self.left % 2_000:
                    self.wake_in(0)
                elif self.left:
                    self.wake_in(1)

        simulation = agents.Simulation(1, max_things_at_one_time=4_000)
        often = simulation.add(Often("often"))
        simulation.run(until=10)
        assert often.left == 0

    def test_a_hook_that_does_not_come_back_is_stopped_whatever_it_catches(self):
        class Stuck(agents.Agent):
            def on_start(self):
                self.wake_in(5)

            def on_wake(self):
                while True:
                    with contextlib.suppress(Exception):
                        sum(range(100))

        simulation = agents.Simulation(1, max_hook_seconds=0.2)
        simulation.add(Stuck("stuck"))
        with pytest.raises(
            agents.AgentError, match=r"'stuck' failed at 5 ns.*0\.2 s.*Stuck\.on_wake.*max_hook"
        ):
            simulation.run(until=10)
        simulation.run(until=20)
        assert simulation.now == 20

    def test_nothing_is_left_of_a_hook_that_came_back_too_late(self):
        class Late(agents.Agent):
            """Sleeps past the bound where no exception can be raised, and comes back at once."""

            def on_start(self):
                time.sleep(0.5)

        simulation = agents.Simulation(1, max_hook_seconds=0.1)
        simulation.add(Late("late"))
        with contextlib.suppress(agents.AgentError):
            simulation.run(until=10)
        assert sum(range(10_000)) == 49_995_000
        simulation.run(until=20)

    def test_many_short_hooks_are_no_long_one(self):
        class Busy(agents.Agent):
            """Its hooks take longer than the bound together, and a small part of it each."""

            def on_start(self):
                self.ends = time.monotonic() + 1.5
                self.wake_in(1)

            def on_wake(self):
                time.sleep(0.01)
                if time.monotonic() < self.ends:
                    self.wake_in(1)

        simulation = agents.Simulation(1, max_hook_seconds=1.0)
        simulation.add(Busy("busy"))
        simulation.run(until=MAX_TIME)

    @pytest.mark.parametrize(("moves", "stopped"), [(False, [4]), (True, [])])
    def test_a_turn_is_as_long_as_it_was_seen(self, moves, stopped):
        """Without a clock: the dog looks four times while a turn may take its second."""

        class Run:
            turns = 0

            def _is_at_work(self):
                return True

            def _turn(self):
                return self.turns if moves else 7

            def _interrupt(self, turn):
                assert turn == 7
                interrupted.append(run.turns)

        interrupted, run, dog = [], Run(), Watchdog()
        dog._period = 0.25
        watched = Watched(weakref.ref(run), 1.0)
        for run.turns in range(5):
            assert dog._look_at(watched)
        assert interrupted == stopped

    def test_a_breaker_that_does_not_come_back_is_named(self):
        class Dead(Breaker):
            instrument, due, price = 0, 5, "last"

            def __init__(self):
                pass

            def on_price(self, ts, price):
                pass

            def on_due(self, venue, ts):
                while True:
                    pass

        simulation = agents.Simulation(1, breakers=[Dead()], max_hook_seconds=0.2)
        with pytest.raises(RuntimeError, match=r"the venue failed at 5 ns.*Dead\.on_due"):
            simulation.run(until=10)

    @pytest.mark.parametrize("posts", [False, True])
    def test_a_design_that_never_ends_is_named(self, posts):
        class Endless(LiquidationDesign):
            def on_failure(self, case):
                self.call_back(case, self.clearing.market.now)

            def on_due(self, case, ts):
                if posts:
                    self.pay(case, self.clearing.fund, self.clearing.fees, 0)
                self.call_back(case, ts)

        def failing():
            clearing = Clearing(
                "lending",
                holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
                liquidation_engine=Endless(),
            )
            simulation = agents.Simulation(
                1, clearings=[clearing], start=3, max_things_at_one_time=5_000
            )
            clearing.open(FIRST_OWNER, [0], [10], entry_prices=[100])
            simulation.venue.refresh()
            return simulation

        said = r"at 3 ns, and the clock does not move: Endless of clearing 'lending' is due"
        with pytest.raises(RuntimeError, match=said):
            failing().run(until=10)
        if not posts:
            with pytest.raises(RuntimeError, match=said):
                failing().venue.advance(10)

    @pytest.mark.parametrize("bad", [0, -1.0, "x"])
    def test_its_bounds_are_checked(self, bad):
        with pytest.raises((TypeError, ValueError), match="max_hook_seconds"):
            agents.Simulation(1, max_hook_seconds=bad)
        with pytest.raises((TypeError, ValueError), match="max_things_at_one_time"):
            agents.Simulation(1, max_things_at_one_time=bad)

    def test_a_process_that_forks_leaves_no_thread_behind(self):
        if not hasattr(os, "fork"):
            pytest.skip("needs fork")
        program = (
            "import os, threading, agents\n"
            "agents.Simulation(1).step()\n"
            "child = os.fork()\n"
            "if not child: os._exit(threading.active_count())\n"
            "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
        )
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert done.stdout == "1\n"
