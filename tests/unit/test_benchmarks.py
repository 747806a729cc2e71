"""What the benchmarks compare with is there: the C beside them is tracked, and compiles."""

import os
import shlex
import subprocess

import pytest

from tests.folders import ROOT

FOLDER = ROOT / "benchmarks"
SOURCES = sorted(FOLDER.glob("*.c"))


def test_every_source_that_is_named_is_there():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    assert {path.name for path in SOURCES} == {"itch_loop.c", "yardstick.c"}
    for path in SOURCES:
        assert f'"{path.name}"' in text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_it_compiles_without_a_warning(path, tmp_path):
    compiler = shlex.split(os.environ.get("CC", "cc"))
    checked = [*compiler, "-O1", "-Wall", "-Wno-parentheses", "-Werror", "-shared", "-fPIC"]
    subprocess.run([*checked, "-o", tmp_path / "loop.so", path], check=True)
