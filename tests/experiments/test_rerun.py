"""A result run again from what it says of itself: equal to the byte, or what is another."""

import json

import pytest
from typer.testing import CliRunner

import firesale as fs
from experiments.commands import cli
from experiments.scenario.own_code import CodeNotAllowedError
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 300, "populations.0.equity": 30_000, "seconds": 4.0, "horizon": 2.0,
    "shocks.0.at": 1.0, "seeds": 2,
}  # fmt: skip


class Seller(fs.Agent):
    def on_start(self):
        self.sell(100)


@pytest.fixture(scope="module")
def scenario():
    return fs.scenario(SPIRAL, **SMALL)


def command(*words, code=0):
    result = CliRunner().invoke(cli.app, list(map(str, words)))
    assert getattr(result.exception, "code", result.exit_code) == code, result.output
    return result.stdout or str(result.exception)


def written(path, said):
    path.write_text(json.dumps(said))
    return path


def test_a_run_is_the_same_again(scenario, tmp_path):
    for options in (
        {}, {"forced": False}, {"design": "sliced", "parameters": {"lots": 50}, "twin": False},
    ):  # fmt: skip
        run = fs.run(scenario, 3, **options)
        assert fs.rerun(run).equal
        file = written(tmp_path / "run.json", run.summary())
        found = fs.rerun(file)
        assert found.equal
        assert found.other == ()
        assert found.headline() == ["deleveraging-spiral: equal, 1 run to the byte"]
    assert "equal" in command("rerun", file)


def test_what_is_another_is_said_first(scenario, tmp_path):
    said = fs.run(scenario, twin=False).summary()
    digest = said["digest"]
    said |= {"firesale": "0.0.1", "sources": "old", "seed": 4}
    found = fs.rerun(said)
    assert not found.equal
    lines = found.headline()
    assert lines[0].startswith("another version: 0.0.1 then, ")
    assert lines[1].startswith("another sources: old then, ")
    assert lines[2:3] == ["deleveraging-spiral: 1 of 1 run differs"]
    assert lines[3].startswith(f"seed 4: {digest} then, ")
    answer = json.loads(command("rerun", written(tmp_path / "a.json", said), "--json", code=1))
    assert answer["equal"] is False
    assert answer == found.summary()


@pytest.mark.slow
def test_a_spiral_over_seeds_from_the_command_line(scenario, tmp_path):
    scenario.save(tmp_path / "small.toml")
    command("run", tmp_path / "small.toml", "--seeds", 2, "--out", tmp_path / "out")
    found = fs.rerun(tmp_path / "out" / "story.json", workers=1)
    assert found.equal
    assert [one.label for one in found.digests] == [
        "seed 1", "seed 2", "seed 1, nothing forced", "seed 2, nothing forced",
    ]  # fmt: skip
    said = json.loads((tmp_path / "out" / "story.json").read_text())
    said["twins"][1]["digest"] = "0" * 32
    lines = fs.rerun(said, workers=1).headline()
    assert lines[0] == "deleveraging-spiral: 1 of 4 runs differs"
    assert lines[1].startswith("seed 2, nothing forced: 00")


def test_a_market(tmp_path):
    words = ("run", "poisson", "--minutes", 1, "--seed", 5, "--json")
    file = tmp_path / "market.json"
    file.write_text(command(*words))
    assert "poisson: equal" in command("rerun", file)
    said = json.loads(file.read_text())
    assert said["sources"]
    assert not fs.rerun(said | {"seed": 6}).equal


def test_agents_that_were_passed_in_are_needed_again(scenario):
    run = fs.run(scenario, agents=[Seller("seller")], twin=False)
    assert fs.rerun(run).equal
    with pytest.raises(ValueError, match="agents must be those that were passed in, seller, got"):
        fs.rerun(run.summary())
    assert fs.rerun(run.summary(), agents=[Seller("seller")]).equal


def test_own_code_needs_permission_and_a_changed_one_is_said(scenario, tmp_path):
    own = tmp_path / "own.py"
    text = (
        "from lob.liquidation import Stage, StagedDesign\n"
        "def design():\n    return StagedDesign([Stage()])\n"
    )
    own.write_text(text)
    for said in (
        fs.run(scenario, design=f"{own}:design", twin=False).summary(),
        fs.run(
            scenario.with_(**{"clearings.0.liquidation.design": f"{own}:design"}),
            twin=False, allow_code=True,
        ).summary(),
    ):  # fmt: skip
        file = written(tmp_path / "run.json", said)
        own.write_text("raise RuntimeError('run')\n")
        with pytest.raises(CodeNotAllowedError, match=r"design \("):
            fs.rerun(file)
        assert "--allow-code" in command("rerun", file, code=2)
        own.write_text(text)
        assert "equal" in command("rerun", file, "--allow-code")
        own.write_text(text + "# changed\n")
        assert fs.rerun(file, allow_code=True).headline()[0].startswith("other code at ")
        own.write_text(text)


def test_what_cannot_be_run_again_says_so(tmp_path, scenario):
    file = tmp_path / "no.json"
    for text, why in (
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        ("{}", "no scenario or market"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=why):
            fs.rerun(file)
    said = fs.run(scenario, twin=False).summary()
    del said["seed"]
    with pytest.raises(ValueError, match="not whole: KeyError: 'seed'"):
        fs.rerun(said)
    assert "no such file" in command("rerun", tmp_path / "gone.json", code=2)
    file.write_text("{")
    assert "not JSON" in command("rerun", file, code=1)
