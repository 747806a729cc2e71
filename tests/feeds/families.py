"""One small sound file of each family of formats, for what must hold in all of them."""

import random
from pathlib import Path

from lob.feeds import lobster, open_feed, synthetic
from lob.feeds.hftbacktest import write_hftbacktest
from lob.feeds.lobster import Day, Type
from tests.feeds import level_writers, writers

NINE_THIRTY = 34_200_000
QUARTER = 250_000_000

ORDERS = ("lobster", "itch", "databento-mbo", "independent-reserve", "bitstamp")
LEVELS = (*level_writers.WRITERS, "hftbacktest", "table")


def write_family(name: str, folder: Path, seed: int = 1):
    """Write a file and open it: the feed, and the symbol to be named."""
    folder.mkdir(parents=True, exist_ok=True)
    if name in level_writers.WRITERS:
        lines = level_writers.WRITERS[name](level_writers.Market(seed), 80)
        return open_feed(writers.write_lines(folder / "x", lines)), None
    if name == "hftbacktest":
        feed, _ = write_family("binance", folder / "raw", seed)
        write_hftbacktest(feed, folder / "abc.npz")
        return open_feed(folder / "abc.npz"), None
    return _WRITE[name](folder, seed)


def short_day(seed: int, minutes: int = 4, levels: int = 5) -> Day:
    return synthetic.make_day(seed=seed, levels=levels, end_ms=NINE_THIRTY + 60_000 * minutes)


def itch_of(day: Day, name: str = "ABC", locate: int = 1) -> list[bytes]:
    """The whole orders of a day as ITCH, in the order and at the times of its messages."""
    records, live = [writers.directory(locate, name), writers.event(2, "Q")], {}
    for row in day.messages:
        ts, ref, size = int(row["ts_event"]), int(row["order_id"]), int(row["size"])
        if row["kind"] == Type.ADD:
            side = "B" if row["direction"] > 0 else "S"
            records.append(writers.add(locate, ts, ref, side, size, name, int(row["price"])))
            live[ref] = size
        elif row["kind"] == Type.EXECUTE_HIDDEN:
            records.append(writers.hidden(locate, ts, size, name, int(row["price"])))
        elif ref in live:
            live[ref] -= size
            if row["kind"] == Type.EXECUTE:
                records.append(writers.execute(locate, ts, ref, size))
            elif live[ref]:
                records.append(writers.cancel(locate, ts, ref, size))
            else:
                records.append(writers.delete(locate, ts, ref))
            if not live[ref]:
                del live[ref]
    return records


def table_lines(seed: int, steps: int = 80) -> list[str]:
    """A table of levels: sizes of prices as they change."""
    market = level_writers.Market(seed)
    lines, ts = ["when,dir,px,qty"], 1_700_000_000_000
    bids, asks = market.levels()
    changed = {1: dict(bids), -1: dict(asks)}
    for _ in range(steps):
        for side, word in ((1, "bid"), (-1, "ask")):
            lines += [
                f"{ts},{word},{level_writers.px(price)},{level_writers.sz(size)}"
                for price, size in changed[side].items()
            ]
        ts += 500
        changed = market.step()
    return lines


def _lobster(folder, seed):
    return open_feed(lobster.write(short_day(seed), folder)), None


def _itch(folder, seed):
    records = itch_of(short_day(seed, levels=200))
    (folder / "day.itch").write_bytes(writers.itch_file(records))
    return open_feed(folder / "day.itch"), "ABC"


def _databento(folder, seed):
    (folder / "day.dbn").write_bytes(writers.dbn_file(writers.dbn_day(seed)))
    return open_feed(folder / "day.dbn"), None


def _reserve(folder, seed):
    del seed
    return open_feed(writers.write_lines(folder / "r.jsonl", writers.reserve_day())), None


def _bitstamp(folder, seed):
    return open_feed(writers.write_lines(folder / "orders.csv", bitstamp_market(seed))), None


def _table(folder, seed):
    path = writers.write_lines(folder / "book.csv", table_lines(seed))
    columns = {"time_ms": "when", "side": "dir", "price": "px", "size": "qty"}
    return open_feed(path, format="table", columns=columns), None


_WRITE = {
    "lobster": _lobster,
    "itch": _itch,
    "databento-mbo": _databento,
    "independent-reserve": _reserve,
    "bitstamp": _bitstamp,
    "table": _table,
}


def bitstamp_market(seed: int, count: int = 120) -> list[str]:
    """Orders about a price, some of which cross: told first, then what each of the two lost."""
    dice = random.Random(seed)
    lines, live, ts = [writers.BITSTAMP_HEADER], {}, 1_430_438_400_000
    for order_id in range(1000, 1000 + count):
        ts += dice.randrange(2_000, 4_000)
        side = dice.choice((1, -1))
        word = "bid" if side > 0 else "ask"
        price = 23_600 - side * dice.randrange(-2, 20)
        left = dice.randrange(1, 5) * 100_000_000
        lines.append(_event(order_id, ts, price, left, "created", word))
        for other in sorted(live, key=lambda o: (-live[o][0] * live[o][1], o)):
            their_side, their_price, theirs = live[other]
            if their_side == side or side * (price - their_price) < 0 or not left:
                continue
            taken = min(left, theirs)
            left -= taken
            ts += 1
            for one, mine, at, what in (
                (other, theirs - taken, their_price, "ask" if side > 0 else "bid"),
                (order_id, left, price, word),
            ):
                lines.append(_event(one, ts, at, mine, "changed" if mine else "deleted", what))
            if theirs == taken:
                del live[other]
            else:
                live[other] = their_side, their_price, theirs - taken
        if left:
            live[order_id] = side, price, left
        if len(live) > 30:
            gone = dice.choice(list(live))
            their_side, their_price, theirs = live.pop(gone)
            what = "bid" if their_side > 0 else "ask"
            lines.append(_event(gone, ts + 900, their_price, theirs, "deleted", what))
    return lines


def _event(order_id, ts, price, left, action, word) -> str:
    second = ts - ts % 1000
    return f"{order_id},{ts},{second},{price / 100:.2f},{left},{action},{word}"
