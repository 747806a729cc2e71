"""``--help``, ``list`` and ``--version`` answer without what only other commands need."""

import subprocess
import sys

import pytest

from experiments.markets import MARKETS, describe
from experiments.scenario.read import read_scenario
from experiments.scenario.ready_markets import READY_MARKETS
from experiments.scenario.ready_scenarios import questions_of_ready_scenarios

# Not pydantic: typer imports it where it is.
HEAVY = {
    "numpy", "pandas", "pyarrow", "scipy", "plotly", "agents", "experiments.markets",
    "lob.types", "lob.book", "experiments.report", "experiments.runs.run",
}  # fmt: skip


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "--json"], ["run", "--help"]])
def test_what_answers_at_once_loads_nothing_heavy(words):
    program = (
        "import sys\nfrom experiments.commands.cli import main\n"
        f"try:\n    main({words!r})\nfinally:\n    print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert not sorted(loaded & HEAVY)


def test_the_list_says_what_the_markets_and_scenarios_say():
    assert {name: describe(name) for name in MARKETS} == READY_MARKETS
    assert list(MARKETS) == list(READY_MARKETS)
    for name, question in questions_of_ready_scenarios().items():
        assert read_scenario(name).question == question
