"""Who is served first of those that fail at one update: whoever is worst, and nobody by number."""

from collections import Counter

import numpy as np
import pytest

import lob
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, PortfolioMargin
from lob.clearing.oracle import Fixed
from lob.liquidation import MarketSale
from tests.venues import FIRST_OWNER, order


def margined(cross=False, portfolio=None):
    """A venue of two books; accounts of ``FIRST_OWNER`` on are sold by market order."""
    clearing = Clearing(
        holdings=[
            Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000), instrument=i)
            for i in range(2 if cross else 1)
        ],
        liquidation_engine=MarketSale(),
        portfolio=portfolio,
    )
    return lob.Venue(2, clearings=[clearing]), clearing


def opened(clearing, owner, lots, margin, cross):
    """An account with lots that were bought at 100, and a margin."""
    if cross:
        entry = np.full((2, 1), 100)
        return clearing.open(
            owner, [margin], np.array([[lots], [0]]), entry_prices=entry, cross=True
        )
    return clearing.open(owner, [margin], [lots], entry_prices=[100])


def order_of_failing(kinds, order_of, cross=False, portfolio=None, price=92):
    """Owners in the order of their cases, whatever the order in which they were opened."""
    venue, clearing = margined(cross, portfolio)
    for place in order_of:
        opened(clearing, FIRST_OWNER + int(place), *kinds[place], cross)
    venue.refresh()
    clearing.observe_price(price)
    venue.check()
    return [clearing.account_owner(int(case)) - FIRST_OWNER for case in clearing.cases["account"]]


MODES = {
    "isolated": {},
    "cross": {"cross": True},
    "portfolio": {"cross": True, "portfolio": PortfolioMargin([[-50_000, 0], [50_000, 0]])},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("side", [1, -1])
def test_numbers_do_not_decide_who_is_served_first(mode, side):
    """Twenty alike: they were served by number."""
    kinds = [(side * 10, 100)] * 20
    rng = np.random.default_rng(1)
    found = [
        order_of_failing(kinds, rng.permutation(20), price=100 - 8 * side, **MODES[mode])
        for _ in range(5)
    ]
    assert sorted(found[0]) == list(range(20))
    assert found.count(found[0]) == 5
    assert found[0] not in (sorted(found[0]), sorted(found[0], reverse=True))


def test_equal_accounts_take_turns():
    """Ten accounts that fail together at many times: each is first about as often."""
    first = Counter()
    for batch in range(400):
        venue, clearing = margined()
        venue.advance(batch)
        for i in range(10):
            opened(clearing, FIRST_OWNER + i, 10, 100, False)
        venue.refresh()
        clearing.observe_price(92)
        first[int(clearing.cases["account"][0])] += 1
    # 40 each; the standard deviation is 6, and 5 of them are allowed.
    assert len(first) == 10
    assert all(10 <= count <= 70 for count in first.values())


def test_isolated_accounts_are_served_in_the_order_of_their_liquidation_prices():
    kinds = [(10, 70), (10, 110), (10, 90), (10, 110), (10, 70)]
    for places in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0]):
        found = order_of_failing(kinds, places)
        assert [kinds[place][1] for place in found] == [70, 70, 90, 110, 110]


@pytest.mark.parametrize("mode", ["cross", "portfolio"])
def test_cross_accounts_are_served_worst_first(mode):
    """The lack of margin at 92: 10 x 8 + 5 % of 920 less the margin, and twice that."""
    kinds = [(10, 120), (10, 60), (20, 200), (10, 90), (10, 60)]
    for places in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 3, 1, 4]):
        found = order_of_failing(kinds, places, **MODES[mode])
        assert found[2:] == [2, 3, 0]
        assert sorted(found[:2]) == [1, 4]


def test_many_blocks_are_served_as_one():
    """3,000 cross accounts in three blocks: the worst is in the last of them."""
    venue, clearing = margined(cross=True)
    margins = np.full(3_000, 120)
    margins[[2_999, 1_500, 7]] = 60, 70, 80
    lots = np.zeros((2, 3_000), np.int64)
    lots[0] = 10
    clearing.open(FIRST_OWNER, margins, lots, entry_prices=np.full((2, 3_000), 100), cross=True)
    venue.refresh()
    clearing.observe_price(92)
    found = [clearing.account_owner(int(case)) - FIRST_OWNER for case in clearing.cases["account"]]
    assert found[:3] == [2_999, 1_500, 7]
    assert len(found) == 3_000
    assert clearing.count_failing() == 3_000
    venue.check()


def test_a_copy_and_a_replay_serve_alike():
    venue, clearing = margined()
    for i in range(50):
        opened(clearing, FIRST_OWNER + i, 10, 100, False)
    venue.refresh()
    venue.process(order(1, 1, 95, 10_000))
    twin = venue.copy()
    for one in (venue, twin):
        one.clearings[0].observe_price(92)
        one.advance(5)
    assert venue.digest() == twin.digest()
    assert clearing.cases.tobytes() == twin.clearings[0].cases.tobytes()
