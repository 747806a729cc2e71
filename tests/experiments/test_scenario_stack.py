"""Claims and pools in a scenario."""

from fractions import Fraction

import pytest

import lob
from experiments.metrics.conservation import check_conservation
from experiments.runs.run import run_scenario
from experiments.scenario.build import build
from experiments.scenario.read import ScenarioError, read_scenario
from lob.clearing.dynamic_margin import LookThroughMargin
from lob.clearing.valuation import ClaimValue
from lob.units import SECOND_NS
from lob.venue.pool import FairShare
from tests.small_scenarios import CHAIN


def book(price):
    return {"kind": "uniform", "price": price, "depth": 500, "ticks": 90}


def holding(instrument, **options):
    margin = {"model": "ltv", "parameters": {"ltv": 700_000, "liquidation_threshold": 800_000}}
    return {"instrument": instrument, "margin": margin, **options}


def stack():
    """A staked token with a book, its wrapper, a pool and a lending receipt, in two protocols."""
    return {
        "name": "stack",
        "question": "Does it run?",
        "seconds": 20.0,
        "horizon": 10.0,
        "instruments": [
            {"name": "ETH", "base": "eth", "background": book(100)},
            {"name": "STETH", "base": "steth", "background": book(98)},
        ],
        "claims": [
            {"name": "steth", "backing": ["eth"], "outside": 10_000, "delay": 60.0,
             "outside_backing": {"eth": 11_000}, "rate": 100, "period": 1.0,
             "accrual": 1_000, "accrual_interval": 1.0},
            {"name": "wsteth", "backing": ["steth"], "initial": [2], "outside": 1_000},
            {"name": "acash", "backing": ["cash"], "issuer": "A: lenders", "initial": [100],
             "outside": 50},
        ],
        "pools": [{"name": "lp", "base": "eth", "initial": [5, 500], "outside": 100}],
        "clearings": [
            {"name": "A", "holdings": [holding("ETH"), holding("STETH")]},
            {
                "name": "B",
                "holdings": [
                    holding("ETH"),
                    holding("STETH"),
                    holding("STETH", asset="wsteth", oracle={"lag": 1.0, "source": {
                        "kind": "claim", "sees": "all", "bases": {"steth": "STETH"}}}),
                    {"instrument": "ETH", "asset": "lp",
                     "margin": {"model": "look-through", "update": 1.0,
                                "parameters": {"haircuts": {"eth": 200_000}, "buffer": 50_000}},
                     "oracle": {"source": {"kind": "fair-share"}}},
                ],
            },
        ],
        "populations": [
            {"name": "borrowers", "clearing": "A", "count": 50, "equity": 1_000,
             "leverage": [2.0, 4.0]}
        ],
        "shocks": [{"instrument": "ETH", "at": 5.0, "lots": 3_000}],
    }  # fmt: skip


def test_a_stack_runs_and_its_claims_are_worth_what_backs_them():
    run = run_scenario(read_scenario(stack()), seed=3)
    venue = run.simulation.venue
    assert [one.name for one in venue.facilities] == ["steth", "wsteth", "acash", "lp"]
    second = venue.clearings[1]
    assert isinstance(second.holdings[2].oracle.source, ClaimValue)
    assert isinstance(second.holdings[3].oracle.source, FairShare)
    assert isinstance(second.holdings[3].margin, LookThroughMargin)
    # Two staked tokens each, at the price of their book.
    books = [one.best_bid + one.best_ask for one in venue.books]
    assert second.holdings[2].mark_price == 2 * (books[1] // 2)
    assert venue.claims.look_through("wsteth")["eth"] > Fraction(22, 10)
    # Half of a pool's share is cash, which is not cut: 10 % at any price.
    assert second.holdings[3].margin.rate == pytest.approx(100_000, abs=60_000)
    assert venue.claims["steth"].supply == 10_000
    assert (run.tape["entries"]["kind"] == lob.EntryKind.ACCRUAL).sum() == 20
    venue.check()
    check_conservation(run.tape["entries"], run.simulation.ledger)
    again = run_scenario(read_scenario(stack()), seed=3)
    assert again.simulation.digest() == run.simulation.digest()


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        ("claims.0.backing", ["wsteth"], "steth -> wsteth -> steth|wsteth -> steth -> wsteth"),
        ("claims.1.backing", ["gold"], "gold"),
        ("claims.0.period", 0.0, "period"),
        ("claims.1.outside_backing", {"eth": 1}, "does not back"),
        ("claims.1.name", "steth", "named twice"),
        ("pools.0.base", "gold", "gold"),
        ("clearings.1.holdings.2.asset", "gold", "gold"),
        (
            "clearings.1.holdings.2.oracle.source.bases",
            {"steth": "X"},
            "bases.steth: no instrument is called 'X'",
        ),
        ("clearings.1.holdings.2.oracle.source.claim", "gold", "gold"),
    ],
)
def test_mistakes_of_a_stack(path, value, match):
    with pytest.raises(ScenarioError, match=match):
        read_scenario(stack(), {path: value})


def test_pledgers_bring_no_more_than_there_is():
    """Seed 4 draws 12,155 receipts; the outside world has 12,000 that back no vault."""
    simulation = build(read_scenario(CHAIN), 4)
    units = simulation["receipt pledgers"].units
    assert 11_850 < sum(units) <= 12_000
    simulation.run(until=11 * SECOND_NS)
    with pytest.raises(ScenarioError, match=r"collateralised_borrowers\.0\.count: .* has 12,000"):
        read_scenario(CHAIN, {"collateralised_borrowers.0.count": 12_001})
