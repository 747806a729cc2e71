"""Accounts that get or give without a message, and cross accounts far apart: both are looked at."""

import numpy as np
import pytest

import lob
from lob import Kind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation import Frozen
from tests.venues import FIRST_OWNER, asking, order, venue_with


def one_account(cash=100):
    venue, clearing = venue_with(liquidation_engine=Frozen())
    account = clearing.open(FIRST_OWNER, [cash], [10], entry_prices=[100])
    venue.refresh()
    venue.advance(1)
    return venue, clearing, account


@pytest.mark.parametrize("how", ["advance", "refresh", "process", "copy"])
def test_a_transfer_out_of_a_margin_account_may_let_it_fail(how):
    venue, clearing, account = one_account()
    # 100 back 10 lots at 100 with 5 %: 50 may go, 51 may not.
    venue.ledger.transfer(clearing.cash_asset, account, 0, 50)
    venue.advance(2)
    assert clearing.case_count == 0
    venue.ledger.transfer(clearing.cash_asset, account, 0, 1)
    assert venue.next_deadline() == 2
    if how == "copy":
        venue = venue.copy()
        clearing = venue.clearings[0]
    if how == "process":
        venue.process(order(1, 1, 90, 1, ts_event=2))
    elif how == "refresh":
        venue.refresh()
    else:
        venue.advance(2)
    assert clearing.case_count == 1
    assert clearing.account(account).failed
    venue.advance(3)
    assert venue.next_deadline() is None
    venue.check()


def test_several_transfers_count_as_one():
    venue, clearing, account = one_account()
    venue.ledger.transfer(clearing.cash_asset, account, 0, 100)
    venue.ledger.transfer(clearing.cash_asset, 0, account, 60)
    venue.advance(2)
    assert clearing.case_count == 0
    assert clearing.account(account).liquidation_price == 98
    venue.check()


def test_a_transfer_is_seen_before_the_mark_of_the_same_time():
    venue, clearing, account = one_account(200)
    venue.ledger.transfer(clearing.cash_asset, account, 0, 100)
    venue.advance(2)
    assert clearing.account(account).liquidation_price == 94
    clearing.observe_price(95)
    assert clearing.case_count == 0
    clearing.observe_price(94)
    assert clearing.case_count == 1


@pytest.mark.parametrize("place", [0, 1_023, 1_024, 1_500, 2_047, 2_048, 2_499, 2_500, 2_699])
def test_a_cross_account_in_any_block_is_looked_at_after_it_paid(place):
    holdings = [Holding(Oracle(Fixed(100)), FlatMargin(0, 0), instrument=i) for i in range(2)]
    clearing = Clearing(holdings=holdings, liquidation_engine=Frozen())
    venue = lob.Venue(2, clearings=[clearing])
    first = clearing.open(FIRST_OWNER, np.full(2_500, 10_000), np.ones((2, 2_500), int), cross=True)
    clearing.open(50_000, [1_000], [1])
    other = clearing.open(60_000, np.full(200, 10_000), np.ones((2, 200), int), cross=True)
    venue.refresh()
    account = first + place if place < 2_500 else other + place - 2_500
    owner = clearing.account(account).owner
    taken = venue.process(asking(Kind.WITHDRAW, owner, clearing.cash_asset, 10_200))
    assert not len(taken)
    assert clearing.case_count == 0
    clearing.observe_price(99)
    assert clearing.cases["account"].tolist() == [account]
    venue.check()
