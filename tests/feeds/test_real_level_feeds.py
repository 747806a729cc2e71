"""Every file of a level feed below FIRESALE_DATA keeps what its format promises."""

import pytest

from lob.feeds import Books, open_feed
from tests.feeds.discover import real_files

CHECKED = {
    "binance": "update ids",
    "bybit": "update ids",
    "bybit-2021": "update ids",
    "coinbase": "sequence numbers",
    "deribit": "update ids",
    "kraken": "checksums",
    "kraken-futures": "update ids",
}
UNCHECKED = ("coinbase-pro", "hyperliquid", "tardis")


@pytest.mark.parametrize("name", [*CHECKED, *UNCHECKED])
def test_nothing_is_missing_or_crossed(name):
    for path in real_files(name):
        feed = open_feed(path)
        if feed.report.format == "binance" and ".http." in path.name:
            continue  # pages without their updates
        replayed = Books()
        for block in feed.blocks():
            replayed.apply(block.messages, block.consistent)
        report = feed.report
        assert not report.faults
        assert report.is_level_feed
        assert (report.gaps, report.crossed, report.locked, replayed.crossed) == (0, 0, 0, 0)
        assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)
        for instrument in feed.instruments:
            for side in (1, -1):
                wanted = feed.books.levels(instrument.number, side)
                assert (replayed.levels(instrument.number, side) == wanted).all()
        if name not in CHECKED:
            continue
        check = report.checks[CHECKED[name]]
        updates = sum(
            count
            for kind, count in report.records.items()
            if kind in ("depthUpdate", "book", "book change", "orderbook delta")
            or (name == "bybit-2021" and kind == "orderBookL2_25 delta")
        )
        bridged = report.checks["snapshots bridged"].passed if name == "binance" else 0
        if name != "coinbase":
            # Each update is checked but the first of a book that starts without a snapshot.
            assert check.passed == updates - bridged
        assert check.passed > 0
