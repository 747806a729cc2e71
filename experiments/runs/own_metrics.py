"""Metrics of the user's own: functions of a run's tapes, called by their names."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.scenario.user_code import UserCodeError

__all__ = ["Metric", "Metrics", "measured", "named_metrics"]

Metric = Callable[[Mapping[str, NDArray[np.void]]], Any]
"""Takes ``run.tape`` (``events``, ``messages``, ``entries``) and returns a number or other JSON."""
Metrics = Sequence[Metric] | Mapping[str, Metric]
"""Metrics by name, or a list of functions that have names of their own."""


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
        If a metric raises.
    """
    found = {}
    for name, metric in metrics.items():
        try:
            value = metric(tape)
        except Exception as error:
            raise UserCodeError(f"metric {name}", error) from error
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist()
        found[name] = None if isinstance(value, float) and not math.isfinite(value) else value
    return found
