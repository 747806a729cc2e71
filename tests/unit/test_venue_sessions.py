"""Sessions, auctions and bands of a venue: who is settled, counted and charged, and how."""

import copy

import numpy as np
import pytest

import agents
import lob
from agents.traders import TWAP, Executor
from lob import Cause, EntryKind, EventKind, Flag, Kind, Reason, Session
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed, Last, Mid
from lob.liquidation import Frozen, LiquidationDesign, MarketSale
from lob.venue.breaker import Breaker, ScheduledCallAuction
from tests.messages import row
from tests.venues import FIRST_OWNER, TAKER, HandsOver, order, tags_of_taker, venue_with

BUY, SELL = lob.Side.BUY, lob.Side.SELL
CALL, CONTINUOUS, HALTED = Session.CALL, Session.CONTINUOUS, Session.HALTED
PRICED = [lob.Instrument("X", number=0, maker_fee=1_000, taker_fee=5_000)]


def accounts(clearing, positions, margin=1_000):
    """Accounts of owners from FIRST_OWNER on: their cash, and lots held at 100."""
    margins, prices = (np.full(len(positions), value) for value in (margin, 100))
    first = clearing.open(FIRST_OWNER, margins, np.array(positions), entry_prices=prices)
    clearing.market.refresh()
    return first


def working(clearing, first, count):
    return [clearing.working_orders(first + i) for i in range(count)]


def state(venue, asset, account):
    return venue.ledger.balance(account, venue.ledger.asset(asset))


