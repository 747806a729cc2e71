"""Facts of feeds: as those of the tape of the same history, of each format, of real files."""

from collections.abc import Iterator

import numpy as np
import pytest

from experiments.calibration.facts import FACTS, LEVEL_FEED, TOO_SHORT
from experiments.calibration.measure import measure
from experiments.calibration.record_of_feed import record_of_feed
from experiments.calibration.record_of_tape import record_of_tape
from experiments.calibration.recorded_feed import open_recorded
from experiments.markets import MARKETS
from experiments.studies.facts import facts_of_file
from lob import MESSAGE, EventKind, Instrument, Kind, Reason, Side, journal
from lob.feeds import PRINT, Feed, FeedBlock, FeedError, PrintKind
from lob.replay import SymbolError
from tests.feeds.discover import real_files
from tests.feeds.families import LEVELS, ORDERS, write_family

S = 10**9


class TapeFeed(Feed):
    """The tape of a run as an order-by-order feed would tell it."""

    format = "tape"

    def __init__(self, events, named=True):
        super().__init__("tape")
        self.events, self.named = events, named

    @property
    def instruments(self) -> list[Instrument]:
        return [Instrument("X", number=0)]

    def _blocks(self, rows: int) -> Iterator[FeedBlock]:
        messages, prints = self._told()
        for at in range(0, len(messages), rows):
            now = messages[at : at + rows]
            first, last = np.searchsorted(prints["at"], (at, at + len(now)))
            yield FeedBlock(now, np.ones(len(now), np.bool_), prints[first:last])

    def _told(self):
        messages, prints = [], []
        of_message = np.cumsum(journal.first_of_message(self.events))
        for number in range(1, of_message[-1] + 1):
            first, last = np.searchsorted(of_message, (number, number + 1))
            self._tell(self.events[first:last], messages, prints)
        told = np.zeros(len(messages), MESSAGE)
        for i, row in enumerate(messages):
            for name, value in row.items():
                told[name][i] = value
        printed = np.zeros(len(prints), PRINT)
        for i, row in enumerate(prints):
            for name, value in row.items():
                printed[name][i] = value
        return told, printed

    def _tell(self, events, messages, prints):
        """The removals of a message first, then what comes to rest, as venues do."""
        head = events[0]
        for one in events[events["kind"] == EventKind.TRADE]:
            prints.append({
                "ts_event": one["ts_event"], "at": len(messages), "price": one["price"],
                "size": one["size"], "order_id": one["resting_order_id"] if self.named else 0,
                "kind": PrintKind.TRADE, "side": one["side"], "counts": 1,
            })  # fmt: skip
            messages.append({
                "ts_event": one["ts_event"], "order_id": one["resting_order_id"],
                "size": one["size"], "kind": Kind.REDUCE,
            })  # fmt: skip
        common = {"ts_event": head["ts_event"], "order_id": head["order_id"],
                  "side": head["side"], "price": head["price"]}  # fmt: skip
        if head["kind"] == EventKind.ACCEPTED and events["leaves"][-1] > 0:
            messages.append({**common, "size": events["leaves"][-1], "kind": Kind.NEW})
        elif head["kind"] == EventKind.CANCELLED and head["reason"] == Reason.NONE:
            messages.append({**common, "kind": Kind.CANCEL})
        elif head["kind"] == EventKind.REPLACED:
            left = events["leaves"][-1]
            messages.append({**common, "size": left, "kind": Kind.REPLACE if left else Kind.CANCEL})


@pytest.fixture(scope="module")
def events():
    simulation = MARKETS["poisson"](4)
    simulation.run(until=180 * S)
    return simulation.events.copy()


@pytest.mark.parametrize("named", [True, False])
def test_a_feed_and_the_tape_of_the_same_history_have_the_same_facts(events, named):
    of_tape = measure(record_of_tape(events))
    of_feed = measure(record_of_feed(TapeFeed(events, named)))
    assert of_feed.market_orders == of_tape.market_orders > 100
    for name in FACTS:
        one, other = of_feed.values[name], of_tape.values[name]
        assert one.reason == other.reason, name
        if one.value is not None:
            assert one.value == pytest.approx(other.value, rel=1e-9), name


def test_a_part_of_a_feed_is_that_part_of_the_tape(events):
    since, until = 60 * S, 150 * S
    of_feed = record_of_feed(TapeFeed(events), since=since, until=until)
    of_tape = record_of_tape(events[events["ts_event"] < until], since=since)
    assert of_feed.quotes["ts_event"][0] >= since
    assert of_feed.quotes["ts_event"][-1] < until
    for name in ("ts_event", "size", "side"):
        assert (of_feed.market_orders[name] == of_tape.market_orders[name]).all()


