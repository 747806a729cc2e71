"""Maker, 12 and 13 March 2020: auctions nobody bids in, because bids wait for a full chain.

Cash is a ten-thousandth of a DAI, a lot a hundredth of an ETH, a price is hundredths of a DAI.
"""

import numpy as np

from agents import Constant, Simulation
from agents.keepers import Ascending, AuctionKeeper, Congestion, FixedGas
from agents.random import numpy_stream
from agents.traders import PathMaker
from experiments.metrics.auctions import Auctions, auctions_of, hand_overs
from experiments.metrics.cases import PriceSeries
from experiments.runs.tape_metadata import tape_metadata_of
from experiments.studies.incidents.record import EXACT, Figure, Finding, Incident, Played
from experiments.studies.incidents.scene import prices_over_time
from lob import EntryKind, Instrument
from lob.clearing import Clearing, Holding
from lob.clearing.margin import LoanToValue
from lob.liquidation.designs import make
from lob.units import SECOND_NS

__all__ = ["MAKER"]

DAI = 10_000
HOUR = 3_600.0
HOUR_NS = 3_600 * SECOND_NS
VAULTS, SEED = 400, 1
TOP, BOTTOM, CRASH, HOURS = 19_400, 10_000, 2 * HOUR, 4
END = 20 * HOUR
FACTOR = 0.5
"""Tolerance of the share of zero bids: within a half of it, as keepers' money is not known."""
LOAD = [(0, 6.0, 4_500.0), (round(CRASH) * SECOND_NS, 20.0, 27_000.0),
        (round(10 * HOUR) * SECOND_NS, 6.0, 4_500.0)]  # fmt: skip
"""Transactions of others: from when in ns, how many a block, and their mean bid."""


def crash() -> list[tuple[float, int]]:
    """Ether over time: half of it is gone within four hours, evenly."""
    steps = 40 * HOURS
    fall = np.linspace(TOP, BOTTOM, steps + 1)
    every = HOURS * HOUR / steps
    return [(0.0, TOP)] + [(CRASH + i * every, round(one)) for i, one in enumerate(fall) if i]


def keepers(congested: bool) -> list[AuctionKeeper]:
    """Three scripts with the gas of calm days, one who raises it, and one who bids a cent.

    ``congested``: whether their transactions wait for blocks.
    """
    rows = [(f"script {i + 1}", 1_400_000, 9_000, TOP) for i in range(3)]
    rows += [("raises gas", 800_000, 54_000, TOP), ("opportunist", 800_000, 54_000, 1)]
    return [
        AuctionKeeper(
            name,
            capital=capital * DAI,
            rule=Ascending(50_000, opening, 0),
            min_profit_bps=300,
            gas=FixedGas(gas),
            congestion="chain" if congested else None,
            to_venue=Constant(SECOND_NS),
            review=600 * SECOND_NS,
            retry=60 * SECOND_NS,
        )
        for name, capital, gas, opening in rows
    ]


def day(congested: bool) -> tuple[Simulation, Auctions, int, int]:
    """A run, its auctions, and the debt and the bad debt of vaults that went for zero bids."""
    path = crash()
    times = [round(seconds * SECOND_NS) for seconds, _ in path]
    clearing = Clearing(
        "vaults",
        holdings=[
            Holding(
                prices_over_time(path, lag=HOUR_NS, heartbeat=HOUR_NS, deviation=1_000_000),
                LoanToValue(666_666, 666_666),
            )
        ],
        liquidation_engine=make("english", beg=1_050_000, ttl=600.0, tau=172_800.0, chop=1_130_000,
                                losses="lenders"),
    )  # fmt: skip
    simulation = Simulation(SEED, instruments=[Instrument("ETH")], clearings=[clearing])
    random = numpy_stream(SEED, "vault owners")
    equity = 30_000 * DAI * np.exp(random.standard_normal(VAULTS))
    leverage = np.exp(random.uniform(np.log(1.2), np.log(2.8), VAULTS))
    lots = np.maximum(1, (equity * leverage / TOP).astype(np.int64))
    debts = (lots * TOP * (1 - 1 / leverage)).astype(np.int64)
    clearing.open(1_000_000, -debts, lots)
    marks = [price for _, price in path]
    simulation.add(
        PathMaker(
            "market",
            times=times,
            prices=marks,
            depth=62_000,
            levels=40,
            spread=10,
            interval=60 * SECOND_NS,
        )
    )
    if congested:
        simulation.add(Congestion("chain", block_time=13 * SECOND_NS, capacity=10, load=LOAD,
                                  backlog=500))  # fmt: skip
    for keeper in keepers(congested):
        simulation.add(keeper)
    simulation.run(until=round(END) * SECOND_NS)
    prices = PriceSeries(np.array(times), np.array([float(price) for _, price in path]))
    metadata = tape_metadata_of(simulation)
    found = auctions_of(simulation.entries, metadata, {0: prices})
    assert found is not None
    zeros = {one.tag for one in hand_overs(simulation.entries, metadata, {0: prices})
             if one.is_zero()}  # fmt: skip
    rows = simulation.entries
    bad = rows[(rows["kind"] == EntryKind.BAD_DEBT) & np.isin(rows["tag"], list(zeros))]
    failed = rows[(rows["kind"] == EntryKind.LIQUIDATION) & np.isin(rows["tag"], list(zeros))]
    owed = sum(int(debts[int(row["debit"]) - clearing.account_ranges[0][0]]) for row in failed)
    return simulation, found, owed, int(bad["amount"].sum())


def play() -> Played:
    """The day with a full chain, and with room for everybody."""
    full, seen, owed, bad = day(True)
    roomy, free, _, _ = day(False)
    return Played(
        (
            Finding("share of zero bids", seen.zero_bid_share or 0.0, 0.366, FACTOR),
            Finding("share of zero bids if nobody waits", free.zero_bid_share or 0.0, 0, EXACT),
            Finding("bad debt / debt, of what went for zero bids", bad / max(1, owed), 1, 0.01),
        ),
        (full, roomy),
        (
            Figure("auctions", seen.cases),
            Figure("taken by zero bids", seen.zero_bid_value / DAI, "DAI"),
            Figure("bad debt", seen.shortfall / DAI, "DAI"),
        ),
    )


MAKER = Incident(
    "maker",
    "auctions that are won for nothing, because other bids are in no block",
    "12 and 13 March 2020",
    (
        "36 % of liquidations were zero bids, 1,462 of 3,994; 8.32 M lost, 5.67 M DAI of debt left "
        "(medium.com/@whiterabbit_hq)",
        "vaults fail below 150 %, penalty 13 %, beg 5 %, tau 2 days; the oracle publishes each "
        "hour, an hour late; blocks of 13 s; scripts do not raise their gas, the mean of others' "
        "is six times the calm one",
    ),
    (
        "all that the ready scenario black-thursday has chosen: 400 vaults, blocks with ten "
        "places, three scripts, a keeper who raises gas, an opportunist, and their money",
        "Ether goes from 194 to 100 within four hours, evenly, whoever sells; 20 hours in all",
    ),
    "The share of zero bids, to within a half of it, as it hangs on how much money there is among "
    "those who get through; that there is none where nobody waits for a block; and that a zero "
    "bid leaves the whole debt unpaid.",
    play,
    ("bad debt: 4.5, 5.4, 5.67, 6.65 M",),
)
