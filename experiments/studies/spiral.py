"""A spiral over seeds: the same runs with and without forced selling, and the story they tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from experiments.metrics.exhausted import worst_empty
from experiments.metrics.solvency import Quantile, quantile_95
from experiments.metrics.spiral import Amplification, amplification
from experiments.report.account_words import harm_told
from experiments.report.notebook import Shown
from experiments.report.ratios import move_of, no_ratio, times_of
from experiments.report.start import NOTHING_FAILED, nothing_failed, start_lines
from experiments.report.study_figures import drops_figure
from experiments.runs.arrow import ArrowRows
from experiments.runs.errors import RunError, told
from experiments.runs.memory_limit import limited, refuse_where_none
from experiments.runs.provenance import asked_of_scenario
from experiments.runs.run import run_scenario
from experiments.runs.twins import Twin
from experiments.runs.units_of_keys import units_of_spiral
from experiments.runs.workers import JobError, Workers
from experiments.scenario.background import Sources
from experiments.scenario.read import Scenario
from experiments.scenario.shock_words import shock_lines
from experiments.scenario.variants import with_other_sources
from lob.counted import counted

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["FailedSeed", "SpiralStudy", "study_spiral"]


TAKEN_FOR: dict[Sources, str] = {
    "account": "each account that is sold out for a seller of its own",
    "engine": "all that is sold by force for the sales of one seller",
}
"""Whom makers take for the seller of forced sales, in words."""


class FailedSeed(NamedTuple):
    """A seed of which a run raised."""

    seed: int
    error: str
    """What was raised, and where in the user's own code if it was there."""
    trace: str | None
    """The traceback, of the user's own frames if there are any."""


