"""Jobs in processes: what dies takes nothing with it."""

import os
import signal

import pytest

from experiments.runs.workers import run_jobs


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
    found = list(run_jobs(square, range(9), workers=workers))
    assert sorted(one.value for one in found) == [n * n for n in range(9)]
    assert sorted(one.job for one in found) == list(range(9))
    assert all(one.error is None for one in found)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_raises_is_an_outcome(workers):
    found = {one.job: one for one in run_jobs(refuse, range(5), workers=workers)}
    assert found[3].error == "ValueError: three is no good"
    assert found[3].value is None
    assert [found[n].value for n in (0, 1, 2, 4)] == [0, 1, 2, 4]


def test_a_killed_worker_loses_nothing(tmp_path):
    jobs = [(number, tmp_path / f"{number}" if number in (2, 5) else None) for number in range(8)]
    found = list(run_jobs(die_once, jobs, workers=2))
    assert sorted(one.value for one in found) == list(range(8))
    assert {path.name for path in tmp_path.iterdir()} == {"2", "5"}


def test_a_job_that_always_kills_its_worker_is_given_up():
    found = {one.job: one for one in run_jobs(die_always, range(4), workers=2, attempts=2)}
    assert found[1].error == "the worker died, 2 times"
    assert [found[n].value for n in (0, 2, 3)] == [0, 2, 3]


def test_no_jobs_are_no_outcomes():
    assert list(run_jobs(square, [], workers=2)) == []
