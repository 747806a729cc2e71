"""Figures of the facts of markets."""

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["adds_figure", "facts_figure"]


def adds_figure(frame: pd.DataFrame, title: str) -> "Figure":
    """Draw what each statistic adds to a distance.

    Parameters
    ----------
    frame
        A row a statistic: ``title``, ``adds``, ``market``, ``file``.
    title
        Stands above the figure.
    """
    from plotly.graph_objects import Figure

    known = frame[frame["adds"].notna()][::-1]
    figure = Figure()
    figure.add_bar(
        x=known["adds"], y=known["title"] + " " + known["unit"], orientation="h",
        customdata=known[["market", "file"]],
        hovertemplate="market %{customdata[0]:.4g}, file %{customdata[1]:.4g}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(template="plotly_white", title=title, height=160 + 22 * len(known))
    figure.update_xaxes(title_text="adds, before the mean: 0 alike, 3 the most", range=[0, 3])
    return figure


def facts_figure(frame: pd.DataFrame, title: str) -> "Figure":
    """Draw a table of the facts of a market.

    Parameters
    ----------
    frame
        A row a statistic: ``title``, ``unit``, ``value``, ``reason``.
    title
        Stands above the figure.
    """
    from plotly.graph_objects import Figure

    values = [
        reason if pd.isna(value) else f"{value:,.4g}"
        for value, reason in zip(frame["value"], frame["reason"], strict=True)
    ]
    figure = Figure()
    figure.add_table(
        header={"values": ["", "value", "unit"], "align": "left"},
        cells={"values": [frame["title"], values, frame["unit"]], "align": "left"},
    )
    figure.update_layout(template="plotly_white", title=title, height=160 + 22 * len(frame))
    return figure
