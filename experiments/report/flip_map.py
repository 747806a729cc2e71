"""The flip map: in how many markets one design comes before the others, by level of each factor."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from experiments.report.page import drawn, section
from lob.counted import counted

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from experiments.report.results import ScreeningResult

__all__ = ["FAST", "flip_figure", "flip_section", "flip_told"]

FAST = (
    "this ranking is that of one market: whether it holds in others was not looked at, as compare "
    "does without --fast"
)
"""What is said where no other market was looked at."""


def flip_told(found: "ScreeningResult | None") -> list[str]:
    """English sentences on whether the ranking holds in other markets.

    Parameters
    ----------
    found
        The check; ``None``: it was left out.
    """
    if found is None:
        return [FAST]
    seeds = max((len(one.seeds) for one in found.contests.values()), default=0)
    others = counted(len(found.contests), "other market")
    head = f"in {others}, {counted(seeds, 'seed')} each, by {found.by}: "
    return [head + line for line in found.told()]


def flip_figure(rows: Sequence[dict[str, Any]], first: str) -> "Figure":
    """Draw the flip map.

    Parameters
    ----------
    rows
        As of ``experiments.contest.screening.Screening.flip_map``.
    first
        Label of the design that is compared with the others.
    """
    from plotly.graph_objects import Figure

    designs = list(dict.fromkeys(row["design"] for row in rows))
    levels = list(dict.fromkeys((row["factor"], row["level"]) for row in rows))
    cells = {(row["factor"], row["level"], row["design"]): row for row in rows}
    shares, texts = [], []
    for level in levels:
        found = [cells[(*level, design)] for design in designs]
        counts = [(one["before"], one["before"] + one["behind"] + one["alike"]) for one in found]
        shares.append([
            (one["before"] + one["alike"] / 2) / of if of else None
            for one, (_, of) in zip(found, counts, strict=True)
        ])  # fmt: skip
        texts.append([f"{before} of {of}" if of else "-" for before, of in counts])
    figure = Figure()
    figure.add_heatmap(
        x=[escape(one) for one in designs],
        y=[escape(f"{factor}: {level}") for factor, level in levels],
        z=shares, text=texts, texttemplate="%{text}", zmin=0, zmax=1,
        colorscale=[[0, "#d62728"], [0.5, "#f2f2f2"], [1, "#1f77b4"]], showscale=False,
        hovertemplate=f"%{{y}}<br>{escape(first)} before %{{x}} in %{{text}} markets"
        "<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(automargin=True, side="top")
    figure.update_layout(margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure


def flip_section(found: "ScreeningResult | None") -> str:
    """Write the part of the page on other markets as HTML.

    Parameters
    ----------
    found
        The check; ``None``: it was left out.
    """
    lines = "".join(f"<li>{escape(line)}</li>" for line in flip_told(found))
    body = [f"<ul>{lines}</ul>"]
    title, text = "Does the ranking hold in other markets?", ""
    ranked = found.ranked() if found is not None and found.contests else []
    if found is not None and len(ranked) > 1:
        rows = found.flip_map(ranked[0])
        text = (
            f"In how many markets {ranked[0]} comes before each other design, by what the market "
            "is like; blue: in most, red: in few."
        )
        height = 80 + 26 * 2 * len(found.factors)
        body.insert(0, drawn("flips", flip_figure(rows, ranked[0]), height))
    return section(title, text, *body)
