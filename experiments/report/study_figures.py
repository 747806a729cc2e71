"""Figures of studies over seeds: drops by design, impact over time, probes of a stress test."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from experiments.metrics.intervals import Interval
from lob.real_units import TICKS, RealUnit
from lob.units import SECOND_NS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["drops_figure", "impact_figure", "probes_figure"]


def drops_figure(
    drops: Mapping[str, Sequence[float]],
    title: str,
    move: str = "drop",
    price: RealUnit = TICKS,
) -> "Figure":
    """Draw a box for each label: the drops of its runs, one a seed.

    Parameters
    ----------
    drops
        In ticks, by label.
    title
        Stands above the figure.
    move
        What a drop is called, at their axis.
    price
        Unit in which they are drawn.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    for label, values in drops.items():
        figure.add_box(
            y=[price.of(value) for value in values], name=label, boxpoints="all", jitter=0.3
        )
    figure.update_layout(template="plotly_white", title=title, showlegend=False, height=420)
    figure.update_yaxes(title_text=f"{move}, {price.name}", rangemode="tozero")
    return figure


def impact_figure(
    lags_ns: Sequence[int], path: Sequence[Interval], title: str, price: RealUnit = TICKS
) -> "Figure":
    """Draw the mean impact at each lag after the last order of a sale.

    Parameters
    ----------
    lags_ns
        In ns, rising.
    path
        Mean impact at each lag with its interval, in ticks.
    title
        Stands above the figure.
    price
        Unit in which it is drawn.
    """
    from plotly.graph_objects import Figure

    seconds = [lag / SECOND_NS for lag in lags_ns]
    highs, lows = [one.high for one in path], [one.low for one in path]
    figure = Figure()
    figure.add_scatter(
        x=[*seconds, *reversed(seconds)],
        y=[price.of(at) for at in (*highs, *reversed(lows))],
        fill="toself", fillcolor="rgba(192,57,43,.15)", line={"width": 0}, name="95 %",
        hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=seconds, y=[price.of(one.estimate) for one in path], name="mean", mode="lines+markers",
        hovertemplate=f"%{{y:,.4~g}} {price.name} after %{{x:g}} s",
        line={"color": "#c0392b"},
    )  # fmt: skip
    figure.update_layout(template="plotly_white", title=title, height=420)
    figure.update_xaxes(title_text="seconds after the last order")
    figure.update_yaxes(title_text=f"mid with the sale - mid without, {price.name}")
    return figure


def probes_figure(probes: Sequence[tuple[float, bool]], title: str) -> "Figure":
    """Draw the shocks of a stress test in the order in which they were tried; red: it failed.

    Parameters
    ----------
    probes
        Shock as a multiple of the scenario's own, and whether it failed.
    title
        Stands above the figure.
    """
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.add_scatter(
        x=list(range(1, len(probes) + 1)),
        y=[size for size, _ in probes],
        mode="lines+markers",
        line={"color": "#8a98a5", "dash": "dot"},
        marker={"size": 11, "color": ["#c0392b" if fails else "#1b7f79" for _, fails in probes]},
        text=["fails" if fails else "holds" for _, fails in probes],
        hovertemplate="shock %{y}: %{text}<extra></extra>",
    )
    figure.update_layout(template="plotly_white", title=title, height=420)
    figure.update_xaxes(title_text="probe")
    figure.update_yaxes(title_text="shock, times the scenario's own", rangemode="tozero")
    return figure
