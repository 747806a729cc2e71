"""Random stacks of claims, several protocols, random steps: nothing is lost, everybody settles."""

from math import floor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from lob import Kind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.collateral import Claim
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import BestBid
from lob.clearing.valuation import ClaimValue
from lob.liquidation import MarketSale
from lob.liquidation.parts.sizing import CloseFactor
from lob.liquidation.staged import Stage, StagedDesign
from lob.units import SECOND_NS
from lob.venue.pool import Pool
from tests.examples import examples
from tests.venues import asking, order

DEEP = 10**12
PLAIN = (9_000, 9_001)


def build(draw):
    """Three protocols, a staked token with a book, a pool, lending receipts, and random claims."""
    instruments = [
        lob.Instrument("ETH", base="eth"), lob.Instrument("STETH", base="steth", number=1)
    ]  # fmt: skip
    claims = [
        Claim("steth", backing=["eth"], delay=SECOND_NS, rate=50, period=SECOND_NS),
        Pool("lp", base="eth", initial=(5, 500)),
        Claim("acash", backing=["cash"], issuer="A: lenders", initial=[100]),
    ]
    known = ["eth", "steth", "lp", "acash"]
    # What an account of a protocol holds backs the claim on it, and so on upwards.
    clearings, owners = [], []
    for at, name in enumerate("ABC"):
        names = [one for one in known if not (name == "A" and one == "acash")]
        taken = [one for one in names if one in ("eth", "steth") or draw(st.booleans())]
        leaves = ["eth", "steth"]
        holdings = [
            Holding(Oracle(BestBid(0)), LoanToValue(750_000, 800_000), asset="eth"),
            Holding(Oracle(BestBid(1)), LoanToValue(700_000, 780_000), instrument=1),
        ] + [
            Holding(
                Oracle(
                    ClaimValue(
                        one,
                        sees=draw(st.sampled_from(["own", "all"])),
                        prices={"eth": BestBid(0), "steth": BestBid(1)},
                    ),
                    lag=draw(st.sampled_from([0, SECOND_NS])),
                ),
                LoanToValue(600_000, 700_000),
                asset=one,
            )
            for one in taken
            if one not in leaves
        ]
        design = draw(st.integers(0, 2))
        clearings.append(
            Clearing(
                name,
                holdings=holdings,
                liquidation_engine=[
                    MarketSale(),
                    StagedDesign([Stage()]),
                    StagedDesign(
                        [Stage(sizing=CloseFactor(500_000), patience=5 * SECOND_NS), Stage()]
                    ),
                ][design],
                insurance_fund=draw(st.sampled_from([0, 1_000])),
            )
        )
        owners.append(1_000 * (at + 1))
        backing = [holding.name for holding in holdings]
        backing = ["steth" if one is None else one for one in backing]
        if len(backing) < 6:
            claims.append(Claim(f"equity {name}", backing=[*backing, "cash"], issuer=owners[at]))
            known.append(f"equity {name}")
    venue = lob.Venue(instruments, clearings=clearings, facilities=claims)
    claims[0].stock(10**9, eth=10**9)
    for number, price in ((0, 100), (1, 98)):
        for offset in (0, 3, 6, 10, 15, 21, 28, 40):
            venue.process(order(price - offset, 1, price - offset, 100, instrument=number))
        venue.process(order(price + 1, -1, price + 1, DEEP, instrument=number))
    for owner in PLAIN:
        account = venue.ledger.open_account(owner=owner)
        for asset in ("eth", "cash", "steth"):
            venue.ledger.transfer(venue.ledger.asset(asset), 0, account, 10_000)
    for clearing, owner in zip(clearings, owners, strict=True):
        for k in range(3):
            start = [0] * len(clearing.holdings)
            start[0] = draw(st.integers(0, 200))
            start[1] = draw(st.integers(0, 50))
            worth = 98 * (start[0] + start[1])
            debt = worth * draw(st.integers(0, 7)) // 10
            clearing.open(owner + k, [-debt], [[units] for units in start], cross=True)
    for claim in claims[3:]:
        claim.found(venue.ledger.owner_account(PLAIN[0]), 100)
    plain = venue.ledger.owner_account(PLAIN[0])
    for claim in claims[3:]:
        # Whoever takes it as collateral has some, and has borrowed on it.
        for clearing, owner in zip(clearings, owners, strict=True):
            if claim.name in [holding.name for holding in clearing.holdings]:
                account = venue.ledger.owner_account(owner + draw(st.integers(0, 2)))
                venue.ledger.transfer(claim.asset, plain, account, draw(st.integers(1, 40)))
    venue.refresh()
    for clearing, owner in zip(clearings, owners, strict=True):
        for k in range(3):
            state = clearing.account(venue.ledger.owner_account(owner + k))
            room = (state.equity or 0) - (state.initial_margin or 0)
            if room > 0 and draw(st.booleans()):
                venue.process(asking(Kind.WITHDRAW, owner + k, venue.ledger.asset("cash"), room))
    return venue, [owner + k for owner in owners for k in range(3)]


