"""A process that has workers of its own, for one that ``multiprocessing`` allows no children.

The workers of a scheduler are often such daemons. Jobs come and answers go through pipes, as
pickles with their length before.
"""

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from experiments.runs.workers import ATTEMPTS, Workers

__all__ = ["Child", "Outcome"]

Outcome = tuple[Any, str | None, str | None]
"""Value, error and traceback of a job: see ``experiments.runs.workers.JobResult``."""
IDLE_SECONDS = 300.0
"""Seconds without a job after which a child ends, to leave its memory to others; chosen."""
LENGTH_BYTES = 8
"""Of the length before each pickle."""


class Child:
    """A process that does jobs with a worker of its own, so that what kills a job kills no more."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def outcomes(self, function: bytes, jobs: bytes, count: int) -> Iterator[Outcome]:
        """Do several jobs and yield the outcome of each, in their order.

        Parameters
        ----------
        function
            Pickle of a function of one job.
        jobs
            Pickle of the sequence of jobs: read by the child alone.
        count
            How many jobs there are.
        """
        done, begun = 0, 0
        while done < count:
            begun += 1
            try:
                process = self._alive()
                for content in (function, jobs, pickle.dumps(done)):
                    _write(process.stdin, content)
                while done < count:
                    outcome = pickle.loads(_read(process.stdout))
                    done, begun = done + 1, 1
                    yield outcome
            except (EOFError, OSError):  # the child itself is gone, by whatever the job did
                self.close()
                if begun >= ATTEMPTS:
                    done, begun = done + 1, 0
                    yield None, f"the worker died, {ATTEMPTS} times", None

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(OSError):  # what was not written yet has no reader
                    if pipe is not None:
                        pipe.close()
            self._process.wait()
            self._process = None

    def _alive(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c",
                 f"from {__name__} import _serve; _serve({os.getpid()})"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )  # fmt: skip
        return self._process


def _serve(parent: int) -> None:
    """Do jobs until the parent is gone, or has none for long."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # What code of the user's prints is no answer.
    waits = [time.monotonic()]
    threading.Thread(target=_end_alone, args=(parent, waits), daemon=True).start()
    with Workers(1, apart=True) as pool:
        while True:
            try:
                function, batch, first = (_read(jobs) for _ in range(3))
            except EOFError:
                return
            waits.clear()
            # One worker alone: outcomes come in the order of the jobs.
            left = pickle.loads(batch)[pickle.loads(first) :]
            for result in pool.run(pickle.loads(function), left):
                _write(answers, pickle.dumps((result.value, result.error, result.trace)))
            waits.append(time.monotonic())


def _end_alone(parent: int, waits: list[float]) -> None:
    """End this process when its parent is gone, in mid-job too, or when it has long had no job."""
    while os.getppid() == parent and not any(
        time.monotonic() - since > IDLE_SECONDS for since in tuple(waits)
    ):
        time.sleep(1)
    os._exit(1)


def _write(pipe: BinaryIO | Any, content: bytes) -> None:
    pipe.write(len(content).to_bytes(LENGTH_BYTES, "little") + content)
    pipe.flush()


def _read(pipe: BinaryIO | Any) -> bytes:
    """Read one pickle; raises ``EOFError`` where the other end is gone."""
    length = pipe.read(LENGTH_BYTES)
    content: bytes = pipe.read(int.from_bytes(length, "little")) if length else b""
    if len(length) < LENGTH_BYTES or len(content) < int.from_bytes(length, "little"):
        raise EOFError
    return content
