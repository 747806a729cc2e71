"""The criteria of the contest, on journals made by hand and on small markets."""

import numpy as np
import pytest

from agents import leverage
from agents.random import numpy_stream
from experiments.metrics.cases import HoldingMetadata, PriceSeries, cases_of
from experiments.metrics.closed_account import PARTIES, gain_of
from experiments.metrics.criteria import CRITERIA, criteria_of, criterion
from experiments.metrics.takers import (
    adl_overshoot,
    draw_of_funds,
    leftovers,
    takers_of,
)
from experiments.runs.judged import marks_followed
from experiments.runs.run import run_scenario
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.scenario.designs import contest_designs
from experiments.scenario.read import read_scenario
from lob import EntryKind
from tests.journals import (
    BORROWER,
    CASH,
    END,
    FIRST,
    FUND,
    KEEPER,
    LOTS,
    OPPOSITE,
    SECOND,
    SHORTFALL,
    TERMS,
    VENUE,
    failure,
    flat,
    journal,
    opening,
    over,
    trade,
)
from tests.small_scenarios import SPIRAL, TWO_ASSETS

# A long of 10 lots bought at 100 with a margin of 150 fails at 88, when 90 is fair: 6 lots are sold
# at 85, a keeper takes 2 at 84 and sells 1 of them at 83, 2 are closed against a short at 86.
WHOLE = journal(
    *opening(FUND, 50, 0),
    *opening(BORROWER, -850, 10),
    *opening(KEEPER, 1_000, 0),
    *opening(OPPOSITE, 1_000, -4),
    (EntryKind.MARK, 10, {"asset": LOTS, "price": 88}),
    failure(BORROWER, 10, FIRST, 10),
    *trade(EntryKind.TRADE, 20, BORROWER, 0, 6, 85, FIRST),
    (EntryKind.FEE, 20, BORROWER, VENUE, CASH, 3, FIRST),
    *trade(EntryKind.TAKEOVER, 30, BORROWER, KEEPER, 2, 84, FIRST),
    (EntryKind.REWARD, 30, BORROWER, KEEPER, CASH, 5, FIRST),
    *trade(EntryKind.TRADE, 35, KEEPER, 0, 1, 83, FIRST),
    *trade(EntryKind.ADL, 40, BORROWER, OPPOSITE, 2, 86, FIRST),
    (EntryKind.REWARD, 40, BORROWER, FUND, CASH, 4, FIRST),
    (EntryKind.BAD_DEBT, 40, {"debit": BORROWER, "tag": FIRST, "amount": 12}),
    (EntryKind.INSURANCE, 40, FUND, BORROWER, CASH, 7, FIRST),
    (EntryKind.SOCIALISED, 40, SHORTFALL, BORROWER, CASH, 5, FIRST),
    over(BORROWER, 40, FIRST),
)


def test_every_unit_of_a_failure_is_told_apart():
    cases = cases_of(WHOLE, TERMS, flat(90), {0: 80.0}, END)
    assert cases.equity.tolist() == [-850 + 900]
    assert cases.left.tolist() == [0]
    assert cases.slippage.tolist() == [6 * (90 - 85)]
    assert cases.bonus.tolist() == [2 * (90 - 84) + 5]
    assert cases.deleveraged.tolist() == [2 * (90 - 86)]
    assert cases.fee.tolist() == [3]
    assert cases.penalty.tolist() == [4]
    assert cases.other.tolist() == [0]
    assert cases.covered.tolist() == [12]
    assert cases.lots.tolist() == [10]
    assert cases.worth.tolist() == [900]
    assert cases.received.tolist() == [510 + 168 + 172]
    assert cases.closed.tolist() == [40]


def test_the_scorecard_of_it():
    found = criteria_of(WHOLE, TERMS, fair=flat(90), closing={0: 80.0}, end_ns=END, horizon_ns=END)
    assert found["bad_debt"] == 12
    assert found["borrower_loss"] == 50
    assert found["recovery"] == pytest.approx(1 - (30 + 17 + 8 + 3 + 4) / 900)
    assert found["cost"] == pytest.approx((17 + 3 + 4) / 900)
    assert found["insurance_draw"] == 7 - 4
    assert found["socialised"] == 5
    assert found["time_unsafe"] == pytest.approx(30e-9)
    assert found["unsold"] == 1, "the keeper's lot"
    assert found["adl_overshoot"] == 172 - 176 - 4
    assert found["adl_overshoot_fair"] == 172 - 180
    assert found["liquidations"] == 1
    assert found["liquidated"] == 10
    assert found["concentration"] == 0, "there is but one"
    names = {one.name for one in CRITERIA}
    account = {"harm", *map(gain_of, PARTIES)}
    assert names == {*found, *account, "drop", "permanent_impact", "exhausted"}
    assert found["disposed"] == 0.9, "but for the keeper's lot"


