"""Margin accounts: when they fail, what they may do, and who pays."""

import copy

import numpy as np
import pytest

import lob
from lob import Cause, EntryKind, EventKind, Flag, Kind, Reason
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, LoanToValue, PortfolioMargin, TieredMargin
from lob.clearing.oracle import BestBid, Fixed
from lob.liquidation import Frozen, MarketSale
from tests.venues import FIRST_OWNER, asking, ladder, order, uniform, venue_with


def set_mark(venue, clearing, price, ts, holding=0):
    venue.advance(ts)
    clearing.observe_price(price, holding=holding)
    venue.refresh()
    venue.advance(ts)


def fails_at(margin, cash, lots, prices, multiplier=1, inverse=False):
    """Prices at which an account is not safe, by the definition."""
    tiers = list(margin.maintenance(1 if lots > 0 else -1))

    def requirement(notional):
        lines, deduction, before = [], 0, 0
        for tier in tiers:
            deduction += tier.floor * (tier.rate - before)
            before = tier.rate
            lines.append(tier.rate * notional - deduction)
        return max(lines)

    found = []
    for price in prices:
        if inverse:
            unsafe = 10**6 * (cash * price - lots * multiplier) < requirement(
                abs(lots) * multiplier
            )
        else:
            value = lots * price * multiplier
            unsafe = 10**6 * (cash + value) < requirement(abs(value))
        if unsafe:
            found.append(price)
    return found


MODELS = {
    "none": FlatMargin(0, 0),
    "flat": FlatMargin(100_000, 50_000),
    "tiers": TieredMargin([0, 900, 2_000, 5_000], [60_000] * 4, [10_000, 25_000, 50_000, 60_000]),
    "ltv": LoanToValue(700_000, 800_000, debt_weight=100_000),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("lots", [1, 7, 40, -1, -7, -40])
def test_the_liquidation_price_is_the_least_adverse_price_that_fails(model, inverse, lots):
    margin = MODELS[model]
    for cash in (-5_000, -700, -699, -1, 0, 1, 3, 500, 701, 4_321):
        instrument = lob.Instrument("X", inverse=inverse, multiplier=100 if inverse else 1)
        _venue, clearing = venue_with(
            margin=margin, instruments=[instrument], liquidation_engine=Frozen(),
            oracle=Oracle(Fixed(2**40 if lots > 0 else 1)),
        )  # fmt: skip
        prices = range(1, 400)
        bad = fails_at(margin, cash, lots, prices, instrument.multiplier, inverse)
        account = clearing.open(FIRST_OWNER, [cash], [lots])
        state = clearing.account(account)
        if state.failed:
            assert bad == [*prices] or (lots > 0 and cash < 0)
            continue
        found = state.liquidation_price
        if lots > 0:
            assert bad == [p for p in prices if found is not None and p <= found]
        else:
            assert bad == [p for p in prices if found is not None and p >= found]
        clearing.check()


def test_an_account_is_safe_at_its_requirement_and_fails_one_tick_below():
    venue, clearing = venue_with(margin=FlatMargin(100_000, 100_000), liquidation_engine=Frozen())
    # 10 lots bought at 100 with 190: at 90 the equity is 90, a tenth of 900 exactly.
    account = clearing.open(FIRST_OWNER, [190], [10], entry_prices=[100])
    set_mark(venue, clearing, 90, 1)
    assert clearing.case_count == 0
    assert clearing.account(account).equity == 90
    set_mark(venue, clearing, 89, 2)
    assert clearing.case_count == 1
    case = clearing.cases[0]
    assert (case["mark"], case["size"], case["cause"]) == (89, 10, Cause.ORACLE)


@pytest.mark.parametrize("size", [1, 3, 7, 10**6])  # the last: one account a tick
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("depth", "density"), [(100, 0), (100, 50), (100, 80), (100, 95), (7, 3)])
def test_the_integer_law_of_the_uniform_book(depth, density, side, size):
    """An initial sale ends at the least S = Q0 + r floor(S / d) (design law, CASC-amp)."""
    start, ticks = 10_000, 700
    for first in (0, 1, depth - 1, depth, depth + 1, 5 * depth, 10 * depth + 3):
        if not first:
            continue
        drop = 0 if first < depth else 1 + (first - depth) // (depth - density)
        if drop + 2 > ticks:
            continue
        venue, clearing = uniform(depth, ticks, start, side)
        whole, rest = divmod(density, size)
        sizes = [size] * whole + ([rest] if rest else [])
        fails = np.repeat(start - side * (1 + np.arange(ticks - 2)), len(sizes))
        lots = side * np.tile(np.array(sizes, np.int64), ticks - 2)
        if len(lots):
            # Equity is zero one tick before, and negative at the failing tick.
            clearing.open(FIRST_OWNER, -(fails + side) * lots, lots)
        venue.refresh()
        venue.process(order(10**6, -side, None, first, time_in_force=1, ts_event=1))
        venue.advance(2)
        assert side * (start - clearing.holdings[0].mark_price) == drop, (first, drop)
        assert clearing.case_count == drop * len(sizes)
        assert clearing.open_cases == 0
        check_parents(venue, clearing, depth, first, start, side)
        venue.check()


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("depth", "density"), [(10, 10), (10, 17)])
def test_a_book_that_is_no_deeper_than_what_fails_in_it_is_exhausted(depth, density, side):
    """For r >= d and Q0 >= d nothing is left of the book (design law, CASC-amp)."""
    start, ticks = 10_000, 200
    venue, clearing = uniform(depth, ticks, start, side)
    fails = np.repeat(start - side * (1 + np.arange(ticks - 1)), density)
    lots = np.full(len(fails), side)
    clearing.open(FIRST_OWNER, -(fails + side) * lots, lots)
    venue.refresh()
    venue.process(order(10**6, -side, None, depth, time_in_force=1, ts_event=1))
    venue.advance(2)
    book = venue.books[0]
    assert (book.best_bid if side > 0 else book.best_ask) is None
    assert clearing.case_count == len(fails)
    venue.check()


