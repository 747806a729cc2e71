"""A real scheduler and real workers on loopback, each a process that a test may kill."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.folders import ROOT

PATIENCE_SECONDS = 120
"""For a process to start: nothing is measured by it."""


class Machines:
    """A scheduler and its workers, all gone when the ``with`` block is left."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}

    def __enter__(self):
        self.file = self.folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard",
            "--scheduler-file", str(self.file),
        )  # fmt: skip
        self.wait(lambda: self.file.exists() and self.file.read_text().endswith("}"))
        return self

    def __exit__(self, *exception):
        for process in self.processes.values():
            with suppress(ProcessLookupError):  # with all that it started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def address(self):
        return json.loads(self.file.read_text())["address"]

    def worker(self, name, *options, root=ROOT):
        """A worker with a working directory of its own, where none of a test's files is."""
        place = self.folder / name
        place.mkdir()
        process = self._start(
            name, "worker", self.address, "--nthreads", "1", "--name", name, "--no-dashboard",
            "--local-directory", str(place), *options, root=root, cwd=place,
        )  # fmt: skip
        self.wait(lambda: name in self.names(), process)
        return process

    def names(self):
        """Of the workers that the scheduler knows."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return set(client.run_on_scheduler(_names))

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def wait(self, there, process=None):
        for _ in range(PATIENCE_SECONDS * 10):
            if there():
                return
            assert process is None or process.poll() is None, "it ended"
            time.sleep(0.1)
        raise AssertionError("it never came")

    def _start(self, name, *words, root=ROOT, cwd=None):
        path = f"{root}:{os.environ.get('PYTHONPATH', '')}"
        with (self.folder / f"{name}.log").open("w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-P", "-m", "dask", *words], cwd=cwd or self.folder,
                env={**os.environ, "PYTHONPATH": path}, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        return self.processes[name]


def _names(dask_scheduler):
    return [one.name for one in dask_scheduler.workers.values()]


def children_of(parent):
    """Processes that another one started, and that are there."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(path.name))
    return found


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
