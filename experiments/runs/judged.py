"""A finished run held against its twin: fair prices, what is left at the end, the criteria.

*Fair* is the mid of the twin, the same run in which failed accounts are frozen and nothing is sold
by force. What is left to failed accounts and takers at the end is closed by walking the book as it
stands then: otherwise a design would win by not selling.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import agents
from experiments.metrics.cases import CaseTable, PriceSeries, cases_of, mid_path, path_of_quotes
from experiments.metrics.columns import Columns, Entries
from experiments.metrics.criteria import criteria_of
from experiments.metrics.exhausted import EmptySide, empty_sides
from experiments.metrics.spiral import drop, marks_of
from experiments.metrics.takers import leftovers
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.scenario.read import Scenario
from lob import EntryKind, Side

__all__ = [
    "TwinPrices",
    "believer_of",
    "cases_of_run",
    "closing_prices",
    "criteria_of_run",
    "drops_of",
    "exhausted_of",
    "marks_before",
    "marks_followed",
    "mids",
    "of_the_book",
    "traded_asset",
]


class TwinPrices(NamedTuple):
    """What the twin of a run says: prices in ticks where nothing was forced, and who failed."""

    fair: dict[int, PriceSeries]
    """The mid of each instrument, wherever it changes."""
    marks: dict[int, PriceSeries]
    """What the first clearing of each instrument believed."""
    drops: list[int]
    """Ticks, one a shock."""
    failures: int
    """Accounts that failed."""

    @classmethod
    def of(
        cls, scenario: Scenario, simulation: agents.Simulation, *, followed: bool
    ) -> "TwinPrices":
        """Read them off a run in which failed accounts were frozen.

        ``followed``: whether its quotes were followed, so that no tape of events is needed.
        """
        entries = Columns(simulation.entries)
        return cls(
            fair=mids(simulation, followed=followed),
            marks=dict(enumerate(_all_marks(simulation, entries))),
            drops=drops_of(scenario, simulation, entries),
            failures=len(np.unique(entries["debit"][entries["kind"] == EntryKind.LIQUIDATION])),
        )


def mids(simulation: agents.Simulation, *, followed: bool) -> dict[int, PriceSeries]:
    """The mid of every instrument over a run, from its quotes if they were followed."""
    numbers = range(len(simulation.books))
    if followed:
        return {number: path_of_quotes(simulation.quotes(number)) for number in numbers}
    events = simulation.events
    return {number: mid_path(events, number) for number in numbers}


def traded_asset(simulation: agents.Simulation, instrument: int) -> int:
    """The number of the asset that a book trades."""
    one = simulation.instruments[instrument]
    asset: int = simulation.ledger.asset(one.base or one.name)
    return asset


def believer_of(entries: Entries, instrument: int, asset: int) -> int:
    """The first clearing with a mark of what a book trades: its marks are followed.

    A claim is priced in the ticks of some book too; its marks are not that book's.
    """
    ours = _marks_of_asset(entries, instrument, asset)
    return int(entries["clearing"][ours].min()) if ours.any() else 0


def _marks_of_asset(entries: Entries, instrument: int, asset: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (
        (entries["kind"] == EntryKind.MARK)
        & (entries["asset"] == asset)
        & (entries["instrument"] == instrument)
    )
    return found


def of_the_book(entries: Entries, instrument: int, asset: int) -> Entries:
    """A journal without the marks of claims that are priced in the ticks of a book."""
    others = (entries["kind"] == EntryKind.MARK) & (entries["instrument"] == instrument)
    others &= entries["asset"] != asset
    return entries[~others] if others.any() else entries


def marks_followed(entries: Entries, instrument: int, asset: int) -> PriceSeries:
    """The mark of an instrument over a run, as the first clearing that has one believed it."""
    believer = believer_of(entries, instrument, asset)
    times, prices = marks_of(of_the_book(entries, instrument, asset), instrument, believer)
    return PriceSeries(times.copy(), prices.astype(np.float64))


def _all_marks(simulation: agents.Simulation, entries: Entries) -> list[PriceSeries]:
    return [
        marks_followed(entries, number, traded_asset(simulation, number))
        for number in range(len(simulation.books))
    ]


def drops_of(scenario: Scenario, simulation: agents.Simulation, entries: Entries) -> list[int]:
    """By shock, the ticks that its instrument's mark fell (or rose, if it was bought)."""
    found = []
    for shock in scenario.shocks:
        number = scenario.number_of(shock.instrument)
        asset = traded_asset(simulation, number)
        found.append(
            drop(
                of_the_book(entries, number, asset),
                scenario.ns(shock.at),
                scenario.ns(shock.over + scenario.horizon),
                instrument=number,
                clearing=believer_of(entries, number, asset),
                side=-1 if shock.side == "sell" else 1,
            )
        )
    return found


