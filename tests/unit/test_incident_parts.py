"""What incidents needed of oracles, prices, sizes, takers and blocks; numbers worked by hand."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from agents import Simulation
from agents.keepers import Congestion, Hold, Keeper, PassiveHolder
from lob import EntryKind, Kind, Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, LoanToValue
from lob.clearing.oracle import External, Fixed
from lob.liquidation import Stage, StagedDesign
from lob.liquidation.designs import make
from lob.liquidation.formulas.adl import least_worst_loss
from lob.liquidation.formulas.curves import Linear
from lob.liquidation.formulas.maker import ClipRules
from lob.liquidation.offers import Falling
from lob.liquidation.parts.price_paths import AtPreviousMark, Dutch, FixedBonus, HealthDiscount
from lob.liquidation.parts.sizing import All, ByChance, CloseFactor
from lob.liquidation.takers.adl import Opposing
from lob.liquidation.takers.dutch import DutchAuction
from lob.liquidation.takers.in_kind import DebtsOnly, InKind
from lob.units import PPM, SECOND_NS
from tests.examples import examples
from tests.offering import Book, Shop, bids, selling

STOPS = ((20 * SECOND_NS, 50 * SECOND_NS), (60 * SECOND_NS, 65 * SECOND_NS))


def path(*steps: tuple[float, int]) -> Oracle:
    """An oracle of a price from each second on."""
    times, prices = zip(*steps, strict=True)
    return Oracle(External(np.array(times) * SECOND_NS, np.array(prices)))


# ---------------------------------------------------------------------------------------- oracles


def test_a_price_is_off_by_any_factor_and_never_above_the_highest():
    for times, shown in ((24, 2_400), (10**6, 100_000_000)):
        oracle = Oracle(Fixed(100), manipulations=[(1, 5, (times - 1) * PPM)])
        oracle.pass_time(1)
        assert (oracle.price, oracle.true_price) == (shown, 100)
    most = Oracle(Fixed(lob.MAX_PRICE), manipulations=[(1, 5, 10**12)])
    most.pass_time(1)
    assert most.price == lob.MAX_PRICE
    with pytest.raises(ValueError, match="manipulations: ppm"):
        Oracle(Fixed(1), manipulations=[(1, 5, 10**15 + 1)])


def test_an_oracle_keeps_what_it_said_before():
    oracle = Oracle(Fixed(100))
    assert oracle.previous_price == -(2**63)
    oracle.observe_price(1, 90)
    oracle.observe_price(2, 90)
    assert (oracle.price, oracle.previous_price) == (90, 100)
    oracle.observe_price(3, 70)
    assert (oracle.price, oracle.previous_price) == (70, 90)


# ---------------------------------------------------------------------------------------- prices


@pytest.mark.parametrize(
    ("price", "closed"), [("bankruptcy", 90), ("mark", 60), ("previous-mark", 95)]
)
def test_opposing_positions_are_closed_at_the_price_that_the_design_says(price, closed):
    """Ten lots bought at 100 with 100 of margin: bankrupt at 90, when the mark has fallen to 60."""
    clearing = Clearing(
        holdings=[Holding(path((0, 100), (5, 95), (10, 60)), FlatMargin(20_000, 10_000))],
        liquidation_engine=make("backstop", capital=0, adl_price=price, patience=0.0),
    )
    simulation = Simulation(instruments=[lob.Instrument("X")], clearings=[clearing])
    clearing.open(1_000, [100 - 10 * 100], [10])
    other = clearing.open(2_000, [5_000 + 10 * 100], [-10])
    simulation.run(until=20 * SECOND_NS)
    assert simulation.ledger.balance(other, clearing.cash_asset) == 6_000 - 10 * closed
    rows = simulation.entries
    assert len(rows[rows["kind"] == EntryKind.ADL]) == 2
    simulation.venue.check()
    assert simulation.ledger.conserves()


def test_the_previous_price_may_be_that_of_an_index():
    """The mark goes 100, 60; the index that nobody holds went 99, 98, 97."""
    design = StagedDesign([Stage(price_path=AtPreviousMark(of=1), takers=Opposing("queue"))])
    clearing = Clearing(
        holdings=[
            Holding(path((0, 100), (10, 60)), FlatMargin(20_000, 10_000)),
            Holding(path((0, 99), (5, 98), (8, 97)), FlatMargin(20_000, 10_000), instrument=1),
        ],
        liquidation_engine=design,
    )
    books = [lob.Instrument("X"), lob.Instrument("index", number=1)]
    simulation = Simulation(instruments=books, clearings=[clearing])
    clearing.open(1_000, [100 - 10 * 100], [10])
    other = clearing.open(2_000, [6_000], [-10])
    simulation.run(until=20 * SECOND_NS)
    assert simulation.ledger.balance(other, clearing.cash_asset) == 6_000 - 10 * 98


@pytest.mark.parametrize(("debt", "discount"), [(96, 0.07), (110, 0.190909), (400, 0.2)])
def test_a_discount_grows_as_health_falls(debt, discount):
    """100 of collateral, of which 91.2 count: 2 % and what health lacks, 20 % at most."""
    clearing = Clearing(
        holdings=[Holding(path((5, 1_000_000)), LoanToValue(912_000, 912_000))],
        liquidation_engine=StagedDesign([Stage(price_path=HealthDiscount(reserve=0))]),
    )
    simulation = Simulation(instruments=[lob.Instrument("X")], clearings=[clearing])
    clearing.open(1_000, [-debt * 1_000_000], [100])
    simulation.run(until=5 * SECOND_NS)
    price = HealthDiscount(reserve=0).quote(clearing.liquidation_engine, 0, 0).price_at(0)
    assert price == pytest.approx(1_000_000 * (1 - discount), abs=10)
    more = HealthDiscount(reserve=20_000).quote(clearing.liquidation_engine, 0, 0).price_at(0)
    assert more == pytest.approx(1.02 * price, abs=20)


@given(st.integers(0, 120), st.integers(0, 200), st.sampled_from([(), STOPS[:1], STOPS]))
@settings(max_examples=examples(100), deadline=None)
def test_a_clock_that_stands_still_is_its_own_inverse(opened, elapsed, stops):
    start = opened * SECOND_NS // 2
    price = Falling(Linear(500), 1_000, 1_000, Side.BUY, start, 10**12, SECOND_NS, stops)
    at = price.time_after(elapsed)
    assert price.elapsed(at) == elapsed
    if elapsed:
        assert price.elapsed(at - 1) == elapsed - 1
    stood = sum(max(0, min(at, end) - max(start, first)) for first, end in stops)
    assert at - start - stood == elapsed * SECOND_NS


@pytest.mark.parametrize(("stops", "paid"), [((), 160), (((20, 50),), 185)])
def test_a_dutch_clock_runs_through_an_outage_or_waits(stops, paid):
    """From 200 down by one a second from 10 s on; the chain is out from 20 to 50 s.

    Somebody takes at 185. The clock that runs is there at 25 s, and his take is in the block of 50
    s, when the price is 160. The one that waits is there at 55 s.
    """
    rules = ClipRules(
        Linear(200), buf=2_000_000, tail=500, cusp=1, chost=0, tip=0, chip=0, unit=PPM, wad=PPM
    )
    still = tuple((a * SECOND_NS, b * SECOND_NS) for a, b in stops)
    design = StagedDesign([Stage(price_path=Dutch(rules, stops=still), takers=DutchAuction())])
    clearing = Clearing(
        holdings=[Holding(path((10, 100)), LoanToValue(0, 0))], liquidation_engine=design
    )
    simulation = Simulation(instruments=[lob.Instrument("X")], clearings=[clearing])
    clearing.open(1_000, [-10], [10])
    simulation.add(Congestion(block_time=5 * SECOND_NS, outages=[(20 * SECOND_NS, 50 * SECOND_NS)]))
    simulation.add(PassiveHolder("p", capital=10**6, discount=0, fair=185, congestion="congestion"))
    simulation.run(until=100 * SECOND_NS)
    rows = simulation.entries
    rows = rows[rows["kind"] == EntryKind.TAKEOVER]
    lots, cash = (
        abs(rows["amount"][rows["asset"] == asset]).sum()
        for asset in (simulation.ledger.asset("X"), clearing.cash_asset)
    )
    assert (lots, cash) == (10, 10 * paid)
    assert clearing.open_cases == 0


# ---------------------------------------------------------------------------------------- sizes


class Case:
    """A hundred thousand lots, looked at once a second."""

    def __init__(self):
        self.now = 0

    def held(self, case, holding=0):
        return -100_000

    def attempts(self, case):
        return self.now // SECOND_NS


def test_an_order_comes_with_a_chance_of_a_sixth_and_is_a_tenth_on_average():
    sizing, case = ByChance(CloseFactor(100_000), 166_667, 500_000, 7), Case()
    sizes = []
    for second in range(20_000):
        case.now = second * SECOND_NS
        sizes.append(sizing.lots(case, 3, 0))
    some = np.array([size for size in sizes if size])
    # Standard errors: sqrt(20,000 / 6 * 5 / 6) = 53 orders; 0.29 / sqrt(3,333) = 50 lots.
    assert len(some) == pytest.approx(20_000 / 6, abs=4 * 53)
    assert some.mean() == pytest.approx(10_000, abs=4 * 50)
    assert 5_000 <= some.min() < 5_100
    assert 14_900 < some.max() <= 15_000
    case.now = 0
    assert sizing.lots(case, 3, 0) == sizes[0]
    assert ByChance(All()).lots(case, 0, 0) == 100_000


def test_ftx_draws_its_orders():
    """A position that is sold by tenths: with the chance it takes six times as long."""

    def orders(**drawn):
        clearing = Clearing(
            holdings=[Holding(path((0, 100), (1, 92)), FlatMargin(100_000, 60_000))],
            liquidation_engine=make("backstop:ftx", share=0, **drawn),
        )
        simulation = selling_into(clearing)
        clearing.open(1_000, [-90_000], [1_000])
        simulation.run(until=60 * SECOND_NS)
        rows = simulation.events
        rows = rows[(rows["kind"] == lob.EventKind.TRADE) & (rows["tag"] >= lob.LIQUIDATION_TAG)]
        return sorted({int(ts) // SECOND_NS for ts in rows["ts_event"]})

    steady = orders(every=1.0)
    drawn = orders(every=1.0, chance=166_667, vary=500_000, seed=1)
    assert drawn != steady
    assert len(drawn) < len(steady)


def selling_into(clearing):
    simulation = Simulation(instruments=[lob.Instrument("X")], clearings=[clearing])
    simulation.add(Book(bids(92, 40, 10**6)))
    return simulation


# ---------------------------------------------------------------------------------------- takers


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 30)), min_size=1, max_size=3
    ),
    st.data(),
)
@settings(max_examples=examples(200), deadline=None)
def test_the_greatest_loss_is_the_least_there_is(rows, data):
    contracts, losses, equities = (list(column) for column in zip(*rows, strict=True))
    budget = data.draw(st.integers(0, sum(n * loss for n, loss, _ in rows)))
    share, taken = least_worst_loss(contracts, losses, equities, budget)
    brute = min(
        max(Fraction(k * loss, e) for k, (_, loss, e) in zip(ks, rows, strict=True))
        for ks in itertools.product(*(range(n + 1) for n in contracts))
        if sum(k * loss for k, (_, loss, _) in zip(ks, rows, strict=True)) >= budget
    )
    assert share == brute
    assert sum(k * loss for k, loss in zip(taken, losses, strict=True)) >= budget
    assert all(0 <= k <= n for k, n in zip(taken, contracts, strict=True))
    assert all(k * loss <= share * e for k, (_, loss, e) in zip(taken, rows, strict=True))


def test_the_published_case_of_the_least_worst_loss():
    share, taken = least_worst_loss([4, 3, 2], [10, 20, 50], [100, 100, 100], 110)
    assert share == Fraction(1, 2)
    assert sum(k * loss for k, loss in zip(taken, (10, 20, 50), strict=True)) == 110
    with pytest.raises(ValueError, match="budget must be within"):
        least_worst_loss([1], [10], [1], 11)


def test_lots_are_closed_so_that_nobody_loses_a_larger_share_than_needed():
    """Equities of 3,000, 1,000 and 1,000 at the mark, 30 lots: 18, 6 and 6."""
    design = StagedDesign([Stage(price_path=AtPreviousMark(), takers=Opposing("min-max"))])
    clearing = Clearing(
        holdings=[Holding(path((0, 100), (10, 60)), FlatMargin(20_000, 10_000))],
        liquidation_engine=design,
    )
    simulation = Simulation(instruments=[lob.Instrument("X")], clearings=[clearing])
    clearing.open(1_000, [300 - 30 * 100], [30])
    first = clearing.open(2_000, [3_000 + 20 * 60, 1_000 + 20 * 60, 1_000 + 20 * 60], [-20] * 3)
    simulation.run(until=20 * SECOND_NS)
    held = [simulation.ledger.balance(first + i, simulation.ledger.asset("X")) for i in range(3)]
    assert held == [-2, -14, -14]
    simulation.venue.check()


def in_kind(lots, debt, prices=(100, 200), bonus=1_100_000, close=1_000_000, cash=0):
    """A borrower of B against A, whose price is 100: the run, its clearing and the keeper."""
    design = StagedDesign(
        [
            Stage(
                sizing=DebtsOnly(CloseFactor(close)),
                price_path=FixedBonus(bonus, 0, PPM),
                takers=InKind(),
                patience=5 * SECOND_NS,
            ),
            Stage(patience=SECOND_NS),
        ]
    )
    clearing = Clearing(
        holdings=[
            Holding(path((0, 100)), LoanToValue(800_000, 800_000)),
            Holding(path((0, prices[0]), (10, prices[1])), LoanToValue(0, 0), instrument=1),
        ],
        liquidation_engine=design,
    )
    books = [lob.Instrument("A"), lob.Instrument("B", number=1)]
    simulation = Simulation(instruments=books, clearings=[clearing])
    clearing.open(1_000, [cash], [[lots], [-debt]], cross=True)
    keeper = simulation.add(PassiveHolder("keeper", capital=10**12, discount=0))
    simulation.run(until=12 * SECOND_NS)
    return simulation, clearing, keeper


def test_a_debt_is_repaid_in_collateral():
    """100 A of 100 back 50 B, now of 180: 80 % of 10,000 is less than 9,000. 5 B bring 9.9 A."""
    simulation, clearing, keeper = in_kind(100, 50, (100, 180), close=100_000)
    a, b = (simulation.ledger.asset(name) for name in "AB")
    rows = simulation.entries
    rows = rows[(rows["kind"] == EntryKind.TAKEOVER) & (rows["ts_event"] == 10 * SECOND_NS)]
    first = {int(row["asset"]): int(row["amount"]) for row in rows[:4]}
    assert abs(first[b]) == 5
    assert abs(first[a]) == 9  # 5 x 198 = 990 in lots of 100, rounded down
    assert simulation.ledger.balance(keeper.account, a) > 0
    assert clearing.case_count == 1
    simulation.venue.check()


@given(
    st.integers(1, 400), st.integers(1, 200), st.integers(101, 900),
    st.integers(1_000_000, 1_300_000), st.sampled_from([100_000, 500_000, 1_000_000]),
)  # fmt: skip
@settings(max_examples=examples(60), deadline=None)
def test_whoever_repays_gets_no_more_than_the_bonus_and_nothing_is_lost(
    lots, debt, price, bonus, close
):
    if 100 * lots * 8 // 10 < 100 * debt:
        lots = debt * 2
    simulation, _, keeper = in_kind(lots, debt, (100, price), bonus, close)
    a, b = (simulation.ledger.asset(name) for name in "AB")
    repaid = -simulation.ledger.balance(keeper.account, b)
    seized = simulation.ledger.balance(keeper.account, a)
    cash = simulation.ledger.balance(keeper.account, keeper.cash_asset) - keeper.capital
    assert repaid >= 0
    assert seized >= 0
    got = 100 * seized + cash
    assert got <= repaid * price * bonus // PPM
    assert seized <= lots
    simulation.venue.check()
    assert simulation.ledger.conserves()


def test_an_account_without_collateral_has_nothing_on_offer():
    simulation, clearing, keeper = in_kind(1, 10, (100, 900), cash=5_000)
    assert simulation.ledger.balance(keeper.account, simulation.ledger.asset("B")) == 0
    assert clearing.case_count == 1


# ---------------------------------------------------------------------------------------- blocks


def test_no_block_comes_while_the_chain_is_out_and_what_waits_waits_on():
    pool = Congestion(
        block_time=10 * SECOND_NS, capacity=1, outages=[(15 * SECOND_NS, 42 * SECOND_NS)]
    )
    keepers = [
        Keeper(f"keeper {gas}", capital=1_000, gas=gas, congestion="congestion",
               inventory_exit=Hold())
        for gas in (3, 9, 6)
    ]  # fmt: skip
    simulation = selling(Shop(90), bids(100, 1, 100), lots=[30], bots=[pool, *keepers])
    simulation.run(until=60 * SECOND_NS)
    rows = simulation.messages[simulation.messages["kind"] == Kind.TAKE]
    assert [int(ts) // SECOND_NS for ts in rows["ts_event"]] == [10, 42, 52]
    assert pool.blocks == 3
    with pytest.raises(ValueError, match="overlap"):
        Congestion(outages=[(1, 5), (4, 9)])
