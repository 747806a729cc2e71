"""Jobs in processes: what dies takes nothing with it."""

import os
import signal
import subprocess
import sys

import pytest

from experiments.runs.workers import JobError, Workers


def done_by(function, jobs, **settings):
    with Workers(**settings) as pool:
        return list(pool.run(function, jobs))


def square(job):
    return job * job


def refuse(job):
    if job == 3:
        raise ValueError("three is no good")
    return job


def die_once(job):
    """Kill this very process, the first time a job with a file to mark it is met."""
    number, marker = job
    if marker is not None and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_always(job):
    if job == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(workers):
    found = done_by(square, range(9), workers=workers)
    assert sorted(one.value for one in found) == [n * n for n in range(9)]
    assert sorted(one.job for one in found) == list(range(9))
    assert all(one.error is None for one in found)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_raises_is_an_outcome(workers):
    found = {one.job: one for one in done_by(refuse, range(5), workers=workers)}
    assert found[3].error == "ValueError: three is no good"
    assert found[3].value is None
    assert 'raise ValueError("three is no good")' in found[3].trace
    assert [found[n].value for n in (0, 1, 2, 4)] == [0, 1, 2, 4]


def test_a_killed_worker_loses_nothing(tmp_path):
    jobs = [(number, tmp_path / f"{number}" if number in (2, 5) else None) for number in range(8)]
    found = done_by(die_once, jobs, workers=2)
    assert sorted(one.value for one in found) == list(range(8))
    assert {path.name for path in tmp_path.iterdir()} == {"2", "5"}


def test_a_job_that_always_kills_its_worker_is_given_up():
    found = {one.job: one for one in done_by(die_always, range(4), workers=2, attempts=2)}
    assert found[1].error == "the worker died, 2 times"
    assert [found[n].value for n in (0, 2, 3)] == [0, 2, 3]


def test_no_jobs_are_no_outcomes():
    assert done_by(square, [], workers=2) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_values_come_in_the_order_of_the_jobs(workers):
    told = []
    with Workers(workers) as pool:
        assert pool.map(square, range(9), told.append) == [n * n for n in range(9)]
        assert pool.map(square, [3]) == [9]  # the same processes, once more
    assert told == list(range(1, 10))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_error_of_a_job_that_others_need_is_raised(workers):
    with Workers(workers) as pool, pytest.raises(JobError, match="three is no good"):
        pool.map(refuse, range(5))


def test_values_survive_a_killed_worker(tmp_path):
    jobs = [(number, tmp_path / f"{number}" if number in (2, 5) else None) for number in range(8)]
    with Workers(2) as pool:
        assert pool.map(die_once, jobs) == list(range(8))


def test_a_script_without_a_guard_is_run_once(tmp_path):
    """A process that runs the script that began it would ask its question for ever."""
    script = tmp_path / "question.py"
    script.write_text(
        "print('asked')\n"
        "from experiments.runs.workers import Workers\n"
        "from tests.experiments.test_workers import square\n"
        "with Workers(2) as pool:\n"
        "    print(sorted(result.value for result in pool.run(square, [1, 2, 3, 4])))\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.stderr == ""
    assert done.stdout == "asked\n[1, 4, 9, 16]\n"
