"""The design page names places that exist, and every room that there is."""

import re

import pytest

from tests.folders import ROOT

PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
TOPS = ("lob", "agents", "experiments", "firesale", "tests", "docs", "benchmarks")
PATH = re.compile(rf"`((?:{'|'.join(TOPS)})/[\w./-]*|[A-Z]+\.md|Makefile|setup\.py)`")
ROOMS = sorted(
    str(folder.relative_to(ROOT))
    for top in ("lob", "agents", "experiments")
    for folder in [ROOT / top, *(ROOT / top).iterdir()]
    if (folder / "__init__.py").is_file()
)


@pytest.mark.parametrize("path", sorted(set(PATH.findall(PAGE))))
def test_every_path_that_it_names_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_described(room):
    assert f"`{room}`" in PAGE or f"`{room}/`" in PAGE


def test_there_is_something_to_look_at():
    assert len(set(PATH.findall(PAGE))) > 50
    assert "lob/liquidation" in ROOMS
