"""Each part of the maker market by its own law, most of them exactly."""

import math

import numpy as np
import pytest

import agents
from agents.flow import MakerMarket
from agents.flow.lifetimes import Lifetimes
from agents.flow.placement import Placement
from agents.leverage import MarginTraders, stacked_accounts
from lob import LIQUIDATION_TAG, EventKind, Kind, OrderType, Side
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import BestBid
from lob.liquidation import MarketSale
from lob.units import SECOND_NS

PRICE = 10_000
QUIET = {
    "price": PRICE,
    "clusters": 0.0,
    "limit_rate": 0.0,
    "market_sizes": [1],
    "limit_sizes": [1],
    "volatility": 0.0,
    "impact": 5.0,
    "gap": 10.0,
    "distances": [1, 2, 3, 5, 8],
    "answers": (0.0, 0.0, 0.0),
}
"""Nothing happens of itself."""
BUSY = {
    **QUIET,
    "clusters": 0.5,
    "limit_rate": 20.0,
    "market_sizes": [1, 2, 5, 10, 50],
    "limit_sizes": [1, 3, 10],
    "volatility": 2.0,
    "impact": 1.0,
    "answers": (1.0, 1.0, 1.0),
    "metaorders": 3,
    "metaorder_rate": 0.2,
}


class Trader(agents.Agent):
    """Sends market orders at given times: ``(seconds, lots)``, above 0 to buy."""

    def __init__(self, name, orders, **others):
        super().__init__(name, **others)
        self.plan = list(orders)

    def on_start(self):
        for seconds, _ in self.plan:
            self.wake_in(int(seconds * SECOND_NS))

    def on_wake(self):
        _, lots = self.plan.pop(0)
        (self.buy if lots > 0 else self.sell)(abs(lots))


class Maker(agents.Agent):
    """Rests a large order on either side, ten ticks from the start."""

    def on_start(self):
        self.buy(10**6, PRICE - 10)
        self.sell(10**6, PRICE + 10)


def ran(*traders, seconds=60.0, seed=1, **parameters):
    simulation = agents.Simulation(seed)
    one = simulation.add(MakerMarket("flow", **parameters))
    for trader in traders:
        simulation.add(trader)
    simulation.run(until=int(seconds * SECOND_NS))
    return simulation, one


def moves(plans, seconds=10.0, **parameters):
    """The move of the fair value, as a logarithm in units of 5 bps, that others' orders make."""
    traders = [Trader(f"trader {i}", plan) for i, plan in enumerate(plans)]
    # A kick of one lot at the very end makes the flow look; that of a new source is known.
    last = Trader("last", [(seconds, 1)])
    _, one = ran(Maker("maker"), *traders, last, seconds=seconds, **{**QUIET, **parameters})
    return math.log(one.fair_value / PRICE) / 5e-4 - 1


# ---------------------------------------------------------------- fair value


def test_a_fresh_source_moves_the_fair_value_by_the_square_root_of_its_volume():
    assert moves([[(10.0, 16)]]) == pytest.approx(4.0)
    assert moves([[(10.0, -9)]]) == pytest.approx(-3.0)


def test_a_source_is_known_by_its_owner():
    # 9 + 16 lots of one are 25; of two they are two fresh sources.
    assert moves([[(10.0, 9), (10.0, 16)]]) == pytest.approx(5.0)
    assert moves([[(10.0, 9)], [(10.0, 16)]]) == pytest.approx(7.0)
    # Who sells what he has bought leaves nothing.
    assert moves([[(10.0, 9), (10.0, -9)]]) == pytest.approx(0.0, abs=1e-9)


def test_sources_that_are_not_recognised_are_one():
    traders = [[(10.0, 9)], [(10.0, 16)]]
    # The one lot at the end is of the same source: sqrt(26).
    found = moves(traders, recognise_sources=False) + 1
    assert found == pytest.approx(math.sqrt(26))


