"""Whatever a participant asks of clearing, of an offer or of a facility: an answer, never an error.

What is malformed is misuse, and raises before anything is sent; everything else is done or refused
with a reason, and where it is refused nothing has moved.
"""

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import agents
import lob
from lob import EventKind, Kind, Reason
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.collateral import Claim
from lob.clearing.margin import FlatMargin, LoanToValue
from lob.clearing.oracle import Fixed
from lob.clearing.valuation import ClaimValue
from lob.liquidation.designs import make
from lob.units import SECOND_NS
from lob.venue.pool import Pool
from tests.examples import examples
from tests.venues import asking

FIRST, MEMBERS = 1_000, 8
EXTREMES = [0, -1, 1, 2, 7, 100, 2**31, 2**40, 2**61, 2**62 - 1, 2**62, 2**63 - 1, -(2**63)]
SIZES = [1, 2, 7, 100, 2**31, 2**40, 2**50, 2**59, 2**60, 2**61, *EXTREMES]
DRAWN = ("ts_event", "kind", "order_id", "size", "price", "side", "owner")
OTHER_FIELDS = [name for name in lob.MESSAGE.names if name not in DRAWN]
OFFERS = ["fixed-spread", "fixed-spread:morpho", "dutch", "english", "stability-pool", "backstop"]
POSITIONS = [0, 1, 1_000, 2**31, 2**50]
BALANCES = [0, 1, 1_000, 10**6, 2**31, 2**59, 2**60, 2**61]
KINDS = [int(kind) for kind in Kind if kind >= 64]


