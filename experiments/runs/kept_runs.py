"""Runs of a study: made by workers, each kept as soon as it is finished where there is a folder.

Without a folder they are in memory, as the answer of the study is. With one each run is a row in
it, under the key that a sweep would give it, and whatever ends the study loses nothing that had
finished: the next call takes the rows that are there and makes only what is missing.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

import pyarrow as pa

from experiments.runs.alone import alone
from experiments.runs.errors import told
from experiments.runs.executor import RunExecutor
from experiments.runs.manifest import write_manifest
from experiments.runs.store import RunStore, append_row, code_digest, key_of
from experiments.runs.swept import Asked, Keys, Row
from experiments.runs.workers import JobError, Workers
from experiments.scenario.read import Scenario

__all__ = [
    "KeptRuns",
    "Report",
    "ScenarioKeys",
    "forget_failed",
    "kept_runs",
    "made_rows",
    "raise_misuse",
]

Job = TypeVar("Job")
Report = Callable[[int, int], object]
"""Called with how many of how many runs are there."""
TIDY_SECONDS = 2.0
"""Seconds between two copies of what is in the logs for those who read meanwhile; chosen."""
FIXED: dict[str, pa.DataType] = {
    "key": pa.string(), "sources": pa.string(), "seed": pa.int64(), "error": pa.string(),
    "cpu_seconds": pa.float64(), "seconds": pa.float64(),
}  # fmt: skip
"""Columns that the rows of every study have."""


class ScenarioKeys:
    """Keys of runs of scenarios in a study: digests of all that determines a run.

    They are made of the digest that a sweep gives the run, and of the name of the study, which
    says what of the run is in its row.

    Parameters
    ----------
    study
        Name of the study.
    """

    def __init__(self, study: str) -> None:
        self.study = study
        self._last: tuple[Scenario | None, str] = None, ""

    def __call__(self, job: tuple[Scenario, int]) -> str:
        """32 hex digits of a scenario and a seed; seeds of a scenario are best asked in a row."""
        scenario, seed = job
        if scenario is not self._last[0]:
            swept = Keys(Asked(scenario, {}, twin=False)).of_point({})
            self._last = scenario, key_of(study=self.study, run=swept)
        return Keys.of_run(self._last[1], seed)


class _Run(NamedTuple, Generic[Job]):
    """A run that is to be made."""

    job: Job
    """What the function is called with."""
    row: Row
    """What its row says before it is made."""


class _Logged(Generic[Job]):
    """A function whose outcome is a row, in the log if there is one; an error is a row too."""

    def __init__(self, function: Callable[[Job], Mapping[str, Any]], log: Path | None) -> None:
        self.function, self.log = function, log
        # Workers import the module of what they call before they call it.
        self.__module__ = function.__module__

    def __call__(self, run: _Run[Job]) -> Row:
        clock, wall = time.process_time(), time.monotonic()
        row = dict(run.row)
        try:
            row["criteria"] = dict(self.function(run.job))
        except (Exception, SystemExit) as error:  # code of the user's own may exit
            row["error"], row["trace"] = told(error)
        row["cpu_seconds"] = time.process_time() - clock
        row["seconds"] = time.monotonic() - wall
        if self.log is not None:
            try:
                append_row(self.log, row, sync=False)
            except OSError as failed:
                # No fault of the run's: the whole study stops.
                row["unkept"] = [failed.errno, failed.strerror or str(failed)]
        return row


def made_rows(
    pool: RunExecutor,
    function: Callable[[Job], Any],
    jobs: Sequence[Job],
    store: RunStore | None,
    lost: Callable[[Job, str, str | None], list[Row]],
) -> Iterator[tuple[Job, list[Row]]]:
    """Let workers make runs, and yield a job with its rows once it is done, in no order.

    Parameters
    ----------
    pool
        Who does the jobs.
    function
        Of one job: it returns its row, or rows. Where files are shared it logs them itself, for
        what has finished is then kept whoever dies; else they are logged here.
    jobs
        The jobs.
    store
        Where the logs are, which are copied for those who read meanwhile; ``None``: nowhere.
    lost
        Rows of a job that nobody finished, of its error and traceback: they are logged here.

    Raises
    ------
    OSError
        If a row cannot be written; what had finished is kept.
    """
    tidied = time.monotonic()
    for job, made, error, trace in pool.run(function, jobs):
        rows = made if isinstance(made, list) else [made]
        if made is None:
            rows = lost(job, error or "", trace)
        if store is not None and (made is None or not pool.shares_files):
            for row in rows:
                append_row(store.log, row, sync=False)
        for row in rows:
            if "unkept" in row:
                number, words = row["unkept"]
                place = "" if store is None else str(store.log)
                raise OSError(number, f"{words}; what had finished is kept", place)
        yield job, rows
        if store is not None and time.monotonic() - tidied > TIDY_SECONDS:
            store.compact(running=True)
            tidied = time.monotonic()


def forget_failed(store: RunStore, known: dict[str, Row], keys: Collection[str]) -> None:
    """Drop the runs that failed, which are to be made again, from a store and from its rows.

    Parameters
    ----------
    store
        The store.
    known
        Its rows by key, as ``RunStore.read`` gives them.
    keys
        Keys of the runs that are asked for: the others stay.
    """
    failed = {key for key in keys if key in known and known[key]["error"] is not None}
    if failed:
        store.forget(failed)
    for key in failed:
        del known[key]


def raise_misuse(error: JobError) -> NoReturn:
    """Raise the ``ValueError`` or ``TypeError`` that a run raised as if nothing were between.

    Parameters
    ----------
    error
        The error of a run, which may have refused what it was asked.

    Raises
    ------
    ValueError
        If the run raised that or a ``TypeError``: with its message alone.
    JobError
        If it raised anything else: that is no misuse.
    """
    for kind in ("ValueError: ", "TypeError: "):
        if str(error).startswith(kind):
            raise ValueError(str(error).removeprefix(kind)) from None
    raise JobError(str(error), error.trace) from None


class KeptRuns:
    """The runs of one study, see ``kept_runs``.

    Attributes
    ----------
    made : int
        Count of runs that were made and not taken from the folder.

    Parameters
    ----------
    pool
        Who makes them.
    store
        Where they are kept; ``None``: nowhere.
    report
        Called with how many of how many runs are there.
    expected
        Count of runs that the study will need, if that is known.
    """

    def __init__(
        self, pool: Workers, store: RunStore | None, report: Report, expected: int = 0
    ) -> None:
        self.pool, self.store, self.report, self.expected = pool, store, report, expected
        self.made = self.failed = self.there = self._asked = 0
        self._known: dict[str, Row] = {}
        if store is not None:
            self._known = store.read()

    def map(
        self,
        function: Callable[[Job], Mapping[str, Any]],
        jobs: Sequence[Job],
        *,
        key: Callable[[Job], str],
        labels: Callable[[Job], Mapping[str, Any]],
    ) -> list[dict[str, Any]]:
        """Make the runs that are not there, and return what each came to, in the order of jobs.

        Parameters
        ----------
        function
            Of one job: its outcome as JSON values by name. It must pickle.
        jobs
            They must pickle.
        key
            From a job to the digest of all that determines its run; asked only if it is kept.
        labels
            From a job to what its row says of it: JSON values by name, ``seed`` among them.

        Raises
        ------
        JobError
            With the error of the first run that fails; its row has it.
        OSError
            If a row cannot be written.
        """
        store = self.store
        keys = (
            [key(job) for job in jobs] if store is not None else [str(i) for i in range(len(jobs))]
        )
        known = self._known if store is not None else {}
        sources = code_digest() if store is not None else ""
        if store is not None:
            forget_failed(store, known, keys)
        wanted = {
            each: _Run(job, _unmade(each, sources, labels(job)))
            for each, job in zip(keys, jobs, strict=True)
            if each not in known
        }
        self._asked += len(jobs)
        total = max(self.expected, self._asked)
        self.there += len(jobs) - len(wanted)
        self.report(self.there, total)
        made = _Logged(function, store.log if store is not None else None)
        for run, rows in made_rows(self.pool, made, list(wanted.values()), store, _lost):
            (row,) = rows
            if row["error"] is not None:
                self.failed += 1
                raise JobError(row["error"], row["trace"])
            known[run.row["key"]] = row
            self.made += 1
            self.there += 1
            self.report(self.there, total)
        return [known[each]["criteria"] for each in keys]


@contextmanager
def kept_runs(
    study: str,
    pool: Workers,
    folder: Path | None = None,
    *,
    asked: Callable[[], Mapping[str, Any]] = dict,
    columns: Mapping[str, pa.DataType] | None = None,
    report: Report = lambda done, total: None,
    expected: int = 0,
) -> Iterator[KeptRuns]:
    """Open the runs of a study, and let its workers go at the end.

    Parameters
    ----------
    study
        Its name, which is the folder of its rows within ``folder``: ``runs`` with Parquet files,
        ``log``, and ``manifest.json`` of the last call.
    pool
        Who makes the runs.
    folder
        Keeps the runs of all studies; ``None``: they are gone with the answer.
    asked
        What is asked, as JSON values for the manifest; called only if there is one.
    columns
        Types of what the rows have beside ``FIXED``, by name.
    report, expected
        As of ``KeptRuns``.

    Raises
    ------
    ValueError
        If another process is at work in the folder.
    OSError
        If the folder cannot be written to.
    """
    if folder is None:
        with pool:
            yield KeptRuns(pool, None, report, expected)
        return
    started, place = time.time(), folder / study
    store = RunStore(place, {**FIXED, **(columns or {})})
    with alone(place), pool:
        said = {"study": study, **asked()}
        write_manifest(place, said, started)
        runs = KeptRuns(pool, store, report, expected)
        try:
            yield runs
        except BaseException:
            # Workers may still write: only what is safe to move is, the logs have the rest.
            with suppress(OSError):
                store.compact(running=True)
            raise
        store.compact()
        write_manifest(place, said, started, runs=runs.there, failed=0, made=runs.made)


def _unmade(key: str, sources: str, labels: Mapping[str, Any]) -> Row:
    return {
        "key": key, "sources": sources, "seed": labels.get("seed"), "point": dict(labels),
        "criteria": {}, "error": None, "trace": None, "cpu_seconds": 0.0, "seconds": 0.0,
    }  # fmt: skip


def _lost(run: _Run[Any], error: str, trace: str | None) -> list[Row]:
    """The row of a run that nobody finished."""
    return [{**run.row, "error": error, "trace": trace}]
