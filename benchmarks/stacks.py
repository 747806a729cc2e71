"""Stacks of leverage: what building up, crashing and valuing many loops costs."""

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

import agents
import lob
from agents.flow import ZeroIntelligence
from agents.leverage import RecursiveBorrowers
from benchmarks.measure import Measure, Plan, Say
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.collateral import Claim
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import BestBid
from lob.clearing.risk import Stacks
from lob.clearing.valuation import ClaimValue
from lob.liquidation import MarketSale
from lob.units import SECOND_NS

RECURSIVE_BORROWERS = 100_000
PRICE = 10_000


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


def recursive_borrowers_run(
    count: int, protocols: int, *, everywhere: bool = False
) -> agents.Simulation:
    """Five loops of every borrower in its protocol (or in each), on one book; a crash to come."""
    clearings = [
        Clearing(
            f"protocol {i}",
            holdings=[Holding(Oracle(BestBid()), LoanToValue(800_000, 830_000 - 10_000 * i))],
            liquidation_engine=MarketSale(),
        )
        for i in range(protocols)
    ]
    simulation = agents.Simulation(1, clearings=clearings)
    seats = count * (protocols if everywhere else 1)
    # Building up moves the price by some per cent, and so does selling it all again.
    simulation.add(DeepBook(seats // 10, 5_000, 20 * SECOND_NS, 150 * seats))
    simulation.add(
        RecursiveBorrowers(
            "loopers",
            np.random.default_rng(1).integers(5, 50, count),
            places=[(i, 0) for i in range(protocols)],
            everywhere=everywhere,
            ltv=750_000,
            loops=5,
            slippage=100_000,
            unwind_below=1_020_000,
            reaction=2 * SECOND_NS,
        )
    )
    return simulation


def crash_s(count: int, *, everywhere: bool = False) -> tuple[float, int]:
    """Build-up and crash in three protocols: CPU s, how many were liquidated."""
    simulation = recursive_borrowers_run(count, 3, everywhere=everywhere)
    seconds = cpu(lambda: simulation.run(until=40 * SECOND_NS))
    simulation.ledger.check()
    return seconds, sum(clearing.case_count for clearing in simulation.clearings)


def value_ms(simulation: agents.Simulation) -> float:
    """All stacks valued once at a supposed price: CPU ms, the median of nine."""
    stacks = Stacks(simulation.venue)
    prices = iter(range(PRICE - 900, PRICE))
    return 1e3 * median(cpu(lambda: stacks.value({"0": next(prices)})) for _ in range(9))


def depth_cost(depth: int) -> float:
    """CPU s of a run with so many claims on each other, each the collateral of ten accounts."""
    names = [f"claim {i}" for i in range(depth)]
    claims = [Claim(name, backing=[(["0", *names])[i]]) for i, name in enumerate(names)]
    clearings = [
        Clearing(
            name,
            holdings=[
                Holding(Oracle(ClaimValue(name)), LoanToValue(700_000, 800_000), asset=name),
                Holding(Oracle(BestBid()), LoanToValue(700_000, 800_000), asset="0"),
            ],
            liquidation_engine=MarketSale(),
        )
        for name in names
    ]
    simulation = agents.Simulation(1, clearings=clearings, facilities=claims)
    simulation.add(DeepBook(100, 4_000, 5 * SECOND_NS, 80_000))
    simulation.add(
        ZeroIntelligence("flow", price=PRICE, alpha=10.0, mu=200.0, delta=0.1, window=100)
    )
    simulation.run(until=SECOND_NS)
    ledger = simulation.ledger
    below = ledger.asset("0")
    for number, (claim, clearing) in enumerate(zip(claims, clearings, strict=True)):
        ledger.transfer(below, ledger.WORLD, claim.issuer, 1_000)
        holder = ledger.open_account(f"holder {number}")
        claim.found(holder, 1_000)
        first = clearing.open(1_000_000 + 10 * number, [0] * 10, [[0] * 10] * 2, cross=True)
        for account in range(first, first + 10):
            ledger.transfer(claim.asset, holder, account, 50)
            ledger.transfer(
                ledger.asset("cash"), account, ledger.WORLD, 50 * PRICE * (70 + account % 10) // 100
            )
        below = claim.asset
    simulation.venue.refresh()
    seconds = cpu(lambda: simulation.run(until=20 * SECOND_NS))
    simulation.ledger.check()
    if not all(clearing.case_count for clearing in simulation.clearings):
        raise RuntimeError("the crash spared a layer: it measures nothing")
    return seconds


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """All measures, each beside what is asked for."""
    say(f"{RECURSIVE_BORROWERS:,} recursive borrowers of five loops, three protocols")
    seconds, failed = crash_s(RECURSIVE_BORROWERS)
    say(f"{failed:,} liquidations")
    yield Measure("100 k recursive borrowers over 3 protocols, up and down", seconds, "CPU s", 10)
    seconds, failed = crash_s(RECURSIVE_BORROWERS, everywhere=True)
    say(f"{failed:,} liquidations")
    yield Measure(
        "100 k recursive borrowers in each of 3 protocols, the same", seconds, "CPU s", 10
    )
    simulation = recursive_borrowers_run(RECURSIVE_BORROWERS, 3)
    simulation.run(until=19 * SECOND_NS)
    yield Measure("all their stacks valued once", value_ms(simulation), "ms", 20)
    shallow, deep = depth_cost(8), depth_cost(32)
    say(f"a stack of 8 claims {shallow:.2f} CPU s, of 32 claims {deep:.2f} CPU s")
    yield Measure("a run with 32 claims in a stack, over one with 8", deep / shallow, "x", 4)
