"""``firesale validate`` as a command of its own."""

import json

import pytest
import typer
from typer.testing import CliRunner

from experiments.commands.validate import validate_command


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command on a folder of one case."""
    case = {
        "id": "KYLE-1",
        "parameters": {"Sigma0": 1, "sigma_u": 1},
        "expected": [0.5, 1.0, 0.5, 0.5],
        "provenance": "recomputed",
    }
    (tmp_path / "validation.json").write_text(json.dumps([case]))
    monkeypatch.setenv("FIRESALE_CASES", str(tmp_path))
    app = typer.Typer()
    app.command()(validate_command)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_all_cases(run):
    done = run()
    assert done.exit_code == 0
    assert "KYLE-1" in done.stdout
    assert "agrees" in done.stdout


def test_one_as_json(run):
    found = json.loads(run("kyle", "--json").stdout)
    assert found["published"]["price_impact"] == 0.5
    assert found["provenance"] == "recomputed"


def test_other_parameters(run):
    found = json.loads(run("kyle", "--set", "sigma_u=2", "--set", "Sigma0=4", "--json").stdout)
    assert found["published"] is None
    assert found["ours"]["insider_profit_theory"] == 2.0
    assert found["kind"] == "book and agents"


def test_several_as_json(run):
    found = json.loads(run("kyle", "almgren-impact", "--json").stdout)
    assert [row["name"] for row in found] == ["kyle", "almgren-impact"]


def test_list(run):
    rows = json.loads(run("--list", "--json").stdout)
    kyle = next(row for row in rows if row["name"] == "kyle")
    assert kyle["parameters"]["noise_sigma"] == 1.0
    assert kyle["computed_by"] == "book and agents"
    assert kyle["also_called"]["sigma_u"] == "noise_sigma"
    assert "noise_sigma = 1.0" in run("--list").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "nobody"),
        (["kyle", "--set", "sigma_u"], "KEY=VALUE"),
        (["kyle", "--set", "sigma_u=-1"], "-1"),
        (["--set", "sigma_u=1"], "NAME"),
    ],
)
def test_misuse(run, arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_disagreement_is_an_exit_code(run, tmp_path):
    rows = json.loads((tmp_path / "validation.json").read_text())
    rows[0]["expected"][0] = 0.7
    (tmp_path / "validation.json").write_text(json.dumps(rows))
    done = run("KYLE-1")
    assert done.exit_code == 1
    assert "disagrees" in done.stdout


@pytest.mark.parametrize(
    ("target", "setting", "name", "value"),
    [
        ("deleveraging", "cases=[[2, 1, 4]]", "cases", [[2.0, 1.0, 4.0]]),
        ("loss-spiral", "cases=[[1, 0, 0]]", "cases", [[1.0, 0.0, 0.0]]),
        ("perpetual-prices", "cases=[[5, 0.01]]", "cases", [[5.0, 0.01]]),
        ("deleveraging", "(L,A,D)=[[2, 1, 4]]", "cases", [[2.0, 1.0, 4.0]]),
        ("cont-de-larrard", "lambda=mu+theta (per side)=2", "departure", 2.0),
    ],
)
def test_a_parameter_of_any_name(run, target, setting, name, value):
    done = run(target, "--set", setting, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["parameters"][name] == value
