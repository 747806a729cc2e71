"""Auctions and the stability pool worked by hand: who gets what, who pays."""

import copy

import numpy as np
import pytest

import lob
from lob import EntryKind, Kind, Reason, Session
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.oracle import Fixed
from lob.liquidation import Stage, StagedDesign
from lob.liquidation.designs import make
from lob.liquidation.offers import Collected
from lob.liquidation.parts.price_paths import AtBankruptcy
from lob.liquidation.sealed_bid import SealedBid
from lob.liquidation.takers.backstop import Vault
from lob.liquidation.takers.call import CallAuction
from lob.liquidation.takers.english import English
from lob.liquidation.takers.pool import Depositors, Stability
from lob.units import SECOND_NS
from tests.unit.test_designs import LENDING, MARGIN, Scene
from tests.venues import FIRST_OWNER, asking, order


def lent(name, debt=90_000, lots=10, price=10_000, fund=0, **parameters):
    """Ten lots that back a debt, and a mark at which they are worth 100,000 again."""
    scene = Scene(make(name, **parameters), margin=LENDING, price=12_000, fund=fund)
    account = scene.open(lots, lots * 12_000 - debt)
    scene.mark(price)
    return scene, account


# ---------------------------------------------------------------------------------------- Dutch


def test_a_dutch_auction_raises_the_debt_and_the_penalty_and_no_more():
    scene, account = lent("dutch", fund=1_000)
    (offer,) = scene.design.offers.values()
    # The tab is 101,700, the start 130 % of the mark, the reward a thousandth of the tab.
    assert (offer.size, offer.price.price_at(scene.venue.now), offer.reward) == (10, 13_000, 101)
    assert scene.ask(Kind.TAKE, 10, 12_999) == Reason.NOT_ON_OFFER
    assert scene.ask(Kind.TAKE, 3, 13_000) == Reason.NONE
    assert scene.has(account) == (-90_000 + 39_000, 7)
    scene.wait(95)
    (offer,) = scene.design.offers.values()
    assert offer.price.price_at(scene.venue.now) == 12_870
    # 62,700 are missing: 4.87 lots, so five, and 1,650 of what they bring are the owner's.
    assert scene.ask(Kind.TAKE, 7, 13_000, keeper=1) == Reason.NONE
    assert scene.has(scene.keepers[1]) == (1_000_000 - 5 * 12_870 + 101, 5)
    assert scene.has(account) == (1_650, 2)
    assert scene.cash(scene.clearing.fund) == 1_000 + 11_700 - 101
    assert scene.over()
    assert scene.design.to_be_raised(None) == 0


def test_a_dutch_auction_starts_again_at_the_mark_of_then_when_it_has_run_too_long():
    scene, _ = lent("dutch", tail=300, fund=1_000)
    scene.mark(9_500)
    scene.wait(299)
    (first,) = scene.design.offers.values()
    assert first.price.price_at(scene.venue.now) == 12_613  # 13,000 x .99^3
    scene.wait(3)
    (again,) = scene.design.offers.values()
    assert again.price.price_at(scene.venue.now) == 12_350
    assert again.reward == 202
    assert again.opened > first.opened
    steps = scene.entries(EntryKind.AUCTION)
    assert steps["price"].tolist() == [13_000, 12_350]


def test_a_dutch_auction_below_its_cusp_starts_again():
    scene, _ = lent("dutch:linear", fall=100, cusp=400_000)
    scene.wait(60)
    (offer,) = scene.design.offers.values()
    # At 60 s the share is 40 %, which is not below it.
    assert offer.price.price_at(scene.venue.now) == 5_200
    scene.wait(1.1)
    (offer,) = scene.design.offers.values()
    assert offer.price.price_at(scene.venue.now) == 13_000


