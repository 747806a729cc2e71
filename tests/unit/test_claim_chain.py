"""Forced sales through claims on claims: by hand, layer by layer."""

from fractions import Fraction

import numpy as np
import pytest

import lob
from lob import Cause, EntryKind, EventKind, Kind, Reason
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.collateral import Claim
from lob.clearing.margin import FlatMargin, LoanToValue
from lob.clearing.oracle import BestBid, Fixed
from lob.clearing.valuation import ClaimValue
from lob.liquidation import Frozen, MarketSale
from lob.liquidation.staged import Stage, StagedDesign
from lob.units import SECOND_NS
from tests.venues import WORLD_OWNER, asking, order

ETH = lob.Instrument("ETH", base="eth")
DEEP = 10**9
FIRST, SECOND_OWNER, THIRD, HOLDER = 1_000, 2_000, 3_000, 9_000

DESIGNS = {"market sale": MarketSale, "one stage": lambda: StagedDesign([Stage()])}


def margin():
    return LoanToValue(700_000, 800_000)


def holding(asset, **options):
    return Holding(
        Oracle(ClaimValue(asset, prices={"eth": BestBid(0)}), **options), margin(), asset=asset
    )


def protocol(name, *claims, design=MarketSale, **options):
    return Clearing(
        name,
        holdings=[
            Holding(Oracle(BestBid(0)), margin(), asset="eth"),
            *(holding(claim, **options) for claim in claims),
        ],
        liquidation_engine=design(),
    )


def bid(venue, price, size=DEEP, ts=None):
    """A deep bid at a price, and then none above it: the best bid falls in one message."""
    ts = venue.now if ts is None else ts
    old = venue.books[0].orders()["order_id"].tolist()
    venue.process(order(price, 1, price, size, ts_event=ts))
    for number in old:
        row = np.zeros(1, lob.MESSAGE)
        row["kind"], row["order_id"], row["owner"], row["ts_event"] = 2, number, WORLD_OWNER, ts
        venue.process(row)
    venue.advance(ts)


def stack(design=MarketSale, **options):
    """eth; a vault in A; an account in B on the vault's shares; one in C on that one's equity.

    A: 100 eth, 5,000 owed, 100 shares. B: 60 shares, 2,000 owed, 50 claims. C: 40 claims, 500 owed.
    """
    share = Claim("share", backing=["eth", "cash"], issuer=FIRST)
    equity = Claim("equity", backing=["share", "eth", "cash"], issuer=SECOND_OWNER)
    a = protocol("A", design=design)
    b = protocol("B", "share", design=design, **options)
    c = protocol("C", "share", "equity", design=design, **options)
    venue = lob.Venue([ETH], clearings=[a, b, c], facilities=[share, equity])
    bid(venue, 100)
    ledger = venue.ledger
    holder = ledger.open_account(owner=HOLDER)
    a.open(FIRST, [-5_000], [100])
    share.found(holder, 100)
    second = b.open(SECOND_OWNER, [0], [[0], [0]], cross=True)
    ledger.transfer(share.asset, holder, second, 60)
    ledger.transfer(ledger.asset("cash"), second, 0, 2_000)
    equity.found(holder, 50)
    third = c.open(THIRD, [0], [[0], [0], [0]], cross=True)
    ledger.transfer(equity.asset, holder, third, 40)
    ledger.transfer(ledger.asset("cash"), third, 0, 500)
    venue.refresh()
    assert (share.depth, equity.depth) == (1, 2)
    return venue, (a, b, c), (share.issuer, second, third), holder


def state(clearing, account):
    found = clearing.account(account)
    return found.cash, *found.positions.values()


