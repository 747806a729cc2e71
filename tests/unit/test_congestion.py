"""Transactions that compete for room in blocks."""

import numpy as np
import pytest

import agents
from agents import Constant
from agents.keepers import (
    Ascending,
    AuctionKeeper,
    Congestion,
    FixedGas,
    FlashKeeper,
    Hold,
    Keeper,
    ProfitShare,
)
from lob import Kind, Reason
from lob.liquidation import designs
from lob.units import SECOND_NS
from tests.offering import English, Shop, bids, cash_of, lots_of, selling


def at_and_owner(simulation, kind=Kind.TAKE):
    rows = simulation.messages[simulation.messages["kind"] == kind]
    return [(int(row["ts_event"]) // SECOND_NS, int(row["owner"])) for row in rows]


def test_the_highest_bids_are_included_block_by_block():
    pool = Congestion(block_time=10 * SECOND_NS, capacity=1)
    keepers = [
        Keeper(
            f"keeper {gas}", capital=1_000, gas=gas, congestion="congestion", inventory_exit=Hold()
        )
        for gas in (3, 9, 6)
    ]
    simulation = selling(Shop(90), bids(100, 1, 100), lots=[30], bots=[pool, *keepers])
    # Each wants all it can afford: 11 lots.
    simulation.run(until=35 * SECOND_NS)
    cheap, dear, middle = keepers
    # The second and the third get what is left; and pay for it.
    assert at_and_owner(simulation) == [(10, dear.owner), (20, middle.owner), (30, cheap.owner)]
    assert [lots_of(simulation, one) for one in (dear, middle, cheap)] == [11, 11, 0]
    assert cheap.refused == {Reason.NOT_ON_OFFER: 1}
    assert [cash_of(simulation, one) for one in keepers] == [997, 1_000 - 990 - 9, 1_000 - 990 - 6]
    gas = simulation.ledger.balance(simulation.ledger.account("gas"), dear.cash_asset)
    assert gas == 3 + 9 + 6
    assert (pool.blocks, pool.included) == (3, 3)
    simulation.venue.check()


def test_equal_bids_go_by_arrival_then_by_name():
    pool = Congestion(block_time=10 * SECOND_NS, capacity=1)
    keepers = [
        Keeper(name, capital=10_000, gas=5, congestion="congestion", to_venue=Constant(delay))
        for name, delay in (("late", 2), ("z early", 1), ("a early", 1))
    ]
    simulation = selling(Shop(90), bids(100, 1, 100), bots=[pool, *keepers])
    simulation.run(until=35 * SECOND_NS)
    assert [owner for _, owner in at_and_owner(simulation)] == [
        keepers[2].owner, keepers[1].owner, keepers[0].owner
    ]  # fmt: skip


def test_who_bids_too_little_does_not_get_through():
    pool = Congestion(block_time=SECOND_NS, capacity=50, load=[(0, 100.0, 1_000.0)], backlog=10**6)
    low = Keeper("low", capital=90_000, gas=10, congestion="congestion")
    simulation = selling(Shop(90), bids(100, 1, 10_000), lots=[1_000], bots=[pool, low])
    simulation.run(until=60 * SECOND_NS)
    # Half of what others send is above 693; the backlog of what is below it only grows.
    assert at_and_owner(simulation) == []
    assert len(pool.waiting) == 1
    # 10,000 can be gained: there is room for a bid of 5,000.
    high = Keeper("high", capital=100_000, gas=5_000, congestion="congestion")
    simulation.add(high)
    simulation.run(until=65 * SECOND_NS)
    assert at_and_owner(simulation) == [(61, high.owner)]
    assert cash_of(simulation, high) == 100_000 + 10_000 - 5_000


def test_load_changes_with_time():
    pool = Congestion(
        block_time=SECOND_NS,
        capacity=10,
        backlog=20,
        load=[(0, 0.0, 1.0), (5 * SECOND_NS, 40.0, 100.0)],
    )
    keeper = Keeper("keeper", capital=100_000, gas=0, congestion="congestion", min_profit_bps=1)
    simulation = selling(Shop(top=200, seconds=10), bids(190, 60, 1), lots=[40],
                         bots=[pool, keeper])  # fmt: skip
    simulation.run(until=30 * SECOND_NS)
    assert {second for second, _ in at_and_owner(simulation)} <= {1, 2, 3, 4}
    assert len(pool.others) == 10  # 20 waited, 10 of them went


@pytest.mark.parametrize(
    ("full", "fees"), [(True, [1_000, 1_125, 1_265]), (False, [1_000, 875, 766])]
)
def test_the_base_fee_follows_the_rule_of_eip_1559(full, fees):
    """Full blocks raise it by an eighth, empty ones lower it by as much; rounded to less change."""
    load = [(0, 10_000.0, 10**9)] if full else []
    pool = Congestion(block_time=SECOND_NS, capacity=4, elasticity=2, base_fee=1_000, load=load)
    simulation = agents.Simulation(1)
    simulation.add(pool)
    seen = []
    for second in range(3):
        seen.append(pool.base_fee)
        simulation.run(until=(second + 1) * SECOND_NS)
    assert seen == fees


def test_a_bid_below_the_base_fee_waits_until_it_has_fallen():
    pool = Congestion(block_time=SECOND_NS, capacity=4, elasticity=2, base_fee=1_000)
    keeper = Keeper("keeper", capital=10_000, gas=800, congestion="congestion", min_profit_bps=0)
    simulation = selling(Shop(10), bids(100, 1, 100), lots=[100], bots=[pool, keeper])
    simulation.run(until=10 * SECOND_NS)
    # 1000, 875, 766: the third block.
    assert at_and_owner(simulation)[0][0] == 3


def test_a_share_of_the_profit_is_bid():
    assert ProfitShare(500_000).bid(101) == 50
    assert ProfitShare(500_000, floor=60).bid(101) == 60
    assert ProfitShare(500_000, floor=1, cap=20).bid(101) == 20
    assert ProfitShare(500_000).bid(-5) == 0
    assert FixedGas(7).bid(10**9) == 7
    pool = Congestion(block_time=SECOND_NS, capacity=1)
    keeper = Keeper("k", capital=10_000, gas=ProfitShare(200_000), congestion="congestion")
    simulation = selling(Shop(90), bids(100, 1, 100), bots=[pool, keeper])
    simulation.run(until=SECOND_NS)
    assert keeper.gas_paid == 20
    assert cash_of(simulation, keeper) == 10_000 + 100 - 20


def test_who_cannot_pay_his_gas_is_dropped():
    pool = Congestion(block_time=SECOND_NS, capacity=1)
    keeper = Keeper("k", capital=1_000, gas=60, congestion="congestion", inventory_exit=Hold())
    simulation = selling(Shop(90), bids(100, 1, 100), bots=[pool, keeper])
    simulation.run(until=0)
    ledger = simulation.ledger
    ledger.transfer(keeper.cash_asset, keeper.account, ledger.WORLD, 950)
    simulation.run(until=2 * SECOND_NS)
    assert keeper.gas_paid == 0
    assert keeper.refused[Reason.INSUFFICIENT_MARGIN] >= 1
    assert cash_of(simulation, keeper) == 50


def test_a_flash_keeper_looks_at_the_book_of_its_block():
    pool = Congestion(block_time=10 * SECOND_NS, capacity=5)
    flash = FlashKeeper("flash", capital=100, gas=4, congestion="congestion")
    simulation = selling(
        Shop(90), bids(100, 1, 10), bots=[pool, flash], later=[(5 * SECOND_NS, -1, 100, 10)]
    )
    simulation.run(until=10 * SECOND_NS)
    assert flash.reverted == 1
    assert cash_of(simulation, flash) == 96


def test_a_bid_of_next_to_nothing_wins_when_others_do_not_get_through():
    """Black Thursday's mechanism: all value the lots at 100, one of four bids enough gas."""
    pool = Congestion(block_time=SECOND_NS, capacity=20, load=[(0, 60.0, 100.0)])
    bidders = [
        AuctionKeeper(f"keeper {gas}", capital=10_000, gas=gas, congestion="congestion",
                      rule=Ascending(50_000))
        for gas in (1, 2, 3, 500)
    ]  # fmt: skip
    design = English(ttl=20 * SECOND_NS)
    simulation = selling(design, bids(600, 1, 100), bots=[pool, *bidders])
    simulation.run(until=200 * SECOND_NS)
    assert design.revenue == [1]
    winner = bidders[-1]
    assert winner.report().traded == 10
    assert cash_of(simulation, winner) == 10_000 + 10 * (600 - 1) - winner.gas_paid
    # With room for all of them they bid each other up.
    calm = English(ttl=20 * SECOND_NS)
    four = [
        AuctionKeeper(f"keeper {i}", capital=10_000, congestion="congestion",
                      rule=Ascending(50_000))
        for i in range(4)
    ]  # fmt: skip
    simulation = selling(calm, bids(600, 1, 100),
                         bots=[Congestion(block_time=SECOND_NS, capacity=20), *four])  # fmt: skip
    simulation.run(until=600 * SECOND_NS)
    assert calm.revenue[0] > 600 / 1.06
    simulation.venue.check()


def test_a_fork_in_the_middle_of_a_block():
    def bots():
        return [
            Congestion(block_time=3 * SECOND_NS, capacity=4, load=[(0, 5.0, 20.0)]),
            *(
                Keeper(f"keeper {i}", capital=300, gas=10 + i, congestion="congestion")
                for i in range(5)
            ),
        ]

    simulation = selling(Shop(top=200), bids(150, 60, 2), lots=[9, 8, 7, 6], bots=bots())
    simulation.run(until=40 * SECOND_NS)
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=100 * SECOND_NS)
    assert twin.digest() == simulation.digest()
    assert simulation["congestion"].included > 0
    assert simulation["congestion"].others == twin["congestion"].others


def test_who_takes_part_too_changes_nothing():
    found = []
    for extra in ([], [Keeper("dormant", capital=0, congestion="congestion")]):
        pool = Congestion(block_time=SECOND_NS, capacity=4, load=[(0, 5.0, 20.0)])
        keeper = Keeper("keeper", capital=300, gas=10, congestion="congestion")
        simulation = selling(Shop(top=200), bids(150, 60, 2), bots=[*extra, pool, keeper])
        simulation.run(until=100 * SECOND_NS)
        found.append((simulation.events.tobytes(), keeper.report()))
    assert found[0] == found[1]
    assert np.frombuffer(found[0][0], simulation.events.dtype)["kind"].size > 60


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"block_time": 0}, "block_time"),
        ({"capacity": 0}, "capacity"),
        ({"load": [(0, -1.0, 1.0)]}, "rate"),
        ({"load": [(0, 1.0, 0.0)]}, "mean_bid"),
        ({"load": [(5, 1.0, 1.0), (5, 1.0, 1.0)]}, "start"),
        ({"capacity": 2, "elasticity": 3}, "elasticity"),
        ({"base_fee": -1}, "base_fee"),
    ],
)
def test_misuse_names_the_argument(arguments, match):
    with pytest.raises((TypeError, ValueError), match=match):
        Congestion(**arguments)


