"""Figure of the impact of metaorders against their size."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["metaorder_figure"]

COLOURS = {"slices": "#c0392b", "children": "#1b7f79", "participation": "#34568b"}


def metaorder_figure(frame: pd.DataFrame, title: str) -> "Figure":
    """Draw impact against size on logarithmic axes, beside the square-root law with Y = 1.

    A mean that is not above zero has no place on such an axis and is left out; an interval that
    reaches below zero ends at the foot of the figure.

    Parameters
    ----------
    frame
        A row an order: ``protocol``, ``share_of_volume``, ``size_lots``, ``impact_bps``,
        ``low_bps``, ``high_bps``, ``square_root_bps``, ``ran_out``, ``seeds``.
    title
        Stands above the figure.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    law = frame.sort_values("share_of_volume")
    if (law["square_root_bps"] > 0).all():
        figure.add_scatter(
            x=law["share_of_volume"], y=law["square_root_bps"], mode="lines",
            line={"color": "#8a98a5", "dash": "dash"}, name="sigma sqrt(Q / V)", hoverinfo="skip",
        )  # fmt: skip
    shown = frame[frame["impact_bps"] > 0]
    floor = shown["impact_bps"].min() / 10 if len(shown) else 1.0
    for protocol, rows in shown.groupby("protocol", sort=False):
        mean = rows["impact_bps"]
        figure.add_scatter(
            x=rows["share_of_volume"], y=mean, mode="lines+markers", name=str(protocol),
            line={"color": COLOURS.get(str(protocol))},
            error_y={
                "array": rows["high_bps"] - mean,
                "arrayminus": mean - np.maximum(rows["low_bps"], floor),
                "symmetric": False,
            },
            customdata=rows[["size_lots", "ran_out", "seeds"]],
            hovertemplate="%{x:.1%} of the volume, %{customdata[0]:,} lots: %{y:.3g} bps; ran out "
            "in %{customdata[1]} of %{customdata[2]} seeds<extra></extra>",
        )  # fmt: skip
    figure.update_layout(template="plotly_white", title=title, height=480)
    figure.update_xaxes(title_text="size over volume, Q / V", type="log", tickformat=".0%")
    figure.update_yaxes(title_text="mid without the order - mid with it, bps", type="log")
    return figure