def test_part_of_a_move_stays_and_the_rest_decays_at_three_rates():
    lasting, rates = 0.44, (0.008, 0.003, 0.001)
    for age in (0.0, 100.0, 1_000.0, 100_000.0):
        left = lasting + (1 - lasting) / 3 * sum(math.exp(-rate * age) for rate in rates)
        assert moves([[(10.0, 16)]], seconds=10 + age) == pytest.approx(4 * left)


def test_volume_is_forgotten():
    # After ln 4 / 0.01 s a quarter of 64 lots is still known: the next 9 add sqrt(25) - sqrt(16).
    later = 10 + math.log(4) / 0.01
    found = moves(
        [[(10.0, 64), (later, 9)]], seconds=later, forgetting=0.01, permanent=1.0, decays=[0.0]
    )
    assert found == pytest.approx(8 + 1, abs=1e-6)


def test_sizes_and_impact_scale_together():
    assert moves([[(10.0, 700)]], size=7) + 1 == pytest.approx(10 + math.sqrt(1 / 7))


def test_a_trade_between_others_counts_like_any():
    """The flow has no order in the book: it hears of the trade as everybody does."""
    _, one = ran(
        Maker("maker"), Trader("trader", [(1.0, 4)]), depth=0, **{**QUIET, "permanent": 1.0}
    )
    trade = math.log(one.fair_value / PRICE) / 5e-4
    assert one.live == 0
    assert trade == pytest.approx(2.0)


def test_news_have_their_volatility():
    """Over 4,000 s the logarithm has the variance of 16 jumps' sum: Laplace, 2,000 of them."""
    found = []
    for seed in range(200):
        _, one = ran(
            seconds=1_000,
            seed=seed,
            **{**QUIET, "volatility": 3.0, "news_rate": 0.5, "news_followers": 0.5},
        )
        found.append(math.log(one.fair_value / PRICE) / math.sqrt(1_000) * 1e4)
    # Standard error of a variance of 200 draws: 10 %, a little more where they are clustered.
    assert np.mean(np.square(found)) == pytest.approx(9.0, rel=0.45)


# ---------------------------------------------------------------- lifetimes

AGES, HAZARD = [0.5, 2.0, 10.0], [1.0, 0.3, 0.0, 0.05]


def test_lifetimes_have_the_hazard_that_was_asked_for():
    law = Lifetimes(AGES, HAZARD)
    for luck in np.linspace(0.001, 0.999, 101).tolist():
        assert law.survival(law.draw(luck)) == pytest.approx(1 - luck)
        # Of those that are older than 1 s already.
        assert law.survival(1 + law.draw(luck, 1.0)) == pytest.approx(
            law.survival(1.0) * (1 - luck)
        )
    grid = np.linspace(0, 400, 400_001)
    alive = [law.survival(float(age)) for age in grid]
    assert law.mean == pytest.approx(np.trapezoid(alive, grid), rel=1e-4)


def test_the_book_begins_with_as_many_orders_as_it_would_have():
    """A Poisson number with mean rate x lifetime: 20 / s x 4.5 s, so about 90 with deviation 9.5.

    Those on which the price would have moved are left out: none without volatility.
    """
    parameters = {**QUIET, "limit_rate": 20.0, "ages": AGES, "hazard": [1.0, 0.3, 0.2, 0.1]}
    law = Lifetimes(AGES, [1.0, 0.3, 0.2, 0.1])
    _, first = ran(seconds=0, **parameters)
    _, later = ran(seconds=60, **parameters)
    for one in (first, later):
        assert abs(one.live - 20 * law.mean) < 4 * math.sqrt(20 * law.mean)


def test_orders_far_behind_stay_longer():
    """With all of them 12 ticks behind and patience 4, three times as long: 20 / s x 3 x 2 s rest.

    That many from the start.
    """
    parameters = {
        **QUIET, "limit_rate": 20.0, "distances": [12], "join": 0.0, "gap": 1e6, "ages": [],
        "hazard": [0.5], "patience": 4.0,
    }  # fmt: skip
    for seconds in (0, 60):
        _, one = ran(Maker("maker"), seconds=seconds, **parameters)
        assert abs(one.live - 120) < 4 * math.sqrt(3 * 120)
    _, one = ran(Maker("maker"), seconds=60, **{**parameters, "patience": 0.0})
    assert abs(one.live - 40) < 4 * math.sqrt(40)