def test_the_hole_lets_only_so_much_debt_be_at_auction():
    scene = Scene(make("dutch", hole=150_000), margin=LENDING, price=12_000)
    accounts = [scene.open(10, 120_000 - 90_000) for _ in range(3)]
    scene.mark(10_000)
    sizes = [offer.size for offer in scene.design.offers.values()]
    # 101,700 and then 48,300 of room: 42,743 of the debt of 90,000, 4.7 lots.
    assert sizes == [10, 4]
    assert scene.clearing.open_cases == 3
    assert scene.ask(Kind.TAKE, 10, case=0) == Reason.NONE
    scene.wait(1)
    assert [offer.size for offer in scene.design.offers.values()] == [4, 10]
    assert scene.has(accounts[2]) == (-90_000, 10)


def test_a_breaker_stops_auctions_and_the_book_has_it_when_patience_ends():
    scene, account = lent("dutch", breaker=1, patience=100.0, every=10.0)
    scene.wait(99)
    assert not scene.design.offers
    scene.rest([(1, 9_900, 10)])
    scene.wait(2)
    assert scene.has(account) == (9_000, 0)
    assert scene.over()


def test_what_is_too_little_to_leave_is_refused_or_cut():
    scene, account = lent("dutch", dust=40_000)
    # A tab of 101,700: a part must leave 45,200 of it.
    assert scene.ask(Kind.TAKE, 5) == Reason.NONE
    assert scene.has(account)[1] == 6
    assert scene.ask(Kind.TAKE, 1) == Reason.LEAVES_DUST
    assert scene.ask(Kind.TAKE, 6) == Reason.NONE
    assert scene.over()


def test_a_short_position_is_auctioned_at_a_price_that_rises():
    scene = Scene(make("dutch"), price=10_000)
    short = scene.open(-10, 10_000)
    scene.mark(10_500)
    (offer,) = scene.design.offers.values()
    # From the mark over 1.3 up: 10,500^2 / 13,650.
    assert (offer.side, offer.price.price_at(scene.venue.now)) == (lob.Side.SELL, 8_076)
    at = offer.price.time_of(10_500, lob.Side.SELL)
    # .99^27 = .762 < 1 / 1.3 = .769: after 27 steps.
    assert at == offer.opened + 27 * 90 * SECOND_NS
    scene.venue.advance(at)
    assert scene.ask(Kind.TAKE, 10, 10_500) == Reason.NONE
    price = offer.price.price_at(at)
    left = 110_000 - 10 * price
    # The penalty takes what is left, which is less than 13 % of 105,000.
    assert 0 < left < 13_650
    assert scene.has(short) == (0, 0)
    assert scene.cash(scene.clearing.fund) == left - scene.cash(scene.keepers[0]) + (
        1_000_000 + 10 * price
    )
    assert scene.over()


# -------------------------------------------------------------------------------------- English


def test_bids_rise_to_the_tab_and_then_less_is_accepted_for_it():
    scene, account = lent("english")
    (offer,) = scene.design.offers.values()
    assert (offer.bids, offer.size, offer.price.price_at(0)) == (True, 10, None)
    assert scene.ask(Kind.TAKE, 10) == Reason.NOT_ON_OFFER
    assert scene.ask(Kind.BID, 10, 9_000, keeper=0) == Reason.NONE
    assert scene.has(account) == (0, 10)
    assert scene.ask(Kind.BID, 10, 9_400, keeper=1) == Reason.BID_TOO_LOW
    assert scene.ask(Kind.BID, 9, 9_400, keeper=1) == Reason.BID_TOO_LOW
    assert scene.ask(Kind.BID, 10, 9_500, keeper=1) == Reason.NONE
    assert scene.cash(scene.keepers[0]) == 1_000_000
    assert scene.cash(scene.keepers[1]) == 905_000
    assert next(iter(scene.design.offers.values())).price.price_at(0) == 9_500
    assert scene.ask(Kind.BID, 10, 99_999, keeper=1) == Reason.NONE
    assert scene.cash(scene.keepers[1]) == 1_000_000 - 101_700
    assert scene.has(account) == (11_700, 10)
    # Now for fewer lots: 9 at 11,300 are the tab.
    assert scene.ask(Kind.BID, 9, 11_299, keeper=0) == Reason.BID_TOO_LOW
    assert scene.ask(Kind.BID, 9, 11_300, keeper=0) == Reason.NONE
    assert scene.cash(scene.keepers[1]) == 1_000_000
    scene.wait(3 * 3_600 + 1)
    assert scene.has(scene.keepers[0]) == (1_000_000 - 101_700, 9)
    assert scene.has(account) == (0, 1)
    assert scene.cash(scene.clearing.fund) == 11_700
    assert scene.over()
    assert scene.ask(Kind.BID, 9, 20_000) == Reason.NOT_ON_OFFER


