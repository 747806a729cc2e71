"""The statistics of one record: how each of ``experiments.calibration.facts.FACTS`` is computed.

The formulas are those of ``experiments.metrics``; here stands what they are applied to, and how
much of it there must be.
"""

from collections.abc import Callable
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.facts import (
    FACTS,
    LEVEL_FEED,
    TOO_SHORT,
    UNDEFINED,
    Fact,
    Facts,
)
from experiments.calibration.market_record import MarketRecord
from experiments.metrics import order_flow, stylized
from experiments.metrics.order_flow import StepKind
from experiments.metrics.quotes import BPS
from lob.units import SECOND_NS

__all__ = ["measure"]

DAY_SECONDS = 86_400
YOUNG_NS, OLD_NS = SECOND_NS, 10 * SECOND_NS
NEAR = 1.5
"""Limit orders count up to so many mean spreads from the mid."""
LEAST_ORDERS = 100
"""Fewest market orders that a statistic rests on; this and the next are chosen."""
LEAST_PAIRS = 1_000
"""Fewest market orders of what relates one to a later one."""
LEAST_RETURNS = 90
"""Fewest returns of a shape of returns; of the tail exponent four times as many."""
LEAST_WINDOWS = 30
"""Fewest minutes of a count or a volatility."""
LEAST_SPANS = 15
"""Fewest times that the longer step of a variance ratio fits into the record."""
LEAST_ENDS = 30
"""Fewest cancellations at an age, and fewest recoveries."""


class _ShortError(Exception):
    """There is too little of what a statistic rests on."""


class _MissingError(Exception):
    """A level feed does not tell it."""


def measure(record: MarketRecord) -> Facts:
    """Measure all statistics of a record; what it cannot give has a reason.

    Parameters
    ----------
    record
        Of a feed or a tape.
    """
    found = _Measured(record)
    values: dict[str, Fact] = {}
    for topic in (_book, _orders, _resting, _signs, _prices, _responses):
        for name, compute in topic(found).items():
            values[name] = _fact(compute)
    gates = {
        "gate_spread_bps": values["spread_bps"],
        "gate_volatility": _fact(lambda: found.volatility()),
        "gate_volume": _fact(lambda: found.volume()),
    }
    assert set(values) == set(FACTS), set(values) ^ set(FACTS)
    return Facts(
        record.name, {name: values[name] for name in FACTS}, gates, record.seconds,
        len(record.quotes), len(record.market_orders), record.notes,
    )  # fmt: skip


def _fact(compute: Callable[[], float]) -> Fact:
    try:
        with np.errstate(all="ignore"):
            value = compute()
    except _ShortError:
        return Fact(None, TOO_SHORT)
    except _MissingError:
        return Fact(None, LEVEL_FEED)
    except ValueError:
        # The functions of experiments.metrics refuse series that never change.
        return Fact(None, UNDEFINED)
    return Fact(float(value)) if isfinite(value) else Fact(None, UNDEFINED)


class _Measured:
    """A record with what several statistics rest on, computed once."""

    def __init__(self, record: MarketRecord) -> None:
        self.record = record
        quotes = record.quotes
        self.ts = quotes["ts_event"]
        self.spreads = stylized.spreads(quotes)
        orders = record.market_orders
        met = quotes[orders["before"]] if len(orders) else quotes[:0]
        both = (met["bid_size"] > 0) & (met["ask_size"] > 0)
        self.orders, self.met = orders[both], met[both]
        self.side = self.orders["side"].astype(np.int64)
        self.sizes = record.market_orders["size"].astype(np.float64)
        self._sampled: NDArray[np.float64] | None = None
        self._spread: float | None = None

    def spread(self) -> float:
        """The mean spread in ticks."""
        if self._spread is None:
            if self.record.seconds <= 0 or np.isnan(self.spreads).all():
                raise _ShortError
            self._spread = stylized.time_weighted(self.ts, self.spreads).mean
        return self._spread

    def need_orders(self, least: int) -> None:
        if len(self.orders) < least:
            raise _ShortError

    def log_mids(self, seconds: int) -> NDArray[np.float64]:
        """Logarithms of the mid at steps of so many whole seconds."""
        if self._sampled is None:
            if self.record.seconds < 1 or np.isnan(self.record.mids).all():
                raise _ShortError
            mids = stylized.sampled_mids(self.record.quotes, SECOND_NS)
            if not (mids > 0).all():
                raise ValueError("prices must be positive")
            self._sampled = np.log(mids)
        return self._sampled[::seconds]

    def returns(self, seconds: int) -> NDArray[np.float64]:
        found = np.diff(self.log_mids(seconds))
        if len(found) < LEAST_RETURNS:
            raise _ShortError
        return found

    def volatility(self) -> float:
        """Standard deviation of 60 s log returns, scaled to a day of 24 hours, in per cent."""
        found = np.diff(self.log_mids(60))
        if len(found) < LEAST_WINDOWS:
            raise _ShortError
        return float(100 * found.std(ddof=1) * (DAY_SECONDS / 60) ** 0.5)

    def volume(self) -> float:
        """Units traded an hour."""
        if self.record.seconds < 60:
            raise _ShortError
        return float(self.sizes.sum() * self.record.unit_size / self.record.seconds * 3_600)


