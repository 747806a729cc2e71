"""Jobs on all cores, in processes that may die without taking anything finished with them.

One ``ProcessPoolExecutor`` of a single worker for each core: a worker that is killed breaks only
its own pool, and only the job at hand is done again. A job that kills its worker every time, or
that raises, is an outcome like any other.
"""

import ctypes
import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["JobResult", "cores", "run_jobs", "tidy"]

Job = TypeVar("Job")
ATTEMPTS = 3
"""How often a job is begun before the deaths of its workers are taken to be its own doing."""
YOUNG = 100_000
"""New objects before a worker looks for cycles among them."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
_settled: list[bool] = []
"""Not empty in a process that has been made ready for jobs."""


class JobResult(NamedTuple, Generic[Job]):
    """What became of a job."""

    job: Job
    value: Any
    """What the function returned; ``None`` where it failed."""
    error: str | None
    """``None``: it did not fail."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_jobs(
    function: Callable[[Job], Any],
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    attempts: int = ATTEMPTS,
) -> Iterator[JobResult[Job]]:
    """Call a function on every job and yield the outcomes as they come, in no order.

    Parameters
    ----------
    function, jobs
        Both must pickle: the function is one of a module.
    workers
        Processes; ``None``: one a core; 1: in this process, where a death is a death.
    attempts
        How often a job is begun whose worker dies, before that is its outcome.
    """
    most = min(len(jobs), workers or cores())
    if most <= 1:
        for job in jobs:
            yield _here(function, job)
        return
    waiting = [(job, 1) for job in reversed(jobs)]
    pools = [_pool() for _ in range(most)]
    running: dict[Future[Any], tuple[int, Job, int]] = {}

    def give(number: int) -> None:
        """Let a worker begin the next job, in a new pool if its own is broken."""
        while waiting:
            job, attempt = waiting.pop()
            try:
                future = pools[number].submit(_call, function, job)
            except BrokenProcessPool:
                waiting.append((job, attempt))
                pools[number] = _pool()
                continue
            running[future] = number, job, attempt
            return

    try:
        for number in range(most):
            give(number)
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                number, job, attempt = running.pop(future)
                try:
                    value, error = future.result()
                except BrokenProcessPool:
                    pools[number].shutdown(wait=False)
                    pools[number] = _pool()
                    if attempt < attempts:
                        waiting.append((job, attempt + 1))
                        give(number)
                        continue
                    value, error = None, f"the worker died, {attempts} times"
                give(number)
                yield JobResult(job, value, error)
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)


def _pool() -> ProcessPoolExecutor:
    # Forking a process that has threads, as every pool gives it, may hang: a server forks.
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    if "forkserver" in kinds:
        context.set_forkserver_preload(["experiments.contest.trial"])
    return ProcessPoolExecutor(1, mp_context=context, initializer=_settle_in)


def _settle_in() -> None:
    """Make a process ready for many jobs that each need much memory and leave cycles behind."""
    _settled.append(True)
    gc.freeze()  # What was imported stays: no collection looks at it again.
    gc.set_threshold(YOUNG)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # Another C library than glibc: it works all the same.
    # Large arrays are taken from memory that is in the process already, not from the system.
    mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
    mallopt(M_TRIM_THRESHOLD, 512 * 2**20)


def tidy() -> None:
    """Free what a finished run leaves in cycles, so that the next one has its memory.

    Only where that is quick: in a worker, which looks at nothing that was imported.
    """
    if _settled:
        gc.collect()


def _call(function: Callable[[Job], Any], job: Job) -> tuple[Any, str | None]:
    outcome = _here(function, job)
    tidy()
    return outcome.value, outcome.error


def _here(function: Callable[[Job], Any], job: Job) -> JobResult[Job]:
    try:
        return JobResult(job, function(job), None)
    except Exception as error:
        return JobResult(job, None, f"{type(error).__name__}: {error}")
