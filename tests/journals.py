"""Journals of clearing made by hand, and what the numbers in them mean."""

import numpy as np

import lob
from experiments.metrics.cases import HoldingMetadata, PriceSeries, TapeMetadata
from lob import EntryKind

CASH, LOTS = 0, 1
VENUE, FUND, FEES, SHORTFALL, POOL = 1, 2, 3, 4, 5
BORROWER, OTHER, KEEPER, OPPOSITE = 10, 11, 20, 30
TERMS = TapeMetadata(
    (HoldingMetadata(0, LOTS, 0),),
    {0: CASH},
    frozenset({0, VENUE, FUND, FEES, SHORTFALL, POOL}),
    frozenset({FUND}),
)
FIRST, SECOND = lob.LIQUIDATION_TAG + 1, lob.LIQUIDATION_TAG + 2
END = 100


def flat(price):
    return {0: PriceSeries(np.array([0]), np.array([float(price)]))}


def journal(*rows):
    """Rows of (kind, ts, fields...): postings are (kind, ts, debit, credit, asset, amount, tag)."""
    made = np.zeros(len(rows), lob.ENTRY)
    for entry, row in zip(made, rows, strict=True):
        entry["kind"], entry["ts_event"] = row[0], row[1]
        if row[0] < 64:
            for name, value in zip(
                ("debit", "credit", "asset", "amount", "tag"), row[2:], strict=True
            ):
                entry[name] = value
        else:
            for name, value in row[2].items():
                entry[name] = value
    return made


def opening(account, cash, lots):
    return [
        (EntryKind.OPENING, 0, 0, account, CASH, cash, 0),
        (EntryKind.OPENING, 0, 0, account, LOTS, lots, 0),
    ]


def failure(account, ts, tag, lots):
    return (EntryKind.LIQUIDATION, ts, {"debit": account, "tag": tag, "amount": lots, "price": 88})


def over(account, ts, tag, left=0, lots=0):
    return (EntryKind.SETTLED, ts, {"debit": account, "tag": tag, "amount": left, "price": lots})


def trade(kind, ts, seller, buyer, lots, price, tag):
    return [
        (kind, ts, seller, buyer, LOTS, lots, tag),
        (kind, ts, buyer, seller, CASH, lots * price, tag),
    ]
