"""Published values: the cases of a ``validation.json``.

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

__all__ = ["CONTEXT", "LATER", "Case", "case_file", "covers", "read_cases"]

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
    "TFG-base": "a market that clears at one price each step",
    "GEAN": "an equilibrium of beliefs",
    "AMM": "automated market makers",
    "AUC-.*": "bidders with private values",
}
"""Cases of parts of the project that are not built yet."""


@dataclass(frozen=True)
class Case:
    """One published result, as its file states it."""

    id: str
    paper: str
    quantity: str
    parameters: dict[str, Any]
    expected: Any
    tolerance: str
    provenance: str
    source_quality: str
    notes: str


def covers(table: Sequence[str], case_id: str) -> str | None:
    """Return the first of the regular expressions that the id matches in full."""
    return next((pattern for pattern in table if re.fullmatch(pattern, case_id)), None)


def case_file() -> Path:
    """Return the path at which the cases are looked for."""
    default = Path(__file__).resolve().parents[3] / "shared" / "cases"
    return Path(os.environ.get("FIRESALE_CASES") or default) / "validation.json"


def read_cases(path: Path | None = None) -> list[Case]:
    """Return the cases of a file; none where nobody named one and the default is not there.

    Raises
    ------
    ValueError
        If the file is not a list of cases, with the index of the first that is not one.
    OSError
        If ``path`` or ``FIRESALE_CASES`` is given and cannot be read.
    """
    asked = path is not None or "FIRESALE_CASES" in os.environ
    path = path or case_file()
    if not asked and not path.is_file():
        return []
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
