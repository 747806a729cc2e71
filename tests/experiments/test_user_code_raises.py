"""A design of the user's own that raises, exits or hangs: whose fault it is, and what is kept."""

import json
from typing import ClassVar

import pytest

import experiments.scenario.build as build_module
from experiments.commands import cli
from experiments.contest.compare import hold_contest
from experiments.contest.designs import parse_designs
from experiments.runs.run import run_scenario
from experiments.runs.workers import JobError
from experiments.scenario.designs import DESIGNS, make_design
from experiments.scenario.read import read_scenario
from experiments.scenario.user_code import UserCodeError, load_user_code
from experiments.studies.spiral import study_spiral
from lob.liquidation import LiquidationDesign
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 40,
    "populations.0.equity": 100_000,
    "populations.0.leverage": [10.0, 30.0],
    "seconds": 2.5,
    "horizon": 0.5,
    "shocks.0.at": 1.0,
    "instruments.0.background.window": 2_000,
}
SETTINGS = [f"--set={key}={value}" for key, value in SMALL.items()]
SOURCE = """
import sys
from dataclasses import dataclass

from lob.liquidation import LiquidationDesign, Stage, StagedDesign
from lob.liquidation.offers import AtPrice


@dataclass(frozen=True)
class Path:
    how: str
    equity: int = 0

    def quote(self, design, case, holding):
        if self.how == "raises":
            return inner(0)
        if self.how == "words":
            raise ValueError("one\\ntwo [red]:boom:[/red]")
        if self.how == "own":
            raise Own
        if self.how == "exits":
            sys.exit("enough")
        if self.how == "hangs":
            while True:
                pass
        if self.how == "nothing":
            return None
        if self.how == "some" and design.equity(case) == self.equity:
            raise LookupError("this one")
        return AtPrice(design.mark(holding))


class Own(Exception):
    pass


def inner(number):
    return 1 / number


def design(how="raises", equity=0):
    return StagedDesign([Stage(price_path=Path(how, equity))])


def boom(share=3):
    return inner(0)


def bad(every=0):
    return StagedDesign([Stage(every=every)])


def needs(one):
    return StagedDesign([Stage()])


class Endless(LiquidationDesign):
    def on_failure(self, case):
        self.call_back(case, self.opened(case))

    def on_due(self, case, ts):
        self.call_back(case, ts)
"""


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(SPIRAL, SMALL)


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    file = tmp_path_factory.mktemp("own") / "mine.py"
    file.write_text(SOURCE)
    return file


def line_of(part):
    return next(i for i, line in enumerate(SOURCE.splitlines(), 1) if part in line)


def contest(scenario, mine, how):
    designs = parse_designs(f"market-sale,x={mine}:design(how={how})")
    return hold_contest(scenario, designs, [1, 2], workers=1)


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(one) for one in arguments])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def test_what_raises_is_told_with_its_own_place_and_the_others_are_kept(scenario, mine):
    held = contest(scenario, mine, "raises")
    assert [(row["label"], row["seed"]) for row in held.failed] == [("x", 1), ("x", 2)]
    row = held.failed[0]
    place = f"mine.py, line {line_of('return 1 / number')}, in inner"
    assert row["error"] == f"{place}: ZeroDivisionError: division by zero"
    assert row["trace"].startswith("Traceback of your code (most recent call last):\n")
    assert f'mine.py", line {line_of("return inner(0)")}, in quote' in row["trace"]
    assert "staged.py" not in row["trace"]
    kept = [one for one in held.rows if one["label"] == "market-sale"]
    assert [one["error"] for one in kept] == [None, None]
    assert kept[0]["criteria"]["liquidations"] > 0
    assert held.broken == ["x"]
    assert held.pareto()["market-sale"] == 1
    assert held.pareto()["x"] != held.pareto()["x"]


def test_a_message_of_several_lines_is_one_line_of_ours(scenario, mine):
    row = contest(scenario, mine, "words").failed[0]
    assert row["error"].endswith(": ValueError: one two [red]:boom:[/red]")
    assert row["trace"].endswith("ValueError: one\ntwo [red]:boom:[/red]")


def test_what_the_user_calls_it_is_what_it_is_called(scenario, mine):
    row = contest(scenario, mine, "own").failed[0]
    assert row["error"].endswith("in quote: Own")
    assert "firesale_user_" not in row["error"] + row["trace"]


