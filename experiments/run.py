"""A run of a scenario: built from its file and a seed, run, and summed up."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from experiments.build import build
from experiments.metrics.cascade import Cascade, cascade_of, forced_trades, peak_rate
from experiments.metrics.solvency import Solvency, recovery, solvency_of
from experiments.metrics.spiral import drop
from experiments.scenario import SECOND_NS, Scenario
from experiments.stack_summary import market_rows, stack_summary

__all__ = ["Run", "build", "run_scenario"]


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run. Everything it says is a function of its tapes."""

    scenario: Scenario
    seed: int
    forced: bool
    """``False``: failed accounts were frozen, the twin."""
    simulation: agents.Simulation
    cpu_seconds: float

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
    scenario: Scenario, seed: int = 1, *, forced: bool = True, design: str | None = None
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
    """
    simulation = build(scenario, seed, forced=forced, design=design)
    clock = time.process_time()
    simulation.run(until=round(scenario.seconds * SECOND_NS))
    cpu = time.process_time() - clock
    for clearing in simulation.clearings:
        clearing.socialise()
    simulation.ledger.check()
    return Run(scenario, seed, forced, simulation, cpu)
