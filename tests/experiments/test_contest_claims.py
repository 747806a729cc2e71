"""What a comparison says of its designs, and what it may not: rows made by hand."""

import io
from math import isnan

import pytest
from rich.console import Console

from experiments.contest.compare import Contest
from experiments.contest.controls import Controls
from experiments.contest.demo import story
from experiments.contest.designs import FROZEN, ContestDesign
from experiments.contest.study import ContestStudy
from experiments.contest.tuning import Tuned
from experiments.metrics.criteria import CRITERIA
from experiments.report.contest_figures import cascade_figure, missing_told, path_figure
from experiments.report.contest_page import contest_page
from experiments.report.contest_terminal import show_contest
from experiments.report.contest_words import place_of, remarks, shouted
from experiments.scenario.read import read_scenario
from lob.units import SECOND_NS
from tests.small_scenarios import SPIRAL

SEEDS = tuple(range(1, 11))
GONE = {"instrument": "PERP", "side": "bids", "after_ns": 0, "empty_ns": 2 * SECOND_NS}
BASE = {
    "drop": 300.0, "bad_debt": 0.0, "liquidations": 5.0, "liquidated": 50.0, "disposed": 1.0,
    "borrower_loss": 900.0, "time_unsafe": 1.0, "unsold": 0.0, "exhausted": 0.0,
}  # fmt: skip


def row(label, seed, error=None, spiral_ns=2 * SECOND_NS, **more):
    """One run; criteria that are not named differ with the seed."""
    facts = {key: more.pop(key) for key in ("exhausted_sides", "refused", "path") if key in more}
    criteria = {one.name: float(seed) for one in CRITERIA} | BASE | more
    made = {
        "key": f"{label}{seed}", "label": label, "seed": seed, "market": "base", "error": error,
        "criteria": {} if error else criteria, "twin_drop": 200.0 + seed, "accounts": 40,
        "mark_before": 10_000, "spiral_ns": spiral_ns, "how": "preset",
        "exhausted": facts.get("exhausted_sides", []), "refused": facts.get("refused", []),
    }  # fmt: skip
    if "path" in facts:
        made |= {"path": facts["path"], "twin_path": ([0, 1], [2, 2]), "generations": [[1, 5]]}
    return made


def contest(rows, labels=("one", "two"), seeds=SEEDS):
    designs = tuple(
        FROZEN if one == "frozen" else ContestDesign(one, "market-sale", {}) for one in labels
    )
    scenario = read_scenario(SPIRAL)
    return Contest(scenario, "base", designs, tuple(seeds), labels[0], tuple(rows))


def held(change=lambda label, seed: {}, labels=("one", "two"), seeds=SEEDS):
    rows = [row(label, seed, **change(label, seed)) for seed in seeds for label in labels]
    return contest(rows, labels, seeds)


def noisy(label, seed):
    """Designs that differ in every seed."""
    return {"drop": 300.0 + 7 * seed % 5 + (label == "two") * seed, "borrower_loss": 9.0 * seed}


def study_of(found, **more):
    return ContestStudy(found, Controls(True, True, 0), **more)


def shown(found, **more):
    console = Console(file=io.StringIO(), width=120, highlight=False, markup=False, emoji=False)
    show_contest(study_of(found, **more), console)
    return console.file.getvalue()


def line_with(text, start):
    return next(line for line in text.splitlines() if line.startswith(start))


# ---------------------------------------------------------------- nothing forced


def test_nothing_forced_is_a_column_and_no_winner():
    best = {"drop": 200.0, "borrower_loss": 0.0, "disposed": 0.0, "unsold": 0.0}
    labels = ("one", "two", "frozen")
    found = held(lambda label, seed: best if label == "frozen" else noisy(label, seed), labels)
    text = shown(found)
    assert "frozen: nothing is forced" in text
    assert line_with(text, "drop, ticks").split()[-1].startswith("200")
    assert line_with(text, "parameters").split()[-1] == "control"
    assert line_with(text, "on the Pareto front").split()[-1] == "-"
    assert isnan(found.pareto()["frozen"])
    assert not any("frozen" in line for line in remarks(found))
    headline = study_of(found).headline()
    assert headline[0].startswith("harm, what borrowers, insurance fund and lenders lost")
    asked = next(line for line in headline if line.startswith("deleveraging-spiral: 2 designs"))
    assert "10 seeds" in asked


