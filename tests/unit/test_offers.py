"""What is on offer, at what price, and how takes and bids reach a design."""

import copy

import pytest

import lob
from lob import Kind, Reason, Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation import LiquidationDesign, Offer
from lob.liquidation.designs import make
from lob.liquidation.formulas.curves import Linear, StairStep
from lob.liquidation.offers import AnyPrice, AtPrice, Falling, HighestBid, Spread
from lob.units import SECOND_NS
from tests.venues import FIRST_OWNER, asking, order, venue_with


class Marked:
    mark_price = 1_000


def test_a_spread_follows_the_mark_and_rounds_against_the_taker():
    # 5 %: 1000 / 1.05 = 952.38; a tenth of the 47.62 between is the protocol's: 957.14.
    assert Spread(Marked(), Side.BUY, 10_500).price_at(0) == 953
    assert Spread(Marked(), Side.BUY, 10_500, 1_000).price_at(0) == 958
    assert Spread(Marked(), Side.BUY, 10_500, 1_000).bare() == 953
    assert Spread(Marked(), Side.SELL, 10_500).price_at(0) == 1_050
    assert Spread(Marked(), Side.SELL, 10_500, 1_000).price_at(0) == 1_045
    assert Spread(Marked(), Side.BUY, 10_500).time_of(952, Side.BUY) is None
    assert Spread(Marked(), Side.BUY, 10_500, opened=3).time_of(953, Side.BUY) == 3


@pytest.mark.parametrize("curve", [Linear(100), StairStep(99 * 10**25, 3)])
@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_the_time_of_a_price_is_the_first_at_which_it_is_good(curve, side):
    price = Falling(curve, 1_300, 1_000, side, 5 * SECOND_NS, 95 * SECOND_NS)
    assert price.price_at(5 * SECOND_NS) == (1_300 if side == Side.BUY else 769)
    limit = 1_000
    at = price.time_of(limit, side)
    assert at is not None
    ok = (lambda p: p <= limit) if side == Side.BUY else (lambda p: p >= limit)
    assert ok(price.price_at(at))
    assert not ok(price.price_at(at - 1))
    never = 1 if side == Side.BUY else 2**40
    assert price.time_of(never, side) is None


def test_a_falling_price_is_the_same_whoever_asked_before():
    def made():
        return Falling(Linear(100), 1_300, 1_000, Side.BUY, 5 * SECOND_NS, 95 * SECOND_NS)

    price = made()
    for second in (5, 40, 40, 7, 94, 5):
        assert price.price_at(second * SECOND_NS) == made().price_at(second * SECOND_NS)
    for limit in (1_000, 1_000, 400, 1, 1_000):
        assert price.time_of(limit, Side.BUY) == made().time_of(limit, Side.BUY)
    assert price == made()
    assert hash(price) == hash(made())


def test_simple_prices():
    assert AnyPrice().price_at(0) is AnyPrice().time_of(5, Side.BUY) is None
    assert AtPrice(7, 3).time_of(7, Side.BUY) == 3
    assert AtPrice(7).time_of(8, Side.SELL) is None
    assert HighestBid(4).price_at(9) == 4


