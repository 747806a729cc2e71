"""A scenario in real units is answered in them: terminal, page, figures, JSON and frames."""

import json
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import lob
from agents import Simulation
from agents.flow import ZeroIntelligence
from experiments.commands import cli
from experiments.markets import MARKETS
from experiments.runs.frames import COLUMNS
from experiments.runs.run import run_scenario
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.studies.impact import measure_sale
from experiments.studies.spiral import study_spiral
from experiments.studies.stress import Failure, stress_test
from experiments.studies.thresholds import threshold_of
from lob.real_units import CASH
from tests.small_scenarios import CONTAGION, SPIRAL, TWO_ASSETS

FILE = Path(__file__).with_name("real_units.toml")
INTEGERS = re.compile(r"\b(ticks?|lots?|units? of cash|cash units?|cash|\d units)\b")
"""Words for integers, which no reader of an answer in dollars wants to see."""
DESIGNS = "market-sale,dutch(step=1)"


def say(*arguments):
    result = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def clean(text):
    """The text, if it has no word for integers."""
    found = [line for line in text.splitlines() if INTEGERS.search(line)]
    assert not found
    assert re.search(r"\d (?:[kMG] )?USD", text) or ", USD" in text
    return text


def texts_of(figure):
    """What a reader sees of a figure: titles, names and hovers."""
    layout = figure.to_dict()["layout"]
    axes = [layout[name]["title"]["text"] for name in layout if "axis" in name
            if "title" in layout[name]]  # fmt: skip
    traces = [str(trace.name) + str(trace.hovertemplate) for trace in figure.data]
    return "\n".join([*axes, *traces, str(figure.layout.title.text)])


def text_of_page(path):
    """What a reader sees of a page but for its figures."""
    html = re.sub(r"<(script|style).*?</\1>", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"<[^>]+>", "\n", html)


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(FILE)


@pytest.fixture(scope="module")
def run(scenario):
    return run_scenario(scenario, 1, twin=run_scenario(scenario, 1, forced=False).prices)


def at(answer, path):
    """All values at a dotted path of an answer, ``*`` for any key or place."""
    if not path:
        return [answer]
    if answer is None:
        return []
    step, _, rest = path.partition(".")
    if step == "*":
        inner = answer.values() if isinstance(answer, dict) else answer
        return [value for one in inner for value in at(one, rest)]
    if isinstance(answer, dict):
        return at(answer[step], rest) if step in answer else []
    return at(answer[int(step)], rest)


def test_the_integers_are_as_they_always_were(scenario, run):
    """In ticks, lots and cash units written by hand the same run comes out."""
    assert (scenario.shocks[0].lots, scenario.instruments[0].background.price) == (24_000, 10_000)
    plain = {key: run.scenario.instruments[0].model_dump()[key] for key in ("name", "taker_fee")}
    content = scenario.model_dump(mode="json")
    background = content["instruments"][0]["background"]
    content["instruments"][0] = {**plain, "base": "BTC", "background": background}
    bare = run_scenario(read_scenario(content), 1)
    assert bare.simulation.digest() == run.simulation.digest()
    assert INTEGERS.search("\n".join(bare.headline()))


def test_the_story_and_its_page(tmp_path):
    story = clean(say("run", FILE, "--out", tmp_path))
    assert "240 BTC of BTC-PERP sold" in story
    assert re.search(r"sold by force +[\d.]+ BTC", story)
    clean(text_of_page(tmp_path / "run.html"))
    html = (tmp_path / "run.html").read_text()
    assert "mark, USD" in html
    assert "mark, ticks" not in html


