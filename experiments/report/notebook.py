"""Results that show themselves in a notebook: with no network and one copy of plotly.js.

Plotly's script is 4 MB. The first cell of a notebook that shows a figure carries it, and carries it
again whenever that cell is run again; all others use it. Where there is no telling which cell is
being run (a plain ``_repr_html_()`` outside a notebook), the script always comes along.
"""

import sys
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["Shown", "figure_html"]

_carriers: set[str] = set()
"""The cell that carries plotly.js in this process; empty before any did."""


class Shown:
    """A result that a notebook shows by its ``plot`` under the lines of its ``headline``."""

    def plot(self) -> "Figure":
        """The figure of the result; raises ``NotImplementedError`` if it has none."""
        raise NotImplementedError(f"{type(self).__name__} has no figure")

    def headline(self) -> list[str]:
        """English sentences that a reader must not miss; an empty list by default."""
        return []

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{escape(line)}</p>" for line in self.headline())
        return lines + figure_html(self.plot())


def figure_html(figure: "Figure") -> str:
    """Write a figure as HTML that needs nothing from anywhere."""
    html: str = figure.to_html(full_html=False, include_plotlyjs=_carries_script(_cell()))
    return html


def _carries_script(cell: str | None) -> bool:
    """Whether a cell's output must bring plotly.js along."""
    if cell is None:
        return True
    if not _carriers:
        _carriers.add(cell)
    return cell in _carriers


def _cell() -> str | None:
    """What the notebook calls the cell that is being run; ``None`` where there is none."""
    # Nobody needs IPython to draw a figure: it is asked only where it is there already.
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    parent: Any = getattr(shell, "parent_header", None) or {}
    cell = parent.get("metadata", {}).get("cellId") if isinstance(parent, dict) else None
    return cell if isinstance(cell, str) else None
