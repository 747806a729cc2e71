"""The reference markets against what was measured of the peers: ``python -m benchmarks.markets``.

CPU time of this process from the call that builds a market to the end of its run, imports
excluded, the garbage collector waiting. The peers' figures were measured on another day and
machine (2 cores of a Xeon at 2.3 GHz): the targets are absolute.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import agents
from benchmarks.measure import FULL, QUICK, Measure, Plan, Say
from benchmarks.timing import Spread, machine, timed
from experiments.markets import ci2002, rmsc04
from experiments.markets.ci2002 import STEP
from experiments.markets.rmsc04 import OPEN
from lob import EventKind, Kind
from lob.units import MINUTE_NS

__all__ = ["measure"]

ROOT = Path(__file__).parents[1]
FULL_DAY = 390
WEIGH = """
from pathlib import Path
from benchmarks.markets import day
day(30, noise=10_000)
# Not getrusage: its peak is that of the process this one was forked from, if that was larger.
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


def day(minutes: int, seed: int = 1, **options: int) -> agents.Simulation:
    """Build rmsc04 and run its session."""
    simulation = rmsc04(seed, minutes=minutes, **options)
    simulation.run(until=OPEN + minutes * MINUTE_NS)
    return simulation


def steps(seed: int = 1, **options: int) -> agents.Simulation:
    """Build ci2002 and run all of its steps."""
    simulation = ci2002(seed, **options)
    simulation.run(until=(options["quiet_steps"] + options["steps"]) * STEP)
    return simulation


RUNS: dict[str, tuple[Callable[[], agents.Simulation], float, str]] = {
    "rmsc04, 30 minutes": (partial(day, 30), 0.01, "ABIDES-jpmc 2.4-2.8 s, fork 0.8-0.9 s"),
    "rmsc04, full day": (partial(day, FULL_DAY), 0.08, "ABIDES-jpmc 31.7 s"),
    "rmsc04, 30 minutes, 10,000 noise traders": (
        partial(day, 30, noise=10_000),
        0.06,
        "ABIDES-jpmc 18-20 s",
    ),
    "ci2002, 600 orders": (
        partial(steps, quiet_steps=100, steps=500),
        0.07,
        "PAMS 0.07 s",
    ),
    "ci2002, 1,000 traders, 20,000 orders": (
        partial(steps, traders=1000, orders_per_step=100, quiet_steps=0, steps=200),
        0.1,
        "PAMS 67 s",
    ),
}


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Time every market, say what happened in it, and weigh the largest."""
    for name, (run, goal, peer) in RUNS.items():
        spread = Spread.of(timed(run) / 1e6 for _ in range(plan.rounds))
        simulation = run()
        kinds, events = simulation.messages["kind"], simulation.events["kind"]
        say(
            f"{name}: {spread.median:.2f} ms ({spread.low:.2f}-{spread.high:.2f}), {peer}; "
            f"{(kinds == Kind.NEW).sum():,} orders, {(kinds == Kind.CANCEL).sum():,} "
            f"cancellations, {(events == EventKind.TRADE).sum():,} trades"
        )
        yield Measure(name, spread.median, "ms CPU", goal * 1e3)
    if sys.platform == "linux":
        yield Measure("10,000 noise traders, peak memory with imports", weigh(), "MB", 100)


def weigh() -> float:
    """Peak resident memory of a fresh process that runs the market of 10,000, in MB."""
    result = subprocess.run(
        [sys.executable, "-c", WEIGH],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(result.stdout) * 1024 / 1e6


def main() -> None:
    """Print every measure beside its target."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    plan = QUICK if parser.parse_args().quick else FULL
    print(machine())
    for one in list(measure(plan, print)):
        print(one)


if __name__ == "__main__":
    main()
