"""Stress tests: the smallest shock on a book where it can be told by hand, and the command."""

import json

import pytest

from experiments.commands import cli
from experiments.scenario.read import read_scenario
from experiments.scenario.variants import with_depth, with_leverage, with_shock
from experiments.studies.stress import Failure, phase_diagram, stress_test
from tests.small_scenarios import FLASH_CRASH, SPIRAL


def two_books(depths=(100, 40), *, fund=0, lots=160):
    """Uniform books of two assets, with long accounts that fail from one tick below the price on.

    A sale of at least a tick's depth takes the best bid away: the first account fails, and sells.
    """
    names = ("A", "B")
    return read_scenario(
        {
            "name": "two books",
            "question": "How much does it take?",
            "seconds": 6.0,
            "horizon": 4.0,
            "seeds": 1,
            "instruments": [
                {
                    "name": name,
                    "background": {
                        "kind": "uniform", "price": 1_000, "depth": depth, "ticks": 300,
                    },
                }
                for name, depth in zip(names, depths, strict=True)
            ],
            "clearings": [
                {
                    "name": f"of {name}",
                    "insurance_fund": fund,
                    "holdings": [
                        {
                            "instrument": name,
                            "oracle": {"source": {"kind": "best-bid"}},
                            "margin": {
                                "model": "flat", "parameters": {"initial": 0, "maintenance": 0},
                            },
                        }
                    ],
                }
                for name in names
            ],
            "populations": [
                {
                    "name": f"longs of {name}", "clearing": f"of {name}", "stacked": 10, "size": 5,
                    "ticks": 20,
                }
                for name in names
            ],
            "shocks": [{"instrument": "A", "at": 1.0, "lots": lots}],
        }
    )  # fmt: skip


def test_the_smallest_shock_that_liquidates_anybody_is_a_tick_of_the_book():
    """160 lots in steps of 10: the tenth takes the 100 lots of the best bid away.

    10 lots fail there, which the next tick holds: 2 of the 80 accounts.
    """
    found = stress_test(two_books(), Failure("liquidated", 0.02), [1], steps=16, most=2, workers=1)
    assert found.bisection.critical == 10
    assert found.critical == 10 / 16
    assert (found.assets, found.shares, found.lots) == (("A",), (1.0,), (100,))
    assert found.outcomes[0].liquidated == 2 / 80
    assert found.outcomes[0].drops == (1,)
    # Both are worth nothing at 1,000 and sell ten lots at 999: a tick of each is owed.
    assert found.outcomes[0].bad_debt == 10
    said = found.summary()
    json.dumps(said, allow_nan=False)
    assert said["critical_shock"] == 10 / 16
    assert said["monotone"]
    assert "2%" in said["fails"]
    held = stress_test(two_books(), Failure("liquidated", 1.0), [1], steps=1, most=2, workers=1)
    assert held.critical is held.lots is None


def test_the_worst_direction_is_the_shallow_book():
    """40 lots of B do what 100 of A do, and a mix needs both."""
    found = stress_test(
        two_books(), Failure("liquidated", 0.02), [1], steps=16, most=2, assets=["A", "B"],
        parts=2, workers=1,
    )  # fmt: skip
    assert found.searched
    assert found.shares == (0.0, 1.0)
    assert found.lots == (0, 40)
    assert found.critical == 4 / 16


def test_an_insurance_fund_that_is_empty():
    scenario = two_books(fund=100)
    found = stress_test(scenario, Failure("insurance"), [1], steps=2, most=4, workers=1)
    assert found.outcomes[0].empty_funds == 1
    assert found.outcomes[0].bad_debt >= 100
    with pytest.raises(ValueError, match="insurance fund"):
        stress_test(two_books(), Failure("insurance"), [1])


def test_shocks_keep_the_scenarios_own_value():
    scenario = two_books()
    changed = with_shock(scenario, ["A", "B"], [0.5, 1.0])
    assert [(one.instrument, one.lots, one.at) for one in changed.shocks] == [
        ("A", 80, 1.0), ("B", 160, 1.0),
    ]  # fmt: skip
    assert [one.lots for one in with_shock(scenario, ["A"], [0.0]).shocks] == [1]


