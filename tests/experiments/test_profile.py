"""Stated depth profiles: what is refused, what a scenario holds of them, and the command."""

import json
import tomllib

import pytest

import firesale as fs
from experiments.calibration.market_file import InstrumentOfMarket, read_market
from experiments.calibration.profile import (
    KEYS,
    Profile,
    ProfileError,
    measured,
    search,
    solve,
)
from experiments.calibration.profile.refused import refuse_missed
from experiments.commands.cli import main
from experiments.runs.run import run_scenario
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.scenario.variants import with_depth

PERP = {"name": "PERP", "tick_size": "0.1", "lot_size": "0.001", "base": "BTC", "quote": "USD"}
USD = 10_000  # units of cash: a tick of 0.1 USD on a lot of 0.001 BTC
STATED = Profile(
    InstrumentOfMarket(**PERP), price=600_000, depth=5_000_000 * USD, within=0.02, half_life=15.0,
    spread=2e-4, volume=1_000_000_000 * USD, volatility=0.6, rate=20.0,
)  # fmt: skip
TEXTS = {
    "price": "60_000 USD", "depth": "5 M USD", "within": "2 %", "half_life": "15 s",
    "spread": "2 bps", "volume": "1 G USD", "volatility": "60 %",
}  # fmt: skip


def content(**background) -> dict:
    margin = {"model": "flat", "parameters": {"initial": 40_000, "maintenance": 20_000}}
    return {
        "name": "desk",
        "question": "?",
        "seconds": 5.0,
        "horizon": 2.0,
        "instruments": [{**PERP, "background": {
            "kind": "profile", **TEXTS, "rate": 20.0, **background}}],
        "clearings": [{"holdings": [{"instrument": "PERP", "margin": margin}]}],
        "shocks": [{"instrument": "PERP", "at": 2.0, "lots": "5 BTC"}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(content())


def test_what_is_asked_comes_out_with_other_seeds(scenario):
    solved = solve(STATED)  # once in a process: the scenario has the same
    assert scenario.instruments[0].background.solved.parameters == solved.parameters
    found, asked = measured(STATED, solved.parameters, range(51, 54)), STATED.asked()
    assert {key: found[key] / asked[key] for key in KEYS} == pytest.approx(
        dict.fromkeys(KEYS, 1), abs=0.15
    )


def digest(scenario) -> str:
    return run_scenario(scenario, seed=1).simulation.digest()


def test_a_scenario_holds_what_was_solved_and_is_not_solved_again(scenario, monkeypatch, tmp_path):
    scenario.save(tmp_path / "desk.toml")
    search._solve.cache_clear()
    monkeypatch.setattr(search, "measured", lambda *_, **__: pytest.fail("solved again"))
    again = read_scenario(tmp_path / "desk.toml")
    assert again == scenario
    assert digest(again) == digest(scenario)
    twice = with_depth(again, 2.0).instruments[0].background
    assert twice.depth == 2 * again.instruments[0].background.depth
    before = again.instruments[0].background.solved.parameters
    assert sum(twice.solved.parameters["limit_sizes"]) == 2 * sum(before["limit_sizes"])
    assert twice.of_instrument(again.instruments[0].told) is twice


def test_another_statement_is_solved_anew(scenario, monkeypatch):
    asked = []

    def other(profile):
        asked.append(profile.spread)
        raise ProfileError("spread", "so it is")

    monkeypatch.setattr("experiments.scenario.profiles.solve", other)
    with pytest.raises(ScenarioError, match=r"instruments\.0\.background\.spread: so it is"):
        scenario.with_(**{"instruments.0.background.spread": "3 bps"})
    assert asked == [pytest.approx(3e-4)]


@pytest.mark.parametrize(
    ("background", "told"),
    [
        ({"depth": "20 USD"}, "depth: must be 12 orders of 2 lots or more on a side, 1,440 USD"),
        ({"depth": "5 BTC"}, "depth: got an amount of BTC"),
        ({"spread": "0.01 bps"}, "spread: must be a tick or more, 0.01667 bps"),
        ({"within": "3 bps"}, "within: must be two spreads and four ticks or more, 4 bps"),
        ({"volume": "100_000 G USD"}, "volume: must be at most "),
        ({"volume": "1 USD"}, "volume: must be a market order of 2 lots a minute or more, 172,800"),
        ({"half_life": "1 h"}, "half_life: must be at most 1800 s"),
        ({"half_life": "1 s", "rate": 1.0}, "rate: must be "),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_key_and_the_nearest(background, told):
    with pytest.raises(ScenarioError) as error:
        read_scenario(content(**background))
    assert f"instruments.0.background.{told}" in str(error.value)
    assert ": 1 mistake" in str(error.value)


def test_a_spread_that_so_few_messages_cannot_hold_is_refused_with_the_nearest():
    with pytest.raises(ProfileError, match=r"spread: no .* 0\.05 bps .* nearest has .* bps"):
        solve(Profile(**{**vars(STATED), "spread": 5e-6}))


def test_the_command_tells_asked_and_obtained_and_writes_a_market(scenario, tmp_path, capsys):
    options = [word for key, text in TEXTS.items() for word in (f"--{key.replace('_', '-')}", text)]
    named = [word for key, text in PERP.items() for word in (f"--{key.replace('_', '-')}", text)]
    out = tmp_path / "market.toml"
    with pytest.raises(SystemExit) as end:
        main(["profile", *options, *named, "--rate", "20", "--out", str(out), "--json"])
    assert end.value.code == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["depth"]["asked"] == "5,000,000 USD"
    assert rows["spread"]["ratio"] == pytest.approx(1, abs=0.15)
    market = read_market(out)
    assert market.parameters == scenario.instruments[0].background.solved.parameters
    assert tomllib.loads(out.read_text())["provenance"]["asked"]["volatility"] == "60 % a year"


NAMED = {"tick_size": "0.1", "lot_size": "0.001", "base": "BTC", "name": "PERP"}


@pytest.fixture(scope="module")
def found(scenario):
    return fs.profile(**TEXTS, **NAMED, rate=20.0)


def test_the_door_gives_numbers_in_units_and_what_is_written_beside_them(found, tmp_path):
    rows = found.frame().set_index("key")
    assert list(rows.columns) == ["asked", "obtained", "ratio", "unit"]
    assert rows.asked["depth"] == pytest.approx(5e6)
    assert (rows.unit["depth"], rows.unit["volume"]) == ("USD", "USD a day")
    assert (rows.obtained / rows.asked).tolist() == pytest.approx(rows.ratio.tolist())
    told = found.summary()
    assert json.loads(json.dumps(told)) == told
    assert told["rows"][0] | {"obtained": "", "ratio": 0} == {
        "key": "depth", "asked": "5,000,000 USD", "obtained": "", "ratio": 0,
    }  # fmt: skip
    html = found._repr_html_()
    assert "checked with 8 seeds" in html
    assert "5,000,000 USD" in html
    found.save(tmp_path / "perp.toml")
    assert read_market(tmp_path / "perp.toml") == found.market


def test_the_market_of_the_door_stands_behind_a_scenario_and_is_not_solved_again(
    found, scenario, monkeypatch
):
    monkeypatch.setattr("experiments.scenario.profiles.solve", lambda _: pytest.fail("again"))
    content_of = content()
    again = fs.scenario({**content_of, "instruments": [found.instrument]})
    assert digest(again) == digest(scenario)
    by_row = {**PERP, "background": found.background}
    assert digest(fs.scenario({**content_of, "instruments": [by_row]})) == digest(scenario)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"tick_size": 0}, "tick_size: must be from 1E-18 to 1e+18, got 0"),
        ({"lot_size": float("nan")}, "lot_size: must be from 1E-18 to 1e+18, got nan"),
        ({"lot_size": "5 parsecs"}, "lot_size: must be a decimal number, got '5 parsecs'"),
        ({"quote": ""}, "quote: a name must not be empty, got ''"),
        ({"price": "5 parsecs"}, "price: got an amount of parsecs, '5 parsecs', where a price in"),
        ({"depth": "5 %"}, "depth: got a share, '5 %', where an amount of USD is wanted"),
        ({"volatility": 0}, "volatility: must be above 0, got 0"),
        ({"volume": 1e30}, "volume: must be a whole number of 19 digits or fewer, got 1e+30"),
        ({"spread": -1}, "spread: must be above 0, got -1"),
    ],
)  # fmt: skip
def test_the_door_tells_one_mistake_for_one(asked, told):
    with pytest.raises(ValueError, match=r"\A[^\n]*\Z") as error:
        fs.profile(**{**TEXTS, **NAMED, **asked})
    assert str(error.value).startswith(told)


def test_of_what_is_missed_the_farthest_is_told_first():
    obtained = {**STATED.asked(), "spread": 1e-4, "volatility": 60.0}
    with pytest.raises(ProfileError, match=r"^volatility: .* volatility 60 % .*; spread 2 bps"):
        refuse_missed(STATED, obtained)
