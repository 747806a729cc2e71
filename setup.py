"""Builds the Cython extensions: every ``.pyx`` under ``lob`` and ``agents`` is one extension.

One more, ``lob._cython``, holds the helpers that Cython would otherwise write into each of them.

Two switches, read from the environment:

``FIRESALE_SANITIZE=address``  builds with ASan and UBSan (run with ``PYTHONMALLOC=malloc``);
``FIRESALE_SANITIZE=thread``   builds with TSan: ``.ci/sanitize`` does either, and runs tests.
``FIRESALE_ANNOTATE=1``        also writes Cython's annotated HTML beside the C, in ``build/``.
"""

import gc
import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGES = ("lob", "agents")
SHARED = "lob._cython"

# Where compile time is spent: with the options named here, or with DEFAULT. Patterns are matched
# against the end of a source's path, so that they hold when a folder moves; one that fits no
# source, and a source that two levels claim, end the build.
LEAST, MOST = ("-O1",), ("-O3",)
# What of -O2 pays here: the whole of it compiles 1.4 times as long, and saves 2 % of the
# instructions of flows and markets.
DEFAULT = ("-O1", "-finline-small-functions", "-fstrict-aliasing", "-ftree-vrp")
LEVELS = {
    # Rules, views and set-up, where Python objects cost the time that there is.
    LEAST: (
        "adaptive_maker.pyx",
        "cases.pyx",
        "claim_holdings.pyx",
        "clearing/clearing.pyx",
        "collateral.pyx",
        "facility.pyx",
        "holding.pyx",
        "leverage/*.pyx",
        "liquidation/*.pyx",
        "oracle.pyx",
        "owners.pyx",
        "payments.pyx",
        "pool.pyx",
        "quote_history.pyx",
        "sellable_depth.pyx",
        "stack.pyx",
        "traders/chartist.pyx",
        "valuation.pyx",
    ),
    # Loops over every message, order or account, where inlining pays.
    MOST: (
        "book.pyx",
        "matching.pyx",
        "feeds/_books.pyx",
        "feeds/_d*.pyx",
        "feeds/_itch.pyx",
        "feeds/_levels.pyx",
        "feeds/_parse.pyx",
        "feeds/_reconcile.pyx",
        "cross_blocks.pyx",
        "failure_queues.pyx",
        "ledger.pyx",
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
SANITIZERS = {"": "", "address": "address,undefined", "thread": "thread"}
SANITIZE = os.environ.get("FIRESALE_SANITIZE", "")
if SANITIZE not in SANITIZERS:
    raise SystemExit(f"FIRESALE_SANITIZE must be address or thread, got {SANITIZE!r}")
SANITIZED = SANITIZERS[SANITIZE]
ANNOTATED = bool(os.environ.get("FIRESALE_ANNOTATE"))
if SANITIZED:
    COMPILE = ["-O1", "-g1", "-ffp-contract=off", "-fno-omit-frame-pointer"]
    LINK = [f"-fsanitize={SANITIZED}"]
    COMPILE += LINK


def levels(sources: list[Path]) -> dict[Path, tuple[str, ...]]:
    """What each source is compiled with.

    Raises
    ------
    SystemExit
        A pattern of ``LEVELS`` fits no source, or a source fits patterns of two levels.
    """
    found: dict[Path, tuple[str, ...]] = {}
    for level, patterns in LEVELS.items():
        for pattern in patterns:
            fitting = [source for source in sources if source.match(pattern)]
            if not fitting:
                raise SystemExit(f"setup.py, LEVELS: {pattern!r} fits no source: fix it")
            for source in fitting:
                if found.setdefault(source, level) != level:
                    raise SystemExit(f"setup.py, LEVELS: {source} is at two levels: keep one")
    return {source: found.get(source, DEFAULT) for source in sources}


def extensions() -> list[Extension]:
    """Every extension, with its Cython source: ``Build`` has the C written."""
    sources = [path for package in PACKAGES for path in sorted(Path(package).rglob("*.pyx"))]
    modules = {
        ".".join(source.with_suffix("").parts): (source, level)
        for source, level in levels(sources).items()
    }
    modules[SHARED] = (Path(*SHARED.split(".")).with_suffix(".c"), LEAST)
    return [
        Extension(
            name,
            [source.as_posix()],
            extra_compile_args=COMPILE if SANITIZED else [*level, *COMPILE],
            extra_link_args=LINK,
        )
        for name, (source, level) in modules.items()
    ]


class Build(build_ext):
    """Writes the C of all extensions, then compiles it, what has the most C first.

    Here and not before ``setup``: an installer runs this file several times only to ask what it
    needs and what the package is called.
    """

    def finalize_options(self) -> None:
        """As many compilers at once as there are cores, unless the command line says otherwise."""
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count() or 1

    def build_extensions(self) -> None:
        """Write the C, then compile it."""
        gc.set_threshold(1_000_000)  # Cython makes millions of small objects and hardly a cycle
        written = cythonize(
            [Extension(one.name, one.sources) for one in self.extensions],
            build_dir="build/cython",
            nthreads=os.cpu_count() or 1,
            shared_utility_qualified_name=SHARED,
            annotate=ANNOTATED,
            compiler_directives={
                "language_level": 3,
                "boundscheck": False,
                "wraparound": False,
                "cdivision": True,
                "initializedcheck": False,
                "embedsignature": False,
                "emit_code_comments": ANNOTATED or bool(SANITIZED),
            },
        )
        sources = {one.name: one.sources for one in written}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
        self.extensions.sort(key=lambda one: -Path(one.sources[0]).stat().st_size)
        super().build_extensions()


# Where processes are not forked, Cython's workers import this file again, under another name.
if __name__ == "__main__":
    setup(
        ext_modules=extensions(),
        cmdclass={"build_ext": Build},
    )
