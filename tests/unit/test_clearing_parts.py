"""The parts of a clearing, each by itself: a venue for the ledger, and no ``Clearing``."""

import copy

import numpy as np
import pytest

import lob
from lob import EntryKind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.cases import Cases
from lob.clearing.cross_blocks import CrossBlocks
from lob.clearing.entry_values import EntryValues
from lob.clearing.failure_index import FailureIndex
from lob.clearing.failure_queues import FailureQueues
from lob.clearing.margin import FlatMargin, PortfolioMargin
from lob.clearing.margin_accounts import MarginAccounts
from lob.clearing.margin_excess import MarginExcess
from lob.clearing.mark_prices import MarkPrices
from lob.clearing.oracle import Fixed
from lob.clearing.order_checks import OrderChecks
from lob.clearing.payments import Payments
from lob.liquidation import Frozen, MarketSale
from tests.venues import FIRST_OWNER, order, venue_with

MARGIN = FlatMargin(100_000, 50_000)
"""10 % initial, 5 % maintenance."""


def accounts_of(count=1, margin=MARGIN, number=0, inverse=False, price=100):
    """A venue of ``count`` books, and accounts with a holding for each of them."""
    instruments = [
        lob.Instrument(f"X{i}", number=i, inverse=inverse, multiplier=100 if inverse else 1)
        for i in range(count)
    ]
    venue = lob.Venue(instruments)
    holdings = [Holding(Oracle(Fixed(price)), margin, instrument=i) for i in range(count)]
    accounts = MarginAccounts("A", holdings, insurance_fund=500)
    accounts.belong_to(venue, venue.ledger, number)
    return venue, accounts


def parts_of(count=1, **options):
    """The same with all that finds out who fails."""
    portfolio = options.pop("portfolio", None)
    venue, accounts = accounts_of(count, **options)
    excess = MarginExcess(accounts, portfolio)
    cases = Cases(accounts)
    index = FailureIndex(accounts, excess, cases)
    marks = MarkPrices(accounts, index)
    marks.start()
    return venue, accounts, excess, cases, index, marks


def rows(venue, kind):
    return venue.entries[venue.entries["kind"] == kind]


# -------------------------------------------------------------------------------- accounts


def test_accounts_get_what_they_start_with_from_the_outside_world():
    venue, accounts = accounts_of()
    first = accounts.open(FIRST_OWNER, [70, -20], [5, -3])
    ledger = venue.ledger
    assert ledger.balances(accounts.cash_asset)[first : first + 2].tolist() == [70, -20]
    assert ledger.balances(ledger.asset("X0"))[first : first + 2].tolist() == [5, -3]
    assert ledger.balance(accounts.fund, accounts.cash_asset) == 500
    assert accounts.account_ranges == [(first, 2)]
    assert accounts.account_total == 2
    ledger.check()


def test_accounts_have_no_value_before_the_first_mark():
    _venue, accounts = accounts_of(price=9)
    first = accounts.open(FIRST_OWNER, [0, 0], [5, 0])
    assert not accounts.has_all_marks()
    assert accounts.value_of(first) is None
    assert accounts.value_of(first + 1) == 0
    cases, excess = Cases(accounts), MarginExcess(accounts)
    MarkPrices(accounts, FailureIndex(accounts, excess, cases)).start()
    assert accounts.has_all_marks()
    assert accounts.value_of(first) == 45


def test_what_lots_cost_is_exact_and_of_an_inverse_holding_rounds_in_favour_of_the_payer():
    _, linear = accounts_of()
    _, inverse = accounts_of(inverse=True)
    assert linear.worth(0, -7, 3) == -21
    # 5 contracts of 100 at 3: owes floor(500 / 3) = 166; short, gets -floor(-500 / 3) = 167
    assert inverse.worth(0, 5, 3) == -166
    assert inverse.worth(0, -5, 3) == 167


def test_positions_are_paid_for_at_their_entry_prices():
    venue, accounts = accounts_of()
    first = accounts.open(FIRST_OWNER, [100], [5], entry_prices=[9])
    assert venue.ledger.balance(first, accounts.cash_asset) == 55


def test_accounts_need_a_venue_and_only_one():
    lone = MarginAccounts("A", [Holding(Oracle(Fixed(1)), MARGIN)])
    with pytest.raises(ValueError, match="open needs a venue"):
        lone.open(1, [0], [0])
    venue, accounts = accounts_of()
    with pytest.raises(ValueError, match="clearing 'A' belongs to a venue already"):
        accounts.belong_to(venue, venue.ledger, 0)


