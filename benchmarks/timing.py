"""Clocks, rounds and the machine: CPU time, many rounds in turn, medians with their range."""

import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = ["Spread", "in_turn", "machine", "timed"]


class Spread(NamedTuple):
    """What several rounds gave."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Sum up the rounds."""
        values = sorted(values)
        return cls(values[0], statistics.median(values), values[-1])


def timed(work: Callable[[], object]) -> float:
    """CPU nanoseconds of the process in ``work``; the garbage collector waits."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time_ns()
        result = work()
        elapsed = time.process_time_ns() - start
        del result  # not on the clock
        return elapsed
    finally:
        gc.enable()


def in_turn(measures: dict[str, Callable[[], float]], rounds: int) -> dict[str, Spread]:
    """Each measure once a round, so that a slow spell of the machine falls on all of them."""
    seen: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            seen[name].append(measure())
    return {name: Spread.of(values) for name, values in seen.items()}


def machine() -> str:
    """Processor, number of processors, system, Python."""
    return (
        f"{_processor()}, {os.cpu_count()} processors, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {sys.version.split()[0]}"
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
