"""Story of a scenario on one screen: the shock, the spiral, and who paid."""

import json
import math
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from experiments.commands.console import BAD_DATA, progress, refusal_of, refuse_another
from experiments.commands.settings import read_settings, refuse_own_code
from experiments.report.account_words import account_lines
from experiments.report.alternatives import alternative_lines
from experiments.report.bars import bars
from experiments.report.contest_words import mark_of
from experiments.report.ratios import move_of, times_of
from experiments.report.start import NOTHING_FAILED
from experiments.scenario.shock_words import shock_told
from lob.counted import counted
from lob.real_units import RealUnit
from lob.units import SECOND_NS

if TYPE_CHECKING:
    from experiments.runs.run import Run
    from experiments.studies.spiral import SpiralStudy

__all__ = ["run_story", "tell"]


def run_story(
    name: str,
    seeds: range | int,
    settings: list[str] | None,
    out: Path | None,
    as_json: bool,
    allow_code: bool = False,
    memory: str | None = None,
) -> None:
    """Run a scenario over seeds, with forced selling and without, and tell what happened.

    Parameters
    ----------
    name
        A ready scenario, or its TOML file.
    seeds
        Which, or the first one: then as many as the scenario states.
    settings
        ``KEY=VALUE`` texts that change the scenario.
    out
        Folder for tapes and answer; ``None``: nothing is kept.
    as_json
        Whether one JSON object is printed in place of the story.
    allow_code
        Whether code of the user's own that the scenario names may be run.
    memory
        What the runs of a seed may take, as ``"2 GB"``; ``None``: what there is.

    Raises
    ------
    RefusalError
        If the scenario is not one, a run raises, or a file cannot be written.
    """
    from experiments.commands.stack_story import stack_answer
    from experiments.runs.memory_limit import parse_bytes
    from experiments.runs.run import run_scenario
    from experiments.runs.whole_files import WholeFiles
    from experiments.scenario.read import ScenarioError, read_scenario
    from experiments.studies.spiral import study_spiral
    from lob import tape

    try:
        scenario = read_scenario(name, read_settings(settings))
        refuse_own_code(scenario, allow_code, settings)
        first = seeds if isinstance(seeds, int) else seeds[0]
        chosen = range(first, first + scenario.seeds) if isinstance(seeds, int) else seeds
        refuse_another(out, scenario.model_dump(mode="json"))
        with progress(as_json, len(chosen)) as show:
            study = study_spiral(
                scenario,
                chosen,
                memory=parse_bytes(memory),
                report=lambda done, total: show(f"run {done} of {total}"),
            )
        stacked = stack_answer(study)
        if out:
            run = run_scenario(scenario, study.seeds[0])
            with WholeFiles(out) as files:
                for kind, rows in run.tape.items():
                    files.write(f"{kind}.parquet", partial(tape.write, tape=rows))
                files.json("story.json", {**study.summary(), **stacked})
                files.text("run.html", _page(study, run))
    except (ScenarioError, ValueError, OSError) as error:
        raise refusal_of(error, out) from None
    if as_json:
        typer.echo(json.dumps({**study.summary(), **stacked}, indent=2, allow_nan=False))
    else:
        typer.echo("\n".join(tell(study, stacked)))
    _tell_failures(study)


def _tell_failures(study: "SpiralStudy") -> None:
    """Tell of the seeds that raised, with the traceback of the user's code; exits 1 if any did."""
    told: set[str | None] = {None}
    for one in study.failed:
        typer.echo(f"firesale: a run failed: {one.error}", err=True)
        if one.trace not in told:
            typer.echo(one.trace, err=True)
        told.add(one.trace)
    if study.failed:
        seed = study.failed[0].seed
        typer.echo(f"firesale: the run comes again with --seed {seed} --seeds 1", err=True)
        raise typer.Exit(BAD_DATA)