def test_a_holding_needs_a_book_of_the_venue():
    venue = lob.Venue(1)
    accounts = MarginAccounts("A", [Holding(Oracle(Fixed(1)), MARGIN, instrument=1)])
    with pytest.raises(ValueError, match=r"holdings\[0\]: instrument must be 0 to 0, got 1"):
        accounts.belong_to(venue, venue.ledger, 0)


# -------------------------------------------------------------------------------- margin excess


def test_the_margin_excess_is_what_is_there_less_what_is_asked_for_times_a_million():
    _venue, accounts, excess, _, _, _ = parts_of(price=10)
    account = accounts.open(FIRST_OWNER, [-40], [7])
    # equity 70 - 40 = 30; 5 % of 70 are 3.5, 10 % are 7
    assert excess.margin_excess_ppm(account) == 30_000_000 - 3_500_000
    assert excess.margin_excess_ppm(account, initial=True) == 30_000_000 - 7_000_000
    state = excess.account(account)
    assert (state.equity, state.maintenance_margin, state.initial_margin) == (30, 4, 7)


def test_the_margin_excess_of_a_portfolio_is_that_of_its_worst_scenario():
    portfolio = PortfolioMargin([[-100_000, 0], [0, 200_000]])
    _venue, accounts, excess, _, _, _ = parts_of(2, price=10, portfolio=portfolio)
    account = accounts.open(FIRST_OWNER, [100], [[5], [-4]], cross=True)
    # by 110 of equity, 5 lots lose 5 where prices fall by a tenth, 4 short lots 8 where they rise
    assert excess.margin_excess_ppm(account) == (100 + 50 - 48) * 1_000_000


def test_only_accounts_of_the_clearing_have_a_margin_excess():
    venue, accounts, excess, _, _, _ = parts_of()
    accounts.open(FIRST_OWNER, [0], [0])
    other = venue.ledger.open_account("other")
    with pytest.raises(ValueError, match=f"account {other} is not one of clearing 'A'"):
        excess.margin_excess_ppm(other)


class Raised:
    """Asks for a fifth in place of a twentieth once it was told of the market."""

    def __init__(self):
        self.seen = []

    def maintenance(self, side):
        return FlatMargin(500_000, 200_000 if self.seen else 50_000).maintenance(side)

    def initial(self, side):
        return FlatMargin(500_000, 50_000).initial(side)

    def update(self, state):
        self.seen.append(state)
        return len(self.seen) == 1


def test_margin_models_that_react_are_told_of_the_market():
    margin = Raised()
    venue, accounts, excess, cases, _, _ = parts_of(margin=margin, price=100)
    account = accounts.open(FIRST_OWNER, [-500, 0, 0], [10, 4, -6])
    assert excess.margin_excess_ppm(account) == 450_000_000
    assert excess.update_models(7)
    state = margin.seen[0]
    assert (state.ts_event, state.mark_price) == (7, 100)
    assert (state.open_interest, state.skew, state.concentration) == (14, 8, 10 / 14)
    assert excess.margin_excess_ppm(account) == 300_000_000
    assert rows(venue, EntryKind.PARAMETERS)["price"].tolist() == [200_000]
    assert not excess.update_models(8)
    assert cases.total == 0


# -------------------------------------------------------------------------------- entry values


def test_entry_values_are_kept_only_once_they_are_asked_for():
    _venue, accounts, _, _, _, _ = parts_of(price=10)
    values = EntryValues(accounts)
    account = accounts.open(FIRST_OWNER, [0], [7])
    with pytest.raises(ValueError, match="entry values are not kept"):
        values.of(account)
    values.keep()
    values.note_opening(account, 1)
    assert values.of(account) == 70


def test_entry_values_are_those_of_the_entry_prices_where_there_are_some():
    _venue, accounts, _, _, _, _ = parts_of(2, price=10)
    values = EntryValues(accounts)
    values.keep()
    prices = np.array([[3], [4]])
    account = accounts.open(FIRST_OWNER, [0], [[7], [-5]], entry_prices=prices, cross=True)
    values.note_opening(account, 1, prices)
    assert [values.of(account, i) for i in range(2)] == [21, -20]


# -------------------------------------------------------------------------------- who fails


def test_isolated_accounts_fail_in_the_order_of_their_liquidation_prices():
    venue, accounts, excess, cases, index, marks = parts_of(price=100)
    # 10 lots fail where 10 p (1 - 5 %) < debt: below 90, 80 and 85 ticks, at one less
    first = accounts.open(FIRST_OWNER, [-855, -760, -807], [10, 10, 10])
    index.watch(first, 3)
    assert [excess.account(first + i).liquidation_price for i in range(3)] == [89, 79, 84]
    index.check()
    marks.observe_price(90)
    assert cases.total == 0
    marks.observe_price(84)
    assert cases.table["account"].tolist() == [first, first + 2]
    assert cases.table["mark"].tolist() == [84, 84]
    assert cases.open_count == 2
    assert excess.account(first).failed
    index.check()
    assert rows(venue, EntryKind.LIQUIDATION)["debit"].tolist() == [first, first + 2]


