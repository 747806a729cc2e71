"""Shares of a drop by what moved the mark, on a journal written by hand."""

import numpy as np
import pytest

import lob
from experiments.metrics.layers import drop_shares
from experiments.metrics.spiral import drop
from lob import EntryKind

TAG = lob.LIQUIDATION_TAG


def journal(rows):
    """Rows of (ts, kind, fields)."""
    entries = np.zeros(len(rows), lob.ENTRY)
    for i, (ts, kind, fields) in enumerate(rows):
        entries["ts_event"][i], entries["kind"][i] = ts, kind
        for name, value in fields.items():
            entries[name][i] = value
    return entries


def mark(ts, price, parent=0, clearing=0):
    return ts, EntryKind.MARK, {"price": price, "parent": parent, "clearing": clearing}


def liquidation(ts, tag, layer, clearing):
    return ts, EntryKind.LIQUIDATION, {"tag": tag, "layer": layer, "clearing": clearing}


CHAIN = [
    mark(1, 100),
    mark(1, 90, clearing=1),
    mark(5, 96),  # the shock: 4 ticks
    liquidation(6, TAG + 1, 2, 1),
    mark(6, 93, TAG + 1),  # 3 by layer 2 of clearing 1
    mark(7, 94),  # somebody buys: one back
    liquidation(8, TAG + 2, 0, 0),
    mark(8, 89, TAG + 2),  # 5 by layer 0 of clearing 0
    mark(9, 88, TAG + 1),
    mark(10, 95, TAG + 2),  # after the lowest: it does not count
    mark(30, 10, TAG + 2),  # beyond the horizon
]


def test_shares_add_up_to_the_drop():
    entries = journal(CHAIN)
    found = drop_shares(entries, 5, 10)
    assert found.drop == drop(entries, 5, 10) == 12
    assert found.voluntary == 4 - 1
    assert found.by_layer == {0: 5, 2: 4}
    assert found.by_clearing == {0: 5, 1: 4}
    assert found.voluntary + sum(found.by_layer.values()) == found.drop


def test_no_drop_has_no_shares():
    assert drop_shares(journal(CHAIN[:2]), 5, 10) == (0, 0, {}, {})
    risen = journal([mark(1, 100), mark(6, 120)])
    assert drop_shares(risen, 5, 10).drop == 0
    assert drop_shares(risen, 5, 10, side=1) == (20, 20, {}, {})


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="no mark"):
        drop_shares(journal(CHAIN), 5, 10, instrument=3)
    with pytest.raises(ValueError, match="side"):
        drop_shares(journal(CHAIN), 5, 10, side=0)
