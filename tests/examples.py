"""Which examples property tests draw: the same ones at each run, or new ones and many more."""

import os
import re

import pytest
from hypothesis import HealthCheck, settings

VARIABLE = "FIRESALE_EXAMPLES"
FACTOR = int(os.environ.get(VARIABLE, "0"))
"""0: the same examples at each run; else new ones, so many times as many."""

LINE = re.compile(r"@reproduce_failure\(.*\)")


def examples(count: int) -> int:
    """How many examples a test draws that draws ``count`` in ``make test``."""
    return count * max(1, FACTOR)


def choose(config: pytest.Config) -> None:
    """Load the profile that the environment, or a seed on the command line, asks for."""
    common = settings(
        max_examples=examples(100),
        deadline=None,
        database=None,
        print_blob=True,
        # It goes by a clock, and would fail tests on a slow or busy machine.
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile("same", common, derandomize=True)
    settings.register_profile("new", common, derandomize=False)
    seed = config.getoption("--hypothesis-seed", default=None)
    settings.load_profile("new" if FACTOR or seed is not None else "same")


def lines_to_paste(reports: list[pytest.TestReport]) -> list[str]:
    """For each example that failed, where to paste which line to have it tried again."""
    found = []
    for report in reports:
        for line in LINE.findall(report.longreprtext):
            found += [f"paste above {report.nodeid}, and keep it as a regression test:", line]
    return found