def test_orders_leave_at_the_hazard_of_their_age():
    simulation, _ = ran(
        seconds=2_000, depth=0, **{**QUIET, "limit_rate": 20.0, "ages": AGES, "hazard": HAZARD}
    )
    events = simulation.events
    born = events[events["kind"] == EventKind.ACCEPTED]
    gone = events[events["kind"] == EventKind.CANCELLED]
    ages = dict(zip(gone["order_id"].tolist(), gone["ts_event"].tolist(), strict=True))
    law = Lifetimes(AGES, HAZARD)
    early = born[born["ts_event"] < 1_900 * SECOND_NS]
    lived = np.array([
        (ages.get(order, 2**62) - ts) / SECOND_NS
        for order, ts in zip(early["order_id"].tolist(), early["ts_event"].tolist(), strict=True)
    ])  # fmt: skip
    for age in (0.2, 1.0, 5.0, 20.0):
        share = law.survival(age)
        error = math.sqrt(share * (1 - share) / len(lived))
        assert abs((lived > age).mean() - share) < 4 * error


# ---------------------------------------------------------------- market orders


def own_markets(simulation, one):
    messages = simulation.messages
    own = (messages["owner"] == one.owner) & (messages["order_type"] == OrderType.MARKET)
    return messages[own & (messages["kind"] == Kind.NEW)]


def test_clusters_grow_by_their_followers():
    """Their mean size is 1 / (1 - n), its variance n / (1 - n)^3; here n = 0.6 and 1,000 clusters.

    The number of market orders is 2,500 with standard error sqrt(1,000 (2.5^2 + 0.6 / 0.4^3)).
    """
    simulation, one = ran(
        seconds=2_000,
        **{
            **QUIET,
            "clusters": 0.5,
            "limit_rate": 20.0,
            "impact": 0.0,
            "followers": (0.3, 0.2, 0.1),
            "follower_rates": (100.0, 5.0, 1.0),
            "same_side": (1.0, 1.0, 1.0),
        },
    )
    sent = own_markets(simulation, one)
    error = math.sqrt(1_000 * (2.5**2 + 0.6 / 0.4**3))
    assert abs(len(sent) - 2_500) < 4 * error
    # Clusters are 2 s apart and last less: a market order mostly has the side of the last.
    assert (sent["side"][1:] == sent["side"][:-1]).mean() > 0.7


def test_followers_have_the_other_side_where_they_are_told_to():
    simulation, one = ran(
        seconds=20_000,
        **{
            **QUIET,
            "clusters": 0.01,
            "limit_rate": 20.0,
            "followers": (0.5, 0.0, 0.0),
            "same_side": (0.0, 0.0, 0.0),
        },
    )
    sent = own_markets(simulation, one)
    # Clusters are 100 s apart and last some 10 ms.
    follows = np.diff(sent["ts_event"]) < SECOND_NS
    assert follows.sum() > 100
    turns = sent["side"][1:] != sent["side"][:-1]
    assert turns[follows].mean() > 0.6
    assert 0.3 < turns[~follows].mean() < 0.7


def test_metaorders_are_pieces_of_one_side():
    simulation, one = ran(
        seconds=1_000,
        **{
            **QUIET,
            "limit_rate": 20.0,
            "impact": 0.0,
            "followers": (0.0, 0.0, 0.0),
            "metaorders": 1,
            "metaorder_rate": 2.0,
            "beta": 1.2,
        },
    )
    side = own_markets(simulation, one)["side"]
    assert abs(len(side) - 2_000) < 4 * math.sqrt(2_000)
    runs = np.diff(np.flatnonzero(np.diff(side) != 0))
    assert (side[1:] == side[:-1]).mean() > 0.7
    assert runs.max() > 30


