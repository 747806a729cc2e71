"""Alternatives to a scenario's own run: other designs, and numbers that others published."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from experiments.scenario.designs import taker_of_design
from experiments.scenario.files import DesignName
from experiments.scenario.table import Name, Table

__all__ = ["AlternativeTable", "PublishedTable"]


class AlternativeTable(Table):
    """A design that is run on the same seeds beside the scenario's own: ``[[alternatives]]``."""

    label: Name
    """Name of the design in reports, unique."""
    design: DesignName
    """Name of a liquidation design, or ``FILE.py:NAME`` of one's own."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the design, times in seconds, or with a unit: ``"2 min"``, ``"5 %"``."""

    @staticmethod
    def taker_of_parameters(content: Mapping[str, Any]) -> Callable[..., Any] | None:
        """See ``taker_of_design``."""
        return taker_of_design(content)


class PublishedTable(Table):
    """A number that others have published, to be shown beside ours: ``[[published]]``."""

    name: Name
    """What the published number is of, in words."""
    value: float
    """Number: the published one, in ``unit``."""
    unit: str = ""
    """Unit of the published number, for reports."""
    measure: str = ""
    """Path in a run's summary of the number to show beside it, as ``auctions.zero_bid_share``;
    empty: none."""
    source: str
    """Where the number was published."""
