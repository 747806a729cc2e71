"""What an incident is here: facts with their sources, choices, a check, and what a run found."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agents import Simulation

__all__ = ["EXACT", "MODEL", "ROUNDED", "Figure", "Finding", "Incident", "IncidentResult", "Played"]

EXACT = 0.0
"""Tolerance of a count, and of what a rule says exactly."""
ROUNDED = 0.01
"""Tolerance of a figure that follows from published ones, which are rounded."""
MODEL = 0.1
"""Tolerance of a figure that a model of a market predicts."""


class Finding(NamedTuple):
    """A figure of a run beside the one that it is checked against."""

    name: str
    """What the figure is of."""
    found: float
    """The figure of the run."""
    stated: float
    """The published figure, or the one that a rule states."""
    within: float
    """Share of ``stated`` by which ``found`` may be off: ``EXACT``, ``ROUNDED`` or ``MODEL``."""
    unit: str = ""
    """Unit of both figures; empty: a number."""

    @property
    def holds(self) -> bool:
        """Whether the run's figure is near enough to the stated one."""
        # A rule that holds exactly is still compared as a float.
        return abs(self.found - self.stated) <= max(self.within, 1e-9) * abs(self.stated)


class Figure(NamedTuple):
    """A figure of a run that is shown and not checked."""

    name: str
    """What the figure is of, and why it is no check where that needs saying."""
    found: float
    """The figure of the run."""
    unit: str = ""
    """Unit of the figure; empty: a number."""


@dataclass(frozen=True)
class Played:
    """What the runs of an incident showed."""

    findings: tuple[Finding, ...]
    """What is checked."""
    simulations: tuple[Simulation, ...]
    """The runs, each to its end: every asset of theirs must sum to zero."""
    shown: tuple[Figure, ...] = ()
    """What is shown beside it."""


@dataclass(frozen=True)
class Incident:
    """Something that happened, as a run that can be held to what is known of its outcome."""

    name: str
    """By which it is asked for."""
    title: str
    """What happened, in a line."""
    date: str
    """Day or days, in words."""
    sourced: tuple[str, ...]
    """Facts that the run is given, each with its source."""
    chosen: tuple[str, ...]
    """What no source says and the run needs."""
    check: str
    """What is checked, and why it does not follow from what the run was given."""
    play: Callable[[], Played] = field(repr=False)
    """Does the runs."""
    disputed: tuple[str, ...] = ()
    """Figures on which sources differ."""
    reason: str = ""
    """Why the check does not hold, of an incident that is known not to be reproduced."""

    def run(self) -> "IncidentResult":
        """Do the runs and hold them to what is known.

        Raises
        ------
        RuntimeError
            If an asset of a run does not sum to zero.
        """
        start = time.process_time()
        played = self.play()
        seconds = time.process_time() - start
        for simulation in played.simulations:
            simulation.venue.check()
            if not simulation.ledger.conserves():
                raise RuntimeError(f"incident {self.name}: an asset does not sum to zero")
        return IncidentResult(self, played.findings, played.shown, seconds)


@dataclass(frozen=True)
class IncidentResult:
    """An incident, what its runs found, and whether that is what happened."""

    incident: Incident
    findings: tuple[Finding, ...]
    """What was checked."""
    shown: tuple[Figure, ...]
    """What is shown beside it."""
    seconds: float
    """CPU seconds of the runs."""

    @property
    def reproduced(self) -> bool:
        """Whether every finding holds."""
        return all(one.holds for one in self.findings)

    @property
    def verdict(self) -> str:
        """``reproduced``, or ``not reproduced`` and what does not hold."""
        if self.reproduced:
            return "reproduced"
        missed = ", ".join(one.name for one in self.findings if not one.holds)
        why = f": {self.incident.reason}" if self.incident.reason else ""
        return f"not reproduced ({missed}){why}"

    def summary(self) -> dict[str, Any]:
        """Facts, choices, check, findings and verdict as a dictionary of JSON values."""
        one = self.incident
        return {
            "name": one.name,
            "title": one.title,
            "date": one.date,
            "sourced": list(one.sourced),
            "chosen": list(one.chosen),
            "disputed": list(one.disputed),
            "check": one.check,
            "findings": [{**found._asdict(), "holds": found.holds} for found in self.findings],
            "shown": [figure._asdict() for figure in self.shown],
            "verdict": self.verdict,
            "reproduced": self.reproduced,
            "seconds": self.seconds,
        }
