"""Faults injected into sweeps: every finished run exactly once, digests those of a quiet sweep."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from experiments.runs import store as store_module
from experiments.runs.store import RunStore, append_row, rows_of_log
from tests.experiments.sweeping import LOTS, digests, swept
from tests.folders import ROOT
from tests.processes import goes_on, workers_of

HANGS = 1_000
"""Seconds: whatever has not ended by then hangs, on the slowest machine."""
ENDS = 60
"""Seconds in which what was told to end has ended, on the slowest machine."""
PROGRAM = """
import sys
from tests.experiments.sweeping import swept
if __name__ == "__main__":
    found = swept(sys.argv[1], lots=range(50, 50 + int(sys.argv[2])), seeds=20, workers=2)
    print(len(found.rows), found.made, len(found.failed))
"""


def started(folder, points, **options):
    program = folder.parent / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(program), str(folder), str(points)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def runs_in(folder):
    """Keys of the runs that have finished: one on its way from a log to a file is one."""
    found = {row["key"] for row in rows_of_log(folder / "log")}
    for path in (folder / "runs").glob("*.parquet"):
        if path.name != "recent.parquet":
            found.update(pd.read_parquet(path, columns=["key"])["key"])
    return found


def stored(folder):
    """Digests by point and seed, each exactly once, as anybody reads them."""
    found = pd.concat(map(pd.read_parquet, sorted((folder / "runs").glob("*.parquet"))))
    assert found["key"].is_unique
    assert list((folder / "log").glob("*.log")) == []
    assert found["error"].isna().all()
    lots, seeds = found[LOTS].astype(int), found["seed"].astype(int)
    return dict(zip(zip(lots, seeds, strict=True), found["digest"], strict=True))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quiet") / "runs"
    process = started(folder, 100)
    said, error = process.communicate(timeout=HANGS)
    assert said.split() == ["2000", "2000", "0"], error
    return stored(folder)


@pytest.mark.slow
def test_workers_killed_at_random_lose_and_double_nothing(tmp_path, quiet):
    folder = tmp_path / "runs"
    folder.mkdir()
    process = started(folder, 100)
    random_moments = random.Random(1)
    done = 0
    # By what has been done and not by a clock: a fast machine is as soon at the end. Between two
    # deaths many runs end, or one job would see three of them and be given up.
    for wanted in sorted(random_moments.randrange(1, 1000) for _ in range(20)):
        while len(runs_in(folder)) < max(wanted, done + 25):
            goes_on(process)
        while len(alive := workers_of(process.pid)) < 2:
            goes_on(process)
        done = len(runs_in(folder))
        os.kill(random_moments.choice(alive), signal.SIGKILL)
    said, error = process.communicate(timeout=HANGS)
    assert said.split() == ["2000", "2000", "0"], error
    assert stored(folder) == quiet


@pytest.mark.slow
def test_a_parent_killed_five_times_goes_on_where_it_was(tmp_path, quiet):
    folder = tmp_path / "runs"
    folder.mkdir()
    random_moments = random.Random(2)
    before = 0
    for _ in range(5):
        process = started(folder, 100)
        wanted = before + random_moments.randrange(50, 250)
        while len(runs_in(folder)) < wanted:
            goes_on(process)
        workers = workers_of(process.pid)
        process.kill()
        process.communicate()
        late = time.monotonic() + ENDS
        while [pid for pid in workers if Path(f"/proc/{pid}").exists()]:
            assert time.monotonic() < late, "workers are left behind"
            time.sleep(0.02)
        before = len(runs_in(folder))
    said, error = started(folder, 100).communicate(timeout=HANGS)
    rows, made, failed = map(int, said.split())
    assert (rows, failed) == (2000, 0), error
    assert made == 2000 - before
    assert stored(folder) == quiet


@pytest.mark.slow
def test_ctrl_c_ends_it_and_keeps_what_had_finished(tmp_path):
    folder = tmp_path / "runs"
    process = started(folder, 100, start_new_session=True)
    while len(runs_in(folder)) < 30:
        goes_on(process)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=ENDS)
    there = runs_in(folder)
    assert len(there) >= 30
    said, error = started(folder, 5).communicate(timeout=HANGS)
    assert said.split()[0] == "100", error
    found = pd.concat(map(pd.read_parquet, (folder / "runs").glob("*.parquet")))
    first = set(found["key"][found[LOTS] < 55])
    assert len(first) == 100
    assert int(said.split()[1]) == len(first - there)


def full_after(monkeypatch, rows):
    """A disk on which so many rows have room, and half of another."""
    real = store_module._append_whole
    left = [rows]

    def append(file, line):
        left[0] -= 1
        if left[0] < 0:
            file.write(line[: len(line) // 2])
            raise OSError(28, "No space left on device")
        real(file, line)

    monkeypatch.setattr(store_module, "_append_whole", append)


def test_a_full_disk_stops_it_with_one_line_and_keeps_what_had_finished(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        full_after(patch, 3)
        with pytest.raises(OSError, match="No space left on device; what had finished is kept"):
            swept(tmp_path)
    again = swept(tmp_path)
    assert again.made == 1
    assert digests(again) == digests(swept())


def test_a_file_that_may_grow_no_more_is_a_full_disk(tmp_path):
    """A real write that is cut: the rest of the log is as it was, and the next row is whole."""
    store = RunStore(tmp_path)
    append_row(store.log, {"key": "one", "text": "x" * 500})
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.SIG_IGN
    was = signal.signal(signal.SIGXFSZ, handler)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (700, before[1]))
        with pytest.raises(OSError, match="File too large"):
            append_row(store.log, {"key": "two", "text": "x" * 500})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, was)
    append_row(store.log, {"key": "three"})
    assert [row["key"] for row in rows_of_log(store.log)] == ["one", "three"]


def test_a_read_only_folder_is_one_line(tmp_path):
    """In a process of nobody's where the tests are root's, who may write everywhere."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    swept(tmp_path / "open", lots=(50,), seeds=1)  # all is imported: nobody may not read it
    child = os.fork()
    if not child:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            swept(folder / "runs")
        except PermissionError as error:
            code = 0 if str(folder) in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_log_cut_short_at_every_byte_gives_whole_rows_alone(tmp_path):
    store = RunStore(tmp_path / "whole")
    rows = [{"key": str(at), "seed": at, "error": None} for at in range(3)]
    for one in rows:
        append_row(store.log, one)
    (path,) = store.log.glob("*.log")
    content = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(content) if byte == ord("\n")]
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        # The last line is whole without the end of it.
        assert list(rows_of_log(store.log)) == rows[: sum(cut >= end - 1 for end in ends)]


