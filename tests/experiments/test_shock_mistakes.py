"""What is wrong with a shock is one mistake with its path, whatever its kind."""

import pytest

from experiments.contest.controls import run_controls
from experiments.contest.designs import parse_designs
from experiments.scenario.read import ScenarioError, read_scenario
from tests.experiments.test_shocks import FLOW, KINDS, LADDER, MAKERS, content

PATH = {"kind": "price-path"}
LEAVE = {"kind": "withdrawal", "over": 5.0}
FAULT = {"kind": "oracle-fault", "over": 5.0}
FILE = {"kind": "recorded", "file": "orders.csv"}
HEAD = "time,side,size,instrument\n"


def refused(shock, background=LADDER, **others):
    with pytest.raises(ScenarioError) as caught:
        read_scenario(content(shock, background, **others))
    first, *mistakes = str(caught.value).splitlines()
    assert first == "scenario: 1 mistake"
    path, _, what = mistakes[0].strip().partition(": ")
    return path, what


@pytest.mark.parametrize(
    ("shock", "background", "path", "what"),
    [
        ({}, LADDER, "", "exactly one of lots, notional, share_of_volume must be given, got none"),
        ({"lots": 5, "notional": 5}, LADDER, "", "got lots and notional"),
        ({"lots": 0}, LADDER, ".lots", "must be at least 1"),
        ({"lots": 5, "reference_price": 7}, LADDER, "", "reference_price is of a notional"),
        ({"notional": 4_000}, LADDER, "", "less than a lot"),
        ({"notional": "5 M USD"}, LADDER, ".notional", "cannot be read"),
        ({"share_of_volume": 0.1}, LADDER, "", "does not say what it trades a day"),
        ({"share_of_volume": "8 USD"}, FLOW, ".share_of_volume", "a share"),
        ({"share_of_volume": 1e-12}, FLOW, "", "less than a lot"),
        ({"lot": 5}, LADDER, ".lot", "no key is called 'lot' here"),
        ({"kind": "sail", "lots": 5}, LADDER, "", "no shock is called 'sail': did you mean sale?"),
        ({"kind": "gap"}, LADDER, ".gap", "must be given"),
        ({"gap": 0.0}, LADDER, "", "gap must not be 0"),
        ({"gap": "-100 %"}, LADDER, ".gap", "must be above -1"),
        ({"gap": -0.1, "side": "buy"}, LADDER, "", "a purchase makes a rise"),
        ({"gap": "4 USD"}, LADDER, ".gap", "a share"),
        ({"kind": "withdrawal", "over": 5.0, "lots": 5}, MAKERS, "", "has no lots"),
        (PATH, MAKERS, "", "points or a file must be given"),
        ({**PATH, "points": [[1.0, 0.1], [1.0, 0.2]]}, MAKERS, "", "points must rise in time"),
        ({**PATH, "points": [[1.0, -1.0]]}, MAKERS, ".points.0.1", "must be above -1"),
        ({**PATH, "points": [[1.0, 0.1]], "lasts": 3.0}, MAKERS, "", "lasts is of a file"),
        ({**PATH, "file": "none.csv"}, MAKERS, ".file", "is no file"),
        ({**PATH, "points": [[1.0, 0.1]]}, LADDER, "", "nobody in the market of PERP knows"),
        ({**PATH, "points": [[1.0, 0.1]]}, FLOW, "", "nobody in the market of PERP knows"),
        (LEAVE, LADDER, "", "nobody in the market of PERP can withdraw"),
        ({**LEAVE, "share": 0.0}, MAKERS, ".share", "must be above 0"),
        (
            {**LEAVE, "makers": ["Jo"]},
            MAKERS,
            "",
            "no maker of PERP is called 'Jo': there are none",
        ),
        ({"kind": "withdrawal"}, MAKERS, ".over", "must be given"),
        (FAULT, LADDER, "", "exactly one of factor, price, stale must be given, got none"),
        ({**FAULT, "factor": 2, "stale": True}, LADDER, "", "got factor and stale"),
        ({**FAULT, "factor": 0}, LADDER, ".factor", "must be above 0"),
        ({**FAULT, "factor": 2, "clearing": "bank"}, LADDER, "", "no clearing is called 'bank'"),
        ({**FILE, "file": "none.csv"}, LADDER, ".file", "there is no file 'none.csv'"),
        ({"lots": 5, "instrument": "GOLD"}, LADDER, ".instrument", "no instrument is called"),
        ({"gap": 0.1, "within": 39.0}, LADDER, None, "seconds must reach to the horizon"),
    ],
)
def test_each_kind(shock, background, path, what):
    found, words = refused(shock, background)
    assert found == ("seconds" if path is None else f"shocks.0{path}")
    assert what in words


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "line 1: columns must be time, side, size, instrument, account"),
        ("time,size\n1,2\n", "line 1: columns must be"),
        ("time,side,size,price\n1,sell,2,3\n", "line 1: columns must be"),
        (HEAD, "there is no order in it"),
        (HEAD + "0,sell,1,\n\n1,sell\n", "line 4: 4 cells are needed, got 2"),
        (HEAD + "0,hold,1,\n", "line 2: side must be sell or buy, got 'hold'"),
        (HEAD + "-1,sell,1,\n", "line 2: time must be 0 seconds or more, got -1"),
        (HEAD + "soon,sell,1,\n", "line 2: time must be seconds, or as 2025"),
        (HEAD + "2,sell,1,\n1,sell,1,\n", "line 3: times must not fall, got 1"),
        (HEAD + "2,sell,1,\n2025-10-10,sell,1,\n", "line 3: times must be all"),
        (HEAD + "2025-10-10,sell,1,\n2,sell,1,\n", "line 3: times must be all"),
        (HEAD + "0,sell,0,\n", "line 2: size must be a number above 0, got '0'"),
        (HEAD + "0,sell,nan,\n", "line 2: size must be a number above 0, got 'nan'"),
        (HEAD + "0,sell,1.5,\n", "line 2: size must be a whole number of lots, got 1.5"),
        (HEAD + "0,sell,1,GOLD\n", "line 2: no instrument is called 'GOLD': there are PERP"),
    ],
)
def test_a_line_of_a_file_of_orders(text, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    path, words = refused(FILE)
    assert path == "shocks.0"
    assert "orders.csv" in words
    assert what in words


@pytest.mark.parametrize("kind", ["gap", "price-path", "withdrawal", "oracle-fault"])
def test_the_controls_of_a_contest_leave_the_shock_out(kind):
    shock, background = KINDS[kind]
    scenario = read_scenario(content(shock, background))
    found = run_controls(
        scenario, parse_designs("market-sale,frozen"), 1, reference="market-sale", workers=1
    )
    assert found.error is None
    assert found.tie
    assert found.no_breach
