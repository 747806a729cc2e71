"""A process beside this one that does jobs for it, and may die without taking it along.

Where ``multiprocessing`` may not start one: the workers of a scheduler are often daemons, which it
allows no children. Jobs come and answers go through pipes, as pickles with their length before.
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

from experiments.runs.workers import do_here, settle_in, tidy

__all__ = ["Child", "Outcome"]

Outcome = tuple[Any, str | None, str | None]
"""Value, error and traceback of a job: see ``experiments.runs.workers.JobResult``."""
IDLE_SECONDS = 300.0
"""Seconds without a job after which a child ends, to leave its memory to others; chosen."""
LENGTH_BYTES = 8
"""Of the length before each pickle."""


class Child:
    """A process that does jobs in their order until one kills it; the next call starts another.

    Parameters
    ----------
    attempts
        How often a job is begun that kills its process, before that is its outcome; 1 or more.
    """

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
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
                _write(process.stdin, function)
                _write(process.stdin, jobs)
                _write(process.stdin, pickle.dumps(done))
                while done < count:
                    outcome = pickle.loads(_read(process.stdout))
                    done, begun = done + 1, 1
                    yield outcome
            except (EOFError, OSError):
                self.close()
                if begun >= self.attempts:
                    done, begun = done + 1, 0
                    yield None, f"the worker died, {self.attempts} times", None

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
    settle_in()
    while True:
        try:
            function, batch, first = (_read(jobs) for _ in range(3))
        except EOFError:
            return
        waits.clear()
        called = pickle.loads(function)
        for job in pickle.loads(batch)[pickle.loads(first) :]:
            _, *outcome = do_here(called, job)
            _write(answers, pickle.dumps(tuple(outcome)))
            tidy()
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
