"""The mixes and the single calls, contender beside contender."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

import lob
from benchmarks import mixes
from benchmarks.contenders import Contender, Start
from benchmarks.measure import Measure, Plan, Say
from benchmarks.mixes import Mix
from benchmarks.timing import Spread, in_turn, timed

__all__ = ["measure_calls", "measure_mix"]

TIMES_BOURSE = {"balanced": 20, "deep": 25, "sweep": 16}
TIMES_LOOP = 2
FRESH_COSTS = 30  # ns
CALLS_OF_BOURSE = 0.6


def measure_mix(
    name: str, contenders: Sequence[Contender], plan: Plan, say: Say
) -> Iterator[Measure]:
    """One mix through every contender."""
    mix = mixes.make(mixes.RECIPES[name], plan.messages)
    say(mixes.describe(mix))
    out = np.zeros(len(mix.preload) + len(_expected(mix)[0]), dtype=lob.EVENT)
    out["seq"] = 1  # touches every page
    rounds: dict[str, Callable[[], float]] = {}
    notes = {}
    for contender in contenders:
        part = mix._replace(timed=mix.timed[: contender.limit])
        start = contender.prepare(part, out)
        rounds[contender.name] = partial(_nanoseconds, start, len(part.timed))
        notes[contender.name] = (f"{len(part.timed):,} messages" if contender.limit else "") + (
            "" if _agrees(start, part) else "  ENDS IN ANOTHER STATE"
        )
    spreads = in_turn(rounds, plan.rounds)
    _table("ns a message", spreads, notes, say)
    ours, fresh = spreads.get("firesale"), spreads.get("firesale, new result")
    if not ours:
        return
    if bourse := spreads.get("bourse"):
        times = bourse.median / ours.median
        yield Measure(f"{name}: faster than bourse", times, "times", TIMES_BOURSE[name], False)
    if loop := spreads.get("bare C loop"):
        times = ours.median / loop.median
        yield Measure(f"{name}: slower than the bare loop", times, "times", TIMES_LOOP)
    if fresh:
        more = fresh.median - ours.median
        yield Measure(f"{name}: a new result costs more", more, "ns a message", FRESH_COSTS)


def measure_calls(contenders: Sequence[Contender], plan: Plan, say: Say) -> Iterator[Measure]:
    """One order added and cancelled by calls from Python, beside 10,000 that rest."""
    mix = mixes.make(mixes.RECIPES["balanced"], 0)
    _, (best_bid, _) = _expected(mix)
    rounds: dict[str, Callable[[], float]] = {}
    for contender in contenders:
        run = contender.pairs(mix, best_bid - 10)
        if run:
            count = min(plan.pairs, contender.limit or plan.pairs)
            rounds[contender.name] = partial(_nanoseconds_of_pairs, run, count)
    spreads = in_turn(rounds, plan.rounds)
    _table("ns a pair", spreads, {}, say)
    if "firesale" in spreads and "bourse" in spreads:
        share = spreads["firesale"].median / spreads["bourse"].median
        yield Measure("submit + cancel against bourse", share, "times", CALLS_OF_BOURSE)


def _nanoseconds(start: Start, count: int) -> float:
    return timed(start().run) / count


def _nanoseconds_of_pairs(run: Callable[[int], None], count: int) -> float:
    return timed(partial(run, count)) / count


def _expected(mix: Mix) -> tuple[NDArray[np.void], tuple[int, int]]:
    """The events of the timed messages, and the best prices after them."""
    book = lob.OrderBook()
    book.process(mix.preload)
    return book.process(mix.timed), (book.best_bid or 0, book.best_ask or 0)


def _agrees(start: Start, mix: Mix) -> bool:
    """Whether a contender that returns events returns ours, and any ends at our best prices."""
    events, touch = _expected(mix)
    loaded = start()
    result = loaded.run()
    if isinstance(result, np.ndarray) and result.tobytes() != events.tobytes():
        return False
    return tuple(loaded.touch()) == touch


def _table(unit: str, spreads: dict[str, Spread], notes: dict[str, str], say: Say) -> None:
    """A row a contender; the last columns are its time over that of bourse and of the loop."""
    marks = {"/bourse": "bourse", "/loop": "bare C loop"}
    heads = "".join(f"{mark:>9}" for mark in marks)
    say(f"{unit:<22}{'median':>10}{'low':>10}{'high':>10}{heads}")
    for name, spread in spreads.items():
        ratios = "".join(
            f"{spread.median / spreads[mark].median:>9.3f}" if mark in spreads else f"{'-':>9}"
            for mark in marks.values()
        )
        say(
            f"{name:<22}{spread.median:>10.1f}{spread.low:>10.1f}{spread.high:>10.1f}{ratios}"
            f"  {notes.get(name, '')}".rstrip()
        )