def test_a_queue_that_lost_an_account_is_seen():
    venue, accounts, _excess, _cases, index, _ = parts_of(price=100)
    first = accounts.open(FIRST_OWNER, [-855], [10])
    index.watch(first, 1)
    index.queues.check()
    venue.ledger.transfer(accounts.cash_asset, first, accounts.fund, 10)
    with pytest.raises(AssertionError, match=f"account {first} fails at 91, not 89"):
        index.queues.check()


@pytest.mark.parametrize("count", [1, 1_023, 1_024, 1_025, 2_500])
def test_cross_accounts_fail_when_a_mark_leaves_the_bounds_of_their_block(count):
    _venue, accounts, _, cases, index, marks = parts_of(2, price=100)
    cash = np.full(count, -1_000)
    cash[-1] = -1_700
    lots = np.full((2, count), 10)
    first = accounts.open(FIRST_OWNER, cash, lots, cross=True)
    index.watch(first, count)
    index.check()
    # 20 lots are worth 10 (p + 100), of which 95 % must cover 1,700: p < 78.9
    marks.observe_price(79)
    assert cases.total == 0
    assert index.blocks.count_failing() == 0
    marks.observe_price(78, holding=1)
    marks.observe_price(100, holding=1)
    marks.observe_price(78)
    assert cases.table["account"].tolist() == [first + count - 1]
    assert index.blocks.count_failing() == 1
    index.check()


def test_an_unsafe_cross_account_is_seen():
    venue, accounts, _, _, index, _ = parts_of(2, price=100)
    first = accounts.open(FIRST_OWNER, [-1_000], [[10], [10]], cross=True)
    index.watch(first, 1)
    venue.ledger.transfer(accounts.cash_asset, first, accounts.fund, 1_000)
    with pytest.raises(AssertionError, match=f"account {first} is not safe"):
        index.blocks.check()


def test_the_queues_and_the_blocks_count_their_bytes():
    _venue, accounts, excess, cases, index, _ = parts_of(price=100)
    before = index.memory_bytes()
    first = accounts.open(FIRST_OWNER, np.full(5_000, -500), np.full(5_000, 10))
    index.watch(first, 5_000)
    queues, blocks = FailureQueues(accounts, excess, cases), CrossBlocks(accounts, excess, cases)
    assert index.memory_bytes() == queues.memory_bytes() + blocks.memory_bytes() >= before
    assert blocks.memory_bytes() == 0


# -------------------------------------------------------------------------------- marks


def test_a_mark_that_moves_is_in_the_journal_with_the_clearing_that_believes_it():
    venue, _accounts, _, _, _, marks = parts_of(2, price=100, number=3)
    marks.observe_price(90, holding=1)
    marks.observe_price(90, holding=1)
    found = rows(venue, EntryKind.MARK)
    assert found["price"].tolist() == [100, 100, 90]
    assert found["instrument"].tolist() == [0, 1, 1]
    assert found["clearing"].tolist() == [3, 3, 3]


def test_the_deadline_of_marks_is_that_of_the_first_oracle():
    venue = lob.Venue(2)
    holdings = [
        Holding(Oracle(Fixed(100), lag=lag), MARGIN, instrument=i)
        for i, lag in enumerate((70, 30))
    ]  # fmt: skip
    accounts = MarginAccounts("A", holdings)
    accounts.belong_to(venue, venue.ledger, 0)
    excess, cases = MarginExcess(accounts), Cases(accounts)
    marks = MarkPrices(accounts, FailureIndex(accounts, excess, cases))
    marks.start()
    never = marks.deadline
    marks.observe_price(90, holding=0)
    assert marks.deadline == 70 < never
    marks.observe_price(90, holding=1)
    assert marks.deadline == 30


# -------------------------------------------------------------------------------- payments


def test_funding_rounds_against_accounts_and_leaves_the_rest_to_the_fund():
    venue, accounts, _, cases, _, _ = parts_of(price=100)
    first = accounts.open(FIRST_OWNER, [50, 50, 50], [3, -2, -1])
    # 0.1 % of 300, 200 and 100 is 0.3, 0.2 and 0.1: the long pays 1, the short receive nothing
    assert Payments(accounts).pay_funding(1_000) == 1
    cash = venue.ledger.balances(accounts.cash_asset)
    assert cash[first : first + 3].tolist() == [49, 50, 50]
    assert cash[accounts.fund] == 501
    assert cases.total == 0


