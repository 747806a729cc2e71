"""The population of recursive loopers against the formulas of loops, to the unit and the tick."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agents
import lob
from agents.leverage import RecursiveBorrowers
from lob.clearing import Clearing, Holding, Oracle, leverage
from lob.clearing.margin import LoanToValue, Tiers
from lob.clearing.oracle import BestBid, Fixed
from lob.clearing.prices import liquidation_price, looped_liquidation_price
from lob.liquidation import MarketSale
from lob.units import PPM, SECOND_NS
from tests.examples import examples

ENOUGH = 10**12


class Asks(agents.Agent):
    """Rows of (price, lots) to sell, and to buy, there from the start."""

    def __init__(self, asks, bids=(), instrument=0, name="asks"):
        super().__init__(name)
        self.asks, self.bids, self.instrument = list(asks), list(bids), instrument

    def on_start(self):
        for side, rows in ((lob.Side.SELL, self.asks), (lob.Side.BUY, self.bids)):
            for price, size in rows:
                self.submit(side, size, price, instrument=self.instrument)


def protocol(oracle, *, name="lender", ltv=750_000, threshold=800_000, instrument=0, **more):
    return Clearing(
        name,
        holdings=[Holding(oracle, LoanToValue(ltv, threshold), instrument=instrument)],
        liquidation_engine=MarketSale(),
        **more,
    )


def one_book(*agents_, oracle=None, **protocol_arguments):
    simulation = agents.Simulation(
        1, clearings=[protocol(oracle or Oracle(Fixed(1_000)), **protocol_arguments)]
    )
    for agent in agents_:
        simulation.add(agent)
    return simulation


def move(simulation, price):
    """The price of a fixed source is another one from now on."""
    simulation.clearings[0].observe_price(price)
    simulation.venue.refresh()


def has(simulation, recursive_borrowers, borrower=0):
    """The margin account of a looper's first seat."""
    account = recursive_borrowers.accounts_of(borrower)[0]
    return simulation.clearings[0].account(account)


