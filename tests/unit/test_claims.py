"""Claims on what somebody holds: kinds, values, redemption, and what becomes of them in a crash."""

from fractions import Fraction

import pytest

import lob
from lob import EntryKind, EventKind, Kind, Reason
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.claim_graph import Claims
from lob.clearing.collateral import Claim
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.clearing.valuation import ClaimValue
from lob.liquidation import MarketSale
from lob.units import SECOND_NS
from tests.venues import asking

ETH = lob.Instrument("ETH", base="eth")
HOLDER, ISSUER, OTHER = 3_000, 1_000, 2_000


def lending(name, *claims, price, ltv=700_000, threshold=800_000, **options):
    """A clearing that takes eth, and claims on it valued through the same price."""
    prices = {"eth": price}
    return Clearing(
        name,
        holdings=[
            Holding(Oracle(price), LoanToValue(ltv, threshold), asset="eth"),
            *(
                Holding(
                    Oracle(ClaimValue(claim, prices=prices, sees=options.get("sees", "own"))),
                    LoanToValue(ltv, threshold),
                    asset=claim,
                )
                for claim in claims
            ),
        ],
        liquidation_engine=MarketSale(),
    )


def set_price(venue, clearing, price, ts):
    venue.advance(ts)
    clearing.observe_price(price)
    venue.refresh()
    venue.advance(ts)


def plain_account(venue, owner=HOLDER, **units):
    """An account of no clearing, with what it starts with."""
    account = venue.ledger.open_account(owner=owner)
    for name, amount in units.items():
        venue.ledger.transfer(venue.ledger.asset(name), 0, account, amount)
    venue.refresh()
    return account


def balance(venue, account, name):
    return venue.ledger.balance(account, venue.ledger.asset(name))


def ask(venue, kind, size, *, owner=HOLDER, facility=0, ts=None):
    """Send one message to a facility; the reason."""
    before = len(venue.events)
    venue.process(asking(kind, owner, facility, size, venue.now if ts is None else ts))
    events = venue.events[before:]
    refused = events[events["kind"] == EventKind.REJECTED]
    return Reason(refused["reason"][0]) if len(refused) else Reason.NONE


# ---------------------------------------------------------------- the graph


def test_a_circle_is_refused_and_named():
    claims = [Claim("a", backing=["x", "b"]), Claim("b", backing=["c"]), Claim("c", backing=["a"])]
    with pytest.raises(ValueError, match="a -> b -> c -> a"):
        Claims(claims)
    with pytest.raises(ValueError, match="d -> d"):
        Claims([Claim("d", backing=["d"])])


def test_whatever_backs_a_claim_stands_before_it():
    graph = Claims(
        [Claim("c", backing=["b", "a"]), Claim("b", backing=["a", "x"]), Claim("a", backing=["x"])]
    )
    assert [claim.name for claim in graph.claims] == ["a", "b", "c"]
    assert graph.leaves("c") == ["x"]
    assert graph.below("c") == ["c", "b", "a"]


def test_a_stack_of_thousands_needs_no_recursion():
    count = 3_000
    graph = Claims([Claim(f"c{i}", backing=[f"c{i - 1}" if i else "x"]) for i in range(count)])
    assert len(graph.claims) == count


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"backing": "eth"}, TypeError, "backing"),
        ({"backing": []}, ValueError, "backing"),
        ({"backing": ["eth", "eth"]}, ValueError, "twice"),
        ({"backing": ["eth"], "initial": [0]}, ValueError, "initial"),
        ({"backing": ["eth"], "delay": -1}, ValueError, "delay"),
        ({"backing": ["eth"], "rate": 5}, ValueError, "period"),
        ({"backing": ["eth"], "accrual": 5}, ValueError, "every"),
        ({"backing": ["eth"], "issuer": 0}, ValueError, "issuer"),
    ],
)
def test_misuse_of_a_claim(options, error, match):
    with pytest.raises(error, match=match):
        Claim("a", **options)


# ---------------------------------------------------------------- staked tokens


