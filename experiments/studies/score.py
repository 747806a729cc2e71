"""How near a market is to a file of order flow: what ``firesale score`` tells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.calibration.facts import FACTS, GATE_LIMIT, GATES, distance, unit_in_words
from experiments.metrics.intervals import Interval, known, student_interval
from experiments.report.facts_figures import adds_figure
from experiments.report.notebook import Shown
from experiments.studies.facts import MINUTES, FactsStudy, is_market, study_facts
from lob.counted import counted

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["FIRST_SEED", "LEAST_SEEDS", "Gate", "ScoreStudy", "side_by_side", "study_score"]

LEAST_SEEDS = 10
"""A score of a simulated market is a mean over at least so many seeds."""
FIRST_SEED = 1_001
"""The first seed of a score: a fit searches with smaller ones, and is not scored on them."""


@dataclass(frozen=True)
class Gate:
    """A quantity that market and file must share before a distance means something.

    Attributes
    ----------
    title, unit
        What it is.
    market, file
        Its values; ``None``: not known.
    """

    title: str
    unit: str
    market: float | None
    file: float | None

    @property
    def off(self) -> float | None:
        """Market over file less 1; ``None`` where one is not known."""
        if self.market is None or not self.file:
            return None
        return self.market / self.file - 1

    @property
    def holds(self) -> bool:
        """Whether it is off by at most ``GATE_LIMIT``."""
        return self.off is not None and abs(self.off) <= GATE_LIMIT


@dataclass(frozen=True)
class ScoreStudy(Shown):
    """A market and a file side by side.

    Attributes
    ----------
    market, file
        Their facts.
    distances
        The distance of each seed of the market.
    parts
        What each statistic adds before the mean is taken, a mean over seeds.
    """

    market: FactsStudy
    file: FactsStudy
    distances: tuple[float, ...]
    parts: Mapping[str, float]

    @property
    def distance(self) -> Interval | None:
        """The mean distance with its 95 % interval over seeds; ``None``: nothing in common."""
        found = [one for one in self.distances if not isnan(one)]
        if not found:
            return None
        if len(found) == 1:
            return Interval(found[0], found[0], found[0], 0.95, "student", 1)
        return student_interval(found)

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Spread, volatility and volume, means over seeds."""
        return tuple(
            Gate(
                what.title,
                self._unit(what.unit),
                self.market.value(name).value,
                self.file.value(name).value,
            )
            for name, what in GATES.items()
        )

    @property
    def holds(self) -> bool:
        """Whether all gates hold: otherwise the distance is no score."""
        return all(gate.holds for gate in self.gates)

    def frame(self) -> pd.DataFrame:
        """A row a statistic: the market's value, the file's, and what it adds."""
        rows = []
        for name, what in FACTS.items():
            one, other = self.market.value(name), self.file.value(name)
            rows.append({
                "statistic": name,
                "title": what.title,
                "unit": self._unit(what.unit),
                "form": what.form,
                "market": one.value,
                "file": other.value,
                "adds": self.parts.get(name),
                "reason": _why(one.reason, other.reason),
            })  # fmt: skip
        return pd.DataFrame(rows)

    def _unit(self, unit: str) -> str:
        return unit_in_words(unit, self.market.instrument, self.file.instrument)

    def headline(self) -> list[str]:
        """The distance, and which gates hold."""
        found = self.distance
        if found is None:
            first = f"{self.market.source} and {self.file.source} have no statistic in common"
        else:
            spread = (
                f" [{found.low:.2f}, {found.high:.2f}] over {_seeds_told(self.market.seeds)}"
                if found.samples > 1
                else ""
            )
            first = (
                f"{self.market.source} is at a distance of {found.estimate:.2f}{spread} from "
                f"{self.file.source}, by {len(self.parts)} of {len(FACTS)} statistics"
            )
        lines = [first]
        failed = [gate.title for gate in self.gates if not gate.holds]
        if failed:
            lines.append(
                f"Warning: the distance is no score: {', '.join(failed)} must be within "
                f"{GATE_LIMIT:.0%}"
            )
        if len(self.parts) < len(FACTS) / 2:
            lines.append(
                "Warning: most statistics are missing: the distance says little, and is not to be "
                "held against one of other statistics"
            )
        for gate in self.gates:
            if gate.off is None:
                lines.append(f"{gate.title}: not known, so the gate does not hold")
            else:
                said = "holds" if gate.holds else "does not hold"
                lines.append(
                    f"{gate.title}: {gate.market:,.4g} against {gate.file:,.4g} {gate.unit}, "
                    f"{gate.off:+.0%}: the gate of {GATE_LIMIT:.0%} {said}"
                )
        return lines + [f"Note: {note}" for note in self.file.runs[0].notes]

    def plot(self) -> "Figure":
        """What each statistic adds to the distance: a plotly figure."""
        return adds_figure(self.frame(), self.headline()[0])

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values."""
        found = self.distance
        return {
            "market": self.market.source,
            "file": self.file.source,
            "seeds": list(self.market.seeds),
            "distance": None if found is None else found.estimate,
            "interval": None if found is None else [found.low, found.high],
            "of_seeds": [known(one) for one in self.distances],
            "gates_hold": self.holds,
            "gates": [
                {
                    "title": gate.title,
                    "unit": gate.unit,
                    "market": gate.market,
                    "file": gate.file,
                    "off": gate.off,
                    "holds": gate.holds,
                }
                for gate in self.gates
            ],
            "statistics": [
                {key: None if pd.isna(value) else value for key, value in row.items()}
                for row in self.frame().to_dict("records")
            ],
        }


def side_by_side(found: FactsStudy, target: FactsStudy) -> ScoreStudy:
    """Set the facts of a market beside those of a file.

    Parameters
    ----------
    found
        Of the market, over its seeds.
    target
        Of the file.
    """
    scored = [distance(run, target.runs[0]) for run in found.runs]
    parts = {}
    for name in FACTS:
        added = [each[name] for _, each in scored if name in each]
        if added:
            parts[name] = sum(added) / len(added)
    return ScoreStudy(found, target, tuple(total for total, _ in scored), parts)


def study_score(
    market: str | Path,
    file: str | Path | Sequence[str | Path],
    seeds: Sequence[int] | None = None,
    minutes: float | None = None,
    *,
    report: Callable[[str], object] = lambda what: None,
    settings: Mapping[str, Any] | None = None,
    **options: Any,
) -> ScoreStudy:
    """Measure a market and a file, and how far they are apart.

    Parameters
    ----------
    market
        The name of a ready market; or another file, which has no seeds.
    file
        Order flow of any format.
    seeds
        At least 10; ``None``: 1001 to 1010.
    minutes
        How long the market is measured; ``None``: as long as the file, at most 100 minutes.
    report
        Called with what is done next.
    settings
        Options of the market.
    **options
        Of the file, see ``experiments.studies.facts.facts_of_file``.

    Raises
    ------
    ValueError
        If there are too few seeds, or there is no such market or file.
    """
    if seeds is None:
        seeds = range(FIRST_SEED, FIRST_SEED + LEAST_SEEDS)
    if len(seeds) < LEAST_SEEDS:
        raise ValueError(f"a score is a mean over at least {LEAST_SEEDS} seeds, got {len(seeds)}")
    if is_market(file):
        raise ValueError(f"a market is held against a file, {file} is a market")
    target = study_facts(file, report=report, **options)
    if is_market(market):
        length = minutes or min(MINUTES, max(target.runs[0].seconds / 60, 1.0))
        found = study_facts(market, seeds, length, report=report, **(settings or {}))
    else:
        found = study_facts(market, minutes=minutes, report=report)
    return side_by_side(found, target)


def _seeds_told(seeds: Sequence[int]) -> str:
    """How many, and which."""
    if list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{counted(len(seeds), 'seed')}, {seeds[0]} to {seeds[-1]}"
    return f"{counted(len(seeds), 'seed')}: {', '.join(map(str, seeds))}"


def _why(market: str, file: str) -> str:
    told = [f"{who}: {why}" for who, why in (("market", market), ("file", file)) if why]
    return "; ".join(told)