def marks_before(scenario: Scenario, simulation: agents.Simulation, entries: Entries) -> list[int]:
    """By shock, the mark of its instrument just before it, in ticks: what a drop is a share of."""
    found = []
    for shock in scenario.shocks:
        number = scenario.number_of(shock.instrument)
        series = marks_followed(entries, number, traded_asset(simulation, number))
        found.append(int(series.at(scenario.ns(shock.at) - 1)))
    return found


def exhausted_of(scenario: Scenario, simulation: agents.Simulation) -> list[EmptySide]:
    """The sides of books that emptied after the first shock; its quotes must be followed."""
    return empty_sides(
        [simulation.quotes(number) for number in range(len(simulation.books))],
        [one.name for one in scenario.instruments],
        scenario.ns(min(shock.at for shock in scenario.shocks)),
        scenario.end_ns,
    )


def closing_prices(
    simulation: agents.Simulation, lots: dict[int, int], marks: Sequence[PriceSeries]
) -> dict[int, float]:
    """By instrument, the price at which signed lots are closed in the book as it stands, in ticks.

    What the book cannot take is closed at the last price it has; with nothing there, at the last
    mark, and without one at 1 tick.
    """
    found = {}
    for instrument, left in lots.items():
        size = max(1, abs(left))
        cost = simulation.books[instrument].cost(Side.SELL if left >= 0 else Side.BUY, size)
        if cost.worst_price is None:
            last = marks[instrument].prices
            found[instrument] = float(last[-1]) if len(last) else 1.0
        else:
            rest = size - cost.filled
            found[instrument] = float((cost.notional + rest * cost.worst_price) / size)
    return found


def cases_of_run(
    scenario: Scenario, simulation: agents.Simulation, entries: Entries, twin: TwinPrices
) -> CaseTable:
    """What became of every failure of a finished run; see ``criteria_of_run``."""
    metadata = tape_metadata_of(simulation)
    marks = _all_marks(simulation, entries)
    closing = closing_prices(simulation, leftovers(entries, metadata), marks)
    return cases_of(entries, metadata, twin.fair, closing, scenario.end_ns)


def criteria_of_run(
    scenario: Scenario,
    simulation: agents.Simulation,
    entries: Entries,
    twin: TwinPrices,
) -> dict[str, float]:
    """Judge a finished run by all ``experiments.metrics.criteria.CRITERIA``.

    Parameters
    ----------
    scenario, simulation, entries
        The run and its journal.
    twin
        Of the same scenario and seed; it may be the run itself, of one that is unforced.
    """
    metadata = tape_metadata_of(simulation)
    marks = _all_marks(simulation, entries)
    criteria = criteria_of(
        entries,
        metadata,
        fair=twin.fair,
        closing=closing_prices(simulation, leftovers(entries, metadata), marks),
        end_ns=scenario.end_ns,
        horizon_ns=scenario.horizon_ns,
    )
    shock = scenario.shocks[0]
    first = scenario.number_of(shock.instrument)
    moved = marks[first].at(scenario.horizon_ns) - twin.marks[first].at(scenario.horizon_ns)
    criteria["drop"] = float(drops_of(scenario, simulation, entries)[0])
    criteria["exhausted"] = float(len(exhausted_of(scenario, simulation)))
    criteria["permanent_impact"] = float((-1 if shock.side == "sell" else 1) * moved)
    return criteria
