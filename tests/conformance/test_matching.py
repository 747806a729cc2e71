"""The public matching cases, on both engines."""

import json

import pytest

from tests.conformance.matching_runner import CaseError, run_case
from tests.folders import folder

PATH = folder("FIRESALE_CASES") / "matching.json"


def load():
    """The cases as parameters, or one that is skipped where there is no such file."""
    if not PATH.is_file():
        why = f"{PATH} is not there: set FIRESALE_CASES to the folder that holds it"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=why))]
    file = json.loads(PATH.read_text(encoding="utf-8"))
    if set(file) != {"cases"} or not file["cases"]:
        raise CaseError(f"{PATH} must hold cases and nothing else, got {sorted(file)}")
    return [pytest.param(case, id=case["name"]) for case in file["cases"]]


@pytest.mark.parametrize("case", load())
def test_case(case, engine):
    run_case(case, engine)
