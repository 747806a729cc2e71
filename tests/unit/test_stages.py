"""Designs as lists of stages, and what their parts do."""

import numpy as np
import pytest

import lob
from lob import EntryKind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, TieredMargin
from lob.clearing.oracle import BestBid
from lob.liquidation import MarketSale, Stage, StagedDesign
from lob.liquidation.parts.limits import Slices
from lob.liquidation.parts.price_paths import AtBankruptcy
from lob.liquidation.parts.sizing import CloseFactor, DownTier
from lob.liquidation.parts.triggers import EquityBelow
from lob.units import SECOND_NS
from tests.venues import FIRST_OWNER, ladder, order, uniform


def crash(liquidation_engine, density=30, first=200, until=50):
    venue, clearing = uniform(
        50, 300, 10_000, liquidation_engine=liquidation_engine, insurance_fund=500
    )
    fails = np.repeat(9_999 - np.arange(200), density)
    clearing.open(FIRST_OWNER, -(fails + 1), np.ones(len(fails), np.int64))
    venue.refresh()
    venue.process(order(10**6, -1, None, first, time_in_force=1, ts_event=1))
    venue.advance(until)
    venue.check()
    return venue


def test_the_null_design_as_stages_gives_the_same_tapes():
    compiled, composed = crash(MarketSale()), crash(StagedDesign([Stage()]))
    assert compiled.clearings[0].case_count > 100
    assert composed.events.tobytes() == compiled.events.tobytes()
    assert composed.entries.tobytes() == compiled.entries.tobytes()


def margined(liquidation_engine, margin, lots=40, cash=500, depth=10):
    clearing = Clearing(
        holdings=[Holding(Oracle(BestBid()), margin)], liquidation_engine=liquidation_engine
    )
    venue = lob.Venue(1, clearings=[clearing])
    venue.process(ladder(1, 100, 90, depth))
    account = clearing.open(FIRST_OWNER, [cash], [lots], entry_prices=[100])
    venue.refresh()
    return venue, clearing, account


def sold(venue):
    events = venue.events
    forced = events[(events["kind"] == lob.EventKind.ACCEPTED)
                    & (events["tag"] >= lob.LIQUIDATION_TAG)]  # fmt: skip
    return forced["size"].tolist()


def test_a_close_factor_stops_once_the_account_is_safe():
    venue, clearing, account = margined(
        StagedDesign([Stage(sizing=CloseFactor(500_000), every=SECOND_NS)]),
        FlatMargin(200_000, 120_000),
    )
    venue.process(order(900, -1, None, 20, time_in_force=1, ts_event=1))
    venue.advance(10 * SECOND_NS)
    assert sold(venue) == [20]
    assert clearing.open_cases == 0
    state = clearing.account(account)
    assert state.positions == {"0": 20}
    assert state.equity >= state.maintenance_margin
    venue.check()


def test_slices_go_on_in_their_rhythm():
    venue, clearing, account = margined(
        StagedDesign([Stage(limits=Slices(7), every=SECOND_NS)]), FlatMargin(900_000, 890_000)
    )
    venue.process(order(900, -1, None, 20, time_in_force=1, ts_event=1))
    venue.advance(60 * SECOND_NS)
    assert sold(venue) == [7, 7, 7, 7, 7, 5]
    assert clearing.account(account).positions == {"0": 0}
    venue.check()


def test_a_tier_down_then_all():
    margin = TieredMargin([0, 1_000, 3_000], [400_000] * 3, [10_000, 100_000, 300_000])
    venue, clearing, _ = margined(
        StagedDesign(
            [
                Stage(sizing=DownTier(), every=SECOND_NS, patience=5 * SECOND_NS),
                Stage(every=SECOND_NS),
            ]
        ),
        margin,
        cash=500,
    )
    venue.process(order(900, -1, None, 20, time_in_force=1, ts_event=1))
    venue.advance(60 * SECOND_NS)
    first = sold(venue)[0]
    # What stays is worth less than the floor of the bracket that it was in.
    mark = int(clearing.cases["mark"][0])
    assert (40 - first) * mark < 3_000 <= (40 - first + 1) * mark
    assert clearing.open_cases == 0
    venue.check()


def test_an_account_that_is_too_far_gone_goes_to_the_next_stage():
    design = StagedDesign([Stage(trigger=EquityBelow(10**12), price_path=AtBankruptcy()), Stage()])
    venue, clearing, _ = margined(design, FlatMargin(100_000, 50_000), depth=3)
    venue.process(order(900, -1, None, 60, time_in_force=1, ts_event=1))
    venue.advance(30 * SECOND_NS)
    assert clearing.case_count == 1
    trades = venue.events[
        (venue.events["kind"] == lob.EventKind.TRADE) & (venue.events["tag"] >= lob.LIQUIDATION_TAG)
    ]
    # Nothing sells below the price that leaves the account with nothing: 87.5, so 88.
    assert (trades["price"] >= 88).all()
    venue.check()


def test_patience_ends():
    design = StagedDesign([Stage(price_path=AtBankruptcy(), patience=5 * SECOND_NS), Stage()])
    venue, clearing, account = margined(design, FlatMargin(100_000, 50_000), depth=3)
    venue.process(order(900, -1, None, 60, time_in_force=1, ts_event=1))
    venue.advance(20 * SECOND_NS)
    stages = venue.entries[venue.entries["kind"] == EntryKind.STAGE]
    assert stages["ts_event"].tolist() == [5 * SECOND_NS + 1]
    assert stages["stage"].tolist() == [1]
    assert clearing.account(account).positions == {"0": 0}
    assert clearing.open_cases == 0
    venue.check()


class Backstop(StagedDesign):
    """Hands the position to an account at a price."""

    def __init__(self, account):
        super().__init__([Stage()])
        self.to = account

    def on_failure(self, case):
        with pytest.raises(ValueError, match="still holds something"):
            self.settle(case)
        self.take_over(case, self.to, abs(self.held(case)), 90)
        self.settle(case)
        with pytest.raises(ValueError, match="is over"):
            self.settle(case)


def test_a_position_that_is_taken_over_moves_with_its_price():
    design = Backstop(None)
    venue, clearing, account = margined(design, FlatMargin(100_000, 50_000), depth=3)
    design.to = venue.ledger.open_account("backstop")
    venue.process(order(900, -1, None, 45, time_in_force=1, ts_event=1))
    venue.advance(5)
    base = venue.ledger.asset("0")
    assert venue.ledger.balance(design.to, base) == 40
    assert venue.ledger.balance(design.to, clearing.cash_asset) == -3_600
    assert clearing.account(account).cash == 500 - 4_000 + 3_600
    venue.check()


def test_misuse():
    with pytest.raises(ValueError, match="stages must be 1 to 256"):
        StagedDesign([])
    with pytest.raises(ValueError, match="every"):
        StagedDesign([Stage(every=0)])