# ---------------------------------------------------------------- alike, unfinished


def test_designs_that_agree_in_every_digit_are_named():
    text = shown(held())
    assert "the same here, in every digit: one, two" in text
    last = {"bad_debt": 1e-9}
    apart = held(lambda label, seed: last if (label, seed) == ("two", 10) else {})
    assert apart.alike == []
    assert "in every digit" not in shown(apart)
    assert held().summary()["alike"] == [["one", "two"]]


def test_a_zero_has_no_sign():
    assert held(lambda label, seed: {"cost": -0.0 if label == "two" else 0.0}).alike


@pytest.mark.parametrize(("disposed", "finished"), [(0.89, False), (0.91, True)])
def test_who_holds_back_is_unfinished_and_not_on_the_front(disposed, finished):
    better = {"disposed": disposed, "drop": 1.0, "harm": 0.0, "time_unsafe": 0.0}
    found = held(lambda label, seed: better if label == "two" else {})
    assert (found.unfinished == []) is finished
    assert found.pareto()["two"] == (1.0 if finished else 0.0)
    assert found.pareto()["one"] == (0.0 if finished else 1.0)
    assert (place_of(found, "two", 0.0) == "unfinished") is not finished
    said = "unfinished: two has disposed of 89% of what failed, so it has no place in any order"
    assert (said in " ".join(shown(found).split())) is not finished
    assert found.summary()["designs"]["two"]["unfinished"] is not finished
    assert ("unfinished: two" in contest_page(study_of(found))) is not finished


# ---------------------------------------------------------------- intervals


def test_no_interval_has_a_width_of_zero():
    found = held(lambda label, seed: {"drop": 310.0} if label == "two" else {})
    said = found.summary()["designs"]
    assert said["one"]["criteria"]["drop"] == {"mean": 300, "low": None, "high": None}
    difference = said["two"]["criteria"]["drop"]["difference"]
    assert (difference["estimate"], difference["low"], difference["high"]) == (10, None, None)
    ratio = said["one"]["amplification"]
    assert ratio["full"] == {"estimate": 300, "low": None, "high": None}
    assert ratio["twin"]["low"] < ratio["twin"]["estimate"] < ratio["twin"]["high"]
    assert "10 in each of 10 seeds" in contest_page(study_of(found))


def test_no_events_are_no_certainty():
    found = held(noisy)
    text = shown(found)
    assert line_with(text, "  of 10 seeds, chance").split()[-4:] == ["0,", "<=41%", "0,", "<=41%"]
    chance = found.summary()["designs"]["one"]["chance_of_bad_debt"]
    assert chance["seeds"] == chance["low"] == 0
    assert chance["high"] == pytest.approx(1 - 0.005 ** (1 / 10))
    every = held(lambda label, seed: {"bad_debt": float(seed)})
    assert "all, >=59%" in line_with(shown(every), "  of 10 seeds, chance")
    assert "certain" not in text + contest_page(study_of(found))


def test_a_difference_in_few_seeds_that_agree_is_marked_as_nothing():
    few = held(lambda label, seed: {"drop": 310.0} if label == "two" else {}, seeds=(1, 2, 3))
    assert line_with(shown(few), "drop, ticks").split() == ["drop,", "ticks", "300", "310"]
    change = {"two": {"drop": 310.0}}
    many = held(lambda label, seed: change.get(label, {}), seeds=range(1, 13))
    assert line_with(shown(many), "drop, ticks").split() == ["drop,", "ticks", "300", "310+"]


# ---------------------------------------------------------------- the spiral and the mark


@pytest.mark.parametrize(
    ("spiral_ns", "said"),
    [
        (3 * SECOND_NS, "accounts go on failing for 3 s after the shock, in the mean of 10 seeds"),
        (0, "every failure is in the very instant of the shock, before anybody can react"),
        (None, "no account fails after the shock, in 10 seeds"),
    ],
)
def test_the_headline_says_how_long_it_lasted_and_what_the_mark_was(spiral_ns, said):
    found = held(lambda label, seed: {"spiral_ns": spiral_ns})
    for text in (
        " ".join(study_of(found).headline()),
        " ".join(shown(found).split()),
        contest_page(study_of(found)),
    ):
        assert f"under one {said}" in text
        assert "; the mark is the best-bid of PERP" in text


