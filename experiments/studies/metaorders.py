"""What large orders do to a market, by size and way of working: part of ``firesale facts``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from experiments.calibration.facts import UNDEFINED
from experiments.calibration.metaorder import (
    LEFT_SHARES,
    OVER_NS,
    SCALE_SECONDS,
    WARM_UP_NS,
    Market,
    measure_metaorders,
)
from experiments.calibration.metaorder_impact import MetaorderImpact, Protocol
from experiments.metrics.intervals import Interval, known
from experiments.report.metaorder_figure import metaorder_figure
from experiments.report.notebook import Shown
from experiments.runs.workers import Workers
from lob.counted import counted
from lob.units import MINUTE_NS, SECOND_NS, show_duration

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["PAIRS", "MetaorderStudy", "minutes_of_metaorders", "study_metaorders"]

PAIRS = 20
"""How many seeds, unless it is told; chosen. Each has one twin and 17 runs with an order."""
RAN_OUT = "the bids ran out"
NO_EFFECT = "not told from zero"


class _Statistic(NamedTuple):
    name: str
    title: str
    value: Interval
    missing: str
    """Why there is none, if there is none."""


@dataclass(frozen=True)
class MetaorderStudy(Shown):
    """The impact of metaorders in a market.

    Attributes
    ----------
    market
        Its name.
    found
        What was measured.
    """

    market: str
    found: MetaorderImpact

    def statistics(self) -> list[_Statistic]:
        """Exponent and ratio of each protocol, and what is left of two sizes."""
        found = self.found
        told = []
        for protocol in Protocol:
            law = found.law(protocol).exponent
            lost = RAN_OUT if len(found.in_law(protocol)) < 3 else NO_EFFECT
            told.append(_Statistic(f"impact_exponent_{protocol}",
                                   f"impact exponent, {protocol}", law, lost))  # fmt: skip
        for protocol in Protocol:
            lost = UNDEFINED if found.in_law(protocol) else RAN_OUT
            told.append(_Statistic(f"impact_ratio_{protocol}",
                                   f"impact / sigma sqrt(Q/V), {protocol}",
                                   found.ratio(protocol), lost))  # fmt: skip
        for share in LEFT_SHARES:
            lost = RAN_OUT if self._ran_out(share) else NO_EFFECT
            told.append(_Statistic(f"impact_left_{share * 100:.0f}",
                                   f"impact left, {share:.0%} of the volume",
                                   found.left(share), lost))  # fmt: skip
        return told

    def frame(self) -> pd.DataFrame:
        """A row an order: what it is and what it did, a mean over seeds with its interval."""
        found, rows = self.found, []
        for protocol in Protocol:
            for place in found.of(protocol):
                order, impact = found.orders[place], found.impact(place)
                law = found.scale.square_root(order.size)
                lasted = [row[place].lasted_ns for row in found.outcomes]
                rows.append({
                    "protocol": str(protocol),
                    "share_of_volume": order.share,
                    "size_lots": order.size,
                    "duration_s": sum(lasted) / len(lasted) / SECOND_NS,
                    "impact_bps": impact.estimate,
                    "low_bps": impact.low,
                    "high_bps": impact.high,
                    "square_root_bps": law,
                    "ratio": impact.estimate / law if law > 0 else float("nan"),
                    "seeds": len(found.seeds),
                    "ran_out": found.ran_out(place),
                    "in_law": place in found.in_law(protocol),
                })  # fmt: skip
        return pd.DataFrame(rows)

    def headline(self) -> list[str]:
        """What was sold into what, and what a reader must not miss."""
        found = self.found
        volume = found.scale.volume * found.over_ns / SECOND_NS
        lines = [
            f"{self.market}: {len(found.orders)} orders sold in each of "
            f"{counted(len(found.seeds), 'seed')}, up to {found.orders[-1].share:.0%} of the "
            f"{volume:,.0f} lots that trade in {show_duration(found.over_ns)}"
        ]
        out = [place for place in range(len(found.orders)) if found.ran_out(place)]
        if out:
            worst = max(out, key=found.ran_out)
            order = found.orders[worst]
            lines.append(
                f"EXHAUSTED: {len(out)} of {len(found.orders)} orders found the bids empty in some "
                f"seed, {order.share:.0%} by {order.protocol} in {found.ran_out(worst)} of "
                f"{len(found.seeds)}: such seeds are told, not averaged"
            )
        return lines

    def plot(self) -> "Figure":
        """Impact against size on logarithmic axes, with the square-root law: a plotly figure."""
        return metaorder_figure(self.frame(), self.headline()[0])

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values; undefined is ``None``."""
        found = self.found
        return {
            "seeds": list(found.seeds),
            "over_s": found.over_ns / SECOND_NS,
            "volume_lots_per_second": found.scale.volume,
            "volatility_bps_per_root_second": found.scale.volatility,
            "statistics": {
                one.name: {
                    "value": known(one.value.estimate),
                    "low": known(one.value.low),
                    "high": known(one.value.high),
                    "reason": one.missing if isnan(one.value.estimate) else "",
                }
                for one in self.statistics()
            },
            "orders": [
                {key: known(value) if isinstance(value, float) else value
                 for key, value in row.items()}
                for row in self.frame().to_dict("records")
            ],
        }  # fmt: skip

    def _ran_out(self, share: float) -> bool:
        found = self.found
        followed = [i for i, order in enumerate(found.orders) if order.follows]
        near = min(followed, key=lambda i: abs(found.orders[i].share - share), default=None)
        return near is not None and near not in found.in_law(Protocol.SLICES)


def minutes_of_metaorders(over_ns: int = OVER_NS) -> float:
    """How long a market must last to be sold into, its warm-up included.

    Parameters
    ----------
    over_ns
        The fixed duration of the orders.
    """
    # What is left is asked after eleven durations; orders by participation are given up by then.
    return (WARM_UP_NS + max(SCALE_SECONDS * SECOND_NS, 12 * over_ns)) / MINUTE_NS + 1


def study_metaorders(
    name: str,
    market: Market,
    seeds: Sequence[int],
    *,
    over_ns: int = OVER_NS,
    instrument: int = 0,
    workers: int | None = None,
    report: Callable[[str], object] = lambda what: None,
) -> MetaorderStudy:
    """Sell orders of several sizes into a market, on all cores.

    Parameters
    ----------
    name
        Of the market, for those who read it.
    market
        Builds it from a seed; with several workers it must pickle.
    seeds
        At least two.
    over_ns
        The fixed duration of the orders, in ns.
    instrument
        Number of the instrument that is sold.
    workers
        How many processes; ``None``: one a core.
    report
        Called with what is done next, twice a seed.

    Raises
    ------
    ValueError
        As of ``measure_metaorders``.
    """
    stages = iter(("watching", "selling"))
    with Workers(workers) as pool:

        def run(function: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
            stage = next(stages)
            return pool.map(function, jobs, lambda done: report(f"{stage}: {done} of {len(jobs)}"))

        found = measure_metaorders(market, seeds, instrument=instrument, over_ns=over_ns, run=run)
    return MetaorderStudy(name, found)