class Shop(LiquidationDesign):
    """Offers what it gets at 90, until it is taken."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def on_failure(self, case):
        self.open_offer(
            Offer(self.tag(case), 0, self.account_of(case), 0, 0, Side.BUY, self.held(case), 1,
                  0, None, AtPrice(90), False)
        )  # fmt: skip

    def on_take(self, case, account, size, price):
        self.asked.append(("take", case, account, size, price))
        reason = self.refusal_to_carry(account, size, size * 90)
        if not reason:
            self.take_over(case, account, size, 90)
            if self.is_flat(case):
                self.settle(case)
        return reason

    def on_bid(self, case, account, size, price):
        self.asked.append(("bid", case, account, size, price))
        return Reason.BID_TOO_LOW


class Listener:
    def __init__(self):
        self.heard = []

    def on_offer(self, offer):
        self.heard.append(offer.tag)

    def on_offer_closed(self, tag):
        self.heard.append(-tag)


def shop():
    listener, design = Listener(), Shop()
    venue, clearing = venue_with(liquidation_engine=design, insurance_fund=1_000)
    design.watch(listener)
    account = clearing.open(FIRST_OWNER, [40], [10], entry_prices=[100])
    keeper = venue.ledger.open_account("keeper", owner=5)
    venue.ledger.transfer(clearing.cash_asset, 0, keeper, 500)
    venue.refresh()
    venue.advance(1)
    return venue, clearing, design, listener, account, keeper


def ask(venue, kind, tag, size, price=0, owner=5, ts=2):
    rows = asking(kind, owner, tag, size, ts)
    rows["price"] = price
    return venue.process(rows)["reason"].tolist()


def test_a_take_reaches_the_design_and_moves_lots_and_cash():
    venue, clearing, design, listener, account, keeper = shop()
    tag = lob.LIQUIDATION_TAG + 1
    assert list(design.offers) == [tag]
    assert ask(venue, Kind.TAKE, tag, 6, 95) == [Reason.INSUFFICIENT_MARGIN]
    assert ask(venue, Kind.BID, tag, 6, 95) == [Reason.BID_TOO_LOW]
    assert ask(venue, Kind.TAKE, tag, 5, 95) == []
    assert design.asked == [("take", 0, keeper, 6, 95), ("bid", 0, keeper, 6, 95),
                            ("take", 0, keeper, 5, 95)]  # fmt: skip
    base = venue.ledger.asset("0")
    assert venue.ledger.balance(keeper, base) == 5
    assert venue.ledger.balance(keeper, clearing.cash_asset) == 50
    assert venue.ledger.balance(account, clearing.cash_asset) == 40 - 1_000 + 450
    assert design.offers
    assert listener.heard == [tag]
    venue.check()


def test_what_is_not_on_offer_is_refused_before_it_reaches_the_design():
    venue, _, design, _, _, _ = shop()
    tag = lob.LIQUIDATION_TAG + 1
    assert ask(venue, Kind.TAKE, tag, 1, owner=99) == [Reason.NO_ACCOUNT]
    assert ask(venue, Kind.TAKE, tag + 1, 1) == [Reason.NOT_ON_OFFER]
    assert ask(venue, Kind.TAKE, tag + (1 << 48), 1) == [Reason.NOT_ON_OFFER]
    assert ask(venue, Kind.TAKE, tag, 1, price=-1) == [Reason.NOT_ON_OFFER]
    assert ask(venue, Kind.TAKE, tag, 1, owner=FIRST_OWNER) == [Reason.IN_LIQUIDATION]
    assert design.asked == []


def test_the_end_of_a_case_closes_its_offer():
    venue, clearing, _, listener, _, keeper = shop()
    tag = lob.LIQUIDATION_TAG + 1
    venue.ledger.transfer(clearing.cash_asset, 0, keeper, 10_000)
    twin = copy.deepcopy(venue)
    for one in (venue, twin):
        assert ask(one, Kind.TAKE, tag, 10) == []
        assert one.clearings[0].liquidation_engine.offers == {}
        assert one.clearings[0].open_cases == 0
        # Its debt of 60 is the fund's.
        assert one.ledger.balance(one.clearings[0].fund, clearing.cash_asset) == 940
        one.check()
    assert listener.heard == [tag, -tag]
    assert twin.digest() == venue.digest()
    assert ask(venue, Kind.TAKE, tag, 1) == [Reason.NOT_ON_OFFER]


def test_a_margin_account_takes_what_its_initial_margin_carries():
    venue, clearing, design, _, _, _ = shop()
    # At a mark of 100 a lot taken at 90 gains 10 and needs 10: any number of them is carried.
    taker = clearing.open(FIRST_OWNER + 50, [0], [0])
    venue.refresh()
    assert design.refusal_to_carry(taker, 10, 900) == Reason.NONE
    assert design.refusal_to_carry(taker, 10, 901) == Reason.INSUFFICIENT_MARGIN
    assert design.refusal_to_carry(taker, -10, -1_100) == Reason.NONE
    assert design.refusal_to_carry(taker, -10, -1_099) == Reason.INSUFFICIENT_MARGIN
    assert ask(venue, Kind.TAKE, lob.LIQUIDATION_TAG + 1, 4, owner=FIRST_OWNER + 50) == []
    assert clearing.account(taker).cash == -360
    venue.check()


def test_a_listener_that_cannot_listen_is_refused():
    with pytest.raises(TypeError, match="on_offer_closed"):
        Shop().watch(type("Half", (), {"on_offer": print})())


def test_entry_values_follow_the_average_price():
    venue, clearing = venue_with()
    clearing.keep_entry_values()
    account = clearing.open(FIRST_OWNER, [10_000], [3], entry_prices=[101])
    venue.refresh()

    def trade(number, side, price, size):
        venue.process(order(number, -side, price, size))
        venue.process(order(number + 1, side, price, size, owner=FIRST_OWNER))
        return clearing.entry_value(account)

    assert clearing.entry_value(account) == 303
    assert trade(10, 1, 95, 2) == 303 + 190
    assert trade(12, -1, 120, 2) == 493 - 197
    assert trade(14, -1, 110, 5) == -220
    assert trade(16, 1, 90, 2) == 0
    venue.check()


def test_a_short_position_is_offered_at_no_more_than_the_highest_price():
    """Whoever took it ended the run: no position is taken over at a price that there is not."""

    class Highest:
        mark_price = lob.MAX_PRICE

    offered = Spread(Highest(), Side.SELL, 10_500)
    assert offered.price_at(0) == offered.bare() == lob.MAX_PRICE
    assert Spread(Highest(), Side.SELL, 10_500, 1_000).price_at(0) == lob.MAX_PRICE


def test_a_bidder_puts_up_no_more_than_a_ledger_holds():
    """Half of it was put up already, so that the rest was less: the payment raised."""
    lots, mark = 2**22, 2**39
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(mark)), FlatMargin(100_000, 50_000))],
        liquidation_engine=make("english"),
    )
    venue = lob.Venue(1, clearings=[clearing])
    bidder = venue.ledger.open_account(owner=5)
    for amount in (lob.MAX_SIZE, 10**6):
        venue.ledger.transfer(clearing.cash_asset, 0, bidder, amount)
    clearing.open(FIRST_OWNER, [mark * lots // 20 - 1], [-lots], entry_prices=[mark])
    venue.refresh()
    venue.advance(1)
    said = []
    for size in (lots // 2, lots):
        rows = asking(Kind.BID, 5, lob.LIQUIDATION_TAG + 1, size, venue.now)
        rows["price"] = mark
        said += [Reason(int(event["reason"])) for event in venue.process(rows)]
        before = venue.ledger.balance(bidder, clearing.cash_asset)
        clearing.observe_price(2 * mark)
        venue.refresh()
    assert said == [Reason.INSUFFICIENT_MARGIN]
    assert before == lob.MAX_SIZE + 10**6 - lots // 2 * mark
    venue.check()
