"""A short synthetic day, made once, and the real ones where there are any."""

import pytest

from lob.feeds import lobster, synthetic
from tests.discovery import lobster_zips
from tests.folders import require


@pytest.fixture(scope="session")
def day_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    start, end = 41_400_000, 47_400_000  # 11:30 to 13:10, in ms
    lobster.write(synthetic.make_day(start_ms=start, end_ms=end), folder, start=start, end=end)
    return folder


@pytest.fixture(scope="session")
def day(day_folder):
    return lobster.read(day_folder)


@pytest.fixture(scope="session")
def real_days():
    """Every LOBSTER zip of the shared data."""
    data = require("FIRESALE_DATA")
    found = lobster_zips(data)
    if not found:
        pytest.skip(f"no LOBSTER zip under {data}: set FIRESALE_DATA to where they are")
    return found
