"""Docstrings of measurement say what its numbers are: parameters, fields, errors, units."""

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.metrics.criteria import CRITERIA
from experiments.runs.frames import COLUMNS
from tests.folders import ROOT

WHOLE = ("contest", "markets", "metrics", "runs", "scenario", "validation")
"""Folders of ``experiments`` in which every public field and error is documented."""
UNITS = {"cash", "share", "seconds", "lots", "ticks", "sides", "accounts", "Gini"}
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def definitions(path: Path) -> Iterator[tuple[str, ast.AST, ast.ClassDef | None]]:
    """Every public function and class of a source, with the class that a method is of."""
    todo = [("", ast.parse(path.read_text(encoding="utf-8")).body, None)]
    while todo:
        prefix, body, of = todo.pop()
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                yield prefix + node.name, node, of
                if isinstance(node, ast.ClassDef):
                    todo.append((f"{prefix}{node.name}.", node.body, node))


def documented(text: str) -> list[str]:
    """Names in the section of parameters."""
    parts = SECTION.split(text)
    found = dict(zip(parts[1::2], parts[2::2], strict=True)).get("Parameters", "")
    lines = [line for line in found.splitlines() if line and not line.startswith(" ")]
    return [name.strip("* ") for line in lines for name in line.split(":")[0].split(",")]


def arguments(node: ast.FunctionDef) -> list[str]:
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [one.arg for one in every if one is not None and one.arg not in ("self", "cls")]


def fields(node: ast.ClassDef) -> Iterator[tuple[str, bool]]:
    """Each annotated field of a class, and whether a docstring follows it."""
    for one, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            yield one.target.id, said


def taken(node: ast.AST) -> list[str]:
    """What may be given to a function or a class, whose base's arguments count where it has any."""
    if isinstance(node, ast.FunctionDef):
        return arguments(node)
    made = [one for one in node.body if getattr(one, "name", "") == "__init__"]
    return [name for one in made for name in arguments(one)] or [name for name, _ in fields(node)]


def wider(error: str) -> list[str]:
    """An error and, of one of Python's own, what it is one of: a docstring may name any of them."""
    kind = getattr(builtins, error, None)
    return [error] if kind is None else [one.__name__ for one in kind.__mro__[:-3]]


def id_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", sources("experiments", "lob/feeds"), ids=id_of)
def test_parameters_in_a_docstring_are_those_of_the_signature(path):
    wrong = {}
    for name, node, _ in definitions(path):
        said, given = documented(ast.get_docstring(node) or ""), taken(node)
        passed_on = isinstance(node, ast.ClassDef) and (not given or "options" in given)
        if said and not passed_on and set(said) != set(given):
            wrong[name] = sorted(set(said) ^ set(given))
    assert wrong == {}


WHOLE_FOLDERS = sources(*(f"experiments/{folder}" for folder in WHOLE))


@pytest.mark.parametrize("path", WHOLE_FOLDERS, ids=id_of)
def test_every_field_is_documented(path):
    silent = [
        f"{name}.{field}"
        for name, node, _ in definitions(path)
        if isinstance(node, ast.ClassDef)
        for field, said in fields(node)
        if not (said or field.startswith("_") or f"\n{field}\n" in (ast.get_docstring(node) or ""))
    ]
    assert silent == []


@pytest.mark.parametrize("path", WHOLE_FOLDERS, ids=id_of)
def test_an_error_that_a_function_raises_is_in_its_docstring(path):
    silent = {}
    for name, node, _ in definitions(path):
        if isinstance(node, ast.FunctionDef):
            raised = {
                one.exc.func.id
                for one in ast.walk(node)
                if isinstance(one, ast.Raise)
                and isinstance(one.exc, ast.Call)
                and isinstance(one.exc.func, ast.Name)
            }
            text = ast.get_docstring(node) or ""
            # An assertion is about this project, not about what it is given.
            raised -= {"AssertionError"}
            if missing := sorted(one for one in raised if not any(w in text for w in wider(one))):
                silent[name] = missing
    assert silent == {}


@pytest.mark.parametrize("path", WHOLE_FOLDERS, ids=id_of)
def test_every_parameter_of_a_function_with_several_is_documented(path):
    silent = {}
    for name, node, of in definitions(path):
        given = arguments(node) if isinstance(node, ast.FunctionDef) and of is None else []
        text = ast.get_docstring(node) or ""
        missing = [one for one in given if not re.search(rf"\b{one}\b", text)]
        if len(given) > 1 and missing:
            silent[name] = missing
    assert silent == {}


def test_every_criterion_has_a_unit_and_a_meaning():
    assert {one.unit for one in CRITERIA} == UNITS
    assert [one.name for one in CRITERIA if len(one.meaning.split()) < 3] == []


def test_every_column_of_a_frame_has_a_meaning_of_its_own_and_numbers_a_unit():
    for frame, columns in COLUMNS.items():
        assert len({one.name for one in columns}) == len(columns), frame
        assert [one.name for one in columns if len(one.meaning.split()) < 2] == [], frame


def test_what_is_not_documented_is_seen():
    """The readers of this file find what they look for."""
    source = ast.parse(
        '''
class Pair:
    one: int
    """Said."""
    other: int

def total(first, *, second, **others):
    """Add up.

    Parameters
    ----------
    first, second
        Ticks.
    """
'''
    )
    pair, total = source.body
    assert list(fields(pair)) == [("one", True), ("other", False)]
    assert documented(ast.get_docstring(total)) == ["first", "second"]
    assert taken(total) == ["first", "second", "others"]
    assert wider("FileNotFoundError") == ["FileNotFoundError", "OSError"]
    assert wider("ScenarioError") == ["ScenarioError"]
