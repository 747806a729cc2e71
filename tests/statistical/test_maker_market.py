"""What follows from the parts of the maker market together: impact, memory, stationarity.

Every tolerance is 4 standard errors or more, over the seeds that are given.
"""

import numpy as np
import pytest

import agents
from agents.flow import MakerMarket
from experiments.markets.equity import PARAMETERS, PRICE
from experiments.metrics.quotes import mid
from lob.units import SECOND_NS

BEGINS, LASTS, LATER = 900, 1_800, 18_000  # s: a sale, its length, and when what is left is seen


class Seller(agents.Agent):
    """Sells so many lots in 60 equal parts."""

    def __init__(self, name, lots):
        super().__init__(name)
        self.lots, self.parts = lots, 0

    def on_start(self):
        self.wake_in(BEGINS * SECOND_NS)

    def on_wake(self):
        self.parts += 1
        self.sell(self.lots * self.parts // 60 - self.lots * (self.parts - 1) // 60)
        if self.parts < 60:
            self.wake_in(LASTS * SECOND_NS // 60)


def mids(seed, lots, times, **changes):
    """Logarithm of the mid at times in seconds, with a sale or without."""
    simulation = agents.Simulation(seed, events=False, messages=False)
    simulation.add(MakerMarket("flow", price=PRICE, **{**PARAMETERS, **changes}))
    if lots:
        simulation.add(Seller("seller", lots))
    found = []
    for time in times:
        simulation.run(until=time * SECOND_NS)
        book = simulation.books[0]
        found.append(np.log((book.best_bid + book.best_ask) / 2))
    return np.array(found)


def impacts(lots, seeds, **changes):
    """Moves against the twin in bps when the sale ends and ten times its length later: rows."""
    times = (BEGINS + LASTS, BEGINS + LASTS + LATER)
    return 1e4 * np.array([
        mids(seed, 0, times, **changes) - mids(seed, lots, times, **changes)
        for seed in range(1, seeds + 1)
    ])  # fmt: skip


@pytest.mark.slow
def test_impact_is_concave_and_part_of_it_stays():
    """Over 1 to 30 % of the volume: its exponent, by the ends of that range, is 0.4 to 0.65."""
    small, large = impacts(470, 24), impacts(14_100, 24)
    assert 0.4 < np.log(large[:, 0].mean() / small[:, 0].mean()) / np.log(30) < 0.65
    # Concave beyond doubt: 30 times the lots move the price less than 12 times as much.
    less = large[:, 0] - 12 * small[:, 0]
    assert less.mean() < -4 * less.std(ddof=1) / np.sqrt(len(less))
    assert 0.3 < large[:, 1].mean() / large[:, 0].mean() < 0.8


@pytest.mark.slow
def test_without_recognised_sources_impact_is_near_linear():
    found = [impacts(lots, 24, recognise_sources=False)[:, 0] for lots in (1_000, 8_000)]
    slope = np.log(np.mean(found[1]) / np.mean(found[0])) / np.log(8)
    assert slope > 0.7


def test_the_market_is_stationary_over_hours():
    """Spread, lots and orders at rest, hour by hour over 12 seeds: no trend beyond its error."""
    rows = []
    for seed in range(1, 13):
        simulation = agents.Simulation(seed, events=False, messages=False)
        one = simulation.add(MakerMarket("flow", price=PRICE, **PARAMETERS))
        simulation.follow_quotes()
        seen = []
        for hour in range(1, 13):
            resting = []
            for minute in range(0, 60, 5):
                simulation.run(until=(hour * 3_600 + minute * 60) * SECOND_NS)
                resting.append(one.live)
            seen.append(np.mean(resting))
        quotes = simulation.quotes()
        ts, spread = quotes["ts_event"] / 3.6e12, quotes["ask_price"] - quotes["bid_price"]
        assert not np.isnan(mid(quotes[ts > 1])).any()
        held = np.diff(ts, append=ts[-1])
        spreads = [
            np.average(spread[(ts >= h) & (ts < h + 1)], weights=held[(ts >= h) & (ts < h + 1)])
            for h in range(1, 12)
        ]
        rows.append([trend(seen[1:]), trend(spreads)])
    found = np.array(rows)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0)) < 4 * error).all()


def trend(values):
    """Relative slope an hour."""
    return float(np.polyfit(np.arange(len(values)), values, 1)[0] / np.mean(values))


@pytest.mark.parametrize("lots", [0, 47_000])
def test_both_sides_are_there_all_the_time(lots):
    """Also while somebody sells as much as all others trade."""
    simulation = agents.Simulation(3, events=False, messages=False)
    simulation.add(MakerMarket("flow", price=PRICE, **PARAMETERS))
    if lots:
        simulation.add(Seller("seller", lots))
    simulation.follow_quotes()
    simulation.run(until=3_600 * SECOND_NS)
    quotes = simulation.quotes()
    ts = quotes["ts_event"]
    empty = (quotes["bid_size"] == 0) | (quotes["ask_size"] == 0)
    empty &= ts > 60 * SECOND_NS
    held = np.diff(ts, append=ts[-1])
    assert held[empty].sum() < (1e-3 * ts[-1] if lots else 1)