def test_funding_needs_a_mark():
    _venue, accounts = accounts_of()
    with pytest.raises(ValueError, match="holding 0 has no mark to pay funding on yet"):
        Payments(accounts).pay_funding(1_000)


def test_interest_goes_from_who_is_in_debt_to_the_lenders():
    venue, accounts, _, cases, index, _ = parts_of(price=100)
    first = accounts.open(FIRST_OWNER, [-949, 949], [10, 0])
    index.watch(first, 2)
    assert Payments(accounts).charge_interest(1_500) == 2
    cash = venue.ledger.balances(accounts.cash_asset)
    assert cash[first : first + 2].tolist() == [-951, 949]
    assert cash[accounts.pool] == 2
    # Nobody has looked at it yet.
    assert cases.total == 0


def test_losses_are_shared_by_equity():
    venue, accounts, _, _, _, _ = parts_of(price=100)
    first = accounts.open(FIRST_OWNER, [100, 300, -50], [0, 0, 0])
    loser = venue.ledger.open_account("a winner's")
    venue.ledger.transfer(accounts.cash_asset, accounts.shortfall, loser, 41)
    # A quarter of 41 is 10.25, three quarters are 30.75: the larger remainder bears the last unit.
    assert Payments(accounts).socialise() == 41
    cash = venue.ledger.balances(accounts.cash_asset)
    assert cash[first : first + 3].tolist() == [90, 269, -50]
    assert cash[accounts.shortfall] == 0
    assert Payments(accounts).socialise() == 0


# -------------------------------------------------------------------------------- together


def test_orders_that_rest_are_counted_by_the_order_checks():
    venue, clearing = venue_with(liquidation_engine=Frozen(), oracle=Oracle(Fixed(100)))
    account = clearing.open(FIRST_OWNER, [1_000_000], [0])
    venue.refresh()
    venue.process(order(1, 1, 90, 7, owner=FIRST_OWNER))
    venue.process(order(2, -1, 110, 4, owner=FIRST_OWNER))
    assert clearing.order_checks.working_orders(account) == (7, 4)
    with pytest.raises(ValueError, match="holding must be 0 to 0, got 1"):
        clearing.order_checks.working_orders(account, 1)


def test_a_copy_is_made_of_parts_that_know_each_other():
    venue, clearing = venue_with(liquidation_engine=MarketSale(), oracle=Oracle(Fixed(100)))
    clearing.open(FIRST_OWNER, [-855], [10])
    twin = copy.deepcopy(venue).clearings[0]
    assert twin.accounts is not clearing.accounts
    parts = ["excess", "entry_values", "failed", "index", "marks", "order_checks", "payments"]
    for part in (*(getattr(twin, name) for name in parts), twin.index.queues, twin.index.blocks):
        assert part.accounts is twin.accounts
    assert twin.marks.index is twin.index
    assert twin.order_checks.queues is twin.index.queues
    assert twin.index.cases is twin.failed
    assert twin.ledger is twin.accounts.ledger is twin.market.ledger
    assert twin.holdings is twin.accounts.holdings
    assert twin.liquidation_engine.clearing is twin
    twin.observe_price(80)
    assert (twin.case_count, clearing.case_count) == (1, 0)


def test_a_liquidation_engine_must_be_one():
    with pytest.raises(
        TypeError, match="liquidation_engine must be a LiquidationEngine, got 'MarketSale'"
    ):
        Clearing(holdings=[Holding(Oracle(Fixed(1)), MARGIN)], liquidation_engine="MarketSale")


@pytest.mark.parametrize(
    "part", [CrossBlocks, FailureIndex, FailureQueues], ids=lambda part: part.__name__
)
def test_parts_must_be_given_their_parts(part):
    _, accounts, excess, cases, _, _ = parts_of()
    part(accounts, excess, cases)
    for wrong in ((None, excess, cases), (accounts, None, cases), (accounts, excess, None)):
        with pytest.raises(TypeError, match=r"incorrect type|must not be None"):
            part(*wrong)
    with pytest.raises(TypeError, match="incorrect type"):
        OrderChecks(accounts, excess, accounts)


def test_rows_that_no_clearing_wrote_have_none():
    venue, clearing = venue_with(liquidation_engine=MarketSale(), oracle=Oracle(Fixed(100)))
    clearing.open(FIRST_OWNER, [-855], [10])
    clearing.observe_price(80)
    entries = venue.entries
    by_clearing = np.isin(entries["kind"], [EntryKind.MARK, EntryKind.LIQUIDATION])
    assert by_clearing.any()
    assert set(entries["clearing"][by_clearing].tolist()) == {0}
    assert set(entries["clearing"][~by_clearing].tolist()) == {-1}
