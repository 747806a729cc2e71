"""Sweeps on a real scheduler with real workers: the rows of one machine, whatever dies."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec

import pandas as pd
import pytest

import firesale as fs
from experiments.runs.cluster import Cluster
from experiments.runs.executor import ClusterError
from experiments.runs.store import RunStore, code_digest
from tests.experiments.clusters import Machines, children_of, kill
from tests.experiments.command_line import fail
from tests.experiments.sweeping import LOTS, digests, short, swept
from tests.folders import ROOT

slow = pytest.mark.slow
needs_dask = pytest.mark.skipif(
    find_spec("distributed") is None, reason="dask.distributed is not installed: it is an extra"
)
CODE = """
import os, signal
from beside import twice


def rows(tape):
    return twice(len(tape["events"]))


def process(tape):
    return os.getpid()


def refuses(tape):
    raise ValueError("not this one")


def dies(tape):
    if len(tape["events"]) % 3 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0


def takes_its_worker_along(tape):
    if POISON in tape["messages"]["size"]:
        pids = [os.getpid()]  # then whoever forked it, its child of the worker, and the worker
        while len(pids) < 4:
            with open(f"/proc/{pids[-1]}/stat") as file:
                pids.append(int(file.read().rsplit(")", 1)[1].split()[1]))
        for pid in reversed(pids):
            os.kill(pid, signal.SIGKILL)
    return 1.0
