"""Snapshots of real accounts go in with a map of columns, and say of themselves what is bad."""

import csv

import pytest

from lob.feeds.positions import read_positions
from tests.feeds.discover import ROOT as DATA

LENDING = {
    "account": "user",
    "collateral": {"column": "collateral", "unit": "base"},
    "debt": {"column": "debt", "unit": "quote"},
    "threshold": {"column": "threshold", "unit": "bps"},
}
PERPETUAL = {
    "account": "user",
    "instrument": "coin",
    "position": {"column": "position_size", "unit": "base"},
    "entry": {"column": "entry_price", "unit": "quote"},
    "margin": {"column": "account_value_realtime", "unit": "quote"},
}


def columns_of(path):
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return set(file.readline().strip().split(","))


def files_with(columns):
    wanted = {one if isinstance(one, str) else one["column"] for one in columns.values()}
    return sorted(path for path in DATA.rglob("*.csv") if wanted <= columns_of(path))


@pytest.mark.parametrize("path", files_with(LENDING), ids=lambda path: path.stem)
def test_borrowers_have_the_health_that_their_file_says(path):
    found = read_positions(path, columns=LENDING, bad="skip")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(found) + len(found.rejected) == len(rows)
    assert len(found) > 0.9 * len(rows)
    if "healthf" not in rows[0]:
        return
    (scale,) = found.scales
    told = {row["user"]: float(row["healthf"]) for row in rows}
    unit = float(scale.lot_size) / float(scale.cash_unit)
    for lots, margin, threshold, user in zip(
        found.positions, found.margin, found.thresholds, found.accounts, strict=True
    ):
        # Collateral is stated in the debt's currency: its price is 1. A threshold is rounded to a
        # basis point, which is up to 6e-5 of it, a debt to a unit of cash.
        if -margin > 10**5:
            assert lots * unit * threshold / 1e6 / -margin == pytest.approx(told[user], rel=1e-4)


@pytest.mark.parametrize("path", files_with(PERPETUAL), ids=lambda path: path.stem)
def test_positions_of_many_coins_are_exact_in_one_cash(path):
    found = read_positions(path, columns=PERPETUAL, bad="skip")
    assert len(found) > 0
    assert len({scale.cash_unit for scale in found.scales}) == 1
    scales = {scale.base: scale for scale in found.scales}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(found) + len(found.rejected) == len(rows)
    told = {}
    for row in rows:
        told.setdefault((row["user"], row["coin"]), row)
    for lots, entry, user, coin in zip(
        found.positions, found.entry_prices, found.accounts, found.instruments, strict=True
    ):
        row = told[user, coin]
        assert float(scales[coin].to_size(int(lots))) == pytest.approx(float(row["position_size"]))
        assert float(scales[coin].to_price(int(entry))) == pytest.approx(float(row["entry_price"]))