def test_a_bid_of_next_to_nothing_wins_where_nobody_else_bids():
    scene, account = lent("english", fund=50_000)
    assert scene.ask(Kind.BID, 10, 0) == Reason.NONE
    scene.wait(3 * 3_600 + 1)
    assert scene.has(scene.keepers[0]) == (999_999, 10)
    assert scene.has(account) == (0, 0)
    assert scene.cash(scene.clearing.fund) == 0
    assert scene.cash(scene.clearing.shortfall) == -(89_999 - 50_000)
    assert scene.over()


def test_an_auction_without_bids_runs_again_until_patience_ends():
    scene, account = lent("english", tau=100.0, patience=250.0)
    scene.wait(150)
    (offer,) = scene.design.offers.values()
    assert offer.closes > scene.venue.now
    scene.rest([(1, 9_990, 10)])
    scene.wait(160)
    assert scene.has(account) == (9_900, 0)
    assert scene.over()


@pytest.mark.parametrize("bids", [True, False])
def test_a_bidder_who_failed_wins_elsewhere_while_his_own_position_is_up(bids):
    """He bid for 15 lots, then his short 10 were put up: with 5 left over that auction is off."""
    scene = Scene(make("english", ttl=3.0, tau=3.0), margin=LENDING, price=12_000)
    bidder, first = scene.open(-10, 300_000), scene.open(15, 20_000)
    scene.mark(11_900)
    rows = asking(Kind.BID, FIRST_OWNER, lob.LIQUIDATION_TAG + 1, 15, scene.venue.now)
    rows["price"] = 12_000
    scene.venue.process(rows)
    scene.wait(0.5)
    scene.mark(45_000)
    assert scene.clearing.open_cases == 2
    before = scene.cash(scene.keepers[0])
    if bids:
        assert scene.ask(Kind.BID, 10, 20_000, case=1) == Reason.NONE
        assert scene.cash(scene.keepers[0]) < before
    scene.wait(30)
    assert scene.has(first) == (0, 0)
    assert scene.has(bidder) == (240_000, 5)
    assert scene.has(scene.keepers[0]) == (before, 0)
    assert scene.over()


def test_the_cash_of_a_short_position_is_sold_for_its_lots():
    scene = Scene(make("english", ttl=10.0, tau=60.0), price=10_000)
    short = scene.open(-10, 10_000)
    scene.mark(10_500)
    # 110,000 for eight of the ten lots; then for all, then for less.
    assert scene.ask(Kind.BID, 8, 10_000, keeper=0) == Reason.NONE
    assert scene.cash(scene.keepers[0]) == 1_000_000 - 84_000
    assert scene.ask(Kind.BID, 8, 10_000, keeper=1) == Reason.BID_TOO_LOW
    assert scene.ask(Kind.BID, 10, 11_000, keeper=1) == Reason.NONE
    assert scene.cash(scene.keepers[0]) == 1_000_000
    assert scene.ask(Kind.BID, 10, 10_400, keeper=2) == Reason.NONE
    scene.wait(11)
    assert scene.has(scene.keepers[2]) == (1_000_000 + 104_000, -10)
    assert scene.cash(scene.keepers[1]) == 1_000_000
    # What is left is the penalty's, as far as it goes.
    assert scene.has(short) == (0, 0)
    assert scene.cash(scene.clearing.fund) == 6_000
    assert scene.over()


