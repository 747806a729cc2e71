"""Jobs on the workers of a dask scheduler, which may come, go and die while they run.

A task is a batch of jobs of two seconds or more, for the scheduler and this process take some
milliseconds of each task whatever is in it.
A worker hands its batch to a process beside it: what kills a job leaves the worker alive, and a job
that computes for minutes keeps no worker from answering its scheduler.
"""

import logging
import math
import pickle
import platform
import shutil
import threading
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Self, TypeVar

from experiments.runs.child import Child, Outcome
from experiments.runs.executor import ClusterError
from experiments.runs.parcel import Parcel, open_parcel, unpack
from experiments.runs.store import code_digest
from experiments.runs.workers import JobResult
from lob import __version__

__all__ = ["Cluster", "Function", "Identity", "cluster_of", "do_batch", "identity"]

Job = TypeVar("Job")
CONNECT_SECONDS = 10.0
"""Seconds in which a scheduler must answer; chosen."""
BATCH_SECONDS = 2.0
"""Seconds of work in a task, at least: hundreds of times what it costs to hand it out; chosen."""
TASKS_A_SECOND = 50
"""Tasks that are handed out in a second at most, a fifth of what was measured to be possible:
with many workers tasks are longer; chosen."""
MOST_JOBS = 500
"""Jobs in a task; chosen."""
TASKS_A_THREAD = 3
"""Tasks that the scheduler has at once for each thread of its workers, so that none waits for
this process; chosen."""
LOOK_SECONDS = 2.0
"""Seconds between two looks at how many workers there are; chosen."""
_lock = threading.Lock()
"""Of what the threads of a worker have in common."""
_unpacked: dict[tuple[str, str], Path] = {}
"""Folder of each parcel that a worker has unpacked, by the worker's own folder and the digest."""
_of_thread = threading.local()
"""The child of each thread of a worker."""


class Identity(NamedTuple):
    """What must be the same on all machines for runs to be the same."""

    version: str
    """Of Firesale."""
    sources: str
    """Digest of the sources and extensions: ``experiments.runs.store.code_digest``."""

    def __str__(self) -> str:
        return f"Firesale {self.version}, sources {self.sources}"


class Batch(NamedTuple):
    """A task: jobs as they are sent, and their places among all."""

    places: Sequence[int]
    """Of each job."""
    suspect: bool = False
    """Whether it has killed workers: it is then done while nothing else is."""


def identity() -> Identity:
    """What this process runs."""
    return Identity(__version__, code_digest())


class Function(NamedTuple):
    """A function of one job, which a worker hands on without loading it."""

    content: bytes
    """Its pickle."""
    module: str
    """Where it is from."""


def do_batch(
    wanted: Identity, function: Function, jobs: bytes, count: int, parcel: Parcel | None
) -> tuple[list[Outcome], float]:
    """Do a batch of jobs in a child of this worker: outcomes, and seconds that they took.

    Parameters
    ----------
    wanted
        What whoever asks runs.
    function
        Of one job.
    jobs, count
        See ``Child.outcomes``.
    parcel
        Files that the jobs need; ``None``: none.

    Raises
    ------
    ClusterError
        If this worker runs something else.
    """
    started = time.monotonic()
    if identity() != tuple(wanted):
        raise ClusterError(f"it has {identity()} on {platform.node()}, and this sweep {wanted}")
    if not hasattr(_of_thread, "child"):
        _of_thread.child = Child()
    child: Child = _of_thread.child
    folder = None if parcel is None else _folder_of(parcel)
    called = pickle.dumps(_Placed(function, parcel, folder))
    outcomes = list(child.outcomes(called, jobs, count))
    return outcomes, time.monotonic() - started


class _Placed:
    """A function that finds its files in an unpacked parcel."""

    def __init__(self, function: Function, parcel: Parcel | None, folder: Path | None) -> None:
        self.content = function.content
        self.__module__ = function.module  # what a worker imports before it has a job
        self.opened = parcel and folder and (
            dict(parcel.places), dict(parcel.at), dict(parcel.folders), folder
        )  # fmt: skip

    def __call__(self, job: Any) -> Any:
        if self.opened:
            open_parcel(*self.opened)
        return pickle.loads(self.content)(job)


