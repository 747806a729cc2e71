"""Random compositions of stages and parts: what must hold of any of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from experiments.metrics.conservation import check_conservation
from lob import EntryKind, Kind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, LoanToValue, TieredMargin
from lob.clearing.oracle import BestBid, Last, Mid
from lob.liquidation import Stage, StagedDesign
from lob.liquidation.designs import DESIGNS, make
from lob.liquidation.formulas.aave import AaveRules
from lob.liquidation.formulas.arithmetic import RAY
from lob.liquidation.formulas.curves import ExponentialDecrease, Linear, StairStep
from lob.liquidation.formulas.maker import ClipRules
from lob.liquidation.parts.limits import DebtAtAuction, FirstSlice, Slices, Unlimited
from lob.liquidation.parts.price_paths import (
    AtBankruptcy,
    AtFundLimit,
    AtMark,
    AtMarket,
    AtPreviousMark,
    Bids,
    Dutch,
    FixedBonus,
    HealthDiscount,
)
from lob.liquidation.parts.settlement import Waterfall
from lob.liquidation.parts.sizing import AaveClose, All, ByChance, CloseFactor, DownTier
from lob.liquidation.parts.triggers import AboveTier, Always, EquityBelow, Not
from lob.liquidation.sealed_bid import SealedBid
from lob.liquidation.takers.adl import Opposing
from lob.liquidation.takers.backstop import Backstop, Vault
from lob.liquidation.takers.book import Book, Lenders, Resting
from lob.liquidation.takers.call import CallAuction
from lob.liquidation.takers.dutch import DutchAuction
from lob.liquidation.takers.english import English
from lob.liquidation.takers.in_kind import DebtsOnly, InKind
from lob.liquidation.takers.offers import OpenOffer
from lob.liquidation.takers.pool import Depositors, Stability
from lob.units import PPM, SECOND_NS
from lob.venue import breaker
from lob.venue.breaker import CircuitBreaker
from tests.examples import examples
from tests.venues import FIRST_OWNER, asking

KEEPERS = (51, 52, 53)
MARGINS = [
    FlatMargin(0, 0),
    FlatMargin(100_000, 50_000),
    TieredMargin([0, 500, 1_500], [200_000] * 3, [10_000, 60_000, 150_000]),
    LoanToValue(750_000, 800_000, debt_weight=50_000),
]
AAVE = AaveRules(10_500, 1_000, 5_000, small=400, leftover=200)

GUARDS = [
    lambda: (),
    lambda: (),
    lambda: [CircuitBreaker(move=50_000, halt=SECOND_NS, call=SECOND_NS, window=2 * SECOND_NS)],
    lambda: [
        CircuitBreaker(move=50_000, halt=0, call=3 * SECOND_NS, window=SECOND_NS, band=200_000)
    ],
    lambda: [
        breaker.ScheduledCallAuction(start=SECOND_NS, length=SECOND_NS // 2, every=4 * SECOND_NS)
    ],
]

triggers = st.sampled_from(
    [Always(), EquityBelow(666_667), Not(EquityBelow(500_000)), AboveTier(0)]
)
sizings = st.sampled_from(
    [
        All(),
        CloseFactor(300_000),
        DownTier(),
        AaveClose(AAVE),
        ByChance(CloseFactor(300_000), 500_000, 500_000),
        DebtsOnly(CloseFactor(500_000)),
    ]
)
curves = st.sampled_from(
    [Linear(9), StairStep(RAY * 9 // 10, 2), ExponentialDecrease(RAY * 95 // 100)]
)
limits = st.sampled_from(
    [
        Unlimited(),
        Slices(4),
        FirstSlice(200_000, 300),
        DebtAtAuction(total=3_000, each=2_000, penalty=1_130_000, dust=100),
        DebtAtAuction(penalty=1_050_000),
        DebtAtAuction(breaker=1),
    ]
)
settlements = st.builds(
    Waterfall,
    fund=st.booleans(),
    rest=st.sampled_from(["shortfall", "others", "lenders"]),
    surplus=st.sampled_from(["borrower", "fund"]),
)


@st.composite
def dutch(draw):
    rules = ClipRules(
        draw(curves),
        buf=draw(st.sampled_from([1_000_000, 1_300_000])),
        tail=draw(st.sampled_from([3, 12])),
        cusp=400_000,
        chost=draw(st.sampled_from([0, 150])),
        tip=draw(st.sampled_from([0, 3])),
        chip=10_000,
        unit=PPM,
        wad=PPM,
    )
    stops = draw(st.sampled_from([(), ((SECOND_NS, 3 * SECOND_NS),)]))
    return Dutch(rules, unit=SECOND_NS // 4, stops=stops)


@st.composite
def a_stage(draw):
    price = draw(
        st.one_of(
            st.sampled_from(
                [
                    AtMarket(),
                    AtMark(),
                    AtBankruptcy(),
                    AtFundLimit(),
                    FixedBonus(10_500, 1_000),
                    HealthDiscount(),
                    AtPreviousMark(),
                    Bids(),
                ]
            ),
            dutch(),
        )
    )
    vaults = [Vault("a", 2_000, unwind=300_000, every=SECOND_NS // 2), Vault("b", 500)]
    takers = draw(
        st.sampled_from(
            [
                lambda: Book(),
                lambda: Book(funded=True),
                lambda: Resting(),
                lambda: Resting(sweeps=True),
                lambda: Lenders(),
                lambda: DutchAuction(least=2, reward=1, reward_share=10_000),
                lambda: OpenOffer(leaves=AAVE),
                lambda: DutchAuction(breaker=2),
                lambda: InKind(),
                lambda: English(bid_time=SECOND_NS, auction_time=3 * SECOND_NS),
                lambda: CallAuction(SECOND_NS),
                lambda: CallAuction(SECOND_NS // 2, pause=0),
                lambda: Opposing("queue"),
                lambda: Opposing("pro-rata", "profit-leverage", first=3, mark_share=333_333),
                lambda: Opposing("random", seed=4),
                lambda: Opposing("min-max"),
                lambda: Backstop((vaults[0],)),
                lambda: Backstop(tuple(vaults), split=True),
                lambda: Stability(Depositors((900, 400), every=SECOND_NS // 2)),
                lambda: Stability(Depositors((900,), version=2, kept=1), spread=False),
            ]
        )
    )()
    return Stage(
        trigger=draw(triggers),
        sizing=draw(sizings),
        price_path=price,
        takers=takers,
        settlement=draw(settlements),
        limits=draw(limits),
        every=draw(st.sampled_from([SECOND_NS // 3, SECOND_NS])),
        patience=draw(st.sampled_from([0, SECOND_NS, 4 * SECOND_NS])),
        moves_on=draw(st.booleans()),
        binding=draw(st.booleans()),
    )


def renamed(stages):
    """Facilities of several stages need names of their own."""
    for number, stage in enumerate(stages):
        if isinstance(stage.takers, Backstop):
            for vault in stage.takers.vaults:
                vault.name += str(number)
        elif isinstance(stage.takers, Stability):
            stage.takers.depositors.name += str(number)
    return stages


@st.composite
def designs(draw):
    """A random composition, a named one, or one of them behind a sealed bid."""
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(DESIGNS)))
        quick = {"last": 3.0, "patience": 5.0, "rest": 1.0, "ttl": 1.0, "tau": 3.0, "tail": 8}
        known = DESIGNS[name].build.__kwdefaults__
        design = make(name, **{k: v for k, v in quick.items() if k in known})
        if not isinstance(design, StagedDesign):
            design = StagedDesign([Stage(patience=3 * SECOND_NS)])
    else:
        stages = renamed(draw(st.lists(a_stage(), min_size=1, max_size=4)))
        design = StagedDesign(stages, socialise_every=SECOND_NS)
    if draw(st.integers(0, 4)) == 0:
        design = SealedBid(design, second_price=draw(st.booleans()),
                           revenue=draw(st.sampled_from(["fund", "borrower"])))  # fmt: skip
    return design


@st.composite
def markets(draw):
    books = draw(st.integers(1, 2))
    make_source = draw(st.sampled_from([Mid, BestBid, Last]))
    margin = draw(st.sampled_from(MARGINS))
    holdings = [Holding(Oracle(make_source(i)), margin, instrument=i) for i in range(books)]
    design = draw(designs())
    clearing = Clearing(
        holdings=holdings,
        liquidation_engine=design,
        insurance_fund=draw(st.sampled_from([0, 300, 10**6])),
        liquidation_fee=draw(st.sampled_from([0, 10_000])),
    )
    multiplier = draw(st.sampled_from([1, 3]))
    venue = lob.Venue(
        [lob.Instrument(f"I{i}", number=i, multiplier=multiplier) for i in range(books)],
        clearings=[clearing],
        breakers=draw(st.sampled_from(GUARDS))(),
    )
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(2, 25))
    cross = books == 2 and draw(st.booleans())
    shape = (books, count) if cross else (count,)
    lots = random.integers(-20, 21, shape)
    clearing.open(
        FIRST_OWNER, random.integers(0, 500 * multiplier, count), lots,
        entry_prices=np.full(shape, 100), cross=cross,
    )  # fmt: skip
    for owner in KEEPERS:
        account = venue.ledger.open_account(f"keeper {owner}", owner=owner)
        venue.ledger.transfer(clearing.cash_asset, 0, account, int(random.integers(0, 20_000)))
    venue.refresh()
    return venue, clearing, random, count


def answer(random, design, ts, owners):
    """Somebody takes or bids, sensibly or not."""
    tags = sorted(design.offers)
    tag = tags[random.integers(len(tags))]
    offer = design.offers[tag]
    size = offer.size if random.random() < 0.5 else int(random.integers(1, offer.size + 2))
    owner = int(random.choice(owners)) if random.random() < 0.2 else int(random.choice(KEEPERS))
    kind = Kind.BID if offer.bids else Kind.TAKE
    if random.random() < 0.1:
        kind = Kind.TAKE if offer.bids else Kind.BID
    rows = asking(kind, owner, tag, size, ts)
    rows["price"] = int(random.integers(0, 160)) if offer.bids or random.random() < 0.3 else 0
    return rows


def message(random, number, ts, owners, books):
    rows = np.zeros(1, lob.MESSAGE)
    rows["kind"], rows["order_id"], rows["ts_event"] = Kind.NEW, number, ts
    rows["side"] = random.choice([-1, 1])
    rows["price"] = 100 + random.integers(-40, 41)
    rows["size"] = random.integers(1, 60)
    rows["owner"] = random.choice(owners) if random.random() < 0.3 else 7
    rows["instrument"] = random.integers(books)
    rows["time_in_force"] = random.integers(2)
    return rows


def step(venue, random, number, ts, owners):
    venue.advance(ts)
    design = venue.clearings[0].liquidation_engine
    if design.offers and random.random() < 0.6:
        venue.process(answer(random, design, ts, owners))
    else:
        venue.process(message(random, number, ts, owners, len(venue.books)))
    assert venue.ledger.conserves()


def drive(venue, random, count, steps):
    owners = FIRST_OWNER + np.arange(count)
    ts = venue.now
    for number in range(1, steps):
        ts += int(random.integers(0, SECOND_NS))
        step(venue, random, 10_000 + number, ts, owners)
    return ts


def every_debt_had_a_payer(venue):
    """What the bad debts were is what fund, lenders and others paid into those accounts."""
    rows = venue.entries
    for row in rows[rows["kind"] == EntryKind.BAD_DEBT]:
        paid = rows[
            np.isin(rows["kind"], (EntryKind.INSURANCE, EntryKind.SOCIALISED))
            & (rows["tag"] == row["tag"])
            & (rows["credit"] == row["debit"])
            & (rows["ts_event"] == row["ts_event"])
        ]
        assert paid["amount"].sum() >= row["amount"]


def nothing_is_left(venue, clearing):
    """No case is open, nothing is on offer or put up, nothing waits to be spread."""
    assert clearing.open_cases == 0
    design = clearing.liquidation_engine
    assert design.offers == {}
    assert design.progress == {}
    assert not any(design.at_auction.values())
    for account, name in ((n, name) for name, n in venue.ledger.account_names.items()):
        if name.endswith((": bids", "to be spread")):
            balances = [venue.ledger.balance(account, i) for i in range(len(venue.ledger.assets))]
            assert not any(balances), (name, balances)
    for book in venue.books:
        assert not (book.orders()["tag"] >= lob.LIQUIDATION_TAG).any()


@settings(max_examples=examples(250), deadline=None)
@given(markets(), st.integers(5, 70))
def test_whatever_the_design_is(built, steps):
    venue, clearing, random, count = built
    ts = drive(venue, random, count, steps)
    venue.advance(ts + 200 * SECOND_NS)
    assert venue.ledger.conserves()
    venue.check()
    check_conservation(venue.entries, venue.ledger)
    every_debt_had_a_payer(venue)
    nothing_is_left(venue, clearing)


@settings(max_examples=examples(80), deadline=None)
@given(markets(), st.integers(5, 40), st.integers(5, 40))
def test_a_copy_goes_on_to_the_same_tapes(built, before, after):
    venue, _, random, count = built
    drive(venue, random, count, before)
    twin = venue.copy()
    state = random.bit_generator.state
    end = drive(venue, random, count, after)
    random.bit_generator.state = state
    drive(twin, random, count, after)
    for one in (venue, twin):
        one.advance(end + 20 * SECOND_NS)
    assert twin.digest() == venue.digest()


@settings(max_examples=examples(60), deadline=None)
@given(markets(), st.integers(5, 40))
def test_a_replay_of_the_messages_gives_the_tapes(built, steps):
    venue, _, random, count = built
    twin = venue.copy()
    before = len(venue.messages)
    ts = drive(venue, random, count, steps)
    venue.advance(ts + 5 * SECOND_NS)
    twin.process(venue.messages[before:])
    twin.advance(ts + 5 * SECOND_NS)
    assert twin.digest() == venue.digest()
