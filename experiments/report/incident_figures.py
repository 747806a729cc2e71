"""Figure of incidents that were played: what was found beside what is stated."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from experiments.report.incident_terminal import amount_in_words

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["incidents_figure"]


def incidents_figure(summaries: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw a table of every figure that is checked, with its verdict.

    ``summaries`` as of ``IncidentResult.summary``, one an incident.
    """
    from plotly.graph_objects import Figure

    rows = [(one["name"], found) for one in summaries for found in one["findings"]]
    figure = Figure()
    figure.add_table(
        header={"values": ["incident", "figure", "found", "stated", ""], "align": "left"},
        cells={
            "values": [
                [name for name, _ in rows],
                [found["name"] for _, found in rows],
                [amount_in_words(found["found"], found["unit"]) for _, found in rows],
                [amount_in_words(found["stated"], found["unit"]) for _, found in rows],
                ["holds" if found["holds"] else "does not hold" for _, found in rows],
            ],
            "align": "left",
        },
    )
    figure.update_layout(template="plotly_white", height=160 + 22 * len(rows))
    return figure
