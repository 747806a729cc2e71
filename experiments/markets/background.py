"""Markets of nothing but background flow, one model each."""

from itertools import accumulate
from operator import mul

from agents import Simulation
from agents.flow import BackgroundFlow, Hawkes, Poisson, QueueReactive, ZeroIntelligence
from experiments.markets.place import MarketPlace
from lob.unit_types import Ticks

__all__ = [
    "hawkes",
    "join_hawkes",
    "join_poisson",
    "join_queue_reactive",
    "join_zero_intelligence",
    "poisson",
    "queue_reactive",
    "zero_intelligence",
]

# Cont, Stoikov, Talreja (2010), Table 2: the rates of Sky Perfect, a stock of the Tokyo exchange,
# in orders of its mean size a minute.
ARRIVALS = (1.85, 1.51, 1.09, 0.88, 0.77)
"""Limit orders a second at 1 to 5 ticks from the opposite quote (Cont et al. 2010, table 2)."""
CANCELLATIONS = (0.71, 0.81, 0.68, 0.56, 0.47)
"""Cancellations a second of each order at 1 to 5 ticks from the opposite quote (table 2)."""
MARKET_ORDERS = 0.94
"""Market orders a second on a side (table 2)."""
TAIL, TAIL_POWER = 1.92, 0.52


def zero_intelligence(
    seed: int = 1,
    *,
    price: Ticks = 10_000,
    alpha: float = 1.0,
    mu: float = 20.0,
    delta: float = 0.1,
    window: Ticks = 200,
    events: bool = True,
) -> Simulation:
    """Zero intelligence (Smith, Farmer, Gillemot, Krishnamurthy 2003).

    The rates are chosen, not sourced: a spread of a few ticks, with some ten orders at a price far
    from the touch.

    Parameters
    ----------
    seed
        Root of all randomness.
    price
        Where the market begins, in ticks.
    alpha
        Limit orders a second at each price of the window.
    mu
        Market orders a second, both sides together.
    delta
        Cancellations a second of each order.
    window
        How far from the opposite best price limit orders arrive, in ticks.
    events
        Whether the tapes are kept.
    """
    return _alone(
        seed, events, join_zero_intelligence(MarketPlace(seed), price, alpha, mu, delta, window)
    )


def join_zero_intelligence(
    place: MarketPlace, price: int, alpha: float, mu: float, delta: float, window: int
) -> list[BackgroundFlow]:
    """Who trades in ``zero_intelligence``.

    Parameters
    ----------
    place
        Where they trade.
    price, alpha, mu, delta, window
        As of ``zero_intelligence``.
    """
    return [
        ZeroIntelligence(
            f"{place.prefix}flow", price=price, instrument=place.instrument, alpha=alpha, mu=mu,
            delta=delta, window=window, depth=None,
        )
    ]  # fmt: skip


def poisson(
    seed: int = 1,
    *,
    price: Ticks = 10_000,
    window: Ticks = 50,
    speed: float = 60.0,
    events: bool = True,
) -> Simulation:
    """Poisson flow with rates by distance (Cont, Stoikov, Talreja 2010, Table 2).

    Parameters
    ----------
    seed
        Root of all randomness.
    price
        Where the market begins, in ticks.
    window
        How far from the opposite best price limit orders arrive, in ticks.
    speed
        Times as fast as the paper's stock: 60 takes its rates a minute as rates a second. Nothing
        but the clock depends on it.
    events
        Whether the tapes are kept.
    """
    return _alone(seed, events, join_poisson(MarketPlace(seed), price, window, speed))


def join_poisson(place: MarketPlace, price: int, window: int, speed: float) -> list[BackgroundFlow]:
    """Who trades in ``poisson``.

    Parameters
    ----------
    place
        Where they trade.
    price, window, speed
        As of ``poisson``.
    """
    pace = speed / 60
    return [
        Poisson(
            f"{place.prefix}flow",
            price=price,
            instrument=place.instrument,
            window=window,
            depth=None,
            lambda_=[pace * rate for rate in ARRIVALS],
            theta=[pace * rate for rate in CANCELLATIONS],
            mu=pace * MARKET_ORDERS,
            k=pace * TAIL,
            alpha=TAIL_POWER,
        )
    ]


