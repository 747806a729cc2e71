"""Random markets, accounts, shocks and oracles: what must hold whatever happens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from experiments.metrics.cascade import cascade_of
from experiments.metrics.conservation import check_conservation
from lob import EntryKind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, LoanToValue, TieredMargin
from lob.clearing.oracle import BestBid, Last, Mid, Twap
from lob.clearing.prices import first_failing_tick
from lob.liquidation import Frozen, MarketSale, Stage, StagedDesign
from lob.liquidation.parts.limits import Slices
from lob.liquidation.parts.price_paths import AtBankruptcy
from lob.liquidation.parts.sizing import CloseFactor, DownTier
from lob.units import SECOND_NS
from tests.examples import examples
from tests.venues import FIRST_OWNER, asking

MARGINS = [
    FlatMargin(0, 0),
    FlatMargin(100_000, 50_000),
    TieredMargin([0, 5_000, 50_000], [100_000] * 3, [10_000, 30_000, 100_000]),
    LoanToValue(750_000, 800_000, debt_weight=50_000),
]


@st.composite
def markets(draw):
    """A venue of one or two books with accounts, and what is sent to it."""
    books = draw(st.integers(1, 2))
    make = draw(st.sampled_from([Mid, BestBid, Last]))
    rules = draw(
        st.sampled_from(
            [{}, {"lag": 3 * SECOND_NS}, {"deviation": 20_000}, {"heartbeat": 5 * SECOND_NS},
             {"outages": [(SECOND_NS, 4 * SECOND_NS)]}]
        )
    )  # fmt: skip
    average = draw(st.booleans())
    margin = draw(st.sampled_from(MARGINS))
    holdings = []
    for i in range(books):
        source = Twap(make(i), 3 * SECOND_NS) if average else make(i)
        holdings.append(Holding(Oracle(source, **rules), margin, instrument=i))
    liquidation_engine = draw(
        st.sampled_from(
            [
                lambda: MarketSale(),
                lambda: MarketSale(delay=SECOND_NS // 2),
                lambda: MarketSale(lambda c, n, held: max(1, abs(held) // 3), retry=SECOND_NS // 4),
                lambda: Frozen(),
                lambda: StagedDesign(
                    [
                        Stage(
                            sizing=CloseFactor(400_000),
                            price_path=AtBankruptcy(),
                            every=SECOND_NS // 2,
                            patience=SECOND_NS,
                        ),
                        Stage(sizing=DownTier(), limits=Slices(9), every=SECOND_NS // 3),
                    ]
                ),
            ]
        )
    )()
    clearing = Clearing(
        holdings=holdings,
        liquidation_engine=liquidation_engine,
        insurance_fund=draw(st.sampled_from([0, 500, 10**6])),
        liquidation_fee=draw(st.sampled_from([0, 10_000])),
    )
    instruments = [
        lob.Instrument(f"I{i}", number=i, taker_fee=draw(st.sampled_from([0, 500])),
                       maker_fee=draw(st.sampled_from([0, -100])))
        for i in range(books)
    ]  # fmt: skip
    venue = lob.Venue(instruments, clearings=[clearing])
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, 30))
    cross = books == 2 and draw(st.booleans())
    shape = (books, count) if cross else (count,)
    lots = random.integers(-20, 21, shape)
    clearing.open(
        FIRST_OWNER, random.integers(0, 600, count), lots,
        entry_prices=np.full(shape, 100), cross=cross,
    )  # fmt: skip
    venue.refresh()
    return venue, clearing, random, count


def message(random, number, ts, owners, books):
    """Something that anybody might send."""
    if random.random() < 0.1:
        kind = lob.Kind.DEPOSIT if random.random() < 0.5 else lob.Kind.WITHDRAW
        return asking(kind, int(random.choice(owners)), 0, int(random.integers(1, 300)), ts)
    rows = np.zeros(1, lob.MESSAGE)
    rows["kind"], rows["order_id"], rows["ts_event"] = lob.Kind.NEW, number, ts
    rows["side"] = random.choice([-1, 1])
    rows["price"] = 100 + random.integers(-40, 41)
    rows["size"] = random.integers(1, 40)
    rows["owner"] = random.choice(owners) if random.random() < 0.4 else 7
    rows["instrument"] = random.integers(books)
    rows["order_type"] = random.random() < 0.2
    rows["time_in_force"] = random.integers(2)
    rows["flags"] = lob.Flag.REDUCE_ONLY if rows["owner"][0] != 7 and random.random() < 0.2 else 0
    if random.random() < 0.15:
        rows["kind"], rows["order_id"] = lob.Kind.CANCEL, random.integers(1, number + 1)
    return rows


@settings(max_examples=examples(150), deadline=None)
@given(markets(), st.integers(5, 80))
def test_whatever_happens(built, steps):
    venue, clearing, random, count = built
    owners = FIRST_OWNER + np.arange(count)
    ts = 0
    for number in range(1, steps):
        ts += int(random.integers(0, SECOND_NS))
        venue.advance(ts)
        venue.process(message(random, number, ts, owners, len(venue.books)))
        assert venue.ledger.conserves()
        if number % 10 == 0:
            clearing.pay_funding(int(random.integers(-2_000, 2_000))) if (
                clearing.holdings[0].mark_price is not None
            ) else None
            clearing.charge_interest(100)
            venue.refresh()
    venue.advance(ts + 10 * SECOND_NS)
    clearing.socialise()
    venue.check()
    check_conservation(venue.entries, venue.ledger)
    failed_by_the_rule(venue, clearing)
    nobody_unsafe(venue, clearing)


def failed_by_the_rule(venue, clearing):
    """No account failed unless its own rule held at clearing's own price."""
    for case in clearing.cases:
        account = clearing.account(int(case["account"]))
        holding = clearing.holdings[int(case["holding"])]
        if len(clearing.holdings) > 1:
            continue
        lots, cash = int(case["size"]), int(case["cash"])
        tiers = holding.margin.maintenance(1 if lots > 0 else -1)
        if lots == 0:
            assert cash < 0
            continue
        tick = first_failing_tick(cash, lots, tiers)
        mark = int(case["mark"])
        below_at_all = lots > 0 and tick is not None and mark <= tick
        above_at_all = lots < 0 and (tick is None or mark >= tick)
        assert below_at_all or above_at_all, (case, tick, account)