def test_a_keeper_is_judged_with_what_it_still_holds():
    found = takers_of(WHOLE, TERMS, {0: 80.0})
    assert found.accounts == (KEEPER,)
    assert found.profit == -168 + 5 + 83 + 80
    assert found.peak_capital == 168
    assert found.lots == 1
    assert leftovers(WHOLE, TERMS) == {0: 1}


def test_nobody_took_anything():
    sold = journal(*opening(BORROWER, -850, 10), failure(BORROWER, 10, FIRST, 10))
    assert takers_of(sold, TERMS, {0: 80.0}) == ((), 0, 0, {})


@pytest.mark.parametrize(
    ("reference", "taken", "covered"),
    [(95, 172 - 190, 0), (88, 172 - 176, 4), (86, 0, 8), (70, 172 - 140, 40)],
)
def test_deleveraging_beyond_the_hole_it_fills(reference, taken, covered):
    """The account has -180 and 2 lots by then: a hole below 90."""
    assert adl_overshoot(WHOLE, TERMS, flat(reference)) == taken - covered


def test_deleveraging_at_more_than_the_position_is_worth_is_overshoot():
    """A long with 20 left is closed at the mark of 88 although 78 is its bankruptcy price."""
    tape = journal(
        *opening(BORROWER, -780, 10),
        *opening(OPPOSITE, 2_000, -10),
        failure(BORROWER, 10, FIRST, 10),
        *trade(EntryKind.ADL, 10, BORROWER, OPPOSITE, 10, 95, FIRST),
        over(BORROWER, 10, FIRST, left=170),
    )
    assert adl_overshoot(tape, TERMS, flat(88)) == 10 * (95 - 88)


def test_the_marks_of_an_instrument_are_those_of_the_first_clearing_that_has_it():
    tape = journal(
        (EntryKind.MARK, 5, {"instrument": 0, "price": 70}),
        (EntryKind.MARK, 6, {"instrument": 1, "price": 90, "clearing": 2}),
        (EntryKind.MARK, 7, {"instrument": 1, "price": 91, "clearing": 1}),
        (EntryKind.MARK, 8, {"instrument": 1, "price": 92, "clearing": 1}),
        # A claim that is priced in the ticks of the book: not its mark.
        (EntryKind.MARK, 9, {"instrument": 1, "price": 10, "clearing": 1, "asset": 7}),
    )
    assert marks_followed(tape, 1, 0).times.tolist() == [7, 8]
    assert marks_followed(tape, 1, 0).prices.tolist() == [91, 92]
    assert marks_followed(tape, 0, 0).prices.tolist() == [70]
    assert len(marks_followed(tape, 2, 0).times) == 0


def test_the_mark_of_deleveraging_is_that_of_the_moment_and_of_the_clearing():
    """Marks of 92, 88 and 70 at the same time, and of another clearing: 88 counts."""
    tape = journal(
        *opening(BORROWER, -780, 10),
        *opening(OPPOSITE, 2_000, -10),
        (EntryKind.MARK, 10, {"asset": LOTS, "price": 92}),
        (EntryKind.MARK, 10, {"asset": LOTS, "price": 88}),
        (EntryKind.MARK, 10, {"asset": LOTS, "price": 50, "clearing": 1}),
        failure(BORROWER, 10, FIRST, 10),
        *trade(EntryKind.ADL, 10, BORROWER, OPPOSITE, 10, 95, FIRST),
        (EntryKind.MARK, 10, {"asset": LOTS, "price": 70}),
        over(BORROWER, 10, FIRST, left=170),
    )
    assert adl_overshoot(tape, TERMS) == 10 * (95 - 88)


def test_what_is_left_at_the_end_is_closed_and_its_debt_counted():
    """5 of 10 lots are unsold: closed at 80 they leave a debt of 850 - 425 - 400."""
    tape = journal(
        *opening(BORROWER, -850, 10),
        failure(BORROWER, 10, FIRST, 10),
        *trade(EntryKind.TRADE, 20, BORROWER, 0, 5, 85, FIRST),
    )
    cases = cases_of(tape, TERMS, flat(90), {0: 80.0}, END)
    assert cases.left.tolist() == [0]
    assert cases.covered.tolist() == [25]
    assert cases.slippage.tolist() == [5 * 5 + 5 * 10]
    assert cases.unsold.tolist() == [[5]]
    assert cases.closed.tolist() == [END]
    assert cases.worth.tolist() == [900]
    assert cases.received.tolist() == [425 + 400]
    assert leftovers(tape, TERMS) == {0: 5}


