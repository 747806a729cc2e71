"""A run of a scenario: built from its file and a seed, run, and summed up."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import agents
import lob
from agents import leverage
from agents.flow import ZeroIntelligence
from agents.random import numpy_stream
from agents.traders import (
    TWAP,
    Executor,
    InventoryLimit,
    StressSensitiveMaker,
    VolatilityLimit,
)
from experiments.breakers import breakers_of
from experiments.designs import make_liquidator
from experiments.metrics.cascade import Cascade, cascade_of, forced_trades, peak_rate
from experiments.metrics.solvency import Solvency, recovery, solvency_of
from experiments.metrics.spiral import drop
from experiments.scenario import SECOND_NS, Clearing, Population, Scenario, Source, Uniform
from lob import clearing as rules
from lob.clearing import margin as models
from lob.clearing import oracle as prices
from lob.feeds.positions import read_positions

__all__ = ["Run", "build", "run_scenario"]

SLICES = 60
"""Parts of a shock that takes some time."""


class UniformBook(agents.Agent):
    """Puts orders of one size at every tick, once."""

    def __init__(self, name: str, instrument: int, book: Uniform) -> None:
        super().__init__(name)
        self.instrument = instrument
        self.book = book

    def on_start(self) -> None:
        """Put all of them there."""
        ticks = np.arange(self.book.ticks)
        bids, asks = self.book.price - ticks, self.book.price + 1 + ticks
        rows = np.zeros(2 * len(ticks), lob.MESSAGE)
        rows["kind"] = lob.Kind.NEW
        rows["side"] = np.repeat([lob.Side.BUY, lob.Side.SELL], len(ticks))
        rows["price"] = np.concatenate([bids, asks])
        rows["size"] = self.book.depth
        rows["instrument"] = self.instrument
        rows = rows[rows["price"] >= 1]
        rows["order_id"] = (self.owner << 32) + 1 + np.arange(len(rows))
        rows["owner"] = self.owner
        self.submit_messages(rows)


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
        return drop(
            self.tape["entries"],
            round(what.at * SECOND_NS),
            round((what.over + self.scenario.horizon) * SECOND_NS),
            instrument=number,
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
            "recovery": [value if np.isfinite(value) else None for value in brought],
            "digest": self.simulation.digest(),
            "cpu_seconds": self.cpu_seconds,
        }

    def _fair(self, instrument: int) -> float:
        """The mark before the first shock: what things were worth when nobody was forced."""
        entries = self.tape["entries"]
        rows = entries[
            (entries["kind"] == lob.EntryKind.MARK) & (entries["instrument"] == instrument)
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


def build(
    scenario: Scenario, seed: int = 1, *, forced: bool = True, design: str | None = None
) -> agents.Simulation:
    """Build a scenario's simulation, ready to run."""
    instruments = [
        lob.Instrument(
            one.name,
            number=number,
            multiplier=one.multiplier,
            inverse=one.inverse,
            base=one.base,
            maker_fee=one.maker_fee,
            taker_fee=one.taker_fee,
        )
        for number, one in enumerate(scenario.instruments)
    ]
    clearings = [_clearing(scenario, one, forced, design) for one in scenario.clearings]
    simulation = agents.Simulation(
        seed,
        instruments=instruments,
        clearings=clearings,
        breakers=breakers_of(scenario),
    )
    for number, one in enumerate(scenario.instruments):
        simulation.add(_background(number, one.name, one.background))
    for maker in scenario.makers:
        simulation.add(_maker(scenario, maker))
    for population in scenario.populations:
        simulation.add(_population(scenario, population, seed))
    for trader in scenario.traders:
        simulation.add(_trader(scenario, trader))
    for number, shock in enumerate(scenario.shocks):
        over = round(shock.over * SECOND_NS)
        simulation.add(
            Executor(
                f"shock {number}",
                side=lob.Side.SELL if shock.side == "sell" else lob.Side.BUY,
                size=shock.lots,
                schedule=TWAP(max(1, over), min(SLICES, shock.lots) if over else 1),
                start_in=round(shock.at * SECOND_NS),
                instrument=scenario.number_of(shock.instrument),
            )
        )
    _schedule(scenario, simulation)
    return simulation


def _background(number: int, name: str, background: Any) -> agents.Participant:
    if isinstance(background, Uniform):
        return UniformBook(f"{name} book", number, background)
    return ZeroIntelligence(
        f"{name} flow",
        price=background.price,
        instrument=number,
        alpha=background.alpha,
        mu=background.mu,
        delta=background.delta,
        window=background.window,
        sigma=background.size,
        depth=None,
    )


