"""Recorded order flow is answered in the units of its instrument, as the reader knows it."""

import json
import re
from decimal import Decimal

import numpy as np
import pytest

from experiments.calibration.facts import unit_in_words
from experiments.calibration.recorded_feed import shown_instrument
from experiments.commands.cli import main
from experiments.questions import replay
from experiments.report.figures import depth_figure, impact_figure, price_figure
from experiments.studies.replay_sale import lots_to_sell
from lob import Instrument
from lob.feeds import open_feed
from lob.replay import Replay, ReplayError
from lob.units import parse_time
from tests.feeds import level_writers

INTEGERS = re.compile(r"\b(ticks?|lots?|units? of cash)\b", re.IGNORECASE)
AT = "12:00:00"


def say(capsys, *arguments, code=0):
    with pytest.raises(SystemExit) as end:
        main([str(one) for one in arguments])
    said = capsys.readouterr()
    assert (end.value.code or 0) == code, said.err
    return said.out if not code else said.err


def clean(text, *units):
    assert not [line for line in text.splitlines() if INTEGERS.search(line)]
    for unit in units:
        assert re.search(rf"\d {unit}\b", text), unit
    return text


def at(answer, path):
    """All values at a dotted path of an answer, ``*`` for any place of a list."""
    step, _, rest = path.partition(".")
    inner = answer if step == "*" else [answer[step]]
    return [value for one in inner for value in (at(one, rest) if rest else [one])]


@pytest.fixture(scope="module")
def level_feed(tmp_path_factory):
    """A level feed of which the tick and the lot are found, of half a minute."""
    path = tmp_path_factory.mktemp("bybit") / "2023-11-14_BTCUSDT_ob500.data"
    lines = level_writers.bybit(level_writers.Market(1), 300)
    path.write_text("\n".join(lines).replace("ABC", "BTCUSDT") + "\n")
    return path


def test_a_day_of_a_stock_is_told_in_dollars_and_shares(day_folder, capsys, tmp_path):
    arguments = ["replay", day_folder, "--sell", 3000, "--at", AT]
    said = clean(say(capsys, *arguments, "--out", tmp_path), "USD", "shares")
    assert "Sell 3,000 shares at 12:00:00.000" in said
    assert "Depth in shares around the mid" in said
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    seen = re.sub(r"<[^>]+>", "\n", re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL))
    clean(seen, "USD", "shares")


def test_figures_of_a_sale_have_units(day_folder):
    done = replay(day_folder, sell=3000, at=AT)
    for figure in (price_figure(done), impact_figure(done), depth_figure(done)):
        layout = figure.to_dict()["layout"]
        axes = [layout[name].get("title", {}).get("text", "") for name in layout if "axis" in name]
        hovers = [f"{one.name} {one.hovertemplate} {one.customdata}" for one in figure.data]
        text = " ".join([*axes, *hovers])
        assert not INTEGERS.search(text), text
        assert "USD" in text


def test_json_keeps_integers_and_says_what_they_are_in(day_folder, capsys):
    said = json.loads(say(capsys, "replay", day_folder, "--sell", 3000, "--at", AT, "--json"))
    assert said["sale"]["size"] == 3000
    units = said["units"]
    assert units["sale.size"] == {"unit": "shares", "factor": 1.0, "integer": "lots"}
    assert units["slippage.vwap_ticks"]["factor"] == 0.01
    assert units["slippage.vwap_ticks"]["unit"] == "USD"
    for path in units:
        values = at(said, path)
        assert values, path
        assert all(one is None or isinstance(one, int | float) for one in values), path
    # Whatever is called so is one of them.
    named = {key for key in units if key.endswith("_ticks")}
    assert {f"slippage.{key}" for key in said["slippage"] if key.endswith("_ticks")} <= named


def test_a_frame_of_a_sale_is_in_either_unit(day_folder):
    done = replay(day_folder, sell=3000, at=AT)
    real, plain = done.frame(), done.frame(units="integer")
    assert real.attrs["units"]["impact"] == "USD"
    assert plain.attrs["units"]["impact"] == "ticks"
    known = plain["impact"].notna()
    np.testing.assert_allclose(real["mid_full"][known], plain["mid_full"][known] * 0.01)
    with pytest.raises(ValueError, match="units must be"):
        done.frame(units="money")


@pytest.mark.parametrize("written", ["3000", 3000, "3000 shares", "3000 lots", "3 k shares"])
def test_a_size_is_the_same_in_every_unit(day_folder, written):
    feed = open_feed(day_folder)
    assert lots_to_sell(feed, written, parse_time(AT)) == 3000


