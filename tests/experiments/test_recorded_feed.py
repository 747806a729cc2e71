"""How people name a file, a time, a size and a half-life."""

from decimal import Decimal
from math import inf
from types import SimpleNamespace

import pytest

from experiments.calibration.recorded_feed import (
    half_life,
    instrument_of,
    moment,
    open_recorded,
    with_assets,
)
from lob import Instrument
from lob.feeds import FeedError
from lob.replay import SymbolError
from tests.feeds.families import write_family

S = 10**9
FIRST = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC


@pytest.fixture
def utc(tmp_path):
    return write_family("table", tmp_path)[0]


@pytest.fixture
def of_day(tmp_path):
    return write_family("lobster", tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("+90s", FIRST + 90 * S),
        ("2023-11-14T22:14:00", FIRST + 40 * S),
        ("2023-11-14T22:14:00.25Z", FIRST + 40 * S + S // 4),
        ("2023-11-14 23:14:00+01:00", FIRST + 40 * S),
        ("22:14:00", FIRST + 40 * S),
        ("22:13:00", FIRST + 86_400 * S - 20 * S),  # the first one that comes
    ],
)
def test_moments_of_a_feed_in_utc(utc, text, wanted):
    assert moment(text, utc) == wanted


def test_moments_of_a_feed_of_one_day(of_day):
    assert moment("09:31:00.5", of_day) == 34_260 * S + S // 2
    assert 34_200 * S < moment("+1m", of_day) - 60 * S < 34_210 * S
    with pytest.raises(ValueError, match="write HH:MM:SS"):
        moment("2023-11-14T22:14:00", of_day)


@pytest.mark.parametrize("text", ["noon", "+soon", "2023-13-01T00:00:00", "2023-11-14T22:14:00.5x"])
def test_what_is_no_moment(utc, text):
    with pytest.raises(ValueError, match=r"is not a|at most nine decimals"):
        moment(text, utc)


@pytest.mark.parametrize(
    ("decay", "wanted"),
    [(0, 0), (60, 60 * S), ("1.5", 1.5 * S), ("5m", 300 * S), ("inf", inf), (inf, inf)],
)
def test_half_lives(decay, wanted):
    assert half_life(decay) == wanted


@pytest.mark.parametrize("decay", [-1, "-1", "soon", float("nan")])
def test_what_is_no_half_life(decay):
    with pytest.raises(ValueError, match=r"half-life must be|is not a duration"):
        half_life(decay)


@pytest.mark.parametrize(
    ("name", "format", "assets"),
    [
        ("BTCUSDT", "binance", ("BTC", "USDT")),
        ("BTC-USD", "coinbase", ("BTC", "USD")),
        ("XBT/EUR", "kraken", ("XBT", "EUR")),
        ("BTC", "hyperliquid", ("BTC", "USD")),
        ("AMZN", "lobster", ("", "USD")),
        # Contracts that may be of so many dollars: their sizes are told in lots.
        ("ETHUSD_PERP", "binance", ("", "cash")),
        ("BTCUSD", "bybit-2021", ("", "cash")),
        ("BTC-USD", "tardis", ("", "cash")),
        ("BTC-PERPETUAL", "deribit", ("", "cash")),
        ("ESM4", "databento-mbo", ("", "cash")),
    ],
)
def test_assets_are_named_where_they_are_without_a_doubt(name, format, assets):
    found = with_assets(Instrument(name, lot_size=Decimal("0.001")), format)
    assert (found.base, found.quote) == assets
    if found.base:
        assert found.to_lots(f"2 {found.base}") == 2000


def test_files_that_are_none(tmp_path):
    with pytest.raises(FeedError, match="no such file or folder"):
        open_recorded(tmp_path / "nowhere")
    with pytest.raises(FeedError, match="no LOBSTER files here"):
        open_recorded(tmp_path)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FeedError, match="no format that is known"):
        open_recorded(tmp_path / "x.csv")
    with pytest.raises(ValueError, match="format must be one of"):
        open_recorded(tmp_path / "x.csv", format="nonsense")


def test_an_option_that_a_format_has_itself(of_day):
    message = of_day.path
    with pytest.raises(ValueError, match="tick_size: the format lobster has its own"):
        open_recorded(message, tick="0.01")
    assert open_recorded([*sorted(message.parent.glob("*.csv"))]).format == "lobster"


def test_the_instrument_of_a_feed(utc, tmp_path):
    assert instrument_of(utc).name
    with pytest.raises(SymbolError, match="has no instrument QQQ"):
        instrument_of(utc, "QQQ")
    empty = SimpleNamespace(path="x", instruments=[], blocks=lambda: (one for one in ()))
    with pytest.raises(SymbolError, match="x: has nothing to replay"):
        instrument_of(empty)
    feed, symbol = write_family("itch", tmp_path / "itch")
    assert instrument_of(feed, symbol).quote == "USD"
