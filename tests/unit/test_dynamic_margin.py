"""Margin models that react to the market, and to what a claim is made of."""

from dataclasses import replace

import pytest

import lob
from lob import Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.collateral import Claim
from lob.clearing.dynamic_margin import (
    ConcentrationScaled,
    DepthScaled,
    LookThroughMargin,
    Procyclical,
)
from lob.clearing.margin import FlatMargin, MarginModel, MarketState, Tiers
from lob.clearing.oracle import Fixed
from lob.clearing.valuation import ClaimValue
from lob.liquidation import Frozen

CALM = MarketState(
    ts_event=0, mark_price=1_000, open_interest=100, skew=0, concentration=0.1, spread=1, depth=200
)


def procyclical(**options):
    return Procyclical(
        100_000, volatility_weight=50_000, depth_weight=200_000, reference=0.01, depth=200,
        floor=80_000, cap=400_000, buffer=50_000, **options,
    )  # fmt: skip


def test_a_procyclical_haircut_by_hand():
    model = procyclical()
    assert model.haircut(0.01, 200) == 100_000
    assert model.haircut(0.03, 200) == 200_000
    assert model.haircut(0.01, 50) == 250_000
    assert model.haircut(0.001, 10**6) == 80_000
    assert model.haircut(0.1, 0) == 400_000


def test_a_procyclical_haircut_rises_in_a_fall_and_comes_back():
    model = procyclical(half_life=1.0)
    assert not model.update(CALM)
    assert model.update(replace(CALM, mark_price=900))
    # Half of 0.1^2 and half of 0.01^2 in variance: 7.106 times the reference.
    assert model.maintenance(Side.BUY) == Tiers.flat(400_000)
    assert model.initial(Side.BUY) == Tiers.flat(450_000)
    for _ in range(20):
        model.update(replace(CALM, mark_price=900))
    assert model.maintenance(Side.BUY) == Tiers.flat(80_000)


def test_concentration_raises_margin_above_its_threshold():
    model = ConcentrationScaled(50_000, cap=250_000, threshold=200_000, buffer=10_000)
    assert not model.update(CALM)
    assert model.update(replace(CALM, concentration=0.6))
    assert model.maintenance(Side.SELL) == Tiers.flat(150_000)
    assert model.update(replace(CALM, concentration=1.0))
    assert model.initial(Side.SELL) == Tiers.flat(260_000)


def test_thin_depth_raises_margin():
    model = DepthScaled(50_000, cap=300_000, multiple=2)
    assert not model.update(CALM)
    assert model.update(replace(CALM, depth=30))
    assert model.maintenance(Side.BUY) == Tiers.flat(83_334)  # 50,000 x 100 / 60, up
    assert model.update(replace(CALM, depth=0))
    assert model.maintenance(Side.BUY) == Tiers.flat(300_000)
    assert model.update(replace(CALM, depth=0, open_interest=0))


def test_a_look_through_haircut_follows_the_graph():
    price = Fixed(100)
    share = Claim("share", backing=["steth", "cash"], issuer=1_000)
    staked = Claim("steth", backing=["eth"])
    value = ClaimValue("share", prices={"eth": price})
    model = LookThroughMargin(
        value, {"eth": 100_000, "steth": 50_000, "share": 20_000}, buffer=30_000
    )
    assert isinstance(model, MarginModel)
    # 0.9 x 0.95 x 0.98 is left in the worst case without debt.
    assert model.maintenance(Side.BUY) == Tiers.flat(162_100)
    first = Clearing(
        "A",
        holdings=[
            Holding(Oracle(ClaimValue("steth", prices={"eth": price})), FlatMargin(0, 0),
                    asset="steth"),
            Holding(Oracle(price), FlatMargin(0, 0), asset="eth"),
        ],
        liquidation_engine=Frozen(),
    )  # fmt: skip
    second = Clearing(
        "B",
        holdings=[
            Holding(Oracle(value), model, asset="share"),
            Holding(Oracle(price), FlatMargin(0, 0), asset="eth"),
        ],
        liquidation_engine=Frozen(),
    )
    share_needs = Claim("x", backing=["eth"])
    venue = lob.Venue(
        [lob.Instrument("ETH", base="eth")],
        clearings=[first, second],
        facilities=[share, staked, share_needs],
    )
    staked.stock(100, eth=100)
    vault = first.open(1_000, [-4_000], [[100], [0]], cross=True)
    with pytest.raises(ValueError, match="must name eth"):
        share.found(vault, 10)
    assert second.holdings[0].mark_price is None
    venue.ledger.transfer(share.asset, vault, venue.ledger.open_account(owner=2), 60)
    venue.refresh()
    assert second.holdings[0].mark_price == 100  # (10,000 - 4,000) / 60
    assert second.update_margin(0)
    # 8,550 of 10,000 is left of the collateral, 4,550 of 6,000 after the debt, and 2 % less:
    # 0.98 x 4,550 / 6,000 = 0.743167, rounded against the account.
    assert second.holdings[0].margin.maintenance(Side.BUY) == Tiers.flat(256_834)
    assert not second.update_margin(1)
    price_before = second.holdings[0].mark_price
    second.observe_price(80, holding=1)
    venue.refresh()
    assert second.holdings[0].mark_price < price_before
    twin = venue.copy()
    for one in (venue, twin):
        # 0.98 x (6,840 - 4,000) / 4,000
        assert one.clearings[1].update_margin(2)
        tiers = one.clearings[1].holdings[0].margin.maintenance(Side.BUY)
        assert tiers == Tiers.flat(1_000_000 - 695_800)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda: Procyclical(5, volatility_weight=1, depth_weight=1, reference=0, depth=1),
            "refer",
        ),
        (lambda: DepthScaled(50, cap=40), "cap"),
        (lambda: ConcentrationScaled(50, cap=60, threshold=1_000_000), "threshold"),
        (lambda: LookThroughMargin(ClaimValue("a"), {"a": -1}), "haircuts"),
    ],
)
def test_misuse(make, match):
    with pytest.raises(ValueError, match=match):
        make()
