"""What tests take for theirs, which examples they draw, and what is printed of one that failed."""

import shutil
import traceback
import zipfile
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, reproduce_failure, settings
from hypothesis import strategies as st

from tests.discovery import lobster_days, lobster_zips, price_files
from tests.examples import FACTOR, examples, lines_to_paste
from tests.feeds.files import GOOD_BOOK, GOOD_MESSAGES, write_pair


def test_only_lobster_days_are_taken_for_them(tmp_path):
    message = write_pair(tmp_path / "day", GOOD_MESSAGES, GOOD_BOOK)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in sorted(message.parent.iterdir()):
            archive.write(file, file.name)
    with zipfile.ZipFile(tmp_path / "another venue.zip", "w") as archive:
        archive.writestr("BTCUSDT-trades-2025-10-10.csv", "1,2,3\n")
    (tmp_path / "half.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:100])
    (tmp_path / "day" / "liquidations.csv").write_text("id,price\n1,2\n")
    shutil.copy(message, tmp_path)  # half of a day
    assert [path.name for path in lobster_zips(tmp_path)] == ["a.zip"]
    assert [pair.container for pair in lobster_days(tmp_path)] == [
        tmp_path / "day",
        tmp_path / "a.zip",
    ]


def test_only_series_of_prices_are_taken_for_them(tmp_path):
    (tmp_path / "a.csv").write_text("symbol,timestamp,USD_price\nX,1,2\n")
    (tmp_path / "b.csv").write_text("open,high,low\n1,2,3\n")
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe\x00")
    assert [path.name for path in price_files(tmp_path)] == ["a.csv"]
    assert price_files(tmp_path / "none") == []


@pytest.mark.skipif(FACTOR > 0, reason="new examples were asked for")
def test_examples_are_the_same_at_each_run(request):
    if request.config.getoption("--hypothesis-seed") is None:
        assert settings().derandomize
    assert examples(400) == 400


def test_no_clock_fails_an_example():
    """On a slow or busy machine an example may take as long as it likes, to draw or to run."""
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


def test_what_failed_is_a_line_to_paste():
    @settings(max_examples=100, database=None, print_blob=True, derandomize=True)
    @given(st.integers(0, 10**6))
    def small(number):
        assert number < 1_234

    with pytest.raises(AssertionError) as failure:
        small()
    report = SimpleNamespace(
        nodeid="tests/test_x.py::small",
        longreprtext="".join(traceback.format_exception(failure.value)),
    )
    where, line = lines_to_paste([report])
    assert "tests/test_x.py::small" in where
    # Pasted above the test it fails again, by that one example.
    tried = []

    @settings(max_examples=100, database=None)
    @given(st.integers(0, 10**6))
    def pasted(number):
        tried.append(number)
        assert number < 1_234

    again = eval(line.removeprefix("@"), {"reproduce_failure": reproduce_failure})(pasted)
    with pytest.raises(AssertionError):
        again()
    assert set(tried) == {1_234}