def _folder_of(parcel: Parcel) -> Path:
    """Where a parcel is unpacked on this worker; the first batch that needs it does so."""
    from distributed import get_worker

    base = get_worker().local_directory
    with _lock:
        known = _unpacked.get((base, parcel.digest))
        if known is None:
            known = Path(base) / f"firesale-{parcel.digest}"
            shutil.rmtree(known, ignore_errors=True)
            unpack(parcel, known)
            _unpacked[base, parcel.digest] = known
    return known


class Cluster:
    """The workers of a dask scheduler, as an ``experiments.runs.executor.RunExecutor``.

    Parameters
    ----------
    address
        Of the scheduler, ``HOST:PORT`` or ``tcp://HOST:PORT``.

    Raises
    ------
    ImportError
        If dask.distributed is not installed.
    """

    shares_files = False
    """Workers may be on other machines."""

    def __init__(self, address: str) -> None:
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise ImportError(
                "a scheduler needs dask.distributed: pip install 'firesale[distributed]'"
            ) from None
        self.address = address
        self._client: Any = None
        self._parcel: Any = None
        self._looked = (-math.inf, 0)

    def __enter__(self) -> Self:
        from distributed import Client

        try:
            self._client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
            self._refuse_others()
        except ClusterError:
            self.__exit__()
            raise
        except (OSError, TimeoutError, ValueError, ImportError) as error:
            self.__exit__()
            raise ClusterError(
                f"no scheduler answers at {self.address}: start one with 'dask scheduler', and "
                f"workers with 'dask worker ADDRESS' ({_line(error)})"
            ) from None
        return self

    def __exit__(self, *exception: object) -> None:
        client, self._client, self._parcel = self._client, None, None
        if client is not None:
            # What workers have not begun is not wanted any more: the scheduler forgets it.
            with suppress(Exception):  # whoever is gone needs to be told nothing
                client.close(timeout=CONNECT_SECONDS)

    def bring(self, parcel: Parcel) -> None:
        """Send files to whichever workers come to need them.

        Parameters
        ----------
        parcel
            The files.
        """
        if parcel.contents:
            # As the result of a task, which the scheduler has made again if its worker dies.
            key = f"firesale-{uuid.uuid4().hex}"
            with warnings.catch_warnings():
                # Of large tasks: there is one of them, not one for each batch.
                warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
                self._parcel = self._client.submit(_same, parcel, key=key)

    def run(self, function: Callable[[Job], Any], jobs: Sequence[Job]) -> Iterator[JobResult[Job]]:
        """Call a function on every job and yield each outcome as it comes, in no order.

        Parameters
        ----------
        function
            Of one job; it must pickle, so it is one of a module.
        jobs
            They must pickle.

        Raises
        ------
        ClusterError
            If the scheduler is gone, or a worker runs something else than this process.
        """
        waiting = deque(range(len(jobs)))
        suspects: deque[int] = deque()
        running: dict[Any, Batch] = {}
        done: SimpleQueue[Any] = SimpleQueue()
        seconds = 0.0  # of a job: unknown, so the first batches are of one
        called = Function(pickle.dumps(function), function.__module__)

        def give(batch: Batch) -> None:
            content = pickle.dumps([jobs[at] for at in batch.places])
            future = self._client.submit(
                do_batch, identity(), called, content, len(batch.places), self._parcel, pure=False
            )
            running[future] = batch
            future.add_done_callback(done.put)

        while waiting or suspects or running:
            threads = self._threads()
            while waiting and len(running) < TASKS_A_THREAD * max(threads, 1):
                size = self._size(seconds, len(waiting), threads)
                give(Batch([waiting.popleft() for _ in range(size)]))
            if suspects and not running:
                give(Batch([suspects.popleft()], suspect=True))
            for future in self._finished(done):
                batch = running.pop(future)
                outcomes, took = self._outcomes(future, batch)
                if outcomes is None:
                    suspects.extend(batch.places)
                    continue
                one = took / len(batch.places)
                seconds = one if not seconds else (seconds + one) / 2
                for at, outcome in zip(batch.places, outcomes, strict=True):
                    yield JobResult(jobs[at], *outcome)

    def _size(self, seconds: float, left: int, threads: int) -> int:
        """Jobs of the next batch: fewer at the end, where all workers should end together."""
        if not seconds:
            return 1
        share = math.ceil(left / (TASKS_A_THREAD * max(threads, 1)))
        wanted = max(BATCH_SECONDS, threads / TASKS_A_SECOND)
        return max(1, min(MOST_JOBS, share, left, int(wanted / seconds)))

    def _outcomes(self, future: Any, batch: Batch) -> tuple[list[Outcome] | None, float]:
        """Outcomes of a batch; ``None``: it killed its workers, and its jobs are tried alone."""
        from distributed import KilledWorker

        try:
            found: tuple[list[Outcome], float] = future.result(timeout=None)
            return found
        except KilledWorker as error:
            if not batch.suspect:
                return None, 0.0
            return [(None, f"the worker died, {error.allowed_failures + 1} times", None)], 0.0
        except ClusterError as error:
            raise ClusterError(
                f"a worker of {self.address} is another: {error}; install the same package there "
                "and start it again; what had finished is kept"
            ) from None
        except Exception as error:
            if self._is_gone(future):
                raise self._gone() from None
            raise ClusterError(
                f"a worker of {self.address} cannot do it: {_line(error)}; what had finished is "
                "kept"
            ) from error
        finally:
            future.release()

    def _finished(self, done: "SimpleQueue[Any]") -> list[Any]:
        """Tasks that are over, at least one; says so where there is nobody to do any."""
        told = False
        while True:
            try:
                found = [done.get(timeout=LOOK_SECONDS)]
                break
            except Empty:
                if self._threads() == 0 and not told:
                    told = True
                    logging.getLogger("firesale").warning(
                        "%s has no workers: waiting for one ('dask worker %s')",
                        self.address, self.address,
                    )  # fmt: skip
        with suppress(Empty):
            while True:
                found.append(done.get_nowait())
        return found

    def _threads(self) -> int:
        """Threads of all workers, as they were some seconds ago at most."""
        when, threads = self._looked
        if time.monotonic() - when > LOOK_SECONDS:
            try:
                threads = sum(self._client.nthreads().values())
            except Exception as error:
                raise self._gone() from error
            self._looked = (time.monotonic(), threads)
        return threads

    def _is_gone(self, future: Any) -> bool:
        return bool(future.status in ("cancelled", "lost") or self._client.status != "running")

    def _gone(self) -> ClusterError:
        return ClusterError(
            f"the scheduler at {self.address} is gone; what had finished is kept: the same call "
            "makes the rest"
        )

    def _refuse_others(self) -> None:
        """Refuse workers that would not make the same runs.

        Raises
        ------
        ClusterError
            That names what one has, and what this process has.
        """
        mine = identity()
        for worker, found in self._client.run(identity, on_error="return").items():
            if isinstance(found, BaseException):
                versions = self._client.run(
                    metadata.version, "firesale", workers=[worker], on_error="return"
                )
                has = versions.get(worker)
                has = "no Firesale" if isinstance(has, BaseException) else f"Firesale {has}"
                found = f"{has}, which cannot do it ({_line(found)})"
            elif found == mine:
                continue
            raise ClusterError(
                f"worker {worker} has {found}, and this process {mine}: install the same package "
                "on both, and start the worker again"
            )


def cluster_of(scheduler: str | None, workers: int | None) -> Cluster | None:
    """The cluster of a scheduler's address; ``None`` without one.

    Parameters
    ----------
    scheduler
        Its address.
    workers
        Processes on this machine, of which none are asked for beside a scheduler.

    Raises
    ------
    ValueError
        If they are.
    ImportError
        If dask.distributed is not installed.
    """
    if scheduler is None:
        return None
    if workers is not None:
        raise ValueError("workers are processes on this machine: leave them out with a scheduler")
    return Cluster(scheduler)


def _same(parcel: Parcel) -> Parcel:
    return parcel


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
