"""Keepers that wait with what they took, as long as they are solvent."""

import pytest

import agents
import lob
from agents import Constant
from agents.keepers import Keeper, WhileSolvent
from lob import Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import External
from lob.units import SECOND_NS
from tests.offering import DEBTOR, Book, Shop, bids, cash_of, lots_of, selling
from tests.unit.test_keepers import sales


def waiting(**arguments):
    """It hears of what it took only once the book has lost its bids."""
    return Keeper(
        "keeper", capital=900, inventory_exit=WhileSolvent(100_000), review=1,
        from_venue=Constant(SECOND_NS), **arguments,
    )  # fmt: skip


def test_lots_wait_for_what_is_wanted_of_them():
    # It takes 9 at 90 as the book pays 100, and sells where the book is good enough again, as far
    # as it is: a hundredth is wanted, so 90 does not do, 90.9 does.
    keeper = waiting(min_profit_bps=100)
    later = [
        (1, Side.SELL, 100, 10),
        (5 * SECOND_NS, Side.BUY, 90, 10),
        (6 * SECOND_NS, Side.BUY, 91, 4),
        (7 * SECOND_NS, Side.BUY, 95, 10),
    ]
    simulation = selling(Shop(90), bids(100, 1, 10), bots=[keeper], later=later)
    simulation.run(until=20 * SECOND_NS)
    found = [(ts, price, size) for ts, price, size, _ in sales(simulation, keeper)]
    assert found == [(6.0, 91, 4), (7.0, 95, 6)]
    assert lots_of(simulation, keeper) == 0
    assert keeper.report().gain == cash_of(simulation, keeper) - 900 > 0
    assert simulation.ledger.conserves()


@pytest.mark.parametrize(("margin", "sold"), [(1_000_000, None), (200_000, 4.0)])
def test_an_insolvent_keeper_sells_at_once(margin, sold):
    # The mark is 100, from 4 s on 75. Paid in full it is solvent whatever the mark is; with four
    # fifths lent it has lost more than its capital then.
    source = External([0, 4 * SECOND_NS], [100, 75])
    clearing = Clearing(
        holdings=[Holding(Oracle(source), FlatMargin(200_000, 100_000))],
        liquidation_engine=Shop(95),
        insurance_fund=1_000_000,
    )
    keeper = waiting(margin=margin, holding_time=0)
    simulation = agents.Simulation(1, instruments=[lob.Instrument("X")], clearings=[clearing])
    clearing.open(DEBTOR, [-4_000], [40])
    later = [(1, Side.SELL, 100, 40), (2 * SECOND_NS, Side.BUY, 70, 90)]
    simulation.add(Book([(Side.BUY, 100, 40)], later=later))
    simulation.add(keeper)
    simulation.venue.refresh()
    simulation.run(until=20 * SECOND_NS)
    assert keeper.report().taken > 0
    found = sales(simulation, keeper)
    if sold is None:
        assert not found
        assert lots_of(simulation, keeper) == keeper.report().taken
    else:
        assert {(ts, price) for ts, price, _, _ in found} == {(sold, 70)}
        assert lots_of(simulation, keeper) == 0
        assert keeper.report().gain < -900
    assert simulation.ledger.conserves()


def test_the_margin_is_a_share():
    with pytest.raises(ValueError, match="margin must be"):
        WhileSolvent(0)
