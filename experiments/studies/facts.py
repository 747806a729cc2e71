"""The facts of a file of order flow or of a ready market: what ``firesale facts`` measures."""

import gc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.calibration.facts import FACTS, GATES, Fact, Facts, unit_in_words
from experiments.calibration.measure import measure
from experiments.calibration.metaorder import OVER_NS
from experiments.calibration.named_markets import is_market, market_named
from experiments.calibration.record_of_feed import record_of_feed
from experiments.calibration.record_of_tape import record_of_tape
from experiments.calibration.recorded_feed import (
    instrument_of,
    moment,
    open_recorded,
    shown_instrument,
)
from experiments.markets import MARKETS
from experiments.metrics.intervals import student_interval
from experiments.report.facts_figures import facts_figure
from experiments.report.notebook import Shown, figure_html
from experiments.runs.units_of_keys import units_of_market
from experiments.studies.metaorders import (
    MetaorderStudy,
    minutes_of_metaorders,
    study_metaorders,
)
from lob import Instrument
from lob.counted import counted
from lob.units import MINUTE_NS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from agents import Simulation

__all__ = [
    "MINUTES",
    "WARM_UP_MINUTES",
    "FactsStudy",
    "facts_of_file",
    "facts_of_market",
    "is_market",
    "study_facts",
]

MINUTES = 100.0
"""How long a market is measured unless it is told: enough for every statistic."""
WARM_UP_MINUTES = 5.0
"""What is left out at the start of a market, whose book begins empty; chosen."""


