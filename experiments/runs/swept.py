"""One run of a sweep: a point of the parameters and a seed, run in a worker and logged there."""

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.runs.errors import told
from experiments.runs.memory_limit import limited
from experiments.runs.parcel import as_named, placed, placed_values
from experiments.runs.provenance import digests_of_files, digests_of_own_code
from experiments.runs.run import run_scenario
from experiments.runs.store import append_row, key_of
from experiments.runs.twins import Twin
from experiments.runs.workers import tidy
from experiments.scenario.overrides import overridden, plain
from experiments.scenario.read import Scenario, ScenarioError
from experiments.scenario.user_code import digest_of_user_code, load_user_code

__all__ = [
    "Asked",
    "Keys",
    "Row",
    "SweptRun",
    "failed_row",
    "run_swept",
]

Row = dict[str, Any]
"""A finished run as JSON values: see docs/how-to/sweeps.md."""
_last: dict[str, Scenario] = {}
"""The scenario of the last point by its digest: the seeds of a point come one after another."""


@dataclass(frozen=True)
class Asked:
    """What all runs of a sweep have in common."""

    scenario: Scenario
    """The scenario whose values are changed."""
    paths: Mapping[str, tuple[str, ...]]
    """Dotted paths that each swept name stands for."""
    twin: bool
    """Whether a twin, in which nothing is forced, is run as well."""
    metrics: Mapping[str, str] = field(default_factory=dict)
    """``FILE.py:NAME`` of measures of the user's own, by name."""
    sources: str = ""
    """Digest of the version, sources and extensions: ``experiments.runs.store.code_digest``."""
    memory: int | None = None
    """Bytes that a run may take beside what its process has; ``None``: what there is."""

    def overrides(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Values of a point by dotted path."""
        return {path: value for name, value in point.items() for path in self.paths[name]}


class SweptRun(NamedTuple):
    """A run that is to be made."""

    asked: Asked
    """What all runs have in common."""
    point: Mapping[str, Any]
    """Values by swept name."""
    number: int
    """Number of the point, from 0."""
    of: str
    """Digest of the point, the same for all its seeds."""
    seed: int
    """Root of all randomness."""
    key: str
    """Digest of everything that determines the run."""
    log: Path | None
    """Folder of the logs; ``None``: whoever asked for the run logs it."""


class Keys:
    """Digests of everything that determines a run, by point and seed.

    The parts are the resolved scenario with the point's values in it, the sources and extensions,
    files and code of the user's own that are named, and whether there is a twin.

    Parameters
    ----------
    asked
        What all runs have in common.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._resolved = asked.scenario.model_dump(mode="json")
        self._named = _named(asked.scenario)
        self._metrics = {
            name: (one, digest_of_user_code(one)) for name, one in asked.metrics.items()
        }

    def of_point(self, point: Mapping[str, Any]) -> str:
        """32 hex digits of a point; what its values name is read only if one is a text."""
        values = plain(self.asked.overrides(point))
        content, unset = overridden(self._resolved, values)
        named = self._named
        if any(isinstance(one, str | list | dict) for one in values.values()):
            try:
                named = _named(self.asked.scenario.with_(**values))
            except (ScenarioError, ValueError):
                named = {}  # no run comes of it: its row has the error
        return key_of(
            resolved=content,
            unset={one.path: values.get(one.path) for one in unset},
            named=named,
            twin=self.asked.twin,
            metrics=self._metrics,
        )

    @staticmethod
    def of_run(point: str, seed: int) -> str:
        """32 hex digits of the run of a seed at a point, whose digest is given."""
        return hashlib.blake2b(f"{point} {seed}".encode(), digest_size=16).hexdigest()


def run_swept(job: SweptRun) -> Row:
    """Make a run and log its row, where there is a log; a run that raises is a row with its error.

    Where the log cannot be written, the row has ``unkept``: number and words of the error.
    """
    clock, wall = time.process_time(), time.monotonic()
    row = _row(job)
    try:
        with limited(job.asked.memory):
            row |= _made(job)
    except (Exception, SystemExit) as error:
        row["error"], row["trace"] = (as_named(one) for one in told(error))
    if row["error"] is not None:
        _last.clear()
        tidy()
    row["cpu_seconds"] = time.process_time() - clock
    row["seconds"] = time.monotonic() - wall
    try:
        if job.log is not None:
            append_row(job.log, row, sync=False)
    except OSError as failed:
        # No fault of the run's: the whole sweep stops.
        row["unkept"] = [failed.errno, failed.strerror or str(failed)]
    return row


def failed_row(job: SweptRun, error: str, trace: str | None) -> Row:
    """The row of a run that nobody finished.

    Parameters
    ----------
    job
        The run.
    error, trace
        What went wrong, as ``experiments.runs.errors.told`` has it.
    """
    return {**_row(job), "error": error, "trace": trace}


def _row(job: SweptRun) -> Row:
    return {
        "key": job.key,
        "sources": job.asked.sources,
        "point": plain(job.point),
        "seed": job.seed,
        "criteria": {},
        "metrics": {},
        "digest": None,
        "error": None,
        "trace": None,
        "cpu_seconds": 0.0,
        "seconds": 0.0,
    }


def _made(job: SweptRun) -> Row:
    asked = job.asked
    scenario = _last.get(job.of)
    if scenario is None:
        scenario = asked.scenario.with_(**placed_values(asked.overrides(job.point)))
        _last.clear()
        _last[job.of] = scenario
    reference = None
    if asked.twin:
        reference = Twin(scenario, job.seed)
    metrics = {name: load_user_code(placed(one)) for name, one in asked.metrics.items()}
    tapes = bool(metrics or scenario.metrics)
    run = run_scenario(scenario, job.seed, twin=reference, tapes=tapes, metrics=metrics)
    entries = run.simulation.entries
    return {
        "criteria": {
            name: value if math.isfinite(value) else None for name, value in run.criteria.items()
        },
        "metrics": run.measured,
        "digest": hashlib.blake2b(entries.view(np.uint8).data, digest_size=16).hexdigest(),
    }


def _named(scenario: Scenario) -> dict[str, Any]:
    """Digests of the files and of the code of the user's own that a scenario names, by path."""
    return {**digests_of_files(scenario), **digests_of_own_code(scenario)}
