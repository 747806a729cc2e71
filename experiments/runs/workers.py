"""Jobs on all cores, in processes that may die without taking anything finished with them.

One ``ProcessPoolExecutor`` of a single worker for each core: a worker that is killed breaks only
its own pool, and only the job at hand is done again. A job that kills its worker every time, or
that raises, is an outcome like any other.
"""

import ctypes
import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Generic, NamedTuple, Self, TypeVar

from experiments.runs.errors import told
from experiments.runs.parcel import Parcel

__all__ = ["JobError", "JobResult", "Workers", "_settle_in", "cores", "get_ready", "tidy"]

Job = TypeVar("Job")
ATTEMPTS = 3
"""How often a job is begun before the deaths of its workers are taken to be its own doing;
chosen."""
YOUNG = 100_000
"""New objects before a worker looks for cycles among them; chosen."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
_settled: list[bool] = []
"""Not empty in a process that has been made ready for jobs."""


class JobResult(NamedTuple, Generic[Job]):
    """Outcome of a job: a value or an error."""

    job: Job
    """The job as it was given."""
    value: Any
    """Return value of the function; ``None`` where it failed."""
    error: str | None
    """Type and message in one line; ``None``: it did not fail."""
    trace: str | None = None
    """The traceback of the error, where there is one: see ``experiments.runs.errors.told``."""


class JobError(ValueError):
    """A job of several that belong together has failed: the message is its error.

    Attributes
    ----------
    trace : str or None
        The traceback of the error, where there is one.

    Parameters
    ----------
    message
        Type and message of the error in one line.
    trace
        See the attribute.
    """

    def __init__(self, message: str, trace: str | None = None) -> None:
        super().__init__(message)
        self.trace = trace


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """Processes that do jobs, until the ``with`` block that they are opened in is left.

    Parameters
    ----------
    workers
        How many processes; ``None``: one a core; 1: no process, jobs are done in this one, where a
        death is a death.
    attempts
        How often a job is begun whose worker dies, before that is its outcome; 1 or more.
    apart
        Whether no job is done in this process, one worker alone included.
    """

    def __init__(
        self, workers: int | None = None, *, attempts: int = ATTEMPTS, apart: bool = False
    ) -> None:
        self.workers = workers or cores()
        self.apart = apart
        self.attempts = attempts
        self._pools: list[ProcessPoolExecutor] = []

    shares_files = True
    """Jobs see the files of the caller: see ``experiments.runs.executor``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        self._pools.clear()

    def bring(self, parcel: Parcel) -> None:
        """Nothing: the files are here."""

    def run(self, function: Callable[[Job], Any], jobs: Sequence[Job]) -> Iterator[JobResult[Job]]:
        """Call a function on every job and yield each outcome as it comes, in no order.

        Parameters
        ----------
        function
            Of one job; it must pickle, so it is one of a module.
        jobs
            They must pickle.
        """
        for _, result in self._results(function, jobs):
            yield result

    def map(
        self,
        function: Callable[[Job], Any],
        jobs: Sequence[Job],
        report: Callable[[int], object] = lambda done: None,
    ) -> list[Any]:
        """Call a function on every job and return the values in the order of the jobs.

        Parameters
        ----------
        function
            Of one job; it must pickle, so it is one of a module.
        jobs
            They must pickle.
        report
            Called with the count of jobs that are done, each time one is.

        Raises
        ------
        JobError
            With the error of the first job that fails.
        """
        values: list[Any] = [None] * len(jobs)
        for done, (at, result) in enumerate(self._results(function, jobs), 1):
            if result.error is not None:
                raise JobError(result.error, result.trace)
            values[at] = result.value
            report(done)
        return values

    def _results(
        self, function: Callable[[Job], Any], jobs: Sequence[Job]
    ) -> Iterator[tuple[int, JobResult[Job]]]:
        """The place of a job among all, and what became of it."""
        most = min(len(jobs), self.workers)
        if most <= 1 and not self.apart:
            for at, job in enumerate(jobs):
                yield at, _here(function, job)
            return
        while len(self._pools) < most:
            self._pools.append(_pool(function.__module__))
        waiting = [(at, job, 1) for at, job in reversed(list(enumerate(jobs)))]
        running: dict[Future[Any], tuple[int, int, Job, int]] = {}
        for number in range(most):
            self._give(number, function, waiting, running)
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                number, at, job, attempt = running.pop(future)
                try:
                    result = JobResult(job, *future.result())
                except BrokenProcessPool:
                    self._replace(number, function)
                    if attempt < self.attempts:
                        waiting.append((at, job, attempt + 1))
                        self._give(number, function, waiting, running)
                        continue
                    result = JobResult(job, None, f"the worker died, {self.attempts} times")
                self._give(number, function, waiting, running)
                yield at, result

    def _give(
        self,
        number: int,
        function: Callable[[Job], Any],
        waiting: list[tuple[int, Job, int]],
        running: dict[Future[Any], tuple[int, int, Job, int]],
    ) -> None:
        """Let a worker begin the next job, in a new pool if its own is broken."""
        while waiting:
            at, job, attempt = waiting.pop()
            try:
                with _without_main(function):
                    future = self._pools[number].submit(_call, function, job)
            except BrokenProcessPool:
                waiting.append((at, job, attempt))
                self._replace(number, function)
                continue
            running[future] = number, at, job, attempt
            return

    def _replace(self, number: int, function: Callable[[Job], Any]) -> None:
        self._pools[number].shutdown(wait=False)
        self._pools[number] = _pool(function.__module__)


