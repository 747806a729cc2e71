"""A spiral over seeds: the same runs with and without forced selling, and the story they tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.metrics.solvency import Quantile, quantile_95
from experiments.metrics.spiral import Amplification, amplification
from experiments.report.notebook import Shown
from experiments.report.start import exhausted_lines, start_lines
from experiments.report.study_figures import drops_figure
from experiments.runs.run import run_scenario
from experiments.runs.workers import Workers
from experiments.scenario.read import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["SpiralStudy", "study_spiral"]


@dataclass(frozen=True)
class SpiralStudy(Shown):
    """Summaries of the full runs and of their twins, one pair a seed."""

    scenario: Scenario
    seeds: tuple[int, ...]
    full: tuple[dict[str, Any], ...]
    twin: tuple[dict[str, Any], ...]
    alternatives: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    """Summaries of the runs of the scenario's other designs, on the same seeds, by label."""

    @property
    def own(self) -> str:
        """What the scenario's own design is called."""
        return " + ".join(
            dict.fromkeys(clearing.liquidation.design for clearing in self.scenario.clearings)
        )

    @property
    def designs(self) -> dict[str, tuple[dict[str, Any], ...]]:
        """The runs of every design by its label, the scenario's own first."""
        return {self.own: self.full, **self.alternatives}

    def amplification(self, shock: int = 0) -> Amplification:
        """Mean drop with forced selling over mean drop without."""
        return amplification(
            [run["drops"][shock] for run in self.full], [run["drops"][shock] for run in self.twin]
        )

    def mean(self, part: str, name: str) -> float:
        """The mean over the full runs of a number; ``nan`` where no run has it."""
        values = [run[part][name] for run in self.full if run[part][name] is not None]
        return float(np.mean(values)) if values else float("nan")

    @property
    def var_95(self) -> Quantile:
        """The 95 % quantile of bad debt over seeds."""
        return quantile_95([run["criteria"]["bad_debt"] for run in self.full])

    @property
    def lar_95(self) -> Quantile:
        """The 95 % quantile over seeds of the lots sold by force."""
        return quantile_95([run["criteria"]["liquidated"] for run in self.full])

    def headline(self) -> list[str]:
        """What a reader must not miss, in words."""
        found = self.amplification()
        ratio = found.ratio
        told = (
            "amplification is undefined: without forced sales the fall is within its error of zero"
            if ratio is None
            else f"amplification {ratio.estimate:.2f} times [{ratio.low:.2f}, {ratio.high:.2f}]"
        )
        return [
            f"{self.scenario.name}, {len(self.seeds)} seed{'s' * (len(self.seeds) > 1)}: the price "
            f"falls {found.twin.estimate:,.0f} ticks with nothing forced and "
            f"{found.full.estimate:,.0f} with forced sales; {told}",
            *self.start_lines(),
        ]

    def start_lines(self) -> list[str]:
        """What a reader must know of how the runs started; none: nothing."""
        failed = sum(run["failed_at_start"] for run in self.full) / len(self.full)
        runs = [run for made in self.designs.values() for run in made]
        emptied = sum(run["criteria"]["exhausted"] > 0 for run in runs)
        return [
            *exhausted_lines(emptied, len(runs)),
            *start_lines(failed, self.full[0]["rows_left_out"]),
        ]

    def frame(self) -> "pd.DataFrame":
        """The criteria of every run, one a row, by design and seed; units in ``frame.attrs``."""
        from experiments.runs.frames import criteria

        runs = {"nothing forced": self.twin, **self.designs}
        rows = [run["criteria"] for made in runs.values() for run in made]
        known = [{k: v for k, v in row.items() if v is not None} for row in rows]
        labels = {
            "design": [label for label, made in runs.items() for _ in made],
            "seed": [run["seed"] for made in runs.values() for run in made],
        }
        return criteria(known, labels)

    def plot(self) -> "Figure":
        """The drops of the first shock with nothing forced and under every design."""
        runs = {"nothing forced": self.twin, **self.designs}
        drops = {label: [run["drops"][0] for run in made] for label, made in runs.items()}
        return drops_figure(drops, f"{self.scenario.name}, {len(self.seeds)} seeds")

    def summary(self) -> dict[str, Any]:
        """What happened over the seeds, ready for JSON."""
        return {
            "scenario": self.scenario.name,
            "seeds": list(self.seeds),
            **self.amplification().to_dict(),
            "var_95": self.var_95._asdict(),
            "lar_95": self.lar_95._asdict(),
            "runs": list(self.full),
            "twins": list(self.twin),
            "alternatives": {label: list(runs) for label, runs in self.alternatives.items()},
        }


def study_spiral(
    scenario: Scenario,
    seeds: Sequence[int],
    *,
    workers: int | None = None,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> SpiralStudy:
    """Run a scenario, its twin, and the designs beside its own for every seed, on all cores.

    Parameters
    ----------
    scenario
        See ``read_scenario``.
    seeds
        At least one.
    workers
        Processes; ``None``: one a core.
    report
        Told how many of how many runs are done, once a seed.
    """
    if not seeds:
        raise ValueError("seeds must be at least one")
    jobs = [(scenario, seed) for seed in seeds]
    runs = 2 + len(scenario.alternatives)
    with Workers(workers) as pool:
        done = pool.map(
            _summaries, jobs, lambda finished: report(runs * finished, runs * len(jobs))
        )
    twin, full, *others = zip(*done, strict=True)
    labels = [one.label for one in scenario.alternatives]
    return SpiralStudy(scenario, tuple(seeds), full, twin, dict(zip(labels, others, strict=True)))


def _summaries(job: tuple[Scenario, int]) -> list[dict[str, Any]]:
    """Of the twin, of the scenario's own design, and of those beside it: one seed."""
    scenario, seed = job
    unforced = run_scenario(scenario, seed, forced=False)
    twin = unforced.prices
    made = [unforced.summary(), run_scenario(scenario, seed, twin=twin).summary()]
    for one in scenario.alternatives:
        run = run_scenario(scenario, seed, design=one.design, parameters=one.parameters, twin=twin)
        made.append(run.summary())
    return made