def test_two_failures_of_one_account_are_two_cases():
    """Released with 4 lots after selling 6, it fails again: each case has its own before."""
    tape = journal(
        *opening(BORROWER, -850, 10),
        failure(BORROWER, 10, FIRST, 10),
        *trade(EntryKind.TRADE, 10, BORROWER, 0, 6, 90, FIRST),
        over(BORROWER, 10, FIRST, left=-310, lots=4),
        failure(BORROWER, 50, SECOND, 4),
        *trade(EntryKind.TRADE, 50, BORROWER, 0, 4, 80, SECOND),
        over(BORROWER, 50, SECOND, left=10),
    )
    fair = {0: PriceSeries(np.array([0, 40]), np.array([90.0, 82.0]))}
    cases = cases_of(tape, TERMS, fair, {0: 80.0}, END)
    assert cases.equity.tolist() == [50, -310 + 4 * 82]
    assert cases.left.tolist() == [-310 + 4 * 90, 10]
    assert cases.slippage.tolist() == [0, 8]
    assert cases.loss.tolist() == [0, 8]


def test_a_short_is_bought_back_and_counts_the_other_way_round():
    """A short of 10 sold at 100 with 150 of margin is bought back at 120 when 112 is fair."""
    tape = journal(
        *opening(BORROWER, 1_150, -10),
        failure(BORROWER, 10, FIRST, -10),
        *trade(EntryKind.TRADE, 10, 0, BORROWER, 10, 120, FIRST),
        (EntryKind.BAD_DEBT, 10, {"debit": BORROWER, "tag": FIRST, "amount": 50}),
        (EntryKind.INSURANCE, 10, FUND, BORROWER, CASH, 50, FIRST),
        over(BORROWER, 10, FIRST),
    )
    found = criteria_of(
        tape, TERMS, fair=flat(112), closing={0: 112.0}, end_ns=END,
        horizon_ns=END,
    )  # fmt: skip
    assert found["slippage"] == 80
    assert found["borrower_loss"] == 1_150 - 1_120
    assert found["recovery"] == pytest.approx(1_120 / 1_200)
    assert found["bad_debt"] == 50


def test_a_fund_that_takes_positions_is_judged_with_them():
    tape = journal(
        *opening(FUND, 1_000, 0),
        *opening(BORROWER, -850, 10),
        failure(BORROWER, 10, FIRST, 10),
        *trade(EntryKind.TAKEOVER, 10, BORROWER, FUND, 10, 85, FIRST),
        *trade(EntryKind.TRADE, 20, FUND, 0, 7, 80, FIRST),
        over(BORROWER, 10, FIRST),
    )
    assert draw_of_funds(tape, TERMS, {0: 70.0}) == 850 - 560 - 210
    assert takers_of(tape, TERMS, {0: 70.0}).accounts == ()


def test_what_is_left_and_kept_by_the_fund_is_a_penalty():
    tape = journal(
        *opening(BORROWER, -850, 10),
        failure(BORROWER, 10, FIRST, 10),
        *trade(EntryKind.TRADE, 10, BORROWER, 0, 10, 89, FIRST),
        (EntryKind.INSURANCE, 10, BORROWER, FUND, CASH, 40, FIRST),
        over(BORROWER, 10, FIRST),
    )
    cases = cases_of(tape, TERMS, flat(90), {0: 80.0}, END)
    assert cases.penalty.tolist() == [40]
    assert cases.slippage.tolist() == [10]
    assert cases.covered.tolist() == [0]
    assert cases.loss.tolist() == [50]
    assert draw_of_funds(tape, TERMS, {0: 80.0}) == -40


def test_a_bid_that_is_standing_at_the_end_goes_back():
    tape = journal(
        *opening(BORROWER, -850, 10),
        *opening(KEEPER, 1_000, 0),
        failure(BORROWER, 10, FIRST, 10),
        (EntryKind.BID, 20, KEEPER, BORROWER, CASH, 900, FIRST),
    )
    cases = cases_of(tape, TERMS, flat(90), {0: 80.0}, END)
    assert cases.bonus.tolist() == [0]
    assert cases.slippage.tolist() == [100]
    assert cases.left.tolist() == [0]
    assert cases.covered.tolist() == [50]
    found = takers_of(tape, TERMS._replace(takers=frozenset({KEEPER})), {0: 80.0})
    assert found.profit == 0
    assert found.peak_capital == 900


