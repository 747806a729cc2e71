"""Agents written in Python, and the tapes: wake-ups, orders and events a CPU second."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import agents
import lob
from benchmarks.measure import Measure, Plan, Say
from benchmarks.timing import Spread, timed
from lob import tape

__all__ = ["measure"]

WAKE_UPS, ORDERS, DELAYED = 3e6, 1e6, 3e5  # a second
RECORDING, PARQUET = 30, 2e6  # ns an event; events a second
ROUNDS = 5


class Wakes(agents.Agent):
    """Does nothing but wake up again."""

    def on_start(self) -> None:
        """Begin."""
        self.wake_in(1)

    def on_wake(self) -> None:
        """Go on."""
        self.wake_in(1)


class Quotes(Wakes):
    """Reads the touch, cancels its order and enters another, at each wake-up."""

    order = 0

    def on_wake(self) -> None:
        """Quote again."""
        bid = self.best_bid()
        if self.order:
            self.cancel(self.order)
        self.order = self.buy(5, 90 if bid is None else bid)
        self.wake_in(1)


class QuotesAndHears(Quotes):
    """Also hears of both messages at each wake-up, through a hook."""

    heard = 0

    def on_event(self, event: agents.EventView) -> None:
        """Count."""
        self.heard += 1


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Each rate is the median of several rounds, one agent alone in an empty market."""
    wakes = plan.messages // 2
    say(f"{wakes:,} wake-ups a round, {ROUNDS} rounds")
    late = {"to_venue": agents.Constant(5), "from_venue": agents.Constant(7)}
    bare = _seconds(lambda: Wakes("agent"), wakes)
    yield Measure("Python agents: bare wake-ups", wakes / bare / 1e6, "M/s", WAKE_UPS / 1e6, False)
    direct = _seconds(lambda: Quotes("agent"), wakes)
    yield Measure(
        "Python agents: touch, cancel, submit; no latency",
        2 * wakes / direct / 1e6,
        "M orders/s",
        ORDERS / 1e6,
        False,
    )
    delayed = _seconds(lambda: QuotesAndHears("agent", **late), wakes)
    yield Measure(
        "Python agents: latency both ways, two on_event",
        2 * wakes / delayed / 1e6,
        "M orders/s",
        DELAYED / 1e6,
        False,
    )
    yield from _recording(say)


def _seconds(agent: object, wakes: int) -> float:
    def once() -> float:
        simulation = agents.Simulation(events=False, messages=False)
        simulation.add(agent())  # type: ignore[operator]
        return timed(lambda: simulation.run(until=wakes)) / 1e9

    return Spread.of(once() for _ in range(ROUNDS)).median


def _recording(say: Say) -> Iterator[Measure]:
    """What a tape costs: the same run with and without it."""
    wakes = 300_000

    def once(**tapes: object) -> float:
        simulation = agents.Simulation(**tapes)  # type: ignore[arg-type]
        simulation.add(Quotes("agent"))
        elapsed = timed(lambda: simulation.run(until=wakes))
        return elapsed / simulation.event_count

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.npy"
        rounds = []
        for _ in range(ROUNDS):
            dropped = once(events=False, messages=False)
            with tape.Writer(path, lob.EVENT) as writer:
                rounds.append(once(events=writer, messages=False) - dropped)
        spread = Spread.of(rounds)
        yield Measure("an event streamed raw to disk", spread.median, "ns", RECORDING)
        events = np.array(tape.read(path))
        parquet = Path(folder) / "events.parquet"
        tape.write(parquet, events[:1000])  # imports pyarrow
        start = time.process_time()
        tape.write(parquet, events)
        rate = len(events) / (time.process_time() - start)
        say(f"{len(events):,} events to Parquet")
        yield Measure("events to Parquet", rate / 1e6, "M/s", PARQUET / 1e6, False)
