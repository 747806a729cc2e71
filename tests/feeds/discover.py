"""Real files of a format: found by what is in them, never by name."""

from functools import cache
from pathlib import Path

import pytest

from lob.feeds import FeedError, recognise
from tests.folders import folder

ROOT = folder("FIRESALE_DATA")


@cache
def _all() -> tuple[tuple[str, Path], ...]:
    found = []
    for path in sorted(ROOT.rglob("*")) if ROOT.is_dir() else ():
        if path.is_file() or any(path.glob("*.csv")):
            try:
                found.append((recognise(path).name, path))
            except FeedError:
                continue
    return tuple(found)


def real_files(name: str) -> list[Path]:
    """The files of a format in FIRESALE_DATA; skips where there is none."""
    files = [path for format_name, path in _all() if format_name == name]
    if not files:
        pytest.skip(f"no {name} file in {ROOT} (FIRESALE_DATA)")
    return files
