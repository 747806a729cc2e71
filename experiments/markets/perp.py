"""A perpetual future and the spot market that holds it: makers, arbitrage, value, trend, noise."""

from decimal import Decimal
from math import sqrt

from agents import LogNormal, Participant, Simulation
from agents.flow import ZeroIntelligence
from agents.traders.arbitrage import FixedBand, PairArbitrage
from agents.traders.fundamental import Fundamental
from agents.traders.momentum import MomentumTraders
from agents.traders.sizes import SizeMixture
from agents.traders.stress_maker import InventoryLimit, StressSensitiveMaker, VolatilityLimit
from agents.traders.value import ValueTraders
from experiments.markets.place import MarketPlace
from lob import Instrument
from lob.checks import integer
from lob.unit_types import Lots, Ticks
from lob.units import MILLISECOND_NS, SECOND_NS

__all__ = ["PERP", "SPOT", "join_perp", "perp"]

PERP, SPOT = 0, 1
HOUR = 3_600.0  # s
WANDERS = 0.01  # standard deviation of what the asset is worth, in the long run, as a share
FOR_EVER = 2**62  # ns: the market never closes


def perp(
    seed: int = 1,
    *,
    price: Ticks = 10_000,
    makers: int = 3,
    trend_followers: int = 20,
    value_traders: int = 30,
    maker_lots: Lots = 200,
    events: bool = True,
) -> Simulation:
    """A perpetual and its spot: makers who withdraw, arbitrage, value, trend followers, noise.

    Trend followers trade on and on, and would carry the price away without those who know what the
    asset is worth: half as many lots again as theirs come to buy in each market while it is cheap.
    That worth wanders about ``price`` by a hundredth, and comes back within hours. All numbers are
    chosen, not sourced. Leverage comes on top: positions, margin and funding are the business of
    clearing, and nothing here forces anybody.

    Parameters
    ----------
    seed
        Root of all randomness.
    price
        Where both markets begin, in ticks, 1,000 or more: an asset has no price below 1.
    makers
        Ladders in each market, who widen and withdraw on inventory and volatility.
    trend_followers
        Traders in the perpetual who follow moving averages.
    value_traders
        Value traders in each market; 0 leaves both without an anchor, fit for minutes only where
        trend followers are.
    maker_lots
        Lots of a maker at each of its levels.
    events
        Whether the tapes are kept.

    Raises
    ------
    ValueError
        If ``price`` is below 1,000.
    """
    integer("price", price, 1_000)
    simulation = Simulation(
        seed,
        instruments=[
            Instrument("PERP", Decimal("0.01"), number=PERP),
            Instrument("SPOT", Decimal("0.01"), number=SPOT),
        ],
        events=events,
        messages=events,
    )
    worth = _worth(seed, "worth", price)
    for number, name in ((PERP, "perp "), (SPOT, "spot ")):
        for one in _market(number, name, price, makers, value_traders, maker_lots, worth):
            simulation.add(one)
    for one in _across(PERP, SPOT, "", trend_followers):
        simulation.add(one)
    return simulation


def join_perp(
    place: MarketPlace,
    price: int,
    makers: int,
    trend_followers: int,
    value_traders: int,
    maker_lots: int,
) -> list[Participant]:
    """Who trades in the perpetual of ``perp``.

    Those of its spot are another place without trend followers, whose worth is that of the
    perpetual; arbitrage is where the perpetual has a spot.

    Parameters
    ----------
    place
        Where they trade.
    price, makers, trend_followers, value_traders, maker_lots
        As of ``perp``.
    """
    integer("price", price, 1_000)
    worth = _worth(place.seed, f"{place.worth or place.prefix}worth", price)
    found = _market(place.instrument, place.prefix, price, makers, value_traders, maker_lots, worth)
    return found + _across(place.instrument, place.spot, place.prefix, trend_followers)


def _worth(seed: int, name: str, price: int) -> Fundamental:
    return Fundamental(
        seed,
        name,
        mean=price,
        reversion=1 / (2 * HOUR),
        volatility=WANDERS * price / sqrt(HOUR),
    )


def _market(
    number: int,
    prefix: str,
    price: int,
    makers: int,
    value_traders: int,
    maker_lots: int,
    worth: Fundamental,
) -> list[Participant]:
    """Who trades in one of the two alone."""
    found: list[Participant] = [
        ZeroIntelligence(
            f"{prefix}flow",
            price=price,
            instrument=number,
            alpha=0.2,
            mu=40.0,
            delta=0.02,
            sigma=10,
            window=100,
            depth=None,
        )
    ]
    found += [_maker(f"{prefix}maker {i}", number, price, maker_lots, i) for i in range(makers)]
    if value_traders:
        found.append(_value_traders(f"{prefix}value", number, value_traders, worth))
    return found


def _across(perp: int, spot: int | None, prefix: str, trend_followers: int) -> list[Participant]:
    """Who trades in both, and who follows the perpetual's trend."""
    found: list[Participant] = []
    if spot is not None:
        found.append(
            PairArbitrage(
                f"{prefix}arbitrage",
                band=FixedBand(cost=1.0, threshold=1.0),
                size=50,
                bound=5_000,
                every=100 * MILLISECOND_NS,
                first=perp,
                second=spot,
                to_venue=LogNormal(MILLISECOND_NS // 2, 0.3),
                from_venue=LogNormal(MILLISECOND_NS // 2, 0.3),
            )
        )
    if trend_followers:
        found.append(
            MomentumTraders(
                f"{prefix}trend followers",
                trend_followers,
                instrument=perp,
                sizes=SizeMixture([("normal", 20.0, 5.0, 1.0)]),
                mean_gap=20.0,
                latency=LogNormal(2 * MILLISECOND_NS, 0.5),
            )
        )
    return found


def _value_traders(name: str, instrument: int, members: int, worth: Fundamental) -> ValueTraders:
    """A lot a second each, on the side on which the asset is cheap; they trust what they see."""
    return ValueTraders(
        name,
        members,
        instrument=instrument,
        fundamental=worth,
        sizes=SizeMixture([("normal", 20.0, 5.0, 1.0)]),
        rate=0.05,
        mean=worth.mean,
        reversion=0.0,
        volatility=worth.mean,
        noise_variance=1.0,
        aggressive=0.3,
        opens=0,
        closes=FOR_EVER,
        latency=LogNormal(2 * MILLISECOND_NS, 0.5),
    )


def _maker(name: str, instrument: int, price: int, lots: int, number: int) -> StressSensitiveMaker:
    return StressSensitiveMaker(
        name,
        instrument=instrument,
        start_price=price,
        levels=5,
        offset=2.0 + number,
        step=2,
        size=lots,
        every=SECOND_NS,
        limits=[
            InventoryLimit(lots=10 * lots),
            VolatilityLimit(sigma=10.0, half_life=10 * SECOND_NS),
        ],
        cool_down=30 * SECOND_NS,
        to_venue=LogNormal(MILLISECOND_NS // 5, 0.3),
        from_venue=LogNormal(MILLISECOND_NS // 5, 0.3),
    )
