"""Each named design worked by hand: who gets what, who pays. Exchanges and lending."""

from fractions import Fraction

import numpy as np
import pytest

import lob
from lob import EntryKind, Kind, Reason
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, LoanToValue, TieredMargin
from lob.clearing.oracle import Fixed
from lob.clearing.prices import zero_price
from lob.liquidation import Stage, StagedDesign
from lob.liquidation.designs import DESIGNS, make
from lob.liquidation.parts.settlement import Waterfall
from lob.units import SECOND_NS
from tests.venues import FIRST_OWNER, asking, order

KEEPERS = (51, 52, 53)
MARGIN = FlatMargin(100_000, 50_000)
LENDING = LoanToValue(750_000, 800_000)


class Scene:
    """One book, one clearing with a fixed price, some keepers with a million each."""

    def __init__(self, design, margin=MARGIN, price=100, fund=0, levels=(), **options):
        self.design = design
        self.clearing = Clearing(
            holdings=[Holding(Oracle(Fixed(price)), margin)],
            liquidation_engine=design,
            insurance_fund=fund,
            **options,
        )
        self.venue = lob.Venue(1, clearings=[self.clearing])
        self.keepers = [
            self.venue.ledger.open_account(f"keeper {owner}", owner=owner) for owner in KEEPERS
        ]
        for keeper in self.keepers:
            self.venue.ledger.transfer(self.clearing.cash_asset, 0, keeper, 1_000_000)
        self.price, self.owner, self.sent = price, FIRST_OWNER, 0
        self.rest(levels)

    def rest(self, levels):
        """Orders of the world: (side, price, size)."""
        for side, price, size in levels:
            self.sent += 1
            self.venue.process(order(self.sent, side, price, size, ts_event=self.venue.now))

    def open(self, lots, margin, entry=None):
        account = self.clearing.open(
            self.owner, [margin], [lots], entry_prices=[entry or self.price]
        )
        self.owner += 1
        self.venue.refresh()
        return account

    def mark(self, price):
        self.clearing.observe_price(price)
        self.venue.refresh()
        self.venue.advance(self.venue.now + 1)

    def wait(self, seconds):
        self.venue.advance(self.venue.now + round(seconds * SECOND_NS))

    def ask(self, kind, size, price=0, keeper=0, case=0):
        rows = asking(kind, KEEPERS[keeper], lob.LIQUIDATION_TAG + 1 + case, size, self.venue.now)
        rows["price"] = price
        events = self.venue.process(rows)
        return Reason(int(events["reason"][0])) if len(events) else Reason.NONE

    def has(self, account):
        """(cash, lots)."""
        ledger = self.venue.ledger
        return (
            ledger.balance(account, self.clearing.cash_asset),
            ledger.balance(account, ledger.asset("0")),
        )

    def cash(self, account):
        return self.has(account)[0]

    def over(self):
        self.venue.check()
        return self.clearing.open_cases == 0

    def entries(self, kind):
        rows = self.venue.entries
        return rows[rows["kind"] == kind]


# ------------------------------------------------------------------------------------ exchanges


def test_a_takeover_at_the_bankruptcy_price_goes_from_the_book_to_the_fund_to_deleveraging():
    scene = Scene(make("bankruptcy-takeover"), fund=12, levels=[(1, 92, 4)])
    long = scene.open(10, 100)  # 900 borrowed: bankrupt at 90
    low = scene.open(-10, 200, entry=100)
    high = scene.open(-10, 200, entry=110)
    scene.mark(94)
    # Four sold at 92, two above 90 each: 8 for the fund. Six rest at 90.
    assert scene.has(long) == (-540, 6)
    assert scene.cash(scene.clearing.fund) == 20
    rests = scene.venue.books[0].orders()
    assert rests[["price", "size"]].tolist() == [(90, 6)]
    scene.rest([(1, 89, 3)])
    scene.wait(10)
    # The fund could pay 20 // 6 = 3 ticks: three sold at 89, it pays 3. Three are left, and the
    # short with the higher profit and leverage gives them up at 90:
    # 160/1100 x 940/360 against 60/1000 x 940/260.
    assert scene.cash(scene.clearing.fund) == 17
    assert scene.has(high) == (200 + 1_100 - 270, -7)
    assert scene.has(low) == (1_200, -10)
    assert scene.has(long) == (0, 0)
    assert scene.over()
    assert len(scene.entries(EntryKind.BAD_DEBT)) == 0


