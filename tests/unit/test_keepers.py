"""Keepers: when they take, how much, and what they are left with. Numbers worked by hand."""

import numpy as np
import pytest

import lob
from agents import Constant, Uniform
from agents.keepers import (
    AtOnce,
    FlashKeeper,
    Hold,
    Keeper,
    PassiveHolder,
    Sliced,
    make_keepers,
    split_capital,
)
from agents.keepers.valuation import Costs, gain, levels_of, limit_at, limit_of, worth_taking
from agents.random import numpy_stream
from lob import EntryKind, Kind, Reason, Side
from lob.units import SECOND_NS
from tests.offering import Shop, asks, bids, cash_of, lots_of, selling

LEVELS = [(100, 10), (99, 10), (98, 10)]


def takes(simulation):
    """Time in seconds, lots and tag of each TAKE."""
    rows = simulation.messages
    rows = rows[rows["kind"] == Kind.TAKE]
    return [(int(row["ts_event"]) / SECOND_NS, int(row["size"])) for row in rows]


def sales(simulation, bot):
    """Time in seconds, price, lots and tag of each trade of a bot's own orders."""
    events = simulation.events
    rows = events[(events["kind"] == lob.EventKind.TRADE) & (events["owner"] == bot.owner)]
    return [
        (int(row["ts_event"]) / SECOND_NS, int(row["price"]), int(row["size"]), int(row["tag"]))
        for row in rows
    ]


def check(simulation):
    simulation.venue.check()
    assert simulation.ledger.conserves()


# ---------------------------------------------------------------- valuation


def test_lots_are_taken_level_by_level():
    def best(price, **costs):
        return worth_taking(
            Side.BUY, price, LEVELS, size=30, most=30, least=1, costs=Costs(**costs)
        )

    # At 99: 10 lots at 100 gain one tick each, 10 at 99 nothing.
    assert best(99) == (20, 10)
    assert best(98) == (30, 30)
    assert best(101) == (0, 0)
    # 1 % wanted on the capital: 99 * 1.01 = 99.99, so the level of 100 only: 10 - 9.9, down.
    assert best(99, hurdle=10_000) == (10, 0)
    # Gas of 15 makes the ten ticks of 99 a loss.
    assert best(99, gas=15) == (0, 0)
    assert best(98, gas=15) == (30, 15)


def test_the_limit_spreads_a_fixed_cost_over_more_lots():
    def limit(**costs):
        return limit_of(Side.BUY, LEVELS, size=30, most=30, least=1, costs=Costs(**costs))

    assert limit() == 100
    # 10 lots: (1000 - 100) / 10 = 90; 20: (1990 - 100) / 20 = 94.5; 30: (2970 - 100) / 30 = 95.67.
    assert limit(gas=100) == 95
    # 0.1 % of 1000 to the book, then 2 %: 999 / 1.02 = 979.4, so 97.
    assert limit(fee=1_000, hurdle=20_000) == 97


def test_short_lots_are_the_mirror_image():
    levels = [(100, 10), (101, 10)]
    assert worth_taking(
        Side.SELL, 101, levels, size=20, most=20, least=1, costs=Costs()
    ) == (20, 10)  # fmt: skip
    assert limit_of(Side.SELL, levels, size=20, most=20, least=1, costs=Costs(gas=100)) == 106
    assert limit_of(Side.SELL, levels, size=20, most=20, least=1, costs=Costs(hurdle=10_000)) == 102


def test_an_inverse_contract_is_paid_in_coin():
    costs = Costs(multiplier=1_000_000, inverse=True)
    # Long lots taken at 90 and sold at 100: 10 * (1e6 / 90 - 1e6 / 100), each rounded against us.
    assert gain(Side.BUY, 90, [(100, 10)], 10, costs) == 111_111 - 100_000
    assert gain(Side.SELL, 110, [(100, 10)], 10, costs) == 100_000 - 90_910
    assert limit_of(Side.BUY, [(100, 10)], size=10, most=10, least=1, costs=costs) == 100


def test_the_least_take_and_the_reward_for_all():
    def best(price, **rules):
        rules = {"size": 30, "most": 30, "least": 1, "costs": Costs()} | rules
        return worth_taking(Side.BUY, price, LEVELS, **rules)

    assert best(99, least=25) == (25, 5)
    assert best(99, least=30) == (30, 0)
    assert best(99, reward=50) == (30, 50)
    assert best(99, least=25, most=24) == (0, 0)
    assert best(99, size=5, least=25) == (5, 5)


