"""Recorded days: CSV to arrays, and replay.

Uses every LOBSTER day of some length under ``FIRESALE_DATA`` (by default ``../shared/data`` beside
the project), unpacked first; where there is none, the synthetic day that the project makes. One
more pair is made, of ten such days in one, for the rate in bytes and for the memory that it takes.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measure import Measure, Plan, Say
from benchmarks.timing import Spread, in_turn
from lob.feeds import lobster, synthetic
from lob.replay import reconcile, replay

__all__ = ["measure"]

DATA = Path(__file__).parents[1] / os.environ.get("FIRESALE_DATA", "../shared/data")
SHORTEST = 20_000  # rows
READ, REPLAY = 2.0, 10.0  # million rows a CPU second
BYTES, MEMORY = 450.0, 300.0  # MB a CPU second, MiB of anonymous memory
DAYS = 10  # in one, 197 MB of them
STATUS = Path("/proc/self/status")
LARGE = """
from pathlib import Path
from lob.feeds import open_feed
import sys
open_feed(sys.argv[1]).scan()
print(Path("/proc/self/status").read_text())
"""
ALL_LEVELS, TOUCH = 97.0, 98.5  # % of the rows, through the matching engine


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Read and replay each day that is found."""
    with tempfile.TemporaryDirectory() as folder:
        for pair in _days(Path(folder), say):
            yield from _measure_day(pair, plan, say)
    with tempfile.TemporaryDirectory() as folder:
        yield from _measure_large(Path(folder), plan, say)


def _measure_large(folder: Path, plan: Plan, say: Say) -> Iterator[Measure]:
    """The rate in bytes of a pair that no cache holds, and what streaming it takes."""
    day = synthetic.make_day()
    start = int(day.messages["ts_event"][0])
    length = int(day.messages["ts_event"][-1]) - start
    parts = [day.messages.copy() for _ in range(DAYS)]
    for i, part in enumerate(parts):
        part["ts_event"] = start + (part["ts_event"] - start + i * length) // DAYS
        part["order_id"][part["order_id"] > 0] += i * 10**7
    path = lobster.write(
        replace(day, messages=np.concatenate(parts), book=np.concatenate([day.book] * DAYS)), folder
    )
    size = sum(file.stat().st_size for file in folder.iterdir()) // 10**6
    spread = in_turn(
        {"CSV to arrays": lambda: _millions_a_second(lobster.choose(path).read, size * 10**6)},
        2 * plan.rounds + 1,
    )["CSV to arrays"]
    say(f"a pair of {size} MB, MB a CPU second: {spread.low:.0f} to {spread.high:.0f}")
    yield _rate(f"CSV to arrays, {size} MB", spread, BYTES, "MB/CPU s")
    if STATUS.exists():
        told = subprocess.check_output([sys.executable, "-c", LARGE, str(path)], text=True)
        peak, files = (
            int(re.findall(rf"{name}:\s+(\d+) kB", told)[0]) for name in ("VmHWM", "RssFile")
        )
        yield Measure(
            f"anonymous memory of a feed, {size} MB", (peak - files) / 1024, "MiB", MEMORY
        )


def _days(folder: Path, say: Say) -> list[lobster.Pair]:
    for archive in sorted(DATA.rglob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            names = [name for name in opened.namelist() if name.endswith(".csv")]
            opened.extractall(folder / archive.stem, names)
    for file in sorted(DATA.rglob("*_message_*.csv")):
        target = folder / file.parent.name
        target.mkdir(exist_ok=True)
        for partner in (file, file.with_name(file.name.replace("_message_", "_orderbook_"))):
            (target / partner.name).symlink_to(partner.resolve())
    found = lobster.find(folder) if any(folder.iterdir()) else []
    if not found:
        say(f"no LOBSTER day under {DATA}: a synthetic one instead")
        synthetic.write_day(folder / "synthetic")
        found = lobster.find(folder)
    return found


def _measure_day(pair: lobster.Pair, plan: Plan, say: Say) -> Iterator[Measure]:
    day = pair.read()
    name, rows = f"{day.name}, level {day.levels}", len(day.messages)
    if rows < SHORTEST:
        say(f"{name}: {rows:,} rows are too few to time")
        return
    stream = reconcile(day)
    spreads = in_turn(
        {
            one: partial(_millions_a_second, work, count)
            for one, work, count in (
                ("CSV to arrays", pair.read, rows),
                ("arrays to one stream, checked row by row", partial(reconcile, day), rows),
                ("exact replay of the stream", partial(replay, stream), len(stream.messages)),
                ("both together", partial(replay, day), rows),
            )
        },
        2 * plan.rounds + 1,
    )
    say(f"{name}: {rows:,} rows, {len(stream.messages):,} messages; million rows a CPU second")
    for one, spread in spreads.items():
        say(f"  {one:<42}{spread.median:>8.2f}  ({spread.low:.2f} to {spread.high:.2f})")
    yield _rate(f"{name}: CSV to arrays", spreads["CSV to arrays"], READ)
    yield _rate(f"{name}: exact replay", spreads["exact replay of the stream"], REPLAY)
    for mode, match, goals in (
        ("exact", stream.report.match, (100.0, 100.0)),
        ("interactive", replay(stream, "interactive").report.match, (ALL_LEVELS, TOUCH)),
    ):
        if match:
            what = f"{name}: {mode}"
            for where, same, goal in zip(
                ("all levels", "best bid and ask"),
                (match.all_levels, match.touch),
                goals,
                strict=True,
            ):
                share = 100 * same / match.compared
                yield Measure(f"{what}, {where}", share, "% of rows", goal, at_most=False)


def _millions_a_second(work: Callable[[], object], count: int) -> float:
    start = time.process_time()
    result = work()
    elapsed = time.process_time() - start
    del result  # not on the clock
    return count / elapsed / 1e6


def _rate(what: str, spread: Spread, goal: float, unit: str = "M rows/CPU s") -> Measure:
    return Measure(what, spread.median, unit, goal, at_most=False)
