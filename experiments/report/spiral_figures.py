"""The figures of a run with leverage: marks over time, and the cascade under them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.metrics.cascade import forced_trades
from experiments.metrics.spiral import marks_of
from lob.units import SECOND_NS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from experiments.runs.run import Run

__all__ = ["run_figure"]

MOST_POINTS = 4_000
BARS = 400


def run_figure(run: "Run") -> "Figure":
    """Draw the mark of every holding, and the lots sold by force, over time.

    Marks are thinned to their lowest and highest of each of some thousand intervals, so that no
    extreme is lost.
    """
    from plotly.subplots import make_subplots

    entries, events = run.tape["entries"], run.tape["events"]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06
    )
    for number, one in enumerate(run.scenario.instruments):
        times, marks = _thinned(*marks_of(entries, number))
        figure.add_scatter(
            x=times / SECOND_NS, y=marks, name=one.name, mode="lines", line={"shape": "hv"},
            row=1, col=1,
        )  # fmt: skip
        forced = forced_trades(events)
        forced = forced[forced["instrument"] == number]
        end = run.scenario.seconds
        lots, edges = np.histogram(
            forced["ts_event"] / SECOND_NS, BARS, (0, end), weights=forced["size"].astype(float)
        )
        figure.add_bar(
            x=edges[:-1], y=lots, name=f"{one.name}: sold by force", width=end / BARS, row=2, col=1
        )
    for shock in run.scenario.shocks:
        figure.add_vline(x=shock.at, line={"dash": "dot", "color": "#8a98a5"})
    figure.update_xaxes(title_text="seconds", row=2, col=1)
    figure.update_yaxes(title_text="mark, ticks", row=1, col=1)
    figure.update_yaxes(title_text="lots", row=2, col=1)
    figure.update_layout(
        template="plotly_white",
        title=f"{run.scenario.name}, seed {run.seed}" + ("" if run.forced else ", nothing forced"),
        height=560,
        margin={"l": 70, "r": 20, "t": 50, "b": 50},
    )
    return figure


def _thinned(times: Any, marks: Any) -> tuple[Any, Any]:
    if len(times) <= MOST_POINTS:
        return times, marks
    edges = np.linspace(0, len(times), MOST_POINTS // 2 + 1).astype(np.int64)
    kept = set()
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept |= {low + int(np.argmin(marks[low:high])), low + int(np.argmax(marks[low:high]))}
    rows = np.array(sorted(kept))
    return times[rows], marks[rows]
