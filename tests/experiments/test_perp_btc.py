"""The market of a perpetual on Bitcoin has the figures that it was made to have."""

import numpy as np
import pytest

from experiments.calibration.metaorder import measure_metaorders
from experiments.calibration.metaorder_impact import Protocol
from experiments.markets import perp_btc
from experiments.studies.facts import facts_of_market
from lob.units import MINUTE_NS

SEEDS = (31, 32, 33, 34)


@pytest.fixture(scope="module")
def facts():
    return [facts_of_market("perp-btc", seed, 60.0) for seed in SEEDS]


def mean(facts, name):
    return float(np.mean([{**one.values, **one.gates}[name].value for one in facts]))


@pytest.mark.slow
def test_it_is_as_busy_and_volatile_as_the_year_of_hours(facts):
    """Over 100 minutes and six seeds: 6,860 BTC (errors 60), 2.19 % (0.07), 0.129 bps (0.002)."""
    assert 0.85 < mean(facts, "gate_volume") / 6_850 < 1.15
    assert 0.80 < mean(facts, "gate_volatility") / 2.29 < 1.20
    assert 0.10 < mean(facts, "gate_spread_bps") < 0.16
    assert all(one.messages < 100 * one.seconds for one in facts)


def test_the_clusters_and_signs_are_those_of_the_capture(facts):
    assert mean(facts, "branching") == pytest.approx(0.72, abs=0.1)
    assert mean(facts, "sign_1") == pytest.approx(0.20, abs=0.05)
    assert mean(facts, "gap_dispersion") == pytest.approx(1.47, abs=0.2)


def test_the_book_is_as_deep_as_the_capture_tells():
    """Thousands of lots within 1 % of the mid, a side: the bids of the capture, 1,350 BTC."""
    market = perp_btc(5, events=False)
    depth = []
    for minute in range(60, 120, 5):
        market.run(until=minute * MINUTE_NS)
        book = market.books[0]
        mid = (book.best_bid + book.best_ask) / 2
        for side in (book.bids(20_000), book.asks(20_000)):
            depth.append(side["size"][abs(side["price"] - mid) < 0.01 * mid].sum() / 1_000)
    assert 700 < np.mean(depth) < 2_000
    assert min(depth) > 300


@pytest.mark.slow
def test_impact_is_the_square_root_law_and_part_of_it_stays():
    """Over 1 to 30 % of the volume of five minutes."""
    found = measure_metaorders(
        perp_btc,
        range(41, 47),
        shares=(0.01, 0.05, 0.3),
        left_shares=(0.3,),
        protocols=[Protocol.SLICES],
    )
    assert 0.40 < found.law(Protocol.SLICES).exponent.estimate < 0.65
    assert 0.5 < found.ratio(Protocol.SLICES).estimate < 1.3
    assert 0.30 < found.left(0.3).estimate < 0.80
