"""A million margin accounts: what a mark, a fill, a payment and a cascade cost."""

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

import agents
import lob
from agents.flow import ZeroIntelligence
from agents.leverage import Accounts, MarginTraders, draw_accounts
from benchmarks.measure import Measure, Plan, Say
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import BestBid, Fixed, Mid
from lob.liquidation import Frozen, MarketSale
from lob.units import SECOND_NS

MILLION = 1_000_000
PRICE = 1_000_000


def cpu(what: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    what()
    return time.process_time() - start


def drawn(count: int, price: int = PRICE, leverage: tuple[float, float] = (2.0, 10.0)) -> Accounts:
    """Accounts with their failing ticks over many prices."""
    return draw_accounts(
        np.random.default_rng(1), count, price=price, equity=50 * price, leverage=leverage
    )


def venue_of(
    count: int, oracle: Oracle, *, margin: FlatMargin | None = None, entries: bool = False
) -> tuple[lob.Venue, Clearing]:
    """A venue of one book with so many isolated accounts."""
    clearing = Clearing(
        holdings=[Holding(oracle, margin or FlatMargin(100_000, 50_000))],
        liquidation_engine=Frozen(),
    )
    venue = lob.Venue(1, clearings=[clearing], entries=entries)
    accounts = drawn(count)
    clearing.open(1_000, accounts.margin, accounts.positions, entry_prices=accounts.entry_prices)
    venue.refresh()
    return venue, clearing


def orders(count: int, rows: dict[str, object]) -> np.ndarray:
    """Messages with the same fields but for their ids."""
    messages = np.zeros(count, lob.MESSAGE)
    messages["kind"] = lob.Kind.NEW
    messages["order_id"] = 1 + np.arange(count)
    for name, value in rows.items():
        messages[name] = value
    return messages


def mark_update_ns() -> float:
    """A message that moves the mark past nobody's tick: the whole of it, the book's part too."""
    venue, _ = venue_of(MILLION, Oracle(BestBid()))
    n = 200_000
    # Each order is a new best bid: every message moves the mark.
    messages = orders(n, {"side": 1, "price": PRICE + np.arange(n), "size": 1, "owner": 7})
    return cpu(lambda: venue.process(messages)) / n * 1e9


def fill_ns() -> float:
    """One fill of an account: settlement, failing tick and queue."""
    n = 200_000
    random = np.random.default_rng(2)
    found = []
    for owners in (np.full(n, 5), 1_000 + random.integers(0, MILLION, n)):
        venue, _ = venue_of(MILLION, Oracle(Fixed(PRICE)))
        venue.process(orders(1, {"side": -1, "price": PRICE, "size": n, "owner": 6}))
        messages = orders(
            n,
            {"side": 1, "price": PRICE, "size": 1, "owner": owners, "time_in_force": 1,
             "order_id": 10 + np.arange(n)},
        )  # fmt: skip
        found.append(cpu(lambda v=venue, m=messages: v.process(m)) / n * 1e9)
    return found[1] - found[0]


def reindex_ms() -> float:
    """Every account pays funding and is queued anew."""
    _, clearing = venue_of(MILLION, Oracle(Fixed(PRICE)))
    clearing.pay_funding(50)
    return median(cpu(lambda: clearing.pay_funding(50)) for _ in range(3)) * 1e3


def cross_pass_ms() -> float:
    """Every portfolio over three assets, looked at once."""
    holdings = [
        Holding(Oracle(Fixed(PRICE)), FlatMargin(100_000, 50_000), instrument=i) for i in range(3)
    ]
    clearing = Clearing(holdings=holdings, liquidation_engine=Frozen())
    venue = lob.Venue(3, clearings=[clearing], entries=False)
    parts = [drawn(MILLION) for _ in range(3)]
    clearing.open(
        1_000,
        sum(part.margin for part in parts),
        np.array([part.positions for part in parts]),
        entry_prices=np.array([part.entry_prices for part in parts]),
        cross=True,
    )
    venue.refresh()
    return median(cpu(clearing.count_failing) for _ in range(9)) * 1e3


def background_ratio(count: int) -> float:
    """A background flow with so many accounts beside it, over the same flow without clearing."""

    def flow(cleared: bool) -> float:
        clearings = []
        if cleared:
            holding = Holding(Oracle(Mid()), FlatMargin(100_000, 50_000))
            clearings = [Clearing(holdings=[holding], liquidation_engine=MarketSale())]
        simulation = agents.Simulation(
            1, clearings=clearings, events=False, messages=False, entries=False
        )
        simulation.add(
            ZeroIntelligence(
                "flow", price=100_000, alpha=10.0, mu=200.0, delta=0.1, window=100, depth=None
            )
        )
        if cleared:
            simulation.add(MarginTraders("longs", drawn(count, 100_000)))
        simulation.run(until=SECOND_NS)
        return cpu(lambda: simulation.run(until=200_000_000_000))

    return median(flow(True) / flow(False) for _ in range(3))


def cascade_s(policy: bool) -> tuple[float, int]:
    """A million accounts on a uniform book, sold out one after the other: CPU s, how many."""
    sizing = (lambda clearing, case, position: abs(position)) if policy else None
    clearing = Clearing(
        holdings=[Holding(Oracle(BestBid()), FlatMargin(0, 0))],
        liquidation_engine=MarketSale(sizing),
    )
    venue = lob.Venue(1, clearings=[clearing])
    ticks, density, depth = 12_000, 85, 100
    venue.process(
        orders(ticks, {"side": 1, "price": PRICE - np.arange(ticks), "size": depth, "owner": 6})
    )
    fails = np.repeat(PRICE - 1 - np.arange(MILLION // density + 1), density)[:MILLION]
    clearing.open(1_000, -(fails + 1), np.ones(MILLION, np.int64))
    venue.refresh()
    shock = orders(1, {"side": -1, "order_type": 1, "size": 20_000, "owner": 7, "time_in_force": 1,
                       "order_id": 10**9, "ts_event": 1})  # fmt: skip

    def crash() -> None:
        venue.process(shock)
        venue.advance(2)

    seconds = cpu(crash)
    venue.ledger.check()
    return seconds, clearing.case_count


def bytes_an_account() -> float:
    """Of the account table and the queues, beyond the ledger's rows."""
    _, clearing = venue_of(MILLION, Oracle(Fixed(PRICE)))
    return clearing.memory_bytes() / MILLION


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """All measures, each beside what the design asks for."""
    say("a million margin accounts")
    yield Measure("mark update, none of 1 M accounts failing", mark_update_ns(), "ns", 1_000)
    yield Measure("fill of an account, with its queue", fill_ns(), "ns", 300)
    yield Measure("funding and re-index of 1 M accounts", reindex_ms(), "ms", 100)
    yield Measure("pass over 1 M portfolios of 3 assets", cross_pass_ms(), "ms", 3)
    yield Measure("memory an account beyond the ledger's rows", bytes_an_account(), "B", 128)
    yield Measure("background flow, 100 k accounts", background_ratio(100_000), "x", 1.5)
    yield Measure("background flow, 1 M accounts", background_ratio(MILLION), "x", 2.5)
    sold, count = cascade_s(False)
    say(f"{count:,} liquidations, {sold:.2f} CPU seconds")
    yield Measure("cascade through 1 M accounts", sold, "CPU s", 1.0)
    yield Measure("the same, a Python policy at each", cascade_s(True)[0], "CPU s", 1.5)
