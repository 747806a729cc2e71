"""The words of lob/liquidation: docstrings stand alone, and Maker's jargon stays in its file."""

import ast
import re
import tokenize
from pathlib import Path

import pytest

import lob.liquidation
from lob.liquidation import StagedDesign
from lob.liquidation.context import CaseContext, TakerContext

ROOT = Path(lob.liquidation.__file__).parent
FILES = sorted(p for p in ROOT.rglob("*.py*") if p.suffix in (".py", ".pyx"))
JARGON = re.compile(r"^(tab|bark|dirt|guy|ink|art|ilk|chost|dart|dink|vow|tend|dent)$")
ADAPTERS = {
    "chost": ("recipes/auctions.py",),
    "dent": ("takers/english.py",),
    "tend": ("takers/english.py",),
}
"""Where a word of Maker's is said outside its formulas: to call them."""


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_makers_words_stay_with_maker(path):
    if name_of(path) == "formulas/maker.py":
        return
    found = set()
    if path.suffix == ".py":
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                found |= {w for w in re.findall(r"[a-z]+", token.string) if JARGON.match(w)}
    else:
        found = {w for w in re.findall(r"[a-z]+", path.read_text()) if JARGON.match(w)}
    assert not {word for word in found if name_of(path) not in ADAPTERS.get(word, ())}


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix == ".py"], ids=name_of)
def test_a_docstring_stands_alone(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        text = ast.get_docstring(node)
        if text is None:
            continue
        first = text.splitlines()[0]
        assert not re.match(r"(See|Of the|Not at all|The same|As above)\b", first), (
            node.name,
            first,
        )
        assert len(first.split()) >= 4, (node.name, first)


def names(protocol):
    return {n for n in vars(protocol) if not n.startswith("_")}


def test_what_a_part_may_ask_is_a_short_list_that_a_design_has():
    assert len(names(CaseContext)) <= 16
    made = StagedDesign([lob.liquidation.Stage()])
    for name in names(CaseContext) | names(TakerContext):
        assert hasattr(type(made), name) or hasattr(made, name), name
