"""Without the product the targets that it computes fail: no formula is written a second time.

What a target says of itself (``Target.kind``) is held here: with ``OrderBook``, ``Venue`` and
``Simulation`` made to raise, those of "book and agents" raise; with the module of its formula made
to raise, or its results made a fifth too large, a "product formula" raises or no longer agrees; and
"theory only" is what agrees with nothing but numpy left.
"""

import importlib
import sys
from fractions import Fraction

import pytest

import agents
import lob
from experiments.validation import TARGETS, find_target, read_cases, santa_fe, validate
from tests.folders import ROOT, folder

PRODUCT = (lob.OrderBook, lob.Venue, agents.Simulation)
# Only how long it takes until the product is called.
QUICK = {
    "santa-fe": {"market_orders": 1_000},
    "santa-fe-scaling": {"market_orders": 100_000},
    "avellaneda-stoikov": {"paths": 100},
    "noise-price": {"paths": 100, "steps": 1_000},
    "hill": {"samples": 5},
}
BY_NAME = {target.name: target for target in TARGETS}
FILES = sorted(folder("FIRESALE_CASES").glob("validation*.json"))
CASES = read_cases(*FILES) if FILES else []


def of_kind(kind):
    return [target.name for target in TARGETS if target.kind == kind]


class BrokenError(Exception):
    """Something of the product was used."""


class Broken:
    """What stands in for a class or a function: whatever is done with it raises."""

    def __init__(self, name):
        self.__dict__["name"] = name

    def __call__(self, *arguments, **named):
        raise BrokenError(self.name)

    def __getattr__(self, name):
        raise BrokenError(f"{self.name}.{name}")


def replace(monkeypatch, one, other):
    """Put the other one wherever a module of the project has the one."""
    places = 0
    for name, module in list(sys.modules.items()):
        if module is not None and name.split(".")[0] in ("lob", "agents", "experiments"):
            for key, value in list(vars(module).items()):
                if value is one:
                    monkeypatch.setattr(module, key, other)
                    places += 1
    assert places, f"nobody has {one!r}"


def fifth_more(value):
    """The same, with every number in it a fifth larger."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value + max(1, value // 5)
    if isinstance(value, float | Fraction):
        return value * 6 / 5
    if isinstance(value, dict):
        return {key: fifth_more(one) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(fifth_more(one) for one in value)
    return type(value)(map(fifth_more, value)) if isinstance(value, list | tuple) else value


def chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.fixture(autouse=True)
def _forget_runs():
    """One run of a book serves several targets: none from before the product was broken."""
    santa_fe.simulate.cache_clear()


@pytest.mark.parametrize("name", of_kind("book and agents"))
def test_without_book_and_agents_it_fails(name, monkeypatch):
    for one in PRODUCT:
        replace(monkeypatch, one, Broken(one.__name__))
    with pytest.raises(Exception) as raised:  # noqa: PT011 - of any kind, if only for that reason
        validate(name, [], **QUICK.get(name, {}))
    assert any(isinstance(error, BrokenError) for error in chain(raised.value)), raised.value


FORMULAS = [
    (name, module) for name in of_kind("product formula") for module in BY_NAME[name].modules
]


def public(module):
    found = importlib.import_module(module)
    return [(key, getattr(found, key)) for key in found.__all__]


@pytest.mark.parametrize(("name", "module"), FORMULAS)
def test_without_its_formula_it_fails(name, module, monkeypatch):
    for key, one in public(module):
        if callable(one):
            replace(monkeypatch, one, Broken(key))
    with pytest.raises(BrokenError):
        validate(name, [], **QUICK.get(name, {}))


@pytest.mark.skipif(not CASES, reason="there are no published cases")
@pytest.mark.parametrize(("name", "module"), FORMULAS)
def test_with_its_formula_wrong_it_does_not_agree(name, module, monkeypatch):
    """A fifth too large: the verdict rests on what the product says."""
    functions = [one for _, one in public(module) if callable(one) and not isinstance(one, type)]
    if not functions:
        pytest.skip(f"{module} has classes only")
    for one in functions:
        replace(
            monkeypatch,
            one,
            lambda *arguments, one=one, **named: fifth_more(one(*arguments, **named)),
        )
    for case in CASES:
        if find_target(case.id) is BY_NAME[name]:
            try:
                found = validate(case.id, CASES, **QUICK.get(name, {})).verdict
            except (ValueError, ArithmeticError):
                continue
            assert found == "disagrees", case.id


@pytest.mark.parametrize("name", of_kind("theory only"))
def test_theory_needs_nothing_of_the_product(name, monkeypatch):
    for one in PRODUCT:
        replace(monkeypatch, one, Broken(one.__name__))
    assert validate(name, []).verdict in ("agrees", "context")


def test_formulas_name_their_modules():
    for target in TARGETS:
        assert bool(target.modules) == (target.kind == "product formula"), target.name


@pytest.mark.skipif(not CASES, reason="there are no published cases")
def test_most_cases_touch_the_product():
    """34 of 47, at least, and no fewer of what came since."""
    kinds = [target.kind for case in CASES if (target := find_target(case.id)) is not None]
    touched = sum(kind != "theory only" for kind in kinds)
    assert touched * 47 >= 34 * len(kinds), f"{touched} of {len(kinds)}"


@pytest.mark.skipif(not CASES, reason="there are no published cases")
def test_the_documentation_says_what_computes_each_case():
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    for case in CASES:
        target = find_target(case.id)
        if target is not None:
            assert f"| {case.id} | {target.kind} |" in text, case.id
