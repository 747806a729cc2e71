"""Level feeds: captures of Binance in JSON, to messages and books, by MB of text a second.

Two captures: a made one, with depth updates, trades and best quotes in about the proportions of a
busy perpetual; and every capture of Binance under ``FIRESALE_DATA`` (by default ``../shared/data``
beside the project) that is long enough to time, unpacked. Reading takes two passes: the first one
finds the steps of prices and sizes, the second one makes the messages. Files lie in the page cache;
times are CPU times of one thread.
"""

import gzip
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.measure import FULL, Measure, Plan, Say
from benchmarks.timing import in_turn
from lob.feeds import open_feed

__all__ = ["measure"]

DATA = Path(__file__).parents[1] / os.environ.get("FIRESALE_DATA", "../shared/data")
SHORTEST = 5_000_000  # bytes of text
RATE = 250.0  # MB of text a CPU second
NS = 1_723_161_255_000_000_000


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Read each capture, whole and its first pass alone."""
    updates = 30_000 if plan.messages >= FULL.messages else 6_000
    rounds = max(3, plan.rounds // 2)
    with tempfile.TemporaryDirectory() as folder:
        captures = [_made(Path(folder) / "made", updates), *_found(Path(folder))]
        for path in captures:
            size = path.stat().st_size
            if size < SHORTEST:
                continue
            spreads = in_turn(
                {
                    "first pass": partial(_rate, path, False),
                    "messages and books": partial(_rate, path, True),
                },
                rounds,
            )
            say(f"Binance, {path.name}: {size / 1e6:.0f} MB; MB a CPU second")
            for name, spread in spreads.items():
                say(f"  {name:<42}{spread.median:>8.0f}  ({spread.low:.0f} to {spread.high:.0f})")
            rate = spreads["messages and books"].median
            yield Measure(f"Binance, {path.name}", rate, "MB/s", RATE, at_most=False)


def _rate(path: Path, whole: bool) -> float:
    start = time.process_time()
    feed = open_feed(path)
    if whole:
        report = feed.scan()
        if report.gaps:
            raise RuntimeError(f"the capture is not sound: {report}")
    else:
        _ = feed.instruments
    return path.stat().st_size / (time.process_time() - start) / 1e6


def _found(folder: Path) -> Iterator[Path]:
    for packed in sorted(DATA.glob("binance/*.gz")):
        path = folder / packed.stem
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        if ".http." not in packed.name and ".ws." not in packed.name:
            yield path


def _made(path: Path, updates: int) -> Path:
    """A capture of one perpetual whose middle wanders, in tenths of a dollar."""
    random_ = random.Random(4)
    middle, number, ns = 618_000, 5_000, NS
    with path.open("w", encoding="ascii") as file:

        def write(stream: str, data: dict[str, object]) -> None:
            nonlocal ns
            ns += 400_000
            told = {"stream": f"btcusdt@{stream}", "data": data}
            file.write(f"{ns} {json.dumps(told, separators=(',', ':'))}\n")

        def levels(side: int, count: int, near: float) -> list[list[str]]:
            away = sorted({1 + int(random_.expovariate(1 / near)) for _ in range(count)})
            return [
                [f"{(middle - side * ticks) / 10:.2f}", f"{random_.expovariate(2):.3f}"]
                for ticks in away
            ]

        for update in range(updates):
            now = ns // 1_000_000
            middle += random_.randrange(-3, 4)
            first, number = number + 1, number + random_.randrange(1, 5_000)
            data = {"e": "depthUpdate", "E": now, "T": now - 1, "s": "BTCUSDT", "U": first}
            data |= {"u": number, "pu": first - 1}
            data |= {"b": levels(1, 40, 300), "a": levels(-1, 40, 300)}
            write("depth@0ms", data)
            if not update:
                page = {"lastUpdateId": number, "E": now, "T": now, "symbol": "BTCUSDT"}
                page |= {"bids": levels(1, 1000, 800), "asks": levels(-1, 1000, 800)}
                file.write(f"{ns} {json.dumps(page, separators=(',', ':'))}\n")
            for _ in range(3):
                trade = {"e": "trade", "E": now, "T": now, "s": "BTCUSDT", "t": number}
                trade |= {"p": f"{middle / 10:.2f}", "q": "0.006", "X": "MARKET", "m": False}
                write("trade", trade)
            for _ in range(10):
                quote = {"e": "bookTicker", "u": number, "s": "BTCUSDT", "b": f"{middle / 10:.2f}"}
                quote |= {"B": "2.507", "a": f"{middle / 10 + 0.1:.2f}", "A": "2.510"}
                write("bookTicker", {**quote, "T": now, "E": now})
    return path
