"""Property tests with new examples for as long as you like: ``make fuzz SECONDS=600 SEED=7``.

Every round has a seed of its own, counted up from one that follows from ``--seed``, and draws
``--times`` as many examples as ``make test``. A failure ends the run with pytest's exit code, and
with the line to paste above the test that failed.
"""

import argparse
import os
import subprocess
import sys
import time

from tests.examples import VARIABLE
from tests.folders import ROOT

SEEDS_APART = 10**6
"""Seeds of different ``--seed`` are so far apart that they never meet."""


def fuzz(seconds: float, seed: int, times: int, where: list[str]) -> int:
    """Run whole rounds until time is up; return the exit code of the last one."""
    started, rounds, code = time.monotonic(), 0, 0
    while not code and (time.monotonic() - started < seconds or not rounds):
        number = (seed + 1) * SEEDS_APART + rounds
        command = ["-m", "pytest", "-m", "hypothesis and not slow", "--hypothesis-seed"]
        environment = {**os.environ, VARIABLE: str(times)}
        code = subprocess.call(
            [sys.executable, *command, str(number), *where], cwd=ROOT, env=environment
        )
        rounds += 1
        print(f"{time.monotonic() - started:6.0f} s: seed {number}, exit code {code}", flush=True)
    return code


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="at least (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="where to start (default: 0)")
    parser.add_argument("--times", type=int, default=5, help="as many examples (default: 5)")
    parser.add_argument("where", nargs="*", help="which tests, as pytest is told (default: all)")
    given = parser.parse_args(arguments)
    if given.seed < 0 or given.times < 1:
        parser.error(f"--seed must be 0 or more and --times 1 or more, got {given}")
    return fuzz(given.seconds, given.seed, given.times, given.where)


if __name__ == "__main__":
    sys.exit(main())
