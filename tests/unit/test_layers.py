"""No circle between files, and the layers within ``experiments``."""

import re
from pathlib import Path

import pytest

from tests.folders import ROOT

PACKAGES = ("firesale", "lob", "agents", "experiments")
LAYERS = {
    "commands": {"studies", "contest", "validation", "runs", "scenario", "calibration", "markets"},
    "studies": {"runs", "scenario", "calibration", "markets"},
    "contest": {"studies", "runs", "scenario", "calibration", "markets"},
    "validation": {"runs", "scenario", "calibration", "markets"},
    "runs": {"scenario", "calibration", "markets"},
    "scenario": {"calibration", "markets"},
    "calibration": {"markets"},
    "learning": {"calibration", "markets"},
    "markets": set(),
    "report": set(),
    "metrics": set(),
}
"""What a folder of ``experiments`` may import beside itself, ``report`` and ``metrics``."""
MAY_REPORT = {"commands", "studies", "contest", "validation", "runs"}

FROM = re.compile(
    r"(?:^|[:;])[ \t]*from[ \t]+([\w.]+)[ \t]+c?import[ \t]+(\([^)]*\)|[^\n;#]+)", re.MULTILINE
)
PLAIN = re.compile(r"(?:^|[:;])[ \t]*c?import[ \t]+([^\n;#(]+)", re.MULTILINE)


def modules(root: Path = ROOT) -> dict[str, list[Path]]:
    """Every module by its dotted name, with all files that make it (.py, .pyx, .pxd, .pyi)."""
    found: dict[str, list[Path]] = {}
    for package in PACKAGES:
        for suffix in ("py", "pyx", "pxd", "pyi"):
            for path in sorted((root / package).rglob(f"*.{suffix}")):
                parts = path.relative_to(root).with_suffix("").parts
                found.setdefault(".".join(parts).removesuffix(".__init__"), []).append(path)
    return found


def imported(source: str, known: set[str]) -> set[str]:
    """The modules among ``known`` that a source imports anywhere: in functions, for types too."""
    source = re.sub(r"\\\n", " ", source)
    source = re.sub(r"('''|\"\"\").*?\1", "''", source, flags=re.DOTALL)
    found = set()
    for base, several in FROM.findall(source):
        for name in re.sub(r"#.*", "", several).strip("()").replace("\n", " ").split(","):
            if name.strip():
                whole = f"{base}.{name.split()[0]}"
                found.add(whole if whole in known else base)
    for several in PLAIN.findall(source):
        found |= {name.split()[0] for name in several.split(",") if name.strip()}
    return found & known


def graph_of(files: dict[str, list[Path]]) -> dict[str, set[str]]:
    """Which modules each module imports."""
    known = set(files)
    return {
        name: set().union(*(imported(path.read_text(encoding="utf-8"), known) for path in paths))
        - {name}
        for name, paths in files.items()
    }


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach each other (Tarjan 1972), sorted."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in graph[name]:
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return sorted(found)


GRAPH = graph_of(modules())


def test_no_files_import_each_other_in_a_circle():
    assert circles(GRAPH) == []


@pytest.mark.parametrize(
    "name", sorted(one for one in GRAPH if one.startswith("experiments.") and one.count(".") > 1)
)
def test_the_layers_of_experiments(name):
    folder = name.split(".")[1]
    allowed = {folder, "metrics"} | LAYERS[folder]
    if folder in MAY_REPORT:
        allowed.add("report")
    used = {one.split(".")[1] for one in GRAPH[name] if one.startswith("experiments.")}
    assert used <= allowed


def test_a_circle_is_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from lob import checks", {"lob.checks"}),
        ("from lob import Venue", {"lob"}),
        ("def f():\n    from lob.venue.venue cimport Venue\n", {"lob.venue.venue"}),
        ("if TYPE_CHECKING:\n    from lob import (\n        checks,\n        Venue,\n    )\n",
         {"lob", "lob.checks"}),
        ("import lob.checks, lob.venue.venue as v", {"lob.checks", "lob.venue.venue"}),
        ('"""from lob import checks"""', set()),
    ],
)  # fmt: skip
def test_the_reader_of_imports_sees_submodules(source, found):
    assert imported(source, {"lob", "lob.checks", "lob.venue.venue"}) == found
