"""A result of any study run again from what it says of itself: whole, or the rows that are chosen.

Same scenario, seed, version and sources: same digests, to the byte.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from experiments.contest.capital import equalised
from experiments.contest.designs import ContestDesign
from experiments.contest.markets import AXES, REGIMES, changed
from experiments.runs.provenance import asked_of_market, asked_of_scenario, market_of
from experiments.runs.run import Run
from experiments.scenario.own_code import refuse_code
from experiments.scenario.read import Scenario, read_scenario
from experiments.studies.rerun import Compared, Rerun, other_than, rerun_result
from experiments.studies.rerun_rows import (
    Again,
    Job,
    Which,
    digests_again,
    rows_of_impact,
    rows_of_spiral,
    rows_of_stress,
    rows_of_sweep,
)

if TYPE_CHECKING:
    from agents import Participant

__all__ = ["rerun_any", "study_of"]

Rows = Callable[[Mapping[str, Any], Which, bool], Sequence[Job]]
"""From what a study says of itself, which rows, and whether own code may be run: the runs."""


def study_of(said: Mapping[str, Any]) -> str:
    """Which study a result is of: ``compare``, ``stress``, ``impact``, ``sweep`` or ``run``.

    Parameters
    ----------
    said
        The result as JSON values.

    Raises
    ------
    ValueError
        If its runs are not in it.
    """
    if "controls" in said or said.get("study") == "compare":
        return "compare"
    if "probes" in said or said.get("study") == "stress":
        return "stress"
    if "sale" in said:
        return "impact"
    if "names" in said and "rows" in said:
        return "sweep"
    if "cells" in said:
        raise ValueError(
            "a phase diagram has means of its cells alone: run it again by its command"
        )
    return "run"


def rerun_any(
    result: Any,
    *,
    which: Which | None = None,
    agents: "Sequence[Participant]" = (),
    allow_code: bool = False,
    workers: int | None = None,
) -> Rerun:
    """Run a result again from what it says of itself, and compare the digests.

    Parameters
    ----------
    result
        A result of any study, or what its ``summary()`` says, or that of a folder of kept runs
        (``experiments.studies.rerun_rows.kept_study``).
    which
        Which rows; ``None``: all.
    agents
        Those that were passed in to a run; its JSON has their names alone.
    allow_code
        Whether code of the user's own that it names may be run.
    workers
        Processes; ``None``: one a core.

    Raises
    ------
    CodeNotAllowedError
        If it names code of the user's own and nobody said that it may be run.
    ValueError
        If it is no result that can be run again, or has no such row.
    """
    chosen = which or Which()
    if isinstance(result, Run):
        if chosen:
            raise ValueError("a single run has no rows to choose from")
        return rerun_result(result, agents=agents, allow_code=allow_code, workers=workers)
    said = result if isinstance(result, Mapping) else result.summary()
    study = study_of(said)
    if study == "run" and not (chosen and "twins" in said):
        if chosen:
            raise ValueError("a single run has no rows to choose from")
        return rerun_result(said, agents=agents, allow_code=allow_code, workers=workers)
    rows: dict[str, Rows] = {
        "compare": rows_of_contest,
        "stress": rows_of_stress,
        "impact": lambda said, which, allowed: rows_of_impact(said, which),
        "sweep": rows_of_sweep,
        "run": rows_of_spiral,
    }
    try:
        jobs = rows[study](said, chosen, allow_code)
        now = _asked_now(said)
        name = said.get("market") if study == "impact" else said["resolved"]["name"]
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"the result is not whole: {type(error).__name__}: {error}") from error
    digests = tuple(Compared(*one) for one in digests_again(jobs, workers))
    return Rerun(str(name), digests, tuple(other_than(said, now)))


def rows_of_contest(said: Mapping[str, Any], which: Which, allow_code: bool) -> list[Again]:
    """The runs of a contest that are asked for, of its other markets too.

    Parameters
    ----------
    said
        ``ContestStudy.summary()``, or what ``kept_study`` makes of its folder: of that the runs in
        the base market and in those of regimes and axes.
    which
        Which rows.
    allow_code
        Whether code of the user's own may be run.
    """
    base = read_scenario(said["resolved"])
    if "rows" in said:
        # A store may have runs of other scenarios too.
        rows = [row for row in said["rows"] if row["scenario"] == base.name]
        changes = {one.name: one for one in (*REGIMES, *AXES)}
        markets = {"base": base} | {
            name: changed(base, changes[name])
            for name in {row["market"] for row in rows} & changes.keys() - {"base"}
        }
        rows = [{"label": row["design"], **row} for row in rows if row["market"] in markets]
    else:
        parts = {"base": said, **said["markets"]}
        markets = {name: read_scenario(part["resolved"]) for name, part in parts.items()}
        rows = [{**row, "market": name} for name, part in parts.items() for row in part["runs"]]
    jobs = []
    for row in which.of(rows):
        scenario = markets[row["market"]]
        refuse_code(scenario, allowed=allow_code, design=row["design"])
        jobs.append(_again(scenario, row))
    return jobs


def _again(scenario: Scenario, row: Mapping[str, Any]) -> Again:
    design = ContestDesign(row["label"], row["design"], dict(row["parameters"]))
    met, parameters = equalised(scenario, design)
    where = "" if row["market"] == "base" else f"{row['market']}: "
    label = f"{where}seed {row['seed']}, {row['label']}"
    return Again(label, row["digest"], met, row["seed"], row["design"], parameters)


def _asked_now(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the same result would say of itself now."""
    if "sale" in said:
        market, options = market_of(said)
        return asked_of_market(said["market"], market, options, [])
    return asked_of_scenario(read_scenario(said["resolved"]), said.get("seeds", []))
