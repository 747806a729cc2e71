"""A trader who drives a book to a series of prices."""

import pytest

import agents
from agents.traders import PriceFollower
from lob.units import SECOND_NS


class Book(agents.Agent):
    """Ten lots at every tick around a price, once."""

    def on_start(self):
        for i in range(50):
            self.buy(10, 1_000 - i)
            self.sell(10, 1_001 + i)


def test_the_book_is_driven_to_each_price_as_fast_as_its_lots_allow():
    simulation = agents.Simulation(1)
    simulation.add(Book("book"))
    simulation.add(
        PriceFollower(
            "follower",
            times=[SECOND_NS, 5 * SECOND_NS],
            prices=[990, 1_010],
            most=60,
            interval=SECOND_NS,
        )
    )
    simulation.run(until=SECOND_NS)
    # 60 of the 110 lots bid at 990 and above, from the top.
    assert simulation.books[0].best_bid == 994
    simulation.run(until=2 * SECOND_NS)
    # The bid at the price itself is no longer above it.
    assert simulation.books[0].best_bid in (989, 990)
    simulation.run(until=4 * SECOND_NS)
    assert simulation.books[0].best_bid in (989, 990)
    simulation.run(until=9 * SECOND_NS)
    assert simulation.books[0].best_ask in (1_010, 1_011)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"times": [], "prices": []}, "times"),
        ({"times": [1], "prices": [1, 2]}, "times"),
        ({"times": [2, 2], "prices": [1, 2]}, "rise"),
        ({"times": [1], "prices": [0]}, "prices"),
        ({"times": [1], "prices": [1], "most": 0}, "most"),
    ],
)
def test_misuse_names_the_argument(arguments, match):
    with pytest.raises(ValueError, match=match):
        PriceFollower("x", **arguments)
