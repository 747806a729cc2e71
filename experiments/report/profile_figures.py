"""Figure of a market that was solved for a profile."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["profile_figure"]


def profile_figure(rows: Sequence[Mapping[str, Any]], title: str) -> "Figure":
    """Draw a table of what was asked of a market and what came out.

    Parameters
    ----------
    rows
        A number each: ``key``, ``asked``, ``obtained``, ``ratio``.
    title
        Stands above the figure.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.add_table(
        header={"values": ["", "asked", "obtained", "ratio"], "align": "left"},
        cells={
            "values": [
                *([row[name] for row in rows] for name in ("key", "asked", "obtained")),
                [f"{row['ratio']:.2f}" for row in rows],
            ],
            "align": "left",
        },
    )
    figure.update_layout(template="plotly_white", title=title, height=160 + 22 * len(rows))
    return figure
