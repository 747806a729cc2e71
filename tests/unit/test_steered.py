"""A seller that is told what to do, and sales that are stepped side by side."""

import numpy as np
import pytest

import agents
import lob
from agents.flow import ZeroIntelligence
from agents.steered import ENGINE_FACTS, KEEPER_FACTS, MAX_LOTS, Sales, SteeredSeller

BIDS = ((100, 10), (99, 10), (97, 30))
ASKS = ((104, 10), (105, 10))
SECOND = 1_000_000_000


class Quotes(agents.Agent):
    """Rests the same orders from the beginning, and never does anything else."""

    def on_start(self):
        for price, size in BIDS:
            self.buy(size, price=price)
        for price, size in ASKS:
            self.sell(size, price=price)


def quoted(name="sale", **arguments):
    simulation = agents.Simulation(seed=1)
    simulation.add(Quotes("quotes"))
    seller = simulation.add(SteeredSeller(name, **arguments))
    simulation.run(until=SECOND)
    return seller


def flowing(seed, **arguments):
    simulation = agents.Simulation(seed, **arguments)
    simulation.add(
        ZeroIntelligence("flow", price=1_000, alpha=2.0, mu=20.0, delta=0.2, window=50, depth=None)
    )
    seller = simulation.add(SteeredSeller("sale"))
    simulation.run(until=SECOND)
    return seller


def sales(count=1, **changes):
    given = {"lots": 40, "step_ns": SECOND // 10, "steps": 5, "reach": 10, **changes}
    return Sales(count, **given)


def rows(*actions):
    return np.array(actions, np.float32)


def facts(many, index=0):
    return dict(zip(many.names, many.facts[index].tolist(), strict=True))


ONE = np.ones(1, np.bool_)


# ---------------------------------------------------------------------------- the seller


def test_an_order_at_market_walks_the_book_and_leaves_nothing():
    seller = quoted(inventory=60)
    seller.sell(60)
    seller.simulation.run(until=2 * SECOND)
    assert (seller.sold, seller.inventory, seller.working) == (50, 10, 0)
    assert seller.cash == 10 * 100 + 10 * 99 + 30 * 97
    assert seller.simulation.books[0].best_bid is None


def test_a_limit_waits_and_the_next_word_takes_its_place():
    seller = quoted(inventory=30)
    seller.sell(15, price=100)
    seller.simulation.run(until=2 * SECOND)
    assert (seller.sold, seller.working, seller.cash) == (10, 5, 1_000)
    assert seller.simulation.books[0].best_ask == 100
    seller.sell(20, price=102)
    seller.simulation.run(until=3 * SECOND)
    assert (seller.sold, seller.working, seller.simulation.books[0].best_ask) == (10, 20, 102)
    seller.sell(0)
    seller.simulation.run(until=4 * SECOND)
    assert (seller.inventory, seller.working, seller.simulation.books[0].best_ask) == (20, 0, 104)


def test_what_others_take_is_sold():
    seller = quoted(inventory=30)
    seller.sell(12, price=103)
    seller.simulation.run(until=2 * SECOND)

    class Buyer(agents.Agent):
        def on_start(self):
            self.buy(5)

    seller.simulation.add(Buyer("buyer"))
    seller.simulation.run(until=3 * SECOND)
    assert (seller.sold, seller.working, seller.inventory, seller.cash) == (5, 7, 25, 515)


def test_until_it_sells_a_market_with_it_is_the_same():
    with_it = flowing(7).simulation
    without = agents.Simulation(7)
    without.add(
        ZeroIntelligence("flow", price=1_000, alpha=2.0, mu=20.0, delta=0.2, window=50, depth=None)
    )
    without.run(until=SECOND)
    assert with_it.digest() == without.digest()


def test_a_fork_goes_on_alike():
    seller = flowing(3)
    sale = sales(lots=200)
    sale.begin(0, seller)
    sale.step(rows((0.5, 0.4)), ONE)
    twin = seller.simulation.fork()
    for one in (seller.simulation, twin):
        one["sale"].sell(50)
        one.run(until=3 * SECOND)
    assert twin.digest() == seller.simulation.digest()
    assert twin["sale"].cash == seller.cash


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"inventory": -1}, "inventory must be 0 to 2097152, got -1"),
        ({"inventory": MAX_LOTS + 1}, "inventory must be 0 to 2097152, got 2097153"),
        ({"inventory": 1.5}, "inventory must be an integer, got 1.5"),
        ({"instrument": -1}, "instrument must be 0 to 65535, got -1"),
    ],
)
def test_a_seller_of_nonsense_is_refused(arguments, says):
    with pytest.raises((TypeError, ValueError), match=says):
        SteeredSeller("sale", **arguments)


