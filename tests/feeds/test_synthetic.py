"""The synthetic day: the same to the byte, a sound LOBSTER day, and believable."""

import hashlib

import numpy as np
import pytest

from lob.feeds import lobster, open_feed, synthetic
from lob.feeds.lobster import Type
from lob.feeds.reconcile import reconcile
from lob.replay import Replay


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return synthetic.write_day(tmp_path_factory.mktemp("synthetic"))


@pytest.fixture(scope="module")
def day(path):
    return lobster.read(path)


def digest(path):
    files = sorted(path.parent.iterdir())
    return [hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files]


def test_the_same_seed_gives_the_same_bytes(path):
    """The digests of the day that the documentation shows: a change must be meant."""
    assert digest(path) == ["d1c7b09eb86a8d32", "f92e7a9652e3965d"]


def test_another_seed_gives_another_day(day):
    short = {"end_ms": synthetic.START_MS + 60_000}
    first, second = (synthetic.make_day(seed=seed, **short) for seed in (1, 2))
    assert first.messages.tolist() != second.messages.tolist()
    assert first.messages.tolist() == day.messages[: len(first.messages)].tolist()


@pytest.mark.slow
def test_it_replays_exactly_and_through_the_engine(day, tmp_path):
    report = reconcile(day).report
    assert report.match.all_levels == report.match.compared > 40_000
    assert report.first_problem is None
    replayed = Replay(open_feed(synthetic.write_day(tmp_path)), "interactive").run()
    assert replayed.aggressors > 1000
    assert (replayed.broken.messages, replayed.by_id) == (0, 0)


def test_only_messages_that_change_the_recorded_levels_are_there(day):
    same = (np.diff(day.book, axis=0) == 0).all(axis=1)
    hidden = day.messages["kind"][1:] == Type.EXECUTE_HIDDEN
    assert np.array_equal(same, hidden)
    assert set(np.unique(day.messages["kind"]).tolist()) == {1, 2, 3, 4, 5}


def test_it_is_believable(day):
    """About as a liquid stock of 100 dollars: ranges, for the flow is random."""
    ask, bid = day.book[:, 0] / 10_000, day.book[:, 2] / 10_000
    assert 50_000 <= len(day.messages) <= 100_000
    assert 95 < bid.min() < ask.max() < 105
    assert 0.01 <= (ask - bid).mean() < 0.05
    assert 100 < day.book[:, 1::2].mean() < 2000
    session = day.messages["ts_event"][[0, -1]] / 3.6e12
    assert 9.5 <= session[0] < 9.51
    assert 15.9 < session[1] <= 16
