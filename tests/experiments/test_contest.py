"""The contest: the same numbers for all, controls, resuming, and a worker that is killed."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from experiments.commands import cli
from experiments.contest import compare, trial
from experiments.contest.compare import hold_contest, hold_contests
from experiments.contest.controls import run_controls
from experiments.contest.designs import ContestDesign, parse_design, parse_designs
from experiments.contest.trial import Group, run_group
from experiments.metrics.criteria import CRITERIA
from experiments.runs import run
from experiments.runs.store import RunStore
from experiments.scenario.read import read_scenario
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 300,
    "populations.0.equity": 30_000,
    "seconds": 7.0,
    "horizon": 2.0,
    "instruments.0.background.mu": 50.0,
    "instruments.0.background.alpha": 2.5,
    "shocks.0.lots": 12_000,
}


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(SPIRAL, SMALL)


@pytest.fixture(scope="module")
def contest(scenario):
    designs = parse_designs("market-sale,staged-market-sale,sliced(lots=20,every=0.05)")
    return hold_contest(scenario, designs, range(1, 5), workers=2, pictures=True)


def test_designs_are_read_with_labels_and_parameters():
    found = parse_designs("market-sale, slow=sliced(lots=5, every=0.5),tiered(patience=2.5)")
    assert found == [
        ContestDesign("market-sale", "market-sale", {}, "preset"),
        ContestDesign("slow", "sliced", {"lots": 5, "every": 0.5}, "given"),
        ContestDesign("tiered(patience=2.5)", "tiered", {"patience": 2.5}, "given"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nope", "no design is called 'nope'"),
        ("sliced(lot=5)", "lot"),
        ("sliced(5)", "KEY=VALUE"),
        ("dutch(,)", "KEY=VALUE"),
        ("dutch(step=30,)", "KEY=VALUE"),
        ("dutch(step=30,step=60)", "step is given twice"),
        ("dutch(step=true)", "step must be an integer, got True"),
        ("sliced(lots=true)", "lots must be an integer, got True"),
        ("sliced(every=true)", "every must be a number, got True"),
        ("stability-pool(version=true)", "version must be one of"),
        ("a=", "is no design"),
        ("market-sale,market-sale", "two designs are called 'market-sale'"),
        (" , ", "no design is given"),
    ],
)
def test_what_is_no_design_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        parse_designs(text)


def test_a_contest_has_a_row_for_every_run(contest):
    assert contest.failed == []
    assert len(contest.rows) == 12
    assert {(row["label"], row["seed"]) for row in contest.rows} == {
        (label, seed) for label in contest.labels for seed in range(1, 5)
    }
    in_order = [(seed, label) for seed in range(1, 5) for label in contest.labels]
    assert [(row["seed"], row["label"]) for row in contest.rows] == in_order
    for row in contest.rows:
        assert set(row["criteria"]) == {one.name for one in CRITERIA}
        assert row["criteria"]["liquidations"] > 0
    assert contest.reference == "market-sale"


def test_the_same_design_in_two_forms_ties_exactly(contest):
    digests = {(row["label"], row["seed"]): row["digest"] for row in contest.rows}
    for seed in contest.seeds:
        assert digests["market-sale", seed] == digests["staged-market-sale", seed]
        assert digests["market-sale", seed] != digests["sliced(lots=20,every=0.05)", seed]
    for (label, name), found in contest.differences().items():
        if label == "staged-market-sale" and found.seeds:
            assert found[:3] == (0, 0, 0), name
            assert not found.certain
    pareto = contest.pareto()
    assert pareto["market-sale"] == pareto["staged-market-sale"]


def test_a_slower_design_differs(contest):
    found = contest.differences()["sliced(lots=20,every=0.05)", "time_unsafe"]
    assert found.estimate > 0
    times = contest.values("time_unsafe")
    assert found.estimate == pytest.approx((times[2] - times[0]).mean())
    ranking = contest.ranking("time_unsafe")
    assert ranking == {
        "market-sale": 1, "staged-market-sale": 1, "sliced(lots=20,every=0.05)": 3
    }  # fmt: skip


def test_the_first_seed_has_pictures(contest):
    drawn = [row for row in contest.rows if "path" in row]
    assert {row["seed"] for row in drawn} == {1}
    for row in drawn:
        seconds, ticks = row["path"]
        assert len(seconds) == len(ticks) <= trial.POINTS
        assert sum(nodes for nodes, _ in row["generations"]) <= row["criteria"]["liquidations"]
        assert max(ticks) - min(ticks) >= row["criteria"]["drop"]


def test_a_contest_is_ready_for_json(contest):
    said = json.loads(json.dumps(contest.summary(), allow_nan=False))
    assert list(said["designs"]) == contest.labels
    one = said["designs"]["sliced(lots=20,every=0.05)"]
    assert one["criteria"]["time_unsafe"]["difference"]["estimate"] > 0
    assert one["tails"]["var_95"]["upper"] is None, "four seeds bound nothing"
    assert one["how"] == "given"
    assert len(said["runs"]) == 12


def test_all_cores_find_what_one_does(scenario, contest):
    alone = hold_contest(scenario, contest.designs[:1], contest.seeds, workers=1, pictures=False)
    for row in alone.rows:
        (same,) = [
            one for one in contest.rows
            if one["label"] == row["label"] and one["seed"] == row["seed"]
        ]  # fmt: skip
        assert same["digest"] == row["digest"]
        assert repr(same["criteria"]) == repr(row["criteria"])


def test_controls_hold(scenario, contest):
    found = run_controls(scenario, contest.designs, 1, reference="market-sale", workers=1)
    assert found.tie
    assert found.no_breach
    assert found.passed
    assert found.failures == 0


def test_a_run_of_the_contest_must_tie_with_the_control(scenario, contest):
    own = contest.rows[0]
    for known, ties in ((own, True), ({**own, "digest": "another"}, False)):
        found = run_controls(
            scenario, contest.designs[:1], 1, reference="market-sale", workers=1, known=known
        )
        assert found.tie is ties
        assert found.passed is ties


def test_a_control_that_cannot_be_had_is_said(scenario):
    """Half the margin of the least leverage: they fail at the first price."""
    failing = read_scenario(
        SPIRAL,
        {**SMALL, "populations.0.leverage": [90.0, 110.0], "allow_failed_at_start": True},
    )
    found = run_controls(
        failing, parse_designs("market-sale,tiered"), 1, reference="market-sale", workers=1
    )
    assert found.no_breach is None
    assert found.failures > 0
    assert f"{found.failures} accounts fail" in found.told()


def test_a_failed_run_is_a_row(scenario, monkeypatch):
    def run_scenario(scenario, seed, *, forced=True, design=None, **rest):
        if design == "tiered":
            raise RuntimeError("out of steam")
        return real(scenario, seed, forced=forced, design=design, **rest)

    real = trial.run_scenario
    monkeypatch.setattr(trial, "run_scenario", run_scenario)
    found = hold_contest(scenario, parse_designs("market-sale,tiered"), range(1, 3), workers=1)
    assert [row["error"] for row in found.failed] == ["RuntimeError: out of steam"] * 2
    assert np.isnan(found.mean("tiered", "drop").estimate)
    assert found.amplification("tiered") is None
    assert found.tails("tiered") is None
    json.dumps(found.summary(), allow_nan=False)


def test_a_contest_resumes(scenario, tmp_path, monkeypatch):
    designs = parse_designs("market-sale,tiered")
    store = RunStore(tmp_path)
    first = hold_contest(scenario, designs, range(1, 3), store=store, workers=1)
    ran = []
    monkeypatch.setattr(compare, "run_group", lambda group: ran.append(group) or run_group(group))
    again = hold_contest(scenario, designs, range(1, 4), store=RunStore(tmp_path), workers=1)
    assert [group.seed for group in ran] == [3], "two seeds are there already"
    assert {row["digest"] for row in first.rows} <= {row["digest"] for row in again.rows}
    assert len(again.rows) == 6
    # Other parameters are another run; another label of the same design is not.
    ran.clear()
    more = parse_designs("again=market-sale,tiered(patience=1.0)")
    hold_contest(scenario, more, range(1, 3), store=RunStore(tmp_path), workers=1)
    assert [[one.label for one in group.designs] for group in ran] == [
        ["tiered(patience=1.0)"]
    ] * 2  # fmt: skip


def kill_after_the_first_run(group):
    """What a worker does, but it is killed the first time when one run of three is done."""
    done = Path(group.log) / "killed"
    if group.seed == 2 and not done.exists():
        run_group(group._replace(designs=group.designs[:1]))
        done.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run_group(group)


def test_a_killed_worker_loses_no_finished_run(scenario, contest, tmp_path, monkeypatch):
    store = RunStore(tmp_path)
    monkeypatch.setattr(compare, "run_group", kill_after_the_first_run)
    monkeypatch.setattr(store, "compact", lambda **running: None)
    found = hold_contest(scenario, contest.designs, contest.seeds, store=store, workers=2)
    assert (store.log / "killed").exists()
    assert found.failed == []
    assert {row["digest"] for row in found.rows} == {row["digest"] for row in contest.rows}
    lines = [line for path in store.log.glob("*.log") for line in path.read_text().splitlines()]
    assert len(lines) == 12, "the run that was done before the death was not done again"


def test_a_group_that_kills_every_worker_is_rows_with_an_error(scenario, monkeypatch):
    monkeypatch.setattr(compare, "run_group", always_killed)
    found = hold_contest(scenario, parse_designs("market-sale,tiered"), range(1, 4), workers=2)
    assert {row["seed"] for row in found.failed} == {2}
    assert len(found.rows) == 6
    assert "the worker died" in found.failed[0]["error"]


def always_killed(group):
    if group.seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_group(group)


def test_several_markets_at_once(scenario):
    worse = read_scenario(SPIRAL, {**SMALL, "shocks.0.lots": 14_000})
    found = hold_contests(
        {"base": scenario, "worse": worse}, [parse_design("market-sale")], [1, 2], workers=1
    )
    assert found["worse"].mean("market-sale", "drop") > found["base"].mean("market-sale", "drop")
    assert found["base"].differences() == {}


@pytest.mark.parametrize("seeds", [[1], [], [1, 1]])
def test_seeds_must_be_two_or_more(scenario, seeds):
    with pytest.raises(ValueError, match="seeds"):
        hold_contest(scenario, [parse_design("market-sale")], seeds)


def test_the_reference_must_take_part(scenario):
    with pytest.raises(ValueError, match="reference must be one of"):
        hold_contest(scenario, [parse_design("tiered")], [1, 2], reference="market-sale")


def test_the_group_of_a_seed_shares_its_twin(scenario, tmp_path, monkeypatch):
    built = []
    real = run.build
    monkeypatch.setattr(
        run, "build", lambda *a, **k: built.append(k.get("forced", True)) or real(*a, **k)
    )
    run_group(Group(scenario, "base", 1, tuple(parse_designs("market-sale,tiered")), tmp_path))
    assert built == [True, False, True], "the twin is built when the first run needs it"


def compare_command(*arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(["compare", *map(str, arguments)])
    return ended.value.code


SETTINGS = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]


def test_the_command_tells_and_writes(tmp_path, capsys):
    code = compare_command(
        SPIRAL, *SETTINGS, "--designs", "market-sale,tiered", "--seeds", 2,
        "--out", tmp_path, "--workers", 1,
    )  # fmt: skip
    said = capsys.readouterr().out
    assert code == 0
    assert "market-sale" in said
    assert "bad_debt" in said
    assert json.loads((tmp_path / "contest.json").read_text())["seeds"] == [1, 2]
    assert list((tmp_path / "runs").glob("*.parquet"))


def test_the_command_as_json(capsys):
    code = compare_command(
        SPIRAL, *SETTINGS, "--designs", "market-sale,a=sliced(lots=9)", "--seeds",
        2, "--json", "--workers", 1,
    )  # fmt: skip
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert list(said["designs"]) == ["market-sale", "a", "frozen"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nowhere",),
        (SPIRAL, "--designs", "nope"),
        (SPIRAL, "--designs", "market-sale", "--reference", "tiered"),
        (SPIRAL, "--seeds", 1),
        (SPIRAL, "--set", "populations.7.count=1"),
    ],
)
def test_the_command_refuses_in_one_line(arguments, capsys):
    assert compare_command(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