# ---------------------------------------------------------------- what cannot be, or is not there


def test_a_book_that_ran_out_and_a_number_that_cannot_be_are_shouted_everywhere():
    def change(label, seed):
        more = {"exhausted_sides": [GONE], "exhausted": 1.0} if (label, seed) == ("two", 3) else {}
        if (label, seed) == ("one", 4):
            more |= {"refused": ["recovery of 7 of the fair value is outside 0 to 2"]}
        return noisy(label, seed) | more

    found = held(change)
    empty, refused = shouted(found)
    assert empty.startswith("EXHAUSTED (two): the bids of PERP ran out at the shock, for 2 s; in 1")
    assert refused == "REFUSED (one, seed 4): recovery of 7 of the fair value is outside 0 to 2"
    page, text = contest_page(study_of(found)), " ".join(shown(found).split())
    for line in (empty, refused):
        assert line in text
        assert line in page
        assert line in study_of(found).headline()
    assert found.pareto()["two"] == 0
    assert found.ranking("drop")["two"] == 2
    assert found.amplification("two").ratio is None
    assert line_with(shown(found), "amplification, times").split()[-1] == "undefined"


def test_a_denominator_near_zero_gives_no_amplification():
    rows = [row(label, seed) for seed in SEEDS for label in ("one", "two")]
    for one in rows:
        one["twin_drop"] = (-1) ** one["seed"] * 50.0 + 1
    found = contest(rows)
    assert "amplification is undefined: the drop with nothing forced is 1 ticks" in " ".join(
        remarks(found)
    ).replace("1 tick ", "1 ticks ")
    assert line_with(shown(found), "amplification, times").split()[2:] == ["undefined"] * 2
    assert found.summary()["designs"]["one"]["amplification"]["amplification"] is None


def test_what_is_not_finite_is_no_number_in_any_output():
    def change(label, seed):
        return noisy(label, seed) | {"recovery": float("nan"), "bad_debt": float("nan")}

    found = held(change)
    tuned = {"one": Tuned(ContestDesign("one", "one", {"step": 3}), float("inf"), 5.0, 8)}
    text = shown(found, tuned=tuned) + "\n".join(story(study_of(found)))
    text += contest_page(study_of(found, tuned=tuned)).rpartition("</script>")[2]
    for word in (" nan", " inf", ">nan", ">inf", "not by the end"):
        assert word not in text
    assert "harm not known, a run raised, preset 5" in text


def test_a_design_without_a_line_in_a_figure_is_named():
    path = ([0, 1], [10_000, 9_700])
    rows = [
        row("one", 1, path=path),
        row("two", 1, error="boom"),
        row("three", 1),
        row("four", 1, path=path),
        *(row(label, 2) for label in ("one", "two", "three", "four")),
    ]
    rows[3]["generations"] = []
    rows[3]["criteria"]["drop"] = 1.0
    found = contest(rows, ("one", "two", "three", "four"), (1, 2))
    assert missing_told(found, "path") == (
        " two: not drawn, the run raised. three: not drawn, its run was kept without a picture."
    )
    assert " four: no line: nobody failed." in missing_told(found, "generations")
    page = contest_page(study_of(found))
    assert missing_told(found, "path") in page
    assert missing_told(found, "generations") in page
    drawn = [trace.name for trace in path_figure(found).data]
    assert drawn == ["nothing forced", "one", "four"]
    assert [one.name for one in cascade_figure(found).data if len(one.x)] == ["one"]


def test_designs_drawn_over_each_other_are_named():
    path = ([0, 1], [10_000, 9_700])
    found = held(lambda label, seed: {"path": path} if seed == 1 else {})
    assert missing_told(found, "path") == " one, two: one line over the other."
    assert missing_told(held(), "path") == (
        " one, two: not drawn, its run was kept without a picture."
    )


def test_one_of_anything_is_one():
    found = held(noisy, seeds=(1, 2))
    found = contest(
        [*found.rows[:2], *(one | {"error": "x"} for one in found.rows[2:])], seeds=(1, 2)
    )
    rows = [one for one in found.rows if one["error"]]
    assert shouted(found)[0] == "FAILED (one): 1 run raised, seed 2: x"
    assert len(rows) == 2