def test_both_sides_of_an_auction_are_settled_counted_and_charged_as_makers():
    venue, clearing = venue_with(instruments=PRICED, liquidation_engine=Frozen())
    first = accounts(clearing, [0, 0, 0])
    base, cash = clearing.holdings[0].name, venue.instruments[0].quote
    before = [state(venue, cash, first + i) for i in range(3)]
    venue.set_session(0, CALL)
    venue.process(order(1, BUY, 105, 6, owner=FIRST_OWNER))
    venue.process(order(2, SELL, 95, 4, owner=FIRST_OWNER + 1))
    venue.process(order(3, SELL, 97, 5, owner=FIRST_OWNER + 2))
    assert working(clearing, first, 3) == [(6, 0), (0, 4), (0, 5)]
    assert venue.books[0].indicative() == (97, 6, -3, 97, 105)
    found = venue.uncross(0)
    assert found == (97, 6, -3, 97, 105)
    assert working(clearing, first, 3) == [(0, 0), (0, 0), (0, 3)]
    assert [state(venue, base, first + i) for i in range(3)] == [6, -4, -2]
    # 1,000 ppm of 4 and of 2 lots at 97, each rounded up.
    paid = [1 + 1, 1, 1]
    after = [state(venue, cash, first + i) for i in range(3)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [
        -6 * 97 - paid[0],
        4 * 97 - paid[1],
        2 * 97 - paid[2],
    ]
    venue.set_session(0, CONTINUOUS)
    assert len(venue.books[0]) == 1
    venue.process(order(4, BUY, None, 3, owner=FIRST_OWNER))
    assert working(clearing, first, 3) == [(0, 0)] * 3
    venue.check()
    fees = venue.entries[venue.entries["kind"] == EntryKind.FEE]["amount"].tolist()
    # Of 291 in continuous trading: the taker pays 5,000 ppm, the maker 1,000.
    assert sorted(fees) == sorted([*[1] * 4, 2, 1])


def test_an_owner_on_both_sides_of_an_auction_keeps_what_it_has():
    venue, clearing = venue_with(liquidation_engine=Frozen())
    first = accounts(clearing, [0])
    venue.set_session(0, CALL)
    venue.process(order(1, BUY, 101, 5, owner=FIRST_OWNER))
    venue.process(order(2, SELL, 100, 5, owner=FIRST_OWNER))
    venue.uncross(0, 100)
    assert working(clearing, first, 1) == [(0, 0)]
    assert state(venue, venue.instruments[0].quote, first) == 1_000
    venue.check()


def test_lots_taken_off_for_self_trade_are_counted():
    venue, clearing = venue_with(liquidation_engine=Frozen())
    first = accounts(clearing, [0])
    venue.set_session(0, CALL)
    venue.process(order(1, BUY, 101, 5, owner=FIRST_OWNER, stp=4))
    venue.process(order(2, SELL, 100, 3, owner=FIRST_OWNER))
    venue.uncross(0, 100)
    assert working(clearing, first, 1) == [(2, 0)]
    venue.set_band(0, None, 100)
    assert working(clearing, first, 1) == [(0, 0)]
    venue.check()


def test_a_rejected_order_of_an_account_is_not_counted():
    venue, clearing = venue_with(liquidation_engine=Frozen())
    first = accounts(clearing, [0])
    venue.set_session(0, HALTED)
    events = venue.process(order(1, BUY, 101, 5, owner=FIRST_OWNER))
    assert events["reason"].tolist() == [Reason.HALTED]
    assert working(clearing, first, 1) == [(0, 0)]
    venue.check()


def test_random_auctions_conserve_and_keep_count():
    rng = np.random.default_rng(5)
    venue, clearing = venue_with(instruments=PRICED, liquidation_engine=Frozen())
    first = accounts(clearing, [0] * 6, 10**6)
    for number in range(400):
        if number % 40 == 0:
            venue.set_session(0, CALL)
        if number % 40 == 30:
            venue.set_session(0, CONTINUOUS)
        if number % 50 == 49:
            venue.uncross(0, 100)
        side = int(rng.choice([BUY, SELL]))
        venue.process(
            order(
                number + 1,
                side,
                int(rng.integers(95, 106)),
                int(rng.integers(1, 9)),
                owner=FIRST_OWNER + int(rng.integers(0, 8)),
                stp=int(rng.choice([0, 0, 4])),
            )
        )
        venue.check()
        orders = venue.books[0].orders()
        for i in range(6):
            mine = orders[orders["owner"] == FIRST_OWNER + i]
            lots = tuple(int(mine["size"][mine["side"] == side].sum()) for side in (BUY, SELL))
            assert clearing.working_orders(first + i) == lots
    assert (venue.events["reason"] == Reason.UNCROSS).sum() > 50


# ---------------------------------------------------------------- prices and liquidations


def test_quotes_do_not_move_marks_until_trading_goes_on():
    clearing = Clearing(
        holdings=[Holding(Oracle(Mid()), FlatMargin(100_000, 50_000))], liquidation_engine=Frozen()
    )
    venue = lob.Venue(1, clearings=[clearing])
    venue.process(order(1, BUY, 99, 5))
    venue.process(order(2, SELL, 101, 5))
    assert clearing.holdings[0].mark_price == 100
    venue.set_session(0, CALL)
    venue.process(order(3, BUY, 500, 1))
    assert clearing.holdings[0].mark_price == 100
    venue.set_session(0, HALTED)
    venue.process(row(Kind.CANCEL, 3))
    venue.process(row(Kind.CANCEL, 2))
    assert clearing.holdings[0].mark_price == 100
    venue.set_session(0, CONTINUOUS)
    venue.process(order(4, SELL, 105, 5))
    assert clearing.holdings[0].mark_price == 102


def test_a_liquidation_waits_for_a_market_and_then_sells():
    venue, clearing = venue_with(
        oracle=Oracle(Fixed(100)),
        margin=FlatMargin(100_000, 50_000),
        liquidation_engine=MarketSale(),
    )
    first = accounts(clearing, [10], 120)
    venue.process(order(1, BUY, 90, 50))
    venue.set_session(0, HALTED)
    clearing.observe_price(90)
    venue.refresh()
    venue.advance(5_000_000_000)
    assert state(venue, clearing.holdings[0].name, first) == 10
    assert (venue.events["kind"] == EventKind.REJECTED).sum() == 0
    venue.set_session(0, CONTINUOUS)
    venue.advance(7_000_000_000)
    assert state(venue, clearing.holdings[0].name, first) == 0
    venue.check()


class Resting(LiquidationDesign):
    """Lets an order for all that failed rest at 100."""

    def on_failure(self, case):
        self.rest(case, abs(self.held(case)), 100)


def test_an_auction_with_orders_of_two_liquidations_tells_both():
    """What a long and a short account that failed have resting meets in one auction."""
    venue, clearing = venue_with(liquidation_engine=Resting())
    accounts(clearing, [10, -10], 100)
    venue.set_session(0, CALL)
    for price in (85, 115):
        clearing.observe_price(price)
        venue.refresh()
        venue.advance(1)
    assert clearing.cases["size"].tolist() == [10, -10]
    assert clearing.cases["sold"].tolist() == [0, 0]
    venue.uncross(0)
    assert clearing.cases["sold"].tolist() == [10, 10]
    assert clearing.cases["received"].tolist() == [1_000, -1_000]
    venue.check()


@pytest.mark.parametrize("tagged", [BUY, SELL])
def test_a_liquidation_on_either_side_of_an_auction_is_the_cause_of_the_mark(tagged):
    clearing = Clearing(
        holdings=[Holding(Oracle(Last()), FlatMargin(100_000, 50_000))], liquidation_engine=Frozen()
    )
    other = Clearing(
        "other",
        holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
        liquidation_engine=HandsOver(),
    )
    venue = lob.Venue(1, clearings=[clearing, other])
    (tag,) = tags_of_taker(venue, other, 1)
    venue.process(order(1, BUY, 100, 1))
    venue.process(order(2, SELL, 100, 1))
    accounts(clearing, [10], 200)
    venue.refresh()
    venue.set_session(0, CALL)
    taken = {"tag": tag, "owner": TAKER}
    venue.process(order(3, BUY, 60, 1, **(taken if tagged == BUY else {})))
    venue.process(order(4, SELL, 60, 1, **(taken if tagged == SELL else {})))
    venue.uncross(0)
    failed = venue.entries[venue.entries["kind"] == EntryKind.LIQUIDATION][1:]
    assert failed["cause"].tolist() == [Cause.LIQUIDATION]
    assert failed["parent"].tolist() == [tag]


# ---------------------------------------------------------------- tapes, forks, agents


def test_a_venue_writes_its_own_messages_and_an_operators_are_replayed():
    def script(venue):
        venue.process(order(1, BUY, 99, 5))
        venue.process(row(Kind.SESSION, CALL, order_type=1))
        venue.process(order(2, SELL, 98, 5, ts_event=3))
        venue.process(row(Kind.BAND, 0, price=90, stop_price=110, ts_event=4))
        venue.process(row(Kind.UNCROSS, 0, price=98, ts_event=5))
        return venue

    venue = script(lob.Venue(1))
    assert venue.events["kind"].tolist() == [
        EventKind.ACCEPTED,
        EventKind.SESSION,
        EventKind.ACCEPTED,
        EventKind.BAND,
        EventKind.UNCROSS,
        EventKind.TRADE,
    ]
    again = lob.Venue(1)
    again.process(venue.messages)
    assert again.digest() == venue.digest()
    venue.set_session(0, HALTED)
    assert venue.messages["flags"].tolist() == [0] * 5 + [Flag.VENUE]


def test_a_fork_keeps_session_and_band():
    venue = lob.Venue(1)
    venue.set_band(0, 90, None)
    venue.set_session(0, CALL)
    venue.process(order(1, BUY, 105, 5))
    venue.process(order(2, SELL, 95, 5))
    twin = copy.deepcopy(venue)
    assert (twin.books[0].session, twin.books[0].band) == (CALL, (90, None))
    for one in (venue, twin):
        assert one.uncross(0, 100).price == 100
    assert twin.digest() == venue.digest()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda venue: venue.set_session(1, CALL), "instrument must be 0 to 0, got 1"),
        (lambda venue: venue.set_session(0, 9), "session must be 0 to 2, got 9"),
        (lambda venue: venue.uncross(0, 1.5), "reference_price must be an integer"),
        (lambda venue: venue.set_band(0, 9, 8), "high must be 9 to"),
    ],
)
def test_misuse_of_a_venue_changes_nothing(call, says):
    venue = lob.Venue(1)
    with pytest.raises((TypeError, ValueError), match=says):
        call(venue)
    assert len(venue.messages) == 0


