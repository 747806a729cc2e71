"""Tapes on disk while a run goes on: the same bytes as in memory, readable at any time."""

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import firesale as fs
from experiments.commands import cli
from experiments.runs.run import run_scenario
from lob import tape
from tests.experiments.sweeping import short
from tests.small_scenarios import SPIRAL

KINDS = ("events", "messages", "entries")
LONG = {"seconds": 60.0, "horizon": 10.0, "instruments.0.background.mu": 200.0}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    scenario = fs.scenario(SPIRAL)
    return fs.run(scenario, 3), fs.run(scenario, 3, record=folder / "run"), folder / "run"


def test_the_tapes_are_those_in_memory_to_the_byte(pair):
    kept, recorded, folder = pair
    assert recorded.simulation.digest() == kept.simulation.digest()
    for kind in KINDS:
        assert len(kept.tape[kind])
        assert tape.read(folder / f"{kind}.npy").tobytes() == kept.tape[kind].tobytes()
        assert recorded.tape[kind].tobytes() == kept.tape[kind].tobytes()
        assert not recorded.tape[kind].flags.writeable  # mapped, not copied


def test_all_results_are_those_of_the_run_in_memory(pair):
    kept, recorded, _ = pair
    one, other = kept.summary(), recorded.summary()
    one.pop("cpu_seconds"), other.pop("cpu_seconds")
    assert json.dumps(one) == json.dumps(other)
    for name in ("trades", "quotes", "depth", "liquidations", "entries", "accounts"):
        assert kept.frame(name).equals(recorded.frame(name))
    when = kept.scenario.end_ns // 2
    assert recorded.book_at(when).digest() == kept.book_at(when).digest()


def test_a_book_that_runs_out_is_found_on_the_tape_as_well(tmp_path):
    scenario = fs.scenario(SPIRAL, **{"shocks.0.lots": 10_000_000})
    kept, recorded = run_scenario(scenario), run_scenario(scenario, record=tmp_path)
    assert kept.exhausted
    assert recorded.exhausted == kept.exhausted


def test_the_folder_says_what_it_is_and_is_run_again_from_it(pair):
    kept, _, folder = pair
    said = json.loads((folder / "run.json").read_text())
    assert said["finished"] is True
    assert said["digest"] == kept.simulation.digest()
    assert said["rows"] == {kind: len(kept.tape[kind]) for kind in KINDS}
    found = fs.rerun(folder / "run.json")
    assert found.equal
    assert [one.now for one in found.digests] == [kept.simulation.digest()]


def test_another_run_is_not_overwritten_and_the_same_is_with_care(tmp_path):
    first = run_scenario(short(), 1, record=tmp_path)
    mapped = first.tape["events"]
    before = mapped.tobytes()
    run_scenario(short(), 2, record=tmp_path)
    assert mapped.tobytes() == before
    assert json.loads((tmp_path / "run.json").read_text())["seed"] == 2
    with pytest.raises(ValueError, match="choose another folder"):
        run_scenario(short().with_(seconds=0.4), 1, record=tmp_path)


