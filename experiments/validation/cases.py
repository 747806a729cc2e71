"""Published values: the cases of every ``validation*.json`` in a folder.

The project carries none. ``FIRESALE_CASES`` names the folder; by default it is ``shared/cases``
beside the project's own folder.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CONTEXT", "LATER", "Case", "case_files", "covers", "read_cases"]

CONTEXT = {
    "FPZ-law": "a mean-field law that direct simulation of its own model contradicts by a factor "
    "of 0.8 to 1.5",
    "FPZ-empirics": "regressions over stocks: needs the data",
    "CKS-emp": "regressions over stocks: needs the data",
    "BUCCI-decay": "decay of real metaorders: needs the data",
    "SFACT-hill": "a property of real returns that pure zero-intelligence flow does not show",
    "SFACT-acf": "a property of real returns that pure zero-intelligence flow does not show",
    "SFACT-gamma": "volumes and placements of real orders: needs the data",
    "LOBBENCH": "a list of metrics without thresholds",
    "BP-fig1": "margins in a crisis",
    "KO-table": "declines in historical crashes",
    "HL-ADL": "a historical liquidation cascade",
    "HL-CASC-time": "a historical liquidation cascade",
    "DE-1pct": "needs the balance sheets of the study",
    "OCT10": "a historical liquidation cascade",
    "MAY19": "a historical liquidation cascade",
    "MAKER": "a historical liquidation cascade",
    "PEREZ": "a study of on-chain liquidations",
    "QIN": "a study of on-chain liquidations",
    "LP22": "a study of on-chain liquidations",
    "HH24": "a study of on-chain leverage",
    "CRV22": "a historical bad debt",
    "FC-.*": "the flash crash of May 2010",
}
"""Cases that tell what the world is like, by id: shown, never a gate."""

LATER = {
    "GEAN": "an equilibrium of beliefs",
    "LIDO-loop": "a population of recursive borrowers drawn from real positions",
    "SAR-depth": "a population of makers that withdraw as they did",
    "SAR-makers": "a population of makers that withdraw and return as they did",
    "SAR-conc": "populations as concentrated as open interest was",
    "OCT10-BTC": "a hindcast of October 2025",
    "XUSD-25": "a study of an oracle that stands still",
}
"""Cases of parts of the project that are not built yet, by id, with what is missing."""


@dataclass(frozen=True)
class Case:
    """One published result, as its file of cases states it; text fields may be empty."""

    id: str
    """Name of the case, unique over all files."""
    paper: str
    """Author and year."""
    quantity: str
    """What was published, in words."""
    parameters: dict[str, Any]
    """Parameters the result was stated for, under the names of the source."""
    expected: Any
    """The published value or values: a number, a list, or an object by the source's names."""
    tolerance: str
    """How far to trust the digits, in words."""
    provenance: str
    """Whether the value was read in the source, recomputed from it, or is from memory."""
    source_quality: str
    """How good the source is, in words."""
    notes: str
    """Anything else that the file says."""


def covers(table: Sequence[str], case_id: str) -> str | None:
    """Return the first pattern that matches a case's id in full, or ``None``.

    Parameters
    ----------
    table
        Regular expressions.
    case_id
        Id of a published case.
    """
    return next((pattern for pattern in table if re.fullmatch(pattern, case_id)), None)


def case_files() -> list[Path]:
    """Return the files of published cases, sorted by name, ``validation.json`` first.

    They are the ``validation*.json`` of the folder that ``FIRESALE_CASES`` names, else of
    ``shared/cases`` beside the project's own folder.
    """
    default = Path(__file__).resolve().parents[3] / "shared" / "cases"
    folder = Path(os.environ.get("FIRESALE_CASES") or default)
    return sorted(folder.glob("validation*.json"), key=lambda path: path.stem)


def read_cases(*paths: Path) -> list[Case]:
    """Return the published cases of all files.

    Parameters
    ----------
    *paths
        JSON files, each a list of cases; without any those of ``case_files``, which may be none.

    Raises
    ------
    ValueError
        If a file is not a list of cases, with the index of the first that is not one; if two cases
        have one id.
    OSError
        If a path is given and cannot be read, or ``FIRESALE_CASES`` names a folder without cases.
    """
    files = list(paths) or case_files()
    named = os.environ.get("FIRESALE_CASES")
    if not files and named:
        raise FileNotFoundError(f"there is no validation*.json in FIRESALE_CASES = {named}")
    found: dict[str, Case] = {}
    for path in files:
        for case in _read_file(path):
            if case.id in found:
                raise ValueError(f"{path}: a case of the id {case.id!r} was read already")
            found[case.id] = case
    return list(found.values())


def _read_file(path: Path) -> list[Case]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    if not isinstance(rows, list):
        raise ValueError(f"{path}: a list of cases is expected, got {type(rows).__name__}")
    return [_case(row, f"{path}: case {index}") for index, row in enumerate(rows)]


def _case(row: object, where: str) -> Case:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: an object is expected, got {row!r}")
    for key in ("id", "expected"):
        if key not in row:
            raise ValueError(f"{where}: {key} is missing")
    parameters = row.get("parameters") or {}
    if not isinstance(row["id"], str) or not isinstance(parameters, dict):
        raise ValueError(f"{where}: id must be text and parameters an object")
    text = {
        name: str(row.get(name) or "")
        for name in ("paper", "quantity", "tolerance", "provenance", "source_quality", "notes")
    }
    return Case(id=row["id"], parameters=parameters, expected=row["expected"], **text)