def test_a_side_that_is_not_told_is_found_from_the_mid(events):
    told = record_of_feed(TapeFeed(events))

    class Silent(TapeFeed):
        def _told(self):
            messages, prints = super()._told()
            prints["side"] = 0
            return messages, prints

    found = record_of_feed(Silent(events))
    assert (found.market_orders["side"] == told.market_orders["side"]).all()


@pytest.mark.parametrize("name", [*ORDERS, *LEVELS])
def test_every_format_is_measured(name, tmp_path):
    feed, symbol = write_family(name, tmp_path)
    record = record_of_feed(feed, symbol)
    facts = measure(record)
    assert facts.messages == len(record.quotes) > 10
    spread = facts.values["spread_ticks"]
    assert spread.value is None or spread.value > 0
    reason = facts.values["limits_per_order"].reason
    assert (reason == LEVEL_FEED) == feed.is_level_feed
    assert facts.values["response_100"].reason == TOO_SHORT
    orders = record.market_orders
    assert set(orders["side"].tolist()) <= {Side.BUY, Side.SELL}
    assert (orders["size"] > 0).all()
    assert (orders["before"] < orders["after"]).all()


def test_several_instruments_need_a_name(tmp_path):
    from tests.feeds import writers

    path = tmp_path / "day.bin"
    path.write_bytes(writers.itch_file(writers.itch_day()[0]))
    with pytest.raises(SymbolError, match="choose one"):
        facts_of_file(path)
    assert facts_of_file(path, symbol="ABC").name == "ABC"


# ------------------------------------------------------------------------------ real files


def test_a_real_day_gives_every_statistic():
    """A whole day of a stock: sides have a long memory, orders cluster, prices hardly do."""
    found = 0
    for path in real_files("lobster"):
        facts = facts_of_file(path)
        if facts.seconds < 6 * 3_600:
            continue
        found += 1
        assert {name for name, fact in facts.values.items() if fact.value is None} == set()
        values = {name: fact.value for name, fact in facts.values.items()}
        assert values["fano_60s"] > 2
        assert 0.2 < values["branching"] < 1
        assert 0 < values["sign_exponent"] < 1
        assert 0.5 < values["variance_ratio_1s_60s"] < 2
        assert values["kurtosis_10s"] > 0
        assert values["hazard_old_young"] < 0.2
        assert values["volatility_memory"] > 0
        assert 0 < values["response_1"] < values["response_10"] < 1
    if not found:
        pytest.skip("no whole day of LOBSTER files")


def test_files_of_one_day_agree_however_many_levels_they_show():
    """Spread, market orders and returns do not depend on the levels below the best."""
    days = {}
    for path in real_files("lobster"):
        facts = facts_of_file(path)
        days.setdefault((facts.name, facts.market_orders), []).append(facts)
    pairs = [found for found in days.values() if len(found) > 1]
    if not pairs:
        pytest.skip("no day in files of several depths")
    deep = {"limits_per_order", "cancels_per_limit", "hazard_old_young"}
    for one, *others in pairs:
        for other in others:
            for name in set(FACTS) - deep:
                wanted, found = one.values[name].value, other.values[name].value
                assert (found is None) == (wanted is None), name
                assert wanted is None or found == pytest.approx(wanted, rel=0.01, abs=1e-3), name


@pytest.mark.parametrize(
    "name",
    ["binance", "bitstamp", "bybit", "coinbase", "databento-mbo", "hyperliquid",
     "independent-reserve", "itch", "kraken"],
)  # fmt: skip
def test_real_files_of_other_formats_are_measured(name):
    measured = 0
    for path in real_files(name)[:4]:
        feed = open_recorded(path)
        try:
            feed.scan()
            if not feed.instruments:
                continue
            facts = measure(record_of_feed(feed, feed.instruments[0].name))
        except (FeedError, SymbolError):
            continue
        for fact in facts.values.values():
            assert (fact.value is None) == bool(fact.reason)
            assert fact.value is None or np.isfinite(fact.value)
        assert (facts.values["limits_per_order"].reason == LEVEL_FEED) == feed.is_level_feed
        measured += 1
    if not measured:
        pytest.skip(f"no {name} file that can be read")


def test_what_rests_at_each_price_is_the_same_of_a_feed_and_of_a_tape():
    simulation = MARKETS["poisson"](3)
    simulation.run(until=20 * S)
    tape = record_of_tape(simulation.events, with_changes=True)
    feed = record_of_feed(TapeFeed(simulation.events), with_changes=True)
    assert record_of_feed(TapeFeed(simulation.events)).changes is None
    for cause in range(1, 4):
        books = []
        for one in (tape, feed):
            mine = one.changes[one.changes["cause"] == cause]
            key = np.stack([mine["ts_event"], mine["side"], mine["price"], mine["lots"]])
            books.append(key[:, np.lexsort(key)])
        assert books[0].shape[1] > 20
        np.testing.assert_array_equal(*books)