def test_code_that_exits_ends_its_run_and_no_other(scenario, mine):
    held = contest(scenario, mine, "exits")
    assert [row["error"].rpartition("in quote: ")[2] for row in held.failed] == [
        "SystemExit: enough"
    ] * 2
    assert len(held.rows) == 4


def test_code_that_answers_nonsense_is_named_though_ours_trips(scenario, mine):
    row = contest(scenario, mine, "nothing").failed[0]
    assert row["error"].startswith(f"design {mine}:design: AttributeError: ")


def test_code_that_hangs_is_stopped_and_named(scenario, mine, monkeypatch):
    monkeypatch.setattr(build_module, "HOOK_SECONDS", 0.5)
    row = contest(scenario, mine, "hangs").failed[0]
    assert row["error"].startswith("mine.py, line ")
    assert "its hook took more than 0.5 s and was stopped" in row["error"]
    assert "in quote\n" in row["trace"]
    assert "staged.py" not in row["trace"].partition("RuntimeError")[0]


def test_a_hook_may_not_take_for_ever():
    assert 10 <= build_module.HOOK_SECONDS <= 60


def test_a_design_that_never_ends_is_stopped_and_named(scenario, mine):
    designs = parse_designs(f"market-sale,{mine}:Endless")
    held = hold_contest(scenario, designs, [1, 2], workers=1)
    assert len(held.failed) == 2
    assert "the clock does not move: Endless of clearing 'clearing'" in held.failed[0]["error"]
    assert f"design {mine}:Endless: " in held.failed[0]["error"]
    # What a class without a signature takes is not known: it is asked for nothing.
    assert held.forms[f"{mine}:Endless"] == "fund"


class Watch(LiquidationDesign):
    """Does nothing but note what accounts have left when they fail."""

    seen: ClassVar[list[int]] = []

    def on_failure(self, case):
        self.seen.append(self.equity(case))


@pytest.fixture(scope="module")
def some(scenario, mine):
    """The scenario with a design that raises with the second seed alone."""
    seen = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DESIGNS, "watch", Watch)
        for seed in (1, 2):
            Watch.seen.clear()
            run_scenario(scenario, seed, design="watch")
            seen[seed] = list(Watch.seen)
    equity = next(one for one in seen[2] if one not in seen[1])
    return read_scenario(
        SPIRAL,
        {
            **SMALL,
            "clearings.0.liquidation.design": f"{mine}:design",
            "clearings.0.liquidation.parameters": {"how": "some", "equity": equity},
        },
    )


def test_a_run_keeps_the_seeds_that_did_not_raise(some):
    study = study_spiral(some, [1, 2], workers=1)
    assert study.seeds == (1,)
    assert [(one.seed, one.trace is None) for one in study.failed] == [(2, False)]
    first, second, *_ = study.headline()
    assert first.startswith("FAILED, and left out of 2 seeds: mine.py, line ")
    assert first.endswith("LookupError: this one (the run of seed 2)")
    assert second.startswith("deleveraging-spiral, 1 seed: ")
    assert study.summary()["failed"][0]["seed"] == 2
    assert study.summary()["seeds"] == [1]


def test_a_run_whose_seeds_all_raise_has_no_answer(mine):
    lost = {**SMALL, "clearings.0.liquidation.design": f"{mine}:design"}
    with pytest.raises(JobError, match=r"ZeroDivisionError.*\(the run of seed 1\)") as caught:
        study_spiral(read_scenario(SPIRAL, lost), [1, 2], workers=1)
    assert caught.value.trace.startswith("Traceback of your code")


def test_the_commands_exit_with_1_the_trace_and_the_seed(mine, tmp_path, capsys):
    design = f"--set=clearings.0.liquidation.design={mine}:design"
    arguments = ["run", SPIRAL, "--seeds", "1", "--seed", "3", *SETTINGS, design]
    code, out, err = told(capsys, *arguments, "--out", tmp_path / "run")
    assert (code, out) == (1, "")
    first, *trace = err.splitlines()
    assert first.startswith("firesale: mine.py, line ")
    assert first.endswith("ZeroDivisionError: division by zero (the run of seed 3)")
    assert trace[0] == "Traceback of your code (most recent call last):"
    assert trace[-1] == "ZeroDivisionError: division by zero"
    assert list((tmp_path / "run").iterdir()) == []
    code, out, _ = told(capsys, *arguments, "--json")
    assert code == 1
    assert json.loads(out)["trace"].startswith("Traceback of your code")
    stress = ["stress", *arguments[1:], "--most", "1", "--steps", "1"]
    code, out, err = told(capsys, *stress)
    assert (code, out) == (1, "")
    assert err.startswith("firesale: mine.py, line ")