@pytest.mark.parametrize("design", DESIGNS)
def test_a_chain_of_three_layers_by_hand(design):
    venue, (a, b, c), (first, second, third), holder = stack(DESIGNS[design])
    # A share is 100 - 50; a claim on B's account is (60 x 50 - 2,000) / 50.
    assert c.holdings[1].mark_price == b.holdings[1].mark_price == 50
    assert c.holdings[2].mark_price == 20
    bid(venue, 97, ts=1)
    # (60 x 47 - 2,000) / 50 = 16.4: 40 x 16 x 0.8 = 512, not below 500.
    assert [x.holdings[-1].mark_price for x in (a, b, c)] == [97, 47, 16]
    assert [x.case_count for x in (a, b, c)] == [0, 0, 0]

    # 96: 15.2 a claim; 40 x 15 x 0.8 = 480 < 500. The deepest layer fails first.
    bid(venue, 96, ts=2)
    assert [x.case_count for x in (a, b, c)] == [0, 0, 1]
    # 40 of 50 claims: 48 shares, 1,600 of debt. They: 48 eth, 2,400 of debt. Sold for 4,608.
    assert state(c, third) == (-500 - 1_600 - 2_400 + 48 * 96, 0, 0, 0) == (108, 0, 0, 0)
    assert state(b, second) == (-400, 0, 12)
    assert state(a, first) == (-2_600, 52)

    # 91: 12 shares of 41 carry 393.6 of the 400 that B's account owes.
    bid(venue, 92, ts=3)
    assert [x.case_count for x in (a, b, c)] == [0, 0, 1]
    bid(venue, 91, ts=4)
    assert [x.case_count for x in (a, b, c)] == [0, 1, 1]
    # 12 of 52 shares: 12 eth, 600 of debt.
    assert state(b, second) == (-400 - 600 + 12 * 91, 0, 0) == (92, 0, 0)
    assert state(a, first) == (-2_000, 40)
    assert venue.claims.look_through("equity") == {"cash": Fraction(92, 10), "eth": 0}
    assert c.holdings[2].mark_price == 9  # 92 of cash, 10 claims

    # 62: 40 x 62 x 0.8 = 1,984 < 2,000.
    bid(venue, 63, ts=5)
    assert a.case_count == 0
    bid(venue, 62, ts=6)
    assert state(a, first) == (-2_000 + 40 * 62, 0) == (480, 0)
    assert b.holdings[1].mark_price == 12  # 480 of cash, 40 shares
    assert [x.open_cases for x in (a, b, c)] == [0, 0, 0]

    entries = venue.entries
    failed = entries[entries["kind"] == EntryKind.LIQUIDATION]
    assert failed["layer"].tolist() == [2, 1, 0]
    assert failed["clearing"].tolist() == [2, 1, 0]
    assert (failed["cause"] == Cause.QUOTE).all()
    # Infinite depth and no fees: nothing is lost to anybody but the price.
    assert not (entries["kind"] == EntryKind.BAD_DEBT).any()
    sold = venue.events[venue.events["kind"] == EventKind.TRADE]
    assert sold["size"].tolist() == [48, 12, 40]
    assert [x.ledger.balance(x.shortfall, x.cash_asset) for x in (a, b, c)] == [0, 0, 0]
    assert venue.ledger.balance(holder, venue.ledger.asset("share")) == 40
    venue.check()


@pytest.mark.parametrize("lag", [0, 5])
def test_parents_are_known_through_claims_and_lags(lag):
    venue, (a, _b, _c), _accounts, _holder = stack(lag=lag)
    # 77.6 x 50 = 0.8 x 97 x 50: safe at 97 with 3,880 owed, not with 3,881.
    a.open(5_000, [-3_881], [50])
    venue.process(order(91, 1, 91, DEEP))
    venue.process(order(97, 1, 97, 50))
    row = np.zeros(1, lob.MESSAGE)
    row["kind"], row["order_id"], row["owner"], row["ts_event"] = 2, 100, WORLD_OWNER, 10
    venue.process(row)
    venue.advance(11 + lag)
    entries = venue.entries
    failed = entries[entries["kind"] == EntryKind.LIQUIDATION]
    # The sale of A's bystander takes the bids at 97; at 91 the layers above fail by it.
    assert failed["clearing"].tolist() == [0, 1, 2]
    assert failed["cause"].tolist() == [Cause.QUOTE, Cause.LIQUIDATION, Cause.LIQUIDATION]
    tag = failed["tag"][0]
    assert failed["parent"].tolist() == [0, tag, tag]
    assert failed["ts_event"].tolist() == [10, 10 + lag, 10 + lag]
    venue.check()


