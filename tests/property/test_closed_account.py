"""The closed account of random scenarios and designs: nothing of value is outside of it."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import firesale
from experiments.metrics.closed_account import HARMED, PARTIES
from experiments.scenario.designs import DESIGNS
from lob import EntryKind
from tests.examples import examples
from tests.small_scenarios import CHAIN, CONTAGION, LOOPS, SPIRAL, TWO_ASSETS, VAULT

SHORT = {
    "seconds": 7.0, "horizon": 2.0, "instruments.0.background.mu": 50.0,
    "instruments.0.background.alpha": 2.5,
}  # fmt: skip
CAPITAL = (EntryKind.OPENING, EntryKind.DEPOSIT, EntryKind.WITHDRAWAL)


def value_moved(run, prices):
    """What all accounts but the world's have gained, by the ledger itself, and the world."""
    entries, ledger = run.tape["entries"], run.simulation.ledger
    total, world = Fraction(0), Fraction(0)
    for number, name in enumerate(ledger.assets):
        balances = ledger.balances(number).tolist()
        brought = entries[np.isin(entries["kind"], CAPITAL) & (entries["asset"] == number)]
        own = sum(brought["amount"][brought["debit"] == 0].tolist())
        own -= sum(brought["amount"][brought["credit"] == 0].tolist())
        price = prices[name].value if name in prices else 0
        total += price * (sum(balances[1:]) - own)
        world += price * (balances[0] + own)
    return total, world


def closes(run):
    found = run.closed_account
    assert sum(found.gains.values()) == 0, "to the unit"
    assert list(found.gains) == list(PARTIES)
    assert found.harm == -sum(found.gains[PARTIES[one]] for one in HARMED)
    total, world = value_moved(run, found.prices)
    assert total + world == 0
    # What is outside of the table is what the ledger does not have: nothing.
    frame = run.frame("closed_account", "integer")
    for name, gain in found.gains.items():
        got = frame.amount[frame.receiver == name].sum() - frame.amount[frame.giver == name].sum()
        assert got == gain, name
    assert (frame.amount > 0).all()
    assert run.criteria["harm"] == found.harm
    return found


@settings(max_examples=examples(14))
@given(st.data())
def test_it_closes_under_random_designs_in_random_markets(data):
    design = data.draw(st.sampled_from(sorted(DESIGNS)))
    asked = firesale.scenario(SPIRAL, **{
        **SHORT,
        "populations.0.count": data.draw(st.sampled_from([50, 300])),
        "populations.0.equity": data.draw(st.integers(5_000, 60_000)),
        "shocks.0.lots": data.draw(st.integers(1_000, 14_000)),
        "clearings.0.insurance_fund": data.draw(st.sampled_from([0, 100_000, 2_000_000])),
        "until_closed": data.draw(st.sampled_from([0.0, 6.0])),
    })  # fmt: skip
    run = firesale.run(asked, data.draw(st.integers(1, 10_000)), design=design)
    found = closes(run)
    if design == "frozen":
        assert not any(found.gains.values())
        assert found.flows == ()


@settings(max_examples=examples(3))
@given(st.sampled_from([CHAIN, CONTAGION, LOOPS, TWO_ASSETS, VAULT]), st.integers(1, 10_000))
def test_it_closes_over_stacks_of_claims_and_several_protocols(source, seed):
    closes(firesale.run(source, seed))