def test_the_comparison_and_its_page(tmp_path):
    said = say("compare", FILE, "--designs", DESIGNS, "--seeds", 2, "--axes", "--out", tmp_path)
    page = text_of_page(tmp_path / "contest.html")
    for text in (said, page):
        clean(text.replace("lots of cases", ""))
    for heading in ("bad_debt, USD", "unsold, BTC", "drop, USD"):
        assert heading in said
        assert heading in page
    assert "insurance fund 20 k USD, and capital of 1 M USD" in said.replace("\n", " ")
    for heading in ("spread, USD", "bid within 1 %, BTC", "var_95, USD", "lar_95, BTC"):
        assert heading in page
    html = (tmp_path / "contest.html").read_text()
    assert "mark, USD" in html
    assert "borrower_loss, USD" in html
    answer = json.loads((tmp_path / "contest.json").read_text())
    for path, unit in answer["units"].items():
        assert at(answer, path) or "tuned" in path or "wrong" in path or "runs" in path, path
        assert unit["unit"] in ("USD", "BTC")
    drop = answer["units"]["designs.*.criteria.drop.mean"]
    assert drop == {"unit": "USD", "factor": 0.5, "integer": "ticks"}


def test_the_stress_test():
    said = clean(say("stress", FILE, "--seeds", 2, "--most", 2, "--steps", 2, "--above", "100 USD"))
    assert "bad debt of more than 100 USD" in said
    assert "360 BTC of BTC-PERP" in said
    assert "of more than 100 USD" in say(
        "stress", FILE, "--seeds", 1, "--phase", "--leverage", 2, "--depth", 1, "--above", "100 USD"
    )


def test_a_threshold_of_another_dimension_is_one_error(capsys):
    for amount, wrong in (("2 BTC", "amount of BTC"), ("5 min", "a duration")):
        with pytest.raises(SystemExit):
            cli.main(["stress", str(FILE), "--above", amount])
        said = capsys.readouterr().err
        assert "above: " in said
        assert wrong in said


def test_thresholds_are_numbers_money_or_shares(scenario):
    cash = scenario.units.cash
    assert threshold_of("5_000", "bad-debt", cash) == 5_000
    assert threshold_of("100 USD", "bad-debt", cash) == 20_000
    assert (
        threshold_of("20 %", "liquidated", cash) == threshold_of("0.2", "liquidated", cash) == 0.2
    )
    with pytest.raises(ValueError, match="no instrument says its money"):
        threshold_of("100 USD", "bad-debt", CASH)


def test_headlines_and_figures(scenario, run):
    study = study_spiral(scenario, [1, 2], workers=1)
    for result in (run, study):
        clean("\n".join(result.headline()))
        clean(texts_of(result.plot()))
    marks = run.plot().data[0].y
    assert 4_000 < min(marks) < max(marks) <= 5_000
    drops = study.plot().data[0].y
    assert list(drops) == [0.5 * one["drops"][0] for one in study.twin]
    stressed = stress_test(scenario, Failure("bad-debt", 0.0), [1], most=1, steps=1, workers=1)
    clean("\n".join(stressed.headline()))
    answer = stressed.summary()
    assert answer["units"]["lots.0"] == {"unit": "BTC", "factor": 0.01, "integer": "lots"}


def test_every_number_of_a_run_says_its_unit(run):
    answer = run.results()
    for path, unit in answer["units"].items():
        part = answer[path.partition(".")[0]]
        assert part is None or at(answer, path) or not part or "by_" in path, path
        assert unit["factor"] == {"USD": 0.5 if unit["integer"] == "ticks" else 0.005,
                                  "BTC": 0.01}[unit["unit"]]  # fmt: skip
    assert answer["criteria"]["liquidated"] == run.cases.lots.sum()
    study = study_spiral(run.scenario, [1], workers=1).summary()
    assert study["units"]["full.estimate"]["unit"] == "USD"
    assert study["units"]["var_95.value"]["unit"] == "USD"


# ---------------------------------------------------------------------------- frames


def test_frames_are_in_money_and_the_integers_stay_available(run):
    steps = {"ticks": 0.5, "lots": 0.01, "cash": 0.005}
    for name in ("trades", "quotes", "liquidations", "accounts"):
        real, integer = run.frame(name), run.frame(name, units="integer")
        assert list(real) == list(integer)
        for column in COLUMNS[name]:
            factor = steps.get(column.unit)
            assert integer.attrs["units"][column.name] == column.unit
            if factor is None:
                assert real[column.name].equals(integer[column.name])
                assert real.attrs["units"][column.name] == column.unit
            else:
                assert real[column.name].dtype == np.float64
                np.testing.assert_allclose(
                    real[column.name].to_numpy(), integer[column.name].to_numpy(float) * factor
                )
                assert real.attrs["units"][column.name] in ("USD", "BTC")
    assert run.frame("trades").attrs["units"]["price"] == "USD"
    assert run.frame("trades", units="integer")["price"].dtype == np.int64
    with pytest.raises(ValueError, match="units must be 'real' or 'integer', got 'USD'"):
        run.frame("trades", units="USD")


