"""A result run again from what it says of itself, and its digests compared with the new ones.

Same scenario or market, seed, version and sources: same digests, to the byte. Where they differ,
another version or other sources are the first that is said.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.provenance import asked_of_market, asked_of_scenario, market_of
from experiments.runs.run import Run, run_scenario
from experiments.scenario.own_code import refuse_code
from experiments.scenario.read import Scenario, read_scenario
from experiments.studies.rerun_rows import kept_study
from experiments.studies.spiral import study_spiral
from lob.counted import counted
from lob.units import MINUTE_NS

if TYPE_CHECKING:
    from agents import Participant

__all__ = ["Compared", "Rerun", "other_than", "rerun_result", "said_in"]


@dataclass(frozen=True, slots=True)
class Compared:
    """The digest of one run, then and now."""

    label: str
    """Which run, in words."""
    before: str | None
    """32 hex digits that the result has; ``None``: the run was not there."""
    now: str | None
    """32 hex digits of the run of now; ``None``: it is not there."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of running a result again."""

    name: str
    """Name of the scenario or market."""
    digests: tuple[Compared, ...]
    """Every run, then and now."""
    other: tuple[str, ...] = ()
    """What is another than it was: version, sources, code of one's own; in words."""

    @property
    def equal(self) -> bool:
        """Whether all digests are the same."""
        return all(one.before == one.now for one in self.digests)

    def headline(self) -> list[str]:
        """Sentences: what is another than it was, then whether the runs are equal."""
        differ = [one for one in self.digests if one.before != one.now]
        runs = counted(len(self.digests), "run")
        if not differ:
            return [*self.other, f"{self.name}: equal, {runs} to the byte"]
        return [
            *self.other,
            f"{self.name}: {len(differ)} of {runs} {'differs' if len(differ) == 1 else 'differ'}",
            *(
                f"{one.label}: {one.before or 'no run'} then, {one.now or 'no run'} now"
                for one in differ
            ),
        ]

    def summary(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "name": self.name,
            "equal": self.equal,
            "other": list(self.other),
            "digests": [
                {"label": one.label, "before": one.before, "now": one.now} for one in self.digests
            ],
        }


def said_in(source: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """What a result says of itself, from its JSON.

    Parameters
    ----------
    source
        The path of a JSON file or of a folder of kept runs, or the content of the file.

    Raises
    ------
    ValueError
        If it is no result of a run.
    OSError
        If the file cannot be read.
    """
    if isinstance(source, Mapping):
        return dict(source)
    if Path(source).is_dir():
        return kept_study(Path(source))
    try:
        said = json.loads(Path(source).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{source}: not JSON: {error}") from None
    if not isinstance(said, dict):
        raise ValueError(f"{source}: no result: one JSON object is wanted")
    return said


def rerun_result(
    result: Run | Mapping[str, Any],
    *,
    agents: "Sequence[Participant]" = (),
    allow_code: bool = False,
    workers: int | None = None,
) -> Rerun:
    """Run a result again from what it says of itself, and compare the digests.

    Parameters
    ----------
    result
        A run, or the JSON of a run, of a spiral over seeds or of a market's run.
    agents
        Those that were passed in to the run; its JSON has their names alone.
    allow_code
        Whether code of the user's own that the scenario names may be run.
    workers
        Processes of a spiral; ``None``: one a core.

    Raises
    ------
    CodeNotAllowedError
        If it names code of the user's own and nobody said that it may be run.
    ValueError
        If it is no result that can be run again.
    """
    if isinstance(result, Run):
        return _run_again(result.scenario, result.summary(), agents or result.agents, allow_code)
    try:
        if "market" in result and "minutes" in result:
            return _market_again(result)
        if "resolved" not in result or not ("runs" in result or "digest" in result):
            raise ValueError(
                "what has no scenario or market with the digests of its runs cannot be run again: "
                "give the JSON of firesale run, or of summary()"
            )
        scenario = read_scenario(result["resolved"])
        if "digest" in result:
            return _run_again(scenario, result, agents, allow_code)
        if "twins" not in result:
            raise ValueError("of a study that is no spiral see experiments.contest.rerun")
        return _spiral_again(scenario, result, allow_code, workers)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"the result is not whole: {type(error).__name__}: {error}") from error


def other_than(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What of the version, sources and code is another than it was, the most telling first.

    Parameters
    ----------
    then, now
        What a result said of itself, and what it would say now.
    """
    for key, what in (("firesale", "version"), ("sources", "sources")):
        if then.get(key) != now.get(key):
            yield f"another {what}: {then.get(key)} then, {now.get(key)} now"
    files, again = then.get("files") or {}, now.get("files") or {}
    for path in sorted(files.keys() & again.keys()):
        if files[path] != again[path]:
            yield f"another file at {path}: {files[path]} then, {again[path]} now"
    before, after = then.get("code") or {}, now.get("code") or {}
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield f"other code at {path}: {before.get(path)} then, {after.get(path)} now"


def _run_again(
    scenario: Scenario,
    said: Mapping[str, Any],
    agents: "Sequence[Participant]",
    allow_code: bool,
) -> Rerun:
    design = said["design"]
    refuse_code(scenario, allowed=allow_code, design=design)
    names = [one.name for one in agents]
    if names != list(said["agents"]):
        raise ValueError(
            f"agents must be those that were passed in, {', '.join(said['agents']) or 'none'}, got "
            f"{', '.join(names) or 'none'}"
        )
    run = run_scenario(
        scenario,
        said["seed"],
        forced=said["forced"],
        design=design,
        parameters=said["parameters"],
        agents=agents,
    )
    now = asked_of_scenario(scenario, [run.seed], design)
    digests = Compared(f"seed {run.seed}", said["digest"], run.simulation.digest())
    return Rerun(scenario.name, (digests,), tuple(other_than(said, now)))


def _spiral_again(
    scenario: Scenario, said: Mapping[str, Any], allow_code: bool, workers: int | None
) -> Rerun:
    refuse_code(scenario, allowed=allow_code)
    study = study_spiral(scenario, said["seeds"], workers=workers)
    then = {"": said["runs"], "nothing forced": said["twins"], **said["alternatives"]}
    now: dict[str, Sequence[Mapping[str, Any]]] = {
        "": study.full,
        "nothing forced": study.twin,
        **study.alternatives,
    }
    digests = []
    for label in {**then, **now}:
        before = {run["seed"]: run["digest"] for run in then.get(label, ())}
        after = {run["seed"]: run["digest"] for run in now.get(label, ())}
        digests += [
            Compared(f"seed {seed}{f', {label}' * bool(label)}", before.get(seed), after.get(seed))
            for seed in sorted(before.keys() | after.keys())
        ]
    other = other_than(said, asked_of_scenario(scenario, study.seeds))
    return Rerun(scenario.name, tuple(digests), tuple(other))


def _market_again(said: Mapping[str, Any]) -> Rerun:
    name, seed = said["market"], said["seed"]
    market, options = market_of(said)
    simulation = market(seed, **options)
    simulation.run(until=simulation.now + round(said["minutes"] * MINUTE_NS))
    digests = Compared(f"seed {seed}", said["digest"], simulation.digest())
    now = asked_of_market(name, market, options, [seed])
    return Rerun(name, (digests,), tuple(other_than(said, now)))