def _book(m: _Measured) -> dict[str, Callable[[], float]]:
    def bps() -> float:
        m.spread()
        return stylized.time_weighted(m.ts, m.spreads / m.record.mids * BPS).mean

    def dispersion() -> float:
        mean = m.spread()
        held = stylized.time_weighted(m.ts, m.spreads)
        return float(((held.values - mean) ** 2 @ held.shares) ** 0.5) / mean

    def depth() -> float:
        m.need_orders(LEAST_ORDERS)
        return stylized.time_weighted(m.ts, stylized.touch_depths(m.record.quotes)).mean / float(
            m.sizes.mean()
        )

    return {
        "spread_ticks": m.spread,
        "spread_bps": bps,
        "spread_dispersion": dispersion,
        "depth_per_order": depth,
    }


def _orders(m: _Measured) -> dict[str, Callable[[], float]]:
    ts = m.record.market_orders["ts_event"]

    def sizes() -> float:
        m.need_orders(LEAST_ORDERS)
        return order_flow.coefficient_of_variation(m.sizes)

    def gaps() -> float:
        m.need_orders(LEAST_ORDERS)
        return order_flow.coefficient_of_variation(np.diff(ts))

    def fano() -> float:
        if m.record.seconds < 60 * LEAST_WINDOWS:
            raise _ShortError
        return order_flow.fano_factor(ts, 60 * SECOND_NS, int(m.ts[0]), int(m.ts[-1]))

    def branching() -> float:
        m.need_orders(LEAST_PAIRS)
        return order_flow.hawkes_fit(ts, int(m.ts[0]), int(m.ts[-1])).branching

    return {
        "size_dispersion": sizes,
        "gap_dispersion": gaps,
        "fano_60s": fano,
        "branching": branching,
    }


def _resting(m: _Measured) -> dict[str, Callable[[], float]]:
    """Limit orders and cancellations within ``NEAR`` mean spreads of the mid."""
    found: list[tuple[order_flow.Lives, int, int]] = []

    def flow() -> tuple[order_flow.Lives, int, int]:
        if m.record.steps is None:
            raise _MissingError
        m.need_orders(LEAST_ORDERS)
        if not found:
            found.append(_near(m.record, m.record.steps, NEAR * m.spread(), int(m.ts[-1])))
        return found[0]

    def hazards() -> float:
        lives = flow()[0]
        young, at_young = order_flow.hazard(lives, 0, YOUNG_NS)
        old, at_old = order_flow.hazard(lives, OLD_NS, inf)
        if min(at_young, at_old) < LEAST_ENDS:
            raise _ShortError
        return old / young

    def cancels() -> float:
        _, limits, taken = flow()
        if limits < LEAST_ORDERS:
            raise _ShortError
        return taken / limits

    return {
        "limits_per_order": lambda: flow()[1] / len(m.record.market_orders),
        "cancels_per_limit": cancels,
        "hazard_old_young": hazards,
    }


