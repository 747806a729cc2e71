"""A constant-product pool beside a book."""

from fractions import Fraction
from math import isqrt, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from lob import EntryKind, Kind, Reason, Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.collateral import Claim
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.clearing.valuation import ClaimValue
from lob.liquidation import Frozen
from lob.venue.pool import FairShare, Pool, SpotPrice, impermanent_loss
from tests.examples import examples

ETH = lob.Instrument("ETH", base="eth")
PROVIDER, TRADER = 3_000, 4_000


def ask(venue, kind, size, *, owner, side=0, price=0, facility=0):
    row = np.zeros(1, lob.MESSAGE)
    row["kind"], row["owner"], row["size"], row["order_id"] = kind, owner, size, facility
    row["side"], row["price"], row["ts_event"] = side, price, venue.now
    events = venue.process(row)
    return Reason(events["reason"][0]) if len(events) else Reason.NONE


def swap(venue, side, size, price=0):
    return ask(venue, Kind.SWAP, size, owner=TRADER, side=side, price=price)


def pool_venue(fee=0, base=1_000, cash=100_000, **options):
    """1,000 eth and 100,000 cash by one provider, and a trader with a lot of both."""
    pool = Pool("lp", base="eth", fee=fee, initial=(base // 100, cash // 100))
    venue = lob.Venue([ETH], facilities=[pool], **options)
    for owner in (PROVIDER, TRADER):
        account = venue.ledger.open_account(owner=owner)
        for name in ("eth", "cash"):
            venue.ledger.transfer(venue.ledger.asset(name), 0, account, 10**9)
    venue.refresh()
    assert ask(venue, Kind.MINT, 100, owner=PROVIDER) == Reason.NONE
    return venue, pool


def test_a_swap_by_hand():
    venue, pool = pool_venue()
    assert pool.reserves == (1_000, 100_000)
    # 100 of 1,000: 100,000 x 100 / 900 = 11,111.1, rounded up.
    assert pool.quote(Side.BUY, 100) == 11_112
    assert swap(venue, Side.BUY, 100) == Reason.NONE
    assert pool.reserves == (900, 111_112)
    # Back: 111,112 x 100 / 1,000, rounded down.
    assert pool.quote(Side.SELL, 100) == 11_111
    assert swap(venue, Side.SELL, 100) == Reason.NONE
    assert pool.reserves == (1_000, 100_001)
    assert (venue.entries["kind"] == EntryKind.SWAP).sum() == 4
    venue.check()


def test_the_fee_stays_in_the_pool():
    venue, pool = pool_venue(fee=3_000)
    assert pool.quote(Side.BUY, 100) == -(-11_112 * 1_000_000 // 997_000)
    # 99.7 arrive, rounded down to 99.
    assert pool.quote(Side.SELL, 100) == 100_000 * 99 // 1_099
    before = pool.reserves
    assert swap(venue, Side.BUY, 100) == swap(venue, Side.SELL, 100) == Reason.NONE
    assert pool.reserves[0] == before[0]
    assert pool.reserves[1] > before[1]


def test_a_swap_has_a_limit_and_the_pool_an_end():
    venue, pool = pool_venue()
    assert swap(venue, Side.BUY, 100, price=111) == Reason.PRICE_LIMIT
    assert swap(venue, Side.BUY, 100, price=112) == Reason.NONE
    assert swap(venue, Side.SELL, 100, price=112) == Reason.PRICE_LIMIT
    assert swap(venue, Side.SELL, 100, price=111) == Reason.NONE
    assert swap(venue, Side.BUY, 1_000) == Reason.ILLIQUID
    assert venue.events[-1]["leaves"] == 1_000
    assert swap(venue, Side.SELL, 10**9 + 1) == Reason.INSUFFICIENT_MARGIN
    assert pool.quote(Side.BUY, 1_000) is None
    assert pool.reserves == (1_000, 100_001)


def test_impermanent_loss_is_what_theory_says():
    venue, pool = pool_venue(base=100_000, cash=10_000_000)
    # Arbitrage moves the price to 4 times: half the base is gone.
    assert swap(venue, Side.BUY, 50_000) == Reason.NONE
    assert pool.spot == Fraction(20_000_000, 50_000) == 400
    before = venue.ledger.balance(venue.ledger.owner_account(PROVIDER), 1)
    assert ask(venue, Kind.REDEEM, 100, owner=PROVIDER) == Reason.NONE
    assert venue.ledger.balance(venue.ledger.owner_account(PROVIDER), 1) - before == 50_000
    loss = impermanent_loss((100_000, 10_000_000), (50_000, 20_000_000), 400)
    assert loss == Fraction(-1, 5)
    assert float(loss) == pytest.approx(2 * sqrt(4) / 5 - 1)
    assert pool.reserves == (0, 0)
    assert pool.spot is None


@settings(max_examples=examples(60), deadline=None)
@given(
    fee=st.sampled_from([0, 1, 3_000, 300_000]),
    steps=st.lists(
        st.tuples(st.sampled_from(["buy", "sell", "mint", "redeem"]), st.integers(1, 900)),
        max_size=30,
    ),
)
def test_the_product_per_share_never_falls(fee, steps):
    venue, pool = pool_venue(fee=fee)
    depth = Fraction(pool.reserves[0] * pool.reserves[1], pool.supply**2)
    for what, size in steps:
        if what in ("buy", "sell"):
            swap(venue, Side.BUY if what == "buy" else Side.SELL, size)
        else:
            kind = Kind.MINT if what == "mint" else Kind.REDEEM
            ask(venue, kind, 1 + size % 40, owner=PROVIDER)
        if not pool.supply:
            break
        now = Fraction(pool.reserves[0] * pool.reserves[1], pool.supply**2)
        assert now >= depth
        depth = now
        venue.check()


def test_a_fair_share_cannot_be_pushed_by_swaps():
    price = Fixed(100)
    prices = {"eth": price}

    def shared(source):
        return Holding(Oracle(source), LoanToValue(500_000, 600_000), asset="lp")

    def clearing(name, source):
        return Clearing(
            name,
            holdings=[
                Holding(Oracle(price), LoanToValue(500_000, 600_000), asset="eth"),
                shared(source),
            ],
            liquidation_engine=Frozen(),
        )

    fair, naive, spot = (
        clearing("fair", FairShare("lp", prices=prices)),
        clearing("naive", ClaimValue("lp", prices=prices)),
        clearing("spot", SpotPrice("lp", prices=prices)),
    )
    venue, pool = pool_venue(clearings=[fair, naive, spot])
    assert [c.holdings[1].mark_price for c in (fair, naive, spot)] == [2_000, 2_000, 100]
    assert swap(venue, Side.BUY, 900) == Reason.NONE
    assert pool.reserves == (100, 1_000_000)
    # A naive valuation is five times as high; the fair one is where it was.
    marks = [c.holdings[1].mark_price for c in (fair, naive, spot)]
    assert marks == [2 * isqrt(100 * 1_000_000 * 100) // 100, 10_100, 10_000]
    assert marks[0] == 2_000
    twin = venue.copy()
    for one in (venue, twin):
        assert swap(one, Side.SELL, 900) == Reason.NONE
        assert one.clearings[1].holdings[1].mark_price == 2_000
    assert venue.digest() == twin.digest()


@pytest.mark.parametrize(
    ("options", "match"),
    [({"fee": 1_000_000}, "fee"), ({"initial": (0, 5)}, "initial"), ({"multiplier": 0}, "multi")],
)
def test_misuse_of_a_pool(options, match):
    with pytest.raises(ValueError, match=match):
        Pool("lp", base="eth", **options)


def test_a_run_replayed_from_its_own_messages_is_the_same():
    def make():
        pool = Pool("lp", base="eth", initial=(10, 1_000))
        staked = Claim("st", backing=["eth"], delay=5, rate=3, period=2)
        venue = lob.Venue([ETH], facilities=[pool, staked])
        for owner in (PROVIDER, TRADER):
            account = venue.ledger.open_account(owner=owner)
            for name in ("eth", "cash"):
                venue.ledger.transfer(venue.ledger.asset(name), 0, account, 10_000)
        venue.refresh()
        return venue

    first, second = make(), make()
    random = np.random.default_rng(1)
    rows = np.zeros(300, lob.MESSAGE)
    rows["ts_event"] = np.arange(300)
    rows["kind"] = random.integers(Kind.MINT, Kind.SWAP + 1, 300)
    rows["owner"] = random.choice([PROVIDER, TRADER, 5], 300)
    rows["order_id"] = random.integers(0, 2, 300)
    rows["size"] = random.integers(1, 30, 300)
    rows["side"] = random.choice([1, -1], 300)
    for row in rows:
        first.process(np.array([row]))
    second.process(first.messages)
    for venue in (first, second):
        venue.advance(400)
        venue.check()
    assert first.digest() == second.digest()
    reasons = set(first.events["reason"].tolist())
    assert {Reason.INSUFFICIENT_MARGIN, Reason.NO_ACCOUNT, Reason.NOT_ON_OFFER} < reasons
    assert first.facilities[1].queue == []


def test_a_pool_gets_no_more_cash_than_a_ledger_holds():
    """What borrowers pay in may be more than there is: the posting raised, and ended the run."""
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(2**40)), LoanToValue(700_000, 800_000), asset="eth")],
        liquidation_engine=Frozen(),
    )
    pool = Pool("lp", base="eth", fee=0)
    venue = lob.Venue([ETH], clearings=[clearing], facilities=[pool])
    clearing.open(TRADER, [0, 0, 0], [2**23] * 3)
    pool.stock(1, eth=300, cash=2**61)
    venue.refresh()
    said = []
    for size, owner in ((70, 0), (70, 1), (40, 2), (10, 0), (20, 1), (15, 2), (5, 0)):
        before = [venue.ledger.balances(asset) for asset in range(len(venue.ledger.assets))]
        said.append(ask(venue, Kind.SWAP, size, owner=TRADER + owner, side=Side.BUY))
        if said[-1]:
            after = [venue.ledger.balances(asset) for asset in range(len(venue.ledger.assets))]
            assert all((a == b).all() for a, b in zip(after, before, strict=True))
        venue.check()
    assert said[:2] == [Reason.NONE, Reason.NONE]
    assert Reason.VOLUME_LIMIT in said
    assert max(pool.reserves) < 2**62
