"""Level feeds of every venue: the book that was told, gaps that are seen, damage that is."""

import os
import random
from decimal import Decimal

import numpy as np
import pytest

from lob.feeds import Books, FeedError, open_feed, recognise
from lob.feeds.hftbacktest import EVENT, write_hftbacktest
from lob.feeds.tables import TableFeed
from tests.feeds import level_writers as w

ROUNDS = int(os.environ.get("FIRESALE_FUZZ_ROUNDS", "60"))
NUMBERED = [name for name in w.WRITERS if name not in ("hyperliquid", "tardis")]


def write(tmp_path, lines, name="x"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def book_of(feed, number=0):
    """Both sides in real units, best first."""
    steps = feed.instruments[number]
    return [
        [(steps.to_price(int(row["price"])), steps.to_size(int(row["size"])))
         for row in feed.books.levels(number, side)]
        for side in (1, -1)
    ]  # fmt: skip


def told(market):
    return [[(p * w.TICK, s * w.LOT) for p, s in side] for side in market.levels()]


@pytest.mark.parametrize("name", w.WRITERS)
def test_the_book_is_the_market(tmp_path, name):
    market = w.Market(7)
    path = write(tmp_path, w.WRITERS[name](market, 60))
    assert recognise(path).name == name.removesuffix("-spot")
    feed = open_feed(path)
    replayed, ends = Books(), 0
    for block in feed.blocks(50):
        replayed.apply(block.messages, block.consistent)
        ends += int(block.consistent.sum())
        if len(block.messages):
            assert block.consistent[-1]
    report = feed.report
    assert report.complete
    assert report.is_level_feed
    assert not report.faults
    assert report.crossed == report.locked == 0
    assert book_of(feed) == told(market)
    for side in (1, -1):  # the messages alone make the same book
        assert replayed.levels(0, side).tolist() == feed.books.levels(0, side).tolist()
    assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)
    assert replayed.crossed == 0
    assert ends > 30
    assert report.verified == (name != "okx")
    if name in NUMBERED:
        assert report.checks
        assert all(check.passed > 50 or "snapshot" in n for n, check in report.checks.items())


@pytest.mark.parametrize("name", NUMBERED)
def test_a_lost_update_is_seen(tmp_path, name):
    lines = w.WRITERS[name](w.Market(3), 40)
    seen = []
    for lost in range(20, 39):  # not the last one: nothing comes after it
        if "trade" in lines[lost]:
            continue
        report = open_feed(write(tmp_path, lines[:lost] + lines[lost + 1 :])).scan()
        failed = [check for check in report.checks.values() if check.failed]
        seen.append(bool(failed) and all(check.first_failure for check in failed))
        assert bool(report.faults) == bool(failed)
    # A checksum is of the best levels only: what is lost below them is not seen.
    assert sum(seen) > len(seen) / 2 if name in ("okx", "kraken") else all(seen)


@pytest.mark.parametrize("name", [n for n in NUMBERED if n not in ("okx", "kraken")])
def test_an_update_told_twice_is_seen_and_changes_nothing(tmp_path, name):
    market = w.Market(4)
    lines = w.WRITERS[name](market, 40)
    twice = next(i for i in range(20, 60) if "trade" not in lines[i])
    feed = open_feed(write(tmp_path, [*lines[: twice + 1], *lines[twice:]]))
    assert feed.scan().faults
    assert feed.report.gaps == 0
    assert book_of(feed) == told(market)


# -------------------------------------------------------------------- bootstrapping


def test_binance_waits_for_a_page_that_is_slow(tmp_path):
    lines = w.binance(w.Market(5), 30, snapshot_at=12)
    feed = open_feed(write(tmp_path, lines))
    report = feed.scan()
    assert not report.faults
    assert report.checks["snapshots bridged"].passed == 1
    assert report.checks["update ids"].passed == 29
    assert any("before their snapshot" in note for note in report.notes)


def test_binance_says_so_where_a_page_is_too_old(tmp_path):
    lines = w.binance(w.Market(5), 30)
    page = next(i for i, line in enumerate(lines) if "lastUpdateId" in line)
    late = [line for line in lines[page + 6 :] if "lastUpdateId" not in line]
    report = open_feed(write(tmp_path, [lines[page], *late])).scan()
    assert report.checks["snapshots bridged"].failed == 1
    assert report.faults


def test_binance_without_a_page_grows_from_updates(tmp_path):
    lines = [line for line in w.binance(w.Market(5), 30) if "lastUpdateId" not in line]
    report = open_feed(write(tmp_path, lines)).scan()
    assert not report.faults
    assert any("no snapshot of ABCXYZ" in note for note in report.notes)


