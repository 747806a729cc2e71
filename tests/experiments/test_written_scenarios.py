"""Scenarios written out: as TOML that reads back equal, key by key, and as a start of one's own."""

import json
import re
import tomllib

import pytest
from typer.testing import CliRunner

from experiments.commands import cli
from experiments.scenario.read import read_scenario
from experiments.scenario.ready_scenarios import questions_of_ready_scenarios, ready_scenarios
from experiments.scenario.written import resolved_keys
from tests.small_scenarios import TWO_ASSETS


def run(*arguments):
    result = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("comments", [False, True])
@pytest.mark.parametrize("name", ready_scenarios())
def test_a_scenario_reads_back_equal(name, comments):
    scenario = read_scenario(name)
    again = read_scenario(tomllib.loads(scenario.to_toml(comments=comments)))
    assert again == scenario
    assert again.model_dump() == scenario.model_dump()


@pytest.mark.parametrize("name", ready_scenarios())
def test_the_defaults_in_comments_are_what_holds(name):
    """Uncommented, every ``# key = value`` says what holds without it."""
    scenario = read_scenario(name)
    text = scenario.to_toml(comments=True)
    given = re.sub(r"^# ([a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    assert given != text
    assert read_scenario(tomllib.loads(given)) == scenario


def test_texts_are_quoted_as_toml_wants_them():
    odd = 'a "quoted" \\ line\nbreak, tab\t, \x7f and ü'
    scenario = read_scenario(TWO_ASSETS, {"note": odd})
    assert read_scenario(tomllib.loads(scenario.to_toml())).note == odd


def test_every_key_has_its_value_unit_and_source():
    scenario = read_scenario(TWO_ASSETS, {"populations.0.count": 7})
    keys = {key.path: key for key in resolved_keys(scenario, ["populations.0.count"])}
    assert keys["populations.0.count"][1:4] == (7, "accounts", "set")
    assert keys["populations.0.equity"][1:4] == (7_000, "cash units", "file")
    assert keys["shocks.0.over"][1:4] == (0.0, "seconds", "default")
    assert keys["clearings.0.holdings.1.margin.parameters"].source == "file"
    assert keys["clearings.0.holdings.1.oracle.lag"].source == "default"
    assert all(key.text for key in keys.values())


def test_questions_are_those_of_the_scenarios():
    found = questions_of_ready_scenarios()
    assert found == {name: read_scenario(name).question for name in ready_scenarios()}


def test_list_names_scenarios_and_markets():
    lines = run("list").splitlines()
    assert lines == run("run").splitlines()
    assert lines[0].startswith("black-thursday ")
    assert any(line.startswith("rmsc04 ") for line in lines)
    ready = json.loads(run("list", "--json"))["ready"]
    assert [one["name"] for one in ready] == [line.split()[0] for line in lines]


def test_show_says_what_holds(tmp_path):
    said = run("show", TWO_ASSETS, "--set", "shocks.0.lots=9")
    assert re.search(r"^shocks\.0\.lots +set +lots +9$", said, re.MULTILINE)
    keys = json.loads(run("show", TWO_ASSETS, "--set", "shocks.0.lots=9", "--json"))["keys"]
    assert {"path": "shocks.0.lots", "value": 9, "unit": "lots", "source": "set"}.items() <= next(
        key for key in keys if key["path"] == "shocks.0.lots"
    ).items()
    file = tmp_path / "again.toml"
    file.write_text(run("show", TWO_ASSETS, "--set", "shocks.0.lots=9", "--toml"))
    assert read_scenario(file) == read_scenario(TWO_ASSETS, {"shocks.0.lots": 9})


def test_show_never_runs_code_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("raise SystemExit('imported')\n")
    said = run("show", TWO_ASSETS, "--set", 'clearings.0.liquidation={"design": "own.py:Mine"}')
    assert "own.py:Mine" in said


def test_new_writes_a_scenario_that_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "firesale run mine.toml" in run("new", "mine", "--from", TWO_ASSETS)
    assert read_scenario("mine.toml") == read_scenario(TWO_ASSETS, {"name": "mine"})
    run("new", "mine", "--from", "mine.toml", "--out", "other.toml")
    assert read_scenario("other.toml") == read_scenario("mine.toml")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["new", "a/b"], "NAME must be letters"),
        (["new", "mine", "--from", "nothing"], "no scenario is called 'nothing'"),
        (["new", "mine", "--out", "nowhere/mine.toml"], "there is no folder nowhere"),
        (["new", "there"], "there.toml is there already"),
        (["show", "nothing"], "no scenario is called 'nothing'"),
        (["show", TWO_ASSETS, "--set", "shocks.0.lost=9"], "lost"),
    ],
)
def test_what_cannot_be_shown_or_written_is_one_clear_error(
    arguments, wrong, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.toml").write_text("")
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert wrong in said.err
    assert "Traceback" not in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.toml"]
    assert (tmp_path / "there.toml").read_text() == ""
