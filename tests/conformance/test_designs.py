"""Published cases through whole designs: accounts, ledger, facility, not only their formulas."""

from fractions import Fraction

import pytest

from lob import EntryKind
from lob.clearing.margin import FlatMargin, LoanToValue
from lob.liquidation import Stage, StagedDesign
from lob.liquidation.designs import make
from lob.liquidation.takers.pool import Depositors, Stability
from tests.conformance.liquidation_runner import read
from tests.folders import folder
from tests.unit.test_designs import Scene

PATH = folder("FIRESALE_CASES") / "liquidation.json"
MILLION = 10**6
"""Units of cash and lots in one of the case's."""


def published(family):
    """The complete cases of a family, or one that is skipped."""
    if not PATH.is_file():
        why = f"{PATH} is not there: set FIRESALE_CASES to the folder that holds it"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=why))]
    found = [case for case in read(PATH) if case["family"] == family and case.get("complete")]
    return [pytest.param(case, id=str(case["id"])) for case in found]


def pooled(deposits, troves, price, **parameters):
    """A pool, borrowers, and the price at which all of them have failed."""
    kept = parameters.pop("kept", 0)
    version = parameters.pop("version", 1)
    pool = Depositors(tuple(d * MILLION for d in deposits), version, kept=kept)
    takers = Stability(pool, **parameters)
    scene = Scene(
        StagedDesign([Stage(takers=takers, moves_on=True)]),
        margin=LoanToValue(800_000, 909_090),
        price=10 * price,
    )
    accounts = [
        scene.open(lots * MILLION, (10 * lots * price - debt) * MILLION) for debt, lots in troves
    ]
    other = scene.open(10_000 * MILLION, 100_000 * price * MILLION - 1)
    return scene, pool, accounts, other


@pytest.mark.parametrize("case", published("liquity1-sp"))
def test_what_depositors_are_left_with_and_gain(case):
    inputs, expected = case["inputs"], case["expected"]
    price = int(inputs.get("price", 100))
    scene, pool, accounts, _ = pooled(inputs["deposits"], inputs["troves"], price)
    scene.mark(price)
    assert scene.over()
    assert all(scene.has(account) == (0, 0) for account in accounts)
    for i, owner in enumerate(pool.owners):
        left = Fraction(pool.pool.compounded(owner), MILLION)
        gain = Fraction(pool.pool.gains(owner), MILLION)
        # Units of a millionth: each liquidation rounds by less than two of them.
        near = Fraction(2 * len(accounts) + 1, MILLION)
        assert abs(left - Fraction(expected["deposit_after"][i])) <= near
        assert abs(gain - Fraction(expected["coll_gain"][i])) <= near


@pytest.mark.parametrize("case", published("liquity2-mix"))
def test_a_pool_that_pays_a_part_and_spreads_the_rest(case):
    inputs, expected = case["inputs"], case["expected"]
    price = 1_100
    scene, pool, (account,), other = pooled(
        [inputs["sp"]],
        [(2_000, inputs["coll"])],
        price,
        version=2,
        kept=inputs["min_left_in_sp"] * MILLION,
        pool_penalty=round(inputs["pen_sp"] * MILLION),
        spread_penalty=round(inputs["pen_redist"] * MILLION),
    )
    before = scene.has(other)
    # A debt of 2,000 against 2,200 is just below the ratio.
    scene.mark(price)
    scene.wait(1)
    paid = expected["sp_debt_absorbed"]
    assert scene.has(pool.account)[0] == (inputs["sp"] - paid) * MILLION
    gained = Fraction(paid * 105, 100 * price)
    assert abs(Fraction(scene.has(pool.account)[1], MILLION) - gained) < Fraction(1, MILLION)
    spread = Fraction((2_000 - paid) * 110, 100 * price)
    cash, lots = scene.has(other)
    assert cash - before[0] == -(2_000 - paid) * MILLION
    assert abs(Fraction(lots - before[1], MILLION) - spread) < Fraction(1, MILLION)
    # What neither takes is the owner's, without debt.
    kept = inputs["coll"] * MILLION - scene.has(pool.account)[1] - (lots - before[1])
    assert scene.has(account) == (0, kept - scene.has(pool.callers)[1])
    assert scene.over()


@pytest.mark.parametrize("case", published("bitmex-adl"))
def test_who_is_deleveraged_and_by_how_much(case):
    inputs, expected = case["inputs"], case["expected"]
    size, bankruptcy = 20, expected["close_price"]
    assert inputs["liquidated"] == f"short {size} @ bankruptcy {bankruptcy}"
    scene = Scene(make("bankruptcy-takeover"), margin=FlatMargin(50_000, 50_000), price=600)
    short = scene.open(-size, size * (bankruptcy - 600))
    mark = bankruptcy - 10
    longs = {}
    for number, lots, score in inputs["longs"]:
        # Half of the value is equity, and profits go with the scores.
        entry = mark * 100 // (100 + 5 * score)
        longs[str(number)] = scene.open(lots, lots * mark // 2 - lots * (mark - entry), entry)
    scene.mark(mark)
    scene.wait(10)
    assert scene.over()
    assert scene.has(short) == (0, 0)
    sizes = {str(number): lots for number, lots, _ in inputs["longs"]}
    closed = {n: sizes[n] - scene.has(a)[1] for n, a in longs.items()}
    assert {n: lots for n, lots in closed.items() if lots} == expected["closed"]
    rows = scene.venue.entries
    rows = rows[
        (rows["kind"] == EntryKind.ADL) & (rows["asset"] == scene.venue.ledger.asset("cash"))
    ]
    assert rows["amount"].sum() == size * bankruptcy
