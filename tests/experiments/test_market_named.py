"""A market file stands wherever a command or function takes a ready market."""

import json

import pytest

from experiments.calibration.named_markets import is_market, is_market_file, market_named
from experiments.commands.cli import main
from experiments.markets import MARKETS
from experiments.questions import impact
from experiments.scenario.read import read_scenario, ready_scenarios
from tests.experiments.test_backgrounds import template
from tests.experiments.test_market_file import market


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "market.toml").write_text(market("poisson").to_toml())
    return tmp_path


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(one) for one in arguments])
    said = capsys.readouterr()
    return caught.value.code or 0, said.out, said.err


def test_a_market_file_is_told_from_a_scenario_and_from_order_flow(folder):
    (folder / "scenario.toml").write_text(read_scenario(ready_scenarios()[0]).to_toml())
    (folder / "rows.csv").write_text("time,price\n")
    (folder / "broken.toml").write_text("a =")
    assert is_market_file("market.toml")
    assert is_market_file(folder / "market.toml")
    for other in ("scenario.toml", "rows.csv", "broken.toml", "none.toml", 3):
        assert not is_market(other)
    assert all(map(is_market, MARKETS))
    assert market_named("rmsc04") is MARKETS["rmsc04"]
    with pytest.raises(ValueError, match="no market is called 'rmsc4', and it is no market file"):
        market_named("rmsc4")


def test_it_runs_and_runs_again_to_the_same_digest(folder, capsys):
    code, out, _ = run(capsys, "run", "market.toml", "--minutes", 0.2, "--out", "tapes", "--json")
    said = json.loads(out)
    assert (code, said["market"], said["messages"] > 50) == (0, "market.toml", True)
    code, out, _ = run(capsys, "rerun", "tapes/market.json")
    assert code == 0
    changed = (folder / "market.toml").read_text().replace("mu = 1", "mu = 3")
    (folder / "market.toml").write_text(changed)
    code, out, _ = run(capsys, "rerun", "tapes/market.json")
    assert code == 1
    assert "another file at market" in out


def test_what_stands_beside_the_tapes_of_a_ready_market_is_run_again(capsys):
    arguments = ("poisson", "--minutes", 0.1, "--set", "speed=30", "--out", "tapes")
    assert run(capsys, "run", *arguments)[0] == 0
    code, _, err = run(capsys, "rerun", "tapes/market.json")
    assert (code, err) == (0, "")


def test_it_is_sold_into_measured_and_scored(capsys):
    arguments = ("market.toml", "--sell", 20, "--at", "20s", "--seeds", 2, "--json")
    code, out, _ = run(capsys, "impact", *arguments)
    assert (code, json.loads(out)["size"]) == (0, 20)
    assert impact("market.toml", 20, at="20s", seeds=2).size == 20
    code, out, _ = run(capsys, "facts", "market.toml", "--minutes", 2, "--json")
    assert (code, json.loads(out)["source"]) == (0, "market.toml")


def test_mistakes_of_its_file_are_told(folder, capsys):
    bad = (folder / "market.toml").read_text().replace("theta", "thetta")
    (folder / "market.toml").write_text(bad)
    for command in (("impact", "market.toml", "--sell", 3), ("run", "market.toml")):
        code, _, err = run(capsys, *command)
        assert code == 2
        assert "did you mean theta" in err
    code, _, err = run(capsys, "impact", "none.toml", "--sell", 3)
    assert (code, "no market is called 'none.toml'" in err) == (2, True)


def test_an_answer_about_a_scenario_has_the_digests_of_its_files(folder, capsys):
    asked = template({"kind": "fitted", "file": "market.toml", "price": 1_000})
    (folder / "scenario.toml").write_text(read_scenario(asked, {"seeds": 2}).to_toml())
    code, out, _ = run(capsys, "run", "scenario.toml", "--json")
    ((path, digest),) = json.loads(out)["files"].items()
    assert (code, path, len(digest)) == (0, "instruments.0.background.file", 32)
