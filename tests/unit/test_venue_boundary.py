"""What a venue does not let in: words of its own, trades it could not settle, accounts unseen."""

import numpy as np
import pytest

import agents
import lob
from lob import EventKind, Flag, Kind, Reason, Session
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation import Frozen, MarketSale
from tests.messages import BUY, SELL, batch, cancel, new, reduce, replace, row
from tests.venues import FIRST_OWNER, WORLD_OWNER, asking, order, venue_with

CALL, CONTINUOUS = Session.CALL, Session.CONTINUOUS
FIRST, SECOND = FIRST_OWNER, FIRST_OWNER + 1


def opened(clearing, cash, positions=None):
    positions = np.zeros(len(cash), np.int64) if positions is None else np.array(positions)
    return clearing.open(FIRST_OWNER, np.array(cash), positions)


# ---------------------------------------------------------------- what only the venue may say


class Sender(agents.Agent):
    """Sends an array as it starts, and keeps what comes of it."""

    def __init__(self, rows, **arguments):
        super().__init__("a sender", owner=FIRST_OWNER, **arguments)
        self.rows = rows
        self.heard = []

    def on_start(self):
        self.submit_messages(self.rows)

    def on_event(self, event):
        self.heard.append((event.kind, event.reason, event.side, repr(event)))


BEYOND = [
    (new(9, BUY, 100, 5, flags=Flag.VENUE), "flags must not have VENUE"),
    (cancel(1, flags=Flag.VENUE), "flags must not have VENUE"),
    (replace(1, 100, 9, flags=Flag.VENUE | Flag.TOTAL_SIZE), "flags must not have VENUE"),
    (reduce(1, 1, flags=255), "flags must not have VENUE"),
    (new(-1, BUY, 100, 5), "order_id must be 0 or more"),
    (row(Kind.SESSION, Session.HALTED), "kind must be one that a participant may send"),
    (row(Kind.UNCROSS, 0), "kind must be one that a participant may send"),
    (row(Kind.BAND, 0, price=1, stop_price=2), "kind must be one that a participant may send"),
]


@pytest.mark.parametrize(("message", "says"), BEYOND)
def test_a_participant_may_not_say_what_the_venue_says(message, says):
    """Margin checks were skipped, and a replay gave another tape."""
    simulation = agents.Simulation(seed=1)
    simulation.add(Sender(batch(new(1, BUY, 100, 5), message)))
    with pytest.raises(agents.AgentError, match=rf"messages\[1\]: {says}"):
        simulation.run(until=10)
    # All rows are looked at before any is sent.
    assert len(simulation.messages) == 0
    assert simulation.books[0].session == CONTINUOUS


def test_the_orders_of_the_venue_find_a_free_id():
    """Who took its next id kept a liquidation from selling."""
    venue, clearing = venue_with(liquidation_engine=MarketSale())
    venue.process(batch(order(-1, BUY, 90, 50), order(-2, BUY, 89, 50)))
    first = opened(clearing, [0], [10])
    venue.process(order(5, SELL, 95, 1))
    venue.ledger.transfer(clearing.cash_asset, first, 0, 1_000)
    venue.advance(10)
    own = venue.events[venue.events["flags"] & Flag.VENUE != 0]
    assert EventKind.REJECTED not in own["kind"]
    assert own["order_id"][own["kind"] == EventKind.ACCEPTED].tolist() == [-3]
    venue.check()


# ---------------------------------------------------------------- whose order it is


@pytest.mark.parametrize(
    "message", [cancel(1), reduce(1, 2), replace(1, 101, 5), replace(1, 100, 900)]
)
def test_a_stranger_does_not_change_the_order_of_an_account(message):
    venue, clearing = venue_with(liquidation_engine=Frozen())
    opened(clearing, [1_000, 10**6])
    venue.process(order(1, BUY, 100, 5, owner=FIRST))
    for owner in (SECOND, WORLD_OWNER):
        message["owner"] = owner
        assert venue.process(message)["reason"].tolist() == [Reason.NOT_OWNER]
    assert clearing.working_orders(venue.ledger.owner_account(FIRST)) == (5, 0)
    venue.check()


