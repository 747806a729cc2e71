# ruff: noqa: D102 - each name is that of the result's own attribute, which says what it is
"""Attributes that a page, a figure or a line of words asks of a result, as protocols.

The report knows measures and frames. Whoever has a result with these names can show it; the results
of ``experiments.studies`` and ``experiments.contest`` do. Prices are ticks, sizes lots, times ns,
amounts units of cash, unless a name says otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.impact import Impact
from experiments.metrics.intervals import Interval
from experiments.metrics.paired import PairedDifference
from lob import Instrument, Side
from lob.replay_report import ReplayReport

__all__ = [
    "BookSides",
    "ContestResult",
    "ContestStudyResult",
    "ReplayResult",
    "SaleOrder",
    "SaleResult",
    "Spiral",
]


class SaleOrder(Protocol):
    """A sale to be shown; attributes as of ``experiments.studies.forced_sale.ForcedSale``."""

    @property
    def side(self) -> Side: ...
    @property
    def size(self) -> int: ...
    @property
    def style(self) -> str:
        """How the sale is worked: ``market``, ``twap`` or ``pov``."""
        ...

    @property
    def at_ns(self) -> int: ...
    @property
    def over_ns(self) -> int: ...
    @property
    def until_ns(self) -> int: ...
    @property
    def rate(self) -> Any:
        """Share of the volume that a POV sale takes, above 0 and at most 1."""
        ...

    @property
    def hidden_counts(self) -> bool:
        """Whether a POV sale counts executions of hidden orders in that volume."""
        ...


class BookSides(Protocol):
    """A book at one moment: ``lob.LEVEL`` rows of bids and asks, best first."""

    @property
    def bids(self) -> NDArray[np.void]: ...
    @property
    def asks(self) -> NDArray[np.void]: ...


class ReplayResult(Protocol):
    """A replay without a sale; attributes as of ``experiments.studies.replay_result.Replayed``."""

    @property
    def report(self) -> ReplayReport: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def quotes(self) -> NDArray[np.void]: ...


class SaleResult(Protocol):
    """A forced sale in a recorded market, beside the same market without it.

    Attributes as of ``experiments.studies.replay_result.ReplaySale``.
    """

    @property
    def report(self) -> ReplayReport: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def sale(self) -> SaleOrder: ...
    @property
    def child_orders(self) -> int: ...
    @property
    def full(self) -> NDArray[np.void]:
        """``lob.QUOTE`` rows of the market with the sale."""
        ...

    @property
    def twin(self) -> NDArray[np.void]:
        """``lob.QUOTE`` rows, at the same times, of the market without the sale."""
        ...

    @property
    def recorded_levels(self) -> int | None: ...
    @property
    def trades(self) -> NDArray[np.void]: ...
    @property
    def after(self) -> BookSides: ...
    @property
    def without(self) -> BookSides: ...
    @property
    def worst_recorded(self) -> NDArray[np.float64]: ...
    @property
    def arrival_mid(self) -> float: ...
    @property
    def market_vwap(self) -> float: ...
    @property
    def shortfall_bps(self) -> float: ...
    @property
    def paired_cost_bps(self) -> float: ...
    @property
    def vwap(self) -> float: ...
    @property
    def vwap_slippage_bps(self) -> float: ...
    @property
    def effective_spread(self) -> float: ...
    @property
    def realized_spread(self) -> float: ...
    @property
    def levels_consumed(self) -> int: ...
    @property
    def deepest(self) -> int: ...
    @property
    def share_beyond(self) -> float: ...
    @property
    def impact(self) -> Sequence[Impact]: ...
    @property
    def peak(self) -> Impact: ...
    @property
    def return_time_ns(self) -> int | None: ...
    @property
    def sent(self) -> int: ...
    @property
    def filled(self) -> int: ...
    @property
    def unfilled(self) -> int: ...
    @property
    def much_is_stale(self) -> bool: ...
    def impact_at(self, lags_ns: Sequence[int]) -> list[Impact]: ...
    def depth(self) -> dict[str, tuple[int, int]]: ...


class Spiral(Protocol):
    """Summaries of the runs of every design of a scenario, on the same seeds.

    Attributes as of ``experiments.studies.spiral.SpiralStudy``.
    """

    @property
    def scenario(self) -> Any: ...
    @property
    def designs(self) -> Mapping[str, tuple[dict[str, Any], ...]]: ...
    @property
    def alternatives(self) -> Mapping[str, tuple[dict[str, Any], ...]]: ...


class ContestResult(Protocol):
    """Designs on the same seeds of one market: a row a run, and what can be said of them.

    Attributes as of ``experiments.contest.compare.Contest``.
    """

    @property
    def scenario(self) -> Any: ...
    @property
    def designs(self) -> Sequence[Any]:
        """Designs, each with a ``label``, a ``design`` and ``how`` its parameters were found."""
        ...

    @property
    def forms(self) -> Mapping[str, str]:
        """Where each design has its capital (keepers, vault, pool, fund), by label."""
        ...

    @property
    def seeds(self) -> Sequence[int]: ...
    @property
    def rows(self) -> Sequence[dict[str, Any]]: ...
    @property
    def failed(self) -> Sequence[dict[str, Any]]: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def reference(self) -> str: ...
    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the criteria of the Pareto view."""
        ...

    @property
    def accounts(self) -> int: ...
    @property
    def controls(self) -> Sequence[str]:
        """Labels of what takes part only for comparison."""
        ...

    @property
    def unfinished(self) -> Sequence[str]:
        """Labels of designs that have not disposed of what failed."""
        ...

    @property
    def broken(self) -> Sequence[str]:
        """Labels of designs of which a run raised."""
        ...

    @property
    def alike(self) -> Sequence[Sequence[str]]:
        """Groups of labels of designs that agree in every digit."""
        ...

    def exhausted(self, label: str) -> tuple[int, Any]: ...
    def disposed(self, label: str) -> float: ...
    def chance_of_debt(self, label: str) -> tuple[int, Interval] | None: ...
    def spiral_ns(self, label: str) -> float: ...
    def mean(self, label: str, name: str) -> Interval: ...
    def amplification(self, label: str) -> Any: ...
    def tails(self, label: str) -> Any: ...
    def differences(self) -> Mapping[tuple[str, str], PairedDifference]: ...
    def pareto(self) -> Mapping[str, float]: ...


