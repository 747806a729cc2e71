"""A run of a scenario: built from its file and a seed, run, and summed up."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

import lob
from agents import Participant, Simulation
from experiments.metrics.auctions import Auctions, auctions_of
from experiments.metrics.cascade import Cascade, cascade_of, forced_trades, peak_rate
from experiments.metrics.cases import CaseTable, PriceSeries, mid_path
from experiments.metrics.columns import Columns
from experiments.metrics.criteria import criterion
from experiments.metrics.deleveraging import Deleveraging, deleveraging_of
from experiments.metrics.exhausted import EmptySide
from experiments.metrics.intervals import known
from experiments.metrics.plausible import implausible
from experiments.metrics.solvency import Solvency, solvency_of
from experiments.metrics.spiral import (
    DepthWithdrawal,
    depth_near_mid,
    first_reached,
    withdrawal,
)
from experiments.report.notebook import Shown
from experiments.report.spiral_figures import run_figure
from experiments.report.start import NOTHING_FAILED, nothing_failed, start_lines
from experiments.runs.judged import (
    TwinPrices,
    believer_of,
    cases_of_run,
    criteria_of_run,
    drops_of,
    exhausted_of,
    marks_before,
    marks_followed,
    of_the_book,
    traded_asset,
)
from experiments.runs.own_metrics import Metric, all_metrics, measured, metric_columns
from experiments.runs.provenance import asked_of_scenario
from experiments.runs.stack_summary import stack_summary
from experiments.runs.start import accounts_of, below_initial_margin, left_out, run_to_shock
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.runs.units_of_keys import units_of_run
from experiments.scenario.build import build
from experiments.scenario.read import Scenario
from experiments.scenario.shock_words import shock_lines
from lob.checks import integer
from lob.counted import counted
from lob.units import parse_duration

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from plotly.graph_objects import Figure

__all__ = ["Run", "build", "run_scenario"]

DEPTH_SAMPLES = 400
"""Equally spaced times at which the depth of a run with makers is looked at; chosen."""
SPILL = 0.01
"""Share of its value that a book's mark must lose to count as reached by a shock; chosen."""


