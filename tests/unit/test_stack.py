"""Whole-stack risk against hand calculation: leverage, greeks, layers, debt at risk."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from lob.clearing import Clearing, Holding, Oracle, leverage
from lob.clearing.collateral import Claim
from lob.clearing.margin import FlatMargin, LoanToValue
from lob.clearing.oracle import Fixed, Mid
from lob.clearing.prices import looped_liquidation_price
from lob.clearing.risk import Stacks, leverage_correlation
from lob.clearing.stack import count_failing, fails_at, value_accounts
from lob.clearing.valuation import ClaimValue
from lob.liquidation import MarketSale
from lob.units import PPM
from lob.venue.pool import FairShare, Pool
from tests.examples import examples
from tests.venues import ladder

ETH = lob.Instrument("ETH", base="eth")
VAULT_OWNER, LOOPER = 1_000, 2_000


def quoted(venue, price, instrument=0):
    """Let the middle of a book be a price: one lot each a tick away."""
    for side, first in ((1, 1), (-1, 2)):
        rows = ladder(side, price - side, 1, 1, first_id=first + 10 * instrument)
        rows["instrument"] = instrument
        venue.process(rows)


def one_protocol(*accounts, ltv=700_000, threshold=800_000, price=1_000):
    """Isolated accounts of (cash, lots) in one lending protocol."""
    clearing = Clearing(
        "lender",
        holdings=[Holding(Oracle(Mid(0)), LoanToValue(ltv, threshold))],
        liquidation_engine=MarketSale(),
    )
    venue = lob.Venue([ETH], clearings=[clearing])
    quoted(venue, price)
    cash, lots = zip(*accounts, strict=True)
    first = clearing.open(LOOPER, list(cash), list(lots))
    venue.refresh()
    return venue, clearing, first


def test_a_loop_is_its_formula():
    """Five loops at 70 %, without friction: the leverage, and the liquidation price."""
    loop = leverage.loop(100_000, 700_000, 5)
    venue, _, first = one_protocol((-loop.debt * 1_000, loop.collateral))
    found = Stacks(venue).of(first)
    assert found.equity == 100_000 * 1_000
    assert found.debt == loop.debt * 1_000
    assert found.exposure == {"eth": loop.collateral * 1_000}
    assert found.effective_leverage == pytest.approx(float(loop.leverage))
    assert found.effective_leverage == pytest.approx(
        float(leverage.loop_leverage(700_000, 5)), rel=1e-4
    )
    assert found.depth == 0
    assert found.collateral_multiplier == 1.0
    assert found.delta == {"eth": loop.collateral}
    assert found.gamma == {"eth": 0.0}
    exact = looped_liquidation_price(1_000, loop.leverage, 800_000)
    assert found.liquidation_price == {"eth": -(-exact // 1) - 1}
    assert found.first_layer == {"eth": "lender"}


def chain():
    """Three layers by hand.

    * ``staked``: 1,000 claims on 1,100 eth.
    * ``vault``: 200 shares of the equity of a margin account with 2,000 staked and a debt of
      900,000, in protocol A at a threshold of 80 %.
    * an account in protocol B with 40 shares and a debt of 100,000, at a threshold of 60 %.

    At 1,000 a staked token is worth 1,100, the vault's equity 2,000 x 1,100 - 900,000 = 1,300,000,
    a share 6,500, and the account's equity 40 x 6,500 - 100,000 = 160,000.
    """
    prices = {"eth": Mid(0)}
    staked = Claim("staked", backing=["eth"])
    vault = Claim("vault", backing=["cash", "staked", "eth"], issuer=VAULT_OWNER)

    def holding(asset, ltv, threshold):
        source = Mid(0) if asset == "eth" else ClaimValue(asset, prices=prices)
        return Holding(Oracle(source), LoanToValue(ltv, threshold), asset=asset)

    protocols = [
        Clearing(
            "A",
            holdings=[holding("staked", 750_000, 800_000), holding("eth", 750_000, 800_000)],
            liquidation_engine=MarketSale(),
        ),
        Clearing(
            "B",
            holdings=[
                holding("vault", 500_000, 600_000),
                holding("staked", 500_000, 600_000),
                holding("eth", 500_000, 600_000),
            ],
            liquidation_engine=MarketSale(),
        ),
    ]
    venue = lob.Venue([ETH], clearings=protocols, facilities=[staked, vault])
    quoted(venue, 1_000)
    ledger = venue.ledger
    eth, cash = ledger.asset("eth"), ledger.asset("cash")
    ledger.transfer(eth, 0, staked.issuer, 1_100)
    stakers = ledger.open_account("stakers")
    staked.found(stakers, 1_000)
    venue.refresh()
    # More is staked for the vault: 2,000 claims on 2,200 eth.
    ledger.transfer(eth, 0, staked.issuer, 2_200)
    ledger.transfer(staked.asset, staked.issuer, stakers, 2_000)
    a = protocols[0].open(VAULT_OWNER, [0], [[0], [0]], cross=True)
    ledger.transfer(staked.asset, stakers, a, 2_000)
    ledger.transfer(cash, a, 0, 900_000)
    vault.found(ledger.open_account("depositors"), 200)
    venue.refresh()
    b = protocols[1].open(LOOPER, [0], [[0], [0], [0]], cross=True)
    ledger.transfer(vault.asset, ledger.account("depositors"), b, 40)
    ledger.transfer(cash, b, 0, 100_000)
    venue.refresh()
    return venue, a, b


def test_three_layers_by_hand():
    venue, a, b = chain()
    stacks = Stacks(venue)
    assert stacks.factors == stacks.bases == ("eth",)
    assert stacks.values() == {
        "cash": 1, "eth": 1_000, "staked": 1_100, "vault": 6_500,
    }  # fmt: skip
    vault = stacks.of(a)
    assert (vault.equity, vault.debt, vault.collateral) == (1_300_000, 900_000, 2_200_000)
    assert vault.effective_leverage == pytest.approx(2_200_000 / 1_300_000)
    assert vault.depth == 1
    # The vault fails below 900,000 / (2,000 x 1.1 x 0.8) = 511.36...
    assert vault.liquidation_price == {"eth": 511}
    assert vault.first_layer == {"eth": "A"}
    found = stacks.of(b)
    assert (found.equity, found.debt, found.collateral) == (160_000, 100_000, 260_000)
    # 40 of 200 shares: 440 eth behind an equity of 160,000.
    assert found.exposure == {"eth": pytest.approx(440_000)}
    assert found.effective_leverage == pytest.approx(2.75)
    assert found.depth == 2
    # Shares of 260,000 on staked tokens of 440,000 on eth of 440,000.
    assert found.collateral_multiplier == pytest.approx((260 + 440 + 440) / 440)
    assert found.delta == {"eth": pytest.approx(440)}
    assert found.gamma == {"eth": pytest.approx(0)}
    # Its own layer: 440 p - 180,000 < 100,000 / 0.6 below 787.87...: the first to fail.
    assert found.liquidation_price == {"eth": 787}
    assert found.first_layer == {"eth": "B"}
    assert [name for name, _, _ in stacks.layers(b)] == ["B", "vault"]


def test_the_deeper_layer_fails_first_where_the_outer_one_is_sound():
    venue, _, b = chain()
    ledger = venue.ledger
    ledger.transfer(ledger.asset("cash"), 0, b, 95_000)
    venue.refresh()
    # 440 p - 180,000 < 5,000 / 0.6 only below 428; the vault under it fails at 511.
    assert Stacks(venue).liquidation(b, "eth") == (511, "vault")


def test_at_supposed_prices_the_stack_moves_as_a_whole():
    venue, a, b = chain()
    stacks = Stacks(venue)
    found = stacks.of(b, {"eth": 800})
    assert found.equity == 440 * 800 - 180_000 - 100_000
    assert found.effective_leverage == pytest.approx(440 * 800 / found.equity)
    # Marks are whole ticks: 1.1 x 787 = 865.7, and a share (2,200 x 787 - 900,000) / 200 = 4,157.
    rows, share = stacks.value({"eth": 787}), 4_157
    assert rows["account"].tolist() == [a, b]
    assert rows["failing"].tolist() == [0, 1]
    assert rows["equity"].tolist() == [2_000 * 865 - 900_000, 40 * share - 100_000]
    assert stacks.value({"eth": 511})["failing"].tolist() == [1, 1]
    assert stacks.system_liquidation_price("eth") == 787
    assert stacks.debt_at_risk("eth", [0, 200_000, 213_000, 489_000]).tolist() == [
        0, 0, 100_000, 1_000_000,
    ]  # fmt: skip
    table = stacks.debt_at_risk("eth", [213_000, 489_000], by_clearing=True)
    assert table.tolist() == [[0, 900_000], [100_000, 100_000]]


def test_the_system_counts_everything_once():
    venue, _, _ = chain()
    found = Stacks(venue).system()
    assert (found.equity, found.debt) == (1_460_000, 1_000_000)
    assert found.depth == 2
    assert found.failing == 0
    # Locked: 3,300 eth, 2,000 staked in A, 40 shares in B.
    assert found.collateral_multiplier == pytest.approx(
        (3_300_000 + 2_200_000 + 260_000) / 3_300_000
    )


def test_a_pool_share_has_gamma():
    """Value 2 sqrt(x y p): delta is the base in it, gamma minus half of that over the price."""
    pool = Pool("lp", base="eth", fee=0)
    lender = Clearing(
        "lender",
        holdings=[
            Holding(Oracle(FairShare("lp", prices={"eth": Mid(0)})), LoanToValue(500_000, 600_000),
                    asset="lp"),
            Holding(Oracle(Mid(0)), LoanToValue(500_000, 600_000), asset="eth"),
        ],
        liquidation_engine=MarketSale(),
    )  # fmt: skip
    venue = lob.Venue([ETH], clearings=[lender], facilities=[pool])
    quoted(venue, 1_000)
    ledger = venue.ledger
    ledger.transfer(ledger.asset("eth"), 0, pool.issuer, 10_000)
    ledger.transfer(ledger.asset("cash"), 0, pool.issuer, 10_000_000)
    pool.found(ledger.open_account("lps"), 1_000)
    venue.refresh()
    account = lender.open(LOOPER, [0], [[0], [0]], cross=True)
    ledger.transfer(pool.asset, ledger.account("lps"), account, 100)
    ledger.transfer(ledger.asset("cash"), account, 0, 500_000)
    venue.refresh()
    stacks = Stacks(venue)
    found = stacks.of(account)
    assert found.collateral == 2_000_000
    assert found.delta["eth"] == pytest.approx(1_000, rel=1e-5)
    assert found.gamma["eth"] == pytest.approx(-1_000 / (2 * 1_000), rel=1e-3)
    # 200 sqrt(1e8 p) / 1,000 x 10 = 2,000,000 sqrt(p / 1,000): a quarter of the price halves it.
    assert stacks.values({"eth": 250})["lp"] == pytest.approx(10_000)
    assert stacks.of(account, {"eth": 250}).collateral == 1_000_000


def test_a_claim_marked_at_its_own_book_keeps_its_discount_and_is_a_factor():
    staked = Claim("staked", backing=["eth"])
    lender = Clearing(
        "lender",
        holdings=[Holding(Oracle(Mid(1)), LoanToValue(700_000, 800_000), instrument=1)],
        liquidation_engine=MarketSale(),
    )
    venue = lob.Venue(
        [ETH, lob.Instrument("STAKED", base="staked", number=1)],
        clearings=[lender],
        facilities=[staked],
    )
    quoted(venue, 1_000)
    quoted(venue, 950, instrument=1)
    ledger = venue.ledger
    ledger.transfer(ledger.asset("eth"), 0, staked.issuer, 500)
    staked.found(ledger.open_account("stakers"), 500)
    venue.refresh()
    account = lender.open(LOOPER, [-60_000], [0], holding=0)
    ledger.transfer(staked.asset, ledger.account("stakers"), account, 100)
    stacks = Stacks(venue)
    assert stacks.factors == ("eth", "staked")
    assert stacks.bases == ("eth",)
    assert stacks.marks({"eth": 500}) == [[475]]
    assert stacks.marks({"staked": 700}) == [[700]]
    found = stacks.of(account)
    assert found.delta == {"eth": pytest.approx(95)}
    assert found.depth == 1


def test_shorts_fail_on_a_rise_and_portfolios_by_their_health():
    clearing = Clearing(
        "venue",
        holdings=[
            Holding(Oracle(Mid(i)), FlatMargin(100_000, 50_000), instrument=i) for i in range(2)
        ],
        liquidation_engine=MarketSale(),
    )
    venue = lob.Venue([lob.Instrument("X"), lob.Instrument("Y", number=1)], clearings=[clearing])
    quoted(venue, 1_000)
    quoted(venue, 500, instrument=1)
    short = clearing.open(1_000, [200], [-1], entry_prices=[1_000])
    pair = clearing.open(2_000, [300], [[1], [-2]], entry_prices=[[1_000], [500]], cross=True)
    venue.refresh()
    stacks = Stacks(venue)
    # 1,200 - p < 0.05 p above 1,142.85...
    assert stacks.liquidation(short, "X") == (1_143, "venue")
    # 300 + (p - 1,000) - 0.05 p - 50 < 0 below 789.47...; 1,250 < 2.1 p above 595.2...
    assert stacks.of(pair).liquidation_price == {"X": 789, "Y": 596}
    assert stacks.of(pair).exposure == {"X": 1_000.0, "Y": -1_000.0}
    assert stacks.of(pair).effective_leverage == pytest.approx(2_000 / 300)


@settings(max_examples=examples(40), deadline=None)
@given(
    accounts=st.lists(
        st.tuples(st.integers(-900_000, 900_000), st.integers(-1_000, 1_000).filter(bool)),
        min_size=1,
        max_size=20,
    ),
    price=st.integers(1, 3_000),
)
def test_failing_at_a_supposed_mark_is_failing_at_that_mark(accounts, price):
    """What the pass says would fail is what fails once the mark is there; isolated and cross."""
    found = []
    for cross in (False, True):
        clearing = Clearing(
            "venue",
            holdings=[Holding(Oracle(Fixed(1_000)), FlatMargin(100_000, 50_000))],
            liquidation_engine=MarketSale(),
        )
        venue = lob.Venue(1, clearings=[clearing])
        cash, lots = zip(*accounts, strict=True)
        first = clearing.open(LOOPER, list(cash), [list(lots)] if cross else list(lots),
                              cross=cross)  # fmt: skip
        venue.refresh()
        supposed = value_accounts(clearing, [price])
        count, debt = count_failing(clearing, [price])
        assert count == supposed["failing"].sum()
        assert debt == supposed["debt"][supposed["failing"] > 0].sum()
        assert [fails_at(clearing, first + i, [price]) for i in range(len(accounts))] == (
            supposed["failing"].astype(bool).tolist()
        )
        equity = np.array([one[0] + one[1] * price for one in accounts])
        assert supposed["equity"].tolist() == equity.tolist()
        before = set(clearing.cases["account"].tolist())
        clearing.observe_price(price)
        failed = set(clearing.cases["account"].tolist())
        assert failed == before | {int(row["account"]) for row in supposed if row["failing"]}
        found.append(supposed["failing"].tolist())
    assert found[0] == found[1]


def test_correlation_of_leverages():
    found = leverage_correlation([[1, 2, 3], [2, 4, 6], [3, 2, 1], [5, 5, 5]])
    assert found[0, 1] == pytest.approx(1)
    assert found[0, 2] == pytest.approx(-1)
    assert np.isnan(found[0, 3])
    assert np.isnan(leverage_correlation([[1, np.inf], [1, 2]])).all()
    with pytest.raises(ValueError, match="table"):
        leverage_correlation([1, 2])


def test_misuse_names_the_argument():
    venue, clearing, first = one_protocol((-500, 1))
    stacks = Stacks(venue)
    with pytest.raises(ValueError, match="factor"):
        stacks.value({"gold": 5})
    with pytest.raises(ValueError, match="prices"):
        stacks.value({"eth": 0})
    with pytest.raises(ValueError, match="account"):
        stacks.of(0)
    with pytest.raises(ValueError, match="drops"):
        stacks.debt_at_risk("eth", [PPM])
    with pytest.raises(ValueError, match="marks"):
        value_accounts(clearing, [1, 2])
    with pytest.raises(ValueError, match="account"):
        fails_at(clearing, 1, [5])
    assert Fraction(1) == 1
    assert first
