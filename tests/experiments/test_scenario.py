"""Scenarios: every ready one is whole, and a wrong one is refused with all its mistakes."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from experiments.commands import cli
from experiments.metrics.conservation import check_conservation
from experiments.runs.run import build, run_scenario
from experiments.scenario import profiles
from experiments.scenario.read import ScenarioError, read_scenario, ready_scenarios
from experiments.studies.spiral import study_spiral
from tests.small_scenarios import BLACK_THURSDAY, FLASH_CRASH, SPIRAL, TWO_ASSETS

# As small as still shows what each is about.
SMALL = {
    "deleveraging-spiral": {},
    SPIRAL: {"populations.0.count": 2_000, "populations.0.equity": 25_000},
    "flash-crash": {},
    FLASH_CRASH: {"populations.0.count": 500, "seconds": 60.0, "horizon": 30.0},
    "oracle-lag": {},
    "two-assets": {},
    TWO_ASSETS: {"populations.0.count": 500, "populations.0.equity": 140_000},
    BLACK_THURSDAY: {
        "populations.0.count": 40, "shocks.0.lots": 80_000, "seconds": 300.0, "horizon": 80.0,
        "instruments.0.background.alpha": 4.0, "instruments.0.background.mu": 40.0,
    },
    "october-2025": {
        "populations.2.count": 25, "seconds": "25 min", "horizon": "5 min", "shocks.0.at": "15 min",
    },
}  # fmt: skip


STATED = ("black-thursday", "two-assets")
"""Ready scenarios with a market that is stated by its profile."""


def test_the_named_scenarios_are_there():
    named = {"flash-crash", "deleveraging-spiral", "oracle-lag", "two-assets"}
    assert named <= set(ready_scenarios())


@pytest.mark.parametrize("name", SMALL)
def test_a_ready_scenario_runs_conserves_and_repeats_itself(name):
    scenario = read_scenario(name, SMALL[name])
    run = run_scenario(scenario, 1)
    check_conservation(run.tape["entries"], run.simulation.ledger)
    run.simulation.venue.check()
    said = run.summary()
    json.dumps(said, allow_nan=False)
    assert said["cascade"]["nodes"] > 0, "a scenario without a failure shows nothing"
    assert said["drops"][0] > 0
    assert run_scenario(scenario, 1).simulation.digest() == said["digest"]
    assert run_scenario(scenario, 2).simulation.digest() != said["digest"]


def test_the_twin_sells_nothing_and_is_the_same_until_the_first_sale():
    scenario = read_scenario(SPIRAL, SMALL[SPIRAL])
    full, twin = run_scenario(scenario, 1), run_scenario(scenario, 1, forced=False)
    assert twin.cascade.lots.sum() == 0 < full.cascade.lots.sum()
    assert full.drop() > twin.drop() > 0
    first = int(full.tape["events"]["seq"][full.tape["events"]["tag"] >= 2**62][0])
    before = slice(0, first - 1)
    assert full.tape["events"][before].tobytes() == twin.tape["events"][before].tobytes()


def test_without_a_shock_of_any_size_nothing_is_forced():
    scenario = read_scenario(SPIRAL, {**SMALL[SPIRAL], "shocks.0.lots": 1})
    run = run_scenario(scenario, 1)
    assert len(run.cascade) == 0
    said = run.summary()
    assert said["cascade"]["branching_ratio"] is None
    assert said["criteria"]["bad_debt"] == 0


def test_a_run_can_be_forked_in_the_middle():
    scenario = read_scenario(SPIRAL, SMALL[SPIRAL])
    simulation = build(scenario, 1)
    simulation.run(until=4_900_000_000)
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=6_000_000_000)
        one.venue.check()
    assert twin.digest() == simulation.digest()
    assert twin.clearings[0].case_count == simulation.clearings[0].case_count > 0


@pytest.mark.slow
def test_a_study_over_seeds():
    scenario = read_scenario(SPIRAL, SMALL[SPIRAL])
    told = []
    study = study_spiral(scenario, range(1, 4), report=lambda done, total: told.append(done))
    assert told == [2, 4, 6]
    found = study.amplification()
    assert np.isnan([found.ratio.low, found.ratio.high]).all(), "three seeds give no interval"
    assert found.ratio.estimate > 1
    assert study.var_95.upper is None
    json.dumps(study.summary(), allow_nan=False)
    alone = study_spiral(scenario, range(1, 4), workers=1)
    assert [run["digest"] for run in alone.full] == [run["digest"] for run in study.full]


def content():
    return tomllib.loads(Path(SPIRAL).read_text(encoding="utf-8"))


def test_all_mistakes_come_at_once_each_with_its_path():
    wrong = content()
    wrong["sekonds"] = 5
    wrong["clearings"][0]["insurance_fund"] = -1
    wrong["populations"][0]["long_share"] = 2
    wrong["instruments"][0]["background"]["kind"] = "magic"
    with pytest.raises(ScenarioError) as caught:
        read_scenario(wrong)
    said = str(caught.value)
    assert "4 mistakes" in said
    for path in ("sekonds", "clearings.0.insurance_fund", "populations.0.long_share",
                 "instruments.0.background"):  # fmt: skip
        assert path in said


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"clearings.0.holdings.0.instrument": "SPOT"}, "no instrument is called 'SPOT'"),
        ({"populations.0.clearing": "bank"}, "no clearing is called 'bank'"),
        ({"seconds": 6.0}, "seconds must reach to the horizon"),
        ({"shocks.0.instrument": "X"}, "shocks.0.instrument: no instrument is called 'X'"),
        ({"clearings.0.holdings.0.oracle.source.kind": "external"}, "prices must be given"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, match):
    with pytest.raises(ScenarioError, match=match):
        read_scenario(SPIRAL, change)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            {"clearings.0.liquidation.design": "prayer"},
            r"clearings\.0\.liquidation\.design: no design is called 'prayer'",
        ),
        (
            {"clearings.0.holdings.0.margin.parameters": {"initial": 5}},
            r"clearings\.0\.holdings\.0\.margin\.parameters: .*maintenance",
        ),
        (
            {"clearings.0.liquidation.parameters": {"speed": 5}},
            r"clearings\.0\.liquidation\.parameters\.speed: design market-sale",
        ),
    ],
)
def test_wrong_parameters_are_named(change, match):
    with pytest.raises(ScenarioError, match=match):
        read_scenario(SPIRAL, change)


def test_files_that_are_none(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("name = [")
    with pytest.raises(ScenarioError, match="not TOML"):
        read_scenario(path)
    with pytest.raises(ScenarioError, match="no scenario is called"):
        read_scenario("no-such-thing")


def test_the_command_tells_the_story_on_one_screen(capsys):
    settings = [f"--set={key}={value}" for key, value in SMALL[SPIRAL].items()]
    with pytest.raises(SystemExit) as end:
        cli.main(["run", SPIRAL, "--seeds", "2", *settings])
    assert not end.value.code
    said = capsys.readouterr().out
    assert len(said.splitlines()) <= 24
    for part in ("shock", "drop without forced sales", "drop with forced sales", "amplification",
                 "generations", "bad debt", "who lost", "digest"):  # fmt: skip
        assert part in said


def test_the_command_writes_what_it_ran(tmp_path, capsys):
    settings = [f"--set={key}={value}" for key, value in SMALL[SPIRAL].items()]
    out = tmp_path / "run"
    arguments = ["run", SPIRAL, "--seeds", "1", "--out", str(out), "--json"]
    with pytest.raises(SystemExit) as end:
        cli.main([*arguments, *settings])
    assert not end.value.code
    json.loads(capsys.readouterr().out)
    assert {path.name for path in out.iterdir()} == {
        "events.parquet", "messages.parquet", "entries.parquet", "story.json", "run.html",
    }  # fmt: skip


def test_the_command_refuses_in_one_go(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["run", SPIRAL, "--set", "shocks.0.lots=-5"])
    assert end.value.code == 2
    assert "shocks.0.lots" in capsys.readouterr().err


@pytest.mark.slow
def test_a_late_price_leaves_bad_debt_where_one_in_time_leaves_none():
    late = run_scenario(read_scenario("oracle-lag"), 1)
    known = run_scenario(read_scenario("oracle-lag", {"clearings.0.holdings.0.oracle.lag": 0}), 1)
    assert late.summary()["criteria"]["bad_debt"] > 0
    assert known.summary()["criteria"]["bad_debt"] == 0
    shock = 30 * 60 * 10**9
    for run in (late, known):
        assert run.cascade.ts_event.min() > shock, "by the sale, and by nothing before"
        assert run.drop() > run_scenario(run.scenario, 1, forced=False).drop()
        assert not run.exhausted


@pytest.mark.slow
def test_makers_leave_and_forced_sales_make_a_crash_deeper():
    scenario = read_scenario("flash-crash")
    full, twin = run_scenario(scenario, 1), run_scenario(scenario, 1, forced=False)
    assert full.cascade.ts_event.min() > 30 * 60 * 10**9, "by the sale, and by nothing before"
    assert full.drop() > 1.2 * twin.drop() > 0
    assert not full.exhausted
    depth = full.withdrawal()
    assert 0 < depth.lowest < depth.before / 2


def test_a_ready_market_that_is_stated_comes_solved(monkeypatch):
    def never(profile):
        raise AssertionError(f"{profile} is solved anew")

    monkeypatch.setattr(profiles, "solve", never)
    kinds = {one.background.kind for name in STATED for one in read_scenario(name).instruments}
    assert "profile" in kinds


@pytest.mark.slow
def test_a_loss_on_bitcoin_reaches_ether_through_accounts_alone():
    study = study_spiral(read_scenario("two-assets"), [1, 2], workers=1)
    for full, twin in zip(study.full, study.twin, strict=True):
        assert not full["failed_at_start"]
        assert not full["exhausted"]
        assert full["drops"][0] > 1.2 * twin["drops"][0]
        # Nobody sells ether of his own: without forced sales it only wanders.
        assert full["drops"][1] > twin["drops"][1] + 1_000


@pytest.mark.slow
def test_keepers_who_do_not_get_through_leave_lots_to_a_bid_of_nearly_nothing():
    """Nobody failed before, nobody ran out of bids; who pays for gas takes much for nothing."""
    scenario = read_scenario("black-thursday", {"alternatives": []})
    run = run_scenario(scenario, 1)
    said = run.summary()
    assert not said["failed_at_start"]
    assert not said["exhausted"]
    assert 0.4 < said["drops"][0] / said["marks_before"][0] < 0.6
    assert 0.1 < run.auctions.zero_bid_share < 0.7
    rich = read_scenario("black-thursday", {"alternatives": [], "keepers.1.capital": "12 M DAI"})
    assert run_scenario(rich, 1).auctions.zero_bid_share < 0.01


def test_sellers_may_begin_one_after_another():
    def starts(apart):
        changed = {"shocks.0.sellers": 4, "shocks.0.apart": apart}
        simulation = build(read_scenario(SPIRAL, changed), 1)
        return [one.start_in for one in simulation.agents if one.name.startswith("shock 0")]

    assert np.diff(starts(0.05)).tolist() == [50_000_000] * 3
    assert np.diff(starts(0.0)).tolist() == [0] * 3