def test_a_staked_token_accrues_and_is_slashed():
    staked = Claim("steth", backing=["eth"], accrual=10_000, every=SECOND_NS)
    venue = lob.Venue([ETH], facilities=[staked])
    account = plain_account(venue, eth=1_000)
    assert ask(venue, Kind.MINT, 1_000) == Reason.NONE
    venue.advance(2 * SECOND_NS)
    # 1 % of 1,000, then 1 % of 1,010 rounded down.
    assert balance(venue, staked.issuer, "eth") == 1_020
    assert venue.claims.look_through("steth") == {"eth": Fraction(1_020, 1_000)}
    staked.accrue("eth", -20)
    assert ask(venue, Kind.REDEEM, 1) == Reason.NONE
    assert balance(venue, account, "eth") == 1
    # 999 claims on 999: the next one costs one, and 1.02 would round up to two.
    staked.accrue("eth", 20)
    plain_account(venue, owner=4_000, eth=10)
    assert ask(venue, Kind.MINT, 1, owner=4_000) == Reason.NONE
    assert balance(venue, staked.issuer, "eth") == 1_019 + 2
    kinds = venue.entries["kind"]
    assert (kinds == EntryKind.ACCRUAL).sum() == 4
    with pytest.raises(ValueError, match="at least -1021"):
        staked.accrue("eth", -1_022)
    venue.check()


def test_the_unstaking_queue_is_first_come_first_served_and_bounded():
    staked = Claim("steth", backing=["eth"], delay=5 * SECOND_NS, rate=10, period=SECOND_NS)
    venue = lob.Venue([ETH], facilities=[staked])
    first = plain_account(venue, eth=15)
    second = plain_account(venue, owner=4_000, eth=15)
    for owner in (HOLDER, 4_000):
        assert ask(venue, Kind.MINT, 15, owner=owner) == Reason.NONE
    assert ask(venue, Kind.REDEEM, 16) == Reason.INSUFFICIENT_MARGIN
    assert ask(venue, Kind.REDEEM, 15, ts=SECOND_NS) == Reason.NONE
    assert ask(venue, Kind.REDEEM, 15, owner=4_000, ts=SECOND_NS) == Reason.NONE
    staked.accrue("eth", 30)
    twin = venue.copy()
    for one in (venue, twin):
        paid = []
        for ts in (6 * SECOND_NS - 1, 6 * SECOND_NS, 7 * SECOND_NS, 8 * SECOND_NS):
            one.advance(ts)
            paid.append((balance(one, first, "eth"), balance(one, second, "eth")))
        # Two each: claims that wait go on earning.
        assert paid == [(0, 0), (20, 0), (30, 10), (30, 30)]
        assert one.facilities[0].supply == 0
        one.check()
    assert venue.digest() == twin.digest()


# ---------------------------------------------------------------- vault shares, equity


def vault(price=100, sees="own"):
    """A margin account in A, 100 eth and 5,000 owed, shared by 100 claims, which B takes."""
    source = Fixed(price)
    share = Claim("share", backing=["eth", "cash"], issuer=ISSUER)
    first = lending("A", price=source)
    second = lending("B", "share", price=source, sees=sees)
    venue = lob.Venue([ETH], clearings=[first, second], facilities=[share])
    first.open(ISSUER, [-5_000], [100])
    account = second.open(OTHER, [0], [[0], [0]], cross=True)
    holder = plain_account(venue)
    share.found(holder, 100)
    venue.refresh()
    return venue, first, second, share, account, holder


def test_a_share_of_a_leveraged_vault_by_hand():
    venue, first, second, share, account, holder = vault()
    # (100 x 100 - 5,000) / 100, and twice as fast as the base.
    assert second.holdings[1].mark_price == 50
    assert venue.claims.look_through("share") == {"eth": 1, "cash": -50}
    set_price(venue, second, 90, 1)
    set_price(venue, first, 90, 1)
    assert second.holdings[1].mark_price == 40
    # Redeemed in kind: the debt comes with the collateral, and needs cash from one without margin.
    assert ask(venue, Kind.REDEEM, 10) == Reason.INSUFFICIENT_MARGIN
    assert balance(venue, holder, "share") == 100
    venue.ledger.transfer(venue.ledger.asset("share"), holder, account, 40)
    venue.refresh()
    assert ask(venue, Kind.REDEEM, 7, owner=OTHER) == Reason.NONE
    assert second.account(account).positions == {"eth": 7, "share": 33}
    assert second.account(account).cash == -350
    assert first.account(share.issuer).cash == -4_650
    # Minted in kind, too: 3 eth, for which 150 of the vault's debt comes as cash.
    assert ask(venue, Kind.MINT, 3, owner=OTHER) == Reason.NONE
    assert second.account(account).positions == {"eth": 4, "share": 36}
    assert second.account(account).cash == -200
    venue.check()


