"""Stress tests of a whole scenario: the smallest shock at which it fails, and the worst direction.

What *fails* means is stated with every answer:

* ``bad-debt``: more than a stated amount of cash is owed by accounts that hold nothing any more;
* ``liquidated``: at least a stated share of all margin accounts is liquidated;
* ``insurance``: an insurance fund that started with something is empty.

A run in which a side of a book empties after the shock has failed whatever was asked: its losses
cannot be known, since what is left there has nobody to be sold to.

A run fails or it does not; over several seeds a shock fails if at least half of the runs do. The
size of a shock is in units of what the scenario's own shocks sell, valued at the prices at which
its markets start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa

from experiments.report.notebook import Shown
from experiments.report.study_figures import probes_figure
from experiments.runs.errors import RunError, told
from experiments.runs.kept_runs import KeptRuns, ScenarioKeys, kept_runs
from experiments.runs.kept_runs import Report as Progress
from experiments.runs.provenance import asked_of_scenario
from experiments.runs.run import Run, run_scenario
from experiments.runs.units_of_keys import units_of_stress
from experiments.runs.workers import Workers
from experiments.scenario.read import Scenario
from experiments.scenario.shock_words import lots_of
from experiments.scenario.variants import own_mix, with_depth, with_leverage, with_shock
from experiments.studies.search import Bisection, critical_direction, critical_shock
from lob.checks import choice, integer
from lob.counted import counted
from lob.real_units import CASH, RealUnit

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = [
    "FAILURES",
    "SHARE",
    "Cell",
    "Failure",
    "Stress",
    "StressOutcome",
    "phase_diagram",
    "stress_test",
]

Kind = Literal["bad-debt", "liquidated", "insurance"]
"""What failing means, see the module."""
FAILURES: dict[str, str] = {
    "bad-debt": "bad debt of more than {amount}",
    "liquidated": "at least {threshold:.0%} of the accounts liquidated",
    "insurance": "an insurance fund empty",
}
"""Each kind of failure as an English clause with its threshold."""
OR_EXHAUSTED = ", or a side of a book empty"
SHARE = 0.5
"""Share of the accounts from which ``liquidated`` counts as failed unless said otherwise;
chosen."""
Report = Callable[[str], object]
"""Called with what is tried next, for a progress bar."""
COLUMNS: dict[str, pa.DataType] = {
    "shock": pa.string(), "leverage": pa.float64(), "depth": pa.float64(),
    "bad_debt": pa.float64(), "liquidated": pa.float64(), "empty_funds": pa.int64(),
    "lots": pa.int64(), "drops": pa.string(), "exhausted": pa.int64(), "refused": pa.int64(),
}  # fmt: skip
"""Columns of the rows of a stress test beside those of every study."""


class StressOutcome(NamedTuple):
    """Numbers of one run of a stress test."""

    bad_debt: float
    """Cash units of debt that others paid or are left with."""
    liquidated: float
    """Accounts that failed as a share of all margin accounts, from 0 to 1."""
    empty_funds: int
    """Count of insurance funds that started with something and have nothing."""
    lots: int
    """Lots sold, bought or handed over by force."""
    drops: tuple[int, ...]
    """Ticks that the mark of each shock's instrument fell, or rose after a purchase."""
    exhausted: int = 0
    """Count of sides of books that emptied after the shock."""
    refused: int = 0
    """Count of criteria that cannot be true: nothing that rests on them is an all-clear."""


@dataclass(frozen=True)
class Failure:
    """The rule by which a run of a stress test has failed."""

    kind: Kind = "bad-debt"
    """What failing means, see the module."""
    threshold: float = 0.0
    """Of ``bad-debt`` in units of cash, of ``liquidated`` a share above zero; of ``insurance``
    unused."""

    def __post_init__(self) -> None:
        choice("kind", self.kind, FAILURES)
        if self.kind == "liquidated" and not 0 < self.threshold <= 1:
            raise ValueError(f"threshold must be a share above 0, up to 1, got {self.threshold}")
        if self.threshold < 0:
            raise ValueError(f"threshold must not be negative, got {self.threshold}")

    def __str__(self) -> str:
        return self.told(CASH)

    def told(self, cash: RealUnit) -> str:
        """The rule as an English clause, with amounts of cash in a unit."""
        amount = cash.told(self.threshold)
        clause = FAILURES[self.kind].format(threshold=self.threshold, amount=amount)
        return clause + OR_EXHAUSTED

    def of(self, outcome: StressOutcome) -> bool:
        """Whether a run has failed: by the rule, or since a book emptied or a number is refused."""
        if outcome.exhausted or outcome.refused:
            return True
        if self.kind == "bad-debt":
            return outcome.bad_debt > self.threshold
        if self.kind == "liquidated":
            return outcome.liquidated >= self.threshold
        return outcome.empty_funds > 0


