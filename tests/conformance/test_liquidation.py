"""The public liquidation cases, through the parts that designs are made of."""

import copy

import pytest

from tests.conformance.families import FAMILIES, PENDING
from tests.conformance.liquidation_runner import CaseError, is_pending, read, run_case
from tests.folders import folder

PATH = folder("FIRESALE_CASES") / "liquidation.json"


def cases(complete_only=True):
    """The cases as parameters, or one that is skipped where there is no such file."""
    if not PATH.is_file():
        why = f"{PATH} is not there: set FIRESALE_CASES to the folder that holds it"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=why))]
    found = [case for case in read(PATH) if case.get("complete") or not complete_only]
    return [pytest.param(case, id=str(case.get("id"))) for case in found]


@pytest.mark.parametrize("case", cases())
def test_case(case):
    if is_pending(case):
        pytest.skip(f"{case['family']}: {is_pending(case)}")
    run_case(case)


def test_no_family_is_both_done_and_pending():
    assert not set(FAMILIES) & set(PENDING)


@pytest.mark.parametrize("case", cases(complete_only=False))
def test_every_family_is_known(case):
    assert case["family"] in FAMILIES or case["family"] in PENDING


def spoilt(value):
    """Other values in place of one: a number that is off, a word, one item less."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value * 2 + 7
    elif isinstance(value, list):
        if value:
            yield value[:-1]
        for i, item in enumerate(value):
            for other in spoilt(item):
                yield [*value[:i], other, *value[i + 1 :]]
    elif isinstance(value, dict):
        for key, item in value.items():
            for other in spoilt(item):
                yield {**value, key: other}
    elif value is None:
        yield 3


# What is words to a case, or a number that is there to be read and not to be met.
@pytest.mark.parametrize("case", cases())
def test_an_expectation_that_is_off_is_noticed(case):
    if is_pending(case):
        pytest.skip(f"{case['family']} is pending")
    for key, value in case["expected"].items():
        for other in spoilt(value):
            wrong = copy.deepcopy(case)
            wrong["expected"][key] = other
            with pytest.raises((CaseError, KeyError, TypeError, ValueError, ZeroDivisionError)):
                run_case(wrong)


def test_what_is_unknown_fails():
    good = {"id": "x", "family": "loop", "inputs": {"lltv": [0.5]},
            "expected": {"max_leverage": [2]}, "tolerance": {"abs": 0.0005}}  # fmt: skip
    run_case(good)
    for change in (
        {"family": "unheard-of"},
        {"surprise": 1},
        {"inputs": {**good["inputs"], "more": 1}},
        {"expected": {**good["expected"], "more": 1}},
        {"tolerance": {"other": 1}},
    ):
        with pytest.raises(CaseError):
            run_case({**good, **change})
