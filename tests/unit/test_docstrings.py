"""Docstrings make sense when they are read without the name above them."""

import ast
import re
from pathlib import Path

import pytest

from tests.folders import ROOT

PACKAGES = ("firesale", "lob", "agents", "experiments")
RIDDLES = re.compile(
    r"(of (the|its|their|now|every|each)|some of|not (at|of)|the same|as above|see above|it|they|"
    r"them|whoever|how far (it|a|they)|its|their|in words|so (much|many))\b",
    re.IGNORECASE,
)
"""Beginnings that need the name to be understood."""
COMPILED = re.compile(
    r'^ *(?:cdef class|class|def|cpdef [^\n(]*?) ?(\w+)[^\n]*:\n\s+"""(.*?)"""',
    re.MULTILINE | re.DOTALL,
)


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s", " ".join(text.split()), maxsplit=1)[0]


def docstrings(path: Path) -> list[tuple[str, str]]:
    """Name and docstring of all that is public in a source."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".pyx":
        found = COMPILED.findall(source)
    else:
        nodes = [
            node
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
        ]
        found = [(node.name, ast.get_docstring(node) or "") for node in nodes]
    return [(name, text) for name, text in found if text and not name.startswith("_")]


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for package in PACKAGES
        for suffix in ("py", "pyx")
        for path in (ROOT / package).rglob(f"*.{suffix}")
    ),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_docstring_stands_alone(path):
    riddles = {
        name: first_sentence(text)
        for name, text in docstrings(path)
        if RIDDLES.match(first_sentence(text)) or len(re.findall(r"\w+", text)) < 2
    }
    assert not riddles


@pytest.mark.parametrize(
    "text", ["Some of them.", "Not at all.", "Of the design.", "How far a case is."]
)
def test_a_riddle_is_seen(text):
    assert RIDDLES.match(text)
