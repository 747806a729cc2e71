"""Search for the size of a sale that makes a stated fall, in runs without forced sales."""

import json
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, TypeVar

import agents
from experiments.markets.mistakes import Mistake, MistakesError
from experiments.metrics.intervals import student_interval
from experiments.metrics.spiral import drop
from experiments.scenario.build import build
from experiments.scenario.clearing import ClearingTable, HoldingTable, MarginTable
from experiments.scenario.gaps import CHECKED, GapTable, SolvedGapTable
from experiments.scenario.own_code import own_code_of
from experiments.scenario.sales import SLICES, evenly
from experiments.scenario.shocks import without_shock
from experiments.scenario.table import ns
from experiments.scenario.tables import ScenarioTables
from lob.engine.elementary import exp, log
from lob.types import MAX_SIZE
from lob.units import PPM, SECOND_NS

__all__ = ["with_solved_gaps"]

SEEDS = tuple(range(1_000_001, 1_000_009))
CHECKS = tuple(range(1_000_011, 1_000_011 + CHECKED))
"""Roots of randomness of the search, and of the runs that say what was obtained; chosen."""
LEAST_NS = SECOND_NS
"""Time for which a price is watched at least; chosen."""
MOST_TRIES = 24
"""Sizes that are tried at most."""
FINEST = 1.002
"""Times: nearer two sizes are not told apart; chosen."""
CLOSE, NEAR = 0.01, 0.2
"""Shares of a gap: within the one a search ends, outside the other there is no answer; chosen."""
APART = ("name", "question", "note", "seeds", "seconds", "horizon", "allow_failed_at_start",
         "alternatives", "published", "metrics", "keepers", "congestion")  # fmt: skip
"""Keys on which a market without forced sales does not hang until its gap is over."""

WITHOUT = re.compile(r"alternatives|metrics|clearings\.\d+\.liquidation")
"""Places of code of the user's own that runs of a search do not run."""

TheScenario = TypeVar("TheScenario", bound=ScenarioTables)
DIGITS = 6
"""Decimals of a share that are kept: the last bits of an interval hang on the processor."""
WATCH = "what a gap is measured on"
FREE = MarginTable(model="flat", parameters={"initial": PPM, "maintenance": PPM})
_solved: dict[str, SolvedGapTable] = {}


class _GapError(ValueError):
    """No size makes a gap."""


def with_solved_gaps(scenario: TheScenario) -> TheScenario:
    """The scenario with the sizes of its gaps.

    Gaps are solved in their order: each with the shocks of other kinds and the gaps before it.

    Parameters
    ----------
    scenario
        The scenario, valid.

    Raises
    ------
    MistakesError
        If no size makes a gap, with the nearest that can be had.
    """
    shocks = list(scenario.shocks)
    for number, one in enumerate(shocks):
        if not isinstance(one, GapTable):
            continue
        others = [
            without_shock(each) if isinstance(each, GapTable) and i > number else each
            for i, each in enumerate(shocks)
        ]
        others[number] = one.as_sale(SLICES * one.sellers)
        market = scenario.model_copy(update={"shocks": others})
        of = _digest(market, one)
        if one.solved is not None and one.solved.of == of:
            continue
        if of not in _solved:
            try:
                _solved[of] = _Search(market, number, one).solve(of)
            except _GapError as error:
                raise MistakesError([Mistake(f"shocks.{number}.gap", str(error))]) from None
        shocks[number] = one.model_copy(update={"solved": _solved[of]})
    # The one place where a scenario is completed: what is solved hangs on all of it.
    scenario.__dict__["shocks"] = shocks
    return scenario