def test_entries_are_each_in_the_unit_of_its_asset(run):
    real, integer = run.frame("entries"), run.frame("entries", units="integer")
    assert real.attrs["units"]["amount"] == {"cash": "USD", "BTC": "BTC"}
    for asset, factor in (("cash", 0.005), ("BTC", 0.01)):
        rows = (real["asset"] == asset) & (real["kind"] != "SETTLED")
        assert rows.any()
        np.testing.assert_allclose(real["amount"][rows], factor * integer["amount"][rows])
    settled = real["kind"] == "SETTLED"
    np.testing.assert_allclose(real["amount"][settled], 0.005 * integer["amount"][settled])
    np.testing.assert_allclose(real["price"][settled], 0.01 * integer["price"][settled])
    marks = real["kind"] == "MARK"
    np.testing.assert_allclose(real["price"][marks], 0.5 * integer["price"][marks])


def test_criteria_are_in_money(run):
    real, integer = run.frame("criteria"), run.frame("criteria", units="integer")
    assert real.attrs["units"]["drop"] == "USD"
    assert integer.attrs["units"]["drop"] == "ticks"
    assert real["drop"][0] == 0.5 * integer["drop"][0] == 0.5 * run.drop()
    assert real["liquidated"][0] == pytest.approx(0.01 * integer["liquidated"][0])
    assert real["liquidations"][0] == integer["liquidations"][0]


def test_each_row_of_two_instruments_has_the_units_of_its_own():
    two = read_scenario(
        TWO_ASSETS,
        {
            "seconds": 2.0, "horizon": 1.0, "shocks.0.at": 0.5, "populations.0.count": 50,
            "instruments.0.tick_size": "0.5", "instruments.0.lot_size": "0.001",
            "instruments.0.quote": "USD", "instruments.0.base": "BTC",
            "instruments.1.tick_size": 1, "instruments.1.lot_size": 10,
            "instruments.1.quote": "USD", "instruments.1.multiplier": 20_000,
            "populations.0.equity": 7_000_000,
        },
    )  # fmt: skip
    run = run_scenario(two, 1)
    real, integer = run.frame("trades"), run.frame("trades", units="integer")
    assert real.attrs["units"]["price"] == "USD"
    assert real.attrs["units"]["size"] == {"ALPHA": "BTC", "BETA": "BETA"}
    for name, price, size in (("ALPHA", 0.5, 0.001), ("BETA", 1.0, 10.0)):
        rows = real["instrument"] == name
        assert rows.any()
        np.testing.assert_allclose(real["price"][rows], price * integer["price"][rows])
        np.testing.assert_allclose(real["size"][rows], size * integer["size"][rows])
    assert run.frame("quotes").attrs["units"]["mid"] == "USD"
    # Lots of two things have no unit in common.
    assert run.frame("liquidations").attrs["units"]["lots"] == "lots"
    assert run.frame("liquidations").attrs["units"]["fee"] == "USD"


def test_without_units_nothing_is_other_than_it_was():
    run = run_scenario(
        read_scenario(
            SPIRAL, {"seconds": 2.0, "horizon": 1.0, "shocks.0.at": 0.5}
        ), 1
    )  # fmt: skip
    for name in ("trades", "quotes", "liquidations", "entries", "accounts", "criteria"):
        real, integer = run.frame(name), run.frame(name, units="integer")
        assert real.equals(integer)
        assert real.attrs == integer.attrs
    assert run.headline()[0].endswith("ticks")
    assert run.results()["units"]["drops.0"] == {"unit": "ticks", "factor": 1, "integer": "ticks"}


# ---------------------------------------------------------------------------- markets


@pytest.fixture
def market(monkeypatch):
    """A ready market whose instrument says its units."""

    monkeypatch.setitem(MARKETS, "btc", bitcoin)
    return bitcoin