def step(draw, venue, owners):
    """One random thing that happens."""
    owner = draw(st.sampled_from([*owners, *PLAIN]))
    what = draw(
        st.sampled_from(
            ["mint", "redeem", "swap", "trade", "shock", "accrue", "interest", "give", "wait"]
        )
    )
    size = draw(st.integers(1, 60))
    facility = draw(st.integers(0, len(venue.facilities) - 1))
    claim = venue.facilities[facility]
    now = venue.now
    if what in ("mint", "redeem"):
        kind = Kind.MINT if what == "mint" else Kind.REDEEM
        venue.process(asking(kind, owner, facility, size, now))
    elif what == "swap":
        row = asking(Kind.SWAP, owner, 1, size, now)
        row["side"] = draw(st.sampled_from([1, -1]))
        venue.process(row)
    elif what == "trade":
        side = draw(st.sampled_from([1, -1]))
        number = draw(st.integers(0, 1))
        venue.process(
            order(now + 10_000, side, None, size, instrument=number, owner=owner, ts_event=now)
        )
    elif what == "shock":
        number = draw(st.integers(0, 1))
        venue.process(order(now + 20_000, -1, None, 100, instrument=number, ts_event=now))
    elif what == "accrue":
        if claim.issuer:
            held = claim.held()[claim.backing[0]]
            units = draw(st.integers(-min(max(held, 0), 20), 20))
            if claim.backing[0] in ("eth", "cash") and units > -max(held, 0) // 2:
                claim.accrue(claim.backing[0], units)
                venue.refresh()
    elif what == "interest":
        draw(st.sampled_from(venue.clearings)).charge_interest(draw(st.integers(0, 50_000)))
        venue.refresh()
    elif what == "give":
        # Claims into a margin account: as a participant would, from one of its own.
        plain = venue.ledger.owner_account(PLAIN[0])
        have = venue.ledger.balance(plain, claim.asset)
        target = venue.ledger.owner_account(owner)
        names = [h.name for c in venue.clearings for h in c.holdings
                 if any(f <= target < f + n for f, n in c.account_ranges)]  # fmt: skip
        if have and claim.name in names:
            venue.ledger.transfer(claim.asset, plain, target, min(have, size))
            venue.refresh()
    venue.advance(now + draw(st.sampled_from([0, 1, SECOND_NS, 3 * SECOND_NS])))


