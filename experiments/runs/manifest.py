"""Manifest of a folder of runs: what was asked, with which packages, where and when."""

import json
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from experiments.runs.whole_files import WholeFiles
from experiments.runs.workers import cores

__all__ = ["read_manifest", "write_manifest"]

NAME = "manifest.json"
PACKAGES = ("numpy", "pandas", "pyarrow", "pydantic", "scipy")
"""Packages whose versions may matter to a number."""


def write_manifest(folder: Path, said: Mapping[str, Any], started: float, **counts: int) -> None:
    """Write the manifest, whole or not at all.

    Parameters
    ----------
    folder
        The folder of the runs.
    said
        What was asked, as JSON values.
    started
        When, in seconds since 1970.
    **counts
        Of a sweep that is over: its ``runs``, how many ``failed`` and how many were ``made`` now.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    now = time.time()
    with WholeFiles(folder) as files:
        files.json(
            NAME,
            {
                **said,
                "python": platform.python_version(),
                "packages": {name: version for name in PACKAGES if (version := _version(name))},
                "machine": {
                    "system": platform.platform(),
                    "processor": platform.machine(),
                    "cores": cores(),
                },
                "started": _told(started),
                "finished": _told(now) if counts else None,
                "wall_seconds": round(now - started, 3),
                **counts,
            },
        )


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder; ``None``: there is none that can be read."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _told(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
