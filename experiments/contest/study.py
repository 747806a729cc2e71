"""A whole contest: the comparison, its controls, other markets, tuned designs, wrong models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from experiments.contest.compare import Contest, hold_contests, plain
from experiments.contest.controls import Controls, run_controls
from experiments.contest.designs import FROZEN, ContestDesign
from experiments.contest.going_on import going_on
from experiments.contest.market_facts import MarketFacts, market_facts
from experiments.contest.markets import AXES, REGIMES, WRONG, Change, changed, regimes_of
from experiments.contest.robustness import Flip, flips, to_rows, told
from experiments.contest.screening import SEEDS, Screening, screened_markets
from experiments.contest.tuning import FIRST_TRAINING_SEED, Tunable, Tuned, harm, tune
from experiments.metrics.paired import PairedDifference, simultaneous_differences
from experiments.report.account_words import compared
from experiments.report.contest_figures import tradeoff_figure
from experiments.report.contest_words import remarks, shouted, spiral_told
from experiments.report.flip_map import flip_told
from experiments.report.notebook import Shown
from experiments.runs.arrow import ArrowRows
from experiments.runs.errors import told as told_error
from experiments.runs.kept_runs import Report as Progress
from experiments.runs.memory_limit import refuse_where_none
from experiments.runs.provenance import asked_of_scenario
from experiments.runs.store import RunStore
from experiments.runs.units_of_keys import units_of_contest, units_of_facts
from experiments.scenario.read import Scenario
from experiments.scenario.toxic import toxic
from lob.counted import counted

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["ContestStudy", "WrongModel", "study_contest"]

Report = Callable[[str], object]
"""Called in words with what is done."""


class WrongModel(NamedTuple):
    """Worth of a recommendation that was made for another market."""

    name: str
    """Name of the wrong model."""
    meaning: str
    """How it differs from the right market, in words."""
    recommended: str
    """Label of the design with the least harm in the wrong market, tuned there."""
    parameters: dict[str, Any]
    """Parameters of the recommended design as tuned there, by name."""
    best: str
    """Label of the design with the least harm when tuned in the right market."""
    regret: PairedDifference
    """Harm of the recommended design minus harm of the best, in cash units, both in the right
    market, on the test seeds."""

    @property
    def survives(self) -> bool:
        """Whether a recommendation is the right design, or not certainly worse than it."""
        worse = self.regret.certain and self.regret.estimate > 0
        return self.recommended == self.best or not worse


@dataclass(frozen=True)
class ContestStudy(Shown, ArrowRows):
    """A contest with its controls, other markets, tuned designs and wrong models."""

    contest: Contest
    """The contest in the base market."""
    controls: Controls
    """Outcome of the controls."""
    markets: dict[str, Contest] = field(default_factory=dict)
    """Contests of the same designs in other markets, by the name of the market."""
    meanings: dict[str, str] = field(default_factory=dict)
    """How each of the other markets differs, in words, by its name."""
    facts: dict[str, MarketFacts] = field(default_factory=dict)
    """Spread, depth, volatility and impact of the base market and the others, without leverage."""
    missing: dict[str, str] = field(default_factory=dict)
    """Markets that do not apply, by name, and why."""
    flips: list[Flip] = field(default_factory=list)
    """Pairs of designs whose order differs in another market, the certain ones first."""
    tuned: dict[str, Tuned] = field(default_factory=dict)
    """Tuned designs by the label of the design they were made of."""
    wrong: list[WrongModel] = field(default_factory=list)
    """Recommendations made for wrong models, and their worth."""
    screening: Screening | None = None
    """The same contest in twelve other markets; ``None``: it was left out."""

    @property
    def toxic(self) -> list[str]:
        """English sentences on parameters that make losses whatever the market does."""
        designs = [(one.design, one.parameters) for one in self.contest.designs]
        return toxic(self.contest.scenario, designs)

    @property
    def flip_lines(self) -> list[str]:
        """English sentences on where rankings flip."""
        return told(self.flips)

    def headline(self) -> list[str]:
        """English sentences on the contest that a reader must not miss."""
        contest = self.contest
        taking = sum(one.how != FROZEN.how for one in contest.designs)
        return [
            *shouted(contest),
            *compared(contest),
            f"{contest.scenario.name}: {counted(taking, 'design')}, "
            f"{counted(len(contest.seeds), 'seed')}; differences are to {contest.reference}",
            spiral_told(contest),
            *(f"TOXIC: {line}" for line in self.toxic),
            *flip_told(self.screening),
            *remarks(contest),
            self.controls.told(),
        ]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Rows of the runs of all markets that raised."""
        return [row for one in self._contests for row in one.failed]

    @property
    def _contests(self) -> list[Contest]:
        screened = () if self.screening is None else self.screening.contests.values()
        return [self.contest, *self.markets.values(), *screened]

    def frame(self, units: Literal["real", "integer"] = "real") -> "pd.DataFrame":
        """The criteria of every run, one a row, with their units in ``attrs["units"]``.

        Columns ``market``, ``label``, ``seed``, ``error``, then
        ``experiments.metrics.criteria.CRITERIA``.

        Parameters
        ----------
        units
            As of ``Run.frame``: those that the instruments say, or integers.
        """
        from experiments.runs.frame_units import criteria_in
        from experiments.runs.frames import criteria
        from experiments.runs.own_metrics import metric_columns

        rows = [row for one in self._contests for row in one.rows]
        labels = {
            name: [row[name] for row in rows] for name in ("market", "label", "seed", "error")
        }
        scenario = self.contest.scenario
        return criteria(
            [row["criteria"] for row in rows],
            labels,
            criteria_in(units, scenario),
            metric_columns(scenario.metrics, [row.get("metrics", {}) for row in rows]),
        )

    def _said(self) -> dict[str, Any]:
        return {
            **asked_of_scenario(self.contest.scenario, self.contest.seeds),
            "reference": self.contest.reference,
        }

    def plot(self) -> "Figure":
        """Trade-off of the designs: drop against harm."""
        return tradeoff_figure(self.contest)

    def summary(self) -> dict[str, Any]:
        """The whole study as JSON values by name; what is not known is ``None``."""
        scenario = self.contest.scenario
        said: dict[str, Any] = plain(
            {
                **self.contest.summary(),
                "controls": {**self.controls._asdict(), "passed": self.controls.passed},
                "markets": {name: one.summary() for name, one in self.markets.items()},
                "meanings": self.meanings,
                "units": {**units_of_contest(scenario), **units_of_facts(scenario)},
                "market_facts": {name: one._asdict() for name, one in self.facts.items()},
                "missing": self.missing,
                "flips": to_rows(self.flips),
                "screening": None if self.screening is None else self.screening.summary(),
                "tuned": {
                    name: {
                        "parameters": one.design.parameters,
                        "harm": one.harm,
                        "preset_harm": one.preset_harm,
                        "runs": one.trials,
                    }
                    for name, one in self.tuned.items()
                },
                "wrong_models": [
                    {**one._asdict(), "regret": one.regret._asdict(), "survives": one.survives}
                    for one in self.wrong
                ],
            }
        )
        return said


