"""Builds the Cython extensions: every ``.pyx`` of the three packages is one extension.

Two switches, read from the environment:

``FIRESALE_SANITIZE=1``  builds with ASan and UBSan (run with ``PYTHONMALLOC=malloc``).
``FIRESALE_ANNOTATE=1``  also writes Cython's annotated HTML beside the generated C, in ``build/``.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# -ffp-contract=off: the same floating-point results on every machine of a processor family.
# -fno-tree-slp-vectorize: gathering record fields into wide loads right after narrow stores stalls.
COMPILE = ["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-fno-tree-slp-vectorize"]
LINK: list[str] = []
if os.environ.get("FIRESALE_SANITIZE"):
    COMPILE = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
    LINK = ["-fsanitize=address,undefined"]

extensions = [
    Extension(
        ".".join(source.with_suffix("").parts),
        [source.as_posix()],
        extra_compile_args=COMPILE,
        extra_link_args=LINK,
    )
    for package in ("lob", "agents")
    for source in sorted(Path(package).rglob("*.pyx"))
]

setup(
    options={"build_ext": {"parallel": os.cpu_count()}},
    ext_modules=cythonize(
        extensions,
        build_dir="build/cython",
        annotate=bool(os.environ.get("FIRESALE_ANNOTATE")),
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "embedsignature": False,
        },
    ),
)
