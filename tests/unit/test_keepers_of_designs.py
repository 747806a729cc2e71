"""Bots in the named designs: who takes what, and what it brings."""

from collections import deque

import pytest

import lob
from agents import Constant, Simulation
from agents.keepers import (
    Ascending,
    AuctionKeeper,
    BackstopProvider,
    FlashKeeper,
    Keeper,
    PassiveHolder,
    ShareOfValue,
    Sliced,
)
from lob import EntryKind, Kind, Reason, Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import make
from lob.liquidation.parts.price_paths import AtBankruptcy
from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.backstop import Backstop, Vault
from lob.units import SECOND_NS
from tests.offering import DEBTOR, Book, English, asks, bids, cash_of, lots_of, selling

MARK = 1_000


def market(designs, bots, *, side=Side.BUY, lots=(20,), depth=5, value=920, seed=1):
    """Accounts that hold lots bought with debt: a lot is worth 1000 and owes ``value``."""
    clearings, first = [], DEBTOR
    for number, design in enumerate(designs):
        clearings.append(
            Clearing(
                f"clearing {number}",
                holdings=[
                    Holding(Oracle(Fixed(MARK)), FlatMargin(200_000, 100_000), instrument=number)
                ],
                liquidation_engine=design,
                insurance_fund=1_000_000,
            )
        )
    instruments = [lob.Instrument("XY"[number], number=number) for number in range(len(designs))]
    simulation = Simulation(seed, instruments=instruments, clearings=clearings)
    owed = value if side == Side.BUY else 2 * MARK - value
    for number, clearing in enumerate(clearings):
        clearing.open(first, [-side * owed * n for n in lots], [side * n for n in lots])
        first += len(lots)
        simulation.add(Book(bids(MARK, 200, depth) + asks(MARK + 1, 200, depth), number))
    for bot in bots:
        simulation.add(bot)
    simulation.venue.refresh()
    return simulation


