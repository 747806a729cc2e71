"""Series of prices: a small synthetic file, and every real one below FIRESALE_DATA/prices."""

from decimal import Decimal

import numpy as np
import pytest

from lob.feeds import FeedError
from lob.feeds.prices import read_prices
from lob.units import MILLISECOND_NS
from tests.discovery import price_files
from tests.folders import folder

PRICES = folder("FIRESALE_DATA") / "prices"
ROWS = """symbol,timestamp,USD_price
TOKEN,1000000000000,10.005
TOKEN,1000003600123,9.125000000001
TOKEN,1000007100000,11.5
"""
BASE = """symbol,timestamp,USD_price
BASE,1000001000000,2
BASE,1000007100000,4
"""


def written(tmp_path, content, name="prices.csv"):
    path = tmp_path / name
    path.write_text(content)
    return path


def files():
    found = price_files(PRICES)
    if not found:
        reason = f"there is no series of prices in {PRICES}: set FIRESALE_DATA"
        return [pytest.param(None, marks=pytest.mark.skip(reason))]
    return [pytest.param(path, id=path.name) for path in found]


def test_a_file_is_read_exactly(tmp_path):
    series = read_prices(written(tmp_path, ROWS))
    assert series.symbol == "TOKEN"
    assert (series.times // MILLISECOND_NS).tolist() == [
        1000000000000,
        1000003600123,
        1000007100000,
    ]
    assert series.prices == (Decimal("10.005"), Decimal("9.125000000001"), Decimal("11.5"))
    # 1000.5 goes to the even tick.
    assert series.ticks(Decimal("0.01")).tolist() == [1000, 913, 1150]
    assert series.ticks(Decimal(100)).tolist() == [1, 1, 1]
    assert series.onto(5, 7_100_000).tolist() == [5, 5 + 3_600_123, 5 + 7_100_000]
    assert len(series.between(1000003600123 * MILLISECOND_NS, 1000007100000 * MILLISECOND_NS)) == 2
    with pytest.raises(ValueError, match="no price"):
        series.between(0, 5)


def test_a_ratio_takes_the_latest_price_of_the_other(tmp_path):
    series = read_prices(written(tmp_path, ROWS))
    ratio = series.over(read_prices(written(tmp_path, BASE, "base.csv")))
    assert ratio.symbol == "TOKEN/BASE"
    assert ratio.prices == (Decimal("9.125000000001") / 2, Decimal("11.5") / 4)


def test_times_that_would_fall_together_stay_apart(tmp_path):
    series = read_prices(written(tmp_path, ROWS))
    assert series.onto(0, 3).tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "line 1"),
        ("time,price\n1,2\n", "line 1"),
        ("symbol,timestamp,USD_price\n", "no price"),
        (ROWS + "TOKEN,1000007100000,5\n", "line 5: timestamp must rise"),
        (ROWS + "OTHER,1000007100001,5\n", "line 5: symbol"),
        (ROWS + "TOKEN,1e12,5\n", "line 5: timestamp"),
        (ROWS + "TOKEN,1000007100001,0\n", "line 5: the price"),
        (ROWS + "TOKEN,1000007100001,nan\n", "line 5: the price"),
        (ROWS + "TOKEN,1000007100001\n", "line 5: 3 values"),
    ],
)
def test_what_is_no_price_is_refused_with_its_line(tmp_path, content, match):
    with pytest.raises(FeedError, match=match):
        read_prices(written(tmp_path, content))


@pytest.mark.parametrize("path", files())
def test_real_prices_are_read_whole(path):
    series = read_prices(path)
    with path.open() as file:
        assert len(series) == sum(1 for line in file if line.strip()) - 1
    assert (np.diff(series.times) > 0).all()
    ticks = series.ticks(Decimal("0.01"))
    assert ticks.min() >= 1
    for price, tick in zip(series.prices[::500], ticks[::500].tolist(), strict=True):
        assert abs(price * 100 - tick) <= Decimal("0.5")
    assert np.array_equal(series.onto(0, 10**12), np.sort(series.onto(0, 10**12)))
