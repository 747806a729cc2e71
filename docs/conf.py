"""The documentation, built by Sphinx: ``make docs``. It reads no network, and writes none in."""

import ast
import importlib
import inspect
import re
import sys
from itertools import pairwise
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from experiments.scenario.reference import scenario_page  # noqa: E402
from lob import __version__  # noqa: E402

project = "Firesale"
author = "the Firesale authors"
version = release = __version__
html_title = f"Firesale {__version__}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

# An attribute such as ``price``, which many classes have, is linked to one of them or to none.
suppress_warnings = ["ref.python"]

# Types in signatures are names for people: those of numpy, pandas and the standard library have no
# page here, and ours are documented by the name that users import.
nitpick_ignore_regex = [(r"py:(class|exc|data|func|meth|attr|obj|mod)", ".*")]

REFERENCE = {
    "firesale": "The public interface: the names that are promised. What they are for is in "
    ":doc:`../api`.",
    "experiments.scenario.tables": "The tables of a scenario in Python, ``firesale.tables``: what "
    "TOML says in a table of this kind. Their keys, units and defaults: :doc:`../scenario`.",
    "lob": "The venue: matching, sessions, records and enumerations.",
    "lob.clearing": "Margin accounts, the ledger, and what clearing believes.",
    "lob.clearing.margin": "Margin models.",
    "lob.clearing.oracle": "Sources of prices, and when clearing learns of them.",
    "lob.clearing.collateral": "Claims: shares of what an account holds.",
    "lob.venue.breaker": "Circuit breakers and call auctions.",
    "lob.venue.pool": "Constant-product pools.",
    "lob.liquidation": "Liquidation designs as compositions of stages.",
    "lob.liquidation.offers": "What is on offer, and at what price.",
    "lob.liquidation.parts.protocols": "What each part of a stage is asked.",
    "lob.liquidation.parts.triggers": "Triggers: when a stage takes over.",
    "lob.liquidation.parts.sizing": "Sizing: how much is offered now.",
    "lob.liquidation.parts.price_paths": "Price paths: at what price, over time.",
    "lob.liquidation.parts.limits": "Limits: what bounds a stage.",
    "lob.liquidation.parts.settlement": "Settlement: who pays what is missing.",
    "agents": "Participants, their clock and their latencies.",
    "agents.flow": "Background order flow.",
    "agents.traders": "Traders, market makers and executors.",
    "agents.leverage": "Leveraged participants.",
    "agents.steered": "A seller that is told what to do, and what it sees.",
    "agents.keepers": "Keepers, bidders, and the blocks that they wait for.",
}
"""The packages that users write against; of each, what its ``__all__`` names, once."""


def write_start(page: Path) -> None:
    """The first page: the README, its links those of this place."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("# Firesale\n", "# Start\n", 1)
    text = re.sub(r"\]\(docs/", "](", text)
    text = re.sub(r"\[([^]]*)\]\((?!https?:)[^)]*(?<!\.md)\)", r"\1", text)
    page.write_text(text, encoding="utf-8")


def write_reference(folder: Path) -> None:
    """A page a package, with every name that it offers."""
    folder.mkdir(exist_ok=True)
    said: set[int] = set()
    for package, about in REFERENCE.items():
        module = importlib.import_module(package)
        lines = [package, "=" * len(package), "", about, ""]
        for name in sorted(module.__all__):
            value = getattr(module, name)
            if inspect.ismodule(value) or name.startswith("__") or id(value) in said:
                continue
            said.add(id(value))
            lines += [*_directive(package, name, value), ""]
        (folder / f"{package}.rst").write_text("\n".join(lines), encoding="utf-8")
    index = ["The packages", "============", "", ".. toctree::", "   :maxdepth: 1", ""]
    index += [f"   {package}" for package in REFERENCE]
    (folder / "index.rst").write_text("\n".join([*index, ""]), encoding="utf-8")


def _directive(package: str, name: str, value: object) -> list[str]:
    if isinstance(value, np.dtype):
        return _record(package, name)
    if inspect.isclass(value):
        kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
        return [f".. {kind}:: {package}.{name}", "   :members:"]
    if callable(value):
        return [f".. autofunction:: {package}.{name}"]
    return [f".. autodata:: {package}.{name}", "   :no-value:"]


def _record(package: str, name: str) -> list[str]:
    """A record with its fields as ``lob/types.py`` writes them, comments and all."""
    source = (ROOT / "lob" / "types.py").read_text(encoding="utf-8")
    body = ast.parse(source).body
    for statement, after in pairwise(body):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            assert isinstance(after, ast.Expr), f"{name} says nothing"
            text = inspect.cleandoc(ast.literal_eval(after.value))
            fields = ast.get_source_segment(source, statement) or ""
            return [
                f".. data:: {package}.{name}", "", indent(text, "   "), "",
                "   .. code-block:: python", "", indent(fields, "      "),
            ]  # fmt: skip
    raise SphinxError(f"lob/types.py has no record {name}")


def keep_colons(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Keep napoleon from taking what stands before a colon for the type of a property."""
    if what in ("property", "attribute", "data") and lines:
        lines.insert(0, "")


def refuse_network(app: Sphinx, error: Exception | None) -> None:
    """Fail if a page loads anything from elsewhere: links that people click are no loads."""
    if error is not None or app.builder.format != "html":
        return
    loads = re.compile(
        r"<link\b[^>]*\bhref=[\"']?(?:https?:)?//|\bsrc=[\"']?(?:https?:)?//"
        r"|@import[^;]*//|url\([\"']?(?:https?:)?//"
    )
    for page in sorted(Path(app.outdir).rglob("*")):
        if page.suffix in (".html", ".css"):
            found = loads.search(page.read_text(encoding="utf-8"))
            if found:
                raise SphinxError(f"{page} loads from the network: {found[0]}")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", keep_colons, priority=100)
    app.connect("build-finished", refuse_network)


write_start(HERE / "start.md")
write_reference(HERE / "reference" / "python")
(HERE / "reference" / "scenario.md").write_text(scenario_page(), encoding="utf-8")
