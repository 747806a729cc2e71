"""The incidents by name, and all of them played."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.report.incident_figures import incidents_figure
from experiments.studies.incidents.aave_crv import AAVE_CRV
from experiments.studies.incidents.bzx import BZX
from experiments.studies.incidents.capo import CAPO
from experiments.studies.incidents.compound_dai import COMPOUND_DAI
from experiments.studies.incidents.ether_whale import ETHER_WHALE
from experiments.studies.incidents.euler import EULER
from experiments.studies.incidents.jelly import JELLY
from experiments.studies.incidents.maker import MAKER
from experiments.studies.incidents.mango import MANGO
from experiments.studies.incidents.record import Incident, IncidentResult
from experiments.studies.incidents.solend import SOLEND
from experiments.studies.incidents.toxic_spirals import TOXIC_SPIRALS
from experiments.studies.incidents.xusd import XUSD

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["INCIDENTS", "IncidentLibrary", "IncidentStudy", "incidents"]

INCIDENTS: dict[str, Incident] = {
    one.name: one
    for one in (
        BZX, MAKER, COMPOUND_DAI, SOLEND, MANGO, AAVE_CRV, TOXIC_SPIRALS, EULER, ETHER_WHALE, JELLY,
        XUSD, CAPO,
    )
}  # fmt: skip
"""All incidents by name, the oldest first."""


@dataclass(frozen=True)
class IncidentStudy:
    """Incidents that were played, each with its verdict."""

    results: tuple[IncidentResult, ...]
    """What each of them found."""

    def headline(self) -> list[str]:
        """How many came out as they did, and which did not."""
        missed = [one for one in self.results if not one.reproduced]
        told = [f"{len(self.results) - len(missed)} of {len(self.results)} incidents reproduced"]
        return told + [f"{one.incident.name}: {one.verdict}" for one in missed]

    def frame(self) -> pd.DataFrame:
        """A row for each figure that is checked.

        Columns: incident, figure, found, stated, within (a share of ``stated``), unit and holds.
        """
        rows = [
            (one.incident.name, found.name, found.found, found.stated, found.within, found.unit,
             found.holds)
            for one in self.results
            for found in one.findings
        ]  # fmt: skip
        columns = ["incident", "figure", "found", "stated", "within", "unit", "holds"]
        return pd.DataFrame(rows, columns=columns)

    def plot(self) -> "Figure":
        """Every figure that is checked beside the stated one, in a table: a plotly figure."""
        return incidents_figure([one.summary() for one in self.results])

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values: counts, and the ``incidents`` with facts, check and verdict."""
        return {
            "reproduced": sum(one.reproduced for one in self.results),
            "of": len(self.results),
            "incidents": [one.summary() for one in self.results],
        }


class IncidentLibrary(Mapping[str, Incident]):
    """Incidents whose outcome is known, by name; see ``incidents``."""

    def __getitem__(self, name: str) -> Incident:
        if name not in INCIDENTS:
            known = ", ".join(INCIDENTS)
            raise KeyError(f"no incident is called {name!r}: there are {known}")
        return INCIDENTS[name]

    def __iter__(self) -> Iterator[str]:
        return iter(INCIDENTS)

    def __len__(self) -> int:
        return len(INCIDENTS)

    def __repr__(self) -> str:
        return f"IncidentLibrary({', '.join(self)})"

    def frame(self) -> pd.DataFrame:
        """A row for each incident: name, date, title and check."""
        rows = [(one.name, one.date, one.title, one.check) for one in self.values()]
        return pd.DataFrame(rows, columns=["name", "date", "title", "check"])

    def run(self, *names: str) -> IncidentStudy:
        """Play incidents by name, all of them if none is named: an ``IncidentStudy``.

        Raises
        ------
        ValueError
            If there is no incident of a name.
        RuntimeError
            If an asset of a run does not sum to zero.
        """
        unknown = [name for name in names if name not in INCIDENTS]
        if unknown:
            known = ", ".join(INCIDENTS)
            raise ValueError(f"no incident is called {unknown[0]!r}: there are {known}")
        return IncidentStudy(tuple(INCIDENTS[name].run() for name in names or INCIDENTS))


def incidents() -> IncidentLibrary:
    """The library of incidents whose outcome is known: what is sourced, what chosen, the check.

    Examples
    --------
    >>> library = incidents()
    >>> library["solend"].date
    '19 June 2022'
    >>> library.run("solend").headline()
    ['1 of 1 incidents reproduced']
    """
    return IncidentLibrary()
