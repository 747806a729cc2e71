"""Metrics of the user's own that a scenario names: what each measures of a run's tapes."""

from collections.abc import Callable, Iterable
from functools import partial
from inspect import signature
from typing import Any

from pydantic import Field

from experiments.metrics.criteria import CRITERIA
from experiments.scenario.files import OwnName
from experiments.scenario.own_parts import call_own, make_own
from experiments.scenario.parameters import refuse_unknown
from experiments.scenario.table import Name, Table
from experiments.scenario.user_code import load_user_code

__all__ = ["MetricTable", "OwnMetric", "make_metrics", "why_no_metric_is_called"]

OwnMetric = Callable[..., Any]
"""Takes ``run.tape`` and returns a number or other JSON."""
COLUMNS = frozenset([
    "cpu_seconds", "design", "digest", "error", "key", "label", "market", "number", "point", "row",
    "seconds", "seed", "sources", *(one.name for one in CRITERIA),
])  # fmt: skip
"""Columns that rows and frames of runs have of their own."""


class MetricTable(Table):
    """A measure of your own, taken of each run: a column of its name in rows and frames.

    A function is called with the run's tape (``run.tape``) and the parameters; a class is made with
    the parameters, and what it makes is called with the tape.
    """

    kind: OwnName
    """``FILE.py:NAME`` of a function or class of one's own."""
    name: Name
    """Name of the metric, unique; summaries, rows and frames have it under this name."""
    unit: str = ""
    """Unit of what it returns, for frames."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the function or class."""


def make_metrics(tables: Iterable[MetricTable]) -> dict[str, OwnMetric]:
    """Make the metrics of a scenario, by name: code of the user's own, which is run.

    Parameters
    ----------
    tables
        The tables.

    Raises
    ------
    UserCodeError
        If the code raises.
    ValueError
        If there is no such code, it has no such parameter, or it makes no metric.
    """
    return {one.name: _made(one) for one in tables}


def why_no_metric_is_called(name: str) -> str | None:
    """The reason, in words, why a metric cannot have a name; ``None``: it can."""
    if name in COLUMNS:
        return f"{name!r} is a column of every row of a run: choose another name"
    return None


def _made(one: MetricTable) -> OwnMetric:
    of = f"metric {one.kind}"
    found = load_user_code(one.kind)
    if isinstance(found, type):
        made = make_own(one.kind, of, parameters=one.parameters)
        if not callable(made):
            raise ValueError(f"{of} must make what can be called with a run's tape, got {made!r}")
        return partial(call_own, of, made)
    refuse_unknown(found, one.parameters, of=of)
    try:
        signature(found).bind({}, **one.parameters)
    except TypeError as error:  # before the run, which may be long
        raise ValueError(f"{of}: {error}") from None
    return partial(call_own, of, found, **one.parameters)