@pytest.mark.parametrize("design", DESIGNS)
def test_forks_in_the_middle_of_a_crash_go_on_alike(design):
    venue, *_ = stack(DESIGNS[design], lag=3)
    bid(venue, 96, ts=2)
    twin = venue.copy()
    for one in (venue, twin):
        for ts, price in enumerate((94, 91, 70, 60, 30), start=3):
            bid(one, price, ts=ts)
        one.advance(10 * SECOND_NS)
        one.check()
        assert [clearing.open_cases for clearing in one.clearings] == [0, 0, 0]
    assert venue.digest() == twin.digest()
    again, *_ = stack(DESIGNS[design], lag=3)
    for ts, price in enumerate((96, 94, 91, 70, 60, 30), start=2):
        bid(again, price, ts=ts)
    again.advance(10 * SECOND_NS)
    assert again.digest() == venue.digest()


def test_frozen_accounts_keep_their_claims():
    venue, (_a, _b, c), (_first, _second, third), _holder = stack(Frozen)
    bid(venue, 60, ts=2)
    assert c.account(third).positions == {"eth": 0, "share": 0, "equity": 40}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("design", DESIGNS)
def test_a_case_stays_open_while_the_issuer_cannot_pay(design, wrapped):
    """Receipts of A's lenders, as they are or wrapped once more, pledged in B."""
    receipt = Claim("acash", backing=["cash"], issuer="A: lenders", initial=[100])
    wrapper = Claim("wcash", backing=["acash"])
    pledged = wrapper if wrapped else receipt
    a = protocol("A")
    b = Clearing(
        "B",
        holdings=[Holding(Oracle(ClaimValue(pledged.name)), margin(), asset=pledged.name)],
        liquidation_engine=DESIGNS[design](),
    )
    venue = lob.Venue([ETH], clearings=[a, b], facilities=[receipt, wrapper])
    bid(venue, 100)
    cash = venue.ledger.asset("cash")
    lender = venue.ledger.open_account(owner=HOLDER)
    venue.ledger.transfer(cash, 0, lender, 2_000)
    venue.refresh()
    venue.process(asking(Kind.MINT, HOLDER, 0, 20))
    if wrapped:
        venue.process(asking(Kind.MINT, HOLDER, 1, 10))
    borrower = a.open(FIRST, [-1_500], [100])
    account = b.open(SECOND_OWNER, [0], [[0]], cross=True)
    venue.ledger.transfer(pledged.asset, lender, account, 10)
    venue.ledger.transfer(cash, account, 0, 790)
    venue.refresh()
    assert b.holdings[0].mark_price == 100
    b.charge_interest(20_000)  # 806 owed, 800 carried
    venue.refresh()
    for ts in (1, 2 * SECOND_NS):
        venue.advance(ts)
        # 500 are at hand in A, so half stays a receipt, which is no holding if it was wrapped.
        assert state(b, account) == (-306, 0 if wrapped else 5)
        assert venue.ledger.balance(account, receipt.asset) == 5
        # An account that is safe again is let go, as this one is with half of its debt: by a
        # market sale at once, by a stage at its next look.
        assert b.open_cases == (wrapped or (ts == 1 and design != "market sale"))
    failed = venue.entries[venue.entries["kind"] == EntryKind.LIQUIDATION]
    assert failed["layer"].tolist() == [2 if wrapped else 1]
    venue.process(asking(Kind.DEPOSIT, FIRST, cash, 1_000, venue.now))
    venue.advance(4 * SECOND_NS)
    assert b.open_cases == 0
    assert b.account(account).equity == 194
    assert a.account(borrower).cash == -500
    venue.check()


