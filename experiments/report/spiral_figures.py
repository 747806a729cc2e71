"""Figures of a run with leverage: marks over time, and the cascade under them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.cascade import forced_trades
from experiments.metrics.spiral import marks_of
from lob.real_units import RealUnits
from lob.units import SECOND_NS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["run_figure", "thinned"]

MOST_POINTS = 4_000
BARS = 400


def run_figure(
    entries: NDArray[np.void],
    events: NDArray[np.void],
    *,
    units: RealUnits,
    shocks: Sequence[float],
    seconds: float,
    title: str,
) -> "Figure":
    """Draw the mark of every instrument, and what was sold by force, over time, in real units.

    Marks are thinned to their lowest and highest of each of some thousand intervals, so that no
    extreme is lost.

    Parameters
    ----------
    entries, events
        Tapes of one run: ``lob.ENTRY`` and ``lob.EVENT`` rows.
    units
        Names of the instruments, and the units of their prices and sizes.
    shocks
        When each shock begins, in seconds since the start of the run.
    seconds
        How long the run is.
    title
        Stands above the figure.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06
    )
    for number, name in enumerate(units.names):
        price, size = units.prices[number], units.sizes[number]
        times, marks = thinned(*marks_of(entries, number), MOST_POINTS)
        figure.add_scatter(
            x=times / SECOND_NS, y=price.of(marks), name=name, mode="lines", line={"shape": "hv"},
            hovertemplate=f"%{{y:,}} {price.name} at %{{x:.3f}} s", row=1, col=1,
        )  # fmt: skip
        forced = forced_trades(events)
        forced = forced[forced["instrument"] == number]
        lots, edges = np.histogram(
            forced["ts_event"] / SECOND_NS, BARS, (0, seconds), weights=forced["size"].astype(float)
        )
        figure.add_bar(
            x=edges[:-1], y=size.of(lots), name=f"{name}: sold by force", width=seconds / BARS,
            hovertemplate=f"%{{y:,}} {size.name} in {seconds / BARS:.3g} s", row=2, col=1,
        )  # fmt: skip
    for at in shocks:
        figure.add_vline(x=at, line={"dash": "dot", "color": "#8a98a5"})
    figure.update_xaxes(title_text="seconds", row=2, col=1)
    marked, sold = (", ".join(dict.fromkeys(one.name for one in each))
                    for each in (units.prices, units.sizes))  # fmt: skip
    figure.update_yaxes(title_text=f"mark, {marked}", row=1, col=1)
    figure.update_yaxes(title_text=sold, row=2, col=1)
    figure.update_layout(
        template="plotly_white",
        title=title,
        height=560,
        margin={"l": 70, "r": 20, "t": 50, "b": 50},
    )
    return figure


def thinned(
    times: NDArray[np.int64], values: NDArray[Any], most: int
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Leave out points of a path, but no extreme: of each of many stretches two are kept.

    Parameters
    ----------
    times, values
        As many of either.
    most
        Points that are kept, at most.
    """
    if len(times) <= most:
        return times, values
    edges = np.linspace(0, len(times), most // 2 + 1).astype(np.int64)
    kept = set()
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept |= {low + int(np.argmin(values[low:high])), low + int(np.argmax(values[low:high]))}
    rows = np.array(sorted(kept))
    return times[rows], values[rows]