def test_levels_start_behind_what_is_sold_already():
    book = lob.OrderBook()
    for i in range(40):
        book.submit(order_id=i + 1, side=Side.BUY, price=100 - i, size=3)
    assert levels_of(book, Side.SELL, 5, ahead=4) == [(99, 2), (98, 3)]
    assert levels_of(book, Side.SELL, 5, ahead=4, slices=2) == [(100, 2), (99, 3)]
    assert levels_of(book, Side.SELL, 10**6, ahead=100)[0] == (67, 2)
    assert sum(size for _, size in levels_of(book, Side.SELL, 10**6)) == 120
    assert levels_of(book, Side.BUY, 5) == []


# ---------------------------------------------------------------- the keeper


def test_it_takes_when_the_price_has_fallen_to_the_book():
    """The price is 200 - 2t; the book has 4 lots at 100, 99 and 98."""
    keeper = Keeper("keeper", capital=10_000)
    simulation = selling(Shop(top=200), bids(100, 3, 4), bots=[keeper])
    simulation.run(until=100 * SECOND_NS)
    # 100 at 50 s: four lots. 98 a second later: the other six, at 99 and 98.
    assert takes(simulation) == [(50.0, 4), (51.0, 6)]
    tag = lob.LIQUIDATION_TAG + 1
    assert sales(simulation, keeper) == [
        (50.0, 100, 4, tag), (51.0, 99, 4, tag), (51.0, 98, 2, tag)
    ]  # fmt: skip
    assert cash_of(simulation, keeper) == 10_000 + 4 * (100 - 100) + 4 * (99 - 98)
    assert lots_of(simulation, keeper) == 0
    report = keeper.report()
    assert report == (2, 0, 10, 10, 0, 10_004, 0, 0, 588, 4, 0)
    assert simulation.clearings[0].open_cases == 0
    check(simulation)


@pytest.mark.parametrize(
    ("options", "when"),
    [
        ({}, 50.0),
        # 100 / 1.02 = 98.04: 98 at 51 s.
        ({"min_profit_bps": 200}, 51.0),
        # Gas of 50: ten lots bring 992, (992 - 50) / 10 = 94.2; eight (796 - 50) / 8 = 93.25.
        ({"gas": 50}, 53.0),
        # Two standard deviations of 1 % over one second: 2 %.
        ({"volatility": 10_000.0, "risk_aversion": 2.0, "holding_time": SECOND_NS}, 51.0),
        # 4 % a day for half a day.
        ({"funding": 40_000, "holding_time": 12 * 3600 * SECOND_NS}, 51.0),
    ],
)
def test_what_it_wants_on_top_makes_it_wait(options, when):
    keeper = Keeper("keeper", capital=10_000, **options)
    simulation = selling(Shop(top=200), bids(100, 3, 4), bots=[keeper])
    simulation.run(until=100 * SECOND_NS)
    assert takes(simulation)[0][0] == when
    check(simulation)


def test_short_lots_are_taken_as_their_price_rises():
    """200 / (2 - t / 50): 100 at the start, and 105 is what the cheapest four lots cost to buy."""
    keeper = Keeper("keeper", capital=10_000)
    simulation = selling(Shop(top=200), asks(210, 3, 4), lots=[-10], bots=[keeper])
    simulation.run(until=100 * SECOND_NS)
    # 200 * 200 // (200 - 2t) >= 210 from 5 s on: 40000 // 190 = 210.
    assert takes(simulation)[0] == (5.0, 4)
    assert sales(simulation, keeper)[0] == (5.0, 210, 4, lob.LIQUIDATION_TAG + 1)
    assert lots_of(simulation, keeper) == 0
    assert cash_of(simulation, keeper) > 10_000
    assert keeper.locked == keeper.in_use == 0
    check(simulation)


def test_capital_comes_back_and_is_used_again():
    keeper = Keeper("keeper", capital=250)
    simulation = selling(Shop(100), bids(100, 1, 10), bots=[keeper])
    simulation.run(until=SECOND_NS)
    assert [lots for _, lots in takes(simulation)] == [2] * 5
    assert keeper.report().peak_capital == 200
    assert cash_of(simulation, keeper) == 250
    check(simulation)