def test_pages_lie_in_a_file_beside(tmp_path):
    market = w.Market(6)
    lines = w.binance(market, 30)
    page = next(line for line in lines if "lastUpdateId" in line)
    url = "https://fapi.binance.com/fapi/v1/depth?symbol=ABCXYZ&limit=1000"
    write(tmp_path, [f"{url} -> 1700000000.5: {page.split(' ', 1)[1]}"], "V.http.0.0")
    rest = [line for line in lines if line is not page]
    feed = open_feed(write(tmp_path, rest, "V.ws.1.0"))
    assert feed.scan().checks["snapshots bridged"].passed == 1
    assert book_of(feed) == told(market)


def test_markets_of_one_venue_keep_their_books_apart(tmp_path):
    lines = []
    for number, market in enumerate(("linear", "spot")):
        name = f"V.ws.{number}"
        lines.append(w.dumps({"t": "connect", "conn": name, "ts": 1.5,
                              "addr": f"wss://stream.bybit.com/v5/public/{market}"}))  # fmt: skip
        for text in w.bybit(w.Market(number), 9):
            lines.append(w.dumps({"t": "recv", "conn": name, "ts": 2.5, "data": text}))
    feed = open_feed(write(tmp_path, lines))
    assert not feed.scan().faults
    assert [i.name for i in feed.instruments] == ["ABC", "ABC spot"]


# -------------------------------------------------------------------- messages


def test_what_shrinks_comes_before_what_grows(tmp_path):
    head = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
    rows = [
        f"x,A,{10**15},{10**15},true,bid,10,5",
        f"x,A,{10**15},{10**15},true,ask,11,5",
        f"x,A,{10**15 + 1},{10**15 + 1},false,bid,11,3",
        f"x,A,{10**15 + 1},{10**15 + 1},false,ask,11,0",
        f"x,A,{10**15 + 1},{10**15 + 1},false,ask,12,9",
        f"x,A,{10**15 + 1},{10**15 + 1},false,ask,12,4",
    ]
    (block,) = [b for b in open_feed(write(tmp_path, [head, *rows])).blocks() if len(b.messages)]
    assert block.messages["kind"].tolist() == [1, 1, 2, 1, 1]
    assert block.messages["price"].tolist()[2:] == [0, 12, 11]
    assert block.messages["size"].tolist()[2:] == [0, 4, 3]  # the last word on a price counts
    assert block.consistent.tolist() == [False, True, False, False, True]


def test_steps_can_be_given_and_must_fit(tmp_path):
    path = write(tmp_path, w.bybit(w.Market(1), 5))
    assert open_feed(path, tick_size="0.05").instruments[0].tick_size == Decimal("0.05")
    open_feed(path, tick_size="0.05").scan()
    with pytest.raises(FeedError, match=r"line 1: a price of .* is no whole number of steps"):
        open_feed(path, tick_size=1).scan()
    with pytest.raises(ValueError, match="tick_size must be a positive decimal number, got -1"):
        open_feed(path, tick_size=-1)


def test_tardis_types(tmp_path):
    head = "exchange,symbol,timestamp,local_timestamp"
    ts = f"x,A,{10**15},{10**15}"
    trades = write(tmp_path, [f"{head},id,side,price,amount", f"{ts},u-1,sell,1.5,2"], "t")
    (prints,) = open_feed(trades).prints()
    assert prints[["price", "size", "side", "kind", "ts_event"]].tolist() == [
        (15, 2, -1, 1, 10**18)
    ]
    forced = write(tmp_path, [f"{head},id,side,price,amount", f"{ts},1,buy,1.5,2"], "liquidations")
    feed = open_feed(forced)
    assert [row["kind"] for row in next(feed.prints())] == [5]
    assert not feed.report.verified
    quotes = [f"{head},ask_amount,ask_price,bid_price,bid_amount", f"{ts},2,11,10,3", f"{ts},,,9,3"]
    feed = open_feed(write(tmp_path, quotes, "q"))
    feed.scan()
    assert feed.books.levels(0, 1).tolist() == [(9, 3, 1)]
    assert len(feed.books.levels(0, -1)) == 0
    whole = f"{head},asks[0].price,asks[0].amount,bids[0].price,bids[0].amount"
    feed = open_feed(write(tmp_path, [whole, f"{ts},11,1,10,2", f"{ts},12,1,9,2"], "b"))
    assert feed.scan().snapshots == 2
    assert feed.books.levels(0, -1).tolist() == [(12, 1, 1)]


def test_a_table_with_a_map(tmp_path):
    path = write(tmp_path, ["when,what,kind,at,amount", "1.5,A,bid,10.25,3", "1.5,A,offer,10.5,1"])
    names = {"time_s": "when", "symbol": "what", "side": "kind", "price": "at", "size": "amount"}
    feed = TableFeed(path, columns=names)
    (batch,) = feed.batches()
    assert batch[["ts_event", "side", "price", "size"]].tolist() == [
        (1_500_000_000, 1, 1025, 3), (1_500_000_000, -1, 1050, 1)
    ]  # fmt: skip
    with pytest.raises(
        FeedError, match=r"has no column side; accepted are .*time_iso; it has .when., .what."
    ):
        TableFeed(path, columns={"time_s": "when", "price": "at", "size": "amount"})
    with pytest.raises(ValueError, match="columns must be of"):
        TableFeed(path, columns={"colour": "what"})