def test_the_takeover_of_a_short_position_is_its_mirror_image():
    scene = Scene(make("bankruptcy-takeover"), fund=0, levels=[(-1, 108, 4)])
    short = scene.open(-10, 100)  # bankrupt at 110
    long = scene.open(10, 200)
    scene.mark(106)
    assert scene.has(short) == (1_100 - 432 - 8, -6)
    assert scene.cash(scene.clearing.fund) == 8
    scene.wait(10)
    # 8 // 6 = 1 tick is not enough for a book that is empty: all at 110.
    assert scene.has(long) == (200 - 1_000 + 660, 4)
    assert scene.has(short) == (0, 0)
    assert scene.over()


def test_a_position_taken_over_is_not_given_back():
    scene = Scene(make("bankruptcy-takeover"))
    long = scene.open(10, 100)
    scene.mark(94)
    scene.mark(120)
    assert scene.clearing.open_cases == 1
    scene.rest([(1, 118, 10)])
    scene.wait(1)
    assert scene.has(long) == (0, 0)
    # The order that rests at 90 was there first: the buyer pays its price.
    assert scene.cash(scene.clearing.fund) == 0
    assert scene.over()


@pytest.mark.parametrize(
    ("policy", "given"), [("pro-rata", [3, 2]), ("random", None), ("queue", [5, 0])]
)
def test_policies_of_deleveraging(policy, given):
    scene = Scene(make("bankruptcy-takeover", adl=policy, seed=3))
    scene.open(5, 50)
    shorts = [scene.open(-6, 200), scene.open(-4, 300)]
    scene.mark(94)
    scene.wait(10)
    left = [6 + scene.has(shorts[0])[1], 4 + scene.has(shorts[1])[1]]
    assert sum(left) == 5
    if given is None:
        # The order depends on seed and owner numbers, not on what happened before.
        again = Scene(make("bankruptcy-takeover", adl=policy, seed=3))
        again.open(5, 50)
        same = [again.open(-6, 200), again.open(-4, 300)]
        again.mark(94)
        again.wait(10)
        assert [again.has(a)[1] for a in same] == [scene.has(a)[1] for a in shorts]
    else:
        assert left == given
    assert scene.over()


def test_seeds_change_who_is_deleveraged_at_random():
    first = set()
    for seed in range(8):
        scene = Scene(make("bankruptcy-takeover", adl="random", seed=seed))
        scene.open(2, 20)
        shorts = [scene.open(-6, 200) for _ in range(4)]
        scene.mark(94)
        scene.wait(10)
        first.add(next(i for i, a in enumerate(shorts) if scene.has(a)[1] > -6))
    assert len(first) > 1


def test_tiers_are_sold_down_before_the_position_is_taken_over():
    tiers = TieredMargin([0, 500], [200_000, 200_000], [50_000, 100_000])
    scene = Scene(make("tiered"), margin=tiers, levels=[(1, 94, 100)])
    long = scene.open(10, 100)
    # Maintenance at 94: 10 % of 940 less 25 = 69 > 40.
    scene.mark(94)
    # Five lots stay, worth 470 < 500: 23.5 are needed and 40 there.
    assert scene.has(long) == (-900 + 5 * 94, 5)
    scene.wait(1)
    assert scene.over()


def test_a_backstop_vault_takes_position_and_margin_below_two_thirds():
    scene = Scene(make("backstop", capital=5_000), levels=[(1, 95, 2)])
    long = scene.open(10, 100)
    # Equity 20 < 2/3 of 46.
    scene.mark(92)
    vault = scene.venue.ledger.account("clearing: vault")
    assert scene.has(long) == (0, 0)
    assert scene.has(vault) == (5_000 - 900, 10)
    assert scene.cash(scene.clearing.fund) == 0
    assert scene.over()


