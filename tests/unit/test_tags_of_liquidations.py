"""The tag of a liquidation on somebody's order: it is for those who took lots over from it."""

import numpy as np
import pytest

import lob
from lob import Cause, EntryKind, EventKind, Kind, Session
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import BestBid, Fixed
from lob.liquidation import Frozen, Stage, StagedDesign
from lob.liquidation.parts.price_paths import AtBankruptcy
from lob.liquidation.takers.adl import Opposing
from lob.liquidation.takers.call import CallAuction
from lob.units import SECOND_NS
from tests.venues import (
    FIRST_OWNER,
    TAKER,
    WORLD_OWNER,
    HandsOver,
    asking,
    ladder,
    order,
    tags_of_taker,
    venue_with,
)

BUY, SELL = lob.Side.BUY, lob.Side.SELL


def traded(venue):
    events = venue.events
    return events[events["kind"] == EventKind.TRADE]


def test_a_voluntary_sale_with_the_tag_of_a_liquidation_is_not_a_forced_one():
    """It was the cause of the mark, and the parent of whoever failed by it."""
    venue, clearing = venue_with(oracle=Oracle(BestBid()), liquidation_engine=HandsOver())
    venue.process(ladder(BUY, 100, 5, 10))
    first, second = tags_of_taker(venue, clearing, 2)
    stranger = FIRST_OWNER + 500
    clearing.open(FIRST_OWNER, [55], [10], entry_prices=[100])
    clearing.open(stranger, [10_000], [0])
    for owner in (stranger, WORLD_OWNER):
        venue.process(order(owner, SELL, None, 10, owner=owner, tag=first))
    assert traded(venue)["tag"].tolist() == [0, 0]
    assert venue.entries[venue.entries["kind"] == EntryKind.TRADE]["tag"].tolist() == [0, 0]
    case = clearing.cases[2]
    assert (case["cause"], case["parent"]) == (Cause.TRADE, 0)
    # What was taken off is not on the tape of messages either, and a replay says the same.
    assert (venue.messages["tag"] == 0).all()
    # Who took the lots over may say where they are from.
    venue.process(order(9, SELL, None, 10, owner=TAKER, tag=second))
    assert traded(venue)["tag"].tolist() == [0, 0, second]
    assert clearing.holdings[0].oracle.cause_tag == second
    twin = venue.copy()
    twin.process(order(10, SELL, None, 1, owner=TAKER, tag=first))
    assert traded(twin)["tag"].tolist() == [0, 0, second, first]
    venue.check()


@pytest.mark.parametrize("over", [2, 1 << 30, 1 << 48, 2 << 48, (1 << 62) - 1])
def test_a_liquidation_that_there_is_not_has_no_orders(over):
    venue, clearing = venue_with(liquidation_engine=HandsOver())
    tags_of_taker(venue, clearing, 1)
    venue.process(order(1, BUY, 100, 5))
    tag = lob.LIQUIDATION_TAG + over
    venue.process(order(2, SELL, 100, 1, owner=TAKER, tag=tag))
    venue.process(order(3, SELL, None, 1, owner=FIRST_OWNER, tag=lob.LIQUIDATION_TAG))
    assert traded(venue)["tag"].tolist() == [0, 0]


def test_other_tags_are_the_sender_s_own():
    venue, _ = venue_with(liquidation_engine=Frozen())
    venue.process(order(1, BUY, 100, 5, tag=77))
    venue.process(order(2, SELL, 100, 5, tag=lob.LIQUIDATION_TAG - 1))
    assert traded(venue)[["tag", "resting_tag"]].tolist() == [(lob.LIQUIDATION_TAG - 1, 77)]
    # Nor does a venue without clearing know of liquidations.
    bare = lob.Venue(1)
    bare.process(order(1, BUY, 100, 5, tag=lob.LIQUIDATION_TAG + 5))
    assert bare.events["tag"].tolist() == [lob.LIQUIDATION_TAG + 5]


