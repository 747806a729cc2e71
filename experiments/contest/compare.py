"""A contest: all designs on all seeds, and what can be said about their differences."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.contest.capital import form_of
from experiments.contest.designs import FROZEN, ContestDesign
from experiments.contest.going_on import going_on
from experiments.contest.trial import Group, RunKeys, key_of_run, run_group
from experiments.metrics.criteria import CRITERIA, criterion
from experiments.metrics.exhausted import EmptySide, worst_empty
from experiments.metrics.intervals import Interval, chance_interval, student_interval
from experiments.metrics.paired import (
    CHANCES_LEVEL,
    DIFFERENCES_LEVEL,
    PairedDifference,
    pareto_frequency,
    ranks,
    simultaneous_differences,
)
from experiments.metrics.solvency import Quantile, expected_shortfall, quantile_95
from experiments.metrics.spiral import Amplification, amplification
from experiments.runs.alone import alone
from experiments.runs.kept_runs import forget_failed, made_rows
from experiments.runs.manifest import write_manifest
from experiments.runs.provenance import asked_of_scenario
from experiments.runs.store import RunStore
from experiments.runs.units_of_keys import units_of_contest
from experiments.runs.workers import Workers
from experiments.scenario.read import Scenario

__all__ = [
    "OBJECTIVES",
    "Contest",
    "contest_store",
    "hold_contest",
    "hold_contests",
    "kept_in",
    "plain",
]

Row = dict[str, Any]
"""A finished run as JSON values: ``criteria`` by name, ``label``, ``seed``, ``error`` and more."""
Report = Callable[[int, int], object]
"""Called with how many of how many runs are done."""
OBJECTIVES = ("drop", "harm", "bad_debt", "time_unsafe", "unsold")
"""Criteria that the Pareto view weighs against each other, lower is better; chosen."""
BOOTSTRAP_SEED = 0
"""Seed of all bootstraps of a contest."""
FINISHED = 0.9
"""Share of what failed that a design must have disposed of, or it is unfinished; chosen."""
PICTURES = ("path", "twin_path", "generations")
"""Names of the parts of a row that are only drawn."""
COLUMNS: dict[str, pa.DataType] = {
    "key": pa.string(), "scenario": pa.string(), "market": pa.string(), "seed": pa.int64(),
    "design": pa.string(), "parameters": pa.string(), "digest": pa.string(),
    "error": pa.string(), "accounts": pa.int64(), "cpu_seconds": pa.float64(),
    **{one.name: pa.float64() for one in CRITERIA},
}  # fmt: skip
"""Columns of the rows of a contest, the same in all files."""


@dataclass(frozen=True)
class Contest:
    """Rows of a contest in one market, and the comparison of its liquidation designs."""

    scenario: Scenario
    """The market's scenario, with all of its values."""
    market: str
    """Name of the market: a regime, an axis, or "base"."""
    designs: tuple[ContestDesign, ...]
    """The designs in the order in which they were given."""
    seeds: tuple[int, ...]
    """Roots of all randomness, the same for every design."""
    reference: str
    """Label of the design that the others are compared with."""
    rows: tuple[Row, ...]
    """One a run: ``criteria`` by name, or ``error``."""

    @property
    def labels(self) -> list[str]:
        """Labels of the designs, in the order in which they were given."""
        return [one.label for one in self.designs]

    @property
    def forms(self) -> dict[str, str]:
        """Where each design has its capital (keepers, vault, pool, fund), by label."""
        return {one.label: form_of(one.design) for one in self.designs}

    def disposed(self, label: str) -> float:
        """Mean share of what failed that a design disposed of; ``nan`` where nothing failed."""
        return self.mean(label, "disposed").estimate

    @property
    def controls(self) -> list[str]:
        """Labels of what takes part only for comparison: what forces nothing."""
        return [one.label for one in self.designs if one.how == FROZEN.how]

    @property
    def unfinished(self) -> list[str]:
        """Labels of the designs that disposed of less than ``FINISHED`` of what failed."""
        return [label for label in self.labels if self.disposed(label) < FINISHED]

    @property
    def broken(self) -> list[str]:
        """Labels of designs of which a run is not known in a seed in which another's is.

        Mostly since it raised.
        """
        table: NDArray[np.bool_] = np.asarray(np.isnan(self._objectives(OBJECTIVES)).any(axis=1))
        usable = ~table.all(axis=0)
        return [label for label, lost in zip(self.labels, table[:, usable], strict=True)
                if lost.any()]  # fmt: skip

    def exhausted(self, label: str) -> tuple[int, EmptySide | None]:
        """Count of seeds in which a side of a book emptied under a design, and the worst side.

        That is the one that was empty for longest; ``None`` if none emptied.
        """
        rows = [row for row in self.rows if row["label"] == label]
        return worst_empty(row.get("exhausted") or [] for row in rows)

    @property
    def alike(self) -> list[list[str]]:
        """Groups of labels of designs that agree in every digit of every criterion and seed."""
        table = np.array([self.values(one.name) for one in CRITERIA]).transpose(1, 0, 2)
        groups: dict[bytes, list[str]] = {}
        for label, values in zip(self.labels, table, strict=True):
            if not np.isnan(values).all():
                # Adding zero makes one zero of two: minus nothing is nothing.
                groups.setdefault((values + 0.0).tobytes(), []).append(label)
        return [group for group in groups.values() if len(group) > 1]

    def chance_of_debt(self, label: str) -> tuple[int, Interval] | None:
        """Count of seeds with bad debt under a design, and its chance with the exact interval.

        The intervals of all designs hold at once with ``CHANCES_LEVEL``. ``None`` where every run
        of the design raised.
        """
        debt = self.values("bad_debt")[self.labels.index(label)]
        known = debt[~np.isnan(debt)]
        if not len(known):
            return None
        events = int((known > 0).sum())
        return events, chance_interval(
            events, len(known), 1 - (1 - CHANCES_LEVEL) / len(self.labels)
        )

    def spiral_ns(self, label: str) -> float:
        """Mean time from the shock to the last failure under a design, in ns.

        ``nan`` where no account fails.
        """
        found = [row.get("spiral_ns") for row in self.rows if row["label"] == label]
        known = [one for one in found if one is not None]
        return float(np.mean(known)) if known else float("nan")

    @property
    def accounts(self) -> int:
        """Count of accounts of all clearings; of the populations where no run was finished."""
        known = [row["accounts"] for row in self.rows if row.get("accounts") is not None]
        return max(known, default=sum(one.count for one in self.scenario.populations))

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the criteria of the Pareto view."""
        return OBJECTIVES

    @property
    def failed(self) -> list[Row]:
        """Rows of the runs that raised, with their ``error``."""
        return [row for row in self.rows if row["error"]]

    def values(self, name: str) -> NDArray[np.float64]:
        """A criterion in every run, in its unit: float64 [design, seed], ``nan`` where unknown.

        Raises ``ValueError`` if there is no such criterion.
        """
        criterion(name)
        at = {label: i for i, label in enumerate(self.labels)}
        when = {seed: i for i, seed in enumerate(self.seeds)}
        found = np.full((len(at), len(when)), np.nan)
        for row in self.rows:
            found[at[row["label"]], when[row["seed"]]] = row["criteria"].get(name, np.nan)
        return found

    def mean(self, label: str, name: str) -> Interval:
        """Mean of a criterion over the seeds in which it is known, with its Student interval.

        In the unit of the criterion; all ``nan`` where it is known in none.

        Parameters
        ----------
        label, name
            The design's label, and the criterion's name.
        """
        values = self.values(name)[self.labels.index(label)]
        known = values[~np.isnan(values)]
        if not len(known):
            nan = float("nan")
            return Interval(nan, nan, nan, 0.95, "student", 0)
        return student_interval(known)

    def differences(
        self, *, level: float = DIFFERENCES_LEVEL
    ) -> dict[tuple[str, str], PairedDifference]:
        """Mean paired differences of every other design to the reference, by (label, criterion).

        In the unit of the criterion. Of differences clipped to what was seen; that, and the chance
        of more, holds for all at once.

        Parameters
        ----------
        level
            The probability that all that is said holds, between 0 and 1.
        """
        others = [label for label in self.labels if label != self.reference]
        if not others:
            return {}
        columns, names = [], []
        for one in CRITERIA:
            values = self.values(one.name)
            base = values[self.labels.index(self.reference)]
            for label in others:
                columns.append(values[self.labels.index(label)] - base)
                names.append((label, one.name))
        found = simultaneous_differences(np.array(columns).T, level=level, seed=BOOTSTRAP_SEED)
        return dict(zip(names, found, strict=True))

    def pareto(self, objectives: Sequence[str] = OBJECTIVES) -> dict[str, float]:
        """Share of draws in which each design is on the Pareto front, by label, over seeds.

        Seeds are drawn again, all designs on the same. Where nobody failed the time is 0. ``nan``:
        the design takes no part, for a run of it raised, or it is a control. One that is unfinished
        takes no part and is never on the front: what it holds back would make it look good. One
        under which a side of a book emptied in more seeds than under another one is not on the
        front either.

        Parameters
        ----------
        objectives
            Names of criteria, each lower is better.
        """
        table = self._objectives(objectives)
        usable = ~np.isnan(table).any(axis=1).all(axis=0)
        taking = [
            i for i, label in enumerate(self.labels)
            if label not in {*self.unfinished, *self.controls}
            and not np.isnan(table[i][:, usable]).any()
        ]  # fmt: skip
        out = set(self.unfinished) - set(self.controls)
        found = {label: 0.0 if label in out else float("nan") for label in self.labels}
        if usable.any() and taking:
            worst = (self.values("exhausted") > 0).astype(np.float64)
            hits = pareto_frequency(
                table[taking][:, :, usable], worst=worst[taking][:, usable], seed=BOOTSTRAP_SEED
            )
            found |= {self.labels[i]: float(hit) for i, hit in zip(taking, hits, strict=True)}
        return found

    def _objectives(self, objectives: Sequence[str]) -> NDArray[np.float64]:
        """[design, objective, seed]: lower is better."""
        found: NDArray[np.float64] = np.array([self._signed(name) for name in objectives])
        return found.transpose(1, 0, 2)

    def _signed(self, name: str) -> NDArray[np.float64]:
        values = self.values(name)
        if name == "time_unsafe":
            nobody = self.values("liquidations") == 0
            values = np.where(nobody, 0.0, values)
        return -values if criterion(name).better == "higher" else values

    def ranking(self, name: str) -> dict[str, int]:
        """Place of each design, from 1 on, by the mean of a criterion.

        A design under which a side of a book emptied in more seeds comes after all those with
        fewer, whatever its mean. What is unfinished, or a control, has no place.

        Parameters
        ----------
        name
            The criterion's name.
        """
        lower = criterion(name).better != "higher"
        places: dict[str, int] = {}
        groups: dict[int, list[str]] = {}
        ranked = [one for one in self.labels if one not in {*self.unfinished, *self.controls}]
        for label in ranked:
            groups.setdefault(self.exhausted(label)[0], []).append(label)
        for count in sorted(groups):
            means = [self.mean(label, name).estimate for label in groups[count]]
            found = ranks(means, lower_is_better=lower)
            before = len(places)
            places |= {one: before + at for one, at in zip(groups[count], found, strict=True)}
        return {label: places[label] for label in ranked}

    def amplification(self, label: str) -> Amplification | None:
        """Mean drop under a design over the mean drop of the twins, with its interval.

        ``None`` where every run raised. The ratio is undefined where a side of a book emptied: a
        drop to where nobody trades has no size.
        """
        done = [row for row in self.rows if row["label"] == label and not row["error"]]
        if not done:
            return None
        done = [row for row in done if np.isfinite(row["criteria"]["drop"])]
        if not done:
            return None
        found = amplification(
            [row["criteria"]["drop"] for row in done], [row["twin_drop"] for row in done]
        )
        return found._replace(ratio=None) if self.exhausted(label)[0] else found

    def tails(self, label: str) -> dict[str, Quantile | float] | None:
        """``var_95`` and expected shortfall of bad debt, and ``lar_95`` of lots, over seeds.

        Debt in cash units; ``None`` where every run of the design raised.
        """
        at = self.labels.index(label)
        debt, lots = self.values("bad_debt")[at], self.values("liquidated")[at]
        known = ~np.isnan(debt)
        if not known.any():
            return None
        return {
            "var_95": quantile_95(debt[known]),
            "lar_95": quantile_95(lots[known]),
            "expected_shortfall": expected_shortfall(debt[known]),
        }

    def summary(self) -> dict[str, Any]:
        """The comparison as JSON values by name; what is not known is ``None``."""
        differences = self.differences()
        pareto = self.pareto()
        designs = {}
        for one in self.designs:
            found, tails = self.amplification(one.label), self.tails(one.label)
            criteria = {}
            for each in CRITERIA:
                mean = self.mean(one.label, each.name)
                low, high = mean.bounds
                made: dict[str, Any] = {"mean": mean.estimate, "low": low, "high": high}
                paired = differences.get((one.label, each.name))
                criteria[each.name] = made | ({"difference": paired._asdict()} if paired else {})
            designs[one.label] = {
                "design": one.design,
                "parameters": one.parameters,
                "how": one.how,
                "criteria": criteria,
                "pareto_frequency": pareto[one.label],
                "amplification": found and found.to_dict(),
                "tails": tails and {k: _said(v) for k, v in tails.items()},
                "failed_runs": sum(row["label"] == one.label for row in self.failed),
                "exhausted_seeds": self.exhausted(one.label)[0],
                "disposed": self.disposed(one.label),
                "unfinished": one.label in self.unfinished,
                "chance_of_bad_debt": (chance := self.chance_of_debt(one.label))
                and {"seeds": chance[0], "low": chance[1].low, "high": chance[1].high},
                "spiral_ns": self.spiral_ns(one.label),
            }
        said: dict[str, Any] = {
            **asked_of_scenario(self.scenario, self.seeds),
            "units": units_of_contest(self.scenario),
            "market": self.market,
            "reference": self.reference,
            "alike": self.alike,
            "objectives": list(OBJECTIVES),
            "designs": designs,
            "runs": [{k: v for k, v in row.items() if k not in PICTURES} for row in self.rows],
        }
        ready: dict[str, Any] = plain(said)
        return ready


def _said(value: Quantile | float) -> Any:
    return value._asdict() if isinstance(value, Quantile) else value


def plain(value: Any) -> Any:
    """A value as JSON values: ``None`` in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def contest_store(folder: Path) -> RunStore:
    """Open the runs of contests in a folder, as rows that can be read as one table.

    Parameters
    ----------
    folder
        Made if it is not there.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    return RunStore(folder, COLUMNS)


@contextmanager
def kept_in(
    store: Path | None,
    out: Path | None = None,
    *,
    asked: Callable[[], Mapping[str, Any]] = dict,
) -> Iterator[RunStore | None]:
    """Open where the runs of a contest are kept, which no other process may do meanwhile.

    Parameters
    ----------
    store
        The folder of the runs of all studies: theirs are in ``compare`` within it.
    out
        Without ``store``: the folder of the answer, whose command keeps others out of it.
    asked
        What is asked, as JSON values for the manifest of ``store``; called only if there is one.

    Raises
    ------
    ValueError
        If another process is at work in it.
    OSError
        If it cannot be written to.
    """
    if store is None:
        yield contest_store(out) if out is not None else None
        return
    started, place = time.time(), store / "compare"
    kept = contest_store(place)
    with alone(place):
        said = {"study": "compare", **asked()}
        write_manifest(place, said, started)
        yield kept
        rows = kept.read().values()
        failed = sum(row["error"] is not None for row in rows)
        write_manifest(place, said, started, runs=len(rows), failed=failed)


def hold_contest(
    scenario: Scenario,
    designs: Sequence[ContestDesign],
    seeds: Sequence[int],
    *,
    market: str = "base",
    reference: str | None = None,
    store: RunStore | None = None,
    workers: int | None = None,
    pictures: bool = False,
    report: Report = lambda done, total: None,
) -> Contest:
    """Run every design on every seed, on all cores, and gather the rows.

    Parameters
    ----------
    scenario
        The market, as ``read_scenario`` or code gives it.
    designs
        Two or more, each under a label of its own.
    seeds
        Roots of all randomness, at least two, all different.
    market
        Name of the scenario in the rows.
    reference
        Label of the design that the others are compared with; the first if ``None``.
    store
        Where finished runs are kept, and taken from; ``None``: they are kept until it is over.
    workers
        Processes; ``None``: one a core.
    pictures
        Whether the runs of the first seed come with price paths and generations.
    report
        Called with how many of how many runs are done.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, two are the same, or the reference takes no part.
    """
    return hold_contests(
        {market: scenario},
        designs,
        seeds,
        reference=reference,
        store=store,
        workers=workers,
        pictures=pictures,
        report=report,
    )[market]


def hold_contests(
    markets: dict[str, Scenario],
    designs: Sequence[ContestDesign],
    seeds: Sequence[int],
    *,
    reference: str | None = None,
    store: RunStore | None = None,
    workers: int | None = None,
    memory: int | None = None,
    pictures: bool = False,
    report: Report = lambda done, total: None,
) -> dict[str, Contest]:
    """Hold a contest in each of several markets at once: one contest each, by name.

    Parameters
    ----------
    markets
        Scenarios by the name of the market.
    designs, seeds, reference, store, workers, pictures, report
        As for ``hold_contest``; pictures are those of the first market.
    memory
        Bytes that a run may take beside what its process has: more is the error of that run.

    Raises
    ------
    ValueError
        If there are fewer than two seeds, two are the same, or the reference takes no part.
    """
    labels = [one.label for one in designs]
    if len(set(seeds)) < 2 or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds must be two or more, all different, got {list(seeds)}")
    if reference is not None and reference not in labels:
        raise ValueError(f"reference must be one of {labels}, got {reference!r}")
    markets = {name: going_on(one) for name, one in markets.items()}
    with ExitStack() as stack:
        if store is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="firesale-"))
            store = contest_store(Path(folder))
        rows = _gather(markets, tuple(designs), seeds, store, workers, memory, pictures, report)
        store.compact()
    return {
        name: Contest(
            scenario,
            name,
            tuple(designs),
            tuple(seeds),
            reference or labels[0],
            tuple(rows[name]),
        )
        for name, scenario in markets.items()
    }


def _gather(
    markets: dict[str, Scenario],
    designs: tuple[ContestDesign, ...],
    seeds: Sequence[int],
    store: RunStore,
    workers: int | None,
    memory: int | None,
    pictures: bool,
    report: Report,
) -> dict[str, list[Row]]:
    known, key_of_each = store.read(), RunKeys()
    keys = {
        (name, seed, one.label): key_of_each(scenario, seed, one)
        for name, scenario in markets.items()
        for seed in seeds
        for one in designs
    }
    forget_failed(store, known, keys.values())
    found: dict[str, list[Row]] = {name: [] for name in markets}
    groups = []
    for seed in seeds:
        for name, scenario in markets.items():
            drawn = pictures and seed == seeds[0] and name == next(iter(markets))
            missing = []
            for one in designs:
                row = known.get(keys[name, seed, one.label])
                if row is None or (drawn and "path" not in row):
                    missing.append(one)
                else:
                    found[name].append({**row, "market": name, "label": one.label, "how": one.how})
            if missing:
                groups.append(Group(scenario, name, seed, tuple(missing), store.log, drawn, memory))
    total = len(markets) * len(seeds) * len(designs)
    done = total - sum(len(group.designs) for group in groups)
    report(done, total)
    with Workers(workers) as pool:
        for group, rows in made_rows(pool, run_group, groups, store, _lost):
            found[group.market] += rows
            done += len(group.designs)
            report(done, total)
    # Jobs end in any order; what is drawn from the rows again must not depend on it.
    label_at = {one.label: at for at, one in enumerate(designs)}
    seed_at = {seed: at for at, seed in enumerate(seeds)}
    for kept in found.values():
        kept.sort(key=lambda row: (seed_at[row["seed"]], label_at[row["label"]]))
    return found


def _lost(group: Group, error: str, trace: str | None) -> list[Row]:
    """Rows of runs that nobody finished."""
    return [
        {
            "key": key_of_run(group.scenario, group.seed, one),
            "scenario": group.scenario.name,
            "market": group.market,
            "seed": group.seed,
            "design": one.design,
            "parameters": one.parameters,
            "label": one.label,
            "how": one.how,
            "error": error,
            "trace": trace,
            "criteria": {},
            "digest": None,
            "cpu_seconds": 0.0,
        }
        for one in group.designs
    ]
