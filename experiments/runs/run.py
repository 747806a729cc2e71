"""A run of a scenario: built from its file and a seed, run, and summed up."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from experiments.metrics.auctions import Auctions, auctions_of
from experiments.metrics.cascade import Cascade, cascade_of, forced_trades, peak_rate
from experiments.metrics.cases import PriceSeries, mid_path
from experiments.metrics.deleveraging import Deleveraging, deleveraging_of
from experiments.metrics.solvency import Solvency, recovery, solvency_of
from experiments.metrics.spiral import (
    DepthWithdrawal,
    depth_near_mid,
    drop,
    first_reached,
    marks_of,
    withdrawal,
)
from experiments.runs.stack_summary import market_rows, stack_summary
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.scenario.build import build
from experiments.scenario.read import Scenario
from lob.units import SECOND_NS

__all__ = ["Run", "build", "run_scenario"]

DEPTH_SAMPLES = 400
"""Times at which the depth of a run with makers is looked at."""
SPILL = 0.01
"""Share of its value that a book must lose to count as reached by a shock."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run. Everything it says is a function of its tapes."""

    scenario: Scenario
    seed: int
    forced: bool
    """``False``: failed accounts were frozen, the twin."""
    simulation: agents.Simulation
    cpu_seconds: float
    fair: dict[int, float] | None = None
    """By instrument, the mid of the twin at the horizon; ``None``: there was no twin to ask."""

    @cached_property
    def tape(self) -> dict[str, NDArray[np.void]]:
        """The ``events``, ``messages`` and ``entries`` of the run."""
        return {
            "events": self.simulation.events,
            "messages": self.simulation.messages,
            "entries": self.simulation.entries,
        }

    @cached_property
    def cascade(self) -> Cascade:
        """Which failure caused which."""
        return cascade_of(self.tape["entries"], self.tape["events"])

    @cached_property
    def solvency(self) -> Solvency:
        """What the failures cost, over all clearings."""
        return solvency_of(self.tape["entries"], protocol=None)

    @cached_property
    def auctions(self) -> Auctions | None:
        """Who won what was on offer, and for how much; ``None`` if nothing was."""
        if not (self.tape["entries"]["kind"] == lob.EntryKind.AUCTION).any():
            return None
        worth = {i: mid_path(self.tape["events"], i) for i in range(len(self.simulation.books))}
        return auctions_of(self.tape["entries"], tape_metadata_of(self.simulation), worth)

    @cached_property
    def deleveraging(self) -> Deleveraging | None:
        """What auto-deleveraging took, and from whom; ``None`` if there was none."""
        marks, fair = {}, {}
        for number in range(len(self.simulation.books)):
            entries, protocol = market_rows(self, number)
            times, prices = marks_of(entries, number, protocol=protocol)
            marks[number] = PriceSeries(times, prices.astype(np.float64))
            price = float("nan") if self.fair is None else self.fair[number]
            fair[number] = PriceSeries(np.array([0]), np.array([price]))
        return deleveraging_of(self.tape["entries"], tape_metadata_of(self.simulation), marks, fair)

    def mids_at_horizon(self) -> dict[int, float]:
        """The mid of each instrument at the horizon after the first shock: fair, of a twin."""
        shock = self.scenario.shocks[0]
        ts = round((shock.at + shock.over + self.scenario.horizon) * SECOND_NS)
        return {
            number: float(mid_path(self.tape["events"], number).at(ts))
            for number in range(len(self.simulation.books))
        }

    def drop(self, shock: int = 0) -> int:
        """Ticks that the mark of a shock's instrument fell (or rose, if it was bought)."""
        what = self.scenario.shocks[shock]
        number = self.scenario.number_of(what.instrument)
        entries, protocol = market_rows(self, number)
        return drop(
            entries,
            round(what.at * SECOND_NS),
            round((what.over + self.scenario.horizon) * SECOND_NS),
            instrument=number,
            protocol=protocol,
            side=-1 if what.side == "sell" else 1,
        )

    def withdrawal(self) -> DepthWithdrawal | None:
        """How the depth near the mid of the first shock's book fell, and when it was back.

        ``None`` in a scenario without makers.
        """
        if not self.scenario.makers:
            return None
        shock = self.scenario.shocks[0]
        start = round(shock.at * SECOND_NS)
        end = round((shock.at + shock.over + self.scenario.horizon) * SECOND_NS)
        # As long before the shock as after it, as far as there is a run.
        times = np.linspace(max(start // 2, 2 * start - end), end, DEPTH_SAMPLES).astype(np.int64)
        depth = depth_near_mid(
            self.tape["events"], times, instrument=self.scenario.number_of(shock.instrument)
        )
        return withdrawal(times, depth, start)

    def spill_over(self) -> dict[str, int | None] | None:
        """When each book's mark was ``SPILL`` below its value before the shock: ns, or never.

        ``None`` where there is only one book.
        """
        if len(self.scenario.instruments) < 2:
            return None
        start = round(min(shock.at for shock in self.scenario.shocks) * SECOND_NS)
        found: dict[str, int | None] = {}
        for number, one in enumerate(self.scenario.instruments):
            entries, protocol = market_rows(self, number)
            if (marks_of(entries, number, protocol)[0] < start).any():
                found[one.name] = first_reached(
                    entries, start, SPILL, instruments=[number], protocol=protocol
                )[number]
        return found

    def summary(self) -> dict[str, Any]:
        """What happened, ready for JSON."""
        forced = forced_trades(self.tape["events"])
        brought = [
            recovery(self.tape["events"], self._fair(number), instrument=number)
            for number in range(len(self.scenario.instruments))
        ]
        return {
            "scenario": self.scenario.name,
            "seed": self.seed,
            "forced": self.forced,
            "drops": [self.drop(i) for i in range(len(self.scenario.shocks))],
            "cascade": self.cascade.to_dict(),
            "generations": self.cascade.per_generation(),
            "peak_lots_per_second": peak_rate(forced),
            "solvency": self.solvency.to_dict(),
            "stack": stack_summary(self),
            "recovery": [value if np.isfinite(value) else None for value in brought],
            "withdrawal": (drawn := self.withdrawal()) and drawn.__dict__,
            "spill_over": self.spill_over(),
            "auctions": self.auctions and self.auctions.to_dict(),
            "deleveraging": self.deleveraging and self.deleveraging.to_dict(),
            "digest": self.simulation.digest(),
            "cpu_seconds": self.cpu_seconds,
        }

    def _fair(self, instrument: int) -> float:
        """The mark before the first shock: what things were worth when nobody was forced."""
        entries, protocol = market_rows(self, instrument)
        rows = entries[
            (entries["kind"] == lob.EntryKind.MARK)
            & (entries["instrument"] == instrument)
            & (entries["protocol"] == protocol)
        ]
        first = min(shock.at for shock in self.scenario.shocks) * SECOND_NS
        before = rows["price"][rows["ts_event"] < first]
        return float(before[-1]) if len(before) else float("nan")

    def plot(self) -> Any:
        """The marks and the forced sales over time: a plotly figure."""
        from experiments.report.spiral_figures import run_figure

        return run_figure(self)

    def _repr_html_(self) -> str:
        html: str = self.plot().to_html(include_plotlyjs="cdn", full_html=False)
        return html


def run_scenario(
    scenario: Scenario,
    seed: int = 1,
    *,
    forced: bool = True,
    design: str | None = None,
    parameters: dict[str, Any] | None = None,
    fair: dict[int, float] | None = None,
) -> Run:
    """Build a scenario's run, run it, and check that the ledger conserves.

    Parameters
    ----------
    scenario
        See ``read_scenario``.
    seed
        Root of all randomness.
    forced
        Whether failed accounts are liquidated; ``False``: frozen, the twin.
    design
        The liquidation design in place of the scenario's own.
    parameters
        Of ``design``.
    fair
        ``Run.mids_at_horizon`` of the twin: without it what depends on it is not known.
    """
    simulation = build(scenario, seed, forced=forced, design=design, parameters=parameters)
    clock = time.process_time()
    simulation.run(until=round(scenario.seconds * SECOND_NS))
    cpu = time.process_time() - clock
    for clearing in simulation.clearings:
        clearing.socialise()
    simulation.ledger.check()
    return Run(scenario, seed, forced, simulation, cpu, fair)
