"""The law of daily liquidations: what it reads, refuses, fits and scores."""

import json

import numpy as np
import pytest

from experiments.studies.daily_liquidations import DailyLiquidations, read_daily_liquidations
from tests.folders import folder

PERPS = folder("FIRESALE_DATA") / "perps"
HEADER = "date,symbol,close,fr,longliq,oi,shortliq,volume"
LAW = DailyLiquidations(0.03, 12.0, 0.8, 0.2, 1.7, 0.5, 0.3, 0.5, 0.5)


def written(path, days=150, symbols=3):
    """A synthetic file: liquidated shares that rise with the square of the return."""
    random = np.random.default_rng(7)
    lines = [HEADER]
    for symbol in range(symbols):
        price = 100.0
        for day in range(days):
            moved = 0.04 * random.standard_normal()
            price *= np.exp(moved)
            lost = (0.001 + moved**2) * 1e6 * np.exp(0.3 * random.standard_normal())
            date = np.datetime64("2022-01-01") + day
            longs, shorts = (lost, lost / 9) if moved < 0 else (lost / 9, lost)
            lines.append(f"{date},S{symbol},{price},0.01,{longs},1e6,{shorts},5e6")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2022-13-02,A,1,0,1,1,1,1", "line 3: date must be a date"),
        ("2022-01-02,A,-1,0,1,1,1,1", "line 3: close must be a number above 0, not '-1'"),
        ("2022-01-02,A,1,0,1,0,1,1", "line 3: oi must be a number above 0, not '0'"),
        ("2022-01-02,A,1,0,x,1,1,1", "line 3: longliq must be a number of 0 or more, not 'x'"),
        ("2022-01-02,A,1,0,1,1,1,inf", "line 3: volume must be"),
        ("2022-01-01,A,1,0,1,1,1,1", "line 3: date must be one row a symbol"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, told):
    path = tmp_path / "days.csv"
    path.write_text(f"{HEADER}\n2022-01-01,A,1,0,1,1,1,1\n{row}\n")
    with pytest.raises(ValueError, match=told):
        read_daily_liquidations(path)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("date,symbol,close\n2022-01-01,A,1\n")
    with pytest.raises(ValueError, match="line 1: there is no column longliq"):
        read_daily_liquidations(path)


def test_too_few_days_are_refused(tmp_path):
    table = read_daily_liquidations(written(tmp_path / "days.csv", days=8))
    with pytest.raises(ValueError, match="days in a row"):
        LAW.score(table)


def test_a_law_is_saved_and_loaded_whole(tmp_path):
    LAW.save(tmp_path / "law.toml")
    assert DailyLiquidations.load(tmp_path / "law.toml") == LAW
    (tmp_path / "law.toml").write_text("recorded = 1.0\n")
    with pytest.raises(ValueError, match="certainty is missing"):
        DailyLiquidations.load(tmp_path / "law.toml")


def test_the_volume_of_the_day_is_not_used(tmp_path):
    table = read_daily_liquidations(written(tmp_path / "days.csv"))
    other = table.copy()
    last = other.groupby("symbol").tail(1).index
    other.loc[last, "volume"] *= 1000
    assert repr(LAW.score(other)) == repr(LAW.score(table))  # bins without days are nan


def test_more_move_liquidates_more(tmp_path):
    table = read_daily_liquidations(written(tmp_path / "days.csv"))
    fitted = DailyLiquidations.fit(table)
    assert fitted == DailyLiquidations.fit(table)
    assert fitted.score(table).r2 > 0.5
    assert fitted.score(table).median == pytest.approx(1, abs=0.25)


def test_the_command_fits_and_scores(tmp_path, capsys):
    from experiments.commands.cli import main

    days, law = written(tmp_path / "days.csv"), tmp_path / "law.toml"
    for words in (["fit", str(days), "--out", str(law)], ["score", str(days), "--law", str(law)]):
        with pytest.raises(SystemExit) as ended:
            main(["daily-liquidations", *words, "--json"])
        assert not ended.value.code
        found = json.loads(capsys.readouterr().out)
    assert found["symbols"] == 3
    assert found["r2"] > 0.5


@pytest.mark.slow
def test_symbols_it_was_not_fitted_to():
    files = sorted(PERPS.glob("*.csv"))
    if not files:
        pytest.skip(f"there is no file of daily perpetuals in {PERPS}: set FIRESALE_DATA")
    for path in files:
        table = read_daily_liquidations(path)
        symbols = np.random.default_rng(1).permutation(np.unique(table["symbol"]))
        known = table["symbol"].isin(symbols[: len(symbols) // 2])
        score = DailyLiquidations.fit(table[known]).score(table[~known])
        assert score.r2 >= 0.3  # 0.33 to 0.36 over splits; some symbols are told worse
        assert 1 / 1.5 <= score.median <= 1.5
        assert 1 / 1.5 <= score.p99 <= 1.5
