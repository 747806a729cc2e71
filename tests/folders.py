"""Where the material lives that the project reads but does not carry."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = {"FIRESALE_CASES": "../shared/cases", "FIRESALE_DATA": "../shared/data"}


def folder(variable: str) -> Path:
    """The folder that an environment variable names, else its default beside the project."""
    return (ROOT / os.environ.get(variable, DEFAULTS[variable])).resolve()


def require(variable: str) -> Path:
    """The folder of ``variable``; skips the test where there is none."""
    path = folder(variable)
    if not path.is_dir():
        pytest.skip(f"{path} is not there: set {variable} to the folder that holds it")
    return path