def test_one_capital_serves_all_offers():
    keeper = Keeper("keeper", capital=350, inventory_exit=Hold())
    simulation = selling(Shop(90), bids(100, 1, 100), lots=[2, 2, 2], bots=[keeper])
    simulation.run(until=5 * SECOND_NS)
    # 3 lots of 90: all of the first, and one of the second.
    assert takes(simulation) == [(0.0, 2), (0.0, 1)]
    assert lots_of(simulation, keeper) == 3
    assert cash_of(simulation, keeper) == 80
    check(simulation)


def test_slices_are_sold_over_time():
    keeper = Keeper("keeper", capital=10_000, inventory_exit=Sliced(5, 10 * SECOND_NS))
    simulation = selling(Shop(99), bids(100, 1, 2), bots=[keeper])
    simulation.run(until=SECOND_NS)
    # It believes that the two lots at 100 come back for each of five parts.
    assert takes(simulation) == [(0.0, 10)]
    assert lots_of(simulation, keeper) == 8
    simulation.run(until=60 * SECOND_NS)
    assert [(ts, lots) for ts, _, lots, _ in sales(simulation, keeper)] == [(0.0, 2)]
    assert keeper.report().holds == 8
    check(simulation)


def test_slices_come_in_their_rhythm():
    keeper = Keeper("keeper", capital=10_000, inventory_exit=Sliced(5, 10 * SECOND_NS))
    simulation = selling(Shop(99), bids(100, 1, 20), bots=[keeper])
    simulation.run(until=60 * SECOND_NS)
    assert [(ts, lots) for ts, _, lots, _ in sales(simulation, keeper)] == [
        (0.0, 2), (2.0, 2), (4.0, 2), (6.0, 2), (8.0, 2)
    ]  # fmt: skip
    assert cash_of(simulation, keeper) == 10_010


def test_what_finds_no_buyer_is_offered_again():
    keeper = Keeper("keeper", capital=10_000, retry=3 * SECOND_NS, to_venue=Constant(SECOND_NS))
    # Somebody takes the bids away before its order is there, and new ones come.
    simulation = selling(
        Shop(99), bids(100, 1, 10), bots=[keeper],
        later=[(SECOND_NS + 1, Side.SELL, 100, 10), (5_500_000_000, Side.BUY, 97, 10)],
    )  # fmt: skip
    simulation.run(until=60 * SECOND_NS)
    assert takes(simulation) == [(1.0, 10)]
    assert [(ts, price) for ts, price, _, _ in sales(simulation, keeper)] == [(6.0, 97)]
    assert cash_of(simulation, keeper) == 10_000 - 20


def test_first_come_first_served():
    fast = Keeper("fast", capital=10_000, to_venue=Constant(SECOND_NS))
    slow = Keeper("slow", capital=10_000, to_venue=Constant(2 * SECOND_NS), gas=7)
    simulation = selling(Shop(90), bids(100, 1, 20), bots=[slow, fast])
    simulation.run(until=20 * SECOND_NS)
    assert fast.report().taken == 10
    assert slow.report().taken == 0
    assert slow.refused == {Reason.NOT_ON_OFFER: 1}
    # Gas is paid whether or not it succeeds.
    assert cash_of(simulation, slow) == 10_000 - 7
    assert slow.report().gas_paid == 7
    ledger = simulation.ledger
    assert ledger.balance(ledger.account("gas"), slow.cash_asset) == 7
    check(simulation)


def test_an_outage_is_slept_through():
    keeper = Keeper("keeper", capital=10_000, offline=[(40 * SECOND_NS, 60 * SECOND_NS)])
    simulation = selling(Shop(top=200), bids(100, 1, 10), bots=[keeper])
    simulation.run(until=100 * SECOND_NS)
    assert takes(simulation) == [(60.0, 10)]
    assert cash_of(simulation, keeper) == 10_000 + 10 * (100 - 80)


def test_a_keeper_sleeps_until_the_book_is_better():
    keeper = Keeper("keeper", capital=10_000, review=2 * SECOND_NS)
    simulation = selling(
        Shop(105), bids(100, 1, 10), bots=[keeper], later=[(5 * SECOND_NS, Side.BUY, 106, 10)]
    )
    simulation.run(until=20 * SECOND_NS)
    assert takes(simulation) == [(5.0, 10)]
    assert cash_of(simulation, keeper) == 10_010