def test_a_short_position_whose_cash_went_for_a_part_is_bought_back_in_the_book():
    scene = Scene(make("english", ttl=10.0, tau=60.0), price=10_000, fund=50_000)
    short = scene.open(-10, 10_000)
    scene.mark(10_500)
    assert scene.ask(Kind.BID, 8, 10_000) == Reason.NONE
    scene.rest([(-1, 10_600, 5)])
    scene.wait(11)
    assert scene.has(scene.keepers[0]) == (1_000_000 + 110_000, -8)
    assert scene.has(short) == (0, 0)
    assert scene.cash(scene.clearing.fund) == 50_000 - 2 * 10_600
    assert scene.over()


# --------------------------------------------------------------------------------- call auction


def session(scene):
    return scene.venue.books[0].session


def resting(scene):
    """What rests, without what the world sent: (price, size)."""
    rows = scene.venue.books[0].orders()
    return rows[rows["tag"] >= lob.LIQUIDATION_TAG][["price", "size"]].tolist()


def test_one_price_for_all_that_failed_and_none_below_its_bankruptcy_price():
    scene = Scene(make("call-auction"), price=10_000, levels=[(1, 9_300, 5)])
    first = scene.open(10, 10_000)  # bankrupt at 9,000
    second = scene.open(10, 9_000)  # at 9,100
    third = scene.open(10, 6_000)  # at 9,400
    scene.mark(9_350)
    assert session(scene) == Session.CALL
    assert resting(scene) == [(9_000, 10), (9_100, 10), (9_400, 10)]
    (offer,) = scene.design.offers.values()
    assert (offer.size, offer.price) == (30, Collected())
    assert scene.ask(Kind.BID, 8, 9_200) == Reason.NOT_ON_OFFER
    assert scene.ask(Kind.TAKE, 8, 9_200) == Reason.NOT_ON_OFFER
    scene.rest([(1, 9_200, 8), (1, 9_100, 4), (1, 9_050, 4), (-1, 9_060, 1)])
    assert scene.has(first) == (-90_000, 10)
    scene.wait(1)
    # 17 lots are wanted at 9,100 and 21 are offered there, 11 below it: 17 trade, the cheapest
    # first: ten of the first, the one lot, six of the second.
    trades = scene.venue.events
    trades = trades[trades["kind"] == lob.EventKind.TRADE]
    assert set(trades["reason"]) == {Reason.UNCROSS}
    assert set(trades["price"]) == {9_100}
    assert scene.has(first) == (-90_000 + 91_000, 0)
    assert scene.has(second) == (-91_000 + 6 * 9_100, 4)
    assert scene.has(third) == (-94_000, 10)
    assert scene.clearing.open_cases == 2
    # The next call follows after a pause, for what is left; after ten seconds the book has it.
    assert session(scene) == Session.CONTINUOUS
    assert resting(scene) == []
    scene.wait(0.5)
    assert session(scene) == Session.CALL
    assert resting(scene) == [(9_100, 4), (9_400, 10)]
    scene.wait(30)
    assert session(scene) == Session.CONTINUOUS
    assert resting(scene) == []
    # The bid of 9,050 that was left takes four of the third, which is looked at first.
    assert scene.has(second) == (-91_000 + 6 * 9_100, 4)
    assert scene.has(third) == (-94_000 + 4 * 9_050, 6)
    scene.wait(3_600)
    assert scene.over()


def test_a_market_order_finds_the_book_open_between_two_calls():
    """A position that nobody wants at its price, and one whose patience is over."""
    scene = Scene(make("call-auction", patience=1.0), price=10_000)
    first = scene.open(10, 10_000)
    scene.mark(9_350)
    later = scene.open(10, 6_000)
    scene.mark(9_350)
    scene.wait(0.5)
    scene.rest([(1, 8_900, 10)])
    scene.wait(0.5)
    # Nobody pays 9,000: at the end of the call it sells at what there is.
    assert scene.has(first) == (0, 0)
    assert scene.cash(scene.clearing.shortfall) == -1_000
    assert scene.clearing.open_cases == 1
    assert scene.has(later) == (-94_000, 10)


