"""Several targets at once: on all cores, each kept once it is computed where there is a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from experiments.runs.kept_runs import Report, kept_runs, raise_misuse
from experiments.runs.store import code_digest, key_of
from experiments.runs.workers import JobError, Workers
from experiments.validation.cases import Case
from experiments.validation.run import find_target, validate
from experiments.validation.target import Result
from lob import __version__

__all__ = ["validate_several"]

COLUMNS: dict[str, pa.DataType] = {
    "target": pa.string(), "verdict": pa.string(), "kind": pa.string(), "note": pa.string(),
    "published": pa.string(), "ours": pa.string(), "band": pa.string(),
    "parameters": pa.string(), "provenance": pa.string(),
}  # fmt: skip
"""Columns of the rows beside those of every study."""


def validate_several(
    names: Sequence[str],
    cases: Sequence[Case],
    parameters: Mapping[str, Any] | None = None,
    *,
    workers: int | None = None,
    store: Path | None = None,
    progress: Report = lambda done, total: None,
) -> list[Result]:
    """Compute targets and hold them against what is published, in the order of their names.

    Parameters
    ----------
    names
        Targets or ids of cases.
    cases
        Published values.
    parameters
        Parameters of all of them: see ``validate``.
    workers
        Processes; ``None``: one a core.
    store
        A folder that keeps the results, so that the next call resumes; ``None``: none does.
    progress
        Called with how many of how many are there.

    Raises
    ------
    ValueError
        If a name or a parameter is not known, or a value is out of range.
    JobError
        If a target raises anything else.
    OSError
        If ``store`` cannot be written to.
    """
    ids = {case.id for case in cases}
    for name in names:
        target = find_target(name)
        if target is None or name not in {*ids, target.name}:
            validate(name, cases)  # says what there is
    asked = dict(parameters or {})
    jobs = [(name, _cases_of(name, cases), asked) for name in dict.fromkeys(names)]
    try:
        with kept_runs(
            "validate",
            Workers(workers),
            store,
            asked=lambda: {
                "firesale": __version__,
                "sources": code_digest(),
                "names": list(names),
                "parameters": asked,
            },
            columns=COLUMNS,
            report=progress,
        ) as runs:
            found = runs.map(_validated, jobs, key=_key, labels=lambda job: {"target": job[0]})
    except JobError as error:
        raise_misuse(error)
    results = {job[0]: Result(**one) for job, one in zip(jobs, found, strict=True)}
    return [results[name] for name in names]


def _cases_of(name: str, cases: Sequence[Case]) -> list[Case]:
    """The cases that a name may be held against: those of its target."""
    target = find_target(name)
    return [case for case in cases if find_target(case.id) is target]


def _key(job: tuple[str, list[Case], dict[str, Any]]) -> str:
    name, cases, parameters = job
    return key_of(
        study="validate", name=name, cases=[asdict(one) for one in cases], parameters=parameters
    )


def _validated(job: tuple[str, list[Case], dict[str, Any]]) -> dict[str, Any]:
    name, cases, parameters = job
    return validate(name, cases, **parameters).to_dict()
