"""Deleveraging in whole runs: the criteria against a walk through the ledger, unit by unit."""

from collections import defaultdict

import numpy as np
import pytest

from experiments.metrics.criteria import criteria_of
from experiments.metrics.takers import leftovers
from experiments.runs.judged import closing_prices, marks_followed, traded_asset
from experiments.runs.run import run_scenario
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.scenario.build import build
from experiments.scenario.read import read_scenario
from lob import EntryKind
from tests.small_scenarios import SPIRAL

MARKET = {
    "populations.0.count": 600,
    "populations.0.equity": 50_000,
    "populations.0.long_share": 0.5,
    "populations.0.leverage": [8.0, 30.0],
    "shocks.0.lots": 40_000,
    "clearings.0.insurance_fund": 1_000,
    "seconds": 16.0,
    "horizon": 5.0,
    "keepers": [],
}
DESIGNS = {
    "bankruptcy-takeover": {"rest": 1.0},
    "tiered": {"rest": 1.0},
    "backstop": {"capital": 100_000, "patience": 1.0},
    "backstop:ftx": {"capital": 1_000},
}


@pytest.fixture(scope="module")
def market():
    scenario = read_scenario(SPIRAL, MARKET)
    return scenario, run_scenario(scenario, 1, forced=False, tapes=False).prices


class Ledger:
    """What every account has, posting by posting."""

    def __init__(self, metadata):
        (self.holding,) = metadata.holdings
        self.cash = metadata.cash[0]
        self.balances = defaultdict(int)
        self.mark = 0
        self.failed = {}

    def worth(self, account, price):
        """Equity at a price."""
        lots = self.balances[account, self.holding.asset]
        return self.balances[account, self.cash] + lots * self.holding.multiplier * price

    def post(self, row):
        self.balances[int(row["debit"]), int(row["asset"])] -= int(row["amount"])
        self.balances[int(row["credit"]), int(row["asset"])] += int(row["amount"])


def overshoot_by_hand(entries, metadata, price=None):
    """At the mark of each moment, or at one price: (overshoot, closed lots, cases)."""
    ledger, taken, holes, lots = Ledger(metadata), 0, {}, 0
    for row in entries:
        kind = row["kind"]
        if kind == EntryKind.MARK:
            ledger.mark = int(row["price"])
        elif kind == EntryKind.LIQUIDATION:
            ledger.failed[int(row["tag"])] = int(row["debit"])
        elif kind < 64:
            at = ledger.mark if price is None else price
            if kind == EntryKind.ADL:
                tag = int(row["tag"])
                failed = ledger.failed[tag]
                if tag not in holes:
                    holes[tag] = max(0, -ledger.worth(failed, at))
                # What who was closed against gives for what he gets.
                other = int(row["credit"] if row["debit"] == failed else row["debit"])
                assert other != failed
                before = ledger.worth(other, at)
                ledger.post(row)
                taken += before - ledger.worth(other, at)
                if row["asset"] == ledger.holding.asset:
                    lots += abs(int(row["amount"]))
            else:
                ledger.post(row)
    return taken - sum(holes.values()), lots, len(holes)


def losses_by_hand(entries, metadata, fair, closing):
    """Of each failure: equity at fair at the time, less what is left."""
    ledger, equity, open_at = Ledger(metadata), {}, {}
    losses = {}
    for row in entries:
        kind = row["kind"]
        if kind == EntryKind.LIQUIDATION:
            tag, account = int(row["tag"]), int(row["debit"])
            price = float(fair.at(int(row["ts_event"])))
            equity[tag] = ledger.worth(account, price)
            open_at[tag] = (account, price)
        elif kind == EntryKind.SETTLED:
            account, price = open_at.pop(int(row["tag"]))
            losses[int(row["tag"])] = equity[int(row["tag"])] - ledger.worth(account, price)
        elif kind < 64:
            ledger.post(row)
    for tag, (account, _) in open_at.items():
        losses[tag] = equity[tag] - max(0, ledger.worth(account, closing))
    return list(losses.values())


def gini(values):
    """Half the mean absolute difference of all pairs, over the mean."""
    differences = sum(abs(one - other) for one in values for other in values)
    return differences / (2 * len(values) * sum(values))


@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_overshoot_and_concentration_are_what_the_ledger_says(market, name):
    scenario, twin = market
    simulation = build(scenario, 1, design=name, parameters=DESIGNS[name], messages=False)
    simulation.run(until=scenario.end_ns)
    entries, metadata = simulation.entries, tape_metadata_of(simulation)
    marks = [
        marks_followed(entries, i, traded_asset(simulation, i))
        for i in range(len(scenario.instruments))
    ]
    closing = closing_prices(simulation, leftovers(entries, metadata), marks)
    found = criteria_of(
        entries, metadata, fair=twin.fair, closing=closing,
        end_ns=scenario.end_ns, horizon_ns=scenario.horizon_ns,
    )  # fmt: skip
    at_mark, lots, cases = overshoot_by_hand(entries, metadata)
    assert lots > 100
    assert cases > 10
    assert found["adl_overshoot"] == at_mark
    later = float(twin.fair[0].at(scenario.horizon_ns))
    assert found["adl_overshoot_fair"] == overshoot_by_hand(entries, metadata, later)[0]
    losses = losses_by_hand(entries, metadata, twin.fair[0], closing[0])
    assert found["borrower_loss"] == pytest.approx(sum(losses), abs=1e-3)
    lost = np.rint([loss for loss in losses if loss > 0]).astype(np.int64).tolist()
    assert found["concentration"] == pytest.approx(gini(lost), rel=1e-9)
