"""Cascades, spirals, solvency, conservation: hand-made tapes with values worked out by hand."""

import numpy as np
import pytest

import lob
from experiments.metrics.cascade import cascade_of, forced_trades, peak_rate
from experiments.metrics.conservation import balances_of, check_conservation
from experiments.metrics.solvency import (
    concentration,
    expected_shortfall,
    quantile_95,
    solvency_of,
)
from experiments.metrics.spiral import (
    amplification,
    drop,
    first_reached,
    withdrawal,
)
from experiments.studies.search import critical_direction, critical_shock
from lob import LIQUIDATION_TAG as TAG
from lob import Cause, EntryKind, EventKind
from lob.clearing import Ledger


def entries(*rows):
    found = np.zeros(len(rows), lob.ENTRY)
    for i, row in enumerate(rows):
        for name, value in row.items():
            found[name][i] = value
    return found


def failure(tag, account, ts, *, parent=0, amount=5, cause=None, **fields):
    cause = cause or (Cause.LIQUIDATION if parent else Cause.TRADE)
    return {"kind": EntryKind.LIQUIDATION, "tag": TAG + tag, "debit": account, "ts_event": ts,
            "parent": TAG + parent if parent else 0, "amount": amount, "cause": cause, "price": 90,
            "reference": 90, **fields}  # fmt: skip


def settled(tag, ts, left=0, unsold=0):
    return {"kind": EntryKind.SETTLED, "tag": TAG + tag, "ts_event": ts, "amount": left,
            "price": unsold}  # fmt: skip


def trades(*rows):
    found = np.zeros(len(rows), lob.EVENT)
    for i, (ts, tag, size, price) in enumerate(rows):
        found["kind"][i], found["ts_event"][i], found["tag"][i] = EventKind.TRADE, ts, tag
        found["size"][i], found["price"][i], found["side"][i] = size, price, -1
    return found


TREE = entries(
    failure(1, 11, 10),
    failure(2, 12, 11, parent=1, clearing=1),
    failure(3, 13, 12, parent=1),
    settled(1, 12),
    failure(4, 14, 13, parent=2, clearing=1, layer=1),
    settled(3, 14, left=7, unsold=2),
    failure(5, 13, 15, parent=4),  # account 13 again, before it was flat
    settled(4, 16),
    failure(6, 11, 20, cause=Cause.ORACLE),  # account 11 again, after it was: another node
)
SOLD = trades((10, TAG + 1, 5, 90), (11, TAG + 2, 4, 89), (12, TAG + 3, 3, 88),
              (15, TAG + 5, 2, 87), (16, 0, 9, 86))  # fmt: skip


def test_the_tree():
    cascade = cascade_of(TREE, SOLD)
    assert cascade.account.tolist() == [11, 12, 13, 14, 11]
    assert cascade.parent.tolist() == [-1, 0, 0, 1, -1]
    assert cascade.generation.tolist() == [0, 1, 1, 2, 0]
    assert cascade.lots.tolist() == [5, 4, 5, 0, 0]
    assert cascade.settled_at.tolist() == [12, -1, -1, 16, -1]
    assert (cascade.roots, cascade.generations) == (2, 3)
    assert cascade.branching_ratio == pytest.approx(3 / 5)
    assert cascade.branching_ratio_lots == pytest.approx(9 / 14)
    assert cascade.duration_ns == 10
    assert cascade.by_cause() == {"liquidation": 3, "trade": 1, "oracle": 1}
    assert cascade.per_generation() == [(2, 5), (2, 9), (1, 0)]
    assert cascade.subtree_sizes().tolist() == [4, 2, 1, 1, 1]
    assert cascade.contagion().tolist() == [[1, 1], [0, 1]]
    assert cascade.lots_by_layer() == {0: 14, 1: 0}


def test_a_chain_of_a_hundred_thousand():
    count = 100_000
    rows = np.zeros(count, lob.ENTRY)
    rows["kind"], rows["debit"] = EntryKind.LIQUIDATION, 1 + np.arange(count)
    rows["tag"] = TAG + 1 + np.arange(count)
    rows["parent"][1:] = rows["tag"][:-1]
    cascade = cascade_of(rows, np.zeros(0, lob.EVENT))
    assert cascade.generations == count
    assert cascade.subtree_sizes()[0] == count


def test_no_failure_is_no_tree():
    cascade = cascade_of(np.zeros(0, lob.ENTRY), np.zeros(0, lob.EVENT))
    assert len(cascade) == cascade.generations == cascade.duration_ns == 0
    assert np.isnan(cascade.branching_ratio)
    assert cascade.per_generation() == []
    assert cascade.to_dict()["branching_ratio"] is None


def test_forced_trades_are_found_on_either_side():
    events = trades((1, TAG + 1, 5, 90), (2, 7, 4, 89), (3, 7, 3, 88))
    events["resting_tag"][2] = TAG + 9
    assert forced_trades(events)["tag"].tolist() == [TAG + 1, TAG + 9]
    assert peak_rate(trades((0, TAG, 5, 1), (400, TAG, 6, 1), (1_500, TAG, 7, 1)), 1_000) == (
        11 * 1e9 / 1_000
    )


