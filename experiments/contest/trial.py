"""Runs of one seed in one market: the twin without forced sales, and every design.

What is drawn belongs to each participant by name, so all runs of a seed are the same to the byte
until the first account fails. A run becomes a row: its criteria, and what made it.
"""

import hashlib
import time
from pathlib import Path as Folder
from typing import Any, NamedTuple

import numpy as np

from experiments.contest.capital import equalised
from experiments.contest.designs import ContestDesign
from experiments.metrics.cases import PriceSeries
from experiments.report.spiral_figures import thinned
from experiments.runs.errors import Told, told
from experiments.runs.judged import marks_before
from experiments.runs.memory_limit import limited
from experiments.runs.provenance import digests_of_files, digests_of_own_code
from experiments.runs.run import Run, run_scenario
from experiments.runs.store import append_row, key_of, rows_of_log
from experiments.runs.swept import Keys
from experiments.runs.twins import Twin
from experiments.runs.workers import tidy
from experiments.scenario.read import Scenario
from experiments.scenario.user_code import digest_of_user_code, names_user_code
from lob.units import SECOND_NS

__all__ = ["Group", "RunKeys", "key_of_run", "run_group"]

POINTS = 600
"""Points of a price path that is drawn; chosen."""


class Group(NamedTuple):
    """Runs of one seed in one market that share a twin."""

    scenario: Scenario
    """The market's scenario."""
    market: str
    """Name of the market: a regime, an axis, or "base"."""
    seed: int
    """Root of all randomness."""
    designs: tuple[ContestDesign, ...]
    """The designs to run."""
    log: Folder
    """Folder in which each run is noted as soon as it is done."""
    pictures: bool = False
    """Whether the rows hold price paths and generations to draw."""
    memory: int | None = None
    """Bytes that a run may take beside what its process has; ``None``: what there is."""


class RunKeys:
    """Keys of many runs: what all seeds of a scenario and design share is looked at once.

    One for each call of a study: code and files may be others by the next.
    """

    def __init__(self) -> None:
        self._scenario: Scenario | None = None
        self._known: dict[str, str] = {}

    def __call__(self, scenario: Scenario, seed: int, design: ContestDesign) -> str:
        """32 hex digits of all that determines a run; those of a scenario are best asked in a row.

        That is scenario, seed, design, version, and the code and files that are named.
        """
        if scenario is not self._scenario:
            self._scenario, self._known = scenario, {}
        named = repr((design.design, design.parameters))
        if named not in self._known:
            self._known[named] = key_of(
                own=digests_of_own_code(scenario),
                files=digests_of_files(scenario),
                scenario=scenario.model_dump(mode="json"),
                design=design.design,
                parameters=design.parameters,
                code=digest_of_user_code(design.design),
            )
        return Keys.of_run(self._known[named], seed)


def key_of_run(scenario: Scenario, seed: int, design: ContestDesign) -> str:
    """The key of one run, see ``RunKeys``.

    Parameters
    ----------
    scenario, seed, design
        The market's scenario, the root of all randomness, and the design.
    """
    return RunKeys()(scenario, seed, design)


def run_group(group: Group) -> list[dict[str, Any]]:
    """Run all designs of a group that its log does not have yet, and return all rows.

    A run that raises is a row with its error.
    """
    key_of_each = RunKeys()
    keys = {key_of_each(group.scenario, group.seed, one): one for one in group.designs}
    known = {row["key"]: row for row in rows_of_log(group.log) if row["key"] in keys}
    if group.pictures:
        known = {key: row for key, row in known.items() if "path" in row}
    twin = Twin(group.scenario, group.seed)
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
            with limited(group.memory):
                row |= _run(group, design, twin)
        except (Exception, SystemExit) as error:
            line, trace = _told_of(design, error)
            row |= {"error": line, "trace": trace, "criteria": {}, "digest": None}
        tidy()
        row["cpu_seconds"] = time.process_time() - clock
        known[key] = row
        try:
            append_row(group.log, row)
        except OSError as error:
            # No fault of the design's: the whole contest stops, see ``_gather``.
            row["unkept"] = [error.errno, error.strerror or str(error)]
    return [
        {
            **known[key_of_each(group.scenario, group.seed, one)],
            "market": group.market,
            "label": one.label,
            "how": one.how,
        }
        for one in group.designs
    ]


def _told_of(design: ContestDesign, error: BaseException) -> Told:
    """An error of a run; the file of a design of the user's own is named, whoever tripped."""
    line, trace = told(error)
    file, _, _ = design.design.rpartition(":")
    if names_user_code(design.design) and Folder(file).name not in line:
        line = f"design {design.design}: {line}"
    return Told(line, trace)


def _run(group: Group, design: ContestDesign, twins: Twin) -> dict[str, Any]:
    scenario, parameters = equalised(group.scenario, design)
    run = run_scenario(
        scenario,
        group.seed,
        design=design.design,
        parameters=parameters,
        twin=twins,
        tapes=group.pictures or bool(scenario.metrics),
    )
    tape, twin = run.simulation.entries, run.twin
    assert twin is not None
    assert run.closed_account is not None
    row: dict[str, Any] = {
        "criteria": run.criteria,
        "lots": run.lots_by_instrument(),
        "twin_drop": float(twin.drops[0]),
        "mark_before": marks_before(scenario, run.simulation, run.entries)[0],
        "accounts": run.accounts,
        "end_ns": run.simulation.now,
        "closed_account": run.closed_account.to_dict(),
        "spiral_ns": _spiral_ns(scenario, run),
        "exhausted": [one._asdict() for one in run.exhausted],
        "refused": run.refused,
        "digest": hashlib.blake2b(tape.view(np.uint8).data, digest_size=16).hexdigest(),
    }
    if run.metrics:
        row["metrics"] = run.measured
    if group.pictures:
        first = scenario.number_of(scenario.shocks[0].instrument)
        row |= {
            "path": _points(run.prices.marks[first]),
            "twin_path": _points(twin.marks[first]),
            "generations": run.cascade.per_generation(),
        }
    return row


def _spiral_ns(scenario: Scenario, run: Run) -> int | None:
    """From the first shock to the last failure of an account; ``None`` where none failed after."""
    start = scenario.ns(min(shock.at for shock in scenario.shocks))
    later = run.cases.opened[run.cases.opened >= start]
    return int(later.max()) - start if len(later) else None


def _points(path: PriceSeries) -> list[list[float]]:
    """A path thinned to what can be drawn: seconds and ticks, extremes kept."""
    times, prices = thinned(*path, POINTS)
    return [(times / SECOND_NS).round(6).tolist(), prices.tolist()]
