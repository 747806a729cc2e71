"""One market and one seed: the twin without forced sales, and every design on the same numbers.

What is drawn belongs to each participant by name, so all runs of a seed are the same to the byte
until the first account fails. A run becomes a row: its criteria, and what made it.
"""

import hashlib
import time
from pathlib import Path as Folder
from typing import Any, NamedTuple

import numpy as np

import agents
from experiments.contest.capital import equalised
from experiments.contest.designs import ContestDesign
from experiments.metrics.cascade import cascade_of
from experiments.metrics.cases import PriceSeries, path_of_quotes
from experiments.metrics.columns import Columns, Entries
from experiments.metrics.criteria import criteria_of
from experiments.metrics.spiral import drop, marks_of
from experiments.metrics.takers import leftovers
from experiments.runs.store import append_row, key_of, rows_of_log
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.runs.workers import tidy
from experiments.scenario.build import build
from experiments.scenario.read import Scenario
from experiments.scenario.user_code import digest_of_user_code
from lob import EntryKind, Side
from lob.units import SECOND_NS

__all__ = ["Group", "key_of_run", "run_group", "tape_metadata_of"]

POINTS = 600
"""Of a price path that is drawn."""


class Group(NamedTuple):
    """The runs of one seed in one market."""

    scenario: Scenario
    market: str
    """What the market is called: a regime, an axis, or "base"."""
    seed: int
    designs: tuple[ContestDesign, ...]
    log: Folder
    """Where each run is noted as soon as it is done."""
    pictures: bool = False
    """Whether the rows hold price paths and generations to draw."""


def key_of_run(scenario: Scenario, seed: int, design: ContestDesign) -> str:
    """The key of a run: the digest of all that determines it."""
    return key_of(
        scenario=scenario.model_dump(mode="json"),
        seed=seed,
        design=design.design,
        parameters=design.parameters,
        code=digest_of_user_code(design.design),
    )


def run_group(group: Group) -> list[dict[str, Any]]:
    """Run all designs of a group that its logs do not have yet, and return all rows."""
    keys = {key_of_run(group.scenario, group.seed, one): one for one in group.designs}
    known = {row["key"]: row for row in rows_of_log(group.log) if row["key"] in keys}
    if group.pictures:
        known = {key: row for key, row in known.items() if "path" in row}
    twin: _Twin | None = None
    for key, design in keys.items():
        if key in known:
            continue
        clock = time.process_time()
        row: dict[str, Any] = {
            "key": key,
            "scenario": group.scenario.name,
            "market": group.market,
            "seed": group.seed,
            "design": design.design,
            "parameters": design.parameters,
            "error": None,
        }
        try:
            if twin is None:
                twin = _Twin(group.scenario, group.seed, group.pictures)
                tidy()
            row |= _run(group, design, twin)
        except Exception as error:
            row |= {"error": f"{type(error).__name__}: {error}", "criteria": {}, "digest": None}
        tidy()
        row["cpu_seconds"] = time.process_time() - clock
        append_row(group.log, row)
        known[key] = row
    return [
        {
            **known[key_of_run(group.scenario, group.seed, one)],
            "market": group.market,
            "label": one.label,
            "how": one.how,
        }
        for one in group.designs
    ]


class _Twin:
    """The run in which failed accounts are frozen: what things are worth unforced."""

    def __init__(self, scenario: Scenario, seed: int, pictures: bool) -> None:
        simulation = build(scenario, seed, forced=False, events=False, messages=False)
        simulation.follow_quotes()
        simulation.run(until=_end(scenario))
        entries = Columns(simulation.entries)
        count = range(len(scenario.instruments))
        self.fair = {number: path_of_quotes(simulation.quotes(number)) for number in count}
        self.marks = {number: _marks(entries, number) for number in count}
        self.drops = [_drop(scenario, entries, i) for i in range(len(scenario.shocks))]
        self.path = _points(self.marks[_first(scenario)]) if pictures else None
        self.failures = len(np.unique(entries["debit"][entries["kind"] == EntryKind.LIQUIDATION]))


