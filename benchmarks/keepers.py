"""What keepers cost: auctions that they take, and auctions that nobody takes."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import agents
import lob
from agents.keepers import Ascending, AuctionKeeper
from benchmarks.measure import Measure, Plan, Say
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import make
from lob.units import SECOND_NS

PRICE = 10_000
LOTS = 10
FIRST_OWNER = 1_000
KEEPERS = 3
HOUR_NS = 3_600 * SECOND_NS


class Quoted(agents.Agent):
    """Bids for all lots at one price, and one lot at a time just below it, once a second."""

    def __init__(self, price: int, lots: int) -> None:
        super().__init__("quoted")
        self.price, self.lots = price, lots

    def on_start(self) -> None:
        """Bid for everything."""
        self.buy(self.lots, self.price)
        self.wake_in(SECOND_NS)

    def on_wake(self) -> None:
        """Bid for a lot more."""
        self.buy(1, self.price - 1)
        self.wake_in(SECOND_NS)


def run_us(name: str, count: int, keepers: int, share: int) -> tuple[float, int]:
    """CPU microseconds a liquidation of an hour, and how many were settled.

    The book bids ``share`` percent of the price before the accounts failed, for all of their lots.
    """
    design: Any = make(name)
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(PRICE)), LoanToValue(750_000, 800_000))],
        liquidation_engine=design,
        insurance_fund=10**15,
    )
    simulation = agents.Simulation(
        1,
        instruments=[lob.Instrument("X")],
        clearings=[clearing],
        events=False,
        messages=False,
        entries=False,
    )
    lots = np.full(count, LOTS, np.int64)
    debts = np.full(count, -LOTS * PRICE * 3 // 4, np.int64)
    clearing.open(FIRST_OWNER, debts, lots)
    simulation.add(Quoted(PRICE * share // 100, 2 * count * LOTS))
    for i in range(keepers):
        rule = Ascending(50_000, PRICE // 2, 900_000)
        simulation.add(AuctionKeeper(f"keeper {i}", capital=10**12, min_profit_bps=10, rule=rule))
    simulation.venue.refresh()
    clearing.observe_price(PRICE * 93 // 100)
    start = time.process_time()
    simulation.run(until=HOUR_NS)
    spent = time.process_time() - start
    simulation.ledger.check()
    return 1e6 * spent / count, clearing.case_count - clearing.open_cases


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Auctions with keepers, less the same ones without."""
    del plan
    count = 10_000
    for name in ("dutch", "english"):
        alone, _ = run_us(name, count, 0, 90)
        for share, what in ((90, "with three keepers"), (5, "that none of three keepers wants")):
            spent, settled = run_us(name, count, KEEPERS, share)
            say(f"{name}, {what}: {settled:,} of {count:,} settled")
            yield Measure(f"keepers of a liquidation, {name}, {what}", spent - alone, "us CPU", 25)
