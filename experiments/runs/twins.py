"""The twin of a run: the same scenario and seed with nothing forced, as long as it is asked for."""

from collections.abc import Sequence
from functools import cached_property

from agents import Participant
from experiments.runs.judged import TwinPrices, as_run
from experiments.runs.run import Run, run_scenario
from experiments.scenario.read import Scenario

__all__ = ["Twin"]


class Twin:
    """The run of a seed in which failed accounts are frozen, for all runs of that seed.

    It is run when it is first asked for, and on when a run of the seed lasted longer, so that each
    is held against a twin of its own length.

    Parameters
    ----------
    scenario, seed, tapes, agents
        As for ``experiments.runs.run.run_scenario``.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        *,
        tapes: bool = False,
        agents: Sequence[Participant] = (),
    ) -> None:
        self._scenario, self._seed, self._tapes = scenario, seed, tapes
        self._agents = tuple(agents)
        self._known: dict[int, TwinPrices] = {}

    @cached_property
    def run(self) -> Run:
        """The run, as far as it has gone."""
        return run_scenario(
            self._scenario, self._seed, forced=False, tapes=self._tapes, agents=self._agents
        )

    def until(self, end_ns: int) -> TwinPrices:
        """Prices and postings of the twin as if it had ended at a time, in ns since the start.

        Parameters
        ----------
        end_ns
            Not before the end of a run of the scenario.
        """
        simulation = self.run.simulation
        if end_ns > simulation.now:
            simulation.run(until=end_ns)
        if end_ns not in self._known:
            self._known[end_ns] = TwinPrices.of(
                as_run(self._scenario, end_ns), simulation, followed=not self._tapes
            )
        return self._known[end_ns]