def test_words_of_nonsense_are_refused():
    with pytest.raises(ValueError, match="sell needs a run"):
        SteeredSeller("sale").sell(0)
    with pytest.raises(ValueError, match="instrument must be 0 to 0, got 1"):
        quoted(instrument=1)
    seller = quoted(inventory=5)
    with pytest.raises(ValueError, match="size must be 0 to 5, got 6"):
        seller.sell(6)
    with pytest.raises(ValueError, match="price"):
        seller.sell(5, price=2**41)


# ---------------------------------------------------------------------------- an engine's sale


def test_an_engines_steps_to_the_unit():
    sale = sales()
    sale.begin(0, quoted())
    assert facts(sale) == {
        "time": SECOND, "step": 0, "inventory": 40, "working": 0, "sold": 0, "cash": 0,
        "arrival_price": 102, "best_bid": 100, "best_ask": 104, "result": 0,
    }  # fmt: skip
    expected = [1, 1, 0, 0, 0, min(1, 4 / 1.02), 0, 50 / 90, 20 / 60, 0]
    assert sale.observations[0].tolist() == pytest.approx(expected)
    sale.step(rows((0.3, -0.1)), ONE)  # 12 at market: 10 at 100, 2 at 99
    assert sale.rewards.tolist() == [-(10 * 2 + 2 * 3)]
    assert facts(sale)["cash"] == 1_198
    assert facts(sale)["best_bid"] == 99
    sale.step(rows((0.5, 0.45)), ONE)  # 14 of 28 at 99 + 4
    assert (facts(sale)["working"], facts(sale)["best_ask"], sale.rewards[0]) == (14, 103, 0)
    expected = [28 / 40, 3 / 5, 14 / 40, -1 / 10.2, -0.5 / 1.02, 1, -6 / 22, 38 / 78, 34 / 74, 0]
    assert sale.observations[0].tolist() == pytest.approx(expected)
    sale.step(rows((0.0, 0.0)), ONE)
    assert (facts(sale)["working"], facts(sale)["best_ask"]) == (0, 104)
    assert not sale.terminated[0]
    sale.step(rows((1.0, -1.0)), ONE)  # 8 at 99, 20 at 97
    assert sale.rewards.tolist() == [-(8 * 3 + 20 * 5)]
    assert sale.terminated[0]
    assert not sale.truncated[0]
    assert facts(sale)["result"] == facts(sale)["cash"] - 40 * 102