def bitcoin(seed):
    one = lob.Instrument(
        "BTC-PERP", tick_size=Decimal("0.5"), lot_size=Decimal("0.01"), base="BTC", quote="USD"
    )
    simulation = Simulation(seed, instruments=[one])
    simulation.add(
        ZeroIntelligence(
            "flow", price=10_000, instrument=0, alpha=2.0, mu=10.0, delta=0.1, window=200,
            sigma=10, depth=None,
        )
    )  # fmt: skip
    return simulation


def test_a_sale_into_a_market(market):
    said = clean(say("impact", "btc", "--sell", "5 BTC", "--at", "2s", "--seeds", 2))
    assert "5 BTC sold" in said
    assert say("impact", "btc", "--sell", "500", "--at", "2s", "--seeds", 2) == said
    answer = json.loads(say("impact", "btc", "--sell", "500", "--at", "2s", "--seeds", 2, "--json"))
    assert answer["size"] == 500
    assert answer["units"]["peak.mean"] == {"unit": "USD", "factor": 0.5, "integer": "ticks"}
    for path in answer["units"]:
        assert at(answer, path) or "half_life" in path
    sale = measure_sale(market, size=500, at_ns=2 * 10**9, seeds=[1, 2])
    clean(texts_of(sale.plot()))
    assert sale.plot().data[1].y[0] == 0.5 * sale.impact.path[0].estimate


def test_a_market(market):
    said = clean(say("run", "btc", "--minutes", 0.1))
    assert re.search(r"mid +[\d,.]+ USD to [\d,.]+ USD", said)
    answer = json.loads(say("run", "btc", "--minutes", 0.1, "--json"))
    assert answer["instruments"][0]["units"]["traded_lots"]["unit"] == "BTC"


# ---------------------------------------------------------------------------- dimensions


INVERSE = {
    "instruments.0.inverse": True,
    "instruments.0.tick_size": "0.5",
    "instruments.0.lot_size": 100,
    "instruments.0.multiplier": 20_000_000_000,
    "clearings.0.insurance_fund": "2 BTC",
    "populations.0.equity": "0.05 BTC",
    "shocks.0.lots": "200 k USD",
    "instruments.0.background.size": "1 k USD",
    "keepers.0.capital": "100 BTC",
}


def test_an_inverse_contract_is_answered_in_its_coin():
    scenario = read_scenario(FILE, INVERSE)
    assert scenario.shocks[0].lots == 2_000
    assert scenario.clearings[0].insurance_fund == 2 * 10**8
    run = run_scenario(scenario, 1)
    assert scenario.units.cash.name == "BTC"
    frame = run.frame("accounts")
    assert frame.attrs["units"]["equity"] == "BTC"
    assert frame["equity"].median() == pytest.approx(0.05, rel=0.5)
    assert (
        run.frame("trades").attrs["units"] | {"price": "USD", "size": "USD"}
        == (run.frame("trades").attrs["units"])
    )
    clean("\n".join(run.headline()))


@pytest.mark.parametrize(
    ("change", "path", "wrong"),
    [
        ({"clearings.0.insurance_fund": "20 k USD"}, "clearings.0.insurance_fund",
         "got an amount of USD, '20 k USD', where an amount of BTC is wanted"),
        ({"shocks.0.lots": "2 BTC"}, "shocks.0.lots", "a size in lots or USD"),
        ({"instruments.0.background.price": "2 BTC"}, "instruments.0.background.price",
         "a price in ticks or USD"),
        ({"instruments.0.base": ""}, "instruments.0.base", "the coin that base names"),
    ],
)  # fmt: skip
def test_wrong_dimensions_of_an_inverse_contract_say_where(change, path, wrong):
    plain = {key: value for key, value in INVERSE.items() if "base" not in key}
    if "instruments.0.base" in change:
        plain |= {"clearings.0.insurance_fund": 1, "populations.0.equity": 5_000_000,
                  "keepers.0.capital": 1}  # fmt: skip
    with pytest.raises(ScenarioError) as refused:
        read_scenario(FILE, plain | change)
    (line,) = (one for one in str(refused.value).splitlines() if path in one)
    assert wrong in line


