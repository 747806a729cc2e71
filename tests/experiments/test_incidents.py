"""Incidents whose outcome is known: each is played, and its verdict is the one that docs state."""

import json
from dataclasses import replace

import pytest

from experiments.studies.incidents.library import INCIDENTS, incidents
from experiments.studies.incidents.record import Finding, Incident, Played
from experiments.studies.incidents.solend import fall_to
from tests.experiments.command_line import fail, run
from tests.folders import ROOT

NOT_REPRODUCED: set[str] = set()
PAGE = (ROOT / "docs" / "studies" / "incidents.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_verdict_is_the_one_that_is_stated(name):
    result = INCIDENTS[name].run()
    assert result.findings
    assert result.reproduced == (name not in NOT_REPRODUCED), result.verdict
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
    assert ("not reproduced" in row) == (name in NOT_REPRODUCED)
    assert not result.reproduced or result.verdict == "reproduced"
    assert result.seconds < 30


def test_at_least_nine_of_twelve_hold():
    assert len(INCIDENTS) == 12
    assert len(INCIDENTS) - len(NOT_REPRODUCED) >= 9


def test_every_incident_says_what_it_was_given():
    for one in INCIDENTS.values():
        assert one.sourced
        assert one.chosen
        assert one.check
        assert one.title
        assert one.date
        # A reason is stated of those, and only of those, that are known not to come out.
        assert bool(one.reason) == (one.name in NOT_REPRODUCED)


def test_what_does_not_come_out_says_so_with_its_reason():
    maker = replace(INCIDENTS["maker"], reason="a reason")
    result = maker.run()
    missed = replace(
        result, findings=(result.findings[0]._replace(found=0.0), *result.findings[1:])
    )
    assert not missed.reproduced
    assert "share of zero bids" in missed.verdict
    assert "a reason" in missed.verdict


def test_the_same_run_gives_the_same_figures():
    for name in ("euler", "jelly", "bzx"):
        assert INCIDENTS[name].run().findings == INCIDENTS[name].run().findings


@pytest.mark.parametrize(
    ("found", "stated", "within", "holds"),
    [(1.0, 1.0, 0.0, True), (1.009, 1.0, 0.01, True), (1.02, 1.0, 0.01, False), (1, 0, 0.0, False),
     (0, 0, 0.0, True), (-0.95, -1.0, 0.1, True), (float("nan"), 1.0, 0.1, False)],
)  # fmt: skip
def test_a_finding_holds_within_its_tolerance(found, stated, within, holds):
    assert Finding("", found, stated, within).holds is holds


def test_what_does_not_hold_is_named_with_its_reason():
    simulation, _, _ = fall_to(2_230)
    played = Played((Finding("one", 1, 1, 0), Finding("two", 1, 2, 0)), (simulation,))
    one = Incident("x", "t", "d", ("s",), ("c",), "check", lambda: played, reason="why")
    assert one.run().verdict == "not reproduced (two): why"
    assert replace(one, reason="").run().verdict == "not reproduced (two)"


def test_the_library_is_a_mapping_and_refuses_what_it_does_not_know():
    library = incidents()
    assert list(library) == list(INCIDENTS)
    assert len(library) == 12
    assert list(library.frame()["name"]) == list(INCIDENTS)
    with pytest.raises(KeyError, match="no incident is called 'x': there are bzx"):
        library["x"]
    with pytest.raises(ValueError, match="no incident is called 'x': there are bzx"):
        library.run("solend", "x")
    study = library.run("solend", "capo")
    assert study.headline() == ["2 of 2 incidents reproduced"]
    assert set(study.frame()["incident"]) == {"solend", "capo"}
    assert study.frame()["holds"].all()
    assert study.plot().data
    json.dumps(study.summary(), allow_nan=False)


def test_the_command_lists_and_plays():
    code, listed = run("incidents")
    assert code == 0
    assert [line.split()[0] for line in listed.splitlines()] == list(INCIDENTS)
    known = json.loads(run("incidents", "--json")[1])["incidents"]
    assert [one["name"] for one in known] == list(INCIDENTS)
    told = run("incidents", "run", "mango")[1]
    assert "sourced:" in told
    assert "chosen:" in told
    assert "check:" in told
    assert "reproduced" in told
    found = json.loads(run("incidents", "run", "mango", "solend", "--json")[1])
    assert (found["reproduced"], found["of"]) == (2, 2)


@pytest.mark.parametrize("words", [("nobody",), (), ("mango", "--all")])
def test_the_command_refuses_what_it_cannot_play(capsys, words):
    assert fail(capsys, "incidents", "run", *words)[0] == 2