""".replace("POISON", "57")
POSITIONS = "position,entry,margin\n" + "100,10000,200000\n-50,10000,90000\n" * 3


@pytest.fixture
def machines(tmp_path_factory):
    with Machines(tmp_path_factory.mktemp("machines")) as found:
        yield found


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Code in the working directory of the caller alone."""
    (tmp_path / "own.py").write_text(CODE)
    (tmp_path / "beside.py").write_text("def twice(number):\n    return 2 * number\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def remote(machines, folder=None, **options):
    return swept(folder, **{"workers": None, "scheduler": machines.address, **options})


def without_times(sweep):
    times = ("cpu_seconds", "seconds")
    return [{name: one for name, one in row.items() if name not in times} for row in sweep.rows]


def stored(folder):
    """Digests by point and seed as anybody reads them, each exactly once."""
    found = pd.concat(map(pd.read_parquet, sorted((folder / "runs").glob("*.parquet"))))
    assert found["key"].is_unique
    return dict(zip(zip(found[LOTS], found["seed"], strict=True), found["digest"], strict=True))


@slow
@needs_dask
def test_rows_are_those_of_one_machine_with_code_and_data_that_only_the_caller_has(machines, code):
    machines.worker("one")
    machines.worker("two", "--no-nanny")
    (code / "book.csv").write_text(POSITIONS)
    (code / "agents_of_mine.py").write_text(
        "import agents\n\n\nclass Idle(agents.Agent):\n    pass\n"
    )
    over = {"populations.0.file": ["book.csv", str(code / "book.csv")], LOTS: [50, 80]}
    scenario = short().with_(traders=[{"kind": "agents_of_mine.py:Idle", "name": "idle"}])
    options = {
        "metrics": {"rows": "own.py:rows", "refuses": f"{code}/own.py:refuses"},
        "twin": False, "allow_code": True,
    }  # fmt: skip
    for metrics in (options["metrics"], {"rows": "own.py:rows"}):
        asked = options | {"metrics": metrics}
        near = fs.sweep(scenario, over, 3, workers=1, **asked)
        far = fs.sweep(scenario, over, 3, scheduler=machines.address, **asked)
        assert without_times(far) == without_times(near)
        assert len(far.failed) == (12 if "refuses" in metrics else 0)
    assert far.frame()["rows"].min() > 0


@slow
@needs_dask
def test_a_worker_that_dies_and_one_that_joins_late_change_nothing(machines, code, tmp_path):
    first = machines.worker("first", "--no-nanny")
    machines.worker("second", "--no-nanny")
    joined = []

    def report(done, total):
        # While it starts nothing is handed out: there is work for it however fast others are.
        if done and not joined:
            joined.append(machines.worker("late", "--no-nanny"))
        if done > 20 and first.poll() is None:
            kill(first)

    lots, folder = range(50, 60), tmp_path / "runs"
    far = remote(
        machines, folder, lots=lots, seeds=15, report=report,
        metrics={"process": "own.py:process"},
    )  # fmt: skip
    assert (far.made, far.failed) == (150, [])
    assert digests(far) == digests(swept(lots=lots, seeds=15, workers=2))
    assert len(stored(folder)) == 150
    assert far.frame()["process"].nunique() == 3
    assert children_of(joined[0].pid)


def other_sources(folder):
    """The packages as here, but for one comment."""
    for package in ("lob", "agents", "experiments", "firesale"):
        shutil.copytree(ROOT / package, folder / package,
                        ignore=shutil.ignore_patterns("*.c", "__pycache__"))  # fmt: skip
    with (folder / "experiments" / "runs" / "run.py").open("a") as file:
        file.write("# another\n")
    return folder


@slow
@needs_dask
def test_a_worker_with_other_sources_is_refused_early_or_late(machines, tmp_path):
    other = other_sources(tmp_path / "other")
    machines.worker("right")

    def report(done, total):
        if done == 5:
            machines.worker("wrong", root=other)

    folder = tmp_path / "runs"
    both = rf"has Firesale \S+, sources (?!{code_digest()})[0-9a-f]{{32}}.*{code_digest()}"
    with pytest.raises(ClusterError, match=both + ".*what had finished is kept"):
        remote(machines, folder, lots=range(50, 60), seeds=10, report=report)
    there = len(RunStore(folder).read())
    assert there >= 5
    with pytest.raises(ClusterError, match=f"worker tcp://.* {both}"):
        remote(machines, folder)
    assert swept(folder, lots=range(50, 60), seeds=10, workers=2).made == 100 - there


@slow
@needs_dask
def test_nobody_at_the_address_is_one_line(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"no scheduler answers at {address}: start one"):
            swept(tmp_path, workers=None, scheduler=address)
    with pytest.raises(ClusterError, match="no scheduler answers at no such thing"):
        swept(tmp_path, workers=None, scheduler="no such thing")


@slow
@needs_dask
def test_a_scheduler_that_dies_loses_nothing_that_had_finished(machines, tmp_path):
    machines.worker("one")

    def report(done, total):
        if done == 10:
            kill(machines.scheduler)

    folder = tmp_path / "runs"
    with pytest.raises(ClusterError, match=r"the scheduler at \S+ is gone; what had finished"):
        remote(machines, folder, lots=range(50, 60), seeds=10, report=report)
    there = len(RunStore(folder).read())
    assert there >= 10
    again = swept(folder, lots=range(50, 60), seeds=10, workers=2)
    assert (again.made, again.failed) == (100 - there, [])


@slow
@needs_dask
def test_a_run_that_kills_its_process_is_a_row_and_no_worker_dies(machines, code):
    workers = [machines.worker(name, "--no-nanny") for name in ("one", "two")]
    near = swept(lots=range(50, 54), seeds=5, metrics={"dies": "own.py:dies"}, workers=2)
    far = remote(machines, lots=range(50, 54), seeds=5, metrics={"dies": "own.py:dies"})
    assert 0 < len(far.failed) < 20
    assert {row["error"] for row in far.failed} == {"the worker died, 3 times"}
    assert without_times(far) == without_times(near)
    assert all(one.poll() is None for one in workers)


@slow
@needs_dask
def test_a_run_that_kills_workers_is_a_row_after_a_few_of_them(machines, code):
    """Workers under a nanny, which starts them again; nothing innocent fails along with it."""
    for name in ("one", "two"):
        machines.worker(name)
    metrics = {"deadly": "own.py:takes_its_worker_along"}
    far = remote(machines, lots=range(50, 60), seeds=1, metrics=metrics)
    quiet = swept(lots=range(50, 60), seeds=1, workers=2)
    assert {row["point"][LOTS] for row in far.failed} == {57}
    assert {row["error"] for row in far.failed} == {"the worker died, 4 times"}
    assert {key: one for key, one in digests(far).items() if one is not None} == {
        key: one for key, one in digests(quiet).items() if key[0] != 7
    }


SPEC = """
scenario = "{scenario}"
seeds = 40
twin = false
[over]
"shocks.0.lots" = [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]
"""


@slow
@needs_dask
def test_ctrl_c_keeps_what_had_finished_and_the_command_goes_on(machines, tmp_path):
    machines.worker("one")
    short().save(tmp_path / "short.toml")
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.format(scenario="short.toml"))
    folder = tmp_path / "runs"
    words = [
        sys.executable, "-m", "firesale", "sweep", str(spec), "--out", str(folder), "--json",
        "--scheduler", machines.address,
    ]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    store = RunStore(folder)
    machines.wait(lambda: len(store.read()) >= 40, process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode not in (0, 1), error
    assert b"Traceback" not in error
    there = len(store.read())
    assert 40 <= there < 400
    done = subprocess.run(words, env=env, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert re.search(rf'"made": {400 - there}\b', done.stdout.decode())
    assert len(stored(folder)) == 400


def test_workers_of_this_machine_are_not_those_of_a_scheduler():
    with pytest.raises(ValueError, match="leave them out with a scheduler"):
        swept(workers=2, scheduler="127.0.0.1:8786")


def test_without_dask_it_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'firesale\[distributed\]'"):
        Cluster("127.0.0.1:8786")
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.format(scenario="deleveraging-spiral"))
    code, _, said = fail(
        capsys, "sweep", spec, "--out", tmp_path / "runs", "--scheduler", "127.0.0.1:1"
    )
    assert (code, said.count("\n")) == (2, 1)
    assert "firesale[distributed]" in said