def test_at_the_end_the_rest_is_sold_and_what_nobody_buys_is_worth_nothing():
    sale = sales(lots=70, steps=2)
    sale.begin(0, quoted())
    sale.step(rows((1.0, 1.0)), ONE)  # waits at 110
    assert facts(sale)["working"] == 70
    sale.step(rows((1.0, 1.0)), ONE)
    assert (sale.terminated[0], sale.truncated[0]) == (False, True)
    assert facts(sale)["cash"] == 10 * 100 + 10 * 99 + 30 * 97
    assert (facts(sale)["inventory"], facts(sale)["working"]) == (20, 0)
    assert sale.rewards[0] == facts(sale)["cash"] - 70 * 102 == facts(sale)["result"]
    assert facts(sale)["time"] == SECOND + 2 * (SECOND // 10)
    with pytest.raises(RuntimeError, match="sale 0 is over"):
        sale.step(rows((0.0, 0.0)), ONE)


def test_a_run_that_others_moved_is_refused():
    sale = sales()
    seller = quoted()
    sale.begin(0, seller)
    seller.simulation.run(until=SECOND + 1)
    with pytest.raises(RuntimeError, match="the run of sale 0 is at 1000000001 ns, not at 1000000"):
        sale.step(rows((1, -1)), ONE)
    assert (seller.inventory, seller.simulation.now) == (40, SECOND + 1)


# ---------------------------------------------------------------------------- a keeper's sale


def test_a_keepers_steps_to_the_unit():
    sale = sales(keeper=True, discount_start=10_000, discount_end=50_000)
    sale.begin(0, quoted())
    assert sale.names == KEEPER_FACTS
    assert (facts(sale)["on_offer"], facts(sale)["inventory"]) == (40, 0)
    assert facts(sale)["offer_price"] == 101  # 102 less 1 %, rounded up
    sale.step(rows((0.25, 0.5, -1.0)), ONE)  # takes 10 for 1,009.8, sells 5 at 100
    assert (facts(sale)["paid"], facts(sale)["cash"]) == (1_010, 500 - 1_010)
    assert sale.rewards.tolist() == [500 - 1_010 + 5 * 102]
    assert (facts(sale)["taken"], facts(sale)["on_offer"], facts(sale)["sold"]) == (10, 30, 5)
    assert sale.observations[0, 10:].tolist() == pytest.approx([30 / 40, 20_000 / 50_000])
    sale.step(rows((0.0, 1.0, -1.0)), ONE)
    assert not sale.terminated[0], "there is something on offer"
    sale.step(rows((1.0, 1.0, -1.0)), ONE)
    assert sale.terminated[0]
    assert facts(sale)["result"] == facts(sale)["cash"]


def test_rivals_take_what_is_left_once_the_discount_suits_them():
    seen = set()
    for seed in range(40):
        sale = sales(keeper=True, discount_end=40_000, rivals=True, steps=5)
        sale.begin(0, flowing(seed))
        while facts(sale)["taken_by_rivals"] == 0:
            sale.step(rows((0.0, 0.0, 0.0)), ONE)
        seen.add(facts(sale)["step"])
        assert sale.terminated[0]
        assert facts(sale)["result"] == 0
    assert seen == {2, 3, 4, 5}, "drawn from above 0 to the whole discount"


def test_without_rivals_it_stays_on_offer():
    sale = sales(keeper=True, discount_end=40_000)
    sale.begin(0, flowing(1))
    for _ in range(5):
        sale.step(rows((0.0, 0.0, 0.0)), ONE)
    assert sale.truncated[0]
    assert facts(sale)["on_offer"] == 40


# ---------------------------------------------------------------------------- side by side


@pytest.mark.parametrize("keeper", [False, True])
def test_nothing_is_lost_and_the_tape_says_the_same(keeper):
    draws = np.random.default_rng(5)
    lots = 300
    for seed in range(8):
        seller = flowing(seed)
        sale = sales(
            lots=lots, steps=20, keeper=keeper, discount_end=50_000 * keeper, rivals=keeper
        )
        sale.begin(0, seller)
        brought = 0
        while not (sale.terminated[0] or sale.truncated[0]):
            shares = draws.random(1 + keeper) * 0.4
            sale.step(rows((*shares, draws.uniform(-1, 1))), ONE)
            brought += int(sale.rewards[0])
            now = facts(sale)
            events = seller.simulation.events
            mine = events[events["kind"] == lob.EventKind.TRADE]
            mine = mine[(mine["owner"] == seller.owner) | (mine["resting_owner"] == seller.owner)]
            assert now["sold"] == mine["size"].sum()
            received = (mine["size"] * mine["price"]).sum()
            assert now["cash"] == received - now.get("paid", 0)
            if keeper:
                assert now["on_offer"] + now["taken"] + now["taken_by_rivals"] == lots
                assert now["taken"] == now["inventory"] + now["sold"]
            else:
                assert now["inventory"] + now["sold"] == lots
            resting = seller.simulation.books[0].orders()
            assert now["working"] == resting[resting["owner"] == seller.owner]["size"].sum()
            assert now["result"] == brought
            assert np.all(np.abs(sale.observations) <= 1)
        assert brought == now["cash"] - (0 if keeper else lots * now["arrival_price"])


def test_a_row_does_not_depend_on_its_neighbours():
    many = sales(6, lots=300, steps=12)
    for index in range(6):
        many.begin(index, flowing(index, events=False, messages=False))
    alone = sales(lots=300, steps=12)
    kept = flowing(4)
    alone.begin(0, kept)
    draws = np.random.default_rng(1)
    for _ in range(12):
        actions = rows(*(draws.random(2) * 0.3 for _ in range(6)))
        active = ~(many.terminated | many.truncated)
        many.step(actions, active)
        alone.step(actions[4:5].copy(), ONE)
        assert many.observations[4].tobytes() == alone.observations[0].tobytes()
        assert many.facts[4].tolist() == alone.facts[0].tolist()
    assert len(kept.simulation.events) == kept.simulation.event_count, "what is kept stays"


def test_a_wrong_row_moves_nobody():
    many = sales(2)
    for index in range(2):
        many.begin(index, quoted())
    before = many.facts.copy()
    both = np.ones(2, np.bool_)
    for wrong in ((np.nan, 0), (1.01, 0), (-0.01, 0), (0.5, -1.01), (0.5, np.inf), (0.5, np.nan)):
        with pytest.raises(ValueError, match="actions must be a share of 0 to 1 and a patience"):
            many.step(rows((1, -1), wrong), both)
    with pytest.raises(ValueError, match=r"actions must have the shape \(2, 2\), got \(1, 2\)"):
        many.step(rows((1, -1)), both)
    assert (many.facts == before).all()
    many.step(rows((1, -1), (np.nan, 0)), np.array([True, False]))
    assert many.facts[0, 1] == 1
    assert many.facts[1, 1] == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"count": 0}, "count must be"),
        ({"lots": 0}, "lots must be 1 to 2097152, got 0"),
        ({"lots": MAX_LOTS + 1}, "lots must be 1 to 2097152, got 2097153"),
        ({"step_ns": 0}, "step_ns must be"),
        ({"steps": 0}, "steps must be"),
        ({"steps": 2.5}, "steps must be an integer, got 2.5"),
        ({"reach": 0}, "reach must be"),
        ({"discount_end": 1_000_000}, "discount_end must be 0 to 999999, got 1000000"),
        ({"discount_start": 5, "discount_end": 4}, "discount_start must be 0 to 4, got 5"),
        ({"keeper": 2}, "keeper"),
    ],
)
def test_sales_of_nonsense_are_refused(changes, says):
    with pytest.raises((TypeError, ValueError), match=says):
        sales(**changes)


def test_a_sale_needs_a_market_and_a_new_seller():
    sale = sales()
    with pytest.raises(RuntimeError, match="has not begun"):
        sale.step(rows((0, 0)), ONE)
    with pytest.raises(ValueError, match="index must be 0 to 0, got 1"):
        sale.begin(1, quoted())
    with pytest.raises(ValueError, match="seller must take part in a run"):
        sale.begin(0, SteeredSeller("sale"))
    with pytest.raises(ValueError, match="seller must be a new one, got one of 5 lots"):
        sale.begin(0, quoted(inventory=5))
    empty = agents.Simulation()
    with pytest.raises(ValueError, match="must have a best bid and a best ask"):
        sale.begin(0, empty.add(SteeredSeller("sale")))
    late = quoted()
    late.simulation.run(until=lob.types.MAX_TIME - 1)
    with pytest.raises(ValueError, match="steps must end before"):
        sale.begin(0, late)
    assert len(ENGINE_FACTS) == 10