def hawkes(
    seed: int = 1,
    *,
    price: Ticks = 10_000,
    rate: float = 10.0,
    branching: float = 0.6,
    decay: float = 2.0,
    theta: float = 0.01,
    events: bool = True,
) -> Simulation:
    """Self-exciting flow: orders that cause orders (Hawkes 1971; Large 2007).

    Parameters
    ----------
    seed
        Root of all randomness.
    price
        Where the market begins, in ticks.
    rate
        Events a second that come by themselves, over all types; chosen.
    branching
        How many events one event causes directly, on average, below 1: half of the same type, the
        rest of the one that answers it (a trade calls for limit orders on the side it took from, a
        limit order for its cancellation). Chosen, not sourced.
    decay
        How fast excitation fades, a second; chosen.
    theta
        Cancellations a second of one open order, besides those that excite and are excited. Of the
        orders of a side one a second more comes than trades or goes otherwise (at the defaults), so
        that some ``1 / theta`` rest there. At 0 the book grows without end, and a warning says so.
    events
        Whether the tapes are kept.
    """
    return _alone(
        seed, events, join_hawkes(MarketPlace(seed), price, rate, branching, decay, theta)
    )


def join_hawkes(
    place: MarketPlace, price: int, rate: float, branching: float, decay: float, theta: float
) -> list[BackgroundFlow]:
    """Who trades in ``hawkes``.

    Parameters
    ----------
    place
        Where they trade.
    price, rate, branching, decay, theta
        As of ``hawkes``.
    """
    shares = (0.3, 0.3, 0.075, 0.075, 0.125, 0.125)
    half = branching / 2
    answer = (4, 5, 1, 0, 0, 1)  # by type of the cause, see agents.flow.EVENT_TYPES
    excitation = [
        [half * (effect == cause) + half * (effect == answer[cause]) for cause in range(6)]
        for effect in range(6)
    ]
    return [
        Hawkes(
            f"{place.prefix}flow",
            price=price,
            instrument=place.instrument,
            baseline=[rate * share for share in shares],
            excitation=excitation,
            decay=decay,
            placement=list(accumulate([0.7] * 19, mul, initial=1.0)),
            theta=theta,
        )
    ]


def queue_reactive(
    seed: int = 1,
    *,
    price: Ticks = 10_000,
    levels: int = 5,
    theta: float = 0.7,
    theta_reinit: float = 0.2,
    events: bool = True,
) -> Simulation:
    """Queues that live by their own length (Huang, Lehalle, Rosenbaum 2015, model I).

    The rates are chosen, not sourced, in the shape that the paper reports: limit orders arrive at a
    rate that falls slowly with the length of a queue, cancellations rise with it and level off,
    market orders fall.

    Parameters
    ----------
    seed
        Root of all randomness.
    price
        Where the market begins, in ticks.
    levels
        How many queues there are on either side.
    theta, theta_reinit
        Probabilities that the reference price follows when a best queue empties, and that all
        queues are then drawn anew, see ``agents.flow.QueueReactive``.
    events
        Whether the tapes are kept.
    """
    return _alone(
        seed, events, join_queue_reactive(MarketPlace(seed), price, levels, theta, theta_reinit)
    )


def join_queue_reactive(
    place: MarketPlace, price: int, levels: int, theta: float, theta_reinit: float
) -> list[BackgroundFlow]:
    """Who trades in ``queue_reactive``.

    Parameters
    ----------
    place
        Where they trade.
    price, levels, theta, theta_reinit
        As of ``queue_reactive``.
    """
    lengths = range(31)
    limit = [[1.2 / (1 + 0.02 * n) for n in lengths] for _ in range(levels)]
    cancel = [[1.0 * n / (n + 3) for n in lengths] for _ in range(levels)]
    market = [
        [0.0, *(1.2 / (1 + 0.05 * n) if level == 0 else 0.0 for n in lengths[1:])]
        for level in range(levels)
    ]
    return [
        QueueReactive(
            f"{place.prefix}flow",
            price=price,
            instrument=place.instrument,
            limit=limit,
            cancel=cancel,
            market=market,
            theta=theta,
            theta_reinit=theta_reinit,
        )
    ]


def _alone(seed: int, events: bool, flows: list[BackgroundFlow]) -> Simulation:
    """A run in which nobody but a flow takes part."""
    (flow,) = flows
    if flow.last_bid < 1:
        raise ValueError(
            f"price must be 1 tick or more: an asset has none below, got {flow.last_bid}"
        )
    simulation = Simulation(seed, events=events, messages=events)
    simulation.add(flow)
    return simulation
