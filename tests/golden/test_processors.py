"""The tapes do not depend on what the processor can do: no last bit of libm or numpy reaches them.

The C library and numpy choose their functions by the instructions that a processor has. Without
AVX2, FMA and AVX-512 they choose others, whose last bits differ; the digests must not.
"""

import json
import os
import platform
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.folders import ROOT
from tests.golden import formulas, markets, scenarios
from tests.golden.formulas import digest_of

DISPATCHED = np._core._multiarray_umath.__cpu_dispatch__
SUPPORTED = np._core._multiarray_umath.__cpu_features__

INEXACT = {
    *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh"),
    *("erf", "erfc", "exp", "exp2", "expm1", "float_power", "gamma", "lgamma", "log", "log10"),
    *("log1p", "log2", "pow", "power", "sin", "sinh", "tan", "tanh"),
}
IMPORTS = re.compile(r"^\s*from (math|cmath|libc\.math) c?import (\([^)]*\)|[^\n]*)", re.MULTILINE)
CALLS = re.compile(r"\b(?:np|numpy|math|cmath)\.(\w+)\b")
WORD = re.compile(r"\w+")
FLOAT_POWERS = re.compile(r"\*\* ?-?\d*\.\d+|\b0\.\d+ ?\*\*")


X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="names features of x86")


def on_an_old_processor(module):
    """What a module prints where nothing newer than SSE is used."""
    new = {name for name in DISPATCHED if SUPPORTED.get(name)}
    environment = os.environ | {
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-AVX512F,-AVX512VL",
        "NPY_DISABLE_CPU_FEATURES": " ".join(sorted(new)),
        "OPENBLAS_CORETYPE": "Nehalem",
    }
    done = subprocess.run(
        [sys.executable, "-m", module.__name__],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@X86
@pytest.mark.parametrize("module", [markets, scenarios], ids=["markets", "scenarios"])
def test_the_tapes_are_the_same_on_an_old_processor(module):
    assert on_an_old_processor(module) == json.loads(module.PATH.read_text(encoding="utf-8"))


@X86
def test_formulas_give_the_same_bits_on_an_old_processor():
    assert on_an_old_processor(formulas) == {name: digest_of(name) for name in formulas.FORMULAS}


def tape_makers():
    """The sources whose numbers can reach a tape."""
    folders = ("lob", "agents", "experiments/scenario", "experiments/markets")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py*")]
    return sorted(path for path in found if path.suffix in (".py", ".pyx"))


def test_what_makes_tapes_takes_no_function_whose_last_bit_depends_on_the_processor():
    """``lob.engine.elementary``, ``x * x`` and ``sqrt`` have the same bits everywhere."""
    found = {}
    for path in tape_makers():
        text = path.read_text(encoding="utf-8")
        names = [name for _, names in IMPORTS.findall(text) for name in WORD.findall(names)]
        inexact = (INEXACT & {*names, *CALLS.findall(text)}) | set(FLOAT_POWERS.findall(text))
        if inexact:
            found[str(path.relative_to(ROOT))] = sorted(inexact)
    assert not found