def test_a_keeper_does_not_mistake_rounding_for_a_price():
    # A lot of an inverse contract that is worth less than a unit of coin: alone it would have to
    # be taken at 50 to pay for itself in whole units, with others of its kind at 110.
    assert limit_of(Side.BUY, [(110, 1)], size=1, least=1, most=1,
                    costs=Costs(multiplier=50, inverse=True)) == 50  # fmt: skip
    assert limit_at(Side.BUY, 110, Costs(multiplier=50, inverse=True)) == 110
    # With a fee of 1 % and 2 % wanted: linear 110*.99/1.02, inverse 110*.98/1.01.
    assert limit_at(Side.BUY, 110, Costs(fee=10_000, hurdle=20_000)) == 106
    assert limit_at(Side.BUY, 110, Costs(fee=10_000, hurdle=20_000, inverse=True)) == 106
    assert limit_at(Side.SELL, 110, Costs(fee=10_000, hurdle=20_000)) == 114
    assert limit_at(Side.SELL, 110, Costs(hurdle=1_000_000)) is None
    assert limit_at(Side.BUY, 1, Costs(fee=10_000)) is None
    keeper = Keeper("keeper", capital=10_000, review=2 * SECOND_NS)
    simulation = selling(
        Shop(105), bids(100, 1, 1_000), lots=[1_000], bots=[keeper],
        later=[(5 * SECOND_NS, Side.BUY, 110, 1_000)],
        instrument=lob.Instrument("X", multiplier=50, inverse=True),
    )  # fmt: skip
    simulation.run(until=5_500_000_000)
    assert takes(simulation) == [(5.0, 1_000)]


def test_funding_is_paid_when_lots_are_sold():
    keeper = Keeper(
        "keeper",
        capital=10_000,
        funding=86_400,
        from_venue=Constant(10 * SECOND_NS),
        holding_time=0,
    )
    simulation = selling(Shop(90), bids(100, 1, 10), bots=[keeper])
    simulation.run(until=60 * SECOND_NS)
    # It hears of the lots after 10 s, and of their sale after 20: 900 * 1 ppm a second, up.
    assert keeper.report().funding_paid == 1
    rows = simulation.entries[simulation.entries["kind"] == EntryKind.INTEREST]
    assert rows["amount"].tolist() == [1]
    assert cash_of(simulation, keeper) == 10_099
    check(simulation)


# ---------------------------------------------------------------- the others


def test_a_flash_keeper_needs_no_capital():
    keeper = FlashKeeper("flash", gas=0)
    simulation = selling(Shop(top=200), bids(100, 3, 4), bots=[keeper])
    simulation.run(until=100 * SECOND_NS)
    assert takes(simulation) == [(50.0, 4), (51.0, 6)]
    assert cash_of(simulation, keeper) == 4
    assert lots_of(simulation, keeper) == 0
    check(simulation)


def test_a_flash_keeper_takes_only_what_it_can_sell():
    keeper = FlashKeeper("flash", capital=10, gas=5, min_profit_bps=100)
    simulation = selling(Shop(90), bids(100, 1, 6), bots=[keeper])
    simulation.run(until=60 * SECOND_NS)
    assert takes(simulation) == [(0.0, 6)]
    assert cash_of(simulation, keeper) == 10 - 5 + 60
    assert simulation.clearings[0].open_cases == 1


def test_a_flash_transaction_that_comes_too_late_reverts():
    keeper = FlashKeeper(
        "flash", capital=12, gas=5, to_venue=Constant(SECOND_NS), retry=60 * SECOND_NS
    )
    rival = Keeper("rival", capital=10_000)
    simulation = selling(Shop(90), bids(100, 1, 10), bots=[keeper, rival])
    simulation.run(until=10 * SECOND_NS)
    assert rival.report().taken == 10
    assert keeper.reverted == 1
    assert cash_of(simulation, keeper) == 7
    check(simulation)


def test_a_flash_keeper_buys_back_short_lots():
    keeper = FlashKeeper("flash", flash_fee=1_000)
    simulation = selling(Shop(110), asks(105, 1, 10), lots=[-10], bots=[keeper])
    simulation.run(until=SECOND_NS)
    # 50 gained, less 0.1 % of 1100, rounded up.
    assert cash_of(simulation, keeper) == 50 - 2
    assert lots_of(simulation, keeper) == 0
    check(simulation)