def test_a_halted_venue_refuses_to_uncross():
    venue = lob.Venue(1)
    venue.set_session(0, CALL)
    venue.process(order(1, BUY, 105, 5))
    venue.process(order(2, SELL, 95, 5))
    venue.set_session(0, HALTED)
    assert venue.uncross(0) is None
    assert venue.set_session(0, CONTINUOUS).volume == 5


class Quoter(agents.Agent):
    """Bids at 105 and asks at 95, and keeps what it hears."""

    def __init__(self, name, side, price):
        super().__init__(name)
        self.side, self.price, self.heard = side, price, []

    def on_start(self):
        """Send one order."""
        self.submit(self.side, 5, self.price)

    def on_event(self, event):
        """Keep the kind and the reason."""
        self.heard.append((EventKind(event.kind).name, Reason(event.reason).name))


def test_agents_hear_of_auction_trades_as_of_others_and_their_positions_follow():
    simulation = agents.Simulation(seed=1, breakers=[ScheduledCallAuction(length=15)])
    buyer = simulation.add(Quoter("buyer", BUY, 105))
    seller = simulation.add(Quoter("seller", SELL, 95))
    simulation.run(until=10)
    assert [len(agent.open_orders) for agent in (buyer, seller)] == [1, 1]
    simulation.run(until=20)
    for agent, lots in ((buyer, 5), (seller, -5)):
        assert agent.position() == lots
        assert len(agent.open_orders) == 0
        assert agent.heard == [("ACCEPTED", "NONE"), ("TRADE", "UNCROSS")]
    assert simulation.venue.books[0].session == CONTINUOUS


