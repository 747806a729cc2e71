"""Designs in a file of the user's own, the one of the how-to first."""

import copy
import re
import sys

import pytest

from experiments.contest.designs import parse_design, parse_designs
from experiments.contest.trial import key_of_run
from experiments.runs.run import run_scenario
from experiments.scenario.designs import make_design
from experiments.scenario.read import read_scenario
from experiments.scenario.user_code import digest_of_user_code, load_user_code, names_user_code
from lob.liquidation import StagedDesign
from tests.folders import ROOT
from tests.small_scenarios import SPIRAL

PAGE = ROOT / "docs" / "how-to" / "new-design.md"
SMALL = {"populations.0.count": 500, "seconds": 12.0, "horizon": 5.0}


@pytest.fixture
def patient(tmp_path):
    """The design of the how-to, in a file of its own."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL).group(1)
    assert len(code.splitlines()) <= 30
    file = tmp_path / "patient.py"
    file.write_text(code)
    return f"{file}:patient"


def test_the_design_of_the_how_to_takes_part(patient):
    design = make_design(patient, {"floor": 5_000})
    assert isinstance(design, StagedDesign)
    assert len(design.stages) == 2
    assert copy.deepcopy(design).stages == design.stages
    scenario = read_scenario(SPIRAL, SMALL)
    whole = run_scenario(scenario, 1, design="market-sale")
    slow = run_scenario(scenario, 1, design=patient)
    assert whole.cascade.roots > 0
    assert slow.drop() <= whole.drop()
    assert slow.criteria["time_unsafe"] > whole.criteria["time_unsafe"]
    assert (
        run_scenario(scenario, 1, design=patient).summary()["digest"] == (slow.summary()["digest"])
    )


def test_it_is_written_like_any_other(patient):
    one, other = parse_designs(f"mine={patient}(floor=1),market-sale")
    assert (one.label, one.design, one.parameters) == ("mine", patient, {"floor": 1})
    assert other.design == "market-sale"
    assert (one.how, other.how, parse_design(patient).how) == ("given", "preset", "own")


def test_a_changed_file_is_another_run(patient, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # a file as long, in the same second
    scenario, design = read_scenario(SPIRAL, SMALL), parse_design(patient)
    before, first = key_of_run(scenario, 1, design), load_user_code(patient)
    file = tmp_path / "patient.py"
    file.write_text(file.read_text().replace("share=250_000", "share=300_000"))
    assert key_of_run(scenario, 1, design) != before
    assert load_user_code(patient) is not first
    assert load_user_code(patient).__defaults__[0] == 300_000


def test_what_is_no_design_says_so(tmp_path):
    file = tmp_path / "other.py"
    file.write_text("number = 3\ndef wrong():\n    return 3\n")
    for name, why in (
        (f"{tmp_path}/gone.py:patient", "there is no file"),
        (f"{file}:missing", "nothing called 'missing'"),
        (f"{file}:number", "nothing called 'number'"),
        (f"{file}:wrong", "must make a LiquidationDesign, got 3"),
        ("unheard-of", "FILE.py:NAME"),
    ):
        with pytest.raises(ValueError, match=re.escape(why)):
            make_design(name, {})
    file.write_text("1 / 0\n")
    with pytest.raises(ValueError, match=r"other\.py: ZeroDivisionError"):
        load_user_code(f"{file}:wrong")


def test_names_of_designs_are_no_files():
    assert not names_user_code("dutch:linear")
    assert digest_of_user_code("dutch:linear") is None
    assert names_user_code("a/b.py:c")