def test_a_position_that_is_shared_out_is_a_bonus_to_those_who_get_it():
    """A pool pays 340 of a debt of 850 for 4 lots, other borrowers take 6 with the other 510."""
    waits = 21
    tape = journal(
        *opening(BORROWER, -850, 10),
        *opening(OPPOSITE, 500, 5),
        *opening(KEEPER, 400, 0),
        failure(BORROWER, 10, FIRST, 10),
        (EntryKind.TAKEOVER, 10, KEEPER, BORROWER, CASH, 340, FIRST),
        (EntryKind.TAKEOVER, 10, BORROWER, KEEPER, LOTS, 4, FIRST),
        (EntryKind.TAKEOVER, 10, BORROWER, waits, LOTS, 6, FIRST),
        (EntryKind.REDISTRIBUTED, 10, waits, BORROWER, CASH, 510, FIRST),
        over(BORROWER, 10, FIRST),
        (EntryKind.REDISTRIBUTED, 15, waits, OPPOSITE, LOTS, 6, 0),
        (EntryKind.REDISTRIBUTED, 15, OPPOSITE, waits, CASH, 510, 0),
    )
    cases = cases_of(tape, TERMS, flat(90), {0: 80.0}, END)
    assert cases.bonus.tolist() == [4 * 90 - 340 + 6 * 90 - 510]
    assert cases.other.tolist() == [0]
    assert cases.covered.tolist() == [0]
    found = takers_of(tape, TERMS, {0: 80.0})
    assert found.accounts == (KEEPER, waits)
    assert found.profit == 4 * 80 - 340
    assert found.peak_capital == 340
    assert leftovers(tape, TERMS) == {0: 4}


def test_an_inverse_contract_is_worth_coin():
    """100 contracts of 1 dollar, long at 100: owed 1 coin; bought at 100, closed at 80."""
    holding = HoldingMetadata(0, LOTS, 0, multiplier=1_000_000, inverse=True)
    assert holding.value(100, 80.0) == -1_250_000
    assert holding.value(-100, 80.0) == 1_250_000


def test_a_path_is_what_it_was_last():
    path = PriceSeries(np.array([10, 20]), np.array([5.0, 6.0]))
    assert path.at([0, 10, 15, 20, 99]).tolist() == [5, 5, 5, 6, 6]
    assert np.isnan(PriceSeries(np.array([], np.int64), np.array([])).at(3))


def test_an_unknown_criterion_is_named():
    with pytest.raises(ValueError, match="no criterion is called 'beauty'"):
        criterion("beauty")


SMALL = {
    SPIRAL: {"populations.0.count": 2_000, "populations.0.equity": 25_000},
    TWO_ASSETS: {"populations.0.count": 500, "populations.0.equity": 140_000},
}


NAMED = [(SPIRAL, design) for design in contest_designs()]


@pytest.mark.parametrize(("name", "design"), [*NAMED, (TWO_ASSETS, "sliced")])
def test_the_parts_of_a_loss_are_the_loss(name, design):
    scenario = read_scenario(name, SMALL[name])
    run = run_scenario(scenario, 1, design=design)
    fair = run_scenario(scenario, 1, forced=False, tapes=False).prices.fair
    metadata = tape_metadata_of(run.simulation)
    closing = dict.fromkeys(range(len(scenario.instruments)), 5_000.0)
    cases = cases_of(run.tape["entries"], metadata, fair, closing, round(scenario.seconds * 1e9))
    assert len(cases) == run.solvency.failures > 0
    parts = cases.slippage + cases.bonus + cases.deleveraged
    parts += cases.fee + cases.penalty + cases.other - cases.covered
    assert parts == pytest.approx(cases.loss, abs=1e-3)
    if design == "market-sale":
        assert cases.covered.sum() == run.criteria["bad_debt"] > 0


@pytest.mark.parametrize("design", ["market-sale", "staged-market-sale", "sliced"])
def test_with_endless_depth_and_no_latency_bad_debt_is_its_closed_form(design):
    """A jump of 900 ticks at once, and a book that takes everything there is at the price after.

    Then an account is short by what its cash and its lots at that price come to, if that is
    negative, and nothing else enters.
    """
    depth, price, jump, count = 10_000_000, 10_000, 900, 3_000
    scenario = read_scenario(
        SPIRAL,
        {
            "instruments.0.background": {
                "kind": "uniform", "price": price, "depth": depth, "ticks": 2_000
            },
            "populations.0.count": count,
            "shocks.0.lots": jump * depth,
            "clearings.0.insurance_fund": 0,
        },
    )  # fmt: skip
    given = {"lots": 10**6, "every": 1.0} if design == "sliced" else {}
    run = run_scenario(scenario, 1, design=design, parameters=given)
    accounts = leverage.draw_accounts(
        numpy_stream(1, "longs"), count, price=price, multiplier=1, equity=5_000,
        equity_spread=1.0, leverage=(3.0, 30.0), long_share=1.0,
    )  # fmt: skip
    entered = accounts.margin - accounts.positions * accounts.entry_prices
    left = entered + accounts.positions * (price - jump)
    assert run.criteria["bad_debt"] == -left[left < 0].sum() > 0