def _maker(scenario: Scenario, maker: Any) -> agents.Participant:
    number = scenario.number_of(maker.instrument)
    return StressSensitiveMaker(
        maker.name,
        instrument=number,
        start_price=scenario.instruments[number].background.price,
        levels=maker.levels,
        offset=maker.offset,
        step=maker.step,
        size=maker.size,
        every=round(maker.every * SECOND_NS),
        limits=[
            InventoryLimit(lots=maker.inventory_limit),
            VolatilityLimit(sigma=maker.volatility_limit, half_life=10 * SECOND_NS),
        ],
        cool_down=round(maker.cool_down * SECOND_NS),
    )


def _population(scenario: Scenario, one: Population, seed: int) -> agents.Participant:
    number = [clearing.name for clearing in scenario.clearings].index(one.clearing)
    holdings = scenario.clearings[number].holdings
    random = numpy_stream(seed, one.name)
    drawn = []
    for holding in holdings if one.cross else [holdings[one.holding]]:
        of = scenario.instruments[scenario.number_of(holding.instrument)]
        price = of.background.price
        if one.file is not None:
            snapshot = read_positions(one.file, multiplier=of.multiplier)
            drawn.append(
                leverage.Accounts(snapshot.margin, snapshot.positions, snapshot.entry_prices)
            )
        elif one.stacked is not None:
            drawn.append(
                leverage.stacked_accounts(
                    price=price,
                    ticks=one.ticks,
                    lots_per_tick=one.stacked,
                    size=one.size,
                    multiplier=of.multiplier,
                )
            )
        else:
            drawn.append(
                leverage.draw_accounts(
                    random,
                    one.count,
                    price=price,
                    multiplier=of.multiplier,
                    equity=one.equity,
                    equity_spread=one.equity_spread,
                    leverage=one.leverage,
                    long_share=one.long_share,
                )
            )
    accounts = drawn[0]
    if one.cross:
        accounts = leverage.Accounts(
            np.sum([part.margin for part in drawn], axis=0),
            np.array([part.positions for part in drawn]),
            np.array([part.entry_prices for part in drawn]),
        )
    return leverage.MarginTraders(
        one.name,
        accounts,
        clearing=number,
        holding=one.holding,
        cross=one.cross,
        again=round(one.again * SECOND_NS),
    )


def _trader(scenario: Scenario, one: Any) -> agents.Participant:
    number = [clearing.name for clearing in scenario.clearings].index(one.clearing)
    kind = getattr(leverage, one.kind)
    try:
        participant: agents.Participant = kind(one.name, clearing=number, **one.parameters)
    except (TypeError, ValueError) as error:
        raise ValueError(f"trader {one.name!r}: {error}") from None
    return participant


MODELS = {
    "flat": models.FlatMargin,
    "tiered": models.TieredMargin,
    "ltv": models.LoanToValue,
    "open-interest": models.OpenInterestScaled,
    "skew": models.SkewScaled,
    "volatility": models.VolatilityScaled,
}


def _clearing(
    scenario: Scenario, one: Clearing, forced: bool, design: str | None
) -> rules.Clearing:
    holdings = []
    for number, holding in enumerate(one.holdings):
        try:
            margin = MODELS[holding.margin.model](**holding.margin.parameters)
        except (TypeError, ValueError) as error:
            raise ValueError(f"clearing {one.name!r}: holdings.{number}.margin: {error}") from None
        own = scenario.number_of(holding.instrument)
        holdings.append(
            rules.Holding(_oracle(scenario, holding.oracle, own), margin, instrument=own)
        )
    liquidator = make_liquidator(
        design or one.liquidator.design if forced else "frozen",
        one.liquidator.parameters if forced and design is None else {},
    )
    return rules.Clearing(
        one.name,
        holdings=holdings,
        liquidator=liquidator,
        insurance_fund=one.insurance_fund,
        liquidation_fee=one.liquidation_fee,
        portfolio=models.PortfolioMargin(one.portfolio) if one.portfolio else None,
    )


def _oracle(scenario: Scenario, one: Any, own: int) -> prices.Oracle:
    def ns(seconds: float) -> int:
        return round(seconds * SECOND_NS)

    return prices.Oracle(
        _source(scenario, one.source, own),
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


def _source(scenario: Scenario, one: Source, own: int) -> prices.Source:
    numbers = [scenario.number_of(name) for name in one.instruments] or [own]
    if one.kind in PLAIN:
        return PLAIN[one.kind](numbers[0])
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


def _schedule(scenario: Scenario, simulation: agents.Simulation) -> None:
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
