"""The runner of matching cases fails where it must."""

import copy
import re

import pytest

from tests.conformance.matching_runner import EXPECTATIONS, CaseError, run_case

CASE = {
    "name": "made up",
    "source": {"repo": "none"},
    "replace_rule": "cancel+reinsert",
    "steps": [
        {
            "op": "limit",
            "id": 1,
            "side": "sell",
            "price": 100,
            "qty": 10,
            "tif": "GTC",
            "expect": {
                "trades": [],
                "accepted": True,
                "cancelled_remainder": 0,
                "leaves_qty": 10,
                "state": "accepted",
                "order_fields": {"side": "sell", "price": 100, "qty": 10},
                "stop_count_buy_sell": [0, 0],
                "stop_volume_buy_sell": [0, 0],
            },
        },
        {"op": "limit", "id": 2, "side": "sell", "price": 101, "qty": 5, "expect": {}},
        {
            "op": "limit",
            "id": 3,
            "side": "buy",
            "price": 101,
            "qty": 12,
            "tif": "IOC",
            "expect": {
                "trades": [
                    {"maker": 1, "taker": 3, "price": 100, "qty": 10},
                    {"maker": 2, "taker": 3, "price": 101, "qty": 2},
                ],
                "matched": True,
                "matched_qty": 12,
                "complete": True,
                "fills": [
                    {"id": 1, "qty": 10, "notional": 1000},
                    {"id": 3, "qty": 12, "notional": 1202},
                ],
                "depth": [
                    {"side": "ask", "price": 101, "orders": 1, "qty": 3},
                    {"side": "ask", "price": 0, "orders": 0, "qty": 0},
                    {"side": "bid", "price": 0, "orders": 0, "qty": 0},
                ],
                "order_count_bid_ask": [0, 1],
                "volume_bid_ask": [0, 3],
                "visible_volume_bid_ask": [0, 3],
                "state": "complete",
            },
        },
        {"op": "cancel", "id": 1, "expect": {"accepted": False, "state": "complete"}},
        {"op": "limit", "id": 4, "side": "sell", "price": 101, "qty": 7, "tif": "GTC"},
    ],
    "final_book": {"bids": [], "asks": [{"price": 101, "qty": 10, "orders": [[2, 3], [4, 7]]}]},
}
BUY = {"op": "limit", "side": "buy", "price": 99, "qty": 10, "tif": "GTC"}


def play(engine, *steps, rule="cancel+reinsert", **case):
    run_case({"name": "x", "replace_rule": rule, "steps": list(steps), **case}, engine)


def test_the_made_up_case_holds_and_lists_every_expectation(engine):
    run_case(CASE, engine)
    listed = {name for step in CASE["steps"] for name in step.get("expect", {})}
    assert listed == set(EXPECTATIONS)


def spoil(value):
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        others = {"sell": "buy", "buy": "sell", "ask": "bid", "bid": "ask"}
        return others.get(value, "cancelled" if value != "cancelled" else "accepted")
    raise TypeError(value)


