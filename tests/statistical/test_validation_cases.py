"""Every published case is validated, shown as context, or left to a part that is yet to come."""

import json

import pytest

from experiments.validation import CONTEXT, LATER, covers, find_target, read_cases, validate
from experiments.validation.cases import Case
from tests.folders import ROOT, folder

FOLDER = folder("FIRESALE_CASES")
FILES = sorted(FOLDER.glob("validation*.json"))
CASES = read_cases(*FILES) if FILES else []

# What the quick tests give up in precision: the bands widen to four standard errors.
QUICK = {
    "santa-fe": {"market_orders": 40_000},
    "santa-fe-scaling": {"market_orders": 100_000},
    "avellaneda-stoikov": {"paths": 20_000},
}


def role(case: Case) -> str:
    """What becomes of a case; fails on one that nobody knows."""
    roles = [
        name
        for name, known in {
            "target": find_target(case.id) is not None,
            "context": covers(list(CONTEXT), case.id) is not None,
            "later": covers(list(LATER), case.id) is not None,
        }.items()
        if known
    ]
    assert roles, f"{case.id} ({case.paper}: {case.quantity}) is of an unknown kind"
    assert len(roles) == 1, f"{case.id} has more than one role: {', '.join(roles)}"
    return roles[0]


@pytest.mark.skipif(not CASES, reason=f"{FOLDER} has no validation*.json")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case):
    """The result lies in its band. Seed 1, stated beside each target; bands in the registry."""
    if role(case) != "target":
        return
    target = find_target(case.id)
    result = validate(case.id, CASES, **QUICK.get(target.name, {}))
    assert result.published, f"{case.id}: nothing published was read"
    assert result.band, f"{case.id}: nothing is compared"
    if target.bands:  # none: the published value is shown beside ours, which is held to theory
        assert set(result.published) <= set(result.band), f"{case.id}: a value has no band"
    assert result.verdict == "agrees", result.note


@pytest.mark.slow
@pytest.mark.skipif(not CASES, reason=f"{FOLDER} has no validation*.json")
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if find_target(case.id) and find_target(case.id).name in QUICK],
    ids=lambda case: case.id,
)
def test_case_in_full(case):
    """The same without the short cut."""
    result = validate(case.id, CASES)
    assert result.verdict == "agrees", result.note


def test_every_case_has_one_role():
    for case in CASES:
        role(case)


@pytest.mark.skipif(not CASES, reason=f"{FOLDER} has no validation*.json")
def test_every_case_is_in_the_documentation():
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    for case in CASES:
        shown = f"| {case.id} |" if role(case) == "target" else f"- `{case.id}` ("
        assert shown in text, case.id


def test_unknown_kind_is_named():
    stranger = Case("NEW-1", "Somebody 2030", "something", {}, 1.0, "", "read", "", "")
    with pytest.raises(AssertionError, match=r"NEW-1 .Somebody 2030: something. is of an unknown"):
        role(stranger)


def test_other_numbers_of_the_same_kind(tmp_path):
    """A file with other numbers is read as it stands; closed forms worked out by hand."""
    rows = [
        {"id": "KYLE-9", "parameters": {"Sigma0": 4, "sigma_u": 2}, "expected": [0.5, 1, 0.5, 2]},
        {
            "id": "KYLE-wrong",
            "parameters": {"Sigma0": 4, "sigma_u": 2},
            "expected": [0.6, 1, 0.5, 2],
        },
        {"id": "GM", "parameters": {"a": 0.5}, "expected": {"ask k=0..1": [0.75, 0.9]}},
        {"id": "HAWKES", "parameters": {"n": [0.25]}, "expected": {"size": [4 / 3]}},
        {"id": "KYLE-odd", "parameters": {"Sigma7": 4}, "expected": [0.5, 1, 0.5, 2]},
        {"id": "AC-x", "parameters": {}, "expected": {"profit": 3}},
    ]
    path = tmp_path / "validation.json"
    path.write_text(json.dumps(rows))
    cases = read_cases(path)
    assert validate("KYLE-9", cases[:1]).verdict == "agrees"
    wrong = validate("KYLE-wrong", cases[1:2])
    assert wrong.verdict == "disagrees"
    assert "price_impact" in wrong.note
    assert validate("GM", cases[2:3]).verdict == "agrees"
    assert validate("HAWKES", cases[3:4], clusters=20_000).verdict == "agrees"
    with pytest.raises(ValueError, match="KYLE-odd: kyle has no parameter 'Sigma7'"):
        validate("KYLE-odd", cases[4:5])
    with pytest.raises(ValueError, match="AC-x: no reader for profit"):
        validate("AC-x", cases[5:])


def test_published_values_count_only_at_their_own_parameters():
    cases = [
        Case(
            "KYLE-1", "", "", {"Sigma0": 1, "sigma_u": 1}, [0.5, 1, 0.5, 0.5], "", "memory", "", ""
        )
    ]
    assert validate("kyle", cases, draws=10_000).published is not None
    assert "not verified" in validate("kyle", cases).provenance
    moved = validate("kyle", cases, sigma_u=2.0)
    assert moved.published is None
    assert moved.verdict == "agrees"  # the simulation still agrees with the closed form
    assert moved.ours["price_impact_theory"] == 0.25


def test_every_file_of_cases_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRESALE_CASES", str(tmp_path))
    with pytest.raises(OSError, match="no validation"):
        read_cases()
    for name, number in (("validation", 1), ("validation-2", 2), ("liquidation", 3)):
        rows = [{"id": f"KYLE-{number}", "expected": [0.5, 1, 0.5, 0.5]}]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    assert [case.id for case in read_cases()] == ["KYLE-1", "KYLE-2"]
    (tmp_path / "validation-3.json").write_text(json.dumps(rows))
    assert [case.id for case in read_cases()] == ["KYLE-1", "KYLE-2", "KYLE-3"]
    (tmp_path / "validation-4.json").write_text(json.dumps(rows))
    with pytest.raises(ValueError, match=r"validation-4.json: a case of the id 'KYLE-3' was read"):
        read_cases()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("{}", "a list of cases is expected, got dict"),
        ("[3]", "case 0: an object is expected, got 3"),
        ('[{"id": "X"}]', "case 0: expected is missing"),
        ('[{"id": 4, "expected": 1}]', "case 0: id must be text"),
    ],
)
def test_bad_file(tmp_path, content, message):
    path = tmp_path / "validation.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_cases(path)
