"""What an offer is worth, against every size and every price tried out."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.keepers.valuation import Costs, gain, limit_at, limit_of, worth_taking
from lob import Side
from tests.examples import examples


@st.composite
def cases(draw, rates=True):
    side = draw(st.sampled_from([Side.BUY, Side.SELL]))
    prices = draw(st.lists(st.integers(1, 60), min_size=1, max_size=5, unique=True))
    prices = sorted(prices, reverse=side == Side.BUY)
    levels = [(price, draw(st.integers(1, 5))) for price in prices]
    size = draw(st.integers(1, 20))
    rate = st.integers(0, 200_000) if rates else st.just(0)
    costs = Costs(
        hurdle=draw(rate),
        fee=draw(rate),
        gas=draw(st.integers(0, 200)),
        multiplier=draw(st.sampled_from([1, 7, 10_000])),
        inverse=draw(st.booleans()) if rates else False,
    )
    return {
        "side": side,
        "levels": levels,
        "size": size,
        "least": draw(st.integers(1, 25)),
        "most": draw(st.integers(0, 25)),
        "costs": costs,
        "reward": draw(st.integers(0, 100)),
    }


def allowed(case):
    """Every size that may be taken and can be traded on."""
    top = min(case["size"], case["most"], sum(size for _, size in case["levels"]))
    return [n for n in range(1, top + 1) if n >= case["least"] or n == case["size"]]


def gains(case, price):
    return {
        lots: gain(
            case["side"], price, case["levels"], lots, case["costs"],
            case["reward"] if lots == case["size"] else 0,
        )
        for lots in allowed(case)
    }  # fmt: skip


def found(case, price):
    rest = {key: value for key, value in case.items() if key not in ("side", "levels")}
    return worth_taking(case["side"], price, case["levels"], **rest)


@settings(max_examples=examples(400), deadline=None)
@given(cases(), st.integers(1, 70))
def test_no_size_is_better_than_the_one_chosen(case, price):
    tried = gains(case, price)
    best = max(tried.values(), default=-1)
    chosen = found(case, price)
    if chosen.lots:
        assert chosen.lots in tried
        assert chosen.gain == tried[chosen.lots] >= 0
    # Each level's own rounding of fee and hurdle: at most a unit of a level and of either rate.
    assert best <= max(chosen.gain, 0) + 2 * (1 + len(case["levels"])) * case["costs"].multiplier


@settings(max_examples=examples(400), deadline=None)
@given(cases(rates=False), st.integers(1, 70))
def test_without_rates_it_is_exact(case, price):
    tried = gains(case, price)
    best = max(tried.values(), default=-1)
    chosen = found(case, price)
    assert chosen.gain == max(best, 0)
    assert bool(chosen.lots) == (best >= 0)


ROUNDED = {
    # Coin is rounded level by level: 12 lots break even at 2, 13 do not, though each pays.
    "side": Side.BUY,
    "levels": [(6, 1), (5, 4), (4, 4), (3, 3), (2, 1)],
    "size": 13,
    "least": 1,
    "most": 13,
    "costs": Costs(gas=2, inverse=True),
    "reward": 0,
}


@settings(max_examples=examples(400), deadline=None)
@example(ROUNDED)
@given(cases())
def test_at_the_limit_something_is_worth_taking(case):
    rest = {key: value for key, value in case.items() if key not in ("side", "levels")}
    limit = limit_of(case["side"], case["levels"], **rest)
    if limit is not None:
        assert found(case, limit).lots


@settings(max_examples=examples(400), deadline=None)
@given(cases(rates=False))
def test_a_tick_beyond_the_limit_nothing_is(case):
    rest = {key: value for key, value in case.items() if key not in ("side", "levels")}
    limit = limit_of(case["side"], case["levels"], **rest)
    beyond = {None: 1 if case["side"] == Side.BUY else 10**6}.get(limit)
    price = limit + case["side"] if limit is not None else beyond
    if price >= 1:
        assert all(value < 0 for value in gains(case, price).values())


TOO_MANY = {
    # The second lot finds no level, and what is got for both rounds to nothing: no reason to take.
    "side": Side.BUY,
    "levels": [(1, 1)],
    "size": 2,
    "least": 1,
    "most": 2,
    "costs": Costs(inverse=True),
    "reward": 0,
}


@settings(max_examples=examples(400), deadline=None)
@example(TOO_MANY, 3)
@given(cases(), st.integers(1, 10**9))
def test_no_price_beyond_that_of_the_best_level_is_worth_a_look(case, price):
    case["costs"] = case["costs"]._replace(gas=0)
    case["reward"] = 0
    limit = limit_at(case["side"], case["levels"][0][0], case["costs"])
    if limit is None or case["side"] * (limit - price) < 0:
        assert not found(case, price).lots
