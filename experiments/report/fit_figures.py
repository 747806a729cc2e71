"""Figures of fitted markets."""

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["parameters_figure"]


def parameters_figure(frame: pd.DataFrame, title: str) -> "Figure":
    """Draw a table of parameters with their errors.

    Parameters
    ----------
    frame
        A row a number: ``parameter``, ``estimate``, ``error``, ``events``, ``warning``.
    title
        Stands above the figure.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.add_table(
        header={"values": ["", "estimate", "standard error", "events", ""], "align": "left"},
        cells={
            "values": [
                frame["parameter"],
                [f"{value:,.4g}" for value in frame["estimate"]],
                ["" if pd.isna(value) else f"{value:,.2g}" for value in frame["error"]],
                ["stated" if pd.isna(value) else f"{value:,.0f}" for value in frame["events"]],
                frame["warning"],
            ],
            "align": "left",
        },
    )
    figure.update_layout(template="plotly_white", title=title, height=160 + 22 * len(frame))
    return figure