@contextmanager
def _without_main(function: Callable[..., Any] | None = None) -> Iterator[None]:
    """Let a process that begins meanwhile not run the caller's script again.

    That is what a new process does where it is not a fork of the caller, so that functions of the
    script can be handed to it; so it must where ``function`` is one. A script that asks a question
    outside ``if __name__ == "__main__"`` would ask it again in every worker.
    """
    if function is not None and function.__module__ == "__main__":
        yield
        return
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def get_ready(module: str) -> None:
    """Begin to import what workers need, in a process of its own, while the caller goes on.

    Parameters
    ----------
    module
        Name of the module whose function they will be given.
    """
    if "forkserver" in multiprocessing.get_all_start_methods() and cores() > 1:
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload([module])
        with _without_main():
            forkserver.ensure_running()


def _pool(module: str) -> ProcessPoolExecutor:
    """A pool of one worker that has imported a module before it is asked to do anything."""
    # Forking a process that has threads, as every pool gives it, may hang: a server forks.
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if "forkserver" in kinds:
        context.set_forkserver_preload([module])
    return ProcessPoolExecutor(1, mp_context=context, initializer=_settle_in)


def _settle_in() -> None:
    """Make a process ready for many jobs that each need much memory and leave cycles behind."""
    _settled.append(True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()  # What was imported stays: no collection looks at it again.
    gc.set_threshold(YOUNG)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # Another C library than glibc: it works all the same.
    # Large arrays are taken from memory that is in the process already, not from the system.
    mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
    mallopt(M_TRIM_THRESHOLD, 512 * 2**20)


def _end_with_parent() -> None:
    """End this process when the one that gives it jobs is gone: it would wait for ever.

    A worker holds both ends of the pipe that its jobs come through, so it never sees it closed.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def tidy() -> None:
    """Free what a finished run leaves in cycles, so that the next one has its memory.

    Only in a worker process, where it is quick; elsewhere nothing is done.
    """
    if _settled:
        gc.collect()


def _call(function: Callable[[Job], Any], job: Job) -> tuple[Any, str | None, str | None]:
    _, value, error, trace = _here(function, job)
    tidy()
    return value, error, trace


def _here(function: Callable[[Job], Any], job: Job) -> JobResult[Job]:
    try:
        return JobResult(job, function(job), None)
    except (Exception, SystemExit) as error:  # code of the user's own may exit: it ends one job
        return JobResult(job, None, *told(error))