def test_a_case_that_is_looked_at_just_before_its_call_ends():
    """It had asked for that very time before the call began, so it comes before the call."""

    class AsksEarly(StagedDesign):
        def on_failure(self, case):
            self.call_back(case, self.now + SECOND_NS)
            super().on_failure(case)

    design = AsksEarly([Stage(takers=CallAuction(), price_path=AtBankruptcy())])
    scene = Scene(design, price=10_000)
    account = scene.open(10, 10_000)
    scene.mark(9_350)
    scene.rest([(1, 9_000, 10)])
    scene.wait(1)
    assert scene.has(account) == (0, 0)
    assert session(scene) == Session.CONTINUOUS
    assert scene.over()


def test_long_and_short_positions_meet_in_one_call():
    scene = Scene(make("call-auction"), price=10_000, fund=0)
    long = scene.open(10, 5_000)  # bankrupt at 9,500
    short = scene.open(-6, 3_600, entry=10_000)  # at 10,600
    # The mark jumps up and down within a second.
    scene.mark(10_400)
    scene.mark(9_800)
    assert scene.clearing.open_cases == 2
    assert sorted(resting(scene)) == [(9_500, 10), (10_600, 6)]
    assert [offer.size for offer in scene.design.offers.values()] == [6, 10]
    scene.rest([(1, 9_700, 3), (-1, 10_500, 2)])
    scene.wait(1)
    # Nine are bid down to 9,700, ten asked from 9,500 on: nine trade, and who sells has more: the
    # lowest price at which nine trade.
    assert scene.has(short) == (63_600 - 6 * 9_500, 0)
    assert scene.has(long) == (-95_000 + 9 * 9_500, 1)
    fills = scene.entries(EntryKind.TRADE)
    # Either case knows of its trades, whichever side of the event it is.
    assert sorted(scene.clearing.cases["sold"].tolist()) == [6, 9]
    assert len(fills) == 4
    assert scene.clearing.open_cases == 1
    scene.venue.check()


def test_a_call_in_a_halted_book_waits_until_it_trades_again():
    scene = Scene(make("call-auction"), price=10_000, levels=[(1, 9_300, 20)])
    scene.venue.set_session(0, Session.HALTED)
    account = scene.open(10, 10_000)
    scene.mark(9_350)
    scene.wait(3)
    assert session(scene) == Session.HALTED
    assert scene.design.offers == {}
    scene.venue.set_session(0, Session.CONTINUOUS)
    scene.wait(1)
    assert session(scene) == Session.CALL
    scene.wait(1)
    # More is bid for than is offered: the highest price.
    assert scene.has(account) == (-90_000 + 93_000, 0)
    assert session(scene) == Session.CONTINUOUS
    assert scene.over()


def test_a_book_halted_in_a_call_stays_halted():
    scene = Scene(make("call-auction"), price=10_000, levels=[(1, 9_300, 20)])
    scene.open(10, 10_000)
    scene.mark(9_350)
    scene.venue.set_session(0, Session.HALTED)
    scene.wait(5)
    assert session(scene) == Session.HALTED
    assert resting(scene) == []
    assert scene.clearing.open_cases == 1


def test_a_call_that_somebody_else_began_is_his_to_end():
    scene = Scene(make("call-auction"), price=10_000, levels=[(1, 9_300, 20)])
    scene.venue.set_session(0, Session.CALL)
    account = scene.open(10, 10_000)
    scene.mark(9_350)
    scene.wait(20)
    assert session(scene) == Session.CALL
    assert resting(scene) == [(9_000, 10)]
    scene.venue.set_session(0, Session.CONTINUOUS, 9_350)
    scene.wait(0)
    assert scene.has(account) == (-90_000 + 93_000, 0)
    assert scene.over()
    assert scene.design.offers == {}
    scene.wait(5)
    assert session(scene) == Session.CONTINUOUS


def test_a_call_ends_though_an_operator_let_it_trade_before():
    scene = Scene(make("call-auction"), price=10_000, levels=[(1, 9_300, 20)])
    scene.open(10, 10_000)
    scene.mark(9_350)
    scene.wait(0.5)
    scene.venue.uncross(0)
    scene.wait(0)
    assert scene.over()
    assert session(scene) == Session.CALL
    scene.wait(0.5)
    assert session(scene) == Session.CONTINUOUS