def test_compare_shows_the_others_and_exits_with_1(mine, tmp_path, capsys):
    arguments = [
        "compare", SPIRAL, "--designs", f"market-sale,x:a:=x={mine}:design",
        "--seeds", "2", "--seed", "3", "--workers", "1", "--fast", *SETTINGS,
    ]  # fmt: skip
    code, _, err = told(capsys, *arguments)
    assert code == 2
    arguments[3] = f"market-sale,:boom:={mine}:design"
    code, out, err = told(capsys, *arguments, "--out", tmp_path)
    assert code == 1
    assert ":boom:" in out
    assert "FAILED (:boom:): 2 runs raised, seeds 3, 4: mine.py, line " in " ".join(out.split())
    assert "nan" not in out
    assert "raised" in out.splitlines()[-2]
    lines = err.splitlines()
    assert lines[0].startswith("firesale: a run failed: :boom:, market base, seed 3: mine.py, ")
    assert lines[-1] == "firesale: the run comes again with --seed 3 --seeds 2"
    assert err.count("Traceback of your code") == 1
    said = json.loads((tmp_path / "contest.json").read_text(encoding="utf-8"))
    assert said["designs"][":boom:"]["failed_runs"] == 2
    assert said["designs"][":boom:"]["pareto_frequency"] is None
    assert said["designs"]["market-sale"]["criteria"]["drop"]["mean"] > 0
    page = (tmp_path / "contest.html").read_text(encoding="utf-8")
    assert ":boom:" in page
    assert "no line: :boom:" in page or "raised" in page


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("boom", 1, "design {}:boom: mine.py, line {}, in inner: ZeroDivisionError: division by"),
        ("bad", 1, "design {}:bad: mine.py, line "),
        ("boom(shaer=1)", 2, "design {}:boom: no parameter is called 'shaer': did you mean share?"),
        ("needs", 2, "design {}:needs: needs() missing 1 required positional argument: 'one'"),
        ("nothing", 2, "{} has nothing called 'nothing' that can be called"),
    ],
)
def test_what_raises_while_it_is_made_is_told_from_a_wrong_parameter(
    mine, capsys, name, code, said
):
    ended, out, err = told(
        capsys, "compare", SPIRAL, "--fast", "--designs", f"market-sale,{mine}:{name}"
    )
    assert (ended, out) == (code, "")
    said = said.format(mine, line_of("return 1 / number"))
    assert err.removeprefix("firesale: ").startswith(said)
    assert ("Traceback of your code" in err) == (code == 1)
    assert "shock 0" not in err


@pytest.mark.parametrize(
    ("content", "said", "trace"),
    [
        ("1 / 0", "broken.py, line 1, in <module>: ZeroDivisionError: division", "    1 / 0\n"),
        ("x = 1\ndef (", "broken.py, line 2: SyntaxError: invalid syntax", "    def (\n"),
        ("import sys\nsys.exit(0)", "broken.py, line 2, in <module>: SystemExit: 0", "sys.exit"),
        ("import nowhere", "broken.py, line 1, in <module>: ModuleNotFoundError", "nowhere"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_as_python_tells_it(
    tmp_path, capsys, content, said, trace
):
    file = tmp_path / "broken.py"
    file.write_text(content)
    designs = f"market-sale,{file}:design"
    code, _, err = told(capsys, "compare", SPIRAL, "--fast", "--designs", designs)
    assert code == 1
    assert said in err.splitlines()[0]
    assert trace in err
    with pytest.raises(UserCodeError):
        load_user_code(f"{file}:design")


def test_names_of_files_that_rich_would_read_are_left_alone(tmp_path, capsys):
    file = tmp_path / "[red].py"
    file.write_text(SOURCE)
    with pytest.raises(ValueError, match=r"\[red\]\.py:boom"):
        make_design(f"{file}:boom", {})
