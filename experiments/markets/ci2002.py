"""The reference market CI2002 of PAMS 0.3.0, after Chiarella and Iori (2002).

Fundamental-chartist-noise traders, of whom some act in each step. Prices are in ticks of 0.00001.
docs/reference-markets.md says what equals the original and what does not, with the counts of both
side by side.
"""

from decimal import Decimal
from typing import Any

import agents
from agents.traders import FundamentalChartists
from experiments.markets.place import MarketPlace
from lob import Instrument
from lob.units import SECOND_NS

__all__ = ["START_PRICE", "STEP", "ci2002", "join_ci2002"]

STEP = SECOND_NS
"""ns from one step to the next."""
TICKS_PER_UNIT = 100_000
"""Ticks in one unit of price, so that a tick is 0.00001."""
INITIAL_PRICE = 300
"""Price at the start, in units; PAMS's."""
START_PRICE = INITIAL_PRICE * TICKS_PER_UNIT
"""Price at the start, in ticks."""


def ci2002(
    seed: int,
    *,
    traders: int = 100,
    orders_per_step: int = 1,
    quiet_steps: int = 100,
    steps: int = 500,
    events: Any = True,
    messages: Any = True,
) -> agents.Simulation:
    """A step-wise market of fundamental-chartist-noise traders (PAMS CI2002).

    Counts and steps are PAMS's.

    Parameters
    ----------
    seed
        Root of all randomness.
    traders
        How many there are.
    orders_per_step
        How many of them act in a step.
    quiet_steps
        Steps at first in which orders are placed and none is matched.
    steps
        Steps after these.
    events, messages
        Whether the tape is kept, or where, as for ``agents.Simulation``.

    Returns
    -------
    agents.Simulation
        Ready to run, until ``(quiet_steps + steps) * STEP`` ns.
    """
    simulation = agents.Simulation(
        seed,
        instruments=[Instrument("CI", number=0, tick_size=Decimal(1) / TICKS_PER_UNIT)],
        events=events,
        messages=messages,
    )
    for one in join_ci2002(MarketPlace(seed), traders, orders_per_step, quiet_steps, steps):
        simulation.add(one)
    return simulation


def join_ci2002(
    place: MarketPlace, traders: int, orders_per_step: int, quiet_steps: int, steps: int
) -> list[agents.Participant]:
    """Who trades in ``ci2002``.

    Parameters
    ----------
    place
        Where they trade.
    traders, orders_per_step, quiet_steps, steps
        As of ``ci2002``.
    """
    return [
        FundamentalChartists(
            f"{place.prefix}traders",
            traders,
            instrument=place.instrument,
            fundamental=START_PRICE,
            step=STEP,
            steps=quiet_steps + steps,
            quiet_steps=quiet_steps,
            orders_per_step=orders_per_step,
            weights=(1.0, 0.0, 1.0),
            noise_scale=0.001,
            windows=(100, 200),
            patience=(50, 100),
            margins=(0.0, 0.1),
        )
    ]