def test_above_two_thirds_the_book_comes_first_with_a_fifth_of_a_large_position():
    scene = Scene(make("backstop", capital=5_000, slice_above=500), levels=[(1, 95, 50)])
    long = scene.open(100, 900)  # borrows 9,100
    scene.mark(95)
    assert scene.clearing.case_count == 1
    # Equity 400 of 475: a fifth goes, which leaves 400 of 380.
    assert scene.has(long) == (-9_100 + 1_900, 80)
    scene.wait(2)
    assert scene.over()


def test_a_vault_without_room_leaves_it_to_deleveraging_and_one_with_it_sells_through_the_book():
    poor = Scene(make("backstop", capital=10))
    long, short = poor.open(10, 100), poor.open(-20, 400)
    poor.mark(92)
    assert poor.has(long) == (0, 0)
    assert poor.has(short) == (400 + 2_000 - 900, -10)
    assert poor.over()
    rich = Scene(make("backstop", capital=5_000, unwind=500_000), levels=[(1, 91, 50)])
    rich.open(10, 100)
    rich.mark(92)
    vault = rich.venue.ledger.account("clearing: vault")
    rich.wait(1)
    assert rich.has(vault) == (4_100 + 5 * 91, 5)
    rich.wait(4)
    assert rich.has(vault) == (4_100 + 910, 0)
    sold = rich.venue.events
    sold = sold[(sold["kind"] == lob.EventKind.TRADE) & (sold["order_id"] < 0)]
    assert sold["size"].tolist() == [5, 3, 1, 1]
    assert set(sold["tag"].tolist()) == {lob.LIQUIDATION_TAG + 1}
    rich.venue.check()


def test_ftx_providers_share_by_capacity_at_the_zero_price():
    scene = Scene(make("backstop:ftx", capital=900, providers=3))
    long = scene.open(10, 100)
    scene.mark(92)  # equity 20 of 46: below half
    assert zero_price(92, Fraction(20, 920)) == 90
    names = [f"clearing: provider {i}" for i in (1, 2, 3)]
    shares = [scene.has(scene.venue.ledger.account(name)) for name in names]
    # Which of the three equal ones gets the odd lot is drawn.
    assert sorted(shares) == [(300 - 360, 4), (300 - 270, 3), (300 - 270, 3)]
    assert scene.has(long) == (0, 0)
    assert scene.over()


def test_ftx_without_providers_closes_the_other_side_better_than_the_zero_price():
    scene = Scene(make("backstop:ftx", capital=0), fund=100)
    long, short = scene.open(9, 90), scene.open(-9, 400)
    scene.mark(93)  # equity 27 of 41.85: still the book's
    scene.mark(92)  # 18 of 41.4
    scene.wait(6)
    # Closed at 90, and the fund adds a third of the way to 92 of all nine lots: 6, rounded down
    # from 333,333 millionths.
    assert scene.has(short) == (400 + 900 - 810 + 5, 0)
    assert scene.has(long) == (0, 0)
    assert scene.over()


# -------------------------------------------------------------------------------------- lending


def lent(name, debt, price=10_000, lots=100, fund=0, **parameters):
    """100 lots at 10,000 and a debt; 80 % of the value may be owed."""
    scene = Scene(make(name, **parameters), margin=LENDING, price=price, fund=fund)
    account = scene.open(lots, lots * price - debt)
    return scene, account


