"""A finished run held against its twin: fair prices, what is left at the end, the criteria.

*Fair* is the mid of the twin, the same run in which failed accounts are frozen and nothing is sold
by force. What is left to failed accounts and takers at the end is closed by walking the book as it
stands then: otherwise a design would win by not selling.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

import agents
from experiments.metrics.cases import CaseTable, PriceSeries, cases_of, mid_path, path_of_quotes
from experiments.metrics.closed_account import ClosedAccount, Postings
from experiments.metrics.columns import Columns, Entries
from experiments.metrics.criteria import criteria_of
from experiments.metrics.exhausted import EmptySide, empty_sides
from experiments.metrics.spiral import drop, marks_of
from experiments.metrics.takers import leftovers
from experiments.runs.account_owners import postings_of
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.scenario.read import Scenario
from lob import EntryKind, Side, journal
from lob.units import SECOND_NS

__all__ = [
    "DropWindow",
    "TwinPrices",
    "as_run",
    "believer_of",
    "cases_of_run",
    "closing_prices",
    "criteria_of_run",
    "drop_window",
    "drops_of",
    "exhausted_of",
    "marks_before",
    "marks_followed",
    "mids",
    "of_the_book",
    "traded_asset",
]


class TwinPrices(NamedTuple):
    """Prices of a run in which nothing was forced, in ticks, and how many accounts failed."""

    fair: dict[int, PriceSeries]
    """By number of an instrument: its mid, wherever it changes."""
    marks: dict[int, PriceSeries]
    """By number of an instrument: the mark of the first clearing that has one."""
    drops: list[int]
    """For each shock the ticks that its instrument's mark fell, or rose after a purchase."""
    failures: int
    """Count of accounts that failed."""
    postings: Postings
    """All that was posted until then, at the fair prices of the end."""

    @classmethod
    def of(
        cls, scenario: Scenario, simulation: agents.Simulation, *, followed: bool
    ) -> "TwinPrices":
        """Read fair prices off a run in which failed accounts were frozen.

        Parameters
        ----------
        scenario, simulation
            The run, which is looked at until the end of the scenario.
        followed
            Whether its quotes were followed, so that no tape of events is needed.
        """
        entries, end = Columns(simulation.entries), scenario.end_ns
        fair = mids(simulation, followed=followed)
        if simulation.now > end:
            entries = Columns(simulation.entries[simulation.entries["ts_event"] <= end])
            fair = {number: _until(path, end) for number, path in fair.items()}
        return cls(
            fair=fair,
            marks=dict(enumerate(_all_marks(simulation, entries))),
            drops=drops_of(scenario, simulation, entries),
            failures=len(np.unique(entries["debit"][entries["kind"] == EntryKind.LIQUIDATION])),
            postings=postings_of(simulation, entries, fair, end),
        )


def _until(path: PriceSeries, end: int) -> PriceSeries:
    upto = int(np.searchsorted(path.times, end, side="right"))
    return PriceSeries(path.times[:upto], path.prices[:upto])


def as_run(scenario: Scenario, end_ns: int) -> Scenario:
    """A scenario as long as a run of it was, and measured until then.

    One that does not say ``until_closed`` is as it was: its runs all end at the same time.

    Parameters
    ----------
    scenario
        The scenario as it was read.
    end_ns
        When the run ended, in ns since its start.
    """
    if not scenario.until_closed:
        return scenario
    last = max(shock.ends for shock in scenario.shocks)
    seconds = end_ns / SECOND_NS
    return scenario.model_copy(update={"seconds": seconds, "horizon": seconds - last})


def mids(simulation: agents.Simulation, *, followed: bool) -> dict[int, PriceSeries]:
    """The mid of every instrument over a run, in ticks, by number.

    Parameters
    ----------
    simulation
        The finished run.
    followed
        Whether its quotes were followed, so that no tape of events is needed.
    """
    numbers = range(len(simulation.books))
    if followed:
        return {number: path_of_quotes(simulation.quotes(number)) for number in numbers}
    events = simulation.events
    return {number: mid_path(events, number) for number in numbers}


def traded_asset(simulation: agents.Simulation, instrument: int) -> int:
    """The ledger's number of the asset that a book trades.

    Parameters
    ----------
    simulation
        The run.
    instrument
        Number of the book.
    """
    one = simulation.instruments[instrument]
    asset: int = simulation.ledger.asset(one.base or one.name)
    return asset