def _near(
    record: MarketRecord, steps: NDArray[np.void], reach: float, end_ns: int
) -> tuple[order_flow.Lives, int, int]:
    """Lives of orders placed within a reach of the mid, their count, and cancellations there."""
    off = np.abs(order_flow.resting_prices(steps) - record.mids_before(steps["message"])) <= reach
    lives = order_flow.order_lives(steps, end_ns)
    near = off[lives.birth]
    lives = order_flow.Lives(
        lives.born_ns[near], lives.age_ns[near], lives.cancelled[near], lives.birth[near]
    )
    kind = steps["kind"]
    moved = (kind == StepKind.REPLACED) | (kind == StepKind.CANCELLED) | (kind == StepKind.REDUCED)
    return lives, len(lives.birth), int(np.count_nonzero(moved & off & steps["told"]))


def _signs(m: _Measured) -> dict[str, Callable[[], float]]:
    side = m.record.market_orders["side"].astype(np.float64)

    def at(lag: int) -> Callable[[], float]:
        def correlation() -> float:
            m.need_orders(LEAST_PAIRS)
            return float(stylized.autocorrelation(side, lag).values[-1])

        return correlation

    def exponent() -> float:
        m.need_orders(LEAST_PAIRS)
        return 2 - 2 * stylized.hurst_exponent(side).slope.estimate

    return {"sign_1": at(1), "sign_10": at(10), "sign_50": at(50), "sign_exponent": exponent}


def _prices(m: _Measured) -> dict[str, Callable[[], float]]:
    def ratio(seconds: int, steps: int) -> Callable[[], float]:
        def found() -> float:
            prices = m.log_mids(seconds)
            if len(prices) <= steps * LEAST_SPANS:
                raise _ShortError
            return stylized.variance_ratio(prices, steps).ratio

        return found

    def kurtosis(seconds: int) -> Callable[[], float]:
        def found() -> float:
            moved = m.returns(seconds)
            moved = moved - moved.mean()
            return float(np.mean(moved**4) / np.mean(moved**2) ** 2 - 3)

        return found

    def tail() -> float:
        moved = m.returns(10)
        if len(moved) < 4 * LEAST_RETURNS:
            raise _ShortError
        return stylized.tail_exponent(moved, k=len(moved) // 20).exponent.estimate

    def memory() -> float:
        moved = m.returns(10)
        return float(stylized.autocorrelation(np.abs(moved), 10).values.mean())

    return {
        "variance_ratio_1s_60s": ratio(1, 60),
        "variance_ratio_10s_300s": ratio(10, 30),
        "kurtosis_10s": kurtosis(10),
        "kurtosis_60s": kurtosis(60),
        "tail_exponent": tail,
        "volatility_memory": memory,
    }


def _responses(m: _Measured) -> dict[str, Callable[[], float]]:
    mids = (m.met["bid_price"] + m.met["ask_price"]) / 2.0

    def response(lag: int) -> Callable[[], float]:
        def found() -> float:
            m.need_orders(max(LEAST_PAIRS, 10 * lag))
            return order_flow.response(mids, m.side, lag) / m.spread()

        return found

    def imbalance() -> float:
        m.need_orders(LEAST_ORDERS)
        return order_flow.mean_imbalance(m.met["bid_size"], m.met["ask_size"], m.side)

    def wider() -> NDArray[np.bool_]:
        m.need_orders(LEAST_ORDERS)
        after = m.spreads[m.orders["after"]]
        # An order that empties a side widens the spread without end.
        return np.asarray(np.isnan(after) | (after > m.spreads[m.orders["before"]]))

    def recovery() -> float:
        rows = np.flatnonzero(wider() & ~np.isnan(m.spreads[m.orders["after"]]))
        if len(rows) < LEAST_ENDS:
            raise _ShortError
        some = m.orders[rows]
        return (
            order_flow.recovery_half_life_ns(m.ts, m.spreads, some["before"], some["after"])
            / SECOND_NS
        )

    return {
        "imbalance": imbalance,
        "widening_share": lambda: float(wider().mean()),
        "recovery_s": recovery,
        "response_1": response(1),
        "response_10": response(10),
        "response_100": response(100),
    }
