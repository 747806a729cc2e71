"""Summary of a run of a market from its tape alone: counts, spreads, depth, prices."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.quotes import mid
from experiments.metrics.stylized import sampled_mids, spreads, time_weighted, touch_depths
from lob import EventKind, journal
from lob.units import SECOND_NS

__all__ = ["MarketSummary", "summarize"]

STEP_NS = SECOND_NS
"""Time between two samples of the mid, in ns."""


@dataclass(frozen=True)
class MarketSummary:
    """Activity and prices of one instrument in one run; ``None`` where not defined."""

    instrument: int
    """Number of the instrument."""
    events: dict[str, int]
    """Count of events by the name of their kind in lower case."""
    traded_lots: int
    """Lots traded, each trade counted once."""
    mean_spread: float | None
    """Mean of best ask - best bid in ticks, weighted by time, while both sides are there."""
    mean_touch_depth: float | None
    """Lots at the best bid and ask, averaged over both, weighted by time."""
    two_sided: float
    """Share of the time, from 0 to 1, in which both sides are there."""
    first_mid: float | None
    """First mid of the samples, in ticks."""
    last_mid: float | None
    """Last mid of the samples, in ticks."""
    lowest_mid: float | None
    """Lowest mid of the samples, in ticks."""
    highest_mid: float | None
    """Highest mid of the samples, in ticks."""
    volatility: float | None
    """Standard deviation of the change of the mid in a second, in ticks."""

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, by name."""
        return asdict(self)


def summarize(
    events: NDArray[np.void], *, start_ns: int, until_ns: int, instrument: int = 0
) -> MarketSummary:
    """Summarise one instrument of an event tape that starts with an empty book.

    Parameters
    ----------
    events
        ``lob.EVENT`` rows.
    start_ns, until_ns
        When the run began and ended, in ns.
    instrument
        Number of the instrument.
    """
    own = events[events["instrument"] == instrument]
    quotes, _ = journal.quotes(own, instrument)
    both = (quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)
    mids = mid(quotes)[both]
    held = np.diff(quotes["ts_event"], append=until_ns)
    times = quotes["ts_event"]
    long_enough = len(mids) > 0 and times[-1] - times[both][0] >= 2 * STEP_NS
    changes = np.diff(sampled_mids(quotes, STEP_NS)) if long_enough else np.zeros(0)
    return MarketSummary(
        instrument=instrument,
        events={
            kind.name.lower(): int(np.count_nonzero(own["kind"] == kind)) for kind in EventKind
        },
        traded_lots=int(own["size"][own["kind"] == EventKind.TRADE].sum()),
        mean_spread=_weighted(quotes, spreads(quotes), until_ns),
        mean_touch_depth=_weighted(quotes, touch_depths(quotes), until_ns),
        two_sided=float(held[both].sum() / max(1, until_ns - start_ns)),
        first_mid=float(mids[0]) if len(mids) else None,
        last_mid=float(mids[-1]) if len(mids) else None,
        lowest_mid=float(mids.min()) if len(mids) else None,
        highest_mid=float(mids.max()) if len(mids) else None,
        volatility=float(changes.std()) if len(changes) else None,
    )


def _weighted(quotes: NDArray[np.void], values: NDArray[np.float64], until_ns: int) -> float | None:
    held = np.diff(quotes["ts_event"], append=until_ns) > 0
    if not (held & np.isfinite(values)).any():
        return None
    return float(time_weighted(quotes["ts_event"], values, until_ns=until_ns).mean)
