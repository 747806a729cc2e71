"""Docstrings make sense when they are read without the name above them."""

import ast
import doctest
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from tests.docstrings import Definition, definitions, parameters_of, sections
from tests.folders import ROOT

PACKAGES = ("firesale", "lob", "agents", "experiments")
COMPLETE = ("agents", "lob")
"""Packages whose docstrings name every parameter, field and error, but for ``UNFINISHED``."""
UNFINISHED = (ROOT / "lob" / "liquidation", ROOT / "lob" / "feeds")
RIDDLES = re.compile(
    r"(of (the|its|their|now|every|each)|some of|not (at|of)|the same|as above|see above|it|they|"
    r"them|whoever|how far (it|a|they)|its|their|in words|so (much|many))\b",
    re.IGNORECASE,
)
"""Beginnings that need the name to be understood."""
REFERENCES = re.compile(r"^(see|as of|as for|as in)\b|^\W*(ns|ppm|lots|ticks|units)\W*$", re.I)
"""Docstrings that are nothing but a reference, or a unit of nobody knows what."""
ELSEWHERE = re.compile(r"[Pp]arameters[^.]* those\s+of\s+``|fields of ``")
"""A docstring that says where its parameters, or its fields, are described."""


def sources(*packages: str) -> list[Path]:
    return sorted(
        path
        for package in packages
        for suffix in ("py", "pyx")
        for path in (ROOT / package).rglob(f"*.{suffix}")
    )


def complete_sources() -> list[Path]:
    return [
        path
        for path in sources(*COMPLETE)
        if not any(path.is_relative_to(folder) for folder in UNFINISHED)
    ]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s", " ".join(text.split()), maxsplit=1)[0]


@cache
def all_by_name() -> dict[str, Definition]:
    return {one.name: one for path in sources(*COMPLETE) for one in definitions(path)}


def is_inherited(method: Definition) -> bool:
    """Whether a base class of a method's class documents a method of that name."""
    owner, _, name = method.name.rpartition(".")
    found = all_by_name()
    bases = list(found[owner].bases) if owner in found else []
    while bases:
        base = bases.pop().split("[")[0].split(".")[-1]
        if base in found:
            if f"{base}.{name}" in found and found[f"{base}.{name}"].docstring:
                return True
            bases += found[base].bases
    return False


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=shown)
def test_a_docstring_stands_alone(path):
    riddles = {
        one.name: first_sentence(one.docstring)
        for one in definitions(path)
        if one.docstring
        and (
            RIDDLES.match(first_sentence(one.docstring))
            or len(re.findall(r"\w+", one.docstring)) < 2
        )
    }
    assert not riddles


@pytest.mark.parametrize(
    "text", ["Some of them.", "Not at all.", "Of the design.", "How far a case is."]
)
def test_a_riddle_is_seen(text):
    assert RIDDLES.match(text)


@pytest.mark.parametrize("path", complete_sources(), ids=shown)
def test_all_that_is_public_is_described(path):
    texts = {}
    for one in definitions(path):
        if not one.name.endswith("__init__") and not is_inherited(one):
            texts[one.name] = one.docstring
        listed = [*parameters_of(one.docstring), *parameters_of(one.docstring, "Attributes")]
        if not ELSEWHERE.search(one.docstring):
            texts |= {f"{one.name}.{name}": text for name, text in one.fields if name not in listed}
    assert not [name for name, text in texts.items() if not text or REFERENCES.search(text)]


@pytest.mark.parametrize("path", complete_sources(), ids=shown)
def test_a_class_names_the_parameters_of_its_constructor(path):
    missing = {
        one.name: left
        for one in definitions(path)
        if one.is_class
        and not ELSEWHERE.search(one.docstring)
        and (left := set(one.parameters) - {"args", "kwargs"} - set(parameters_of(one.docstring)))
    }
    assert not missing


@pytest.mark.parametrize("path", complete_sources(), ids=shown)
def test_a_function_of_many_parameters_says_what_they_are(path):
    missing = {
        one.name: left
        for one in definitions(path)
        if not one.is_class
        and "." not in one.name
        and len(one.parameters) > 2
        and not ELSEWHERE.search(one.docstring)
        and (left := [name for name in one.parameters if not says(one.docstring, name)])
    }
    assert not missing


def says(docstring: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", docstring) is not None


@pytest.mark.parametrize("path", complete_sources(), ids=shown)
def test_what_is_raised_is_documented(path):
    """What a body raises itself; and of a constructor, that it checks its arguments."""
    missing = {
        one.name: left
        for one in definitions(path)
        if not one.name.endswith("__init__")
        and not is_inherited(one)
        and (left := {error for error in one.errors if error not in one.docstring})
    }
    silent = [
        one.name
        for one in definitions(path)
        if one.is_class
        and one.checks
        and "Raises" not in sections(one.docstring)
        and "Error``" not in one.docstring
    ]
    assert not missing
    assert not silent


@pytest.mark.parametrize(
    "path", [path for path in sources(*PACKAGES) if ">>>" in path.read_text("utf-8")], ids=shown
)
def test_an_example_is_true(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert not result.failed


def test_compiled_sources_are_read_as_plain_ones_are(tmp_path):
    text = '''
class Thing(Base):
    """A thing.

    Parameters
    ----------
    size, weight : int
        Lots, and grams.
    **others
        As for ``Base``.
    """

    def __init__(self, size, *, weight=(1, 2), **others):
        self.size = integer("size", size)
        if not weight:
            raise ValueError("weight")

    @property
    def area(self):
        return self.size

    def _hidden(self):
        raise TypeError

def free(first, second=max(1, 2)):
    """Raise a ``KeyError``: raise ValueError is no code here."""
    raise KeyError
'''
    found = []
    for suffix, source in (("py", text), ("pyx", text.replace("class T", "cdef class T"))):
        path = tmp_path / f"source.{suffix}"
        path.write_text(source)
        ast.parse(text)
        found.append({one.name: one for one in definitions(path)})
    for one in found:
        thing, area, free = one["Thing"], one["Thing.area"], one["free"]
        assert set(one) == {"Thing", "Thing.__init__", "Thing.area", "free"}
        assert thing.parameters == parameters_of(thing.docstring) == ["size", "weight", "others"]
        assert thing.is_class
        assert thing.checks
        assert thing.bases == ["Base"]
        assert thing.errors == {"ValueError"}
        assert not area.docstring
        assert free.parameters == ["first", "second"]
        assert free.errors == {"KeyError"}
