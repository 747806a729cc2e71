"""Build the clearings of a scenario: margin, oracles, liquidators, and their timers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import agents
from experiments.scenario.build_claims import CLAIM_SOURCES, DYNAMIC_MODELS, claim_source
from experiments.scenario.designs import make_design
from experiments.scenario.parts import ClearingTable, SourceTable
from experiments.scenario.read import Scenario
from lob import clearing as rules
from lob.clearing import margin as models
from lob.clearing import oracle as prices
from lob.units import SECOND_NS

__all__ = ["make_clearing", "set_timers"]

MODELS: dict[str, Callable[..., Any]] = {
    "flat": models.FlatMargin,
    "tiered": models.TieredMargin,
    "ltv": models.LoanToValue,
    "open-interest": models.OpenInterestScaled,
    "skew": models.SkewScaled,
    "volatility": models.VolatilityScaled,
    **DYNAMIC_MODELS,
}


def make_clearing(
    scenario: Scenario,
    one: ClearingTable,
    forced: bool,
    design: str | None,
    parameters: dict[str, Any] | None = None,
) -> rules.Clearing:
    """Make one of a scenario's clearings."""
    holdings = []
    for number, holding in enumerate(one.holdings):
        own = scenario.number_of(holding.instrument)
        asset = holding.asset or scenario.asset_of(own)
        oracle = _oracle(scenario, holding.oracle, own, asset)
        source = [oracle.source] if holding.margin.model == "look-through" else []
        try:
            margin = MODELS[holding.margin.model](*source, **holding.margin.parameters)
        except (TypeError, ValueError) as error:
            raise ValueError(f"clearing {one.name!r}: holdings.{number}.margin: {error}") from None
        holdings.append(rules.Holding(oracle, margin, instrument=own, asset=holding.asset))
    liquidation_engine = make_design(
        design or one.liquidation.design if forced else "frozen",
        (one.liquidation.parameters if design is None else parameters or {}) if forced else {},
    )
    return rules.Clearing(
        one.name,
        holdings=holdings,
        liquidation_engine=liquidation_engine,
        insurance_fund=one.insurance_fund,
        liquidation_fee=one.liquidation_fee,
        portfolio=models.PortfolioMargin(one.portfolio) if one.portfolio else None,
    )


def _oracle(scenario: Scenario, one: Any, own: int, asset: str) -> prices.Oracle:
    def ns(seconds: float) -> int:
        return round(seconds * SECOND_NS)

    return prices.Oracle(
        _source(scenario, one.source, own, asset),
        lag=ns(one.lag),
        heartbeat=ns(one.heartbeat),
        deviation=one.deviation,
        outages=[(ns(start), ns(end)) for start, end in one.outages],
        manipulations=[(ns(start), ns(end), ppm) for start, end, ppm in one.manipulations],
    )


PLAIN = {
    "last": prices.Last,
    "mid": prices.Mid,
    "best-bid": prices.BestBid,
    "best-ask": prices.BestAsk,
}


def _source(scenario: Scenario, one: SourceTable, own: int, asset: str) -> prices.Source:
    numbers = [scenario.number_of(name) for name in one.instruments] or [own]
    if one.kind in PLAIN:
        return PLAIN[one.kind](numbers[0])
    if one.kind in CLAIM_SOURCES:
        bases = {name: scenario.number_of(book) for name, book in one.bases.items()}
        books = {name: PLAIN[one.of](number) for name, number in bases.items()}
        return claim_source(one, asset, books)
    inner = PLAIN[one.of](numbers[0])
    sample = round(one.sample * SECOND_NS)
    if one.kind == "ema":
        return prices.Ema(inner, round(one.half_life * SECOND_NS), sample=sample)
    if one.kind == "twap":
        return prices.Twap(inner, round(one.window * SECOND_NS), sample=sample)
    if one.kind == "median":
        return prices.Median([PLAIN[one.of](number) for number in numbers])
    times, ticks = zip(*one.prices, strict=True)
    return prices.External(
        np.array([round(t * SECOND_NS) for t in times], np.int64), np.array(ticks, np.int64)
    )


@dataclass
class PremiumFunding:
    """Longs pay shorts a part of how far the mark is above the index, or the other way round."""

    index: int
    holding: int
    share: int
    cap: int

    def __call__(self, clearing: rules.Clearing, ts: int) -> None:
        """Pay what is due."""
        book = clearing.market.books[self.index]
        mark = clearing.holdings[self.holding].mark_price
        if mark is None or book.best_bid is None or book.best_ask is None:
            return
        index = (book.best_bid + book.best_ask) // 2
        premium = (mark - index) * self.share // index
        clearing.pay_funding(max(-self.cap, min(self.cap, premium)), holding=self.holding)


@dataclass
class Interest:
    """Everybody in debt pays the lenders."""

    rate: int

    def __call__(self, clearing: rules.Clearing, ts: int) -> None:
        """Pay what is due."""
        clearing.charge_interest(self.rate)


def update_margin(clearing: rules.Clearing, ts: int) -> None:
    """Let margin models look at the market."""
    clearing.update_margin(ts)


def set_timers(scenario: Scenario, simulation: agents.Simulation) -> None:
    """Set the timers of the clearings."""
    for one, clearing in zip(scenario.clearings, simulation.clearings, strict=True):
        if one.funding:
            clearing.every(
                round(one.funding.interval * SECOND_NS),
                PremiumFunding(
                    scenario.number_of(one.funding.index),
                    one.funding.holding,
                    one.funding.share,
                    one.funding.cap,
                ),
            )
        if one.interest:
            clearing.every(round(one.interest_interval * SECOND_NS), Interest(one.interest))
        looks = {holding.margin.update for holding in one.holdings} - {0.0}
        if looks:
            clearing.every(round(min(looks) * SECOND_NS), update_margin)
    simulation.venue.refresh()