def test_an_auction_without_a_bid_is_looked_at_again_once_there_is_money():
    keeper = AuctionKeeper("keeper", capital=1, rule=Ascending(opening=50))
    design = English(ttl=60 * SECOND_NS)
    simulation = selling(design, bids(100, 5, 100), bots=[keeper])
    simulation.run(until=20 * SECOND_NS)
    assert keeper.bids_sent == 0
    ledger = simulation.ledger
    ledger.transfer(keeper.cash_asset, ledger.WORLD, keeper.account, 500)
    simulation.run(until=40 * SECOND_NS)
    assert keeper.bids_sent == 1
    simulation.run(until=120 * SECOND_NS)
    assert design.revenue == [50]


def test_who_bids_more_than_the_debt_knows_his_bid_and_sells_what_he_won():
    keeper = AuctionKeeper("keeper", capital=5_000, rule=Ascending(opening=90))
    simulation = selling(
        designs.make("english", ttl=10.0, tau=100.0, chop=1_000_000),
        bids(100, 20, 100), bots=[keeper], mark=80,
    )  # fmt: skip
    simulation.run(until=60 * SECOND_NS)
    # Bid were 90 a lot for a debt of 80.
    assert keeper.bids_sent == 1
    assert not keeper.refused
    assert lots_of(simulation, keeper) == 0
    assert cash_of(simulation, keeper) == 5_000 - 10 * 80 + 10 * 100
