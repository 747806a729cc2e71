"""Every key of a scenario is on its reference page, says what it is, and a number its unit."""

from typing import Annotated

import pytest
from pydantic import Field

from experiments.scenario.keys import UNITS
from experiments.scenario.reference import scenario_page, sections_of
from experiments.scenario.table import Table

SECTIONS = sections_of()


@pytest.mark.parametrize(
    "section", SECTIONS, ids=lambda one: f"{one.path or 'file'}-{one.table.__name__}"
)
def test_every_key_says_what_it_is_and_every_number_its_unit(section):
    assert section.table.__doc__
    assert [key.name for key in section.keys if not key.text] == []
    assert [key.name for key in section.keys if key.numeric and not key.unit] == []


def test_every_table_inside_every_other_is_there():
    paths = {one.path for one in SECTIONS}
    assert {"", "clearings.holdings.oracle.source", "keepers.gas", "breakers.levels"} <= paths
    backgrounds = [one for one in SECTIONS if one.path == "instruments.background"]
    assert len({one.table for one in backgrounds}) == len(backgrounds) > 1
    used = {key.unit for one in SECTIONS for key in one.keys} - {""}
    assert {unit.replace("UTC", "utc") for unit in used} == UNITS, "a unit that nobody uses"


class _Leg(Table):
    """What is inside."""

    size: Annotated[int, Field(ge=1, lt=5_000)] = 1_000
    """Lots: of one leg."""
    silent: float
    kind: str | None = None
    """Whose unit: none."""


class _Whole(Table):
    """What is outside."""

    legs: list[_Leg] = Field(default_factory=list)
    leg: _Leg = _Leg(silent=2.0)
    """One of them."""


def test_what_a_key_says_is_read_from_its_field():
    whole, rows, one = sections_of(_Whole)
    assert (rows.path, rows.repeated, one.path, one.repeated) == ("legs", True, "leg", False)
    size, silent, kind = rows.keys
    assert size == (
        "size",
        "integer, at least 1, below 5_000",
        "lots",
        "`1_000`",
        "Of one leg.",
        True,
    )
    assert (silent.text, silent.unit, silent.default, silent.numeric) == ("", "", "", True)
    assert (kind.text, kind.unit, kind.default) == ("Whose unit: none.", "", "none")
    assert not kind.numeric
    assert whole.keys[1].default == "`{ silent = 2.0 }`"


def test_the_page_has_a_heading_for_every_table_and_a_row_for_every_key():
    page = scenario_page()
    assert page.count("\n## ") == len(SECTIONS)
    assert page.count("\n| `") == sum(len(one.keys) for one in SECTIONS)
    assert '## `[instruments.background]` with `kind = "uniform"`' in page