def test_no_market_order_asks_for_more_than_the_best_price_has():
    simulation, one = ran(seconds=300, **BUSY)
    events = simulation.events
    trades = events[(events["kind"] == EventKind.TRADE) & (events["owner"] == one.owner)]
    prices = {}
    for order, price in zip(trades["order_id"].tolist(), trades["price"].tolist(), strict=True):
        assert prices.setdefault(order, price) == price
    assert len(prices) > 100
    sizes = own_markets(simulation, one)["size"]
    assert sizes.std() > 0.5 * sizes.mean()
    # Whole: nothing of a market order is dropped for want of liquidity.
    assert (trades["size"].sum()) == sizes.sum()


# ---------------------------------------------------------------- limit orders

PLACES = {
    "distances": [1, 2, 5, 8], "join": 0.25, "undercut": 0.5, "reach": 0.5, "least_gap": 2.0
}  # fmt: skip


@pytest.mark.parametrize("side", [1, -1])
def test_a_limit_order_goes_inside_by_the_gap_to_the_fair_value(side):
    """By hand, with 10 ticks between best price and fair value: on the other side mirrored."""
    law = Placement(10.0, **PLACES)

    def at(where, far, best=-10.0, fair=0.0, other=10):
        price = law.price_at(
            side, 1_000 + side * fair, 1_000 + int(side * best), 1_000 + side * other, where, far
        )
        return side * (price - 1_000)

    # 10^2 / (10^2 + 10^2): half go inside, and half of those by a tick.
    assert at(0.49, 0.49) == -9
    assert at(0.49, 0.51) == -9  # up to 5 ticks more
    assert at(0.49, 0.999) == -5
    assert at(0.51, 0.5) == -10  # joins
    assert at(0.5 + 0.125 - 0.001, 0.5) == -10
    assert [at(0.63, far) for far in (0.1, 0.3, 0.6, 0.9)] == [-11, -12, -15, -18]
    # The chance falls with the gap: 2^2 / (2^2 + 10^2).
    assert at(0.038, 0.0, best=-3, fair=-1.0) == -3  # nearer than least_gap: back again
    assert at(0.038, 0.0, best=-7, fair=-5.0, other=2) == -7
    assert at(0.04, 0.0, best=-7, fair=-5.0) == -7
    # A best price that is stale is not joined, and the opposite one is not met.
    assert at(0.0, 0.0, best=5) == -2
    assert at(0.0, 0.9, best=-50, other=-48) == -49


def test_a_trade_of_somebody_else_is_answered():
    """A Poisson number with mean 3 + 2 + 1 each, over 200 seeds."""
    counts, delays = [], []
    for seed in range(1_000, 1_200):
        simulation, one = ran(
            Maker("maker"),
            Trader("trader", [(1.0, 5)]),
            seed=seed,
            **{
                **QUIET,
                "answers": (3.0, 2.0, 1.0),
                "answer_rates": (100.0, 10.0, 1.0),
                "answer_same": (1.0, 1.0, 1.0),
            },
        )
        new = simulation.messages
        new = new[(new["owner"] == one.owner) & (new["kind"] == Kind.NEW) & (new["ts_event"] > 0)]
        assert (new["side"] == Side.BUY).all()
        counts.append(len(new))
        delays += ((new["ts_event"] - SECOND_NS) / SECOND_NS).tolist()
    assert abs(np.mean(counts) - 6) < 4 * math.sqrt(6 / 200)
    # The mean delay is (3 / 100 + 2 / 10 + 1 / 1) / 6, and below 10 ms come 63 % of the fast ones.
    assert np.mean(delays) == pytest.approx(1.23 / 6, rel=0.25)
    assert np.mean(np.array(delays) < 0.01) == pytest.approx(0.36, abs=0.055)


