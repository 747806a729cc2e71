"""How many files a parameter of a scenario passes on its way to the engine.

    python -m tests.experiments.test_parameter_travel

lists the files of Python in which a function holds a population's leverage, from the file that is
read to the accounts that are opened. Beyond them it is margin: ``population.pyx`` deposits it and
``margin_accounts.pyx`` keeps it.
"""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

from experiments.runs.run import run_scenario
from experiments.scenario.read import read_scenario
from tests.folders import ROOT
from tests.small_scenarios import SPIRAL

LEVERAGE = 7.0625  # a number that stands nowhere else
COMPILED = 2
MOST = 12


def holds(value: Any, depth: int = 3) -> bool:
    """Whether a value is the leverage, or has it within."""
    if isinstance(value, float):
        return value == LEVERAGE
    if not depth:
        return False
    if isinstance(value, list | tuple):
        return any(holds(one, depth - 1) for one in value[:50])
    if isinstance(value, dict):
        return any(holds(one, depth - 1) for one in list(value.values())[:60])
    if hasattr(value, "model_fields_set"):
        return any(holds(one, depth - 1) for one in vars(value).values())
    return False


def files_passed() -> dict[str, set[str]]:
    """File -> the functions in it that hold the leverage while a scenario is read and run."""
    seen: dict[str, set[str]] = {}

    def watch(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        others = {"tests", "site-packages"} & set(path.parts)
        ours = event in ("call", "return") and ROOT in path.parents and not others
        if ours and any(holds(value) for value in list(frame.f_locals.values())):
            seen.setdefault(path.relative_to(ROOT).as_posix(), set()).add(frame.f_code.co_name)

    given = {"populations.0.leverage": [LEVERAGE, LEVERAGE], "populations.0.count": 50}
    sys.setprofile(watch)
    try:
        run_scenario(read_scenario(SPIRAL, given), 1)
    finally:
        sys.setprofile(None)
    return seen


def test_a_leverage_reaches_the_engine_through_few_files():
    found = files_passed()
    assert "agents/leverage/accounts.py" in found
    assert len(found) + COMPILED <= MOST, sorted(found)


if __name__ == "__main__":
    for file, functions in files_passed().items():
        print(file, ", ".join(sorted(functions)))
