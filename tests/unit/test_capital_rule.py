"""One rule for what takers may hold for their capital: vaults, keepers and bidders."""

import pytest

from agents import keepers as bots
from experiments.contest.capital import equalised
from experiments.contest.designs import ContestDesign
from experiments.scenario.build import build
from experiments.scenario.read import read_scenario
from lob.liquidation.capital_rule import CapitalRule
from lob.units import SECOND_NS
from tests.offering import English, Shop, bids, selling


def test_room_and_credit():
    full, fifth = CapitalRule(), CapitalRule(200_000)
    # 1,000 of cash and lots of 500: in full there is room for the cash, which is 1,000.
    assert full.room(1_500, 500) == 1_000
    assert full.credit(1_000) == 0
    assert fifth.room(1_500, 500) == 5 * 1_500 - 500
    assert fifth.credit(1_000) == 4_000
    assert fifth.room(-1, 0) == 0
    assert fifth.room(100, 501) == 0
    with pytest.raises(ValueError, match="margin must be"):
        CapitalRule(0)


@pytest.mark.parametrize(("margin", "taken"), [(1_000_000, 10), (200_000, 50), (100_000, 100)])
def test_a_keeper_takes_what_its_margin_allows(margin, taken):
    # At 90 with 900 of its own: ten lots paid in full, fifty at a fifth (the mark is 100, so that
    # what it takes at 90 is no loss). It holds what it takes.
    keeper = bots.Keeper("keeper", capital=900, margin=margin, inventory_exit=bots.Hold())
    simulation = selling(Shop(90), bids(100, 1, 1_000), lots=[200], bots=[keeper])
    simulation.run(until=SECOND_NS // 2)
    report = keeper.report()
    assert report.taken == taken
    assert report.borrowed == 900 * 1_000_000 // margin - 900
    assert report.gain == 10 * taken
    ledger = simulation.ledger
    assert ledger.conserves()
    if report.borrowed:
        assert ledger.balance(ledger.account("keepers' lenders"), 0) == -report.borrowed


def test_losses_are_counted_and_end_what_lenders_allow():
    keeper = bots.Keeper("keeper", capital=900, margin=200_000, inventory_exit=bots.Hold())
    simulation = selling(Shop(90), bids(200, 1, 1_000), lots=[20, 500], mark=70, bots=[keeper])
    simulation.run(until=20 * SECOND_NS)
    # It believes in the book at 200, but its lenders in the mark of 70: it is worth less than
    # nothing after the first take, and takes no more.
    report = keeper.report()
    assert report.gain == -20 * report.taken < 0
    assert keeper.room() < 90
    assert report.taken < 520


def test_a_bid_that_stands_is_no_loss():
    keeper = bots.AuctionKeeper(
        "keeper", capital=200, margin=500_000, rule=bots.Ascending(opening=30)
    )
    simulation = selling(English(), bids(100, 1, 1_000), lots=[10], bots=[keeper])
    simulation.run(until=SECOND_NS)
    assert keeper.bids_sent == 1
    assert keeper.report().gain == 0
    assert simulation.ledger.conserves()


def test_designs_of_a_contest_meet_one_rule():
    for margin in (1_000_000, 250_000):
        scenario = read_scenario("deleveraging-spiral", {"taker_margin": margin})
        _, parameters = equalised(scenario, ContestDesign("backstop", "backstop", {}))
        assert parameters["margin"] == margin
        given = ContestDesign("mine", "backstop", {"margin": 50_000})
        assert equalised(scenario, given)[1]["margin"] == 50_000
        simulation = build(scenario, 1)
        keepers = [one for one in simulation.agents if isinstance(one, bots.Bot)]
        assert {one.capital_rule.margin for one in keepers} == {margin}