def keepers():
    return [
        AuctionKeeper(f"keeper {i}", capital=10**6, min_profit_bps=10,
                      to_venue=Constant((i + 1) * SECOND_NS // 10))
        for i in range(3)
    ]  # fmt: skip


NAMES = [
    ("dutch", {}),
    ("dutch:linear", {}),
    ("dutch:exponential", {}),
    ("fixed-spread", {}),
    ("fixed-spread:compound2", {}),
    ("fixed-spread:morpho", {}),
    ("english", {"ttl": 60.0, "tau": 600.0}),
    ("call-auction", {}),
    ("backstop:ftx", {}),
    ("stability-pool", {}),
]


@pytest.mark.parametrize(("name", "parameters"), NAMES, ids=[name for name, _ in NAMES])
@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_every_design_is_served(name, parameters, side):
    bots = [
        *keepers(),
        FlashKeeper("flash", to_venue=Constant(SECOND_NS)),
        PassiveHolder("holder", capital=10**5, discount=10**5),
    ]
    simulation = market([make(name, **parameters)], bots, side=side, lots=(20, 30, 10))
    simulation.run(until=4_000 * SECOND_NS)
    assert simulation.clearings[0].open_cases == 0
    simulation.venue.check()
    for bot in bots:
        assert bot.reserved == 0
        assert bot.following == {}
        assert all(lots == 0 for lots in bot.promised.values())
    for bot in bots[:3]:
        assert lots_of(simulation, bot) == 0
        assert bot.in_use == bot.locked == bot.pledges == 0
    taken = sum(outcome.got for bot in bots for outcome in bot.outcomes)
    if name.startswith(("dutch", "fixed", "english")):
        assert taken > 0


def test_a_stair_step_auction_is_taken_at_the_step_that_pays():
    """1300 falls a hundredth each 90 s: 0.99**27 * 1300 = 991.05, rounded down step by step."""
    keeper = Keeper("keeper", capital=10**6)
    simulation = market([make("dutch", chop=1_000_000)], [keeper], depth=50)
    simulation.run(until=4_000 * SECOND_NS)
    rows = simulation.messages[simulation.messages["kind"] == Kind.TAKE]
    assert rows["ts_event"].tolist() == [27 * 90 * SECOND_NS]
    # It would pay up to what it breaks even at; the price of the moment is what it pays.
    assert rows["price"].tolist() == [MARK]
    price = 991
    # A penalty of nothing: 20 lots owe 18,400, and 19 raise it.
    assert keeper.report().taken == -(-18_400 // price) == 19
    # And a tenth of a per cent of the debt for who takes the last.
    assert cash_of(simulation, keeper) - 10**6 == 19 * (MARK - price) + 18
    simulation.venue.check()


def test_a_fixed_spread_is_taken_at_once():
    keeper = Keeper("keeper", capital=10**6)
    simulation = market([make("fixed-spread:morpho")], [keeper], depth=100)
    simulation.run(until=SECOND_NS)
    rows = simulation.messages[simulation.messages["kind"] == Kind.TAKE]
    assert rows["ts_event"].tolist() == [0]
    price = -keeper.outcomes[0].cash // keeper.outcomes[0].got
    # An incentive of 1 / (1 - 0.3 (1 - 0.86)) = 1.0438...
    assert price == -(-MARK * 10**6 // 1_043_841)
    assert cash_of(simulation, keeper) == 10**6 + keeper.report().taken * (MARK - price)


def test_once_the_debt_is_bid_less_is_taken_for_it():
    """Tend, then dent: 20 lots owe 18,400, a lot brings 1000 less what the book gives way."""
    bots = keepers()
    simulation = market([make("english", chop=1_000_000, ttl=60.0, tau=3_600.0)], bots, depth=100)
    simulation.run(until=4_000 * SECOND_NS)
    won = [bot for bot in bots if bot.report().taken]
    assert len(won) == 1
    lots = won[0].report().taken
    # The last bid of 5 % less is within what is wanted: 18,400 / lots <= 1000 / 1.001.
    assert lots < 20
    assert 18_400 <= lots * MARK / 1.001 < 18_400 * 1.06
    assert cash_of(simulation, won[0]) == 10**6 - 18_400 + lots * MARK
    # The rest is the owner's, free of debt.
    account = simulation.clearings[0].account(simulation.ledger.owner_account(DEBTOR))
    assert account.cash == 0
    assert account.positions == {"X": 20 - lots}
    simulation.venue.check()


def test_a_call_goes_to_who_values_the_lots_most():
    """Nobody else in the book: orders of 950 and 940, and all at one price."""
    holders = [
        PassiveHolder(f"holder {ppm}", capital=10**6, discount=ppm) for ppm in (50_000, 60_000)
    ]
    simulation = market([make("call-auction")], holders, value=920)
    for bot in simulation.agents:
        if isinstance(bot, Book):
            bot.levels = []
    simulation.run(until=10 * SECOND_NS)
    first, second = holders
    assert lots_of(simulation, first) == 20
    assert lots_of(simulation, second) == 0
    paid = simulation.entries[
        (simulation.entries["kind"] == EntryKind.TRADE)
        & (simulation.entries["asset"] == simulation.clearings[0].cash_asset)
    ]["amount"].sum()
    assert 20 * 920 <= paid <= 20 * 950
    assert cash_of(simulation, first) == 10**6 - paid
    assert cash_of(simulation, second) == 10**6
    assert second.open_orders == {}
    assert simulation.books[0].orders().size == 0


def test_one_keeper_with_one_capital_serves_two_venues():
    """A capital of 10 lots: those of one clearing are sold before the other's are taken."""
    keeper = AuctionKeeper("keeper", capital=10_000, min_profit_bps=1)
    simulation = market(
        [make("fixed-spread:morpho"), make("dutch", buf=1_050_000, step=10)], [keeper], depth=100
    )
    simulation.run(until=4_000 * SECOND_NS)
    by_clearing = {}
    for outcome in keeper.outcomes:
        number = (outcome.tag - lob.LIQUIDATION_TAG) >> 48
        by_clearing[number] = by_clearing.get(number, 0) + outcome.got
    assert set(by_clearing) == {0, 1}
    # Ten lots make the first account safe again; the auction sells all.
    assert by_clearing == {0: 10, 1: 20}
    assert keeper.report().peak_capital <= 10_000 + keeper.report().cash
    assert keeper.balance() > 10_000
    simulation.venue.check()


def test_nobody_bids_for_a_right_that_he_cannot_value():
    from lob.liquidation.sealed_bid import SealedBid as Wrapped

    keeper = AuctionKeeper("keeper", capital=10**6, sealed_rule=ShareOfValue(900_000))
    simulation = market([Wrapped(make("fixed-spread:morpho"))], [keeper], depth=100)
    simulation.run(until=100 * SECOND_NS)
    assert keeper.bids_sent == 0
    assert keeper.report().taken == 20
    assert simulation.clearings[0].open_cases == 0


@pytest.mark.parametrize("news", [None, Constant(SECOND_NS)])
def test_news_of_a_refused_bid_says_nothing_of_a_later_one(news):
    # The holder's bid of 1 is below the reserve. Before it hears of that the other has bid 2, and
    # the two have gone up to 95 and more: what it won then is its own.
    holder = PassiveHolder("holder", capital=1_000, discount=0, from_venue=news)
    other = AuctionKeeper("other", capital=1_000, gas=15, rule=Ascending(0, opening=2))
    simulation = selling(English(reserve=2), bids(110, 12, 13), lots=[1], bots=[holder, other])
    simulation.run(until=60 * SECOND_NS)
    assert holder.refused == {Reason.BID_TOO_LOW: 1}
    assert lots_of(simulation, holder) == 1
    assert [one.got for one in holder.outcomes if one.got] == [1]
    assert holder.report().holds == holder.report().taken == 1
    assert holder.pledges == other.pledges == 0


def test_a_fork_of_auctions_goes_on_alike():
    designs = [make("english", ttl=60.0, tau=600.0), make("call-auction")]
    simulation = market(designs, [*keepers(), FlashKeeper("flash")], lots=(7, 9))
    simulation.run(until=8 * SECOND_NS)
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=2_000 * SECOND_NS)
    assert twin.digest() == simulation.digest()
    assert simulation.clearings[0].open_cases == 0


def test_a_backstop_provider_sells_what_its_vault_took_over():
    """Two vaults of one clearing; the provider of the first adds as much as both have."""
    vaults = (Vault("one", 10_000), Vault("two", 10_000))
    design = StagedDesign([Stage(price_path=AtBankruptcy(), takers=Backstop(vaults, split=True))])
    simulation = market([design], [], depth=100)
    clearing = simulation.clearings[0]
    provider = BackstopProvider(
        "provider", clearing=clearing, vault=vaults[0], capital=20_000,
        inventory_exit=Sliced(5, 5 * SECOND_NS),
    )  # fmt: skip
    simulation.add(provider)
    simulation.run(until=0)
    # Rooms of 600 and 200 lots: the 20 are shared as 15 and 5, at the 920 that they owe.
    assert lots_of(simulation, provider) == 15
    assert cash_of(simulation, provider) == 30_000 - 15 * 920
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=60 * SECOND_NS)
    assert twin.digest() == simulation.digest()
    assert lots_of(simulation, provider) == 0
    assert cash_of(simulation, provider) == 30_000 + 15 * (MARK - 920)
    trades = simulation.events[simulation.events["kind"] == lob.EventKind.TRADE]
    assert trades["size"].tolist() == [3] * 5
    assert set(trades["tag"].tolist()) == {lob.LIQUIDATION_TAG + 1}
    assert vaults[0].inventory == deque()
    simulation.venue.check()


def test_a_provider_needs_a_vault_that_leaves_selling_to_it():
    selling, loose = Vault("one", 10, unwind=5), Vault("two", 10)
    simulation = market([StagedDesign([Stage(takers=Backstop((selling,)))])], [])
    clearing = simulation.clearings[0]
    for vault in (selling, loose):
        with pytest.raises(ValueError, match="vault"):
            BackstopProvider("provider", clearing=clearing, vault=vault)
