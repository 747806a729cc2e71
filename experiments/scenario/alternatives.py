"""What stands beside a scenario's own run: other designs, and numbers that others published."""

from typing import Any

from pydantic import Field

from experiments.scenario.files import DesignName
from experiments.scenario.table import Table

__all__ = ["AlternativeTable", "PublishedTable"]


class AlternativeTable(Table):
    """A design that is run on the same seeds beside the scenario's own: ``[[alternatives]]``."""

    label: str
    """Unique; what it is called in reports."""
    design: DesignName
    """Name of a liquidation design, or ``FILE.py:NAME`` of one's own."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the design, times in seconds."""


class PublishedTable(Table):
    """A number that others have published, to be shown beside ours: ``[[published]]``."""

    name: str
    """What the number is of, in words."""
    value: float
    """Number: in ``unit``."""
    unit: str = ""
    """Unit of the number, for reports."""
    measure: str = ""
    """What it is beside of a run's summary, as in ``auctions.zero_bid_share``; none: of nothing."""
    source: str
    """Where it was published."""
