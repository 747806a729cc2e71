"""Tuned designs: every design gets the same number of trials on seeds that are not the test's.

Random search with successive halving (K. Jamieson and A. Talwalkar, "Non-stochastic best arm
identification and hyperparameter optimization", AISTATS 2016): all candidates run on a few seeds,
the better half on twice as many, until one is left. The preset is always a candidate, so a tuned
design is never worse than it on the training seeds.

What is minimised is the *harm* of a run: what borrowers, insurance fund and lenders lost by forced
sales (``experiments.metrics.closed_account``). It is a stated choice, needed to tune at all; the
comparison itself has no score.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from agents.random import numpy_stream
from experiments.contest.compare import Contest, hold_contests
from experiments.contest.designs import ContestDesign
from experiments.runs.store import RunStore
from experiments.scenario.read import Scenario
from lob.checks import integer

__all__ = ["FIRST_TRAINING_SEED", "Tuned", "harm", "sample", "tune"]

FIRST_TRAINING_SEED = 1_000_000
"""Training seeds begin here: test seeds are below."""
LEAST_SEEDS = 2
"""Training seeds of the first round."""
Tunable = Mapping[str, tuple[Any, Any, str]]
"""By parameter: lowest value, highest value, and kind: "int", "float", "log" or "log-int"."""


class Tuned(NamedTuple):
    """Outcome of a search for a design's parameters."""

    design: ContestDesign
    """The design with the parameters found."""
    harm: float
    """Mean harm in cash units over the training seeds of the last round."""
    preset_harm: float
    """Mean harm of the preset in cash units, on the seeds it was tried on."""
    trials: int
    """Count of runs that the search took."""


def harm(contest: Contest, label: str) -> float:
    """Mean harm of a design in cash units.

    Infinite where a run of it raised.

    Parameters
    ----------
    contest
        The contest.
    label
        The design's label in it.
    """
    at = contest.labels.index(label)
    values = contest.values("harm")[at]
    return float(values.mean()) if not np.isnan(values).any() else math.inf


def sample(tunable: Tunable, random: np.random.Generator) -> dict[str, Any]:
    """Draw parameters at random, each between its bounds, both included.

    A "log" or "log-int" is even in its logarithm; a number that is not whole has six digits.

    Parameters
    ----------
    tunable
        Bounds and kind by parameter.
    random
        The generator that is drawn from.

    Raises
    ------
    ValueError
        If a kind is not known.
    """
    drawn: dict[str, Any] = {}
    for name, (low, high, kind) in tunable.items():
        share = float(random.random())
        if kind in ("log", "log-int"):
            value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        elif kind in ("int", "float"):
            value = low + share * (high - low + (kind == "int"))
        else:
            raise ValueError(f"tunable {name}: kind must be int, float, log or log-int: {kind!r}")
        whole = kind in ("int", "log-int")
        drawn[name] = min(int(high), int(value)) if whole else float(f"{value:.6g}")
    return drawn


def tune(
    scenario: Scenario,
    designs: Sequence[ContestDesign],
    tunable: Callable[[str], Tunable],
    candidates: int,
    *,
    seed: int = 0,
    store: RunStore | None = None,
    workers: int | None = None,
    report: Callable[[int, int], object] = lambda done, total: None,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> dict[str, Tuned]:
    """Search the parameters of every design, with as many candidates each.

    Parameters
    ----------
    scenario
        The market that is believed to be.
    designs
        The designs; what they come with is the first candidate.
    tunable
        From a design's name to what may be changed in it, and from where to where.
    candidates
        Candidates of each design, itself included, 2 or more; a design with nothing to change has
        the one.
    seed
        Seed of the draws of parameters.
    store, workers
        Where finished runs are kept, and how many processes, as for
        ``experiments.contest.compare.hold_contest``.
    report
        Called with how many of how many rounds are done.
    progress
        Called with how many of how many runs of a round are there.

    Returns
    -------
    dict
        ``Tuned`` by the label of the design.

    Raises
    ------
    ValueError
        If ``candidates`` is below 2.
    """
    integer("candidates", candidates, 2)
    alive = {one.label: _candidates(one, tunable(one.design), candidates, seed)
             for one in designs}  # fmt: skip
    trials = dict.fromkeys(alive, 0)
    preset: dict[str, float] = {}
    scores: dict[str, list[float]] = {}
    seeds, first = LEAST_SEEDS, FIRST_TRAINING_SEED
    rounds = max(1, math.ceil(math.log2(candidates)))
    for step in range(rounds):
        all_designs = [
            one._replace(label=f"{label} #{number}")
            for label, those in alive.items()
            for number, one in enumerate(those)
        ]
        found = hold_contests(
            {"training": scenario},
            all_designs,
            range(first, first + seeds),
            store=store,
            workers=workers,
            report=progress,
        )["training"]
        for label, those in alive.items():
            got = [harm(found, f"{label} #{number}") for number in range(len(those))]
            trials[label] += len(those) * seeds
            if those[0].how != "tuned":
                preset[label] = got[0]
            order = sorted(range(len(those)), key=lambda i: (got[i], i))
            kept = order[: max(1, math.ceil(len(those) / 2))] if step < rounds - 1 else order[:1]
            # The preset stays first, so that its number says which it is.
            kept = sorted(kept)
            alive[label] = [those[i] for i in kept]
            scores[label] = [got[i] for i in kept]
        first += seeds
        seeds *= 2
        report(step + 1, rounds)
    return {
        one.label: Tuned(
            alive[one.label][0]._replace(label=f"{one.label} tuned", how="tuned"),
            scores[one.label][0],
            preset[one.label],
            trials[one.label],
        )
        for one in designs
    }


def _candidates(one: ContestDesign, tunable: Tunable, count: int, seed: int) -> list[ContestDesign]:
    """The design as it is, and others with drawn parameters."""
    if not tunable:
        return [one]
    random = numpy_stream(seed, f"tuning {one.design}")
    drawn = (sample(tunable, random) for _ in range(count - 1))
    return [
        one,
        *(one._replace(parameters={**one.parameters, **each}, how="tuned") for each in drawn),
    ]
