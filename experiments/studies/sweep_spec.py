"""A sweep as a TOML file: the scenario, what is varied over what, and how many seeds."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from experiments.markets.mistakes import mistakes_of
from experiments.markets.table import Table
from experiments.scenario.user_code import names_user_code
from experiments.studies.sweep import Sampling
from lob.counted import counted

__all__ = ["SweepSpec", "read_spec"]


class SweepSpec(Table):
    """Keys of the file; those of ``firesale.sweep`` mean what they mean there."""

    scenario: str
    """Name of a ready scenario, or a file, looked for beside this one first."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Values in place of what the scenario says, by key or path."""
    over: dict[str, Any] | list[dict[str, Any]]
    """Values or ranges by key or path, or points one by one."""
    seeds: Annotated[int, Field(ge=1)] | list[Annotated[int, Field(ge=0)]] = 20
    """How many at each point, or which."""
    design: str = "grid"
    """How points are chosen."""
    points: Annotated[int, Field(ge=1)] | None = None
    """How many points a sample has."""
    sample_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the sample."""
    narrow: dict[str, float] = Field(default_factory=dict)
    """Half-width at most of a mean's interval, by measure."""
    most: Annotated[int, Field(ge=2)] = 1_000
    """Seeds of a point after which it is left as wide as it is."""
    twin: bool = True
    """Whether each run has its twin."""
    metrics: dict[str, str] = Field(default_factory=dict)
    """``FILE.py:NAME`` by name, looked for beside this file first."""
    memory: str | None = None
    """What a run may take, like ``500 MB``."""

    def sampling(self, seeds: int | None = None) -> Sampling:
        """Where the scenario is run.

        Parameters
        ----------
        seeds
            How many at each point, in place of what the file says.
        """
        asked = seeds or self.seeds
        return Sampling(
            self.over,
            range(1, asked + 1) if isinstance(asked, int) else asked,
            self.design,
            self.points,
            self.sample_seed,
            self.narrow or None,
            self.most,
        )


def read_spec(path: Path) -> SweepSpec:
    """Read a sweep's file.

    Parameters
    ----------
    path
        The TOML file.

    Raises
    ------
    ValueError
        With all mistakes, each with its path.
    OSError
        If the file cannot be read.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not TOML: {error}") from None
    for key in ("over", "set"):
        if isinstance(content.get(key), dict):
            content[key] = _flat(content[key])
    try:
        found = SweepSpec.model_validate(content)
    except ValidationError as error:
        lines = [f"  {one}" for one in mistakes_of(error, SweepSpec)]
        raise ValueError("\n".join([f"{path}: {counted(len(lines), 'mistake')}", *lines])) from None
    return found.model_copy(
        update={
            "scenario": _beside(path, found.scenario),
            "metrics": {name: _beside(path, one) for name, one in found.metrics.items()},
        }
    )


def _flat(content: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Values by dotted path: TOML reads ``shocks.0.lots = 1`` as tables in tables."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found


def _beside(path: Path, name: str) -> str:
    """The name of a file beside another one, if there is one."""
    file, _, inside = name.rpartition(":") if names_user_code(name) else (name, "", "")
    place = path.parent / file
    if not place.is_file():
        return name
    return f"{place}:{inside}" if inside else str(place)
