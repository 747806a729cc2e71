"""Figures of a contest: prices by design, cascades, and what is traded off against what."""

from html import escape
from typing import TYPE_CHECKING

from experiments.report.contest_words import counted_in, named, place_of, unit_of
from lob.real_units import RealUnit

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from experiments.metrics.intervals import Interval
    from experiments.report.results import ContestResult

__all__ = ["cascade_figure", "missing_told", "path_figure", "tradeoff_figure"]

COLOURS = (
    "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2",
    "#bcbd22", "#393b79",
)  # fmt: skip
"""Colours of the designs, in their order."""
TWIN = "#8a98a5"
"""Colour of the run without forced sales."""
GENERATIONS = 40
"""Most generations that are drawn."""


def path_figure(contest: "ContestResult") -> "Figure":
    """Draw the mark under every design on the first seed, and without forced sales."""
    from plotly.graph_objects import Figure

    figure, price = Figure(), contest.scenario.price_unit
    hover = f"%{{y:,}} {price.name} at %{{x:.3f}} s"
    drawn = [row for row in contest.rows if "path" in row]
    if drawn and drawn[0]["twin_path"]:
        seconds, ticks = drawn[0]["twin_path"]
        figure.add_scatter(
            x=seconds, y=[price.of(one) for one in ticks], name="nothing forced", mode="lines",
            hovertemplate=hover,
            line={"shape": "hv", "color": TWIN, "dash": "dot"},
        )  # fmt: skip
    for row in drawn:
        seconds, ticks = row["path"]
        colour = COLOURS[contest.labels.index(row["label"]) % len(COLOURS)]
        figure.add_scatter(
            x=seconds, y=[price.of(one) for one in ticks], name=escape(row["label"]), mode="lines",
            hovertemplate=hover,
            line={"shape": "hv", "color": colour, "width": 1.6},
        )  # fmt: skip
    shock = contest.scenario.shocks[0]
    figure.add_vline(x=shock.at, line={"dash": "dot", "color": TWIN})
    figure.update_xaxes(
        title_text="seconds", range=[max(0.0, shock.at - 2), contest.scenario.seconds]
    )
    figure.update_yaxes(title_text=f"mark, {price.name}")
    return _laid_out(figure)


def missing_told(contest: "ContestResult", part: str) -> str:
    """English sentences: which designs have no line in a figure of the first seed, and why.

    Empty if all have one.

    Parameters
    ----------
    contest
        The contest.
    part
        Key of a row that the figure is drawn from: "path" or "generations".
    """
    drawn = {row["label"] for row in contest.rows if part in row}
    raised = {row["label"] for row in contest.failed if row["seed"] == contest.seeds[0]}
    none = {
        row["label"]
        for row in contest.rows
        if part in row and part == "generations" and not row[part]
    }
    said = [
        (raised - drawn, "not drawn, the run raised"),
        (set(contest.labels) - drawn - raised, "not drawn, its run was kept without a picture"),
        (none, "no line: nobody failed"),
    ]
    told = [
        f"{', '.join(one for one in contest.labels if one in labels)}: {why}"
        for labels, why in said
        if labels
    ]
    lines = [[label for label in group if label in drawn - none] for group in contest.alike]
    hidden = [f"{', '.join(one)}: one line over the other" for one in lines if len(one) > 1]
    return "".join(f" {one}." for one in (*told, *hidden))


def cascade_figure(contest: "ContestResult") -> "Figure":
    """Draw failures by generation under every design, on the first seed."""
    from plotly.graph_objects import Figure

    figure = Figure()
    for row in contest.rows:
        if "generations" not in row:
            continue
        nodes = [nodes for nodes, _ in row["generations"]]
        shown = nodes[:GENERATIONS]
        colour = COLOURS[contest.labels.index(row["label"]) % len(COLOURS)]
        figure.add_scatter(
            x=list(range(len(shown))), y=shown, name=escape(row["label"]), mode="lines+markers",
            line={"color": colour, "width": 1.2}, marker={"size": 5},
        )  # fmt: skip
    figure.update_xaxes(title_text=f"generation, the first {GENERATIONS}")
    figure.update_yaxes(title_text="accounts that failed")
    return _laid_out(figure)


def tradeoff_figure(contest: "ContestResult", across: str = "drop", up: str = "harm") -> "Figure":
    """Draw two criteria against each other, a point a design: means with intervals.

    A filled point is on the Pareto front often.

    Parameters
    ----------
    contest
        The contest.
    across, up
        Names of the criteria on the two axes, in their units.
    """
    from plotly.graph_objects import Figure

    units = [unit_of(contest, name) for name in (across, up)]

    figure = Figure()
    pareto = contest.pareto()
    for number, label in enumerate(contest.labels):
        x, y = (_drawn(contest.mean(label, name), unit)
                for name, unit in zip((across, up), units, strict=True))  # fmt: skip
        told = ", ".join(
            f"{counted_in(contest.mean(label, name).estimate, unit)}"
            f"{f' {unit.name}' if unit is not None and unit.is_real else ''}"
            for name, unit in zip((across, up), units, strict=True)
        )
        colour = COLOURS[number % len(COLOURS)]
        figure.add_scatter(
            x=[x.estimate], y=[y.estimate], name=escape(label), mode="markers",
            marker={
                "size": 13, "color": colour, "line": {"color": colour, "width": 2},
                "symbol": "circle" if pareto[label] >= 0.5 else "circle-open",
            },
            error_x={"array": [_reach(x)], "color": colour, "thickness": 1},
            error_y={"array": [_reach(y)], "color": colour, "thickness": 1},
            hovertemplate=f"{escape(label)}<br>on the front: "
            f"{place_of(contest, label, pareto[label])}"
            f"<br>{told}<extra></extra>",
        )  # fmt: skip
    for axis, name in ((figure.update_xaxes, across), (figure.update_yaxes, up)):
        axis(title_text=named(contest, name))
    return _laid_out(figure)


def _drawn(interval: "Interval", unit: RealUnit | None) -> "Interval":
    """An interval in the unit in which it is drawn."""
    if unit is None:
        return interval
    low, mid, high = (unit.of(one) for one in (interval.low, interval.estimate, interval.high))
    return interval._replace(low=low, estimate=mid, high=high)


def _reach(interval: "Interval") -> float:
    reach = interval.high - interval.estimate
    return reach if reach == reach else 0.0


def _laid_out(figure: "Figure") -> "Figure":
    figure.update_layout(
        template="plotly_white",
        height=380,
        margin={"l": 70, "r": 20, "t": 20, "b": 50},
        legend={"orientation": "h", "y": -0.22},
    )
    return figure