def _run(group: Group, design: ContestDesign, twin: _Twin) -> dict[str, Any]:
    scenario, parameters = equalised(group.scenario, design)
    simulation = build(
        scenario,
        group.seed,
        design=design.design,
        parameters=parameters,
        events=group.pictures,
        messages=False,
    )
    simulation.run(until=_end(scenario))
    for clearing in simulation.clearings:
        clearing.socialise()
    simulation.ledger.check()
    tape, metadata = simulation.entries, tape_metadata_of(simulation)
    entries = Columns(tape)
    marks = {number: _marks(entries, number) for number in range(len(scenario.instruments))}
    closing = {
        instrument: _close(simulation, instrument, lots, marks[instrument])
        for instrument, lots in leftovers(entries, metadata).items()
    }
    horizon = _horizon(scenario)
    criteria = criteria_of(
        entries,
        metadata,
        fair=twin.fair,
        closing=closing,
        end_ns=_end(scenario),
        horizon_ns=horizon,
    )
    first = _first(scenario)
    side = -1 if scenario.shocks[0].side == "sell" else 1
    criteria["drop"] = float(_drop(scenario, entries, 0))
    moved = marks[first].at(horizon) - twin.marks[first].at(horizon)
    criteria["permanent_impact"] = float(side * moved)
    row: dict[str, Any] = {
        "criteria": criteria,
        "twin_drop": float(twin.drops[0]),
        "digest": hashlib.blake2b(tape.view(np.uint8).data, digest_size=16).hexdigest(),
    }
    if group.pictures:
        cascade = cascade_of(tape, simulation.events)
        row |= {
            "path": _points(marks[first]),
            "twin_path": twin.path,
            "generations": cascade.per_generation(),
        }
    return row


def _end(scenario: Scenario) -> int:
    return round(scenario.seconds * SECOND_NS)


def _horizon(scenario: Scenario) -> int:
    shock = scenario.shocks[0]
    return round((shock.at + shock.over + scenario.horizon) * SECOND_NS)


def _first(scenario: Scenario) -> int:
    """The instrument of the first shock, whose price is followed."""
    return scenario.number_of(scenario.shocks[0].instrument)


def _drop(scenario: Scenario, entries: Entries, number: int) -> int:
    shock = scenario.shocks[number]
    return drop(
        entries,
        round(shock.at * SECOND_NS),
        round((shock.over + scenario.horizon) * SECOND_NS),
        instrument=scenario.number_of(shock.instrument),
        protocol=_believer(entries, scenario.number_of(shock.instrument)),
        side=-1 if shock.side == "sell" else 1,
    )


def _marks(entries: Entries, instrument: int) -> PriceSeries:
    times, prices = marks_of(entries, instrument, _believer(entries, instrument))
    return PriceSeries(times.copy(), prices.astype(np.float64))


def _believer(entries: Entries, instrument: int) -> int:
    """The first clearing that has a mark of an instrument: its marks are followed."""
    ours = (entries["kind"] == EntryKind.MARK) & (entries["instrument"] == instrument)
    return int(entries["protocol"][ours].min()) if ours.any() else 0


def _close(simulation: agents.Simulation, instrument: int, lots: int, marks: PriceSeries) -> float:
    """The price at which lots are closed by walking the book as it stands, in ticks.

    What the book cannot take is closed at the last price it has; with nothing there, at the mark.
    """
    book = simulation.books[instrument]
    side = Side.SELL if lots >= 0 else Side.BUY
    cost = book.cost(side, max(1, abs(lots)))
    if cost.worst_price is None:
        return float(marks.prices[-1]) if len(marks.prices) else 1.0
    rest = max(1, abs(lots)) - cost.filled
    return float((cost.notional + rest * cost.worst_price) / max(1, abs(lots)))


def _points(path: PriceSeries) -> list[list[float]]:
    """A path thinned to what can be drawn: seconds and ticks, extremes kept."""
    times, prices = path
    if len(times) > POINTS:
        edges = np.linspace(0, len(times), POINTS // 2 + 1).astype(np.int64)
        pairs = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        kept = sorted(
            {
                low + int(pick(prices[low:high]))
                for low, high in pairs
                for pick in (np.argmin, np.argmax)
            }
        )
        times, prices = times[kept], prices[kept]
    return [(times / SECOND_NS).round(6).tolist(), prices.tolist()]
