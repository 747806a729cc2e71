"""Keepers and congestion from a scenario's tables."""

import copy

import pytest

from agents import Constant, LogNormal
from agents.keepers import (
    Ascending,
    AuctionKeeper,
    FixedGas,
    FlashKeeper,
    PassiveHolder,
    ProfitShare,
    Sliced,
)
from experiments.scenario.build import build
from experiments.scenario.read import ScenarioError, read_scenario
from lob.units import SECOND_NS
from tests.small_scenarios import SPIRAL

TABLES = {
    "congestion": {
        "block_time": 12.5, "capacity": 7, "base_fee": 9, "elasticity": 2,
        "load": [{"start": 3.0, "rate": 5.0, "mean_bid": 100.0}],
    },
    "keepers": [
        {
            "name": "fast", "count": 2, "capital": 1_001, "min_profit_bps": 25, "latency": 0.5,
            "gas": {"amount": 3}, "style": {"kind": "sliced", "slices": 4, "over": 8.0},
            "offline": [[5.0, 6.5]], "funding": 300,
        },
        {
            "name": "flash", "kind": "flash", "capital": 50, "latency": 0.2, "latency_sigma": 0.3,
            "gas": {"policy": "profit-share", "share": 400_000, "cap": 10},
        },
        {"name": "patient", "kind": "passive", "capital": 10, "discount": 300_000},
        {"name": "bidder", "capital": 10, "beg": 30_000, "opening": 2},
    ],
}  # fmt: skip


def built(tables):
    scenario = read_scenario(SPIRAL, {"populations.0.count": 10, **copy.deepcopy(tables)})
    return build(scenario, 3)


def test_tables_become_bots():
    simulation = built(TABLES)
    pool = simulation["congestion"]
    assert (pool.block_time, pool.capacity, pool.base_fee) == (12_500_000_000, 7, 9)
    assert pool.load == [(3 * SECOND_NS, 5.0, 100.0)]
    first, second = simulation["fast 0"], simulation["fast 1"]
    assert type(first) is AuctionKeeper
    assert (first.capital, second.capital) == (501, 500)
    assert first.inventory_exit == Sliced(4, 8 * SECOND_NS)
    assert first.offline == ((5 * SECOND_NS, 6_500_000_000),)
    assert first.way_out == Constant(SECOND_NS // 2)
    assert (first.gas, first.congestion) == (FixedGas(3), "congestion")
    flash = simulation["flash"]
    assert type(flash) is FlashKeeper
    assert flash.gas == ProfitShare(400_000, 0, 10)
    assert flash.way_out == LogNormal(SECOND_NS // 5, 0.3)
    assert type(simulation["patient"]) is PassiveHolder
    assert simulation["patient"].discount == 300_000
    assert simulation["bidder"].rule == Ascending(30_000, 2, 900_000)


def test_their_money_comes_in_at_the_start():
    simulation = built(TABLES)
    simulation.run(until=SECOND_NS)
    cash = [
        simulation.ledger.balance(bot.account, bot.cash_asset) for bot in simulation.agents[-5:]
    ]
    assert cash == [501, 500, 50, 10, 10]
    simulation.ledger.check()


def test_without_tables_nothing_is_added():
    assert len(built({"keepers": []}).agents) + 6 == len(built(TABLES).agents)
    assert built({"keepers": TABLES["keepers"]})["fast 0"].congestion is None


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("keepers.0.capital", -1, "keepers.0.capital"),
        ("keepers.0.kind", "whale", "keepers.0.kind"),
        ("keepers.0.style.slices", 1, "keepers.0.style"),
        ("keepers.2.discount", None, "keepers.2"),
        ("keepers.1.gas.cap", -5, "keepers.1.gas"),
        ("keepers.1.name", "fast", "named twice"),
        ("keepers.0.wealth", 5, "keepers.0.wealth"),
        ("congestion.capacity", 0, "congestion.capacity"),
        ("congestion.load.0.mean_bid", 0, "congestion.load.0.mean_bid"),
    ],
)
def test_mistakes_are_told_with_their_path(path, value, where):
    with pytest.raises(ScenarioError, match=where):
        read_scenario(SPIRAL, {**copy.deepcopy(TABLES), path: value})


def test_what_no_bot_can_be_made_of_is_named():
    with pytest.raises(ValueError, match=r"keepers\.0: offline"):
        built({**TABLES, "keepers.0.offline": [[6.0, 5.0]]})