def _digest(market: ScenarioTables, one: GapTable) -> str:
    """Digest of a gap and of what it hangs on."""
    said = market.model_dump(mode="json", exclude=set(APART))
    for clearing in said["clearings"]:
        del clearing["liquidation"]
    text = json.dumps([said, one.move], sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


class _Start(NamedTuple):
    """A run of the market until just before the shock."""

    simulation: agents.Simulation
    mid: float
    """Ticks."""


class _Answer(NamedTuple):
    """What a size does, from several starts."""

    falls: tuple[float, ...]
    """Shares of the mid just before."""
    emptied: int
    """In how many of the runs a side of the book was empty for some time."""

    @property
    def mean(self) -> float:
        """Mean fall."""
        return sum(self.falls) / len(self.falls)


class _Search:
    """The runs of a search; every size is tried on forks of the same ones."""

    def __init__(self, market: ScenarioTables, number: int, one: GapTable) -> None:
        own = [path for path in own_code_of(market) if not WITHOUT.match(path)]
        if own:
            raise _GapError(
                f"a gap is solved when a scenario is read, and code of your own ({', '.join(own)}) "
                "is not run then: state lots"
            )
        # One that has no accounts, and believes the mid of every moment.
        holding = HoldingTable(instrument=one.instrument, margin=FREE)
        watch = ClearingTable(name=WATCH, holdings=[holding])
        self.market = market.model_copy(update={"clearings": [*market.clearings, watch]})
        self.one = one
        self.names = [f"shock {number}" + (f" seller {i}" * bool(i)) for i in range(one.sellers)]
        self.book = market.number_of(one.instrument)
        self.sign = 1 if one.side == "sell" else -1
        self.runs = 0
        self.known: dict[int, _Answer] = {}
        self.starts = [self._start(seed) for seed in SEEDS]

    def solve(self, of: str) -> SolvedGapTable:
        """Find the size."""
        lots = self._root()
        checked = self._tried(lots, [self._start(seed) for seed in CHECKS])
        found = student_interval(checked.falls)
        wanted = self.one.move
        inside = found.low <= wanted <= found.high
        if not inside and abs(found.estimate - wanted) > NEAR * wanted:
            empty = f": a side of the book empties in {checked.emptied} of {CHECKED} runs"
            raise _GapError(
                f"no size makes a gap of {_percent(wanted)} surely: {self._said(lots)} do on "
                f"average in {len(SEEDS)} runs, and move the price by {_percent(found.estimate)} "
                f"in others"
                f"{empty * bool(checked.emptied)}"
            )
        return SolvedGapTable(
            of=of, lots=lots, obtained=round(found.estimate, DIGITS),
            low=round(found.low, DIGITS), high=round(found.high, DIGITS),
            emptied=checked.emptied, runs=self.runs,
        )  # fmt: skip

    def _of(self, lots: int) -> float:
        """Mean fall by a size, a share."""
        if lots not in self.known:
            self.known[lots] = self._tried(lots, self.starts)
        return self.known[lots].mean

    def _tried(self, lots: int, starts: Sequence[_Start]) -> _Answer:
        found = [self._run(lots, start) for start in starts]
        return _Answer(tuple(fall for fall, _ in found), sum(empty for _, empty in found))

    def _run(self, lots: int, start: _Start) -> tuple[float, bool]:
        """The fall by a size, a share, and whether a side of the book was empty."""
        simulation = start.simulation.fork()
        for i, name in enumerate(self.names):
            trader = simulation[name]
            trader.size = lots * (i + 1) // len(self.names) - lots * i // len(self.names)
            trader.schedule = evenly(max(1, trader.size), ns(self.one.within))
        begun, watched = ns(self.one.at), max(ns(self.one.within), LEAST_NS)
        simulation.run(until=begun + watched)
        self.runs += 1
        ticks = drop(
            simulation.entries, begun, watched, instrument=self.book,
            clearing=len(self.market.clearings) - 1, side=-self.sign,
        )  # fmt: skip
        quotes = simulation.quotes(self.book)
        quotes = quotes[quotes["ts_event"] >= begun]
        empty = bool(((quotes["bid_size"] == 0) | (quotes["ask_size"] == 0)).any())
        simulation.close()
        return ticks / start.mid, empty

    def _start(self, seed: int) -> _Start:
        simulation = build(self.market, seed, forced=False, events=False, messages=False)
        simulation.follow_quotes()
        simulation.run(until=ns(self.one.at) - 1)
        book = simulation.books[self.book]
        if book.best_bid is None or book.best_ask is None:
            raise _GapError(f"just before it a side of the book of {self.one.instrument} is empty")
        return _Start(simulation, (book.best_bid + book.best_ask) / 2)

    def _guess(self) -> int:
        """Lots that rest within the gap."""
        start = self.starts[0]
        book = start.simulation.books[self.book]
        levels = book.bids(100_000) if self.sign > 0 else book.asks(100_000)
        reach = self.one.move * start.mid
        return max(1, sum(int(size) for price, size, *_ in levels
                          if self.sign * (start.mid - price) <= reach))  # fmt: skip

    def _said(self, lots: int) -> str:
        return self.market.units.sizes[self.book].told(lots)

    def _root(self) -> int:
        """The size whose fall is nearest to what is wanted: bracketed, then by false position.

        A fall grows with the size, but for noise that all sizes have in common.
        """
        wanted, asked = self.one.move, f"a gap of {100 * self.one.move:.4g} %"
        if self._of(1) > wanted * (1 + NEAR):
            raise _GapError(
                f"the price moves by {_percent(self._of(1))} in that time when a single lot is "
                f"traded: {asked} is within the noise"
            )
        low, high = 1, max(2, self._guess())
        while self._of(high) < wanted:
            if self.known[high].emptied == len(self.starts) or high >= MAX_SIZE // 8:
                most = max(answer.mean for answer in self.known.values())
                if most >= wanted * (1 - CLOSE):
                    break
                raise _GapError(
                    f"no size makes {asked}: {self._said(high)} empty the book, and move the price "
                    f"by {_percent(self._of(high))}"
                )
            low, high = high, 4 * high
        while high > max(low + 1, FINEST * low) and len(self.known) < MOST_TRIES:
            if min(abs(one.mean - wanted) for one in self.known.values()) <= CLOSE * wanted:
                break
            middle = _between(
                low, high, self._of(low), self._of(high), wanted, len(self.known)
            )  # fmt: skip
            low, high = (middle, high) if self._of(middle) < wanted else (low, middle)
        best = min(self.known, key=lambda lots: (abs(self.known[lots].mean - wanted), lots))
        if abs(self._of(best) - wanted) > NEAR * wanted:
            raise _GapError(
                f"no size makes {asked}: {self._said(low)} move the price by "
                f"{_percent(self._of(low))}, and {self._said(high)} by {_percent(self._of(high))}"
            )
        return best


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _between(
    low: int, high: int, below: float, above: float, wanted: float, tries: int
) -> int:  # fmt: skip
    """A size to try next, between two: by a power law through both, every third time the middle."""
    share = 0.5
    if 0 < below < above and tries % 3:
        share = log(wanted / below) / log(above / below)
        share = min(max(share, 0.05), 0.95)
    found = round(low * exp(share * log(high / low)))
    return min(max(found, low + 1), high - 1)