def test_rounding_is_against_whoever_comes_or_leaves():
    venue, first, second, share, account, holder = vault()
    venue.ledger.transfer(venue.ledger.asset("share"), holder, account, 40)
    first.ledger.transfer(0, share.issuer, 0, 1)  # 5,001 owed by 100 claims
    venue.refresh()
    assert ask(venue, Kind.REDEEM, 1, owner=OTHER) == Reason.NONE
    assert second.account(account).cash == -51
    assert ask(venue, Kind.MINT, 1, owner=OTHER) == Reason.NONE
    # 4,950 owed by 99: 50 a claim, received; one of cash was lost on the way.
    assert second.account(account).cash == -1
    venue.check()


def test_a_margin_account_must_carry_what_it_redeems():
    venue, _first, second, _share, account, holder = vault()
    venue.ledger.transfer(venue.ledger.asset("share"), holder, account, 100)
    asset = venue.ledger.asset("cash")
    # 100 shares of 50 carry 3,500 at 70 %; 10,000 eth less 5,000 debt carry 7,000 - 5,000.
    venue.ledger.transfer(asset, account, 0, 2_000)
    venue.refresh()
    assert ask(venue, Kind.REDEEM, 100, owner=OTHER) == Reason.NONE
    assert second.account(account).equity == 3_000
    assert second.account(account).initial_margin == 3_000


def test_a_refusal_moves_nothing_and_writes_nothing():
    venue, _first, second, _share, account, holder = vault()
    venue.ledger.transfer(venue.ledger.asset("share"), holder, account, 100)
    venue.ledger.transfer(venue.ledger.asset("cash"), account, 0, 2_001)
    venue.refresh()
    entries, before = len(venue.entries), second.account(account)
    assert ask(venue, Kind.REDEEM, 100, owner=OTHER) == Reason.INSUFFICIENT_MARGIN
    assert len(venue.entries) == entries
    assert second.account(account) == before


def test_a_share_whose_vault_is_worth_nothing_is_priced_at_the_lowest_tick():
    _venue, _first, second, *_ = vault(price=50)
    assert second.holdings[1].mark_price == 1
    assert second.holdings[1].oracle.source.exact == 0


def test_the_issuers_debt_must_be_counted():
    share = Claim("share", backing=["eth"], issuer=ISSUER)
    first = lending("A", price=Fixed(100))
    venue = lob.Venue([ETH], clearings=[first], facilities=[share])
    holder = plain_account(venue)
    with pytest.raises(ValueError, match="no account yet"):
        share.found(holder, 10)
    first.open(ISSUER, [-50], [1])
    with pytest.raises(ValueError, match="must name cash"):
        share.found(holder, 10)


# ---------------------------------------------------------------- lending receipts: a bank run


def test_a_bank_run_pays_until_nothing_is_at_hand():
    receipt = Claim("acash", backing=["cash"], issuer="A: lenders")
    first = lending("A", price=Fixed(100))
    venue = lob.Venue([ETH], clearings=[first], facilities=[receipt])
    lender = plain_account(venue, cash=1_000)
    late = plain_account(venue, owner=4_000, cash=1_000)
    for owner in (HOLDER, 4_000):
        assert ask(venue, Kind.MINT, 1_000, owner=owner) == Reason.NONE
    first.open(ISSUER, [-800], [20])
    assert receipt.can_redeem(2_000) == 1_200
    first.charge_interest(100_000)  # 80 more are owed, and are the lenders'
    assert venue.claims.look_through("acash") == {"cash": Fraction(2_080, 2_000)}
    assert receipt.can_redeem(2_000) == 1_154  # 1,154 x 1.04 = 1,200.16, rounded down
    assert ask(venue, Kind.REDEEM, 1_000) == Reason.NONE
    assert balance(venue, lender, "cash") == 1_040
    # The second in line gets what is left, and is told how much it did not get.
    assert ask(venue, Kind.REDEEM, 1_000, owner=4_000) == Reason.ILLIQUID
    assert balance(venue, late, "cash") == 160
    assert venue.events[-1]["leaves"] == balance(venue, late, "acash") == 846
    assert ask(venue, Kind.REDEEM, 846, owner=4_000) == Reason.ILLIQUID
    venue.check()


def test_a_loss_that_nobody_has_borne_is_seen_by_all_but_the_issuer():
    receipt = Claim("acash", backing=["cash"], issuer="A: lenders")
    first = lending("A", price=Fixed(100))
    venue = lob.Venue([ETH], clearings=[first], facilities=[receipt])
    plain_account(venue, cash=1_000)
    ask(venue, Kind.MINT, 1_000)
    venue.ledger.transfer(venue.ledger.asset("cash"), first.shortfall, 0, 300)
    assert receipt.held("own") == {"cash": 1_000}
    assert receipt.held("all") == {"cash": 700}
    assert receipt.can_redeem(1_000) == 700