def believer_of(entries: Entries, instrument: int, asset: int) -> int:
    """The number of the first clearing that marks what a book trades; 0 if none does.

    A claim is priced in the ticks of some book too; its marks are not that book's.

    Parameters
    ----------
    entries
        The run's journal.
    instrument, asset
        Number of the book, and of the asset that it trades.
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
    """A journal without the marks of claims that are priced in the ticks of a book.

    Parameters
    ----------
    entries
        The run's journal.
    instrument, asset
        Number of the book, and of the asset that it trades.
    """
    others = (entries["kind"] == EntryKind.MARK) & (entries["instrument"] == instrument)
    others &= entries["asset"] != asset
    return entries[~others] if others.any() else entries


def marks_followed(entries: Entries, instrument: int, asset: int) -> PriceSeries:
    """The mark of an instrument over a run in ticks, of the first clearing that has one.

    Parameters
    ----------
    entries
        The run's journal.
    instrument, asset
        Number of the book, and of the asset that it trades.
    """
    believer = believer_of(entries, instrument, asset)
    times, prices = marks_of(of_the_book(entries, instrument, asset), instrument, believer)
    return PriceSeries(times.copy(), prices.astype(np.float64))


def _all_marks(simulation: agents.Simulation, entries: Entries) -> list[PriceSeries]:
    return [
        marks_followed(entries, number, traded_asset(simulation, number))
        for number in range(len(simulation.books))
    ]


class DropWindow(TypedDict):
    """Arguments of ``experiments.metrics.spiral.drop`` by which the drop of a shock is measured."""

    entries: Entries
    """The journal without the marks of claims that are priced in the ticks of the book."""
    shock_ns: int
    """When the shock begins, in ns since the start of the run."""
    horizon_ns: int
    """How long after it is looked at, in ns."""
    instrument: int
    """Number of the instrument that is sold or bought."""
    clearing: int
    """Number of the clearing whose marks are followed."""
    side: int
    """-1 of a sale, after which a fall is adverse; 1 of a purchase."""


def drop_window(
    scenario: Scenario, simulation: agents.Simulation, entries: Entries, shock: int
) -> DropWindow:
    """Say what the drop of a shock is measured on, and from when until when.

    Parameters
    ----------
    scenario, simulation, entries
        The run and its journal.
    shock
        Index of the shock, from 0, in the order of the scenario.
    """
    one = scenario.shocks[shock]
    number = scenario.number_of(one.instrument)
    asset = traded_asset(simulation, number)
    return DropWindow(
        entries=of_the_book(entries, number, asset),
        shock_ns=scenario.ns(one.at),
        horizon_ns=scenario.ns(one.over + scenario.horizon),
        instrument=number,
        clearing=believer_of(entries, number, asset),
        side=-1 if one.side == "sell" else 1,
    )


def drops_of(scenario: Scenario, simulation: agents.Simulation, entries: Entries) -> list[int]:
    """For each shock the ticks that its instrument's mark fell, or rose after a purchase.

    None is negative; until the horizon of the scenario.

    Parameters
    ----------
    scenario, simulation, entries
        The run and its journal.
    """
    return [
        drop(**drop_window(scenario, simulation, entries, number))
        for number in range(len(scenario.shocks))
    ]


def marks_before(scenario: Scenario, simulation: agents.Simulation, entries: Entries) -> list[int]:
    """For each shock the mark of its instrument just before it, in ticks.

    A drop is a share of it.

    Parameters
    ----------
    scenario, simulation, entries
        The run and its journal.
    """
    found = []
    for shock in scenario.shocks:
        number = scenario.number_of(shock.instrument)
        series = marks_followed(entries, number, traded_asset(simulation, number))
        found.append(int(series.at(scenario.ns(shock.at) - 1)))
    return found


def exhausted_of(scenario: Scenario, simulation: agents.Simulation) -> list[EmptySide]:
    """The sides of books that emptied after the first shock of a run.

    Parameters
    ----------
    scenario, simulation
        The finished run, whose quotes were followed or whose events are kept.
    """
    return empty_sides(
        [_quotes(simulation, number) for number in range(len(simulation.books))],
        [one.name for one in scenario.instruments],
        scenario.ns(min(shock.at for shock in scenario.shocks)),
        scenario.end_ns,
    )


def _quotes(simulation: agents.Simulation, number: int) -> NDArray[np.void]:
    """The quotes of a book: as they were followed, or as its tape on disk tells of them."""
    if simulation.follows_quotes:
        return simulation.quotes(number)
    found: NDArray[np.void] = journal.quotes(simulation.events, number)[0]
    return found


def closing_prices(
    simulation: agents.Simulation, lots: dict[int, int], marks: Sequence[PriceSeries]
) -> dict[int, float]:
    """The price in ticks at which leftover lots are closed at the end, by instrument.

    The average of walking the book as it stands, not rounded. What the book cannot take is closed
    at the last price it has; with nothing there, at the last mark, and without one at 1 tick.

    Parameters
    ----------
    simulation
        The finished run.
    lots
        By number of an instrument: lots to close, positive long.
    marks
        The mark of each instrument over time.
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
    """Failures of a finished run and what became of them.

    Parameters
    ----------
    scenario, simulation, entries
        The run and its journal.
    twin
        Prices of the twin of the same scenario and seed.
    """
    metadata = tape_metadata_of(simulation)
    marks = _all_marks(simulation, entries)
    closing = closing_prices(simulation, leftovers(entries, metadata), marks)
    return cases_of(entries, metadata, twin.fair, closing, scenario.end_ns)


def criteria_of_run(
    scenario: Scenario,
    simulation: agents.Simulation,
    entries: Entries,
    twin: TwinPrices,
    account: ClosedAccount | None,
) -> dict[str, float]:
    """Judge a finished run by all ``experiments.metrics.criteria.CRITERIA``, by name.

    Parameters
    ----------
    scenario, simulation, entries
        The run and its journal.
    twin
        Prices of the twin of the same scenario and seed; of a run that is unforced, its own.
    account
        The closed account against the twin; ``None``: there was none.
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
    closed = account or ClosedAccount((), {})
    return criteria | closed.criteria()