def test_memory_does_not_grow_with_the_tapes(tmp_path):
    """Six times the events: in memory they take what they weigh, on disk next to nothing."""

    def rise(seconds, record):
        program = (
            "from pathlib import Path\n"
            "from experiments.runs.run import run_scenario\n"
            "from tests.experiments.sweeping import short\n"
            f"run_scenario(short(), 1, record={str(record / 'warm') if record else None!r})\n"
            # Not ru_maxrss, which a child has from its parent.
            "status = lambda: Path('/proc/self/status').read_text()\n"
            "peak = lambda: int(status().partition('VmHWM:')[2].split()[0])\n"
            f"scenario = short().with_(**{ {**LONG, 'seconds': seconds}!r})\n"
            "before = peak()\n"
            f"run = run_scenario(scenario, 1, record={str(record / 'run') if record else None!r})\n"
            "print(peak() - before, run.simulation.event_count)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        kilobytes, events = map(int, done.stdout.split())
        return kilobytes * 1024, events

    (tmp_path / "disk").mkdir()
    in_memory, events = rise(3_000.0, None)
    on_disk, same = rise(3_000.0, tmp_path / "disk")
    assert same == events > 300_000
    assert in_memory > 90 * events
    assert on_disk < in_memory / 3


def _run(folder):
    run_scenario(short().with_(**{**LONG, "seconds": 20_000.0}), 1, record=folder)


def test_a_killed_run_leaves_what_had_come_and_it_is_read_while_it_grows(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(tmp_path,))
    process.start()
    path, seen, until = tmp_path / "events.npy", 0, time.monotonic() + 60
    while not seen and time.monotonic() < until:
        time.sleep(0.01)
        if path.exists() and path.stat().st_size > 1_000_000:
            seen = len(tape.read(path, unfinished=True))
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    cut = {kind: tape.read(tmp_path / f"{kind}.npy", unfinished=True) for kind in KINDS}
    assert 0 < seen <= len(cut["events"])
    assert json.loads((tmp_path / "run.json").read_text())["finished"] is False
    assert (np.diff(cut["events"]["seq"].astype(np.int64)) == 1).all()
    with pytest.raises(ValueError, match="unfinished=True"):
        tape.read(path)


@pytest.mark.parametrize("room", [0, 200, 40_000, 400_000])
def test_a_full_disk_is_one_line(tmp_path, capsys, room):
    settings = [f"--set={key}={value}" for key, value in LONG.items()]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        with pytest.raises(SystemExit) as end:
            cli.main(["run", SPIRAL, "--record", str(tmp_path), *settings])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, was)
        sys.dont_write_bytecode = bytecode
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith(f"firesale: {tmp_path}")
    assert "File too large" in err
    if room > 40_000:
        found = tape.read(tmp_path / "events.npy", unfinished=True)
        assert len(found) > 1_000
        assert (np.diff(found["seq"].astype(np.int64)) == 1).all()


def test_a_full_disk_for_entries_is_no_fault_of_whoever_acts(tmp_path):
    """The ledger hands its rows over in the middle of a message: the error waits for its end."""
    from experiments.runs.recording import Recording

    with Recording(tmp_path, {"resolved": {"name": "x"}}) as recording:
        recording.entries.writer._file.close()
        recording.entries.writer.write = lambda rows: (_ for _ in ()).throw(OSError(28, "No space"))
        recording.entries.write(np.zeros(1, recording.entries.writer.layout))
        with pytest.raises(OSError, match="No space"):
            recording.events.write(np.zeros(1, recording.events.writer.layout))


def test_a_read_only_folder_is_one_line(tmp_path):
    """In a process of nobody's where the tests are root's, who may write everywhere."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    run_scenario(short(), record=tmp_path / "open")  # all is imported: nobody may not read it
    child = os.fork()
    if not child:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            run_scenario(short(), record=folder)
        except PermissionError as error:
            code = 0 if str(folder) in str(error) and "\n" not in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_command_records_and_refuses_what_it_cannot(tmp_path, capsys):
    def told(*words):
        with pytest.raises(SystemExit) as end:
            cli.main(["run", *map(str, words)])
        out, err = capsys.readouterr()
        return end.value.code, out, err

    code, out, err = told(SPIRAL, "--record", tmp_path / "one", "--seed", "3")
    assert (code, err) == (0, "")
    assert "digest" in out.splitlines()[-1]
    assert tape.read(tmp_path / "one" / "events.npy")["kind"].size
    for words, said in (
        (["poisson"], "is a market"),
        ([SPIRAL, "--seeds", "2"], "leave --out and --seeds out"),
        ([SPIRAL, "--out", tmp_path / "b"], "leave --out and --seeds out"),
        ([SPIRAL, "--set=seconds=31"], "choose another folder"),
    ):
        code, out, err = told(*words, "--record", tmp_path / "one")
        assert (code, out) == (2, "")
        assert said in err
        assert err.count("\n") == 1
