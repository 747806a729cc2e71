"""Stacks of leverage: what building up, crashing and valuing many loops costs."""

import time
from collections.abc import Callable, Iterator

import numpy as np

import agents
import lob
from agents.leverage import Loopers
from benchmarks.measure import Measure, Plan, Say
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import BestBid
from lob.liquidation import MarketSale

LOOPERS = 100_000
PRICE = 10_000
SECOND = 1_000_000_000


def cpu(what: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    what()
    return time.process_time() - start


class DeepBook(agents.Agent):
    """Orders of one size at every tick, and one large sale."""

    def __init__(self, depth: int, ticks: int, crash_at: int, lots: int) -> None:
        super().__init__("book")
        self.depth, self.ticks, self.crash_at, self.lots = depth, ticks, crash_at, lots

    def on_start(self) -> None:
        """Put all orders there."""
        ticks = np.arange(self.ticks)
        rows = np.zeros(2 * self.ticks, lob.MESSAGE)
        rows["kind"], rows["owner"], rows["size"] = lob.Kind.NEW, self.owner, self.depth
        rows["side"] = np.repeat([1, -1], self.ticks)
        rows["price"] = np.concatenate([PRICE - ticks, PRICE + 1 + ticks])
        rows["order_id"] = 1 + np.arange(len(rows))
        self.submit_messages(rows)
        self.wake_in(self.crash_at)

    def on_wake(self) -> None:
        """Sell."""
        self.submit(-1, self.lots, time_in_force=1)


def loopers_run(count: int, protocols: int, *, everywhere: bool = False) -> agents.Simulation:
    """Five loops of every looper in its protocol (or in each), on one book; a crash to come."""
    clearings = [
        Clearing(
            f"protocol {i}",
            holdings=[Holding(Oracle(BestBid()), LoanToValue(800_000, 830_000 - 10_000 * i))],
            liquidator=MarketSale(),
        )
        for i in range(protocols)
    ]
    simulation = agents.Simulation(1, clearings=clearings)
    seats = count * (protocols if everywhere else 1)
    # Building up moves the price by some per cent, and so does selling it all again.
    simulation.add(DeepBook(seats // 10, 5_000, 20 * SECOND, 150 * seats))
    simulation.add(
        Loopers(
            "loopers",
            np.random.default_rng(1).integers(5, 50, count),
            places=[(i, 0) for i in range(protocols)],
            everywhere=everywhere,
            ltv=750_000,
            loops=5,
            slippage=100_000,
            unwind_below=1_020_000,
            reaction=2 * SECOND,
        )
    )
    return simulation


def crash_s(count: int, *, everywhere: bool = False) -> tuple[float, int]:
    """Build-up and crash in three protocols: CPU s, how many were liquidated."""
    simulation = loopers_run(count, 3, everywhere=everywhere)
    seconds = cpu(lambda: simulation.run(until=40 * SECOND))
    simulation.ledger.check()
    return seconds, sum(clearing.case_count for clearing in simulation.clearings)


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """All measures, each beside what is asked for."""
    say(f"{LOOPERS:,} loopers of five loops, three protocols")
    seconds, failed = crash_s(LOOPERS)
    say(f"{failed:,} liquidations")
    yield Measure("100 k loopers over 3 protocols, up and down", seconds, "CPU s", 10)
    seconds, failed = crash_s(LOOPERS, everywhere=True)
    say(f"{failed:,} liquidations")
    yield Measure("100 k loopers in each of 3 protocols, the same", seconds, "CPU s", 10)
