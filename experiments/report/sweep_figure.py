"""Figure of a sweep: means of a measure against a parameter."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["sweep_figure"]

MOST_LINES = 20
"""Most lines that have a name beside the figure; chosen."""


def sweep_figure(
    means: "pd.DataFrame",
    x: str,
    y: str,
    *,
    others: Sequence[str],
    unit: str,
    title: str,
    joined: bool,
) -> "Figure":
    """Draw means with their intervals against a parameter, a line for each value of the others.

    Parameters
    ----------
    means
        A row a point: the parameters, ``mean``, ``low`` and ``high``.
    x, y
        Names of the parameter and of what was measured.
    others
        Names of the other parameters.
    unit
        Unit of what was measured; may be empty.
    title
        Stands above the figure.
    joined
        Whether points that differ in ``x`` alone are joined; a sample has none.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    groups = means.groupby(list(others), sort=False) if others and joined else [((), means)]
    for values, rows in groups:
        at = rows if isinstance(rows[x].iloc[0], str) else rows.sort_values(x)
        label = ", ".join(f"{name} {value}" for name, value in zip(others, values, strict=False))
        figure.add_scatter(
            x=at[x],
            y=at["mean"],
            error_y={
                "type": "data",
                "array": (at["high"] - at["mean"]).fillna(0),
                "arrayminus": (at["mean"] - at["low"]).fillna(0),
            },
            mode="lines+markers" if joined else "markers",
            name=label or y,
        )
    figure.update_layout(
        template="plotly_white",
        title=title,
        height=420,
        showlegend=1 < len(figure.data) <= MOST_LINES,
    )
    figure.update_xaxes(title_text=x)
    figure.update_yaxes(title_text=f"mean {y}{f', {unit}' if unit else ''}")
    return figure
