"""Compare the engines for as long as you like: ``make fuzz SECONDS=600 SEED=7``.

Every episode has a seed of its own, counted up from one that follows from ``--seed``. A mismatch
ends the run with exit code 1, a report, and the command that plays that one episode again.
"""

import argparse
import sys
import time

from tests.differential.episode import play
from tests.differential.lockstep import MismatchError
from tests.differential.stream import PROFILES

SEEDS_APART = 10**9
"""Seeds of different ``--seed`` are so far apart that they never meet."""


def fuzz(seconds: float, seed: int) -> int:
    """Play episodes of every profile in turn until time is up; return the messages compared."""
    started = reported = time.monotonic()
    compared = episodes = 0
    while time.monotonic() - started < seconds or not episodes:
        name = list(PROFILES)[episodes % len(PROFILES)]
        # Far from the seeds of the test suite, which count from 0.
        compared += play(name, (seed + 1) * SEEDS_APART + episodes)
        episodes += 1
        if time.monotonic() - reported >= 10:
            reported = time.monotonic()
            print(f"{reported - started:6.0f} s: {compared:,} messages, no mismatch", flush=True)
    return compared


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="where to start (default: 0)")
    parser.add_argument("--profile", choices=PROFILES, help="with --episode: play one episode")
    parser.add_argument("--episode", type=int, help="the seed of that episode")
    given = parser.parse_args(arguments)
    if (given.profile is None) != (given.episode is None):
        parser.error("--profile and --episode go together")
    if given.seed < 0:
        parser.error(f"--seed must be 0 or more, got {given.seed}")
    try:
        if given.profile is not None:
            compared = play(given.profile, given.episode)
        else:
            compared = fuzz(given.seconds, given.seed)
    except MismatchError as mismatch:
        print(mismatch, file=sys.stderr)
        return 1
    print(f"{compared:,} messages compared, no mismatch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