@dataclass(frozen=True)
class FactsStudy(Shown):
    """The facts of a market, over seeds where it is simulated.

    Attributes
    ----------
    source
        Name of the market, or the file.
    runs
        The facts of each seed, or of the file alone.
    seeds
        The seeds; empty for a file.
    impact
        What large orders do to the price; ``None``: not asked.
    """

    source: str
    runs: tuple[Facts, ...]
    seeds: tuple[int, ...] = ()
    impact: MetaorderStudy | None = None

    @property
    def instrument(self) -> Instrument | None:
        """What is traded, with the names of its money and size; ``None``: not known."""
        return self.runs[0].instrument

    def value(self, name: str) -> Fact:
        """The mean of a statistic or gate over the seeds that have one; else the reason most give.

        Parameters
        ----------
        name
            In ``FACTS`` or ``GATES``.
        """
        found = _values(self.runs, name)
        if found:
            return Fact(sum(found) / len(found))
        reasons = Counter(_fact(run, name).reason for run in self.runs)
        return Fact(None, reasons.most_common(1)[0][0])

    def frame(self) -> pd.DataFrame:
        """A row a statistic: its value, the interval of the mean over seeds, or the reason."""
        rows = []
        for name, what in (FACTS | GATES).items():
            fact = self.value(name)
            found = _values(self.runs, name)
            bounds = student_interval(found) if len(found) > 1 else None
            rows.append({
                "statistic": name,
                "title": what.title,
                "unit": unit_in_words(what.unit, self.instrument),
                "form": what.form,
                "value": fact.value,
                "low": bounds.low if bounds else None,
                "high": bounds.high if bounds else None,
                "reason": fact.reason,
            })  # fmt: skip
        for one in self.impact.statistics() if self.impact else ():
            undefined = isnan(one.value.estimate)
            rows.append({
                "statistic": one.name,
                "title": one.title,
                "unit": "",
                "form": "",
                "value": None if undefined else one.value.estimate,
                "low": None if isnan(one.value.low) else one.value.low,
                "high": None if isnan(one.value.high) else one.value.high,
                "reason": one.missing if undefined else "",
            })  # fmt: skip
        return pd.DataFrame(rows)

    def headline(self) -> list[str]:
        """What was measured, and what a reader must not miss."""
        one = self.runs[0]
        length = _length(one.seconds)
        if self.seeds:
            lines = [f"{self.source}: means over {counted(len(self.seeds), 'seed')} of {length}"]
        else:
            lines = [
                f"{self.source}: {length}, {counted(one.messages, 'message')}, "
                f"{counted(one.market_orders, 'market order')}"
            ]
        lines += [f"Note: {note}" for note in one.notes]
        return lines + (self.impact.headline() if self.impact else [])

    def _repr_html_(self) -> str:
        return super()._repr_html_() + (figure_html(self.impact.plot()) if self.impact else "")

    def plot(self) -> "Figure":
        """All statistics in a table: a plotly figure."""
        return facts_figure(self.frame(), self.headline()[0])

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values."""
        told: dict[str, Any] = {
            "source": self.source,
            "seeds": list(self.seeds),
            "seconds": self.runs[0].seconds,
            "messages": self.runs[0].messages,
            "market_orders": self.runs[0].market_orders,
            "notes": list(self.runs[0].notes),
            "units": {} if self.instrument is None else units_of_market(self.instrument),
        }
        for key, names in (("facts", FACTS), ("gates", GATES)):
            told[key] = {
                name: {
                    **self.value(name)._asdict(),
                    "unit": what.unit,
                    "form": what.form,
                    "of_seeds": [_fact(run, name).value for run in self.runs],
                }
                for name, what in names.items()
            }
        if self.impact:
            told["impact"] = self.impact.summary()
        return told


def _fact(run: Facts, name: str) -> Fact:
    return run.values[name] if name in run.values else run.gates[name]


def _values(runs: Sequence[Facts], name: str) -> list[float]:
    values = [_fact(run, name).value for run in runs]
    return [value for value in values if value is not None]


def _length(seconds: float) -> str:
    return f"{seconds / 60:,.1f} minutes" if seconds >= 120 else f"{seconds:.1f} s"


# ------------------------------------------------------------------------------ where from


def facts_of_file(
    files: str | Path | Sequence[str | Path],
    *,
    symbol: str | None = None,
    since: str | None = None,
    until: str | None = None,
    **options: Any,
) -> Facts:
    """Measure a file of order flow.

    Parameters
    ----------
    files, options
        As of ``open_recorded``.
    symbol
        The instrument, where there are several.
    since, until
        The part that is measured, times as people write them.

    Raises
    ------
    FeedError
        If the file is no order flow, or damaged.
    ValueError
        If there are several instruments and none is named, or a time is none.
    """
    feed = open_recorded(files, symbol=symbol, **options)
    traded = instrument_of(feed, symbol)
    found = measure(
        record_of_feed(
            feed,
            traded.name,
            since=moment(since, feed) if since else None,
            until=moment(until, feed) if until else None,
        )
    )
    return replace(found, instrument=shown_instrument(traded, feed.format))


def facts_of_market(name: str, seed: int, minutes: float = MINUTES, **options: Any) -> Facts:
    """Simulate a ready market and measure it; of several instruments the first.

    Parameters
    ----------
    name
        Of a ready market, or the path of a market file.
    seed
        Root of all randomness.
    minutes
        How long it is measured, after ``WARM_UP_MINUTES`` that are left out.
    **options
        Of the market.
    """
    whole = WARM_UP_MINUTES + minutes
    simulation = _built(name, whole, options, seed)
    start = simulation.now
    simulation.run(until=start + round(whole * MINUTE_NS))
    traded = simulation.instruments[0]
    found = measure(
        record_of_tape(
            simulation.events,
            traded.number,
            name=name,
            since=start + round(WARM_UP_MINUTES * MINUTE_NS),
            unit_size=float(traded.lot_size),
        )
    )
    return replace(found, instrument=traded)


def _built(name: str, minutes: float, options: Mapping[str, Any], seed: int) -> "Simulation":
    """A ready market that lasts so long; some must be told."""
    builder = market_named(name)
    takes = signature(builder).parameters
    told = dict(options)
    if "minutes" in takes:
        told.setdefault("minutes", minutes)
    elif "steps" in takes:
        told.setdefault("steps", round(minutes * 60))
    return builder(seed, **told)


def study_facts(
    source: str | Path | Sequence[str | Path],
    seeds: Sequence[int] = (1,),
    minutes: float | None = None,
    *,
    impact_seeds: Sequence[int] = (),
    over_ns: int = OVER_NS,
    workers: int | None = None,
    report: Callable[[str], object] = lambda what: None,
    **options: Any,
) -> FactsStudy:
    """Measure a ready market over seeds, or a file.

    Parameters
    ----------
    source
        The name of a ready market, a market file, or a file of order flow of any format.
    seeds
        Of a market.
    minutes
        How long a market is measured; ``None``: 100.
    impact_seeds
        Seeds in which orders are sold into a market, at least two; none: its impact is not
        measured.
    over_ns
        The fixed duration of these orders.
    workers
        In how many processes they are sold; ``None``: one a core.
    report
        Called with what is done next.
    **options
        Of the market, or of ``facts_of_file``.

    Raises
    ------
    ValueError
        If there is neither, or an option is none.
    """
    if not is_market(source):
        report("reading")
        if minutes is not None:
            raise ValueError("minutes are of a market: of a file give since and until")
        if len(impact_seeds):
            raise ValueError(
                f"{source} is no ready market: what is recorded cannot be sold into again and "
                "again: replay a sale in it"
            )
        _must_be_there(source)
        name = str(source) if isinstance(source, str | Path) else str(source[0])
        return FactsStudy(name, (facts_of_file(source, **options),))
    if minutes is not None and not 0 < minutes <= 10_000:
        raise ValueError(f"minutes must be above 0, at most 10000, got {minutes}")
    if not seeds:
        raise ValueError("there must be at least one seed")
    runs = []
    for seed in seeds:
        report(f"seed {seed}")
        runs.append(facts_of_market(str(source), seed, minutes or MINUTES, **options))
        # A run and its agents hold each other: its tapes would stay until Python looks for such.
        gc.collect()
    found = FactsStudy(str(source), tuple(runs), tuple(seeds))
    if not len(impact_seeds):
        return found
    market = partial(_built, str(source), minutes_of_metaorders(over_ns), options)
    return replace(
        found,
        impact=study_metaorders(
            str(source), market, impact_seeds, over_ns=over_ns, workers=workers, report=report
        ),
    )


def _must_be_there(source: str | Path | Sequence[str | Path]) -> None:
    paths = [source] if isinstance(source, str | Path) else list(source)
    for path in paths:
        if not Path(path).exists():
            raise ValueError(
                f"{path}: no such file or folder, and no ready market: there are "
                + ", ".join(MARKETS)
            )