@dataclass(frozen=True)
class Stress(Shown):
    """Answer of a stress test: the smallest shock at which a scenario fails."""

    scenario: Scenario
    """The scenario, with all of its values."""
    failure: Failure
    """The rule by which a run has failed."""
    seeds: tuple[int, ...]
    """Roots of all randomness."""
    steps: int
    """Parts of the scenario's own shock that are told apart."""
    assets: tuple[str, ...]
    """Names of the instruments that are sold."""
    shares: tuple[float, ...]
    """Shares of the shock's value by asset, which sum to 1: the worst direction if it was looked
    for."""
    bisection: Bisection
    """Search for the critical shock, in steps."""
    lots: tuple[int, ...] | None
    """Lots of each asset at the critical shock; ``None``: nothing that was tried fails."""
    outcomes: tuple[StressOutcome, ...]
    """Outcomes of the runs at the critical shock, one a seed."""
    searched: bool
    """Whether the worst direction was looked for."""
    runs: int
    """Count of runs that the answer took."""

    @property
    def critical(self) -> float | None:
        """The smallest shock that fails, as a multiple of the scenario's own."""
        found = self.bisection.critical
        return None if found is None else found / self.steps

    def headline(self) -> list[str]:
        """The answer in English sentences, warnings first."""
        tried = max(shock for shock, _ in self.bisection.probes) / self.steps
        said = (
            f"no shock up to {tried:g} times the scenario's own fails"
            if self.critical is None
            else f"the smallest shock that fails is {self.critical:g} times the scenario's own"
        )
        seeds = counted(len(self.seeds), "seed")
        rule = self.failure.told(self.scenario.units.cash)
        lines = [f"{self.scenario.name}, {seeds}, {rule}: {said}"]
        return [*self.exhausted_lines(), *lines]

    def exhausted_lines(self) -> list[str]:
        """A warning in capitals if a book ran out at the critical shock, else an empty list."""
        count = sum(one.exhausted > 0 for one in self.outcomes)
        if not count:
            return []
        return [
            f"EXHAUSTED: at the critical shock a side of a book empties in {count} of "
            f"{counted(len(self.outcomes), 'seed')}: nobody is left to sell to, and the numbers "
            "there are no bounds"
        ]

    def plot(self) -> "Figure":
        """The shocks that were tried, and which of them failed: a plotly figure."""
        probes = [(shock / self.steps, fails) for shock, fails in self.bisection.probes]
        return probes_figure(probes, self.headline()[-1])

    def summary(self) -> dict[str, Any]:
        """The answer as JSON values by name; shocks as multiples of the scenario's own."""
        return {
            **asked_of_scenario(self.scenario, self.seeds),
            "fails": self.failure.told(self.scenario.units.cash),
            "units": units_of_stress(self.scenario, self.assets),
            "exhausted": self.exhausted_lines(),
            "critical_shock": self.critical,
            "resolution": 1 / self.steps,
            "largest_tried": max(shock for shock, _ in self.bisection.probes) / self.steps,
            "monotone": self.bisection.monotone,
            "assets": list(self.assets),
            "shares": list(self.shares),
            "direction_searched": self.searched,
            "lots": None if self.lots is None else list(self.lots),
            "exhausted_seeds": sum(one.exhausted > 0 for one in self.outcomes),
            "outcomes": [one._asdict() for one in self.outcomes],
            "probes": [[shock / self.steps, fails] for shock, fails in self.bisection.probes],
            "runs": self.runs,
        }