def leaves_of(value, path=()):
    """The path of every number, word and truth value in ``value``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves_of(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from leaves_of(inner, (*path, at))
    else:
        yield path


EXPECTED = [
    ("steps", at, "expect", *path)
    for at, step in enumerate(CASE["steps"])
    for path in leaves_of(step.get("expect", {}))
    # Both sides are padded, so of a padding row only the size 0 means something.
    if not (path[0] == "depth" and path[1] > 0 and path[2] != "qty")
] + [("final_book", *path) for path in leaves_of(CASE["final_book"])]


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: ".".join(map(str, path)))
def test_every_wrong_expectation_fails(engine, path):
    case = copy.deepcopy(CASE)
    *way, last = path
    inner = case
    for key in way:
        inner = inner[key]
    inner[last] = spoil(inner[last])
    with pytest.raises(CaseError, match=r"made up, (step|final)"):
        run_case(case, engine)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("trades", []),
        ("trades", CASE["steps"][2]["expect"]["trades"][:1]),
        ("trades", CASE["steps"][2]["expect"]["trades"][::-1]),
        ("depth", [{"side": "bid", "price": 99, "orders": 1, "qty": 1}]),
        ("depth", [{"side": "ask", "price": 0, "orders": 0, "qty": 0}]),
    ],
)
def test_rows_missing_or_in_excess_fail(engine, name, wanted):
    case = copy.deepcopy(CASE)
    case["steps"][2]["expect"][name] = wanted
    with pytest.raises(CaseError, match="step 2"):
        run_case(case, engine)


def test_depth_asserts_only_the_rows_listed(engine):
    play(
        engine,
        BUY | {"id": 1},
        BUY
        | {
            "id": 2,
            "price": 98,
            "expect": {"depth": [{"side": "bid", "price": 99, "orders": 1, "qty": 10}]},
        },
    )


@pytest.mark.parametrize(
    "final_book",
    [
        {"bids": [], "asks": []},
        {"bids": [], "asks": [{"price": 101, "qty": 10, "orders": [[4, 7], [2, 3]]}]},
        {"bids": [{"price": 1, "qty": 1, "orders": [[1, 1]]}], "asks": CASE["final_book"]["asks"]},
    ],
)
def test_another_final_book_fails(engine, final_book):
    with pytest.raises(CaseError, match="final_book"):
        run_case(CASE | {"final_book": final_book}, engine)


@pytest.mark.parametrize("op", ["stop", "stop_limit", "trailing_stop", "trailing_stop_limit"])
def test_ops_to_come_fail(engine, op):
    with pytest.raises(CaseError, match=f"op '{op}' is not supported yet"):
        play(engine, BUY | {"id": 1, "op": op, "stop": 5})


@pytest.mark.parametrize("key", ["stop", "trail", "trail_step", "slippage", "display_qty"])
def test_properties_to_come_fail(engine, key):
    with pytest.raises(CaseError, match=f"'{key}' of a step is not supported yet"):
        play(engine, BUY | {"id": 1, key: 5})


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ({"tif": "AON"}, "tif 'AON' is not supported yet"),
        ({"tif": "DAY"}, "tif 'DAY' is unknown"),
        ({"op": "bust"}, "op 'bust' is unknown"),
        ({"op": None}, "op None is unknown"),
        ({"side": "long"}, "side 'long' is unknown"),
        ({"colour": "red"}, "'colour' is unknown"),
        ({"qty_delta": 1}, "'qty_delta' is unknown"),
        ({"qty": None}, "limit step without 'qty'"),
        ({"qty": 0}, "size must be"),
        ({"price": 1.5}, "price must be an integer"),
        ({"expect": {"mood": "good"}}, "expectation 'mood' is unknown"),
        ({"expect": {"state": "asleep"}}, "state 'asleep' is unknown"),
        ({"expect": {"order_fields": {"colour": 1}}}, "'colour' is unknown"),
        ({"expect": {"order_fields": {"id": 9}}}, "order 9 does not rest"),
        ({"expect": {"trades": [{"maker": 1, "fee": 2}]}}, "'fee' is unknown"),
        ({"expect": {"fills": [{"id": 1, "fee": 2}]}}, "'fee' is unknown"),
        ({"expect": {"depth": [{"side": "bid", "qty": 10, "fee": 1}]}}, "'fee' is unknown"),
        ({"expect": {"stop_count_buy_sell": [1, 0]}}, "stop_count_buy_sell"),
    ],
)
def test_what_the_runner_does_not_know_fails(engine, step, why):
    with pytest.raises(CaseError, match=re.escape(why)):
        play(engine, BUY | {"id": 1} | step)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"mood": 1}, "'mood' is unknown"),
        ({"final_book": {"bids": [], "mids": []}}, "'mids' is unknown"),
        ({"final_book": {"bids": [{"price": 99, "fee": 1, "orders": []}]}}, "'fee' is unknown"),
    ],
)
def test_keys_of_a_case_that_are_unknown_fail(engine, more, why):
    with pytest.raises(CaseError, match=why):
        play(engine, BUY | {"id": 1}, **more)


def test_a_case_without_steps_fails(engine):
    with pytest.raises(CaseError, match="without steps"):
        run_case({"name": "x"}, engine)


# ---------------------------------------------------------------- what steps mean


@pytest.mark.parametrize(("rule", "first"), [("cancel+reinsert", 2), ("keeps priority", 1)])
def test_the_replace_rule_decides_whether_a_decrease_keeps_its_place(engine, rule, first):
    play(
        engine,
        BUY | {"id": 1},
        BUY | {"id": 2},
        {"op": "replace", "id": 1, "side": "buy", "price": 99, "qty": 4},
        {
            "op": "market",
            "id": 3,
            "side": "sell",
            "qty": 1,
            "expect": {"trades": [{"maker": first, "taker": 3, "price": 99, "qty": 1}]},
        },
        rule=rule,
    )


def test_replace_may_turn_an_order_around(engine):
    play(
        engine,
        BUY | {"id": 1},
        {"op": "replace", "id": 1, "side": "sell", "price": 99, "qty": 4},
        final_book={"bids": [], "asks": [{"price": 99, "qty": 4, "orders": [[1, 4]]}]},
    )


@pytest.mark.parametrize(
    ("delta", "price", "queue"),
    [
        (-4, None, [[1, 6], [2, 10]]),
        (4, None, [[2, 10], [1, 14]]),
        (0, 99, [[1, 10], [2, 10]]),
        (-10, None, [[2, 10]]),
        (-99, None, [[2, 10]]),
    ],
)
def test_amend_keeps_the_place_unless_it_increases(engine, delta, price, queue):
    state = "accepted" if len(queue) == 2 else "cancelled"
    play(
        engine,
        BUY | {"id": 1},
        BUY | {"id": 2},
        {
            "op": "amend",
            "id": 1,
            "qty_delta": delta,
            "new_price": price,
            "expect": {"state": state},
        },
        final_book={
            "bids": [{"price": 99, "qty": sum(size for _, size in queue), "orders": queue}],
            "asks": [],
        },
    )


def test_amend_of_an_unknown_order_is_not_accepted(engine):
    play(engine, {"op": "amend", "id": 7, "qty_delta": 3, "expect": {"accepted": False}})


def test_a_killed_order_counts_as_cancelled(engine):
    killed = {"accepted": False, "cancelled_remainder": 10, "state": "cancelled", "trades": []}
    play(engine, BUY | {"id": 1, "tif": "FOK", "expect": killed})


def test_every_instrument_has_its_own_book(engine):
    whole = [{"price": 99, "qty": 10, "orders": [[1, 10]]}]
    steps = (
        BUY | {"id": 1, "instrument": "A"},
        BUY | {"id": 1, "instrument": "B", "expect": {"accepted": True}},
        {"op": "market", "id": 2, "side": "sell", "qty": 10, "instrument": "A"},
        {"op": "cancel", "id": 1, "instrument": "A", "expect": {"state": "complete"}},
    )
    empty = {"bids": [], "asks": []}
    play(engine, *steps, final_book={"A": empty, "B": {"bids": whole, "asks": []}})
    for wrong in ({"A": empty, "B": empty}, {"A": empty}, empty):
        with pytest.raises(CaseError, match="final_book"):
            play(engine, *steps, final_book=wrong)