def test_stale_quotes_are_pulled_and_the_book_follows_the_fair_value():
    """100 lots in 10 s are 100 bps, that is 100 ticks."""
    calm = {**BUSY, "impact": 10.0, "clusters": 0.0, "metaorder_rate": 0.0}
    buyer = Trader("buyer", [(50.0 + i, 10) for i in range(10)])
    simulation, one = ran(buyer, seconds=49, **calm)
    before, book = one.fair_value, simulation.books[0]
    assert abs(0.5 * (book.best_bid + book.best_ask) - before) < 20
    simulation.run(until=70 * SECOND_NS)
    assert one.fair_value > before + 70
    assert abs(0.5 * (book.best_bid + book.best_ask) - one.fair_value) < 20


def test_makers_thin_out_where_the_fair_value_moves_and_come_back():
    parameters = {**QUIET, "limit_rate": 50.0, "calm": 1.0, "thinning": 1.0, "calming": 0.01}
    seller = Trader("seller", [(100.0, -10_000)])
    simulation, one = ran(Maker("maker"), seller, seconds=99, **parameters)
    assert one.standing_share == 1.0

    def sent(since, until):
        new = simulation.messages
        mine = (new["owner"] == one.owner) & (new["kind"] == Kind.NEW)
        ts = new["ts_event"] / SECOND_NS
        return int((mine & (ts >= since) & (ts < until)).sum())

    simulation.run(until=110 * SECOND_NS)
    # A move of 5 % at once: sqrt(0.01) x 500 bps is 50 times calm, and so less than the least.
    assert one.standing_share == pytest.approx(0.1)
    assert sent(100, 110) < 0.3 * sent(80, 90)
    simulation.run(until=3_000 * SECOND_NS)
    assert one.standing_share == 1.0
    assert sent(2_900, 2_910) > 0.7 * sent(80, 90)


# ---------------------------------------------------------------- twins


def test_twins_share_market_orders_news_and_luck():
    """What others do moves no draw: their luck, not only their law, is that of the other run."""
    alone, one = ran(seconds=300, **BUSY)
    sold = Trader("seller", [(10.0 + i, -20) for i in range(100)])
    full, other = ran(sold, seconds=300, **BUSY)

    def sent(simulation, participant):
        rows = own_markets(simulation, participant)
        return set(zip(rows["ts_event"].tolist(), rows["side"].tolist(), strict=True))

    # One that meets an empty side is not sent.
    shared = sent(alone, one) & sent(full, other)
    assert len(shared) > 0.97 * max(len(sent(alone, one)), len(sent(full, other)))
    # Limit orders: those that come by themselves and in answer to the flow's own are all shared.
    ours, theirs = (
        set(rows["ts_event"][(rows["kind"] == Kind.NEW) & (rows["owner"] == one.owner)].tolist())
        for rows in (alone.messages, full.messages)
    )
    assert ours <= theirs
    # The fair values differ by what was sold alone: 2,000 lots, of which part is forgotten again.
    lots = int(full.events["size"][full.events["owner"] == sold.owner].sum())
    apart = math.log(one.fair_value / other.fair_value) / 1e-4
    assert 0.6 * math.sqrt(2_000) < apart < math.sqrt(2_000), lots


def test_an_order_of_a_later_hour_changes_nothing_before():
    alone, _ = ran(seconds=100, **BUSY)
    full, _ = ran(Trader("seller", [(90.0, -20)]), seconds=100, **BUSY)
    ours, theirs = (rows[rows["ts_event"] < 90 * SECOND_NS] for rows in (alone.events, full.events))
    assert len(ours) > 1_000
    assert ours.tobytes() == theirs.tobytes()


