"""The scenarios that come with Firesale: their names, files and questions, without reading them."""

import tomllib
from pathlib import Path

__all__ = ["FOLDER", "questions_of_ready_scenarios", "ready_scenarios"]

FOLDER = Path(__file__).parent / "ready"
"""Where their files are."""


def ready_scenarios() -> list[str]:
    """Names of the scenarios that come with Firesale, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def questions_of_ready_scenarios() -> dict[str, str]:
    """What each ready scenario asks, by its name, sorted; their tables are not read."""
    return {name: _question(FOLDER / f"{name}.toml") for name in ready_scenarios()}


def _question(file: Path) -> str:
    """The line of a ready scenario's file that is its question, which stands before all tables."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("question"):
                return str(tomllib.loads(line)["question"])
    raise ValueError(f"{file} asks no question in a line")