@settings(max_examples=examples(30), deadline=None)
@given(
    deposit=st.integers(1, 10**7),
    ltv=st.integers(0, 750_000),
    loops=st.integers(0, 12),
    price=st.integers(1, 10**5),
)
def test_without_friction_the_loop_is_the_formula(deposit, ltv, loops, price):
    """Collateral and debt of ``leverage.loop``, and the failing tick of its liquidation price."""
    recursive_borrowers = RecursiveBorrowers(
        "loopers", [deposit], ltv=ltv, loops=loops, interval=SECOND_NS
    )
    simulation = one_book(Asks([(price, ENOUGH)]), recursive_borrowers, oracle=Oracle(Fixed(price)))
    simulation.run(until=20 * SECOND_NS)
    state = has(simulation, recursive_borrowers)
    wanted = leverage.loop(deposit, ltv, loops)
    assert state.positions["0"] == wanted.collateral
    assert -state.cash == wanted.debt * price
    # Every loan is rounded down to whole lots: at most one lot a loop below the closed form.
    exact = leverage.loop_leverage(ltv, loops) * deposit
    assert exact - (loops + 1) / (1 - Fraction(ltv, PPM)) < wanted.collateral <= exact
    assert wanted.collateral <= leverage.max_leverage(ltv) * deposit
    if wanted.debt:
        exact = liquidation_price(state.cash, state.positions["0"], Tiers.flat(PPM - 800_000))
        assert state.liquidation_price == (None if exact <= 1 else -(-exact // 1) - 1)
        assert exact == looped_liquidation_price(price, wanted.leverage, 800_000)
    simulation.venue.check()


def test_five_loops_through_a_book_cost_their_slippage():
    """100 lots at a book that rises a tick every 10 lots; worked by hand.

    A loop borrows 70 % of what the last one bought, valued at the mark of 1000, and spends it:
    70,000 buys 10 @ 1000 .. 10 @ 1005 and 9 @ 1006 (60,150 + 9,054 = 69,204; the tenth lot would
    cost 70,210). 69 lots: 48,300 buys 1 @ 1006, 10 @ 1007..1010 and 6 @ 1011 (47,412; a lot more
    is 48,423).
    """
    recursive_borrowers = RecursiveBorrowers(
        "loopers", [100], ltv=700_000, loops=2, slippage=50_000
    )
    simulation = one_book(Asks([(1_000 + i, 10) for i in range(60)]), recursive_borrowers)
    simulation.run(until=10 * SECOND_NS)
    state = has(simulation, recursive_borrowers)
    assert state.positions["0"] == 100 + 69 + 47
    assert -state.cash == 60_150 + 9_054 + 1_006 + 10 * (1_007 + 1_008 + 1_009 + 1_010) + 6 * 1_011
    exact = liquidation_price(state.cash, 216, Tiers.flat(PPM - 800_000))
    assert state.liquidation_price == -(-exact // 1) - 1
    # Slippage: the debt is above that of a frictionless loop of as many lots.
    assert -state.cash > (216 - 100) * 1_000
    assert recursive_borrowers.seats["loops"].tolist() == [2]
    assert recursive_borrowers.count() == {"building": 0, "holding": 1, "unwinding": 0, "out": 0}


def test_a_loop_waits_for_the_book_to_refill():
    """Within its limit there are only 10 lots; the rest comes when somebody offers it."""

    class Refill(Asks):
        def on_start(self):
            super().on_start()
            self.wake_in(3 * SECOND_NS // 2)

        def on_wake(self):
            self.submit(-1, 1_000, 1_000)

    recursive_borrowers = RecursiveBorrowers(
        "loopers", [100], ltv=700_000, loops=3, slippage=0, opens=1
    )
    simulation = one_book(Refill([(1_000, 10), (1_001, 500)]), recursive_borrowers)
    simulation.run(until=20 * SECOND_NS)
    # 10 lots, then 7 and 4 of what is offered later: each loan is on what the last one bought.
    assert has(simulation, recursive_borrowers).positions["0"] == 100 + 10 + 7 + 4


def test_patience_ends_a_loop_that_finds_nothing():
    recursive_borrowers = RecursiveBorrowers(
        "loopers", [100], ltv=700_000, loops=3, slippage=0, patience=2
    )
    simulation = one_book(Asks([(1_001, 500)]), recursive_borrowers)
    simulation.run(until=20 * SECOND_NS)
    assert has(simulation, recursive_borrowers).positions["0"] == 100
    assert recursive_borrowers.count()["holding"] == 1


def test_a_protocol_lends_no_more_than_its_own_limit():
    """A looper who wants 90 % of a protocol that lends 75 %: refused, and left with its deposit."""
    recursive_borrowers = RecursiveBorrowers("loopers", [1_000], ltv=900_000, loops=9)
    simulation = one_book(Asks([(1_000, ENOUGH)]), recursive_borrowers)
    simulation.run(until=20 * SECOND_NS)
    state = has(simulation, recursive_borrowers)
    assert -state.cash <= 0.75 * state.positions["0"] * 1_000
    rejected = simulation.events[simulation.events["kind"] == lob.EventKind.REJECTED]
    assert set(rejected["reason"]) == {lob.Reason.INSUFFICIENT_MARGIN}
    assert recursive_borrowers.count()["holding"] == 1


def test_a_target_stops_the_loops():
    recursive_borrowers = RecursiveBorrowers(
        "loopers", [1_000, 10], ltv=750_000, loops=50, target=2_500_000
    )
    simulation = one_book(Asks([(1_000, ENOUGH)]), recursive_borrowers)
    simulation.run(until=60 * SECOND_NS)
    for borrower, lots in ((0, 2_500), (1, 25)):
        state = has(simulation, recursive_borrowers, borrower)
        # The last loop buys just what is missing; loans that round down may stop a lot earlier.
        assert lots - 1 <= state.positions["0"] <= lots
        assert Fraction(state.positions["0"] * 1_000, state.equity) <= Fraction(5, 2)


def test_unwinding_sells_what_is_free_step_by_step():
    """Debt 700,000 against 1,700 lots at 1000, threshold 80 %: worked by hand.

    Free: 1,700 - ceil(700,000 / 800) = 825, more than the 700 that repay all: one step. At a health
    of 1.02 it is step by step, each the free part of what is left.
    """
    recursive_borrowers = RecursiveBorrowers("loopers", [1_000], ltv=700_000, loops=1)
    simulation = one_book(Asks([(1_000, ENOUGH)], [(999, ENOUGH)]), recursive_borrowers)
    simulation.run(until=5 * SECOND_NS)
    assert has(simulation, recursive_borrowers).cash == -700_000
    recursive_borrowers.unwind()
    simulation.run(until=20 * SECOND_NS)
    state = has(simulation, recursive_borrowers)
    # 700 lots at 999 leave 700 of debt, which one more lot repays.
    assert state.positions["0"] == 999
    assert state.cash == 299
    assert recursive_borrowers.count()["holding"] + recursive_borrowers.count()["out"] == 1
    simulation.venue.check()


def test_unwinding_near_the_limit_takes_many_steps():
    recursive_borrowers = RecursiveBorrowers(
        "loopers", [1_000], ltv=750_000, loops=10, unwind_below=1_020_000, interval=SECOND_NS
    )
    simulation = one_book(Asks([(1_000, ENOUGH)], [(940, ENOUGH)]), recursive_borrowers)
    simulation.run(until=30 * SECOND_NS)
    before = has(simulation, recursive_borrowers)
    clearing = simulation.clearings[0]
    # Health factor 1.0 + at 950: below the threshold of the looper, above the protocol's.
    price = next(
        p for p in range(1_000, 1, -1)
        if before.positions["0"] * p * 800_000 < -before.cash * 1_020_000
    )  # fmt: skip
    move(simulation, price)
    assert clearing.case_count == 0
    simulation.run(until=31 * SECOND_NS)
    steps = []
    while recursive_borrowers.count()["unwinding"]:
        steps.append(has(simulation, recursive_borrowers).positions["0"])
        simulation.run(until=simulation.now + SECOND_NS)
    first = before.positions["0"]
    free = first + (before.cash * PPM // (price * 800_000))
    assert 0 < free < first // 40
    assert steps[0] == first - free
    assert len(set(steps)) > 5
    assert has(simulation, recursive_borrowers).cash >= 0
    assert clearing.case_count == 0
    simulation.venue.check()


def test_flash_unwinds_at_once_and_partly_to_a_leverage():
    for to in (PPM, 2 * PPM):
        recursive_borrowers = RecursiveBorrowers(
            "loopers", [1_000], ltv=750_000, loops=8, flash=True, unwind_to=to, slippage=0
        )
        simulation = one_book(Asks([(1_000, ENOUGH)], [(999, ENOUGH)]), recursive_borrowers)
        simulation.run(until=30 * SECOND_NS)
        move(simulation, 999)
        before = has(simulation, recursive_borrowers)
        recursive_borrowers.unwind()
        simulation.run(until=simulation.now + SECOND_NS // 2)
        after = has(simulation, recursive_borrowers)
        wanted = before.equity * to // PPM // 999
        assert after.positions["0"] == wanted
        assert after.equity == before.equity


def test_loopers_are_liquidated_when_the_mark_reaches_their_tick():
    recursive_borrowers = RecursiveBorrowers("loopers", [1_000] * 3, ltv=700_000, loops=4)
    simulation = one_book(Asks([(1_000, ENOUGH)], [(700, ENOUGH)]), recursive_borrowers)
    simulation.run(until=20 * SECOND_NS)
    tick = has(simulation, recursive_borrowers).liquidation_price
    clearing = simulation.clearings[0]
    move(simulation, tick + 1)
    simulation.run(until=21 * SECOND_NS)
    assert clearing.case_count == 0
    move(simulation, tick)
    simulation.run(until=22 * SECOND_NS)
    assert clearing.case_count == 3
    simulation.run(until=25 * SECOND_NS)
    assert recursive_borrowers.count()["out"] == 3
    simulation.venue.check()


def several(**arguments):
    clearings = [
        protocol(Oracle(BestBid()), name=name, ltv=ltv, threshold=ltv + 50_000)
        for name, ltv in (("a", 800_000), ("b", 750_000), ("c", 700_000))
    ]
    simulation = agents.Simulation(3, clearings=clearings)
    simulation.add(
        Asks([(1_001 + i, 500) for i in range(90)], [(1_000 - i, 100) for i in range(400)])
    )
    recursive_borrowers = simulation.add(
        RecursiveBorrowers(
            "loopers", [100, 50, 75, 20, 30], places=[(0, 0), (1, 0), (2, 0)], ltv=690_000, loops=5,
            slippage=50_000, **arguments,
        )
    )  # fmt: skip
    return simulation, recursive_borrowers


def test_loopers_spread_over_protocols_or_are_in_all():
    simulation, recursive_borrowers = several()
    simulation.run(until=20 * SECOND_NS)
    assert recursive_borrowers.seats["place"].tolist() == [0, 0, 1, 1, 2]
    assert [len(recursive_borrowers.accounts_of(i)) for i in range(5)] == [1] * 5
    assert set(recursive_borrowers.seats["loops"]) == {5}
    for number, clearing in enumerate(simulation.clearings):
        assert clearing.account_ranges == [
            (recursive_borrowers.first_accounts[number], [2, 2, 1][number])
        ]
    simulation.venue.check()
    simulation, recursive_borrowers = several(everywhere=True)
    simulation.run(until=20 * SECOND_NS)
    assert recursive_borrowers.members == 15
    for borrower, deposit in enumerate([100, 50, 75, 20, 30]):
        accounts = recursive_borrowers.accounts_of(borrower)
        assert len(accounts) == 3
        for clearing, account in zip(simulation.clearings, accounts, strict=True):
            state = clearing.account(account)
            assert state.owner == recursive_borrowers.owner + 5 * clearing.number + borrower
            assert deposit < state.positions["0"] < deposit * leverage.max_leverage(690_000)
    simulation.venue.check()


def test_a_fork_goes_on_to_the_same_tapes():
    simulation, recursive_borrowers = several(
        everywhere=True, unwind_below=1_100_000, reaction=SECOND_NS
    )
    simulation.run(until=3 * SECOND_NS)
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=8 * SECOND_NS)
        crash = np.zeros(1, lob.MESSAGE)
        crash[["ts_event", "kind", "side", "order_type", "time_in_force", "size", "order_id"]] = (
            8 * SECOND_NS, lob.Kind.NEW, -1, lob.OrderType.MARKET, lob.TimeInForce.IOC, 15_000, 7,
        )  # fmt: skip
        one.venue.process(crash)
        one.run(until=30 * SECOND_NS)
    assert simulation.digest() == twin.digest()
    assert sum(one.case_count for one in simulation.clearings) > 0
    assert (recursive_borrowers.seats == twin["loopers"].seats).all()
    twin.venue.check()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"deposits": [0]}, "deposits"),
        ({"deposits": [1.5]}, "deposits"),
        ({"deposits": []}, "deposits"),
        ({"ltv": 1_000_001}, "ltv"),
        ({"loops": -1}, "loops"),
        ({"places": []}, "places"),
        ({"places": [(0, 0), (0, 0)]}, "places"),
        ({"places": [(0, 0), (1, 0)]}, "deposits"),
        ({"interval": 0}, "interval"),
        ({"patience": 0}, "patience"),
        ({"unwind_to": 999_999}, "unwind_to"),
    ],
)
def test_misuse_names_the_argument(arguments, match):
    with pytest.raises((TypeError, ValueError), match=match):
        RecursiveBorrowers("x", **{"deposits": [1], "ltv": 500_000, "loops": 1, **arguments})


@pytest.mark.parametrize(("place", "match"), [((1, 0), "clearing"), ((0, 1), "holding")])
def test_a_place_must_be_there(place, match):
    simulation = one_book(RecursiveBorrowers("x", [1], places=[place], ltv=0, loops=1))
    with pytest.raises(agents.AgentError, match=match):
        simulation.run(until=1)