def value_by_hand(venue, name, net):
    """What a claim is worth times 2**20, by the definition, recursively."""
    ledger = venue.ledger
    if name == "cash":
        return 1 << 20
    if name in ("eth", "steth"):
        bid = venue.books[name == "steth"].best_bid
        return None if bid is None else bid << 20  # A crash may have left no bid.
    claim = venue.claims[name]
    if not claim.supply:
        return None
    total = 0
    for asset, held in claim.held("all" if net else "own").items():
        if held:
            value = value_by_hand(venue, asset, net)
            if value is None:
                return None
            total += held * value
    assert claim.supply == -ledger.balance(claim.issuer, claim.asset)
    return max(0, total // claim.supply)


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_random_stacks_conserve_and_settle(data):
    venue, owners = build(data.draw)
    twin = None
    for at in range(data.draw(st.integers(1, 15))):
        step(data.draw, venue, owners)
        venue.check()
        if at == 3:
            twin = venue.copy()
            assert twin.digest() == venue.digest()
    for clearing in venue.clearings:
        for holding in clearing.holdings:
            source = holding.oracle.source
            if isinstance(source, ClaimValue) and source.price is not None:
                value = value_by_hand(venue, source.claim, source.sees == "all")
                if value is not None:
                    assert source.price == max(1, floor(value / (1 << 20)))
    finish(venue)
    if twin is not None:
        finish(twin)


LENT_THROUGH_AN_ACCOUNT = [
    False, 0, 0, True, True, True, "own", 0, "own", 0, "own", 0, 0, 0, True, True, True, True,
    "own", 0, "own", 0, "own", 0, "own", 1_000_000_000, 0, 0, 0, 1, 1, 0, 2, 0, 0, 1, 0, 0, 2, 0, 0,
    0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 1, False, False, True, False, False,
    False, 1, 2000, "mint", 1, 2, 0,
]  # fmt: skip
"""Answers to the draws: C has a claim on B's account, and that one's receipts are of lent money."""


def test_a_claim_on_a_case_that_waits_ends_with_it():
    answers = iter(LENT_THROUGH_AN_ACCOUNT)
    venue, owners = build(lambda _: next(answers))
    for _ in range(next(answers)):
        step(lambda _: next(answers), venue, owners)
    assert next(answers, None) is None
    finish(venue)


def finish(venue):
    """A crash in steps; deep bids; losses borne: every case ends, and no asset is lost."""
    for at in range(12):
        number = at % 2
        venue.process(order(at + venue.now, -1, None, 130, instrument=number, ts_event=venue.now))
        venue.advance(venue.now + SECOND_NS)
        venue.check()
    for number in (0, 1):
        venue.process(order(1, 1, 1, DEEP, instrument=number, ts_event=venue.now))
        venue.process(order(2 + venue.now, -1, None, 10**6, instrument=number, ts_event=venue.now))
    for _ in range(8):
        venue.advance(venue.now + 10 * SECOND_NS)
        for clearing in venue.clearings:
            clearing.socialise()
        venue.refresh()
        venue.check()
    repay(venue)
    assert [clearing.open_cases for clearing in venue.clearings] == [0, 0, 0]
    failed = venue.entries[venue.entries["kind"] == lob.EntryKind.LIQUIDATION]
    assert len(np.unique(failed["tag"])) == len(failed)


def repay(venue):
    """Only money that is lent may keep cases open; repaid, they end too.

    A claim has no fractions: the last one on a pool of 100 with 1 lent is paid when that 1 is back,
    and a borrower who is safe need not bring it back.
    """
    ledger, cash = venue.ledger, venue.ledger.asset("cash")
    waiting = {
        int(case["account"])
        for clearing in venue.clearings
        for case in clearing.cases
        if case["state"] == 1
    }
    for account in waiting:
        assert waits_for_lent_money(venue, account, waiting)
    if not waiting:
        return
    lender = venue.clearings[0]
    for first, count in lender.account_ranges:
        for account in range(first, first + count):
            ledger.transfer(cash, 0, account, max(0, -ledger.balance(account, cash)))
    venue.refresh()
    for _ in range(3):
        venue.advance(venue.now + 10 * SECOND_NS)
        venue.check()


def waits_for_lent_money(venue, account, waiting):
    """Whether an account has a receipt that cannot be paid, or a claim on an account that waits so.

    Who is being liquidated pays nobody out, so the claims on it wait as long as its own case does.
    """
    for claim in venue.facilities:
        units = venue.ledger.balance(account, claim.asset)
        if units > claim.can_redeem(units) == 0:
            if claim.name == "acash":
                return True
            if claim.issuer in waiting and waits_for_lent_money(venue, claim.issuer, waiting):
                return True
    return False
