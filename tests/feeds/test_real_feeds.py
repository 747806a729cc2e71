"""Every file of an order-by-order format below FIRESALE_DATA keeps what its format promises."""

import pytest

from lob.feeds import Books, FeedError, open_feed
from tests.feeds.discover import real_files

ORDER_BY_ORDER = ("itch", "databento-mbo", "independent-reserve", "bitstamp", "lobster")


def opened(name):
    """Whole feeds of a format; a folder with several days has no single one."""
    feeds = []
    for path in real_files(name):
        try:
            feeds.append(open_feed(path))
        except FeedError as error:
            assert "days" in str(error) or "partner" in str(error)  # noqa: PT017
    return feeds


@pytest.mark.parametrize("name", ORDER_BY_ORDER)
def test_messages_alone_make_the_books(name):
    for feed in opened(name):
        replayed = Books()
        for block in feed.blocks():
            replayed.apply(block.messages, block.consistent)
        report = feed.report
        assert report.complete
        assert report.format == name
        assert report.verified
        assert not report.is_level_feed
        assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)
        for instrument in feed.instruments:
            for side in (1, -1):
                wanted = feed.books.levels(instrument.number, side)
                assert (replayed.levels(instrument.number, side) == wanted).all()


def test_itch_tells_every_name_right():
    for feed in opened("itch"):
        report = feed.scan()
        assert report.checks["stock of locate code"].failed == 0
        assert (report.duplicate_ids, report.overdrawn, report.went_back) == (0, 0, 0)
        # Whole days start with the system and its stocks; a reference to nothing is counted.
        if "Q" not in report.records and "P" not in report.records:
            assert report.unknown_ids == 0


def test_databento_is_never_overdrawn_and_names_orders_right():
    for feed in opened("databento-mbo"):
        report = feed.scan()
        assert (report.unknown_ids - report.unknown_explained, report.overdrawn) == (0, 0)
        assert report.duplicate_ids == 0
        assert report.crossed == 0
        assert all(check.failed == 0 for check in report.checks.values())
        assert {instrument.name.isdigit() for instrument in feed.instruments} <= {False}


def test_independent_reserve_loses_no_event():
    for feed in opened("independent-reserve"):
        report = feed.scan()
        assert report.gaps == 0
        assert report.checks["nonces"].passed > 0
        assert report.checks["nonces"].failed == 0
        assert report.unknown_ids == report.unknown_explained
        assert report.crossed == 0


def test_bitstamp_fills_agree_with_what_was_left():
    for feed in opened("bitstamp"):
        report = feed.scan()
        assert report.checks["side and volume left of the order named"].failed == 0
        assert report.unknown_ids == report.unknown_explained
        assert (report.duplicate_ids, report.crossed) == (0, 0)


def test_lobster_days_agree_with_their_books():
    for feed in opened("lobster"):
        report = feed.scan()
        assert not report.faults
        assert report.checks["book after each row"].passed > 0
