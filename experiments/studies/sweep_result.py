"""What a sweep found: a row a run, means by point, and what the parameters have to do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.metrics.criteria import CRITERIA
from experiments.metrics.intervals import student_interval
from experiments.metrics.sensitivity import SobolIndex, sobol_indices
from experiments.report.notebook import Shown
from experiments.report.sweep_figure import sweep_figure
from experiments.runs.arrow import ArrowRows
from experiments.runs.frame_units import criteria_in
from experiments.scenario.overrides import plain
from experiments.scenario.read import Scenario
from lob.counted import counted
from lob.real_units import RealUnit

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["Sweep"]

OF_UNITS = frozenset(
    ["tick_size", "lot_size", "multiplier", "inverse", "base", "quote", "background"]
)
"""Keys of an instrument that say in which units it counts."""


@dataclass(frozen=True, eq=False)
class Sweep(Shown, ArrowRows):
    """Runs of a scenario at many points of its parameters, the same seeds at each."""

    scenario: Scenario
    """The scenario whose values were changed."""
    points: tuple[dict[str, Any], ...]
    """Values by swept name."""
    design: str
    """How the points were chosen."""
    rows: tuple[dict[str, Any], ...]
    """One a run, by point and seed: ``point``, ``number`` of the point, ``seed``, ``criteria`` and
    ``metrics`` by name, ``digest``, ``error``, ``cpu_seconds``."""
    asked: dict[str, Any]
    """What was asked, with every default, versions and digests."""
    made: int = 0
    """How many of the runs were made now; the others were there."""

    @property
    def names(self) -> list[str]:
        """Swept names, in their order."""
        return list(self.points[0])

    @property
    def measures(self) -> list[str]:
        """Names of what was measured: the criteria, and metrics of the user's own."""
        return [*(one.name for one in CRITERIA), *self.asked["metrics"]]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Rows of runs that failed."""
        return [row for row in self.rows if row["error"] is not None]

    @cached_property
    def _table(self) -> "pd.DataFrame":
        import pandas as pd

        made = [
            {
                "number": row["number"],
                **{name: _shown(value) for name, value in row["point"].items()},
                "seed": row["seed"],
                **row["criteria"],
                **row["metrics"],
                "digest": row["digest"],
                "error": row["error"],
                "cpu_seconds": row["cpu_seconds"],
            }
            for row in self.rows
        ]
        columns = ["number", *self.names, "seed", *self.measures, "digest", "error", "cpu_seconds"]
        found = pd.DataFrame(made, columns=columns)
        plain_numbers = [one.name for one in CRITERIA]
        found[plain_numbers] = found[plain_numbers].astype("float64")
        return found

    def _units(self, wanted: str) -> dict[str, RealUnit]:
        """Unit of each criterion; where points count in other units, that of the integers."""
        several = any(name.rpartition(".")[2] in OF_UNITS for name in self.names)
        of = criteria_in("integer" if several and wanted == "real" else wanted, self.scenario)
        return {one.name: of[one.unit] for one in CRITERIA if one.unit in of}

    def frame(self, *, units: str = "real") -> "pd.DataFrame":
        """A pandas frame, a row a run by point and seed; a run that failed has ``error``.

        Columns: ``number`` of the point, each swept name, ``seed``, each measure in its unit
        (``frame.attrs["units"]``), ``digest``, ``error``, ``cpu_seconds``.

        Parameters
        ----------
        units
            ``real``: those of the instruments, as USD and BTC, where they say them and all points
            have the same; ``integer``: ticks, lots and units of cash.

        Raises
        ------
        ValueError
            If ``units`` is neither.
        """
        found, of = self._table.copy(), self._units(units)
        for name, one in of.items():
            found[name] = one.of(found[name])
        named = {one.name: one.unit for one in CRITERIA} | {"cpu_seconds": "seconds"}
        found.attrs["units"] = named | {name: one.name for name, one in of.items()}
        return found

    def _said(self) -> dict[str, Any]:
        return self.asked

    def means(self, measure: str, *, units: str = "real") -> "pd.DataFrame":
        """The mean of a measure at each point, with its 95 % Student interval.

        Parameters
        ----------
        measure
            Name of a criterion or metric.
        units
            As of ``frame``.

        Raises
        ------
        ValueError
            If nothing of this name was measured, or there are no such units.
        """
        import pandas as pd

        if measure not in self.measures:
            raise ValueError(f"measure must be one of {', '.join(self.measures)}, got {measure!r}")
        made, table = [], self.frame(units=units)
        for number, rows in table.groupby("number", sort=True):
            values = pd.to_numeric(rows[measure], errors="coerce").to_numpy(float)
            known = values[np.isfinite(values)]
            found = student_interval(known) if len(known) else None
            made.append({
                **{name: _shown(value) for name, value in self.points[int(str(number))].items()},
                "mean": found.estimate if found else np.nan,
                "low": found.low if found else np.nan,
                "high": found.high if found else np.nan,
                "runs": len(known),
                "failed": int(rows["error"].notna().sum()),
            })  # fmt: skip
        means = pd.DataFrame(made)
        means.attrs["unit"] = table.attrs["units"].get(measure, "")
        return means

    def plot(self, x: str | None = None, y: str = "drop") -> "Figure":
        """Means of a measure against a swept name, a line for each value of the others.

        Parameters
        ----------
        x
            A swept name; ``None``: the first.
        y
            Name of a criterion or metric.

        Raises
        ------
        ValueError
            If nothing of these names was swept or measured.
        """
        x = self.names[0] if x is None else x
        if x not in self.names:
            raise ValueError(f"x must be one of {', '.join(self.names)}, got {x!r}")
        means = self.means(y)
        return sweep_figure(
            means, x, y, others=[name for name in self.names if name != x],
            unit=means.attrs["unit"], title=self.scenario.name,
            joined=self.design in ("grid", "list"),
        )  # fmt: skip

    def sensitivity(self, measure: str = "drop") -> dict[str, dict[str, SobolIndex]]:
        """Sobol indices of each swept name, with bootstrap intervals: ``first`` and ``total``.

        They are of the mean over seeds; with few seeds what is left of chance counts as the
        parameters' working together.

        Parameters
        ----------
        measure
            Name of a criterion or metric.

        Raises
        ------
        ValueError
            If the sweep is of another design than ``sensitivity``, or a point has no value.
        """
        if self.design != "sensitivity":
            raise ValueError(f"design must be 'sensitivity' for Sobol indices, got {self.design!r}")
        means = self.means(measure)["mean"].to_numpy(float)
        if not np.isfinite(means).all():
            lost = int((~np.isfinite(means)).sum())
            raise ValueError(
                f"{measure} is not known at {lost:,} of {len(means):,} points: change the ranges"
            )
        parts = means.reshape(len(self.names) + 2, -1)
        return sobol_indices(parts[0], parts[1], parts[2:], names=self.names)

    def headline(self) -> list[str]:
        """Sentences on the sweep that a reader must not miss."""
        failed = self.failed
        lines = [
            f"{self.scenario.name}: {counted(len(self.rows), 'run')} at "
            f"{counted(len(self.points), 'point')}, {self.made:,} of them made now"
        ]
        if failed:
            first = failed[0]
            at = ", ".join(f"{name} {value}" for name, value in first["point"].items())
            lines.append(
                f"FAILED: {counted(len(failed), 'run')}; the first at {at}, seed "
                f"{first['seed']}: {first['error']}"
            )
        return lines

    def summary(self) -> dict[str, Any]:
        """What was asked and all rows, as JSON values."""
        return {**self.asked, "made": self.made, "rows": plain(list(self.rows))}


def _shown(value: Any) -> Any:
    """A value as a cell of a frame: what is no plain value is told as text."""
    if isinstance(value, list | tuple | Mapping):
        return ", ".join(map(str, value)) if not isinstance(value, Mapping) else str(value)
    return value
