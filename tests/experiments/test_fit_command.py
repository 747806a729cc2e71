"""``firesale fit``: by people, by machines and through the door."""

import json

import pytest

import firesale as fs
from experiments.calibration.market_file import read_market
from lob.feeds import lobster
from tests.experiments.command_line import fail, run
from tests.feeds.families import short_day


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    lobster.write(short_day(1, minutes=20), folder)
    return folder


@pytest.fixture(scope="module")
def fitted(day):
    return fs.fit(day, "zero-intelligence")


def test_a_fit_prints_its_numbers_and_writes_a_market(day, fitted, tmp_path):
    out = tmp_path / "market.toml"
    code, said = run("fit", day, "--model", "zero-intelligence", "--out", out)
    assert code == 0
    for word in ("alpha", "delta", "standard error", "events", "Assumed: all orders are of"):
        assert word in said
    assert "Cannot show" in said
    market = read_market(out)
    assert market == fitted.market
    assert market.parameters["mu"] == fitted.params_["mu"]
    assert market.instrument.quote == "USD"
    assert market.provenance["market_orders"] > 0
    assert str(market.instrument.tick_size) == "0.01"


def test_the_json_has_every_number(day, fitted):
    code, said = run("fit", day, "--model", "zero-intelligence", "--json")
    told = json.loads(said)
    assert code == 0
    assert told == json.loads(json.dumps(fitted.summary()))
    assert {one["parameter"] for one in told["estimates"]} >= {"alpha", "mu", "delta", "window"}
    assert told["errors"]["mu"] > 0


def test_options_of_a_fit_and_a_part_of_the_file(day):
    code, said = run("fit", day, "--model", "poisson", "--set", "levels=3", "--until", "+10m",
                     "--json")  # fmt: skip
    told = json.loads(said)
    assert code == 0
    assert len(told["parameters"]["theta"]) == 3
    assert told["provenance"]["span_seconds"] <= 600


def test_a_maker_market_is_fitted_and_written(tmp_path):
    lobster.write(short_day(1, minutes=40), tmp_path)
    out = tmp_path / "market.toml"
    quick = (f"{name}={value}" for name, value in
             {"rounds": 1, "trials": 4, "matches": 1}.items())  # fmt: skip
    options = [word for one in quick for word in ("--set", one)]
    code, said = run("fit", tmp_path, "--model", "maker-market", *options, "--out", out)
    assert code == 0
    for word in ("followers", "limit_rate", "square root law", "thinning", "answer_same"):
        assert word in said
    market = read_market(out)
    assert market.parameters["thinning"] > 0
    assert len(market.parameters["market_sizes"]) == 50


def test_a_fit_is_scored_against_its_file(fitted):
    score = fitted.score(minutes=1)
    assert score.market.seeds == tuple(range(1_001, 1_011))
    assert 0 < score.distance.estimate < 3
    assert score.file.runs[0].seconds > 600
    assert fitted.plot().data
    assert 'src="http' not in fitted._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["DAY", "--model", "nonsense"], "no fit of a model 'nonsense': there are", 2),
        (["nowhere.csv", "--model", "poisson"], "nowhere.csv: no such file", 2),
        (["TEXT", "--model", "poisson"], "TEXT", 1),
        (["DAY", "--model", "poisson", "--set", "level=1"], "did you mean levels?", 2),
        (["DAY", "--model", "poisson", "--until", "+5s"], "The file is too short", 1),
        (["DAY", "--model", "hawkes", "--set", "decays=two"], "decays", 2),
        (["DAY", "--model", "poisson", "--out", "nowhere/x.toml"], "there is no folder", 2),
    ],
)
def test_a_mistake_is_one_line(capsys, tmp_path, day, arguments, said, code):
    text = tmp_path / "TEXT"
    text.write_text("nothing of order flow\n")
    named = [{"DAY": str(day), "TEXT": str(text)}.get(word, word) for word in arguments]
    found, _, error = fail(capsys, "fit", *named)
    assert found == code, error
    assert said in error
    assert len(error.strip().splitlines()) == 1