class ScreeningResult(Protocol):
    """A contest in many markets that differ in stated factors.

    Attributes as of ``experiments.contest.screening.Screening``.
    """

    @property
    def by(self) -> str: ...
    @property
    def contests(self) -> Mapping[str, ContestResult]: ...
    @property
    def factors(self) -> Sequence[Any]: ...
    def told(self) -> Iterable[str]:
        """English sentences: in how many markets a design comes before the others."""
        ...

    def ranked(self) -> list[str]:
        """Labels of the designs, the best first."""
        ...

    def flip_map(self, first: str) -> list[dict[str, Any]]:
        """A row each factor, level and other design."""
        ...


class ContestStudyResult(Protocol):
    """A contest with its controls, other markets and tuned designs.

    Attributes as of ``experiments.contest.study.ContestStudy``.
    """

    @property
    def contest(self) -> ContestResult: ...
    @property
    def controls(self) -> Any: ...
    @property
    def markets(self) -> Mapping[str, ContestResult]: ...
    @property
    def meanings(self) -> Mapping[str, str]: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...
    @property
    def missing(self) -> Mapping[str, str]: ...
    @property
    def flip_lines(self) -> Sequence[str]:
        """English sentences on where rankings flip."""
        ...

    @property
    def toxic(self) -> Sequence[str]: ...
    @property
    def screening(self) -> ScreeningResult | None: ...
    @property
    def tuned(self) -> Mapping[str, Any]: ...
    @property
    def wrong(self) -> Sequence[Any]: ...