@dataclass(frozen=True)
class SpiralStudy(Shown, ArrowRows):
    """Summaries of the full runs and of their twins, one pair a seed."""

    scenario: Scenario
    """The scenario, with all of its values."""
    seeds: tuple[int, ...]
    """Roots of all randomness."""
    full: tuple[dict[str, Any], ...]
    """Summaries of the runs of the scenario's own design, one a seed."""
    twin: tuple[dict[str, Any], ...]
    """Summaries of the runs in which nothing is forced, one a seed."""
    alternatives: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    """Summaries of the runs of the scenario's other designs, on the same seeds, by label."""
    failed: tuple[FailedSeed, ...] = ()
    """The seeds of which a run raised: they are not among ``seeds``."""
    sources: Sources | None = None
    """Whom makers take for the seller of forced sales in ``other_sources``; ``None``: it was not
    asked, or the makers of the market do not look at who sells."""
    other_sources: tuple[dict[str, Any], ...] = ()
    """Summaries of the runs of the own design in which they take forced sales for those of
    ``sources``."""

    @property
    def own(self) -> str:
        """Names of the scenario's own liquidation designs, joined by " + "."""
        return " + ".join(
            dict.fromkeys(clearing.liquidation.design for clearing in self.scenario.clearings)
        )

    @property
    def designs(self) -> dict[str, tuple[dict[str, Any], ...]]:
        """Summaries of the runs of every design by label, the scenario's own first."""
        return {self.own: self.full, **self.alternatives}

    @property
    def nothing_failed(self) -> bool:
        """Whether in no seed an account failed or a lot was sold by force, under the own design."""
        return nothing_failed(run["criteria"] for run in self.full)

    def amplification(self, shock: int = 0) -> Amplification:
        """Mean drop with forced selling over mean drop without, with intervals.

        Undefined where a side of a book emptied: a drop to where nobody buys has no size.

        Parameters
        ----------
        shock
            Index of the shock, from 0, in the order of the scenario.
        """
        found = amplification(
            [run["drops"][shock] for run in self.full], [run["drops"][shock] for run in self.twin]
        )
        empty = any(run["exhausted"] for run in (*self.full, *self.twin))
        return found._replace(ratio=None) if empty else found

    def sources_line(self) -> str | None:
        """An English sentence: how the answer hangs on what makers take forced sales for.

        ``None`` where nothing was sold by force, or it was not asked.
        """
        if self.sources is None or not self.other_sources or self.nothing_failed:
            return None
        found = amplification(
            [run["drops"][0] for run in self.other_sources], [run["drops"][0] for run in self.twin]
        )
        empty = any(run["exhausted"] for run in (*self.other_sources, *self.twin))
        if found.ratio is None or empty:
            said = "the amplification is undefined"
        else:
            said = f"the amplification is {times_of(found.ratio)}"
        own: Sources = "engine" if self.sources == "account" else "account"
        return (
            f"where makers take {TAKEN_FOR[self.sources]}, {said}: all else here is where they "
            f"take {TAKEN_FOR[own]}, and real ones are in between"
        )

    def why_undefined(self, shock: int = 0) -> str:
        """An English clause: why there is no amplification.

        Parameters
        ----------
        shock
            Index of the shock, from 0, in the order of the scenario.
        """
        move = move_of(self.scenario, shock)
        if any(run["exhausted"] for run in (*self.full, *self.twin)):
            return f"a side of a book emptied, and a {move} to where nobody trades has no size"
        scenario = self.scenario
        price = scenario.units.prices[scenario.number_of(scenario.shocks[shock].instrument)]
        return no_ratio(self.amplification(shock).twin, f"{move} without forced sales", price)

    def exhausted_lines(self) -> list[str]:
        """Warnings in capitals: in how many runs of which design a side of a book emptied.

        An empty list if none did.
        """
        lines = []
        for label, runs in {"nothing forced": self.twin, **self.designs}.items():
            count, worst = worst_empty(run["exhausted"] for run in runs)
            if worst is not None:
                lines.append(
                    f"EXHAUSTED ({label}): {worst.told()}; in {count} of "
                    f"{counted(len(runs), 'seed')}. Nobody was left to trade with: what is said of "
                    "prices and losses is no bound, and this is the worst outcome there is"
                )
        return lines

    def failed_lines(self) -> list[str]:
        """What must be shouted: the seeds that are missing, and why."""
        of = len(self.failed) + len(self.seeds)
        return [
            f"FAILED, and left out of {counted(of, 'seed')}: {one.error}" for one in self.failed
        ]

    def refused_lines(self) -> list[str]:
        """Warnings: criteria that cannot be true and are left out, by design and seed."""
        lines = []
        for label, runs in {"nothing forced": self.twin, **self.designs}.items():
            for run in runs:
                lines += [f"REFUSED ({label}, seed {run['seed']}): {one}" for one in run["refused"]]
        return lines

    def mean(self, part: str, name: str) -> float:
        """Mean over the full runs of a number of their summaries; ``nan`` where no run has it.

        Parameters
        ----------
        part, name
            The part of the summary, and the number's name within it.
        """
        values = [run[part][name] for run in self.full if run[part][name] is not None]
        return float(np.mean(values)) if values else float("nan")

    @property
    def var_95(self) -> Quantile:
        """The 95 % quantile of bad debt over seeds, in cash units."""
        return self._quantile("bad_debt")

    @property
    def lar_95(self) -> Quantile:
        """The 95 % quantile over seeds of the lots sold by force."""
        return self._quantile("liquidated")

    def _quantile(self, name: str) -> Quantile:
        """Over the seeds in which a criterion is known; of none of them, ``nan``."""
        known = [run["criteria"][name] for run in self.full if run["criteria"][name] is not None]
        return quantile_95(known) if known else Quantile(float("nan"), None, 0)

    def headline(self) -> list[str]:
        """English sentences on the study that a reader must not miss."""
        found, price = self.amplification(), self.scenario.price_unit
        ratio = found.ratio
        told = (
            f"amplification is undefined: {self.why_undefined()}"
            if ratio is None
            else f"amplification {times_of(ratio)}"
        )
        least = "at least " * bool(self.exhausted_lines())
        none = f"{NOTHING_FAILED}; " * self.nothing_failed
        return [
            *self.failed_lines(),
            *self.exhausted_lines(),
            *self.refused_lines(),
            f"{self.scenario.name}, {counted(len(self.seeds), 'seed')}: {none}the price "
            f"{self.moves()} {least}{price.told(found.twin.estimate)} with nothing forced and "
            f"{least}{price.number(found.full.estimate)} with forced sales; {told}",
            *filter(None, [self.sources_line()]),
            *shock_lines(self.scenario, self.full[0].get("shocks", ())),
            harm_told(self.closed_accounts, self.scenario.units.cash),
            *self.start_lines(),
        ]

    @property
    def closed_accounts(self) -> list[dict[str, Any]]:
        """The closed account of every full run, as JSON values."""
        return [run["closed_account"] for run in self.full]

    def start_lines(self) -> list[str]:
        """English sentences on how the runs started that must be known; none if all is well."""
        failed = sum(run["failed_at_start"] for run in self.full) / len(self.full)
        names = dict.fromkeys(name for run in self.full for name in run["below_initial_margin"])
        below = {
            name: sum(run["below_initial_margin"].get(name, 0) for run in self.full)
            / len(self.full)
            for name in names
        }
        return start_lines(failed, self.full[0]["rows_left_out"], below)

    def moves(self) -> str:
        """Verb for the price after the first shock: "falls", or "rises" if that was a purchase."""
        return "falls" if self.scenario.shocks[0].side == "sell" else "rises"

    def frame(self, units: Literal["real", "integer"] = "real") -> "pd.DataFrame":
        """The criteria of every run as a frame, one a row; units are in ``attrs["units"]``.

        Columns ``design``, ``seed``, then ``experiments.metrics.criteria.CRITERIA``.

        Parameters
        ----------
        units
            As of ``Run.frame``: those that the instruments say, or integers.
        """
        from experiments.runs.frame_units import criteria_in
        from experiments.runs.frames import criteria
        from experiments.runs.own_metrics import metric_columns

        runs = {"nothing forced": self.twin, **self.designs}
        rows = [run["criteria"] for made in runs.values() for run in made]
        known = [{k: v for k, v in row.items() if v is not None} for row in rows]
        labels = {
            "design": [label for label, made in runs.items() for _ in made],
            "seed": [run["seed"] for made in runs.values() for run in made],
        }
        measured = [run.get("metrics", {}) for made in runs.values() for run in made]
        return criteria(
            known,
            labels,
            criteria_in(units, self.scenario),
            metric_columns(self.scenario.metrics, measured),
        )

    def _said(self) -> dict[str, Any]:
        return asked_of_scenario(self.scenario, self.seeds)

    def plot(self) -> "Figure":
        """Drops of the first shock, with nothing forced and under every design."""
        runs = {"nothing forced": self.twin, **self.designs}
        drops = {label: [run["drops"][0] for run in made] for label, made in runs.items()}
        move = move_of(self.scenario)
        title = f"{self.scenario.name}, {counted(len(self.seeds), 'seed')}"
        if self.exhausted_lines():
            title += (
                f"<br><b>EXHAUSTED: a side of a book emptied, {move}s are at least so large</b>"
            )
        return drops_figure(drops, title, move, self.scenario.price_unit)

    def summary(self) -> dict[str, Any]:
        """The study as JSON values: the question, amplification, quantiles and every run."""
        return {
            **asked_of_scenario(self.scenario, self.seeds),
            "units": units_of_spiral(self.scenario),
            "failed": [one._asdict() for one in self.failed],
            "exhausted": self.exhausted_lines(),
            "refused": self.refused_lines(),
            **self.amplification().to_dict(),
            "var_95": self.var_95._asdict() if self.var_95.seeds else None,
            "lar_95": self.lar_95._asdict() if self.lar_95.seeds else None,
            "runs": list(self.full),
            "twins": list(self.twin),
            "alternatives": {label: list(runs) for label, runs in self.alternatives.items()},
            "taken_for": self.sources,
            "other_sources": list(self.other_sources),
        }


