"""What is public in the sources, compiled ones too, with parameters, docstring and errors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ERROR = re.compile(r"^\s+raise (TypeError|ValueError|KeyError)\b", re.MULTILINE)
CHECK = re.compile(
    r"\b(?:checks\.\w+|integer|natural|ppm|_rate|reals?|text|switch|choice)\(", re.MULTILINE
)
CONSTRUCTORS = ("__init__", "__cinit__", "__post_init__")


class Definition(NamedTuple):
    """A public class, method or function of a source."""

    name: str
    """With the class before a dot, of a method."""
    is_class: bool
    parameters: list[str]
    """Names: of a class, those of its constructor; ``self`` and ``cls`` left out."""
    bases: list[str]
    docstring: str
    errors: set[str]
    """Names of what its body raises; of a class, what its constructor raises."""
    checks: bool
    """Whether it, or the constructor of the class, checks its arguments."""
    fields: list[tuple[str, str]]
    """Public fields of a class that are annotated or enumerated, each with its docstring."""


def definitions(path: Path) -> list[Definition]:
    """All public classes, methods and functions of a source."""
    source = path.read_text(encoding="utf-8")
    found = _compiled(source) if path.suffix == ".pyx" else _plain(source)
    return [
        one
        for one in found
        if not any(part.startswith("_") and part != "__init__" for part in one.name.split("."))
    ]


def sections(docstring: str) -> dict[str, str]:
    """The sections of a numpy docstring, by name."""
    parts = re.split(r"^ *(\w[\w ]*)\n *-{3,}$", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def parameters_of(docstring: str, section: str = "Parameters") -> list[str]:
    """The names that a section on parameters or attributes has."""
    rows = sections(docstring).get(section, "").split("\n")
    margin = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
    heads = [row.strip() for row in rows if row.strip() and row[margin] != " "]
    return [name.strip(" *") for head in heads for name in head.split(" : ")[0].split(",")]


def _plain(source: str) -> Iterator[Definition]:
    def function(node: ast.FunctionDef, owner: str) -> Definition:
        body = ast.get_source_segment(source, node) or ""
        every = (
            *node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs,
            *((node.args.vararg,) if node.args.vararg else ()),
            *((node.args.kwarg,) if node.args.kwarg else ()),
        )  # fmt: skip
        names = [one.arg for one in every if one.arg not in ("self", "cls")]
        docstring = ast.get_docstring(node) or ""
        return _function(owner + node.name, names, docstring, body)

    def walk(nodes: list[ast.stmt], owner: str) -> Iterator[Definition]:
        for node in nodes:
            if isinstance(node, ast.FunctionDef):
                yield function(node, owner)
            elif isinstance(node, ast.ClassDef):
                members = list(walk(node.body, f"{owner}{node.name}."))
                bases = [ast.unparse(one) for one in node.bases]
                docstring = ast.get_docstring(node) or ""
                yield _class(owner + node.name, bases, docstring, members, _fields(node))
                yield from members

    yield from walk(ast.parse(source).body, "")


def _fields(node: ast.ClassDef) -> list[tuple[str, str]]:
    """Public fields of a class that are annotated or enumerated, each with its docstring."""
    enumeration = any("Enum" in ast.unparse(base) or "Flag" in ast.unparse(base)
                      for base in node.bases)  # fmt: skip
    found = []
    for one, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(one, ast.AnnAssign) and "init=False" not in ast.unparse(one):
            name = ast.unparse(one.target)
        elif enumeration and isinstance(one, ast.Assign):
            name = ast.unparse(one.targets[0])
        else:
            continue
        if enumeration and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str):
            continue  # says itself what it is
        text = after.value if isinstance(after, ast.Expr) else None
        if not name.startswith("_"):
            found.append((name, str(text.value) if isinstance(text, ast.Constant) else ""))
    return found


def _compiled(source: str) -> Iterator[Definition]:
    """What Python sees of a Cython source, found by its indentation."""
    head = re.compile(
        r"^( *)(?:(cdef class|class|def)|cpdef(?: [\w.]+)?) (\w+)"
        r"(?:\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\))?[^\n]*:\n(?:\s+\"\"\"(.*?)\"\"\")?",
        re.MULTILINE | re.DOTALL,
    )
    found = list(head.finditer(source))
    owner, margin = None, ""
    members: dict[str, list[Definition]] = {}
    classes, functions = [], []
    for one in found:
        indent, kind, name, inside, docstring = one.groups(default="")
        if owner and len(indent) <= len(margin):
            owner = None
        if "class" in kind:
            owner, margin = name, indent
            classes.append((name, [base.strip() for base in inside.split(",")], docstring))
            continue
        after = re.compile(rf"^ {{0,{len(indent)}}}\S", re.MULTILINE).search(source, one.end())
        body = source[one.end() : after.start() if after else None]
        names = [_name(each) for each in _split(inside)]
        names = [each for each in names if each not in ("", "self", "cls")]
        made = _function(f"{owner}.{name}" if owner else name, names, docstring, body)
        if owner:
            members.setdefault(owner, []).append(made)
        functions.append(made)
    for name, bases, docstring in classes:
        yield _class(name, bases, docstring, members.get(name, []), [])
    yield from functions


def _function(name: str, parameters: list[str], docstring: str, body: str) -> Definition:
    body = body.replace(docstring, "")
    errors, checked = set(ERROR.findall(body)), bool(CHECK.search(body))
    return Definition(name, False, parameters, [], docstring, errors, checked, [])


def _class(
    name: str,
    bases: list[str],
    docstring: str,
    members: list[Definition],
    fields: list[tuple[str, str]],
) -> Definition:
    made = [one for one in members if one.name.rsplit(".", 1)[-1] in CONSTRUCTORS]
    parameters = [each for one in made for each in one.parameters]
    errors = {error for one in made for error in one.errors}
    checked = any(one.checks for one in made)
    return Definition(name, True, parameters, bases, docstring, errors, checked, fields)


def _split(inside: str) -> list[str]:
    """Parameters at their commas, but for those in brackets."""
    found, depth = [""], 0
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def _name(parameter: str) -> str:
    """The name in a parameter, whose type, default and marks are left out."""
    parameter = parameter.split("=")[0].replace("not None", "").strip(" \n*/")
    return re.sub(r"\[[^\]]*\]", "", parameter).split(" ")[-1].strip("*&") if parameter else ""
