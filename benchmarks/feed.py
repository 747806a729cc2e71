"""Recorded days: CSV to arrays, and replay.

Uses every LOBSTER day of some length under ``FIRESALE_DATA`` (by default ``../shared/data`` beside
the project), unpacked first; where there is none, the synthetic day that the project makes.
"""

import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.measure import Measure, Plan, Say
from benchmarks.timing import Spread, in_turn
from lob.feeds import lobster, open_feed, synthetic
from lob.feeds.reconcile import reconcile
from lob.replay import Replay

__all__ = ["measure"]

DATA = Path(__file__).parents[1] / os.environ.get("FIRESALE_DATA", "../shared/data")
SHORTEST = 20_000  # rows
READ, REPLAY = 2.0, 1.0  # million rows a CPU second


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Read and replay each day that is found."""
    with tempfile.TemporaryDirectory() as folder:
        for pair in _days(Path(folder), say):
            yield from _measure_day(pair, plan, say)


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
            one: partial(_millions_a_second, work, rows)
            for one, work in (
                ("CSV to arrays", pair.read),
                ("arrays to one stream, checked row by row", partial(reconcile, day)),
                ("files to a replay, exact", partial(_replay, pair, "exact")),
                ("files to a replay, interactive", partial(_replay, pair, "interactive")),
            )
        },
        2 * plan.rounds + 1,
    )
    say(f"{name}: {rows:,} rows, {len(stream.messages):,} messages; million rows a CPU second")
    for one, spread in spreads.items():
        say(f"  {one:<42}{spread.median:>8.2f}  ({spread.low:.2f} to {spread.high:.2f})")
    yield _rate(f"{name}: CSV to arrays", spreads["CSV to arrays"], READ)
    for mode in ("exact", "interactive"):
        yield _rate(f"{name}: {mode} replay", spreads[f"files to a replay, {mode}"], REPLAY)
    match = stream.report.match
    for where, same in (("all levels", match.all_levels), ("best bid and ask", match.touch)):
        share = 100 * same / match.compared
        yield Measure(f"{name}: the stream, {where}", share, "% of rows", 100.0, at_most=False)
    broken = _replay(pair, "interactive").report.broken.messages
    yield Measure(f"{name}: messages that break without a sale", broken, "messages", 0.0)


def _replay(pair: lobster.Pair, mode: str) -> Replay:
    """Read a day and replay it."""
    replay = Replay(open_feed(pair.container, format="lobster", member=pair.message), mode)
    replay.run()
    return replay


def _millions_a_second(work: Callable[[], object], count: int) -> float:
    start = time.process_time()
    result = work()
    elapsed = time.process_time() - start
    del result  # not on the clock
    return count / elapsed / 1e6


def _rate(what: str, spread: Spread, goal: float) -> Measure:
    return Measure(what, spread.median, "M rows/CPU s", goal, at_most=False)