@pytest.mark.slow
def test_the_law_holds_for_a_million_accounts():
    """CASC-amp with 12,000 ticks of 85 accounts each."""
    depth, density, first, start, ticks = 100, 85, 20_000, 1_000_000, 12_000
    venue, clearing = uniform(depth, ticks, start, 1)
    fails = np.repeat(start - 1 - np.arange(ticks - 2), density)
    clearing.open(FIRST_OWNER, -(fails + 1), np.ones(len(fails), np.int64))
    assert len(fails) > 1_000_000
    venue.refresh()
    venue.process(order(10**7, -1, None, first, time_in_force=1, ts_event=1))
    venue.advance(2)
    drop = 1 + (first - depth) // (depth - density)
    assert start - clearing.holdings[0].mark_price == drop
    assert clearing.case_count == drop * density
    check_parents(venue, clearing, depth, first, start, 1)
    venue.check()


def check_parents(venue, clearing, depth, first, start, side):
    """Every account's parent is whose sale took the last lot above its tick."""
    sold, brought = 0, {}
    for trade in venue.events[venue.events["kind"] == EventKind.TRADE]:
        sold += int(trade["size"])
        if sold % depth == 0:
            brought[start - side * (sold // depth)] = int(trade["tag"])
    for case in clearing.cases:
        fails = int(case["mark"])
        assert case["parent"] == brought[fails]
        assert case["cause"] == (Cause.LIQUIDATION if case["parent"] else Cause.TRADE)


def test_equal_accounts_branch_as_the_law_says():
    """Measured branching ratio 1 - floor(Q0 / d) / drop for equal accounts."""
    from experiments.metrics.cascade import cascade_of

    depth, density, first, start = 100, 80, 1_000, 10_000
    venue, clearing = uniform(depth, 200, start)
    fails = np.repeat(start - 1 - np.arange(190), density)
    clearing.open(FIRST_OWNER, -(fails + 1), np.ones(len(fails), np.int64))
    venue.refresh()
    venue.process(order(10**6, -1, None, first, time_in_force=1, ts_event=1))
    venue.advance(2)
    cascade = cascade_of(venue.entries, venue.events)
    drop = 1 + (first - depth) // (depth - density)
    assert len(cascade) == drop * density
    assert cascade.branching_ratio == pytest.approx(1 - (first // depth) / drop, abs=1e-12)


def test_fund_first_then_everybody_else():
    venue, clearing = uniform(10, 50, 100, insurance_fund=15)
    # The seller of 10 lots at 99 and below owes 100 a lot: 40 are missing, and 25 after the fund.
    failing = clearing.open(FIRST_OWNER, [-1_000], [10])
    rich = clearing.open(2_000, [10, 90], [0, 0])
    venue.refresh()
    venue.process(order(10**6, -1, None, 40, time_in_force=1, ts_event=1))
    venue.advance(2)
    assert clearing.account(failing).cash == 0
    entries = venue.entries
    assert entries["amount"][entries["kind"] == EntryKind.BAD_DEBT].tolist() == [40]
    assert venue.ledger.balance(clearing.fund, clearing.cash_asset) == 0
    assert clearing.socialise() == 25
    # In proportion to 10 and 90: 2.5 and 22.5. Of equal remainders the larger account bears more.
    assert [clearing.account(rich + i).cash for i in range(2)] == [8, 67]
    assert venue.ledger.balance(clearing.shortfall, clearing.cash_asset) == 0
    venue.check()


def test_what_nobody_here_can_pay_is_the_worlds():
    venue, clearing = uniform(10, 50, 100)
    clearing.open(FIRST_OWNER, [-1_000], [10])
    venue.refresh()
    venue.process(order(10**6, -1, None, 40, time_in_force=1, ts_event=1))
    venue.advance(2)
    world = venue.ledger.balance(0, clearing.cash_asset)
    assert clearing.socialise() == 40
    assert venue.ledger.balance(0, clearing.cash_asset) == world - 40
    venue.check()


def test_the_fee_is_taken_from_what_is_left():
    venue, clearing = uniform(10, 50, 100, liquidation_fee=10_000)
    account = clearing.open(FIRST_OWNER, [-990], [10])
    venue.refresh()
    # Ten lots at 98, once 99 and up are gone: 980 - 990 < 0. Then a richer one.
    rich = clearing.open(2_000, [-979], [10])
    venue.refresh()
    venue.process(order(10**6, -1, None, 10, time_in_force=1, ts_event=1))
    venue.advance(2)
    assert clearing.case_count == 0
    venue.process(order(10**6 + 1, -1, None, 10, time_in_force=1, ts_event=3))
    venue.advance(4)
    assert clearing.case_count == 2
    assert clearing.account(account).cash == 0
    # 10 lots at 98 pay the first one's debt but for 10; the second sells at 97 and keeps nothing.
    assert clearing.account(rich).cash == 0
    venue.check()


def test_a_book_that_is_empty_leaves_the_case_open_until_somebody_bids():
    venue, clearing = uniform(10, 2, 100)
    account = clearing.open(FIRST_OWNER, [-3_000], [30])
    venue.refresh()
    venue.process(order(10**6, -1, None, 10, time_in_force=1, ts_event=1))
    venue.advance(2)
    assert clearing.open_cases == 1
    assert clearing.account(account).positions == {"0": 20}
    venue.process(order(10**6 + 1, 1, 50, 100, ts_event=3))
    venue.advance(3_000_000_000)
    assert clearing.open_cases == 0
    assert clearing.account(account).positions == {"0": 0}
    venue.check()


def test_frozen_records_and_sells_nothing():
    venue, clearing = uniform(10, 50, 100, liquidation_engine=Frozen())
    account = clearing.open(FIRST_OWNER, [-1_000], [10])
    venue.refresh()
    venue.process(order(10**6, -1, None, 10, time_in_force=1, ts_event=1))
    venue.advance(2)
    assert clearing.case_count == 1
    assert clearing.account(account).failed
    assert clearing.account(account).positions["0"] == 10
    assert clearing.holdings[0].mark_price == 99
    venue.check()


def test_initial_margin_is_asked_of_what_an_order_may_lead_to():
    venue, clearing = venue_with(margin=FlatMargin(100_000, 50_000))
    venue.process(ladder(-1, 100, 5, 1_000))
    account = clearing.open(FIRST_OWNER, [100], [0])
    venue.refresh()
    # 100 of equity carry a notional of 1,000 at 10 %: 10 lots at a mark of 100.
    events = venue.process(order(10, 1, 100, 11, owner=FIRST_OWNER))
    assert events["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN]
    venue.process(order(11, 1, 90, 6, owner=FIRST_OWNER))
    assert clearing.working_orders(account) == (6, 0)
    events = venue.process(order(12, 1, 100, 5, owner=FIRST_OWNER))
    assert events["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN]
    events = venue.process(order(13, 1, 100, 4, owner=FIRST_OWNER))
    assert events["kind"].tolist() == [EventKind.ACCEPTED, EventKind.TRADE]
    state = clearing.account(account)
    assert state.positions == {"0": 4}
    assert state.cash == 100 - 400
    assert (state.equity, state.initial_margin, state.maintenance_margin) == (100, 40, 20)
    # A price beyond the mark costs its difference at once.
    events = venue.process(order(14, -1, 50, 7, owner=FIRST_OWNER))
    assert events["kind"][0] == EventKind.ACCEPTED
    venue.process(order(15, -1, 120, 1, owner=FIRST_OWNER))
    venue.check()


def test_working_orders_are_counted_through_every_change():
    venue, clearing = venue_with(margin=FlatMargin(0, 0))
    account = clearing.open(FIRST_OWNER, [10**6], [0])
    venue.refresh()

    def message(kind, order_id, **fields):
        row = order(order_id, 1, fields.pop("price", 90), fields.pop("size", 1), owner=FIRST_OWNER)
        row["kind"] = kind
        return row

    venue.process(order(1, 1, 90, 10, owner=FIRST_OWNER))
    venue.process(message(Kind.REDUCE, 1, size=3))
    assert clearing.working_orders(account) == (7, 0)
    venue.process(message(Kind.REPLACE, 1, size=12, price=91))
    assert clearing.working_orders(account) == (12, 0)
    venue.process(message(Kind.REPLACE, 1, size=5, price=91))
    assert clearing.working_orders(account) == (5, 0)
    venue.process(order(2, -1, 91, 2))
    assert clearing.working_orders(account) == (3, 0)
    venue.process(order(3, 1, 91, 4, owner=FIRST_OWNER, time_in_force=1))
    assert clearing.working_orders(account) == (3, 0)
    venue.process(message(Kind.CANCEL, 1))
    assert clearing.working_orders(account) == (0, 0)
    assert clearing.account(account).positions == {"0": 2}


def test_reduce_only_is_cut_to_the_position():
    venue, clearing = venue_with(margin=FlatMargin(0, 0))
    account = clearing.open(FIRST_OWNER, [10**6], [10])
    venue.refresh()
    events = venue.process(order(1, 1, 90, 5, owner=FIRST_OWNER, flags=Flag.REDUCE_ONLY))
    assert events["reason"].tolist() == [Reason.REDUCE_ONLY]
    events = venue.process(order(2, -1, 110, 25, owner=FIRST_OWNER, flags=Flag.REDUCE_ONLY))
    assert events["size"].tolist() == [10]
    # What plain orders sell is no longer the reduce-only order's to sell.
    venue.process(order(3, -1, 105, 4, owner=FIRST_OWNER))
    assert clearing.working_orders(account) == (0, 10)
    assert venue.books[0].get(2).size == 6
    venue.process(order(4, 1, 200, 100, time_in_force=1, ts_event=1))
    assert clearing.account(account).positions == {"0": 0}
    assert venue.books[0].get(2) is None
    events = venue.process(order(5, -1, 110, 1, owner=99, flags=Flag.REDUCE_ONLY, ts_event=1))
    assert events["reason"].tolist() == [Reason.NO_ACCOUNT]
    venue.check()


def test_withdrawals_stop_at_the_initial_margin():
    venue, clearing = venue_with(margin=FlatMargin(100_000, 50_000))
    account = clearing.open(FIRST_OWNER, [200], [10], entry_prices=[100])
    venue.refresh()
    cash = clearing.cash_asset
    events = venue.process(asking(Kind.WITHDRAW, FIRST_OWNER, cash, 101))
    assert events["reason"].tolist() == [Reason.INSUFFICIENT_MARGIN]
    assert clearing.account(account).equity == 200
    assert len(venue.process(asking(Kind.WITHDRAW, FIRST_OWNER, cash, 100))) == 0
    assert clearing.account(account).equity == 100
    venue.process(asking(Kind.DEPOSIT, FIRST_OWNER, cash, 5))
    assert clearing.account(account).equity == 105
    events = venue.process(asking(Kind.DEPOSIT, 99, cash, 5))
    assert events["reason"].tolist() == [Reason.NO_ACCOUNT]
    venue.check()


def test_an_account_in_liquidation_may_not_trade_and_its_orders_are_gone():
    venue, clearing = uniform(10, 50, 100, liquidation_engine=Frozen())
    account = clearing.open(FIRST_OWNER, [-1_000], [10])
    venue.refresh()
    venue.process(order(500, -1, 130, 5, owner=FIRST_OWNER))
    venue.process(order(10**6, -1, None, 10, time_in_force=1, ts_event=1))
    venue.advance(2)
    assert clearing.account(account).failed
    assert venue.books[0].get(500) is None
    events = venue.process(order(501, -1, 130, 5, owner=FIRST_OWNER, ts_event=3))
    assert events["reason"].tolist() == [Reason.IN_LIQUIDATION]
    events = venue.process(asking(Kind.WITHDRAW, FIRST_OWNER, clearing.cash_asset, 1, 3))
    assert events["reason"].tolist() == [Reason.IN_LIQUIDATION]


def test_funding_rounds_against_whoever_pays_or_is_paid():
    venue, clearing = venue_with(margin=FlatMargin(0, 0))
    first = clearing.open(FIRST_OWNER, [1_000] * 3, [7, -3, -4], entry_prices=[100] * 3)
    fund = venue.ledger.balance(clearing.fund, clearing.cash_asset)
    assert clearing.pay_funding(1_500) == 2  # 700 * 0.0015 = 1.05
    change = [clearing.account(first + i).equity - 1_000 for i in range(3)]
    assert change == [-2, 0, 0]  # 0.45 and 0.6 are rounded down
    assert venue.ledger.balance(clearing.fund, clearing.cash_asset) == fund + 2
    venue.check()


def test_interest_is_paid_by_those_in_debt():
    venue, clearing = venue_with(margin=LoanToValue(700_000, 800_000))
    first = clearing.open(FIRST_OWNER, [-501, 10], [10, 0])
    assert clearing.charge_interest(1_000) == 1
    assert [clearing.account(first + i).cash for i in range(2)] == [-502, 10]
    assert venue.ledger.balance(clearing.pool, clearing.cash_asset) == 1
    venue.check()


def test_debt_that_grows_fails_the_account():
    _venue, clearing = venue_with(margin=LoanToValue(700_000, 800_000), liquidation_engine=Frozen())
    clearing.open(FIRST_OWNER, [-800], [10])
    assert clearing.case_count == 0
    clearing.charge_interest(1)
    assert clearing.case_count == 1
    assert clearing.cases[0]["cause"] == Cause.ACCRUAL


class Rising:
    """A margin model whose maintenance rate is what one sets."""

    def __init__(self):
        self.rate = 50_000

    def maintenance(self, side):
        return FlatMargin(500_000, self.rate).maintenance(side)

    def initial(self, side):
        return FlatMargin(500_000, self.rate).initial(side)

    def update(self, state):
        assert state.mark_price == 100
        assert state.open_interest == 10
        self.rate = 300_000
        return True


def test_a_change_of_margin_parameters_is_a_cause():
    venue, clearing = venue_with(margin=Rising(), liquidation_engine=Frozen())
    clearing.open(FIRST_OWNER, [200], [10], entry_prices=[100])
    assert clearing.case_count == 0
    clearing.update_margin(5)
    assert clearing.case_count == 1
    assert clearing.cases[0]["cause"] == Cause.MARGIN
    entries = venue.entries
    assert entries["price"][entries["kind"] == EntryKind.PARAMETERS].tolist() == [300_000]


def portfolio_venue(count, seed, scenarios=None, liquidation_engine=None):
    random = np.random.default_rng(seed)
    holdings = [
        Holding(Oracle(Fixed(price)), FlatMargin(100_000, rate), instrument=i)
        for i, (price, rate) in enumerate([(1_000, 50_000), (500, 80_000), (2_000, 20_000)])
    ]
    clearing = Clearing(
        holdings=holdings,
        liquidation_engine=liquidation_engine or Frozen(),
        portfolio=PortfolioMargin(scenarios) if scenarios else None,
    )
    venue = lob.Venue(3, clearings=[clearing])
    lots = random.integers(-20, 21, (3, count))
    entry = np.array([[1_000], [500], [2_000]]) * np.ones((1, count), np.int64)
    margin = random.integers(100, 20_000, count)
    first = clearing.open(FIRST_OWNER, margin, lots, entry_prices=entry, cross=True)
    return venue, clearing, first, lots, margin


@pytest.mark.parametrize(
    "scenarios", [None, [(-100_000, -150_000, -50_000), (100_000, 150_000, 50_000)]]
)
def test_blocks_find_exactly_the_portfolios_that_fail(scenarios):
    count = 2_500  # more than two blocks
    venue, clearing, first, lots, margin = portfolio_venue(count, 3, scenarios)
    random = np.random.default_rng(4)
    marks = [1_000, 500, 2_000]
    cash = margin - (lots * np.array([[1_000], [500], [2_000]])).sum(axis=0)
    failed = np.zeros(count, bool)
    rates = np.array([50_000, 80_000, 20_000])

    def unsafe():
        value = lots * np.array(marks)[:, None]
        if scenarios is None:
            need = (np.abs(value) * rates[:, None]).sum(axis=0)
            return 10**6 * (cash + value.sum(axis=0)) < need
        moves = [(0, 0, 0), *scenarios]
        return np.any(
            [10**6 * cash + (value * (10**6 + np.array(m)[:, None])).sum(axis=0) < 0
             for m in moves],
            axis=0,
        )  # fmt: skip

    failed |= unsafe()
    for step in range(1, 60):
        which = int(random.integers(3))
        marks[which] += int(random.integers(-15, 16))
        set_mark(venue, clearing, marks[which], step, which)
        failed |= unsafe()
        found = {int(case["account"]) - first for case in clearing.cases}
        assert found == set(np.flatnonzero(failed).tolist())
    assert 0 < failed.sum() < count
    venue.check()


def test_a_portfolio_is_unwound_through_all_books_at_once():
    holdings = [
        Holding(Oracle(BestBid(i)), FlatMargin(100_000, 50_000), instrument=i) for i in range(2)
    ]
    clearing = Clearing(holdings=holdings, liquidation_engine=MarketSale())
    venue = lob.Venue(2, clearings=[clearing])
    for number in range(2):
        for side in (1, -1):
            rows = ladder(side, 1_000 + (side < 0), 50, 10, 1 + 100 * (side < 0))
            rows["instrument"] = number
            venue.process(rows)
    account = clearing.open(
        FIRST_OWNER, [900], [[8], [-3]], entry_prices=[[1_000], [1_000]], cross=True
    )
    venue.refresh()
    venue.process(order(10**6, -1, None, 480, time_in_force=1, ts_event=1))
    venue.advance(2)
    assert clearing.open_cases == 0
    assert set(clearing.account(account).positions.values()) == {0}
    forced = venue.events[venue.events["tag"] >= lob.LIQUIDATION_TAG]
    assert set(forced["instrument"].tolist()) == {0, 1}
    venue.check()


def test_a_run_replayed_from_its_own_messages_gives_the_same_tapes():
    def fresh():
        venue, clearing = uniform(50, 300, 10_000, insurance_fund=500)
        fails = np.repeat(9_999 - np.arange(200), 30)
        clearing.open(FIRST_OWNER, -(fails + 1), np.ones(len(fails), np.int64))
        venue.refresh()
        return venue

    venue = fresh()
    before = len(venue.messages)
    for i in range(5):
        venue.process(order(10**6 + i, -1, None, 40 * i + 30, time_in_force=1, ts_event=10 * i))
        venue.advance(10 * i + 5)
    assert (venue.messages["flags"] & Flag.VENUE).any()
    again = fresh()
    again.process(venue.messages[before:])
    again.advance(45)
    assert again.digest() == venue.digest()


def test_a_fork_goes_on_to_the_same_tapes():
    venue, clearing = uniform(50, 300, 10_000, insurance_fund=500)
    fails = np.repeat(9_999 - np.arange(200), 30)
    clearing.open(FIRST_OWNER, -(fails + 1), np.ones(len(fails), np.int64))
    venue.refresh()
    venue.process(order(10**6, -1, None, 200, time_in_force=1, ts_event=1))
    twin = copy.deepcopy(venue)
    for one in (venue, twin):
        one.advance(50)
        one.check()
    assert twin.digest() == venue.digest()
    assert clearing.case_count > 0
    assert twin.clearings[0].case_count == clearing.case_count


def test_misuse_of_open_opens_nothing():
    venue, clearing = venue_with()
    for arguments, match in [
        (([1.5], [1]), "cash must be whole"),
        (([1], [1, 2]), "positions must be 1 lots"),
        (([2**62], [1]), "cash must be below"),
    ]:
        with pytest.raises((TypeError, ValueError), match=match):
            clearing.open(FIRST_OWNER, *arguments)
    with pytest.raises(ValueError, match="entry_prices leave"):
        clearing.open(FIRST_OWNER, [0], [2**50], entry_prices=[2**20])
    assert venue.ledger.owner_account(FIRST_OWNER) == 0
    clearing.open(FIRST_OWNER, [1], [0])
    with pytest.raises(ValueError, match="has an account already"):
        clearing.open(FIRST_OWNER, [1], [0])
    with pytest.raises(ValueError, match="not one of clearing"):
        clearing.account(0)


def test_a_policy_in_python_sizes_every_sale():
    asked = []

    def half(clearing, case, position):
        asked.append((case, position))
        return max(1, abs(position) // 2)

    venue, clearing = uniform(10, 50, 100, liquidation_engine=MarketSale(half, retry=1_000))
    account = clearing.open(FIRST_OWNER, [-1_000], [10])
    venue.refresh()
    venue.process(order(10**6, -1, None, 10, time_in_force=1, ts_event=1))
    venue.advance(1_000_000)
    assert [position for _, position in asked] == [10, 5, 3, 2, 1]
    assert clearing.account(account).positions == {"0": 0}
    assert clearing.open_cases == 0


def test_a_sale_waits_for_its_delay():
    venue, clearing = uniform(10, 50, 100, liquidation_engine=MarketSale(delay=1_000))
    clearing.open(FIRST_OWNER, [-1_000], [10])
    venue.refresh()
    venue.process(order(10**6, -1, None, 10, time_in_force=1, ts_event=1))
    venue.advance(1_000)
    assert clearing.cases["state"].tolist() == [1]
    assert clearing.cases["sold"].tolist() == [0]
    venue.advance(1_001)
    assert clearing.cases["sold"].tolist() == [10]
