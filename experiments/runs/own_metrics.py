"""Metrics of the user's own: functions of a run's tapes, called by their names."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.scenario.metrics import MetricTable, make_metrics
from experiments.scenario.user_code import UserCodeError

__all__ = [
    "Metric",
    "MetricColumn",
    "Metrics",
    "all_metrics",
    "measured",
    "metric_columns",
    "named_metrics",
]

Metric = Callable[[Mapping[str, NDArray[np.void]]], Any]
"""Takes ``run.tape`` (``events``, ``messages``, ``entries``) and returns a number or other JSON."""
Metrics = Sequence[Metric] | Mapping[str, Metric]
"""Metrics by name, or a list of functions that have names of their own."""


class MetricColumn(NamedTuple):
    """A metric of several runs, as a column of a frame."""

    name: str
    """Name of the metric."""
    unit: str
    """Unit that its table says; empty: it says none."""
    values: list[Any]
    """One a run; ``nan`` where it is not known."""


def metric_columns(
    tables: Sequence[MetricTable], rows: Sequence[Mapping[str, Any]]
) -> list[MetricColumn]:
    """The metrics of several runs, as columns of a frame: those of the scenario first.

    Parameters
    ----------
    tables
        Those of the scenario.
    rows
        Each run's metrics by name; one that failed has none.
    """
    units = {one.name: one.unit for one in tables}
    found = []
    for name in dict.fromkeys([*units, *(name for row in rows for name in row)]):
        values = [row.get(name) for row in rows]
        known = [math.nan if value is None else value for value in values]
        found.append(MetricColumn(name, units.get(name, ""), known))
    return found


def named_metrics(metrics: Metrics) -> dict[str, Metric]:
    """Metrics by name.

    Raises
    ------
    ValueError
        If one has no name, two have the same, or one cannot be called.
    """
    if isinstance(metrics, Mapping):
        found = dict(metrics)
    else:
        found = {}
        for one in metrics:
            name = getattr(one, "__name__", "<lambda>")
            if name == "<lambda>":
                raise ValueError(f"a metric needs a name: give a dict of them by name, got {one!r}")
            if name in found:
                raise ValueError(f"two metrics are called {name!r}: give a dict of them by name")
            found[name] = one
    for name, one in found.items():
        if not callable(one):
            raise ValueError(f"metric {name} must be a function of a run's tapes, got {one!r}")
    return found


def all_metrics(
    tables: Sequence[MetricTable], metrics: Mapping[str, Metric] | None
) -> dict[str, Metric]:
    """The metrics that a scenario names, which are loaded, and others beside them.

    Parameters
    ----------
    tables
        Those of the scenario.
    metrics
        Others by name; ``None``: none.

    Raises
    ------
    UserCodeError
        If code of the user's own raises.
    ValueError
        If two have the same name, or one is no metric.
    """
    own, others = make_metrics(tables), dict(metrics or {})
    for name in others:
        if name in own:
            raise ValueError(f"two metrics are called {name!r}: the scenario has one too")
    return {**own, **others}


def measured(metrics: Mapping[str, Metric], tape: Mapping[str, NDArray[np.void]]) -> dict[str, Any]:
    """Values of metrics by name, ready for JSON; what is not finite is ``None``.

    Parameters
    ----------
    metrics
        Functions by name.
    tape
        What each is called with: ``Run.tape``.

    Raises
    ------
    UserCodeError
        If a metric raises, or returns what neither a number is nor JSON can hold.
    """
    found = {}
    for name, metric in metrics.items():
        try:
            value = metric(tape)
        except UserCodeError:
            raise
        except (Exception, SystemExit) as error:
            raise UserCodeError(f"metric {name}", error) from error
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist()
        _refuse_what_is_no_value(name, value)
        found[name] = None if isinstance(value, float) and not math.isfinite(value) else value
    return found


def _refuse_what_is_no_value(name: str, value: Any) -> None:
    try:
        json.dumps(value)
        if isinstance(value, int):
            float(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        shown = f"{value!r:.60}" if not isinstance(value, int) else "a number beyond 1e308"
        error = TypeError(f"must return a number, or what JSON can hold, got {shown}")
        raise UserCodeError(f"metric {name}", error) from error