def test_what_is_sold_for_money_is_as_many_as_it_buys_at_the_mid(day_folder):
    feed, when = open_feed(day_folder), parse_time(AT)
    record = Replay(feed, until=when)
    record.run()
    mid = (record.recorded.best_bid + record.recorded.best_ask) / 2 * 0.01
    lots = lots_to_sell(feed, "220 k USD", when)
    assert lots * mid <= 220_000 < (lots + 1) * mid
    with pytest.raises(ValueError, match=r"^1 USD is less than a lot, which is worth \d"):
        lots_to_sell(feed, "1 USD", when)
    with pytest.raises(ReplayError, match="no mid before the sale"):
        lots_to_sell(feed, "220 k USD", 1)


def test_another_asset_is_refused_by_name(day_folder, capsys):
    told = say(capsys, "replay", day_folder, "--sell", "2 BTC", "--at", AT, code=2)
    assert "--sell: " in told
    assert "'2 BTC', where a size in lots or shares is wanted" in told


def test_a_level_feed_is_told_in_what_its_name_says(level_feed, capsys):
    said = say(capsys, "replay", level_feed, "--sell", "0.05 BTC")
    clean(said, "USDT", "BTC")
    assert "Selling 0.05 BTC cost" in said
    by_worth = json.loads(say(capsys, "replay", level_feed, "--sell", "50 USDT", "--json"))
    assert by_worth["sale"]["size"] >= 1


def test_a_feed_says_what_a_tick_and_a_lot_are(day_folder, level_feed, capsys):
    said = say(capsys, "feed", "info", day_folder)
    assert said.strip().endswith("tick 0.01 USD, lot 1 share")
    said = say(capsys, "feed", "info", level_feed)
    assert re.search(r"tick [\d.]+ USDT, lot [\d.]+ BTC", said)
    (one,) = json.loads(say(capsys, "feed", "info", level_feed, "--json"))["instruments"]
    assert (one["base"], one["quote"]) == ("BTC", "USDT")


def test_facts_say_what_a_tick_is(day_folder, capsys):
    said = say(capsys, "facts", day_folder, "--until", "11:50:00")
    assert re.search(r"spread +[\d.]+ +ticks of 0\.01 USD", said)
    assert re.search(r"volume an hour +[\d.,e+]+ +shares", said)
    told = json.loads(say(capsys, "facts", day_folder, "--until", "11:50:00", "--json"))
    assert told["units"]["facts.spread_ticks.value"]["unit"] == "USD"
    assert told["facts"]["spread_ticks"]["unit"] == "ticks"


def test_a_unit_is_named_where_both_records_agree():
    one = Instrument("A", Decimal("0.01"), base="shares", quote="USD")
    other = Instrument("B", Decimal("0.5"), base="BTC", quote="USD")
    assert unit_in_words("ticks", one, one) == "ticks of 0.01 USD"
    assert unit_in_words("ticks", one, other) == "ticks"
    assert unit_in_words("units", one, other) == "units"
    assert unit_in_words("units", one, None) == "units"
    assert unit_in_words("bps", one) == "bps"


def test_a_name_that_tells_nothing_has_ticks_and_lots():
    assert not shown_instrument(Instrument("ETHUSD_PERP"), "binance").has_units


def test_a_snapshot_of_positions_is_told_in_its_assets(tmp_path, capsys):
    path, columns = tmp_path / "s.csv", tmp_path / "map.toml"
    path.write_text("coin,amount,entry,margin\nBTC,2.5,60000,1000\nBTC,-0.5,61000,2000.5\n")
    columns.write_text(
        'instrument = "coin"\nposition = { column = "amount", unit = "base" }\n'
        'entry = { column = "entry", unit = "quote" }\n'
        'margin = { column = "margin", unit = "quote" }\n'
    )
    said = say(capsys, "positions", "info", path, "--map", columns)
    assert "long 2.5 BTC, short 0.5 BTC" in said
    told = json.loads(say(capsys, "positions", "info", path, "--map", columns, "--json"))
    (row,) = told["instruments"]
    assert row["long_lots"] * row["units"]["long_lots"]["factor"] == pytest.approx(2.5)


def test_a_snapshot_in_steps_stays_in_them(tmp_path, capsys):
    path = tmp_path / "s.csv"
    path.write_text("position,entry,margin\n3,100,50\n")
    assert "long 3 lots, short 0 lots" in say(capsys, "positions", "info", path)