def build(draw: Any) -> agents.Simulation:
    """Accounts of eight owners, with little or with as much as there can be; what they may ask."""
    amount = st.sampled_from(BALANCES)
    instruments = [
        lob.Instrument("ETH", base="eth"),
        lob.Instrument("COIN", number=1, inverse=True, quote="coin", multiplier=100),
    ]
    facilities = [
        Claim("staked", backing=["eth"], delay=SECOND_NS, rate=2**61, period=SECOND_NS),
        Pool("lp", base="eth", initial=(draw(st.sampled_from([1, 2**40])), 500)),
        Claim("lent", backing=["cash"], issuer="A: lenders", initial=[100]),
        Claim("equity", backing=["eth", "lp", "cash"], issuer=FIRST),
        Claim("both", backing=["eth", "lp", "cash"], initial=[2**61, 0, 1]),
    ]
    mark = draw(st.sampled_from([1, 100, 100, 2**20, 2**40]))
    prices = {"eth": Fixed(mark)}
    clearings = [
        Clearing(
            "A",
            holdings=[
                Holding(Oracle(Fixed(mark)), LoanToValue(700_000, 800_000), asset="eth"),
                Holding(
                    Oracle(ClaimValue("lp", prices=prices)),
                    LoanToValue(600_000, 700_000),
                    asset="lp",
                ),
            ],
            liquidation_engine=make(draw(st.sampled_from(OFFERS))),
        ),
        Clearing(
            "B",
            holdings=[Holding(Oracle(Fixed(mark)), FlatMargin(100_000, 50_000), asset="eth")],
            liquidation_engine=make(draw(st.sampled_from(OFFERS))),
        ),
        Clearing(
            "C",
            holdings=[Holding(Oracle(Fixed(100)), FlatMargin(100_000, 50_000), instrument=1)],
            liquidation_engine=make("market-sale"),
            cash="coin",
        ),
    ]
    simulation = agents.Simulation(
        draw(st.integers(0, 9)),
        instruments=instruments,
        clearings=clearings,
        facilities=facilities,
    )
    venue = simulation.venue
    for i in range(3):
        start = np.array([[draw(st.sampled_from(POSITIONS))], [0]])
        clearings[0].open(FIRST + i, [draw(amount)], start, cross=True)
    clearings[1].open(FIRST + 3, [draw(amount)], [draw(st.sampled_from([0, 5, -5, 2**50]))])
    clearings[2].open(FIRST + 4, [draw(amount)], [draw(st.sampled_from([0, 5, -5]))])
    for i in range(5, 7):
        account = venue.ledger.open_account(owner=FIRST + i)
        for asset in range(len(venue.ledger.assets)):
            if venue.ledger.assets[asset] not in [one.name for one in facilities]:
                venue.ledger.transfer(asset, 0, account, draw(amount))
    # Two that fail, and are on offer.
    lots = min(draw(st.sampled_from([1, 10, 2**40])), 2**60 // mark)
    clearings[0].open(50, [-mark * lots * 99 // 100], [[lots], [0]], cross=True)
    clearings[1].open(51, [-mark * lots * 99 // 100], [lots])
    stocked = draw(st.sampled_from([0, 10, 2**40, 2**60]))
    if stocked:
        facilities[0].stock(stocked, eth=draw(st.sampled_from([1, stocked])))
        facilities[1].stock(
            draw(st.sampled_from([1, stocked])), eth=stocked, cash=draw(st.sampled_from([1, 2**61]))
        )
        facilities[3].found(
            venue.ledger.owner_account(FIRST + 5), draw(st.sampled_from([1, 2**61]))
        )
        facilities[4].stock(1, eth=stocked, cash=-draw(st.sampled_from([1, 2**61])))
    venue.advance(0)
    return simulation


def drawn_message(draw: Any) -> np.ndarray:
    """A message that addresses clearing, an offer or a facility, and may be malformed."""
    kind = draw(st.sampled_from([*KINDS * 4, 0, 0, 71, 128, 255]))
    if kind == 0:
        row = np.zeros(1, lob.MESSAGE)
        row["price"] = draw(st.sampled_from([1, 50, 2**20, 2**40]))
        return row
    if kind in (Kind.TAKE, Kind.BID):
        ids = [lob.LIQUIDATION_TAG + (i << 48) + 1 for i in (0, 1, 0, 1, 2, 3)]
    else:
        ids = [*range(6)]
    ids = draw(st.sampled_from([ids, ids, ids, EXTREMES]))
    owner = FIRST + draw(st.sampled_from([*range(MEMBERS), 5, 6, 5, 6]))
    row = asking(kind, owner, draw(st.sampled_from(ids)), 1)
    row["size"] = draw(st.one_of(st.sampled_from(SIZES), st.integers(1, 2**62 - 1)))
    row["side"] = draw(st.sampled_from([1, -1, 1, -1, 1, -1, 0, 127]))
    row["price"] = draw(st.sampled_from([0, 0, 1, 100, *EXTREMES]))
    for name in draw(st.lists(st.sampled_from(OTHER_FIELDS), max_size=2)):
        bounds = np.iinfo(lob.MESSAGE[name])
        row[name] = min(max(draw(st.sampled_from(EXTREMES)), bounds.min), bounds.max)
    return np.repeat(row, draw(st.sampled_from([1, 1, 4])))


class Extreme(agents.Agent):
    """Sends one message a second, and looks at what each has done."""

    def __init__(self, rows: list[np.ndarray]) -> None:
        super().__init__("extreme", owner=FIRST, members=MEMBERS)
        self.rows = rows
        self.sent = 0

    def on_start(self) -> None:
        """Begin."""
        self.wake_in(SECOND_NS // 3)

    def on_wake(self) -> None:
        """Send the next message."""
        if self.sent == len(self.rows):
            return
        row = self.rows[self.sent]
        if not row["kind"][0]:
            # No message: the world has another price.
            for clearing in self.simulation.clearings[:2]:
                clearing.observe_price(int(row["price"][0]))
            self.sent += 1
            self.wake_in(SECOND_NS // 3)
            return
        self.sent += 1
        self.wake_in(SECOND_NS // 3)
        venue = self.simulation.venue
        before, events = self.balances(), len(venue.events)
        try:
            self.submit_messages(row)
        except ValueError as error:
            if not str(error).startswith("messages[0]: "):
                raise
            assert len(venue.events) == events
            assert (before == self.balances()).all()
            return
        mine = venue.events[events:]
        refused = mine[mine["kind"] == EventKind.REJECTED]
        # A claim may be paid in part: the rest is refused.
        if len(refused) and refused["leaves"][0] in (0, refused["size"][0]):
            assert (before == self.balances()).all(), Reason(int(refused["reason"][0]))
        venue.check()

    def balances(self) -> np.ndarray:
        """Units of all assets on all accounts."""
        ledger = self.simulation.venue.ledger
        return np.array([ledger.balances(i) for i in range(len(ledger.assets))])


@settings(max_examples=examples(40), deadline=None)
@given(st.data())
def test_every_message_is_answered(data):
    try:
        simulation = build(data.draw)
    except OverflowError:
        assume(False)  # more than there can be, before anything is sent
    drawn = [drawn_message(data.draw) for _ in range(data.draw(st.integers(1, 12)))]
    rows = [rows[i : i + 1] for rows in drawn for i in range(len(rows))]
    agent = simulation.add(Extreme(rows))
    simulation.run(until=20 * SECOND_NS)
    assert agent.sent == len(rows)
    simulation.venue.check()
