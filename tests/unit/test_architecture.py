"""Three rooms, one direction: experiments -> agents -> lob, in Python and in Cython."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.folders import ROOT

MAY_IMPORT = {
    "lob": {"lob"},
    "agents": {"agents", "lob"},
    "experiments": {"experiments", "agents", "lob"},
}
ONLY_EXPERIMENTS = {"pandas", "typer", "rich", "plotly"}
OUTSIDE = {"tests", "benchmarks"}

# Anywhere on a line of its own or after a colon or semicolon, so inside functions and branches too.
FROM = re.compile(r"(?:^|[:;])[ \t]*from[ \t]+([\w.]+)[ \t]+c?import\b", re.MULTILINE)
PLAIN = re.compile(r"(?:^|[:;])[ \t]*c?import[ \t]+([^\n;#(]+)", re.MULTILINE)
DYNAMIC = re.compile(r"(?:__import__|import_module)\([ \t\n]*['\"]([\w.]+)")
INCLUDE = re.compile(r"^[ \t]*include[ \t]+['\"]", re.MULTILINE)


def imports(source: str, package: str) -> set[str]:
    """The modules that a source imports, relative ones as parts of ``package``."""
    source = re.sub(r"\\\n", " ", source)
    source = re.sub(r"('''|\"\"\").*?\1", "''", source, flags=re.DOTALL)
    named = FROM.findall(source) + DYNAMIC.findall(source)
    for several in PLAIN.findall(source):
        named += [one.split()[0] for one in several.split(",") if one.strip()]
    return {f"{package}{name}" if name.startswith(".") else name for name in named}


def tops(source: str, package: str) -> set[str]:
    """The top-level packages that a source imports."""
    return {name.split(".")[0] for name in imports(source, package)}


def sources(package: str) -> list[Path]:
    return sorted(
        path
        for suffix in ("py", "pyx", "pxd", "pyi")
        for path in (ROOT / package).rglob(f"*.{suffix}")
    )


def every_source() -> list[tuple[str, Path]]:
    return [(package, path) for package in MAY_IMPORT for path in sources(package)]


@pytest.mark.parametrize(
    ("package", "path"),
    every_source(),
    ids=lambda part: str(part.relative_to(ROOT)) if isinstance(part, Path) else "",
)
def test_imports_run_one_way(package, path):
    found = tops(path.read_text(encoding="utf-8"), package)
    assert found & (set(MAY_IMPORT) | OUTSIDE) <= MAY_IMPORT[package]
    if package != "experiments":
        assert not found & ONLY_EXPERIMENTS


@pytest.mark.parametrize(
    "path",
    [path for _, path in every_source() if path.suffix in {".pyx", ".pxd"}],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_cython_includes_nothing_by_text_past_the_imports(path):
    assert not INCLUDE.search(path.read_text(encoding="utf-8"))


def test_there_is_something_to_look_at():
    assert {path.suffix for path in sources("lob")} >= {".py", ".pyx", ".pxd"}
    assert sources("experiments")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import agents", {"agents"}),
        ("import numpy as np, agents.flow as flow", {"numpy", "agents"}),
        ("from agents.flow import hawkes", {"agents"}),
        ("def f():\n    from agents import flow\n", {"agents"}),
        ("if x: import agents", {"agents"}),
        ("x = 1; import agents", {"agents"}),
        ("from agents.clock cimport Clock", {"agents"}),
        ("cimport agents.clock", {"agents"}),
        ("    cimport numpy as np, agents", {"numpy", "agents"}),
        ("from agents.flow import (\n    a,\n    b,\n)", {"agents"}),
        ("from agents \\\n    import flow", {"agents"}),
        ("from . import types", {"lob"}),
        ("from .types import Side", {"lob"}),
        ("import_module('agents.flow')", {"agents"}),
        ('"""from agents import x"""', set()),
        ("# import agents", set()),
        ('cdef extern from "Python.h":\n    pass', set()),
    ],
)
def test_the_reader_of_imports_sees(source, found):
    assert tops(source, "lob") == found


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a statement loads in a fresh interpreter."""
    program = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_venue_is_light():
    assert not loaded_by("import lob") & {"numpy"}  # a name is imported when it is used
    loaded = loaded_by("import lob; lob.OrderBook, lob.Venue, lob.Side, lob.reference")
    assert not loaded & (ONLY_EXPERIMENTS | {"pyarrow", "pydantic", "agents", "experiments"})
    assert {"numpy", "lob"} <= loaded
