"""Whatever bots meet: the ledger conserves, capital is not exceeded, no message is malformed."""

from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from agents import Constant, Uniform
from agents.keepers import (
    Ascending,
    AtOnce,
    AuctionKeeper,
    Congestion,
    FlashKeeper,
    Hold,
    Keeper,
    PassiveHolder,
    ProfitShare,
    Sliced,
)
from lob import Kind, Side
from lob.units import SECOND_NS
from tests.examples import examples
from tests.offering import English, Shop, asks, bids, lots_of, selling

UNTIL = 400 * SECOND_NS
latencies = st.one_of(
    st.none(),
    st.integers(1, 5 * SECOND_NS).map(Constant),
    st.integers(1, SECOND_NS).map(lambda low: Uniform(low, 3 * SECOND_NS)),
)
gases = st.one_of(st.integers(0, 30), st.integers(0, 10**6).map(ProfitShare))
styles = st.one_of(
    st.just(AtOnce()), st.just(Hold()), st.integers(2, 5).map(lambda n: Sliced(n, 20 * SECOND_NS))
)
outages = st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True).map(
    lambda ends: [(min(ends) * SECOND_NS, max(ends) * SECOND_NS)]
)


@st.composite
def bots(draw):
    made = []
    congested = draw(st.booleans())
    if congested:
        made.append(Congestion(block_time=7 * SECOND_NS, capacity=draw(st.integers(1, 4)),
                               load=[(0, draw(st.floats(0, 6)), 10.0)]))  # fmt: skip
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from([Keeper, FlashKeeper, PassiveHolder, AuctionKeeper]))
        arguments = {
            "capital": draw(st.sampled_from([100_000, 3_000, 900, 50, 0])),
            "gas": draw(gases),
            "congestion": "congestion" if congested else None,
            "to_venue": draw(latencies),
            "from_venue": draw(latencies),
            "offline": draw(st.one_of(st.just([]), outages)),
        }
        if kind is PassiveHolder:
            arguments["discount"] = draw(st.integers(0, 300_000))
        else:
            arguments["min_profit_bps"] = draw(st.integers(0, 500))
        if kind in (Keeper, AuctionKeeper):
            arguments["inventory_exit"] = draw(styles)
            arguments["funding"] = draw(st.integers(0, 10**6))
        if kind is AuctionKeeper:
            arguments["rule"] = Ascending(draw(st.integers(0, 200_000)), draw(st.integers(1, 120)))
        made.append(kind(f"bot {number}", **arguments))
    return made


@st.composite
def designs(draw):
    if draw(st.booleans()):
        return English(reserve=draw(st.integers(1, 80)))
    rules = {"least": draw(st.integers(1, 6)), "reward": draw(st.integers(0, 50))}
    if draw(st.booleans()):
        return Shop(draw(st.integers(60, 140)), **rules)
    return Shop(top=draw(st.integers(60, 300)), **rules)


@settings(max_examples=examples(120), deadline=None)
@given(
    designs(),
    bots(),
    st.lists(st.integers(1, 30), min_size=1, max_size=5),
    st.integers(0, 12).map(lambda n: 12 - n),
    st.integers(0, 12).map(lambda n: 12 - n),
    st.sampled_from([Side.BUY, Side.SELL]),
)
def test_bots_keep_to_the_rules(design, made, lots, ticks, depth, side):
    if isinstance(design, English):
        side = Side.BUY
    levels = bids(110, ticks, depth + 1) if side == Side.BUY else asks(90, ticks, depth + 1)
    simulation = selling(design, levels, lots=[side * n for n in lots], bots=made)
    # A malformed message raises.
    for step in range(1, 9):
        simulation.run(until=step * UNTIL // 8)
        for bot in made:
            if isinstance(bot, Congestion):
                continue
            if side == Side.BUY:
                # It never owes: capital is not exceeded.
                assert bot.balance() >= 0
            if isinstance(bot, Keeper):
                held = sum(one.lots for one in bot.held.values())
                assert sum(one.cost for one in bot.held.values()) == bot.in_use
                assert bot.locked == sum(2 * one.received for one in bot.held.values())
                if not bot.under_way and not isinstance(bot, AuctionKeeper):
                    assert side * lots_of(simulation, bot) <= held
            under_way = sum(one.lots for one in bot.under_way.values())
            leads = sum(lots for _, lots in getattr(bot, "leading", {}).values())
            assert sum(bot.promised.values()) == under_way + leads
            assert bot.reserved == sum(one.reserved for one in bot.under_way.values())
    simulation.venue.check()
    tags = {lob.LIQUIDATION_TAG + 1 + case for case in range(len(lots))}
    messages = simulation.messages
    asked = messages[(messages["kind"] == Kind.TAKE) | (messages["kind"] == Kind.BID)]
    assert set(asked["order_id"].tolist()) <= tags
    assert (asked["size"] >= 1).all()
    events = simulation.events
    for bot in made:
        traded = events[(events["kind"] == lob.EventKind.TRADE) & (events["owner"] == bot.owner)]
        # What it sells bears the tag of a liquidation, and is no more than it took.
        assert set(traded["tag"].tolist()) <= tags
        if not isinstance(bot, Congestion):
            got = sum(outcome.got for outcome in bot.outcomes)
            assert traded["size"].sum() + side * lots_of(simulation, bot) == got


@settings(max_examples=examples(25), deadline=None)
@given(st.data(), st.integers(1, 399))
def test_forks_go_on_alike(data, at):
    simulation = selling(
        data.draw(designs()), bids(110, 10, 6), lots=[9, 12, 3], bots=data.draw(bots())
    )
    simulation.run(until=at * SECOND_NS)
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=UNTIL)
    assert twin.digest() == simulation.digest()