def test_results_cut_short_are_made_again(tmp_path):
    whole = swept(tmp_path / "whole")
    (path,) = (tmp_path / "whole" / "runs").glob("*.parquet")
    size = path.stat().st_size
    for cut in (0, 3, size // 2, size - 5, size - 1):
        folder = tmp_path / str(cut)
        shutil.copytree(tmp_path / "whole", folder)
        (folder / "runs" / path.name).write_bytes(path.read_bytes()[:cut])
        again = swept(folder)
        assert (again.made, digests(again)) == (4, digests(whole))
        assert [one.suffix for one in (folder / "runs").iterdir() if path.stem in one.name] != []


@pytest.mark.slow
def test_parquet_cut_short_at_every_byte_is_never_taken_for_whole(tmp_path):
    swept(tmp_path / "whole", lots=(50,), seeds=1)
    (path,) = (tmp_path / "whole" / "runs").glob("*.parquet")
    content = path.read_bytes()
    for cut in range(len(content)):
        store = RunStore(tmp_path / "cut")
        (store.runs / "one.parquet").write_bytes(content[:cut])
        assert store.read() == {}
        shutil.rmtree(tmp_path / "cut")


def test_rows_can_be_read_while_runs_are_made(tmp_path):
    import pyarrow as pa

    store = RunStore(tmp_path, {"key": pa.string(), "drop": pa.float64(), "error": pa.string()})
    store.read()
    for at in range(250):
        append_row(store.log, {"key": f"{at:04}", "criteria": {"drop": None}, "error": None})
        if at in (40, 120, 249):
            store.compact(running=True)
            found = pd.read_parquet(store.runs)
            assert len(found) == at + 1
            assert found["key"].is_unique
    assert sorted(len(pd.read_parquet(one)) for one in store.runs.glob("*.parquet")) == [
        50,
        100,
        100,
    ]
    store.compact()
    assert sorted(len(pd.read_parquet(one)) for one in store.runs.glob("*.parquet")) == [
        50,
        100,
        100,
    ]
    assert not (store.runs / "recent.parquet").exists()
    assert len(RunStore(tmp_path).read()) == 250
    json.dumps(RunStore(tmp_path).read())


def test_a_second_sweep_in_the_folder_is_refused(tmp_path):
    def within(done, total):
        if done == 1:
            with pytest.raises(ValueError, match="another sweep is at work there"):
                swept(tmp_path)

    swept(tmp_path, report=within)