def test_a_position_whose_price_is_outside_the_band_calls_nobody():
    scene = Scene(make("call-auction"), price=10_000)
    scene.venue.set_band(0, 9_200, 10_800)
    scene.open(10, 10_000)
    scene.mark(9_350)
    assert session(scene) == Session.CONTINUOUS
    assert scene.clearing.open_cases == 1
    scene.wait(4_000)
    assert scene.over()


def test_two_clearings_share_the_call_of_a_book():
    """The second joins half a second later; what it does not sell is its own to take back."""
    designs = [make("call-auction"), make("call-auction")]
    clearings = [
        Clearing(name, holdings=[Holding(Oracle(Fixed(10_000)), MARGIN)], liquidation_engine=design)
        for name, design in zip("ab", designs, strict=True)
    ]
    venue = lob.Venue(1, clearings=clearings)
    venue.process(order(1, 1, 9_300, 12))
    accounts = [
        clearing.open(FIRST_OWNER + i, [10_000], [10], entry_prices=[10_000])
        for i, clearing in enumerate(clearings)
    ]
    for clearing, wait in zip(clearings, (SECOND_NS // 2, 1), strict=True):
        venue.refresh()
        clearing.observe_price(9_350)
        venue.refresh()
        venue.advance(venue.now + wait)
    book, ledger = venue.books[0], venue.ledger
    assert [len(design.offers) for design in designs] == [1, 1]
    venue.advance(SECOND_NS)
    # 12 of the 20 trade, at the lowest price at which they do: 9,000.
    lots = [ledger.balance(account, ledger.asset("0")) for account in accounts]
    assert lots == [0, 8]
    assert ledger.balance(accounts[0], clearings[0].cash_asset) == 0
    assert book.session == Session.CONTINUOUS
    assert book.orders()[["price", "size"]].tolist() == [(9_000, 8)]
    # The second's ends then, and its next call is its own.
    venue.advance(SECOND_NS * 3 // 2)
    assert book.session == Session.CALL
    venue.process(order(2, 1, 9_200, 8, ts_event=venue.now))
    venue.advance(SECOND_NS * 5 // 2)
    assert [clearing.open_cases for clearing in clearings] == [0, 0]
    assert ledger.balance(accounts[1], clearings[1].cash_asset) == -90_000 + 2 * 9_000 + 8 * 9_200
    assert book.session == Session.CONTINUOUS
    venue.check()


def test_a_call_goes_on_in_a_copy_and_is_replayed():
    scene = Scene(make("call-auction"), price=10_000, levels=[(1, 9_300, 5)])
    for margin in (10_000, 9_000, 6_000):
        scene.open(10, margin)
    before, twin = len(scene.venue.messages), scene.venue.copy()
    scene.clearing.observe_price(9_350)
    twin.clearings[0].observe_price(9_350)
    scene.venue.refresh()
    twin.refresh()
    scene.wait(0.5)
    fork = scene.venue.copy()
    scene.rest([(1, 9_200, 8)])
    fork.process(scene.venue.messages[-1:])
    end = scene.venue.now + 20 * SECOND_NS
    for venue in (scene.venue, fork):
        venue.advance(end)
    twin.process(scene.venue.messages[before:])
    twin.advance(end)
    assert fork.digest() == twin.digest() == scene.venue.digest()
    own = scene.venue.messages
    rules = own[np.isin(own["kind"], (Kind.SESSION, Kind.UNCROSS))]
    assert len(rules) == 3 * 7
    assert (rules["flags"] & lob.Flag.VENUE > 0).all()


# -------------------------------------------------------------------------------- stability pool


def pooled(deposits, version=1, **parameters):
    """1,000 lots at 100 against 82,000, and two others that hold 600 and 400 lots."""
    scene = Scene(
        make("stability-pool", deposits=deposits, version=version, **parameters),
        margin=LENDING,
        price=150,
    )
    failing = scene.open(1_000, 150_000 - 82_000)
    others = [scene.open(600, 89_000), scene.open(400, 59_000)]
    scene.open(10_000, 1_500_000)  # without debt: it gets nothing
    scene.mark(100)
    return scene, failing, others


def test_the_pool_pays_what_it_can_and_the_rest_is_spread_by_stake():
    scene, failing, others = pooled(41_000)
    name = scene.venue.ledger.account
    assert scene.has(failing) == (0, 0)
    assert scene.over()
    # Half a percent for who calls; of 995 lots half for half of the debt.
    assert scene.has(name("clearing: stability pool")) == (0, 497)
    assert scene.has(name("clearing: stability pool, who calls")) == (0, 5)
    assert scene.has(name("clearing: stability pool, to be spread")) == (-41_000, 498)
    scene.wait(1)
    assert scene.has(name("clearing: stability pool, to be spread")) == (0, 0)
    # 298.8 and 199.2 lots, and the debt goes with the lots: 82.33 a lot.
    assert scene.has(others[0]) == (-1_000 - 24_616, 600 + 299)
    assert scene.has(others[1]) == (-1_000 - 16_384, 400 + 199)
    scene.venue.check()


def test_version_two_takes_the_debt_and_five_percent_and_gives_the_rest_back():
    scene, failing, _ = pooled(200_000, 2)
    # 82,000 x 1.05 / 100 = 861 of the 995.
    assert scene.has(failing) == (0, 1_000 - 5 - 861)
    pool = scene.venue.ledger.account("clearing: stability pool")
    assert scene.has(pool) == (200_000 - 82_000, 861)
    assert scene.over()


@pytest.mark.parametrize("other", [30, -5])
def test_of_a_portfolio_the_pool_takes_what_its_collateral_backs(other):
    """100 lots of the pool's at 100 and 30 of another at 200: 10,000 of 16,000 back the debt."""
    design = make("stability-pool", deposits=20_000)
    margins = [LENDING, LENDING] if other > 0 else [MARGIN, MARGIN]
    clearing = Clearing(
        holdings=[
            Holding(Oracle(Fixed(price)), margin, instrument=i)
            for i, (price, margin) in enumerate(zip((150, 200), margins, strict=True))
        ],
        liquidation_engine=design,
    )
    venue = lob.Venue(2, clearings=[clearing])
    debt = 14_400 if other > 0 else 9_000
    account = clearing.open(
        FIRST_OWNER, [100 * 150 + other * 200 - debt], [[100], [other]], cross=True,
        entry_prices=[[150], [200]],
    )  # fmt: skip
    venue.refresh()
    clearing.observe_price(100)
    venue.refresh()
    venue.advance(1)
    ledger = venue.ledger
    has = [ledger.balance(account, ledger.asset(name)) for name in ("0", "1")]
    cash = ledger.balance(account, clearing.cash_asset)
    if other > 0:
        # 14,400 x 10,000 / 16,000 = 9,000 of the debt, and half a percent of gas: no lot of 100.
        assert (cash, has) == (-14_400 + 9_000, [0, 30])
        assert ledger.balance(ledger.account("clearing: stability pool"), 0) == 20_000 - 9_000
    else:
        # Who is short too is none of the pool's.
        assert (cash, has) == (-debt, [100, other])
    assert clearing.open_cases == 1
    venue.check()


def test_depositors_share_what_is_left_and_what_was_gained():
    takers = Stability(Depositors((60_000, 40_000)))
    scene = Scene(StagedDesign([Stage(takers=takers, moves_on=True)]), margin=LENDING, price=150)
    scene.open(1_000, 150_000 - 82_000)
    scene.open(600, 90_000)
    scene.mark(100)
    pool = takers.depositors
    # What is left is rounded down twice, by the contract's product.
    assert [pool.pool.compounded(a) for a in pool.owners] == [10_799, 7_199]
    assert [pool.pool.gains(a) for a in pool.owners] == [597, 398]
    assert pool.withdraw(scene.design, pool.owners[0], 10**6) == (10_799, 597)
    assert scene.has(pool.owners[0]) == (10_799, 597)
    with pytest.raises(ValueError, match="amount must be at most the cash"):
        pool.deposit(scene.design, pool.owners[0], 20_000)
    scene.venue.check()


def test_where_nobody_is_left_to_carry_it_the_book_has_it():
    scene = Scene(make("stability-pool", deposits=0), margin=LENDING, price=150)
    account = scene.open(10, 1_500 - 820)
    scene.rest([(1, 99, 10)])
    scene.mark(100)
    assert scene.has(account) == (990 - 820, 0)
    assert scene.over()


def test_shares_of_a_spread_position_that_nobody_can_take_any_more_are_the_lenders():
    scene, _, others = pooled(0)
    for i in range(len(others)):
        # They pay their debts before it is spread.
        owner, cash = FIRST_OWNER + 1 + i, scene.clearing.cash_asset
        scene.venue.process(asking(Kind.DEPOSIT, owner, cash, 1_000, scene.venue.now))
    scene.wait(1)
    assert scene.has(scene.clearing.pool) == (-82_000, 995)
    assert scene.over()


# ------------------------------------------------------------------------------------ the rights


def test_the_best_sealed_bid_buys_the_right_to_take_first():
    scene = Scene(
        SealedBid(make("fixed-spread"), exclusive=5 * SECOND_NS), margin=LENDING, price=10_000
    )
    account = scene.open(100, 210_000)
    scene.mark(9_800)
    (offer,) = scene.design.offers.values()
    assert offer.bids
    assert scene.ask(Kind.BID, 1, 700, keeper=0) == Reason.NONE
    assert scene.ask(Kind.BID, 2, 450, keeper=1) == Reason.NONE
    assert scene.ask(Kind.BID, 1, 900, keeper=2) == Reason.NONE
    assert scene.cash(scene.keepers[0]) == 999_300
    scene.wait(1.5)
    # 2 x 450 = 900 was there first.
    assert [scene.cash(keeper) for keeper in scene.keepers] == [1_000_000, 999_100, 1_000_000]
    assert scene.cash(scene.clearing.fund) == 900
    assert scene.ask(Kind.TAKE, 42, keeper=0) == Reason.NOT_ON_OFFER
    twin = copy.deepcopy(scene)
    assert scene.ask(Kind.TAKE, 20, keeper=1) == Reason.NONE
    twin.wait(5)
    assert twin.ask(Kind.TAKE, 20, keeper=0) == Reason.NONE
    assert scene.has(account)[1] == twin.has(account)[1] == 80


def test_the_second_price_can_go_to_the_borrower():
    design = SealedBid(make("fixed-spread"), revenue="borrower", second_price=True)
    scene = Scene(design, margin=LENDING, price=10_000)
    account = scene.open(100, 210_000)
    scene.mark(9_800)
    scene.ask(Kind.BID, 1, 700, keeper=0)
    scene.ask(Kind.BID, 1, 900, keeper=2)
    scene.wait(1.5)
    assert scene.has(account) == (-790_000 + 700, 100)
    assert scene.cash(scene.keepers[2]) == 999_300
    scene.venue.check()


def test_a_wrapped_design_must_be_free():
    with pytest.raises(TypeError, match="must be a Staged design"):
        SealedBid(make("market-sale"))
    inner = make("dutch")
    Scene(inner)
    with pytest.raises(ValueError, match="must not belong to a clearing"):
        SealedBid(inner)


@pytest.mark.parametrize(
    ("make_part", "message"),
    [
        (lambda: English(improvement=10), "improvement"),
        (lambda: English(bid_time=0), "bid_time"),
        (lambda: Vault(unwind=2_000_000), "unwind"),
        (lambda: Depositors(version=3), "version"),
        (lambda: Depositors((0,)), r"deposits\[0\]"),
    ],
)
def test_parts_refuse_what_they_cannot_be(make_part, message):
    with pytest.raises(ValueError, match=message):
        make_part()
