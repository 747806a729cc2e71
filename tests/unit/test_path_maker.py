"""Makers around recorded prices, and bars that are read as prices."""

from decimal import Decimal

import pytest

import agents
import lob
from agents.traders import TWAP, Executor, PathMaker
from lob.feeds import FeedError
from lob.feeds.prices import read_prices
from lob.units import SECOND_NS

BARS = "Date,High,Low,Open,Close,Volume\n2024-08-08,12,9,10,11,5\n2024-08-09,11,8,11,9,5\n"
DAY = 86_400 * SECOND_NS


def market(sale=0, **options):
    simulation = agents.Simulation(
        1, instruments=[lob.Instrument("A"), lob.Instrument("B", number=1)]
    )
    given = {"times": [0, 5 * SECOND_NS], "prices": [100, 90], "depth": 7, "levels": 4}
    simulation.add(PathMaker("maker", instrument=1, **{**given, **options}))
    if sale:
        simulation.add(
            Executor(
                "seller", side=lob.Side.SELL, size=sale, schedule=TWAP(1, 1),
                start_in=SECOND_NS + 1, instrument=1,
            )
        )  # fmt: skip
    return simulation


def levels(simulation):
    book = simulation.venue.books[1]
    return [
        [(int(one["price"]), int(one["size"])) for one in side]
        for side in (book.bids(), book.asks())
    ]


def test_the_ladder_stands_around_the_price_and_moves_with_it():
    simulation = market()
    simulation.run(until=1)
    assert levels(simulation) == [
        [(99, 7), (98, 7), (97, 7), (96, 7)],
        [(101, 7), (102, 7), (103, 7), (104, 7)],
    ]
    before = len(simulation.messages)
    simulation.run(until=4 * SECOND_NS)
    assert len(simulation.messages) == before, "nothing is sent where nothing changes"
    simulation.run(until=5 * SECOND_NS)
    assert levels(simulation)[0][0] == (89, 7)
    assert levels(simulation)[1][0] == (91, 7)
    simulation.venue.check()


def test_what_is_sold_into_it_is_back_at_its_next_look():
    simulation = market(sale=10, interval=2 * SECOND_NS)
    simulation.run(until=SECOND_NS + 2)
    assert levels(simulation)[0] == [(98, 4), (97, 7), (96, 7)]
    simulation.run(until=2 * SECOND_NS)
    assert levels(simulation)[0] == [(99, 7), (98, 7), (97, 7), (96, 7)]


def test_an_odd_spread_and_the_floor():
    simulation = market(times=[0], prices=[3], spread=3)
    simulation.run(until=1)
    assert levels(simulation) == [[(2, 7), (1, 7)], [(5, 7), (6, 7), (7, 7), (8, 7)]]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"times": [0]}, "as many"),
        ({"times": [5, 5]}, "rise"),
        ({"prices": [0, 1]}, "prices"),
        ({"depth": 0}, "depth"),
        ({"levels": 0}, "levels"),
        ({"spread": 0}, "spread"),
        ({"interval": 0}, "interval"),
    ],
)
def test_misuse_is_refused(options, match):
    with pytest.raises((TypeError, ValueError), match=match):
        market(**options)


def test_a_bar_is_four_prices_the_nearer_of_high_and_low_first(tmp_path):
    path = tmp_path / "btc.csv"
    path.write_text(BARS)
    series = read_prices(path)
    assert series.symbol == "btc"
    assert series.prices == tuple(map(Decimal, (10, 9, 12, 11, 11, 11, 8, 9)))
    assert (series.times - series.times[0]).tolist() == [i * DAY // 4 for i in range(8)]
    assert series.times[0] == 1_723_075_200 * SECOND_NS


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
def test_times_of_bars_are_numbers_of_any_unit(tmp_path, scale):
    path = tmp_path / "bars.csv"
    start = 1_723_075_200 * scale
    path.write_text(
        f"open_time,open,high,low,close\n{start},1,1,1,1\n{start + 60 * scale},1,2,1,2\n"
    )
    series = read_prices(path)
    assert series.times[0] == 1_723_075_200 * SECOND_NS
    assert series.times[4] - series.times[0] == 60 * SECOND_NS


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("2024-08-08", "yesterday"), "line 2: the time must be a number"),
        (("2024-08-09", "2024-08-08"), "line 3: the time must rise"),
        (("12,9,10,11", "12,9,10"), "line 2: 6 values are expected, got 5"),
        (("12,9,10,11", "12,9,10,13"), "line 2: open and close must be from low to high"),
        (("12,9,10,11", "12,9,x,11"), "line 2: open must be a price"),
        (("2024-08-08,12,9,10,11,5\n2024-08-09,11,8,11,9,5\n", ""), "there is no bar in it"),
    ],
)
def test_what_is_wrong_with_bars_is_told_with_its_line(tmp_path, change, told):
    path = tmp_path / "bars.csv"
    path.write_text(BARS.replace(*change))
    with pytest.raises(FeedError, match=told):
        read_prices(path)
