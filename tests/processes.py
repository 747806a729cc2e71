"""Processes that tests start: their workers, and that they go on."""

import subprocess
import time
from pathlib import Path


def workers_of(parent: int) -> list[int]:
    """Numbers of the processes that do the jobs of one: the children of its fork server."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found.append((int(path.name), int(fields[1])))
    servers = {pid for pid, above in found if above == parent}
    return [pid for pid, above in found if above in servers]


def goes_on(process: subprocess.Popen[str]) -> None:
    """Wait a moment before looking again for what a process does; fail if it has ended."""
    assert process.poll() is None, process.communicate()
    time.sleep(0.02)