def test_a_passive_holder_keeps_what_is_cheap():
    keeper = PassiveHolder("holder", capital=500, discount=100_000)
    simulation = selling(Shop(top=200), [], bots=[keeper])
    simulation.run(until=100 * SECOND_NS)
    # The mark is 100: 90 at 55 s, and 5 lots for 450.
    assert takes(simulation)[0] == (55.0, 5)
    assert lots_of(simulation, keeper) >= 5
    assert sales(simulation, keeper) == []
    assert cash_of(simulation, keeper) >= 0
    check(simulation)


# ---------------------------------------------------------------- populations, forks


def test_capital_is_split_to_the_last_unit():
    assert split_capital(100, 3) == [34, 33, 33]
    assert split_capital(110, 3, law="zipf") == [60, 30, 20]
    drawn = split_capital(10**6, 50, law="lognormal", random=numpy_stream(1, "pool"))
    assert sum(drawn) == 10**6
    assert len(set(drawn)) > 40
    with pytest.raises(ValueError, match="law"):
        split_capital(1, 1, law="none")
    with pytest.raises(ValueError, match="random"):
        split_capital(1, 1, law="lognormal")


def test_a_population_has_names_and_shares():
    made = make_keepers("keeper", 3, 1_000, min_profit_bps=lambda number: 10 * number)
    assert [one.name for one in made] == ["keeper 0", "keeper 1", "keeper 2"]
    assert [one.capital for one in made] == [334, 333, 333]
    assert [one.min_profit_bps for one in made] == [0, 10, 20]


def rivals():
    return [
        Keeper(f"keeper {i}", capital=400, to_venue=Uniform(SECOND_NS // 10, SECOND_NS),
               from_venue=Uniform(1, SECOND_NS), gas=1, min_profit_bps=10 * i,
               inventory_exit=Sliced(2, SECOND_NS) if i % 2 else AtOnce())
        for i in range(6)
    ]  # fmt: skip


def scene(bots):
    return selling(Shop(top=200, least=2), bids(100, 30, 3), lots=[7, 5, 9, 4], bots=bots)


def test_a_fork_goes_on_to_the_same_tapes():
    simulation = scene(rivals())
    simulation.run(until=51 * SECOND_NS)
    twin = simulation.fork()
    simulation.run(until=100 * SECOND_NS)
    assert twin.now == 51 * SECOND_NS
    twin.run(until=100 * SECOND_NS)
    assert twin.digest() == simulation.digest()
    assert [one.report() for one in twin.agents[1:]] == [
        one.report() for one in simulation.agents[1:]
    ]
    assert simulation.clearings[0].open_cases == 0
    check(simulation)


def test_randomness_is_of_the_name():
    """A keeper without capital changes nothing for the others."""
    alone, joined = rivals(), [Keeper("poor", capital=0), *rivals()]
    first, second = scene(alone), scene(joined)
    for simulation in (first, second):
        simulation.run(until=100 * SECOND_NS)
    assert first.events.tobytes() == second.events.tobytes()
    assert [one.report() for one in alone] == [one.report() for one in joined[1:]]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Keeper("k", capital=-1), "capital"),
        (lambda: Keeper("k", capital=1, min_profit_bps=10_000), "min_profit_bps"),
        (lambda: Keeper("k", capital=1, offline=[(5, 5)]), "offline"),
        (lambda: Keeper("k", capital=1, offline=[(0, 5), (4, 6)]), "offline"),
        (lambda: Keeper("k", capital=1, to_venue=5), "to_venue"),
        (lambda: Keeper("k", capital=1, volatility=-1.0), "volatility"),
        (lambda: Keeper("k", capital=1, gas=-1), "amount"),
        (lambda: PassiveHolder("k", capital=1, discount=10**6), "discount"),
        (lambda: FlashKeeper("k", flash_fee=-1), "flash_fee"),
        (lambda: Sliced(0, 5), "slices"),
        (lambda: Sliced(5, 1), "over"),
    ],
)
def test_misuse_names_the_argument(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()


def test_a_tag_that_is_none_is_refused_by_name():
    keeper = Keeper("keeper", capital=10)
    simulation = selling(Shop(90), [], bots=[keeper])
    simulation.run(until=1)
    with pytest.raises(ValueError, match="tag"):
        keeper.take_offer(5, 1)
    with pytest.raises(ValueError, match="size"):
        keeper.bid_for(lob.LIQUIDATION_TAG + 1, 0, 5)
    assert np.count_nonzero(simulation.messages["kind"] == Kind.TAKE) == 0