def test_aave_closes_half_at_five_percent_and_keeps_a_tenth_of_the_bonus():
    scene, account = lent("fixed-spread", 790_000)
    scene.mark(9_876)  # health 790,080 / 790,000: not yet
    assert scene.clearing.case_count == 0
    scene.mark(9_800)  # 784,000 / 790,000 = .992
    (offer,) = scene.design.offers.values()
    # Half of the debt buys 395,000 x 1.05 / 9,800 = 42.3 lots. At 9,800 / 1.05 = 9,333.33 and a
    # tenth of the 466.67 between.
    assert (offer.size, offer.price.price_at(0), offer.price.bare()) == (42, 9_380, 9_334)
    assert scene.ask(Kind.TAKE, 42, 9_379) == Reason.NOT_ON_OFFER
    assert scene.ask(Kind.TAKE, 99, 9_380) == Reason.NONE
    assert scene.has(scene.keepers[0]) == (1_000_000 - 42 * 9_380, 42)
    assert scene.cash(scene.clearing.fees) == 42 * 46
    assert scene.has(account) == (-790_000 + 42 * 9_334, 58)
    assert scene.over()
    assert scene.ask(Kind.TAKE, 1) == Reason.NOT_ON_OFFER


def test_aave_closes_all_below_a_health_of_95_percent_and_the_deficit_stays():
    scene, account = lent("fixed-spread", 790_000, fund=10**6)
    scene.mark(8_000)  # 640,000 / 790,000 = .81
    (offer,) = scene.design.offers.values()
    assert offer.size == 100
    bare = -(-8_000 * 100 // 105)
    assert scene.ask(Kind.TAKE, 100) == Reason.NONE
    missing = 790_000 - 100 * bare
    assert missing > 0
    assert scene.has(account) == (0, 0)
    assert scene.cash(scene.clearing.shortfall) == -missing
    assert scene.cash(scene.clearing.fund) == 10**6
    assert scene.entries(EntryKind.BAD_DEBT)["amount"].tolist() == [missing]
    assert scene.over()


def test_aave_refuses_what_leaves_dust():
    scene, _ = lent("fixed-spread", 790_000, small=0, leftover=700_000)
    scene.mark(9_800)
    # 395,000 of debt would be left, and 568,400 of collateral.
    assert scene.ask(Kind.TAKE, 42) == Reason.LEAVES_DUST
    assert scene.clearing.open_cases == 1


def test_an_offer_follows_the_mark_and_ends_when_the_account_is_safe():
    scene, _ = lent("fixed-spread", 790_000)
    heard = []
    scene.design.watch(
        type("Ear", (), {"on_offer": lambda _, offer: heard.append(offer.size),
                         "on_offer_closed": lambda _, tag: heard.append(-1)})()
    )  # fmt: skip
    scene.mark(9_800)
    scene.wait(5)
    assert heard == [42]
    scene.mark(9_700)
    scene.wait(1)
    assert heard == [42, 42]
    scene.mark(9_900)
    # Safe at the mark of now: nobody may take, and at the next look it is released.
    assert scene.ask(Kind.TAKE, 10) == Reason.NOT_ON_OFFER
    scene.wait(1)
    assert heard == [42, 42, -1]
    assert scene.over()


def test_a_short_position_is_offered_above_the_mark():
    scene = Scene(make("fixed-spread"), price=10_000)
    short = scene.open(-100, 100_000)
    scene.mark(10_500)  # equity 50,000 < 52,500
    (offer,) = scene.design.offers.values()
    # The health factor is 1,100,000 / 1,102,500: half of the lots, at 10,500 x 1.05 less the fee.
    assert (offer.side, offer.size) == (lob.Side.SELL, 50)
    assert offer.price.price_at(0) == 10_972
    assert scene.ask(Kind.TAKE, 50, 10_973) == Reason.NOT_ON_OFFER
    assert scene.ask(Kind.TAKE, 50, 10_972) == Reason.NONE
    assert scene.has(scene.keepers[0]) == (1_000_000 + 50 * 10_972, -50)
    assert scene.has(short) == (1_100_000 - 50 * 11_025, -50)
    assert scene.cash(scene.clearing.fees) == 50 * 53


def test_compound_takes_half_of_what_is_left_each_time():
    scene, _ = lent("fixed-spread:compound2", 790_000)
    scene.mark(9_000)
    sizes = []
    while scene.design.offers:
        (offer,) = scene.design.offers.values()
        sizes.append(offer.size)
        assert scene.ask(Kind.TAKE, offer.size) == Reason.NONE
    # 25 are left, worth 180,000 by their threshold, for a debt of 790,000 - 75 x 8,334.
    assert sizes == [50, 25]
    assert scene.over()


def test_morpho_sells_all_at_the_bonus_of_its_loan_to_value_and_the_lenders_lose():
    scene, account = lent("fixed-spread:morpho", 790_000, lltv=800_000, fund=10**6)
    scene.mark(8_000)
    (offer,) = scene.design.offers.values()
    # 1 / (1 - .3 x .2) = 1.06383: 8,000 / 1.06383 = 7,520.1.
    assert (offer.size, offer.price.price_at(0)) == (100, 7_521)
    assert scene.ask(Kind.TAKE, 100) == Reason.NONE
    assert scene.has(account) == (0, 0)
    assert scene.cash(scene.clearing.pool) == -(790_000 - 752_100)
    assert scene.cash(scene.clearing.fund) == 10**6
    assert scene.over()


def test_nobody_takes_so_the_book_and_at_last_the_lenders_do():
    scene, account = lent("fixed-spread", 790_000, patience=60.0, last=30.0)
    scene.mark(9_000)
    scene.wait(59)
    assert scene.design.offers
    scene.wait(2)
    assert not scene.design.offers
    scene.rest([(1, 9_000, 40)])
    scene.wait(28)
    # What is left is safe by now: 60 lots x 9,000 x .8 = 432,000 for a debt of 430,000.
    assert scene.has(account) == (-430_000, 60)
    assert scene.over()
    other, account = lent("fixed-spread", 790_000, patience=60.0, last=30.0)
    other.mark(9_000)
    other.wait(100)
    assert other.has(account) == (900_000 - 790_000, 0)
    assert other.has(other.clearing.pool) == (-900_000, 100)
    assert other.over()


@pytest.mark.parametrize(
    ("rule", "fund", "pool", "shortfall"),
    [
        (Waterfall(), 0, 0, -70),
        (Waterfall(fund=False), 30, 0, -100),
        (Waterfall(rest="lenders"), 0, -70, 0),
        (Waterfall(fund=False, rest="lenders"), 30, -100, 0),
        (Waterfall(rest="others"), 0, 0, 0),
    ],
)
def test_rules_of_losses(rule, fund, pool, shortfall):
    scene = Scene(StagedDesign([Stage(settlement=rule)]), fund=30, levels=[(1, 80, 50)])
    scene.open(10, 100)
    other = scene.open(1, 1_000)
    scene.mark(90)
    scene.wait(2)
    assert scene.cash(scene.clearing.fund) == fund
    assert scene.cash(scene.clearing.pool) == pool
    assert scene.cash(scene.clearing.shortfall) == shortfall
    assert scene.cash(other) == (830 if rule.rest == "others" else 900)
    assert scene.entries(EntryKind.BAD_DEBT)["amount"].tolist() == [100]
    assert scene.over()


def test_every_name_is_found_and_says_what_it_is():
    for name, named in DESIGNS.items():
        design = make(name)
        assert named.summary
        assert named.source
        assert set(named.preset) <= set(named.build.__kwdefaults__)
        assert set(named.tunable) <= set(named.build.__kwdefaults__)
        assert design.clearing is None
        for low, high, kind in named.tunable.values():
            assert low < high
            assert kind in ("int", "float", "log")
    with pytest.raises(ValueError, match="no design is called 'nothing'"):
        make("nothing")
    with pytest.raises(ValueError, match=r"design dutch: .*surprise"):
        make("dutch", surprise=1)


def test_tuned_values_within_their_bounds_make_a_design():
    random = np.random.default_rng(5)
    for name, named in DESIGNS.items():
        for _ in range(5):
            drawn = {
                key: round(value) if kind == "int" else float(value)
                for key, (low, high, kind) in named.tunable.items()
                for value in [random.uniform(low, high)]
            }
            make(name, **drawn)