@dataclass(frozen=True, eq=False)
class Run(Shown):
    """A finished run of a scenario with one seed; all its results are functions of its tapes."""

    scenario: Scenario
    """The scenario, with all of its values."""
    seed: int
    """Root of all randomness of the run."""
    forced: bool
    """Whether failed accounts were liquidated; ``False``: they were frozen, as in the twin."""
    simulation: Simulation
    """The market, its clearings and participants as they are at the end."""
    cpu_seconds: float
    """Processor time of the run in seconds, building it excluded."""
    twin: TwinPrices | None = None
    """Prices of the twin; ``None``: there was no twin to ask."""
    tapes: bool = True
    """Whether events and messages were kept; entries always are."""
    failed_at_start: int = 0
    """Accounts that failed before the first shock."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Measures of the user's own by name, those of the scenario first: functions of the run's
    tapes."""
    design: str | None = None
    """The liquidation design in place of the scenario's own; ``None``: that."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of ``design`` by name."""
    agents: tuple[Participant, ...] = ()
    """Participants beside those of the scenario, as they were passed in."""

    @cached_property
    def tape(self) -> dict[str, NDArray[np.void]]:
        """The run's ``events``, ``messages`` and ``entries``: structured arrays by these names."""
        return {
            "events": self.simulation.events,
            "messages": self.simulation.messages,
            "entries": self.simulation.entries,
        }

    @cached_property
    def entries(self) -> Columns:
        """The journal of clearing, ``lob.ENTRY`` rows by columns."""
        return Columns(self.simulation.entries)

    @cached_property
    def prices(self) -> TwinPrices:
        """Fair prices of this run as the twin of another."""
        return TwinPrices.of(self.scenario, self.simulation, followed=not self.tapes)

    @property
    def accounts(self) -> int:
        """Count of the accounts of all clearings."""
        return accounts_of(self.simulation)

    @property
    def criteria(self) -> dict[str, float]:
        """The run's value of each of ``experiments.metrics.criteria.CRITERIA``, by name.

        Without a twin, fair is the mid of the run itself, and what rests on fair is ``nan``; so is
        what cannot be true, see ``refused``.
        """
        return self._judged[0]

    @property
    def refused(self) -> list[str]:
        """Criteria that cannot be true and are left out, each with the reason in words."""
        return self._judged[1]

    @cached_property
    def _judged(self) -> tuple[dict[str, float], list[str]]:
        found = criteria_of_run(
            self.scenario,
            self.simulation,
            self.entries,
            self.twin or self.prices,
        )
        if self.twin is None and self.forced:
            found |= {name: float("nan") for name in found if criterion(name).needs_twin}
        wrong = implausible(
            found,
            exposure=float(self.cases.exposure.sum()),
            mark_before=marks_before(self.scenario, self.simulation, self.entries)[0],
            falls=self.scenario.shocks[0].side == "sell",
            cash=self.scenario.units.cash,
            price=self.scenario.price_unit,
            size=self.scenario.units.lots,
        )
        return found | dict.fromkeys(wrong, float("nan")), list(wrong.values())

    @cached_property
    def cases(self) -> CaseTable:
        """Failures of the run and what became of them; without a twin, fair is its own mid."""
        return cases_of_run(self.scenario, self.simulation, self.entries, self.twin or self.prices)

    @cached_property
    def cascade(self) -> Cascade:
        """The cascade tree of the run: which failure caused which."""
        return cascade_of(self.tape["entries"], self.tape["events"])

    @cached_property
    def solvency(self) -> Solvency:
        """Counts, lots and cash of the run's failures, over all clearings."""
        return solvency_of(self.tape["entries"], clearing=None)

    @cached_property
    def auctions(self) -> Auctions | None:
        """Totals of the run's auctions and offers; ``None`` if nothing was on offer."""
        if not (self.tape["entries"]["kind"] == lob.EntryKind.AUCTION).any():
            return None
        worth = {i: mid_path(self.tape["events"], i) for i in range(len(self.simulation.books))}
        return auctions_of(self.tape["entries"], tape_metadata_of(self.simulation), worth)

    @cached_property
    def deleveraging(self) -> Deleveraging | None:
        """Totals of the run's auto-deleveraging, and from whom; ``None`` if there was none."""
        marks, fair = {}, {}
        for number in range(len(self.simulation.books)):
            asset = traded_asset(self.simulation, number)
            marks[number] = marks_followed(self.entries, number, asset)
            price = float("nan")
            if self.twin is not None:
                price = float(self.twin.fair[number].at(self.scenario.horizon_ns))
            fair[number] = PriceSeries(np.array([0]), np.array([price]))
        return deleveraging_of(self.tape["entries"], tape_metadata_of(self.simulation), marks, fair)

    @cached_property
    def exhausted(self) -> list[EmptySide]:
        """The sides of books that emptied after the first shock; an empty list if none did."""
        return exhausted_of(self.scenario, self.simulation)

    def drop(self, shock: int = 0) -> int:
        """Ticks that the mark of a shock's instrument fell, or rose after a purchase; not negative.

        Parameters
        ----------
        shock
            Index of the shock, from 0, in the order of the scenario.
        """
        return drops_of(self.scenario, self.simulation, self.entries)[shock]

    @property
    def shocks(self) -> list[dict[str, Any]]:
        """What each shock came to that the scenario does not say in lots, as JSON values."""
        return [
            one.reported(self.simulation, number) for number, one in enumerate(self.scenario.shocks)
        ]

    def withdrawal(self) -> DepthWithdrawal | None:
        """Fall and return of the depth near the mid of the first shock's book, in lots and ns.

        ``None`` in a scenario without makers.
        """
        if not self.scenario.makers:
            return None
        shock = self.scenario.shocks[0]
        start = self.scenario.ns(shock.at)
        end = self.scenario.horizon_ns
        # As long before the shock as after it, as far as there is a run.
        times = np.linspace(max(start // 2, 2 * start - end), end, DEPTH_SAMPLES).astype(np.int64)
        depth = depth_near_mid(
            self.tape["events"], times, instrument=self.scenario.number_of(shock.instrument)
        )
        return withdrawal(times, depth, start)

    def spill_over(self) -> dict[str, int | None] | None:
        """Time in ns after the first shock until each book's mark was ``SPILL`` below its value.

        By name of the instrument; ``None`` for a book that never was, and for a scenario of one
        book.
        """
        if len(self.scenario.instruments) < 2:
            return None
        start = self.scenario.ns(min(shock.at for shock in self.scenario.shocks))
        found: dict[str, int | None] = {}
        for number, one in enumerate(self.scenario.instruments):
            asset = traded_asset(self.simulation, number)
            times, _ = marks_followed(self.entries, number, asset)
            if len(times) and times[0] < start:
                found[one.name] = first_reached(
                    of_the_book(self.entries, number, asset), start, SPILL,
                    instruments=[number], clearing=believer_of(self.entries, number, asset),
                )[number]  # fmt: skip
        return found

    def summary(self) -> dict[str, Any]:
        """What was asked, with every default, and the results of the run: see ``results``.

        It is all that ``firesale.rerun`` needs, but for agents that were passed in.
        """
        return {
            **asked_of_scenario(self.scenario, [self.seed], self.design),
            "design": self.design,
            "parameters": dict(self.parameters),
            "agents": [one.name for one in self.agents],
            **self.results(),
        }

    @cached_property
    def measured(self) -> dict[str, Any]:
        """Values of the run's ``metrics`` by name, as JSON values; what is not finite is ``None``.

        Raises
        ------
        UserCodeError
            If a metric raises.
        """
        return measured(self.metrics, self.tape) if self.metrics else {}

    def results(self) -> dict[str, Any]:
        """Results of the run as JSON values by name; what is not known is ``None``.

        Prices in ticks, sizes in lots, cash in its units, times in ns where the name says so, else
        in seconds; ``units`` says by key what to multiply by, and what that is then in.
        """
        return {
            "scenario": self.scenario.name,
            "seed": self.seed,
            "forced": self.forced,
            "accounts": self.accounts,
            "failed_at_start": self.failed_at_start,
            "rows_left_out": left_out(self.simulation),
            "below_initial_margin": below_initial_margin(self.scenario, self.simulation),
            "exhausted": [one._asdict() for one in self.exhausted],
            "refused": self.refused,
            "marks_before": marks_before(self.scenario, self.simulation, self.entries),
            "drops": drops_of(self.scenario, self.simulation, self.entries),
            **({"shocks": self.shocks} if any(self.shocks) else {}),
            "criteria": {name: known(value) for name, value in self.criteria.items()},
            "cascade": self.cascade.to_dict(),
            "generations": self.cascade.per_generation(),
            "peak_lots_per_second": peak_rate(forced_trades(self.tape["events"])),
            "solvency": self.solvency.to_dict(),
            "stack": stack_summary(
                self.scenario, self.simulation, self.tape["entries"], self.cascade, self.cases
            ),
            "withdrawal": (drawn := self.withdrawal()) and drawn.__dict__,
            "spill_over": self.spill_over(),
            "auctions": self.auctions and self.auctions.to_dict(),
            "deleveraging": self.deleveraging and self.deleveraging.to_dict(),
            **({"metrics": self.measured} if self.metrics else {}),
            "units": units_of_run(self.scenario),
            "digest": self.simulation.digest(),
            "cpu_seconds": self.cpu_seconds,
        }

    def frame(self, name: str, units: Literal["real", "integer"] = "real") -> "pd.DataFrame":
        """A pandas frame of the run; ``frame.attrs["units"]`` has the unit of each column.

        Parameters
        ----------
        name
            ``trades``, ``quotes``, ``depth``, ``liquidations``, ``entries`` or ``accounts``, whose
            columns are in ``experiments.runs.frames.COLUMNS``; or ``criteria``, one row.
        units
            ``real``: prices, sizes and cash as floats in the units of instruments that say them;
            ``integer``: ticks, lots and units of cash. The same where no instrument says any.

        Raises
        ------
        ValueError
            If there is no frame of this name, or ``units`` is neither.
        """
        from experiments.runs import frames
        from experiments.runs.frame_units import criteria_in, units_in

        own = units_in(units, self.scenario.units)
        simulation, tape = self.simulation, self.tape
        made: dict[str, Callable[[], pd.DataFrame]] = {
            "trades": lambda: frames.trades(simulation, tape["events"], own),
            "quotes": lambda: frames.quotes_frame(simulation, tape["events"], own),
            "depth": lambda: frames.depth(simulation, tape["events"], self.scenario.end_ns, own),
            "liquidations": lambda: frames.liquidations(simulation, self.cases, self.cascade, own),
            "entries": lambda: frames.entries(simulation, tape["entries"], own),
            "accounts": lambda: frames.accounts(simulation, own),
            "criteria": lambda: frames.criteria(
                [self.criteria],
                units=criteria_in(units, self.scenario),
                metrics=metric_columns(self.scenario.metrics, [self.measured]),
            ),
        }
        if name not in made:
            raise ValueError(f"name must be one of {', '.join(made)}, got {name!r}")
        return made[name]()

    def table(self, name: str, units: Literal["real", "integer"] = "real") -> "pa.Table":
        """An Arrow table of the run: columns as of ``frame``, each with its unit as metadata.

        polars, DuckDB and pandas take it as it is (``__arrow_c_stream__``, a fresh stream a call).
        What the run was, its seed, version and digests are the metadata of the schema.

        Parameters
        ----------
        name, units
            As of ``frame``, and so are the errors.
        """
        from experiments.runs.arrow import table_of

        return table_of(self.frame(name, units), self._said)

    @cached_property
    def _said(self) -> dict[str, Any]:
        """What the run was, enough to make it again."""
        return {
            **asked_of_scenario(self.scenario, [self.seed], self.design),
            "seed": self.seed,
            "forced": self.forced,
            "design": self.design,
            "parameters": dict(self.parameters),
            "agents": [one.name for one in self.agents],
            "digest": self.simulation.digest(),
        }

    def book_at(self, when: int | str, instrument: str | None = None) -> lob.OrderBook:
        """The book as it was at a time of the run, rebuilt from the tape order by order.

        Parameters
        ----------
        when
            ns since the start of the run, as ``ts_event`` has it, or a duration as ``"90 s"``. What
            happened at that very time has happened.
        instrument
            Name of the instrument; ``None``: that of the first shock.

        Returns
        -------
        lob.OrderBook
            Of its own: nothing that is done to it changes the run. How its orders prevent
            self-trades is not told by a tape of events.

        Raises
        ------
        ValueError
            If there is no such instrument, the time is not within the run, or it kept no tapes.
        """
        from lob.rebuilt_book import book_after

        if not self.tapes:
            raise ValueError("a run without tapes has no book to rebuild: run it with tapes")
        ts = parse_duration(when) if isinstance(when, str) else integer("when", when)
        if not 0 <= ts <= self.scenario.end_ns:
            raise ValueError(f"when must be 0 to {self.scenario.end_ns} ns, got {when!r}")
        names = [one.name for one in self.scenario.instruments]
        name = self.scenario.shocks[0].instrument if instrument is None else instrument
        if name not in names:
            raise ValueError(f"instrument must be one of {', '.join(names)}, got {name!r}")
        events = self.tape["events"]
        upto = int(np.searchsorted(events["ts_event"], ts, side="right"))
        return book_after(events, upto, self.scenario.number_of(name))

    def headline(self) -> list[str]:
        """Sentences on the run that a reader must not miss."""
        failed = self.criteria["liquidations"]
        lines = [f"EXHAUSTED: {one.told()}" for one in self.exhausted]
        lines += [f"REFUSED: {one}" for one in self.refused]
        none = f"{NOTHING_FAILED}; " * nothing_failed([self.criteria])
        lines += [
            f"{self.scenario.name}, seed {self.seed}: {none}{failed:,.0f} of "
            f"{counted(self.accounts, 'account')} failed"
            f"{'' if self.forced else ' and were frozen'}; the price moved "
            f"{self.scenario.price_unit.told(self.drop())}"
        ]
        lines += shock_lines(self.scenario, self.shocks)
        lines += start_lines(
            self.failed_at_start,
            left_out(self.simulation),
            below_initial_margin(self.scenario, self.simulation),
        )
        open_cases = self.solvency.failures - self.solvency.settled
        if self.forced and open_cases:
            lines.append(f"not settled at the end: {counted(open_cases, 'liquidation')}")
        return lines

    def plot(self) -> "Figure":
        """The run's marks and forced sales over time: a plotly figure."""
        scenario = self.scenario
        return run_figure(
            self.tape["entries"],
            self.tape["events"],
            units=scenario.units,
            shocks=[one.at for one in scenario.shocks],
            seconds=scenario.seconds,
            title=f"{scenario.name}, seed {self.seed}" + ("" if self.forced else ", not forced"),
        )


def run_scenario(
    scenario: Scenario,
    seed: int = 1,
    *,
    forced: bool = True,
    design: str | None = None,
    parameters: dict[str, Any] | None = None,
    twin: TwinPrices | None = None,
    tapes: bool = True,
    agents: Sequence[Participant] = (),
    metrics: Mapping[str, Metric] | None = None,
) -> Run:
    """Build a scenario's run, run it, and check that the ledger conserves.

    Parameters
    ----------
    scenario
        The scenario, as ``read_scenario`` or code gives it.
    seed
        Root of all randomness.
    forced
        Whether failed accounts are liquidated; ``False``: frozen, the twin.
    design
        Name of the liquidation design in place of the scenario's own.
    parameters
        Parameters of ``design`` by name.
    twin
        ``Run.prices`` of the twin: without it what depends on fair prices is not known.
    tapes
        Whether events and messages are kept: without them a run is faster, and only its
        ``criteria`` and ``prices`` can be asked for.
    agents
        Participants beside those of the scenario, a copy of each; they were in no run yet.
    metrics
        Measures of the user's own by name, beside those that the scenario names: functions of the
        run's tapes.

    Raises
    ------
    UserCodeError
        If code of the user's own raises while it is made.
    ScenarioError
        If accounts fail before the first shock and the scenario does not say
        ``allow_failed_at_start = true``.
    """
    # Before the run, which may be long, for what cannot be measured.
    measures = all_metrics(scenario.metrics, metrics) if tapes else dict(metrics or {})
    simulation = build(
        scenario,
        seed,
        forced=forced,
        design=design,
        parameters=parameters,
        events=tapes,
        messages=tapes,
    )
    for one in agents:
        simulation.add(copy.deepcopy(one))
    simulation.follow_quotes()
    clock = time.process_time()
    failed = run_to_shock(scenario, simulation)
    simulation.run(until=scenario.end_ns)
    cpu = time.process_time() - clock
    for clearing in simulation.clearings:
        clearing.socialise()
    simulation.ledger.check()
    return Run(
        scenario,
        seed,
        forced,
        simulation,
        cpu,
        twin,
        tapes,
        failed,
        measures,
        design,
        parameters or {},
        tuple(agents),
    )
