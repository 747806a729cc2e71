"""What a liquidation does while its book collects for a call, or is halted."""

import numpy as np
import pytest

import lob
from lob import EventKind, Kind, Reason, Session
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed, Last
from lob.liquidation import MarketSale, Stage, StagedDesign
from lob.liquidation.parts.price_paths import AtBankruptcy
from lob.liquidation.takers.adl import Opposing
from lob.liquidation.takers.backstop import Backstop, Vault
from lob.liquidation.takers.book import Resting
from lob.units import SECOND_NS
from lob.venue.breaker import CircuitBreaker
from tests.venues import FIRST_OWNER, order

BUY, SELL = lob.Side.BUY, lob.Side.SELL
CALL, CONTINUOUS, HALTED = Session.CALL, Session.CONTINUOUS, Session.HALTED
OTHERS = FIRST_OWNER + 100
DESIGNS = {"market-sale": MarketSale, "stages": lambda: StagedDesign([Stage()])}


class Scene:
    """A book, an account that is long 10 lots from 100 with a margin of 100, and a price."""

    def __init__(self, design, session=CONTINUOUS, fund=1_000):
        self.clearing = Clearing(
            holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
            liquidation_engine=design,
            insurance_fund=fund,
        )
        self.venue = lob.Venue(1, clearings=[self.clearing])
        self.account = self.clearing.open(FIRST_OWNER, [100], [10], entry_prices=[100])
        self.venue.refresh()
        self.sent = 0
        if session != CONTINUOUS:
            self.venue.set_session(0, session)

    def fail(self):
        self.clearing.observe_price(92)
        self.wait(0)

    def rest(self, side, price, size):
        self.sent += 1
        self.venue.process(order(self.sent, side, price, size, ts_event=self.venue.now))

    def wait(self, seconds):
        self.venue.advance(self.venue.now + round(seconds * SECOND_NS))

    def own(self):
        """The orders of the account in the book: (side, order type, price, lots)."""
        orders = self.venue.books[0].orders()
        orders = orders[orders["owner"] == FIRST_OWNER]
        return orders[["side", "order_type", "price", "size"]].tolist()

    def trades(self):
        events = self.venue.events
        trades = events[events["kind"] == EventKind.TRADE]
        return trades[["price", "size", "reason"]].tolist()

    def rejected(self):
        return (self.venue.events["kind"] == EventKind.REJECTED).sum()

    def done(self):
        self.venue.check()
        return self.clearing.open_cases == 0


@pytest.mark.parametrize("name", DESIGNS)
def test_an_account_that_fails_during_a_call_is_sold_in_it(name):
    """It sent orders that a call refuses, or none, and sold into what the call had left."""
    scene = Scene(DESIGNS[name](), CALL)
    scene.fail()
    # One market order waits, however often it is looked at.
    scene.wait(5)
    assert scene.own() == [(SELL, lob.OrderType.MARKET, 0, 10)]
    scene.rest(BUY, 94, 6)
    scene.rest(BUY, 93, 20)
    scene.wait(5)
    assert scene.own() == [(SELL, lob.OrderType.MARKET, 0, 10)]
    assert scene.trades() == []
    found = scene.venue.set_session(0, CONTINUOUS, 92)
    assert (found.price, found.volume) == (93, 10)
    assert sorted(scene.trades()) == [(93, 4, Reason.UNCROSS), (93, 6, Reason.UNCROSS)]
    scene.wait(1)
    assert scene.done()
    assert scene.rejected() == 0
    # 100 of margin less 7 a lot.
    assert scene.clearing.account(scene.account).cash == 30
    tags = scene.venue.events[scene.venue.events["kind"] == EventKind.TRADE]
    assert set(tags["resting_tag"].tolist()) == {lob.LIQUIDATION_TAG + 1}


@pytest.mark.parametrize("name", DESIGNS)
def test_what_a_call_leaves_is_sold_when_the_book_trades_again(name):
    scene = Scene(DESIGNS[name](), CALL)
    scene.fail()
    scene.rest(BUY, 90, 6)
    scene.venue.set_session(0, CONTINUOUS, 92)
    assert [size for _, size, _ in scene.trades()] == [6]
    assert scene.own() == []
    scene.rest(BUY, 89, 20)
    scene.wait(2)
    assert [row[:2] for row in scene.trades()] == [(90, 6), (89, 4)]
    assert scene.done()


@pytest.mark.parametrize("name", DESIGNS)
def test_an_account_that_fails_during_a_halt_is_sold_after_it(name):
    scene = Scene(DESIGNS[name]())
    scene.rest(BUY, 91, 20)
    scene.venue.set_session(0, HALTED)
    scene.fail()
    # An hour of patience of the only stage, then the lenders took it over.
    scene.wait(7_200)
    assert (scene.own(), scene.trades(), scene.rejected()) == ([], [], 0)
    scene.venue.set_session(0, CONTINUOUS)
    scene.wait(1)
    assert scene.trades() == [(91, 10, Reason.NONE)]
    assert scene.done()