def test_sides_do_not_empty():
    simulation, _ = ran(seconds=1_800, **BUSY)
    simulation.follow_quotes()
    simulation.run(until=3_600 * SECOND_NS)
    quotes = simulation.quotes()
    assert (quotes["bid_size"] > 0).all()
    assert (quotes["ask_size"] > 0).all()


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"price": 0}, "price must be 1 tick or more, got 0"),
        ({"clusters": -1}, "clusters must be finite and at least 0, got -1"),
        ({"market_sizes": []}, "market_sizes must not be empty"),
        ({"limit_sizes": [0]}, r"limit_sizes\[0\] must be .* got 0"),
        ({"distances": []}, "distances must not be empty"),
        ({"distances": [0]}, r"distances\[0\] must be .* got 0"),
        ({"gap": 0}, "gap must be finite and above 0, got 0"),
        ({"followers": (0.5, 0.3, 0.2)}, "followers must sum to less than 1"),
        ({"followers": (0.5, 0.3)}, "followers must have 3 entries, got 2"),
        ({"same_side": (1.1, 1, 1)}, "same_side must be at most 1"),
        ({"answer_same": (1, 1, 2)}, "answer_same must be at most 1"),
        ({"answer_rates": (1, 0, 1)}, "answer_rates must be above 0"),
        ({"metaorder_rate": 1.0}, "metaorder_rate must be 0 without metaorders, got 1.0"),
        ({"beta": 1.0}, "beta must be .* got 1.0"),
        ({"hazard": [1.0]}, "hazard must have 13 entries, got 1"),
        ({"ages": [2, 1], "hazard": [1, 1, 1]}, "ages must be above 0 and rise"),
        ({"ages": [1], "hazard": [1, 0]}, "hazard must end above 0"),
        ({"news_followers": 1}, "news_followers must be .* got 1"),
        ({"permanent": 1.5}, "permanent must be .* got 1.5"),
        ({"decays": [1] * 9}, "decays must have at most 8 entries, got 9"),
        ({"thinning": -1}, "thinning must be .* got -1"),
        ({"least_share": 0}, "least_share must be .* got 0"),
        ({"recognise_sources": 1}, "recognise_sources must be True or False, got 1"),
        ({"forced_sources": "venue"}, "forced_sources must be .*account.*engine.*venue"),
        ({"depth": -1}, "depth must be .* got -1"),
        ({"limit_rate": 1e9, "clusters": 1}, "depth must be given"),
    ],
)
def test_what_is_wrong_is_named_and_shown(wrong, complaint):
    MakerMarket("right", **QUIET)
    with pytest.raises((TypeError, ValueError), match=complaint):
        MakerMarket("wrong", **{**QUIET, **wrong})


# ---------------------------------------------------------------- forced sales


@pytest.mark.parametrize("forced_sources", ["account", "engine"])
def test_each_account_that_is_sold_out_is_a_source_or_the_engine_is_one(forced_sources):
    """The fair value falls by the sum over sources of the square root of what each has sold.

    A sale of 4,000 lots takes forty ticks of 100 lots, and with them 10-lot accounts that fail one
    tick apart. Nothing of it decays.
    """
    holding = Holding(Oracle(BestBid(0)), FlatMargin(0, 0), instrument=0)
    clearing = Clearing(holdings=[holding], liquidation_engine=MarketSale())
    simulation = agents.Simulation(1, clearings=[clearing])
    parameters = {**QUIET, "impact": 0.1, "permanent": 1.0}
    one = simulation.add(MakerMarket("flow", depth=0, forced_sources=forced_sources, **parameters))

    class Ladder(agents.Agent):
        def on_start(self):
            for tick in range(500):
                self.buy(100, PRICE - tick)
                self.sell(100, PRICE + 1 + tick)

    simulation.add(Ladder("ladder"))
    accounts = stacked_accounts(price=PRICE, ticks=100, lots_per_tick=20, size=10)
    simulation.add(MarginTraders("accounts", accounts))
    simulation.add(Trader("seller", [(1.0, -4_000)]))
    simulation.run(until=2 * SECOND_NS)
    trades = simulation.events[simulation.events["kind"] == EventKind.TRADE]
    trades = trades[trades["ts_event"] == SECOND_NS]
    sources = trades["owner"].astype(np.int64)
    if forced_sources == "engine":
        sources[trades["tag"] >= LIQUIDATION_TAG] = -1
    owners, which = np.unique(sources, return_inverse=True)
    assert len(owners) == 2 if forced_sources == "engine" else len(owners) > 50
    fell = np.sqrt(np.bincount(which, trades["size"])).sum()
    assert math.log(one.fair_value / PRICE) == pytest.approx(-0.1e-4 * fell)
