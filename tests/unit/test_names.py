"""One word for one thing: names that were given up stay away, and no two public classes share one."""

import io
import re
import tokenize
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from tests.folders import ROOT

RENAMED = {
    "Liquidator": "LiquidationEngine",
    "liquidator": "liquidation_engine, keeper",
    "liquidators": "agents.keepers",
    "Design": "LiquidationDesign",
    "Staged": "StagedDesign",
    "Looper": "RecursiveBorrowers",
    "looper": "recursive borrower",
    "Loopers": "RecursiveBorrowers",
    "loopers": "recursive_borrowers",
    "pledger": "collateralised borrower",
    "Pledgers": "CollateralisedBorrowers",
    "pledgers": "collateralised_borrowers",
    "Unwinding": "inventory exit",
    "unwinding": "inventory exit",
    "unwrap": "redeem_in_kind",
    "unwrapped": "redeemed_in_kind",
    "challenger": "design",
    "challengers": "designs",
    "entrant": "design",
    "entrants": "designs",
    "beside": "alternatives",
    "Terms": "TapeMetadata",
    "measurement": "replay_sale",
    "is_over": "ended",
}
"""Old identifier -> what the thing is called now."""

PACKAGES = ("firesale", "lob", "agents", "experiments")
TWINS = {"OrderBook", "Outcome"}  # of the compiled book and its reference in plain Python
STRINGS = re.compile(r"(?s)('''|\"\"\").*?\1|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*")


def sources(*suffixes: str) -> list[Path]:
    return sorted(
        path
        for package in PACKAGES
        for suffix in suffixes
        for path in (ROOT / package).rglob(f"*{suffix}")
    )


def identifiers(path: Path) -> set[str]:
    """The names in a source, and the words its own name is made of; no strings, no comments."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        return {one.string for one in tokens if one.type == tokenize.NAME} | {path.stem}
    return set(re.findall(r"[A-Za-z_]\w*", STRINGS.sub(" ", text))) | {path.stem}


def keys(table: object) -> set[str]:
    """All keys of a TOML file, at any depth."""
    if isinstance(table, list):
        return set().union(*map(keys, table))
    if isinstance(table, dict):
        return set(table).union(*map(keys, table.values()))
    return set()


@pytest.mark.parametrize(
    "path",
    sources(".py", ".pyx", ".pxd", ".pyi"),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_identifier_is_a_name_given_up(path):
    found = identifiers(path) & set(RENAMED)
    assert not found, {old: RENAMED[old] for old in found}


@pytest.mark.parametrize("path", sources(".toml"), ids=lambda path: path.stem)
def test_no_key_of_a_scenario_is_a_name_given_up(path):
    found = keys(tomllib.loads(path.read_text(encoding="utf-8"))) & set(RENAMED)
    assert not found, {old: RENAMED[old] for old in found}


def test_no_two_public_classes_share_a_name():
    homes = defaultdict(list)
    for path in sources(".py", ".pyx"):
        for name in re.findall(r"(?m)^(?:cdef )?class ([A-Z]\w*)", path.read_text(encoding="utf-8")):
            homes[name].append(path.relative_to(ROOT).as_posix())
    shared = {name: where for name, where in homes.items() if len(where) > 1 and name not in TWINS}
    assert not shared


def test_old_names_are_seen(tmp_path):
    path = tmp_path / "looper.py"
    path.write_text('"""A Liquidator."""\n\nbeside = 1  # unwrap\n', encoding="utf-8")
    assert identifiers(path) & set(RENAMED) == {"looper", "beside"}
    assert keys({"a": [{"beside": {"loopers": 1}}]}) == {"a", "beside", "loopers"}