def stress_test(
    scenario: Scenario,
    failure: Failure,
    seeds: Sequence[int],
    *,
    most: int = 8,
    steps: int = 16,
    assets: Sequence[str] = (),
    parts: int = 4,
    workers: int | None = None,
    store: Path | None = None,
    report: Report = lambda what: None,
    progress: Progress = lambda done, total: None,
) -> Stress:
    """Find the smallest shock at which a scenario fails.

    Parameters
    ----------
    scenario
        Its own shocks say when, over what time and on which side.
    failure
        What failing means.
    seeds
        Roots of all randomness, at least one.
    most
        The largest shock tried, as a multiple of the scenario's own; 1 to 10,000.
    steps
        Parts of the scenario's own shock that are told apart; 1 to 10,000.
    assets
        Names of instruments: the worst mix of sales in them is looked for, every one in ``parts``
        parts. None: the scenario's own mix.
    parts
        Parts into which a shock is shared out over ``assets``; 4, chosen.
    workers
        Processes; ``None``: one a core.
    store
        A folder that keeps the runs, so that the next call resumes; ``None``: none does.
    report
        Called with what is tried next.
    progress
        Called with how many of how many runs are there.

    Raises
    ------
    ValueError
        If there is no seed, an argument is out of range, an asset is unknown or named twice, or no
        fund could be empty.
    JobError
        If a run raises.
    OSError
        If ``store`` cannot be written to.
    """
    if not seeds:
        raise ValueError("seeds must be at least one")
    integer("most", most, 1, 10_000)
    integer("steps", steps, 1, 10_000)
    if failure.kind == "insurance" and not any(one.insurance_fund for one in scenario.clearings):
        raise ValueError("no clearing of the scenario has an insurance fund that could be empty")
    known = [one.name for one in scenario.instruments]
    for name in assets:
        if name not in known:
            raise ValueError(f"no instrument is called {name!r}: there are {', '.join(known)}")
    if len(set(assets)) < len(assets):
        raise ValueError(f"assets must be different ones, got {', '.join(assets)}")
    # One bisection, and a look at each of the other mixes: more only where one is worse.
    mixes = comb(parts + len(assets) - 1, parts) if assets else 1
    expected = len(seeds) * ((most * steps - 1).bit_length() + mixes)
    with kept_runs(
        "stress",
        Workers(workers),
        store,
        asked=partial(asked_of_scenario, scenario, seeds),
        columns=COLUMNS,
        report=progress,
        expected=expected,
    ) as runs:
        test = _Test(scenario, failure, tuple(seeds), steps, runs, report)
        if assets:
            names = tuple(assets)
            shares, found = critical_direction(
                lambda mix: test.fails(names, tuple(part / steps for part in mix)),
                len(names),
                most * steps,
                steps=parts,
            )
        else:
            names, own = own_mix(scenario)
            shares = own
            found = critical_shock(
                lambda total: test.fails(names, tuple(total / steps * share for share in own)),
                1,
                most * steps,
            )
        lots: tuple[int, ...] | None = None
        outcomes: tuple[StressOutcome, ...] = ()
        if found.critical is not None:
            sizes = tuple(found.critical / steps * share for share in shares)
            if assets:
                # As the direction was probed: whole steps of each asset.
                sizes = tuple(found.critical * round(s * parts) // parts / steps for s in shares)
            outcomes = test.outcomes(names, sizes)
            shocks = with_shock(scenario, names, sizes).shocks
            lots = tuple(
                sum(lots_of(scenario, one) or 0 for one in shocks if one.instrument == name)
                for name in names
            )
    return Stress(
        scenario, failure, tuple(seeds), steps, names, shares, found, lots, outcomes, bool(assets),
        test.runs,
    )  # fmt: skip


class _Test:
    """Runs shocks, and remembers what came of them."""

    def __init__(
        self,
        scenario: Scenario,
        failure: Failure,
        seeds: tuple[int, ...],
        steps: int,
        made: KeptRuns,
        report: Report,
    ) -> None:
        self.scenario, self.failure, self.seeds, self.steps = scenario, failure, seeds, steps
        self.made, self.report, self.key = made, report, ScenarioKeys("stress")
        self.known: dict[tuple[Any, ...], tuple[StressOutcome, ...]] = {}
        self.runs = 0

    def outcomes(
        self, assets: tuple[str, ...], sizes: tuple[float, ...]
    ) -> tuple[StressOutcome, ...]:
        """The outcome of every seed at one shock."""
        key = (assets, sizes)
        if key not in self.known:
            said = ", ".join(
                f"{size:.3g} in {name}" for name, size in zip(assets, sizes, strict=True)
            )
            self.report(f"a shock of {said}")
            shocked = with_shock(self.scenario, assets, sizes)
            jobs = [(shocked, seed) for seed in self.seeds]
            self.known[key] = _outcomes(self.made, jobs, self.key, lambda job: {"shock": said})
            self.runs += len(jobs)
        return self.known[key]

    def fails(self, assets: tuple[str, ...], sizes: tuple[float, ...]) -> bool:
        """Whether at least half of the seeds fail."""
        failed = [self.failure.of(one) for one in self.outcomes(assets, sizes)]
        return 2 * sum(failed) >= len(failed)


def _outcomes(
    made: KeptRuns,
    jobs: Sequence[tuple[Scenario, int]],
    key: ScenarioKeys,
    labels: Callable[[tuple[Scenario, int]], dict[str, Any]],
) -> tuple[StressOutcome, ...]:
    """The outcomes of runs, in their order; ``labels`` say what their rows have beside a seed."""
    found = made.map(outcome_of, jobs, key=key, labels=lambda job: {**labels(job), "seed": job[1]})
    return tuple(StressOutcome(**{**one, "drops": tuple(one["drops"])}) for one in found)


def outcome_of(job: tuple[Scenario, int]) -> dict[str, Any]:
    """Run one scenario with one seed, and take from it what a stress test needs.

    The fields of ``StressOutcome`` by name.

    Parameters
    ----------
    job
        The scenario and the seed.

    Raises
    ------
    RunError
        If the run raises: with the seed.
    """
    scenario, seed = job
    try:
        return outcome(run_scenario(scenario, seed))._asdict()
    except (Exception, SystemExit) as error:
        line, trace = told(error)
        raise RunError(line, seed, trace) from error


def outcome(run: Run) -> StressOutcome:
    """Take from a finished run the numbers that a stress test needs."""
    criteria, accounts = run.criteria, run.accounts
    ledger = run.simulation.ledger
    empty = [
        one
        for one, clearing in zip(run.scenario.clearings, run.simulation.clearings, strict=True)
        if one.insurance_fund and not ledger.balance(clearing.fund, clearing.cash_asset)
    ]
    return StressOutcome(
        bad_debt=criteria["bad_debt"],
        liquidated=criteria["liquidations"] / accounts if accounts else 0.0,
        empty_funds=len(empty),
        lots=int(criteria["liquidated"]),
        drops=tuple(run.drop(i) for i in range(len(run.scenario.shocks))),
        exhausted=len(run.exhausted),
        refused=len(run.refused),
    )


class Cell(NamedTuple):
    """One point of a phase diagram of leverage against depth, over all seeds."""

    leverage: float
    """Leverage of the accounts, times."""
    depth: float
    """Factor on the book depth of the scenario."""
    failed: float
    """Share of the seeds that fail, from 0 to 1."""
    liquidated: float
    """Mean share of the margin accounts that failed, from 0 to 1."""
    bad_debt: float
    """Mean bad debt, in cash units."""
    drop: float
    """Mean drop of the first shock, in ticks."""
    exhausted: float
    """Share of the seeds in which a side of a book emptied: they count as failed."""


def phase_diagram(
    scenario: Scenario,
    failure: Failure,
    seeds: Sequence[int],
    leverages: Sequence[float],
    depths: Sequence[float],
    *,
    workers: int | None = None,
    store: Path | None = None,
    report: Report = lambda what: None,
    progress: Progress = lambda done, total: None,
) -> list[Cell]:
    """Run a scenario over a grid of leverage against book depth, on all cores.

    The scenario's own shocks are kept. Accounts whose leverage the margin does not allow fail
    before the shock, and count as failed.

    Parameters
    ----------
    scenario
        The scenario, as ``read_scenario`` or code gives it.
    failure
        What failing means.
    seeds
        Roots of all randomness, at least one.
    leverages
        Leverage of the accounts, times.
    depths
        Factors on the book depth of the scenario.
    workers
        Processes; ``None``: one a core.
    store
        A folder that keeps the runs, so that the next call resumes; ``None``: none does.
    report
        Called with what is tried next.
    progress
        Called with how many of how many runs are there.

    Returns
    -------
    list
        One ``Cell`` a point, for each leverage its depths.

    Raises
    ------
    ValueError
        If seeds, leverages or depths are empty.
    JobError
        If a run raises.
    OSError
        If ``store`` cannot be written to.
    """
    if not seeds or not leverages or not depths:
        raise ValueError("seeds, leverages and depths must be at least one each")
    grid = [(leverage, depth) for leverage in leverages for depth in depths]
    points = [with_depth(with_leverage(scenario, leverage), depth) for leverage, depth in grid]
    jobs = [(point, seed) for point in points for seed in seeds]
    at = {id(point): {"leverage": leverage, "depth": depth}
          for point, (leverage, depth) in zip(points, grid, strict=True)}  # fmt: skip

    def told_of(done: int, total: int) -> None:
        if done:
            report(f"run {done} of {total}")
        progress(done, total)

    with kept_runs(
        "stress",
        Workers(workers),
        store,
        asked=partial(asked_of_scenario, scenario, seeds),
        columns=COLUMNS,
        report=told_of,
    ) as runs:
        outcomes = iter(_outcomes(runs, jobs, ScenarioKeys("stress"), lambda job: at[id(job[0])]))
    return [
        _cell(leverage, depth, failure, [next(outcomes) for _ in seeds]) for leverage, depth in grid
    ]


def _cell(leverage: float, depth: float, failure: Failure, found: list[StressOutcome]) -> Cell:
    mean: Callable[[Any], float] = partial(_mean, len(found))
    return Cell(
        leverage=leverage,
        depth=depth,
        failed=mean(failure.of(one) for one in found),
        liquidated=mean(one.liquidated for one in found),
        bad_debt=mean(one.bad_debt for one in found),
        drop=mean(one.drops[0] for one in found),
        exhausted=mean(one.exhausted > 0 for one in found),
    )


def _mean(count: int, values: Any) -> float:
    return float(sum(values)) / count
