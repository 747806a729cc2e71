"""Fixtures for every test: both engines, and the folders of cases and data."""

import signal
from pathlib import Path

import pytest

from tests import examples
from tests.engines import ENGINES
from tests.folders import require


def pytest_configure(config):
    examples.choose(config)
    # What a shell starts in the background ignores Ctrl-C, and so would all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter):
    lines = examples.lines_to_paste(terminalreporter.getreports("failed"))
    if lines:
        terminalreporter.section("examples that failed")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(params=list(ENGINES.values()), ids=list(ENGINES))
def engine(request):
    """The OrderBook class: each test that asks for it runs once with either engine."""
    return request.param


@pytest.fixture
def book(engine):
    """An empty book."""
    return engine()


@pytest.fixture(scope="session")
def cases_folder() -> Path:
    """The folder of public cases; skips where absent."""
    return require("FIRESALE_CASES")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of historical data; skips where absent."""
    return require("FIRESALE_DATA")