def study_contest(
    scenario: Scenario,
    designs: Sequence[ContestDesign],
    seeds: Sequence[int],
    *,
    reference: str | None = None,
    regimes: bool = False,
    axes: bool = False,
    candidates: int = 0,
    tunable: Callable[[str], Tunable] = lambda design: {},
    wrong: bool = False,
    screen: bool = False,
    store: RunStore | None = None,
    workers: int | None = None,
    memory: int | None = None,
    pictures: bool = False,
    report: Report = lambda what: None,
    progress: Progress = lambda done, total: None,
) -> ContestStudy:
    """Hold a contest with all that was asked for.

    Parameters
    ----------
    scenario, designs, seeds, reference, store, workers, pictures
        As for ``experiments.contest.compare.hold_contest``; seeds below ``FIRST_TRAINING_SEED``.
    regimes, axes
        Whether the contest is held in ``REGIMES`` and along ``AXES`` as well.
    candidates
        Candidates for the parameters of each design (``experiments.contest.tuning.tune``); 0: no
        tuning.
    tunable
        From a design's name to what may be changed in it.
    wrong
        Whether parameters are also tuned in wrong models; needs ``candidates``.
    screen
        Whether the contest is held in twelve other markets as well, on the first ``SEEDS`` seeds:
        ``experiments.contest.screening``.
    memory
        Bytes that a run of the contests may take beside what its process has: more is the error of
        that run.
    report
        Called in words with what is done.
    progress
        Called with how many of how many runs of the part at hand are there.

    Raises
    ------
    ValueError
        If seeds are too few, the same or too large, a wrong model is asked for without tuning, or
        ``frozen`` is among the designs.
    """
    refuse_where_none(memory)
    if max(seeds, default=0) >= FIRST_TRAINING_SEED:
        raise ValueError(f"seeds must be below {FIRST_TRAINING_SEED}: tuning uses those above")
    if wrong and not candidates:
        raise ValueError("a wrong model needs tuning: give the number of candidates")
    if any(one.label == FROZEN.label for one in designs):
        raise ValueError(
            f"{FROZEN.label!r} takes part always, as what no design forces: leave it out"
        )
    scenario, tell = going_on(scenario), report

    def counted_run(done: int, total: int) -> None:
        tell(f"run {done} of {total}")
        progress(done, total)

    all_designs, tuned = list(designs), {}
    if candidates:
        tuned = tune(
            scenario, designs, tunable, candidates, store=store, workers=workers,
            report=lambda done, total: tell(f"tuning, round {done} of {total}"), progress=progress,
        )  # fmt: skip
        all_designs += [tuned[one.label].design for one in designs if tunable(one.design)]
    all_designs.append(FROZEN)
    changes = (REGIMES[1:] if regimes else ()) + (AXES if axes else ())
    markets, missing = regimes_of(scenario, changes)
    reference = reference or designs[0].label
    contests = hold_contests(
        {"base": scenario, **markets},
        all_designs,
        seeds,
        reference=reference,
        store=store,
        workers=workers,
        memory=memory,
        pictures=pictures,
        report=counted_run,
    )
    screening = None
    if screen:
        tell("other markets")
        others, factors, unfit = screened_markets(scenario)
        held = (
            hold_contests(
                others,
                all_designs,
                list(seeds)[:SEEDS],
                reference=reference,
                store=store,
                workers=workers,
                report=counted_run,
            )
            if others
            else {}
        )
        screening = Screening(RANKED_BY, held, factors, unfit)
    tell("controls")
    base = contests.pop("base")
    first = base.seeds[0], reference
    own = [row for row in base.rows if (row["seed"], row["label"]) == first and not row["error"]]
    # A design that raised is told of already: it must not take the others' controls along.
    raised = {row["label"] for row in base.failed} - {reference}
    controls = run_controls(
        scenario,
        [one for one in designs if one.label not in raised],
        seeds[0],
        reference=reference,
        workers=workers,
        known=own[0] if own else None,
    )
    meaning = {one.name: one.meaning for one in changes if one.name in markets}
    facts = {}
    if contests:
        tell("what the markets look like")
        seen = {"base": scenario} | {
            name: markets[name] for name in markets if name not in SAME_MARKET
        }
        for name, one in seen.items():
            try:
                facts[name] = market_facts(one)
            except Exception as error:
                missing = {**missing, f"the facts of {name}": told_error(error).error}
    return ContestStudy(
        base,
        controls,
        contests,
        meaning,
        facts,
        missing,
        flips(base, contests) if contests else [],
        tuned,
        [
            _wrong_model(
                one,
                scenario,
                designs,
                tuned,
                tunable,
                candidates,
                seeds,
                store,
                workers,
                tell,
                progress,
            )
            for one in (WRONG if wrong else ())
        ],
        screening,
    )


