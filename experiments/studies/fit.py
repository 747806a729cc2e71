"""A market fitted to recorded or simulated order flow: what ``firesale fit`` makes."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.calibration.fit import FITS, Estimate, Findings, FitError, Observed, laws
from experiments.calibration.market_file import InstrumentOfMarket, MarketFile
from experiments.calibration.market_record import MarketRecord
from experiments.calibration.measure import measure
from experiments.calibration.models import MODELS
from experiments.calibration.record_of_feed import record_of_feed
from experiments.calibration.record_of_tape import record_of_tape
from experiments.calibration.recorded_feed import instrument_of, moment, open_recorded
from experiments.markets.written import meant
from experiments.report.fit_figures import parameters_figure
from experiments.report.notebook import Shown
from experiments.studies.facts import MINUTES, WARM_UP_MINUTES, FactsStudy
from experiments.studies.score import FIRST_SEED, LEAST_SEEDS, ScoreStudy, side_by_side
from lob import EVENT, Instrument
from lob.counted import counted
from lob.units import MINUTE_NS
from lob.version import __version__

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from agents import Simulation

__all__ = ["Fitted", "fit_market"]


@dataclass(frozen=True)
class Fitted(Shown):
    """A model with the parameters that a record gives it.

    Attributes
    ----------
    market
        The market, ready to be written, read and run.
    findings
        The parameters with their errors, one by one, and what was assumed.
    observed
        The record that it was fitted to.
    laws_
        Memory of signs, sizes, lifetimes and resilience of the record: what no single model has all
        of.
    """

    market: MarketFile
    findings: Findings
    observed: Observed = field(repr=False)
    laws_: tuple[Estimate, ...] = ()

    @property
    def params_(self) -> dict[str, Any]:
        """The parameters by name, as the flow takes them: numbers, lists, lists of lists."""
        return self.findings.parameters

    @property
    def errors_(self) -> dict[str, Any]:
        """The standard errors in the form of ``params_``; ``None``: there is none, as at a bound.

        What was stated, not estimated, is not in it.
        """
        return self.findings.errors

    @property
    def warnings_(self) -> list[str]:
        """Sentences on parameters that rest on too little, or are at a bound."""
        return self.findings.warnings

    def simulate(self, seed: int = 1, minutes: float | None = None) -> "Simulation":
        """Run the fitted market: its tape is ``.events``.

        Parameters
        ----------
        seed
            Root of all randomness.
        minutes
            How long, beside the first 5 minutes, in which the market finds its state; ``None``: as
            long as the record, at most 100.
        """
        length = self._minutes(minutes) + WARM_UP_MINUTES
        with catch_warnings():
            simplefilter("ignore")  # that its book may grow is told in ``warnings_``
            simulation = self.market.simulation(seed)
        simulation.run(until=simulation.now + round(length * MINUTE_NS))
        return simulation

    def score(
        self,
        seeds: Sequence[int] | None = None,
        minutes: float | None = None,
        *,
        report: Callable[[str], object] = lambda what: None,
    ) -> ScoreStudy:
        """Set the fitted market beside the record, and tell their distance: 0 is alike, 3 the most.

        Parameters
        ----------
        seeds
            At least 10; ``None``: 1001 to 1010.
        minutes
            As of ``simulate``.
        report
            Called with what is done next.

        Raises
        ------
        ValueError
            If there are too few seeds.
        """
        chosen = range(FIRST_SEED, FIRST_SEED + LEAST_SEEDS) if seeds is None else seeds
        if len(chosen) < LEAST_SEEDS:
            raise ValueError(
                f"a score is a mean over at least {LEAST_SEEDS} seeds, got {len(chosen)}"
            )
        runs = []
        for seed in chosen:
            report(f"seed {seed}")
            simulation = self.simulate(seed, minutes)
            record = record_of_tape(
                simulation.events,
                name=self.market.name,
                since=round(WARM_UP_MINUTES * MINUTE_NS),
                unit_size=float(self.market.instrument.lot_size),
            )
            del simulation
            gc.collect()
            runs.append(measure(record))
        target = FactsStudy(self.observed.record.name, (measure(self.observed.record),))
        return side_by_side(FactsStudy(self.market.name, tuple(runs), tuple(chosen)), target)

    def save(self, path: str | Path) -> None:
        """Write the market file.

        Parameters
        ----------
        path
            The TOML file.
        """
        Path(path).write_text(self.market.to_toml(), encoding="utf-8")

    def frame(self) -> pd.DataFrame:
        """A row a number: parameter, estimate, standard error, events behind it, warning."""
        return _frame(self.findings.estimates)

    def laws_frame(self) -> pd.DataFrame:
        """A row a law of the record: name, estimate, standard error, events behind it, warning."""
        return _frame(self.laws_)

    def headline(self) -> list[str]:
        """What was fitted to what, and what a reader must not miss."""
        observed = self.observed
        lines = [
            f"{self.market.model} fitted to {observed.record.name}: "
            f"{_length(observed.seconds)} of an open market, "
            f"{counted(len(observed.ts), 'message')}, "
            f"{counted(len(observed.orders), 'market order')}"
        ]
        lines += [f"Warning: {one}" for one in self.warnings_]
        lines += [f"Assumed: {one}" for one in self.findings.assumed]
        lines += [f"Cannot show: {one}" for one in self.findings.cannot_show]
        return lines + [f"Note: {one}" for one in observed.record.notes]

    def plot(self) -> "Figure":
        """The parameters in a table: a plotly figure."""
        return parameters_figure(self.frame(), self.headline()[0])

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "market": self.market.name,
            "model": self.market.model,
            "price": self.market.price,
            "instrument": self.market.instrument.model_dump(mode="json"),
            "parameters": self.params_,
            "errors": self.errors_,
            "estimates": _records(self.findings.estimates),
            "laws": _records(self.laws_),
            "warnings": self.warnings_,
            "assumed": list(self.findings.assumed),
            "cannot_show": list(self.findings.cannot_show),
            "provenance": dict(self.market.provenance),
            "notes": list(self.observed.record.notes),
        }

    def _minutes(self, minutes: float | None) -> float:
        if minutes is None:
            return min(MINUTES, max(self.observed.seconds / 60, 1.0))
        if not 0 < minutes <= 10_000:
            raise ValueError(f"minutes must be above 0, at most 10000, got {minutes}")
        return minutes


def fit_market(
    source: str | Path | Sequence[str | Path] | NDArray[np.void] | MarketRecord,
    model: str,
    *,
    name: str | None = None,
    instrument: Instrument | None = None,
    symbol: str | None = None,
    since: str | int | None = None,
    until: str | None = None,
    settings: Mapping[str, Any] | None = None,
    with_laws: bool = True,
    report: Callable[[str], object] = lambda what: None,
    **options: Any,
) -> Fitted:
    """Fit a model of order flow to a record.

    Parameters
    ----------
    source
        A file of order flow of any format, the event tape of a run (``lob.EVENT`` rows), or a
        record that was made ``with_changes``.
    model
        A name in ``experiments.calibration.fit.FITS``.
    name
        Of the market; ``None``: the model's and the instrument's.
    instrument
        Of a tape or record; ``None``: ticks and lots without a name.
    symbol
        The instrument of a file, where there are several.
    since, until
        The part of a file that counts, times as people write them; of a tape ``since`` is ns.
    settings
        Of the model's fit: ``levels`` and the like.
    with_laws
        Whether the laws of the record are estimated too.
    report
        Called with what is done next.
    **options
        Of a file, as of ``open_recorded``.

    Raises
    ------
    FitError
        If the model cannot be fitted to the record: what is missing.
    FeedError
        If the file is damaged.
    ValueError
        If there is no such model, or no such option of it.
    """
    work = _work(model, settings or {})
    report("reading")
    record, traded = _record(source, instrument, symbol, since, until, options)
    observed = Observed(record)
    report("fitting")
    with np.errstate(all="ignore"):
        told = {"report": report} if "report" in signature(work).parameters else {}
        findings = work(observed, **(settings or {}), **told)
    market = _market(model, name, observed, traded, findings, source)
    if with_laws:
        report("measuring")
    return Fitted(market, findings, observed, tuple(laws(observed)) if with_laws else ())


def _work(model: str, settings: Mapping[str, Any]) -> Callable[..., Findings]:
    if model not in FITS:
        told = f"no fit of a model {model!r}: {meant(model, FITS)}"
        if model in MODELS:
            told = f"the model {model} cannot be fitted yet: there are {', '.join(FITS)}"
        raise ValueError(told)
    work = FITS[model]
    takes = [one for one in signature(work).parameters if one not in ("observed", "report")]
    for key in settings:
        if key not in takes:
            raise ValueError(f"the fit of {model} has no option {key!r}: {meant(key, takes)}")
    return work


def _record(
    source: Any,
    instrument: Instrument | None,
    symbol: str | None,
    since: str | int | None,
    until: str | None,
    options: Mapping[str, Any],
) -> tuple[MarketRecord, Instrument]:
    """The record of a source, and what is traded in it."""
    if isinstance(source, MarketRecord):
        _refuse_options("a record", symbol=symbol, since=since, until=until, **options)
        return source, instrument or Instrument(source.name)
    if isinstance(source, np.ndarray):
        _refuse_options("a tape", symbol=symbol, until=until, **options)
        if source.dtype != EVENT:
            raise TypeError(f"a tape has rows of lob.EVENT, got {source.dtype}")
        if isinstance(since, str):
            raise TypeError(f"since of a tape is ns, got {since!r}")
        traded = instrument or Instrument("simulated")
        record = record_of_tape(
            source, traded.number, name=traded.name, since=since,
            unit_size=float(traded.lot_size), with_changes=True,
        )  # fmt: skip
        return record, traded
    if instrument is not None:
        raise ValueError("instrument is of a tape: a file tells its own")
    paths = [source] if isinstance(source, str | Path) else list(source)
    for path in paths:
        if not Path(path).exists():
            raise ValueError(f"{path}: no such file or folder")
    feed = open_recorded(source, symbol=symbol, **options)
    traded = instrument_of(feed, symbol)
    record = record_of_feed(
        feed,
        traded.name,
        since=moment(since, feed) if isinstance(since, str) else since,
        until=moment(until, feed) if until else None,
        with_changes=True,
    )
    # What is traded in which steps is known for certain once all is read.
    return record, instrument_of(feed, traded.name)


def _refuse_options(what: str, **options: Any) -> None:
    for option, value in options.items():
        if value is not None:
            raise ValueError(f"{option} is of a file, not of {what}")


def _market(
    model: str,
    name: str | None,
    observed: Observed,
    traded: Instrument,
    findings: Findings,
    source: Any,
) -> MarketFile:
    """The market file of what was found."""
    first = int(np.argmax(observed.both))
    where = source if isinstance(source, str | Path) else observed.record.name
    price = int(observed.bid[first] + observed.ask[first]) // 2
    if price < 1:
        raise FitError(
            f"{observed.record.name}: a market file begins at 1 tick or more, this one at {price}"
        )
    of_record = [
        text for text in observed.record.notes if "level feed" in text or "unverified" in text
    ]
    return MarketFile(
        name=name or f"{traded.name} {model}",
        model=model,
        price=price,
        instrument=InstrumentOfMarket(
            name=traded.name, tick_size=traded.tick_size, lot_size=traded.lot_size,
            base=traded.base, quote=traded.quote, multiplier=traded.multiplier,
            inverse=traded.inverse,
        ),
        parameters={key: value for key, value in findings.parameters.items() if value is not None},
        errors={key: _numbers(value) for key, value in findings.errors.items()},
        provenance={
            "source": Path(str(where)).name,
            "span_seconds": round(observed.seconds, 3),
            "messages": len(observed.ts),
            "market_orders": len(observed.orders),
            "fitted_by": f"firesale {__version__} fit --model {model}",
            "assumed": list(findings.assumed),
        },
        cannot_show=list(findings.cannot_show),
        warnings=[*findings.warnings, *of_record],
    )  # fmt: skip


def _numbers(value: Any) -> Any:
    """Errors as a file has them: 0 where there is none, for the estimate is at its bound."""
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    return 0.0 if value is None else value


def _frame(estimates: Sequence[Estimate]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "parameter": one.name,
                "estimate": one.value,
                "error": one.error,
                "events": one.events,
                "warning": one.warning,
            }
            for one in estimates
        ],
        columns=["parameter", "estimate", "error", "events", "warning"],
    )


def _records(estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    return [
        {
            "parameter": one.name,
            "estimate": one.value,
            "error": one.error,
            "events": one.events,
            "warning": one.warning,
        }
        for one in estimates
    ]


def _length(seconds: float) -> str:
    return f"{seconds / 60:,.1f} minutes" if seconds >= 120 else f"{seconds:.1f} s"