def test_a_parquet_table_is_the_csv(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    columns = {"time_ns": [10**18, 10**18 + 1], "side": ["bid", "ask"], "price": [0.1, 0.3],
               "size": [1e-7, 25.0]}  # fmt: skip
    parquet.write_table(pa.table(columns), tmp_path / "x.parquet")
    feed = open_feed(tmp_path / "x.parquet", format="table")
    (batch,) = feed.batches()
    assert batch[["ts_event", "price", "size"]].tolist() == [
        (10**18, 1, 1), (10**18 + 1, 3, 250_000_000)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [("0.10", "0.1"), ("1e-5", "0.00001"), ("2.5E3", "2500"), ("007", "7"),
     ("123456789.123456789000000000", "123456789.123456789"), ("1e999999", None), ("1.", None),
     (".5", None), ("nan", None), ("0x10", None), ("1_000", None), ("99999999999999999999", None)],
)  # fmt: skip
def test_decimals_are_exact(tmp_path, cell, wanted):
    path = write(tmp_path, ["time_ms,side,price,size", f"1,bid,1,{cell}"])
    feed = open_feed(path)
    if wanted is None:
        with pytest.raises(FeedError, match="line 2"):
            feed.scan()
        return
    (batch,) = feed.batches()
    assert feed.instruments[0].to_size(int(batch["size"][0])) == Decimal(wanted)


def test_hftbacktest_written_is_read(tmp_path):
    feed = open_feed(write(tmp_path, w.binance(w.Market(8), 50)))
    count = write_hftbacktest(feed, tmp_path / "abc.npz")
    events = np.load(tmp_path / "abc.npz")["data"]
    assert events.dtype == EVENT
    assert len(events) == count == feed.report.messages + feed.report.prints
    again = open_feed(tmp_path / "abc.npz")
    report = again.scan()
    assert not report.faults
    assert report.prints == feed.report.prints
    assert book_of(again) == book_of(feed)
    assert [i.name for i in again.instruments] == ["abc"]
    # A trade is told before the depth of its time.
    trades = np.flatnonzero((events["ev"] & 0xFF) == 2)
    assert all(events["exch_ts"][i] <= events["exch_ts"][i + 1] for i in trades[:-1])


# -------------------------------------------------------------------- damage


def damaged(random_, lines):
    """One of the ways in which files break."""
    way = random_.randrange(5)
    if way == 0:
        data = bytearray("\n".join(lines).encode())
        for _ in range(random_.choice((1, 1, 3, 20))):
            data[random_.randrange(len(data))] = random_.randrange(256)
        return bytes(data)
    data = "\n".join(lines).encode()
    if way == 1:
        return data[: random_.randrange(len(data))]
    if way == 2:
        at = random_.randrange(len(data))
        return data[:at] + data[at + random_.randrange(1, 40) :]
    lines = list(lines)
    one, other = random_.randrange(len(lines)), random_.randrange(len(lines))
    if way == 3:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.insert(one, lines[other])
    return "\n".join(lines).encode()


@pytest.mark.parametrize("name", w.WRITERS)
def test_damage_is_an_error_or_counted(tmp_path, name):
    lines = w.WRITERS[name](w.Market(11), 25)
    whole = open_feed(write(tmp_path, lines))
    format_name = recognise(whole.path).name
    for seed in range(ROUNDS):
        path = tmp_path / "damaged"
        path.write_bytes(damaged(random.Random(seed), lines))
        replayed = Books()
        try:
            feed = open_feed(path, format=format_name)
            for block in feed.blocks():
                replayed.apply(block.messages, block.consistent)
        except FeedError as error:
            assert str(error).startswith(str(path))  # noqa: PT017
            assert error.line is not None  # noqa: PT017
            continue
        assert (replayed.unknown_ids, replayed.duplicate_ids, replayed.overdrawn) == (0, 0, 0)


def test_a_damaged_npz_is_an_error(tmp_path):
    feed = open_feed(write(tmp_path, w.bybit(w.Market(2), 9)))
    write_hftbacktest(feed, tmp_path / "a.npz")
    data = (tmp_path / "a.npz").read_bytes()
    events = np.load(tmp_path / "a.npz")["data"]
    for seed in range(ROUNDS):
        random_ = random.Random(seed)
        path = tmp_path / "b.npz"
        if seed % 2:
            broken = bytearray(data)
            broken[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
            path.write_bytes(bytes(broken))
        else:
            raw = bytearray(events.tobytes())
            raw[random_.randrange(len(raw))] = random_.randrange(256)
            np.savez(path, data=np.frombuffer(bytes(raw), EVENT))
        try:
            open_feed(path, format="hftbacktest").scan()
        except FeedError:
            continue
