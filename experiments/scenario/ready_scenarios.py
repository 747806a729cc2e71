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
    """What each ready scenario asks, by its name, sorted; nothing else of them is validated."""
    return {
        name: str(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["question"])
        for name in ready_scenarios()
    }