def _page(study: "SpiralStudy", run: "Run") -> str:
    """The first run, under what a reader of it must not miss."""
    from experiments.report.page import document, drawn, note, section

    shouted = [*study.failed_lines(), *study.exhausted_lines(), *study.refused_lines()]
    return document(
        f"{study.scenario.name}, seed {run.seed}",
        [
            f"<header><h1>{escape(study.scenario.question)}</h1></header>",
            *(note("warning", line) for line in shouted),
            *(note("note", line) for line in study.headline()[len(shouted) :]),
            section(f"The run of seed {run.seed}", "", drawn("run", run.plot(), 560)),
        ],
    )


def tell(study: "SpiralStudy", stacked: dict[str, Any] | None = None) -> list[str]:
    """The story of a study, as English lines.

    Parameters
    ----------
    study
        The runs of the scenario.
    stacked
        What ``stack_answer`` gave; ``None``: nothing is stacked.
    """
    from experiments.commands.stack_story import stack_rows

    scenario = study.scenario
    lines = [
        *study.failed_lines(),
        *study.exhausted_lines(),
        *study.refused_lines(),
        f"{scenario.name}: {scenario.question}",
        *([f"{NOTHING_FAILED[0].upper()}{NOTHING_FAILED[1:]}"] if study.nothing_failed else []),
        *filter(None, [study.sources_line()]),
        *study.start_lines(),
    ]
    rows: list[tuple[str, str]] = []
    for number, shock in enumerate(scenario.shocks):
        price = scenario.units.prices[scenario.number_of(shock.instrument)]
        rows.append(("shock", shock_told(scenario, number)))
        found = study.amplification(number)
        word = move_of(scenario, number)
        for runs, how, mean in (
            (study.twin, "without", found.twin.estimate),
            (study.full, "with", found.full.estimate),
        ):
            before = sum(run["marks_before"][number] for run in runs) / len(runs)
            least = any(run["exhausted"] for run in runs)
            rows.append((f"{word} {how} forced sales", _drop(mean, before, least, price)))
        ratio = found.ratio
        said = f"undefined: {study.why_undefined(number)}" if ratio is None else times_of(ratio)
        rows.append(("amplification", said))
        rows.append(("mark", mark_of(scenario, shock.instrument)))
    rows += _market(study)
    rows += _cascade(study)
    rows += stack_rows(study, stacked or {})
    rows += _payers(study)
    rows.append(("ledger", "every asset sums to zero, in every run"))
    rows.append(("digest of the first run", study.full[0]["digest"]))
    lines += [f"  {name:<28}{value}" for name, value in rows]
    return lines + alternative_lines(study)


def _market(study: "SpiralStudy") -> list[tuple[str, str]]:
    """Whether makers left and came back, and which book the shock reached when."""
    rows = []
    drawn = [run["withdrawal"] for run in study.full if run["withdrawal"] is not None]
    scenario = study.scenario
    size = scenario.units.sizes[scenario.number_of(scenario.shocks[0].instrument)]
    if drawn:
        before = sum(one["before"] for one in drawn) / len(drawn)
        lowest = sum(one["lowest"] for one in drawn) / len(drawn)
        back = [one["back_after_ns"] for one in drawn if one["back_after_ns"] is not None]
        late = f"back after {sum(back) / len(back) / SECOND_NS:.1f} s" if back else "not back"
        late += (
            f" in {len(back)} of {counted(len(drawn), 'run')}" if 0 < len(back) < len(drawn) else ""
        )
        rows.append(
            (
                "depth near the mid",
                f"{size.told(before)} before, {size.number(lowest)} at the least, {late}",
            )
        )
    spilt = [run["spill_over"] for run in study.full if run["spill_over"]]
    if spilt:
        said = []
        for name in spilt[0]:
            times = [one[name] for one in spilt if one.get(name) is not None]
            mean = f"after {sum(times) / len(times) / SECOND_NS:.2f} s" if times else "never"
            said.append(
                f"{name} {mean}"
                + f" in {counted(len(times), 'run')}" * (0 < len(times) < len(spilt))
            )
        rows.append(("down by 1 %", ", ".join(said)))
    return rows


