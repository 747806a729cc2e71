"""The tapes do not depend on what the processor can do: no last bit of libm or numpy reaches them.

The C library and numpy choose their functions by the instructions that a processor has. Without
AVX2, FMA and AVX-512 they choose others, whose last bits differ; the digests must not.
"""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from tests.folders import ROOT
from tests.golden import markets, scenarios

DISPATCHED = np._core._multiarray_umath.__cpu_dispatch__
SUPPORTED = np._core._multiarray_umath.__cpu_features__


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names features of x86")
@pytest.mark.parametrize("module", [markets, scenarios], ids=["markets", "scenarios"])
def test_the_tapes_are_the_same_on_an_old_processor(module):
    new = {name for name in DISPATCHED if SUPPORTED.get(name)}
    environment = os.environ | {
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-AVX512F,-AVX512VL",
        "NPY_DISABLE_CPU_FEATURES": " ".join(sorted(new)),
    }
    done = subprocess.run(
        [sys.executable, "-m", module.__name__],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == json.loads(module.PATH.read_text(encoding="utf-8"))
