"""Rows of a study run again, all or chosen ones, for their digests to be compared."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.runs.manifest import read_manifest
from experiments.runs.parcel import placed_values
from experiments.runs.provenance import digest_of_entries
from experiments.runs.run import run_scenario
from experiments.runs.store import RunStore
from experiments.runs.workers import Workers
from experiments.scenario.overrides import paths_meant
from experiments.scenario.own_code import refuse_code
from experiments.scenario.read import Scenario, ScenarioError, read_scenario
from experiments.scenario.variants import with_shock
from experiments.studies.impact import pair_again

__all__ = [
    "Again", "Job", "Which", "digests_again", "kept_study", "rows_of_impact", "rows_of_spiral",
    "rows_of_stress", "rows_of_sweep",
]  # fmt: skip


class Which(NamedTuple):
    """Which rows of a study are run again; what is ``None`` does not matter."""

    key: str | None = None
    """Digest of all that determines a run, or how it begins."""
    design: str | None = None
    """Label of a liquidation design."""
    seed: int | None = None
    point: int | None = None
    """Number of a point of a sweep, from 0."""
    market: str | None = None
    """Name of the market of a contest: ``base``, or that of a regime or axis."""

    def __bool__(self) -> bool:
        return any(one is not None for one in self)

    def has(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is one of them."""
        if self.key is not None and not str(row.get("key", "")).startswith(self.key):
            return False
        asked = {
            "label": self.design, "seed": self.seed, "number": self.point, "market": self.market,
        }  # fmt: skip
        return all(value is None or row.get(name) == value for name, value in asked.items())

    def of(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those of some rows; raises ``ValueError`` if there are none."""
        found = [row for row in rows if self.has(row)]
        if not found:
            said = ", ".join(f"{k} {v}" for k, v in self._asdict().items() if v is not None)
            raise ValueError(f"no run with {said or 'a digest'} among {len(rows):,}")
        return found


class Again(NamedTuple):
    """A run to be made again."""

    label: str
    """Which, in words."""
    before: str | None
    """Its digest; ``None``: it had failed."""
    scenario: Scenario
    seed: int
    design: str | None = None
    parameters: Mapping[str, Any] | None = None
    forced: bool = True
    whole: bool = False
    """Whether the digest is that of all tapes; else that of the entries."""

    def digest(self) -> str:
        """The digest of the run made now."""
        run = run_scenario(
            self.scenario, self.seed, forced=self.forced, design=self.design,
            parameters=dict(self.parameters or {}), tapes=self.whole,
        )  # fmt: skip
        if self.whole:
            return run.simulation.digest()
        return digest_of_entries(run.simulation.entries)


class PairAgain(NamedTuple):
    """A pair of runs of a sale to be made again."""

    label: str
    before: str | None
    said: Mapping[str, Any]
    seed: int

    def digest(self) -> str:
        """The digest of the pair made now."""
        return pair_again(self.said, self.seed)


class NoScenario(NamedTuple):
    """A run of a point that is no scenario: it had failed, and there is nothing to be run."""

    label: str
    before: str | None
    error: str
    """Why it is none."""

    def digest(self) -> str:
        """Raise ``ValueError``: there is none."""
        raise ValueError(self.error)


Job = Again | PairAgain | NoScenario
"""A run of a study to be made again."""


def digests_again(
    jobs: Sequence[Job], workers: int | None
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield of each run its label and its digest then and now, in order; ``None``: it failed.

    Parameters
    ----------
    jobs
        The runs.
    workers
        Processes; ``None``: one a core.
    """
    now: dict[int, str | None] = {}
    with Workers(workers) as pool:
        for result in pool.run(_digest_of, list(enumerate(jobs))):
            now[result.job[0]] = result.value
    for at, job in enumerate(jobs):
        yield job.label, job.before, now[at]


def _digest_of(job: tuple[int, Job]) -> str:
    return job[1].digest()


def rows_of_sweep(said: Mapping[str, Any], which: Which, allow_code: bool) -> list[Job]:
    """The runs of a sweep that are asked for.

    Parameters
    ----------
    said
        ``Sweep.summary()``, or what ``kept_study`` makes of its folder.
    which
        Which rows.
    allow_code
        Whether code of the user's own may be run.
    """
    scenario = read_scenario(said["resolved"])
    refuse_code(scenario, allowed=allow_code)
    made: dict[str, Scenario | str] = {}
    jobs: list[Job] = []
    for row in which.of(said["rows"]):
        point = row["point"]
        text = json.dumps(point, sort_keys=True)
        if text not in made:
            try:
                made[text] = there = _at(scenario, point)
            except ScenarioError as error:
                made[text] = str(error)
            else:
                refuse_code(there, allowed=allow_code)
        at = ", ".join(f"{name} {value}" for name, value in point.items())
        label, before, found = f"{at}, seed {row['seed']}", row["digest"], made[text]
        jobs.append(
            NoScenario(label, before, found)
            if isinstance(found, str)
            else Again(label, before, found, row["seed"])
        )
    return jobs


def _at(scenario: Scenario, point: Mapping[str, Any]) -> Scenario:
    """A scenario at a point of a sweep, whose names stand for paths."""
    values: dict[str, Any] = {}
    for name, value in point.items():
        paths, unclear = paths_meant(scenario, {name: value})
        if unclear:
            raise ScenarioError("; ".join(map(str, unclear)))
        values |= dict.fromkeys(paths, value)
    return scenario.with_(**placed_values(values))


def rows_of_stress(said: Mapping[str, Any], which: Which, allow_code: bool) -> list[Again]:
    """The runs of a stress test that are asked for; parameters as of ``rows_of_sweep``."""
    scenario = read_scenario(said["resolved"])
    refuse_code(scenario, allowed=allow_code)
    made: dict[tuple[Any, ...], Scenario] = {}
    jobs = []
    for row in which.of(said["rows"]):
        shock = tuple(row["sizes"].items())
        if shock not in made:
            made[shock] = with_shock(scenario, tuple(row["sizes"]), tuple(row["sizes"].values()))
        label = f"a shock of {row['shock']}, seed {row['seed']}"
        jobs.append(Again(label, row["digest"], made[shock], row["seed"]))
    return jobs


def rows_of_spiral(said: Mapping[str, Any], which: Which, allow_code: bool) -> list[Again]:
    """The runs of a spiral that are asked for; parameters as of ``rows_of_sweep``.

    Designs are ``nothing forced``, the scenario's own by its name, and those beside it by label.
    """
    scenario = read_scenario(said["resolved"])
    refuse_code(scenario, allowed=allow_code)
    own = " + ".join(dict.fromkeys(one.liquidation.design for one in scenario.clearings))
    alternatives = {one.label: one for one in scenario.alternatives}
    groups = {"nothing forced": said["twins"], own: said["runs"], **said["alternatives"]}
    rows = [
        {"label": label, "seed": run["seed"], "digest": run["digest"]}
        for label, runs in groups.items()
        for run in runs
    ]
    jobs = []
    for row in which.of(rows):
        label, other = row["label"], alternatives.get(row["label"])
        design, parameters = (other.design, other.parameters) if other else (None, None)
        jobs.append(
            Again(
                f"seed {row['seed']}, {label}", row["digest"], scenario, row["seed"], design,
                parameters, label != "nothing forced", True,
            )
        )  # fmt: skip
    return jobs


def rows_of_impact(said: Mapping[str, Any], which: Which) -> list[PairAgain]:
    """The pairs of runs of a sale that are asked for.

    Parameters
    ----------
    said
        ``SimulatedSale.summary()`` of a market with a name.
    which
        Which rows.
    """
    return [
        PairAgain(f"seed {row['seed']}", row["digest"], said, row["seed"])
        for row in which.of(said["runs"])
    ]


def kept_study(folder: Path) -> dict[str, Any]:
    """What a folder of kept runs says of itself: its manifest, and all ``rows``.

    Parameters
    ----------
    folder
        ``--out`` of a sweep, or ``compare``, ``stress`` or ``impact`` within ``--store``.

    Raises
    ------
    ValueError
        If it has no manifest.
    """
    said = read_manifest(folder)
    if said is None or not (folder / "log").is_dir():
        raise ValueError(
            f"{folder}: no folder of kept runs: give that of a sweep, or compare, stress or impact "
            "within --store"
        )
    rows = sorted(
        RunStore(folder, {}).read().values(), key=lambda row: (str(row.get("point")), row["seed"])
    )
    if said.get("study") in ("stress", "impact"):
        rows = [{**row["point"], **row, "digest": row["criteria"].get("digest")} for row in rows]
    if said.get("study") == "impact":
        sold = ("size", "at_ns", "over_ns", "participation", "lags_ns", "instrument")
        said["sale"], said["runs"] = {name: said[name] for name in sold}, rows
    return {**said, "rows": rows}
