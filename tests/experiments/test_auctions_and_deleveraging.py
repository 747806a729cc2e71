"""Auctions and deleveraging: on journals made by hand, and in small versions of two crashes."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from experiments.commands.cli import app
from experiments.commands.story import tell
from experiments.contest.designs import as_stated, of_scenario, parse_designs
from experiments.metrics.auctions import auctions_of, hand_overs
from experiments.metrics.deleveraging import deleveraging_of, opposing_of
from experiments.runs.run import run_scenario
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.studies.spiral import study_spiral
from lob import EntryKind
from tests.journals import (
    BORROWER,
    CASH,
    FIRST,
    FUND,
    KEEPER,
    LOTS,
    OPPOSITE,
    OTHER,
    SECOND,
    TERMS,
    failure,
    flat,
    journal,
    opening,
    over,
    trade,
)
from tests.small_scenarios import BLACK_THURSDAY, SPIRAL

RIVAL, SHORT, LONG = 21, 31, 32


def offer(account, ts, tag, lots):
    return (EntryKind.AUCTION, ts, {"debit": account, "tag": tag, "amount": lots, "price": 0})


def bid(ts, giver, taker, amount, tag):
    return (EntryKind.BID, ts, giver, taker, CASH, amount, tag)


def lots(ts, giver, taker, amount, tag):
    return (EntryKind.TAKEOVER, ts, giver, taker, LOTS, amount, tag)


# Two loans against 10 and 5 lots worth 90. For the first a keeper bids 7, a rival 400: he pays the
# keeper back and the rest to the account. The second goes for 4. A third of 8 lots is taken in two
# parts, paid as they come, of which the pool of lenders gets what is left at the end.
THIRD = SECOND + 1
AUCTIONS = journal(
    *opening(BORROWER, -500, 10),
    *opening(OTHER, -300, 5),
    *opening(12, -600, 8),
    *opening(KEEPER, 1_000, 0),
    *opening(RIVAL, 1_000, 0),
    failure(BORROWER, 10, FIRST, 10),
    offer(BORROWER, 10, FIRST, 10),
    failure(OTHER, 11, SECOND, 5),
    offer(OTHER, 11, SECOND, 5),
    bid(12, KEEPER, BORROWER, 7, FIRST),
    bid(13, KEEPER, OTHER, 4, SECOND),
    bid(14, RIVAL, KEEPER, 7, FIRST),
    bid(14, RIVAL, BORROWER, 393, FIRST),
    lots(20, BORROWER, RIVAL, 10, FIRST),
    (EntryKind.BAD_DEBT, 20, {"debit": BORROWER, "tag": FIRST, "amount": 100}),
    over(BORROWER, 20, FIRST),
    lots(21, OTHER, KEEPER, 5, SECOND),
    (EntryKind.BAD_DEBT, 21, {"debit": OTHER, "tag": SECOND, "amount": 296}),
    over(OTHER, 21, SECOND),
    failure(12, 22, THIRD, 8),
    offer(12, 22, THIRD, 8),
    *trade(EntryKind.TAKEOVER, 23, 12, KEEPER, 3, 80, THIRD),
    *trade(EntryKind.TAKEOVER, 23, 12, RIVAL, 4, 85, THIRD),
    *trade(EntryKind.TAKEOVER, 30, 12, 5, 1, 90, THIRD),
)


def test_who_won_what_for_how_much():
    found = hand_overs(AUCTIONS, TERMS, flat(90))
    assert [(one.tag, one.taker, one.lots, one.paid, one.worth) for one in found] == [
        (FIRST, RIVAL, 10, 400, 900),
        (SECOND, KEEPER, 5, 4, 450),
        (THIRD, KEEPER, 3, 240, 270),
        (THIRD, RIVAL, 4, 340, 360),
    ]
    assert [one.is_zero() for one in found] == [False, True, False, False]
    assert [one.is_zero(below=0.5) for one in found] == [True, True, False, False]


def test_zero_bids_what_they_took_and_what_is_missing():
    found = auctions_of(AUCTIONS, TERMS, flat(90))
    assert (found.cases, found.waiting, found.won) == (3, 1, 4)
    assert (found.zero_bids, found.zero_bid_share, found.zero_bid_value) == (1, 0.25, 450)
    assert (found.worth, found.paid, found.zero_bidders) == (1_980, 984, 1)
    assert found.recovered == 984 / 1_980
    assert (found.shortfall, found.shortfall_ratio) == (396, 396 / 450)


def test_short_lots_are_no_zero_bid():
    rows = journal(
        *opening(BORROWER, 1_000, -10),
        *opening(KEEPER, 1_000, 0),
        failure(BORROWER, 10, FIRST, -10),
        offer(BORROWER, 10, FIRST, 10),
        *trade(EntryKind.TAKEOVER, 20, KEEPER, BORROWER, 10, 95, FIRST),
    )
    (one,) = hand_overs(rows, TERMS, flat(90))
    assert (one.taker, one.lots, one.paid, one.worth) == (KEEPER, -10, -950, -900)
    assert not one.is_zero()


def test_without_offers_there_is_nothing_to_say():
    rows = AUCTIONS[AUCTIONS["kind"] != EntryKind.AUCTION]
    assert auctions_of(rows, TERMS, flat(90)) is None
    assert deleveraging_of(AUCTIONS, TERMS, flat(90), flat(90)) is None


# A long of 10 lots is at 90 short of 20: 6 lots are closed against a short of 8 and 4 of another's
# 12 at 92, its bankruptcy price. A long and a keeper are not concerned.
CLOSED = journal(
    *opening(FUND, 100, 0),
    *opening(BORROWER, -920, 10),
    *opening(OPPOSITE, 800, -8),
    *opening(SHORT, 2_280, -12),
    *opening(LONG, -100, 2),
    *opening(KEEPER, 500, 0),
    failure(BORROWER, 10, FIRST, 10),
    *trade(EntryKind.ADL, 20, BORROWER, OPPOSITE, 6, 92, FIRST),
    *trade(EntryKind.ADL, 20, BORROWER, SHORT, 4, 92, FIRST),
    over(BORROWER, 20, FIRST),
)


def marked(price, rows):
    """The same after a mark."""
    return np.concatenate([journal((EntryKind.MARK, 0, {"asset": LOTS, "price": price})), rows])


def test_whose_positions_are_closed():
    found = opposing_of(CLOSED, TERMS, flat(90))
    assert found.account.tolist() == [OPPOSITE, SHORT]
    assert found.lots.tolist() == [-8, -12]
    # Equity 800 - 720 and 2,280 - 1,080.
    assert found.leverage.tolist() == [720 / 80, 1_080 / 1_200]
    assert found.closed.tolist() == [6, 4]


def test_what_deleveraging_took_and_from_whom():
    found = deleveraging_of(marked(90, CLOSED), TERMS, flat(90), flat(85))
    assert (found.fills, found.cases, found.lots, found.value) == (2, 1, 10, 900)
    assert (found.negative_accounts, found.negative_equity) == (1, 20)
    # At the mark the shorts give 2 a lot and what was owed; at 85, 7 a lot for 70 owed.
    assert (found.overshoot, found.overshoot_fair) == (0, 0)
    assert (found.from_longs, found.opposing, found.hit, found.hit_share) == (0, 2, 2, 1)
    assert found.closed_share == 0.5
    assert found.concentration == pytest.approx(0.1)  # (6 - 4) / (2 x 10)
    assert found.top_share == 1
    assert [tuple(one) for one in found.buckets] == [(0, 1, 1, 12, 4), (5, 1, 1, 8, 6)]


def test_more_is_taken_than_was_owed():
    rows = CLOSED.copy()
    rows["amount"][(rows["kind"] == EntryKind.ADL) & (rows["asset"] == CASH)] += 25
    assert deleveraging_of(marked(90, rows), TERMS, flat(90), flat(90)).overshoot == 50
    dear = deleveraging_of(marked(95, rows), TERMS, flat(95), flat(90))
    # At 95 nothing is owed, and the shorts gain 3 lots' worth less 50.
    assert (dear.negative_accounts, dear.overshoot) == (0, 920 + 50 - 950)


def test_who_is_in_liquidation_opposes_nobody():
    rows = np.concatenate([CLOSED[:12], journal(failure(SHORT, 11, SECOND, -12)), CLOSED[12:]])
    assert opposing_of(rows, TERMS, flat(90)).account.tolist() == [OPPOSITE]


SMALL = {
    "black-thursday": {
        "populations.0.count": 40,
        "instruments.0.background.alpha": 4.0,
        "instruments.0.background.mu": 40.0,
        "shocks.0.lots": 80_000,
        "keepers.0.capital": 1_400_000,
        "keepers.1.capital": 280_000,
        "keepers.2.capital": 280_000,
        "seconds": 420.0,
        "horizon": 200.0,
    },
    "october-2025": {
        "populations.2.count": 25,
        "seconds": "25 min",
        "horizon": "5 min",
        "shocks.0.at": "15 min",
    },
}


FILES = {"black-thursday": BLACK_THURSDAY}


def small(name):
    return read_scenario(FILES.get(name, name), SMALL[name])


@pytest.mark.slow
def test_a_small_black_thursday():
    alone = read_scenario(
        BLACK_THURSDAY, {**SMALL["black-thursday"], "keepers.1.offline": [[0.0, 420.0]]}
    )
    study = study_spiral(alone, range(1, 3), workers=1)
    english, dutch = study.designs["english"], study.designs["Maker 2.0"]
    for run in english:
        # Who is the only one to get through gets what he can at the lowest price there is.
        assert run["auctions"]["zero_bid_share"] > 0.5
        assert run["auctions"]["zero_bidders"] == 1
        assert run["auctions"]["zero_bid_value"] <= run["auctions"]["worth"]
        assert run["auctions"]["shortfall"] == run["criteria"]["bad_debt"] > 0
        assert run["deleveraging"] is None
    # A falling price starts above the market: nobody gets it for nothing.
    assert sum(run["auctions"]["won"] for run in dutch) > 0
    assert sum(run["auctions"]["zero_bids"] for run in dutch) == 0
    assert all(run["auctions"] is None for run in study.twin)
    text = "\n".join(tell(study))
    assert "36.0%" in text
    assert "8,320,000 USD" in text
    assert "shortfall / value by zero bids" in text
    json.dumps(study.summary(), allow_nan=False)
    # One more who pays enough for gas is enough for most of it to be beaten.
    contested = run_scenario(small("black-thursday"), 1).auctions
    assert contested.zero_bid_share < english[0]["auctions"]["zero_bid_share"]


@pytest.mark.slow
def test_a_small_october():
    study = study_spiral(small("october-2025"), range(1, 3), workers=1)
    assert list(study.designs) == ["backstop", "pro rata", "random"]
    queue, shared, _ = ([run["deleveraging"] for run in runs] for runs in study.designs.values())
    for one, other in zip(queue, shared, strict=True):
        assert one["from_longs"] == 0
        assert 0 < one["hit_share"] < other["hit_share"]
        assert one["concentration"] > other["concentration"]
        for found in (one, other):
            assert sum(bucket["closed"] for bucket in found["buckets"]) == found["lots"]
            assert sum(bucket["positions"] for bucket in found["buckets"]) == found["opposing"]
    text = "\n".join(tell(study))
    assert "overshoot at the mark" in text
    assert "34,983" in text


def test_what_needs_the_twin_is_not_known_without():
    run = run_scenario(small("october-2025"), 1)
    assert run.summary()["deleveraging"]["overshoot_fair"] is None
    assert run.summary()["deleveraging"]["overshoot"] is not None


def test_a_scenario_states_the_parameters_of_its_contest():
    scenario = small("black-thursday")
    own, other, _ = of_scenario(scenario)
    assert (own.label, own.parameters["ttl"], own.how) == ("english", 120.0, "scenario")
    assert (other.label, other.design, other.parameters["step"]) == ("Maker 2.0", "dutch", 1)
    plain, given, unknown = as_stated(parse_designs("dutch,english(ttl=7.0),market-sale"), scenario)
    assert (plain.parameters, plain.how) == (other.parameters, "scenario")
    assert (given.parameters["ttl"], given.parameters["tau"], given.how) == (7.0, 1_920.0, "given")
    assert (unknown.parameters, unknown.how) == ({}, "preset")
    assert of_scenario(read_scenario(SPIRAL)) == []


def test_a_label_is_used_once():
    alternatives = [{"label": "a", "design": "dutch"}, {"label": "a", "design": "english"}]
    with pytest.raises(ScenarioError, match=r"alternatives\.1\.label: 'a' is named twice"):
        read_scenario(SPIRAL, {"alternatives": alternatives})


def test_both_can_be_compared():
    settings = [f"--set={key}={value}" for key, value in SMALL["october-2025"].items()]
    done = CliRunner().invoke(
        app,
        ["compare", "october-2025", "--designs", "backstop,random=backstop(adl=random)",
         "--seeds", "2", "--workers", "1", "--json", *settings],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["designs"]["random"]["parameters"]["capital"] == 4_000_000_000
    assert said["designs"]["random"]["criteria"]["adl_overshoot"]["mean"] is not None


def test_nobody_of_october_fails_before_the_sale_and_the_book_is_not_emptied():
    scenario = read_scenario("october-2025", {"alternatives": []})
    study = study_spiral(scenario, [3], workers=1)
    for run in study.full:
        assert not run["failed_at_start"]
        assert not run["exhausted"]
        # About a third of what was sold by force there was closed against others besides.
        assert 0.1 < run["deleveraging"]["lots"] / run["criteria"]["liquidated"] < 1
    assert study.amplification().full.estimate > study.amplification().twin.estimate
