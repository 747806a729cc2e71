"""One folder for two commands, a full disk, a reader who leaves, an end from outside."""

import fcntl
import os
import signal
import subprocess
import sys

import pytest

from experiments.commands.console import RefusalError, make_folder
from experiments.runs.store import rows_of_log
from tests.processes import goes_on, workers_of
from tests.small_scenarios import SPIRAL

SMALL = [
    "--set", "populations.0.count=300", "--set", "seconds=3", "--set", "horizon=1",
    "--set", "shocks.0.at=1", "--seeds", "1",
]  # fmt: skip


def firesale(*words, **settings):
    return subprocess.Popen([sys.executable, "-m", "firesale", *words], **settings)


def test_a_folder_in_which_another_command_is_at_work_is_refused(tmp_path):
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(RefusalError, match="another command is writing there"):
        make_folder(tmp_path)
    os.close(other)
    make_folder(tmp_path)
    make_folder(tmp_path)  # one's own


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no device that is always full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_is_one_line(more):
    with open("/dev/full", "w") as full:
        words = ["run", SPIRAL, *SMALL, *more]
        run = firesale(*words, stdout=full, stderr=subprocess.PIPE, text=True)
        _, told = run.communicate(timeout=120)
    assert run.returncode == 1
    assert told == "firesale: output: No space left on device\n"


def test_a_list_may_be_read_in_part():
    """By a reader who has left before the command says a word, however late he is told."""
    reader, writer = os.pipe()
    os.close(reader)
    with firesale("validate", "--list", stdout=writer, stderr=subprocess.PIPE, text=True) as run:
        os.close(writer)
        assert run.stderr.read() == ""
    assert run.returncode == 1


@pytest.mark.skipif(not os.path.exists("/proc"), reason="finds workers in Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_is_ended_from_outside_says_so_and_leaves_no_worker(number, tmp_path):
    words = ["compare", SPIRAL, "--designs", "market-sale,dutch", "--seeds", "40"]
    words += ["--workers", "2", "--out", str(tmp_path)]
    run = firesale(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # In the middle of its work, however fast it is: the first runs of many are done.
    while not any(rows_of_log(tmp_path / "log")):
        goes_on(run)
    assert len(workers_of(run.pid)) == 2
    run.send_signal(number)
    _, told = run.communicate(timeout=60)  # workers left behind would keep the pipes open
    assert run.returncode == 130
    assert told == "firesale: interrupted\n"
