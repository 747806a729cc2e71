"""A sweep: a scenario at many points of its parameters, with the same seeds at each.

Each finished run is logged at once by the worker that made it, so whatever ends a sweep loses
nothing that had finished, and the next call makes only what is missing.
"""

import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from experiments.metrics.criteria import CRITERIA
from experiments.metrics.intervals import student_interval
from experiments.runs.alone import alone
from experiments.runs.executor import RunExecutor
from experiments.runs.kept_runs import Report, forget_failed, made_rows
from experiments.runs.manifest import read_manifest, write_manifest
from experiments.runs.memory_limit import refuse_where_none
from experiments.runs.packing import pack
from experiments.runs.parcel import Parcel
from experiments.runs.store import RunStore, code_digest
from experiments.runs.swept import Asked, Keys, Row, SweptRun, failed_row, run_swept
from experiments.runs.workers import Workers
from experiments.scenario.overrides import paths_meant, plain
from experiments.scenario.own_code import refuse_code
from experiments.scenario.read import Scenario, ScenarioError
from experiments.scenario.user_code import digest_of_user_code, names_user_code
from experiments.studies.sampling import Over, points_of
from experiments.studies.sweep_result import Sweep

__all__ = ["MOST_SEEDS", "Sampling", "hold_sweep"]

MOST_SEEDS = 1_000
"""Seeds of a point at which an interval is given up that will not be narrow; chosen."""
FIXED: dict[str, pa.DataType] = {
    "key": pa.string(), "sources": pa.string(), "seed": pa.int64(), "digest": pa.string(),
    "error": pa.string(), "cpu_seconds": pa.float64(), "seconds": pa.float64(),
}  # fmt: skip
"""Columns that the rows of every sweep have."""


@dataclass(frozen=True)
class Sampling:
    """How the points of a sweep are chosen, and how many seeds each has."""

    over: Over
    """Values by swept name: see ``experiments.studies.sampling.points_of``."""
    seeds: Sequence[int]
    """Roots of all randomness, the same at every point."""
    design: str = "grid"
    """One of ``experiments.studies.sampling.DESIGNS``."""
    points: int | None = None
    """How many points a sample has."""
    sample_seed: int = 0
    """Seed of the sample."""
    narrow: Mapping[str, float] | None = None
    """Half-width at most of the 95 % interval of each measure's mean, in the measure's unit: a
    point goes on to more seeds until it is there."""
    most: int = MOST_SEEDS
    """Seeds of a point after which it does not."""


def hold_sweep(
    scenario: Scenario,
    sampling: Sampling,
    *,
    twin: bool = True,
    metrics: Mapping[str, str] | None = None,
    folder: Path | None = None,
    workers: int | None = None,
    executor: RunExecutor | None = None,
    memory: int | None = None,
    retry: bool = False,
    allow_code: bool = False,
    report: Report = lambda done, total: None,
) -> Sweep:
    """Make all runs of a sweep that are not there yet, on all cores, and gather their rows.

    Parameters
    ----------
    scenario, sampling
        What is run, and where.
    twin
        Whether each run has its twin, in which nothing is forced: it doubles the time, and without
        it measures that rest on fair prices are not known.
    metrics
        ``FILE.py:NAME`` of functions of a run's tapes, by name.
    folder
        Keeps the runs, so that the next call resumes; ``None``: they are gone with the result.
    workers
        Processes; ``None``: one a core; 1: none beside this one.
    executor
        Who makes the runs in place of processes on this machine.
    memory
        Bytes that a run may take beside what its process has: more is the error of that run.
    retry
        Whether runs that failed are made again.
    allow_code
        Whether code of the user's own that the scenario names is run.
    report
        Called with how many of how many runs are there.

    Raises
    ------
    ScenarioError
        If a name is no key of the scenario, or the first point is no scenario.
    CodeNotAllowedError
        If code of the user's own is named and nobody said that it may be run.
    ValueError
        If there is nothing to vary, or the folder holds another sweep.
    ClusterError
        If the executor is a cluster that cannot do it, or is gone: what had finished is kept.
    OSError
        If the folder cannot be written to: what had finished is kept.
    """
    started = time.time()
    points = points_of(sampling.over, sampling.design, sampling.points, sampling.sample_seed)
    seeds = list(sampling.seeds)
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds must be at least one, all different, got {seeds}")
    others = dict(metrics or {})
    measures = _measures(scenario, others)
    _refuse_names(points[0], measures, sampling.narrow or {})
    paths = _paths(scenario, points[0])
    asked = Asked(scenario, paths, twin, others, code_digest(), memory)
    first = scenario.with_(**asked.overrides(points[0]))
    refuse_code(scenario, allowed=allow_code)
    refuse_code(first, allowed=allow_code, named=_texts(points))
    refuse_where_none(memory)
    columns = _columns(points, measures)
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="firesale-")))
        store = RunStore(folder, columns)
        stack.enter_context(alone(folder))
        said = _said(scenario, sampling, points, twin, measures)
        _refuse_another(folder, said)
        write_manifest(folder, said, started)
        work = _Work(asked, points, store, executor or Workers(workers), report)
        rows = work.rows(seeds, retry)
        if sampling.narrow:
            rows = work.until_narrow(rows, len(seeds), sampling.narrow, sampling.most)
        store.compact()
        failed = sum(row["error"] is not None for row in rows)
        write_manifest(folder, said, started, runs=len(rows), failed=failed, made=work.made)
    return Sweep(scenario, tuple(points), sampling.design, tuple(rows), said, work.made)


