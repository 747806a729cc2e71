"""Replay of any feed: what must hold in every family of formats, and what a sale meets in them."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf

import numpy as np
import pytest

import lob
from experiments.studies.forced_sale import ForcedSale, SaleOrders, SaleStyle
from experiments.studies.replay_sale import book_is_there, measure
from lob.feeds import FeedError, lobster, open_feed, recognise
from lob.replay import Replay, ReplayError, SymbolError, first_time
from tests.feeds import files, writers
from tests.feeds.discover import ROOT
from tests.feeds.families import LEVELS, ORDERS, bitstamp_market, itch_of, short_day, write_family

S = 10**9
EVERY = (*ORDERS, *LEVELS)


def levels_of(book):
    return [[(int(row["price"]), int(row["size"])) for row in side] for side in (
        book.bids(), book.asks(),
    )]  # fmt: skip


def levels_told(feed, number):
    return [
        [(int(row["price"]), int(row["size"])) for row in feed.books.levels(number, side)]
        for side in (1, -1)
    ]


def orders_of(book):
    """Every order of a book, in the order of its queues."""
    return book.orders()[["order_id", "side", "price", "size"]].tolist()


def replayed(feed, mode, symbol=None, **options):
    replay = Replay(feed, mode, symbol=symbol, **options)
    replay.run()
    return replay


# -------------------------------------------------------------------- without a sale


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", EVERY)
def test_without_a_sale_every_mode_is_the_feeds_own_book(tmp_path, name, seed):
    feed, symbol = write_family(name, tmp_path, seed)
    exact = replayed(feed, "exact", symbol)
    number = exact.report.instrument.number
    assert exact.report.messages == feed.report.messages > 20
    assert levels_of(exact.recorded) == levels_told(feed, number)
    assert levels_of(exact.recorded) != [[], []]
    for mode, half_life in (("interactive", None), ("reanchored", 0), ("reanchored", inf)):
        replay = replayed(feed, mode, symbol, half_life_ns=half_life)
        assert replay.report.forked_at is not None
        assert replay.report.broken.messages == 0, str(replay.report.broken)
        assert replay.report.left_over == 0
        assert orders_of(replay.live) == orders_of(replay.recorded) == orders_of(exact.recorded)
        replay.live.check()


@pytest.mark.parametrize("name", ["lobster", "databento-mbo", "bitstamp", "binance"])
def test_the_size_of_a_block_changes_nothing(tmp_path, name):
    feed, symbol = write_family(name, tmp_path)
    at = book_is_there(feed, symbol)
    over = first_time(feed) + 30 * S - at if name != "databento-mbo" else 10_000
    seen = []
    for rows in (3, 2**14):
        orders = SaleOrders(ForcedSale(60, at, SaleStyle.TWAP, over_ns=over))
        replay = Replay(feed, "reanchored", symbol=symbol, half_life_ns=S, orders=orders)
        events = np.concatenate([stretch.sent_events for stretch in replay.stretches(rows)])
        seen.append((events.tolist(), orders_of(replay.live), replay.report.broken))
    assert seen[0] == seen[1]
    assert len(seen[0][0])


def test_executions_become_the_aggressors_that_explain_them(tmp_path):
    day = short_day(3)
    feed = open_feed(lobster.write(day, tmp_path))
    report = replayed(feed, "interactive").report
    executed = day.messages[day.messages["kind"] == lobster.Type.EXECUTE]
    assert 0 < report.aggressors <= len(executed)
    assert report.by_id == 0


def test_a_bitstamp_order_that_crosses_is_one_order(tmp_path):
    path = writers.write_lines(tmp_path / "orders.csv", bitstamp_market(5, 200))
    report = replayed(open_feed(path), "interactive").report
    assert report.aggressors > 10
    assert report.broken.messages == 0


# -------------------------------------------------------------------- with a sale


@dataclass
class Sold:
    """A sale in a day of two prices a side, priced by hand."""

    feed: object

    def sell(self, size, at, mode="interactive", **options):
        return measure(self.feed, ForcedSale(size, int(at * S)), mode, **options)


@pytest.fixture
def by_hand(tmp_path):
    """Bids 100.00 (10) and 99.90 (20), ask 100.10 (10); then a cancel, an execution, a new bid."""
    records = [
        writers.directory(1, "ABC"),
        writers.event(1, "Q"),
        writers.add(1, 1 * S, 1, "B", 10, "ABC", 1_000_000),
        writers.add(1, 2 * S, 2, "B", 20, "ABC", 999_000),
        writers.add(1, 3 * S, 3, "S", 10, "ABC", 1_001_000),
        writers.delete(1, 5 * S, 1),
        writers.execute(1, 6 * S, 2, 5),
        writers.add(1, 7 * S, 4, "B", 8, "ABC", 1_000_000),
        writers.delete(1, 9 * S, 3),
    ]
    path = tmp_path / "day.itch"
    path.write_bytes(writers.itch_file(records))
    return Sold(open_feed(path))


def test_exact_prices_each_order_against_the_record_and_takes_nothing(by_hand):
    m = by_hand.sell(15, 4, "exact")
    assert m.trades[["price", "size"]].tolist() == [(1_000_000, 10), (999_000, 5)]
    assert (m.report.forked_at, m.report.broken.messages) == (None, 0)
    assert all(one.ticks == 0 for one in m.impact if not np.isnan(one.ticks))
    assert "no mark by construction" in m.report.mark


def test_what_broke_is_counted_by_hand(by_hand):
    m = by_hand.sell(28, 4)
    broken = m.report.broken
    assert m.trades["size"].tolist() == [10, 18]
    assert broken.orphaned_cancels == 1  # order 1 was sold to
    assert (broken.unfilled_aggressors, broken.unfilled_lots) == (1, 3)  # of 5, 2 were left
    assert broken.messages == 2
    assert "2 messages of history broke" in " ".join(m.headline())
    assert "history returns" in " ".join(m.headline())


def test_an_anchor_that_stays_moves_what_comes_later(by_hand):
    # The mid goes from 1,000,500 to 1,000,000: order 4 comes 500 ticks lower, where order 2 was.
    m = by_hand.sell(10, 4, "reanchored", half_life_ns=inf)
    assert m.impact[0].ticks == -500
    rows = m.full[m.full["ts_event"] >= 7 * S]
    assert rows["bid_price"][0] == 1_000_000 - 500
    assert "permanent by construction" in m.report.mark
    # With a half-life of 2 s, 3 s later 500 * 2**-1.5 = 176.8 are left.
    m = by_hand.sell(10, 4, "reanchored", half_life_ns=2 * S)
    rows = m.full[m.full["ts_event"] >= 7 * S]
    assert rows["bid_price"][0] == 1_000_000 - 177
    assert "half-life of 2 s" in m.report.mark
    none = by_hand.sell(10, 4, "reanchored", half_life_ns=0)
    assert none.full.tolist() == by_hand.sell(10, 4).full.tolist()


def test_a_sale_before_the_book_is_there_is_refused_with_the_time_at_which_it_is(by_hand):
    for at in (0.5, 1.5, 3):
        with pytest.raises(ReplayError, match=r"both sides from 00:00:03\.000 on"):
            by_hand.sell(1, at)
    assert book_is_there(by_hand.feed) == 3 * S + 1
    assert by_hand.sell(1, 3.000000001).filled == 1


def test_a_sale_after_the_record_is_refused(by_hand):
    with pytest.raises(ReplayError, match=r"outside the session, which goes from 00:00:01"):
        by_hand.sell(1, 10)


def test_a_sale_outside_market_hours_is_said(tmp_path):
    records = [
        writers.directory(1, "ABC"),
        writers.add(1, 1 * S, 1, "B", 10, "ABC", 1_000_000),
        writers.add(1, 2 * S, 2, "S", 10, "ABC", 1_001_000),
        writers.event(5 * S, "Q"),
        writers.add(1, 6 * S, 3, "S", 10, "ABC", 1_001_000),
        writers.event(7 * S, "M"),
        writers.add(1, 9 * S, 4, "S", 10, "ABC", 1_001_000),
    ]
    (tmp_path / "a.itch").write_bytes(writers.itch_file(records))
    for at, said in ((3, "before market hours, which begin at 00:00:05"), (6, ""), (8, "after")):
        m = measure(open_feed(tmp_path / "a.itch"), ForcedSale(1, at * S))
        lines = [line for line in m.headline() if "market hours" in line]
        assert len(lines) == bool(said)
        assert said in " ".join(lines)


def test_what_is_not_there_stays_unfilled_and_is_said(by_hand):
    m = by_hand.sell(100, 4)
    assert (m.filled, m.unfilled) == (30, 70)
    assert "70 shares stayed unfilled" in " ".join(m.headline())


def test_a_sale_that_the_record_ends_is_said(by_hand):
    sale = ForcedSale(60, 4 * S, SaleStyle.TWAP, over_ns=10 * S)
    m = measure(by_hand.feed, sale, "exact")
    assert 0 < m.sent < 60
    assert "never sent: the record ended" in " ".join(m.headline())


def test_a_book_that_stays_crossed_takes_no_sale(tmp_path):
    records = [
        writers.directory(1, "ABC"),
        writers.add(1, 1 * S, 1, "B", 10, "ABC", 1_000_000),
        writers.add(1, 2 * S, 2, "S", 10, "ABC", 1_001_000),
        writers.add(1, 3 * S, 3, "B", 10, "ABC", 1_002_000),
        writers.add(1, 9 * S, 4, "S", 10, "ABC", 1_003_000),
    ]
    (tmp_path / "a.itch").write_bytes(writers.itch_file(records))
    with pytest.raises(ReplayError, match=r"from 00:00:05\.000 on the recorded book is crossed"):
        measure(open_feed(tmp_path / "a.itch"), ForcedSale(1, 5 * S))


def test_only_what_is_in_the_window_is_read(by_hand):
    m = by_hand.sell(1, 4, until=6 * S)
    assert m.report.last_ts == 5 * S
    assert m.report.stopped_at == 6 * S
    assert m.full["ts_event"].max() <= 5 * S
    assert by_hand.sell(1, 4, since=4 * S).full["ts_event"].min() >= 4 * S


def test_pov_follows_the_prints_of_the_feed(by_hand):
    sale = ForcedSale(10, 4 * S, SaleStyle.POV, over_ns=5 * S)
    with pytest.raises(ReplayError, match="too little trades meanwhile"):
        measure(by_hand.feed, sale)
    m = measure(by_hand.feed, replace(sale, rate=Fraction(1, 2)))
    assert (m.sent, m.trades["ts_event"].tolist()) == (2, [6 * S + 1])
    assert m.market_vwap == 999_000


# -------------------------------------------------------------------- halts


def halted_day(tmp_path, *middle):
    records = [
        writers.directory(1, "ABC"),
        writers.state(1, 1, "ABC", "T"),
        writers.add(1, 1 * S, 1, "B", 10, "ABC", 1_000_000),
        writers.add(1, 2 * S, 2, "S", 10, "ABC", 1_001_000),
        writers.state(1, 10 * S, "ABC", "H"),
        *middle,
    ]
    (tmp_path / "halt.itch").write_bytes(writers.itch_file(records))
    return open_feed(tmp_path / "halt.itch")


@pytest.mark.parametrize("mode", ["exact", "interactive"])
@pytest.mark.parametrize(("at", "filled_at"), [(5, 5), (10, 30), (15, 30), (25, 30), (30, 30)])
def test_nothing_fills_in_a_halt(tmp_path, mode, at, filled_at):
    feed = halted_day(
        tmp_path,
        writers.add(1, 20 * S, 3, "B", 10, "ABC", 1_000_100),
        writers.state(1, 24 * S, "ABC", "Q"),
        writers.state(1, 30 * S, "ABC", "T"),
        writers.delete(1, 40 * S, 3),
    )
    m = measure(feed, ForcedSale(5, at * S), mode)
    assert m.trades["ts_event"].tolist() == [filled_at * S]
    assert m.report.waited == (at != filled_at)
    assert ("waited" in " ".join(m.headline())) == (at != filled_at)


def test_a_halt_to_the_end_refuses_the_sale(tmp_path):
    feed = halted_day(tmp_path, writers.add(1, 20 * S, 3, "B", 10, "ABC", 1_000_100))
    with pytest.raises(ReplayError, match="shows no trading"):
        measure(feed, ForcedSale(5, 15 * S))


def test_what_would_trade_in_a_halt_waits_for_its_end(tmp_path):
    """The sale has taken the bid; an ask that comes in the halt at its price does not trade."""
    feed = halted_day(
        tmp_path,
        writers.add(1, 20 * S, 3, "S", 4, "ABC", 1_000_000),
        writers.delete(1, 21 * S, 3),
        writers.state(1, 30 * S, "ABC", "T"),
        writers.delete(1, 40 * S, 2),
    )
    replay = replayed(feed, "interactive")
    assert replay.report.broken.messages == 0
    assert orders_of(replay.live) == orders_of(replay.recorded)


def test_a_lobster_halt_is_respected(tmp_path):
    rows = ["34200.1,1,11,100,1000100,-1", "34210,7,0,0,-1,-1", "34220,7,0,0,0,-1",
            "34230,7,0,0,1,-1", "34240,1,12,50,999900,1"]  # fmt: skip
    path = files.write_pair(tmp_path, rows, ["1000100,100,1000000,500"] * len(rows))
    m = measure(open_feed(path), ForcedSale(10, 34_215 * S))
    assert m.trades["ts_event"].tolist() == [34_230 * S]


# -------------------------------------------------------------------- level feeds


def test_every_result_of_a_level_feed_says_so(tmp_path):
    feed, _ = write_family("binance", tmp_path)
    m = measure(feed, ForcedSale(100, book_is_there(feed)))
    assert "by level: one anonymous order a price" in m.headline()[0]
    assert any("queue places" in line for line in m.headline())
    assert m.summary()["replay"]["feed"]["is_level_feed"]
    assert "by level" in str(m.report)


def test_a_level_that_was_sold_comes_back_only_as_far_as_it_grows(tmp_path):
    """The bid of 10 is sold; the record lets it grow to 12 and fall to 7: it is 2, then gone."""
    lines = ["when,dir,px,qty", "1000,bid,99.5,10", "1000,bid,99.0,9", "1000,ask,100.5,12",
             "3000,bid,99.5,12", "4000,bid,99.5,7", "5000,ask,100.5,5"]  # fmt: skip
    path = writers.write_lines(tmp_path / "book.csv", lines)
    columns = {"time_ms": "when", "side": "dir", "price": "px", "size": "qty"}
    feed = open_feed(path, format="table", columns=columns)
    m = measure(feed, ForcedSale(10, 2 * S))
    sizes = {
        int(row["ts_event"]) // S: (int(row["bid_price"]), int(row["bid_size"])) for row in m.full
    }
    ticks = [feed.instruments[0].to_ticks(price) for price in ("99.5", "99")]
    assert sizes[2] == (ticks[1], 9)
    assert sizes[3] == (ticks[0], 2)
    assert sizes[4] == (ticks[1], 9)
    assert m.report.broken.cut_short == 1


def test_a_gap_within_the_sale_is_said(tmp_path):
    from tests.feeds import level_writers

    lines = level_writers.WRITERS["binance"](level_writers.Market(2), 80)
    feed = open_feed(writers.write_lines(tmp_path / "x", lines[:40] + lines[41:]))
    report = feed.scan()
    assert report.gaps == 1
    start = book_is_there(feed)
    over = report.last_ts - start - 10**6
    m = measure(feed, ForcedSale(60, start, SaleStyle.TWAP, over_ns=over))
    said = " ".join(m.headline())
    assert "1 gap," in said or "1 gap." in said or "1 gap;" in said
    assert "damaged or incomplete" in said


# -------------------------------------------------------------------- several instruments, agents


def test_the_instrument_is_named_where_there_are_several(tmp_path):
    records = [
        *itch_of(short_day(1, 1, 200), "ABC", 1), *itch_of(short_day(2, 1, 200), "XYZ", 2),
    ]  # fmt: skip
    path = tmp_path / "two.itch"
    path.write_bytes(writers.itch_file(records))
    with pytest.raises(SymbolError, match="several instruments, choose one as the symbol: ABC"):
        replayed(open_feed(path), "exact")
    with pytest.raises(SymbolError, match="has no instrument QQQ"):
        replayed(open_feed(path), "exact", "QQQ")
    alone = tmp_path / "one.itch"
    alone.write_bytes(writers.itch_file(itch_of(short_day(2, 1, 200), "XYZ", 2)))
    both, one = (replayed(open_feed(p), "interactive", "XYZ") for p in (path, alone))
    assert orders_of(both.live) == orders_of(one.live)
    assert both.report.messages == one.report.messages
    # However the blocks are cut, a print stays with the message that it tells of.
    cut = Replay(open_feed(path), "interactive", symbol="XYZ")
    for _ in cut.stretches(5):
        pass
    assert (cut.report.aggressors, cut.report.by_id) == (one.report.aggressors, one.report.by_id)
    assert cut.report.aggressors > 5


class Sellers:
    """Sell 18 lots, once, when the bid falls below a price."""

    def __init__(self, below):
        self.below, self.done, self.every_ns = below, False, S // 10

    def act(self, ts, book):
        if self.done or book.best_bid is None or book.best_bid >= self.below:
            return None
        self.done = True
        order = np.zeros(1, lob.MESSAGE)
        order["ts_event"], order["order_id"], order["size"] = ts, -(2**60), 18
        order["kind"], order["side"], order["owner"] = lob.Kind.NEW, lob.Side.SELL, 7
        order["order_type"], order["time_in_force"] = lob.OrderType.MARKET, lob.TimeInForce.IOC
        return order


def test_agents_react_in_both_markets_and_move_the_anchor(by_hand):
    alone = by_hand.sell(10, 4, "reanchored", half_life_ns=inf)
    joined = by_hand.sell(10, 4, "reanchored", half_life_ns=inf, agents=[Sellers(1_000_000)])
    assert joined.filled == alone.filled == 10
    # They sell 18 of the 20 lots of order 2, of which an execution takes 5 in the record.
    assert (alone.report.broken.unfilled_lots, joined.report.broken.unfilled_lots) == (0, 3)
    # Without the sale they sell as well, once order 1 is cancelled: it is no impact of the sale.
    assert joined.twin["ask_price"].tolist() == joined.full["ask_price"].tolist()
    assert joined.twin["bid_price"][-1] > joined.full["bid_price"][-1]
    with pytest.raises(ValueError, match="which an exact replay has not"):
        by_hand.sell(10, 4, "exact", agents=[Sellers(1)])


class Watcher:
    """Notes when it looks, and who it is."""

    def __init__(self, name, every_ns, seen):
        self.name, self.every_ns, self.seen = name, every_ns, seen

    def __deepcopy__(self, memo):
        return Watcher(f"copy of {self.name}", self.every_ns, self.seen)

    def act(self, ts, book):
        self.seen.append((self.name, ts / S))


def test_every_agent_looks_at_its_own_times(by_hand):
    seen = []
    by_hand.sell(1, 4, agents=[Watcher("a", S, seen), Watcher("b", 3 * S // 2, seen)])
    times = {name: [ts for who, ts in seen if who == name] for name, _ in seen}
    # Until the last message, at 9 s.
    assert times["a"] == times["copy of a"] == [5, 6, 7, 8, 9]
    assert times["b"] == times["copy of b"] == [5.5, 7, 8.5]


def test_agents_are_somebody(by_hand):
    agent = Sellers(1_000_001)
    agent.act = lambda ts, book: np.zeros(1, lob.MESSAGE)
    with pytest.raises(ValueError, match="an owner of 2 or more"):
        by_hand.sell(1, 4, agents=[agent])


def test_misuse(by_hand):
    with pytest.raises(ValueError, match="mode must be"):
        Replay(by_hand.feed, "loose")
    with pytest.raises(ValueError, match="goes with the mode reanchored"):
        Replay(by_hand.feed, "interactive", half_life_ns=1.0)
    with pytest.raises(ValueError, match="goes with the mode reanchored"):
        Replay(by_hand.feed, "reanchored")
    with pytest.raises(ValueError, match="0 to infinity, got -1"):
        Replay(by_hand.feed, "reanchored", half_life_ns=-1)
    with pytest.raises(ValueError, match="until must be after since"):
        Replay(by_hand.feed, since=5, until=5)


# -------------------------------------------------------------------- real files


def real():
    found = []
    for path in sorted(ROOT.rglob("*")) if ROOT.is_dir() else ():
        if path.is_file() or any(path.glob("*.csv")):
            try:
                found.append(pytest.param(path, id=f"{recognise(path).name}-{path.name}"))
            except FeedError:
                continue
    reason = f"no order flow below {ROOT} (FIRESALE_DATA)"
    return found or [pytest.param(None, marks=pytest.mark.skip(reason))]


@pytest.mark.parametrize("path", real())
def test_real_flow_is_the_same_in_every_mode_without_a_sale(path):
    feed = open_feed(path)
    try:
        feed.scan()
    except FeedError as error:
        pytest.skip(f"cannot be read: {error}")
    tried = 0
    for instrument in feed.instruments[:3]:
        exact = Replay(feed, symbol=instrument.name)
        try:
            exact.run()
        except SymbolError:  # it is in the directory alone
            continue
        assert levels_of(exact.recorded) == levels_told(feed, instrument.number)
        replay = replayed(feed, "interactive", instrument.name)
        assert replay.report.broken.messages == 0, str(replay.report.broken)
        assert orders_of(replay.live) == orders_of(replay.recorded)
        tried += 1
    if not tried:
        pytest.skip("nothing trades in it")


def trades_after(feed, at, number):
    """Whether a message of an instrument is not earlier than a time."""
    return any(
        ((block["ts_event"] >= at) & (block["instrument"] == number)).any()
        for block in feed.batches()
    )


@pytest.mark.parametrize("path", real())
def test_a_sale_into_real_flow_says_what_it_is(path):
    feed = open_feed(path)
    try:
        report = feed.scan()
    except FeedError as error:
        pytest.skip(f"cannot be read: {error}")
    for instrument in feed.instruments[:3]:
        try:
            at = book_is_there(feed, instrument.name)
        except (ReplayError, SymbolError):
            continue
        if report.last_ts is None or at + 1 >= report.last_ts:
            continue
        for mode, half_life in (("exact", None), ("interactive", None), ("reanchored", inf)):
            sale = ForcedSale(10, at)
            options = {"symbol": instrument.name, "half_life_ns": half_life}
            if not trades_after(feed, at, instrument.number):
                with pytest.raises(ReplayError, match=r"outside the session|of one time"):
                    measure(feed, sale, mode, **options)
                continue
            m = measure(feed, sale, mode, **options)
            assert m.filled + m.unfilled == 10
            assert m.headline()[0].startswith(f"{instrument.name}, {mode} replay")
            assert not len(m.trades) or m.shortfall_bps >= 0
            assert ("by level" in m.headline()[0]) == feed.is_level_feed
        return
    pytest.skip("nothing can be sold in it")
