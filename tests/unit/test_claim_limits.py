"""Claims that are worth more than fits, and accounts that are safe once theirs are unwrapped."""

import pytest

import lob
from lob import EntryKind, EventKind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.collateral import Claim
from lob.clearing.margin import LoanToValue
from lob.clearing.oracle import Fixed
from lob.clearing.valuation import ClaimValue
from lob.liquidation import Frozen, MarketSale
from lob.units import SECOND_NS
from lob.venue.pool import FairShare, Pool, SpotPrice
from tests.venues import order

ETH = lob.Instrument("ETH-USD", base="eth", quote="cash")


def valued(*claims, **sources):
    """A clearing that takes the claims of these names, each at its own source."""
    return Clearing(
        holdings=[Holding(Oracle(Fixed(100)), LoanToValue(700_000, 800_000), asset="eth")]
        + [
            Holding(Oracle(sources[name]), LoanToValue(700_000, 800_000), asset=name)
            for name in claims
        ],
        liquidation_engine=Frozen(),
    )


@pytest.mark.parametrize(
    ("eth", "ticks"),
    [
        (2**33, 100 * 2**33),
        (2**40 // 100, 2**40 // 100 * 100),
        (2**40 // 100 + 1, lob.MAX_PRICE),  # the price would not fit
        (2**45, lob.MAX_PRICE),  # nor would the value
        (2**60, lob.MAX_PRICE),
    ],
)
def test_a_claim_worth_more_than_any_price_has_the_highest(eth, ticks):
    rich = Claim("rich", backing=["eth"])
    clearing = valued("rich", rich=ClaimValue("rich", prices={"eth": Fixed(100)}))
    venue = lob.Venue([ETH], clearings=[clearing], facilities=[rich])
    rich.stock(1, eth=1)
    venue.refresh()
    assert clearing.holdings[1].mark_price == 100
    rich.accrue("eth", eth - 1)
    venue.refresh()
    assert clearing.holdings[1].mark_price == ticks
    # It comes down from there as it went up.
    rich.accrue("eth", 1 - eth)
    venue.refresh()
    assert clearing.holdings[1].mark_price == 100


def test_what_is_owed_in_something_too_large_leaves_nothing():
    rich = Claim("rich", backing=["eth"])
    mixed = Claim("mixed", backing=["eth", "rich"])
    prices = {"eth": Fixed(100)}
    clearing = valued("mixed", mixed=ClaimValue("mixed", prices=prices))
    venue = lob.Venue([ETH], clearings=[clearing], facilities=[rich, mixed])
    rich.stock(2, eth=2**58)
    mixed.stock(10, eth=20, rich=1)
    venue.refresh()
    source = clearing.holdings[1].oracle.source
    assert source.exact is None
    assert clearing.holdings[1].mark_price == lob.MAX_PRICE
    venue.ledger.transfer(rich.asset, mixed.issuer, 0, 2)
    venue.refresh()
    assert source.exact == 0
    assert clearing.holdings[1].mark_price == 1
    venue.ledger.transfer(rich.asset, 0, mixed.issuer, 1)
    venue.refresh()
    assert source.exact == 200
    assert clearing.holdings[1].mark_price == 200


def test_the_prices_of_a_pool_end_at_the_highest():
    pool = Pool("lp", base="eth", cash="cash")
    prices = {"eth": Fixed(100)}
    clearing = valued("lp", lp=FairShare("lp", prices=prices))
    pushed = Clearing(
        "pushed",
        holdings=[Holding(Oracle(SpotPrice("lp")), LoanToValue(700_000, 800_000), asset="eth")],
        liquidation_engine=Frozen(),
    )
    venue = lob.Venue([ETH], clearings=[clearing, pushed], facilities=[pool])
    pool.stock(1, eth=4, cash=400)
    venue.refresh()
    assert clearing.holdings[1].mark_price == 800
    assert pushed.holdings[0].mark_price == 100
    venue.ledger.transfer(venue.ledger.asset("cash"), 0, pool.issuer, 2**60)
    venue.ledger.transfer(venue.ledger.asset("eth"), 0, pool.issuer, 2**40)
    venue.refresh()
    assert clearing.holdings[1].mark_price == lob.MAX_PRICE
    venue.ledger.transfer(venue.ledger.asset("eth"), pool.issuer, 0, 2**40)
    venue.refresh()
    assert pushed.holdings[0].mark_price == lob.MAX_PRICE
    venue.check()


def unwrapping(debt):
    """Ten shares of an eth each, which carry half of what the eth itself does."""
    share = Claim("share", backing=["eth"])
    prices = {"eth": Fixed(100)}
    clearing = Clearing(
        holdings=[
            Holding(Oracle(prices["eth"]), LoanToValue(700_000, 800_000), asset="eth"),
            Holding(
                Oracle(ClaimValue("share", prices=prices)),
                LoanToValue(300_000, 400_000),
                asset="share",
            ),
        ],
        liquidation_engine=MarketSale(),
    )
    venue = lob.Venue([ETH], clearings=[clearing], facilities=[share])
    share.stock(10, eth=10)
    venue.process(order(1, 1, 99, 100))
    account = clearing.open(1_000, [-debt], [[0], [10]], cross=True)
    venue.refresh()
    venue.advance(SECOND_NS)
    return venue, clearing, account


@pytest.mark.parametrize("debt", [401, 800])
def test_an_account_that_unwrapping_made_safe_is_released(debt):
    venue, clearing, account = unwrapping(debt)
    assert clearing.case_count == 1
    assert clearing.open_cases == 0
    assert not (venue.events["kind"] == EventKind.TRADE).any()
    found = clearing.account(account)
    assert (found.positions, found.cash, found.failed) == ({"eth": 10, "share": 0}, -debt, False)
    ended = venue.entries[venue.entries["kind"] == EntryKind.SETTLED]
    assert ended[["amount", "price"]].tolist() == [(-debt, 10)]
    venue.check()


def test_an_account_that_unwrapping_does_not_make_safe_is_sold_out():
    venue, clearing, account = unwrapping(801)
    assert clearing.open_cases == 0
    assert clearing.account(account).positions == {"eth": 0, "share": 0}
    assert clearing.account(account).cash == 10 * 99 - 801
    venue.check()