class _Work:
    """The runs of one sweep: those that are there, and those that are made."""

    def __init__(
        self,
        asked: Asked,
        points: Sequence[Mapping[str, Any]],
        store: RunStore,
        executor: RunExecutor,
        report: Report,
    ) -> None:
        self.asked, self.points, self.store = asked, points, store
        self.executor, self.report = executor, report
        self.made = 0
        keys = Keys(asked)
        self._digests = [keys.of_point(point) for point in points]
        self._known = store.read()
        store.compact()

    def rows(self, seeds: Sequence[int], retry: bool) -> list[Row]:
        """The rows of all points and seeds, in this order."""
        wanted = [(number, seed) for number in range(len(self.points)) for seed in seeds]
        if retry:
            forget_failed(self.store, self._known, [self._key(*one) for one in wanted])
        return self._made(wanted)

    def until_narrow(
        self, rows: list[Row], seeds: int, narrow: Mapping[str, float], most: int
    ) -> list[Row]:
        """More seeds, from 1 on, at the points whose intervals are too wide."""
        found: dict[int, list[Row]] = {}
        for row in rows:
            found.setdefault(row["number"], []).append(row)
        while True:
            wide = [
                number
                for number, those in found.items()
                if len(those) < most and not _is_narrow(those, narrow)
            ]
            if not wide:
                return [row for number in sorted(found) for row in found[number]]
            wanted = []
            for number in wide:
                there = {row["seed"] for row in found[number]}
                more = min(most - len(there), max(2, len(there) // 2))
                fresh = (seed for seed in range(1, most + len(there) + 1) if seed not in there)
                wanted += [(number, seed) for seed, _ in zip(fresh, range(more), strict=False)]
            for row in self._made(wanted, sum(map(len, found.values()))):
                found[row["number"]].append(row)

    def _key(self, number: int, seed: int) -> str:
        return Keys.of_run(self._digests[number], seed)

    def _made(self, wanted: Sequence[tuple[int, int]], before: int = 0) -> list[Row]:
        keys = [self._key(*one) for one in wanted]
        # Two points may be the same: their run is made once.
        log = self.store.log if self.executor.shares_files else None
        jobs = {
            key: SweptRun(
                self.asked, self.points[number], number, self._digests[number], seed, key, log
            )
            for key, (number, seed) in zip(keys, wanted, strict=True)
            if key not in self._known
        }  # fmt: skip
        there, total = before + len(wanted) - len(jobs), before + len(wanted)
        self.report(there, total)
        if not jobs:
            return self._rows(keys, wanted)
        with self.executor as pool:
            if not pool.shares_files:
                pool.bring(self._parcel())
            made = made_rows(pool, run_swept, list(jobs.values()), self.store, _lost)
            for job, (row,) in made:
                self._known[job.key] = row
                self.made += 1
                there += 1
                self.report(there, total)
        return self._rows(keys, wanted)

    def _parcel(self) -> Parcel:
        asked = self.asked
        points = [asked.overrides(point) for point in self.points]
        return pack(asked.scenario, points, asked.metrics.values())

    def _rows(self, keys: Sequence[str], wanted: Sequence[tuple[int, int]]) -> list[Row]:
        return [
            {**self._known[key], "number": number, "point": dict(self.points[number])}
            for key, (number, _) in zip(keys, wanted, strict=True)
        ]


def _lost(job: SweptRun, error: str, trace: str | None) -> list[Row]:
    return [failed_row(job, error, trace)]


def _is_narrow(rows: Sequence[Row], narrow: Mapping[str, float]) -> bool:
    """Whether the intervals of all measures are narrow; of two values at least."""
    for name, width in narrow.items():
        values = [{**row["criteria"], **row["metrics"]}.get(name) for row in rows]
        known = [value for value in values if isinstance(value, int | float)]
        if len(known) < 2:
            return False
        found = student_interval(known)
        if (found.high - found.low) / 2 > width:
            return False
    return True


def _paths(scenario: Scenario, point: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Dotted paths that each swept name stands for."""
    found = {}
    mistakes = []
    for name, value in point.items():
        paths, unclear = paths_meant(scenario, {name: value})
        found[name] = tuple(paths)
        mistakes += [f"  {one}" for one in unclear]
    if mistakes:
        raise ScenarioError("\n".join([f"{scenario.name}: cannot be swept", *mistakes]))
    return found


def _measures(scenario: Scenario, metrics: Mapping[str, str]) -> dict[str, str]:
    """``FILE.py:NAME`` of the metrics that a scenario names, and of those beside them, by name."""
    own = {one.name: one.kind for one in scenario.metrics}
    for name in metrics:
        if name in own:
            raise ValueError(f"two metrics are called {name!r}: the scenario has one too")
    return {**own, **metrics}


def _refuse_names(
    point: Mapping[str, Any], metrics: Mapping[str, str], narrow: Mapping[str, float]
) -> None:
    criteria = {one.name for one in CRITERIA}
    taken = {*FIXED, *criteria, "row", "number", "point"}
    for name in [*point, *metrics]:
        if name in taken or (name in point and name in metrics):
            raise ValueError(f"{name} is a column of every sweep: write the path, or another name")
    for name, one in metrics.items():
        if not names_user_code(one):
            raise ValueError(f"metric {name} must be FILE.py:NAME, got {one!r}")
        digest_of_user_code(one)  # refuses a file that is not there
    for name, width in narrow.items():
        if name not in criteria and name not in metrics:
            raise ValueError(f"no measure is called {name!r}: there are {', '.join(criteria)}")
        if not (math.isfinite(width) and width > 0):
            raise ValueError(f"narrow {name} must be positive, got {width}")


def _texts(points: Sequence[Mapping[str, Any]]) -> list[str]:
    return [value for point in points for value in point.values() if isinstance(value, str)]


def _columns(
    points: Sequence[Mapping[str, Any]], metrics: Mapping[str, str]
) -> dict[str, pa.DataType]:
    """Types of the columns of the rows: the same in every file, whatever is not known in it."""
    swept = {
        name: pa.float64()
        if all(
            isinstance(one[name], int | float) and not isinstance(one[name], bool) for one in points
        )
        else pa.string()
        for name in points[0]
    }
    measures = dict.fromkeys([*(one.name for one in CRITERIA), *metrics], pa.float64())
    return {**FIXED, **swept, **measures}


def _said(
    scenario: Scenario,
    sampling: Sampling,
    points: Sequence[Mapping[str, Any]],
    twin: bool,
    metrics: Mapping[str, str],
) -> dict[str, Any]:
    from experiments.runs.provenance import asked_of_scenario

    return {
        **asked_of_scenario(scenario, sampling.seeds),
        "over": plain(sampling.over),
        "names": list(points[0]),
        "design": sampling.design,
        "points": len(points),
        "sample_seed": sampling.sample_seed,
        "narrow": dict(sampling.narrow or {}),
        "twin": twin,
        "metrics": dict(metrics),
        "metrics_code": {name: digest_of_user_code(one) for name, one in metrics.items()},
    }


def _refuse_another(folder: Path, said: Mapping[str, Any]) -> None:
    """Refuse a folder whose rows have other columns: as one table they could not be read."""
    there = read_manifest(folder)
    if there is None:
        return
    for key in ("scenario", "names", "metrics"):
        if there.get(key) != said[key]:
            raise ValueError(
                f"{folder}: holds the sweep of another {key}, {there.get(key)}: choose another "
                "folder"
            )