def nobody_unsafe(venue, clearing):
    """Whoever is not in a liquidation is safe at the prices that clearing believes."""
    if not clearing.accounts.has_all_marks():
        return
    for first, count in clearing.account_ranges:
        for number in range(first, first + count):
            state = clearing.account(number)
            if not state.failed and any(state.positions.values()):
                assert state.equity >= state.maintenance_margin - 1


@settings(max_examples=examples(60), deadline=None)
@given(markets(), st.integers(5, 60))
def test_a_replay_of_the_messages_gives_the_tapes(built, steps):
    venue, _, random, count = built
    twin = venue.copy()
    before = len(venue.messages)
    owners = FIRST_OWNER + np.arange(count)
    ts = 0
    for number in range(1, steps):
        ts += int(random.integers(1, SECOND_NS))
        venue.advance(ts)
        venue.process(message(random, number, ts, owners, len(venue.books)))
    venue.advance(ts + SECOND_NS)
    twin.process(venue.messages[before:])
    twin.advance(ts + SECOND_NS)
    assert twin.digest() == venue.digest()


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(1, 60), st.integers(0, 59), st.integers(1, 12), st.integers(0, 2_000),
       st.sampled_from([1, -1]))  # fmt: skip
def test_the_tree_of_any_cascade_is_a_forest(depth, density, size, first, side):
    density = min(density, depth - 1)
    from tests.venues import order, uniform

    venue, clearing = uniform(depth, 300, 10_000, side)
    if density:
        whole, rest = divmod(density, size)
        sizes = np.array([size] * whole + ([rest] if rest else []), np.int64)
        fails = np.repeat(10_000 - side * (1 + np.arange(250)), len(sizes))
        lots = side * np.tile(sizes, 250)
        clearing.open(FIRST_OWNER, -(fails + side) * lots, lots)
        venue.refresh()
    venue.process(order(10**6, -side, None, first + 1, time_in_force=1, ts_event=1))
    venue.advance(2)
    cascade = cascade_of(venue.entries, venue.events)
    nodes = np.arange(len(cascade))
    assert (cascade.parent < nodes).all()
    sizes = cascade.subtree_sizes() if len(cascade) else np.zeros(0, int)
    assert int(sizes[cascade.parent < 0].sum()) == len(cascade)
    assert sum(n for n, _ in cascade.per_generation()) == len(cascade)
    assert int((venue.entries["kind"] == EntryKind.LIQUIDATION).sum()) == clearing.case_count


def test_sizes_and_prices_at_the_limits_are_refused_at_the_boundary():
    clearing = Clearing(
        holdings=[Holding(Oracle(BestBid()), FlatMargin(0, 0))], liquidation_engine=MarketSale()
    )
    venue = lob.Venue([lob.Instrument("X", multiplier=2**20)], clearings=[clearing])
    clearing.open(FIRST_OWNER, [lob.MAX_SIZE], [0])
    venue.refresh()
    rows = np.zeros(1, lob.MESSAGE)
    rows["kind"], rows["side"], rows["price"], rows["size"] = 1, 1, lob.MAX_PRICE, lob.MAX_SIZE
    rows["order_id"], rows["owner"] = 1, FIRST_OWNER
    events = venue.process(rows)
    assert events["reason"].tolist() == [lob.Reason.VOLUME_LIMIT]
    venue.check()


@pytest.mark.parametrize("lots", [2**40, -(2**40)])
def test_an_order_whose_trades_no_ledger_can_hold_is_refused(lots):
    venue = lob.Venue([lob.Instrument("X", multiplier=2**30)])
    venue.ledger.open_account(owner=5)
    venue.refresh()
    rows = np.zeros(2, lob.MESSAGE)
    rows["kind"], rows["side"], rows["price"] = 1, [1, -1], 2**20
    rows["size"], rows["order_id"], rows["owner"] = abs(lots), [1, 2], [5, 6]
    reasons = venue.process(rows)["reason"].tolist()
    assert reasons == [lob.Reason.UNSETTLED] * 2
    venue.check()