@pytest.mark.parametrize("name", DESIGNS)
def test_after_a_breaker_s_halt_a_liquidation_takes_part_in_the_reopening(name):
    """A sale trips the breaker and lets the account fail: it is in the call after the halt."""
    clearing = Clearing(
        holdings=[Holding(Oracle(Last()), FlatMargin(100_000, 50_000))],
        liquidation_engine=DESIGNS[name](),
    )
    breaker = CircuitBreaker(move=50_000, halt=30 * SECOND_NS, call=20 * SECOND_NS)
    venue = lob.Venue(1, clearings=[clearing], breakers=[breaker])
    venue.process(np.concatenate([order(i, BUY, 100 - i, 5) for i in range(1, 12)]))
    venue.process(order(20, SELL, None, 1))
    account = clearing.open(FIRST_OWNER, [100], [10], entry_prices=[100])
    venue.refresh()
    venue.process(order(21, SELL, None, 39, ts_event=5))
    assert (venue.books[0].session, clearing.case_count) == (HALTED, 1)
    venue.advance(29 * SECOND_NS)
    assert clearing.account(account).positions["0"] == 10
    venue.advance(32 * SECOND_NS)
    assert venue.books[0].session == CALL
    assert (venue.books[0].orders()["owner"] == FIRST_OWNER).sum() == 1
    venue.process(order(22, BUY, 95, 50, ts_event=venue.now))
    venue.advance(60 * SECOND_NS)
    assert venue.books[0].session == CONTINUOUS
    forced = venue.events[venue.events["resting_tag"] >= lob.LIQUIDATION_TAG]
    assert set(forced["reason"].tolist()) == {Reason.UNCROSS}
    assert forced["size"].sum() == 10
    assert clearing.open_cases == 0
    venue.check()


def test_a_stage_with_a_limit_waits_in_the_call_and_takes_back_what_is_left():
    """A limit order that outlived its call would rest in the book."""
    scene = Scene(StagedDesign([Stage(price_path=AtBankruptcy()), Stage()]), CALL)
    scene.fail()
    assert scene.own() == [(SELL, lob.OrderType.LIMIT, 90, 10)]
    scene.rest(BUY, 91, 4)
    scene.venue.set_session(0, CONTINUOUS, 92)
    assert scene.trades() == [(90, 4, Reason.UNCROSS)]
    scene.wait(1)
    assert scene.own() == []
    assert not scene.done()
    scene.rest(BUY, 90, 20)
    scene.wait(1)
    assert [size for _, size, _ in scene.trades()] == [4, 6]
    assert scene.done()


@pytest.mark.parametrize("session", [CALL, HALTED])
@pytest.mark.parametrize("first", [Stage(moves_on=True), Stage(takers=Resting(), patience=SECOND_NS,
                                   price_path=AtBankruptcy())])  # fmt: skip
def test_no_stage_gives_a_case_up_because_the_book_is_closed(session, first):
    """Who was to take over what the book leaves took over what it had not been asked for."""
    scene = Scene(StagedDesign([first, Stage(takers=Opposing(), patience=SECOND_NS)]), session)
    other = scene.clearing.open(OTHERS, [500], [-10], entry_prices=[100])
    scene.venue.refresh()
    scene.fail()
    scene.wait(60)
    assert scene.clearing.account(other).positions["0"] == -10
    assert scene.clearing.account(scene.account).positions["0"] == 10
    if session == HALTED:
        assert scene.own() == []
        scene.venue.set_session(0, CALL)
        scene.wait(2)
    assert len(scene.own()) == 1
    scene.rest(BUY, 95, 10)
    scene.venue.set_session(0, CONTINUOUS, 92)
    scene.wait(2)
    assert scene.done()
    assert scene.clearing.account(other).positions["0"] == -10


def test_the_patience_of_a_stage_goes_on_where_it_stopped():
    first = Stage(price_path=AtBankruptcy(), patience=3 * SECOND_NS)
    scene = Scene(StagedDesign([first, Stage()]))
    scene.rest(BUY, 80, 20)
    scene.fail()
    scene.wait(1.5)
    scene.venue.set_session(0, HALTED)
    scene.wait(60)
    scene.venue.set_session(0, CONTINUOUS)
    # A look a second: a part of a second of the halt may count.
    scene.wait(0.9)
    assert scene.trades() == []
    scene.wait(2)
    assert [row[:2] for row in scene.trades()] == [(80, 10)]
    assert scene.done()


def test_an_account_that_is_safe_again_takes_its_order_out_of_the_call():
    scene = Scene(MarketSale(sizing=lambda clearing, case, held: 5), CALL)
    scene.fail()
    scene.rest(BUY, 99, 5)
    assert scene.venue.uncross(0, 92).volume == 5
    scene.wait(1)
    assert scene.clearing.account(scene.account).positions["0"] == 5
    assert scene.own() == []
    assert scene.done()


def test_a_vault_sells_when_the_book_trades_continuously():
    vault = Vault("vault", 100_000, unwind=1_000_000)
    scene = Scene(StagedDesign([Stage(takers=Backstop((vault,)))]), CALL)
    scene.rest(BUY, 91, 20)
    scene.fail()
    scene.wait(600)
    assert scene.done()
    assert (scene.trades(), scene.rejected()) == ([], 0)
    scene.venue.set_session(0, CONTINUOUS)
    scene.wait(2)
    assert [row[:2] for row in scene.trades()] == [(91, 10)]


def test_a_cross_account_waits_in_the_calls_of_two_books():
    clearing = Clearing(
        holdings=[
            Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000), instrument=i) for i in range(2)
        ],
        liquidation_engine=StagedDesign([Stage()]),
    )
    venue = lob.Venue(2, clearings=[clearing])
    entry = np.full((2, 1), 100)
    clearing.open(FIRST_OWNER, [200], np.array([[10], [10]]), entry_prices=entry, cross=True)
    venue.refresh()
    for book in range(2):
        venue.set_session(book, CALL)
    clearing.observe_price(80)
    venue.advance(5 * SECOND_NS)
    for book in range(2):
        assert venue.books[book].orders()["size"].tolist() == [10]
        venue.process(order(1, BUY, 90, 10, instrument=book, ts_event=venue.now))
        venue.set_session(book, CONTINUOUS, 90)
    venue.advance(7 * SECOND_NS)
    assert clearing.open_cases == 0
    twin = venue.copy()
    assert twin.digest() == venue.digest()
    assert (venue.messages["kind"] == Kind.CANCEL).sum() == 0
    venue.check()
