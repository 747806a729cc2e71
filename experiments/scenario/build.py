"""Build a scenario's simulation: its instruments and everybody who trades in them."""

from typing import Any

import numpy as np

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
from experiments.scenario.breakers import make_breakers
from experiments.scenario.build_borrowers import add_stackers
from experiments.scenario.build_claims import make_facilities, stock_claims
from experiments.scenario.clearing import make_clearing, set_timers
from experiments.scenario.keepers import build_keepers
from experiments.scenario.parts import PopulationTable, UniformBookTable
from experiments.scenario.read import Scenario
from lob.feeds.positions import read_positions
from lob.units import SECOND_NS

__all__ = ["build"]


SLICES = 60
"""Parts of a shock that takes some time."""


class UniformBook(agents.Agent):
    """Puts orders of one size at every tick, once."""

    def __init__(self, name: str, instrument: int, book: UniformBookTable) -> None:
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


def build(
    scenario: Scenario,
    seed: int = 1,
    *,
    forced: bool = True,
    design: str | None = None,
    parameters: dict[str, Any] | None = None,
    events: bool = True,
    messages: bool = True,
) -> agents.Simulation:
    """Build a scenario's simulation, ready to run.

    Parameters
    ----------
    scenario, seed, forced, design
        See ``experiments.runs.run.run_scenario``.
    parameters
        Of ``design``.
    events, messages
        Whether these tapes are kept; that of clearing always is.
    """
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
    clearings = [
        make_clearing(scenario, one, forced, design, parameters) for one in scenario.clearings
    ]
    simulation = agents.Simulation(
        seed,
        instruments=instruments,
        clearings=clearings,
        breakers=make_breakers(scenario.breakers, [one.name for one in scenario.instruments]),
        facilities=make_facilities(scenario),
        events=events,
        messages=messages,
    )
    stock_claims(scenario, simulation)
    for number, one in enumerate(scenario.instruments):
        simulation.add(_background(number, one.name, one.background))
    for maker in scenario.makers:
        simulation.add(_maker(scenario, maker))
    for population in scenario.populations:
        simulation.add(_population(scenario, population, seed))
    for trader in scenario.traders:
        simulation.add(_trader(scenario, trader))
    add_stackers(scenario, simulation, seed)
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
    set_timers(scenario, simulation)
    build_keepers(scenario.keepers, scenario.congestion, simulation)
    return simulation


def _background(number: int, name: str, background: Any) -> agents.Participant:
    if isinstance(background, UniformBookTable):
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


def _population(scenario: Scenario, one: PopulationTable, seed: int) -> agents.Participant:
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