@pytest.mark.parametrize("delay", [0, 2])
def test_what_agents_see_of_a_call_is_its_indicative_price(delay):
    simulation = agents.Simulation(seed=1, breakers=[ScheduledCallAuction(length=15)])
    for number, (side, price) in enumerate([(BUY, 105), (SELL, 95), (SELL, 104)]):
        simulation.add(Quoter(f"trader {number}", side, price))
    watcher = simulation.add(agents.Agent("watcher", market_data_delay=delay))
    simulation.run(until=10)
    # The books' own best prices cross; five lots would trade, at 95 to 105 but for the ask of 104.
    price = simulation.books[0].indicative().price
    assert 95 <= price <= 104
    assert (watcher.best_bid(), watcher.best_ask()) == (price, price + 1)
    assert (simulation.books[0].best_bid, simulation.books[0].best_ask) == (105, 95)
    simulation.run(until=20)
    assert (watcher.best_bid(), watcher.best_ask()) == (None, 104)


class Halt(Breaker):
    """Halts its book after the first ns, until 3 s."""

    def __init__(self):
        super().__init__()
        self.due = 1

    def on_due(self, venue, ts):
        self.due = None if ts > 1 else 3 * 10**9
        venue.set_session(0, CONTINUOUS if ts > 1 else HALTED)


@pytest.mark.parametrize(
    ("breaker", "refused"),
    [(Halt(), {Reason.HALTED}), (ScheduledCallAuction(length=3 * 10**9), set())],
)
def test_an_executor_waits_for_a_halt_to_end(breaker, refused):
    """It tries again once a look, not again and again at the same moment.

    A call auction takes its market orders, which then are under way until it trades.
    """
    simulation = agents.Simulation(seed=1, breakers=[breaker])
    maker = simulation.add(Quoter("maker", BUY, 105))
    executor = simulation.add(
        Executor(
            "executor",
            side=SELL,
            size=5,
            schedule=TWAP(10, 1),
            start_in=2,
            retry=10**9,
            patience=10 * 10**9,
        )
    )
    simulation.run(until=20 * 10**9)
    assert executor.report().filled == maker.position() == 5
    assert executor.report().children <= 6
    rejected = simulation.events[simulation.events["kind"] == EventKind.REJECTED]
    assert set(rejected["reason"].tolist()) == refused
