"""What a liquidation and a bid cost in each named design, venue, ledger and book included."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import lob
from benchmarks.measure import Measure, Plan, Say
from lob import Kind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, LoanToValue, TieredMargin
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import DESIGNS, make
from lob.liquidation.offers import Collected
from lob.units import SECOND_NS

PRICE = 10_000
LOTS = 10
FIRST_OWNER = 1_000
KEEPER = 7
QUICK: dict[str, dict[str, Any]] = {
    "english": {"ttl": 1.0, "tau": 10.0},
    "stability-pool": {"deposits": 10**15},
    "stability-pool:liquity2": {"deposits": 10**15},
    "backstop": {"capital": 10**15},
    "backstop:ftx": {"capital": 10**15},
}
WINNERS = 20  # bids at each auction


LEND = ("fixed-spread", "dutch", "english", "stability-pool")
LENDING = LoanToValue(750_000, 800_000)


def crashed(name: str, count: int, *, bids: bool = True) -> tuple[lob.Venue, Clearing, int]:
    """So many long accounts, as many opposite, and a mark at which the longs fail.

    Lending designs have accounts that owe 75 % of what they hold, and others without debt; the rest
    a leverage of ten, and shorts.
    """
    lends = name.split(":")[0] in LEND
    margin: Any = LENDING if lends else FlatMargin(100_000, 50_000)
    if name == "tiered":
        margin = TieredMargin([0, LOTS * PRICE // 2], [100_000] * 2, [40_000, 50_000])
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(PRICE)), margin)],
        liquidation_engine=make(name, **QUICK.get(name, {})),
        insurance_fund=10**15 if bids else 0,
    )
    venue = lob.Venue(1, clearings=[clearing], entries=False)
    each = np.full(count, LOTS, np.int64)
    prices = np.full(count, PRICE, np.int64)
    cash = np.full(count, LOTS * PRICE // (4 if lends else 10), np.int64)
    clearing.open(FIRST_OWNER, cash, each, entry_prices=prices)
    clearing.open(FIRST_OWNER + count, 20 * cash, each if lends else -each, entry_prices=prices)
    keeper = venue.ledger.open_account("keeper", owner=KEEPER)
    venue.ledger.transfer(clearing.cash_asset, 0, keeper, 10**17)
    venue.refresh()
    if bids:
        # Just below the mark of after, for all of it.
        rows = np.zeros(1, lob.MESSAGE)
        rows["kind"], rows["side"], rows["price"] = Kind.NEW, 1, PRICE * 9 // 10
        rows["size"], rows["order_id"], rows["owner"] = count * LOTS * 2, 1, 5
        venue.process(rows)
    clearing.observe_price(PRICE * (93 if lends else 94) // 100)
    venue.refresh()
    return venue, clearing, keeper


def answers(venue: lob.Venue, kind: Kind) -> np.ndarray:
    """A message to each offer, for all of it."""
    offers = list(venue.clearings[0].liquidation_engine.offers.values())
    rows = np.zeros(len(offers), lob.MESSAGE)
    rows["kind"], rows["owner"], rows["ts_event"] = kind, KEEPER, venue.now
    rows["order_id"] = [offer.tag for offer in offers]
    rows["size"] = [offer.size for offer in offers]
    return rows


def takers_of(venue: lob.Venue) -> Kind | None:
    """What the offers of now want."""
    offers = venue.clearings[0].liquidation_engine.offers
    if not offers:
        return None
    offer = next(iter(offers.values()))
    if isinstance(offer.price, Collected):
        return None
    return Kind.BID if offer.bids else Kind.TAKE


def liquidation_us(name: str, count: int, *, bids: bool = True) -> tuple[float, int]:
    """CPU microseconds a liquidation, from the failure to the end, and how many were settled.

    Without ``bids`` in the book and a fund, a takeover ends in auto-deleveraging.
    """
    venue, clearing, _ = crashed(name, count, bids=bids)
    start = time.process_time()
    venue.advance(1)
    for _ in range(40):
        if not clearing.open_cases:
            break
        kind = takers_of(venue)
        if kind is not None:
            rows = answers(venue, kind)
            if kind == Kind.BID:
                rows["price"] = PRICE * 9 // 10 if name != "english" else PRICE
            venue.process(rows)
        # Takers come one after the other; auctions and slices need their time.
        venue.advance(venue.now + (1 if kind == Kind.TAKE else 30 * SECOND_NS))
    spent = time.process_time() - start
    venue.ledger.check()
    return 1e6 * spent / clearing.case_count, clearing.case_count - clearing.open_cases


def bid_us(name: str, auctions: int) -> float:
    """CPU microseconds a bid that is accepted, each better than the one before."""
    venue, clearing, _ = crashed(name, auctions)
    venue.advance(1)
    offers = list(clearing.liquidation_engine.offers.values())
    rows = np.zeros(WINNERS * len(offers), lob.MESSAGE)
    rows["kind"], rows["owner"], rows["ts_event"] = Kind.BID, KEEPER, venue.now
    rows["order_id"] = np.tile([offer.tag for offer in offers], WINNERS)
    rows["size"] = np.tile([offer.size for offer in offers], WINNERS)
    start_price = PRICE // 4
    rows["price"] = np.repeat((start_price * 1.06 ** np.arange(WINNERS)).astype(int), len(offers))
    start = time.process_time()
    events = venue.process(rows)
    spent = time.process_time() - start
    if len(events):
        raise RuntimeError(f"{len(events)} bids of {name} are refused: {events[:3]}")
    return 1e6 * spent / len(rows)


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """All designs, each beside what is asked for."""
    count = 100_000 if plan.rounds > 5 else 10_000
    say(f"{count:,} liquidations in each design")
    for name in DESIGNS:
        spent, settled = liquidation_us(name, count)
        say(f"{name}: {settled:,} settled")
        yield Measure(f"a liquidation, {name}", spent, "us CPU", 100)
    spent, _ = liquidation_us("bankruptcy-takeover", count, bids=False)
    yield Measure("a liquidation that ends in deleveraging", spent, "us CPU", 100)
    yield Measure("a bid, english", bid_us("english", count // 10), "us CPU", 5)