@pytest.mark.parametrize("design", DESIGNS)
def test_a_claim_on_an_account_that_waits_for_lent_money_waits_with_it(design):
    """B has receipts of A's lenders, all of it lent; C has claims on B's account: both fail."""
    receipt = Claim("acash", backing=["cash"], issuer="A: lenders", initial=[100])
    equity = Claim("equity", backing=["eth", "acash", "cash"], issuer=SECOND_OWNER)
    a = protocol("A")
    b = protocol("B", "acash", design=DESIGNS[design])
    c = protocol("C", "acash", "equity", design=DESIGNS[design])
    venue = lob.Venue([ETH], clearings=[a, b, c], facilities=[receipt, equity])
    bid(venue, 100)
    ledger = venue.ledger
    cash = ledger.asset("cash")
    lender = ledger.open_account(owner=HOLDER)
    ledger.transfer(cash, 0, lender, 2_000)
    venue.refresh()
    venue.process(asking(Kind.MINT, HOLDER, 0, 20))
    a.open(FIRST, [-2_000], [100])
    second = b.open(SECOND_OWNER, [0], [[0], [0]], cross=True)
    ledger.transfer(receipt.asset, lender, second, 10)
    ledger.transfer(cash, second, 0, 790)
    equity.found(lender, 100)
    third = c.open(THIRD, [0], [[0], [0], [0]], cross=True)
    ledger.transfer(equity.asset, lender, third, 50)
    ledger.transfer(cash, third, 0, 75)
    venue.refresh()
    assert [x.open_cases for x in (a, b, c)] == [0, 0, 0]
    b.charge_interest(20_000)  # 806 owed, 800 carried; 194 is 1 for each of 100 claims
    venue.refresh()
    for ts in (1, 5 * SECOND_NS):
        venue.advance(ts)
        assert [x.open_cases for x in (a, b, c)] == [0, 1, 1]
        assert state(b, second) == (-806, 0, 10)
        assert state(c, third) == (-75, 0, 0, 50)
        assert receipt.can_redeem(10) == equity.can_redeem(50) == 0
    venue.process(asking(Kind.DEPOSIT, FIRST, cash, 2_000, venue.now))
    venue.advance(10 * SECOND_NS)
    assert [x.open_cases for x in (a, b, c)] == [0, 0, 0]
    assert state(b, second) == (97, 0, 0)
    assert state(c, third) == (97 - 75, 0, 0, 0)
    venue.check()


def test_what_is_bought_outside_the_holdings_must_be_paid_for():
    other = lob.Instrument("BTC", base="btc", number=1)
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000), asset="eth")],
        liquidation_engine=MarketSale(),
    )
    venue = lob.Venue([ETH, other], clearings=[clearing])
    account = clearing.open(FIRST, [1_000], [0])
    venue.refresh()
    venue.process(order(1, -1, 10, 500, instrument=1))

    def buy(number, price, size, side=1):
        row = order(number, side, price, size, instrument=1, owner=FIRST, ts_event=venue.now)
        return Reason(venue.process(row)["reason"][0])

    assert buy(2, 10, 101) == Reason.INSUFFICIENT_MARGIN
    assert buy(3, None, 101) == Reason.INSUFFICIENT_MARGIN
    assert buy(4, 10, 60) == Reason.NONE
    assert buy(5, 9, 40) == Reason.NONE  # rests
    assert buy(6, 9, 10) == Reason.INSUFFICIENT_MARGIN  # 360 of 400 are spoken for
    assert clearing.account(account).cash == 400
    assert buy(7, 20, 61, side=-1) == Reason.INSUFFICIENT_MARGIN
    assert buy(8, 20, 60, side=-1) == Reason.NONE
    assert buy(9, 20, 1, side=-1) == Reason.INSUFFICIENT_MARGIN
    venue.check()