@pytest.mark.parametrize("owner", [FIRST, 0])
def test_a_replacement_is_held_against_the_margin_of_the_order_s_owner(owner):
    venue, clearing = venue_with(liquidation_engine=Frozen())
    opened(clearing, [1_000])
    venue.process(order(1, BUY, 100, 5, owner=FIRST))
    events = venue.process(replace(1, 100, 900, owner=owner))
    assert events["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN]
    total = replace(1, 100, 8, owner=owner, flags=Flag.TOTAL_SIZE)
    assert venue.process(total)["kind"].tolist() == [EventKind.REPLACED]
    venue.process(order(2, SELL, 100, 3))
    assert clearing.working_orders(venue.ledger.owner_account(FIRST)) == (5, 0)
    # 3 of them have traded: 8 in all are 5 more, which it has already.
    assert venue.process(total)["leaves"].tolist() == [5]
    assert clearing.working_orders(venue.ledger.owner_account(FIRST)) == (5, 0)
    venue.process(replace(1, 100, 2, owner=owner, flags=Flag.TOTAL_SIZE))
    assert clearing.working_orders(venue.ledger.owner_account(FIRST)) == (0, 0)
    venue.check()


@pytest.mark.parametrize(
    ("side", "start", "worse", "better"), [(BUY, 90, 200, 80), (SELL, 110, 40, 120)]
)
def test_a_worse_price_is_held_against_the_margin_as_a_new_order_would_be(
    side, start, worse, better
):
    """100 lots bought at twice the mark cost the account 10,000, which it had not."""
    venue, clearing = venue_with(liquidation_engine=Frozen())
    opened(clearing, [1_500])
    account = venue.ledger.owner_account(FIRST)
    venue.process(order(9, side, worse, 30))
    new = order(1, side, worse, 100, owner=FIRST)
    assert venue.process(new)["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN]
    venue.process(order(1, side, start, 100, owner=FIRST))
    before = venue.books[0].digest()
    for fields in ({}, {"owner": 0}, {"size": 40}, {"flags": Flag.TOTAL_SIZE}):
        message = replace(1, worse, 100, owner=FIRST)
        for name, value in fields.items():
            message[name] = value
        assert venue.process(message)["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN], fields
        assert venue.books[0].digest() == before
    assert clearing.working_orders(account) == ((100, 0) if side > 0 else (0, 100))
    # As far as a new order in its place may go it may.
    few = 3
    assert venue.process(replace(1, worse, few, owner=FIRST))["kind"][0] == EventKind.REPLACED
    assert clearing.working_orders(account) == ((few, 0) if side > 0 else (0, few))
    assert venue.process(replace(1, better, 2, owner=FIRST))["kind"][0] == EventKind.REPLACED
    assert venue.process(replace(1, 100, 100, owner=FIRST))["kind"][0] == EventKind.REPLACED
    assert clearing.working_orders(account) == ((100, 0) if side > 0 else (0, 100))
    venue.check()


def test_less_at_the_same_price_needs_no_margin():
    venue, clearing = venue_with(liquidation_engine=Frozen())
    first = opened(clearing, [1_000])
    venue.process(order(1, BUY, 100, 100, owner=FIRST))
    venue.process(asking(Kind.WITHDRAW, FIRST, clearing.cash_asset, 1_000))
    assert clearing.account(first).cash == 0
    for message in (replace(1, 100, 90, owner=FIRST), replace(1, 99, 90, owner=FIRST)):
        assert venue.process(message)["kind"][0] == EventKind.REPLACED
    worse = venue.process(replace(1, 100, 90, owner=FIRST))
    assert worse["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN]


def test_a_reduce_only_order_is_not_replaced_to_more_than_there_is_to_reduce():
    """Priced to trade at once it turned the position round, before it was cut."""
    venue, clearing = venue_with(liquidation_engine=Frozen())
    first = opened(clearing, [10_000], [10])
    venue.process(order(9, BUY, 95, 100))
    venue.process(order(1, SELL, 100, 4, owner=FIRST, flags=Flag.REDUCE_ONLY))
    venue.process(replace(1, 95, 50, owner=FIRST))
    assert clearing.account(first).positions["0"] == 0
    assert clearing.working_orders(first) == (0, 0)
    venue.check()


def test_a_worse_price_in_a_book_whose_lots_back_nothing_counts_the_order_once():
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
        liquidation_engine=Frozen(),
    )
    venue = lob.Venue(2, clearings=[clearing])
    opened(clearing, [1_000])
    venue.process(order(1, BUY, 50, 10, instrument=1, owner=FIRST))
    found = venue.process(replace(1, 101, 10, instrument=1, owner=FIRST))
    assert found["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN]
    found = venue.process(replace(1, 100, 10, instrument=1, owner=FIRST))
    assert found["kind"].tolist() == [EventKind.REPLACED]
    venue.check()


def test_members_of_one_agent_cancel_their_own_orders():
    class Many(agents.Agent):
        def on_start(self):
            self.submit_messages(
                batch(new(11, BUY, 100, 5, owner=SECOND), new(12, BUY, 99, 5, owner=FIRST))
            )
            assert self.open_orders[11].owner == SECOND
            self.cancel(11)
            self.replace(12, size=3)

    simulation = agents.Simulation(seed=1)
    simulation.add(Many("many", owner=FIRST, members=4))
    simulation.run(until=10)
    assert simulation.books[0].orders()["order_id"].tolist() == [12]
    assert Reason.NOT_OWNER not in simulation.events["reason"]


def test_a_fill_on_its_way_does_not_make_a_replaced_order_larger():
    """The order of 10 has traded 3 when the replacement to 7 arrives."""

    class Late(agents.Agent):
        def on_start(self):
            self.order = self.buy(10, price=100)
            self.wake_in(40)

        def on_wake(self):
            self.replace(self.order, size=7, total_size=True)

    class Seller(agents.Agent):
        def on_start(self):
            self.wake_in(45)

        def on_wake(self):
            self.sell(3, protection=5)

    simulation = agents.Simulation(seed=1)
    late = simulation.add(Late("late", computation_delay=10))
    simulation.add(Seller("seller"))
    simulation.run(until=100)
    assert simulation.books[0].orders()[["size", "filled"]].tolist() == [(4, 3)]
    assert late.position() == 3
    with pytest.raises(ValueError, match="size must be given with total_size"):
        late.replace(late.order, total_size=True)


def test_an_event_without_a_side_is_told():
    simulation = agents.Simulation(seed=1)
    sender = simulation.add(Sender(cancel(5)))
    simulation.run(until=10)
    ((kind, reason, side, shown),) = sender.heard
    assert (kind, reason, side) == (EventKind.REJECTED, Reason.UNKNOWN_ORDER, None)
    assert "side=None" in shown


# ---------------------------------------------------------------- what cannot be settled


BIG = 2**62 // 100


def plain(multiplier=1, inverse=False, fee=0):
    instrument = lob.Instrument(
        "X", number=0, multiplier=multiplier, inverse=inverse, taker_fee=fee, maker_fee=fee
    )
    venue = lob.Venue([instrument])
    for owner in (FIRST, SECOND):
        venue.ledger.open_account(f"account {owner}", owner=owner)
    return venue


def refused(venue, message):
    before = [book.digest() for book in venue.books]
    events = venue.process(message)
    assert events["reason"].tolist() == [Reason.UNSETTLED]
    assert [book.digest() for book in venue.books] == before
    venue.check()


@pytest.mark.parametrize("owner", [FIRST, WORLD_OWNER])
def test_an_order_worth_more_than_a_ledger_holds_is_refused(owner):
    venue = plain()
    refused(venue, order(1, BUY, 101, BIG, owner=owner))
    refused(venue, order(1, SELL, -101, BIG, owner=owner))
    venue.process(order(1, BUY, 99, BIG, owner=owner))
    refused(venue, replace(1, 99, 2 * BIG, owner=owner))
    refused(venue, replace(1, 101, BIG, owner=owner))
    refused(plain(multiplier=2**40), order(1, BUY, 2**21, 2, owner=owner))


@pytest.mark.parametrize("lots", [2**60 - 1, 2**60, 2**60 + 1, 2**61 - 1])
@pytest.mark.parametrize("side", [BUY, SELL])
def test_an_order_worth_as_much_as_a_ledger_holds_is_taken(side, lots):
    """Half of that is where a rough product no longer tells."""
    venue = plain()
    venue.process(order(1, -side, 2, lots, owner=SECOND))
    refused(venue, order(2, side, 2, 2**61, owner=FIRST))
    assert EventKind.TRADE in venue.process(order(2, side, 2, lots, owner=FIRST))["kind"]
    venue.check()
    assert abs(venue.ledger.balance(venue.ledger.owner_account(FIRST), 0)) == 2 * lots


def test_a_trade_that_cannot_be_settled_is_refused_before_it_matches():
    """The order was gone and the trade on the tape, and the ledger knew nothing of it."""
    venue = lob.Venue(1)
    # From before anybody had an account: nothing was asked of it.
    venue.process(order(1, SELL, 2**40, 2**40))
    venue.ledger.open_account("late", owner=FIRST)
    for message in (
        order(2, BUY, None, 2**40, owner=FIRST),
        order(2, BUY, None, 2**40, owner=FIRST, trail=5),
        order(2, BUY, 2**40, 2**40, owner=FIRST, time_in_force=1),
    ):
        refused(venue, message)
    assert venue.process(order(2, BUY, None, 3, owner=FIRST))["size"].tolist() == [3, 3]
    assert venue.ledger.balance(venue.ledger.owner_account(FIRST), 0) == -3 * 2**40
    # Outsiders may trade what they like with each other.
    assert EventKind.TRADE in venue.process(order(3, BUY, None, 2**40, owner=9))["kind"]
    venue.check()


@pytest.mark.parametrize("price", [0, -5])
def test_an_inverse_contract_has_a_price_of_1_or_more(price):
    venue = plain(inverse=True)
    refused(venue, order(1, BUY, price, 5, owner=FIRST))
    refused(venue, order(1, SELL, price, 5))
    venue.process(order(1, SELL, 5, 5))
    assert EventKind.TRADE in venue.process(order(2, BUY, 5, 5, owner=FIRST))["kind"]
    venue.check()


def test_an_inverse_contract_does_not_trade_at_zero_with_an_account_that_came_later():
    venue = lob.Venue([lob.Instrument("X", number=0, inverse=True)])
    venue.process(order(1, SELL, 0, 5))
    venue.ledger.open_account("late", owner=FIRST)
    refused(venue, order(2, BUY, 9, 5, owner=FIRST))
    refused(venue, order(2, BUY, None, 5, owner=FIRST))


def test_an_auction_that_cannot_be_settled_is_refused():
    venue = plain()
    venue.set_session(0, CALL)
    for owner, side in ((FIRST, BUY), (WORLD_OWNER, SELL)):
        venue.process(order(owner, side, None, BIG, owner=owner))
    before = venue.books[0].digest()
    assert venue.uncross(0, 101) is None
    assert venue.set_session(0, CONTINUOUS, 101) is None
    assert (venue.books[0].session, venue.books[0].digest()) == (CALL, before)
    assert venue.events["reason"][-2:].tolist() == [Reason.UNSETTLED] * 2
    assert venue.set_session(0, CONTINUOUS, 99).volume == BIG
    venue.check()


def test_balances_that_would_not_fit_are_refused_before_anything_moves():
    venue = plain(fee=500_000)
    for number in range(1, 7):
        venue.process(order(number, BUY, 3, 2**60, owner=FIRST))
        events = venue.process(order(-number, SELL, 3, 2**60))
        if Reason.UNSETTLED in events["reason"]:
            break
        venue.check()
    else:
        raise AssertionError("a balance of more than 64 bits")
    assert number > 1
    venue.check()
    refused(venue, order(99, SELL, 3, 2**60))
    # What fits still trades.
    assert EventKind.TRADE in venue.process(order(99, SELL, 3, 5))["kind"]
    assert venue.copy().process(order(98, SELL, 3, 5))["kind"].tolist() == [1, 3]
    venue.check()


def test_deposits_that_would_not_fit_are_refused():
    venue = plain()
    said = [
        int(event["reason"])
        for _ in range(3)
        for event in venue.process(asking(Kind.DEPOSIT, FIRST, 0, lob.MAX_SIZE))
    ]
    assert said == [Reason.UNSETTLED]
    venue.check()


def test_check_sees_trades_that_were_not_settled():
    """Whatever raises in the middle of a message, here the writer of the entries."""

    class BrokenError(Exception):
        pass

    class Entries:
        def write(self, rows):
            raise BrokenError

    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
        liquidation_engine=Frozen(),
    )
    venue = lob.Venue(1, clearings=[clearing], entries=Entries())
    opened(clearing, [10**9])
    pairs = np.concatenate([order(1, SELL, 100, 1), order(-1, BUY, 100, 1, owner=FIRST)])
    with pytest.raises(BrokenError):
        venue.process(np.tile(pairs, 40_000))
    with pytest.raises(AssertionError, match=r"trades up to event \d+ are not settled"):
        venue.check()


# ---------------------------------------------------------------- accounts that come later


def test_accounts_that_open_later_are_settled_without_another_call():
    venue, clearing = venue_with(liquidation_engine=Frozen())
    venue.process(order(1, SELL, 100, 5))
    first = opened(clearing, [1_000])
    venue.process(order(2, BUY, 100, 5, owner=FIRST))
    base = venue.ledger.asset(clearing.holdings[0].name)
    assert venue.ledger.balance(first, base) == 5
    venue.check()


def test_an_account_that_fails_as_it_opens_is_liquidated_without_another_call():
    venue, clearing = venue_with(liquidation_engine=MarketSale())
    venue.process(order(1, BUY, 90, 50))
    opened(clearing, [-1_000], [10])
    assert venue.next_deadline() == venue.now
    venue.advance(venue.now)
    assert clearing.open_cases == 0
    assert len(venue.events) > 1


def test_timers_that_are_set_later_run_without_another_call():
    venue, clearing = venue_with(liquidation_engine=Frozen())
    seen = []
    clearing.every(10, lambda clearing, ts: seen.append(ts))
    venue.advance(35)
    assert seen == [10, 20, 30]


# ---------------------------------------------------------------- funding of two clearings


def two_clearings():
    both = [
        Clearing(
            name,
            holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000))],
            liquidation_engine=Frozen(),
        )
        for name in ("a", "b")
    ]
    venue = lob.Venue(1, clearings=both)
    firsts = [
        clearing.open(owner, np.array([1_000]), np.array([lots]))
        for clearing, owner, lots in zip(both, (FIRST, 2 * FIRST), (70, -30), strict=True)
    ]
    return venue, both, firsts


def test_funding_of_one_clearing_charges_no_account_of_another():
    venue, (a, b), (first, second) = two_clearings()
    cash = a.cash_asset
    before = venue.ledger.balance(a.fund, cash)
    assert a.pay_funding(1_500) == 11  # 7,000 x 0.0015 = 10.5
    assert venue.ledger.balance(first, cash) == 1_000 - 11
    assert venue.ledger.balance(second, cash) == 1_000
    assert venue.ledger.balance(a.fund, cash) - before == 1
    a.check()
    b.check()
    b.pay_funding(1_500)
    assert venue.ledger.balance(first, cash) == 1_000 - 11
    assert venue.ledger.balance(second, cash) == 1_000 + 4
    venue.check()
