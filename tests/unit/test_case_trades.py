"""Whose trades are a case's own: those of the account that failed, not of who took over from it."""

import pytest

import lob
from lob import EntryKind, Side
from lob.liquidation import LiquidationDesign
from lob.units import SECOND_NS
from tests.venues import FIRST_OWNER, order, venue_with

TAG = lob.LIQUIDATION_TAG + 1
KEEPER = 5


class Shared(LiquidationDesign):
    """A keeper takes 6 of 10 lots over at 100; the account sells the others a second later."""

    def on_failure(self, case):
        self.take_over(case, self.keeper, 6, 100)
        self.call_back(case, self.clearing.market.now + SECOND_NS)

    def on_due(self, case, ts):
        self.sell(case, 4)
        self.settle(case)


def shared(fee):
    design = Shared()
    venue, clearing = venue_with(liquidation_engine=design, liquidation_fee=fee)
    venue.process(order(1, Side.BUY, 95, 10))
    design.keeper = venue.ledger.open_account("keeper", owner=KEEPER)
    clearing.open(FIRST_OWNER, [49], [10], entry_prices=[100])
    venue.refresh()
    venue.advance(1)
    return venue, clearing


@pytest.mark.parametrize("rests", [False, True])
def test_what_a_keeper_resells_is_not_the_cases(rests):
    venue, clearing = shared(50_000)
    if rests:
        venue.process(order(2, Side.SELL, 98, 6, owner=KEEPER, tag=TAG, ts_event=2))
        venue.process(order(3, Side.BUY, 98, 6, ts_event=2))
    else:
        venue.process(order(2, Side.SELL, None, 6, owner=KEEPER, tag=TAG, ts_event=2))
    assert (venue.events["kind"] == lob.EventKind.TRADE).sum() == 1
    case = clearing.cases[0]
    assert (case["sold"], case["received"]) == (0, 0)
    venue.advance(2 * SECOND_NS)
    case = clearing.cases[0]
    assert (case["sold"], case["received"], case["state"]) == (4, 380, 2)
    # 49 - 1,000 + 600 + 380 are left; 5 % of the account's own sale go to the fund.
    assert clearing.account(case["account"]).cash == 29 - 19
    fees = venue.entries[venue.entries["kind"] == EntryKind.REWARD]
    assert fees["amount"].tolist() == [19]
    venue.check()


def test_a_trade_after_the_case_changes_nothing_of_it():
    venue, clearing = shared(0)
    venue.advance(2 * SECOND_NS)
    before = clearing.cases.tobytes()
    venue.process(order(2, Side.BUY, 99, 1, ts_event=2 * SECOND_NS))
    late = order(3, Side.SELL, None, 1, owner=FIRST_OWNER, tag=TAG, ts_event=2 * SECOND_NS)
    venue.process(late)
    assert venue.events[-1]["kind"] == lob.EventKind.TRADE
    assert clearing.cases.tobytes() == before


def test_entry_values_that_are_asked_for_before_there_is_a_venue_are_kept():
    from lob.clearing import Clearing, Holding, Oracle
    from lob.clearing.margin import FlatMargin
    from lob.clearing.oracle import Fixed
    from lob.liquidation import Frozen

    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
        liquidation_engine=Frozen(),
    )
    clearing.keep_entry_values()
    venue = lob.Venue(1, clearings=[clearing])
    account = clearing.open(FIRST_OWNER, [1_000], [2])
    venue.refresh()
    twin = venue.copy()
    for one in (venue, twin):
        one.process(order(1, Side.SELL, 90, 3))
        one.process(order(2, Side.BUY, None, 3, owner=FIRST_OWNER))
        assert one.clearings[0].entry_value(account) == 200 + 270
