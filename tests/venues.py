"""Small venues with margin accounts, for tests."""

from typing import Any

import numpy as np

import lob
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import BestBid, Fixed
from lob.liquidation import LiquidationDesign, MarketSale

WORLD_OWNER, FIRST_OWNER, TAKER = 7, 1_000, 5


def order(order_id: int, side: int, price: int | None, size: int, **fields: Any) -> np.ndarray:
    """One NEW message: a market order where the price is None."""
    rows = np.zeros(1, lob.MESSAGE)
    rows["kind"], rows["side"], rows["size"], rows["order_id"] = 1, side, size, order_id
    rows["price"] = price or 0
    rows["order_type"] = lob.OrderType.MARKET if price is None else lob.OrderType.LIMIT
    rows["owner"] = fields.pop("owner", WORLD_OWNER)
    for name, value in fields.items():
        rows[name] = value
    return rows


def asking(kind: int, owner: int, number: int, size: int, ts_event: int = 0) -> np.ndarray:
    """A deposit, a withdrawal, a bid."""
    rows = np.zeros(1, lob.MESSAGE)
    rows["kind"], rows["owner"], rows["order_id"], rows["size"] = kind, owner, number, size
    rows["ts_event"] = ts_event
    return rows


def ladder(side: int, best: int, ticks: int, depth: int, first_id: int = 1) -> np.ndarray:
    """Orders of one size at every tick from the best price on."""
    rows = np.zeros(ticks, lob.MESSAGE)
    rows["kind"], rows["side"], rows["size"], rows["owner"] = 1, side, depth, WORLD_OWNER
    rows["price"] = best - side * np.arange(ticks)
    rows["order_id"] = first_id + np.arange(ticks)
    return rows


def venue_with(
    *,
    margin: Any = None,
    oracle: Oracle | None = None,
    liquidation_engine: Any = None,
    instruments: Any = 1,
    **options: Any,
) -> tuple[lob.Venue, Clearing]:
    """A venue of one book and one clearing; the mark is 100 until somebody sets it."""
    clearing = Clearing(
        holdings=[Holding(oracle or Oracle(Fixed(100)), margin or FlatMargin(100_000, 50_000))],
        liquidation_engine=liquidation_engine or MarketSale(),
        **options,
    )
    return lob.Venue(instruments, clearings=[clearing]), clearing


class HandsOver(LiquidationDesign):
    """One account has all that fail, lots and debt."""

    def __init__(self) -> None:
        super().__init__()
        self.taker = 0

    def on_failure(self, case: int) -> None:
        """Hand it over, and the case is done."""
        self.hand_over(case, self.taker)
        self.settle(case)


def tags_of_taker(venue: lob.Venue, clearing: Clearing, cases: int) -> list[int]:
    """Let ``TAKER`` take so many failed accounts over, of a ``HandsOver``: the tags it may use.

    The clearing must have a mark.
    """
    design = clearing.liquidation_engine
    design.taker = venue.ledger.open_account("the taker", owner=TAKER)
    clearing.open(100, np.full(cases, -(2**50)), np.ones(cases, np.int64))
    venue.advance(venue.now)
    assert clearing.open_cases == 0
    return [lob.LIQUIDATION_TAG + (clearing.number << 48) + 1 + i for i in range(cases)]


def uniform(
    depth: int, ticks: int, price: int, side: int = 1, **options: Any
) -> tuple[lob.Venue, Clearing]:
    """A book of one depth at every tick, bids under ``price`` or asks above; mark: the best one."""
    from lob.clearing.oracle import BestAsk

    oracle = Oracle(BestBid() if side > 0 else BestAsk())
    venue, clearing = venue_with(margin=FlatMargin(0, 0), oracle=oracle, **options)
    venue.process(ladder(side, price, ticks, depth))
    return venue, clearing
