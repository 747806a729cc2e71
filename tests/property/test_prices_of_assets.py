"""An asset has no price below 1 tick: no order of any agent here asks for one.

Each market starts a few ticks above that, and every agent that quotes prices of its own takes part
in some of them: flows, makers, value traders, chartists, executors.
"""

from hypothesis import example, given
from hypothesis import strategies as st

import agents
from agents.flow import Hawkes, LongMemory, MakerMarket, Poisson, QueueReactive, ZeroIntelligence
from agents.traders import (
    TWAP,
    AdaptiveMakers,
    AvellanedaStoikov,
    Executor,
    Fundamental,
    FundamentalChartists,
    GueantLehalleFernandezTapia,
    InventoryLimit,
    LadderMaker,
    MomentumTraders,
    NoiseTraders,
    SizeMixture,
    StressSensitiveMaker,
    ValueTraders,
)
from lob import Instrument, Kind, OrderType, Side
from lob.units import SECOND_NS

UNTIL = 60 * SECOND_NS
SIZES = SizeMixture([("normal", 5.0, 1.0, 1.0)])
SESSION = {"opens": 0, "closes": UNTIL}
LADDER = {"every": SECOND_NS, "levels": 4, "offset": 1.0, "step": 1, "size": 5}
AVERSE = {"risk_aversion": 0.1, "sigma": 2.0, "decay": 0.5, "every": SECOND_NS, "size": 5}
QUEUES = {
    "limit": [[1.0] * 8] * 3,
    "cancel": [[0.3 * n for n in range(8)]] * 3,
    "market": [[0.0] + [0.5] * 7, [0.0] * 8, [0.0] * 8],
}


FLOWS = {
    "zero intelligence": lambda name, price: ZeroIntelligence(
        name, price=price, alpha=0.5, mu=3.0, delta=0.1, window=10, depth=None
    ),
    "poisson": lambda name, price: Poisson(
        name, price=price, lambda_=[1.0] * 8, theta=[0.2] * 8, mu=2.0, depth=None
    ),
    "long memory": lambda name, price: LongMemory(
        name, price=price, metaorders=2, beta=1.5, mu=4.0, alpha=0.5, delta=0.1, window=8
    ),
    "hawkes": lambda name, price: Hawkes(
        name,
        price=price,
        baseline=[3.0, 3.0, 1.0, 1.0, 0.5, 0.5],
        excitation=[[0.05] * 6] * 6,
        decay=2.0,
        placement=[1.0] * 8,
        theta=0.1,
    ),
    "queue-reactive": lambda name, price: QueueReactive(
        name, price=price, theta=0.7, theta_reinit=0.2, **QUEUES
    ),
    "makers": lambda name, price: MakerMarket(
        name,
        price=price,
        clusters=0.5,
        limit_rate=10.0,
        market_sizes=[1, 5],
        limit_sizes=[1, 2],
        volatility=200.0,
        impact=500.0,
        gap=3.0,
        distances=[1, 2, 5, 20],
    ),
}
OTHERS = {
    "ladder": lambda name, price: LadderMaker(name, start_price=price, **LADDER),
    "stress": lambda name, price: StressSensitiveMaker(
        name, start_price=price, limits=[InventoryLimit(lots=20)], cool_down=SECOND_NS, **LADDER
    ),
    "avellaneda-stoikov": lambda name, price: AvellanedaStoikov(
        name, start_price=price, horizon=30 * SECOND_NS, **AVERSE
    ),
    "gueant-lehalle": lambda name, price: GueantLehalleFernandezTapia(
        name, start_price=price, bound=3, intensity=1.0, **AVERSE
    ),
    "adaptive": lambda name, price: AdaptiveMakers(
        name, 2, mean_gap=5.0, first_window=4.0, **SESSION
    ),
    "value": lambda name, price: ValueTraders(
        name,
        5,
        fundamental=Fundamental(1, "worth", mean=price, reversion=0.1, volatility=1.0),
        sizes=SIZES,
        rate=0.5,
        mean=price,
        reversion=0.1,
        volatility=5.0,
        noise_variance=25.0,
        **SESSION,
    ),
    "noise": lambda name, price: NoiseTraders(name, 20, sizes=SIZES, **SESSION),
    "momentum": lambda name, price: MomentumTraders(
        name, 5, sizes=SIZES, mean_gap=1.0, short_window=2, long_window=4, **SESSION
    ),
    "chartists": lambda name, price: FundamentalChartists(
        name,
        20,
        fundamental=price,
        step=SECOND_NS,
        steps=60,
        orders_per_step=3,
        weights=(1.0, 0.0, 1.0),
        noise_scale=0.3,
        windows=(5, 20),
        patience=(5, 10),
        margins=(0.0, 0.8),
    ),
    "buyer": lambda name, price: Executor(
        name, side=Side.BUY, size=60, schedule=TWAP(30 * SECOND_NS, 20), passive=True
    ),
    "seller": lambda name, price: Executor(
        name, side=Side.SELL, size=600, schedule=TWAP(30 * SECOND_NS, 20), passive=True
    ),
}


def lowest_prices(seed, price, chosen):
    """By agent, the lowest price in ticks at which it sent an order to rest or to be moved to."""
    simulation = agents.Simulation(
        seed, instruments=[Instrument("asset", number=0)], max_things_at_one_time=2**14
    )
    for name in chosen:
        simulation.add((FLOWS | OTHERS)[name](name, price))
    simulation.run(until=UNTIL)
    rows = simulation.messages
    priced = (rows["kind"] == Kind.REPLACE) | (
        (rows["kind"] == Kind.NEW) & (rows["order_type"] == OrderType.LIMIT)
    )
    found = {}
    for agent in simulation.agents:
        own = (rows["owner"] >= agent.owner) & (rows["owner"] < agent.owner + agent.members)
        if (own & priced).any():
            found[agent.name] = int(rows["price"][own & priced].min())
    return found


@given(
    seed=st.integers(0, 2**20),
    price=st.integers(1, 12),
    flow=st.sampled_from(sorted(FLOWS)),
    others=st.lists(st.sampled_from(sorted(OTHERS)), unique=True, max_size=4),
)
# Ladders cut off at one tick made the book lean again and again, at one moment, for ever.
@example(seed=3, price=1, flow="poisson", others=["adaptive"])
def test_nobody_asks_for_a_price_that_an_asset_does_not_have(seed, price, flow, others):
    assert min(lowest_prices(seed, price, [flow, *others]).values(), default=1) >= 1