def marks(*rows):
    return entries(*(
        {"kind": EntryKind.MARK, "ts_event": ts, "price": price} for ts, price in rows
    ))  # fmt: skip


def test_the_drop():
    tape = marks((0, 100), (10, 98), (20, 90), (30, 95), (50, 80))
    assert drop(tape, 10, 25) == 10
    assert drop(tape, 10, 40) == 20
    assert drop(tape, 11, 5) == 0
    assert drop(tape, 10, 40, side=1) == 0
    with pytest.raises(ValueError, match="no mark before"):
        drop(tape, 0, 5)
    assert first_reached(tape, 5, 0.1, instruments=[0]) == {0: 15}
    assert first_reached(tape, 5, 0.5, instruments=[0]) == {0: None}


def test_amplification_is_a_ratio_of_means():
    found = amplification([16, 18, 20, 22, 24], [8, 9, 10, 11, 12])
    assert found.ratio.estimate == pytest.approx(2.0)
    assert found.ratio.low == found.ratio.high == pytest.approx(2.0)
    few = amplification([18, 20, 22], [9, 10, 11]).ratio
    assert few.estimate == pytest.approx(2.0)
    assert np.isnan([few.low, few.high]).all(), "three pairs give no interval"
    assert amplification([10, 20], [0, 1]).ratio is None
    assert amplification([4], [2]).ratio.estimate == 2
    assert amplification([4], [0]).ratio is None
    with pytest.raises(ValueError, match="as many"):
        amplification([1, 2], [1])


def test_bisection_finds_the_smallest_shock():
    for critical in (1, 2, 57, 100):
        found = critical_shock(lambda shock, c=critical: shock >= c, 1, 100)
        assert found.critical == critical
        assert found.monotone
    assert critical_shock(lambda shock: False, 1, 100).critical is None
    odd = critical_shock(lambda shock: shock in (40, 100), 1, 100)
    assert odd.critical is not None
    mix, found = critical_direction(lambda shocks: shocks[1] >= 10, 2, 100, steps=4)
    assert mix == (0.0, 1.0)
    assert found.critical == 10


def test_makers_leave_and_come_back():
    found = withdrawal([0, 1, 2, 3, 4, 5], [100, 100, 20, 10, 80, 95], 2)
    assert (found.before, found.lowest, found.lowest_at_ns, found.back_after_ns) == (100, 10, 1, 3)
    assert withdrawal([0, 1], [100, 10], 1).back_after_ns is None


def test_how_failures_ended():
    tape = entries(
        failure(1, 11, 10, amount=5, reference=88),
        failure(2, 12, 11, amount=-4, reference=88),
        {"kind": EntryKind.BAD_DEBT, "tag": TAG + 1, "amount": 50},
        {"kind": EntryKind.INSURANCE, "tag": TAG + 1, "amount": 30},
        {"kind": EntryKind.SOCIALISED, "tag": TAG + 1, "amount": 20},
        # It buys one back, a keeper takes one over and closes it; none of his counts.
        {"kind": EntryKind.TRADE, "tag": TAG + 2, "amount": 1, "debit": 3, "credit": 12},
        {"kind": EntryKind.TAKEOVER, "tag": TAG + 2, "amount": 1, "debit": 21, "credit": 12},
        {"kind": EntryKind.TRADE, "tag": TAG + 2, "amount": 1, "debit": 3, "credit": 21},
        {"kind": EntryKind.TRADE, "tag": TAG + 2, "amount": 9, "debit": 12, "asset": 1},
        {"kind": EntryKind.REWARD, "tag": TAG + 1, "amount": 3},
        {"kind": EntryKind.ADL, "tag": TAG + 1, "amount": 2, "debit": 11, "credit": 30},
        {"kind": EntryKind.ADL, "tag": TAG + 1, "amount": 70, "credit": 11, "asset": 1},
        settled(1, 40, left=9),
    )
    found = solvency_of(tape)
    assert (found.failures, found.settled, found.fees) == (2, 1, 3)
    assert (found.left_to_accounts, found.unsold_lots) == (9, 2)
    assert (found.adl, found.adl_lots) == (70, 2)
    assert found.late == 1  # of the long one the truth was worse, of the short one better


def test_quantiles_shortfalls_and_concentration():
    assert quantile_95(range(1, 101)).value == 95
    assert quantile_95(range(58)).upper is None
    assert quantile_95(range(59)).upper == 58
    assert expected_shortfall(range(1, 101)) == pytest.approx(98)
    assert concentration([5, 5, 5]) == pytest.approx(0)
    assert concentration([0, 0, 12]) == pytest.approx(2 / 3)
    assert np.isnan(concentration([0, 0]))


def test_a_journal_makes_the_balances():
    ledger = Ledger()
    cash, one, two = ledger.add_asset("cash"), ledger.open_account(), ledger.open_account()
    ledger.transfer(cash, 0, one, 2**60)
    ledger.transfer(cash, one, two, 2**59 + 1)
    found = balances_of(ledger.entries, 3, 1)
    assert found.tolist() == [[-(2**60), 2**59 - 1, 2**59 + 1]]
    check_conservation(ledger.entries, ledger)
    with pytest.raises(AssertionError, match="account 1 has"):
        check_conservation(ledger.entries[:1], ledger)