def test_depth_and_leverage_are_set_everywhere():
    scenario = read_scenario(FLASH_CRASH)
    deep = with_depth(scenario, 2.5)
    background = deep.instruments[0].background
    assert (background.size, background.alpha, background.mu) == (10, 10.0, 200.0)
    assert {one.size for one in deep.makers} == {500}
    assert with_depth(two_books(), 0.5).instruments[0].background.depth == 50
    high = with_leverage(scenario, 7.0)
    assert high.populations[0].leverage == (7.0, 7.0)
    with pytest.raises(ValueError, match="factor"):
        with_depth(scenario, 0)
    with pytest.raises(ValueError, match="leverage"):
        with_leverage(scenario, 0.5)


def test_a_phase_diagram_falls_with_depth_and_rises_with_leverage():
    scenario = read_scenario(
        SPIRAL,
        {
            "populations.0.count": 300,
            "populations.0.equity": 170_000,
            "seconds": 8.0,
            "horizon": 2.0,
        },
    )
    cells = phase_diagram(
        scenario, Failure("liquidated", 0.5), [1], [2.0, 30.0], [1.0, 8.0], workers=1
    )
    assert [(one.leverage, one.depth) for one in cells] == [
        (2.0, 1.0), (2.0, 8.0), (30.0, 1.0), (30.0, 8.0),
    ]  # fmt: skip
    assert [one.failed for one in cells] == [0.0, 0.0, 1.0, 0.0]
    assert cells[2].drop > cells[3].drop


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Failure("other"), "kind"),
        (lambda: Failure("liquidated"), "threshold"),
        (lambda: Failure("bad-debt", -1), "threshold"),
        (lambda: stress_test(two_books(), Failure(), []), "seeds"),
        (lambda: stress_test(two_books(), Failure(), [1], most=0), "most"),
        (lambda: stress_test(two_books(), Failure(), [1], assets=["C"]), "instrument"),
        (lambda: stress_test(two_books(), Failure(), [1], assets=["A", "A"]), "assets"),
        (lambda: phase_diagram(two_books(), Failure(), [1], [], [1.0]), "leverages"),
    ],
)
def test_misuse_names_the_argument(make, match):
    with pytest.raises(ValueError, match=match):
        make()


SMALL = ["--set=populations.0.count=200", "--set=seconds=8.0", "--set=horizon=2.0", "--workers=1"]


def command(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(["stress", *arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return end.value.code or 0, said


def test_the_command_tells_and_writes(capsys, tmp_path):
    out = tmp_path / "stress"
    arguments = [SPIRAL, "--seeds", "1", "--steps", "2", "--most", "2", *SMALL]
    code, said = command(capsys, *arguments, "--fails", "liquidated", "--above", "0.1")
    assert code == 0
    for part in ("it fails with", "10%", "smallest shock", "runs"):
        assert part in said.out
    code, said = command(capsys, *arguments, "--out", str(out), "--json")
    answer = json.loads(said.out)
    assert code == 0
    assert json.loads((out / "stress.json").read_text()) == answer
    assert answer["largest_tried"] == 2.0


def test_the_command_draws_phases(capsys, tmp_path):
    code, said = command(
        capsys, SPIRAL, "--seeds", "1", "--phase", "--leverage", "2,20", "--depth",
        "1,4", "--out", str(tmp_path), *SMALL,
    )  # fmt: skip
    assert code == 0
    assert "depth x4" in said.out
    assert len((tmp_path / "phase.csv").read_text().splitlines()) == 5
    assert len(json.loads((tmp_path / "stress.json").read_text())["cells"]) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        [SPIRAL, "--fails", "other"],
        [SPIRAL, "--fails", "liquidated", "--above", "2"],
        [SPIRAL, "--phase", "--depth", "much"],
        [SPIRAL, "--assets", "GOLD"],
        [SPIRAL, "--set", "shocks.0.lots=-5"],
    ],
)
def test_the_command_refuses_in_one_line(capsys, arguments):
    code, said = command(capsys, *arguments)
    assert code == 2
    assert said.out == ""
    first, *others = said.err.splitlines()
    assert first.startswith("firesale: ")
    assert all(line.startswith("  ") for line in others), "mistakes of a scenario, one a line"