RANKED_BY = "harm"
"""Criterion whose order is looked at in other markets."""
SAME_MARKET = frozenset(
    {"oracle-lag", "congestion", "few-bidders", "keeper-capital", "keeper-latency"}
)
"""Axes that change nothing for those who have no leverage."""


def _wrong_model(
    change: Change,
    scenario: Scenario,
    designs: Sequence[ContestDesign],
    tuned: dict[str, Tuned],
    tunable: Callable[[str], Tunable],
    candidates: int,
    seeds: Sequence[int],
    store: RunStore | None,
    workers: int | None,
    tell: Report,
    progress: Progress,
) -> WrongModel:
    """Tune in the wrong market, choose the design that does best there, and test both here."""
    believed = changed(scenario, change)
    there = tune(
        believed, designs, tunable, candidates, store=store, workers=workers,
        report=lambda done, total: tell(f"{change.name}: tuning, round {done} of {total}"),
        progress=progress,
    )  # fmt: skip
    all_designs = [
        each._replace(label=f"{label} {where}")
        for where, found in (("right", tuned), ("wrong", there))
        for label, each in ((one, found[one].design) for one in found)
    ]
    tell(f"{change.name}: the test")
    held = hold_contests(
        {"right": scenario, "believed": believed}, all_designs, seeds, store=store,
        workers=workers, report=progress,
    )  # fmt: skip
    labels = [one.label for one in designs]
    recommended = min(labels, key=lambda one: harm(held["believed"], f"{one} wrong"))
    best = min(labels, key=lambda one: harm(held["right"], f"{one} right"))
    values = held["right"].values("harm")
    at = held["right"].labels.index
    (regret,) = simultaneous_differences(
        (values[at(f"{recommended} wrong")] - values[at(f"{best} right")])[:, None]
    )
    return WrongModel(
        change.name,
        change.meaning,
        recommended,
        there[recommended].design.parameters,
        best,
        regret,
    )
