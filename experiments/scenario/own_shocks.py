"""Shocks of the user's own: whoever his code makes, to do whatever it does."""

from typing import Any, ClassVar

from pydantic import Field

import agents
from experiments.scenario.files import OwnName
from experiments.scenario.own_parts import make_own
from experiments.scenario.shock import BaseShock, ShockPlace
from experiments.scenario.table import Seconds, ns

__all__ = ["OwnShockTable"]


class OwnShockTable(BaseShock):
    """A shock of your own: ``FILE.py:NAME`` of those who make it, run if you say so.

    What it names is called with the name of the participant, with those of ``instrument`` (its
    number), ``at`` and ``over`` (ns) and ``side`` (``sell`` or ``buy``) that it takes, besides the
    parameters. It returns an ``agents.Agent``, or a list of such, whose names begin with that name.
    """

    TAG: ClassVar[str] = "own"
    """How the table is told from others: its ``kind`` is no fixed text."""
    kind: OwnName
    """``FILE.py:NAME`` of a class or function of one's own."""
    over: Seconds = 0.0
    """Seconds: how long the shock goes on; the horizon begins after it."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the class or function."""

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Run the code and make whoever it makes.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        UserCodeError
            If the code raises.
        ValueError
            If it makes something else than participants, or has no such parameter.
        """
        of = f"shock {self.kind}"
        known = {
            "instrument": place.names.instrument(self.instrument),
            "at": ns(self.at),
            "over": ns(self.over),
            "side": self.side,
        }
        made = make_own(self.kind, of, place.trader, parameters=self.parameters, known=known)
        found = list(made) if isinstance(made, list | tuple) else [made]
        for one in found:
            if not isinstance(one, agents.Participant):
                raise ValueError(f"{of} must make agents.Agents, got {one!r}")
        return found

    def told(self) -> str:
        """Whose code it is."""
        return f"{self.kind} acts"
