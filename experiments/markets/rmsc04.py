"""The reference market rmsc04 of ABIDES-jpmc (commit f9cbe51), with traders of our own.

Prices are in cents, times in ns from midnight. 1,000 noise traders, 102 value traders, 12 momentum
traders and 2 adaptive makers stand with the venue on a line of 3,866,660 m; messages travel at the
speed of light and leave 50 ns after a decision. docs/reference-markets.md says what equals the
original and what does not, with the counts of both side by side.
"""

from decimal import Decimal
from typing import Any

import agents
from agents.traders import (
    AdaptiveMakers,
    Fundamental,
    MomentumTraders,
    NoiseTraders,
    SizeMixture,
    ValueTraders,
)
from experiments.markets.place import MarketPlace
from lob import Instrument
from lob.units import MINUTE_NS, SECOND_NS

__all__ = ["CLOSE", "OPEN", "ORDER_SIZES", "START_PRICE", "join_rmsc04", "rmsc04"]

OPEN = 9 * 60 * MINUTE_NS + 30 * MINUTE_NS
"""Start of the session, ns since midnight: 09:30."""
CLOSE = 16 * 60 * MINUTE_NS
"""End of the full day, ns since midnight: 16:00."""
NOISE_FROM = 9 * 60 * MINUTE_NS
"""Earliest time at which a noise trader wakes, ns since midnight: 09:00, as in ABIDES."""

LINE_METRES = 3_866_660.0
"""Length of the line on which all stand, in metres, as in ABIDES."""
COMPUTATION_NS = 50
"""Time from a decision until its message leaves, in ns, as in ABIDES."""
MEAN_PRICE = 100_000.0
"""Mean of the fundamental in cents, as in ABIDES."""
START_PRICE = round(MEAN_PRICE)
"""Price around which the market begins, in ticks."""
BELIEVED_VARIANCE_PER_NS = 100_000.0
"""Variance of the fundamental in the eyes of value traders, squared cents a ns: so much that they
trust what they see."""

ORDER_SIZES = SizeMixture(
    [
        ("log-normal", 2.9, 1.2, 0.2),
        ("normal", 100.0, 0.15, 0.7),
        ("normal", 200.0, 0.0, 0.06),
        ("normal", 300.0, 0.0, 0.004),
        ("normal", 400.0, 0.0, 0.0329),
        ("normal", 500.0, 0.0, 0.001),
        ("normal", 600.0, 0.0, 0.0006),
        ("normal", 700.0, 0.0, 0.0004),
        ("normal", 800.0, 0.0, 0.0005),
        ("normal", 900.0, 0.0, 0.0003),
        ("normal", 1000.0, 0.0, 0.0003),
    ]
)
"""Sizes of orders in lots: ABIDES's mixture of distributions (kind, two parameters, weight)."""

PER_ROOT_NS = SECOND_NS**0.5


def rmsc04(
    seed: int,
    *,
    minutes: float = 30,
    noise: int = 1000,
    value: int = 102,
    momentum: int = 12,
    makers: int = 2,
    sleeps_for_ever: bool = False,
    quotes_while_asking: bool = False,
    events: Any = True,
    messages: Any = True,
) -> agents.Simulation:
    """A stock with noise, value and momentum traders and two adaptive makers (ABIDES rmsc04).

    Counts are those of ABIDES.

    Parameters
    ----------
    seed
        Root of all randomness.
    minutes
        Length of the session, from 09:30; 390 is the full day. Value traders know it.
    noise, value, momentum, makers
        How many there are of each; 0: none.
    sleeps_for_ever, quotes_while_asking
        Two faults of the original's makers, see ``agents.traders.AdaptiveMakers``: both on gives
        its counts.
    events, messages
        Whether the tape is kept, or where, as for ``agents.Simulation``.

    Returns
    -------
    agents.Simulation
        At 09:30, ready to run.
    """
    simulation = agents.Simulation(
        seed,
        instruments=[Instrument("ABM", tick_size=Decimal("0.01"), number=0)],
        start=OPEN,
        events=events,
        messages=messages,
    )
    place = MarketPlace(seed, opens=OPEN)
    for one in join_rmsc04(
        place, minutes, noise, value, momentum, makers, sleeps_for_ever, quotes_while_asking
    ):
        simulation.add(one)
    return simulation


def join_rmsc04(
    place: MarketPlace,
    minutes: float,
    noise: int,
    value: int,
    momentum: int,
    makers: int,
    sleeps_for_ever: bool,
    quotes_while_asking: bool,
) -> list[agents.Participant]:
    """Who trades in ``rmsc04``.

    In a run whose clock begins with the session, noise traders that wake before it come during it.

    Parameters
    ----------
    place
        Where they trade.
    minutes, noise, value, momentum, makers, sleeps_for_ever, quotes_while_asking
        As of ``rmsc04``.
    """
    opens = place.opens
    common: dict[str, Any] = {
        "instrument": place.instrument,
        "opens": opens,
        "closes": opens + round(minutes * MINUTE_NS),
        "latency": agents.Distance(LINE_METRES),
        "computation_delay": COMPUTATION_NS,
    }
    found: list[agents.Participant] = []
    if noise:
        earliest, latest = max(0, opens + NOISE_FROM - OPEN), opens + CLOSE - OPEN
        found.append(
            NoiseTraders(
                f"{place.prefix}noise", noise, sizes=ORDER_SIZES, earliest=earliest,
                latest=latest, **common,
            )
        )  # fmt: skip
    if value:
        found.append(
            ValueTraders(
                f"{place.prefix}value",
                value,
                fundamental=fundamental(place.seed, place.prefix, opens),
                sizes=ORDER_SIZES,
                rate=5.7e-12 * SECOND_NS,
                mean=MEAN_PRICE,
                reversion=1.67e-15 * SECOND_NS,
                volatility=BELIEVED_VARIANCE_PER_NS**0.5 * PER_ROOT_NS,
                noise_variance=1000.0,
                **common,
            )
        )
    if momentum:
        name = f"{place.prefix}momentum"
        found.append(MomentumTraders(name, momentum, sizes=ORDER_SIZES, mean_gap=37.0, **common))
    if makers:
        found.append(
            AdaptiveMakers(
                f"{place.prefix}makers",
                makers,
                mean_gap=60.0,
                sleeps_for_ever=sleeps_for_ever,
                quotes_while_asking=quotes_while_asking,
                **common,
            )
        )
    return found


def fundamental(seed: int, prefix: str = "", start: int = OPEN) -> Fundamental:
    """The worth of the stock over time in cents, with the parameters of ABIDES.

    Parameters
    ----------
    seed
        Root of all randomness.
    prefix
        What its name begins with.
    start
        When it begins, in ns.
    """
    return Fundamental(
        seed,
        f"{prefix}ABM: fundamental",
        mean=MEAN_PRICE,
        reversion=1.67e-16 * SECOND_NS,
        volatility=5e-5 * PER_ROOT_NS,
        jump_rate=2.77778e-18 * SECOND_NS,
        jump_mean=1000.0,
        jump_deviation=50_000.0**0.5,
        start=start,
    )