def _drop(ticks: float, before: float, least: bool, price: RealUnit) -> str:
    """A drop as a share of the mark just before the shock; a lower bound where a side emptied."""
    return f"{'at least ' * least}{price.told(ticks)}, {ticks / before:.1%} of the price"


def _cascade(study: "SpiralStudy") -> list[tuple[str, str]]:
    first = study.full[0]
    mean = study.mean("criteria", "liquidations")
    accounts = sum(run["accounts"] for run in study.full) / len(study.full)
    branching = study.mean("cascade", "branching_ratio")
    traced = f"; {branching:.0%} by a trade of another one" if math.isfinite(branching) else ""
    rows = [
        ("liquidations", f"{mean:,.0f} of {counted(accounts, 'account')}"),
        ("without forced sales", _failed_anyway(study, mean)),
        (
            "generations",
            f"{study.mean('cascade', 'generations'):.1f}, within "
            f"{study.mean('cascade', 'duration_ns') / SECOND_NS:.2f} s{traced}",
        ),
        ("of the first run", _profile(first["generations"])),
        ("sold by force", _of_instruments(study, "sold")),
    ]
    return [row for row in rows if row[1]]


def _failed_anyway(study: "SpiralStudy", failed: float) -> str:
    """How many accounts fail where nothing is forced; the others failed because of forced sales."""
    alone = sum(run["criteria"]["liquidations"] for run in study.twin) / len(study.twin)
    if not failed:
        return ""
    more = (failed - alone) / failed
    others = f": {more:.0%} failed because others were sold out" if more > 0 else ""
    return f"{alone:,.0f} of them fail too{others}"


def _of_instruments(study: "SpiralStudy", what: str) -> str:
    """Mean lots by instrument, each in its own unit; what all accounts of one asset hold in one."""
    scenario = study.scenario
    said: dict[str, str] = {}
    for number, one in enumerate(scenario.instruments):
        lots = sum(run[what].get(one.name, 0) for run in study.full) / len(study.full)
        if lots:
            said[one.name] = scenario.units.sizes[number].told(lots)
    if len(said) == 1:
        return next(iter(said.values()))
    return ", ".join(
        text if text.endswith(name) else f"{text} of {name}" for name, text in said.items()
    )


def _profile(generations: list[list[int]]) -> str:
    """Nodes by generation as a row of bars."""
    counts = [nodes for nodes, _ in generations]
    if not counts:
        return ""
    first = ", ".join(f"{count:,}" for count in counts[:8])
    return f"{bars(counts, 60)}  ({first}{', ...' * (len(counts) > 8)})"


def _payers(study: "SpiralStudy") -> list[tuple[str, str]]:
    units = study.scenario.units

    def mean(name: str, part: str = "criteria") -> str:
        return units.cash.amount(study.mean(part, name))

    rows: list[tuple[str, Any]] = [
        *account_lines(study.closed_accounts, units.cash),
        ("bad debt", units.cash.told(study.mean("criteria", "bad_debt"))),
        ("left to failed accounts", mean("left_to_accounts", "solvency")),
    ]
    late = study.mean("solvency", "late")
    if late:
        failures = study.mean("solvency", "failures")
        rows.append(
            (
                "failed at a stale price",
                f"{late:,.0f} of {failures:,.0f}: truly worse than believed",
            )
        )
    rows.append(("unsold at the end", _of_instruments(study, "unsold")))
    quantile = study.var_95
    bound = (
        "no upper bound"
        if quantile.upper is None
        else f"at most {units.cash.amount(quantile.upper)}"
    )
    seeds = counted(quantile.seeds, "seed")
    rows.append(
        (
            "95 % of runs",
            f"bad debt of {units.cash.amount(quantile.value)} or less ({seeds}: {bound})",
        )
    )
    return [row for row in rows if row[1]]