# ---------------------------------------------------------------- rehypothecation


def test_pledged_collateral_counts_for_its_issuer_and_not_for_who_looks_through():
    source = Fixed(100)
    receipt = Claim("reth", backing=["eth", "cash"])
    first = lending("A", price=source)
    own = lending("own", "reth", price=source)
    net = lending("net", "reth", price=source, sees="all")
    venue = lob.Venue([ETH], clearings=[first, own, net], facilities=[receipt])
    plain_account(venue, eth=100)
    ask(venue, Kind.MINT, 100)
    pledge = first.open(OTHER, [0], [0])
    receipt.pledge("eth", pledge, 80)
    venue.refresh()
    assert [c.holdings[1].mark_price for c in (own, net)] == [100, 100]
    venue.ledger.transfer(venue.ledger.asset("cash"), pledge, 0, 5_000)
    venue.refresh()
    # 5,000 were borrowed on it and are gone: 10,000 - 5,000 over 100.
    assert [c.holdings[1].mark_price for c in (own, net)] == [100, 50]
    # Nominal is paid out of what is there: 20 eth; the rest has to wait.
    assert ask(venue, Kind.REDEEM, 100) == Reason.ILLIQUID
    assert receipt.supply == 80
    # Whoever stays has what is left: 8,000 - 5,000 over 80.
    assert [c.holdings[1].mark_price for c in (own, net)] == [100, 37]
    # 8,000 x 0.7 carry 5,000; 72 eth carry 5,040, 71 no more.
    assert not receipt.recall("eth", pledge, 9)
    assert receipt.recall("eth", pledge, 8)
    assert receipt.pledged == {"eth": 72, "cash": 0}
    venue.check()


def test_a_pledge_needs_its_debt_to_be_counted():
    receipt = Claim("reth", backing=["eth"])
    first = lending("A", price=Fixed(100))
    venue = lob.Venue([ETH], clearings=[first], facilities=[receipt])
    plain_account(venue, eth=100)
    ask(venue, Kind.MINT, 100)
    with pytest.raises(ValueError, match="must name cash"):
        receipt.pledge("eth", first.open(OTHER, [0], [0]), 80)
    assert receipt.pledged == {"eth": 0}


# ---------------------------------------------------------------- forced sales


def test_clearing_demands_what_its_claims_come_down_to():
    share = Claim("share", backing=["steth", "cash"])
    staked = Claim("steth", backing=["eth"])
    clearing = Clearing(
        "B",
        holdings=[Holding(Oracle(Fixed(5)), LoanToValue(1, 2), asset="share")],
        liquidation_engine=MarketSale(),
    )
    with pytest.raises(ValueError, match="comes down to eth"):
        lob.Venue([ETH], clearings=[clearing], facilities=[share, staked])


def test_a_claim_with_a_queue_needs_a_book():
    staked = Claim("steth", backing=["eth"], delay=1)
    with pytest.raises(ValueError, match="needs a book"):
        lob.Venue([ETH], clearings=[lending("A", "steth", price=Fixed(5))], facilities=[staked])


def test_accounts_of_a_claim_without_a_book_are_cross_accounts():
    _venue, _first, second, *_ = vault()
    with pytest.raises(ValueError, match="cross"):
        second.open(5_000, [0], [0], holding=1)


def test_the_outside_world_has_claims_only_if_it_got_them():
    staked = Claim("steth", backing=["eth"])
    book = lob.Instrument("STETH", base="steth", number=1)
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(110)), LoanToValue(700_000, 800_000), instrument=1)],
        liquidation_engine=MarketSale(),
    )
    venue = lob.Venue([ETH, book], clearings=[clearing], facilities=[staked])
    with pytest.raises(ValueError, match="what the outside world has"):
        clearing.open(ISSUER, [0], [1])
    staked.stock(100, eth=110)
    assert venue.claims.look_through("steth") == {"eth": Fraction(11, 10)}
    account = clearing.open(ISSUER, [0], [60])
    asset = venue.ledger.asset("steth")
    venue.process(asking(Kind.DEPOSIT, ISSUER, asset, 41))
    assert clearing.account(account).positions == {"steth": 60}
    venue.process(asking(Kind.DEPOSIT, ISSUER, asset, 40))
    assert clearing.account(account).positions == {"steth": 100}
    assert staked.supply == 100
    venue.check()
