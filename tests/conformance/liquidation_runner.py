"""Runs cases in the form of ``liquidation.json``, and fails on what it does not know."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.conformance.families import FAMILIES, PENDING
from tests.conformance.matching_runner import CaseError

CASE_KEYS = {
    "complete", "expected", "family", "id", "inputs", "mechanism", "missing", "notes",
    "provenance", "rechecked", "source", "tolerance", "units",
}  # fmt: skip


def read(path: Path) -> list[dict[str, Any]]:
    """The cases of a file."""
    cases = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(cases, list) or not cases:
        raise CaseError(f"{path} must hold a list of cases")
    return cases


def run_case(case: Mapping[str, Any]) -> None:
    """Check one case; raise ``CaseError`` where it does not hold or says something unknown."""
    if set(case) - CASE_KEYS:
        raise CaseError(f"case with {sorted(set(case) - CASE_KEYS)}")
    for key in ("id", "family", "inputs", "expected"):
        if key not in case:
            raise CaseError(f"case without {key}")
    if case["family"] not in FAMILIES:
        raise CaseError(f"no family is called {case['family']!r}")
    FAMILIES[case["family"]](case)


def is_pending(case: Mapping[str, Any]) -> str | None:
    """Why a case has to wait; ``None`` if it does not."""
    family = case.get("family")
    return PENDING.get(family) if isinstance(family, str) else None