TWO = {
    "instruments.0.tick_size": "0.5", "instruments.0.lot_size": "0.001",
    "instruments.0.quote": "USD", "instruments.0.base": "BTC",
}  # fmt: skip


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        ({}, "BETA must say tick_size, lot_size and quote, as ALPHA does"),
        ({"tick_size": 1, "lot_size": 10, "quote": "USD"}, "multiplier = 20_000 of BETA"),
        ({"tick_size": 1, "lot_size": 10, "quote": "EUR"}, "both must be paid in one asset"),
        ({"tick_size": "0.5", "lot_size": "0.001", "quote": "USD", "inverse": True,
          "base": "ETH"}, "both must be paid in one asset"),
    ],
)  # fmt: skip
def test_accounts_have_one_cash(second, wrong):
    both = TWO | {f"instruments.1.{key}": value for key, value in second.items()}
    with pytest.raises(ScenarioError) as refused:
        read_scenario(TWO_ASSETS, both)
    (line,) = str(refused.value).splitlines()[1:]
    assert line.strip().startswith("clearings.0.holdings.1.instrument: accounts hold ALPHA and ")
    assert wrong in line


def test_lots_of_one_asset_are_of_one_size():
    changed = {"instruments.1.base": "base", "instruments.1.lot_size": 10}
    with pytest.raises(ScenarioError, match=r"instruments\.1\.lot_size: base is one asset"):
        read_scenario(CONTAGION, changed)


def test_cash_may_be_written_where_no_instrument_is_named():
    both = TWO | {
        "instruments.1.tick_size": 1, "instruments.1.lot_size": 10, "instruments.1.quote": "USD",
        "instruments.1.multiplier": 20_000, "clearings.0.insurance_fund": "5 k USD",
        "keepers": [{"name": "k", "kind": "keeper", "capital": "1 k USD"}],
    }  # fmt: skip
    scenario = read_scenario(TWO_ASSETS, both)
    assert scenario.clearings[0].insurance_fund == 10_000_000
    assert scenario.keepers[0].capital == 2_000_000


# ---------------------------------------------------------------------------- show


def test_show_has_real_units_beside_the_integers():
    said = say("show", FILE, "--set", "shocks.0.lots=250 BTC")
    for line in (
        r"shocks\.0\.lots +set +lots +25,000  = 250 BTC  \(written: 250 BTC\)",
        r"instruments\.0\.background\.price +file +ticks +10,000  = 5_000 USD  .*5 k USD\)",
        r"instruments\.0\.background\.alpha +file +lots a second +10\.0  = 0\.1 BTC a second",
        r"instruments\.0\.taker_fee +file +ppm +450  = 4\.5 bps  \(written: 4\.5 bps\)",
        r"clearings\.0\.insurance_fund +file +cash units +4,000,000  = 20_000 USD  .*",
        r"clearings\.0\.liquidation_fee +default +ppm +0  = 0 %",
        r"seconds +file +seconds +4\.0  \(written: 4 s\)",
        r"populations\.0\.count +file +accounts +400",
    ):
        assert re.search(f"^{line}$", said, re.MULTILINE), line
    keys = {one["path"]: one for one in json.loads(say("show", FILE, "--json"))["keys"]}
    assert keys["shocks.0.lots"]["real"] == "240 BTC"
    assert keys["shocks.0.lots"]["value"] == 24_000
    assert keys["seeds"]["real"] == keys["seeds"]["written"] == ""


def test_what_show_says_is_read_as_the_same(scenario):
    keys = json.loads(say("show", FILE, "--json"))["keys"]
    real = {one["path"]: one["real"] for one in keys
            if one["unit"] in ("ticks", "lots", "cash units", "ppm") and one["real"]
            and "multiplier" not in one["path"] and not isinstance(one["value"], list)}  # fmt: skip
    assert len(real) > 8
    assert read_scenario(FILE, real) == scenario


def test_show_has_no_real_units_where_nothing_says_them():
    said = say("show", SPIRAL)
    assert re.search(r"^shocks\.0\.lots +file +lots +25,000$", said, re.MULTILINE)
