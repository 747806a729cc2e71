"""Builds the Cython extensions: every ``.pyx`` under ``lob`` and ``agents`` is one extension.

One more, ``lob._cython``, holds the helpers that Cython would otherwise write into each of them.

Two switches, read from the environment:

``FIRESALE_SANITIZE=1``  builds with ASan and UBSan (run with ``PYTHONMALLOC=malloc``).
``FIRESALE_ANNOTATE=1``  also writes Cython's annotated HTML beside the generated C, in ``build/``.
"""

import gc
import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

PACKAGES = ("lob", "agents")
SHARED = "lob._cython"

# Where compile time is spent: at the level named here, or at DEFAULT. Patterns are matched against
# the end of a source's path, so that they hold when a folder moves; one that fits no source, and a
# source that two levels claim, end the build.
DEFAULT, LEAST = "-O2", "-O1"
LEVELS = {
    # Rules, views and set-up, where Python objects cost the time that there is.
    LEAST: (
        "claim_graph.pyx",
        "collateral.pyx",
        "facility.pyx",
        "holding.pyx",
        "liquidation/*.pyx",
        "owners.pyx",
        "pool.pyx",
        "quote_history.pyx",
        "stack.pyx",
        "traders/chartist.pyx",
    ),
    # Loops over every message, order or account, where inlining pays.
    "-O3": (
        "book.pyx",
        "matching.pyx",
        "feeds/*.pyx",
        "flow/*.pyx",
        "ledger.pyx",
        "cross_blocks.pyx",
        "failure_queues.pyx",
        "margin_accounts.pyx",
        "margin_excess.pyx",
        "random.pyx",
        "resubmission.pyx",
    ),
}

# -ffp-contract=off: the same floating-point results on every machine of a processor family.
# -fno-tree-slp-vectorize: gathering record fields into wide loads right after narrow stores stalls.
COMPILE = ["-g0", "-ffp-contract=off", "-fno-math-errno", "-fno-tree-slp-vectorize"]
LINK: list[str] = []
SANITIZED = bool(os.environ.get("FIRESALE_SANITIZE"))
if SANITIZED:
    COMPILE = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
    LINK = ["-fsanitize=address,undefined"]


def levels(sources: list[Path]) -> dict[Path, str]:
    """The optimisation level of each source.

    Raises
    ------
    SystemExit
        A pattern of ``LEVELS`` fits no source, or a source fits patterns of two levels.
    """
    found: dict[Path, str] = {}
    for level, patterns in LEVELS.items():
        for pattern in patterns:
            fitting = [source for source in sources if source.match(pattern)]
            if not fitting:
                raise SystemExit(f"setup.py, LEVELS[{level!r}]: {pattern!r} fits no source: fix it")
            for source in fitting:
                if found.setdefault(source, level) != level:
                    raise SystemExit(f"setup.py, LEVELS: {source} is at two levels: keep one")
    return {source: found.get(source, DEFAULT) for source in sources}


def extensions() -> list[Extension]:
    """Every extension, its C written; the one with the most C, the longest to compile, first."""
    sources = [path for package in PACKAGES for path in sorted(Path(package).rglob("*.pyx"))]
    modules = {
        ".".join(source.with_suffix("").parts): (source, level)
        for source, level in levels(sources).items()
    }
    modules[SHARED] = (Path(*SHARED.split(".")).with_suffix(".c"), LEAST)
    gc.set_threshold(100_000)  # Cython makes millions of small objects and hardly a cycle
    written = cythonize(
        [
            Extension(
                name,
                [source.as_posix()],
                extra_compile_args=COMPILE if SANITIZED else [level, *COMPILE],
                extra_link_args=LINK,
            )
            for name, (source, level) in modules.items()
        ],
        build_dir="build/cython",
        nthreads=os.cpu_count() or 1,
        shared_utility_qualified_name=SHARED,
        annotate=bool(os.environ.get("FIRESALE_ANNOTATE")),
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "embedsignature": False,
        },
    )
    return sorted(written, key=lambda one: -Path(one.sources[0]).stat().st_size)


# Where processes are not forked, Cython's workers import this file again, under another name.
if __name__ == "__main__":
    setup(
        options={"build_ext": {"parallel": os.cpu_count()}},
        ext_modules=extensions(),
    )
