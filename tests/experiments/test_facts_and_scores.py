"""``firesale facts`` and ``firesale score``, by people, by machines and through the door."""

import json
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from typer.testing import CliRunner

import firesale as fs
from experiments.calibration.facts import FACTS, GATES, MOST, Fact
from experiments.commands import cli
from experiments.studies import facts as studied
from experiments.studies.score import Gate, study_score
from lob.feeds import lobster
from tests.feeds.families import short_day


def run(*arguments):
    result = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    return result.exit_code, result.stdout


def fail(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(list(map(str, arguments)))
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return ended.value.code, said.err


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    lobster.write(short_day(1, minutes=20), folder)
    return folder


@pytest.fixture(scope="module")
def score(day):
    return fs.score("poisson", day, minutes=1)


def test_facts_of_a_market_are_means_over_seeds():
    study = fs.facts("poisson", 2, minutes=1)
    frame = study.frame()
    assert frame["statistic"].tolist() == [*FACTS, *GATES]
    spread = frame.set_index("statistic").loc["spread_ticks"]
    found = [one.values["spread_ticks"].value for one in study.runs]
    assert spread["value"] == pytest.approx(np.mean(found))
    assert spread["low"] < min(found) < max(found) < spread["high"]
    assert study.value("response_100").reason == "too short"
    assert "means over 2 seeds of " in study.headline()[0]
    assert study.plot().data
    html = study._repr_html_()
    assert 'src="http' not in html
    assert all(f"<p>{escape(line)}</p>" in html for line in study.headline())
    again = fs.facts("poisson", [2], minutes=1)
    assert again.value("spread_ticks").value == found[1]


def test_the_warm_up_is_left_out(monkeypatch):
    monkeypatch.setattr(studied, "WARM_UP_MINUTES", 0.5)
    whole = studied.facts_of_market("poisson", 1, 1.0)
    monkeypatch.setattr(studied, "WARM_UP_MINUTES", 0.0)
    early = studied.facts_of_market("poisson", 1, 1.0)
    assert 55 < whole.seconds <= 60
    assert early.values["spread_ticks"] != whole.values["spread_ticks"]


@pytest.mark.parametrize("name", sorted(studied.MARKETS))
def test_every_ready_market_can_be_measured(name):
    facts = fs.facts(name, minutes=0.5)
    assert facts.runs[0].seconds > 20
    assert facts.value("spread_ticks").value > 0


def test_facts_of_a_file(day):
    study = fs.facts(day)
    assert study.seeds == ()
    assert study.frame()["low"].isna().all()
    assert study.value("spread_ticks").value > 0
    later = fs.facts(day, since="09:31:00", until="09:33:00")
    assert 60 < later.runs[0].seconds <= 120 < study.runs[0].seconds


def test_a_score_is_the_mean_of_the_distances_of_ten_seeds(score):
    assert score.market.seeds == tuple(range(1_001, 1_011))
    assert len(score.distances) == 10
    assert score.distance.estimate == pytest.approx(np.mean(score.distances))
    assert score.distance.low < score.distance.estimate < score.distance.high
    frame = score.frame()
    assert frame["statistic"].tolist() == list(FACTS)
    added = frame["adds"].dropna()
    assert len(added) == len(score.parts) > 5
    assert added.between(0, MOST).all()
    assert added.mean() == pytest.approx(score.distance.estimate, rel=0.1)
    told = score.summary()
    assert [gate["title"] for gate in told["gates"]] == [one.title for one in GATES.values()]
    json.dumps(told, allow_nan=False)
    assert "Warning: most statistics are missing" in "\n".join(score.headline())
    assert score.plot().data


def test_a_file_is_at_no_distance_from_itself(day):
    score = fs.score(day, day)
    assert score.distance.estimate == 0
    assert {gate.off for gate in score.gates} <= {0.0, None}
    assert "at a distance of 0.00 from" in score.headline()[0]


def test_gates_hold_within_fifteen_per_cent():
    assert Gate("x", "", 114.9, 100).holds
    assert Gate("x", "", 85.1, 100).holds
    assert not Gate("x", "", 115.1, 100).holds
    assert not Gate("x", "", 84.9, 100).holds
    assert not Gate("x", "", None, 100).holds
    assert not Gate("x", "", 100, None).holds


def test_a_gate_that_fails_is_told(score):
    said = "\n".join(score.headline())
    for gate in score.gates:
        assert gate.title in said
    assert "does not hold" in said
    assert not score.holds
    assert score.summary()["gates_hold"] is False
    failed = [gate.title for gate in score.gates if not gate.holds]
    assert f"the distance is no score: {', '.join(failed)} must be within 15%" in said


def test_a_score_says_which_seeds_it_is_of(score):
    assert "over 10 seeds, 1001 to 1010" in score.headline()[0]
    market = replace(score.market, seeds=(1, 2, 3, 4, 5, 6, 7, 8, 9, 11))
    other = replace(score, market=market)
    assert "over 10 seeds: 1, 2, 3, 4, 5, 6, 7, 8, 9, 11" in other.headline()[0]


def test_a_distance_whose_gates_hold_is_a_score(score):
    alike = replace(score, file=score.market)
    # Less than a minute has neither: what is not known does not hold.
    assert [gate.holds for gate in alike.gates] == [True, False, False]
    known = {name: Fact(2.0) for name in GATES}
    sure = replace(alike.market, runs=(replace(alike.market.runs[0], gates=known),))
    assert replace(alike, market=sure, file=sure).holds


def test_the_commands_print_what_the_door_returns(day, score):
    code, said = run("score", "poisson", day, "--minutes", "1", "--json")
    assert code == 0
    assert json.loads(said)["distance"] == score.distance.estimate
    code, said = run("facts", "poisson", "--minutes", "1", "--seeds", "2", "--json")
    assert code == 0
    assert json.loads(said)["facts"]["spread_ticks"]["value"] > 0
    code, said = run("facts", day)
    assert code == 0
    assert "too short" in said
    assert "cancel hazard, old / young" in said
    code, said = run("score", day, day)
    assert code == 0
    assert "distance of 0.00" in said


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["facts", "nowhere.csv"], "nowhere.csv: no such file or folder, and no ready market", 2),
        (["facts", "poisson", "--set", "speeed=2"], "speeed", 2),
        (["facts", "poisson", "--symbol", "X"], "--symbol is of a file", 2),
        (["facts", "poisson", "--from", "+1s"], "--from is of a file", 2),
        (["facts", "poisson", "--minutes", "0"], "--minutes", 2),
        (["facts", "DAY", "--minutes", "5"], "minutes are of a market", 2),
        (["facts", "DAY", "--set", "speed=2"], "--set is of a ready market", 2),
        (["facts", "DAY", "--from", "noon"], "noon", 2),
        (["facts", "TEXT"], "TEXT", 1),
        (["score", "poisson", "nowhere.csv"], "nowhere.csv: no such file", 2),
        (["score", "nowhere", "DAY"], "nowhere: no such file or folder, and no ready market", 2),
        (["score", "poisson", "rmsc04"], "rmsc04 is a market", 2),
        (["score", "poisson", "DAY", "--seeds", "9"], "--seeds", 2),
        (["score", "DAY", "DAY", "--set", "speed=2"], "--set is of a ready market", 2),
    ],
)
def test_a_mistake_is_one_line(capsys, tmp_path, day, arguments, said, code):
    text = tmp_path / "TEXT"
    text.write_text("nothing of order flow\n")
    named = [{"DAY": str(day), "TEXT": str(text)}.get(word, word) for word in arguments]
    found, error = fail(capsys, *named)
    assert found == code, error
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_too_few_seeds_are_refused(day):
    with pytest.raises(ValueError, match="at least 10 seeds, got 3"):
        study_score("poisson", day, range(3))