def study_spiral(
    scenario: Scenario,
    seeds: Sequence[int],
    *,
    sources: bool = True,
    workers: int | None = None,
    memory: int | None = None,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> SpiralStudy:
    """Run a scenario, its twin, and the designs beside its own for every seed, on all cores.

    Parameters
    ----------
    scenario
        The scenario, as ``read_scenario`` or code gives it.
    seeds
        Roots of all randomness, at least one.
    sources
        Whether the own design is run once more where makers take forced sales for those of
        somebody else, if the markets have makers who look at that.
    workers
        Processes; ``None``: one a core.
    memory
        Bytes that the runs of a seed may take beside what their process has: more is the error of
        that seed.
    report
        Called with how many of how many runs are done, once a seed.

    Raises
    ------
    ValueError
        If there is no seed.
    JobError
        If a run of every seed raises; of some, they are left out, see ``SpiralStudy.failed``.
    """
    if not seeds:
        raise ValueError("seeds must be at least one")
    refuse_where_none(memory)
    other = with_other_sources(scenario) if sources else None
    jobs = [(scenario, other and other[1], seed, memory) for seed in seeds]
    runs = 2 + len(scenario.alternatives) + (other is not None)
    done: dict[int, Any] = {}
    failed: dict[int, FailedSeed] = {}
    with Workers(workers) as pool:
        for result in pool.run(_summaries, jobs):
            seed = result.job[2]
            if result.error is None:
                done[seed] = result.value
            else:
                failed[seed] = FailedSeed(seed, result.error, result.trace)
            report(runs * (len(done) + len(failed)), runs * len(jobs))
    missing = tuple(failed[seed] for seed in seeds if seed in failed)
    finished = tuple(seed for seed in seeds if seed in done)
    if not finished:
        raise JobError(missing[0].error, missing[0].trace)
    twin, full, *others = zip(*(done[seed] for seed in finished), strict=True)
    labels = [one.label for one in scenario.alternatives]
    alternatives = dict(zip(labels, others, strict=False))
    taken = (None, ()) if other is None else (other[0], others[-1])
    return SpiralStudy(scenario, finished, full, twin, alternatives, missing, *taken)


def _summaries(job: tuple[Scenario, Scenario | None, int, int | None]) -> list[dict[str, Any]]:
    """Of the twin, of the own design, of those beside it, and of the other sources: one seed.

    Raises ``RunError`` with the seed if a run raises.
    """
    scenario, other, seed, memory = job
    try:
        with limited(memory):
            return _runs(scenario, other, seed)
    except (Exception, SystemExit) as error:
        error_line, trace = told(error)
        raise RunError(error_line, seed, trace) from error


def _runs(scenario: Scenario, other: Scenario | None, seed: int) -> list[dict[str, Any]]:
    twin = Twin(scenario, seed, tapes=True)
    full = run_scenario(scenario, seed, twin=twin).results()
    # The twin is as long as the run by now, and is summed up before another makes it longer.
    made = [twin.run.results(), full]
    for one in scenario.alternatives:
        run = run_scenario(scenario, seed, design=one.design, parameters=one.parameters, twin=twin)
        made.append(run.results())
    if other is not None:
        made.append(run_scenario(other, seed, twin=twin).results())
    return made