def test_a_deleveraged_account_has_taken_nothing_over():
    design = StagedDesign([Stage(takers=Opposing(), price_path=AtBankruptcy())])
    venue, clearing = venue_with(liquidation_engine=design)
    clearing.open(FIRST_OWNER, [100], [10], entry_prices=[100])
    clearing.open(FIRST_OWNER + 1, [900], [-15], entry_prices=[100])
    venue.refresh()
    clearing.observe_price(92)
    venue.advance(1)
    assert clearing.open_cases == 0
    venue.process(order(1, SELL, 93, 5, ts_event=1))
    tag = lob.LIQUIDATION_TAG + 1
    venue.process(order(2, BUY, None, 5, owner=FIRST_OWNER + 1, tag=tag, ts_event=1))
    assert traded(venue)["tag"].tolist() == [0]


def test_whoever_bids_in_a_call_for_what_failed_has_taken_it_over():
    """Also with the tag under which the call was offered, the first of its cases."""
    design = StagedDesign([Stage(takers=CallAuction(), price_path=AtBankruptcy())])
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
        liquidation_engine=design,
    )
    venue = lob.Venue(1, clearings=[clearing])
    bidder = venue.ledger.open_account("bidder", owner=TAKER)
    venue.ledger.open_account("another", owner=TAKER + 1)
    venue.ledger.transfer(clearing.cash_asset, 0, bidder, 10_000)
    for i, (lots, margin) in enumerate([(10, 100), (7, 77)]):
        clearing.open(FIRST_OWNER + i, [margin], [lots], entry_prices=[100])
    venue.refresh()
    clearing.observe_price(92)
    venue.advance(1)
    assert venue.books[0].session == Session.CALL
    # The second case sells at 89, the first at 90: the bid gets the second one's lots first.
    venue.process(order(1, BUY, 92, 5, owner=TAKER, ts_event=1))
    venue.advance(SECOND_NS + 1)
    assert venue.books[0].session == Session.CONTINUOUS
    assert venue.ledger.balance(bidder, venue.ledger.asset("0")) == 5
    venue.process(order(2, BUY, 80, 20, ts_event=venue.now))
    for owner in (TAKER, TAKER + 1):
        rows = order(10 + owner, SELL, 80, 1, owner=owner, ts_event=venue.now)
        rows["tag"] = lob.LIQUIDATION_TAG + 1
        venue.process(rows)
    tags = traded(venue)["tag"][-2:].tolist()
    assert tags == [lob.LIQUIDATION_TAG + 1, 0]


def test_swaps_and_redemptions_with_a_tag_are_held_to_the_same():
    venue, clearing = venue_with(liquidation_engine=HandsOver())
    (tag,) = tags_of_taker(venue, clearing, 1)
    rows = asking(Kind.DEPOSIT, TAKER, clearing.cash_asset, 5)
    rows["tag"] = tag
    for owner in (TAKER, FIRST_OWNER):
        rows["owner"] = owner
        venue.process(rows)
    assert venue.messages["tag"][-2:].tolist() == [tag, 0]


def test_a_replay_of_the_messages_gives_the_tapes():
    def script(venue, messages=None):
        if messages is not None:
            venue.process(messages)
            return venue
        for number, owner in enumerate((WORLD_OWNER, TAKER, WORLD_OWNER)):
            side = SELL if owner == TAKER else BUY
            rows = order(number, side, 100, 5, owner=owner, ts_event=number)
            rows["tag"] = lob.LIQUIDATION_TAG + 1
            venue.process(rows)
        return venue

    def fresh():
        venue, clearing = venue_with(liquidation_engine=HandsOver())
        tags_of_taker(venue, clearing, 1)
        return venue

    first = script(fresh())
    assert first.digest() == script(fresh(), first.messages).digest()
    assert np.count_nonzero(first.messages["tag"]) == 1
